//! Which bytes of active data segments have to be written: memory is zero at the start, so zeroes at the
//! ends of a segment need not be, unless another segment was there before.

use std::collections::HashMap;
use std::ops::Range;

use super::model::{Plan, Step};
use crate::opt::Opt;
use crate::resolve::{Const, InstanceId, constant};

/// An active segment: its memory, where it begins and ends, and which it is.
type Segment = ((InstanceId, u32), u64, u64, (InstanceId, usize));

/// The bytes of each live active segment that stay, for those of which not all do.
pub fn trimmed(plan: &Plan<'_, '_>) -> HashMap<(InstanceId, usize), Range<usize>> {
    let mut segments: Vec<Segment> = Vec::new();
    if !plan.options.tidy || !plan.options.does(Opt::Zeroes) {
        return HashMap::new();
    }
    for id in plan.program.ids() {
        let module = plan.program.module(plan.input, id);
        let live = &plan.live.instance(id).data;
        for (at, data) in module.data.iter().enumerate().filter(|(at, _)| live[*at]) {
            let Some((memory, offset)) = &data.active else {
                continue;
            };
            let Some(Const::I32(start)) = constant(plan.input, &plan.program, id, offset) else {
                continue;
            };
            let slot = plan.program.memory(plan.input, id, *memory);
            let start = u64::from(start as u32);
            let end = start + data.bytes.len() as u64;
            segments.push((slot, start, end, (id, at)));
        }
    }
    segments.sort_unstable();
    let mut kept = HashMap::new();
    let mut before = 0;
    for (place, &(slot, start, end, segment)) in segments.iter().enumerate() {
        let first = place == 0 || segments[place - 1].0 != slot;
        before = if first { 0 } else { before };
        let next = segments.get(place + 1);
        let overlaps = before > start || next.is_some_and(|next| next.0 == slot && next.1 < end);
        before = before.max(end);
        let (id, at) = segment;
        // What is written late comes after code has run.
        if overlaps || plan.is_late(Step::Data(id, at)) || plan.init.contains(&Step::Trap) {
            continue;
        }
        let bytes = plan.program.module(plan.input, id).data[at].bytes;
        let from = bytes.iter().position(|byte| *byte != 0);
        let to = bytes.iter().rposition(|byte| *byte != 0);
        let range = match (from, to) {
            (Some(from), Some(to)) => from..to + 1,
            _ => 0..0,
        };
        if range.len() < bytes.len() {
            kept.insert(segment, range);
        }
    }
    kept
}
