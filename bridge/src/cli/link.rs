//! `p1bridge link`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

use super::{files, flatten, timed};
use crate::flatten::Descriptors;
use crate::link::{Choices, Input, Plug, Raw, compose, link};
use crate::wrap::World;

/// Link core modules and components into one core module
///
/// MAIN is the program: the module exports what MAIN exports, and `_start` if MAIN is a command. Its
/// imports are filled by the exports of the LIBs that have the same interface, and theirs by each
/// other's. Each file is a component, a core module with a world (wit-bindgen puts one in), or a plain
/// Preview 1 program.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge link app.wasm filter.wasm                     writes app.linked.wasm
  p1bridge link app.wasm a.wasm b.wasm --plan            which export fills which import
  p1bridge link app.wasm lib.wasm --profile wamr-2020    for a runtime of 2020
  p1bridge link app.wasm v1.wasm v2.wasm --plug acme:log/sink=v2.wasm
  p1bridge link app.wasm cache.wasm fs.wasm --chain app.wasm,cache.wasm,fs.wasm
  p1bridge link auth.wasm log.wasm route.wasm --chain auth.wasm,log.wasm,route.wasm --http cgi
  p1bridge link app.wasm lib.wasm --component -o app.component.wasm")]
pub struct Args {
    /// The program
    main: PathBuf,
    /// Libraries for the program and for each other
    libs: Vec<PathBuf>,

    /// The output file; `-` is standard output [default: MAIN with `.linked.wasm`]
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Print which export fills which import, and write nothing
    #[arg(long, conflicts_with_all = ["output", "report", "json", "component"], help_heading = "Output")]
    plan: bool,
    /// Write a component that contains all files, instead of a core module
    #[arg(long, conflicts_with_all = ["report", "json"], help_heading = "Output")]
    component: bool,

    /// The WIT that a core module was written for, if the module carries no world: a directory or a
    /// file. FILE can be left out if only one module needs it; can be repeated
    #[arg(long, value_name = "[FILE=]DIR", help_heading = LINKING)]
    wit: Vec<String>,
    /// The world in that WIT; required if there are several
    #[arg(long, value_name = "[FILE=]W", requires = "wit", help_heading = LINKING)]
    world: Vec<String>,
    /// Fill the import IFACE from FILE, where several files have it; can be repeated
    #[arg(long, value_name = "IFACE=FILE[#IFACE]", value_parser = plug, help_heading = LINKING)]
    plug: Vec<Plug>,
    /// Fill the imports of each of these files from the next one, where that has them; can be repeated
    #[arg(long, value_name = "A,B,C", help_heading = LINKING)]
    chain: Vec<String>,
    /// Leave the import IFACE to the host; can be repeated
    #[arg(long, value_name = "IFACE", help_heading = LINKING)]
    keep: Vec<String>,
    /// Give each user of FILE an instance of its own; can be repeated
    #[arg(long, value_name = "FILE", help_heading = LINKING)]
    fresh: Vec<String>,
    /// Fill the imports from the module NAME by the exports of the core module FILE, by name and without
    /// types: for small libraries of numbers; can be repeated
    #[arg(long, value_name = "NAME=FILE", value_parser = raw, help_heading = LINKING)]
    raw: Vec<(String, PathBuf)>,
    /// Export IFACE of a library, too; can be repeated
    #[arg(long, value_name = "IFACE", help_heading = LINKING)]
    export: Vec<String>,
    /// Refuse what leaves an import other than WASI to the host
    #[arg(long, help_heading = LINKING)]
    no_unresolved: bool,

    #[command(flatten)]
    how: flatten::How,
}

const LINKING: &str = "Linking";

pub fn command(args: &Args) -> Result<ExitCode> {
    let _timed = timed::begin(args.how.timings, &args.main, args.how.quiet());
    let output = files::output_for(&args.main, args.output.as_deref(), "linked")?;
    args.how.check_files(&output)?;
    let inputs = inputs(args)?;
    let mut raws = Vec::new();
    for (name, path) in &args.raw {
        raws.push(Raw {
            name: name.clone(),
            file: path.display().to_string(),
            wasm: files::read_binary(path)?,
        });
    }
    let choices = Choices {
        plugs: args.plug.clone(),
        chains: args
            .chain
            .iter()
            .map(|chain| chain.split(',').map(str::to_string).collect())
            .collect(),
        keep: args.keep.clone(),
        fresh: args.fresh.clone(),
        exports: args.export.clone(),
        no_unresolved: args.no_unresolved,
        http: args.how.http(),
    };
    if args.plan || args.component {
        let linked = compose(&inputs, &raws, &choices)?;
        if args.plan {
            super::print(&format!("{}\n", linked.plan.join("\n")))?;
        } else {
            let written = files::write_output(&output, &linked.component)?;
            if !args.how.quiet() {
                super::say(&linked.plan.join("\n"));
                super::say(&format!(
                    "wrote {written}: {} bytes",
                    linked.component.len()
                ));
            }
        }
        say_notes(&linked.notes);
        return Ok(ExitCode::SUCCESS);
    }
    let (linked, mut flat) = link(
        &inputs,
        &raws,
        &choices,
        &args.how.options(Descriptors::Shared),
    )?;
    flat.report.notes.splice(0..0, linked.notes);
    let plan: String = linked.plan.iter().map(|line| format!("{line}\n")).collect();
    args.how.write(&output, &flat, &plan)?;
    Ok(ExitCode::SUCCESS)
}

fn say_notes(notes: &[String]) {
    for note in notes {
        super::say(&format!("note: {note}"));
    }
}

/// The files, with the worlds that were given for them.
fn inputs(args: &Args) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for path in std::iter::once(&args.main).chain(&args.libs) {
        inputs.push(Input {
            name: path.display().to_string(),
            wasm: files::read_binary(path)?,
            world: None,
        });
    }
    let mut worlds: Vec<(Option<&str>, &str)> =
        args.world.iter().map(|world| of_file(world)).collect();
    for (file, world) in &worlds {
        let has_wit = |wit: &String| match (of_file(wit).0, file) {
            (Some(of), Some(file)) => is_named(of, file) || is_named(file, of),
            _ => file.is_none_or(|file| inputs.iter().any(|input| is_named(&input.name, file))),
        };
        if !args.wit.iter().any(has_wit) {
            let file = file.unwrap_or_default();
            bail!("--world {file}={world}: there is no --wit for this file");
        }
    }
    for wit in &args.wit {
        let (file, dir) = of_file(wit);
        let at = match file {
            Some(file) => named(&inputs, "--wit", file)?,
            None => without_world(&inputs)?,
        };
        let world = worlds.iter().position(|(other, _)| match other {
            Some(name) => is_named(&inputs[at].name, name),
            None => true,
        });
        let world = world.map(|at| worlds.remove(at).1);
        if inputs[at].world.is_some() {
            bail!("--wit {wit}: {} has a --wit already", inputs[at].name);
        }
        inputs[at].world = Some(World::read(dir.as_ref(), world)?);
    }
    Ok(inputs)
}

/// `[FILE=]VALUE`.
fn of_file(text: &str) -> (Option<&str>, &str) {
    match text.split_once('=') {
        Some((file, value)) => (Some(file), value),
        None => (None, text),
    }
}

fn is_named(input: &str, name: &str) -> bool {
    input == name
        || std::path::Path::new(input)
            .file_name()
            .is_some_and(|file| file == name)
}

fn named(inputs: &[Input], option: &str, name: &str) -> Result<usize> {
    let found = inputs.iter().position(|input| is_named(&input.name, name));
    match found {
        Some(at) => Ok(at),
        None => {
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            bail!(
                "{option} {name}: no such file is linked; there are {}",
                names.join(", ")
            )
        }
    }
}

/// The only core module that carries no world.
fn without_world(inputs: &[Input]) -> Result<usize> {
    let mut found = Vec::new();
    for (at, input) in inputs.iter().enumerate() {
        if crate::link::needs_world(&input.wasm) {
            found.push(at);
        }
    }
    match found.as_slice() {
        [only] => Ok(*only),
        [] => bail!("--wit: every file has its world in it already"),
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|&at| format!("--wit {}=DIR", inputs[at].name))
                .collect();
            bail!(
                "--wit: several files carry no world; say which is meant: {}",
                names.join(", ")
            )
        }
    }
}

/// `NAME=FILE`.
fn raw(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => {
            Ok((name.into(), file.into()))
        }
        _ => Err("it is NAME=FILE, such as math=math.wasm".to_string()),
    }
}

/// `IFACE=FILE[#IFACE]`.
fn plug(text: &str) -> Result<Plug, String> {
    let wrong =
        || "it is IFACE=FILE or IFACE=FILE#IFACE, such as acme:log/sink=log.wasm".to_string();
    let (import, rest) = text.split_once('=').ok_or_else(wrong)?;
    let (file, export) = match rest.rsplit_once('#') {
        Some((file, export)) => (file, Some(export.to_string())),
        None => (rest, None),
    };
    if import.is_empty() || file.is_empty() {
        return Err(wrong());
    }
    Ok(Plug {
        import: import.to_string(),
        file: file.to_string(),
        export,
    })
}
