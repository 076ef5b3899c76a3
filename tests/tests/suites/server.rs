//! `--http server`: a handler of `wasi:http` as a program that listens on a socket.
//!
//! The host is the one of `p1bridge_tests::sockets`, and each `iwasm` that the environment variable
//! `P1BRIDGE_IWASM` names, separated by `:`. The handler is that of `cgi.rs`.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use p1bridge::flatten::FlattenOptions;
use p1bridge::http::Http;
use p1bridge::link::serve;
use p1bridge::profiles::Profile;
use p1bridge_tests::manifest::part;
use p1bridge_tests::sockets;

use super::cgi::chain;

const PATIENCE: Duration = Duration::from_secs(60);

fn options() -> FlattenOptions {
    FlattenOptions {
        sockets: Some(true),
        verify: true,
        ..FlattenOptions::default()
    }
}

fn route(options: &FlattenOptions) -> Vec<u8> {
    let component = part("route-rust").unwrap();
    let flat = serve(&component, "handler.wasm", Http::Server, options);
    flat.unwrap().wasm
}

/// A port that no system hands out by itself, and no other suite takes.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() as u16;
    (0..1000)
        .map(|_| 4_000 + first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 6_000)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .unwrap()
}

/// A running program: where it listens, and what it says in the end.
pub(super) struct Server {
    port: u16,
    ended: thread::JoinHandle<String>,
}

/// The module on the host of the tests.
pub(super) fn start(wasm: Vec<u8>) -> Server {
    let port = free_port();
    let ended = thread::spawn(move || {
        let address = format!("127.0.0.1:{port}");
        let ended = sockets::run(&wasm, &["guest", &address], None).unwrap();
        assert!(ended.exit.is_err(), "{ended:?}");
        assert_eq!(ended.stdout, "");
        ended.stderr
    });
    Server { port, ended }
}

impl Server {
    fn connect(&self) -> TcpStream {
        let start = Instant::now();
        loop {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    stream.set_write_timeout(Some(PATIENCE)).unwrap();
                    return stream;
                }
                Err(error) => {
                    assert!(!self.ended.is_finished(), "it has ended");
                    assert!(start.elapsed() < PATIENCE, "{error}");
                }
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// What comes for these bytes until the connection is closed.
    pub(super) fn raw(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        let mut writer = stream.try_clone().unwrap();
        let request = request.to_vec();
        let sender = thread::spawn(move || writer.write_all(&request));
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        sender.join().unwrap().ok();
        all
    }

    pub(super) fn ask(&self, method: &str, target: &str, fields: &str, body: &[u8]) -> Answer {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: example.com:8080\r\n{fields}");
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        answer(&self.raw(&[head.as_bytes(), b"\r\n", body].concat()))
    }

    /// Ends the program by a trap of its handler; gives what it said on standard error without the first line.
    fn stop(self) -> String {
        let none = self.raw(b"GET /trap HTTP/1.0\r\n\r\n");
        assert_eq!(none, b"");
        let said = self.ended.join().unwrap();
        let first = format!("p1bridge: listening on 127.0.0.1:{}\n", self.port);
        said.strip_prefix(&first)
            .unwrap_or_else(|| panic!("{said}"))
            .to_string()
    }
}

/// What a client reads: the status line, the fields in their order without `Connection: close`, and the body.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) status: String,
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

pub(super) fn answer(all: &[u8]) -> Answer {
    let end = all.windows(4).position(|part| part == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head: {:?}", String::from_utf8_lossy(all)));
    let head = std::str::from_utf8(&all[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().strip_prefix("HTTP/1.1 ").unwrap();
    let mut fields: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    assert_eq!(
        fields.remove(0),
        ("Connection".to_string(), "close".to_string())
    );
    let mut body = all[end + 4..].to_vec();
    let chunked = ("Transfer-Encoding".to_string(), "chunked".to_string());
    if let Some(at) = fields.iter().position(|field| *field == chunked) {
        fields.remove(at);
        body = joined(&body);
    }
    Answer {
        status: status.trim_end().to_string(),
        fields,
        body,
    }
}

/// The bytes of chunks, of which the last has to be there, and nothing behind it.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let end = chunks.windows(2).position(|part| part == b"\r\n").unwrap();
        let size = std::str::from_utf8(&chunks[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let (chunk, rest) = chunks[end + 2..].split_at(size);
        all.extend(chunk);
        chunks = rest.strip_prefix(b"\r\n").unwrap();
        if size == 0 {
            assert_eq!(chunks, b"");
            return all;
        }
    }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| ((i * 31 + 7) % 251) as u8).collect()
}

/// How `route-rust` describes a request.
fn described(method: &str, path: &str, authority: &str, fields: &str) -> String {
    format!(
        "method Method::{method}\npath Some({path:?})\nscheme Some(Scheme::Http)\n\
         authority {authority}\n{fields}fields of a request Err(HeaderError::Immutable)\n"
    )
}

#[test]
fn requests_are_answered_one_after_the_other_as_cgi_answers_them() {
    let server = start(route(&options()));
    let here = "Some(\"example.com:8080\")";
    let found = server.ask("GET", "/", "", b"");
    let text = vec![("content-type".to_string(), "text/plain".to_string())];
    let wanted = b"/ /echo /request /count /bytes /status\n";
    assert_eq!(
        (&*found.status, found.fields, &*found.body),
        ("200", text, &wanted[..])
    );
    for (method, shown) in [
        ("GET", "Get"),
        ("DELETE", "Delete"),
        ("PROPFIND", "Other(\"PROPFIND\")"),
        ("M!#$%&'*+-.^_`|~", "Other(\"M!#$%&'*+-.^_`|~\")"),
    ] {
        let found = server.ask(method, "/request?a=b&c=%20d", "", b"");
        let wanted = described(shown, "/request?a=b&c=%20d", here, "");
        assert_eq!(String::from_utf8(found.body).unwrap(), wanted);
    }
    let fields = "X-Empty:\r\nCookie:  a=b; c=d \t\r\nConnection: close\r\ncookie:e\r\nX_Y: z\r\nKeep-Alive: 1\r\n";
    let found = server.ask("GET", "/request", fields, b"");
    let shown = "cookie: a=b; c=d\ncookie: e\nx-empty: \nx_y: z\n";
    let wanted = described("Get", "/request", here, shown);
    assert_eq!(String::from_utf8(found.body).unwrap(), wanted);
    // The authority of a target counts, and HTTP/1.0 needs none.
    let found = server.ask("GET", "http://other/request", "", b"");
    let wanted = described("Get", "/request", "Some(\"other\")", "");
    assert_eq!(String::from_utf8(found.body).unwrap(), wanted);
    let found = server.raw(b"\r\nGET /request HTTP/1.0\n\n");
    let wanted = described("Get", "/request", "None", "");
    let found = String::from_utf8(found).unwrap();
    assert!(!found.contains("chunked"), "{found}");
    assert!(found.ends_with(&format!("\r\n\r\n{wanted}")), "{found}");

    let bytes = server.ask("GET", "/bytes?100000", "", b"");
    let length = ("content-length".to_string(), "100000".to_string());
    assert_eq!(bytes.fields[0], length);
    let wanted: Vec<u8> = (0..100_000).map(|i| (i * 31 + 7) as u8).collect();
    assert!(bytes.body == wanted);
    let head = server.ask("HEAD", "/bytes?100000", "", b"");
    assert_eq!((head.fields, head.body), (bytes.fields, vec![]));
    for status in ["204", "304"] {
        let found =
            server.raw(format!("GET /status?{status} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        let wanted = format!("HTTP/1.1 {status} \r\nConnection: close\r\n\r\n");
        assert_eq!(String::from_utf8(found).unwrap(), wanted);
    }
    assert_eq!(server.ask("GET", "/bodyless", "", b"").body, b"");
    assert_eq!(
        server.ask("GET", "/before", "", b"").body,
        b"written before the response was set\n"
    );
    let found = server.ask("GET", "/fields", "", b"");
    assert_eq!((&*found.status, found.fields.len()), ("203", 103));
    assert_eq!(server.stop(), "");
}

#[test]
fn bodies_stream_in_both_directions() {
    let server = start(route(&options()));
    let mib = pattern(1 << 20);
    assert!(server.ask("POST", "/echo", "", &mib).body == mib);
    assert_eq!(server.ask("POST", "/echo", "", b"x\0\xff").body, b"x\0\xff");
    let count =
        |body: &[u8]| String::from_utf8(server.ask("PUT", "/count", "", body).body).unwrap();
    assert_eq!(count(&mib), "1048576 bytes, sum e44471b81d4b3917\n");
    assert_eq!(count(b""), "0 bytes, sum cbf29ce484222325\n");
    // Nobody reads this one, and the answer arrives.
    assert_eq!(server.ask("PUT", "/", "", &mib[..100_000]).status, "200");

    // What comes later, and what does not come.
    let mut stream = server.connect();
    let head =
        "PUT /count HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n";
    for part in head.as_bytes().chunks(9) {
        stream.write_all(part).unwrap();
        thread::sleep(Duration::from_millis(2));
    }
    let mut first = [0; 25];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    for part in mib[..20].chunks(7) {
        stream.write_all(part).unwrap();
        thread::sleep(Duration::from_millis(2));
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(answer(&rest).body, b"20 bytes, sum 970e2a87b430d5ad\n");
    let mut stream = server.connect();
    stream
        .write_all(
            b"PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551600\r\n\r\n12345",
        )
        .unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(
        answer(&rest).body,
        b"5 bytes, sum e575e8883c0f89f8, cut off\n"
    );
    assert_eq!(server.stop(), "");
}

/// A request for `/count` with a body in chunks.
fn chunked(body: &str) -> Vec<u8> {
    let head = "PUT /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n";
    format!("{head}{body}").into_bytes()
}

#[test]
fn bodies_in_chunks_are_those_with_a_length() {
    let server = start(route(&options()));
    let count = |body: &str| {
        let found = answer(&server.raw(&chunked(body)));
        assert_eq!(found.status, "200", "{body:?}");
        String::from_utf8(found.body).unwrap()
    };
    let none = "0 bytes, sum cbf29ce484222325\n";
    let five = "5 bytes, sum e575e8883c0f89f8\n";
    assert_eq!(count("0\r\n\r\n"), none);
    assert_eq!(count("5\r\n12345\r\n0\r\n\r\n"), five);
    assert_eq!(
        count("01;a=\"b\"\r\n1\r\n4 \r\n2345\r\n000\r\nA: b\r\nC: d\r\n\r\nmore"),
        five
    );
    let mib = pattern(1 << 20);
    for size in [1 << 20, 65_536, 4_096, 1_000] {
        let mut all =
            b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for part in mib.chunks(size) {
            all.extend(format!("{:x}\r\n", part.len()).into_bytes());
            all.extend(part);
            all.extend(b"\r\n");
        }
        all.extend(b"0\r\n\r\n");
        assert!(answer(&server.raw(&all)).body == mib, "{size}");
    }
    // Byte by byte.
    let mut stream = server.connect();
    for byte in chunked("5;x\r\n12345\r\n0\r\na: b\r\n\r\n") {
        stream.write_all(&[byte]).unwrap();
    }
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    assert_eq!(answer(&all).body, five.as_bytes());
    // What are no chunks, after good ones.
    let digits = "1".repeat(17);
    let extension = "x".repeat(20_000);
    for (good, bad) in [
        (5, "x\r\n"),
        (5, "-1\r\n"),
        (5, "0x1\r\n1"),
        (5, "\r\n"),
        (5, "1\n1\r\n"),
        (6, "1\r\n12\r\n"),
        (6, "1\r\n1\n"),
        (5, &*format!("{digits}\r\n1")),
        (5, &*format!("1;{extension}\r\n1\r\n0\r\n\r\n")),
        (5, &*format!("0\r\nA: {extension}\r\n\r\n")),
        (5, "0\r\n\n"),
    ] {
        let found = count(&format!("5\r\n12345\r\n{bad}"));
        let begins = found.starts_with(&format!("{good} bytes, "));
        assert!(begins && found.ends_with(", cut off\n"), "{bad:?}: {found}");
    }
    assert_eq!(server.stop(), "");
}

#[test]
fn what_is_no_request_and_what_has_no_response_is_answered_and_the_next_one_is_served() {
    let server = start(route(&options()));
    let long = "x".repeat(20_000);
    let mut said = String::new();
    for (request, status, reason) in [
        ("GET\r\n\r\n", "400", "invalid path"),
        (
            "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
            "400",
            "invalid path",
        ),
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", "400", "invalid path"),
        ("GET / HTTP/2.0\r\n\r\n", "505", "this is not HTTP/1.1"),
        ("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", "400", "invalid method"),
        ("GET / HTTP/1.1\r\n\r\n", "400", "invalid authority"),
        (
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            "400",
            "invalid authority",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "400",
            "invalid authority",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nx y: z\r\n\r\n",
            "400",
            "invalid header field",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nx : z\r\n\r\n",
            "400",
            "invalid header field",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\n x: z\r\n\r\n",
            "400",
            "invalid header field",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nx: a\0z\r\n\r\n",
            "400",
            "invalid header field",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nx: a\rz\r\n\r\n",
            "400",
            "invalid header field",
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            "400",
            "invalid content length",
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n",
            "400",
            "invalid content length",
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
            "400",
            "invalid content length",
        ),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "501",
            "this transfer coding is not known",
        ),
        // Of two lengths, somebody in between may have believed the other one.
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            "400",
            "invalid content length",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "400",
            "invalid content length",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "400",
            "invalid content length",
        ),
        (
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "400",
            "invalid content length",
        ),
        (
            &format!("GET / HTTP/1.1\r\nX: {long}\r\n\r\n"),
            "431",
            "header fields too large",
        ),
        (
            "GET /none HTTP/1.1\r\nHost: a\r\n\r\n",
            "500",
            "the handler did not set a response",
        ),
        (
            "GET /error HTTP/1.1\r\nHost: a\r\n\r\n",
            "500",
            "the handler gave error-code 38",
        ),
        (
            "GET /timeout HTTP/1.1\r\nHost: a\r\n\r\n",
            "504",
            "the handler gave error-code 9",
        ),
    ] {
        let found = answer(&server.raw(request.as_bytes()));
        assert_eq!(
            (&*found.status, &*found.body),
            (status, format!("{reason}\n").as_bytes()),
            "{request}"
        );
        let hint = if status == "431" {
            ": see --max-http"
        } else {
            ""
        };
        said += &format!("p1bridge: {reason}{hint}\n");
    }
    // A body that is not finished has no last chunk.
    let found = server.raw(b"GET /unfinished HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(found.ends_with(b"\r\n0000000D\r\nnot all of it\r\n"));
    said += "p1bridge: the body of the response was not finished\n";
    // Nobody, and somebody who goes.
    drop(server.connect());
    server.connect().write_all(b"GET / HT").unwrap();
    assert_eq!(server.ask("GET", "/", "", b"").status, "200");
    assert_eq!(server.stop(), said);
}

#[test]
fn nothing_is_left_of_a_thousand_requests() {
    let options = FlattenOptions {
        max_handles: Some(12),
        max_http: Some(2048),
        ..options()
    };
    let server = start(route(&options));
    let body = pattern(700);
    for round in 0..200 {
        let fields = format!("X-Round: {round}\r\n");
        let found = server.ask("PUT", "/count", &fields, &body);
        assert!(found.body.starts_with(b"700 bytes"), "{round}");
        assert!(server.ask("POST", "/echo", &fields, &body).body == body);
        assert_eq!(server.ask("GET", "/none", "", b"").status, "500");
        let bad = server.raw(b"PUT / HTTP/1.1\r\nA: b\r\nContent-Length: x\r\n\r\n");
        assert_eq!(answer(&bad).status, "400");
        assert_eq!(server.ask("GET", "/before", "", b"").status, "200");
    }
    assert_eq!(server.stop().lines().count(), 400);
}

#[test]
fn a_client_that_is_too_slow_is_told_so() {
    let server = start(route(&options()));
    let mut stream = server.connect();
    stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let start = Instant::now();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    assert_eq!(answer(&all).status, "408");
    assert!(start.elapsed() > Duration::from_secs(9));
    assert_eq!(server.stop(), "p1bridge: the request is too slow\n");
}

#[test]
fn three_components_in_a_chain_serve_as_one() {
    let port = free_port();
    let wasm = chain(Http::Server, &options());
    let ended = thread::spawn(move || {
        let address = format!("127.0.0.1:{port}");
        sockets::run(&wasm, &["guest", &address], None).unwrap()
    });
    let server = Server {
        port,
        ended: thread::spawn(move || {
            let ended = ended.join().unwrap();
            ended.stdout + &ended.stderr
        }),
    };
    for _ in 0..20 {
        assert_eq!(server.ask("GET", "/request", "", b"").status, "401");
        let token = "Authorization: Bearer open sesame\r\n";
        let mib = pattern(1 << 16);
        assert!(server.ask("POST", "/echo", token, &mib).body == mib);
    }
    let token = "Authorization: Bearer open sesame\r\n";
    server.raw(format!("GET /trap HTTP/1.1\r\nHost: a\r\n{token}\r\n").as_bytes());
    let said = server.ended.join().unwrap();
    // What the chain prints stays on standard output.
    assert_eq!(
        said.matches("log: Method::Post /echo").count(),
        20,
        "{said}"
    );
}

#[test]
fn the_argument_is_an_address_and_the_host_lets_it_listen() {
    let wasm = route(&options());
    for bad in [
        "",
        "8080",
        "1.2.3:4",
        "1.2.3.256:1",
        "1.2.3.4:65536",
        "1.2.3.4:1 ",
        "localhost:80",
    ] {
        let ended = sockets::run(&wasm, &["guest", bad], None).unwrap();
        assert_eq!(ended.exit, Ok(1), "{bad}");
        let wanted = "p1bridge: the argument is no address such as 127.0.0.1:8080\n";
        assert_eq!(ended.stderr, wanted, "{bad}");
    }
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for address in [&*address, "1.2.3.4:80"] {
        let ended = sockets::run(&wasm, &["guest", address], None).unwrap();
        assert_eq!(ended.exit, Ok(1), "{address}");
        let wanted = "p1bridge: the host does not let it listen: error ";
        assert!(ended.stderr.starts_with(wanted), "{}", ended.stderr);
    }
    let component = part("route-rust").unwrap();
    let options = FlattenOptions::default();
    let error = serve(&component, "a", Http::Server, &options).unwrap_err();
    assert!(
        format!("{error:#}").contains("add --sockets wamr"),
        "{error:#}"
    );
}

#[test]
fn real_hosts_serve_as_well() {
    let named = std::env::var("P1BRIDGE_IWASM").unwrap_or_default();
    for iwasm in named.split(':').filter(|path| !path.is_empty()) {
        let options = FlattenOptions {
            profile: Profile::named("wamr-2").unwrap(),
            ..FlattenOptions::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server.wasm");
        std::fs::write(&file, route(&options)).unwrap();
        let port = free_port();
        let mut child = Command::new(iwasm)
            .arg("--addr-pool=127.0.0.1/32")
            .arg(&file)
            .arg(format!("127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Server {
            port,
            ended: thread::spawn(move || format!("{:?}", child.wait())),
        };
        let mib = pattern(1 << 20);
        for _ in 0..20 {
            assert!(server.ask("POST", "/echo", "", &mib).body == mib, "{iwasm}");
            assert_eq!(server.ask("GET", "/none", "", b"").status, "500");
        }
        assert_eq!(server.raw(b"GET /trap HTTP/1.0\r\n\r\n"), b"");
        server.ended.join().unwrap();
    }
}
