//! What an embedding does with a module beside running it: it allocates in it, calls exports with
//! those pointers, calls the program's own allocator, and keeps pointers over calls and growth.
//! `embedder/*.c` are the embeddings; `embedder/script.h` says what they are told to do.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use p1bridge::check::check;
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::lower::lower;
use p1bridge::profiles::{Profile, named};
use p1bridge::wrap::{Kind, World, WrapOptions, wrap};

/// The embeddings of WAMR: that of 2020, and those of other releases that the environment names.
static WAMR: LazyLock<Vec<String>> = LazyLock::new(|| {
    let others = std::env::var("P1BRIDGE_WAMR_EMBEDDERS").unwrap_or_default();
    let others = others.split(':').filter(|program| !program.is_empty());
    let that_of_2020 = option_env!("WAMR_2020_EMBEDDER");
    let all = that_of_2020.into_iter().chain(others);
    all.map(str::to_owned).collect()
});

static WASM3: LazyLock<Vec<String>> = LazyLock::new(|| {
    option_env!("WASM3_EMBEDDER")
        .map(str::to_owned)
        .into_iter()
        .collect()
});

/// Everything that the guests `embedded-*` are asked, but for how memory is got and given back: `P` is
/// what allocates, `F` what frees pointer 0.
const SCRIPT: &str = "P put=0,100,97 digest(@0,100) digest(@0,100) take(200000) digest(@0,100) \
                      fill(@0,50,98) see=0,100 digest(@0,100) take(300000) digest(@0,100) see=0,100 F P \
                      put=1,100,97 digest(@1,100)";

/// The sums of 100 times `a`, and of 50 times `b` and `a` behind.
const A: &str = "3971323456";
const B: &str = "261042528";

/// What an embedding printed, one word a line.
fn told(program: &str, wasm: &[u8], script: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("module.wasm");
    std::fs::write(&file, wasm).expect("written");
    let output = Command::new(program)
        .arg(&file)
        .args(script.split_whitespace())
        .current_dir(&folder)
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with(['=', '!']))
        .map(|line| line.trim_start_matches("= ").to_owned())
        .collect();
    if !output.status.success() {
        lines.push(format!("! it ended with {}", output.status));
    }
    lines
}

/// Checks what each of some programs prints; `*` stands for anything but a failure, `!` for any.
fn tells(programs: &[String], wasm: &[u8], script: &str, right: &str) {
    if programs.is_empty() {
        let required = std::env::var("P1BRIDGE_REQUIRE_ENGINES").unwrap_or_default();
        assert!(!required.contains("wamr"), "the embedding is not built");
        eprintln!("skipped: the embedding is not built");
    }
    for program in programs {
        one_tells(program, wasm, script, right);
    }
}

fn one_tells(program: &str, wasm: &[u8], script: &str, right: &str) {
    let found = told(program, wasm, script);
    let right: Vec<&str> = right.split_whitespace().collect();
    let same = found.len() == right.len()
        && found.iter().zip(&right).all(|(found, right)| match *right {
            "*" => !found.starts_with('!'),
            "!" => found.starts_with('!'),
            right => found == right,
        });
    assert!(
        same,
        "{script}\non {program} gave {found:?}\ninstead of {right:?}"
    );
}

/// What `SCRIPT` gives when all is well.
fn all_well() -> String {
    format!("1 {A} {A} 1 {A} * {B} {B} 1 {B} {B} * 1 {A}")
}

fn script(allocate: &str, free: &str) -> String {
    let words = SCRIPT.split_whitespace().map(|word| match word {
        "P" => allocate,
        "F" => free,
        word => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

fn guest(name: &str) -> Vec<u8> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/prebuilt");
    std::fs::read(corpus.join(format!("{name}.wasm"))).expect("the corpus is committed")
}

fn lowered(wasm: &[u8], profile: &str) -> Vec<u8> {
    lower(wasm, &named(profile).unwrap()).unwrap().wasm
}

fn module(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).expect("a module")
}

fn exports(wasm: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::ExportSection(section) = payload.unwrap() {
            names.extend(section.into_iter().map(|e| e.unwrap().name.to_owned()));
        }
    }
    names
}

const GUESTS: [&str; 5] = [
    "embedded-c",
    "embedded-own-c",
    "embedded-rust",
    "embedded-zig",
    "embedded-as",
];

/// A guest as a component, flattened.
fn flattened(guest: &[u8], profile: &Profile) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let wit = folder.path().join("world.wit");
    let text = "package test:embedded; world guest {
        export digest: func(data: u32, len: u32) -> u32;
        export take: func(bytes: u32) -> u32;
        export fill: func(data: u32, len: u32, byte: s32); }";
    std::fs::write(&wit, text).unwrap();
    let options = WrapOptions {
        kind: Some(Kind::Reactor),
        world: Some(World::read(&wit, None).unwrap()),
        ..WrapOptions::default()
    };
    let component = wrap(guest, &options).unwrap().component;
    let options = FlattenOptions {
        profile: profile.clone(),
        verify: true,
        ..FlattenOptions::default()
    };
    flatten(&component, &options).unwrap().wasm
}

#[test]
fn a_buffer_of_the_host_stays_over_calls_and_growth_when_lowered() {
    for name in GUESTS {
        for profile in ["wamr-2020", "wamr-1.0"] {
            // WAMR 1.0 knows `__pin` and `__unpin`, and that of 2020 does not.
            if name == "embedded-as" && profile != "wamr-2020" {
                continue;
            }
            let lowered = lowered(&guest(name), profile);
            eprintln!("{name} for {profile}");
            let script = script("host=100", "give=0");
            tells(&WAMR, &lowered, &script, &all_well());
            tells(
                &WAMR,
                &lowered,
                &format!("stack=4096 {script}"),
                &all_well(),
            );
        }
    }
}

#[test]
fn a_buffer_of_the_host_stays_over_calls_and_growth_when_flattened() {
    for name in GUESTS {
        eprintln!("{name}");
        let flat = flattened(&guest(name), &named("wamr-2020").unwrap());
        if name == "embedded-as" {
            // Its allocator is not exported, and counts on memory that grows where it ended.
            tells(&WAMR, &flat, "host=100 digest(@0,100)", "1 !");
            let grown_before = "digest(0,1) host=100 put=0,100,97 digest(@0,100)";
            tells(&WAMR, &flat, grown_before, &format!("* 1 {A}"));
            tells(
                &WAMR,
                &flat,
                "host=100 give=0 digest(0,1) take(1000)",
                "1 * * 1",
            );
            continue;
        }
        tells(&WAMR, &flat, &script("host=100", "give=0"), &all_well());
    }
}

#[test]
fn the_allocator_of_a_program_stays_its_interface_for_every_profile() {
    let own = guest("embedded-own-c");
    let by_name = script("own=malloc,100", "drop=free,0");
    for profile in ["mvp", "portable", "wasm3", "wamr-2020", "wamr-1.0"] {
        let lowered = lowered(&own, profile);
        let names = exports(&lowered);
        for name in exports(&own) {
            assert!(
                names.contains(&name),
                "{profile} left {name} out: {names:?}"
            );
        }
        assert!(check(&lowered, &named(profile).unwrap()).unwrap().fits);
        tells(&WAMR, &lowered, &by_name, &all_well());
        tells(&WAMR, &lowered, &script("host=6000", "give=0"), &all_well());
    }
    let lowered = lowered(&own, "wasm3");
    tells(&WASM3, &lowered, &by_name, &all_well());
    tells(
        &WASM3,
        &lowered,
        &script("host=6000", "give=0"),
        &all_well(),
    );
    let arena = lower(&guest("embedded-c"), &wasm3_with_arena()).unwrap();
    tells(
        &WASM3,
        &arena.wasm,
        &script("host=100", "give=0"),
        &all_well(),
    );
}

/// wasm3 and a host of its own that asks for `malloc`.
fn wasm3_with_arena() -> Profile {
    let mut profile = named("wasm3").unwrap();
    profile.quirks.app_heap = true;
    profile
}

#[test]
fn assemblyscript_allocates_by_its_own_names() {
    let today = lowered(&guest("embedded-as"), "wamr-2020");
    let names = exports(&today);
    for name in ["__new", "__pin", "__unpin", "__retain", "__release"] {
        assert!(names.iter().any(|n| n == name), "{names:?}");
    }
    assert!(!names.iter().any(|name| name == "malloc"), "{names:?}");
    tells(
        &WAMR,
        &today,
        &script("own=__new,100,0", "drop=__unpin,0")
            .replace("put=0", "__pin(@0) put=0")
            .replace("put=1", "__pin(@1) put=1"),
        &format!("1 * {A} {A} 1 {A} * {B} {B} 1 {B} {B} * 1 * {A}"),
    );
    // That of 2020, and a copy so that there is something to lower.
    let old = module(AS_OF_2020);
    for wasm in [&old, &lowered(&old, "wamr-2020")] {
        tells(
            &WAMR,
            wasm,
            "say() host=100 put=0,100,97 digest(@0,100) say() give=0",
            &format!("0 1 {A} 0 *"),
        );
        assert_eq!(exports(wasm), exports(&old));
    }
    assert!(check(&old, &named("wamr-2020").unwrap()).unwrap().fits);
}

/// What an AssemblyScript of 2020 exports; `say` prints, for which WAMR allocates.
const AS_OF_2020: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (global $top (mut i32) (i32.const 1024))
    (data (i32.const 64) "hi\n")
    (func (export "__new") (param $size i32) (param $id i32) (result i32)
        (global.get $top)
        (global.set $top (i32.and (i32.add (global.get $top) (i32.add (local.get $size) (i32.const 15))) (i32.const -16))))
    (func (export "__retain") (param i32) (result i32) (local.get 0))
    (func (export "__release") (param i32))
    (func (export "say") (result i32)
        (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 3))
        (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (func (export "digest") (param $p i32) (param $n i32) (result i32) (local $s i32)
        (drop (memory.size))
        (loop $l
            (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (i32.load8_u (local.get $p))))
            (local.set $p (i32.add (local.get $p) (i32.const 1)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $s)))"#;

/// Memory that grows where it ended, whatever `memory.grow` says: TinyGo and others count on it.
const CONTIGUOUS: &str = r#"(module
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 65536))
    ;; The address of as many new pages, or 0.
    (func (export "pages") (param $n i32) (result i32)
        (if (i32.lt_s (memory.grow (local.get $n)) (i32.const 0)) (then (return (i32.const 0))))
        (global.get $top)
        (global.set $top (i32.add (global.get $top) (i32.shl (local.get $n) (i32.const 16)))))
    (func (export "first") (param $p i32) (result i32) (i32.load8_u (local.get $p)))
    (func (export "size") (result i32) (memory.size)))"#;

#[test]
fn memory_that_has_to_grow_where_it_ends_does_not_while_the_host_has_a_buffer() {
    let module = module(CONTIGUOUS);
    let lowered = lower(&module, &named("wamr-2020").unwrap()).unwrap();
    let warning = lowered.warnings.join("\n");
    assert!(
        warning.contains("memory.grow of the program gives -1"),
        "{warning}"
    );
    tells(
        &WAMR,
        &lowered.wasm,
        "pages(2) size() host=100 put=0,100,65 pages(1) size() first(@0) see=0,2 give=0 pages(1) size() host=8",
        "65536 3 1 0 3 65 2080 * 196608 4 1",
    );
}

#[test]
fn an_argument_in_the_hosts_arena_is_read_after_the_guest_has_grown() {
    let component = wat::parse_str(
        r#"(component
        (core module $M (memory (export "memory") 1) (global $p (mut i32) (i32.const 1024))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $p) (global.set $p (i32.add (global.get $p) (local.get 3))))
            (func (export "first") (param i32 i32) (result i32)
                (drop (memory.grow (i32.const 1)))
                (i32.load8_u (local.get 0))))
        (core instance $m (instantiate $M))
        (func (export "first") (param "bytes" (list u8)) (result u32)
            (canon lift (core func $m "first") (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))"#,
    )
    .unwrap();
    let options = FlattenOptions {
        profile: named("wamr-2020").unwrap(),
        ..FlattenOptions::default()
    };
    let flat = flatten(&component, &options).unwrap();
    assert!(
        flat.report
            .warnings
            .iter()
            .any(|w| w.contains("an arena of 4096 bytes"))
    );
    let script = "host=100 put=0,100,65 first(@0,100) first(@0,100) host=50 first(@0,100) give=0 give=1 size";
    tells(&WAMR, &flat.wasm, script, "1 65 65 1 65 * * *");
}

#[test]
fn what_the_host_keeps_does_not_use_up_what_the_program_needs() {
    // Each line that is printed takes an iovec of the host's, in the same arena.
    let lowered = lowered(&guest("reactor-c"), "wamr-2020");
    let script = "host=1000 put=0,1000,97 ".to_owned()
        + &"say(7) ".repeat(600)
        + "see=0,100 give=0 host=3000";
    let right = "1 ".to_owned() + &"* ".repeat(600) + A + " * 1";
    tells(&WAMR, &lowered, &script, &right);
    for program in WAMR.iter() {
        let lines = told(program, &lowered, &script);
        let right = |line: &String| line == "29" || line == "30";
        assert!(lines[1..600].iter().all(right), "{lines:?}");
    }
}

#[test]
fn pieces_of_an_arena_come_back_in_any_order_and_its_size_can_be_chosen() {
    let module = module(CONTIGUOUS);
    let mut profile = named("wamr-2020").unwrap();
    profile.host.arena = 1024;
    let small = lower(&module, &profile).unwrap().wasm;
    // 1024 bytes: 16 in front, and 16 in front of each piece.
    tells(&WAMR, &small, "host=992 give=0 host=992", "1 * 1");
    tells(&WAMR, &small, "host=993", "!");
    let order =
        "host=300 host=300 host=300 give=1 host=284 give=0 give=2 host=340 give=3 give=4 host=992";
    tells(&WAMR, &small, order, "1 1 1 * 1 * * 1 * * 1");
    // Twice the same, and what never was one, is nothing.
    tells(
        &WAMR,
        &small,
        "host=300 host=300 give=0 give=0 host=300 host=300 host=300",
        "1 1 * * 1 1 !",
    );
    // A piece of nothing at the very end comes back, too.
    tells(
        &WAMR,
        &small,
        "host=976 host=0 give=1 give=0 host=992",
        "1 1 * * 1",
    );
    profile.host.arena = 65536;
    let large = lower(&module, &profile).unwrap().wasm;
    tells(
        &WAMR,
        &large,
        "host=60000 put=0,60000,1 give=0 host=65000",
        "1 * 1",
    );
}

#[test]
fn a_part_of_an_allocator_is_refused_with_what_to_do() {
    let wamr = named("wamr-2020").unwrap();
    for exports in [
        r#"(func (export "malloc") (param i32) (result i32) (i32.const 0))"#,
        r#"(func (export "free") (param i32))"#,
        r#"(func (export "malloc") (param i64) (result i32) (i32.const 0)) (func (export "free") (param i32))"#,
        r#"(func (export "malloc") (param i32) (result i32) (i32.const 0)) (func (export "free") (param i32))
           (func (export "__new") (param i32 i32) (result i32) (i32.const 0))"#,
    ] {
        let module = module(&format!(
            "(module (memory (export \"memory\") 1) {exports})"
        ));
        let error = format!("{:#}", lower(&module, &wamr).unwrap_err());
        assert!(error.contains("export"), "{error}");
        let verdict = check(&module, &wamr).unwrap();
        assert!(!verdict.fits && !verdict.fits_lowered, "{verdict}");
    }
}

#[test]
fn a_profile_of_ones_own_may_keep_or_rule_out_what_it_wants() {
    let text = Profile::source("wamr-2020").unwrap();
    let module = module(
        r#"(module (import "wasi_snapshot_preview1" "path_filestat_get"
            (func $stat (param i32 i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "stat") (result i32)
            (drop (call $stat (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64)))
            (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0)
                (i64.const 0) (i32.const 0) (i32.const 64)))
        (func (export "malloc") (param i32) (result i32) (i32.const 1024))
        (func (export "free") (param i32)))"#,
    );
    // The wrappers have their scratch, and nobody sees it.
    for text in [
        text.to_owned(),
        text.replace("app-heap = true", "app-heap = false"),
    ] {
        let lowered = lower(&module, &Profile::parse(&text).unwrap()).unwrap();
        let names = exports(&lowered.wasm);
        assert_eq!(
            names[..4],
            ["memory", "stat", "malloc", "free"],
            "{names:?}"
        );
        tells(&WAMR, &lowered.wasm, "host=8 stat() host=8", "1 * 1");
    }
    let none = text.replace(
        "shrinks-memory",
        "never-export = [\"malloc\", \"free\"]\nshrinks-memory",
    );
    let lowered = lower(&module, &Profile::parse(&none).unwrap());
    let warnings = lowered.map(|lowered| lowered.warnings.join("\n"));
    assert!(warnings.is_ok_and(|w| w.contains("the export malloc is left out")));
}

/// Says where its memory ends, and asks nobody how large it is.
const SMALL: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (global $stack (mut i32) (i32.const 1024))
    (global (export "__data_end") i32 (i32.const 1040))
    (global (export "__heap_base") i32 (i32.const 1040))
    (data (i32.const 1024) "hi\n")
    (func (export "say") (result i32)
        (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 3))
        (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (func (export "extend") (param i32) (result i32) (i32.extend8_s (local.get 0))))"#;

#[test]
fn exports_that_say_where_memory_ends_stay_where_they_are_true() {
    let module = module(SMALL);
    for wasm in [
        module.clone(),
        lowered(&module, "wamr-2020"),
        lowered(&module, "mvp"),
    ] {
        assert_eq!(exports(&wasm), exports(&module));
        // A page does not fit such a pool: the runtime cuts it.
        let script = "pool=32768 stack=4096 say() host=64 put=0,64,1 say() extend(255) size";
        tells(&WAMR, &wasm, script, "0 1 0 4294967295 *");
        for program in WAMR.iter() {
            let size: u32 = told(program, &wasm, "size")[0].parse().unwrap();
            // Later releases round to pages of the host.
            let most = match option_env!("WAMR_2020_EMBEDDER") {
                Some(of_2020) if program == of_2020 => 2048,
                _ => 4096,
            };
            assert!(size <= most, "{program}: {size}");
        }
    }
    assert!(check(&module, &named("wamr-2020").unwrap()).unwrap().fits);
    // Where something of ours lies above, they are not true any more; where the code grows, the runtime
    // would put its heap where the program has its own.
    let with = |more: &str| {
        SMALL.replace(
            "(func (export \"say\")",
            &format!("{more} (func (export \"say\")"),
        )
    };
    let above =
        with("(table 1 funcref) (func (export \"set\") (table.set (i32.const 0) (ref.null func)))");
    let grows = with("(func (export \"more\") (result i32) (memory.grow (i32.const 1)))");
    for (wat, profile, says) in [
        (&above, "wamr-2020", false),
        (&grows, "portable", false),
        (&grows, "wamr-2020", true),
        (&grows, "wasm3", true),
    ] {
        let lowered = lower(&wat::parse_str(wat).unwrap(), &named(profile).unwrap()).unwrap();
        let kept = exports(&lowered.wasm)
            .iter()
            .any(|name| name == "__heap_base");
        assert_eq!(kept, says, "{profile}");
        let warned = lowered
            .warnings
            .iter()
            .any(|w| w.contains("the export __heap_base is left out"));
        assert_eq!(warned, !says, "{profile}: {:?}", lowered.warnings);
        if profile != "wasm3" {
            tells(
                &WAMR,
                &lowered.wasm,
                "say() host=64 put=0,64,1 say() extend(255)",
                "0 1 0 4294967295",
            );
        }
    }
}

/// What a tool that makes modules smaller leaves of one, or nothing where it is not installed.
fn after(tool: &str, args: &[&str], wasm: &[u8]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (
        folder.path().join("in.wasm"),
        folder.path().join("out.wasm"),
    );
    std::fs::write(&from, wasm).unwrap();
    let output = Command::new(tool)
        .args(args)
        .arg(&from)
        .arg("-o")
        .arg(&to)
        .output();
    match output {
        Ok(output) if output.status.success() => std::fs::read(&to).ok(),
        Ok(output) => panic!("{tool}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => {
            eprintln!("skipped: {tool} is not installed");
            None
        }
    }
}

/// All sections but custom ones.
fn stripped(wasm: &[u8]) -> Vec<u8> {
    let mut left = wasm[..8].to_vec();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        let payload = payload.unwrap();
        if let Some((id, range)) = payload.as_section()
            && id != 0
        {
            wasm_encoder::Section::append_to(
                &wasm_encoder::RawSection {
                    id,
                    data: &wasm[range.start as usize..range.end as usize],
                },
                &mut left,
            );
        }
    }
    left
}

#[test]
fn what_was_lowered_is_known_after_every_strip_and_optimiser() {
    let wamr = named("wamr-2020").unwrap();
    let node = named("node").unwrap();
    let once = lowered(&guest("files-c"), "wamr-2020");
    let mut smaller = vec![("stripped", stripped(&once))];
    for (tool, args) in [
        ("wasm-strip", vec![]),
        // `llvm-objcopy --strip-all`
        ("llvm-strip-22", vec!["--strip-all"]),
        ("wasm-opt", vec!["-Oz", "--strip", "--strip-producers"]),
        ("wasm-opt", vec!["-O3", "--strip"]),
    ] {
        smaller.extend(after(tool, &args, &once).map(|wasm| (tool, wasm)));
    }
    for (tool, wasm) in smaller {
        let verdict = check(&wasm, &wamr).unwrap();
        assert!(verdict.fits, "{tool}: {verdict}");
        let again = lowered(&wasm, "wamr-2020");
        assert_eq!(again, lowered(&again, "wamr-2020"), "{tool}");
        let grown = again.len() as i64 - wasm.len() as i64;
        assert!(grown <= 0, "{tool}: {grown} bytes more");
        let verdict = check(&wasm, &node).unwrap();
        assert!(!verdict.fits && !verdict.fits_lowered, "{tool}: {verdict}");
        assert!(lower(&wasm, &node).is_err(), "{tool}");
        assert!(wrap(&wasm, &WrapOptions::default()).is_err(), "{tool}");
    }
}

/// Makes so many handles of its own while its memory grows, looks at all, drops all: 0 when all is well.
const HANDLES: &str = r#"(component
    (type $r (resource (rep i32)))
    (core func $new (canon resource.new $r))
    (core func $rep (canon resource.rep $r))
    (core func $drop (canon resource.drop $r))
    (core module $M
        (import "" "new" (func $new (param i32) (result i32)))
        (import "" "rep" (func $rep (param i32) (result i32)))
        (import "" "drop" (func $drop (param i32)))
        (memory (export "memory") 2)
        ;; Of those that take what they are given.
        (func $"dlmalloc::dlmalloc" (drop (memory.grow (i32.const 1))))
        (func (export "run") (param $n i32) (result i32) (local $i i32) (local $bad i32)
            (loop $each
                (i32.store (i32.shl (local.get $i) (i32.const 2)) (call $new (i32.xor (local.get $i) (i32.const 0x5555))))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (if (i32.eqz (i32.and (local.get $i) (i32.const 1023))) (then (call $"dlmalloc::dlmalloc")))
                (br_if $each (i32.lt_u (local.get $i) (local.get $n))))
            (local.set $i (i32.const 0))
            (loop $each
                (local.set $bad (i32.add (local.get $bad) (i32.ne
                    (call $rep (i32.load (i32.shl (local.get $i) (i32.const 2))))
                    (i32.xor (local.get $i) (i32.const 0x5555)))))
                (call $drop (i32.load (i32.shl (local.get $i) (i32.const 2))))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $each (i32.lt_u (local.get $i) (local.get $n))))
            (local.get $bad)))
    (core instance $m (instantiate $M (with "" (instance
        (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop))))))
    (func (export "run") (param "n" u32) (result u32) (canon lift (core func $m "run"))))"#;

#[test]
fn tables_of_handles_grow_while_the_host_has_a_buffer_around_which_the_guest_grows() {
    let component = wat::parse_str(HANDLES).unwrap();
    let options = FlattenOptions {
        profile: named("wamr-2020").unwrap(),
        verify: true,
        ..FlattenOptions::default()
    };
    let flat = flatten(&component, &options).unwrap().wasm;
    for script in [
        // Before the buffer, with it, and after it.
        "run(5) run(9000) host=100 put=0,100,97 run(20000) see=0,100 run(30000) see=0,100 give=0 run(32000)",
        "host=100 put=0,100,97 run(7) see=0,100 run(20000) see=0,100 run(30000) give=0 run(32000)",
    ] {
        let right = script
            .split(' ')
            .filter(|word| !word.starts_with("put"))
            .map(|word| match word {
                "host=100" => "1",
                "see=0,100" => A,
                "give=0" => "*",
                _ => "0",
            });
        let right: Vec<&str> = right.collect();
        tells(&WAMR, &flat, script, &right.join(" "));
    }
}

/// An async function that gives up turns before it returns, and traps for 0; and one that does neither.
const TASKS: &str = r#"(component
    (core func $return (canon task.return (result u32)))
    (core func $get (canon context.get i32 0))
    (core func $set (canon context.set i32 0))
    (core module $M
        (import "" "return" (func $return (param i32)))
        (import "" "get" (func $get (result i32)))
        (import "" "set" (func $set (param i32)))
        (func (export "half") (param i32) (result i32)
            (call $set (local.get 0)) (i32.const 1))
        (func (export "half-cb") (param i32 i32 i32) (result i32)
            (if (i32.eqz (call $get)) (then unreachable))
            (call $set (i32.sub (call $get) (i32.const 2)))
            (if (i32.gt_s (call $get) (i32.const 1)) (then (return (i32.const 1))))
            (call $return (i32.add (call $get) (i32.const 40)))
            (i32.const 0))
        (func (export "plain") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
    (core instance $m (instantiate $M (with "" (instance
        (export "return" (func $return)) (export "get" (func $get)) (export "set" (func $set))))))
    (func (export "half") async (param "n" u32) (result u32)
        (canon lift (core func $m "half") async (callback (core func $m "half-cb"))))
    (func (export "plain") (param "n" u32) (result u32) (canon lift (core func $m "plain"))))"#;

#[test]
fn an_async_export_is_called_like_any_other_and_after_a_trap_nothing_is() {
    let component = wat::parse_str(TASKS).unwrap();
    for (programs, profile) in [(&WAMR, "wamr-2020"), (&WASM3, "wasm3")] {
        let options = FlattenOptions {
            profile: named(profile).unwrap(),
            verify: true,
            ..FlattenOptions::default()
        };
        let flat = flatten(&component, &options).unwrap().wasm;
        let script = "half(8) half(9) plain(3) half(9) ?half(0) ?half(8) ?plain(3) ?half(8)";
        tells(programs, &flat, script, "40 41 4 41 ! ! ! !");
    }
}
