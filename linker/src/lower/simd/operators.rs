//! Which functions on halves an instruction is made of.

use wasmparser::Operator;

use super::functions::Function;
use super::lanes::{Compare, Convert, Float, FloatOp, Lane, Shift};

/// How an instruction is put together from functions on halves.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Each half of the result is of the same halves of all operands.
    Each(Function),
    /// The same with the two operands in the other order.
    Swapped(Function),
    /// By a count that is on the stack.
    Shift(Lane, Shift),
    /// The lower half is of both halves of the first operand, the upper half of the second.
    Pairs(Function),
    /// Both halves are of one half of each operand: that which is named, the lower one first.
    Parts {
        upper: bool,
        low: Function,
        high: Function,
    },
    /// The lower half is of both halves of the operand, the upper half is zero.
    ToLow(Function),
    /// A number of 32 bits, of both halves.
    Number(Function),
    /// With masks alone.
    Mask(Mask),
    /// A table of bytes, and which of them.
    Swizzle,
    /// A choice by bits: two operands and the bits.
    Choose,
    /// Whether there is any bit.
    AnyTrue,
}

/// What needs no lanes.
#[derive(Clone, Copy, Debug)]
pub enum Mask {
    Not,
    And,
    AndNot,
    Or,
    Xor,
    /// Without the sign of each lane.
    Abs(Float),
    /// With the other sign.
    Neg(Float),
}

/// What an instruction on vectors is made of; none where it is one on memory, single lanes or constants.
pub fn shape(op: &Operator<'_>) -> Option<Shape> {
    use Operator as O;
    const S: bool = true;
    const U: bool = false;
    let each = |function| Some(Shape::Each(function));
    let less = |lane, signed| Function::Compare(lane, Compare::Lt { signed });
    let no_less = |lane, signed| Function::Compare(lane, Compare::Ge { signed });
    let equal = |lane| each(Function::Compare(lane, Compare::Eq));
    let not_equal = |lane| each(Function::Compare(lane, Compare::Ne));
    let single = |op| each(Function::Float(Float::F32, op));
    let double = |op| each(Function::Float(Float::F64, op));
    let extend = |from, upper, signed| {
        let part = |upper| Function::Extend {
            from,
            signed,
            upper,
        };
        Some(Shape::Parts {
            upper,
            low: part(false),
            high: part(true),
        })
    };
    let extended_mul = |from, upper, signed| {
        let part = |upper| Function::ExtendedMul {
            from,
            signed,
            upper,
        };
        Some(Shape::Parts {
            upper,
            low: part(false),
            high: part(true),
        })
    };
    let narrow = |to, signed| Some(Shape::Pairs(Function::Narrow { to, signed }));
    let pairs = |from, signed| each(Function::AddPairs { from, signed });
    let add_sat = |lane, signed| each(Function::AddSat { lane, signed });
    let sub_sat = |lane, signed| each(Function::SubSat { lane, signed });
    let min = |lane, signed| each(Function::Min { lane, signed });
    let max = |lane, signed| each(Function::Max { lane, signed });
    let shift = |lane, how| Some(Shape::Shift(lane, how));
    let convert = |how| each(Function::Convert(how));
    let to_low = |how| Some(Shape::ToLow(Function::Convert(how)));
    let from_low = |low, high| {
        Some(Shape::Parts {
            upper: false,
            low: Function::Convert(low),
            high: Function::Convert(high),
        })
    };
    let to_f64 = |signed| {
        let part = |upper| Convert::ToF64 { signed, upper };
        from_low(part(false), part(true))
    };
    let number = |function| Some(Shape::Number(function));
    let mask = |mask| Some(Shape::Mask(mask));

    /// The comparisons of one width, which are there for both signs or for one.
    macro_rules! compared {
        ($lane:ident: $eq:ident $ne:ident $(, $sign:ident $lt:ident $gt:ident $le:ident $ge:ident)*) => {
            match op {
                O::$eq => return equal(Lane::$lane),
                O::$ne => return not_equal(Lane::$lane),
                $(O::$lt => return each(less(Lane::$lane, $sign)),
                O::$gt => return Some(Shape::Swapped(less(Lane::$lane, $sign))),
                O::$le => return Some(Shape::Swapped(no_less(Lane::$lane, $sign))),
                O::$ge => return each(no_less(Lane::$lane, $sign)),)*
                _ => {}
            }
        };
    }
    compared!(I8: I8x16Eq I8x16Ne, S I8x16LtS I8x16GtS I8x16LeS I8x16GeS, U I8x16LtU I8x16GtU I8x16LeU I8x16GeU);
    compared!(I16: I16x8Eq I16x8Ne, S I16x8LtS I16x8GtS I16x8LeS I16x8GeS, U I16x8LtU I16x8GtU I16x8LeU I16x8GeU);
    compared!(I32: I32x4Eq I32x4Ne, S I32x4LtS I32x4GtS I32x4LeS I32x4GeS, U I32x4LtU I32x4GtU I32x4LeU I32x4GeU);
    compared!(I64: I64x2Eq I64x2Ne, S I64x2LtS I64x2GtS I64x2LeS I64x2GeS);

    /// The instructions on integers that are there for all widths.
    macro_rules! integers {
        ($($lane:ident: $abs:ident $neg:ident $all:ident $bits:ident $shl:ident $shrs:ident $shru:ident $add:ident $sub:ident;)*) => {
            match op {
                $(O::$abs => return each(Function::Abs(Lane::$lane)),
                O::$neg => return each(Function::Neg(Lane::$lane)),
                O::$all => return number(Function::AllTrue(Lane::$lane)),
                O::$bits => return number(Function::Bitmask(Lane::$lane)),
                O::$shl => return shift(Lane::$lane, Shift::Left),
                O::$shrs => return shift(Lane::$lane, Shift::RightSigned),
                O::$shru => return shift(Lane::$lane, Shift::Right),
                O::$add => return each(Function::Add(Lane::$lane)),
                O::$sub => return each(Function::Sub(Lane::$lane)),)*
                _ => {}
            }
        };
    }
    integers! {
        I8: I8x16Abs I8x16Neg I8x16AllTrue I8x16Bitmask I8x16Shl I8x16ShrS I8x16ShrU I8x16Add I8x16Sub;
        I16: I16x8Abs I16x8Neg I16x8AllTrue I16x8Bitmask I16x8Shl I16x8ShrS I16x8ShrU I16x8Add I16x8Sub;
        I32: I32x4Abs I32x4Neg I32x4AllTrue I32x4Bitmask I32x4Shl I32x4ShrS I32x4ShrU I32x4Add I32x4Sub;
        I64: I64x2Abs I64x2Neg I64x2AllTrue I64x2Bitmask I64x2Shl I64x2ShrS I64x2ShrU I64x2Add I64x2Sub;
    }

    match op {
        O::V128Not => mask(Mask::Not),
        O::V128And => mask(Mask::And),
        O::V128AndNot => mask(Mask::AndNot),
        O::V128Or => mask(Mask::Or),
        O::V128Xor => mask(Mask::Xor),
        // What a lane of the relaxed choice has where its bits differ is open.
        O::V128Bitselect
        | O::I8x16RelaxedLaneselect
        | O::I16x8RelaxedLaneselect
        | O::I32x4RelaxedLaneselect
        | O::I64x2RelaxedLaneselect => Some(Shape::Choose),
        O::V128AnyTrue => Some(Shape::AnyTrue),
        O::I8x16Swizzle | O::I8x16RelaxedSwizzle => Some(Shape::Swizzle),

        O::I8x16Popcnt => each(Function::CountOnes),
        O::I8x16NarrowI16x8S => narrow(Lane::I8, S),
        O::I8x16NarrowI16x8U => narrow(Lane::I8, U),
        O::I16x8NarrowI32x4S => narrow(Lane::I16, S),
        O::I16x8NarrowI32x4U => narrow(Lane::I16, U),
        O::I8x16AddSatS => add_sat(Lane::I8, S),
        O::I8x16AddSatU => add_sat(Lane::I8, U),
        O::I8x16SubSatS => sub_sat(Lane::I8, S),
        O::I8x16SubSatU => sub_sat(Lane::I8, U),
        O::I16x8AddSatS => add_sat(Lane::I16, S),
        O::I16x8AddSatU => add_sat(Lane::I16, U),
        O::I16x8SubSatS => sub_sat(Lane::I16, S),
        O::I16x8SubSatU => sub_sat(Lane::I16, U),
        O::I8x16MinS => min(Lane::I8, S),
        O::I8x16MinU => min(Lane::I8, U),
        O::I8x16MaxS => max(Lane::I8, S),
        O::I8x16MaxU => max(Lane::I8, U),
        O::I16x8MinS => min(Lane::I16, S),
        O::I16x8MinU => min(Lane::I16, U),
        O::I16x8MaxS => max(Lane::I16, S),
        O::I16x8MaxU => max(Lane::I16, U),
        O::I32x4MinS => min(Lane::I32, S),
        O::I32x4MinU => min(Lane::I32, U),
        O::I32x4MaxS => max(Lane::I32, S),
        O::I32x4MaxU => max(Lane::I32, U),
        O::I8x16AvgrU => each(Function::Average(Lane::I8)),
        O::I16x8AvgrU => each(Function::Average(Lane::I16)),
        O::I16x8Mul => each(Function::Mul(Lane::I16)),
        O::I32x4Mul => each(Function::Mul(Lane::I32)),
        O::I64x2Mul => each(Function::Mul(Lane::I64)),
        O::I16x8Q15MulrSatS | O::I16x8RelaxedQ15mulrS => each(Function::Q15),
        O::I32x4DotI16x8S => each(Function::Dot(Lane::I16)),
        O::I16x8RelaxedDotI8x16I7x16S => each(Function::Dot(Lane::I8)),
        O::I32x4RelaxedDotI8x16I7x16AddS => each(Function::DotAdd),
        O::I16x8ExtAddPairwiseI8x16S => pairs(Lane::I8, S),
        O::I16x8ExtAddPairwiseI8x16U => pairs(Lane::I8, U),
        O::I32x4ExtAddPairwiseI16x8S => pairs(Lane::I16, S),
        O::I32x4ExtAddPairwiseI16x8U => pairs(Lane::I16, U),
        O::I16x8ExtendLowI8x16S => extend(Lane::I8, false, S),
        O::I16x8ExtendHighI8x16S => extend(Lane::I8, true, S),
        O::I16x8ExtendLowI8x16U => extend(Lane::I8, false, U),
        O::I16x8ExtendHighI8x16U => extend(Lane::I8, true, U),
        O::I32x4ExtendLowI16x8S => extend(Lane::I16, false, S),
        O::I32x4ExtendHighI16x8S => extend(Lane::I16, true, S),
        O::I32x4ExtendLowI16x8U => extend(Lane::I16, false, U),
        O::I32x4ExtendHighI16x8U => extend(Lane::I16, true, U),
        O::I64x2ExtendLowI32x4S => extend(Lane::I32, false, S),
        O::I64x2ExtendHighI32x4S => extend(Lane::I32, true, S),
        O::I64x2ExtendLowI32x4U => extend(Lane::I32, false, U),
        O::I64x2ExtendHighI32x4U => extend(Lane::I32, true, U),
        O::I16x8ExtMulLowI8x16S => extended_mul(Lane::I8, false, S),
        O::I16x8ExtMulHighI8x16S => extended_mul(Lane::I8, true, S),
        O::I16x8ExtMulLowI8x16U => extended_mul(Lane::I8, false, U),
        O::I16x8ExtMulHighI8x16U => extended_mul(Lane::I8, true, U),
        O::I32x4ExtMulLowI16x8S => extended_mul(Lane::I16, false, S),
        O::I32x4ExtMulHighI16x8S => extended_mul(Lane::I16, true, S),
        O::I32x4ExtMulLowI16x8U => extended_mul(Lane::I16, false, U),
        O::I32x4ExtMulHighI16x8U => extended_mul(Lane::I16, true, U),
        O::I64x2ExtMulLowI32x4S => extended_mul(Lane::I32, false, S),
        O::I64x2ExtMulHighI32x4S => extended_mul(Lane::I32, true, S),
        O::I64x2ExtMulLowI32x4U => extended_mul(Lane::I32, false, U),
        O::I64x2ExtMulHighI32x4U => extended_mul(Lane::I32, true, U),

        O::F32x4Eq => single(FloatOp::Eq),
        O::F32x4Ne => single(FloatOp::Ne),
        O::F32x4Lt => single(FloatOp::Lt),
        O::F32x4Le => single(FloatOp::Le),
        O::F32x4Gt => Some(Shape::Swapped(Function::Float(Float::F32, FloatOp::Lt))),
        O::F32x4Ge => Some(Shape::Swapped(Function::Float(Float::F32, FloatOp::Le))),
        O::F32x4Abs => mask(Mask::Abs(Float::F32)),
        O::F32x4Neg => mask(Mask::Neg(Float::F32)),
        O::F32x4Sqrt => single(FloatOp::Sqrt),
        O::F32x4Ceil => single(FloatOp::Ceil),
        O::F32x4Floor => single(FloatOp::Floor),
        O::F32x4Trunc => single(FloatOp::Trunc),
        O::F32x4Nearest => single(FloatOp::Nearest),
        O::F32x4Add => single(FloatOp::Add),
        O::F32x4Sub => single(FloatOp::Sub),
        O::F32x4Mul => single(FloatOp::Mul),
        O::F32x4Div => single(FloatOp::Div),
        O::F32x4Min | O::F32x4RelaxedMin => single(FloatOp::Min),
        O::F32x4Max | O::F32x4RelaxedMax => single(FloatOp::Max),
        O::F32x4PMin => single(FloatOp::PseudoMin),
        O::F32x4PMax => single(FloatOp::PseudoMax),
        O::F32x4RelaxedMadd => single(FloatOp::MulAdd),
        O::F32x4RelaxedNmadd => single(FloatOp::NegMulAdd),
        O::F64x2Eq => double(FloatOp::Eq),
        O::F64x2Ne => double(FloatOp::Ne),
        O::F64x2Lt => double(FloatOp::Lt),
        O::F64x2Le => double(FloatOp::Le),
        O::F64x2Gt => Some(Shape::Swapped(Function::Float(Float::F64, FloatOp::Lt))),
        O::F64x2Ge => Some(Shape::Swapped(Function::Float(Float::F64, FloatOp::Le))),
        O::F64x2Abs => mask(Mask::Abs(Float::F64)),
        O::F64x2Neg => mask(Mask::Neg(Float::F64)),
        O::F64x2Sqrt => double(FloatOp::Sqrt),
        O::F64x2Ceil => double(FloatOp::Ceil),
        O::F64x2Floor => double(FloatOp::Floor),
        O::F64x2Trunc => double(FloatOp::Trunc),
        O::F64x2Nearest => double(FloatOp::Nearest),
        O::F64x2Add => double(FloatOp::Add),
        O::F64x2Sub => double(FloatOp::Sub),
        O::F64x2Mul => double(FloatOp::Mul),
        O::F64x2Div => double(FloatOp::Div),
        O::F64x2Min | O::F64x2RelaxedMin => double(FloatOp::Min),
        O::F64x2Max | O::F64x2RelaxedMax => double(FloatOp::Max),
        O::F64x2PMin => double(FloatOp::PseudoMin),
        O::F64x2PMax => double(FloatOp::PseudoMax),
        O::F64x2RelaxedMadd => double(FloatOp::MulAdd),
        O::F64x2RelaxedNmadd => double(FloatOp::NegMulAdd),
        O::F32x4ConvertI32x4S => convert(Convert::ToF32 { signed: S }),
        O::F32x4ConvertI32x4U => convert(Convert::ToF32 { signed: U }),
        O::I32x4TruncSatF32x4S | O::I32x4RelaxedTruncF32x4S => {
            convert(Convert::FromF32 { signed: S })
        }
        O::I32x4TruncSatF32x4U | O::I32x4RelaxedTruncF32x4U => {
            convert(Convert::FromF32 { signed: U })
        }
        O::I32x4TruncSatF64x2SZero | O::I32x4RelaxedTruncF64x2SZero => {
            to_low(Convert::FromF64 { signed: S })
        }
        O::I32x4TruncSatF64x2UZero | O::I32x4RelaxedTruncF64x2UZero => {
            to_low(Convert::FromF64 { signed: U })
        }
        O::F32x4DemoteF64x2Zero => to_low(Convert::Demote),
        O::F64x2ConvertLowI32x4S => to_f64(S),
        O::F64x2ConvertLowI32x4U => to_f64(U),
        O::F64x2PromoteLowF32x4 => from_low(
            Convert::Promote { upper: false },
            Convert::Promote { upper: true },
        ),
        _ => None,
    }
}
