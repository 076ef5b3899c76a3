//! What a file, and a module inside a component, is there for.

use p1bridge_linker::wrapped::SECTION;

use super::{Inspection, Item, Kind, Module};

const PREVIEW1: &str = "wasi_snapshot_preview1";

/// What a module inside a component does, where its name or its shape tells.
pub fn of(module: &Module) -> Option<String> {
    let name = module.name.as_deref().unwrap_or_default();
    if let Some(provides) = name.strip_prefix("wit-component:adapter:") {
        return Some(format!("adapter for {provides}"));
    }
    let exports = |name: &str| module.exports.iter().any(|item| item.name == name);
    let imports = |from: &str, name: &str| {
        let from = module.imports.iter().find(|item| item.name == from);
        from.is_some_and(|item| item.items.iter().any(|item| item == name))
    };
    if module
        .imports
        .iter()
        .any(|item| item.items.iter().any(|item| item == "$imports (table)"))
    {
        return Some("fills the table of the shims".to_string());
    }
    let has_memory = module.memories.iter().any(|memory| !memory.imported);
    if exports("$imports") {
        let and_memory = match has_memory {
            true => ", and that memory",
            false => "",
        };
        return Some(format!(
            "shims for imports that need the memory{and_memory}"
        ));
    }
    let calls_preview1 = module.imports.iter().any(|item| item.name == PREVIEW1);
    let borrows_memory = imports("env", "memory (memory)");
    if borrows_memory
        && !calls_preview1
        && [
            "fd_write",
            "fd_read",
            "proc_exit",
            "args_get",
            "clock_time_get",
        ]
        .iter()
        .any(|name| exports(name))
    {
        return Some(format!("adapter for {PREVIEW1}"));
    }
    let role = match calls_preview1 {
        true if exports("_start") => "Preview 1 command",
        true => "Preview 1 program",
        false if has_memory && module.functions == 0 && module.data_bytes == 0 => {
            "the memory of another module"
        }
        false if !module.memories.is_empty() => "program",
        false => return None,
    };
    Some(role.to_string())
}

/// What the file is, as the first line says.
pub fn in_words(file: &Inspection) -> String {
    match file.kind {
        Kind::Module => module(file),
        Kind::Component => component(file),
    }
}

fn module(file: &Inspection) -> String {
    let imports = |name: &str| file.imports.iter().any(|item| item.name == name);
    let exports = |name: &str| file.exports.iter().any(|item| item.name == name);
    let has = |section: &str| {
        file.custom_sections
            .iter()
            .any(|custom| custom.name == section)
    };
    if has("linking") && file.exports.is_empty() {
        return "an object file (a core module that is not linked yet)".to_string();
    }
    if has("dylink.0") {
        return "a shared library (a core module to be linked at run time)".to_string();
    }
    let shape = match (exports("_start"), exports("_initialize")) {
        (true, _) => "command",
        (false, true) => "reactor",
        (false, false) => "core module",
    };
    let world = if file.carried_world.is_some() {
        ", with a world to be wrapped for"
    } else {
        ""
    };
    let wasi = if imports(PREVIEW1) {
        "a WASI Preview 1 "
    } else if imports("wasi_unstable") {
        "a `wasi_unstable` "
    } else if file
        .imports
        .iter()
        .any(|item| item.name.starts_with("wasi:"))
    {
        "a core of a WASI 0.2 component, a "
    } else {
        "a "
    };
    match (wasi, shape) {
        ("a ", "core module") => format!("a core module{world}"),
        (wasi, "core module") => format!("{wasi}module{world}"),
        (wasi, shape) => format!("{wasi}{shape}{world}"),
    }
}

fn component(file: &Inspection) -> String {
    let exports = |prefix: &str| file.exports.iter().any(|item| starts(item, prefix));
    let role = if exports("wasi:cli/run@0.2") {
        "a WASI 0.2 command"
    } else if exports("wasi:cli/run@0.3") {
        "a WASI 0.3 command"
    } else if exports("wasi:http/incoming-handler@") {
        "an HTTP handler of WASI 0.2"
    } else if file.exports.is_empty() {
        "a component that exports nothing"
    } else {
        "a component that is a library"
    };
    let adapted = file.modules.iter().any(|module| {
        let role = module.role.as_deref().unwrap_or_default();
        role.strip_prefix("adapter for ") == Some(PREVIEW1)
    });
    let mut customs = file.custom_sections.iter();
    let is_woven = customs.any(|custom| custom.name == SECTION);
    match (adapted, is_woven) {
        (true, _) => format!("{role}, made of a Preview 1 module and an adapter"),
        (false, true) => format!("{role}, made of a Preview 1 module by p1bridge"),
        (false, false) => role.to_string(),
    }
}

fn starts(item: &Item, prefix: &str) -> bool {
    item.name.starts_with(prefix)
}
