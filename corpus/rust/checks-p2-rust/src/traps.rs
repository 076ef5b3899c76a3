//! What ends the program: each prints a line, and must not come back.

use crate::bindings::wasi::cli::stdout;
use crate::bindings::wasi::io::poll::poll;
use crate::bindings::wasi::random::random;
use crate::say;

pub fn one(name: &str) {
    say::line(name, "about to");
    let out = stdout::get_stdout();
    match name {
        "s15-blocking-write-4097" => drop(out.blocking_write_and_flush(&[b'x'; 4097])),
        "s18-poll-nothing" => drop(poll(&[])),
        "write-over-permit" => {
            let permit = out.check_write().expect("stdout is open");
            let bytes = vec![b'x'; permit as usize + 1];
            drop(out.write(&bytes));
        }
        "blocking-zeroes-4097" => drop(out.blocking_write_zeroes_and_flush(4097)),
        "zeroes-over-permit" => {
            let permit = out.check_write().expect("stdout is open");
            drop(out.write_zeroes(permit + 1));
        }
        "random-4-gib" => drop(random::get_random_bytes(1 << 32)),
        other => say::line(other, "is no trap"),
    }
    say::line(name, "came back");
}
