//! Lets a request pass if it has the right token: `plugins/http-chain/chain.wit`.
#![no_std]

extern crate alloc;

use alloc::string::ToString;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::incoming_handler;
use bindings::wasi::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct Authenticate;
bindings::export!(Authenticate with_types_in bindings);

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

impl Guest for Authenticate {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let given = request.headers().get("Authorization");
        if given == [b"Bearer open sesame"] {
            return incoming_handler::handle(request, out);
        }
        let headers = Fields::from_list(&[
            ("www-authenticate".to_string(), b"Bearer realm=\"corpus\"".to_vec()),
            ("content-type".to_string(), b"text/plain".to_vec()),
        ])
        .unwrap();
        let response = OutgoingResponse::new(headers);
        response.set_status_code(401).unwrap();
        let body = response.body().unwrap();
        ResponseOutparam::set(out, Ok(response));
        let why: &[u8] = if given.is_empty() { b"no token\n" } else { b"not that token\n" };
        let stream = body.write().unwrap();
        // The server need not want it.
        let _ = stream.blocking_write_and_flush(why);
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}
