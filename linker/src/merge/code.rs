//! The code section: every live body is streamed once, with its indices replaced.
//!
//! Most instructions are copied as they stand, in runs; only those with an index, an over-long
//! LEB or a lowered meaning are written anew. Where no access changes, they are found at the sites that the scan has noted
//! ([`crate::parse::sites`]), and what is between them is not decoded again.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context, Result, anyhow, bail};
use wasm_encoder::reencode::Reencode;
use wasm_encoder::{Encode, InstructionSink, SectionId};
use wasmparser::{
    BinaryReader, Operator, OperatorsReader, OperatorsReaderAllocations, WasmFeatures,
};

use super::coalesce::{self, How};
use super::step::{Action, Remap, Step};
use crate::debug::address::Points;
use crate::features::FeatureSet;
use crate::fold::fold;
use crate::glue::one_trap;
use crate::limits::Room;
use crate::maps::index::{Callee, InstanceMap, Maps, Source};
use crate::memory::access::Scratch;
use crate::memory::traps;
use crate::opt::Opt;
use crate::parallel::in_order;
use crate::parse::module::Module;
use crate::parse::numbers::{signed, unsigned};
use crate::parse::scan::Ref;
use crate::plan::Plan;
use crate::resolve::InstanceId;

/// The code section, at the end of what there is.
pub struct InPlace<'w> {
    pub wasm: &'w mut Vec<u8>,
    /// Where the section begins, and where its content does for now.
    start: usize,
    content: usize,
    is_empty: bool,
}

impl InPlace<'_> {
    /// The id, and a size of as many bytes as there can be.
    const HEADER: usize = 6;

    /// Begins it: it will have so many bodies.
    pub fn new(wasm: &mut Vec<u8>, count: usize) -> InPlace<'_> {
        let start = wasm.len();
        wasm.extend_from_slice(&[0; InPlace::HEADER]);
        let content = wasm.len();
        count.encode(wasm);
        InPlace {
            wasm,
            start,
            content,
            is_empty: count == 0,
        }
    }

    /// The bytes of the content so far.
    pub fn bytes(&self) -> usize {
        self.wasm.len() - self.content
    }

    /// Puts the size in front of the content, and gives where that begins.
    pub fn finish(self) -> usize {
        let mut header = vec![SectionId::Code as u8];
        if self.is_empty {
            self.wasm.truncate(self.start);
            return self.start;
        }
        self.bytes().encode(&mut header);
        self.wasm
            .splice(self.start..self.content, header.iter().copied());
        self.start + header.len()
    }
}

/// Some bodies one after the other, each with its size in front.
#[derive(Default)]
pub struct Chunk {
    pub bytes: Vec<u8>,
    /// Those that were to be traced.
    pub traced: Vec<Traced>,
}

/// Where the instructions of a body went.
pub struct Traced {
    pub source: Source,
    /// The bytes of the chunk that it has, without its size.
    pub range: Range<usize>,
    pub points: Points,
}

/// Encodes the bodies of `sources` in order, and gives them in chunks to `append`; those of the instances in
/// `traced` are traced.
pub fn bodies(
    plan: &Plan<'_, '_>,
    maps: &Maps,
    sources: &[Source],
    traced: &BTreeSet<InstanceId>,
    room: &Room,
    append: impl FnMut(Chunk),
) -> Result<()> {
    const CHUNK: usize = 256;
    let chunks: Vec<&[Source]> = sources.chunks(CHUNK).collect();
    let encode = |at: usize| {
        let mut out = Chunk::default();
        let (mut header, mut body) = (Vec::new(), Vec::new());
        let mut allocations = OperatorsReaderAllocations::default();
        for &(id, defined) in chunks[at] {
            let module = plan.program.module(plan.input, id);
            header.clear();
            body.clear();
            let reused = std::mem::take(&mut allocations);
            let map = maps.instance(id);
            let parts = (&mut header, &mut body);
            let mut points = traced.contains(&id).then(Points::new);
            allocations = encode_body(plan, module, defined, map, reused, parts, &mut points)
                .with_context(|| {
                    format!(
                        "at offset {:#x}, in {}",
                        module.bodies[defined].start, module.path
                    )
                })?;
            if plan.is_library(id)
                && plan.options.does(Opt::Fold)
                && points.is_none()
                && let Some(folded) = fold(&body)?
            {
                body = folded;
            }
            // A trap that is traced stays where it is.
            if map.has_checks()
                && points.is_none()
                && plan.options.does(Opt::OneTrap)
                && let Some(shared) = one_trap::shared(&body)?
            {
                body = shared;
            }
            let size = header.len() + body.len();
            room.spend(size)?;
            size.encode(&mut out.bytes);
            let start = out.bytes.len();
            out.bytes.extend_from_slice(&header);
            out.bytes.extend_from_slice(&body);
            if let Some(mut points) = points {
                for (_, new) in &mut points {
                    *new += header.len() as u32;
                }
                out.traced.push(Traced {
                    source: (id, defined),
                    range: start..start + size,
                    points,
                });
            }
        }
        anyhow::Ok(out)
    };
    in_order(chunks.len(), encode, append)
}

fn encode_body(
    plan: &Plan<'_, '_>,
    module: &Module<'_>,
    defined: usize,
    map: &InstanceMap,
    allocations: OperatorsReaderAllocations,
    (header, out): (&mut Vec<u8>, &mut Vec<u8>),
    points: &mut Option<Points>,
) -> Result<OperatorsReaderAllocations> {
    let body = module.body(defined);
    let mut remap = Remap { map, moved: 0 };
    let mut locals = body.get_locals_reader()?;
    let mut groups = 0;
    let mut groups_encoded = Vec::new();
    let params = module.func_type(module.imported_func_count() + defined as u32);
    let param_count = params.params().len() as u32;
    let mut local_count = param_count;
    for _ in 0..locals.get_count() {
        let (count, ty) = locals.read()?;
        if count == 0 {
            // WAMR of 2020 refuses it, and it is of no use.
            continue;
        }
        groups += 1;
        local_count += count;
        count.encode(&mut groups_encoded);
        remap
            .val_type(ty)
            .map_err(|error| anyhow!("{error}"))?
            .encode(&mut groups_encoded);
    }

    let (flags, teller) = map.flags(module.imported_func_count() + defined as u32);
    for &flag in flags {
        let mut code = InstructionSink::new(out);
        code.global_get(flag);
        traps::when(&mut code, teller);
    }
    let bytes = module.bytes;
    let reader = locals.get_binary_reader();
    let first = module.bodies[defined].start;
    let start = reader.original_position() as usize;
    if let Some(points) = points {
        points.push(((start - first) as u32, out.len() as u32));
    }
    let mut writer = Writer {
        bytes,
        end: module.bodies[defined].end,
        first,
        run: start,
        out,
        points,
        remap,
        locals: [param_count, local_count],
        moves_pointers: map.has_work()
            && plan.options.does(Opt::Pointers)
            && keeps_bases(module, defined),
        step: Step {
            plan,
            map,
            written: Vec::new(),
            slow: None,
            scratch: Scratch::new(local_count),
            refused: None,
            folded: 0,
        },
    };
    let allocations = match plan.options.does(Opt::Runs) && only_renumbered(module, defined, map) {
        true => writer.sites(module.refs.sites(defined), allocations)?,
        false => writer.all(reader, allocations)?,
    };
    writer.copy_to(writer.end);
    let step = writer.step;
    if let Some(what) = step.refused {
        bail!("{what} in one of several guests is not supported yet");
    }
    groups += step.scratch.groups();
    groups.encode(header);
    header.append(&mut groups_encoded);
    step.scratch.encode(header);
    Ok(allocations)
}

/// Whether only the sites of a body are written anew: its accesses stay as they are.
fn only_renumbered(module: &Module<'_>, defined: usize, map: &InstanceMap) -> bool {
    let stays = |memory: u32| {
        let new = map.memory(memory);
        memory == 0 && new.index == 0 && new.access.is_none()
    };
    // The frames of those exceptions are followed from the start of the body.
    let legacy = FeatureSet::of(WasmFeatures::LEGACY_EXCEPTIONS);
    !module.refs.features(defined).has_any(legacy)
        && module.refs.of(defined).all(|reference| match reference {
            Ref::Memory(memory) => stays(memory),
            _ => true,
        })
}

/// Whether no region of memory can move while a function runs: neither it nor what it calls leaves the module or
/// grows a memory.
fn keeps_bases(module: &Module<'_>, defined: usize) -> bool {
    const SEEN: usize = 16;
    let mut found = vec![defined];
    let mut at = 0;
    while let Some(&defined) = found.get(at) {
        for reference in module.refs.of(defined) {
            match reference {
                Ref::MemoryGrow(_) | Ref::Table(_) | Ref::Type(_) => return false,
                Ref::Func(callee) => {
                    let Some(callee) = callee.checked_sub(module.imported_func_count()) else {
                        return false;
                    };
                    if !found.contains(&(callee as usize)) {
                        found.push(callee as usize);
                    }
                }
                _ => {}
            }
        }
        at += 1;
        if found.len() > SEEN {
            return false;
        }
    }
    true
}

/// Writes the instructions of one body.
struct Writer<'w, 'a> {
    /// Those of the file.
    bytes: &'a [u8],
    /// Where the body begins and ends in it.
    first: usize,
    end: usize,
    /// The instructions from here on are still to be copied.
    run: usize,
    out: &'w mut Vec<u8>,
    points: &'w mut Option<Points>,
    remap: Remap<'w>,
    /// How many parameters there are, and how many locals, those included.
    locals: [u32; 2],
    /// Whether locals may have the base of a region in them.
    moves_pointers: bool,
    step: Step<'w, 'a>,
}

impl<'a> Writer<'_, 'a> {
    /// Notes that what is at `old` in the file comes next.
    fn note(&mut self, old: usize) {
        if let Some(points) = self.points {
            points.push(((old - self.first) as u32, self.out.len() as u32));
        }
    }

    /// Copies what is still to be copied before `at`.
    fn copy_to(&mut self, at: usize) {
        self.out.extend_from_slice(&self.bytes[self.run..at]);
        self.run = at;
    }

    /// Decodes all instructions.
    fn all(
        &mut self,
        reader: BinaryReader<'a>,
        allocations: OperatorsReaderAllocations,
    ) -> Result<OperatorsReaderAllocations> {
        let mut edits =
            match self.step.map.has_work() && self.step.plan.options.does(Opt::Coalesce) {
                true => coalesce::edits(
                    self.bytes,
                    OperatorsReader::new(reader.clone()),
                    self.step.map,
                    &mut self.step.scratch,
                    self.locals,
                    How {
                        keeps_facts: self.step.plan.options.does(Opt::Facts),
                        moves_pointers: self.moves_pointers,
                    },
                )?,
                false => Vec::new(),
            }
            .into_iter()
            .peekable();
        let mut ops = OperatorsReader::new_with_allocs(reader, allocations);
        while !ops.eof() {
            let start = ops.original_position() as usize;
            if let Some(edit) = edits.next_if(|edit| edit.range.start == start) {
                self.copy_to(start);
                self.note(start);
                self.out.extend_from_slice(&edit.code);
                self.run = edit.range.end;
                while ops.original_position() < self.run as u64 {
                    let op = ops.read()?;
                    if let Some(offset) = edit.moved {
                        self.remap.moved = offset;
                        reencode_one(&mut self.remap, op, self.out)?;
                        self.remap.moved = 0;
                    }
                }
                self.note(self.run);
                continue;
            }
            let action = ops.visit_operator(&mut self.step)?;
            self.act(action, start..ops.original_position() as usize)?;
            while ops.original_position() < self.run as u64 {
                ops.read()?;
            }
        }
        Ok(ops.into_allocations())
    }

    /// Decodes those instructions that are at sites of the body.
    fn sites(
        &mut self,
        sites: impl Iterator<Item = usize>,
        mut allocations: OperatorsReaderAllocations,
    ) -> Result<OperatorsReaderAllocations> {
        for site in sites {
            let start = self.first + site;
            // What was left out with the instruction before.
            if start < self.run || self.stays(start) {
                continue;
            }
            if self.renumber(start) {
                continue;
            }
            let reader = BinaryReader::new(&self.bytes[start..self.end], start as u64);
            let mut ops = OperatorsReader::new_with_allocs(reader, allocations);
            let action = ops.visit_operator(&mut self.step)?;
            let end = ops.original_position() as usize;
            allocations = ops.into_allocations();
            self.act(action, start..end)?;
        }
        Ok(allocations)
    }

    /// Whether the instruction is one of those that are the same everywhere.
    fn stays(&self, start: usize) -> bool {
        match self.bytes[start..self.end] {
            // Blocks with a number, and extensions of signs.
            [0x02..=0x04, 0x7c..=0x7f, ..] | [0xc0..=0xc4, ..] => true,
            [BR_TABLE, ref targets @ ..] => is_shortest(targets).unwrap_or(false),
            _ => false,
        }
    }

    /// Writes the most frequent instructions that have an index, and those of the MVP whose immediate is longer than
    /// needed; false for all others. Accesses stay as they are but for that.
    fn renumber(&mut self, start: usize) -> bool {
        let code = &self.bytes[start..self.end];
        let Some(immediate) = code.get(1..) else {
            return false;
        };
        let opcode = code[0];
        // What is written for so many bytes: the opcode with more that stays, and a number.
        let (kept, length, number) = match opcode {
            CALL | GLOBAL_GET | GLOBAL_SET => {
                let Some(old) = unsigned(immediate) else {
                    return false;
                };
                let new = match opcode {
                    CALL => match self.step.map.callee(old.value) {
                        Callee::Func(new) => new,
                        _ => return false,
                    },
                    _ => self.step.map.global(old.value),
                };
                if new == old.value && !old.is_long {
                    return true;
                }
                (1, 1 + old.length, i64::from(new))
            }
            CALL_INDIRECT => match unsigned(immediate) {
                // The first table is one byte, and stays so.
                Some(old)
                    if immediate.get(old.length) == Some(&0) && self.step.map.table(0) == 0 =>
                {
                    let new = self.step.map.ty(old.value);
                    if new == old.value && !old.is_long {
                        return true;
                    }
                    (1, 1 + old.length, new.into())
                }
                _ => return false,
            },
            I32_CONST => match signed(immediate) {
                Some(old) => (1, 1 + old.length, old.value.into()),
                None => return false,
            },
            FIRST_ACCESS..=LAST_ACCESS => match (immediate[0], unsigned(&immediate[1..])) {
                (0..MEMORY_INDEX, Some(old)) => (2, 2 + old.length, old.value.into()),
                _ => return false,
            },
            _ => return false,
        };
        self.copy_to(start);
        self.note(start);
        self.out.extend_from_slice(&self.bytes[start..start + kept]);
        match opcode {
            I32_CONST => number.encode(self.out),
            _ => (number as u64).encode(self.out),
        }
        self.run = start + length;
        self.note(self.run);
        true
    }

    /// Writes the instruction at `at`, and what comes before it.
    fn act(&mut self, action: Action, at: Range<usize>) -> Result<()> {
        let Range { start, end } = at;
        if matches!(action, Action::Keep(length) if end - start == length) {
            return Ok(());
        }
        self.copy_to(start);
        self.note(start);
        self.run = end;
        match action {
            Action::Keep(_) => {
                let reader = BinaryReader::new(&self.bytes[start..end], start as u64);
                let op = OperatorsReader::new(reader).read()?;
                reencode_one(&mut self.remap, op, self.out)?;
            }
            Action::Slow => {
                let op = self.step.slow.take();
                let op = op.expect("a slow step leaves its operator");
                reencode_one(&mut self.remap, op, self.out)?;
            }
            Action::Access => {
                self.out.append(&mut self.step.written);
                let op = self.step.slow.take();
                let op = op.expect("an access leaves its operator");
                self.remap.moved = std::mem::take(&mut self.step.folded).into();
                reencode_one(&mut self.remap, op, self.out)?;
                self.remap.moved = 0;
            }
            Action::Written => self.out.append(&mut self.step.written),
            Action::Zero => {
                const I32_ADD: u8 = 0x6a;
                const I32_SUB: u8 = 0x6b;
                let next = &self.bytes[end..];
                let local = local_get(next);
                if local != 0 && next[local] == I32_ADD {
                    self.out.extend_from_slice(&next[..local]);
                    self.run = end + local + 1;
                } else if matches!(next[0], I32_ADD | I32_SUB) {
                    self.run = end + 1;
                } else {
                    self.out.extend_from_slice(&[0x41, 0]);
                }
            }
        }
        self.note(self.run);
        Ok(())
    }
}

const BR_TABLE: u8 = 0x0e;
const CALL: u8 = 0x10;
const GLOBAL_GET: u8 = 0x23;
const GLOBAL_SET: u8 = 0x24;
const CALL_INDIRECT: u8 = 0x11;
const I32_CONST: u8 = 0x41;
const FIRST_ACCESS: u8 = 0x28;
const LAST_ACCESS: u8 = 0x3e;
/// The bit of the alignment that says that a memory index follows.
const MEMORY_INDEX: u8 = 0x40;

/// Whether all labels at the start of `bytes`, behind their number, are as short as they can be.
fn is_shortest(mut bytes: &[u8]) -> Option<bool> {
    let mut next = || {
        let number = unsigned(bytes)?;
        bytes = &bytes[number.length..];
        Some((number.value, !number.is_long))
    };
    let (count, mut shortest) = next()?;
    // And that for all others.
    for _ in 0..=count {
        shortest &= next()?.1;
    }
    Some(shortest)
}

fn reencode_one(remap: &mut Remap<'_>, op: Operator<'_>, out: &mut Vec<u8>) -> Result<()> {
    remap
        .instruction(op)
        .map_err(|error| anyhow!("{error}"))?
        .encode(out);
    Ok(())
}

/// The bytes of the `local.get` that code begins with; 0 where it begins with something else.
fn local_get(code: &[u8]) -> usize {
    const LOCAL_GET: u8 = 0x20;
    if code[0] != LOCAL_GET {
        return 0;
    }
    2 + code[1..].iter().take_while(|&&byte| byte >= 0x80).count()
}
