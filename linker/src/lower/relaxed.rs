//! Relaxed instructions on vectors as those whose results are fixed, where a target has only these. Each is
//! one of the results that the relaxed one may give, the same as without any vectors.

use wasm_encoder::{InstructionSink, ValType};
use wasmparser::Operator;

use super::body::Body;

/// The lower half of each 32 bits of two vectors, and the upper half.
const EVEN: [u8; 16] = [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29];
const ODD: [u8; 16] = [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31];

impl<'a> Body<'_, '_, '_, 'a> {
    /// Writes what a relaxed instruction becomes; false for all others.
    pub fn relaxed(&mut self, op: &Operator<'a>) -> bool {
        if one(op, &mut self.sink()) {
            return true;
        }
        match op {
            Operator::F32x4RelaxedMadd | Operator::F64x2RelaxedMadd => {
                let third = self.locals.take(ValType::V128);
                let mut code = self.sink();
                code.local_set(third);
                match op {
                    Operator::F32x4RelaxedMadd => code.f32x4_mul().local_get(third).f32x4_add(),
                    _ => code.f64x2_mul().local_get(third).f64x2_add(),
                };
                self.locals.give_back(&[third]);
            }
            Operator::F32x4RelaxedNmadd | Operator::F64x2RelaxedNmadd => {
                let third = self.locals.take(ValType::V128);
                let product = self.locals.take(ValType::V128);
                let mut code = self.sink();
                code.local_set(third);
                match op {
                    Operator::F32x4RelaxedNmadd => code.f32x4_mul(),
                    _ => code.f64x2_mul(),
                };
                code.local_set(product).local_get(third).local_get(product);
                match op {
                    Operator::F32x4RelaxedNmadd => code.f32x4_sub(),
                    _ => code.f64x2_sub(),
                };
                self.locals.give_back(&[third, product]);
            }
            Operator::I16x8RelaxedDotI8x16I7x16S => self.dot(),
            Operator::I32x4RelaxedDotI8x16I7x16AddS => {
                let third = self.locals.take(ValType::V128);
                self.sink().local_set(third);
                self.dot();
                self.sink()
                    .i32x4_extadd_pairwise_i16x8_s()
                    .local_get(third)
                    .i32x4_add();
                self.locals.give_back(&[third]);
            }
            _ => return false,
        }
        true
    }

    /// The sums of each two products of bytes with their signs.
    fn dot(&mut self) {
        let locals = [(); 4].map(|()| self.locals.take(ValType::V128));
        let [first, second, low, high] = locals;
        self.sink()
            .local_set(second)
            .local_tee(first)
            .local_get(second)
            .i16x8_extmul_low_i8x16_s()
            .local_tee(low)
            .local_get(first)
            .local_get(second)
            .i16x8_extmul_high_i8x16_s()
            .local_tee(high)
            .i8x16_shuffle(EVEN)
            .local_get(low)
            .local_get(high)
            .i8x16_shuffle(ODD)
            .i16x8_add();
        self.locals.give_back(&locals);
    }
}

/// What is one instruction.
fn one(op: &Operator<'_>, code: &mut InstructionSink<'_>) -> bool {
    match op {
        Operator::I8x16RelaxedSwizzle => code.i8x16_swizzle(),
        Operator::I32x4RelaxedTruncF32x4S => code.i32x4_trunc_sat_f32x4_s(),
        Operator::I32x4RelaxedTruncF32x4U => code.i32x4_trunc_sat_f32x4_u(),
        Operator::I32x4RelaxedTruncF64x2SZero => code.i32x4_trunc_sat_f64x2_s_zero(),
        Operator::I32x4RelaxedTruncF64x2UZero => code.i32x4_trunc_sat_f64x2_u_zero(),
        Operator::I8x16RelaxedLaneselect
        | Operator::I16x8RelaxedLaneselect
        | Operator::I32x4RelaxedLaneselect
        | Operator::I64x2RelaxedLaneselect => code.v128_bitselect(),
        Operator::F32x4RelaxedMin => code.f32x4_min(),
        Operator::F32x4RelaxedMax => code.f32x4_max(),
        Operator::F64x2RelaxedMin => code.f64x2_min(),
        Operator::F64x2RelaxedMax => code.f64x2_max(),
        Operator::I16x8RelaxedQ15mulrS => code.i16x8_q15mulr_sat_s(),
        _ => return false,
    };
    true
}
