//! Guests that have the pointer of their stack in the context of the running thread, as clang 23 builds them for WASI 0.3: each
//! task has a stack of its own, which `__wasm_task_hook` gives to it and takes back. What those guests do here is what
//! wasi-libc does.

use p1bridge::link::{Choices, Input, compose};
use p1bridge::lower::lower;
use p1bridge::profiles::named;
use p1bridge_linker::relocate::{CutStacks, cut_stacks};
use p1bridge_linker::{Options, Stacks};
use p1bridge_tests::wast::types::{FuncType, Type};
use p1bridge_tests::wast::{Machine, flat::Flat, oracle::Oracle};
use wit_component::StringEncoding;

use crate::guest;

/// What a toolchain puts into each guest. A stack is a kilobyte, and there are eight.
const START: &str = r#"
  (import "env" "__wasm_get_stack_pointer" (func $sp (result i32)))
  (import "env" "__wasm_set_stack_pointer" (func $set_sp (param i32)))
  (import "$root" "[context-get-1]" (func $own (result i32)))
  (import "$root" "[context-set-1]" (func $set_own (param i32)))"#;

const HOOK: &str = r#"
  (memory (export "memory") 1)
  (global $used (mut i32) (i32.const 0))
  (global $free (mut i32) (i32.const 32768))
  (func $take (result i32) (local $bit i32)
    (local.set $bit (i32.ctz (i32.xor (global.get $used) (i32.const -1))))
    (if (i32.ge_u (local.get $bit) (i32.const 8)) (then unreachable))
    (global.set $used (i32.or (global.get $used) (i32.shl (i32.const 1) (local.get $bit))))
    (i32.add (i32.const 9216) (i32.shl (local.get $bit) (i32.const 10))))
  (func $give (param $top i32) (local $bit i32)
    (local.set $bit (i32.sub (local.get $top) (i32.const 9216)))
    (if (i32.rem_u (local.get $bit) (i32.const 1024)) (then unreachable))
    (local.set $bit (i32.shl (i32.const 1) (i32.shr_u (local.get $bit) (i32.const 10))))
    (if (i32.eqz (i32.and (global.get $used) (local.get $bit))) (then unreachable))
    (global.set $used (i32.xor (global.get $used) (local.get $bit))))
  ;; 12 and 13: before and after realloc; 3 and 4: a task goes on, and waits; else the even ones begin and the odd ones end
  (func (export "__wasm_task_hook") (param $hook i32) (local $found i32)
    (local.set $found (call $sp))
    (if (i32.eq (local.get $hook) (i32.const 12)) (then
      (if (i32.or (local.get $found) (call $own)) (then unreachable))
      (call $set_sp (i32.const 512))
      (return)))
    (if (i32.eq (local.get $hook) (i32.const 13)) (then
      (if (i32.ne (local.get $found) (i32.const 512)) (then unreachable))
      (call $set_sp (i32.const 0))
      (return)))
    (if (i32.eq (local.get $hook) (i32.const 3)) (then
      (if (i32.ne (local.get $found) (i32.const 0x7e57)) (then unreachable))
      (call $set_sp (call $take))
      (return)))
    (if (i32.eq (local.get $hook) (i32.const 4)) (then
      (call $give (local.get $found))
      (call $set_sp (i32.const 0x7e57))
      (return)))
    (if (i32.and (local.get $hook) (i32.const 1)) (then
      (call $give (local.get $found))
      (call $set_sp (i32.const 0))
      (call $set_own (i32.const 0))
      (return)))
    (if (i32.or (local.get $found) (call $own)) (then unreachable))
    (call $set_sp (call $take)))
  ;; a frame with a number in it, which must be there when the function returns
  (func $push (param $number i32) (local $frame i32)
    (local.set $frame (i32.sub (call $sp) (i32.const 32)))
    (call $set_sp (local.get $frame))
    (i32.store (local.get $frame) (local.get $number))
    (i32.store offset=28 (local.get $frame) (local.get $number)))
  (func $pop (param $number i32) (local $frame i32)
    (local.set $frame (call $sp))
    (if (i32.ne (i32.load (local.get $frame)) (local.get $number)) (then unreachable))
    (if (i32.ne (i32.load offset=28 (local.get $frame)) (local.get $number)) (then unreachable))
    (call $set_sp (i32.add (local.get $frame) (i32.const 32))))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (call $push (i32.const 0xa110c))
    (local.set $at (global.get $free))
    (global.set $free (i32.and (i32.add (i32.add (local.get $at) (local.get 3)) (i32.const 7)) (i32.const -8)))
    (call $pop (i32.const 0xa110c))
    (local.get $at))"#;

const JOBS: &str = "
  interface jobs {
    resource thing { constructor(n: u32); }
    gone: func() -> u32;
    echo: func(s: string) -> string;
    turns: async func(s: string, n: u32) -> string;
    inside: async func(n: u32) -> u32;
  }";

/// A task that gives up its turn in its callback, one that does so inside, a function with a `post-return`, and a resource with
/// a destructor.
fn worker() -> Vec<u8> {
    let module = format!(
        r#"(module {START}
  (import "$root" "[thread-yield]" (func $yield (result i32)))
  (import "[export]test:stacks/jobs" "[task-return]turns" (func $return (param i32 i32)))
  (import "[export]test:stacks/jobs" "[resource-new]thing" (func $new (param i32) (result i32)))
  {HOOK}
  (global $gone (mut i32) (i32.const 0))
  (func (export "test:stacks/jobs#[constructor]thing") (param i32) (result i32)
    (call $push (local.get 0))
    (call $new (local.get 0))
    (call $pop (local.get 0)))
  (func (export "test:stacks/jobs#[dtor]thing") (param i32)
    (call $push (local.get 0))
    (global.set $gone (i32.add (global.get $gone) (local.get 0)))
    (call $pop (local.get 0)))
  (func (export "test:stacks/jobs#gone") (result i32) (global.get $gone))
  (func (export "test:stacks/jobs#echo") (param i32 i32) (result i32)
    (call $push (local.get 0))
    (i32.store (i32.const 1024) (local.get 0))
    (i32.store (i32.const 1028) (local.get 1))
    (call $pop (local.get 0))
    (i32.const 1024))
  (func (export "cabi_post_test:stacks/jobs#echo") (param i32)
    (call $push (local.get 0))
    (call $pop (local.get 0)))
  ;; what a task keeps is behind its own slot: pointer, length, turns
  (func (export "[async-lift]test:stacks/jobs#turns") (param $at i32) (param $length i32) (param $turns i32) (result i32)
    (call $push (local.get $at))
    (call $set_own (global.get $free))
    (global.set $free (i32.add (global.get $free) (i32.const 16)))
    (i32.store (call $own) (local.get $at))
    (i32.store offset=4 (call $own) (local.get $length))
    (i32.store offset=8 (call $own) (local.get $turns))
    (call $pop (local.get $at))
    (i32.const 1))
  (func (export "[callback][async-lift]test:stacks/jobs#turns") (param i32 i32 i32) (result i32) (local $code i32)
    (call $push (call $own))
    (i32.store offset=8 (call $own) (i32.sub (i32.load offset=8 (call $own)) (i32.const 1)))
    (local.set $code (i32.ne (i32.load offset=8 (call $own)) (i32.const 0)))
    (if (i32.eqz (local.get $code)) (then
      (call $return (i32.load (call $own)) (i32.load offset=4 (call $own)))))
    (call $pop (call $own))
    (local.get $code))
  (func (export "test:stacks/jobs#inside") (param $turns i32) (result i32) (local $left i32)
    (call $push (local.get $turns))
    (call $set_own (local.get $turns))
    (local.set $left (local.get $turns))
    (loop $on
      (drop (call $yield))
      (if (i32.ne (call $own) (local.get $turns)) (then unreachable))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $on (local.get $left)))
    (call $pop (local.get $turns))
    (local.get $turns)))"#
    );
    let wit = format!("package test:stacks; {JOBS} world worker {{ export jobs; }}");
    guest::component_0_3(&module, &wit, StringEncoding::UTF8)
}

/// Has two tasks of it under way while it calls its functions, and waits inside for both.
fn user() -> Vec<u8> {
    let module = format!(
        r#"(module {START}
  (import "$root" "[waitable-set-new]" (func $set_new (result i32)))
  (import "$root" "[waitable-set-wait]" (func $wait (param i32 i32) (result i32)))
  (import "$root" "[waitable-set-drop]" (func $set_drop (param i32)))
  (import "$root" "[waitable-join]" (func $join (param i32 i32)))
  (import "$root" "[subtask-drop]" (func $subtask_drop (param i32)))
  (import "test:stacks/jobs" "[constructor]thing" (func $thing (param i32) (result i32)))
  (import "test:stacks/jobs" "[resource-drop]thing" (func $drop_thing (param i32)))
  (import "test:stacks/jobs" "gone" (func $gone (result i32)))
  (import "test:stacks/jobs" "echo" (func $echo (param i32 i32 i32)))
  (import "test:stacks/jobs" "[async-lower]turns" (func $turns (param i32 i32 i32 i32) (result i32)))
  (import "test:stacks/jobs" "[async-lower]inside" (func $inside (param i32 i32) (result i32)))
  {HOOK}
  (data (i32.const 1024) "a stack of its own")
  (global $set (mut i32) (i32.const 0))
  (global $left (mut i32) (i32.const 0))
  (func $started (param $status i32)
    (if (i32.ne (i32.and (local.get $status) (i32.const 15)) (i32.const 2)) (then
      (call $join (i32.shr_u (local.get $status) (i32.const 4)) (global.get $set))
      (global.set $left (i32.add (global.get $left) (i32.const 1))))))
  (func (export "all") (result i32) (local $frame i32)
    (call $push (i32.const 0xf1))
    (call $set_own (i32.const 0xf2))
    (global.set $set (call $set_new))
    ;; results lie in a frame
    (local.set $frame (i32.sub (call $sp) (i32.const 64)))
    (call $set_sp (local.get $frame))
    (call $started (call $turns (i32.const 1024) (i32.const 18) (i32.const 3) (local.get $frame)))
    (call $started (call $inside (i32.const 5) (i32.add (local.get $frame) (i32.const 8))))
    (call $started (call $turns (i32.const 1026) (i32.const 5) (i32.const 7) (i32.add (local.get $frame) (i32.const 16))))
    (call $echo (i32.const 1024) (i32.const 7) (i32.add (local.get $frame) (i32.const 24)))
    (call $drop_thing (call $thing (i32.const 100)))
    (block $done
      (loop $on
        (br_if $done (i32.eqz (global.get $left)))
        (if (i32.ne (call $wait (global.get $set) (i32.const 0)) (i32.const 1)) (then unreachable))
        (br_if $on (i32.ne (i32.load (i32.const 4)) (i32.const 2)))
        (call $join (i32.load (i32.const 0)) (i32.const 0))
        (call $subtask_drop (i32.load (i32.const 0)))
        (global.set $left (i32.sub (global.get $left) (i32.const 1)))
        (br $on)))
    (call $set_drop (global.get $set))
    (if (i32.ne (call $sp) (local.get $frame)) (then unreachable))
    (if (i32.ne (call $own) (i32.const 0xf2)) (then unreachable))
    ;; 18 + 5 + 5 + 7 + 100 and the "s" of "stack" in the second string
    (i32.add (i32.load offset=4 (local.get $frame))
      (i32.add (i32.load offset=8 (local.get $frame))
        (i32.add (i32.load offset=20 (local.get $frame))
          (i32.add (i32.load offset=28 (local.get $frame))
            (i32.add (call $gone) (i32.load8_u (i32.load offset=16 (local.get $frame))))))))
    (call $set_sp (i32.add (local.get $frame) (i32.const 64)))
    (call $pop (i32.const 0xf1))
    ;; nothing but this task has a stack
    (if (i32.ne (i32.popcnt (global.get $used)) (i32.const 1)) (then unreachable))))"#
    );
    let wit = format!(
        "package test:stacks; {JOBS} world user {{ import jobs; export all: async func() -> u32; }}"
    );
    guest::component_0_3(&module, &wit, StringEncoding::UTF8)
}

#[test]
fn each_task_has_a_stack_of_its_own_where_the_context_has_its_pointer() {
    let inputs = [("user", user()), ("worker", worker())].map(|(name, wasm)| Input {
        name: name.to_string(),
        wasm,
        world: None,
    });
    let component = compose(&inputs, &[], &Choices::default())
        .expect("they fit")
        .component;
    let ty = FuncType {
        params: Vec::new(),
        result: Some(Type::U32),
    };
    let machines: [Box<dyn Machine>; 3] = [
        Box::new(Oracle::default()),
        Box::new(Flat::default()),
        Box::new(Flat::with(Options {
            stacks: Stacks::Switch,
            ..Options::default()
        })),
    ];
    for machine in machines {
        let linked = machine.link(&component).expect("it is taken");
        let mut running = linked.instantiate().expect("it starts");
        for gone in [100, 200] {
            let result = running.call("all", &ty, &[]).expect("it returns");
            let right = 18 + 5 + 5 + 7 + gone + u32::from(b's');
            assert_eq!(format!("{result:?}"), format!("Some(U32({right}))"));
        }
    }
}

/// The first stack, which wasi-libc gives to a task when no other has it, and measures by the addresses of its ends to make others.
#[test]
fn the_first_stack_is_cut_like_one_with_a_pointer_in_a_global() {
    let program = |stack: u32, pages: u32| {
        let text = format!(
            r#"(module
  (memory {pages})
  (global i32 (i32.const {stack}))
  (global $tls i32 (i32.const {stack}))
  (data (i32.const {stack}) "data")
  (func (export "f") (result i32) (global.get $tls))
  (@custom "linking" "\02\08\27\02\02\00\00\14__init_stack_pointer\02\00\01\0a__tls_base")
  (@custom "reloc.CODE" "\03\00"))"#
        );
        wat::parse_str(text).expect("well-formed")
    };
    let CutStacks { wasm, stacks, .. } = cut_stacks(&program(65536, 2), 4096).expect("it is seen");
    assert_eq!((stacks[0].from, stacks[0].to), (65536, 4096));
    let as_is = named("as-is").expect("it is built in");
    let [cut, small] =
        [wasm, program(4096, 1)].map(|wasm| lower(&wasm, &as_is).expect("it is taken").wasm);
    assert_eq!(
        wasmprinter::print_bytes(cut).ok(),
        wasmprinter::print_bytes(small).ok()
    );
}
