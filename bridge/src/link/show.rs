//! The plan in words.

use p1bridge_linker::wasi::is_exchange;

use super::node::{FileKind, Node, What};
use super::wiring::{Source, Wiring};

/// One line for each instance, and for each of its imports.
pub fn plan(nodes: &[Node], wiring: &Wiring) -> Vec<String> {
    let mut lines = Vec::new();
    let name = |at: usize| {
        let node = wiring.instances[at].node;
        let same = |at: &usize| wiring.instances[*at].node == node;
        let (nth, all) = (
            (0..at).filter(same).count(),
            (0..wiring.instances.len()).filter(same).count(),
        );
        match all {
            1 => nodes[node].shown(nodes).to_string(),
            _ => format!("{} (instance {})", nodes[node].shown(nodes), nth + 1),
        }
    };
    for (at, instance) in wiring.instances.iter().enumerate() {
        let node = &nodes[instance.node];
        let kind = match (node.kind, node.calls_preview1) {
            (FileKind::Component, _) => "a component".to_string(),
            (FileKind::Module(kind), true) => format!("a Preview 1 module, {kind}"),
            (FileKind::Module(_), false) => "a core module".to_string(),
        };
        lines.push(format!("{}: {kind}", name(at)));
        for (item, source) in node.imports.iter().zip(&instance.sources) {
            // What only the adapter of a module imports is not the user's business.
            let wasi = item.name.starts_with("wasi:") || is_exchange(&item.name);
            match source {
                _ if item.what == What::Type => {}
                Source::Host if wasi => {}
                Source::Host => lines.push(format!("  {} <- the host", item.name)),
                Source::Export {
                    instance,
                    name: export,
                } => {
                    let export = match *export == item.name {
                        true => String::new(),
                        false => format!(", as {export}"),
                    };
                    lines.push(format!("  {} <- {}{export}", item.name, name(*instance)));
                }
            }
        }
        let hosts = node.imports.iter().zip(&instance.sources);
        let wasi = hosts
            .filter(|(item, source)| {
                **source == Source::Host
                    && item.what != What::Type
                    && item.name.starts_with("wasi:")
            })
            .count();
        match (wasi, node.calls_preview1) {
            (0, _) => {}
            (_, true) => lines.push("  Preview 1 <- the host".into()),
            (1, false) => lines.push("  1 interface of WASI <- the host".into()),
            (n, false) => lines.push(format!("  {n} interfaces of WASI <- the host")),
        }
    }
    for (at, export) in &wiring.exports {
        lines.push(format!("exported: {export} of {}", name(*at)));
    }
    lines
}
