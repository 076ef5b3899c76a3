//! What is done to names in a directory: making, removing, renaming, links.

use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};
use crate::say::{self, file, line, open};

const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;

pub fn all() {
    let base = say::root();
    directories(&base);
    unlinking(&base);
    renaming(&base);
    hard_links(&base);
    symlinks(&base);
    reading_links(&base);
}

/// What there is at a path.
fn there(base: &Descriptor, path: &str) -> String {
    say::word(base.stat_at(PathFlags::empty(), path).map(|s| s.type_))
}

fn text_of(base: &Descriptor, path: &str) -> String {
    match open(base, path, OpenFlags::empty(), DescriptorFlags::READ) {
        Ok(it) => say::text(&say::content(&it)),
        Err(code) => code.name().to_owned(),
    }
}

fn directories(base: &Descriptor) {
    let it = say::make(base, "plain", b"plain");
    for path in [
        "d1", "d1", "d1/d2", "no/d3", "plain", "plain/d4", "", ".", "..", "../d5", "/d6", "d7/",
        "d8\0",
    ] {
        file(
            &format!("create-directory {path:?}"),
            base.create_directory_at(path),
        );
    }
    line(
        "created",
        format!("{} {}", there(base, "d1"), there(base, "d1/d2")),
    );
    file("create-directory in a file", it.create_directory_at("x"));
    for path in [
        "d1", "d1/d2", "d1", "d1", "no", "plain", "plain/", "", ".", "..", "../x", "/d6", "d7/",
    ] {
        file(
            &format!("remove-directory {path:?}"),
            base.remove_directory_at(path),
        );
    }
    base.create_directory_at("kept").expect("a new name");
    base.symlink_at("kept", "to-kept").expect("a new name");
    file(
        "remove-directory of a link",
        base.remove_directory_at("to-kept"),
    );
    line("kept", there(base, "kept"));
}

fn unlinking(base: &Descriptor) {
    say::make(base, "u1", b"u1");
    say::make(base, "u2", b"u2");
    base.symlink_at("u2", "u2-link").expect("a new name");
    for path in [
        "u1", "u1", "kept", "kept/", "u2-link", "u2/", "u2/x", "", ".", "..", "../u2", "/u2",
    ] {
        file(&format!("unlink {path:?}"), base.unlink_file_at(path));
    }
    line("target of an unlinked link", text_of(base, "u2"));
    let open_still = say::make(base, "u3", b"open still");
    file("unlink an open file", base.unlink_file_at("u3"));
    line(
        "content of an unlinked file",
        say::text(&say::content(&open_still)),
    );
    file(
        "link-count of an unlinked file",
        open_still.stat().map(|s| s.link_count),
    );
}

fn renaming(base: &Descriptor) {
    let rename = |from, to| base.rename_at(from, base, to);
    say::make(base, "r1", b"r1");
    say::make(base, "r2", b"r2");
    base.create_directory_at("rd").expect("a new name");
    base.create_directory_at("rempty").expect("a new name");
    say::make(base, "rd/inner", b"inner");
    file("rename", rename("r1", "r1-new"));
    line(
        "renamed",
        format!("{} {}", there(base, "r1"), text_of(base, "r1-new")),
    );
    file("rename over a file", rename("r1-new", "r2"));
    line(
        "renamed over",
        format!("{} {}", there(base, "r1-new"), text_of(base, "r2")),
    );
    file("rename to itself", rename("r2", "r2"));
    file("rename missing", rename("missing", "r3"));
    file("rename a file over a directory", rename("r2", "rempty"));
    file("rename a directory over a file", rename("rempty", "r2"));
    file("rename a directory over a full one", rename("rempty", "rd"));
    file(
        "rename a directory over an empty one",
        rename("rd", "rempty"),
    );
    line("moved directory", text_of(base, "rempty/inner"));
    file(
        "rename a directory into itself",
        rename("rempty", "rempty/below"),
    );
    file("rename into a missing directory", rename("r2", "no/r2"));
    file("rename out", rename("r2", "../r2"));
    file("rename from outside", rename("../r2", "r9"));
    file("rename to absolute", rename("r2", "/r2"));
    file("rename from empty", rename("", "r9"));
    file("rename to empty", rename("r2", ""));
    let below = open(
        base,
        "rempty",
        OpenFlags::DIRECTORY,
        DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY,
    )
    .expect("it is there");
    file(
        "rename to another base",
        base.rename_at("r2", &below, "r2-below"),
    );
    line("moved below", text_of(base, "rempty/r2-below"));
    file(
        "rename from another base",
        below.rename_at("r2-below", base, "r2-back"),
    );
    base.symlink_at("r2-back", "r-link").expect("a new name");
    file("rename a link", rename("r-link", "r-link-2"));
    line(
        "renamed link",
        format!("{} {}", there(base, "r-link-2"), there(base, "r2-back")),
    );
    let plain =
        open(base, "plain", OpenFlags::empty(), DescriptorFlags::READ).expect("it is there");
    file("rename in a file", plain.rename_at("x", base, "y"));
    file("rename into a file", base.rename_at("r2-back", &plain, "y"));
}

fn hard_links(base: &Descriptor) {
    let link = |flags, from, to| base.link_at(flags, from, base, to);
    say::make(base, "h1", b"h1");
    file("link", link(PathFlags::empty(), "h1", "h2"));
    line("linked", text_of(base, "h2"));
    file("link existing", link(PathFlags::empty(), "h1", "h2"));
    file("link missing", link(PathFlags::empty(), "missing", "h3"));
    file("link a directory", link(PathFlags::empty(), "kept", "h4"));
    file("link following", link(FOLLOW, "h1", "h5"));
    file("link out", link(PathFlags::empty(), "h1", "../h6"));
    file("link from outside", link(PathFlags::empty(), "../h1", "h7"));
    file("link to absolute", link(PathFlags::empty(), "h1", "/h8"));
    base.symlink_at("h1", "h-link").expect("a new name");
    file(
        "link a link",
        link(PathFlags::empty(), "h-link", "h-link-2"),
    );
    line("linked link", there(base, "h-link-2"));
    file("unlink the first name", base.unlink_file_at("h1"));
    line("the second name", text_of(base, "h2"));
}

fn symlinks(base: &Descriptor) {
    for (target, path) in [
        ("plain", "s1"),
        ("plain", "s1"),
        ("plain", "plain"),
        ("missing", "s2"),
        ("../plain", "s3"),
        ("", "s4"),
        ("plain", ""),
        ("plain", "no/s5"),
        ("plain", "../s6"),
        ("plain", "/s7"),
        (".", "s8"),
        ("s9", "s9"),
    ] {
        file(
            &format!("symlink {target:?} {path:?}"),
            base.symlink_at(target, path),
        );
    }
    file(
        "s11-symlink to absolute",
        base.symlink_at("/etc/passwd", "s10"),
    );
    line("s11-nothing made", there(base, "s10"));
    let plain =
        open(base, "plain", OpenFlags::empty(), DescriptorFlags::READ).expect("it is there");
    file("symlink in a file", plain.symlink_at("x", "y"));
}

fn reading_links(base: &Descriptor) {
    for path in [
        "s1", "s2", "s3", "s8", "s9", "plain", "kept", "missing", "", "..", "../x", "/s1", "s1/",
        "s1/x",
    ] {
        file(&format!("readlink {path:?}"), base.readlink_at(path));
    }
    for length in [1, 255, 1000, 4000, 4094, 4095] {
        let target = "t/".repeat(length / 2 + 1)[..length].to_owned();
        let name = format!("long-{length}");
        let made: Result<(), ErrorCode> = base.symlink_at(&target, &name);
        line(&format!("long link {length}"), say::word(made));
        let read = base.readlink_at(&name);
        line(
            &format!("s10-long target {length}"),
            match read {
                Ok(found) => format!("{} {}", found.len(), found == target),
                Err(code) => code.name().to_owned(),
            },
        );
    }
    file(
        "link of 4096",
        base.symlink_at(&"t".repeat(4096), "too-long"),
    );
}
