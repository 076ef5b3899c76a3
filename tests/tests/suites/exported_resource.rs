//! A host that has handles of a component's resources: it drops them through an export, as it drops
//! them on wasmtime.

use anyhow::{Context, Result, ensure};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge_tests::plain;
use wasmtime::component::{Component, Linker as ComponentLinker, ResourceAny};
use wasmtime::{Config, Engine, Linker, Module, Store};

/// Lamps, and what the destructor was last told.
const LAMPS: &str = r#"(component
  (core module $Dtor
    (global (export "last") (mut i32) (i32.const 0))
    (func (export "dtor") (param i32) (global.set 0 (local.get 0))))
  (core instance $dtor (instantiate $Dtor))
  (type $lamp' (resource (rep i32) (dtor (core func $dtor "dtor"))))
  (export $lamp "lamp" (type $lamp'))
  (core func $new (canon resource.new $lamp'))
  (core module $M
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "last" (global $last (mut i32)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "level") (param i32) (result i32) (local.get 0))
    (func (export "last") (result i32) (global.get $last)))
  (core instance $m (instantiate $M (with "" (instance
    (export "new" (func $new)) (export "last" (global $dtor "last"))))))
  (func (export "make") (param "x" u32) (result (own $lamp)) (canon lift (core func $m "make")))
  (func (export "level") (param "l" (borrow $lamp)) (result u32) (canon lift (core func $m "level")))
  (func (export "last") (result u32) (canon lift (core func $m "last"))))"#;

/// What two lamps and the destructor say while they are dropped on wasmtime.
fn as_a_component(component: &[u8]) -> Result<Vec<u32>> {
    // With support for tasks, a call that fails is the last one of the store.
    let mut config = Config::new();
    config.concurrency_support(false);
    let engine = Engine::new(&config).map_err(plain)?;
    let mut store = Store::new(&engine, ());
    let component = Component::new(&engine, component).map_err(plain)?;
    let instance = ComponentLinker::new(&engine)
        .instantiate(&mut store, &component)
        .map_err(plain)?;
    let make = instance.get_typed_func::<(u32,), (ResourceAny,)>(&mut store, "make");
    let level = instance.get_typed_func::<(ResourceAny,), (u32,)>(&mut store, "level");
    let last = instance.get_typed_func::<(), (u32,)>(&mut store, "last");
    let (make, level, last) = (
        make.map_err(plain)?,
        level.map_err(plain)?,
        last.map_err(plain)?,
    );
    let mut said = Vec::new();
    let mut lamps = Vec::new();
    for x in [70, 80] {
        lamps.push(make.call(&mut store, (x,)).map_err(plain)?.0);
    }
    for lamp in lamps {
        said.push(level.call(&mut store, (lamp,)).map_err(plain)?.0);
        lamp.resource_drop(&mut store).map_err(plain)?;
        said.push(last.call(&mut store, ()).map_err(plain)?.0);
        ensure!(level.call(&mut store, (lamp,)).is_err(), "it was dropped");
    }
    Ok(said)
}

fn as_a_module(flat: &[u8]) -> Result<Vec<u32>> {
    let engine = Engine::default();
    let module = Module::new(&engine, flat).map_err(plain)?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine)
        .instantiate(&mut store, &module)
        .map_err(plain)?;
    let mut call = |name: &str, argument: Option<u32>| -> Result<u32> {
        let function = instance.get_func(&mut store, name).context("an export")?;
        let arguments: Vec<_> = argument.map(|x| (x as i32).into()).into_iter().collect();
        let results = function.ty(&store).results().len();
        let mut found = vec![wasmtime::Val::I32(0); results];
        function
            .call(&mut store, &arguments, &mut found)
            .map_err(plain)?;
        Ok(found.first().map_or(0, |value| value.unwrap_i32() as u32))
    };
    let mut said = Vec::new();
    let mut lamps = Vec::new();
    for x in [70, 80] {
        lamps.push(call("make", Some(x))?);
    }
    for lamp in lamps {
        said.push(call("level", Some(lamp))?);
        call("[resource-drop]lamp", Some(lamp))?;
        said.push(call("last", None)?);
        ensure!(call("level", Some(lamp)).is_err(), "it was dropped");
        ensure!(
            call("[resource-drop]lamp", Some(lamp)).is_err(),
            "it was dropped"
        );
    }
    Ok(said)
}

#[test]
fn a_host_drops_its_handles() -> Result<()> {
    let component = wat::parse_str(LAMPS)?;
    let flat = flatten(&component, &FlattenOptions::default())?.wasm;
    let said = as_a_component(&component)?;
    assert_eq!(said, [70, 70, 80, 80]);
    assert_eq!(as_a_module(&flat)?, said);
    Ok(())
}
