//! Calls between two component instances, and between a guest and the host where their values do
//! not mean the same, each as one core function.
//!
//! `CanonicalABI.md`, "canon lift" and "canon lower": values are taken from the caller's flat
//! parameters and memory and put straight into the callee's, with every check that both sides
//! demand; results go the other way. Pointers are kept as the guests have them and turned into
//! addresses at each access, because a `realloc` may move the regions.

mod boundary;
mod handles;
mod passed;
mod strings;
mod values;

use anyhow::{Result, bail};
use wasm_encoder::{Function, InstructionSink, ValType};

pub use boundary::{arena_alloc, export, host_realloc, import, post_return};
pub use passed::passed;

use super::memory::{bytes, grows_freely};
use crate::abi::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Type};
use crate::maps::Glue;
use crate::maps::glue::Handles;
use crate::maps::{Maps, memory_access};
use crate::memory::access::{Access, Quantity, is_outside, quantity};
use crate::memory::traps::Trap;
use crate::plan::{Plan, fused::entered};
use crate::resolve::{
    CanonId, CanonKind, CanonOptions, ComponentFunc, ComponentInstanceId, FuncDef, StringEncoding,
};

/// One of the two sides of a call.
pub struct Side {
    instance: ComponentInstanceId,
    /// The memory, if the call needs one.
    access: Option<Access>,
    realloc: Option<Realloc>,
    encoding: StringEncoding,
    /// For the host: the local with the base of its region when it made the pointers that are
    /// read. They are addresses of the output; those of guests count from their regions.
    host: Option<u32>,
}

/// What allocates on a side.
enum Realloc {
    /// A `realloc` function of the guest.
    Guest(u32),
    /// The host's arena.
    Arena,
}

/// Where a value is.
#[derive(Clone)]
enum Place {
    /// In locals, in flat form; variants may have joined their types.
    Flat(Vec<u32>),
    /// In memory, at an offset from the pointer in a local.
    Memory { pointer: u32, offset: u32 },
}

impl Place {
    fn at(pointer: u32) -> Place {
        Place::Memory { pointer, offset: 0 }
    }
}

/// Encodes the function for a lowered import that is another guest's lifted export.
///
/// # Errors
///
/// Names what the component lacks, such as a `realloc` option.
pub fn call(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, id: CanonId) -> Result<Function> {
    let canon = &plan.program.canons[id.0 as usize];
    let CanonKind::Lower {
        callee: ComponentFunc::Lift(lift),
        options,
    } = &canon.kind
    else {
        unreachable!("only calls between guests are fused");
    };
    let lift = &plan.program.lifts[lift.0 as usize];
    let ty = &lift.ty;
    let mut fused = Fused::new(glue, plan, maps, canon.ty.params());
    let caller = fused.side(options, canon.instance);
    let callee = fused.side(&lift.options, lift.instance);

    // Trap before anything else when the callee may not be entered.
    super::canon::check_may_leave(plan, maps, &mut fused.code, canon.instance);
    let entered = fused.enter(Some(canon.instance), lift.instance);
    let counter = fused.begin_borrows(ty, &callee);

    let (next, source) = fused.parameters(&ty.params, &caller)?;
    fused.pass(&ty.params, &caller, &source, &callee)?;
    let func = fused.core(lift.func);
    fused.sink().call(func);

    let flat = flat(ty.result.as_ref());
    let mut returned = Vec::new();
    let mut results = Vec::new();
    if let Some(result) = &ty.result {
        let in_memory = flat.len() > MAX_FLAT_RESULTS;
        let from = fused.local(if in_memory { ValType::I32 } else { flat[0] });
        fused.sink().local_set(from);
        returned.push(from);
        let source = if in_memory {
            fused.check_pointer(&callee, from, result)?;
            Place::at(from)
        } else {
            Place::Flat(vec![from])
        };
        let target = if in_memory {
            fused.check_pointer(&caller, next, result)?;
            Place::at(next)
        } else {
            results.push(fused.local(flat[0]));
            Place::Flat(results.clone())
        };
        fused.copy(result, &callee, &source, &caller, &target)?;
    }
    fused.end_borrows(counter);
    if let Some(post_return) = lift.options.post_return {
        fused.post_return(post_return, &callee, &returned);
    }
    fused.leave(&entered);
    for result in results {
        fused.sink().local_get(result);
    }
    Ok(fused.finish())
}

fn core_type(ty: wasmparser::ValType) -> ValType {
    match ty {
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        _ => ValType::I32,
    }
}

/// The core types of a value.
fn flat(ty: Option<&Type>) -> Vec<ValType> {
    ty.into_iter().flat_map(Type::flat).map(core_type).collect()
}

struct Fused<'p, 'i, 'a> {
    glue: &'p Glue,
    plan: &'p Plan<'i, 'a>,
    maps: &'p Maps,
    handles: &'p Handles,
    code: Vec<u8>,
    /// The types of the locals after the parameters.
    locals: Vec<ValType>,
    /// The types of the parameters.
    params: Vec<ValType>,
    /// Locals that have the places of handles that were lent, or 0.
    lent: Vec<u32>,
    /// The local with the last loan of handles in lists.
    loans: Option<u32>,
    /// How many lists are being copied around this value.
    lists: u32,
}

impl<'p, 'i, 'a> Fused<'p, 'i, 'a> {
    fn new(
        glue: &'p Glue,
        plan: &'p Plan<'i, 'a>,
        maps: &'p Maps,
        params: &[wasmparser::ValType],
    ) -> Fused<'p, 'i, 'a> {
        Fused {
            glue,
            plan,
            maps,
            handles: &glue.handles,
            code: Vec::new(),
            locals: Vec::new(),
            params: params.iter().copied().map(core_type).collect(),
            lent: Vec::new(),
            loans: None,
            lists: 0,
        }
    }

    /// For an export, before which the module may have to be initialised.
    fn exported(
        glue: &'p Glue,
        plan: &'p Plan<'i, 'a>,
        maps: &'p Maps,
        params: &[wasmparser::ValType],
        initialised: bool,
    ) -> Fused<'p, 'i, 'a> {
        let mut fused = Fused::new(glue, plan, maps, params);
        if let (true, Some(at)) = (initialised, glue.initialise) {
            fused.sink().call(maps.first_glue + at);
        }
        fused
    }

    fn finish(mut self) -> Function {
        self.sink().end();
        let mut function = Function::new_with_locals_types(self.locals);
        function.raw(self.code);
        function
    }

    fn sink(&mut self) -> InstructionSink<'_> {
        InstructionSink::new(&mut self.code)
    }

    fn local(&mut self, ty: ValType) -> u32 {
        self.locals.push(ty);
        (self.params.len() + self.locals.len()) as u32 - 1
    }

    fn local_type(&self, local: u32) -> ValType {
        let local = local as usize;
        match self.params.get(local) {
            Some(ty) => *ty,
            None => self.locals[local - self.params.len()],
        }
    }

    /// The index of a core function that the call needs.
    fn core(&self, def: FuncDef) -> u32 {
        self.maps
            .target(self.plan.target(def))
            .expect("what a fused call needs is live")
    }

    fn side(&self, options: &CanonOptions, instance: ComponentInstanceId) -> Side {
        let slot = options
            .memory
            .map(|(id, index)| self.plan.program.memory(self.plan.input, id, index));
        let realloc = options
            .realloc
            .and_then(|def| self.maps.target(self.plan.target(def)));
        Side {
            instance,
            access: slot.and_then(|slot| memory_access(self.plan, &self.maps.globals, slot)),
            realloc: realloc.map(Realloc::Guest),
            encoding: options.encoding,
            host: None,
        }
    }

    /// Enters the instances that a call enters and that could be entered already: the flags that
    /// [`Fused::leave`] clears.
    fn enter(
        &mut self,
        caller: Option<ComponentInstanceId>,
        callee: ComponentInstanceId,
    ) -> Vec<u32> {
        let flags: Vec<u32> = entered(&self.plan.program, caller, callee)
            .iter()
            .filter_map(|id| self.maps.globals.entered.get(id).copied())
            .collect();
        for &flag in &flags {
            self.sink().global_get(flag);
            self.trap_if(Trap::CannotEnter);
            self.sink().i32_const(1).global_set(flag);
        }
        flags
    }

    fn leave(&mut self, flags: &[u32]) {
        for &flag in flags {
            self.sink().i32_const(0).global_set(flag);
        }
    }

    /// Where the parameters are in the caller: flat, or behind a pointer; and the number of the
    /// parameter of the function that comes after them.
    fn parameters(&mut self, ty: &Type, caller: &Side) -> Result<(u32, Place)> {
        let count = ty.flat().len();
        if count <= MAX_FLAT_PARAMS {
            return Ok((count as u32, Place::Flat((0..count as u32).collect())));
        }
        let pointer = self.copied_from_host(caller, 0, None);
        self.check_pointer(caller, pointer, ty)?;
        Ok((1, Place::at(pointer)))
    }

    /// Copies the parameters and leaves what the callee gets on the stack.
    fn pass(&mut self, ty: &Type, from: &Side, source: &Place, to: &Side) -> Result<()> {
        let flat = flat(Some(ty));
        if flat.len() > MAX_FLAT_PARAMS {
            let pointer = self.local(ValType::I32);
            self.allocate_const(to, ty.align(), ty.size(), pointer)?;
            self.copy(ty, from, source, to, &Place::at(pointer))?;
            return self.give_pointer(to, pointer);
        }
        let arguments: Vec<u32> = flat.iter().map(|ty| self.local(*ty)).collect();
        self.copy(ty, from, source, to, &Place::Flat(arguments.clone()))?;
        for argument in arguments {
            self.sink().local_get(argument);
        }
        Ok(())
    }

    /// Calls the `post-return` of a guest, which must not call out.
    fn post_return(&mut self, def: FuncDef, callee: &Side, returned: &[u32]) {
        for &local in returned {
            self.sink().local_get(local);
        }
        self.may_not_leave(callee, 1);
        let func = self.core(def);
        self.sink().call(func);
        self.may_not_leave(callee, 0);
    }

    /// Says whether an instance may call out, if it ever could when it may not.
    fn may_not_leave(&mut self, side: &Side, value: i32) {
        if let Some(&flag) = self.maps.globals.may_not_leave.get(&side.instance) {
            self.sink().i32_const(value).global_set(flag);
        }
    }

    fn trap_if(&mut self, trap: Trap) {
        let traps = &self.maps.globals.traps;
        traps.when(&mut InstructionSink::new(&mut self.code), trap);
    }

    /// Traps unless the pointer is aligned and `bytes` (an i64 on the stack) from it are in memory:
    /// `what` says what the bytes are.
    fn check_range(&mut self, side: &Side, pointer: u32, align: u32, what: Trap) -> Result<()> {
        let access = memory(side)?;
        let plan = self.plan;
        let mut code = self.sink();
        code.local_get(pointer).i64_extend_i32_u().i64_add();
        bytes(plan, &mut code, access);
        code.i64_gt_u();
        self.trap_if(what);
        self.check_alignment(pointer, align);
        Ok(())
    }

    fn check_alignment(&mut self, pointer: u32, align: u32) {
        if align > 1 {
            self.sink()
                .local_get(pointer)
                .i32_const(align as i32 - 1)
                .i32_and();
            self.trap_if(Trap::Unaligned);
        }
    }

    fn check_pointer(&mut self, side: &Side, pointer: u32, ty: &Type) -> Result<()> {
        let access = memory(side)?;
        if grows_freely(self.plan, access) {
            self.sink().i64_const(ty.size().into());
            return self.check_range(side, pointer, ty.align(), Trap::Pointer);
        }
        let mut code = self.sink();
        code.local_get(pointer);
        is_outside(&mut code, access, ty.size().into());
        self.trap_if(Trap::Pointer);
        self.check_alignment(pointer, ty.align());
        Ok(())
    }

    /// Allocates a number of bytes that is known.
    fn allocate_const(&mut self, side: &Side, align: u32, size: u32, pointer: u32) -> Result<()> {
        let bytes = self.local(ValType::I32);
        self.sink().i32_const(size as i32).local_set(bytes);
        self.allocate(side, align, bytes, pointer)
    }

    /// Allocates the bytes in a local, and checks what the guest's `realloc` gives.
    fn allocate(&mut self, side: &Side, align: u32, bytes: u32, pointer: u32) -> Result<()> {
        self.reallocate(side, align, None, bytes, pointer)
    }

    /// Makes another size of the block that the pointer in a local points to; the size that it has
    /// is in a local, too.
    fn reallocate(
        &mut self,
        side: &Side,
        align: u32,
        old_bytes: Option<u32>,
        bytes: u32,
        pointer: u32,
    ) -> Result<()> {
        match side.realloc {
            None => bail!("a value has to be stored, but there is no realloc option"),
            Some(Realloc::Arena) => {
                let Some(arena) = self.glue.arena_alloc else {
                    bail!("a value is passed to the host, but no arena was planned");
                };
                let arena = self.maps.first_glue + arena;
                let old = old_bytes.map(|bytes| (self.local(ValType::I32), bytes));
                if let Some((old, _)) = old {
                    self.sink().local_get(pointer).local_set(old);
                }
                self.sink()
                    .i32_const(align as i32)
                    .local_get(bytes)
                    .call(arena)
                    .local_set(pointer);
                if let Some((old, old_bytes)) = old {
                    self.address(side, pointer)?;
                    self.address(side, old)?;
                    self.sink().local_get(old_bytes);
                    self.move_bytes(side, side)?;
                }
                return Ok(());
            }
            Some(Realloc::Guest(realloc)) => {
                self.may_not_leave(side, 1);
                match old_bytes {
                    Some(local) => self.sink().local_get(pointer).local_get(local),
                    None => self.sink().i32_const(0).i32_const(0),
                };
                self.sink()
                    .i32_const(align as i32)
                    .local_get(bytes)
                    .call(realloc)
                    .local_set(pointer);
                self.may_not_leave(side, 0);
            }
        }
        self.sink().local_get(bytes).i64_extend_i32_u();
        self.check_range(side, pointer, align, Trap::Realloc)
    }

    /// Leaves the address of a pointer on the stack.
    fn address(&mut self, side: &Side, pointer: u32) -> Result<()> {
        let base = memory(side)?.base;
        let mut code = self.sink();
        code.local_get(pointer);
        if base != Quantity::Const(0) {
            quantity(&mut code, base);
            code.i32_add();
        }
        Ok(())
    }

    /// `destination source length` are on the stack.
    fn move_bytes(&mut self, to: &Side, from: &Side) -> Result<()> {
        let (to, from) = (memory(to)?.memory, memory(from)?.memory);
        match self.glue.can_move(self.maps) {
            Some(bulk) => bulk.copy_between(&mut self.sink(), to, from),
            None => unreachable!("a fused call has something to move with"),
        }
        Ok(())
    }
}

fn memory(side: &Side) -> Result<&Access> {
    match &side.access {
        Some(access) => Ok(access),
        None => bail!("a value is passed in memory, but there is no memory option"),
    }
}

/// What is not able to be passed with these options.
pub fn refused(options: &CanonOptions) -> Option<String> {
    let option = options.unsupported?;
    Some(format!("the canonical option {option} is not supported"))
}
