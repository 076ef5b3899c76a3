//! Frames that can be taken off the stack and put back: what `--stacks switch` needs where a target has no
//! stack to switch to.
//!
//! | file | what it has |
//! |---|---|
//! | [`reach`] | the functions that can be on the stack when a task waits |
//! | [`places`] | the calls of a body at which it can be taken off |
//! | [`rewrite`] | one body |
//!
//! One function of the module, the *pause*, is called where a task waits. It begins to unwind: every function on
//! the stack up to a *root* sees after its call that the state is [`UNWINDS`](crate::memory::stacks::UNWINDS), stores its locals and the number
//! of the call, and returns. When the root is called again in the state [`REWINDS`](crate::memory::stacks::REWINDS), each function loads what
//! it had and goes on at the same call, down to the pause, which makes the state 0. A function that
//! can never be on the stack then is not changed.

mod places;
mod reach;
mod rewrite;

use anyhow::{Context, Result};
use wasm_encoder::FuncType;

use super::pass::{Pass, Passed, native, same_globals, to_validate};
use crate::merge::{Stacks, Unwinding, Unwinds};
use crate::parse;
use crate::resolve::CanonId;

use reach::Reach;
use rewrite::Whole;

/// What was made.
pub struct Unwound {
    pub wasm: Vec<u8>,
    pub done: Unwinds,
    /// Why debug information was left out.
    pub left_out: Vec<String>,
}

/// Where stacks stay: the calls that are lowered with `async` and can come to the pause, so that what waits there lies
/// above a caller that does not.
///
/// # Errors
///
/// Fails for a module that cannot be read.
pub fn deep(wasm: &[u8], parts: &Stacks) -> Result<Vec<CanonId>> {
    if parts.starts.is_empty() {
        return Ok(Vec::new());
    }
    let input = parse::module(wasm)?;
    let module = &input.modules[0];
    // What cannot be followed is not said.
    let Ok(reach) = Reach::of(module, parts) else {
        return Ok(Vec::new());
    };
    let imported = module.imported_func_count();
    let starts = parts.starts.iter();
    let deep = starts.filter(|(_, func)| reach.of_body((func - imported) as usize));
    Ok(deep.map(|(id, _)| *id).collect())
}

/// Makes the functions of a module that can be on the stack when a task waits such that they can be taken off
/// it.
///
/// # Errors
///
/// Fails for a function that holds over a call what cannot be stored.
pub fn unwinding(wasm: &[u8], parts: &Stacks, globals: Unwinding) -> Result<Unwound> {
    let input = parse::module(wasm)?;
    let module = &input.modules[0];
    let reach = Reach::of(module, parts)?;
    let types = to_validate(module)?;
    let mut all = module
        .types
        .iter()
        .map(|ty| {
            let values = |types: &[wasmparser::ValType]| {
                let values = types.iter().map(|ty| native(*ty));
                values.collect::<Result<Vec<_>>>()
            };
            Ok(FuncType::new(values(ty.params())?, values(ty.results())?))
        })
        .collect::<Result<Vec<_>>>()?;
    // Bodies with several results are in a block of a type without parameters.
    let mut blocks = std::collections::HashMap::new();
    for (defined, &ty) in module.func_types[module.imported_funcs.len()..]
        .iter()
        .enumerate()
    {
        let results = module.types[ty as usize].results();
        if reach.of_body(defined) && results.len() > 1 && !blocks.contains_key(&ty) {
            let results = all[ty as usize].results().to_vec();
            blocks.insert(ty, all.len() as u32);
            all.push(FuncType::new([], results));
        }
    }
    let pass = Pass {
        module,
        types: all,
        added: Vec::new(),
        globals: same_globals(module)?,
        global_names: Vec::new(),
        exported: Default::default(),
        without_tags: false,
        keeps_locals: true,
    };
    let whole = Whole {
        module,
        reach: &reach,
        parts: &globals,
        blocks: &blocks,
    };
    let after = std::sync::atomic::AtomicUsize::new(0);
    let Passed { wasm, left_out, .. } = pass
        .finish(Vec::new(), Vec::new(), |defined, dwarf, out| {
            if !reach.of_body(defined) {
                return Ok(None);
            }
            let points = rewrite::body(&whole, defined, &types[defined], dwarf, out)?;
            after.fetch_add(out.len(), std::sync::atomic::Ordering::Relaxed);
            Ok(Some(points))
        })
        .context("--stacks switch")?;
    let changed = (0..module.bodies.len()).filter(|defined| reach.of_body(*defined));
    let mut done = Unwinds {
        all: module.bodies.len(),
        after: after.into_inner(),
        ..Unwinds::default()
    };
    for defined in changed {
        done.functions += 1;
        done.before += module.bodies[defined].len();
    }
    Ok(Unwound {
        wasm,
        done,
        left_out,
    })
}
