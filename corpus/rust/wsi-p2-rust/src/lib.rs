//! A component on the component side of WSI: files, directories, waiting and clocks, and what goes wrong with them.
#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::stdout;
use bindings::wsi::sys::clocks;
use bindings::wsi::sys::descriptors::{Fd, FdFlags, Kind};
use bindings::wsi::sys::files::{self, How};
use bindings::wsi::sys::polling::{Events, Source, wait};

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

const MS: u64 = 1_000_000;

fn file(dir: &Fd) -> Result<(), u16> {
    let file = files::open(dir, "file", How::CREATE | How::TRUNCATE | How::READ | How::WRITE)?;
    say(format!("wrote {}, {}", file.write(b"some bytes")?, file.write(b"")?));
    say(format!("at {}, {}", file.seek(0, 1)?, file.seek(-5, 2)?));
    say(format!("read {:?}", String::from_utf8(file.read(100)?)));
    say(format!("end {:?}", file.read(100)?));
    say(format!("none {:?}", file.read(0)?));
    say(format!("wrote {}", file.pwrite(b"SOME", 0)?));
    say(format!("read {:?}", String::from_utf8(file.pread(6, 2)?)));
    say(format!("whence {:?}", file.seek(0, 3)));
    let status = file.status()?;
    say(format!("{:?} of {} bytes, {} link", status.kind, status.size, status.nlink));
    say(format!("modified after 2020: {}", status.modified > 1_577_836_800_000_000_000));
    files::truncate(&file, 3)?;
    let status = files::status_at(dir, "file", true)?;
    say(format!("{:?} of {} bytes", status.kind, status.size));
    let (flags, kind) = file.get_flags()?;
    say(format!("{flags:?} {kind:?}"));
    file.set_flags(FdFlags::APPEND, FdFlags::APPEND)?;
    say(format!("{:?}", file.get_flags()?.0));
    file.seek(0, 0)?;
    file.write(b"++")?;
    say(format!("read {:?}", String::from_utf8(file.pread(100, 0)?)));
    file.sync(true)?;
    file.sync(false)?;
    let only = files::open(dir, "file", How::READ)?;
    say(format!("write of what is open for reading fails: {}", only.write(b"x").is_err()));
    say(format!("it has nothing to sync: {:?}", only.sync(false)));
    Ok(())
}

fn directory(dir: &Fd) -> Result<(), u16> {
    files::mkdir(dir, "d")?;
    say(format!("again: {:?}", files::mkdir(dir, "d")));
    let d = files::open(dir, "d", How::DIRECTORY | How::READ)?;
    say(format!("{:?}", d.get_flags()?.1));
    for name in ["one", "two", "three"] {
        drop(files::open(&d, name, How::CREATE | How::EXCLUSIVE | How::WRITE)?);
    }
    say(format!("exclusive: {:?}", files::open(&d, "one", How::CREATE | How::EXCLUSIVE | How::WRITE).err()));
    files::rename(&d, "two", dir, "2")?;
    files::mkdir(&d, "\u{e9}t\u{e9}")?;
    // In pieces of two, from wherever the last one ended.
    let mut names = Vec::new();
    let mut cookie = 0;
    loop {
        let some = files::readdir(&d, cookie, 2)?;
        let Some(last) = some.last() else { break };
        cookie = last.next;
        names.extend(some.into_iter().map(|entry| (entry.name, entry.kind)));
    }
    names.retain(|(name, _)| name != "." && name != "..");
    names.sort_by(|a, b| a.0.cmp(&b.0));
    say(format!("{names:?}"));
    say(format!("not empty: {}", files::unlink(dir, "d", true).is_err()));
    for (name, kind) in names {
        files::unlink(&d, &name, kind == Kind::Directory)?;
    }
    drop(d);
    files::unlink(dir, "d", true)?;
    files::unlink(dir, "2", false)?;
    files::unlink(dir, "file", false)?;
    say(format!("missing: {:?}", files::open(dir, "file", How::READ).err()));
    say(format!("missing: {:?}", files::status_at(dir, "file", false).err()));
    Ok(())
}

fn waiting(dir: &Fd) -> Result<(), u16> {
    let file = files::open(dir, "w", How::CREATE | How::READ | How::WRITE)?;
    let start = clocks::now(1)?;
    let timers = [Source::Timer(start + 60_000 * MS), Source::Timer(start + 20 * MS)];
    say(format!("{:?}", wait(&timers, None)?));
    let after = clocks::now(1)? - start;
    say(format!("20 ms: {}", (20 * MS..2000 * MS).contains(&after)));
    // A file is ready, and the timers are looked at as well.
    let both = Events::READABLE | Events::WRITABLE;
    let sources = [Source::Timer(start), Source::Descriptor((&file, both)), Source::Timer(start + 60_000 * MS), Source::Descriptor((&file, Events::WRITABLE))];
    say(format!("{:?}", wait(&sources, None)?));
    say(format!("{:?}", wait(&[Source::Descriptor((&file, Events::empty()))], Some(0))?));
    let start = clocks::now(1)?;
    say(format!("{:?}", wait(&timers[..1], Some(start + 10 * MS))?));
    say(format!("10 ms: {}", clocks::now(1)? >= start + 10 * MS));
    say(format!("for ever on nothing: {:?}", wait(&[], None)));
    say(format!("no time: {:?}", wait(&[], Some(0))));
    let many: Vec<Source> = (0..200).map(|n| if n == 150 { Source::Timer(0) } else { Source::Descriptor((&file, Events::empty())) }).collect();
    let answers = wait(&many, None)?;
    let due = answers.iter().position(|got| *got == Events::DUE);
    say(format!("{} answers, {due:?} is due", answers.len()));
    drop(file);
    files::unlink(dir, "w", false)?;
    say(format!("clocks: {:?} {}", clocks::now(9), clocks::resolution(1)? > 0));
    Ok(())
}

fn many(dir: &Fd) -> Result<(), u16> {
    // Handles are given again, and more than the table has at first are open at once.
    for _ in 0..3 {
        let open: Result<Vec<Fd>, u16> = (0..40).map(|_| files::open(dir, "m", How::CREATE | How::READ | How::WRITE)).collect();
        let open = open?;
        open[0].write(&vec![b'x'; 10_000])?;
        say(format!("{} bytes", open[39].read(20_000)?.len()));
        open[0].seek(0, 0)?;
    }
    files::unlink(dir, "m", false)
}

impl Guest for Program {
    fn run() -> Result<(), ()> {
        let given = files::preopens();
        let Some((dir, name)) = given.first() else {
            say(String::from("no directory"));
            return Err(());
        };
        say(format!("{} directory, {name:?}", given.len()));
        for (what, done) in [("file", file(dir)), ("directory", directory(dir)), ("waiting", waiting(dir)), ("many", many(dir))] {
            if let Err(errno) = done {
                say(format!("{what}: error {errno}"));
                return Err(());
            }
        }
        // Those that were given can be had again.
        drop(given);
        say(format!("{}", files::preopens().len()));
        Ok(())
    }
}
