//! Files that are cut off, damaged, or made to keep `probe` busy.

use std::time::{Duration, Instant};

use p1bridge::probe::probe;

use super::build::wamrs;

/// Any file: what is no program, too.
fn looked_at(bytes: &[u8], what: &str) -> Result<(), String> {
    let started = Instant::now();
    let result = probe(bytes, "device");
    let took = started.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?} for {what}");
    match result {
        Ok(report) => {
            for runtime in &report.runtimes {
                p1bridge::profiles::Profile::parse(&runtime.profile).expect("a profile");
            }
            Ok(())
        }
        Err(error) => {
            let said = format!("{error:#}");
            assert!(said.len() > 10, "{what}: {said}");
            Err(said)
        }
    }
}

/// A generator that gives the same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

/// Programs and objects to be damaged; small, so that many can be.
fn subjects() -> Vec<(String, Vec<u8>)> {
    let Some((_, program)) = wamrs()
        .iter()
        .find(|(config, _)| config.name == "without-wasi")
    else {
        return Vec::new();
    };
    let mut subjects = vec![(
        "ELF".to_string(),
        std::fs::read(super::stripped(program)).expect("the program"),
    )];
    subjects.extend(super::formats::small());
    subjects
}

#[test]
fn programs_that_are_cut_off_or_damaged_are_read_or_refused() {
    for (name, whole) in subjects() {
        let mut random = Random(7);
        for _ in 0..150 {
            let end = random.below(whole.len());
            let _ = looked_at(&whole[..end], &format!("{name} cut at {end}"));
        }
        for end in 0..200.min(whole.len()) {
            looked_at(&whole[..end], &format!("{name} cut at {end}")).expect_err("it is cut off");
        }
        for round in 0..400 {
            let mut bytes = whole.clone();
            for _ in 0..=round % 8 {
                // Headers are at the start or the end.
                let at = match random.below(3) {
                    0 => random.below(whole.len().min(2000)),
                    1 => whole.len() - 1 - random.below(whole.len().min(4000)),
                    _ => random.below(whole.len()),
                };
                bytes[at] = [0, 0xff, 0x7f, 0x80, 1][random.below(5)] ^ (random.below(3) as u8);
            }
            let _ = looked_at(&bytes, &format!("{name}, round {round}"));
        }
    }
}

#[test]
fn what_is_no_program_is_refused_with_what_is_to_be_given() {
    for (bytes, word) in [
        (&b""[..], "empty"),
        (b"\0asm\x01\0\0\0", "native program"),
        (b"hello, this is a text", "native program"),
        (b"!<arch>\n", "empty"),
        (b"!<thin>\nmember/ 0           ", "thin"),
        (b"\x7fELF\x02\x01\x01", "cut off"),
    ] {
        let said = format!("{:#}", probe(bytes, "x").expect_err("it is none"));
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn members_of_an_archive_that_share_a_long_name_are_said_shortly() {
    let long = "n".repeat(100_000);
    let mut bytes = format!("!<arch>\n{:<48}{:<10}`\n{long}/\n", "//", long.len() + 2);
    for _ in 0..1000 {
        bytes += &format!("{:<48}{:<10}`\n", "/0", 4);
        bytes += "text";
    }
    let error = probe(bytes.as_bytes(), "x").expect_err("there are no programs in it");
    let said = format!("{error:#}");
    assert!(said.contains("nnnn…") && said.len() < 1000, "{said}");
    // One that can be read, and so the others are warnings.
    let program = elf(&[0; 16], 1);
    bytes += &format!("{:<48}{:<10}`\n", "program/", program.len());
    let bytes = [bytes.into_bytes(), program].concat();
    let report = probe(&bytes, "x").expect("one can be read");
    let said = report.to_string();
    assert!(said.contains("980 more members"), "{said}");
    assert!(said.len() < 20_000, "{} bytes", said.len());
}

/// A minimal ELF program for x86-64 with this behind its headers, loaded by `segments` segments.
fn elf(contents: &[u8], segments: u16) -> Vec<u8> {
    let headers = 64 + usize::from(segments) * 56;
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    bytes.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    bytes.extend(0x40_0000u64.to_le_bytes());
    bytes.extend(64u64.to_le_bytes());
    bytes.extend([0; 12]);
    for half in [64u16, 56, segments, 0, 0, 0] {
        bytes.extend(half.to_le_bytes());
    }
    let size = (headers + contents.len()) as u64;
    for _ in 0..segments {
        bytes.extend([1, 0, 0, 0, 5, 0, 0, 0]);
        for word in [0, 0x40_0000, 0x40_0000, size, size, 0x1000] {
            bytes.extend(u64::to_le_bytes(word));
        }
    }
    bytes.extend(contents);
    bytes
}

#[test]
fn large_files_that_are_full_of_beginnings_take_seconds() {
    for pattern in [
        &b"\0asm\x01\0\0\0\x0a\xff\xff\xff\x7f"[..],
        b"\0asm\x01\0\0\0\0\x02\x01a",
        b"AGFzbQEAAAAB",
        b"fd_read\0(i)i\0(\0",
        b"(",
        b"\xc7\x07\x01\0\0\0\xc7\x06",
        b"WASM module load failed: %s\0AOT module load failed: %s\0(i)i\0",
    ] {
        let contents = pattern.repeat((32 << 20) / pattern.len());
        let what = String::from_utf8_lossy(pattern);
        looked_at(&elf(&contents, 1), &what).expect("a program");
    }
}

#[test]
fn segments_that_load_the_same_bytes_over_and_over_are_refused() {
    let said = looked_at(&elf(&[0; 1 << 20], 60_000), "overlap").expect_err("they overlap");
    assert!(said.contains("overlap"), "{said}");
}
