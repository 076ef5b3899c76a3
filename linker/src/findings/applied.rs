//! Which quirks of its host a module has been lowered for: a custom section tells the next lowering.
//!
//! A wrapper that translates structs must be there once. A second one would translate them again,
//! and on a host without the quirk one is too many.

use anyhow::{Result, bail};

use crate::parse::module::Module;
use crate::profile::{Profile, Quirks};

/// The section; its content is the names of the quirks, with spaces between.
pub const SECTION: &str = "p1bridge.quirks";

/// Whether a module with this section speaks other structs than those of Preview 1.
pub fn has_structs(section: &[u8]) -> bool {
    let quirks = parse(section);
    quirks.filestat_56 || quirks.subscription_56
}

/// The quirks that `module` has wrappers for.
pub fn read(module: &Module<'_>) -> Quirks {
    parse(module.custom(SECTION).unwrap_or_default())
}

fn parse(section: &[u8]) -> Quirks {
    let mut quirks = Quirks::default();
    for word in String::from_utf8_lossy(section).split(' ') {
        for (name, has) in quirks.wrapped() {
            *has |= name == word;
        }
    }
    quirks
}

/// The content of the section for `quirks`; none when there is nothing to be told.
pub fn section(mut quirks: Quirks) -> Option<String> {
    let names: Vec<&str> = quirks
        .wrapped()
        .into_iter()
        .filter_map(|(name, has)| has.then_some(name))
        .collect();
    (!names.is_empty()).then(|| names.join(" "))
}

/// `profile` without the quirks that `module` has wrappers for.
pub fn left(profile: &Profile, module: &Module<'_>) -> Profile {
    let mut left = profile.clone();
    let mut done = read(module);
    for ((_, has), (_, done)) in left.quirks.wrapped().into_iter().zip(done.wrapped()) {
        *has &= !*done;
    }
    left
}

/// The structs that `module` speaks and a host of `profile` does not: on a host that is as Preview
/// 1 says it goes wrong.
pub fn foreign(profile: &Profile, module: &Module<'_>) -> Option<&'static str> {
    let done = read(module);
    // What takes everything says nothing of its host.
    profile.features?;
    match profile.quirks {
        host if done.filestat_56 && !host.filestat_56 => Some("filestat-56"),
        host if done.subscription_56 && !host.subscription_56 => Some("subscription-56"),
        _ => None,
    }
}

/// Refuses a module that was made for another host.
pub fn is_native(profile: &Profile, module: &Module<'_>) -> Result<()> {
    if let Some(quirk) = foreign(profile, module) {
        bail!(
            "it was lowered for a host with the quirk {quirk}, which {} has not: lower what it was \
             made of",
            profile.name()
        );
    }
    Ok(())
}
