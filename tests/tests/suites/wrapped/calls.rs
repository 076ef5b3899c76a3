//! The functions of Preview 1 on descriptors and of the process, with their errors: what a component answers is what a module
//! gets. Where that is not so, the test has both lines and the reason.

use super::script::{ALL, Script};
use super::steps::{BUF, FD, IOV, OUT, PATH, READ, RIGHTS, WRITE};
use super::{Setting, alone, at, both, n};

#[test]
fn standard_streams_without_files() {
    let mut script = Script::default();
    script.poke(FD, &[0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
    script
        .write(FD + 4, "to standard output\n")
        .write(FD, "to input")
        .read(FD, 4)
        .read(FD, 100)
        .read(FD, 8);
    script
        .read(FD + 4, 4)
        .read(FD + 12, 4)
        .write(FD + 12, "nowhere");
    script
        .vectors(&[3, 0, 5])
        .poke(BUF, b"abcdefgh")
        .call("fd_write", &[n(1), n(IOV.into()), n(0), n(OUT.into())]);
    for fd in 0..5 {
        script
            .poke(OUT, &[0; 24])
            .call("fd_fdstat_get", &[n(fd), n(OUT.into())])
            .dump(OUT, 24);
        script.call("fd_seek", &[n(fd), n(0), n(0), n(OUT.into())]);
        script.call("fd_tell", &[n(fd), n(OUT.into())]);
        script
            .poke(OUT, &[0xee; 64])
            .call("fd_filestat_get", &[n(fd), n(OUT.into())])
            .dump_stat(OUT);
        script.call("fd_fdstat_set_rights", &[n(fd), n(0), n(0)]);
    }
    script
        .call("fd_close", &[n(0)])
        .call("fd_close", &[n(0)])
        .read(FD, 4)
        .call("fd_close", &[n(7)]);
    script
        .call("fd_close", &[n(1)])
        .write(FD + 4, "gone")
        .call("fd_fdstat_get", &[n(1), n(OUT.into())]);
    let functions = [
        "fd_read",
        "fd_write",
        "fd_seek",
        "fd_tell",
        "fd_close",
        "fd_fdstat_get",
        "fd_filestat_get",
        "fd_fdstat_set_rights",
    ];
    let mut setting = Setting::default();
    setting.spec.stdin = b"some input".to_vec();
    // Wasmtime takes no rights from anything.
    let none = |fd| {
        (
            format!("fd_fdstat_set_rights[Is({fd}), Is(0), Is(0)] = 8"),
            format!("fd_fdstat_set_rights[Is({fd}), Is(0), Is(0)] = 0"),
        )
    };
    let known = [none(0), none(1), none(2)];
    let known: Vec<_> = known.iter().map(|(a, b)| (&a[..], &b[..])).collect();
    both(&script, &functions, &setting, &known);
}

#[test]
fn standard_streams_are_renumbered() {
    // What is written to the one goes to the other then, the log as well.
    let mut script = Script::default();
    script
        .call("fd_renumber", &[n(1), n(2)])
        .poke(FD, &[2, 0, 0, 0, 1, 0, 0, 0])
        .write(FD, "to output\n")
        .write(FD + 4, "to nothing\n");
    let (_, did) = both(
        &script,
        &["fd_write", "fd_renumber"],
        &Setting::default(),
        &[],
    );
    assert!(did.stdout.starts_with("to output\n"), "{}", did.stdout);
}

#[test]
fn arguments_and_environment() {
    let mut script = Script::default();
    for (sizes, get) in [
        ("args_sizes_get", "args_get"),
        ("environ_sizes_get", "environ_get"),
    ] {
        script
            .call(sizes, &[n(OUT.into()), n(i64::from(OUT) + 4)])
            .dump(OUT, 8);
        script
            .call(get, &[n(BUF.into()), n(i64::from(BUF) + 256)])
            .dump(BUF, 24)
            .dump_counted(BUF + 256, OUT + 4);
    }
    let mut setting = Setting::default();
    setting.spec.argv = vec![
        "program".into(),
        String::new(),
        "one=two".into(),
        "ünï".into(),
    ];
    setting.spec.env = vec![
        ("KEY".into(), "value=1".into()),
        ("EMPTY".into(), String::new()),
    ];
    let functions = [
        "fd_write",
        "args_sizes_get",
        "args_get",
        "environ_sizes_get",
        "environ_get",
    ];
    both(&script, &functions, &setting, &[]);
    setting.spec.argv.clear();
    setting.spec.env.clear();
    both(&script, &functions, &setting, &[]);
    // Small programs have one of both.
    both(
        Script::default().call("args_sizes_get", &[n(OUT.into()), n(OUT.into())]),
        &functions[..2],
        &setting,
        &[],
    );
}

#[test]
fn clocks_randomness_and_the_rest() {
    let mut script = Script::default();
    for clock in 0..4 {
        script.call("clock_time_get", &[n(clock), n(0), n(OUT.into())]);
        script
            .call("clock_res_get", &[n(clock), n(OUT.into())])
            .dump(OUT, 8);
    }
    for length in [0, 1, 100, 65536, 70000] {
        script.call("random_get", &[n(BUF.into()), n(length)]);
    }
    // Over the bytes that are borrowed.
    script
        .poke(0, &[7; 64])
        .call("random_get", &[n(3), n(2)])
        .dump(0, 3)
        .dump(5, 40);
    script.call("sched_yield", &[]);
    for name in ["sock_accept", "sock_shutdown"] {
        for fd in [0, 1, 9] {
            let args = [n(fd), n(0), n(OUT.into())];
            script.call(
                name,
                if name == "sock_accept" {
                    &args
                } else {
                    &args[..2]
                },
            );
        }
    }
    for fd in [0, 1, 9] {
        script.call(
            "sock_send",
            &[n(fd), n(IOV.into()), n(0), n(0), n(OUT.into())],
        );
        script.call(
            "sock_recv",
            &[
                n(fd),
                n(IOV.into()),
                n(0),
                n(0),
                n(OUT.into()),
                n(OUT.into()),
            ],
        );
    }
    both(&script, &ALL, &Setting::default(), &[]);
}

#[test]
fn the_end() {
    for code in [0, 1, 7, 125] {
        let mut script = Script::default();
        script
            .call("sched_yield", &[])
            .say()
            .call("proc_exit", &[n(code)])
            .call("sched_yield", &[]);
        both(
            &script,
            &["fd_write", "sched_yield", "proc_exit"],
            &Setting::default(),
            &[],
        );
    }
}

#[test]
fn files_are_opened() {
    let mut script = Script::default();
    for path in [
        "ten",
        "nothing",
        "sub",
        "sub/inner",
        "sub/",
        "ten/",
        "ten/x",
        ".",
        "..",
        "../outside",
        "/ten",
        "",
        "link",
        "round",
        "dangling",
        "out",
        "a\0b",
        "./ten",
        "sub/../ten",
        "sub/../../ten",
    ] {
        for how in [0, 1, 2, 5, 8, 9, 3] {
            if how == 8 && path == "ten" {
                continue;
            }
            script.open(path, how, READ, 0, FD).dump(FD, 4);
        }
        script
            .open(path, 0, READ | WRITE, 0, FD)
            .open(path, 0, WRITE, 0, FD)
            .open(path, 0, 0, 0, FD);
    }
    // Not below this.
    for fd in [0, 1, 4, 99] {
        script.poke(PATH, b"ten").call(
            "path_open",
            &[
                n(fd),
                n(0),
                n(PATH.into()),
                n(3),
                n(0),
                n(READ),
                n(0),
                n(0),
                n(FD.into()),
            ],
        );
    }
    for flags in [2, 8, 16, 4, 1] {
        script.open("ten", 0, READ | WRITE, flags, FD);
    }
    // Without following a link.
    for path in ["link", "round", "dangling"] {
        script.poke(PATH, path.as_bytes()).call(
            "path_open",
            &[
                n(3),
                n(0),
                n(PATH.into()),
                n(path.len() as i64),
                n(0),
                n(READ),
                n(0),
                n(0),
                n(FD.into()),
            ],
        );
    }
    both(&script, &ALL, &Setting::with_files(), &[]);
}

#[test]
fn files_are_read_and_written() {
    let mut script = Script::default();
    script
        .open("ten", 0, READ | WRITE, 0, FD)
        .read(FD, 4)
        .tell(FD)
        .read(FD, 4)
        .read(FD, 4)
        .read(FD, 4)
        .tell(FD);
    for (by, whence) in [
        (0, 0),
        (3, 1),
        (-2, 1),
        (-5, 1),
        (-1, 2),
        (0, 2),
        (5, 2),
        (-11, 2),
        (-1, 0),
        (1 << 40, 0),
        (i64::MAX, 0),
    ] {
        script.seek(FD, by, whence).tell(FD);
    }
    script
        .seek(FD, 2, 0)
        .write(FD, "ab")
        .tell(FD)
        .read(FD, 3)
        .write(FD, "cd")
        .tell(FD)
        .seek(FD, 0, 0)
        .read(FD, 20);
    script
        .seek(FD, 14, 0)
        .write(FD, "hole")
        .seek(FD, 0, 0)
        .read(FD, 30);
    script.vectors(&[2]).poke(BUF, b"PQ");
    script
        .call(
            "fd_pwrite",
            &[at(FD), n(IOV.into()), n(1), n(1), n(OUT.into())],
        )
        .dump(OUT, 4)
        .tell(FD);
    for offset in [0, 5, 100, 1 << 33] {
        script.poke(BUF, b"--------").call(
            "fd_pread",
            &[at(FD), n(IOV.into()), n(1), n(offset), n(OUT.into())],
        );
        script.dump(OUT, 4).dump(BUF, 4);
    }
    script.tell(FD);
    script
        .open("empty", 0, READ, 0, FD + 4)
        .read(FD + 4, 10)
        .write(FD + 4, "x")
        .open("empty", 0, WRITE, 0, FD + 8);
    script
        .read(FD + 8, 3)
        .write(FD + 8, "x")
        .open("sub", 0, READ, 0, FD + 12)
        .read(FD + 12, 3)
        .write(FD + 12, "x");
    script.seek(FD + 12, 0, 0).tell(FD + 12).read(FD + 4, 3);
    script
        .call("fd_filestat_set_size", &[at(FD), n(3)])
        .seek(FD, 0, 0)
        .read(FD, 9)
        .call("fd_filestat_set_size", &[at(FD), n(6)]);
    script.seek(FD, 0, 0).read(FD, 9);
    for fd in [FD + 4, FD + 12] {
        script.call("fd_filestat_set_size", &[at(fd), n(3)]);
    }
    for fd in [0, 2, 3, 50] {
        script
            .call("fd_filestat_set_size", &[n(fd), n(3)])
            .call("fd_sync", &[n(fd)])
            .call("fd_datasync", &[n(fd)]);
        script
            .call("fd_advise", &[n(fd), n(0), n(0), n(0)])
            .call("fd_allocate", &[n(fd), n(0), n(1)]);
        script.call(
            "fd_pread",
            &[n(fd), n(IOV.into()), n(1), n(0), n(OUT.into())],
        );
        script.call(
            "fd_pwrite",
            &[n(fd), n(IOV.into()), n(1), n(0), n(OUT.into())],
        );
    }
    for name in ["fd_sync", "fd_datasync"] {
        script.call(name, &[at(FD)]).call(name, &[at(FD + 12)]);
    }
    for advice in 0..6 {
        script.call("fd_advise", &[at(FD), n(0), n(4), n(advice)]);
    }
    script.call("fd_allocate", &[at(FD), n(0), n(100)]);
    script.close(FD).close(FD).read(FD, 1).tell(FD);
    // Wasmtime's own Preview 1 takes directories for no files.
    let known = [
        ("fd_sync[Is(3)] = 8", "fd_sync[Is(3)] = 0"),
        ("fd_datasync[Is(3)] = 8", "fd_datasync[Is(3)] = 0"),
        ("fd_sync[At(140)] = 8", "fd_sync[At(140)] = 0"),
        ("fd_datasync[At(140)] = 8", "fd_datasync[At(140)] = 0"),
    ];
    both(&script, &ALL, &Setting::with_files(), &known);
}

#[test]
fn several_buffers_are_filled_in_turn() {
    // Wasmtime's own Preview 1 reads and writes the first only, so the component is looked at by itself.
    let mut script = Script::default();
    script
        .open("ten", 0, READ | WRITE, 0, FD)
        .vectors(&[3, 0, 2, 9]);
    script
        .call("fd_read", &[at(FD), n(IOV.into()), n(4), n(OUT.into())])
        .dump_counted(BUF, OUT);
    script
        .seek(FD, 1, 0)
        .vectors(&[2, 1, 2])
        .poke(BUF, b"abcde");
    script
        .call("fd_write", &[at(FD), n(IOV.into()), n(3), n(OUT.into())])
        .dump(OUT, 4)
        .seek(FD, 0, 0)
        .read(FD, 20);
    script.vectors(&[2, 1, 2]).poke(BUF, b"fghij");
    script
        .call("fd_write", &[n(1), n(IOV.into()), n(3), n(OUT.into())])
        .dump(OUT, 4);
    let did = alone(&script, &Setting::with_files());
    let lines: Vec<_> = did
        .lines
        .iter()
        .filter(|line| line.starts_with("memory"))
        .cloned()
        .collect();
    assert_eq!(
        lines,
        [
            "memory at 0x1000: 0123456789",
            r"memory at 0x90: \x01\x00\x00\x00\x00\x00\x00\x00",
            r"memory at 0x90: \x05\x00\x00\x00",
            r"memory at 0x90: \x00\x00\x00\x00\x00\x00\x00\x00",
            "memory at 0x1000: 0abcde6789",
            r"memory at 0x90: \x05\x00\x00\x00",
        ]
    );
    assert_eq!(did.stdout, "fghij");
}

#[test]
fn flags_rights_and_types() {
    let mut script = Script::default();
    script
        .open("ten", 0, READ | WRITE, 1, FD)
        .open("sub", 2, RIGHTS, 0, FD + 4)
        .open("ten", 0, READ, 4, FD + 8);
    for fd in [FD, FD + 4, FD + 8] {
        script
            .call("fd_fdstat_get", &[at(fd), n(OUT.into())])
            .dump(OUT, 4);
    }
    script
        .call("fd_fdstat_get", &[n(3), n(OUT.into())])
        .dump(OUT, 24);
    for flags in [0, 1, 4, 5, 2, 8, 16, 31] {
        script.call("fd_fdstat_set_flags", &[at(FD), n(flags)]);
        script
            .call("fd_fdstat_get", &[at(FD), n(OUT.into())])
            .dump(OUT, 4);
    }
    script.call("fd_fdstat_set_flags", &[n(77), n(1)]);
    for (index, path) in [
        "ten",
        "sub",
        "link",
        "dangling",
        "nothing",
        "round",
        "sub/inner",
        "",
        "..",
    ]
    .iter()
    .enumerate()
    {
        for lookup in [0, 1] {
            script
                .poke(PATH, path.as_bytes())
                .poke(OUT, &[index as u8; 64])
                .call(
                    "path_filestat_get",
                    &[
                        n(3),
                        n(lookup),
                        n(PATH.into()),
                        n(path.len() as i64),
                        n(OUT.into()),
                    ],
                );
            script.dump_stat(OUT);
        }
    }
    for fd in [FD, FD + 4] {
        script
            .call("fd_filestat_get", &[at(fd), n(OUT.into())])
            .dump(OUT, 8)
            .dump(OUT + 16, 1)
            .dump(OUT + 24, 8);
    }
    // Inodes are the same, however a file is come by.
    script
        .call("fd_filestat_get", &[at(FD), n(BUF.into())])
        .call("fd_filestat_get", &[at(FD + 8), n(OUT.into())]);
    // 1 s, and 2 s and 5 ns
    for which in [0, 1, 2, 3, 4, 8, 12, 5, 6, 15] {
        script.call(
            "fd_filestat_set_times",
            &[at(FD), n(1_000_000_000), n(2_000_000_005), n(which)],
        );
        script.poke(PATH, b"link").call(
            "path_filestat_set_times",
            &[
                n(3),
                n(1),
                n(PATH.into()),
                n(4),
                n(1_000_000_000),
                n(2_000_000_005),
                n(which),
            ],
        );
        if which == 5 {
            script
                .call("fd_filestat_get", &[at(FD), n(OUT.into())])
                .dump(OUT + 40, 16);
        }
    }
    script.call(
        "path_filestat_set_times",
        &[n(3), n(0), n(PATH.into()), n(4), n(5), n(6), n(5)],
    );
    script.poke(PATH, b"none").call(
        "path_filestat_set_times",
        &[n(3), n(1), n(PATH.into()), n(4), n(0), n(0), n(5)],
    );
    script
        .call("fd_filestat_set_times", &[n(1), n(0), n(0), n(5)])
        .call("fd_filestat_set_times", &[n(44), n(0), n(0), n(5)]);
    both(&script, &ALL, &Setting::with_files(), &[]);
}

#[test]
fn rights_can_be_given_up() {
    // Wasmtime's own Preview 1 cannot, so the component is looked at by itself.
    let mut script = Script::default();
    script
        .open("ten", 0, READ | WRITE | 4, 0, FD)
        .call("fd_fdstat_get", &[at(FD), n(OUT.into())])
        .dump(OUT + 8, 16);
    script.call("fd_fdstat_set_rights", &[at(FD), n(READ | 1 << 21), n(0)]);
    script.call("fd_fdstat_set_rights", &[at(FD), n(READ), n(0)]);
    script
        .call("fd_fdstat_get", &[at(FD), n(OUT.into())])
        .dump(OUT + 8, 16);
    script
        .read(FD, 2)
        .write(FD, "x")
        .seek(FD, 0, 0)
        .call("fd_fdstat_set_rights", &[at(FD), n(READ | WRITE), n(0)]);
    script
        .call("fd_fdstat_set_rights", &[n(3), n(1 << 13), n(READ)])
        .open("ten", 0, READ, 0, FD)
        .open("ten", 0, WRITE, 0, FD);
    script.on_path("path_create_directory", "new");
    let did = alone(&script, &Setting::with_files());
    let errors: Vec<_> = did
        .lines
        .iter()
        .filter_map(|line| line.split_once("] = "))
        .map(|(_, errno)| errno)
        .collect();
    assert_eq!(
        errors,
        [
            "0", "0", "76", "0", "0", "0", "76", "76", "76", "0", "76", "76", "76"
        ],
        "{:#?}",
        did.lines
    );
}
