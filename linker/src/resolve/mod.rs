//! `Input` → [`Program`]: the component level evaluated away.
//!
//! Component instances, aliases, outer aliases and nested components disappear; resource types
//! become generative ids. What is left is the list of core instances in instantiation order, in
//! which every import is bound to a definition, and the tree of exports of the root. Binding goes
//! by index, never by name, except where the specification itself looks up a name.

mod built_in;
mod eval;
mod function;
mod program;

use anyhow::Result;

pub use built_in::{AsyncBuiltin, EndType, Given};
pub use function::{Builtin, CanonOptions, Frame, FuncDef, Piece, StringEncoding};
pub use program::{
    Canon, CanonKind, ComponentFunc, Const, CoreDef, Export, ExportItem, Host, ImportedFunc,
    Instance, Lift, Program, Resource, Service, Tasks, constant,
};

pub use crate::entity::{
    CanonId, ComponentInstanceId, HOST, HostId, InstanceId, LiftId, NO_MEMORY, ROOT, ResourceId,
};

use crate::parse::Input;

/// Evaluates the root component of `input`.
///
/// # Errors
///
/// Fails for definitions that no flat module can express (core modules or components as imports,
/// component start functions) and when the number of instances explodes.
pub fn program(input: &Input<'_>) -> Result<Program> {
    let mut program = eval::evaluate(input)?;
    for id in program.ids() {
        let Some(from) = program.module(input, id).memory_from else {
            continue;
        };
        // What a component is made of is instantiated together.
        let before = program.ids().take_while(|&other| other != id);
        let owner = before.filter(|other| program.instances[other.0 as usize].module == from);
        if let Some(owner) = owner.last() {
            program.memory_of.insert(owner, id);
        }
    }
    Ok(program)
}
