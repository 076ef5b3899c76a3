//! wasmtime in process: the oracle, for core modules with P1 and for components with WASI 0.2 and 0.3.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use wasmtime::component::{Component, Linker as ComponentLinker, ResourceTable, Val};
use wasmtime::{Config, Linker, Module, Store, UpdateDeadline};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::bindings::sync::Command;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::runtime::in_tokio;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::process;
use crate::{Call, Engine, Exit, Outcome, RunSpec, plain};

/// The epoch advances this often.
const TICK: Duration = Duration::from_millis(50);

/// More output than any program of the suites has.
const MAX_OUTPUT: usize = 64 << 20;

pub struct Wasmtime {
    engine: wasmtime::Engine,
    /// What has been compiled, by its bytes: suites run one file many times.
    compiled: Mutex<HashMap<Vec<u8>, Arc<Compiled>>>,
}

enum Compiled {
    Module(Module),
    Component(Component),
}

impl Wasmtime {
    pub fn new() -> Wasmtime {
        let mut config = Config::new();
        config.epoch_interruption(true);
        config.wasm_component_model_async(true);
        config.wasm_component_model_more_async_builtins(true);
        let engine = wasmtime::Engine::new(&config).expect("a valid configuration");
        let ticking = engine.weak();
        std::thread::spawn(move || {
            while let Some(engine) = ticking.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        });
        Wasmtime {
            engine,
            compiled: Mutex::default(),
        }
    }

    fn compile(&self, wasm: &[u8]) -> Result<Arc<Compiled>> {
        if let Some(known) = self.compiled.lock().unwrap().get(wasm) {
            return Ok(known.clone());
        }
        let compiled = if wasmparser::Parser::is_component(wasm) {
            Compiled::Component(Component::new(&self.engine, wasm).map_err(plain)?)
        } else {
            Compiled::Module(Module::new(&self.engine, wasm).map_err(plain)?)
        };
        let compiled = Arc::new(compiled);
        self.compiled
            .lock()
            .unwrap()
            .insert(wasm.to_vec(), compiled.clone());
        Ok(compiled)
    }

    fn store<T: 'static>(&self, state: T, timeout: Duration) -> Store<T> {
        let mut store = Store::new(&self.engine, state);
        store.set_epoch_deadline(timeout.as_millis().div_ceil(TICK.as_millis()) as u64);
        store.epoch_deadline_callback(|_| -> wasmtime::Result<UpdateDeadline> {
            Err(wasmtime::Error::msg(TIMED_OUT))
        });
        store
    }
}

impl Default for Wasmtime {
    fn default() -> Self {
        Wasmtime::new()
    }
}

impl Engine for Wasmtime {
    fn name(&self) -> &'static str {
        "wasmtime"
    }

    fn available(&self) -> Result<(), String> {
        Ok(())
    }

    fn runs_components(&self) -> bool {
        true
    }

    fn run(&self, wasm: &[u8], spec: &RunSpec) -> Result<Outcome> {
        if spec.needs_process() {
            return process::run(wasm, spec, |folder| process::child_of(self.name(), folder));
        }
        let compiled = self.compile(wasm)?;
        let stdout = MemoryOutputPipe::new(MAX_OUTPUT);
        let stderr = MemoryOutputPipe::new(MAX_OUTPUT);
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdin(MemoryInputPipe::new(spec.stdin.clone()))
            .stdout(stdout.clone())
            .stderr(stderr.clone())
            .args(&spec.argv)
            .envs(&spec.env);
        if spec.own_streams {
            wasi.inherit_stdio();
        }
        if spec.network {
            wasi.inherit_network()
                .allow_ip_name_lookup(true)
                .allow_tcp(true)
                .allow_udp(true);
        }
        for (host, guest) in spec.preopened() {
            wasi.preopened_dir(host, guest, FsPerms::ReadWrite)
                .map_err(plain)?;
        }
        let mut results = Vec::new();
        let ended = match &*compiled {
            Compiled::Module(module) => {
                let mut store = self.store(wasi.build_p1(), spec.timeout);
                run_module(module, &mut store, &spec.calls, &mut results)?
            }
            Compiled::Component(component) => {
                let mut store = self.store(State::new(&mut wasi), spec.timeout);
                run_component(component, &mut store, &spec.calls, &mut results)?
            }
        };
        Ok(Outcome {
            stdout: stdout.contents().to_vec(),
            stderr: stderr.contents().to_vec(),
            exit: exit(ended)?,
            results,
        })
    }
}

/// What the guest did: it ended by itself with a code, or with an error of the engine.
type Ended = Result<i32, wasmtime::Error>;

fn run_module(
    module: &Module,
    store: &mut Store<WasiP1Ctx>,
    calls: &[Call],
    results: &mut Vec<Option<i32>>,
) -> Result<Ended> {
    let mut linker = Linker::new(module.engine());
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |ctx| ctx).map_err(plain)?;
    let instance = match linker.instantiate(&mut *store, module) {
        Ok(instance) => instance,
        Err(error) => return started_or(error),
    };
    if let Some(initialize) = instance.get_func(&mut *store, "_initialize")
        && let Err(error) = initialize.call(&mut *store, &[], &mut [])
    {
        return Ok(Err(error));
    }
    if calls.is_empty() {
        let start = instance
            .get_func(&mut *store, "_start")
            .ok_or_else(|| anyhow!("the module has no export `_start`"))?;
        return Ok(start.call(&mut *store, &[], &mut []).map(|()| 0));
    }
    for call in calls {
        let function = instance
            .get_func(&mut *store, &call.export)
            .ok_or_else(|| anyhow!("the module has no export `{}`", call.export))?;
        let args: Vec<_> = call.args.iter().map(|&n| wasmtime::Val::I32(n)).collect();
        let mut values = vec![wasmtime::Val::I32(0); function.ty(&*store).results().len()];
        if let Err(error) = function.call(&mut *store, &args, &mut values) {
            return Ok(Err(error));
        }
        results.push(
            values
                .first()
                .map(|v| {
                    v.i32()
                        .ok_or_else(|| anyhow!("{}: not an i32", call.export))
                })
                .transpose()?,
        );
    }
    Ok(Ok(0))
}

fn run_component(
    component: &Component,
    store: &mut Store<State>,
    calls: &[Call],
    results: &mut Vec<Option<i32>>,
) -> Result<Ended> {
    let mut linker = ComponentLinker::new(component.engine());
    if calls.is_empty() && exports_run_of_0_3(component) {
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(plain)?;
        wasmtime_wasi::p3::add_to_linker(&mut linker).map_err(plain)?;
        return in_tokio(run_of_0_3(component, &linker, store));
    }
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).map_err(plain)?;
    let instance = match linker.instantiate(&mut *store, component) {
        Ok(instance) => instance,
        Err(error) => return started_or(error),
    };
    if calls.is_empty() {
        let command = Command::new(&mut *store, &instance).map_err(plain)?;
        return Ok(command
            .wasi_cli_run()
            .call_run(&mut *store)
            .map(|result| i32::from(result.is_err())));
    }
    for call in calls {
        let index = match call.export.split_once('#') {
            None => instance.get_export_index(&mut *store, None, &call.export),
            Some((interface, name)) => instance
                .get_export_index(&mut *store, None, interface)
                .and_then(|i| instance.get_export_index(&mut *store, Some(&i), name)),
        };
        let function = index
            .and_then(|i| instance.get_func(&mut *store, i))
            .ok_or_else(|| anyhow!("the component has no export `{}`", call.export))?;
        let ty = function.ty(&*store);
        let args = ty
            .params()
            .zip(&call.args)
            .map(|((_, ty), &n)| lift(&ty, n))
            .collect::<Result<Vec<_>>>()?;
        let mut values = vec![Val::Bool(false); ty.results().len()];
        if let Err(error) = function.call(&mut *store, &args, &mut values) {
            return Ok(Err(error));
        }
        results.push(values.first().map(lower).transpose()?);
    }
    Ok(Ok(0))
}

fn exports_run_of_0_3(component: &Component) -> bool {
    let ty = component.component_type();
    let mut exports = ty.exports(component.engine());
    exports.any(|(name, _)| name.starts_with("wasi:cli/run@0.3."))
}

/// Runs a command of WASI 0.3. Its tasks are over when `run` has returned.
async fn run_of_0_3(
    component: &Component,
    linker: &ComponentLinker<State>,
    store: &mut Store<State>,
) -> Result<Ended> {
    use wasmtime_wasi::p3::bindings::Command;
    let command = match Command::instantiate_async(&mut *store, component, linker).await {
        Ok(command) => command,
        Err(error) => return started_or(error),
    };
    let ended = store
        .run_concurrent(async |store| command.wasi_cli_run().call_run(store).await)
        .await;
    Ok(match ended {
        Ok(Ok(result)) => Ok(i32::from(result.is_err())),
        Ok(Err(error)) | Err(error) => Err(error),
    })
}

fn lift(ty: &wasmtime::component::Type, n: i32) -> Result<Val> {
    use wasmtime::component::Type;
    Ok(match ty {
        Type::Bool => Val::Bool(n != 0),
        Type::S8 => Val::S8(n as i8),
        Type::U8 => Val::U8(n as u8),
        Type::S16 => Val::S16(n as i16),
        Type::U16 => Val::U16(n as u16),
        Type::S32 => Val::S32(n),
        Type::U32 => Val::U32(n as u32),
        Type::Char => {
            Val::Char(char::from_u32(n as u32).ok_or_else(|| anyhow!("{n} is not a char"))?)
        }
        other => bail!("an argument of type {other:?} cannot be given as an i32"),
    })
}

fn lower(value: &Val) -> Result<i32> {
    Ok(match value {
        Val::Bool(b) => i32::from(*b),
        Val::S8(n) => i32::from(*n),
        Val::U8(n) => i32::from(*n),
        Val::S16(n) => i32::from(*n),
        Val::U16(n) => i32::from(*n),
        Val::S32(n) => *n,
        Val::U32(n) => *n as i32,
        Val::Char(c) => *c as i32,
        other => bail!("a result such as {other:?} is not an i32"),
    })
}

/// An error of instantiation: the guest's own when a start function trapped or exited, otherwise
/// one of linking.
fn started_or(error: wasmtime::Error) -> Result<Ended> {
    if error.is::<wasmtime::Trap>() || error.is::<I32Exit>() {
        Ok(Err(error))
    } else {
        Err(plain(error))
    }
}

const TIMED_OUT: &str = "out of time";

fn exit(ended: Ended) -> Result<Exit> {
    let error = match ended {
        Ok(code) => return Ok(Exit::Code(code)),
        Err(error) => error,
    };
    if let Some(I32Exit(code)) = error.downcast_ref() {
        return Ok(Exit::Code(*code));
    }
    let message = error.root_cause().to_string();
    if message == TIMED_OUT {
        bail!(TIMED_OUT);
    }
    Ok(Exit::Trap(message))
}

/// What a component has of its host.
pub struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl State {
    /// A state with what `wasi` says.
    pub fn new(wasi: &mut WasiCtxBuilder) -> State {
        State {
            wasi: wasi.build(),
            table: ResourceTable::new(),
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}
