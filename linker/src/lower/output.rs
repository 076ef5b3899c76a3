//! The lowered module in parts, and how they are put together: in a new place, or where the module was.
//!
//! Most of a large program stays as it was, and a module that nobody needs any more need not be kept beside what is made of it.

use std::ops::Range;

/// Bytes for what is appended to a module: a larger one would be copied to have them.
const ROOM: usize = 64 << 10;

/// The parts, one after the other.
pub struct Output {
    /// All that comes before the bodies.
    pub before: Vec<u8>,
    /// The bodies: what is kept of the input is in the order that it has there.
    pub code: Vec<Part>,
    /// All that comes behind them.
    pub after: Vec<u8>,
}

/// A part of the code.
pub enum Part {
    /// Bodies that are as they were, with their sizes, by where they are in the input.
    Kept(Range<usize>),
    Written(Vec<u8>),
}

impl Part {
    fn len(&self) -> usize {
        match self {
            Part::Kept(range) => range.len(),
            Part::Written(bytes) => bytes.len(),
        }
    }
}

impl Output {
    fn len(&self) -> usize {
        let code = self.code.iter().map(Part::len);
        self.before.len() + code.sum::<usize>() + self.after.len()
    }

    /// A module of its own, beside the input.
    pub fn copied(self, input: &[u8]) -> Vec<u8> {
        let mut wasm = Vec::with_capacity(self.len() + ROOM);
        wasm.extend_from_slice(&self.before);
        for part in &self.code {
            wasm.extend_from_slice(match part {
                Part::Kept(range) => &input[range.clone()],
                Part::Written(bytes) => bytes,
            });
        }
        wasm.extend_from_slice(&self.after);
        wasm
    }

    /// The module where the input was.
    pub fn in_place(self, input: Vec<u8>) -> Vec<u8> {
        let (length, mut wasm) = (self.len(), input);
        if wasm.len() < length {
            wasm.reserve_exact(length + ROOM - wasm.len());
            wasm.resize(length, 0);
        }
        let mut at = self.before.len();
        let parts = self.code.into_iter().map(|part| {
            let to = at;
            at += part.len();
            (to, part)
        });
        let parts: Vec<(usize, Part)> = parts.collect();
        // Nothing comes to lie on what is still to be moved: what moves towards the start does so first to last, what moves towards the
        // end last to first, and those that move away from each other leave each other alone.
        let kept = |part: &(usize, Part)| match part {
            (to, Part::Kept(range)) => Some((*to, range.clone())),
            (_, Part::Written(_)) => None,
        };
        for (to, range) in parts.iter().filter_map(kept) {
            if to < range.start {
                wasm.copy_within(range, to);
            }
        }
        for (to, range) in parts.iter().rev().filter_map(kept) {
            if to > range.start {
                wasm.copy_within(range, to);
            }
        }
        for (to, part) in &parts {
            if let Part::Written(bytes) = part {
                wasm[*to..*to + bytes.len()].copy_from_slice(bytes);
            }
        }
        wasm[..self.before.len()].copy_from_slice(&self.before);
        wasm[at..length].copy_from_slice(&self.after);
        wasm.truncate(length);
        wasm
    }
}

#[cfg(test)]
mod tests {
    use super::{Output, Part};

    /// Parts of an input of so many bytes, as the bits of `seed` say.
    fn output(mut seed: u64, input: usize) -> Output {
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        let written = |length: u64| vec![0xee; length as usize];
        let (before, mut code, mut at) = (written(next(20)), Vec::new(), next(20) as usize);
        while at < input {
            let end = input.min(at + next(12) as usize);
            match next(3) {
                0 => code.push(Part::Written(written(next(16)))),
                1 => at += next(9) as usize,
                _ => code.push(Part::Kept(at.min(end)..end)),
            }
            at = end.max(at);
        }
        let after = written(next(20));
        Output {
            before,
            code,
            after,
        }
    }

    #[test]
    fn where_the_input_was_is_what_is_beside_it() {
        for seed in 0..20_000 {
            let input: Vec<u8> = (0..(seed % 97) as u8).collect();
            let beside = output(seed, input.len()).copied(&input);
            let within = output(seed, input.len()).in_place(input);
            assert_eq!(within, beside, "{seed}");
        }
    }
}
