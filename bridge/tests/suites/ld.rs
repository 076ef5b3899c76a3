//! `p1bridge-ld` between real compilers and linkers: cargo and rustc, clang, lld, wasm-component-ld.

use std::env;
use std::fs;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::common::Folder;

/// What only this suite knows of the machine.
struct Tools {
    /// The folder of the commands under test, and then `PATH`.
    path: std::ffi::OsString,
    /// A compiler with the sources of its library, where rustup has no target for WebAssembly.
    rustc: Option<PathBuf>,
}

fn tools() -> &'static Tools {
    static TOOLS: OnceLock<Tools> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let own = Path::new(env!("CARGO_BIN_EXE_p1bridge-ld"))
            .parent()
            .unwrap();
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(
            [own.to_path_buf()]
                .into_iter()
                .chain(env::split_paths(&path)),
        );
        let sources = Path::new("/usr/lib/rustlib/src/rust/library/core").is_dir();
        Tools {
            path: path.unwrap(),
            rustc: sources.then(|| PathBuf::from("/usr/bin/rustc")),
        }
    })
}

/// Whether a test with `what` may be left out: no word about it where it is required.
fn missing(what: &str, there: bool) -> bool {
    let required = env::var("P1BRIDGE_REQUIRE_ENGINES").unwrap_or_default();
    assert!(
        there || !required.split(',').any(|name| name == what),
        "{what} is required and missing"
    );
    if !there {
        eprintln!("left out: there is no {what}");
    }
    !there
}

fn in_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&tools().path)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// A command with our linker in `PATH`, and without what the cargo that runs this test tells its own compilers.
fn command(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let cargos = name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_") && name != "CARGO_HOME");
        if cargos || name == "RUSTFLAGS" || name == "LD_LIBRARY_PATH" {
            command.env_remove(name);
        }
    }
    command.env("PATH", &tools().path).current_dir(folder);
    command
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[track_caller]
fn worked(output: Output) -> String {
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    text
}

#[track_caller]
fn failed(output: Output, parts: &[&str]) -> String {
    let text = text(&output);
    assert!(!output.status.success(), "{text}");
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    text
}

/// A workspace in a folder with a space in its name.
struct Project {
    folder: Folder,
    /// What is built of the library that comes with the compiler.
    std: &'static str,
}

impl Project {
    /// Programs that need nothing but the core library, as new. One folder for all tests, so that the library is built
    /// once for each target.
    fn bare() -> MutexGuard<'static, Project> {
        static SHARED: OnceLock<Mutex<Project>> = OnceLock::new();
        let project = SHARED.get_or_init(|| {
            Mutex::new(Project {
                folder: Folder::new(),
                std: "core",
            })
        });
        let project = project.lock().unwrap_or_else(PoisonError::into_inner);
        project.add("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"lib\"]\n[profile.dev]\npanic = \"abort\"\n");
        let member = |name: &str, more: &str| {
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}")
        };
        project.add(
            "app/Cargo.toml",
            &member("app", "[dependencies]\nlib = { path = \"../lib\" }\n"),
        );
        project.add("app/src/main.rs", MAIN);
        project.add(
            "lib/Cargo.toml",
            &member("lib", "[lib]\ncrate-type = [\"rlib\", \"cdylib\"]\n"),
        );
        project.add("lib/src/lib.rs", LIBRARY);
        project.config("wamr-2020", "");
        project
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("a project")
    }

    fn add(&self, name: &str, content: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// `.cargo/config.toml` as a user writes it, for all targets.
    fn config(&self, profile: &str, more: &str) {
        let mut text = String::new();
        for target in TARGETS {
            text += &format!(
                "[target.{target}]\nlinker = \"p1bridge-ld\"\nrunner = \"p1bridge run\"\n\
                 rustflags = [\"-Clink-arg=--p1bridge-profile={profile}\"{more}]\n"
            );
        }
        self.add(".cargo/config.toml", &text);
    }

    fn cargo(&self, args: &[&str]) -> Output {
        self.cargo_with(args, b"")
    }

    /// The same with a standard input, and `LIMIT=1`.
    fn cargo_with(&self, args: &[&str], stdin: &[u8]) -> Output {
        let mut cargo = command(env!("CARGO"), &self.path());
        cargo.args(args);
        if let Some(rustc) = &tools().rustc {
            cargo.env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1");
            cargo.arg(format!("-Zbuild-std={}", self.std));
            // The startup files and the C library of the target come with rustup's.
            let mut flags = vec!["-Clink-self-contained=no".to_string()];
            if self.std == "core" {
                // `memcmp` and the like, which come with a C library otherwise.
                cargo.arg("-Zbuild-std-features=compiler-builtins-mem");
            } else {
                flags.push(format!("-Lnative={WASI_LIBC}"));
                flags.push(format!("-Clink-arg={WASI_LIBC}/crt1-command.o"));
                // Debian's is of 2022 and has no threads, which tests are written for.
                flags.push("-Clink-arg=--unresolved-symbols=ignore-all".to_string());
                cargo.arg("-Zpanic-abort-tests");
            }
            for target in TARGETS {
                cargo.args(["--config", &format!("target.{target}.rustflags={flags:?}")]);
            }
        }
        let mut input = tempfile::tempfile().unwrap();
        input.write_all(stdin).unwrap();
        input.rewind().unwrap();
        cargo.env("LIMIT", "1").stdin(input).output().unwrap()
    }

    fn output(&self, target: &str, name: &str) -> PathBuf {
        self.path()
            .join("target")
            .join(target)
            .join("debug")
            .join(name)
    }
}

const TARGETS: [&str; 3] = ["wasm32-unknown-unknown", "wasm32-wasip1", "wasm32-wasip2"];

const MAIN: &str = r#"#![no_std]
#![no_main]

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn fd_write(fd: i32, vectors: *const Vector, count: usize, written: &mut usize) -> i32;
}

#[repr(C)]
struct Vector(*const u8, usize);

#[unsafe(no_mangle)]
extern "C" fn _start() {
    let text: &'static str = lib::greeting();
    let mut written = 0;
    unsafe { fd_write(1, &Vector(text.as_ptr(), text.len()), 1, &mut written) };
}
"#;

const LIBRARY: &str = r#"#![no_std]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

pub fn greeting() -> &'static str {
    "hello from the library\n"
}

#[unsafe(no_mangle)]
pub extern "C" fn extended(n: i32) -> i64 {
    n as i8 as i64
}
"#;

/// The module of a file, checked for a profile.
#[track_caller]
fn checked(path: &Path, profile: &str) -> Vec<u8> {
    let mut check = command(env!("CARGO_BIN_EXE_p1bridge"), path.parent().unwrap());
    worked(
        check
            .arg("check")
            .arg(path)
            .args(["--profile", profile])
            .output()
            .unwrap(),
    );
    fs::read(path).unwrap()
}

#[test]
fn what_rustc_links_for_each_target_is_flat_and_runs() {
    if missing("rust", tools().rustc.is_some()) {
        return;
    }
    let project = Project::bare();
    worked(project.cargo(&["build", "-p", "lib", "--target", "wasm32-unknown-unknown"]));
    // The compiler may use sign-ext; without it the profile makes shifts of it.
    checked(
        &project.output("wasm32-unknown-unknown", "lib.wasm"),
        "wamr-2020",
    );
    for target in ["wasm32-wasip1", "wasm32-wasip2"] {
        if target == "wasm32-wasip2" && missing("wasm-component-ld", component_linker().is_some()) {
            continue;
        }
        let said = worked(project.cargo(&["run", "-p", "app", "--target", target]));
        assert!(said.contains("hello from the library"), "{said}");
        let module = checked(&project.output(target, "app.wasm"), "wamr-2020");
        assert_eq!(module[..8], *b"\0asm\x01\0\0\0");
        // A folder for the moment is nobody's business.
        assert!(!String::from_utf8_lossy(&module).contains("p1bridge-ld"));
    }
}

/// The linker of components: rustc puts the folder where it has it into `PATH`.
fn component_linker() -> Option<PathBuf> {
    let ours = fs::read_dir("/usr/lib/rustlib")
        .into_iter()
        .flatten()
        .flatten();
    let mut ours = ours.map(|folder| folder.path().join("bin/wasm-component-ld"));
    in_path("wasm-component-ld").or_else(|| ours.find(|path| path.is_file()))
}

#[test]
fn cargo_links_again_when_an_option_changes_and_not_otherwise() {
    if missing("rust", tools().rustc.is_some()) {
        return;
    }
    let project = Project::bare();
    let build = [
        "build",
        "-v",
        "-p",
        "lib",
        "--target",
        "wasm32-unknown-unknown",
    ];
    let module = || fs::read(project.output("wasm32-unknown-unknown", "lib.wasm")).unwrap();
    worked(project.cargo(&build));
    let first = module();
    let said = worked(project.cargo(&build));
    assert!(
        said.contains("Fresh lib") && !said.contains("Running"),
        "{said}"
    );
    // It lacks sign-ext.
    project.config("mvp", "");
    worked(project.cargo(&build));
    let second = checked(&project.output("wasm32-unknown-unknown", "lib.wasm"), "mvp");
    assert_ne!(first, second);
}

#[test]
fn a_link_that_fails_fails_the_build_and_leaves_no_output() {
    if missing("rust", tools().rustc.is_some()) {
        return;
    }
    let project = Project::bare();
    let build = ["build", "-p", "lib", "--target", "wasm32-unknown-unknown"];
    let output = project.output("wasm32-unknown-unknown", "deps/lib.wasm");
    worked(project.cargo(&build));
    assert!(output.exists());
    // By us, with options that are said before linking, and with those that do not fit the program.
    project.config("wamr-2020", ", \"-Clink-arg=--p1bridge-stacksize=8KiB\"");
    failed(
        project.cargo(&build),
        &[
            "unexpected argument '--p1bridge-stacksize'",
            "'--p1bridge-stack-size'",
        ],
    );
    project.config("wamr-2020", ", \"-Clink-arg=--p1bridge-stack-size=8KiB\"");
    failed(project.cargo(&build), &["deps/lib.wasm: --stack-size: "]);
    assert!(!output.exists());
    // By the linker, whose words are passed on.
    project.config("wamr-2020", "");
    project.add(
        "lib/src/lib.rs",
        &LIBRARY.replace(
            "    n as i8",
            "    unsafe extern \"C\" { fn nowhere(); }\n    unsafe { nowhere() };\n    n as i8",
        ),
    );
    failed(project.cargo(&build), &["undefined symbol: nowhere"]);
    assert!(!output.exists());
}

/// A program in C without a library.
const C: &str = r#"
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"))) void leave(int);
int table[3] = { 1, 2, 39 };
void _start(void) {
    volatile signed char n = 2;
    leave(table[(int)n] + 3);
}
"#;

/// A folder with `main.c` and `main.o`, if there is a compiler.
fn compiled() -> Option<Folder> {
    if missing("clang", in_path("clang-22").is_some()) {
        return None;
    }
    let folder = Folder::new();
    folder.add("main.c", C);
    worked(clang(&folder, &["-c", "main.c", "-o", "main.o"]));
    Some(folder)
}

fn clang(folder: &Folder, args: &[&str]) -> Output {
    let mut clang = command("clang-22", folder.path());
    // An optimiser that clang calls behind the linker knows nothing of the device.
    clang.args([
        "--target=wasm32-unknown-unknown",
        "-O1",
        "-nostdlib",
        "--no-wasm-opt",
    ]);
    clang.arg(concat!("-fuse-ld=", env!("CARGO_BIN_EXE_p1bridge-ld")));
    clang.args(args).output().unwrap()
}

fn ld(folder: &Folder, args: &[&str]) -> Output {
    let mut ld = command(env!("CARGO_BIN_EXE_p1bridge-ld"), folder.path());
    ld.args(args).output().unwrap()
}

#[test]
fn what_clang_links_fits_the_profile_and_runs() {
    let Some(folder) = compiled() else { return };
    let said = worked(clang(
        &folder,
        &[
            "main.c",
            "-o",
            "a b.wasm",
            "-Wl,--p1bridge-profile=mvp,--p1bridge-verbose",
        ],
    ));
    assert!(said.contains("wrote a b.wasm: "), "{said}");
    checked(&folder.path().join("a b.wasm"), "mvp");
    assert_eq!(folder.run(&["run", "a b.wasm"]).code, Some(42));
    // As clang calls it where the command line is too long for a system.
    fs::write(folder.path().join("all"), "main.c -o 'c d.wasm'").unwrap();
    worked(clang(&folder, &["@all"]));
    assert_eq!(folder.run(&["run", "c d.wasm"]).code, Some(42));
}

#[test]
fn arguments_in_a_response_file_are_understood_and_the_others_passed_on() {
    let Some(folder) = compiled() else { return };
    folder.add(
        "args",
        "--export-all\n--p1bridge-keep -o\n\"x y.wasm\" --p1bridge-profile=mvp main.o\n",
    );
    worked(ld(
        &folder,
        &["--stack-first", "@args", "-z", "stack-size=8192"],
    ));
    checked(&folder.path().join("x y.wasm"), "mvp");
    assert_eq!(folder.run(&["run", "x y.wasm"]).code, Some(42));
    assert_eq!(
        folder.files(),
        ["args", "main.c", "main.o", "x y.linked.wasm", "x y.wasm"]
    );
    let linked = folder.run(&["inspect", "x y.linked.wasm"]).succeeded();
    assert!(
        linked.text().contains("table"),
        "--export-all was lost: {linked:?}"
    );
}

#[test]
fn the_output_has_its_own_name_in_the_name_section() {
    let Some(folder) = compiled() else { return };
    worked(ld(&folder, &["main.o", "-oout.wasm", "--p1bridge-keep"]));
    let module = fs::read(folder.path().join("out.wasm")).unwrap();
    let names = wasmparser::Parser::new(0)
        .parse_all(&module)
        .find_map(|part| match part.unwrap() {
            wasmparser::Payload::CustomSection(section) if section.name() == "name" => {
                Some(section.data().to_vec())
            }
            _ => None,
        });
    let names = names.expect("lld writes names");
    // A subsection of the module's name, with its length and that of the name.
    assert!(names.starts_with(b"\x00\x09\x08out.wasm"), "{names:?}");
}

#[test]
fn what_is_no_program_is_left_as_it_is() {
    let Some(folder) = compiled() else { return };
    worked(ld(&folder, &["-r", "main.o", "-opart.o"]));
    let object = |more: &[&str]| {
        worked(ld(
            &folder,
            &[&["-r", "main.o", "-o", "part.o"], more].concat(),
        ));
        fs::read(folder.path().join("part.o")).unwrap()
    };
    assert_eq!(object(&[]), object(&["--p1bridge-profile=mvp"]));
    // It is an object: another call of the linker takes it.
    worked(ld(&folder, &["part.o", "-o", "part.wasm"]));
    assert_eq!(folder.run(&["run", "part.wasm"]).code, Some(42));
    folder.add("lib.c", "int f(void) { return 1; }");
    worked(clang(&folder, &["-fPIC", "-c", "lib.c", "-o", "lib.o"]));
    let shared = ["-shared", "--experimental-pic", "lib.o", "-o", "lib.so"];
    worked(ld(&folder, &shared));
    let library = fs::read(folder.path().join("lib.so")).unwrap();
    assert_eq!(&library[10..20], b"\x08dylink.0\x01", "{library:?}");
}

#[test]
fn questions_to_the_linker_are_answered_by_it() {
    let Some(folder) = compiled() else { return };
    for question in ["--version", "-v", "--help"] {
        let said = worked(ld(&folder, &[question]));
        assert!(said.contains("LLD") || said.contains("lld"), "{said}");
        assert_eq!(folder.files(), ["main.c", "main.o"]);
    }
}

#[test]
fn an_output_without_a_name_is_flat_too() {
    let Some(folder) = compiled() else { return };
    worked(ld(&folder, &["main.o"]));
    assert_eq!(folder.run(&["run", "a.out"]).code, Some(42));
}

#[test]
fn failures_of_linkers_that_are_well_known_are_explained() {
    let Some(folder) = compiled() else { return };
    fs::write(folder.path().join("old.wasm"), "of before").unwrap();
    failed(
        ld(&folder, &["main.o", "-lc", "-o", "old.wasm"]),
        &[
            "unable to find library -lc",
            "rustup target add",
            "wasi-libc",
        ],
    );
    assert_eq!(folder.files(), ["main.c", "main.o"]);
    // The linker's own code comes through.
    assert_eq!(
        ld(&folder, &["main.o", "-lc", "-o", "old.wasm"])
            .status
            .code(),
        Some(1)
    );
    let linker = component_linker();
    if missing("wasm-component-ld", linker.is_some()) {
        return;
    }
    folder.add(
        "world.wit",
        "package a:b; world w { export greet: func(name: string) -> string; }",
    );
    folder.add("greet.c", "void _initialize(void) {} __attribute__((export_name(\"greet\"))) char *greet(char *p, int n) { return p + n; }");
    worked(clang(&folder, &["-c", "greet.c", "-o", "greet.o"]));
    let linker = format!("--p1bridge-linker={}", linker.unwrap().display());
    let args = [
        "greet.o",
        "--component-type",
        "world.wit",
        "--no-entry",
        "--export=_initialize",
        "-o",
        "greet.wasm",
        &linker,
    ];
    failed(ld(&folder, &args), &["cabi_realloc", "wit-bindgen c"]);
    assert!(!folder.path().join("greet.wasm").exists());
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let Some(folder) = compiled() else { return };
    failed(
        ld(&folder, &["main.o", "-o", "nowhere/out.wasm"]),
        &["nowhere/out.wasm"],
    );
    failed(
        ld(&folder, &["main.o", "-o", "/proc/out.wasm"]),
        &["/proc/out.wasm"],
    );
    failed(ld(&folder, &["main.o", "-o", ".."]), &["has no file name"]);
    assert_eq!(folder.files(), ["main.c", "main.o"]);
}

#[cfg(unix)]
#[test]
fn the_linker_is_found_behind_a_link_of_its_name_to_ours() {
    let Some(folder) = compiled() else { return };
    let ours = folder.path().join("wasm-ld");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_p1bridge-ld"), &ours).unwrap();
    let path = env::join_paths(
        [folder.path().to_path_buf()]
            .into_iter()
            .chain(env::split_paths(&tools().path)),
    )
    .unwrap();
    let mut linker = command(&ours, folder.path());
    worked(
        linker
            .env("PATH", path)
            .args(["main.o", "-o", "out.wasm"])
            .output()
            .unwrap(),
    );
    assert_eq!(folder.run(&["run", "out.wasm"]).code, Some(42));
    let itself = format!("--p1bridge-linker={}", ours.display());
    failed(
        ld(&folder, &["main.o", &itself]),
        &["is p1bridge-ld itself"],
    );
    let mut nothing = command(env!("CARGO_BIN_EXE_p1bridge-ld"), folder.path());
    failed(
        nothing
            .env("PATH", "")
            .args(["main.o", "-o", "x.wasm"])
            .output()
            .unwrap(),
        &["--p1bridge-linker="],
    );
}

#[test]
fn the_example_for_cargo_does_what_its_page_says() {
    let rust = missing(
        "rust",
        tools().rustc.is_some() && Path::new(WASI_LIBC).is_dir(),
    );
    if rust || missing("wasm-component-ld", component_linker().is_some()) {
        return;
    }
    let project = Project {
        folder: Folder::new(),
        std: "std,panic_abort,test",
    };
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/builds/cargo");
    for name in [
        "Cargo.toml",
        "Cargo.lock",
        ".cargo/config.toml",
        "count/Cargo.toml",
        "count/src/lib.rs",
        "report/Cargo.toml",
        "report/src/main.rs",
    ] {
        project.add(name, &fs::read_to_string(example.join(name)).unwrap());
    }
    let said = worked(project.cargo_with(&["run"], b"a b a\n"));
    assert!(said.starts_with("2 a\n"), "{said}");
    checked(&project.output("wasm32-wasip2", "report.wasm"), "wamr-2020");
    let said = worked(project.cargo(&["test", "--lib", "--bins"]));
    assert!(
        said.contains("test tests::the_most_frequent_word_comes_first ... ok"),
        "{said}"
    );
}

/// Where Debian has the C library.
const WASI_LIBC: &str = "/usr/lib/wasm32-wasi";
