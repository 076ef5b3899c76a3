//! Waiting for an end of a stream or of a future: reading and writing begin, and say at once if they are done.

use crate::area::{borrow, get32};
use crate::{kept, wasi};

/// What reading and writing say when they are not done.
pub const BLOCKED: u32 = u32::MAX;

/// What they say when they are done: how many elements passed, and above the others why there are no more.
#[derive(Clone, Copy)]
pub struct Done(pub u32);

impl Done {
    /// How many elements have passed.
    #[inline(always)]
    pub fn count(self) -> u32 {
        self.0 >> 4
    }

    /// Whether the other end is gone, or there is nothing left of it.
    #[inline(always)]
    pub fn is_last(self) -> bool {
        self.0 & 15 != 0
    }
}

/// What is waited with, with nothing in it.
#[inline(always)]
pub fn set() -> u32 {
    if kept::waiting() == 0 {
        kept::set_waiting(wasi::new_set());
    }
    kept::waiting()
}

/// Waits for what has begun with `said` at this end. The answer of the host is put at `area` in the program's memory, which
/// `borrow` has lent.
#[inline(always)]
pub fn lent(said: u32, end: u32, area: u32) -> Done {
    if said != BLOCKED {
        return Done(said);
    }
    let set = set();
    wasi::join(end, set);
    wasi::wait(set, area);
    let said = get32(area + 4);
    wasi::join(end, 0);
    Done(said)
}

/// The same where `area` is to be borrowed, should it be needed.
#[inline(never)]
pub fn done(said: u32, end: u32, area: u32) -> Done {
    if said != BLOCKED {
        return Done(said);
    }
    borrow(area, || lent(said, end, area))
}
