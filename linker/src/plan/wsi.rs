//! What becomes of the functions of WSI that core modules import: those of a library, which works for one guest and has
//! its frames below the stack of that guest.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Result, anyhow, bail};
use wasmparser::{ExternalKind, ValType};

use super::LinkedLibrary;
use super::fate::{Row, has_sockets};
use super::libraries::{self, Home};
use crate::options::Options;
use crate::parse::module::Module;
use crate::parse::{self, Input};
use crate::preview1;
use crate::resolve::{Builtin, CoreDef, FuncDef, Host, HostId, InstanceId, Program};
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

/// Whether something that a program imports is bound here.
pub fn imports_any(input: &Input<'_>, program: &Program) -> bool {
    let replaced = replaces_preview1(input);
    let mut hosts = program.hosts.iter();
    hosts.any(|host| wsi::is_wsi(&host.module) || replaced && host.module == preview1::MODULE)
}

/// Whether there is a library that has Preview 1 on WSI.
fn replaces_preview1(input: &Input<'_>) -> bool {
    let mut libraries = input.libraries.iter();
    libraries.any(|library| is_on_wsi(&input.modules[library.module]))
}

/// Whether a library calls WSI.
fn is_on_wsi(library: &Module<'_>) -> bool {
    library
        .imports
        .iter()
        .any(|import| wsi::is_wsi(import.module))
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
    let replaced = replaces_preview1(input);
    for id in linking.program.ids() {
        for at in 0..linking.program.instances[id.0 as usize].args.len() {
            if let CoreDef::Func(FuncDef::Host(host)) =
                linking.program.instances[id.0 as usize].args[at]
            {
                let is_reached = reached.contains(&host);
                let module = &linking.program.hosts[host.0 as usize].module;
                let def = if wsi::is_wsi(module) {
                    linking.bind(id, host, is_reached)?
                } else if replaced && module == preview1::MODULE {
                    linking.bind_preview1(id, host, is_reached)?
                } else {
                    continue;
                };
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
    instances: HashMap<(InstanceId, usize), InstanceId>,
}

impl Linking<'_, '_> {
    /// What an import of a guest becomes.
    fn bind(&mut self, guest: InstanceId, id: HostId, is_reached: bool) -> Result<FuncDef> {
        let host = self.program.hosts[id.0 as usize].clone();
        let module = self.program.module(self.input, guest);
        let import = format!("{}#{}", host.module, host.name);
        let place = place(module, &host);
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
        if self.options.profile.wsi.has(function) {
            return Ok(FuncDef::Host(id));
        }
        if starts_threads(function, self.options) {
            let (module, name) = SPAWN;
            return Ok(FuncDef::Host(self.program.host(module, name, &host.ty)));
        }
        if is_reached {
            self.judge(function, &import, &place)?;
        }
        let export = match class(function, self.options).is_there() {
            true => format!("{}{}@0.1#{}", wsi::PREFIX, function.module, function.name),
            false => stand_in(function),
        };
        self.export(guest, export, is_reached, &place)
    }

    /// What an import of Preview 1 becomes on a host of WSI.
    fn bind_preview1(
        &mut self,
        guest: InstanceId,
        id: HostId,
        is_reached: bool,
    ) -> Result<FuncDef> {
        let host = self.program.hosts[id.0 as usize].clone();
        let place = place(self.program.module(self.input, guest), &host);
        let import = format!("{}#{}", host.module, host.name);
        if preview1::signature(&host.name).as_ref() != Some(&host.ty) {
            bail!("{import}: Preview 1 has no such function of this type {place}");
        }
        if is_reached && let Some(note) = note_on_wsi(&host.name) {
            if self.options.deny_approximations {
                bail!("{import}: it would be approximated: {note} {place}");
            }
            self.linked.approximations.insert(import.clone(), note);
        }
        self.export(guest, import, is_reached, &place)
    }

    /// An export of the library that has it, for a guest.
    fn export(
        &mut self,
        guest: InstanceId,
        export: String,
        is_reached: bool,
        place: &str,
    ) -> Result<FuncDef> {
        let input = self.input;
        let on_wsi = export.starts_with(preview1::MODULE);
        let mut libraries = input.libraries.iter();
        let found = libraries.position(|library| {
            let module = &input.modules[library.module];
            module.exports.contains_key(&*export) && is_on_wsi(module) == on_wsi
        });
        let Some(at) = found else {
            bail!("{export}: no linked library provides it {place}");
        };
        let library = self.library(guest, at, place)?;
        let exports = &self.program.module(input, library).exports;
        let Some(&(ExternalKind::Func, index)) = exports.get(&*export) else {
            bail!("{export}: no linked library provides it {place}");
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
                function.full(),
                Allow::new(&interface, function.name, "nosys"),
            ));
            return Ok(());
        }
        self.linked
            .stubs
            .insert(import.to_string(), "nosys".to_string());
        Ok(())
    }

    /// The instance of a library that serves a guest.
    fn library(&mut self, guest: InstanceId, at: usize, place: &str) -> Result<InstanceId> {
        if let Some(&instance) = self.instances.get(&(guest, at)) {
            return Ok(instance);
        }
        let input = self.input;
        let module = self.program.module(input, guest);
        if module.memories.len() + module.imported_memories.len() == 0 {
            bail!(
                "{} imports functions of the system and has no memory {place}",
                module.path
            );
        }
        let stack = stack_pointer(module).map(|index| self.program.global(input, guest, index));
        libraries::check(&input.modules[input.libraries[at].module])?;
        let home = Home {
            memory: self.program.memory(input, guest, 0),
            realloc: None,
            stack,
        };
        let used = match has_sockets(self.options) {
            true => BTreeSet::from([SOCKETS.to_string()]),
            false => BTreeSet::new(),
        };
        let instance = libraries::instantiate(input, self.program, at, home, &used)?;
        self.instances.insert((guest, at), instance);
        self.linked.libraries.push(LinkedLibrary {
            name: input.libraries[at].name.to_string(),
            instance,
            sees_all: false,
            functions: Vec::new(),
        });
        Ok(instance)
    }
}

/// Where a module imports a function.
fn place(module: &Module<'_>, host: &Host) -> String {
    let mut imports = module.imports.iter();
    let found = imports.find(|import| import.module == host.module && import.name == host.name);
    let offset = found.map(|import| format!("at offset {:#x}, ", import.offset));
    format!("({}in {})", offset.unwrap_or_default(), module.path)
}

/// How a function of Preview 1 is approximated on WSI.
fn note_on_wsi(name: &str) -> Option<&'static str> {
    Some(match name {
        "fd_fdstat_get" => "all rights are there; a character device cannot seek",
        "fd_fdstat_set_rights" => "rights are not taken away",
        "path_open" => "opens for reading and writing as the rights say, and passes none on",
        "fd_allocate" => "a file grows, and no place is reserved",
        "poll_oneoff" => "times are those of the monotonic clock, and no number of bytes is told",
        "proc_raise" => "ends the program with 128 and the number of the signal",
        "fd_renumber" => "only to itself, otherwise notsup",
        _ => return None,
    })
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
                _ if options.profile.wsi.has(known) => "the host's own".to_string(),
                _ if starts_threads(known, options) => format!("`{}.{}`", SPAWN.0, SPAWN.1),
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

/// How a host of Preview 1 starts threads (the proposal wasi-threads): with the signature of `thread.spawn`.
const SPAWN: (&str, &str) = ("wasi", "thread-spawn");

/// Whether a function is `thread.spawn` on such a host.
fn starts_threads(function: &Function, options: &Options) -> bool {
    options.profile.host.threads && function.full() == "thread.spawn"
}

/// What the target can do of a function.
fn class(function: &Function, options: &Options) -> Class {
    if options.profile.wsi.has(function) {
        return function.class(wsi::Host::Native);
    }
    if starts_threads(function, options) {
        return Class::Exact;
    }
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
        _ if function.full() == "thread.spawn" => {
            "Preview 1 has no threads (`lower --profile wamr-2-threads` for a program with shared memory on a host that starts threads)"
        }
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
