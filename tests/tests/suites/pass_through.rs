//! Exports that are imports of the component: no guest has to do with them, and the host's values come
//! back to it as they are.

use anyhow::{Context, Result};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::wrap::{World, WrapOptions, wrap};
use p1bridge_tests::link::parse_world;
use p1bridge_tests::plain;
use wasmtime::component::{
    Component, Instance as ComponentInstance, Linker as ComponentLinker, Resource, ResourceType,
    Val,
};
use wasmtime::{Caller, Engine, Extern, Instance, Linker, Memory, Module, Store, TypedFunc};

/// What is imported, and exported again under another name.
const PASSED: &str = r#"
  (import "test:a/b" (instance $i
    (export "greet" (func (param "name" string) (result string)))
    (export "sum" (func (param "l" (list u32)) (result u64)))
    (export "pair" (func (param "x" u32) (result (tuple u32 string))))
    (export "add" (func (param "x" u32) (param "y" u32) (result u32)))
    (export "join" (func (param "a" (tuple string string string)) (param "b" (tuple string string string))
      (param "c" (tuple string string string)) (result (list string))))))
  (instance $e
    (export "greet" (func $i "greet")) (export "sum" (func $i "sum")) (export "pair" (func $i "pair"))
    (export "add" (func $i "add")) (export "join" (func $i "join")))
  (export "test:c/d" (instance $e))"#;

/// A guest with a memory and a `realloc` of its own, which exports strings, too: it asks the import.
const GUEST: &str = r#"
  (core module $Libc (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $top (i32.add (global.get $top) (local.get 3)))
      (i32.sub (global.get $top) (local.get 3))))
  (core instance $libc (instantiate $Libc))
  (alias core export $libc "memory" (core memory $mem))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $greet (canon lower (func $i "greet") (memory $mem) (realloc $realloc)))
  (core module $M (import "" "memory" (memory 1)) (import "" "greet" (func $greet (param i32 i32 i32)))
    (func (export "ask") (param i32 i32) (result i32)
      (call $greet (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))
  (core instance $m (instantiate $M (with "" (instance
    (export "memory" (memory $mem)) (export "greet" (func $greet))))))
  (func (export "ask") (param "name" string) (result string)
    (canon lift (core func $m "ask") (memory $mem) (realloc $realloc)))"#;

fn flat(text: &str) -> Result<Vec<u8>> {
    let component = wat::parse_str(text)?;
    let options = FlattenOptions {
        verify: true,
        ..FlattenOptions::default()
    };
    Ok(flatten(&component, &options)?.wasm)
}

struct Nothing;

/// The interface `test:a/b` of the host.
fn provide(linker: &mut ComponentLinker<()>) -> wasmtime::Result<()> {
    let mut host = linker.instance("test:a/b")?;
    host.func_wrap("greet", |_, (name,): (String,)| {
        Ok((format!("hello {name}"),))
    })?;
    host.func_wrap("sum", |_, (all,): (Vec<u32>,)| {
        Ok((all.into_iter().map(u64::from).sum::<u64>(),))
    })?;
    host.func_wrap("pair", |_, (x,): (u32,)| {
        Ok(((x + 1, format!("{x} and one")),))
    })?;
    host.func_wrap("add", |_, (x, y): (u32, u32)| Ok((x + y,)))?;
    type Three = (String, String, String);
    host.func_wrap("join", |_, (a, b, c): (Three, Three, Three)| {
        let all = [a, b, c].map(|(x, y, z)| [x, y, z]);
        Ok((all.into_iter().flatten().rev().collect::<Vec<_>>(),))
    })?;
    host.resource("thing", ResourceType::host::<Nothing>(), |_, _| Ok(()))?;
    host.func_wrap("make", |_, (rep,): (u32,)| {
        Ok((Resource::<Nothing>::new_own(rep),))
    })?;
    host.func_wrap("take", |_, (thing,): (Resource<Nothing>,)| {
        Ok((thing.rep(),))
    })?;
    type Lent = Resource<Nothing>;
    host.func_wrap("look", |_, (all, one): (Vec<Lent>, Option<Lent>)| {
        Ok((all.iter().chain(&one).map(Resource::rep).sum::<u32>(),))
    })
}

struct Running {
    store: Store<()>,
    instance: ComponentInstance,
}

impl Running {
    fn new(component: &[u8]) -> Result<Running> {
        let engine = Engine::default();
        let component = Component::new(&engine, component).map_err(plain)?;
        let mut linker = ComponentLinker::new(&engine);
        provide(&mut linker).map_err(plain)?;
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &component).map_err(plain)?;
        Ok(Running { store, instance })
    }

    fn call(&mut self, interface: Option<&str>, name: &str, params: &[Val]) -> Result<Val> {
        let mut at = None;
        for name in interface.into_iter().chain([name]) {
            let index = self
                .instance
                .get_export_index(&mut self.store, at.as_ref(), name);
            at = Some(index.with_context(|| name.to_owned())?);
        }
        let func = at.and_then(|at| self.instance.get_func(&mut self.store, at));
        let mut result = [Val::Bool(false)];
        func.context("a function")?
            .call(&mut self.store, params, &mut result)
            .map_err(plain)?;
        let [result] = result;
        Ok(result)
    }
}

/// What the functions return, in their words.
fn answers(component: &[u8], asks: bool) -> Result<Vec<String>> {
    let mut running = Running::new(component)?;
    let text = |text: &str| Val::String(text.to_owned());
    let numbers = (1..=100).map(Val::U32).collect();
    let three = |x: &str| Val::Tuple(["1", "2", "3"].map(|n| text(&(x.to_owned() + n))).into());
    let mut calls = vec![
        (Some("test:c/d"), "greet", vec![text("wörld")]),
        (Some("test:c/d"), "sum", vec![Val::List(numbers)]),
        (Some("test:c/d"), "pair", vec![Val::U32(7)]),
        (Some("test:c/d"), "add", vec![Val::U32(7), Val::U32(8)]),
        (
            Some("test:c/d"),
            "join",
            vec![three("a"), three("b"), three("c")],
        ),
    ];
    if asks {
        calls.push((None, "ask", vec![text("guest")]));
    }
    let mut answers = Vec::new();
    for _ in 0..3 {
        for (interface, name, params) in &calls {
            answers.push(format!("{:?}", running.call(*interface, name, params)?));
        }
    }
    Ok(answers)
}

/// wasmtime runs no component that exports its imports as they are: only the one that is made of the
/// module.
#[test]
fn an_exported_import_works_in_a_component_made_of_the_module() -> Result<()> {
    let mut right = vec![
        r#"String("hello wörld")"#,
        "U64(5050)",
        r#"Tuple([U32(8), String("7 and one")])"#,
        "U32(15)",
        r#"List([String("c3"), String("c2"), String("c1"), String("b3"), String("b2"), String("b1"), String("a3"), String("a2"), String("a1")])"#,
    ];
    for guest in ["", GUEST] {
        let module = flat(&format!("(component {PASSED} {guest})"))?;
        let component = wrap(&module, &WrapOptions::default())?.component;
        if !guest.is_empty() {
            right.push(r#"String("hello guest")"#);
        }
        assert_eq!(answers(&component, !guest.is_empty())?, right.repeat(3));
    }
    Ok(())
}

/// Handles that are lent to an export have to be dropped before it returns, or the component traps.
#[test]
fn handles_that_pass_through_are_given_back() -> Result<()> {
    let module = flat(
        r#"(component
          (import "test:a/b" (instance $i
            (export "thing" (type $t (sub resource)))
            (export "make" (func (param "rep" u32) (result (own $t))))
            (export "take" (func (param "t" (own $t)) (result u32)))
            (export "look" (func (param "all" (list (borrow $t))) (param "one" (option (borrow $t))) (result u32)))))
          (instance $e
            (export "make" (func $i "make")) (export "take" (func $i "take")) (export "look" (func $i "look")))
  (export "things" (instance $e)))"#,
    )?;
    let world: World = parse_world(
        "package test:w;
         world w {
           import test:a/b;
           export things: interface {
             use test:a/b.{thing};
             make: func(rep: u32) -> thing;
             take: func(t: thing) -> u32;
             look: func(all: list<borrow<thing>>, one: option<borrow<thing>>) -> u32;
           }
         }
         package test:a {
           interface b {
             resource thing;
             make: func(rep: u32) -> thing;
             take: func(t: thing) -> u32;
             look: func(all: list<borrow<thing>>, one: option<borrow<thing>>) -> u32;
           }
         }",
    )?;
    let options = WrapOptions {
        world: Some(world),
        ..WrapOptions::default()
    };
    let component = wrap(&module, &options)?.component;
    let mut running = Running::new(&component)?;
    let mut call = |name: &str, params: &[Val]| running.call(Some("things"), name, params);
    let things = [5, 60, 700].map(|rep| call("make", &[Val::U32(rep)]));
    let [a, b, c] = things.map(|thing| thing.expect("a thing is made"));
    for _ in 0..2 {
        let lent = [
            Val::List(vec![a.clone(), b.clone()]),
            Val::Option(Some(Box::new(c.clone()))),
        ];
        assert_eq!(call("look", &lent)?, Val::U32(765));
        let lent = [Val::List(vec![c.clone()]), Val::Option(None)];
        assert_eq!(call("look", &lent)?, Val::U32(700));
    }
    assert_eq!(call("take", &[b])?, Val::U32(60));
    Ok(())
}

/// A flat module whose host calls with values in its memory.
struct Flat {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
    /// Where the host has something to allocate.
    realloc: Option<TypedFunc<(u32, u32, u32, u32), u32>>,
}

impl Flat {
    fn new(
        module: &[u8],
        define: impl Fn(&mut Linker<()>) -> wasmtime::Result<()>,
    ) -> Result<Flat> {
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        define(&mut linker).map_err(plain)?;
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, module).map_err(plain)?;
        let instance = linker.instantiate(&mut store, &module).map_err(plain)?;
        let memory = instance.get_memory(&mut store, "memory");
        let realloc = instance.get_typed_func(&mut store, "cabi_realloc");
        Ok(Flat {
            memory: memory.context("the memory")?,
            realloc: realloc.ok(),
            store,
            instance,
        })
    }

    /// Passes a text of a thousand characters.
    fn text(&mut self) -> Result<(u32, u32)> {
        let realloc = self.realloc.as_ref().context("cabi_realloc")?;
        let at = realloc.call(&mut self.store, (0, 0, 1, 1000));
        let at = at.map_err(plain)?;
        self.memory
            .write(&mut self.store, at as usize, &[b'x'; 1000])?;
        Ok((at, 1000))
    }

    /// The bytes that a returned pointer points to, by way of the address and the length there.
    fn bytes(&self, result: u32) -> Vec<u8> {
        let data = self.memory.data(&self.store);
        let word = |at: usize| {
            u32::from_le_bytes(data[at..at + 4].try_into().expect("four bytes")) as usize
        };
        data[word(result as usize)..][..word(result as usize + 4)].to_vec()
    }
}

fn greet(mut caller: Caller<'_, ()>, at: u32, length: u32, result: u32) -> wasmtime::Result<()> {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return Err(wasmtime::Error::msg("no memory is exported"));
    };
    let Some(Extern::Func(realloc)) = caller.get_export("cabi_realloc") else {
        return Err(wasmtime::Error::msg("no cabi_realloc is exported"));
    };
    let mut text = b"hello ".to_vec();
    text.extend_from_slice(&memory.data(&caller)[at as usize..][..length as usize]);
    let realloc = realloc.typed::<(u32, u32, u32, u32), u32>(&caller)?;
    let to = realloc.call(&mut caller, (0, 0, 1, text.len() as u32))?;
    memory.write(&mut caller, to as usize, &text)?;
    memory.write(&mut caller, result as usize, &to.to_le_bytes())?;
    memory.write(
        &mut caller,
        result as usize + 4,
        &(text.len() as u32).to_le_bytes(),
    )?;
    Ok(())
}

#[test]
fn what_passes_through_takes_no_more_memory_with_every_call() -> Result<()> {
    let module = flat(
        r#"(component
          (import "test:a/b" (instance $i
            (export "greet" (func (param "name" string) (result string)))
            (export "note" (func (param "text" string) (result u32)))))
          (instance $e (export "greet" (func $i "greet")) (export "note" (func $i "note")))
  (export "test:c/d" (instance $e)))"#,
    )?;
    let mut flat = Flat::new(&module, |linker| {
        linker.func_wrap("test:a/b", "greet", greet)?;
        linker.func_wrap("test:a/b", "note", |_: u32, length: u32| length)?;
        Ok(())
    })?;
    let func = |flat: &mut Flat, name: &str| {
        flat.instance
            .get_typed_func::<(u32, u32), u32>(&mut flat.store, name)
            .map_err(plain)
    };
    let greet = func(&mut flat, "test:c/d#greet")?;
    let note = func(&mut flat, "test:c/d#note")?;
    let post = flat
        .instance
        .get_typed_func::<u32, ()>(&mut flat.store, "cabi_post_test:c/d#greet")
        .map_err(plain)?;
    let greeting = [&b"hello "[..], &[b'x'; 1000]].concat();
    for _ in 0..1000 {
        let text = flat.text()?;
        let result = greet.call(&mut flat.store, text).map_err(plain)?;
        assert_eq!(flat.bytes(result), greeting);
        post.call(&mut flat.store, result).map_err(plain)?;
        let text = flat.text()?;
        let length = note.call(&mut flat.store, text).map_err(plain)?;
        assert_eq!(length, 1000);
    }
    assert_eq!(flat.memory.size(&flat.store), 1);
    Ok(())
}

#[test]
fn a_function_of_wasi_passes_through() -> Result<()> {
    let module = flat(
        r#"(component
          (import "wasi:random/random@0.2.3" (instance $i
            (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
          (instance $e (export "bytes" (func $i "get-random-bytes")))
  (export "test:r/r" (instance $e)))"#,
    )?;
    let mut flat = Flat::new(&module, |linker| {
        let random = |mut caller: Caller<'_, ()>, at: u32, length: u32| {
            if let Some(Extern::Memory(memory)) = caller.get_export("memory") {
                memory.data_mut(&mut caller)[at as usize..][..length as usize].fill(7);
            }
            0
        };
        linker.func_wrap("wasi_snapshot_preview1", "random_get", random)?;
        Ok(())
    })?;
    let bytes = flat
        .instance
        .get_typed_func::<u64, u32>(&mut flat.store, "test:r/r#bytes")
        .map_err(plain)?;
    for length in [5, 0, 300] {
        let result = bytes.call(&mut flat.store, length).map_err(plain)?;
        assert_eq!(flat.bytes(result), vec![7; length as usize]);
    }
    Ok(())
}
