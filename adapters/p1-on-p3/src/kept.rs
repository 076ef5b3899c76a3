//! What the linker gives to this library alone.

use crate::given::imports;

imports! {
    "p1bridge" {
        // Whether the library is called when the program has ended.
        "ends" fn ends() -> u32;
    }
    "p1bridge:imports" {
        "fd_read" fn has_read() -> u32;
        "fd_write" fn has_write() -> u32;
        "poll_oneoff" fn has_poll() -> u32;
    }
    "p1bridge:words" {
        // What tells how the streams of standard output and errors have ended, while they are there.
        "get8" fn stdout_end() -> u32;
        "set8" fn set_stdout_end(future: u32);
        "get9" fn stderr_end() -> u32;
        "set9" fn set_stderr_end(future: u32);
        // What is waited with, 0 until it is wanted.
        "get10" fn waiting() -> u32;
        "set10" fn set_waiting(set: u32);
        // Where input is that was read ahead, 0 until there is room for it; whether reading it has begun.
        "get11" fn ahead() -> u32;
        "set11" fn set_ahead(block: u32);
        "get12" fn is_reading() -> u32;
        "set12" fn set_is_reading(yes: u32);
    }
}
