//! The sign extension operators as pairs of shifts.

use wasm_encoder::InstructionSink;
use wasmparser::Operator;

/// Writes `op` with operators of the MVP; false when it is no sign extension.
pub fn lower(op: &Operator<'_>, code: &mut InstructionSink<'_>) -> bool {
    match op {
        Operator::I32Extend8S => in_i32(code, 24),
        Operator::I32Extend16S => in_i32(code, 16),
        Operator::I64Extend8S => in_i64(code, 56),
        Operator::I64Extend16S => in_i64(code, 48),
        Operator::I64Extend32S => in_i64(code, 32),
        _ => return false,
    }
    true
}

fn in_i32(code: &mut InstructionSink<'_>, bits: i32) {
    code.i32_const(bits).i32_shl().i32_const(bits).i32_shr_s();
}

fn in_i64(code: &mut InstructionSink<'_>, bits: i64) {
    code.i64_const(bits).i64_shl().i64_const(bits).i64_shr_s();
}
