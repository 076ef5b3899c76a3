//! Preview 1 imports that go through a plain adapter are bound to the host again.
//!
//! Tools that make a component of a Preview 1 module add an adapter: a core module that exports
//! the functions of Preview 1 and does them with the component's WASI 0.2 imports. On a Preview 1
//! host the detour is pointless, but an adapter may also have behaviour of its own: deny, rename,
//! count. So it is only taken out when it is certainly the plain translation:
//!
//! * wiring: it shares the memory of the one guest that it serves, and everything else it imports
//!   is a WASI import of the root component under its own name;
//! * export set: the functions of Preview 1 under their own names and signatures, `wasi:cli/run`
//!   and the services that adapters are known to offer beside them;
//! * shape: the code of every function that is used is that of a known release ([`fingerprint`]);
//! * company: no other guest is beside the one that it serves, unless guests are trusted. A Preview 1
//!   host takes addresses and descriptors as they are, so a guest that calls it by itself reaches the
//!   memory of its neighbours and the descriptors that they use. An adapter has descriptors of its
//!   own, and what it is given it passes on as lists, which are checked. Where the caller wants guests to
//!   share the host's descriptors, each calls the host through a library that checks and moves its pointers.
//!
//! Any other adapter stays and is linked as ordinary code.

mod adapter;
mod fingerprint;
mod woven;

pub use adapter::{Adapted, Adapter};
pub use fingerprint::fingerprints;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use wasmparser::{ExternalKind, FuncType, TypeRef};

use crate::opt::Opt;
use crate::options::{Descriptors, Isolation, Options};
use crate::parse::Input;
use crate::parse::module::Module;
use crate::preview1;
use crate::resolve::{
    Canon, CanonId, CanonKind, ComponentFunc, ComponentInstanceId, CoreDef, FuncDef, InstanceId,
    LiftId, Program, Resource, Service,
};
use crate::statics::Forwarders;
use crate::wasi::{self, is_system};

/// What becomes of a function of an adapter for the guest with this memory.
type Becomes = fn((InstanceId, u32)) -> CanonKind;

/// Functions beside Preview 1 that adapters export.
const SERVICES: &[(&str, Becomes)] = &[
    ("adapter_close_badfd", |_| {
        CanonKind::Service(Service::ReleaseDescriptor)
    }),
    // A host can be called at any time: there is no need to pause.
    ("adapter_monotonic_clock_set_paused", |_| {
        CanonKind::Service(Service::Nothing("adapter_monotonic_clock_set_paused"))
    }),
    ("adapter_open_badfd", |memory| {
        CanonKind::Service(Service::ReserveDescriptor(memory))
    }),
    ("cabi_export_realloc", |_| {
        CanonKind::Unsupported("cabi_export_realloc of the adapter")
    }),
    ("cabi_import_realloc", |_| {
        CanonKind::Unsupported("cabi_import_realloc of the adapter")
    }),
    ("reset_adapter_state", |_| {
        CanonKind::Service(Service::Nothing("reset_adapter_state"))
    }),
];

/// Whether it is one of what adapters offer beside Preview 1.
pub fn is_service(name: &str) -> bool {
    SERVICES.iter().any(|(service, _)| *service == name)
}

/// What becomes of an export of an adapter beside Preview 1.
fn service(name: &str, memory: (InstanceId, u32)) -> CanonKind {
    let found = SERVICES.iter().find(|(service, _)| *service == name);
    match found {
        Some((_, of)) => of(memory),
        None => CanonKind::Unsupported("wasi:cli/run of the adapter"),
    }
}

/// Takes plain adapters out of `program`, as far as the isolation of `options` allows it.
pub fn unadapt(input: &Input<'_>, program: Program, options: &Options) -> Adapted {
    let shared = options.descriptors == Descriptors::Shared;
    let forwarders = Forwarders::new(input, &program, false, false);
    let candidates: Vec<InstanceId> = program
        .ids()
        .filter(|&id| is_family(program.module(input, id)) || woven::is_woven(input, &program, id))
        .collect();
    let mut adapted = Adapted {
        program,
        adapters: Vec::new(),
        starts: Vec::new(),
        beside: BTreeSet::new(),
    };
    let several = candidates.len() > 1;
    let answers = adapted.program.imports.iter().any(|import| {
        let interface = import.interface.as_deref();
        interface.is_some_and(wasi::is_exchange)
    });
    // The one that may call the host by itself, if guests are trusted: the program, which is made last.
    let at_home = candidates.last().copied();
    for id in candidates {
        let is_woven = woven::is_woven(input, &adapted.program, id);
        let uses = match is_woven {
            true => Uses::default(),
            false => Uses::find(input, &adapted.program, &forwarders, id),
        };
        let plain = || match is_woven {
            true => woven::why_not_plain(input, &adapted.program, &forwarders, id),
            false => why_not_plain(input, &adapted.program, &forwarders, id, &uses),
        };
        let alone = || why_not_alone(input, &adapted.program, &forwarders, id);
        let kept = match (several && !shared, options.isolation) {
            _ if !options.does(Opt::Adapters) => Some("of `--no-opt adapters`".into()),
            _ if answers => Some(
                "what it writes to standard output would be in the answer to the request".into(),
            ),
            (true, _) => Some(
                "the component has several Preview 1 guests, each with its own descriptors: `--wasi shared` takes it out, \
                 and all have those of the host"
                    .into(),
            ),
            (false, Isolation::Checked) if !shared => plain().and_then(|()| alone()).err(),
            (false, _) => plain().err(),
        };
        let calls_host = match options.isolation {
            Isolation::Checked => !shared || alone().is_ok(),
            Isolation::Trusted => !several || at_home == Some(id),
        };
        if is_woven {
            adapted.adapters.push(Adapter {
                kept: kept.clone(),
                ..woven::described(input, &adapted.program, id)
            });
            if kept.is_none() {
                woven::take_out(input, &mut adapted, id, calls_host);
            }
            continue;
        }
        let module = adapted.program.module(input, id);
        adapted.adapters.push(Adapter {
            instance: Some(id),
            path: module.path.clone(),
            bytes: module.range.len(),
            functions: uses
                .functions
                .keys()
                .filter(|name| preview1::signature(name).is_some())
                .cloned()
                .collect(),
            kept: kept.clone(),
        });
        if kept.is_none() {
            take_out(input, &mut adapted, (id, &uses), calls_host);
        }
    }
    adapted
}

/// Whether a module exports what an adapter exports and nothing else.
fn is_family(module: &Module<'_>) -> bool {
    let mut preview1 = false;
    for (name, &(kind, index)) in &module.exports {
        if kind != ExternalKind::Func {
            return false;
        }
        match preview1::signature(name) {
            Some(ty) => {
                preview1 = true;
                if *module.func_type(index) != ty {
                    return false;
                }
            }
            None if SERVICES.iter().any(|(known, _)| known == name) || is_run(name) => {}
            None => return false,
        }
    }
    let imports_memory = module.memories.is_empty() && module.imported_memories.len() == 1;
    preview1 && imports_memory
}

fn is_run(export: &str) -> bool {
    export.starts_with("wasi:cli/run@0.2.") && export.ends_with("#run")
}

/// Where the functions of an adapter are used, forwarders followed.
#[derive(Default)]
struct Uses {
    /// The used exports by name, with the index of the function.
    functions: BTreeMap<String, u32>,
    /// Imports of instances: instance, import, name of the adapter's export.
    args: Vec<(InstanceId, usize, String)>,
    lifts: Vec<(LiftId, String)>,
    /// A use that has no name.
    unnamed: bool,
}

impl Uses {
    fn find(
        input: &Input<'_>,
        program: &Program,
        forwarders: &Forwarders,
        adapter: InstanceId,
    ) -> Uses {
        let module = program.module(input, adapter);
        let mut names: HashMap<u32, Vec<&str>> = HashMap::new();
        for (name, &(_, index)) in &module.exports {
            names.entry(index).or_default().push(name);
        }
        // Functions with the same code may have been merged: the importer's name decides.
        let name_of = |index: u32, wanted: Option<&str>| -> Option<String> {
            let names = names.get(&index)?;
            match wanted {
                Some(wanted) if names.contains(&wanted) => Some(wanted.to_string()),
                _ if names.len() == 1 => Some(names[0].to_string()),
                _ => None,
            }
        };
        let mut uses = Uses::default();
        let really = |def| match forwarders.func(input, program, def) {
            FuncDef::Core(id, index) if id == adapter => Some(index),
            _ => None,
        };
        for id in program.ids().filter(|&id| id != adapter) {
            let user = program.module(input, id);
            for (import, arg) in program.instances[id.0 as usize].args.iter().enumerate() {
                let CoreDef::Func(def) = *arg else { continue };
                let Some(index) = really(def) else { continue };
                let wanted = &user.imports[import];
                let wanted = (wanted.module == preview1::MODULE).then_some(wanted.name);
                match name_of(index, wanted) {
                    // A fixup module imports everything; only what it is called by counts.
                    Some(name) => uses.args.push((id, import, name)),
                    None if wanted.is_none() => {}
                    None => uses.unnamed = true,
                }
                if let Some(name) = wanted.and_then(|_| name_of(index, wanted)) {
                    uses.functions.insert(name, index);
                }
            }
        }
        for (lift, def) in program.lifts.iter().enumerate() {
            if let Some(index) = really(def.func) {
                match name_of(index, None) {
                    Some(name) => {
                        uses.functions.insert(name.clone(), index);
                        uses.lifts.push((LiftId(lift as u32), name));
                    }
                    None => uses.unnamed = true,
                }
            }
        }
        uses
    }
}

/// Checks that an adapter is certainly the plain translation, or says why not.
fn why_not_plain(
    input: &Input<'_>,
    program: &Program,
    forwarders: &Forwarders,
    id: InstanceId,
    uses: &Uses,
) -> Result<(), String> {
    let module = program.module(input, id);
    if !module.data.is_empty() || !module.elements.is_empty() {
        return Err("it has data or element segments of its own".into());
    }
    if uses.unnamed {
        return Err("its functions are used without a name".into());
    }
    let memory = program.memory(input, id, 0);
    for (import, arg) in module
        .imports
        .iter()
        .zip(&program.instances[id.0 as usize].args)
    {
        let name = format!("{}#{}", import.module, import.name);
        match (import.ty, *arg) {
            (TypeRef::Memory(_), _) => {}
            (TypeRef::Func(_), CoreDef::Func(def)) => match forwarders.func(input, program, def) {
                FuncDef::Canon(canon) => {
                    let canon = &program.canons[canon.0 as usize];
                    if !is_root_import(program, canon, import.module, import.name) {
                        return Err(format!(
                            "its import {name} is not an import of the component"
                        ));
                    }
                    if let CanonKind::Lower { options, .. } = &canon.kind
                        && options.memory.is_some_and(|other| other != memory)
                    {
                        return Err(format!("its import {name} works on another memory"));
                    }
                }
                FuncDef::Core(guest, _) if import.module == "__main_module__" => {
                    if !uses_memory(input, program, guest, memory) {
                        return Err(format!("its import {name} comes from another guest"));
                    }
                }
                _ => return Err(format!("its import {name} is bound to another core module")),
            },
            _ => return Err(format!("it imports {name}, which no plain adapter does")),
        }
    }
    for (user, import, name) in &uses.args {
        let imports = &program.module(input, *user).imports;
        if imports[*import].module == preview1::MODULE
            && !uses_memory(input, program, *user, memory)
        {
            return Err(format!("{name} is called by a guest with another memory"));
        }
    }
    for (_, name) in &uses.lifts {
        if !is_run(name) {
            return Err(format!("its export {name} is an export of the component"));
        }
        if main_start(input, program, id).is_none() {
            return Err("it runs a module that has no _start".into());
        }
    }
    fingerprint::check(module, &uses.functions)
}

/// Checks that an adapter serves the only guest, or says which other there is: one with a memory
/// that no module of the guest uses, or one that calls functions of WASI by itself.
fn why_not_alone(
    input: &Input<'_>,
    program: &Program,
    forwarders: &Forwarders,
    adapter: InstanceId,
) -> Result<(), String> {
    let module = program.module(input, adapter);
    let own = match woven::is_woven(input, program, adapter) {
        true => woven::family(program, adapter),
        false => BTreeSet::from([adapter]),
    };
    let memory = match module.memories.len() + module.imported_memories.len() {
        0 => None,
        _ => Some(program.memory(input, adapter, 0)),
    };
    let beside = |what: &str, path: &str| {
        Err(format!(
            "there is another guest beside the one that it serves, {what} ({path}): `--isolation \
             trusted` takes it out all the same, and so does `--wasi shared`"
        ))
    };
    let mine: Vec<InstanceId> = program
        .ids()
        .filter(|&id| {
            own.contains(&id)
                || memory.is_some_and(|memory| uses_memory(input, program, id, memory))
        })
        .collect();
    for id in program.ids().filter(|id| !mine.contains(id)) {
        let module = program.module(input, id);
        let count = module.memories.len() + module.imported_memories.len();
        let is_mine = |index| {
            let slot = program.memory(input, id, index);
            let mut mine = mine.iter();
            mine.any(|&id| uses_memory(input, program, id, slot))
        };
        if !(0..count as u32).all(is_mine) {
            return beside("with a memory of its own", &module.path);
        }
    }
    // The component instance that has the adapter's imports has the guest, too.
    let of = |def: &CoreDef| match *def {
        CoreDef::Func(def) => match forwarders.func(input, program, def) {
            FuncDef::Canon(canon) => Some(program.canons[canon.0 as usize].instance),
            _ => None,
        },
        _ => None,
    };
    let own: BTreeSet<ComponentInstanceId> = mine
        .iter()
        .flat_map(|id| program.instances[id.0 as usize].args.iter().filter_map(of))
        .collect();
    let other = program.canons.iter().find(|canon| match &canon.kind {
        CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            ..
        } => {
            let interface = program.imports[*import as usize].interface.as_deref();
            interface.is_some_and(|name| name.starts_with("wasi:") && is_system(name))
                && !own.contains(&canon.instance)
        }
        _ => false,
    });
    match other {
        Some(canon) => beside("with imports of WASI of its own", &canon.path),
        None => Ok(()),
    }
}

fn uses_memory(
    input: &Input<'_>,
    program: &Program,
    id: InstanceId,
    memory: (InstanceId, u32),
) -> bool {
    let module = program.module(input, id);
    let count = module.memories.len() + module.imported_memories.len();
    (0..count as u32).any(|index| program.memory(input, id, index) == memory)
}

fn is_root_import(program: &Program, canon: &Canon, module: &str, name: &str) -> bool {
    match &canon.kind {
        CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            options,
        } => {
            let import = &program.imports[*import as usize];
            options.unsupported.is_none()
                && import.name == name
                && import
                    .interface
                    .as_deref()
                    .is_some_and(|interface| is_same_wasi(interface, module))
        }
        CanonKind::ResourceDrop(id) => match &program.resources[id.0 as usize] {
            Resource::Imported {
                interface: Some(interface),
                name: resource,
            } => {
                is_same_wasi(interface, module)
                    && name.strip_prefix("[resource-drop]") == Some(resource)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether two names are the same interface of WASI 0.2: versions 0.2.x satisfy each other.
fn is_same_wasi(a: &str, b: &str) -> bool {
    let split = |name: &str| {
        let (interface, version) = name.split_once('@')?;
        (interface.starts_with("wasi:") && version.starts_with("0.2."))
            .then(|| interface.to_string())
    };
    split(a).is_some() && split(a) == split(b)
}

/// The `_start` of the guest that an adapter runs.
fn main_start(input: &Input<'_>, program: &Program, id: InstanceId) -> Option<FuncDef> {
    let module = program.module(input, id);
    let import = module
        .imports
        .iter()
        .position(|import| import.module == "__main_module__" && import.name == "_start")?;
    match program.instances[id.0 as usize].args[import] {
        CoreDef::Func(def) => {
            let def = program.func(input, def);
            (*program.func_ty(input, def) == FuncType::new([], [])).then_some(def)
        }
        _ => None,
    }
}

/// Binds what is used of an adapter to the host: straight, or through the library that moves pointers.
fn take_out(
    input: &Input<'_>,
    adapted: &mut Adapted,
    (adapter, uses): (InstanceId, &Uses),
    calls_host: bool,
) {
    let mut made: HashMap<&str, CanonId> = HashMap::new();
    let memory = adapted.program.memory(input, adapter, 0);
    let owner = component_of(&adapted.program, adapter);
    for (id, import, name) in &uses.args {
        let program = &mut adapted.program;
        let signature = preview1::signature(name);
        let def = match (&signature, calls_host) {
            (Some(ty), true) => FuncDef::Host(program.host(preview1::MODULE, name, ty)),
            _ => FuncDef::Canon(*made.entry(name).or_insert_with(|| {
                let module = program.module(input, *id);
                let import = &module.imports[*import];
                let TypeRef::Func(ty) = import.ty else {
                    unreachable!("a function was bound to this import");
                };
                let (kind, instance) = match &signature {
                    Some(_) => (CanonKind::Preview1(name.clone(), memory), owner),
                    None => (service(name, memory), ComponentInstanceId(0)),
                };
                let canon = CanonId(program.canons.len() as u32);
                program.canons.push(Canon {
                    kind,
                    ty: module.types[ty as usize].clone(),
                    instance,
                    offset: import.offset,
                    path: module.path.clone(),
                });
                canon
            })),
        };
        adapted.program.instances[id.0 as usize].args[*import] = CoreDef::Func(def);
    }
    if let Some(start) = main_start(input, &adapted.program, adapter) {
        for (lift, _) in &uses.lifts {
            adapted.program.lifts[lift.0 as usize].func = start;
            adapted.starts.push(*lift);
        }
    }
}

/// The component instance that an adapter belongs to: the one that has its imports.
fn component_of(program: &Program, adapter: InstanceId) -> ComponentInstanceId {
    let args = program.instances[adapter.0 as usize].args.iter();
    let mut canons = args.filter_map(|arg| match *arg {
        CoreDef::Func(FuncDef::Canon(id)) => Some(program.canons[id.0 as usize].instance),
        _ => None,
    });
    canons.next().unwrap_or(ComponentInstanceId(0))
}
