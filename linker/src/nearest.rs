//! The nearest of some names, for messages about misspelt ones.

/// The one of `names` that is the fewest edits away from `name`, if it is near enough to be a
/// misspelling: a third of its characters, and never more than three.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).clamp(1, 3);
    names
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The end of a message about a name that is not known: the nearest one that is, if there is one.
pub fn did_you_mean(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

/// Insertions, deletions and replacements of one character that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_wins() {
        let names = ["fd_read", "fd_write", "fd_pwrite"];
        assert_eq!(nearest("fd_wrte", names), Some("fd_write"));
        assert_eq!(nearest("fd_pwrit", names), Some("fd_pwrite"));
    }

    #[test]
    fn what_is_far_from_everything_has_no_nearest_name() {
        assert_eq!(nearest("emscripten_memcpy", ["fd_read", "fd_write"]), None);
    }

    #[test]
    fn distance_counts_insertions_deletions_and_replacements() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
