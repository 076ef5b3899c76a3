//! Hosts that fail, each arranged by the suite.

use futures::join;

use crate::bindings::wasi::cli::{stdin, stdout};
use crate::bindings::wasi::clocks::monotonic_clock::{now, wait_for};
use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags};
use crate::bindings::wit_stream;
use crate::say::{self, file, line, open, text, word};

const MS: u64 = 1_000_000;

pub async fn one(name: &str) {
    match name {
        "closed-stdin" | "idle-stdin" => stdin_beside_a_clock(name).await,
        "closed-stdout" => closed_stdout().await,
        "size-limit" => size_limit().await,
        "no-space" => no_space().await,
        "slow-stdin" => slow_stdin().await,
        "passed-on" => slow_stdin_to_a_file().await,
        "read-only" => read_only().await,
        "no-preopen" => {
            line(
                "preopens.get-directories none",
                preopens::get_directories().len(),
            )
            .await
        }
        "bad-names" => bad_names().await,
        "no-descriptors" | "full-table" => open_until_it_fails(name).await,
        other => line("fault", format!("there is no {other:?}")).await,
    }
}

/// Standard input that gives nothing, or is at its end at once.
async fn stdin_beside_a_clock(name: &str) {
    let (mut input, result) = stdin::read_via_stream();
    if name == "closed-stdin" {
        let (bytes, result) = join!(input.collect(), result.into_future());
        let seen = format!("{:?} {}", text(&bytes), word(result));
        return line("stdin.read-via-stream closed", seen).await;
    }
    let mut read = Box::pin(input.read(Vec::with_capacity(10)));
    let clock = Box::pin(wait_for(30 * MS));
    let first = match futures::future::select(read.as_mut(), clock).await {
        futures::future::Either::Left(_) => "standard input",
        futures::future::Either::Right(_) => "the clock",
    };
    line("stdin.read-via-stream beside a clock", first).await;
    let (status, bytes) = read.as_mut().cancel();
    line(
        "stdin.read-via-stream cancelled",
        format!("{status:?} {}", bytes.len()),
    )
    .await;
    drop(read);
    drop(input);
    line("stdin.read-via-stream dropped", word(result.await)).await;
}

/// Nobody reads what is printed: lines go to stderr.
async fn closed_stdout() {
    say::to_stderr();
    // The reader is gone by then.
    wait_for(300 * MS).await;
    let (mut writer, reader) = wit_stream::new();
    let written = stdout::write_via_stream(reader);
    let left = writer.write_all(b"to nobody".to_vec()).await.len();
    line("stdout.write-via-stream closed", left).await;
    drop(writer);
    line(
        "stdout.write-via-stream closed, result",
        word(written.await),
    )
    .await;
}

/// No file may be longer than 1 MiB.
async fn size_limit() {
    let base = say::root();
    let it = say::make(&base, "limited", b"").await;
    let (left, result) = say::write(&it, &vec![b'x'; 1_500_000], 0).await;
    line(
        "descriptor.write-via-stream over the limit",
        format!("{} {}", left > 0, word(result)),
    )
    .await;
    file(
        "descriptor.stat at the limit",
        it.stat().await.map(|s| s.size),
    )
    .await;
    let (_, result) = say::append(&it, b"x").await;
    file("descriptor.append-via-stream over the limit", result).await;
    file(
        "descriptor.set-size over the limit",
        it.set_size(1_500_000).await,
    )
    .await;
}

/// The preopen has a file `full` that takes nothing.
async fn no_space() {
    let base = say::root();
    let full = open(&base, "full", OpenFlags::empty(), DescriptorFlags::WRITE).await;
    let full = match full {
        Ok(full) => full,
        Err(code) => return line("descriptor.open-at full", word::<(), _>(Err(code))).await,
    };
    file("descriptor.get-type full", full.get_type().await).await;
    let (_, result) = say::write(&full, b"hello", 0).await;
    file("descriptor.write-via-stream full", result).await;
}

/// Bytes come late, and signals while they are waited for.
async fn slow_stdin() {
    let (input, result) = stdin::read_via_stream();
    let all = input.collect().await;
    line(
        "stdin.read-via-stream late",
        format!("{:?} {}", text(&all), word(result.await)),
    )
    .await;
    let start = now();
    wait_for(100 * MS).await;
    line(
        "monotonic-clock.wait-for after it",
        now() - start >= 100 * MS,
    )
    .await;
}

/// Standard input, of which some is passed on to a file as it comes.
async fn slow_stdin_to_a_file() {
    let it = say::make(&say::root(), "typed", b"").await;
    let (stream, result) = stdin::read_via_stream();
    let written = it.write_via_stream(stream, 0);
    let start = now();
    wait_for(50 * MS).await;
    let passed = now() - start;
    line(
        "monotonic-clock.wait-for beside a stream",
        (50 * MS..1000 * MS).contains(&passed),
    )
    .await;
    line("descriptor.write-via-stream of stdin", word(written.await)).await;
    line("stdin.read-via-stream to a file", word(result.await)).await;
    line(
        "descriptor.write-via-stream typed",
        format!("{:?}", say::content(&it).await),
    )
    .await;
}

/// A file system that cannot be written to.
async fn read_only() {
    let base = say::root();
    let (none, write) = (OpenFlags::empty(), DescriptorFlags::WRITE);
    let it = say::reopen(&base, "file", DescriptorFlags::READ).await;
    line(
        "descriptor.read-via-stream on read-only",
        say::content(&it).await,
    )
    .await;
    file(
        "descriptor.open-at to write on read-only",
        open(&base, "file", none, write).await.map(drop),
    )
    .await;
    file(
        "descriptor.open-at new on read-only",
        open(&base, "new", OpenFlags::CREATE, write).await.map(drop),
    )
    .await;
    file(
        "descriptor.create-directory-at on read-only",
        base.create_directory_at("new".into()).await,
    )
    .await;
    file(
        "descriptor.unlink-file-at on read-only",
        base.unlink_file_at("file".into()).await,
    )
    .await;
    file(
        "descriptor.rename-at on read-only",
        base.rename_at("file".into(), &base, "new".into()).await,
    )
    .await;
    file(
        "descriptor.symlink-at on read-only",
        base.symlink_at("file".into(), "new".into()).await,
    )
    .await;
    let linked = base
        .link_at(PathFlags::empty(), "file".into(), &base, "new".into())
        .await;
    file("descriptor.link-at on read-only", linked).await;
}

async fn bad_names() {
    let base = say::root();
    let (mut entries, result) = base.read_directory();
    let mut count = 0;
    while entries.next().await.is_some() {
        count += 1;
    }
    line(
        "descriptor.read-directory with a bad name",
        format!("{} {}", count < 3, word(result.await)),
    )
    .await;
    file(
        "descriptor.readlink-at a bad name",
        base.readlink_at("link".into()).await,
    )
    .await;
}

/// Opens one file again and again.
async fn open_until_it_fails(name: &str) {
    let base = say::root();
    say::make(&base, "file", b"x").await;
    let mut all = Vec::new();
    let mut last = Ok(());
    while last.is_ok() && all.len() < 300 {
        last = open(&base, "file", OpenFlags::empty(), DescriptorFlags::READ)
            .await
            .map(|it| all.push(it));
    }
    file(&format!("descriptor.open-at {name}"), last).await;
    line(
        &format!("descriptor.open-at {name}, how many"),
        all.len() > 1,
    )
    .await;
    all.pop();
    let again = open(&base, "file", OpenFlags::empty(), DescriptorFlags::READ).await;
    file(
        &format!("descriptor.open-at {name}, after one was closed"),
        again.map(drop),
    )
    .await;
}
