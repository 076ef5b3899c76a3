//! The report for people.

use std::fmt::{self, Display};

use super::{Kind, Locked, Replaced, Report, Slot};

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            let name = match file.path.as_str() {
                "" => "the image",
                path => path,
            };
            write!(f, "{name}: {}", file.format)?;
            for guard in &file.guards {
                let state = if guard.right { "right" } else { "WRONG" };
                write!(f, ", {} {state}", guard.what)?;
            }
            writeln!(f)?;
            match &file.locked {
                Some(Locked::Signed { by, advice }) => writeln!(f, "    signed by {by}: {advice}")?,
                Some(Locked::Closed { why }) => writeln!(f, "    {why}")?,
                None => {}
            }
            for note in &file.notes {
                writeln!(f, "    note: {note}")?;
            }
        }
        if let Some(runtime) = &self.runtime {
            writeln!(f, "runtime: {runtime}")?;
        }
        match self.slots.len() {
            0 => writeln!(f, "no module was found")?,
            many => writeln!(f, "slots: {many}")?,
        }
        for slot in &self.slots {
            write!(f, "{slot}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

impl Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Module => "core module",
            Kind::Base64 => "core module in Base64",
            Kind::Marked if self.length == 0 => "marked slot",
            Kind::Marked => "core module in a marked slot",
            Kind::Aot => "code compiled ahead of time for WAMR",
            Kind::Component => "component",
        };
        write!(f, "{:3}. {}: {kind}, ", self.number, self.path)?;
        match (self.length, self.at_most) {
            (0, _) if self.kind == Kind::Marked => write!(f, "empty")?,
            (0, _) => write!(f, "of unknown length")?,
            (length, Some(most)) => write!(f, "at least {length} bytes, at most {most}")?,
            (length, None) => write!(f, "{length} bytes")?,
        }
        match (self.length, self.capacity) {
            (0, 0) => {}
            (0, room) => write!(f, ", with room for {room}")?,
            (length, capacity) if length != capacity => write!(f, " of {capacity}")?,
            _ => {}
        }
        if let Some(symbol) = &self.symbol {
            write!(f, ", {symbol}")?;
        }
        if let Some(section) = &self.section {
            write!(f, " in {section}")?;
        }
        if let Some(number) = self.same_as {
            write!(f, ", the same as {number}")?;
        }
        writeln!(f)?;
        if let Some(damaged) = &self.damaged {
            writeln!(f, "     not valid: {damaged}")?;
        }
        if let Some(verdict) = &self.verdict {
            let fits = match verdict.fits {
                true => "fits",
                false => "does not fit",
            };
            writeln!(f, "     {fits} {}", verdict.profile)?;
        }
        Ok(())
    }
}

impl Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for slot in &self.slots {
            writeln!(
                f,
                "{}: {} bytes of {} are the new module",
                slot.path, self.module, slot.capacity
            )?;
        }
        for change in &self.changes {
            let file = match change.path.as_str() {
                "" => String::new(),
                path => format!("{path}: "),
            };
            write!(f, "    {file}{}: {} bytes at ", change.what, change.length)?;
            match change.places[..] {
                [only] => writeln!(f, "{only:#x}")?,
                _ => writeln!(f, "{} places", change.places.len())?,
            }
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        Ok(())
    }
}
