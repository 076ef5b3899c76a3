//! Counts words.

use std::collections::BTreeMap;

/// How often each word is in `text`, the most frequent first.
pub fn words(text: &str) -> Vec<(&str, usize)> {
    let mut counts = BTreeMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word).or_insert(0) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_word_comes_first() {
        assert_eq!(words("b a b"), [("b", 2), ("a", 1)]);
    }
}
