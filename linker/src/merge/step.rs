//! What becomes of each instruction of a body.

use std::collections::BTreeMap;

use wasm_encoder::reencode::{self, Reencode, RoundtripReencoder};
use wasm_encoder::{Encode, InstructionSink};
use wasmparser::{BlockType, MemArgTarget, Operator, VisitOperator, VisitSimdOperator};

use crate::maps::index::{Callee, InstanceMap, MemoryOps};
use crate::memory::access::{self, Access, Scratch, touches};
use crate::plan::Plan;
use crate::plan::inline::{inline, local_of};
use crate::resolve::InstanceId;

/// What to do with an instruction of the input.
pub enum Action {
    /// Copy it if it has this length: the shortest encoding.
    Keep(usize),
    /// Write it anew with the general re-encoder.
    Slow,
    /// It was replaced by [`Step::written`].
    Written,
    /// It comes after [`Step::written`].
    Access,
    /// It is the constant 0; adding or subtracting it does nothing.
    Zero,
}

pub struct Step<'s, 'a> {
    pub plan: &'s Plan<'s, 's>,
    pub map: &'s InstanceMap,
    pub written: Vec<u8>,
    pub slow: Option<Operator<'a>>,
    pub scratch: Scratch,
    pub refused: Option<&'static str>,
    /// What the next access adds to its offset.
    pub folded: u32,
}

/// The length of an unsigned LEB128.
pub fn leb(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// The length of a signed LEB128.
fn sleb(value: i64) -> usize {
    let magnitude = if value < 0 { !value } else { value };
    (65 - magnitude.leading_zeros() as usize).div_ceil(7)
}

impl Step<'_, '_> {
    /// `opcode index`, copied when the index has not changed.
    fn indexed(&mut self, opcode: u8, old: u32, new: u32) -> Action {
        if old == new {
            return Action::Keep(1 + leb(new.into()));
        }
        self.written.push(opcode);
        new.encode(&mut self.written);
        Action::Written
    }

    fn call(&mut self, old: u32) -> Action {
        match self.map.callee(old) {
            Callee::Func(new) => return self.indexed(0x10, old, new),
            Callee::Inline(_, at) => self.inline(self.map.inlined(at)),
            Callee::I32Const(value) => {
                self.written.push(0x41);
                value.encode(&mut self.written);
            }
            Callee::Zero => return Action::Zero,
            Callee::GlobalGet(global) => {
                self.written.push(0x23);
                global.encode(&mut self.written);
            }
            Callee::GlobalSet(global) => {
                self.written.push(0x24);
                global.encode(&mut self.written);
            }
            Callee::GlobalPlus(global, add) => {
                InstructionSink::new(&mut self.written)
                    .global_get(global)
                    .i32_const(add)
                    .i32_add();
            }
            Callee::I64Const(value) => {
                self.written.push(0x42);
                value.encode(&mut self.written);
            }
            Callee::GlobalGetWide(global) => {
                InstructionSink::new(&mut self.written)
                    .global_get(global)
                    .i64_extend_i32_u();
            }
            Callee::MemoryBytes => {
                InstructionSink::new(&mut self.written)
                    .memory_size(0)
                    .i64_extend_i32_u()
                    .i64_const(16)
                    .i64_shl();
            }
            Callee::Unreachable => self.written.push(0x00),
            // It is in code that is left out ([`crate::fold`]); if it were not, this would be no valid module.
            Callee::Dead => {
                self.written.push(0x10);
                u32::MAX.encode(&mut self.written);
            }
        }
        Action::Written
    }

    /// Writes a function out; its arguments are on the stack.
    fn inline(&mut self, (id, index): (InstanceId, u32)) {
        let module = self.plan.program.module(self.plan.input, id);
        let inline = inline(module, index).expect("a planned function can be written out");
        let mut locals = BTreeMap::new();
        for (at, &ty) in inline.params.iter().enumerate().skip(inline.ready).rev() {
            let used = inline.code.iter().any(|op| local_of(op) == Some(at as u32));
            let mut code = InstructionSink::new(&mut self.written);
            if !used {
                code.drop();
                continue;
            }
            let ty = RoundtripReencoder.val_type(ty).expect("a type of numbers");
            let local = self.scratch.local(ty, access::Use::Param(at));
            code.local_set(local);
            locals.insert(at as u32, local);
        }
        for op in inline.code {
            let mut code = InstructionSink::new(&mut self.written);
            match op {
                Operator::LocalGet { local_index } => code.local_get(locals[&local_index]),
                Operator::LocalSet { local_index } => code.local_set(locals[&local_index]),
                Operator::LocalTee { local_index } => code.local_tee(locals[&local_index]),
                op => {
                    let op = RoundtripReencoder.instruction(op);
                    op.expect("an instruction on numbers")
                        .encode(&mut self.written);
                    continue;
                }
            };
        }
    }

    /// A load or store in a memory that is shared with other guests.
    fn access(&mut self, op: &Operator<'_>, arg: wasmparser::MemArg, access: &Access) -> Action {
        // A base that is known goes into the offset of the instruction.
        let mut access = *access;
        let (moved, base) = access.folded();
        if arg.offset + u64::from(base) <= u32::MAX.into() {
            self.folded = base;
            access = moved;
        }
        match touches(op) {
            Some(touched) => access::prepare(
                &mut InstructionSink::new(&mut self.written),
                |ty, purpose| self.scratch.local(ty, purpose),
                &access,
                arg.offset,
                touched,
            ),
            None => self.refused = Some("this memory instruction (atomics)"),
        }
        Action::Access
    }

    /// How the memory of a load or store is got at, when it is shared with other guests.
    #[inline]
    fn accessed(&self, arg: &wasmparser::MemArg) -> Option<Access> {
        match arg.target {
            MemArgTarget::Memory(memory) => self.map.memory(memory).access,
            _ => None,
        }
    }

    fn helper(&mut self, func: u32) -> Action {
        self.written.push(0x10);
        func.encode(&mut self.written);
        Action::Written
    }

    /// Called with a literal variant, so that everything but its own arm is compiled away.
    #[inline(always)]
    fn step(&mut self, op: &Operator<'_>) -> Action {
        match *op {
            Operator::Call { function_index } => self.call(function_index),
            Operator::CallIndirect {
                type_index,
                table_index,
            } => {
                self.written.push(0x11);
                self.map.ty(type_index).encode(&mut self.written);
                self.map.table(table_index).encode(&mut self.written);
                Action::Written
            }
            Operator::GlobalGet { global_index } => {
                let new = self.map.global(global_index);
                self.indexed(0x23, global_index, new)
            }
            Operator::GlobalSet { global_index } => {
                let new = self.map.global(global_index);
                self.indexed(0x24, global_index, new)
            }
            Operator::LocalGet { local_index }
            | Operator::LocalSet { local_index }
            | Operator::LocalTee { local_index } => Action::Keep(1 + leb(local_index.into())),
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                Action::Keep(1 + leb(relative_depth.into()))
            }
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                match blockty {
                    BlockType::Empty => Action::Keep(2),
                    _ => Action::Slow,
                }
            }
            Operator::I32Const { value } => Action::Keep(1 + sleb(value.into())),
            Operator::I64Const { value } => Action::Keep(1 + sleb(value)),
            Operator::F32Const { .. } => Action::Keep(5),
            Operator::F64Const { .. } => Action::Keep(9),
            Operator::MemorySize { mem } => match self.map.memory(mem).ops {
                MemoryOps::Plain => Action::Slow,
                MemoryOps::Fixed { pages } => {
                    InstructionSink::new(&mut self.written).i32_const(pages);
                    Action::Written
                }
                MemoryOps::Sliding { bytes, .. } => {
                    InstructionSink::new(&mut self.written)
                        .global_get(bytes)
                        .i32_const(16)
                        .i32_shr_u();
                    Action::Written
                }
            },
            Operator::MemoryGrow { mem } => match self.map.memory(mem).ops {
                MemoryOps::Sliding { grow, .. } => self.helper(grow),
                MemoryOps::Fixed { pages } => {
                    // Nothing more is the only growth there is.
                    InstructionSink::new(&mut self.written)
                        .if_(wasm_encoder::BlockType::Result(wasm_encoder::ValType::I32))
                        .i32_const(-1)
                        .else_()
                        .i32_const(pages)
                        .end();
                    Action::Written
                }
                MemoryOps::Plain => Action::Slow,
            },
            Operator::MemoryCopy { dst_mem, src_mem } => {
                match self.map.memory_copy(dst_mem, src_mem) {
                    Some(func) => self.helper(func),
                    None => {
                        let accesses = [dst_mem, src_mem].map(|mem| self.map.memory(mem).access);
                        if accesses.iter().all(Option::is_none) {
                            return Action::Slow;
                        }
                        // Between the memory that is cut into regions and another.
                        access::prepare_copy(
                            &mut InstructionSink::new(&mut self.written),
                            |ty, purpose| self.scratch.local(ty, purpose),
                            accesses,
                        );
                        Action::Access
                    }
                }
            }
            Operator::MemoryFill { mem } => match self.map.memory(mem).fill {
                Some(func) => self.helper(func),
                None => Action::Slow,
            },
            Operator::MemoryInit { mem, .. } => match self.map.memory(mem).access {
                Some(access) => {
                    access::prepare_init(
                        &mut InstructionSink::new(&mut self.written),
                        |ty, purpose| self.scratch.local(ty, purpose),
                        &access,
                    );
                    Action::Access
                }
                None => Action::Slow,
            },
            Operator::BrTable { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::RefFunc { .. }
            | Operator::RefNull { .. }
            | Operator::TypedSelect { .. }
            | Operator::TypedSelectMulti { .. }
            | Operator::TableGet { .. }
            | Operator::TableSet { .. }
            | Operator::TableGrow { .. }
            | Operator::TableSize { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
            | Operator::ElemDrop { .. }
            | Operator::DataDrop { .. }
            | Operator::Try { .. }
            | Operator::Catch { .. }
            | Operator::Throw { .. }
            | Operator::Rethrow { .. }
            | Operator::Delegate { .. }
            | Operator::TryTable { .. } => Action::Slow,
            _ => Action::Keep(1),
        }
    }
}

/// What becomes of a memory access, when the operator has a `memarg`.
macro_rules! visit_memarg {
    ($step:ident $op:ident memarg $value:ident) => {
        if let Some(access) = $step.accessed(&$value) {
            let action = $step.access(&$op, $value, &access);
            $step.slow = Some($op);
            return action;
        }
        if $value.target == MemArgTarget::Memory(0)
            && $value.ordering.is_none()
            && $step.map.memory(0).index == 0
        {
            return Action::Keep(1 + leb($value.align.into()) + leb($value.offset));
        }
    };
    ($step:ident $op:ident $other:ident $value:ident) => {};
}

macro_rules! define_visit {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(
            #[inline]
            #[allow(unused_variables)]
            fn $visit(&mut self $($(, $arg: $argty)*)?) -> Action {
                let op = Operator::$op $({ $($arg: $arg.clone()),* })?;
                $($(visit_memarg!(self op $arg $arg);)*)?
                let action = self.step(&op);
                if matches!(action, Action::Slow | Action::Access) {
                    self.slow = Some(op);
                }
                action
            }
        )*
    };
}

macro_rules! visit_memarg_simd {
    ($step:ident $op:ident memarg $value:ident) => {
        if let Some(access) = $step.accessed(&$value) {
            let action = $step.access(&$op, $value, &access);
            $step.slow = Some($op);
            return action;
        }
    };
    ($step:ident $op:ident $other:ident $value:ident) => {};
}

macro_rules! define_visit_simd {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(
            fn $visit(&mut self $($(, $arg: $argty)*)?) -> Action {
                let op = Operator::$op $({ $($arg: $arg.clone()),* })?;
                $($(visit_memarg_simd!(self op $arg $arg);)*)?
                self.slow = Some(op);
                Action::Slow
            }
        )*
    };
}

#[allow(clippy::clone_on_copy)]
impl<'a> VisitOperator<'a> for Step<'_, 'a> {
    type Output = Action;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Action>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(define_visit);
}

#[allow(clippy::clone_on_copy, unused_variables)]
impl<'a> VisitSimdOperator<'a> for Step<'_, 'a> {
    wasmparser::for_each_visit_simd_operator!(define_visit_simd);
}

/// The general re-encoder with the index maps of one instance.
pub struct Remap<'m> {
    pub map: &'m InstanceMap,
    /// What is added to the offset of a memory access.
    pub moved: u64,
}

impl Reencode for Remap<'_> {
    type Error = &'static str;

    fn function_index(&mut self, func: u32) -> Result<u32, reencode::Error<&'static str>> {
        match self.map.callee(func) {
            Callee::Func(index) | Callee::Inline(index, _) => Ok(index),
            _ => Err(reencode::Error::UserError(
                "a built-in of the linker can only be called",
            )),
        }
    }

    fn type_index(&mut self, ty: u32) -> Result<u32, reencode::Error<&'static str>> {
        Ok(self.map.ty(ty))
    }

    fn table_index(&mut self, table: u32) -> Result<u32, reencode::Error<&'static str>> {
        Ok(self.map.table(table))
    }

    fn mem_arg(
        &mut self,
        arg: wasmparser::MemArg,
    ) -> Result<wasm_encoder::MemArg, reencode::Error<&'static str>> {
        let mut arg = reencode::utils::mem_arg(self, arg)?;
        arg.offset += self.moved;
        Ok(arg)
    }

    fn memory_index(&mut self, memory: u32) -> Result<u32, reencode::Error<&'static str>> {
        Ok(self.map.memory(memory).index)
    }

    fn global_index(&mut self, global: u32) -> Result<u32, reencode::Error<&'static str>> {
        Ok(self.map.global(global))
    }

    fn data_index(&mut self, data: u32) -> Result<u32, reencode::Error<&'static str>> {
        Ok(self.map.data(data))
    }

    fn element_index(&mut self, element: u32) -> Result<u32, reencode::Error<&'static str>> {
        Ok(self.map.element(element))
    }

    fn tag_index(&mut self, tag: u32) -> Result<u32, reencode::Error<&'static str>> {
        Ok(self.map.tag(tag))
    }
}
