//! `p1bridge-build`, in the build script of a project.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use p1bridge::retrofit::{Difference, Options, Where, replace, slots};
use p1bridge_tests::manifest::part;

use super::place::{Place, refused, said, top};

/// `corpus/builds/build-rs`, with its guest beside it. What it is built of is kept between runs of the tests.
struct Project {
    place: Place,
    target: PathBuf,
}

impl Project {
    fn new(name: &str) -> Result<Project> {
        let place = Place::new()?;
        place.copy("corpus/builds/build-rs", "device")?;
        place.copy("corpus/prebuilt/tiny-p2-c.wasm", "device/guest.wasm")?;
        // The same packages as everything else here.
        place.copy("Cargo.lock", "device/Cargo.lock")?;
        place.change(
            "device/build.rs",
            "../../prebuilt/tiny-p2-c.wasm",
            "guest.wasm",
        )?;
        // Another name for each test, so that none waits for the files of another.
        place.change(
            "device/Cargo.toml",
            "name = \"device\"",
            &format!("name = \"{name}\""),
        )?;
        let folder = top().display().to_string();
        place.change("device/Cargo.toml", "../../..", &folder)?;
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("build-rs");
        Ok(Project { place, target })
    }

    fn cargo(&self) -> Command {
        cargo(&self.place.root.join("device"), &self.target)
    }

    fn build(&self) -> Result<String> {
        said(&mut self.cargo())
    }

    fn program(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }
}

/// `cargo build` in a folder, with nothing of the build that this test is in.
fn cargo(folder: &Path, target: &Path) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(folder);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_")) {
        if name != "CARGO_HOME" {
            cargo.env_remove(name);
        }
    }
    cargo.env("CARGO_TARGET_DIR", target);
    cargo.args(["build", "--offline", "--color", "never"]);
    cargo
}

fn printed(program: &Path) -> Result<String> {
    said(&mut Command::new(program))
}

const TINY: &str = "hello, world\n";

fn expected(text: &str, in_slot: &str) -> String {
    format!("as it is:\n{text}in its slot:\n{in_slot}")
}

#[test]
fn the_example_is_built_runs_and_is_built_again_when_something_has_changed() -> Result<()> {
    let name = "build-rs-example";
    let project = Project::new(name)?;
    let place = &project.place;
    project.build()?;
    let program = project.program(name);
    assert_eq!(printed(&program)?, expected(TINY, TINY));
    // Not by a command.
    assert!(place.ran()?.is_empty());
    let again = project.build()?;
    assert!(!again.contains("Compiling"), "{again}");

    // The module in its slot is replaced, and the other one stays.
    let image = std::fs::read(&program)?;
    let profile = Some(p1bridge::profiles::named("portable")?);
    let report = slots(&image, profile.as_ref())?;
    let slot = report.slots.iter().find(|slot| slot.capacity > slot.length);
    let slot = slot.unwrap_or_else(|| panic!("{report}"));
    assert_eq!(slot.section.as_deref(), Some(".wasm_slot"));
    assert_eq!(slot.capacity, slot.length + (32 << 10));
    let new = "much larger, and in the same slot: ".repeat(100);
    let options = Options {
        slots: vec![Where::Number(slot.number)],
        profile,
        // What C has beside the program.
        allow: [Difference::Exports].into(),
        ..Options::default()
    };
    let replaced = replace(&image, &writes(&new), &options)?;
    let other = place.write("replaced", &replaced.image)?;
    said(Command::new("chmod").arg("+x").arg(&other))?;
    assert_eq!(printed(&other)?, expected(TINY, &new));

    // One that needs more of a host than this program has.
    place.write("device/guest.wasm", part("hello-p2-c")?)?;
    let text = project.build()?;
    assert!(text.contains("Compiling"), "{text}");
    let text = refused(&mut Command::new(&program))?;
    assert!(text.contains("wasi_snapshot_preview1"), "{text}");
    place.copy("corpus/prebuilt/tiny-p2-c.wasm", "device/guest.wasm")?;
    let text = project.build()?;
    assert!(text.contains("Compiling"), "{text}");
    assert_eq!(printed(&program)?, expected(TINY, TINY));

    // A profile that cannot do without this.
    place.change("device/device.toml", "\"sign-ext\", ", "")?;
    let text = project.build()?;
    assert!(text.contains("Compiling"), "{text}");
    let again = project.build()?;
    assert!(!again.contains("Compiling"), "{again}");
    Ok(())
}

/// A module that writes a text, as a program for Preview 1 does.
fn writes(text: &str) -> Vec<u8> {
    let module = format!(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\10\00\00\00\{:02x}\{:02x}\00\00")
            (data (i32.const 16) "{text}")
            (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#,
        text.len() & 0xff,
        text.len() >> 8,
    );
    wat::parse_str(module).unwrap()
}

#[test]
fn what_is_refused_ends_the_build_with_the_message_of_the_command() -> Result<()> {
    let name = "build-rs-refused";
    let project = Project::new(name)?;
    let cases = [
        (
            "Flatten::new(\"guest.wasm\").profile(\"wamr-202\").emit(\"GUEST\");",
            "error: there is no such file, and no profile `wamr-202`; there are",
        ),
        (
            "Lower::new(\"guest.wasm\").emit(\"GUEST\");",
            "error: guest.wasm: this is a component: `p1bridge flatten`",
        ),
        (
            "Embed::new(\"guest.wasm\").emit(\"GUEST\");",
            "error: guest.wasm: this is a component, and a slot is for core modules",
        ),
        (
            "Flatten::new(\"none.wasm\").emit(\"GUEST\");",
            "error: none.wasm: No such file or directory",
        ),
        (
            "Flatten::new(\"guest.wasm\").emit(\"guest\");",
            "error: \"guest\" is the name of a static: it has capital letters, digits and _",
        ),
        (
            "Flatten::new(\"guest.wasm\").emit(\"GUEST-1\");",
            "error: \"GUEST-1\" is no name",
        ),
        (
            "for _ in 0..2 { Flatten::new(\"guest.wasm\").emit(\"GUEST\"); }",
            "error: there are two GUEST in this build script",
        ),
        (
            "Link::new(\"guest.wasm\").library(\"none.wasm\").emit(\"GUEST\");",
            "error: none.wasm: No such file or directory",
        ),
    ];
    for (line, expected) in cases {
        let script = format!("use p1bridge_build::*;\nfn main() {{\n    {line}\n}}\n");
        project.place.write("device/build.rs", script)?;
        let text = refused(&mut project.cargo())?;
        assert!(text.contains(&format!("\n  {expected}")), "{line}: {text}");
        // Where in the script.
        assert!(text.contains("panicked at build.rs:3:"), "{text}");
    }
    Ok(())
}

#[test]
fn every_way_makes_what_its_command_makes() -> Result<()> {
    let name = "build-rs-ways";
    let project = Project::new(name)?;
    let place = &project.place;
    place.write("device/module.wasm", part("hello-c")?)?;
    place.write("device/user.wasm", part("user-c")?)?;
    place.write("device/maker.wasm", part("maker-p2-rust")?)?;
    let script = r#"
        use p1bridge_build::p1bridge::flatten::Strip;
        use p1bridge_build::*;
        fn main() {
            Flatten::new("guest.wasm").profile("wamr-2020").options(|o| o.strip = Strip::All).emit("FLAT");
            Lower::new("module.wasm").profile("wamr-2020").emit("LOW");
            Wrap::new("module.wasm").emit("WRAPPED");
            Link::new("user.wasm").library("maker.wasm").profile("wasm3").emit("LINKED");
            Embed::new("module.wasm").slot(Slot::new().reserve(1000)).emit("SLOT");
        }
    "#;
    place.write("device/build.rs", script)?;
    let main = r#"
        macro_rules! has { ($($file:literal)*) => { $(include!(concat!(env!("OUT_DIR"), "/", $file, ".rs"));)* } }
        has!("flat" "low" "wrapped" "linked" "slot");
        fn main() {
            for (name, bytes) in [("flat", FLAT), ("low", LOW), ("wrapped", WRAPPED), ("linked", LINKED), ("slot", &SLOT)] {
                std::fs::write(name, bytes).unwrap();
            }
        }
    "#;
    place.write("device/src/main.rs", main)?;
    project.build()?;
    said(Command::new(project.program(name)).current_dir(&place.root))?;
    let flat = [
        "flatten",
        "device/guest.wasm",
        "--profile",
        "wamr-2020",
        "--strip",
    ];
    let low = ["lower", "device/module.wasm", "--profile", "wamr-2020"];
    let wrap = ["wrap", "device/module.wasm"];
    let link = [
        "link",
        "device/user.wasm",
        "device/maker.wasm",
        "--profile",
        "wasm3",
    ];
    let ways = [
        ("flat", &flat[..]),
        ("low", &low),
        ("wrapped", &wrap),
        ("linked", &link),
    ];
    for (file, args) in ways {
        assert!(place.read(file)? == place.made(args)?, "{file}");
    }
    let mut embed = Command::new(place.command());
    embed.args([
        "embed",
        "device/module.wasm",
        "-q",
        "--reserve",
        "1000",
        "-o",
        "slot.bin",
    ]);
    said(embed.current_dir(&place.root))?;
    assert!(place.read("slot")? == place.read("slot.bin")?);
    Ok(())
}

/// A program that is optimised as one, around a slot that `p1bridge embed` has written.
#[test]
fn a_slot_is_read_as_it_is_and_not_as_the_compiler_has_seen_it() -> Result<()> {
    let place = Place::new()?;
    place.write("module.wasm", writes("old"))?;
    let mut embed = Command::new(place.command());
    embed.args([
        "embed",
        "module.wasm",
        "-q",
        "--reserve",
        "1KiB",
        "-o",
        "slot.bin",
    ]);
    said(embed.current_dir(&place.root))?;
    let manifest = format!(
        "[package]\nname = \"seen\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n[profile.release]\nlto = \"fat\"\n\
         [dependencies]\np1bridge-host = {{ path = \"{}/runtime-shim/host-rust\" }}\n",
        top().display()
    );
    place.write("seen/Cargo.toml", manifest)?;
    place.copy("Cargo.lock", "seen/Cargo.lock")?;
    let main = format!(
        r#"
        #[used]
        pub static SLOT: [u8; {}] = *include_bytes!("../../slot.bin");
        fn main() {{
            let module = p1bridge_host::slot::module(&SLOT).unwrap();
            println!("{{}}", String::from_utf8_lossy(module).contains("new"));
        }}
        "#,
        place.read("slot.bin")?.len()
    );
    place.write("seen/src/main.rs", main)?;
    let target = place.root.join("target");
    let mut cargo = cargo(&place.root.join("seen"), &target);
    said(cargo.arg("--release"))?;
    let program = target.join("release/seen");
    assert_eq!(printed(&program)?, "false\n");
    let profile = Some(p1bridge::profiles::named("portable")?);
    let image = std::fs::read(&program)?;
    let report = slots(&image, profile.as_ref())?;
    let slot = report.slots.iter().find(|slot| slot.capacity > slot.length);
    let slot = slot.unwrap_or_else(|| panic!("{report}"));
    let options = Options {
        slots: vec![Where::Number(slot.number)],
        profile,
        ..Options::default()
    };
    std::fs::write(&program, replace(&image, &writes("new"), &options)?.image)?;
    assert_eq!(printed(&program)?, "true\n");
    Ok(())
}
