//! Constant expressions, evaluated as far as they can be.

use wasm_encoder::{ConstExpr, Ieee32, Ieee64};
use wasmparser::Operator;

use crate::parse::module::Module;

/// The value of a constant expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(i128),
    /// An imported global, by its index.
    Global(u32),
    /// A function, by its index.
    Func(u32),
    Null(wasmparser::HeapType),
}

/// Evaluates `expr`; nothing when it depends on an imported global in more than its plain value, or
/// is of no type that is known here.
pub fn evaluate(module: &Module<'_>, expr: &wasmparser::ConstExpr<'_>) -> Option<Value> {
    at_depth(module, expr, 0)
}

fn at_depth(module: &Module<'_>, expr: &wasmparser::ConstExpr<'_>, depth: u32) -> Option<Value> {
    let mut stack: Vec<Value> = Vec::new();
    for op in expr.get_operators_reader() {
        let value = match op.ok()? {
            Operator::I32Const { value } => Value::I32(value),
            Operator::I64Const { value } => Value::I64(value),
            Operator::F32Const { value } => Value::F32(value.bits()),
            Operator::F64Const { value } => Value::F64(value.bits()),
            Operator::V128Const { value } => Value::V128(value.i128()),
            Operator::RefFunc { function_index } => Value::Func(function_index),
            Operator::RefNull { hty } => Value::Null(hty),
            Operator::GlobalGet { global_index } => {
                let imported = module.imported_globals.len();
                match module
                    .globals
                    .get((global_index as usize).wrapping_sub(imported))
                {
                    // Globals may refer to earlier ones only, so this ends; a broken file may not.
                    Some(global) if depth < 100 => at_depth(module, &global.init, depth + 1)?,
                    Some(_) => return None,
                    None => Value::Global(global_index),
                }
            }
            Operator::End => continue,
            op => {
                let right = stack.pop()?;
                let left = stack.pop()?;
                binary(&op, left, right)?
            }
        };
        stack.push(value);
    }
    match stack[..] {
        [value] => Some(value),
        _ => None,
    }
}

fn binary(op: &Operator<'_>, left: Value, right: Value) -> Option<Value> {
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

impl Value {
    /// The expression for it; references to functions are what `func` makes of their index.
    pub fn encode(self, func: impl FnOnce(u32) -> u32) -> anyhow::Result<ConstExpr> {
        Ok(match self {
            Value::I32(value) => ConstExpr::i32_const(value),
            Value::I64(value) => ConstExpr::i64_const(value),
            Value::F32(bits) => ConstExpr::f32_const(Ieee32::new(bits)),
            Value::F64(bits) => ConstExpr::f64_const(Ieee64::new(bits)),
            Value::V128(value) => ConstExpr::v128_const(value),
            Value::Global(index) => ConstExpr::global_get(index),
            Value::Func(index) => ConstExpr::ref_func(func(index)),
            Value::Null(ty) => ConstExpr::ref_null(
                wasm_encoder::HeapType::try_from(ty)
                    .map_err(|_| anyhow::anyhow!("a null of a type that is not supported"))?,
            ),
        })
    }
}
