//! A guest that imports an interface of its own next to WASI: in the flat module the host finds it
//! under its own name, with flat signatures and addresses in the exported memory.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use p1bridge_tests::manifest::programs;
use p1bridge_tests::{engines, link, plain};
use wasmtime::{Caller, Config, Extern, Linker, Module, Store};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

/// The interface that `custom-p2-c` imports.
const LAMP: &str = "corpus:custom-p2-c/lamp@0.1.0";

/// What the lamp was told.
#[derive(Default)]
struct Lamp {
    level: u32,
    shown: Vec<String>,
}

#[test]
fn a_host_provides_a_custom_interface_under_its_own_name() -> Result<()> {
    let program = programs()?
        .into_iter()
        .find(|p| p.name == "custom-p2-c")
        .context("the guest")?;
    let flat = link::flatten_for(&*engines::oracle(), &link::component(&program)?)?;

    let engine = wasmtime::Engine::new(&Config::new()).map_err(plain)?;
    let module = Module::new(&engine, &flat).map_err(plain)?;
    let lamp = Arc::new(Mutex::new(Lamp::default()));
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |ctx| ctx).map_err(plain)?;
    let told = lamp.clone();
    linker
        .func_wrap(LAMP, "set", move |level: u32| {
            std::mem::replace(&mut told.lock().unwrap().level, level)
        })
        .map_err(plain)?;
    let told = lamp.clone();
    linker
        .func_wrap(
            LAMP,
            "show",
            move |mut caller: Caller<'_, WasiP1Ctx>, at: u32, length: u32| {
                let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
                    return Err(wasmtime::Error::msg("no memory is exported"));
                };
                let text = &memory.data(&caller)[at as usize..][..length as usize];
                told.lock()
                    .unwrap()
                    .shown
                    .push(String::from_utf8_lossy(text).into_owned());
                Ok(length.min(8))
            },
        )
        .map_err(plain)?;

    let stdout = MemoryOutputPipe::new(1 << 16);
    let mut store = Store::new(
        &engine,
        WasiCtxBuilder::new().stdout(stdout.clone()).build_p1(),
    );
    let instance = linker.instantiate(&mut store, &module).map_err(plain)?;
    let start = instance
        .get_typed_func::<(), ()>(&mut store, "_start")
        .map_err(plain)?;
    start.call(&mut store, ()).map_err(plain)?;

    let printed =
        "lamp from 0 to 10\nlamp from 10 to 20\nlamp from 20 to 30\ncharacters that fit: 2\n";
    assert_eq!(String::from_utf8_lossy(&stdout.contents()), printed);
    let lamp = lamp.lock().unwrap();
    assert_eq!((lamp.level, &lamp.shown[..]), (30, &["on".to_owned()][..]));
    Ok(())
}
