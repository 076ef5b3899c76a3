//! The saturating conversions: a comparison, the conversion that traps for what is in range, and a
//! call for what is not.

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

    /// Writes the conversion of the value on the stack as compilers do: what is in range is
    /// truncated on the spot. `local` is one of the type of the value, `beyond` the function for all
    /// other values.
    pub fn lower(self, code: &mut InstructionSink<'_>, local: u32, beyond: u32) {
        code.local_tee(local);
        match (self.signed, self.from) {
            (false, _) => {}
            (true, ValType::F32) => drop(code.f32_abs()),
            (true, _) => drop(code.f64_abs()),
        }
        let bits = self.bits() - i32::from(self.signed);
        self.float(code, 2f64.powi(bits));
        match self.from {
            ValType::F32 => code.f32_lt(),
            _ => code.f64_lt(),
        };
        if !self.signed {
            code.local_get(local);
            self.is_positive(code);
            code.i32_and();
        }
        code.if_(BlockType::Result(self.to)).local_get(local);
        self.truncate(code);
        code.else_().local_get(local).call(beyond).end();
    }

    /// `(func (param $value float) (result integer))` for values that are out of range: the largest
    /// integer or the smallest one, and zero for what is not a number. The smallest signed integer
    /// is out of range here, too: it has no positive counterpart.
    pub fn beyond(self) -> Function {
        let mut body = Function::new([]);
        let mut code = body.instructions();
        let bits = self.bits();
        if self.signed {
            self.integer(&mut code, bits - 1, true);
            self.integer(&mut code, bits - 1, false);
            code.local_get(0);
            self.is_positive(&mut code);
            code.select();
            self.zero(&mut code);
            code.local_get(0).local_get(0);
            match self.from {
                ValType::F32 => code.f32_eq(),
                _ => code.f64_eq(),
            };
            code.select();
        } else {
            self.integer(&mut code, bits, true);
            self.zero(&mut code);
            code.local_get(0);
            self.is_positive(&mut code);
            code.select();
        }
        code.end();
        body
    }

    fn bits(self) -> i32 {
        if self.to == ValType::I32 { 32 } else { 64 }
    }

    /// Compares the value on the stack with zero.
    fn is_positive(self, code: &mut InstructionSink<'_>) {
        self.float(code, 0.0);
        match self.from {
            ValType::F32 => code.f32_ge(),
            _ => code.f64_ge(),
        };
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
