//! Targets for a fuzzer: one for each command that reads files. The repository's own tests run them on
//! the programs of the corpus.

mod targets;

pub use targets::*;

/// Makes the program of a target: one for libFuzzer, or without it one that gives the files that are
/// named on the command line to the target, one after the other.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        #[cfg(feature = "libfuzzer")]
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $crate::$name(bytes));

        #[cfg(not(feature = "libfuzzer"))]
        fn main() {
            $crate::replay($crate::$name);
        }
    };
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
