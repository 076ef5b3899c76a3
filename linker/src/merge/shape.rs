//! What the loops of a body do to its locals, found before the body is rewritten: at the start of a loop, nothing
//! is known any more of the locals that it sets, except for those that only count.

use std::collections::BTreeMap;

use anyhow::Result;
use wasmparser::{Operator, OperatorsReader};

use crate::features::throws_or_catches;

/// What is needed of a body before its instructions are gone through.
#[derive(Default)]
pub struct Shape {
    /// Its loops, in the order of their starts.
    pub loops: Vec<Loop>,
    /// Whether it has control flow that is not followed: handlers of exceptions, branches on references.
    pub is_opaque: bool,
}

impl Shape {
    /// That of a body that is not read: no control flow is followed.
    pub fn unknown() -> Shape {
        Shape {
            loops: Vec::new(),
            is_opaque: true,
        }
    }
}

/// What a loop does.
#[derive(Default)]
pub struct Loop {
    /// The locals that are set in it, or in loops inside of it.
    pub sets: Vec<u32>,
    /// A local that is set once in each turn, where a branch to the loop depends on it, and there is no other.
    pub counter: Option<Counter>,
}

/// `local.get`, `i32.const step`, `i32.add`, `local.tee`, a comparison with `end`, `br_if`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    pub local: u32,
    pub step: i32,
    pub end: Until,
}

/// When a loop with a counter goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// While it is not this.
    Is(u32),
    /// While it is less than this.
    Reaches(u32),
}

impl Counter {
    /// The least and the most that the local is where a turn begins, if it is `first` in the first.
    pub fn range(&self, first: u32) -> Option<(u32, u32)> {
        match self.end {
            Until::Reaches(end) => Some((0, first.max(end.checked_sub(1)?))),
            Until::Is(end) => {
                let (from, to, step) = (i64::from(first), i64::from(end), i64::from(self.step));
                // The turns end at `end`, which is not passed, so that nothing wraps.
                let turns = (to - from).checked_div(step)?;
                if turns < 1 || from + turns * step != to {
                    return None;
                }
                let last = (to - step) as u32;
                Some((first.min(last), first.max(last)))
            }
        }
    }
}

/// The last instructions, if they are of those that counters are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    Get(u32),
    Const(i32),
    Add,
    Sub,
    Tee(u32),
    Ne,
    LtU,
    #[default]
    Other,
}

/// A block of the body.
struct Frame {
    /// Its number, if it is a loop.
    number: Option<usize>,
    branches: usize,
    counter: Option<Counter>,
}

/// Reads a body once.
pub fn shape(mut ops: OperatorsReader<'_>) -> Result<Shape> {
    let mut reading = Reading::default();
    while !ops.eof() {
        reading.step(&ops.read()?)?;
    }
    Ok(reading.shape)
}

#[derive(Default)]
struct Reading {
    shape: Shape,
    frames: Vec<Frame>,
    /// How often each local is set in each loop that is open.
    sets: Vec<BTreeMap<u32, u32>>,
    last: [Last; WINDOW],
}

/// So many instructions are before the branch that makes a counter of a local.
const WINDOW: usize = 6;

impl Reading {
    fn step(&mut self, op: &Operator<'_>) -> Result<()> {
        let mut now = Last::Other;
        match *op {
            Operator::Block { .. } | Operator::If { .. } => self.open(None),
            Operator::Loop { .. } => {
                self.open(Some(self.shape.loops.len()));
                self.shape.loops.push(Loop::default());
                self.sets.push(BTreeMap::new());
            }
            Operator::End => self.close(),
            Operator::Br { relative_depth } => self.branch(relative_depth, None),
            Operator::BrIf { relative_depth } => self.branch(relative_depth, self.counter()),
            Operator::BrTable { ref targets } => {
                for target in targets.targets() {
                    self.branch(target?, None);
                }
                self.branch(targets.default(), None);
            }
            Operator::LocalGet { local_index } => now = Last::Get(local_index),
            Operator::LocalSet { local_index } => self.set(local_index),
            Operator::LocalTee { local_index } => {
                self.set(local_index);
                now = Last::Tee(local_index);
            }
            Operator::I32Const { value } => now = Last::Const(value),
            Operator::I32Add => now = Last::Add,
            Operator::I32Sub => now = Last::Sub,
            Operator::I32Ne => now = Last::Ne,
            Operator::I32LtU => now = Last::LtU,
            _ => self.shape.is_opaque |= is_opaque(op),
        }
        self.last.rotate_left(1);
        self.last[WINDOW - 1] = now;
        Ok(())
    }

    fn open(&mut self, number: Option<usize>) {
        self.frames.push(Frame {
            number,
            branches: 0,
            counter: None,
        });
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let Some(number) = frame.number else { return };
        let sets = self.sets.pop().unwrap_or_default();
        let is_its_own = |counter: &Counter| sets.get(&counter.local) == Some(&1);
        self.shape.loops[number] = Loop {
            sets: sets.keys().copied().collect(),
            counter: frame
                .counter
                .filter(|counter| frame.branches == 1 && is_its_own(counter)),
        };
        if let Some(outer) = self.sets.last_mut() {
            for local in sets.into_keys() {
                // An inner loop sets it as often as it likes.
                *outer.entry(local).or_default() += 2;
            }
        }
    }

    fn set(&mut self, local: u32) {
        if let Some(sets) = self.sets.last_mut() {
            *sets.entry(local).or_default() += 1;
        }
    }

    fn branch(&mut self, depth: u32, counter: Option<Counter>) {
        let at = self.frames.len().checked_sub(1 + depth as usize);
        if let Some(frame) = at.map(|at| &mut self.frames[at]) {
            frame.branches += 1;
            frame.counter = counter;
        }
    }

    /// What a branch depends on, if the last instructions are those of a counter.
    fn counter(&self) -> Option<Counter> {
        let (sum, end) = match self.last {
            [ref sum @ .., Last::Const(end), Last::Ne] => (sum, Until::Is(end as u32)),
            [ref sum @ .., Last::Const(end), Last::LtU] => (sum, Until::Reaches(end as u32)),
            [_, _, ref sum @ ..] => (sum, Until::Is(0)),
        };
        let (local, step) = match *sum {
            [
                Last::Get(local),
                Last::Const(step),
                Last::Add,
                Last::Tee(to),
            ] if local == to => (local, step),
            [
                Last::Get(local),
                Last::Const(step),
                Last::Sub,
                Last::Tee(to),
            ] if local == to => (local, step.checked_neg()?),
            _ => return None,
        };
        Some(Counter { local, step, end })
    }
}

/// Whether an instruction goes on elsewhere in a way that is not followed.
fn is_opaque(op: &Operator<'_>) -> bool {
    throws_or_catches(op)
        || matches!(
            op,
            Operator::BrOnNull { .. }
                | Operator::BrOnNonNull { .. }
                | Operator::BrOnCast { .. }
                | Operator::BrOnCastFail { .. }
        )
}
