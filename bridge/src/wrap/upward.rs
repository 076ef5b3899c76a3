//! Preview 1 on the WASI of components, woven into the program: a component without adapter, shim or fixup.
//!
//! *Memory first*: core modules can only be instantiated when what they import is there, and functions of the host are lowered
//! onto a memory. So a first, tiny module has the memory of the program and a `realloc` that hands out what the library says;
//! imports are lowered with it; the program, with the library woven in, imports them and the memory.
//!
//! | module | has |
//! |---|---|
//! | memory | the memory of the program, a `realloc` for the library, and slots for functions of the program that the canonical ABI needs before it is there |
//! | state | the memory of the library, if it needs one: descriptors, lists of the host |
//! | program | the program and the library |
//! | knot | fills the slots, and starts the program if that has to wait for it |
//!
//! Types, imports and exports are those of [`skeleton`], which wit-component encodes.

mod encode;
mod modules;
mod parts;
mod program;
mod skeleton;

use anyhow::{Context, Result};
use p1bridge_linker::preview1::{MODULE, UNSTABLE};
use p1bridge_linker::unadapt::is_service;
use p1bridge_linker::wrapped::{ENDS, EXIT_CODES, INSIDE, NO_EXIT_CODES, PROXY};
use p1bridge_linker::{Library, weave};

use super::kind::Kind;
use super::survey::{self, Survey};
use super::{Wasi, WrapOptions};

/// Preview 1 on WASI 0.2, built from `adapters/`.
const ON_WASI_0_2: &[Library<'static>] = &[Library {
    name: "p1-on-p2",
    wasm: p1bridge_adapters::P1_ON_P2,
}];

/// Preview 1 on WASI 0.3.
const ON_WASI_0_3: &[Library<'static>] = &[Library {
    name: "p1-on-p3",
    wasm: p1bridge_adapters::P1_ON_P3,
}];

/// Whether a module gets the library: it needs it, and nothing else is asked for.
///
/// The adapter is for what the library is not: libcs of components ask adapters for more under the name of Preview 1; relocations
/// are of code that does not move; by other names than `cabi_realloc` only wit-component knows what a module exports; and hosts of
/// proxies have no sockets and are of WASI 0.2.
pub fn takes(survey: &Survey<'_>, kind: Kind, options: &WrapOptions) -> bool {
    let asks_for_other = !options.adapters.is_empty() || options.wasmtime_adapter;
    let needs = survey.imports_from(MODULE) || survey.imports_from(UNSTABLE);
    let beyond = survey.imported_funcs(MODULE).into_iter().any(is_service);
    let is_other = |name: &str| name == "canonical_abi_realloc" || name.starts_with("cm32p2");
    let has_others = survey.exported_funcs().any(|(name, _)| is_other(name));
    let has_sockets = survey.imported_funcs(MODULE).contains(&"sock_open");
    let is_beside =
        kind == Kind::Proxy && has_sockets || beyond || survey.for_linkers || has_others;
    (needs || kind == Kind::Command) && !asks_for_other && !is_beside
}

/// A component.
pub struct Wrapped {
    pub component: Vec<u8>,
    /// How many functions of Preview 1 are woven in.
    pub functions: usize,
}

/// Wraps a module that imports Preview 1, of which `survey` is; nothing where nothing can be woven into it.
///
/// # Errors
///
/// When the library does not have a function that the module imports, and those of wit-component.
pub fn wrap(
    module: &[u8],
    survey: &Survey<'_>,
    kind: Kind,
    options: &WrapOptions,
) -> Result<Option<Wrapped>> {
    let mut known = vec![match options.exit_codes {
        _ if kind == Kind::Proxy => PROXY,
        true => EXIT_CODES,
        false => NO_EXIT_CODES,
    }];
    if survey.exports_func(skeleton::REALLOC) {
        known.push(INSIDE);
    }
    if kind == Kind::Command {
        known.push(ENDS);
    }
    let libraries = match options.wasi {
        Wasi::V0_2 => ON_WASI_0_2,
        Wasi::V0_3 => ON_WASI_0_3,
    };
    let Some(woven) = weave::weave_up(module, libraries, &known)? else {
        return Ok(None);
    };
    let survey = survey::sections(&woven.wasm).context("the woven module")?;
    let skeleton = skeleton::encode(&survey, options.world.as_ref(), options.wasi)?;
    let runs = (kind == Kind::Command).then_some(options.wasi);
    Ok(Some(Wrapped {
        component: encode::component(&skeleton, &survey, &woven, runs)?,
        functions: woven.functions.len(),
    }))
}
