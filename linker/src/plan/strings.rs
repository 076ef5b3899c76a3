//! Which functions strings need on their way from one encoding or memory to another.

use std::collections::BTreeSet;

use wasmparser::FuncType;

use crate::resolve::StringEncoding;

/// How code points lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Units {
    Utf8,
    Utf16,
    Latin1,
}

/// One of the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Helper {
    /// `(address, bytes) -> 1 if it is UTF-8, else 0`
    CheckUtf8,
    /// `(target, address, bytes) -> 1 if it is UTF-8, else 0`, which copies what it checks
    CopyUtf8,
    /// The same, for what is longer than two words, or not ASCII
    CopyLongUtf8,
    /// `(address, bytes) -> 1 if no surrogate is alone, else 0`
    CheckUtf16,
    /// `(target, address, bytes) -> bytes that were read << 32 | bytes that were written`: the
    /// characters up to the first that takes more than one byte in UTF-8, or is not in Latin-1
    Begin(Units, Units),
    /// `(target, address, bytes) -> end of what was written`
    Transcode(Units, Units),
    /// `(address, bytes)`: from Latin-1 to UTF-16, in place
    Inflate,
}

/// A function for strings of one memory, or on their way from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    pub helper: Helper,
    /// The indices of the memories; the same where only one has to do with it.
    pub to: u32,
    pub from: u32,
}

impl Placed {
    /// For the name section.
    pub fn name(self) -> String {
        let name = self.helper.name();
        match (self.to, self.from) {
            (0, 0) => name,
            (to, from) if to == from => format!("{name} in memory {to}"),
            (to, from) => format!("{name} from memory {from} to {to}"),
        }
    }

    /// The type of the function.
    pub fn ty(self) -> FuncType {
        use wasmparser::ValType::{I32, I64};
        match self.helper {
            Helper::CheckUtf8 | Helper::CheckUtf16 => FuncType::new([I32; 2], [I32]),
            Helper::CopyUtf8 | Helper::CopyLongUtf8 | Helper::Transcode(..) => {
                FuncType::new([I32; 3], [I32])
            }
            Helper::Begin(..) => FuncType::new([I32; 3], [I64]),
            Helper::Inflate => FuncType::new([I32; 2], []),
        }
    }
}

impl Helper {
    /// The function for two memories of the output.
    pub fn between(self, to: u32, from: u32) -> Placed {
        let (to, from) = match self {
            Helper::CheckUtf8 | Helper::CheckUtf16 => (from, from),
            Helper::Inflate => (to, to),
            Helper::CopyUtf8 | Helper::CopyLongUtf8 | Helper::Begin(..) | Helper::Transcode(..) => {
                (to, from)
            }
        };
        Placed {
            helper: self,
            to,
            from,
        }
    }

    fn name(self) -> String {
        let name = |units| match units {
            Units::Utf8 => "utf8",
            Units::Utf16 => "utf16",
            Units::Latin1 => "latin1",
        };
        match self {
            Helper::CheckUtf8 => "check-utf8".to_string(),
            Helper::CopyUtf8 => "copy-utf8".to_string(),
            Helper::CopyLongUtf8 => "copy-long-utf8".to_string(),
            Helper::CheckUtf16 => "check-utf16".to_string(),
            Helper::Begin(from, to) => format!("begin-{}-to-{}", name(from), name(to)),
            Helper::Transcode(from, to) => format!("{}-to-{}", name(from), name(to)),
            Helper::Inflate => "inflate-latin1".to_string(),
        }
    }
}

/// The functions that passing a string from one encoding to another needs.
pub fn helpers(from: StringEncoding, to: StringEncoding) -> BTreeSet<Helper> {
    use StringEncoding::{Latin1Utf16, Utf8, Utf16};
    let sources: &[Units] = match from {
        Utf8 => &[Units::Utf8],
        Utf16 => &[Units::Utf16],
        Latin1Utf16 => &[Units::Latin1, Units::Utf16],
    };
    let mut helpers = BTreeSet::new();
    for &source in sources {
        let check = match source {
            Units::Utf8 => Some(Helper::CheckUtf8),
            Units::Utf16 => Some(Helper::CheckUtf16),
            Units::Latin1 => None,
        };
        helpers.extend(check);
        let writing: &[Helper] = match (source, to) {
            (Units::Utf8, Utf8) => &[Helper::CopyUtf8, Helper::CopyLongUtf8],
            (Units::Utf16, Utf16) | (Units::Latin1, Latin1Utf16) => &[],
            (_, Utf8) => &[
                Helper::Begin(source, Units::Utf8),
                Helper::Transcode(source, Units::Utf8),
            ],
            (_, Utf16) => &[Helper::Transcode(source, Units::Utf16)],
            (Units::Utf8, Latin1Utf16) => &[
                Helper::Begin(Units::Utf8, Units::Latin1),
                Helper::Inflate,
                Helper::Transcode(Units::Utf8, Units::Utf16),
            ],
            (Units::Utf16, Latin1Utf16) if from == Utf16 => {
                &[Helper::Begin(Units::Utf16, Units::Latin1), Helper::Inflate]
            }
            (Units::Utf16, Latin1Utf16) => &[Helper::Begin(Units::Utf16, Units::Latin1)],
        };
        helpers.extend(writing);
    }
    helpers
}
