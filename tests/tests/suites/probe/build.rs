//! Runtimes that are built as firmware might have them, with the compiler of this machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a WAMR of 2020 is built with.
pub struct Config {
    pub name: &'static str,
    /// `WASM_ENABLE_…` that are 1.
    pub on: &'static [&'static str],
    pub interpreter: Option<&'static str>,
    pub loader: &'static str,
}

pub const CLASSIC: Config = Config {
    name: "classic",
    on: &["INTERP", "LIBC_BUILTIN", "LIBC_WASI"],
    interpreter: Some("wasm_interp_classic.c"),
    loader: "wasm_loader.c",
};

pub const CONFIGS: &[Config] = &[
    CLASSIC,
    Config {
        name: "fast",
        on: &["INTERP", "LIBC_BUILTIN", "LIBC_WASI", "FAST_INTERP"],
        interpreter: Some("wasm_interp_fast.c"),
        ..CLASSIC
    },
    Config {
        name: "bulk-memory",
        on: &["INTERP", "LIBC_BUILTIN", "LIBC_WASI", "BULK_MEMORY"],
        ..CLASSIC
    },
    Config {
        name: "tail-call",
        on: &["INTERP", "LIBC_BUILTIN", "LIBC_WASI", "TAIL_CALL"],
        ..CLASSIC
    },
    Config {
        name: "without-wasi",
        on: &["INTERP", "LIBC_BUILTIN"],
        ..CLASSIC
    },
    Config {
        name: "several-modules",
        on: &["INTERP", "LIBC_BUILTIN", "LIBC_WASI", "MULTI_MODULE"],
        ..CLASSIC
    },
    Config {
        name: "threads",
        on: &[
            "INTERP",
            "LIBC_BUILTIN",
            "LIBC_WASI",
            "BULK_MEMORY",
            "SHARED_MEMORY",
            "THREAD_MGR",
            "LIB_PTHREAD",
        ],
        ..CLASSIC
    },
    Config {
        name: "mini-loader",
        on: &["INTERP", "LIBC_BUILTIN", "LIBC_WASI", "MINI_LOADER"],
        loader: "wasm_mini_loader.c",
        ..CLASSIC
    },
    Config {
        name: "compiled-only",
        on: &["AOT", "LIBC_BUILTIN", "LIBC_WASI"],
        interpreter: None,
        ..CLASSIC
    },
];

/// The root of the sources, where they and a compiler are there; the suite says why not.
pub fn wamr_sources() -> Option<&'static Path> {
    let root = option_env!("WAMR_2020_SOURCES").map(Path::new);
    let here = cfg!(all(target_os = "linux", target_arch = "x86_64")) && root.is_some();
    let required = std::env::var("P1BRIDGE_REQUIRE_ENGINES").unwrap_or_default();
    assert!(
        here || !required.contains("wamr") || !cfg!(target_arch = "x86_64"),
        "the sources of WAMR are not there"
    );
    if !here {
        eprintln!("skipped: no sources of WAMR, or another machine than x86-64 with Linux");
    }
    root.filter(|_| here)
}

/// A folder for what is built.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("probe");
        fs::create_dir_all(&folder).expect("a folder");
        folder
    })
}

/// Each configuration and its program, built once. What no setting changes is compiled once.
pub fn wamrs() -> &'static [(&'static Config, PathBuf)] {
    static BUILT: OnceLock<Vec<(&Config, PathBuf)>> = OnceLock::new();
    BUILT.get_or_init(|| {
        let Some(root) = wamr_sources() else {
            return Vec::new();
        };
        let wamr = Wamr { root };
        let mut objects: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
        CONFIGS
            .iter()
            .map(|config| (config, wamr.link(config, &mut objects)))
            .collect()
    })
}

pub struct Wamr {
    pub root: &'static Path,
}

impl Wamr {
    /// The sources of a configuration, and whether its settings change what they are compiled to.
    fn sources(&self, config: &Config) -> Vec<(PathBuf, bool)> {
        let shared = self.root.join("core/shared");
        let iwasm = self.root.join("core/iwasm");
        let on = |name| config.on.contains(&name);
        let mut sources = Vec::new();
        let mut add = |folder: PathBuf, varies| {
            sources.extend(c_files(&folder).into_iter().map(|file| (file, varies)));
        };
        for folder in [
            "platform/linux",
            "platform/common/posix",
            "mem-alloc",
            "mem-alloc/ems",
            "utils",
        ] {
            add(shared.join(folder), false);
        }
        add(iwasm.join("common"), true);
        let libraries = iwasm.join("libraries");
        if on("LIBC_BUILTIN") {
            add(libraries.join("libc-builtin"), false);
        }
        if on("LIBC_WASI") {
            add(libraries.join("libc-wasi"), false);
            add(
                libraries.join("libc-wasi/sandboxed-system-primitives/src"),
                false,
            );
        }
        if on("THREAD_MGR") {
            add(libraries.join("thread-mgr"), true);
            add(libraries.join("lib-pthread"), true);
        }
        if on("AOT") {
            add(iwasm.join("aot"), true);
            sources.push((iwasm.join("aot/arch/aot_reloc_x86_64.c"), true));
        }
        if let Some(interpreter) = config.interpreter {
            for file in [config.loader, "wasm_runtime.c", interpreter] {
                sources.push((iwasm.join("interpreter").join(file), true));
            }
        }
        sources.push((iwasm.join("common/arch/invokeNative_em64.s"), false));
        sources.push((own("wamr.c"), true));
        sources
    }

    /// What the compiler is told beside the file.
    pub fn flags(&self, config: &Config) -> Vec<String> {
        let core = self.root.join("core");
        let wasi = "iwasm/libraries/libc-wasi/sandboxed-system-primitives";
        let mut flags: Vec<String> = ["-std=gnu99", "-w", "-O1", "-fPIC", "-D_GNU_SOURCE"]
            .into_iter()
            .map(str::to_owned)
            .collect();
        for define in [
            "BUILD_TARGET_X86_64",
            "BH_PLATFORM_LINUX",
            "BH_MALLOC=wasm_runtime_malloc",
            "BH_FREE=wasm_runtime_free",
        ] {
            flags.push(format!("-D{define}"));
        }
        for include in [
            "shared/platform/include",
            "shared/platform/linux",
            "shared/mem-alloc",
            "shared/utils",
            "iwasm/include",
            "iwasm/common",
            "iwasm/interpreter",
            "iwasm/aot",
            "iwasm/libraries/libc-builtin",
            "iwasm/libraries/thread-mgr",
            &format!("{wasi}/include"),
            &format!("{wasi}/src"),
        ] {
            flags.push(format!("-I{}", core.join(include).display()));
        }
        flags.extend(config.on.iter().map(|on| format!("-DWASM_ENABLE_{on}=1")));
        flags
    }

    fn link(&self, config: &Config, objects: &mut BTreeMap<PathBuf, PathBuf>) -> PathBuf {
        let mut link = Command::new("cc");
        for (source, varies) in self.sources(config) {
            let name = source.file_name().expect("a file").to_string_lossy();
            let object = match varies {
                true => folder().join(format!("{}.{name}.o", config.name)),
                false => folder().join(format!("{}.{name}.o", objects.len())),
            };
            let object = match objects.get(&source) {
                Some(object) if !varies => object.clone(),
                _ => {
                    let mut cc = Command::new("cc");
                    cc.args(self.flags(config)).arg("-c").arg(&source);
                    run(cc.arg("-o").arg(&object));
                    objects.insert(source, object.clone());
                    object
                }
            };
            link.arg(object);
        }
        let program = folder().join(format!("wamr-{}", config.name));
        run(link.args(["-lpthread", "-lm", "-o"]).arg(&program));
        program
    }
}

/// wasm3 0.4.7 with its WASI.
pub fn wasm3() -> Option<PathBuf> {
    let root = Path::new(option_env!("WASM3_SOURCES")?);
    let program = folder().join("wasm3");
    run(Command::new("cc")
        .args(["-w", "-O2", "-Dd_m3HasWASI"])
        .arg(format!("-I{}", root.display()))
        .arg(own("wasm3.c"))
        .args(c_files(root))
        .args(["-lm", "-o"])
        .arg(&program));
    Some(program)
}

/// The program without symbols.
pub fn stripped(program: &Path) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    // Tests run at the same time.
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let stripped = program.with_extension(format!("{count}.stripped"));
    run(Command::new("strip").arg("-o").arg(&stripped).arg(program));
    stripped
}

/// A source of this suite.
fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/suites/probe")
        .join(name)
}

fn c_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder of sources")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "c"))
        .collect();
    files.sort();
    files
}

/// Runs a tool that has to succeed.
pub fn run(command: &mut Command) {
    let output = command.output().expect("the tool is there");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
