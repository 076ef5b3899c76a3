//! Functions of the canonical ABI between the guests of one output: calls from one component
//! instance to another, and the built-ins for resources that a component defines.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use super::canon_name;
use super::live::Live;
use crate::abi::Type;
use crate::parse::Input;
use crate::parse::module::{ElementMode, Items};
use crate::parse::scan::Ref;
use crate::resolve::{
    CanonId, CanonKind, ComponentFunc, ComponentInstanceId, FuncDef, InstanceId, Program, Resource,
};

/// Whether the linker writes a function of the canonical ABI itself.
pub fn is_glue(program: &Program, id: CanonId) -> bool {
    match &program.canons[id.0 as usize].kind {
        CanonKind::Lower { callee, .. } => matches!(callee, ComponentFunc::Lift(_)),
        CanonKind::ResourceNew(resource)
        | CanonKind::ResourceRep(resource)
        | CanonKind::ResourceDrop(resource) => matches!(
            program.resources[resource.0 as usize],
            Resource::Defined { .. }
        ),
        CanonKind::Unsupported(_) => false,
    }
}

/// The core functions that such a function calls.
pub fn calls(program: &Program, id: CanonId) -> Vec<FuncDef> {
    match &program.canons[id.0 as usize].kind {
        CanonKind::Lower {
            callee: ComponentFunc::Lift(lift),
            options,
        } => {
            let lift = &program.lifts[lift.0 as usize];
            [
                Some(lift.func),
                lift.options.realloc,
                lift.options.post_return,
                options.realloc,
            ]
            .into_iter()
            .flatten()
            .collect()
        }
        CanonKind::ResourceDrop(resource) => match &program.resources[resource.0 as usize] {
            Resource::Defined { destructor, .. } => destructor.iter().copied().collect(),
            Resource::Imported { .. } => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The memories that it works on.
pub fn memories(program: &Program, id: CanonId) -> Vec<(InstanceId, u32)> {
    match &program.canons[id.0 as usize].kind {
        CanonKind::Lower {
            callee: ComponentFunc::Lift(lift),
            options,
        } => {
            let lift = &program.lifts[lift.0 as usize];
            [lift.options.memory, options.memory]
                .into_iter()
                .flatten()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The component instances that a call from one to another enters: `CanonicalABI.md`,
/// "Component Instance State".
pub fn entered(
    program: &Program,
    caller: ComponentInstanceId,
    callee: ComponentInstanceId,
) -> Vec<ComponentInstanceId> {
    let with_ancestors = |id: ComponentInstanceId| {
        std::iter::successors(Some(id), |id| program.component_instances[id.0 as usize])
    };
    let around: BTreeSet<ComponentInstanceId> = with_ancestors(caller).collect();
    with_ancestors(callee)
        .filter(|id| !around.contains(id))
        .collect()
}

/// What calls between component instances need at run time.
#[derive(Clone, Debug, Default)]
pub struct Fusion {
    /// Instances that could be entered while they are entered: each has a flag.
    pub reentered: BTreeSet<ComponentInstanceId>,
    /// Instances that have handles of resources of the component, with the offset of the table in
    /// the linker's block.
    pub tables: BTreeMap<ComponentInstanceId, u32>,
    /// Instances that get borrowed handles.
    pub borrowers: BTreeSet<ComponentInstanceId>,
    /// Instances that must not call out while their `realloc` or `post-return` runs, and could.
    pub may_not_leave: BTreeSet<ComponentInstanceId>,
    /// Whether strings are passed.
    pub strings: bool,
    /// Whether bytes are moved.
    pub moves: bool,
}

/// Looks at every live function that the linker writes itself.
///
/// # Errors
///
/// Everything that is not supported yet, by name.
pub fn plan(input: &Input<'_>, program: &Program, live: &Live, max_handles: u32) -> Result<Fusion> {
    let mut fusion = Fusion::default();
    let mut edges: Vec<(ComponentInstanceId, ComponentInstanceId)> = Vec::new();
    let mut with_table: BTreeSet<ComponentInstanceId> = BTreeSet::new();
    for &id in &live.glue {
        let canon = &program.canons[id.0 as usize];
        let place = format!("(at offset {:#x}, in {})", canon.offset, canon.path);
        match &canon.kind {
            CanonKind::Lower {
                callee: ComponentFunc::Lift(lift),
                options,
            } => {
                let lift = &program.lifts[lift.0 as usize];
                if lift.is_async {
                    bail!("a call of an async function is not supported {place}");
                }
                if let Some(why) = crate::glue::fused::refused(&lift.ty, options, &lift.options) {
                    bail!("a call between components: {why} {place}");
                }
                edges.push((canon.instance, lift.instance));
                for (instance, def) in [
                    (lift.instance, lift.options.realloc),
                    (lift.instance, lift.options.post_return),
                    (canon.instance, options.realloc),
                ] {
                    if def.is_some_and(|def| reaches_glue(input, program, def)) {
                        fusion.may_not_leave.insert(instance);
                    }
                }
                for (from, to, ty) in [
                    (canon.instance, lift.instance, Some(&lift.ty.params)),
                    (lift.instance, canon.instance, lift.ty.result.as_ref()),
                ] {
                    let Some(ty) = ty else { continue };
                    let handles = |own: bool| {
                        ty.any(&|ty| match ty {
                            Type::Own(id) if own => is_defined(program, *id),
                            Type::Borrow(id) if !own => is_defined(program, *id),
                            _ => false,
                        })
                    };
                    // All guests have the handles of the host in one table: the drop of what was
                    // lent would be that of the owner.
                    if ty.any(&|ty| matches!(ty, Type::Borrow(id) if !is_defined(program, *id))) {
                        bail!(
                            "a call between components: borrowed handles of resources of the host \
                             are not supported yet {place}"
                        );
                    }
                    if handles(true) || handles(false) {
                        with_table.extend([from, to]);
                    }
                    if handles(false) {
                        fusion.borrowers.insert(to);
                    }
                    fusion.strings |= ty.any(&|ty| *ty == Type::String);
                    fusion.moves |= ty.has_pointers();
                }
            }
            CanonKind::ResourceNew(_) | CanonKind::ResourceRep(_) | CanonKind::ResourceDrop(_) => {
                with_table.insert(canon.instance);
            }
            _ => bail!("{} is not supported {place}", canon_name(program, id)),
        }
    }
    let instances: BTreeSet<ComponentInstanceId> =
        edges.iter().flat_map(|(a, b)| [*a, *b]).collect();
    for &instance in &instances {
        if can_reenter(program, &edges, instance) {
            fusion.reentered.insert(instance);
        }
    }
    for (at, instance) in with_table.into_iter().enumerate() {
        let offset = table_size(max_handles) * at as u64;
        fusion.tables.insert(instance, offset as u32);
    }
    tables_size(&fusion, max_handles)?;
    Ok(fusion)
}

/// Bytes of the handle table of one component instance.
fn table_size(max_handles: u32) -> u64 {
    (u64::from(max_handles) + 1) * u64::from(crate::glue::handles::ENTRY)
}

/// Bytes of all handle tables.
///
/// # Errors
///
/// Fails for so many handles that they fill the memory.
pub fn tables_size(fusion: &Fusion, max_handles: u32) -> Result<u32> {
    let size = table_size(max_handles) * fusion.tables.len() as u64;
    match u32::try_from(size) {
        Ok(size) if size < 1 << 28 => Ok(size),
        _ => bail!("--max-handles {max_handles} is too many"),
    }
}

/// Whether a core function can come to call a function that the linker writes.
fn reaches_glue(input: &Input<'_>, program: &Program, def: FuncDef) -> bool {
    let mut seen = BTreeSet::new();
    let mut work = vec![def];
    while let Some(def) = work.pop() {
        let (id, index) = match program.func(input, def) {
            FuncDef::Core(id, index) => (id, index),
            FuncDef::Canon(canon) if is_glue(program, canon) => return true,
            _ => continue,
        };
        if !seen.insert((id, index)) {
            continue;
        }
        let module = program.module(input, id);
        let defined = (index - module.imported_func_count()) as usize;
        for reference in module.refs.of(defined) {
            match reference {
                Ref::Func(func) | Ref::FuncRef(func) => work.push(FuncDef::Core(id, func)),
                Ref::Table(table) | Ref::TableWrite(table) => {
                    let slot = program.table(input, id, table);
                    work.extend(elements_of(input, program, slot));
                }
                _ => {}
            }
        }
    }
    false
}

/// The functions that any segment can put into a table.
fn elements_of(input: &Input<'_>, program: &Program, slot: (InstanceId, u32)) -> Vec<FuncDef> {
    let mut functions = Vec::new();
    for id in program.ids() {
        for element in &program.module(input, id).elements {
            let applies = match element.mode {
                ElementMode::Active { table, .. } => program.table(input, id, table) == slot,
                ElementMode::Passive => true,
                ElementMode::Declared => false,
            };
            if let (true, Items::Functions(indices)) = (applies, &element.items) {
                functions.extend(indices.iter().map(|&func| FuncDef::Core(id, func)));
            }
        }
    }
    functions
}

fn is_defined(program: &Program, id: crate::resolve::ResourceId) -> bool {
    matches!(program.resources[id.0 as usize], Resource::Defined { .. })
}

/// Whether a chain of calls that begins by entering an instance can come to enter it again.
fn can_reenter(
    program: &Program,
    edges: &[(ComponentInstanceId, ComponentInstanceId)],
    instance: ComponentInstanceId,
) -> bool {
    let enters: Vec<&(ComponentInstanceId, ComponentInstanceId)> = edges
        .iter()
        .filter(|(a, b)| entered(program, *a, *b).contains(&instance))
        .collect();
    let mut reached: BTreeSet<ComponentInstanceId> = BTreeSet::new();
    let mut work: Vec<ComponentInstanceId> = enters.iter().map(|(_, b)| *b).collect();
    while let Some(at) = work.pop() {
        if !reached.insert(at) {
            continue;
        }
        work.extend(edges.iter().filter(|(a, _)| *a == at).map(|(_, b)| *b));
    }
    enters.iter().any(|(a, _)| reached.contains(a))
}
