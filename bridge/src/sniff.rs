//! What a file is, from its first bytes.

use anyhow::{Result, bail};

/// The kinds of WebAssembly binaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// A core module: version 1, layer 0.
    Module,
    /// A component: version 0x0d, layer 1.
    Component,
}

/// As much of a file as [`sniff`] looks at.
pub const SNIFF_LEN: usize = 4096;

/// Tells a module from a component. `head` is the file's start, at least [`SNIFF_LEN`] bytes of it
/// where it has so many.
///
/// # Errors
///
/// A file that is neither, with a guess at what it is and what to do about it.
pub fn sniff(head: &[u8]) -> Result<Binary> {
    let Some(rest) = head.strip_prefix(b"\0asm") else {
        bail!("this is not a WebAssembly binary: {}", guess(head));
    };
    match rest.first_chunk::<4>() {
        Some([1, 0, 0, 0]) => Ok(Binary::Module),
        Some([0x0d, 0, 1, 0]) => Ok(Binary::Component),
        Some([a, b, 1, 0]) => bail!(
            "this component has the format version {:#x}; the one that is understood is 0xd",
            u16::from_le_bytes([*a, *b])
        ),
        Some(version) => bail!(
            "this WebAssembly binary has the version {:#x}; versions 1 (core modules) and 0x1000d (components) are understood",
            u32::from_le_bytes(*version)
        ),
        None => bail!(
            "this WebAssembly binary is cut off after {} bytes, before its version",
            head.len()
        ),
    }
}

fn guess(head: &[u8]) -> &'static str {
    const MAGIC: &[(&[u8], &str)] = &[
        (
            b"\x7fELF",
            "it is an ELF file (a native program, library or object)",
        ),
        (
            b"\xcf\xfa\xed\xfe",
            "it is a Mach-O file (a native program of macOS)",
        ),
        (b"\xca\xfe\xba\xbe", "it is a Mach-O or Java class file"),
        (b"MZ", "it is a PE file (a native program of Windows)"),
        (
            b"!<arch>",
            "it is an archive of object files (`.a`); link it first",
        ),
        (
            b"BC\xc0\xde",
            "it is LLVM bitcode; compile and link it first",
        ),
        (b"\x1f\x8b", "it is compressed with gzip; unpack it first"),
        (
            b"\x28\xb5\x2f\xfd",
            "it is compressed with zstd; unpack it first",
        ),
        (b"PK\x03\x04", "it is a zip archive; unpack it first"),
        (b"#!", "it is a script"),
        (
            b"\0aot",
            "it is compiled ahead of time for WAMR; give the WebAssembly file that it was made of",
        ),
    ];
    if head.is_empty() {
        return "it is empty";
    }
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return what;
    }
    if head.iter().all(|byte| *byte == 0) {
        return "it starts with nothing but zeros";
    }
    match std::str::from_utf8(head) {
        Ok(text) => guess_text(text),
        // The last character may be cut in two.
        Err(error) if error.error_len().is_none() => {
            guess_text(std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default())
        }
        Err(_) => "it starts with other bytes than `\\0asm`",
    }
}

fn guess_text(text: &str) -> &'static str {
    let code = text
        .lines()
        .map(str::trim_start)
        .find(|line| !line.is_empty() && !line.starts_with(";;"))
        .unwrap_or_default();
    if code.starts_with("(module") || code.starts_with("(component") || code.starts_with("(;") {
        "it is WebAssembly text; assemble it first (`wat2wasm` or `wasm-tools parse`)"
    } else if code.starts_with("package ") || code.starts_with("world ") {
        "it looks like WIT; give it with `wrap --wit` beside a module"
    } else {
        "it is text"
    }
}
