//! What is done with paths: opening, making, moving, removing.

use crate::bindings::wasi::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};
use crate::say::{self, file, line, word};

const READ: DescriptorFlags = DescriptorFlags::READ;
const WRITE: DescriptorFlags = DescriptorFlags::WRITE;
const MUTATE: DescriptorFlags = DescriptorFlags::MUTATE_DIRECTORY;

pub async fn all() {
    let base = say::root();
    let dir = say::directory(&base, "dir").await;
    say::make(&base, "file", b"content").await;
    links(&base, &dir).await;
    opening(&base, &dir).await;
    directories(&base).await;
    renames(&base, &dir).await;
    unlinks(&base).await;
}

async fn opening(base: &Descriptor, dir: &Descriptor) {
    let none = OpenFlags::empty();
    let (create, exclusive) = (OpenFlags::CREATE, OpenFlags::CREATE | OpenFlags::EXCLUSIVE);
    let (truncate, directory) = (OpenFlags::TRUNCATE, OpenFlags::DIRECTORY);
    for (name, path, how, flags) in [
        ("read", "file", none, READ),
        ("write", "file", none, WRITE),
        ("both", "file", none, READ | WRITE),
        ("nothing", "file", none, DescriptorFlags::empty()),
        ("missing", "missing", none, READ),
        ("empty path", "", none, READ),
        ("parent", "..", none, READ),
        ("parent of dir", "dir/..", none, READ),
        ("out and in", "../file", none, READ),
        ("absolute", "/etc", none, READ),
        ("below a file", "file/x", none, READ),
        ("with a zero", "a\0b", none, READ),
        ("create", "new", create, WRITE),
        ("create again", "new", create, WRITE),
        ("exclusive", "new", exclusive, WRITE),
        ("exclusive new", "newer", exclusive, WRITE),
        ("truncate", "new", truncate, WRITE),
        ("truncate read-only", "new", truncate, READ),
        ("create below missing", "none/new", create, WRITE),
        ("directory", "dir", directory, READ),
        ("directory without saying so", "dir", none, READ),
        ("directory to write", "dir", none, WRITE),
        ("directory of a file", "file", directory, READ),
        ("directory to be made", "dir2", create | directory, READ),
        ("link", "to-file", none, READ),
        ("link out", "to-parent", none, READ),
        ("link to nothing", "to-nothing", none, READ),
        ("loop", "loop-a", none, READ),
    ] {
        let opened = say::open(base, path, how, flags).await;
        let seen = match opened {
            Ok(it) => word(it.get_type().await),
            Err(code) => word::<(), _>(Err(code)),
        };
        line(&format!("descriptor.open-at {name}"), seen).await;
    }
    let unfollowed = base
        .open_at(PathFlags::empty(), "to-file".into(), none, READ)
        .await;
    file(
        "descriptor.open-at link, not followed",
        unfollowed.map(drop),
    )
    .await;
    let below = dir
        .open_at(PathFlags::empty(), "../file".into(), none, READ)
        .await;
    file("descriptor.open-at above a directory", below.map(drop)).await;
    let it = say::make(base, "plain", b"x").await;
    let below = it.open_at(PathFlags::empty(), "x".into(), none, READ).await;
    file("descriptor.open-at of a file", below.map(drop)).await;
    let long = "x".repeat(300);
    file(
        "descriptor.open-at long name",
        say::open(base, &long, create, WRITE).await.map(drop),
    )
    .await;
    let closed = say::open(base, "dir", directory, READ)
        .await
        .expect("it is there");
    let made = say::open(&closed, "new", create, WRITE).await.map(drop);
    file("descriptor.open-at below read-only", made).await;
    file(
        "descriptor.create-directory-at below read-only",
        closed.create_directory_at("new".into()).await,
    )
    .await;
    let flags = say::open(base, "dir", directory, READ | MUTATE)
        .await
        .expect("it is there")
        .get_flags()
        .await;
    file("descriptor.get-flags of a directory", flags).await;
}

async fn links(base: &Descriptor, dir: &Descriptor) {
    for (target, name) in [
        ("file", "to-file"),
        ("nowhere", "to-nothing"),
        ("..", "to-parent"),
        ("loop-b", "loop-a"),
        ("loop-a", "loop-b"),
        ("/etc", "to-etc"),
        ("file", "to-file"),
        ("", "to-empty"),
        ("file", ""),
        ("file", "none/link"),
        ("file", "../link"),
    ] {
        let made = base.symlink_at(target.into(), name.into()).await;
        file(&format!("descriptor.symlink-at {target:?} {name:?}"), made).await;
    }
    for path in [
        "to-file",
        "to-parent",
        "to-nothing",
        "file",
        "dir",
        "missing",
        "",
        "../x",
    ] {
        let read = base.readlink_at(path.into()).await;
        file(&format!("descriptor.readlink-at {path:?}"), read).await;
    }
    let long = "y".repeat(300);
    base.symlink_at(long.clone(), "to-long".into())
        .await
        .expect("a new name");
    let read = base.readlink_at("to-long".into()).await;
    line(
        "descriptor.readlink-at a long target",
        read.is_ok_and(|it| it == long),
    )
    .await;

    for (flags, old, new) in [
        (PathFlags::empty(), "file", "linked"),
        (PathFlags::empty(), "file", "linked"),
        (PathFlags::empty(), "missing", "linked-2"),
        (PathFlags::empty(), "dir", "linked-3"),
        (PathFlags::empty(), "to-file", "linked-4"),
        (PathFlags::SYMLINK_FOLLOW, "to-file", "linked-5"),
        (PathFlags::empty(), "../x", "linked-6"),
        (PathFlags::empty(), "file", "none/linked"),
    ] {
        let made = base.link_at(flags, old.into(), base, new.into()).await;
        file(&format!("descriptor.link-at {old:?} {new:?}"), made).await;
    }
    let made = base
        .link_at(PathFlags::empty(), "file".into(), dir, "linked".into())
        .await;
    file("descriptor.link-at into a directory", made).await;
}

async fn directories(base: &Descriptor) {
    for path in [
        "d1", "d1", "d1/d2", "none/d", "file", "file/d", "", "..", "../d", "/d", ".",
    ] {
        let made = base.create_directory_at(path.into()).await;
        file(&format!("descriptor.create-directory-at {path:?}"), made).await;
    }
    for path in [
        "d1", "d1/d2", "d1", "missing", "file", "to-file", "", "..", "/d",
    ] {
        let removed = base.remove_directory_at(path.into()).await;
        file(&format!("descriptor.remove-directory-at {path:?}"), removed).await;
    }
}

async fn renames(base: &Descriptor, dir: &Descriptor) {
    for (old, new) in [
        ("new", "renamed"),
        ("new", "renamed"),
        ("renamed", "newer"),
        ("newer", "none/x"),
        ("newer", "dir"),
        ("dir", "newer"),
        ("", "x"),
        ("newer", ""),
        ("../x", "y"),
        ("newer", "../y"),
    ] {
        let moved = base.rename_at(old.into(), base, new.into()).await;
        file(&format!("descriptor.rename-at {old:?} {new:?}"), moved).await;
    }
    let moved = base.rename_at("newer".into(), dir, "moved".into()).await;
    file("descriptor.rename-at into a directory", moved).await;
    let seen = base
        .stat_at(PathFlags::empty(), "dir/moved".into())
        .await
        .map(|s| s.size);
    file("descriptor.stat-at renamed", seen).await;
}

async fn unlinks(base: &Descriptor) {
    for path in [
        "dir/moved",
        "dir/moved",
        "missing",
        "dir",
        "to-file",
        "file",
        "",
        "..",
        "../x",
        "/etc/x",
    ] {
        let removed = base.unlink_file_at(path.into()).await;
        file(&format!("descriptor.unlink-file-at {path:?}"), removed).await;
    }
    let it = say::make(base, "gone", b"still here").await;
    base.unlink_file_at("gone".into())
        .await
        .expect("it was there");
    line("descriptor.unlink-file-at open", say::content(&it).await).await;
}
