//! What exceptions become: types, globals and functions that are added.
//!
//! An exception that is on its way is in globals: `pending`, which is the number of its tag plus one
//! and 0 at all other times, and its values. A reference to an exception is the same as a value, because
//! nothing can tell two equal exceptions apart: one i64 with the tag above and the value below, where
//! no tag has more than one value of 32 bits; otherwise the tag and all lanes that any tag needs.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use wasm_encoder::{BlockType, FuncType, InstructionSink, ValType};
use wasmparser::ExternalKind;

use super::escapes::Escapes;
use super::scan::{Scan, has_exn, is_exn};
use crate::findings::survey::global_types;
use crate::lower::pass::native;
use crate::lower::types::{Types, unlike};
use crate::parse::module::Module;

/// A function that is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Helper {
    /// Makes a reference of the exception on its way, which is on its way no longer.
    Take,
    /// Sends off what a reference stands for; traps for null.
    Raise,
    /// What the host calls instead of a function: an exception that comes out of it traps.
    Border(u32),
}

/// What exceptions become.
pub struct Layout<'m, 'a> {
    pub module: &'m Module<'a>,
    pub escapes: Escapes,
    pub scans: Vec<Scan>,
    /// What a reference is, the tag first; or tag and value in one.
    pub lanes: Vec<ValType>,
    /// Whether it is tag and value in one.
    pub narrow: bool,
    /// The types of the globals for values.
    pub payload: Vec<ValType>,
    /// For each tag its values, each with the place among `payload`.
    pub tags: Vec<Vec<(ValType, usize)>>,
    /// The types of the output; those of the input keep their indices.
    pub types: Types,
    /// How many parameters each type of the input got at its end.
    added: Vec<u32>,
    /// For types of the input with references: the type of a block.
    blocks: HashMap<u32, u32>,
    /// For types of blocks that become two: the type of the inner one.
    inner: HashMap<u32, u32>,
    /// The type of a block with a reference as its result.
    reference: BlockType,
    /// The global with the tag that is on its way; those with its values follow.
    pub pending: u32,
    /// For each global that is a reference, the index of its second lane: the others follow.
    pub split: HashMap<u32, u32>,
    /// The types of the globals behind all others.
    pub split_types: Vec<ValType>,
    first_helper: u32,
    pub helpers: Vec<Helper>,
    helper_indices: HashMap<Helper, u32>,
    /// Whether the host may call something through a table that throws.
    pub open_table: bool,
}

impl<'m, 'a> Layout<'m, 'a> {
    pub fn new(module: &'m Module<'a>, scans: Vec<Scan>) -> Result<Layout<'m, 'a>> {
        let escapes = Escapes::new(module, &scans);
        let pending = (module.imported_globals.len() + module.globals.len()) as u32;
        let mut layout = Layout {
            module,
            escapes,
            scans,
            lanes: Vec::new(),
            narrow: true,
            payload: Vec::new(),
            tags: Vec::new(),
            types: Types::default(),
            added: Vec::new(),
            blocks: HashMap::new(),
            inner: HashMap::new(),
            reference: BlockType::Empty,
            pending,
            split: HashMap::new(),
            split_types: Vec::new(),
            first_helper: module.func_types.len() as u32,
            helpers: Vec::new(),
            helper_indices: HashMap::new(),
            open_table: false,
        };
        let mut exports = module.exports.values();
        layout.open_table = layout.escapes.come_through_tables()
            && (!module.imported_tables.is_empty()
                || exports.any(|(kind, _)| *kind == ExternalKind::Table));
        layout.lay_out_tags()?;
        layout.lower_types()?;
        layout.split_globals();
        layout.add_helpers();
        Ok(layout)
    }

    fn lay_out_tags(&mut self) -> Result<()> {
        let module = self.module;
        let types = || module.tags.iter().map(|ty| &module.types[*ty as usize]);
        self.narrow = types().all(|ty| {
            use wasmparser::ValType::{F32, I32};
            matches!(ty.params(), [] | [I32 | F32])
        });
        for ty in types() {
            let mut values = Vec::new();
            let mut used: HashMap<ValType, usize> = HashMap::new();
            for &value in ty.params() {
                let value = native(value)?;
                let lane = match value {
                    _ if self.narrow => ValType::I32,
                    ValType::Ref(_) | ValType::V128 => value,
                    _ => ValType::I64,
                };
                let nth = used.entry(lane).or_default();
                let mut of_type = (0..self.payload.len()).filter(|at| self.payload[*at] == lane);
                let place = of_type.nth(*nth).unwrap_or(self.payload.len());
                *nth += 1;
                if place == self.payload.len() {
                    self.payload.push(lane);
                }
                values.push((value, place));
            }
            self.tags.push(values);
        }
        self.lanes = match self.narrow {
            true => vec![ValType::I64],
            false => [&[ValType::I32][..], &self.payload].concat(),
        };
        Ok(())
    }

    /// What values of these types become.
    pub fn values(&self, types: &[wasmparser::ValType]) -> Result<Vec<ValType>> {
        let mut values = Vec::with_capacity(types.len());
        for &ty in types {
            match is_exn(ty) {
                true => values.extend_from_slice(&self.lanes),
                false => values.push(native(ty)?),
            }
        }
        Ok(values)
    }

    /// Types that differ stay different, so that an indirect call of the wrong one traps as before: one
    /// that would be like another gets parameters at its end, which nobody reads.
    fn lower_types(&mut self) -> Result<()> {
        let module = self.module;
        let mut taken: HashSet<FuncType> = HashSet::new();
        let mut types = Vec::with_capacity(module.types.len());
        for ty in &module.types {
            let ty = FuncType::new(self.values(ty.params())?, self.values(ty.results())?);
            types.push(ty);
        }
        for (old, new) in module.types.iter().zip(&types) {
            if !has_exn(old) {
                taken.insert(new.clone());
            }
        }
        let mut known: HashMap<&wasmparser::FuncType, (FuncType, u32)> = HashMap::new();
        self.added = vec![0; module.types.len()];
        let mut blocks = Vec::new();
        for (index, old) in module
            .types
            .iter()
            .enumerate()
            .filter(|(_, ty)| has_exn(ty))
        {
            let plain = types[index].clone();
            let (ty, added) = known
                .entry(old)
                .or_insert_with(|| unlike(&mut taken, &plain));
            types[index] = ty.clone();
            self.added[index] = *added;
            if *added > 0 {
                blocks.push((index as u32, plain));
            }
        }
        self.types = Types::new(types);
        for (index, plain) in blocks {
            let block = self.types.index(plain);
            self.blocks.insert(index, block);
        }
        let lanes = self.lanes.clone();
        self.reference = match lanes[..] {
            [only] => BlockType::Result(only),
            _ => BlockType::FunctionType(self.types.index(FuncType::new([], lanes))),
        };
        let mut halves: Vec<u32> = self
            .scans
            .iter()
            .flat_map(|scan| scan.with_params.iter().copied())
            .collect();
        halves.sort_unstable();
        halves.dedup();
        for index in halves {
            let params = self.values(module.types[index as usize].params())?;
            let inner = self.types.index(FuncType::new(params, []));
            self.inner.insert(index, inner);
        }
        Ok(())
    }

    /// How many parameters a type got at its end.
    pub fn added(&self, ty: u32) -> u32 {
        self.added[ty as usize]
    }

    /// The type of a block of the output.
    pub fn block(&self, ty: wasmparser::BlockType) -> Result<BlockType> {
        Ok(match ty {
            wasmparser::BlockType::Empty => BlockType::Empty,
            wasmparser::BlockType::Type(ty) if is_exn(ty) => self.reference,
            wasmparser::BlockType::Type(ty) => BlockType::Result(native(ty)?),
            wasmparser::BlockType::FuncType(index) => {
                BlockType::FunctionType(*self.blocks.get(&index).unwrap_or(&index))
            }
        })
    }

    /// Whether blocks of this type are others in the output.
    pub fn changes_block(&self, ty: wasmparser::BlockType) -> bool {
        match ty {
            wasmparser::BlockType::Empty => false,
            wasmparser::BlockType::Type(ty) => is_exn(ty),
            wasmparser::BlockType::FuncType(index) => self.blocks.contains_key(&index),
        }
    }

    /// The type of the inner one of the two blocks that a `try` becomes.
    pub fn inner(&self, ty: wasmparser::BlockType) -> BlockType {
        match ty {
            wasmparser::BlockType::FuncType(index) => (self.inner.get(&index))
                .map_or(BlockType::Empty, |inner| BlockType::FunctionType(*inner)),
            _ => BlockType::Empty,
        }
    }

    /// Globals that are references: the first lane keeps their place.
    fn split_globals(&mut self) {
        let first = self.pending + 1 + self.payload.len() as u32;
        for (index, ty) in (0..).zip(global_types(self.module)) {
            if is_exn(ty) && self.lanes.len() > 1 {
                self.split
                    .insert(index, first + self.split_types.len() as u32);
                self.split_types.extend_from_slice(&self.lanes[1..]);
            }
        }
    }

    /// All lanes of a global that is a reference.
    pub fn global_lanes(&self, global: u32) -> Vec<u32> {
        let mut all = vec![global];
        if let Some(&second) = self.split.get(&global) {
            all.extend(second..second + self.lanes.len() as u32 - 1);
        }
        all
    }

    fn add_helpers(&mut self) {
        let references = self.scans.iter().any(|scan| {
            let mut regions = scan.regions.iter();
            regions.any(|region| {
                region.throws_ref || region.clauses.iter().any(|clause| clause.reference)
            })
        });
        if references {
            self.helper(Helper::Take);
            self.helper(Helper::Raise);
        }
        let imported = self.module.imported_func_count();
        let mut called: Vec<u32> = self
            .module
            .exports
            .values()
            .filter(|(kind, _)| *kind == ExternalKind::Func)
            .map(|(_, func)| *func)
            .chain(self.module.start)
            .filter(|func| *func >= imported)
            .filter(|func| self.open_table || !self.escapes.of(*func).is_empty())
            .collect();
        called.sort_unstable();
        for func in called {
            self.helper(Helper::Border(func));
        }
    }

    fn helper(&mut self, helper: Helper) {
        let index = self.first_helper + self.helpers.len() as u32;
        if self.helper_indices.contains_key(&helper) {
            return;
        }
        self.helper_indices.insert(helper, index);
        self.helpers.push(helper);
        let ty = self.helper_type(helper);
        self.types.index(ty);
    }

    /// The index of a helper.
    pub fn helper_index(&self, helper: Helper) -> Option<u32> {
        self.helper_indices.get(&helper).copied()
    }

    fn helper_type(&self, helper: Helper) -> FuncType {
        match helper {
            Helper::Take => FuncType::new([], self.lanes.clone()),
            Helper::Raise => FuncType::new(self.lanes.clone(), []),
            Helper::Border(func) => {
                self.types[self.module.func_types[func as usize] as usize].clone()
            }
        }
    }

    /// The index of the type of a helper.
    pub fn helper_type_index(&self, helper: Helper) -> u32 {
        let index = self.types.known(&self.helper_type(helper));
        index.expect("the types of helpers are added with them")
    }

    /// What the host gets for a function.
    pub fn bordered(&self, func: u32) -> u32 {
        self.helper_index(Helper::Border(func)).unwrap_or(func)
    }

    /// Takes what is thrown with a tag from the stack.
    pub fn set_values(&self, tag: u32, code: &mut InstructionSink<'_>) {
        for &(ty, place) in self.tags[tag as usize].iter().rev() {
            match (ty, self.narrow) {
                (ValType::F32, true) => drop(code.i32_reinterpret_f32()),
                (ValType::F32, false) => drop(code.i32_reinterpret_f32().i64_extend_i32_u()),
                (ValType::F64, _) => drop(code.i64_reinterpret_f64()),
                (ValType::I32, false) => drop(code.i64_extend_i32_u()),
                _ => {}
            }
            code.global_set(self.pending + 1 + place as u32);
        }
    }

    /// Puts the values that came with a tag on the stack.
    pub fn get_values(&self, tag: u32, code: &mut InstructionSink<'_>) {
        for &(ty, place) in &self.tags[tag as usize] {
            code.global_get(self.pending + 1 + place as u32);
            match (ty, self.narrow) {
                (ValType::F32, true) => drop(code.f32_reinterpret_i32()),
                (ValType::F32, false) => drop(code.i32_wrap_i64().f32_reinterpret_i32()),
                (ValType::F64, _) => drop(code.f64_reinterpret_i64()),
                (ValType::I32, false) => drop(code.i32_wrap_i64()),
                _ => {}
            }
        }
    }

    /// The types of the values of a tag and the globals that they travel in.
    pub fn places(&self, tag: Option<u32>) -> Vec<usize> {
        match tag {
            Some(tag) => self.tags[tag as usize].iter().map(|(_, at)| *at).collect(),
            None => (0..self.payload.len()).collect(),
        }
    }
}
