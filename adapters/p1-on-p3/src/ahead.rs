//! Standard input that is read before the program reads it, as nothing else tells whether it could: into a block of the library's
//! own memory.
//!
//! ```text
//! 0  u32  how many bytes of it the program has read
//! 4  u32  how many there are
//! 8       the bytes
//! ```

use crate::area::{LOW, borrow, get32};
use crate::error::AGAIN;
use crate::given::state::{self, load32, store32};
use crate::given::words;
use crate::process::bring;
use crate::stdio::{ENDED, begin_input, end_input};
use crate::wait::{BLOCKED, Done, done, set};
use crate::wasi::state as on;
use crate::{kept, wasi, weak};

/// Where the fields are, and how many bytes are read at a time.
const BEGIN: u32 = 0;
const END: u32 = 4;
const BYTES: u32 = 8;
const SIZE: u32 = 1024;

/// What [`read_ahead`] gives where nothing is here: it can be read straight to the program.
pub const NOTHING: i32 = i32::MIN;

/// Whether something is here: bytes or the end. Otherwise reading has begun, or there is no room for it.
#[inline(never)]
pub fn is_here() -> bool {
    if words::stdin() == 0 {
        begin_input();
    }
    if kept::ahead() == 0 {
        kept::set_ahead(state::room(BYTES + SIZE));
    }
    let block = kept::ahead();
    if has_bytes(block) || words::stdin() == ENDED || block == 0 {
        return true;
    }
    if kept::is_reading() != 0 {
        look();
        return kept::is_reading() == 0;
    }
    let said = on::read(words::stdin(), block + BYTES, SIZE);
    if said == BLOCKED {
        kept::set_is_reading(1);
        return false;
    }
    arrive(Done(said));
    true
}

/// Whether bytes are here that the program has not read.
#[inline(always)]
fn has_bytes(block: u32) -> bool {
    block != 0 && load32(block + BEGIN) != load32(block + END)
}

/// Takes in what a read has come to.
#[inline(never)]
pub fn arrive(read: Done) {
    kept::set_is_reading(0);
    let block = kept::ahead();
    store32(block + BEGIN, 0);
    store32(block + END, read.count());
    if read.is_last() {
        end_input();
    }
}

/// Takes in what a read has come to by now, if it has.
#[inline(always)]
fn look() {
    let (stream, set) = (words::stdin(), set());
    wasi::join(stream, set);
    let read = borrow(LOW, || {
        if wasi::poll_set(set, LOW) == 0 {
            BLOCKED
        } else {
            get32(LOW + 4)
        }
    });
    wasi::join(stream, 0);
    if read != BLOCKED {
        arrive(Done(read));
    }
}

weak! {
    "if poll_oneoff fd_fdstat_set_flags" {
        "read-ahead"
        fn read_ahead(to: u32, length: u32, is_nonblocking: u32) -> i32 {
            if is_nonblocking != 0 {
                if !is_here() {
                    return -AGAIN;
                }
            } else if kept::is_reading() != 0 {
                let stream = words::stdin();
                arrive(done(BLOCKED, stream, LOW));
            }
            let block = kept::ahead();
            if !has_bytes(block) {
                return NOTHING;
            }
            let begin = load32(block + BEGIN);
            let moved = length.min(load32(block + END) - begin);
            bring(to, block + BYTES + begin, moved);
            store32(block + BEGIN, begin + moved);
            moved as i32
        }
        "stop-reading"
        fn stop_reading() {
            if kept::is_reading() != 0 {
                wasi::cancel_read(words::stdin());
                kept::set_is_reading(0);
            }
        }
    }
}
