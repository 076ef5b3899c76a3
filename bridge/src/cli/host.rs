//! `p1bridge host`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::files;
use crate::host::{HostOptions, Input, c, js, rust};
use crate::wrap::World;

/// Write the glue for a host of a flat module
///
/// In C, a header has the types of the module's own interfaces, the functions that the host provides and
/// those that it calls. A source lifts and lowers their values, with every check of the canonical ABI. Compile
/// it with `runtime-shim/host/p1b_abi.c` and the binding of your runtime beside it. Rust and JavaScript have the
/// same in one module.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge host app.flat.wasm -o glue             the interfaces that the module imports and exports
  p1bridge host wit --world device -o glue        all of a world
  p1bridge host app.flat.wasm --prefix app -o .   names that begin with app_
  p1bridge host app.flat.wasm --lang js -o web    a JavaScript module, with types for TypeScript")]
pub struct Args {
    /// A flat module that carries its world, or WIT: a directory or a file
    input: PathBuf,
    /// The folder for the files
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// The world in that WIT, required if there are several; for a module, what to call its world [default: the
    /// name of the file up to its first dot]
    #[arg(long, value_name = "W")]
    world: Option<String>,
    /// The language
    #[arg(long, value_enum, default_value = "c")]
    lang: Lang,
    /// Where what functions of the host return goes, if the input is WIT: to memory that the guest allocates, or
    /// to the arena of `flatten --host-arena`; for C [default: guest; a module says it itself]
    #[arg(long, value_enum, value_name = "WHOSE")]
    memory: Option<Memory>,
    /// What all names begin with
    #[arg(long, value_name = "P")]
    prefix: Option<String>,
    /// Views of the guest's memory instead of `String` and `Vec`; for Rust, C needs no allocator
    #[arg(long)]
    no_alloc: bool,
    /// Do not print what was written
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Lang {
    /// C99, which is C++17, too
    C,
    /// Rust, on the crate `p1bridge-host`
    Rust,
    /// A JavaScript module with declarations for TypeScript, on `p1b.mjs`, which is written beside it
    Js,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Memory {
    /// The guest's, by its `cabi_realloc`
    Guest,
    /// The arena of a module that was made with `--host-arena`
    Arena,
}

pub fn command(args: &Args) -> Result<ExitCode> {
    let is_wit = args.input.is_dir() || args.input.extension().is_some_and(|end| end == "wit");
    let mut input = match is_wit {
        true => Input::of_world(World::read(&args.input, args.world.as_deref())?),
        false => {
            let wasm = files::read_binary(&args.input)?;
            Input::of_module(&wasm).with_context(|| files::shown(&args.input))?
        }
    };
    if args.memory.is_some() && !matches!(args.lang, Lang::C) {
        bail!("--memory is for --lang c: glue in other languages sees what the module has");
    }
    match args.memory {
        Some(memory) if is_wit => input.arena = matches!(memory, Memory::Arena),
        Some(memory) if input.arena != matches!(memory, Memory::Arena) => bail!(
            "--memory: {} was made {} --host-arena; leave --memory out, it is for WIT",
            args.input.display(),
            if input.arena { "with" } else { "without" }
        ),
        _ => {}
    }
    if let Some(prefix) = &args.prefix {
        let is_name = prefix.starts_with(|c: char| c.is_ascii_alphabetic())
            && prefix
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            bail!("--prefix {prefix}: it has letters, digits and _, and begins with a letter");
        }
    }
    // The world of a component has no name of its own.
    let stem = args.input.file_name().and_then(|name| name.to_str());
    let stem = stem
        .and_then(|name| name.split('.').next())
        .unwrap_or("module");
    let named = args.world.as_deref().unwrap_or(stem);
    let options = HostOptions {
        prefix: args.prefix.clone(),
        world: (!is_wit).then(|| named.to_string()),
        views: args.no_alloc,
    };
    match args.lang {
        Lang::C if args.no_alloc => bail!("--no-alloc is for --lang rust: C needs no allocator"),
        Lang::Js if args.no_alloc => bail!("--no-alloc is for --lang rust: JavaScript has one"),
        _ => {}
    }
    let made = match args.lang {
        Lang::C => c(&input, &options),
        Lang::Rust => rust(&input, &options),
        Lang::Js => js(&input, &options),
    };
    let made = made.with_context(|| files::shown(&args.input))?;
    std::fs::create_dir_all(&args.output)
        .with_context(|| format!("cannot make the folder {}", args.output.display()))?;
    // Either all files are there in the end, or none.
    let staged: Vec<_> = made
        .iter()
        .map(|file| (args.output.join(&file.name), &file.text))
        .collect();
    let staged = staged
        .iter()
        .map(|(path, text)| files::stage(path, text.as_bytes()))
        .collect::<Result<Vec<_>>>()?;
    for file in staged {
        let written = file.commit()?;
        if !args.quiet {
            super::say(&format!("wrote {written}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
