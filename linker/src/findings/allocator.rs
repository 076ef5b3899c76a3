//! The allocator of a program, which is the interface of whoever embeds it.
//!
//! A runtime that allocates in the memory of a module (WAMR: `wasm_runtime_module_malloc`, and the
//! iovecs of `fd_read` and `fd_write` in its releases up to 2020) asks the functions that the module
//! exports under names that it knows: `malloc` and `free` of C, `__new`, `__retain` and `__release` of
//! the AssemblyScript of 2020, `__pin` and `__unpin` of today's. Where there are none it puts a heap of
//! its own into the memory, or is given an arena of ours.

use anyhow::{Result, bail};
use wasmparser::{ExternalKind, ValType};

use crate::parse::constant;
use crate::parse::module::Module;
use crate::parse::scan::Ref;
use crate::profile::{ENDS, Profile};

/// What a module exports to be allocated in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocator {
    /// Nothing.
    None,
    /// All that the runtime asks for.
    Whole,
    /// The functions `__pin` and `__unpin` of AssemblyScript, which the runtime knows by their older
    /// names only: `__retain` and `__release` of the same types.
    OlderNames { retain: u32, release: u32 },
}

/// Finds the allocator of `module` that the host of `profile` would use.
///
/// # Errors
///
/// Fails when there is a part of one, which the runtime would take for the whole or which ours cannot
/// stand beside.
pub fn find(module: &Module<'_>, profile: &Profile) -> Result<Allocator> {
    const I32: ValType = ValType::I32;
    let function = |name: &str, params: &[ValType], results: &[ValType]| {
        let &(kind, index) = module.exports.get(name)?;
        let of_its_own = kind == ExternalKind::Func && index >= module.imported_func_count();
        let is_so = || {
            let ty = module.func_type(index);
            ty.params() == params && ty.results() == results
        };
        (of_its_own && is_so()).then_some(index)
    };
    let malloc = function("malloc", &[I32], &[I32]);
    let free = function("free", &[I32], &[]);
    let new = function("__new", &[I32, I32], &[I32]);
    let retain = function("__retain", &[I32], &[I32]);
    let release = function("__release", &[I32], &[]);
    let pin = function("__pin", &[I32], &[I32]);
    let unpin = function("__unpin", &[I32], &[]);
    let knows_pins = !profile.quirks.retain_before_pin;

    let newer = new.and(pin).and(unpin).is_some();
    match (malloc.is_some(), new.and(retain).is_some()) {
        (true, _) if new.is_some() => bail!(
            "malloc and __new are exported together, and the runtime takes one for the other: export \
             the functions of one allocator only"
        ),
        (true, false) if free.or(release).is_some() => return Ok(Allocator::Whole),
        (false, true) if free.or(release).is_some() => return Ok(Allocator::Whole),
        (false, false) if newer && knows_pins => return Ok(Allocator::Whole),
        (false, false) if newer && !module.exports.contains_key("__retain") => {
            if let (Some(retain), Some(release), false) =
                (pin, unpin, module.exports.contains_key("__release"))
            {
                return Ok(Allocator::OlderNames { retain, release });
            }
        }
        _ => {}
    }
    let parts: Vec<&str> = ["malloc", "free", "__retain", "__release"]
        .into_iter()
        .filter(|name| module.exports.contains_key(*name))
        .collect();
    match parts.as_slice() {
        [] => Ok(Allocator::None),
        parts => bail!(
            "{} exported, but not a whole allocator with the types that the runtime expects: export \
             all of it (clang: -Wl,--export=malloc -Wl,--export=free), as (i32) -> i32 and (i32) \
             -> (), or none of it",
            match parts {
                [one] => format!("{one} is"),
                several => format!("{} are", several.join(" and ")),
            }
        ),
    }
}

/// Whether the host of `profile` would put a heap of its own into the midst of what `module` takes for
/// its own, as it can ask nothing for memory. Where no code asks for the size of the memory, that heap
/// lies behind everything, and nobody meets it.
pub fn lacks(module: &Module<'_>, profile: &Profile) -> bool {
    profile.quirks.app_heap
        && asks_size(module)
        && matches!(find(module, profile), Ok(Allocator::None))
}

/// Whether an export of this name says where the memory of a program ends.
pub fn says_end(export: &str) -> bool {
    ENDS.contains(&export)
}

/// Whether a host that reads those exports cuts the memory there. Its own heap comes behind then, where
/// nobody else is.
pub fn shrinks(module: &Module<'_>, profile: &Profile) -> bool {
    let says = |name: &str| {
        let end = module.exports.get(name);
        end.is_some_and(|(kind, _)| *kind == ExternalKind::Global)
    };
    profile.host.shrinks_memory && ENDS.into_iter().all(says) && !asks_size(module)
}

/// Where the exports say that the memory ends, if there are both.
pub fn end(module: &Module<'_>) -> Option<u32> {
    ends(module).map(|(_, end)| end)
}

/// The exported globals with the end of the memory, and where that is, if a host of `profile` cuts it
/// there.
pub fn cut(module: &Module<'_>, profile: &Profile) -> Option<([u32; 2], u32)> {
    ends(module).filter(|_| shrinks(module, profile))
}

fn ends(module: &Module<'_>) -> Option<([u32; 2], u32)> {
    let mut globals = [0; 2];
    let mut end = 0;
    for (global, name) in globals.iter_mut().zip(ENDS) {
        let (_, index) = *module.exports.get(name)?;
        let defined = (index as usize).checked_sub(module.imported_globals.len())?;
        let init = &module.globals.get(defined)?.init;
        let Some(constant::Value::I32(value)) = constant::of_module(module, init) else {
            return None;
        };
        *global = index;
        end = end.max(value as u32);
    }
    Some((globals, end))
}

/// Whether the code that is added to `module` for `profile` must not ask for the size of the memory,
/// either: nothing does so far, and the host looks at that.
pub fn stays_unasked(module: &Module<'_>, profile: &Profile) -> bool {
    let of_its_own = module.imported_memories.is_empty();
    let any = module.memories.iter().all(|memory| memory.initial > 0);
    profile.minds_size() && of_its_own && any && !asks_size(module)
}

/// Whether any code of `module` grows a memory.
pub fn grows(module: &Module<'_>) -> bool {
    refers(module, |r| matches!(r, Ref::MemoryGrow(_)))
}

/// Whether any code of `module` asks for the size of a memory, or grows it.
pub fn asks_size(module: &Module<'_>) -> bool {
    refers(module, |r| {
        matches!(r, Ref::MemoryGrow(_) | Ref::MemorySize(_))
    })
}

fn refers(module: &Module<'_>, what: impl Fn(Ref) -> bool) -> bool {
    (0..module.bodies.len()).any(|defined| module.refs.of(defined).any(&what))
}
