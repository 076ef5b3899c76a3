//! Profiles: what runtimes take, built in or in files.

use anyhow::{Context, Result};
use p1bridge_linker::nearest::{did_you_mean, nearest};

pub use p1bridge_linker::Profile;

/// The names of the built-in profiles.
pub const NAMES: &[&str] = Profile::NAMES;

/// The built-in profile of this name.
///
/// # Errors
///
/// When there is none; the message has the names that there are.
pub fn named(name: &str) -> Result<Profile> {
    Profile::named(name).with_context(|| unknown(name))
}

/// What to say about a name that is no profile's.
pub fn unknown(name: &str) -> String {
    let near = did_you_mean(nearest(name, NAMES.iter().copied()));
    format!("no profile `{name}`; there are {}{near}", NAMES.join(", "))
}

/// The text of a built-in profile; `as-is`, which takes everything, has none.
pub fn source(name: &str) -> Option<&'static str> {
    Profile::source(name)
}
