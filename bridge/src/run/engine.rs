//! Instantiation and calls.

use anyhow::{Context, Result, anyhow, bail};
use wasmi::{
    CompilationMode, Config, Engine, ExternType, Instance, Linker, Module, Store, Val, ValType,
};

use super::host::{self, Host};
use super::lift::Caller;
use super::select::without_comparisons_before_select;
use super::{Args, Call, Exit, RunOptions, RunOutcome, Stats, Value, json, wave};
use crate::hosts::instead;
use crate::wrap::has_threads;

/// Calls of a recursive program go as deep as on a roomy device, not as on wasmi's defaults.
const MAX_CALL_DEPTH: usize = 20_000;
const MAX_STACK_BYTES: usize = 64 << 20;

pub fn run(wasm: &[u8], options: &RunOptions) -> Result<RunOutcome> {
    let metered = options.meter || options.fuel.is_some();
    if has_threads(wasm) {
        bail!(
            "the module is a program with threads (its memory is shared), and the built-in interpreter has none: run it on \
             wasmtime (`-S threads`), or on a WAMR that is built with WAMR_BUILD_LIB_WASI_THREADS=1"
        );
    }
    let engine = Engine::new(&config(metered));
    // Offsets in errors are those of the program.
    let module = Module::new(&engine, without_comparisons_before_select(wasm))
        .or_else(|_| Module::new(&engine, wasm))
        .context("the module does not load")?;
    let mut linker = Linker::<Host>::new(&engine);
    host::add_to(&mut linker)?;
    check_imports(&module)?;

    let mut store = Store::new(&engine, Host::new(options)?);
    let fuel = options.fuel.unwrap_or(u64::MAX);
    if metered {
        store.set_fuel(fuel)?;
    }
    let mut run = Running {
        store,
        results: Vec::new(),
        printed: Vec::new(),
        json: Vec::new(),
        instance: None,
    };
    let exit = match run.all(&linker, &module, options)? {
        Ok(()) => Exit::Code(0),
        Err(error) => match error.i32_exit_status() {
            Some(code) => Exit::Code(code),
            None => Exit::Trap(in_words(&error, options.fuel)),
        },
    };
    run.outcome(exit, metered.then_some(fuel))
}

fn config(metered: bool) -> Config {
    let mut config = Config::default();
    config
        .set_max_recursion_depth(MAX_CALL_DEPTH)
        .set_max_stack_height(MAX_STACK_BYTES)
        .wasm_custom_page_sizes(true)
        .wasm_wide_arithmetic(true)
        .consume_fuel(metered)
        // Translation on demand costs fuel; the figure is to depend on what runs alone.
        .compilation_mode(match metered {
            true => CompilationMode::Eager,
            false => CompilationMode::LazyTranslation,
        });
    config
}

/// All imports that nothing provides, by name, rather than the first.
fn check_imports(module: &Module) -> Result<()> {
    let missing = || {
        module.imports().filter(|import| {
            !(import.module() == "wasi_snapshot_preview1"
                && matches!(import.ty(), ExternType::Func(_))
                && host::NAMES.contains(&import.name()))
        })
    };
    let names: Vec<String> = missing()
        .map(|import| format!("`{}` of `{}`", import.name(), import.module()))
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let mut instead: Vec<_> = missing()
        .filter_map(|import| instead(import.module(), import.name()))
        .map(|instead| format!("\n  {instead}"))
        .collect();
    instead.dedup();
    bail!(
        "the program imports what only its own host has: {}; `run` provides the functions of `wasi_snapshot_preview1`{}",
        names.join(", "),
        instead.concat()
    )
}

/// A program on its way. Errors of the program are the inner results.
struct Running {
    store: Store<Host>,
    instance: Option<Instance>,
    results: Vec<Vec<Value>>,
    printed: Vec<String>,
    json: Vec<Vec<serde_json::Value>>,
}

impl Running {
    fn all(
        &mut self,
        linker: &Linker<Host>,
        module: &Module,
        options: &RunOptions,
    ) -> Result<Result<(), wasmi::Error>> {
        check_calls(module, options)?;
        let instance = match linker.instantiate_and_start(&mut self.store, module) {
            Ok(instance) => instance,
            Err(error) if error.i32_exit_status().is_some() || error.as_trap_code().is_some() => {
                return Ok(Err(error));
            }
            Err(error) => return Err(error).context("the module cannot be instantiated"),
        };
        self.instance = Some(instance);
        if options.calls.is_empty() {
            return Ok(self.call(instance, "_start", &[]).map(drop));
        }
        if options.initialize
            && instance.get_func(&self.store, "_initialize").is_some()
            && let Err(error) = self.call(instance, "_initialize", &[])
        {
            return Ok(Err(error));
        }
        for call in &options.calls {
            if let Err(error) = self.invoke(instance, call) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// Makes a call and keeps what it gives.
    fn invoke(&mut self, instance: Instance, call: &Call) -> Result<(), wasmi::Error> {
        let (values, text, json) = match &call.args {
            Args::Core(args) => {
                let values = self.call(instance, &call.export, args)?;
                let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
                let json = values.iter().copied().map(json::of_core).collect();
                (values, texts.join(" "), json)
            }
            Args::Lifted(ty, args) => {
                let store = &mut self.store;
                let value = Caller { store, instance }.call(&call.export, &ty.abi, args)?;
                let (text, json) = match (&ty.result, value) {
                    (Some(ty), Some(value)) => {
                        let text = wave::text(&value, ty)
                            .map_err(|error| wasmi::Error::new(format!("{error:#}")))?;
                        (text, vec![json::of(&value, ty)])
                    }
                    _ => Default::default(),
                };
                (Vec::new(), text, json)
            }
        };
        self.results.push(values);
        self.printed.push(text);
        self.json.push(json);
        Ok(())
    }

    /// Calls an export that [`check_calls`] has seen.
    fn call(
        &mut self,
        instance: Instance,
        export: &str,
        args: &[Value],
    ) -> Result<Vec<Value>, wasmi::Error> {
        let func = instance
            .get_func(&self.store, export)
            .ok_or_else(|| wasmi::Error::new(format!("no exported function `{export}`")))?;
        let args: Vec<Val> = args.iter().copied().map(to_val).collect();
        let mut results: Vec<Val> = func
            .ty(&self.store)
            .results()
            .iter()
            .map(|ty| Val::default_for_ty(*ty))
            .collect();
        func.call(&mut self.store, &args, &mut results)?;
        Ok(results.iter().filter_map(from_val).collect())
    }

    fn outcome(self, exit: Exit, limit: Option<u64>) -> Result<RunOutcome> {
        let mut stats = Stats::default();
        if let Some(limit) = limit {
            stats.fuel = Some(limit - self.store.get_fuel()?);
        }
        if let Some(instance) = &self.instance {
            stats.memory_bytes = instance
                .exports(&self.store)
                .filter_map(|export| export.into_memory())
                .map(|memory| memory.data_size(&self.store) as u64)
                .sum();
        }
        self.store.data().count_calls(&mut stats);
        let host = self.store.into_data();
        let taken = |captured: &super::stdio::Captured| {
            std::mem::take(
                &mut *captured
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner),
            )
        };
        Ok(RunOutcome {
            exit,
            stdout: taken(&host.stdout),
            stderr: taken(&host.stderr),
            results: self.results,
            printed: self.printed,
            json: self.json,
            stats,
        })
    }
}

/// Says what is wrong with the calls before anything runs.
fn check_calls(module: &Module, options: &RunOptions) -> Result<()> {
    let start = [Call::i32("_start", &[])];
    let calls = match options.calls.is_empty() {
        true => &start[..],
        false => &options.calls[..],
    };
    for call in calls {
        let Some(ExternType::Func(ty)) = module.get_export(&call.export) else {
            let names: Vec<String> = module
                .exports()
                .filter(|export| matches!(export.ty(), ExternType::Func(_)))
                .map(|export| format!("`{}`", export.name()))
                .collect();
            let has = match names.is_empty() {
                true => "it exports no function".to_string(),
                false => format!("it exports {}", names.join(", ")),
            };
            return Err(match options.calls.is_empty() {
                true => anyhow!("the program has no `_start`, so it is not a command; {has}"),
                false => anyhow!("the program exports no function `{}`; {has}", call.export),
            });
        };
        // The types of the others were compared when they were read.
        let Args::Core(args) = &call.args else {
            continue;
        };
        let given: Vec<ValType> = args.iter().map(|value| to_val(*value).ty()).collect();
        if given != ty.params() {
            bail!(
                "`{}` takes {}, but got {}",
                call.export,
                type_list(ty.params()),
                type_list(&given)
            );
        }
        if let Some(ty) = ty.results().iter().find(|ty| !is_number(**ty)) {
            bail!("`{}` returns a {ty:?}, which cannot be shown", call.export);
        }
    }
    Ok(())
}

fn is_number(ty: ValType) -> bool {
    matches!(
        ty,
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64
    )
}

fn type_list(types: &[ValType]) -> String {
    match types.is_empty() {
        true => "no arguments".to_string(),
        false => format!(
            "({})",
            types
                .iter()
                .map(|ty| format!("{ty:?}").to_lowercase())
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

fn to_val(value: Value) -> Val {
    match value {
        Value::I32(v) => Val::I32(v),
        Value::I64(v) => Val::I64(v),
        Value::F32(v) => Val::F32(v.into()),
        Value::F64(v) => Val::F64(v.into()),
    }
}

/// `None` for what is not a number; [`check_calls`] has refused those.
fn from_val(value: &Val) -> Option<Value> {
    Some(match value {
        Val::I32(v) => Value::I32(*v),
        Val::I64(v) => Value::I64(*v),
        Val::F32(v) => Value::F32((*v).into()),
        Val::F64(v) => Value::F64((*v).into()),
        _ => return None,
    })
}

fn in_words(error: &wasmi::Error, fuel: Option<u64>) -> String {
    use wasmi::TrapCode::*;
    match error.as_trap_code() {
        Some(UnreachableCodeReached) => "an `unreachable` instruction was executed".to_string(),
        Some(MemoryOutOfBounds) => "a memory access was out of bounds".to_string(),
        Some(TableOutOfBounds) => "a table access was out of bounds".to_string(),
        Some(IndirectCallToNull) => "an indirect call hit an empty table slot".to_string(),
        Some(BadSignature) => "an indirect call hit a function of another type".to_string(),
        Some(IntegerDivisionByZero) => "an integer was divided by zero".to_string(),
        Some(IntegerOverflow) => "an integer operation overflowed".to_string(),
        Some(BadConversionToInteger) => {
            "a float was converted to an integer it does not fit".to_string()
        }
        Some(StackOverflow) => format!(
            "the call stack is exhausted ({MAX_CALL_DEPTH} calls or {} MiB)",
            MAX_STACK_BYTES >> 20
        ),
        Some(OutOfFuel) => format!("all fuel is used up ({})", fuel.unwrap_or(u64::MAX)),
        Some(other) => other.to_string(),
        None => error.to_string(),
    }
}
