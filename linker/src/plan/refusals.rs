//! The functions that cannot be linked, in one message.

use std::collections::BTreeMap;

use super::fate::Refusal;
use crate::wasi::Allow;

/// A function that cannot be linked.
pub struct Refused {
    /// `interface@version#function`, or what it is in words.
    pub name: String,
    pub refusal: Refusal,
    /// Where it is, and who calls it.
    pub place: String,
}

/// How many functions of an interface are named.
const NAMED: usize = 3;

/// One line for each reason: functions of one interface that are refused for the same one, and can all
/// be allowed to fail, share theirs. Nothing when nothing is refused.
pub fn message(refused: &[Refused]) -> Option<String> {
    let mut groups: Vec<Vec<&Refused>> = Vec::new();
    let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for one in refused {
        let place = (one.refusal.code.is_some())
            .then(|| one.name.split_once('#'))
            .flatten()
            .map(|(interface, _)| (interface, one.refusal.why.as_str()));
        match place.and_then(|place| known.get(&place).copied()) {
            Some(at) => groups[at].push(one),
            None => {
                known.extend(place.map(|place| (place, groups.len())));
                groups.push(vec![one]);
            }
        }
    }
    join_packages(&mut groups);
    let lines: Vec<String> = groups.iter().map(|group| line(group)).collect();
    match refused.len() {
        0 => None,
        1 => Some(lines[0].clone()),
        n => Some(format!(
            "{n} functions that the component calls cannot be linked:\n  {}{}",
            lines.join("\n  "),
            whole_packages(&groups),
        )),
    }
}

/// How many lines a package may have.
const LINES: usize = 3;

/// Makes one group of those of a package that are refused for the same reason, where they are many.
fn join_packages(groups: &mut Vec<Vec<&Refused>>) {
    let key = |group: &[&Refused]| {
        let first = group[0];
        let (package, _) = first.refusal.code.and(first.name.split_once('/'))?;
        Some((package.to_string(), first.refusal.why.clone()))
    };
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for group in groups.iter() {
        if let Some(key) = key(group) {
            *counts.entry(key).or_default() += 1;
        }
    }
    let mut joined: Vec<Vec<&Refused>> = Vec::new();
    let mut at: BTreeMap<(String, String), usize> = BTreeMap::new();
    for group in groups.drain(..) {
        match key(&group).filter(|key| counts[key] > LINES) {
            None => joined.push(group),
            Some(key) => match at.get(&key) {
                Some(&at) => joined[at].extend(group),
                None => {
                    at.insert(key, joined.len());
                    joined.push(group);
                }
            },
        }
    }
    *groups = joined;
}

/// The interface of all of them; none where there are several.
fn common_interface<'a>(group: &[&'a Refused]) -> Option<&'a str> {
    let interface = |one: &&'a Refused| one.name.split_once('#').map_or("", |(name, _)| name);
    let first = interface(group.first()?);
    group
        .iter()
        .all(|one| interface(one) == first)
        .then_some(first)
}

fn line(group: &[&Refused]) -> String {
    let first = group[0];
    let (interface, function) = first.name.split_once('#').unwrap_or((&first.name, ""));
    if let [_] = group {
        return format!(
            "{}: {} ({})",
            first.name,
            first.refusal.says(interface, function),
            first.place
        );
    }
    let common = common_interface(group);
    let names: Vec<&str> = group
        .iter()
        .take(NAMED)
        .map(|one| match common {
            Some(_) => one.name.split_once('#').map_or("", |(_, name)| name),
            None => one.name.split_once('/').map_or("", |(_, name)| name),
        })
        .collect();
    let more = match group.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let package = interface.split('/').next().unwrap_or(interface);
    let (what, allow) = match common {
        Some(_) if group.len() <= NAMED => (interface, for_each(interface, group)),
        Some(_) => (interface, for_all(interface, group)),
        None => (package, for_all(&format!("{package}/*"), group)),
    };
    format!(
        "{what}: {} functions ({}{more}): {}; {allow} (the first {})",
        group.len(),
        names.join(", "),
        first.refusal.why,
        first.place,
    )
}

/// The options for a few functions, each by its name, and what they make of them.
fn for_each(interface: &str, group: &[&Refused]) -> String {
    let allow = |one: &&Refused| {
        let function = one.name.split_once('#').map_or("", |(_, name)| name);
        let code = one.refusal.code.unwrap_or("trap");
        format!("--allow {}", Allow::new(interface, function, code))
    };
    let each: Vec<String> = group.iter().map(allow).collect();
    format!(
        "{} makes them functions that only fail; --allow {} does that for the whole interface",
        each.join(" "),
        Allow::new(interface, "*", common_code(group))
    )
}

/// The error that most of them can return, or `trap`.
fn common_code(group: &[&Refused]) -> &'static str {
    let mut codes = group.iter().filter_map(|one| one.refusal.code);
    codes.find(|code| *code != "trap").unwrap_or("trap")
}

/// The option for many functions, and what it makes of them.
fn for_all(interface: &str, group: &[&Refused]) -> String {
    let codes = || group.iter().filter_map(|one| one.refusal.code);
    let code = common_code(group);
    let becomes = match (code, codes().any(|code| code == "trap")) {
        ("trap", _) => "makes them functions that trap",
        (_, false) => "makes them functions that return that error",
        (_, true) => "makes them functions that return that error, or trap where they have none",
    };
    format!("--allow {} {becomes}", Allow::new(interface, "*", code))
}

/// Where several interfaces of a package are refused, the option for all of it.
fn whole_packages(groups: &[Vec<&Refused>]) -> String {
    let mut packages: BTreeMap<&str, Vec<&Vec<&Refused>>> = BTreeMap::new();
    for group in groups {
        if group[0].refusal.code.is_some()
            && let Some((package, _)) = group[0].name.split_once('/')
        {
            packages.entry(package).or_default().push(group);
        }
    }
    packages
        .into_iter()
        .filter(|(_, groups)| groups.len() > 1)
        .map(|(package, groups)| {
            let all: Vec<&Refused> = groups.into_iter().flatten().copied().collect();
            let all = for_all(&format!("{package}/*"), &all);
            format!("\n  all of {package}: {all}")
        })
        .collect()
}
