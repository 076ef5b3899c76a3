//! What is done with halves, inline or by a function that is added.

use wasm_encoder::{Encode, Instruction, ValType};

use super::super::locals::Locals;
use super::expression::{Expr, Keep, Place};
use super::lanes::{self, Compare, Convert, Float, FloatOp, Lane, Shift, Source};

/// What halves become: from one to four of them one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    Add(Lane),
    Sub(Lane),
    Mul(Lane),
    Neg(Lane),
    Abs(Lane),
    CountOnes,
    Compare(Lane, Compare),
    Min {
        lane: Lane,
        signed: bool,
    },
    Max {
        lane: Lane,
        signed: bool,
    },
    AddSat {
        lane: Lane,
        signed: bool,
    },
    SubSat {
        lane: Lane,
        signed: bool,
    },
    Average(Lane),
    Q15,
    Shift(Lane, Shift),
    Narrow {
        to: Lane,
        signed: bool,
    },
    Extend {
        from: Lane,
        signed: bool,
        upper: bool,
    },
    AddPairs {
        from: Lane,
        signed: bool,
    },
    ExtendedMul {
        from: Lane,
        signed: bool,
        upper: bool,
    },
    Dot(Lane),
    DotAdd,
    AllTrue(Lane),
    Bitmask(Lane),
    Swizzle,
    Shuffle([Source; 8]),
    Float(Float, FloatOp),
    Convert(Convert),
}

impl Function {
    /// How many halves it takes.
    pub fn params(self) -> usize {
        match self {
            Function::Neg(_)
            | Function::Abs(_)
            | Function::CountOnes
            | Function::Extend { .. }
            | Function::AddPairs { .. }
            | Function::Float(
                _,
                FloatOp::Sqrt | FloatOp::Ceil | FloatOp::Floor | FloatOp::Trunc | FloatOp::Nearest,
            )
            | Function::Convert(
                Convert::ToF32 { .. }
                | Convert::FromF32 { .. }
                | Convert::ToF64 { .. }
                | Convert::Promote { .. },
            ) => 1,
            Function::DotAdd
            | Function::Swizzle
            | Function::Float(_, FloatOp::MulAdd | FloatOp::NegMulAdd) => 3,
            Function::Shuffle(from) => {
                let operands = from.iter().map(|(operand, _)| *operand as usize + 1);
                operands.max().unwrap_or(0)
            }
            _ => 2,
        }
    }

    /// Whether it takes so little that a call would take more.
    pub fn is_inline(self) -> bool {
        match self {
            Function::Add(Lane::I64)
            | Function::Sub(Lane::I64)
            | Function::Mul(Lane::I64)
            | Function::Neg(Lane::I64)
            | Function::Compare(Lane::I64, _)
            | Function::Shift(Lane::I64, _)
            | Function::Extend {
                from: Lane::I32, ..
            }
            | Function::ExtendedMul {
                from: Lane::I32, ..
            }
            | Function::Convert(Convert::ToF64 { .. } | Convert::Promote { .. }) => true,
            Function::Shuffle(from) => lanes::pieces(&from) < 3,
            Function::Float(Float::F64, op) => {
                !matches!(op, FloatOp::PseudoMin | FloatOp::PseudoMax)
            }
            _ => false,
        }
    }

    /// What it gives for these operands, each of which can be read any number of times.
    pub fn of(self, keep: &mut impl Keep, operands: &[Expr]) -> Expr {
        let a = || operands[0].clone();
        let b = || operands[1].clone();
        match self {
            Function::Add(lane) => lanes::add(lane, a(), b()),
            Function::Sub(lane) => lanes::sub(lane, a(), b()),
            Function::Mul(lane) => lanes::mul(lane, a(), b()),
            Function::Neg(lane) => lanes::neg(lane, a()),
            Function::Abs(lane) => lanes::abs(keep, lane, a()),
            Function::CountOnes => lanes::count_ones(keep, a()),
            Function::Compare(lane, how) => lanes::compare(keep, lane, how, a(), b()),
            Function::Min { lane, signed } => lanes::extreme(keep, lane, (true, signed), a(), b()),
            Function::Max { lane, signed } => lanes::extreme(keep, lane, (false, signed), a(), b()),
            Function::AddSat { lane, signed } => {
                lanes::saturating(keep, lane, (true, signed), a(), b())
            }
            Function::SubSat { lane, signed } => {
                lanes::saturating(keep, lane, (false, signed), a(), b())
            }
            Function::Average(lane) => lanes::average(lane, a(), b()),
            Function::Q15 => lanes::q15(keep, a(), b()),
            Function::Shift(lane, how) => lanes::shift(keep, lane, how, a(), b()),
            Function::Narrow { to, signed } => lanes::narrow(keep, to, signed, a(), b()),
            Function::Extend {
                from,
                signed,
                upper,
            } => lanes::extend(keep, from, signed, upper, a()),
            Function::AddPairs { from, signed } => lanes::add_pairs(from, signed, a()),
            Function::ExtendedMul {
                from,
                signed,
                upper,
            } => lanes::extended_mul(from, signed, upper, a(), b()),
            Function::Dot(from) => lanes::dot(from, a(), b()),
            Function::DotAdd => lanes::dot_add(a(), b(), operands[2].clone()),
            Function::AllTrue(lane) => lanes::all_true(keep, lane, a(), b()),
            Function::Bitmask(lane) => lanes::bitmask(lane, a(), b()),
            Function::Swizzle => lanes::swizzle(keep, a(), b(), operands[2].clone()),
            Function::Shuffle(from) => lanes::shuffle(&from, operands),
            Function::Float(float, op) => lanes::float(float, op, operands),
            Function::Convert(how) => lanes::convert(how, operands),
        }
    }

    /// For the name section.
    pub fn name(self) -> String {
        let signs = |signed: bool| if signed { "s" } else { "u" };
        let parts = |upper: bool| if upper { "high" } else { "low" };
        let what = match self {
            Function::Add(lane) => format!("{}.add", lane.name()),
            Function::Sub(lane) => format!("{}.sub", lane.name()),
            Function::Mul(lane) => format!("{}.mul", lane.name()),
            Function::Neg(lane) => format!("{}.neg", lane.name()),
            Function::Abs(lane) => format!("{}.abs", lane.name()),
            Function::CountOnes => "i8x16.popcnt".to_string(),
            Function::Compare(lane, how) => {
                let how = match how {
                    Compare::Eq => "eq".to_string(),
                    Compare::Ne => "ne".to_string(),
                    Compare::Lt { signed } => format!("lt_{}", signs(signed)),
                    Compare::Ge { signed } => format!("ge_{}", signs(signed)),
                };
                format!("{}.{how}", lane.name())
            }
            Function::Min { lane, signed } => format!("{}.min_{}", lane.name(), signs(signed)),
            Function::Max { lane, signed } => format!("{}.max_{}", lane.name(), signs(signed)),
            Function::AddSat { lane, signed } => {
                format!("{}.add_sat_{}", lane.name(), signs(signed))
            }
            Function::SubSat { lane, signed } => {
                format!("{}.sub_sat_{}", lane.name(), signs(signed))
            }
            Function::Average(lane) => format!("{}.avgr_u", lane.name()),
            Function::Q15 => "i16x8.q15mulr_sat_s".to_string(),
            Function::Shift(lane, how) => {
                let how = match how {
                    Shift::Left => "shl",
                    Shift::Right => "shr_u",
                    Shift::RightSigned => "shr_s",
                };
                format!("{}.{how}", lane.name())
            }
            Function::Narrow { to, signed } => {
                let from = lanes::wider(to).name();
                format!("{}.narrow_{from}_{}", to.name(), signs(signed))
            }
            Function::Extend {
                from,
                signed,
                upper,
            } => {
                let (to, from) = (lanes::wider(from).name(), from.name());
                format!("{to}.extend_{}_{from}_{}", parts(upper), signs(signed))
            }
            Function::AddPairs { from, signed } => {
                let (to, from) = (lanes::wider(from).name(), from.name());
                format!("{to}.extadd_pairwise_{from}_{}", signs(signed))
            }
            Function::ExtendedMul {
                from,
                signed,
                upper,
            } => {
                let (to, from) = (lanes::wider(from).name(), from.name());
                format!("{to}.extmul_{}_{from}_{}", parts(upper), signs(signed))
            }
            Function::Dot(from) => {
                let (to, from) = (lanes::wider(from).name(), from.name());
                format!("{to}.dot_{from}_s")
            }
            Function::DotAdd => "i32x4.dot_i8x16_add_s".to_string(),
            Function::AllTrue(lane) => format!("{}.all_true", lane.name()),
            Function::Bitmask(lane) => format!("{}.bitmask", lane.name()),
            Function::Swizzle => "i8x16.swizzle".to_string(),
            Function::Shuffle(from) => {
                let lanes = from.map(|(operand, byte)| (8 * operand + byte).to_string());
                format!("i8x16.shuffle {}", lanes.join(" "))
            }
            Function::Float(float, op) => {
                let shape = match float {
                    Float::F32 => "f32x4",
                    Float::F64 => "f64x2",
                };
                let op = match op {
                    FloatOp::Sqrt => "sqrt",
                    FloatOp::Ceil => "ceil",
                    FloatOp::Floor => "floor",
                    FloatOp::Trunc => "trunc",
                    FloatOp::Nearest => "nearest",
                    FloatOp::Add => "add",
                    FloatOp::Sub => "sub",
                    FloatOp::Mul => "mul",
                    FloatOp::Div => "div",
                    FloatOp::Min => "min",
                    FloatOp::Max => "max",
                    FloatOp::PseudoMin => "pmin",
                    FloatOp::PseudoMax => "pmax",
                    FloatOp::MulAdd => "madd",
                    FloatOp::NegMulAdd => "nmadd",
                    FloatOp::Eq => "eq",
                    FloatOp::Ne => "ne",
                    FloatOp::Lt => "lt",
                    FloatOp::Le => "le",
                };
                format!("{shape}.{op}")
            }
            Function::Convert(how) => match how {
                Convert::ToF32 { signed } => format!("f32x4.convert_i32x4_{}", signs(signed)),
                Convert::FromF32 { signed } => {
                    format!("i32x4.trunc_sat_f32x4_{}", signs(signed))
                }
                Convert::ToF64 { signed, .. } => {
                    format!("f64x2.convert_low_i32x4_{}", signs(signed))
                }
                Convert::Promote { .. } => "f64x2.promote_low_f32x4".to_string(),
                Convert::FromF64 { signed } => {
                    format!("i32x4.trunc_sat_f64x2_{}_zero", signs(signed))
                }
                Convert::Demote => "f32x4.demote_f64x2_zero".to_string(),
            },
        };
        format!("p1bridge:{what}")
    }

    /// The body of the function that is added, without its size.
    pub fn body(self) -> Vec<u8> {
        let params = self.params() as u32;
        let mut writer = Writer {
            code: Vec::new(),
            locals: Locals::new(params),
        };
        let operands: Vec<Expr> = (0..params).map(|at| Expr::At(Place::Local(at))).collect();
        let given = self.of(&mut writer, &operands);
        given.encode(&mut writer.code);
        Instruction::End.encode(&mut writer.code);
        let mut body = Vec::new();
        writer.locals.declare(&[], &mut body);
        body.append(&mut writer.code);
        body
    }
}

/// Writes the body of a function that is added.
struct Writer {
    code: Vec<u8>,
    locals: Locals,
}

impl Keep for Writer {
    fn keep(&mut self, expr: Expr, ty: ValType) -> Expr {
        let local = self.locals.take(ty);
        expr.encode(&mut self.code);
        Instruction::LocalSet(local).encode(&mut self.code);
        Expr::At(Place::Local(local))
    }
}
