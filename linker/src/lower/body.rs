//! One function body: copied in runs, with what the target lacks written anew.
//!
//! A body is streamed once. The nesting of blocks is followed only in modules with several values
//! or tail calls to lower ([`super::structure`]); a body that calls itself in tail position is
//! streamed a second time, because its prologue is then another.

use std::ops::Range;

use anyhow::{Result, anyhow, bail};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{Encode, InstructionSink, ValType};
use wasmparser::{BinaryReader, BlockType, Operator, OperatorsReader, WasmFeatures};

use super::control::{Control, Shape};
use super::helper::Helper;
use super::locals::Locals;
use super::lowering::Lowering;
use super::{sat_float, sign_ext};
use crate::debug::address::Points;
use crate::features::FeatureSet;
use crate::findings::survey::names_memory;
use crate::limits;
use crate::parse::scan::Ref;

/// What may have only the encoding of its instructions.
const OVERLONG: FeatureSet =
    FeatureSet::of(WasmFeatures::MULTI_MEMORY.union(WasmFeatures::MEMORY64));

/// The state of one body.
pub struct Body<'l, 'p, 'm, 'a> {
    pub ctx: &'l mut Lowering<'p, 'm, 'a>,
    /// What the current instruction becomes.
    pub code: Vec<u8>,
    /// All instructions before it.
    done: Vec<u8>,
    /// Where instructions went, when that is asked for.
    points: Points,
    pub locals: Locals,
    /// Absent when no structure has to be followed.
    pub control: Option<Control>,
    /// The function, by its index in the input.
    pub func: u32,
    /// How many parameters the input has, and how many were added after them.
    params: u32,
    added_params: u32,
    /// The types of the declared locals.
    declared: Vec<(u32, ValType)>,
    /// Whether the body is a loop for calls of itself.
    pub looped: bool,
    /// Whether it turned out that it has to be.
    wants_loop: bool,
}

/// Encodes the body of the `defined`th function of the code section, without its size. Gives where
/// its instructions went, if debug information has to follow them.
pub fn encode(ctx: &mut Lowering<'_, '_, '_>, defined: usize, out: &mut Vec<u8>) -> Result<Points> {
    match attempt(ctx, defined, false, out)? {
        Some(points) => Ok(points),
        None => Ok(attempt(ctx, defined, true, out)?.unwrap_or_default()),
    }
}

/// Nothing when the body calls itself in tail position and was not `looped`.
fn attempt(
    ctx: &mut Lowering<'_, '_, '_>,
    defined: usize,
    looped: bool,
    out: &mut Vec<u8>,
) -> Result<Option<Points>> {
    let module = ctx.module;
    let func = module.imported_func_count() + defined as u32;
    let ty = module.func_type(func);
    let type_index = module.func_types[func as usize];
    let results = ctx.values(ty.results())?;
    let params = ty.params().len() as u32;
    let added_params = ctx.multi.added_params(type_index);

    let input = module.body(defined);
    let mut reader = input.get_locals_reader()?;
    let mut declared = Vec::new();
    let mut count = params + added_params;
    for _ in 0..reader.get_count() {
        let (n, ty) = reader.read()?;
        // Of no use, and there are runtimes that refuse it.
        if n == 0 {
            continue;
        }
        declared.push((n, ctx.value(ty)?));
        count += n;
    }
    let structured = ctx.needs.structure();
    let mut body = Body {
        code: Vec::new(),
        done: Vec::with_capacity(input.as_bytes().len()),
        points: Points::new(),
        locals: Locals::new(count),
        control: None,
        func,
        params,
        added_params,
        declared,
        looped,
        wants_loop: false,
        ctx,
    };
    if structured {
        body.open_function(results);
        body.done.append(&mut body.code);
    }
    body.stream(reader.get_binary_reader(), defined)?;
    if body.wants_loop {
        return Ok(None);
    }
    body.fits()?;

    body.locals.declare(&body.declared, out);
    let mut points = std::mem::take(&mut body.points);
    for (_, new) in &mut points {
        *new += out.len() as u32;
    }
    out.append(&mut body.done);
    Ok(Some(points))
}

impl<'a> Body<'_, '_, '_, 'a> {
    /// A sink for the instructions of the output.
    pub fn sink(&mut self) -> InstructionSink<'_> {
        InstructionSink::new(&mut self.code)
    }

    fn stream(&mut self, reader: BinaryReader<'a>, defined: usize) -> Result<()> {
        let bytes = self.ctx.module.bytes;
        let end = self.ctx.module.bodies[defined].end;
        let mut ops = OperatorsReader::new(reader);
        // The instructions from here on are still to be copied.
        let mut run = ops.original_position() as usize;
        self.note(defined, run);
        if self.stays(defined) {
            self.done.extend_from_slice(&bytes[run..end]);
            return Ok(());
        }
        let features = self.ctx.module.refs.features(defined);
        let overlong = features.has_any(OVERLONG);
        if self.changes_at_sites(features) {
            for found in self.ctx.module.at_sites(defined) {
                let (at, op) = found?;
                self.instruction(defined, &mut run, at, &op, overlong)?;
            }
        } else {
            let mut start = run;
            while !ops.eof() {
                let op = ops.read()?;
                let end = ops.original_position() as usize;
                self.instruction(defined, &mut run, start..end, &op, overlong)?;
                if self.wants_loop {
                    return Ok(());
                }
                start = end;
            }
        }
        self.done.extend_from_slice(&bytes[run..end]);
        Ok(())
    }

    /// Writes one instruction, and what is to be copied before it from `run` on, if it changes.
    fn instruction(
        &mut self,
        defined: usize,
        run: &mut usize,
        at: Range<usize>,
        op: &Operator<'a>,
        overlong: bool,
    ) -> Result<()> {
        if self.operator(op)? || overlong && self.shortest(op)? {
            let bytes = self.ctx.module.bytes;
            self.done.extend_from_slice(&bytes[*run..at.start]);
            self.note(defined, at.start);
            self.done.append(&mut self.code);
            *run = at.end;
            self.note(defined, at.end);
            self.fits()?;
        }
        Ok(())
    }

    /// Whether the instructions that are no sites ([`crate::parse::sites`]) stay as they are in a body with these
    /// features: blocks, locals and accesses.
    fn changes_at_sites(&self, features: FeatureSet) -> bool {
        let legacy = FeatureSet::of(WasmFeatures::LEGACY_EXCEPTIONS);
        self.control.is_none()
            && self.added_params == 0
            && !self.ctx.needs.memories
            && !features.has_any(legacy)
    }

    /// Whether what there is of the body is not too large yet.
    fn fits(&self) -> Result<()> {
        limits::body(self.done.len(), self.locals.count())
    }

    /// Whether no instruction of the body changes: it is of the MVP alone, and what it refers to
    /// has the indices that it had.
    fn stays(&self, defined: usize) -> bool {
        let ctx = &self.ctx;
        let refs = &ctx.module.refs;
        self.control.is_none()
            && self.added_params == 0
            && ctx.memories.is_none()
            && refs.features(defined).is_empty()
            && refs.of(defined).all(|reference| match reference {
                Ref::Func(func) => ctx.funcs[func as usize] == func,
                Ref::Table(_) => ctx.joined.is_none() && ctx.tables.is_none(),
                _ => true,
            })
    }

    /// Writes an instruction that names a memory in the shortest way; false for all others.
    fn shortest(&mut self, op: &Operator<'a>) -> Result<bool> {
        if !names_memory(op) {
            return Ok(false);
        }
        RoundtripReencoder
            .instruction(op.clone())
            .map_err(|error| anyhow!("{error}"))?
            .encode(&mut self.code);
        Ok(true)
    }

    /// Notes that the instruction at `old` of the input comes next in the output.
    fn note(&mut self, defined: usize, old: usize) {
        if self.ctx.has_dwarf {
            let old = old - self.ctx.module.bodies[defined].start;
            self.points.push((old as u32, self.done.len() as u32));
        }
    }

    pub fn helper(&mut self, helper: Helper) {
        let index = self.ctx.helper(helper);
        self.sink().call(index);
    }

    /// Writes what `op` becomes; false when it stays as it is.
    fn operator(&mut self, op: &Operator<'a>) -> Result<bool> {
        let needs = self.ctx.needs;
        if needs.atomics && self.atomic(op)? || needs.relaxed && self.relaxed(op) {
            return Ok(true);
        }
        if needs.memories && self.in_one_of_several(op)? {
            return Ok(true);
        }
        match *op {
            Operator::Call { function_index } => {
                let new = self.ctx.funcs[function_index as usize];
                if new == function_index && !needs.multi_value && !needs.references {
                    return Ok(false);
                }
                self.call(function_index);
            }
            Operator::CallIndirect {
                type_index,
                table_index,
            } => self.call_indirect(type_index, table_index),
            Operator::LocalGet { local_index } if self.moved(local_index) => {
                let local = local_index + self.added_params;
                self.sink().local_get(local);
            }
            Operator::LocalSet { local_index } if self.moved(local_index) => {
                let local = local_index + self.added_params;
                self.sink().local_set(local);
            }
            Operator::LocalTee { local_index } if self.moved(local_index) => {
                let local = local_index + self.added_params;
                self.sink().local_tee(local);
            }
            Operator::I32Extend8S
            | Operator::I32Extend16S
            | Operator::I64Extend8S
            | Operator::I64Extend16S
            | Operator::I64Extend32S
                if needs.sign_ext =>
            {
                return Ok(sign_ext::lower(op, &mut self.sink()));
            }
            Operator::I32TruncSatF32S
            | Operator::I32TruncSatF32U
            | Operator::I32TruncSatF64S
            | Operator::I32TruncSatF64U
            | Operator::I64TruncSatF32S
            | Operator::I64TruncSatF32U
            | Operator::I64TruncSatF64S
            | Operator::I64TruncSatF64U
                if needs.sat_float =>
            {
                let conversion =
                    sat_float::conversion(op).ok_or_else(|| anyhow!("{op:?} is no conversion"))?;
                let beyond = self.ctx.helper(Helper::Saturate(conversion));
                let local = self.locals.take(conversion.from);
                conversion.lower(&mut self.sink(), local, beyond);
                self.locals.give_back(&[local]);
            }
            Operator::MemoryCopy { dst_mem, src_mem } if needs.memory_copy => {
                self.helper(Helper::MemoryCopy(dst_mem, src_mem));
            }
            Operator::MemoryFill { mem } if needs.memory_copy => {
                self.helper(Helper::MemoryFill(mem));
            }
            Operator::MemoryInit { data_index, mem } if needs.segments => {
                self.helper(Helper::MemoryInit(data_index, mem));
            }
            Operator::DataDrop { data_index } if needs.segments => {
                let length = self.ctx.segment_length(data_index);
                self.sink().i32_const(0).global_set(length);
            }
            Operator::MemorySize { mem } => match &self.ctx.memories {
                Some(memories) if memories.has(mem) => {
                    memories.size(mem, &mut InstructionSink::new(&mut self.code));
                }
                _ => return Ok(false),
            },
            Operator::MemoryGrow { mem }
                if self.ctx.memories.as_ref().is_some_and(|all| all.has(mem)) =>
            {
                self.helper(Helper::MemoryGrow(mem));
            }
            Operator::ReturnCall { function_index } => {
                if !needs.tail_call {
                    self.push_added(self.ctx.module.func_types[function_index as usize]);
                    let new = self.ctx.funcs[function_index as usize];
                    self.sink().return_call(new);
                } else if function_index != self.func {
                    self.ctx.tail_calls += 1;
                    self.call(function_index);
                    self.return_();
                } else if self.looped {
                    self.tail_call_of_itself();
                } else {
                    self.wants_loop = true;
                }
            }
            Operator::ReturnCallIndirect {
                type_index,
                table_index,
            } => {
                if needs.tail_call {
                    self.ctx.tail_calls += 1;
                    self.call_indirect(type_index, table_index);
                    self.return_();
                } else {
                    let table = self.before_call_indirect(type_index, table_index);
                    self.sink().return_call_indirect(table, type_index);
                }
            }
            Operator::RefFunc { function_index } => {
                if needs.references {
                    let number = self.ctx.reference(function_index);
                    self.sink().i32_const(number);
                } else {
                    let new = self.ctx.funcs[function_index as usize];
                    self.sink().ref_func(new);
                }
            }
            Operator::RefNull { .. } if needs.references => {
                self.sink().i32_const(0);
            }
            Operator::RefIsNull if needs.references => {
                self.sink().i32_eqz();
            }
            Operator::TypedSelect { .. } if needs.typed_select => {
                self.sink().select();
            }
            Operator::TableGet { table } if needs.references => {
                self.helper(Helper::TableGet(table))
            }
            Operator::TableSet { table } if needs.references => {
                self.helper(Helper::TableSet(table))
            }
            Operator::TableGrow { table } if needs.references => {
                self.helper(Helper::TableGrow(table));
            }
            Operator::TableFill { table } if needs.references => {
                self.helper(Helper::TableFill(table));
            }
            Operator::TableSize { table } if needs.references => {
                let size = self.ctx.table_size(table);
                self.sink().global_get(size);
            }
            Operator::TableCopy {
                dst_table,
                src_table,
            } if needs.references => self.helper(Helper::TableCopy(dst_table, src_table)),
            Operator::TableInit { elem_index, table } if needs.references => {
                self.helper(Helper::TableInit(elem_index, table));
            }
            Operator::ElemDrop { elem_index } if needs.references => {
                let length = self.ctx.element_length(elem_index);
                self.sink().i32_const(0).global_set(length);
            }
            // Nothing reads the segment.
            Operator::ElemDrop { .. } if needs.elements => {}
            _ if self.control.is_some() => return self.structure(op),
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                // Only a type that names references changes where nothing is nested anew.
                let ty = match blockty {
                    BlockType::Type(ty @ wasmparser::ValType::Ref(_)) if needs.references => {
                        wasm_encoder::BlockType::Result(self.ctx.value(ty)?)
                    }
                    BlockType::FuncType(index) if needs.references => self.ctx.block_type(index)?,
                    _ => return Ok(false),
                };
                match op {
                    Operator::Block { .. } => self.sink().block(ty),
                    Operator::Loop { .. } => self.sink().loop_(ty),
                    _ => self.sink().if_(ty),
                };
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn structure(&mut self, op: &Operator<'a>) -> Result<bool> {
        match op {
            Operator::Block { blockty } => self.open(Shape::Block, *blockty)?,
            Operator::Loop { blockty } => self.open(Shape::Loop, *blockty)?,
            Operator::If { blockty } => self.open(Shape::If, *blockty)?,
            Operator::Else => self.else_(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => self.br(*relative_depth),
            Operator::BrIf { relative_depth } => self.br_if(*relative_depth),
            Operator::BrTable { targets } => {
                let others: Vec<u32> = targets.targets().collect::<Result<_, _>>()?;
                self.br_table(&others, targets.default());
            }
            Operator::Return => self.return_(),
            Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. }
            | Operator::BrOnCast { .. }
            | Operator::BrOnCastFail { .. } => bail!(
                "typed references cannot be kept where several values or tail calls are lowered: \
                 the profile must have both or neither"
            ),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn moved(&self, local: u32) -> bool {
        self.added_params > 0 && local >= self.params
    }

    fn call(&mut self, func: u32) {
        let ty = self.ctx.module.func_types[func as usize];
        self.push_added(ty);
        let new = self.ctx.funcs[func as usize];
        self.sink().call(new);
        self.pop_results(ty);
    }

    fn call_indirect(&mut self, ty: u32, table: u32) {
        let table = self.before_call_indirect(ty, table);
        self.sink().call_indirect(table, ty);
        self.pop_results(ty);
    }

    /// Turns the index on the stack into that of the output, whose table this gives.
    fn before_call_indirect(&mut self, ty: u32, table: u32) -> u32 {
        if self.ctx.needs.references {
            self.helper(Helper::TableGet(table));
        } else if self.ctx.joined.is_some() {
            self.helper(Helper::Bound(table));
        }
        if self.ctx.multi.added_params(ty) > 0 {
            // They come below the index.
            let index = self.locals.take(ValType::I32);
            self.sink().local_set(index);
            self.push_added(ty);
            self.sink().local_get(index);
            self.locals.give_back(&[index]);
        }
        self.ctx.table(table)
    }

    /// Values for the parameters that keep types apart.
    fn push_added(&mut self, ty: u32) {
        for _ in 0..self.ctx.multi.added_params(ty) {
            self.sink().i32_const(0);
        }
    }

    /// All but the first result come in globals.
    fn pop_results(&mut self, ty: u32) {
        if !self.ctx.needs.multi_value {
            return;
        }
        for global in self.ctx.result_globals(ty) {
            self.sink().global_get(global);
        }
    }

    /// A jump to the start with other arguments and locals that are zero again.
    fn tail_call_of_itself(&mut self) {
        for param in (0..self.params).rev() {
            self.sink().local_set(param);
        }
        let mut local = self.params + self.added_params;
        for at in 0..self.declared.len() {
            let (count, ty) = self.declared[at];
            for _ in 0..count {
                let mut sink = self.sink();
                match ty {
                    ValType::I32 => sink.i32_const(0),
                    ValType::I64 => sink.i64_const(0),
                    ValType::F32 => sink.f32_const(wasm_encoder::Ieee32::new(0)),
                    ValType::F64 => sink.f64_const(wasm_encoder::Ieee64::new(0)),
                    ValType::V128 => sink.v128_const(0),
                    ValType::Ref(ty) => sink.ref_null(ty.heap_type),
                };
                sink.local_set(local);
                local += 1;
            }
        }
        self.restart();
    }
}
