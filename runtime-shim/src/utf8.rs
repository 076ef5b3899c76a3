//! UTF-8, without the tables of the standard library (a library has no data).

use crate::abi::{load8, load32};

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

/// How many of the bytes from `at` up to `end` come before the first that is not ASCII. Meters of fuel
/// charge a loop for all of its body, so this one has nothing else in it.
#[inline(always)]
fn ascii(at: u32, end: u32) -> u32 {
    let mut next = at;
    while end - next >= 4 && load32(next) & 0x8080_8080 == 0 {
        next += 4;
    }
    while next < end && load8(next) < 0x80 {
        next += 1;
    }
    next - at
}

/// Whether the `length` bytes at `at` are ASCII, with no NUL among them.
#[inline(never)]
pub fn plain(at: u32, length: u32) -> bool {
    let mut next = at;
    let end = at + length;
    while end - next >= 4 {
        // A byte that is 0 borrows from its highest bit.
        let word = load32(next);
        if (word | word.wrapping_sub(0x0101_0101)) & 0x8080_8080 != 0 {
            return false;
        }
        next += 4;
    }
    while next != end {
        if load8(next).wrapping_sub(1) >= 0x7f {
            return false;
        }
        next += 1;
    }
    true
}

/// Whether the `length` bytes at `at` are UTF-8.
#[inline(never)]
pub fn valid(at: u32, length: u32) -> bool {
    let mut done = 0;
    loop {
        done += ascii(at + done, at + length);
        if done == length {
            return true;
        }
        let step = sequence(at + done, length - done);
        if step > BAD {
            return false;
        }
        done += step;
    }
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
