//! The whole file, layer by layer.

use anyhow::{Context, Result, bail};
use p1bridge_linker::FeatureSet;
use wasmparser::component_types::ComponentEntityType;
use wasmparser::types::TypesRef;
use wasmparser::{ComponentName, Encoding, KnownCustom, Parser, Payload, Validator, WasmFeatures};

use super::module::{Open as OpenModule, custom, with_kind};
use super::{Custom, Inspection, Item, Kind, Module, Nested, World, roles};
use crate::signatures::{Signatures, signatures};
use crate::wrap::carried_world;

/// A layer whose end has not been reached.
enum Layer {
    Module(Box<OpenModule>),
    Component(Component),
}

struct Component {
    /// Empty for the outermost one.
    path: String,
    start: u64,
    /// How many modules and components were met in it.
    modules: usize,
    components: usize,
    /// Its modules by their index in it: their places in [`Walk::modules`].
    places: Vec<usize>,
}

#[derive(Default)]
struct Walk {
    modules: Vec<Module>,
    components: Vec<Nested>,
    features: FeatureSet,
    core_instances: usize,
    instances: usize,
    imports: Vec<Item>,
    exports: Vec<Item>,
    customs: Vec<Custom>,
    worlds: Vec<u8>,
}

/// Reads and validates `file`.
pub fn file(file: &[u8]) -> Result<Inspection> {
    let mut walk = Walk::default();
    let mut layers: Vec<Layer> = Vec::new();
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut kind = None;
    for payload in Parser::new(0).parse_all(file) {
        let payload = payload?;
        let valid = validator.payload(&payload)?;
        match payload {
            Payload::Version {
                encoding, range, ..
            } => {
                kind.get_or_insert(encoding);
                let layer = open(&mut layers, &walk, encoding, range.start);
                layers.push(layer);
            }
            Payload::End(end) => match layers.pop() {
                Some(Layer::Module(module)) => walk.module_ended(module.finish(end), &mut layers),
                Some(Layer::Component(component)) if layers.is_empty() => drop(component),
                Some(Layer::Component(component)) => walk.components.push(Nested {
                    path: component.path,
                    bytes: (end - component.start) as usize,
                }),
                None => bail!("more layers end than begin (at offset {end:#x})"),
            },
            payload => match layers.last_mut() {
                Some(Layer::Module(module)) => module.payload(payload, valid)?,
                Some(Layer::Component(component)) => {
                    let types = validator.types(0).context("no component is open")?;
                    walk.component_payload(component, payload, types)?;
                }
                None => bail!("a section outside of any module"),
            },
        }
    }
    let kind = match kind {
        Some(Encoding::Module) => Kind::Module,
        Some(Encoding::Component) => Kind::Component,
        None => bail!("the file ends before its version"),
    };
    let signatures = signatures(file)?;
    walk.finish(kind, file.len(), signatures)
}

/// The layer that begins now.
fn open(layers: &mut [Layer], walk: &Walk, encoding: Encoding, start: u64) -> Layer {
    let parent = match layers.last_mut() {
        Some(Layer::Component(parent)) => Some(parent),
        _ => None,
    };
    let inside = |path: &str, what: String| match path {
        "" => what,
        path => format!("{path} > {what}"),
    };
    match encoding {
        Encoding::Module => {
            let path = match parent {
                Some(parent) => {
                    // Modules cannot nest, so this one takes the next place.
                    parent.places.push(walk.modules.len());
                    parent.modules += 1;
                    inside(&parent.path, format!("module {}", parent.modules - 1))
                }
                None => "module".to_string(),
            };
            Layer::Module(Box::new(OpenModule::new(path, start)))
        }
        Encoding::Component => Layer::Component(Component {
            path: match parent {
                Some(parent) => {
                    parent.components += 1;
                    inside(&parent.path, format!("component {}", parent.components - 1))
                }
                None => String::new(),
            },
            start,
            modules: 0,
            components: 0,
            places: Vec::new(),
        }),
    }
}

impl Walk {
    fn module_ended(&mut self, open: OpenModule, layers: &mut [Layer]) {
        self.features.insert(open.uses.set());
        if layers.is_empty() {
            self.imports.clone_from(&open.module.imports);
            self.exports.clone_from(&open.module.exports);
            self.customs.clone_from(&open.module.custom_sections);
            self.worlds = open.worlds;
        }
        self.modules.push(open.module);
    }

    fn component_payload(
        &mut self,
        component: &Component,
        payload: Payload<'_>,
        types: TypesRef<'_>,
    ) -> Result<()> {
        let outermost = component.path.is_empty();
        match payload {
            Payload::InstanceSection(section) => self.core_instances += section.count() as usize,
            Payload::ComponentInstanceSection(section) => {
                self.instances += section.count() as usize
            }
            Payload::ComponentImportSection(section) if outermost => {
                for import in section {
                    let name = import?.name.name;
                    let ty = types.component_item_for_import(name).map(|item| item.ty);
                    self.imports.extend(ty.map(|ty| item(name, ty, types)));
                }
            }
            Payload::ComponentExportSection(section) if outermost => {
                for export in section {
                    let name = export?.name.name;
                    let ty = types.component_item_for_export(name).map(|item| item.ty);
                    self.exports.extend(ty.map(|ty| item(name, ty, types)));
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::ComponentName(names) = section.as_known() {
                    for name in names.into_iter().flatten() {
                        if let ComponentName::CoreModules(map) = name {
                            self.name_modules(component, map);
                        }
                    }
                }
                if outermost {
                    self.customs.push(custom(&section));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The names that a component gives its modules; their own take precedence.
    fn name_modules(&mut self, component: &Component, names: wasmparser::NameMap<'_>) {
        for naming in names.into_iter().flatten() {
            let place = component.places.get(naming.index as usize);
            if let Some(module) = place.and_then(|place| self.modules.get_mut(*place)) {
                module.name.get_or_insert_with(|| naming.name.to_string());
            }
        }
    }

    fn finish(mut self, kind: Kind, bytes: usize, signatures: Signatures) -> Result<Inspection> {
        if kind == Kind::Component {
            for module in &mut self.modules {
                module.role = roles::of(module);
            }
        }
        let carried_world = carried_world(&self.worlds)?.map(|(imports, exports)| World {
            imports: by_interface(imports),
            exports: by_interface(exports),
        });
        let mut inspection = Inspection {
            kind,
            what: String::new(),
            bytes,
            imports: self.imports,
            exports: self.exports,
            carried_world,
            signatures: signatures.functions,
            types: signatures.types,
            without_signatures: signatures.without_wit,
            modules: self.modules,
            components: self.components,
            core_instances: self.core_instances,
            instances: self.instances,
            features: self.features.names(),
            custom_sections: self.customs,
        };
        inspection.what = roles::in_words(&inspection);
        Ok(inspection)
    }
}

/// An import or export of a component.
fn item(name: &str, ty: ComponentEntityType, types: TypesRef<'_>) -> Item {
    let items = match ty {
        ComponentEntityType::Instance(id) => types[id]
            .exports
            .iter()
            .map(|(name, item)| (name, kind_of(item.ty)))
            // Types are part of the signatures.
            .filter(|(_, kind)| *kind != "type")
            .map(|(name, kind)| with_kind(name, kind))
            .collect(),
        _ => Vec::new(),
    };
    Item {
        name: name.to_string(),
        kind: kind_of(ty),
        items,
    }
}

fn kind_of(ty: ComponentEntityType) -> &'static str {
    match ty {
        ComponentEntityType::Module(_) => "core module",
        ComponentEntityType::Func(_) => "func",
        ComponentEntityType::Value(_) => "value",
        ComponentEntityType::Type { .. } => "type",
        ComponentEntityType::Instance(_) => "interface",
        ComponentEntityType::Component(_) => "component",
    }
}

/// Functions of a world by the interface that they are in; `$root` holds plain functions.
fn by_interface(names: Vec<(String, String)>) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for (interface, func) in names {
        if interface == "$root" {
            items.push(Item {
                name: func,
                kind: "func",
                items: Vec::new(),
            });
            continue;
        }
        match items
            .iter_mut()
            .find(|item| item.kind == "interface" && item.name == interface)
        {
            Some(item) => item.items.push(func),
            None => items.push(Item {
                name: interface,
                kind: "interface",
                items: vec![func],
            }),
        }
    }
    items
}
