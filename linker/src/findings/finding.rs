//! One reason, with its places.

use std::fmt;

use serde::Serialize;

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A WebAssembly proposal.
    Feature,
    Import,
    Export,
    Memory,
    Table,
    Start,
    Locals,
    /// A function of the host that is not as Preview 1 says.
    Behaviour,
    /// What only shows when the module is lowered.
    Lowering,
}

/// What happens because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The module is not loaded.
    Refused,
    /// It is loaded, and traps or goes wrong later.
    FailsLater,
    /// Something is to be known; the program may well be content with it.
    Note,
}

/// A place in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Place {
    /// The index of the function; none outside of functions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// From the start of the file, in bytes.
    pub offset: u64,
    /// How many of its kind there are in the function.
    pub count: u32,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    pub kind: Kind,
    pub effect: Effect,
    /// What it is, in words.
    pub what: String,
    /// The feature, as compilers call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    pub places: Vec<Place>,
    /// What puts it there, and the flag against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emitted_by: Option<String>,
    /// What `lower` does about it; none when it cannot do anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The built-in profiles of targets that take the feature, where nothing takes it away.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<&'static str>,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Effect::Refused => "does not load",
            Effect::FailsLater => "fails later",
            Effect::Note => "note",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.function) {
            (Some(name), _) => write!(f, "{name:?} ")?,
            (None, Some(index)) => write!(f, "function {index} ")?,
            (None, None) => {}
        }
        write!(f, "at offset {:#x}", self.offset)
    }
}

impl Place {
    /// A place that is in no function.
    pub fn outside(offset: u64) -> Place {
        Place {
            function: None,
            name: None,
            offset,
            count: 1,
        }
    }
}

impl Finding {
    /// Something of a proposal that the target lacks and nothing takes away.
    pub fn lacking(feature: &str, what: &str, place: Option<Place>) -> Finding {
        Finding {
            kind: Kind::Feature,
            effect: Effect::Refused,
            what: format!("{feature}: {what}"),
            feature: Some(feature.to_string()),
            places: place.into_iter().collect(),
            emitted_by: None,
            fix: None,
            profiles: Vec::new(),
        }
    }

    /// Everything but the fix, on one line with the first place.
    pub fn one_line(&self) -> String {
        let mut line = self.what.clone();
        if let Some(place) = self.places.first() {
            line.push_str(&format!(", {place}"));
        }
        if let Some(emitter) = &self.emitted_by {
            line.push_str(&format!(" ({emitter})"));
        }
        if !self.profiles.is_empty() {
            line.push_str(&format!(
                "; profiles that have it: {}",
                self.profiles.join(", ")
            ));
        }
        line
    }
}

/// The most places of one finding that are written out.
const SHOWN: usize = 3;

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.effect, self.what)?;
        for place in self.places.iter().take(SHOWN) {
            write!(f, "\n    {place}")?;
        }
        if self.places.len() > SHOWN {
            write!(f, "\n    and {} more places", self.places.len() - SHOWN)?;
        }
        if let Some(emitter) = &self.emitted_by {
            write!(f, "\n    from: {emitter}")?;
        }
        match (&self.fix, self.effect) {
            (Some(fix), _) => write!(f, "\n    lower: {fix}"),
            (None, Effect::Note) => Ok(()),
            (None, _) => write!(f, "\n    lower: cannot remove it"),
        }?;
        match self.profiles.is_empty() {
            true => Ok(()),
            false => write!(
                f,
                "\n    profiles that have it: {}",
                self.profiles.join(", ")
            ),
        }
    }
}
