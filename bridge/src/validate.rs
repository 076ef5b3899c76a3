//! Validation of whole binaries, function bodies in parallel.
//!
//! Nearly all of the time goes into function bodies, and those do not depend on each other: one
//! pass over the sections collects them, then every core takes its share.

use std::num::NonZero;
use std::thread;

use anyhow::{Result, anyhow};
use wasmparser::{
    BinaryReaderError, FuncToValidate, FuncValidatorAllocations, FunctionBody, Parser,
    ValidPayload, Validator, ValidatorResources, WasmFeatures,
};

type Body<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

/// Below this many bytes of code a second thread costs more than it saves.
const BYTES_PER_THREAD: usize = 256 << 10;

/// Checks that `binary`, a module or a component, is valid WebAssembly of any feature that the
/// parser knows.
///
/// # Errors
///
/// The first thing that is wrong, with its offset.
pub fn validate(binary: &[u8]) -> Result<()> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(binary) {
        if let ValidPayload::Func(func, body) = validator
            .payload(&payload.map_err(located)?)
            .map_err(located)?
        {
            bodies.push((func, body));
        }
    }
    check_bodies(bodies).map_err(located)
}

/// The parser's message, with the offset in the form that all messages have.
pub fn located(error: BinaryReaderError) -> anyhow::Error {
    anyhow!("{} at offset {:#x}", error.message(), error.offset())
}

fn check_bodies(bodies: Vec<Body<'_>>) -> Result<(), BinaryReaderError> {
    let total: usize = bodies.iter().map(|(_, body)| body.as_bytes().len()).sum();
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(total / BYTES_PER_THREAD).max(1);
    if threads == 1 {
        return check_some(bodies);
    }
    let mut shares = share(bodies, total.div_ceil(threads));
    let mine = shares.pop().unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> = shares
            .into_iter()
            .map(|share| scope.spawn(|| check_some(share)))
            .collect();
        let last = check_some(mine);
        // The shares are in the order of the file, so the first error found is the first in it.
        for other in others {
            match other.join() {
                Ok(result) => result?,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        last
    })
}

/// Cuts `bodies` into pieces of about `bytes` bytes.
fn share(bodies: Vec<Body<'_>>, bytes: usize) -> Vec<Vec<Body<'_>>> {
    let mut shares = vec![Vec::new()];
    let mut filled = 0;
    for body in bodies {
        if filled >= bytes {
            shares.push(Vec::new());
            filled = 0;
        }
        filled += body.1.as_bytes().len();
        if let Some(share) = shares.last_mut() {
            share.push(body);
        }
    }
    shares
}

fn check_some(bodies: Vec<Body<'_>>) -> Result<(), BinaryReaderError> {
    let mut allocations = FuncValidatorAllocations::default();
    for (func, body) in bodies {
        let mut validator = func.into_validator(allocations);
        validator.validate(&body)?;
        allocations = validator.into_allocations();
    }
    Ok(())
}
