//! One body without exceptions.
//!
//! A `try` becomes two blocks: what is thrown inside goes to the end of the inner one, where the clauses
//! are compared in order; the outer one has its label. Operands that are on the stack where a branch
//! leaves a block are dropped by the branch.

use anyhow::{Result, anyhow, bail};
use wasm_encoder::{BlockType as Native, InstructionSink, ValType};
use wasmparser::{
    Catch, FuncToValidate, FuncValidator, Operator, OperatorsReader, ValidatorResources,
};

use super::super::flow::Flow;
use super::super::locals::Locals;
use super::layout::{Helper, Layout};
use super::scan::{Scan, has_exn, is_exn};
use super::tags::TagSet;
use crate::debug::address::Points;
use crate::features::FeatureSet;
use crate::limits;
use crate::lower::pass::zero;
use crate::parse::scan::Ref;

/// A block of the input.
pub struct Frame {
    /// The blocks of the output around what a branch to it reaches, itself among them.
    pub label: u32,
    /// The region that the current part of it is in.
    pub region: u32,
    pub kind: Kind,
}

pub enum Kind {
    /// One block of the output.
    Plain,
    /// `try_table`, with where its clauses branch to.
    Table { own: u32, labels: Vec<u32> },
    /// `try` of the earlier proposal.
    Try(Try),
}

pub struct Try {
    pub own: u32,
    /// How many clauses there were.
    pub clauses: usize,
    /// What no clause has caught so far.
    pub rest: TagSet,
    /// Whether the inner block has ended.
    pub dispatches: bool,
    /// Whether the current clause is in an `if`.
    pub in_if: bool,
    /// What a `rethrow` of the current clause throws.
    pub kept: Option<Kept>,
    /// The locals that are free again at its end.
    pub locals: Vec<u32>,
}

/// What was caught, for a `rethrow`.
pub struct Kept {
    pub tag: KeptTag,
    /// The places of the values, each with its local.
    pub values: Vec<(usize, u32)>,
}

pub enum KeptTag {
    Known(u32),
    Local(u32),
}

/// The state of one body.
pub struct Rewrite<'l, 'm, 'a> {
    pub layout: &'l Layout<'m, 'a>,
    pub scan: &'l Scan,
    /// What comes to the handler of each region.
    pub sets: Vec<TagSet>,
    /// What `throw_ref` throws.
    thrown_refs: TagSet,
    pub code: Vec<u8>,
    done: Vec<u8>,
    points: Option<Points>,
    start: usize,
    pub locals: Locals,
    /// Where each local of the input is, if any has moved.
    moved: Option<Vec<(u32, bool)>>,
    pub frames: Vec<Frame>,
    /// How many blocks of the output are open.
    pub height: u32,
    /// For each region the height of the block whose end is its handler.
    pub handlers: Vec<u32>,
    pub next_region: u32,
    pub flow: Flow,
    /// Whether the body is in a block whose end is where exceptions leave the function.
    wrapped: bool,
    /// Whether it turned out that it has to be.
    wants_exit: bool,
    /// Whether the function has results.
    gives_results: bool,
    types: Option<FuncValidator<ValidatorResources>>,
}

/// Whether the `defined`th function of the code section has to be rewritten.
pub fn changes(layout: &Layout<'_, '_>, exceptions: FeatureSet, defined: usize) -> bool {
    let module = layout.module;
    let refs = &module.refs;
    let func = module.imported_func_count() + defined as u32;
    let scan = &layout.scans[defined];
    let sees = |ty: u32| has_exn(&module.types[ty as usize]);
    let mut regions = scan.regions.iter();
    refs.features(defined).has_any(exceptions)
        || sees(module.func_types[func as usize])
        || refs.of(defined).any(|reference| match reference {
            Ref::Func(callee) => sees(module.func_types[callee as usize]),
            Ref::Type(ty) => sees(ty),
            Ref::Global(global) => layout.split.contains_key(&global),
            _ => false,
        })
        || regions.any(|region| {
            let calls = region.calls.iter();
            let types = region.types.iter();
            calls
                .map(|func| layout.escapes.of(*func))
                .any(|set| !set.is_empty())
                || types
                    .map(|ty| layout.escapes.of_type(*ty))
                    .any(|set| !set.is_empty())
        })
}

/// Writes the body of the `defined`th function of the code section, without its size. `types` is what
/// validates it. Gives where its instructions went, if `dwarf` asks for that.
pub fn body(
    layout: &Layout<'_, '_>,
    defined: usize,
    types: Option<&FuncToValidate<ValidatorResources>>,
    dwarf: bool,
    out: &mut Vec<u8>,
) -> Result<Points> {
    let sets = layout.escapes.of_regions(&layout.scans[defined]);
    match attempt(layout, defined, types, dwarf, &sets, false, out)? {
        Some(points) => Ok(points),
        None => Ok(attempt(layout, defined, types, dwarf, &sets, true, out)?.unwrap_or_default()),
    }
}

/// Nothing where exceptions have to leave by a block that is not there.
fn attempt(
    layout: &Layout<'_, '_>,
    defined: usize,
    types: Option<&FuncToValidate<ValidatorResources>>,
    dwarf: bool,
    sets: &[TagSet],
    wrapped: bool,
    out: &mut Vec<u8>,
) -> Result<Option<Points>> {
    let module = layout.module;
    let func = module.imported_func_count() + defined as u32;
    let type_index = module.func_types[func as usize];
    let input = module.body(defined);
    let mut params: Vec<wasmparser::ValType> = module.func_type(func).params().to_vec();
    let added = layout.added(type_index);

    // Where the locals of the input go.
    let lanes = layout.lanes.len() as u32;
    let mut moved: Vec<(u32, bool)> = Vec::new();
    let mut next = 0;
    for ty in params.drain(..) {
        moved.push((next, is_exn(ty)));
        next += if is_exn(ty) { lanes } else { 1 };
    }
    next += added;
    let mut shifts = added > 0 || moved.iter().any(|(_, exn)| *exn);
    let mut declared: Vec<(u32, ValType)> = Vec::new();
    let mut reader = input.get_locals_reader()?;
    let mut runs = Vec::new();
    for _ in 0..reader.get_count() {
        let (count, ty) = reader.read()?;
        shifts |= is_exn(ty);
        runs.push((count, ty));
    }
    for (count, ty) in runs {
        let exn = is_exn(ty);
        let each = if exn { lanes } else { 1 };
        limits::body(0, next as usize + count as usize * each as usize)?;
        if shifts {
            moved.extend((0..count).map(|at| (next + at * each, exn)));
        }
        next += count * each;
        match (exn, lanes) {
            (true, 2..) => {
                for _ in 0..count {
                    declared.extend(layout.lanes.iter().map(|ty| (1, *ty)));
                }
            }
            _ => declared.push((count, layout.values(&[ty])?[0])),
        }
    }

    let scan = &layout.scans[defined];
    let mut handlers = vec![0; scan.regions.len()];
    handlers[0] = u32::from(wrapped);
    let ops = reader.get_binary_reader();
    let types = match types {
        Some(types) if scan.needs_types || scan.drops && !layout.narrow => {
            let types = FuncToValidate {
                resources: types.resources.clone(),
                ..*types
            };
            let mut types = types.into_validator(Default::default());
            types.read_locals(&mut input.get_binary_reader())?;
            Some(types)
        }
        _ => None,
    };
    let mut rewrite = Rewrite {
        layout,
        scan,
        sets: sets.to_vec(),
        thrown_refs: layout.escapes.thrown_refs(scan, sets),
        code: Vec::new(),
        done: Vec::with_capacity(input.as_bytes().len()),
        points: dwarf.then(Points::new),
        start: module.bodies[defined].start,
        locals: Locals::new(next),
        moved: shifts.then_some(moved),
        frames: vec![Frame {
            label: 0,
            region: 0,
            kind: Kind::Plain,
        }],
        height: u32::from(wrapped),
        handlers,
        next_region: 1,
        flow: Flow::default(),
        wrapped,
        wants_exit: false,
        gives_results: !module.func_type(func).results().is_empty(),
        types,
    };
    if wrapped {
        rewrite.sink().block(Native::Empty);
        rewrite.done.append(&mut rewrite.code);
    }
    let results = layout.types[type_index as usize].results().to_vec();
    rewrite.stream(
        OperatorsReader::new(ops),
        module.bodies[defined].end,
        &results,
    )?;
    if rewrite.wants_exit && !wrapped {
        return Ok(None);
    }
    limits::body(rewrite.done.len(), rewrite.locals.count())?;
    rewrite.locals.declare(&declared, out);
    let mut points = rewrite.points.take().unwrap_or_default();
    for (_, new) in &mut points {
        *new += out.len() as u32;
    }
    out.append(&mut rewrite.done);
    Ok(Some(points))
}

/// How many instructions between a call and the end of the function are looked at.
const UNSEEN: usize = 8;

/// Whether an instruction changes nothing but the stack, and never traps.
fn is_unseen(op: &Operator<'_>) -> bool {
    matches!(
        op,
        Operator::LocalGet { .. }
            | Operator::GlobalGet { .. }
            | Operator::I32Const { .. }
            | Operator::I64Const { .. }
            | Operator::F32Const { .. }
            | Operator::F64Const { .. }
            | Operator::Drop
            | Operator::I32Eqz
            | Operator::I32Eq
            | Operator::I32Ne
            | Operator::I32Add
            | Operator::I32Sub
            | Operator::I32Mul
            | Operator::I32And
            | Operator::I32Or
            | Operator::I32Xor
            | Operator::I32Shl
            | Operator::I32ShrS
            | Operator::I32ShrU
            | Operator::I32WrapI64
            | Operator::I64ExtendI32S
            | Operator::I64ExtendI32U
            | Operator::I64Eqz
            | Operator::I64Add
            | Operator::I64Sub
            | Operator::I64And
            | Operator::I64Or
            | Operator::F32Add
            | Operator::F64Add
            | Operator::F64Mul
    )
}

impl<'a> Rewrite<'_, '_, 'a> {
    pub fn sink(&mut self) -> InstructionSink<'_> {
        InstructionSink::new(&mut self.code)
    }

    fn stream(
        &mut self,
        mut ops: OperatorsReader<'a>,
        end: usize,
        results: &[ValType],
    ) -> Result<()> {
        let bytes = self.layout.module.bytes;
        // The instructions from here on are still to be copied.
        let mut run = ops.original_position() as usize;
        self.note(run);
        while !ops.eof() {
            let start = ops.original_position() as usize;
            let op = ops.read()?;
            let behind = ops.original_position() as usize;
            let replaced = match self.flow.skips(&op) {
                true => {
                    if matches!(op, Operator::Try { .. } | Operator::TryTable { .. }) {
                        self.next_region += 1;
                    }
                    true
                }
                false => {
                    let replaced = self.operator(&op, &ops, results)?;
                    self.flow.after(&op);
                    replaced
                }
            };
            if let Some(types) = &mut self.types {
                types.op(start as u64, &op)?;
            }
            if self.wants_exit && !self.wrapped {
                return Ok(());
            }
            if replaced {
                self.done.extend_from_slice(&bytes[run..start]);
                self.note(start);
                self.done.append(&mut self.code);
                run = behind;
                self.note(run);
                limits::body(self.done.len(), self.locals.count())?;
            } else if !self.code.is_empty() {
                // What comes behind an instruction that stays.
                self.done.extend_from_slice(&bytes[run..behind]);
                self.done.append(&mut self.code);
                run = behind;
                self.note(run);
            }
        }
        self.done.extend_from_slice(&bytes[run..end]);
        Ok(())
    }

    /// Notes that the instruction at `old` of the input comes next in the output.
    fn note(&mut self, old: usize) {
        if let Some(points) = &mut self.points {
            points.push(((old - self.start) as u32, self.done.len() as u32));
        }
    }

    /// Writes what `op` becomes; false when it stays as it is, with what was written behind it.
    fn operator(
        &mut self,
        op: &Operator<'a>,
        next: &OperatorsReader<'a>,
        results: &[ValType],
    ) -> Result<bool> {
        let layout = self.layout;
        match *op {
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                self.height += 1;
                let region = self.region();
                self.frames.push(Frame {
                    label: self.height,
                    region,
                    kind: Kind::Plain,
                });
                if !layout.changes_block(blockty) {
                    return Ok(false);
                }
                let ty = layout.block(blockty)?;
                match op {
                    Operator::Block { .. } => self.sink().block(ty),
                    Operator::Loop { .. } => self.sink().loop_(ty),
                    _ => self.sink().if_(ty),
                };
            }
            Operator::TryTable { ref try_table } => {
                let labels = try_table.catches.iter().map(|catch| match *catch {
                    Catch::One { label, .. }
                    | Catch::OneRef { label, .. }
                    | Catch::All { label }
                    | Catch::AllRef { label } => label,
                });
                let labels = labels.collect();
                self.open(try_table.ty, |own| Kind::Table { own, labels })?;
            }
            Operator::Try { blockty } => {
                let rest = self.sets[self.next_region as usize];
                self.open(blockty, |own| {
                    Kind::Try(Try {
                        own,
                        clauses: 0,
                        rest,
                        dispatches: false,
                        in_if: false,
                        kept: None,
                        locals: Vec::new(),
                    })
                })?;
            }
            Operator::Catch { tag_index } => self.catch(Some(tag_index))?,
            Operator::CatchAll => self.catch(None)?,
            Operator::Delegate { .. } => {
                self.frames.pop();
                self.height -= 1;
                self.sink().end();
            }
            Operator::End => return self.end(results),
            Operator::Br { relative_depth } => {
                let depth = self.depth(relative_depth)?;
                if depth == relative_depth {
                    return Ok(false);
                }
                self.sink().br(depth);
            }
            Operator::BrIf { relative_depth } => {
                let depth = self.depth(relative_depth)?;
                if depth == relative_depth {
                    return Ok(false);
                }
                self.sink().br_if(depth);
            }
            Operator::BrTable { ref targets } => {
                let others: Vec<u32> = targets
                    .targets()
                    .map(|target| self.depth(target?))
                    .collect::<Result<_>>()?;
                let default = self.depth(targets.default())?;
                self.sink().br_table(others, default);
            }
            Operator::BrOnNull { relative_depth } | Operator::BrOnNonNull { relative_depth } => {
                if self.top().is_some_and(is_exn) {
                    bail!(
                        "a branch on a reference to an exception cannot be lowered: test it with \
                         ref.is_null"
                    );
                }
                let depth = self.depth(relative_depth)?;
                match op {
                    Operator::BrOnNull { .. } => self.sink().br_on_null(depth),
                    _ => self.sink().br_on_non_null(depth),
                };
            }
            Operator::BrOnCast { .. } | Operator::BrOnCastFail { .. } => {
                bail!("casts of references cannot be kept where exceptions are lowered")
            }
            Operator::Throw { tag_index } => {
                layout.set_values(tag_index, &mut self.sink());
                self.sink()
                    .i32_const(tag_index as i32 + 1)
                    .global_set(layout.pending);
                self.leave();
            }
            Operator::ThrowRef => {
                self.call_helper(Helper::Raise)?;
                match self.thrown_refs.is_empty() {
                    // There is nothing but null.
                    true => drop(self.sink().unreachable()),
                    false => self.leave(),
                }
            }
            Operator::Rethrow { relative_depth } => self.rethrow(relative_depth)?,
            Operator::Call { function_index } => {
                let added = layout.added(layout.module.func_types[function_index as usize]);
                if added > 0 {
                    self.push_added(added);
                    self.sink().call(function_index);
                }
                self.test(layout.escapes.of(function_index), next)?;
                return Ok(added > 0);
            }
            Operator::CallIndirect {
                type_index,
                table_index,
            } => {
                let added = layout.added(type_index);
                if added > 0 {
                    self.push_below_index(added);
                    self.sink().call_indirect(table_index, type_index);
                }
                self.test(layout.escapes.of_type(type_index), next)?;
                return Ok(added > 0);
            }
            Operator::CallRef { type_index } => {
                self.keeps_params(type_index)?;
                self.test(layout.escapes.of_type(type_index), next)?;
                return Ok(false);
            }
            Operator::ReturnCall { function_index } => {
                let added = layout.added(layout.module.func_types[function_index as usize]);
                if added == 0 {
                    return Ok(false);
                }
                self.push_added(added);
                self.sink().return_call(function_index);
            }
            Operator::ReturnCallIndirect {
                type_index,
                table_index,
            } => {
                let added = layout.added(type_index);
                if added == 0 {
                    return Ok(false);
                }
                self.push_below_index(added);
                self.sink().return_call_indirect(table_index, type_index);
            }
            Operator::ReturnCallRef { type_index } => {
                self.keeps_params(type_index)?;
                return Ok(false);
            }
            Operator::LocalGet { local_index } => {
                let Some(locals) = self.local(local_index) else {
                    return Ok(false);
                };
                self.get_all(&locals);
            }
            Operator::LocalSet { local_index } => {
                let Some(locals) = self.local(local_index) else {
                    return Ok(false);
                };
                self.set_all(&locals);
            }
            Operator::LocalTee { local_index } => {
                let Some(locals) = self.local(local_index) else {
                    return Ok(false);
                };
                match locals[..] {
                    [only] => drop(self.sink().local_tee(only)),
                    _ => {
                        self.set_all(&locals);
                        self.get_all(&locals);
                    }
                }
            }
            Operator::GlobalGet { global_index } if layout.split.contains_key(&global_index) => {
                for lane in layout.global_lanes(global_index) {
                    self.sink().global_get(lane);
                }
            }
            Operator::GlobalSet { global_index } if layout.split.contains_key(&global_index) => {
                for lane in layout.global_lanes(global_index).into_iter().rev() {
                    self.sink().global_set(lane);
                }
            }
            Operator::RefNull { hty } if crate::features::is_exception(hty) => {
                for &lane in &layout.lanes {
                    zero(lane, &mut self.sink());
                }
            }
            Operator::RefIsNull if self.top().is_some_and(is_exn) => {
                self.is_null();
            }
            Operator::RefAsNonNull if self.top().is_some_and(is_exn) => {
                let locals = self.stash();
                self.get_all(&locals);
                self.is_null();
                self.sink().if_(Native::Empty).unreachable().end();
                self.get_all(&locals);
                self.locals.give_back(&locals);
            }
            Operator::Drop if !layout.narrow && self.top().is_some_and(is_exn) => {
                for _ in &layout.lanes {
                    self.sink().drop();
                }
            }
            Operator::TypedSelect { ty } if is_exn(ty) => self.select(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub fn region(&self) -> u32 {
        self.frames.last().map_or(0, |frame| frame.region)
    }

    /// The type of the value on the stack.
    fn top(&self) -> Option<wasmparser::ValType> {
        self.types.as_ref()?.get_operand_type(0).flatten()
    }

    /// The depth of a label in the output.
    pub fn depth(&self, depth: u32) -> Result<u32> {
        let at = self.frames.len().checked_sub(1 + depth as usize);
        let frame = at.and_then(|at| self.frames.get(at));
        Ok(self.height
            - frame
                .ok_or_else(|| anyhow!("there is no label {depth}"))?
                .label)
    }

    /// The region whose handler gets what is thrown here.
    fn handler(&self) -> u32 {
        let mut region = self.region();
        while region > 0 && self.handlers[region as usize] == 0 {
            region = self.scan.regions[region as usize].outer;
        }
        region
    }

    /// The depth of that handler.
    fn handler_depth(&mut self, region: u32) -> u32 {
        self.wants_exit |= region == 0 && self.gives_results;
        self.height - self.handlers[region as usize]
    }

    /// Goes to where exceptions from here are handled: one is on its way.
    pub fn leave(&mut self) {
        let handler = self.handler();
        let depth = self.handler_depth(handler);
        self.sink().br(depth);
    }

    /// Tests whether a call that may throw `set` has thrown.
    fn test(&mut self, set: TagSet, next: &OperatorsReader<'a>) -> Result<()> {
        if set.is_empty() {
            return Ok(());
        }
        let handler = self.handler();
        if handler == 0 {
            // What is behind the call leaves the function whether it has thrown or not, and does nothing
            // before that which could be seen.
            let mut next = next.clone();
            for _ in 0..UNSEEN {
                match next.read()? {
                    Operator::Return => return Ok(()),
                    Operator::End if self.frames.len() == 1 => return Ok(()),
                    op if is_unseen(&op) => {}
                    _ => break,
                }
            }
        }
        let depth = self.handler_depth(handler);
        let pending = self.layout.pending;
        self.sink().global_get(pending).br_if(depth);
        Ok(())
    }

    pub fn call_helper(&mut self, helper: Helper) -> Result<()> {
        let index = self.layout.helper_index(helper);
        let index = index.ok_or_else(|| anyhow!("a helper is called that was not foreseen"))?;
        self.sink().call(index);
        Ok(())
    }

    /// Values for the parameters that keep types apart.
    fn push_added(&mut self, added: u32) {
        for _ in 0..added {
            self.sink().i32_const(0);
        }
    }

    /// The same, below the index of an indirect call.
    fn push_below_index(&mut self, added: u32) {
        let index = self.locals.take(ValType::I32);
        self.sink().local_set(index);
        self.push_added(added);
        self.sink().local_get(index);
        self.locals.give_back(&[index]);
    }

    /// Nothing can come below the reference of such a call.
    fn keeps_params(&self, ty: u32) -> Result<()> {
        if self.layout.added(ty) > 0 {
            bail!(
                "a call of a reference to a function that takes or gives references to exceptions \
                 cannot be lowered"
            );
        }
        Ok(())
    }

    /// Where a local of the input is, if any has moved.
    fn local(&self, local: u32) -> Option<Vec<u32>> {
        let (first, exn) = self.moved.as_ref()?[local as usize];
        let lanes = match exn {
            true => self.layout.lanes.len() as u32,
            false => 1,
        };
        Some((first..first + lanes).collect())
    }

    fn get_all(&mut self, locals: &[u32]) {
        for &local in locals {
            self.sink().local_get(local);
        }
    }

    fn set_all(&mut self, locals: &[u32]) {
        for &local in locals.iter().rev() {
            self.sink().local_set(local);
        }
    }

    /// Puts the reference on the stack into locals.
    fn stash(&mut self) -> Vec<u32> {
        let lanes = &self.layout.lanes;
        let locals: Vec<u32> = lanes.iter().map(|ty| self.locals.take(*ty)).collect();
        self.set_all(&locals);
        locals
    }

    /// Writes whether the reference on the stack is null.
    fn is_null(&mut self) {
        match self.layout.narrow {
            true => drop(self.sink().i64_eqz()),
            false => {
                for _ in 1..self.layout.lanes.len() {
                    self.sink().drop();
                }
                self.sink().i32_eqz();
            }
        }
    }

    /// `select` of two references.
    fn select(&mut self) {
        if self.layout.narrow {
            self.sink().select();
            return;
        }
        let condition = self.locals.take(ValType::I32);
        self.sink().local_set(condition);
        let second = self.stash();
        let first = self.stash();
        for ((&one, &other), &ty) in first.iter().zip(&second).zip(&self.layout.lanes.clone()) {
            self.sink()
                .local_get(one)
                .local_get(other)
                .local_get(condition);
            match ty {
                ValType::Ref(_) => self.sink().typed_select(ty),
                _ => self.sink().select(),
            };
        }
        for locals in [&first, &second, &vec![condition]] {
            self.locals.give_back(locals);
        }
    }

    /// The end of the function.
    fn end_function(&mut self, results: &[ValType]) -> Result<bool> {
        if !self.wrapped {
            return Ok(false);
        }
        if self.flow.falls_through() {
            self.sink().return_();
        }
        self.sink().end();
        for &result in results {
            if !zero(result, &mut self.sink()) {
                bail!(
                    "the function gives a reference that cannot be null, so there is nothing that it \
                     could give when it throws"
                );
            }
        }
        self.sink().end();
        Ok(true)
    }

    /// The end of a block.
    fn end(&mut self, results: &[ValType]) -> Result<bool> {
        let Some(frame) = self.frames.pop() else {
            bail!("a block ends that was not opened");
        };
        if self.frames.is_empty() {
            return self.end_function(results);
        }
        match frame.kind {
            Kind::Plain => {
                self.height -= 1;
                return Ok(false);
            }
            Kind::Table { own, labels } => self.end_table(own, &labels)?,
            Kind::Try(ended) => self.end_try(ended),
        }
        self.height -= 1;
        self.sink().end();
        Ok(true)
    }
}
