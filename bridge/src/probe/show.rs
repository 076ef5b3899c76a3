//! The report for people.

use std::fmt::{self, Display};

use super::{Embedded, EmbeddedKind, Evidence, EvidenceKind, HostModule, Report, Runtime, Sure};

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.format)?;
        if self.objects > 0 {
            write!(f, ", an archive of {} objects", self.objects)?;
        }
        writeln!(f, "{}", if self.stripped { ", stripped" } else { "" })?;
        if self.runtimes.is_empty() {
            writeln!(f, "no known WebAssembly runtime")?;
        }
        for runtime in &self.runtimes {
            write!(f, "{runtime}")?;
        }
        if !self.modules.is_empty() {
            writeln!(f, "WebAssembly inside: {}", self.modules.len())?;
        }
        for module in &self.modules {
            write!(f, "{module}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "not read: {warning}")?;
        }
        Ok(())
    }
}

impl Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "runtime: {} ({}), version {} ({}); profile from {}",
            self.kind, self.sure, self.version, self.version_sure, self.base
        )?;
        for evidence in &self.evidence {
            writeln!(f, "    {evidence}")?;
        }
        writeln!(f, "features of WebAssembly:")?;
        for finding in &self.features {
            finding.fmt(f)?;
        }
        if !self.build.is_empty() {
            writeln!(f, "built with:")?;
        }
        for finding in &self.build {
            finding.fmt(f)?;
        }
        writeln!(f, "functions for programs:")?;
        for host in &self.hosts {
            write!(f, "{host}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        Ok(())
    }
}

impl Display for super::Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has = if self.has { "yes" } else { "no" };
        let sure = self.sure.to_string();
        write!(f, "  {has:3}  {sure:7}  {}", self.what)?;
        match self.evidence.first() {
            Some(evidence) => writeln!(f, ": {evidence}"),
            None => writeln!(f),
        }
    }
}

impl Display for HostModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = match self.complete {
            true => "",
            false => ", perhaps more",
        };
        writeln!(
            f,
            "  {}: {} functions ({}{all})",
            self.name,
            self.functions.len(),
            self.sure
        )?;
        for function in &self.functions {
            write!(f, "    {}", function.name)?;
            if let Some(signature) = &function.signature {
                write!(f, " {signature}")?;
            }
            match function.evidence.offset {
                Some(offset) => writeln!(f, ", at {offset:#x}")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

impl Display for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            EmbeddedKind::Module => "core module",
            EmbeddedKind::Component => "component",
            EmbeddedKind::Aot => "AOT file of WAMR",
        };
        write!(f, "  at {:#x}: {kind}", self.offset)?;
        if let Some(size) = self.size {
            write!(f, ", {size} bytes")?;
        }
        if self.base64 {
            write!(f, " of Base64")?;
        }
        writeln!(f)?;
        if let Some(damaged) = &self.damaged {
            writeln!(f, "    not whole: {damaged}")?;
        }
        if let Some(why) = &self.unchecked {
            writeln!(f, "    not checked: {why}")?;
        }
        let verdict = self.verdict.as_ref().map(ToString::to_string);
        for line in verdict.iter().flat_map(|text| text.lines()) {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}

impl Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match self.kind {
            EvidenceKind::String => write!(f, "string {text:?}")?,
            EvidenceKind::Symbol => write!(f, "symbol {text}")?,
            EvidenceKind::Table => write!(f, "{text:?} in a table of functions")?,
            EvidenceKind::Code => write!(f, "{text}")?,
            EvidenceKind::Missing => write!(f, "there is no {text:?}")?,
        }
        match self.offset {
            Some(offset) => write!(f, " at {offset:#x}"),
            None => Ok(()),
        }
    }
}

impl Display for Sure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sure::Certain => "certain",
            Sure::Likely => "likely",
            Sure::Guess => "guess",
        })
    }
}
