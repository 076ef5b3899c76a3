//! What vectors become outside of bodies: types, globals and functions that are added.
//!
//! In a type the vectors of the parameters come behind all others, each as two halves, the lower one
//! first; the same goes for the results. The lower half of a global keeps its place, the upper one comes
//! behind all others.

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::{Context, Result, anyhow};
use wasm_encoder::{ConstExpr, FuncType, GlobalSection, GlobalType, ValType};
use wasmparser::Operator;

use super::functions::Function;
use crate::findings::survey::{global_types, memory_types, table_types};
use crate::lower::pass::{native, same_init};
use crate::lower::types::{Types, unlike};
use crate::parse::module::Module;

/// What bodies use of what is added.
#[derive(Default)]
pub struct Used {
    pub functions: BTreeSet<Function>,
    /// Types of the input with vectors that blocks have, and several other values.
    pub blocks: BTreeSet<Block>,
}

/// The type of a block: one of the input, with its parameters or without.
pub type Block = (u32, bool);

/// A type of the input with vectors.
pub struct Split {
    /// How many vectors there are among the parameters and the results.
    pub params: usize,
    pub results: usize,
    /// How many parameters came behind everything, which nobody reads.
    pub added: u32,
    /// Everything but the vectors.
    pub others: FuncType,
}

pub struct Layout<'m, 'a> {
    pub module: &'m Module<'a>,
    /// The types of the output; those of the input keep their indices.
    pub types: Types,
    /// The types of the input with vectors.
    pub split: HashMap<u32, Split>,
    /// The types of blocks without their vectors.
    pub blocks: HashMap<Block, u32>,
    /// The global with the upper half, for each that is a vector.
    pub upper: HashMap<u32, u32>,
    pub functions: HashMap<Function, u32>,
    /// Whether the indices of each table have 64 bits.
    pub wide_tables: Vec<bool>,
    /// The same of memories.
    pub wide_memories: Vec<bool>,
}

pub fn is_vector(ty: &wasmparser::ValType) -> bool {
    *ty == wasmparser::ValType::V128
}

/// Whether a type has a vector.
pub fn has_vector(ty: &wasmparser::FuncType) -> bool {
    ty.params().iter().chain(ty.results()).any(is_vector)
}

/// All types but vectors.
fn others(types: &[wasmparser::ValType]) -> Result<Vec<ValType>> {
    let others = types.iter().filter(|ty| !is_vector(ty));
    others.map(|ty| native(*ty)).collect()
}

fn vectors(types: &[wasmparser::ValType]) -> usize {
    types.iter().filter(|ty| is_vector(ty)).count()
}

impl<'m, 'a> Layout<'m, 'a> {
    pub fn new(module: &'m Module<'a>) -> Result<Layout<'m, 'a>> {
        let mut layout = Layout {
            module,
            types: Types::default(),
            split: HashMap::new(),
            blocks: HashMap::new(),
            upper: HashMap::new(),
            functions: HashMap::new(),
            wide_tables: table_types(module).map(|ty| ty.table64).collect(),
            wide_memories: memory_types(module).map(|ty| ty.memory64).collect(),
        };
        layout.split_types()?;
        let mut next = global_types(module).count() as u32;
        for (index, ty) in (0..).zip(global_types(module)) {
            if is_vector(&ty) {
                layout.upper.insert(index, next);
                next += 1;
            }
        }
        Ok(layout)
    }

    /// Types that differ stay different, so that an indirect call of the wrong one traps as before: one
    /// that would be like another gets parameters at its end, which nobody reads.
    fn split_types(&mut self) -> Result<()> {
        let module = self.module;
        let mut taken: HashSet<FuncType> = HashSet::new();
        for ty in module.types.iter().filter(|ty| !has_vector(ty)) {
            taken.insert(FuncType::new(others(ty.params())?, others(ty.results())?));
        }
        let mut known: HashMap<&wasmparser::FuncType, (FuncType, u32)> = HashMap::new();
        let mut types = Vec::with_capacity(module.types.len());
        for (index, ty) in (0..).zip(&module.types) {
            let all = FuncType::new(others(ty.params())?, others(ty.results())?);
            if !has_vector(ty) {
                types.push(all);
                continue;
            }
            let (params, results) = (vectors(ty.params()), vectors(ty.results()));
            let halves = |all: &[ValType], vectors: usize| {
                let mut all = all.to_vec();
                all.resize(all.len() + 2 * vectors, ValType::I64);
                all
            };
            let (new, added) = known.entry(ty).or_insert_with(|| {
                let (params, results) =
                    (halves(all.params(), params), halves(all.results(), results));
                unlike(&mut taken, &FuncType::new(params, results))
            });
            types.push(new.clone());
            self.split.insert(
                index,
                Split {
                    params,
                    results,
                    added: *added,
                    others: all,
                },
            );
        }
        self.types = Types::new(types);
        Ok(())
    }

    /// Adds what bodies use.
    pub fn add(&mut self, used: &Used) {
        for &block in &used.blocks {
            let (ty, with_params) = block;
            let mut ty = self.split[&ty].others.clone();
            if !with_params {
                ty = FuncType::new([], ty.results().to_vec());
            }
            let index = self.types.index(ty);
            self.blocks.insert(block, index);
        }
        let first = self.module.func_types.len() as u32;
        for (index, &function) in (first..).zip(&used.functions) {
            self.functions.insert(function, index);
            self.function_type(function);
        }
    }

    /// The index of the type of a function that is added.
    pub fn function_type(&mut self, function: Function) -> u32 {
        let params = vec![ValType::I64; function.params()];
        self.types.index(FuncType::new(params, [ValType::I64]))
    }

    /// All globals that the module defines.
    pub fn globals(&self) -> Result<GlobalSection> {
        let mut section = GlobalSection::new();
        let mut upper = Vec::new();
        for global in &self.module.globals {
            let ty = |val_type| GlobalType {
                val_type,
                mutable: global.ty.mutable,
                shared: global.ty.shared,
            };
            if !is_vector(&global.ty.content_type) {
                let init = same_init(&global.init)?;
                section.global(ty(native(global.ty.content_type)?), &init);
                continue;
            }
            // Nothing else gives a vector there.
            let (low, high) = match global.init.get_operators_reader().read()? {
                Operator::V128Const { value } => {
                    let bits = value.i128();
                    (
                        ConstExpr::i64_const(bits as i64),
                        ConstExpr::i64_const((bits >> 64) as i64),
                    )
                }
                Operator::GlobalGet { global_index } => {
                    let of = self
                        .upper
                        .get(&global_index)
                        .context("no vector is there")?;
                    (
                        ConstExpr::global_get(global_index),
                        ConstExpr::global_get(*of),
                    )
                }
                op => return Err(anyhow!("a global begins with {op:?}, which is no vector")),
            };
            section.global(ty(ValType::I64), &low);
            upper.push((ty(ValType::I64), high));
        }
        for (ty, init) in upper {
            section.global(ty, &init);
        }
        Ok(section)
    }
}
