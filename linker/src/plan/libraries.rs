//! Which libraries are linked: the lowered imports that guests reach are bound to library exports,
//! to host imports under their own names, or refused.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Result, anyhow, bail};
use wasmparser::{ExternalKind, FuncType, Operator, TypeRef};

use super::live::Tracer;
use super::{Binding, LinkedLibrary, canon_name};
use crate::abi::Type;
use crate::parse::Input;
use crate::parse::module::Module;
use crate::preview1;
use crate::resolve::{
    Builtin, CanonId, CanonKind, CanonOptions, ComponentFunc, CoreDef, FuncDef, Instance,
    InstanceId, NO_MEMORY, Program, Resource, ResourceId, StringEncoding,
};
use crate::unadapt::Adapted;
use crate::wasi;

/// The module name of what the linker gives to a library.
const LINKER: &str = "p1bridge";
/// The prefix of the module name of a weak import.
const WEAK: &str = "if ";
/// The key of the library instance that allocates in the arena.
const ARENA: u32 = u32::MAX;
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
    /// Whether several guests have handles of the host's resources: none may use those of another.
    pub guarded: bool,
    pub warnings: Vec<String>,
}

/// What a library says about itself in its custom section.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// Bytes of state whatever the options are.
    pub state_fixed: u32,
    /// Bytes of state for each handle.
    pub state_per_handle: u32,
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
            Some(("state-per-handle", n)) => needs.state_per_handle = n.trim().parse()?,
            // Locals that need an address are in the state: there is no stack to share.
            Some(("frame", "0")) => {}
            None if line.is_empty() => {}
            _ => bail!("{}: line {line:?} of {NEEDS:?} is not known", module.path),
        }
    }
    Ok(needs)
}

/// Checks that a library is code only.
fn check(module: &Module<'_>) -> Result<()> {
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

/// Binds everything that `tracer` reached and adds library instances to `program`.
pub fn link(
    input: &Input<'_>,
    program: &mut Program,
    adapted: &Adapted,
    tracer: &Tracer<'_, '_>,
) -> Result<Linked> {
    let mut linked = Linked {
        memory: None,
        bindings: HashMap::new(),
        libraries: Vec::new(),
        copied: BTreeSet::new(),
        guarded: several_holders(program, tracer),
        warnings: Vec::new(),
    };
    // The interfaces that weak imports of libraries ask about.
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

    let memory = guest_memory(input, program, tracer);
    linked.memory = Some(memory);
    let mut refused = Vec::new();
    let mut instances: BTreeMap<(usize, Option<u32>), InstanceId> = BTreeMap::new();
    let reallocs = Reallocs::new(input, program, tracer);
    let reached: Vec<_> = tracer.reached.iter().map(|(c, v)| (*c, *v)).collect();
    for (id, via) in reached {
        let canon = program.canons[id.0 as usize].clone();
        let mut refuse = |why: String| {
            let reached_from = via
                .map(|(instance, func)| {
                    let module = program.module(input, instance);
                    let name = module
                        .func_names
                        .iter()
                        .find(|(index, _)| *index == func)
                        .map_or_else(|| format!("function {func}"), |(_, n)| format!("{n:?}"));
                    format!(", called by {name} of {}", module.path)
                })
                .unwrap_or_default();
            refused.push(format!(
                "{}: {why} (at offset {:#x}, in {}{reached_from})",
                canon_name(program, id),
                canon.offset,
                canon.path,
            ));
        };
        let (interface, name, canon_options) = match &canon.kind {
            CanonKind::Lower {
                callee: ComponentFunc::Import(import),
                options,
            } => {
                let import = &program.imports[*import as usize];
                (import.interface.clone(), import.name.clone(), Some(options))
            }
            CanonKind::ResourceNew(resource)
            | CanonKind::ResourceRep(resource)
            | CanonKind::ResourceDrop(resource) => {
                let Resource::Imported { interface, name } =
                    &program.resources[resource.0 as usize]
                else {
                    refuse("resources that the component defines are not supported yet".into());
                    continue;
                };
                let what = match canon.kind {
                    CanonKind::ResourceNew(_) => "new",
                    CanonKind::ResourceRep(_) => "rep",
                    _ => "drop",
                };
                (interface.clone(), format!("[resource-{what}]{name}"), None)
            }
            CanonKind::Lower { .. } => {
                refuse("calls between components are not supported yet".into());
                continue;
            }
            CanonKind::Unsupported(_) if adapted.no_ops.contains(&id) => {
                linked.bindings.insert(id, Binding::NoOp);
                continue;
            }
            CanonKind::Unsupported(_) => {
                refuse("this built-in has no counterpart on a Preview 1 host".into());
                continue;
            }
        };
        if let Some(why) = canon_options.and_then(refused_option) {
            refuse(why);
            continue;
        }
        let interface = interface.unwrap_or_else(|| "$root".to_string());
        if !interface.starts_with("wasi:") {
            if linked.guarded && matches!(canon.kind, CanonKind::ResourceDrop(_)) {
                linked.copied.insert(id);
            }
            let host = program.host(&interface, &name, &canon.ty);
            linked
                .bindings
                .insert(id, Binding::Func(FuncDef::Host(host)));
            continue;
        }
        let Some(wanted) = wanted(&interface, &name) else {
            refuse("the interface has no release version".into());
            continue;
        };
        let found = input
            .libraries
            .iter()
            .enumerate()
            .find_map(|(at, library)| {
                let &(kind, index) = input.modules[library.module].exports.get(&*wanted.export)?;
                (kind == ExternalKind::Func).then_some((at, index))
            });
        let Some((library, index)) = found else {
            refuse(why_missing(input, &wanted, &interface));
            continue;
        };
        let module = input.libraries[library].module;
        if *input.modules[module].func_type(index) != canon.ty {
            refuse(format!(
                "the component's type for it is not that of WASI 0.2: lowered it is {}, but {} \
                 has {}",
                signature(&canon.ty),
                input.libraries[library].name,
                signature(input.modules[module].func_type(index)),
            ));
            continue;
        }
        if let CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            ..
        } = &canon.kind
            && wasi::known(&wanted.interface, &name)
                != Some(program.imports[*import as usize].shape)
        {
            refuse("the component's type for it is not that of WASI 0.2".into());
            continue;
        }
        let other_memory = canon_options
            .and_then(|options| options.memory)
            .is_some_and(|(id, index)| program.memory(input, id, index) != memory);
        let other_encoding =
            canon_options.is_some_and(|options| options.encoding != StringEncoding::Utf8);
        let held = linked.guarded && !imported_resources(program, &canon.kind).is_empty();
        let in_memory = uses_memory(program, &canon.kind);
        let copied = in_memory && (other_memory || other_encoding || held);
        if copied || held {
            linked.copied.insert(id);
        }
        let realloc = match copied {
            true => Some((ARENA, FuncDef::Builtin(Builtin::Arena))),
            false => reallocs.of(id),
        };
        if let Some((_, FuncDef::Canon(_) | FuncDef::Host(_))) = realloc {
            refuse("its realloc is not a function of a core module".into());
            continue;
        }
        let instance = match instances.get(&(library, realloc.map(|(key, _)| key))) {
            Some(&instance) => instance,
            None => {
                check(&input.modules[module])?;
                let instance = instantiate(
                    input,
                    program,
                    library,
                    realloc.map(|(_, def)| guarded(input, program, adapted, def)),
                    &used,
                    memory,
                )?;
                instances.insert((library, realloc.map(|(key, _)| key)), instance);
                linked.libraries.push(LinkedLibrary {
                    name: input.libraries[library].name.to_string(),
                    instance,
                    copied,
                    functions: Vec::new(),
                });
                instance
            }
        };
        let entry = linked
            .libraries
            .iter_mut()
            .find(|linked| linked.instance == instance)
            .expect("it was just added");
        entry.functions.push(wanted.export);
        linked
            .bindings
            .insert(id, Binding::Func(FuncDef::Core(instance, index)));
    }
    for library in &mut linked.libraries {
        library.functions.sort();
        library.functions.dedup();
    }
    match refused.len() {
        0 => Ok(linked),
        1 => bail!("{}", refused[0]),
        n => bail!(
            "{n} functions that the component calls cannot be linked:\n  {}",
            refused.join("\n  ")
        ),
    }
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
        .any(|adapter| adapter.instance == id);
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

/// The lowered imports of a component may name different `realloc`s; each gets a copy of the
/// library. Those that name none can share any.
struct Reallocs {
    /// A number for each, and the functions by canon.
    by_canon: HashMap<CanonId, (u32, FuncDef)>,
    shared: Option<(u32, FuncDef)>,
}

impl Reallocs {
    fn new(input: &Input<'_>, program: &Program, tracer: &Tracer<'_, '_>) -> Reallocs {
        let mut distinct: Vec<FuncDef> = Vec::new();
        let mut by_canon = HashMap::new();
        for &id in tracer.reached.keys() {
            let CanonKind::Lower { options, .. } = &program.canons[id.0 as usize].kind else {
                continue;
            };
            let Some(realloc) = options.realloc else {
                continue;
            };
            let def = program.func(input, realloc);
            let key = distinct.iter().position(|other| *other == def);
            let key = key.unwrap_or_else(|| {
                distinct.push(def);
                distinct.len() - 1
            });
            by_canon.insert(id, (key as u32, def));
        }
        Reallocs {
            by_canon,
            shared: distinct.first().map(|def| (0, *def)),
        }
    }

    fn of(&self, id: CanonId) -> Option<(u32, FuncDef)> {
        self.by_canon.get(&id).copied().or(self.shared)
    }
}

fn refused_option(options: &CanonOptions) -> Option<String> {
    if let Some(option) = options.unsupported {
        return Some(format!("the canonical option {option} is not supported"));
    }
    None
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
        if !imported_resources(program, &canon.kind).is_empty() {
            holders.insert(canon.instance);
        }
    }
    holders.len() > 1
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

fn why_missing(input: &Input<'_>, wanted: &Wanted, interface: &str) -> String {
    let prefix = format!("{}@", wanted.interface);
    let known = input.libraries.iter().any(|library| {
        let exports = &input.modules[library.module].exports;
        exports.keys().any(|export| export.starts_with(&prefix))
    });
    if known {
        return format!("no linked library provides this function of {interface}");
    }
    match wanted.interface.as_str() {
        i if i.starts_with("wasi:sockets/") => {
            "Preview 1 has no sockets that a program can open".to_string()
        }
        i if i.starts_with("wasi:http/") => "Preview 1 has no HTTP".to_string(),
        i => format!("no linked library provides {i}"),
    }
}

fn signature(ty: &FuncType) -> String {
    let list = |types: &[wasmparser::ValType]| {
        types
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    format!("({}) -> ({})", list(ty.params()), list(ty.results()))
}

/// Adds an instance of a library to the program, with its imports bound.
fn instantiate(
    input: &Input<'_>,
    program: &mut Program,
    library: usize,
    realloc: Option<FuncDef>,
    used: &BTreeSet<String>,
    memory: (InstanceId, u32),
) -> Result<InstanceId> {
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
                    if preview1::signature(name).as_ref() != Some(ty) {
                        return Err(bad());
                    }
                    FuncDef::Host(program.host(preview1::MODULE, name, ty))
                }
                (LINKER, "state") => FuncDef::Builtin(Builtin::State),
                (LINKER, "max_handles") => FuncDef::Builtin(Builtin::MaxHandles),
                (LINKER, "cabi_realloc") => realloc.unwrap_or(FuncDef::Builtin(Builtin::Unlinked)),
                (weak, name) if weak.starts_with(WEAK) => {
                    let linked = weak[WEAK.len()..].split(' ').any(|i| used.contains(i));
                    match module.exports.get(name) {
                        Some(&(ExternalKind::Func, index)) if linked => FuncDef::Core(id, index),
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
