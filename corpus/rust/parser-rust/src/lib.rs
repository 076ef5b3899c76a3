//! The plugin of `plugins/parser` in Rust: a line is `MILLISECONDS LEVEL [SOURCE] TEXT`, where the source may be missing. With
//! the feature `next`, it has version 0.2.0 of the interface, and a source may be `NAME:THREAD`.
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::chip::parser::byte_source;
use bindings::exports::chip::parser::parser::{Failure, Guest, Level, Message};

struct Plugin;
bindings::export!(Plugin with_types_in bindings);

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

const LEVELS: [(Level, &str); 5] = [
    (Level::Trace, "trace"),
    (Level::Debug, "debug"),
    (Level::Info, "info"),
    (Level::Warn, "warn"),
    (Level::Error, "error"),
];

#[cfg(feature = "next")]
mod seen {
    use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

    static SEEN: [AtomicU32; 5] = [const { AtomicU32::new(0) }; 5];

    pub fn count(level: usize) {
        SEEN[level].fetch_add(1, Relaxed);
    }

    pub fn of(level: usize) -> u32 {
        SEEN[level].load(Relaxed)
    }
}

fn line(line: &str) -> Option<Message> {
    let (time, rest) = line.split_once(' ')?;
    let (word, rest) = rest.split_once(' ')?;
    let level = LEVELS.iter().position(|(_, name)| *name == word)?;
    let (source, text) = match rest.strip_prefix('[') {
        Some(rest) => {
            let (source, text) = rest.split_once(']')?;
            (Some(source), text.strip_prefix(' ')?)
        }
        None => (None, rest),
    };
    if !time.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    #[cfg(feature = "next")]
    let (source, thread) = {
        let parts = source.and_then(|source| source.split_once(':'));
        match parts.and_then(|(name, thread)| Some((name, digits(thread)?))) {
            Some((name, thread)) => (Some(name), Some(thread)),
            None => (source, None),
        }
    };
    let message = Message {
        time: time.parse().ok()?,
        level: LEVELS[level].0,
        source: source.map(ToString::to_string),
        #[cfg(feature = "next")]
        thread,
        text: text.to_string(),
    };
    #[cfg(feature = "next")]
    seen::count(level);
    Some(message)
}

/// A number without a sign.
#[cfg(feature = "next")]
fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn all(bytes: &[u8]) -> Result<Vec<Message>, Failure> {
    if bytes.is_empty() {
        return Err(Failure::Empty);
    }
    let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|byte| *byte == b'\n');
    let parsed = lines.zip(1..).map(|(bytes, number)| {
        let text = core::str::from_utf8(bytes).map_err(|_| Failure::Text(number))?;
        line(text).ok_or(Failure::Line(number))
    });
    parsed.collect()
}

impl Guest for Plugin {
    fn version() -> String {
        let version = if cfg!(feature = "next") { "lines, in Rust, of 0.2.0" } else { "lines, in Rust, of 0.1.0" };
        version.to_string()
    }

    fn parse(bytes: Vec<u8>) -> Result<Vec<Message>, Failure> {
        all(&bytes)
    }

    fn parse_source() -> Result<Vec<Message>, Failure> {
        let size = byte_source::size();
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < size {
            let part = byte_source::read(bytes.len() as u64, 256);
            if part.is_empty() {
                break;
            }
            bytes.extend(part);
        }
        all(&bytes)
    }

    #[cfg(feature = "next")]
    fn tally() -> Vec<(Level, u32)> {
        LEVELS.iter().enumerate().map(|(at, (level, _))| (*level, seen::of(at))).collect()
    }
}
