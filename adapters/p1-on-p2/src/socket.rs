//! Sockets, as WAMR has them: functions of `wasi_snapshot_preview1` beside those of Preview 1. This is their life; what is sent
//! and received is in [`crate::connection`] and [`crate::datagram`].
//!
//! A socket is a descriptor, whose record says where it has a block of 40 bytes in the library's own memory:
//!
//! ```text
//! 0   u32  the stream that is read, or that of datagrams; 0 for none. In a block that is free, the next one
//! 4   u32  the stream that is written, or that of datagrams; 0 for none
//! 8   u8   where it is in its life
//! 9   u8   the family: 0 is IPv4, 1 is IPv6
//! 10  u8   the error number of a connection that did not come about, until it is told
//! 11  u8   whether something that was written may still be on its way to the host
//! 12  u32  options that are remembered, see [`crate::options`]
//! 16  u32  seconds to linger
//! 24  u64  microseconds to wait for what is received, and connections; 0 for ever
//! 32  u64  the same for what is sent, and to be connected
//! ```
//!
//! The host knows nothing of waiting: where a call blocks, it is made again after its pollable is ready.

use p1bridge_shim::abi::store64 as put64;

use crate::address::{self, ANY};
use crate::descriptor::{ENFORCED, FLAGS, HANDLE, OFFSET, PREOPEN, TYPE, add, find, is_socket};
use crate::error::{
    AFNOSUPPORT, AGAIN, ALREADY, INPROGRESS, INVAL, ISCONN, NOMEM, NOTCONN, NOTSOCK, NOTSUP,
};
use crate::given::state::{
    self, RESULT, RESULT_2, load8, load32, load64, store8, store32, store64,
};
use crate::given::words;
use crate::network::{self as on, failed};
use crate::{connection, datagram, descriptor, exports, given, wasi, weak};

pub use connection::{receive_socket, send_socket, transfer_socket};

pub const INPUT: u32 = 0;
pub const OUTPUT: u32 = 4;
pub const PHASE: u32 = 8;
pub const FAMILY: u32 = 9;
const PENDING: u32 = 10;
pub const UNSENT: u32 = 11;
pub const OPTIONS: u32 = 12;
pub const LINGER: u32 = 16;
pub const RECEIVE_TIME: u32 = 24;
pub const SEND_TIME: u32 = 32;
const BLOCK: u32 = 40;

/// Where a socket is in its life. From [`LISTENING`] on, there is something to wait for that is no stream.
const UNBOUND: u32 = 0;
pub const BOUND: u32 = 1;
const FAILED: u32 = 2;
pub const CONNECTED: u32 = 3;
const LISTENING: u32 = 4;
const CONNECTING: u32 = 5;

/// The types of Preview 1.
const DATAGRAM: u32 = 5;
const STREAM: u32 = 6;

/// Of the flags of a descriptor: it does not block.
const NONBLOCK: u32 = 4;

/// The most microseconds that are waited for.
const LONGEST: u64 = u64::MAX / 1000;

/// All rights of a socket: it is no file, so what is only for files fails with the right.
const RIGHTS: u32 = 1 << 1 | 1 << 3 | 1 << 6 | 1 << 21 | 1 << 27 | SHUT_DOWN | ACCEPT;
const SHUT_DOWN: u32 = 1 << 28;
const ACCEPT: u32 = 1 << 29;

/// The record of a socket, or an error number, negative.
#[inline(never)]
pub fn socket(fd: u32, right: u32) -> i32 {
    if given::inside() != 0 {
        return -AGAIN;
    }
    let found = find(fd, right);
    if found < 0 || is_socket(found as u32) {
        found
    } else {
        -NOTSOCK
    }
}

/// Calls a function with the record of a socket, and gives an error number.
#[inline(always)]
pub fn with(fd: u32, right: u32, call: impl FnOnce(u32) -> u32) -> u32 {
    match socket(fd, right) {
        error if error < 0 => -error as u32,
        record => call(record as u32),
    }
}

/// The block of a socket.
#[inline(always)]
pub fn block(record: u32) -> u32 {
    load32(record + OFFSET)
}

/// Whether a socket is one of TCP.
#[inline(always)]
pub fn is_stream(record: u32) -> bool {
    load8(record + TYPE) == STREAM
}

/// Whether a socket does not block.
#[inline(always)]
pub fn is_nonblocking(record: u32) -> bool {
    load8(record + FLAGS) & NONBLOCK != 0
}

/// Makes a descriptor of a socket, or gives an error number, negative.
#[inline(never)]
fn adopt(handle: u32, kind: u32, family: u32, flags: u32, phase: u32) -> i32 {
    let mut block = words::free_block();
    if block == 0 {
        block = state::room(BLOCK);
        if block == 0 {
            return -NOMEM;
        }
    } else {
        words::set_free_block(load32(block));
    }
    let fd = add(
        handle,
        RIGHTS,
        0,
        (flags & NONBLOCK) << (8 * FLAGS) | kind << (8 * TYPE) | ENFORCED << (8 * PREOPEN),
    );
    if fd < 0 {
        free(block);
        return fd;
    }
    let mut at = block;
    while at != block + BLOCK {
        store64(at, 0);
        at += 8;
    }
    store8(block + PHASE, phase);
    store8(block + FAMILY, family);
    let record = descriptor::place(fd as u32);
    store8(record, descriptor::SOCKET);
    store64(record + OFFSET, block.into());
    fd
}

/// Says that a block is free.
#[inline(never)]
fn free(block: u32) {
    store32(block, words::free_block());
    words::set_free_block(block);
}

/// Waits until a pollable is ready, at most for some microseconds unless they are 0; says whether it is, and drops it.
#[inline(never)]
pub fn wait(pollable: u32, microseconds: u64) -> bool {
    let mut is_ready = 1;
    if microseconds == 0 {
        on::block(pollable);
    } else {
        is_ready = wait_for(pollable, microseconds);
    }
    wasi::drop_pollable(pollable);
    is_ready != 0
}

/// A pollable for what a socket itself has under way.
#[inline(never)]
fn subscribe(record: u32) -> u32 {
    let handle = load32(record + HANDLE);
    if is_stream(record) {
        on::subscribe_tcp(handle)
    } else {
        on::subscribe_udp(handle)
    }
}

/// Calls the host until it no longer says that a socket must be waited for; gives an error number.
#[inline(always)]
fn until_done(record: u32, call: impl Fn(u32)) -> u32 {
    loop {
        call(load32(record + HANDLE));
        match failed(1) {
            error if error == AGAIN as u32 => wait(subscribe(record), 0),
            error => return error,
        };
    }
}

/// Binds a socket that is not bound, and gives an error number.
#[inline(never)]
pub fn bind(record: u32, at: u32) -> u32 {
    let block = block(record);
    if load8(block + PHASE) != UNBOUND {
        return INVAL as u32;
    }
    let is_stream = is_stream(record);
    let what = if is_stream {
        address::BIND_TCP
    } else {
        address::BIND_UDP
    };
    address::call(what, load32(record + HANDLE), load8(block + FAMILY), at);
    let mut error = failed(1);
    if error == 0 {
        error = until_done(record, |handle| {
            if is_stream {
                on::finish_bind_tcp(handle, RESULT);
            } else {
                on::finish_bind_udp(handle, RESULT);
            }
        });
    }
    if error == 0 {
        store8(block + PHASE, BOUND);
    }
    error
}

/// Binds a socket to no address in particular, if it is not bound; gives an error number.
#[inline(always)]
pub fn bind_any(record: u32) -> u32 {
    if load8(block(record) + PHASE) == UNBOUND {
        bind(record, ANY)
    } else {
        0
    }
}

/// Looks whether a connection that is under way has come about, or will not.
#[inline(never)]
pub fn settle(record: u32) {
    let block = block(record);
    if load8(block + PHASE) != CONNECTING {
        return;
    }
    on::finish_connect(load32(record + HANDLE), RESULT);
    match failed(4) {
        0 => {
            store64(block + INPUT, load64(RESULT + 4));
            store8(block + PHASE, CONNECTED);
        }
        error if error == AGAIN as u32 => {}
        error => {
            store8(block + PHASE, FAILED);
            store8(block + PENDING, error);
        }
    }
}

/// Why there is no connection, as an error number; 0 if there is one. Why it did not come about is told once.
#[inline(never)]
pub fn no_connection(record: u32) -> u32 {
    settle(record);
    let block = block(record);
    match load8(block + PHASE) {
        CONNECTED => 0,
        CONNECTING => AGAIN as u32,
        _ => match load8(block + PENDING) {
            0 => NOTCONN as u32,
            error => {
                store8(block + PENDING, 0);
                error
            }
        },
    }
}

/// Connects a socket of TCP, and gives an error number.
#[inline(always)]
fn connect(record: u32, at: u32) -> u32 {
    let block = block(record);
    settle(record);
    match load8(block + PHASE) {
        UNBOUND | BOUND => {}
        CONNECTED => return ISCONN as u32,
        CONNECTING => return ALREADY as u32,
        _ => return INVAL as u32,
    }
    address::call(address::CONNECT, load32(record + HANDLE), 0, at);
    let error = failed(1);
    if error != 0 {
        return error;
    }
    store8(block + PHASE, CONNECTING);
    loop {
        match no_connection(record) {
            error if error != AGAIN as u32 => return error,
            _ => {}
        }
        if is_nonblocking(record) || !wait(subscribe(record), load64(block + SEND_TIME)) {
            return INPROGRESS as u32;
        }
    }
}

/// Makes a socket take connections, and gives an error number.
#[inline(always)]
fn listen(record: u32, backlog: u32) -> u32 {
    if !is_stream(record) {
        return NOTSUP as u32;
    }
    let error = bind_any(record);
    if error != 0 {
        return error;
    }
    let handle = load32(record + HANDLE);
    // How many may wait is for the host to say; 0 it does not take.
    on::set_backlog(handle, backlog.max(1).into(), RESULT);
    let block = block(record);
    match load8(block + PHASE) {
        BOUND => {}
        LISTENING => return 0,
        _ => return INVAL as u32,
    }
    on::start_listen(handle, RESULT);
    let mut error = failed(1);
    if error == 0 {
        error = until_done(record, |handle| on::finish_listen(handle, RESULT));
    }
    if error == 0 {
        store8(block + PHASE, LISTENING);
    }
    error
}

/// Takes a connection, and puts its descriptor to `out`; gives an error number.
#[inline(always)]
fn accept(record: u32, flags: u32, out: u32) -> u32 {
    let listening = block(record);
    if load8(listening + PHASE) != LISTENING {
        return INVAL as u32;
    }
    loop {
        on::accept(load32(record + HANDLE), RESULT);
        match failed(4) {
            0 => break,
            error if error != AGAIN as u32 => return error,
            _ => {}
        }
        if is_nonblocking(record) || !wait(subscribe(record), load64(listening + RECEIVE_TIME)) {
            return AGAIN as u32;
        }
    }
    let (socket, streams) = (load32(RESULT + 4), load64(RESULT + 8));
    let fd = adopt(socket, STREAM, load8(listening + FAMILY), flags, CONNECTED);
    if fd < 0 {
        wasi::drop_input(streams as u32);
        wasi::drop_output((streams >> 32) as u32);
        on::drop_tcp(socket);
        return -fd as u32;
    }
    let record = descriptor::place(fd as u32);
    store64(block(record) + INPUT, streams);
    p1bridge_shim::abi::store32(out, fd as u32);
    0
}

/// Shuts down one direction of a connection or both, and gives an error number.
#[inline(always)]
fn shut_down(record: u32, how: u32) -> u32 {
    if how.wrapping_sub(1) > 2 {
        return INVAL as u32;
    }
    if !is_stream(record) {
        return NOTSUP as u32;
    }
    let error = no_connection(record);
    if error != 0 {
        return error;
    }
    if how != 1 {
        connection::send_rest(block(record));
    }
    on::shutdown(load32(record + HANDLE), how - 1, RESULT);
    failed(1)
}

/// Gives what a descriptor is waited for by, see [`socket_waits`].
#[inline(always)]
fn pollable(record: u32, is_read: bool) -> u32 {
    let block = block(record);
    let (input, output) = (load32(block + INPUT), load32(block + OUTPUT));
    if output == 0 {
        subscribe(record)
    } else if is_stream(record) {
        if is_read {
            wasi::subscribe_input(input)
        } else {
            wasi::subscribe_output(output)
        }
    } else if is_read {
        on::subscribe_incoming(input)
    } else {
        on::subscribe_outgoing(output)
    }
}

weak! {
    "if sock_set_recv_timeout sock_set_send_timeout" {
        "wait-for"
        fn wait_for(pollable: u32, microseconds: u64) -> u32 {
            let clock = wasi::subscribe_duration(microseconds.min(LONGEST) * 1000);
            store32(RESULT_2, pollable);
            store32(RESULT_2 + 4, clock);
            let top = state::top();
            on::poll(RESULT_2, 2, RESULT);
            // Of the two, the first or the second is ready, or both.
            let is_ready = load32(RESULT + 4) == 2 || load32(load32(RESULT)) == 0;
            state::cut(top);
            wasi::drop_pollable(clock);
            is_ready.into()
        }
    }
    "if sock_open" {
        "accept-socket"
        fn accept_socket(fd: u32, flags: u32, out: u32) -> u32 {
            with(fd, ACCEPT, |record| accept(record, flags, out))
        }
        "shut-down-socket"
        fn shut_down_socket(fd: u32, how: u32) -> u32 {
            with(fd, SHUT_DOWN, |record| shut_down(record, how))
        }
        // Drops what a socket has, streams first.
        "close-socket"
        fn close_socket(record: u32) {
            let block = block(record);
            let handle = load32(record + HANDLE);
            if is_stream(record) {
                connection::close(block);
                on::drop_tcp(handle);
            } else {
                datagram::close(block);
                on::drop_udp(handle);
            }
            free(block);
        }
        "stat-socket"
        fn stat_socket(record: u32, out: u32, is_unstable: u32) {
            let end = out + 64 - is_unstable * 8;
            let mut at = out;
            while at != end {
                put64(at, 0);
                at += 8;
            }
            put64(out + 16, load8(record + TYPE).into());
        }
        // Whether a socket is waited for, or is as good as ready: nothing that a poll does changes that.
        "socket-waits"
        fn socket_waits(record: u32) -> u32 {
            let block = block(record);
            (load32(block + OUTPUT) != 0 || load8(block + PHASE) >= LISTENING).into()
        }
        "socket-pollable"
        fn socket_pollable(record: u32, is_read: u32) -> u32 {
            pollable(record, is_read != 0)
        }
    }
}

exports! {
    "wasi_snapshot_preview1#sock_open"
    fn sock_open(_pool: u32, family: u32, kind: u32, out: u32) -> u32 {
        if family > 1 {
            return AFNOSUPPORT as u32;
        }
        if kind > 1 {
            return INVAL as u32;
        }
        if given::inside() != 0 {
            return AGAIN as u32;
        }
        // There must be a table.
        find(0, 0);
        if kind == 0 {
            on::create_udp(family, RESULT);
        } else {
            on::create_tcp(family, RESULT);
        }
        let error = failed(4);
        if error != 0 {
            return error;
        }
        let handle = load32(RESULT + 4);
        let fd = adopt(handle, DATAGRAM + kind, family, 0, UNBOUND);
        if fd < 0 {
            if kind == 0 {
                on::drop_udp(handle);
            } else {
                on::drop_tcp(handle);
            }
            return -fd as u32;
        }
        p1bridge_shim::abi::store32(out, fd as u32);
        0
    }

    "wasi_snapshot_preview1#sock_close"
    fn sock_close(fd: u32) -> u32 {
        with(fd, 0, |record| {
            descriptor::close_record(fd, record);
            0
        })
    }

    "wasi_snapshot_preview1#sock_bind"
    fn sock_bind(fd: u32, at: u32) -> u32 {
        with(fd, 0, |record| {
            let error = if address::is_known(at) { bind(record, at) } else { AFNOSUPPORT as u32 };
            // From now on, datagrams can come.
            if error == 0 && !is_stream(record) { datagram::open(record) } else { error }
        })
    }

    "wasi_snapshot_preview1#sock_connect"
    fn sock_connect(fd: u32, at: u32) -> u32 {
        with(fd, 0, |record| {
            if !address::is_known(at) {
                return AFNOSUPPORT as u32;
            }
            if is_stream(record) { connect(record, at) } else { datagram::connect(record, at) }
        })
    }

    "wasi_snapshot_preview1#sock_listen"
    fn sock_listen(fd: u32, backlog: u32) -> u32 {
        with(fd, 0, |record| listen(record, backlog))
    }

    "wasi_snapshot_preview1#sock_addr_local"
    fn sock_addr_local(fd: u32, out: u32) -> u32 {
        with(fd, 0, |record| {
            settle(record);
            let handle = load32(record + HANDLE);
            let block = block(record);
            if load8(block + PHASE) == UNBOUND {
                address::put_any(out, load8(block + FAMILY));
                return 0;
            }
            if is_stream(record) {
                on::local_tcp(handle, RESULT);
            } else {
                on::local_udp(handle, RESULT);
            }
            put_address(out, failed(4))
        })
    }

    // Why there is no connection is kept for who asks with `sock_recv`.
    "wasi_snapshot_preview1#sock_addr_remote"
    fn sock_addr_remote(fd: u32, out: u32) -> u32 {
        with(fd, 0, |record| remote(record, out))
    }
}

/// Puts the address of a peer to `out`, and gives an error number.
#[inline(never)]
pub fn remote(record: u32, out: u32) -> u32 {
    settle(record);
    if load8(block(record) + PHASE) != CONNECTED {
        return NOTCONN as u32;
    }
    let handle = load32(record + HANDLE);
    if is_stream(record) {
        on::remote_tcp(handle, RESULT);
    } else {
        on::remote_udp(handle, RESULT);
    }
    put_address(out, failed(4))
}

/// Puts the address at [`RESULT`] to `out` if there is no error.
#[inline(never)]
fn put_address(out: u32, error: u32) -> u32 {
    if error == 0 {
        address::put(out, RESULT + 4);
    }
    error
}
