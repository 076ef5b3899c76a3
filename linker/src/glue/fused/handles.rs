//! Handles on their way from one table to another: `CanonicalABI.md`, `lift_own`, `lift_borrow`,
//! `lower_own` and `lower_borrow`.

use anyhow::Result;
use wasm_encoder::{BlockType, ValType};

use super::encoder::{Fused, Place, Side};
use crate::abi::{self, Type};
use crate::glue::handles::{self, LOAN};
use crate::memory::traps::Trap;
use crate::resolve::{ComponentInstanceId, HOST, Resource, ResourceId};

impl Fused<'_, '_, '_> {
    pub fn copy_handle(
        &mut self,
        resource: ResourceId,
        own: bool,
        from: &Side,
        source: &Place,
        to: &Side,
        target: &Place,
    ) -> Result<()> {
        let word = Type::Int {
            bits: 32,
            signed: false,
        };
        let program = &self.plan.program;
        if !self.plan.fusion.is_tabled(program, resource) {
            // Only one guest has handles of the host: they are used as they are.
            self.before_store(to, target)?;
            self.load(&word, from, source)?;
            return self.store(&word, to, target);
        }
        // The representation of a resource of the host is the host's handle.
        let owner = match program.resources[resource.0 as usize] {
            Resource::Defined { instance, .. } => instance,
            Resource::Imported { .. } => HOST,
        };
        let value = self.local(ValType::I32);
        self.load(&word, from, source)?;
        self.sink().local_set(value);
        if (owner, from.party.instance) != (HOST, HOST) {
            self.lift_handle(resource, own, from, value);
        }
        if to.party.instance != owner || own && owner != HOST {
            self.lower_handle(resource, own, to, value);
        }
        self.before_store(to, target)?;
        self.sink().local_get(value);
        self.store(&word, to, target)
    }

    /// From a handle of a side to the representation, in one local.
    fn lift_handle(&mut self, resource: ResourceId, own: bool, from: &Side, value: u32) {
        let first_glue = self.maps.first_glue;
        let ty = resource.0 as i32 + 1;
        self.handles
            .table(self.plan, self.maps, &mut self.code, from.party.instance);
        self.sink().local_get(value).i32_const(ty);
        if own {
            let remove = first_glue + self.handles.remove_own;
            self.sink().call(remove).local_set(value);
        } else {
            let handle = self.local(ValType::I32);
            let lend = first_glue + self.handles.lend;
            // The address of the entry may change during the call.
            self.sink()
                .call(lend)
                .i32_load(handles::rep())
                .local_get(value)
                .local_set(handle)
                .local_set(value);
            self.remember_loan(from.party.instance, handle);
        }
    }

    /// From the representation to a new handle of a side, in one local.
    fn lower_handle(&mut self, resource: ResourceId, own: bool, to: &Side, value: u32) {
        self.handles
            .table(self.plan, self.maps, &mut self.code, to.party.instance);
        let add = self.maps.first_glue + self.handles.add;
        self.sink()
            .local_get(value)
            .i32_const(resource.0 as i32 + 1);
        match self.task {
            // `CanonicalABI.md`, `lower_borrow`: the entry knows the task that has to drop it.
            Some(task) if !own => {
                self.sink()
                    .local_get(task)
                    .i32_const(1)
                    .i32_add()
                    .i32_const(1)
                    .i32_shl();
            }
            _ => {
                self.sink().i32_const(own.into());
            }
        }
        self.sink().call(add).local_set(value);
        if let (Some(task), false) = (self.task, own) {
            self.sink().local_get(task).i32_const(1);
            self.of_tasks("borrow");
        } else if !own {
            let borrows = self.maps.globals.borrows[&to.party.instance];
            self.sink()
                .global_get(borrows)
                .i32_const(1)
                .i32_add()
                .global_set(borrows);
        }
    }

    /// Keeps a handle that the caller has lent until the call is over: in a local of its own, or in the
    /// table of loans when there may be any number of them.
    fn remember_loan(&mut self, caller: ComponentInstanceId, handle: u32) {
        if self.lists == 0 {
            self.lent.push((caller, handle));
            return;
        }
        let last = match self.loans {
            Some((_, last)) => last,
            None => self.local(ValType::I32),
        };
        self.loans = Some((caller, last));
        self.handles.loans(self.plan, self.maps, &mut self.code);
        let add = self.maps.first_glue + self.handles.add;
        // An entry has the handle, and where the loan before it is.
        self.sink()
            .local_get(handle)
            .i32_const(LOAN)
            .local_get(last)
            .call(add)
            .local_set(last);
    }

    /// Starts counting the borrowed handles that the callee gets.
    pub fn begin_borrows(&mut self, ty: &abi::FuncType, callee: &Side) -> Option<(u32, u32)> {
        let any = ty.params.any(&|ty| matches!(ty, Type::Borrow(_)));
        let global = *self.maps.globals.borrows.get(&callee.party.instance)?;
        if !any {
            return None;
        }
        let saved = self.local(ValType::I32);
        self.sink()
            .global_get(global)
            .local_set(saved)
            .i32_const(0)
            .global_set(global);
        Some((global, saved))
    }

    /// The callee must have dropped what it borrowed; the caller's handles are free again.
    pub fn end_borrows(&mut self, counter: Option<(u32, u32)>) {
        if let Some((global, saved)) = counter {
            self.sink().global_get(global);
            self.trap_if(Trap::BorrowsRemain);
            self.sink().local_get(saved).global_set(global);
        }
        for (caller, handle) in std::mem::take(&mut self.lent) {
            self.handles
                .unlend(self.plan, self.maps, &mut self.code, caller, handle);
        }
        let Some((caller, last)) = self.loans.take() else {
            return;
        };
        let entry = self.local(ValType::I32);
        self.sink()
            .block(BlockType::Empty)
            .loop_(BlockType::Empty)
            .local_get(last)
            .i32_eqz()
            .br_if(1);
        self.handles.loans(self.plan, self.maps, &mut self.code);
        let remove = self.maps.first_glue + self.handles.remove;
        self.sink()
            .local_get(last)
            .i32_const(LOAN)
            .call(remove)
            .local_tee(entry)
            .i32_load(handles::own())
            .local_set(last)
            .local_get(entry)
            .i32_load(handles::rep())
            .local_set(entry);
        self.handles
            .unlend(self.plan, self.maps, &mut self.code, caller, entry);
        self.sink().br(0).end().end();
    }
}
