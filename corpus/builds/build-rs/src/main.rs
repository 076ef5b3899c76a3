//! Runs the guest that the build script has made, as it is and out of its slot.

use std::io::Write;

use wasmi::{Caller, Engine, Error, Extern, Linker, Module, Store};

include!(concat!(env!("OUT_DIR"), "/guest.rs"));
include!(concat!(env!("OUT_DIR"), "/guest_slot.rs"));

fn main() -> Result<(), Error> {
    println!("as it is:");
    run(GUEST)?;
    println!("in its slot:");
    match p1bridge_host::slot::module(&GUEST_SLOT) {
        Some(module) => run(module),
        None => Err(Error::new("there is no module")),
    }
}

/// Runs a program that writes, and ends.
fn run(wasm: &[u8]) -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, wasm)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("wasi_snapshot_preview1", "fd_write", write)?;
    linker.func_wrap("wasi_snapshot_preview1", "proc_exit", exit)?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let start = instance.get_typed_func::<(), ()>(&store, "_start")?;
    match start.call(&mut store, ()) {
        Err(error) if error.i32_exit_status() == Some(0) => Ok(()),
        ended => ended,
    }
}

fn exit(code: i32) -> Result<(), Error> {
    Err(Error::i32_exit(code))
}

/// `fd_write`, to standard output whatever the descriptor.
fn write(mut caller: Caller<'_, ()>, _fd: i32, vectors: i32, count: i32, written: i32) -> i32 {
    const FAULT: i32 = 21;
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return FAULT;
    };
    let memory = memory.data_mut(&mut caller);
    let word = |memory: &[u8], at: usize| {
        let bytes = memory.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*bytes))
    };
    let mut total = 0;
    for vector in 0..count as u32 as usize {
        let at = vectors as u32 as usize + 8 * vector;
        let (Some(from), Some(length)) = (word(memory, at), word(memory, at + 4)) else {
            return FAULT;
        };
        let Some(text) = memory.get(from as usize..).and_then(|rest| rest.get(..length as usize))
        else {
            return FAULT;
        };
        if std::io::stdout().write_all(text).is_err() {
            return 29;
        }
        total += length;
    }
    let Some(place) = memory.get_mut(written as u32 as usize..).and_then(|rest| rest.first_chunk_mut::<4>())
    else {
        return FAULT;
    };
    *place = total.to_le_bytes();
    0
}
