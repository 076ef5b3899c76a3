//! What is known of the request that the program is asked, and how far its answer is: a record of the pool that
//! belongs to no slot. Without it nobody asks: responses are data, and their bodies take everything.

use p1bridge_shim::abi::{load32, store32};
use p1bridge_shim::trap_if;

use crate::pool;
use crate::state::{State, flag, insert, kind};

/// Kinds of records: what is known, and what was written to a body before its response was set.
pub const ASKED: u32 = 8;
pub const BUFFERED: u32 = 9;

/// What is known: something was answered; not what the handler wanted, or not all of it; the request is
/// for a head; the answer has no body.
pub const ANSWERED: u32 = 1;
pub const FAILED: u32 = 1 << 1;
pub const HEAD: u32 = 1 << 2;
pub const SILENT: u32 = 1 << 3;

/// Where what is known is: these bits, and three handles. 0 if nobody asks.
#[inline(never)]
pub fn known(state: &State) -> u32 {
    let place = pool::next(state, 0, 0, ASKED);
    if place == 0 {
        0
    } else {
        pool::value_at(state, place)
    }
}

#[inline(never)]
pub fn bits(state: &State) -> u32 {
    load32(known(state))
}

#[inline(never)]
pub fn mark(state: &State, more: u32) {
    let at = known(state);
    store32(at, load32(at) | more);
}

/// Makes the record, and the handles of the request and of the way to answer it. Gives the request.
#[inline(never)]
pub fn open(state: &mut State) -> u32 {
    trap_if(known(state) != 0);
    let request = insert(state, kind::REQUEST_IN);
    let entry = state.slot(request);
    entry.flags.set(0);
    entry.small.set(0);
    entry.word.set(0);
    entry.set_wide(0);
    let outparam = insert(state, kind::OUTPARAM);
    let fixed = state.fixed();
    fixed.set_result(0, u64::from(request) << 32);
    fixed.set_result(1, outparam.into());
    pool::add(state, 0, ASKED, 0, 0, fixed.result_at(), 16);
    request
}

/// Lets a body belong to a response, if anybody asks for that.
pub fn own(state: &State, body: u32, response: u32) {
    if body != 0 && known(state) != 0 {
        state.slot(body).word.set(response);
    }
}

/// Makes the body of a response that goes, and its stream, those of none.
#[inline(never)]
pub fn orphan(state: &State, response: u32) {
    if known(state) == 0 {
        return;
    }
    pool::clear(state, response, BUFFERED);
    let mut handle = 1;
    while let Some(entry) = state.find_here(handle) {
        let flags = entry.flags.get();
        let is_stream = entry.kind.get() == kind::OUTPUT && flags & flag::BODY != 0;
        if entry.word.get() == response && (is_stream || entry.kind.get() == kind::BODY) {
            entry.word.set(0);
            if is_stream {
                entry.flags.set(flags & !flag::BODY);
            }
        }
        handle += 1;
    }
}
