//! Values on the stack of a body, as far as something is known of them.

use wasmparser::{
    BlockType, ContType, FrameKind, FuncType, ModuleArity, Operator, RefType, SubType,
};

use super::facts::Place;

/// The least and the most of a value of which nothing is known.
pub const ANY: (u32, u32) = (0, u32::MAX);

/// What is known of a value on the stack, and the instructions that push it.
#[derive(Clone, Copy)]
pub struct Value {
    pub kind: Kind,
    pub from: usize,
    pub to: usize,
    /// The local because of which the base of the memory is in it ([`super::pointers`]).
    pub moved: Option<u32>,
}

#[derive(Clone, Copy)]
pub enum Kind {
    /// A local as it was at some time, plus a constant: then it was `place`. Where `is_pushed`, the local is on
    /// the stack before the instructions: a `local.tee` left it there.
    Local {
        local: u32,
        place: Place,
        add: i32,
        is_pushed: bool,
    },
    Const(i32),
    /// A value that is no more than this.
    Other(u32),
}

/// The most that a load can give.
pub fn most_loaded(op: &Operator<'_>) -> u32 {
    match op {
        Operator::I32Load8U { .. } => 0xff,
        Operator::I32Load16U { .. } => 0xffff,
        _ => u32::MAX,
    }
}

/// The most that the result of an instruction can be, if it is an `i32`. The operands are given by the least and the
/// most that they can be, the last first.
pub fn most_of(op: &Operator<'_>, [right, left, below]: [(u32, u32); 3]) -> u32 {
    let most = match op {
        Operator::I32And => Some(left.1.min(right.1)),
        Operator::I32Mul => left.1.checked_mul(right.1),
        Operator::I32ShrU if right.1 < 32 => Some(left.1 >> right.0),
        Operator::I32Shl if right.1 <= left.1.leading_zeros() => left.1.checked_shl(right.1),
        Operator::Select => Some(left.1.max(below.1)),
        Operator::I32Eqz
        | Operator::I64Eqz
        | Operator::I32Eq
        | Operator::I32Ne
        | Operator::I32LtS
        | Operator::I32LtU
        | Operator::I32GtS
        | Operator::I32GtU
        | Operator::I32LeS
        | Operator::I32LeU
        | Operator::I32GeS
        | Operator::I32GeU => Some(1),
        _ => None,
    };
    most.unwrap_or(u32::MAX)
}

/// How many values an instruction takes and leaves, if it only computes, loads or stores; `code` is
/// its first byte.
pub fn arity(op: &Operator<'_>, code: u8) -> Option<(u32, u32)> {
    const DROP: u8 = 0x1a;
    const SELECT: u8 = 0x1b;
    const GLOBAL_GET: u8 = 0x23;
    const GLOBAL_SET: u8 = 0x24;
    const I32_LOAD: u8 = 0x28;
    const MEMORY_SIZE: u8 = 0x3f;
    const I32_CONST: u8 = 0x41;
    const I64_EXTEND32_S: u8 = 0xc4;
    const SIMD: u8 = 0xfd;
    match code {
        DROP | SELECT | GLOBAL_GET | GLOBAL_SET => op.operator_arity(&NoTypes),
        I32_LOAD..=MEMORY_SIZE | I32_CONST..=I64_EXTEND32_S | SIMD => op.operator_arity(&NoTypes),
        _ => None,
    }
}

/// What instructions that only compute need to know of types.
struct NoTypes;

impl ModuleArity for NoTypes {
    fn sub_type_at(&self, _: u32) -> Option<&SubType> {
        None
    }
    fn tag_type_arity(&self, _: u32) -> Option<(u32, u32)> {
        None
    }
    fn type_index_of_function(&self, _: u32) -> Option<u32> {
        None
    }
    fn func_type_of_cont_type(&self, _: &ContType) -> Option<&FuncType> {
        None
    }
    fn sub_type_of_ref_type(&self, _: &RefType) -> Option<&SubType> {
        None
    }
    fn control_stack_height(&self) -> u32 {
        0
    }
    fn label_block(&self, _: u32) -> Option<(BlockType, FrameKind)> {
        None
    }
}
