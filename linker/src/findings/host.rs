//! What is wrong with the parts of a module that the host sees, and with its limits.

use wasmparser::{ExternalKind, FuncType, Operator, RefType, TypeRef, ValType, WasmFeatures};

use super::allocator::{self, Allocator};
use super::applied;
use super::finding::{Effect, Finding, Kind, Place};
use super::needs::Needs;
use super::survey::{
    Survey, foreign, global_types, host_memory, import_kind, is_number, is_plain, is_reference,
    memory_types, reaches_host, table_types, used_imports,
};
use super::wrapper::Wrapper;
use crate::features::{FeatureSet, is_exception};
use crate::parse::module::{ElementMode, Items, Module};
use crate::parse::scan::value_type_features;
use crate::preview1;
use crate::profile::{Host, Import, Limits, Missing, Profile};
use crate::statics::stack_pointer;

fn finding(
    kind: Kind,
    effect: Effect,
    what: String,
    place: Option<Place>,
    fix: Option<&str>,
) -> Finding {
    Finding {
        kind,
        effect,
        what,
        feature: None,
        places: place.into_iter().collect(),
        emitted_by: None,
        fix: fix.map(str::to_string),
        profiles: Vec::new(),
    }
}

/// Parts of other sections than code that need a proposal.
pub fn sections_with(module: &Module<'_>, feature: WasmFeatures) -> Vec<(String, Place)> {
    let mut found = Vec::new();
    let mut add = |what: &str, offset: u64| found.push((what.to_string(), Place::outside(offset)));
    match feature {
        WasmFeatures::BULK_MEMORY => {
            for data in module.data.iter().filter(|data| data.active.is_none()) {
                add("passive data segments", data.offset);
            }
            for element in module.elements.iter().filter(|e| !is_plain(module, e)) {
                match element.mode {
                    ElementMode::Declared => {}
                    ElementMode::Passive => add("passive element segments", element.offset),
                    ElementMode::Active { .. } => {
                        add("element segments with other flags than 0", element.offset);
                    }
                }
            }
            if let Some(offset) = module.data_count {
                add("a DataCount section", offset);
            }
        }
        WasmFeatures::REFERENCE_TYPES => {
            if module.tables.len() + module.imported_tables.len() > 1 {
                let offset = module.tables.last().map_or(0, |table| table.offset);
                add("several tables", offset);
            }
            for element in &module.elements {
                if matches!(element.mode, ElementMode::Declared) {
                    add("declared element segments", element.offset);
                }
            }
        }
        WasmFeatures::GC => {
            for &offset in &module.gc_types {
                add("types of its own", offset);
            }
        }
        WasmFeatures::EXTENDED_CONST => {
            for data in &module.data {
                if let Some((_, expr)) = &data.active
                    && is_computed(module, expr)
                {
                    add("offsets that are computed", data.offset);
                }
            }
            for element in &module.elements {
                if let ElementMode::Active { offset, .. } = &element.mode
                    && is_computed(module, offset)
                {
                    add("offsets that are computed", element.offset);
                }
            }
            for global in module
                .globals
                .iter()
                .filter(|g| is_computed(module, &g.init))
            {
                let offset = global.init.get_binary_reader().original_position();
                add("globals that begin with what is computed", offset);
            }
        }
        _ => {}
    }
    found
}

/// Whether a constant expression is none of the first version: a sum, or a global of the module's own.
fn is_computed(module: &Module<'_>, expr: &wasmparser::ConstExpr<'_>) -> bool {
    let imported = module.imported_globals.len();
    let ops: Vec<Operator<'_>> = expr.get_operators_reader().into_iter().flatten().collect();
    // One, and the end.
    ops.len() > 2
        || ops.iter().any(|op| {
            matches!(op, Operator::GlobalGet { global_index } if *global_index as usize >= imported)
        })
}

/// Types at the boundary that cannot be lowered.
pub fn values(
    module: &Module<'_>,
    profile: &Profile,
    survey: &Survey,
    needs: &Needs,
    found: &mut Vec<Finding>,
) {
    // Where tables have to be arrays of numbers, references are numbers all the same.
    let lacks_references = !profile.has(WasmFeatures::REFERENCE_TYPES) || needs.references;
    // Those of exceptions and of GC are named with their proposals, where those are lacking.
    let counts = |ty: &RefType| {
        if needs.exceptions && is_exception(ty.heap_type()) {
            return false;
        }
        let own = value_type_features(ValType::Ref(*ty))
            .without(FeatureSet::of(WasmFeatures::REFERENCE_TYPES));
        profile.features.is_none_or(|has| has.contains(own))
    };
    if lacks_references {
        foreign_values(module, survey, &counts, found);
        held_by_the_host(module, found);
    }
    if !profile.has(WasmFeatures::MUTABLE_GLOBAL) {
        for import in &module.imports {
            if matches!(import.ty, TypeRef::Global(ty) if ty.mutable) {
                let what = format!(
                    "the import {}.{} is a mutable global, which nothing can replace",
                    import.module, import.name
                );
                let place = Some(Place::outside(import.offset));
                found.push(Finding::lacking("mutable-globals", &what, place));
            }
        }
    }
    let lacks_several = !profile.has(WasmFeatures::MULTI_VALUE);
    let mut boundary = |func: u32, what: String, offset: u64| {
        let ty = module.func_type(func);
        let reference = |ty: &ValType| matches!(ty, ValType::Ref(ty) if counts(ty));
        let mut add = |feature: &str, why: &str| {
            let what = format!("{what} {why}, which the host would have to know");
            let place = Some(Place::outside(offset));
            found.push(Finding::lacking(feature, &what, place));
        };
        if lacks_several && ty.results().len() > 1 {
            add("multivalue", "has several results");
        }
        if lacks_references && ty.params().iter().chain(ty.results()).any(reference) {
            add("reference-types", "has references in its type");
        }
    };
    for (index, &import) in module.imported_funcs.iter().enumerate() {
        let import = &module.imports[import];
        let what = format!("the import {}.{}", import.module, import.name);
        boundary(index as u32, what, import.offset);
    }
    let mut exports: Vec<_> = module.exports.iter().collect();
    exports.sort_by_key(|(name, _)| **name);
    for (name, &(kind, index)) in exports {
        if kind == ExternalKind::Func {
            boundary(
                index,
                format!("the export {name}"),
                module.range.start as u64,
            );
        }
    }
}

/// References that `counts` and that cannot be numbers.
fn foreign_values(
    module: &Module<'_>,
    survey: &Survey,
    counts: &dyn Fn(&RefType) -> bool,
    found: &mut Vec<Finding>,
) {
    let items = module
        .elements
        .iter()
        .filter_map(|element| match element.items {
            Items::Expressions(ty, _) => Some(ValType::from(ty)),
            Items::Functions(_) => None,
        });
    let outside_of_bodies = module
        .types
        .iter()
        .flat_map(|ty| ty.params().iter().chain(ty.results()).copied())
        .chain(global_types(module))
        .chain(table_types(module).map(|ty| ty.element_type.into()))
        .chain(items)
        .filter_map(|ty| foreign(&ty))
        .find(|ty| counts(ty));
    let inside = survey.foreign.iter().find(|(ty, ..)| counts(ty));
    let Some(ty) = outside_of_bodies.or(inside.map(|(ty, ..)| *ty)) else {
        return;
    };
    let what = format!("{ty}, which cannot be a number");
    let place = inside.map(|&(_, func, offset)| Place {
        function: Some(func),
        name: module.function_name(func).map(str::to_string),
        offset,
        count: 1,
    });
    found.push(Finding::lacking("reference-types", &what, place));
}

/// Globals, and tables of references that are no functions, at the boundary: they would hold numbers.
fn held_by_the_host(module: &Module<'_>, found: &mut Vec<Finding>) {
    let mut add = |what: String, offset: u64| {
        let what = format!("{what} of references, which the host would have to know");
        let place = Some(Place::outside(offset));
        found.push(Finding::lacking("reference-types", &what, place));
    };
    for import in &module.imports {
        if matches!(import.ty, TypeRef::Global(ty) if is_reference(&ty.content_type)) {
            add(
                format!("the import {}.{} is a global", import.module, import.name),
                import.offset,
            );
        }
        if matches!(import.ty, TypeRef::Table(ty) if ty.element_type == RefType::EXTERNREF) {
            add(
                format!("the import {}.{} is a table", import.module, import.name),
                import.offset,
            );
        }
    }
    let tables: Vec<_> = table_types(module).collect();
    for (name, index) in exported(module, ExternalKind::Table) {
        if tables[index as usize].element_type == RefType::EXTERNREF {
            add(
                format!("the export {name} is a table"),
                module.range.start as u64,
            );
        }
    }
    let types: Vec<ValType> = global_types(module).collect();
    for (name, index) in exported(module, ExternalKind::Global) {
        if is_reference(&types[index as usize]) {
            add(
                format!("the export {name} is a global"),
                module.range.start as u64,
            );
        }
    }
}

/// The exports of a kind in the order of their names.
fn exported<'a>(module: &Module<'a>, kind: ExternalKind) -> Vec<(&'a str, u32)> {
    let mut found: Vec<(&str, u32)> = module
        .exports
        .iter()
        .filter(|(_, (other, _))| *other == kind)
        .map(|(name, (_, index))| (*name, *index))
        .collect();
    found.sort_unstable();
    found
}

/// Why what a module with threads needs would be wrong, as the beginning of a sentence; none if all of it is
/// below the stack pointer of the thread that needs it.
fn beside_threads(module: &Module<'_>, needs: &Needs) -> Option<&'static str> {
    match () {
        () if needs.references => {
            Some("a memory that threads share, and tables as numbers would be state in it")
        }
        () if needs.memories => Some(
            "a memory that threads share, and the regions of several memories would be state in it",
        ),
        () if needs.host_arena => {
            Some("a memory that threads share, and the arena of the host would be state in it")
        }
        () if needs.arena && stack_pointer(module).is_none() => Some(
            "a memory that threads share, and a stack that nobody finds (export __stack_pointer, or keep names)",
        ),
        () => None,
    }
}

/// Several memories that cannot be joined in one, and memories that nothing can lie above.
pub fn memories(module: &Module<'_>, needs: &Needs, found: &mut Vec<Finding>) {
    let bulk = needs.memory_copy
        && module
            .features
            .contains(FeatureSet::of(WasmFeatures::BULK_MEMORY_OPT));
    let passive = needs.segments && module.data.iter().any(|data| data.active.is_none());
    let room = needs.memories || needs.room();
    for ty in memory_types(module) {
        let what = match () {
            () if ty.memory64 && (room || bulk || passive) => "a 64-bit memory",
            () if ty.page_size_log2.is_some() && (room || bulk || passive) => {
                "a memory with pages of its own size"
            }
            () if ty.shared => match beside_threads(module, needs) {
                Some(why) => why,
                None => continue,
            },
            () => continue,
        };
        found.push(finding(
            Kind::Memory,
            Effect::Refused,
            format!("{what}, on which lowered code cannot work"),
            None,
            None,
        ));
    }
    if !needs.memories {
        return;
    }
    let mut add = |what: String, place: Option<Place>| {
        let mut one = finding(
            Kind::Memory,
            Effect::Refused,
            format!("multi-memory: {what}"),
            place,
            None,
        );
        one.feature = Some("multi-memory".to_string());
        found.push(one);
    };
    if let Some(&at) = module.imported_memories.first() {
        let import = &module.imports[at];
        add(
            format!(
                "the memory {}.{} is imported, so others cannot lie behind it",
                import.module, import.name
            ),
            Some(Place::outside(import.offset)),
        );
        return;
    }
    let first = host_memory(module);
    let mut others: Vec<_> = module
        .exports
        .iter()
        .filter(|(_, (kind, index))| *kind == ExternalKind::Memory && *index != first)
        .collect();
    others.sort_by_key(|(name, _)| **name);
    for (name, _) in others {
        add(
            format!(
                "a second memory is exported, as {name:?}: the host would find a different one there"
            ),
            None,
        );
    }
}

pub fn memory_and_tables(module: &Module<'_>, profile: &Profile, found: &mut Vec<Finding>) {
    let limits = &profile.limits;
    for (most, memory) in limits.memory_pages.iter().flat_map(|most| {
        let memories = module.memories.iter();
        memories.map(move |memory| (*most, memory))
    }) {
        if memory.initial > most {
            found.push(finding(
                Kind::Memory,
                Effect::Refused,
                format!(
                    "the memory starts with {} pages; the runtime allows at most {most}",
                    memory.initial
                ),
                None,
                None,
            ));
        } else if memory.maximum.is_some_and(|maximum| maximum > most) {
            found.push(finding(
                Kind::Memory,
                Effect::Refused,
                format!(
                    "the memory may have up to {} pages; the runtime allows at most {most}",
                    memory.maximum.unwrap_or_default()
                ),
                None,
                Some("a smaller maximum: memory.grow beyond it gives -1"),
            ));
        }
    }
    if let Some(most) = limits.table_elements {
        for table in module.tables.iter().filter(|table| table.ty.initial > most) {
            found.push(finding(
                Kind::Table,
                Effect::Refused,
                format!(
                    "a table has {} elements; the runtime allows at most {most}",
                    table.ty.initial
                ),
                Some(Place::outside(table.offset)),
                None,
            ));
        }
    }
    if limits.empty_local_groups == Some(false) {
        empty_local_groups(module, found);
    }
    if limits.locals.is_some() || limits.stack.is_some() {
        for defined in 0..module.bodies.len() {
            frame(module, defined, limits, found);
        }
    }
}

/// Tables that cannot be joined or become arrays of numbers.
pub fn tables(module: &Module<'_>, profile: &Profile, needs: &Needs, found: &mut Vec<Finding>) {
    let mut add = |kind: Kind, what: String, offset: Option<u64>| {
        found.push(finding(
            kind,
            Effect::Refused,
            what,
            offset.map(Place::outside),
            None,
        ));
    };
    let (lowers, why) = match (needs.references, needs.joined) {
        (true, _) => (
            true,
            "would be numbers in memory, which the host does not know",
        ),
        (_, true) => (true, "would lie in one with others"),
        _ => (false, ""),
    };
    let lacks_references = !profile.has(WasmFeatures::REFERENCE_TYPES);
    for &import in &module.imported_tables {
        let import = &module.imports[import];
        let what = format!("the table {}.{} is imported", import.module, import.name);
        if lowers {
            add(
                Kind::Table,
                format!("{what}: it {why}"),
                Some(import.offset),
            );
        } else if lacks_references {
            add(Kind::Import, what, Some(import.offset));
        }
    }
    if profile.limits.tables == Some(0) && table_types(module).next().is_some() {
        add(
            Kind::Table,
            "a table, which the runtime does not take".to_string(),
            None,
        );
    }
    if !lowers {
        return;
    }
    for (name, _) in exported(module, ExternalKind::Table) {
        add(
            Kind::Table,
            format!("the table that is exported as {name:?} {why}"),
            Some(module.range.start as u64),
        );
    }
    for table in &module.tables {
        let what = match () {
            () if table.ty.table64 => "a 64-bit table",
            () if !is_number(table.ty.element_type) => {
                "a table of references that are not functions"
            }
            () if table.init.is_some() => "a table with an initial value",
            () => continue,
        };
        add(Kind::Table, format!("{what} {why}"), Some(table.offset));
    }
}

/// What is wrong with the locals of a function, parameters included.
/// Groups of no locals, which are valid.
fn empty_local_groups(module: &Module<'_>, found: &mut Vec<Finding>) {
    let mut places = Vec::new();
    for defined in 0..module.bodies.len() {
        let Ok(mut locals) = module.body(defined).get_locals_reader() else {
            continue;
        };
        let mut empty = Vec::new();
        for _ in 0..locals.get_count() {
            let offset = locals.original_position();
            if locals.read().is_ok_and(|(count, _)| count == 0) {
                empty.push(offset);
            }
        }
        let Some(&offset) = empty.first() else {
            continue;
        };
        let index = module.imported_func_count() + defined as u32;
        places.push(Place {
            function: Some(index),
            name: module.function_name(index).map(str::to_string),
            offset,
            count: empty.len() as u32,
        });
    }
    if !places.is_empty() {
        found.push(Finding {
            places,
            ..finding(
                Kind::Locals,
                Effect::Refused,
                "functions declare groups of no locals, which the runtime refuses".to_string(),
                None,
                Some("they are left out"),
            )
        });
    }
}

fn frame(module: &Module<'_>, defined: usize, limits: &Limits, found: &mut Vec<Finding>) {
    let index = module.imported_func_count() + defined as u32;
    let bytes_of = |ty: &ValType| match ty {
        ValType::V128 => 16,
        ValType::I64 | ValType::F64 => 8,
        _ => 4,
    };
    let params = module.func_type(index).params();
    let mut count = params.len() as u64;
    let mut bytes: u64 = params.iter().map(bytes_of).sum();
    if let Ok(locals) = module.body(defined).get_locals_reader() {
        for (more, ty) in locals.into_iter().flatten() {
            count += u64::from(more);
            bytes += u64::from(more) * bytes_of(&ty);
        }
    }
    let place = || Place {
        function: Some(index),
        name: module.function_name(index).map(str::to_string),
        offset: module.bodies[defined].start as u64,
        count: 1,
    };
    if let Some(most) = limits.locals.filter(|most| count > u64::from(*most)) {
        let what = format!("a function has {count} locals; the runtime allows at most {most}");
        found.push(finding(
            Kind::Locals,
            Effect::Refused,
            what,
            Some(place()),
            None,
        ));
    }
    if let Some(most) = limits.stack.filter(|most| bytes > u64::from(*most)) {
        let what = format!(
            "the locals of a function take {bytes} bytes, and the stack has {most} unless the runtime \
             is told otherwise: a call of it would trap"
        );
        found.push(finding(
            Kind::Locals,
            Effect::Note,
            what,
            Some(place()),
            None,
        ));
    }
}

pub fn start(module: &Module<'_>, profile: &Profile, found: &mut Vec<Finding>) {
    let Some(start) = module.start else { return };
    let place = Place {
        function: Some(start),
        name: module.function_name(start).map(str::to_string),
        offset: module
            .bodies
            .get((start as usize).wrapping_sub(module.imported_funcs.len()))
            .map_or(0, |body| body.start as u64),
        count: 1,
    };
    const FIX: &str = "it runs before the first call of an export";
    if !profile.host.start {
        found.push(finding(
            Kind::Start,
            Effect::Refused,
            "a start function".to_string(),
            Some(place),
            Some(FIX),
        ));
    } else if !profile.host.start_calls_wasi && reaches_host(module) {
        found.push(finding(
            Kind::Start,
            Effect::FailsLater,
            "the start function calls the host, which is not ready yet".to_string(),
            Some(place),
            Some(FIX),
        ));
    }
}

/// What is wrong with an import of a function, `name` in `module`, if anything is.
pub fn import(
    profile: &Profile,
    (module, name): (&str, &str),
    ty: &FuncType,
    offset: u64,
    used: bool,
) -> Option<Finding> {
    let missing = match profile.host.missing {
        Missing::Refused => Effect::Refused,
        Missing::FailsWhenCalled => Effect::FailsLater,
    };
    let (effect, what, fix) = match profile.import(module, name, ty) {
        Import::Provided => return None,
        Import::Missing if !used => (
            missing.max(Effect::Refused),
            format!("{module}.{name} is not provided, but nothing uses it"),
            Some("the import is left out"),
        ),
        Import::Missing => (missing, format!("{module}.{name} is not provided"), None),
        Import::OtherType(expected) => (
            missing,
            format!("{module}.{name} is imported as {ty}, but the host has {expected}"),
            None,
        ),
        Import::ThroughEnv => (
            missing,
            format!("the host finds no functions in a module {module:?}"),
            Some("imported from `env` as `module#field`"),
        ),
    };
    let place = Some(Place::outside(offset));
    Some(finding(Kind::Import, effect, what, place, fix))
}

/// What starts a thread (the proposal wasi-threads).
const THREAD_SPAWN: (&str, &str) = ("wasi", "thread-spawn");

pub fn imports(module: &Module<'_>, profile: &Profile, found: &mut Vec<Finding>) {
    let used = used_imports(module);
    for (index, &at) in module.imported_funcs.iter().enumerate() {
        let one = &module.imports[at];
        let ty = module.func_type(index as u32);
        let name = (one.module, one.name);
        if name == THREAD_SPAWN && !profile.host.threads && profile.features.is_some() {
            found.push(finding(
                Kind::Import,
                match profile.host.missing {
                    Missing::Refused => Effect::Refused,
                    Missing::FailsWhenCalled => Effect::FailsLater,
                },
                "the runtime starts no threads: it has no `wasi.thread-spawn` (WAMR has it if it is built with \
                 WAMR_BUILD_LIB_WASI_THREADS=1: profile wamr-2-threads)"
                    .to_string(),
                Some(Place::outside(one.offset)),
                None,
            ));
            continue;
        }
        found.extend(import(profile, name, ty, one.offset, used[index]));
        if one.module == preview1::MODULE && used[index] {
            if let Some(wrong) = Wrapper::of(one.name, profile.quirks).map(Wrapper::why) {
                found.push(finding(
                    Kind::Behaviour,
                    Effect::FailsLater,
                    format!("{}: {wrong}", one.name),
                    Some(Place::outside(one.offset)),
                    Some("calls go through a wrapper"),
                ));
            }
            for note in profile.notes_on(one.name) {
                found.push(finding(
                    Kind::Behaviour,
                    Effect::Note,
                    format!("{}: {note}", one.name),
                    None,
                    None,
                ));
            }
        }
    }
    for import in &module.imports {
        let refused = match import.ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => false,
            TypeRef::Global(_) => !profile.host.imported_globals && profile.features.is_some(),
            _ => !profile.has_module(import.module),
        };
        if refused {
            found.push(finding(
                Kind::Import,
                Effect::Refused,
                format!(
                    "{}.{} is a {}, which the host does not provide",
                    import.module,
                    import.name,
                    import_kind(import.ty)
                ),
                Some(Place::outside(import.offset)),
                None,
            ));
        }
    }
}

/// A module that was lowered for a host with other structs.
pub fn structs(module: &Module<'_>, profile: &Profile, found: &mut Vec<Finding>) {
    if let Some(quirk) = applied::foreign(profile, module) {
        found.push(finding(
            Kind::Behaviour,
            Effect::FailsLater,
            format!(
                "it was lowered for a host with the quirk {quirk}, which this one does not have"
            ),
            None,
            None,
        ));
    }
}

pub fn exports(module: &Module<'_>, profile: &Profile, found: &mut Vec<Finding>) {
    let host = &profile.host;
    for name in &host.never_export {
        if module.exports.contains_key(name.as_str()) {
            found.push(finding(
                Kind::Export,
                Effect::FailsLater,
                format!("the export {name} is one that the profile rules out"),
                None,
                Some("the export is left out"),
            ));
        }
    }
    let allocator = allocator::find(module, profile);
    let is_asked = !matches!(allocator, Ok(Allocator::None) | Err(_));
    if host.shrinks_memory && !profile.quirks.app_heap && !is_asked && allocator::asks_size(module)
    {
        for name in ["__data_end", "__heap_base"] {
            if module.exports.contains_key(name) {
                found.push(finding(
                    Kind::Export,
                    Effect::FailsLater,
                    format!(
                        "the export {name} lets the host take the memory above it, where the program's \
                         own allocator is, for a heap of its own"
                    ),
                    None,
                    Some("the export is left out"),
                ));
            }
        }
    }
    let has = |name: &str| module.exports.contains_key(name);
    let any_memory = !module.memories.is_empty() || !module.imported_memories.is_empty();
    let wasi = imports_wasi(module);
    if host.needs_memory_export && any_memory && wasi && !has("memory") {
        found.push(finding(
            Kind::Export,
            Effect::Refused,
            "the memory is not exported as \"memory\"".to_string(),
            None,
            Some("it is exported"),
        ));
    }
    let started = ["_start", "_initialize"].into_iter().find(|name| has(name));
    if let Some(name) = started
        && host.start_needs_memory
        && !has("memory")
        && !(wasi && any_memory)
    {
        let (has, fix) = match any_memory {
            true => ("exports none", Some("it is exported")),
            false => (
                "has none: link it with one, or call its exports without starting it",
                None,
            ),
        };
        found.push(finding(
            Kind::Export,
            Effect::FailsLater,
            format!(
                "{name}: the host starts only what exports a memory as \"memory\", and this {has}"
            ),
            None,
            fix,
        ));
    }
    if !host.initialize_beside_start && has("_start") && has("_initialize") {
        found.push(finding(
            Kind::Export,
            Effect::Refused,
            "_start and _initialize are exported together".to_string(),
            None,
            None,
        ));
    }
    if profile.quirks.app_heap && any_memory && !allocator::shrinks(module, profile) {
        found.extend(app_heap(module, allocator));
    }
}

fn imports_wasi(module: &Module<'_>) -> bool {
    let mut imports = module.imports.iter();
    imports.any(|import| import.module == preview1::MODULE)
}

/// Whether the host looks for a memory of the name "memory" in the module, if it has one.
pub fn wants_memory(module: &Module<'_>, host: &Host) -> bool {
    let has = |name: &str| module.exports.contains_key(name);
    let started = has("_start") || has("_initialize");
    host.needs_memory_export && imports_wasi(module) || host.start_needs_memory && started
}

/// What is wrong where the host has a heap of its own, unless it can ask the module.
fn app_heap(module: &Module<'_>, allocator: anyhow::Result<Allocator>) -> Option<Finding> {
    const HEAP: &str = "the runtime puts a heap of its own above the initial pages, where the program's \
                        own allocator does not expect it";
    let (what, fix) = match allocator {
        Ok(Allocator::Whole) => return None,
        // It lies behind everything then.
        Ok(_) if !allocator::asks_size(module) => return None,
        Ok(Allocator::None) => (
            HEAP.to_string(),
            "an arena is exported as malloc and free: the runtime uses that instead",
        ),
        Ok(Allocator::OlderNames { .. }) => (
            format!("{HEAP}: it does not know __pin and __unpin"),
            "they are exported as __retain and __release, too",
        ),
        Err(error) => {
            let what = format!("{HEAP}: {error}");
            return Some(finding(Kind::Memory, Effect::FailsLater, what, None, None));
        }
    };
    Some(finding(
        Kind::Memory,
        Effect::FailsLater,
        what,
        None,
        module.imported_memories.is_empty().then_some(fix),
    ))
}
