//! The stack of a module: a global that compilers count down.

use wasmparser::{ExternalKind, Operator, ValType};

use crate::parse::module::Module;

/// What `wasm-ld` calls the global.
const NAME: &str = "__stack_pointer";

/// The global in which the module has its stack pointer. It is known by its name or, where names are gone, by being the
/// first that can be written, and counted down at the start of a function.
pub fn stack_pointer(module: &Module<'_>) -> Option<u32> {
    if let Some(&(ExternalKind::Global, index)) = module.exports.get(NAME) {
        return Some(index);
    }
    let imported = module.imported_globals.len();
    let import = module
        .imported_globals
        .iter()
        .position(|&at| module.imports[at].name == NAME);
    if let Some(index) = import {
        return Some(index as u32);
    }
    if let Some((index, _)) = module.global_names.iter().find(|(_, name)| *name == NAME) {
        return Some(*index);
    }
    let first = module.globals.iter().position(|global| global.ty.mutable)?;
    let ty = module.globals[first].ty.content_type;
    let index = (imported + first) as u32;
    let counts = (0..module.bodies.len()).any(|defined| counts_down(module, defined, index));
    (ty == ValType::I32 && counts).then_some(index)
}

/// Whether a function begins with making room on a stack.
fn counts_down(module: &Module<'_>, defined: usize, index: u32) -> bool {
    let Ok(operators) = module.body(defined).get_operators_reader() else {
        return false;
    };
    let mut operators = operators.into_iter().map_while(Result::ok);
    matches!(operators.next(), Some(Operator::GlobalGet { global_index }) if global_index == index)
        && matches!(operators.next(), Some(Operator::I32Const { value }) if value > 0 && value % 16 == 0)
        && matches!(operators.next(), Some(Operator::I32Sub))
        && operators
            .take(3)
            .any(|op| matches!(op, Operator::GlobalSet { global_index } if global_index == index))
}
