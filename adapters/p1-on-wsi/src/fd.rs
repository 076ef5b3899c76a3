//! The functions on descriptors.

use p1bridge_shim::abi::{load64, store8, store16, store32, store64};

use crate::wsi::{self, right};
use crate::{errno, exports, number, wide};

/// All flags.
const FLAGS: u32 = 31;

exports! {
    "fd_read"
    fn fd_read(fd: u32, iovs: u32, n: u32, out: u32) -> u32 {
        number(wsi::read(fd, iovs, n), out)
    }

    "fd_write"
    fn fd_write(fd: u32, iovs: u32, n: u32, out: u32) -> u32 {
        number(wsi::write(fd, iovs, n), out)
    }

    "fd_pread"
    fn fd_pread(fd: u32, iovs: u32, n: u32, at: u64, out: u32) -> u32 {
        number(wsi::pread(fd, iovs, n, at), out)
    }

    "fd_pwrite"
    fn fd_pwrite(fd: u32, iovs: u32, n: u32, at: u64, out: u32) -> u32 {
        number(wsi::pwrite(fd, iovs, n, at), out)
    }

    "fd_seek"
    fn fd_seek(fd: u32, by: u64, from: u32, out: u32) -> u32 {
        wide(wsi::seek(fd, by, from), out)
    }

    "fd_tell"
    fn fd_tell(fd: u32, out: u32) -> u32 {
        wide(wsi::seek(fd, 0, wsi::HERE), out)
    }

    "fd_close"
    fn fd_close(fd: u32) -> u32 {
        errno(wsi::close(fd))
    }

    "fd_sync"
    fn fd_sync(fd: u32) -> u32 {
        errno(wsi::sync(fd, 0))
    }

    "fd_datasync"
    fn fd_datasync(fd: u32) -> u32 {
        errno(wsi::sync(fd, 1))
    }

    // There are no rights: a terminal is what cannot seek, by which libcs tell it.
    "fd_fdstat_get"
    fn fd_fdstat_get(fd: u32, out: u32) -> u32 {
        let result = wsi::flags(fd, 0, 0);
        if result < 0 {
            return errno(result);
        }
        let kind = result as u32 >> 8;
        store8(out, kind);
        store16(out + 2, result as u32 & FLAGS);
        let all = u64::from(right::ALL);
        store64(out + 8, if kind == wsi::CHARACTER { all & !u64::from(right::SEEK_AND_TELL) } else { all });
        store64(out + 16, if kind == wsi::DIRECTORY { all } else { 0 });
        0
    }

    "fd_fdstat_set_flags"
    fn fd_fdstat_set_flags(fd: u32, flags: u32) -> u32 {
        errno(wsi::flags(fd, FLAGS, flags))
    }

    "fd_fdstat_set_rights"
    fn fd_fdstat_set_rights(fd: u32, _base: u64, _inheriting: u64) -> u32 {
        errno(wsi::flags(fd, 0, 0))
    }

    "fd_filestat_get"
    fn fd_filestat_get(fd: u32, out: u32) -> u32 {
        errno(wsi::stat(fd, 0, 0, 0, out))
    }

    "fd_filestat_set_size"
    fn fd_filestat_set_size(fd: u32, size: u64) -> u32 {
        errno(wsi::truncate(fd, size))
    }

    "fd_filestat_set_times"
    fn fd_filestat_set_times(fd: u32, atime: u64, mtime: u64, which: u32) -> u32 {
        errno(wsi::set_times(fd, 0, 0, 0, atime, mtime, which))
    }

    // A file that is too short grows, and no place is reserved.
    "fd_allocate"
    fn fd_allocate(fd: u32, offset: u64, length: u64) -> u32 {
        let stat = wsi::frame();
        let result = wsi::stat(fd, 0, 0, 0, stat);
        if result < 0 {
            return errno(result);
        }
        match offset.checked_add(length) {
            None => wsi::INVAL,
            Some(end) if end > load64(stat + 32) => errno(wsi::truncate(fd, end)),
            Some(_) => 0,
        }
    }

    "fd_advise"
    fn fd_advise(fd: u32, _offset: u64, _length: u64, _advice: u32) -> u32 {
        errno(wsi::flags(fd, 0, 0))
    }

    "fd_renumber"
    fn fd_renumber(from: u32, to: u32) -> u32 {
        match errno(wsi::flags(from, 0, 0)) {
            0 if from != to => wsi::NOTSUP,
            errno => errno,
        }
    }

    "fd_prestat_get"
    fn fd_prestat_get(fd: u32, out: u32) -> u32 {
        let length = wsi::preopen(fd, 0, 0);
        if length >= 0 {
            store32(out, 0);
        }
        number(length, out + 4)
    }

    "fd_prestat_dir_name"
    fn fd_prestat_dir_name(fd: u32, path: u32, length: u32) -> u32 {
        let found = wsi::preopen(fd, path, length);
        if found > length as i32 { wsi::NAMETOOLONG } else { errno(found) }
    }

    "fd_readdir"
    fn fd_readdir(fd: u32, buf: u32, length: u32, cookie: u64, out: u32) -> u32 {
        number(wsi::readdir(fd, buf, length, cookie), out)
    }
}
