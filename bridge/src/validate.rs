//! Validation of whole binaries.

use anyhow::{Error, Result, anyhow};
use wasmparser::{BinaryReaderError, WasmFeatures};

/// Checks that `binary`, a module or a component, is valid WebAssembly of any feature that the
/// parser knows.
///
/// # Errors
///
/// The first thing that is wrong, with its offset.
pub fn validate(binary: &[u8]) -> Result<()> {
    p1bridge_linker::validate::validate(binary, WasmFeatures::all()).map_err(relocated)
}

/// An error of the linker; [`located`] if it is the parser's.
pub fn relocated(error: Error) -> Error {
    match error.downcast() {
        Ok(error) => located(error),
        Err(error) => error,
    }
}

/// The parser's message, with the offset in the form that all messages have.
pub fn located(error: BinaryReaderError) -> Error {
    anyhow!("{} at offset {:#x}", error.message(), error.offset())
}
