//! Programs that still have their relocations are put where they lie in a memory that they share: their
//! pointers are addresses of that memory then, and nothing is added to them at an access.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Result, bail};
use wasmparser::{Parser, Payload};

use super::image::Image;
use super::moves::Move;
use super::program::{STACK_ALIGNMENT, lowest, stack_pointer, used};
use super::symbols::{Symbol, Symbols};
use super::{restored, sites};
use crate::memory::layout::in_bytes;
use crate::parse::Placed;

/// Where the memory of a program goes.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Where it begins, a multiple of 16: with its stack, unless that is elsewhere.
    pub base: u32,
    /// Its bytes.
    pub bytes: u64,
    /// Where its stack ends, if that lies elsewhere ([`stack`]).
    pub stack_top: Option<u32>,
}

/// The stack of a program, in its own memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stacked {
    /// Where it begins and ends.
    low: u32,
    high: u32,
}

/// Whether a core module in some file has relocations.
pub fn has_relocations(wasm: &[u8]) -> bool {
    let mut payloads = Parser::new(0).parse_all(wasm);
    payloads.any(|payload| match payload {
        Ok(Payload::CustomSection(section)) => section.name() == "reloc.CODE",
        _ => false,
    })
}

/// What a program has to have to be put anywhere.
struct Program<'w> {
    image: Image,
    symbols: Symbols<'w>,
    stack: Stacked,
}

/// Reads a module.
fn read<'w>(wasm: &[u8], linking: &'w mut Vec<u8>) -> Result<Program<'w>> {
    let image = Image::read(wasm)?;
    let Some(range) = image
        .linking
        .clone()
        .filter(|_| !image.relocations.is_empty())
    else {
        bail!("it has no relocations: link it with --emit-relocs");
    };
    if image.other_memory || image.segments.iter().any(Option::is_none) {
        bail!("its memory is shared, or filled by its own code");
    }
    *linking = wasm[range.clone()].to_vec();
    let symbols = Symbols::read(linking, range.start as u64)?;
    let Some(pointer) = stack_pointer(&image, &symbols) else {
        bail!("nothing says where its stack is");
    };
    let high = pointer.initial.value;
    let low = lowest(&image, &symbols, high);
    Ok(Program {
        image,
        symbols,
        stack: Stacked { low, high },
    })
}

/// The addresses in a module.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Where they begin.
    pub places: HashSet<usize>,
    /// Whether one of them is where the data, or the memory, ends.
    pub of_end: bool,
}

/// Finds the addresses in a module that has relocations which fit.
pub fn addresses(wasm: &[u8]) -> Option<Addresses> {
    if !has_relocations(wasm) {
        return None;
    }
    let mut linking = Vec::new();
    let program = read(wasm, &mut linking).ok()?;
    let sites = sites::find(wasm, &program.image, &program.symbols).ok()?;
    let is_end = |site: &sites::Site| match &program.symbols.all[site.symbol] {
        Symbol::Absolute { name, .. } => ["__heap_base", "__heap_end", "__data_end"].contains(name),
        // Of nothing that is there: what comes behind the data.
        Symbol::Data { segment, offset } => {
            let segment = program.image.segments.get(*segment as usize);
            segment.is_none_or(|segment| segment.as_ref().is_none_or(|of| *offset >= of.bytes))
        }
        _ => false,
    };
    Some(Addresses {
        of_end: sites.iter().any(is_end),
        places: sites.into_iter().map(|site| site.at.start).collect(),
    })
}

/// The bytes of the stack of a module, which lies below its data and has nothing on it between calls of its
/// exports.
///
/// # Errors
///
/// Says why that is not so, or not known.
pub fn stack(wasm: &[u8]) -> Result<u32> {
    let mut linking = Vec::new();
    let program = read(wasm, &mut linking)?;
    let Stacked { low, high } = program.stack;
    if low > 0 || program.image.lowest_data() < high {
        bail!("its stack does not lie below its data: link it with --stack-first");
    }
    if !high.is_multiple_of(STACK_ALIGNMENT) {
        bail!("its stack ends at {high}, which is no multiple of {STACK_ALIGNMENT}");
    }
    let pointer = stack_pointer(&program.image, &program.symbols).expect("it was found");
    if !pointer.mutable {
        bail!(
            "its tasks have the pointer of their stack in their context, and a task may have something on it while it waits"
        );
    }
    let mut exported = program.image.exported.iter();
    if exported.any(|(index, _)| *index == pointer.index) {
        bail!("it exports the pointer of its stack");
    }
    restored::check(wasm, pointer.index)?;
    Ok(high)
}

/// Writes the addresses that a module has in its code, its data and its debug information when it is somewhere
/// else. Data segments and globals stay; they are told by what is returned.
///
/// # Errors
///
/// Says why the module cannot be put there. Nothing is written then.
pub fn place(wasm: &mut [u8], to: &Place) -> Result<Placed> {
    let mut linking = Vec::new();
    let program = read(wasm, &mut linking)?;
    let Program {
        image,
        symbols,
        stack,
    } = &program;
    let pages = image.pages.as_ref().map_or(0, |pages| pages.value);
    if used(image, symbols, stack.high) > in_bytes(pages) {
        bail!("its data does not fit its memory");
    }
    let alignment = symbols.alignment.max(STACK_ALIGNMENT);
    let there = match to.stack_top {
        None => Move {
            high: stack.high,
            top: stack.high.wrapping_add(to.base),
            below: to.base,
            above: to.base,
            pages: None,
        },
        Some(top) => Move {
            high: stack.high,
            top,
            below: top.wrapping_sub(stack.high),
            above: to.base.wrapping_sub(stack.high),
            pages: None,
        },
    };
    if !there.above.is_multiple_of(alignment) {
        bail!("its data is aligned to {alignment} bytes, and would lie otherwise there");
    }
    let found = sites::find(wasm, image, symbols)?;
    let pointer = stack_pointer(image, symbols).expect("it was found");
    let globals = there.globals(image, symbols, pointer)?;
    let globals: BTreeMap<u32, u32> = globals
        .into_iter()
        .map(|(global, value)| (global.index, value))
        .collect();
    there.apply(wasm, image, symbols, &found)?;
    Ok(Placed {
        base: to.base,
        bytes: to.bytes,
        data: there.above,
        stack: match to.stack_top {
            Some(_) => stack.high,
            None => 0,
        },
        globals,
    })
}
