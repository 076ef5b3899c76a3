//! `slot::module` reads a slot that is whole, and nothing else.

use p1bridge_host::slot::module;

/// What the check value of CRC-32 is of.
const MODULE: &[u8] = b"123456789";
const CRC: u32 = 0xcbf4_3926;

fn whole() -> Vec<u8> {
    let mut slot = b"p1bslot\0".to_vec();
    for word in [1, 16, MODULE.len() as u32, CRC] {
        slot.extend(word.to_le_bytes());
    }
    slot.extend(MODULE);
    slot.resize(24 + 16, 0xff);
    slot
}

#[test]
fn a_slot_that_is_whole_is_read_whatever_is_behind_the_module() {
    assert_eq!(module(&whole()), Some(MODULE));
    let mut slot = whole();
    slot[24 + 15] = 0;
    assert_eq!(module(&slot), Some(MODULE));
    // Flash that ends behind the module is enough.
    assert_eq!(module(&whole()[..24 + MODULE.len()]), Some(MODULE));
}

#[test]
fn what_is_no_slot_empty_or_not_whole_has_no_module() {
    let cases = [
        ("mark", 0, b'P'),
        ("end of the mark", 7, 1),
        ("version", 8, 2),
        ("capacity below the length", 12, 8),
        ("no length", 16, 0),
        ("another length", 16, 8),
        ("huge length", 19, 0xff),
        ("sum", 20, 0x27),
        ("module", 26, b'0'),
    ];
    for (name, at, to) in cases {
        let mut slot = whole();
        slot[at] = to;
        assert_eq!(module(&slot), None, "{name}");
    }
    for length in 0..24 + MODULE.len() {
        assert_eq!(module(&whole()[..length]), None, "{length}");
    }
    assert_eq!(module(&[0xff; 40]), None);
}
