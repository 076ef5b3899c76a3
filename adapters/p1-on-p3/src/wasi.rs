//! The functions of WASI 0.3 that this library calls, in the canonical ABI's core form: those that wait as if they did not.
//!
//! Where a function has addresses, they are those of the program's memory, or of the library's own where the module name begins
//! with `state`: `error-code` can have a string, so all results with one are put there.

use crate::given::imports;

imports! {
    "$root" {
        "[waitable-set-new]" fn new_set() -> u32;
        "[waitable-set-wait]" fn wait(set: u32, out: u32) -> u32;
        "[waitable-set-poll]" fn poll_set(set: u32, out: u32) -> u32;
        "[subtask-cancel]" fn cancel_subtask(task: u32) -> u32;
        "[subtask-drop]" fn drop_subtask(task: u32);
        "[waitable-join]" fn join(end: u32, set: u32);
    }
    "wasi:cli/stdin@0.3.0" {
        "read-via-stream" fn stdin_stream(out: u32);
        // Those of all streams of bytes that are read.
        "[async-lower][stream-read-0]read-via-stream" fn read(stream: u32, to: u32, length: u32) -> u32;
        "[stream-cancel-read-0]read-via-stream" fn cancel_read(stream: u32) -> u32;
        "[stream-drop-readable-0]read-via-stream" fn drop_input(stream: u32);
        "[future-drop-readable-1]read-via-stream" fn drop_stdin_end(future: u32);
    }
    "wasi:cli/stdout@0.3.0" {
        "write-via-stream" fn stdout_stream(stream: u32) -> u32;
        // Those of all streams of bytes that are written.
        "[stream-new-0]write-via-stream" fn new_stream() -> u64;
        "[async-lower][stream-write-0]write-via-stream" fn write(stream: u32, at: u32, length: u32) -> u32;
        "[stream-drop-writable-0]write-via-stream" fn drop_writable(stream: u32);
        // Those of standard output and errors.
        "[async-lower][future-read-1]write-via-stream" fn read_end(future: u32, to: u32) -> u32;
        "[future-drop-readable-1]write-via-stream" fn drop_end(future: u32);
    }
    "wasi:cli/stderr@0.3.0" { "write-via-stream" fn stderr_stream(stream: u32) -> u32; }
    "wasi:cli/terminal-stdin@0.3.0" { "get-terminal-stdin" fn terminal_stdin(out: u32); }
    "wasi:cli/terminal-stdout@0.3.0" { "get-terminal-stdout" fn terminal_stdout(out: u32); }
    "wasi:cli/terminal-stderr@0.3.0" { "get-terminal-stderr" fn terminal_stderr(out: u32); }
    "wasi:cli/terminal-input@0.3.0" { "[resource-drop]terminal-input" fn drop_terminal_input(handle: u32); }
    "wasi:cli/terminal-output@0.3.0" { "[resource-drop]terminal-output" fn drop_terminal_output(handle: u32); }
    "wasi:clocks/system-clock@0.3.0" {
        "now" fn wall_now(out: u32);
        "get-resolution" fn realtime_resolution() -> u64;
    }
    "wasi:clocks/monotonic-clock@0.3.0" {
        "now" fn now() -> u64;
        "get-resolution" fn resolution() -> u64;
        "wait-until" fn wait_until(time: u64);
        "[async-lower]wait-until" fn begin_wait(time: u64) -> u32;
    }
    "wasi:random/random@0.3.0" { "get-random-bytes" fn random(length: u64, out: u32); }
    "wasi:filesystem/types@0.3.0" { "[resource-drop]descriptor" fn drop_descriptor(handle: u32); }
    "state wasi:filesystem/types@0.3.0" {
        "[method]descriptor.open-at"
            fn open_at(dir: u32, lookup: u32, path: u32, length: u32, how: u32, flags: u32, out: u32);
        "[method]descriptor.create-directory-at" fn create_directory(dir: u32, path: u32, length: u32, out: u32);
        "[method]descriptor.remove-directory-at" fn remove_directory(dir: u32, path: u32, length: u32, out: u32);
        "[method]descriptor.unlink-file-at" fn unlink_file(dir: u32, path: u32, length: u32, out: u32);
        "[method]descriptor.rename-at"
            fn rename(dir: u32, path: u32, length: u32, to_dir: u32, to: u32, to_length: u32, out: u32);
        "[method]descriptor.link-at"
            fn link(dir: u32, lookup: u32, path: u32, length: u32, to_dir: u32, to: u32, to_length: u32, out: u32);
        "[method]descriptor.symlink-at"
            fn symlink(dir: u32, text: u32, text_length: u32, path: u32, length: u32, out: u32);
        "[method]descriptor.set-times-at"
            fn set_times_at(dir: u32, lookup: u32, path: u32, length: u32, access: u32, access_s: u64, access_ns: u32,
                modified: u32, modified_s: u64, modified_ns: u32, out: u32);
        // Of all directories.
        "[stream-drop-readable-0][method]descriptor.read-directory" fn drop_entries(stream: u32);
    }
}

/// No file keeps a stream.
#[inline(always)]
pub fn drop_output(_stream: u32) {}

/// Ends the program, when what it has written is where it should be.
#[inline(always)]
pub fn exit(is_failure: u32) {
    crate::stdio::finish();
    last::exit(is_failure);
}

/// The same with a code.
#[inline(always)]
pub fn exit_with_code(code: u32) {
    crate::stdio::finish();
    last::exit_with_code(code);
}

mod last {
    use crate::given::imports;

    imports! {
        "wasi:cli/exit@0.3.0" {
            "exit" fn exit(is_failure: u32);
            "exit-with-code" fn exit_with_code(code: u32);
        }
    }
}

/// The same on the library's own memory.
pub mod state {
    use crate::given::imports;

    imports! {
        "state wasi:cli/stdin@0.3.0" {
            "[async-lower][stream-read-0]read-via-stream" fn read(stream: u32, to: u32, length: u32) -> u32;
        }
        "state wasi:cli/environment@0.3.0" {
            "get-arguments" fn arguments(out: u32);
            "get-environment" fn environment(out: u32);
        }
        "state wasi:filesystem/preopens@0.3.0" { "get-directories" fn directories(out: u32); }
        "state wasi:filesystem/types@0.3.0" {
            "[method]descriptor.read-via-stream" fn read_stream(file: u32, offset: u64, out: u32);
            "[method]descriptor.write-via-stream" fn write_stream(file: u32, stream: u32, offset: u64) -> u32;
            "[method]descriptor.append-via-stream" fn append_stream(file: u32, stream: u32) -> u32;
            // Those of all streams of files and directories.
            "[async-lower][future-read-1][method]descriptor.write-via-stream" fn read_end(future: u32, to: u32) -> u32;
            "[future-drop-readable-1][method]descriptor.write-via-stream" fn drop_end(future: u32);
            "[method]descriptor.read-directory" fn read_directory(dir: u32, out: u32);
            "[async-lower][stream-read-0][method]descriptor.read-directory"
                fn read_entries(stream: u32, to: u32, count: u32) -> u32;
            "[method]descriptor.get-type" fn get_type(file: u32, out: u32);
            "[method]descriptor.stat" fn stat(file: u32, out: u32);
            "[method]descriptor.stat-at" fn stat_at(dir: u32, lookup: u32, path: u32, length: u32, out: u32);
            "[method]descriptor.metadata-hash" fn hash(file: u32, out: u32);
            "[method]descriptor.metadata-hash-at"
                fn hash_at(dir: u32, lookup: u32, path: u32, length: u32, out: u32);
            "[method]descriptor.readlink-at" fn readlink(dir: u32, path: u32, length: u32, out: u32);
            "[method]descriptor.advise" fn advise(file: u32, offset: u64, length: u64, advice: u32, out: u32);
            "[method]descriptor.sync" fn sync(file: u32, out: u32);
            "[method]descriptor.sync-data" fn sync_data(file: u32, out: u32);
            "[method]descriptor.set-size" fn set_size(file: u32, size: u64, out: u32);
            "[method]descriptor.set-times"
                fn set_times(file: u32, access: u32, access_s: u64, access_ns: u32, modified: u32, modified_s: u64,
                    modified_ns: u32, out: u32);
        }
    }
}
