//! The numbers in valid code: LEB128 of up to 32 bits.

/// A number at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number<T> {
    pub value: T,
    /// Its bytes: at most five.
    pub length: usize,
    /// Whether fewer would be enough. Linkers write five for each number that they fill in later.
    pub is_long: bool,
}

/// The number without a sign that `code` begins with; none where that is wrong, or too large.
#[inline(always)]
pub fn unsigned(code: &[u8]) -> Option<Number<u32>> {
    let low = |byte: u8, shift: u32| u32::from(byte & 0x7f) << shift;
    let (value, length, last) = match *code {
        [a @ 0..0x80, ..] => {
            return Some(Number {
                value: a.into(),
                length: 1,
                is_long: false,
            });
        }
        [a, b @ 0..0x80, ..] => (low(a, 0) | low(b, 7), 2, b),
        [a, b, c @ 0..0x80, ..] => (low(a, 0) | low(b, 7) | low(c, 14), 3, c),
        [a, b, c, d @ 0..0x80, ..] => (low(a, 0) | low(b, 7) | low(c, 14) | low(d, 21), 4, d),
        [a, b, c, d, e @ 0..0x10, ..] => (
            low(a, 0) | low(b, 7) | low(c, 14) | low(d, 21) | low(e, 28),
            5,
            e,
        ),
        _ => return None,
    };
    Some(Number {
        value,
        length,
        is_long: last == 0,
    })
}

/// The number with a sign that `code` begins with; none where that is wrong, or too large.
#[inline(always)]
pub fn signed(code: &[u8]) -> Option<Number<i32>> {
    let low = |byte: u8, shift: u32| i64::from(byte & 0x7f) << shift;
    let (value, length) = match *code {
        [a @ 0..0x80, ..] => (low(a, 0), 1),
        [a, b @ 0..0x80, ..] => (low(a, 0) | low(b, 7), 2),
        [a, b, c @ 0..0x80, ..] => (low(a, 0) | low(b, 7) | low(c, 14), 3),
        [a, b, c, d @ 0..0x80, ..] => (low(a, 0) | low(b, 7) | low(c, 14) | low(d, 21), 4),
        [a, b, c, d, e @ 0..0x80, ..] => (
            low(a, 0) | low(b, 7) | low(c, 14) | low(d, 21) | low(e, 28),
            5,
        ),
        _ => return None,
    };
    let above = 64 - 7 * length as u32;
    let value = value << above >> above;
    // One byte less would have so many bits beside the sign.
    let is_long = length > 1 && {
        let most = 1 << (7 * length as u32 - 8);
        (-most..most).contains(&value)
    };
    Some(Number {
        value: i32::try_from(value).ok()?,
        length,
        is_long,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_with_their_length() {
        for (code, value, is_long) in [
            (&[0x7f][..], 127, false),
            (&[0x80, 0], 0, true),
            (&[0x80, 1, 0xff], 128, false),
            (&[0xff, 0xff, 0xff, 0x7f], 0xfff_ffff, false),
            (&[0x81, 0x80, 0x80, 0x80, 0], 1, true),
            (&[0xff, 0xff, 0xff, 0xff, 0x0f], u32::MAX, false),
        ] {
            let length = code.len() - usize::from(code.last() == Some(&0xff));
            let wanted = Number {
                value,
                length,
                is_long,
            };
            assert_eq!(unsigned(code), Some(wanted), "{code:x?}");
        }
        for (code, value, is_long) in [
            (&[0x7f][..], -1, false),
            (&[0xff, 0x7f], -1, true),
            (&[0xc0, 0], 64, false),
            (&[0xbf, 0], 63, true),
            (&[0xbf, 0x7f], -65, false),
            (&[0xc0, 0x7f], -64, true),
            (&[0x80, 0x80, 0x80, 0x40], -(1 << 27), false),
            (&[0x80, 0x80, 0x80, 0x80, 0x78], i32::MIN, false),
            (&[0x81, 0x80, 0x80, 0x80, 0], 1, true),
        ] {
            let wanted = Number {
                value,
                length: code.len(),
                is_long,
            };
            assert_eq!(signed(code), Some(wanted), "{code:x?}");
        }
        for wrong in [
            &[][..],
            &[0x80],
            &[0x80; 5],
            &[0x80, 0x80, 0x80, 0x80, 0x80, 0],
        ] {
            assert_eq!(unsigned(wrong), None, "{wrong:x?}");
            assert_eq!(signed(wrong), None, "{wrong:x?}");
        }
        assert_eq!(unsigned(&[0xff, 0xff, 0xff, 0xff, 0x10]), None);
        assert_eq!(signed(&[0xff, 0xff, 0xff, 0xff, 0x08]), None);
        assert_eq!(signed(&[0xff, 0xff, 0xff, 0xff, 0x77]), None);
    }
}
