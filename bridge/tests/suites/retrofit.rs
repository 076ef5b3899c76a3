//! `p1bridge retrofit`, as it is called.

use crate::common::{Ended, Folder};

fn read(folder: &Folder, name: &str) -> Vec<u8> {
    std::fs::read(folder.path().join(name)).unwrap()
}

/// Puts a module in an image for wasm3.
fn replace(folder: &Folder, image: &str, module: &str, options: &[&str]) -> Ended {
    let how = ["retrofit", image, "--replace", module, "--profile", "wasm3"];
    folder.run(&[&how[..], options].concat())
}

/// A module of firmware, and one that can take its place.
const OLD: &str = r#"(module (import "env" "print" (func (param i32 i32))) (memory (export "memory") 1)
  (data (i32.const 8) "the text of the old module, which is long enough")
  (func (export "run") (param i32) (result i32) (call 0 (i32.const 8) (i32.const 48)) (local.get 0)))"#;
const NEW: &str = r#"(module (import "env" "print" (func (param i32 i32))) (memory (export "memory") 1) (data (i32.const 8) "new")
  (func (export "run") (param i32) (result i32) (call 0 (i32.const 8) (i32.const 3)) (i32.const 3)))"#;

/// An image with a module, and a checksum in its head over all that follows.
fn image(folder: &Folder) -> Vec<u8> {
    let module = wat::parse_str(OLD).unwrap();
    let mut body = b"a vector table and some code \xff\xff".to_vec();
    body.extend(&module);
    body.extend([0, 0xc0, 0x71, 1, 0, 0xc0, 0x71, 2]);
    let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    let mut image = vec![sum.wrapping_neg()];
    image.extend(body);
    folder.add("fw.bin", &image);
    folder.add("new.wasm", wat::parse_str(NEW).unwrap());
    image
}

#[test]
fn a_module_is_listed_taken_out_and_replaced() {
    let folder = Folder::new();
    let old = image(&folder);
    let said = folder.run(&["retrofit", "fw.bin"]).succeeded();
    assert!(said.text().contains("slots: 1"), "{}", said.text());
    folder
        .run(&["retrofit", "fw.bin", "--extract", "old.wasm"])
        .succeeded();
    assert_eq!(read(&folder, "old.wasm"), wat::parse_str(OLD).unwrap());
    replace(
        &folder,
        "fw.bin",
        "new.wasm",
        &["-o", "out.bin", "--patch", "there.bsdiff"],
    )
    .succeeded();
    let new = read(&folder, "out.bin");
    assert_eq!(new.len(), old.len());
    assert_eq!(read(&folder, "fw.bin"), old, "the image is never changed");
    folder
        .run(&["retrofit", "out.bin", "--extract", "again.wasm"])
        .succeeded();
    let again = read(&folder, "again.wasm");
    assert!(again.starts_with(&wat::parse_str(NEW).unwrap()));
    // The room is not lost: the old module fits again.
    replace(&folder, "out.bin", "old.wasm", &["-o", "back.bin"]).succeeded();
    assert_eq!(read(&folder, "back.bin"), old);
    folder
        .run(&[
            "retrofit",
            "out.bin",
            "--undo",
            "there.bsdiff",
            "-o",
            "undone.bin",
        ])
        .succeeded();
    assert_eq!(read(&folder, "undone.bin"), old);
    folder
        .run(&["retrofit", "fw.bin", "--undo", "there.bsdiff", "-o", "x"])
        .failed_with(&["of another image"]);
    assert!(!folder.path().join("x").exists());
}

#[test]
fn a_checksum_of_the_vendor_is_made_again() {
    let folder = Folder::new();
    let old = image(&folder);
    let range = format!("sum8@0:1-{}", old.len());
    let fixed = |fixup: &str| {
        let options = ["-o", "out.bin", "--fixup", fixup];
        replace(&folder, "fw.bin", "new.wasm", &options)
    };
    fixed(&range).succeeded();
    let new = read(&folder, "out.bin");
    assert_eq!(new.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)), 0);
    fixed("crc32@0:4-20").failed_with(&["is not the checksum"]);
    let ended = fixed("crc32@0");
    assert_eq!(ended.code, Some(2));
}

#[test]
fn what_the_firmware_would_not_find_is_refused_by_name() {
    let folder = Folder::new();
    image(&folder);
    let refused = |wat: &str, options: &[&str], parts: &[&str]| {
        folder.add("other.wasm", wat::parse_str(wat).unwrap());
        let replace = [
            "retrofit",
            "fw.bin",
            "--replace",
            "other.wasm",
            "-o",
            "out.bin",
        ];
        folder
            .run(&[&replace[..], options].concat())
            .failed_with(parts);
        assert!(!folder.path().join("out.bin").exists());
    };
    let wasm3 = &["--profile", "wasm3"][..];
    refused(
        "(module (memory 1))",
        wasm3,
        &["does not export `run`", "--allow exports"],
    );
    refused(
        r#"(module (memory (export "memory") 1) (func (export "run") (result i32) i32.const 1))"#,
        wasm3,
        &["its export `run` is () -> (i32), that of the old one (i32) -> (i32)"],
    );
    refused(
        r#"(module (import "env" "beep" (func)) (memory (export "memory") 1)
           (func (export "run") (param i32) (result i32) i32.const 1))"#,
        wasm3,
        &["`beep` of `env`", "--allow imports"],
    );
    refused(
        r#"(module (memory (export "memory") 2) (func $s) (start $s)
           (func (export "run") (param i32) (result i32) i32.const 1))"#,
        wasm3,
        &[
            "2 pages of memory",
            "--allow memory",
            "start function",
            "--allow start",
        ],
    );
    refused(
        &format!(
            r#"(module (memory (export "memory") 1) (data (i32.const 8) "{}")
               (func (export "run") (param i32) (result i32) i32.const 1))"#,
            "x".repeat(500)
        ),
        wasm3,
        &["too many", "wasm-opt"],
    );
    refused(NEW, &[], &["no runtime is known in the image", "--profile"]);
    refused(
        NEW,
        &["--profile", "wasm3", "--slot", "2"],
        &["there is no such slot"],
    );
    replace(&folder, "fw.bin", "new.wasm", &[]).failed_with(&["-o", "--in-place", "--dry-run"]);
    replace(&folder, "fw.bin", "new.wasm", &["-o", "fw.bin"]).failed_with(&["are both"]);
}

#[test]
fn in_place_keeps_the_original_and_a_rehearsal_writes_nothing() {
    let folder = Folder::new();
    let old = image(&folder);
    replace(
        &folder,
        "fw.bin",
        "new.wasm",
        &["--dry-run", "--patch", "p.bsdiff"],
    )
    .succeeded();
    assert_eq!(read(&folder, "fw.bin"), old);
    assert!(!folder.path().join("p.bsdiff").exists());
    replace(&folder, "fw.bin", "new.wasm", &["--in-place"]).succeeded();
    assert_eq!(read(&folder, "fw.bin.orig"), old);
    assert_ne!(read(&folder, "fw.bin"), old);
    replace(&folder, "fw.bin", "new.wasm", &["--in-place"])
        .failed_with(&["fw.bin.orig is there already"]);
}

#[test]
fn a_longer_module_takes_fill_that_was_said_to_be_its_own() {
    let folder = Folder::new();
    let module = wat::parse_str(OLD).unwrap();
    // The length, the module, and room behind it.
    let mut image = (module.len() as u32).to_le_bytes().to_vec();
    image.extend(&module);
    image.resize(1024, 0xff);
    folder.add("fw.bin", &image);
    let longer = OLD.replace("long enough", &"longer than it was ".repeat(10));
    let longer = wat::parse_str(longer).unwrap();
    folder.add("longer.wasm", &longer);
    replace(
        &folder,
        "fw.bin",
        "longer.wasm",
        &["--slot", "0x4+1020", "--length-at", "0", "-o", "out.bin"],
    )
    .succeeded();
    let new = read(&folder, "out.bin");
    assert_eq!(new[..4], (longer.len() as u32).to_le_bytes());
    assert_eq!(new[4..4 + longer.len()], longer);
    assert!(new[4 + longer.len()..].iter().all(|byte| *byte == 0xff));
}

/// An image that takes its time: it comes through a pipe.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_sees_what_takes_longer_than_a_second() {
    let folder = Folder::new();
    let old = image(&folder);
    for (late, options, seen) in [
        (2500, &[][..], true),
        (0, &[], false),
        (2500, &["-q"], false),
    ] {
        let arguments = [&["retrofit", "slow.bin"], options].concat();
        let (screen, report) =
            folder.run_on_terminal_with_late(("slow.bin", &old), late, &arguments);
        let shown = "\r\x1b[Kreading slow.bin (1 s)";
        assert_eq!(screen.contains(shown), seen, "{screen:?}");
        // Nothing of it is left before the report.
        assert_eq!(
            report.starts_with("slots: 1"),
            options.is_empty(),
            "{screen:?}"
        );
    }
}

/// Bytes as Intel HEX, from address 0 on.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (number, data) in bytes.chunks(16).enumerate() {
        let mut line = vec![data.len() as u8];
        line.extend((number as u16 * 16).to_be_bytes());
        line.push(0);
        line.extend(data);
        line.push(line.iter().fold(0u8, |sum, byte| sum.wrapping_sub(*byte)));
        let digits: String = line.iter().map(|byte| format!("{byte:02X}")).collect();
        text += &format!(":{digits}\n");
    }
    text + ":00000001FF\n"
}

/// The bytes from address 0 on that Intel HEX says.
fn memory(hex: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in std::str::from_utf8(hex).unwrap().lines() {
        let byte = |at: usize| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
        if byte(7) == 0 {
            bytes.extend((0..usize::from(byte(1))).map(|at| byte(9 + 2 * at)));
        }
    }
    bytes
}

/// What `imgtool sign` writes as HEX: the hash that is in the memory is made again, too, and held to what it says.
#[test]
fn an_image_in_the_memory_of_hex_gets_its_hash() {
    use sha2::{Digest, Sha256};
    let folder = Folder::new();
    let body = image(&folder);
    // Behind a boot loader, without a gap.
    let boot = [0xf7; 0x100];
    let mut signed = 0x96f3_b83du32.to_le_bytes().to_vec();
    signed.extend([0; 4]);
    signed.extend([32, 0, 0, 0]);
    signed.extend((body.len() as u32).to_le_bytes());
    signed.resize(32, 0);
    signed.extend(&body);
    let hash = Sha256::digest(&signed);
    signed.extend([0x07, 0x69, 40, 0, 0x10, 0, 32, 0]);
    let mut wrong = signed.clone();
    signed.extend(hash);
    wrong.extend([0; 32]);
    for (file, image) in [
        ("signed.hex", signed.clone()),
        ("behind.hex", [&boot[..], &signed].concat()),
        ("wrong.hex", wrong.clone()),
        ("wrong-behind.hex", [&boot[..], &wrong].concat()),
    ] {
        folder.add(file, hex(&image));
    }
    for (file, begin) in [("signed.hex", 0), ("behind.hex", 0x100)] {
        let said = folder.run(&["retrofit", file]).succeeded();
        let slot = begin + 32 + 32;
        assert!(
            said.text().contains(&format!("{slot:#x}: core module")),
            "{}",
            said.text()
        );
        replace(&folder, file, "new.wasm", &["-o", "out.hex"]).succeeded();
        let new = memory(&read(&folder, "out.hex"));
        assert_eq!(new.len(), begin + signed.len());
        assert_eq!(new[..begin], boot[..begin]);
        let (hashed, hash) = new[begin..].split_at(signed.len() - 40);
        assert_eq!(hash[8..], Sha256::digest(hashed)[..]);
        assert_ne!(hash[8..], signed[signed.len() - 32..]);
    }
    // Without its signature it is shorter, and what was there is erased.
    let mut with = signed[..signed.len() - 40].to_vec();
    with.extend([0x07, 0x69, 52, 0, 0x10, 0, 32, 0]);
    with.extend(hash);
    with.extend([0x22, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for before in [&[][..], &boot] {
        folder.add("key.hex", hex(&[before, &with].concat()));
        replace(&folder, "key.hex", "new.wasm", &["-o", "out.hex"])
            .failed_with(&["signed by a key of MCUboot", "--unsigned"]);
        replace(
            &folder,
            "key.hex",
            "new.wasm",
            &["-o", "out.hex", "--unsigned"],
        )
        .succeeded();
        let new = memory(&read(&folder, "out.hex"));
        assert_eq!(new[..before.len()], *before);
        let (image, erased) = new[before.len()..].split_at(signed.len());
        assert_eq!(erased, [0xff; 12]);
        let (hashed, hash) = image.split_at(image.len() - 40);
        assert_eq!(hash[..8], [0x07, 0x69, 40, 0, 0x10, 0, 32, 0]);
        assert_eq!(hash[8..], Sha256::digest(hashed)[..]);
    }
    for file in ["wrong.hex", "wrong-behind.hex"] {
        std::fs::remove_file(folder.path().join("out.hex")).unwrap_or_default();
        replace(&folder, file, "new.wasm", &["-o", "out.hex"])
            .failed_with(&["SHA-256 of the MCUboot image", "--allow checksums"]);
        assert!(!folder.path().join("out.hex").exists());
    }
}
