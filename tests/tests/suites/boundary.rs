//! A flat module says in WIT what it imports and exports besides WASI: wrapped again, it is a
//! component with the same interfaces of its own.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use p1bridge::flatten::{Boundary, FlattenOptions, Flattened, Strip, flatten};
use p1bridge::wrap::{World, WrapOptions, wrap};
use p1bridge_tests::manifest::programs;
use p1bridge_tests::{link, plain};
use wasmtime::component::{Component, Linker, Val};
use wit_component::{ComponentEncoder, DecodedWasm, WitPrinter};

/// A component and its name.
type Case = (String, Vec<u8>);

/// The guests of the corpus and the golden cases that can be flattened.
fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for program in programs()? {
        cases.push((program.name.clone(), link::component(&program)?));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("flatten");
    for entry in fs::read_dir(&folder)? {
        let case = entry?.path();
        let name = case
            .file_name()
            .context("a name")?
            .to_string_lossy()
            .into_owned();
        if name.starts_with("error-") || case.join("error.txt").exists() {
            continue;
        }
        let component = case.join("component.wat");
        if component.exists() {
            cases.push((name, wat::parse_file(component)?));
        } else if !fs::read_dir(&case)?.any(|file| {
            file.is_ok_and(|file| file.file_name().to_string_lossy().ends_with(".adapter.wat"))
        }) {
            let world = case.join("world.wit");
            let world = world
                .exists()
                .then(|| World::read(&world, None))
                .transpose()?;
            let options = WrapOptions {
                world,
                ..WrapOptions::default()
            };
            let module = wat::parse_file(case.join("guest.wat"))?;
            cases.push((name, wrap(&module, &options)?.component));
        }
    }
    Ok(cases)
}

/// The world of a component in WIT, without what is of WASI.
fn own_interfaces(component: &[u8]) -> Result<String> {
    let DecodedWasm::Component(resolve, world) = wit_component::decode(component)? else {
        return Err(anyhow!("a WIT package"));
    };
    let root = resolve.worlds[world].package.context("a package")?;
    let mut packages: Vec<_> = resolve
        .packages
        .iter()
        .filter(|(id, package)| *id != root && package.name.namespace != "wasi")
        .map(|(id, package)| (package.name.to_string(), id))
        .collect();
    packages.sort();
    let mut printer = WitPrinter::default();
    let others: Vec<_> = packages.into_iter().map(|(_, id)| id).collect();
    printer.print(&resolve, root, &others)?;
    let text = printer.output.to_string();
    let mut lines: Vec<&str> = text
        .lines()
        .filter(|line| {
            let line = line.trim_start();
            !line.starts_with("import wasi:") && !line.starts_with("export wasi:cli/run@")
        })
        .filter(|line| !line.trim().is_empty())
        .collect();
    // The order of the items of the world is that in which something needs them.
    let start = lines.iter().position(|line| line.starts_with("world "));
    if let Some(start) = start {
        let end = lines[start..].iter().position(|line| line.starts_with('}'));
        lines[start..][..end.unwrap_or(0)].sort_unstable();
    }
    Ok(lines.join("\n"))
}

/// Whether a component imports or exports anything but WASI.
fn has_own(component: &[u8]) -> Result<bool> {
    Ok(own_interfaces(component)?.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with("import ") || line.starts_with("export ")
    }))
}

fn flat(component: &[u8], strip: Strip) -> Result<Flattened> {
    let options = FlattenOptions {
        strip,
        verify: true,
        ..FlattenOptions::default()
    };
    flatten(component, &options)
}

fn carries_world(module: &[u8]) -> bool {
    wasmparser::Parser::new(0).parse_all(module).any(|payload| {
        matches!(
            payload,
            Ok(wasmparser::Payload::CustomSection(section)) if section.name() == "component-type"
        )
    })
}

#[test]
fn a_flat_module_is_wrapped_again_with_the_same_interfaces() -> Result<()> {
    let mut tried = 0;
    for (name, component) in cases()? {
        // Cases that need a profile of their own are not about this.
        let Ok(flat) = flat(&component, Strip::Nothing) else {
            continue;
        };
        let module = flat.wasm;
        let refused = flat.report.warnings.iter().any(|warning| {
            warning.starts_with("`p1bridge wrap` cannot make a component of the module again")
        });
        let own = refused || has_own(&component)?;
        ensure!(
            carries_world(&module) == (own && !refused),
            "{name}: a world is carried exactly if there is one"
        );
        if !own || refused {
            continue;
        }
        let again = match wrap(&module, &WrapOptions::default()) {
            Ok(again) => again.component,
            // A memory that is fixed at a page has no room for an adapter.
            Err(error) if format!("{error:#}").contains("the adapter needs 128 KiB") => continue,
            Err(error) => return Err(anyhow!("{name}: {error:#}")),
        };
        let (before, after) = (own_interfaces(&component)?, own_interfaces(&again)?);
        ensure!(before == after, "{name}:\n{before}\nbecame\n{after}");

        // Not only our own command takes it.
        let preview1 = match module_exports(&module, "_start") {
            true => {
                wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER
            }
            false => {
                wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER
            }
        };
        ComponentEncoder::default()
            .validate(true)
            .module(&module)?
            .adapter("wasi_snapshot_preview1", preview1)?
            .encode()
            .map_err(|error| anyhow!("{name}: {error:#}"))?;
        tried += 1;
    }
    ensure!(
        tried >= 5,
        "only {tried} cases have interfaces of their own"
    );
    Ok(())
}

fn module_exports(module: &[u8], name: &str) -> bool {
    wasmparser::Parser::new(0).parse_all(module).any(|payload| {
        let Ok(wasmparser::Payload::ExportSection(section)) = payload else {
            return false;
        };
        section
            .into_iter()
            .flatten()
            .any(|export| export.name == name)
    })
}

#[test]
fn a_stripped_module_carries_no_world() -> Result<()> {
    for program in programs()? {
        let module = flat(&link::component(&program)?, Strip::All)?.wasm;
        ensure!(!carries_world(&module), "{}", program.name);
    }
    Ok(())
}

#[test]
fn a_module_without_names_may_keep_its_world() -> Result<()> {
    let sections = |module: &[u8]| -> Result<Vec<(String, Vec<u8>)>> {
        let mut found = Vec::new();
        for payload in wasmparser::Parser::new(0).parse_all(module) {
            if let wasmparser::Payload::CustomSection(section) = payload? {
                found.push((section.name().to_string(), section.data().to_vec()));
            }
        }
        Ok(found)
    };
    let is_world = |(name, _): &(String, Vec<u8>)| {
        name.starts_with("component-type") || name == "p1bridge.world"
    };
    let mut worlds = 0;
    for program in programs()? {
        let component = link::component(&program)?;
        let whole = flat(&component, Strip::Nothing)?.wasm;
        let kept = sections(&flat(&component, Strip::ButWorld)?.wasm)?;
        let all = sections(&whole)?.into_iter().filter(is_world);
        ensure!(
            kept == all.collect::<Vec<_>>(),
            "{}: {kept:?}",
            program.name
        );
        worlds += kept.len();
    }
    ensure!(worlds > 3, "{worlds} worlds");
    Ok(())
}

/// Makes a lamp of level 5, a brighter one of it, and drops that: the level before the drop, and how
/// many lamps are gone before and after.
fn with_a_lamp(component: &[u8]) -> Result<(u32, u32, u32)> {
    let engine = wasmtime::Engine::default();
    let component = Component::new(&engine, component).map_err(plain)?;
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = Linker::<()>::new(&engine)
        .instantiate(&mut store, &component)
        .map_err(plain)?;
    let lamps = instance
        .get_export_index(&mut store, None, "test:lamps/lamps")
        .context("the interface")?;
    let func = |store: &mut wasmtime::Store<()>, name: &str| {
        let index = instance.get_export_index(&mut *store, Some(&lamps), name);
        let func = index.and_then(|index| instance.get_func(&mut *store, index));
        func.with_context(|| name.to_owned())
    };
    let call = |store: &mut wasmtime::Store<()>, name: &str, params: &[Val]| -> Result<Val> {
        let mut result = [Val::Bool(false)];
        let func = func(store, name)?;
        func.call(&mut *store, params, &mut result).map_err(plain)?;
        let [result] = result;
        Ok(result)
    };
    let number = |value: Val| match value {
        Val::U32(number) => Ok(number),
        other => Err(anyhow!("{other:?} is no number")),
    };
    let lamp = call(&mut store, "[constructor]lamp", &[Val::U32(5)])?;
    let lamp = call(&mut store, "[static]lamp.brighter", &[lamp])?;
    let level = number(call(
        &mut store,
        "[method]lamp.level",
        std::slice::from_ref(&lamp),
    )?)?;
    let before = number(call(&mut store, "gone", &[])?)?;
    let Val::Resource(resource) = lamp else {
        return Err(anyhow!("{lamp:?} is no resource"));
    };
    resource.resource_drop(&mut store).map_err(plain)?;
    Ok((level, before, number(call(&mut store, "gone", &[])?)?))
}

#[test]
fn exported_resources_work_in_a_component_made_of_the_module() -> Result<()> {
    let case = "exported-resource-for-a-component";
    let (_, component) = cases()?
        .into_iter()
        .find(|(name, _)| name == case)
        .context(case)?;
    let options = FlattenOptions {
        boundary: Boundary::Wit,
        verify: true,
        ..FlattenOptions::default()
    };
    let module = flatten(&component, &options)?.wasm;
    let again = wrap(&module, &WrapOptions::default())?.component;
    assert_eq!(own_interfaces(&component)?, own_interfaces(&again)?);
    assert_eq!(with_a_lamp(&component)?, (6, 1, 2));
    assert_eq!(with_a_lamp(&again)?, (6, 1, 2));
    Ok(())
}
