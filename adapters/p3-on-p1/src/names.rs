//! `wasi:sockets/ip-name-lookup`: the host answers at once.

use p1bridge_shim::{Out, text};

use crate::address::{IP_ADDRESS, forget, link, put_ip, recall};
use crate::state::{State, kind as resource};
use crate::{lookup, p1, socket};

/// `other(none)`
const OTHER: u32 = 5;

/// The `error-code` of this interface.
fn code(errno: u32) -> u32 {
    match socket::code(errno) {
        1 => 0,
        3 => 1,
        18 => 2,
        19 => 3,
        20 => 4,
        _ => OTHER,
    }
}

/// Writes the addresses that a look-up has found as a list, and forgets them.
#[inline(never)]
fn give(state: &mut State, found: u32, out: Out) {
    let mut count = 0;
    let mut record = state.slot(found).word.get();
    while record != 0 {
        record = link(state, record).get();
        count += 1;
    }
    let list = state.allocate(2, count * IP_ADDRESS);
    let buffer = state.fixed().address_at();
    let mut at = list;
    record = state.slot(found).word.get();
    while record != 0 {
        recall(state, record, buffer);
        put_ip(Out::element(at), buffer);
        at += IP_ADDRESS;
        record = link(state, record).get();
    }
    out.u8(0, 0);
    out.list(4, list, count);
}

provides! {
    "wasi:sockets/ip-name-lookup@0.3#resolve-addresses"
    fn resolve_addresses(state, name: u32, length: u32, out: u32) {
        let out = Out::new(out, 20, 4);
        let name = text(name, length);
        let found = state.insert(resource::LOOKUP);
        let mut errno = p1::NOMEM;
        if found != 0 {
            state.slot(found).word.set(0);
            errno = lookup::find(&mut state, found, name, length);
            if errno == 0 {
                give(&mut state, found, out);
            }
            forget(&state, state.slot(found).word.get());
            state.remove(found);
        }
        if errno != 0 {
            let code = code(errno);
            out.u8(0, 1);
            out.u8(4, code);
            if code == OTHER {
                out.u8(8, 0);
            }
        }
    }

    "weak:resolve"
    fn resolve(state, lookup: u32, name: u32, length: u32) -> u32 {
        lookup::resolve(lookup, name, length)
    }
}
