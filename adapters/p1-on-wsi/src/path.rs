//! The functions on paths. For WSI, no path at all is the descriptor itself, and for Preview 1 it is no file.

use crate::wsi::{self, right};
use crate::{errno, exports, number};

/// Bits of `how`.
const READ: u32 = 16;
const WRITE: u32 = 32;
const FOLLOW: u32 = 64;

exports! {
    "path_open"
    fn path_open(dir: u32, lookup: u32, path: u32, length: u32, oflags: u32, rights: u64, _inheriting: u64,
        fdflags: u32, out: u32) -> u32 {
        let rights = rights as u32;
        let mut how = oflags & 15 | fdflags << 8 | (lookup & 1) * FOLLOW;
        if rights & right::READING != 0 {
            how |= READ;
        }
        if rights & right::WRITING != 0 {
            how |= WRITE;
        }
        number(wsi::open(dir, path, length, how), out)
    }

    "path_filestat_get"
    fn path_filestat_get(dir: u32, lookup: u32, path: u32, length: u32, out: u32) -> u32 {
        match length {
            0 => wsi::NOENT,
            _ => errno(wsi::stat(dir, path, length, lookup & 1, out)),
        }
    }

    "path_filestat_set_times"
    fn path_filestat_set_times(dir: u32, lookup: u32, path: u32, length: u32, atime: u64, mtime: u64, which: u32)
        -> u32 {
        match length {
            0 => wsi::NOENT,
            _ => errno(wsi::set_times(dir, path, length, lookup & 1, atime, mtime, which)),
        }
    }

    "path_create_directory"
    fn path_create_directory(dir: u32, path: u32, length: u32) -> u32 {
        errno(wsi::mkdir(dir, path, length))
    }

    "path_unlink_file"
    fn path_unlink_file(dir: u32, path: u32, length: u32) -> u32 {
        errno(wsi::unlink(dir, path, length, 0))
    }

    "path_remove_directory"
    fn path_remove_directory(dir: u32, path: u32, length: u32) -> u32 {
        errno(wsi::unlink(dir, path, length, 1))
    }

    "path_rename"
    fn path_rename(dir: u32, path: u32, length: u32, to_dir: u32, to: u32, to_length: u32) -> u32 {
        errno(wsi::rename(dir, path, length, to_dir, to, to_length))
    }

    "path_link"
    fn path_link(dir: u32, lookup: u32, path: u32, length: u32, to_dir: u32, to: u32, to_length: u32) -> u32 {
        errno(wsi::link(dir, path, length, to_dir, to, to_length, lookup & 1))
    }

    "path_symlink"
    fn path_symlink(text: u32, text_length: u32, dir: u32, path: u32, length: u32) -> u32 {
        errno(wsi::symlink(text, text_length, dir, path, length))
    }

    "path_readlink"
    fn path_readlink(dir: u32, path: u32, length: u32, buf: u32, size: u32, out: u32) -> u32 {
        number(wsi::readlink(dir, path, length, buf, size), out)
    }
}
