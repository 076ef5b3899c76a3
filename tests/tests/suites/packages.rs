//! The crates that are to be published: a package has everything in it that its sources include.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The folders of the crates that are published.
fn published() -> Vec<(String, String)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifest: toml::Table = fs::read_to_string(top.join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    let packages = members.iter().filter_map(|member| {
        let folder = top.join(member.as_str().unwrap());
        let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let package = text.parse::<toml::Table>().unwrap()["package"].clone();
        let kept = package.get("publish").and_then(toml::Value::as_bool) == Some(false);
        let name = package["name"].as_str().unwrap().to_string();
        (!kept).then(|| (name, folder.to_str().unwrap().to_string()))
    });
    packages.collect()
}

/// The files that `include!` and its kin name in a source.
fn included(source: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for macro_name in ["include_str!(\"", "include_bytes!(\"", "include!(\""] {
        let uses = source.split(macro_name).skip(1);
        names.extend(uses.filter_map(|rest| rest.split('"').next()));
    }
    names
}

#[test]
fn what_a_crate_includes_is_in_its_package() {
    let packages = published();
    assert!(packages.len() >= 6, "{packages:?}");
    let mut seen = 0;
    for (name, folder) in packages {
        let list = Command::new(env!("CARGO"))
            .args([
                "package",
                "--list",
                "--allow-dirty",
                "--offline",
                "--locked",
                "-p",
                &name,
            ])
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(
            list.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&list.stderr)
        );
        let list = String::from_utf8(list.stdout).unwrap().replace('\\', "/");
        let files: BTreeSet<&str> = list.lines().collect();
        for needed in ["Cargo.toml", "README.md"] {
            assert!(files.contains(needed), "{name} has no {needed}");
        }
        for file in files.iter().filter(|file| file.ends_with(".rs")) {
            let source = fs::read_to_string(Path::new(&folder).join(file)).unwrap();
            for named in included(&source) {
                let mut place: Vec<&str> = file.split('/').collect();
                place.pop();
                for part in named.split('/') {
                    match part {
                        ".." => assert!(place.pop().is_some(), "{name}: {file} includes {named}"),
                        part => place.push(part),
                    }
                }
                let path = place.join("/");
                assert!(
                    files.contains(&*path),
                    "{name}: {file} includes {named}, which is not in the package"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "only {seen} includes are seen");
}
