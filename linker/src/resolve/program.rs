//! A program: core instances in order, with every import bound, and what the root exports.

use std::collections::HashMap;

use std::collections::BTreeMap;

use wasmparser::{ConstExpr, FuncType as CoreFuncType};

use crate::entity::{ComponentInstanceId, HostId, InstanceId, LiftId, NO_MEMORY, ResourceId};

use super::built_in::{AsyncBuiltin, Given};
use super::function::{CanonOptions, FuncDef};
use crate::abi::{FuncType, Type};
use crate::parse::Input;
use crate::parse::constant::{Known, Value, evaluate};
use crate::parse::module::Module;
use crate::wasi;

/// A definition that a core import is bound to; tables, memories, globals and tags are an index of
/// the index space of a core instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CoreDef {
    Func(FuncDef),
    Table(InstanceId, u32),
    Memory(InstanceId, u32),
    Global(InstanceId, u32),
    Tag(InstanceId, u32),
}

/// A core module with its imports bound.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The module, by its place in [`Input::modules`].
    pub module: usize,
    /// What each import of the module is bound to.
    pub args: Vec<CoreDef>,
}

/// A function of the component level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComponentFunc {
    Lift(LiftId),
    /// An import of the root, by its place in [`Program::imports`].
    Import(u32),
}

/// A function that the root component imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedFunc {
    /// The interface, `ns:package/interface@version`; none for a bare function of the world.
    pub interface: Option<String>,
    pub name: String,
    pub ty: FuncType,
    /// Whether it is an async function.
    pub is_async: bool,
    /// What [`crate::wasi`] tells the type by.
    pub shape: u64,
    /// The names of the cases of its error type.
    pub errors: Vec<String>,
    pub offset: u64,
}

impl ImportedFunc {
    /// Whether its type has streams or futures.
    pub fn has_ends(&self) -> bool {
        self.ty.params.has_ends() || self.ty.result.as_ref().is_some_and(Type::has_ends)
    }

    /// Whether a library that has it asks something of that of tasks: to wait, or for streams.
    pub fn has_tasks(&self) -> bool {
        let interface = self.interface.as_deref().unwrap_or_default();
        self.has_ends() || self.is_async && wasi::is_system(interface)
    }
}

/// A core function that the canonical ABI makes.
#[derive(Clone, Debug)]
pub struct Canon {
    pub kind: CanonKind,
    pub ty: CoreFuncType,
    /// The component instance that has the definition.
    pub instance: ComponentInstanceId,
    pub offset: u64,
    /// The component that has the definition.
    pub path: String,
}

#[derive(Clone, Debug)]
pub enum CanonKind {
    Lower {
        callee: ComponentFunc,
        options: CanonOptions,
    },
    ResourceNew(ResourceId),
    ResourceRep(ResourceId),
    ResourceDrop(ResourceId),
    /// A function of Preview 1, for the guest with this memory, beside others.
    Preview1(String, (InstanceId, u32)),
    /// What an adapter of Preview 1 did for its guest, now that it is gone.
    Service(Service),
    /// A built-in of the async ABI.
    Async(AsyncBuiltin),
    /// What the library of tasks gets from the linker.
    Given(Given),
    /// What the library of tasks asks of a library for the host, by its name.
    Io(&'static str),
    /// What the component that is made of the output does, by the names of `wit-component`: the module, the
    /// name, and the memory that it works on.
    Asked {
        module: String,
        name: String,
        memory: Option<(InstanceId, u32)>,
    },
    /// A built-in that no target of the linker has, by its name.
    Unsupported(&'static str),
}

/// A function that adapters of Preview 1 offer to their guest beside Preview 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `adapter_open_badfd`: reserves a number that is no descriptor, and writes it into this memory.
    ReserveDescriptor((InstanceId, u32)),
    /// `adapter_close_badfd`: gives such a number back.
    ReleaseDescriptor,
    /// One that is about the adapter itself, by its name: nothing is left to do.
    Nothing(&'static str),
}

impl Service {
    /// Its name among the exports of an adapter.
    pub fn name(self) -> &'static str {
        match self {
            Service::ReserveDescriptor(_) => "adapter_open_badfd",
            Service::ReleaseDescriptor => "adapter_close_badfd",
            Service::Nothing(name) => name,
        }
    }
}

/// A lifted core function.
#[derive(Clone, Debug)]
pub struct Lift {
    pub func: FuncDef,
    pub options: CanonOptions,
    pub ty: FuncType,
    pub is_async: bool,
    /// The component instance that has the definition.
    pub instance: ComponentInstanceId,
    pub offset: u64,
    pub path: String,
}

#[derive(Clone, Debug)]
pub enum Resource {
    /// Imported by the root: the interface (none for the world itself) and the name.
    Imported {
        interface: Option<String>,
        name: String,
    },
    /// Defined by a component instance.
    Defined {
        instance: ComponentInstanceId,
        /// Called with the representation when the last owner drops it.
        destructor: Option<FuncDef>,
    },
}

/// A function that the flat module imports as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    pub module: String,
    pub name: String,
    pub ty: CoreFuncType,
}

/// What the root component exports.
#[derive(Clone, Debug)]
pub struct Export {
    pub name: String,
    pub item: ExportItem,
    pub offset: u64,
}

#[derive(Clone, Debug)]
pub enum ExportItem {
    Func(ComponentFunc),
    Instance(Vec<(String, ExportItem)>),
    /// A type; the resource that it is.
    Type(Option<ResourceId>),
    /// Nothing that a flat module can export, by its kind.
    Other(&'static str),
}

/// The library that runs tasks.
#[derive(Clone, Debug)]
pub struct Tasks {
    pub instance: InstanceId,
    /// Its functions, by their names.
    pub functions: BTreeMap<String, u32>,
    /// Whether stacks are taken away while their tasks wait.
    pub switches: bool,
}

impl Tasks {
    /// A function of the library.
    ///
    /// # Panics
    ///
    /// Panics for one that it does not have; which it needs was checked when it was linked.
    pub fn function(&self, name: &str) -> FuncDef {
        let index = self.functions.get(name);
        let index = index.unwrap_or_else(|| panic!("the library of tasks has no {name:?}"));
        FuncDef::Core(self.instance, *index)
    }
}

/// A component with the component level evaluated away.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The core instances in instantiation order.
    pub instances: Vec<Instance>,
    /// What the globals that each instance defines are at the start.
    pub constants: Vec<Vec<Option<Const>>>,
    pub canons: Vec<Canon>,
    pub lifts: Vec<Lift>,
    pub imports: Vec<ImportedFunc>,
    pub resources: Vec<Resource>,
    pub hosts: Vec<Host>,
    pub exports: Vec<Export>,
    /// Destructors that the host calls: the names of their exports.
    pub destructors: Vec<(String, FuncDef)>,
    /// What the output exports as it is, of a program that is a core module.
    pub natives: Vec<(String, CoreDef)>,
    /// Whether the component that is made of the output has the tasks: [`CanonKind::Asked`].
    pub hands_over: bool,
    /// Why it has not, if it was to have them.
    pub keeps: Option<String>,
    /// The library that runs tasks, in a program that has any.
    pub tasks: Option<Tasks>,
    /// Functions of core modules in whose place others are called.
    pub replaced: HashMap<(InstanceId, u32), FuncDef>,
    /// Instances whose memory counts as that of another one: the program of a component that `wrap` has made.
    pub memory_of: HashMap<InstanceId, InstanceId>,
    /// The parent of each component instance; none for the root.
    pub component_instances: Vec<Option<ComponentInstanceId>>,
}

impl Program {
    /// Adds a core instance. Its globals can only refer to those of instances before it and to
    /// each other, in order.
    pub fn add_instance(&mut self, input: &Input<'_>, instance: Instance) -> InstanceId {
        let id = InstanceId(self.instances.len() as u32);
        let module = &input.modules[instance.module];
        self.instances.push(instance);
        self.constants
            .push(Vec::with_capacity(module.globals.len()));
        for global in &module.globals {
            let value = constant(input, self, id, &global.init);
            self.constants[id.0 as usize].push(value);
        }
        id
    }

    /// The module of an instance.
    pub fn module<'i, 'a>(&self, input: &'i Input<'a>, id: InstanceId) -> &'i Module<'a> {
        &input.modules[self.instances[id.0 as usize].module]
    }

    fn arg(&self, id: InstanceId, import: usize) -> CoreDef {
        self.instances[id.0 as usize].args[import]
    }

    /// Follows imports until a function that is defined.
    pub fn func(&self, input: &Input<'_>, mut def: FuncDef) -> FuncDef {
        while let FuncDef::Core(id, index) = def {
            let module = self.module(input, id);
            let Some(&import) = module.imported_funcs.get(index as usize) else {
                match self.replaced.get(&(id, index)) {
                    Some(&other) => {
                        def = other;
                        continue;
                    }
                    None => break,
                }
            };
            let CoreDef::Func(next) = self.arg(id, import) else {
                unreachable!("the validator matched the kinds of imports");
            };
            def = next;
        }
        def
    }

    /// Follows imports until a table that is defined; the index is one of the index space.
    pub fn table(&self, input: &Input<'_>, id: InstanceId, index: u32) -> (InstanceId, u32) {
        self.follow(
            input,
            (id, index),
            |m| &m.imported_tables,
            |d| match d {
                CoreDef::Table(id, index) => Some((id, index)),
                _ => None,
            },
        )
    }

    /// Follows imports until a memory that is defined; the index is one of the index space.
    pub fn memory(&self, input: &Input<'_>, id: InstanceId, index: u32) -> (InstanceId, u32) {
        let (id, index) = self.follow(
            input,
            (id, index),
            |m| &m.imported_memories,
            |d| match d {
                CoreDef::Memory(id, index) => Some((id, index)),
                _ => None,
            },
        );
        (self.memory_of.get(&id).copied().unwrap_or(id), index)
    }

    /// Follows imports until a global that is defined; the index is one of the index space.
    pub fn global(&self, input: &Input<'_>, id: InstanceId, index: u32) -> (InstanceId, u32) {
        self.follow(
            input,
            (id, index),
            |m| &m.imported_globals,
            |d| match d {
                CoreDef::Global(id, index) => Some((id, index)),
                _ => None,
            },
        )
    }

    /// Follows imports until a tag that is defined; the index is one of the index space.
    pub fn tag(&self, input: &Input<'_>, id: InstanceId, index: u32) -> (InstanceId, u32) {
        self.follow(
            input,
            (id, index),
            |m| &m.imported_tags,
            |d| match d {
                CoreDef::Tag(id, index) => Some((id, index)),
                _ => None,
            },
        )
    }

    fn follow<'a>(
        &self,
        input: &Input<'a>,
        (mut id, mut index): (InstanceId, u32),
        imported: impl for<'m> Fn(&'m Module<'a>) -> &'m Vec<usize>,
        unwrap: impl Fn(CoreDef) -> Option<(InstanceId, u32)>,
    ) -> (InstanceId, u32) {
        while (id, index) != NO_MEMORY
            && let Some(&import) = imported(self.module(input, id)).get(index as usize)
        {
            (id, index) =
                unwrap(self.arg(id, import)).expect("the validator matched the kinds of imports");
        }
        (id, index)
    }

    /// The ids of all instances, in instantiation order.
    pub fn ids(&self) -> impl Iterator<Item = InstanceId> + use<> {
        (0..self.instances.len() as u32).map(InstanceId)
    }

    /// The type of a function.
    pub fn func_ty<'p>(&'p self, input: &'p Input<'_>, def: FuncDef) -> &'p CoreFuncType {
        match def {
            FuncDef::Core(id, index) => self.module(input, id).func_type(index),
            FuncDef::Canon(id) => &self.canons[id.0 as usize].ty,
            FuncDef::Host(id) => &self.hosts[id.0 as usize].ty,
            FuncDef::Builtin(_) => unreachable!("only calls of a library refer to a built-in"),
        }
    }

    /// The interned host function.
    pub fn host(&mut self, module: &str, name: &str, ty: &CoreFuncType) -> HostId {
        let found = self
            .hosts
            .iter()
            .position(|host| host.module == module && host.name == name && host.ty == *ty);
        HostId(found.unwrap_or_else(|| {
            self.hosts.push(Host {
                module: module.to_string(),
                name: name.to_string(),
                ty: ty.clone(),
            });
            self.hosts.len() - 1
        }) as u32)
    }
}

/// The value of a constant expression; no global is left.
pub type Const = Value<FuncDef, Known>;

/// Evaluates a constant expression of an instance, imported globals included; nothing when it
/// has an operator that is not supported (GC).
///
/// Globals are looked up in [`Program::constants`]: evaluating them again and again would take
/// exponential time.
pub fn constant(
    input: &Input<'_>,
    program: &Program,
    instance: InstanceId,
    expr: &ConstExpr<'_>,
) -> Option<Const> {
    let func = |index| FuncDef::Core(instance, index);
    evaluate(expr, func, |index| {
        let (id, index) = program.global(input, instance, index);
        let module = program.module(input, id);
        let defined = index as usize - module.imported_globals.len();
        if module.globals[defined].ty.mutable {
            return None;
        }
        *program.constants.get(id.0 as usize)?.get(defined)?
    })
}
