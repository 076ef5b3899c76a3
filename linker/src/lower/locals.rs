//! Locals that are added to a body.

use std::collections::HashMap;

use wasm_encoder::{Encode, ValType};

use crate::memory::access::Use;

/// Locals that the encoder adds, reused when they are free again.
pub struct Locals {
    first: u32,
    added: Vec<ValType>,
    free: Vec<u32>,
    /// Those that values travel in, from a branch to its label: the `n`th of a type is the same for all
    /// labels, because nothing comes between the branch and the label.
    travel: HashMap<ValType, Vec<u32>>,
    /// Those that accesses use, one for each purpose.
    accesses: Vec<(ValType, Use, u32)>,
}

impl Locals {
    /// None yet, behind `first` others.
    pub fn new(first: u32) -> Locals {
        Locals {
            first,
            added: Vec::new(),
            free: Vec::new(),
            travel: HashMap::new(),
            accesses: Vec::new(),
        }
    }

    /// A local of this type, of which nothing is known.
    pub fn take(&mut self, ty: ValType) -> u32 {
        let at = self
            .free
            .iter()
            .position(|&local| self.added[(local - self.first) as usize] == ty);
        if let Some(at) = at {
            return self.free.swap_remove(at);
        }
        self.added.push(ty);
        self.first + self.added.len() as u32 - 1
    }

    /// The locals that values of these types travel in.
    pub fn for_values(&mut self, types: &[ValType]) -> Vec<u32> {
        let mut used: HashMap<ValType, usize> = HashMap::new();
        let mut locals = Vec::with_capacity(types.len());
        for &ty in types {
            let nth = used.entry(ty).or_default();
            let known = self.travel.get(&ty).and_then(|all| all.get(*nth));
            let local = match known {
                Some(local) => *local,
                None => {
                    let local = self.take(ty);
                    self.travel.entry(ty).or_default().push(local);
                    local
                }
            };
            *nth += 1;
            locals.push(local);
        }
        locals
    }

    /// The local that an access uses for a purpose.
    pub fn for_access(&mut self, ty: ValType, purpose: Use) -> u32 {
        let known = self.accesses.iter().find(|a| (a.0, a.1) == (ty, purpose));
        if let Some((.., local)) = known {
            return *local;
        }
        let local = self.take(ty);
        self.accesses.push((ty, purpose, local));
        local
    }

    pub fn give_back(&mut self, locals: &[u32]) {
        self.free.extend_from_slice(locals);
    }

    /// How many locals there are, with those before the first that was added.
    pub fn count(&self) -> usize {
        self.first as usize + self.added.len()
    }

    /// Writes the declaration of all locals of a body, `declared` first.
    pub fn declare(&self, declared: &[(u32, ValType)], out: &mut Vec<u8>) {
        let mut runs: Vec<(u32, ValType)> = Vec::new();
        for &ty in &self.added {
            match runs.last_mut() {
                Some((count, last)) if *last == ty => *count += 1,
                _ => runs.push((1, ty)),
            }
        }
        (declared.len() + runs.len()).encode(out);
        for (count, ty) in declared.iter().chain(&runs) {
            count.encode(out);
            ty.encode(out);
        }
    }
}
