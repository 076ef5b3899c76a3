//! A component on wasmtime, and its flat module on wasmi, with a host that says what it was given.

use anyhow::{Context, Result, ensure};
use p1bridge_linker::{Options, flatten};
use p1bridge_tests::plain;
use p1bridge_tests::wast::Failure;
use p1bridge_tests::wast::layout::{MAX_FLAT_PARAMS, flatten as flat_types};
use p1bridge_tests::wast::oracle::{from_val, to_val};
use p1bridge_tests::wast::transfer::{self, Guest};
use p1bridge_tests::wast::types::{FuncType, Type};
use p1bridge_tests::wast::value::Value;
use wasmi::Extern;

use super::attacks::{record, sample};

/// The type of the function that the host provides, and of those that it calls.
#[derive(Clone)]
pub struct Interface {
    pub import: FuncType,
    pub exports: Vec<(&'static str, FuncType)>,
}

impl Interface {
    fn of(&self, name: &str) -> &FuncType {
        let mut exports = self.exports.iter();
        let found = exports.find(|(export, _)| *export == name);
        &found.expect("an export of the interface").1
    }
}

/// What calls led to.
#[derive(Debug, Default, PartialEq, Clone)]
pub struct Outcome {
    /// What the host was given, and what it was returned; the last is `trap` if that was the end.
    pub log: Vec<String>,
}

/// What the host does when it is called: it may call an export itself.
pub type Again = Option<(&'static str, Vec<Value>)>;

pub struct Oracle {
    engine: wasmtime::Engine,
}

struct Host {
    log: Vec<String>,
}

impl Oracle {
    pub fn new() -> Oracle {
        Oracle {
            engine: wasmtime::Engine::default(),
        }
    }

    pub fn component(&self, wasm: &[u8]) -> Result<wasmtime::component::Component> {
        wasmtime::component::Component::new(&self.engine, wasm).map_err(plain)
    }

    /// Makes the calls one after the other, as far as it goes.
    pub fn run(
        &self,
        component: &wasmtime::component::Component,
        calls: &[(&str, Vec<Value>)],
    ) -> Result<Outcome> {
        let mut linker: wasmtime::component::Linker<Host> =
            wasmtime::component::Linker::new(&self.engine);
        let imported = linker
            .root()
            .func_new("f", |mut store, ty, params, results| {
                let given: Vec<Value> = params
                    .iter()
                    .zip(ty.params())
                    .map(|(value, (_, ty))| from_val(value, &ty))
                    .collect();
                store.data_mut().log.push(format!("f{given:?}"));
                for (result, ty) in results.iter_mut().zip(ty.results()) {
                    *result = to_val(&of_wasmtime(&ty), &ty);
                }
                Ok(())
            });
        imported.map_err(plain)?;
        let host = Host { log: Vec::new() };
        let mut store = wasmtime::Store::new(&self.engine, host);
        let instance = linker.instantiate(&mut store, component).map_err(plain)?;
        for (name, args) in calls {
            match call_component(&mut store, &instance, name, args) {
                Ok(result) => store.data_mut().log.push(format!("{name}: {result:?}")),
                Err(_) => {
                    store.data_mut().log.push("trap".to_owned());
                    break;
                }
            }
        }
        let log = std::mem::take(&mut store.data_mut().log);
        Ok(Outcome { log })
    }
}

fn call_component(
    mut store: impl wasmtime::AsContextMut<Data = Host>,
    instance: &wasmtime::component::Instance,
    name: &str,
    args: &[Value],
) -> wasmtime::Result<Option<Value>> {
    let func = instance
        .get_func(&mut store, name)
        .ok_or_else(|| wasmtime::Error::msg(format!("no {name} is exported")))?;
    let ty = func.ty(&store);
    let args: Vec<_> = ty
        .params()
        .zip(args)
        .map(|((_, ty), value)| to_val(value, &ty))
        .collect();
    let mut results = vec![wasmtime::component::Val::Bool(false); ty.results().len()];
    func.call(&mut store, &args, &mut results)?;
    let result = ty.results().zip(&results).next();
    Ok(result.map(|(ty, value)| from_val(value, &ty)))
}

/// [`sample`] of a type of wasmtime.
fn of_wasmtime(ty: &wasmtime::component::Type) -> Value {
    use wasmtime::component::Type as T;
    match ty {
        T::U32 => sample(&Type::U32),
        T::String => sample(&Type::String),
        T::List(list) => Value::List(vec![of_wasmtime(&list.ty()); 3]),
        T::Tuple(tuple) => Value::Record(tuple.types().map(|ty| of_wasmtime(&ty)).collect()),
        other => unreachable!("{other:?} is no result of the import"),
    }
}

/// More than any call needs.
const FUEL: u64 = 10_000_000;

pub struct Flat {
    engine: wasmi::Engine,
}

struct Data {
    log: Vec<String>,
    interface: Interface,
    again: Again,
    /// What the host has seen that a guest must not be able to show to it.
    fault: Option<String>,
}

impl Flat {
    pub fn new() -> Flat {
        let mut config = wasmi::Config::default();
        config.consume_fuel(true);
        Flat {
            engine: wasmi::Engine::new(&config),
        }
    }

    pub fn module(&self, component: &[u8], options: &Options) -> Result<wasmi::Module> {
        let flat = Flat::bytes(component, options)?;
        Ok(wasmi::Module::new(&self.engine, &flat[..])?)
    }

    pub fn bytes(component: &[u8], options: &Options) -> Result<Vec<u8>> {
        let options = Options {
            verify: true,
            ..options.clone()
        };
        Ok(flatten(component, &[], &options)?.wasm)
    }

    pub fn run(
        &self,
        module: &wasmi::Module,
        interface: &Interface,
        calls: &[(&str, Vec<Value>)],
        again: Again,
        secret: Option<&[u8]>,
    ) -> Result<Outcome> {
        let (outcome, _) = self.measured(module, interface, calls, again, secret)?;
        Ok(outcome)
    }

    /// The same, and the fuel of the last call.
    pub fn measured(
        &self,
        module: &wasmi::Module,
        interface: &Interface,
        calls: &[(&str, Vec<Value>)],
        again: Again,
        secret: Option<&[u8]>,
    ) -> Result<(Outcome, u64)> {
        let mut linker: wasmi::Linker<Data> = wasmi::Linker::new(&self.engine);
        for import in module.imports() {
            let wasmi::ExternType::Func(ty) = import.ty() else {
                continue;
            };
            let (module, name) = (import.module(), import.name());
            match name {
                // What the module says of a trap is not looked at.
                "fd_write" => linker.func_new(module, name, ty.clone(), |_, _, _| Ok(()))?,
                _ => linker.func_new(module, name, ty.clone(), imported)?,
            };
        }
        let data = Data {
            log: Vec::new(),
            interface: interface.clone(),
            again,
            fault: None,
        };
        let mut store = wasmi::Store::new(&self.engine, data);
        store.set_fuel(FUEL)?;
        let instance = linker.instantiate_and_start(&mut store, module)?;
        let export = |store: &wasmi::Store<Data>, name: &str| instance.get_export(store, name);
        if let Some(Extern::Func(initialize)) = export(&store, "_initialize") {
            initialize.call(&mut store, &[], &mut [])?;
        }
        for (name, args) in calls {
            store.set_fuel(FUEL)?;
            let mut exports = Exports {
                get: &|store: &wasmi::Store<Data>, name: &str| instance.get_export(store, name),
                store: &mut store,
                room: None,
            };
            match call_flat(&mut exports, interface.of(name), name, args) {
                Ok(result) => store.data_mut().log.push(format!("{name}: {result:?}")),
                Err(Failure::Trap(_)) => {
                    store.data_mut().log.push("trap".to_owned());
                    break;
                }
                Err(other) => {
                    store.data_mut().fault.get_or_insert(other.to_string());
                    break;
                }
            }
        }
        if let (Some(secret), Some(Extern::Memory(memory))) = (secret, export(&store, "memory")) {
            let bytes = memory.data(&store);
            let mut windows = bytes.windows(secret.len());
            ensure!(
                windows.any(|bytes| bytes == secret),
                "the neighbour's bytes are not what they were"
            );
        }
        let fuel = FUEL - store.get_fuel()?;
        let data = store.data_mut();
        if let Some(fault) = data.fault.take() {
            anyhow::bail!("{fault}, after {:?}", data.log);
        }
        let log = std::mem::take(&mut data.log);
        Ok((Outcome { log }, fuel))
    }
}

/// The exports of an instance, seen from outside or from a function that it calls.
struct Exports<'s, S> {
    get: &'s dyn Fn(&S, &str) -> Option<Extern>,
    store: &'s mut S,
    /// Where the module's arena is free for a result of the host, and its end.
    room: Option<(u32, u32)>,
}

impl<S: wasmi::AsContextMut<Data = Data>> Exports<'_, S> {
    fn call(&mut self, name: &str, args: &[u64]) -> Result<Option<Vec<u64>>, Failure> {
        let Some(Extern::Func(func)) = (self.get)(self.store, name) else {
            return Ok(None);
        };
        let ty = func.ty(&*self.store);
        let args: Vec<wasmi::Val> = args
            .iter()
            .zip(ty.params())
            .map(|(bits, ty)| to_core(*bits, *ty))
            .collect();
        let mut results: Vec<wasmi::Val> = ty
            .results()
            .iter()
            .map(|ty| wasmi::Val::default_for_ty(*ty))
            .collect();
        func.call(&mut *self.store, &args, &mut results)
            .map_err(|error| Failure::Trap(error.to_string()))?;
        Ok(Some(results.iter().map(bits).collect()))
    }
}

impl<S: wasmi::AsContextMut<Data = Data>> Exports<'_, S> {
    /// Before a result of the host is lowered: a module with an arena says before the place for it where that is
    /// free. Other results than those in memory need no room, whatever is found there.
    fn begin_result(&mut self, place: Option<u64>) -> Result<(), Failure> {
        if (self.get)(self.store, "p1bridge.host-arena").is_none() {
            return Ok(());
        }
        let at = (place.unwrap_or(0) as usize).wrapping_sub(8);
        let memory = self.memory()?;
        self.room = memory.get(at..).and_then(|rest| {
            let (free, rest) = rest.split_first_chunk()?;
            let (end, _) = rest.split_first_chunk()?;
            Some((u32::from_le_bytes(*free), u32::from_le_bytes(*end)))
        });
        Ok(())
    }
}

impl<S: wasmi::AsContextMut<Data = Data>> Guest for Exports<'_, S> {
    fn memory(&mut self) -> Result<&mut [u8], Failure> {
        match (self.get)(self.store, "memory") {
            Some(Extern::Memory(memory)) => Ok(memory.data_mut(&mut *self.store)),
            _ => Err(Failure::Broken("no memory is exported".to_owned())),
        }
    }

    fn realloc(&mut self, alignment: u32, size: u32) -> Result<u32, Failure> {
        if let Some((free, end)) = &mut self.room {
            let at = free.next_multiple_of(alignment);
            *free = at + size;
            return match *free <= *end {
                true => Ok(at),
                false => Err(Failure::Trap("the arena is full".to_owned())),
            };
        }
        let args = [0, 0, alignment.into(), size.into()];
        let result = self.call("cabi_realloc", &args)?;
        let pointer = result
            .and_then(|results| results.first().copied())
            .ok_or_else(|| Failure::Broken("no cabi_realloc is exported".to_owned()))?;
        match pointer % u64::from(alignment) {
            0 => Ok(pointer as u32),
            _ => Err(Failure::Broken(format!(
                "cabi_realloc gave {pointer} for an alignment of {alignment}"
            ))),
        }
    }
}

/// What the host itself sees must be right: that is a fault of the module.
fn seen<T>(result: Result<T, Failure>, what: &str) -> Result<T, Failure> {
    result.map_err(|failure| Failure::Broken(format!("{what}: {failure}")))
}

fn call_flat<S: wasmi::AsContextMut<Data = Data>>(
    exports: &mut Exports<'_, S>,
    ty: &FuncType,
    name: &str,
    args: &[Value],
) -> Result<Option<Value>, Failure> {
    let args = transfer::lower_args(exports, args, ty)?;
    let results = exports
        .call(name, &args)?
        .ok_or_else(|| Failure::Broken(format!("no {name} is exported")))?;
    let lifted = transfer::lift_result(exports, &results, ty);
    let value = seen(lifted, "the host sees a bad result")?;
    exports.call(&format!("cabi_post_{name}"), &results)?;
    Ok(value)
}

/// The function of the host.
fn imported(
    mut caller: wasmi::Caller<'_, Data>,
    params: &[wasmi::Val],
    results: &mut [wasmi::Val],
) -> Result<(), wasmi::Error> {
    let interface = caller.data().interface.clone();
    let flat: Vec<u64> = params.iter().map(bits).collect();
    let mut exports = Exports {
        get: &|caller: &wasmi::Caller<'_, Data>, name: &str| caller.get_export(name),
        store: &mut caller,
        room: None,
    };
    let stop = |failure: Failure, caller: &mut wasmi::Caller<'_, Data>| {
        if let Failure::Broken(what) = &failure {
            caller.data_mut().fault.get_or_insert(what.clone());
        }
        wasmi::Error::new(failure.to_string())
    };
    let lifted = transfer::lift_args(&mut exports, &flat, &interface.import);
    let given = match seen(lifted, "the host is given bad parameters") {
        Ok(given) => given,
        Err(failure) => return Err(stop(failure, &mut caller)),
    };
    caller.data_mut().log.push(format!("f{given:?}"));
    if let Some((name, args)) = caller.data_mut().again.take() {
        let mut exports = Exports {
            get: &|caller: &wasmi::Caller<'_, Data>, name: &str| caller.get_export(name),
            store: &mut caller,
            room: None,
        };
        match call_flat(&mut exports, interface.of(name), name, &args) {
            Ok(_) => caller.data_mut().log.push(format!("{name} was entered")),
            Err(failure) => return Err(stop(failure, &mut caller)),
        }
    }
    if let Some(ty) = &interface.import.result {
        let mut exports = Exports {
            get: &|caller: &wasmi::Caller<'_, Data>, name: &str| caller.get_export(name),
            store: &mut caller,
            room: None,
        };
        if let Err(failure) = exports.begin_result(flat.last().copied()) {
            return Err(stop(failure, &mut caller));
        }
        match transfer::lower_result(&mut exports, &sample(ty), ty, &flat) {
            Ok(Some(value)) => results[0] = to_core(value, results[0].ty()),
            Ok(None) => {}
            Err(failure) => return Err(stop(failure, &mut caller)),
        }
    }
    Ok(())
}

fn to_core(bits: u64, ty: wasmi::ValType) -> wasmi::Val {
    match ty {
        wasmi::ValType::I64 => wasmi::Val::I64(bits as i64),
        wasmi::ValType::F32 => wasmi::Val::F32(wasmi::F32::from_bits(bits as u32)),
        wasmi::ValType::F64 => wasmi::Val::F64(wasmi::F64::from_bits(bits)),
        _ => wasmi::Val::I32(bits as i32),
    }
}

fn bits(value: &wasmi::Val) -> u64 {
    match value {
        wasmi::Val::I32(v) => u64::from(*v as u32),
        wasmi::Val::I64(v) => *v as u64,
        wasmi::Val::F32(v) => u64::from(v.to_bits()),
        wasmi::Val::F64(v) => v.to_bits(),
        other => unreachable!("{other:?} is no core number"),
    }
}

/// How many core values the parameters of the import are, without the place for a result.
pub fn import_width(params: &[Type]) -> usize {
    match flat_types(&record(params)).len() {
        width if width > MAX_FLAT_PARAMS => 1,
        width => width,
    }
}

/// A component of a text.
pub fn assemble(text: &str) -> Result<Vec<u8>> {
    wat::parse_str(text).with_context(|| text.to_owned())
}
