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
use wasmparser::{
    BlockType, ContType, FrameKind, FuncType, MemArg, MemArgTarget, ModuleArity, Operator,
    OperatorsReader, RefType, SubType,
};

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

/// What is known of a value on the stack, and the instructions that push it.
#[derive(Clone, Copy)]
struct Value {
    kind: Kind,
    from: usize,
    to: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    /// A local as it was at some time, plus a constant. Where `is_pushed`, the local is on the stack
    /// before the instructions: a `local.tee` left it there.
    Local {
        local: u32,
        version: u32,
        add: i32,
        is_pushed: bool,
    },
    Const(i32),
    Other,
}

/// A load or store and its address.
struct Member {
    address: Value,
    at: Range<usize>,
    memory: u32,
    offset: u64,
    size: u32,
}

impl Member {
    fn add(&self) -> i64 {
        match self.address.kind {
            Kind::Local { add, .. } => add.into(),
            _ => 0,
        }
    }
}

/// The edits of a body whose instructions are `ops` of the module `bytes`, in order.
pub fn edits(
    bytes: &[u8],
    mut ops: OperatorsReader<'_>,
    map: &InstanceMap,
    scratch: &mut Scratch,
) -> Result<Vec<Edit>> {
    let mut stretch = Stretch {
        map,
        scratch,
        stack: Vec::new(),
        versions: BTreeMap::new(),
        members: Vec::new(),
        edits: Vec::new(),
    };
    while !ops.eof() {
        let from = ops.original_position() as usize;
        let op = ops.read()?;
        stretch.step(&op, bytes[from], from..ops.original_position() as usize);
    }
    stretch.end();
    let mut edits = stretch.edits;
    // What is inserted comes before what is replaced.
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    Ok(edits)
}

struct Stretch<'a> {
    map: &'a InstanceMap,
    scratch: &'a mut Scratch,
    /// The values that were pushed in the stretch.
    stack: Vec<Value>,
    /// How often each local was set.
    versions: BTreeMap<u32, u32>,
    members: Vec<Member>,
    edits: Vec<Edit>,
}

impl Stretch<'_> {
    fn step(&mut self, op: &Operator<'_>, code: u8, at: Range<usize>) {
        match *op {
            Operator::LocalGet { local_index } => {
                let kind = self.local(local_index, false);
                self.push(kind, at);
            }
            Operator::LocalSet { local_index } => {
                self.stack.pop();
                *self.versions.entry(local_index).or_default() += 1;
            }
            Operator::LocalTee { local_index } => {
                self.stack.pop();
                *self.versions.entry(local_index).or_default() += 1;
                let kind = self.local(local_index, true);
                // There is nothing to replace.
                self.push(kind, at.end..at.end);
            }
            Operator::I32Const { value } => self.push(Kind::Const(value), at),
            Operator::I32Add | Operator::I32Sub => self.sum(op, at),
            _ => {
                let accessed = touches(op).and_then(|touched| Some((touched, memarg(op)?)));
                let Some((taken, left)) = arity(op, code) else {
                    return self.end();
                };
                if let Some(((size, stored), arg)) = accessed {
                    if stored.is_some() {
                        self.stack.pop();
                    }
                    self.access(arg, size, at.clone());
                } else {
                    for _ in 0..taken {
                        self.stack.pop();
                    }
                }
                for _ in 0..left {
                    self.push(Kind::Other, at.clone());
                }
            }
        }
    }

    fn push(&mut self, kind: Kind, at: Range<usize>) {
        let (from, to) = (at.start, at.end);
        self.stack.push(Value { kind, from, to });
    }

    fn local(&self, local: u32, is_pushed: bool) -> Kind {
        Kind::Local {
            local,
            version: self.versions.get(&local).copied().unwrap_or(0),
            add: 0,
            is_pushed,
        }
    }

    fn sum(&mut self, op: &Operator<'_>, at: Range<usize>) {
        let (right, left) = (self.stack.pop(), self.stack.pop());
        if let (Some(left), Some(right)) = (left, right)
            && let Kind::Const(constant) = right.kind
            && (left.to, right.to) == (right.from, at.start)
        {
            let constant = match op {
                Operator::I32Add => constant,
                _ => constant.wrapping_neg(),
            };
            let mut kind = left.kind;
            match &mut kind {
                Kind::Local { add, .. } | Kind::Const(add) => *add = add.wrapping_add(constant),
                Kind::Other => {}
            }
            if !matches!(kind, Kind::Other) {
                return self.push(kind, left.from..at.end);
            }
        }
        self.push(Kind::Other, at);
    }

    /// A load or store whose address is next on the stack.
    fn access(&mut self, arg: MemArg, size: u32, at: Range<usize>) {
        let (Some(address), MemArgTarget::Memory(memory)) = (self.stack.pop(), arg.target) else {
            return;
        };
        if !self
            .map
            .memory(memory)
            .access
            .is_some_and(|access| access.has_work())
        {
            return;
        }
        self.members.push(Member {
            address,
            at,
            memory,
            offset: arg.offset,
            size,
        });
    }

    /// The stretch ends: what was found becomes edits.
    fn end(&mut self) {
        self.stack.clear();
        let members = std::mem::take(&mut self.members);
        let mut groups: BTreeMap<(u32, u32, u32), Vec<Member>> = BTreeMap::new();
        for member in members {
            match member.address.kind {
                Kind::Local { local, version, .. } => groups
                    .entry((member.memory, local, version))
                    .or_default()
                    .push(member),
                Kind::Const(address) => self.constant(member, address as u32),
                Kind::Other => self.alone(&member),
            }
        }
        let mut kept = 0;
        for ((memory, local, _), mut group) in groups {
            let Some(access) = self.map.memory(memory).access else {
                continue;
            };
            // A `local.tee` is before what follows it, at the same place.
            group.sort_by_key(|member| (member.address.from, member.address.to));
            if !access.checked {
                self.unchecked(&access, local, &group, &mut kept);
                continue;
            }
            // Those that are close to the lowest of them, then those that are left.
            while !group.is_empty() {
                let lowest = group.iter().map(Member::add).min().expect("some are left");
                let (near, far): (Vec<Member>, Vec<Member>) = group
                    .into_iter()
                    .partition(|member| member.add() - lowest < APART);
                self.checked(&access, local, lowest as i32, &near, &mut kept);
                group = far;
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

    /// An address that nothing else is known of: what it needs comes right behind it.
    fn alone(&mut self, member: &Member) {
        let Some(access) = self.map.memory(member.memory).access else {
            return;
        };
        let (moved, folded) = access.folded();
        if !fits(member, folded.into()) {
            return;
        }
        let address = self.scratch.local(ValType::I32, Use::Address);
        let mut code = Vec::new();
        let mut sink = InstructionSink::new(&mut code);
        if access.checked {
            sink.local_tee(address);
            check(&mut sink, &access, member.offset + u64::from(member.size));
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
        let end = u64::from(address) + member.offset + u64::from(member.size);
        if end > access.least {
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

    /// Accesses at one local, checked at once: `lowest` is the least that one of them adds to it.
    fn checked(
        &mut self,
        access: &Access,
        local: u32,
        lowest: i32,
        group: &[Member],
        kept: &mut usize,
    ) {
        let above = |member: &Member| member.add() - i64::from(lowest);
        let (moved, folded) = access.folded();
        let (base, folded) = (moved.base, i64::from(folded));
        let is_movable = |member: &Member| fits(member, above(member) + folded);
        if !group.iter().all(is_movable) || *kept == KEPT {
            return group.iter().for_each(|member| self.alone(member));
        }
        if lowest != 0 && group.len() == 1 {
            return self.alone(&group[0]);
        }
        let reach = |member: &Member| above(member) as u64 + member.offset + u64::from(member.size);
        let reach = group.iter().map(reach).max().unwrap_or(0);
        let has_base = !matches!(base, Quantity::Const(_));
        // The local that has the address from the check on, and from the first access on.
        let address = match lowest != 0 || (has_base && group.len() > 1) {
            true => self.keep(kept),
            false => local,
        };
        let (first, rest) = group.split_first().expect("a group is not empty");
        let is_pushed = |member: &Member| {
            let kind = member.address.kind;
            matches!(kind, Kind::Local { is_pushed, .. } if is_pushed)
        };
        self.replace(first, above(first) + folded, |code| {
            if !is_pushed(first) {
                code.local_get(local);
            }
            let mut checked = local;
            if lowest != 0 {
                code.i32_const(lowest).i32_add().local_tee(address);
                checked = address;
            }
            check(code, access, reach);
            code.local_get(checked);
            add_base(code, base);
            if has_base && !rest.is_empty() {
                code.local_tee(address);
            }
        });
        for member in rest {
            self.replace(member, above(member) + folded, |code| {
                if is_pushed(member) {
                    code.drop();
                }
                code.local_get(address);
            });
        }
    }

    /// Accesses at one local that are not checked: the base is added to it once.
    fn unchecked(&mut self, access: &Access, local: u32, group: &[Member], kept: &mut usize) {
        if group.len() == 1 || *kept == KEPT {
            return group.iter().for_each(|member| self.alone(member));
        }
        let address = self.keep(kept);
        for (at, member) in group.iter().enumerate() {
            let Kind::Local { add, is_pushed, .. } = member.address.kind else {
                unreachable!("the address of a group is a local");
            };
            self.replace(member, 0, |code| {
                if at == 0 {
                    if !is_pushed {
                        code.local_get(local);
                    }
                    add_base(code, access.base);
                    code.local_tee(address);
                } else {
                    if is_pushed {
                        code.drop();
                    }
                    code.local_get(address);
                }
                // The sum may wrap.
                if add != 0 {
                    code.i32_const(add).i32_add();
                }
            });
        }
    }
}

/// Whether something can be added to the offset of an access.
fn fits(member: &Member, offset: i64) -> bool {
    member.offset as i64 + offset <= u32::MAX.into()
}

/// How many values an instruction takes and leaves, if it only computes, loads or stores; `code` is
/// its first byte.
fn arity(op: &Operator<'_>, code: u8) -> Option<(u32, u32)> {
    const DROP: u8 = 0x1a;
    const SELECT: u8 = 0x1b;
    const GLOBAL_GET: u8 = 0x23;
    const GLOBAL_SET: u8 = 0x24;
    const I32_LOAD: u8 = 0x28;
    const MEMORY_SIZE: u8 = 0x3f;
    const I32_CONST: u8 = 0x41;
    const I64_EXTEND32_S: u8 = 0xc4;
    const SIMD: u8 = 0xfd;
    match code {
        DROP | SELECT | GLOBAL_GET | GLOBAL_SET => op.operator_arity(&NoTypes),
        I32_LOAD..=MEMORY_SIZE | I32_CONST..=I64_EXTEND32_S | SIMD => op.operator_arity(&NoTypes),
        _ => None,
    }
}

/// What instructions that only compute need to know of types.
struct NoTypes;

impl ModuleArity for NoTypes {
    fn sub_type_at(&self, _: u32) -> Option<&SubType> {
        None
    }
    fn tag_type_arity(&self, _: u32) -> Option<(u32, u32)> {
        None
    }
    fn type_index_of_function(&self, _: u32) -> Option<u32> {
        None
    }
    fn func_type_of_cont_type(&self, _: &ContType) -> Option<&FuncType> {
        None
    }
    fn sub_type_of_ref_type(&self, _: &RefType) -> Option<&SubType> {
        None
    }
    fn control_stack_height(&self) -> u32 {
        0
    }
    fn label_block(&self, _: u32) -> Option<(BlockType, FrameKind)> {
        None
    }
}
