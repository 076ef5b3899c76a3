//! The same with sockets of WASI 0.3: the guest `sockets-p3-rust` as a component on wasmtime, and flat.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use p1bridge::flatten::{FlattenOptions, Stacks, flatten};
use p1bridge_tests::manifest;

use wit_component::StringEncoding;

use super::guest;
use super::sockets::{
    Host, PATIENCE, TOTAL, byte, exchange, fnv, free_port, hosts_of, on_wasmi, pattern,
};

/// All hosts, but for those where memory does not grow: the guest's heap has to. And one where tasks that wait leave the
/// stack.
fn hosts() -> Vec<Host> {
    let guest = manifest::corpus().join("prebuilt/sockets-p3-rust.wasm");
    hosts_for(std::fs::read(guest).unwrap())
}

fn hosts_for(guest: Vec<u8>) -> Vec<Host> {
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

const WORLD: &str = "package test:guest;
world guest {
    import wasi:sockets/types@0.3.0;
    import wasi:clocks/monotonic-clock@0.3.0;
    import wasi:cli/stdout@0.3.0;
    export wasi:cli/run@0.3.0;
}";

/// Calls without waiting for them, and waits for what comes first. Each step prints a letter.
const PENDING: &str = r#"(module
  (import "wasi:sockets/types@0.3.0" "[static]udp-socket.create" (func $udp (param i32 i32)))
  (import "wasi:sockets/types@0.3.0" "[method]udp-socket.bind"
    (func $bind (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:sockets/types@0.3.0" "[method]udp-socket.get-local-address" (func $address (param i32 i32)))
  (import "wasi:sockets/types@0.3.0" "[async-lower][method]udp-socket.receive"
    (func $receive (param i32 i32) (result i32)))
  (import "wasi:sockets/types@0.3.0" "[async-lower][method]udp-socket.send" (func $send (param i32 i32) (result i32)))
  (import "wasi:sockets/types@0.3.0" "[resource-drop]udp-socket" (func $drop-udp (param i32)))
  (import "wasi:sockets/types@0.3.0" "[static]tcp-socket.create" (func $tcp (param i32 i32)))
  (import "wasi:sockets/types@0.3.0" "[method]tcp-socket.bind"
    (func $bind-tcp (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:sockets/types@0.3.0" "[method]tcp-socket.listen" (func $listen (param i32 i32)))
  (import "wasi:sockets/types@0.3.0" "[method]tcp-socket.get-local-address" (func $address-tcp (param i32 i32)))
  (import "wasi:sockets/types@0.3.0" "[async-lower][method]tcp-socket.connect"
    (func $connect (param i32 i32) (result i32)))
  (import "wasi:sockets/types@0.3.0" "[resource-drop]tcp-socket" (func $drop-tcp (param i32)))
  (import "wasi:clocks/monotonic-clock@0.3.0" "[async-lower]wait-for" (func $wait-for (param i64) (result i32)))
  (import "wasi:cli/stdout@0.3.0" "write-via-stream" (func $out (param i32) (result i32)))
  (import "wasi:cli/stdout@0.3.0" "[stream-new-0]write-via-stream" (func $new (result i64)))
  (import "wasi:cli/stdout@0.3.0" "[stream-write-0]write-via-stream" (func $write (param i32 i32 i32) (result i32)))
  (import "$root" "[waitable-set-new]" (func $set-new (result i32)))
  (import "$root" "[waitable-set-wait]" (func $wait (param i32 i32) (result i32)))
  (import "$root" "[waitable-join]" (func $join (param i32 i32)))
  (import "$root" "[subtask-cancel]" (func $cancel (param i32) (result i32)))
  (import "$root" "[subtask-drop]" (func $drop (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "hello")
  (global $free (mut i32) (i32.const 8192))
  (global $stdout (mut i32) (i32.const 0))
  (global $set (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (if (i32.and (i32.ne (local.get 0) (i32.const 0)) (i32.le_u (local.get 3) (local.get 1)))
      (then (return (local.get 0))))
    (if (i32.lt_s (memory.grow (i32.const 2)) (i32.const 0)) (then unreachable))
    (global.get $free)
    (global.set $free (i32.add (global.get $free) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16)))))
  (func $is (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
  (func $print (param $at i32) (param $size i32)
    (call $is (call $write (global.get $stdout) (local.get $at) (local.get $size))
      (i32.shl (local.get $size) (i32.const 4))))
  (func $letter (param i32)
    (i32.store8 (i32.const 80) (local.get 0)) (call $print (i32.const 80) (i32.const 1)))
  ;; a call that is not over yet, as a member of the set
  (func $pending (param $status i32) (result i32)
    (if (i32.gt_u (i32.and (local.get $status) (i32.const 15)) (i32.const 1)) (then unreachable))
    (call $join (i32.shr_u (local.get $status) (i32.const 4)) (global.get $set))
    (i32.shr_u (local.get $status) (i32.const 4)))
  ;; waits until a call has returned; others may not before it
  (func $returned (param $task i32)
    (loop $again
      (call $is (call $wait (global.get $set) (i32.const 96)) (i32.const 1))
      (call $is (i32.load (i32.const 96)) (local.get $task))
      (br_if $again (i32.ne (i32.load (i32.const 100)) (i32.const 2))))
    (call $drop (local.get $task)))
  (func $finish (param $status i32)
    (if (i32.ne (local.get $status) (i32.const 2)) (then (call $returned (call $pending (local.get $status))))))
  ;; the result at 256 is no error
  (func $ok (call $is (i32.load8_u (i32.const 256)) (i32.const 0)))
  (func $loopback (param $at i32) (param $port i32)
    (i32.store8 (local.get $at) (i32.const 0))
    (i32.store16 offset=4 (local.get $at) (local.get $port))
    (i32.store offset=6 align=2 (local.get $at) (i32.const 0x0100007f)))
  ;; sends five bytes to the socket itself
  (func $send-self (param $socket i32)
    (call $address (local.get $socket) (i32.const 512))
    (i32.store (i32.const 1024) (local.get $socket))
    (i32.store (i32.const 1028) (i32.const 64))
    (i32.store (i32.const 1032) (i32.const 5))
    (i32.store8 (i32.const 1036) (i32.const 1))
    (call $loopback (i32.const 1040) (i32.load16_u (i32.const 520)))
    (call $finish (call $send (i32.const 1024) (i32.const 256)))
    (call $ok))
  (func (export "wasi:cli/run@0.3.0#run") (result i32)
    (local $both i64) (local $socket i32) (local $receive i32) (local $clock i32) (local $port i32)
    (local.set $both (call $new))
    (global.set $stdout (i32.wrap_i64 (i64.shr_u (local.get $both) (i64.const 32))))
    (drop (call $out (i32.wrap_i64 (local.get $both))))
    (global.set $set (call $set-new))
    (call $udp (i32.const 0) (i32.const 256))
    (call $ok)
    (local.set $socket (i32.load (i32.const 260)))
    (call $bind (local.get $socket) (i32.const 0) (i32.const 0) (i32.const 127) (i32.const 0) (i32.const 0)
      (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256))
    (call $ok)
    ;; c: the clock is over while nothing has come
    (local.set $receive (call $pending (call $receive (local.get $socket) (i32.const 2048))))
    (call $returned (call $pending (call $wait-for (i64.const 20000000))))
    (call $letter (i32.const 99))
    ;; d: a datagram comes
    (call $send-self (local.get $socket))
    (call $returned (local.get $receive))
    (call $is (i32.load8_u (i32.const 2048)) (i32.const 0))
    (call $is (i32.load (i32.const 2056)) (i32.const 5))
    (call $print (i32.load (i32.const 2052)) (i32.const 5))
    (call $letter (i32.const 100))
    ;; x: a call that is not wanted any more takes nothing
    (local.set $receive (call $pending (call $receive (local.get $socket) (i32.const 2048))))
    (call $join (local.get $receive) (i32.const 0))
    (if (i32.lt_u (call $cancel (local.get $receive)) (i32.const 3)) (then unreachable))
    (call $drop (local.get $receive))
    (call $letter (i32.const 120))
    (call $send-self (local.get $socket))
    (i32.store (i32.const 2056) (i32.const 0))
    (call $finish (call $receive (local.get $socket) (i32.const 2048)))
    (call $is (i32.load (i32.const 2056)) (i32.const 5))
    (call $drop-udp (local.get $socket))
    ;; t: a connection, which takes until the host has made it
    (call $tcp (i32.const 0) (i32.const 256))
    (call $ok)
    (local.set $socket (i32.load (i32.const 260)))
    (call $bind-tcp (local.get $socket) (i32.const 0) (i32.const 0) (i32.const 127) (i32.const 0) (i32.const 0)
      (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256))
    (call $ok)
    (call $listen (local.get $socket) (i32.const 256))
    (call $ok)
    (call $address-tcp (local.get $socket) (i32.const 512))
    (local.set $port (i32.load16_u (i32.const 520)))
    (call $tcp (i32.const 0) (i32.const 256))
    (call $ok)
    (i32.store (i32.const 1024) (i32.load (i32.const 260)))
    (call $loopback (i32.const 1028) (local.get $port))
    (i32.store8 (i32.const 256) (i32.const 9))
    (call $finish (call $connect (i32.const 1024) (i32.const 256)))
    (call $ok)
    (call $letter (i32.const 116))
    ;; r: once only
    (call $finish (call $connect (i32.const 1024) (i32.const 256)))
    (call $is (i32.load8_u (i32.const 256)) (i32.const 1))
    (call $letter (i32.const 114))
    (call $drop-tcp (i32.load (i32.const 1024)))
    (i32.const 0)))"#;

#[test]
fn calls_that_wait_for_the_host_are_left_pending_beside_others() {
    for encoding in [StringEncoding::UTF8, StringEncoding::UTF16] {
        let guest = guest::component_0_3(PENDING, WORLD, encoding);
        for (name, run) in hosts_for(guest) {
            assert_eq!(run(&[], None), "chellodxtr", "{name}, {encoding:?}");
        }
    }
}

/// Gives what comes from a connection to the same connection, from host to host, and waits for both ends of that.
const ECHO: &str = r#"(module
  (import "wasi:sockets/types@0.3.0" "[static]tcp-socket.create" (func $tcp (param i32 i32)))
  (import "wasi:sockets/types@0.3.0" "[method]tcp-socket.bind"
    (func $bind (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:sockets/types@0.3.0" "[method]tcp-socket.listen" (func $listen (param i32 i32)))
  (import "wasi:sockets/types@0.3.0" "[stream-read-0][method]tcp-socket.listen"
    (func $accept (param i32 i32 i32) (result i32)))
  (import "wasi:sockets/types@0.3.0" "[method]tcp-socket.receive" (func $receive (param i32 i32)))
  (import "wasi:sockets/types@0.3.0" "[method]tcp-socket.send" (func $send (param i32 i32) (result i32)))
  (import "wasi:sockets/types@0.3.0" "[future-read-1][method]tcp-socket.receive"
    (func $received (param i32 i32) (result i32)))
  (import "wasi:sockets/types@0.3.0" "[future-read-1][method]tcp-socket.send" (func $sent (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func $is (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
  ;; the result at 256 is no error
  (func $ok (call $is (i32.load8_u (i32.const 256)) (i32.const 0)))
  (func (export "wasi:cli/run@0.3.0#run") (result i32) (local $socket i32) (local $end i32)
    (call $tcp (i32.const 0) (i32.const 256))
    (call $ok)
    (local.set $socket (i32.load (i32.const 260)))
    (call $bind (local.get $socket) (i32.const 0) (i32.const PORT) (i32.const 127) (i32.const 0) (i32.const 0)
      (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256))
    (call $ok)
    (call $listen (local.get $socket) (i32.const 256))
    (call $ok)
    (call $is (call $accept (i32.load (i32.const 260)) (i32.const 512) (i32.const 1)) (i32.const 0x10))
    (local.set $socket (i32.load (i32.const 512)))
    (call $receive (local.get $socket) (i32.const 520))
    (local.set $end (call $send (local.get $socket) (i32.load (i32.const 520))))
    (call $is (call $received (i32.load (i32.const 524)) (i32.const 256)) (i32.const 0))
    (call $ok)
    (call $is (call $sent (local.get $end) (i32.const 256)) (i32.const 0))
    (call $ok)
    (i32.const 0)))"#;

/// The peer reads nothing until it cannot write any more: what was read of the one direction waits for the other.
#[test]
fn what_passes_from_host_to_host_waits_while_it_cannot_be_written() {
    const BYTES: usize = 12 << 20;
    let port = free_port();
    let guest = ECHO.replace("PORT", &port.to_string());
    for (name, run) in hosts_for(guest::component_0_3(&guest, WORLD, StringEncoding::UTF8)) {
        let peer = thread::spawn(move || {
            let mut stream = connected(port);
            rustix::net::sockopt::set_socket_recv_buffer_size(&stream, 65536).unwrap();
            stream.set_write_timeout(Some(PATIENCE)).unwrap();
            let mut writer = stream.try_clone().unwrap();
            let written = Arc::new(AtomicUsize::new(0));
            let counted = written.clone();
            let writing = thread::spawn(move || {
                let bytes: Vec<u8> = (0..BYTES).map(|at| byte(at, 17)).collect();
                for piece in bytes.chunks(65536) {
                    writer.write_all(piece).unwrap();
                    counted.fetch_add(piece.len(), Ordering::Relaxed);
                }
                writer.shutdown(Shutdown::Write).unwrap();
            });
            let mut before = usize::MAX;
            while written.load(Ordering::Relaxed) != before || before == 0 {
                before = written.load(Ordering::Relaxed);
                thread::sleep(Duration::from_millis(300));
            }
            assert!(before < BYTES, "nothing had to wait");
            let mut found = vec![0; BYTES];
            stream.read_exact(&mut found).unwrap();
            assert!((0..BYTES).all(|at| found[at] == byte(at, 17)));
            writing.join().unwrap();
        });
        assert_eq!(run(&[], None), "", "{name}");
        peer.join().unwrap();
    }
}
