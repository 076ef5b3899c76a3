//! Functions with several results: the first stays a result, the others go through globals.
//!
//! Two types that differ only in those others would become one, and an indirect call of the wrong
//! one would no longer trap. So such a type gets parameters of its own at the end, which nobody
//! reads, until it is like no other.

use std::collections::{HashMap, HashSet};

use wasm_encoder::{FuncType, ValType};

/// What became of the types with several results, by type index.
#[derive(Clone, Debug, Default)]
pub struct MultiValue {
    added: Vec<u32>,
    /// For each result but the first: its type, and how many of that type were before it.
    others: Vec<Vec<(ValType, u32)>>,
}

impl MultiValue {
    /// Lowers `types` in place.
    pub fn new(types: &mut [FuncType]) -> MultiValue {
        let mut multi = MultiValue {
            added: vec![0; types.len()],
            others: vec![Vec::new(); types.len()],
        };
        let mut taken: HashSet<FuncType> = types
            .iter()
            .filter(|ty| ty.results().len() < 2)
            .cloned()
            .collect();
        let mut known: HashMap<FuncType, (FuncType, u32)> = HashMap::new();
        for (index, ty) in types.iter_mut().enumerate() {
            let Some((first, others)) = ty.results().split_first() else {
                continue;
            };
            if others.is_empty() {
                continue;
            }
            let mut counts: HashMap<ValType, u32> = HashMap::new();
            multi.others[index] = others
                .iter()
                .map(|&ty| {
                    let count = counts.entry(ty).or_default();
                    *count += 1;
                    (ty, *count - 1)
                })
                .collect();
            let (lowered, added) = known
                .entry(ty.clone())
                .or_insert_with(|| {
                    let mut params = ty.params().to_vec();
                    loop {
                        let lowered = FuncType::new(params.iter().copied(), [*first]);
                        if taken.insert(lowered.clone()) {
                            break (lowered, (params.len() - ty.params().len()) as u32);
                        }
                        params.push(ValType::I32);
                    }
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
