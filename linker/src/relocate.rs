//! Programs that still have their relocations get another stack.
//!
//! `wasm-ld` puts the stack below the data, or above it, as large as it was told: 64 KiB for clang, 1 MiB
//! for rustc. With `--emit-relocs` it leaves in the program where every address is. Then what lies above the
//! stack can move down, and the program is what it would be with a smaller stack. All numbers stay as long
//! as they were, so nothing else in the file changes its place.

mod image;
mod sites;
mod symbols;

use std::fmt;
use std::ops::Range;

use anyhow::{Context, Result, bail};
use wasmparser::{Parser, Payload};

use crate::memory::layout::{PAGE, in_bytes, in_pages};
use image::{Global, Image, Segment, write};
use sites::Form;
use symbols::{Symbol, Symbols};

/// Where a stack pointer points to must be a multiple of this.
const STACK_ALIGNMENT: u32 = 16;

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
    let pointer = symbols.stack_pointer.and_then(|index| {
        let mut globals = image.globals.iter();
        globals.find(|global| global.index == index && global.mutable)
    });
    let Some(pointer) = pointer else {
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
    let move_down = Move { high, delta };
    let found = sites::find(wasm, &image, &symbols).with_context(cannot)?;
    let ends = ends(&image, &symbols, pages.value, &move_down).with_context(cannot)?;
    for site in &found {
        let value = match &symbols.all[site.symbol] {
            Symbol::Absolute { name, address } => {
                let to = move_down
                    .absolute(name, *address, &ends)
                    .with_context(cannot)?;
                site.value.wrapping_sub(address.wrapping_sub(to))
            }
            symbol => match sites::address(symbol, &image) {
                Some(address) if address >= high => site.value.wrapping_sub(delta),
                _ => site.value,
            },
        };
        match site.form {
            Form::Leb => write(wasm, &site.at, value, false),
            Form::SignedLeb => write(wasm, &site.at, value, true),
            Form::FourBytes => wasm[site.at.clone()].copy_from_slice(&value.to_le_bytes()),
        }
    }
    let exported = |global: &Global| {
        let mut names = image.exported.iter();
        names.find(|(index, _)| *index == global.index)
    };
    for global in &image.globals {
        let value = global.initial.value;
        let to = match exported(global) {
            _ if global.index == pointer.index => high - delta,
            Some((_, name)) if is_known(name) => move_down
                .absolute(name, value, &ends)
                .with_context(cannot)?,
            _ if value < high || value > pages.value.saturating_mul(PAGE) => continue,
            _ => {
                return Err(anyhow::anyhow!(
                    "global {} may be an address, of which nothing is known",
                    global.index
                ))
                .with_context(cannot);
            }
        };
        write(wasm, &global.initial.at, to, true);
    }
    for Segment { offset, .. } in image.segments.iter().flatten() {
        if offset.value >= high {
            write(wasm, &offset.at, offset.value - delta, true);
        }
    }
    write(wasm, &pages.at, ends.pages, false);
    Ok(Cut::Stack {
        from: old,
        to: old - delta,
    })
}

/// Where the stack begins: at 0, or above the data where that lies below it.
fn lowest(image: &Image, symbols: &Symbols<'_>, high: u32) -> u32 {
    let named = symbols.all.iter().find_map(|symbol| match symbol {
        Symbol::Absolute {
            name: "__stack_low",
            address,
        } => Some(*address),
        _ => None,
    });
    let below = image.segments.iter().flatten().filter_map(|segment| {
        let end = segment.offset.value.saturating_add(segment.bytes);
        (end <= high).then_some(end)
    });
    let low = named.or_else(|| below.max()).unwrap_or(0);
    rounded(low).min(high)
}

/// The next address that a stack can begin at.
fn rounded(address: u32) -> u32 {
    let most = u32::MAX - (STACK_ALIGNMENT - 1);
    address.min(most).next_multiple_of(STACK_ALIGNMENT)
}

/// What moves: everything from `high` on, by `delta` down.
struct Move {
    high: u32,
    delta: u32,
}

/// The memory as it will be.
struct Ends {
    pages: u32,
}

/// The names that `wasm-ld` gives to addresses of its own.
fn is_known(name: &str) -> bool {
    [
        "__heap_base",
        "__heap_end",
        "__data_end",
        "__global_base",
        "__stack_high",
        "__stack_low",
        "__dso_handle",
    ]
    .contains(&name)
}

impl Move {
    /// Where one of the linker's own addresses will be.
    fn absolute(&self, name: &str, address: u32, ends: &Ends) -> Result<u32> {
        match name {
            // Where the memory ends at the start, which is the end of a page.
            "__heap_end" if ends.pages <= address / PAGE => Ok(ends.pages * PAGE),
            _ if address < self.high => Ok(address),
            _ if is_known(name) && name != "__heap_end" => Ok(address - self.delta),
            _ => bail!("the address {name:?} of the linker is not known"),
        }
    }
}

/// Finds how many pages the program starts with: those that its data and its heap had, as `wasm-ld` counts
/// them.
fn ends(image: &Image, symbols: &Symbols<'_>, pages: u32, by: &Move) -> Result<Ends> {
    let declared = in_bytes(pages);
    let data = image.segments.iter().flatten();
    let data = data.map(|segment| u64::from(segment.offset.value) + u64::from(segment.bytes));
    let base = symbols.all.iter().filter_map(|symbol| match symbol {
        Symbol::Absolute {
            name: "__heap_base",
            address,
        } => Some(u64::from(*address)),
        _ => None,
    });
    let used = data.chain(base).chain([u64::from(by.high)]).max();
    let used = used.unwrap_or_default();
    if used > declared {
        bail!("its data does not fit its memory");
    }
    let delta = u64::from(by.delta);
    // Pages that were asked for stay: somebody wants the room.
    let bytes = match in_pages(used) == pages {
        true => used - delta,
        false => declared - delta,
    };
    Ok(Ends {
        pages: in_pages(bytes).max(1),
    })
}
