//! `p1bridge retrofit`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

use super::{files, profile, size};
use crate::progress;
use crate::retrofit::{Difference, Fixup, Options, Where, contents, number, patch, replace, slots};

/// Replace WebAssembly inside of a firmware image or an update package
///
/// Without --replace, it lists the modules in the image: where they lie, how much room they have, and what guards
/// the files around them. The new module gets exactly the bytes of the old one, checksums are made again, and the
/// result is read again before it is written.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge retrofit firmware.bin                                    what is in it
  p1bridge retrofit firmware.bin --replace app.wasm -o new.bin      app.wasm may be a component
  p1bridge retrofit ota.zip --slot 'app.bin!0x120' --extract old.wasm
  p1bridge retrofit flash.bin --replace app.wasm --slot 2 --dry-run")]
pub struct Args {
    /// The image or package; `-` is standard input
    image: PathBuf,
    /// The module that takes the place of an old one; a component is flattened
    #[arg(long, value_name = "FILE")]
    replace: Option<PathBuf>,
    /// The new image; `-` is standard output
    #[arg(short, long, value_name = "OUT", conflicts_with = "in_place")]
    output: Option<PathBuf>,
    /// Write the new image in place of the old one, which becomes IMAGE.orig
    #[arg(long, requires = "replace")]
    in_place: bool,
    /// Which module, if there are several: its number, path or symbol, and after a `+` its size; can be repeated
    #[arg(long, value_name = "SLOT")]
    slot: Vec<String>,
    /// The runtime that runs the modules: the name or file of a profile [default: that of the runtime in the image]
    #[arg(long, value_name = "NAME|FILE", value_parser = profile::find)]
    profile: Option<profile::Chosen>,
    /// Write the module of a slot to a file
    #[arg(long, value_name = "FILE", conflicts_with = "replace")]
    extract: Option<PathBuf>,
    /// What may be different from the old module (imports, exports, memory, table, start), or `checksums` that are
    /// wrong before; can be repeated
    #[arg(long, value_name = "WHAT", value_parser = allowed)]
    allow: Vec<Allowed>,
    /// Write an image that was signed without its signature
    #[arg(long)]
    unsigned: bool,
    /// Write the length of the new module there (32 bits, low byte first), instead of making it as long as its slot
    #[arg(long, value_name = "OFFSET", value_parser = offset)]
    length_at: Option<u64>,
    /// A checksum that only the vendor knows of, to be made again: crc32, crc16, sum8 or sha256, where it is, and of
    /// which bytes; can be repeated
    #[arg(long, value_name = "KIND@OFFSET:BEGIN-END", value_parser = fixup)]
    fixup: Vec<Fixup>,
    /// Write what has changed: a bsdiff patch, or, if it ends in .hex, the changed pages of a flash
    #[arg(long, value_name = "FILE", requires = "replace")]
    patch: Option<PathBuf>,
    /// The bytes of a page of the flash
    #[arg(long, value_name = "BYTES", default_value = "4096", value_parser = size::ram)]
    page: u32,
    /// Make the old image from the new one and the patch that --patch has written
    #[arg(long, value_name = "FILE", conflicts_with_all = ["replace", "extract"])]
    undo: Option<PathBuf>,
    /// Do everything but write the new image
    #[arg(long, requires = "replace", conflicts_with_all = ["output", "in_place"])]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print no report
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    Difference(Difference),
    Checksums,
}

fn allowed(text: &str) -> Result<Allowed, String> {
    if text == "checksums" {
        return Ok(Allowed::Checksums);
    }
    let all = Difference::ALL.into_iter();
    match all.clone().find(|difference| difference.word() == text) {
        Some(difference) => Ok(Allowed::Difference(difference)),
        None => {
            let words: Vec<&str> = all.map(Difference::word).collect();
            Err(format!("it is one of {}, checksums", words.join(", ")))
        }
    }
}

fn offset(text: &str) -> Result<u64, String> {
    number(text).ok_or_else(|| "it is an offset, such as 0x120 or 288".to_string())
}

fn fixup(text: &str) -> Result<Fixup, String> {
    Fixup::parse(text).map_err(|error| format!("{error:#}"))
}

pub fn command(args: &Args) -> Result<ExitCode> {
    let shown = || files::shown(&args.image);
    files::apart(
        files::of_json(args.json),
        ("the output", args.output.as_deref()),
    )?;
    files::apart(
        files::of_json(args.json),
        ("--extract", args.extract.as_deref()),
    )?;
    files::apart(
        ("--patch", args.patch.as_deref()),
        ("the output", args.output.as_deref()),
    )?;
    if let Some(file) = &args.undo {
        return undo(args, file).with_context(shown);
    }
    let Some(new) = &args.replace else {
        if args.output.is_some() {
            bail!("-o is for a new image: say with --replace which module it gets");
        }
        return list(args).with_context(shown);
    };
    let in_place = args.in_place.then(|| args.image.clone());
    let Some(output) = args
        .output
        .clone()
        .or(in_place)
        .or(args.dry_run.then(PathBuf::new))
    else {
        bail!(
            "the image is never changed: give the new one a name with -o, or say --in-place or --dry-run"
        );
    };
    if !args.in_place {
        files::apart(
            ("the image", Some(&args.image)),
            ("the output", Some(&output)),
        )?;
    }
    let watch = watch(args);
    let image = files::read_any(&args.image)?;
    let module = files::read_binary(new)?;
    let differences = args.allow.iter().filter_map(|allowed| match allowed {
        Allowed::Difference(difference) => Some(*difference),
        Allowed::Checksums => None,
    });
    let options = Options {
        slots: args.slot.iter().map(|text| Where::parse(text)).collect(),
        profile: args.profile.as_ref().map(|chosen| chosen.profile.clone()),
        allow: differences.collect::<BTreeSet<_>>(),
        allow_wrong_guards: args.allow.contains(&Allowed::Checksums),
        unsigned: args.unsigned,
        fixups: args.fixup.clone(),
        length_at: args.length_at,
    };
    let replaced = replace(&image, &module, &options).with_context(shown)?;
    let changed = args.patch.as_ref().map(|file| -> Result<_> {
        let is_hex = file.extension().is_some_and(|end| end == "hex");
        let patch = match is_hex {
            true => patch::pages(&image, &replaced.image, args.page as usize)?.into_bytes(),
            false => patch::bsdiff(&image, &replaced.image)?,
        };
        Ok((file, patch))
    });
    drop(watch);
    // Either both files are there in the end, or none.
    let changed = changed.transpose()?;
    let changed = changed
        .as_ref()
        .map(|(file, patch)| files::stage(file, patch));
    let changed = changed.transpose()?;
    let written = match args.dry_run {
        true => None,
        false => {
            if args.in_place {
                keep(&args.image, &image)?;
            }
            Some(files::write_output(&output, &replaced.image)?)
        }
    };
    if let (Some(file), false) = (changed, args.dry_run) {
        file.commit()?;
    }
    match (args.json, args.quiet) {
        (true, _) => return super::print_json(&replaced),
        (_, true) => {}
        _ => {
            super::say(replaced.to_string().trim_end());
            if let Some(written) = written {
                super::say(&format!("wrote {written}: {} bytes", replaced.image.len()));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows what is done to the image, if that is wanted.
fn watch(args: &Args) -> Option<progress::Watch> {
    let reading = || format!("reading {}", files::shown(&args.image));
    (!args.quiet).then(|| progress::watch(reading()))
}

/// Keeps the image under another name, once.
fn keep(path: &Path, image: &[u8]) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".orig");
    let kept = PathBuf::from(name);
    if kept.exists() {
        bail!(
            "{} is there already: it may be the only original",
            kept.display()
        );
    }
    files::write_output(&kept, image).map(drop)
}

/// Makes the old image again.
fn undo(args: &Args, file: &Path) -> Result<ExitCode> {
    let Some(output) = &args.output else {
        bail!("--undo makes the old image again: give it a name with -o");
    };
    files::apart(
        ("the image", Some(&args.image)),
        ("the output", Some(output)),
    )?;
    let image = files::read_any(&args.image)?;
    let patch = files::read_any(file)?;
    let old = patch::undo(&image, &patch).with_context(|| files::shown(file))?;
    let written = files::write_output(output, &old)?;
    if !args.quiet && !args.json {
        super::say(&format!("wrote {written}: {} bytes", old.len()));
    }
    Ok(ExitCode::SUCCESS)
}

fn list(args: &Args) -> Result<ExitCode> {
    let watch = watch(args);
    let image = files::read_any(&args.image)?;
    let profile = args.profile.as_ref().map(|chosen| &chosen.profile);
    let report = slots(&image, profile)?;
    drop(watch);
    if let Some(output) = &args.extract {
        let wanted: Vec<Where> = args.slot.iter().map(|text| Where::parse(text)).collect();
        let slot = report.one(&wanted)?;
        ensure!(slot.length > 0, "the slot {} has no module", slot.path);
        let module = contents(&image, slot)?;
        let written = files::write_output(output, &module)?;
        if !args.quiet && !args.json {
            super::say(&format!("wrote {written}: {} bytes", module.len()));
        }
        return Ok(ExitCode::SUCCESS);
    }
    match (args.json, args.quiet) {
        (true, _) => super::print_json(&report),
        (_, true) => Ok(ExitCode::SUCCESS),
        _ => super::print(&report.to_string()),
    }
}
