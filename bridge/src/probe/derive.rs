//! A profile from what was found: the built-in one of the release, changed where the file says so.

use anyhow::{Context, Result, ensure};
use p1bridge_linker::{FeatureSet, preview1};
use toml::{Table, Value};

use super::findings::{Finding, HostModule, Runtime, Sure};
use super::wamr::WASI_THREADS;
use crate::profiles;

/// Where preview1 is nearly complete, what is missing says more than what is there.
const FEW: usize = 6;

/// The text of the profile, called `name`.
pub fn profile(runtime: &Runtime, name: &str) -> Result<String> {
    let text = profiles::source(runtime.base).context("a recogniser names an unknown profile")?;
    let mut table: Table = text.parse().context("a built-in profile")?;
    table.insert("name".to_string(), Value::from(name));
    let about = format!("{} {}, probed", runtime.kind, runtime.version);
    table.insert("about".to_string(), Value::from(about));
    features(&mut table, runtime)?;
    hosts(&mut table, &runtime.hosts);
    let threads = |finding: &Finding| finding.what == WASI_THREADS && finding.has;
    if runtime.build.iter().any(threads) {
        sub_table(&mut table, "host").insert("threads".to_string(), Value::from(true));
    }
    let mut text = comments(runtime);
    // Names first, as people write it.
    for key in [
        "name", "about", "wasm", "limits", "host", "quirks", "module", "note",
    ] {
        let Some(value) = table.remove(key) else {
            continue;
        };
        if value.as_table().is_some_and(Table::is_empty) {
            continue;
        }
        if !matches!(key, "about") {
            text.push('\n');
        }
        let part = Table::from_iter([(key.to_string(), value)]);
        text.push_str(&toml::to_string(&part).context("cannot write the profile")?);
    }
    ensure!(
        table.is_empty(),
        "a built-in profile has a key that is not known here"
    );
    Ok(text)
}

fn features(table: &mut Table, runtime: &Runtime) -> Result<()> {
    let wasm = sub_table(table, "wasm");
    let base = wasm.get("features").and_then(Value::as_array).cloned();
    let mut set = FeatureSet::MVP;
    for name in base.iter().flatten().filter_map(Value::as_str) {
        set.insert(named(name)?);
    }
    for finding in runtime.features.iter().filter(|finding| !finding.has) {
        set = set.without(named(&finding.what)?);
    }
    for finding in runtime.features.iter().filter(|finding| finding.has) {
        set.insert(named(&finding.what)?);
    }
    let names: Vec<Value> = set.names().into_iter().map(Value::from).collect();
    wasm.insert("features".to_string(), Value::from(names));

    let references = set.contains(named("reference-types")?);
    let limits = sub_table(table, "limits");
    match references {
        true => limits.remove("tables"),
        false => limits.insert("tables".to_string(), Value::from(1)),
    };
    Ok(())
}

fn named(name: &str) -> Result<FeatureSet> {
    FeatureSet::named(name).with_context(|| format!("no feature is called {name}"))
}

fn hosts(table: &mut Table, hosts: &[HostModule]) {
    let entries = table
        .entry("module")
        .or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(entries) = entries else {
        return;
    };
    for host in hosts.iter().filter(|host| host.complete) {
        let name = |entry: &Value| entry.get("name").and_then(Value::as_str) == Some(&host.name);
        entries.retain(|entry| !name(entry));
        entries.insert(0, entry(host));
    }
}

fn entry(host: &HostModule) -> Value {
    let mut entry = Table::new();
    entry.insert("name".to_string(), Value::from(host.name.as_str()));
    let wasi = host.name == preview1::MODULE;
    let missing: Vec<&str> = preview1::names().filter(|name| !has(host, name)).collect();
    let only_wasi = host
        .functions
        .iter()
        .all(|function| preview1::signature(&function.name).is_some());
    if wasi && only_wasi && missing.len() <= FEW {
        entry.insert("functions".to_string(), Value::from("preview1"));
        if !missing.is_empty() {
            entry.insert("except".to_string(), Value::from(missing));
        }
        return Value::Table(entry);
    }
    let all_known = host
        .functions
        .iter()
        .all(|function| function.signature.is_some());
    let functions = match all_known {
        true => Value::Table(
            host.functions
                .iter()
                .filter_map(|function| {
                    Some((
                        function.name.clone(),
                        Value::from(function.signature.clone()?),
                    ))
                })
                .collect(),
        ),
        false => {
            let mut names: Vec<&str> = host
                .functions
                .iter()
                .map(|function| function.name.as_str())
                .collect();
            names.sort_unstable();
            names.dedup();
            Value::from(names)
        }
    };
    entry.insert("functions".to_string(), functions);
    Value::Table(entry)
}

/// Whether the host has a function of Preview 1 with the type that it has there.
fn has(host: &HostModule, name: &str) -> bool {
    let expected = preview1::signature(name).map(|ty| super::natives::written(&ty));
    host.functions
        .iter()
        .filter(|function| function.name == name)
        .any(|function| function.signature.is_none() || function.signature == expected)
}

fn sub_table<'t>(table: &'t mut Table, name: &str) -> &'t mut Table {
    let entry = table
        .entry(name)
        .or_insert_with(|| Value::Table(Table::new()));
    if !entry.is_table() {
        *entry = Value::Table(Table::new());
    }
    entry.as_table_mut().expect("it is one")
}

/// What the reader of the file has to know.
fn comments(runtime: &Runtime) -> String {
    let mut lines = vec![format!(
        "Derived by `p1bridge probe` from the profile {}.",
        runtime.base
    )];
    let unsure = |finding: &&Finding| finding.sure == Sure::Guess;
    let names: Vec<&str> = runtime
        .features
        .iter()
        .filter(unsure)
        .map(|finding| finding.what.as_str())
        .collect();
    if !names.is_empty() {
        lines.push(format!("Guessed, try them out: {}.", names.join(", ")));
    }
    lines.extend(runtime.notes.iter().cloned());
    lines.iter().map(|line| format!("# {line}\n")).collect()
}
