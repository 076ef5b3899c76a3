//! The things of a program, each by its place in a list: every stage names them alike.

use wasmparser::ValType;

/// A core instance, by its place in instantiation order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId(pub u32);

/// The memory of a program that has none: the linker makes one for the libraries.
pub const NO_MEMORY: (InstanceId, u32) = (InstanceId(u32::MAX), 0);

/// A function that the canonical ABI makes, by its place in [`crate::resolve::Program::canons`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CanonId(pub u32);

/// A lifted function, by its place in [`crate::resolve::Program::lifts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LiftId(pub u32);

/// A function of the host that is imported without the canonical ABI, by its place in
/// [`crate::resolve::Program::hosts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostId(pub u32);

/// A resource type: a new one for each instantiation that defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResourceId(pub u32);

/// A component instance, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComponentInstanceId(pub u32);

/// The instance of the root component.
pub const ROOT: ComponentInstanceId = ComponentInstanceId(0);

/// The host, where it counts as a component instance.
pub const HOST: ComponentInstanceId = ComponentInstanceId(u32::MAX);

/// A global that a library has for itself: 0 at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word {
    pub number: u32,
    /// Whether it has 64 bits, not 32.
    pub is_wide: bool,
}

impl Word {
    pub fn ty(self) -> ValType {
        match self.is_wide {
            true => ValType::I64,
            false => ValType::I32,
        }
    }
}
