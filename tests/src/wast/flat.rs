//! Components as the product of `flatten` on the interpreter wasmi.

use std::panic::{AssertUnwindSafe, catch_unwind};

use p1bridge::flatten::LIBRARIES;
use p1bridge_linker::{Options, flatten};
use wasmi::{Caller, Config, Engine, Extern, Func, Instance, Linker, Module, Store, TrapCode, Val};

use super::types::FuncType;
use super::value::Value;
use super::{Failure, Linked, Machine, Running, transfer};

/// More than any test needs; what takes longer runs away.
const FUEL: u64 = 200_000_000;
const MAX_CALL_DEPTH: usize = 20_000;
const MAX_STACK_BYTES: usize = 64 << 20;

/// The module writes what a trap is about to file descriptor 2.
const STDERR: i32 = 2;

pub struct Flat {
    engine: Engine,
    options: Options,
}

impl Default for Flat {
    fn default() -> Flat {
        Flat::with(Options::default())
    }
}

impl Flat {
    /// Flattens with these options.
    pub fn with(options: Options) -> Flat {
        let mut config = Config::default();
        config
            .set_max_recursion_depth(MAX_CALL_DEPTH)
            .set_max_stack_height(MAX_STACK_BYTES)
            .wasm_custom_page_sizes(true)
            .wasm_wide_arithmetic(true)
            .consume_fuel(true);
        Flat {
            engine: Engine::new(&config),
            options: Options {
                verify: true,
                ..options
            },
        }
    }
}

impl Machine for Flat {
    fn link(&self, component: &[u8]) -> Result<Box<dyn Linked>, String> {
        let output = catch_unwind(AssertUnwindSafe(|| {
            flatten(component, LIBRARIES, &self.options)
        }))
        .map_err(|_| "the linker panicked".to_owned())?
        .map_err(|error| format!("{error:#}"))?;
        Ok(Box::new(FlatModule {
            engine: self.engine.clone(),
            wasm: output.wasm,
        }))
    }

    fn is_oracle(&self) -> bool {
        false
    }
}

struct FlatModule {
    engine: Engine,
    wasm: Vec<u8>,
}

impl Linked for FlatModule {
    fn instantiate(&self) -> Result<Box<dyn Running>, Failure> {
        let broken = |what: &str, error: wasmi::Error| Failure::Broken(format!("{what}: {error}"));
        let module = Module::new(&self.engine, &self.wasm[..])
            .map_err(|error| broken("wasmi does not take the module", error))?;
        let mut linker = Linker::new(&self.engine);
        linker
            .func_wrap("wasi_snapshot_preview1", "fd_write", fd_write)
            .map_err(|error| broken("fd_write", wasmi::Error::from(error)))?;
        let left_over = module.imports().find(|import| {
            (import.module(), import.name()) != ("wasi_snapshot_preview1", "fd_write")
        });
        if let Some(import) = left_over {
            return Err(Failure::Broken(format!(
                "the import `{}` of `{}` is left over",
                import.name(),
                import.module()
            )));
        }
        let mut store = Store::new(&self.engine, Vec::new());
        store.set_fuel(FUEL).expect("fuel is consumed");
        let instance = linker
            .instantiate_and_start(&mut store, &module)
            .map_err(|error| failure(error, &mut store))?;
        let mut running = FlatInstance { store, instance };
        if let Some(initialize) = running.func("_initialize") {
            running.call(initialize, &[])?;
        }
        Ok(Box::new(running))
    }
}

/// Collects what goes to stderr; anything else is nobody's business here.
fn fd_write(
    mut caller: Caller<'_, Vec<u8>>,
    fd: i32,
    iovecs: u32,
    count: u32,
    written: u32,
) -> Result<i32, wasmi::Error> {
    let memory = caller
        .get_export("memory")
        .and_then(Extern::into_memory)
        .ok_or_else(|| wasmi::Error::new("no memory is exported"))?;
    let (data, told) = memory.data_and_store_mut(&mut caller);
    let word = |data: &[u8], at: u32| -> Option<u32> {
        let bytes = data.get(at as usize..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    };
    let mut total = 0;
    for i in 0..count {
        let part = word(data, iovecs + 8 * i).zip(word(data, iovecs + 8 * i + 4));
        let bytes = part.and_then(|(at, size)| data.get(at as usize..)?.get(..size as usize));
        let bytes = bytes.ok_or_else(|| wasmi::Error::new("fd_write: out of bounds"))?;
        if fd == STDERR {
            told.extend_from_slice(bytes);
        }
        total += bytes.len() as u32;
    }
    data.get_mut(written as usize..)
        .and_then(|data| data.first_chunk_mut())
        .map(|place: &mut [u8; 4]| *place = total.to_le_bytes())
        .ok_or_else(|| wasmi::Error::new("fd_write: out of bounds"))?;
    Ok(0)
}

/// What an error of wasmi says about the guest, in the words that the module wrote if it did.
fn failure(error: wasmi::Error, store: &mut Store<Vec<u8>>) -> Failure {
    let told = std::mem::take(store.data_mut());
    match error.as_trap_code() {
        Some(TrapCode::StackOverflow) => Failure::Exhausted,
        Some(TrapCode::OutOfFuel) => Failure::Broken(format!("it ran away ({FUEL} of fuel)")),
        Some(_) if !told.is_empty() => Failure::Trap(String::from_utf8_lossy(&told).into_owned()),
        Some(code) => Failure::Trap(code.to_string()),
        // A table segment that does not fit is not a trap code.
        None if error.to_string().contains("out of bounds") => Failure::Trap(error.to_string()),
        None => Failure::Broken(error.to_string()),
    }
}

struct FlatInstance {
    store: Store<Vec<u8>>,
    instance: Instance,
}

impl FlatInstance {
    fn func(&self, name: &str) -> Option<Func> {
        self.instance.get_func(&self.store, name)
    }

    fn call(&mut self, func: Func, args: &[u64]) -> Result<Vec<u64>, Failure> {
        self.store.set_fuel(FUEL).expect("fuel is consumed");
        let ty = func.ty(&self.store);
        if ty.params().len() != args.len() {
            return Err(Failure::Broken(format!(
                "the exported function takes {} parameters instead of {}",
                ty.params().len(),
                args.len()
            )));
        }
        let args: Vec<Val> = args
            .iter()
            .zip(ty.params())
            .map(|(bits, ty)| from_bits(*bits, *ty))
            .collect::<Result<_, _>>()?;
        let mut results: Vec<Val> = ty
            .results()
            .iter()
            .map(|ty| Val::default_for_ty(*ty))
            .collect();
        func.call(&mut self.store, &args, &mut results)
            .map_err(|error| failure(error, &mut self.store))?;
        results.iter().map(to_bits).collect()
    }
}

impl transfer::Guest for FlatInstance {
    fn memory(&mut self) -> Result<&mut [u8], Failure> {
        match self.instance.get_memory(&self.store, "memory") {
            Some(memory) => Ok(memory.data_mut(&mut self.store)),
            None => Err(Failure::Broken("no `memory` is exported".to_owned())),
        }
    }

    fn realloc(&mut self, alignment: u32, size: u32) -> Result<u32, Failure> {
        let Some(realloc) = self.func("cabi_realloc") else {
            return Err(Failure::Broken("no `cabi_realloc` is exported".to_owned()));
        };
        let results = self.call(realloc, &[0, 0, u64::from(alignment), u64::from(size)])?;
        match results[..] {
            [pointer] => Ok(pointer as u32),
            _ => Err(Failure::Broken(
                "`cabi_realloc` does not return one pointer".to_owned(),
            )),
        }
    }
}

impl Running for FlatInstance {
    fn call(
        &mut self,
        name: &str,
        ty: &FuncType,
        args: &[Value],
    ) -> Result<Option<Value>, Failure> {
        let func = self
            .func(name)
            .ok_or_else(|| Failure::Broken(format!("no function `{name}` is exported")))?;
        let flat = transfer::lower_args(self, args, ty)?;
        let results = self.call(func, &flat)?;
        if results.len() != usize::from(ty.result.is_some()) {
            return Err(Failure::Broken(format!(
                "`{name}` returns {} core values",
                results.len()
            )));
        }
        let value = transfer::lift_result(self, &results, ty)?;
        if let Some(post_return) = self.func(&format!("cabi_post_{name}")) {
            self.call(post_return, &results)?;
        }
        Ok(value)
    }
}

fn from_bits(bits: u64, ty: wasmi::ValType) -> Result<Val, Failure> {
    Ok(match ty {
        wasmi::ValType::I32 => Val::I32(bits as i32),
        wasmi::ValType::I64 => Val::I64(bits as i64),
        wasmi::ValType::F32 => Val::F32(wasmi::F32::from_bits(bits as u32)),
        wasmi::ValType::F64 => Val::F64(wasmi::F64::from_bits(bits)),
        other => {
            return Err(Failure::Broken(format!(
                "an exported function has {other:?} values"
            )));
        }
    })
}

fn to_bits(value: &Val) -> Result<u64, Failure> {
    Ok(match value {
        Val::I32(v) => u64::from(*v as u32),
        Val::I64(v) => *v as u64,
        Val::F32(v) => u64::from(v.to_bits()),
        Val::F64(v) => v.to_bits(),
        other => {
            return Err(Failure::Broken(format!(
                "an exported function returns {other:?}"
            )));
        }
    })
}
