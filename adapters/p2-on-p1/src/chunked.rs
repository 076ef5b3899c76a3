//! Bodies in chunks (RFC 9112, 7.1), which are decoded where they lie: what is decoded is never longer.
//!
//! What is known of such a body between two reads:
//!
//! ```text
//! 0   u64  bytes of the chunk that are still to come
//! 8   u32  what comes next
//! 12  u32  bytes of extensions and trailers so far
//! ```

use p1bridge_shim::abi::{load8, load32, load64, store8, store32, store64};

/// Bytes of what is known.
pub const SIZE: u32 = 16;

/// What comes next: up to 16, a size of which there are so many digits.
const MOST_DIGITS: u32 = 16;
const EXTENSION: u32 = 17;
const SIZE_FEED: u32 = 18;
const DATA: u32 = 19;
const DATA_END: u32 = 20;
const DATA_FEED: u32 = 21;
/// Behind the last chunk: a line, the rest of one, and the end of the last one.
pub const TRAILERS: u32 = 22;
const TRAILER: u32 = 23;
const LAST_FEED: u32 = 24;
pub const END: u32 = 25;
pub const BAD: u32 = 26;

/// The most bytes that extensions and trailers may have, together.
const MOST: u32 = 16 << 10;

/// What comes next.
pub fn next(place: u32) -> u32 {
    load32(place + 8)
}

/// Moves bytes towards the beginning of memory, over themselves if need be.
#[inline(never)]
fn slide(to: u32, from: u32, length: u32) {
    let mut done = 0;
    while to != from && length - done >= 8 {
        store64(to + done, load64(from + done));
        done += 8;
    }
    while to != from && done != length {
        store8(to + done, load8(from + done));
        done += 1;
    }
}

fn expect(byte: u32, wanted: u32, next: u32) -> u32 {
    if byte == wanted { next } else { BAD }
}

/// Decodes bytes up to the last chunk. The low half of the result is how many there are of the body, at `at`; the
/// high half how many were looked at.
#[inline(never)]
pub fn decode(place: u32, at: u32, length: u32) -> u64 {
    let mut left = load64(place);
    let mut phase = next(place);
    let mut extra = load32(place + 12);
    let mut from = 0;
    let mut to = 0;
    while from < length && phase < TRAILERS {
        if phase == DATA {
            let part = left.min((length - from).into()) as u32;
            slide(at + to, at + from, part);
            from += part;
            to += part;
            left -= u64::from(part);
            if left == 0 {
                phase = DATA_END;
            }
            continue;
        }
        let byte = load8(at + from);
        from += 1;
        phase = match phase {
            DATA_END => expect(byte, 13, DATA_FEED),
            DATA_FEED => expect(byte, 10, 0),
            SIZE_FEED => expect(byte, 10, if left == 0 { TRAILERS } else { DATA }),
            EXTENSION => {
                extra += 1;
                match byte {
                    13 => SIZE_FEED,
                    10 => BAD,
                    _ if extra > MOST => BAD,
                    _ => EXTENSION,
                }
            }
            digits => {
                let mut digit = byte.wrapping_sub(0x30);
                if digit > 9 {
                    digit = (byte | 0x20).wrapping_sub(0x61).wrapping_add(10);
                    if digit < 10 {
                        digit = 16;
                    }
                }
                if digit < 16 && digits < MOST_DIGITS {
                    left = left << 4 | u64::from(digit);
                    digits + 1
                } else if digits == 0 {
                    BAD
                } else {
                    match byte {
                        13 => SIZE_FEED,
                        0x20 | 9 | 0x3b => EXTENSION,
                        _ => BAD,
                    }
                }
            }
        };
    }
    store64(place, left);
    store32(place + 8, phase);
    store32(place + 12, extra);
    u64::from(from) << 32 | u64::from(to)
}

/// Passes over trailers, which nobody wants.
#[inline(never)]
pub fn skip(place: u32, at: u32, length: u32) {
    let mut phase = next(place);
    let mut extra = load32(place + 12);
    let mut from = 0;
    while from < length && phase < END && phase >= TRAILERS {
        let byte = load8(at + from);
        from += 1;
        extra += 1;
        phase = match byte {
            _ if extra > MOST => BAD,
            10 if phase == LAST_FEED => END,
            10 if phase == TRAILER => TRAILERS,
            13 if phase == TRAILERS => LAST_FEED,
            _ if phase == TRAILER || phase == TRAILERS && byte != 10 => TRAILER,
            _ => BAD,
        };
    }
    store32(place + 8, phase);
    store32(place + 12, extra);
}
