//! Streams of files, and standard input.

use wit_bindgen::StreamResult;

use crate::bindings::wasi::cli::stdout;
use crate::bindings::wasi::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode};
use crate::bindings::wit_stream;
use crate::say::{self, append, both, line, read, reopen, text, word, write};

const READ: DescriptorFlags = DescriptorFlags::READ;
const WRITE: DescriptorFlags = DescriptorFlags::WRITE;

pub async fn all() {
    let base = say::root();
    say::directory(&base, "dir").await;
    reads(&base).await;
    writes(&base).await;
    appends(&base).await;
    far(&base).await;
    passed_on(&base).await;
    crate::cli::to_the_end().await;
}

fn taken(of: (usize, Result<(), ErrorCode>)) -> String {
    format!("{} left, {}", of.0, word(of.1))
}

async fn reads(base: &Descriptor) {
    let it = say::make(base, "read", b"0123456789").await;
    for offset in [0, 4, 9, 10, 100, i64::MAX as u64] {
        let name = format!("descriptor.read-via-stream from {offset}");
        line(&name, both(read(&it, offset).await)).await;
    }
    let beyond = read(&it, 1 << 63).await;
    line("descriptor.read-via-stream from 2^63", both(beyond)).await;
    let (mut stream, result) = it.read_via_stream(2);
    let (status, bytes) = stream.read(Vec::with_capacity(3)).await;
    line(
        "descriptor.read-via-stream three bytes",
        format!("{status:?} {:?}", text(&bytes)),
    )
    .await;
    let (status, bytes) = stream.read(Vec::with_capacity(3)).await;
    line(
        "descriptor.read-via-stream three more",
        format!("{status:?} {:?}", text(&bytes)),
    )
    .await;
    drop(stream);
    line("descriptor.read-via-stream dropped", word(result.await)).await;
    let (stream, result) = it.read_via_stream(0);
    drop(result);
    line(
        "descriptor.read-via-stream without its future",
        text(&stream.collect().await),
    )
    .await;
    let (stream, result) = it.read_via_stream(0);
    drop(stream);
    line("descriptor.read-via-stream not read", word(result.await)).await;
    // Two streams of one file are apart from each other.
    let (mut one, first) = it.read_via_stream(0);
    let (mut two, second) = it.read_via_stream(5);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.extend(one.read(Vec::with_capacity(1)).await.1);
        seen.extend(two.read(Vec::with_capacity(1)).await.1);
    }
    line("descriptor.read-via-stream in turns", text(&seen)).await;
    drop((one, two, first, second));
    let (mut stream, result) = it.read_via_stream(8);
    // The descriptor is no more, the stream is.
    drop(it);
    let mut all = Vec::new();
    loop {
        let (status, bytes) = stream.read(Vec::with_capacity(1)).await;
        all.extend(bytes);
        if matches!(status, StreamResult::Dropped) {
            break;
        }
    }
    let seen = (all, result.await);
    line(
        "descriptor.read-via-stream after its descriptor",
        both(seen),
    )
    .await;
    let closed = reopen(base, "read", WRITE).await;
    line(
        "descriptor.read-via-stream write-only",
        both(read(&closed, 0).await),
    )
    .await;
    line(
        "descriptor.read-via-stream of a directory",
        both(read(base, 0).await),
    )
    .await;
    let it = say::make(base, "big", &vec![b'b'; 200_000]).await;
    let (bytes, result) = read(&it, 0).await;
    let is_right = bytes.len() == 200_000 && bytes.iter().all(|b| *b == b'b');
    line(
        "descriptor.read-via-stream 200000 bytes",
        format!("{is_right} {}", word(result)),
    )
    .await;
}

async fn writes(base: &Descriptor) {
    let it = say::make(base, "write", b"").await;
    line(
        "descriptor.write-via-stream",
        taken(write(&it, b"hello", 0).await),
    )
    .await;
    line(
        "descriptor.write-via-stream over",
        taken(write(&it, b"J", 0).await),
    )
    .await;
    line(
        "descriptor.write-via-stream at the end",
        taken(write(&it, b" there", 5).await),
    )
    .await;
    line(
        "descriptor.write-via-stream written",
        say::content(&it).await,
    )
    .await;
    line(
        "descriptor.write-via-stream nothing",
        taken(write(&it, b"", 3).await),
    )
    .await;
    line(
        "descriptor.write-via-stream nothing far away",
        taken(write(&it, b"", 1000).await),
    )
    .await;
    line(
        "descriptor.write-via-stream size then",
        word(it.stat().await.map(|s| s.size)),
    )
    .await;
    line(
        "descriptor.write-via-stream behind the end",
        taken(write(&it, b"x", 20).await),
    )
    .await;
    line(
        "descriptor.write-via-stream hole",
        format!("{:?}", &read(&it, 11).await.0),
    )
    .await;
    let (mut writer, reader) = wit_stream::new();
    let written = it.write_via_stream(reader, 1);
    for part in [&b"ab"[..], b"cd", b"ef"] {
        writer.write_all(part.to_vec()).await;
    }
    drop(writer);
    line("descriptor.write-via-stream in parts", word(written.await)).await;
    line(
        "descriptor.write-via-stream parts",
        text(&read(&it, 0).await.0[..8]),
    )
    .await;
    let (mut writer, reader) = wit_stream::new();
    drop(it.write_via_stream(reader, 0));
    let left = writer.write_all(b"!".to_vec()).await.len();
    drop(writer);
    line("descriptor.write-via-stream without its future", left).await;
    let closed = reopen(base, "write", READ).await;
    line(
        "descriptor.write-via-stream read-only",
        word(write(&closed, b"x", 0).await.1),
    )
    .await;
    line(
        "descriptor.write-via-stream nothing read-only",
        word(write(&closed, b"", 0).await.1),
    )
    .await;
    line(
        "descriptor.write-via-stream to a directory",
        word(write(base, b"x", 0).await.1),
    )
    .await;
    line(
        "descriptor.write-via-stream at 2^63",
        word(write(&it, b"x", 1 << 63).await.1),
    )
    .await;
    let long: Vec<u8> = (0..1_000_000u32).map(|i| (i % 251) as u8).collect();
    let it = say::make(base, "long", &long).await;
    line(
        "descriptor.write-via-stream a million bytes",
        read(&it, 0).await.0 == long,
    )
    .await;
}

async fn appends(base: &Descriptor) {
    let it = say::make(base, "append", b"one").await;
    line(
        "descriptor.append-via-stream",
        taken(append(&it, b" two").await),
    )
    .await;
    line(
        "descriptor.append-via-stream again",
        taken(append(&it, b" three").await),
    )
    .await;
    line(
        "descriptor.append-via-stream nothing",
        taken(append(&it, b"").await),
    )
    .await;
    let (mut writer, reader) = wit_stream::new();
    let written = it.append_via_stream(reader);
    writer.write_all(b" four".to_vec()).await;
    let other = append(&reopen(base, "append", WRITE).await, b" five").await;
    line("descriptor.append-via-stream meanwhile", taken(other)).await;
    writer.write_all(b" six".to_vec()).await;
    drop(writer);
    line(
        "descriptor.append-via-stream beside another",
        word(written.await),
    )
    .await;
    line(
        "descriptor.append-via-stream written",
        say::content(&it).await,
    )
    .await;
    line(
        "descriptor.append-via-stream, then written",
        taken(write(&it, b"ONE", 0).await),
    )
    .await;
    line(
        "descriptor.append-via-stream at last",
        say::content(&it).await,
    )
    .await;
    let closed = reopen(base, "append", READ).await;
    line(
        "descriptor.append-via-stream read-only",
        word(append(&closed, b"x").await.1),
    )
    .await;
    line(
        "descriptor.append-via-stream to a directory",
        word(append(base, b"x").await.1),
    )
    .await;
}

/// Beyond what 32 bits can say.
async fn far(base: &Descriptor) {
    const GIB: u64 = 1 << 30;
    let it = say::make(base, "far", b"").await;
    line(
        "descriptor.write-via-stream at 5 GiB",
        taken(write(&it, b"five", 5 * GIB).await),
    )
    .await;
    line(
        "descriptor.stat 5 GiB",
        word(it.stat().await.map(|s| s.size)),
    )
    .await;
    line(
        "descriptor.read-via-stream at 5 GiB",
        both(read(&it, 5 * GIB).await),
    )
    .await;
    line(
        "descriptor.write-via-stream over 4 GiB",
        taken(write(&it, b"abcd", 4 * GIB - 2).await),
    )
    .await;
    let (mut stream, result) = it.read_via_stream(4 * GIB - 2);
    let mut seen = Vec::new();
    while seen.len() < 4 {
        seen.extend(stream.read(Vec::with_capacity(1)).await.1);
    }
    drop((stream, result));
    line("descriptor.read-via-stream over 4 GiB", text(&seen)).await;
    line(
        "descriptor.append-via-stream at 5 GiB",
        taken(append(&it, b"!").await),
    )
    .await;
    line(
        "descriptor.set-size 6 GiB",
        word(it.set_size(6 * GIB).await),
    )
    .await;
    line("descriptor.set-size back", word(it.set_size(0).await)).await;
}

/// Streams from the host to the host.
async fn passed_on(base: &Descriptor) {
    let it = say::make(base, "passed", b"--from a file: passed on\n").await;
    let (stream, result) = it.read_via_stream(2);
    let written = stdout::write_via_stream(stream);
    line("stdout.write-via-stream of a file", word(written.await)).await;
    line("descriptor.read-via-stream to stdout", word(result.await)).await;

    let long: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
    let it = say::make(base, "long", &long).await;
    let copy = say::make(base, "copy", b"start").await;
    let (stream, result) = it.read_via_stream(1000);
    let written = copy.write_via_stream(stream, 5);
    line("descriptor.write-via-stream of a file", word(written.await)).await;
    line("descriptor.read-via-stream to a file", word(result.await)).await;
    let copied = read(&copy, 0).await.0;
    let is_right = copied[..5] == *b"start" && copied[5..] == long[1000..];
    line("descriptor.write-via-stream copied", is_right).await;

    // What has been read of it is not passed on.
    let (mut stream, result) = it.read_via_stream(0);
    let (_, some) = stream.read(Vec::with_capacity(10)).await;
    let copy = say::make(base, "rest", b"").await;
    let written = copy.append_via_stream(stream);
    line(
        "descriptor.append-via-stream of a file",
        word(written.await),
    )
    .await;
    line("descriptor.read-via-stream appended", word(result.await)).await;
    let copied = read(&copy, 0).await.0;
    line(
        "descriptor.append-via-stream copied",
        copied == long[some.len()..],
    )
    .await;

    let closed = reopen(base, "copy", READ).await;
    let (stream, result) = it.read_via_stream(0);
    let written = closed.write_via_stream(stream, 0);
    line(
        "descriptor.write-via-stream of a file, read-only",
        word(written.await),
    )
    .await;
    line(
        "descriptor.read-via-stream to read-only",
        word(result.await),
    )
    .await;
    let (stream, result) = base.read_via_stream(0);
    let written = copy.write_via_stream(stream, 0);
    line(
        "descriptor.write-via-stream of a directory",
        word(written.await),
    )
    .await;
    line(
        "descriptor.read-via-stream of a directory, passed on",
        word(result.await),
    )
    .await;
}
