//! `p1bridge embed`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::{files, size};
use crate::embed::{Place, Slot};

/// Write a core module as a source for a firmware, in a slot that `retrofit` finds
///
/// The slot begins with a head: a mark, how much room there is, how long the module is, and its CRC-32.
/// `p1bridge_slot.h` reads it. `retrofit` can later put any module there that fits into the room.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge embed app.wasm -o app.c --reserve 16KiB        const uint8_t app[], for C and C++
  p1bridge embed app.wasm -o app.c --header app.h         with its declaration
  p1bridge embed app.wasm -o slot.S --symbol app --section .wasm_slot
  p1bridge embed app.wasm -o app.bin --reserve 16KiB      for a partition of its own")]
pub struct Args {
    /// The core module; `-` is standard input
    input: PathBuf,
    /// The output file. How its name ends says what it is: `.c`, `.cc`, `.cpp` and `.cxx` for C99, which is
    /// C++, too; `.S` for the assembler of GCC and Clang; `.bin` for the bytes of the slot
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// How many bytes (such as 16KiB) later modules may have more than this one
    #[arg(long, value_name = "SIZE", default_value = "0", value_parser = size::room)]
    reserve: u32,
    /// The name of the array [default: the name of INPUT up to its first dot]
    #[arg(long, value_name = "NAME")]
    symbol: Option<String>,
    /// The section of the object file that the array goes to [default: that of constants]
    #[arg(long, value_name = "NAME")]
    section: Option<String>,
    /// Write a header that declares the array
    #[arg(long, value_name = "FILE")]
    header: Option<PathBuf>,
    /// Do not print what was written
    #[arg(short, long)]
    quiet: bool,
}

enum Form {
    C,
    Assembler,
    Binary,
}

pub fn command(args: &Args) -> Result<ExitCode> {
    let form = form(&args.output)?;
    let named = args.symbol.is_some() || args.section.is_some() || args.header.is_some();
    if matches!(form, Form::Binary) && named {
        bail!("--symbol, --section and --header are for sources: bytes have no names");
    }
    let module = files::read_binary(&args.input)?;
    let header = ("--header", args.header.as_deref());
    files::apart(header, files::of_output(&args.output))?;
    let slot = Slot::new(&module, args.reserve).with_context(|| files::shown(&args.input))?;
    let (bytes, header) = match form {
        Form::Binary => (slot.binary(), None),
        Form::C | Form::Assembler => {
            let place = place(args)?;
            let text = match form {
                Form::C => slot.c(&place),
                _ => slot.assembler(&place),
            };
            (text.into_bytes(), Some(place.header()))
        }
    };
    // Either both files are there in the end, or none.
    let header = args.header.as_deref().zip(header.as_deref());
    let header = header.map(|(path, text)| files::stage(path, text.as_bytes()));
    let header = header.transpose()?;
    let mut written = vec![files::write_output(&args.output, &bytes)?];
    if let Some(file) = header {
        written.push(file.commit()?);
    }
    if !args.quiet {
        super::say(&format!(
            "wrote {}: a slot with {} bytes, and room for {}",
            written.join(" and "),
            module.len(),
            slot.capacity
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn form(output: &Path) -> Result<Form> {
    match output.extension().and_then(|end| end.to_str()) {
        Some("c" | "cc" | "cpp" | "cxx") => Ok(Form::C),
        Some("S") => Ok(Form::Assembler),
        Some("bin") => Ok(Form::Binary),
        _ => bail!(
            "-o {}: how the name ends has to say what to write: .c, .cc, .cpp, .cxx, .S or .bin",
            output.display()
        ),
    }
}

fn place(args: &Args) -> Result<Place> {
    let stem = args.input.file_name().and_then(|name| name.to_str());
    let stem = stem
        .and_then(|name| name.split('.').next())
        .unwrap_or_default();
    let symbol = args.symbol.as_deref().unwrap_or(stem);
    Place::new(symbol, args.section.as_deref()).with_context(|| match args.symbol {
        Some(_) => "cannot write the array".to_string(),
        None => format!("{}: --symbol says what to call it", args.input.display()),
    })
}
