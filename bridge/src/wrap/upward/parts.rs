//! A skeleton taken apart: its component-level definitions in order, and what each core function in it is.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentType,
    ExternalKind, Instance, Payload,
};

use super::super::layer;
use crate::validate::located;

/// The skeleton.
pub struct Parts<'a> {
    pub items: Vec<Item<'a>>,
    /// What the host has to provide for each function that the program imports, by module and name.
    imports: HashMap<(String, String), Core<'a>>,
    functions: Vec<Core<'a>>,
    /// What the shim's functions call, by their names.
    shimmed: HashMap<&'a str, u32>,
    /// How many component types and functions there are.
    pub types: u32,
    pub funcs: u32,
    pub instances: u32,
}

/// A definition that stays, at its place.
pub enum Item<'a> {
    /// A section as it is.
    Raw(u8, &'a [u8]),
    /// Types, among them resources with destructors.
    Types(Vec<ComponentType<'a>>),
    Alias(ComponentAlias<'a>),
    Lift(CanonicalFunction),
}

/// What a core function of the skeleton is.
#[derive(Clone, Debug)]
pub enum Core<'a> {
    /// An export of the program.
    Program(&'a str),
    /// A function that the canonical ABI makes.
    Canon(CanonicalFunction),
    /// One by way of the shim, by its name there.
    Shim(&'a str),
}

/// A core instance.
enum Made<'a> {
    Module(u32, Vec<(&'a str, u32)>),
    Bag(Vec<(&'a str, ExternalKind, u32)>),
}

impl<'a> Parts<'a> {
    /// Takes `component`, which wit-component has made, apart.
    ///
    /// # Errors
    ///
    /// When it is not built as wit-component builds components of one module.
    pub fn of(component: &'a [u8]) -> Result<Parts<'a>> {
        let mut parts = Parts {
            items: Vec::new(),
            imports: HashMap::new(),
            functions: Vec::new(),
            shimmed: HashMap::new(),
            types: 0,
            funcs: 0,
            instances: 0,
        };
        let mut made: Vec<Made<'a>> = Vec::new();
        layer::each(component, |payload, content| {
            parts.payload(payload, content, &mut made)
        })?;
        parts.wire(&made)?;
        Ok(parts)
    }

    /// Takes in what is in the component: `content` are the bytes of a section.
    fn payload(
        &mut self,
        payload: Payload<'a>,
        content: &'a [u8],
        made: &mut Vec<Made<'a>>,
    ) -> Result<()> {
        let id = payload.as_section().map(|(id, _)| id);
        match payload {
            // The core modules are not taken over, nor what is said about them.
            Payload::ModuleSection { .. } | Payload::CustomSection(_) | Payload::Version { .. } => {
                return Ok(());
            }
            Payload::ComponentSection { .. } => {
                self.items.push(Item::Raw(COMPONENT, content));
                return Ok(());
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    made.push(match instance.map_err(located)? {
                        Instance::Instantiate { module_index, args } => Made::Module(
                            module_index,
                            args.iter().map(|arg| (arg.name, arg.index)).collect(),
                        ),
                        Instance::FromExports(exports) => {
                            Made::Bag(exports.iter().map(|e| (e.name, e.kind, e.index)).collect())
                        }
                    });
                }
                return Ok(());
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.alias(alias.map_err(located)?, made)?;
                }
                return Ok(());
            }
            Payload::ComponentCanonicalSection(section) => {
                for canon in section {
                    self.canon(canon.map_err(located)?);
                }
                return Ok(());
            }
            Payload::ComponentTypeSection(section) => {
                let types: Result<Vec<ComponentType<'a>>, _> = section.into_iter().collect();
                let types = types.map_err(located)?;
                self.types += types.len() as u32;
                self.items.push(Item::Types(types));
                return Ok(());
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    self.count(import.map_err(located)?.ty.kind());
                }
            }
            Payload::ComponentInstanceSection(section) => self.instances += section.count(),
            Payload::ComponentExportSection(section) => {
                for export in section {
                    self.count(export.map_err(located)?.kind);
                }
            }
            _ => bail!("the encoded component has a section that is not expected"),
        }
        let id = id.context("a section of a component")?;
        self.items.push(Item::Raw(id, content));
        Ok(())
    }

    /// Counts a definition of a kind.
    fn count(&mut self, kind: ComponentExternalKind) {
        match kind {
            ComponentExternalKind::Func => self.funcs += 1,
            ComponentExternalKind::Type => self.types += 1,
            ComponentExternalKind::Instance => self.instances += 1,
            _ => {}
        }
    }

    fn alias(&mut self, alias: ComponentAlias<'a>, made: &[Made<'a>]) -> Result<()> {
        match alias {
            ComponentAlias::CoreInstanceExport {
                kind: ExternalKind::Func,
                instance_index,
                name,
            } => {
                let module = match made.get(instance_index as usize) {
                    Some(Made::Module(module, _)) => *module,
                    _ => bail!("a core function of no module is exported"),
                };
                self.functions.push(match module {
                    PROGRAM => Core::Program(name),
                    _ => Core::Shim(name),
                });
            }
            ComponentAlias::CoreInstanceExport { .. } => {}
            other => {
                match other {
                    ComponentAlias::InstanceExport { kind, .. } => self.count(kind),
                    _ => self.types += 1,
                }
                self.items.push(Item::Alias(other));
            }
        }
        Ok(())
    }

    fn canon(&mut self, canon: CanonicalFunction) {
        match canon {
            CanonicalFunction::Lift { .. } => {
                self.funcs += 1;
                self.items.push(Item::Lift(canon));
            }
            canon => self.functions.push(Core::Canon(canon)),
        }
    }

    /// Finds what the program imports, and what is behind the functions of the shim.
    fn wire(&mut self, made: &[Made<'a>]) -> Result<()> {
        let bag = |index: u32| match made.get(index as usize) {
            Some(Made::Bag(exports)) => Some(exports),
            _ => None,
        };
        for instance in made {
            let Made::Module(module, args) = instance else {
                continue;
            };
            for (name, arg) in args {
                let Some(exports) = bag(*arg) else { continue };
                for (field, kind, index) in exports {
                    if *kind != ExternalKind::Func {
                        continue;
                    }
                    match *module {
                        PROGRAM => {
                            let function = self.function(*index)?.clone();
                            self.imports
                                .insert((name.to_string(), field.to_string()), function);
                        }
                        // What fills the shim's table.
                        _ => {
                            self.shimmed.insert(*field, *index);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn function(&self, index: u32) -> Result<&Core<'a>> {
        let function = self.functions.get(index as usize);
        function.context("the encoded component has no such core function, which is a bug")
    }

    /// What a core function really is: never one by way of the shim.
    ///
    /// # Errors
    ///
    /// When the skeleton is not as expected.
    pub fn really(&self, index: u32) -> Result<&Core<'a>> {
        self.behind(self.function(index)?)
    }

    fn behind<'s>(&'s self, function: &'s Core<'a>) -> Result<&'s Core<'a>> {
        match function {
            Core::Shim(name) => {
                let index = self.shimmed.get(name);
                self.function(*index.context("a function of the shim calls nothing")?)
            }
            other => Ok(other),
        }
    }

    /// What provides an import of the program.
    ///
    /// # Errors
    ///
    /// When nothing does.
    pub fn import(&self, module: &str, name: &str) -> Result<&CanonicalFunction> {
        let found = self.imports.get(&(module.to_string(), name.to_string()));
        let found = found.with_context(|| format!("{module} {name} is not provided"))?;
        match self.behind(found)? {
            Core::Canon(canon) => Ok(canon),
            _ => bail!("{module} {name} is provided by a core module"),
        }
    }

    /// The exports of the program that destroy resources, in the order of the types.
    ///
    /// # Errors
    ///
    /// When the skeleton is not as expected.
    pub fn destructors(&self) -> Result<Vec<(u32, &'a str)>> {
        let mut found = Vec::new();
        for item in &self.items {
            let Item::Types(types) = item else { continue };
            for ty in types {
                if let ComponentType::Resource {
                    dtor: Some(index), ..
                } = ty
                {
                    match self.really(*index)? {
                        Core::Program(name) => found.push((*index, *name)),
                        _ => bail!("a destructor is no function of the program"),
                    }
                }
            }
        }
        Ok(found)
    }
}

/// The options of a canonical function.
pub fn options(canon: &CanonicalFunction) -> &[CanonicalOption] {
    use CanonicalFunction as F;
    match canon {
        F::Lift { options, .. }
        | F::Lower { options, .. }
        | F::TaskReturn { options, .. }
        | F::StreamRead { options, .. }
        | F::StreamWrite { options, .. }
        | F::FutureRead { options, .. }
        | F::FutureWrite { options, .. }
        | F::ErrorContextNew { options }
        | F::ErrorContextDebugMessage { options } => options,
        _ => &[],
    }
}

/// The program is the first module that wit-component puts into a component.
const PROGRAM: u32 = 0;
/// The id of a section that is a component.
const COMPONENT: u8 = 4;
