//! What every format is held to.

use crate::retrofit::container::{Format, How, Inside};

fn open<'a>(format: &dyn Format, file: &'a [u8]) -> Inside<'a> {
    format.open(file).unwrap().unwrap()
}

/// Other bytes for a member.
fn other(inside: &Inside<'_>, member: usize) -> Vec<u8> {
    let bytes = inside.members[member].bytes.iter();
    bytes.map(|byte| byte ^ 0x5a).collect()
}

/// All members are as before but one, and all guards are right.
fn only(before: &Inside<'_>, after: &Inside<'_>, member: usize, new: &[u8]) {
    assert_eq!(before.members.len(), after.members.len());
    for (number, (old, now)) in before.members.iter().zip(&after.members).enumerate() {
        if number == member {
            assert_eq!(now.bytes[..], *new);
        } else {
            assert_eq!(now.bytes, old.bytes, "{}", old.name);
        }
        if now.place.is_none() || number <= member {
            assert_eq!((&old.name, old.base), (&now.name, now.base));
        }
    }
    assert_eq!(before.guards.len(), after.guards.len());
    for guard in &after.guards {
        assert!(guard.right, "{}", guard.what);
    }
}

/// A member becomes other bytes in its place, and nothing differs but what is named.
pub fn replaced(format: &dyn Format, file: &[u8], member: usize) {
    let before = open(format, file);
    let new = other(&before, member);
    let put = format.put(file, member, &new, How::default()).unwrap();
    assert!(!put.rebuilt);
    assert_eq!(put.file.len(), file.len());
    for at in (0..file.len()).filter(|at| file[*at] != put.file[*at]) {
        let named = put.fields.iter().any(|(_, range)| range.contains(&at));
        assert!(named, "the byte at {at:#x} differs");
    }
    only(&before, &open(format, &put.file), member, &new);
    // The old member makes the old file.
    let back = format.put(
        &put.file,
        member,
        &before.members[member].bytes,
        How::default(),
    );
    assert_eq!(back.unwrap().file, file);
}

/// A member becomes longer, and shorter, and all others stay.
pub fn resized(format: &dyn Format, file: &[u8], member: usize) {
    let before = open(format, file);
    let mut new = other(&before, member);
    for length in [new.len() + 1001, new.len() / 2] {
        new.resize(length, 7);
        let put = format.put(file, member, &new, How::default()).unwrap();
        assert!(put.rebuilt);
        only(&before, &open(format, &put.file), member, &new);
    }
}

/// Files that are cut off at any length, and files with any bit turned, are refused or opened; members of what is opened are
/// replaced or refused.
pub fn flipped_and_cut(format: &dyn Format, file: &[u8]) {
    let tried = |file: &[u8]| {
        let Ok(Some(inside)) = format.open(file) else {
            return;
        };
        for member in 0..inside.members.len() {
            let new = other(&inside, member);
            for unsigned in [false, true] {
                let _ = format.put(file, member, &new, How { unsigned });
            }
        }
    };
    let step = (file.len() / 300).max(1);
    for length in (0..file.len()).step_by(step) {
        tried(&file[..length]);
    }
    let mut file = file.to_vec();
    // The heads are at both ends.
    let heads = (0..file.len().min(256)).chain(file.len().saturating_sub(256)..file.len());
    for at in heads.chain((0..file.len()).step_by(step)) {
        for turned in [0x01, 0x80, 0xff] {
            file[at] ^= turned;
            tried(&file);
            file[at] ^= turned;
        }
    }
}
