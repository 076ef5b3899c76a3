//! Other formats than ELF programs: objects and programs of other systems, archives, files that
//! carry modules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use p1bridge::probe::{EmbeddedKind, probe};

use super::build::{CLASSIC, Wamr, folder, run, wamr_sources, wamrs};
use super::{has, only, probed, profile_of};

/// Sources that say what a WAMR was built with.
const SOURCES: &[&str] = &[
    "core/iwasm/interpreter/wasm_loader.c",
    "core/iwasm/common/wasm_native.c",
    "core/iwasm/interpreter/wasm_interp_classic.c",
    "core/iwasm/libraries/libc-wasi/libc_wasi_wrapper.c",
    "core/iwasm/libraries/libc-builtin/libc_builtin_wrapper.c",
];

const SUFFIX: &str = "22";

fn there(tool: &str) -> bool {
    let there = Command::new(tool).arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: there is no {tool}");
    }
    there
}

/// The sources as objects for another system. Its headers are not needed: they are preprocessed
/// with those of this machine, which is good enough for what is never run.
fn objects(target: &'static str) -> Option<Vec<PathBuf>> {
    static BUILT: Mutex<BTreeMap<&str, Option<Vec<PathBuf>>>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built
        .entry(target)
        .or_insert_with(|| compile(target))
        .clone()
}

fn compile(target: &str) -> Option<Vec<PathBuf>> {
    let root = wamr_sources()?;
    let clang = format!("clang-{SUFFIX}");
    if !there(&clang) {
        return None;
    }
    let folder = folder().join(target);
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut objects = Vec::new();
    for source in SOURCES {
        let name = source.rsplit('/').next().expect("a name");
        let text = folder.join(name).with_extension("i");
        let object = folder.join(name).with_extension("o");
        run(Command::new(&clang)
            .args(Wamr { root }.flags(&CLASSIC))
            .args([
                "-DWASM_ENABLE_BULK_MEMORY=1",
                "-D_Static_assert(a,b)=",
                "-E",
                "-P",
            ])
            .arg(root.join(source))
            .arg("-o")
            .arg(&text));
        run(Command::new(&clang)
            .arg(format!("--target={target}"))
            .args(["-std=gnu99", "-w", "-O1", "-c", "-xcpp-output"])
            .arg(&text)
            .arg("-o")
            .arg(&object));
        objects.push(object);
    }
    Some(objects)
}

fn archive(target: &'static str) -> Option<PathBuf> {
    static BUILT: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    let objects = objects(target)?;
    let archive = folder().join(format!("{target}.a"));
    // Several tests read it: whoever comes first makes it.
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !built.insert(target) {
        return Some(archive);
    }
    // `rc` adds to one that is there.
    let _ = std::fs::remove_file(&archive);
    run(Command::new(format!("llvm-ar-{SUFFIX}"))
        .arg("rc")
        .arg(&archive)
        .args(objects));
    Some(archive)
}

#[test]
fn archives_of_objects_for_any_system_have_the_same_functions_and_features() {
    for (target, format) in [
        ("x86_64-linux-gnu", "ELF 64-bit X86_64"),
        ("aarch64-linux-gnu", "ELF 64-bit AARCH64"),
        ("armv7-linux-gnueabi", "ELF 32-bit ARM"),
        ("riscv32-unknown-elf", "ELF 32-bit RISCV"),
        ("x86_64-pc-windows-gnu", "COFF 64-bit X86_64"),
        ("x86_64-apple-darwin", "Mach-O 64-bit x86_64"),
        ("arm64-apple-darwin", "Mach-O 64-bit arm64"),
    ] {
        let Some(archive) = archive(target) else {
            return;
        };
        let report = probed(&archive);
        assert_eq!(
            (report.format.as_str(), report.objects),
            (format, SOURCES.len())
        );
        let runtime = only(&archive);
        let profile = profile_of(&runtime);
        assert!(
            has(&profile, "bulk-memory") && !has(&profile, "tail-call"),
            "{target}"
        );
        let [wasi, env] = &runtime.hosts[..] else {
            panic!("{target}: {report}");
        };
        let signed = |host: &p1bridge::probe::HostModule| {
            let known = |one: &&p1bridge::probe::HostFunction| one.signature.is_some();
            host.functions.iter().filter(known).count()
        };
        assert_eq!((signed(wasi), signed(env)), (45, 54), "{target}: {report}");
        // A program that is linked of it may have more.
        assert!(!env.complete && runtime.profile.contains("functions = \"any\""));
    }
}

#[test]
fn programs_of_windows_and_macos_have_the_functions_of_their_tables() {
    let windows = folder().join("wamr.exe");
    let macos = folder().join("wamr.dylib");
    if let Some(objects) = objects("x86_64-pc-windows-gnu") {
        run(Command::new(format!("lld-link-{SUFFIX}"))
            .args([
                "/force:unresolved",
                "/entry:wasm_native_init",
                "/nodefaultlib",
            ])
            .args(["/opt:noref", "/subsystem:console"])
            .arg(format!("/out:{}", windows.display()))
            .args(objects));
        let runtime = only(&windows);
        assert_eq!(runtime.hosts[0].functions.len(), 45);
        assert_eq!(runtime.hosts[1].functions.len(), 54);
        assert!(probed(&windows).format.starts_with("PE 64-bit"));
    }
    for (arch, target) in [
        ("x86_64", "x86_64-apple-darwin"),
        ("arm64", "arm64-apple-darwin"),
    ] {
        let Some(objects) = objects(target) else {
            return;
        };
        // Pointers are fixed up in a chain or by opcodes.
        for fixups in ["-fixup_chains", "-no_fixup_chains"] {
            run(Command::new(format!("ld64.lld-{SUFFIX}"))
                .args([
                    "-dylib",
                    "-arch",
                    arch,
                    "-platform_version",
                    "macos",
                    "12",
                    "12",
                ])
                .args(["-undefined", "dynamic_lookup", fixups, "-o"])
                .arg(&macos)
                .args(&objects));
            let runtime = only(&macos);
            assert_eq!(runtime.hosts[0].functions.len(), 45, "{arch} {fixups}");
            assert_eq!(runtime.hosts[1].functions.len(), 54, "{arch} {fixups}");
            assert!(runtime.hosts[1].functions[0].signature.is_some());
        }
    }
}

#[test]
fn webassembly_inside_a_program_is_listed_and_checked() {
    let Some((_, program)) = wamrs().first() else {
        return;
    };
    let fits = wat::parse_str("(module (memory (export \"memory\") 1))").expect("a module");
    let bulk = wat::parse_str(
        "(module (memory 1) (func i32.const 0 i32.const 0 i32.const 0 memory.fill))",
    );
    let bulk = bulk.expect("a module");
    let component = wat::parse_str("(component (core module (func)))").expect("a component");
    let mut bytes = std::fs::read(program).expect("the program");
    let mut places = Vec::new();
    for wasm in [&fits, &bulk, &component] {
        bytes.extend(b"padding\0\0\0");
        places.push((bytes.len() as u64, wasm.len() as u64));
        bytes.extend(wasm.iter());
        bytes.extend([0; 20]);
    }
    // Base64 of `(module (func (export "f")))`, between quotes.
    bytes.extend(b"\"AGFzbQEAAAABBAFgAAADAgEABwUBAWYAAAoEAQIACw==\"");
    let cut = bytes.len() as u64;
    bytes.extend(&bulk[..bulk.len() - 2]);

    let report = probe(&bytes, "device").expect("a report");
    let listed: Vec<_> = report
        .modules
        .iter()
        .map(|one| (one.offset, one.size.unwrap_or(0)))
        .collect();
    assert_eq!(listed[..3], places[..], "{report}");
    let [first, second, third, fourth, fifth] = &report.modules[..] else {
        panic!("{report}");
    };
    assert!(
        second
            .verdict
            .as_ref()
            .is_some_and(|verdict| !verdict.fits && verdict.fits_lowered)
    );
    assert!(first.verdict.is_some() && first.damaged.is_none());
    assert_eq!(third.kind, EmbeddedKind::Component);
    assert!(third.verdict.is_some() || third.unchecked.is_some());
    assert!(fourth.base64 && fourth.verdict.is_some() && fourth.size == Some(42));
    assert_eq!(fifth.offset, cut);
    assert!(
        fifth
            .damaged
            .as_ref()
            .is_some_and(|why| why.contains("cut off"))
    );
}

/// One object of each format, to be damaged.
pub fn small() -> Vec<(String, Vec<u8>)> {
    let mut small = Vec::new();
    for target in [
        "x86_64-linux-gnu",
        "x86_64-pc-windows-gnu",
        "arm64-apple-darwin",
    ] {
        let Some(objects) = objects(target) else {
            return small;
        };
        let object = std::fs::read(&objects[3]).expect("the object");
        small.push((target.to_string(), object));
    }
    if let Some(archive) = archive("x86_64-pc-windows-gnu") {
        small.push((
            "archive".to_string(),
            std::fs::read(archive).expect("the archive"),
        ));
    }
    small
}
