//! WASI 0.2 sockets, against a native peer on the loopback.
//!
//! `sockets-p2-rust client|server PORT BYTES | udp PORT PEER COUNT | refused PORT | together PEER PORT | options |
//! lookup NAME…`

#[path = "../../arena.rs"]
mod arena;
mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::{environment, stdin, stdout};
use bindings::wasi::clocks::monotonic_clock;
use bindings::wasi::io::poll;
use bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};
use bindings::wasi::sockets::instance_network::instance_network;
use bindings::wasi::sockets::ip_name_lookup::resolve_addresses;
use bindings::wasi::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};
use bindings::wasi::sockets::tcp::{ShutdownType, TcpSocket};
use bindings::wasi::sockets::tcp_create_socket::create_tcp_socket;
use bindings::wasi::sockets::udp::OutgoingDatagram;
use bindings::wasi::sockets::udp_create_socket::create_udp_socket;

struct Program;
bindings::export!(Program with_types_in bindings);

const SECOND: u64 = 1_000_000_000;

fn say(text: &str) {
    stdout::get_stdout()
        .blocking_write_and_flush(text.as_bytes())
        .expect("an open stream");
}

macro_rules! say {
    ($($part:tt)*) => { say(&format!("{}\n", format_args!($($part)*))) };
}

fn local(port: u16) -> IpSocketAddress {
    IpSocketAddress::Ipv4(Ipv4SocketAddress {
        port,
        address: (127, 0, 0, 1),
    })
}

/// Byte `at` of what one side sends.
fn byte(at: usize, salt: usize) -> u8 {
    ((at * 31 + at / 251 + salt) % 251) as u8
}

fn hash(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Waits for one of some pollables, or too long.
fn wait(pollables: &[&poll::Pollable]) -> Vec<u32> {
    let late = monotonic_clock::subscribe_duration(20 * SECOND);
    let mut all = pollables.to_vec();
    all.push(&late);
    let ready = poll::poll(&all);
    assert!(!ready.contains(&(pollables.len() as u32)), "nothing in 20 seconds");
    ready
}

fn connect(port: u16) -> Result<(TcpSocket, InputStream, OutputStream), ErrorCode> {
    let network = instance_network();
    let socket = create_tcp_socket(IpAddressFamily::Ipv4)?;
    socket.start_connect(&network, local(port))?;
    let ready = socket.subscribe();
    let (input, output) = loop {
        match socket.finish_connect() {
            Err(ErrorCode::WouldBlock) => drop(wait(&[&ready])),
            other => break other?,
        }
    };
    Ok((socket, input, output))
}

fn accept(port: u16) -> Result<(TcpSocket, InputStream, OutputStream), ErrorCode> {
    let network = instance_network();
    let socket = create_tcp_socket(IpAddressFamily::Ipv4)?;
    socket.start_bind(&network, local(port))?;
    socket.finish_bind()?;
    socket.set_listen_backlog_size(4)?;
    socket.start_listen()?;
    socket.finish_listen()?;
    assert!(socket.is_listening());
    say!("listening");
    let ready = socket.subscribe();
    loop {
        match socket.accept() {
            Err(ErrorCode::WouldBlock) => drop(wait(&[&ready])),
            other => return other,
        }
    }
}

/// Sends and receives `total` bytes at once, and says what came.
fn exchange(input: &InputStream, output: &OutputStream, total: usize) {
    let (readable, writable) = (input.subscribe(), output.subscribe());
    let (mut sent, mut got, mut sum) = (0, 0, 0xcbf2_9ce4_8422_2325);
    let mut waits = 0;
    while sent < total || got < total {
        let mut stuck = true;
        while sent < total {
            let permit = output.check_write().expect("an open stream") as usize;
            if permit == 0 {
                break;
            }
            let end = total.min(sent + permit);
            let piece: Vec<u8> = (sent..end).map(|at| byte(at, 7)).collect();
            output.write(&piece).expect("an open stream");
            sent = end;
            stuck = false;
            if sent % 65536 < permit {
                break;
            }
        }
        if got < total {
            let piece = input.read(100_000).expect("more bytes");
            stuck &= piece.is_empty();
            sum = hash(sum, &piece);
            got += piece.len();
        }
        if stuck {
            waits += 1;
            match (sent < total, got < total) {
                (true, true) => drop(wait(&[&readable, &writable])),
                (true, false) => drop(wait(&[&writable])),
                _ => drop(wait(&[&readable])),
            }
        }
    }
    output.blocking_flush().expect("an open stream");
    say!("received {got} bytes, fnv {sum:016x}, waited: {}", waits > 0);
}

fn tcp(connection: Result<(TcpSocket, InputStream, OutputStream), ErrorCode>, total: usize) {
    let (socket, input, output) = connection.expect("a connection");
    let IpSocketAddress::Ipv4(remote) = socket.remote_address().expect("a peer") else {
        panic!("an IPv6 address");
    };
    say!("peer at {:?}, family {:?}", remote.address, socket.address_family());
    exchange(&input, &output, total);
    // What is left is sent after the socket is gone.
    drop(socket);
    output.blocking_write_and_flush(b"bye").expect("an open stream");
    drop(output);
    let rest = input.blocking_read(10);
    say!("rest {rest:?}");
    assert!(matches!(input.read(1), Err(StreamError::Closed)) || rest.is_ok());
}

fn udp(port: u16, peer: u16, count: usize) {
    let network = instance_network();
    let socket = create_udp_socket(IpAddressFamily::Ipv4).expect("a socket");
    socket.start_bind(&network, local(port)).expect("a free port");
    socket.finish_bind().expect("a free port");
    // To anybody, with an address in each datagram.
    let (incoming, outgoing) = socket.stream(None).expect("streams");
    assert!(incoming.receive(1).expect("nothing yet").is_empty());
    assert!(outgoing.check_send().expect("room") > 0);
    let none = OutgoingDatagram { data: vec![1], remote_address: None };
    assert!(matches!(outgoing.send(&[none]), Err(ErrorCode::InvalidArgument)));
    let hello = OutgoingDatagram { data: b"hello".to_vec(), remote_address: Some(local(peer)) };
    assert_eq!(outgoing.send(&[hello]), Ok(1));
    drop((incoming, outgoing));
    // To one peer.
    let (incoming, outgoing) = socket.stream(Some(local(peer))).expect("streams");
    let (readable, writable) = (incoming.subscribe(), outgoing.subscribe());
    let (mut got, mut sum) = (0, 0xcbf2_9ce4_8422_2325);
    while got < count {
        for datagram in incoming.receive(4).expect("datagrams") {
            let IpSocketAddress::Ipv4(from) = datagram.remote_address else {
                panic!("an IPv6 address");
            };
            assert_eq!((from.port, from.address), (peer, (127, 0, 0, 1)));
            sum = hash(sum, &datagram.data);
            got += 1;
            let echo = OutgoingDatagram { data: datagram.data, remote_address: None };
            wait(&[&writable]);
            assert_eq!(outgoing.send(&[echo]), Ok(1));
        }
        if got < count {
            wait(&[&readable]);
        }
    }
    say!("echoed {got} datagrams, fnv {sum:016x}");
}

/// Waits for standard input, a connection, datagrams and a clock at once; `peer` does one thing after
/// the other, each when it has been told of the one before.
fn together(peer: u16, port: u16) {
    let (_socket, input, output) = connect(peer).expect("a connection");
    let network = instance_network();
    let udp = create_udp_socket(IpAddressFamily::Ipv4).expect("a socket");
    udp.start_bind(&network, local(port)).expect("a free port");
    udp.finish_bind().expect("a free port");
    let (incoming, _outgoing) = udp.stream(None).expect("streams");
    let keyboard = stdin::get_stdin();
    let ready = [keyboard.subscribe(), input.subscribe(), incoming.subscribe()];
    let ready: Vec<&poll::Pollable> = ready.iter().collect();
    for step in 0..4 {
        output.blocking_write_and_flush(b".").expect("an open stream");
        let which = wait(&ready);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let what = match which[..] {
            [0] => text(keyboard.read(10).expect("input")),
            [1] => text(input.read(10).expect("bytes")),
            [2] => text(incoming.receive(1).expect("a datagram").remove(0).data),
            _ => "several at once".to_string(),
        };
        say!("{step}: {which:?} {what}");
    }
    let start = monotonic_clock::now();
    let soon = monotonic_clock::subscribe_duration(SECOND / 20);
    let mut all = ready.clone();
    all.push(&soon);
    say!("clock: {:?}", poll::poll(&all));
    let waited = monotonic_clock::now() - start;
    say!("waited: {}", (SECOND / 20..SECOND * 10).contains(&waited));
    output.blocking_write_and_flush(b".").expect("an open stream");
    // The peer has closed, and so has whoever writes to standard input.
    wait(&ready[..1]);
    wait(&ready[1..2]);
    say!("closed: {:?} {:?}", keyboard.read(1), input.read(1));
}

fn options() {
    let network = instance_network();
    let socket = create_tcp_socket(IpAddressFamily::Ipv4).expect("a socket");
    let any = IpSocketAddress::Ipv4(Ipv4SocketAddress { port: 0, address: (0, 0, 0, 0) });
    let v6 = IpSocketAddress::Ipv6(Ipv6SocketAddress {
        port: 1,
        flow_info: 0,
        address: (0, 0, 0, 0, 0, 0, 0, 1),
        scope_id: 0,
    });
    say!("connect to nobody: {:?}", socket.start_connect(&network, any));
    say!("connect to IPv6: {:?}", socket.start_connect(&network, v6));
    say!("local address: {:?}", socket.local_address().map(drop));
    say!("listen unbound: {:?}", socket.start_listen());
    say!("accept unbound: {:?}", socket.accept().map(drop));
    say!("finish nothing: {:?} {:?}", socket.finish_bind(), socket.finish_connect().map(drop));
    say!("shutdown: {:?}", socket.shutdown(ShutdownType::Both));
    say!("set keep-alive: {:?} {:?}", socket.set_keep_alive_enabled(true), socket.keep_alive_enabled());
    say!("idle time: {:?} {:?}", socket.set_keep_alive_idle_time(5 * SECOND), socket.keep_alive_idle_time());
    say!("idle time of 0: {:?}", socket.set_keep_alive_idle_time(0));
    say!("interval: {:?} {:?}", socket.set_keep_alive_interval(7 * SECOND), socket.keep_alive_interval());
    say!("hop limit: {:?} {:?}", socket.set_hop_limit(9), socket.hop_limit());
    say!("hop limit of 0: {:?}", socket.set_hop_limit(0));
    say!("receive buffer of 0: {:?}", socket.set_receive_buffer_size(0));
    say!("receive buffer: {}", socket.set_receive_buffer_size(16384).is_ok()
        && socket.receive_buffer_size().is_ok_and(|size| size >= 16384));
    say!("send buffer: {}", socket.set_send_buffer_size(16384).is_ok()
        && socket.send_buffer_size().is_ok_and(|size| size >= 16384));
    say!("bind: {:?}", socket.start_bind(&network, local(0)));
    say!("bind again: {:?}", socket.start_bind(&network, local(0)));
    say!("finish: {:?}", socket.finish_bind());
    let bound = matches!(socket.local_address(), Ok(IpSocketAddress::Ipv4(at)) if at.port != 0);
    say!("bound to a port: {bound}");
    say!("remote address: {:?}", socket.remote_address().map(drop));
    say!("listen: {:?} {:?}", socket.start_listen(), socket.finish_listen());
    say!("is listening: {}", socket.is_listening());
    say!("accept nobody: {:?}", socket.accept().map(drop));
    let in_use = create_tcp_socket(IpAddressFamily::Ipv4).expect("a socket");
    let address = socket.local_address().expect("an address");
    say!("the same port: {:?}", in_use.start_bind(&network, address));
}

fn lookup(name: &str) {
    let network = instance_network();
    let stream = match resolve_addresses(&network, name) {
        Ok(stream) => stream,
        Err(error) => return say!("{name}: {error:?}"),
    };
    let mut found = Vec::new();
    loop {
        match stream.resolve_next_address() {
            Ok(Some(IpAddress::Ipv4(a))) => found.push(format!("{}.{}.{}.{}", a.0, a.1, a.2, a.3)),
            Ok(Some(IpAddress::Ipv6(a))) => found.push(format!("{a:x?}")),
            Ok(None) => return say!("{name}: {}", found.join(" ")),
            Err(ErrorCode::WouldBlock) => drop(wait(&[&stream.subscribe()])),
            Err(error) => return say!("{name}: {error:?}"),
        }
    }
}

impl Guest for Program {
    fn run() -> Result<(), ()> {
        let args = environment::get_arguments();
        let number = |at: usize| args[at].parse::<usize>().expect("a number");
        match args[1].as_str() {
            "client" => tcp(connect(number(2) as u16), number(3)),
            "server" => tcp(accept(number(2) as u16), number(3)),
            "udp" => udp(number(2) as u16, number(3) as u16, number(4)),
            "refused" => say!("{:?}", connect(number(2) as u16).map(drop)),
            "together" => together(number(2) as u16, number(3) as u16),
            "options" => options(),
            "lookup" => args[2..].iter().for_each(|name| lookup(name)),
            other => panic!("{other}?"),
        }
        Ok(())
    }
}
