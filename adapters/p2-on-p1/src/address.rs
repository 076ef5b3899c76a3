//! Socket addresses: as the guest passes them, as the host does ([`sock`](crate::sock)), and as
//! records in the table of handles, where a remote address or the result of a look-up waits.

use core::cell::Cell;

use p1bridge_shim::abi::{load8, load16, load32, load64, store8, store16, store32, store64};
use p1bridge_shim::{Out, trap_if};

use crate::p1;
use crate::state::{State, kind};

/// Bytes of an `ip-socket-address`.
pub const SOCKET_ADDRESS: u32 = 32;
/// Bytes of an `ip-address`.
pub const IP_ADDRESS: u32 = 18;

/// Takes an `ip-socket-address` from its flat values, for a socket of a family, into the buffer
/// for addresses. Gives an error number.
#[inline(never)]
#[expect(clippy::too_many_arguments, reason = "the flat values of the type")]
pub fn take(
    state: &State,
    family: u32,
    case: u32,
    port: u32,
    a: u32,
    b: u32,
    c: u32,
    d: u32,
    e: u32,
    f: u32,
    g: u32,
    h: u32,
    i: u32,
    j: u32,
) -> u32 {
    trap_if(case > 1);
    let at = state.fixed().address_at();
    store32(at, case);
    if case == 0 {
        store8(at + 4, a);
        store8(at + 5, b);
        store8(at + 6, c);
        store8(at + 7, d);
        store16(at + 8, port);
    } else {
        // a is the flow info, j the scope.
        store16(at + 4, b);
        store16(at + 6, c);
        store16(at + 8, d);
        store16(at + 10, e);
        store16(at + 12, f);
        store16(at + 14, g);
        store16(at + 16, h);
        store16(at + 18, i);
        store16(at + 20, port);
    }
    check(state, family, if case == 0 { 0 } else { a | j })
}

/// The same for an `ip-socket-address` in memory.
#[inline(never)]
pub fn take_at(state: &State, family: u32, from: u32) -> u32 {
    let at = state.fixed().address_at();
    let case = load8(from);
    trap_if(case > 1);
    store32(at, case);
    let mut extra = 0;
    if case == 0 {
        store32(at + 4, load32(from + 6));
    } else {
        store64(at + 4, load64(from + 12));
        store64(at + 12, load64(from + 20));
        extra = load32(from + 8) | load32(from + 28);
    }
    store16(port_at(at), load16(from + 4));
    check(state, family, extra)
}

/// Whether a socket of a family takes the address in the buffer, as an error number. `extra` is
/// what the host has no place for: flow info and scope.
#[inline(never)]
fn check(state: &State, wanted: u32, extra: u32) -> u32 {
    let at = state.fixed().address_at();
    // An IPv4 address in disguise.
    let is_mapped = family(at) != 0 && load64(at + 4) == 0 && load32(at + 12) == 0xffff_0000;
    if family(at) != wanted || extra != 0 || is_mapped {
        p1::INVAL
    } else {
        0
    }
}

/// The family of the host's address at `at`.
pub fn family(at: u32) -> u32 {
    load32(at)
}

/// Where the port of the host's address at `at` is.
#[inline(never)]
pub fn port_at(at: u32) -> u32 {
    at + if family(at) == 0 { 8 } else { 20 }
}

/// The last four bytes of the host's address at `at`, without the port; the others as well when
/// it is of IPv6: 0 for no address in particular.
#[inline(never)]
fn any_bits(at: u32) -> u64 {
    if family(at) == 0 {
        load32(at + 4).into()
    } else {
        load64(at + 4) | load64(at + 12)
    }
}

/// Whether the address in the buffer can be that of a peer, as an error number.
#[inline(never)]
pub fn check_remote(state: &State) -> u32 {
    let at = state.fixed().address_at();
    if any_bits(at) == 0 || load16(port_at(at)) == 0 {
        p1::INVAL
    } else {
        0
    }
}

/// Whether the address in the buffer can be bound to: one of a group cannot, as an error number.
#[inline(never)]
pub fn check_local(state: &State) -> u32 {
    let at = state.fixed().address_at();
    let is_group = if family(at) == 0 {
        load8(at + 4) >> 4 == 14
    } else {
        load8(at + 5) == 0xff
    };
    if is_group { p1::INVAL } else { 0 }
}

/// Writes the host's address at `at` as an `ip-address`.
#[inline(never)]
pub fn put_ip(out: Out, at: u32) {
    out.u8(0, family(at));
    store32(out.at(2), load32(at + 4));
    if family(at) != 0 {
        store32(out.at(6), load32(at + 8));
        store64(out.at(10), load64(at + 12));
    }
}

/// Writes the host's address at `at` as an `ip-socket-address`.
#[inline(never)]
pub fn put(out: Out, at: u32) {
    // The discriminant of the `ip-address` lies where something else is written then.
    let is_v4 = family(at) == 0;
    put_ip(out.part(if is_v4 { 4 } else { 10 }), at);
    if !is_v4 {
        out.u32(8, 0);
        out.u32(28, 0);
    }
    out.u8(0, family(at));
    out.u16(4, load16(port_at(at)));
}

/// Keeps the host's address at `at` in a record of two slots; 0 when the table is full.
#[inline(never)]
pub fn keep(state: &mut State, at: u32) -> u32 {
    let record = state.insert(kind::ADDRESS);
    if record == 0 {
        return 0;
    }
    let rest = state.insert(kind::ADDRESS_REST);
    if rest == 0 {
        state.remove(record);
        return 0;
    }
    let port = load16(port_at(at));
    let entry = state.slot(record);
    entry.flags.set(port as u8);
    entry.small.set((port >> 8) as u8);
    entry.word.set(rest);
    entry.set_wide(load64(at + 4));
    let entry = state.slot(rest);
    entry.flags.set(family(at) as u8);
    entry.word.set(0);
    entry.set_wide(load64(at + 12));
    record
}

/// Writes what a record keeps as the host's address at `at`.
#[inline(never)]
pub fn recall(state: &State, record: u32, at: u32) {
    let entry = state.slot(record);
    let rest = state.slot(entry.word.get());
    store32(at, rest.flags.get().into());
    store64(at + 4, entry.wide());
    store64(at + 12, rest.wide());
    let port = u32::from(entry.flags.get()) | u32::from(entry.small.get()) << 8;
    store16(port_at(at), port);
}

/// Whether a record is the same address as the host's at `at`.
#[inline(never)]
pub fn is_same(state: &State, record: u32, at: u32) -> bool {
    let other = state.fixed().result_at();
    recall(state, record, other);
    let length = if family(at) == 0 { 10 } else { 22 };
    let mut index = 0;
    while index < length && load8(at + index) == load8(other + index) {
        index += 1;
    }
    index == length
}

/// The record that follows another in a list.
pub fn link(state: &State, record: u32) -> &Cell<u32> {
    &state.slot(state.slot(record).word.get()).word
}

/// Frees a record and those that follow it.
#[inline(never)]
pub fn forget(state: &State, mut record: u32) {
    while record != 0 {
        let rest = state.slot(record).word.get();
        let next = state.slot(rest).word.get();
        state.remove(rest);
        state.remove(record);
        record = next;
    }
}
