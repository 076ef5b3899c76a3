//! The states of the stack where it can be taken away while a task waits; 0 where nothing happens with it.

/// Frames are stored, one after the other.
pub const UNWINDS: i32 = 1;
/// They are put back.
pub const REWINDS: i32 = 2;
