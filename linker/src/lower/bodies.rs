//! All function bodies, on all cores.
//!
//! What a body calls for (functions, globals, types) is numbered when it is first needed. So that
//! the numbers do not depend on which core is faster, every piece begins with what the first one has
//! called for; a piece that needs more is encoded once more when all of it has been numbered, in
//! the order of the pieces.

use std::ops::Range;

use anyhow::Result;
use wasm_encoder::Encode;

use super::body;
use super::helper::Helper;
use super::lowering::{Lowering, NewGlobal};
use super::output::Part;
use crate::debug::address::MovedBody;
use crate::limits::Room;
use crate::parallel::in_pieces;

/// How many bodies are encoded together, at least; and in how many pieces, at most: each begins with
/// a copy of all index maps.
const PIECE: usize = 256;
const PIECES: usize = 32;

/// Bodies one after the other, each with its size in front.
#[derive(Default)]
pub struct Code {
    pub parts: Vec<Part>,
    /// The bytes of all parts.
    length: usize,
    /// Where they are in these, if debug information has to follow them.
    pub moved: Vec<MovedBody>,
}

impl Code {
    /// The bytes of all bodies.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Where the next body is written, with its size.
    pub fn written(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if !matches!(self.parts.last(), Some(Part::Written(_))) {
            self.parts.push(Part::Written(Vec::new()));
        }
        if let Some(Part::Written(bytes)) = self.parts.last_mut() {
            let before = bytes.len();
            write(bytes);
            self.length += bytes.len() - before;
        }
    }

    /// Keeps bytes of the input.
    fn keep(&mut self, range: Range<usize>) {
        self.length += range.len();
        match self.parts.last_mut() {
            Some(Part::Kept(last)) if last.end == range.start => last.end = range.end,
            _ => self.parts.push(Part::Kept(range)),
        }
    }

    fn append(&mut self, other: Code) {
        let at = self.length as u64;
        self.parts.extend(other.parts);
        self.length += other.length;
        self.moved.extend(other.moved.into_iter().map(|mut body| {
            body.new = body.new.start + at..body.new.end + at;
            body
        }));
    }
}

/// Encodes the bodies of the module.
pub fn encode(ctx: &mut Lowering<'_, '_, '_>) -> Result<Code> {
    let count = ctx.module.bodies.len();
    // References get their numbers from the bodies, and a piece would begin with all of the tables.
    let room = Room::of(ctx.module.bytes.len());
    if ctx.tables.is_some() {
        return piece(ctx, 0..count, Some(&room));
    }
    let first = count.min(PIECE);
    let size = (count - first).div_ceil(PIECES).max(PIECE);
    let mut code = piece(ctx, 0..first, Some(&room))?;
    let tail_calls = ctx.tail_calls;
    let known = &*ctx;
    let encode = |known: &Lowering<'_, '_, '_>, bodies: Range<usize>, room: Option<&Room>| {
        let mut own = known.clone();
        own.tail_calls = 0;
        let code = piece(&mut own, first + bodies.start..first + bodies.end, room)?;
        anyhow::Ok((code, Additions::of(&own, known)))
    };
    let pieces = in_pieces(count - first, size, |bodies| {
        encode(known, bodies, Some(&room))
    });
    let pieces: Vec<(Code, Additions)> = pieces.into_iter().collect::<Result<_>>()?;
    ctx.tail_calls = tail_calls;
    for (_, additions) in &pieces {
        additions.add_to(ctx);
    }
    let known = &*ctx;
    let again = in_pieces(pieces.len(), 1, |at| match pieces[at.start].1.is_empty() {
        true => Ok(None),
        false => {
            let start = at.start * size;
            encode(known, start..(count - first).min(start + size), None)
                .map(|(code, _)| Some(code))
        }
    });
    for ((first, _), again) in pieces.into_iter().zip(again) {
        let again: Result<Option<Code>> = again;
        code.append(again?.unwrap_or(first));
    }
    Ok(code)
}

/// `room` is where the bytes are taken from, unless they were already.
fn piece(
    ctx: &mut Lowering<'_, '_, '_>,
    bodies: Range<usize>,
    room: Option<&Room>,
) -> Result<Code> {
    let mut code = Code::default();
    let (mut size, mut one) = (Vec::new(), Vec::new());
    for defined in bodies {
        one.clear();
        let points = body::encode(ctx, defined, &mut one).map_err(|error| {
            let offset = ctx.module.bodies[defined].start;
            error.context(format!("in the function at offset {offset:#x}"))
        })?;
        if let Some(room) = room {
            room.spend(one.len())?;
        }
        size.clear();
        one.len().encode(&mut size);
        if ctx.has_dwarf {
            let start = code.len() + size.len();
            let moved = MovedBody::new(ctx.module, defined, start..start + one.len(), points);
            code.moved.push(moved);
        }
        let Range { start, end } = ctx.module.bodies[defined];
        let with_size = start - size.len()..end;
        let bytes = ctx.module.bytes;
        if bytes[start..end] == one[..] && bytes[with_size.start..start] == size[..] {
            code.keep(with_size);
            continue;
        }
        code.written(|bytes| {
            bytes.extend_from_slice(&size);
            bytes.extend_from_slice(&one);
        });
    }
    Ok(code)
}

/// What a piece called for that was not known before.
struct Additions {
    helpers: Vec<Helper>,
    globals: Vec<NewGlobal>,
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
