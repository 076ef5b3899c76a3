//! What functions are on hosts of `wasi:http/proxy`, which have no files, no arguments, no environment and no end.

use p1bridge_shim::abi::store32;

use crate::error::{BADF, NOTSUP};
use crate::exports;

/// There are no strings.
#[inline(always)]
fn none(count: u32, bytes: u32) -> u32 {
    store32(count, 0);
    store32(bytes, 0);
    0
}

exports! {
    "without#args_sizes_get"
    fn args_sizes_get(count: u32, bytes: u32) -> u32 {
        none(count, bytes)
    }

    "without#args_get"
    fn args_get(_argv: u32, _to: u32) -> u32 {
        0
    }

    "without#environ_sizes_get"
    fn environ_sizes_get(count: u32, bytes: u32) -> u32 {
        none(count, bytes)
    }

    "without#environ_get"
    fn environ_get(_envp: u32, _to: u32) -> u32 {
        0
    }

    "without#proc_exit"
    fn proc_exit(_code: u32) {
        p1bridge_shim::trap()
    }

    "without#proc_raise"
    fn proc_raise(_signal: u32) -> u32 {
        p1bridge_shim::trap()
    }

    "without#fd_advise"
    fn fd_advise(_fd: u32, _offset: u64, _length: u64, _advice: u32) -> u32 {
        NOTSUP as u32
    }

    "without#fd_allocate"
    fn fd_allocate(_fd: u32, _offset: u64, _length: u64) -> u32 {
        NOTSUP as u32
    }

    "without#fd_sync"
    fn fd_sync(_fd: u32) -> u32 {
        NOTSUP as u32
    }

    "without#fd_datasync"
    fn fd_datasync(_fd: u32) -> u32 {
        NOTSUP as u32
    }

    "without#fd_filestat_set_size"
    fn fd_filestat_set_size(_fd: u32, _size: u64) -> u32 {
        NOTSUP as u32
    }

    "without#fd_filestat_set_times"
    fn fd_filestat_set_times(_fd: u32, _access: u64, _modified: u64, _which: u32) -> u32 {
        NOTSUP as u32
    }

    "without#fd_prestat_get"
    fn fd_prestat_get(_fd: u32, _out: u32) -> u32 {
        BADF as u32
    }

    "without#fd_prestat_dir_name"
    fn fd_prestat_dir_name(_fd: u32, _path: u32, _size: u32) -> u32 {
        BADF as u32
    }

    "without#fd_readdir"
    fn fd_readdir(_fd: u32, _to: u32, _size: u32, _cookie: u64, _out: u32) -> u32 {
        NOTSUP as u32
    }

    "without#path_open"
    fn path_open(_fd: u32, _lookup: u32, _path: u32, _length: u32, _how: u32, _rights: u64, _inheriting: u64, _flags: u32,
        _out: u32) -> u32 {
        NOTSUP as u32
    }

    "without#path_create_directory"
    fn path_create_directory(_fd: u32, _path: u32, _length: u32) -> u32 {
        NOTSUP as u32
    }

    "without#path_remove_directory"
    fn path_remove_directory(_fd: u32, _path: u32, _length: u32) -> u32 {
        NOTSUP as u32
    }

    "without#path_unlink_file"
    fn path_unlink_file(_fd: u32, _path: u32, _length: u32) -> u32 {
        NOTSUP as u32
    }

    "without#path_rename"
    fn path_rename(_fd: u32, _path: u32, _length: u32, _to_fd: u32, _to: u32, _to_length: u32) -> u32 {
        NOTSUP as u32
    }

    "without#path_link"
    fn path_link(_fd: u32, _lookup: u32, _path: u32, _length: u32, _to_fd: u32, _to: u32, _to_length: u32) -> u32 {
        NOTSUP as u32
    }

    "without#path_symlink"
    fn path_symlink(_text: u32, _text_length: u32, _fd: u32, _path: u32, _length: u32) -> u32 {
        NOTSUP as u32
    }

    "without#path_readlink"
    fn path_readlink(_fd: u32, _path: u32, _length: u32, _to: u32, _size: u32, _out: u32) -> u32 {
        NOTSUP as u32
    }

    "without#path_filestat_get"
    fn path_filestat_get(_fd: u32, _lookup: u32, _path: u32, _length: u32, _out: u32) -> u32 {
        NOTSUP as u32
    }

    "without#path_filestat_set_times"
    fn path_filestat_set_times(_fd: u32, _lookup: u32, _path: u32, _length: u32, _access: u64, _modified: u64, _which: u32)
        -> u32 {
        NOTSUP as u32
    }
}
