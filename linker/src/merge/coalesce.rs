//! Accesses of a guest that is not alone: what comes before them, for as many at once as can be.
//!
//! A stretch of code without control flow and calls runs to its end or traps. So accesses in it whose
//! addresses are the same local plus constants are checked together, where the first of these
//! addresses is pushed, and the base of the region is added once for all. Nothing that a host sees
//! can happen between the check and the access that would have trapped.
//!
//! What is found is a list of [`Edit`]s. An access with an address from before its stretch has none: it is
//! rewritten where it stands ([`crate::memory::access`]).

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::Result;
use wasm_encoder::{InstructionSink, ValType};
use wasmparser::{MemArg, MemArgTarget, Operator, OperatorsReader};

use super::facts::{Facts, Place};
use super::pointers::Pointers;
use super::shape::{Shape, shape};
use super::values::{ANY, Kind, Value, arity, most_loaded, most_of};
use crate::maps::index::InstanceMap;
use crate::memory::access::{Access, Quantity, Scratch, Use, add_base, check, memarg, touches};

/// Constants further apart than this are not checked together: the sum of an address that is inside a
/// region and less than this does not wrap, because no region among several has the last page of 4 GiB.
const APART: i64 = 1 << 16;
/// The most addresses that are kept in locals of their own at once.
const KEPT: usize = 8;

/// Code instead of some bytes of the input, or before them where the range is empty.
pub struct Edit {
    pub range: Range<usize>,
    pub code: Vec<u8>,
    /// What the bytes are if the code only comes before them: an access, to whose offset this is added.
    pub moved: Option<u64>,
}

/// A load or store and its address.
struct Member {
    address: Value,
    at: Range<usize>,
    memory: u32,
    offset: u64,
    size: u32,
    /// Whether it is known to be inside, or nobody asks.
    is_covered: bool,
}

impl Member {
    /// The address, where that is a local and a constant.
    fn place(&self) -> Place {
        match self.address.kind {
            Kind::Local { place, add, .. } => Place {
                root: place.root,
                add: place.add.wrapping_add(add),
            },
            _ => Place { root: 0, add: 0 },
        }
    }

    /// What it adds to the root.
    fn add(&self) -> i64 {
        self.place().add.into()
    }

    /// The local, and what that was.
    fn local(&self) -> Option<(u32, Place)> {
        match self.address.kind {
            Kind::Local { local, place, .. } => Some((local, place)),
            _ => None,
        }
    }

    fn is_pushed(&self) -> bool {
        matches!(self.address.kind, Kind::Local { is_pushed, .. } if is_pushed)
    }

    /// How many bytes from the address on it needs.
    fn reach(&self) -> u64 {
        self.offset + u64::from(self.size)
    }
}

/// What is done to a body beyond what each access needs.
pub struct How {
    /// Whether facts are kept beyond control flow.
    pub keeps_facts: bool,
    /// Whether the bases of regions stay while the body runs, so that locals can have them in them.
    pub moves_pointers: bool,
}

/// The edits of a body whose instructions are `ops` of the module `bytes`, in order; it has so many parameters and
/// locals, those included. `scratch` becomes what is added to these.
pub fn edits(
    bytes: &[u8],
    ops: OperatorsReader<'_>,
    map: &InstanceMap,
    scratch: &mut Scratch,
    [params, locals]: [u32; 2],
    how: How,
) -> Result<Vec<Edit>> {
    let shape = match how.keeps_facts {
        true => shape(ops.clone())?,
        false => Shape::unknown(),
    };
    let go_through = |pointers: Pointers| {
        let mut stretch = Stretch {
            map,
            scratch: Scratch::new(locals),
            stack: Vec::new(),
            facts: Facts::new(&shape, params, locals),
            pointers,
            members: Vec::new(),
            edits: Vec::new(),
        };
        let mut ops = ops.clone();
        let start = ops.original_position() as usize;
        stretch.begin(start, params);
        while !ops.eof() {
            let from = ops.original_position() as usize;
            let op = ops.read()?;
            stretch.step(&op, bytes[from], from..ops.original_position() as usize);
        }
        stretch.end();
        anyhow::Ok((stretch.edits, stretch.scratch, stretch.pointers))
    };
    let base = match map.memory(0).access {
        Some(access) if !access.checked && how.moves_pointers => match access.base {
            Quantity::Global(base) => Some(base),
            Quantity::Const(_) => None,
        },
        _ => None,
    };
    let (mut edits, mut added, mut pointers) = go_through(Pointers::none(base))?;
    while let Some(chosen) = pointers.choose() {
        (edits, added, pointers) = go_through(chosen)?;
    }
    *scratch = added;
    // What is inserted comes before what is replaced.
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    Ok(edits)
}

struct Stretch<'a> {
    map: &'a InstanceMap,
    scratch: Scratch,
    /// The values that were pushed in the stretch.
    stack: Vec<Value>,
    facts: Facts<'a>,
    pointers: Pointers,
    members: Vec<Member>,
    edits: Vec<Edit>,
}

impl Stretch<'_> {
    /// The locals that have the base in them get it.
    fn begin(&mut self, at: usize, params: u32) {
        let mut code = Vec::new();
        self.pointers
            .begin(&mut InstructionSink::new(&mut code), params);
        self.insert(at, code);
    }

    fn step(&mut self, op: &Operator<'_>, code: u8, at: Range<usize>) {
        match *op {
            Operator::LocalGet { local_index } => {
                let kind = self.local(local_index, false);
                self.push(kind, at, self.pointers.of(local_index));
            }
            Operator::LocalSet { local_index } => self.set(local_index, at.start),
            Operator::LocalTee { local_index } => {
                self.set(local_index, at.start);
                let kind = self.local(local_index, true);
                // There is nothing to replace.
                self.push(kind, at.end..at.end, self.pointers.of(local_index));
            }
            Operator::I32Const { value } => self.push(Kind::Const(value), at, None),
            Operator::I32Add | Operator::I32Sub => self.sum(op, at),
            _ => {
                let accessed = touches(op).and_then(|touched| Some((touched, memarg(op)?)));
                let Some((taken, left)) = arity(op, code) else {
                    self.end();
                    return self.facts.control(op);
                };
                if let Some(((size, stored), arg)) = accessed {
                    if stored.is_some() {
                        self.pop();
                    }
                    self.access(arg, size, at.clone());
                    let most = most_loaded(op);
                    return (0..left).for_each(|_| self.push(Kind::Other(most), at.clone(), None));
                }
                if let [.., left, right] = self.stack[..]
                    && self.compares(op, &left, &right)
                {
                    let turns = self.facts.turns();
                    self.pointers.together(left.moved, right.moved, turns);
                    self.stack.truncate(self.stack.len() - 2);
                    return self.push(Kind::Other(1), at, None);
                }
                let mut operands = [ANY; 3];
                for at in 0..taken as usize {
                    let value = self.pop();
                    if let (Some(value), Some(operand)) = (value, operands.get_mut(at)) {
                        *operand = self.range(&value);
                    }
                }
                let most = most_of(op, operands);
                for _ in 0..left {
                    self.push(Kind::Other(most), at.clone(), None);
                }
            }
        }
    }

    /// Whether an instruction compares values with the base in both as it would without: it is enough for those
    /// that are equal or not; others are in order if they are addresses inside of the memory.
    fn compares(&self, op: &Operator<'_>, left: &Value, right: &Value) -> bool {
        let is_inside = |value: &Value| match value.kind {
            Kind::Local { place, add, .. } => {
                let add = place.add.wrapping_add(add);
                self.facts.covers(0, Place { add, ..place }, 1)
            }
            _ => false,
        };
        left.moved.is_some()
            && right.moved.is_some()
            && match op {
                Operator::I32Eq | Operator::I32Ne => true,
                Operator::I32LtU | Operator::I32GtU | Operator::I32LeU | Operator::I32GeU => {
                    is_inside(left) && is_inside(right)
                }
                _ => false,
            }
    }

    /// Takes a value from the stack, for something that needs it without the base.
    fn pop(&mut self) -> Option<Value> {
        let value = self.stack.pop()?;
        self.settle(&value);
        Some(value)
    }

    /// Takes the base out of a value, if it is in it.
    fn settle(&mut self, value: &Value) {
        if let Some(local) = value.moved {
            let code = self.pointers.settle(local, self.facts.turns());
            self.insert(value.to, code);
        }
    }

    fn insert(&mut self, at: usize, code: Vec<u8>) {
        if !code.is_empty() {
            self.edits.push(Edit {
                range: at..at,
                code,
                moved: None,
            });
        }
    }

    /// A local is set to what is on the stack, by the instruction at `at`.
    fn set(&mut self, local: u32, at: usize) {
        let value = self.stack.pop();
        let moved = value.and_then(|value| value.moved);
        match (self.pointers.of(local), moved) {
            (Some(_), Some(from)) => self.pointers.copied(local, from, self.facts.turns()),
            (Some(_), None) => {
                let code = self.pointers.moved(local, self.facts.turns());
                self.insert(at, code);
            }
            (None, Some(_)) => value.iter().for_each(|value| self.settle(value)),
            (None, None) => {}
        }
        let place = match value.map(|value| value.kind) {
            Some(Kind::Local { place, add, .. }) => Place {
                root: place.root,
                add: place.add.wrapping_add(add),
            },
            kind => {
                let range = match kind {
                    Some(Kind::Const(value)) => (value as u32, value as u32),
                    Some(Kind::Other(most)) => (0, most),
                    _ => ANY,
                };
                let root = self.facts.root(range);
                Place { root, add: 0 }
            }
        };
        self.facts.set(local, place);
    }

    /// The least and the most that a value can be.
    fn range(&self, value: &Value) -> (u32, u32) {
        match value.kind {
            Kind::Local { place, add, .. } => {
                let add = place.add.wrapping_add(add);
                self.facts.range(Place { add, ..place })
            }
            Kind::Const(value) => (value as u32, value as u32),
            Kind::Other(most) => (0, most),
        }
    }

    fn push(&mut self, kind: Kind, at: Range<usize>, moved: Option<u32>) {
        let (from, to) = (at.start, at.end);
        self.stack.push(Value {
            kind,
            from,
            to,
            moved,
        });
    }

    fn local(&mut self, local: u32, is_pushed: bool) -> Kind {
        Kind::Local {
            local,
            place: self.facts.place(local),
            add: 0,
            is_pushed,
        }
    }

    fn sum(&mut self, op: &Operator<'_>, at: Range<usize>) {
        let (right, left) = (self.stack.pop(), self.stack.pop());
        let is_sum = matches!(op, Operator::I32Add);
        for operand in [left, right].into_iter().flatten() {
            if let Kind::Local { local, .. } = operand.kind {
                self.pointers.is_summed(local);
            }
        }
        let moved = match [left, right].map(|value| value.and_then(|value| value.moved)) {
            // The base goes out of a difference by itself.
            [left @ Some(_), right @ Some(_)] if !is_sum => {
                let turns = self.facts.turns();
                self.pointers.together(left, right, turns);
                None
            }
            [Some(left), None] => Some(left),
            [None, Some(right)] if is_sum => Some(right),
            [left, _] => {
                right.iter().for_each(|value| self.settle(value));
                left
            }
        };
        let mut most = u32::MAX;
        if let (Some(left), Some(right)) = (left, right) {
            if let Kind::Const(constant) = right.kind
                && (left.to, right.to) == (right.from, at.start)
            {
                let constant = if is_sum {
                    constant
                } else {
                    constant.wrapping_neg()
                };
                let mut kind = left.kind;
                match &mut kind {
                    Kind::Local { add, .. } | Kind::Const(add) => *add = add.wrapping_add(constant),
                    Kind::Other(_) => {}
                }
                if !matches!(kind, Kind::Other(_)) {
                    return self.push(kind, left.from..at.end, moved);
                }
            }
            if is_sum {
                let sum = self.range(&left).1.checked_add(self.range(&right).1);
                most = sum.unwrap_or(u32::MAX);
            }
        }
        self.push(Kind::Other(most), at, moved);
    }

    /// A load or store whose address is next on the stack.
    fn access(&mut self, arg: MemArg, size: u32, at: Range<usize>) {
        let MemArgTarget::Memory(memory) = arg.target else {
            return;
        };
        let address = match memory {
            0 => self.stack.pop(),
            _ => self.pop(),
        };
        let Some(address) = address else { return };
        let Some(access) = self.map.memory(memory).access else {
            return;
        };
        if !access.has_work() {
            return;
        }
        if let Kind::Local { local, .. } = address.kind {
            self.pointers.is_summed(local);
        }
        if let Some(local) = address.moved {
            self.pointers.accessed(local, self.facts.turns());
        }
        let mut member = Member {
            address,
            at,
            memory,
            offset: arg.offset,
            size,
            is_covered: false,
        };
        let (reach, most) = (member.reach(), self.range(&address).1);
        // Who is trusted is taken at their word.
        member.is_covered = !access.checked
            || u64::from(most) + reach <= access.least
            || member.local().is_some() && self.facts.covers(memory, member.place(), reach);
        self.members.push(member);
    }

    /// The stretch ends: what was found becomes edits.
    fn end(&mut self) {
        while self.pop().is_some() {}
        let members = std::mem::take(&mut self.members);
        let (moved, plain): (Vec<Member>, Vec<Member>) = members
            .into_iter()
            .partition(|member| member.address.moved.is_some());
        let mut groups: BTreeMap<(u32, u32), Vec<Member>> = BTreeMap::new();
        for member in plain {
            match member.address.kind {
                Kind::Local { place, .. } => groups
                    .entry((member.memory, place.root))
                    .or_default()
                    .push(member),
                Kind::Const(address) => self.constant(member, address as u32),
                Kind::Other(_) => self.alone(&member),
            }
        }
        let mut kept = 0;
        for ((memory, _), mut group) in groups {
            let Some(access) = self.map.memory(memory).access else {
                continue;
            };
            // A `local.tee` is before what follows it, at the same place.
            group.sort_by_key(|member| (member.address.from, member.address.to));
            // Those that are close to the lowest of them, then those that are left.
            while !group.is_empty() {
                let lowest = group.iter().map(Member::add).min().expect("some are left");
                let (near, far): (Vec<Member>, Vec<Member>) = group
                    .into_iter()
                    .partition(|member| member.add() - lowest < APART);
                self.checked(&access, lowest as i32, &near, &mut kept);
                group = far;
            }
        }
        self.at_pointers(&moved);
    }

    /// Accesses whose addresses have the base in them: constants go into offsets, where that is no other sum.
    fn at_pointers(&mut self, members: &[Member]) {
        for member in members.iter().filter(|member| member.local().is_some()) {
            self.facts
                .learn(member.memory, member.place(), member.reach());
        }
        for member in members {
            match member.address.kind {
                Kind::Local {
                    local,
                    place,
                    add,
                    is_pushed,
                } if (1..APART as i32).contains(&add)
                    && fits(member, add.into())
                    && self.facts.has_room(member.memory, place, add as u32) =>
                {
                    self.replace(member, add.into(), |code| {
                        if !is_pushed {
                            code.local_get(local);
                        }
                    });
                }
                _ => self.moved(member, 0),
            }
        }
    }

    /// A local for an address that several accesses have, or for one at a time.
    fn keep(&mut self, kept: &mut usize) -> u32 {
        *kept += 1;
        self.scratch.local(ValType::I32, Use::Kept(*kept - 1))
    }

    /// Code in place of the address, and what is added to the offset of the access.
    fn replace(
        &mut self,
        member: &Member,
        offset: i64,
        write: impl FnOnce(&mut InstructionSink<'_>),
    ) {
        let mut code = Vec::new();
        write(&mut InstructionSink::new(&mut code));
        self.edits.push(Edit {
            range: member.address.from..member.address.to,
            code,
            moved: None,
        });
        self.moved(member, offset);
    }

    fn moved(&mut self, member: &Member, offset: i64) {
        self.edits.push(Edit {
            range: member.at.clone(),
            code: Vec::new(),
            moved: Some(offset as u64),
        });
    }

    /// An address that is not had in common with others: what it needs comes right behind it.
    fn alone(&mut self, member: &Member) {
        let Some(access) = self.map.memory(member.memory).access else {
            return;
        };
        let (moved, folded) = access.folded();
        if !fits(member, folded.into()) {
            return;
        }
        let is_checked = access.checked && !member.is_covered;
        if !(access.checked && member.is_covered) && member.local().is_some() {
            self.facts
                .learn(member.memory, member.place(), member.reach());
        }
        let mut code = Vec::new();
        let mut sink = InstructionSink::new(&mut code);
        if is_checked {
            let address = self.scratch.local(ValType::I32, Use::Address);
            sink.local_tee(address);
            check(&mut sink, &access, member.reach());
            sink.local_get(address);
        }
        add_base(&mut sink, moved.base);
        self.edits.push(Edit {
            range: member.address.to..member.address.to,
            code,
            moved: None,
        });
        self.moved(member, folded.into());
    }

    /// An address that is known: it is checked here.
    fn constant(&mut self, member: Member, address: u32) {
        let Some(access) = self.map.memory(member.memory).access else {
            return;
        };
        if u64::from(address) + member.reach() > access.least {
            return self.alone(&member);
        }
        match access.base {
            Quantity::Const(base) if fits(&member, base.into()) => {
                self.moved(&member, base.into());
            }
            Quantity::Global(base) if fits(&member, address.into()) => {
                self.replace(&member, address.into(), |code| {
                    code.global_get(base);
                });
            }
            _ => self.alone(&member),
        }
    }

    /// Accesses at one root, checked at once: `lowest` is the least that one of them adds to it.
    fn checked(&mut self, access: &Access, lowest: i32, group: &[Member], kept: &mut usize) {
        let above = |member: &Member| member.add() - i64::from(lowest);
        let (moved, folded) = access.folded();
        let (base, folded) = (moved.base, i64::from(folded));
        let is_movable = |member: &Member| fits(member, above(member) + folded);
        let (first, rest) = group.split_first().expect("a group is not empty");
        let (local, place) = first.local().expect("the address of a group is a local");
        let is_covered = group.iter().all(|member| member.is_covered);
        let has_base = !matches!(base, Quantity::Const(_));
        if !group.iter().all(is_movable)
            || *kept == KEPT
            || is_covered && !(has_base && group.len() > 1)
        {
            return group.iter().for_each(|member| self.near(member));
        }
        // What has to be added to the local.
        let constant = lowest.wrapping_sub(place.add);
        if constant != 0 && group.len() == 1 {
            return self.alone(&group[0]);
        }
        let reach = |member: &Member| above(member) as u64 + member.reach();
        let reach = group.iter().map(reach).max().unwrap_or(0);
        let is_same = |member: &Member| member.local() == Some((local, place));
        // The local that has the address from the check on, and from the first access on.
        let address =
            match constant != 0 || (has_base && group.len() > 1) || !group.iter().all(is_same) {
                true => self.keep(kept),
                false => local,
            };
        self.replace(first, above(first) + folded, |code| {
            if !first.is_pushed() {
                code.local_get(local);
            }
            let mut checked = local;
            if constant != 0 {
                code.i32_const(constant).i32_add();
            }
            if !is_covered {
                if address != local && !(has_base && constant == 0) {
                    code.local_tee(address);
                    checked = address;
                }
                check(code, access, reach);
                code.local_get(checked);
            }
            add_base(code, base);
            if has_base && !rest.is_empty() {
                code.local_tee(address);
            }
        });
        for member in rest {
            self.replace(member, above(member) + folded, |code| {
                if member.is_pushed() {
                    code.drop();
                }
                code.local_get(address);
            });
        }
        if !(access.checked && is_covered) {
            let root = place.root;
            let place = Place { root, add: lowest };
            self.facts.learn(first.memory, place, reach);
        }
    }

    /// An access that is known to be inside, if it is: a constant of its address goes into the offset, where the
    /// sum does not wrap.
    fn near(&mut self, member: &Member) {
        let Some(access) = self.map.memory(member.memory).access else {
            return;
        };
        let (moved, folded) = access.folded();
        let Kind::Local {
            local,
            place,
            add,
            is_pushed,
        } = member.address.kind
        else {
            return self.alone(member);
        };
        let offset = i64::from(add) + i64::from(folded);
        if !member.is_covered
            || !(1..APART as i32).contains(&add)
            || !fits(member, offset)
            || !self.facts.has_room(member.memory, place, add as u32)
        {
            return self.alone(member);
        }
        if !access.checked {
            self.facts
                .learn(member.memory, member.place(), member.reach());
        }
        self.replace(member, offset, |code| {
            if !is_pushed {
                code.local_get(local);
            }
            add_base(code, moved.base);
        });
    }
}

/// Whether something can be added to the offset of an access.
fn fits(member: &Member, offset: i64) -> bool {
    member.offset as i64 + offset <= u32::MAX.into()
}
