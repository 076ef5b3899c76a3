//! `fs`. A path is relative to a directory; some functions are about the descriptor itself where it has no bytes.

use p1bridge_shim::abi::{load32, load64};

use crate::frame::{done, frame, negative, number, result};
use crate::{exports, p1};

/// `how` of `open`: the low bits are those of Preview 1.
const CREATING: u32 = 15;
const READ: u32 = 16;
const WRITE: u32 = 32;
const FOLLOW: u32 = 64;
const FLAGS: u32 = 31;

exports! {
    // Hosts want room for all of the name, some for exactly that: a buffer that is too small is left alone.
    "wsi:sys/fs@0.1#preopen"
    fn preopen(fd: u32, buf: u32, len: u32) -> i32 {
        let at = result();
        let errno = p1::fd_prestat_get(fd, at);
        if errno != 0 {
            return negative(errno);
        }
        if load32(at) as u8 != 0 {
            return negative(p1::NOTSUP);
        }
        let length = load32(at + 4);
        if length <= len {
            let errno = p1::fd_prestat_dir_name(fd, buf, length);
            if errno != 0 {
                return negative(errno);
            }
        }
        length as i32
    }

    // Hosts give a descriptor no rights that its directory does not pass on, and open for writing where one of the
    // rights needs that.
    "wsi:sys/fs@0.1#open"
    fn open(dir: u32, path: u32, len: u32, how: u32) -> i32 {
        if how & !(CREATING | READ | WRITE | FOLLOW | FLAGS << 8) != 0 {
            return negative(p1::NOTSUP);
        }
        let at = frame();
        let errno = p1::fd_fdstat_get(dir, at);
        if errno != 0 {
            return negative(errno);
        }
        let passed_on = load64(at + 16);
        let mut rights = passed_on;
        if how & READ == 0 {
            rights &= !u64::from(p1::READING);
        }
        if how & WRITE == 0 {
            rights &= !u64::from(p1::WRITING);
        }
        number(at, || {
            let follow = how / FOLLOW & 1;
            p1::path_open(dir, follow, path, len, how & CREATING, rights, passed_on, how >> 8, at)
        })
    }

    "wsi:sys/fs@0.1#stat"
    fn stat(fd: u32, path: u32, len: u32, follow: u32, out: u32) -> i32 {
        negative(match len {
            0 => p1::fd_filestat_get(fd, out),
            _ => p1::path_filestat_get(fd, (follow != 0).into(), path, len, out),
        })
    }

    "wsi:sys/fs@0.1#readdir"
    fn readdir(dir: u32, buf: u32, len: u32, cookie: u64) -> i32 {
        let at = result();
        number(at, || p1::fd_readdir(dir, buf, len, cookie, at))
    }

    "wsi:sys/fs@0.1#mkdir"
    fn mkdir(dir: u32, path: u32, len: u32) -> i32 {
        negative(p1::path_create_directory(dir, path, len))
    }

    "wsi:sys/fs@0.1#unlink"
    fn unlink(dir: u32, path: u32, len: u32, directory: u32) -> i32 {
        negative(match directory {
            0 => p1::path_unlink_file(dir, path, len),
            _ => p1::path_remove_directory(dir, path, len),
        })
    }

    "wsi:sys/fs@0.1#rename"
    fn rename(dir: u32, path: u32, len: u32, to_dir: u32, to: u32, to_len: u32) -> i32 {
        negative(p1::path_rename(dir, path, len, to_dir, to, to_len))
    }

    "wsi:sys/fs@0.1#link"
    fn link(dir: u32, path: u32, len: u32, to_dir: u32, to: u32, to_len: u32, follow: u32) -> i32 {
        negative(p1::path_link(dir, (follow != 0).into(), path, len, to_dir, to, to_len))
    }

    "wsi:sys/fs@0.1#symlink"
    fn symlink(text: u32, text_len: u32, dir: u32, path: u32, len: u32) -> i32 {
        negative(p1::path_symlink(text, text_len, dir, path, len))
    }

    "wsi:sys/fs@0.1#readlink"
    fn readlink(dir: u32, path: u32, len: u32, buf: u32, size: u32) -> i32 {
        let at = result();
        number(at, || p1::path_readlink(dir, path, len, buf, size, at))
    }

    "wsi:sys/fs@0.1#set-times"
    fn set_times(fd: u32, path: u32, len: u32, follow: u32, atime: u64, mtime: u64, which: u32) -> i32 {
        negative(match len {
            0 => p1::fd_filestat_set_times(fd, atime, mtime, which),
            _ => p1::path_filestat_set_times(fd, (follow != 0).into(), path, len, atime, mtime, which),
        })
    }

    "wsi:sys/fs@0.1#truncate"
    fn truncate(fd: u32, size: u64) -> i32 {
        done(|| p1::fd_filestat_set_size(fd, size))
    }
}
