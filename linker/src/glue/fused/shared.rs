//! Values that are passed by a function of their own: `crate::maps::shared` says which.

use anyhow::Result;
use wasm_encoder::{Function, ValType};

use super::encoder::{Fused, Place, Side, core_type};
use crate::abi::Type;
use crate::maps::shared::{Form, Passing, Way};
use crate::maps::{Glue, Maps};
use crate::plan::Plan;

/// Encodes such a function.
///
/// # Errors
///
/// Names what the component lacks, and where the type is too large.
pub fn shared(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    passing: &Passing,
) -> Result<Function> {
    let ty = passing.func_type();
    let mut fused = Fused::new(glue, plan, maps, ty.params());
    let count = ty.params().len() as u32;
    let base = passing.has_host().then(|| count - 1);
    let (form, goes_to) = passing.forms();
    let (place, next) = match form {
        Form::Memory => (Place::at(0), 1),
        Form::Flat(types) => {
            let width = types.len() as u32;
            (Place::Flat((0..width).collect()), width)
        }
    };
    let target = match goes_to {
        Some(Form::Flat(types)) => {
            let locals = types.iter().map(|ty| fused.local(core_type(*ty)));
            Place::Flat(locals.collect())
        }
        _ => Place::at(next),
    };
    match &passing.way {
        Way::Copy { from, to, .. } => {
            let from = fused.side(from, base);
            let to = fused.side(to, base);
            fused.copy_here(&passing.ty, &from, &place, &to, &target)?;
        }
        Way::Check { side, .. } => {
            let side = fused.side(side, base);
            fused.check_here(&passing.ty, &side, &place)?;
        }
        Way::DropLent { .. } => {
            let host = fused.side(&crate::maps::shared::Party::HOST, base);
            fused.drop_here(&passing.ty, &host, &place)?;
        }
    }
    if let Place::Flat(locals) = &target {
        let globals = fused.globals_for(locals);
        for (at, &local) in locals.iter().enumerate() {
            fused.sink().local_get(local);
            if locals.len() > 1 {
                fused.sink().global_set(globals[at]);
            }
        }
    }
    Ok(fused.finish())
}

impl Fused<'_, '_, '_> {
    /// Copies a value by a function of its own, if there is one.
    pub fn copy_apart(
        &mut self,
        ty: &Type,
        from: &Side,
        source: &Place,
        to: &Side,
        target: &Place,
    ) -> bool {
        let glue = self.glue;
        let found = glue.shared.get(ty, || Way::Copy {
            from: from.party.clone(),
            source: self.form(source),
            to: to.party.clone(),
            target: self.form(target),
        });
        let Some((passing, at)) = found else {
            return false;
        };
        self.give(source);
        if let Place::Memory { .. } = target {
            self.give(target);
        }
        self.call_apart(&passing, from.host.or(to.host), at);
        if let Place::Flat(locals) = target {
            let globals = self.globals_for(locals);
            for (at, &local) in locals.iter().enumerate() {
                if locals.len() > 1 {
                    self.sink().global_get(globals[at]);
                }
                self.sink().local_set(local);
            }
        }
        true
    }

    /// Checks a value by a function of its own, if there is one.
    pub fn check_apart(&mut self, ty: &Type, side: &Side, place: &Place) -> bool {
        let found = self.glue.shared.get(ty, || Way::Check {
            side: side.party.clone(),
            place: self.form(place),
        });
        self.look_apart(found, side, place)
    }

    /// Drops the lent handles in a value by a function of its own, if there is one.
    pub fn drop_apart(&mut self, ty: &Type, host: &Side, place: &Place) -> bool {
        let found = self.glue.shared.get(ty, || Way::DropLent {
            place: self.form(place),
        });
        self.look_apart(found, host, place)
    }

    fn look_apart(&mut self, found: Option<(Passing, u32)>, side: &Side, place: &Place) -> bool {
        let Some((passing, at)) = found else {
            return false;
        };
        self.give(place);
        self.call_apart(&passing, side.host, at);
        true
    }

    fn call_apart(&mut self, passing: &Passing, base: Option<u32>, at: u32) {
        if let (true, Some(base)) = (passing.has_host(), base) {
            self.sink().local_get(base);
        }
        let index = self.maps.first_glue + at;
        self.sink().call(index);
    }

    /// Leaves a flat value, or the address of one in memory, on the stack.
    fn give(&mut self, place: &Place) {
        match place {
            Place::Flat(locals) => {
                for &local in locals {
                    self.sink().local_get(local);
                }
            }
            Place::Memory { pointer, offset } => {
                self.sink().local_get(*pointer);
                if *offset > 0 {
                    self.sink().i32_const(*offset as i32).i32_add();
                }
            }
        }
    }

    fn form(&self, place: &Place) -> Form {
        match place {
            Place::Flat(locals) => {
                let types = locals.iter().map(|local| match self.local_type(*local) {
                    ValType::I64 => wasmparser::ValType::I64,
                    ValType::F32 => wasmparser::ValType::F32,
                    ValType::F64 => wasmparser::ValType::F64,
                    _ => wasmparser::ValType::I32,
                });
                Form::Flat(types.collect())
            }
            Place::Memory { .. } => Form::Memory,
        }
    }

    /// The globals in which several flat values are left, for locals of their types.
    fn globals_for(&self, locals: &[u32]) -> Vec<u32> {
        if locals.len() < 2 {
            return Vec::new();
        }
        let mut free = self.maps.globals.passing.clone();
        let of = |local: &u32| {
            let ty = self.local_type(*local);
            let at = free.iter().position(|(have, _)| core_type(*have) == ty);
            free.remove(at.expect("there are as many globals as any value needs"))
                .1
        };
        locals.iter().map(of).collect()
    }
}
