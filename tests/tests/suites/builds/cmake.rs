//! The CMake package in `bridge/plugins/cmake`, with Ninja and with Makefiles.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use p1bridge::retrofit::{Kind, Options, Where, replace, slots};
use p1bridge_tests::manifest::part;

use super::place::{Place, has, refused, said, top, wasm3};

const GENERATORS: [&str; 2] = ["Ninja", "Unix Makefiles"];

fn package() -> PathBuf {
    top().join("bridge/plugins/cmake")
}

fn is_ready() -> bool {
    has(
        "cmake",
        &["cmake", "ninja", "make", "cc", "c++", "clang-22"],
    )
}

/// A project, built by one generator.
struct Build<'p> {
    place: &'p Place,
    source: PathBuf,
    folder: PathBuf,
    generator: &'static str,
    /// For the environment.
    variables: Vec<(&'static str, PathBuf)>,
}

impl<'p> Build<'p> {
    fn new(place: &'p Place, source: &str, generator: &'static str) -> Build<'p> {
        Build {
            place,
            source: place.root.join(source),
            folder: place.root.join("build it"),
            generator,
            variables: Vec::new(),
        }
    }

    fn cmake(&self) -> Command {
        let mut command = Command::new("cmake");
        command.envs(self.variables.iter().cloned());
        // Nothing of the machine or of this build.
        command.env_remove("MAKEFLAGS").env_remove("CARGO_HOME");
        command.env("HOME", &self.place.root);
        command
    }

    /// `cmake -S -B -G`, with nothing else.
    fn bare(&self, options: &[&str]) -> Command {
        let mut command = self.cmake();
        command.arg("-S").arg(&self.source).arg("-B");
        command
            .arg(&self.folder)
            .args(["-G", self.generator])
            .arg(format!("-DCMAKE_MAKE_PROGRAM={}", self.make_program()))
            .args(options);
        command
    }

    /// Where it is: not all that CMake looks for programs in has it.
    fn make_program(&self) -> &'static str {
        match self.generator {
            "Ninja" => "/usr/bin/ninja",
            _ => "/usr/bin/make",
        }
    }

    /// The same with the package in the source tree and the command of the place.
    fn configured(&self, options: &[&str]) -> Command {
        let mut command = self.bare(options);
        command
            .arg(format!("-Dp1bridge_DIR={}", package().display()))
            .arg(format!(
                "-DP1BRIDGE_EXECUTABLE={}",
                self.place.command().display()
            ));
        command
    }

    fn configure(&self, options: &[&str]) -> Result<String> {
        said(&mut self.configured(options))
    }

    /// With more jobs than there is work.
    fn command(&self) -> Command {
        let mut command = self.cmake();
        command.arg("--build").arg(&self.folder).args(["-j", "8"]);
        command
    }

    fn build(&self) -> Result<String> {
        said(&mut self.command())
    }

    /// Builds again, and holds that there was nothing to do.
    fn nothing_to_do(&self) -> Result<()> {
        let text = self.build()?;
        let ran = self.place.ran()?;
        ensure!(ran.is_empty(), "{}: {ran:?} ran again", self.generator);
        let done = ["Building", "Linking", "Generating", "p1bridge "];
        ensure!(
            !done.iter().any(|word| text.contains(word)),
            "{}: {text}",
            self.generator
        );
        Ok(())
    }

    /// A file of the build.
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// What a program prints, and its exit code.
fn run(program: &Path, args: &[&Path]) -> Result<(String, i32)> {
    let output = Command::new(program).args(args).output()?;
    let text = String::from_utf8(output.stdout)? + &String::from_utf8_lossy(&output.stderr);
    Ok((text, output.status.code().unwrap_or(-1)))
}

#[test]
fn the_example_is_built_runs_and_is_not_built_again() -> Result<()> {
    let (true, Some(wasm3)) = (is_ready(), wasm3()) else {
        return Ok(());
    };
    let wasm3 = format!("-DWASM3_SOURCES={wasm3}");
    for generator in GENERATORS {
        let place = Place::new()?;
        place.copy("corpus/builds/cmake", "device")?;
        let build = Build::new(&place, "device", generator);
        build.configure(&[&wasm3])?;
        build.build()?;
        assert_eq!(place.ran()?, ["embed", "flatten", "host", "wrap"]);
        let device = build.file("device");
        let hot = |word: &str| {
            let text = format!("motor: 92.3 degrees are too {word}\ntoo hot: 1 of 3\n");
            (text, 1)
        };
        assert_eq!(run(&device, &[])?, hot("hot"));
        build.nothing_to_do()?;

        // The image of the device, with a slot that takes the program of the next build.
        let image = std::fs::read(&device)?;
        let old = std::fs::read(build.file("app.flat.wasm"))?;
        let report = slots(&image, None)?;
        let [slot] = &report.slots[..] else {
            panic!("{report}");
        };
        assert_eq!(slot.kind, Kind::Marked);
        assert_eq!(slot.length, old.len() as u64);
        assert_eq!(slot.capacity, old.len() as u64 + 32 * 1024);
        assert_eq!(slot.symbol.as_deref(), Some("app_slot"));
        assert_eq!(slot.section.as_deref(), Some(".wasm_slot"));

        let word = format!("hot, {}", "says a longer program, ".repeat(20));
        let word = word.as_str();
        place.change("device/guest/guest.c", "too hot", &format!("too {word}"))?;
        build.build()?;
        assert_eq!(place.ran()?, ["embed", "flatten", "host", "wrap"]);
        assert_eq!(run(&device, &[])?, hot(word));
        build.nothing_to_do()?;
        let new = std::fs::read(build.file("app.flat.wasm"))?;
        assert!(new.len() > old.len(), "{} of {}", new.len(), old.len());
        let replaced = replace(&image, &new, &Options::default())?;
        std::fs::write(&device, &replaced.image)?;
        assert_eq!(run(&device, &[])?, hot(word));
    }
    Ok(())
}

/// A project without a compiler, with each of the functions that make modules.
const SMALL: &str = r#"
cmake_minimum_required(VERSION 3.16)
project(small LANGUAGES NONE)
find_package(p1bridge REQUIRED)
p1bridge_flatten(flat ALL INPUT app.wasm PROFILE device.toml OPTIONS ${MORE} OUTPUT "the output/flat.wasm")
p1bridge_lower(low ALL INPUT flat PROFILE wamr-2020)
p1bridge_wrap(wrapped ALL INPUT module.wasm WIT wit WORLD library)
p1bridge_link(linked ALL INPUT user.wasm maker.wasm PROFILE wasm3)
"#;

fn small(place: &Place) -> Result<()> {
    place.write("small/CMakeLists.txt", SMALL)?;
    place.copy("corpus/prebuilt/hello-p2-c.wasm", "small/app.wasm")?;
    place.copy("corpus/prebuilt/user-c.wasm", "small/user.wasm")?;
    place.copy("corpus/prebuilt/maker-p2-rust.wasm", "small/maker.wasm")?;
    place.write(
        "small/device.toml",
        p1bridge::profiles::source("wamr-2020").unwrap(),
    )?;
    place.write(
        "small/wit/library.wit",
        "package local:small; world library { export add: func(a: u32, b: u32) -> u32; }",
    )?;
    let module = "(module (func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))";
    place.write("small/module.wasm", wat::parse_str(module)?)?;
    Ok(())
}

#[test]
fn what_a_rule_reads_makes_it_run_again_and_nothing_else_does() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    for generator in GENERATORS {
        let place = Place::new()?;
        small(&place)?;
        let build = Build::new(&place, "small", generator);
        build.configure(&[])?;
        build.build()?;
        assert_eq!(place.ran()?, ["flatten", "link", "lower", "wrap"]);
        build.nothing_to_do()?;

        // It is what the command makes.
        let flat = [
            "flatten",
            "small/app.wasm",
            "--profile",
            "small/device.toml",
        ];
        let link = [
            "link",
            "small/user.wasm",
            "small/maker.wasm",
            "--profile",
            "wasm3",
        ];
        let wrap = ["wrap", "small/module.wasm", "--wit", "small/wit"];
        let low = [
            "lower",
            "build it/the output/flat.wasm",
            "--profile",
            "wamr-2020",
        ];
        let files = [
            "the output/flat.wasm",
            "low.wasm",
            "wrapped.wasm",
            "linked.wasm",
        ];
        for (args, file) in [&flat[..], &low, &wrap, &link].into_iter().zip(files) {
            assert!(
                place.made(args)? == std::fs::read(build.file(file))?,
                "{file}"
            );
        }

        place.copy("corpus/prebuilt/tiny-p2-c.wasm", "small/app.wasm")?;
        build.build()?;
        assert_eq!(place.ran()?, ["flatten", "lower"], "input, {generator}");
        assert!(place.made(&flat)? == std::fs::read(build.file(files[0]))?);
        build.nothing_to_do()?;

        place.write(
            "small/device.toml",
            p1bridge::profiles::source("wasm3").unwrap(),
        )?;
        build.build()?;
        assert_eq!(place.ran()?, ["flatten", "lower"], "profile, {generator}");
        build.nothing_to_do()?;

        build.configure(&["-DMORE=--strip"])?;
        build.build()?;
        assert_eq!(place.ran()?, ["flatten", "lower"], "option, {generator}");
        build.nothing_to_do()?;

        place.change("small/wit/library.wit", "local:small", "local:other")?;
        build.build()?;
        assert_eq!(place.ran()?, ["wrap"], "WIT, {generator}");
        place.write(
            "small/wit/more.wit",
            "package local:other; interface more {}",
        )?;
        build.build()?;
        assert_eq!(place.ran()?, ["wrap"], "more WIT, {generator}");
        build.nothing_to_do()?;

        let command = place.read("bin/p1bridge")?;
        place.write("bin/p1bridge", command)?;
        build.build()?;
        assert_eq!(
            place.ran()?,
            ["flatten", "link", "lower", "wrap"],
            "command, {generator}"
        );
        build.nothing_to_do()?;
    }
    Ok(())
}

#[test]
fn a_rule_that_fails_fails_the_build_and_leaves_no_output() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    for generator in GENERATORS {
        let place = Place::new()?;
        small(&place)?;
        let build = Build::new(&place, "small", generator);
        build.configure(&[])?;
        build.build()?;
        place.ran()?;
        let flat = build.file("the output/flat.wasm");
        assert!(flat.exists());
        let good = place.read("small/app.wasm")?;
        place.copy("corpus/prebuilt/hello-c.wasm", "small/app.wasm")?;
        for _ in 0..2 {
            let text = refused(&mut build.command())?;
            assert!(
                text.contains("app.wasm: this is a core module, not a component"),
                "{text}"
            );
            assert_eq!(place.ran()?, ["flatten"], "{generator}");
            assert!(!flat.exists(), "{generator}");
        }
        place.write("small/app.wasm", good)?;
        build.build()?;
        assert!(flat.exists());
        place.ran()?;
        build.nothing_to_do()?;
    }
    Ok(())
}

/// Programs that have the same module.
const MANY: &str = r#"
cmake_minimum_required(VERSION 3.16)
project(many LANGUAGES C)
find_package(p1bridge REQUIRED)
p1bridge_flatten(flat INPUT app.wasm)
foreach(number RANGE 1 6)
    add_executable(program${number} main.c)
    p1bridge_embed(TARGET program${number} WASM flat SYMBOL app RESERVE ${number})
    p1bridge_lower(low${number} ALL INPUT flat)
endforeach()
"#;

/// Says how long its module is, and how much room there is.
const READER: &str = r#"
#include <stdio.h>
#include "app.h"
int main(void) {
    uint32_t length = 0;
    const uint8_t *module = p1b_slot_module(app, &length);
    printf("%u of %u, %02x\n", (unsigned)length, (unsigned)p1b_slot_word(app + 12), module ? module[1] : 0u);
    return 0;
}
"#;

#[test]
fn a_module_that_many_targets_need_is_made_once() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    for generator in GENERATORS {
        let place = Place::new()?;
        place.write("many/CMakeLists.txt", MANY)?;
        place.write("many/main.c", READER)?;
        place.copy("corpus/prebuilt/tiny-p2-c.wasm", "many/app.wasm")?;
        let build = Build::new(&place, "many", generator);
        build.configure(&[])?;
        build.build()?;
        let ran = place.ran()?;
        let count = |command: &str| ran.iter().filter(|one| *one == command).count();
        let counts = ["flatten", "embed", "lower"].map(count);
        assert_eq!(counts, [1, 6, 6], "{generator}");
        let length = std::fs::metadata(build.file("flat.wasm"))?.len();
        for number in 1..=6 {
            let (text, _) = run(&build.file(&format!("program{number}")), &[])?;
            assert_eq!(text, format!("{length} of {}, 61\n", length + number));
        }
        build.nothing_to_do()?;
    }
    Ok(())
}

/// Slots in languages other than C, and a module that an executable of the build stands for.
const LANGUAGES: &str = r#"
cmake_minimum_required(VERSION 3.16)
project(languages LANGUAGES ${HAS})
find_package(p1bridge REQUIRED)
add_executable(program main.cpp)
p1bridge_embed(TARGET program WASM app.wasm SYMBOL app ${HOW})
"#;

#[test]
fn a_slot_is_in_the_language_that_the_project_has() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    for (has, how, file) in [("CXX", "", "app.cpp"), ("CXX;ASM", "ASM", "app.S")] {
        let place = Place::new()?;
        place.write("languages/CMakeLists.txt", LANGUAGES)?;
        place.write("languages/main.cpp", READER)?;
        place.copy("corpus/prebuilt/hello-c.wasm", "languages/app.wasm")?;
        let build = Build::new(&place, "languages", "Ninja");
        build.configure(&[&format!("-DHAS={has}"), &format!("-DHOW={how}")])?;
        build.build()?;
        assert!(build.file("p1bridge/program").join(file).exists(), "{file}");
        let length = place.read("languages/app.wasm")?.len();
        let (text, _) = run(&build.file("program"), &[])?;
        assert_eq!(text, format!("{length} of {length}, 61\n"));
    }
    Ok(())
}

/// A guest that the same toolchain makes as everything else, and all ways to name an input.
const GUEST: &str = r#"
cmake_minimum_required(VERSION 3.16)
project(guest LANGUAGES C)
find_package(p1bridge REQUIRED)
add_executable(guest guest.c)
set_target_properties(guest PROPERTIES SUFFIX .wasm)
target_link_options(guest PRIVATE -nostdlib -Wl,--no-entry)
p1bridge_lower(by_target ALL INPUT guest PROFILE wasm3)
p1bridge_lower(by_expression ALL INPUT $<TARGET_FILE:guest> PROFILE wasm3)
add_custom_command(OUTPUT copied.wasm COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:guest> copied.wasm
    DEPENDS guest VERBATIM)
p1bridge_lower(by_file ALL INPUT copied.wasm PROFILE wasm3)
"#;

/// Toolchains look for programs and packages in their own place only.
const ROOT: &str = "
set(CMAKE_FIND_ROOT_PATH \"${CMAKE_CURRENT_LIST_DIR}/root\")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_C_COMPILER /usr/bin/clang-22)
set(CMAKE_AR /usr/bin/ar)
set(CMAKE_RANLIB /usr/bin/ranlib)
";

#[test]
fn a_module_may_be_an_executable_of_the_build() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    for generator in GENERATORS {
        let place = Place::new()?;
        place.write("guest/CMakeLists.txt", GUEST)?;
        place.write(
            "guest/guest.c",
            "__attribute__((export_name(\"run\"))) int run(void) { return 41; }\n",
        )?;
        let toolchain = format!("{ROOT}set(CMAKE_C_COMPILER_TARGET wasm32-unknown-unknown)\n");
        let toolchain = place.write("toolchain.cmake", toolchain)?;
        let build = Build::new(&place, "guest", generator);
        build.configure(&[&format!("-DCMAKE_TOOLCHAIN_FILE={}", toolchain.display())])?;
        build.build()?;
        assert_eq!(place.ran()?, ["lower"; 3], "{generator}");
        build.nothing_to_do()?;
        place.change("guest/guest.c", "41", "42")?;
        build.build()?;
        assert_eq!(place.ran()?, ["lower"; 3], "{generator}");
        let expected = place.made(&["lower", "build it/guest.wasm", "--profile", "wasm3"])?;
        for name in ["by_target", "by_expression", "by_file"] {
            assert!(std::fs::read(build.file(&format!("{name}.wasm")))? == expected);
        }
        build.nothing_to_do()?;
    }
    Ok(())
}

/// A library for a device: a slot, and glue without an engine.
const CROSS: &str = r#"
cmake_minimum_required(VERSION 3.16)
project(cross LANGUAGES C)
if(NOT CMAKE_CROSSCOMPILING)
    message(FATAL_ERROR "this is no cross build")
endif()
find_package(p1bridge REQUIRED)
add_library(firmware STATIC)
p1bridge_flatten(flat INPUT app.wasm PROFILE wamr-2020)
p1bridge_embed(TARGET firmware WASM flat SYMBOL app RESERVE 1KiB SECTION .app_slot)
p1bridge_host(TARGET firmware WIT device.wit WORLD small-device PREFIX dev)
"#;

#[test]
fn a_cross_build_finds_everything_whatever_its_toolchain_file_says() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    for generator in GENERATORS {
        let place = Place::new()?;
        place.write("cross/CMakeLists.txt", CROSS)?;
        place.copy("corpus/prebuilt/tiny-p2-c.wasm", "cross/app.wasm")?;
        place.write(
            "cross/device.wit",
            "package local:device; interface io { read: func() -> u32; } world small-device { import io; export run: func(); }",
        )?;
        let toolchain = format!(
            "{ROOT}set(CMAKE_C_COMPILER_TARGET thumbv7m-none-eabi)\nset(CMAKE_C_FLAGS_INIT -ffreestanding)\n"
        );
        let toolchain = place.write("toolchain.cmake", toolchain)?;
        let mut build = Build::new(&place, "cross", generator);
        // The command is only where this says, which the toolchain file has its own idea of.
        build.variables = vec![("CMAKE_PREFIX_PATH", place.root.clone())];
        said(&mut build.bare(&[
            &format!("-DCMAKE_TOOLCHAIN_FILE={}", toolchain.display()),
            &format!("-Dp1bridge_DIR={}", package().display()),
        ]))?;
        build.build()?;
        assert_eq!(place.ran()?, ["embed", "flatten", "host"]);
        build.nothing_to_do()?;
        let archive = std::fs::read(build.file("libfirmware.a"))?;
        let report = slots(&archive, None)?;
        let [slot] = &report.slots[..] else {
            panic!("{report}");
        };
        let flat = std::fs::read(build.file("flat.wasm"))?;
        assert_eq!(slot.kind, Kind::Marked);
        assert_eq!(slot.capacity, flat.len() as u64 + 1024);
        assert_eq!(slot.symbol.as_deref(), Some("app"));
        let text = String::from_utf8_lossy(&archive);
        for file in ["app.c.o", "dev_small_device_host.c.o", "p1b_abi.c.o"] {
            assert!(text.contains(file), "{file}");
        }
    }
    Ok(())
}

#[test]
fn what_cmake_installs_is_found_with_its_command() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    let place = Place::new()?;
    let prefix = place.root.join("the prefix");
    let install = Build {
        source: package(),
        folder: place.root.join("install"),
        ..Build::new(&place, "", "Ninja")
    };
    said(&mut install.bare(&[
        &format!("-DCMAKE_INSTALL_PREFIX={}", prefix.display()),
        &format!("-DP1BRIDGE_EXECUTABLE={}", place.command().display()),
    ]))?;
    said(install.cmake().arg("--install").arg(&install.folder))?;
    for file in [
        "host/p1b_wamr.c",
        "host/p1bridge_slot.h",
        "zephyr/module.yml",
        "README.md",
    ] {
        assert!(
            prefix.join("share/cmake/p1bridge").join(file).exists(),
            "{file}"
        );
    }

    place.write("many/CMakeLists.txt", MANY)?;
    place.write("many/main.c", READER)?;
    place.copy("corpus/prebuilt/tiny-p2-c.wasm", "many/app.wasm")?;
    let build = Build::new(&place, "many", "Ninja");
    said(&mut build.bare(&[&format!("-DCMAKE_PREFIX_PATH={}", prefix.display())]))?;
    let cache = std::fs::read_to_string(build.file("CMakeCache.txt"))?;
    let found = prefix.join("bin/p1bridge");
    assert!(
        cache.contains(&format!("={}\n", found.display())),
        "{cache}"
    );
    build.build()?;
    place.ran()?;
    build.nothing_to_do()?;
    let (text, _) = run(&build.file("program1"), &[])?;
    assert!(text.contains("61"), "{text}");
    Ok(())
}

#[test]
fn the_package_has_the_version_of_the_command() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    let version = env!("CARGO_PKG_VERSION");
    let [major, minor, patch] = version.split('.').collect::<Vec<_>>()[..] else {
        panic!("{version}");
    };
    assert_eq!(
        major, "0",
        "p1bridge-config-version.cmake knows what is the same then"
    );
    let next: u32 = minor.parse()?;
    let next = next + 1;
    let fits = [
        version.to_string(),
        format!("{major}.{minor}"),
        "0".to_string(),
        format!("{version} EXACT"),
    ];
    let others = [
        format!("{major}.{next}"),
        "1".to_string(),
        format!("{major}.{minor}.{}", patch.parse::<u32>()? + 1),
        format!("{major}.{minor}.{patch}.1 EXACT"),
    ];
    for (wanted, is_found) in fits
        .iter()
        .map(|wanted| (wanted, true))
        .chain(others.iter().map(|wanted| (wanted, false)))
    {
        let place = Place::new()?;
        let project = format!(
            "cmake_minimum_required(VERSION 3.16)\nproject(p LANGUAGES NONE)\nfind_package(p1bridge {wanted} REQUIRED)\n\
             message(STATUS \"found ${{p1bridge_VERSION}}\")\n"
        );
        place.write("p/CMakeLists.txt", project)?;
        let build = Build::new(&place, "p", "Ninja");
        match is_found {
            true => {
                let text = build.configure(&[])?;
                assert!(text.contains(&format!("found {version}\n")), "{text}");
            }
            false => {
                let text = refused(&mut build.configured(&[]))?;
                assert!(text.contains("configuration file for package"), "{text}");
            }
        }
    }
    Ok(())
}

#[test]
fn what_is_wrong_is_said_when_the_build_is_configured() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    let cases = [
        ("p1bridge_flatten(x)", "p1bridge_flatten: INPUT is missing"),
        (
            "p1bridge_flatten(x OPTIONS y)",
            "p1bridge_flatten: INPUT is missing",
        ),
        (
            "p1bridge_embed(TARGET lib WASM a.wasm SYMBOL a ROOM 4)",
            "p1bridge_embed: what is ROOM;4?",
        ),
        (
            "p1bridge_flatten(x INPUT a.wasm b.wasm)",
            "INPUT is one file",
        ),
        (
            "p1bridge_flatten(x INPUT a.wasm PROFILE)",
            "nothing follows PROFILE",
        ),
        (
            "p1bridge_flatten(x INPUT lib)",
            "the target lib is neither an executable nor",
        ),
        (
            "p1bridge_embed(TARGET lib WASM a.wasm)",
            "p1bridge_embed: SYMBOL is missing",
        ),
        (
            "p1bridge_embed(TARGET no WASM a.wasm SYMBOL a)",
            "there is no target no",
        ),
        (
            "p1bridge_embed(TARGET lib WASM a.wasm SYMBOL a ASM)",
            "ASM needs the language ASM",
        ),
        (
            "p1bridge_host(TARGET lib WORLD w)",
            "it takes either WASM or WIT",
        ),
        (
            "p1bridge_host(TARGET lib WIT w WASM a WORLD w)",
            "it takes either WASM or WIT",
        ),
        ("p1bridge_host(TARGET lib WIT w)", "WORLD is missing"),
        (
            "p1bridge_host(TARGET lib WIT w WORLD w LANG rust)",
            "LANG rust",
        ),
        (
            "p1bridge_host(TARGET lib WIT w WORLD w ENGINE v8)",
            "there are bindings for wamr and wasm3",
        ),
    ];
    for (call, expected) in cases {
        let place = Place::new()?;
        let project = format!(
            "cmake_minimum_required(VERSION 3.16)\nproject(p LANGUAGES C)\nfind_package(p1bridge REQUIRED)\n\
             file(WRITE ${{CMAKE_BINARY_DIR}}/l.c \"\")\nadd_library(lib STATIC ${{CMAKE_BINARY_DIR}}/l.c)\n{call}\n"
        );
        place.write("p/CMakeLists.txt", project)?;
        let build = Build::new(&place, "p", "Ninja");
        let text = refused(&mut build.configured(&[]))?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(expected), "{call}: {text}");
    }
    Ok(())
}

#[test]
fn a_command_that_is_missing_broken_or_of_another_version_is_said() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    let other = "#!/bin/sh\necho p1bridge 9.9.9\n";
    let broken = "#!/bin/sh\necho oh dear >&2\nexit 3\n";
    let version = env!("CARGO_PKG_VERSION");
    let cases = [
        (
            Some(other),
            format!("is version 9.9.9, and this package is for {version}"),
        ),
        (Some(broken), "which does not run: 3 oh dear".to_string()),
        (None, "there is no command p1bridge".to_string()),
    ];
    for (script, expected) in cases {
        let place = Place::new()?;
        place.write(
            "p/CMakeLists.txt",
            "cmake_minimum_required(VERSION 3.16)\nproject(p LANGUAGES NONE)\nfind_package(p1bridge REQUIRED)\n",
        )?;
        let build = Build::new(&place, "p", "Ninja");
        // As it is installed: the source tree may have a command.
        place.copy("bridge/plugins/cmake", "prefix/package")?;
        place.copy("runtime-shim/host", "prefix/package/host")?;
        let installed = place.root.join("prefix/package");
        let mut command = build.bare(&[&format!("-Dp1bridge_DIR={}", installed.display())]);
        match script {
            Some(script) => {
                place.write("bin/p1bridge", script)?;
                command.arg(format!(
                    "-DP1BRIDGE_EXECUTABLE={}",
                    place.command().display()
                ));
            }
            None => {
                command.env("PATH", "/usr/bin:/bin");
            }
        }
        let text = refused(&mut command)?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&expected), "{text}");
    }
    Ok(())
}

/// `corpus/plugins/string-utils`, whose README says what to do by hand.
const PLUGINS: &str = r#"
cmake_minimum_required(VERSION 3.16)
project(plugins LANGUAGES C)
find_package(p1bridge REQUIRED)
p1bridge_flatten(strings ALL INPUT strings.wasm PROFILE wamr-2020)
add_executable(host host/main.c)
set_target_properties(host PROPERTIES C_STANDARD 11)
target_include_directories(host SYSTEM PRIVATE "${WAMR_INCLUDE}")
target_link_libraries(host PRIVATE "${WAMR_LIBRARY}" m pthread)
p1bridge_host(TARGET host WASM strings WORLD plugin LANG c ENGINE wamr ENGINE_VERSION 2020)
"#;

#[test]
fn a_host_on_wamr_gets_its_glue_and_the_layers_below() -> Result<()> {
    let (Some(sources), Some(library)) = (
        option_env!("WAMR_2020_SOURCES"),
        option_env!("WAMR_2020_LIBRARY"),
    ) else {
        return Ok(());
    };
    if !is_ready() {
        return Ok(());
    }
    for generator in GENERATORS {
        let place = Place::new()?;
        place.write("plugins/CMakeLists.txt", PLUGINS)?;
        place.copy("corpus/plugins/string-utils/host", "plugins/host")?;
        place.write("plugins/strings.wasm", part("strings-c")?)?;
        let build = Build::new(&place, "plugins", generator);
        build.configure(&[
            &format!("-DWAMR_INCLUDE={sources}/core/iwasm/include"),
            &format!("-DWAMR_LIBRARY={library}"),
        ])?;
        build.build()?;
        assert_eq!(place.ran()?, ["flatten", "host"]);
        build.nothing_to_do()?;
        let flat = build.file("strings.wasm");
        let (text, code) = run(&build.file("host"), &[&flat, &flat])?;
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("replaced: strings.wasm\n"), "{text}");
    }
    Ok(())
}

/// The examples for ESP-IDF and Zephyr, around stubs of them.
fn around_stubs(
    example: &str,
    base: &'static str,
    options: &[String],
    image: &str,
    text: &str,
) -> Result<()> {
    let (true, Some(wasm3)) = (is_ready(), wasm3()) else {
        return Ok(());
    };
    for generator in GENERATORS {
        let place = Place::new()?;
        place.copy(&format!("corpus/builds/{example}"), "device")?;
        place.copy("corpus/prebuilt/tiny-p2-c.wasm", "app.wasm")?;
        let mut build = Build::new(&place, "device", generator);
        build.variables = vec![
            (base, place.root.join("device/stubs")),
            ("WASM3_SOURCES", wasm3.into()),
        ];
        let mut all = vec![format!("-DAPP={}", place.root.join("app.wasm").display())];
        all.extend_from_slice(options);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        build.configure(&all)?;
        build.build()?;
        let image = build.file(image);
        assert_eq!(run(&image, &[])?.0, text.replace("TEXT", "hello, world\n"));
        // Makefiles of this Zephyr make the module in two targets.
        if generator == "Unix Makefiles" {
            build.build()?;
        }
        place.ran()?;
        build.nothing_to_do()?;
        place.copy("corpus/prebuilt/hello-p2-c.wasm", "app.wasm")?;
        build.build()?;
        let (now, _) = run(&image, &[])?;
        assert!(now.contains("hello from WASI 0.2 in C"), "{now}");
    }
    Ok(())
}

#[test]
fn the_example_for_esp_idf_is_built_around_stubs() -> Result<()> {
    around_stubs("esp-idf", "IDF_PATH", &[], "device.elf", "TEXTapp: done\n")
}

#[test]
fn the_example_for_zephyr_is_built_around_stubs() -> Result<()> {
    let module = format!("-DZEPHYR_EXTRA_MODULES={}", package().display());
    let text = "TEXTTEXTarray: done\nslot: done\n";
    around_stubs(
        "zephyr",
        "ZEPHYR_BASE",
        &[module],
        "zephyr/zephyr.elf",
        text,
    )
}

#[test]
fn a_slot_in_the_image_for_zephyr_is_found_by_its_symbol() -> Result<()> {
    let (true, Some(wasm3)) = (is_ready(), wasm3()) else {
        return Ok(());
    };
    let place = Place::new()?;
    place.copy("corpus/builds/zephyr", "device")?;
    place.copy("corpus/prebuilt/tiny-p2-c.wasm", "app.wasm")?;
    let mut build = Build::new(&place, "device", "Ninja");
    build.variables = vec![
        ("ZEPHYR_BASE", place.root.join("device/stubs")),
        ("WASM3_SOURCES", wasm3.into()),
    ];
    build.configure(&[
        &format!("-DAPP={}", place.root.join("app.wasm").display()),
        &format!("-DZEPHYR_EXTRA_MODULES={}", package().display()),
    ])?;
    build.build()?;
    let image = build.file("zephyr/zephyr.elf");
    let options = Options {
        slots: vec![Where::parse("app_slot")],
        ..Options::default()
    };
    let replaced = replace(&std::fs::read(&image)?, &part("hello-p2-c")?, &options)?;
    std::fs::write(&image, replaced.image)?;
    let (text, _) = run(&image, &[])?;
    assert!(text.starts_with("hello, world\n"), "{text}");
    assert!(text.contains("hello from WASI 0.2 in C"), "{text}");
    Ok(())
}
