//! Random core modules, each the only guest of a component that exports some of its functions:
//! what they return, whether they trap and what they leave in memory is the same after flattening.

use anyhow::{Context, Result, anyhow, ensure};
use arbitrary::Unstructured;
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::profiles::named;
use p1bridge_tests::random::numbers::bytes;
use wasm_encoder::{
    ComponentBuilder, ComponentExportKind, ComponentValType, ExportKind, ModuleArg,
    PrimitiveValType,
};
use wasm_smith::Module as RandomModule;
use wasmi::{Engine, Linker, Module, Store, Val};
use wasmparser::{ExternalKind, FuncType, Parser, Payload, TypeRef, ValType};

use crate::random_config::mvp;

/// How many modules are tried. The seeds are always the same.
const MODULES: u64 = 600;

/// How many exports of each module the component exports.
const EXPORTS: usize = 3;

/// A module of the features that are not rewritten for `profile`; every second one never traps.
fn random_module(seed: u64, profile: Option<&str>) -> Result<Vec<u8>> {
    let bytes = bytes(seed, 4096);
    let config = wasm_smith::Config {
        bulk_memory_enabled: profile.is_none(),
        reference_types_enabled: profile.is_none(),
        disallow_traps: !seed.is_multiple_of(2),
        // A component lifts no function with two results.
        multi_value_enabled: seed.is_multiple_of(4),
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        ..mvp()
    };
    let mut module =
        RandomModule::new(config, &mut Unstructured::new(&bytes)).map_err(|e| anyhow!("{e}"))?;
    module
        .ensure_termination(20_000)
        .map_err(|e| anyhow!("{e}"))?;
    Ok(module.to_bytes())
}

/// The exported functions that a component can lift without a memory, by index of the export.
pub fn liftable(module: &[u8]) -> Result<Vec<(String, FuncType)>> {
    let mut types = Vec::new();
    let mut functions = Vec::new();
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::TypeSection(section) => {
                types = section
                    .into_iter_err_on_gc_types()
                    .collect::<Result<Vec<_>, _>>()?;
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if let TypeRef::Func(ty) = import?.ty {
                        functions.push(ty);
                    }
                }
            }
            Payload::FunctionSection(section) => {
                let defined = section.into_iter().collect::<Result<Vec<_>, _>>()?;
                functions.extend(defined);
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind != ExternalKind::Func {
                        continue;
                    }
                    let ty = &types[functions[export.index as usize] as usize];
                    let number = |ty: &ValType| primitive(*ty).is_some();
                    if ty.params().len() <= 16
                        && ty.results().len() <= 1
                        && ty.params().iter().chain(ty.results()).all(number)
                    {
                        found.push((export.name.to_owned(), ty.clone()));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The type of the component model that is lowered to `ty`.
fn primitive(ty: ValType) -> Option<PrimitiveValType> {
    Some(match ty {
        ValType::I32 => PrimitiveValType::U32,
        ValType::I64 => PrimitiveValType::S64,
        ValType::F32 => PrimitiveValType::F32,
        ValType::F64 => PrimitiveValType::F64,
        _ => return None,
    })
}

/// A component around `module` that exports `functions` as `f0`, `f1`, …; of a type with `async` if it can `yields`.
pub fn component(module: &[u8], functions: &[(String, FuncType)], yields: bool) -> Result<Vec<u8>> {
    let mut builder = ComponentBuilder::default();
    let module = builder.core_module_raw(None, module);
    let mut arguments: Vec<(&str, ModuleArg)> = Vec::new();
    if yields {
        let function = builder.thread_yield();
        let exports = [("yield", ExportKind::Func, function)];
        let instance = builder.core_instantiate_exports(None, exports);
        arguments.push(("", ModuleArg::Instance(instance)));
    }
    let instance = builder.core_instantiate(None, module, arguments);
    for (i, (name, ty)) in functions.iter().enumerate() {
        let number = |ty: &ValType| primitive(*ty).map(ComponentValType::Primitive);
        let names: Vec<String> = (0..ty.params().len()).map(|i| format!("p{i}")).collect();
        let params = ty.params().iter().map(|ty| number(ty).context("a number"));
        let params = names
            .iter()
            .map(String::as_str)
            .zip(params.collect::<Result<Vec<_>>>()?);
        let (lifted, mut encoder) = builder.type_function(None);
        encoder
            .async_(yields)
            .params(params)
            .result(ty.results().first().and_then(number));
        let core = builder.core_alias_export(None, instance, name, ExportKind::Func);
        let function = builder.lift_func(None, core, lifted, []);
        builder.export(format!("f{i}"), ComponentExportKind::Func, function, None);
    }
    Ok(builder.finish())
}

/// What a module did: whether it started, what each call gave, and the memory at the end.
#[derive(Debug, PartialEq)]
pub struct Trace {
    started: bool,
    pub calls: Vec<Option<Vec<u64>>>,
}

pub fn trace(engine: &Engine, wasm: &[u8], names: &[&str]) -> Result<(Trace, Vec<u8>)> {
    let module = Module::new(engine, wasm)?;
    let mut store = Store::new(engine, ());
    let mut trace = Trace {
        started: true,
        calls: Vec::new(),
    };
    let mut linker = Linker::new(engine);
    linker.func_wrap("", "yield", || 0i32)?;
    let Ok(instance) = linker.instantiate_and_start(&mut store, &module) else {
        trace.started = false;
        return Ok((trace, Vec::new()));
    };
    // What runs at instantiation may run on this call instead.
    if let Some(initialize) = instance.get_func(&store, "_initialize")
        && initialize.call(&mut store, &[], &mut []).is_err()
    {
        trace.started = false;
        return Ok((trace, Vec::new()));
    }
    for round in 0..3u64 {
        for name in names {
            let function = instance.get_func(&store, name).context("an export")?;
            let ty = function.ty(&store);
            let args: Vec<Val> = ty
                .params()
                .iter()
                .enumerate()
                .map(|(i, ty)| {
                    let n = round * 0x0101_0101 + i as u64 * 7;
                    match ty {
                        wasmi::ValType::I32 => Val::I32(n as i32),
                        wasmi::ValType::I64 => Val::I64(n as i64),
                        wasmi::ValType::F32 => Val::F32((n as f32).into()),
                        _ => Val::F64((n as f64).into()),
                    }
                })
                .collect();
            let mut results = vec![Val::I32(0); ty.results().len()];
            let call = function
                .call(&mut store, &args, &mut results)
                .ok()
                .map(|()| {
                    results
                        .iter()
                        .map(|result| match result {
                            Val::I32(n) => *n as u64,
                            Val::I64(n) => *n as u64,
                            Val::F32(n) => u64::from(n.to_bits()),
                            Val::F64(n) => n.to_bits(),
                            _ => 0,
                        })
                        .collect()
                });
            trace.calls.push(call);
        }
    }
    let memory = instance
        .exports(&store)
        .find_map(|export| export.into_memory());
    let bytes = memory.map_or(Vec::new(), |memory| memory.data(&store).to_vec());
    Ok((trace, bytes))
}

fn check(engine: &Engine, seed: u64, profile: Option<&str>) -> Result<bool> {
    let module = random_module(seed, profile)?;
    let mut functions = liftable(&module)?;
    let skip = seed as usize % functions.len().max(1);
    functions.rotate_left(skip);
    functions.truncate(EXPORTS);
    if functions.is_empty() {
        return Ok(false);
    }
    let options = FlattenOptions {
        profile: named(profile.unwrap_or("as-is"))?,
        verify: true,
        ..FlattenOptions::default()
    };
    let flat = match flatten(&component(&module, &functions, false)?, &options) {
        Ok(flat) => flat.wasm,
        // What can only trap when it is instantiated is refused.
        Err(error)
            if error
                .to_string()
                .contains("would trap when it is instantiated") =>
        {
            let (right, _) = trace(engine, &module, &[])?;
            ensure!(!right.started, "it starts, but: {error:#}");
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    let names: Vec<&str> = functions.iter().map(|(name, _)| name.as_str()).collect();
    let renamed: Vec<String> = (0..names.len()).map(|i| format!("f{i}")).collect();
    let renamed: Vec<&str> = renamed.iter().map(String::as_str).collect();
    let (right, right_memory) = trace(engine, &module, &names)?;
    let (found, memory) = trace(engine, &flat, &renamed)?;
    ensure!(right == found, "{found:?} instead of {right:?}");
    // A memory that nothing reaches is left out; that of the runtime's arena lies behind.
    ensure!(
        memory.is_empty() || memory.starts_with(&right_memory),
        "the memory differs ({} and {} bytes)",
        memory.len(),
        right_memory.len()
    );
    Ok(right.calls.iter().any(Option::is_some))
}

fn check_all(profile: Option<&str>) {
    let engine = Engine::default();
    let (mut told, mut wrong) = (0, Vec::new());
    for seed in 0..MODULES {
        // Behind the memory of a module for the WAMR of 2020 lies the arena of the runtime, so what
        // is out of bounds of the guest need not trap: only modules that never are compare.
        if profile.is_some() && seed.is_multiple_of(2) {
            continue;
        }
        match check(&engine, seed, profile) {
            Ok(result) => told += usize::from(result),
            Err(error) => wrong.push(format!("seed {seed}: {error:#}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        told as u64 > MODULES / 8,
        "only {told} of {MODULES} returned anything"
    );
}

/// Some modules call themselves until the interpreter ends it, on the stack of the thread.
pub fn on_a_deep_stack(work: fn()) {
    let thread = std::thread::Builder::new().stack_size(1 << 28).spawn(work);
    let ended = thread.expect("a thread").join();
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn flattened_modules_compute_the_same() {
    on_a_deep_stack(|| check_all(None));
}

#[test]
fn modules_flattened_for_wamr_2020_compute_the_same() {
    on_a_deep_stack(|| check_all(Some("wamr-2020")));
}
