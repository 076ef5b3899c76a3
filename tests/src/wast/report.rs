//! Figures of a run, by file and in all.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::AddAssign;
use std::path::PathBuf;

/// How many there are of each outcome.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// A valid component that the machine did not take.
#[derive(Debug)]
pub struct Refusal {
    pub line: usize,
    pub reason: String,
    /// How many assertions failed because of it.
    pub assertions: usize,
}

/// One file.
#[derive(Debug, Default)]
pub struct FileReport {
    pub path: PathBuf,
    /// Assertions and bare invocations.
    pub assertions: Tally,
    /// Components, of which those pass that are taken and can be instantiated.
    pub components: Tally,
    /// Line and what went wrong there.
    pub failures: Vec<(usize, String)>,
    pub refusals: Vec<Refusal>,
    /// How many directives were skipped for each reason.
    pub skips: BTreeMap<String, usize>,
    /// Traps that were asserted and whose reason is the one that was asserted.
    pub reasons_confirmed: usize,
    /// Traps that were asserted and whose reason the module did not tell.
    pub reasons_untold: usize,
}

impl FileReport {
    /// Whether nothing failed.
    pub fn is_green(&self) -> bool {
        self.assertions.failed == 0 && self.components.failed == 0 && self.failures.is_empty()
    }
}

impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: assertions {}; components {}",
            self.path.display(),
            self.assertions,
            self.components
        )?;
        let mut lines: Vec<(usize, String)> = self.failures.clone();
        lines.extend(self.refusals.iter().map(|refusal| {
            let count = refusal.assertions;
            let lost = format!("refused, {count} assertions lost: {}", refusal.reason);
            (refusal.line, lost)
        }));
        lines.sort();
        for (line, text) in lines {
            writeln!(f, "  line {line}: {}", text.replace('\n', "\n    "))?;
        }
        for (reason, count) in &self.skips {
            writeln!(f, "  {count} skipped: {reason}")?;
        }
        Ok(())
    }
}

/// All files together.
pub struct Summary<'a>(pub &'a [FileReport]);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut assertions = Tally::default();
        let mut components = Tally::default();
        let mut skips: BTreeMap<&str, usize> = BTreeMap::new();
        let mut folders: BTreeMap<String, (Tally, Tally)> = BTreeMap::new();
        let (mut confirmed, mut untold) = (0, 0);
        for file in self.0 {
            assertions += file.assertions;
            components += file.components;
            confirmed += file.reasons_confirmed;
            untold += file.reasons_untold;
            for (reason, count) in &file.skips {
                *skips.entry(reason).or_default() += count;
            }
            let folder = match file.path.parent() {
                Some(folder) if *folder != *"" => folder.display().to_string(),
                _ => ".".to_owned(),
            };
            let folder = folders.entry(folder).or_default();
            folder.0 += file.assertions;
            folder.1 += file.components;
        }
        for (folder, (assertions, components)) in &folders {
            writeln!(
                f,
                "{folder}: assertions {assertions}; components {components}"
            )?;
        }
        writeln!(
            f,
            "in all: assertions {assertions}; components {components}"
        )?;
        writeln!(
            f,
            "reasons of traps: {confirmed} as asserted, {untold} not told by the module"
        )?;
        for (reason, count) in most_frequent(skips, |count| *count) {
            writeln!(f, "  {count} skipped: {reason}")?;
        }
        self.refusals(f)
    }
}

impl Summary<'_> {
    /// Refusals by reason, what differs from case to case taken out, most frequent first. One
    /// component can be refused for several reasons.
    fn refusals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Group {
            components: usize,
            assertions: usize,
            example: String,
        }
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for file in self.0 {
            for refusal in &file.refusals {
                for reason in reasons(&refusal.reason) {
                    let group = groups.entry(reason).or_insert_with(|| Group {
                        components: 0,
                        assertions: 0,
                        example: format!("{}:{}", file.path.display(), refusal.line),
                    });
                    group.components += 1;
                    group.assertions += refusal.assertions;
                }
            }
        }
        if !groups.is_empty() {
            writeln!(f, "refusals, by reason:")?;
        }
        for (reason, group) in most_frequent(groups, |group| group.components) {
            writeln!(
                f,
                "  {} components, {} assertions: {reason} (first at {})",
                group.components, group.assertions, group.example
            )?;
        }
        Ok(())
    }
}

/// The distinct reasons of a refusal: its indented lines, or all of it.
fn reasons(message: &str) -> BTreeSet<String> {
    let items: BTreeSet<String> = message
        .lines()
        .filter(|line| line.starts_with(' '))
        .map(|line| without_details(line.trim()))
        .collect();
    if items.is_empty() {
        return BTreeSet::from([without_details(message)]);
    }
    items
}

fn most_frequent<K, V>(
    groups: BTreeMap<K, V>,
    count: impl Fn(&V) -> usize,
) -> impl Iterator<Item = (K, V)> {
    let mut groups: Vec<(K, V)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(count(group)));
    groups.into_iter()
}

/// A reason without what differs from case to case: where it is, names in quotes, numbers.
fn without_details(reason: &str) -> String {
    let end = [" (at offset", ": component >"]
        .iter()
        .filter_map(|place| reason.find(place))
        .min()
        .unwrap_or(reason.len());
    let mut out = String::new();
    for (i, part) in reason[..end].split(['`', '"']).enumerate() {
        if i % 2 == 1 {
            out.push('…');
            continue;
        }
        let mut rest = part;
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            out.push_str(&rest[..at]);
            out.push('N');
            rest = rest[at..].trim_start_matches(|c: char| c.is_ascii_digit());
        }
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_in_place_numbers_and_names_are_one() {
        assert_eq!(
            reasons(
                "2 cannot be linked:\n  `a` has 2 memories (at offset 0x1f)\n  `b` has 3 memories"
            ),
            reasons("`c` has 13 memories: component > core module 1"),
        );
    }
}
