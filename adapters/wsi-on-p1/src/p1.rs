//! The functions of `wasi_snapshot_preview1` that this library calls, and the numbers that they take. All pointers are
//! addresses in the memory of the output.

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    pub safe fn args_get(argv: u32, buf: u32) -> u32;
    pub safe fn args_sizes_get(count: u32, size: u32) -> u32;
    pub safe fn clock_res_get(id: u32, result: u32) -> u32;
    pub safe fn clock_time_get(id: u32, precision: u64, result: u32) -> u32;
    pub safe fn environ_get(environ: u32, buf: u32) -> u32;
    pub safe fn environ_sizes_get(count: u32, size: u32) -> u32;
    pub safe fn fd_close(fd: u32) -> u32;
    pub safe fn fd_datasync(fd: u32) -> u32;
    pub safe fn fd_fdstat_get(fd: u32, result: u32) -> u32;
    pub safe fn fd_fdstat_set_flags(fd: u32, flags: u32) -> u32;
    pub safe fn fd_filestat_get(fd: u32, result: u32) -> u32;
    pub safe fn fd_filestat_set_size(fd: u32, size: u64) -> u32;
    pub safe fn fd_filestat_set_times(fd: u32, atim: u64, mtim: u64, flags: u32) -> u32;
    pub safe fn fd_pread(fd: u32, iovs: u32, count: u32, offset: u64, result: u32) -> u32;
    pub safe fn fd_prestat_dir_name(fd: u32, path: u32, length: u32) -> u32;
    pub safe fn fd_prestat_get(fd: u32, result: u32) -> u32;
    pub safe fn fd_pwrite(fd: u32, iovs: u32, count: u32, offset: u64, result: u32) -> u32;
    pub safe fn fd_read(fd: u32, iovs: u32, count: u32, result: u32) -> u32;
    pub safe fn fd_readdir(fd: u32, buf: u32, length: u32, cookie: u64, result: u32) -> u32;
    pub safe fn fd_seek(fd: u32, by: u64, from: u32, result: u32) -> u32;
    pub safe fn fd_sync(fd: u32) -> u32;
    pub safe fn fd_write(fd: u32, iovs: u32, count: u32, result: u32) -> u32;
    pub safe fn path_create_directory(fd: u32, path: u32, length: u32) -> u32;
    pub safe fn path_filestat_get(fd: u32, flags: u32, path: u32, length: u32, result: u32) -> u32;
    pub safe fn path_filestat_set_times(
        fd: u32,
        flags: u32,
        path: u32,
        length: u32,
        atim: u64,
        mtim: u64,
        which: u32,
    ) -> u32;
    pub safe fn path_link(
        old_fd: u32,
        old_flags: u32,
        old_path: u32,
        old_length: u32,
        new_fd: u32,
        new_path: u32,
        new_length: u32,
    ) -> u32;
    pub safe fn path_open(
        fd: u32,
        flags: u32,
        path: u32,
        length: u32,
        oflags: u32,
        rights_base: u64,
        rights_inheriting: u64,
        fdflags: u32,
        result: u32,
    ) -> u32;
    pub safe fn path_readlink(
        fd: u32,
        path: u32,
        length: u32,
        buf: u32,
        size: u32,
        result: u32,
    ) -> u32;
    pub safe fn path_remove_directory(fd: u32, path: u32, length: u32) -> u32;
    pub safe fn path_rename(
        fd: u32,
        old_path: u32,
        old_length: u32,
        new_fd: u32,
        new_path: u32,
        new_length: u32,
    ) -> u32;
    pub safe fn path_symlink(
        old_path: u32,
        old_length: u32,
        fd: u32,
        new_path: u32,
        new_length: u32,
    ) -> u32;
    pub safe fn path_unlink_file(fd: u32, path: u32, length: u32) -> u32;
    pub safe fn poll_oneoff(subscriptions: u32, events: u32, count: u32, result: u32) -> u32;
    pub safe fn proc_exit(code: u32);
    pub safe fn random_get(buf: u32, length: u32) -> u32;
    pub safe fn sched_yield() -> u32;
    pub safe fn sock_accept(fd: u32, flags: u32, result: u32) -> u32;
    pub safe fn sock_recv(
        fd: u32,
        iovs: u32,
        count: u32,
        flags: u32,
        result: u32,
        out_flags: u32,
    ) -> u32;
    pub safe fn sock_send(fd: u32, iovs: u32, count: u32, flags: u32, result: u32) -> u32;
    pub safe fn sock_shutdown(fd: u32, how: u32) -> u32;
}

/// `clockid`: 0 to 3.
pub const MONOTONIC: u32 = 1;
pub const LAST_CLOCK: u32 = 3;

/// `errno`
pub const AFNOSUPPORT: u32 = 5;
pub const AGAIN: u32 = 6;
pub const BADF: u32 = 8;
pub const INTR: u32 = 27;
pub const INVAL: u32 = 28;
pub const NOSYS: u32 = 52;
pub const NOTCONN: u32 = 53;
pub const NOTSOCK: u32 = 57;
pub const NOTSUP: u32 = 58;
pub const NOTCAPABLE: u32 = 76;

/// `rights`, as bits of the low half: those that need a descriptor which is open for reading, and for writing.
pub const READING: u32 = 1 << 1 | 1 << 14;
pub const WRITING: u32 = 1 | 1 << 6 | 1 << 8 | 1 << 22;
