//! Where the instructions of a body are that may be written anew.
//!
//! Most instructions of a body mean the same in any module: they are copied as they stand. A *site* is
//! one of the others: it has an index, or is of a proposal (with an offset of more than 32 bits, too), or
//! has an immediate that is longer than needed. The scan notes the sites of each body, so that those who copy it need not decode what is
//! between them.
//!
//! They are kept as distances in bytes, one byte for most.

/// A distance that says only that the next site is at least so far away.
const FAR: u8 = u8::MAX;

/// From here on, instructions of one byte are of proposals.
const FIRST_OF_PROPOSALS: u8 = 0xc0;
/// The two before that are: `throw_ref` and `catch_all`.
const THROWING: [u8; 2] = [0x0a, 0x19];
/// The bytes of an access that needs no longer offset than the MVP has: those of 32 bits take five.
const SHORT_ACCESS: usize = 7;

/// Whether this instruction, which is valid, is a site.
#[inline(always)]
pub fn is_site(instruction: &[u8]) -> bool {
    let opcode = instruction[0];
    let length = instruction.len();
    if length == 1 {
        return opcode >= FIRST_OF_PROPOSALS || THROWING.contains(&opcode);
    }
    let last = instruction[length - 1];
    match opcode {
        // Accesses: of the first memory, and with offsets as short as they can be.
        0x28..=0x3e => instruction[1] >= 0x40 || length > 3 && last == 0 || length > SHORT_ACCESS,
        // Locals and labels.
        0x20..=0x22 | 0x0c | 0x0d => length > 2 && last == 0,
        // Integers: the last byte repeats the sign of the one before.
        0x41 | 0x42 => {
            let before = instruction[length - 2] & 0x40;
            length > 2 && (last == 0 && before == 0 || last == 0x7f && before != 0)
        }
        // Floats.
        0x43 | 0x44 => false,
        // Blocks without values.
        0x02..=0x04 => instruction[1] != 0x40,
        _ => true,
    }
}

/// Writes down the sites of one body.
pub struct Sites<'p> {
    pool: &'p mut Vec<u8>,
    last: usize,
}

impl<'p> Sites<'p> {
    /// For a body from whose start the sites are counted.
    pub fn new(pool: &'p mut Vec<u8>) -> Sites<'p> {
        Sites { pool, last: 0 }
    }

    /// How long the pool is now.
    pub fn end(&self) -> u32 {
        self.pool.len() as u32
    }

    /// Adds one behind all that there are, by the bytes before it.
    #[inline]
    pub fn push(&mut self, at: usize) {
        let mut distance = at - self.last;
        self.last = at;
        while distance >= FAR.into() {
            self.pool.push(FAR);
            distance -= usize::from(FAR);
        }
        self.pool.push(distance as u8);
    }
}

/// The sites that were written down, by the bytes before each.
pub fn read(distances: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let mut at = 0;
    distances.iter().filter_map(move |&distance| {
        at += usize::from(distance);
        (distance != FAR).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_read_as_they_were_written() {
        let all = [0, 1, 254, 509, 510, 764, 100_000, 100_255];
        let mut pool = Vec::new();
        let mut sites = Sites::new(&mut pool);
        for at in all {
            sites.push(at);
        }
        assert_eq!(read(&pool).collect::<Vec<_>>(), all);
    }

    #[test]
    fn immediates_that_are_longer_than_needed_are_sites() {
        for code in [
            &[0x20, 0x80, 0x00][..],
            &[0x0c, 0x81, 0x80, 0x00],
            &[0x41, 0x80, 0x00],
            &[0x41, 0xff, 0x7f],
            &[0x42, 0xff, 0xff, 0x7f],
            &[0x28, 0x02, 0x80, 0x00],
            &[0x28, 0x82, 0x00, 0x00],
            &[0x02, 0x7f],
            &[0x10, 0x00],
            &[0xc0],
            &[0xfc, 0x00],
            &[0x0a],
            &[0x28, 0x02, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        ] {
            assert!(is_site(code), "{code:x?}");
        }
        for code in [
            &[0x20, 0x80, 0x01][..],
            &[0x20, 0x00],
            &[0x41, 0x00],
            &[0x41, 0x7f],
            &[0x41, 0x80, 0x7f],
            &[0x41, 0xc0, 0x00],
            &[0x43, 0, 0, 0, 0],
            &[0x44, 0, 0, 0, 0, 0x80, 0x80, 0x80, 0],
            &[0x28, 0x02, 0x00],
            &[0x28, 0x02, 0x80, 0x01],
            &[0x04, 0x40],
            &[0x6a],
        ] {
            assert!(!is_site(code), "{code:x?}");
        }
    }
}
