//! One body without vectors: blocks, calls and locals.
//!
//! Vectors are never on the stack of the output. A branch puts those that it takes along into locals of
//! its label. Everything else stays where it is.

use anyhow::{Result, anyhow};
use wasm_encoder::{BlockType as Native, HeapType, Instruction, RefType, ValType};
use wasmparser::{
    BlockType, FuncToValidate, FuncValidator, Operator, OperatorsReader, ValidatorResources,
};

use super::super::flow::Flow;
use super::super::locals::Locals;
use super::expression::{Expr, Place};
use super::layout::{Block, Layout, Used, has_vector, is_vector};
use super::places::{Counts, Half, Late, Local, Vector, Waiting};
use crate::debug::address::Points;
use crate::features::FeatureSet;
use crate::limits;
use crate::lower::pass::native;
use crate::parse::scan::Ref;

/// A block of the input.
struct Frame {
    is_loop: bool,
    /// An `if` without its `else` so far.
    is_if: bool,
    /// How many vectors were on the stack below its parameters.
    height: usize,
    /// Its parameters, for an `else`.
    params: Vec<Vector>,
    /// Where branches put vectors.
    label: Vec<[u32; 2]>,
    /// Where they are behind the end, which is the label unless it is a loop.
    results: usize,
}

/// The state of one body.
pub struct Rewrite<'l, 'm, 'a> {
    pub layout: &'l Layout<'m, 'a>,
    pub used: Used,
    pub code: Vec<u8>,
    pub locals: Locals,
    pub counts: Counts,
    /// What is computed where it is read.
    pub late: Vec<Late>,
    /// What the current instruction has taken of it, to be let go behind.
    pub taken: Vec<Place>,
    /// Locals that are free again when the current instruction is written.
    pub kept: Vec<u32>,
    /// Where each local of the input is.
    pub moved: Vec<Local>,
    /// The vectors that are on the stack of the input.
    pub stack: Vec<Vector>,
    /// How many of them, from the bottom, are in no local of the input and computed.
    pub settled: usize,
    pub waiting: Vec<Waiting>,
    /// The instruction behind the current one.
    pub next: Option<Operator<'a>>,
    frames: Vec<Frame>,
    flow: Flow,
    types: FuncValidator<ValidatorResources>,
    /// Whether the body is in a block, because vectors leave it by branches.
    wrapped: bool,
    /// Whether it turned out that it has to be.
    wants_block: bool,
    type_index: u32,
}

/// Whether the `defined`th function of the code section has to be rewritten.
pub fn changes(layout: &Layout<'_, '_>, simd: FeatureSet, defined: usize) -> bool {
    let module = layout.module;
    let func = module.imported_func_count() + defined as u32;
    module.refs.features(defined).has_any(simd)
        || has_vector(module.func_type(func))
        || module.refs.of(defined).any(|reference| match reference {
            Ref::Func(callee) => has_vector(module.func_type(callee)),
            Ref::Type(ty) => has_vector(&module.types[ty as usize]),
            Ref::Global(global) => layout.upper.contains_key(&global),
            _ => false,
        })
}

/// Writes the body of the `defined`th function of the code section, without its size. Gives where its
/// instructions went, if `dwarf` asks for that, and what it uses.
pub fn body(
    layout: &Layout<'_, '_>,
    defined: usize,
    types: &FuncToValidate<ValidatorResources>,
    dwarf: bool,
    out: &mut Vec<u8>,
) -> Result<(Points, Used)> {
    match attempt(layout, defined, types, dwarf, false, out)? {
        Some(written) => Ok(written),
        None => attempt(layout, defined, types, dwarf, true, out)?
            .ok_or_else(|| anyhow!("the vectors that it gives cannot leave it")),
    }
}

/// Nothing where vectors have to leave by a block that is not there.
fn attempt(
    layout: &Layout<'_, '_>,
    defined: usize,
    types: &FuncToValidate<ValidatorResources>,
    dwarf: bool,
    wrapped: bool,
    out: &mut Vec<u8>,
) -> Result<Option<(Points, Used)>> {
    let module = layout.module;
    let func = module.imported_func_count() + defined as u32;
    let type_index = module.func_types[func as usize];
    let params = module.func_type(func).params();
    let split = layout.split.get(&type_index);
    let mut reader = module.body(defined).get_locals_reader()?;

    // Where the locals of the input go.
    let mut moved: Vec<Local> = Vec::new();
    let (mut other, mut half) = (
        0,
        split.map_or(0, |split| split.others.params().len() as u32),
    );
    for ty in params {
        moved.push(match is_vector(ty) {
            true => {
                half += 2;
                Local::Vector([half - 2, half - 1])
            }
            false => {
                other += 1;
                Local::Other(other - 1)
            }
        });
    }
    let mut next = layout.types[type_index as usize].params().len() as u32;
    let mut declared: Vec<(u32, ValType)> = Vec::new();
    let mut uppers = Vec::new();
    for _ in 0..reader.get_count() {
        let (count, ty) = reader.read()?;
        let vector = is_vector(&ty);
        limits::body(0, next as usize + count as usize + uppers.len())?;
        for at in next..next + count {
            if vector {
                uppers.push(moved.len());
            }
            moved.push(Local::Other(at));
        }
        next += count;
        declared.push((count, if vector { ValType::I64 } else { native(ty)? }));
    }
    for &at in &uppers {
        if let Local::Other(low) = moved[at] {
            moved[at] = Local::Vector([low, next]);
            next += 1;
        }
    }
    if !uppers.is_empty() {
        declared.push((uppers.len() as u32, ValType::I64));
    }
    limits::body(0, next as usize)?;

    let mut types = FuncToValidate {
        resources: types.resources.clone(),
        ..*types
    }
    .into_validator(Default::default());
    types.read_locals(&mut module.body(defined).get_binary_reader())?;
    let mut rewrite = Rewrite {
        layout,
        used: Used::default(),
        code: Vec::with_capacity(2 * module.bodies[defined].len()),
        locals: Locals::new(next),
        counts: Counts::default(),
        late: Vec::new(),
        taken: Vec::new(),
        kept: Vec::new(),
        moved,
        stack: Vec::new(),
        settled: 0,
        waiting: Vec::new(),
        next: None,
        frames: Vec::new(),
        flow: Flow::default(),
        types,
        wrapped,
        wants_block: false,
        type_index,
    };
    rewrite.open_function();
    let start = module.bodies[defined].start;
    let ops = OperatorsReader::new(reader.get_binary_reader());
    let mut points = rewrite.stream(ops, start, dwarf)?;
    if rewrite.wants_block {
        return Ok(None);
    }
    limits::body(rewrite.code.len(), rewrite.locals.count())?;
    rewrite.locals.declare(&declared, out);
    for (_, new) in &mut points {
        *new += out.len() as u32;
    }
    out.append(&mut rewrite.code);
    Ok(Some((points, rewrite.used)))
}

impl<'a> Rewrite<'_, '_, 'a> {
    fn stream(&mut self, mut ops: OperatorsReader<'a>, body: usize, dwarf: bool) -> Result<Points> {
        let bytes = self.layout.module.bytes;
        let mut points = Points::new();
        while !ops.eof() {
            let start = ops.original_position() as usize;
            let op = ops.read()?;
            let behind = ops.original_position() as usize;
            if dwarf {
                points.push(((start - body) as u32, self.code.len() as u32));
            }
            if !self.flow.skips(&op) {
                self.next = match ops.eof() {
                    true => None,
                    false => Some(ops.clone().read()?),
                };
                if !self.operator(&op)? {
                    self.flush();
                    self.code.extend_from_slice(&bytes[start..behind]);
                }
                self.finish();
                self.flow.after(&op);
            }
            self.types.op(start as u64, &op)?;
            if self.wants_block {
                break;
            }
            limits::body(self.code.len(), self.locals.count())?;
        }
        Ok(points)
    }

    /// Writes what `op` becomes; false when it stays as it is.
    fn operator(&mut self, op: &Operator<'a>) -> Result<bool> {
        match *op {
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                self.open(op, blockty)?;
            }
            Operator::Else => self.otherwise(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => {
                self.take_along(relative_depth)?;
                return Ok(false);
            }
            Operator::BrIf { relative_depth } => {
                self.take_along(relative_depth)?;
                return Ok(false);
            }
            Operator::BrOnNull { relative_depth } | Operator::BrOnNonNull { relative_depth } => {
                self.take_along(relative_depth)?;
                return Ok(false);
            }
            Operator::BrTable { ref targets } => {
                let mut depths: Vec<u32> = targets.targets().collect::<Result<_, _>>()?;
                depths.push(targets.default());
                depths.sort_unstable();
                depths.dedup();
                for depth in depths {
                    self.take_along(depth)?;
                }
                return Ok(false);
            }
            Operator::Return => {
                self.flush();
                self.push_results();
                return Ok(false);
            }
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                let ty = self.layout.module.func_types[function_index as usize];
                if !self.layout.split.contains_key(&ty) {
                    return Ok(false);
                }
                self.flush();
                self.push_arguments(ty);
                match op {
                    Operator::Call { .. } => self.op(Instruction::Call(function_index)),
                    _ => self.op(Instruction::ReturnCall(function_index)),
                }
                self.take_results(ty, op);
            }
            Operator::CallIndirect {
                type_index,
                table_index,
            }
            | Operator::ReturnCallIndirect {
                type_index,
                table_index,
            } => {
                if !self.layout.split.contains_key(&type_index) {
                    return Ok(false);
                }
                let wide = self.layout.wide_tables[table_index as usize];
                let ty = if wide { ValType::I64 } else { ValType::I32 };
                self.push_below(type_index, ty);
                match op {
                    Operator::CallIndirect { .. } => self.op(Instruction::CallIndirect {
                        type_index,
                        table_index,
                    }),
                    _ => self.op(Instruction::ReturnCallIndirect {
                        type_index,
                        table_index,
                    }),
                }
                self.take_results(type_index, op);
            }
            Operator::CallRef { type_index } | Operator::ReturnCallRef { type_index } => {
                if !self.layout.split.contains_key(&type_index) {
                    return Ok(false);
                }
                let ty = ValType::Ref(RefType {
                    nullable: true,
                    heap_type: HeapType::Concrete(type_index),
                });
                self.push_below(type_index, ty);
                match op {
                    Operator::CallRef { .. } => self.op(Instruction::CallRef(type_index)),
                    _ => self.op(Instruction::ReturnCallRef(type_index)),
                }
                self.take_results(type_index, op);
            }
            Operator::LocalGet { local_index } => match self.moved[local_index as usize] {
                Local::Other(local) => self.waiting.push(Waiting::Get(local)),
                Local::Vector([low, high]) => self.push(Place::Local(low), Place::Local(high)),
            },
            Operator::LocalSet { local_index } => match self.moved[local_index as usize] {
                Local::Other(local) => {
                    self.flush();
                    self.op(Instruction::LocalSet(local));
                }
                Local::Vector(halves) => self.set(halves),
            },
            Operator::LocalTee { local_index } => match self.moved[local_index as usize] {
                Local::Other(local) => {
                    self.flush();
                    self.op(Instruction::LocalTee(local));
                }
                Local::Vector(halves) => {
                    self.set(halves);
                    self.push(Place::Local(halves[0]), Place::Local(halves[1]));
                }
            },
            Operator::I32Const { value } => self.waiting.push(Waiting::Const(value)),
            Operator::GlobalGet { global_index } => {
                let Some(&upper) = self.layout.upper.get(&global_index) else {
                    return Ok(false);
                };
                let [low, high] = [global_index, upper].map(|global| {
                    let place = self.temp();
                    self.op(Instruction::GlobalGet(global));
                    self.op(Instruction::LocalSet(place.local().unwrap_or_default()));
                    place
                });
                self.push(low, high);
            }
            Operator::GlobalSet { global_index } => {
                let Some(&upper) = self.layout.upper.get(&global_index) else {
                    return Ok(false);
                };
                let vector = self.pop();
                for (place, global) in vector.halves().into_iter().zip([global_index, upper]) {
                    self.read(place).encode(&mut self.code);
                    self.op(Instruction::GlobalSet(global));
                }
                self.release_vector(vector);
            }
            Operator::Drop if self.is_vector_at(0) => {
                let vector = self.pop();
                self.release_vector(vector);
            }
            Operator::Select if self.is_vector_at(1) => self.select(),
            Operator::TypedSelect { ty } if is_vector(&ty) => self.select(),
            _ => return self.vector_operator(op),
        }
        Ok(true)
    }

    /// Whether a value on the stack of the input is a vector.
    fn is_vector_at(&self, depth: usize) -> bool {
        let ty = self.types.get_operand_type(depth).flatten();
        ty.is_some_and(|ty| is_vector(&ty))
    }

    fn select(&mut self) {
        let condition = self.scalar(ValType::I32);
        let (no, yes) = (self.pop(), self.pop());
        // It may be set before the choice is read.
        self.kept.push(condition.0);
        let mut half = |yes: Place, no: Place| {
            let (yes, no) = (self.read(yes), self.read(no));
            Half::Of(Expr::select(yes, no, Expr::At(Place::Local(condition.0))))
        };
        let (low, high) = (half(yes.low, no.low), half(yes.high, no.high));
        self.give(low, high);
        self.kept.pop();
        self.release_vector(yes);
        self.release_vector(no);
        self.done_with(condition);
    }

    /// Puts the last vector into a local of the input.
    fn set(&mut self, [low, high]: [u32; 2]) {
        let vector = self.pop();
        let is_there = |place: Place, local| place == Place::Local(local);
        if !(is_there(vector.low, low) && is_there(vector.high, high)) {
            self.settle(Some([low, high]));
            let (lower, upper) = (self.read(vector.low), self.read(vector.high));
            if upper.reads(low) {
                lower.encode(&mut self.code);
                upper.encode(&mut self.code);
                self.op(Instruction::LocalSet(high));
                self.op(Instruction::LocalSet(low));
            } else {
                for (half, local) in [(lower, low), (upper, high)] {
                    if !matches!(half, Expr::At(place) if place.local() == Some(local)) {
                        half.encode(&mut self.code);
                        self.op(Instruction::LocalSet(local));
                    }
                }
            }
        }
        self.release_vector(vector);
    }

    /// The vectors that a block has as parameters and results, and its type without them.
    fn block(&mut self, ty: BlockType) -> Result<(usize, usize, Native)> {
        Ok(match ty {
            BlockType::Empty => (0, 0, Native::Empty),
            BlockType::Type(ty) if is_vector(&ty) => (0, 1, Native::Empty),
            BlockType::Type(ty) => (0, 0, Native::Result(native(ty)?)),
            BlockType::FuncType(index) => {
                let layout = self.layout;
                match layout.split.get(&index) {
                    Some(split) => (split.params, split.results, self.block_of((index, true))),
                    None => (0, 0, Native::FunctionType(index)),
                }
            }
        })
    }

    /// The type of a block without vectors, for a type of the input with them.
    fn block_of(&mut self, block: Block) -> Native {
        let (index, with_params) = block;
        let others = &self.layout.split[&index].others;
        match others.results() {
            _ if with_params && !others.params().is_empty() => {}
            [] => return Native::Empty,
            [only] => return Native::Result(*only),
            _ => {}
        }
        self.used.blocks.insert(block);
        // There is none yet where it is only asked what is used.
        Native::FunctionType(self.layout.blocks.get(&block).copied().unwrap_or_default())
    }

    fn pair(&mut self) -> [u32; 2] {
        [(); 2].map(|()| self.locals.take(ValType::I64))
    }

    fn open_function(&mut self) {
        let split = self.layout.split.get(&self.type_index);
        let results = split.map_or(0, |split| split.results);
        let mut label = Vec::new();
        if self.wrapped {
            label = (0..results).map(|_| self.pair()).collect();
            // The parameters are locals.
            let ty = self.block_of((self.type_index, false));
            self.op(Instruction::Block(ty));
        }
        self.frames.push(Frame {
            is_loop: false,
            is_if: false,
            height: 0,
            params: Vec::new(),
            label,
            results,
        });
    }

    fn open(&mut self, op: &Operator<'a>, ty: BlockType) -> Result<()> {
        let (params, results, ty) = self.block(ty)?;
        self.flush();
        // What is set inside is set on some ways only.
        self.settle(None);
        let height = self.stack.len().saturating_sub(params);
        let is_loop = matches!(op, Operator::Loop { .. });
        let inside: Vec<Vector> = self.stack[height..].to_vec();
        let label_size = if is_loop { params } else { results };
        let label: Vec<[u32; 2]> = (0..label_size).map(|_| self.pair()).collect();
        if is_loop {
            for (vector, label) in inside.iter().zip(&label) {
                self.copy(vector.low, label[0]);
                self.copy(vector.high, label[1]);
            }
        }
        match op {
            Operator::Block { .. } => self.op(Instruction::Block(ty)),
            Operator::Loop { .. } => self.op(Instruction::Loop(ty)),
            _ => self.op(Instruction::If(ty)),
        }
        let mut kept = Vec::new();
        if is_loop {
            self.stack.truncate(height);
            self.settled = height;
            for vector in inside {
                self.release_vector(vector);
            }
            for label in &label {
                let [low, high] = label.map(|from| {
                    let to = self.temp();
                    self.copy(Place::Local(from), to.local().unwrap_or_default());
                    to
                });
                self.push(low, high);
            }
        } else {
            for vector in &inside {
                self.retain(vector.low);
                self.retain(vector.high);
            }
            kept = inside;
        }
        self.frames.push(Frame {
            is_loop,
            is_if: matches!(op, Operator::If { .. }),
            height,
            params: kept,
            label,
            results,
        });
        Ok(())
    }

    /// Ends a part of the innermost block: its results are where its label has them.
    fn leave_part(&mut self) {
        let Some(frame) = self.frames.last() else {
            return;
        };
        let (height, is_loop, label) = (frame.height, frame.is_loop, frame.label.clone());
        if !is_loop && self.flow.falls_through() {
            self.fill(&label);
        }
        if !is_loop {
            self.drop_to(height);
        }
    }

    fn drop_to(&mut self, height: usize) {
        while self.stack.len() > height {
            let vector = self.pop();
            self.release_vector(vector);
        }
    }

    /// Puts the last vectors where a label wants them.
    fn fill(&mut self, label: &[[u32; 2]]) {
        let first = self.stack.len().saturating_sub(label.len());
        for (at, [low, high]) in label.iter().enumerate() {
            let vector = self.stack.get(first + at).copied().unwrap_or(Vector::ZERO);
            self.copy(vector.low, *low);
            self.copy(vector.high, *high);
        }
    }

    fn otherwise(&mut self) {
        self.flush();
        self.leave_part();
        self.op(Instruction::Else);
        let params = match self.frames.last_mut() {
            Some(frame) => {
                frame.is_if = false;
                frame.params.clone()
            }
            None => Vec::new(),
        };
        for vector in params {
            self.retain(vector.low);
            self.retain(vector.high);
            self.stack.push(vector);
        }
    }

    fn end(&mut self) {
        self.flush();
        if self.frames.len() == 1 {
            self.end_function();
            return;
        }
        if let Some(frame) = self.frames.last()
            && frame.is_if
            && frame.results > 0
        {
            // What comes in goes out where the condition is 0.
            let (params, label) = (frame.params.clone(), frame.label.clone());
            self.leave_part();
            self.op(Instruction::Else);
            for (vector, [low, high]) in params.iter().zip(&label) {
                self.copy(vector.low, *low);
                self.copy(vector.high, *high);
            }
        } else {
            self.leave_part();
        }
        self.op(Instruction::End);
        let Some(frame) = self.frames.pop() else {
            return;
        };
        for vector in frame.params {
            self.release_vector(vector);
        }
        if frame.is_loop {
            for label in &frame.label {
                self.locals.give_back(label);
            }
            if !self.flow.falls_through() {
                self.drop_to(frame.height);
                for _ in 0..frame.results {
                    self.stack.push(Vector::ZERO);
                }
            }
            return;
        }
        for label in frame.label {
            let [low, high] = label.map(|local| self.owned(local));
            self.push(low, high);
        }
    }

    fn end_function(&mut self) {
        if self.flow.falls_through() {
            self.push_results();
        }
        if self.wrapped {
            if self.flow.falls_through() {
                self.op(Instruction::Return);
            }
            self.op(Instruction::End);
            for label in self.frames[0].label.clone() {
                for half in label {
                    self.op(Instruction::LocalGet(half));
                }
            }
        }
        self.op(Instruction::End);
    }

    /// Puts vectors where a branch takes them along to.
    fn take_along(&mut self, depth: u32) -> Result<()> {
        let at = self.frames.len().checked_sub(1 + depth as usize);
        let frame = at.and_then(|at| self.frames.get(at));
        let frame = frame.ok_or_else(|| anyhow!("there is no label {depth}"))?;
        if at == Some(0) && frame.results > 0 && !self.wrapped {
            self.wants_block = true;
        }
        let label = frame.label.clone();
        // It changes nothing that waits.
        self.fill(&label);
        Ok(())
    }

    /// Puts the vectors on the stack that the function gives, behind which nothing else is reached.
    fn push_results(&mut self) {
        let first = self.stack.len().saturating_sub(self.frames[0].results);
        self.push_all(first);
    }

    /// Puts the vectors from one on on the stack.
    fn push_all(&mut self, first: usize) {
        let vectors = self.stack.split_off(first);
        self.settled = self.settled.min(first);
        for vector in vectors {
            for half in vector.halves() {
                self.read(half).encode(&mut self.code);
            }
            self.release_vector(vector);
        }
    }

    /// Puts the vectors on the stack that a call takes.
    fn push_arguments(&mut self, ty: u32) {
        let split = &self.layout.split[&ty];
        self.push_all(self.stack.len().saturating_sub(split.params));
        for _ in 0..split.added {
            self.op(Instruction::I32Const(0));
        }
    }

    /// The same below what chooses the function.
    fn push_below(&mut self, ty: u32, of: ValType) {
        let split = &self.layout.split[&ty];
        if split.params == 0 && split.added == 0 {
            self.flush();
            return;
        }
        let chooses = self.scalar(of);
        self.flush();
        self.push_arguments(ty);
        self.op(Instruction::LocalGet(chooses.0));
        self.done_with(chooses);
    }

    /// Takes the vectors from the stack that a call gave.
    fn take_results(&mut self, ty: u32, op: &Operator<'_>) {
        if matches!(
            op,
            Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. }
        ) {
            return;
        }
        let results = self.layout.split[&ty].results;
        if results == 1
            && let Some([low, high]) = self.next_local()
        {
            self.settle(Some([low, high]));
            self.op(Instruction::LocalSet(high));
            self.op(Instruction::LocalSet(low));
            self.push(Place::Local(low), Place::Local(high));
            return;
        }
        let first = self.stack.len();
        for _ in 0..results {
            let (low, high) = (self.temp(), self.temp());
            self.push(low, high);
        }
        for at in (first..first + results).rev() {
            let vector = self.stack[at];
            for half in [vector.high, vector.low] {
                self.op(Instruction::LocalSet(half.local().unwrap_or_default()));
            }
        }
    }
}
