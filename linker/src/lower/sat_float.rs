//! The saturating conversions as calls of functions that compare first.
//!
//! A value between the smallest integer less one and the smallest integer truncates to the latter,
//! so comparing with the smallest integer itself, which every float type has exactly, is right.

use wasm_encoder::{BlockType, Function, Ieee32, Ieee64, InstructionSink, ValType};
use wasmparser::Operator;

/// One of the eight conversions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conversion {
    pub from: ValType,
    pub to: ValType,
    signed: bool,
}

/// The conversion that `op` is.
pub fn conversion(op: &Operator<'_>) -> Option<Conversion> {
    use ValType::{F32, F64, I32, I64};
    let (to, from, signed) = match op {
        Operator::I32TruncSatF32S => (I32, F32, true),
        Operator::I32TruncSatF32U => (I32, F32, false),
        Operator::I32TruncSatF64S => (I32, F64, true),
        Operator::I32TruncSatF64U => (I32, F64, false),
        Operator::I64TruncSatF32S => (I64, F32, true),
        Operator::I64TruncSatF32U => (I64, F32, false),
        Operator::I64TruncSatF64S => (I64, F64, true),
        Operator::I64TruncSatF64U => (I64, F64, false),
        _ => return None,
    };
    Some(Conversion { from, to, signed })
}

impl Conversion {
    /// The name of the instruction.
    pub fn name(self) -> String {
        let word = |ty| match ty {
            ValType::I32 => "i32",
            ValType::I64 => "i64",
            ValType::F32 => "f32",
            _ => "f64",
        };
        let sign = if self.signed { "s" } else { "u" };
        format!("{}.trunc_sat_{}_{sign}", word(self.to), word(self.from))
    }

    /// `(func (param $value float) (result integer))`
    pub fn function(self) -> Function {
        let mut body = Function::new([]);
        let mut code = body.instructions();
        let bits = if self.to == ValType::I32 { 32 } else { 64 };
        let (least, limit) = match self.signed {
            true => (-(2f64.powi(bits - 1)), 2f64.powi(bits - 1)),
            false => (0.0, 2f64.powi(bits)),
        };
        // What is not a number is in neither range.
        code.local_get(0);
        self.float(&mut code, least);
        match self.from {
            ValType::F32 => code.f32_ge(),
            _ => code.f64_ge(),
        };
        code.if_(BlockType::Empty).local_get(0);
        self.float(&mut code, limit);
        match self.from {
            ValType::F32 => code.f32_lt(),
            _ => code.f64_lt(),
        };
        code.if_(BlockType::Empty).local_get(0);
        self.truncate(&mut code);
        code.return_().end();
        self.integer(&mut code, if self.signed { bits - 1 } else { bits }, true);
        code.return_().end();
        if self.signed {
            self.integer(&mut code, bits - 1, false);
            self.zero(&mut code);
            code.local_get(0).local_get(0);
            match self.from {
                ValType::F32 => code.f32_eq(),
                _ => code.f64_eq(),
            };
            code.select();
        } else {
            self.zero(&mut code);
        }
        code.end();
        body
    }

    fn float(self, code: &mut InstructionSink<'_>, value: f64) {
        match self.from {
            ValType::F32 => code.f32_const(Ieee32::new((value as f32).to_bits())),
            _ => code.f64_const(Ieee64::new(value.to_bits())),
        };
    }

    /// 2^bits - 1 when it is the `largest`, otherwise 2^bits, which is the smallest signed one.
    fn integer(self, code: &mut InstructionSink<'_>, bits: i32, largest: bool) {
        let value = (1u128 << bits) - u128::from(largest);
        match self.to {
            ValType::I32 => code.i32_const(value as i32),
            _ => code.i64_const(value as i64),
        };
    }

    fn zero(self, code: &mut InstructionSink<'_>) {
        match self.to {
            ValType::I32 => code.i32_const(0),
            _ => code.i64_const(0),
        };
    }

    fn truncate(self, code: &mut InstructionSink<'_>) {
        match (self.to, self.from, self.signed) {
            (ValType::I32, ValType::F32, true) => code.i32_trunc_f32_s(),
            (ValType::I32, ValType::F32, false) => code.i32_trunc_f32_u(),
            (ValType::I32, _, true) => code.i32_trunc_f64_s(),
            (ValType::I32, _, false) => code.i32_trunc_f64_u(),
            (_, ValType::F32, true) => code.i64_trunc_f32_s(),
            (_, ValType::F32, false) => code.i64_trunc_f32_u(),
            (_, _, true) => code.i64_trunc_f64_s(),
            (_, _, false) => code.i64_trunc_f64_u(),
        };
    }
}
