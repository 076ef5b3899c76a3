//! Locals that have the base of a region in them, where the base stays as it is while a function runs: what is
//! loaded from such a local needs nothing more, and what is added to it stays.
//!
//! The base is added where such a local is set to a value without it, and taken away where the value is used for
//! anything but an address, a sum, a difference or a copy. Which locals these are is found by trying: those that
//! cost more than they win are dropped, until all win. Whatever is chosen, the function does the same.

use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::{Encode, Instruction, InstructionSink};

/// What is in a loop counts so many times as much.
const TURNS: i64 = 8;
/// Loops deeper than this count no more.
const DEEPEST: u32 = 5;
/// So often locals are dropped; those that are left are taken, or none.
const TRIES: u32 = 8;
/// More locals than these are not considered.
const MOST: usize = 256;

/// See the [module](self).
pub struct Pointers {
    /// The global with the base, if locals may have it in them.
    base: Option<u32>,
    locals: BTreeSet<u32>,
    /// Those that are summed up or addresses, of type `i32` therefore.
    summed: BTreeSet<u32>,
    /// How many instructions less each of the locals takes, weighed by how often they run.
    wins: BTreeMap<u32, i64>,
    tries: u32,
}

fn weight(turns: u32) -> i64 {
    TURNS.pow(turns.min(DEEPEST))
}

impl Pointers {
    /// No local has the base in it.
    pub fn none(base: Option<u32>) -> Pointers {
        Pointers {
            base,
            locals: BTreeSet::new(),
            summed: BTreeSet::new(),
            wins: BTreeMap::new(),
            tries: 0,
        }
    }

    /// Those to try next, after a body was gone through; none if these are what is to be done.
    pub fn choose(&self) -> Option<Pointers> {
        self.base?;
        let locals = match self.tries {
            0 => self.summed.clone(),
            _ => {
                let of = |local: &u32| self.wins.get(local).copied().unwrap_or(0);
                let worst = self.locals.iter().map(of).min()?;
                if worst > 0 {
                    return None;
                }
                let is_last = self.tries == TRIES;
                let stays = |local: &u32| of(local) > if is_last { 0 } else { worst / 2 };
                match self.tries > TRIES {
                    true => BTreeSet::new(),
                    false => self.locals.iter().copied().filter(stays).collect(),
                }
            }
        };
        if self.tries == 0 && (locals.is_empty() || locals.len() > MOST) {
            return None;
        }
        Some(Pointers {
            locals,
            tries: self.tries + 1,
            ..Pointers::none(self.base)
        })
    }

    /// The local itself, if it has the base in it.
    pub fn of(&self, local: u32) -> Option<u32> {
        self.locals.contains(&local).then_some(local)
    }

    /// A local is part of a sum, or an address.
    pub fn is_summed(&mut self, local: u32) {
        if self.base.is_some() {
            self.summed.insert(local);
        }
    }

    fn wins(&mut self, local: u32, instructions: i64, turns: u32) {
        *self.wins.entry(local).or_default() += instructions * weight(turns);
    }

    /// An access at a local needs nothing.
    pub fn accessed(&mut self, local: u32, turns: u32) {
        self.wins(local, 2, turns);
    }

    /// A local with the base in it is set to another one.
    pub fn copied(&mut self, local: u32, from: u32, turns: u32) {
        if local != from {
            self.wins(from, 2, turns);
        }
    }

    /// Two values with the base in them are compared, or one is subtracted from the other: neither needs anything.
    pub fn together(&mut self, left: Option<u32>, right: Option<u32>, turns: u32) {
        for local in [left, right].into_iter().flatten() {
            self.wins(local, 1, turns);
        }
    }

    /// What takes the base out of the value of a local.
    pub fn settle(&mut self, local: u32, turns: u32) -> Vec<u8> {
        self.with_base(local, turns, &Instruction::I32Sub)
    }

    /// What puts the base into the value that a local is set to.
    pub fn moved(&mut self, local: u32, turns: u32) -> Vec<u8> {
        self.with_base(local, turns, &Instruction::I32Add)
    }

    fn with_base(&mut self, local: u32, turns: u32, then: &Instruction<'_>) -> Vec<u8> {
        self.wins(local, -2, turns);
        let mut code = Vec::new();
        InstructionSink::new(&mut code).global_get(self.base.unwrap_or_default());
        then.encode(&mut code);
        code
    }

    /// Writes what all of them need where the function begins; it has so many parameters.
    pub fn begin(&mut self, code: &mut InstructionSink<'_>, params: u32) {
        let Some(base) = self.base else { return };
        for local in self.locals.clone() {
            code.global_get(base);
            if local < params {
                code.local_get(local).i32_add();
            }
            code.local_set(local);
            self.wins(local, if local < params { -4 } else { -2 }, 0);
        }
    }
}
