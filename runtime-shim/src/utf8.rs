//! UTF-8, without the tables of the standard library (a library has no data).

use crate::abi::{load8, load64};

/// Added to the length of a run that is not UTF-8.
const BAD: u32 = 8;

/// Length of the run at `at`, at most `left` bytes (`left` > 0): one encoded scalar value, or with
/// [`BAD`] the longest prefix that one U+FFFD stands for.
#[inline(never)]
fn sequence(at: u32, left: u32) -> u32 {
    let first = load8(at);
    // The second byte is where overlong forms, surrogates and values over 10FFFF show.
    let (length, mut low, mut high) = match first {
        0..=0x7f => return 1,
        0xc2..=0xdf => (2, 0x80, 0xbf),
        0xe0 => (3, 0xa0, 0xbf),
        0xed => (3, 0x80, 0x9f),
        0xe1..=0xef => (3, 0x80, 0xbf),
        0xf0 => (4, 0x90, 0xbf),
        0xf1..=0xf3 => (4, 0x80, 0xbf),
        0xf4 => (4, 0x80, 0x8f),
        _ => return 1 + BAD,
    };
    let mut seen = 1;
    while seen < length {
        if seen == left {
            return seen + BAD;
        }
        let byte = load8(at + seen);
        if byte < low || byte > high {
            return seen + BAD;
        }
        low = 0x80;
        high = 0xbf;
        seen += 1;
    }
    length
}

/// The highest bits of eight bytes, and their lowest.
const HIGH: u64 = 0x8080_8080_8080_8080;
const LOW: u64 = 0x0101_0101_0101_0101;

/// The highest bits of those bytes of a word that are not ASCII, and of those that are less than the byte
/// of `least` at their place. What comes behind such a one may be marked as well.
#[inline(always)]
fn marks(word: u64, least: u64) -> u64 {
    // A byte that is less borrows from its highest bit.
    (word | word.wrapping_sub(least)) & HIGH
}

/// Whether marks leave the first `length` bytes alone. Not for 0 bytes, nor for more than 8 of them.
#[inline(always)]
fn none_in(marks: u64, length: u32) -> bool {
    u64::from(marks.trailing_zeros()) > (u64::from(length) * 8).wrapping_sub(1)
}

/// Whether at most eight bytes at `at` are ASCII without a NUL, and the first is none of `. - /` and those
/// before them. Eight bytes are read, however few they are: what a library looks at in this way lies in
/// the memory of a guest, which the state block is above, or in that block, which its slots are above.
#[inline(always)]
pub fn is_short_word(at: u32, length: u32) -> bool {
    none_in(marks(load64(at), LOW + u64::from(b'/')), length)
}

/// Whether the `length` bytes at `at` are ASCII, with no NUL among them, and more than none. Reads bytes
/// behind them, as [`is_short_word`] does.
#[inline(always)]
pub fn plain(at: u32, length: u32) -> bool {
    let mut next = at;
    let mut left = length;
    while left > 8 {
        if marks(load64(next), LOW) != 0 {
            return false;
        }
        next += 8;
        left -= 8;
    }
    none_in(marks(load64(next), LOW), left)
}

/// Whether the `length` bytes at `at` are UTF-8. Reads bytes behind them, as [`is_short_word`] does.
#[inline(never)]
pub fn valid(at: u32, length: u32) -> bool {
    let mut next = at;
    let mut left = length;
    while left > 8 {
        if load64(next) & HIGH != 0 {
            return sequences(next, left);
        }
        next += 8;
        left -= 8;
    }
    none_in(load64(next) & HIGH, left) || sequences(next, left)
}

/// The same for bytes of which some are not ASCII, or none. Reads no others.
#[inline(never)]
pub fn sequences(at: u32, length: u32) -> bool {
    let mut done = 0;
    while done != length {
        if length - done >= 8 && load64(at + done) & HIGH == 0 {
            done += 8;
            continue;
        }
        let step = sequence(at + done, length - done);
        if step > BAD {
            return false;
        }
        done += step;
    }
    true
}

/// Gives the `length` bytes at `at` to `put` one by one, with U+FFFD for what is not UTF-8.
#[inline(always)]
pub fn each_lossy(at: u32, length: u32, mut put: impl FnMut(u32)) {
    let mut done = 0;
    while done < length {
        let run = sequence(at + done, length - done);
        if run > BAD {
            put(0xef);
            put(0xbf);
            put(0xbd);
            done += run - BAD;
        } else {
            let end = done + run;
            while done < end {
                put(load8(at + done));
                done += 1;
            }
        }
    }
}
