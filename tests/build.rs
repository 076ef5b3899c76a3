//! Compiles WAMR of December 2020, the oldest runtime that the suites run, from the C sources
//! inside the package `wamr-sys` 0.1.1 (pinned by `wamr-2020/Cargo.toml`, never built as
//! a crate). Where that is not possible the crate is built without that engine, and the engine
//! says why: `WAMR_2020_MISSING`. The same for wasm3 0.4.7, from the package `wasm3-sys`: it becomes a
//! program of its own, with `wasm3/main.c`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(wamr_2020)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=wamr-2020/Cargo.lock");
    println!("cargo::rerun-if-changed=wasm3/Cargo.lock");
    let root = sources("wamr-2020", "wamr-sys");
    // The suite of `probe` builds them in other ways.
    if let Ok(root) = &root {
        println!(
            "cargo::rustc-env=WAMR_2020_SOURCES={}",
            root.join("wasm-micro-runtime").display()
        );
    }
    let wasm3 = sources("wasm3", "wasm3-sys").map(|root| root.join("wasm3/source"));
    if let Ok(source) = &wasm3 {
        println!("cargo::rustc-env=WASM3_SOURCES={}", source.display());
    }
    for source in [
        "wasm3/main.c",
        "embedder/script.h",
        "embedder/wamr.c",
        "embedder/wasm3.c",
    ] {
        println!("cargo::rerun-if-changed={source}");
    }
    let wasm3 = wasm3.and_then(|source| {
        let program = compile_wasm3(&source, "wasm3", "wasm3/main.c")?;
        let embedder = compile_wasm3(&source, "embedder-wasm3", "embedder/wasm3.c")?;
        Ok((program, embedder))
    });
    match wasm3 {
        Ok((program, embedder)) => {
            println!("cargo::rustc-env=WASM3={}", program.display());
            println!("cargo::rustc-env=WASM3_EMBEDDER={}", embedder.display());
        }
        Err(why) => {
            let why = why.replace('\n', " ");
            println!("cargo::warning=wasm3 is not built: {why}");
            println!("cargo::rustc-env=WASM3_MISSING={why}");
            println!("cargo::rerun-if-changed=wasm3/try-again");
        }
    }
    let embedder = root.and_then(|root| {
        let root = root.join("wasm-micro-runtime");
        compile(&root)?;
        compile_embedder(&root)
    });
    match embedder {
        Ok(embedder) => {
            println!("cargo::rustc-cfg=wamr_2020");
            println!("cargo::rustc-env=WAMR_2020_EMBEDDER={}", embedder.display());
            let library = embedder.with_file_name("libwamr2020.a");
            println!("cargo::rustc-env=WAMR_2020_LIBRARY={}", library.display());
        }
        Err(why) => {
            let why = why.replace('\n', " ");
            println!("cargo::warning=WAMR 2020 is not built: {why}");
            println!("cargo::rustc-env=WAMR_2020_MISSING={why}");
            // A file that never exists: try again with the next build.
            println!("cargo::rerun-if-changed=wamr-2020/try-again");
        }
    }
}

/// The folder of a package that `pin/Cargo.toml` depends on; cargo downloads it when it is not
/// there yet.
fn sources(pin: &str, name: &str) -> Result<PathBuf, String> {
    let output = Command::new(env::var_os("CARGO").expect("set by cargo"))
        .args([
            "metadata",
            "--locked",
            "--format-version=1",
            "--manifest-path",
        ])
        .arg(Path::new(pin).join("Cargo.toml"))
        .output()
        .map_err(|e| format!("cannot run cargo metadata: {e}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == name)
        .and_then(|package| package["manifest_path"].as_str())
        .ok_or_else(|| format!("{name} is not among the packages of {pin}/Cargo.toml"))?;
    Ok(Path::new(manifest).with_file_name(""))
}

/// The same choices as its own build for Linux with the classic interpreter and WASI.
fn compile(root: &Path) -> Result<(), String> {
    let os = env::var("CARGO_CFG_TARGET_OS").expect("set by cargo");
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("set by cargo");
    let (target, call_stub) = match (os.as_str(), arch.as_str()) {
        ("linux", "x86_64") => ("BUILD_TARGET_X86_64", "invokeNative_em64.s"),
        ("linux", "aarch64") => ("BUILD_TARGET_AARCH64", "invokeNative_aarch64.s"),
        _ => {
            return Err(format!(
                "it is only built for Linux on x86_64 and aarch64, not {os} {arch}"
            ));
        }
    };
    let core = root.join("core");
    let shared = core.join("shared");
    let iwasm = core.join("iwasm");
    let wasi = iwasm.join("libraries/libc-wasi");
    let primitives = wasi.join("sandboxed-system-primitives");

    let mut build = cc::Build::new();
    build
        .define(target, None)
        .define("BH_PLATFORM_LINUX", None)
        .define("BH_MALLOC", "wasm_runtime_malloc")
        .define("BH_FREE", "wasm_runtime_free")
        .define("WASM_ENABLE_INTERP", "1")
        .define("WASM_ENABLE_LIBC_BUILTIN", "1")
        .define("WASM_ENABLE_LIBC_WASI", "1");
    if arch == "aarch64" {
        build.define("BUILD_TARGET", "\"AARCH64\"");
    }
    for off in [
        "FAST_INTERP",
        "MULTI_MODULE",
        "BULK_MEMORY",
        "SHARED_MEMORY",
        "MINI_LOADER",
    ] {
        build.define(&format!("WASM_ENABLE_{off}"), "0");
    }
    for include in [
        shared.join("platform/include"),
        shared.join("platform/linux"),
        shared.join("mem-alloc"),
        shared.join("utils"),
        iwasm.join("include"),
        iwasm.join("common"),
        iwasm.join("interpreter"),
        iwasm.join("libraries/libc-builtin"),
        primitives.join("include"),
        primitives.join("src"),
    ] {
        build.include(include);
    }
    for folder in [
        shared.join("platform/linux"),
        shared.join("platform/common/posix"),
        shared.join("mem-alloc"),
        shared.join("mem-alloc/ems"),
        shared.join("utils"),
        iwasm.join("common"),
        iwasm.join("libraries/libc-builtin"),
        wasi.clone(),
        primitives.join("src"),
    ] {
        build.files(c_files(&folder)?);
    }
    for file in ["wasm_loader.c", "wasm_runtime.c", "wasm_interp_classic.c"] {
        build.file(iwasm.join("interpreter").join(file));
    }
    build.file(iwasm.join("common/arch").join(call_stub));
    build
        .std("gnu99")
        .opt_level(2)
        .debug(false)
        .warnings(false)
        .flag("-w")
        // Errors since gcc 14, warnings when this was written.
        .flag_if_supported("-Wno-error=implicit-function-declaration")
        .flag_if_supported("-Wno-error=incompatible-pointer-types")
        .flag_if_supported("-Wno-error=int-conversion")
        .try_compile("wamr2020")
        .map_err(|e| e.to_string())
}

/// A C program that embeds the library, for the suite `embedder`.
fn compile_embedder(root: &Path) -> Result<PathBuf, String> {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    let program = out.join("embedder-wamr");
    let mut command = c_compiler()?;
    command
        .args(["-O1", "-w", "-std=gnu99", "-o"])
        .arg(&program)
        .arg("-I")
        .arg(root.join("core/iwasm/include"))
        .arg("embedder/wamr.c")
        .arg(out.join("libwamr2020.a"))
        .args(["-lm", "-lpthread"]);
    run(command).map(|()| program)
}

/// A program around all sources but those for other kinds of WASI.
fn compile_wasm3(source: &Path, name: &str, main: &str) -> Result<PathBuf, String> {
    let others = ["m3_api_uvwasi.c", "m3_api_meta_wasi.c", "m3_api_tracer.c"];
    let files = c_files(source)?.into_iter().filter(|file| {
        let name = file.file_name().unwrap_or_default();
        !others.iter().any(|other| name == *other)
    });
    let program = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo")).join(name);
    let mut command = c_compiler()?;
    command
        .args([
            "-O2",
            "-w",
            "-std=gnu99",
            "-Dd_m3HasWASI",
            "-Dd_m3LogOutput=0",
        ])
        .arg("-o")
        .arg(&program)
        .arg("-I")
        .arg(source)
        .arg(main)
        .args(files)
        .arg("-lm");
    run(command).map(|()| program)
}

fn c_compiler() -> Result<Command, String> {
    let compiler = cc::Build::new().debug(false).try_get_compiler();
    Ok(compiler.map_err(|e| e.to_string())?.to_command())
}

fn run(mut command: Command) -> Result<(), String> {
    let output = command.output();
    let output = output.map_err(|e| format!("cannot run the C compiler: {e}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn c_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "c"))
        .collect();
    files.sort();
    Ok(files)
}
