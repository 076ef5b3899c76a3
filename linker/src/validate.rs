//! Validation of finished files, on all cores.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use wasmparser::{Parser, Payload, ValidPayload, Validator, WasmFeatures};

use crate::parse::scan::{self, Bodies, Rules};

/// Validates a core module or a component under exactly these features; function bodies are
/// shared out over the cores.
///
/// # Errors
///
/// The first error with its byte offset.
pub fn validate(bytes: &[u8], features: WasmFeatures) -> Result<()> {
    let mut validator = Validator::new_with_features(features);
    let mut modules: Vec<Code> = Vec::new();
    let mut begins = false;
    let mut ended = false;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        begins |= matches!(payload, Payload::CodeSectionStart { .. });
        match validator.payload(&payload)? {
            ValidPayload::Func(func, body) => {
                let (index, ty, range) = (func.index, func.ty, body.range());
                if std::mem::take(&mut begins) {
                    modules.push(Code {
                        imported: index,
                        rules: Rules::of(func),
                        ranges: Vec::new(),
                        types: Vec::new(),
                    });
                }
                let code = modules.last_mut().context("a body without a section")?;
                code.ranges.push(range.start as usize..range.end as usize);
                code.types.push(ty);
            }
            ValidPayload::End(_) => ended = true,
            _ => {}
        }
    }
    if !ended {
        bail!("the file ends before the module does");
    }
    let bodies = modules.iter().enumerate().map(|(module, code)| Bodies {
        module,
        bytes,
        ranges: &code.ranges,
        types: &code.types,
        imported: code.imported,
        rules: code.rules.clone(),
    });
    scan::validate(&bodies.collect::<Vec<_>>())?;
    Ok(())
}

/// The code section of a module.
struct Code {
    rules: Rules,
    /// How many functions the module imports.
    imported: u32,
    /// Where the bodies are, and the types of their functions.
    ranges: Vec<Range<usize>>,
    types: Vec<u32>,
}
