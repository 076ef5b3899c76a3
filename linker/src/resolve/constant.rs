//! Constant expressions of a program, in which every import is known.

use wasmparser::ConstExpr;

use super::{FuncDef, InstanceId, Program};
use crate::parse::Input;
use crate::parse::constant::{Known, Value, evaluate};

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
