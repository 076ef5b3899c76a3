//! Uses the words of `linked/words.wit`, as `user-rust` does: a component of WASI 0.2.
#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::stdout;

struct Program;
bindings::export!(Program with_types_in bindings);

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

include!("../../user-rust/src/tour.rs");

impl Guest for Program {
    fn run() -> Result<(), ()> {
        let out = stdout::get_stdout();
        tour(&mut |line| {
            let text = format!("{line}\n");
            out.blocking_write_and_flush(text.as_bytes()).expect("an open stream");
        });
        Ok(())
    }
}
