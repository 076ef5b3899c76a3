//! Signatures that lie beside what they are of, in an archive.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::retrofit::container::{How, Locked};

const ENDINGS: [&str; 4] = [".sig", ".asc", ".p7s", ".dat"];

/// Which of the names are signatures of another one: `app.bin.sig`, or `app.sig` beside `app.bin`.
pub fn signatures(names: &[&str]) -> Vec<usize> {
    let of = |name: &str| {
        ENDINGS
            .iter()
            .find_map(|ending| Some(name.strip_suffix(ending)?.to_string()))
    };
    let mut others = BTreeSet::new();
    for name in names.iter().filter(|name| of(name).is_none()) {
        others.insert(*name);
        let file = name.rfind('/').map_or(0, |at| at + 1);
        if let Some(dot) = name[file..].rfind('.').filter(|dot| *dot > 0) {
            others.insert(&name[..file + dot]);
        }
    }
    let signs = |name: &str| of(name).is_some_and(|stem| others.contains(stem.as_str()));
    (0..names.len()).filter(|at| signs(names[*at])).collect()
}

/// What is said of an archive with such signatures.
pub fn locked(names: &[&str]) -> Option<Locked> {
    let first = *signatures(names).first()?;
    Some(Locked::Signed {
        by: format!("{}, which lies in it", names[first]),
        advice: "replace the module in the file before it is signed, and pack both again; `--unsigned` leaves the signature out".to_string(),
    })
}

/// Which files an archive is written without.
///
/// # Errors
///
/// When nothing in it can be replaced.
pub fn dropped(names: &[&str], locked: Option<Locked>, how: How) -> Result<Vec<usize>> {
    match locked {
        Some(Locked::Closed { why }) => bail!("{why}"),
        Some(Locked::Signed { .. }) if how.unsigned => Ok(signatures(names)),
        _ => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_beside_a_file_of_that_name_is_a_signature() {
        let names = [
            "app.bin",
            "app.sig",
            "x/app.sig",
            "b",
            "b.asc",
            "icudtl.dat",
            "x/.hidden",
            "x/.sig",
            "app.bin.p7s",
        ];
        assert_eq!(signatures(&names), [1, 4, 8]);
        assert!(locked(&["app.bin", "other.sig"]).is_none());
    }
}
