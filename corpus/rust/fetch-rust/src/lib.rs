//! Sends requests of HTTP, and prints what comes back.
//!
//! `fetch-rust get METHOD SCHEME AUTHORITY PATH [NAME:VALUE…] | send METHOD AUTHORITY PATH BYTES HOW | both AUTHORITY PATH
//! BYTES | several AUTHORITY PATH… | times AUTHORITY PATH CONNECT FIRST BETWEEN | poll AUTHORITY PATH | half AUTHORITY
//! PATH`. A `-` is none.

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::{environment, stdout};
use bindings::wasi::clocks::monotonic_clock;
use bindings::wasi::http::outgoing_handler::handle;
use bindings::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, InputStream, Method, OutgoingBody,
    OutgoingRequest, RequestOptions, Scheme, http_error_code,
};
use bindings::wasi::io::poll;
use bindings::wasi::io::streams::StreamError;

struct Program;
bindings::export!(Program with_types_in bindings);

fn say(text: &str) {
    for part in text.as_bytes().chunks(4096) {
        stdout::get_stdout().blocking_write_and_flush(part).expect("an open stream");
    }
}

macro_rules! say {
    ($($part:tt)*) => { say(&format!("{}\n", format_args!($($part)*))) };
}

/// Byte `at` of what is sent.
fn byte(at: usize) -> u8 {
    ((at * 31 + 7) % 251) as u8
}

fn hash(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_string()),
    }
}

fn some(text: &str) -> Option<&str> {
    (text != "-").then_some(text)
}

/// A request without a body, to a server over plain HTTP.
fn request(verb: &str, authority: &str, path: &str, fields: Fields) -> OutgoingRequest {
    let request = OutgoingRequest::new(fields);
    request.set_method(&method(verb)).expect("a method");
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    request.set_authority(some(authority)).expect("an authority");
    request.set_path_with_query(some(path)).expect("a path");
    request
}

/// Waits for the response, which has to be there when the pollable says so.
fn wait(future: &FutureIncomingResponse) -> Result<IncomingResponse, ErrorCode> {
    future.subscribe().block();
    future.get().expect("it is there").expect("it is taken once")
}

/// How a stream ended.
fn ending(error: StreamError) -> String {
    match error {
        StreamError::Closed => String::new(),
        StreamError::LastOperationFailed(error) => format!(", cut off: {:?}", http_error_code(&error)),
    }
}

/// Reads to the end: how many bytes, a sum of them, the first ones, and how it ended.
fn each(stream: &InputStream) -> (usize, u64, Vec<u8>, String) {
    let (mut count, mut sum, mut first) = (0, 0xcbf2_9ce4_8422_2325, Vec::new());
    loop {
        match stream.blocking_read(32768) {
            Ok(part) => {
                count += part.len();
                sum = hash(sum, &part);
                first.extend(part.iter().take(100 - first.len().min(100)));
            }
            Err(error) => return (count, sum, first, ending(error)),
        }
    }
}

/// Prints a response.
fn show(response: Result<IncomingResponse, ErrorCode>) {
    let response = match response {
        Ok(response) => response,
        Err(error) => return say!("error {error:?}"),
    };
    say!("status {}", response.status());
    let fields = response.headers().entries();
    for (name, value) in fields.iter().take(20) {
        say!("{name}: {}", String::from_utf8_lossy(value));
    }
    if fields.len() > 20 {
        say!("{} fields", fields.len());
    }
    let body = response.consume().expect("a body");
    assert!(response.consume().is_err());
    let stream = body.stream().expect("a stream");
    let (count, sum, first, end) = each(&stream);
    say!("body {count} {sum:016x} {:?}{end}", String::from_utf8_lossy(&first));
    drop(stream);
    trailers(body);
}

fn trailers(body: IncomingBody) {
    let future = IncomingBody::finish(body);
    future.subscribe().block();
    match future.get().expect("they are there").expect("they are taken once") {
        Ok(None) => {}
        Ok(Some(fields)) => {
            for (name, value) in fields.entries() {
                say!("trailer {name}: {}", String::from_utf8_lossy(&value));
            }
        }
        Err(error) => say!("no trailers: {error:?}"),
    }
    assert!(future.get().expect("still").is_err());
}

fn get(verb: &str, scheme: &str, authority: &str, path: &str, more: &[String]) {
    let fields = Fields::new();
    for field in more {
        let (name, value) = field.split_once(':').expect("a name and a value");
        if let Err(error) = fields.append(name, value.as_bytes()) {
            say!("{name}: {error:?}");
        }
    }
    let request = request(verb, authority, path, fields);
    let scheme = some(scheme).map(|scheme| match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_string()),
    });
    request.set_scheme(scheme.as_ref()).expect("a scheme");
    match handle(request, None) {
        Ok(future) => {
            show(wait(&future));
            assert!(matches!(future.get(), Some(Err(()))));
        }
        Err(error) => say!("refused {error:?}"),
    }
}

/// Sends a body of so many bytes: `length` says how long it is before, `chunks` does not, `early` is written before the
/// request goes, `whole` is complete before, `short` and `long` are not as long as they say, `dropped` is not finished,
/// `trailers` has some.
fn send(verb: &str, authority: &str, path: &str, count: usize, how: &str) {
    let fields = Fields::new();
    let said = match how {
        "length" | "early-length" => Some(count),
        "short" => Some(count + 1),
        "long" => Some(count - 1),
        "unsent" => Some(count),
        "nonsense" => {
            fields.append("content-length", b"+5").expect("a field");
            None
        }
        _ => None,
    };
    if let Some(said) = said {
        fields.append("content-length", said.to_string().as_bytes()).expect("a field");
    }
    let request = request(verb, authority, path, fields);
    if how == "unsent" || how == "nonsense" {
        match request.body() {
            Err(()) => say!("no body"),
            Ok(_) if how == "nonsense" => say!("a body"),
            Ok(_) => {}
        }
        return show(handle(request, None).and_then(|future| wait(&future)));
    }
    let body = request.body().expect("a body");
    assert!(request.body().is_err());
    let stream = body.write().expect("a stream");
    let all: Vec<u8> = (0..count).map(byte).collect();
    let write = || {
        for part in all.chunks(4096) {
            if let Err(error) = stream.blocking_write_and_flush(part) {
                say!("not written{}", ending(error));
                return;
            }
        }
    };
    let is_early = how.starts_with("early") || how == "whole";
    if is_early {
        write();
    }
    if how == "whole" {
        drop(stream);
        OutgoingBody::finish(body, None).expect("a complete body");
        return show(handle(request, None).and_then(|future| wait(&future)));
    }
    let future = match handle(request, None) {
        Ok(future) => future,
        Err(error) => return say!("refused {error:?}"),
    };
    if !is_early {
        write();
    }
    drop(stream);
    if how == "dropped" {
        drop(body);
    } else {
        let late = (how == "trailers").then(|| {
            Fields::from_list(&[
                ("x-sum".to_string(), b"1 2".to_vec()),
                ("x-more".to_string(), b"".to_vec()),
            ])
            .expect("fields")
        });
        if let Err(error) = OutgoingBody::finish(body, late) {
            say!("unfinished {error:?}");
        }
    }
    show(wait(&future));
}

/// Sends and receives at once, with as much as the streams take, and neither waits for the other.
fn both(authority: &str, path: &str, count: usize) {
    let request = request("POST", authority, path, Fields::new());
    let mut out = Some(request.body().expect("a body"));
    let mut stream = out.as_ref().map(|out| out.write().expect("a stream"));
    let future = handle(request, None).expect("a future");
    let all: Vec<u8> = (0..count).map(byte).collect();
    let mut sent = 0;
    let mut response = None;
    let mut incoming: Option<(InputStream, IncomingBody)> = None;
    let (mut received, mut sum) = (0, 0xcbf2_9ce4_8422_2325);
    loop {
        let mut pollables = Vec::new();
        if let Some(stream) = &stream {
            pollables.push(stream.subscribe());
        }
        match &incoming {
            Some((stream, _)) => pollables.push(stream.subscribe()),
            None => pollables.push(future.subscribe()),
        }
        let borrowed: Vec<_> = pollables.iter().collect();
        let ready = poll::poll(&borrowed);
        assert!(!ready.is_empty());
        drop(pollables);
        if let Some(open) = &stream {
            let permit = open.check_write().expect("an open stream") as usize;
            let part = permit.min(count - sent);
            open.write(&all[sent..sent + part]).expect("an open stream");
            sent += part;
            if sent == count {
                stream = None;
                OutgoingBody::finish(out.take().expect("once"), None).expect("a complete body");
            }
        }
        if incoming.is_none()
            && let Some(taken) = future.get()
        {
            let taken = taken.expect("once").expect("a response");
            say!("status {}, {}", taken.status(), if sent < count { "before all is sent" } else { "at the end" });
            let body = taken.consume().expect("a body");
            incoming = Some((body.stream().expect("a stream"), body));
            response = Some(taken);
        }
        if let Some((stream, _)) = &incoming {
            match stream.read(65536) {
                Ok(part) => {
                    received += part.len();
                    sum = hash(sum, &part);
                }
                Err(StreamError::Closed) => break,
                Err(error) => return say!("read{}", ending(error)),
            }
        }
    }
    assert_eq!(sum, hash(0xcbf2_9ce4_8422_2325, &all));
    say!("{received} of {sent} bytes came back");
    let (stream, body) = incoming.expect("a response");
    drop(stream);
    trailers(body);
    drop(response);
}

/// Several requests at once, and which of them was answered first.
fn several(authority: &str, paths: &[String]) {
    let futures: Vec<FutureIncomingResponse> = paths
        .iter()
        .map(|path| handle(request("GET", authority, path, Fields::new()), None).expect("a future"))
        .collect();
    let mut left: Vec<usize> = (0..paths.len()).collect();
    while !left.is_empty() {
        let pollables: Vec<_> = left.iter().map(|index| futures[*index].subscribe()).collect();
        let borrowed: Vec<_> = pollables.iter().collect();
        let ready = poll::poll(&borrowed);
        drop(pollables);
        let done: Vec<usize> = ready.iter().map(|index| left[*index as usize]).collect();
        for index in &done {
            say!("{}", paths[*index]);
            show(futures[*index].get().expect("it is there").expect("once"));
        }
        left.retain(|index| !done.contains(index));
    }
}

fn options(connect: &str, first: &str, between: &str) -> RequestOptions {
    let options = RequestOptions::new();
    let milliseconds = |text: &str| some(text).map(|text| text.parse::<u64>().expect("a number") * 1_000_000);
    options.set_connect_timeout(milliseconds(connect)).expect("a time");
    options.set_first_byte_timeout(milliseconds(first)).expect("a time");
    options.set_between_bytes_timeout(milliseconds(between)).expect("a time");
    options
}

fn times(authority: &str, path: &str, options: RequestOptions) {
    let start = monotonic_clock::now();
    match handle(request("GET", authority, path, Fields::new()), Some(options)) {
        Ok(future) => show(wait(&future)),
        Err(error) => say!("refused {error:?}"),
    }
    let time = (monotonic_clock::now() - start) / 1_000_000;
    say!("{}", if time < 5000 { "in time" } else { "late" });
}

/// A clock that is over before the response comes, and the response after all.
fn polled(authority: &str, path: &str) {
    let future = handle(request("GET", authority, path, Fields::new()), None).expect("a future");
    let pollable = future.subscribe();
    assert!(future.get().is_none());
    let clock = monotonic_clock::subscribe_duration(20_000_000);
    say!("{:?}", poll::poll(&[&pollable, &clock]));
    assert!(!pollable.ready());
    drop(clock);
    pollable.block();
    assert!(pollable.ready());
    drop(pollable);
    show(future.get().expect("it is there").expect("once"));
}

/// A body of which half is read, and whose trailers come nevertheless; and one that is dropped.
fn half(authority: &str, path: &str) {
    for _ in 0..2 {
        let future = handle(request("GET", authority, path, Fields::new()), None).expect("a future");
        let response = wait(&future).expect("a response");
        let body = response.consume().expect("a body");
        let stream = body.stream().expect("a stream");
        let part = stream.blocking_read(10).expect("bytes");
        say!("{:?}", String::from_utf8_lossy(&part));
        stream.blocking_skip(5).expect("bytes");
        drop(stream);
        trailers(body);
    }
    let future = handle(request("GET", authority, path, Fields::new()), None).expect("a future");
    drop(wait(&future).expect("a response"));
    drop(future);
    drop(handle(request("GET", authority, path, Fields::new()), None).expect("a future"));
}

impl Guest for Program {
    fn run() -> Result<(), ()> {
        let args = environment::get_arguments();
        let words: Vec<&str> = args.iter().skip(1).map(String::as_str).collect();
        match words.as_slice() {
            ["get", verb, scheme, authority, path, ..] => get(verb, scheme, authority, path, &args[6..]),
            ["send", verb, authority, path, count, how] => {
                send(verb, authority, path, count.parse().expect("a number"), how);
            }
            ["both", authority, path, count] => both(authority, path, count.parse().expect("a number")),
            ["several", authority, ..] => several(authority, &args[3..]),
            ["times", authority, path, connect, first, between] => {
                times(authority, path, options(connect, first, between));
            }
            ["poll", authority, path] => polled(authority, path),
            ["half", authority, path] => half(authority, path),
            _ => return Err(()),
        }
        Ok(())
    }
}
