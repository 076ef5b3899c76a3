//! WASI 0.3 sockets, against a native peer on the loopback.
//!
//! `sockets-p3-rust client|server PORT BYTES | clients PORT COUNT | udp PORT PEER COUNT | refused PORT | quiet PEER |
//! options | lookup NAME…`

use std::fmt::Debug;
use std::pin::pin;

use futures::future::{Either, select};
use futures::join;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::{environment, stdout};
use bindings::wasi::clocks::monotonic_clock::wait_for;
use bindings::wasi::sockets::ip_name_lookup::{self, resolve_addresses};
use bindings::wasi::sockets::types::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
    TcpSocket, UdpSocket,
};
use bindings::wit_stream;

struct Program;
bindings::export!(Program with_types_in bindings);

const SECOND: u64 = 1_000_000_000;

async fn print(text: String) {
    let (mut writer, reader) = wit_stream::new();
    let written = stdout::write_via_stream(reader);
    writer.write_all(text.into_bytes()).await;
    drop(writer);
    written.await.expect("an open output");
}

macro_rules! say {
    ($($part:tt)*) => { print(format!("{}\n", format_args!($($part)*))).await };
}

/// A result, whose error has the name that it has in WIT.
fn word<T: Debug>(result: Result<T, ErrorCode>) -> String {
    match result {
        Ok(value) => format!("Ok({value:?})"),
        Err(code) => format!("Err({})", name(&code)),
    }
}

fn name(code: &impl Debug) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").replace("ErrorCode::", "").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
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

async fn connect(port: u16) -> Result<TcpSocket, ErrorCode> {
    let socket = TcpSocket::create(IpAddressFamily::Ipv4)?;
    socket.connect(local(port)).await?;
    Ok(socket)
}

fn bound(port: u16) -> Result<TcpSocket, ErrorCode> {
    let socket = TcpSocket::create(IpAddressFamily::Ipv4)?;
    socket.bind(local(port))?;
    Ok(socket)
}

async fn accept(port: u16) -> Result<TcpSocket, ErrorCode> {
    let socket = bound(port)?;
    socket.set_listen_backlog_size(4)?;
    let mut connections = socket.listen()?;
    assert!(socket.get_is_listening());
    say!("listening");
    Ok(connections.next().await.expect("a connection"))
}

/// Sends and receives `total` bytes at once, and says what came.
async fn exchange(socket: TcpSocket, total: usize) {
    let (mut writer, reader) = wit_stream::new();
    let sent = socket.send(reader);
    let (mut input, received) = socket.receive();
    let again = socket.receive();
    let (_, more) = wit_stream::new::<u8>();
    let second = socket.send(more);
    say!("twice: {} {}", word(again.1.await), word(second.await));
    drop(again.0);
    let sending = async {
        for start in (0..total).step_by(100_000) {
            let end = total.min(start + 100_000);
            let piece: Vec<u8> = (start..end).map(|at| byte(at, 7)).collect();
            assert!(writer.write_all(piece).await.is_empty(), "an open stream");
        }
    };
    let receiving = async {
        let (mut got, mut sum) = (0, 0xcbf2_9ce4_8422_2325);
        while got < total {
            let (_, piece) = input.read(Vec::with_capacity(100_000)).await;
            assert!(!piece.is_empty(), "more bytes");
            sum = hash(sum, &piece);
            got += piece.len();
        }
        format!("received {got} bytes, fnv {sum:016x}")
    };
    let ((), text) = join!(sending, receiving);
    say!("{text}");
    // What is left is sent after the socket is gone.
    drop(socket);
    assert!(writer.write_all(b"bye".to_vec()).await.is_empty());
    drop(writer);
    say!("sent {}", word(sent.await));
    let rest = input.collect().await;
    say!("rest {rest:?} {}", word(received.await));
}

async fn tcp(connection: Result<TcpSocket, ErrorCode>, total: usize) {
    let socket = connection.expect("a connection");
    let Ok(IpSocketAddress::Ipv4(remote)) = socket.get_remote_address() else {
        panic!("an IPv6 address");
    };
    let family = socket.get_address_family();
    say!("peer at {:?}, family {family:?}", remote.address);
    exchange(socket, total).await;
}

/// Takes connections one after the other, and answers to all of them at once, each as soon as it has spoken.
async fn clients(port: u16, count: usize) {
    let socket = bound(port).expect("a free port");
    let mut connections = socket.listen().expect("a bound socket");
    say!("listening");
    let mut all = Vec::new();
    while all.len() < count {
        let client = connections.next().await.expect("a connection");
        all.push(async move {
            let (mut input, _result) = client.receive();
            let (_, heard) = input.read(Vec::with_capacity(100)).await;
            let (mut writer, reader) = wit_stream::new();
            let sent = client.send(reader);
            writer
                .write_all(heard.iter().rev().copied().collect())
                .await;
            drop(writer);
            sent.await.expect("a peer that listens");
            heard.len()
        });
    }
    drop(connections);
    let all: usize = futures::future::join_all(all).await.into_iter().sum();
    say!("heard {all} bytes of {count}");
}

async fn udp(port: u16, peer: u16, count: usize) {
    let socket = UdpSocket::create(IpAddressFamily::Ipv4).expect("a socket");
    let early = socket.receive().await.map(drop);
    say!("receive unbound: {}", word(early));
    say!("disconnect: {}", word(socket.disconnect()));
    socket.bind(local(port)).expect("a free port");
    // To anybody, with an address in each datagram.
    say!("send to nobody: {}", word(socket.send(vec![1], None).await));
    let long = vec![0; 65_508];
    say!(
        "send too much: {}",
        word(socket.send(long, Some(local(peer))).await)
    );
    socket
        .send(b"hello".to_vec(), Some(local(peer)))
        .await
        .expect("a peer");
    // To one peer.
    socket.connect(local(peer)).expect("a peer");
    let remote = socket
        .get_remote_address()
        .is_ok_and(|at| matches!(at, IpSocketAddress::Ipv4(at) if at.port == peer));
    say!("remote address: {remote}");
    say!(
        "send to another: {}",
        word(socket.send(vec![1], Some(local(1))).await)
    );
    let mut sum = 0xcbf2_9ce4_8422_2325;
    for _ in 0..count {
        let (data, from) = socket.receive().await.expect("a datagram");
        let IpSocketAddress::Ipv4(from) = from else {
            panic!("an IPv6 address");
        };
        assert_eq!((from.port, from.address), (peer, (127, 0, 0, 1)));
        sum = hash(sum, &data);
        socket.send(data, None).await.expect("a peer");
    }
    say!("echoed {count} datagrams, fnv {sum:016x}");
    say!("disconnect: {}", word(socket.disconnect()));
}

/// A peer that says nothing for now: a clock is first, then what was asked for before is still there.
async fn quiet(peer: u16) {
    let socket = connect(peer).await.expect("a connection");
    let (mut input, result) = socket.receive();
    let mut reading = Box::pin(input.read(Vec::with_capacity(10)));
    let clock = pin!(wait_for(SECOND / 20));
    let first = match select(reading.as_mut(), clock).await {
        Either::Left(_) => "the peer",
        Either::Right(_) => "the clock",
    };
    say!("first: {first}");
    let (mut writer, reader) = wit_stream::new();
    let sent = socket.send(reader);
    writer.write_all(b"go on".to_vec()).await;
    let (_, bytes) = reading.as_mut().await;
    drop(reading);
    say!("then: {:?}", String::from_utf8_lossy(&bytes));
    drop(input);
    say!("received {}", word(result.await));
    drop(writer);
    say!("sent {}", word(sent.await));
}

async fn options() {
    let socket = TcpSocket::create(IpAddressFamily::Ipv4).expect("a socket");
    let any = IpSocketAddress::Ipv4(Ipv4SocketAddress {
        port: 0,
        address: (0, 0, 0, 0),
    });
    let v6 = IpSocketAddress::Ipv6(Ipv6SocketAddress {
        port: 1,
        flow_info: 0,
        address: (0, 0, 0, 0, 0, 0, 0, 1),
        scope_id: 0,
    });
    say!("connect to nobody: {}", word(socket.connect(any).await));
    say!("connect to IPv6: {}", word(socket.connect(v6).await));
    say!(
        "local address: {}",
        word(socket.get_local_address().map(drop))
    );
    say!(
        "remote address: {}",
        word(socket.get_remote_address().map(drop))
    );
    say!("is listening: {}", socket.get_is_listening());
    let (stream, result) = socket.receive();
    let received = stream.collect().await.len();
    say!("receive unconnected: {received} {}", word(result.await));
    let (writer, reader) = wit_stream::new::<u8>();
    let sent = socket.send(reader);
    drop(writer);
    say!("send unconnected: {}", word(sent.await));
    let set = socket.set_keep_alive_enabled(true);
    say!(
        "keep-alive: {} {}",
        word(set),
        word(socket.get_keep_alive_enabled())
    );
    let set = socket.set_keep_alive_idle_time(5 * SECOND);
    say!(
        "idle time: {} {}",
        word(set),
        word(socket.get_keep_alive_idle_time())
    );
    say!(
        "idle time of 0: {}",
        word(socket.set_keep_alive_idle_time(0))
    );
    let set = socket.set_keep_alive_interval(7 * SECOND);
    say!(
        "interval: {} {}",
        word(set),
        word(socket.get_keep_alive_interval())
    );
    let set = socket.set_hop_limit(9);
    say!("hop limit: {} {}", word(set), word(socket.get_hop_limit()));
    say!("hop limit of 0: {}", word(socket.set_hop_limit(0)));
    say!(
        "receive buffer of 0: {}",
        word(socket.set_receive_buffer_size(0))
    );
    let set = socket.set_receive_buffer_size(16384).is_ok();
    let is = socket
        .get_receive_buffer_size()
        .is_ok_and(|size| size >= 16384);
    say!("receive buffer: {}", set && is);
    let set = socket.set_send_buffer_size(16384).is_ok();
    let is = socket
        .get_send_buffer_size()
        .is_ok_and(|size| size >= 16384);
    say!("send buffer: {}", set && is);
    say!("backlog of 0: {}", word(socket.set_listen_backlog_size(0)));
    say!("bind: {}", word(socket.bind(local(0))));
    say!("bind again: {}", word(socket.bind(local(0))));
    let bound = matches!(socket.get_local_address(), Ok(IpSocketAddress::Ipv4(at)) if at.port != 0);
    say!("bound to a port: {bound}");
    say!(
        "remote address: {}",
        word(socket.get_remote_address().map(drop))
    );
    let connections = socket.listen();
    say!("listen: {}", connections.is_ok());
    say!("is listening: {}", socket.get_is_listening());
    say!("listen again: {}", word(socket.listen().map(drop)));
    say!("connect: {}", word(socket.connect(local(1)).await));
    let in_use = TcpSocket::create(IpAddressFamily::Ipv4).expect("a socket");
    let address = socket.get_local_address().expect("an address");
    say!("the same port: {}", word(in_use.bind(address)));
    say!("listen unbound: {}", in_use.listen().is_ok());
    let bound = matches!(in_use.get_local_address(), Ok(IpSocketAddress::Ipv4(at)) if at.port != 0);
    say!("bound to a port: {bound}");

    let socket = UdpSocket::create(IpAddressFamily::Ipv4).expect("a socket");
    say!("family: {:?}", socket.get_address_family());
    say!(
        "local address: {}",
        word(socket.get_local_address().map(drop))
    );
    say!(
        "remote address: {}",
        word(socket.get_remote_address().map(drop))
    );
    let set = socket.set_unicast_hop_limit(9);
    say!(
        "hop limit: {} {}",
        word(set),
        word(socket.get_unicast_hop_limit())
    );
    say!("hop limit of 0: {}", word(socket.set_unicast_hop_limit(0)));
    say!(
        "receive buffer of 0: {}",
        word(socket.set_receive_buffer_size(0))
    );
    let set = socket.set_receive_buffer_size(16384).is_ok();
    let is = socket
        .get_receive_buffer_size()
        .is_ok_and(|size| size >= 16384);
    say!("receive buffer: {}", set && is);
    let set = socket.set_send_buffer_size(16384).is_ok();
    let is = socket
        .get_send_buffer_size()
        .is_ok_and(|size| size >= 16384);
    say!("send buffer: {}", set && is);
    say!("connect to nobody: {}", word(socket.connect(any)));
    say!("connect to IPv6: {}", word(socket.connect(v6)));
    say!("bind to IPv6: {}", word(socket.bind(v6)));
}

async fn lookup(host: &str) {
    match resolve_addresses(host.to_owned()).await {
        Ok(found) => {
            let found: Vec<String> = found
                .into_iter()
                .map(|address| match address {
                    IpAddress::Ipv4(a) => format!("{}.{}.{}.{}", a.0, a.1, a.2, a.3),
                    IpAddress::Ipv6(a) => format!("{a:x?}"),
                })
                .collect();
            say!("{host}: {}", found.join(" "));
        }
        Err(error) => {
            let error: ip_name_lookup::ErrorCode = error;
            say!("{host}: {}", name(&error));
        }
    }
}

impl Guest for Program {
    async fn run() -> Result<(), ()> {
        let args = environment::get_arguments();
        let number = |at: usize| args[at].parse::<usize>().expect("a number");
        let port = |at: usize| number(at) as u16;
        match args[1].as_str() {
            "client" => tcp(connect(port(2)).await, number(3)).await,
            "server" => tcp(accept(port(2)).await, number(3)).await,
            "clients" => clients(port(2), number(3)).await,
            "udp" => udp(port(2), port(3), number(4)).await,
            "refused" => say!("{}", word(connect(port(2)).await.map(drop))),
            "quiet" => quiet(port(2)).await,
            "options" => options().await,
            "lookup" => {
                for name in &args[2..] {
                    lookup(name).await;
                }
            }
            other => panic!("{other}?"),
        }
        Ok(())
    }
}
