//! Programs of Preview 1 on WSI: made for a host that has WSI alone, and that made for Preview 1 again, they do what they did.

use std::time::Duration;

use p1bridge::lower::lower;
use p1bridge::profiles::{Profile, named};
use p1bridge_tests::engines::oracle;
use p1bridge_tests::manifest::{Leniency, programs};
use p1bridge_tests::module;

/// A host that has WSI, and nothing of Preview 1.
fn host() -> Profile {
    Profile::parse(
        r#"name = "wsi"
        [wasm]
        features = ["sign-ext", "bulk-memory", "mutable-globals", "nontrapping-fptoint", "reference-types", "multivalue"]
        [wsi]
        functions = "all"
        [[module]]
        name = "env"
        functions = "any""#,
    )
    .unwrap()
}

/// Where the imports of a module come from.
fn from(wasm: &[u8]) -> Vec<String> {
    let mut modules: Vec<String> = { module::parts(wasm).unwrap().imports.into_iter() }
        .map(|(module, ..)| module)
        .collect();
    modules.dedup();
    modules
}

#[test]
fn preview_1_on_wsi_on_preview_1_is_preview_1() {
    let engine = oracle();
    let mut runs = 0;
    for program in programs().unwrap() {
        let wasm = program.wasm().unwrap();
        // Programs that throw or carry their relocations are for other suites.
        let is_plain = program.is_module() && from(&wasm) == ["wasi_snapshot_preview1"];
        if !is_plain || ["throws-cpp", "relocated-c"].contains(&program.name.as_str()) {
            continue;
        }
        let on_wsi = lower(&wasm, &host())
            .unwrap_or_else(|error| panic!("{}: {error:#}", program.name))
            .wasm;
        assert!(
            from(&on_wsi)
                .iter()
                .all(|module| module.starts_with("wsi:sys/")),
            "{}",
            program.name
        );
        let back = lower(&on_wsi, &named("as-is").unwrap()).unwrap().wasm;
        assert_eq!(from(&back), ["wasi_snapshot_preview1"], "{}", program.name);
        for run in &program.runs {
            if program.leniency(engine.name(), run) == Some(Leniency::Skip) {
                continue;
            }
            let unmet = run.unmet_on(&*engine, &back, Duration::from_secs(60));
            assert!(
                unmet.is_empty(),
                "{}, {}: {unmet:?}",
                program.name,
                run.name
            );
            runs += 1;
        }
    }
    assert!(runs > 30, "{runs} runs are too few to mean something");
}
