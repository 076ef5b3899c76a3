//! Error numbers of Preview 1, and those of `wasi:filesystem` in its place.

pub const AFNOSUPPORT: i32 = 5;
pub const AGAIN: i32 = 6;
pub const ALREADY: i32 = 7;
pub const BADF: i32 = 8;
pub const CONNRESET: i32 = 15;
pub const DESTADDRREQ: i32 = 17;
pub const ILSEQ: i32 = 25;
pub const INPROGRESS: i32 = 26;
pub const INVAL: i32 = 28;
pub const IO: i32 = 29;
pub const ISCONN: i32 = 30;
pub const MFILE: i32 = 33;
pub const MSGSIZE: i32 = 35;
pub const NAMETOOLONG: i32 = 37;
pub const NOMEM: i32 = 48;
pub const NOPROTOOPT: i32 = 50;
pub const NOTCONN: i32 = 53;
pub const NOTDIR: i32 = 54;
pub const NOTSOCK: i32 = 57;
pub const NOTSUP: i32 = 58;
pub const PIPE: i32 = 64;
pub const SPIPE: i32 = 70;
pub const NOTCAPABLE: i32 = 76;

/// A bit for each number of Preview 1 that an `error-code` has, those from 0 and those from 64 on. Both are in the same order.
const NUMBERS: (u64, u64) = {
    let codes = [
        2, 6, 7, 8, 10, 16, 19, 20, 22, 25, 26, 27, 28, 29, 31, 32, 34, 35, 37, 43, 44, 46, 48, 51,
        54, 55, 56, 58, 59, 60, 61, 63, 64, 69, 70, 74, 75,
    ];
    let mut bits: (u64, u64) = (0, 0);
    let mut code = 0;
    while code < codes.len() {
        match codes[code] {
            number if number < 64 => bits.0 |= 1 << number,
            number => bits.1 |= 1 << (number - 64),
        }
        code += 1;
    }
    bits
};

/// The number for an `error-code`.
#[inline(never)]
pub fn number(code: u32) -> i32 {
    const LOW: u32 = NUMBERS.0.count_ones();
    let (mut bits, mut left, base) = if code < LOW {
        (NUMBERS.0, code, 0)
    } else {
        (NUMBERS.1, code - LOW, 64)
    };
    while left != 0 {
        bits &= bits - 1;
        left -= 1;
    }
    base + bits.trailing_zeros() as i32
}

/// The error number of a `result<_, error-code>` of two bytes.
#[inline(always)]
pub fn of(result: u32) -> u32 {
    if result & 0xff == 0 {
        0
    } else {
        number(result >> 8) as u32
    }
}
