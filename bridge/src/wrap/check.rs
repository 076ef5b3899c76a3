//! What the finished component would fail at, and what will not work in it.

use std::collections::HashSet;

use anyhow::{Result, bail};
use wasmparser::{
    ComponentName, ComponentNameSectionReader, ExternalKind, KnownCustom, Operator, Parser,
    Payload, TypeRef,
};

use super::adapters::{Chosen, PREVIEW1};
use super::kind::Kind;
use super::layer;
use super::survey::Survey;
use super::world::World;
use super::{Wasi, WrapOptions};
use crate::validate::located;

/// The outermost layer of a component that wit-component has made.
#[derive(Debug, Default)]
pub struct Facts<'a> {
    exports: usize,
    /// The adapters inside, by name.
    pub adapters: Vec<(&'a str, &'a [u8])>,
}

impl Facts<'_> {
    pub fn contains_adapter(&self, adapter: &Chosen<'_>) -> bool {
        self.adapters.iter().any(|(name, _)| *name == adapter.name)
    }
}

/// Reads the outermost layer of `component`.
pub fn facts(component: &[u8]) -> Result<Facts<'_>> {
    let mut facts = Facts::default();
    let mut modules = Vec::new();
    layer::each(component, |payload, content| {
        match payload {
            Payload::ModuleSection { .. } => modules.push(content),
            Payload::ComponentExportSection(section) => facts.exports += section.count() as usize,
            Payload::CustomSection(section) => {
                if let KnownCustom::ComponentName(names) = section.as_known() {
                    facts.adapters = named_adapters(names, &modules)?;
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(facts)
}

/// wit-component names the modules that it puts into a component.
fn named_adapters<'a>(
    names: ComponentNameSectionReader<'a>,
    modules: &[&'a [u8]],
) -> Result<Vec<(&'a str, &'a [u8])>> {
    let mut adapters = Vec::new();
    for name in names {
        if let ComponentName::CoreModules(map) = name.map_err(located)? {
            for naming in map {
                let naming = naming.map_err(located)?;
                let module = modules.get(naming.index as usize);
                if let (Some(name), Some(module)) =
                    (naming.name.strip_prefix("wit-component:adapter:"), module)
                {
                    adapters.push((name, *module));
                }
            }
        }
    }
    Ok(adapters)
}

/// Refuses a component that nobody could call.
pub fn exports_something(
    facts: &Facts<'_>,
    survey: &Survey<'_>,
    kind: Kind,
    adapters: &[Chosen<'_>],
    options: &WrapOptions,
) -> Result<()> {
    if facts.exports > 0 {
        return Ok(());
    }
    if kind != Kind::Command && survey.start().is_some() {
        bail!(
            "wrapped as a {kind} the component would export nothing: the module is a command, and nothing would call its \
             `_start`; use `--kind command`"
        );
    }
    if let Some(world) = World::carried(&survey.worlds)?
        .as_ref()
        .or(options.world.as_ref())
    {
        debug_assert!(world.exports().is_empty());
        bail!(
            "the component would export nothing, because its world exports nothing{}",
            adapters_hint(adapters)
        );
    }
    let names: Vec<String> = survey
        .exports
        .iter()
        .filter(|export| export.kind == ExternalKind::Func && !is_plumbing(export.name))
        .map(|export| format!("`{}`", export.name))
        .collect();
    match names.as_slice() {
        [] => bail!(
            "the component would export nothing: the module has no `_start` and exports no other function"
        ),
        names => bail!(
            "the component would export nothing: the module exports {}, but it carries no world that gives them types; \
             say which one it is written for with `--wit DIR --world W`",
            shortened(names)
        ),
    }
}

fn adapters_hint(adapters: &[Chosen<'_>]) -> &'static str {
    match adapters.iter().any(|adapter| !adapter.embedded) {
        true => ", nor do the adapters",
        false => "",
    }
}

/// Exports that are there for the host, not for callers.
fn is_plumbing(name: &str) -> bool {
    matches!(
        name,
        "_initialize"
            | "malloc"
            | "free"
            | "calloc"
            | "realloc"
            | "cabi_realloc"
            | "canonical_abi_realloc"
    ) || name.starts_with("__")
}

/// The first few of many.
pub fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 8;
    match names.len() > SHOWN {
        true => format!(
            "{} and {} more",
            names[..SHOWN].join(", "),
            names.len() - SHOWN
        ),
        false => names.join(", "),
    }
}

/// What the component will do otherwise than the program may expect.
pub fn notes(survey: &Survey<'_>, kind: Kind, adapters: &[Chosen<'_>]) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    if kind != Kind::Command && survey.start().is_some() {
        notes.push(format!(
            "the module exports `_start`, which nothing calls in a {kind}"
        ));
    }
    let Some(adapter) = adapters
        .iter()
        .find(|adapter| adapter.embedded && adapter.name == PREVIEW1)
    else {
        return Ok(notes);
    };
    let imported = survey.imported_funcs(PREVIEW1);
    let trapping: Vec<String> = ["proc_raise", "sock_accept", "sock_recv", "sock_send"]
        .iter()
        .filter(|name| imported.contains(name))
        .map(|name| format!("`{name}`"))
        .collect();
    if !trapping.is_empty() {
        notes.push(format!(
            "{} has no {}: a program that calls it traps",
            adapter.origin,
            trapping.join(", ")
        ));
    }
    if kind == Kind::Proxy {
        let unsupported = unsupported(&adapter.wasm)?;
        notes.extend(without_files(survey, |name| unsupported.contains(name)));
    }
    Ok(notes)
}

/// What is said of a handler that imports functions for files, of which those are not there that `lacks` says.
pub fn without_files(survey: &Survey<'_>, lacks: impl Fn(&str) -> bool) -> Option<String> {
    let imported = survey.imported_funcs(PREVIEW1);
    let used: Vec<&str> = imported.into_iter().filter(|name| lacks(name)).collect();
    // What every C program imports for its standard streams does not make it a user of files.
    let are_files = used.iter().any(|name| {
        name.starts_with("path_") || matches!(*name, "fd_readdir" | "fd_pread" | "fd_pwrite")
    });
    let names: Vec<String> = used.iter().map(|name| format!("`{name}`")).collect();
    are_files.then(|| {
        format!(
            "the program uses files, and a proxy has none: {} will fail with ENOTSUP",
            names.join(", ")
        )
    })
}

/// What is said of a program that imports functions of WAMR for groups of receivers, which our library has because the program
/// would not be linked without them.
pub fn without_groups(survey: &Survey<'_>) -> Option<String> {
    let imported = survey.imported_funcs(PREVIEW1);
    let is_of_groups = |name: &&&str| {
        name.starts_with("sock_")
            && (name.contains("_ip_multicast_") || name.ends_with("_membership"))
    };
    let names = imported.iter().filter(is_of_groups);
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| {
        format!(
            "a component cannot join groups of receivers: {} will fail with ENOTSUP",
            shortened(&names)
        )
    })
}

/// What is said of a reactor for WASI 0.3 whose functions may wait for the host.
pub fn waiting(survey: &Survey<'_>, kind: Kind, options: &WrapOptions) -> Option<String> {
    let at_once = [
        "args_",
        "environ_",
        "clock_",
        "random_",
        "proc_",
        "sched_",
        "fd_prestat_",
    ];
    let imported = survey.imported_funcs(PREVIEW1).into_iter();
    let waits = imported.filter(|name| !at_once.iter().any(|start| name.starts_with(start)));
    let names: Vec<String> = waits.map(|name| format!("`{name}`")).collect();
    let is_about = kind == Kind::Reactor && options.wasi == Wasi::V0_3 && !names.is_empty();
    is_about.then(|| {
        format!(
            "on WASI 0.3, {} may wait for the host, and hosts trap where an exported function waits that is not `async` in its \
             world",
            shortened(&names)
        )
    })
}

/// The exports of an adapter that only return ENOTSUP.
fn unsupported(adapter: &[u8]) -> Result<HashSet<&str>> {
    const ENOTSUP: i32 = 58;
    let mut imported = 0;
    let mut exports = Vec::new();
    let mut stubs = HashSet::new();
    let mut index = 0;
    for payload in Parser::new(0).parse_all(adapter) {
        match payload.map_err(located)? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imported += u32::from(matches!(import.map_err(located)?.ty, TypeRef::Func(_)));
                }
                index = imported;
            }
            Payload::ExportSection(section) => {
                for export in section {
                    exports.push(export.map_err(located)?);
                }
            }
            Payload::CodeSectionEntry(body) => {
                let mut operators = body.get_operators_reader().map_err(located)?;
                let first = operators.read().map_err(located)?;
                let second = operators.read();
                if matches!(
                    (first, second),
                    (Operator::I32Const { value: ENOTSUP }, Ok(Operator::End))
                ) {
                    stubs.insert(index);
                }
                index += 1;
            }
            _ => {}
        }
    }
    Ok(exports
        .into_iter()
        .filter(|export| export.kind == ExternalKind::Func && stubs.contains(&export.index))
        .map(|export| export.name)
        .collect())
}
