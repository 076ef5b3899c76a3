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
    let names: Vec<&str> = group
        .iter()
        .take(NAMED)
        .map(|one| one.name.split_once('#').map_or("", |(_, name)| name))
        .collect();
    let more = match group.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!(
        "{interface}: {} functions ({}{more}): {}; {} (the first {})",
        group.len(),
        names.join(", "),
        first.refusal.why,
        for_all(interface, group),
        first.place,
    )
}

/// The option for many functions, and what it makes of them.
fn for_all(interface: &str, group: &[&Refused]) -> String {
    let codes = || group.iter().filter_map(|one| one.refusal.code);
    let code = codes().find(|code| *code != "trap").unwrap_or("trap");
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
