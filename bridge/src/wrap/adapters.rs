//! Which adapters are linked, and whether they fit the program.

use std::borrow::Cow;

use anyhow::{Context, Result, bail};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER as COMMAND,
    WASI_SNAPSHOT_PREVIEW1_PROXY_ADAPTER as PROXY,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR,
};
use wasmparser::FuncType;

use super::WrapOptions;
use super::kind::Kind;
use super::start;
use super::survey::{self, Survey};
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
    exports: Vec<(String, FuncType)>,
    /// What it imports from the program.
    wants: Vec<String>,
}

impl<'a> Chosen<'a> {
    fn new(
        name: &'a str,
        wasm: Cow<'a, [u8]>,
        origin: String,
        embedded: bool,
    ) -> Result<Chosen<'a>> {
        let survey = survey::sections(&wasm)?;
        Ok(Chosen {
            name,
            origin,
            embedded,
            wants: survey
                .imported_funcs(PROGRAM)
                .into_iter()
                .map(str::to_string)
                .collect(),
            exports: survey
                .exported_funcs()
                .map(|(name, ty)| (name.to_string(), ty.clone()))
                .collect(),
            wasm,
        })
    }

    /// The functions that it provides.
    pub fn exports(&self) -> impl Iterator<Item = &str> {
        self.exports.iter().map(|(name, _)| name.as_str())
    }

    /// The type of a function that it provides.
    pub fn export(&self, name: &str) -> Option<&FuncType> {
        let found = self.exports.iter().find(|(export, _)| export == name);
        found.map(|(_, ty)| ty)
    }

    /// It calls the program's `_start`.
    pub fn is_for_commands(&self) -> bool {
        self.wants.iter().any(|name| name == "_start")
    }

    pub fn described(&self) -> String {
        format!("{} ({})", self.name, self.origin)
    }
}

/// Decides which adapters go to the encoder.
pub fn choose<'a>(
    survey: &Survey<'_>,
    kind: Kind,
    options: &'a WrapOptions,
) -> Result<Vec<Chosen<'a>>> {
    let given = |name| options.adapters.iter().any(|adapter| adapter.name == name);
    if survey.imports_from(UNSTABLE) && !given(UNSTABLE) {
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
        if sniff(&adapter.wasm).with_context(context)? == Binary::Component {
            bail!(
                "{} is a component; an adapter is a core module",
                adapter.origin
            );
        }
        let adapter = Chosen::new(
            &adapter.name,
            (&adapter.wasm).into(),
            adapter.origin.clone(),
            false,
        )
        .with_context(context)?;
        check_fit(&adapter, survey, kind, options)?;
        chosen.push(adapter);
    }
    if !given(PREVIEW1) && survey.imports_from(PREVIEW1) {
        let wasm = match kind {
            Kind::Command => COMMAND,
            Kind::Reactor => REACTOR,
            Kind::Proxy => PROXY,
        };
        let origin = format!("the embedded {kind} adapter");
        chosen.push(Chosen::new(PREVIEW1, wasm.into(), origin, true)?);
    }
    if kind == Kind::Command && !chosen.iter().any(Chosen::is_for_commands) {
        let origin = "`wasi:cli/run` calls `_start`".to_string();
        chosen.push(Chosen::new(
            start::NAME,
            start::adapter()?.into(),
            origin,
            true,
        )?);
    }
    Ok(chosen)
}

/// Says what an adapter wants of the program and will not get, and the reverse.
fn check_fit(
    adapter: &Chosen<'_>,
    survey: &Survey<'_>,
    kind: Kind,
    options: &WrapOptions,
) -> Result<()> {
    if adapter.is_for_commands() && survey.start().is_none() {
        bail!(
            "{} is an adapter for commands: it calls the program's `_start`; this module exports no `_start`, it is a \
             reactor and needs a reactor adapter",
            adapter.origin
        );
    }
    if adapter.name == PREVIEW1 && kind == Kind::Command && !adapter.is_for_commands() {
        let hint = match options.kind {
            Some(_) => "",
            None => "; if that is meant, say `--kind reactor`",
        };
        bail!(
            "{} is not an adapter for commands: nothing would call the `_start` that this module exports, so it needs a \
             command adapter{hint}",
            adapter.origin
        );
    }
    // The encoder has a replacement for a missing realloc, and only for that.
    let missing = adapter.wants.iter().find(|name| {
        !matches!(
            name.as_str(),
            "_start" | "cabi_realloc" | "canonical_abi_realloc"
        ) && !survey.exports_func(name)
    });
    if let Some(name) = missing {
        bail!(
            "the adapter {} calls the program's `{name}`, which this module does not export",
            adapter.origin
        );
    }
    Ok(())
}
