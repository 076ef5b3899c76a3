//! What functions became, and the libraries that provide them.

use crate::resolve::{Builtin, CanonId, FuncDef, HostId, InstanceId};

/// What a function of the canonical ABI became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A function of a library or of the host.
    Func(FuncDef),
    /// It returns this case of its error type, or traps.
    Stub(Option<u32>),
}

/// What a call in the input becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    Core(InstanceId, u32),
    Host(HostId),
    Builtin(Builtin),
    /// A function of the canonical ABI that the linker writes itself.
    Glue(CanonId),
}

/// A library instance: one for each memory and `realloc` that the lowered imports of guests name.
#[derive(Clone, Debug)]
pub struct LinkedLibrary {
    pub name: String,
    pub instance: InstanceId,
    /// Whether it sees the memory of the output, and not that of a guest alone.
    pub sees_all: bool,
    /// The exports that are linked.
    pub functions: Vec<String>,
}
