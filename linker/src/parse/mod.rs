//! Bytes → [`Input`]: every section of every component and core module, validated.
//!
//! Nothing is interpreted here: indices stay as they are in the file, and function bodies stay
//! borrowed. Validation is that of `wasmparser`; function bodies are validated in parallel, and
//! what they refer to is noted in the same pass ([`scan`]).

pub mod component;
pub mod constant;
pub mod module;
mod notes;
pub mod numbers;
pub mod refs;
pub mod scan;
pub mod sites;
mod walk;

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};
use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType, ComponentValType};
use wasmparser::types::{Types, TypesRef};
use wasmparser::{
    CanonicalFunction, Encoding, Parser, Payload, ValidPayload, Validator, WasmFeatures,
};

use crate::features::FeatureSet;
use crate::options::Library;
use crate::wrapped::{PROGRAM_MEMORY, SECTION, Woven, hash};
use component::{Component, Definition, DefinitionKind, ImportItem, TypeDefinition};
use module::Module;
use refs::Refs;

/// A parsed and validated file.
pub struct Input<'a> {
    pub bytes: &'a [u8],
    /// The components of the file, the root first; empty for a core module.
    pub components: Vec<Component<'a>>,
    /// The core modules of the file in the order in which they begin, and after them those of the
    /// libraries.
    pub modules: Vec<Module<'a>>,
    pub libraries: Vec<LibraryModule<'a>>,
    /// The types of the root.
    pub types: Types,
    /// What was done to modules before they were parsed.
    pub places: Places,
}

/// Modules whose addresses were moved to where they lie in a memory that they share.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// By their place in [`Input::modules`].
    pub placed: BTreeMap<usize, Placed>,
    /// Why others were not.
    pub not: BTreeMap<usize, String>,
    /// Bytes of the stacks that several of them share, at the start of the memory.
    pub stacks: u32,
}

impl Places {
    /// What was done to the module of an instance.
    pub fn of(&self, module: usize) -> Option<&Placed> {
        self.placed.get(&module)
    }
}

/// A module whose addresses were moved, but for those of its data segments and its globals.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Where its memory begins, and its bytes there.
    pub base: u32,
    pub bytes: u64,
    /// What is added to the offsets of its data segments. It wraps.
    pub data: u32,
    /// The bytes of its stack that are not there, but were below its data.
    pub stack: u32,
    /// The initial values that globals get, by their indices.
    pub globals: BTreeMap<u32, u32>,
}

/// A library that may be linked.
pub struct LibraryModule<'a> {
    pub name: &'a str,
    /// Its place in [`Input::modules`].
    pub module: usize,
}

impl<'a> Input<'a> {
    /// The proposals that any core module of the file uses.
    pub fn features(&self) -> FeatureSet {
        let own = self.modules.len() - self.libraries.len();
        let mut features = FeatureSet::MVP;
        for module in &self.modules[..own] {
            features.insert(module.features);
        }
        features
    }

    /// Parses the libraries that may be linked and adds their modules. Bodies are read when something asks for them, and validated
    /// where they are linked.
    ///
    /// # Errors
    ///
    /// Fails for a library that is not a core module, and where it is invalid outside of the bodies.
    pub fn add_libraries(&mut self, libraries: &[Library<'a>]) -> Result<()> {
        for library in libraries {
            let mut parsed = parse(library.wasm, Reading::AsAsked)
                .with_context(|| format!("library {}", library.name))?;
            let mut module = parsed.modules.remove(0);
            module.path = format!("library {}", library.name);
            self.libraries.push(LibraryModule {
                name: library.name,
                module: self.modules.len(),
            });
            self.modules.push(module);
        }
        Ok(())
    }

    /// Gives the components inside of the root these names, in their order: their paths begin with them.
    pub fn name(&mut self, names: &[String]) {
        let components = self
            .components
            .iter_mut()
            .map(|component| &mut component.path);
        let modules = self.modules.iter_mut().map(|module| &mut module.path);
        for path in components.chain(modules) {
            let Some(rest) = path.strip_prefix("component > component ") else {
                continue;
            };
            let (nth, inside) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
            let name = nth.parse().ok().and_then(|nth: usize| names.get(nth));
            if let Some(name) = name {
                *path = format!("{name}{inside}");
            }
        }
    }
}

/// Parses a component.
///
/// # Errors
///
/// Fails for anything that is not a valid component, with the byte offset.
pub fn component(bytes: &[u8]) -> Result<Input<'_>> {
    match encoding(bytes)? {
        Encoding::Component => {
            let input = parse(bytes, Reading::Validate)?;
            for module in &input.modules {
                module.refuse_gc_types()?;
            }
            Ok(input)
        }
        Encoding::Module => bail!(
            "this is a core module, not a component: there is nothing to flatten \
             (`p1bridge wrap` makes a component of a Preview 1 module)"
        ),
    }
}

/// Parses a core module.
///
/// # Errors
///
/// Fails for anything that is not a valid core module, with the byte offset.
pub fn module(bytes: &[u8]) -> Result<Input<'_>> {
    match encoding(bytes)? {
        Encoding::Module => parse(bytes, Reading::Validate),
        Encoding::Component => bail!("this is a component, not a core module"),
    }
}

/// Parses a core module that the linker has made of valid ones, and that is not finished: its bodies are validated
/// when they are.
///
/// # Errors
///
/// As [`module()`]; that would be a bug of the linker.
pub fn unfinished(bytes: &[u8]) -> Result<Input<'_>> {
    parse(bytes, Reading::Note)
}

/// Parses a core module whose bodies are validated where they are linked: what they refer to is there, and no more is known.
///
/// # Errors
///
/// As [`module()`], but for what is wrong within the bodies.
pub fn unproven(bytes: &[u8]) -> Result<Input<'_>> {
    let input = unfinished(bytes)?;
    for module in &input.modules {
        for defined in 0..module.bodies.len() {
            if let Some(missing) = module.refs.of(defined).find(|at| !module.has(*at)) {
                let at = module.bodies[defined].start;
                bail!("{missing:?} of a function is not there (at offset {at:#x})");
            }
        }
    }
    Ok(input)
}

/// What kind of file this is, from its first eight bytes.
///
/// # Errors
///
/// Says what the file is instead when it is not WebAssembly.
pub fn encoding(bytes: &[u8]) -> Result<Encoding> {
    let what = if bytes.is_empty() {
        "the file is empty"
    } else if bytes.len() < 8 && b"\0asm".starts_with(&bytes[..bytes.len().min(4)]) {
        "the file ends within the WebAssembly header"
    } else if bytes.starts_with(b"\x7fELF") {
        "this is an ELF file, not WebAssembly"
    } else if bytes.starts_with(b"(module") || bytes.starts_with(b"(component") {
        "this is the WebAssembly text format: assemble it first, for example with `wasm-tools parse`"
    } else if !bytes.starts_with(b"\0asm") {
        "this is not WebAssembly: it does not begin with the bytes 00 61 73 6d"
    } else {
        match bytes[4..8] {
            [1, 0, 0, 0] => return Ok(Encoding::Module),
            [0x0d, 0, 1, 0] => return Ok(Encoding::Component),
            [version, 0, 1, 0] => bail!(
                "this is a component of binary version {version:#x}: only version 0xd is known, \
                 make it again with current tools (at offset 0x4)"
            ),
            _ => "the version of this WebAssembly file is not known (at offset 0x4)",
        }
    };
    bail!("{what}")
}

/// What the validator accepts: everything that is to be refused by name further on must be here.
pub(crate) fn accepted() -> WasmFeatures {
    WasmFeatures::default()
        | WasmFeatures::LEGACY_EXCEPTIONS
        | WasmFeatures::CUSTOM_PAGE_SIZES
        | WasmFeatures::CM_ASYNC_STACKFUL
        | WasmFeatures::CM_MORE_ASYNC_BUILTINS
        | WasmFeatures::CM_ERROR_CONTEXT
        // The second slot of contexts is among threads.
        | WasmFeatures::CM_THREADING
        | WasmFeatures::CM_FORWARD
        | WasmFeatures::CM_FIXED_LENGTH_LISTS
}

/// A module or component whose end has not been reached.
enum Open {
    Module(usize),
    Component(usize),
}

/// What is done with the bodies of functions.
#[derive(Clone, Copy, PartialEq)]
enum Reading {
    Validate,
    /// They are validated in what is made of them.
    Note,
    /// The same, for those that something asks for.
    AsAsked,
}

fn parse(bytes: &[u8], reading: Reading) -> Result<Input<'_>> {
    let mut validator = Validator::new_with_features(accepted());
    let mut components: Vec<Component<'_>> = Vec::new();
    let mut modules: Vec<Module<'_>> = Vec::new();
    let mut rules: Vec<(usize, scan::Rules)> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut types = None;

    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        if let (Payload::End(_), Some(&Open::Component(id))) = (&payload, open.last())
            && let Some(types) = validator.types(0)
        {
            note_resources(&mut components[id], types);
        }
        let valid = validator.payload(&payload)?;
        match payload {
            Payload::Version {
                encoding, range, ..
            } => {
                open.push(match encoding {
                    Encoding::Module => {
                        modules.push(Module {
                            bytes,
                            range: range.start as usize..range.start as usize,
                            ..Module::default()
                        });
                        Open::Module(modules.len() - 1)
                    }
                    Encoding::Component => {
                        let path = place(&components, &open);
                        components.push(Component {
                            path,
                            ..Component::default()
                        });
                        Open::Component(components.len() - 1)
                    }
                });
                continue;
            }
            Payload::End(offset) => {
                match open.pop() {
                    Some(Open::Module(id)) => {
                        modules[id].range.end = offset as usize;
                        let what = match open.last() {
                            Some(&Open::Component(parent)) => {
                                let definitions = &mut components[parent];
                                let nth = count(definitions, |kind| {
                                    matches!(kind, DefinitionKind::CoreModule(_))
                                });
                                definitions.definitions.push(Definition {
                                    offset: modules[id].range.start as u64,
                                    kind: DefinitionKind::CoreModule(id),
                                });
                                format!("{} > core module {nth}", definitions.path)
                            }
                            _ => "core module".to_string(),
                        };
                        modules[id].finish(&what)?;
                    }
                    Some(Open::Component(id)) => {
                        note_woven(&components[id], &mut modules);
                        if let Some(&Open::Component(parent)) = open.last() {
                            components[parent].definitions.push(Definition {
                                offset,
                                kind: DefinitionKind::Component(id),
                            });
                        }
                    }
                    None => bail!("unbalanced end (at offset {offset:#x})"),
                }
                if let ValidPayload::End(end) = valid {
                    types = Some(end);
                }
                continue;
            }
            _ => {}
        }
        match open.last() {
            Some(&Open::Module(id)) => {
                let module = &mut modules[id];
                if let ValidPayload::Func(func, body) = valid {
                    let range = body.range();
                    if module.bodies.is_empty() {
                        rules.push((id, scan::Rules::of(func)));
                    }
                    module.bodies.push(range.start as usize..range.end as usize);
                } else {
                    let in_component = open.len() > 1;
                    module.payload(payload).with_context(|| {
                        if in_component {
                            format!("in core module {id} of the component")
                        } else {
                            "in the core module".to_string()
                        }
                    })?;
                }
            }
            Some(&Open::Component(id)) => {
                let types = validator
                    .types(0)
                    .ok_or_else(|| anyhow!("no component is open"))?;
                component_payload(&mut components[id], payload, types)
                    .with_context(|| format!("in {}", components[id].path))?;
            }
            None => {}
        }
    }

    let counts: Vec<usize> = modules.iter().map(|module| module.bodies.len()).collect();
    let bodies = rules.into_iter().map(|(id, rules)| {
        let module = &modules[id];
        let imported = module.func_types.len() - module.bodies.len();
        scan::Bodies {
            module: id,
            bytes,
            ranges: &module.bodies,
            types: &module.func_types[imported..],
            imported: imported as u32,
            rules,
        }
    });
    let bodies: Vec<scan::Bodies<'_>> = bodies.collect();
    let scanned = match reading {
        Reading::Validate => scan::validate_and_note(&bodies, &counts)?,
        Reading::Note => scan::note(&bodies, &counts)?,
        Reading::AsAsked => Vec::new(),
    };
    for (module, (refs, features)) in modules.iter_mut().zip(scanned) {
        module.refs = refs;
        module.features.insert(features);
    }
    if reading == Reading::AsAsked {
        for module in &mut modules {
            module.refs = Refs::as_asked(scan::read, bytes, &module.bodies);
        }
    }
    Ok(Input {
        bytes,
        components,
        modules,
        libraries: Vec::new(),
        types: types.ok_or_else(|| anyhow!("the file ends before the module does"))?,
        places: Places::default(),
    })
}

/// Notes in the program of a component that `wrap` has made what is woven into it. What another tool has written or changed
/// is a component like any other.
fn note_woven(component: &Component<'_>, modules: &mut [Module<'_>]) {
    let Some(woven) = component
        .woven
        .and_then(|section| Woven::decode(section).ok())
    else {
        return;
    };
    let own = component.definitions.iter();
    let own = own.filter_map(|definition| match definition.kind {
        DefinitionKind::CoreModule(id) => Some(id),
        _ => None,
    });
    let own: Vec<usize> = own.collect();
    let (Some(&first), Some(&main)) = (own.first(), own.get(woven.main as usize)) else {
        return;
    };
    let module = &mut modules[main];
    let program = module.bytes.get(module.range.clone());
    if program.map(|program| hash([program])) == Some(woven.hash) {
        module.woven = Some(woven);
        if first != main && module.own_memory(PROGRAM_MEMORY) {
            module.memory_from = Some(first);
        }
    }
}

fn count(component: &Component<'_>, which: impl Fn(&DefinitionKind<'_>) -> bool) -> usize {
    component
        .definitions
        .iter()
        .filter(|definition| which(&definition.kind))
        .count()
}

/// The path of the component that begins now.
fn place(components: &[Component<'_>], open: &[Open]) -> String {
    match open.last() {
        Some(&Open::Component(parent)) => {
            let nth = count(&components[parent], |kind| {
                matches!(kind, DefinitionKind::Component(_))
            });
            shortened(format!("{} > component {nth}", components[parent].path))
        }
        _ => "component".to_string(),
    }
}

/// A path that is not longer than a line or two: the middle of a very deep one is left out.
fn shortened(path: String) -> String {
    const LONGEST: usize = 160;
    const GAP: &str = " > ... > ";
    if path.len() <= LONGEST {
        return path;
    }
    // The last three steps, behind what the path began with.
    let steps: Vec<&str> = path.split(" > ").collect();
    let first = steps.iter().take_while(|step| **step != "...").take(3);
    let first: Vec<&str> = first.copied().collect();
    format!(
        "{}{GAP}{}",
        first.join(" > "),
        steps[steps.len() - 3..].join(" > ")
    )
}

fn component_payload<'a>(
    component: &mut Component<'a>,
    payload: Payload<'a>,
    types: TypesRef<'_>,
) -> Result<()> {
    let mut add = |offset: u64, kind: DefinitionKind<'a>| {
        component.definitions.push(Definition { offset, kind })
    };
    match payload {
        Payload::InstanceSection(section) => {
            for item in section.into_iter_with_offsets() {
                let (offset, item) = item?;
                add(offset, DefinitionKind::CoreInstance(item));
            }
        }
        Payload::CoreTypeSection(section) => {
            for item in section.into_iter_with_offsets() {
                add(item?.0, DefinitionKind::CoreType);
            }
        }
        Payload::ComponentInstanceSection(section) => {
            for item in section.into_iter_with_offsets() {
                let (offset, item) = item?;
                add(offset, DefinitionKind::Instance(item));
            }
        }
        Payload::ComponentAliasSection(section) => {
            for item in section.into_iter_with_offsets() {
                let (offset, item) = item?;
                add(offset, DefinitionKind::Alias(item));
            }
        }
        Payload::ComponentTypeSection(section) => {
            for item in section.into_iter_with_offsets() {
                let (offset, item) = item?;
                let ty = match item {
                    wasmparser::ComponentType::Resource { dtor, .. } => {
                        TypeDefinition::Resource { dtor }
                    }
                    _ => TypeDefinition::Plain,
                };
                add(offset, DefinitionKind::Type(ty));
            }
        }
        Payload::ComponentCanonicalSection(section) => {
            // The section is validated as a whole: its functions are the last ones by now.
            let items: Vec<_> = section.into_iter_with_offsets().collect::<Result<_, _>>()?;
            let lifted = items
                .iter()
                .filter(|(_, func)| matches!(func, CanonicalFunction::Lift { .. }))
                .count() as u32;
            let mut next_lifted = types.component_function_count() - lifted;
            let mut next_core = types.function_count() - (items.len() as u32 - lifted);
            for (offset, func) in items {
                if matches!(func, CanonicalFunction::Lift { .. }) {
                    let ty = types.component_function_at(next_lifted);
                    next_lifted += 1;
                    add(offset, DefinitionKind::Lift { func, ty });
                } else {
                    let ty = types[types.core_function_at(next_core)]
                        .unwrap_func()
                        .clone();
                    next_core += 1;
                    let value = named_value(&func, types);
                    add(offset, DefinitionKind::CoreFunc { func, ty, value });
                }
            }
        }
        Payload::ComponentStartSection { range, .. } => add(range.start, DefinitionKind::Start),
        Payload::ComponentImportSection(section) => {
            for item in section.into_iter_with_offsets() {
                let (offset, import) = item?;
                let ty = types
                    .component_item_for_import(import.name.name)
                    .ok_or_else(|| anyhow!("import {:?} has no type", import.name.name))?;
                let item = import_item(ty.ty, types);
                add(offset, DefinitionKind::Import { import, item });
            }
        }
        Payload::ComponentExportSection(section) => {
            for item in section.into_iter_with_offsets() {
                let (offset, item) = item?;
                add(offset, DefinitionKind::Export(item));
            }
        }
        Payload::CustomSection(section) if section.name() == SECTION => {
            component.woven = Some(section.data());
        }
        _ => {}
    }
    Ok(())
}

/// The type of values that a built-in names by an index.
fn named_value(func: &CanonicalFunction, types: TypesRef<'_>) -> Option<ComponentValType> {
    use CanonicalFunction as F;
    let defined = |index| ComponentValType::Type(types.component_defined_type_at(index));
    match func {
        F::TaskReturn { result, .. } => Some(match (*result)? {
            wasmparser::ComponentValType::Primitive(ty) => ComponentValType::Primitive(ty),
            wasmparser::ComponentValType::Type(index) => defined(index),
        }),
        F::StreamNew { ty }
        | F::StreamRead { ty, .. }
        | F::StreamWrite { ty, .. }
        | F::StreamCancelRead { ty, .. }
        | F::StreamCancelWrite { ty, .. }
        | F::StreamDropReadable { ty }
        | F::StreamDropWritable { ty }
        | F::FutureNew { ty }
        | F::FutureRead { ty, .. }
        | F::FutureWrite { ty, .. }
        | F::FutureCancelRead { ty, .. }
        | F::FutureCancelWrite { ty, .. }
        | F::FutureDropReadable { ty }
        | F::FutureDropWritable { ty } => Some(defined(*ty)),
        _ => None,
    }
}

/// Notes which resource types the component has under which index, while its types are at hand.
fn note_resources(component: &mut Component<'_>, types: TypesRef<'_>) {
    component.type_resources = (0..types.component_type_count())
        .map(|index| match types.component_any_type_at(index) {
            ComponentAnyTypeId::Resource(id) => Some(id.resource()),
            _ => None,
        })
        .collect();
    component.instance_items = (0..types.component_instance_count())
        .map(|index| {
            let id = types.component_instance_at(index);
            import_item(ComponentEntityType::Instance(id), types)
        })
        .collect();
}

fn import_item(ty: ComponentEntityType, types: TypesRef<'_>) -> ImportItem {
    match ty {
        ComponentEntityType::Func(id) => ImportItem::Func(id),
        ComponentEntityType::Type {
            created: ComponentAnyTypeId::Resource(id),
            ..
        } => ImportItem::Resource(id.resource()),
        ComponentEntityType::Type { .. } => ImportItem::PlainType,
        ComponentEntityType::Instance(id) => ImportItem::Instance(
            types[id]
                .exports
                .iter()
                .map(|(name, item)| (name.clone(), import_item(item.ty, types)))
                .collect(),
        ),
        ComponentEntityType::Module(_) => ImportItem::Other("a core module"),
        ComponentEntityType::Component(_) => ImportItem::Other("a component"),
        ComponentEntityType::Value(_) => ImportItem::Other("a value"),
    }
}
