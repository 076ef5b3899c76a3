//! The calls of a body at which it can be taken off the stack, and how blocks lie around them.

use std::ops::Range;

use anyhow::{Result, bail};
use wasmparser::Operator;

use super::super::flow::Flow;
use super::reach::Reach;
use crate::parse::module::Module;

/// A part of a body between the beginning of a block, or its `else`, and the end of that: an *arm*.
#[derive(Debug, Default)]
pub struct Arm {
    /// The numbers of the calls, for each place of this arm: a call itself, or a block with calls inside.
    pub places: Vec<Range<u32>>,
}

/// The arms and blocks of a body in the order in which they are opened. The first arm is the body itself.
#[derive(Debug, Default)]
pub struct Places {
    pub arms: Vec<Arm>,
    /// For each block whether it has a call inside.
    pub blocks: Vec<bool>,
    /// How many calls there are.
    pub calls: u32,
}

struct Open {
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
    pub fn of(module: &Module<'_>, reach: &Reach, defined: usize) -> Result<Places> {
        let mut places = Places::default();
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
            match op {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                    open.push(Open {
                        arm,
                        block: places.blocks.len(),
                        first: places.calls,
                    });
                    places.blocks.push(false);
                    arm = places.arms.len();
                    places.arms.push(Arm::default());
                }
                Operator::Else => {
                    arm = places.arms.len();
                    places.arms.push(Arm::default());
                }
                Operator::End => {
                    if let Some(outer) = open.pop() {
                        arm = outer.arm;
                        if places.calls > outer.first {
                            places.blocks[outer.block] = true;
                            places.arms[arm].places.push(outer.first..places.calls);
                        }
                    }
                }
                Operator::Try { .. } | Operator::TryTable { .. } => bail!(
                    "a function that may wait catches exceptions, which is not supported with --stacks switch: leave the option \
                     out, or take a profile without exceptions"
                ),
                _ => {
                    if reach.is_place(module, &op) {
                        let call = places.calls;
                        places.arms[arm].places.push(call..call + 1);
                        places.calls += 1;
                    }
                }
            }
            flow.after(&op);
        }
        Ok(places)
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
