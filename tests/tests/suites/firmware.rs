//! `retrofit` on firmware that runs: `corpus/firmware/`, wasm3 and the WAMR of 2020 on a Cortex-M3, with an array as xxd writes
//! it, a file that the linker put there, and a marked slot. QEMU says whether an image still works.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use p1bridge::retrofit::{Difference, Kind, Options, Replaced, Slot, Where, replace, slots};
use p1bridge_tests::child;
use sha2::{Digest, Sha256};

const FORMATS: [&str; 4] = ["elf", "bin", "hex", "srec"];

/// A folder of `corpus/firmware/prebuilt/`.
struct Firmware {
    folder: &'static str,
    /// What it says of itself.
    banner: &'static str,
    /// What `retrofit` says of it.
    runtime: &'static str,
    /// The bytes of the module that was flattened.
    component: u64,
}

const FIRMWARE: [Firmware; 2] = [
    Firmware {
        folder: "wasm3",
        banner: "firmware with wasm3 0.4.7",
        runtime: "wasm3 0.4.7 or before",
        component: 1789,
    },
    Firmware {
        folder: "wamr",
        banner: "firmware with WAMR of December 2020",
        runtime: "wamr before 1.0",
        component: 1828,
    },
];

impl Firmware {
    fn path(&self, format: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/firmware/prebuilt");
        folder.join(self.folder).join("fw").with_extension(format)
    }

    /// The image; none in a format that is not known yet.
    fn image(&self, format: &str) -> Option<Vec<u8>> {
        let image = std::fs::read(self.path(format)).unwrap();
        if format == "srec" && slots(&image, None).unwrap().files.is_empty() {
            eprintln!("skipped: S-records are not known here");
            return None;
        }
        Some(image)
    }
}

/// A module of the firmware: what it prints, and its result.
#[derive(Clone, PartialEq)]
struct Part {
    text: String,
    code: i32,
}

fn part(text: &str, code: i32) -> Part {
    Part {
        text: text.to_string(),
        code,
    }
}

/// In the order in which they run.
const NAMES: [&str; 3] = ["plain", "component", "marked"];
const RESERVE: u64 = 4096;
const PLAIN: u64 = 278;

fn as_built() -> [Part; 3] {
    [
        part(
            "plain 1.0, primes: 02 03 05 07 11 13 17 19 23 29 31 37 41 43 47\n",
            15,
        ),
        part("hello, world\n", 0),
        part("marked 1.0\n", 14),
    ]
}

/// All that the firmware prints, and its exit code.
fn output(firmware: &Firmware, parts: &[Part; 3]) -> (String, i32) {
    let mut text = format!("{}\n", firmware.banner);
    for (name, part) in NAMES.iter().zip(parts) {
        text += &format!("{}{name}: {}\n", part.text, part.code);
    }
    (text, parts.iter().map(|part| part.code).sum())
}

/// Whether there is QEMU; says so if there is none.
fn qemu() -> bool {
    let found = Command::new("qemu-system-arm").arg("--version").output();
    if found.is_ok_and(|ended| ended.status.success()) {
        return true;
    }
    let required = std::env::var("P1BRIDGE_REQUIRE_ENGINES").unwrap_or_default();
    assert!(
        !required.contains("qemu"),
        "qemu is required, and there is no qemu-system-arm"
    );
    eprintln!("skipped: there is no qemu-system-arm");
    false
}

/// Runs an image, as the board would.
fn run(image: &[u8], format: &str) -> (String, i32) {
    let folder = tempfile::tempdir().unwrap();
    let (ending, bytes) = match format {
        "srec" => ("bin", memory(image)),
        _ => (format, image.to_vec()),
    };
    let file = folder.path().join("fw").with_extension(ending);
    std::fs::write(&file, bytes).unwrap();
    let mut qemu = Command::new("qemu-system-arm");
    qemu.args(["-M", "mps2-an385", "-display", "none", "-serial", "none"])
        .args(["-monitor", "none"])
        .args(["-semihosting-config", "enable=on,target=native"]);
    match ending {
        "elf" => qemu.arg("-kernel").arg(&file),
        "hex" => qemu.args(["-device", &format!("loader,file={}", file.display())]),
        _ => qemu.args(["-device", &format!("loader,file={},addr=0", file.display())]),
    };
    let ended = child::run(&mut qemu, &[], Duration::from_secs(60)).unwrap();
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    let said = String::from_utf8_lossy(&ended.stderr);
    (text + &said, ended.status.code().unwrap_or(-1))
}

/// The memory from 0 on that S-records say.
fn memory(records: &[u8]) -> Vec<u8> {
    let mut memory = Vec::new();
    for line in std::str::from_utf8(records).unwrap().lines() {
        let bytes: Vec<u8> = (2..line.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap())
            .collect();
        let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        assert_eq!(sum, 0xff, "the checksum of {line}");
        let width = match line.as_bytes()[1] {
            kind @ b'1'..=b'3' => usize::from(kind - b'0') + 1,
            _ => continue,
        };
        let address = bytes[1..=width]
            .iter()
            .fold(0usize, |address, byte| address << 8 | usize::from(*byte));
        let data = &bytes[width + 1..bytes.len() - 1];
        memory.resize(memory.len().max(address + data.len()), 0);
        memory[address..address + data.len()].copy_from_slice(data);
    }
    memory
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// A module for the slots of this firmware that prints a text with so many more bytes of data.
fn module(text: &str, code: i32, more: usize) -> Vec<u8> {
    let data: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let more: String = (0..more).map(|at| format!("\\{:02x}", at % 251)).collect();
    wat(&format!(
        r#"(module (import "env" "print" (func $print (param i32 i32))) (memory (export "memory") 1)
            (data (i32.const 64) "{data}{more}")
            (func (export "run") (result i32)
              (call $print (i32.const 64) (i32.const {})) (i32.const {code})))"#,
        text.len()
    ))
}

fn today() -> Vec<u8> {
    wat(include_str!("../../pages/today.wat"))
}

/// What takes the place of each, and what the firmware does then.
fn new_parts() -> [(Vec<u8>, Part); 3] {
    [
        (module("plain 2.0\n", 21, 100), part("plain 2.0\n", 21)),
        (today(), part("made today, for a runtime of 2020\n", 1)),
        (module("marked 2.0\n", 33, 4000), part("marked 2.0\n", 33)),
    ]
}

/// The slots in the order in which they run.
fn by_part(image: &[u8]) -> [Slot; 3] {
    let report = slots(image, None).unwrap();
    let [component, marked, plain] = &report.slots[..] else {
        panic!("{report}");
    };
    [plain.clone(), component.clone(), marked.clone()]
}

fn at(slot: &Slot) -> Options {
    Options {
        slots: vec![Where::Number(slot.number)],
        ..Options::default()
    }
}

fn replaced(image: &[u8], slot: &Slot, new: &[u8]) -> Replaced {
    replace(image, new, &at(slot)).unwrap_or_else(|error| panic!("{}: {error:#}", slot.path))
}

fn refusal(image: &[u8], new: &[u8], options: &Options) -> String {
    format!("{:#}", replace(image, new, options).unwrap_err())
}

#[test]
fn list_finds_three_slots_and_the_runtime_in_every_format() {
    for firmware in &FIRMWARE {
        for format in FORMATS {
            let Some(image) = firmware.image(format) else {
                continue;
            };
            let report = slots(&image, None).unwrap();
            assert_eq!(
                report.runtime.as_deref(),
                Some(firmware.runtime),
                "{format}"
            );
            assert!(report.warnings.is_empty(), "{format}: {report}");
            assert_eq!(report.slots.len(), 3, "{format}: {report}");
            for slot in &report.slots {
                let verdict = slot.verdict.as_ref().unwrap();
                assert!(verdict.fits, "{format}: {report}");
                assert!(slot.damaged.is_none() && slot.at_most.is_none(), "{report}");
            }
            let [plain, component, marked] = by_part(&image);
            assert_eq!((plain.kind, plain.length), (Kind::Module, PLAIN));
            assert_eq!(
                (component.kind, component.length),
                (Kind::Module, firmware.component)
            );
            assert_eq!(marked.kind, Kind::Marked);
            assert_eq!(marked.capacity, marked.length + RESERVE);
            let symbols = [plain, component, marked].map(|slot| slot.symbol);
            let expected = match format {
                "elf" => ["plain_wasm", "_binary_component_wasm_start", "app_slot"].map(Some),
                _ => [None; 3],
            };
            assert_eq!(
                symbols.each_ref().map(|s| s.as_deref()),
                expected,
                "{format}"
            );
        }
    }
}

/// The code of `main` has strings beside it, of which three in a row look like a function of the runtime.
#[test]
fn strings_beside_code_are_no_functions_of_the_runtime() {
    for format in ["elf", "bin"] {
        let image = FIRMWARE[1].image(format).unwrap();
        let report = p1bridge::probe::probe(&image, "fw").unwrap();
        let hosts = &report.runtimes[0].hosts;
        let env = hosts.iter().find(|host| host.name == "env").unwrap();
        assert_eq!(env.functions.len(), 55, "{format}");
        let text = "wasi_snapshot_preview1";
        assert!(env.functions.iter().all(|function| function.name != text));
    }
}

#[test]
fn the_images_run_as_they_were_built() {
    if !qemu() {
        return;
    }
    for firmware in &FIRMWARE {
        for format in FORMATS {
            let image = std::fs::read(firmware.path(format)).unwrap();
            let ran = run(&image, format);
            assert_eq!(ran, output(firmware, &as_built()), "{format}");
        }
    }
}

#[test]
fn each_module_is_replaced_and_the_others_run_as_before() {
    let runs = qemu();
    for firmware in &FIRMWARE {
        for format in FORMATS {
            let Some(image) = firmware.image(format) else {
                continue;
            };
            let all = by_part(&image);
            for (number, (new, part)) in new_parts().into_iter().enumerate() {
                let slot = &all[number];
                let replaced = replaced(&image, slot, &new);
                assert_eq!(replaced.image.len(), image.len());
                if runs {
                    let mut parts = as_built();
                    parts[number] = part;
                    let ran = run(&replaced.image, format);
                    assert_eq!(ran, output(firmware, &parts), "{} {format}", slot.path);
                }
            }
        }
    }
}

#[test]
fn all_three_are_replaced_one_after_the_other() {
    let runs = qemu();
    for firmware in &FIRMWARE {
        let mut image = firmware.image("hex").unwrap();
        for (slot, (new, _)) in by_part(&image).iter().zip(new_parts()) {
            image = replaced(&image, slot, &new).image;
        }
        if runs {
            let parts = new_parts().map(|(_, part)| part);
            assert_eq!(run(&image, "hex"), output(firmware, &parts));
        }
    }
}

/// The pages that a module begins with.
fn pages(module: &[u8]) -> u64 {
    let payloads = wasmparser::Parser::new(0).parse_all(module);
    let memories = payloads.filter_map(|payload| match payload.unwrap() {
        wasmparser::Payload::MemorySection(memories) => Some(memories),
        _ => None,
    });
    memories.flatten().map(|ty| ty.unwrap().initial).sum()
}

#[test]
fn the_old_module_put_back_gives_the_old_image() {
    for firmware in &FIRMWARE {
        for format in FORMATS {
            let Some(image) = firmware.image(format) else {
                continue;
            };
            for (slot, (new, _)) in by_part(&image).iter().zip(new_parts()) {
                let old = p1bridge::retrofit::contents(&image, slot).unwrap();
                let changed = replaced(&image, slot, &new).image;
                assert!(changed != image);
                // The new one has less memory. What fills its slot knows that there was more; a marked slot has no such place.
                if slot.kind == Kind::Marked && pages(&old) > pages(&new) {
                    let refused = refusal(&changed, &old, &at(slot));
                    assert!(refused.contains("--undo"), "{refused}");
                }
                let allow = match slot.kind {
                    Kind::Marked => [Difference::Memory].into(),
                    _ => [].into(),
                };
                let options = Options { allow, ..at(slot) };
                let back = replace(&changed, &old, &options).unwrap();
                assert!(back.image == image, "{} {format}", slot.path);
            }
        }
    }
}

#[test]
fn the_runtimes_load_what_fills_a_slot_of_any_length() {
    let runs = qemu();
    let shortest = module("x\n", 3, 0).len();
    let gaps = (0..=10).chain([63, 64, 65, 130, 131, 132, 133, 134, 170]);
    for firmware in &FIRMWARE {
        let image = firmware.image("bin").unwrap();
        let [plain, ..] = by_part(&image);
        for gap in gaps.clone() {
            // One byte of data is one byte of module, but where a length becomes one longer.
            let wanted = plain.length as usize - gap;
            let more = (0..=wanted - shortest)
                .rev()
                .find(|more| module("x\n", 3, *more).len() == wanted);
            let Some(more) = more else {
                assert!(gap > 100, "no module has {wanted} bytes");
                continue;
            };
            let replaced = replaced(&image, &plain, &module("x\n", 3, more));
            if runs {
                let mut parts = as_built();
                parts[0] = part("x\n", 3);
                assert_eq!(
                    run(&replaced.image, "bin"),
                    output(firmware, &parts),
                    "{gap}"
                );
            }
        }
    }
}

#[test]
fn a_marked_slot_is_filled_to_its_last_byte_and_no_further() {
    let runs = qemu();
    for firmware in &FIRMWARE {
        let image = firmware.image("elf").unwrap();
        let [_, _, marked] = by_part(&image);
        let least = module("full\n", 2, 4000).len() - 4000;
        let full = module("full\n", 2, marked.capacity as usize - least);
        assert_eq!(full.len() as u64, marked.capacity);
        let replaced = replaced(&image, &marked, &full);
        if runs {
            let mut parts = as_built();
            parts[2] = part("full\n", 2);
            assert_eq!(run(&replaced.image, "elf"), output(firmware, &parts));
        }
        let more = module("full\n", 2, marked.capacity as usize - least + 1);
        let refused = refusal(&image, &more, &at(&marked));
        assert!(refused.contains("1 too many"), "{refused}");
    }
}

#[test]
fn a_marked_slot_with_a_wrong_sum_is_empty_to_the_firmware_until_it_is_replaced() {
    let runs = qemu();
    for firmware in &FIRMWARE {
        let mut image = firmware.image("bin").unwrap();
        let [_, _, marked] = by_part(&image);
        image[marked.at - 1] ^= 0x10;
        let report = slots(&image, None).unwrap();
        let [warning] = &report.warnings[..] else {
            panic!("{report}");
        };
        assert!(warning.contains("takes it for empty"), "{warning}");
        if runs {
            let (text, code) = run(&image, "bin");
            assert!(text.ends_with("marked: nothing\n"), "{text}");
            assert_eq!(code, 15);
        }
        let new = module("marked 2.0\n", 33, 0);
        let replaced = replaced(&image, &marked, &new);
        assert!(slots(&replaced.image, None).unwrap().warnings.is_empty());
        if runs {
            let mut parts = as_built();
            parts[2] = part("marked 2.0\n", 33);
            assert_eq!(run(&replaced.image, "bin"), output(firmware, &parts));
        }
    }
}

#[test]
fn an_empty_slot_takes_its_first_module() {
    let runs = qemu();
    for firmware in &FIRMWARE {
        let mut image = firmware.image("elf").unwrap();
        let [plain, component, marked] = by_part(&image);
        // As the macro of p1bridge_slot.h leaves it.
        image[marked.at - 8..marked.at + marked.capacity as usize].fill(0);
        let [_, _, empty] = by_part(&image);
        assert_eq!((empty.kind, empty.length), (Kind::Marked, 0));
        assert_eq!(empty.capacity, marked.capacity);
        assert_eq!(empty.symbol.as_deref(), Some("app_slot"));
        if runs {
            let (text, _) = run(&image, "elf");
            assert!(text.ends_with("marked: nothing\n"), "{text}");
        }
        // The others are there as they were.
        let again = by_part(&image);
        assert_eq!(
            [&again[0].path, &again[1].path],
            [&plain.path, &component.path]
        );
        let new = module("marked 2.0\n", 33, 100);
        let replaced = replaced(&image, &empty, &new);
        if runs {
            let mut parts = as_built();
            parts[2] = part("marked 2.0\n", 33);
            assert_eq!(run(&replaced.image, "elf"), output(firmware, &parts));
        }
    }
}

#[test]
fn a_shorter_module_keeps_its_length_where_the_firmware_has_that_from_a_variable() {
    let runs = qemu();
    for firmware in &FIRMWARE {
        let image = firmware.image("bin").unwrap();
        let [plain, ..] = by_part(&image);
        let word = (PLAIN as u32).to_le_bytes();
        let variables: Vec<usize> = (0..image.len() - 3)
            .step_by(4)
            .filter(|at| image[*at..*at + 4] == word)
            .collect();
        let [variable] = variables[..] else {
            panic!("plain_wasm_len is at one of {variables:?}");
        };
        let options = Options {
            length_at: Some(variable as u64),
            ..at(&plain)
        };
        let new = module("plain 2.0\n", 21, 0);
        let replaced = replace(&image, &new, &options).unwrap();
        assert_eq!(
            replaced.image[variable..variable + 4],
            (new.len() as u32).to_le_bytes()
        );
        if runs {
            let mut parts = as_built();
            parts[0] = part("plain 2.0\n", 21);
            assert_eq!(run(&replaced.image, "bin"), output(firmware, &parts));
        }
    }
}

#[test]
fn a_size_that_is_not_the_modules_is_refused() {
    for firmware in &FIRMWARE {
        let image = firmware.image("elf").unwrap();
        let new = module("plain 2.0\n", 21, 0);
        for (slot, why) in [
            ("plain_wasm+100", "its end would be left behind"),
            ("plain_wasm+300", "something else is there"),
            ("plain_wasm+4000", "something else is there"),
            ("app_slot+100", "this slot says its size itself"),
        ] {
            for length_at in [None, Some(4)] {
                let options = Options {
                    slots: vec![Where::parse(slot)],
                    length_at,
                    ..Options::default()
                };
                let refused = refusal(&image, &new, &options);
                assert!(refused.contains(why), "{slot}: {refused}");
            }
        }
    }
}

/// As such strings are in real firmware: a zero byte before it makes it a custom section of 73 bytes with a name of 32.
const DECOY: &[u8] =
    b"\0I (%lu) %s: connected to an access point of the network, with %u dBm, at %u";

#[test]
fn a_string_behind_a_module_that_looks_like_a_section_is_left_alone() {
    let new = module("plain 2.0\n", 21, 20);
    for firmware in &FIRMWARE {
        for format in ["elf", "bin"] {
            let mut image = firmware.image(format).unwrap();
            let [plain, ..] = by_part(&image);
            let end = plain.at + PLAIN as usize;
            image[end..end + DECOY.len()].copy_from_slice(DECOY);
            let [found, ..] = by_part(&image);
            assert_eq!(found.length, PLAIN, "{format}");
            if format == "elf" {
                // The symbol has decided.
                assert_eq!(found.at_most, None);
                let replaced = replaced(&image, &found, &new);
                assert_eq!(replaced.image[end..end + DECOY.len()], *DECOY);
                continue;
            }
            assert_eq!(found.at_most, Some(PLAIN + 75));
            let refused = refusal(&image, &new, &at(&found));
            assert!(
                refused.contains("if what follows belongs to it"),
                "{refused}"
            );
            for (size, kept) in [(PLAIN, true), (PLAIN + 75, false)] {
                let options = Options {
                    slots: vec![Where::Named {
                        name: found.path.clone(),
                        size: Some(size),
                    }],
                    ..Options::default()
                };
                let replaced = replace(&image, &new, &options).unwrap();
                let is_kept = replaced.image[end..end + DECOY.len()] == *DECOY;
                assert_eq!(is_kept, kept, "{size}");
            }
        }
    }
}

#[test]
fn what_the_firmware_cannot_use_is_refused_and_goes_wrong_where_it_is_allowed() {
    let runs = qemu();
    let start = r#"(module (import "env" "print" (func $print (param i32 i32))) (memory (export "memory") 1)
        (data (i32.const 8) "starts\n") (func $start (call $print (i32.const 8) (i32.const 7))) (start $start)
        (func (export "run") (result i32) (i32.const 3)))"#;
    let cases = [
        (
            r#"(module (import "env" "nope" (func $nope)) (memory (export "memory") 1)
                (func (export "run") (result i32) (call $nope) (i32.const 3)))"#,
            Difference::Imports,
            "failed",
        ),
        (
            r#"(module (memory (export "memory") 1) (func (export "walk") (result i32) (i32.const 3)))"#,
            Difference::Exports,
            "failed",
        ),
        (
            r#"(module (memory (export "memory") 9) (func (export "run") (result i32) (i32.const 3)))"#,
            Difference::Memory,
            "",
        ),
        (start, Difference::Start, "starts\n"),
    ];
    for firmware in &FIRMWARE {
        let image = firmware.image("elf").unwrap();
        let [plain, ..] = by_part(&image);
        for (text, difference, shown) in &cases {
            let new = wat(text);
            // Where the runtime has no start functions that call the host, it is lowered into an export.
            if *difference != Difference::Start || firmware.folder == "wamr" {
                let refused = refusal(&image, &new, &at(&plain));
                let option = format!("--allow {}", difference.word());
                assert!(refused.contains(&option), "{refused}");
            }
            let options = Options {
                allow: [*difference].into(),
                ..at(&plain)
            };
            let replaced = replace(&image, &new, &options).unwrap();
            if runs {
                let (text, _) = run(&replaced.image, "elf");
                assert!(text.contains(shown), "{text}");
                assert!(text.contains("marked: 14\n"), "{text}");
            }
        }
    }
}

/// An image for MCUboot: its header, the image, and a SHA-256 of both behind it.
fn mcuboot(image: &[u8]) -> Vec<u8> {
    const HEADER: usize = 0x200;
    let mut file = vec![0; HEADER];
    file[0..4].copy_from_slice(&0x96f3_b83d_u32.to_le_bytes());
    file[8..10].copy_from_slice(&(HEADER as u16).to_le_bytes());
    file[12..16].copy_from_slice(&(image.len() as u32).to_le_bytes());
    // Version 1.2.3.
    file[20..24].copy_from_slice(&[1, 2, 3, 0]);
    file.extend(image);
    let hash = Sha256::digest(&file);
    file.extend(0x6907_u16.to_le_bytes());
    file.extend((4 + 4 + 32_u16).to_le_bytes());
    file.extend(0x10_u16.to_le_bytes());
    file.extend(32_u16.to_le_bytes());
    file.extend(hash);
    file
}

/// The image inside, if the hash is right.
fn booted(file: &[u8]) -> &[u8] {
    let (hashed, tlvs) = file.split_at(file.len() - 40);
    assert_eq!(tlvs[8..], Sha256::digest(hashed)[..], "the hash");
    &hashed[0x200..]
}

fn crc32(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1))
        })
    });
    !crc
}

/// A zip that stores its files as they are.
fn zip(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let begin = zip.len() as u32;
        // Version, flags, method, time and date; the sum, both sizes, the lengths of the name and of nothing.
        let mut entry: Vec<u8> = [10u16, 0, 0, 0, 0x5a21]
            .into_iter()
            .flat_map(u16::to_le_bytes)
            .collect();
        for word in [
            crc32(bytes),
            bytes.len() as u32,
            bytes.len() as u32,
            name.len() as u32,
        ] {
            entry.extend(word.to_le_bytes());
        }
        zip.extend(b"PK\x03\x04");
        zip.extend(&entry);
        zip.extend(name.as_bytes());
        zip.extend(bytes);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&entry);
        // The length of a comment, the disk, and attributes.
        directory.extend([0; 10]);
        directory.extend(begin.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let begin = zip.len() as u32;
    let count = files.len() as u16;
    zip.extend(&directory);
    zip.extend(b"PK\x05\x06\0\0\0\0");
    zip.extend(count.to_le_bytes());
    zip.extend(count.to_le_bytes());
    zip.extend((directory.len() as u32).to_le_bytes());
    zip.extend(begin.to_le_bytes());
    zip.extend([0; 2]);
    zip
}

/// The files of a zip that stores them.
fn unzipped(zip: &[u8]) -> Vec<(String, Vec<u8>)> {
    let word = |at: usize| u32::from_le_bytes(zip[at..at + 4].try_into().unwrap());
    let half = |at: usize| usize::from(u16::from_le_bytes([zip[at], zip[at + 1]]));
    let mut files = Vec::new();
    let mut at = 0;
    while zip[at..].starts_with(b"PK\x03\x04") {
        let name = at + 30..at + 30 + half(at + 26);
        let begin = name.end + half(at + 28);
        let end = begin + word(at + 18) as usize;
        let bytes = zip[begin..end].to_vec();
        assert_eq!(word(at + 14), crc32(&bytes), "the sum in front of the file");
        files.push((String::from_utf8(zip[name].to_vec()).unwrap(), bytes));
        at = end;
    }
    files
}

#[test]
fn an_image_for_mcuboot_has_a_right_hash_and_runs() {
    let runs = qemu();
    for firmware in &FIRMWARE {
        let image = mcuboot(&firmware.image("bin").unwrap());
        for (number, (new, part)) in new_parts().into_iter().enumerate() {
            let replaced = replaced(&image, &by_part(&image)[number], &new);
            let inside = booted(&replaced.image);
            if runs {
                let mut parts = as_built();
                parts[number] = part;
                assert_eq!(run(inside, "bin"), output(firmware, &parts));
            }
        }
    }
}

#[test]
fn an_update_with_an_image_for_each_slot_of_mcuboot_is_replaced_in_its_zip() {
    let runs = qemu();
    for firmware in &FIRMWARE {
        let image = mcuboot(&firmware.image("bin").unwrap());
        let update = zip(&[
            ("manifest.json", br#"{"format-version":0}"#.to_vec()),
            ("slot0.bin", image.clone()),
            ("slot1.bin", image.clone()),
        ]);
        let report = slots(&update, None).unwrap();
        if !report.files.iter().any(|file| file.path.is_empty()) {
            eprintln!("skipped: zip is not known here");
            return;
        }
        assert_eq!(report.slots.len(), 6, "{report}");
        let same: Vec<_> = report.slots.iter().map(|slot| slot.same_as).collect();
        assert_eq!(same, [None, None, None, Some(1), Some(2), Some(3)]);
        let both = [&report.slots[0], &report.slots[3]];
        for slot in both {
            assert!(
                slot.path.contains("slot") && slot.path.contains(".bin!0x"),
                "{}",
                slot.path
            );
        }
        let options = Options {
            slots: both.iter().map(|slot| Where::parse(&slot.path)).collect(),
            ..Options::default()
        };
        let replaced = replace(&update, &today(), &options).unwrap();
        let files = unzipped(&replaced.image);
        assert_eq!(files.len(), 3);
        assert_eq!(files[0].1, br#"{"format-version":0}"#);
        let mut parts = as_built();
        parts[1] = new_parts()[1].1.clone();
        for (name, file) in &files[1..] {
            let inside = booted(file);
            if runs {
                assert_eq!(run(inside, "bin"), output(firmware, &parts), "{name}");
            }
        }
    }
}

/// A program around `p1bridge_slot.h` that has a slot, and checks one that it reads.
const READER: &str = r#"
#include <stdio.h>
#include "p1bridge_slot.h"

P1B_SLOT(app_slot, 1024, ".app_slot");

int main(int argc, char **argv) {
    static unsigned char slot[4096];
    uint32_t length = 0;
    const unsigned char *module;
    if (argc > 1) {
        FILE *file = fopen(argv[1], "rb");
        if (!file || fread(slot, 1, sizeof slot, file) == 0) return 2;
        fclose(file);
        module = p1b_slot_module(slot, &length);
    } else {
        module = p1b_slot_module(app_slot, &length);
    }
    if (module) printf("%u bytes from %02x%02x%02x%02x on\n", (unsigned)length, module[0], module[1], module[2], module[3]);
    else printf("nothing\n");
    return 0;
}
"#;

/// Compiles it, with all warnings that users may have; none where there is no such compiler.
fn reader(folder: &Path, compiler: &str, standard: &str) -> Option<PathBuf> {
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime-shim/host");
    let source = folder.join(if compiler == "cc" {
        "reader.c"
    } else {
        "reader.cc"
    });
    let program = folder.join(compiler.replace('+', "p"));
    std::fs::write(&source, READER).unwrap();
    let built = Command::new(compiler)
        .args([
            standard,
            "-O2",
            "-Wall",
            "-Wextra",
            "-Wconversion",
            "-Wsign-conversion",
        ])
        .args(["-Wcast-qual", "-pedantic", "-Werror"])
        .arg("-I")
        .arg(include)
        .arg(source)
        .arg("-o")
        .arg(&program)
        .output();
    let Ok(built) = built else {
        eprintln!("skipped: there is no {compiler}");
        return None;
    };
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    Some(program)
}

fn printed(command: &mut Command) -> String {
    let ended = child::run(command, &[], Duration::from_secs(10)).unwrap();
    assert!(ended.status.success());
    String::from_utf8(ended.stdout).unwrap()
}

#[test]
fn p1bridge_slot_h_reads_a_slot_that_is_whole_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let new = module("x\n", 3, 0);
    let mut whole = b"p1bslot\0".to_vec();
    for word in [1, 256, new.len() as u32, crc32(&new)] {
        whole.extend(word.to_le_bytes());
    }
    whole.extend(&new);
    whole.resize(24 + 256, 0xff);
    let changed = |at: usize, to: u8| {
        let mut slot = whole.clone();
        slot[at] = to;
        slot
    };
    let fine = format!("{} bytes from 0061736d on\n", new.len());
    let cases = [
        ("as it is", whole.clone(), fine.as_str()),
        // What is behind the module is nobody's.
        ("room", changed(24 + 255, 0), &fine),
        ("mark", changed(0, b'P'), "nothing\n"),
        ("end of the mark", changed(7, 1), "nothing\n"),
        ("version", changed(8, 2), "nothing\n"),
        ("capacity", changed(13, 0), "nothing\n"),
        ("no length", changed(16, 0), "nothing\n"),
        ("length", changed(16, whole[16] - 1), "nothing\n"),
        ("huge length", changed(19, 0xff), "nothing\n"),
        ("sum", changed(20, whole[20] ^ 1), "nothing\n"),
        ("module", changed(40, whole[40] ^ 1), "nothing\n"),
        ("erased", vec![0xff; 280], "nothing\n"),
    ];
    for (compiler, standard) in [("cc", "-std=c99"), ("c++", "-std=c++17")] {
        let Some(program) = reader(folder.path(), compiler, standard) else {
            continue;
        };
        for (name, slot, expected) in &cases {
            let mut slot = slot.clone();
            if *name == "capacity" {
                // Below the length.
                slot[12] = 16;
            }
            let file = folder.path().join("slot");
            std::fs::write(&file, slot).unwrap();
            assert_eq!(
                printed(Command::new(&program).arg(&file)),
                *expected,
                "{name}"
            );
        }
    }
}

#[test]
fn a_program_with_an_empty_slot_is_given_a_module() {
    let folder = tempfile::tempdir().unwrap();
    for (compiler, standard) in [("cc", "-std=c99"), ("c++", "-std=c++17")] {
        let Some(program) = reader(folder.path(), compiler, standard) else {
            continue;
        };
        assert_eq!(printed(&mut Command::new(&program)), "nothing\n");
        let image = std::fs::read(&program).unwrap();
        let new = module("x\n", 3, 500);
        let options = Options {
            slots: vec![Where::parse("app_slot")],
            profile: Some(p1bridge::profiles::named("wasm3").unwrap()),
            ..Options::default()
        };
        let replaced = replace(&image, &new, &options).unwrap();
        std::fs::write(&program, &replaced.image).unwrap();
        let expected = format!("{} bytes from 0061736d on\n", new.len());
        assert_eq!(printed(&mut Command::new(&program)), expected);
    }
}

#[test]
fn base64_in_a_c_program_is_replaced_sign_by_sign() {
    let folder = tempfile::tempdir().unwrap();
    let (source, program) = (folder.path().join("guest.c"), folder.path().join("guest"));
    let new = module("new\n", 3, 0);
    for more in 0..3 {
        let old = module("old\n", 2, 40 + more);
        let text = base64(&old);
        let code = format!(
            "#include <stdio.h>\nconst char guest[] = \"{text}\";\nint main(void) {{ puts(guest); }}\n"
        );
        std::fs::write(&source, code).unwrap();
        let built = Command::new("cc")
            .arg(&source)
            .arg("-o")
            .arg(&program)
            .status();
        assert!(built.unwrap().success());
        let image = std::fs::read(&program).unwrap();
        let options = Options {
            profile: Some(p1bridge::profiles::named("wasm3").unwrap()),
            ..Options::default()
        };
        let report = slots(&image, options.profile.as_ref()).unwrap();
        let [slot] = &report.slots[..] else {
            panic!("{report}");
        };
        assert_eq!((slot.kind, slot.at_most), (Kind::Base64, None));
        let replaced = replace(&image, &new, &options).unwrap();
        std::fs::write(&program, &replaced.image).unwrap();
        let said = printed(&mut Command::new(&program));
        assert_eq!(said.len(), text.len() + 1);
        // The same signs at the end, and the new module in front.
        let whole = new.len() / 3 * 4;
        assert_eq!(said[..whole], base64(&new)[..whole]);
        assert_eq!(said.matches('=').count(), text.matches('=').count());
    }
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| {
            bits << 8 | u32::from(three.get(at).copied().unwrap_or(0))
        });
        for at in 0..4 {
            let sign = match at <= three.len() {
                true => SIGNS[(bits >> (18 - 6 * at) & 63) as usize],
                false => b'=',
            };
            text.push(char::from(sign));
        }
    }
    text
}
