//! WASI 0.2 in Rust without the standard library: arguments, environment, streams, exit codes.
//!
//! `hello-p2-rust [upper|fail|exit ok|exit err|panic|overrun] …`
#![no_std]

extern crate alloc;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::{environment, exit, stderr, stdin, stdout};
use bindings::wasi::io::streams::{OutputStream, StreamError};

struct Program;
bindings::export!(Program with_types_in bindings);

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    write(&stderr::get_stderr(), &format!("{info}\n"));
    core::arch::wasm32::unreachable()
}

fn write(out: &OutputStream, text: &str) {
    for piece in text.as_bytes().chunks(4096) {
        out.blocking_write_and_flush(piece).expect("an open stream");
    }
}

impl Guest for Program {
    fn run() -> Result<(), ()> {
        let out = stdout::get_stdout();
        let args = environment::get_arguments();
        write(
            &out,
            &format!("hello from WASI 0.2 in Rust, arguments {:?}\n", &args[1..]),
        );
        for (key, value) in environment::get_environment()
            .into_iter()
            .collect::<BTreeMap<String, String>>()
        {
            write(&out, &format!("env {key:?} = {value:?}\n"));
        }
        match args.get(1).map(String::as_str) {
            Some("upper") => upper(&out),
            Some("fail") => return Err(()),
            Some("exit") => exit::exit(if args[2] == "ok" { Ok(()) } else { Err(()) }),
            Some("panic") => panic!("as asked"),
            // One byte more than the blocking forms allow is a trap.
            Some("overrun") => drop(out.blocking_write_and_flush(&vec![b'x'; 4097])),
            _ => write(&stderr::get_stderr(), "nothing to do\n"),
        }
        Ok(())
    }
}

/// Copies stdin in capitals, prints how much it was.
fn upper(out: &OutputStream) {
    let input = stdin::get_stdin();
    let mut total = 0;
    loop {
        match input.blocking_read(100_000) {
            Ok(bytes) => {
                total += bytes.len();
                write(out, &String::from_utf8_lossy(&bytes).to_uppercase());
            }
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => panic!("{}", error.to_debug_string()),
        }
    }
    write(out, &(total.to_string() + " bytes in all\n"));
}
