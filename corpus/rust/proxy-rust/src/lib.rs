//! Answers each request with the answer of another server, which a field `x-to` of the request names.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::outgoing_handler::handle;
use bindings::wasi::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingRequest, IncomingResponse, InputStream, OutgoingBody, OutgoingRequest,
    OutgoingResponse, ResponseOutparam, Scheme, http_error_code,
};
use bindings::wasi::io::streams::{OutputStream, StreamError};

struct Proxy;
bindings::export!(Proxy with_types_in bindings);

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

impl Guest for Proxy {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        match forward(request) {
            Ok(response) => answer(response, out),
            Err(error) => ResponseOutparam::set(out, Err(error)),
        }
    }
}

/// Sends the request on, with its fields but for `x-to`, and waits for the response.
fn forward(request: IncomingRequest) -> Result<IncomingResponse, ErrorCode> {
    let to = request.headers().get("x-to");
    let to = to.first().and_then(|to| String::from_utf8(to.clone()).ok());
    let fields: Vec<(String, Vec<u8>)> = request.headers().entries();
    let has_body = fields.iter().any(|(name, value)| name == "content-length" && value != b"0")
        || fields.iter().any(|(name, _)| name == "x-body");
    let fields = fields.into_iter().filter(|(name, _)| name != "x-to" && name != "x-body");
    let sent = OutgoingRequest::new(Fields::from_list(&fields.collect::<Vec<_>>()).unwrap());
    sent.set_method(&request.method()).unwrap();
    sent.set_scheme(Some(&Scheme::Http)).unwrap();
    sent.set_authority(to.as_deref()).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    sent.set_path_with_query(request.path_with_query().as_deref()).unwrap();
    let body = has_body.then(|| sent.body().unwrap());
    let future = handle(sent, None)?;
    if let Some(body) = body {
        let from = request.consume().unwrap();
        copy(&from.stream().unwrap(), &body.write().unwrap())?;
        OutgoingBody::finish(body, None)?;
    }
    future.subscribe().block();
    future.get().unwrap().unwrap()
}

/// Passes a body on, part by part.
fn copy(from: &InputStream, to: &OutputStream) -> Result<(), ErrorCode> {
    loop {
        let part = match from.blocking_read(32768) {
            Ok(part) => part,
            Err(StreamError::Closed) => return Ok(()),
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(http_error_code(&error).unwrap_or(ErrorCode::HttpProtocolError));
            }
        };
        for part in part.chunks(4096) {
            to.blocking_write_and_flush(part).map_err(|_| ErrorCode::ConnectionTerminated)?;
        }
    }
}

fn answer(from: IncomingResponse, out: ResponseOutparam) {
    let response = OutgoingResponse::new(from.headers().clone());
    response.set_status_code(from.status()).unwrap();
    let to = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let body = from.consume().unwrap();
    let stream = body.stream().unwrap();
    let written = to.write().unwrap();
    let copied = copy(&stream, &written);
    drop(written);
    drop(stream);
    drop(IncomingBody::finish(body));
    if copied.is_ok() {
        let _ = OutgoingBody::finish(to, None);
    }
}
