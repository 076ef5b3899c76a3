//! The evaluator of component definitions.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use anyhow::{Context, Result, anyhow, bail};
use wasmparser::component_types::{
    ComponentFuncTypeId, ComponentValType, ResourceId as ValidatorResource,
};
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ExternalKind, FuncType, Instance as CoreInstanceDefinition, ValType,
};

use super::{
    AsyncBuiltin, Canon, CanonId, CanonKind, CanonOptions, ComponentFunc, ComponentInstanceId,
    CoreDef, EndType, Export, ExportItem, FuncDef, ImportedFunc, Instance, InstanceId, Lift,
    LiftId, Program, Resource, ResourceId, StringEncoding,
};
use crate::abi::{Resolver, ResourceMap, Type};
use crate::parse::Input;
use crate::parse::component::{Component, Definition, DefinitionKind, ImportItem, TypeDefinition};
use crate::parse::module::Module;
use crate::wasi;

/// More core instances than any real composition has.
const MAX_INSTANCES: usize = 10_000;
/// How much a program may be larger than its file, in units of about 32 bytes: what is instantiated
/// several times is there several times. More than any real composition needs.
const SPARE: usize = 1_000_000;
/// The bytes of code and data that take a unit.
const UNIT: usize = 32;
/// The units that a definition takes.
const DEFINITION: usize = 4;
/// The units that an instance takes beside its definitions.
const INSTANCE: usize = 20;
/// How deep instantiations may be nested.
const MAX_DEPTH: usize = 200;

pub fn evaluate(input: &Input<'_>) -> Result<Program> {
    let components = input.components.iter().map(|c| c.definitions.len());
    let modules = input.modules.iter().map(module_size);
    let mut evaluator = Evaluator {
        input,
        program: Program::default(),
        imported_resources: HashMap::new(),
        depth: 0,
        left: SPARE + 2 * DEFINITION * components.chain(modules).sum::<usize>(),
    };
    let root = ComponentValue {
        component: 0,
        captured: Rc::new(Captured::default()),
    };
    let exports = evaluator.instantiate(&root, Args::Root, None)?;
    let mut program = evaluator.program;
    program.exports = exports
        .iter()
        .map(|export| Export {
            name: export.name.to_string(),
            item: export.value.export_item(),
            offset: export.offset,
        })
        .collect();
    Ok(program)
}

/// How many definitions an instance of this module has.
fn module_size(module: &Module<'_>) -> usize {
    let code = module.bodies.iter().map(Range::len).sum::<usize>();
    let data = module
        .data
        .iter()
        .map(|data| data.bytes.len())
        .sum::<usize>();
    (code + data) / (UNIT * DEFINITION)
        + module.imports.len()
        + module.func_types.len()
        + module.globals.len()
        + module.elements.len()
        + module.data.len()
}

/// What an index space of the component level can hold and an instance can export.
#[derive(Clone)]
enum Value {
    Func(ComponentFunc),
    Instance(Rc<InstanceValue>),
    Type(TypeValue),
    Component(ComponentValue),
    Module(usize),
}

impl Value {
    fn export_item(&self) -> ExportItem {
        match self {
            Value::Func(func) => ExportItem::Func(*func),
            Value::Instance(instance) => ExportItem::Instance(
                instance
                    .items
                    .iter()
                    .map(|item| (item.name.to_string(), item.value.export_item()))
                    .collect(),
            ),
            Value::Type(TypeValue::Resource(id)) => ExportItem::Type(Some(*id)),
            Value::Type(TypeValue::Plain) => ExportItem::Type(None),
            Value::Component(_) => ExportItem::Other("a component"),
            Value::Module(_) => ExportItem::Other("a core module"),
        }
    }
}

struct NamedValue {
    name: Rc<str>,
    value: Value,
    offset: u64,
}

/// What a component instance exports.
struct InstanceValue {
    items: Vec<NamedValue>,
    by_name: HashMap<Rc<str>, usize>,
}

impl InstanceValue {
    fn new(items: Vec<NamedValue>) -> Rc<InstanceValue> {
        let by_name = items
            .iter()
            .enumerate()
            .map(|(at, item)| (item.name.clone(), at))
            .collect();
        Rc::new(InstanceValue { items, by_name })
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.by_name.get(name).map(|&at| &self.items[at].value)
    }
}

#[derive(Clone, Copy)]
enum TypeValue {
    Resource(ResourceId),
    Plain,
}

/// A component and what its outer aliases refer to.
#[derive(Clone)]
struct ComponentValue {
    component: usize,
    captured: Rc<Captured>,
}

/// The index spaces of an enclosing component that `alias outer` can reach, as they stood where
/// the nested component was defined.
#[derive(Default)]
struct Captured {
    types: Vec<TypeValue>,
    modules: Vec<usize>,
    components: Vec<ComponentValue>,
    outer: Option<Rc<Captured>>,
}

#[derive(Clone)]
enum CoreInstance<'a> {
    Module(InstanceId),
    Exports(Rc<HashMap<&'a str, CoreDef>>),
}

enum Args {
    /// The root: its imports are the host's.
    Root,
    Given(HashMap<String, Value>),
}

/// The index spaces of a component instance that is being made.
struct Frame<'a> {
    id: ComponentInstanceId,
    captured: Rc<Captured>,
    /// What the validator's resource types are in this instance.
    resources: ResourceMap,
    modules: Vec<usize>,
    core_instances: Vec<CoreInstance<'a>>,
    core_funcs: Vec<FuncDef>,
    core_tables: Vec<(InstanceId, u32)>,
    core_memories: Vec<(InstanceId, u32)>,
    core_globals: Vec<(InstanceId, u32)>,
    core_tags: Vec<(InstanceId, u32)>,
    types: Vec<TypeValue>,
    funcs: Vec<ComponentFunc>,
    instances: Vec<Rc<InstanceValue>>,
    components: Vec<ComponentValue>,
    exports: Vec<NamedValue>,
}

struct Evaluator<'i, 'a> {
    input: &'i Input<'a>,
    program: Program,
    /// The resource types of the imports of the root, by the validator's id.
    imported_resources: HashMap<wasmparser::component_types::ResourceId, ResourceId>,
    /// How many instantiations are under way.
    depth: usize,
    /// The units of [`SPARE`] that are left.
    left: usize,
}

impl<'i, 'a> Evaluator<'i, 'a> {
    fn instantiate(
        &mut self,
        value: &ComponentValue,
        args: Args,
        parent: Option<ComponentInstanceId>,
    ) -> Result<Vec<NamedValue>> {
        let id = ComponentInstanceId(self.program.component_instances.len() as u32);
        self.program.component_instances.push(parent);
        let component = &self.input.components[value.component];
        self.spend(INSTANCE + DEFINITION * component.definitions.len())?;
        if self.depth == MAX_DEPTH {
            bail!("components are instantiated more than {MAX_DEPTH} levels deep");
        }
        self.depth += 1;
        let mut frame = Frame {
            id,
            resources: ResourceMap::new(),
            captured: value.captured.clone(),
            modules: Vec::new(),
            core_instances: Vec::new(),
            core_funcs: Vec::new(),
            core_tables: Vec::new(),
            core_memories: Vec::new(),
            core_globals: Vec::new(),
            core_tags: Vec::new(),
            types: Vec::new(),
            funcs: Vec::new(),
            instances: Vec::new(),
            components: Vec::new(),
            exports: Vec::new(),
        };
        for definition in &component.definitions {
            self.definition(&mut frame, component, definition, &args)
                .with_context(|| {
                    format!("at offset {:#x}, in {}", definition.offset, component.path)
                })?;
        }
        self.depth -= 1;
        Ok(frame.exports)
    }

    /// Takes units of the room that the program may have.
    fn spend(&mut self, units: usize) -> Result<()> {
        match self.left.checked_sub(units) {
            Some(left) => self.left = left,
            None => bail!(
                "what the components of this file instantiate is many times as large as the file"
            ),
        }
        Ok(())
    }

    fn func_type(
        &mut self,
        frame: &Frame<'a>,
        id: ComponentFuncTypeId,
    ) -> Result<crate::abi::FuncType> {
        let mut resolver = Resolver::new(&self.input.types, &frame.resources);
        let ty = resolver.function(id)?;
        let nodes = resolver.nodes();
        self.spend(nodes)?;
        Ok(ty)
    }

    fn value_type(&mut self, frame: &Frame<'a>, ty: ComponentValType) -> Result<Type> {
        let mut resolver = Resolver::new(&self.input.types, &frame.resources);
        let ty = resolver.value(ty)?;
        let nodes = resolver.nodes();
        self.spend(nodes)?;
        Ok(ty)
    }

    fn definition(
        &mut self,
        frame: &mut Frame<'a>,
        component: &'i Component<'a>,
        definition: &'i Definition<'a>,
        args: &Args,
    ) -> Result<()> {
        let path = component.path.as_str();
        match &definition.kind {
            DefinitionKind::CoreModule(module) => frame.modules.push(*module),
            DefinitionKind::CoreInstance(instance) => {
                let instance = self.core_instance(frame, instance)?;
                frame.core_instances.push(instance);
            }
            DefinitionKind::CoreType => {}
            DefinitionKind::Component(component) => {
                self.spend(frame.types.len() + frame.modules.len() + frame.components.len())?;
                frame.components.push(ComponentValue {
                    component: *component,
                    captured: Rc::new(Captured {
                        types: frame.types.clone(),
                        modules: frame.modules.clone(),
                        components: frame.components.clone(),
                        outer: Some(frame.captured.clone()),
                    }),
                });
            }
            DefinitionKind::Instance(instance) => {
                let instance = self.instance(frame, instance, definition.offset)?;
                push(frame, component, Value::Instance(instance));
            }
            DefinitionKind::Alias(alias) => self.alias(frame, component, alias)?,
            DefinitionKind::Type(TypeDefinition::Resource { dtor }) => {
                let id = self.resource(Resource::Defined {
                    instance: frame.id,
                    destructor: dtor.map(|index| frame.core_funcs[index as usize]),
                });
                push(frame, component, Value::Type(TypeValue::Resource(id)));
            }
            DefinitionKind::Type(TypeDefinition::Plain) => {
                push(frame, component, Value::Type(TypeValue::Plain));
            }
            DefinitionKind::Lift { func, ty } => {
                let CanonicalFunction::Lift {
                    core_func_index,
                    options,
                    ..
                } = func
                else {
                    unreachable!("the parser told lifts apart");
                };
                let lifted = self.func_type(frame, *ty)?;
                let id = LiftId(self.program.lifts.len() as u32);
                self.program.lifts.push(Lift {
                    func: frame.core_funcs[*core_func_index as usize],
                    options: canon_options(frame, options),
                    ty: lifted,
                    is_async: self.input.types[*ty].async_,
                    instance: frame.id,
                    offset: definition.offset,
                    path: path.to_string(),
                });
                frame.funcs.push(ComponentFunc::Lift(id));
            }
            DefinitionKind::CoreFunc { func, ty, value } => {
                let value = value.map(|ty| self.value_type(frame, ty)).transpose()?;
                self.core_func(frame, func, (ty, value), definition.offset, path);
            }
            DefinitionKind::Start => bail!(
                "component start functions are not supported: call the function from an export"
            ),
            DefinitionKind::Import { import, item } => {
                let value = match args {
                    Args::Root => {
                        self.host_value(frame, None, import.name.name, item, definition.offset)?
                    }
                    Args::Given(args) => args
                        .get(import.name.name)
                        .cloned()
                        .ok_or_else(|| anyhow!("no argument for import {:?}", import.name.name))?,
                };
                push(frame, component, value);
            }
            DefinitionKind::Export(export) => {
                let value = item(frame, export.kind, export.index)?;
                frame.exports.push(NamedValue {
                    name: export.name.name.into(),
                    value: value.clone(),
                    offset: definition.offset,
                });
                push(frame, component, value);
            }
        }
        Ok(())
    }

    /// `interface/name` without the version for an imported resource type.
    fn resource_name(&self, frame: &Frame<'a>, validator_id: ValidatorResource) -> String {
        let resource = frame.resources.get(&validator_id);
        match resource.map(|id| &self.program.resources[id.0 as usize]) {
            Some(Resource::Imported {
                interface: Some(interface),
                name,
            }) => format!("{}/{name}", interface.split('@').next().unwrap_or_default()),
            _ => "resource".to_string(),
        }
    }

    fn resource(&mut self, resource: Resource) -> ResourceId {
        self.program.resources.push(resource);
        ResourceId(self.program.resources.len() as u32 - 1)
    }

    /// The value of an import of the root.
    fn host_value(
        &mut self,
        frame: &mut Frame<'a>,
        interface: Option<&str>,
        name: &str,
        item: &ImportItem,
        offset: u64,
    ) -> Result<Value> {
        Ok(match item {
            ImportItem::Func(validator_ty) => {
                let ty = self.func_type(frame, *validator_ty)?;
                let shape = wasi::shape(
                    &self.input.types,
                    &|resource| self.resource_name(frame, resource),
                    *validator_ty,
                );
                self.program.imports.push(ImportedFunc {
                    interface: interface.map(str::to_string),
                    name: name.to_string(),
                    ty,
                    is_async: self.input.types[*validator_ty].async_,
                    shape,
                    errors: wasi::errors(&self.input.types, *validator_ty),
                    offset,
                });
                Value::Func(ComponentFunc::Import(self.program.imports.len() as u32 - 1))
            }
            ImportItem::Resource(validator_id) => {
                let id = match self.imported_resources.get(validator_id) {
                    Some(&id) => id,
                    None => {
                        let new = self.resource(Resource::Imported {
                            interface: interface.map(str::to_string),
                            name: name.to_string(),
                        });
                        self.imported_resources.insert(*validator_id, new);
                        new
                    }
                };
                frame.resources.insert(*validator_id, id);
                Value::Type(TypeValue::Resource(id))
            }
            ImportItem::PlainType => Value::Type(TypeValue::Plain),
            ImportItem::Instance(items) => {
                if interface.is_some() {
                    bail!(
                        "import {name:?} is an instance inside an imported instance, which no flat module can import"
                    );
                }
                let mut values = Vec::with_capacity(items.len());
                for (inner, item) in items {
                    values.push(NamedValue {
                        name: inner.as_str().into(),
                        value: self.host_value(frame, Some(name), inner, item, offset)?,
                        offset,
                    });
                }
                Value::Instance(InstanceValue::new(values))
            }
            ImportItem::Other(kind) => bail!(
                "import {name:?} is {kind}, which a flat module cannot import: link it first, for example with `wac plug`"
            ),
        })
    }

    fn core_instance(
        &mut self,
        frame: &Frame<'a>,
        instance: &'i CoreInstanceDefinition<'a>,
    ) -> Result<CoreInstance<'a>> {
        match instance {
            CoreInstanceDefinition::FromExports(exports) => {
                let mut map = HashMap::with_capacity(exports.len());
                for export in exports {
                    let def = match export.kind {
                        ExternalKind::Func | ExternalKind::FuncExact => {
                            CoreDef::Func(frame.core_funcs[export.index as usize])
                        }
                        ExternalKind::Table => {
                            let (id, index) = frame.core_tables[export.index as usize];
                            CoreDef::Table(id, index)
                        }
                        ExternalKind::Memory => {
                            let (id, index) = frame.core_memories[export.index as usize];
                            CoreDef::Memory(id, index)
                        }
                        ExternalKind::Global => {
                            let (id, index) = frame.core_globals[export.index as usize];
                            CoreDef::Global(id, index)
                        }
                        ExternalKind::Tag => {
                            let (id, index) = frame.core_tags[export.index as usize];
                            CoreDef::Tag(id, index)
                        }
                    };
                    map.insert(export.name, def);
                }
                Ok(CoreInstance::Exports(Rc::new(map)))
            }
            CoreInstanceDefinition::Instantiate { module_index, args } => {
                let id = frame.modules[*module_index as usize];
                let module = &self.input.modules[id];
                if self.program.instances.len() == MAX_INSTANCES {
                    bail!("more than {MAX_INSTANCES} core instances are made");
                }
                self.spend(INSTANCE + DEFINITION * module_size(module))?;
                let args: HashMap<&str, u32> =
                    args.iter().map(|arg| (arg.name, arg.index)).collect();
                let mut bound = Vec::with_capacity(module.imports.len());
                for import in &module.imports {
                    let arg = args.get(import.module).ok_or_else(|| {
                        anyhow!("no argument {:?} for {}", import.module, module.path)
                    })?;
                    let instance = &frame.core_instances[*arg as usize];
                    bound.push(self.core_export(instance, import.name)?);
                }
                let instance = Instance {
                    module: id,
                    args: bound,
                };
                Ok(CoreInstance::Module(
                    self.program.add_instance(self.input, instance),
                ))
            }
        }
    }

    fn core_export(&self, instance: &CoreInstance<'a>, name: &str) -> Result<CoreDef> {
        match instance {
            CoreInstance::Exports(exports) => exports.get(name).copied(),
            CoreInstance::Module(id) => {
                let module = self.program.module(self.input, *id);
                module.exports.get(name).map(|&(kind, index)| match kind {
                    ExternalKind::Func | ExternalKind::FuncExact => {
                        CoreDef::Func(FuncDef::Core(*id, index))
                    }
                    ExternalKind::Table => CoreDef::Table(*id, index),
                    ExternalKind::Memory => CoreDef::Memory(*id, index),
                    ExternalKind::Global => CoreDef::Global(*id, index),
                    ExternalKind::Tag => CoreDef::Tag(*id, index),
                })
            }
        }
        .ok_or_else(|| anyhow!("no core export {name:?}"))
    }

    fn instance(
        &mut self,
        frame: &Frame<'a>,
        instance: &ComponentInstance<'a>,
        offset: u64,
    ) -> Result<Rc<InstanceValue>> {
        Ok(InstanceValue::new(match instance {
            ComponentInstance::FromExports(exports) => {
                let mut values = Vec::with_capacity(exports.len());
                for export in exports {
                    values.push(NamedValue {
                        name: export.name.name.into(),
                        value: item(frame, export.kind, export.index)?,
                        offset,
                    });
                }
                values
            }
            ComponentInstance::Instantiate {
                component_index,
                args,
            } => {
                let component = frame.components[*component_index as usize].clone();
                let mut given = HashMap::with_capacity(args.len());
                for arg in args {
                    given.insert(arg.name.to_string(), item(frame, arg.kind, arg.index)?);
                }
                self.instantiate(&component, Args::Given(given), Some(frame.id))?
            }
        }))
    }

    fn alias(
        &mut self,
        frame: &mut Frame<'a>,
        component: &Component<'a>,
        alias: &ComponentAlias<'a>,
    ) -> Result<()> {
        match *alias {
            ComponentAlias::InstanceExport {
                instance_index,
                name,
                ..
            } => {
                let value = frame.instances[instance_index as usize]
                    .get(name)
                    .cloned()
                    .ok_or_else(|| anyhow!("no export {name:?} in the instance"))?;
                push(frame, component, value);
            }
            ComponentAlias::CoreInstanceExport {
                instance_index,
                name,
                ..
            } => {
                let instance = frame.core_instances[instance_index as usize].clone();
                match self.core_export(&instance, name)? {
                    CoreDef::Func(func) => frame.core_funcs.push(func),
                    CoreDef::Table(id, index) => frame.core_tables.push((id, index)),
                    CoreDef::Memory(id, index) => frame.core_memories.push((id, index)),
                    CoreDef::Global(id, index) => frame.core_globals.push((id, index)),
                    CoreDef::Tag(id, index) => frame.core_tags.push((id, index)),
                }
            }
            ComponentAlias::Outer { kind, count, index } => {
                let index = index as usize;
                let value = if count == 0 {
                    match kind {
                        ComponentOuterAliasKind::CoreModule => Value::Module(frame.modules[index]),
                        ComponentOuterAliasKind::CoreType => return Ok(()),
                        ComponentOuterAliasKind::Type => Value::Type(frame.types[index]),
                        ComponentOuterAliasKind::Component => {
                            Value::Component(frame.components[index].clone())
                        }
                    }
                } else {
                    let mut captured = &frame.captured;
                    for _ in 1..count {
                        captured = captured
                            .outer
                            .as_ref()
                            .ok_or_else(|| anyhow!("no enclosing component {count} levels up"))?;
                    }
                    match kind {
                        ComponentOuterAliasKind::CoreModule => {
                            Value::Module(captured.modules[index])
                        }
                        ComponentOuterAliasKind::CoreType => return Ok(()),
                        ComponentOuterAliasKind::Type => Value::Type(captured.types[index]),
                        ComponentOuterAliasKind::Component => {
                            Value::Component(captured.components[index].clone())
                        }
                    }
                };
                push(frame, component, value);
            }
        }
        Ok(())
    }

    fn core_func(
        &mut self,
        frame: &mut Frame<'a>,
        func: &CanonicalFunction,
        (ty, value): (&FuncType, Option<Type>),
        offset: u64,
        path: &str,
    ) {
        let resource = |index: u32| match frame.types[index as usize] {
            TypeValue::Resource(id) => id,
            TypeValue::Plain => unreachable!("the validator checked for a resource type"),
        };
        let kind = match func {
            CanonicalFunction::Lower {
                func_index,
                options,
            } => CanonKind::Lower {
                callee: frame.funcs[*func_index as usize],
                options: canon_options(frame, options),
            },
            CanonicalFunction::ResourceNew { resource: ty } => {
                CanonKind::ResourceNew(resource(*ty))
            }
            CanonicalFunction::ResourceRep { resource: ty } => {
                CanonKind::ResourceRep(resource(*ty))
            }
            CanonicalFunction::ResourceDrop { resource: ty } => {
                CanonKind::ResourceDrop(resource(*ty))
            }
            other => match async_builtin(frame, other, value) {
                Some(builtin) => CanonKind::Async(builtin),
                None => CanonKind::Unsupported(builtin_name(other)),
            },
        };
        let id = CanonId(self.program.canons.len() as u32);
        self.program.canons.push(Canon {
            kind,
            ty: ty.clone(),
            instance: frame.id,
            offset,
            path: path.to_string(),
        });
        frame.core_funcs.push(FuncDef::Canon(id));
    }
}

/// The item of an index space of the component level.
fn item(frame: &Frame<'_>, kind: ComponentExternalKind, index: u32) -> Result<Value> {
    let index = index as usize;
    Ok(match kind {
        ComponentExternalKind::Module => Value::Module(frame.modules[index]),
        ComponentExternalKind::Func => Value::Func(frame.funcs[index]),
        ComponentExternalKind::Type => Value::Type(frame.types[index]),
        ComponentExternalKind::Instance => Value::Instance(frame.instances[index].clone()),
        ComponentExternalKind::Component => Value::Component(frame.components[index].clone()),
        ComponentExternalKind::Value => bail!("component values are not supported"),
    })
}

/// Adds a value to its index space. What the validator calls the resource types in it is noted.
fn push(frame: &mut Frame<'_>, component: &Component<'_>, value: Value) {
    match value {
        Value::Func(func) => frame.funcs.push(func),
        Value::Instance(instance) => {
            let item = component.instance_items.get(frame.instances.len());
            if let Some(ImportItem::Instance(items)) = item {
                note_resources(&mut frame.resources, items, &instance);
            }
            frame.instances.push(instance);
        }
        Value::Type(ty) => {
            let validator_id = component.type_resources.get(frame.types.len());
            if let (Some(Some(validator_id)), TypeValue::Resource(id)) = (validator_id, ty) {
                frame.resources.insert(*validator_id, id);
            }
            frame.types.push(ty);
        }
        Value::Component(component) => frame.components.push(component),
        Value::Module(module) => frame.modules.push(module),
    }
}

fn note_resources(
    resources: &mut ResourceMap,
    items: &[(String, ImportItem)],
    instance: &InstanceValue,
) {
    for (name, item) in items {
        let Some(value) = instance.get(name) else {
            continue;
        };
        match (item, value) {
            (ImportItem::Resource(validator_id), Value::Type(TypeValue::Resource(id))) => {
                resources.insert(*validator_id, *id);
            }
            (ImportItem::Instance(items), Value::Instance(instance)) => {
                note_resources(resources, items, instance);
            }
            _ => {}
        }
    }
}

fn canon_options(frame: &Frame<'_>, options: &[CanonicalOption]) -> CanonOptions {
    let mut out = CanonOptions::default();
    for option in options {
        match *option {
            CanonicalOption::UTF8 => out.encoding = StringEncoding::Utf8,
            CanonicalOption::UTF16 => out.encoding = StringEncoding::Utf16,
            CanonicalOption::CompactUTF16 => out.encoding = StringEncoding::Latin1Utf16,
            CanonicalOption::Memory(index) => {
                out.memory = Some(frame.core_memories[index as usize]);
            }
            CanonicalOption::Realloc(index) => {
                out.realloc = Some(frame.core_funcs[index as usize]);
            }
            CanonicalOption::PostReturn(index) => {
                out.post_return = Some(frame.core_funcs[index as usize]);
            }
            CanonicalOption::Async => out.is_async = true,
            CanonicalOption::Callback(index) => {
                out.callback = Some(frame.core_funcs[index as usize]);
            }
            CanonicalOption::CoreType(_) => out.unsupported = out.unsupported.or(Some("core-type")),
            CanonicalOption::Gc => out.unsupported = out.unsupported.or(Some("gc")),
        }
    }
    out
}

/// A built-in of the async ABI; `value` is the type that it names.
fn async_builtin(
    frame: &Frame<'_>,
    func: &CanonicalFunction,
    value: Option<Type>,
) -> Option<AsyncBuiltin> {
    use CanonicalFunction as F;
    let options = |options: &[CanonicalOption]| canon_options(frame, options);
    let memory = |index: u32| frame.core_memories[index as usize];
    if let F::TaskReturn { options: given, .. } = func {
        return Some(AsyncBuiltin::TaskReturn(value, options(given)));
    }
    if let Some(end) = value.as_ref().and_then(EndType::of) {
        return Some(match func {
            F::StreamNew { .. } | F::FutureNew { .. } => AsyncBuiltin::New(end),
            F::StreamRead { options: given, .. } | F::FutureRead { options: given, .. } => {
                AsyncBuiltin::Read(end, options(given))
            }
            F::StreamWrite { options: given, .. } | F::FutureWrite { options: given, .. } => {
                AsyncBuiltin::Write(end, options(given))
            }
            F::StreamCancelRead { async_, .. } | F::FutureCancelRead { async_, .. } => {
                AsyncBuiltin::CancelRead(end, *async_)
            }
            F::StreamCancelWrite { async_, .. } | F::FutureCancelWrite { async_, .. } => {
                AsyncBuiltin::CancelWrite(end, *async_)
            }
            F::StreamDropReadable { .. } | F::FutureDropReadable { .. } => {
                AsyncBuiltin::DropReadable(end)
            }
            F::StreamDropWritable { .. } | F::FutureDropWritable { .. } => {
                AsyncBuiltin::DropWritable(end)
            }
            _ => return None,
        });
    }
    Some(match func {
        F::BackpressureInc => AsyncBuiltin::BackpressureInc,
        F::BackpressureDec => AsyncBuiltin::BackpressureDec,
        F::TaskCancel => AsyncBuiltin::TaskCancel,
        F::ContextGet {
            ty: ValType::I32,
            slot,
        } => AsyncBuiltin::ContextGet(*slot),
        F::ContextSet {
            ty: ValType::I32,
            slot,
        } => AsyncBuiltin::ContextSet(*slot),
        F::ThreadYield => AsyncBuiltin::Yield,
        F::SubtaskCancel { async_ } => AsyncBuiltin::SubtaskCancel(*async_),
        F::SubtaskDrop => AsyncBuiltin::SubtaskDrop,
        F::WaitableSetNew => AsyncBuiltin::SetNew,
        F::WaitableSetWait { memory: index } => AsyncBuiltin::SetWait(memory(*index)),
        F::WaitableSetPoll { memory: index } => AsyncBuiltin::SetPoll(memory(*index)),
        F::WaitableSetDrop => AsyncBuiltin::SetDrop,
        F::WaitableJoin => AsyncBuiltin::Join,
        F::ErrorContextNew { options: given } => AsyncBuiltin::ErrorContextNew(options(given)),
        F::ErrorContextDebugMessage { options: given } => {
            AsyncBuiltin::ErrorContextDebugMessage(options(given))
        }
        F::ErrorContextDrop => AsyncBuiltin::ErrorContextDrop,
        F::ThreadIndex => AsyncBuiltin::ThreadIndex,
        F::ThreadNewIndirect { table_index, .. } => {
            AsyncBuiltin::ThreadNewIndirect(frame.core_tables[*table_index as usize])
        }
        F::ThreadResumeLater => AsyncBuiltin::ThreadResumeLater,
        F::ThreadSuspend => AsyncBuiltin::ThreadSuspend,
        F::ThreadSuspendThenResume => AsyncBuiltin::ThreadSuspendThenResume,
        F::ThreadYieldThenResume => AsyncBuiltin::ThreadYieldThenResume,
        F::ThreadSuspendThenPromote => AsyncBuiltin::ThreadSuspendThenPromote,
        F::ThreadYieldThenPromote => AsyncBuiltin::ThreadYieldThenPromote,
        _ => return None,
    })
}

/// The name of a built-in that the linker does not have.
fn builtin_name(func: &CanonicalFunction) -> &'static str {
    match func {
        CanonicalFunction::ThreadSpawnRef { .. } => "thread.spawn-ref",
        CanonicalFunction::ThreadSpawnIndirect { .. } => "thread.spawn-indirect",
        CanonicalFunction::ThreadAvailableParallelism => "thread.available-parallelism",
        CanonicalFunction::StreamForward { .. } => "stream.forward",
        CanonicalFunction::FutureForward { .. } => "future.forward",
        CanonicalFunction::ContextGet { .. } => "context.get of 64 bits",
        CanonicalFunction::ContextSet { .. } => "context.set of 64 bits",
        _ => "a built-in that is not known",
    }
}
