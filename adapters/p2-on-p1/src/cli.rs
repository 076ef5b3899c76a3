//! `wasi:cli`: environment, exit, the standard streams and terminals.

use p1bridge_shim::abi::{load8, load32};
use p1bridge_shim::{Out, trap, trap_if};

use crate::exports;
use crate::p1;
use crate::state::{State, flag, insert, kind, stdout};

/// Reads a list of NUL-terminated strings from the host and makes the guest's list of it, with
/// `width` bytes an element.
///
/// The list is allocated with room for the strings behind it, and is cut to its size when each
/// string has got memory of its own. The host's pointers go to the end of the list, where each is
/// read before an element is written over it. Behind them a word stays free: WAMR before 2021 ends
/// the pointers with a null of its own.
#[inline(always)]
fn strings(
    state: &mut State,
    out: u32,
    width: u32,
    sizes_get: impl Fn(u32, u32) -> u32,
    get: impl Fn(u32, u32) -> u32,
    element: impl Fn(&mut State, Out, u32),
) {
    let fixed = state.fixed();
    let at = fixed.result_at();
    trap_if(sizes_get(at, at + 4) != 0);
    let count = fixed.result(0) as u32;
    let length = (fixed.result(0) >> 32) as u32;
    let size = count * width;
    let room = if count == 0 { 0 } else { size + 4 + length };
    let mut list = state.allocate(4, room);
    let pointers = list + size - count * 4;
    if count != 0 {
        trap_if(get(pointers, list + size + 4) != 0);
        let mut index = 0;
        while index < count {
            let from = load32(pointers + index * 4);
            element(state, Out::element(list + index * width), from);
            index += 1;
        }
        list = state.reallocate(list, room, 4, size);
    }
    Out::new(out, 8, 4).list(0, list, count);
}

/// Bytes from `at` up to `end` (which is not part of it) or a NUL.
#[inline(never)]
pub fn until(at: u32, end: u32) -> u32 {
    let mut length = 0;
    loop {
        let byte = load8(at + length);
        if byte == 0 || byte == end {
            return length;
        }
        length += 1;
    }
}

exports! {
    "wasi:cli/environment@0.2#get-environment"
    fn get_environment(state, out: u32) {
        strings(&mut state, out, 16, |count, size| p1::environ_sizes_get(count, size),
            |pointers, buffer| p1::environ_get(pointers, buffer), |state, out, from| {
            let key = until(from, u32::from(b'='));
            let key_end = from + key;
            let value = if load8(key_end) == 0 { key_end } else { key_end + 1 };
            state.string(out, from, key);
            state.string(out.part(8), value, until(value, 0));
        });
    }

    "wasi:cli/environment@0.2#get-arguments"
    fn get_arguments(state, out: u32) {
        strings(&mut state, out, 8, |count, size| p1::args_sizes_get(count, size),
            |pointers, buffer| p1::args_get(pointers, buffer), |state, out, from| {
            state.string(out, from, until(from, 0));
        });
    }

    /// Preview 1 has no current directory: `none`.
    "wasi:cli/environment@0.2#initial-cwd"
    fn initial_cwd(state, out: u32) {
        Out::new(out, 12, 4).u8(0, 0);
    }

    "wasi:cli/exit@0.2#exit"
    fn exit(state, status: u32) {
        trap_if(status > 1);
        p1::proc_exit(status);
        trap()
    }

    "wasi:cli/exit@0.2#exit-with-code"
    fn exit_with_code(state, code: u32) {
        p1::proc_exit(code & 0xff);
        trap()
    }

    "wasi:cli/stdin@0.2#get-stdin"
    fn get_stdin(state) -> u32 {
        let handle = standard(&mut state, kind::INPUT, 0);
        // What comes there is the body of the request.
        if stdout() != 1 {
            state.slot(handle).flags.set(flag::CLOSED);
        }
        handle
    }

    "wasi:cli/stdout@0.2#get-stdout"
    fn get_stdout(state) -> u32 {
        standard(&mut state, kind::OUTPUT, stdout())
    }

    "wasi:cli/stderr@0.2#get-stderr"
    fn get_stderr(state) -> u32 {
        standard(&mut state, kind::OUTPUT, 2)
    }

    "wasi:cli/terminal-stdin@0.2#get-terminal-stdin"
    fn get_terminal_stdin(state, out: u32) {
        terminal(&mut state, out, kind::TERMINAL_INPUT, 0);
    }

    "wasi:cli/terminal-stdout@0.2#get-terminal-stdout"
    fn get_terminal_stdout(state, out: u32) {
        terminal(&mut state, out, kind::TERMINAL_OUTPUT, 1);
    }

    "wasi:cli/terminal-stderr@0.2#get-terminal-stderr"
    fn get_terminal_stderr(state, out: u32) {
        terminal(&mut state, out, kind::TERMINAL_OUTPUT, 2);
    }

    "wasi:cli/terminal-input@0.2#[resource-drop]terminal-input"
    fn drop_terminal_input(state, handle: u32) {
        state.drop(handle, kind::TERMINAL_INPUT);
    }

    "wasi:cli/terminal-output@0.2#[resource-drop]terminal-output"
    fn drop_terminal_output(state, handle: u32) {
        state.drop(handle, kind::TERMINAL_OUTPUT);
    }
}

/// A stream of its own over one of the standard descriptors, which no drop ever closes.
#[inline(never)]
fn standard(state: &mut State, kind: u8, fd: u32) -> u32 {
    let handle = insert(state, kind);
    let entry = state.slot(handle);
    entry.flags.set(0);
    entry.word.set(fd);
    handle
}

/// What `isatty` of a P1 program asks: a character device on which nobody may seek.
#[inline(never)]
fn terminal(state: &mut State, out: u32, kind: u8, fd: u32) {
    let out = Out::new(out, 8, 4);
    let fixed = state.fixed();
    let errno = p1::fd_fdstat_get(fd, fixed.result_at());
    let is_terminal = errno == 0
        && fixed.result(0) as u32 & 0xff == p1::CHARACTER_DEVICE
        && fixed.result(1) as u32 & p1::right::SEEK_AND_TELL == 0;
    out.u8(0, is_terminal.into());
    if is_terminal {
        out.u32(4, insert(state, kind));
    }
}
