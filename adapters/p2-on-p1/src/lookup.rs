//! `wasi:sockets/ip-name-lookup`. Addresses that are written out are read here; the host is asked
//! for names, and answers at once.

use p1bridge_shim::abi::{load8, store8, store16, store32, store64};
use p1bridge_shim::{Out, text};

use crate::address::{IP_ADDRESS, forget, keep, link, put_ip, recall};
use crate::poll::new_pollable;
use crate::sock::has_sockets;
use crate::socket::{RESOLVER_AGAIN, RESOLVER_FAILED, UNRESOLVABLE, failure};
use crate::state::{State, kind};
use crate::{exports, p1, sock};

mod import {
    #[link(wasm_import_module = "if p1bridge:sockets")]
    unsafe extern "C" {
        #[link_name = "weak:resolve"]
        pub safe fn resolve(lookup: u32, name: u32, length: u32) -> u32;
    }
}

/// The longest name of a host.
const LONGEST: u32 = 253;
/// Where in the scratch the hints and the results for a name are.
const HINTS: u32 = 256;
const INFOS: u32 = 272;
/// The most addresses of one name.
const MOST: u32 = 16;
/// Not a number.
const BAD: u32 = u32::MAX;

/// Reads a number of up to `digits` digits at `at`. Gives it below and the address behind it above.
#[inline(never)]
fn number(start: u32, end: u32, base: u32, digits: u32) -> u64 {
    let mut value = 0;
    let mut at = start;
    while at < end {
        let byte = load8(at);
        let letter = byte | 0x20;
        let mut digit = byte.wrapping_sub(0x30);
        if letter >= 0x61 {
            digit = letter - 0x57;
        } else if digit >= 10 {
            break;
        }
        if digit >= base {
            break;
        }
        value = value * base + digit;
        at += 1;
        if at - start > digits {
            return BAD.into();
        }
    }
    // Numbers with zeroes in front are of another base, for some.
    let has_zero = base == 10 && at - start > 1 && load8(start) == 0x30;
    if at == start || has_zero {
        value = BAD;
    }
    u64::from(at) << 32 | u64::from(value)
}

/// Reads four numbers and three dots up to the end into the 4 bytes at `to`.
#[inline(never)]
fn dotted(mut at: u32, end: u32, to: u32) -> bool {
    let mut index = 0;
    while index < 4 {
        let read = number(at, end, 10, 3);
        let value = read as u32;
        at = (read >> 32) as u32;
        if value > 255 {
            return false;
        }
        store8(to + index, value);
        index += 1;
        if index < 4 {
            if at == end || load8(at) != u32::from(b'.') {
                return false;
            }
            at += 1;
        }
    }
    at == end
}

/// Reads the text of an IPv6 address into the 16 bytes at `to`.
#[inline(never)]
fn coloned(mut at: u32, end: u32, to: u32) -> bool {
    let colon = |at: u32| at < end && load8(at) == u32::from(b':');
    store64(to, 0);
    store64(to + 8, 0);
    // Groups that were read, and how many of them are before the `::`.
    let mut count = 0;
    let mut gap = BAD;
    if colon(at) {
        if !colon(at + 1) {
            return false;
        }
        gap = 0;
        at += 2;
    }
    while at < end {
        if count == 8 {
            return false;
        }
        let read = number(at, end, 16, 4);
        let value = read as u32;
        at = (read >> 32) as u32;
        if value == BAD {
            return false;
        }
        store16(to + 2 * count, value);
        count += 1;
        if at == end {
            break;
        }
        if !colon(at) {
            return false;
        }
        at += 1;
        if colon(at) {
            if gap != BAD {
                return false;
            }
            gap = count;
            at += 1;
        } else if at == end {
            return false;
        }
    }
    if gap == BAD {
        return count == 8;
    }
    if count == 8 {
        return false;
    }
    // What comes after the gap goes to the end.
    let mut moved = count - gap;
    while moved != 0 {
        moved -= 1;
        let from = to + 2 * (gap + moved);
        let place = to + 2 * (8 - count + gap + moved);
        store16(place, load8(from) | load8(from + 1) << 8);
        store16(from, 0);
    }
    true
}

/// Whether a name is an address, which is then in the buffer as the host writes it.
#[inline(never)]
fn literal(state: &State, name: u32, length: u32) -> bool {
    let end = name + length;
    let at = state.fixed().address_at();
    store64(at, 0);
    if dotted(name, end, at + 4) {
        return true;
    }
    store32(at, 1);
    store32(at + 20, 0);
    coloned(name, end, at + 4)
}

/// Adds the host's address at `at` to the end of a look-up's list.
#[inline(never)]
fn add(state: &mut State, lookup: u32, at: u32) -> u32 {
    let record = keep(state, at);
    if record == 0 {
        return p1::NOMEM;
    }
    let entry = state.slot(lookup);
    if entry.word.get() == 0 {
        entry.word.set(record);
    } else {
        link(state, entry.low.get()).set(record);
    }
    entry.low.set(record);
    0
}

/// Whether something could be the name of a host: not empty, not too long, no NUL and no space.
#[inline(never)]
fn is_name(at: u32, length: u32) -> bool {
    let mut index = 0;
    while index < length {
        if load8(at + index) <= 0x20 {
            return false;
        }
        index += 1;
    }
    length.wrapping_sub(1) < LONGEST
}

/// Adds the addresses of a name, or the one that is written out, to a look-up; gives an error number.
#[inline(always)]
pub fn find(state: &mut State, lookup: u32, name: u32, length: u32) -> u32 {
    if literal(state, name, length) {
        let at = state.fixed().address_at();
        add(state, lookup, at)
    } else if !is_name(name, length) {
        p1::INVAL
    } else if has_sockets() != 0 {
        import::resolve(lookup, name, length)
    } else {
        RESOLVER_FAILED
    }
}

exports! {
    "weak:resolve"
    fn resolve(state, lookup: u32, name: u32, length: u32) -> u32 {
        let fixed = state.fixed();
        let scratch = fixed.scratch_at();
        let mut index = 0;
        while index < length {
            store8(scratch + index, load8(name + index));
            index += 1;
        }
        store8(scratch + length, 0);
        // Of one type of socket, or each address would come several times.
        let hints = scratch + HINTS;
        store32(hints, sock::STREAM);
        store32(hints + 4, sock::ANY_FAMILY);
        store32(hints + 8, 1);
        let infos = scratch + INFOS;
        let errno = sock::sock_addr_resolve(scratch, scratch + length, hints, infos, MOST,
            fixed.count_at());
        match errno {
            0 => {}
            p1::AGAIN => return RESOLVER_AGAIN,
            p1::INVAL => return UNRESOLVABLE,
            p1::FAULT => return RESOLVER_FAILED,
            _ => return errno,
        }
        let count = fixed.count.get().min(MOST);
        index = 0;
        while index < count {
            let errno = add(&mut state, lookup, infos + index * sock::INFO);
            if errno != 0 {
                return errno;
            }
            index += 1;
        }
        if count == 0 { UNRESOLVABLE } else { 0 }
    }

    "wasi:sockets/ip-name-lookup@0.2#resolve-addresses"
    fn resolve_addresses(state, network: u32, name: u32, length: u32, out: u32) {
        let out = Out::new(out, 8, 4);
        let name = text(name, length);
        state.get(network, kind::NETWORK);
        let lookup = state.insert(kind::LOOKUP);
        let mut errno = p1::NOMEM;
        if lookup != 0 {
            state.slot(lookup).word.set(0);
            errno = find(&mut state, lookup, name, length);
            if errno == 0 {
                out.u8(0, 0);
                out.u32(4, lookup);
                return;
            }
            forget(&state, state.slot(lookup).word.get());
            state.remove(lookup);
        }
        failure(out, 4, errno);
    }

    "wasi:sockets/ip-name-lookup@0.2#[method]resolve-address-stream.resolve-next-address"
    fn resolve_next_address(state, handle: u32, out: u32) {
        let out = Out::new(out, IP_ADDRESS + 4, 2);
        let entry = state.get(handle, kind::LOOKUP);
        let record = entry.word.get();
        out.u8(0, 0);
        out.u8(2, (record != 0).into());
        if record != 0 {
            let at = state.fixed().address_at();
            recall(&state, record, at);
            put_ip(out.part(4), at);
            entry.word.set(link(&state, record).replace(0));
            forget(&state, record);
        }
    }

    "wasi:sockets/ip-name-lookup@0.2#[method]resolve-address-stream.subscribe"
    fn lookup_subscribe(state, handle: u32) -> u32 {
        state.get(handle, kind::LOOKUP);
        new_pollable(&mut state, 0, 0, 0)
    }

    "wasi:sockets/ip-name-lookup@0.2#[resource-drop]resolve-address-stream"
    fn drop_lookup(state, handle: u32) {
        forget(&state, state.get(handle, kind::LOOKUP).word.get());
        state.remove(handle);
    }
}
