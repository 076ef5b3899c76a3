//! Programs that still have their relocations get another stack, or another place.
//!
//! `wasm-ld` puts the stack below the data, or above it, as large as it was told: 64 KiB for clang, 1 MiB
//! for rustc. With `--emit-relocs` it leaves in the program where every address is. Then what lies above the
//! stack can move down, and the program is what it would be with a smaller stack. All numbers stay as long
//! as they were, so nothing else in the file changes its place. In the same way a program is moved to where it
//! lies in a memory that it shares with others ([`place()`]).

mod image;
mod moves;
mod place;
mod program;
mod restored;
mod sites;
mod symbols;

use std::fmt;
use std::ops::Range;

use anyhow::{Context, Result, bail};
use wasmparser::{Parser, Payload};

use crate::memory::layout::{in_bytes, in_pages};
use image::{Image, Segment, write};
use moves::Move;
pub use place::{Addresses, Place, addresses, has_relocations, place, stack};
use program::{STACK_ALIGNMENT, lowest, rounded, stack_pointer, used};
use symbols::Symbols;

/// A stack that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The module: its name, or its place in the file.
    pub module: String,
    /// Its bytes before and after.
    pub from: u32,
    pub to: u32,
}

/// A file whose stacks were cut.
#[derive(Clone, Debug)]
pub struct CutStacks {
    /// It is as long as it was.
    pub wasm: Vec<u8>,
    pub stacks: Vec<Stack>,
    /// The modules that may have a stack, of which nothing is known.
    pub unseen: Vec<String>,
}

impl CutStacks {
    /// What there is to say, a line each.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let unseen = self.unseen.iter().map(|module| {
            format!(
                "the stack of {module} stays as it is: nothing says where it is (link it with --emit-relocs)"
            )
        });
        self.stacks.iter().map(Stack::to_string).chain(unseen)
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stack { module, from, to } = self;
        match from == to {
            true => write!(f, "the stack of {module} has {from} bytes already"),
            false => write!(f, "the stack of {module} has {to} bytes instead of {from}"),
        }
    }
}

/// Cuts the stacks of a module, or of all modules of a component that have more than so many bytes.
///
/// # Errors
///
/// Names a module with a larger stack that cannot be cut, with the reason and what to do. So it does where no
/// module has a stack that is seen.
pub fn cut_stacks(wasm: &[u8], size: u32) -> Result<CutStacks> {
    let size = rounded(size).max(STACK_ALIGNMENT);
    let mut out = wasm.to_vec();
    let mut stacks = Vec::new();
    let mut unseen = Vec::new();
    for (number, range) in modules(wasm)?.into_iter().enumerate() {
        let module = &mut out[range.clone()];
        let name = name(module).unwrap_or_else(|| format!("core module {number}"));
        match cut(module, size).with_context(|| {
            format!(
                "--stack-size: the stack of {name:?} (at offset {:#x})",
                range.start
            )
        })? {
            Cut::Stack { from, to } => stacks.push(Stack {
                module: name,
                from,
                to,
            }),
            Cut::None => {}
            Cut::Unseen => unseen.push(name),
        }
    }
    if stacks.is_empty() {
        let names: Vec<String> = unseen.iter().map(|name| format!("{name:?}")).collect();
        bail!(
            "--stack-size: no stack is seen in {}: link the program with --emit-relocs (clang: \
             -Wl,--emit-relocs, rustc: -C link-arg=--emit-relocs) and do not strip it, or give its linker the \
             option -z stack-size={size}",
            if names.is_empty() {
                "this file".to_string()
            } else {
                names.join(", ")
            }
        );
    }
    Ok(CutStacks {
        wasm: out,
        stacks,
        unseen,
    })
}

/// Where the core modules of a file are.
fn modules(wasm: &[u8]) -> Result<Vec<Range<usize>>> {
    let mut modules: Vec<Range<usize>> = Vec::new();
    if Parser::is_core_wasm(wasm) {
        modules.push(0..wasm.len());
        return Ok(modules);
    }
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ModuleSection {
            unchecked_range, ..
        } = payload?
        {
            modules.push(unchecked_range.start as usize..unchecked_range.end as usize);
        }
    }
    Ok(modules)
}

/// The name that a module has in its name section.
fn name(module: &[u8]) -> Option<String> {
    for payload in Parser::new(0).parse_all(module) {
        if let Ok(Payload::CustomSection(section)) = payload
            && let wasmparser::KnownCustom::Name(names) = section.as_known()
        {
            for part in names {
                if let Ok(wasmparser::Name::Module { name, .. }) = part {
                    return Some(name.to_string());
                }
            }
        }
    }
    None
}

/// What became of a module.
enum Cut {
    Stack {
        from: u32,
        to: u32,
    },
    /// It has no memory of its own.
    None,
    /// It may have a stack, of which nothing is known.
    Unseen,
}

/// Cuts the stack of one module.
fn cut(wasm: &mut [u8], size: u32) -> Result<Cut> {
    let image = Image::read(wasm)?;
    let Some(pages) = &image.pages else {
        return Ok(Cut::None);
    };
    let Some(linking) = image.linking.clone().filter(|_| image.has_code) else {
        return Ok(Cut::Unseen);
    };
    let contents = wasm[linking.clone()].to_vec();
    let symbols = Symbols::read(&contents, linking.start as u64)?;
    let Some(pointer) = stack_pointer(&image, &symbols) else {
        return Ok(Cut::Unseen);
    };
    let high = pointer.initial.value;
    let low = lowest(&image, &symbols, high);
    let old = high - low;
    let alignment = symbols.alignment.max(STACK_ALIGNMENT);
    let delta = old.saturating_sub(size) / alignment * alignment;
    if delta == 0 {
        return Ok(Cut::Stack { from: old, to: old });
    }
    if image.relocations.is_empty() {
        bail!(
            "it has {old} bytes, and the program does not say where its addresses are: link it with \
             --emit-relocs (clang: -Wl,--emit-relocs, rustc: -C link-arg=--emit-relocs) or -z \
             stack-size={size}"
        );
    }
    let cannot = || {
        format!(
            "it has {old} bytes and cannot be cut; the linker can: -z stack-size={size}. If something has \
             worked on the program after its linker (clang runs a wasm-opt that it finds, unless it gets \
             --no-wasm-opt), use --stack-size before that"
        )
    };
    if image.other_memory || image.segments.iter().any(Option::is_none) {
        bail!("its memory is shared, or filled by its own code");
    }
    let pages_after =
        pages_after(&image, &symbols, pages.value, high, delta).with_context(cannot)?;
    let down = Move {
        high,
        top: high - delta,
        below: 0,
        above: delta.wrapping_neg(),
        pages: Some(pages_after),
    };
    let found = sites::find(wasm, &image, &symbols).with_context(cannot)?;
    let globals = down
        .globals(&image, &symbols, pointer)
        .with_context(cannot)?;
    down.apply(wasm, &image, &symbols, &found)
        .with_context(cannot)?;
    down.rename(wasm, &symbols)?;
    for (global, value) in globals {
        write(wasm, &global.initial.at, value, true);
    }
    for Segment { offset, .. } in image.segments.iter().flatten() {
        let to = offset.value.wrapping_add(down.delta(offset.value));
        write(wasm, &offset.at, to, true);
    }
    write(wasm, &pages.at, pages_after, false);
    Ok(Cut::Stack {
        from: old,
        to: old - delta,
    })
}

/// Finds how many pages the program starts with when what lies from `high` on has moved down: those that its
/// data and its heap had, as `wasm-ld` counts them.
fn pages_after(
    image: &Image,
    symbols: &Symbols<'_>,
    pages: u32,
    high: u32,
    delta: u32,
) -> Result<u32> {
    let declared = in_bytes(pages);
    let used = used(image, symbols, high);
    if used > declared {
        bail!("its data does not fit its memory");
    }
    // Pages that were asked for stay: somebody wants the room.
    let bytes = match in_pages(used) == pages {
        true => used - u64::from(delta),
        false => declared - u64::from(delta),
    };
    Ok(in_pages(bytes).max(1))
}
