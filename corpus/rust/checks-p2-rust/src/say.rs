//! Lines, and the words for results.

use std::cell::RefCell;
use std::fmt::{Debug, Display};

use crate::bindings::wasi::cli::{stderr, stdout};
use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags, filesystem_error_code,
};
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};

thread_local! {
    /// One handle for the whole run, so that a full table does not stop the report.
    static OUT: RefCell<Option<OutputStream>> = const { RefCell::new(None) };
}

/// From now on lines go to stderr.
pub fn to_stderr() {
    OUT.with(|out| *out.borrow_mut() = Some(stderr::get_stderr()));
}

/// Prints the line of one check.
pub fn line(name: &str, value: impl Display) {
    let text = format!("{name}: {value}\n");
    OUT.with(|out| {
        let mut out = out.borrow_mut();
        let out = out.get_or_insert_with(stdout::get_stdout);
        for part in text.as_bytes().chunks(4096) {
            out.blocking_write_and_flush(part)
                .expect("there is an output");
        }
    });
}

/// Prints a result of `wasi:filesystem`.
pub fn file<T: Debug>(name: &str, result: Result<T, ErrorCode>) {
    line(name, word(result));
}

/// A result of `wasi:filesystem` in words.
pub fn word<T: Debug>(result: Result<T, ErrorCode>) -> String {
    match result {
        Ok(value) => match format!("{value:?}").as_str() {
            "()" => "ok".to_owned(),
            value => format!("ok {value}"),
        },
        Err(code) => code.name().to_owned(),
    }
}

/// Prints a result of `wasi:io/streams`.
pub fn stream<T: Debug>(name: &str, result: Result<T, StreamError>) {
    line(name, stream_word(result));
}

/// A result of `wasi:io/streams` in words.
pub fn stream_word<T: Debug>(result: Result<T, StreamError>) -> String {
    match result {
        Ok(value) => word(Ok(value)),
        Err(StreamError::Closed) => "closed".to_owned(),
        Err(StreamError::LastOperationFailed(error)) => match filesystem_error_code(&error) {
            Some(code) => format!("failed with {}", code.name()),
            None => "failed".to_owned(),
        },
    }
}

/// The first preopened directory.
pub fn root() -> Descriptor {
    let mut directories = preopens::get_directories();
    directories.remove(0).0
}

/// Opens what `path` leads to.
pub fn open(
    base: &Descriptor,
    path: &str,
    how: OpenFlags,
    flags: DescriptorFlags,
) -> Result<Descriptor, ErrorCode> {
    base.open_at(PathFlags::SYMLINK_FOLLOW, path, how, flags)
}

/// Opens for reading and writing, and makes the file if need be.
pub fn create(base: &Descriptor, path: &str) -> Descriptor {
    open(
        base,
        path,
        OpenFlags::CREATE,
        DescriptorFlags::READ | DescriptorFlags::WRITE,
    )
    .unwrap_or_else(|code| panic!("{path}: {}", code.name()))
}

/// A file of this content, open for reading and writing.
pub fn make(base: &Descriptor, path: &str, content: &[u8]) -> Descriptor {
    let file = create(base, path);
    file.set_size(0).expect("a file");
    let mut done = 0;
    while done < content.len() {
        let more = file.write(&content[done..], done as u64).expect("a file");
        done += more as usize;
    }
    file
}

/// All of a file, through `read`.
pub fn content(file: &Descriptor) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let (bytes, end) = file.read(65536, all.len() as u64).expect("a file");
        all.extend_from_slice(&bytes);
        if end {
            return all;
        }
    }
}

/// A new directory, open with everything.
pub fn directory(base: &Descriptor, path: &str) -> Descriptor {
    base.create_directory_at(path).expect("a new directory");
    open(
        base,
        path,
        OpenFlags::DIRECTORY,
        DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY,
    )
    .expect("it was just made")
}

/// Text of bytes.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads without blocking once there is something: a host may fetch the bytes in the background.
pub fn read(input: &InputStream, length: u64) -> Result<Vec<u8>, StreamError> {
    input.subscribe().block();
    input.read(length)
}

/// Skips without blocking once there is something.
pub fn skip(input: &InputStream, length: u64) -> Result<u64, StreamError> {
    input.subscribe().block();
    input.skip(length)
}
