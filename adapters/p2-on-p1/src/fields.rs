//! `wasi:http/types`: header fields.

use p1bridge_shim::abi::{load8, load32};
use p1bridge_shim::{Out, bytes, list, text};

use crate::exports;
use crate::letters::name;
use crate::pool::{self, add, named};
use crate::state::{State, insert, kind};

/// The fields belong to a request or response: nobody changes them.
pub const IMMUTABLE: u8 = 1 << 0;

/// `header-error`, plus one; 0 is none.
const INVALID_SYNTAX: u32 = 1;
const IS_FORBIDDEN: u32 = 2;
const IS_IMMUTABLE: u32 = 3;

/// Whether every byte is one of a token (RFC 9110, 5.6.2), and there is one.
#[inline(never)]
pub fn is_token(at: u32, length: u32) -> bool {
    // Bits for the visible characters that are none: "(),/:;<=>?@[\]{}
    const LOW: u64 =
        1 << 0x22 | 1 << 0x28 | 1 << 0x29 | 1 << 0x2c | 1 << 0x2f | 0xfc00_0000_0000_0000;
    const HIGH: u64 = 1 | 7 << 0x1b | 1 << 0x3b | 1 << 0x3d | 1 << 0x3f;
    let mut index = 0;
    while index < length {
        let byte = load8(at + index);
        let bad = if byte < 0x40 { LOW } else { HIGH };
        if byte <= 0x20 || byte > 0x7f || bad >> (byte & 0x3f) & 1 != 0 {
            return false;
        }
        index += 1;
    }
    length.wrapping_sub(1) < 0xffff
}

/// Whether the field is about a connection, which is not the program's: the names that wasmtime forbids.
#[inline(never)]
pub fn is_forbidden(at: u32, length: u32) -> bool {
    name!(at, length, b"connection")
        || name!(at, length, b"keep-alive")
        || name!(at, length, b"proxy-authenticate")
        || name!(at, length, b"proxy-authorization")
        || name!(at, length, b"proxy-connection")
        || name!(at, length, b"transfer-encoding")
        || name!(at, length, b"upgrade")
        || name!(at, length, b"host")
        || name!(at, length, b"http2-settings")
}

/// What is wrong with a name, as an error.
#[inline(never)]
pub fn refused(at: u32, length: u32) -> u32 {
    if !is_token(at, length) {
        INVALID_SYNTAX
    } else if is_forbidden(at, length) {
        IS_FORBIDDEN
    } else {
        0
    }
}

/// Whether a value has no byte that could end it.
#[inline(never)]
pub fn is_value(at: u32, length: u32) -> bool {
    let mut index = 0;
    while index < length {
        let byte = load8(at + index);
        if byte < 0x20 && byte != 9 || byte == 0x7f {
            return false;
        }
        index += 1;
    }
    true
}

/// Adds a field; gives an error.
#[inline(never)]
fn append(state: &State, owner: u32, name: u32, length: u32, value: u32, size: u32) -> u32 {
    let mut error = refused(name, length);
    if error == 0 && !is_value(value, size) {
        error = INVALID_SYNTAX;
    }
    if error == 0 {
        add(state, owner, 0, name, length, value, size);
    }
    error
}

/// Whose fields those of a handle are.
#[inline(never)]
pub fn owner(state: &State, handle: u32) -> u32 {
    state.get(handle, kind::FIELDS).word.get()
}

/// New fields that are those of `owner`, or their own for 0.
#[inline(never)]
pub fn make(state: &mut State, owner: u32, flags: u8) -> u32 {
    let handle = insert(state, kind::FIELDS);
    let entry = state.slot(handle);
    entry.flags.set(flags);
    entry.word.set(if owner == 0 { handle } else { owner });
    handle
}

/// Whether fields can be changed, as an error.
pub fn check(state: &State, handle: u32) -> u32 {
    if state.get(handle, kind::FIELDS).flags.get() & IMMUTABLE == 0 {
        0
    } else {
        IS_IMMUTABLE
    }
}

/// Gives up a handle; the fields go with it if they are its own.
#[inline(never)]
pub fn drop_handle(state: &State, handle: u32) {
    let owner = owner(state, handle);
    if owner == handle {
        pool::clear(state, owner, 0);
    } else {
        let children = &state.slot(owner).low;
        children.set(children.get() - 1);
    }
    state.remove(handle);
}

#[inline(never)]
fn finish(out: u32, error: u32) {
    let out = Out::new(out, 2, 1);
    out.u8(0, (error != 0).into());
    out.u8(1, error.wrapping_sub(1));
}

/// Removes the fields with a name.
#[inline(never)]
pub fn delete(state: &State, owner: u32, name: u32, length: u32) {
    loop {
        let place = named(state, 0, owner, name, length);
        if place == 0 {
            return;
        }
        pool::remove(state, place);
    }
}

exports! {
    "wasi:http/types@0.2#[constructor]fields"
    fn new_fields(state) -> u32 {
        make(&mut state, 0, 0)
    }

    "wasi:http/types@0.2#[static]fields.from-list"
    fn from_list(state, entries: u32, count: u32, out: u32) {
        let entries = list(entries, count, 16, 4);
        let out = Out::new(out, 8, 4);
        let handle = make(&mut state, 0, 0);
        let mut error = 0;
        let mut index = 0;
        while index < count && error == 0 {
            let entry = entries + index * 16;
            let (length, size) = (load32(entry + 4), load32(entry + 12));
            let name = text(load32(entry), length);
            error = append(&state, handle, name, length, bytes(load32(entry + 8), size), size);
            index += 1;
        }
        out.u8(0, (error != 0).into());
        if error == 0 {
            out.u32(4, handle);
        } else {
            out.u8(4, error - 1);
            drop_handle(&state, handle);
        }
    }

    "wasi:http/types@0.2#[method]fields.get"
    fn fields_get(state, handle: u32, name: u32, length: u32, out: u32) {
        let name = text(name, length);
        let out = Out::new(out, 8, 4);
        let owner = owner(&state, handle);
        let mut count = 0;
        let mut place = 0;
        loop {
            place = named(&state, place, owner, name, length);
            if place == 0 {
                break;
            }
            count += 1;
        }
        let values = state.allocate(4, count * 8);
        let mut index = 0;
        while index < count {
            place = named(&state, place, owner, name, length);
            let from = pool::value_at(&state, place);
            let size = pool::value_length(&state, place);
            state.bytes(Out::element(values + index * 8), from, size);
            index += 1;
        }
        out.list(0, values, count);
    }

    "wasi:http/types@0.2#[method]fields.has"
    fn fields_has(state, handle: u32, name: u32, length: u32) -> u32 {
        let name = text(name, length);
        (named(&state, 0, owner(&state, handle), name, length) != 0).into()
    }

    "wasi:http/types@0.2#[method]fields.set"
    fn fields_set(state, handle: u32, name: u32, length: u32, values: u32, count: u32, out: u32) {
        let name = text(name, length);
        let values = list(values, count, 8, 4);
        let mut error = refused(name, length);
        if error == 0 {
            error = check(&state, handle);
        }
        let mut index = 0;
        while index < count && error == 0 {
            let size = load32(values + index * 8 + 4);
            if !is_value(bytes(load32(values + index * 8), size), size) {
                error = INVALID_SYNTAX;
            }
            index += 1;
        }
        if error == 0 {
            delete(&state, handle, name, length);
            index = 0;
            while index < count {
                let size = load32(values + index * 8 + 4);
                let value = bytes(load32(values + index * 8), size);
                add(&state, handle, 0, name, length, value, size);
                index += 1;
            }
        }
        finish(out, error);
    }

    "wasi:http/types@0.2#[method]fields.delete"
    fn fields_delete(state, handle: u32, name: u32, length: u32, out: u32) {
        let name = text(name, length);
        let mut error = refused(name, length);
        if error == 0 {
            error = check(&state, handle);
        }
        if error == 0 {
            delete(&state, handle, name, length);
        }
        finish(out, error);
    }

    "wasi:http/types@0.2#[method]fields.append"
    fn fields_append(state, handle: u32, name: u32, length: u32, value: u32, size: u32, out: u32) {
        let name = text(name, length);
        let value = bytes(value, size);
        let mut error = check(&state, handle);
        if error == 0 {
            error = append(&state, handle, name, length, value, size);
        }
        finish(out, error);
    }

    "wasi:http/types@0.2#[method]fields.entries"
    fn fields_entries(state, handle: u32, out: u32) {
        let out = Out::new(out, 8, 4);
        let owner = owner(&state, handle);
        let mut count = 0;
        let mut place = pool::next(&state, 0, owner, 0);
        while place != 0 {
            count += 1;
            place = pool::next(&state, place, owner, 0);
        }
        let entries = state.allocate(4, count * 16);
        let mut index = 0;
        while index < count {
            place = pool::next(&state, place, owner, 0);
            let entry = Out::element(entries + index * 16);
            let (from, length) = (pool::name_at(&state, place), pool::name_length(&state, place));
            state.bytes(entry, from, length);
            let (from, size) = (pool::value_at(&state, place), pool::value_length(&state, place));
            state.bytes(entry.part(8), from, size);
            index += 1;
        }
        out.list(0, entries, count);
    }

    "wasi:http/types@0.2#[method]fields.clone"
    fn fields_clone(state, handle: u32) -> u32 {
        let owner = owner(&state, handle);
        let copy = make(&mut state, 0, 0);
        pool::copy(&state, owner, copy);
        copy
    }

    "wasi:http/types@0.2#[resource-drop]fields"
    fn drop_fields(state, handle: u32) {
        drop_handle(&state, handle);
    }
}
