//! `--profile NAME|FILE`, and `p1bridge profiles`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::profiles::{self, Profile};

/// A profile, and the argument of `--profile` that named it.
#[derive(Clone)]
pub struct Chosen {
    pub profile: Profile,
    /// A name or a file.
    pub argument: String,
}

impl Chosen {
    /// The profile, with an arena of this size if one is given.
    pub fn with_arena(&self, bytes: Option<u32>) -> Profile {
        let mut profile = self.profile.clone();
        profile.host.arena = bytes.unwrap_or(profile.host.arena);
        profile
    }
}

/// Finds a profile by its name, or reads it from a file.
pub fn find(argument: &str) -> Result<Chosen, String> {
    Ok(Chosen {
        profile: read(argument)?,
        argument: argument.to_string(),
    })
}

fn read(name: &str) -> Result<Profile, String> {
    if let Some(profile) = Profile::named(name) {
        return Ok(profile);
    }
    let path = Path::new(name);
    if !path.is_file() {
        return Err(format!(
            "there is no such file, and {}",
            profiles::unknown(name)
        ));
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    Profile::parse(&text).map_err(|error| format!("{error:#}"))
}

/// List the built-in profiles, or print one
///
/// A profile describes a runtime: its WebAssembly features, limits, host functions, and where they
/// deviate from Preview 1. You can edit the printed profile and pass it to `--profile`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge profiles                          a line for each
  p1bridge profiles wamr-2020 > device.toml  one to start from
  p1bridge profiles wamr-2020 --json | jq .wasm.features")]
pub struct Args {
    /// The profile to print
    name: Option<String>,
    /// Print JSON: the names with a line for each, or the content of the profile
    #[arg(long)]
    json: bool,
    /// Print nothing: the exit code says whether there is such a profile
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
}

/// A profile in the list.
#[derive(Serialize)]
struct Listed {
    name: String,
    about: String,
}

pub fn command(args: &Args) -> Result<ExitCode> {
    let Some(name) = &args.name else {
        let mut list = Vec::new();
        for name in profiles::NAMES {
            list.push(Listed {
                name: name.to_string(),
                about: profiles::named(name)?.about,
            });
        }
        if args.json {
            return super::print_json(&list);
        }
        let line = |one: &Listed| format!("{:10} {}\n", one.name, one.about);
        return print(args, &list.iter().map(line).collect::<String>());
    };
    let profile = profiles::named(name)?;
    let text =
        profiles::source(name).with_context(|| format!("{name} has no file: {}", profile.about))?;
    if args.json {
        let table: toml::Table = text.parse().context("a built-in profile is no TOML")?;
        return super::print_json(&table);
    }
    print(args, text)
}

fn print(args: &Args, text: &str) -> Result<ExitCode> {
    match args.quiet {
        true => Ok(ExitCode::SUCCESS),
        false => super::print(text),
    }
}
