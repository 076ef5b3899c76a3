//! A module before and after lowering, on the engines.

use anyhow::{Context, Result, anyhow, ensure};
use p1bridge::lower::lower;
use p1bridge::profiles::named;
use p1bridge_tests::{Call, Engine as _, Exit, RunSpec, engines};
use wasmi::{Config, Engine, Linker, Module, Store, Val};

/// An engine that takes everything.
pub fn full() -> Engine {
    Engine::new(&config())
}

fn config() -> Config {
    let mut config = Config::default();
    // A tail call that became a call uses stack.
    config
        .set_max_recursion_depth(100_000)
        .set_max_stack_height(1 << 24)
        .wasm_tail_call(true)
        .wasm_extended_const(true)
        .wasm_multi_memory(true);
    config
}

/// An engine that takes what `profile` has and nothing else.
pub fn limited(profile: &str) -> Result<Engine> {
    let features = named(profile)?
        .features
        .context("a profile with features")?
        .names();
    let has = |name: &str| features.contains(&name);
    let mut config = config();
    config
        .wasm_mutable_global(has("mutable-globals"))
        .wasm_sign_extension(has("sign-ext"))
        .wasm_saturating_float_to_int(has("nontrapping-fptoint"))
        .wasm_multi_value(has("multivalue"))
        .wasm_bulk_memory(has("bulk-memory"))
        .wasm_reference_types(has("reference-types"))
        .wasm_tail_call(has("tail-call"))
        .wasm_extended_const(has("extended-const"))
        .wasm_multi_memory(has("multi-memory"))
        .wasm_memory64(has("memory64"))
        .wasm_simd(has("simd128"))
        .wasm_relaxed_simd(has("relaxed-simd"));
    Ok(Engine::new(&config))
}

/// What a call gave: the bits of its results, or nothing when it trapped.
pub type Gave = Option<Vec<u64>>;

/// Calls exports one after the other; arguments are bits. Nothing when the module traps at its
/// start. The second value is the memory at the end.
pub fn run(
    engine: &Engine,
    wasm: &[u8],
    calls: &[(String, Vec<u64>)],
) -> Result<Option<(Vec<Gave>, Vec<u8>)>> {
    let module = Module::new(engine, wasm).map_err(|e| anyhow!("not taken: {e}"))?;
    let mut store = Store::new(engine, ());
    let Ok(instance) = Linker::new(engine).instantiate_and_start(&mut store, &module) else {
        return Ok(None);
    };
    let mut gave = Vec::new();
    for (name, args) in calls {
        let function = instance
            .get_func(&store, name)
            .with_context(|| format!("no export {name}"))?;
        let ty = function.ty(&store);
        let args: Vec<Val> = ty
            .params()
            .iter()
            .zip(args.iter().chain(std::iter::repeat(&0)))
            .map(|(ty, &bits)| match ty {
                wasmi::ValType::I32 => Val::I32(bits as i32),
                wasmi::ValType::I64 => Val::I64(bits as i64),
                wasmi::ValType::F32 => Val::F32(wasmi::F32::from_bits(bits as u32)),
                _ => Val::F64(wasmi::F64::from_bits(bits)),
            })
            .collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        let call = function.call(&mut store, &args, &mut results);
        gave.push(call.ok().map(|()| results.iter().map(bits).collect()));
    }
    let memory = instance
        .exports(&store)
        .find_map(|export| export.into_memory())
        .map_or(Vec::new(), |memory| memory.data(&store).to_vec());
    Ok(Some((gave, memory)))
}

/// The same on wasmtime, with everything: it decides where wasmi may be wrong.
pub fn run_on_wasmtime(
    wasm: &[u8],
    calls: &[(String, Vec<u64>)],
) -> Result<Option<(Vec<Gave>, Vec<u8>)>> {
    use wasmtime::{Extern, Instance, Module, Store, Val, ValType};
    let mut config = wasmtime::Config::new();
    config.max_wasm_stack(1 << 20);
    let engine = wasmtime::Engine::new(&config).map_err(|e| anyhow!("{e:?}"))?;
    let module = Module::new(&engine, wasm).map_err(|e| anyhow!("not taken: {e:?}"))?;
    let mut store = Store::new(&engine, ());
    let Ok(instance) = Instance::new(&mut store, &module, &[]) else {
        return Ok(None);
    };
    let mut gave = Vec::new();
    for (name, args) in calls {
        let function = instance
            .get_func(&mut store, name)
            .with_context(|| format!("no export {name}"))?;
        let ty = function.ty(&store);
        let args: Vec<Val> = ty
            .params()
            .zip(args.iter().chain(std::iter::repeat(&0)))
            .map(|(ty, &bits)| match ty {
                ValType::I32 => Val::I32(bits as i32),
                ValType::I64 => Val::I64(bits as i64),
                ValType::F32 => Val::F32(bits as u32),
                _ => Val::F64(bits),
            })
            .collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        let call = function.call(&mut store, &args, &mut results);
        let bits = |value: &Val| match value {
            Val::I32(n) => u64::from(*n as u32),
            Val::I64(n) => *n as u64,
            Val::F32(n) if f32::from_bits(*n).is_nan() => u64::MAX,
            Val::F32(n) => u64::from(*n),
            Val::F64(n) if f64::from_bits(*n).is_nan() => u64::MAX,
            Val::F64(n) => *n,
            _ => 0,
        };
        gave.push(call.ok().map(|()| results.iter().map(bits).collect()));
    }
    let exports: Vec<Extern> = instance
        .exports(&mut store)
        .map(|export| export.into_extern())
        .collect();
    let memory = exports
        .into_iter()
        .find_map(Extern::into_memory)
        .map_or(Vec::new(), |memory| memory.data(&store).to_vec());
    Ok(Some((gave, memory)))
}

/// The bits of a value; which NaN it is may differ.
fn bits(value: &Val) -> u64 {
    match value {
        Val::I32(n) => u64::from(*n as u32),
        Val::I64(n) => *n as u64,
        Val::F32(n) if n.to_float().is_nan() => u64::MAX,
        Val::F32(n) => u64::from(n.to_bits()),
        Val::F64(n) if n.to_float().is_nan() => u64::MAX,
        Val::F64(n) => n.to_bits(),
        _ => 0,
    }
}

/// Checks that `wat` lowered for `profile`, which WAMR of 2020 takes, does what it did, and returns
/// the lowered module.
pub fn same(wat: &str, profile: &str, calls: &[(&str, Vec<u64>)]) -> Vec<u8> {
    let lowered = same_on_wasmi(wat, profile, calls);
    let module = wat::parse_str(wat).expect("a module");
    // A heap of the runtime's own would be more memory than the module has: it has none where it can
    // ask the module, and it has to where any code asks for the size of the memory.
    let asks = "(module (func (export \"p1bridge-tests:size\") (result i32) memory.size)";
    let asking = wat::parse_str(wat.replacen("(module", asks, 1));
    let mut with_arena = named(profile).unwrap();
    with_arena.quirks.app_heap = true;
    let asking = asking.unwrap_or_default();
    let asking = match wat.contains("(memory") {
        true => asking,
        false => module.clone(),
    };
    let on_device = lower(&asking, &with_arena).unwrap().wasm;
    on_wamr(&module, &on_device, &owned(calls)).unwrap();
    lowered
}

/// The same on wasmi alone, with what `profile` has.
pub fn same_on_wasmi(wat: &str, profile: &str, calls: &[(&str, Vec<u64>)]) -> Vec<u8> {
    let module = wat::parse_str(wat).expect("a module");
    let lowered = lower(&module, &named(profile).unwrap()).unwrap().wasm;
    compare(&module, &lowered, profile, &owned(calls)).unwrap();
    lowered
}

fn owned(calls: &[(&str, Vec<u64>)]) -> Vec<(String, Vec<u64>)> {
    calls
        .iter()
        .map(|(name, args)| ((*name).to_owned(), args.clone()))
        .collect()
}

fn compare(before: &[u8], after: &[u8], profile: &str, calls: &[(String, Vec<u64>)]) -> Result<()> {
    let (right, memory) = run(&full(), before, calls)?.context("it starts")?;
    let (found, lowered) = run(&limited(profile)?, after, calls)?.context("it starts lowered")?;
    for ((call, right), found) in calls.iter().zip(right).zip(found) {
        ensure!(
            right == found,
            "{call:x?} gave {found:x?} instead of {right:x?}"
        );
    }
    ensure!(lowered.starts_with(&memory), "the memory differs");
    Ok(())
}

/// The calls up to the first that traps, on WAMR of 2020.
fn on_wamr(before: &[u8], after: &[u8], calls: &[(String, Vec<u64>)]) -> Result<()> {
    if let Err(why) = engines::Wamr.available() {
        eprintln!("skipped: {why}");
        return Ok(());
    }
    let (right, _) = run(&full(), before, calls)?.context("it starts")?;
    let returned = right.iter().take_while(|gave| gave.is_some()).count();
    let traps = returned < right.len();
    let spec = RunSpec {
        calls: calls[..right.len().min(returned + 1)]
            .iter()
            .map(|(name, args)| Call {
                export: name.clone(),
                args: args.iter().map(|&n| n as i32).collect(),
            })
            .collect(),
        ..RunSpec::default()
    };
    let outcome = engines::Wamr.run(after, &spec)?;
    let found: Vec<Vec<u64>> = outcome
        .results
        .iter()
        .map(|result| result.iter().map(|&n| u64::from(n as u32)).collect())
        .collect();
    let right: Vec<Vec<u64>> = right.into_iter().map_while(|gave| gave).collect();
    ensure!(found == right, "on WAMR {found:x?} instead of {right:x?}");
    ensure!(
        matches!(outcome.exit, Exit::Trap(_)) == traps,
        "on WAMR it ended with {:?}",
        outcome.exit
    );
    Ok(())
}
