//! Instructions on vectors: what they take and give, and on memory.

use anyhow::{Result, bail};
use wasm_encoder::{Instruction, MemArg as To, ValType};
use wasmparser::{MemArg, MemArgTarget, Operator};

use super::expression::{Expr, Keep, Place, bits};
use super::functions::Function;
use super::lanes::{self, Float, Lane, Shift};
use super::operators::{Mask, Shape, shape};
use super::places::{Half, Vector};
use super::rewrite::Rewrite;

/// A lane outside of vectors.
#[derive(Clone, Copy)]
enum Scalar {
    Int(Lane),
    Float(Float),
}

impl Scalar {
    fn lane(self) -> Lane {
        match self {
            Scalar::Int(lane) => lane,
            Scalar::Float(Float::F32) => Lane::I32,
            Scalar::Float(Float::F64) => Lane::I64,
        }
    }

    /// The bits of what is on the stack, as 64 of which only those of a lane are not zero.
    fn bits(self) -> Expr {
        match self {
            Scalar::Int(Lane::I64) => Expr::Top,
            Scalar::Int(Lane::I32) => Expr::Top.wide(),
            Scalar::Int(lane) => Expr::Top.wide() & bits(lane.mask()),
            Scalar::Float(float) => lanes::float_bits(float, Expr::Top),
        }
    }
}

/// The half that a lane is in, and which it is there.
fn place_of(lane: Lane, at: u8) -> (bool, u32) {
    let at = u32::from(at);
    (at >= lane.count(), at % lane.count())
}

impl<'a> Rewrite<'_, '_, 'a> {
    /// Writes an instruction on vectors; false for all others.
    pub fn vector_operator(&mut self, op: &Operator<'a>) -> Result<bool> {
        if let Some(shape) = shape(op) {
            self.shaped(shape);
            return Ok(true);
        }
        match *op {
            Operator::V128Const { value } => {
                let all = value.i128();
                self.push(Place::Const(all as i64), Place::Const((all >> 64) as i64));
            }
            Operator::I8x16Shuffle { lanes } => self.shuffle(&lanes),
            Operator::I8x16Splat => self.splat(Scalar::Int(Lane::I8)),
            Operator::I16x8Splat => self.splat(Scalar::Int(Lane::I16)),
            Operator::I32x4Splat => self.splat(Scalar::Int(Lane::I32)),
            Operator::I64x2Splat => self.splat(Scalar::Int(Lane::I64)),
            Operator::F32x4Splat => self.splat(Scalar::Float(Float::F32)),
            Operator::F64x2Splat => self.splat(Scalar::Float(Float::F64)),
            Operator::I8x16ExtractLaneS { lane } => self.extract(Lane::I8, lane, true),
            Operator::I8x16ExtractLaneU { lane } => self.extract(Lane::I8, lane, false),
            Operator::I16x8ExtractLaneS { lane } => self.extract(Lane::I16, lane, true),
            Operator::I16x8ExtractLaneU { lane } => self.extract(Lane::I16, lane, false),
            Operator::I32x4ExtractLane { lane } => self.extract(Lane::I32, lane, false),
            Operator::I64x2ExtractLane { lane } => self.extract(Lane::I64, lane, false),
            Operator::F32x4ExtractLane { lane } => self.extract_float(Float::F32, lane),
            Operator::F64x2ExtractLane { lane } => self.extract_float(Float::F64, lane),
            Operator::I8x16ReplaceLane { lane } => self.replace(Scalar::Int(Lane::I8), lane),
            Operator::I16x8ReplaceLane { lane } => self.replace(Scalar::Int(Lane::I16), lane),
            Operator::I32x4ReplaceLane { lane } => self.replace(Scalar::Int(Lane::I32), lane),
            Operator::I64x2ReplaceLane { lane } => self.replace(Scalar::Int(Lane::I64), lane),
            Operator::F32x4ReplaceLane { lane } => self.replace(Scalar::Float(Float::F32), lane),
            Operator::F64x2ReplaceLane { lane } => self.replace(Scalar::Float(Float::F64), lane),
            _ => return self.access(op),
        }
        Ok(true)
    }

    fn access(&mut self, op: &Operator<'a>) -> Result<bool> {
        match *op {
            Operator::V128Load { memarg } => self.load(memarg)?,
            Operator::V128Store { memarg } => self.store(memarg)?,
            Operator::V128Load8x8S { memarg } => self.load_wider(memarg, Lane::I8, true)?,
            Operator::V128Load8x8U { memarg } => self.load_wider(memarg, Lane::I8, false)?,
            Operator::V128Load16x4S { memarg } => self.load_wider(memarg, Lane::I16, true)?,
            Operator::V128Load16x4U { memarg } => self.load_wider(memarg, Lane::I16, false)?,
            Operator::V128Load32x2S { memarg } => self.load_wider(memarg, Lane::I32, true)?,
            Operator::V128Load32x2U { memarg } => self.load_wider(memarg, Lane::I32, false)?,
            Operator::V128Load8Splat { memarg } => self.load_splat(memarg, Lane::I8)?,
            Operator::V128Load16Splat { memarg } => self.load_splat(memarg, Lane::I16)?,
            Operator::V128Load32Splat { memarg } => self.load_splat(memarg, Lane::I32)?,
            Operator::V128Load64Splat { memarg } => self.load_splat(memarg, Lane::I64)?,
            Operator::V128Load32Zero { memarg } => self.load_zero(memarg, Lane::I32)?,
            Operator::V128Load64Zero { memarg } => self.load_zero(memarg, Lane::I64)?,
            Operator::V128Load8Lane { memarg, lane } => self.load_lane(memarg, Lane::I8, lane)?,
            Operator::V128Load16Lane { memarg, lane } => self.load_lane(memarg, Lane::I16, lane)?,
            Operator::V128Load32Lane { memarg, lane } => self.load_lane(memarg, Lane::I32, lane)?,
            Operator::V128Load64Lane { memarg, lane } => self.load_lane(memarg, Lane::I64, lane)?,
            Operator::V128Store8Lane { memarg, lane } => self.store_lane(memarg, Lane::I8, lane)?,
            Operator::V128Store16Lane { memarg, lane } => {
                self.store_lane(memarg, Lane::I16, lane)?;
            }
            Operator::V128Store32Lane { memarg, lane } => {
                self.store_lane(memarg, Lane::I32, lane)?;
            }
            Operator::V128Store64Lane { memarg, lane } => {
                self.store_lane(memarg, Lane::I64, lane)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What a function gives for halves that nothing else of the instruction reads, or that are computed.
    fn apply(&mut self, function: Function, operands: &[Place]) -> Expr {
        let once = !matches!(function, Function::Shuffle(_)) || !function.is_inline();
        let operands: Vec<Expr> = operands
            .iter()
            .map(|place| match once {
                true => self.read(*place),
                false => Expr::At(self.force(*place)),
            })
            .collect();
        if function.is_inline() {
            return function.of(self, &operands);
        }
        self.used.functions.insert(function);
        // There is none yet where it is only asked what is used.
        let index = self.layout.functions.get(&function).copied();
        Expr::Op(Instruction::Call(index.unwrap_or_default()), operands)
    }

    /// Takes so many vectors, the last one last.
    fn operands(&mut self, count: usize) -> Vec<Vector> {
        let mut operands: Vec<Vector> = (0..count).map(|_| self.pop()).collect();
        operands.reverse();
        operands
    }

    fn shaped(&mut self, shape: Shape) {
        let count = match shape {
            Shape::Each(function) => function.params(),
            Shape::Parts { low, .. } => low.params(),
            Shape::Swapped(_) | Shape::Pairs(_) | Shape::Swizzle => 2,
            Shape::Choose => 3,
            Shape::Mask(Mask::And | Mask::AndNot | Mask::Or | Mask::Xor) => 2,
            Shape::Shift(..)
            | Shape::ToLow(_)
            | Shape::Number(_)
            | Shape::Mask(_)
            | Shape::AnyTrue => 1,
        };
        // The count of a shift is above its operand, but that is not on the stack.
        let by = match shape {
            Shape::Shift(lane, _) => Some(self.count(lane)),
            _ => None,
        };
        let operands = self.operands(count);
        let lows: Vec<Place> = operands.iter().map(|vector| vector.low).collect();
        let highs: Vec<Place> = operands.iter().map(|vector| vector.high).collect();
        let both = [lows[0], highs[0]];
        match shape {
            Shape::Each(function) => {
                let low = self.apply(function, &lows);
                let high = self.apply(function, &highs);
                self.give(Half::Of(low), Half::Of(high));
            }
            Shape::Swapped(function) => {
                let low = self.apply(function, &[lows[1], lows[0]]);
                let high = self.apply(function, &[highs[1], highs[0]]);
                self.give(Half::Of(low), Half::Of(high));
            }
            Shape::Shift(lane, how) => {
                let by = by.unwrap_or(Place::Const(0));
                let mut shifted = |half: Place| match (by, how) {
                    (Place::Const(0), _) => Half::Same(half),
                    (Place::Const(by), Shift::Left | Shift::Right) if lane != Lane::I64 => {
                        let left = how == Shift::Left;
                        let half = self.read(half);
                        Half::Of(lanes::shift_by(lane, left, half, by as u32))
                    }
                    _ => Half::Of(self.apply(Function::Shift(lane, how), &[half, by])),
                };
                let (low, high) = (shifted(lows[0]), shifted(highs[0]));
                self.give(low, high);
            }
            Shape::Pairs(function) => {
                let low = self.apply(function, &both);
                let high = self.apply(function, &[lows[1], highs[1]]);
                self.give(Half::Of(low), Half::Of(high));
            }
            Shape::Parts { upper, low, high } => {
                let halves = if upper { &highs } else { &lows };
                let halves: Vec<Place> = halves.iter().map(|half| self.force(*half)).collect();
                let low = self.apply(low, &halves);
                let high = self.apply(high, &halves);
                self.give(Half::Of(low), Half::Of(high));
            }
            Shape::ToLow(function) => {
                let low = self.apply(function, &both);
                self.give(Half::Of(low), Half::Same(Place::Const(0)));
            }
            Shape::Number(function) => {
                let number = self.apply(function, &both).low();
                self.give_number(&number);
            }
            Shape::Mask(mask) => {
                let mut half = |halves: &[Place]| {
                    let halves: Vec<Expr> = halves.iter().map(|half| self.read(*half)).collect();
                    Half::Of(masked(mask, &halves))
                };
                let (low, high) = (half(&lows), half(&highs));
                self.give(low, high);
            }
            Shape::Swizzle => {
                let both = both.map(|half| self.force(half));
                let low = self.apply(Function::Swizzle, &[both[0], both[1], lows[1]]);
                let high = self.apply(Function::Swizzle, &[both[0], both[1], highs[1]]);
                self.give(Half::Of(low), Half::Of(high));
            }
            Shape::Choose => {
                let mut half = |halves: &[Place]| {
                    let no = Expr::At(self.force(halves[1]));
                    let (yes, chosen) = (self.read(halves[0]), self.read(halves[2]));
                    Half::Of(no.clone() ^ ((yes ^ no) & chosen))
                };
                let (low, high) = (half(&lows), half(&highs));
                self.give(low, high);
            }
            Shape::AnyTrue => {
                let [low, high] = both.map(|half| self.read(half));
                let none = Expr::one(Instruction::I64Eqz, low | high);
                self.give_number(&Expr::one(Instruction::I32Eqz, none));
            }
        }
        for vector in operands {
            self.release_vector(vector);
        }
    }

    /// The count of a shift, less than a lane has bits.
    fn count(&mut self, lane: Lane) -> Place {
        let most = lane.bits() as i32 - 1;
        if let Some(by) = self.waiting_const() {
            return Place::Const((by & most).into());
        }
        self.flush();
        let by = match lane {
            // As the instruction itself does.
            Lane::I64 => Expr::Top,
            _ => Expr::two(Instruction::I32And, Expr::Top, Expr::i32(most)),
        };
        match self.keep(by.wide(), ValType::I64) {
            Expr::At(place) => place,
            _ => Place::Const(0),
        }
    }

    fn shuffle(&mut self, lanes: &[u8; 16]) {
        let operands = self.operands(2);
        let mut all: Vec<Place> = operands.iter().flat_map(|v| v.halves()).collect();
        for (half, place) in (0..).zip(&mut all) {
            let reads = |lanes: &[u8]| lanes.iter().any(|lane| lane / 8 == half);
            if reads(&lanes[..8]) && reads(&lanes[8..]) {
                *place = self.force(*place);
            }
        }
        let halves = [&lanes[..8], &lanes[8..]].map(|lanes| {
            let mut used: Vec<u8> = Vec::new();
            let from = std::array::from_fn(|at| {
                let half = lanes[at] / 8;
                let operand = used.iter().position(|known| *known == half);
                let operand = operand.unwrap_or_else(|| {
                    used.push(half);
                    used.len() - 1
                });
                (operand as u8, lanes[at] % 8)
            });
            let used: Vec<Place> = used.iter().map(|half| all[*half as usize]).collect();
            match (0..8).all(|at| from[at] == (0, at as u8)) {
                true => Half::Same(used[0]),
                false => Half::Of(self.apply(Function::Shuffle(from), &used)),
            }
        });
        let [low, high] = halves;
        self.give(low, high);
        for vector in operands {
            self.release_vector(vector);
        }
    }

    fn splat(&mut self, of: Scalar) {
        self.flush();
        self.give_twice(match of.lane() {
            Lane::I64 => of.bits(),
            lane => of.bits() * bits(lane.ones()),
        });
    }

    fn extract(&mut self, lane: Lane, at: u8, signed: bool) {
        let vector = self.pop();
        let (upper, at) = place_of(lane, at);
        let half = self.read(vector.halves()[usize::from(upper)]);
        let number = match lane {
            Lane::I64 => half,
            Lane::I32 => (half >> (32 * at)).low(),
            _ => lane.extract(half, at, signed).low(),
        };
        self.give_number(&number);
        self.release_vector(vector);
    }

    fn extract_float(&mut self, float: Float, at: u8) {
        let vector = self.pop();
        let (upper, at) = place_of(Scalar::Float(float).lane(), at);
        let half = self.read(vector.halves()[usize::from(upper)]);
        self.give_number(&lanes::float_lane(float, half, at));
        self.release_vector(vector);
    }

    fn replace(&mut self, with: Scalar, at: u8) {
        self.flush();
        self.put(with.lane(), at, with.bits());
    }

    /// Puts bits into a lane of the last vector.
    fn put(&mut self, lane: Lane, at: u8, value: Expr) {
        let vector = self.pop();
        let (upper, at) = place_of(lane, at);
        let shift = lane.bits() * at;
        let half = vector.halves()[usize::from(upper)];
        let new = Half::Of(match lane {
            Lane::I64 => value,
            _ => (value << shift) | (self.read(half) & bits(!(lane.mask() << shift))),
        });
        match upper {
            false => self.give(new, Half::Same(vector.high)),
            true => self.give(Half::Same(vector.low), new),
        }
        self.release_vector(vector);
    }

    /// The type of addresses where an instruction goes.
    fn address(&self, arg: MemArg) -> Result<(ValType, u32)> {
        let MemArgTarget::Memory(memory) = arg.target else {
            bail!("a vector in an array cannot be lowered");
        };
        let wide = self.layout.wide_memories.get(memory as usize) == Some(&true);
        Ok((if wide { ValType::I64 } else { ValType::I32 }, memory))
    }

    /// An access of a half or less, `behind` so many bytes.
    fn to(&self, arg: MemArg, behind: u64) -> Result<To> {
        let (address, memory) = self.address(arg)?;
        let last = match address {
            ValType::I64 => u64::MAX,
            _ => u64::from(u32::MAX),
        };
        Ok(To {
            // What does not fit is behind the end of every memory, and so is this.
            offset: arg.offset.saturating_add(behind).min(last),
            align: u32::from(arg.align).min(3),
            target: wasm_encoder::MemArgTarget::Memory(memory),
            ordering: None,
        })
    }

    fn load(&mut self, arg: MemArg) -> Result<()> {
        let (low, high) = (self.to(arg, 0)?, self.to(arg, 8)?);
        let address = self.scalar(self.address(arg)?.0);
        let half = |to: To| {
            let address = Expr::At(Place::Local(address.0));
            Half::Of(Expr::one(Instruction::I64Load(to), address))
        };
        self.give(half(low), half(high));
        self.done_with(address);
        Ok(())
    }

    /// The upper half first: where that is in memory, the lower one is as well, so that nothing is written
    /// where a part is not.
    fn store(&mut self, arg: MemArg) -> Result<()> {
        let vector = self.pop();
        let (low, high) = (self.to(arg, 0)?, self.to(arg, 8)?);
        let address = self.scalar_again(self.address(arg)?.0);
        self.read(vector.high).encode(&mut self.code);
        self.op(Instruction::I64Store(high));
        self.op(Instruction::LocalGet(address.0));
        self.read(vector.low).encode(&mut self.code);
        self.op(Instruction::I64Store(low));
        self.done_with(address);
        self.release_vector(vector);
        Ok(())
    }

    /// Loads so many bits as the lower ones of 64.
    fn load_bits(&mut self, arg: MemArg, lane: Lane) -> Result<()> {
        self.flush();
        let to = self.to(arg, 0)?;
        self.op(match lane {
            Lane::I8 => Instruction::I64Load8U(to),
            Lane::I16 => Instruction::I64Load16U(to),
            Lane::I32 => Instruction::I64Load32U(to),
            Lane::I64 => Instruction::I64Load(to),
        });
        Ok(())
    }

    fn load_wider(&mut self, arg: MemArg, from: Lane, signed: bool) -> Result<()> {
        self.load_bits(arg, Lane::I64)?;
        let Expr::At(half) = self.keep(Expr::Top, ValType::I64) else {
            return Ok(());
        };
        let [low, high] = [false, true].map(|upper| {
            let part = Function::Extend {
                from,
                signed,
                upper,
            };
            self.apply(part, &[half])
        });
        self.give(Half::Of(low), Half::Of(high));
        Ok(())
    }

    fn load_splat(&mut self, arg: MemArg, lane: Lane) -> Result<()> {
        self.load_bits(arg, lane)?;
        self.give_twice(match lane {
            Lane::I64 => Expr::Top,
            _ => Expr::Top * bits(lane.ones()),
        });
        Ok(())
    }

    fn load_zero(&mut self, arg: MemArg, lane: Lane) -> Result<()> {
        self.load_bits(arg, lane)?;
        self.give(Half::Of(Expr::Top), Half::Same(Place::Const(0)));
        Ok(())
    }

    fn load_lane(&mut self, arg: MemArg, lane: Lane, at: u8) -> Result<()> {
        self.load_bits(arg, lane)?;
        self.put(lane, at, Expr::Top);
        Ok(())
    }

    fn store_lane(&mut self, arg: MemArg, lane: Lane, at: u8) -> Result<()> {
        let vector = self.pop();
        self.flush();
        let to = self.to(arg, 0)?;
        let (upper, at) = place_of(lane, at);
        let half = self.read(vector.halves()[usize::from(upper)]);
        (half >> (lane.bits() * at)).encode(&mut self.code);
        self.op(match lane {
            Lane::I8 => Instruction::I64Store8(to),
            Lane::I16 => Instruction::I64Store16(to),
            Lane::I32 => Instruction::I64Store32(to),
            Lane::I64 => Instruction::I64Store(to),
        });
        self.release_vector(vector);
        Ok(())
    }
}

/// What bits alone give, for one half.
fn masked(mask: Mask, halves: &[Expr]) -> Expr {
    let a = halves[0].clone();
    let b = || halves[1].clone();
    let high = |float| Scalar::Float(float).lane().high();
    match mask {
        Mask::Not => !a,
        Mask::And => a & b(),
        Mask::AndNot => a & !b(),
        Mask::Or => a | b(),
        Mask::Xor => a ^ b(),
        Mask::Abs(float) => a & bits(!high(float)),
        Mask::Neg(float) => a ^ bits(high(float)),
    }
}
