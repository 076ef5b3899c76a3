//! An inspection as text.

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Display, Formatter, Write};

use super::{Custom, Inspection, Item, Kind, Limits, Module};
use crate::signatures::{Direction, ROOT, Signature, full_name, is_wasi};

/// Lists are cut off after so many characters.
const WIDTH: usize = 96;

impl Display for Inspection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Module => "core module",
            Kind::Component => "component",
        };
        writeln!(f, "{} ({kind}, {} bytes)", self.what, self.bytes)?;
        self.boundary(f, Direction::Import, &self.imports)?;
        self.boundary(f, Direction::Export, &self.exports)?;
        if let Some(why) = &self.without_signatures {
            writeln!(f, "signatures: not shown: {why}")?;
        }
        match self.kind {
            Kind::Module => self
                .modules
                .iter()
                .try_for_each(|module| insides(f, module, "")),
            Kind::Component => self.layers(f),
        }?;
        let features = match self.features.is_empty() {
            true => "none beyond the first version".to_string(),
            false => self.features.join(", "),
        };
        writeln!(f, "wasm features: {features}")?;
        customs(f, "", &self.custom_sections)
    }
}

impl Inspection {
    /// Imports or exports: the functions of WASI by name, all others with their types.
    fn boundary(&self, f: &mut Formatter<'_>, direction: Direction, items: &[Item]) -> fmt::Result {
        let all = self.signatures.iter();
        let signatures: Vec<&Signature> = all
            .filter(|signature| signature.direction == direction)
            .collect();
        let title = match direction {
            Direction::Import => "imports",
            Direction::Export => "exports",
        };
        if items.is_empty() && signatures.is_empty() {
            return writeln!(f, "{title}: none");
        }
        writeln!(f, "{title}:")?;
        let mut shown = HashSet::new();
        // Of an interface those with types in WIT come at the place of the first; what stands for
        // them in the core module is not an item of its own then.
        let own = |signature: &&Signature| !signature.interface.as_deref().is_some_and(is_wasi);
        for part in signatures.iter().copied().filter(own) {
            if part.wit.is_none() {
                continue;
            }
            let interface = part.interface.as_deref();
            if shown.insert(interface.map(str::to_string)) {
                for ty in self
                    .types
                    .iter()
                    .filter(|ty| ty.interface.as_deref() == interface)
                {
                    let prefix = interface.map(|name| format!("{name}: "));
                    writeln!(f, "  {}{}", prefix.unwrap_or_default(), ty.text)?;
                }
            }
            signature(f, part)?;
        }
        let typed: HashMap<String, &Signature> = signatures
            .iter()
            .map(|signature| (signature.name(), *signature))
            .collect();
        let freed: HashSet<&str> = signatures
            .iter()
            .filter_map(|signature| signature.post_return.as_deref())
            .collect();
        for item in items {
            let names_only = is_wasi(&item.name) || self.without_signatures.is_some();
            match item.kind {
                "interface" | "module" if names_only => {
                    writeln!(f, "  {}: {}", item.name, cut(&item.items))?;
                }
                "interface" | "module" => {
                    if item.items.is_empty() {
                        writeln!(f, "  {}: types only", item.name)?;
                    }
                    for name in &item.items {
                        let full = full_name(Some(&item.name), name);
                        // `$root` is no interface. In `env` the names have the interface in front.
                        let root = name
                            .strip_prefix(ROOT)
                            .and_then(|name| name.strip_prefix('#'));
                        match typed.get(&full) {
                            Some(found) if found.wit.is_none() => signature(f, found)?,
                            Some(_) => {}
                            None if typed.contains_key(root.unwrap_or(name)) => {}
                            None => writeln!(f, "  {full}")?,
                        }
                    }
                }
                "func" => match typed.get(&item.name) {
                    Some(found) if found.wit.is_some() => {}
                    _ if freed.contains(&item.name[..]) => {}
                    Some(found) => signature(f, found)?,
                    None => writeln!(f, "  {} (func)", item.name)?,
                },
                kind => writeln!(f, "  {} ({kind})", item.name)?,
            }
        }
        Ok(())
    }

    fn layers(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "inside: {}, {}, {}, {}",
            plural(self.modules.len(), "core module"),
            plural(self.components.len(), "component"),
            plural(self.core_instances, "core instance"),
            plural(self.instances, "instance")
        )?;
        for module in &self.modules {
            write!(f, "  {}", module.path)?;
            if let Some(name) = &module.name {
                write!(f, " {name:?}")?;
            }
            writeln!(
                f,
                ": {} bytes{}",
                module.bytes,
                prefixed(", ", module.role.as_deref())
            )?;
            insides(f, module, "    ")?;
            customs(f, "    ", &module.custom_sections)?;
        }
        for component in &self.components {
            writeln!(f, "  {}: {} bytes", component.path, component.bytes)?;
        }
        Ok(())
    }
}

fn plural(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

fn prefixed(prefix: &str, text: Option<&str>) -> String {
    text.map(|text| format!("{prefix}{text}"))
        .unwrap_or_default()
}

fn insides(f: &mut Formatter<'_>, module: &Module, indent: &str) -> fmt::Result {
    writeln!(
        f,
        "{indent}code: {}, {} bytes; data: {} bytes",
        plural(module.functions, "function"),
        module.code_bytes,
        module.data_bytes
    )?;
    for memory in &module.memories {
        writeln!(
            f,
            "{indent}memory: {}{}",
            plural(memory.initial as usize, "page"),
            limits(memory)
        )?;
    }
    for table in &module.tables {
        writeln!(
            f,
            "{indent}table: {}{}",
            plural(table.initial as usize, "element"),
            limits(table)
        )?;
    }
    Ok(())
}

fn limits(limits: &Limits) -> String {
    let mut text = match limits.maximum {
        Some(maximum) if maximum == limits.initial => ", fixed".to_string(),
        Some(maximum) => format!(", up to {maximum}"),
        None => String::new(),
    };
    for note in &limits.notes {
        text += &format!(", {note}");
    }
    if limits.imported {
        text += ", imported";
    }
    text
}

/// The type of a function, and beneath it that of the core function.
fn signature(f: &mut Formatter<'_>, signature: &Signature) -> fmt::Result {
    let name = signature.name();
    let core = signature.core.as_ref();
    let Some(wit) = &signature.wit else {
        let core = core.map(ToString::to_string).unwrap_or_default();
        return writeln!(f, "  {name} (func): {core}");
    };
    writeln!(f, "  {name}: {wit}")?;
    let core = core.map_or_else(|| "none".to_string(), ToString::to_string);
    let post_return = prefixed(", post-return ", signature.post_return.as_deref());
    let through = prefixed(", imported through ", signature.through.as_deref());
    writeln!(f, "    core: {core}{post_return}{through}")
}

/// As many of `names` as fit into a line.
fn cut(names: &[String]) -> String {
    let mut text = String::new();
    for (shown, name) in names.iter().enumerate() {
        if shown > 0 && text.len() + name.len() > WIDTH {
            let _ = write!(text, " and {} more", names.len() - shown);
            break;
        }
        if shown > 0 {
            text.push_str(", ");
        }
        text.push_str(name);
    }
    if text.is_empty() {
        text.push_str("types only");
    }
    text
}

fn customs(f: &mut Formatter<'_>, indent: &str, customs: &[Custom]) -> fmt::Result {
    if customs.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = customs
        .iter()
        .map(|custom| format!("{} ({} bytes)", custom.name, custom.bytes))
        .collect();
    writeln!(f, "{indent}custom sections: {}", list.join(", "))
}
