//! Lines, and the words for results.

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::pin::Pin;

use crate::bindings::wasi::cli::{stderr, stdout};
use crate::bindings::wasi::filesystem::preopens;
use crate::bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};
use crate::bindings::wit_stream;

thread_local! {
    static TO_STDERR: Cell<bool> = const { Cell::new(false) };
}

/// A future whose code is there once, however often it is used.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// From now on lines go to stderr.
pub fn to_stderr() {
    TO_STDERR.set(true);
}

/// Prints the line of one check, through a stream of its own.
pub fn line(name: &str, value: impl Display) -> Boxed<'static, ()> {
    print(format!("{name}: {value}\n"))
}

fn print(text: String) -> Boxed<'static, ()> {
    Box::pin(async {
        let (mut writer, reader) = wit_stream::new();
        let written = match TO_STDERR.get() {
            true => stderr::write_via_stream(reader),
            false => stdout::write_via_stream(reader),
        };
        writer.write_all(text.into_bytes()).await;
        drop(writer);
        let _ = written.await;
    })
}

/// Prints a result of `wasi:filesystem`.
pub fn file<T: Debug>(name: &str, result: Result<T, ErrorCode>) -> Boxed<'static, ()> {
    line(name, word(result))
}

/// A result in words.
pub fn word<T: Debug, E: Debug>(result: Result<T, E>) -> String {
    match result {
        Ok(value) => match format!("{value:?}").as_str() {
            "()" => "ok".to_owned(),
            value => format!("ok {value}"),
        },
        Err(code) => format!("{code:?}").replace("ErrorCode::", ""),
    }
}

/// The first preopened directory.
pub fn root() -> Descriptor {
    let mut directories = preopens::get_directories();
    directories.remove(0).0
}

/// Opens what `path` leads to.
pub fn open<'a>(
    base: &'a Descriptor,
    path: &'a str,
    how: OpenFlags,
    flags: DescriptorFlags,
) -> Boxed<'a, Result<Descriptor, ErrorCode>> {
    Box::pin(async move {
        base.open_at(PathFlags::SYMLINK_FOLLOW, path.to_owned(), how, flags)
            .await
    })
}

/// A file of this content, open for reading and writing.
pub fn make<'a>(base: &'a Descriptor, path: &'a str, content: &'a [u8]) -> Boxed<'a, Descriptor> {
    Box::pin(async move {
        let both = DescriptorFlags::READ | DescriptorFlags::WRITE;
        let file = open(base, path, OpenFlags::CREATE | OpenFlags::TRUNCATE, both)
            .await
            .expect("a file can be made");
        let (left, result) = write(&file, content, 0).await;
        assert!(left == 0 && result.is_ok());
        file
    })
}

/// Opens what is there to be read.
pub fn reopen<'a>(
    base: &'a Descriptor,
    path: &'a str,
    flags: DescriptorFlags,
) -> Boxed<'a, Descriptor> {
    Box::pin(async move {
        open(base, path, OpenFlags::empty(), flags)
            .await
            .expect("it is there")
    })
}

/// A new directory, open with everything.
pub fn directory<'a>(base: &'a Descriptor, path: &'a str) -> Boxed<'a, Descriptor> {
    Box::pin(async move {
        base.create_directory_at(path.to_owned())
            .await
            .expect("a new directory");
        let flags = DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY;
        open(base, path, OpenFlags::DIRECTORY, flags)
            .await
            .expect("it was just made")
    })
}

/// Writes bytes through one stream: how many were not taken, and the result.
pub fn write<'a>(
    file: &'a Descriptor,
    bytes: &'a [u8],
    offset: u64,
) -> Boxed<'a, (usize, Result<(), ErrorCode>)> {
    Box::pin(async move {
        let (mut writer, reader) = wit_stream::new();
        let written = file.write_via_stream(reader, offset);
        let left = writer.write_all(bytes.to_vec()).await;
        drop(writer);
        (left.len(), written.await)
    })
}

/// The same at the end of a file.
pub fn append<'a>(
    file: &'a Descriptor,
    bytes: &'a [u8],
) -> Boxed<'a, (usize, Result<(), ErrorCode>)> {
    Box::pin(async move {
        let (mut writer, reader) = wit_stream::new();
        let written = file.append_via_stream(reader);
        let left = writer.write_all(bytes.to_vec()).await;
        drop(writer);
        (left.len(), written.await)
    })
}

/// All that is in a file from an offset on, and the result.
pub fn read<'a>(file: &'a Descriptor, offset: u64) -> Boxed<'a, (Vec<u8>, Result<(), ErrorCode>)> {
    Box::pin(async move {
        let (stream, result) = file.read_via_stream(offset);
        let bytes = stream.collect().await;
        (bytes, result.await)
    })
}

/// All of a file, as text.
pub fn content<'a>(file: &'a Descriptor) -> Boxed<'a, String> {
    Box::pin(async move { text(&read(file, 0).await.0) })
}

/// Bytes and a result in words.
pub fn both(of: (Vec<u8>, Result<(), ErrorCode>)) -> String {
    format!("{:?}, {}", text(&of.0), word(of.1))
}

/// Text of bytes.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
