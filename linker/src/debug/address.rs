//! Where code went: from the addresses of DWARF in an input to those in the output.
//!
//! An address of DWARF for WebAssembly counts from the start of the content of the code section.
//! Bodies are copied in runs, so a few points describe each of them.

use std::ops::Range;

use crate::parse::module::Module;

/// Notes where the instructions of one body go: offsets from its start (its locals included) in the
/// input, and offsets in the output. Both advance alike up to the next point.
pub type Points = Vec<(u32, u32)>;

/// Where an instruction went, by the offset of its first byte in the body.
pub fn moved(points: &Points, offset: u32) -> u32 {
    let next = points.partition_point(|(old, _)| *old <= offset);
    match next.checked_sub(1).and_then(|at| points.get(at)) {
        Some(&(old, new)) => new + (offset - old),
        None => 0,
    }
}

/// A body that is part of the output.
#[derive(Clone, Debug)]
pub struct MovedBody {
    /// Where the size in front of it begins. Some producers take that for the address of a function.
    pub entry: u64,
    pub old: Range<u64>,
    pub new: Range<u64>,
    pub points: Points,
}

impl MovedBody {
    /// For the `defined`th body of `module`, which is at `new` in the output.
    pub fn new(
        module: &Module<'_>,
        defined: usize,
        new: Range<usize>,
        points: Points,
    ) -> MovedBody {
        MovedBody {
            entry: match defined.checked_sub(1) {
                Some(before) => module.code_address(before).end,
                None => 0,
            },
            old: module.code_address(defined),
            new: new.start as u64..new.end as u64,
            points,
        }
    }

    fn at(&self, address: u64) -> u64 {
        if address >= self.old.end {
            return self.new.end;
        }
        let offset = address.saturating_sub(self.old.start) as u32;
        let next = self.points.partition_point(|(old, _)| *old <= offset);
        let Some(&(old, new)) = next.checked_sub(1).and_then(|at| self.points.get(at)) else {
            return self.new.start;
        };
        let limit = match self.points.get(next) {
            Some((_, new)) => self.new.start + u64::from(*new),
            None => self.new.end,
        };
        (self.new.start + u64::from(new) + u64::from(offset - old)).min(limit)
    }
}

/// All bodies of one instance that are part of the output.
#[derive(Clone, Debug, Default)]
pub struct AddressMap {
    /// In the order of the input.
    bodies: Vec<MovedBody>,
}

impl AddressMap {
    pub fn new(mut bodies: Vec<MovedBody>) -> AddressMap {
        bodies.sort_unstable_by_key(|body| body.old.start);
        AddressMap { bodies }
    }

    /// The body that has an address, by its place, and the address in the output.
    pub fn find(&self, address: u64) -> Option<(usize, u64)> {
        let at = self.bodies.partition_point(|body| body.old.end <= address);
        let body = self.bodies.get(at).filter(|body| body.entry <= address)?;
        Some((at, body.at(address)))
    }

    /// The address in the output of the end of something that lies in a body.
    pub fn end_in(&self, body: usize, end: u64) -> u64 {
        self.bodies[body].at(end)
    }

    /// Where a range went: a piece for each body that is left of it.
    pub fn ranges(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let first = self
            .bodies
            .partition_point(|body| body.old.end <= range.start);
        self.bodies[first..]
            .iter()
            .take_while(move |body| body.entry < range.end)
            .map(move |body| body.at(range.start)..body.at(range.end))
            .filter(|new| new.start < new.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> AddressMap {
        let body = |entry, old: Range<u64>, new, points| MovedBody {
            entry,
            old,
            new,
            points,
        };
        AddressMap::new(vec![
            // A body that follows the other one in the output.
            body(1, 2..10, 40..60, vec![(2, 4), (4, 10)]),
            body(20, 21..30, 10..19, vec![(1, 1)]),
        ])
    }

    #[test]
    fn addresses_move_with_their_instructions() {
        let at = |address| map().find(address).map(|(_, new)| new);
        assert_eq!(at(0), None);
        assert_eq!(at(1), Some(40), "the size in front of a body");
        assert_eq!(at(2), Some(40));
        assert_eq!(at(4), Some(44));
        assert_eq!(at(5), Some(45));
        assert_eq!(at(6), Some(50));
        assert_eq!(at(9), Some(53));
        assert_eq!(at(10), None, "a body that is gone");
        assert_eq!(at(25), Some(14));
    }

    #[test]
    fn ranges_are_cut_where_bodies_are_gone() {
        let ranges = |range| {
            let map = map();
            let ranges = map.ranges(range).map(|new| (new.start, new.end));
            ranges.collect::<Vec<_>>()
        };
        assert_eq!(ranges(2..10), [(40, 60)]);
        assert_eq!(ranges(4..6), [(44, 50)]);
        assert_eq!(ranges(0..100), [(40, 60), (10, 19)]);
        assert_eq!(ranges(10..20), []);
    }
}
