//! The calls of a body at which it can be taken off the stack, and how blocks lie around them.

use std::ops::Range;

use anyhow::{Result, bail};
use wasmparser::{BlockType, Operator};

use super::super::flow::Flow;
use super::reach::Reach;
use crate::parse::module::Module;

/// A part of a body between the beginning of a block, or its `else`, and the end of that: an *arm*.
#[derive(Debug, Default)]
pub struct Arm {
    /// The numbers of the calls, for each place of this arm: a call itself, or a block with calls inside.
    pub places: Vec<Range<u32>>,
    /// Whether nothing stands before the first of them: it needs no way to it.
    pub leads: bool,
    /// Whether an instruction was seen that is not the beginning of the first place.
    seen: bool,
    has_params: bool,
}

impl Arm {
    /// The first arm of a block: its parameters lie on the stack at the beginning.
    fn with_params(module: &Module<'_>, op: &Operator<'_>) -> Arm {
        let has_params = match op {
            Operator::Block {
                blockty: BlockType::FuncType(ty),
            }
            | Operator::Loop {
                blockty: BlockType::FuncType(ty),
            }
            | Operator::If {
                blockty: BlockType::FuncType(ty),
            } => !module.types[*ty as usize].params().is_empty(),
            _ => false,
        };
        Arm {
            seen: has_params,
            has_params,
            ..Arm::default()
        }
    }
}

/// The arms and blocks of a body in the order in which they are opened. The first arm is the body itself.
#[derive(Debug, Default)]
pub struct Places {
    pub arms: Vec<Arm>,
    /// For each block whether it has a call inside.
    pub blocks: Vec<bool>,
    /// How many calls there are.
    pub calls: u32,
    /// When each local may have a value at first, and is read at last: by the number of the call that comes next. In
    /// a loop that is all of the outermost loop.
    spans: Vec<(u32, u32)>,
}

/// A local that nothing has written, or read.
const NEVER: u32 = u32::MAX;

struct Open {
    /// Whether nothing stands before it in its arm.
    leads: bool,
    arm: usize,
    block: usize,
    first: u32,
}

impl Places {
    /// Finds them.
    ///
    /// # Errors
    ///
    /// Fails for a body with exceptions.
    pub fn of(
        module: &Module<'_>,
        reach: &Reach,
        defined: usize,
        (params, locals): (usize, usize),
    ) -> Result<Places> {
        let mut places = Places {
            spans: vec![(NEVER, 0); locals],
            ..Places::default()
        };
        places.spans[..params].fill((0, 0));
        // The first call of the outermost loop around, how many blocks are open in it, and what it reads.
        let mut outer: Option<(u32, usize)> = None;
        let mut read: Vec<u32> = Vec::new();
        places.arms.push(Arm::default());
        let mut open: Vec<Open> = Vec::new();
        let mut arm = 0;
        let mut flow = Flow::default();
        let mut ops = module.body(defined).get_operators_reader()?;
        while !ops.eof() {
            let op = ops.read()?;
            if flow.skips(&op) {
                continue;
            }
            if matches!(op, Operator::Loop { .. }) && outer.is_none() {
                outer = Some((places.calls, open.len()));
            }
            let now = outer.map_or(places.calls, |(first, _)| first);
            if let Operator::LocalSet { local_index } | Operator::LocalTee { local_index } = op {
                let first = &mut places.spans[local_index as usize].0;
                *first = now.min(*first);
            }
            if let Operator::LocalGet { local_index } = op {
                let last = &mut places.spans[local_index as usize].1;
                *last = places.calls.max(*last);
                if outer.is_some() {
                    read.push(local_index);
                }
            }
            match op {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                    let leads = !places.arms[arm].seen && !matches!(op, Operator::If { .. });
                    places.arms[arm].seen = true;
                    open.push(Open {
                        leads,
                        arm,
                        block: places.blocks.len(),
                        first: places.calls,
                    });
                    places.blocks.push(false);
                    arm = places.arms.len();
                    places.arms.push(Arm::with_params(module, &op));
                }
                Operator::Else => {
                    let seen = places.arms[arm].has_params;
                    arm = places.arms.len();
                    places.arms.push(Arm {
                        seen,
                        ..Arm::default()
                    });
                }
                Operator::End => {
                    if let Some(block) = open.pop() {
                        arm = block.arm;
                        if places.calls > block.first {
                            places.blocks[block.block] = true;
                            let first = places.arms[arm].places.is_empty();
                            places.arms[arm].leads |= first && block.leads;
                            places.arms[arm].places.push(block.first..places.calls);
                        }
                    }
                    if outer.is_some_and(|(_, depth)| depth == open.len()) {
                        outer = None;
                        for local in read.drain(..) {
                            places.spans[local as usize].1 = places.calls;
                        }
                    }
                }
                Operator::Try { .. } | Operator::TryTable { .. } => bail!(
                    "a function that may wait catches exceptions, which is not supported with --stacks switch: leave the option \
                     out, or take a profile without exceptions"
                ),
                _ => {
                    let of = &mut places.arms[arm];
                    if reach.is_place(module, &op) {
                        let call = places.calls;
                        of.leads |= of.places.is_empty() && !of.seen;
                        of.places.push(call..call + 1);
                        places.calls += 1;
                    }
                    of.seen = true;
                }
            }
            flow.after(&op);
        }
        Ok(places)
    }

    /// Whether a local can have a value at a call that is read behind it.
    pub fn is_held(&self, local: u32) -> bool {
        let (first, last) = self.spans[local as usize];
        first < last
    }
}

impl Reach {
    /// Whether the function can be taken off the stack at an instruction.
    pub fn is_place(&self, module: &Module<'_>, op: &Operator<'_>) -> bool {
        match *op {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                self.is_call(function_index)
            }
            Operator::CallIndirect {
                type_index,
                table_index,
            }
            | Operator::ReturnCallIndirect {
                type_index,
                table_index,
            } => self.is_indirect(module, table_index, type_index),
            _ => false,
        }
    }
}
