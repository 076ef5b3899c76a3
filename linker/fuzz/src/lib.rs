//! What must hold for any bytes: no panic, and an output that is valid.

use p1bridge_linker::{Options, flatten, parse};
use wasmparser::{Validator, WasmFeatures};

/// Parses bytes as a component.
pub fn parse(bytes: &[u8]) {
    let _ = parse::component(bytes);
}

/// Flattens bytes as a component.
///
/// # Panics
///
/// When the output is not valid, or an error calls itself a bug.
pub fn flatten_any(bytes: &[u8]) {
    match flatten(bytes, &[], &Options::default()) {
        Ok(output) => {
            Validator::new_with_features(WasmFeatures::all())
                .validate_all(&output.wasm)
                .expect("the output is valid");
        }
        Err(error) => {
            let text = format!("{error:#}");
            assert!(!text.contains(" a bug"), "{text}");
        }
    }
}

/// Gives the files that are named on the command line to a target, one after the other.
///
/// # Panics
///
/// When a file cannot be read, and when the target does.
#[cfg(not(feature = "libfuzzer"))]
pub fn replay(target: fn(&[u8])) {
    for path in std::env::args_os().skip(1) {
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        target(&bytes);
    }
}
