//! The shadow stack that library frames go on.
//!
//! Libraries are compiled code with frames in linear memory. They use the guest's stack, found by
//! the name `__stack_pointer` or by how it is used. A guest without one gets a small stack in the
//! block of the linker, as long as no frame can be on it while the block moves.

use anyhow::{Result, bail};
use wasmparser::{ExternalKind, Operator, ValType};

use super::LinkedLibrary;
use super::live::Live;
use crate::parse::Input;
use crate::parse::module::Module;
use crate::resolve::{Builtin, CoreDef, FuncDef, InstanceId, Program};

/// The global that library frames go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackPointer {
    /// The guest's.
    Core(InstanceId, u32),
    /// One of the linker's own, for a stack of this many bytes.
    Own { size: u32 },
}

/// Finds the stack of the guest, if any library has been linked.
pub fn plan(
    input: &Input<'_>,
    program: &Program,
    live: &Live,
    libraries: &[LinkedLibrary],
) -> Result<Option<StackPointer>> {
    if libraries.is_empty() {
        return Ok(None);
    }
    let guests: Vec<InstanceId> = program
        .ids()
        .filter(|id| !libraries.iter().any(|library| library.instance == *id))
        .collect();
    for find in [by_name as fn(&Module<'_>) -> Option<u32>, by_use] {
        for &id in &guests {
            let module = program.module(input, id);
            // A shim or a fixup has neither memory nor stack.
            if module.memories.is_empty() && module.imported_memories.is_empty() {
                continue;
            }
            if let Some(index) = find(module) {
                let (id, index) = program.global(input, id, index);
                return Ok(Some(StackPointer::Core(id, index)));
            }
        }
    }
    let frame = libraries.iter().map(|library| library.frame).max();
    let calls_guest = libraries.iter().any(|library| {
        let module = program.module(input, library.instance);
        let args = &program.instances[library.instance.0 as usize].args;
        module.imports.iter().zip(args).any(|(import, arg)| {
            import.name == "cabi_realloc"
                && *arg != CoreDef::Func(FuncDef::Builtin(Builtin::Unlinked))
        })
    });
    if calls_guest && live.memory_grow {
        bail!(
            "the stack pointer of the guest was not found: keep the name section when stripping \
             it, or export the global as __stack_pointer"
        );
    }
    Ok(Some(StackPointer::Own {
        size: frame.unwrap_or(0).next_multiple_of(16),
    }))
}

fn by_name(module: &Module<'_>) -> Option<u32> {
    const NAME: &str = "__stack_pointer";
    let named = module
        .global_names
        .iter()
        .find(|(_, name)| *name == NAME)
        .map(|(index, _)| *index);
    let exported = match module.exports.get(NAME) {
        Some(&(ExternalKind::Global, index)) => Some(index),
        _ => None,
    };
    let imported = module
        .imported_globals
        .iter()
        .position(|&import| module.imports[import].name == NAME);
    named
        .or(exported)
        .or(imported.map(|index| index as u32))
        .filter(|&index| is_mutable_i32(module, index))
}

fn is_mutable_i32(module: &Module<'_>, index: u32) -> bool {
    let index = index as usize;
    let ty = match module.imported_globals.get(index) {
        Some(&import) => match module.imports[import].ty {
            wasmparser::TypeRef::Global(ty) => ty,
            _ => return false,
        },
        None => match module.globals.get(index - module.imported_globals.len()) {
            Some(global) => global.ty,
            None => return false,
        },
    };
    ty.mutable && ty.content_type == ValType::I32
}

/// The one global that functions lower on entry: `global.get; i32.const; i32.sub`.
fn by_use(module: &Module<'_>) -> Option<u32> {
    let mut found: Option<u32> = None;
    for defined in 0..module.bodies.len() {
        let Some(global) = prologue(module, defined) else {
            continue;
        };
        if !is_mutable_i32(module, global) {
            continue;
        }
        match found {
            None => found = Some(global),
            Some(other) if other == global => {}
            Some(_) => return None,
        }
    }
    found
}

fn prologue(module: &Module<'_>, defined: usize) -> Option<u32> {
    let mut ops = module.body(defined).get_operators_reader().ok()?;
    let Operator::GlobalGet { global_index } = ops.read().ok()? else {
        return None;
    };
    let Operator::I32Const { value } = ops.read().ok()? else {
        return None;
    };
    let Operator::I32Sub = ops.read().ok()? else {
        return None;
    };
    (value > 0 && value % 16 == 0).then_some(global_index)
}
