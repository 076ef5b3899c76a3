//! Core modules on wasmtime.

use alloc::vec::Vec;

use wasmtime::{
    AsContextMut, Caller, Engine, Extern, Func, FuncType, Instance, Linker, Memory, Store,
    StoreContextMut, Val, ValType,
};

use crate::{Error, Function, Guest, HOST_ARENA, Handles, Parts, SLOTS, World};

/// What a store has: the host, and what is bound of the instance.
#[derive(Debug)]
pub struct State<H> {
    /// What has the functions of the host.
    pub host: H,
    handles: Handles,
    memory: Option<Memory>,
    exports: Vec<Option<Func>>,
    names: &'static [Function],
}

impl<H> State<H> {
    /// A store's state for a host.
    pub fn new(host: H) -> State<H> {
        State {
            host,
            handles: Handles::default(),
            memory: None,
            exports: Vec::new(),
            names: &[],
        }
    }
}

/// Binds the memory, and the exports of a world that have the type that they have in it.
fn bind_to<H: 'static, C: AsContextMut<Data = State<H>>>(
    context: &mut C,
    names: &'static [Function],
    get: impl Fn(&mut C, &str) -> Option<Extern>,
) {
    let memory = get(context, "memory").and_then(Extern::into_memory);
    let mut exports = Vec::new();
    for of in names {
        let func = get(context, of.name).and_then(Extern::into_func);
        exports.push(func.filter(|func| {
            let ty = func.ty(&*context);
            is(ty.params(), of.params) && is(ty.results(), of.result)
        }));
    }
    let arena = get(context, HOST_ARENA).is_some();
    let mut context = context.as_context_mut();
    let state = context.data_mut();
    state.handles.set_arena(arena);
    (state.names, state.memory, state.exports) = (names, memory, exports);
}

/// An instance in a store.
pub struct Bound<'a, H: 'static>(StoreContextMut<'a, State<H>>);

impl<H> core::fmt::Debug for Bound<'_, H> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Bound")
    }
}

/// Gives the module what its world imports.
///
/// # Errors
///
/// When the linker has something of the same name.
pub fn link<W: World<H>, H: 'static>(
    engine: &Engine,
    linker: &mut Linker<State<H>>,
) -> wasmtime::Result<()> {
    for (index, import) in W::IMPORTS.iter().enumerate() {
        let call = move |mut caller: Caller<'_, State<H>>, params: &[Val], results: &mut [Val]| {
            let mut slots = [0; SLOTS];
            for (slot, param) in slots.iter_mut().zip(params) {
                *slot = bits(param);
            }
            // The instance may be running before anybody can bind it: its start function.
            if caller.data().names.is_empty() {
                bind_to(&mut caller, W::EXPORTS, |caller, name| {
                    caller.get_export(name)
                });
            }
            let mut guest = Bound(caller.as_context_mut());
            W::import(index, &mut guest, &mut slots).map_err(into_wasmtime)?;
            if let Some(result) = results.first_mut() {
                let letter = W::IMPORTS[index].result.bytes().next();
                *result = value(slots[0], letter.unwrap_or(b'i'));
            }
            Ok(())
        };
        let ty = FuncType::new(engine, types(import.params), types(import.result));
        linker.func_new(import.module, import.name, ty, call)?;
    }
    Ok(())
}

/// Binds the instance whose exports are called, after [`link`] and instantiation.
pub fn bind<'a, W: World<H>, H: 'static>(
    store: &'a mut Store<State<H>>,
    instance: &Instance,
) -> Bound<'a, H> {
    bind_to(store, W::EXPORTS, |store, name| {
        instance.get_export(store, name)
    });
    Bound(store.as_context_mut())
}

impl<H: 'static> Guest for Bound<'_, H> {
    type Host = H;

    fn parts(&mut self) -> Parts<'_, H> {
        let (memory, state) = match self.0.data().memory {
            Some(memory) => memory.data_and_store_mut(&mut self.0),
            None => (&mut [][..], self.0.data_mut()),
        };
        Parts {
            memory,
            handles: &mut state.handles,
            host: &mut state.host,
        }
    }

    fn call(&mut self, export: usize, slots: &mut [u64]) -> Result<(), Error> {
        let state = self.0.data();
        let Some(of) = state.names.get(export).copied() else {
            return Err(Error::Missing("of another world"));
        };
        let func = state.exports.get(export).copied().flatten();
        let func = func.ok_or(Error::Missing(of.name))?;
        let params = of.params.bytes().zip(slots.iter());
        let params: Vec<Val> = params.map(|(letter, slot)| value(*slot, letter)).collect();
        let mut results = [Val::I32(0)];
        let results = &mut results[..of.result.len().min(1)];
        func.call(&mut self.0, &params, results)
            .map_err(from_wasmtime)?;
        if let (Some(slot), Some(result)) = (slots.first_mut(), results.first()) {
            *slot = bits(result);
        }
        Ok(())
    }
}

fn types(letters: &str) -> impl Iterator<Item = ValType> {
    letters.bytes().map(|letter| match letter {
        b'i' => ValType::I32,
        b'I' => ValType::I64,
        b'f' => ValType::F32,
        _ => ValType::F64,
    })
}

fn is(found: impl Iterator<Item = ValType>, letters: &str) -> bool {
    let found = found.map(|ty| match ty {
        ValType::I32 => 'i',
        ValType::I64 => 'I',
        ValType::F32 => 'f',
        ValType::F64 => 'F',
        _ => '?',
    });
    found.eq(letters.chars())
}

fn bits(value: &Val) -> u64 {
    match value {
        Val::I32(value) => (*value as u32).into(),
        Val::I64(value) => *value as u64,
        Val::F32(bits) => (*bits).into(),
        Val::F64(bits) => *bits,
        _ => 0,
    }
}

fn value(bits: u64, letter: u8) -> Val {
    match letter {
        b'i' => Val::I32(bits as i32),
        b'I' => Val::I64(bits as i64),
        b'f' => Val::F32(bits as u32),
        _ => Val::F64(bits),
    }
}

/// What the guest ended with goes on unchanged through a function of the host.
fn into_wasmtime(error: Error) -> wasmtime::Error {
    match error {
        Error::Guest(inner) => wasmtime::Error::from_boxed(inner),
        other => other.into(),
    }
}

/// An error of a function of the host that the guest has called is that error again.
fn from_wasmtime(error: wasmtime::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::Guest(error.into()),
    }
}
