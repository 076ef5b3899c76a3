//! Hosts of the words of `corpus/linked/words.wit`, on files that `p1bridge host` writes.

use std::fmt::Write;

use anyhow::{Result, bail, ensure};
use p1bridge_host::{Borrow, Error, Guest, Kept, Own, initialize};

#[path = "maker.rs"]
mod maker;
#[path = "user.rs"]
mod user;

use maker::exports::corpus::linked::words as made;
use user::corpus::linked::words::{Bag, Host, HostBag, Order, Word};

/// What provides the words, and Preview 1 beside them.
struct Provider<W> {
    bags: Kept<Vec<Word>>,
    wasi: W,
}

fn put(bag: &mut Vec<Word>, text: String, count: u32) -> u32 {
    match bag.iter_mut().find(|word| word.text == text) {
        Some(word) => {
            word.count += count;
            word.count
        }
        None => {
            bag.push(Word { text, count });
            count
        }
    }
}

impl<W> Host for Provider<W> {
    fn shout(&mut self, text: String) -> Result<String, Error> {
        Ok(text.to_ascii_uppercase())
    }

    fn bags(&mut self) -> Result<u32, Error> {
        Ok(self.bags.len() as u32)
    }
}

impl<W> HostBag for Provider<W> {
    fn new(&mut self, _: String) -> Result<Own<Bag>, Error> {
        Ok(self.bags.add(Vec::new()))
    }

    fn add(&mut self, this: Borrow<Bag>, text: String) -> Result<Result<u32, String>, Error> {
        if text.is_empty() {
            return Ok(Err("an empty word".into()));
        }
        Ok(Ok(put(self.bags.get(this)?, text, 1)))
    }

    fn words(&mut self, this: Borrow<Bag>, how: Order) -> Result<Vec<Word>, Error> {
        let mut words = self.bags.get(this)?.clone();
        words.sort_by(|a, b| a.text.cmp(&b.text));
        match how {
            Order::ByName => {}
            Order::ByCount => words.sort_by_key(|word| std::cmp::Reverse(word.count)),
            Order::Beginning(begin) => words.retain(|word| word.text.starts_with(&begin)),
        }
        Ok(words)
    }

    fn merge(&mut self, into: Borrow<Bag>, other: Own<Bag>) -> Result<u32, Error> {
        let other = self.bags.take(other)?;
        let into = self.bags.get(into)?;
        let sum = other.iter().map(|word| word.count).sum();
        for word in other {
            put(into, word.text, word.count);
        }
        Ok(sum)
    }

    fn drop(&mut self, this: Own<Bag>) -> Result<(), Error> {
        self.bags.take(this).map(|_| ())
    }
}

pub fn user_on_wasmi(wasm: &[u8]) -> Result<String> {
    use p1bridge_host::wasmi::{State, bind, link};
    use wasmi::{Engine, Linker, Module, Store};
    use wasmi_wasi::wasi_common::{pipe::WritePipe, sync::WasiCtxBuilder};

    let engine = Engine::default();
    let module = Module::new(&engine, wasm)?;
    let out = WritePipe::new_in_memory();
    let host = Provider {
        bags: Kept::default(),
        wasi: WasiCtxBuilder::new().stdout(Box::new(out.clone())).build(),
    };
    let mut store = Store::new(&engine, State::new(host));
    let mut linker = Linker::new(&engine);
    wasmi_wasi::add_to_linker(&mut linker, |state: &mut State<Provider<_>>| {
        &mut state.host.wasi
    })?;
    link::<user::User, _>(&mut linker)?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    bind::<user::User, _>(&mut store, &instance);
    let start = instance.get_typed_func::<(), ()>(&store, "_start")?;
    match start.call(&mut store, ()) {
        Err(error) if error.i32_exit_status().is_none() => bail!(error),
        _ => {}
    }
    ensure!(store.data().host.bags.is_empty(), "bags are left");
    drop(store);
    let Ok(printed) = out.try_into_inner() else {
        bail!("the stream is still open");
    };
    Ok(String::from_utf8(printed.into_inner())?)
}

/// An error as the suites have them.
fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}

pub fn user_on_wasmtime(wasm: &[u8]) -> Result<String> {
    use p1bridge_host::wasmtime::{State, bind, link};
    use wasmtime::{Engine, Linker, Module, Store};
    use wasmtime_wasi::{I32Exit, WasiCtxBuilder, p2::pipe::MemoryOutputPipe};

    let engine = Engine::default();
    let module = Module::new(&engine, wasm).map_err(plain)?;
    let out = MemoryOutputPipe::new(1 << 16);
    let host = Provider {
        bags: Kept::default(),
        wasi: WasiCtxBuilder::new().stdout(out.clone()).build_p1(),
    };
    let mut store = Store::new(&engine, State::new(host));
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |state: &mut State<Provider<_>>| {
        &mut state.host.wasi
    })
    .map_err(plain)?;
    link::<user::User, _>(&engine, &mut linker).map_err(plain)?;
    let instance = linker.instantiate(&mut store, &module).map_err(plain)?;
    bind::<user::User, _>(&mut store, &instance);
    let start = instance
        .get_typed_func::<(), ()>(&mut store, "_start")
        .map_err(plain)?;
    match start.call(&mut store, ()) {
        Err(error) if !error.is::<I32Exit>() => return Err(plain(error)),
        _ => {}
    }
    ensure!(store.data().host.bags.is_empty(), "bags are left");
    Ok(String::from_utf8(out.contents().to_vec())?)
}

pub fn maker_on_wasmi(wasm: &[u8]) -> Result<String> {
    use p1bridge_host::wasmi::{State, bind, link};
    use wasmi::{Engine, Linker, Module, Store};

    let engine = Engine::default();
    let module = Module::new(&engine, wasm)?;
    let mut store = Store::new(&engine, State::new(()));
    let mut linker = Linker::new(&engine);
    link::<maker::Maker, _>(&mut linker)?;
    if let Some(import) = module.imports().next() {
        bail!("it imports {import:?}");
    }
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    tour(&mut bind::<maker::Maker, _>(&mut store, &instance))
}

pub fn maker_on_wasmtime(wasm: &[u8]) -> Result<String> {
    use p1bridge_host::wasmtime::{State, bind};
    use wasmtime::{Engine, Instance, Module, Store};

    let engine = Engine::default();
    let module = Module::new(&engine, wasm).map_err(plain)?;
    let mut store = Store::new(&engine, State::new(()));
    let instance = Instance::new(&mut store, &module, &[]).map_err(plain)?;
    tour(&mut bind::<maker::Maker, _>(&mut store, &instance))
}

/// Calls the words of a library, as the programs of the corpus do.
fn tour(guest: &mut impl Guest<Host = ()>) -> Result<String> {
    let mut text = String::new();
    initialize(guest)?;
    let first = made::Bag::new(guest, "first")?;
    let second = made::Bag::new(guest, "second")?;
    let words = ["pear", "apple", "fig", "apple", "plum", "pear", "apple", ""];
    for (at, word) in words.into_iter().enumerate() {
        let bag = if at % 3 != 0 { &first } else { &second };
        match bag.add(guest, word)? {
            Ok(count) => writeln!(text, "added {word}: {count}")?,
            Err(why) => writeln!(text, "refused: {why}")?,
        }
    }
    let show = |guest: &mut _, bag: &made::Bag, how| -> Result<String> {
        let words = bag.words(guest, &how)?;
        let words: Vec<String> = words
            .iter()
            .map(|word| format!("{} {}", word.text, word.count))
            .collect();
        Ok(words.join(", ") + "\n")
    };
    text += &show(guest, &first, made::Order::ByName)?;
    text += &show(guest, &second, made::Order::ByCount)?;
    writeln!(text, "bags: {}", made::bags(guest)?)?;
    writeln!(text, "merged: {}", made::Bag::merge(guest, &first, second)?)?;
    text += &show(guest, &first, made::Order::ByCount)?;
    text += &show(guest, &first, made::Order::Beginning("p".into()))?;
    first.drop(guest)?;
    writeln!(text, "bags: {}", made::bags(guest)?)?;
    writeln!(text, "{}", made::shout(guest, "grüße, welt")?)?;
    Ok(text)
}
