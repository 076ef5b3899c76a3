//! Which adapters are linked, and whether they fit the program.

use std::borrow::Cow;

use anyhow::{Context, Result, bail};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER as COMMAND,
    WASI_SNAPSHOT_PREVIEW1_PROXY_ADAPTER as PROXY,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR,
};

use super::kind::Kind;
use super::start;
use super::survey::{self, Survey};
use super::{Adapter, Wasi, WrapOptions};
use crate::sniff::{Binary, sniff};

/// The module name of Preview 1.
pub const PREVIEW1: &str = "wasi_snapshot_preview1";
/// The module name of the preview before it.
const UNSTABLE: &str = "wasi_unstable";
/// The module name under which an adapter imports what the program exports.
const PROGRAM: &str = "__main_module__";

/// An adapter that goes to the encoder.
pub struct Chosen<'a> {
    pub name: &'a str,
    pub wasm: Cow<'a, [u8]>,
    /// The file, or what the embedded one is called.
    pub origin: String,
    pub embedded: bool,
    /// It has the functions for sockets, too, that WAMR adds to Preview 1.
    pub sockets: bool,
    /// It calls the program's `_start`.
    pub for_commands: bool,
}

impl Chosen<'_> {
    /// What it provides and what it wants of the program.
    pub fn survey(&self) -> Result<Survey<'_>> {
        survey::sections(&self.wasm)
    }

    pub fn described(&self) -> String {
        format!("{} ({})", self.name, self.origin)
    }
}

/// Decides which adapters go to the encoder; or, where our own library is `woven` in, what stands for it in messages.
pub fn choose<'a>(
    survey: &Survey<'_>,
    kind: Kind,
    options: &'a WrapOptions,
    woven: bool,
) -> Result<Vec<Chosen<'a>>> {
    let given = |name| options.adapters.iter().any(|adapter| adapter.name == name);
    if survey.imports_from(UNSTABLE) && !given(UNSTABLE) && !woven {
        bail!(
            "the module imports `{UNSTABLE}`, the preview before `{PREVIEW1}`; its structs have other layouts and no \
             adapter for it is embedded: compile the program with a newer toolchain, or give an adapter with \
             `--adapt {UNSTABLE}=FILE`"
        );
    }
    let mut chosen = Vec::new();
    for adapter in &options.adapters {
        if chosen
            .iter()
            .any(|other: &Chosen<'_>| other.name == adapter.name)
        {
            bail!(
                "two adapters are named `{}`; give each its own name: `--adapt NAME=FILE`",
                adapter.name
            );
        }
        let context = || format!("the adapter {}", adapter.origin);
        chosen.push(given_adapter(adapter, survey, kind, options).with_context(context)?);
    }
    if !given(PREVIEW1) && survey.imports_from(PREVIEW1) {
        let wasm = match kind {
            Kind::Command => COMMAND,
            Kind::Reactor => REACTOR,
            Kind::Proxy => PROXY,
        };
        chosen.push(Chosen {
            name: PREVIEW1,
            wasm: wasm.into(),
            origin: match (woven, options.wasi) {
                (true, Wasi::V0_2) => "the library of p1bridge".to_string(),
                (true, Wasi::V0_3) => "the library of p1bridge for WASI 0.3".to_string(),
                (false, _) => format!("the embedded {kind} adapter"),
            },
            embedded: true,
            sockets: woven && options.wasi == Wasi::V0_2,
            for_commands: kind == Kind::Command,
        });
    }
    if kind == Kind::Command && !chosen.iter().any(|adapter| adapter.for_commands) {
        chosen.push(Chosen {
            name: start::NAME,
            wasm: start::adapter()?.into(),
            origin: "`wasi:cli/run` calls `_start`".to_string(),
            embedded: true,
            sockets: false,
            for_commands: true,
        });
    }
    Ok(chosen)
}

/// An adapter of the user's, if it fits the module.
fn given_adapter<'a>(
    adapter: &'a Adapter,
    survey: &Survey<'_>,
    kind: Kind,
    options: &WrapOptions,
) -> Result<Chosen<'a>> {
    if sniff(&adapter.wasm)? == Binary::Component {
        bail!("this is a component; an adapter is a core module");
    }
    let wants = survey::sections(&adapter.wasm)?.imported_funcs(PROGRAM);
    let chosen = Chosen {
        name: &adapter.name,
        wasm: (&adapter.wasm).into(),
        origin: adapter.origin.clone(),
        embedded: false,
        sockets: false,
        for_commands: wants.contains(&"_start"),
    };
    check_fit(&chosen, &wants, survey, kind, options)?;
    Ok(chosen)
}

/// Says what an adapter wants of the program and will not get, and the reverse.
fn check_fit(
    adapter: &Chosen<'_>,
    wants: &[&str],
    survey: &Survey<'_>,
    kind: Kind,
    options: &WrapOptions,
) -> Result<()> {
    if adapter.for_commands && survey.start().is_none() {
        bail!(
            "this is an adapter for commands: it calls the program's `_start`; the module exports no `_start`, it is a \
             reactor and needs a reactor adapter"
        );
    }
    if adapter.name == PREVIEW1 && kind == Kind::Command && !adapter.for_commands {
        let hint = match options.kind {
            Some(_) => "",
            None => "; if that is meant, say `--kind reactor`",
        };
        bail!(
            "this is not an adapter for commands: nothing would call the `_start` that the module exports, so it needs a \
             command adapter{hint}"
        );
    }
    // The encoder has a replacement for a missing realloc, and only for that.
    let missing = wants.iter().find(|name| {
        !matches!(**name, "_start" | "cabi_realloc" | "canonical_abi_realloc")
            && !survey.exports_func(name)
    });
    if let Some(name) = missing {
        bail!("this adapter calls the program's `{name}`, which the module does not export");
    }
    Ok(())
}
