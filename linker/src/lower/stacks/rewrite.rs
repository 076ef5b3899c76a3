//! One body that can be taken off the stack.
//!
//! Every arm with places begins with blocks, one for each place, that end in front of the place: when the stack is
//! put back, a branch at the beginning of the arm leaves as many of them as lie before the place at
//! which the body was left. So nothing is on the operand stack in front of a place: operands that are needed
//! later are in locals.

use std::collections::HashMap;
use std::ops::Range;

use anyhow::{Result, anyhow, bail};
use wasm_encoder::{BlockType, InstructionSink, MemArg, MemArgTarget, ValType};
use wasmparser::{FuncToValidate, FuncValidator, Operator, OperatorsReader, ValidatorResources};

use super::super::flow::Flow;
use super::super::locals::Locals;
use super::super::pass::{native, zero};
use super::places::Places;
use super::reach::Reach;
use crate::debug::address::Points;
use crate::limits;
use crate::memory::traps;
use crate::merge::Unwinding;
use crate::parse::module::Module;

/// A block of the input.
struct Frame {
    /// The blocks of the output around what a branch to it reaches, itself among them.
    label: u32,
    /// Operands that lie below it, in locals, and what else is free again at its end.
    below: Vec<(ValType, u32)>,
    kept: Vec<u32>,
    /// The locals with its parameters, if it has places.
    params: Vec<(ValType, u32)>,
    results: Vec<ValType>,
    /// The places of its current arm that are still to come, and how many there are.
    arm: usize,
    next: usize,
    has_places: bool,
}

/// The instructions of a value that depends on locals and constants alone, or on memory at an address that does: to
/// make it once more does nothing, and never traps.
#[derive(Clone)]
struct Pure {
    range: Range<usize>,
    /// Whether it depends on what lies in memory.
    is_loaded: bool,
}

struct Rewrite<'l, 'a> {
    module: &'l Module<'a>,
    reach: &'l Reach,
    parts: &'l Unwinding,
    places: Places,
    types: FuncValidator<ValidatorResources>,
    code: Vec<u8>,
    locals: Locals,
    number: u32,
    frames: Vec<Frame>,
    /// How many blocks of the output are open.
    height: u32,
    /// The block behind which the locals are stored.
    unwinds: u32,
    /// What the last instructions have pushed that can be pushed again any time, not yet written.
    pending: Vec<Pure>,
    next_arm: usize,
    next_block: usize,
    next_call: u32,
    /// The locals that hold something over a call.
    held: Vec<(u32, ValType)>,
}

/// How many operands an instruction takes that gives one value, never traps (but for loads) and changes nothing.
fn pure(op: &Operator<'_>) -> Option<u32> {
    Some(match op {
        Operator::LocalGet { .. }
        | Operator::I32Const { .. }
        | Operator::I64Const { .. }
        | Operator::F32Const { .. }
        | Operator::F64Const { .. } => 0,
        Operator::I32Eqz
        | Operator::I64Eqz
        | Operator::I32WrapI64
        | Operator::I64ExtendI32S
        | Operator::I64ExtendI32U
        | Operator::I32Load { .. }
        | Operator::I64Load { .. }
        | Operator::I32Load8U { .. }
        | Operator::I32Load16U { .. } => 1,
        Operator::I32Add
        | Operator::I32Sub
        | Operator::I32Mul
        | Operator::I32And
        | Operator::I32Or
        | Operator::I32Xor
        | Operator::I32Shl
        | Operator::I32ShrS
        | Operator::I32ShrU
        | Operator::I32Eq
        | Operator::I32Ne
        | Operator::I32LtU
        | Operator::I32GtU
        | Operator::I64Add
        | Operator::I64Sub
        | Operator::I64And
        | Operator::I64Or
        | Operator::I64Shl
        | Operator::I64ShrU => 2,
        _ => return None,
    })
}

fn is_load(op: &Operator<'_>) -> bool {
    matches!(
        op,
        Operator::I32Load { .. }
            | Operator::I64Load { .. }
            | Operator::I32Load8U { .. }
            | Operator::I32Load16U { .. }
    )
}

/// What is the same for all bodies.
pub struct Whole<'w, 'a> {
    pub module: &'w Module<'a>,
    pub reach: &'w Reach,
    pub parts: &'w Unwinding,
    /// The types of blocks with several results, by the types of functions that have them.
    pub blocks: &'w HashMap<u32, u32>,
}

/// Writes the body of the `defined`th function of the code section, without its size.
///
/// # Errors
///
/// Fails for what cannot be stored.
pub fn body(
    whole: &Whole<'_, '_>,
    defined: usize,
    types: &FuncToValidate<ValidatorResources>,
    dwarf: bool,
    out: &mut Vec<u8>,
) -> Result<Points> {
    let Whole {
        module,
        reach,
        parts,
        blocks,
    } = *whole;
    let func = module.imported_func_count() + defined as u32;
    let type_index = module.func_types[func as usize];
    let ty = module.func_type(func);
    let input = module.body(defined);
    let mut declared: Vec<(u32, ValType)> = Vec::new();
    let mut reader = input.get_locals_reader()?;
    let mut held: Vec<(u32, ValType)> = Vec::new();
    for param in ty.params() {
        held.push((held.len() as u32, native(*param)?));
    }
    for _ in 0..reader.get_count() {
        let (count, ty) = reader.read()?;
        let ty = native(ty)?;
        declared.push((count, ty));
        for _ in 0..count {
            held.push((held.len() as u32, ty));
        }
    }
    let results = ty.results().iter().map(|ty| native(*ty));
    let results = results.collect::<Result<Vec<_>>>()?;
    let mut validator = FuncToValidate {
        resources: types.resources.clone(),
        ..*types
    }
    .into_validator(Default::default());
    validator.read_locals(&mut input.get_binary_reader())?;
    let mut locals = Locals::new(held.len() as u32);
    let number = locals.take(ValType::I32);
    let counts = (ty.params().len(), held.len());
    let places = Places::of(module, reach, defined, counts)?;
    held.retain(|(local, _)| places.is_held(*local));
    let mut rewrite = Rewrite {
        module,
        reach,
        parts,
        places,
        types: validator,
        code: Vec::new(),
        locals,
        number,
        frames: Vec::new(),
        height: 0,
        unwinds: 0,
        pending: Vec::new(),
        next_arm: 1,
        next_block: 0,
        next_call: 0,
        held,
    };
    let points = rewrite.whole(
        reader.get_binary_reader(),
        defined,
        &results,
        blocks.get(&type_index),
        dwarf,
    )?;
    let Rewrite {
        code,
        locals,
        held,
        number,
        ..
    } = rewrite;
    // What is loaded when the stack is put back stands in front of everything, and is known now.
    let mut first = Vec::new();
    let bytes = load(parts, &held, number, &mut first)?;
    let mut last = Vec::new();
    store(parts, &held, number, bytes, &mut last);
    for ty in &results {
        if !zero(*ty, &mut InstructionSink::new(&mut last)) {
            bail!("a function that may wait gives a reference that cannot be null");
        }
    }
    InstructionSink::new(&mut last).end();
    limits::body(first.len() + code.len() + last.len(), locals.count())?;
    locals.declare(&declared, out);
    let before = (out.len() + first.len()) as u32;
    out.append(&mut first);
    out.extend_from_slice(&code);
    out.append(&mut last);
    Ok(points
        .into_iter()
        .map(|(old, new)| (old, new + before))
        .collect())
}

fn width(ty: ValType) -> u32 {
    match ty {
        ValType::I64 | ValType::F64 => 8,
        ValType::V128 => 16,
        _ => 4,
    }
}

fn at(offset: u32, align: u32) -> MemArg {
    MemArg {
        offset: offset.into(),
        align,
        target: MemArgTarget::Memory(0),
        ordering: None,
    }
}

/// Loads what was stored, where the state says so; gives the bytes of the frame.
fn load(
    parts: &Unwinding,
    held: &[(u32, ValType)],
    number: u32,
    code: &mut Vec<u8>,
) -> Result<u32> {
    let bytes = held.iter().map(|(_, ty)| width(*ty)).sum::<u32>() + 4;
    let mut code = InstructionSink::new(code);
    // In no other state than 0 and this one does a function begin.
    code.global_get(parts.state)
        .if_(BlockType::Empty)
        .global_get(parts.top)
        .i32_const(bytes as i32)
        .i32_sub()
        .global_set(parts.top)
        .global_get(parts.top)
        .i32_load(at(0, 2))
        .local_set(number);
    let mut offset = 4;
    for &(local, ty) in held {
        code.global_get(parts.top);
        match ty {
            ValType::I32 => code.i32_load(at(offset, 2)),
            ValType::I64 => code.i64_load(at(offset, 2)),
            ValType::F32 => code.f32_load(at(offset, 2)),
            ValType::F64 => code.f64_load(at(offset, 2)),
            ValType::V128 => code.v128_load(at(offset, 2)),
            ValType::Ref(_) => bail!(
                "a function that may wait has references in its locals, which cannot be stored: leave --stacks switch out"
            ),
        };
        code.local_set(local);
        offset += width(ty);
    }
    code.end();
    Ok(bytes)
}

/// Stores it.
fn store(parts: &Unwinding, held: &[(u32, ValType)], number: u32, bytes: u32, code: &mut Vec<u8>) {
    let mut code = InstructionSink::new(code);
    code.global_get(parts.limit)
        .global_get(parts.top)
        .i32_sub()
        .i32_const(bytes as i32)
        .i32_lt_u();
    traps::when(&mut code, Some(parts.full));
    code.global_get(parts.top)
        .local_get(number)
        .i32_store(at(0, 2));
    let mut offset = 4;
    for &(local, ty) in held {
        code.global_get(parts.top).local_get(local);
        match ty {
            ValType::I64 => code.i64_store(at(offset, 2)),
            ValType::F32 => code.f32_store(at(offset, 2)),
            ValType::F64 => code.f64_store(at(offset, 2)),
            ValType::V128 => code.v128_store(at(offset, 2)),
            _ => code.i32_store(at(offset, 2)),
        };
        offset += width(ty);
    }
    code.global_get(parts.top)
        .i32_const(bytes as i32)
        .i32_add()
        .global_set(parts.top);
}

impl<'a> Rewrite<'_, 'a> {
    fn sink(&mut self) -> InstructionSink<'_> {
        InstructionSink::new(&mut self.code)
    }

    fn whole(
        &mut self,
        reader: wasmparser::BinaryReader<'a>,
        defined: usize,
        results: &[ValType],
        block: Option<&u32>,
        dwarf: bool,
    ) -> Result<Points> {
        let start = self.module.bodies[defined].start;
        let mut points = Points::new();
        self.sink().block(BlockType::Empty);
        self.unwinds = 1;
        let ty = match (results, block) {
            (_, Some(ty)) => BlockType::FunctionType(*ty),
            ([one], None) => BlockType::Result(*one),
            _ => BlockType::Empty,
        };
        self.sink().block(ty);
        self.height = 2;
        self.frames.push(Frame {
            label: 2,
            below: Vec::new(),
            kept: Vec::new(),
            params: Vec::new(),
            results: results.to_vec(),
            arm: 0,
            next: 0,
            has_places: true,
        });
        self.begin_arm(0);
        let mut flow = Flow::default();
        let mut ops = OperatorsReader::new(reader);
        while !ops.eof() {
            let at = ops.original_position() as usize;
            let op = ops.read()?;
            let behind = ops.original_position() as usize;
            if dwarf {
                points.push(((at - start) as u32, self.code.len() as u32));
            }
            if flow.skips(&op) {
                // What is dead has no types worth following, but the validator wants to see all of it.
                self.types.op(at as u64, &op)?;
                continue;
            }
            self.operator(&op, at..behind)?;
            self.types.op(at as u64, &op)?;
            flow.after(&op);
            limits::body(self.code.len(), self.locals.count())?;
        }
        // The last `end` has closed the inner block.
        self.sink().return_().end();
        Ok(points)
    }

    /// The types of the operands of the innermost block, the last one first.
    fn operands(&self) -> Result<Vec<ValType>> {
        let height = self
            .types
            .get_control_frame(0)
            .map_or(0, |frame| frame.height);
        let count = self.types.operand_stack_height() as usize - height;
        (0..count)
            .map(|depth| match self.types.get_operand_type(depth) {
                Some(Some(ty)) => native(ty),
                _ => bail!("an operand has no type"),
            })
            .collect()
    }

    fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        self.write(&pending);
    }

    fn write(&mut self, values: &[Pure]) {
        for value in values {
            self.code
                .extend_from_slice(&self.module.bytes[value.range.clone()]);
        }
    }

    /// Takes an instruction that makes a value which can be made again; whether it is one.
    fn is_pure(&mut self, op: &Operator<'a>, range: &Range<usize>) -> bool {
        let Some(operands) = pure(op) else {
            return false;
        };
        let Some(first) = self.pending.len().checked_sub(operands as usize) else {
            return false;
        };
        let of = &self.pending[first..];
        let is_loaded = of.iter().any(|value| value.is_loaded);
        let loads = is_load(op);
        // An address that was loaded may be another one by then.
        if loads && is_loaded {
            return false;
        }
        let start = of.first().map_or(range.start, |value| value.range.start);
        self.pending.truncate(first);
        self.pending.push(Pure {
            range: start..range.end,
            is_loaded: is_loaded || loads,
        });
        true
    }

    /// Opens the blocks of an arm, and lets a body that is put back leave those before its place.
    fn begin_arm(&mut self, arm: usize) {
        let leads = self.places.arms[arm].leads;
        let places = self.places.arms[arm].places.clone();
        let blocks = places.len() as u32 - u32::from(leads);
        for _ in 0..blocks {
            self.sink().block(BlockType::Empty);
        }
        self.height += blocks;
        let (state, number) = (self.parts.state, self.number);
        match &places[..] {
            [] => {}
            [_] if leads => {}
            [_] => {
                self.sink().global_get(state).br_if(0);
            }
            [first, .., last] => {
                // The end of the `if` itself is the way to a place that leads.
                let mut targets = Vec::new();
                for (place, depth) in places.iter().zip(u32::from(!leads)..) {
                    targets.extend(place.clone().map(|_| depth));
                }
                let base = first.start as i32;
                debug_assert_eq!(targets.len() as u32, last.end - first.start);
                self.sink()
                    .global_get(state)
                    .if_(BlockType::Empty)
                    .local_get(number);
                if base != 0 {
                    self.sink().i32_const(base).i32_sub();
                }
                self.sink().br_table(targets, blocks).end();
            }
        }
    }

    /// Takes all operands into locals, the last one first; gives them first one first.
    fn spill(&mut self, types: &[ValType]) -> Vec<(ValType, u32)> {
        let mut spilled: Vec<(ValType, u32)> = types
            .iter()
            .map(|ty| {
                let local = self.locals.take(*ty);
                self.sink().local_set(local);
                (*ty, local)
            })
            .collect();
        spilled.reverse();
        spilled
    }

    fn hold(&mut self, locals: &[(ValType, u32)]) {
        for &(ty, local) in locals {
            if !self.held.contains(&(local, ty)) {
                self.held.push((local, ty));
            }
        }
    }

    fn get_all(&mut self, locals: &[(ValType, u32)]) {
        for &(_, local) in locals {
            self.sink().local_get(local);
        }
    }

    fn free(&mut self, locals: &[(ValType, u32)]) {
        let locals: Vec<u32> = locals.iter().map(|(_, local)| *local).collect();
        self.locals.give_back(&locals);
    }

    /// The next place begins: the block in front of it ends, if there is one.
    fn begin_place(&mut self) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        let leads = frame.next == 0 && self.places.arms[frame.arm].leads;
        frame.next += 1;
        if !leads {
            self.sink().end();
            self.height -= 1;
        }
    }

    fn operator(&mut self, op: &Operator<'a>, range: Range<usize>) -> Result<()> {
        if self.is_pure(op, &range) {
            return Ok(());
        }
        if self.reach.is_place(self.module, op) {
            return self.call(op, range);
        }
        self.flush();
        match op {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                self.open(op, range)?;
            }
            Operator::Else => {
                self.code.extend_from_slice(&self.module.bytes[range]);
                let arm = self.next_arm;
                self.next_arm += 1;
                let frame = self
                    .frames
                    .last_mut()
                    .ok_or_else(|| anyhow!("an else without an if"))?;
                frame.arm = arm;
                frame.next = 0;
                if frame.has_places {
                    self.enter_arm(arm);
                }
            }
            Operator::End => self.end(range)?,
            Operator::Br { relative_depth } => {
                let depth = self.depth(*relative_depth)?;
                self.sink().br(depth);
            }
            Operator::BrIf { relative_depth } => {
                let depth = self.depth(*relative_depth)?;
                self.sink().br_if(depth);
            }
            Operator::BrTable { targets } => {
                let others: Vec<u32> = targets
                    .targets()
                    .map(|target| self.depth(target?))
                    .collect::<Result<_>>()?;
                let default = self.depth(targets.default())?;
                self.sink().br_table(others, default);
            }
            Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. }
            | Operator::BrOnCast { .. }
            | Operator::BrOnCastFail { .. } => bail!(
                "a function that may wait branches on a reference, which is not supported with --stacks switch: leave the \
                 option out"
            ),
            _ => self.code.extend_from_slice(&self.module.bytes[range]),
        }
        Ok(())
    }

    fn depth(&self, relative: u32) -> Result<u32> {
        let at = self.frames.len().checked_sub(1 + relative as usize);
        let frame = at.and_then(|at| self.frames.get(at));
        let frame = frame.ok_or_else(|| anyhow!("a branch leaves the function"))?;
        Ok(self.height - frame.label)
    }

    /// Opens a block. Operands below one with places go to locals first.
    fn open(&mut self, op: &Operator<'a>, range: Range<usize>) -> Result<()> {
        let has_places = self.places.blocks[self.next_block];
        self.next_block += 1;
        let arm = self.next_arm;
        self.next_arm += 1;
        let (Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty }) =
            *op
        else {
            bail!("not a block");
        };
        let (params, results) = self.block_type(blockty)?;
        let mut frame = Frame {
            label: self.height + 1,
            below: Vec::new(),
            kept: Vec::new(),
            params: Vec::new(),
            results,
            arm,
            next: 0,
            has_places,
        };
        if has_places {
            let types = self.operands()?;
            let mut spilled = self.spill(&types);
            // The condition of an `if` is the same when the stack is put back: it leads to the same arm.
            self.hold(&spilled);
            let condition = match op {
                Operator::If { .. } => spilled.pop(),
                _ => None,
            };
            let own = spilled.split_off(spilled.len() - params.len());
            self.begin_place();
            self.get_all(&own);
            if let Some(condition) = condition {
                self.get_all(&[condition]);
                frame.kept.push(condition.1);
            }
            frame.kept.extend(own.iter().map(|(_, local)| *local));
            frame.below = spilled;
            frame.label = self.height + 1;
            // For the parameters inside, which a loop gets anew each time.
            frame.params = params
                .iter()
                .map(|ty| (*ty, self.locals.take(*ty)))
                .collect();
        }
        self.code.extend_from_slice(&self.module.bytes[range]);
        self.height += 1;
        self.frames.push(frame);
        if has_places {
            self.enter_arm(arm);
        }
        Ok(())
    }

    /// Begins an arm of a block with places.
    fn enter_arm(&mut self, arm: usize) {
        let params = self.frames.last().map(|frame| frame.params.clone());
        let params = params.unwrap_or_default();
        if self.places.arms[arm].places.is_empty() {
            return;
        }
        for (_, local) in params.iter().rev() {
            self.sink().local_set(*local);
        }
        self.begin_arm(arm);
        self.get_all(&params);
    }

    fn end(&mut self, range: Range<usize>) -> Result<()> {
        let frame = self
            .frames
            .pop()
            .ok_or_else(|| anyhow!("an end without a block"))?;
        debug_assert_eq!(frame.next, self.places.arms[frame.arm].places.len());
        self.code.extend_from_slice(&self.module.bytes[range]);
        self.height -= 1;
        if !frame.below.is_empty() {
            let mut results = frame.results.clone();
            results.reverse();
            let results = self.spill(&results);
            self.get_all(&frame.below);
            self.get_all(&results);
            self.free(&results);
        }
        self.free(&frame.below);
        self.free(&frame.params);
        self.locals.give_back(&frame.kept);
        Ok(())
    }

    fn block_type(&self, ty: wasmparser::BlockType) -> Result<(Vec<ValType>, Vec<ValType>)> {
        Ok(match ty {
            wasmparser::BlockType::Empty => (Vec::new(), Vec::new()),
            wasmparser::BlockType::Type(ty) => (Vec::new(), vec![native(ty)?]),
            wasmparser::BlockType::FuncType(index) => {
                let ty = &self.module.types[index as usize];
                let values = |types: &[wasmparser::ValType]| {
                    types
                        .iter()
                        .map(|ty| native(*ty))
                        .collect::<Result<Vec<_>>>()
                };
                (values(ty.params())?, values(ty.results())?)
            }
        })
    }

    /// A call at which the body can be left.
    fn call(&mut self, op: &Operator<'a>, range: Range<usize>) -> Result<()> {
        let number = self.next_call;
        self.next_call += 1;
        let (ty, indirect) = match *op {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                (self.module.func_types[function_index as usize], None)
            }
            Operator::CallIndirect {
                type_index,
                table_index,
            }
            | Operator::ReturnCallIndirect {
                type_index,
                table_index,
            } => (type_index, Some(table_index)),
            _ => bail!("not a call"),
        };
        let of = &self.module.types[ty as usize];
        let args = of.params().len() + usize::from(indirect.is_some());
        let results = of.results().iter().map(|ty| native(*ty));
        let mut results = results.collect::<Result<Vec<_>>>()?;
        let types = self.operands()?;
        let waiting = self.pending.len();
        // What can be made again is made behind the beginning of the place, and needs no local: but not what the call may
        // change.
        let below = waiting.saturating_sub(args);
        let waiting = match self.pending[..below].iter().any(|value| value.is_loaded) {
            true => {
                self.flush();
                0
            }
            false => waiting,
        };
        let pushed = std::mem::take(&mut self.pending);
        let spilled = self.spill(&types[waiting..]);
        let (below, below_pushed, given, given_pushed) = match args.checked_sub(waiting) {
            Some(rest) => {
                let mut below = spilled;
                let given = below.split_off(below.len() - rest);
                (below, Vec::new(), given, pushed)
            }
            None => {
                let mut below = pushed;
                let given = below.split_off(below.len() - args);
                (spilled, below, Vec::new(), given)
            }
        };
        self.hold(&below);
        self.begin_place();
        self.get_all(&given);
        self.write(&given_pushed);
        match (op, indirect) {
            (Operator::ReturnCall { function_index }, _) => {
                self.sink().call(*function_index);
            }
            (Operator::ReturnCallIndirect { .. }, Some(table)) => {
                self.sink().call_indirect(table, ty);
            }
            _ => self.code.extend_from_slice(&self.module.bytes[range]),
        }
        let (state, local) = (self.parts.state, self.number);
        let depth = self.height + 1 - self.unwinds;
        self.sink()
            .global_get(state)
            .if_(BlockType::Empty)
            .i32_const(number as i32)
            .local_set(local)
            .br(depth)
            .end();
        self.free(&given);
        if matches!(
            op,
            Operator::ReturnCall { .. } | Operator::ReturnCallIndirect { .. }
        ) {
            self.sink().return_();
        } else if !below.is_empty() || !below_pushed.is_empty() {
            results.reverse();
            let results = self.spill(&results);
            self.get_all(&below);
            self.write(&below_pushed);
            self.get_all(&results);
            self.free(&results);
        }
        self.free(&below);
        Ok(())
    }
}
