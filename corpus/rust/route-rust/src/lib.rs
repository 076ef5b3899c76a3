//! Answers requests by their path: `plugins/http-chain/chain.wit`.
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingRequest, InputStream, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use bindings::wasi::io::streams::StreamError;

struct Route;
bindings::export!(Route with_types_in bindings);

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

impl Guest for Route {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let whole = request.path_with_query().unwrap_or_default();
        let (path, query) = whole.split_once('?').unwrap_or((&whole, ""));
        match path {
            "/" => answer(out, 200, &[("content-type", "text/plain")], b"/ /echo /request /count /bytes /status\n"),
            "/request" => answer(out, 200, &[("Content-Type", "text/plain")], described(&request).as_bytes()),
            "/echo" => echo(&request, out),
            "/count" => {
                let (count, sum, end) = count(&request);
                answer(out, 200, &[], format!("{count} bytes, sum {sum:016x}{end}\n").as_bytes());
            }
            "/bytes" => bytes(out, query.parse().unwrap_or(0)),
            "/status" => answer(out, query.parse().unwrap_or(200), &[], b""),
            "/fields" => {
                let many = (0..100).map(|i| (format!("x-{i}"), format!("value {i}")));
                let several = (0..3).map(|i| ("Set-Cookie".to_string(), format!("c{i}=\"{i}\"")));
                let all: Vec<(String, String)> = many.chain(several).collect();
                let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (&**name, &**value)).collect();
                answer(out, 203, &all, b"103 fields\n");
            }
            "/refused" => answer(out, 200, &[], refused().as_bytes()),
            "/redirect" => answer(out, 303, &[("location", "/elsewhere?a=b"), ("status", "299 no")], b""),
            "/error" => ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some("asked for".to_string())))),
            "/timeout" => ResponseOutparam::set(out, Err(ErrorCode::ConnectionReadTimeout)),
            "/none" => drop(out),
            "/trap" => panic!(),
            "/unfinished" => {
                let response = OutgoingResponse::new(Fields::new());
                let body = response.body().unwrap();
                ResponseOutparam::set(out, Ok(response));
                write_all(&body, b"not all of it");
                drop(body);
            }
            "/before" => {
                let response = OutgoingResponse::new(Fields::new());
                let body = response.body().unwrap();
                let stream = body.write().unwrap();
                stream.write(b"written before ").unwrap();
                stream.write(b"the response was set\n").unwrap();
                drop(stream);
                OutgoingBody::finish(body, None).unwrap();
                ResponseOutparam::set(out, Ok(response));
            }
            "/bodyless" => ResponseOutparam::set(out, Ok(OutgoingResponse::new(Fields::new()))),
            _ => answer(out, 404, &[], format!("no way to {path}\n").as_bytes()),
        }
    }
}

/// A response with a body that is there.
fn answer(out: ResponseOutparam, status: u16, fields: &[(&str, &str)], text: &[u8]) {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    let response = OutgoingResponse::new(Fields::from_list(&fields).unwrap());
    response.set_status_code(status).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    write_all(&body, text);
    let _ = OutgoingBody::finish(body, None);
}

/// Writes what the host takes. A response to `HEAD` is closed at once on some hosts.
fn write_all(body: &OutgoingBody, bytes: &[u8]) {
    let stream = body.write().unwrap();
    for part in bytes.chunks(4096) {
        if stream.blocking_write_and_flush(part).is_err() {
            return;
        }
    }
}

/// The request in words, its fields in the order of their names.
fn described(request: &IncomingRequest) -> String {
    let mut lines = vec![
        format!("method {:?}", request.method()),
        format!("path {:?}", request.path_with_query()),
        format!("scheme {:?}", request.scheme()),
        format!("authority {:?}", request.authority()),
    ];
    let mut fields = request.headers().entries();
    fields.sort();
    for (name, value) in fields {
        lines.push(format!("{name}: {}", String::from_utf8_lossy(&value)));
    }
    let changed = request.headers().append("a", b"b");
    lines.push(format!("fields of a request {changed:?}"));
    lines.join("\n") + "\n"
}

/// Reads a body to its end. Gives how it ended unless it was the end.
fn each(stream: &InputStream, mut take: impl FnMut(&[u8]) -> bool) -> &'static str {
    loop {
        match stream.blocking_read(32768) {
            Ok(part) => {
                if !take(&part) {
                    return ", not taken";
                }
            }
            Err(StreamError::Closed) => return "",
            Err(StreamError::LastOperationFailed(_)) => return ", cut off",
        }
    }
}

/// The bytes of the body, a sum of them (FNV-1a) and how it ended.
fn count(request: &IncomingRequest) -> (u64, u64, &'static str) {
    let body = request.consume().unwrap();
    assert!(request.consume().is_err());
    let stream = body.stream().unwrap();
    let (mut count, mut sum) = (0, 0xcbf2_9ce4_8422_2325_u64);
    let end = each(&stream, |part| {
        count += part.len() as u64;
        for byte in part {
            sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        true
    });
    drop(stream);
    let trailers = IncomingBody::finish(body);
    if end.is_empty() {
        trailers.subscribe().block();
        assert!(matches!(trailers.get(), Some(Ok(Ok(None)))));
        assert!(matches!(trailers.get(), Some(Err(()))));
    }
    (count, sum, end)
}

/// The body of the request is that of the response, part by part.
fn echo(request: &IncomingRequest, out: ResponseOutparam) {
    let fields = Fields::new();
    for value in request.headers().get("content-type") {
        fields.append("content-type", &value).unwrap();
    }
    let response = OutgoingResponse::new(fields);
    let to = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let from = request.consume().unwrap();
    let stream = from.stream().unwrap();
    let written = to.write().unwrap();
    each(&stream, |part| part.chunks(4096).all(|part| written.blocking_write_and_flush(part).is_ok()));
    drop(written);
    let _ = OutgoingBody::finish(to, None);
}

/// So many bytes, with their number in the head.
fn bytes(out: ResponseOutparam, count: usize) {
    let fields = Fields::new();
    fields.set("content-length", &[count.to_string().into_bytes()]).unwrap();
    fields.set("content-type", &[b"application/octet-stream".to_vec()]).unwrap();
    let response = OutgoingResponse::new(fields);
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let all: Vec<u8> = (0..count).map(|i| (i * 31 + 7) as u8).collect();
    write_all(&body, &all);
    let _ = OutgoingBody::finish(body, None);
}

/// What becomes of fields that a response must not have.
fn refused() -> String {
    let mut text = String::new();
    for (name, value) in [
        ("connection", "close"),
        ("Transfer-Encoding", "chunked"),
        ("host", "a"),
        ("x", "a\r\nb: c"),
        ("x", "a\0"),
        ("a b", "c"),
        ("a\nb", "c"),
        ("", "c"),
        ("x", ""),
        ("x", "\u{e9}"),
    ] {
        let done = Fields::new().append(name, value.as_bytes());
        text += &format!("{name:?} {value:?}: {done:?}\n");
    }
    text
}
