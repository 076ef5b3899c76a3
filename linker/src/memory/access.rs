//! Loads and stores of a guest that shares the memory of the output with others.
//!
//! The address is checked against the end of the guest's region and moved by its base. A value
//! that lies above the address on the stack waits in a local meanwhile.

use wasm_encoder::{Encode, InstructionSink, ValType};
use wasmparser::{MemArg, Operator};

use super::traps;

/// Something that is known when linking, or kept in a global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    Const(u32),
    Global(u32),
}

/// How a guest gets at its memory when it is not alone.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// The index of the memory in the output.
    pub memory: u32,
    /// The first address of its region.
    pub base: Quantity,
    /// The bytes of its region; in a memory of its own, those at the start.
    pub bytes: Quantity,
    /// The fewest bytes that the region ever has.
    pub least: u64,
    /// Whether accesses are checked against the end of the region.
    pub checked: bool,
    /// The function that says so when one is not inside, if any does.
    pub teller: Option<u32>,
}

impl Access {
    /// The same with a base that is known in the offsets of instructions, and what is added to them.
    pub fn folded(self) -> (Access, u32) {
        let zero = Quantity::Const(0);
        match self.base {
            Quantity::Const(base) => (Access { base: zero, ..self }, base),
            Quantity::Global(_) => (self, 0),
        }
    }

    /// Whether anything comes before an access, but for an offset of its own.
    pub fn has_work(&self) -> bool {
        self.checked || !matches!(self.base, Quantity::Const(_))
    }
}

/// Locals that the rewriting adds to a function, one of each type.
#[derive(Debug)]
pub struct Scratch {
    /// The index of the first local that is added.
    first: u32,
    types: Vec<(ValType, Use)>,
}

/// What a local is for: these are needed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Address,
    Value,
    Source,
    /// The address of a group of accesses, by its number.
    Kept(usize),
    /// A parameter of a function that is written out.
    Param(usize),
}

impl Scratch {
    /// For a function that has `first` parameters and locals.
    pub fn new(first: u32) -> Scratch {
        Scratch {
            first,
            types: Vec::new(),
        }
    }

    /// The local for a purpose.
    pub fn local(&mut self, ty: ValType, purpose: Use) -> u32 {
        let at = self.types.iter().position(|known| *known == (ty, purpose));
        let at = at.unwrap_or_else(|| {
            self.types.push((ty, purpose));
            self.types.len() - 1
        });
        self.first + at as u32
    }

    /// How many groups of locals were added.
    pub fn groups(&self) -> u32 {
        self.types.len() as u32
    }

    /// Encodes the groups.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for (ty, _) in &self.types {
            1u32.encode(out);
            ty.encode(out);
        }
    }
}

macro_rules! memarg_of {
    (memarg $value:ident) => {
        return Some(*$value)
    };
    ($other:ident $value:ident) => {};
}

/// Where a load, a store or an atomic operation goes.
pub fn memarg(op: &Operator<'_>) -> Option<MemArg> {
    macro_rules! define {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match *op {
                $(
                    #[allow(unused_variables)]
                    Operator::$op $({ $(ref $arg),* })? => {
                        $($(memarg_of!($arg $arg);)*)?
                    }
                )*
                _ => {}
            }
        };
    }
    wasmparser::for_each_operator!(define);
    None
}

/// What a load or store needs: how many bytes it touches and what lies above the address on the
/// stack.
pub fn touches(op: &Operator<'_>) -> Option<(u32, Option<ValType>)> {
    use ValType::{F32, F64, I32, I64, V128};
    Some(match op {
        Operator::I32Load8S { .. }
        | Operator::I32Load8U { .. }
        | Operator::I64Load8S { .. }
        | Operator::I64Load8U { .. } => (1, None),
        Operator::I32Load16S { .. }
        | Operator::I32Load16U { .. }
        | Operator::I64Load16S { .. }
        | Operator::I64Load16U { .. } => (2, None),
        Operator::I32Load { .. }
        | Operator::F32Load { .. }
        | Operator::I64Load32S { .. }
        | Operator::I64Load32U { .. } => (4, None),
        Operator::I64Load { .. } | Operator::F64Load { .. } => (8, None),
        Operator::I32Store8 { .. } => (1, Some(I32)),
        Operator::I32Store16 { .. } => (2, Some(I32)),
        Operator::I32Store { .. } => (4, Some(I32)),
        Operator::I64Store8 { .. } => (1, Some(I64)),
        Operator::I64Store16 { .. } => (2, Some(I64)),
        Operator::I64Store32 { .. } => (4, Some(I64)),
        Operator::I64Store { .. } => (8, Some(I64)),
        Operator::F32Store { .. } => (4, Some(F32)),
        Operator::F64Store { .. } => (8, Some(F64)),
        Operator::V128Load { .. } => (16, None),
        Operator::V128Load8Splat { .. } => (1, None),
        Operator::V128Load16Splat { .. } => (2, None),
        Operator::V128Load32Splat { .. } | Operator::V128Load32Zero { .. } => (4, None),
        Operator::V128Load8x8S { .. }
        | Operator::V128Load8x8U { .. }
        | Operator::V128Load16x4S { .. }
        | Operator::V128Load16x4U { .. }
        | Operator::V128Load32x2S { .. }
        | Operator::V128Load32x2U { .. }
        | Operator::V128Load64Splat { .. }
        | Operator::V128Load64Zero { .. } => (8, None),
        Operator::V128Load8Lane { .. } | Operator::V128Store8Lane { .. } => (1, Some(V128)),
        Operator::V128Load16Lane { .. } | Operator::V128Store16Lane { .. } => (2, Some(V128)),
        Operator::V128Load32Lane { .. } | Operator::V128Store32Lane { .. } => (4, Some(V128)),
        Operator::V128Load64Lane { .. } | Operator::V128Store64Lane { .. } => (8, Some(V128)),
        Operator::V128Store { .. } => (16, Some(V128)),
        _ => return None,
    })
}

/// Writes what comes before the access: with the address on the stack (and a value above it), the
/// checked address in the memory of the output is left there (and the value above it). `local` gives
/// the locals that are needed meanwhile.
pub fn prepare(
    code: &mut InstructionSink<'_>,
    mut local: impl FnMut(ValType, Use) -> u32,
    access: &Access,
    offset: u64,
    (size, stored): (u32, Option<ValType>),
) {
    if !access.checked && access.base == Quantity::Const(0) {
        return;
    }
    let value = stored.map(|ty| local(ty, Use::Value));
    if let Some(value) = value {
        code.local_set(value);
    }
    if access.checked {
        let address = local(ValType::I32, Use::Address);
        code.local_tee(address);
        check(code, access, offset + u64::from(size));
        code.local_get(address);
    }
    add_base(code, access.base);
    if let Some(value) = value {
        code.local_get(value);
    }
}

/// Writes what comes before `memory.init`, with its three operands on the stack: the range that it
/// writes is checked, and its address moved by the base.
pub fn prepare_init(
    code: &mut InstructionSink<'_>,
    mut local: impl FnMut(ValType, Use) -> u32,
    access: &Access,
) {
    let length = local(ValType::I32, Use::Value);
    let source = local(ValType::I32, Use::Source);
    let address = local(ValType::I32, Use::Address);
    code.local_set(length).local_set(source).local_set(address);
    if access.checked {
        check_range(code, access, address, length);
    }
    code.local_get(address);
    add_base(code, access.base);
    code.local_get(source).local_get(length);
}

/// Writes what comes before `memory.copy` from one memory of the output to another, with its three
/// operands on the stack: the ranges in regions are checked, and their addresses moved.
pub fn prepare_copy(
    code: &mut InstructionSink<'_>,
    mut local: impl FnMut(ValType, Use) -> u32,
    [to, from]: [Option<Access>; 2],
) {
    let length = local(ValType::I32, Use::Value);
    let source = local(ValType::I32, Use::Source);
    let target = local(ValType::I32, Use::Address);
    code.local_set(length).local_set(source).local_set(target);
    for (address, access) in [(target, &to), (source, &from)] {
        if let Some(access) = access.as_ref().filter(|access| access.checked) {
            check_range(code, access, address, length);
        }
    }
    for (address, access) in [(target, &to), (source, &from)] {
        code.local_get(address);
        if let Some(access) = access {
            add_base(code, access.base);
        }
    }
    code.local_get(length);
}

/// Adds the base of the region to the address on the stack.
pub fn add_base(code: &mut InstructionSink<'_>, base: Quantity) {
    match base {
        Quantity::Const(0) => {}
        Quantity::Const(base) => {
            code.i32_const(base as i32).i32_add();
        }
        Quantity::Global(global) => {
            code.global_get(global).i32_add();
        }
    }
}

/// Takes an address from the stack and traps unless `reach` bytes from it lie in the region.
pub fn check(code: &mut InstructionSink<'_>, access: &Access, reach: u64) {
    is_outside(code, access, reach);
    traps::when(code, access.teller);
}

/// Takes an address from the stack and leaves whether `reach` bytes from it do not lie in the region.
pub fn is_outside(code: &mut InstructionSink<'_>, access: &Access, reach: u64) {
    if let (1, Quantity::Global(global)) = (reach, access.bytes) {
        // One byte is outside where its address is not below the end: nothing is to be subtracted.
        code.global_get(global).i32_ge_u();
    } else if reach <= access.least {
        // `bytes - reach` does not wrap.
        match access.bytes {
            Quantity::Const(bytes) => {
                code.i32_const((u64::from(bytes) - reach) as i32);
            }
            Quantity::Global(global) => {
                code.global_get(global).i32_const(reach as i32).i32_sub();
            }
        }
        code.i32_gt_u();
    } else {
        code.i64_extend_i32_u().i64_const(reach as i64).i64_add();
        match access.bytes {
            Quantity::Const(bytes) => code.i64_const(bytes.into()),
            Quantity::Global(global) => code.global_get(global).i64_extend_i32_u(),
        };
        code.i64_gt_u();
    }
}

/// Leaves a quantity on the stack.
pub fn quantity(code: &mut InstructionSink<'_>, quantity: Quantity) {
    match quantity {
        Quantity::Const(value) => code.i32_const(value as i32),
        Quantity::Global(global) => code.global_get(global),
    };
}

/// Traps unless `address + length` lies within the region.
pub fn check_range(code: &mut InstructionSink<'_>, access: &Access, address: u32, length: u32) {
    code.local_get(address)
        .i64_extend_i32_u()
        .local_get(length)
        .i64_extend_i32_u()
        .i64_add();
    quantity(code, access.bytes);
    code.i64_extend_i32_u().i64_gt_u();
    traps::when(code, access.teller);
}
