//! Expressions on halves of vectors, written as formulas.

use std::ops::{Add, BitAnd, BitOr, BitXor, Mul, Not, Shl, Shr, Sub};

use wasm_encoder::{Encode, Instruction, ValType};

/// Where a value is that can be read any number of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Const(i64),
    /// A local that something else keeps.
    Local(u32),
    /// A local that is free when the last value in it is gone.
    Temp(u32),
    /// A formula that is computed where it is read, or never.
    Late(u32),
}

/// What gives a value, without any effect.
#[derive(Clone, Debug)]
pub enum Expr {
    At(Place),
    /// What is on the stack already: the first thing that the whole expression takes.
    Top,
    Op(Instruction<'static>, Vec<Expr>),
}

/// What writes code, and has locals for values that are used several times.
pub trait Keep {
    /// Computes `expr` now: what is given can be read any number of times.
    fn keep(&mut self, expr: Expr, ty: ValType) -> Expr;

    /// [`keep`](Keep::keep) for halves.
    fn half(&mut self, expr: Expr) -> Expr {
        match expr {
            Expr::At(_) => expr,
            expr => self.keep(expr, ValType::I64),
        }
    }
}

impl Place {
    /// The local that is read.
    pub fn local(self) -> Option<u32> {
        match self {
            Place::Const(_) | Place::Late(_) => None,
            Place::Local(local) | Place::Temp(local) => Some(local),
        }
    }

    pub fn encode(self, code: &mut Vec<u8>) {
        match self {
            Place::Const(value) => Instruction::I64Const(value).encode(code),
            Place::Local(local) | Place::Temp(local) => Instruction::LocalGet(local).encode(code),
            // It is computed before.
            Place::Late(_) => Instruction::Unreachable.encode(code),
        }
    }
}

impl Expr {
    pub fn one(op: Instruction<'static>, a: Expr) -> Expr {
        Expr::Op(op, vec![a])
    }

    pub fn two(op: Instruction<'static>, a: Expr, b: Expr) -> Expr {
        Expr::Op(op, vec![a, b])
    }

    pub fn select(yes: Expr, no: Expr, condition: Expr) -> Expr {
        Expr::Op(Instruction::Select, vec![yes, no, condition])
    }

    pub fn i32(value: i32) -> Expr {
        Expr::Op(Instruction::I32Const(value), Vec::new())
    }

    pub fn encode(&self, code: &mut Vec<u8>) {
        match self {
            Expr::At(place) => place.encode(code),
            Expr::Top => {}
            Expr::Op(op, operands) => {
                for operand in operands {
                    operand.encode(code);
                }
                op.encode(code);
            }
        }
    }

    /// Whether it reads a local.
    pub fn reads(&self, local: u32) -> bool {
        match self {
            Expr::At(place) => place.local() == Some(local),
            Expr::Top => false,
            Expr::Op(_, operands) => operands.iter().any(|operand| operand.reads(local)),
        }
    }

    /// Every local that it reads that is free when its values are gone.
    pub fn temps(&self, found: &mut Vec<Place>) {
        match self {
            Expr::At(place @ Place::Temp(_)) => found.push(*place),
            Expr::At(_) | Expr::Top => {}
            Expr::Op(_, operands) => operands.iter().for_each(|operand| operand.temps(found)),
        }
    }

    /// Whether it gives the same later, as long as locals do: it neither reads memory nor takes anything
    /// from the stack. No formula that waits is nested more deeply than `depth`.
    pub fn can_wait(&self, depth: u32) -> bool {
        match self {
            Expr::At(_) => true,
            Expr::Top | Expr::Op(Instruction::I64Load(_), _) => false,
            Expr::Op(_, operands) => {
                depth > 0 && operands.iter().all(|operand| operand.can_wait(depth - 1))
            }
        }
    }

    /// A 64-bit shift to the right that keeps the sign.
    pub fn shr_s(self, count: u32) -> Expr {
        match count {
            0 => self,
            _ => Expr::two(Instruction::I64ShrS, self, bits(count.into())),
        }
    }

    /// The lower 32 bits.
    pub fn low(self) -> Expr {
        Expr::one(Instruction::I32WrapI64, self)
    }

    /// 32 bits as the lower ones of 64.
    pub fn wide(self) -> Expr {
        Expr::one(Instruction::I64ExtendI32U, self)
    }
}

/// A constant.
pub fn bits(value: u64) -> Expr {
    Expr::At(Place::Const(value as i64))
}

macro_rules! operators {
    ($($of:ident $method:ident $op:ident $constants:ident)*) => {$(
        impl $of for Expr {
            type Output = Expr;

            fn $method(self, other: Expr) -> Expr {
                if let (Expr::At(Place::Const(a)), Expr::At(Place::Const(b))) = (&self, &other) {
                    return bits(a.$constants(*b) as u64);
                }
                Expr::two(Instruction::$op, self, other)
            }
        }
    )*};
}

operators! {
    Add add I64Add wrapping_add
    Sub sub I64Sub wrapping_sub
    Mul mul I64Mul wrapping_mul
    BitAnd bitand I64And bitand
    BitOr bitor I64Or bitor
    BitXor bitxor I64Xor bitxor
}

impl Not for Expr {
    type Output = Expr;

    fn not(self) -> Expr {
        self ^ bits(u64::MAX)
    }
}

impl Shl<u32> for Expr {
    type Output = Expr;

    fn shl(self, count: u32) -> Expr {
        match count {
            0 => self,
            _ => Expr::two(Instruction::I64Shl, self, bits(count.into())),
        }
    }
}

/// Without the sign.
impl Shr<u32> for Expr {
    type Output = Expr;

    fn shr(self, count: u32) -> Expr {
        match count {
            0 => self,
            _ => Expr::two(Instruction::I64ShrU, self, bits(count.into())),
        }
    }
}
