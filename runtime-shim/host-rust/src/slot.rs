//! Marked slots: room for a module in a program, which `p1bridge retrofit` replaces. `p1bridge_slot.h` describes them, and has the same
//! for C; `p1bridge-build` makes them.

/// The bytes of the head: the mark, the version, the capacity, the length and the CRC-32 of the module, in words of 32 bits.
const HEAD: usize = 24;

/// The module in a slot; none if this is no slot, the slot is empty, or the module in it is not whole.
pub fn module(slot: &[u8]) -> Option<&[u8]> {
    // What is in the slot is changed behind the compiler's back, which must not use what it has seen there.
    let slot = core::hint::black_box(slot);
    let (head, rest) = slot.split_at_checked(HEAD)?;
    let word = |at: usize| {
        let bytes = head.get(at..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    };
    let (capacity, length) = (word(12)?, word(16)?);
    let is_slot = head.starts_with(b"p1bslot\0") && word(8)? == 1;
    if !is_slot || length == 0 || length > capacity {
        return None;
    }
    let module = rest.get(..length)?;
    (usize::try_from(crc32(module)).ok() == word(20)).then_some(module)
}

/// As in zip and Ethernet. Bit by bit: a table would be larger than the code that checks it, and this runs once.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}
