//! Entries of directories, and preopens.

use wit_bindgen::StreamResult;

use crate::bindings::wasi::filesystem::preopens::get_directories;
use crate::bindings::wasi::filesystem::types::{Descriptor, DescriptorFlags, DirectoryEntry};
use crate::say::{self, line, word};

pub async fn all() {
    let base = say::root();
    let names: Vec<String> = get_directories()
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    line("preopens.get-directories", format!("{names:?}")).await;
    line("preopens.get-directories again", get_directories().len()).await;
    list("empty", &base).await;
    let dir = say::directory(&base, "dir").await;
    say::make(&base, "file", b"x").await;
    say::make(&base, ".hidden", b"x").await;
    say::make(&base, "größe", b"x").await;
    base.symlink_at("file".into(), "link".into())
        .await
        .expect("a new name");
    list("some", &base).await;
    list("below", &dir).await;
    let file = say::reopen(&base, "file", DescriptorFlags::READ).await;
    list("of a file", &file).await;
    for n in 0..300 {
        say::make(&dir, &format!("{n:03}-{}", "n".repeat(40)), b"").await;
    }
    let (mut entries, result) = dir.read_directory();
    let mut seen = Vec::new();
    loop {
        let (status, some) = entries.read(Vec::with_capacity(7)).await;
        seen.extend(some.into_iter().map(|entry| entry.name));
        if matches!(status, StreamResult::Dropped) {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    line(
        "descriptor.read-directory of 300",
        format!("{} {}", seen.len(), word(result.await)),
    )
    .await;
    let (mut entries, result) = dir.read_directory();
    let some = entries.read(Vec::with_capacity(1)).await.1.len();
    drop(entries);
    line(
        "descriptor.read-directory given up",
        format!("{some} {}", word(result.await)),
    )
    .await;
    // Two streams of one directory, in turns.
    let (mut one, _first) = dir.read_directory();
    let (mut two, _second) = dir.read_directory();
    let mut turns = [0, 0];
    while let Some(_) = one.next().await {
        turns[0] += 1;
        turns[1] += usize::from(two.next().await.is_some());
    }
    line("descriptor.read-directory in turns", format!("{turns:?}")).await;
    let (entries, result) = dir.read_directory();
    drop(dir);
    let seen = entries.collect().await.len();
    line(
        "descriptor.read-directory after its descriptor",
        format!("{seen} {}", word(result.await)),
    )
    .await;
}

async fn list(name: &str, dir: &Descriptor) {
    let (entries, result) = dir.read_directory();
    let entries = entries.collect().await;
    line(
        &format!("descriptor.read-directory {name}"),
        format!("{:?} {}", sorted(entries), word(result.await)),
    )
    .await;
}

fn sorted(entries: Vec<DirectoryEntry>) -> Vec<String> {
    let mut all: Vec<String> = entries
        .into_iter()
        .map(|entry| format!("{} {:?}", entry.name, entry.type_))
        .collect();
    all.sort();
    all
}
