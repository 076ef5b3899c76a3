//! Programs of `--http cgi` under a CGI server: Debian's lighttpd. Without it the test is skipped by name.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::Folder;

const SERVER: &str = "/usr/sbin/lighttpd";

const CHAIN: [&str; 3] = ["authenticate-rust.wasm", "log-rust.wasm", "route-rust.wasm"];

/// The server with a program behind every path.
struct Server {
    folder: Folder,
    process: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Links the chain, and starts a server that runs it for each request.
    fn start() -> Server {
        let folder = Folder::new();
        for name in CHAIN {
            let prebuilt = concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus/prebuilt");
            folder.add(name, fs::read(format!("{prebuilt}/{name}")).unwrap());
        }
        let chain = CHAIN.join(",");
        let [main, log, route] = CHAIN;
        let options = ["--chain", &chain, "--http", "cgi", "-o", "app.wasm"];
        let linked = folder.run(&[&["link", main, log, route], &options[..]].concat());
        assert_eq!(linked.code, Some(0), "{}", linked.stderr);
        let at = folder.path().display();
        // What `docs/commands.md` shows.
        let script = folder.add(
            "app.cgi",
            format!(
                "#!/bin/sh\n\
                 for name in $(env | sed -n 's/^\\([A-Z][A-Z0-9_]*\\)=.*/\\1/p'); do\n\
                 \x20   set -- \"$@\" --env \"$name\"\n\
                 done\n\
                 exec {} run -q \"$@\" {at}/app.wasm\n",
                env!("CARGO_BIN_EXE_p1bridge")
            ),
        );
        fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
        // Free once this listener is gone.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let settings = folder.add(
            "lighttpd.conf",
            format!(
                "server.modules = ( \"mod_rewrite\", \"mod_cgi\" )\n\
                 server.document-root = \"{at}\"\n\
                 server.bind = \"127.0.0.1\"\n\
                 server.port = {port}\n\
                 server.errorlog = \"{at}/errors\"\n\
                 server.breakagelog = \"{at}/said\"\n\
                 server.stream-request-body = 1\n\
                 server.stream-response-body = 1\n\
                 cgi.assign = ( \".cgi\" => \"\" )\n\
                 url.rewrite-once = ( \"^/(.*)$\" => \"/app.cgi/$1\" )\n"
            ),
        );
        let process = Command::new(SERVER)
            .arg("-D")
            .arg("-f")
            .arg(settings)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Server {
            folder,
            process,
            port,
        };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the server does not listen");
            sleep(Duration::from_millis(50));
        }
        server
    }

    /// Sends a request; gives the status line with the fields, and the body.
    fn ask(&self, head: &str, body: &[u8]) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut sending = stream.try_clone().unwrap();
        let request = format!("{head}\r\nHost: test.example\r\nConnection: close\r\n");
        let request = match body {
            [] => format!("{request}\r\n"),
            body => format!("{request}Content-Length: {}\r\n\r\n", body.len()),
        };
        let request = [request.as_bytes(), body].concat();
        let sent = std::thread::spawn(move || sending.write_all(&request));
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        sent.join().unwrap().unwrap();
        let end = all.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(all[..end].to_vec()).unwrap();
        let body = all[end + 4..].to_vec();
        match head
            .to_ascii_lowercase()
            .contains("transfer-encoding: chunked")
        {
            true => (head, unchunked(&body)),
            false => (head, body),
        }
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = rest.windows(2).position(|part| part == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return whole;
        }
        rest = &rest[end + 2..];
        whole.extend(&rest[..size]);
        rest = &rest[size + 2..];
    }
}

#[test]
fn a_chain_answers_under_lighttpd() {
    if fs::metadata(SERVER).is_err() {
        eprintln!("skipped: {SERVER} is not there (Debian: lighttpd)");
        return;
    }
    const TOKEN: &str = "Authorization: Bearer open sesame";
    let server = Server::start();
    let (head, body) = server.ask("GET /request HTTP/1.1", b"");
    assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
    assert!(
        head.contains("www-authenticate: Bearer realm=\"corpus\""),
        "{head}"
    );
    assert_eq!(body, b"no token\n");

    let request = format!("DELETE /request?a=%20b HTTP/1.1\r\n{TOKEN}\r\nX-Test: one, \"two\"");
    let (head, body) = server.ask(&request, b"");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let body = String::from_utf8(body).unwrap();
    for line in [
        "method Method::Delete\n",
        "path Some(\"/request?a=%20b\")\n",
        "scheme Some(Scheme::Http)\n",
        "authority Some(\"test.example\")\n",
        "x-test: one, \"two\"\n",
    ] {
        assert!(body.contains(line), "{body}");
    }

    let mib: Vec<u8> = (0..1 << 20).map(|i| (i * 31 + 7) as u8).collect();
    let (head, body) = server.ask(&format!("POST /echo HTTP/1.1\r\n{TOKEN}"), &mib);
    assert!(head.starts_with("HTTP/1.1 200 ") && body == mib, "{head}");
    let (head, body) = server.ask(&format!("HEAD /bytes?1000 HTTP/1.1\r\n{TOKEN}"), b"");
    assert!(
        head.to_ascii_lowercase().contains("content-length: 1000"),
        "{head}"
    );
    assert_eq!(body, b"");
    let (head, body) = server.ask(&format!("GET /error HTTP/1.1\r\n{TOKEN}"), b"");
    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
    assert_eq!(body, b"the handler gave error-code 38\n");
    let (head, _) = server.ask(&format!("GET /trap HTTP/1.1\r\n{TOKEN}"), b"");
    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");

    let said = fs::read_to_string(server.folder.path().join("said")).unwrap();
    assert!(
        said.contains("log: Method::Delete /request?a=%20b"),
        "{said}"
    );
    assert!(
        said.contains("p1bridge: the handler gave error-code 38"),
        "{said}"
    );
}
