//! The functions of WASI 0.2 that this library calls, in the canonical ABI's core form.
//!
//! Where a function has addresses, they are those of the program's memory, or of the library's own in [`state`]. Versions are
//! the oldest that have the function.

use crate::given::imports;

imports! {
    "wasi:cli/stdin@0.2.0" { "get-stdin" fn get_stdin() -> u32; }
    "wasi:cli/stdout@0.2.0" { "get-stdout" fn get_stdout() -> u32; }
    "wasi:cli/stderr@0.2.0" { "get-stderr" fn get_stderr() -> u32; }
    "wasi:cli/terminal-stdin@0.2.0" { "get-terminal-stdin" fn terminal_stdin(out: u32); }
    "wasi:cli/terminal-stdout@0.2.0" { "get-terminal-stdout" fn terminal_stdout(out: u32); }
    "wasi:cli/terminal-stderr@0.2.0" { "get-terminal-stderr" fn terminal_stderr(out: u32); }
    "wasi:cli/terminal-input@0.2.0" { "[resource-drop]terminal-input" fn drop_terminal_input(handle: u32); }
    "wasi:cli/terminal-output@0.2.0" { "[resource-drop]terminal-output" fn drop_terminal_output(handle: u32); }
    "wasi:cli/exit@0.2.0" { "exit" fn exit(is_failure: u32); }
    "wasi:cli/exit@0.2.12" { "exit-with-code" fn exit_with_code(code: u32); }
    "wasi:clocks/wall-clock@0.2.0" {
        "now" fn wall_now(out: u32);
        "resolution" fn wall_resolution(out: u32);
    }
    "wasi:clocks/monotonic-clock@0.2.0" {
        "now" fn now() -> u64;
        "resolution" fn resolution() -> u64;
        "subscribe-instant" fn subscribe_instant(when: u64) -> u32;
        "subscribe-duration" fn subscribe_duration(time: u64) -> u32;
    }
    "wasi:random/random@0.2.0" { "get-random-bytes" fn random(length: u64, out: u32); }
    "wasi:io/error@0.2.0" { "[resource-drop]error" fn drop_error(handle: u32); }
    "wasi:io/poll@0.2.0" {
        "poll" fn poll(list: u32, length: u32, out: u32);
        "[resource-drop]pollable" fn drop_pollable(handle: u32);
    }
    "wasi:io/streams@0.2.0" {
        "[method]input-stream.read" fn read(stream: u32, length: u64, out: u32);
        "[method]input-stream.blocking-read" fn blocking_read(stream: u32, length: u64, out: u32);
        "[method]input-stream.subscribe" fn subscribe_input(stream: u32) -> u32;
        "[resource-drop]input-stream" fn drop_input(handle: u32);
        "[method]output-stream.check-write" fn check_write(stream: u32, out: u32);
        "[method]output-stream.write" fn write(stream: u32, at: u32, length: u32, out: u32);
        "[method]output-stream.blocking-write-and-flush"
            fn blocking_write_and_flush(stream: u32, at: u32, length: u32, out: u32);
        "[method]output-stream.flush" fn flush(stream: u32, out: u32);
        "[method]output-stream.subscribe" fn subscribe_output(stream: u32) -> u32;
        "[resource-drop]output-stream" fn drop_output(handle: u32);
    }
    "wasi:filesystem/types@0.2.0" {
        "[method]descriptor.read" fn read_file(file: u32, length: u64, offset: u64, out: u32);
        "[method]descriptor.write" fn write_file(file: u32, at: u32, length: u32, offset: u64, out: u32);
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
        "[method]descriptor.stat" fn stat(file: u32, out: u32);
        "[method]descriptor.stat-at" fn stat_at(dir: u32, lookup: u32, path: u32, length: u32, out: u32);
        "[method]descriptor.metadata-hash" fn hash(file: u32, out: u32);
        "[method]descriptor.metadata-hash-at"
            fn hash_at(dir: u32, lookup: u32, path: u32, length: u32, out: u32);
        "[method]descriptor.set-times-at"
            fn set_times_at(dir: u32, lookup: u32, path: u32, length: u32, access: u32, access_s: u64, access_ns: u32,
                modified: u32, modified_s: u64, modified_ns: u32, out: u32);
        "[resource-drop]descriptor" fn drop_descriptor(handle: u32);
        "[resource-drop]directory-entry-stream" fn drop_entries(handle: u32);
    }
}

/// Nanoseconds between two times of the clock of the day.
#[inline(always)]
pub fn realtime_resolution() -> u64 {
    crate::process::nanoseconds(wall_resolution)
}

/// The same on the library's own memory.
pub mod state {
    use crate::given::imports;

    imports! {
        "state wasi:cli/environment@0.2.0" {
            "get-arguments" fn arguments(out: u32);
            "get-environment" fn environment(out: u32);
        }
        "state wasi:filesystem/preopens@0.2.0" { "get-directories" fn directories(out: u32); }
        "state wasi:filesystem/types@0.2.0" {
            "[method]descriptor.append-via-stream" fn append(file: u32, out: u32);
            "[method]descriptor.get-type" fn get_type(file: u32, out: u32);
            "[method]descriptor.stat" fn stat(file: u32, out: u32);
            "[method]descriptor.metadata-hash" fn hash(file: u32, out: u32);
            "[method]descriptor.metadata-hash-at"
                fn hash_at(dir: u32, lookup: u32, path: u32, length: u32, out: u32);
            "[method]descriptor.readlink-at" fn readlink(dir: u32, path: u32, length: u32, out: u32);
            "[method]descriptor.read-directory" fn read_directory(dir: u32, out: u32);
            "[method]directory-entry-stream.read-directory-entry" fn read_entry(entries: u32, out: u32);
            "[method]descriptor.advise" fn advise(file: u32, offset: u64, length: u64, advice: u32, out: u32);
            "[method]descriptor.sync" fn sync(file: u32, out: u32);
            "[method]descriptor.sync-data" fn sync_data(file: u32, out: u32);
            "[method]descriptor.set-size" fn set_size(file: u32, size: u64, out: u32);
            "[method]descriptor.set-times"
                fn set_times(file: u32, access: u32, access_s: u64, access_ns: u32, modified: u32, modified_s: u64,
                    modified_ns: u32, out: u32);
            "filesystem-error-code" fn error_code(error: u32, out: u32);
        }
    }
}
