//! The same for paths, directories, numbers of descriptors and polls.

use super::script::{ALL, Script};
use super::steps::{BUF, FD, OUT, PATH, READ, RIGHTS, TO, WRITE};
use super::{Setting, at, both, n};

#[test]
fn paths_are_made_and_removed() {
    let mut script = Script::default();
    let paths = [
        "new",
        "sub",
        "ten",
        "ten/x",
        "nothing/x",
        "../x",
        "/x",
        "",
        "link",
        "dangling",
        "sub/inner",
        "sub/",
        "new/",
        ".",
        "a\0b",
    ];
    for name in [
        "path_create_directory",
        "path_remove_directory",
        "path_unlink_file",
    ] {
        for path in paths {
            script.on_path(name, path);
        }
    }
    for fd in [0, 1, 4, 99] {
        for name in [
            "path_create_directory",
            "path_remove_directory",
            "path_unlink_file",
        ] {
            script.call(name, &[n(fd), n(PATH.into()), n(3)]);
        }
    }
    both(&script, &ALL, &Setting::with_files(), &[]);
}

#[test]
fn paths_are_renamed_and_linked() {
    let mut script = Script::default();
    let pairs = [
        ("ten", "eleven"),
        ("eleven", "empty"),
        ("sub", "other"),
        ("other", "empty"),
        ("empty", "other"),
        ("nothing", "x"),
        ("empty", "../x"),
        ("../x", "y"),
        ("link", "link2"),
        ("empty", "link2/x"),
        ("", "x"),
        ("empty", ""),
        ("empty", "empty"),
        ("other", "other/in"),
    ];
    for (from, to) in pairs {
        script.two_paths("path_rename", from, to);
    }
    for (from, to) in [
        ("empty", "second"),
        ("other", "third"),
        ("nothing", "x"),
        ("empty", "second"),
        ("empty", "../x"),
        ("link2", "hard"),
        ("", "x"),
    ] {
        for lookup in [0, 1] {
            script
                .poke(PATH, from.as_bytes())
                .poke(TO, to.as_bytes())
                .call(
                    "path_link",
                    &[
                        n(3),
                        n(lookup),
                        n(PATH.into()),
                        n(from.len() as i64),
                        n(3),
                        n(TO.into()),
                        n(to.len() as i64),
                    ],
                );
        }
    }
    for (text, path) in [
        ("ten", "s1"),
        ("/etc", "s2"),
        ("../x", "s3"),
        ("", "s4"),
        ("ten", "s1"),
        ("ten", "../s5"),
        ("ten", ""),
        ("a b", "other/s"),
    ] {
        script
            .poke(PATH, text.as_bytes())
            .poke(TO, path.as_bytes())
            .call(
                "path_symlink",
                &[
                    n(PATH.into()),
                    n(text.len() as i64),
                    n(3),
                    n(TO.into()),
                    n(path.len() as i64),
                ],
            );
    }
    for path in ["s1", "s3", "round", "empty", "nothing", "", "other/s", ".."] {
        for size in [0, 2, 100] {
            script
                .poke(PATH, path.as_bytes())
                .poke(BUF, &[b'-'; 16])
                .poke(OUT, &[0; 4])
                .call(
                    "path_readlink",
                    &[
                        n(3),
                        n(PATH.into()),
                        n(path.len() as i64),
                        n(BUF.into()),
                        n(size),
                        n(OUT.into()),
                    ],
                );
            script.dump(OUT, 4).dump(BUF, 16);
        }
    }
    both(&script, &ALL, &Setting::with_files(), &[]);
}

#[test]
fn directories_are_read_in_parts() {
    let mut script = Script::default();
    script
        .open("sub", 2, RIGHTS, 0, FD)
        .open(".", 2, RIGHTS, 0, FD + 4)
        .open("ten", 0, READ, 0, FD + 8);
    for fd in [FD, FD + 4] {
        for size in [0, 10, 24, 25, 60, 100, 4096] {
            for cookie in [0, 1, 2, 3, 5, 100] {
                script.poke(BUF, &[0; 512]).call(
                    "fd_readdir",
                    &[at(fd), n(BUF.into()), n(size), n(cookie), n(OUT.into())],
                );
                script.dump(OUT, 4);
                // Without inodes: the next cookie, length and type.
                if size >= 25 {
                    script.dump(BUF, 8).dump(BUF + 16, 8).dump(BUF + 24, 1);
                }
            }
        }
    }
    script.call(
        "fd_readdir",
        &[at(FD + 8), n(BUF.into()), n(100), n(0), n(OUT.into())],
    );
    for fd in [0, 1, 3, 9] {
        script.call(
            "fd_readdir",
            &[n(fd), n(BUF.into()), n(100), n(0), n(OUT.into())],
        );
    }
    // Of a file: what the host says, which is that it is no directory.
    let known = [(
        "fd_readdir[At(136), Is(4096), Is(100), Is(0), Is(144)] = 8",
        "fd_readdir[At(136), Is(4096), Is(100), Is(0), Is(144)] = 54",
    )];
    both(&script, &ALL, &Setting::with_files(), &known);
}

#[test]
fn numbers_of_descriptors() {
    let mut script = Script::default();
    for fd in 0..6 {
        script
            .poke(OUT, &[0xee; 8])
            .call("fd_prestat_get", &[n(fd), n(OUT.into())])
            .dump(OUT, 8);
        for size in [0, 1, 5] {
            script
                .poke(BUF, &[b'-'; 8])
                .call("fd_prestat_dir_name", &[n(fd), n(BUF.into()), n(size)])
                .dump(BUF, 8);
        }
    }
    script
        .open("ten", 0, READ, 0, FD)
        .open("ten", 0, READ, 0, FD + 4)
        .open("ten", 0, READ, 0, FD + 8)
        .dump(FD, 12);
    script
        .call("fd_close", &[n(5)])
        .open("empty", 0, READ, 0, FD + 12)
        .dump(FD + 12, 4);
    script
        .read(FD, 3)
        .call("fd_renumber", &[n(4), n(6)])
        .read(FD, 3)
        .read(FD + 8, 3);
    script.open("empty", 0, READ, 0, FD).dump(FD, 4);
    for (from, to) in [(6, 6), (6, 60), (60, 6), (60, 61), (5, 0), (1, 5)] {
        script.call("fd_renumber", &[n(from), n(to)]);
    }
    script
        .poke(FD, &5u32.to_le_bytes())
        .write(FD, "through five\n");
    script
        .call("fd_close", &[n(0)])
        .open("ten", 0, READ, 0, FD)
        .dump(FD, 4)
        .open("ten", 0, READ, 0, FD + 4)
        .dump(FD + 4, 4);
    script
        .call("fd_renumber", &[n(3), n(4)])
        .open("ten", 0, READ, 0, FD);
    script
        .call("fd_prestat_get", &[n(4), n(OUT.into())])
        .dump(OUT, 8)
        .call("fd_close", &[n(4)])
        .open("ten", 0, READ, 0, FD);
    for fd in [-1, 1 << 20, i64::from(i32::MIN)] {
        script
            .call("fd_close", &[n(fd)])
            .call("fd_tell", &[n(fd), n(OUT.into())]);
    }
    // The lowest free number comes first, as POSIX wants it, and on wasmtime the highest.
    let known = [
        (
            r"memory at 0x80: \x05\x00\x00\x00",
            r"memory at 0x80: \x00\x00\x00\x00",
        ),
        (
            r"memory at 0x84: \x00\x00\x00\x00",
            r"memory at 0x84: \x05\x00\x00\x00",
        ),
    ];
    both(&script, &ALL, &Setting::with_files(), &known);
}

#[test]
fn text_of_paths() {
    let mut script = Script::default();
    for path in [
        &b"a\xff"[..],
        b"\xc3",
        b"12345678\x80",
        b"\x80abcdefgh",
        b"abcdefghijklmnop\xf0\x9f",
        "grün".as_bytes(),
        "a\u{1f600}b".as_bytes(),
    ] {
        for at_end in [false, true] {
            // The last bytes of the memory, too.
            let place = if at_end {
                48 * 65536 - path.len() as u32
            } else {
                PATH
            };
            script.poke(place, path);
            let (at, length) = (n(place.into()), n(path.len() as i64));
            script.call(
                "path_open",
                &[
                    n(3),
                    n(0),
                    at,
                    length,
                    n(1),
                    n(WRITE),
                    n(0),
                    n(0),
                    n(FD.into()),
                ],
            );
            script.call(
                "path_filestat_get",
                &[n(3), n(0), at, length, n(OUT.into())],
            );
            script
                .call("path_create_directory", &[n(3), at, length])
                .call("path_unlink_file", &[n(3), at, length]);
            script.call(
                "path_readlink",
                &[n(3), at, length, n(BUF.into()), n(9), n(OUT.into())],
            );
            script.call("path_symlink", &[at, length, n(3), n(TO.into()), n(0)]);
            script.call("path_rename", &[n(3), at, length, n(3), at, length]);
        }
    }
    both(&script, &ALL, &Setting::with_files(), &[]);
}

/// A subscription: to a clock, or to a descriptor.
fn subscription(userdata: u8, tag: u8, what: u32, timeout: u64, flags: u16) -> Vec<u8> {
    let mut bytes = vec![userdata; 8];
    bytes.push(tag);
    bytes.resize(16, 0);
    bytes.extend(what.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(timeout.to_le_bytes());
    bytes.extend([0; 8]);
    bytes.extend(flags.to_le_bytes());
    bytes.resize(48, 0);
    bytes
}

#[test]
fn polls() {
    let mut script = Script::default();
    script.open("ten", 0, READ | WRITE, 0, FD).read(FD, 3);
    let ms = 1_000_000;
    let hour = 3600 * 1000 * ms;
    let polls: [&[Vec<u8>]; 9] = [
        &[],
        &[subscription(1, 0, 1, ms, 0)],
        &[subscription(1, 0, 0, ms, 0)],
        &[subscription(1, 0, 1, 5, 1)],
        &[subscription(1, 0, 0, 5, 1)],
        &[subscription(1, 0, 1, hour, 0), subscription(2, 0, 1, ms, 0)],
        &[subscription(1, 1, 4, 0, 0), subscription(2, 0, 1, hour, 0)],
        &[subscription(1, 0, 1, hour, 0), subscription(3, 2, 4, 0, 0)],
        &[
            subscription(1, 2, 1, 0, 0),
            subscription(2, 1, 0, 0, 0),
            subscription(3, 0, 0, hour, 0),
        ],
    ];
    for poll in polls {
        script
            .poke(BUF, &poll.concat())
            .poke(BUF + 4096, &[0xee; 256])
            .poke(OUT, &[0; 4]);
        script.call(
            "poll_oneoff",
            &[
                n(BUF.into()),
                n(i64::from(BUF) + 4096),
                n(poll.len() as i64),
                n(OUT.into()),
            ],
        );
        script.dump(OUT, 4);
        for event in 0..poll.len() as u32 {
            let event = BUF + 4096 + event * 32;
            script.dump(event, 11);
        }
    }
    let mut setting = Setting::with_files();
    setting.spec.stdin = b"input".to_vec();
    both(&script, &ALL, &setting, &[]);
}
