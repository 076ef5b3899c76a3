//! Core modules that import WSI: their calls become calls of Preview 1 before anything else is done with them.

use std::borrow::Cow;

use anyhow::Result;
use p1bridge_linker::weave;

use crate::flatten::LIBRARIES;

pub use p1bridge_linker::weave::{WeaveOptions, Woven, imports};

/// Weaves the library for WSI into `module`; nothing where it imports nothing of WSI.
///
/// # Errors
///
/// When the target does not have a function that the module calls, and when the module imports anything but functions.
pub fn weave(module: &[u8], options: &WeaveOptions) -> Result<Option<Woven>> {
    match weave::imports_wsi(module) {
        true => weave::weave(module, LIBRARIES, options).map(Some),
        false => Ok(None),
    }
}

/// The module on Preview 1, for hosts with functions for sockets or without.
///
/// # Errors
///
/// Those of [`weave`].
pub fn on_preview1(module: &[u8], sockets: bool) -> Result<Cow<'_, [u8]>> {
    let options = WeaveOptions {
        sockets,
        ..WeaveOptions::default()
    };
    Ok(match weave(module, &options)? {
        Some(woven) => Cow::Owned(woven.wasm),
        None => Cow::Borrowed(module),
    })
}

/// What was done, for people.
pub fn notes(woven: &Woven) -> Vec<String> {
    let mut notes = vec![match woven.functions.len() {
        1 => "1 function of WSI is one on Preview 1".to_string(),
        count => format!("{count} functions of WSI are functions on Preview 1"),
    }];
    notes.extend(differs(woven));
    notes
}

/// The functions that are not what WSI says, for people.
pub fn differs(woven: &Woven) -> Vec<String> {
    let approximated = woven.approximations.iter();
    let approximated =
        approximated.map(|(function, how)| format!("approximated {function}: {how}"));
    let stubs = woven.stubs.iter();
    let stubs = stubs.map(|(function, code)| format!("{function} only returns {code}"));
    approximated.chain(stubs).collect()
}
