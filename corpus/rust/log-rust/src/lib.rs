//! Writes a line about each request to standard output, and lets it pass: `plugins/http-chain/chain.wit`.
#![no_std]

extern crate alloc;

use alloc::format;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::cli::stdout::get_stdout;
use bindings::wasi::http::incoming_handler;
use bindings::wasi::http::types::{IncomingRequest, ResponseOutparam};

struct Log;
bindings::export!(Log with_types_in bindings);

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

impl Guest for Log {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let agent = request.headers().get("user-agent");
        let agent = agent.first().map(|agent| agent.len());
        let line = format!("log: {:?} {path}, agent of {agent:?} bytes\n", request.method());
        let _ = get_stdout().blocking_write_and_flush(line.as_bytes());
        incoming_handler::handle(request, out);
    }
}
