//! Datagrams. Their streams are there as soon as a socket is bound; what sends first is bound then.

use p1bridge_shim::abi::{load32 as get32, store16, store32 as put32};

use crate::address::{self, ANY};
use crate::descriptor::HANDLE;
use crate::error::{AFNOSUPPORT, AGAIN, DESTADDRREQ, MSGSIZE, NOMEM};
use crate::exports;
use crate::given::state::{self, RESULT, SCRATCH, load8, load32, load64, store8, store32, store64};
use crate::network::{self as on, failed};
use crate::path::lend_to;
use crate::process::bring;
use crate::socket::{
    BOUND, CONNECTED, FAMILY, INPUT, OUTPUT, PHASE, RECEIVE_TIME, SEND_TIME, bind_any, block,
    is_nonblocking, is_stream, remote, wait, with,
};
use crate::{connection, transfer};

/// The longest datagram that there can be; more is not even copied for the host.
const LONGEST: u32 = 0xffff;

/// Where an `outgoing-datagram` has its address, and whether there is one. An `incoming-datagram` has one there.
const HAS_ADDRESS: u32 = 8;
const TO: u32 = 12;
const FROM: u32 = 8;

/// What `sock_recv` says of a datagram that was longer than the room for it.
const TRUNCATED: u32 = 1;

/// Makes the streams of a bound socket, if there are none; gives an error number.
#[inline(never)]
pub fn open(record: u32) -> u32 {
    let block = block(record);
    if load32(block + OUTPUT) != 0 {
        return 0;
    }
    stream(record, ANY)
}

/// Makes the streams of a bound socket, to a peer or to anybody; gives an error number.
#[inline(never)]
fn stream(record: u32, at: u32) -> u32 {
    let block = block(record);
    address::call(
        address::STREAM,
        load32(record + HANDLE),
        load8(block + FAMILY),
        at,
    );
    let error = failed(4);
    if error == 0 {
        store64(block + INPUT, load64(RESULT + 4));
    }
    error
}

/// Drops the streams, if there are any.
#[inline(never)]
pub fn close(block: u32) {
    if load32(block + OUTPUT) != 0 {
        on::drop_incoming(load32(block + INPUT));
        on::drop_outgoing(load32(block + OUTPUT));
        store64(block + INPUT, 0);
    }
}

/// Makes a peer the only one, and gives an error number.
#[inline(always)]
pub fn connect(record: u32, at: u32) -> u32 {
    let error = bind_any(record);
    if error != 0 {
        return error;
    }
    let block = block(record);
    close(block);
    store8(block + PHASE, BOUND);
    let error = stream(record, at);
    if error == 0 {
        store8(block + PHASE, CONNECTED);
    } else {
        // As before, but for a peer that it had.
        open(record);
    }
    error
}

/// Receives a datagram into buffers. Puts its length to `out`, and where they are wanted its sender to `from` and whether it was
/// longer to `flags`; gives an error number.
#[inline(never)]
pub fn receive(record: u32, buffers: u32, count: u32, from: u32, out: u32, flags: u32) -> u32 {
    let mut error = bind_any(record);
    if error == 0 {
        error = open(record);
    }
    if error != 0 {
        return error;
    }
    let block = block(record);
    let stream = load32(block + INPUT);
    let top = state::top();
    loop {
        on::receive(stream, 1, RESULT);
        let error = failed(4);
        if error != 0 {
            return error;
        }
        if load32(RESULT + 8) != 0 {
            break;
        }
        if is_nonblocking(record)
            || !wait(on::subscribe_incoming(stream), load64(block + RECEIVE_TIME))
        {
            return AGAIN as u32;
        }
    }
    let datagram = load32(RESULT + 4);
    let data = load32(datagram);
    let length = load32(datagram + 4);
    let mut done = 0;
    let mut next = buffers;
    let end = buffers + count * 8;
    while next != end {
        let part = get32(next + 4).min(length - done);
        bring(get32(next), data + done, part);
        done += part;
        next += 8;
    }
    put32(out, done);
    if from != 0 {
        address::put(from, datagram + FROM);
    }
    if flags != 0 && done != length {
        store16(flags, TRUNCATED);
    }
    state::cut(top);
    0
}

/// Sends buffers as a datagram to an address, or to the peer, and puts its length to `out`; gives an error number.
#[inline(never)]
pub fn send(record: u32, buffers: u32, count: u32, to: u32, out: u32) -> u32 {
    let mut error = bind_any(record);
    if error == 0 {
        error = open(record);
    }
    if error != 0 {
        return error;
    }
    let block = block(record);
    if to == 0 && load8(block + PHASE) != CONNECTED {
        return DESTADDRREQ as u32;
    }
    let mut length = 0;
    let mut next = buffers;
    let end = buffers + count * 8;
    while next != end {
        let part = get32(next + 4);
        if part > LONGEST - length {
            return MSGSIZE as u32;
        }
        length += part;
        next += 8;
    }
    let top = state::top();
    // Eight more for what is copied last.
    let data = state::room(length + 8);
    if data == 0 {
        return NOMEM as u32;
    }
    let mut at = data;
    next = buffers;
    while next != end {
        lend_to(at, get32(next), get32(next + 4));
        at += get32(next + 4);
        next += 8;
    }
    error = give(record, block, data, length, to);
    state::cut(top);
    if error == 0 {
        put32(out, length);
    }
    error
}

/// Sends a datagram that is in the library's memory, and gives an error number.
#[inline(always)]
fn give(record: u32, block: u32, data: u32, length: u32, to: u32) -> u32 {
    let stream = load32(block + OUTPUT);
    store32(SCRATCH, data);
    store32(SCRATCH + 4, length);
    store8(SCRATCH + HAS_ADDRESS, (to != 0).into());
    if to != 0 {
        address::give(SCRATCH + TO, to);
    }
    loop {
        on::check_send(stream, RESULT);
        let error = failed(8);
        if error != 0 {
            return error;
        }
        if load64(RESULT + 8) != 0 {
            on::send(stream, SCRATCH, 1, RESULT);
            let error = failed(8);
            if error != 0 || load64(RESULT + 8) != 0 {
                return error;
            }
        }
        if is_nonblocking(record)
            || !wait(on::subscribe_outgoing(stream), load64(block + SEND_TIME))
        {
            return AGAIN as u32;
        }
    }
}

exports! {
    // A connection has one peer, whose address it is.
    "wasi_snapshot_preview1#sock_recv_from"
    fn sock_recv_from(fd: u32, buffers: u32, count: u32, flags: u32, from: u32, out: u32) -> u32 {
        with(fd, 2, |record| {
            if !is_stream(record) {
                return receive(record, buffers, count, from, out, 0);
            }
            let error = connection::exchange(0, record, buffers, count, flags, out);
            if error == 0 { remote(record, from) } else { error }
        })
    }

    "wasi_snapshot_preview1#sock_send_to"
    fn sock_send_to(fd: u32, buffers: u32, count: u32, _flags: u32, to: u32, out: u32) -> u32 {
        with(fd, 64, |record| {
            if is_stream(record) {
                connection::exchange(transfer::WRITE, record, buffers, count, 0, out)
            } else if to != 0 && !address::is_known(to) {
                AFNOSUPPORT as u32
            } else {
                send(record, buffers, count, to, out)
            }
        })
    }
}
