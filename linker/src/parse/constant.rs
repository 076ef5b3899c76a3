//! Constant expressions: `Binary.md`, "Expressions", evaluated as far as they can be.

use std::collections::HashMap;

use anyhow::{Result, anyhow};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ConstExpr, Ieee32, Ieee64};
use wasmparser::Operator;

use super::module::Module;

/// The value of a constant expression. `F` is how functions are named, and `G` how globals are that
/// have no known value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<F = u32, G = u32> {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(i128),
    Global(G),
    Func(F),
    Null(wasmparser::HeapType),
}

/// No global: for expressions in which all are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {}

impl From<Known> for u32 {
    fn from(none: Known) -> u32 {
        match none {}
    }
}

/// Evaluates `expr`, with `func` and `global` for what it names by an index; nothing when it calculates
/// with something else than numbers, or has an operator that is not known here (GC).
pub fn evaluate<F, G>(
    expr: &wasmparser::ConstExpr<'_>,
    func: impl Fn(u32) -> F,
    mut global: impl FnMut(u32) -> Option<Value<F, G>>,
) -> Option<Value<F, G>> {
    let mut stack: Vec<Value<F, G>> = Vec::new();
    for op in expr.get_operators_reader() {
        let value = match op.ok()? {
            Operator::I32Const { value } => Value::I32(value),
            Operator::I64Const { value } => Value::I64(value),
            Operator::F32Const { value } => Value::F32(value.bits()),
            Operator::F64Const { value } => Value::F64(value.bits()),
            Operator::V128Const { value } => Value::V128(value.i128()),
            Operator::RefFunc { function_index } => Value::Func(func(function_index)),
            Operator::RefNull { hty } => Value::Null(hty),
            Operator::GlobalGet { global_index } => global(global_index)?,
            Operator::End => continue,
            op => {
                let right = stack.pop()?;
                let left = stack.pop()?;
                binary(&op, left, right)?
            }
        };
        stack.push(value);
    }
    let value = stack.pop();
    value.filter(|_| stack.is_empty())
}

/// The same for an expression of a module by itself: imported globals have no known value.
pub fn of_module(module: &Module<'_>, expr: &wasmparser::ConstExpr<'_>) -> Option<Value> {
    at_depth(module, expr, 0, &mut HashMap::new())
}

/// The most globals that an expression goes through, one by way of the other.
pub const DEEPEST: u32 = 100;

/// `known` has the values of globals that were come by: a sum of sums may do so exponentially often.
fn at_depth(
    module: &Module<'_>,
    expr: &wasmparser::ConstExpr<'_>,
    depth: u32,
    known: &mut HashMap<u32, Option<Value>>,
) -> Option<Value> {
    let global = |index: u32| {
        let defined = (index as usize).checked_sub(module.imported_globals.len());
        let Some(defined) = defined else {
            return Some(Value::Global(index));
        };
        if let Some(value) = known.get(&index) {
            return *value;
        }
        let global = module.globals.get(defined)?;
        // Globals refer to earlier ones only, so this ends.
        let value = match depth < DEEPEST {
            true => at_depth(module, &global.init, depth + 1, known),
            false => None,
        };
        known.insert(index, value);
        value
    };
    evaluate(expr, |func| func, global)
}

fn binary<F, G>(op: &Operator<'_>, left: Value<F, G>, right: Value<F, G>) -> Option<Value<F, G>> {
    Some(match (op, left, right) {
        (Operator::I32Add, Value::I32(a), Value::I32(b)) => Value::I32(a.wrapping_add(b)),
        (Operator::I32Sub, Value::I32(a), Value::I32(b)) => Value::I32(a.wrapping_sub(b)),
        (Operator::I32Mul, Value::I32(a), Value::I32(b)) => Value::I32(a.wrapping_mul(b)),
        (Operator::I64Add, Value::I64(a), Value::I64(b)) => Value::I64(a.wrapping_add(b)),
        (Operator::I64Sub, Value::I64(a), Value::I64(b)) => Value::I64(a.wrapping_sub(b)),
        (Operator::I64Mul, Value::I64(a), Value::I64(b)) => Value::I64(a.wrapping_mul(b)),
        _ => return None,
    })
}

impl<F, G: Into<u32>> Value<F, G> {
    /// The expression for it; `func` gives the index of a function in the output.
    ///
    /// # Errors
    ///
    /// Fails for a null of a type that is not supported, and where `func` does.
    pub fn encode(self, func: impl FnOnce(F) -> Result<u32>) -> Result<ConstExpr> {
        Ok(match self {
            Value::I32(value) => ConstExpr::i32_const(value),
            Value::I64(value) => ConstExpr::i64_const(value),
            Value::F32(bits) => ConstExpr::f32_const(Ieee32::new(bits)),
            Value::F64(bits) => ConstExpr::f64_const(Ieee64::new(bits)),
            Value::V128(value) => ConstExpr::v128_const(value),
            Value::Global(index) => ConstExpr::global_get(index.into()),
            Value::Func(index) => ConstExpr::ref_func(func(index)?),
            Value::Null(ty) => {
                let ty = RoundtripReencoder.heap_type(ty);
                ConstExpr::ref_null(ty.map_err(|error| anyhow!("{error}"))?)
            }
        })
    }
}
