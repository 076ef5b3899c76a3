//! Names of interfaces, and which version of one satisfies another (semantic versioning 2.0).

use std::cmp::Ordering;

use semver::Version;

/// A name as imports have it, split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// `ns:package/interface`, or the whole name where it has no version.
    pub base: &'a str,
    pub version: Option<Version>,
}

/// How a version that is there fits the one that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Compatible by its number, but made before the one that is wanted.
    Older,
    Newer,
    Exact,
}

impl<'a> Name<'a> {
    pub fn of(name: &'a str) -> Name<'a> {
        match name.split_once('@') {
            Some((base, version)) => match Version::parse(version) {
                Ok(version) => Name {
                    base,
                    version: Some(version),
                },
                Err(_) => Name {
                    base: name,
                    version: None,
                },
            },
            None => Name {
                base: name,
                version: None,
            },
        }
    }

    /// How `self` fits where `wanted` is imported; `None` if it does not. Versions are compatible that
    /// agree in the first of their numbers that is not 0; a release candidate fits nothing but itself.
    pub fn fits(&self, wanted: &Name<'_>) -> Option<Fit> {
        if self.base != wanted.base {
            return None;
        }
        match (&self.version, &wanted.version) {
            (None, None) => Some(Fit::Exact),
            (Some(have), Some(want)) if have == want => Some(Fit::Exact),
            (Some(have), Some(want)) if compatible(have, want) => Some(match have.cmp(want) {
                Ordering::Less => Fit::Older,
                Ordering::Equal | Ordering::Greater => Fit::Newer,
            }),
            _ => None,
        }
    }
}

fn compatible(a: &Version, b: &Version) -> bool {
    if !a.pre.is_empty() || !b.pre.is_empty() {
        return false;
    }
    match (a.major, a.minor) {
        (0, 0) => (b.major, b.minor, b.patch) == (0, 0, a.patch),
        (0, minor) => (b.major, b.minor) == (0, minor),
        (major, _) => b.major == major,
    }
}

#[cfg(test)]
mod tests {
    use super::{Fit, Name};

    fn fit(have: &str, want: &str) -> Option<Fit> {
        let name = |version: &str| format!("a:b/c{version}");
        Name::of(&name(have)).fits(&Name::of(&name(want)))
    }

    #[test]
    fn versions_fit_that_agree_in_their_first_number_that_is_not_zero() {
        assert_eq!(fit("@1.2.0", "@1.2.0"), Some(Fit::Exact));
        assert_eq!(fit("@1.4.0", "@1.2.0"), Some(Fit::Newer));
        assert_eq!(fit("@1.0.0", "@1.2.0"), Some(Fit::Older));
        assert_eq!(fit("@2.0.0", "@1.2.0"), None);
        assert_eq!(fit("@0.2.8", "@0.2.0"), Some(Fit::Newer));
        assert_eq!(fit("@0.3.0", "@0.2.0"), None);
        assert_eq!(fit("@0.0.2", "@0.0.1"), None);
        assert_eq!(fit("@0.0.2", "@0.0.2"), Some(Fit::Exact));
        assert_eq!(fit("@1.0.0+build", "@1.0.0"), Some(Fit::Newer));
    }

    #[test]
    fn a_release_candidate_or_no_version_fits_nothing_but_itself() {
        assert_eq!(fit("@0.3.0-rc-2", "@0.3.0-rc-2"), Some(Fit::Exact));
        assert_eq!(fit("@0.3.0", "@0.3.0-rc-2"), None);
        assert_eq!(fit("@1.0.0-rc.1", "@1.0.0"), None);
        assert_eq!(fit("", ""), Some(Fit::Exact));
        assert_eq!(fit("@1.0.0", ""), None);
        assert_eq!(fit("", "@1.0.0"), None);
    }
}
