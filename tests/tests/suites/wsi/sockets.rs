//! Sockets by WSI on those of WAMR: on the host of `p1bridge_tests::sockets`, and on every `iwasm` that
//! `P1BRIDGE_IWASM` names.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::thread;

use p1bridge::lower::lower;
use p1bridge::profiles::named;
use p1bridge_tests::engines::available;
use p1bridge_tests::{RunSpec, sockets};

use super::prebuilt;

/// What the guest prints on every host.
fn printed(args: &[&str]) -> Vec<(String, String)> {
    let module = lower(&prebuilt("wsi-sockets"), &named("wamr-2").unwrap())
        .unwrap()
        .wasm;
    let ended = sockets::run(&module, &[&["guest"], args].concat(), None).unwrap();
    assert_eq!(ended.exit, Ok(0), "{}{}", ended.stdout, ended.stderr);
    let mut all = vec![("wasmi".to_string(), ended.stdout)];
    let iwasms = std::env::var("P1BRIDGE_IWASM").unwrap_or_default();
    for iwasm in iwasms.split(':').filter(|path| !path.is_empty()) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("guest.wasm");
        std::fs::write(&file, &module).unwrap();
        let mut command = Command::new(iwasm);
        command
            .arg("--addr-pool=127.0.0.1/32")
            .arg(&file)
            .args(args);
        let output = command.output().unwrap();
        all.push((iwasm.to_string(), String::from_utf8(output.stdout).unwrap()));
    }
    all
}

#[test]
fn a_program_talks_to_itself() {
    let expected = include_str!("sockets.txt");
    for (host, text) in printed(&["self"]) {
        assert_eq!(text, expected, "{host}");
    }
}

#[test]
fn a_page_is_fetched() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let body = "x".repeat(2000);
    let answer = format!("HTTP/1.0 200 OK\r\n\r\n{body}");
    let sent = answer.clone();
    // It serves until the test has ended.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let asked = lines.next().unwrap().unwrap();
            while !lines.next().unwrap().unwrap().is_empty() {}
            assert_eq!(asked, "GET /a/page HTTP/1.0");
            stream.write_all(sent.as_bytes()).unwrap();
        }
    });
    for (host, text) in printed(&["get", &port, "/a/page"]) {
        assert_eq!(text, format!("peer: 1\n{answer}"), "{host}");
    }
}

#[test]
fn a_connection_that_nobody_takes_is_refused() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    for (host, text) in printed(&["refused", &port]) {
        assert_eq!(text, "connect: -14\nnonblock: -14\n", "{host}");
    }
}

#[test]
fn a_program_that_asks_runs_where_there_are_no_sockets() {
    for engine in available() {
        let profile = named(p1bridge_tests::link::profile_name(&*engine)).unwrap();
        let module = lower(&prebuilt("wsi-sockets"), &profile).unwrap().wasm;
        let outcome = engine.run(&module, &RunSpec::default()).unwrap();
        // WAMR warns of functions there that it does not have.
        let text = String::from_utf8(outcome.stdout).unwrap();
        let lines: Vec<&str> = { text.lines() }
            .filter(|line| !line.contains("warning"))
            .collect();
        assert_eq!(lines, ["no sockets: -52"], "{}", engine.name());
    }
}
