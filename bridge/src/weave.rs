//! Core modules that import WSI: their calls become calls of Preview 1 before anything else is done with them.

use std::borrow::Cow;

use anyhow::Result;
use p1bridge_linker::preview1::MODULE as PREVIEW1;
use p1bridge_linker::wsi::Own;
use p1bridge_linker::{Library, Profile, weave};

use crate::flatten::LIBRARIES;

pub use p1bridge_linker::weave::{WeaveOptions, Woven, imports};

/// Preview 1 on WSI, built from `adapters/`.
const ON_WSI: &[Library<'static>] = &[Library {
    name: "p1-on-wsi",
    wasm: p1bridge_adapters::P1_ON_WSI,
}];

/// Weaves into `module` what a runtime lacks of Preview 1 or WSI and has the other one for; nothing where it lacks nothing
/// that the module imports.
///
/// # Errors
///
/// Those of [`weave()`].
pub fn weave_for(module: &[u8], profile: &Profile) -> Result<Option<Woven>> {
    let options = WeaveOptions {
        sockets: profile.host.sockets,
        threads: profile.host.threads,
        own: profile.wsi.clone(),
        ..WeaveOptions::default()
    };
    let is_of_wsi = profile.wsi != Own::None && !profile.has_module(PREVIEW1);
    match is_of_wsi && weave::imports_preview1(module) {
        true => weave::weave(module, ON_WSI, &options).map(Some),
        false => weave(module, &options),
    }
}

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

/// The module on Preview 1.
///
/// # Errors
///
/// Those of [`weave()`].
pub fn on_preview1(module: &[u8]) -> Result<Cow<'_, [u8]>> {
    Ok(match weave(module, &WeaveOptions::default())? {
        Some(woven) => Cow::Owned(woven.wasm),
        None => Cow::Borrowed(module),
    })
}

/// What was done, for people.
pub fn notes(woven: &Woven) -> Vec<String> {
    let on_wsi = woven
        .functions
        .iter()
        .any(|name| name.starts_with(PREVIEW1));
    let (of, on) = match on_wsi {
        true => ("Preview 1", "WSI"),
        false => ("WSI", "Preview 1"),
    };
    let mut notes = vec![match woven.functions.len() {
        0 => "all functions of WSI are the host's".to_string(),
        1 => format!("1 function of {of} is one on {on}"),
        count => format!("{count} functions of {of} are functions on {on}"),
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
