//! What files and directories do as ends of streams.

use crate::io::{self, MOST, WOULD_BLOCK};
use crate::tasks::kind;
use crate::{entries, files, p1, users};

/// What a host with rights says of a descriptor that is not open for reading.
fn of_read(errno: u32) -> u32 {
    match errno {
        p1::NOTCAPABLE | p1::ACCES => p1::BADF,
        errno => errno,
    }
}

provides! {
    "weak:stored-read"
    fn stored_read(state, kind: u32, object: u32, offset: u64, address: u32, count: u32, port: u32, pointer: u32) -> i64 {
        if kind == kind::ENTRIES {
            return entries::read(&state, object, count, port, pointer);
        }
        let slot = state.slot_here(object);
        let fd = slot.word.get();
        if io::waits(slot.small.get().into()) && !io::is_ready(&state, fd, 0) {
            return WOULD_BLOCK;
        }
        let fixed = state.fixed();
        let vector = fixed.vector(address, count.min(MOST));
        let mut errno = p1::fd_pread(fd, vector, 1, offset, fixed.count_at());
        if errno == p1::SPIPE {
            errno = p1::fd_read(fd, vector, 1, fixed.count_at());
        }
        io::moved(&state, of_read(errno))
    }

    "weak:stored-write"
    fn stored_write(state, kind: u32, object: u32, offset: u64, address: u32, count: u32) -> i64 {
        let fd = state.slot_here(object).word.get();
        let fixed = state.fixed();
        let vector = fixed.vector(address, count.min(MOST));
        let mut errno;
        if kind == kind::WRITE {
            errno = p1::fd_pwrite(fd, vector, 1, offset, fixed.count_at());
            if errno == p1::SPIPE {
                errno = p1::fd_write(fd, vector, 1, fixed.count_at());
            }
        } else if p1::fd_fdstat_set_flags(fd, p1::APPEND) == 0 {
            errno = p1::fd_write(fd, vector, 1, fixed.count_at());
            p1::fd_fdstat_set_flags(fd, 0);
        } else {
            let size = p1::fd_filestat_get(fd, fixed.result_at());
            errno = match size {
                0 => p1::fd_pwrite(fd, vector, 1, fixed.result(4), fixed.count_at()),
                errno => errno,
            };
        }
        io::moved(&state, errno)
    }

    "weak:stored-close"
    fn stored_close(state, kind: u32, object: u32) {
        match kind {
            kind::ENTRIES => crate::directory::drop_directory_entry_stream(object),
            _ => users::give_back(&state, object),
        }
    }

    "weak:stored-result"
    fn stored_result(state, errno: u32, address: u32) {
        files::put_result(address, errno);
    }
}
