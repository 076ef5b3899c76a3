//! The data section: it is written where it belongs, and its bytes are copied once.

use anyhow::{Result, anyhow, bail};
use wasm_encoder::{ConstExpr, Encode, SectionId};

use crate::plan::{Plan, Step, zeroes};
use crate::resolve::{Const, InstanceId, constant};

/// A data segment: what is before its bytes, and they.
struct Segment<'a> {
    head: Vec<u8>,
    bytes: &'a [u8],
}

/// All of them.
pub struct Segments<'a>(Vec<Segment<'a>>);

/// How segments begin (`binary/modules.html#data-section`).
const ACTIVE: u8 = 0;
const PASSIVE: u8 = 1;
const ACTIVE_IN: u8 = 2;

impl<'a> Segments<'a> {
    /// Those that are live.
    ///
    /// # Errors
    ///
    /// When the offset of one is not a constant that is known.
    pub fn of(plan: &Plan<'_, 'a>) -> Result<Segments<'a>> {
        let mut segments = Vec::new();
        let trimmed = zeroes::trimmed(plan);
        for id in plan.program.ids() {
            let module = plan.program.module(plan.input, id);
            let live = &plan.live.instance(id).data;
            for (at, data) in module.data.iter().enumerate().filter(|(at, _)| live[*at]) {
                let kept = trimmed.get(&(id, at)).cloned();
                let kept = kept.unwrap_or(0..data.bytes.len());
                segments.push(match &data.active {
                    // Its bytes are in the code that writes them; the index has to stay.
                    Some(_) if plan.is_late(Step::Data(id, at)) => {
                        Segment::active(0, &ConstExpr::i32_const(0), &[])
                    }
                    None => Segment {
                        head: vec![PASSIVE],
                        bytes: data.bytes,
                    },
                    Some((memory, offset)) => {
                        let from = kept.start as u32;
                        let (memory, offset) =
                            data_offset(plan, id, (*memory, from), offset, data)?;
                        Segment::active(memory, &offset, &data.bytes[kept])
                    }
                });
            }
        }
        for Segment { head, bytes } in &mut segments {
            bytes.len().encode(head);
        }
        Ok(Segments(segments))
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.0.len() as u32
    }

    /// The bytes of all.
    pub fn size(&self) -> usize {
        let sizes = self.0.iter().map(|one| one.head.len() + one.bytes.len());
        sizes.sum()
    }

    /// Appends the section, unless there are none.
    pub fn append(&self, wasm: &mut Vec<u8>) {
        if self.0.is_empty() {
            return;
        }
        let mut count = Vec::new();
        self.0.len().encode(&mut count);
        wasm.push(SectionId::Data as u8);
        (count.len() + self.size()).encode(wasm);
        wasm.extend_from_slice(&count);
        for Segment { head, bytes } in &self.0 {
            wasm.extend_from_slice(head);
            wasm.extend_from_slice(bytes);
        }
    }
}

impl<'a> Segment<'a> {
    fn active(memory: u32, offset: &ConstExpr, bytes: &'a [u8]) -> Segment<'a> {
        let mut head = Vec::new();
        match memory {
            0 => head.push(ACTIVE),
            memory => {
                head.push(ACTIVE_IN);
                memory.encode(&mut head);
            }
        }
        offset.encode(&mut head);
        Segment { head, bytes }
    }
}

/// The memory of an active data segment in the output, and the offset there of the byte `from` in it.
fn data_offset(
    plan: &Plan<'_, '_>,
    id: InstanceId,
    (memory, from): (u32, u32),
    offset: &wasmparser::ConstExpr<'_>,
    data: &crate::parse::module::Data<'_>,
) -> Result<(u32, ConstExpr)> {
    let Some(Const::I32(start)) = constant(plan.input, &plan.program, id, offset) else {
        bail!(
            "the offset of the segment at {:#x} is not a constant that is supported",
            data.offset
        );
    };
    let slot = plan.program.memory(plan.input, id, memory);
    let memory = plan.memory.as_ref();
    let place = memory.and_then(|memory| Some((memory, memory.place(slot)?)));
    let (memory, (index, region)) = place.ok_or_else(|| anyhow!("a data segment has no memory"))?;
    let base = region.map_or(0, |region| memory.regions[region].data());
    let start = (start as u32).wrapping_add(base).wrapping_add(from);
    Ok((index, ConstExpr::i32_const(start as i32)))
}
