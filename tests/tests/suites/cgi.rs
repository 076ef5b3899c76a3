//! `--http cgi`: a handler of `wasi:http` as a program answers under CGI as it does under `wasmtime serve`.
//!
//! What is expected of `route-rust` and of the chain was recorded from the components on the crate
//! `wasmtime-wasi-http` 48, which got the same requests over HTTP. `bridge/tests/suites/cgi.rs` has the
//! same programs under a CGI server.

use std::time::Duration;

use p1bridge::flatten::{FlattenOptions, Flattened};
use p1bridge::http::Http;
use p1bridge::link::{Choices, Input, link, serve};
use p1bridge::profiles::Profile;
use p1bridge_tests::link::profile_name;
use p1bridge_tests::manifest::part;
use p1bridge_tests::{Engine, Exit, Outcome, RunSpec, engines};

use crate::guest;

const TOKEN: (&str, &str) = ("HTTP_AUTHORIZATION", "Bearer open sesame");

fn options(engine: &dyn Engine) -> FlattenOptions {
    FlattenOptions {
        profile: Profile::named(profile_name(engine)).unwrap_or_default(),
        verify: true,
        ..FlattenOptions::default()
    }
}

fn served(component: &[u8], options: &FlattenOptions) -> Flattened {
    serve(component, "handler.wasm", Http::Cgi, options).unwrap()
}

fn route(engine: &dyn Engine) -> Vec<u8> {
    served(&part("route-rust").unwrap(), &options(engine)).wasm
}

/// Authentication before the log before the router.
pub(super) fn chain(http: Http, options: &FlattenOptions) -> Vec<u8> {
    let names = ["authenticate-rust", "log-rust", "route-rust"];
    let inputs = names.map(|name| Input {
        name: name.to_string(),
        wasm: part(name).unwrap(),
        world: None,
    });
    let choices = Choices {
        chains: vec![names.map(str::to_string).to_vec()],
        http: Some(http),
        ..Choices::default()
    };
    link(&inputs, &[], &choices, options).unwrap().1.wasm
}

/// A request: its method, its target, more variables, its body.
type Request<'r> = (&'r str, &'r str, &'r [(&'r str, &'r str)], &'r [u8]);

/// Runs a program for a request, as a CGI server does. Variables given twice count as given.
fn ask(engine: &dyn Engine, wasm: &[u8], (method, uri, more, body): Request<'_>) -> Outcome {
    let mut env = vec![
        ("GATEWAY_INTERFACE".to_string(), "CGI/1.1".to_string()),
        ("HTTP_HOST".to_string(), "example.com:8080".to_string()),
        ("REQUEST_METHOD".to_string(), method.to_string()),
        ("REQUEST_URI".to_string(), uri.to_string()),
        ("http_proxy".to_string(), "not a field".to_string()),
    ];
    if !body.is_empty() {
        env.push(("CONTENT_LENGTH".to_string(), body.len().to_string()));
    }
    for (name, value) in more {
        env.retain(|(known, _)| known != name);
        env.push((name.to_string(), value.to_string()));
    }
    // WAMR of 2020 makes room for as many variables as there are arguments, and writes past it.
    let arguments = match engine.name().starts_with("wamr") {
        true => env.len(),
        false => 1,
    };
    let spec = RunSpec {
        argv: vec!["handler".to_string(); arguments],
        env,
        stdin: body.to_vec(),
        timeout: Duration::from_secs(60),
        ..RunSpec::default()
    };
    let outcome = engine.run(wasm, &spec);
    outcome.unwrap_or_else(|error| panic!("{} {method} {uri} {more:?}: {error}", engine.name()))
}

/// What a CGI server reads: the status, the fields in their order, and the body.
#[derive(Debug, PartialEq)]
struct Answer {
    status: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

fn answer(outcome: &Outcome) -> Answer {
    let all = &outcome.stdout;
    let end = all.windows(4).position(|part| part == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head: {outcome:?}"));
    let head = std::str::from_utf8(&all[..end]).unwrap();
    let mut lines = head
        .split("\r\n")
        .map(|line| line.split_once(": ").unwrap());
    let (first, status) = lines.next().unwrap();
    assert_eq!(first, "Status");
    Answer {
        status: status.trim_end().to_string(),
        fields: lines
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        body: all[end + 4..].to_vec(),
    }
}

/// The answer of a handler that is content: 134 and others are for those that are not.
fn good(engine: &dyn Engine, wasm: &[u8], request: Request<'_>) -> Answer {
    let outcome = ask(engine, wasm, request);
    let (method, uri, ..) = request;
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    assert!(
        [Exit::Code(0), Exit::Unknown].contains(&outcome.exit),
        "{} {method} {uri}: {:?} {stderr}",
        engine.name(),
        outcome.exit
    );
    assert_eq!(outcome.stderr, b"", "{}", engine.name());
    answer(&outcome)
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| ((i * 31 + 7) % 251) as u8).collect()
}

/// How `route-rust` describes a request.
fn described(method: &str, path: &str, fields: &str) -> String {
    format!(
        "method Method::{method}\npath Some({path:?})\nscheme Some(Scheme::Http)\n\
         authority Some(\"example.com:8080\")\n{fields}fields of a request Err(HeaderError::Immutable)\n"
    )
}

#[test]
fn requests_and_answers_are_those_of_wasmtime() {
    let text: &[(&str, &str)] = &[("content-type", "text/plain")];
    for engine in engines::available() {
        let engine = &*engine;
        let wasm = route(engine);
        let check = |request: Request<'_>, status: &str, fields: &[(&str, &str)], body: &[u8]| {
            let found = good(engine, &wasm, request);
            let fields = fields
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()));
            let wanted = Answer {
                status: status.to_string(),
                fields: fields.collect(),
                body: body.to_vec(),
            };
            assert_eq!(found, wanted, "{} {request:?}", engine.name());
        };
        check(
            ("GET", "/", &[], b""),
            "200",
            text,
            b"/ /echo /request /count /bytes /status\n",
        );
        check(("HEAD", "/", &[], b""), "200", text, b"");
        check(
            ("GET", "/nothing/h%C3%A9re?x", &[], b""),
            "404",
            &[],
            b"no way to /nothing/h%C3%A9re\n",
        );
        for path in [
            "/request",
            "/request?",
            "/request?a=b&c=%20d",
            "/request?x/y?z",
            "/request?%e4%bd%a0%00%zz",
            "/request?\u{e9}",
        ] {
            check(
                ("GET", path, &[], b""),
                "200",
                text,
                described("Get", path, "").as_bytes(),
            );
        }
        for (method, shown) in [
            ("POST", "Post"),
            ("PUT", "Put"),
            ("DELETE", "Delete"),
            ("CONNECT", "Connect"),
            ("OPTIONS", "Options"),
            ("TRACE", "Trace"),
            ("PATCH", "Patch"),
            ("PROPFIND", "Other(\"PROPFIND\")"),
            ("get", "Other(\"get\")"),
            ("M!#$%&'*+-.^_`|~", "Other(\"M!#$%&'*+-.^_`|~\")"),
        ] {
            let body = described(shown, "/request", "");
            check((method, "/request", &[], b""), "200", text, body.as_bytes());
        }
        let fields = [
            ("HTTP_X_EMPTY", ""),
            ("HTTP_COOKIE", "a=b; c=d"),
            ("HTTP_CONNECTION", "close"),
            ("HTTP_TRANSFER_ENCODING", "chunked"),
            ("HTTP_CONTENT_LENGTH", "17"),
            ("HTTP_", "nameless"),
            ("HTTP_A B", "no token"),
            ("CONTENT_TYPE", "a/b; c=d"),
            ("CONTENT_LENGTH", "0"),
            ("SERVER_NAME", "other"),
        ];
        let shown = "content-length: 0\ncontent-type: a/b; c=d\ncookie: a=b; c=d\nx-empty: \n";
        check(
            ("GET", "/request", &fields, b""),
            "200",
            text,
            described("Get", "/request", shown).as_bytes(),
        );
        let many: Vec<(String, String)> = (0..100)
            .map(|i| (format!("HTTP_X_{i:02}"), format!("v {i}")))
            .collect();
        let many: Vec<(&str, &str)> = many
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let shown: String = (0..100).map(|i| format!("x-{i:02}: v {i}\n")).collect();
        check(
            ("GET", "/request", &many, b""),
            "200",
            text,
            described("Get", "/request", &shown).as_bytes(),
        );

        for status in ["204", "299", "304", "404", "503"] {
            check(
                ("GET", &format!("/status?{status}"), &[], b""),
                status,
                &[],
                b"",
            );
        }
        check(("GET", "/bodyless", &[], b""), "200", &[], b"");
        check(
            ("GET", "/before", &[], b""),
            "200",
            &[],
            b"written before the response was set\n",
        );
        let location = [("location", "/elsewhere?a=b")];
        check(("GET", "/redirect", &[], b""), "303", &location, b"");
        let found = good(engine, &wasm, ("GET", "/fields", &[], b""));
        assert_eq!((&*found.status, found.fields.len()), ("203", 103));
        assert_eq!(found.fields[7], ("x-7".to_string(), "value 7".to_string()));
        let cookies: Vec<&str> = found.fields[100..]
            .iter()
            .map(|(_, value)| &**value)
            .collect();
        assert_eq!(cookies, ["c0=\"0\"", "c1=\"1\"", "c2=\"2\""]);
        let refused = "\"connection\" \"close\": Err(HeaderError::Forbidden)\n\
            \"Transfer-Encoding\" \"chunked\": Err(HeaderError::Forbidden)\n\
            \"host\" \"a\": Err(HeaderError::Forbidden)\n\
            \"x\" \"a\\r\\nb: c\": Err(HeaderError::InvalidSyntax)\n\
            \"x\" \"a\\0\": Err(HeaderError::InvalidSyntax)\n\
            \"a b\" \"c\": Err(HeaderError::InvalidSyntax)\n\
            \"a\\nb\" \"c\": Err(HeaderError::InvalidSyntax)\n\
            \"\" \"c\": Err(HeaderError::InvalidSyntax)\n\
            \"x\" \"\": Ok(())\n\"x\" \"\u{e9}\": Ok(())\n";
        check(
            ("GET", "/refused", &[], b""),
            "200",
            &[],
            refused.as_bytes(),
        );
    }
}

#[test]
fn bodies_stream_in_both_directions_and_end_where_the_server_says() {
    let mib = pattern(1 << 20);
    for engine in engines::available() {
        let (engine, name) = (&*engine, engine.name());
        let wasm = route(engine);
        let body = |request: Request<'_>| good(engine, &wasm, request).body;
        assert!(body(("POST", "/echo", &[], &mib)) == mib, "{name}");
        assert_eq!(
            body(("POST", "/echo", &[], b"x\0\xff")),
            b"x\0\xff",
            "{name}"
        );
        assert_eq!(body(("POST", "/echo", &[], b"")), b"", "{name}");
        let count = |request: Request<'_>| String::from_utf8(body(request)).unwrap();
        let whole = "1048576 bytes, sum e44471b81d4b3917\n";
        assert_eq!(count(("PUT", "/count", &[], &mib)), whole, "{name}");
        // What follows the body is not the program's, and without a length there is none.
        let less = [("CONTENT_LENGTH", "20")];
        assert_eq!(
            count(("PUT", "/count", &less, &mib)),
            "20 bytes, sum 970e2a87b430d5ad\n",
            "{name}"
        );
        let none = [("CONTENT_LENGTH", "")];
        assert_eq!(
            count(("PUT", "/count", &none, &mib)),
            "0 bytes, sum cbf29ce484222325\n",
            "{name}"
        );
        let more = [("CONTENT_LENGTH", "18446744073709551600")];
        let cut = "5 bytes, sum e575e8883c0f89f8, cut off\n";
        assert_eq!(count(("PUT", "/count", &more, b"12345")), cut, "{name}");

        let found = good(engine, &wasm, ("GET", "/bytes?1048576", &[], b""));
        assert_eq!(
            found.fields[0],
            ("content-length".to_string(), "1048576".to_string())
        );
        let bytes: Vec<u8> = (0..1 << 20).map(|i| (i * 31 + 7) as u8).collect();
        assert!(found.body == bytes, "{name}");
        let head = good(engine, &wasm, ("HEAD", "/bytes?1048576", &[], b""));
        assert_eq!(
            (head.fields, head.body),
            (found.fields, Vec::new()),
            "{name}"
        );
    }
}

#[test]
fn path_scheme_and_authority_come_from_whatever_the_server_has() {
    let engine = &*engines::available().remove(0);
    let wasm = route(engine);
    let long = "\u{e9}#%/?\"a~";
    for (variables, path, scheme, authority) in [
        (
            vec![("REQUEST_URI", "http://h/request?a")],
            "/request?a",
            "Http",
            "example.com:8080",
        ),
        (
            vec![
                ("REQUEST_URI", ""),
                ("SCRIPT_NAME", "/request"),
                ("QUERY_STRING", "a=%20"),
            ],
            "/request?a=%20",
            "Http",
            "example.com:8080",
        ),
        (
            vec![
                ("REQUEST_URI", "request"),
                ("PATH_INFO", "/request"),
                ("QUERY_STRING", long),
            ],
            "/request?\u{e9}#%/?\"a~",
            "Http",
            "example.com:8080",
        ),
        (
            vec![
                ("HTTPS", "on"),
                ("HTTP_HOST", ""),
                ("SERVER_NAME", "a.b"),
                ("SERVER_PORT", "443"),
            ],
            "/request",
            "Https",
            "a.b",
        ),
        (
            vec![
                ("HTTPS", "off"),
                ("HTTP_HOST", ""),
                ("SERVER_NAME", "a.b"),
                ("SERVER_PORT", "81"),
            ],
            "/request",
            "Http",
            "a.b:81",
        ),
        (
            vec![
                ("REQUEST_SCHEME", "https"),
                ("HTTP_HOST", ""),
                ("SERVER_NAME", "[::1]"),
                ("SERVER_PORT", ""),
            ],
            "/request",
            "Https",
            "[::1]",
        ),
    ] {
        let found = good(engine, &wasm, ("GET", "/request", &variables, b""));
        let wanted = format!(
            "method Method::Get\npath Some({path:?})\nscheme Some(Scheme::{scheme})\nauthority Some({authority:?})\n\
             fields of a request Err(HeaderError::Immutable)\n"
        );
        assert_eq!(
            String::from_utf8(found.body).unwrap(),
            wanted,
            "{variables:?}"
        );
    }
    let variables = [
        ("REQUEST_URI", ""),
        ("SCRIPT_NAME", "/no"),
        ("PATH_INFO", "/\u{e9} #%?\"~a"),
    ];
    let found = good(engine, &wasm, ("GET", "/", &variables, b""));
    assert_eq!(found.body, b"no way to /no/%C3%A9%20%23%25%3F%22~a\n");
}

#[test]
fn what_is_no_request_is_answered_with_an_error() {
    let long = "x".repeat(20_000);
    for engine in engines::available() {
        let engine = &*engine;
        let wasm = route(engine);
        let of = |name, value| [(name, value)];
        for (variables, status, reason) in [
            (
                of("REQUEST_METHOD", ""),
                "500",
                "REQUEST_METHOD is not set: a CGI server runs this program",
            ),
            (of("REQUEST_METHOD", "GET /"), "400", "invalid method"),
            (of("REQUEST_URI", "/a b"), "400", "invalid path"),
            (of("REQUEST_URI", "/a\r\nb: c"), "400", "invalid path"),
            (of("HTTP_HOST", "a b"), "400", "invalid authority"),
            (of("CONTENT_LENGTH", "-1"), "400", "invalid content length"),
            (of("CONTENT_LENGTH", "1x"), "400", "invalid content length"),
            (
                of("CONTENT_LENGTH", "18446744073709551616"),
                "400",
                "invalid content length",
            ),
            (of("HTTP_X", "a\r\nb"), "400", "invalid header field"),
            (of("CONTENT_TYPE", "a\u{7}"), "400", "invalid header field"),
            (of("HTTP_X", &*long), "431", "header fields too large"),
            (of("ANY", &*long), "431", "header fields too large"),
        ] {
            let outcome = ask(engine, &wasm, ("GET", "/", &variables, b""));
            let found = answer(&outcome);
            let name = engine.name();
            assert_eq!(found.status, status, "{name} {reason}");
            assert_eq!(found.body, format!("{reason}\n").as_bytes(), "{name}");
            assert!(
                outcome
                    .stderr
                    .starts_with(format!("p1bridge: {reason}").as_bytes()),
                "{name}: {outcome:?}"
            );
        }
    }
}

#[test]
fn a_handler_without_a_response_is_answered_for() {
    for engine in engines::available() {
        let (engine, name) = (&*engine, engine.name());
        let wasm = route(engine);
        for (path, status, body, stderr) in [
            (
                "/none",
                "500",
                "the handler did not set a response\n",
                "p1bridge: the handler did not set a response\n",
            ),
            (
                "/error",
                "500",
                "the handler gave error-code 38\n",
                "p1bridge: the handler gave error-code 38\n",
            ),
            (
                "/timeout",
                "504",
                "the handler gave error-code 9\n",
                "p1bridge: the handler gave error-code 9\n",
            ),
            (
                "/unfinished",
                "200",
                "not all of it",
                "p1bridge: the body of the response was not finished\n",
            ),
        ] {
            let outcome = ask(engine, &wasm, ("GET", path, &[], b""));
            let found = answer(&outcome);
            assert_eq!(
                (&*found.status, &*found.body),
                (status, body.as_bytes()),
                "{name}"
            );
            assert_eq!(String::from_utf8_lossy(&outcome.stderr), stderr, "{name}");
            // WAMR's command always ends with 0.
            assert!(
                [Exit::Code(1), Exit::Unknown].contains(&outcome.exit),
                "{name}: {outcome:?}"
            );
        }
        let outcome = ask(engine, &wasm, ("GET", "/trap", &[], b""));
        assert!(matches!(outcome.exit, Exit::Trap(_)), "{name}: {outcome:?}");
        assert_eq!(outcome.stdout, b"", "{name}: the server answers then");
    }
}

#[test]
fn three_components_in_a_chain_answer_as_one() {
    for engine in engines::available() {
        let (engine, name) = (&*engine, engine.name());
        let wasm = chain(Http::Cgi, &options(engine));
        let outcome = ask(engine, &wasm, ("GET", "/request", &[], b""));
        let found = answer(&outcome);
        assert_eq!(
            (&*found.status, &*found.body),
            ("401", &b"no token\n"[..]),
            "{name}"
        );
        assert_eq!(found.fields[0].1, "Bearer realm=\"corpus\"", "{name}");
        assert_eq!(outcome.stderr, b"", "{name}: nothing of it is logged");

        let outcome = ask(engine, &wasm, ("GET", "/request?a", &[TOKEN], b""));
        let shown = described("Get", "/request?a", "authorization: Bearer open sesame\n");
        let found = answer(&outcome);
        assert_eq!(
            (&*found.status, String::from_utf8_lossy(&found.body)),
            ("200", shown.into()),
            "{name}"
        );
        let log = "log: Method::Get /request?a, agent of None bytes\n";
        assert_eq!(
            String::from_utf8_lossy(&outcome.stderr),
            log,
            "{name}: standard output is the answer"
        );

        let mib = pattern(1 << 20);
        let outcome = ask(engine, &wasm, ("POST", "/echo", &[TOKEN], &mib));
        assert!(answer(&outcome).body == mib, "{name}");
    }
}

const WORLD: &str = "package p1bridge:test;
    world handler {
      import wasi:http/types@0.2.12;
      export wasi:http/incoming-handler@0.2.12;
      export wasi:cli/run@0.2.12;
    }";

/// The smallest handler: it answers 204, and nothing else.
const SMALLEST: &str = r#"(module
    (import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
    (import "wasi:http/types@0.2.12" "[constructor]outgoing-response"
      (func $response (param i32) (result i32)))
    (import "wasi:http/types@0.2.12" "[method]outgoing-response.set-status-code"
      (func $status (param i32 i32) (result i32)))
    (import "wasi:http/types@0.2.12" "[static]response-outparam.set"
      (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
    (memory (export "memory") 1)
    (func (export "wasi:cli/run@0.2.12#run") (result i32) (i32.const 1))
    (func (export "wasi:http/incoming-handler@0.2.12#handle") (param i32 i32) (local i32)
      (local.set 2 (call $response (call $fields)))
      (drop (call $status (local.get 2) (i32.const 204)))
      (call $set (local.get 1) (i32.const 0) (local.get 2) (i32.const 0) (i64.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))"#;

#[test]
fn the_smallest_handler_is_small_and_what_else_it_exports_is_left_out_by_name() {
    let component = guest::component(SMALLEST, WORLD);
    let options = FlattenOptions {
        strip: p1bridge::flatten::Strip::All,
        ..FlattenOptions::default()
    };
    let flat = served(&component, &options);
    let notes = flat.report.notes.join("\n");
    assert!(
        notes.contains("exports nothing else of handler.wasm: wasi:cli/run@0.2.12 is left out"),
        "{notes}"
    );
    assert!(
        flat.wasm.len() < 9 << 10,
        "it has {} bytes",
        flat.wasm.len()
    );
    for engine in engines::available() {
        let flat = served(&component, &self::options(&*engine));
        let found = good(&*engine, &flat.wasm, ("GET", "/", &[], b""));
        assert_eq!(
            (&*found.status, found.fields, found.body),
            ("204", vec![], vec![])
        );
    }
    // Without the option it is what it was, and a note says that there is one.
    let flat = p1bridge::flatten::flatten(&component, &options).unwrap();
    assert!(
        flat.report
            .notes
            .iter()
            .any(|note| note.contains("--http cgi")),
        "{:?}",
        flat.report.notes
    );
}

#[test]
fn what_cannot_answer_is_refused_by_name() {
    let refusal = |module: &str, world: &str| {
        let component = guest::component(module, world);
        let error = serve(
            &component,
            "app.wasm",
            Http::Cgi,
            &FlattenOptions::default(),
        )
        .unwrap_err();
        format!("{error:#}")
    };
    let other = refusal(
        r#"(module (func (export "f")))"#,
        "package p1bridge:test; world w { export f: func(); }",
    );
    assert!(
        other.contains("app.wasm does not export wasi:http/incoming-handler of WASI 0.2, but f"),
        "{other}"
    );
    let newer = refusal(
        r#"(module (func (export "wasi:http/handler@0.3.0#handle")))"#,
        "package p1bridge:test; world w { export wasi:http/handler@0.3.0; }
         package wasi:http@0.3.0 { interface handler { handle: func(); } }",
    );
    assert!(
        newer.contains(
            "app.wasm exports wasi:http/handler@0.3.0; only wasi:http/incoming-handler of WASI 0.2"
        ),
        "{newer}"
    );
    let unlike = refusal(
        r#"(module (func (export "wasi:http/incoming-handler@0.2.1#handle")))"#,
        "package p1bridge:test; world w { export wasi:http/incoming-handler@0.2.1; }
         package wasi:http@0.2.1 { interface incoming-handler { handle: func(); } }",
    );
    assert!(
        unlike.contains("app.wasm cannot be called as a handler of wasi:http"),
        "{unlike}"
    );
}

#[test]
fn what_a_preview1_handler_prints_is_not_in_the_answer() {
    let printing = SMALLEST
        .replace("(memory (export", r#"(import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
          (data (i32.const 16) "printed\n") (data (i32.const 32) "\10\00\00\00\08\00\00\00")
          (memory (export"#)
        .replace("(local.set 2", "(drop (call $write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 48)))\n(local.set 2");
    let (wit, world) = guest::world(WORLD);
    let mut module = wat::parse_str(&printing).unwrap();
    wit_component::embed_component_metadata(
        &mut module,
        &wit,
        world,
        wit_component::StringEncoding::UTF8,
        false,
    )
    .unwrap();
    let component = p1bridge::wrap::wrap(
        &module,
        &p1bridge::wrap::WrapOptions {
            kind: Some(p1bridge::wrap::Kind::Proxy),
            ..Default::default()
        },
    )
    .unwrap()
    .component;
    for engine in engines::available() {
        let flat = served(&component, &options(&*engine));
        let outcome = ask(&*engine, &flat.wasm, ("GET", "/", &[], b""));
        assert_eq!(
            String::from_utf8_lossy(&outcome.stderr),
            "printed\n",
            "{}",
            engine.name()
        );
        assert_eq!(answer(&outcome).status, "204", "{}", engine.name());
    }
}
