//! `wasi:sockets`, and what only sockets need of `wasi:io`, in the canonical ABI's core form. Addresses are those of the
//! library's own memory; results are put to [`RESULT`].

use crate::given::state::{RESULT, load8};
use crate::given::{imports, words};

imports! {
    "wasi:io/poll@0.2.0" { "[method]pollable.block" fn block(pollable: u32); }
    "state wasi:io/poll@0.2.0" { "poll" fn poll(list: u32, length: u32, out: u32); }
    "state wasi:io/streams@0.2.0" {
        "[method]output-stream.flush" fn flush(stream: u32, out: u32);
        "[method]output-stream.blocking-flush" fn blocking_flush(stream: u32, out: u32);
    }
    "wasi:sockets/instance-network@0.2.0" { "instance-network" fn instance_network() -> u32; }
    "state wasi:sockets/tcp-create-socket@0.2.0" { "create-tcp-socket" fn create_tcp(family: u32, out: u32); }
    "state wasi:sockets/udp-create-socket@0.2.0" { "create-udp-socket" fn create_udp(family: u32, out: u32); }
    "wasi:sockets/tcp@0.2.0" {
        "[method]tcp-socket.subscribe" fn subscribe_tcp(socket: u32) -> u32;
        "[resource-drop]tcp-socket" fn drop_tcp(socket: u32);
    }
    "state wasi:sockets/tcp@0.2.0" {
        // Addresses: the case, the port, and 4 bytes, or flow info, 8 words and the scope.
        "[method]tcp-socket.start-bind"
            fn start_bind_tcp(socket: u32, network: u32, case: u32, port: u32, a: u32, b: u32, c: u32, d: u32, e: u32,
                f: u32, g: u32, h: u32, i: u32, j: u32, out: u32);
        "[method]tcp-socket.finish-bind" fn finish_bind_tcp(socket: u32, out: u32);
        "[method]tcp-socket.start-connect"
            fn start_connect(socket: u32, network: u32, case: u32, port: u32, a: u32, b: u32, c: u32, d: u32, e: u32,
                f: u32, g: u32, h: u32, i: u32, j: u32, out: u32);
        "[method]tcp-socket.finish-connect" fn finish_connect(socket: u32, out: u32);
        "[method]tcp-socket.set-listen-backlog-size" fn set_backlog(socket: u32, size: u64, out: u32);
        "[method]tcp-socket.start-listen" fn start_listen(socket: u32, out: u32);
        "[method]tcp-socket.finish-listen" fn finish_listen(socket: u32, out: u32);
        "[method]tcp-socket.accept" fn accept(socket: u32, out: u32);
        "[method]tcp-socket.local-address" fn local_tcp(socket: u32, out: u32);
        "[method]tcp-socket.remote-address" fn remote_tcp(socket: u32, out: u32);
        "[method]tcp-socket.shutdown" fn shutdown(socket: u32, how: u32, out: u32);
        "[method]tcp-socket.keep-alive-enabled" fn keep_alive(socket: u32, out: u32);
        "[method]tcp-socket.set-keep-alive-enabled" fn set_keep_alive(socket: u32, is_on: u32, out: u32);
        "[method]tcp-socket.keep-alive-idle-time" fn idle_time(socket: u32, out: u32);
        "[method]tcp-socket.set-keep-alive-idle-time" fn set_idle_time(socket: u32, time: u64, out: u32);
        "[method]tcp-socket.keep-alive-interval" fn interval(socket: u32, out: u32);
        "[method]tcp-socket.set-keep-alive-interval" fn set_interval(socket: u32, time: u64, out: u32);
        "[method]tcp-socket.hop-limit" fn hop_limit_tcp(socket: u32, out: u32);
        "[method]tcp-socket.set-hop-limit" fn set_hop_limit_tcp(socket: u32, limit: u32, out: u32);
        "[method]tcp-socket.receive-buffer-size" fn receive_buffer_tcp(socket: u32, out: u32);
        "[method]tcp-socket.set-receive-buffer-size" fn set_receive_buffer_tcp(socket: u32, size: u64, out: u32);
        "[method]tcp-socket.send-buffer-size" fn send_buffer_tcp(socket: u32, out: u32);
        "[method]tcp-socket.set-send-buffer-size" fn set_send_buffer_tcp(socket: u32, size: u64, out: u32);
    }
    "wasi:sockets/udp@0.2.0" {
        "[method]udp-socket.subscribe" fn subscribe_udp(socket: u32) -> u32;
        "[method]incoming-datagram-stream.subscribe" fn subscribe_incoming(stream: u32) -> u32;
        "[method]outgoing-datagram-stream.subscribe" fn subscribe_outgoing(stream: u32) -> u32;
        "[resource-drop]udp-socket" fn drop_udp(socket: u32);
        "[resource-drop]incoming-datagram-stream" fn drop_incoming(stream: u32);
        "[resource-drop]outgoing-datagram-stream" fn drop_outgoing(stream: u32);
    }
    "state wasi:sockets/udp@0.2.0" {
        "[method]udp-socket.start-bind"
            fn start_bind_udp(socket: u32, network: u32, case: u32, port: u32, a: u32, b: u32, c: u32, d: u32, e: u32,
                f: u32, g: u32, h: u32, i: u32, j: u32, out: u32);
        "[method]udp-socket.finish-bind" fn finish_bind_udp(socket: u32, out: u32);
        "[method]udp-socket.stream"
            fn stream(socket: u32, is_some: u32, case: u32, port: u32, a: u32, b: u32, c: u32, d: u32, e: u32, f: u32,
                g: u32, h: u32, i: u32, j: u32, out: u32);
        "[method]udp-socket.local-address" fn local_udp(socket: u32, out: u32);
        "[method]udp-socket.remote-address" fn remote_udp(socket: u32, out: u32);
        "[method]udp-socket.unicast-hop-limit" fn hop_limit_udp(socket: u32, out: u32);
        "[method]udp-socket.set-unicast-hop-limit" fn set_hop_limit_udp(socket: u32, limit: u32, out: u32);
        "[method]udp-socket.receive-buffer-size" fn receive_buffer_udp(socket: u32, out: u32);
        "[method]udp-socket.set-receive-buffer-size" fn set_receive_buffer_udp(socket: u32, size: u64, out: u32);
        "[method]udp-socket.send-buffer-size" fn send_buffer_udp(socket: u32, out: u32);
        "[method]udp-socket.set-send-buffer-size" fn set_send_buffer_udp(socket: u32, size: u64, out: u32);
        "[method]incoming-datagram-stream.receive" fn receive(stream: u32, most: u64, out: u32);
        "[method]outgoing-datagram-stream.check-send" fn check_send(stream: u32, out: u32);
        "[method]outgoing-datagram-stream.send" fn send(stream: u32, list: u32, length: u32, out: u32);
    }
    "wasi:sockets/ip-name-lookup@0.2.0" {
        "[method]resolve-address-stream.subscribe" fn subscribe_lookup(lookup: u32) -> u32;
        "[resource-drop]resolve-address-stream" fn drop_lookup(lookup: u32);
    }
    "state wasi:sockets/ip-name-lookup@0.2.0" {
        "resolve-addresses" fn resolve(network: u32, name: u32, length: u32, out: u32);
        "[method]resolve-address-stream.resolve-next-address" fn next_address(lookup: u32, out: u32);
    }
}

/// The error numbers for the codes of `wasi:sockets/network`, eight to a word.
const NUMBERS: [u64; 3] = {
    let numbers: [u64; 21] = [
        29, // unknown: IO
        2,  // access-denied: ACCES
        58, // not-supported: NOTSUP
        28, // invalid-argument: INVAL
        48, // out-of-memory: NOMEM
        73, // timeout: TIMEDOUT
        7,  // concurrency-conflict: ALREADY
        28, // not-in-progress: INVAL
        6,  // would-block: AGAIN
        28, // invalid-state: INVAL
        33, // new-socket-limit: MFILE
        4,  // address-not-bindable: ADDRNOTAVAIL
        3,  // address-in-use: ADDRINUSE
        23, // remote-unreachable: HOSTUNREACH
        14, // connection-refused: CONNREFUSED
        15, // connection-reset: CONNRESET
        13, // connection-aborted: CONNABORTED
        35, // datagram-too-large: MSGSIZE
        28, // name-unresolvable: INVAL
        6,  // temporary-resolver-failure: AGAIN
        21, // permanent-resolver-failure: FAULT
    ];
    let mut words = [0; 3];
    let mut code = 0;
    while code < numbers.len() {
        words[code / 8] |= numbers[code] << (code % 8 * 8);
        code += 1;
    }
    words
};

/// The error number of the `result<_, error-code>` at [`RESULT`] whose payload is `payload` bytes further.
#[inline(never)]
pub fn failed(payload: u32) -> u32 {
    if load8(RESULT) == 0 {
        return 0;
    }
    let code = load8(RESULT + payload);
    let word = match code / 8 {
        0 => const { NUMBERS[0] },
        1 => const { NUMBERS[1] },
        _ => const { NUMBERS[2] },
    };
    (word >> (code % 8 * 8)) as u32 & 0xff
}

/// The network of the program, which is fetched once.
#[inline(never)]
pub fn network() -> u32 {
    if words::network() == 0 {
        words::set_network(instance_network());
    }
    words::network()
}
