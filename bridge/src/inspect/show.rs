//! An inspection as text.

use std::fmt::{self, Display, Formatter, Write};

use super::{Custom, Inspection, Item, Kind, Limits, Module};

/// Lists are cut off after so many characters.
const WIDTH: usize = 96;

impl Display for Inspection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Module => "core module",
            Kind::Component => "component",
        };
        writeln!(f, "{} ({kind}, {} bytes)", self.what, self.bytes)?;
        items(f, "imports", &self.imports)?;
        items(f, "exports", &self.exports)?;
        if let Some(world) = &self.carried_world {
            items(f, "imports of its world", &world.imports)?;
            items(f, "exports of its world", &world.exports)?;
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

fn items(f: &mut Formatter<'_>, title: &str, items: &[Item]) -> fmt::Result {
    if items.is_empty() {
        return writeln!(f, "{title}: none");
    }
    writeln!(f, "{title}:")?;
    for item in items {
        match item.kind {
            "interface" | "module" => {
                writeln!(f, "  {}: {}", item.name, cut(&item.items))?;
            }
            kind => writeln!(f, "  {} ({kind})", item.name)?,
        }
    }
    Ok(())
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
