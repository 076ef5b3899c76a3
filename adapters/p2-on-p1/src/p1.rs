//! The functions of `wasi_snapshot_preview1` that this library calls, and the numbers that they
//! take. All pointers are addresses in the guest's memory.

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    pub safe fn args_get(argv: u32, buf: u32) -> u32;
    pub safe fn args_sizes_get(count: u32, size: u32) -> u32;
    pub safe fn environ_get(environ: u32, buf: u32) -> u32;
    pub safe fn environ_sizes_get(count: u32, size: u32) -> u32;
    pub safe fn clock_res_get(id: u32, result: u32) -> u32;
    pub safe fn clock_time_get(id: u32, precision: u64, result: u32) -> u32;
    pub safe fn fd_advise(fd: u32, offset: u64, length: u64, advice: u32) -> u32;
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
    pub safe fn fd_seek(fd: u32, by: u64, whence: u32, result: u32) -> u32;
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
        fst_flags: u32,
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
}

/// `clockid`
pub const REALTIME: u32 = 0;
pub const MONOTONIC: u32 = 1;

/// `filetype`
pub const CHARACTER_DEVICE: u32 = 2;
pub const DIRECTORY: u32 = 3;
pub const REGULAR_FILE: u32 = 4;

/// `fdflags`
pub const NONBLOCK: u32 = 4;
pub const APPEND: u32 = 1;
pub const DSYNC: u32 = 2;
pub const RSYNC: u32 = 8;
pub const SYNC: u32 = 16;

/// `errno`
pub const ACCES: u32 = 2;
pub const AGAIN: u32 = 6;
pub const BADF: u32 = 8;
pub const CONNABORTED: u32 = 13;
pub const CONNREFUSED: u32 = 14;
pub const CONNRESET: u32 = 15;
pub const FAULT: u32 = 21;
pub const FBIG: u32 = 22;
pub const HOSTUNREACH: u32 = 23;
pub const ILSEQ: u32 = 25;
pub const INPROGRESS: u32 = 26;
pub const INTR: u32 = 27;
pub const INVAL: u32 = 28;
pub const IO: u32 = 29;
pub const ISDIR: u32 = 31;
pub const MFILE: u32 = 33;
pub const MSGSIZE: u32 = 35;
pub const NAMETOOLONG: u32 = 37;
pub const NETUNREACH: u32 = 40;
pub const NFILE: u32 = 41;
pub const NOBUFS: u32 = 42;
pub const NOENT: u32 = 44;
pub const NOMEM: u32 = 48;
pub const NOTDIR: u32 = 54;
pub const OVERFLOW: u32 = 61;
pub const PERM: u32 = 63;
pub const PIPE: u32 = 64;
pub const PROTO: u32 = 65;
pub const RANGE: u32 = 68;
pub const ROFS: u32 = 69;
pub const SPIPE: u32 = 70;
pub const TIMEDOUT: u32 = 73;
pub const NOTCAPABLE: u32 = 76;

/// `rights`, as bits of the low half (there are 30)
pub mod right {
    pub const FD_DATASYNC: u32 = 1;
    pub const FD_READ: u32 = 1 << 1;
    pub const FD_READDIR: u32 = 1 << 14;
    pub const FD_WRITE: u32 = 1 << 6;
    pub const FD_ALLOCATE: u32 = 1 << 8;
    pub const PATH_CREATE_FILE: u32 = 1 << 10;
    pub const FD_FILESTAT_SET_SIZE: u32 = 1 << 22;
    pub const SEEK_AND_TELL: u32 = 1 << 2 | 1 << 5;
    pub const ALL: u32 = (1 << 30) - 1;
}
