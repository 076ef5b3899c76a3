//! A memory that an adapter cannot grow: `wrap` refuses exactly what would trap in wasmtime.

use p1bridge::wrap::{WrapOptions, wrap};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::bindings::sync::Command;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wit_component::ComponentEncoder;

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// What the encoder makes of `module` when nobody objects.
fn unchecked(module: &[u8]) -> Vec<u8> {
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(module).unwrap();
    encoder
        .adapter(
            WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
            WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
        )
        .unwrap();
    encoder.encode().unwrap()
}

/// Whether `component` starts and `wasi:cli/run` returns.
fn works(component: &[u8]) -> bool {
    let engine = Engine::default();
    let component = Component::new(&engine, component).unwrap();
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).unwrap();
    let state = State {
        wasi: WasiCtx::builder().build(),
        table: ResourceTable::new(),
    };
    let mut store = Store::new(&engine, state);
    let Ok(command) = Command::instantiate(&mut store, &component, &linker) else {
        return false;
    };
    matches!(command.wasi_cli_run().call_run(&mut store), Ok(Ok(())))
}

/// A call of a Preview 1 function that succeeds or fails with an error number, given enough room.
/// Address 64 holds an iovec of one byte.
const CALLS: &[(&str, &str, &str)] = &[
    ("sched_yield", "", ""),
    ("args_sizes_get", "i32 i32", "(i32.const 0) (i32.const 4)"),
    ("environ_get", "i32 i32", "(i32.const 0) (i32.const 4)"),
    // The other clocks do without state.
    (
        "clock_time_get",
        "i32 i64 i32",
        "(i32.const 1) (i64.const 0) (i32.const 0)",
    ),
    (
        "fd_write",
        "i32 i32 i32 i32",
        "(i32.const 1) (i32.const 64) (i32.const 1) (i32.const 0)",
    ),
    (
        "fd_read",
        "i32 i32 i32 i32",
        "(i32.const 0) (i32.const 64) (i32.const 1) (i32.const 0)",
    ),
    ("fd_close", "i32", "(i32.const 5)"),
    ("fd_prestat_get", "i32 i32", "(i32.const 3) (i32.const 0)"),
    (
        "path_unlink_file",
        "i32 i32 i32",
        "(i32.const 3) (i32.const 0) (i32.const 1)",
    ),
    ("random_get", "i32 i32", "(i32.const 0) (i32.const 4)"),
];

/// A command of one call whose memory can grow from one page to `maximum`.
fn command((name, params, args): (&str, &str, &str), maximum: u32) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module
            (import "wasi_snapshot_preview1" "{name}" (func $f (param {params}) (result i32)))
            (memory (export "memory") 1 {maximum})
            (data (i32.const 64) "\80\00\00\00\01\00\00\00")
            (func (export "_start") (drop (call $f {args}))))"#
    ))
    .unwrap()
}

/// With the adapter of wasmtime: our own library needs no memory of the program.
fn with_adapter() -> WrapOptions {
    WrapOptions {
        wasmtime_adapter: true,
        ..WrapOptions::default()
    }
}

#[test]
fn what_is_woven_in_needs_no_room() {
    for call in CALLS {
        let wrapped = wrap(&command(*call, 1), &WrapOptions::default()).unwrap();
        assert!(works(&wrapped.component), "{}", call.0);
    }
}

#[test]
fn a_memory_is_refused_when_and_only_when_the_component_would_trap() {
    let (mut refused, mut accepted) = (0, 0);
    for call in CALLS {
        let name = call.0;
        assert!(
            works(&unchecked(&command(*call, 9))),
            "{name} with enough room"
        );
        for maximum in 1..=4 {
            let module = command(*call, maximum);
            let works = works(&unchecked(&module));
            match wrap(&module, &with_adapter()) {
                Ok(_) => {
                    assert!(works, "{name} with {maximum} pages traps but is accepted");
                    accepted += 1;
                }
                Err(error) => {
                    assert!(!works, "{name} with {maximum} pages works but: {error:#}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 0 && accepted > 0);
}

#[test]
fn the_message_says_how_much_room_is_missing_and_when_it_would_trap() {
    let message = |maximum| {
        let module = command(CALLS[1], maximum);
        format!("{:#}", wrap(&module, &with_adapter()).unwrap_err())
    };
    assert!(message(1).contains("needs 128 KiB"), "{}", message(1));
    assert!(
        message(1).contains("as soon as it starts"),
        "{}",
        message(1)
    );
    assert!(message(1).contains("--max-memory=196608"), "{}", message(1));
    assert!(
        message(2).contains("at the first WASI call"),
        "{}",
        message(2)
    );
}

#[test]
fn a_program_with_its_own_realloc_needs_no_room() {
    let module = wat::parse_str(
        r#"(module
            (import "wasi_snapshot_preview1" "args_sizes_get" (func $f (param i32 i32) (result i32)))
            (memory (export "memory") 4 4)
            (global $top (mut i32) (i32.const 65536))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $top)
                (global.set $top (i32.add (global.get $top) (local.get 3))))
            (func (export "_start") (drop (call $f (i32.const 0) (i32.const 4)))))"#,
    )
    .unwrap();
    let wrapped = wrap(&module, &with_adapter()).unwrap();
    assert!(works(&wrapped.component));
}
