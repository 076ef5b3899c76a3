//! A flat program with sockets against a native peer on the loopback.
//!
//! It runs on the host of `p1bridge_tests::sockets`, and on every `iwasm` (WAMR 1.3.3 or later) that the
//! environment variable `P1BRIDGE_IWASM` names, separated by `:`.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use p1bridge::flatten::{FlattenOptions, Growth, flatten};
use p1bridge::profiles::Profile;
use p1bridge_tests::{manifest, sockets};

const TOTAL: usize = 4 << 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// A host: what it is called, and how it runs the program with arguments and standard input; the
/// answer is what the program printed.
type Host = (
    String,
    Box<dyn Fn(&[&str], Option<OwnedFd>) -> String + Send + Sync>,
);

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

fn guest() -> Vec<u8> {
    std::fs::read(manifest::corpus().join("prebuilt/sockets-p2-rust.wasm")).unwrap()
}

fn hosts() -> Vec<Host> {
    let mut hosts: Vec<Host> = Vec::new();
    for (name, growth) in [("wasmi", Growth::Free), ("wasmi, --no-grow", Growth::None)] {
        let options = FlattenOptions {
            sockets: Some(true),
            growth,
            ..FlattenOptions::default()
        };
        let flat = flatten(&guest(), &options).unwrap().wasm;
        let ours = move |args: &[&str], stdin: Option<OwnedFd>| {
            let args = [&["guest"], args].concat();
            let ended = sockets::run(&flat, &args, stdin).unwrap();
            assert_eq!(ended.exit, Ok(0), "{}{}", ended.stdout, ended.stderr);
            plain(&ended.stdout)
        };
        hosts.push((name.into(), Box::new(ours)));
    }
    let named = std::env::var("P1BRIDGE_IWASM").unwrap_or_default();
    for iwasm in named.split(':').filter(|path| !path.is_empty()) {
        let options = FlattenOptions {
            profile: Profile::named("wamr-2").unwrap(),
            ..FlattenOptions::default()
        };
        let flat = flatten(&guest(), &options).unwrap().wasm;
        let path = iwasm.to_string();
        let real = move |args: &[&str], stdin: Option<OwnedFd>| {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("guest.wasm");
            std::fs::write(&file, &flat).unwrap();
            let output = Command::new(&path)
                .args([
                    "--addr-pool=127.0.0.1/32",
                    "--allow-resolve=*",
                    "--stack-size=1048576",
                ])
                .arg(&file)
                .args(args)
                .stdin(stdin.map_or(Stdio::null(), Stdio::from))
                .output()
                .unwrap();
            let stdout = String::from_utf8(output.stdout).unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{stdout}{stderr}");
            plain(&stdout)
        };
        hosts.push((iwasm.to_string(), Box::new(real)));
    }
    hosts
}

/// Byte `at` of what a side sends; the guest's `salt` is 7.
fn byte(at: usize, salt: usize) -> u8 {
    ((at * 31 + at / 251 + salt) % 251) as u8
}

fn pattern(salt: usize) -> Vec<u8> {
    (0..TOTAL).map(|at| byte(at, salt)).collect()
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// A port that nobody has now and no system hands out by itself, so that no other test gets it and no
/// `connect` to it, before the guest listens, finds itself.
fn free_port() -> u16 {
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
fn exchange(stream: TcpStream) {
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
    for (name, run) in hosts() {
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
    for (name, run) in hosts() {
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
    for (name, run) in hosts() {
        let stdout = run(&["refused", &free_port().to_string()], None);
        assert_eq!(stdout, "Err(connection-refused)\n", "{name}");
    }
}

#[test]
fn standard_input_a_connection_datagrams_and_a_clock_are_waited_for_at_once() {
    for (name, run) in hosts() {
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
    for (name, run) in hosts() {
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
    for (name, run) in hosts() {
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
