//! The size of what is written: the limits that engines share, and how much larger than its input an
//! output may be.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail};

/// The bytes that the body of a function may have (WebAssembly JavaScript Interface, "Implementation
/// Limits"; engines that are not for browsers have the same or less).
pub const BODY_BYTES: usize = 7_654_321;
/// The locals that a function may have, its parameters among them.
pub const BODY_LOCALS: usize = 50_000;
/// The functions that the world of a module may have that is wrapped: the encoder of components takes
/// time that grows with the square of their number.
pub const WORLD_FUNCTIONS: usize = 10_000;
/// The bytes that may be written whatever the size of the input.
const OUTPUT: usize = 64 << 20;
/// How many times as large as its input an output may be beyond that.
const TIMES: usize = 8;

/// Whether a body is small enough for every engine: `bytes` with its locals, of which there are `locals`
/// with its parameters.
///
/// # Errors
///
/// Names the limit.
pub fn body(bytes: usize, locals: usize) -> Result<()> {
    if locals > BODY_LOCALS {
        bail!(
            "it would need {locals} locals, and a function of WebAssembly has at most {BODY_LOCALS}"
        );
    }
    if bytes > BODY_BYTES {
        bail!("its body would have more than {BODY_BYTES} bytes, the most that engines take");
    }
    Ok(())
}

/// The room that an output has.
pub struct Room {
    all: usize,
    left: AtomicUsize,
}

impl Room {
    /// For the output of an input of so many bytes.
    pub fn of(input: usize) -> Room {
        let all = OUTPUT.max(input.saturating_mul(TIMES));
        Room {
            all,
            left: AtomicUsize::new(all),
        }
    }

    /// Takes some of it.
    ///
    /// # Errors
    ///
    /// Fails where there is not that much left.
    pub fn spend(&self, bytes: usize) -> Result<()> {
        let spent = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            });
        if spent.is_err() {
            bail!(
                "the code of the output would be more than {} MiB, many times as large as the \
                 file: use fewer functions that take or return large types, fewer instances of one \
                 module, and fewer values in one block or result",
                self.all >> 20
            );
        }
        Ok(())
    }
}
