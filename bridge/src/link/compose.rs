//! A wiring as a component: the root imports what is left to the host, and has every file inside.
//!
//! What the root imports has types, which wit-component writes: it encodes a module that imports
//! exactly that, and the sections before its code are taken over.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result, anyhow, bail};
use wasm_encoder::{
    CodeSection, Component, ComponentAliasSection, ComponentExportKind, ComponentExportSection,
    ComponentInstanceSection, ComponentSectionId, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, ImportSection, MemorySection, MemoryType, Module, RawSection, TypeSection,
    ValType,
};
use wasmparser::{ComponentAlias, ComponentTypeRef, Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{
    CloneMaps, Docs, Function as UsesTypes, FunctionKind, IndexMap, Interface, LiveTypes,
    PackageId, PackageName, Param, Resolve, Span, Stability, Type, TypeDef, TypeDefKind, TypeId,
    TypeOwner, WorldId, WorldItem, WorldKey,
};

use super::node::{Node, What};
use super::version::Name;
use super::wiring::{Instance, Source, Wiring};
use crate::guarded::guarded;
use crate::wrap::rename_package;

/// Encodes the composition. Gives it with the files inside, in their order.
///
/// # Errors
///
/// When an import that is left to the host has types that only come to be inside.
pub fn encode(nodes: &[Node], wiring: &Wiring) -> Result<(Vec<u8>, Vec<usize>)> {
    let mut root = Root::default();
    let imports = imports(nodes, wiring)?;
    if let Some(prefix) = &imports {
        root.take_over(prefix)?;
    }
    let mut inside: Vec<usize> = Vec::new();
    for instance in &wiring.instances {
        if !inside.contains(&instance.node) {
            inside.push(instance.node);
            root.out.section(&RawSection {
                id: ComponentSectionId::Component.into(),
                data: &nodes[instance.node].component,
            });
        }
    }
    let mut made: Vec<u32> = Vec::new();
    for instance in &wiring.instances {
        let args = root.args(nodes, instance, &made)?;
        let args = args
            .iter()
            .map(|(name, kind, index)| (name.as_str(), *kind, *index));
        let mut section = ComponentInstanceSection::new();
        let component = inside.iter().position(|&node| node == instance.node);
        section.instantiate(component.expect("it was added") as u32, args);
        root.out.section(&section);
        made.push(root.instances);
        root.instances += 1;
    }
    root.exports(nodes, wiring, &made);
    Ok((root.out.finish(), inside))
}

/// The root, and how full its index spaces are.
#[derive(Default)]
struct Root {
    out: Component,
    types: u32,
    funcs: u32,
    instances: u32,
    /// The imports by name.
    imported: HashMap<String, (ComponentExportKind, u32)>,
    /// Exports of instances that have an index already.
    aliases: HashMap<(u32, String), u32>,
}

impl Root {
    /// Copies everything before the first core module.
    fn take_over(&mut self, component: &[u8]) -> Result<()> {
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload?;
            match &payload {
                Payload::ComponentTypeSection(section) => self.types += section.count(),
                Payload::ComponentImportSection(section) => {
                    for import in section.clone() {
                        let import = import?;
                        let (kind, index) = match import.ty {
                            ComponentTypeRef::Instance(_) => {
                                (ComponentExportKind::Instance, &mut self.instances)
                            }
                            ComponentTypeRef::Func(_) => {
                                (ComponentExportKind::Func, &mut self.funcs)
                            }
                            ComponentTypeRef::Type(_) => {
                                (ComponentExportKind::Type, &mut self.types)
                            }
                            _ => bail!("import {:?} is of no kind that WIT has", import.name.name),
                        };
                        let name = import.name.name.to_string();
                        self.imported.insert(name, (kind, *index));
                        *index += 1;
                    }
                }
                Payload::ComponentAliasSection(section) => {
                    for alias in section.clone() {
                        match alias? {
                            ComponentAlias::InstanceExport {
                                kind: wasmparser::ComponentExternalKind::Type,
                                ..
                            } => {
                                self.types += 1;
                            }
                            _ => return Ok(()),
                        }
                    }
                }
                Payload::Version { .. } | Payload::CustomSection(_) => continue,
                _ => return Ok(()),
            }
            if let Some((id, range)) = payload.as_section() {
                let data = &component[range.start as usize..range.end as usize];
                self.out.section(&RawSection { id, data });
            }
        }
        Ok(())
    }

    /// What an instance gets for its imports.
    fn args(
        &mut self,
        nodes: &[Node],
        instance: &Instance,
        made: &[u32],
    ) -> Result<Vec<(String, ComponentExportKind, u32)>> {
        let node = &nodes[instance.node];
        let mut args = Vec::new();
        for (item, source) in node.imports.iter().zip(&instance.sources) {
            let (kind, index) = match (&item.what, source) {
                (What::Type, _) => (
                    ComponentExportKind::Type,
                    self.type_of_world(node, &item.name, &args)?,
                ),
                (what, Source::Export { instance, name }) => {
                    let kind = kind_of(what);
                    (kind, self.alias(made[*instance], name, kind))
                }
                (_, Source::Host) => self
                    .host(&item.name)
                    .with_context(|| format!("{} of {}", item.name, node.name))?,
            };
            args.push((item.name.clone(), kind, index));
        }
        Ok(args)
    }

    /// The import of the root that stands for an import of a file: versions that are compatible are one.
    fn host(&self, name: &str) -> Result<(ComponentExportKind, u32)> {
        if let Some(found) = self.imported.get(name) {
            return Ok(*found);
        }
        let wanted = Name::of(name);
        let mut fitting = self
            .imported
            .iter()
            .filter(|(known, _)| Name::of(known).fits(&wanted).is_some());
        match fitting.next() {
            Some((_, found)) => Ok(*found),
            None => Err(anyhow!("it is not among the imports of the composition")),
        }
    }

    /// A type that the world of a file uses: from the instance that fills its interface.
    fn type_of_world(
        &mut self,
        node: &Node,
        name: &str,
        args: &[(String, ComponentExportKind, u32)],
    ) -> Result<u32> {
        let (resolve, world) = node.world();
        let id = resolve.worlds[world]
            .imports
            .iter()
            .find_map(|(key, item)| match item {
                WorldItem::Type { id, .. } if resolve.name_world_key(key) == name => Some(*id),
                _ => None,
            });
        let id = id.ok_or_else(|| anyhow!("{} has no type {name}", node.name))?;
        if let Some((interface, export)) = used_from(resolve, id) {
            let filled = args.iter().find(|(name, ..)| *name == interface);
            if let Some((_, ComponentExportKind::Instance, index)) = filled {
                return Ok(self.alias(*index, &export, ComponentExportKind::Type));
            }
        }
        match self.imported.get(name) {
            Some((ComponentExportKind::Type, index)) => Ok(*index),
            _ => bail!(
                "the type {name} of the world of {} comes from nowhere",
                node.name
            ),
        }
    }

    /// An export of an instance.
    fn alias(&mut self, instance: u32, name: &str, kind: ComponentExportKind) -> u32 {
        if let Some(&known) = self.aliases.get(&(instance, name.to_string())) {
            return known;
        }
        let mut section = ComponentAliasSection::new();
        section.alias(wasm_encoder::Alias::InstanceExport {
            instance,
            kind,
            name,
        });
        self.out.section(&section);
        let space = self.space(kind);
        let index = *space;
        *space += 1;
        self.aliases.insert((instance, name.to_string()), index);
        index
    }

    fn space(&mut self, kind: ComponentExportKind) -> &mut u32 {
        match kind {
            ComponentExportKind::Instance => &mut self.instances,
            ComponentExportKind::Func => &mut self.funcs,
            _ => &mut self.types,
        }
    }

    /// Exports what the composition exports, after what its types come from.
    fn exports(&mut self, nodes: &[Node], wiring: &Wiring, made: &[u32]) {
        for (at, name) in &wiring.exports {
            let node = &nodes[wiring.instances[*at].node];
            let item = node.exports.iter().find(|item| item.name == *name);
            let Some(item) = item else { continue };
            let kind = kind_of(&item.what);
            let index = self.alias(made[*at], name, kind);
            let mut section = ComponentExportSection::new();
            section.export(name.as_str(), kind, index, None);
            self.out.section(&section);
            *self.space(kind) += 1;
        }
    }
}

fn kind_of(what: &What) -> ComponentExportKind {
    match what {
        What::Interface(_) => ComponentExportKind::Instance,
        What::Function => ComponentExportKind::Func,
        What::Type => ComponentExportKind::Type,
    }
}

/// The interface that a type is used from, and its name there.
fn used_from(resolve: &Resolve, id: TypeId) -> Option<(String, String)> {
    let TypeDefKind::Type(Type::Id(of)) = resolve.types[id].kind else {
        return None;
    };
    let of = &resolve.types[of];
    match of.owner {
        TypeOwner::Interface(id) => Some((resolve.id_of(id)?, of.name.clone()?)),
        _ => None,
    }
}

/// A component that imports what is left to the host; none if nothing is.
fn imports(nodes: &[Node], wiring: &Wiring) -> Result<Option<Vec<u8>>> {
    let mut parts: Vec<(Resolve, WorldId)> = Vec::new();
    let mut seen = BTreeSet::new();
    for instance in &wiring.instances {
        let open: BTreeSet<&str> = nodes[instance.node]
            .imports
            .iter()
            .zip(&instance.sources)
            .filter(|(_, source)| **source == Source::Host)
            .map(|(item, _)| item.name.as_str())
            .collect();
        if seen.insert((instance.node, open.clone())) {
            let part = open_world(&nodes[instance.node], &open, parts.len())?;
            parts.extend(part);
        }
    }
    newest(&mut parts);
    let mut parts = parts.into_iter();
    let Some((mut resolve, world)) = parts.next() else {
        return Ok(None);
    };
    for (other, id) in parts {
        const UNLIKE: &str = "two files import the same interface with different types";
        let merge = || -> Result<()> {
            let remap = resolve.merge(other)?;
            let id = remap.worlds[id.index()].context("the world is gone")?;
            resolve.merge_worlds(id, world, &mut CloneMaps::default())
        };
        guarded(UNLIKE, merge).context(UNLIKE)?;
    }
    use_types(&mut resolve, world);
    guarded("the imports cannot be encoded", || {
        let mut module = importing(&resolve, world);
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
        let mut encoder = ComponentEncoder::default();
        encoder.validate(false).module(&module)?.encode()
    })
    .map(Some)
    .context("the imports cannot be encoded")
}

/// Exports a function that takes the types of each import which no function of it uses: the encoder leaves them out, and the
/// files may want them all the same. What is exported is not taken over.
fn use_types(resolve: &mut Resolve, world: WorldId) {
    let mut uses = Vec::new();
    for item in resolve.worlds[world].imports.values() {
        let WorldItem::Interface { id, .. } = item else {
            continue;
        };
        let interface = &resolve.interfaces[*id];
        let mut used = LiveTypes::default();
        for function in interface.functions.values() {
            used.add_func(resolve, function);
        }
        let used: BTreeSet<TypeId> = used.iter().collect();
        let types = interface.types.values().copied();
        let values = types.filter(|ty| !used.contains(ty) && !is_resource(resolve, *ty));
        uses.push(values.collect::<Vec<TypeId>>());
    }
    let types: Vec<TypeId> = uses.into_iter().flatten().collect();
    let Some(package) = resolve.worlds[world].package.filter(|_| !types.is_empty()) else {
        return;
    };
    let name = "uses".to_string();
    let interface = resolve.interfaces.alloc(Interface {
        name: Some(name.clone()),
        types: IndexMap::default(),
        functions: IndexMap::default(),
        docs: Docs::default(),
        stability: Stability::default(),
        package: Some(package),
        span: Span::default(),
        clone_of: None,
    });
    let mut params = Vec::new();
    for (at, ty) in types.into_iter().enumerate() {
        let name = format!("x{at}");
        let alias = resolve.types.alloc(TypeDef {
            name: Some(name.clone()),
            kind: TypeDefKind::Type(Type::Id(ty)),
            owner: TypeOwner::Interface(interface),
            docs: Docs::default(),
            stability: Stability::default(),
            span: Span::default(),
            external_id: None,
        });
        resolve.interfaces[interface]
            .types
            .insert(name.clone(), alias);
        params.push(Param {
            name,
            ty: Type::Id(alias),
            span: Span::default(),
        });
    }
    let function = UsesTypes {
        name: "all".into(),
        kind: FunctionKind::Freestanding,
        params,
        result: None,
        docs: Docs::default(),
        stability: Stability::default(),
        span: Span::default(),
        external_id: None,
    };
    let functions = &mut resolve.interfaces[interface].functions;
    functions.insert("all".into(), function);
    resolve.packages[package].interfaces.insert(name, interface);
    let item = WorldItem::Interface {
        id: interface,
        stability: Stability::default(),
        docs: Docs::default(),
        span: Span::default(),
        external_id: None,
    };
    resolve.worlds[world]
        .exports
        .insert(WorldKey::Interface(interface), item);
}

/// Whether a type is a resource, or another name of one.
fn is_resource(resolve: &Resolve, id: TypeId) -> bool {
    match resolve.types[id].kind {
        TypeDefKind::Resource => true,
        TypeDefKind::Type(Type::Id(of)) => is_resource(resolve, of),
        _ => false,
    }
}

/// The world of a file with nothing but the imports that are left to the host, under a name of its own.
fn open_world(
    node: &Node,
    open: &BTreeSet<&str>,
    nth: usize,
) -> Result<Option<(Resolve, WorldId)>> {
    let (resolve, id) = node.world();
    let mut resolve = resolve.clone();
    let world = &resolve.worlds[id];
    let mut live = LiveTypes::default();
    let mut kept: Vec<WorldKey> = Vec::new();
    for (key, item) in &world.imports {
        if open.contains(resolve.name_world_key(key).as_str())
            && !matches!(item, WorldItem::Type { .. })
        {
            live.add_world_item(&resolve, item);
            kept.push(key.clone());
        }
    }
    if kept.is_empty() {
        return Ok(None);
    }
    let needed: BTreeSet<_> = live
        .iter()
        .map(|ty| resolve.types[ty].owner)
        .filter_map(|owner| match owner {
            TypeOwner::Interface(id) => Some(id),
            _ => None,
        })
        .collect();
    let types: BTreeSet<TypeId> = live.iter().collect();
    // A resource of a file cannot be in the type of an import, which is there before every file.
    for (key, item) in &world.imports {
        let name = resolve.name_world_key(key);
        if let WorldItem::Interface { id, .. } = item
            && needed.contains(id)
            && !open.contains(name.as_str())
            && let Some(resource) = resolve.interfaces[*id].types.iter().find(|(_, ty)| {
                types.contains(ty) && matches!(resolve.types[**ty].kind, TypeDefKind::Resource)
            })
        {
            bail!(
                "{} imports functions of the host that take the resource {} of {name}, which another file defines: \
                 leave that import to the host too, with --keep {name}",
                node.name,
                resource.0
            );
        }
    }
    let name = resolve.worlds[id].package;
    let world = &mut resolve.worlds[id];
    world.exports.clear();
    world.imports.retain(|key, item| match item {
        WorldItem::Interface { id, .. } => kept.contains(key) || needed.contains(id),
        WorldItem::Type { id, .. } => types.contains(id),
        WorldItem::Function(_) => kept.contains(key),
    });
    if let Some(package) = name {
        let new = PackageName {
            namespace: "p1bridge".into(),
            name: format!("part{nth}"),
            version: None,
        };
        rename_package(&mut resolve, package, new);
    }
    Ok(Some((resolve, id)))
}

/// Puts the interfaces of a package into a newer one of the same file, as far as that has none of the name: a file that
/// imports one in both versions keeps them.
fn move_interfaces(resolve: &mut Resolve, older: PackageId, newer: PackageId) {
    let interfaces = resolve.packages[older].interfaces.clone();
    for (name, id) in interfaces {
        if !resolve.packages[newer].interfaces.contains_key(&name) {
            resolve.packages[older].interfaces.shift_remove(&name);
            resolve.packages[newer].interfaces.insert(name, id);
            resolve.interfaces[id].package = Some(newer);
        }
    }
}

/// Gives packages whose versions are compatible the newest of their versions: what one file imports is
/// then what the other does.
fn newest(parts: &mut [(Resolve, WorldId)]) {
    let shown = |name: &PackageName| match &name.version {
        Some(version) => format!("{}:{}@{version}", name.namespace, name.name),
        None => format!("{}:{}", name.namespace, name.name),
    };
    let all: BTreeSet<String> = parts
        .iter()
        .flat_map(|(resolve, _)| resolve.package_names.keys().map(shown))
        .collect();
    for (resolve, _) in parts {
        let packages: Vec<_> = resolve
            .package_names
            .iter()
            .map(|(name, id)| (name.clone(), *id))
            .collect();
        for (name, id) in packages {
            let own = shown(&name);
            let wanted = Name::of(&own);
            let newest = all
                .iter()
                .map(|other| Name::of(other))
                .filter(|other| other.fits(&wanted).is_some())
                .filter_map(|other| other.version)
                .max();
            if let Some(version) = newest
                && name.version.as_ref().is_some_and(|old| *old < version)
            {
                let new = PackageName {
                    version: Some(version),
                    ..name
                };
                match resolve.package_names.get(&new).copied() {
                    None => rename_package(resolve, id, new),
                    Some(newer) => move_interfaces(resolve, id, newer),
                }
            }
        }
    }
}

/// A core module that imports every function of a world's imports.
fn importing(resolve: &Resolve, world: WorldId) -> Vec<u8> {
    let mut types = TypeSection::new();
    let mut imports = ImportSection::new();
    let mut count = 0;
    let mut import = |module: &str, name: &str, params: Vec<ValType>, results: Vec<ValType>| {
        types.ty().function(params, results);
        imports.import(module, name, EntityType::Function(count));
        count += 1;
    };
    for (key, item) in &resolve.worlds[world].imports {
        let (module, funcs): (String, Vec<_>) = match item {
            WorldItem::Function(func) => ("$root".into(), vec![func]),
            WorldItem::Interface { id, .. } => {
                let interface = &resolve.interfaces[*id];
                let module = resolve.name_world_key(key);
                for (name, ty) in &interface.types {
                    if matches!(resolve.types[*ty].kind, TypeDefKind::Resource) {
                        import(
                            &module,
                            &format!("[resource-drop]{name}"),
                            vec![ValType::I32],
                            vec![],
                        );
                    }
                }
                (module, interface.functions.values().collect())
            }
            WorldItem::Type { .. } => continue,
        };
        for func in funcs {
            let signature = resolve.wasm_signature(AbiVariant::GuestImport, func);
            import(
                &module,
                &func.name,
                signature.params.iter().map(core_type).collect(),
                signature.results.iter().map(core_type).collect(),
            );
        }
    }
    let mut funcs = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    let mut export = |name: &str, params: Vec<ValType>, results: Vec<ValType>| {
        let index = count + funcs.len();
        types.ty().function(params, results);
        funcs.function(index);
        exports.export(name, ExportKind::Func, index);
        let mut body = Function::new([]);
        body.instructions().unreachable().end();
        code.function(&body);
    };
    export("cabi_realloc", vec![ValType::I32; 4], vec![ValType::I32]);
    for (key, item) in &resolve.worlds[world].exports {
        let WorldItem::Interface { id, .. } = item else {
            continue;
        };
        for func in resolve.interfaces[*id].functions.values() {
            let signature = resolve.wasm_signature(AbiVariant::GuestExport, func);
            export(
                &format!("{}#{}", resolve.name_world_key(key), func.name),
                signature.params.iter().map(core_type).collect(),
                signature.results.iter().map(core_type).collect(),
            );
        }
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    exports.export("memory", ExportKind::Memory, 0);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&funcs)
        .section(&memories)
        .section(&exports)
        .section(&code);
    module.finish()
}

fn core_type(ty: &WasmType) -> ValType {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    }
}
