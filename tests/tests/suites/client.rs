//! Requests that a program sends: `wasi:http/outgoing-handler` on the sockets of WAMR.
//!
//! The host is the one of `p1bridge_tests::sockets`, and each `iwasm` that the environment variable
//! `P1BRIDGE_IWASM` names, separated by `:`. The peer is a server that says what a test wants.
//! `adapters/tests/client.mjs` has more of what servers say, and faults of the host.
//!
//! What is expected of `fetch-rust` was compared with the component on the crate `wasmtime-wasi-http` 48, with such a
//! peer. That differs where it may:
//!
//! - fields of one name stand together in a request, it sends no `Content-Length: 0`, no trailers that a field `Trailer`
//!   does not name, and no body of a `GET` without a length, without a word;
//! - it takes HTTPS where no scheme is named, and refuses a request without a path, and the path `*`;
//! - a body that is written before its request is sent waits forever if it has more than one part;
//! - it refuses a response with bytes behind its length, and takes one of status 101, two equal lengths, a length beside
//!   chunks, and a transfer coding that it does not know;
//! - it has `HTTP-protocol-error` for an incomplete head and one that is too large, and no error code for a body that is
//!   cut off.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::http::Http;
use p1bridge::link::serve;
use p1bridge::profiles::Profile;
use p1bridge_tests::manifest::{self, part};
use p1bridge_tests::sockets;

use super::server::{Server, start};

const PATIENCE: Duration = Duration::from_secs(60);

fn guest() -> Vec<u8> {
    std::fs::read(manifest::corpus().join("prebuilt/fetch-rust.wasm")).unwrap()
}

fn options() -> FlattenOptions {
    FlattenOptions {
        sockets: Some(true),
        verify: true,
        ..FlattenOptions::default()
    }
}

/// What the program prints on the host of the tests, with these options.
fn run_with(options: &FlattenOptions, args: &[&str]) -> String {
    let flat = flatten(&guest(), options).unwrap().wasm;
    let ended = sockets::run(&flat, &[&["guest"], args].concat(), None).unwrap();
    assert_eq!(
        ended.exit,
        Ok(0),
        "{args:?} {}{}",
        ended.stdout,
        ended.stderr
    );
    ended.stdout
}

fn run(args: &[&str]) -> String {
    run_with(&options(), args)
}

/// A server on the loopback that does this with each connection, whose head it has read; the heads are sent on.
struct Peer {
    authority: String,
    heads: mpsc::Receiver<String>,
}

/// What there is of a body behind the head, and the connection.
type Asked<'a> = (&'a str, Vec<u8>, TcpStream);

fn peer(answer: impl Fn(Asked<'_>) + Send + Sync + Clone + 'static) -> Peer {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let (sender, heads) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (answer, sender) = (answer.clone(), sender.clone());
            thread::spawn(move || {
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let mut all = Vec::new();
                while !all.windows(4).any(|part| part == b"\r\n\r\n") {
                    let mut part = [0; 4096];
                    let count = stream.read(&mut part).unwrap_or(0);
                    if count == 0 {
                        return;
                    }
                    all.extend(&part[..count]);
                }
                let end = all.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
                let rest = all.split_off(end + 4);
                let head = String::from_utf8(all).unwrap();
                sender.send(head.clone()).ok();
                answer((&head, rest, stream));
            });
        }
    });
    Peer { authority, heads }
}

impl Peer {
    /// The head of the next request, and nothing of the one before.
    fn head(&self) -> String {
        self.heads.recv_timeout(PATIENCE).unwrap()
    }
}

/// A server that says this to everybody.
fn saying(text: impl AsRef<[u8]> + Send + Sync + Clone + 'static) -> Peer {
    peer(move |(_, _, mut stream)| {
        stream.write_all(text.as_ref()).ok();
    })
}

/// The body of a request, as it comes: with a length or in chunks, each part of which is given to `take`. Gives the lines
/// behind the last chunk.
fn body(head: &str, rest: Vec<u8>, stream: &TcpStream, mut take: impl FnMut(&[u8])) -> String {
    let mut reader = std::io::BufReader::new(rest.chain(stream));
    let lower = head.to_lowercase();
    if let Some((_, length)) = lower.split_once("content-length: ") {
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        give(&mut reader, length, &mut take);
        return String::new();
    }
    if !lower.contains("transfer-encoding: chunked") {
        return String::new();
    }
    loop {
        let size = usize::from_str_radix(&line(&mut reader), 16).unwrap();
        if size == 0 {
            break;
        }
        give(&mut reader, size, &mut take);
        assert_eq!(line(&mut reader), "");
    }
    let mut late = String::new();
    loop {
        let line = line(&mut reader);
        if line.is_empty() {
            return late;
        }
        late += &line;
        late += "\n";
    }
}

fn line(reader: &mut impl Read) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        reader.read_exact(&mut byte).unwrap();
        line.push(byte[0]);
    }
    line.truncate(line.len() - 2);
    String::from_utf8(line).unwrap()
}

fn give(reader: &mut impl Read, mut left: usize, take: &mut impl FnMut(&[u8])) {
    let mut part = vec![0; 16384];
    while left != 0 {
        let most = left.min(part.len());
        let count = reader.read(&mut part[..most]).unwrap();
        assert_ne!(count, 0, "the body ends early");
        take(&part[..count]);
        left -= count;
    }
}

/// A server that answers by the path: `/echo` with the body of the request in chunks, as it comes; `/bytes/N` with so many
/// bytes; `/slow/N/…` after so many milliseconds, and with the whole path.
fn server() -> Peer {
    peer(|(head, rest, mut stream)| {
        let path = head.split(' ').nth(1).unwrap().to_string();
        let ok = "HTTP/1.1 200 OK\r\n";
        if path == "/echo" {
            let mut out = stream.try_clone().unwrap();
            let head_of_it = format!("{ok}Transfer-Encoding: chunked\r\n\r\n");
            out.write_all(head_of_it.as_bytes()).unwrap();
            let late = body(head, rest, &stream, |part| {
                let chunk = [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
                out.write_all(&chunk).unwrap();
            });
            let late = late.replace('\n', "\r\n");
            stream
                .write_all(format!("0\r\nx-last: yes\r\n{late}\r\n").as_bytes())
                .unwrap();
        } else if let Some(count) = path.strip_prefix("/bytes/") {
            let count: usize = count.parse().unwrap();
            stream
                .write_all(format!("{ok}Content-Length: {count}\r\n\r\n").as_bytes())
                .unwrap();
            stream.write_all(&pattern(count)).ok();
        } else {
            let time = path
                .strip_prefix("/slow/")
                .unwrap()
                .split('/')
                .next()
                .unwrap();
            thread::sleep(Duration::from_millis(time.parse().unwrap()));
            stream.write_all(format!("{ok}\r\n{path}").as_bytes()).ok();
        }
    })
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| ((i * 31 + 7) % 251) as u8).collect()
}

/// How `fetch-rust` shows a body of this text.
fn shown(text: &str) -> String {
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("body {} {sum:016x} {text:?}", text.len())
}

#[test]
fn requests_are_those_that_the_program_makes() {
    let peer = saying("HTTP/1.1 204 No\r\n\r\n");
    let authority = &*peer.authority;
    let host = format!("Host: {authority}\r\nConnection: close\r\n");
    let head = |args: &[&str]| {
        let printed = run(args);
        assert!(
            printed.ends_with("status 204\nbody 0 cbf29ce484222325 \"\"\n"),
            "{args:?} {printed}"
        );
        peer.head()
    };
    for method in [
        "GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get",
    ] {
        let found = head(&["get", method, "http", authority, "/a?b=%20c"]);
        assert_eq!(found, format!("{method} /a?b=%20c HTTP/1.1\r\n{host}\r\n"));
    }
    for method in ["POST", "PUT", "PATCH"] {
        let found = head(&["get", method, "http", authority, "/"]);
        let wanted = format!("{method} / HTTP/1.1\r\n{host}Content-Length: 0\r\n\r\n");
        assert_eq!(found, wanted);
    }
    for (path, target) in [
        ("-", "/"),
        ("?a", "/?a"),
        ("/\u{e9}/\"|", "/\u{e9}/\"|"),
        ("*", "*"),
    ] {
        let method = if path == "*" { "OPTIONS" } else { "GET" };
        // Where the program names no scheme, it is the only one there is; wasmtime takes HTTPS then.
        let found = head(&["get", method, "-", authority, path]);
        assert_eq!(found, format!("{method} {target} HTTP/1.1\r\n{host}\r\n"));
    }
    let fields = [
        "X-One:1",
        "Accept:*/*",
        "x-one: 2 ",
        "x-empty:",
        "content-length:0",
    ];
    let found = head(&[&["get", "GET", "http", authority, "/"], &fields[..]].concat());
    let shown = "x-one: 1\r\naccept: */*\r\nx-one:  2 \r\nx-empty: \r\ncontent-length: 0\r\n";
    assert_eq!(found, format!("GET / HTTP/1.1\r\n{host}{shown}\r\n"));
    let refused = [
        "host:a",
        "Connection:x",
        "transfer-encoding:chunked",
        "upgrade:x",
        "a b:c",
    ];
    let printed = run(&[&["get", "GET", "http", authority, "/"], &refused[..]].concat());
    assert_eq!(
        printed.matches("HeaderError::Forbidden").count(),
        4,
        "{printed}"
    );
    assert_eq!(
        printed.matches("HeaderError::InvalidSyntax").count(),
        1,
        "{printed}"
    );
    assert_eq!(peer.head(), format!("GET / HTTP/1.1\r\n{host}\r\n"));
}

#[test]
fn bodies_of_requests_have_a_length_or_come_in_chunks() {
    let server = server();
    let authority = &*server.authority;
    let host = format!("Host: {authority}\r\nConnection: close\r\n");
    let sum = "3f311c4f30905418";
    for (method, how, framing, late) in [
        ("POST", "chunks", "Transfer-Encoding: chunked", ""),
        ("POST", "length", "content-length: 100000", ""),
        ("DELETE", "chunks", "Transfer-Encoding: chunked", ""),
        (
            "PUT",
            "trailers",
            "Transfer-Encoding: chunked",
            "trailer x-sum: 1 2\ntrailer x-more: \n",
        ),
    ] {
        let printed = run(&["send", method, authority, "/echo", "100000", how]);
        let body = format!("status 200\nbody 100000 {sum} ");
        assert!(printed.starts_with(&body), "{how}: {printed}");
        assert!(
            printed.ends_with(&format!("trailer x-last: yes\n{late}")),
            "{how}: {printed}"
        );
        assert_eq!(
            server.head(),
            format!("{method} /echo HTTP/1.1\r\n{host}{framing}\r\n\r\n")
        );
    }
    // What is written before the request goes, all of it or not, waits in the pool.
    for (method, how, framing) in [
        ("POST", "early", "Content-Length: 5000"),
        ("GET", "early", "Content-Length: 5000"),
        ("POST", "early-length", "content-length: 5000"),
        ("POST", "whole", "Content-Length: 5000"),
        ("GET", "whole", "Content-Length: 5000"),
    ] {
        let printed = run(&["send", method, authority, "/echo", "5000", how]);
        let body = "status 200\nbody 5000 a980baac7ba236c9 ";
        assert!(printed.starts_with(body), "{how}: {printed}");
        assert_eq!(
            server.head(),
            format!("{method} /echo HTTP/1.1\r\n{host}{framing}\r\n\r\n")
        );
    }
    let printed = run(&["send", "POST", authority, "/echo", "20000", "early"]);
    assert!(printed.starts_with("not written, cut off: "), "{printed}");
    server.head();
    // Nobody expects a body of these, and there is none.
    for how in ["chunks", "whole"] {
        let printed = run(&["send", "GET", authority, "/slow/0/", "0", how]);
        assert_eq!(printed, format!("status 200\n{}\n", shown("/slow/0/")));
        assert_eq!(
            server.head(),
            format!("GET /slow/0/ HTTP/1.1\r\n{host}\r\n")
        );
    }
    let printed = run(&["send", "GET", authority, "/slow/0/", "9", "chunks"]);
    assert!(
        printed.starts_with("not written, cut off: Some(ErrorCode::ConnectionTerminated)\n"),
        "{printed}"
    );
}

#[test]
fn a_body_that_is_not_as_long_as_it_says_is_an_error_and_never_complete() {
    let silent = peer(|(_, _, mut stream)| {
        stream.read_to_end(&mut Vec::new()).ok();
    });
    let size = |size: &str| format!("ErrorCode::HttpRequestBodySize({size})");
    let lost = "error ErrorCode::HttpProtocolError\n";
    for (how, wanted) in [
        (
            "short",
            format!("unfinished {}\n{lost}", size("Some(5000)")),
        ),
        (
            "long",
            format!(
                "not written, cut off: Some({})\nunfinished {}\n{lost}",
                size("None"),
                size("Some(4096)")
            ),
        ),
        ("dropped", lost.to_string()),
        ("unsent", lost.to_string()),
        (
            "nonsense",
            "no body\nerror ErrorCode::InternalError(None)\n".to_string(),
        ),
    ] {
        let found = run(&["send", "POST", &silent.authority, "/", "5000", how]);
        assert_eq!(found, wanted, "{how}");
    }
    let found = run(&[
        "get",
        "GET",
        "http",
        &silent.authority,
        "/",
        "content-length:5",
    ]);
    assert_eq!(found, format!("refused {}\n", size("Some(0)")));
}

#[test]
fn responses_end_as_they_say() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (said, method, wanted) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\nx-A:  c d\t\r\nConnection: x\r\n\r\nhello, more",
            "GET",
            format!(
                "status 200\ncontent-length: 5\nx-a: b\nx-a: c d\n{}\n",
                shown("hello")
            ),
        ),
        (
            "HTTP/1.1 999 \r\n\r\nto the end",
            "GET",
            format!("status 999\n{}\n", shown("to the end")),
        ),
        (
            "HTTP/1.0 404 Not Found\nServer: old\n\nto the end",
            "GET",
            format!("status 404\nserver: old\n{}\n", shown("to the end")),
        ),
        (
            &format!("{chunked}5;a=b\r\nhello\r\nA\r\n, 012345 .\r\n0\r\nX-T: a\r\nX-T: b\r\n\r\n"),
            "GET",
            format!(
                "status 200\n{}\ntrailer x-t: a\ntrailer x-t: b\n",
                shown("hello, 012345 .")
            ),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HEAD",
            format!("status 200\ncontent-length: 5\n{}\n", shown("")),
        ),
        (
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
            "GET",
            format!("status 304\ncontent-length: 5\n{}\n", shown("")),
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 201 \r\nB: c\r\n\r\nx",
            "GET",
            format!("status 201\nb: c\n{}\n", shown("x")),
        ),
    ] {
        let said_at_once = saying(said.to_string());
        let found = run(&["get", method, "http", &said_at_once.authority, "/"]);
        assert_eq!(found, wanted, "{said:?}");
        let text = said.to_string();
        let by_bytes = peer(move |(_, _, mut stream)| {
            stream.set_nodelay(true).unwrap();
            for byte in text.bytes() {
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
            }
        });
        let found = run(&["get", method, "http", &by_bytes.authority, "/"]);
        assert_eq!(found, wanted, "byte by byte: {said:?}");
    }
}

#[test]
fn servers_that_are_none_and_those_that_want_too_much_are_errors() {
    let ok = "HTTP/1.1 200 OK\r\n";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let protocol = "error ErrorCode::HttpProtocolError\n";
    let head = "error ErrorCode::HttpResponseHeaderSectionSize(None)\n";
    let cut = |text: &str, error: &str| {
        format!(
            "{}, cut off: Some(ErrorCode::{error})\nno trailers: ErrorCode::{error}\n",
            shown(text)
        )
    };
    let length = "status 200\ncontent-length: 9\n";
    for (said, wanted) in [
        (
            String::new(),
            "error ErrorCode::HttpResponseIncomplete\n".to_string(),
        ),
        (
            ok.to_string(),
            "error ErrorCode::HttpResponseIncomplete\n".to_string(),
        ),
        ("SSH-2.0-OpenSSH\r\n".to_string(), protocol.to_string()),
        ("HTTP/2 200\r\n\r\n".to_string(), protocol.to_string()),
        (
            "HTTP/1.1 101 Switching\r\n\r\n".to_string(),
            protocol.to_string(),
        ),
        (
            format!("{ok}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
            protocol.to_string(),
        ),
        (
            format!("{ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            protocol.to_string(),
        ),
        (
            format!("{ok}Content-Length: 18446744073709551621\r\n\r\nhello"),
            protocol.to_string(),
        ),
        (
            format!("{ok}Content-Length: 0x5\r\n\r\nhello"),
            protocol.to_string(),
        ),
        (
            format!("{ok}Transfer-Encoding: gzip\r\n\r\n"),
            "error ErrorCode::HttpResponseTransferCoding(None)\n".to_string(),
        ),
        (
            format!("{ok}A: {}\r\n\r\n", "x".repeat(20_000)),
            head.to_string(),
        ),
        (
            format!("{ok}{}\r\n", "A: b\r\n".repeat(2_000)),
            head.to_string(),
        ),
        ("HTTP/1.1 100 \r\n\r\n".repeat(10_000), head.to_string()),
        ("x".repeat(1 << 20), head.to_string()),
        (
            format!("{ok}Content-Length: 9\r\n\r\nhello"),
            length.to_string() + &cut("hello", "HttpResponseIncomplete"),
        ),
        (
            format!("{chunked}5\r\nhello"),
            "status 200\n".to_string() + &cut("hello", "HttpResponseIncomplete"),
        ),
        (
            format!("{chunked}5\r\nhello!\r\n"),
            "status 200\n".to_string() + &cut("hello", "HttpProtocolError"),
        ),
        (
            format!("{chunked}FFFFFFFFFFFFFFFFF\r\nhello"),
            "status 200\n".to_string() + &cut("", "HttpProtocolError"),
        ),
        (
            format!("{chunked}FFFFFFFFFFFFFFFF\r\nhello"),
            "status 200\n".to_string() + &cut("hello", "HttpResponseIncomplete"),
        ),
        (
            format!("{chunked}1;{}", "x".repeat(1 << 20)),
            "status 200\n".to_string() + &cut("", "HttpProtocolError"),
        ),
        (
            format!("{chunked}0\r\n{}", "A: b\r\n".repeat(100_000)),
            "status 200\n".to_string()
                + &format!(
                    "{}, cut off: Some(ErrorCode::HttpResponseTrailerSectionSize(None))\nno trailers: \
                     ErrorCode::HttpResponseTrailerSectionSize(None)\n",
                    shown("")
                ),
        ),
    ] {
        let begin: String = said.chars().take(100).collect();
        let peer = saying(said);
        let found = run(&["get", "GET", "http", &peer.authority, "/"]);
        assert_eq!(found, wanted, "{begin:?}");
    }
    // A head that fits if there is more room.
    let large = saying(format!(
        "{ok}A: {}\r\nContent-Length: 0\r\n\r\n",
        "x".repeat(20_000)
    ));
    let options = FlattenOptions {
        max_http: Some(128 << 10),
        ..options()
    };
    let found = run_with(&options, &["get", "GET", "http", &large.authority, "/"]);
    assert!(found.starts_with("status 200\na: xxxx"), "{found}");
}

#[test]
fn what_cannot_be_reached_is_an_error_with_a_name() {
    let nobody = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let peer = saying("HTTP/1.1 204 No\r\n\r\n");
    let port = peer.authority.split_once(':').unwrap().1;
    let ok = "status 204\nbody 0 cbf29ce484222325 \"\"\n";
    // The first address of a name may be one of IPv6, where nobody is.
    assert_eq!(
        run(&["get", "GET", "http", &format!("localhost:{port}"), "/"]),
        ok
    );
    assert!(
        peer.head()
            .contains(&format!("\r\nHost: localhost:{port}\r\n"))
    );
    for (scheme, authority, path, wanted) in [
        ("http", &*nobody, "/", "error ErrorCode::ConnectionRefused"),
        (
            "http",
            "1.2.3.4:80",
            "/",
            "error ErrorCode::DestinationIpProhibited",
        ),
        (
            "http",
            "[::1]:80",
            "/",
            "error ErrorCode::DestinationIpProhibited",
        ),
        (
            "http",
            "no.such.name.invalid",
            "/",
            "error ErrorCode::DnsError(DnsErrorPayload { rcode: None, info-code: None })",
        ),
        // There is no TLS. wasmtime has it, and so it says something else to a server that has not.
        (
            "https",
            &*peer.authority,
            "/",
            "refused ErrorCode::TlsProtocolError",
        ),
        (
            "ftp",
            &*peer.authority,
            "/",
            "refused ErrorCode::HttpProtocolError",
        ),
        ("http", "-", "/", "refused ErrorCode::HttpRequestUriInvalid"),
        (
            "http",
            "user@127.0.0.1",
            "/",
            "refused ErrorCode::HttpRequestUriInvalid",
        ),
        (
            "http",
            "127.0.0.1:65536",
            "/",
            "refused ErrorCode::HttpRequestUriInvalid",
        ),
        (
            "http",
            "127.0.0.1:0",
            "/",
            "refused ErrorCode::HttpRequestUriInvalid",
        ),
        (
            "http",
            "[::1",
            "/",
            "refused ErrorCode::HttpRequestUriInvalid",
        ),
        (
            "http",
            &*peer.authority,
            "a",
            "refused ErrorCode::HttpRequestUriInvalid",
        ),
        (
            "http",
            &*peer.authority,
            "/#a",
            "refused ErrorCode::HttpRequestUriInvalid",
        ),
    ] {
        let found = run(&["get", "GET", scheme, authority, path]);
        assert_eq!(found, format!("{wanted}\n"), "{scheme} {authority} {path}");
    }
    let found = run(&["get", "CONNECT", "http", &peer.authority, "/"]);
    assert_eq!(found, "refused ErrorCode::HttpRequestMethodInvalid\n");
}

#[test]
fn bodies_stream_in_both_directions_at_once() {
    let server = server();
    let authority = &*server.authority;
    let found = run(&["both", authority, "/echo", "1048576"]);
    let wanted =
        "status 200, before all is sent\n1048576 of 1048576 bytes came back\ntrailer x-last: yes\n";
    assert_eq!(found, wanted);
    let found = run(&["get", "GET", "http", authority, "/bytes/1048576"]);
    let wanted = "status 200\ncontent-length: 1048576\nbody 1048576 e44471b81d4b3917 ";
    assert!(found.starts_with(wanted), "{found}");
    // What is not read is passed over for the trailers, and what is dropped is closed.
    let found = run(&["half", authority, "/bytes/300000"]);
    let ten = "\"\\u{7}&Ed\u{fffd}\u{fffd}\u{fffd}\u{fffd}\\u{4}#\"\n";
    assert_eq!(found, ten.repeat(2));
}

#[test]
fn several_requests_wait_at_once_and_the_first_answer_comes_first() {
    let server = server();
    let paths = ["/slow/600/a", "/slow/50/b", "/slow/300/c", "/bytes/5"];
    let found = run(&[&["several", &*server.authority], &paths[..]].concat());
    let order: Vec<&str> = found.lines().filter(|line| line.starts_with('/')).collect();
    assert_eq!(order, [paths[3], paths[1], paths[2], paths[0]]);
    assert_eq!(found.matches("status 200").count(), 4);
    // A clock is over before the response is there.
    let found = run(&["poll", &*server.authority, "/slow/300/"]);
    assert_eq!(found, format!("[1]\nstatus 200\n{}\n", shown("/slow/300/")));
}

#[test]
fn times_of_the_options_end_a_request() {
    let slow = peer(|(head, _, mut stream)| {
        if head.starts_with("GET /between") {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello").ok();
        }
        thread::sleep(Duration::from_secs(20));
    });
    let times = |path: &str, first: &str, between: &str| {
        run(&["times", &slow.authority, path, "-", first, between])
    };
    let timeout = "ErrorCode::ConnectionReadTimeout";
    assert_eq!(
        times("/first", "200", "-"),
        format!("error {timeout}\nin time\n")
    );
    let cut = format!(
        "{}, cut off: Some({timeout})\nno trailers: {timeout}\nin time\n",
        shown("hello")
    );
    assert_eq!(times("/between", "-", "200"), format!("status 200\n{cut}"));
    // A queue that is full: nobody takes the connection.
    let full = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    rustix::net::listen(&full, 0).unwrap();
    let address = full.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(stream);
    }
    let found = run(&["times", &address.to_string(), "/", "200", "-", "-"]);
    assert_eq!(found, "error ErrorCode::ConnectionTimeout\nin time\n");
}

#[test]
fn a_handler_sends_requests_on_and_nothing_is_left_of_them() {
    let upstream = peer(|(head, rest, mut stream)| {
        let path = head.split(' ').nth(1).unwrap();
        match path {
            "/bad" => stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")
                .unwrap(),
            "/cut" => stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")
                .unwrap(),
            _ => {
                let mut all = Vec::new();
                body(head, rest, &stream, |part| all.extend(part));
                let length = all.len();
                let head = format!(
                    "HTTP/1.1 203 OK\r\nX-Path: {path}\r\nContent-Length: {length}\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(&all).ok();
            }
        }
    });
    let options = FlattenOptions {
        max_handles: Some(20),
        max_http: Some(4096),
        ..options()
    };
    let proxy = serve(
        &part("proxy-rust").unwrap(),
        "proxy.wasm",
        Http::Server,
        &options,
    );
    let proxy: Server = start(proxy.unwrap().wasm);
    let to = format!("X-To: {}\r\n", upstream.authority);
    let mib = pattern(1 << 20);
    let found = proxy.ask("POST", "/a?b", &to, &mib);
    assert_eq!(
        (&*found.status, found.fields[0].1.as_str()),
        ("203", "/a?b")
    );
    assert!(found.body == mib);
    // In chunks, from the client as to the server.
    let chunks = format!(
        "PUT /c HTTP/1.1\r\nHost: a\r\n{to}X-Body: yes\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    );
    assert!(proxy.raw(chunks.as_bytes()).ends_with(b"\r\n\r\nhello"));
    let body = pattern(700);
    for round in 0..100 {
        let found = proxy.ask("PUT", "/", &to, &body);
        assert!(found.body == body, "{round}");
        assert_eq!(proxy.ask("GET", "/bad", &to, b"").status, "502");
        assert!(
            proxy
                .ask("GET", "/cut", &to, b"")
                .body
                .starts_with(b"hello")
        );
        let nobody = "X-To: 127.0.0.1:1\r\n";
        assert_eq!(proxy.ask("GET", "/", nobody, b"").status, "502");
        assert_eq!(proxy.ask("GET", "/", "X-To: a:b\r\n", b"").status, "400");
    }
}

#[test]
fn without_sockets_it_is_refused_by_name_and_a_program_of_others_is_none_of_it() {
    let error = flatten(&guest(), &FlattenOptions::default()).unwrap_err();
    let text = format!("{error:#}");
    for part in [
        "wasi:http/outgoing-handler@0.2.12#handle",
        "--sockets=wamr for a host with the functions of WAMR",
        "--allow wasi:http/outgoing-handler#handle=internal-error",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn real_hosts_send_as_well() {
    let named = std::env::var("P1BRIDGE_IWASM").unwrap_or_default();
    for iwasm in named.split(':').filter(|path| !path.is_empty()) {
        let options = FlattenOptions {
            profile: Profile::named("wamr-2").unwrap(),
            ..FlattenOptions::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("guest.wasm");
        std::fs::write(&file, flatten(&guest(), &options).unwrap().wasm).unwrap();
        let run = |args: &[&str]| {
            let output = Command::new(iwasm)
                .args([
                    "--addr-pool=127.0.0.1/32",
                    "--allow-resolve=*",
                    "--stack-size=1048576",
                ])
                .arg(&file)
                .args(args)
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{args:?} {stderr}");
            String::from_utf8(output.stdout).unwrap()
        };
        let server = server();
        let authority = &*server.authority;
        let found = run(&["both", authority, "/echo", "1048576"]);
        assert!(
            found.ends_with("1048576 of 1048576 bytes came back\ntrailer x-last: yes\n"),
            "{found}"
        );
        let found = run(&["get", "GET", "http", authority, "/bytes/1048576"]);
        assert!(found.contains("body 1048576 e44471b81d4b3917 "), "{found}");
        let found = run(&["send", "POST", authority, "/echo", "100000", "trailers"]);
        assert!(
            found.ends_with("trailer x-sum: 1 2\ntrailer x-more: \n"),
            "{found}"
        );
        let found = run(&["several", authority, "/slow/300/", "/slow/0/"]);
        assert!(found.starts_with("/slow/0/\n"), "{found}");
        let found = run(&["get", "GET", "http", "127.0.0.1:1", "/"]);
        assert_eq!(found, "error ErrorCode::ConnectionRefused\n");
        let found = run(&["times", authority, "/slow/9000/", "-", "200", "-"]);
        assert_eq!(found, "error ErrorCode::ConnectionReadTimeout\nin time\n");
    }
}
