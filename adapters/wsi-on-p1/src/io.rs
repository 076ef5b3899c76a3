//! `io`, without `poll`.

use p1bridge_shim::abi::{load8, load16};

use crate::frame::{done, frame, moved, negative, wide};
use crate::{exports, p1};

/// The flags that Preview 1 has. Some hosts pass on others that their system has.
const FLAGS: u32 = 31;

exports! {
    "wsi:sys/io@0.1#read"
    fn read(fd: u32, iov: u32, n: u32) -> i32 {
        moved(n, |at| p1::fd_read(fd, iov, n, at))
    }

    "wsi:sys/io@0.1#write"
    fn write(fd: u32, iov: u32, n: u32) -> i32 {
        moved(n, |at| p1::fd_write(fd, iov, n, at))
    }

    "wsi:sys/io@0.1#pread"
    fn pread(fd: u32, iov: u32, n: u32, offset: u64) -> i32 {
        moved(n, |at| p1::fd_pread(fd, iov, n, offset, at))
    }

    "wsi:sys/io@0.1#pwrite"
    fn pwrite(fd: u32, iov: u32, n: u32, offset: u64) -> i32 {
        moved(n, |at| p1::fd_pwrite(fd, iov, n, offset, at))
    }

    "wsi:sys/io@0.1#seek"
    fn seek(fd: u32, by: u64, from: u32) -> i64 {
        wide(|at| p1::fd_seek(fd, by, from, at))
    }

    "wsi:sys/io@0.1#close"
    fn close(fd: u32) -> i32 {
        negative(p1::fd_close(fd))
    }

    "wsi:sys/io@0.1#flags"
    fn flags(fd: u32, mask: u32, value: u32) -> i32 {
        if mask & !FLAGS != 0 {
            return negative(p1::NOTSUP);
        }
        let at = frame();
        let errno = p1::fd_fdstat_get(fd, at);
        if errno != 0 {
            return negative(errno);
        }
        let old = load16(at + 2) & FLAGS;
        let new = old & !mask | value & mask;
        if new != old {
            let errno = p1::fd_fdstat_set_flags(fd, new);
            if errno != 0 {
                return negative(errno);
            }
        }
        (new | load8(at) << 8) as i32
    }

    // There is nothing to write back where nothing may be written.
    "wsi:sys/io@0.1#sync"
    fn sync(fd: u32, data_only: u32) -> i32 {
        let result = done(|| match data_only {
            0 => p1::fd_sync(fd),
            _ => p1::fd_datasync(fd),
        });
        if result == negative(p1::NOTCAPABLE) { 0 } else { result }
    }
}
