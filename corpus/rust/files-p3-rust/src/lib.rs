//! Files of WASI 0.3: contents and directories as streams, and what goes wrong.
//!
//! `files-p3-rust content|tree|errors|fixture`

use std::fmt::{Debug, Write};

use futures::future::LocalBoxFuture;
use futures::{FutureExt, join};
use wit_bindgen::StreamResult;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::{environment, stdout};
use bindings::wasi::filesystem::preopens::get_directories;
use bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode,
    OpenFlags, PathFlags,
};
use bindings::wit_stream;

struct Program;
bindings::export!(Program with_types_in bindings);

impl Guest for Program {
    async fn run() -> Result<(), ()> {
        let mut out = String::new();
        let command = environment::get_arguments().into_iter().nth(1);
        match get_directories().first() {
            None => out.push_str("no directory\n"),
            Some((dir, name)) => {
                out.push_str(&format!("preopened: [{name}]\n"));
                match command.as_deref() {
                    Some("content") => content(dir, &mut out).boxed_local().await,
                    Some("tree") => tree(dir, &mut out).boxed_local().await,
                    Some("errors") => errors(dir, &mut out).boxed_local().await,
                    _ => walk(dir, "", &mut out).await,
                }
            }
        }
        let (mut writer, reader) = wit_stream::new();
        let written = stdout::write_via_stream(reader);
        let left = writer.write_all(out.into_bytes()).await;
        drop(writer);
        written.await.expect("standard output is open");
        if left.is_empty() { Ok(()) } else { Err(()) }
    }
}

const READ: DescriptorFlags = DescriptorFlags::READ;
const NEW: OpenFlags = OpenFlags::CREATE;
const OLD: OpenFlags = OpenFlags::empty();
const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;

fn both() -> DescriptorFlags {
    DescriptorFlags::READ | DescriptorFlags::WRITE
}

/// A step whose future is not a part of that of its caller: many of them would make a large guest.
type Step<'a, T> = LocalBoxFuture<'a, T>;
type Done = Result<(), ErrorCode>;

#[inline(never)]
fn show(out: &mut String, what: &str, value: &dyn Debug) {
    writeln!(out, "{what}: {value:?}").expect("a string");
}

/// Takes one step after the other, and shows how each ended.
#[inline(never)]
fn each<'a>(out: &'a mut String, steps: Vec<(&'a str, Step<'a, Done>)>) -> Step<'a, ()> {
    async move {
        for (what, step) in steps {
            show(out, what, &step.await);
        }
    }
    .boxed_local()
}

#[inline(never)]
fn open<'a>(
    dir: &'a Descriptor,
    path: &str,
    how: OpenFlags,
    flags: DescriptorFlags,
) -> Step<'a, Result<Descriptor, ErrorCode>> {
    dir.open_at(FOLLOW, path.to_string(), how, flags)
        .boxed_local()
}

#[inline(never)]
fn opens<'a>(
    dir: &'a Descriptor,
    path: &str,
    how: OpenFlags,
    flags: DescriptorFlags,
) -> Step<'a, Done> {
    open(dir, path, how, flags)
        .map(|opened| opened.map(drop))
        .boxed_local()
}

#[inline(never)]
fn make<'a>(dir: &'a Descriptor, path: &str) -> Step<'a, Done> {
    dir.create_directory_at(path.to_string()).boxed_local()
}

/// All of a file from `offset` on in pieces of at most `piece` bytes, and how it went.
#[inline(never)]
fn all(file: &Descriptor, offset: u64, piece: usize) -> Step<'_, Result<String, ErrorCode>> {
    async move {
        let (mut reader, result) = file.read_via_stream(offset);
        let mut bytes = Vec::new();
        loop {
            let (status, part) = reader.read(Vec::with_capacity(piece)).await;
            assert!(part.len() <= piece, "no more than was asked for");
            bytes.extend(part);
            if matches!(status, StreamResult::Dropped) {
                break;
            }
        }
        result.await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
    .boxed_local()
}

/// Writes at an offset, or at the end.
#[inline(never)]
fn write<'a>(file: &'a Descriptor, offset: Option<u64>, text: &'a str) -> Step<'a, Done> {
    async move {
        let (mut writer, reader) = wit_stream::new();
        let written = match offset {
            Some(offset) => file.write_via_stream(reader, offset),
            None => file.append_via_stream(reader),
        };
        for word in text.split_inclusive(' ') {
            writer.write_all(word.as_bytes().to_vec()).await;
        }
        drop(writer);
        written.await
    }
    .boxed_local()
}

#[inline(never)]
fn stat<'a>(
    dir: &'a Descriptor,
    flags: PathFlags,
    path: &str,
) -> Step<'a, Result<DescriptorStat, ErrorCode>> {
    dir.stat_at(flags, path.to_string()).boxed_local()
}

#[inline(never)]
fn size(file: &Descriptor) -> Step<'_, Result<u64, ErrorCode>> {
    file.stat()
        .map(|stat| stat.map(|stat| stat.size))
        .boxed_local()
}

#[inline(never)]
fn readlink<'a>(dir: &'a Descriptor, path: &str) -> Step<'a, Result<String, ErrorCode>> {
    dir.readlink_at(path.to_string()).boxed_local()
}

#[inline(never)]
fn hash(file: &Descriptor) -> Step<'_, Option<(u64, u64)>> {
    file.metadata_hash()
        .map(|hash| hash.ok().map(|hash| (hash.lower, hash.upper)))
        .boxed_local()
}

async fn content(dir: &Descriptor, out: &mut String) {
    let file = open(dir, "data.txt", NEW, both())
        .await
        .expect("a new file");
    let steps = vec![
        ("write", write(&file, Some(0), "zero one two three\n")),
        ("write in the middle", write(&file, Some(5), "ONE")),
        ("append", write(&file, None, "four five\n")),
    ];
    each(out, steps).await;
    for (what, from, piece) in [
        ("all", 0, 1000),
        ("in pieces from 9", 9, 4),
        ("behind the end", 100, 4),
    ] {
        show(out, what, &all(&file, from, piece).await);
    }

    // Two readers and a writer of the same file, beside each other.
    let (a, b, c) = join!(
        all(&file, 0, 3),
        all(&file, 13, 5),
        write(&file, Some(200), "far away")
    );
    show(
        out,
        "one reader",
        &a.map(|text| text.starts_with("zero ONE two three\n")),
    );
    show(
        out,
        "another",
        &b.map(|text| text.starts_with("three\nfour five\n")),
    );
    show(out, "and a writer", &c);
    each(
        out,
        vec![
            ("set-size", file.set_size(24).boxed_local()),
            ("sync", file.sync().boxed_local()),
        ],
    )
    .await;
    show(out, "size", &size(&file).await);
    show(out, "type", &file.get_type().await.map(name));
    let again = open(dir, "data.txt", OLD, READ)
        .await
        .expect("the same file");
    show(out, "same", &again.is_same_object(&file).await);
    let (a, b) = join!(hash(&file), hash(&again));
    show(out, "same hash", &(a == b));

    // A reader that goes before the end.
    let (mut reader, result) = file.read_via_stream(0);
    let (_, bytes) = reader.read(Vec::with_capacity(4)).await;
    drop(reader);
    show(out, "first bytes", &String::from_utf8_lossy(&bytes));
    show(out, "and no more", &result.await);

    // More than any buffer.
    let big = open(dir, "big.txt", NEW, both()).await.expect("a new file");
    let text = "0123456789".repeat(20_000);
    show(out, "much", &write(&big, Some(0), &text).await);
    show(
        out,
        "much again",
        &all(&big, 0, 70_000).await.map(|read| read == text),
    );
}

async fn tree(dir: &Descriptor, out: &mut String) {
    for path in ["a", "a/b", "a/b/c", "d"] {
        show(out, path, &make(dir, path).await);
    }
    for (path, text) in [
        ("a/one.txt", "1"),
        ("a/b/two.txt", "22"),
        ("d/größer.txt", "333"),
    ] {
        let file = open(dir, path, NEW, both()).await.expect("a new file");
        show(out, path, &write(&file, Some(0), text).await);
    }
    let changed = READ | DescriptorFlags::MUTATE_DIRECTORY;
    let b = open(dir, "a/b", OpenFlags::DIRECTORY, changed)
        .await
        .expect("a directory");
    let steps = vec![
        (
            "rename",
            dir.rename_at("a/one.txt".to_string(), &b, "first.txt".to_string())
                .boxed_local(),
        ),
        (
            "symlink",
            dir.symlink_at("a/b/two.txt".to_string(), "link".to_string())
                .boxed_local(),
        ),
        (
            "hard link",
            dir.link_at(
                PathFlags::empty(),
                "d/größer.txt".to_string(),
                &b,
                "again.txt".to_string(),
            )
            .boxed_local(),
        ),
        (
            "unlink",
            dir.unlink_file_at("d/größer.txt".to_string()).boxed_local(),
        ),
        (
            "remove",
            dir.remove_directory_at("d".to_string()).boxed_local(),
        ),
    ];
    each(out, steps).await;
    show(out, "readlink", &readlink(dir, "link").await);
    show(
        out,
        "type",
        &stat(dir, PathFlags::empty(), "link")
            .await
            .map(|stat| name(stat.type_)),
    );
    show(
        out,
        "size behind it",
        &stat(dir, FOLLOW, "link").await.map(|stat| stat.size),
    );
    walk(dir, "", out).await;

    let many = open(dir, "a/b/c", OpenFlags::DIRECTORY, changed)
        .await
        .expect("a directory");
    for i in 0..200 {
        let path = format!("{i}-{}", "x".repeat(i % 40));
        open(&many, &path, NEW, both()).await.expect("a new file");
    }
    let names = entries(&many).await.map(|entries| {
        let twice = entries.windows(2).any(|pair| pair[0].name == pair[1].name);
        (
            entries.len(),
            twice,
            entries.iter().map(|entry| entry.name.len()).sum::<usize>(),
        )
    });
    show(out, "many", &names);
}

async fn errors(dir: &Descriptor, out: &mut String) {
    let file = open(dir, "file", NEW, both()).await.expect("a new file");
    let read_only = open(dir, "file", OLD, READ).await.expect("the file");
    let steps = vec![
        ("make in what is not there", make(dir, "full/inside")),
        ("make", make(dir, "full")),
        ("make inside", make(dir, "full/inside")),
        ("missing", opens(dir, "missing", OLD, READ)),
        (
            "exclusive",
            opens(dir, "file", NEW | OpenFlags::EXCLUSIVE, both()),
        ),
        ("a file as a directory", opens(dir, "file/x", OLD, READ)),
        ("outside", opens(dir, "../x", OLD, READ)),
        ("absolute", opens(dir, "/etc", OLD, READ)),
        ("make what is there", make(dir, "full")),
        (
            "remove what is full",
            dir.remove_directory_at("full".to_string()).boxed_local(),
        ),
        (
            "unlink what is not there",
            dir.unlink_file_at("missing".to_string()).boxed_local(),
        ),
        (
            "rename what is not there",
            dir.rename_at("missing".to_string(), dir, "x".to_string())
                .boxed_local(),
        ),
    ];
    each(out, steps).await;
    show(out, "readlink of a file", &readlink(dir, "file").await);
    show(
        out,
        "stat of what is not there",
        &stat(dir, FOLLOW, "missing").await.map(drop),
    );
    let written = write(&read_only, Some(0), "text").await;
    show(out, "write to what was opened to read", &written.is_ok());
    show(out, "entries of a file", &entries(&file).await.is_err());
    let full = open(dir, "full", OpenFlags::DIRECTORY, READ)
        .await
        .expect("the directory");
    show(out, "read a directory", &all(&full, 0, 10).await.is_err());
    show(out, "nothing written", &size(&file).await);
}

/// The entries of a directory by their names.
#[inline(never)]
fn entries(dir: &Descriptor) -> Step<'_, Result<Vec<DirectoryEntry>, ErrorCode>> {
    async move {
        let (mut reader, result) = dir.read_directory();
        let mut entries: Vec<DirectoryEntry> = Vec::new();
        while let Some(entry) = reader.next().await {
            let at = entries.partition_point(|other| other.name < entry.name);
            entries.insert(at, entry);
        }
        drop(reader);
        result.await?;
        Ok(entries)
    }
    .boxed_local()
}

/// Every entry below a directory with its type, and the contents of files.
fn walk<'a>(dir: &'a Descriptor, path: &'a str, out: &'a mut String) -> Step<'a, ()> {
    async move {
        for entry in entries(dir).await.expect("the directory can be read") {
            let path = format!("{path}/{}", entry.name);
            let kind = name(entry.type_.clone());
            match entry.type_ {
                DescriptorType::Directory => {
                    show(out, &path, &kind);
                    let below = open(dir, &entry.name, OpenFlags::DIRECTORY, READ)
                        .await
                        .expect("a directory");
                    walk(&below, &path, out).await;
                }
                DescriptorType::RegularFile => {
                    let file = open(dir, &entry.name, OLD, READ).await.expect("a file");
                    show(out, &path, &(kind, all(&file, 0, 64).await));
                }
                _ => show(out, &path, &kind),
            }
        }
    }
    .boxed_local()
}

fn name(kind: DescriptorType) -> &'static str {
    match kind {
        DescriptorType::Directory => "directory",
        DescriptorType::RegularFile => "file",
        DescriptorType::SymbolicLink => "symbolic link",
        _ => "something else",
    }
}
