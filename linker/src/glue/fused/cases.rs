//! Variants of numbers in locals: what is in each is chosen by the case, without branches.

use wasm_encoder::ValType;

use super::encoder::{Fused, core_type};
use crate::abi::Type;
use crate::opt::Opt;

/// What a local of the payload becomes in a case.
#[derive(Clone, Copy, PartialEq)]
enum Slot {
    /// Zero: the case leaves it free.
    Free,
    /// As it is.
    Whole,
    /// The lower half of 64 bits.
    Half,
}

/// The most choices: a branch that is foreseen is faster than more.
const MOST: usize = 2;

/// The core types of a payload of numbers that are passed as they are: none of those has bits to spare.
fn whole(ty: &Type) -> Option<Vec<ValType>> {
    match ty {
        Type::Int { bits: 32 | 64, .. } | Type::F32 | Type::F64 => {
            Some(ty.flat().into_iter().map(core_type).collect())
        }
        Type::Record(fields) => {
            let fields: Option<Vec<_>> = fields.iter().map(whole).collect();
            Some(fields?.concat())
        }
        _ => None,
    }
}

impl Fused<'_, '_, '_> {
    /// Copies the payload of a variant whose case is in a local, if all of them are numbers in locals and there
    /// is little to choose. Says whether that is so.
    pub fn choose_payload(
        &mut self,
        cases: &[Option<Type>],
        case: u32,
        source: &[u32],
        target: &[u32],
    ) -> bool {
        let same = |(from, to): (&u32, &u32)| self.local_type(*from) == self.local_type(*to);
        if !self.plan.options.does(Opt::Cases) || !source.iter().zip(target).all(same) {
            return false;
        }
        let payloads = cases.iter().map(|ty| match ty {
            Some(ty) => whole(ty),
            None => Some(Vec::new()),
        });
        let Some(payloads) = payloads.collect::<Option<Vec<_>>>() else {
            return false;
        };
        let mut chosen = Vec::new();
        let mut choices = 0;
        for (at, &local) in source.iter().enumerate() {
            let have = self.local_type(local);
            let slots: Vec<Slot> = payloads
                .iter()
                .map(|types| match types.get(at) {
                    None => Slot::Free,
                    Some(ty)
                        if have == ValType::I64 && matches!(ty, ValType::I32 | ValType::F32) =>
                    {
                        Slot::Half
                    }
                    Some(_) => Slot::Whole,
                })
                .collect();
            // What most of them have, and the others.
            let count = |slot: Slot| slots.iter().filter(|other| **other == slot).count();
            let most = [Slot::Whole, Slot::Half, Slot::Free].into_iter();
            let most = most.max_by_key(|slot| count(*slot)).unwrap_or(Slot::Free);
            choices += slots.len() - count(most);
            if choices > MOST {
                return false;
            }
            chosen.push((most, slots));
        }
        for ((&from, &to), (most, slots)) in source.iter().zip(target).zip(chosen) {
            let others = slots.iter().zip(0..).filter(|(slot, _)| **slot != most);
            let others: Vec<(Slot, i32)> = others.map(|(slot, case)| (*slot, case)).collect();
            // The others lie below. The first case is told by its number itself: wasmi 2 takes the wrong value of
            // two where the condition is a comparison with zero.
            let (zero, numbered): (Vec<_>, Vec<_>) =
                others.iter().partition(|(_, number)| *number == 0);
            for (slot, _) in numbered.iter().rev() {
                self.give_slot(*slot, from);
            }
            self.give_slot(most, from);
            if let Some((slot, _)) = zero.first() {
                self.give_slot(*slot, from);
                self.sink().local_get(case).select();
            }
            for (_, number) in &numbered {
                self.sink()
                    .local_get(case)
                    .i32_const(*number)
                    .i32_eq()
                    .select();
            }
            self.sink().local_set(to);
        }
        true
    }

    fn give_slot(&mut self, slot: Slot, local: u32) {
        let ty = self.local_type(local);
        let mut code = self.sink();
        match (slot, ty) {
            (Slot::Whole, _) => code.local_get(local),
            (Slot::Half, _) => code.local_get(local).i64_const(0xffff_ffff).i64_and(),
            (Slot::Free, ValType::I64) => code.i64_const(0),
            (Slot::Free, ValType::F32) => code.f32_const(wasm_encoder::Ieee32::new(0)),
            (Slot::Free, ValType::F64) => code.f64_const(wasm_encoder::Ieee64::new(0)),
            (Slot::Free, _) => code.i32_const(0),
        };
    }
}
