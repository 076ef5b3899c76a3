//! The types of the functions of an output.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;

use wasm_encoder::{FuncType, ValType};

/// The types by their index. Those of the input come first and keep theirs.
#[derive(Clone, Debug, Default)]
pub struct Types {
    all: Vec<FuncType>,
    indices: HashMap<FuncType, u32>,
}

impl Types {
    /// Types that are there already. Of those that are alike, the first is meant.
    pub fn new(all: Vec<FuncType>) -> Types {
        let numbered = all.iter().enumerate().rev();
        let indices = numbered.map(|(index, ty)| (ty.clone(), index as u32));
        Types {
            indices: indices.collect(),
            all,
        }
    }

    /// The index of a type, which is added where it is not there.
    pub fn index(&mut self, ty: FuncType) -> u32 {
        if let Some(&index) = self.indices.get(&ty) {
            return index;
        }
        let index = self.all.len() as u32;
        self.indices.insert(ty.clone(), index);
        self.all.push(ty);
        index
    }

    /// The index of a type that is there.
    pub fn known(&self, ty: &FuncType) -> Option<u32> {
        self.indices.get(ty).copied()
    }
}

impl Deref for Types {
    type Target = [FuncType];

    fn deref(&self) -> &[FuncType] {
        &self.all
    }
}

/// A type that is like none that is taken, so that an indirect call of the wrong one traps as before: with
/// parameters at its end that nobody reads, as many as are returned. It is taken then.
pub fn unlike(taken: &mut HashSet<FuncType>, ty: &FuncType) -> (FuncType, u32) {
    let mut params = ty.params().to_vec();
    loop {
        let new = FuncType::new(params.clone(), ty.results().to_vec());
        if taken.insert(new.clone()) {
            return (new, (params.len() - ty.params().len()) as u32);
        }
        params.push(ValType::I32);
    }
}
