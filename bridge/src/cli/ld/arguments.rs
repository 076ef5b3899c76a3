//! What the caller of the linker said: our own options, the output, and all the rest as it is.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::response::Response;
use super::{OWN, behind};

/// The name of the output where none is named, as of every linker.
const UNNAMED: &str = "a.out";

/// The arguments of one call.
#[derive(Debug)]
pub struct Arguments {
    /// Our own, without what they begin with.
    pub own: Vec<String>,
    /// Those of the real linker, whose output is `linked`.
    pub passed: Vec<OsString>,
    /// All that was said, with what stands in response files in its place.
    pub said: Vec<OsString>,
    /// Where the caller wants the output.
    pub output: PathBuf,
    /// Where the linker writes it: under the same name, which it leaves in the file.
    pub linked: PathBuf,
    /// Whether the output is an object for another call of the linker.
    pub relocatable: bool,
}

impl Arguments {
    /// Reads `args`, and the response files among them. What is written for this call goes to `folder`.
    ///
    /// # Errors
    ///
    /// When a response file is no text, or cannot be written again.
    pub fn read(args: &[OsString], folder: &Path) -> Result<Arguments> {
        let files = args.iter().map(|arg| Response::named(arg));
        let files = files.collect::<Result<Vec<_>>>()?;
        let mut words = words(args, &files);
        let told = output(&words);
        let output = told.clone().unwrap_or_else(|| PathBuf::from(UNNAMED));
        let Some(name) = output.file_name() else {
            bail!("the output {} has no file name", output.display());
        };
        let linked = folder.join("linked").join(name);
        fs::create_dir(folder.join("linked")).context("cannot make a temporary folder")?;
        let mut arguments = Arguments {
            own: Vec::new(),
            passed: Vec::new(),
            said: words.iter().map(|word| word.text.clone()).collect(),
            output,
            linked,
            relocatable: false,
        };
        arguments.judge(&mut words)?;
        arguments.pass(args, &files, &words, folder)?;
        if told.is_none() {
            let linked = arguments.linked.clone().into_os_string();
            arguments.passed.extend(["-o".into(), linked]);
        }
        Ok(arguments)
    }

    /// Says of each word what becomes of it.
    fn judge(&mut self, words: &mut [Word]) -> Result<()> {
        for word in words {
            match word.meaning() {
                Meaning::Own => {
                    let own = behind(&word.text, OWN).and_then(OsStr::to_str);
                    let Some(own) = own else {
                        bail!("{} is no text", word.text.display());
                    };
                    self.own.push(own.to_string());
                    word.now = Now::Gone;
                }
                Meaning::Output(before, _) => {
                    let mut text = OsString::from(before);
                    text.push(&self.linked);
                    word.now = Now::Is(text);
                }
                Meaning::Relocatable => self.relocatable = true,
                Meaning::Other => {}
            }
        }
        Ok(())
    }

    /// The arguments for the linker: a response file is written again only where something in it is another.
    fn pass(
        &mut self,
        args: &[OsString],
        files: &[Option<Response>],
        words: &[Word],
        folder: &Path,
    ) -> Result<()> {
        for (number, (arg, file)) in args.iter().zip(files).enumerate() {
            let own: Vec<&Word> = words
                .iter()
                .filter(|word| word.argument == number)
                .collect();
            match file {
                Some(file) if own.iter().any(|word| !matches!(word.now, Now::Same)) => {
                    let edits = own
                        .iter()
                        .zip(&file.words)
                        .filter_map(|(word, (range, _))| {
                            let text = match &word.now {
                                Now::Same => return None,
                                Now::Gone => None,
                                Now::Is(text) => Some(text.as_os_str()),
                            };
                            Some((range.clone(), text))
                        });
                    let path = folder.join(format!("response-{number}"));
                    let text = file.edited(edits)?;
                    fs::write(&path, text).with_context(|| path.display().to_string())?;
                    let mut named = OsString::from("@");
                    named.push(path);
                    self.passed.push(named);
                }
                Some(_) => self.passed.push(arg.clone()),
                None => match own.first().map(|word| &word.now) {
                    Some(Now::Gone) => {}
                    Some(Now::Is(text)) => self.passed.push(text.clone()),
                    _ => self.passed.push(arg.clone()),
                },
            }
        }
        Ok(())
    }
}

/// An argument, by itself or in a response file.
struct Word {
    text: OsString,
    /// The word before it.
    before: Option<OsString>,
    /// The number of the argument that it is, or stands in.
    argument: usize,
    now: Now,
}

/// What becomes of a word.
enum Now {
    Same,
    Gone,
    Is(OsString),
}

enum Meaning<'a> {
    Own,
    /// What stands before the path of the output in this word, and the path.
    Output(&'static str, &'a OsStr),
    Relocatable,
    Other,
}

impl Word {
    /// Of all the options of a linker, these are understood: a list of them would be out of date with the next one.
    fn meaning(&self) -> Meaning<'_> {
        let text = &*self.text;
        match self.before.as_deref().and_then(OsStr::to_str) {
            Some("-o" | "--output") => return Meaning::Output("", text),
            // An option of the compiler's back end.
            Some("-mllvm" | "--mllvm") => return Meaning::Other,
            _ => {}
        }
        if behind(text, OWN).is_some() {
            return Meaning::Own;
        }
        if let Some(path) = behind(text, "--output=") {
            return Meaning::Output("--output=", path);
        }
        match behind(text, "-o") {
            Some(path) if !path.is_empty() => return Meaning::Output("-o", path),
            _ => {}
        }
        match text.to_str() {
            Some("-r" | "--relocatable") => Meaning::Relocatable,
            _ => Meaning::Other,
        }
    }
}

/// All arguments, with what stands in response files in its place.
fn words(args: &[OsString], files: &[Option<Response>]) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for (argument, (arg, file)) in args.iter().zip(files).enumerate() {
        let texts = match file {
            Some(file) => file.words.iter().map(|(_, text)| text.into()).collect(),
            None => vec![arg.clone()],
        };
        for text in texts {
            let before = words.last().map(|word| word.text.clone());
            words.push(Word {
                text,
                before,
                argument,
                now: Now::Same,
            });
        }
    }
    words
}

/// The path of the output, if one is named. The last one counts, as for the linker.
fn output(words: &[Word]) -> Option<PathBuf> {
    words.iter().rev().find_map(|word| match word.meaning() {
        Meaning::Output(_, path) => Some(PathBuf::from(path)),
        _ => None,
    })
}
