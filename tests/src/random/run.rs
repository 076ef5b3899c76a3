//! A pair on wasmtime as it is, and flattened on wasmi.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, ensure};
use p1bridge_linker::{Isolation, MemoryMode, Opt, Options, Profile, flatten};

/// What a run did.
#[derive(Debug)]
pub struct Outcome {
    /// What was logged.
    pub log: Vec<u64>,
    /// The engine's words for the trap, if it ended in one.
    pub trap: Option<String>,
}

/// Runs the same component in both ways.
pub struct Engines {
    wasmtime: wasmtime::Engine,
    /// The same for components with tasks.
    with_tasks: wasmtime::Engine,
    wasmi: wasmi::Engine,
}

/// More than any pair needs.
const FUEL: u64 = 50_000_000;

impl Default for Engines {
    fn default() -> Engines {
        let mut config = wasmtime::Config::new();
        config
            .wasm_component_model(true)
            .wasm_component_model_map(true)
            .wasm_component_model_fixed_length_lists(true)
            .cranelift_opt_level(wasmtime::OptLevel::None)
            .parallel_compilation(false)
            .memory_reservation(1 << 20)
            .memory_guard_size(0)
            .memory_init_cow(false);
        let mut with_tasks = config.clone();
        with_tasks
            .wasm_component_model_async(true)
            .wasm_component_model_more_async_builtins(true)
            .cranelift_regalloc_algorithm(wasmtime::RegallocAlgorithm::SinglePass);
        let mut limits = wasmi::Config::default();
        limits.consume_fuel(true);
        Engines {
            with_tasks: wasmtime::Engine::new(&with_tasks).expect("the configuration is supported"),
            wasmtime: wasmtime::Engine::new(&config).expect("the configuration is supported"),
            wasmi: wasmi::Engine::new(&limits),
        }
    }
}

impl Engines {
    /// The component on wasmtime.
    ///
    /// # Errors
    ///
    /// When wasmtime does not take it.
    pub fn component(&self, wasm: &[u8]) -> Result<Outcome> {
        use wasmtime::component::{Component, Linker};
        let component = Component::new(&self.wasmtime, wasm)
            .map_err(|error| anyhow::anyhow!("wasmtime: {error:#}"))?;
        let mut linker: Linker<Vec<u64>> = Linker::new(&self.wasmtime);
        linker
            .root()
            .func_wrap(
                "log",
                |mut store: wasmtime::StoreContextMut<'_, Vec<u64>>, (x,): (u64,)| {
                    store.data_mut().push(x);
                    Ok(())
                },
            )
            .map_err(|error| anyhow::anyhow!("wasmtime: {error:#}"))?;
        let mut store = wasmtime::Store::new(&self.wasmtime, Vec::new());
        let instance = linker
            .instantiate(&mut store, &component)
            .map_err(|error| anyhow::anyhow!("wasmtime: {error:#}"))?;
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .map_err(|error| anyhow::anyhow!("wasmtime: {error:#}"))?;
        let trap = run
            .call(&mut store, ())
            .err()
            .map(|error| format!("{:#}", error.root_cause()));
        Ok(Outcome {
            log: std::mem::take(store.data_mut()),
            trap,
        })
    }

    /// Functions of a component that are async, each on an instance of its own, on wasmtime.
    ///
    /// # Errors
    ///
    /// When wasmtime does not take it.
    pub fn component_with_tasks(&self, wasm: &[u8], runs: &[String]) -> Result<Vec<Outcome>> {
        use wasmtime::component::{Component, Linker};
        let failed = |error: wasmtime::Error| anyhow::anyhow!("wasmtime: {error:#}");
        let component = Component::new(&self.with_tasks, wasm).map_err(failed)?;
        let mut linker: Linker<Vec<u64>> = Linker::new(&self.with_tasks);
        let log = |mut store: wasmtime::StoreContextMut<'_, Vec<u64>>, (x,): (u64,)| {
            store.data_mut().push(x);
            Ok(())
        };
        linker.root().func_wrap("log", log).map_err(failed)?;
        let linked = linker.instantiate_pre(&component).map_err(failed)?;
        let run = |name: &String| {
            let mut store = wasmtime::Store::new(&self.with_tasks, Vec::new());
            let instance = block_on(linked.instantiate_async(&mut store)).map_err(failed)?;
            let run = instance
                .get_typed_func::<(), ()>(&mut store, name)
                .map_err(failed)?;
            let trap = block_on(run.call_async(&mut store, ()))
                .err()
                .map(|error| format!("{:#}", error.root_cause()));
            Ok(Outcome {
                log: std::mem::take(store.data_mut()),
                trap,
            })
        };
        runs.iter().map(run).collect()
    }

    /// A flat module on wasmi.
    ///
    /// # Errors
    ///
    /// When wasmi does not take it, or it runs away.
    pub fn flat(&self, wasm: &[u8]) -> Result<Outcome> {
        let mut outcomes = self.each_of_flat(wasm, &["run".to_string()])?;
        Ok(outcomes.remove(0))
    }

    /// Functions of a flat module, each on an instance of its own, on wasmi.
    ///
    /// # Errors
    ///
    /// When wasmi does not take it, or one runs away.
    pub fn each_of_flat(&self, wasm: &[u8], runs: &[String]) -> Result<Vec<Outcome>> {
        let module = wasmi::Module::new(&self.wasmi, wasm)?;
        let mut linker: wasmi::Linker<Vec<u64>> = wasmi::Linker::new(&self.wasmi);
        linker.func_wrap(
            "$root",
            "log",
            |mut caller: wasmi::Caller<'_, Vec<u64>>, x: u64| caller.data_mut().push(x),
        )?;
        let run = |name: &String| {
            let mut store = wasmi::Store::new(&self.wasmi, Vec::new());
            store.set_fuel(FUEL)?;
            let instance = linker.instantiate_and_start(&mut store, &module)?;
            let run = instance.get_typed_func::<(), ()>(&store, name)?;
            let trap = match run.call(&mut store, ()) {
                Ok(()) => None,
                Err(error) => {
                    let code = error.as_trap_code().context("no trap")?;
                    ensure!(code != wasmi::TrapCode::OutOfFuel, "{name} ran away");
                    Some(code.to_string())
                }
            };
            Ok(Outcome {
                log: std::mem::take(store.data_mut()),
                trap,
            })
        };
        runs.iter().map(run).collect()
    }
}

/// Runs a future to its end: nothing here waits for a host.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// What comes of flattening.
pub enum Flattened {
    Module(Vec<u8>),
    /// The message.
    Refused(String),
}

/// Flattens a component; a panic is an error. Every value may be passed by a function of its own, and optimisations
/// be left out.
///
/// # Errors
///
/// When the linker panics.
pub fn flattened(
    wasm: &[u8],
    isolation: Isolation,
    memory: MemoryMode,
    share_all: bool,
    without: BTreeSet<Opt>,
) -> Result<Flattened> {
    let options = Options {
        isolation,
        memory,
        profile: match memory {
            MemoryMode::One => Profile::default(),
            MemoryMode::Multi => Profile::named("wasmi").expect("a profile of that name"),
        },
        verify: true,
        share_all,
        without,
        ..Options::default()
    };
    let result = catch_unwind(AssertUnwindSafe(|| flatten(wasm, &[], &options)));
    let result = result.map_err(|_| anyhow::anyhow!("the linker panicked"))?;
    Ok(match result {
        Ok(output) => Flattened::Module(output.wasm),
        Err(error) => Flattened::Refused(format!("{error:#}")),
    })
}
