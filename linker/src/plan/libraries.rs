//! Which libraries are linked: the lowered imports that guests reach are bound to library exports,
//! to host imports under their own names, or refused.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Result, anyhow, bail};
use wasmparser::{ExternalKind, FuncType, Operator, TypeRef, ValType};

use super::fate::{Fate, Refusal, fate, has_sockets};
use super::live::Tracer;
use super::refusals::{self, Refused};
use super::{Binding, LinkedLibrary};
use crate::abi::Type;
use crate::options::{MemoryMode, Options};
use crate::parse::Input;
use crate::parse::module::Module;
use crate::preview1;
use crate::resolve::{
    Builtin, Canon, CanonId, CanonKind, ComponentFunc, ComponentInstanceId, CoreDef, Frame,
    FuncDef, HOST, Instance, InstanceId, NO_MEMORY, Piece, Program, Resource, ResourceId,
    StringEncoding,
};
use crate::statics::canon::canon_name;
use crate::statics::tasks::pends;
use crate::unadapt::Adapted;
use crate::wasi;
use crate::wrapped;
use crate::wsi::{self, Own};

/// The module name of what the linker gives to a library.
const LINKER: &str = "p1bridge";
/// The module name of functions of the library of tasks.
const TASKS: &str = "p1bridge:tasks";
/// The module name of constants that say whether the program imports a function of Preview 1.
const IMPORTS: &str = "p1bridge:imports";
/// The module name of what a library keeps in globals.
const WORDS: &str = "p1bridge:words";
/// The prefix of the module name of a weak import.
const WEAK: &str = "if ";
/// What weak imports ask about when they need functions for sockets of the host.
const SOCKETS: &str = "p1bridge:sockets";
/// What those import that open them in WASI 0.3: without such functions they have stubs.
const SOCKETS_0_3: &str = "wasi:sockets/types";
/// What the programs import that answer a request.
const EXCHANGE: &str = "p1bridge:http/exchange";
/// What those import beside that answer one after the other, on a socket.
const SERVER: &str = "p1bridge:http/server";
/// What those import that send requests. They need functions for sockets.
const CLIENT: &str = "wasi:http/outgoing-handler";
/// How exports begin that weak imports mean. In such programs they mean those that begin otherwise, if there are any; and
/// there may be others for what the program itself imports, with the whole name behind this.
const PART: &str = "weak:";
const PARTS: [(&str, &str); 3] = [
    (CLIENT, "weak:sending-"),
    (SERVER, "weak:server-"),
    (EXCHANGE, "weak:asked-"),
];
/// The custom section in which a library says what it needs.
const NEEDS: &str = "p1bridge.library";

pub struct Linked {
    /// The memory that the host and the libraries share with a guest.
    pub memory: Option<(InstanceId, u32)>,
    pub bindings: HashMap<CanonId, Binding>,
    pub libraries: Vec<LinkedLibrary>,
    /// Lowered imports of guests that do not share memory with the libraries, or whose strings are
    /// not UTF-8: values are copied on their way, as to and from the host.
    pub copied: BTreeSet<CanonId>,
    /// Lowered imports that are called otherwise than they are lowered.
    pub adapted: BTreeSet<CanonId>,
    /// Those of them whose calls can be left pending.
    pub pending: BTreeSet<CanonId>,
    /// Whether several guests have handles of the host's resources: none may use those of another.
    pub guarded: bool,
    /// The functions that are approximated, and how.
    pub approximations: BTreeMap<String, &'static str>,
    /// The functions that are stubs, with the error that each returns.
    pub stubs: BTreeMap<String, String>,
    pub warnings: Vec<String>,
}

/// What a library says about itself in its custom section.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// Bytes below the stack pointer of the guest that a call uses, that a poll uses for each direction of a
    /// descriptor and for one more, and that looking up a name uses.
    pub frame: u32,
    pub frame_polls: u32,
    pub frame_names: u32,
    /// Bytes of state whatever the options are.
    pub state_fixed: u32,
    /// Bytes of state for each subscription of a poll, and for one more.
    pub state_per_poll: u32,
    /// Bytes of pieces that only some programs reach.
    pub seed: u32,
    pub zeroes: u32,
    pub scratch: u32,
    /// Bytes for tasks: of all, and for each instance, task and stream.
    pub tasks_fixed: u32,
    pub tasks_per_instance: u32,
    pub tasks_per_task: u32,
    pub tasks_per_stream: u32,
}

impl Needs {
    /// What is enough for two libraries.
    pub fn max(self, other: Needs) -> Needs {
        Needs {
            frame: self.frame.max(other.frame),
            frame_polls: self.frame_polls.max(other.frame_polls),
            frame_names: self.frame_names.max(other.frame_names),
            state_fixed: self.state_fixed.max(other.state_fixed),
            state_per_poll: self.state_per_poll.max(other.state_per_poll),
            seed: self.seed.max(other.seed),
            zeroes: self.zeroes.max(other.zeroes),
            scratch: self.scratch.max(other.scratch),
            tasks_fixed: self.tasks_fixed.max(other.tasks_fixed),
            tasks_per_instance: self.tasks_per_instance.max(other.tasks_per_instance),
            tasks_per_task: self.tasks_per_task.max(other.tasks_per_task),
            tasks_per_stream: self.tasks_per_stream.max(other.tasks_per_stream),
        }
    }
}

/// Reads what a library needs.
pub fn needs(module: &Module<'_>) -> Result<Needs> {
    let section = module
        .custom(NEEDS)
        .ok_or_else(|| anyhow!("{} has no custom section {NEEDS:?}", module.path))?;
    let text = std::str::from_utf8(section)?;
    let mut needs = Needs::default();
    for line in text.lines() {
        let line = line.trim_matches(['\0', ' ']);
        match line.split_once(' ') {
            Some(("state-fixed", n)) => needs.state_fixed = n.trim().parse()?,
            Some(("state-per-poll", n)) => needs.state_per_poll = n.trim().parse()?,
            Some(("seed", n)) => needs.seed = n.trim().parse()?,
            Some(("zeroes", n)) => needs.zeroes = n.trim().parse()?,
            Some(("scratch", n)) => needs.scratch = n.trim().parse()?,
            Some(("tasks-fixed", n)) => needs.tasks_fixed = n.trim().parse()?,
            Some(("tasks-per-instance", n)) => needs.tasks_per_instance = n.trim().parse()?,
            Some(("tasks-per-task", n)) => needs.tasks_per_task = n.trim().parse()?,
            Some(("tasks-per-stream", n)) => needs.tasks_per_stream = n.trim().parse()?,
            Some(("frame", n)) => needs.frame = n.trim().parse()?,
            Some(("frame-polls", n)) => needs.frame_polls = n.trim().parse()?,
            Some(("frame-names", n)) => needs.frame_names = n.trim().parse()?,
            None if line.is_empty() => {}
            _ => bail!("{}: line {line:?} of {NEEDS:?} is not known", module.path),
        }
    }
    Ok(needs)
}

/// Checks that a library is code only.
pub(super) fn check(module: &Module<'_>) -> Result<()> {
    let path = &module.path;
    if !module.data.is_empty() {
        bail!("{path} has data segments, but only code can be linked");
    }
    if !module.elements.is_empty() {
        bail!("{path} has element segments, but only code can be linked");
    }
    if module.start.is_some() {
        bail!("{path} has a start function, but only code can be linked");
    }
    if module.globals.iter().any(|global| global.ty.mutable) {
        bail!("{path} has mutable globals, but only code can be linked");
    }
    if !module.features.is_empty() {
        bail!(
            "{path} uses {:?}, but libraries are MVP code",
            module.features
        );
    }
    Ok(())
}

/// Where an import of the guests is provided.
struct Wanted {
    /// `wasi:io/streams`
    interface: String,
    /// The name of the library's export.
    export: String,
}

fn wanted(interface: &str, name: &str) -> Option<Wanted> {
    let (base, version) = interface.split_once('@')?;
    // A release candidate satisfies nothing but itself.
    if version.contains('-') {
        return None;
    }
    let mut numbers = version.split(['.', '+']);
    let (major, minor) = (numbers.next()?, numbers.next()?);
    Some(Wanted {
        interface: base.to_string(),
        export: format!("{base}@{major}.{minor}#{name}"),
    })
}

/// Binds everything that `tracer` reached and adds library instances to `program`. `calls_host` is the
/// memory of a guest that calls the host by itself.
pub fn link(
    input: &Input<'_>,
    program: &mut Program,
    adapted: &Adapted,
    tracer: &Tracer<'_, '_>,
    options: &Options,
    calls_host: Option<(InstanceId, u32)>,
    reaching: &dyn Fn(&Program, CanonId) -> Option<String>,
) -> Result<Linked> {
    let several = options.memory == MemoryMode::Multi;
    let memory = calls_host.filter(|_| several);
    let memory = memory.unwrap_or_else(|| guest_memory(input, program, tracer));
    let mut linking = Linking {
        input,
        adapted,
        options,
        linked: Linked {
            memory: Some(memory),
            bindings: HashMap::new(),
            libraries: Vec::new(),
            copied: BTreeSet::new(),
            adapted: BTreeSet::new(),
            pending: BTreeSet::new(),
            guarded: several_holders(program, tracer),
            approximations: BTreeMap::new(),
            stubs: BTreeMap::new(),
            warnings: Vec::new(),
        },
        memory,
        homes: Homes::new(input, program, tracer, memory),
        used: interfaces(program, tracer, options),
        instances: HashMap::new(),
        host: HostEnds::of(program, tracer),
        program,
    };
    let mut refused = Vec::new();
    for (&id, &via) in &tracer.reached {
        let binding = match linking.decide(id) {
            Ok(Decision::Bound(binding)) => binding,
            Ok(Decision::Provided(provided)) => {
                let instance = linking.instance(&provided)?;
                Binding::Func(FuncDef::Core(instance, provided.index))
            }
            Err(refusal) => {
                refused.push(linking.refused(id, via, refusal, reaching));
                continue;
            }
        };
        linking.linked.bindings.insert(id, binding);
    }
    let mut linked = linking.linked;
    for library in &mut linked.libraries {
        library.functions.sort();
        library.functions.dedup();
    }
    match refusals::message(&refused) {
        None => Ok(linked),
        Some(message) => bail!("{message}"),
    }
}

/// The interfaces that weak imports of libraries ask about.
fn interfaces(program: &Program, tracer: &Tracer<'_, '_>, options: &Options) -> BTreeSet<String> {
    let mut used: BTreeSet<String> = BTreeSet::new();
    for &canon in tracer.reached.keys() {
        if let CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            ..
        } = &program.canons[canon.0 as usize].kind
            && let Some(interface) = &program.imports[*import as usize].interface
        {
            let base = interface.split('@').next().unwrap_or(interface);
            used.insert(base.to_string());
        }
    }
    if has_sockets(options) {
        used.insert(SOCKETS.to_string());
    } else {
        used.remove(CLIENT);
        used.remove(SOCKETS_0_3);
    }
    used
}

/// Everything that is known while functions are bound.
struct Linking<'l, 'a> {
    input: &'l Input<'a>,
    program: &'l mut Program,
    adapted: &'l Adapted,
    options: &'l Options,
    linked: Linked,
    /// The memory that the libraries share with a guest.
    memory: (InstanceId, u32),
    homes: Homes,
    used: BTreeSet<String>,
    instances: HashMap<(usize, Home), InstanceId>,
    host: HostEnds,
}

/// What becomes of a function.
enum Decision {
    Bound(Binding),
    /// A library provides it.
    Provided(Provided),
}

/// An export of a library, by the library's place in the input, and where it works.
struct Provided {
    library: usize,
    index: u32,
    export: String,
    home: Home,
}

impl Linking<'_, '_> {
    /// Decides about one function; the error says why it cannot be linked.
    fn decide(&mut self, id: CanonId) -> Result<Decision, Refusal> {
        let canon = self.program.canons[id.0 as usize].clone();
        if let CanonKind::Unsupported(_) = canon.kind {
            return Err("this built-in has no counterpart on a Preview 1 host".into());
        }
        if let CanonKind::Preview1(name, memory) = &canon.kind {
            let wanted = Wanted {
                interface: preview1::MODULE.to_string(),
                export: format!("{}#{name}", preview1::MODULE),
            };
            let (library, index) = self.provider(&canon, preview1::MODULE, &wanted)?;
            return Ok(Decision::Provided(Provided {
                library,
                index,
                export: wanted.export,
                home: Home {
                    memory: *memory,
                    realloc: None,
                    stack: None,
                },
            }));
        }
        if let CanonKind::Io(name) = canon.kind {
            return Ok(self.io(name));
        }
        let (interface, name) = imported_name(self.program, &canon.kind)?;
        if let CanonKind::Lower { options, .. } = &canon.kind
            && let Some(option) = options.unsupported
        {
            return Err(format!("the canonical option {option} is not supported").into());
        }
        // A host of WSI has its component side, too.
        let is_host = interface.starts_with("wsi:") && self.options.profile.wsi != Own::None;
        if !wasi::is_system(&interface) || is_host {
            let drops = matches!(canon.kind, CanonKind::ResourceDrop(_));
            if self.linked.guarded && drops && canon.instance != HOST {
                self.linked.copied.insert(id);
            }
            let mut ty = canon.ty.clone();
            if let CanonKind::Lower {
                callee: ComponentFunc::Import(import),
                options,
            } = &canon.kind
            {
                let import = &self.program.imports[*import as usize];
                if has_ends(&import.ty) {
                    return Err(
                        "a stream or a future passes between the host and the program, which a core module has no \
                         type for: use a list, or several calls"
                            .into(),
                    );
                }
                if options.is_async {
                    // For a host it is a function that returns when it has finished.
                    ty = import.ty.lowered();
                    self.linked.adapted.insert(id);
                }
            }
            let host = self.program.host(&interface, &name, &ty);
            return Ok(Decision::Bound(Binding::Func(FuncDef::Host(host))));
        }
        let Some(wanted) = wanted(&interface, &name) else {
            return Err("the interface has no release version".into());
        };
        if let Some(stub) = self.stub(&canon.kind, &wanted, &interface, &name)? {
            return Ok(Decision::Bound(stub));
        }
        let home = self.home(id, &canon)?;
        let (wanted, ty) = self.lowered_for(id, &canon, wanted);
        let canon = Canon { ty, ..canon };
        let (library, index) = self.provider(&canon, &interface, &wanted)?;
        Ok(Decision::Provided(Provided {
            library,
            index,
            export: wanted.export,
            home,
        }))
    }

    /// How a library has a function: async functions that may pend in the form that `async` lowers them to,
    /// the others as functions that block. Notes those that are called otherwise than they are lowered.
    fn lowered_for(&mut self, id: CanonId, canon: &Canon, wanted: Wanted) -> (Wanted, FuncType) {
        let CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            options,
        } = &canon.kind
        else {
            return (wanted, canon.ty.clone());
        };
        let ty = &self.program.imports[*import as usize].ty;
        if pends(self.program, id) && !self.linked.copied.contains(&id) {
            // It gets the call, too, for which it waits or says that it is over.
            let blocks = ty.lowered();
            let params = blocks.params().iter().copied().chain([ValType::I32]);
            let ty = FuncType::new(params, blocks.results().iter().copied());
            self.linked.adapted.insert(id);
            self.linked.pending.insert(id);
            let export = format!("[pending]{}", wanted.export);
            return (Wanted { export, ..wanted }, ty);
        }
        let pending = format!("[async-lower]{}", wanted.export);
        let has = |name: &str| {
            let mut libraries = self.input.libraries.iter();
            libraries.any(|library| {
                self.input.modules[library.module]
                    .exports
                    .contains_key(name)
            })
        };
        if options.is_async && has(&pending) {
            let export = pending;
            return (Wanted { export, ..wanted }, canon.ty.clone());
        }
        if options.is_async || has_ends(ty) {
            self.linked.adapted.insert(id);
        }
        (wanted, ty.lowered())
    }

    /// What the library of tasks asks of a library for the host: nothing, if no end of a stream is the host's, and not to
    /// read or to write where no stream comes from the host or goes there.
    fn io(&self, name: &str) -> Decision {
        let wanted = name.replace('_', ":");
        let asked = match name {
            "io_read" => self.host.gives,
            "io_write" => self.host.takes,
            _ => self.host.waits,
        };
        let found = self.input.libraries.iter().zip(0..).find_map(|(of, at)| {
            let exports = &self.input.modules[of.module].exports;
            let (kind, index) = *exports.get(&*wanted)?;
            (kind == ExternalKind::Func).then_some((at, index))
        });
        match found.filter(|_| asked) {
            Some((library, index)) => Decision::Provided(Provided {
                library,
                index,
                export: wanted,
                home: Home {
                    memory: self.memory,
                    realloc: Some(FuncDef::Builtin(Builtin::Arena)),
                    stack: None,
                },
            }),
            None => Decision::Bound(Binding::Stub(None)),
        }
    }

    /// The stub that a function of WASI becomes, if it is not linked; notes what is approximated.
    fn stub(
        &mut self,
        kind: &CanonKind,
        wanted: &Wanted,
        interface: &str,
        name: &str,
    ) -> Result<Option<Binding>, Refusal> {
        let CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            ..
        } = kind
        else {
            return Ok(None);
        };
        let import = &self.program.imports[*import as usize];
        let full = format!("{interface}#{name}");
        match fate(self.options, &wanted.interface, import) {
            Fate::Linked => {}
            Fate::Approximated(note) => {
                self.linked.approximations.insert(full, note);
            }
            Fate::Stub(stub) => {
                self.linked.stubs.insert(full, stub.code.clone());
                // Addresses that are written out need no resolver: the library has that.
                if (name, &*stub.code) != ("resolve-addresses", "permanent-resolver-failure") {
                    return Ok(Some(Binding::Stub(stub.case)));
                }
            }
            Fate::Refused(why) => return Err(why),
        }
        Ok(None)
    }

    /// The library that has a function, and the index of it there.
    fn provider(
        &self,
        canon: &Canon,
        interface: &str,
        wanted: &Wanted,
    ) -> Result<(usize, u32), String> {
        let input = self.input;
        let found = input
            .libraries
            .iter()
            .enumerate()
            .find_map(|(at, library)| {
                let exports = &input.modules[library.module].exports;
                let (kind, index) = part(exports, &self.used, &wanted.export)
                    .or_else(|| exports.get(&*wanted.export).copied())?;
                (kind == ExternalKind::Func).then_some((at, index))
            });
        let Some((library, index)) = found else {
            return Err(format!(
                "no linked library provides this function of {interface}"
            ));
        };
        let module = &input.modules[input.libraries[library].module];
        if *module.func_type(index) != canon.ty {
            return Err(format!(
                "the component's type for it is not that of WASI: lowered it is {}, but {} \
                 has {}",
                signature(&canon.ty),
                input.libraries[library].name,
                signature(module.func_type(index)),
            ));
        }
        Ok((library, index))
    }

    /// Where a library works for a function; notes it if values are copied for that.
    fn home(&mut self, id: CanonId, canon: &Canon) -> Result<Home, String> {
        // What can be left pending has no string but the text of an error, of which no library has any.
        let has_strings = !pends(self.program, id);
        let other_encoding = matches!(&canon.kind, CanonKind::Lower { options, .. }
            if has_strings && options.encoding != StringEncoding::Utf8);
        let by_host = canon.instance == HOST;
        let held = self.linked.guarded
            && !by_host
            && (is_exchange(self.program, &canon.kind)
                || !imported_resources(self.program, &canon.kind).is_empty());
        let in_memory = uses_memory(self.program, &canon.kind);
        let mut home = self.homes.of(id, canon.instance);
        // A library gets at one memory only.
        let several = self.options.memory == MemoryMode::Multi;
        let elsewhere = several && home.memory != self.memory;
        if held || ((other_encoding || elsewhere || by_host) && in_memory) {
            if !by_host {
                self.linked.copied.insert(id);
            }
            // Values are copied to where the library can be at address 0, and see all of the memory.
            home = Home {
                memory: self.memory,
                realloc: Some(FuncDef::Builtin(Builtin::Arena)),
                stack: None,
            };
        } else if elsewhere {
            home = Home {
                memory: self.memory,
                realloc: None,
                stack: None,
            };
        }
        if let Some(FuncDef::Canon(_) | FuncDef::Host(_)) = home.realloc {
            return Err("its realloc is not a function of a core module".into());
        }
        home.realloc = home
            .realloc
            .map(|def| guarded(self.input, self.program, self.adapted, def));
        Ok(home)
    }

    /// The instance of a library that provides a function, which is made if there is none yet.
    fn instance(&mut self, provided: &Provided) -> Result<InstanceId> {
        let (library, home) = (provided.library, provided.home);
        let instance = match self.instances.get(&(library, home)) {
            Some(&instance) => instance,
            None => {
                let input = self.input;
                check(&input.modules[input.libraries[library].module])?;
                let instance = instantiate(input, self.program, library, home, &self.used)?;
                self.instances.insert((library, home), instance);
                self.linked.libraries.push(LinkedLibrary {
                    name: input.libraries[library].name.to_string(),
                    instance,
                    sees_all: home.is_arena(),
                    functions: Vec::new(),
                });
                instance
            }
        };
        let mut libraries = self.linked.libraries.iter_mut();
        let entry = libraries
            .find(|linked| linked.instance == instance)
            .expect("it was just added");
        entry.functions.push(provided.export.clone());
        Ok(instance)
    }

    /// Why a function cannot be linked, with what calls it.
    fn refused(
        &self,
        id: CanonId,
        via: Option<(InstanceId, u32)>,
        refusal: Refusal,
        reaching: &dyn Fn(&Program, CanonId) -> Option<String>,
    ) -> Refused {
        let canon = &self.program.canons[id.0 as usize];
        let reached_from = via
            .map(|(instance, func)| {
                let module = self.program.module(self.input, instance);
                let name = module
                    .func_names
                    .iter()
                    .find(|(index, _)| *index == func)
                    .map_or_else(|| format!("function {func}"), |(_, n)| format!("{n:?}"));
                format!(", called by {name} of {}", module.path)
            })
            .unwrap_or_default();
        let export = reaching(self.program, id)
            .map(|export| format!(", reached from the export {export:?}"))
            .unwrap_or_default();
        Refused {
            name: canon_name(self.program, id),
            refusal,
            place: format!(
                "at offset {:#x}, in {}{reached_from}{export}",
                canon.offset, canon.path,
            ),
        }
    }
}

/// The interface and the name under which a function is imported.
fn imported_name(program: &Program, kind: &CanonKind) -> Result<(String, String), String> {
    let (interface, name) = match kind {
        CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            ..
        } => {
            let import = &program.imports[*import as usize];
            (import.interface.clone(), import.name.clone())
        }
        CanonKind::ResourceNew(resource)
        | CanonKind::ResourceRep(resource)
        | CanonKind::ResourceDrop(resource) => {
            let Resource::Imported { interface, name } = &program.resources[resource.0 as usize]
            else {
                return Err("resources that the component defines are not supported yet".into());
            };
            let what = match kind {
                CanonKind::ResourceNew(_) => "new",
                CanonKind::ResourceRep(_) => "rep",
                _ => "drop",
            };
            (interface.clone(), format!("[resource-{what}]{name}"))
        }
        CanonKind::Lower { .. } => {
            return Err("calls between components are not supported yet".into());
        }
        CanonKind::Service(service) => {
            return Err(format!("{} is not imported", service.name()));
        }
        CanonKind::Preview1(name, _) => (Some(preview1::MODULE.to_string()), name.clone()),
        CanonKind::Async(builtin) => return Err(format!("{} is not imported", builtin.name())),
        CanonKind::Given(given) => return Err(format!("{} is not imported", given.name())),
        CanonKind::Asked { module, name, .. } => (Some(module.clone()), name.clone()),
        CanonKind::Io(name) | CanonKind::Unsupported(name) => {
            return Err(format!("{name} is not imported"));
        }
    };
    Ok((interface.unwrap_or_else(|| "$root".to_string()), name))
}

/// Libraries shrink what they have allocated, which not every `realloc` can do: that of a Preview 1
/// adapter and that of componentize-py refuse, and one that never looks at the old address hands out
/// another block.
fn guarded(input: &Input<'_>, program: &Program, adapted: &Adapted, def: FuncDef) -> FuncDef {
    let FuncDef::Core(id, index) = def else {
        return def;
    };
    let module = program.module(input, id);
    let body = module.body((index - module.imported_func_count()) as usize);
    let reads_old = body.get_operators_reader().is_ok_and(|ops| {
        let mut ops = ops.into_iter().map_while(Result::ok).peekable();
        while let Some(op) = ops.next() {
            // One that only makes sure that there is no old block ends the program if there is one.
            if matches!(op, Operator::LocalGet { local_index: 0 })
                && !matches!(
                    ops.peek(),
                    Some(Operator::I32Eqz | Operator::BrIf { .. } | Operator::If { .. })
                )
            {
                return true;
            }
        }
        false
    });
    let adapter = adapted
        .adapters
        .iter()
        .any(|adapter| adapter.instance == Some(id));
    match adapter || !reads_old {
        true => FuncDef::Builtin(Builtin::AllocateOnly(id, index)),
        false => def,
    }
}

/// The memory that the guest shares with the libraries: the one that its lowered imports name, or
/// any that is live. A program without a memory gets one of the linker's own.
fn guest_memory(
    input: &Input<'_>,
    program: &Program,
    tracer: &Tracer<'_, '_>,
) -> (InstanceId, u32) {
    let named = tracer
        .reached
        .keys()
        .find_map(|id| match &program.canons[id.0 as usize].kind {
            CanonKind::Lower { options, .. } => options.memory,
            _ => None,
        });
    match named {
        Some((id, index)) => program.memory(input, id, index),
        None => tracer.live.memories().first().copied().unwrap_or(NO_MEMORY),
    }
}

/// Where a library works for a guest. The lowered imports of a component may name different
/// memories and `realloc`s; each gets a copy of the library. Those that name none can share any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Home {
    pub memory: (InstanceId, u32),
    pub realloc: Option<FuncDef>,
    /// The stack pointer of the guest, for libraries that have frames.
    pub stack: Option<(InstanceId, u32)>,
}

impl Home {
    /// Whether the values of the guest are copied to and from an arena.
    fn is_arena(&self) -> bool {
        self.realloc == Some(FuncDef::Builtin(Builtin::Arena))
    }
}

/// The homes of all lowered imports that are reached.
struct Homes {
    by_canon: HashMap<CanonId, Home>,
    /// For canons that name no memory.
    by_guest: BTreeMap<ComponentInstanceId, Home>,
    memory: (InstanceId, u32),
}

impl Homes {
    fn new(
        input: &Input<'_>,
        program: &Program,
        tracer: &Tracer<'_, '_>,
        memory: (InstanceId, u32),
    ) -> Homes {
        let mut homes = Homes {
            by_canon: HashMap::new(),
            by_guest: BTreeMap::new(),
            memory,
        };
        let reached: Vec<CanonId> = tracer.reached.keys().copied().collect();
        // Those with a realloc first: the others join them.
        for with_realloc in [true, false] {
            for &id in &reached {
                let canon = &program.canons[id.0 as usize];
                let CanonKind::Lower { options, .. } = &canon.kind else {
                    continue;
                };
                let Some((instance, index)) = options.memory else {
                    continue;
                };
                if options.realloc.is_some() != with_realloc {
                    continue;
                }
                let memory = program.memory(input, instance, index);
                let realloc = options.realloc.map(|realloc| program.func(input, realloc));
                let mut home = Home {
                    memory,
                    realloc,
                    stack: None,
                };
                if !with_realloc {
                    let same = |other: &&CanonId| {
                        program.canons[other.0 as usize].instance == canon.instance
                            && homes
                                .by_canon
                                .get(*other)
                                .is_some_and(|h| h.memory == memory)
                    };
                    home = reached
                        .iter()
                        .find(same)
                        .map_or(home, |other| homes.by_canon[other]);
                }
                homes.by_canon.insert(id, home);
                homes.by_guest.entry(canon.instance).or_insert(home);
            }
        }
        for &id in &reached {
            let canon = &program.canons[id.0 as usize];
            // What is made by p1bridge has no memory: it shares the library with the handler.
            let shared = match is_exchange(program, &canon.kind) {
                true => homes.of_memory(&reached, memory),
                false => None,
            };
            homes
                .by_guest
                .entry(canon.instance)
                .or_insert(shared.unwrap_or(Home {
                    memory,
                    realloc: None,
                    stack: None,
                }));
        }
        homes
    }

    /// The first that works on a memory.
    fn of_memory(&self, reached: &[CanonId], memory: (InstanceId, u32)) -> Option<Home> {
        let mut homes = reached.iter().filter_map(|id| self.by_canon.get(id));
        homes.find(|home| home.memory == memory).copied()
    }

    fn of(&self, id: CanonId, guest: ComponentInstanceId) -> Home {
        let home = self.by_canon.get(&id).or(self.by_guest.get(&guest));
        home.copied().unwrap_or(Home {
            memory: self.memory,
            realloc: None,
            stack: None,
        })
    }
}

/// The resources of the host whose handles a function passes.
fn imported_resources(program: &Program, kind: &CanonKind) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut add = |id: ResourceId| {
        if matches!(program.resources[id.0 as usize], Resource::Imported { .. }) {
            found.insert(id.0);
        }
    };
    match kind {
        CanonKind::ResourceDrop(id) => add(*id),
        CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            ..
        } => {
            let ty = &program.imports[*import as usize].ty;
            let found = std::cell::RefCell::new(&mut add);
            for ty in std::iter::once(&ty.params).chain(&ty.result) {
                ty.any(&|ty| {
                    if let Type::Own(id) | Type::Borrow(id) = ty {
                        found.borrow_mut()(*id);
                    }
                    false
                });
            }
        }
        _ => {}
    }
    found
}

/// Whether more than one component instance has handles of a resource of the host.
fn several_holders(program: &Program, tracer: &Tracer<'_, '_>) -> bool {
    let mut holders: BTreeSet<_> = BTreeSet::new();
    for id in tracer.reached.keys() {
        let canon = &program.canons[id.0 as usize];
        if canon.instance != HOST
            && !is_exchange(program, &canon.kind)
            && !imported_resources(program, &canon.kind).is_empty()
        {
            holders.insert(canon.instance);
        }
    }
    holders.len() > 1
}

/// Whether a function is one that gives a request to the program that answers it: what calls it is made
/// by p1bridge, and only passes the handles on.
fn is_exchange(program: &Program, kind: &CanonKind) -> bool {
    match kind {
        CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            ..
        } => program.imports[*import as usize]
            .interface
            .as_deref()
            .is_some_and(wasi::is_exchange),
        _ => false,
    }
}

/// Whether a function has ends of streams or futures in its type.
fn has_ends(ty: &crate::abi::FuncType) -> bool {
    ty.params.has_ends() || ty.result.as_ref().is_some_and(Type::has_ends)
}

/// What of the host the library of tasks may have to do with, by the types of the functions of WASI that are reached.
#[derive(Default)]
pub(super) struct HostEnds {
    /// Something of the host can be waited for.
    pub waits: bool,
    /// A call of it may go on when it has returned.
    pub pends: bool,
    /// Functions of sockets are among them.
    pub sockets: bool,
    /// The host gives streams.
    pub gives: bool,
    /// The host takes streams.
    pub takes: bool,
}

impl HostEnds {
    pub fn of(program: &Program, tracer: &Tracer<'_, '_>) -> HostEnds {
        let mut found = HostEnds::default();
        let has_stream = |ty: &Type| ty.any(&|ty| matches!(ty, Type::Stream(_)));
        for id in tracer.reached.keys() {
            let CanonKind::Lower {
                callee: ComponentFunc::Import(import),
                options,
            } = &program.canons[id.0 as usize].kind
            else {
                continue;
            };
            let import = &program.imports[*import as usize];
            let interface = import.interface.as_deref().unwrap_or_default();
            if !wasi::is_0_3(interface) {
                continue;
            }
            let pends = options.is_async || import.name.starts_with("wait-");
            // A function of sockets that waits asks by way of a stream.
            let of_sockets = interface.starts_with(SOCKETS_0_3);
            found.sockets |= of_sockets;
            found.pends |= pends || of_sockets;
            found.waits |= pends || of_sockets || has_ends(&import.ty);
            found.gives |= of_sockets || import.ty.result.iter().any(has_stream);
            found.takes |= has_stream(&import.ty.params);
        }
        found
    }
}

/// Whether the parameters or results of a lowered import are passed in memory.
fn uses_memory(program: &Program, kind: &CanonKind) -> bool {
    match kind {
        CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            ..
        } => program.imports[*import as usize].ty.uses_memory(),
        _ => false,
    }
}

pub(super) fn signature(ty: &FuncType) -> String {
    let list = |types: &[wasmparser::ValType]| {
        types
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    format!("({}) -> ({})", list(ty.params()), list(ty.results()))
}

/// The export that a function of a library is in a program that reaches these interfaces, if it is another one there.
fn part(
    exports: &HashMap<&str, (ExternalKind, u32)>,
    used: &BTreeSet<String>,
    name: &str,
) -> Option<(ExternalKind, u32)> {
    PARTS
        .iter()
        .filter(|(of, _)| used.contains(*of))
        .find_map(|(_, part)| exports.get(&*format!("{part}{name}")).copied())
}

fn constant(value: bool) -> FuncDef {
    FuncDef::Builtin(Builtin::Constant(value.into()))
}

/// Adds an instance of a library to the program, with its imports bound.
pub(super) fn instantiate(
    input: &Input<'_>,
    program: &mut Program,
    library: usize,
    home: Home,
    used: &BTreeSet<String>,
) -> Result<InstanceId> {
    let (memory, realloc) = (home.memory, home.realloc);
    let module_id = input.libraries[library].module;
    let module = &input.modules[module_id];
    let id = InstanceId(program.instances.len() as u32);
    let mut args = Vec::with_capacity(module.imports.len());
    for import in &module.imports {
        let bad = || {
            anyhow!(
                "{} imports {:?} {:?}, which the linker does not give to libraries",
                module.path,
                import.module,
                import.name
            )
        };
        let arg = match import.ty {
            TypeRef::Memory(_) if import.module == "env" => CoreDef::Memory(memory.0, memory.1),
            TypeRef::Func(ty) => CoreDef::Func(match (import.module, import.name) {
                (preview1::MODULE, name) => {
                    let ty = &module.types[ty as usize];
                    let known = preview1::signature(name).or_else(|| preview1::socket(name));
                    if known.as_ref() != Some(ty) {
                        return Err(bad());
                    }
                    FuncDef::Host(program.host(preview1::MODULE, name, ty))
                }
                (of, name) if wsi::is_wsi(of) => {
                    let ty = &module.types[ty as usize];
                    match wsi::asked(of, name) {
                        Ok(asked) if asked.ty() == *ty => FuncDef::Host(program.host(of, name, ty)),
                        _ => return Err(bad()),
                    }
                }
                (LINKER, "frame" | "frame_polls" | "frame_names")
                    if let Some((id, index)) = home.stack =>
                {
                    FuncDef::Builtin(Builtin::StackPointer(id, index))
                }
                (LINKER, "frame") => FuncDef::Builtin(Builtin::FrameEnd(Frame::Call)),
                (LINKER, "frame_polls") => FuncDef::Builtin(Builtin::FrameEnd(Frame::Polls)),
                (LINKER, "frame_names") => FuncDef::Builtin(Builtin::FrameEnd(Frame::Names)),
                (LINKER, "state") => FuncDef::Builtin(Builtin::State),
                (LINKER, name)
                    if let Some(piece) = Piece::ALL.iter().find(|p| p.name() == name) =>
                {
                    FuncDef::Builtin(Builtin::Piece(*piece))
                }
                (LINKER, "limit") if home.is_arena() => {
                    FuncDef::Builtin(Builtin::Limit(NO_MEMORY.0, NO_MEMORY.1))
                }
                (LINKER, "limit") => FuncDef::Builtin(Builtin::Limit(memory.0, memory.1)),
                // Copied values are where the library finds them as they are.
                (LINKER, "base") if home.is_arena() => {
                    FuncDef::Builtin(Builtin::Base(NO_MEMORY.0, NO_MEMORY.1))
                }
                (LINKER, "base") => FuncDef::Builtin(Builtin::Base(memory.0, memory.1)),
                (LINKER, "sockets") => FuncDef::Builtin(Builtin::Sockets),
                (LINKER, "threads") => FuncDef::Builtin(Builtin::Threads),
                (LINKER, "max_http") => FuncDef::Builtin(Builtin::MaxHttp),
                // What goes to the host's is the answer to a request.
                (LINKER, "stdout") => {
                    let is_answer = used.contains(EXCHANGE) && !used.contains(SERVER);
                    FuncDef::Builtin(Builtin::Stdout(1 + u32::from(is_answer)))
                }
                (LINKER, "max_poll") => FuncDef::Builtin(Builtin::MaxPoll),
                (LINKER, "poll_room") => FuncDef::Builtin(Builtin::PollRoom),
                (LINKER, "handles") => FuncDef::Builtin(Builtin::Handles),
                (LINKER, "max_handles") => FuncDef::Builtin(Builtin::MaxHandles),
                (LINKER, "more_handles") => FuncDef::Builtin(Builtin::MoreHandles),
                (LINKER, "cabi_realloc") => realloc.unwrap_or(FuncDef::Builtin(Builtin::Unlinked)),
                (LINKER, wrapped::FILES) => constant(used.contains(wrapped::FILES)),
                (LINKER, wrapped::EXIT_CODES) => constant(used.contains(wrapped::EXIT_CODES)),
                (LINKER, wrapped::ENDS) => constant(used.contains(wrapped::ENDS)),
                (LINKER, wrapped::PROXY) => constant(used.contains(wrapped::PROXY)),
                (IMPORTS, name) => constant(used.contains(name)),
                (WORDS, name) => FuncDef::Builtin(Builtin::word(name).ok_or_else(bad)?),
                (wrapped::MEMORY, wrapped::INSIDE) if !used.contains(wrapped::INSIDE) => {
                    constant(false)
                }
                // The component that is made around the output has these.
                (of @ (wrapped::MEMORY | wrapped::STATE), name) => {
                    let ty = &module.types[ty as usize];
                    FuncDef::Host(program.host(of, name, ty))
                }
                (of, name) if of.starts_with(wrapped::ON_STATE) => {
                    let ty = &module.types[ty as usize];
                    FuncDef::Host(program.host(of, name, ty))
                }
                (of, name) if wasi::is_system(of) || of == wrapped::ROOT => {
                    let of = format!("{}{of}", wrapped::ON_PROGRAM);
                    let ty = &module.types[ty as usize];
                    FuncDef::Host(program.host(&of, name, ty))
                }
                (TASKS, name) => match &program.tasks {
                    Some(tasks) if tasks.functions.contains_key(name) => tasks.function(name),
                    _ => FuncDef::Builtin(Builtin::Unlinked),
                },
                (weak, name) if weak.starts_with(WEAK) => {
                    let linked = weak[WEAK.len()..].split(' ').any(|i| used.contains(i));
                    let other = name
                        .strip_prefix(PART)
                        .and_then(|name| part(&module.exports, used, name));
                    match other.or(module.exports.get(name).copied()) {
                        Some((ExternalKind::Func, index)) if linked => FuncDef::Core(id, index),
                        Some(_) => FuncDef::Builtin(Builtin::Unlinked),
                        None => return Err(bad()),
                    }
                }
                _ => return Err(bad()),
            }),
            _ => return Err(bad()),
        };
        args.push(arg);
    }
    program.instances.push(Instance {
        module: module_id,
        args,
    });
    Ok(id)
}
