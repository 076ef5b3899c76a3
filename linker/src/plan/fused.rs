//! Functions of the canonical ABI between the guests of one output: calls from one component
//! instance to another, and the built-ins for resources that a component defines.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Result, bail};

use super::Binding;
use super::live::Live;
use super::strings::{Helper, Placed, helpers};
use super::tasks::{Site, TaskPlan};
use super::throwing::Throwing;
use crate::abi::{FuncType, MAX_FLAT_RESULTS, Type};
use crate::parse::Input;
use crate::resolve::{
    AsyncBuiltin, CanonId, CanonKind, CanonOptions, ComponentFunc, ComponentInstanceId, FuncDef,
    Given, HOST, InstanceId, LiftId, Program, ROOT, Resource, ResourceId, StringEncoding,
};
use crate::statics::canon::{canon_name, is_glue};
use crate::statics::reach::{Reached, reaches};

/// The component instances that a call enters: `CanonicalABI.md`, "Component Instance State",
/// `entering_set`. No caller is the host.
pub fn entered(
    program: &Program,
    caller: Option<ComponentInstanceId>,
    callee: ComponentInstanceId,
) -> Vec<ComponentInstanceId> {
    let with_ancestors = |id: ComponentInstanceId| {
        std::iter::successors(Some(id), |id| program.component_instances[id.0 as usize])
    };
    let around: BTreeSet<ComponentInstanceId> =
        caller.into_iter().flat_map(with_ancestors).collect();
    with_ancestors(callee)
        .filter(|id| !around.contains(id))
        .collect()
}

/// Who calls from an instance: no caller is the host.
pub fn caller_of(instance: ComponentInstanceId) -> Option<ComponentInstanceId> {
    (instance != HOST).then_some(instance)
}

/// What passes between the guests and the host.
#[derive(Clone, Debug, Default)]
pub struct Crossing {
    /// The lifted functions that the root exports.
    pub exports: Vec<LiftId>,
    /// The exported imports, whose values stay the host's.
    pub passed: Vec<LiftId>,
    /// The lowered imports that stay functions of the host.
    pub imports: Vec<CanonId>,
    /// The lowered imports of libraries that need the same care, and the drops of the host's
    /// resources when they are guarded.
    pub copied: BTreeSet<CanonId>,
    /// The lowered imports that are called otherwise than they are lowered: with `async`, or with ends of
    /// streams.
    pub adapted: BTreeSet<CanonId>,
    /// Those of them whose calls can be left pending.
    pub pending: BTreeSet<CanonId>,
    /// Whether several guests have handles of the host's resources.
    pub guarded: bool,
    /// The memory that the host shares with a guest, whose pointers are the host's.
    pub first: Option<(InstanceId, u32)>,
    /// Whether there are several guests, and none is trusted with what the host gets at: what passes in
    /// place is checked, and the host must not enter a guest that waits for it.
    pub beside: bool,
    /// The component instances that call functions of the host that could call back.
    pub callers: BTreeSet<ComponentInstanceId>,
    /// Bytes for what the host gives, if it does not allocate in the memory of guests.
    pub host_arena: Option<u32>,
    /// The index in the output of each live memory.
    pub memories: HashMap<(InstanceId, u32), u32>,
}

/// An end of a call, for what values need on their way.
#[derive(Clone, Copy)]
struct End {
    instance: ComponentInstanceId,
    encoding: StringEncoding,
    /// The index of its memory in the output.
    memory: u32,
}

impl End {
    /// The host as a component: its values are in the first memory.
    const HOST: End = End {
        instance: HOST,
        encoding: StringEncoding::Utf8,
        memory: 0,
    };
}

impl Crossing {
    /// The exported functions, and the imported ones: whether they are exported, and the number of the
    /// lift or the canonical function.
    fn functions(&self) -> Vec<(bool, u32)> {
        let exports = self.exports.iter().map(|id| (true, id.0));
        let imports = self.imports.iter().map(|id| (false, id.0));
        exports.chain(imports).collect()
    }

    fn end(
        &self,
        input: &Input<'_>,
        program: &Program,
        instance: ComponentInstanceId,
        options: &CanonOptions,
    ) -> End {
        let slot = options
            .memory
            .map(|(id, index)| program.memory(input, id, index));
        let memory = slot.and_then(|slot| self.memories.get(&slot));
        End {
            instance,
            encoding: options.encoding,
            memory: memory.copied().unwrap_or(0),
        }
    }

    /// The first memory in which the host finds arguments or results.
    pub fn first_memory(&self, input: &Input<'_>, program: &Program) -> Option<(InstanceId, u32)> {
        let exports = self.exports.iter().map(|id| types(program, true, id.0));
        let imports = self.imports.iter().map(|id| types(program, false, id.0));
        let mut all = exports.chain(imports);
        let (id, index) =
            all.find_map(|(ty, options)| options.memory.filter(|_| ty.uses_memory()))?;
        Some(program.memory(input, id, index))
    }
}

/// The type and the options of an exported lift or a lowered import.
fn types(program: &Program, exported: bool, at: u32) -> (&FuncType, &CanonOptions) {
    if exported {
        let lift = &program.lifts[at as usize];
        return (&lift.ty, &lift.options);
    }
    match &program.canons[at as usize].kind {
        CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            options,
        } => (&program.imports[*import as usize].ty, options),
        _ => unreachable!("only lowered imports are calls of the host"),
    }
}

/// What calls between component instances need at run time.
#[derive(Clone, Debug, Default)]
pub struct Fusion {
    /// Instances that could be entered while they are entered: each has a flag.
    pub reentered: BTreeSet<ComponentInstanceId>,
    /// Instances that have handles of resources of the component, with the offset of the table in
    /// the linker's block. [`HOST`] is one of them when the host has such handles.
    pub tables: BTreeMap<ComponentInstanceId, u32>,
    /// The offset of the table of loans, when handles are lent in lists.
    pub loans: Option<u32>,
    /// Instances that get borrowed handles.
    pub borrowers: BTreeSet<ComponentInstanceId>,
    /// Instances that must not call out while their `realloc` or `post-return` runs, and could: call
    /// another guest, or the host.
    pub may_not_leave: BTreeSet<ComponentInstanceId>,
    /// The functions of libraries that those of an instance could call.
    pub not_meanwhile: BTreeMap<ComponentInstanceId, BTreeSet<(InstanceId, u32)>>,
    /// The functions that strings need on their way.
    pub strings: BTreeSet<Placed>,
    /// Whether bytes are moved.
    pub moves: bool,
    /// Whether the host's values lie in a region of their own: values in memory are copied on their
    /// way. Without it they pass where the guest has them.
    pub arena: bool,
    /// Whether these are only the results of functions of the host, for a host that leaves them there
    /// ([`crate::options::Options::host_arena`]); all other values pass where the guest has them.
    pub only_results: bool,
    /// The size of that region, if it has one that is fixed: the host leaves results in it.
    pub room: Option<u32>,
    /// Whether there are several guests, and none is trusted with what belongs to others.
    pub beside: bool,
    /// Whether handles of the host's resources are in the tables of guests, too: several guests
    /// have such handles, and none may use those of another.
    pub guarded: bool,
    /// Calls between guests that need nothing of all that: the caller calls the callee's function.
    pub direct: BTreeMap<CanonId, FuncDef>,
    /// The imports that are called otherwise than they are lowered, and whose values stay in their place.
    pub adapted: BTreeSet<CanonId>,
    /// What takes part in tasks, in a program that has any.
    pub tasks: Option<TaskPlan>,
    /// The exports and imports that the linker writes a function for.
    pub exports: BTreeSet<LiftId>,
    pub imports: BTreeSet<CanonId>,
}

/// A caller and a callee; no caller is the host.
type Edge = (Option<ComponentInstanceId>, ComponentInstanceId);

/// Looks at every live function that the linker writes itself, and at what passes between the
/// guests and the host.
///
/// # Errors
///
/// Everything that is not supported, by name.
pub fn plan(
    input: &Input<'_>,
    program: &Program,
    live: &Live,
    bindings: &HashMap<CanonId, Binding>,
    (crossing, throwing, tasks): (&Crossing, &Throwing, Option<TaskPlan>),
    max_handles: u32,
) -> Result<Fusion> {
    let mut fusion = Fusion {
        imports: &crossing.copied | &crossing.adapted,
        guarded: crossing.guarded,
        beside: crossing.beside,
        tasks,
        adapted: &crossing.adapted - &crossing.copied,
        ..Fusion::default()
    };
    let mut edges: Vec<Edge> = Vec::new();
    // The functions during which an instance must not call out.
    let mut inside: Vec<(ComponentInstanceId, Option<FuncDef>)> = Vec::new();
    let mut with_table: BTreeSet<ComponentInstanceId> = BTreeSet::new();
    for &id in &live.glue {
        if bindings.contains_key(&id) {
            // A stub.
            continue;
        }
        let canon = &program.canons[id.0 as usize];
        let place = format!("(at offset {:#x}, in {})", canon.offset, canon.path);
        match &canon.kind {
            CanonKind::Lower {
                callee: ComponentFunc::Lift(lift),
                options,
            } => {
                let lift = &program.lifts[lift.0 as usize];
                for options in [options, &lift.options] {
                    if let Some(option) = options.unsupported {
                        bail!(
                            "a call between components: the canonical option {option} is not \
                             supported {place}"
                        );
                    }
                }
                edges.push((Some(canon.instance), lift.instance));
                inside.extend([
                    (lift.instance, lift.options.realloc),
                    (lift.instance, lift.options.post_return),
                    (canon.instance, options.realloc),
                ]);
                let caller = crossing.end(input, program, canon.instance, options);
                let callee = crossing.end(input, program, lift.instance, &lift.options);
                if fusion.by_tasks(Site::Lower(id)) && (options.is_async || lift.options.is_async) {
                    // It is for the time of the call, and not of the function.
                    let lends = |ty: &Type| matches!(ty, Type::Borrow(_));
                    if lift.ty.params.any(&lends) {
                        fusion.loans = Some(0);
                    }
                    with_table.insert(canon.instance);
                }
                fusion.passes(program, &mut with_table, &lift.ty.params, caller, callee);
                if let Some(ty) = &lift.ty.result {
                    fusion.passes(program, &mut with_table, ty, callee, caller);
                }
            }
            CanonKind::ResourceDrop(resource) => {
                with_table.insert(canon.instance);
                if let Resource::Defined {
                    instance,
                    destructor: Some(_),
                } = program.resources[resource.0 as usize]
                {
                    edges.push((caller_of(canon.instance), instance));
                }
            }
            CanonKind::ResourceNew(_) | CanonKind::ResourceRep(_) => {
                with_table.insert(canon.instance);
            }
            CanonKind::Async(builtin) => {
                if let Some(option) = builtin.options().and_then(|options| options.unsupported) {
                    bail!(
                        "{}: the canonical option {option} is not supported {place}",
                        builtin.name()
                    );
                }
                if builtin.has_handles() {
                    with_table.insert(canon.instance);
                }
                fusion.pass_elements(input, program, live, crossing, &mut with_table, id);
            }
            CanonKind::Service(_) | CanonKind::Given(_) => {}
            _ => bail!("{} is not supported {place}", canon_name(program, id)),
        }
    }
    for &id in &crossing.exports {
        edges.push((None, program.lifts[id.0 as usize].instance));
    }
    for (exported, at) in crossing.functions() {
        let (_, options) = types(program, exported, at);
        let instance = instance_of(program, exported, at);
        inside.extend([options.realloc, options.post_return].map(|def| (instance, def)));
    }
    for &id in bindings.keys() {
        let canon = &program.canons[id.0 as usize];
        if let CanonKind::Lower { options, .. } = &canon.kind {
            inside.push((canon.instance, options.realloc));
        }
    }
    fusion.keep_inside(input, program, bindings, crossing, &inside);
    let instances: BTreeSet<ComponentInstanceId> = edges
        .iter()
        .flat_map(|(caller, callee)| entered(program, *caller, *callee))
        .collect();
    for &instance in &instances {
        if can_reenter(program, &edges, &crossing.callers, instance) {
            fusion.reentered.insert(instance);
        }
    }
    fusion.cross(input, program, crossing, &mut with_table)?;
    for &id in &crossing.adapted {
        let (ty, _) = types(program, false, id.0);
        let has_ends = ty.params.has_ends() || ty.result.as_ref().is_some_and(Type::has_ends);
        if has_ends || crossing.pending.contains(&id) {
            with_table.insert(program.canons[id.0 as usize].instance);
        }
        // What is copied for the host is copied for these, too.
        if fusion.copies() && ty.uses_memory() && crossing.imports.contains(&id) {
            fusion.adapted.remove(&id);
        }
    }
    for &id in &live.glue {
        if let Some(callee) = fusion.plain_callee(program, id)
            && !throwing.can(input, program, callee)
        {
            fusion.direct.insert(id, callee);
        }
    }
    let mut offset = 0;
    for instance in with_table {
        fusion.tables.insert(instance, offset as u32);
        offset += u64::from(table_size(max_handles)?);
    }
    if fusion.loans.is_some() {
        fusion.loans = Some(offset as u32);
    }
    tables_size(&fusion, max_handles)?;
    Ok(fusion)
}

impl Fusion {
    /// Whether a call goes by way of the library of tasks.
    pub fn by_tasks(&self, site: Site) -> bool {
        let tasks = self.tasks.as_ref();
        tasks.is_some_and(|tasks| tasks.site(site).is_some())
    }

    /// Whether a lowered import is called otherwise than it is lowered, and its values stay in their place.
    pub fn is_adapted(&self, id: CanonId) -> bool {
        self.adapted.contains(&id)
    }

    /// How many handle tables there are, that of loans included.
    pub fn table_count(&self) -> usize {
        self.tables.len() + usize::from(self.loans.is_some())
    }

    /// Whether an instance has a flag for the time in which it must not call out.
    pub fn may_be_inside(&self, instance: ComponentInstanceId) -> bool {
        self.may_not_leave.contains(&instance) || self.not_meanwhile.contains_key(&instance)
    }

    /// Finds what could be called by the functions during which an instance must not call out:
    /// `CanonicalABI.md`, "Component Instance State", `may_leave`.
    fn keep_inside(
        &mut self,
        input: &Input<'_>,
        program: &Program,
        bindings: &HashMap<CanonId, Binding>,
        crossing: &Crossing,
        inside: &[(ComponentInstanceId, Option<FuncDef>)],
    ) {
        let mut known: HashMap<FuncDef, (bool, BTreeSet<(InstanceId, u32)>)> = HashMap::new();
        for &(instance, def) in inside {
            let Some(def) = def.map(|def| program.func(input, def)) else {
                continue;
            };
            let (leaves, libraries) = known.entry(def).or_insert_with(|| {
                let (mut leaves, mut libraries) = (false, BTreeSet::new());
                let look = |reached| {
                    let Reached::Canon(canon) = reached else {
                        return false;
                    };
                    let kind = &program.canons[canon.0 as usize].kind;
                    let service = matches!(kind, CanonKind::Service(_));
                    // A host of Preview 1 may be called at any time, and is: linkers wrap every export of a
                    // command, also its `cabi_realloc`, in what flushes standard output.
                    if matches!(kind, CanonKind::Preview1(..)) {
                        return false;
                    }
                    let glue = is_glue(program, canon) && !service;
                    leaves |= glue || crossing.imports.contains(&canon);
                    if let Some(Binding::Func(FuncDef::Core(id, index))) = bindings.get(&canon) {
                        libraries.insert((*id, *index));
                    }
                    false
                };
                reaches(input, program, [def], look, |_| Vec::new());
                (leaves, libraries)
            });
            if *leaves {
                self.may_not_leave.insert(instance);
            }
            if !libraries.is_empty() {
                let all = self.not_meanwhile.entry(instance).or_default();
                all.extend(libraries.iter());
            }
        }
    }

    /// Whether handles of a resource are in the tables of guests.
    pub fn is_tabled(&self, program: &Program, id: ResourceId) -> bool {
        self.guarded || is_defined(program, id)
    }

    /// Whether a value has handles that are in tables.
    fn has_handles(&self, program: &Program, ty: &Type) -> bool {
        ty.any(&|ty| match ty {
            Type::Own(id) | Type::Borrow(id) => self.is_tabled(program, *id),
            _ => false,
        })
    }

    /// The core function behind a call whose values mean the same on both sides, where nothing has to be
    /// checked or kept before and after it.
    fn plain_callee(&self, program: &Program, id: CanonId) -> Option<FuncDef> {
        let canon = &program.canons[id.0 as usize];
        let CanonKind::Lower {
            callee: ComponentFunc::Lift(lift),
            options,
        } = &canon.kind
        else {
            return None;
        };
        let lift = &program.lifts[lift.0 as usize];
        let plain = |ty: &Type| {
            !ty.any(&|ty| {
                !matches!(
                    ty,
                    Type::Int { bits: 32 | 64, .. } | Type::F32 | Type::F64 | Type::Record(_)
                )
            })
        };
        let entered = entered(program, Some(canon.instance), lift.instance);
        // One that is lowered with `async` gives a state.
        if self.by_tasks(Site::Lower(id)) || options.is_async {
            return None;
        }
        let same = !lift.ty.uses_memory()
            && plain(&lift.ty.params)
            && lift.ty.result.as_ref().is_none_or(plain);
        let kept = lift.options.post_return.is_some()
            || self.may_not_leave.contains(&canon.instance)
            || entered.iter().any(|id| self.reentered.contains(id));
        (same && !kept).then_some(lift.func)
    }

    /// What the elements need that a built-in writes, on their way to those that read.
    fn pass_elements(
        &mut self,
        input: &Input<'_>,
        program: &Program,
        live: &Live,
        crossing: &Crossing,
        with_table: &mut BTreeSet<ComponentInstanceId>,
        id: CanonId,
    ) {
        let canon = &program.canons[id.0 as usize];
        let gives_text = |id: &CanonId| {
            let kind = &program.canons[id.0 as usize].kind;
            matches!(kind, CanonKind::Given(Given::Text))
        };
        if let CanonKind::Async(AsyncBuiltin::Read(end, options)) = &canon.kind
            && end.has_text()
            && live.glue.iter().any(gives_text)
        {
            let reader = crossing.end(input, program, canon.instance, options);
            let helpers = match reader.encoding {
                // It is valid.
                StringEncoding::Utf8 => BTreeSet::new(),
                encoding => helpers(StringEncoding::Utf8, encoding),
            };
            let helpers = helpers
                .into_iter()
                .filter(|helper| *helper != Helper::CheckUtf8);
            self.strings
                .extend(helpers.map(|helper| helper.between(reader.memory, 0)));
            self.moves = true;
        }
        let CanonKind::Async(AsyncBuiltin::Write(end, options)) = &canon.kind else {
            return;
        };
        let Some(element) = &end.element else {
            return;
        };
        let writer = crossing.end(input, program, canon.instance, options);
        for &other in &live.glue {
            let canon = &program.canons[other.0 as usize];
            if let CanonKind::Async(AsyncBuiltin::Read(read, options)) = &canon.kind
                && read == end
            {
                let reader = crossing.end(input, program, canon.instance, options);
                self.passes(program, with_table, element, writer, reader);
                self.moves = true;
            }
        }
    }

    /// What a value needs on its way from one side to another.
    fn passes(
        &mut self,
        program: &Program,
        with_table: &mut BTreeSet<ComponentInstanceId>,
        ty: &Type,
        from: End,
        to: End,
    ) {
        let tabled = |id: &ResourceId| self.is_tabled(program, *id);
        let lent = |ty: &Type| matches!(ty, Type::Borrow(id) if tabled(id));
        let own_kind =
            |ty: &Type| matches!(ty, Type::Own(id) | Type::Borrow(id) if is_defined(program, *id));
        if self.has_handles(program, ty) {
            // The host has its own resources without a table of the linker's.
            let sides = [from.instance, to.instance].into_iter();
            with_table.extend(sides.filter(|side| *side != HOST || ty.any(&own_kind)));
        }
        if ty.has_ends() {
            let sides = [from.instance, to.instance].into_iter();
            with_table.extend(sides.filter(|side| *side != HOST));
        }
        let borrows = ty.any(&lent);
        let in_list = |ty: &Type| match ty {
            Type::List(element) => element.any(&lent),
            _ => false,
        };
        if ty.any(&in_list) {
            self.loans = Some(0);
        }
        if borrows {
            self.borrowers.insert(to.instance);
        }
        if ty.any(&|ty| *ty == Type::String) {
            let helpers = helpers(from.encoding, to.encoding).into_iter();
            self.strings
                .extend(helpers.map(|helper| helper.between(to.memory, from.memory)));
        }
        self.moves |= ty.has_pointers();
    }

    /// Decides how values pass between the guests and the host.
    ///
    /// # Errors
    ///
    /// For an arena that is too small for the results of the host.
    fn cross(
        &mut self,
        input: &Input<'_>,
        program: &Program,
        crossing: &Crossing,
        with_table: &mut BTreeSet<ComponentInstanceId>,
    ) -> Result<()> {
        let all = crossing.functions();
        let mut copied = Vec::new();
        for &id in &crossing.copied {
            let canon = &program.canons[id.0 as usize];
            if matches!(canon.kind, CanonKind::ResourceDrop(_)) {
                with_table.insert(canon.instance);
                continue;
            }
            self.arena |= types(program, false, id.0).0.uses_memory();
            copied.push((false, id.0));
        }
        let mut passed = crossing.passed.iter();
        self.arena |= passed.any(|id| program.lifts[id.0 as usize].ty.uses_memory());
        let (mut memory, mut realloc) = (crossing.first, None);
        for &(exported, at) in &all {
            let (ty, options) = types(program, exported, at);
            let in_memory = ty.uses_memory();
            if let (true, Some((id, index))) = (in_memory, options.memory) {
                let slot = program.memory(input, id, index);
                self.arena |= *memory.get_or_insert(slot) != slot;
            }
            if let Some(def) = options.realloc {
                let def = program.func(input, def);
                self.arena |= *realloc.get_or_insert(def) != def;
            }
            let strings = any(ty, &|ty| *ty == Type::String);
            self.arena |= strings && options.encoding != StringEncoding::Utf8;
            self.arena |= in_memory && any(ty, &|ty| self.has_handles(program, ty));
            // What a task gives is gone when the task goes on.
            self.arena |= in_memory && exported && self.by_tasks(Site::Export(LiftId(at)));
        }
        self.share_room(program, crossing)?;
        for (exported, at) in all.into_iter().chain(copied) {
            let (ty, options) = types(program, exported, at);
            let handles = any(ty, &|ty| self.has_handles(program, ty));
            let mut own = handles || self.copies() && ty.uses_memory();
            let instance = instance_of(program, exported, at);
            own |= crossing.beside && is_checked(ty, exported);
            if exported {
                let entered = entered(program, None, instance);
                own |= entered.iter().any(|id| self.reentered.contains(id));
                own |= self.by_tasks(Site::Export(LiftId(at)));
            } else {
                own |= self.may_not_leave.contains(&instance)
                    || crossing.copied.contains(&CanonId(at))
                    || self.only_result(ty).is_some();
            }
            if !own {
                continue;
            }
            if exported {
                self.exports.insert(LiftId(at));
            } else {
                self.imports.insert(CanonId(at));
            }
            if self.in_place(ty) {
                // Strings of the guest are read where they are.
                let read = if exported {
                    ty.result.as_ref()
                } else {
                    Some(&ty.params)
                };
                if read.is_some_and(|ty| ty.any(&|ty| *ty == Type::String)) {
                    self.strings.insert(Helper::CheckUtf8.between(0, 0));
                }
                if let (false, Some(result)) = (exported, self.only_result(ty)) {
                    let guest = crossing.end(input, program, instance, options);
                    self.passes(program, with_table, result, End::HOST, guest);
                }
                continue;
            }
            let guest = crossing.end(input, program, instance, options);
            let host = End::HOST;
            let (first, second) = if exported {
                (host, guest)
            } else {
                (guest, host)
            };
            self.passes(program, with_table, &ty.params, first, second);
            if let Some(ty) = &ty.result {
                self.passes(program, with_table, ty, second, first);
            }
        }
        self.moves |= self.arena;
        Ok(())
    }

    /// Decides whether the host leaves its results in a region of a fixed size, and whether it may enter
    /// the program while it owes one: it knows the address of a place in the arena then, which moves when
    /// a guest grows, and which a call from outside takes for free.
    ///
    /// # Errors
    ///
    /// When that region is too small for them.
    fn share_room(&mut self, program: &Program, crossing: &Crossing) -> Result<()> {
        let imports = crossing.imports.iter();
        let lowered = imports.map(|id| types(program, false, id.0).0);
        let passed = crossing.passed.iter();
        let passed = passed.map(|id| &program.lifts[id.0 as usize].ty);
        let given: Vec<&Type> = lowered
            .chain(passed)
            .filter_map(|ty| ty.result.as_ref())
            .collect();
        if crossing.host_arena.is_some() {
            self.only_results = !self.arena && given.iter().any(|ty| ty.has_pointers());
            self.arena |= self.only_results;
        }
        self.room = crossing.host_arena.filter(|_| self.arena);
        let largest = given.iter().map(|ty| ty.size()).max().unwrap_or(0);
        if let Some(bytes) = self.room
            && u64::from(largest) + 16 > bytes.into()
        {
            bail!(
                "--host-arena: what a function of the host returns takes {largest} bytes without its strings and \
                 lists, and 16 before them; {bytes} are too few"
            );
        }
        let owes = |ty: &&Type| match self.only_results {
            true => ty.has_pointers(),
            false => ty.flat().len() > MAX_FLAT_RESULTS,
        };
        if self.arena && given.iter().any(owes) {
            self.reentered.insert(ROOT);
        }
        Ok(())
    }

    /// Whether all values in memory are copied on their way between guests and the host.
    pub fn copies(&self) -> bool {
        self.arena && !self.only_results
    }

    /// Whether the values of a function that passes between a guest and the host stay where they are in
    /// memory: what the guest gives is checked there.
    pub fn in_place(&self, ty: &FuncType) -> bool {
        !self.copies() && ty.uses_memory()
    }

    /// The result of a function of the host, if it alone is copied, from the region where the host has left
    /// it.
    pub fn only_result<'t>(&self, ty: &'t FuncType) -> Option<&'t Type> {
        let result = ty.result.as_ref()?;
        (self.only_results && result.has_pointers()).then_some(result)
    }
}

/// Whether something that a guest gives to the host can be wrong: what an export returns, or the
/// parameters of an import and the place for its result.
fn is_checked(ty: &FuncType, exported: bool) -> bool {
    if exported {
        let in_memory = |ty: &Type| ty.flat().len() > MAX_FLAT_RESULTS;
        let result = ty.result.as_ref();
        return result.is_some_and(|ty| in_memory(ty) || ty.can_be_wrong());
    }
    ty.uses_memory() || ty.params.can_be_wrong()
}

fn any(ty: &FuncType, test: &dyn Fn(&Type) -> bool) -> bool {
    ty.params.any(test) || ty.result.as_ref().is_some_and(|ty| ty.any(test))
}

/// The component instance that exports a function, or imports it.
fn instance_of(program: &Program, exported: bool, at: u32) -> ComponentInstanceId {
    match exported {
        true => program.lifts[at as usize].instance,
        false => program.canons[at as usize].instance,
    }
}

/// Bytes of the handle table of one component instance.
///
/// # Errors
///
/// Fails for so many handles that they fill the memory.
pub fn table_size(max_handles: u32) -> Result<u32> {
    let size = (u64::from(max_handles) + 1) * u64::from(ENTRY);
    match u32::try_from(size) {
        Ok(size) if size < 1 << 28 => Ok(size),
        _ => bail!("--max-handles {max_handles} is too many"),
    }
}

/// Bytes of all handle tables.
///
/// # Errors
///
/// Fails for so many handles that they fill the memory.
pub fn tables_size(fusion: &Fusion, max_handles: u32) -> Result<u32> {
    let size = u64::from(table_size(max_handles)?) * fusion.table_count() as u64;
    match u32::try_from(size) {
        Ok(size) if size < 1 << 28 => Ok(size),
        _ => bail!("--max-handles {max_handles} is too many"),
    }
}

fn is_defined(program: &Program, id: crate::resolve::ResourceId) -> bool {
    matches!(program.resources[id.0 as usize], Resource::Defined { .. })
}

/// Whether a chain of calls that begins by entering an instance can come to enter it again; by way of
/// the host from one of `callers`.
fn can_reenter(
    program: &Program,
    edges: &[Edge],
    callers: &BTreeSet<ComponentInstanceId>,
    instance: ComponentInstanceId,
) -> bool {
    let enters: Vec<&Edge> = edges
        .iter()
        .filter(|(caller, callee)| entered(program, *caller, *callee).contains(&instance))
        .collect();
    let mut reached: BTreeSet<ComponentInstanceId> = BTreeSet::new();
    let mut work: Vec<ComponentInstanceId> = enters.iter().map(|(_, callee)| *callee).collect();
    while let Some(at) = work.pop() {
        if !reached.insert(at) {
            continue;
        }
        let from_here = edges.iter().filter(|(caller, _)| *caller == Some(at));
        work.extend(from_here.map(|(_, callee)| *callee));
    }
    enters.iter().any(|(caller, _)| match caller {
        Some(caller) => reached.contains(caller),
        // The host enters the root with whatever it calls.
        None => instance == ROOT && callers.iter().any(|caller| reached.contains(caller)),
    })
}

/// Bytes of an entry of a handle table.
pub const ENTRY: u32 = 16;
