//! WSI 0.1 for guests in Rust: a low-level system interface of core modules, without the standard library and without a
//! heap. `docs/wsi.md` explains the conventions.
//!
//! [`sys`] has the functions as they are. The rest is a small layer over what most programs need: descriptors that close
//! themselves, buffers that are borrowed, waiting, clocks, and errors as [`Errno`].

#![no_std]

pub mod sys;

use core::marker::PhantomData;
use core::mem::ManuallyDrop;

/// An error number, as Preview 1 counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub u16);

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $number:literal)*) => {
        impl Errno {
            $($(#[$doc])* pub const $name: Errno = Errno($number);)*
        }
    };
}

errors! {
    AGAIN = 6
    BADF = 8
    CONNREFUSED = 14
    EXIST = 20
    INPROGRESS = 26
    INVAL = 28
    IO = 29
    ISDIR = 31
    NOENT = 44
    /// The function is not there.
    NOSYS = 52
    NOTDIR = 54
    NOTEMPTY = 55
    /// The function is there, but not for this argument.
    NOTSUP = 58
    /// Not granted.
    PERM = 63
    SPIPE = 70
    NOTCAPABLE = 76
}

/// The value, or the error.
pub type Result<T> = core::result::Result<T, Errno>;

/// Reads a result of the functions of [`sys`].
pub fn check(result: i32) -> Result<u32> {
    u32::try_from(result).map_err(|_| Errno(result.unsigned_abs() as u16))
}

/// The same for one of 64 bits.
pub fn check_wide(result: i64) -> Result<u64> {
    u64::try_from(result).map_err(|_| Errno(result.unsigned_abs() as u16))
}

/// A buffer, by address and length.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Iov<'a> {
    buf: *const u8,
    len: u32,
    of: PhantomData<&'a [u8]>,
}

impl<'a> Iov<'a> {
    /// Bytes that are written somewhere.
    pub fn new(bytes: &'a [u8]) -> Iov<'a> {
        Iov {
            buf: bytes.as_ptr(),
            len: bytes.len() as u32,
            of: PhantomData,
        }
    }

    /// A place that bytes are read into.
    pub fn space(bytes: &'a mut [u8]) -> Iov<'a> {
        Iov {
            buf: bytes.as_mut_ptr(),
            len: bytes.len() as u32,
            of: PhantomData,
        }
    }
}

/// What [`poll`] waits for; earlier ones are more urgent.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Sub {
    fd: i32,
    want: u16,
    got: u16,
    at: i64,
}

/// The descriptor can be read, can be written, has hung up, is broken; the time or the word has come.
pub const IN: u16 = 1;
pub const OUT: u16 = 2;
pub const HUP: u16 = 4;
pub const ERR: u16 = 8;
pub const DUE: u16 = 16;

impl Sub {
    /// A descriptor that can be read ([`IN`]) or written ([`OUT`]).
    pub fn fd(fd: &Fd, want: u16) -> Sub {
        Sub {
            fd: fd.0,
            want,
            got: 0,
            at: 0,
        }
    }

    /// A time of the monotonic clock, in nanoseconds.
    pub fn timer(at: u64) -> Sub {
        Sub {
            fd: -1,
            want: 0,
            got: 0,
            at: at as i64,
        }
    }

    /// What it is ready for after a [`poll`]; 0 if it is not.
    pub fn got(&self) -> u16 {
        self.got
    }

    /// Sets a timer to another time.
    pub fn set(&mut self, at: u64) {
        self.at = at as i64;
    }
}

/// For ever, as a deadline.
pub const FOREVER: u64 = u64::MAX;

/// Waits until one of `subs` is ready or the monotonic clock is at `deadline`. Gives how many are.
pub fn poll(subs: &mut [Sub], deadline: u64) -> Result<u32> {
    // No `Sub` can be made here that names memory.
    check(unsafe { sys::io_poll(subs.as_mut_ptr(), subs.len() as u32, deadline as i64) })
}

/// What a descriptor or a file is.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Stat {
    pub dev: u64,
    pub ino: u64,
    pub kind: u8,
    pub nlink: u64,
    pub size: u64,
    pub atime: u64,
    pub mtime: u64,
    pub ctime: u64,
}

/// `kind` of a [`Stat`].
pub const REGULAR: u8 = 4;
pub const DIRECTORY: u8 = 3;

/// A socket address; `bytes` in network order, the first four for [`INET4`].
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addr {
    pub family: u16,
    pub port: u16,
    pub scope: u32,
    pub bytes: [u8; 16],
}

pub const INET4: u16 = 1;
pub const INET6: u16 = 2;

/// The configuration of a device: `kind`, and its fields as `docs/wsi.md` has them.
#[repr(C, align(4))]
#[derive(Clone, Copy, Debug, Default)]
pub struct Config {
    pub kind: u16,
    pub rest: [u8; 30],
}

/// A part of a transaction on a bus.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Seg {
    pub buf: *mut u8,
    pub len: u32,
    pub flags: u16,
    pub target: u16,
    pub pause: u32,
}

// The layouts are those of `docs/wsi.md`.
#[cfg(target_arch = "wasm32")]
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<Iov<'_>>() == 8 && offset_of!(Iov<'_>, len) == 4);
    assert!(size_of::<Sub>() == 16 && offset_of!(Sub, got) == 6 && offset_of!(Sub, at) == 8);
    assert!(
        size_of::<Stat>() == 64 && offset_of!(Stat, kind) == 16 && offset_of!(Stat, size) == 32
    );
    assert!(size_of::<Addr>() == 24 && offset_of!(Addr, bytes) == 8);
    assert!(size_of::<Config>() == 32 && size_of::<Seg>() == 16 && offset_of!(Seg, pause) == 12);
};

/// How a file is opened, as bits.
pub mod how {
    pub const CREATE: u32 = 1;
    pub const DIRECTORY: u32 = 2;
    pub const EXCLUSIVE: u32 = 4;
    pub const TRUNCATE: u32 = 8;
    pub const READ: u32 = 16;
    pub const WRITE: u32 = 32;
    pub const FOLLOW: u32 = 64;
    pub const APPEND: u32 = 1 << 8;
    pub const NONBLOCK: u32 = 4 << 8;
}

/// A descriptor, closed when it is dropped.
#[derive(Debug)]
#[repr(transparent)]
pub struct Fd(i32);

impl Fd {
    /// The descriptor with a number.
    ///
    /// # Safety
    ///
    /// Nobody else closes it.
    pub unsafe fn from_raw(fd: i32) -> Fd {
        Fd(fd)
    }

    /// Its number.
    pub fn raw(&self) -> i32 {
        self.0
    }

    /// Reads into a buffer; 0 is the end.
    pub fn read(&self, bytes: &mut [u8]) -> Result<u32> {
        self.read_vectored(&[Iov::space(bytes)])
    }

    /// Reads into several buffers, one after the other; those of [`Iov::space`].
    fn read_vectored(&self, iov: &[Iov<'_>]) -> Result<u32> {
        check(unsafe { sys::io_read(self.0, iov.as_ptr().cast(), iov.len() as u32) })
    }

    /// Writes bytes, and says how many.
    pub fn write(&self, bytes: &[u8]) -> Result<u32> {
        self.write_vectored(&[Iov::new(bytes)])
    }

    /// Writes several buffers.
    pub fn write_vectored(&self, iov: &[Iov<'_>]) -> Result<u32> {
        check(unsafe { sys::io_write(self.0, iov.as_ptr().cast(), iov.len() as u32) })
    }

    /// Writes all bytes.
    pub fn write_all(&self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            match self.write(bytes)? {
                0 => return Err(Errno::IO),
                count => bytes = &bytes[count as usize..],
            }
        }
        Ok(())
    }

    /// Moves its offset: `from` the start 0, here 1, the end 2. Gives where it is then.
    pub fn seek(&self, by: i64, from: u32) -> Result<u64> {
        check_wide(unsafe { sys::io_seek(self.0, by, from) })
    }

    /// What it is.
    pub fn stat(&self) -> Result<Stat> {
        let mut stat = Stat::default();
        check(unsafe { sys::fs_stat(self.0, core::ptr::null(), 0, 0, &mut stat) })?;
        Ok(stat)
    }

    /// Opens a file of this directory, as bits of [`how`] say.
    pub fn open(&self, path: &str, how: u32) -> Result<Fd> {
        let fd = unsafe { sys::fs_open(self.0, path.as_ptr(), path.len() as u32, how) };
        Ok(Fd(check(fd)? as i32))
    }

    /// Removes a file of this directory.
    pub fn unlink(&self, path: &str) -> Result<()> {
        let result = unsafe { sys::fs_unlink(self.0, path.as_ptr(), path.len() as u32, 0) };
        check(result).map(|_| ())
    }

    /// Closes it, and says whether that went well.
    pub fn close(self) -> Result<()> {
        let fd = ManuallyDrop::new(self);
        check(unsafe { sys::io_close(fd.0) }).map(|_| ())
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        unsafe { sys::io_close(self.0) };
    }
}

/// A descriptor that is nobody's to close: a standard stream, or a directory that was given to the program.
#[derive(Clone, Copy, Debug)]
pub struct Given(i32);

impl core::ops::Deref for Given {
    type Target = Fd;

    fn deref(&self) -> &Fd {
        // A descriptor is its number.
        unsafe { &*(&raw const self.0).cast() }
    }
}

pub const STDIN: Given = Given(0);
pub const STDOUT: Given = Given(1);
pub const STDERR: Given = Given(2);

/// A directory that was given to the program, counted from 0.
pub fn preopen(at: u32) -> Result<Given> {
    let fd = 3 + at as i32;
    check(unsafe { sys::fs_preopen(fd, core::ptr::null_mut(), 0) })?;
    Ok(Given(fd))
}

/// A clock, in nanoseconds: 0 real time, 1 monotonic.
pub fn now(clock: u32) -> Result<u64> {
    check_wide(unsafe { sys::time_now(clock) })
}

/// Fills a buffer with random bytes.
pub fn random(bytes: &mut [u8]) -> Result<()> {
    check(unsafe { sys::random_fill(bytes.as_mut_ptr(), bytes.len() as u32) }).map(|_| ())
}

/// Ends the program.
pub fn exit(code: u32) -> ! {
    unsafe { sys::proc_exit(code) };
    unreachable!()
}
