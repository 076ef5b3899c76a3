//! `descriptor.open-at`, `get-flags`, `get-type` and preopens.

use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};
use crate::say::{self, file, line, open};

const READ: DescriptorFlags = DescriptorFlags::READ;
const WRITE: DescriptorFlags = DescriptorFlags::WRITE;
const CREATE: OpenFlags = OpenFlags::CREATE;

pub fn all() {
    let base = say::root();
    preopened(&base);
    say::make(&base, "file", b"0123456789");
    let dir = say::directory(&base, "dir");
    say::make(&dir, "inner", b"inner");
    plain(&base);
    how(&base);
    escapes(&base);
    odd_names(&base);
    links(&base);
    flags(&base);
    read_only_base(&base);
}

/// What opening gave: its type, or the error.
fn opened(result: Result<Descriptor, ErrorCode>) -> String {
    say::word(result.and_then(|d| d.get_type()))
}

fn preopened(base: &Descriptor) {
    let all = preopens::get_directories();
    line(
        "preopens",
        format!("{:?}", all.iter().map(|(_, n)| n).collect::<Vec<_>>()),
    );
    line("preopen-same", all[0].0.is_same_object(base));
    drop(all);
    file("preopen-after-drop", base.stat().map(|s| s.type_));
    file("preopen-type", base.get_type());
    file("preopen-flags", base.get_flags());
}

fn plain(base: &Descriptor) {
    for path in [
        "file",
        "missing",
        "dir",
        ".",
        "dir/inner",
        "dir/missing",
        "missing/file",
        "./file",
        "dir/../file",
        "dir/./inner",
        "file/inner",
        "dir/",
        "file/",
        "dir//inner",
    ] {
        line(
            &format!("open {path:?}"),
            opened(open(base, path, OpenFlags::empty(), READ)),
        );
    }
    let dir = open(base, "dir", OpenFlags::DIRECTORY, READ).expect("it is there");
    line(
        "open below",
        opened(open(&dir, "inner", OpenFlags::empty(), READ)),
    );
    line(
        "open dot below",
        dir.is_same_object(&open(&dir, ".", OpenFlags::empty(), READ).expect("it is there")),
    );
    let inner = open(&dir, "inner", OpenFlags::empty(), READ).expect("it is there");
    line(
        "open below a file",
        opened(open(&inner, "x", OpenFlags::empty(), READ)),
    );
}

fn how(base: &Descriptor) {
    line("create", opened(open(base, "new", CREATE, WRITE)));
    line("create existing", opened(open(base, "new", CREATE, WRITE)));
    let exclusive = CREATE | OpenFlags::EXCLUSIVE;
    line(
        "exclusive existing",
        opened(open(base, "new", exclusive, WRITE)),
    );
    line("exclusive", opened(open(base, "newer", exclusive, WRITE)));
    line(
        "exclusive without create",
        opened(open(base, "new", OpenFlags::EXCLUSIVE, READ)),
    );
    line(
        "create without write",
        opened(open(base, "newest", CREATE, READ)),
    );
    line(
        "create below missing",
        opened(open(base, "no/new", CREATE, WRITE)),
    );
    line(
        "create over a directory",
        opened(open(base, "dir", CREATE, WRITE)),
    );
    line(
        "create with a slash",
        opened(open(base, "slash/", CREATE, WRITE)),
    );
    line(
        "create a directory",
        opened(open(base, "d2", CREATE | OpenFlags::DIRECTORY, WRITE)),
    );
    line(
        "directory",
        opened(open(base, "dir", OpenFlags::DIRECTORY, READ)),
    );
    line(
        "directory of a file",
        opened(open(base, "file", OpenFlags::DIRECTORY, READ)),
    );
    line(
        "directory missing",
        opened(open(base, "no", OpenFlags::DIRECTORY, READ)),
    );
    line(
        "write to a directory",
        opened(open(base, "dir", OpenFlags::empty(), WRITE)),
    );
    line(
        "truncate a directory",
        opened(open(base, "dir", OpenFlags::TRUNCATE, WRITE)),
    );
    let cut = say::make(base, "cut", b"0123456789");
    line(
        "truncate",
        opened(open(base, "cut", OpenFlags::TRUNCATE, WRITE)),
    );
    line("truncated size", cut.stat().expect("a file").size);
    line(
        "truncate missing",
        opened(open(base, "no", OpenFlags::TRUNCATE, WRITE)),
    );
    cut.write(b"again", 0).expect("a file");
    line(
        "create and truncate",
        opened(open(base, "cut", CREATE | OpenFlags::TRUNCATE, WRITE)),
    );
    line("truncated again", cut.stat().expect("a file").size);
}

fn escapes(base: &Descriptor) {
    let dir = open(base, "dir", OpenFlags::DIRECTORY, READ).expect("it is there");
    line(
        "s09-open-parent-file",
        opened(open(base, "../x", OpenFlags::empty(), READ)),
    );
    for path in [
        "..",
        "../",
        "dir/../../x",
        "./..",
        "/",
        "/etc/passwd",
        "//x",
        "../dir",
    ] {
        line(
            &format!("escape {path:?}"),
            opened(open(base, path, OpenFlags::empty(), READ)),
        );
    }
    line(
        "escape from below",
        opened(open(&dir, "../file", OpenFlags::empty(), READ)),
    );
    line(
        "escape by creating",
        opened(open(base, "../made", CREATE, WRITE)),
    );
}

fn odd_names(base: &Descriptor) {
    line(
        "open empty",
        opened(open(base, "", OpenFlags::empty(), READ)),
    );
    line("create empty", opened(open(base, "", CREATE, WRITE)));
    line(
        "open with nul",
        opened(open(base, "fi\0le", OpenFlags::empty(), READ)),
    );
    line(
        "create with nul",
        opened(open(base, "fi\0le", CREATE, WRITE)),
    );
    line(
        "name of 255",
        opened(open(base, &"n".repeat(255), CREATE, WRITE)),
    );
    line(
        "name of 256",
        opened(open(base, &"n".repeat(256), CREATE, WRITE)),
    );
    line(
        "path of 5000",
        opened(open(base, &"d/".repeat(2500), OpenFlags::empty(), READ)),
    );
    line(
        "non-ascii name",
        opened(open(base, "größe-ж-日本-🙂", CREATE, WRITE)),
    );
    line(
        "non-ascii again",
        opened(open(base, "größe-ж-日本-🙂", OpenFlags::empty(), READ)),
    );
    line(
        "backslash",
        opened(open(base, "back\\slash", CREATE, WRITE)),
    );
    line(
        "space and newline",
        opened(open(base, " a\nb ", CREATE, WRITE)),
    );
}

fn links(base: &Descriptor) {
    for (target, name) in [
        ("file", "to-file"),
        ("dir", "to-dir"),
        ("missing", "to-nothing"),
        ("loop-b", "loop-a"),
        ("loop-a", "loop-b"),
        ("../outside", "to-outside"),
        ("dir/../file", "to-file-by-dir"),
        ("to-file", "to-link"),
    ] {
        file(&format!("symlink {name}"), base.symlink_at(target, name));
        line(
            &format!("open {name}"),
            opened(open(base, name, OpenFlags::empty(), READ)),
        );
        let itself = base.open_at(PathFlags::empty(), name, OpenFlags::empty(), READ);
        line(&format!("open {name} without following"), opened(itself));
    }
    line(
        "open through a link",
        opened(open(base, "to-dir/inner", OpenFlags::empty(), READ)),
    );
    let through = base.open_at(PathFlags::empty(), "to-dir/inner", OpenFlags::empty(), READ);
    line("open through a link without following", opened(through));
    line(
        "directory through a link",
        opened(open(base, "to-dir", OpenFlags::DIRECTORY, READ)),
    );
    line(
        "create through a link",
        opened(open(base, "to-nothing", CREATE, WRITE)),
    );
    line(
        "exclusive on a link",
        opened(open(base, "to-file", CREATE | OpenFlags::EXCLUSIVE, WRITE)),
    );
    line(
        "create outside through a link",
        opened(open(base, "to-outside", CREATE, WRITE)),
    );
}

fn flags(base: &Descriptor) {
    let all = [
        ("none", DescriptorFlags::empty()),
        ("read", READ),
        ("write", WRITE),
        ("read-write", READ | WRITE),
        ("file-sync", WRITE | DescriptorFlags::FILE_INTEGRITY_SYNC),
        ("data-sync", WRITE | DescriptorFlags::DATA_INTEGRITY_SYNC),
        (
            "read-sync",
            READ | WRITE | DescriptorFlags::REQUESTED_WRITE_SYNC,
        ),
        ("mutate-directory", READ | DescriptorFlags::MUTATE_DIRECTORY),
    ];
    for (name, flags) in all {
        let shown = |path| {
            say::word(open(base, path, OpenFlags::empty(), flags).and_then(|d| d.get_flags()))
        };
        line(&format!("flags of file, {name}"), shown("file"));
        if flags & WRITE != WRITE {
            line(&format!("flags of directory, {name}"), shown("dir"));
        }
    }
    let made = open(base, "made", CREATE, READ);
    line(
        "flags of a created one",
        say::word(made.and_then(|d| d.get_flags())),
    );
}

/// Through a directory that is open without `mutate-directory`.
fn read_only_base(base: &Descriptor) {
    let dir = open(base, "dir", OpenFlags::DIRECTORY, READ).expect("it is there");
    line(
        "s13-create-below-read-only",
        opened(open(&dir, "new", CREATE, WRITE)),
    );
    line(
        "read below read-only",
        opened(open(&dir, "inner", OpenFlags::empty(), READ)),
    );
    line(
        "write below read-only",
        opened(open(&dir, "inner", OpenFlags::empty(), WRITE)),
    );
    line(
        "truncate below read-only",
        opened(open(&dir, "inner", OpenFlags::TRUNCATE, WRITE)),
    );
    line(
        "mutate below read-only",
        opened(open(
            &dir,
            ".",
            OpenFlags::empty(),
            DescriptorFlags::MUTATE_DIRECTORY,
        )),
    );
    file(
        "create-directory below read-only",
        dir.create_directory_at("sub"),
    );
    file("unlink below read-only", dir.unlink_file_at("gone"));
    file(
        "remove-directory below read-only",
        dir.remove_directory_at("gone"),
    );
    file("symlink below read-only", dir.symlink_at("inner", "link"));
    file(
        "rename below read-only",
        dir.rename_at("inner", &dir, "renamed"),
    );
    file(
        "link below read-only",
        dir.link_at(PathFlags::empty(), "inner", &dir, "linked"),
    );
    file(
        "stat below read-only",
        dir.stat_at(PathFlags::empty(), "inner").map(|s| s.type_),
    );
}
