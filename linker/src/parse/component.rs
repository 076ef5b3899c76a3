//! A component as it stands in the file: its definitions in order, each with its byte offset.

use wasmparser::component_types::{ComponentFuncTypeId, ComponentValType, ResourceId};
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExport, ComponentImport, ComponentInstance,
    FuncType, Instance,
};

/// A component of the input, the root or a nested one.
#[derive(Debug, Default)]
pub struct Component<'a> {
    /// Where it is, for messages: `component > component 1`.
    pub path: String,
    /// Everything that adds to an index space or exports, in the order of the file.
    pub definitions: Vec<Definition<'a>>,
    /// The resource type at each index of the type index space that is one.
    pub type_resources: Vec<Option<ResourceId>>,
    /// The resource types among the exports of each instance of the instance index space.
    pub instance_items: Vec<ImportItem>,
    /// The section in which `wrap` says what it has made.
    pub woven: Option<&'a [u8]>,
}

/// One definition and the byte offset that it has in the file.
#[derive(Debug)]
pub struct Definition<'a> {
    pub offset: u64,
    pub kind: DefinitionKind<'a>,
}

#[derive(Debug)]
pub enum DefinitionKind<'a> {
    /// A core module, by its place in [`Input::modules`](super::Input::modules).
    CoreModule(usize),
    CoreInstance(Instance<'a>),
    CoreType,
    /// A nested component, by its place in [`Input::components`](super::Input::components).
    Component(usize),
    Instance(ComponentInstance<'a>),
    Alias(ComponentAlias<'a>),
    Type(TypeDefinition),
    Lift {
        func: CanonicalFunction,
        ty: ComponentFuncTypeId,
    },
    /// A canonical built-in or a lowered function: everything that makes a core function.
    CoreFunc {
        func: CanonicalFunction,
        ty: FuncType,
        /// The type that a built-in names: the stream or future, or what `task.return` gives.
        value: Option<ComponentValType>,
    },
    /// A component start function.
    Start,
    Import {
        import: ComponentImport<'a>,
        item: ImportItem,
    },
    Export(ComponentExport<'a>),
}

#[derive(Debug)]
pub enum TypeDefinition {
    /// A new resource type, with its destructor.
    Resource { dtor: Option<u32> },
    /// Any other type.
    Plain,
}

/// What an import brings in, as far as linking depends on it.
#[derive(Debug)]
pub enum ImportItem {
    Func(ComponentFuncTypeId),
    /// A resource type; other types are [`ImportItem::PlainType`].
    Resource(ResourceId),
    PlainType,
    Instance(Vec<(String, ImportItem)>),
    /// A core module, a component or a value: nothing that a flat module can import.
    Other(&'static str),
}
