//! What the lanes of one half become: integers all at once where masks can keep them apart, otherwise
//! and for floats one after the other.

use wasm_encoder::Instruction;

use super::expression::{Expr, Keep, bits};

/// The width of integer lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    I8,
    I16,
    I32,
    I64,
}

/// The width of float lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Float {
    F32,
    F64,
}

impl Lane {
    pub fn bits(self) -> u32 {
        match self {
            Lane::I8 => 8,
            Lane::I16 => 16,
            Lane::I32 => 32,
            Lane::I64 => 64,
        }
    }

    /// How many lanes a half has.
    pub fn count(self) -> u32 {
        64 / self.bits()
    }

    /// All bits of the lowest lane.
    pub fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits())
    }

    /// A one in each lane.
    pub fn ones(self) -> u64 {
        u64::MAX / self.mask()
    }

    /// The highest bit of each lane.
    pub fn high(self) -> u64 {
        self.ones() << (self.bits() - 1)
    }

    /// All bits but the highest of each lane.
    fn rest(self) -> u64 {
        !self.high()
    }

    /// The same value in each lane.
    pub fn splat(self, value: u64) -> u64 {
        self.ones().wrapping_mul(value & self.mask())
    }

    pub fn name(self) -> &'static str {
        match self {
            Lane::I8 => "i8x16",
            Lane::I16 => "i16x8",
            Lane::I32 => "i32x4",
            Lane::I64 => "i64x2",
        }
    }

    /// The `at`th lane of a half with its sign, as 64 bits.
    pub fn signed(self, half: Expr, at: u32) -> Expr {
        let behind = 64 - self.bits() * (at + 1);
        (half << behind).shr_s(64 - self.bits())
    }

    /// The `at`th lane of a half without sign.
    pub fn unsigned(self, half: Expr, at: u32) -> Expr {
        let shifted = half >> (self.bits() * at);
        match at + 1 == self.count() {
            true => shifted,
            false => shifted & bits(self.mask()),
        }
    }

    /// Either of them.
    pub fn extract(self, half: Expr, at: u32, signed: bool) -> Expr {
        match signed {
            true => self.signed(half, at),
            false => self.unsigned(half, at),
        }
    }
}

/// Puts lanes together, each of which may have more bits than there is room for.
pub fn each(lane: Lane, of: impl Fn(u32) -> Expr) -> Expr {
    let at = |at: u32| match at + 1 == lane.count() {
        true => of(at) << (lane.bits() * at),
        false => (of(at) & bits(lane.mask())) << (lane.bits() * at),
    };
    (1..lane.count()).fold(at(0), |all, next| all | at(next))
}

/// Puts two lanes together that have 32 bits each and no more.
fn two(first: Expr, second: Expr) -> Expr {
    first | (second << 32)
}

/// A lane full of ones for each that has its highest bit set in `high`, and nothing else.
fn full(keep: &mut impl Keep, lane: Lane, high: Expr) -> Expr {
    let high = keep.half(high);
    high.clone() | (high.clone() - (high >> (lane.bits() - 1)))
}

pub fn add(lane: Lane, a: Expr, b: Expr) -> Expr {
    match lane {
        Lane::I64 => a + b,
        // Nothing of the lower lane gets into the upper one.
        Lane::I32 => {
            let upper = bits(u64::MAX << 32);
            ((a.clone() + b.clone()) & bits(lane.mask())) | ((a & upper.clone()) + (b & upper))
        }
        _ => {
            let rest = || bits(lane.rest());
            ((a.clone() & rest()) + (b.clone() & rest())) ^ ((a ^ b) & bits(lane.high()))
        }
    }
}

pub fn sub(lane: Lane, a: Expr, b: Expr) -> Expr {
    match lane {
        Lane::I64 => a - b,
        Lane::I32 => {
            let upper = bits(u64::MAX << 32);
            ((a.clone() - b.clone()) & bits(lane.mask())) | ((a & upper.clone()) - (b & upper))
        }
        _ => {
            let (high, rest) = (bits(lane.high()), bits(lane.rest()));
            ((a.clone() | high.clone()) - (b.clone() & rest)) ^ (!(a ^ b) & high)
        }
    }
}

pub fn neg(lane: Lane, a: Expr) -> Expr {
    match lane {
        Lane::I64 => bits(0) - a,
        _ => sub(lane, bits(0), a),
    }
}

pub fn abs(keep: &mut impl Keep, lane: Lane, a: Expr) -> Expr {
    if lane == Lane::I64 {
        let sign = keep.half(a.clone().shr_s(63));
        return (a ^ sign.clone()) - sign;
    }
    let signs = keep.half(a.clone() & bits(lane.high()));
    (a ^ full(keep, lane, signs.clone())) + (signs >> (lane.bits() - 1))
}

pub fn mul(lane: Lane, a: Expr, b: Expr) -> Expr {
    match lane {
        Lane::I64 => a * b,
        _ => each(lane, |at| {
            let shift = lane.bits() * at;
            (a.clone() >> shift) * (b.clone() >> shift)
        }),
    }
}

/// The highest bit of each lane in which `a` is less than `b`.
fn less(keep: &mut impl Keep, lane: Lane, signed: bool, a: Expr, b: Expr) -> Expr {
    let high = bits(lane.high());
    // Whether what is below the highest bits of `a` is no less.
    let no_less = (a.clone() | high.clone()) - (b.clone() & bits(lane.rest()));
    let no_less = keep.half(no_less);
    let differ = match signed {
        true => a.clone() & !b.clone(),
        false => !a.clone() & b.clone(),
    };
    (differ | !((a ^ b) | no_less)) & high
}

/// The highest bit of each lane that is not zero.
fn not_zero(lane: Lane, a: Expr) -> Expr {
    let rest = || bits(lane.rest());
    (((a.clone() & rest()) + rest()) | a) & bits(lane.high())
}

/// How two lanes are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compare {
    Eq,
    Ne,
    Lt { signed: bool },
    Ge { signed: bool },
}

pub fn compare(keep: &mut impl Keep, lane: Lane, how: Compare, a: Expr, b: Expr) -> Expr {
    if lane == Lane::I64 {
        let op = match how {
            Compare::Eq => Instruction::I64Eq,
            Compare::Ne => Instruction::I64Ne,
            Compare::Lt { signed: true } => Instruction::I64LtS,
            Compare::Lt { signed: false } => Instruction::I64LtU,
            Compare::Ge { signed: true } => Instruction::I64GeS,
            Compare::Ge { signed: false } => Instruction::I64GeU,
        };
        return bits(0) - Expr::two(op, a, b).wide();
    }
    let high = match how {
        Compare::Eq | Compare::Ne => {
            let differ = keep.half(a ^ b);
            not_zero(lane, differ)
        }
        Compare::Lt { signed } | Compare::Ge { signed } => less(keep, lane, signed, a, b),
    };
    let full = full(keep, lane, high);
    match how {
        Compare::Ne | Compare::Lt { .. } => full,
        Compare::Eq | Compare::Ge { .. } => !full,
    }
}

/// The smaller one of each two lanes, or the larger one.
pub fn extreme(
    keep: &mut impl Keep,
    lane: Lane,
    (smaller, signed): (bool, bool),
    a: Expr,
    b: Expr,
) -> Expr {
    let high = less(keep, lane, signed, a.clone(), b.clone());
    let less = full(keep, lane, high);
    let (if_less, otherwise) = match smaller {
        true => (a, b),
        false => (b, a),
    };
    otherwise.clone() ^ ((if_less ^ otherwise) & less)
}

/// `a + b`, or `a - b`, that stays at the end of the range.
pub fn saturating(
    keep: &mut impl Keep,
    lane: Lane,
    (adds, signed): (bool, bool),
    a: Expr,
    b: Expr,
) -> Expr {
    let high = bits(lane.high());
    let wrapped = match adds {
        true => add(lane, a.clone(), b.clone()),
        false => sub(lane, a.clone(), b.clone()),
    };
    let wrapped = keep.half(wrapped);
    match (adds, signed) {
        (true, false) => {
            let carry = ((a.clone() & b.clone()) | ((a | b) & !wrapped.clone())) & high;
            wrapped | full(keep, lane, carry)
        }
        (false, false) => {
            let borrow = less(keep, lane, false, a, b);
            wrapped & !full(keep, lane, borrow)
        }
        (_, true) => {
            let signs = a.clone() ^ b;
            let signs = if adds { !signs } else { signs };
            let beyond = signs & (a.clone() ^ wrapped.clone()) & high;
            let beyond = full(keep, lane, beyond);
            let end = bits(lane.rest()) + ((a >> (lane.bits() - 1)) & bits(lane.ones()));
            wrapped.clone() ^ ((wrapped ^ end) & beyond)
        }
    }
}

/// Rounded up.
pub fn average(lane: Lane, a: Expr, b: Expr) -> Expr {
    (a.clone() | b.clone()) - (((a ^ b) >> 1) & bits(lane.rest()))
}

pub fn count_ones(keep: &mut impl Keep, a: Expr) -> Expr {
    let nibble = |value: u64| bits(Lane::I8.splat(value));
    let a = keep.half(a.clone() - ((a >> 1) & nibble(0x55)));
    let a = keep.half((a.clone() & nibble(0x33)) + ((a >> 2) & nibble(0x33)));
    (a.clone() + (a >> 4)) & nibble(0x0f)
}

/// How lanes are shifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shift {
    Left,
    Right,
    RightSigned,
}

/// All lanes shifted by `count`, which is less than they have bits.
pub fn shift(keep: &mut impl Keep, lane: Lane, how: Shift, a: Expr, count: Expr) -> Expr {
    let op = match (lane, how) {
        (_, Shift::Left) => Instruction::I64Shl,
        (Lane::I64, Shift::RightSigned) => Instruction::I64ShrS,
        _ => Instruction::I64ShrU,
    };
    let shifted = Expr::two(op, a.clone(), count.clone());
    if lane == Lane::I64 {
        return shifted;
    }
    if (lane, how) == (Lane::I32, Shift::RightSigned) {
        let upper = Expr::two(Instruction::I64ShrS, a.clone(), count.clone());
        let lower = Expr::two(Instruction::I64ShrS, a << 32, count) >> 32;
        return lower | (upper & bits(u64::MAX << 32));
    }
    let ones = || bits(lane.ones());
    // In each lane, as many ones from the lowest bit on as `count` says.
    let lowest = |count: Expr| Expr::two(Instruction::I64Shl, ones(), count) - ones();
    if how == Shift::Left {
        return shifted & !lowest(count);
    }
    let kept = shifted & lowest(bits(lane.bits().into()) - count.clone());
    if how == Shift::Right {
        return kept;
    }
    let signs = keep.half(a & bits(lane.high()));
    let moved = Expr::two(Instruction::I64ShrU, signs.clone(), count);
    kept | (signs.clone() + (signs - moved))
}

/// All lanes shifted by a constant, to the left or to the right without sign.
pub fn shift_by(lane: Lane, left: bool, a: Expr, count: u32) -> Expr {
    match left {
        true => (a << count) & bits(lane.splat(lane.mask() << count)),
        false => (a >> count) & bits(lane.splat(lane.mask() >> count)),
    }
}

/// Q15 multiplication: rounded, and only the product of the two least values does not fit.
pub fn q15(keep: &mut impl Keep, a: Expr, b: Expr) -> Expr {
    let mut lanes = Vec::new();
    for at in 0..4 {
        let product = Lane::I16.signed(a.clone(), at) * Lane::I16.signed(b.clone(), at);
        let rounded = keep.half((product + bits(0x4000)).shr_s(15));
        lanes.push(rounded.clone() - ((rounded + bits(0x8000)) >> 16));
    }
    each(Lane::I16, |at| lanes[at as usize].clone())
}

/// The lanes of a half, of which only the lower parts are not zero, in the lower 32 bits.
fn pack(keep: &mut impl Keep, to: Lane, mut a: Expr) -> Expr {
    if to == Lane::I8 {
        let kept = keep.half(a);
        a = (kept.clone() | (kept >> 8)) & bits(0x0000_ffff_0000_ffff);
    }
    let kept = keep.half(a);
    (kept.clone() | (kept >> 16)) & bits(0xffff_ffff)
}

/// Both halves of a vector in one, each lane with half of its bits, at the end of the range if it does not
/// fit.
pub fn narrow(keep: &mut impl Keep, to: Lane, signed: bool, low: Expr, high: Expr) -> Expr {
    let from = wider(to);
    let (least, most) = match signed {
        true => (
            (to.mask() >> 1).wrapping_neg().wrapping_sub(1),
            to.mask() >> 1,
        ),
        false => (0, to.mask()),
    };
    let mut packed = |half: Expr| {
        let at_most = extreme(keep, from, (true, true), half, bits(from.splat(most)));
        let at_most = keep.half(at_most);
        let within = extreme(keep, from, (false, true), at_most, bits(from.splat(least)));
        let packed = pack(keep, to, within & bits(from.splat(to.mask())));
        keep.half(packed)
    };
    let low = packed(low);
    two(low, packed(high))
}

/// Lanes of twice the width.
pub fn wider(lane: Lane) -> Lane {
    match lane {
        Lane::I8 => Lane::I16,
        Lane::I16 => Lane::I32,
        Lane::I32 | Lane::I64 => Lane::I64,
    }
}

/// The lanes in one part of a half, each with twice its bits.
pub fn extend(keep: &mut impl Keep, from: Lane, signed: bool, upper: bool, a: Expr) -> Expr {
    if from == Lane::I32 {
        return from.extract(a, upper.into(), signed);
    }
    if from == Lane::I16 && signed {
        let first = if upper { 2 } else { 0 };
        return each(Lane::I32, |at| from.signed(a.clone(), first + at));
    }
    let mut a = match upper {
        true => a >> 32,
        false => a & bits(0xffff_ffff),
    };
    let kept = keep.half(a);
    a = (kept.clone() | (kept << 16)) & bits(0x0000_ffff_0000_ffff);
    if from == Lane::I8 {
        let kept = keep.half(a);
        a = (kept.clone() | (kept << 8)) & bits(0x00ff_00ff_00ff_00ff);
    }
    if !signed {
        return a;
    }
    let a = keep.half(a);
    let signs = bits(wider(from).splat(1 << (from.bits() - 1)));
    let signs = keep.half(a.clone() & signs);
    a | ((signs.clone() << (from.bits() + 1)) - (signs << 1))
}

/// The sums of each two lanes next to each other, with twice their bits.
pub fn add_pairs(from: Lane, signed: bool, a: Expr) -> Expr {
    let wide = wider(from);
    let lower = || bits(wide.splat(from.mask()));
    if !signed {
        return (a.clone() & lower()) + ((a >> from.bits()) & lower());
    }
    each(wide, |at| {
        from.signed(a.clone(), 2 * at) + from.signed(a.clone(), 2 * at + 1)
    })
}

/// The products of the lanes in one part of two halves, with twice their bits.
pub fn extended_mul(from: Lane, signed: bool, upper: bool, a: Expr, b: Expr) -> Expr {
    let wide = wider(from);
    let first = if upper { wide.count() } else { 0 };
    each(wide, |at| {
        from.extract(a.clone(), first + at, signed) * from.extract(b.clone(), first + at, signed)
    })
}

/// The sums of the products of each two lanes next to each other, with twice their bits.
pub fn dot(from: Lane, a: Expr, b: Expr) -> Expr {
    each(wider(from), |at| product(from, &a, &b, at))
}

/// The sum of two products.
fn product(from: Lane, a: &Expr, b: &Expr, at: u32) -> Expr {
    let one = |at: u32| from.signed(a.clone(), at) * from.signed(b.clone(), at);
    one(2 * at) + one(2 * at + 1)
}

/// The sums of four products of bytes next to each other, each two of them as 16 bits, and what is in `c`.
pub fn dot_add(a: Expr, b: Expr, c: Expr) -> Expr {
    each(Lane::I32, |at| {
        let pair = |at: u32| (product(Lane::I8, &a, &b, at) << 48).shr_s(48);
        pair(2 * at) + pair(2 * at + 1) + (c.clone() >> (32 * at))
    })
}

/// 1 where no lane of either half is zero, otherwise 0.
pub fn all_true(keep: &mut impl Keep, lane: Lane, low: Expr, high: Expr) -> Expr {
    if lane == Lane::I64 {
        let zero = |half: Expr| Expr::one(Instruction::I64Eqz, half);
        let any = Expr::two(Instruction::I32Or, zero(low), zero(high));
        return Expr::one(Instruction::I32Eqz, any).wide();
    }
    let both = keep.half(not_zero(lane, low));
    let both = both & not_zero(lane, high);
    Expr::two(Instruction::I64Eq, both, bits(lane.high())).wide()
}

/// The highest bit of each lane, next to each other.
pub fn bitmask(lane: Lane, low: Expr, high: Expr) -> Expr {
    let of_half = |half: Expr| match lane {
        Lane::I64 => half >> 63,
        _ => {
            // Each is moved to where it belongs among the highest bits of a product.
            let count = lane.count();
            let factor = (0..count).fold(0, |all, at| {
                all | 1_u64 << (64 - count - (lane.bits() - 1) * at)
            });
            let signs = (half >> (lane.bits() - 1)) & bits(lane.ones());
            (signs * bits(factor)) >> (64 - count)
        }
    };
    of_half(low) | (of_half(high) << lane.count())
}

/// The bytes of a vector that `at` chooses, 0 for those that there are not.
pub fn swizzle(keep: &mut impl Keep, low: Expr, high: Expr, at: Expr) -> Expr {
    let mut all = bits(0);
    for byte in 0..8 {
        let index = keep.half(Lane::I8.unsigned(at.clone(), byte));
        let below = |most: u64| Expr::two(Instruction::I64LtU, index.clone(), bits(most));
        let half = Expr::select(low.clone(), high.clone(), below(8));
        let moved = Expr::two(Instruction::I64ShrU, half, index.clone() << 3) & bits(0xff);
        let chosen = Expr::select(moved, bits(0), below(16)) << (8 * byte);
        all = keep.half(match byte {
            0 => chosen,
            _ => all | chosen,
        });
    }
    all
}

/// Where a byte of a result is taken from: which operand, and which byte of it.
pub type Source = (u8, u8);

/// How far bytes of one operand are moved, and which of the result they are.
fn groups(from: &[Source; 8]) -> Vec<(u8, i32, u64)> {
    let mut groups: Vec<(u8, i32, u64)> = Vec::new();
    for (to, &(operand, byte)) in from.iter().enumerate() {
        let left = to as i32 - i32::from(byte);
        let mask = 0xff << (8 * to);
        match groups.iter_mut().find(|g| (g.0, g.1) == (operand, left)) {
            Some(group) => group.2 |= mask,
            None => groups.push((operand, left, mask)),
        }
    }
    groups
}

/// How many groups of bytes a half is made of that move together.
pub fn pieces(from: &[Source; 8]) -> usize {
    groups(from).len()
}

/// One half of bytes of others, which are constant.
pub fn shuffle(from: &[Source; 8], operands: &[Expr]) -> Expr {
    let parts = groups(from).into_iter().map(|(operand, left, mask)| {
        let half = operands[operand as usize].clone();
        let count = 8 * left.unsigned_abs();
        let (moved, whole) = match left {
            0.. => (half << count, u64::MAX << count),
            _ => (half >> count, u64::MAX >> count),
        };
        match mask == whole {
            true => moved,
            false => moved & bits(mask),
        }
    });
    parts.reduce(|all, part| all | part).unwrap_or(bits(0))
}

/// Arithmetic on floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FloatOp {
    Sqrt,
    Ceil,
    Floor,
    Trunc,
    Nearest,
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    PseudoMin,
    PseudoMax,
    /// `a * b + c`, rounded twice.
    MulAdd,
    /// `c - a * b`, rounded twice.
    NegMulAdd,
    Eq,
    Ne,
    Lt,
    Le,
}

impl FloatOp {
    fn native(self, float: Float) -> Option<Instruction<'static>> {
        macro_rules! native {
            ($($op:ident $f32:ident $f64:ident)*) => {
                match (self, float) {
                    $((FloatOp::$op, Float::F32) => Instruction::$f32,
                    (FloatOp::$op, Float::F64) => Instruction::$f64,)*
                    _ => return None,
                }
            };
        }
        Some(native! {
            Sqrt F32Sqrt F64Sqrt
            Ceil F32Ceil F64Ceil
            Floor F32Floor F64Floor
            Trunc F32Trunc F64Trunc
            Nearest F32Nearest F64Nearest
            Add F32Add F64Add
            Sub F32Sub F64Sub
            Mul F32Mul F64Mul
            Div F32Div F64Div
            Min F32Min F64Min
            Max F32Max F64Max
            Eq F32Eq F64Eq
            Ne F32Ne F64Ne
            Lt F32Lt F64Lt
            Le F32Le F64Le
        })
    }

    pub fn is_comparison(self) -> bool {
        matches!(self, FloatOp::Eq | FloatOp::Ne | FloatOp::Lt | FloatOp::Le)
    }

    /// One lane, as floats.
    fn lane(self, float: Float, operands: Vec<Expr>) -> Expr {
        if let Some(op) = self.native(float) {
            return Expr::Op(op, operands);
        }
        let (add, sub, mul) = match float {
            Float::F32 => (
                Instruction::F32Add,
                Instruction::F32Sub,
                Instruction::F32Mul,
            ),
            Float::F64 => (
                Instruction::F64Add,
                Instruction::F64Sub,
                Instruction::F64Mul,
            ),
        };
        let [a, b, c] = operands
            .try_into()
            .unwrap_or_else(|_| [bits(0), bits(0), bits(0)]);
        match self {
            FloatOp::NegMulAdd => Expr::two(sub, c, Expr::two(mul, a, b)),
            _ => Expr::two(add, Expr::two(mul, a, b), c),
        }
    }
}

/// The `at`th lane of a half as a float.
pub fn float_lane(float: Float, half: Expr, at: u32) -> Expr {
    match float {
        Float::F32 => Expr::one(Instruction::F32ReinterpretI32, (half >> (32 * at)).low()),
        Float::F64 => Expr::one(Instruction::F64ReinterpretI64, half),
    }
}

/// The bits of a float, as 64.
pub fn float_bits(float: Float, value: Expr) -> Expr {
    match float {
        Float::F32 => Expr::one(Instruction::I32ReinterpretF32, value).wide(),
        Float::F64 => Expr::one(Instruction::I64ReinterpretF64, value),
    }
}

/// All lanes of a half, one after the other.
pub fn float(float: Float, op: FloatOp, operands: &[Expr]) -> Expr {
    let lane = |at: u32| {
        let lanes = |which: &[usize]| -> Vec<Expr> {
            which
                .iter()
                .map(|&operand| float_lane(float, operands[operand].clone(), at))
                .collect()
        };
        let all: Vec<usize> = (0..operands.len()).collect();
        match op {
            FloatOp::PseudoMin | FloatOp::PseudoMax => {
                // The bits of one of them, even of a NaN.
                let which: &[usize] = match op {
                    FloatOp::PseudoMin => &[1, 0],
                    _ => &[0, 1],
                };
                let less = FloatOp::Lt.lane(float, lanes(which));
                let value = |operand: usize| match float {
                    Float::F32 => Lane::I32.unsigned(operands[operand].clone(), at),
                    Float::F64 => operands[operand].clone(),
                };
                Expr::select(value(1), value(0), less)
            }
            op if op.is_comparison() => op.lane(float, lanes(&all)).wide(),
            op => float_bits(float, op.lane(float, lanes(&all))),
        }
    };
    match (float, op.is_comparison()) {
        (Float::F64, false) => lane(0),
        (Float::F64, true) => bits(0) - lane(0),
        (Float::F32, false) => two(lane(0), lane(1)),
        (Float::F32, true) => two(lane(0), lane(1)) * bits(0xffff_ffff),
    }
}

/// Conversions of one half, or of one part of it, to a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Convert {
    /// Integers of 32 bits to floats of 32.
    ToF32 {
        signed: bool,
    },
    /// And back, at the end of the range if they do not fit.
    FromF32 {
        signed: bool,
    },
    /// One integer of 32 bits to a float of 64.
    ToF64 {
        signed: bool,
        upper: bool,
    },
    Promote {
        upper: bool,
    },
    /// Two halves with a float of 64 bits each to one with two integers of 32.
    FromF64 {
        signed: bool,
    },
    Demote,
}

pub fn convert(how: Convert, operands: &[Expr]) -> Expr {
    let a = || operands[0].clone();
    let half = |at: u32| (a() >> (32 * at)).low();
    match how {
        Convert::ToF32 { signed } => {
            let op = match signed {
                true => Instruction::F32ConvertI32S,
                false => Instruction::F32ConvertI32U,
            };
            let one = |at| float_bits(Float::F32, Expr::one(op.clone(), half(at)));
            two(one(0), one(1))
        }
        Convert::FromF32 { signed } => {
            let op = match signed {
                true => Instruction::I32TruncSatF32S,
                false => Instruction::I32TruncSatF32U,
            };
            let one = |at| Expr::one(op.clone(), float_lane(Float::F32, a(), at)).wide();
            two(one(0), one(1))
        }
        Convert::ToF64 { signed, upper } => {
            let op = match signed {
                true => Instruction::F64ConvertI32S,
                false => Instruction::F64ConvertI32U,
            };
            float_bits(Float::F64, Expr::one(op, half(upper.into())))
        }
        Convert::Promote { upper } => {
            let one = float_lane(Float::F32, a(), upper.into());
            float_bits(Float::F64, Expr::one(Instruction::F64PromoteF32, one))
        }
        Convert::FromF64 { signed } => {
            let op = match signed {
                true => Instruction::I32TruncSatF64S,
                false => Instruction::I32TruncSatF64U,
            };
            let one =
                |from: &Expr| Expr::one(op.clone(), float_lane(Float::F64, from.clone(), 0)).wide();
            two(one(&operands[0]), one(&operands[1]))
        }
        Convert::Demote => {
            let one = |from: &Expr| {
                let lane = float_lane(Float::F64, from.clone(), 0);
                float_bits(Float::F32, Expr::one(Instruction::F32DemoteF64, lane))
            };
            two(one(&operands[0]), one(&operands[1]))
        }
    }
}
