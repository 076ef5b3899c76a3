//! Response files: arguments that do not fit on a command line, in a file `@FILE`.

use std::ffi::OsStr;
use std::fs;
use std::ops::Range;

use anyhow::{Context, Result, bail};

use super::behind;

/// How words are written in a response file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// As in a shell: quotes of both kinds, and a backslash before any character.
    Gnu,
    /// As on Windows: double quotes, and a backslash before one of them.
    Windows,
}

impl Quoting {
    /// What linkers take where nobody says `--rsp-quoting`, which rustc and clang do not.
    pub const HOST: Quoting = match cfg!(windows) {
        true => Quoting::Windows,
        false => Quoting::Gnu,
    };
}

/// A response file.
pub struct Response {
    text: String,
    quoting: Quoting,
    /// Where each word stands, with its quotes, and what it is without.
    pub words: Vec<(Range<usize>, String)>,
}

impl Response {
    /// The file that `arg` names, if it names one.
    ///
    /// # Errors
    ///
    /// When it is no text.
    pub fn named(arg: &OsStr) -> Result<Option<Response>> {
        // As linkers do: what is no file is an argument like others.
        let Some(Ok(bytes)) = behind(arg, "@").map(fs::read) else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes)
            .with_context(|| format!("the response file {}", arg.display()))?;
        Ok(Some(Response::parse(text, Quoting::HOST)))
    }

    fn parse(text: String, quoting: Quoting) -> Response {
        let words = split(&text, quoting);
        Response {
            text,
            quoting,
            words,
        }
    }

    /// The text with other words, or none, at some of the places, which go upwards.
    pub fn edited<'a>(
        &self,
        edits: impl Iterator<Item = (Range<usize>, Option<&'a OsStr>)>,
    ) -> Result<String> {
        let mut text = String::new();
        let mut done = 0;
        for (range, word) in edits {
            text.push_str(&self.text[done..range.start]);
            if let Some(word) = word {
                let Some(word) = word.to_str() else {
                    bail!("{} cannot stand in a response file", word.display());
                };
                text.push_str(&quoted(word, self.quoting));
            }
            done = range.end;
        }
        Ok(text + &self.text[done..])
    }
}

/// One word for a response file.
fn quoted(word: &str, quoting: Quoting) -> String {
    match quoting {
        Quoting::Gnu => {
            let special = |c: char| c.is_whitespace() || "\\'\"".contains(c);
            let escaped = word.chars().map(|c| match special(c) {
                true => format!("\\{c}"),
                false => c.to_string(),
            });
            escaped.collect()
        }
        // No path has a quote there, and none ends with a backslash that names a file.
        Quoting::Windows => format!("\"{word}\""),
    }
}

/// The words of a response file.
fn split(text: &str, quoting: Quoting) -> Vec<(Range<usize>, String)> {
    let mut words = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some(&(start, first)) = chars.peek() {
        if first.is_ascii_whitespace() {
            chars.next();
            continue;
        }
        let mut word = String::new();
        let mut quote = None;
        let mut end = text.len();
        while let Some(&(at, c)) = chars.peek() {
            if quote.is_none() && c.is_ascii_whitespace() {
                end = at;
                break;
            }
            chars.next();
            let next = chars.peek().map(|&(_, c)| c);
            match c {
                '\\' if escapes(quoting, quote, next) => word.extend(chars.next().map(|(_, c)| c)),
                _ if quote == Some(c) => quote = None,
                '"' if quote.is_none() => quote = Some(c),
                '\'' if quote.is_none() && quoting == Quoting::Gnu => quote = Some(c),
                _ => word.push(c),
            }
        }
        words.push((start..end, word));
    }
    words
}

/// Whether a backslash before `next` belongs to it.
fn escapes(quoting: Quoting, quote: Option<char>, next: Option<char>) -> bool {
    match quoting {
        Quoting::Gnu => quote != Some('\'') && next.is_some(),
        Quoting::Windows => next == Some('"'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, quoting: Quoting) -> Vec<String> {
        split(text, quoting)
            .into_iter()
            .map(|(_, word)| word)
            .collect()
    }

    #[test]
    fn words_are_split_as_linkers_split_them() {
        let gnu = "-o 'a b.wasm' c\\ d.o\n\"e'f\"\\\"g\r\n\t--x=\"y z\"w ''";
        assert_eq!(
            texts(gnu, Quoting::Gnu),
            ["-o", "a b.wasm", "c d.o", "e'f\"g", "--x=y zw", ""]
        );
        let windows = "-o \"C:\\a b\\c.wasm\" 'x d:\\e\\ \\\"f";
        assert_eq!(
            texts(windows, Quoting::Windows),
            ["-o", "C:\\a b\\c.wasm", "'x", "d:\\e\\", "\"f"]
        );
    }

    #[test]
    fn what_is_edited_is_read_again_the_same() {
        for quoting in [Quoting::Gnu, Quoting::Windows] {
            let file = Response::parse("-o 'old' --own x.o\n".to_string(), quoting);
            let at = |number: usize| file.words[number].0.clone();
            let new = "/tmp/a b/c\\d'e.wasm";
            let edits = [(at(1), Some(OsStr::new(new))), (at(2), None)];
            let text = file.edited(edits.into_iter()).unwrap();
            assert_eq!(texts(&text, quoting), ["-o", new, "x.o"]);
        }
    }
}
