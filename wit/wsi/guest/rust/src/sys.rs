//! The functions as they are: results are a value of at least 0, or a negative error number. Addresses have to be those of
//! what `wsi.txt` says.

// Two modules may have functions of one name.
#![allow(clashing_extern_declarations)]

use crate::{Addr, Config, Iov, Seg, Stat, Sub};

macro_rules! imports {
    ($($module:literal { $($name:literal fn $f:ident($($p:ident: $t:ty),* $(,)?) $(-> $r:ty)?;)* })*) => {$(
        #[link(wasm_import_module = $module)]
        unsafe extern "C" {
            $(#[link_name = $name] pub fn $f($($p: $t),*) $(-> $r)?;)*
        }
    )*};
}

imports! {
    "wsi:sys/io@0.1.0" {
        "read" fn io_read(fd: i32, iov: *const Iov, n: u32) -> i32;
        "write" fn io_write(fd: i32, iov: *const Iov, n: u32) -> i32;
        "pread" fn io_pread(fd: i32, iov: *const Iov, n: u32, at: i64) -> i32;
        "pwrite" fn io_pwrite(fd: i32, iov: *const Iov, n: u32, at: i64) -> i32;
        "seek" fn io_seek(fd: i32, by: i64, from: u32) -> i64;
        "close" fn io_close(fd: i32) -> i32;
        "flags" fn io_flags(fd: i32, mask: u32, value: u32) -> i32;
        "sync" fn io_sync(fd: i32, data_only: u32) -> i32;
        "poll" fn io_poll(subs: *mut Sub, n: u32, deadline: i64) -> i32;
    }
    "wsi:sys/fs@0.1.0" {
        "preopen" fn fs_preopen(fd: i32, buf: *mut u8, len: u32) -> i32;
        "open" fn fs_open(dir: i32, path: *const u8, len: u32, how: u32) -> i32;
        "stat" fn fs_stat(fd: i32, path: *const u8, len: u32, follow: u32, out: *mut Stat) -> i32;
        "readdir" fn fs_readdir(dir: i32, buf: *mut u8, len: u32, cookie: i64) -> i32;
        "mkdir" fn fs_mkdir(dir: i32, path: *const u8, len: u32) -> i32;
        "unlink" fn fs_unlink(dir: i32, path: *const u8, len: u32, directory: u32) -> i32;
        "rename" fn fs_rename(dir: i32, path: *const u8, len: u32, to_dir: i32, to: *const u8, to_len: u32) -> i32;
        "link" fn fs_link(dir: i32, path: *const u8, len: u32, to_dir: i32, to: *const u8, to_len: u32, follow: u32) -> i32;
        "symlink" fn fs_symlink(text: *const u8, text_len: u32, dir: i32, path: *const u8, len: u32) -> i32;
        "readlink" fn fs_readlink(dir: i32, path: *const u8, len: u32, buf: *mut u8, size: u32) -> i32;
        "set-times" fn fs_set_times(fd: i32, path: *const u8, len: u32, follow: u32, atime: i64, mtime: i64, which: u32) -> i32;
        "truncate" fn fs_truncate(fd: i32, size: i64) -> i32;
    }
    "wsi:sys/time@0.1.0" {
        "now" fn time_now(clock: u32) -> i64;
        "resolution" fn time_resolution(clock: u32) -> i64;
    }
    "wsi:sys/random@0.1.0" {
        "fill" fn random_fill(buf: *mut u8, len: u32) -> i32;
    }
    "wsi:sys/proc@0.1.0" {
        "args-sizes" fn proc_args_sizes() -> i64;
        "args" fn proc_args(argv: *mut *mut u8, buf: *mut u8) -> i32;
        "env-sizes" fn proc_env_sizes() -> i64;
        "env" fn proc_env(envp: *mut *mut u8, buf: *mut u8) -> i32;
        "exit" fn proc_exit(code: u32);
        "signals" fn proc_signals(mask: i64) -> i32;
    }
    "wsi:sys/net@0.1.0" {
        "socket" fn net_socket(family: u32, kind: u32) -> i32;
        "bind" fn net_bind(fd: i32, addr: *const Addr) -> i32;
        "connect" fn net_connect(fd: i32, addr: *const Addr) -> i32;
        "listen" fn net_listen(fd: i32, backlog: u32) -> i32;
        "accept" fn net_accept(fd: i32, flags: u32, addr: *mut Addr) -> i32;
        "send" fn net_send(fd: i32, iov: *const Iov, n: u32, flags: u32, addr: *const Addr) -> i32;
        "recv" fn net_recv(fd: i32, iov: *const Iov, n: u32, flags: u32, addr: *mut Addr) -> i32;
        "shutdown" fn net_shutdown(fd: i32, how: u32) -> i32;
        "name" fn net_name(fd: i32, peer: u32, addr: *mut Addr) -> i32;
        "get-option" fn net_get_option(fd: i32, option: u32) -> i64;
        "set-option" fn net_set_option(fd: i32, option: u32, value: i64) -> i32;
        "group" fn net_group(fd: i32, addr: *const Addr, join: u32) -> i32;
        "resolve" fn net_resolve(name: *const u8, len: u32, addrs: *mut Addr, n: u32) -> i32;
    }
    "wsi:sys/thread@0.1.0" {
        "spawn" fn thread_spawn(arg: u32) -> i32;
        "yield" fn thread_yield() -> i32;
        "priority" fn thread_priority(tid: u32, priority: u32) -> i32;
        "wake" fn thread_wake(addr: *const u32, n: u32) -> i32;
        "lock" fn thread_lock(addr: *mut u32, deadline: i64) -> i32;
        "unlock" fn thread_unlock(addr: *mut u32) -> i32;
    }
    "wsi:sys/device@0.1.0" {
        "query" fn device_query(fd: i32, config: *mut Config) -> i32;
        "configure" fn device_configure(fd: i32, config: *const Config) -> i32;
        "transfer" fn device_transfer(fd: i32, segs: *const Seg, n: u32) -> i32;
    }
    "wsi:sys/mem@0.1.0" {
        "map" fn mem_map(fd: i32, at: i64, len: u32, prot: u32) -> i64;
        "unmap" fn mem_unmap(addr: u32, len: u32) -> i32;
        "sync" fn mem_sync(addr: u32, len: u32, direction: u32) -> i32;
    }
}
