//! Validation of finished files, on all cores.

use anyhow::{Result, bail};
use wasmparser::{Parser, ValidPayload, Validator, WasmFeatures};

use crate::parse::scan;

/// Validates a core module or a component under exactly these features; function bodies are
/// shared out over the cores.
///
/// # Errors
///
/// The first error with its byte offset.
pub fn validate(bytes: &[u8], features: WasmFeatures) -> Result<()> {
    let mut validator = Validator::new_with_features(features);
    let mut jobs = Vec::new();
    let mut ended = false;
    for payload in Parser::new(0).parse_all(bytes) {
        match validator.payload(&payload?)? {
            ValidPayload::Func(func, body) => jobs.push(scan::Job {
                module: 0,
                defined: jobs.len(),
                func,
                body,
            }),
            ValidPayload::End(_) => ended = true,
            _ => {}
        }
    }
    if !ended {
        bail!("the file ends before the module does");
    }
    scan::validate(jobs)?;
    Ok(())
}
