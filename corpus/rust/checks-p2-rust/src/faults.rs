//! Hosts that fail, each arranged by the suite: what is left of standard streams, space, directories and descriptors.

use crate::bindings::wasi::cli::{stdin, stdout};
use crate::bindings::wasi::clocks::monotonic_clock::{now, subscribe_duration};
use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::filesystem::types::{DescriptorFlags, ErrorCode, OpenFlags, PathFlags};
use crate::bindings::wasi::io::streams::StreamError;
use crate::say::{self, file, line, open, stream};

const MS: u64 = 1_000_000;

pub fn one(name: &str) {
    match name {
        "closed-stdin" => closed_stdin(),
        "closed-stdout" => closed_stdout(),
        "size-limit" => size_limit(),
        "no-space" => no_space(),
        "slow-stdin" => slow_stdin(),
        "read-only" => read_only(),
        "no-preopen" => line("preopens", preopens::get_directories().len()),
        "many-preopens" => many_preopens(),
        "bad-names" => bad_names(),
        "no-descriptors" => no_descriptors(),
        "full-table" => full_table(),
        "full-table-without-error" => full_table_without_error(),
        other => line("fault", format!("there is no {other:?}")),
    }
}

fn closed_stdin() {
    let input = stdin::get_stdin();
    stream("blocking-read", input.blocking_read(10));
    stream("read", input.read(10));
}

/// Nobody reads what is printed: lines go to stderr.
fn closed_stdout() {
    say::to_stderr();
    // The reader is gone by then.
    subscribe_duration(300 * MS).block();
    let out = stdout::get_stdout();
    let mut last = Ok(());
    for _ in 0..3 {
        if last.is_ok() {
            last = out.blocking_write_and_flush(b"to nobody");
        }
    }
    stream("write", last);
    stream("write again", out.blocking_write_and_flush(b"to nobody"));
    stream("check-write", out.check_write());
    stream("flush", out.blocking_flush());
    stream("another handle", {
        let other = stdout::get_stdout();
        let first = other.blocking_write_and_flush(b"to nobody");
        first.and_then(|()| other.blocking_write_and_flush(b"to nobody"))
    });
}

/// No file may be longer than 64 KiB.
fn size_limit() {
    let base = say::root();
    let it = say::create(&base, "limited");
    let output = it.write_via_stream(0).expect("a file");
    let mut done = 0;
    let failed = loop {
        match output.blocking_write_and_flush(&[b'x'; 4096]) {
            Ok(()) => done += 4096,
            Err(error) => break error,
        }
    };
    line("bytes before", done);
    stream::<()>("write", Err(failed));
    stream("check-write after", output.check_write());
    stream("write after", output.blocking_write_and_flush(b"x"));
    file("size", it.stat().map(|s| s.size));
    file("descriptor write", it.write(&[b'y'; 100], 65_536));
    file(
        "descriptor write up to the limit",
        it.write(&[b'y'; 100], 65_500),
    );
    file("set-size", it.set_size(100_000));
    let end = it.append_via_stream().expect("a file");
    stream("append", end.blocking_write_and_flush(b"x"));
    file("size at last", it.stat().map(|s| s.size));
}

/// The preopen has a file `full` that takes nothing.
fn no_space() {
    let base = say::root();
    let full = open(&base, "full", OpenFlags::empty(), DescriptorFlags::WRITE);
    let full = match full {
        Ok(full) => full,
        Err(code) => return line("open", code.name()),
    };
    file("get-type", full.get_type());
    let output = full.write_via_stream(0).expect("open for writing");
    match output.blocking_write_and_flush(b"hello") {
        Err(StreamError::LastOperationFailed(error)) => {
            let failed = StreamError::LastOperationFailed(error);
            stream::<()>("s14-write", Err(failed));
        }
        other => stream("s14-write", other),
    }
    stream("s14-write again", output.blocking_write_and_flush(b"hello"));
    stream("check-write", output.check_write());
    stream("flush", output.blocking_flush());
    file("descriptor write", full.write(b"hello", 0));
}

/// Bytes come late, and signals while they are waited for.
fn slow_stdin() {
    let input = stdin::get_stdin();
    let mut all = Vec::new();
    while let Ok(bytes) = input.blocking_read(100) {
        all.extend_from_slice(&bytes);
    }
    line("all", format!("{:?}", say::text(&all)));
    let start = now();
    subscribe_duration(100 * MS).block();
    line("slept", now() - start >= 100 * MS);
}

/// A file system that cannot be written to.
fn read_only() {
    let base = say::root();
    file(
        "stat",
        base.stat_at(PathFlags::empty(), "file").map(|s| s.type_),
    );
    let it = open(&base, "file", OpenFlags::empty(), DescriptorFlags::READ);
    file(
        "read",
        it.and_then(|it| it.read(10, 0))
            .map(|(bytes, _)| say::text(&bytes)),
    );
    let write = DescriptorFlags::WRITE;
    file(
        "open to write",
        open(&base, "file", OpenFlags::empty(), write).map(drop),
    );
    file(
        "create",
        open(&base, "new", OpenFlags::CREATE, write).map(drop),
    );
    file(
        "truncate",
        open(&base, "file", OpenFlags::TRUNCATE, write).map(drop),
    );
    file("create-directory", base.create_directory_at("new"));
    file("unlink", base.unlink_file_at("file"));
    file("unlink missing", base.unlink_file_at("missing"));
    file("rename", base.rename_at("file", &base, "new"));
    file("symlink", base.symlink_at("file", "new"));
    file(
        "link",
        base.link_at(PathFlags::empty(), "file", &base, "new"),
    );
}

fn many_preopens() {
    let all = preopens::get_directories();
    line("preopens", all.len());
    line(
        "names",
        format!("{:?} {:?}", all[0].1, all[all.len() - 1].1),
    );
    for (index, (directory, name)) in all.iter().enumerate() {
        say::make(directory, "in", name.as_bytes());
        let found = open(directory, "in", OpenFlags::empty(), DescriptorFlags::READ);
        let found = say::content(&found.expect("it was just made"));
        if found != name.as_bytes() {
            line("wrong", index);
        }
    }
    line("written and read", "all");
    drop(all);
    line("preopens again", preopens::get_directories().len());
}

/// The directory has a name that is not UTF-8 next to `good`, and a link to such a name.
fn bad_names() {
    let base = say::root();
    let listed = base.read_directory().expect("a directory");
    let (mut good, mut refused) = (0, 0);
    let mut last = "the end";
    for _ in 0..10 {
        match listed.read_directory_entry() {
            Ok(Some(entry)) if entry.name == "good" || entry.name == "link" => good += 1,
            Ok(Some(entry)) => line("unknown name", format!("{:?}", entry.name)),
            Ok(None) => break,
            Err(code) => {
                refused += 1;
                last = code.name();
                if code != ErrorCode::IllegalByteSequence {
                    break;
                }
            }
        }
    }
    line("entries", format!("{good} good, {refused} refused, {last}"));
    file("readlink", base.readlink_at("link"));
}

/// Opens until the host has no descriptors left.
fn no_descriptors() {
    let base = say::root();
    let mut all = Vec::new();
    let failed = loop {
        match open(&base, "file", OpenFlags::CREATE, DescriptorFlags::READ) {
            Ok(it) if all.len() < 200 => all.push(it),
            Ok(_) => break "never",
            Err(code) => break code.name(),
        }
    };
    line("some opened", all.len() > 4);
    line("open", failed);
    file(
        "read still",
        all[0].read(1, 0).map(|(bytes, _)| bytes.len()),
    );
    file(
        "stat-at",
        base.stat_at(PathFlags::empty(), "file").map(|s| s.type_),
    );
    all.truncate(all.len() - 3);
    file(
        "open after giving back",
        open(&base, "file", OpenFlags::empty(), DescriptorFlags::READ).map(drop),
    );
}

/// The table of handles is small: the suite flattens with room for few.
fn full_table() {
    let base = say::root();
    line("before", "open");
    let mut all = Vec::new();
    let failed = loop {
        match open(
            &base,
            "file",
            OpenFlags::CREATE,
            DescriptorFlags::READ | DescriptorFlags::WRITE,
        ) {
            Ok(it) if all.len() < 100 => all.push(it),
            Ok(_) => break "never",
            Err(code) => break code.name(),
        }
    };
    line("s20-open-at", failed);
    file("read-via-stream", all[0].read_via_stream(0).map(drop));
    file("write-via-stream", all[0].write_via_stream(0).map(drop));
    file("append-via-stream", all[0].append_via_stream().map(drop));
    file("read-directory", base.read_directory().map(drop));
    file("write still", all[0].write(b"x", 0));
    all.pop();
    file(
        "stream after giving back",
        all[0].read_via_stream(0).map(drop),
    );
    let input = all[0]
        .read_via_stream(1 << 20)
        .expect("there is room for one");
    stream("an error that finds no room", input.blocking_read(1));
}

/// A function that has no error to give.
fn full_table_without_error() {
    line("timers", "many");
    let all: Vec<_> = (0..100).map(|_| subscribe_duration(MS)).collect();
    line("timers", all.len());
}
