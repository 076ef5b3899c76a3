//! `descriptor.read-directory` and its streams.

use std::collections::BTreeMap;

use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, DirectoryEntryStream, OpenFlags,
};
use crate::say::{self, file, line, open};

pub fn all() {
    let base = say::root();
    line("empty directory", names(&say::directory(&base, "empty")));
    kinds(&base);
    many(&base);
    streams(&base);
    changing(&base);
    let it = say::make(&base, "plain", b"plain");
    file("read-directory of a file", it.read_directory().map(drop));
}

/// All that is left: sorted names with their types.
fn entries(stream: &DirectoryEntryStream) -> Vec<(String, String)> {
    let mut all = Vec::new();
    loop {
        match stream.read_directory_entry() {
            Ok(Some(entry)) => all.push((entry.name, format!("{:?}", entry.type_))),
            Ok(None) => break,
            Err(code) => {
                all.push(("an error".to_owned(), code.name().to_owned()));
                break;
            }
        }
    }
    all.sort();
    all
}

fn names(directory: &Descriptor) -> String {
    match directory.read_directory() {
        Ok(stream) => format!("{:?}", entries(&stream)),
        Err(code) => code.name().to_owned(),
    }
}

fn kinds(base: &Descriptor) {
    let dir = say::directory(base, "kinds");
    say::make(&dir, "file", b"");
    dir.create_directory_at("directory").expect("a new name");
    dir.symlink_at("file", "link").expect("a new name");
    dir.symlink_at("nowhere", "dangling").expect("a new name");
    say::make(&dir, "größe-ж-日本-🙂", b"");
    say::make(&dir, ".hidden", b"");
    say::make(&dir, "...", b"");
    say::make(&dir, "..a", b"");
    line("kinds", names(&dir));
    let read_only = open(base, "kinds", OpenFlags::DIRECTORY, DescriptorFlags::READ);
    line("kinds, read-only", names(&read_only.expect("it is there")));
    dir.unlink_file_at("file").expect("it is there");
    dir.remove_directory_at("directory").expect("it is empty");
    line("after removing", names(&dir));
}

fn many(base: &Descriptor) {
    let dir = say::directory(base, "many");
    let name = |n: u32| format!("{n:03}").repeat(85);
    for n in 0..300 {
        say::create(&dir, &name(n));
    }
    let stream = dir.read_directory().expect("a directory");
    let mut seen = BTreeMap::new();
    while let Some(entry) = stream.read_directory_entry().expect("a directory") {
        *seen.entry(entry.name).or_insert(0) += 1;
    }
    let each_once = (0..300).all(|n| seen.get(&name(n)) == Some(&1));
    line("s08-300 long names", format!("{} {each_once}", seen.len()));
    file("after the end", stream.read_directory_entry());
    file("after the end again", stream.read_directory_entry());

    // Two streams take turns, with other work between.
    let (one, two) = (dir.read_directory(), dir.read_directory());
    let streams = [one.expect("a directory"), two.expect("a directory")];
    let mut seen = [BTreeMap::new(), BTreeMap::new()];
    for turn in 0..600 {
        let which = turn % 2;
        if let Some(entry) = streams[which].read_directory_entry().expect("a directory") {
            *seen[which].entry(entry.name).or_insert(0) += 1;
        }
        if turn % 50 == 0 {
            dir.readlink_at("no-link").expect_err("it is not there");
        }
    }
    let complete =
        |seen: &BTreeMap<String, u32>| seen.len() == 300 && seen.values().all(|n| *n == 1);
    line(
        "two streams in turns",
        format!("{} {}", complete(&seen[0]), complete(&seen[1])),
    );
}

fn streams(base: &Descriptor) {
    let dir = say::directory(base, "streams");
    for name in ["a", "b", "c"] {
        say::make(&dir, name, b"");
    }
    let stream = dir.read_directory().expect("a directory");
    drop(dir);
    line(
        "stream after its directory",
        format!("{:?}", entries(&stream)),
    );
    drop(stream);
    let dir =
        open(base, "streams", OpenFlags::DIRECTORY, DescriptorFlags::READ).expect("it is there");
    let half = dir.read_directory().expect("a directory");
    let first = half.read_directory_entry().expect("a directory").is_some();
    drop(half);
    line(
        "a stream dropped half way",
        format!("{first} {}", names(&dir)),
    );
    base.rename_at("streams", base, "streams-moved")
        .expect("it is there");
    line("after the directory was renamed", names(&dir));
}

/// What was there all the time is seen once, whatever comes and goes beside it.
fn changing(base: &Descriptor) {
    let dir = say::directory(base, "changing");
    let stays = |n: u32| format!("stays-{n:03}-{}", "x".repeat(200));
    let goes = |n: u32| format!("goes-{n:03}-{}", "y".repeat(200));
    for n in 0..100 {
        say::create(&dir, &stays(n));
        say::create(&dir, &goes(n));
    }
    let stream = dir.read_directory().expect("a directory");
    let mut seen = BTreeMap::new();
    let mut turn = 0;
    while let Some(entry) = stream.read_directory_entry().expect("a directory") {
        *seen.entry(entry.name).or_insert(0) += 1;
        if turn < 100 {
            dir.unlink_file_at(&goes(turn)).expect("it is there");
            say::create(&dir, &format!("comes-{turn}"));
        }
        turn += 1;
    }
    let complete = (0..100).all(|n| seen.get(&stays(n)) == Some(&1));
    line(
        "a directory that changes",
        format!("{complete} {}", seen.values().all(|n| *n == 1)),
    );
    drop(stream);
    for n in 0..100 {
        dir.unlink_file_at(&stays(n)).expect("it is there");
        dir.unlink_file_at(&format!("comes-{n}"))
            .expect("it is there");
    }
    line("the same when empty", names(&dir));
    let gone = dir.read_directory();
    base.remove_directory_at("changing").expect("it is empty");
    line(
        "a directory that is gone",
        match gone {
            Ok(stream) => format!("{:?}", entries(&stream)),
            Err(code) => code.name().to_owned(),
        },
    );
}
