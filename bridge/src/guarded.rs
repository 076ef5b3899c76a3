//! Calls of crates that panic about some input, where nothing tells beforehand that they will.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::Once;

use anyhow::{Result, anyhow};

thread_local! {
    /// What to say instead of the panic.
    static INSTEAD: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Does `work`, which is nothing but a call of such a crate. A panic is the error `otherwise`, and
/// nothing is printed about it: users would take it for a crash. Where panics cannot be caught, as in WebAssembly, the process
/// ends with that error.
///
/// # Errors
///
/// Those of `work`.
pub fn guarded<T>(otherwise: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| match INSTEAD.get() {
            None => usual(info),
            Some(otherwise) if cfg!(panic = "abort") => {
                eprintln!("error: {otherwise}");
                process::exit(1);
            }
            Some(_) => {}
        }));
    });
    let before = INSTEAD.replace(Some(otherwise));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    INSTEAD.set(before);
    result.unwrap_or_else(|_| Err(anyhow!(otherwise)))
}
