//! Calls of crates that panic about some input, where nothing tells beforehand that they will.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use anyhow::{Result, anyhow};

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Does `work`, which is nothing but a call of such a crate. A panic is the error `otherwise`, and
/// nothing is printed about it: users would take it for a crash.
///
/// # Errors
///
/// Those of `work`.
pub fn guarded<T>(otherwise: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                usual(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    QUIET.set(before);
    result.unwrap_or_else(|_| Err(anyhow!(otherwise)))
}
