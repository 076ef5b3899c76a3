//! Calls that go by way of the library of tasks: those of async functions, and those of functions that
//! can come to wait.
//!
//! `CanonicalABI.md`, "canon lift", "canon lower" and "canon task.return". The library decides when a call
//! may begin and when its caller goes on; what is written here moves the values, whose types it does
//! not know.

use anyhow::{Result, bail};
use wasm_encoder::{BlockType, Function, MemArg, MemArgTarget, ValType};

use super::encoder::{BEFORE, Fused, Place, Side, flat};
use crate::abi::{FuncType, MAX_FLAT_ASYNC_PARAMS, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Type};
use crate::glue::callee::check_may_leave;
use crate::maps::shared::Party;
use crate::maps::{Glue, Maps};
use crate::memory::access::{Access, Quantity};
use crate::plan::Plan;
use crate::plan::exports::lifted_params;
use crate::plan::tasks::{Site, TaskPlan};
use crate::resolve::{
    AsyncBuiltin, CanonId, CanonKind, CanonOptions, ComponentFunc, ComponentInstanceId, EndType,
    Lift, LiftId,
};

/// How a call is made, in bits.
pub const ASYNC_LOWER: i32 = 1;
const ASYNC_TYPE: i32 = 2;
const CALLBACK: i32 = 4;
const STACKFUL: i32 = 8;
const BY_HOST: i32 = 16;
pub const OF_HOST: i32 = 128;

/// The state of a call that has returned at once: it has no handle.
pub const RETURNED: i32 = 2;

/// Where the pointer to the place for a result is among the arguments that are kept.
pub const RESULT_SLOT: u32 = MAX_FLAT_ASYNC_PARAMS as u32 * 8;

pub fn field(offset: u32, align: u32) -> MemArg {
    MemArg {
        offset: offset.into(),
        align,
        target: MemArgTarget::Memory(0),
        ordering: None,
    }
}

/// The numbers of what takes part in tasks.
pub fn numbers<'p>(plan: &'p Plan<'_, '_>) -> &'p TaskPlan {
    let tasks = plan.fusion.tasks.as_ref();
    tasks.expect("only a program with tasks has calls by way of their library")
}

/// Encodes a lowered function of another guest.
///
/// # Errors
///
/// Names what the component lacks, such as a `realloc` option.
pub fn call(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, id: CanonId) -> Result<Function> {
    let canon = &plan.program.canons[id.0 as usize];
    let (lift_id, lift, options) = lowered(plan, id);
    let ty = &lift.ty;
    let mut fused = Fused::new(glue, plan, maps, canon.ty.params());
    check_may_leave(plan, maps, &mut fused.code, canon.instance);
    let site = Site::Lower(id);
    let task = fused.begin_call(site, lift_id, Some(canon.instance), options.is_async);
    let switches = plan.switches();
    let result = flat(ty.result.as_ref());
    if options.is_async {
        let place = (!result.is_empty()).then(|| canon.ty.params().len() as u32 - 1);
        fused.keep_arguments("args", place, task);
        fused.sink().local_get(task);
        if switches {
            fused.of_tasks("launch");
        } else {
            fused.of_tasks("enter");
            fused.sink().if_(BlockType::Empty).local_get(task);
            let start = glue.task_starts[&site] + maps.first_glue;
            fused.sink().call(start).end();
        }
        fused.sink().local_get(task);
        fused.of_tasks("finish_async");
        return Ok(fused.finish());
    }
    if plan.is_started_later(site) {
        let in_memory = result.len() > MAX_FLAT_RESULTS;
        let place = in_memory.then(|| canon.ty.params().len() as u32 - 1);
        fused.keep_arguments("room", place, task);
        fused.sink().local_get(task);
        fused.of_tasks("launch_blocking");
    } else {
        let caller = fused.guest(options, canon.instance);
        fused.sink().local_get(task);
        fused.of_tasks("enter_blocking");
        let (next, source) = fused.parameters(&ty.params, &caller)?;
        if result.len() > MAX_FLAT_RESULTS {
            fused.keep_place(next, task);
        }
        fused.run(site, lift, &caller, &source, task)?;
    }
    let kept = (result.len() == 1).then(|| result[0]);
    let given = fused.finish_call(task, kept, "finish_sync");
    if let Some(given) = given {
        fused.sink().local_get(given);
    }
    Ok(fused.finish())
}

/// Encodes what begins a call of a guest whose arguments were kept: `(task)`.
///
/// # Errors
///
/// Names what the component lacks, such as a `realloc` option.
pub fn start(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, site: Site) -> Result<Function> {
    let task = 0;
    let mut fused = Fused::new(glue, plan, maps, &[wasmparser::ValType::I32]);
    // What is lent is lent until the call is resolved, and not for the time of this function.
    fused.lists += 1;
    let (lift, caller, is_async) = match site {
        Site::Lower(id) => {
            let (_, lift, options) = lowered(plan, id);
            let instance = plan.program.canons[id.0 as usize].instance;
            (lift, fused.guest(options, instance), options.is_async)
        }
        Site::Export(id) => (&plan.program.lifts[id.0 as usize], fused.host(), false),
        Site::Host(_) => unreachable!("it has no lifted function"),
    };
    let (place, most) = match is_async {
        true => ("args", MAX_FLAT_ASYNC_PARAMS),
        false => ("room", MAX_FLAT_PARAMS),
    };
    let source = fused.kept_arguments(&lift.ty.params, &caller, (place, most), task)?;
    fused.run(site, lift, &caller, &source, task)?;
    Ok(fused.finish())
}

/// Encodes an export of the output for a lifted function, for a host that waits for the result.
///
/// # Errors
///
/// Names what the component lacks, such as a `realloc` option.
pub fn export(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    id: LiftId,
    initialised: bool,
) -> Result<Function> {
    let lift = &plan.program.lifts[id.0 as usize];
    let mut fused = Fused::exported(glue, plan, maps, &lifted_params(plan, id), initialised);
    let host = fused.host();
    let site = Site::Export(id);
    let task = fused.begin_call(site, id, None, false);
    let finish = match plan.switches() {
        true => {
            fused.keep_arguments("room", None, task);
            fused.sink().local_get(task);
            fused.of_tasks("launch_host");
            "finish_host"
        }
        false => {
            fused.sink().local_get(task);
            fused.of_tasks("enter_blocking");
            let (_, source) = fused.parameters(&lift.ty.params, &host)?;
            fused.run(site, lift, &host, &source, task)?;
            "finish_sync"
        }
    };
    let result = flat(lift.ty.result.as_ref());
    let kept = match result.len() {
        0 => None,
        1 => Some(result[0]),
        _ => Some(ValType::I32),
    };
    match fused.finish_call(task, kept, finish) {
        Some(given) if result.len() > MAX_FLAT_RESULTS => fused.give_pointer(&host, given)?,
        Some(given) => {
            fused.sink().local_get(given);
        }
        None => {}
    }
    Ok(fused.finish())
}

/// Encodes `_start` of a program whose `run` goes by way of the library; leaves whether it failed.
pub fn run(fused: &mut Fused<'_, '_, '_>, id: LiftId) -> Result<()> {
    let lift = &fused.plan.program.lifts[id.0 as usize];
    let host = fused.host();
    let site = Site::Export(id);
    let task = fused.begin_call(site, id, None, false);
    fused.sink().local_get(task);
    let finish = match fused.plan.switches() {
        true => {
            fused.of_tasks("launch_host");
            "finish_host"
        }
        false => {
            fused.of_tasks("enter_blocking");
            fused.run(site, lift, &host, &Place::Flat(Vec::new()), task)?;
            "finish_sync"
        }
    };
    if let Some(failed) = fused.finish_call(task, Some(ValType::I32), finish) {
        fused.sink().local_get(failed);
    }
    Ok(())
}

/// Encodes `task.return`.
///
/// # Errors
///
/// Names what the component lacks, such as a `realloc` option.
pub fn task_return(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    id: CanonId,
    (result, options): (Option<&Type>, &CanonOptions),
) -> Result<Function> {
    let canon = &plan.program.canons[id.0 as usize];
    let tasks = numbers(plan);
    let mut fused = Fused::new(glue, plan, maps, canon.ty.params());
    check_may_leave(plan, maps, &mut fused.code, canon.instance);
    let task = fused.local(ValType::I32);
    fused
        .sink()
        .i32_const(tasks.instance(canon.instance))
        .i32_const(0);
    fused.of_tasks("returning");
    fused.sink().local_set(task);
    let site = fused.local(ValType::I32);
    fused.sink().local_get(task);
    fused.of_tasks("site");
    fused.sink().local_set(site).block(BlockType::Empty);
    let callee = fused.guest(options, canon.instance);
    let source = match result {
        Some(ty) => Some(fused.parameters(ty, &callee)?.1),
        None => None,
    };
    for (at, of) in tasks.sites.iter().zip(0i32..) {
        let (lift, caller) = match at {
            Site::Lower(id) => {
                let (_, lift, options) = lowered(plan, *id);
                let instance = plan.program.canons[id.0 as usize].instance;
                (lift, fused.guest(options, instance))
            }
            Site::Export(id) => (&plan.program.lifts[id.0 as usize], fused.host()),
            Site::Host(_) => continue,
        };
        let same = lift.instance == canon.instance
            && lift.options.is_async
            && lift.ty.result.as_ref() == result
            && lift.options.encoding == options.encoding
            && (options.memory.is_none()
                || memory_of(plan, &lift.options) == memory_of(plan, options));
        if !same {
            continue;
        }
        match (source.clone(), result) {
            (Some(source), Some(ty)) => {
                fused
                    .sink()
                    .local_get(site)
                    .i32_const(of)
                    .i32_eq()
                    .if_(BlockType::Empty);
                fused.give_result(*at, ty, &callee, &source, &caller, task)?;
                fused.sink().br(1).end();
            }
            _ => {
                fused.sink().local_get(site).i32_const(of).i32_eq().br_if(0);
            }
        }
    }
    fused.sink().unreachable().end().local_get(task);
    fused.of_tasks("returned");
    Ok(fused.finish())
}

fn memory_of(
    plan: &Plan<'_, '_>,
    options: &CanonOptions,
) -> Option<(crate::resolve::InstanceId, u32)> {
    let (id, index) = options.memory?;
    Some(plan.program.memory(plan.input, id, index))
}

/// Encodes what moves elements from a writer to a reader: `(writer, reader, pointer, pointer, count)`.
///
/// # Errors
///
/// Names what the component lacks, such as a `realloc` option.
pub fn copy(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps) -> Result<Function> {
    let (writer, reader, source, target, count) = (0, 1, 2, 3, 4);
    let tasks = numbers(plan);
    let mut fused = Fused::new(glue, plan, maps, &[wasmparser::ValType::I32; 5]);
    for (&from, w) in tasks.ports.iter().zip(0i32..) {
        let Some((AsyncBuiltin::Write(end, from_options), from_instance)) = builtin(plan, from)
        else {
            continue;
        };
        let Some(element) = &end.element else {
            continue;
        };
        for (&to, r) in tasks.ports.iter().zip(0i32..) {
            let Some((AsyncBuiltin::Read(read, to_options), to_instance)) = builtin(plan, to)
            else {
                continue;
            };
            if read != end {
                continue;
            }
            let from = fused.guest(from_options, from_instance);
            let to = fused.guest(to_options, to_instance);
            fused
                .sink()
                .local_get(writer)
                .i32_const(w)
                .i32_eq()
                .local_get(reader)
                .i32_const(r)
                .i32_eq()
                .i32_and()
                .if_(BlockType::Empty);
            let bytes = fused.local(ValType::I32);
            fused
                .sink()
                .local_get(count)
                .i32_const(element.size() as i32)
                .i32_mul()
                .local_set(bytes);
            fused.copy_elements(element, (&from, source), (&to, target), bytes)?;
            fused.sink().return_().end();
        }
    }
    Ok(fused.finish())
}

/// Encodes what gives a string of a library, such as the name of a file, to a guest that reads: `(reader, place, bytes,
/// pointer)`. It lies so far into the state block, which moves when the guest allocates, and is valid UTF-8.
///
/// # Errors
///
/// Names what the component lacks.
pub fn text(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps) -> Result<Function> {
    let (reader, place, bytes, pointer) = (0, 1, 2, 3);
    let mut fused = Fused::new(glue, plan, maps, &[wasmparser::ValType::I32; 4]);
    let state = Side {
        party: Party::HOST,
        access: state_access(plan, maps),
        realloc: None,
        host: None,
    };
    for (&to, r) in numbers(plan).ports.iter().zip(0i32..) {
        let Some((AsyncBuiltin::Read(end, options), instance)) = builtin(plan, to) else {
            continue;
        };
        if !end.has_text() || options.realloc.is_none() {
            continue;
        }
        let side = fused.guest(options, instance);
        fused
            .sink()
            .local_get(reader)
            .i32_const(r)
            .i32_eq()
            .if_(BlockType::Empty);
        fused.give_text((&state, place, bytes), &side, &Place::at(pointer))?;
        fused.sink().return_().end();
    }
    fused.sink().unreachable();
    Ok(fused.finish())
}

/// The state block, as a library has it that sees all of the memory.
fn state_access(plan: &Plan<'_, '_>, maps: &Maps) -> Option<Access> {
    let base = match maps.globals.block {
        Some(global) => Quantity::Global(global),
        None => Quantity::Const(plan.memory.as_ref()?.block_base()),
    };
    Some(Access {
        memory: 0,
        base,
        bytes: Quantity::Const(u32::MAX),
        least: 0,
        checked: false,
        teller: None,
    })
}

/// A built-in of the async ABI, and its instance.
pub fn builtin<'p>(
    plan: &'p Plan<'_, '_>,
    id: CanonId,
) -> Option<(&'p AsyncBuiltin, ComponentInstanceId)> {
    let canon = &plan.program.canons[id.0 as usize];
    match &canon.kind {
        CanonKind::Async(builtin) => Some((builtin, canon.instance)),
        _ => None,
    }
}

/// The lifted function that a lowered one is, and the options of the latter.
fn lowered<'p>(plan: &'p Plan<'_, '_>, id: CanonId) -> (LiftId, &'p Lift, &'p CanonOptions) {
    let CanonKind::Lower {
        callee: ComponentFunc::Lift(lift),
        options,
    } = &plan.program.canons[id.0 as usize].kind
    else {
        unreachable!("only calls between guests begin tasks");
    };
    (*lift, &plan.program.lifts[lift.0 as usize], options)
}

/// The index of a function of the library.
pub fn function(plan: &Plan<'_, '_>, maps: &Maps, name: &str) -> u32 {
    let tasks = plan.program.tasks.as_ref();
    let def = tasks.expect("the library is linked").function(name);
    let target = plan.try_target(def).and_then(|to| maps.entry(to));
    target.expect("what is called of the library is live")
}

impl Fused<'_, '_, '_> {
    /// Calls a function of the library.
    pub fn of_tasks(&mut self, name: &str) {
        let func = function(self.plan, self.maps, name);
        self.sink().call(func);
    }

    /// A new call; the local has the task.
    fn begin_call(
        &mut self,
        site: Site,
        lift_id: LiftId,
        caller: Option<ComponentInstanceId>,
        is_async: bool,
    ) -> u32 {
        let plan = self.plan;
        let tasks = numbers(plan);
        let lift = &plan.program.lifts[lift_id.0 as usize];
        let mut mode = 0;
        for (holds, bit) in [
            (is_async, ASYNC_LOWER),
            (lift.is_async, ASYNC_TYPE),
            (lift.options.callback.is_some(), CALLBACK),
            (
                lift.options.is_async && lift.options.callback.is_none(),
                STACKFUL,
            ),
            (caller.is_none(), BY_HOST),
        ] {
            mode |= if holds { bit } else { 0 };
        }
        let task = self.local(ValType::I32);
        self.sink()
            .i32_const(tasks.site(site).unwrap_or(-1))
            .i32_const(tasks.lift(lift_id))
            .i32_const(caller.map_or(-1, |caller| tasks.instance(caller)))
            .i32_const(tasks.instance(lift.instance))
            .i32_const(mode);
        self.of_tasks("begin");
        self.sink().local_set(task);
        task
    }

    /// Keeps the parameters of a function until the call begins, where the library says; that with the number
    /// `place` is where the result goes.
    pub fn keep_arguments(&mut self, room: &str, place: Option<u32>, task: u32) {
        let count = self.params.len() as u32;
        if count > u32::from(place.is_some()) {
            let address = self.local(ValType::I32);
            self.sink().local_get(task);
            self.of_tasks(room);
            self.sink().local_set(address);
            for at in (0..count).filter(|at| Some(*at) != place) {
                self.sink().local_get(address).local_get(at);
                self.store_flat(self.local_type(at), at * 8);
            }
        }
        if let Some(place) = place {
            self.keep_place(place, task);
        }
    }

    /// The parameters of a call that were kept at a place of the library: at most so many are flat.
    pub fn kept_arguments(
        &mut self,
        params: &Type,
        caller: &Side,
        (place, most): (&str, usize),
        task: u32,
    ) -> Result<Place> {
        let given = flat(Some(params));
        let in_memory = given.len() > most;
        let kept = if in_memory { vec![ValType::I32] } else { given };
        let address = self.local(ValType::I32);
        self.sink().local_get(task);
        self.of_tasks(place);
        self.sink().local_set(address);
        let locals: Vec<u32> = kept
            .iter()
            .zip(0..)
            .map(|(ty, at)| {
                let local = self.local(*ty);
                self.sink().local_get(address);
                self.load_flat(*ty, at * 8);
                self.sink().local_set(local);
                local
            })
            .collect();
        Ok(match in_memory {
            true => {
                self.check_pointer(caller, locals[0], params)?;
                Place::at(locals[0])
            }
            false => Place::Flat(locals),
        })
    }

    /// Keeps where the result of a call goes: a local has it.
    fn keep_place(&mut self, place: u32, task: u32) {
        self.sink().local_get(task);
        self.of_tasks("args");
        self.sink()
            .local_get(place)
            .i32_store(field(RESULT_SLOT, 2));
    }

    /// Passes the parameters, calls the core function, and says to the library what came of it.
    fn run(
        &mut self,
        site: Site,
        lift: &Lift,
        caller: &Side,
        source: &Place,
        task: u32,
    ) -> Result<()> {
        let ty: &FuncType = &lift.ty;
        let callee = self.guest(&lift.options, lift.instance);
        let by_host = matches!(site, Site::Export(_));
        self.task = Some(task);
        self.pass(&ty.params, caller, source, &callee)?;
        self.task = None;
        if let Some((_, last)) = self.loans.take() {
            self.sink().local_get(task).local_get(last);
            self.of_tasks("set_loans");
        }
        if by_host {
            self.empty_arena(None);
        }
        let func = self.core(lift.func);
        self.sink().call(func);
        if lift.options.is_async {
            let code = self.local(ValType::I32);
            if lift.options.callback.is_some() {
                self.sink().local_set(code);
            }
            self.sink().local_get(task).local_get(code);
            self.of_tasks("exited");
            return Ok(());
        }
        let flat = flat(ty.result.as_ref());
        let mut returned = Vec::new();
        if let Some(result) = &ty.result {
            let in_memory = flat.len() > MAX_FLAT_RESULTS;
            let from = self.local(if in_memory { ValType::I32 } else { flat[0] });
            self.sink().local_set(from);
            returned.push(from);
            let source = if in_memory {
                self.check_pointer(&callee, from, result)?;
                Place::at(from)
            } else {
                Place::Flat(vec![from])
            };
            self.give_result(site, result, &callee, &source, caller, task)?;
        }
        self.sink().local_get(task);
        self.of_tasks("returned");
        if let Some(post_return) = lift.options.post_return {
            self.post_return(post_return, &callee, &returned);
        }
        self.sink().local_get(task).i32_const(0);
        self.of_tasks("exited");
        Ok(())
    }

    /// Moves a result to where the caller gets it.
    fn give_result(
        &mut self,
        site: Site,
        ty: &Type,
        callee: &Side,
        source: &Place,
        caller: &Side,
        task: u32,
    ) -> Result<()> {
        let flat = flat(Some(ty));
        let is_async = match site {
            Site::Lower(id) => lowered(self.plan, id).2.is_async,
            Site::Export(_) | Site::Host(_) => false,
        };
        if flat.len() <= MAX_FLAT_RESULTS && !is_async {
            let to: Vec<u32> = flat.iter().map(|ty| self.local(*ty)).collect();
            self.copy(ty, callee, source, caller, &Place::Flat(to.clone()))?;
            if let Some(&to) = to.first() {
                self.sink().local_get(task);
                self.of_tasks("result");
                self.sink().local_get(to);
                self.store_flat(flat[0], 0);
            }
            return Ok(());
        }
        let pointer = self.local(ValType::I32);
        if let Site::Export(_) = site {
            let align = ty.align().max(4);
            self.allocate_const(caller, align, ty.size() + BEFORE, pointer)?;
            self.sink()
                .local_get(pointer)
                .i32_const(BEFORE as i32)
                .i32_add()
                .local_set(pointer);
            self.copy(ty, callee, source, caller, &Place::at(pointer))?;
            self.sink().local_get(task);
            self.of_tasks("result");
            self.sink().local_get(pointer).i32_store(field(0, 2));
            return Ok(());
        }
        self.sink().local_get(task);
        self.of_tasks("args");
        self.sink()
            .i32_load(field(RESULT_SLOT, 2))
            .local_set(pointer);
        self.check_pointer(caller, pointer, ty)?;
        self.copy(ty, callee, source, caller, &Place::at(pointer))
    }

    /// Waits for the end of a call, and gives back what it took; gives the local with what is kept of its result.
    fn finish_call(&mut self, task: u32, kept: Option<ValType>, finish: &str) -> Option<u32> {
        self.sink().local_get(task);
        self.of_tasks(finish);
        let given = match kept {
            Some(ty) => {
                let given = self.local(ty);
                self.load_flat(ty, 0);
                self.sink().local_set(given);
                Some(given)
            }
            None => {
                self.sink().drop();
                None
            }
        };
        self.end_borrows(None);
        given
    }

    /// Stores a core value at an address, both on the stack.
    fn store_flat(&mut self, ty: ValType, offset: u32) {
        match ty {
            ValType::I64 => self.sink().i64_store(field(offset, 3)),
            ValType::F32 => self.sink().f32_store(field(offset, 2)),
            ValType::F64 => self.sink().f64_store(field(offset, 3)),
            _ => self.sink().i32_store(field(offset, 2)),
        };
    }

    /// Loads a core value from the address on the stack.
    fn load_flat(&mut self, ty: ValType, offset: u32) {
        match ty {
            ValType::I64 => self.sink().i64_load(field(offset, 3)),
            ValType::F32 => self.sink().f32_load(field(offset, 2)),
            ValType::F64 => self.sink().f64_load(field(offset, 3)),
            _ => self.sink().i32_load(field(offset, 2)),
        };
    }

    /// Passes the readable end of a stream or future on: `CanonicalABI.md`, `lift_async_value` and
    /// `lower_async_value`.
    pub fn copy_end(
        &mut self,
        end: &EndType,
        from: &Side,
        source: &Place,
        to: &Side,
        target: &Place,
    ) -> Result<()> {
        let word = Type::Int {
            bits: 32,
            signed: false,
        };
        let Some(tasks) = self.plan.fusion.tasks.as_ref() else {
            bail!("a stream or future is passed, but no tasks were planned");
        };
        let ty = tasks.end(end);
        let value = self.local(ValType::I32);
        self.load(&word, from, source)?;
        self.sink().local_set(value);
        for (side, name) in [(from, "take_end"), (to, "give_end")] {
            // What is the host's has no handles.
            if side.party.is_host() {
                continue;
            }
            self.sink()
                .i32_const(tasks.instance(side.party.instance))
                .i32_const(ty)
                .local_get(value);
            self.of_tasks(name);
            self.sink().local_set(value);
        }
        self.before_store(to, target)?;
        self.sink().local_get(value);
        self.store(&word, to, target)
    }
}
