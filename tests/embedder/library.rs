//! Calls a flat library from Rust, on wasmi.

use anyhow::{Context, Result, ensure};
use wasmi::{Caller, Engine, Extern, Instance, Linker, Memory, Module, Store};

const LIBRARY: &str = "corpus:reactor-p2-c/library@1.2.0#";

/// A library, and where it keeps its values.
struct Library {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Library {
    fn load(wasm: &[u8]) -> Result<Library> {
        let engine = Engine::default();
        let module = Module::new(&engine, wasm)?;
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        // The one function of the host that this library imports.
        linker.func_wrap("wasi_snapshot_preview1", "fd_write", fd_write)?;
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        let memory = instance.get_memory(&store, "memory").context("no memory")?;
        // First of all, once.
        let initialize = instance.get_typed_func::<(), ()>(&store, "_initialize")?;
        initialize.call(&mut store, ())?;
        Ok(Library {
            store,
            instance,
            memory,
        })
    }

    /// Room in the module: `cabi_realloc(old, old size, alignment, size)`.
    fn room(&mut self, alignment: u32, size: u32) -> Result<u32> {
        type Realloc = (u32, u32, u32, u32);
        let realloc = self
            .instance
            .get_typed_func::<Realloc, u32>(&self.store, "cabi_realloc")?;
        Ok(realloc.call(&mut self.store, (0, 0, alignment, size))?)
    }

    /// A string in the module: its address and length. The library frees it.
    fn string(&mut self, text: &str) -> Result<(u32, u32)> {
        let address = self.room(1, text.len() as u32)?;
        self.memory
            .write(&mut self.store, address as usize, text.as_bytes())?;
        Ok((address, text.len() as u32))
    }

    /// The string that a result area holds; the library frees it afterwards.
    fn result(&mut self, function: &str, area: u32) -> Result<String> {
        let address = self.number(area)?;
        let mut bytes = vec![0; self.number(area + 4)? as usize];
        self.memory
            .read(&self.store, address as usize, &mut bytes)?;
        let name = format!("cabi_post_{LIBRARY}{function}");
        let post_return = self
            .instance
            .get_typed_func::<u32, ()>(&self.store, &name)?;
        post_return.call(&mut self.store, area)?;
        Ok(String::from_utf8(bytes)?)
    }

    fn number(&self, address: u32) -> Result<u32> {
        let mut bytes = [0; 4];
        self.memory
            .read(&self.store, address as usize, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// `add: func(a: u32, b: u32) -> u32`
    fn add(&mut self, a: u32, b: u32) -> Result<u32> {
        let name = format!("{LIBRARY}add");
        let add = self
            .instance
            .get_typed_func::<(u32, u32), u32>(&self.store, &name)?;
        Ok(add.call(&mut self.store, (a, b))?)
    }

    /// `greet: func(name: string) -> string`
    fn greet(&mut self, name: &str) -> Result<String> {
        let export = format!("{LIBRARY}greet");
        let greet = self
            .instance
            .get_typed_func::<(u32, u32), u32>(&self.store, &export)?;
        let name = self.string(name)?;
        let area = greet.call(&mut self.store, name)?;
        self.result("greet", area)
    }

    /// `join: func(words: list<string>, between: string) -> string`
    fn join(&mut self, words: &[&str], between: &str) -> Result<String> {
        type Join = (u32, u32, u32, u32);
        let export = format!("{LIBRARY}join");
        let join = self
            .instance
            .get_typed_func::<Join, u32>(&self.store, &export)?;
        // A list is the address of its elements and their number; each is 8 bytes.
        let list = self.room(4, 8 * words.len() as u32)?;
        for (i, word) in words.iter().enumerate() {
            let (address, length) = self.string(word)?;
            let pair = [address.to_le_bytes(), length.to_le_bytes()].concat();
            self.memory
                .write(&mut self.store, list as usize + 8 * i, &pair)?;
        }
        let (address, length) = self.string(between)?;
        let params = (list, words.len() as u32, address, length);
        let area = join.call(&mut self.store, params)?;
        self.result("join", area)
    }
}

/// A function of the host, which works on the memory of its caller: `fd_write` of Preview 1, for
/// standard output and standard error.
fn fd_write(mut caller: Caller<'_, ()>, fd: u32, vectors: u32, count: u32, written: u32) -> u32 {
    const BADF: u32 = 8;
    const FAULT: u32 = 21;
    let Some(memory) = caller.get_export("memory").and_then(Extern::into_memory) else {
        return FAULT;
    };
    let mut write = || -> Option<()> {
        let mut total = 0u32;
        for i in 0..count {
            let mut pair = [0; 8];
            memory
                .read(&caller, vectors as usize + 8 * i as usize, &mut pair)
                .ok()?;
            let [address, length] = [0, 4]
                .map(|at| u32::from_le_bytes([pair[at], pair[at + 1], pair[at + 2], pair[at + 3]]));
            let end = address.checked_add(length)? as usize;
            let bytes = memory.data(&caller).get(address as usize..end)?;
            match fd {
                1 => print!("{}", String::from_utf8_lossy(bytes)),
                _ => eprint!("{}", String::from_utf8_lossy(bytes)),
            }
            total += length;
        }
        memory
            .write(&mut caller, written as usize, &total.to_le_bytes())
            .ok()
    };
    match fd {
        1 | 2 => write().map_or(FAULT, |()| 0),
        _ => BADF,
    }
}

/// What the library says.
pub fn host(wasm: &[u8]) -> Result<Vec<String>> {
    let mut library = Library::load(wasm)?;
    let sum = library.add(40, 2)?;
    ensure!(sum == 42, "40 + 2 is {sum}");
    Ok(vec![
        sum.to_string(),
        library.greet("Rust")?,
        library.join(&["one", "two", "three"], ", ")?,
    ])
}
