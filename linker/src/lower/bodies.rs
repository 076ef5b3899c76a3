//! All function bodies, on all cores.
//!
//! What a body calls for (functions, globals, types) is numbered when it is first needed. So that
//! the numbers do not depend on which core is faster, every piece begins with what the first one has
//! called for; a piece that needs more is encoded once more when all of it has been numbered, in
//! the order of the pieces.

use std::ops::Range;

use anyhow::Result;
use wasm_encoder::Encode;

use super::{Lowering, body};
use crate::parallel::in_pieces;

/// How many bodies are encoded together, at least; and in how many pieces, at most: each begins with
/// a copy of all index maps.
const PIECE: usize = 256;
const PIECES: usize = 32;

/// Encodes the bodies of the module, each with its size in front.
pub fn encode(ctx: &mut Lowering<'_, '_, '_>) -> Result<Vec<u8>> {
    let count = ctx.module.bodies.len();
    // References get their numbers from the bodies, and a piece would begin with all of the tables.
    if ctx.tables.is_some() {
        return piece(ctx, 0..count);
    }
    let first = count.min(PIECE);
    let size = (count - first).div_ceil(PIECES).max(PIECE);
    let mut code = piece(ctx, 0..first)?;
    let tail_calls = ctx.tail_calls;
    let known = &*ctx;
    let encode = |known: &Lowering<'_, '_, '_>, bodies: Range<usize>| {
        let mut own = known.clone();
        own.tail_calls = 0;
        let bytes = piece(&mut own, first + bodies.start..first + bodies.end)?;
        anyhow::Ok((bytes, Additions::of(&own, known)))
    };
    let pieces = in_pieces(count - first, size, |bodies| encode(known, bodies));
    let pieces: Vec<(Vec<u8>, Additions)> = pieces.into_iter().collect::<Result<_>>()?;
    ctx.tail_calls = tail_calls;
    for (_, additions) in &pieces {
        additions.add_to(ctx);
    }
    let known = &*ctx;
    let again = in_pieces(pieces.len(), 1, |at| match pieces[at.start].1.is_empty() {
        true => Ok(None),
        false => {
            let start = at.start * size;
            encode(known, start..(count - first).min(start + size)).map(|(bytes, _)| Some(bytes))
        }
    });
    for ((bytes, _), again) in pieces.into_iter().zip(again) {
        let again: Result<Option<Vec<u8>>> = again;
        code.extend_from_slice(again?.as_deref().unwrap_or(&bytes));
    }
    Ok(code)
}

fn piece(ctx: &mut Lowering<'_, '_, '_>, bodies: Range<usize>) -> Result<Vec<u8>> {
    let mut code = Vec::new();
    let mut one = Vec::new();
    for defined in bodies {
        one.clear();
        body::encode(ctx, defined, &mut one).map_err(|error| {
            let offset = ctx.module.bodies[defined].start;
            error.context(format!("in the function at offset {offset:#x}"))
        })?;
        one.len().encode(&mut code);
        code.extend_from_slice(&one);
    }
    Ok(code)
}

/// What a piece called for that was not known before.
struct Additions {
    helpers: Vec<super::Helper>,
    globals: Vec<super::NewGlobal>,
    types: Vec<wasm_encoder::FuncType>,
    tail_calls: u32,
}

impl Additions {
    fn of(own: &Lowering<'_, '_, '_>, known: &Lowering<'_, '_, '_>) -> Additions {
        Additions {
            helpers: own.helpers[known.helpers.len()..].to_vec(),
            globals: own.globals[known.globals.len()..].to_vec(),
            types: own.types[known.types.len()..].to_vec(),
            tail_calls: own.tail_calls,
        }
    }

    /// Whether what was encoded can stay.
    fn is_empty(&self) -> bool {
        self.helpers.is_empty() && self.globals.is_empty() && self.types.is_empty()
    }

    fn add_to(&self, ctx: &mut Lowering<'_, '_, '_>) {
        for &helper in &self.helpers {
            ctx.helper(helper);
        }
        for global in &self.globals {
            ctx.global(global.what, global.ty, global.start);
        }
        for ty in &self.types {
            ctx.type_index(ty.params(), ty.results());
        }
        ctx.tail_calls += self.tail_calls;
    }
}
