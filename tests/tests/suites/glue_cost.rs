//! What a call of the host by the guest costs through glue in C, in instructions that callgrind counts, next to functions that
//! are written by hand for the engine (`tests/glue/cost.c`): on the WAMR of 2020 and on wasm3. Skipped without valgrind.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use p1bridge::host::Input;
use p1bridge::wrap::World;

use super::glue::{is_ready, run, shim, top, wasm3_files, written};

/// As `cost.c` has it.
const TIMES: u64 = 300;

/// By how much a call may cost more than one by hand with the same checks: times, on WAMR; instructions, on wasm3, whose own part
/// is small.
const WAYS: [(&str, f64, u64); 8] = [
    ("numbers", 1.2, 50),
    ("text_in", 1.2, 70),
    ("text_out", 1.2, 400),
    ("record_in", 1.2, 70),
    ("record_out", 1.2, 90),
    ("list_in", 1.2, 100),
    ("list_out", 1.2, 400),
    ("handle", 1.2, 150),
];

/// The instructions inside of the functions that measure, by their names.
fn counted(report: &str) -> HashMap<String, u64> {
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut found = HashMap::new();
    let (mut called, mut is_count) = ("", false);
    for line in report.lines() {
        if is_count {
            // The place and the count.
            let count = line.split(' ').nth(1).and_then(|text| text.parse().ok());
            if let Some(count) = count
                && (called.starts_with("measure_") || called.starts_with("once_"))
            {
                found.insert(called.to_string(), count);
            }
            is_count = false;
        } else if line.starts_with("calls=") {
            is_count = true;
        } else if let Some(text) = line.strip_prefix("cfn=").or(line.strip_prefix("fn=")) {
            // A name is written once, and is a number from then on.
            let (number, name) = text.split_once(' ').unwrap_or((text, ""));
            if !name.is_empty() {
                names.insert(number, name);
            }
            if line.starts_with("cfn=") {
                called = names.get(number).copied().unwrap_or_default();
            }
        }
    }
    found
}

struct Place {
    folder: tempfile::TempDir,
    glue: PathBuf,
}

impl Place {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The instructions for a call in each way, by hand or through glue.
    fn measure(
        &self,
        hand: u8,
        wat: &str,
        engine: &[String],
        of_glue: &Path,
    ) -> Result<HashMap<String, u64>> {
        let (program, module, report) = (self.file("cost"), self.file("m.wasm"), self.file("cg"));
        std::fs::write(&module, wat::parse_str(wat)?)?;
        let mut command = Command::new("cc");
        command.args(["-std=gnu99", "-O2", "-w"]);
        command.arg(format!("-DHAND={hand}"));
        for include in [shim(), self.folder.path().into(), top().join("tests/glue")] {
            command.arg("-I").arg(include);
        }
        command.arg(top().join("tests/glue/cost.c")).arg(of_glue);
        command.arg(shim().join("p1b_abi.c"));
        if hand == 0 {
            command.arg(&self.glue);
        }
        run(command.args(engine).arg("-o").arg(&program))?;
        let mut command = Command::new("valgrind");
        command.args(["-q", "--tool=callgrind"]);
        command.arg(format!("--callgrind-out-file={}", report.display()));
        let said = run(command.arg(&program).arg(&module))?;
        ensure!(
            said.starts_with("46950 39300 34500 1500 "),
            "the functions gave: {said}"
        );
        Ok(counted(&std::fs::read_to_string(report)?))
    }
}

#[test]
fn glue_in_c_costs_little_more_than_functions_by_hand() -> Result<()> {
    let has_valgrind = Command::new("valgrind").arg("--version").output().is_ok();
    let (Some(wasm3), Some(wamr)) = (
        option_env!("WASM3_SOURCES"),
        option_env!("WAMR_2020_SOURCES"),
    ) else {
        eprintln!("skipped: no WAMR, or no wasm3");
        return Ok(());
    };
    if !is_ready(false) || !has_valgrind {
        eprintln!("skipped: no C compiler, or no valgrind");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let input = Input::of_world(World::read(&top().join("tests/glue/cost.wit"), None)?);
    let glue = written(folder.path(), &input, "cost", None)?.remove(0);
    let place = Place { folder, glue };
    let wat = std::fs::read_to_string(top().join("tests/glue/cost.wat"))?;

    let headers = Path::new(wamr).join("core/iwasm/include");
    let library = option_env!("WAMR_2020_LIBRARY").context("WAMR")?;
    let on_wamr: Vec<String> = vec![
        "-DP1B_WAMR=2020".into(),
        format!("-I{}", headers.display()),
        library.into(),
        "-lpthread".into(),
        "-lm".into(),
    ];
    let mut on_wasm3: Vec<String> = [
        "-DWASM3",
        "-DP1B_WASM3=4",
        "-Dd_m3HasWASI",
        "-Dd_m3LogOutput=0",
    ]
    .map(String::from)
    .into();
    on_wasm3.push(format!("-I{wasm3}"));
    // Once for all programs.
    let mut command = Command::new("cc");
    command.current_dir(place.folder.path());
    command.args(["-std=gnu99", "-O2", "-w", "-c"]);
    command.args(&on_wasm3);
    for path in wasm3_files(wasm3)? {
        let object = path.with_extension("o");
        let object = place.file(&object.file_name().context("a file")?.to_string_lossy());
        on_wasm3.push(object.display().to_string());
        command.arg(path);
    }
    run(&mut command)?;
    on_wasm3.push("-lm".into());

    println!(
        "| way | WAMR 2020: glue | by hand | bounds only | times | wasm3: glue | by hand | bounds only | times |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let through_env = wat.replace(
        "(import \"cost:cost/ways\" \"",
        "(import \"env\" \"cost:cost/ways#",
    );
    let mut all = Vec::new();
    for hand in 0..3 {
        all.push((
            place.measure(hand, &through_env, &on_wamr, &shim().join("p1b_wamr.c"))?,
            place.measure(hand, &wat, &on_wasm3, &shim().join("p1b_wasm3.c"))?,
        ));
    }
    let mut wrong = Vec::new();
    for (way, times, more) in WAYS {
        let of = |found: &HashMap<String, u64>| {
            let count = |name: &str| found.get(&format!("{name}_{way}")).copied().context(way);
            Ok((count("measure")? - count("once")?) / (TIMES - 1))
        };
        let wamr: Vec<u64> = all.iter().map(|one| of(&one.0)).collect::<Result<_>>()?;
        let wasm3: Vec<u64> = all.iter().map(|one| of(&one.1)).collect::<Result<_>>()?;
        let ratio = |of: &[u64]| of[0] as f64 / of[1] as f64;
        let cells = |of: &[u64]| {
            let counts = of.iter().map(|count| format!("{count} | "));
            counts.collect::<String>() + &format!("{:.2} |", ratio(of))
        };
        println!("| {way} | {} {}", cells(&wamr), cells(&wasm3));
        if ratio(&wamr) > times || wasm3[0] > wasm3[1] + more {
            wrong.push(way);
        }
    }
    ensure!(wrong.is_empty(), "these cost more than they may: {wrong:?}");
    Ok(())
}
