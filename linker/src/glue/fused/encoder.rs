//! The function that is being encoded, its two sides, and where values are.

use anyhow::{Context, Result, bail};
use wasm_encoder::{Function, InstructionSink, ValType};

use crate::abi::{MAX_FLAT_PARAMS, Type};
use crate::glue::memory::{bytes, grows_freely};
use crate::limits;
use crate::maps::Glue;
use crate::maps::glue::Handles;
use crate::maps::shared::Party;
use crate::maps::{Maps, memory_access, region_access};
use crate::memory::access::{Access, Quantity, is_outside, quantity};
use crate::memory::traps::Trap;
use crate::plan::{Plan, fused::entered};
use crate::resolve::{CanonOptions, ComponentInstanceId, FuncDef};

/// What lies before a result in the arena: the pointer that the guest returned, for its
/// `post-return`.
pub const BEFORE: u32 = 16;

/// One of the two sides of a call.
pub struct Side {
    pub party: Party,
    /// The memory, if the call needs one.
    pub access: Option<Access>,
    pub realloc: Option<Realloc>,
    /// For the host: the local with the base of its region when it made the pointers that are
    /// read. They are addresses of the output; those of guests count from their regions.
    pub host: Option<u32>,
}

/// What allocates on a side.
pub enum Realloc {
    /// A `realloc` function of the guest.
    Guest(u32),
    /// The host's arena.
    Arena,
}

/// Where a value is.
#[derive(Clone)]
pub enum Place {
    /// In locals, in flat form; variants may have joined their types.
    Flat(Vec<u32>),
    /// In memory, at an offset from the pointer in a local.
    Memory { pointer: u32, offset: u32 },
}

impl Place {
    pub fn at(pointer: u32) -> Place {
        Place::Memory { pointer, offset: 0 }
    }
}

pub fn core_type(ty: wasmparser::ValType) -> ValType {
    match ty {
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        _ => ValType::I32,
    }
}

/// The core types of a value.
pub fn flat(ty: Option<&Type>) -> Vec<ValType> {
    ty.into_iter().flat_map(Type::flat).map(core_type).collect()
}

pub struct Fused<'p, 'i, 'a> {
    pub glue: &'p Glue,
    pub plan: &'p Plan<'i, 'a>,
    pub maps: &'p Maps,
    pub handles: &'p Handles,
    pub code: Vec<u8>,
    /// The types of the locals after the parameters.
    pub locals: Vec<ValType>,
    /// The types of the parameters.
    pub params: Vec<ValType>,
    /// Locals that have handles that were lent, or 0, and whose they are.
    pub lent: Vec<(ComponentInstanceId, u32)>,
    /// The local with the last loan of handles in lists, and whose they are.
    pub loans: Option<(ComponentInstanceId, u32)>,
    /// How many lists are being copied around this value.
    pub lists: u32,
    /// Whether both sides have the same memory and the same handles: what is copied is the value alone, and
    /// not what it points to.
    pub is_shallow: bool,
    /// The local with the task of the callee, whose borrowed handles the library of tasks counts.
    pub task: Option<u32>,
}

impl<'p, 'i, 'a> Fused<'p, 'i, 'a> {
    pub fn new(
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
            is_shallow: false,
            task: None,
        }
    }

    /// For an export, before which the module may have to be initialised.
    pub fn exported(
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

    pub fn finish(mut self) -> Function {
        self.sink().end();
        let mut function = Function::new_with_locals_types(self.locals);
        function.raw(self.code);
        function
    }

    /// Whether what there is of the function is not too large yet: each value of a type is handled on
    /// its own.
    pub fn fits(&self) -> Result<()> {
        let locals = self.params.len() + self.locals.len();
        limits::body(self.code.len(), locals)
            .context("the values of one type take too much code: pass large ones as a list")
    }

    pub fn sink(&mut self) -> InstructionSink<'_> {
        InstructionSink::new(&mut self.code)
    }

    pub fn local(&mut self, ty: ValType) -> u32 {
        self.locals.push(ty);
        (self.params.len() + self.locals.len()) as u32 - 1
    }

    pub fn local_type(&self, local: u32) -> ValType {
        let local = local as usize;
        match self.params.get(local) {
            Some(ty) => *ty,
            None => self.locals[local - self.params.len()],
        }
    }

    /// The index of a core function that the call needs.
    pub fn core(&self, def: FuncDef) -> u32 {
        self.maps
            .entry(self.plan.target(def))
            .expect("what a fused call needs is live")
    }

    /// A guest as a side.
    pub fn guest(&self, options: &CanonOptions, instance: ComponentInstanceId) -> Side {
        self.side(&Party::guest(self.plan, options, instance), None)
    }

    /// A side; `base` is the local with the base of the host's region.
    pub fn side(&self, party: &Party, base: Option<u32>) -> Side {
        let globals = &self.maps.globals;
        let (access, realloc) = if party.is_host() {
            let region = self.plan.memory.as_ref().and_then(|memory| memory.host);
            let access = region.map(|at| region_access(self.plan, globals, at));
            (access, access.map(|_| Realloc::Arena))
        } else {
            let memory = party.memory;
            let access = memory.and_then(|slot| memory_access(self.plan, globals, slot));
            let realloc = party
                .realloc
                .and_then(|def| self.maps.entry(self.plan.target(def)));
            (access, realloc.map(Realloc::Guest))
        };
        Side {
            party: party.clone(),
            access,
            realloc,
            host: base.filter(|_| party.is_host()),
        }
    }

    /// Enters the instances that a call enters and that could be entered already: the flags that
    /// [`Fused::leave`] clears.
    pub fn enter(
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

    pub fn leave(&mut self, flags: &[u32]) {
        for &flag in flags {
            self.sink().i32_const(0).global_set(flag);
        }
    }

    /// Where the parameters are in the caller: flat, or behind a pointer; and the number of the
    /// parameter of the function that comes after them.
    pub fn parameters(&mut self, ty: &Type, caller: &Side) -> Result<(u32, Place)> {
        self.parameters_of(ty, caller, MAX_FLAT_PARAMS)
    }

    /// The same where so many of them are flat at most.
    pub fn parameters_of(&mut self, ty: &Type, caller: &Side, most: usize) -> Result<(u32, Place)> {
        let count = ty.flat().len();
        if count <= most {
            return Ok((count as u32, Place::Flat((0..count as u32).collect())));
        }
        let pointer = self.copied_from_host(caller, 0, None);
        self.check_pointer(caller, pointer, ty)?;
        Ok((1, Place::at(pointer)))
    }

    /// Copies the parameters and leaves what the callee gets on the stack.
    pub fn pass(&mut self, ty: &Type, from: &Side, source: &Place, to: &Side) -> Result<()> {
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

    /// Calls the `post-return` of a guest, which must not call out. It has the context of the call.
    pub fn post_return(&mut self, def: FuncDef, callee: &Side, returned: &[u32]) {
        for &local in returned {
            self.sink().local_get(local);
        }
        self.may_not_leave(callee, 1);
        let func = self.core(def);
        self.sink().call(func);
        self.may_not_leave(callee, 0);
    }

    /// Keeps the context of the running thread while a function runs that has one of its own, which is
    /// zero: `CanonicalABI.md`, "Lifting and Lowering Context".
    pub fn keep_contexts(&mut self) -> Vec<(u32, u32)> {
        let globals: Vec<u32> = self.maps.globals.contexts.values().copied().collect();
        let keep = |global: u32| {
            let kept = self.local(ValType::I32);
            self.sink()
                .global_get(global)
                .local_set(kept)
                .i32_const(0)
                .global_set(global);
            (global, kept)
        };
        globals.into_iter().map(keep).collect()
    }

    pub fn bring_contexts(&mut self, kept: Vec<(u32, u32)>) {
        for (global, local) in kept {
            self.sink().local_get(local).global_set(global);
        }
    }

    /// Says whether an instance may call out, if it ever could when it may not.
    pub fn may_not_leave(&mut self, side: &Side, value: i32) {
        if let Some(&flag) = self.maps.globals.may_not_leave.get(&side.party.instance) {
            self.sink().i32_const(value).global_set(flag);
        }
    }

    pub fn trap_if(&mut self, trap: Trap) {
        let traps = &self.maps.globals.traps;
        traps.when(&mut InstructionSink::new(&mut self.code), trap);
    }

    /// Traps unless the pointer is aligned and `bytes` (an i64 on the stack) from it are in memory:
    /// `what` says what the bytes are.
    pub fn check_range(&mut self, side: &Side, pointer: u32, align: u32, what: Trap) -> Result<()> {
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

    pub fn check_alignment(&mut self, pointer: u32, align: u32) {
        if align > 1 {
            self.sink()
                .local_get(pointer)
                .i32_const(align as i32 - 1)
                .i32_and();
            self.trap_if(Trap::Unaligned);
        }
    }

    pub fn check_pointer(&mut self, side: &Side, pointer: u32, ty: &Type) -> Result<()> {
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
    pub fn allocate_const(
        &mut self,
        side: &Side,
        align: u32,
        size: u32,
        pointer: u32,
    ) -> Result<()> {
        let bytes = self.local(ValType::I32);
        self.sink().i32_const(size as i32).local_set(bytes);
        self.allocate(side, align, bytes, pointer)
    }

    /// Allocates the bytes in a local, and checks what the guest's `realloc` gives.
    pub fn allocate(&mut self, side: &Side, align: u32, bytes: u32, pointer: u32) -> Result<()> {
        self.reallocate(side, align, None, bytes, pointer)
    }

    /// Makes another size of the block that the pointer in a local points to; the size that it has
    /// is in a local, too.
    pub fn reallocate(
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
                let kept = self.keep_contexts();
                match old_bytes {
                    Some(local) => self.sink().local_get(pointer).local_get(local),
                    None => self.sink().i32_const(0).i32_const(0),
                };
                self.sink()
                    .i32_const(align as i32)
                    .local_get(bytes)
                    .call(realloc)
                    .local_set(pointer);
                self.bring_contexts(kept);
                self.may_not_leave(side, 0);
            }
        }
        self.sink().local_get(bytes).i64_extend_i32_u();
        self.check_range(side, pointer, align, Trap::Realloc)
    }

    /// Leaves the address of a pointer on the stack.
    pub fn address(&mut self, side: &Side, pointer: u32) -> Result<()> {
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
    pub fn move_bytes(&mut self, to: &Side, from: &Side) -> Result<()> {
        let (to, from) = (memory(to)?.memory, memory(from)?.memory);
        match self.glue.can_move(self.maps) {
            Some(bulk) => bulk.copy_between(&mut self.sink(), to, from),
            None => unreachable!("a fused call has something to move with"),
        }
        Ok(())
    }
}

pub fn memory(side: &Side) -> Result<&Access> {
    match &side.access {
        Some(access) => Ok(access),
        None => bail!("a value is passed in memory, but there is no memory option"),
    }
}
