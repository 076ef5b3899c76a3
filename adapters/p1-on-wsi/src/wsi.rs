//! The functions of WSI that this library calls, and the numbers that they take. All addresses are the guest's.

macro_rules! imports {
    ($($module:literal { $($name:literal fn $f:ident($($p:ident: $t:ty),* $(,)?) $(-> $r:ty)?;)* })*) => {$(
        #[link(wasm_import_module = $module)]
        unsafe extern "C" {
            $(#[link_name = $name] pub safe fn $f($($p: $t),*) $(-> $r)?;)*
        }
    )*};
}

imports! {
    "wsi:sys/io@0.1.0" {
        "read" fn read(fd: u32, iov: u32, n: u32) -> i32;
        "write" fn write(fd: u32, iov: u32, n: u32) -> i32;
        "pread" fn pread(fd: u32, iov: u32, n: u32, at: u64) -> i32;
        "pwrite" fn pwrite(fd: u32, iov: u32, n: u32, at: u64) -> i32;
        "seek" fn seek(fd: u32, by: u64, from: u32) -> i64;
        "close" fn close(fd: u32) -> i32;
        "flags" fn flags(fd: u32, mask: u32, value: u32) -> i32;
        "sync" fn sync(fd: u32, data_only: u32) -> i32;
        "poll" fn poll(subs: u32, n: u32, deadline: u64) -> i32;
    }
    "wsi:sys/fs@0.1.0" {
        "preopen" fn preopen(fd: u32, buf: u32, len: u32) -> i32;
        "open" fn open(dir: u32, path: u32, len: u32, how: u32) -> i32;
        "stat" fn stat(fd: u32, path: u32, len: u32, follow: u32, out: u32) -> i32;
        "readdir" fn readdir(dir: u32, buf: u32, len: u32, cookie: u64) -> i32;
        "mkdir" fn mkdir(dir: u32, path: u32, len: u32) -> i32;
        "unlink" fn unlink(dir: u32, path: u32, len: u32, directory: u32) -> i32;
        "rename" fn rename(dir: u32, path: u32, len: u32, to_dir: u32, to: u32, to_len: u32) -> i32;
        "link" fn link(dir: u32, path: u32, len: u32, to_dir: u32, to: u32, to_len: u32, follow: u32) -> i32;
        "symlink" fn symlink(text: u32, text_len: u32, dir: u32, path: u32, len: u32) -> i32;
        "readlink" fn readlink(dir: u32, path: u32, len: u32, buf: u32, size: u32) -> i32;
        "set-times" fn set_times(fd: u32, path: u32, len: u32, follow: u32, atime: u64, mtime: u64, which: u32) -> i32;
        "truncate" fn truncate(fd: u32, size: u64) -> i32;
    }
    "wsi:sys/time@0.1.0" {
        "now" fn now(clock: u32) -> i64;
        "resolution" fn resolution(clock: u32) -> i64;
    }
    "wsi:sys/random@0.1.0" {
        "fill" fn fill(buf: u32, len: u32) -> i32;
    }
    "wsi:sys/proc@0.1.0" {
        "args-sizes" fn args_sizes() -> i64;
        "args" fn args(argv: u32, buf: u32) -> i32;
        "env-sizes" fn env_sizes() -> i64;
        "env" fn env(envp: u32, buf: u32) -> i32;
        "exit" fn exit(code: u32);
    }
    "wsi:sys/net@0.1.0" {
        "accept" fn accept(fd: u32, flags: u32, addr: u32) -> i32;
        "send" fn send(fd: u32, iov: u32, n: u32, flags: u32, addr: u32) -> i32;
        "recv" fn recv(fd: u32, iov: u32, n: u32, flags: u32, addr: u32) -> i32;
        "shutdown" fn shutdown(fd: u32, how: u32) -> i32;
    }
    "wsi:sys/thread@0.1.0" {
        "yield" fn yield_() -> i32;
    }
}

/// `errno`, as in Preview 1.
pub const BADF: u32 = 8;
pub const INVAL: u32 = 28;
pub const NAMETOOLONG: u32 = 37;
pub const NOENT: u32 = 44;
pub const NOTSUP: u32 = 58;

/// Kinds of descriptors, as in Preview 1.
pub const CHARACTER: u32 = 2;
pub const DIRECTORY: u32 = 3;

/// `from` of `seek`.
pub const HERE: u32 = 1;

/// `rights`, as bits of the low half (there are 30).
pub mod right {
    pub const READING: u32 = 1 << 1 | 1 << 14;
    pub const WRITING: u32 = 1 << 6 | 1 << 8 | 1 << 22;
    pub const SEEK_AND_TELL: u32 = 1 << 2 | 1 << 5;
    pub const ALL: u32 = (1 << 30) - 1;
}

mod import {
    #[link(wasm_import_module = "p1bridge")]
    unsafe extern "C" {
        pub safe fn frame() -> u32;
        pub safe fn frame_polls() -> u32;
        pub safe fn max_poll() -> u32;
    }
}

pub use import::{frame_polls, max_poll};

/// 64 bytes below the guest's stack pointer.
#[inline(always)]
pub fn frame() -> u32 {
    import::frame() - 64
}
