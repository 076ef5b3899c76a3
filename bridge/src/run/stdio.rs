//! Standard streams: this process's own, or bytes in memory.

use std::any::Any;
use std::fs::File;
use std::io::{self, Cursor, IoSlice, IoSliceMut, IsTerminal, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use wasmi_wasi::wasi_common::file::{FdFlags, FileType};
use wasmi_wasi::wasi_common::{Error, ErrorExt, WasiFile};

use super::{Input, Output};

/// What the program wrote to a captured stream.
pub type Captured = Arc<Mutex<Vec<u8>>>;

/// A readable stream. Unbuffered, so that `poll_oneoff` tells the truth.
pub struct Reader {
    source: Source,
    /// What `poll_oneoff` waits for. Bytes in memory are always ready, as `/dev/null` is.
    pollable: File,
}

enum Source {
    File(Mutex<File>),
    Bytes(Mutex<Cursor<Vec<u8>>>),
}

/// A writable stream.
pub struct Writer {
    sink: Sink,
    pollable: File,
}

enum Sink {
    File(Mutex<File>),
    Captured(Captured),
}

fn null() -> Result<File> {
    File::open("/dev/null").context("cannot open /dev/null")
}

fn duplicate(fd: BorrowedFd<'_>) -> io::Result<File> {
    Ok(File::from(fd.try_clone_to_owned()?))
}

impl Reader {
    /// Opens standard input as `input` says.
    pub fn open(input: &Input) -> Result<Reader> {
        Ok(match input {
            Input::Bytes(bytes) => Reader {
                source: Source::Bytes(Mutex::new(Cursor::new(bytes.clone()))),
                pollable: null()?,
            },
            // A process that was started without the descriptor has an empty input.
            Input::Inherit => match duplicate(io::stdin().as_fd()) {
                Ok(file) => Reader {
                    pollable: file.try_clone().context("standard input")?,
                    source: Source::File(Mutex::new(file)),
                },
                Err(_) => Reader {
                    source: Source::Bytes(Mutex::default()),
                    pollable: null()?,
                },
            },
        })
    }
}

impl Writer {
    /// Opens a stream that goes to `inherited`, or into the second value when it is captured.
    pub fn open(output: Output, inherited: BorrowedFd<'_>) -> Result<(Writer, Captured)> {
        let stderr = io::stderr();
        let inherited = match output {
            Output::Stderr => stderr.as_fd(),
            _ => inherited,
        };
        let captured = Captured::default();
        let writer = match output {
            Output::Capture => Writer {
                sink: Sink::Captured(captured.clone()),
                pollable: null()?,
            },
            Output::Inherit | Output::Stderr => match duplicate(inherited) {
                Ok(file) => Writer {
                    pollable: file.try_clone().context("standard output")?,
                    sink: Sink::File(Mutex::new(file)),
                },
                // Without the descriptor there is nobody to write to.
                Err(_) => Writer {
                    sink: Sink::Captured(captured.clone()),
                    pollable: null()?,
                },
            },
        };
        Ok((writer, captured))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // One thread runs the program; a poisoned lock would mean that it panicked.
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn file_type(file: &File) -> FileType {
    match file.is_terminal() {
        true => FileType::CharacterDevice,
        false => FileType::Unknown,
    }
}

#[async_trait::async_trait]
impl WasiFile for Reader {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn pollable(&self) -> Option<BorrowedFd<'_>> {
        Some(self.pollable.as_fd())
    }

    fn isatty(&self) -> bool {
        matches!(self.source, Source::File(_)) && self.pollable.is_terminal()
    }

    async fn get_filetype(&self) -> Result<FileType, Error> {
        Ok(match self.source {
            Source::File(_) => file_type(&self.pollable),
            Source::Bytes(_) => FileType::Unknown,
        })
    }

    async fn read_vectored<'a>(&self, bufs: &mut [IoSliceMut<'a>]) -> Result<u64, Error> {
        let read = match &self.source {
            Source::File(file) => locked(file).read_vectored(bufs)?,
            Source::Bytes(bytes) => locked(bytes).read_vectored(bufs)?,
        };
        Ok(read as u64)
    }

    async fn seek(&self, _: io::SeekFrom) -> Result<u64, Error> {
        Err(Error::seek_pipe())
    }
}

#[async_trait::async_trait]
impl WasiFile for Writer {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn pollable(&self) -> Option<BorrowedFd<'_>> {
        Some(self.pollable.as_fd())
    }

    fn isatty(&self) -> bool {
        matches!(self.sink, Sink::File(_)) && self.pollable.is_terminal()
    }

    async fn get_filetype(&self) -> Result<FileType, Error> {
        Ok(match self.sink {
            Sink::File(_) => file_type(&self.pollable),
            Sink::Captured(_) => FileType::Unknown,
        })
    }

    async fn get_fdflags(&self) -> Result<FdFlags, Error> {
        Ok(FdFlags::APPEND)
    }

    async fn write_vectored<'a>(&self, bufs: &[IoSlice<'a>]) -> Result<u64, Error> {
        let written = match &self.sink {
            Sink::File(file) => locked(file).write_vectored(bufs)?,
            Sink::Captured(bytes) => locked(bytes).write_vectored(bufs)?,
        };
        Ok(written as u64)
    }

    async fn seek(&self, _: io::SeekFrom) -> Result<u64, Error> {
        Err(Error::seek_pipe())
    }
}
