//! `wasi:io/streams`, over files and standard streams.

use crate::bindings::wasi::cli::{stdin, stdout};
use crate::bindings::wasi::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags};
use crate::bindings::wasi::io::streams::{InputStream, StreamError};
use crate::say::{self, line, stream};

pub fn all() {
    let base = say::root();
    reading(&base);
    skipping(&base);
    lifetimes(&base);
    writing(&base);
    appending(&base);
    splicing(&base);
    errors(&base);
    standard();
}

/// Bytes that a short read or a wrong offset would show in.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| ((i * 31 + 7) % 251) as u8).collect()
}

/// All that is left, and how it ended.
fn drain(input: &InputStream) -> (Vec<u8>, &'static str) {
    let mut all = Vec::new();
    loop {
        match input.blocking_read(1 << 20) {
            Ok(bytes) => all.extend_from_slice(&bytes),
            Err(StreamError::Closed) => return (all, "closed"),
            Err(_) => return (all, "failed"),
        }
    }
}

fn reading(base: &Descriptor) {
    let file = say::make(base, "read", b"0123456789");
    let input = file.read_via_stream(0).expect("a file");
    stream("read-none", say::read(&input, 0).map(|b| b.len()));
    stream("read-part", say::read(&input, 4).map(|b| say::text(&b)));
    stream(
        "blocking-read-part",
        input.blocking_read(3).map(|b| say::text(&b)),
    );
    stream("read-rest", say::read(&input, 100).map(|b| say::text(&b)));
    stream("read-at-end", say::read(&input, 100));
    stream("read-closed", say::read(&input, 100));
    stream("read-none-closed", say::read(&input, 0));
    stream("skip-closed", say::skip(&input, 1));
    let input = file.read_via_stream(7).expect("a file");
    stream(
        "read-from-7",
        input.blocking_read(100).map(|b| say::text(&b)),
    );
    stream("blocking-read-at-end", input.blocking_read(100));
    let input = file.read_via_stream(10).expect("a file");
    stream("read-from-end", say::read(&input, 1));
    let input = file.read_via_stream(1 << 40).expect("a file");
    stream("read-from-far", say::read(&input, 1));
    let empty = say::make(base, "empty", b"");
    stream(
        "read-empty",
        say::read(&empty.read_via_stream(0).expect("a file"), 1),
    );

    // A file that grows behind its reader.
    let input = file.read_via_stream(8).expect("a file");
    stream(
        "read-before-growth",
        say::read(&input, 10).map(|b| say::text(&b)),
    );
    file.write(b"abc", 10).expect("a file");
    stream(
        "read-after-growth",
        say::read(&input, 10).map(|b| say::text(&b)),
    );

    let long = pattern(200_000);
    let file = say::make(base, "long", &long);
    let input = file.read_via_stream(0).expect("a file");
    let first = input.blocking_read(1 << 20).expect("a file");
    line("long-first-read-some", !first.is_empty());
    let (rest, end) = drain(&input);
    line(
        "long-intact",
        format!("{} {end}", [first, rest].concat() == long),
    );
    let input = file.read_via_stream(0).expect("a file");
    let mut all = Vec::new();
    while let Ok(bytes) = input.blocking_read(777) {
        all.extend_from_slice(&bytes);
    }
    line("long-in-777s", all == long);
}

fn skipping(base: &Descriptor) {
    let file = say::make(base, "skip", b"0123456789");
    let input = file.read_via_stream(0).expect("a file");
    stream("skip-none", say::skip(&input, 0));
    stream("skip-three", say::skip(&input, 3));
    stream(
        "read-after-skip",
        say::read(&input, 2).map(|b| say::text(&b)),
    );
    stream("blocking-skip-two", input.blocking_skip(2));
    stream("skip-past-end", say::skip(&input, 100));
    stream("skip-at-end", say::skip(&input, 100));
    stream("blocking-skip-at-end", input.blocking_skip(1));
}

fn lifetimes(base: &Descriptor) {
    let file = say::make(base, "lives", b"0123456789");
    let input = file.read_via_stream(2).expect("a file");
    let output = file.write_via_stream(0).expect("a file");
    drop(file);
    stream(
        "s05-read-after-drop",
        input.blocking_read(3).map(|b| say::text(&b)),
    );
    stream("write-after-drop", output.blocking_write_and_flush(b"AB"));
    drop(output);
    stream(
        "read-after-other-drop",
        input.blocking_read(3).map(|b| say::text(&b)),
    );
    drop(input);
    // The fd is closed once and is free: nothing else has lost its own.
    let kept = say::make(base, "kept", b"kept");
    for _ in 0..100 {
        let file = say::create(base, "lives");
        let input = file.read_via_stream(0).expect("a file");
        drop(file);
        assert_eq!(input.blocking_read(2).expect("a file"), b"AB");
    }
    line("fds-are-given-back", say::text(&say::content(&kept)));

    let file = say::make(base, "two", b"0123456789");
    let (one, two) = (file.read_via_stream(0), file.read_via_stream(5));
    let (one, two) = (one.expect("a file"), two.expect("a file"));
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(say::stream_word(say::read(&one, 2).map(|b| say::text(&b))));
        seen.push(say::stream_word(say::read(&two, 2).map(|b| say::text(&b))));
    }
    line("s06-two-streams", seen.join(", "));
    let writers = [0, 4].map(|at| file.write_via_stream(at).expect("a file"));
    for part in [b"ab", b"cd"] {
        for writer in &writers {
            writer.blocking_write_and_flush(part).expect("a file");
        }
    }
    line("two-writers", say::text(&say::content(&file)));
}

fn writing(base: &Descriptor) {
    let file = say::make(base, "write", b"0123456789");
    let output = file.write_via_stream(3).expect("a file");
    stream("check-write-some", output.check_write().map(|n| n >= 4096));
    stream("write-three", output.write(b"abc"));
    stream("flush", output.flush());
    stream("blocking-flush", output.blocking_flush());
    line("written-at-3", say::text(&say::content(&file)));
    stream("write-none", output.write(b""));
    stream("blocking-write-none", output.blocking_write_and_flush(b""));
    stream(
        "blocking-write",
        output.blocking_write_and_flush(b"defghijk"),
    );
    line("written-over-end", say::text(&say::content(&file)));
    let output = file.write_via_stream(20).expect("a file");
    stream("write-behind-end", output.blocking_write_and_flush(b"far"));
    line(
        "hole",
        format!("{:?}", say::text(&say::content(&file)[13..])),
    );
    stream(
        "blocking-write-4096",
        output.blocking_write_and_flush(&[b'x'; 4096]),
    );
    line("size-after-4096", file.stat().expect("a file").size);

    let file = say::make(base, "zeroes", b"0123456789");
    let output = file.write_via_stream(2).expect("a file");
    output.check_write().expect("a file");
    stream("write-zeroes", output.write_zeroes(3));
    output.blocking_flush().expect("a file");
    line("zeroes-inside", format!("{:?}", say::content(&file)));
    stream("write-zeroes-none", output.write_zeroes(0));
    stream(
        "blocking-zeroes",
        output.blocking_write_zeroes_and_flush(4096),
    );
    let all = say::content(&file);
    line(
        "zeroes-over-end",
        format!("{} {}", all.len(), all[10..].iter().all(|b| *b == 0)),
    );

    let long = pattern(300_000);
    let file = say::create(base, "long-write");
    let output = file.write_via_stream(0).expect("a file");
    let mut left = &long[..];
    while !left.is_empty() {
        output.subscribe().block();
        let permit = output.check_write().expect("a file").min(left.len() as u64) as usize;
        output.write(&left[..permit]).expect("permitted");
        left = &left[permit..];
    }
    output.blocking_flush().expect("a file");
    line("long-write-intact", say::content(&file) == long);
}

fn appending(base: &Descriptor) {
    let file = say::make(base, "append", b"start");
    let end = file.append_via_stream().expect("a file");
    stream("append", end.blocking_write_and_flush(b" one"));
    stream("append-again", end.blocking_write_and_flush(b" two"));
    file.write(b"S", 0).expect("a file");
    line("s07-pwrite-after-append", say::text(&say::content(&file)));
    let middle = file.write_via_stream(1).expect("a file");
    stream(
        "write-stream-beside-append",
        middle.blocking_write_and_flush(b"T"),
    );
    stream("append-third", end.blocking_write_and_flush(b" end"));
    line("append-and-write", say::text(&say::content(&file)));
    file.set_size(2).expect("a file");
    stream("append-after-cut", end.blocking_write_and_flush(b"!"));
    line("append-at-new-end", say::text(&say::content(&file)));
    let other = file.append_via_stream().expect("a file");
    stream("append-zeroes", other.blocking_write_zeroes_and_flush(2));
    line("append-zeroes-size", file.stat().expect("a file").size);
}

fn splicing(base: &Descriptor) {
    let from = say::make(base, "from", &pattern(10_000));
    let to = say::make(base, "to", b"");
    let input = from.read_via_stream(0).expect("a file");
    let output = to.write_via_stream(0).expect("a file");
    stream("splice-none", output.splice(&input, 0));
    input.subscribe().block();
    stream("splice-hundred", output.splice(&input, 100));
    stream(
        "blocking-splice-hundred",
        output.blocking_splice(&input, 100),
    );
    let mut moved = to.stat().expect("a file").size;
    while moved < 10_000 {
        output.subscribe().block();
        moved += output
            .blocking_splice(&input, 10_000 - moved)
            .expect("not at the end");
    }
    output.blocking_flush().expect("a file");
    line("splice-intact", say::content(&to) == pattern(10_000));
    input.subscribe().block();
    stream("splice-at-end", output.splice(&input, 1));
    stream("blocking-splice-closed", output.blocking_splice(&input, 1));
    stream("write-after-splice", output.blocking_write_and_flush(b"+"));
    let input = from.read_via_stream(9_990).expect("a file");
    stream("splice-to-stdout", {
        let out = stdout::get_stdout();
        let to_file = output.blocking_splice(&input, 5);
        line("splice-tail", say::stream_word(to_file));
        out.check_write().map(|n| n > 0)
    });
}

fn errors(base: &Descriptor) {
    say::make(base, "errors", b"0123456789");
    let at = |flags| say::open(base, "errors", OpenFlags::empty(), flags).expect("it is there");
    let read_only = at(DescriptorFlags::READ);
    let write_only = at(DescriptorFlags::WRITE);
    say::file(
        "write-stream-of-read-only",
        read_only.write_via_stream(0).map(drop),
    );
    say::file(
        "append-stream-of-read-only",
        read_only.append_via_stream().map(drop),
    );
    match write_only.read_via_stream(0) {
        Err(code) => line("read-stream-of-write-only", code.name()),
        Ok(input) => {
            stream("read-stream-of-write-only", input.blocking_read(1));
            stream("read-after-failure", say::read(&input, 1));
        }
    }
    say::file(
        "read-stream-of-directory",
        base.read_via_stream(0).map(drop),
    );
    say::file(
        "write-stream-of-directory",
        base.write_via_stream(0).map(drop),
    );
    say::file(
        "append-stream-of-directory",
        base.append_via_stream().map(drop),
    );
    let far = at(DescriptorFlags::WRITE).write_via_stream(u64::MAX - 2);
    match far {
        Err(code) => line("write-at-the-last-offset", code.name()),
        Ok(output) => {
            let failed = output.blocking_write_and_flush(b"abc");
            line("write-at-the-last-offset", failed.is_err());
            stream("check-write-after-failure", output.check_write());
            stream(
                "write-after-failure",
                output.blocking_write_and_flush(b"abc"),
            );
        }
    }
}

fn standard() {
    let input = stdin::get_stdin();
    let out = stdout::get_stdout();
    stream("stdin-read-none", input.read(0).map(|b| b.len()));
    stream("stdin-read", input.blocking_read(4).map(|b| say::text(&b)));
    stream("stdin-skip", input.blocking_skip(2));
    stream("stdin-splice", out.blocking_splice(&input, 4));
    stream("stdin-splice-rest", out.blocking_splice(&input, 100));
    stream("stdin-splice-end", out.blocking_splice(&input, 100));
    stream("stdin-closed", input.read(1));
    stream("stdout-check-write", out.check_write().map(|n| n >= 4096));
    stream("stdout-write", out.write(b"plain write\n"));
    stream("stdout-flush", out.blocking_flush());
    stream("stdout-zeroes", out.blocking_write_zeroes_and_flush(3));
    stream("stdout-4096", out.blocking_write_and_flush(&[b'='; 4096]));
}

/// Standard input that has ended before anything was read.
pub fn at_the_end() {
    let input = stdin::get_stdin();
    stream("s04-blocking-read-at-end", input.blocking_read(10));
    stream("read-after-end", input.read(10));
    stream("skip-after-end", input.blocking_skip(10));
    stream("second-handle", stdin::get_stdin().blocking_read(10));
}
