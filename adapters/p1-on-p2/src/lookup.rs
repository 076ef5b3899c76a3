//! `sock_addr_resolve`: the addresses of a name.

use p1bridge_shim::abi::{load8 as get8, load32 as get32, store32 as put32};

use crate::error::{AGAIN, ILSEQ, INVAL, NOMEM};
use crate::given::state::{self, RESULT, load8, load32};
use crate::network::{self as on, failed};
use crate::path::{is_text, lend};
use crate::socket::wait;
use crate::{address, exports, given};

/// Where the hints have the type of socket, the family, and whether they count.
const TYPE: u32 = 0;
const FAMILY: u32 = 4;
const COUNTS: u32 = 8;

/// A family or type that is any, and the type of a stream.
const ANY_FAMILY: u32 = 2;
const STREAM: u32 = 1;

/// Bytes of an address that is found: the address and the type of socket.
const INFO: u32 = 28;
const INFO_TYPE: u32 = 24;

/// How long a string is that ends with a zero.
#[inline(never)]
fn length(text: u32) -> u32 {
    let mut at = text;
    while get8(at) != 0 {
        at += 1;
    }
    at - text
}

/// The port that a string of digits is, 0 for none, or an error number, negative.
#[inline(always)]
fn port(text: u32) -> i32 {
    let mut port = 0;
    let mut at = text;
    loop {
        let digit = match get8(at) {
            0 => return port,
            byte => byte.wrapping_sub(b'0'.into()),
        };
        port = port * 10 + digit as i32;
        if digit > 9 || port > 0xffff {
            return -INVAL;
        }
        at += 1;
    }
}

exports! {
    // Services are numbers: the host knows no names of them.
    "wasi_snapshot_preview1#sock_addr_resolve"
    fn sock_addr_resolve(host: u32, service: u32, hints: u32, infos: u32, most: u32, found: u32) -> u32 {
        let port = port(service);
        if port < 0 {
            return INVAL as u32;
        }
        let size = length(host);
        if !is_text(host, size) {
            return ILSEQ as u32;
        }
        if given::inside() != 0 {
            return AGAIN as u32;
        }
        let (mut kind, mut family) = (STREAM, ANY_FAMILY);
        if hints != 0 && get8(hints + COUNTS) != 0 {
            family = get32(hints + FAMILY);
            if get32(hints + TYPE) < STREAM {
                kind = get32(hints + TYPE);
            }
        }
        let top = state::top();
        let name = lend(host, size);
        if name == 0 {
            return NOMEM as u32;
        }
        on::resolve(on::network(), name, size, RESULT);
        let mut error = failed(4);
        if error == 0 {
            let lookup = load32(RESULT + 4);
            let mut count = 0;
            loop {
                on::next_address(lookup, RESULT);
                error = failed(2);
                // A resolver that fails for some time has the same number as one that is not done.
                if error == AGAIN as u32 && load8(RESULT + 2) == WOULD_BLOCK {
                    wait(on::subscribe_lookup(lookup), 0);
                    continue;
                }
                if error != 0 || load8(RESULT + 2) == 0 {
                    break;
                }
                if family != load8(RESULT + 4) && family < ANY_FAMILY {
                    continue;
                }
                if count < most {
                    let info = infos + count * INFO;
                    address::put_ip(info, RESULT + 4, port as u32);
                    put32(info + INFO_TYPE, kind);
                }
                count += 1;
            }
            on::drop_lookup(lookup);
            put32(found, count);
        }
        state::cut(top);
        error
    }
}

/// The `error-code` of what must be waited for.
const WOULD_BLOCK: u32 = 8;
