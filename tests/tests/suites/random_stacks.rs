//! Random core modules that give up their turn anywhere: with `--stacks switch` all frames go off the stack each time and
//! come back, and nothing else changes.
//!
//! `P1BRIDGE_RANDOM_STACKS` says another number of modules, `P1BRIDGE_RANDOM_SEED` where to begin.

use anyhow::{Result, anyhow, ensure};
use arbitrary::Unstructured;
use p1bridge::flatten::{FlattenOptions, Stacks, flatten};
use p1bridge::profiles::named;
use p1bridge_tests::random::{expressions, numbers::bytes};
use wasm_smith::Module as RandomModule;
use wasmi::Engine;

use crate::random_config::mvp;
use crate::random_modules::{component, liftable, on_a_deep_stack, trace};

const MODULES: u64 = 100;

/// How many exports of each module the component exports.
const EXPORTS: usize = 3;

fn random_module(seed: u64) -> Result<Vec<u8>> {
    let bytes = bytes(seed ^ 0x5157, 8192);
    let config = wasm_smith::Config {
        available_imports: Some(wat::parse_str(
            r#"(module (import "" "yield" (func (result i32))))"#,
        )?),
        max_imports: 1,
        min_imports: 1,
        min_funcs: 4,
        max_instructions: 300,
        allow_start_export: false,
        // Behind the memory of the guest lies that of the library of tasks: what is out of bounds need not trap.
        disallow_traps: true,
        // Blocks have parameters, too; what comes out is lowered for some.
        multi_value_enabled: seed.is_multiple_of(3),
        tail_call_enabled: seed.is_multiple_of(5),
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        ..mvp()
    };
    let mut module =
        RandomModule::new(config, &mut Unstructured::new(&bytes)).map_err(|e| anyhow!("{e}"))?;
    module.ensure_termination(400).map_err(|e| anyhow!("{e}"))?;
    Ok(module.to_bytes())
}

/// What the module itself gives, called as [`trace`] does; the engine is another one, for wasmi 2.0.0 selects wrongly at times.
fn right(module: &[u8], names: &[&str]) -> Result<Vec<Option<Vec<u64>>>> {
    let engine = wasmtime::Engine::default();
    let module = wasmtime::Module::new(&engine, module).map_err(|e| anyhow!("{e}"))?;
    let mut store = wasmtime::Store::new(&engine, ());
    let mut linker = wasmtime::Linker::new(&engine);
    linker
        .func_wrap("", "yield", || 0i32)
        .map_err(|e| anyhow!("{e}"))?;
    let Ok(instance) = linker.instantiate(&mut store, &module) else {
        return Ok(Vec::new());
    };
    let mut calls = Vec::new();
    for round in 0..3u64 {
        for name in names {
            let function = instance
                .get_func(&mut store, name)
                .ok_or_else(|| anyhow!("no export {name:?}"))?;
            let ty = function.ty(&store);
            let args: Vec<wasmtime::Val> = ty
                .params()
                .enumerate()
                .map(|(i, ty)| {
                    let n = round * 0x0101_0101 + i as u64 * 7;
                    match ty {
                        wasmtime::ValType::I32 => wasmtime::Val::I32(n as i32),
                        wasmtime::ValType::I64 => wasmtime::Val::I64(n as i64),
                        wasmtime::ValType::F32 => (n as f32).into(),
                        _ => (n as f64).into(),
                    }
                })
                .collect();
            let mut results = vec![wasmtime::Val::I32(0); ty.results().len()];
            let call = function.call(&mut store, &args, &mut results).ok();
            calls.push(call.map(|()| {
                let bits = results.iter().map(|result| match result {
                    wasmtime::Val::I32(n) => *n as u64,
                    wasmtime::Val::I64(n) => *n as u64,
                    wasmtime::Val::F32(n) => u64::from(*n),
                    wasmtime::Val::F64(n) => *n,
                    _ => 0,
                });
                bits.collect()
            }));
        }
    }
    Ok(calls)
}

/// How many calls were compared.
fn check(engine: &Engine, seed: u64) -> Result<usize> {
    // Every second one is made of expressions whose values all count.
    let module = match seed.is_multiple_of(2) {
        true => random_module(seed)?,
        false => wat::parse_str(expressions::module(seed, seed % 4 == 1, seed % 8 == 3))?,
    };
    let mut functions = liftable(&module)?;
    let skip = seed as usize % functions.len().max(1);
    functions.rotate_left(skip);
    functions.truncate(EXPORTS);
    if functions.is_empty() {
        return Ok(0);
    }
    let names: Vec<&str> = functions.iter().map(|(name, _)| name.as_str()).collect();
    let renamed: Vec<String> = (0..names.len()).map(|i| format!("f{i}")).collect();
    let renamed: Vec<&str> = renamed.iter().map(String::as_str).collect();
    let right = right(&module, &names)?;
    let options = FlattenOptions {
        profile: named(if seed % 3 == 1 { "as-is" } else { "wamr-2020" })?,
        verify: true,
        stacks: Stacks::Switch,
        thread_stack: Some(1 << 20),
        max_tasks: Some(2),
        ..FlattenOptions::default()
    };
    let flat = match flatten(&component(&module, &functions, true)?, &options) {
        Ok(flat) => flat,
        // What can only trap when it is instantiated is refused.
        Err(error) if format!("{error:#}").contains("would trap when it is instantiated") => {
            return Ok(0);
        }
        Err(error) => return Err(error),
    };
    let (found, _) = trace(engine, &flat.wasm, &renamed)?;
    // After a trap nothing can be called any more.
    let ended = right.iter().position(Option::is_none);
    let compared = ended.map_or(right.len(), |at| at + 1);
    ensure!(
        found.calls.get(..compared) == right.get(..compared),
        "{:x?} instead of {right:x?}",
        found.calls
    );
    Ok(compared)
}

#[test]
fn stacks_that_go_and_come_back_change_nothing() {
    on_a_deep_stack(|| {
        let number = |variable: &str, otherwise: u64| match std::env::var(variable) {
            Ok(text) => text.parse().expect("a number"),
            Err(_) => otherwise,
        };
        let count = number("P1BRIDGE_RANDOM_STACKS", MODULES);
        let first = number("P1BRIDGE_RANDOM_SEED", 0);
        let engine = Engine::default();
        let (mut compared, mut wrong) = (0, Vec::new());
        for seed in first..first + count {
            match check(&engine, seed) {
                Ok(calls) => compared += u64::from(calls > 1),
                Err(error) => wrong.push(format!("seed {seed}: {error:#}")),
            }
        }
        assert!(
            wrong.is_empty(),
            "{} wrong:\n{}",
            wrong.len(),
            wrong[..wrong.len().min(10)].join("\n")
        );
        assert!(
            compared > count / 4 || count < 8,
            "only {compared} of {count} were compared"
        );
    });
}
