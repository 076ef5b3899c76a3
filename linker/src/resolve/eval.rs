//! The evaluator of component definitions.

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::{Context, Result, anyhow, bail};
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ExternalKind, FuncType, Instance as CoreInstanceDefinition,
};

use super::{
    Canon, CanonId, CanonKind, CanonOptions, ComponentFunc, ComponentInstanceId, CoreDef, Export,
    ExportItem, FuncDef, ImportedFunc, Instance, InstanceId, Lift, LiftId, Program, Resource,
    ResourceId, StringEncoding,
};
use crate::abi::{Resolver, ResourceMap};
use crate::parse::Input;
use crate::parse::component::{Component, Definition, DefinitionKind, ImportItem, TypeDefinition};

/// More core instances than any real composition has; beyond it a small file is running away.
const MAX_INSTANCES: usize = 10_000;
/// Likewise for component instances, which may have no core instance in them.
const MAX_COMPONENT_INSTANCES: usize = 50_000;

pub fn evaluate(input: &Input<'_>) -> Result<Program> {
    let mut evaluator = Evaluator {
        input,
        program: Program::default(),
        imported_resources: HashMap::new(),
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
            name: export.name.clone(),
            item: export.value.export_item(),
            offset: export.offset,
        })
        .collect();
    Ok(program)
}

/// What an index space of the component level can hold and an instance can export.
#[derive(Clone)]
enum Value {
    Func(ComponentFunc),
    Instance(Rc<Vec<NamedValue>>),
    Type(TypeValue),
    Component(ComponentValue),
    Module(usize),
}

impl Value {
    fn export_item(&self) -> ExportItem {
        match self {
            Value::Func(func) => ExportItem::Func(*func),
            Value::Instance(items) => ExportItem::Instance(
                items
                    .iter()
                    .map(|item| (item.name.clone(), item.value.export_item()))
                    .collect(),
            ),
            Value::Type(_) => ExportItem::Type,
            Value::Component(_) => ExportItem::Other("a component"),
            Value::Module(_) => ExportItem::Other("a core module"),
        }
    }
}

struct NamedValue {
    name: String,
    value: Value,
    offset: u64,
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
    instances: Vec<Rc<Vec<NamedValue>>>,
    components: Vec<ComponentValue>,
    exports: Vec<NamedValue>,
}

struct Evaluator<'i, 'a> {
    input: &'i Input<'a>,
    program: Program,
    /// The resource types of the imports of the root, by the validator's id.
    imported_resources: HashMap<wasmparser::component_types::ResourceId, ResourceId>,
}

impl<'i, 'a> Evaluator<'i, 'a> {
    fn instantiate(
        &mut self,
        value: &ComponentValue,
        args: Args,
        parent: Option<ComponentInstanceId>,
    ) -> Result<Rc<Vec<NamedValue>>> {
        let id = ComponentInstanceId(self.program.component_instances.len() as u32);
        if id.0 as usize > MAX_COMPONENT_INSTANCES {
            bail!("more than {MAX_COMPONENT_INSTANCES} component instances are made by nesting");
        }
        self.program.component_instances.push(parent);
        let component = &self.input.components[value.component];
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
        Ok(Rc::new(frame.exports))
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
            DefinitionKind::Component(component) => frame.components.push(ComponentValue {
                component: *component,
                captured: Rc::new(Captured {
                    types: frame.types.clone(),
                    modules: frame.modules.clone(),
                    components: frame.components.clone(),
                    outer: Some(frame.captured.clone()),
                }),
            }),
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
                let id = LiftId(self.program.lifts.len() as u32);
                self.program.lifts.push(Lift {
                    func: frame.core_funcs[*core_func_index as usize],
                    options: canon_options(frame, options),
                    ty: Resolver::new(&self.input.types, &frame.resources).function(*ty)?,
                    is_async: self.input.types[*ty].async_,
                    instance: frame.id,
                    offset: definition.offset,
                    path: path.to_string(),
                });
                frame.funcs.push(ComponentFunc::Lift(id));
            }
            DefinitionKind::CoreFunc { func, ty } => {
                self.core_func(frame, func, ty, definition.offset, path);
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
                    name: export.name.name.to_string(),
                    value: value.clone(),
                    offset: definition.offset,
                });
                push(frame, component, value);
            }
        }
        Ok(())
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
            ImportItem::Func(ty) => {
                let ty = Resolver::new(&self.input.types, &frame.resources).function(*ty)?;
                self.program.imports.push(ImportedFunc {
                    interface: interface.map(str::to_string),
                    name: name.to_string(),
                    ty,
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
                        name: inner.clone(),
                        value: self.host_value(frame, Some(name), inner, item, offset)?,
                        offset,
                    });
                }
                Value::Instance(Rc::new(values))
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
                if self.program.instances.len() >= MAX_INSTANCES {
                    bail!("more than {MAX_INSTANCES} core instances are made by nesting");
                }
                let id = frame.modules[*module_index as usize];
                let module = &self.input.modules[id];
                let mut bound = Vec::with_capacity(module.imports.len());
                for import in &module.imports {
                    let arg = args
                        .iter()
                        .find(|arg| arg.name == import.module)
                        .ok_or_else(|| {
                            anyhow!("no argument {:?} for {}", import.module, module.path)
                        })?;
                    let instance = &frame.core_instances[arg.index as usize];
                    bound.push(self.core_export(instance, import.name)?);
                }
                self.program.instances.push(Instance {
                    module: id,
                    args: bound,
                });
                Ok(CoreInstance::Module(InstanceId(
                    self.program.instances.len() as u32 - 1,
                )))
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
    ) -> Result<Rc<Vec<NamedValue>>> {
        match instance {
            ComponentInstance::FromExports(exports) => {
                let mut values = Vec::with_capacity(exports.len());
                for export in exports {
                    values.push(NamedValue {
                        name: export.name.name.to_string(),
                        value: item(frame, export.kind, export.index)?,
                        offset,
                    });
                }
                Ok(Rc::new(values))
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
                self.instantiate(&component, Args::Given(given), Some(frame.id))
            }
        }
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
                    .iter()
                    .find(|item| item.name == name)
                    .map(|item| item.value.clone())
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
        ty: &FuncType,
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
            other => CanonKind::Unsupported(builtin_name(other)),
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
    values: &[NamedValue],
) {
    for (name, item) in items {
        let Some(named) = values.iter().find(|value| value.name == *name) else {
            continue;
        };
        match (item, &named.value) {
            (ImportItem::Resource(validator_id), Value::Type(TypeValue::Resource(id))) => {
                resources.insert(*validator_id, *id);
            }
            (ImportItem::Instance(items), Value::Instance(values)) => {
                note_resources(resources, items, values);
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
            CanonicalOption::Async => out.unsupported = out.unsupported.or(Some("async")),
            CanonicalOption::Callback(_) => out.unsupported = out.unsupported.or(Some("callback")),
            CanonicalOption::CoreType(_) => out.unsupported = out.unsupported.or(Some("core-type")),
            CanonicalOption::Gc => out.unsupported = out.unsupported.or(Some("gc")),
        }
    }
    out
}

/// The name of a built-in that is not a lift, a lower or a resource built-in.
fn builtin_name(func: &CanonicalFunction) -> &'static str {
    match func {
        CanonicalFunction::ThreadSpawnRef { .. } => "thread.spawn-ref",
        CanonicalFunction::ThreadSpawnIndirect { .. } => "thread.spawn-indirect",
        CanonicalFunction::ThreadAvailableParallelism => "thread.available-parallelism",
        CanonicalFunction::BackpressureInc => "backpressure.inc",
        CanonicalFunction::BackpressureDec => "backpressure.dec",
        CanonicalFunction::TaskReturn { .. } => "task.return",
        CanonicalFunction::TaskCancel => "task.cancel",
        CanonicalFunction::ContextGet { .. } => "context.get",
        CanonicalFunction::ContextSet { .. } => "context.set",
        CanonicalFunction::ThreadYield => "thread.yield",
        CanonicalFunction::SubtaskDrop => "subtask.drop",
        CanonicalFunction::SubtaskCancel { .. } => "subtask.cancel",
        CanonicalFunction::StreamNew { .. } => "stream.new",
        CanonicalFunction::StreamRead { .. } => "stream.read",
        CanonicalFunction::StreamWrite { .. } => "stream.write",
        CanonicalFunction::FutureNew { .. } => "future.new",
        CanonicalFunction::FutureRead { .. } => "future.read",
        CanonicalFunction::FutureWrite { .. } => "future.write",
        CanonicalFunction::ErrorContextNew { .. } => "error-context.new",
        CanonicalFunction::ErrorContextDrop => "error-context.drop",
        CanonicalFunction::WaitableSetNew => "waitable-set.new",
        CanonicalFunction::WaitableSetWait { .. } => "waitable-set.wait",
        CanonicalFunction::WaitableSetPoll { .. } => "waitable-set.poll",
        CanonicalFunction::WaitableSetDrop => "waitable-set.drop",
        CanonicalFunction::WaitableJoin => "waitable.join",
        _ => "an async built-in",
    }
}
