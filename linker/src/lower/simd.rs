//! Vectors of 128 bits become two halves of 64 each, before everything else but exceptions is lowered.
//!
//! | file | what it has |
//! |---|---|
//! | [`expression`] | formulas on halves |
//! | [`lanes`] | what the lanes of a half become |
//! | [`functions`] | all that is done with halves, inline or by functions that are added |
//! | [`operators`] | which of it an instruction is made of |
//! | [`layout`] | types and globals |
//! | [`places`] | where the halves are in a body |
//! | [`rewrite`] | one body: blocks, calls, locals |
//! | [`values`] | what a body takes, gives and keeps |
//! | [`vectors`] | the instructions on vectors, those on memory among them |
//!
//! Only functions change that have anything to do with vectors; every function, type and global keeps its
//! index. Each body is written twice: what the first round uses is added, so that the second one knows
//! the indices. What comes out may have functions with several results: those are lowered after this.

mod expression;
mod functions;
mod lanes;
mod layout;
mod operators;
mod places;
mod rewrite;
mod values;
mod vectors;

use std::collections::HashMap;

use anyhow::Result;
use wasmparser::WasmFeatures;

use super::pass::{Added, PIECE, Pass, Passed, to_validate};
use crate::features::FeatureSet;
use crate::parallel::in_pieces;
use crate::parse::module::Module;
use layout::{Layout, Used};

/// Takes the vectors out of a module.
///
/// # Errors
///
/// Fails for what cannot be lowered and is not found before.
pub fn lower(module: &Module<'_>) -> Result<Passed> {
    let mut layout = Layout::new(module)?;
    let simd = FeatureSet::of(WasmFeatures::SIMD | WasmFeatures::RELAXED_SIMD);
    let types = to_validate(module)?;
    let pieces = in_pieces(module.bodies.len(), PIECE, |bodies| {
        let (mut used, mut changed) = (Used::default(), 0);
        let mut unwanted = Vec::new();
        for defined in bodies {
            if rewrite::changes(&layout, simd, defined) {
                unwanted.clear();
                let (_, of) =
                    rewrite::body(&layout, defined, &types[defined], false, &mut unwanted)
                        .map_err(|error| {
                            let offset = module.bodies[defined].start;
                            error.context(format!("in the function at offset {offset:#x}"))
                        })?;
                used.functions.extend(of.functions);
                used.blocks.extend(of.blocks);
                changed += 1;
            }
        }
        anyhow::Ok((used, changed))
    });
    let (mut used, mut changed) = (Used::default(), 0);
    for piece in pieces {
        let (of, count) = piece?;
        used.functions.extend(of.functions);
        used.blocks.extend(of.blocks);
        changed += count;
    }
    layout.add(&used);
    let mut added = Vec::new();
    for &function in &used.functions {
        added.push(Added {
            ty: layout.function_type(function),
            name: function.name(),
            body: function.body(),
        });
    }
    let done = vec![format!(
        "vectors became pairs of i64 in {changed} of {} functions, with {} functions for lanes",
        module.bodies.len(),
        added.len()
    )];
    let warnings = vec![
        "what vectors did costs several times the instructions now: compile without SIMD where you \
         can (clang without -msimd128)"
            .to_string(),
    ];
    let pass = Pass {
        module,
        types: layout.types.to_vec(),
        added,
        globals: layout.globals()?,
        global_names: Vec::new(),
        exported: HashMap::new(),
        without_tags: false,
        // Only parameters move what is behind them.
        keeps_locals: layout.split.values().all(|split| split.params == 0),
    };
    pass.finish(
        done,
        warnings,
        |defined, dwarf, out| match rewrite::changes(&layout, simd, defined) {
            true => rewrite::body(&layout, defined, &types[defined], dwarf, out)
                .map(|(points, _)| Some(points)),
            false => Ok(None),
        },
    )
}
