//! Sets of tags.

use std::ops::{BitAnd, BitOr, BitOrAssign};

/// Which tags may come: one bit for each, and one for all beyond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TagSet(u64);

/// The bit of all tags that have none of their own.
const OTHERS: u32 = 63;

impl TagSet {
    pub const NONE: TagSet = TagSet(0);

    /// The set of one tag.
    pub fn of(tag: u32) -> TagSet {
        TagSet(1 << tag.min(OTHERS))
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether there is nothing in it but this tag.
    pub fn is_only(self, tag: u32) -> bool {
        tag < OTHERS && self == TagSet::of(tag)
    }

    /// What is left when a clause has caught `tag`, or everything where there is none.
    pub fn after(self, tag: Option<u32>) -> TagSet {
        match tag {
            None => TagSet::NONE,
            Some(tag) if tag < OTHERS => TagSet(self.0 & !TagSet::of(tag).0),
            Some(_) => self,
        }
    }

    /// What such a clause gets of it.
    pub fn caught(self, tag: Option<u32>) -> TagSet {
        tag.map_or(self, |tag| self & TagSet::of(tag))
    }
}

impl BitOr for TagSet {
    type Output = TagSet;

    fn bitor(self, other: TagSet) -> TagSet {
        TagSet(self.0 | other.0)
    }
}

impl BitOrAssign for TagSet {
    fn bitor_assign(&mut self, other: TagSet) {
        self.0 |= other.0;
    }
}

impl BitAnd for TagSet {
    type Output = TagSet;

    fn bitand(self, other: TagSet) -> TagSet {
        TagSet(self.0 & other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_without_a_bit_of_its_own_is_never_the_only_one() {
        let set = TagSet::of(70);
        assert!(!set.is_only(70));
        assert_eq!(set.after(Some(70)), set);
        assert_eq!(set.caught(Some(71)), set);
        assert!(set.after(None).is_empty());
    }
}
