//! wasmi 2.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

use wasmi::{
    AsContext, AsContextMut, Caller, Extern, Func, FuncType, Instance, Linker, Memory, Store,
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

    fn bind(
        &mut self,
        names: &'static [Function],
        memory: Option<Memory>,
        exports: Vec<Option<Func>>,
        arena: bool,
    ) {
        (self.names, self.memory, self.exports) = (names, memory, exports);
        self.handles.set_arena(arena);
    }
}

/// The memory, the exports of a world that have the type that they have in it, and whether there is an arena.
fn found(
    context: impl AsContext,
    names: &[Function],
    get: impl Fn(&str) -> Option<Extern>,
) -> (Option<Memory>, Vec<Option<Func>>, bool) {
    let func = |of: &Function| {
        let func = get(of.name)?.into_func()?;
        let ty = func.ty(&context);
        let fits = ty.params() == types(of.params) && ty.results() == types(of.result);
        fits.then_some(func)
    };
    (
        get("memory").and_then(Extern::into_memory),
        names.iter().map(func).collect(),
        get(HOST_ARENA).is_some(),
    )
}

/// An instance in a store.
pub struct Bound<'a, H>(StoreContextMut<'a, State<H>>);

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
pub fn link<W: World<H>, H: 'static>(linker: &mut Linker<State<H>>) -> Result<(), wasmi::Error> {
    for (index, import) in W::IMPORTS.iter().enumerate() {
        let call = move |mut caller: Caller<'_, State<H>>, params: &[Val], results: &mut [Val]| {
            let mut slots = [0; SLOTS];
            for (slot, param) in slots.iter_mut().zip(params) {
                *slot = bits(param);
            }
            // The instance may be running before anybody can bind it: its start function.
            if caller.data().names.is_empty() {
                let (memory, exports, arena) =
                    found(&caller, W::EXPORTS, |name| caller.get_export(name));
                caller.data_mut().bind(W::EXPORTS, memory, exports, arena);
            }
            let mut guest = Bound(caller.as_context_mut());
            W::import(index, &mut guest, &mut slots).map_err(into_wasmi)?;
            if let Some(result) = results.first_mut() {
                let letter = W::IMPORTS[index].result.bytes().next();
                *result = value(slots[0], letter.unwrap_or(b'i'));
            }
            Ok(())
        };
        let ty = FuncType::new(types(import.params), types(import.result));
        linker
            .func_new(import.module, import.name, ty, call)
            .map_err(wasmi::Error::from)?;
    }
    Ok(())
}

/// Binds the instance whose exports are called, after [`link`] and instantiation.
pub fn bind<'a, W: World<H>, H>(
    store: &'a mut Store<State<H>>,
    instance: &Instance,
) -> Bound<'a, H> {
    let (memory, exports, arena) = found(&*store, W::EXPORTS, |name| {
        instance.get_export(&*store, name)
    });
    store.data_mut().bind(W::EXPORTS, memory, exports, arena);
    Bound(store.as_context_mut())
}

impl<H> Guest for Bound<'_, H> {
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
        let params: Vec<Val> = of
            .params
            .bytes()
            .zip(slots.iter())
            .map(|(letter, slot)| value(*slot, letter))
            .collect();
        let mut results = [Val::I32(0)];
        let results = &mut results[..of.result.len().min(1)];
        func.call(&mut self.0, &params, results)
            .map_err(from_wasmi)?;
        if let (Some(slot), Some(result)) = (slots.first_mut(), results.first()) {
            *slot = bits(result);
        }
        Ok(())
    }
}

fn types(letters: &str) -> Vec<ValType> {
    let ty = |letter| match letter {
        b'i' => ValType::I32,
        b'I' => ValType::I64,
        b'f' => ValType::F32,
        _ => ValType::F64,
    };
    letters.bytes().map(ty).collect()
}

fn bits(value: &Val) -> u64 {
    match value {
        Val::I32(value) => (*value as u32).into(),
        Val::I64(value) => *value as u64,
        Val::F32(value) => value.to_bits().into(),
        Val::F64(value) => value.to_bits(),
        _ => 0,
    }
}

fn value(bits: u64, letter: u8) -> Val {
    match letter {
        b'i' => Val::I32(bits as i32),
        b'I' => Val::I64(bits as i64),
        b'f' => Val::F32(f32::from_bits(bits as u32).into()),
        _ => Val::F64(f64::from_bits(bits).into()),
    }
}

impl wasmi::errors::HostError for Error {}

/// What the guest ended with goes on unchanged through a function of the host.
fn into_wasmi(error: Error) -> wasmi::Error {
    match error {
        Error::Guest(inner) => match inner.downcast::<wasmi::Error>() {
            Ok(inner) => *inner,
            Err(inner) => wasmi::Error::new(inner.to_string()),
        },
        other => wasmi::Error::host(other),
    }
}

/// An error of a function of the host that the guest has called is that error again.
fn from_wasmi(error: wasmi::Error) -> Error {
    match error.downcast_ref::<Error>().is_some() {
        true => error.downcast().unwrap_or(Error::Host("")),
        false => Error::Guest(Box::new(error)),
    }
}
