//! The functions of `wasi_snapshot_preview1` of the host, whose pointers are addresses in the memory.

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    pub safe fn args_get(argv: u32, buf: u32) -> u32;
    pub safe fn args_sizes_get(count: u32, size: u32) -> u32;
    pub safe fn clock_res_get(id: u32, out: u32) -> u32;
    pub safe fn clock_time_get(id: u32, precision: u64, out: u32) -> u32;
    pub safe fn environ_get(environ: u32, buf: u32) -> u32;
    pub safe fn environ_sizes_get(count: u32, size: u32) -> u32;
    pub safe fn fd_advise(fd: u32, offset: u64, length: u64, advice: u32) -> u32;
    pub safe fn fd_allocate(fd: u32, offset: u64, length: u64) -> u32;
    pub safe fn fd_close(fd: u32) -> u32;
    pub safe fn fd_datasync(fd: u32) -> u32;
    pub safe fn fd_fdstat_get(fd: u32, out: u32) -> u32;
    pub safe fn fd_fdstat_set_flags(fd: u32, flags: u32) -> u32;
    pub safe fn fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64) -> u32;
    pub safe fn fd_filestat_get(fd: u32, out: u32) -> u32;
    pub safe fn fd_filestat_set_size(fd: u32, size: u64) -> u32;
    pub safe fn fd_filestat_set_times(fd: u32, atim: u64, mtim: u64, flags: u32) -> u32;
    pub safe fn fd_pread(fd: u32, iovs: u32, count: u32, offset: u64, out: u32) -> u32;
    pub safe fn fd_prestat_dir_name(fd: u32, path: u32, length: u32) -> u32;
    pub safe fn fd_prestat_get(fd: u32, out: u32) -> u32;
    pub safe fn fd_pwrite(fd: u32, iovs: u32, count: u32, offset: u64, out: u32) -> u32;
    pub safe fn fd_read(fd: u32, iovs: u32, count: u32, out: u32) -> u32;
    pub safe fn fd_readdir(fd: u32, buf: u32, length: u32, cookie: u64, out: u32) -> u32;
    pub safe fn fd_renumber(from: u32, to: u32) -> u32;
    pub safe fn fd_seek(fd: u32, offset: u64, whence: u32, out: u32) -> u32;
    pub safe fn fd_sync(fd: u32) -> u32;
    pub safe fn fd_tell(fd: u32, out: u32) -> u32;
    pub safe fn fd_write(fd: u32, iovs: u32, count: u32, out: u32) -> u32;
    pub safe fn path_create_directory(fd: u32, path: u32, length: u32) -> u32;
    pub safe fn path_filestat_get(fd: u32, flags: u32, path: u32, length: u32, out: u32) -> u32;
    pub safe fn path_filestat_set_times(
        fd: u32,
        flags: u32,
        path: u32,
        length: u32,
        atim: u64,
        mtim: u64,
        set: u32,
    ) -> u32;
    pub safe fn path_link(
        from_fd: u32,
        flags: u32,
        from: u32,
        from_length: u32,
        to_fd: u32,
        to: u32,
        to_length: u32,
    ) -> u32;
    pub safe fn path_open(
        fd: u32,
        flags: u32,
        path: u32,
        length: u32,
        oflags: u32,
        base: u64,
        inheriting: u64,
        fdflags: u32,
        out: u32,
    ) -> u32;
    pub safe fn path_readlink(
        fd: u32,
        path: u32,
        length: u32,
        buf: u32,
        size: u32,
        out: u32,
    ) -> u32;
    pub safe fn path_remove_directory(fd: u32, path: u32, length: u32) -> u32;
    pub safe fn path_rename(
        from_fd: u32,
        from: u32,
        from_length: u32,
        to_fd: u32,
        to: u32,
        to_length: u32,
    ) -> u32;
    pub safe fn path_symlink(
        target: u32,
        target_length: u32,
        fd: u32,
        path: u32,
        length: u32,
    ) -> u32;
    pub safe fn path_unlink_file(fd: u32, path: u32, length: u32) -> u32;
    pub safe fn poll_oneoff(subscriptions: u32, events: u32, count: u32, out: u32) -> u32;
    pub safe fn proc_exit(code: u32);
    pub safe fn proc_raise(signal: u32) -> u32;
    pub safe fn random_get(buf: u32, length: u32) -> u32;
    pub safe fn sched_yield() -> u32;
    pub safe fn sock_accept(fd: u32, flags: u32, out: u32) -> u32;
    pub safe fn sock_recv(
        fd: u32,
        iovs: u32,
        count: u32,
        flags: u32,
        out: u32,
        out_flags: u32,
    ) -> u32;
    pub safe fn sock_send(fd: u32, iovs: u32, count: u32, flags: u32, out: u32) -> u32;
    pub safe fn sock_shutdown(fd: u32, how: u32) -> u32;
}
