//! Which quirks of its host a module has been lowered for: the name of an export tells the next lowering.
//!
//! A wrapper that translates structs must be there once. A second one would translate them again,
//! and on a host without the quirk one is too many. What is in the code does not tell: an optimiser may
//! have written the wrappers into their callers. Nor does a custom section, which every tool that makes
//! modules smaller takes away. Exports stay: they are the interface.

use anyhow::{Result, bail};

use crate::parse::module::Module;
use crate::profile::{Profile, Quirks};

/// How the name of the export begins; behind it are the names of the quirks, with commas between. What is
/// exported is a constant 0.
const MARK: &str = "p1bridge.quirks:";

/// Whether an export of this name says what a module was lowered for.
pub fn is_mark(export: &str) -> bool {
    export.starts_with(MARK)
}

/// Whether a module with this export speaks other structs than those of Preview 1.
pub fn has_structs(export: &str) -> bool {
    let quirks = parse(export);
    quirks.filestat_56 || quirks.subscription_56
}

/// The quirks that `module` has wrappers for.
pub fn read(module: &Module<'_>) -> Quirks {
    let mut all = Quirks::default();
    for name in module.exports.keys() {
        add(&mut all, parse(name));
    }
    all
}

fn parse(export: &str) -> Quirks {
    let mut quirks = Quirks::default();
    for word in export.strip_prefix(MARK).unwrap_or_default().split(',') {
        for (name, has) in quirks.wrapped() {
            *has |= name == word;
        }
    }
    quirks
}

/// Adds `more` to `all`.
pub fn add(all: &mut Quirks, mut more: Quirks) {
    for ((_, has), (_, more)) in all.wrapped().into_iter().zip(more.wrapped()) {
        *has |= *more;
    }
}

/// The name of the export for `quirks`; none when there is nothing to be told.
pub fn mark(mut quirks: Quirks) -> Option<String> {
    let names: Vec<&str> = quirks
        .wrapped()
        .into_iter()
        .filter_map(|(name, has)| has.then_some(name))
        .collect();
    (!names.is_empty()).then(|| format!("{MARK}{}", names.join(",")))
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
            "it was lowered for a host with the quirk {quirk}, which {} does not have: lower the \
             original module",
            profile.name()
        );
    }
    Ok(())
}
