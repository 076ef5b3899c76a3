//! A flat program with sockets against a native peer on the loopback.
//!
//! Flat, it runs on the host of `p1bridge_tests::sockets`, and on every `iwasm` (WAMR 1.3.3 or later) that
//! the environment variable `P1BRIDGE_IWASM` names, separated by `:`. As a component it runs on wasmtime
//! where that can print the same; and everywhere as a component that the flat program has become again, whose
//! sockets are those of WASI by way of WAMR's.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use p1bridge::flatten::{FlattenOptions, Growth, flatten};
use p1bridge::profiles::Profile;
use p1bridge::wrap::{Kind, World, WrapOptions, wrap};
use p1bridge_tests::engines::process;
use p1bridge_tests::{manifest, sockets};

pub const TOTAL: usize = 4 << 20;
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A host: what it is called, and how it runs the program with arguments and standard input; the
/// answer is what the program printed.
pub type Host = (String, Run);

/// How a host runs the program.
pub type Run = Box<dyn Fn(&[&str], Option<OwnedFd>) -> String + Send + Sync>;

/// What a program printed, with the bare names of errors.
fn plain(mut text: &str) -> String {
    let mut plain = String::new();
    while let Some((before, rest)) = text.split_once("ErrorCode { code: ") {
        let (error, after) = rest.split_once(" }").unwrap();
        plain += before;
        plain += error.split('"').nth(1).unwrap();
        text = after;
    }
    plain + text
}

/// What a child printed that runs the program: it has to end well.
fn printed(mut command: Command, stdin: Option<OwnedFd>) -> String {
    let output = command
        .stdin(stdin.map_or(Stdio::null(), Stdio::from))
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{stderr}");
    plain(&stdout)
}

fn guest() -> Vec<u8> {
    std::fs::read(manifest::corpus().join("prebuilt/sockets-p2-rust.wasm")).unwrap()
}

/// All hosts but the oracle. Where the guest sends more than one datagram for a `check-send` or takes
/// each event for bytes to read, it counts on what this library does, and wasmtime does not do that.
fn flat_hosts() -> Vec<Host> {
    hosts_of(guest()).split_off(1)
}

pub fn hosts_of(guest: Vec<u8>) -> Vec<Host> {
    let mut hosts: Vec<Host> = Vec::new();
    hosts.push(("wasmtime".into(), on_wasmtime(guest.clone())));
    for (name, growth) in [("wasmi", Growth::Free), ("wasmi, --no-grow", Growth::None)] {
        let options = FlattenOptions {
            sockets: Some(true),
            growth,
            ..FlattenOptions::default()
        };
        let flat = flatten(&guest, &options).unwrap().wasm;
        hosts.push((name.into(), on_wasmi(flat)));
    }
    let options = FlattenOptions {
        sockets: Some(true),
        ..FlattenOptions::default()
    };
    let flat = flatten(&guest, &options).unwrap().wasm;
    let back = wrap(&flat, &WrapOptions::default()).unwrap().component;
    hosts.push(("wasmtime, flat and wrapped".into(), on_wasmtime(back)));
    let named = std::env::var("P1BRIDGE_IWASM").unwrap_or_default();
    for iwasm in named.split(':').filter(|path| !path.is_empty()) {
        let options = FlattenOptions {
            profile: Profile::named("wamr-2").unwrap(),
            ..FlattenOptions::default()
        };
        let flat = flatten(&guest, &options).unwrap().wasm;
        let path = iwasm.to_string();
        let real = move |args: &[&str], stdin: Option<OwnedFd>| {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("guest.wasm");
            std::fs::write(&file, &flat).unwrap();
            let mut command = Command::new(&path);
            command.args([
                "--addr-pool=127.0.0.1/32",
                "--allow-resolve=*",
                "--stack-size=1048576",
            ]);
            command.arg(&file).args(args);
            printed(command, stdin)
        };
        hosts.push((iwasm.to_string(), Box::new(real)));
    }
    hosts
}

/// A component on wasmtime.
pub fn on_wasmtime(component: Vec<u8>) -> Run {
    Box::new(move |args, stdin| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("guest.wasm");
        std::fs::write(&file, &component).unwrap();
        let mut command = Command::new(process::this_binary().unwrap());
        command.args(["engine", "wasmtime"]).arg(&file);
        command.args(["--network", "--"]).args(args);
        printed(command, stdin)
    })
}

/// A flat program on the host of this package.
pub fn on_wasmi(flat: Vec<u8>) -> Run {
    Box::new(move |args, stdin| {
        let args = [&["guest"], args].concat();
        let ended = sockets::run(&flat, &args, stdin).unwrap();
        assert_eq!(ended.exit, Ok(0), "{}{}", ended.stdout, ended.stderr);
        plain(&ended.stdout)
    })
}

/// Byte `at` of what a side sends; the guest's `salt` is 7.
pub fn byte(at: usize, salt: usize) -> u8 {
    ((at * 31 + at / 251 + salt) % 251) as u8
}

pub fn pattern(salt: usize) -> Vec<u8> {
    (0..TOTAL).map(|at| byte(at, salt)).collect()
}

pub fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// A port that nobody has now and no system hands out by itself, so that no other test gets it and no
/// `connect` to it, before the guest listens, finds itself.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() as u16;
    let is_free = |port: &u16| {
        TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()
            && UdpSocket::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()
    };
    (0..1000)
        .map(|_| 10_000 + first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000)
        .find(is_free)
        .unwrap()
}

/// The peer's half of an exchange: everything arrives, in both directions at once, and what was
/// sent last before the guest closed too.
pub fn exchange(stream: TcpStream) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let sender = thread::spawn(move || writer.write_all(&pattern(13)).unwrap());
    let mut received = vec![0; TOTAL];
    let mut reader = stream;
    reader.read_exact(&mut received).unwrap();
    assert!(received == pattern(7), "what the guest sent is not intact");
    sender.join().unwrap();
    let mut bye = [0; 3];
    reader.read_exact(&mut bye).unwrap();
    assert_eq!(&bye, b"bye");
}

fn check_exchange(name: &str, stdout: &str) {
    let received = format!("received {TOTAL} bytes, fnv {:016x}", fnv(&pattern(13)));
    for part in [
        "peer at (127, 0, 0, 1), family IpAddressFamily::Ipv4\n",
        &received,
        "rest Err(StreamError::Closed)\n",
    ] {
        assert!(stdout.contains(part), "{name}: {stdout}");
    }
}

#[test]
fn a_tcp_client_sends_and_receives_4_mib() {
    for (name, run) in flat_hosts() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let peer = thread::spawn(move || exchange(listener.accept().unwrap().0));
        let stdout = run(&["client", &port.to_string(), &TOTAL.to_string()], None);
        peer.join().unwrap();
        check_exchange(&name, &stdout);
    }
}

#[test]
fn a_tcp_server_sends_and_receives_4_mib() {
    for (name, run) in flat_hosts() {
        let port = free_port();
        let peer = thread::spawn(move || {
            let start = Instant::now();
            let stream = loop {
                match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                    Ok(stream) => break stream,
                    Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
                }
                thread::sleep(Duration::from_millis(5));
            };
            exchange(stream);
        });
        let stdout = run(&["server", &port.to_string(), &TOTAL.to_string()], None);
        peer.join().unwrap();
        assert!(stdout.starts_with("listening\n"), "{name}: {stdout}");
        check_exchange(&name, &stdout);
    }
}

#[test]
fn datagrams_go_both_ways_and_those_of_strangers_nowhere() {
    const SIZE: usize = 8000;
    let count = TOTAL.div_ceil(SIZE);
    for (name, run) in flat_hosts() {
        let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        let peer_port = peer.local_addr().unwrap().port();
        let port = free_port();
        let guest: SocketAddr = (Ipv4Addr::LOCALHOST, port).into();
        let thread = thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            let (length, from) = peer.recv_from(&mut buffer).unwrap();
            assert_eq!((&buffer[..length], from), (&b"hello"[..], guest));
            let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let mut all = Vec::new();
            for index in 0..count {
                // The first has the length of the longest.
                let size = if index == 0 { 65507 } else { SIZE };
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
        let stdout = run(&["udp", &port, &peer_port, &count.to_string()], None);
        let all = thread.join().unwrap();
        let expected = format!("echoed {count} datagrams, fnv {:016x}\n", fnv(&all));
        assert_eq!(stdout, expected, "{name}");
    }
}

#[test]
fn a_connection_that_is_refused_says_so() {
    for (name, run) in hosts_of(guest()) {
        let stdout = run(&["refused", &free_port().to_string()], None);
        assert_eq!(stdout, "Err(connection-refused)\n", "{name}");
    }
}

#[test]
fn standard_input_a_connection_datagrams_and_a_clock_are_waited_for_at_once() {
    for (name, run) in flat_hosts() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let peer_port = listener.local_addr().unwrap().port();
        let port = free_port();
        let (stdin, mut keyboard) = std::io::pipe().unwrap();
        let peer = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let told = |stream: &mut TcpStream| stream.read_exact(&mut [0]).unwrap();
            told(&mut stream);
            keyboard.write_all(b"typed").unwrap();
            told(&mut stream);
            stream.write_all(b"sent").unwrap();
            told(&mut stream);
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let guest: SocketAddr = (Ipv4Addr::LOCALHOST, port).into();
            socket.send_to(b"thrown", guest).unwrap();
            told(&mut stream);
            keyboard.write_all(b"again").unwrap();
            told(&mut stream);
        });
        let args = ["together", &peer_port.to_string(), &port.to_string()];
        let stdout = run(&args, Some(stdin.into()));
        peer.join().unwrap();
        let expected = "\
0: [0] typed
1: [1] sent
2: [2] thrown
3: [0] again
clock: [3]
waited: true
closed: Err(StreamError::Closed) Err(StreamError::Closed)
";
        assert_eq!(stdout, expected, "{name}");
    }
}

#[test]
fn states_and_options_of_a_socket() {
    let expected = "\
connect to nobody: Err(invalid-argument)
connect to IPv6: Err(invalid-argument)
local address: Err(invalid-state)
listen unbound: Err(invalid-state)
accept unbound: Err(invalid-state)
finish nothing: Err(not-in-progress) Err(not-in-progress)
shutdown: Err(invalid-state)
set keep-alive: Ok(()) Ok(true)
idle time: Ok(()) Ok(5000000000)
idle time of 0: Err(invalid-argument)
interval: Ok(()) Ok(7000000000)
hop limit: Ok(()) Ok(9)
hop limit of 0: Err(invalid-argument)
receive buffer of 0: Err(invalid-argument)
receive buffer: true
send buffer: true
bind: Ok(())
bind again: Err(concurrency-conflict)
finish: Ok(())
bound to a port: true
remote address: Err(invalid-state)
listen: Ok(()) Ok(())
is listening: true
accept nobody: Err(would-block)
the same port: Err(address-in-use)
";
    for (name, run) in hosts_of(guest()) {
        assert_eq!(run(&["options"], None), expected, "{name}");
    }
}

#[test]
fn addresses_are_read_and_names_are_looked_up() {
    let names = [
        "127.0.0.1",
        "::1",
        "2001:db8::7:1",
        "1:2:3:4:5:6:7:8",
        "::",
        "1.2.3.256",
        "1:2",
        "1::2::3",
        "1:2:3:4:5:6:7:8:9",
        "no such name",
        "",
    ];
    let expected = "\
127.0.0.1: 127.0.0.1
::1: (0, 0, 0, 0, 0, 0, 0, 1)
2001:db8::7:1: (2001, db8, 0, 0, 0, 0, 7, 1)
1:2:3:4:5:6:7:8: (1, 2, 3, 4, 5, 6, 7, 8)
::: (0, 0, 0, 0, 0, 0, 0, 0)
";
    for (name, run) in hosts_of(guest()) {
        let args = [&["lookup"], &names[..]].concat();
        let stdout = run(&args, None);
        assert!(stdout.starts_with(expected), "{name}: {stdout}");
        for bad in &names[5..] {
            let error = ["name-unresolvable", "invalid-argument"]
                .map(|error| stdout.contains(&format!("\n{bad}: {error}\n")));
            assert!(error.contains(&true), "{name}: {bad}: {stdout}");
        }
        let localhost = run(&["lookup", "localhost"], None);
        assert!(localhost.contains("127.0.0.1"), "{name}: {localhost}");
    }
}

/// A command that opens a UDP socket, binds it to no address in particular, and sends a datagram to
/// `peer`, of which it takes an answer. Then it tries to send an empty one. It traps where something
/// is not as it should be, and prints nothing.
fn sends_from_anywhere(peer: u16) -> Vec<u8> {
    let world = "package test:anywhere;
        world w {
            import wasi:sockets/instance-network@0.2.12;
            import wasi:sockets/udp-create-socket@0.2.12;
            import wasi:sockets/udp@0.2.12;
            import wasi:io/poll@0.2.12;
            export wasi:cli/run@0.2.12;
        }";
    let module = format!(
        r#"(module
          (import "wasi:sockets/instance-network@0.2.12" "instance-network" (func $network (result i32)))
          (import "wasi:sockets/udp-create-socket@0.2.12" "create-udp-socket" (func $socket (param i32 i32)))
          (import "wasi:sockets/udp@0.2.12" "[method]udp-socket.start-bind" (func $start
            (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
          (import "wasi:sockets/udp@0.2.12" "[method]udp-socket.finish-bind" (func $finish (param i32 i32)))
          (import "wasi:sockets/udp@0.2.12" "[method]udp-socket.stream" (func $stream
            (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
          (import "wasi:sockets/udp@0.2.12" "[method]udp-socket.local-address" (func $local (param i32 i32)))
          (import "wasi:sockets/udp@0.2.12" "[method]outgoing-datagram-stream.check-send"
            (func $check (param i32 i32)))
          (import "wasi:sockets/udp@0.2.12" "[method]outgoing-datagram-stream.send"
            (func $send (param i32 i32 i32 i32)))
          (import "wasi:sockets/udp@0.2.12" "[method]incoming-datagram-stream.receive"
            (func $receive (param i32 i64 i32)))
          (import "wasi:sockets/udp@0.2.12" "[method]incoming-datagram-stream.subscribe"
            (func $subscribe (param i32) (result i32)))
          (import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $block (param i32)))
          (memory (export "memory") 4)
          ;; An outgoing datagram to the peer.
          (data (i32.const 0) "\60\00\00\00\05\00\00\00\01\00\00\00\00\00\00\00\{:02x}\{:02x}\7f\00\00\01")
          (data (i32.const 96) "hello")
          (global $free (mut i32) (i32.const 4096))
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (global.set $free (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
            (global.get $free)
            (global.set $free (i32.add (global.get $free) (local.get 3))))
          (func $must (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))
          (func $ok (call $must (i32.eqz (i32.load8_u (i32.const 128)))))
          (func (export "wasi:cli/run@0.2.12#run") (result i32) (local $socket i32) (local $in i32) (local $out i32)
            (call $socket (i32.const 0) (i32.const 128))
            (call $ok)
            (local.set $socket (i32.load (i32.const 132)))
            (call $start (local.get $socket) (call $network) (i32.const 0) (i32.const 0)
              (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
              (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 128))
            (call $ok)
            (call $finish (local.get $socket) (i32.const 128))
            (call $ok)
            (call $stream (local.get $socket) (i32.const 0) (i32.const 0) (i32.const 0)
              (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
              (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 128))
            (call $ok)
            (local.set $in (i32.load (i32.const 132)))
            (local.set $out (i32.load (i32.const 136)))
            (call $check (local.get $out) (i32.const 128))
            (call $ok)
            (call $send (local.get $out) (i32.const 0) (i32.const 1) (i32.const 128))
            (call $ok)
            (call $must (i64.eq (i64.load (i32.const 136)) (i64.const 1)))
            (call $local (local.get $socket) (i32.const 128))
            (call $ok)
            (call $must (i32.load16_u (i32.const 136)))
            (call $block (call $subscribe (local.get $in)))
            (call $receive (local.get $in) (i64.const 1) (i32.const 128))
            (call $ok)
            (call $must (i32.eq (i32.load (i32.const 136)) (i32.const 1)))
            ;; Of six bytes, from the peer.
            (call $must (i32.eq (i32.load offset=4 (i32.load (i32.const 132))) (i32.const 6)))
            (call $must (i32.eq (i32.load16_u offset=12 (i32.load (i32.const 132))) (i32.const {peer})))
            ;; An empty one, which no WAMR sends: it goes, or is no valid argument.
            (i32.store (i32.const 4) (i32.const 0))
            (call $check (local.get $out) (i32.const 128))
            (call $send (local.get $out) (i32.const 0) (i32.const 1) (i32.const 128))
            (if (i32.load8_u (i32.const 128))
              (then (call $must (i32.eq (i32.load8_u (i32.const 136)) (i32.const 3)))))
            (i32.const 0)))"#,
        peer & 0xff,
        peer >> 8
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("world.wit"), world).unwrap();
    let wasi = manifest::corpus().join("../wit/wasi-0.2");
    std::os::unix::fs::symlink(wasi, folder.path().join("deps")).unwrap();
    let options = WrapOptions {
        kind: Some(Kind::Reactor),
        world: Some(World::read(folder.path(), None).unwrap()),
        ..WrapOptions::default()
    };
    wrap(&wat::parse_str(module).unwrap(), &options)
        .unwrap()
        .component
}

#[test]
fn a_client_sends_datagrams_from_wherever_though_the_host_allows_its_peer_only() {
    let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    let guest = sends_from_anywhere(peer.local_addr().unwrap().port());
    for (name, run) in hosts_of(guest) {
        let peer = peer.try_clone().unwrap();
        let answering = thread::spawn(move || {
            let mut buffer = [0; 100];
            loop {
                let (length, from) = peer.recv_from(&mut buffer).unwrap();
                if length != 0 {
                    assert_eq!(&buffer[..length], b"hello");
                    return peer.send_to(b"answer", from).unwrap();
                }
            }
        });
        assert_eq!(run(&[], None), "", "{name}");
        answering.join().unwrap();
    }
}
