//! What is known of the locals of a body at a point of it: which of them have the same value but for a constant, what
//! values they can have, and which bytes at them were found to be inside of a memory.
//!
//! A value has a *root*: a number that stands for a value that is nowhere else known by another. A fact about a
//! root holds wherever it has been checked on every way. Calls and growth take nothing away: locals are the
//! function's own, and memories only become larger. Where ways meet, what only some of them know is dropped; at the
//! start of a loop, nothing is known of the locals that it sets ([`super::shape`]), but for the range of a counter.

use std::collections::BTreeMap;

use wasmparser::Operator;

use super::shape::{Loop, Shape};

/// The root of a local, and what it adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub root: u32,
    pub add: i32,
}

/// The bytes from `root + lowest`, which does not wrap from there on, to `reach` further are in the memory.
#[derive(Clone, Copy)]
struct Fact {
    memory: u32,
    root: u32,
    lowest: i32,
    reach: u64,
}

/// Facts further back are not looked for.
const SEEN: usize = 64;
/// If more locals than these are set in a block, everything that is known of locals is dropped at its end.
const FOLLOWED: usize = 512;

#[derive(Clone, Copy, PartialEq, Eq)]
enum FrameKind {
    Block,
    Loop,
    If,
    Else,
}

struct Frame {
    kind: FrameKind,
    /// The facts and the sets of locals at its start.
    known: usize,
    sets: usize,
    /// The facts that all branches to its end know, and the sets before the first of them.
    kept: Option<usize>,
    branched: usize,
    branches: usize,
}

/// See the [module](self).
pub struct Facts<'s> {
    shape: &'s Shape,
    loops: usize,
    locals: Vec<Place>,
    /// Roots before this one say nothing of a local any more.
    floor: u32,
    /// The least and the most that each root can be.
    ranges: Vec<(u32, u32)>,
    known: Vec<Fact>,
    /// Every local that was set, and what it was before.
    sets: Vec<(u32, Place)>,
    frames: Vec<Frame>,
    is_reachable: bool,
}

impl<'s> Facts<'s> {
    /// At the start of a body with so many parameters and locals, those included.
    pub fn new(shape: &'s Shape, params: u32, locals: u32) -> Facts<'s> {
        // The first root is that of the locals that are zero.
        let mut ranges = vec![(0, 0)];
        let places = (0..locals).map(|local| {
            let root = if local < params { local + 1 } else { 0 };
            Place { root, add: 0 }
        });
        ranges.extend((0..params).map(|_| (0, u32::MAX)));
        Facts {
            shape,
            loops: 0,
            locals: places.collect(),
            floor: 0,
            ranges,
            known: Vec::new(),
            sets: Vec::new(),
            frames: Vec::new(),
            is_reachable: true,
        }
    }

    /// A new root, of which this range is known.
    pub fn root(&mut self, range: (u32, u32)) -> u32 {
        self.ranges.push(range);
        self.ranges.len() as u32 - 1
    }

    /// What a local is now.
    pub fn place(&mut self, local: u32) -> Place {
        let place = self.locals[local as usize];
        if place.root >= self.floor {
            return place;
        }
        let root = self.root((0, u32::MAX));
        let place = Place { root, add: 0 };
        self.locals[local as usize] = place;
        place
    }

    /// A local is set.
    pub fn set(&mut self, local: u32, place: Place) {
        self.sets.push((local, self.locals[local as usize]));
        self.locals[local as usize] = place;
    }

    /// The least and the most that a value can be.
    pub fn range(&self, place: Place) -> (u32, u32) {
        let (least, most) = self.ranges[place.root as usize];
        let moved = |bound: u32| u32::try_from(i64::from(bound) + i64::from(place.add)).ok();
        match (moved(least), moved(most)) {
            (Some(least), Some(most)) => (least, most),
            _ => (0, u32::MAX),
        }
    }

    /// Learns that `reach` bytes from a value on are in a memory.
    pub fn learn(&mut self, memory: u32, place: Place, reach: u64) {
        self.known.push(Fact {
            memory,
            root: place.root,
            lowest: place.add,
            reach,
        });
    }

    /// Whether `size` bytes from a value on are known to be in a memory.
    pub fn covers(&self, memory: u32, place: Place, size: u64) -> bool {
        self.facts(memory, place.root).any(|fact| {
            // What is added does not wrap, because the bytes up to there are in the memory.
            let above = place.add.wrapping_sub(fact.lowest);
            above >= 0 && above as u64 + size <= fact.reach
        })
    }

    /// Whether a value is a sum that does not wrap if less than `more` is added to it.
    pub fn has_room(&self, memory: u32, place: Place, more: u32) -> bool {
        let (_, most) = self.range(place);
        most.checked_add(more).is_some()
            || self.facts(memory, place.root).any(|fact| {
                // No memory among several has the last page.
                let above = place.add.wrapping_sub(fact.lowest);
                above >= 0 && above as u64 <= fact.reach && more < 1 << 16
            })
    }

    fn facts(&self, memory: u32, root: u32) -> impl Iterator<Item = &Fact> {
        let recent = self.known.iter().rev().take(SEEN);
        recent.filter(move |fact| (fact.memory, fact.root) == (memory, root))
    }

    /// Goes past an instruction that does more than to compute, load or store.
    pub fn control(&mut self, op: &Operator<'_>) {
        if self.shape.is_opaque {
            return self.forget();
        }
        match *op {
            Operator::Block { .. } => self.open(FrameKind::Block),
            Operator::If { .. } => self.open(FrameKind::If),
            Operator::Loop { .. } => {
                self.open(FrameKind::Loop);
                let shape = self.shape;
                if let Some(at) = shape.loops.get(self.loops) {
                    self.turn(at);
                }
                self.loops += 1;
            }
            Operator::Else => self.other(),
            Operator::End => self.close(),
            Operator::Br { relative_depth } => {
                self.branch(relative_depth);
                self.is_reachable = false;
            }
            Operator::BrIf { relative_depth } => self.branch(relative_depth),
            Operator::BrTable { ref targets } => {
                for target in targets.targets().flatten().chain([targets.default()]) {
                    self.branch(target);
                }
                self.is_reachable = false;
            }
            Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::Unreachable => self.is_reachable = false,
            _ => {}
        }
    }

    /// How many loops a point is in.
    pub fn turns(&self) -> u32 {
        let loops = self
            .frames
            .iter()
            .filter(|frame| frame.kind == FrameKind::Loop);
        loops.count() as u32
    }

    /// Drops all that is known, of locals and of memories.
    fn forget(&mut self) {
        self.floor = self.ranges.len() as u32;
        self.truncate(0);
    }

    fn truncate(&mut self, known: usize) {
        if known >= self.known.len() {
            return;
        }
        self.known.truncate(known);
        // What comes next is not what was known before.
        for frame in &mut self.frames {
            frame.known = known.min(frame.known);
            frame.kept = frame.kept.map(|kept| known.min(kept));
        }
    }

    fn open(&mut self, kind: FrameKind) {
        self.frames.push(Frame {
            kind,
            known: self.known.len(),
            sets: self.sets.len(),
            kept: None,
            branched: 0,
            branches: 0,
        });
    }

    /// A loop begins: another turn of it may.
    fn turn(&mut self, at: &Loop) {
        if at.sets.len() > FOLLOWED {
            return self.forget();
        }
        for &local in &at.sets {
            let before = self.place(local);
            let counter = at.counter.filter(|counter| counter.local == local);
            let range = counter.and_then(|counter| match self.range(before) {
                (least, most) if least == most => counter.range(least),
                _ => None,
            });
            let root = self.root(range.unwrap_or((0, u32::MAX)));
            self.set(local, Place { root, add: 0 });
        }
    }

    fn branch(&mut self, depth: u32) {
        let at = self.frames.len().checked_sub(1 + depth as usize);
        let (Some(at), true) = (at, self.is_reachable) else {
            return;
        };
        let (known, sets) = (self.known.len(), self.sets.len());
        let frame = &mut self.frames[at];
        if frame.kept.is_none() {
            frame.branched = sets;
        }
        frame.branches += 1;
        frame.kept = Some(known.min(frame.kept.unwrap_or(known)));
    }

    /// Sets all locals to what they were before these sets. Those are sets as well: where ways meet later, a way from
    /// in between has the locals as they were then.
    fn undo(&mut self, sets: usize) {
        let mut before: BTreeMap<u32, Place> = BTreeMap::new();
        for &(local, place) in &self.sets[sets..] {
            before.entry(local).or_insert(place);
        }
        for (local, place) in before {
            self.set(local, place);
        }
    }

    /// The other half of an `if` begins.
    fn other(&mut self) {
        let (known, is_reachable) = (self.known.len(), self.is_reachable);
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        frame.kind = FrameKind::Else;
        if is_reachable {
            frame.kept = Some(known.min(frame.kept.unwrap_or(known)));
        }
        let (known, sets) = (frame.known, frame.sets);
        self.truncate(known);
        self.undo(sets);
        self.is_reachable = true;
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let from = match frame.kind {
            FrameKind::Loop => return,
            FrameKind::If if frame.kept.is_none() && !self.is_reachable => {
                // Only where the condition does not hold does it go on.
                self.truncate(frame.known);
                self.undo(frame.sets);
                self.is_reachable = true;
                return;
            }
            FrameKind::If => {
                self.truncate(frame.known);
                self.is_reachable = true;
                frame.sets
            }
            FrameKind::Else => frame.sets,
            FrameKind::Block => match frame.kept {
                None => return,
                Some(_) => frame.branched,
            },
        };
        if let Some(kept) = frame.kept {
            self.truncate(kept);
        }
        if frame.kind == FrameKind::Block && frame.branches == 1 && !self.is_reachable {
            self.undo(from);
        } else {
            self.meet(from);
        }
        self.is_reachable |= frame.kept.is_some();
    }

    /// Ways meet, on some of which locals were set.
    fn meet(&mut self, from: usize) {
        let mut locals: Vec<u32> = self.sets[from..].iter().map(|(local, _)| *local).collect();
        locals.sort_unstable();
        locals.dedup();
        if locals.len() > FOLLOWED {
            return self.forget();
        }
        for local in locals {
            let root = self.root((0, u32::MAX));
            self.set(local, Place { root, add: 0 });
        }
    }
}
