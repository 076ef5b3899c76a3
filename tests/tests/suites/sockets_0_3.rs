//! The same with sockets of WASI 0.3: the guest `sockets-p3-rust` as a component on wasmtime, and flat.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use p1bridge::flatten::{FlattenOptions, Stacks, flatten};
use p1bridge_tests::manifest;

use super::sockets::{
    Host, PATIENCE, TOTAL, byte, exchange, fnv, free_port, hosts_of, on_wasmi, pattern,
};

/// All hosts, but for those where memory does not grow: the guest's heap has to. And one where tasks that wait leave the
/// stack.
fn hosts() -> Vec<Host> {
    let guest = manifest::corpus().join("prebuilt/sockets-p3-rust.wasm");
    let guest = std::fs::read(guest).unwrap();
    let options = FlattenOptions {
        sockets: Some(true),
        stacks: Stacks::Switch,
        ..FlattenOptions::default()
    };
    let flat = flatten(&guest, &options).unwrap().wasm;
    let mut hosts = hosts_of(guest);
    hosts.retain(|(name, _)| !name.contains("--no-grow"));
    hosts.push(("wasmi, --stacks switch".into(), on_wasmi(flat)));
    hosts
}

/// A connection to a guest that will listen.
fn connected(port: u16) -> TcpStream {
    let start = Instant::now();
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                return stream;
            }
            Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn exchanged() -> String {
    format!(
        "peer at (127, 0, 0, 1), family IpAddressFamily::Ipv4
twice: Err(invalid-state) Err(invalid-state)
received {TOTAL} bytes, fnv {:016x}
sent Ok(())
rest [] Ok(())
",
        fnv(&pattern(13))
    )
}

#[test]
fn a_tcp_client_of_0_3_sends_and_receives_4_mib() {
    for (name, run) in hosts() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let peer = thread::spawn(move || exchange(listener.accept().unwrap().0));
        let stdout = run(&["client", &port.to_string(), &TOTAL.to_string()], None);
        peer.join().unwrap();
        assert_eq!(stdout, exchanged(), "{name}");
    }
}

#[test]
fn a_tcp_server_of_0_3_sends_and_receives_4_mib() {
    for (name, run) in hosts() {
        let port = free_port();
        let peer = thread::spawn(move || exchange(connected(port)));
        let stdout = run(&["server", &port.to_string(), &TOTAL.to_string()], None);
        peer.join().unwrap();
        assert_eq!(stdout, format!("listening\n{}", exchanged()), "{name}");
    }
}

/// The last one that has connected is the first to speak.
#[test]
fn a_server_of_0_3_answers_to_several_at_once() {
    for (name, run) in hosts() {
        let port = free_port();
        let peers = thread::spawn(move || {
            let mut all: Vec<TcpStream> = (0..5).map(|_| connected(port)).collect();
            for (index, stream) in all.iter_mut().enumerate().rev() {
                let text = format!("abc{index}");
                stream.write_all(text.as_bytes()).unwrap();
                let mut answer = [0; 4];
                stream.read_exact(&mut answer).unwrap();
                let reversed: String = text.chars().rev().collect();
                assert_eq!(answer, reversed.as_bytes());
            }
        });
        let stdout = run(&["clients", &port.to_string(), "5"], None);
        peers.join().unwrap();
        assert_eq!(stdout, "listening\nheard 20 bytes of 5\n", "{name}");
    }
}

#[test]
fn datagrams_of_0_3_go_both_ways_and_those_of_strangers_nowhere() {
    const COUNT: usize = 50;
    for (name, run) in hosts() {
        let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        let peer_port = peer.local_addr().unwrap().port();
        let port = free_port();
        let guest: SocketAddr = (Ipv4Addr::LOCALHOST, port).into();
        let thread = thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            let (length, from) = peer.recv_from(&mut buffer).unwrap();
            assert_eq!((&buffer[..length], from), (&b"hello"[..], guest));
            // The guest has to be connected, or it would take what strangers send.
            thread::sleep(Duration::from_millis(200));
            let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let mut all = Vec::new();
            for index in 0..COUNT {
                // The first has the length of the longest.
                let size = if index == 0 { 65507 } else { 8000 };
                let sent: Vec<u8> = (0..size).map(|at| byte(at + index, 5)).collect();
                stranger.send_to(b"who is that?", guest).unwrap();
                peer.send_to(&sent, guest).unwrap();
                let (length, from) = peer.recv_from(&mut buffer).unwrap();
                assert_eq!(from, guest);
                assert!(buffer[..length] == sent, "datagram {index} is not intact");
                all.extend(sent);
            }
            all
        });
        let (port, peer_port) = (port.to_string(), peer_port.to_string());
        let stdout = run(&["udp", &port, &peer_port, &COUNT.to_string()], None);
        let all = thread.join().unwrap();
        let expected = format!(
            "receive unbound: Err(invalid-state)
disconnect: Err(invalid-state)
send to nobody: Err(invalid-argument)
send too much: Err(datagram-too-large)
remote address: true
send to another: Err(invalid-argument)
echoed {COUNT} datagrams, fnv {:016x}
disconnect: Ok(())
",
            fnv(&all)
        );
        assert_eq!(stdout, expected, "{name}");
    }
}

#[test]
fn a_connection_of_0_3_that_is_refused_says_so() {
    for (name, run) in hosts() {
        let stdout = run(&["refused", &free_port().to_string()], None);
        assert_eq!(stdout, "Err(connection-refused)\n", "{name}");
    }
}

#[test]
fn a_connection_of_0_3_and_a_clock_are_waited_for_at_once() {
    for (name, run) in hosts() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let peer = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut told = [0; 5];
            stream.read_exact(&mut told).unwrap();
            assert_eq!(&told, b"go on");
            stream.write_all(b"at last").unwrap();
            // The end comes when the guest has closed both directions.
            assert_eq!(stream.read(&mut told).unwrap(), 0);
        });
        let stdout = run(&["quiet", &port.to_string()], None);
        peer.join().unwrap();
        let expected = "first: the clock\nthen: \"at last\"\nreceived Ok(())\nsent Ok(())\n";
        assert_eq!(stdout, expected, "{name}");
    }
}

#[test]
fn states_and_options_of_a_socket_of_0_3() {
    let mut hosts = hosts();
    let (_, oracle) = hosts.remove(0);
    let expected = oracle(&["options"], None);
    assert_eq!(expected.lines().count(), 39, "{expected}");
    for (name, run) in hosts {
        assert_eq!(run(&["options"], None), expected, "{name}");
    }
}

#[test]
fn addresses_are_read_and_names_are_looked_up_by_0_3() {
    let names = [
        "127.0.0.1",
        "::1",
        "2001:db8::7:1",
        "no such name",
        "",
        "localhost",
    ];
    for (name, run) in hosts() {
        let stdout = run(&[&["lookup"], &names[..]].concat(), None);
        let lines: Vec<&str> = stdout.lines().collect();
        assert_eq!(
            lines[..3],
            [
                "127.0.0.1: 127.0.0.1",
                "::1: (0, 0, 0, 0, 0, 0, 0, 1)",
                "2001:db8::7:1: (2001, db8, 0, 0, 0, 0, 7, 1)"
            ],
            "{name}"
        );
        for bad in &lines[3..5] {
            let is_error =
                bad.ends_with(": name-unresolvable") || bad.ends_with(": invalid-argument");
            assert!(is_error, "{name}: {stdout}");
        }
        assert!(lines[5].contains("127.0.0.1"), "{name}: {stdout}");
    }
}
