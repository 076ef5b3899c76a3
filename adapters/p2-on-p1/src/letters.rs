//! Short texts without data: up to 24 letters are three numbers in the code.

use p1bridge_shim::abi::load8;

/// Word `word` of a text of 24 letters, with `fold` set in each.
pub const fn pack(text: &[u8], word: usize, fold: u8) -> u64 {
    let mut packed = 0;
    let mut index = 0;
    while index < 8 {
        let at = word * 8 + index;
        if at < text.len() {
            packed |= ((text[at] | fold) as u64) << (index * 8);
        }
        index += 1;
    }
    packed
}

/// A letter of a packed text.
#[inline(never)]
pub fn letter(index: u32, first: u64, second: u64, third: u64) -> u32 {
    let word = match index / 8 {
        0 => first,
        1 => second,
        _ => third,
    };
    (word >> (index % 8 * 8)) as u32 & 0xff
}

/// Whether `length` bytes, with `fold` set in each, are a packed text of `wanted` letters.
#[inline(never)]
pub fn same(
    at: u32,
    length: u32,
    first: u64,
    second: u64,
    third: u64,
    wanted: u32,
    fold: u32,
) -> bool {
    let mut index = 0;
    while index < length && length == wanted {
        if load8(at + index) | fold != letter(index, first, second, third) {
            return false;
        }
        index += 1;
    }
    length == wanted
}

/// Whether bytes are the name of a field, which is a token in any case: no other one becomes the same.
macro_rules! name {
    ($at:expr, $length:expr, $text:literal) => {
        crate::letters::compare!($at, $length, $text, 0x20)
    };
}
pub(crate) use name;

/// Whether bytes are a text, letter by letter.
macro_rules! exactly {
    ($at:expr, $length:expr, $text:literal) => {
        crate::letters::compare!($at, $length, $text, 0)
    };
}
pub(crate) use exactly;

/// A comparison with a text, whose letters have `fold` set.
macro_rules! compare {
    ($at:expr, $length:expr, $text:literal, $fold:literal) => {
        crate::letters::same(
            $at,
            $length,
            const { crate::letters::pack($text, 0, $fold) },
            const { crate::letters::pack($text, 1, $fold) },
            const { crate::letters::pack($text, 2, $fold) },
            const { $text.len() as u32 },
            $fold,
        )
    };
}
pub(crate) use compare;
