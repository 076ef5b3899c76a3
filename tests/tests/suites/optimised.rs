//! Optimisations: each has a row in `docs/optimisations.md` with its file and a golden case that it changes, and programs do the same
//! without any, on wasmi.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::profiles::named;
use p1bridge::wrap::{WrapOptions, wrap};
use p1bridge_linker::{Isolation, Opt};
use p1bridge_tests::manifest::programs;
use p1bridge_tests::{engines, link};

const TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes of a component: with all sizes the corpus takes minutes.
const LARGEST: usize = 30_000;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The file and the golden case in the row of each.
fn rows() -> Result<BTreeMap<String, (String, String)>> {
    let page = fs::read_to_string(top().join("docs/optimisations.md"))?;
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        ensure!(cells.len() == 5, "{row}");
        let plain = |cell: &str| cell.trim_matches(['|', '`', ' ']).to_owned();
        Ok((plain(cells[0]), (plain(cells[1]), plain(cells[4]))))
    })
    .collect()
}

#[test]
fn every_optimisation_has_a_row_a_file_and_a_golden_case_that_it_changes() -> Result<()> {
    let rows = rows()?;
    let names: BTreeSet<String> = Opt::ALL.iter().map(|opt| opt.name().to_owned()).collect();
    ensure!(
        rows.keys().eq(names.iter()),
        "{:?} are there, and rows for {:?}",
        names,
        rows.keys()
    );
    for opt in Opt::ALL {
        let (file, case) = &rows[opt.name()];
        ensure!(top().join("linker/src").join(file).exists(), "{file}");
        if *opt == Opt::Runs {
            // It changes no byte.
            ensure!(case.is_empty(), "a golden case of {}", opt.name());
            continue;
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("flatten")
            .join(case);
        let component = component(&folder).with_context(|| case.clone())?;
        let mut isolation = Isolation::default();
        let profile = match fs::read_to_string(folder.join("options")) {
            Ok(text) => {
                if text.contains("--isolation trusted") {
                    isolation = Isolation::Trusted;
                }
                let words: Vec<&str> = text.split_whitespace().collect();
                let at = words.iter().position(|word| *word == "--profile");
                let name = at.and_then(|at| words.get(at + 1).copied());
                name.map(named).transpose()?
            }
            Err(_) => None,
        };
        let make = |without: Option<Opt>| -> Result<Vec<u8>> {
            let options = FlattenOptions {
                without: without.into_iter().collect(),
                profile: profile.clone().unwrap_or_default(),
                isolation,
                verify: true,
                ..FlattenOptions::default()
            };
            Ok(flatten(&component, &options)?.wasm)
        };
        ensure!(
            make(None)? != make(Some(*opt))?,
            "{} changes nothing in {case}",
            opt.name()
        );
    }
    Ok(())
}

/// The component of a golden case.
fn component(folder: &Path) -> Result<Vec<u8>> {
    let guest = folder.join("guest.wat");
    match guest.exists() {
        true => Ok(wrap(&wat::parse_file(guest)?, &WrapOptions::default())?.component),
        false => Ok(wat::parse_file(folder.join("component.wat"))?),
    }
}

#[test]
fn programs_do_the_same_without_all_of_them() -> Result<()> {
    let available = engines::available();
    let wasmi = available.iter().find(|engine| engine.name() == "wasmi");
    let wasmi = wasmi.context("wasmi is in this process")?;
    let options = FlattenOptions {
        without: Opt::ALL.iter().copied().collect(),
        verify: true,
        profile: named("wasmi")?,
        ..FlattenOptions::default()
    };
    let mut runs = 0;
    let mut wrong = Vec::new();
    for program in programs()? {
        // Those that only compute take their time.
        let component = link::component(&program)?;
        if component.len() > LARGEST {
            continue;
        }
        let flat = flatten(&component, &options).with_context(|| program.name.clone())?;
        for run in &program.runs {
            if program.leniency("wasmi", run).is_some() {
                continue;
            }
            runs += 1;
            let left = run.execute(TIMEOUT, |spec| wasmi.run(&flat.wasm, spec));
            // An adapter knows the exit codes 0 and 1 only.
            let unmet = match left {
                Ok(left) => run.unmet(&left, true),
                Err(error) => vec![format!("{error:#}")],
            };
            wrong.extend(
                unmet
                    .iter()
                    .map(|what| format!("{} ({}): {what}", program.name, run.name)),
            );
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    ensure!(runs >= 40, "{runs} runs");
    Ok(())
}
