//! What commands print as JSON is what `docs/schema/` says.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::Folder;

/// Fails with everything in `json` that the schema of this name does not allow.
#[track_caller]
fn fits(schema: &str, json: &[u8]) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/schema")
        .join(format!("{schema}.json"));
    let text = fs::read_to_string(&path).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
    let value: Value = serde_json::from_slice(json).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{schema}: {errors:#?}");
    value
}

fn prebuilt(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/prebuilt");
    path.join(name).to_str().unwrap().to_string()
}

/// Components and modules of all kinds.
const COMPONENTS: &[&str] = &["hello-p2-c.wasm", "hello-p2-rust.wasm", "reactor-p2-c.wasm"];
const MODULES: &[&str] = &["hello-c.wasm", "hello-rust.wasm", "reactor-c.wasm"];

#[test]
fn reports_of_flatten_fit_their_schema() {
    let folder = Folder::new();
    for name in COMPONENTS {
        for profile in ["portable", "wamr-2020", "mvp", "as-is"] {
            let input = prebuilt(name);
            let args = ["flatten", &input, "--profile", profile, "-o", "out.wasm"];
            let ended = folder.run(&[&args[..], &["--json"]].concat()).succeeded();
            fits("flatten", &ended.stdout);
            assert_eq!(ended.stderr, "");
            let report = ["--report", "report.json", "-q"];
            folder.run(&[&args[..], &report].concat()).succeeded();
            assert_eq!(
                fs::read(folder.path().join("report.json")).unwrap(),
                ended.stdout
            );
        }
    }
}

#[test]
fn what_wrap_and_lower_say_fits_their_schemas() {
    let folder = Folder::new();
    for name in ["hello-c.wasm", "hello-rust.wasm"] {
        let input = prebuilt(name);
        for (command, profile) in [("wrap", None), ("lower", Some("mvp")), ("lower", None)] {
            let mut args = vec![command, &input, "-o", "out.wasm", "--json"];
            args.extend(profile.iter().flat_map(|profile| ["--profile", profile]));
            let ended = folder.run(&args).succeeded();
            let said = fits(command, &ended.stdout);
            let written = fs::metadata(folder.path().join("out.wasm")).unwrap().len();
            assert_eq!(said["sizes"]["output"], written);
            assert_eq!(ended.stderr, "");
        }
    }
}

#[test]
fn what_check_finds_fits_its_schema() {
    let folder = Folder::new();
    for name in COMPONENTS.iter().chain(MODULES) {
        for profile in ["portable", "mvp", "wasm3", "wamr-2020"] {
            let args = ["check", &prebuilt(name), "--profile", profile, "--json"];
            let verdict = fits("check", &folder.run(&args).stdout);
            assert_eq!(verdict["profile"], profile);
        }
    }
    folder.add("wide.wasm", "(module (memory i64 1))");
    let ended = folder.run(&["check", "wide.wasm", "--json"]);
    let verdict = fits("check", &ended.stdout);
    assert!(verdict["findings"][0]["profiles"].is_array(), "{verdict}");
}

#[test]
fn what_inspect_shows_fits_its_schemas() {
    let folder = Folder::new();
    for name in COMPONENTS.iter().chain(MODULES) {
        let args = ["inspect", &prebuilt(name), "--json"];
        fits("inspect", &folder.run(&args).succeeded().stdout);
    }
    for name in COMPONENTS {
        let args = ["inspect", "--wasi", &prebuilt(name), "--json"];
        fits("inspect-wasi", &folder.run(&args).succeeded().stdout);
    }
    folder
        .run(&["flatten", &prebuilt("reactor-p2-c.wasm"), "-o", "flat.wasm"])
        .succeeded();
    let ended = folder.run(&["inspect", "flat.wasm", "--json"]).succeeded();
    let found = fits("inspect", &ended.stdout);
    assert!(found["carried-world"].is_object());
    for file in ["flat.wasm", &prebuilt("reactor-p2-c.wasm")] {
        let ended = folder
            .run(&["inspect", "--abi", file, "--json"])
            .succeeded();
        let found = fits("inspect-abi", &ended.stdout);
        let greet = found.as_array().unwrap().iter();
        let mut greet = greet.filter(|f| f["name"] == "corpus:reactor-p2-c/library@1.2.0#greet");
        let greet = greet.next().unwrap();
        assert_eq!(greet["params"]["values"][0], 2);
        assert_eq!(greet["result"]["size"], 8);
        assert_eq!(greet["realloc"], "cabi_realloc");
    }
}

#[test]
fn profiles_fit_their_schemas() {
    let folder = Folder::new();
    let list = fits(
        "profiles",
        &folder.run(&["profiles", "--json"]).succeeded().stdout,
    );
    for profile in list.as_array().unwrap() {
        let name = profile["name"].as_str().unwrap();
        if name != "as-is" {
            let ended = folder.run(&["profiles", name, "--json"]).succeeded();
            assert_eq!(fits("profile", &ended.stdout)["name"], name);
        }
    }
}

#[cfg(feature = "run")]
#[test]
fn what_run_returns_fits_its_schema() {
    let folder = Folder::new();
    let input = prebuilt("reactor-p2-c.wasm");
    let call = ["--invoke", "greet(\"you\")", "--invoke", "count()"];
    for more in [&[][..], &["--stats"], &["--fuel", "3"]] {
        let args = [&["run", &input, "--json"], more, &call].concat();
        let found = fits("run", &folder.run(&args).stdout);
        assert_eq!(found["stats"].is_object(), more == ["--stats"], "{found}");
        assert_eq!(
            found["trap"].is_string(),
            more == ["--fuel", "3"],
            "{found}"
        );
    }
}

#[test]
fn what_retrofit_finds_and_writes_fits_its_schema() {
    let folder = Folder::new();
    let mut image = b"a firmware \xff".to_vec();
    image.extend(std::fs::read(prebuilt("hello-c.wasm")).unwrap());
    folder.add("fw.bin", &image);
    let list = ["retrofit", "fw.bin", "--profile", "as-is", "--json"];
    let found = fits("retrofit", &folder.run(&list).succeeded().stdout);
    assert_eq!(found["slots"][0]["offset"], 12);
    let module = prebuilt("hello-c.wasm");
    let replace = ["--replace", &module, "--dry-run"];
    let found = fits(
        "retrofit",
        &folder
            .run(&[&list[..], &replace].concat())
            .succeeded()
            .stdout,
    );
    assert_eq!(found["changes"][0]["places"][0], 12);
}

#[test]
fn what_probe_finds_fits_its_schema() {
    let folder = Folder::new();
    let ended = folder.run(&["probe", env!("CARGO_BIN_EXE_p1bridge"), "--json"]);
    let report = fits("probe", &ended.succeeded().stdout);
    assert!(report["runtimes"][0]["evidence"].is_array(), "{report}");
    assert!(report["modules"].is_array());
}
