//! Reads whatever files it is given, without streams: `linked/files.wit`.
#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::String;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::stdout;
use bindings::wasi::filesystem::preopens;
use bindings::wasi::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};

struct Program;
bindings::export!(Program with_types_in bindings);

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

fn say(text: String) {
    let text = format!("{text}\n");
    let out = stdout::get_stdout();
    out.blocking_write_and_flush(text.as_bytes()).expect("an open stream");
}

/// What is in a directory, in the order of the names.
fn list(dir: &Descriptor, at: &str) {
    let mut names = alloc::vec::Vec::new();
    let entries = dir.read_directory().expect("a directory");
    while let Some(entry) = entries.read_directory_entry().expect("an entry") {
        names.push((entry.name, entry.type_));
    }
    names.sort();
    for (name, kind) in names {
        say(format!("{at}/{name}: {kind:?}"));
        let file = dir.open_at(PathFlags::empty(), &name, OpenFlags::empty(), DescriptorFlags::READ);
        let file = file.expect("it is there");
        let stat = file.stat().expect("a stat");
        if stat.type_ == kind && file.get_type() == Ok(kind) {
            say(format!("  {} bytes", stat.size));
        }
        match file.read(64, 6) {
            Ok((bytes, end)) => say(format!("  {:?} {end}", String::from_utf8_lossy(&bytes))),
            Err(error) => {
                say(format!("  {error:?}"));
                list(&file, &format!("{at}/{name}"));
            }
        }
        say(format!("  written: {:?}", file.write(b"no", 0)));
    }
}

impl Guest for Program {
    fn run() -> Result<(), ()> {
        for (dir, name) in preopens::get_directories() {
            list(&dir, &name);
            let missing = dir.open_at(PathFlags::empty(), "missing", OpenFlags::empty(), DescriptorFlags::READ);
            say(format!("missing: {:?}", missing.err()));
        }
        Ok(())
    }
}
