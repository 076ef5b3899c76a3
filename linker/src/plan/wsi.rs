//! What becomes of the functions of WSI that core modules import: those of a library, which works for one guest and has
//! its frames below the stack of that guest.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Result, anyhow, bail};
use wasmparser::{ExternalKind, ValType};

use super::LinkedLibrary;
use super::fate::{Row, has_sockets};
use super::libraries::{self, Home};
use crate::options::Options;
use crate::parse::{self, Input};
use crate::resolve::{Builtin, CoreDef, FuncDef, HostId, InstanceId, Program};
use crate::statics::stack_pointer;
use crate::wasi::Allow;
use crate::wsi::{self, Asked, Class, Function};

/// What weak imports ask about when they need functions for sockets of the host.
const SOCKETS: &str = "p1bridge:sockets";

/// What was linked for WSI.
#[derive(Default)]
pub struct Linked {
    pub libraries: Vec<LinkedLibrary>,
    /// The functions that are approximated, and how.
    pub approximations: BTreeMap<String, &'static str>,
    /// The functions that only return an error, with its name.
    pub stubs: BTreeMap<String, String>,
}

/// Whether a program imports something of WSI.
pub fn imports_any(program: &Program) -> bool {
    program.hosts.iter().any(|host| wsi::is_wsi(&host.module))
}

/// Whether a function of the host is one of WSI.
pub fn is_wsi(program: &Program, host: HostId) -> bool {
    wsi::is_wsi(&program.hosts[host.0 as usize].module)
}

/// Binds the imports of WSI in `program`, of which those in `reached` are called.
///
/// # Errors
///
/// Fails for functions that the target does not have, by name.
pub fn link(
    input: &Input<'_>,
    program: &mut Program,
    reached: &BTreeSet<HostId>,
    options: &Options,
) -> Result<Linked> {
    let mut linking = Linking {
        input,
        options,
        optional: {
            let hosts = program.hosts.iter();
            optional(hosts.map(|host| (&*host.module, &*host.name)))
        },
        linked: Linked::default(),
        refused: Vec::new(),
        instances: HashMap::new(),
        program,
    };
    for id in linking.program.ids() {
        for at in 0..linking.program.instances[id.0 as usize].args.len() {
            if let CoreDef::Func(FuncDef::Host(host)) =
                linking.program.instances[id.0 as usize].args[at]
                && is_wsi(linking.program, host)
            {
                let def = linking.bind(id, host, reached.contains(&host))?;
                linking.program.instances[id.0 as usize].args[at] = CoreDef::Func(def);
            }
        }
    }
    match &linking.refused[..] {
        [] => {}
        [one] => bail!("{one}"),
        several => bail!(
            "{} functions of WSI cannot be linked:\n  {}",
            several.len(),
            several.join("\n  ")
        ),
    }
    for library in &mut linking.linked.libraries {
        library.functions.sort();
        library.functions.dedup();
    }
    Ok(linking.linked)
}

/// The modules of the functions that some guest asks about: who asks for one can do without all that belong to it.
fn optional<'n>(imports: impl Iterator<Item = (&'n str, &'n str)>) -> BTreeSet<&'static str> {
    imports
        .filter(|(module, _)| wsi::is_wsi(module))
        .filter_map(|(module, name)| match wsi::asked(module, name) {
            Ok(Asked::Has(function)) => Some(function.module),
            _ => None,
        })
        .collect()
}

fn name(function: &Function) -> String {
    format!("{}.{}", function.module, function.name)
}

/// Everything that is known while functions are bound.
struct Linking<'l, 'a> {
    input: &'l Input<'a>,
    program: &'l mut Program,
    options: &'l Options,
    optional: BTreeSet<&'static str>,
    linked: Linked,
    /// Why functions cannot be linked, a line each.
    refused: Vec<String>,
    /// The library that serves each guest.
    instances: HashMap<InstanceId, InstanceId>,
}

impl Linking<'_, '_> {
    /// What an import of a guest becomes.
    fn bind(&mut self, guest: InstanceId, host: HostId, is_reached: bool) -> Result<FuncDef> {
        let host = self.program.hosts[host.0 as usize].clone();
        let module = self.program.module(self.input, guest);
        let import = format!("{}#{}", host.module, host.name);
        let place = {
            let found = module.imports.iter();
            let found = { found }.find(|i| i.module == host.module && i.name == host.name);
            let offset = found.map(|import| format!("at offset {:#x}, ", import.offset));
            format!("({}in {})", offset.unwrap_or_default(), module.path)
        };
        let asked = wsi::asked(&host.module, &host.name)
            .map_err(|why| anyhow!("{import}: {why} {place}"))?;
        if asked.ty() != host.ty {
            bail!(
                "{import}: it is imported as {}, but WSI 0.1 has {} {place}",
                libraries::signature(&host.ty),
                libraries::signature(&asked.ty()),
            );
        }
        let function = match asked {
            Asked::Has(function) => {
                let is_there = class(function, self.options).is_there();
                return Ok(FuncDef::Builtin(Builtin::Constant(is_there.into())));
            }
            Asked::Call(function) => function,
        };
        if is_reached {
            self.judge(function, &import, &place)?;
        }
        let library = self.library(guest, &place)?;
        let export = match class(function, self.options).is_there() {
            true => format!("{}{}@0.1#{}", wsi::PREFIX, function.module, function.name),
            false => stand_in(function),
        };
        let exports = &self.program.module(self.input, library).exports;
        let Some(&(ExternalKind::Func, index)) = exports.get(&*export) else {
            bail!("{import}: no linked library provides it {place}");
        };
        if is_reached {
            let mut libraries = self.linked.libraries.iter_mut();
            let entry = libraries.find(|linked| linked.instance == library);
            entry.expect("it was just added").functions.push(export);
        }
        Ok(FuncDef::Core(library, index))
    }

    /// Refuses a function that the target does not have, unless the program can do without it, and notes what differs.
    fn judge(&mut self, function: &Function, import: &str, place: &str) -> Result<()> {
        let class = class(function, self.options);
        let interface = format!("{}{}", wsi::PREFIX, function.module);
        if class == Class::Approximated {
            let note = note(function, has_sockets(self.options));
            if self.options.deny_approximations {
                bail!("{import}: it would be approximated: {note} {place}");
            }
            self.linked.approximations.insert(import.to_string(), note);
        }
        if class.is_there() {
            return Ok(());
        }
        let allow = Allow::most_specific(&self.options.allow, &interface, function.name);
        if allow.is_none() && !self.optional.contains(function.module) {
            let why = why_not(function, class);
            self.refused.push(format!(
                "{import}: {why}; a program that asks wsi:sys/has for {} can do without it, and `link --allow {}` makes it a \
                 function that returns that error {place}",
                name(function),
                Allow::new(&interface, function.name, "nosys"),
            ));
            return Ok(());
        }
        self.linked
            .stubs
            .insert(import.to_string(), "nosys".to_string());
        Ok(())
    }

    /// The library that serves a guest.
    fn library(&mut self, guest: InstanceId, place: &str) -> Result<InstanceId> {
        if let Some(&instance) = self.instances.get(&guest) {
            return Ok(instance);
        }
        let input = self.input;
        let has = |library: &crate::parse::LibraryModule<'_>| {
            let module = &input.modules[library.module];
            module
                .exports
                .keys()
                .any(|name| name.starts_with(wsi::PREFIX))
        };
        let Some(at) = input.libraries.iter().position(has) else {
            bail!("no library of WSI is linked {place}");
        };
        let module = self.program.module(input, guest);
        if module.memories.len() + module.imported_memories.len() == 0 {
            bail!(
                "{} imports functions of WSI and has no memory {place}",
                module.path
            );
        }
        let Some(stack) = stack_pointer(module) else {
            bail!(
                "the stack pointer of {} is not known, and functions of WSI need some bytes below it: keep the names \
                 (no --strip-all), or export the global __stack_pointer {place}",
                module.path
            );
        };
        libraries::check(&input.modules[input.libraries[at].module])?;
        let home = Home {
            memory: self.program.memory(input, guest, 0),
            realloc: None,
            stack: Some(self.program.global(input, guest, stack)),
        };
        let used = match has_sockets(self.options) {
            true => BTreeSet::from([SOCKETS.to_string()]),
            false => BTreeSet::new(),
        };
        let instance = libraries::instantiate(input, self.program, at, home, &used)?;
        self.instances.insert(guest, instance);
        self.linked.libraries.push(LinkedLibrary {
            name: input.libraries[at].name.to_string(),
            instance,
            sees_all: false,
            functions: Vec::new(),
        });
        Ok(instance)
    }
}

/// What becomes of every function of WSI that a core module imports.
///
/// # Errors
///
/// Fails for what is not a valid core module.
pub fn table(module: &[u8], options: &Options) -> Result<Vec<Row>> {
    let input = parse::module(module)?;
    let imports = { input.modules[0].imports.iter() }.map(|import| (import.module, import.name));
    let optional = optional(imports);
    let mut rows: Vec<Row> = { input.modules[0].imports.iter() }
        .filter(|import| wsi::is_wsi(import.module))
        .map(|import| row(import.module, import.name, &optional, options))
        .collect();
    rows.sort_by(|a, b| a.function.cmp(&b.function));
    Ok(rows)
}

fn row(module: &str, name: &str, optional: &BTreeSet<&str>, options: &Options) -> Row {
    let function = format!("{module}#{name}");
    let (class, becomes) = match wsi::asked(module, name) {
        Err(why) => (None, format!("refused: {why}")),
        Ok(Asked::Has(known)) => {
            let answer = u8::from(class(known, options).is_there());
            (Some(Class::Local), format!("the constant {answer}"))
        }
        Ok(Asked::Call(known)) => {
            let class = class(known, options);
            let becomes = match class {
                Class::Approximated => {
                    format!("approximated: {}", note(known, has_sockets(options)))
                }
                Class::Local => "linked, without the host".to_string(),
                Class::Exact | Class::Optional => "linked".to_string(),
                Class::Impossible | Class::Native if optional.contains(known.module) => {
                    "returns nosys, as the program asks what is there".to_string()
                }
                Class::Impossible | Class::Native => {
                    format!("refused: {}", why_not(known, class))
                }
            };
            (Some(class), becomes)
        }
    };
    Row {
        function,
        class: class.map(Class::letter),
        becomes,
    }
}

/// What the target can do of a function.
fn class(function: &Function, options: &Options) -> Class {
    function.class(match has_sockets(options) {
        true => wsi::Host::Sockets,
        false => wsi::Host::Preview1,
    })
}

/// Why the target cannot do anything of a function.
fn why_not(function: &Function, class: Class) -> &'static str {
    let sockets = function.class(wsi::Host::Sockets).is_there();
    match class {
        _ if sockets => {
            "Preview 1 has no sockets that a program can open (`lower --profile wamr-2` for a host with those of WAMR)"
        }
        Class::Native => "only a host of WSI itself has it",
        _ => "Preview 1 has nothing for it",
    }
}

/// The export of the library that stands in for a function which is not there, by its signature.
fn stand_in(function: &Function) -> String {
    let ty = function.ty();
    let letters = ty.params().iter().map(|ty| match ty {
        ValType::I64 => 'l',
        _ => 'i',
    });
    let wide = match ty.results() {
        [ValType::I64] => "wide-",
        _ => "",
    };
    format!("weak:nosys-{wide}{}", letters.collect::<String>())
}

/// How a function is approximated on Preview 1.
fn note(function: &Function, sockets: bool) -> &'static str {
    match (function.module, function.name) {
        ("io", "poll") => "waits in whole milliseconds; a regular file is always ready",
        ("net", "recv") if sockets => "a datagram that is cut is as long as what is left of it",
        ("net", "accept" | "send" | "recv") => "without addresses",
        ("net", "shutdown") => "both directions only",
        ("net", _) => "the options that WAMR has",
        _ => "what Preview 1 has of it",
    }
}
