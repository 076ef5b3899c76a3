//! `p1bridge embed`: the sources that it writes, in programs that read the slot with `p1bridge_slot.h`, before and after `retrofit`
//! has put another module there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use p1bridge::retrofit::{Kind, Options, Where, replace, slots};
use p1bridge_tests::child;

use super::place::{Place, has, refused, said, top};

/// A module whose data is a text and so many bytes more.
fn module(text: &str, more: usize) -> Vec<u8> {
    let more: String = (0..more).map(|at| (at % 10).to_string()).collect();
    let module = format!(
        r#"(module (memory (export "memory") 1) (data (i32.const 8) "{text}{more}")
            (func (export "run") (result i32) (i32.const {})))"#,
        text.len()
    );
    wat::parse_str(module).unwrap()
}

/// What follows the magic of a module in the slot, up to a sign that ends the text, and the numbers in its head.
const READER: &str = r#"
#include <stdio.h>
#include "slot.h"
int main(void) {
    uint32_t length = 0;
    const uint8_t *module = p1b_slot_module(the_slot, &length);
    if (!module) {
        printf("nothing\n");
        return 0;
    }
    printf("%u of %u: ", (unsigned)length, (unsigned)p1b_slot_word(the_slot + 12));
    for (uint32_t at = 0; at < length; at++)
        if (module[at] == '<')
            for (; at < length && module[at - 1] != '>'; at++) printf("%c", module[at]);
    printf("\n");
    return 0;
}
"#;

const WARNINGS: [&str; 8] = [
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wcast-qual",
    "-Wredundant-decls",
    "-pedantic",
    "-Werror",
];

const RESERVE: u64 = 3000;

impl Place {
    /// `p1bridge embed` with these arguments.
    fn embed(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.command());
        command.arg("embed").args(args).current_dir(&self.root);
        command
    }

    /// A slot with a module, as a source of this name, and the program around it.
    fn slot(&self, source: &str, module: &[u8]) -> Result<()> {
        self.write("module.wasm", module)?;
        self.write("reader.c", READER)?;
        self.write("reader.cc", READER)?;
        let reserve = RESERVE.to_string();
        let args = [
            "module.wasm",
            "-o",
            source,
            "--header",
            "slot.h",
            "--symbol",
            "the_slot",
        ];
        said(
            self.embed(&args)
                .args(["--section", ".my_slot", "--reserve", &reserve]),
        )?;
        Ok(())
    }

    /// A program of these sources.
    fn program(&self, compiler: &[&str], sources: &[&str]) -> Result<PathBuf> {
        let program = self.root.join("program");
        let mut command = Command::new(compiler[0]);
        command
            .args(&compiler[1..])
            .args(WARNINGS)
            .current_dir(&self.root);
        command.arg("-I").arg(top().join("runtime-shim/host"));
        said(command.args(sources).arg("-o").arg(&program))?;
        Ok(program)
    }
}

fn printed(command: &mut Command) -> Result<String> {
    let ended = child::run(command, &[], Duration::from_secs(60))?;
    ensure!(ended.status.success(), "{command:?}");
    Ok(String::from_utf8(ended.stdout)? + &String::from_utf8_lossy(&ended.stderr))
}

fn options() -> Options {
    Options {
        slots: vec![Where::parse("the_slot")],
        profile: Some(p1bridge::profiles::named("wasm3").unwrap()),
        ..Options::default()
    }
}

/// Holds that the slot of an image is what was asked for, and gives the image with another module in it.
fn retrofitted(image: &[u8], old: &[u8], new: &[u8]) -> Result<Vec<u8>> {
    let report = slots(image, options().profile.as_ref())?;
    let [slot] = &report.slots[..] else {
        panic!("{report}");
    };
    assert_eq!(slot.kind, Kind::Marked);
    assert_eq!(slot.length, old.len() as u64);
    assert_eq!(slot.capacity, old.len() as u64 + RESERVE);
    assert_eq!(slot.symbol.as_deref(), Some("the_slot"));
    assert_eq!(slot.section.as_deref(), Some(".my_slot"));
    assert!(report.warnings.is_empty(), "{report}");
    Ok(replace(image, new, &options())?.image)
}

#[test]
fn sources_compile_everywhere_and_take_a_larger_module_later() -> Result<()> {
    if !has("cmake", &["cc", "c++", "clang-22"]) {
        return Ok(());
    }
    let compilers: [(&[&str], &str, &str); 8] = [
        (&["cc", "-std=c99", "-O2"], "slot.c", "reader.c"),
        (&["c++", "-std=c++17", "-O2"], "slot.cc", "reader.cc"),
        (&["c++", "-std=c++17", "-O2"], "slot.c", "reader.c"),
        (&["cc", "-std=c99", "-O2", "-flto"], "slot.c", "reader.c"),
        (
            &[
                "clang-22",
                "-std=c99",
                "-O2",
                "-Weverything",
                "-Wno-unsafe-buffer-usage",
            ],
            "slot.c",
            "reader.c",
        ),
        (
            &["clang-22", "-std=c99", "-O2", "-flto", "-fuse-ld=lld"],
            "slot.c",
            "reader.c",
        ),
        (&["cc", "-std=c99", "-O2"], "slot.S", "reader.c"),
        (
            &["clang-22", "-std=c99", "-O2", "-Wl,--gc-sections"],
            "slot.S",
            "reader.c",
        ),
    ];
    let old = module("<old>", 100);
    let new = module("<new>", 100 + RESERVE as usize - 10);
    for (compiler, source, reader) in compilers {
        let place = Place::new()?;
        place.slot(source, &old)?;
        let program = place.program(compiler, &[source, reader])?;
        let room = old.len() as u64 + RESERVE;
        let expected = format!("{} of {room}: <old>\n", old.len());
        assert_eq!(
            printed(&mut Command::new(&program))?,
            expected,
            "{compiler:?}"
        );
        let image = std::fs::read(&program)?;
        std::fs::write(&program, retrofitted(&image, &old, &new)?)?;
        let expected = format!("{} of {room}: <new>\n", new.len());
        assert_eq!(
            printed(&mut Command::new(&program))?,
            expected,
            "{compiler:?}"
        );
        // To the last byte, and no further.
        let mut more = 100 + RESERVE as usize;
        while module("<new>", more).len() as u64 > room {
            more -= 1;
        }
        let full = module("<new>", more);
        assert_eq!(full.len() as u64, room);
        replace(&image, &full, &options())?;
        let more = module("<new>", more + 1);
        let error = replace(&image, &more, &options()).unwrap_err();
        assert!(format!("{error:#}").contains("1 too many"), "{error:#}");
    }
    Ok(())
}

/// A slot of the header's own macro, in the file that reads it and beside it.
#[test]
fn an_empty_slot_is_not_empty_to_a_compiler_that_sees_all_of_the_program() -> Result<()> {
    if !has("cmake", &["cc", "c++", "clang-22"]) {
        return Ok(());
    }
    let slot = "P1B_SLOT(the_slot, 4096, \".my_slot\");\n";
    let compilers: [&[&str]; 4] = [
        &["cc", "-O2"],
        &["cc", "-O2", "-flto"],
        &["c++", "-O2", "-flto"],
        &["clang-22", "-O2", "-flto", "-fuse-ld=lld"],
    ];
    let new = module("<new>", 100);
    for compiler in compilers {
        for beside in [true, false] {
            let place = Place::new()?;
            let include = "#include \"p1bridge_slot.h\"\n";
            match beside {
                true => {
                    place.write("slot.c", format!("{include}{slot}"))?;
                    place.write(
                        "slot.h",
                        format!("{include}extern const uint8_t the_slot[];\n"),
                    )?;
                }
                false => {
                    place.write("slot.c", "extern int nothing; int nothing;\n")?;
                    place.write("slot.h", format!("{include}{slot}"))?;
                }
            }
            place.write("reader.c", READER)?;
            let program = place.program(compiler, &["slot.c", "reader.c"])?;
            assert_eq!(printed(&mut Command::new(&program))?, "nothing\n");
            let image = std::fs::read(&program)?;
            let replaced = replace(&image, &new, &options())?;
            std::fs::write(&program, replaced.image)?;
            let expected = format!("{} of 4096: <new>\n", new.len());
            assert_eq!(
                printed(&mut Command::new(&program))?,
                expected,
                "{compiler:?} {beside}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_slot_in_the_flash_of_a_cortex_m3_is_read_before_and_after_it_is_replaced() -> Result<()> {
    if !has("arm-none-eabi-gcc", &["arm-none-eabi-gcc"]) || !has("qemu", &["qemu-system-arm"]) {
        return Ok(());
    }
    let board = top().join("corpus/firmware/board");
    let script = format!("-T{}", board.join("mps2-an385.ld").display());
    let start = board.join("start.c");
    let compiler = [
        "arm-none-eabi-gcc",
        "-mcpu=cortex-m3",
        "-mthumb",
        "-Os",
        "-std=gnu99",
        "-ffunction-sections",
        "-fdata-sections",
        "-nostartfiles",
        "--specs=nano.specs",
        "--specs=rdimon.specs",
        "-Wl,--gc-sections",
        &script,
    ];
    let old = module("<old>", 10);
    let new = module("<new>", 2000);
    for source in ["slot.c", "slot.S"] {
        let place = Place::new()?;
        place.slot(source, &old)?;
        // The linker script keeps that one.
        place.change(source, ".my_slot", ".wasm_slot")?;
        let mut command = Command::new(compiler[0]);
        command.args(&compiler[1..]).current_dir(&place.root);
        command.arg("-I").arg(top().join("runtime-shim/host"));
        let image = place.root.join("fw.elf");
        said(
            command
                .args([source, "reader.c"])
                .arg(&start)
                .arg("-o")
                .arg(&image),
        )?;
        let run = || printed(&mut qemu(&image));
        let room = old.len() as u64 + RESERVE;
        assert_eq!(
            run()?,
            format!("{} of {room}: <old>\n", old.len()),
            "{source}"
        );
        let replaced = replace(&std::fs::read(&image)?, &new, &options())?;
        std::fs::write(&image, replaced.image)?;
        assert_eq!(
            run()?,
            format!("{} of {room}: <new>\n", new.len()),
            "{source}"
        );
    }
    Ok(())
}

fn qemu(image: &Path) -> Command {
    let mut qemu = Command::new("qemu-system-arm");
    qemu.args(["-M", "mps2-an385", "-display", "none", "-serial", "none"])
        .args(["-monitor", "none"])
        .args(["-semihosting-config", "enable=on,target=native"])
        .arg("-kernel")
        .arg(image);
    qemu
}

#[test]
fn the_bytes_of_a_slot_are_an_image_of_their_own() -> Result<()> {
    let place = Place::new()?;
    let old = module("<old>", 0);
    place.write("module.wasm", &old)?;
    said(&mut place.embed(&["module.wasm", "-o", "slot.bin", "--reserve", "1KiB"]))?;
    let slot = place.read("slot.bin")?;
    assert_eq!(slot.len(), 24 + old.len() + 1024);
    assert!(slot[24 + old.len()..].iter().all(|byte| *byte == 0xff));
    let profile = Some(p1bridge::profiles::named("wasm3")?);
    let report = slots(&slot, profile.as_ref())?;
    let [found] = &report.slots[..] else {
        panic!("{report}");
    };
    assert_eq!(found.kind, Kind::Marked);
    assert_eq!(found.capacity, old.len() as u64 + 1024);
    assert_eq!(p1bridge::retrofit::contents(&slot, found)?, old);
    Ok(())
}

#[test]
fn the_name_of_the_array_is_that_of_the_file() -> Result<()> {
    let place = Place::new()?;
    place.write("sensor.flat.wasm", module("<x>", 0))?;
    said(&mut place.embed(&["sensor.flat.wasm", "-o", "out.c"]))?;
    let text = String::from_utf8(place.read("out.c")?)?;
    assert!(text.contains("const uint8_t sensor["), "{text}");
    Ok(())
}

#[test]
fn what_is_no_module_or_has_no_name_is_refused_and_nothing_is_written() -> Result<()> {
    let place = Place::new()?;
    let good = module("<x>", 0);
    place.write("good.wasm", &good)?;
    place.write("2020.wasm", &good)?;
    place.write("cut.wasm", &good[..good.len() - 2])?;
    let mut wrong = good.clone();
    *wrong.last_mut().unwrap() ^= 0x40;
    wrong[9] ^= 0x20;
    place.write("wrong.wasm", wrong)?;
    place.write("more.wasm", [&good[..], b"\0\0\0"].concat())?;
    place.write("text.wasm", "(module)")?;
    place.copy("corpus/prebuilt/tiny-p2-c.wasm", "component.wasm")?;
    let cases: [(&[&str], &str); 13] = [
        (
            &["component.wasm", "-o", "out.c"],
            "component.wasm: this is a component, and a slot is for core modules",
        ),
        (&["cut.wasm", "-o", "out.c"], "cut.wasm: unexpected end"),
        (
            &["wrong.wasm", "-o", "out.c"],
            "wrong.wasm: section size mismatch: unexpected data at the end of the section at offset 0xf",
        ),
        (&["more.wasm", "-o", "out.c"], "more.wasm: "),
        (
            &["text.wasm", "-o", "out.c"],
            "text.wasm: this is not a WebAssembly binary",
        ),
        (&["none.wasm", "-o", "out.c"], "none.wasm: No such file"),
        (
            &["2020.wasm", "-o", "out.c"],
            "2020.wasm: --symbol says what to call it",
        ),
        (
            &["good.wasm", "-o", "out.c", "--symbol", "a-b"],
            "\"a-b\" is no name for an array",
        ),
        (
            &["good.wasm", "-o", "out.c", "--symbol", "while"],
            "\"while\" is no name for an array",
        ),
        (
            &["good.wasm", "-o", "out.c", "--section", "a\"b"],
            "is no name for a section",
        ),
        (
            &["good.wasm", "-o", "out.c", "--reserve", "4294967295"],
            "are 4 GiB or more",
        ),
        (
            &["good.wasm", "-o", "out.rs"],
            "how the name ends has to say what to write",
        ),
        (
            &["good.wasm", "-o", "out.bin", "--symbol", "a"],
            "bytes have no names",
        ),
    ];
    for (args, expected) in cases {
        let mut command = place.embed(args);
        if !args.contains(&"out.bin") {
            command.args(["--header", "out.h"]);
        }
        let text = refused(&mut command)?;
        assert!(text.contains(expected), "{args:?}: {text}");
        for file in ["out.c", "out.rs", "out.bin", "out.h"] {
            assert!(
                !place.root.join(file).exists(),
                "{args:?} has written {file}"
            );
        }
    }
    Ok(())
}
