//! What other adapters get wrong, and hosts that are unusual. wasmtime's own Preview 1 has some of these faults as well: then the
//! component is looked at by itself.

use std::io::Read as _;

use super::script::{ALL, MEMORY, Script};
use super::steps::{BUF, FD, IOV, OUT, PATH, READ, RIGHTS, WRITE};
use super::{Setting, alone, at, both, n};

/// What is read in a log.
fn memory(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .filter_map(|line| line.strip_prefix("memory at 0x1000: "))
        .collect()
}

/// The error numbers of calls of a function.
fn errors<'a>(lines: &'a [String], name: &str) -> Vec<&'a str> {
    let called = lines.iter().filter(|line| line.starts_with(name));
    called
        .filter_map(|line| line.rsplit_once(" = "))
        .map(|(_, errno)| errno)
        .collect()
}

#[test]
fn what_was_written_is_read_through_the_same_descriptor() {
    let mut script = Script::default();
    script
        .open("ten", 0, READ | WRITE, 0, FD)
        .read(FD, 2)
        .write(FD, "XY")
        .read(FD, 2)
        .tell(FD)
        .seek(FD, 0, 0)
        .read(FD, 10);
    let (_, did) = both(&script, &ALL, &Setting::with_files(), &[]);
    assert_eq!(memory(&did.lines), ["01", "45", "01XY456789"]);
}

#[test]
fn the_end_is_written_to_from_when_that_is_asked_for() {
    let mut script = Script::default();
    script
        .open("ten", 0, READ | WRITE, 0, FD)
        .write(FD, "X")
        .call("fd_fdstat_set_flags", &[at(FD), n(1)]);
    script
        .write(FD, "Z")
        .tell(FD)
        .read(FD, 3)
        .write(FD, &"long ".repeat(2000))
        .tell(FD);
    script
        .call("fd_fdstat_set_flags", &[at(FD), n(0)])
        .seek(FD, 2, 0)
        .write(FD, "Q")
        .seek(FD, 0, 0)
        .read(FD, 12);
    // Two that append to one file.
    script
        .open("empty", 1, READ | WRITE, 1, FD)
        .open("empty", 0, READ | WRITE, 1, FD + 4);
    script
        .write(FD, "a")
        .write(FD + 4, "b")
        .write(FD, "c")
        .seek(FD + 4, 0, 0)
        .read(FD + 4, 5);
    let (_, did) = both(&script, &ALL, &Setting::with_files(), &[]);
    assert_eq!(memory(&did.lines), ["", "X1Q3456789Zl", "abc"]);
}

#[test]
fn what_a_file_is_can_be_put_anywhere_and_nothing_else_changes() {
    let marks: Vec<u8> = (1..=160).collect();
    let places = |script: &mut Script, places: &[u32]| {
        for &place in places {
            let around = place.saturating_sub(16);
            let end = place + 64;
            // Sizes are the same in both runs, times and what lies between the fields are not.
            let look = |script: &mut Script| {
                script
                    .dump(around, place - around)
                    .dump(place + 16, 1)
                    .dump(place + 32, 8)
                    .dump(end, (MEMORY - end).min(96));
            };
            for path in [&b"ten"[..], b"none"] {
                script
                    .poke(around, &marks[..(MEMORY - around).min(160) as usize])
                    .poke(PATH, path)
                    .call(
                        "path_filestat_get",
                        &[
                            n(3),
                            n(1),
                            n(PATH.into()),
                            n(path.len() as i64),
                            n(place.into()),
                        ],
                    );
                look(script);
            }
            script.call("fd_filestat_get", &[at(FD), n(place.into())]);
            look(script);
        }
    };
    let mut script = Script::default();
    script.open("ten", 0, READ, 0, FD);
    places(
        &mut script,
        &[0, 8, BUF, MEMORY - 64, MEMORY - 72, MEMORY - 104],
    );
    // The path lies where the answer goes.
    script.poke(BUF, b"ten").call(
        "path_filestat_get",
        &[n(3), n(1), n(BUF.into()), n(3), n(BUF.into())],
    );
    script.dump(BUF + 16, 1).dump(BUF + 32, 8);
    both(&script, &ALL, &Setting::with_files(), &[]);

    // A host of modules takes only addresses that are aligned.
    let mut odd = Script::default();
    odd.open("ten", 0, READ, 0, FD).poke(BUF, &marks);
    odd.call("fd_filestat_get", &[at(FD), n(i64::from(BUF) + 4)])
        .dump(BUF, 4)
        .dump(BUF + 36, 8)
        .dump(BUF + 68, 60)
        .dump(0, 8);
    let did = alone(&odd, &Setting::with_files());
    assert_eq!(errors(&did.lines, "fd_filestat_get"), ["0"]);
    let logged: Vec<_> = did
        .lines
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(_, bytes)| bytes.to_string())
        .collect();
    let shown = |bytes: &[u8]| bytes.escape_ascii().to_string();
    assert_eq!(
        logged[..3],
        [
            shown(&marks[..4]),
            shown(&10u64.to_le_bytes()),
            shown(&marks[68..128])
        ]
    );
}

#[test]
fn three_hundred_files_are_open_at_a_time() {
    let mut script = Script::default();
    for _ in 0..300 {
        script.open("ten", 0, READ, 0, FD);
    }
    script.dump(FD, 4).read(FD, 3);
    for fd in (4..304).rev() {
        script.call("fd_close", &[n(fd)]);
    }
    script.open("ten", 0, READ, 0, FD).dump(FD, 4);
    // The lowest free number comes first, as POSIX wants it, and on wasmtime the highest.
    let known = [(
        r"memory at 0x80: /\x01\x00\x00",
        r"memory at 0x80: \x04\x00\x00\x00",
    )];
    both(&script, &ALL, &Setting::with_files(), &known);
}

#[test]
fn three_hundred_entries_of_a_directory() {
    let mut script = Script::default();
    for entry in 0..300 {
        script.on_path(
            "path_create_directory",
            &format!("sub/a directory of number {entry}"),
        );
    }
    script
        .open("sub", 2, RIGHTS, 0, FD)
        .open("sub", 2, RIGHTS, 0, FD + 4);
    // Two at a time: one from the beginning, one from further on.
    for cookie in (0..303).step_by(17) {
        for fd in [FD, FD + 4] {
            script
                .call(
                    "fd_readdir",
                    &[at(fd), n(BUF.into()), n(900), n(cookie), n(OUT.into())],
                )
                .dump(OUT, 4);
            script.dump(BUF, 8).dump(BUF + 16, 30);
        }
    }
    both(&script, &ALL, &Setting::with_files(), &[]);
}

#[test]
fn names_that_are_long() {
    let mut script = Script::default();
    for length in [200, 255, 256, 300, 5000] {
        let path = "n".repeat(length);
        script
            .open(&path, 1, WRITE, 0, FD)
            .on_path("path_unlink_file", &path);
    }
    both(&script, &ALL, &Setting::with_files(), &[]);
}

#[test]
fn offsets_beyond_four_gibibytes() {
    let mut script = Script::default();
    script
        .open("empty", 0, READ | WRITE, 0, FD)
        .seek(FD, (1 << 32) + 7, 0)
        .write(FD, "far")
        .tell(FD)
        .seek(FD, -3, 1)
        .read(FD, 9);
    script
        .seek(FD, -2, 2)
        .read(FD, 9)
        .call("fd_filestat_get", &[at(FD), n(OUT.into())])
        .dump(OUT + 32, 8);
    script.call("fd_filestat_set_size", &[at(FD), n(1)]);
    both(&script, &ALL, &Setting::with_files(), &[]);
}

#[test]
fn deadlines_in_the_past_are_over() {
    let mut script = Script::default();
    // Realtime, absolute: a nanosecond after the beginning.
    let mut subscription = vec![9; 8];
    subscription.resize(24, 0);
    subscription.extend(1u64.to_le_bytes());
    subscription.resize(40, 0);
    subscription.push(1);
    subscription.resize(48, 0);
    script.poke(BUF, &subscription).poke(OUT, &[0; 4]);
    script
        .call(
            "poll_oneoff",
            &[n(BUF.into()), n(i64::from(BUF) + 64), n(1), n(OUT.into())],
        )
        .dump(OUT, 4)
        .dump(BUF + 64, 11);
    both(&script, &ALL, &Setting::default(), &[]);
}

#[test]
fn a_bad_descriptor_is_an_event() {
    let mut script = Script::default();
    let mut subscription = vec![5; 8];
    subscription.extend([1, 0, 0, 0, 0, 0, 0, 0, 77]);
    subscription.resize(48, 0);
    script.poke(BUF, &subscription);
    script
        .call(
            "poll_oneoff",
            &[n(BUF.into()), n(i64::from(BUF) + 64), n(1), n(OUT.into())],
        )
        .dump(BUF + 64, 11);
    let did = alone(&script, &Setting::default());
    assert_eq!(did.lines[0].rsplit_once(" = ").unwrap().1, "0");
    assert_eq!(
        did.lines[1],
        r"memory at 0x1040: \x05\x05\x05\x05\x05\x05\x05\x05\x08\x00\x01"
    );
}

#[test]
fn standard_input_that_is_closed() {
    let mut script = Script::default();
    script.poke(FD, &[0; 4]).read(FD, 5).read(FD, 5);
    both(&script, &ALL, &Setting::default(), &[]);
    both(&script, &["fd_read", "fd_write"], &Setting::default(), &[]);
}

#[test]
fn no_directory_at_all() {
    let mut script = Script::default();
    script
        .open("ten", 0, READ, 0, FD)
        .call("fd_prestat_get", &[n(3), n(OUT.into())])
        .call("fd_close", &[n(3)]);
    script
        .on_path("path_create_directory", "x")
        .poke(FD, &[3, 0, 0, 0])
        .read(FD, 1)
        .write(FD, "x");
    both(&script, &ALL, &Setting::default(), &[]);
}

#[test]
fn several_directories_with_names() {
    let folder = tempfile::tempdir().unwrap();
    let mut setting = Setting::default();
    for name in ["/", "a/long name of a directory", "b"] {
        setting
            .spec
            .preopens
            .push((folder.path().to_owned(), name.to_owned()));
    }
    let mut script = Script::default();
    for fd in 3..7 {
        script
            .call("fd_prestat_get", &[n(fd), n(OUT.into())])
            .dump(OUT + 4, 4);
        script
            .poke(BUF, &[0; 64])
            .call("fd_prestat_dir_name", &[n(fd), n(BUF.into()), n(64)])
            .dump(BUF, 64);
    }
    both(&script, &ALL, &setting, &[]);
}

#[test]
fn buffers_over_what_is_borrowed() {
    let mut script = Script::default();
    let vector = |at: u32, length: u32| [at.to_le_bytes(), length.to_le_bytes()].concat();
    script.open("ten", 0, READ | WRITE, 0, FD);
    for (at_, length) in [(0, 10), (0, 4), (8, 3), (12, 10), (15, 1), (16, 4), (1, 9)] {
        script
            .poke(0, &[b'-'; 48])
            .poke(IOV, &vector(at_, length))
            .seek(FD, 0, 0);
        script
            .call("fd_read", &[at(FD), n(IOV.into()), n(1), n(OUT.into())])
            .dump(0, 48)
            .dump(OUT, 4);
        script.poke(0, b"abcdefghijklmnopqrstuvwxyz").seek(FD, 0, 0);
        script
            .call("fd_write", &[at(FD), n(IOV.into()), n(1), n(OUT.into())])
            .dump(0, 48)
            .dump(OUT, 4);
        script
            .call("fd_write", &[n(1), n(IOV.into()), n(1), n(OUT.into())])
            .dump(0, 48);
    }
    // Results there, too, and paths.
    script
        .call("fd_tell", &[at(FD), n(0)])
        .dump(0, 32)
        .poke(0, b"ten")
        .poke(40, &[0; 4]);
    script
        .call(
            "path_open",
            &[n(3), n(1), n(0), n(3), n(0), n(READ), n(0), n(0), n(4)],
        )
        .dump(0, 32);
    script
        .call(
            "path_filestat_get",
            &[n(3), n(1), n(0), n(3), n(i64::from(BUF))],
        )
        .dump(0, 32);
    script.call("clock_res_get", &[n(0), n(8)]).dump(0, 32);
    // And the last bytes of the memory.
    let end = 48 * 65536 - 4;
    script
        .poke(IOV, &vector(end, 4))
        .seek(FD, 0, 0)
        .call("fd_read", &[at(FD), n(IOV.into()), n(1), n(end.into())])
        .dump(end, 4);
    let mut setting = Setting::with_files();
    setting.spec.stdin = b"abcdefghijklmnopqrstuvwxyz".to_vec();
    for (at_, length) in [(0, 3), (9, 4)] {
        script
            .poke(IOV, &vector(at_, length))
            .call("fd_read", &[n(0), n(IOV.into()), n(1), n(OUT.into())])
            .dump(0, 32);
    }
    both(&script, &ALL, &setting, &[]);
}

#[test]
fn exit_codes_are_kept() {
    // wasmtime's own Preview 1 traps from 126 on.
    for (code, expected) in [
        (126, "exit 126"),
        (255, "exit 255"),
        (256, "exit 255"),
        (-1, "exit 255"),
    ] {
        let mut script = Script::default();
        script.call("proc_exit", &[n(code)]);
        assert_eq!(alone(&script, &Setting::default()).exit, expected);
    }
}

#[test]
fn a_signal_ends_the_program() {
    let mut script = Script::default();
    script.call("proc_raise", &[n(6)]).call("sched_yield", &[]);
    assert_eq!(alone(&script, &Setting::default()).exit, "exit 1");
}

#[test]
fn much_is_written_to_standard_output() {
    let mut script = Script::default();
    let text: String = (0..20_000)
        .map(|i| char::from(b'a' + (i % 26) as u8))
        .collect();
    script
        .vectors(&[20_000])
        .poke(BUF, text.as_bytes())
        .call("fd_write", &[n(1), n(IOV.into()), n(1), n(OUT.into())])
        .dump(OUT, 4);
    let (_, did) = both(&script, &ALL, &Setting::default(), &[]);
    assert_eq!(did.stdout, text);
}

#[test]
fn a_disk_that_is_full() {
    // Where a device is that is always full.
    let Ok(mut full) = std::fs::File::open("/dev/full") else {
        return;
    };
    assert!(full.read(&mut [0]).is_ok());
    let mut setting = Setting::default();
    setting.spec.preopens.push(("/dev".into(), ".".into()));
    let mut script = Script::default();
    script
        .open("full", 0, WRITE, 0, FD)
        .write(FD, "x")
        .tell(FD)
        .open("full", 0, WRITE, 1, FD)
        .write(FD, "x")
        .write(FD, "y");
    let (right, _) = both(&script, &ALL, &setting, &[]);
    assert_eq!(errors(&right.lines, "fd_write"), ["51", "51", "51"]);
}

#[test]
fn standard_output_that_does_not_block() {
    let mut script = Script::default();
    for fd in [1, 0] {
        script
            .call("fd_fdstat_set_flags", &[n(fd), n(4)])
            .call("fd_fdstat_get", &[n(fd), n(OUT.into())])
            .dump(OUT, 4);
    }
    script
        .poke(FD, &[1, 0, 0, 0, 0, 0, 0, 0])
        .write(FD, "now")
        .read(FD + 4, 3);
    script
        .call("fd_fdstat_set_flags", &[n(1), n(0)])
        .write(FD, " and later")
        .call("fd_fdstat_set_flags", &[n(1), n(2)]);
    let mut setting = Setting::default();
    setting.spec.stdin = b"abc".to_vec();
    let did = alone(&script, &setting);
    assert_eq!(did.stdout, "now and later");
    assert_eq!(
        errors(&did.lines, ""),
        ["0", "0", "0", "0", "0", "0", "0", "0", "28"],
        "{:#?}",
        did.lines
    );
    assert_eq!(memory(&did.lines), ["abc"]);
}

#[test]
fn the_preview_before_it_has_other_numbers_and_structures() {
    let mut script = Script::default();
    script.open("ten", 0, READ | WRITE, 0, FD);
    // From here, from the end, from the beginning.
    script.seek(FD, 4, 0).seek(FD, -3, 1).seek(FD, 2, 2);
    script
        .poke(BUF, &[0xee; 64])
        .call("fd_filestat_get", &[at(FD), n(BUF.into())])
        .dump(BUF + 16, 1)
        .dump(BUF + 20, 12)
        .dump(BUF + 56, 8);
    // A clock with its identifier before its number, and a descriptor, in subscriptions of 56 bytes.
    let mut clock = vec![1; 8];
    clock.resize(24, 0);
    clock.extend([1, 0, 0, 0, 0, 0, 0, 0, 5]);
    clock.resize(56, 0);
    let mut writing = vec![2; 8];
    writing.extend([2, 0, 0, 0, 0, 0, 0, 0, 1]);
    writing.resize(56, 0);
    script
        .poke(BUF, &[clock, writing].concat())
        .call(
            "poll_oneoff",
            &[n(BUF.into()), n(i64::from(BUF) + 256), n(2), n(OUT.into())],
        )
        .dump(BUF + 256, 11);
    let functions = [
        "path_open",
        "fd_seek",
        "fd_filestat_get",
        "poll_oneoff",
        "fd_write",
    ];
    let module = script.guest_of("wasi_unstable", &functions, 2);
    let [did, on_0_3] = [super::component, super::component_of_0_3].map(|component| {
        let guest = super::Guest {
            wasm: component(&module),
            reads_script: false,
        };
        super::run(&guest, &script, &Setting::with_files())
    });
    assert_eq!(did.files, on_0_3.files);
    // But for the time, which is in the last of them.
    let but_time = |did: &super::Did| did.lines[..did.lines.len() - 1].to_vec();
    assert_eq!(but_time(&did), but_time(&on_0_3));
    assert_eq!(errors(&did.lines, ""), ["0"; 6], "{:#?}", did.lines);
    let memory: Vec<_> = did
        .lines
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(_, bytes)| bytes)
        .collect();
    assert_eq!(
        memory[..3],
        [
            r"\x04\x00\x00\x00\x00\x00\x00\x00",
            r"\x07\x00\x00\x00\x00\x00\x00\x00",
            r"\x02\x00\x00\x00\x00\x00\x00\x00"
        ]
    );
    assert_eq!(
        memory[3..6],
        [
            r"\x04",
            r"\x01\x00\x00\x00\n\x00\x00\x00\x00\x00\x00\x00",
            r"\xee\xee\xee\xee\xee\xee\xee\xee"
        ]
    );
    assert!(
        memory[6].ends_with(r"\x00\x00\x00") || memory[6].ends_with(r"\x00\x00\x02"),
        "{}",
        memory[6]
    );
}

/// Within the program's `cabi_realloc` a host may not be called, and garbage collectors look at clocks there.
#[test]
fn clocks_stand_still_and_output_is_refused_while_the_host_allocates() {
    let module = r#"(module
        (import "wasi:cli/environment@0.2.12" "get-arguments" (func $arguments (param i32)))
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\10\00\00\00\06\00\00\00")
        (data (i32.const 16) "right\n")
        ;; A subscription to the monotonic clock, for a nanosecond.
        (data (i32.const 128) "\07")
        (data (i32.const 144) "\01")
        (data (i32.const 152) "\01")
        (global $next (mut i32) (i32.const 1024))
        (func $is (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (call $is (call $clock (i32.const 1) (i64.const 0) (i32.const 64)) (i32.const 0))
            (if (i64.ne (i64.load (i32.const 64)) (i64.load (i32.const 72))) (then unreachable))
            (call $is (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)) (i32.const 6))
            (call $is (call $poll (i32.const 128) (i32.const 192) (i32.const 1) (i32.const 32)) (i32.const 0))
            (call $is (i32.load (i32.const 32)) (i32.const 1))
            (global.set $next
                (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
            (global.get $next)
            (global.set $next (i32.add (global.get $next) (local.get 3))))
        (func (export "_start")
            (call $is (call $clock (i32.const 1) (i64.const 0) (i32.const 72)) (i32.const 0))
            (call $arguments (i32.const 96))
            (call $is (i32.load (i32.const 100)) (i32.const 3))
            (call $is (i32.gt_u (global.get $next) (i32.const 1024)) (i32.const 1))
            (call $is (call $clock (i32.const 1) (i64.const 0) (i32.const 64)) (i32.const 0))
            (if (i64.le_u (i64.load (i32.const 64)) (i64.load (i32.const 72))) (then unreachable))
            (call $is (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)) (i32.const 0))))"#;
    let mut module = wat::parse_str(module).unwrap();
    let (wit, world) = crate::guest::world(
        "package p1bridge:test; world w { import wasi:cli/environment@0.2.12; }",
    );
    let utf8 = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &wit, world, utf8, false).unwrap();
    let guest = super::Guest {
        wasm: super::component(&module),
        reads_script: false,
    };
    let mut setting = Setting::default();
    setting.spec.argv = ["program", "one", "two"].map(String::from).to_vec();
    let did = super::run(&guest, &Script::default(), &setting);
    assert_eq!(
        (&*did.stdout, &*did.exit),
        ("right\n", "exit 0"),
        "{did:#?}"
    );
}
