//! Types of functions: the first of several results stays a result, the others go through globals,
//! and references to functions are numbers.
//!
//! Two types that differ only in that would become one, and an indirect call of the wrong one would no
//! longer trap: a number that the caller has made up would be taken for a reference. So such a type gets
//! parameters of its own at the end, which nobody reads, until it is like no other.

use std::collections::{HashMap, HashSet};

use wasm_encoder::{FuncType, ValType};

use super::types::unlike;

/// What became of the types of a module, by type index.
#[derive(Clone, Debug, Default)]
pub struct MultiValue {
    added: Vec<u32>,
    /// For each result but the first: its type, and how many of that type were before it.
    others: Vec<Vec<(ValType, u32)>>,
}

impl MultiValue {
    /// Lowers `types` in place: those of `module` with references lowered already. `several`: functions
    /// with several results are lowered, too.
    pub fn new(
        module: &[wasmparser::FuncType],
        types: &mut [FuncType],
        several: bool,
    ) -> MultiValue {
        let mut multi = MultiValue {
            added: vec![0; types.len()],
            others: vec![Vec::new(); types.len()],
        };
        let changes: Vec<bool> = module
            .iter()
            .zip(types.iter())
            .map(|(old, new)| several && new.results().len() > 1 || has_lowered_reference(old, new))
            .collect();
        let mut taken: HashSet<FuncType> = types
            .iter()
            .zip(&changes)
            .filter(|(_, changes)| !**changes)
            .map(|(ty, _)| ty.clone())
            .collect();
        let mut known: HashMap<&wasmparser::FuncType, (FuncType, u32)> = HashMap::new();
        for (index, ty) in types.iter_mut().enumerate() {
            if !changes[index] {
                continue;
            }
            let mut results = ty.results().to_vec();
            if several && results.len() > 1 {
                let mut counts: HashMap<ValType, u32> = HashMap::new();
                multi.others[index] = results
                    .split_off(1)
                    .into_iter()
                    .map(|ty| {
                        let count = counts.entry(ty).or_default();
                        *count += 1;
                        (ty, *count - 1)
                    })
                    .collect();
            }
            let (lowered, added) = known
                .entry(&module[index])
                .or_insert_with(|| {
                    let plain = FuncType::new(ty.params().to_vec(), results.clone());
                    unlike(&mut taken, &plain)
                })
                .clone();
            multi.added[index] = added;
            *ty = lowered;
        }
        multi
    }

    /// How many parameters a type got at its end.
    pub fn added_params(&self, ty: u32) -> u32 {
        self.added.get(ty as usize).copied().unwrap_or(0)
    }

    /// The results of a type that go through globals.
    pub fn others(&self, ty: u32) -> &[(ValType, u32)] {
        self.others.get(ty as usize).map_or(&[], Vec::as_slice)
    }
}

/// Whether `new` has a number where `old` has a reference.
fn has_lowered_reference(old: &wasmparser::FuncType, new: &FuncType) -> bool {
    let old = old.params().iter().chain(old.results());
    let mut both = old.zip(new.params().iter().chain(new.results()));
    both.any(|(old, new)| matches!(old, wasmparser::ValType::Ref(_)) && *new == ValType::I32)
}
