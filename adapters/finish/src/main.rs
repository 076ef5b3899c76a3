//! `finish IN OUT`: takes a library as the compiler made it, removes what the linker of p1bridge
//! has no use for, and refuses it unless it keeps the contract of `docs/adapter-p2-on-p1.md`.
//!
//! Removed: the exports that are not functions, the empty table, the globals (none is used when
//! no function has a frame), the producers section, and the hashes in names, which depend on
//! where the sources lie. What is left is validated with the features of the MVP alone, so code
//! that needs any of the removed things is refused too.
//!
//! Sections are passed on as they are, without `walrus`. Tried with version 0.28 on `p2-on-p1`: the
//! result is the same on every run, and its garbage collection finds nothing to take out (445
//! functions before and after), because every function is exported or called and the linker drops by
//! itself what a program does not reach. The code has 26,574 bytes instead of 30,692, as the
//! compiler's indices of five bytes become short, as they do anyway when the linker encodes a module.
//! In return functions stand in another order, names have to be read and written
//! beside it all the same, and it brings a second, older wasmparser.

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};
use wasm_encoder::{
    CustomSection, ExportKind, ExportSection, Module, NameMap, NameSection, RawSection,
};
use wasmparser::{
    ExternalKind, FuncType, KnownCustom, Name, Parser, Payload, TypeRef, Validator, WasmFeatures,
};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output] = &arguments[..] else {
        bail!("usage: finish IN OUT")
    };
    let bytes = std::fs::read(input).with_context(|| format!("reading {input}"))?;
    let library = finish(&bytes).with_context(|| format!("{input} breaks the contract"))?;
    std::fs::write(output, &library).with_context(|| format!("writing {output}"))?;
    println!("{output}: {} bytes", library.len());
    Ok(())
}

/// The finished library.
fn finish(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut module = Module::new();
    let mut contract = Contract::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::ExportSection(exports) => {
                let mut kept = ExportSection::new();
                for export in exports.clone() {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        kept.export(export.name, ExportKind::Func, export.index);
                        contract
                            .exports
                            .insert(export.name.to_owned(), export.index);
                    }
                }
                module.section(&kept);
                continue;
            }
            Payload::CustomSection(custom) => {
                if let KnownCustom::Name(names) = custom.as_known() {
                    module.section(&demangled(names)?);
                } else if custom.name() == "p1bridge.library" {
                    contract.facts(std::str::from_utf8(custom.data())?)?;
                    let (name, data) = (custom.name().into(), custom.data().into());
                    module.section(&CustomSection { name, data });
                }
                continue;
            }
            Payload::TableSection(_) | Payload::GlobalSection(_) => continue,
            Payload::TypeSection(types) => {
                for group in types.clone().into_iter_err_on_gc_types() {
                    contract.types.push(group?);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    let import = import?;
                    contract.import(import.module, import.name, import.ty)?;
                }
            }
            Payload::FunctionSection(functions) => {
                for index in functions.clone() {
                    contract.functions.push(index?);
                }
            }
            Payload::DataSection(_) => bail!("it has data: a constant was not kept in the code"),
            Payload::ElementSection(_) => bail!("it has a table of functions"),
            Payload::StartSection { .. } => bail!("it has a start function"),
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            let data = &bytes[range.start as usize..range.end as usize];
            module.section(&RawSection { id, data });
        }
    }
    contract.check()?;
    let library = module.finish();
    Validator::new_with_features(WasmFeatures::MVP)
        .validate_all(&library)
        .context("without globals and tables, and with the features of the MVP alone")?;
    Ok(library)
}

/// The name section with names that a person can read.
fn demangled(names: wasmparser::NameSectionReader<'_>) -> Result<NameSection> {
    let mut section = NameSection::new();
    for name in names {
        if let Name::Function(functions) = name? {
            let mut map = NameMap::new();
            for naming in functions {
                let naming = naming?;
                let name = rustc_demangle::demangle(naming.name);
                map.append(naming.index, &format!("{name:#}"));
            }
            section.functions(&map);
        }
    }
    Ok(section)
}

/// What the linker gives to a library, beside [`SIZED`].
const GIVEN: &[&str] = &[
    "pool",
    "base",
    "limit",
    "guest",
    "sockets",
    "threads",
    "handles",
    "max_handles",
    "more_handles",
    "max_poll",
    "poll_room",
    "max_http",
    "stdout",
    "cabi_realloc",
    "files",
    "exit_codes",
    "proxy",
    "ends",
];

/// Module names of what it gives to the library of Preview 1 on WASI of components.
const GIVEN_UPWARD: &[&str] = &[
    "$root",
    "p1bridge:imports",
    "p1bridge:memory",
    "p1bridge:state",
    "p1bridge:words",
];

/// What it gives to the library of tasks beside [`SIZED`].
const GIVEN_FOR_TASKS: &[&str] = &[
    "max_tasks",
    "max_streams",
    "instances",
    "waits",
    "table",
    "handle_add",
    "handle_remove",
    "start",
    "callback",
    "copy",
    "size",
    "base",
    "text",
    "unlend",
    "contexts",
    "switch_context",
    "pause",
    "unwound",
    "rewind",
    "thread",
    "thread_stack",
    "trap",
    "io_read",
    "io_write",
    "io_close",
    "io_result",
    "io_subscribe",
    "io_poll",
    "io_now",
];

/// Facts of that library alone.
const OF_TASKS: &[&str] = &["tasks-per-instance", "tasks-per-task", "tasks-per-stream"];

/// Memory that it gives, and the fact that says how much.
const SIZED: &[(&str, &str)] = &[
    ("state", "state-fixed"),
    ("polls", "state-per-poll"),
    ("seed", "seed"),
    ("zeroes", "zeroes"),
    ("scratch", "scratch"),
    ("frame", "frame"),
    ("frame_polls", "frame-polls"),
    ("frame_names", "frame-names"),
    ("tasks", "tasks-fixed"),
];

#[derive(Default)]
struct Contract {
    types: Vec<FuncType>,
    /// Type of every function, imported ones first.
    functions: Vec<u32>,
    exports: HashMap<String, u32>,
    /// Name and type of every weak import.
    weak: Vec<(String, u32)>,
    /// What the linker gives.
    given: Vec<String>,
    /// What the library says about itself.
    facts: HashMap<String, u32>,
    has_facts: bool,
}

impl Contract {
    fn import(&mut self, module: &str, name: &str, ty: TypeRef) -> Result<()> {
        let TypeRef::Func(index) = ty else {
            ensure!(
                (module, name) == ("env", "memory"),
                "unexpected import {module} {name}"
            );
            return Ok(());
        };
        self.functions.push(index);
        match module {
            "wasi_snapshot_preview1" => {}
            // The linker knows these, and their types.
            "p1bridge:tasks" => {}
            _ if module.starts_with("wsi:sys/") => {}
            _ if GIVEN_UPWARD.contains(&module) => {}
            // Those that the component has: their types are checked when it is made.
            _ if is_versioned(module.strip_prefix("state ").unwrap_or(module)) => {}
            "p1bridge" => {
                ensure!(
                    GIVEN.contains(&name)
                        || GIVEN_FOR_TASKS.contains(&name)
                        || SIZED.iter().any(|(piece, _)| *piece == name),
                    "the linker provides no function p1bridge {name}"
                );
                self.given.push(name.to_owned());
            }
            // The linker knows what can be asked about.
            _ if module.starts_with("if ") => self.weak.push((name.to_owned(), index)),
            _ => bail!("unexpected import {module} {name}"),
        }
        Ok(())
    }

    fn facts(&mut self, text: &str) -> Result<()> {
        for line in text.lines() {
            let fact = line.split_once(' ').and_then(|(key, bytes)| {
                let known = OF_TASKS.contains(&key) || SIZED.iter().any(|(_, fact)| *fact == key);
                Some((key, bytes.parse().ok()?)).filter(|_| known)
            });
            let Some((key, bytes)) = fact else {
                bail!("unknown facts: {text:?}")
            };
            self.facts.insert(key.to_owned(), bytes);
        }
        self.has_facts = true;
        Ok(())
    }

    fn check(&self) -> Result<()> {
        ensure!(self.has_facts, "the section p1bridge.library is missing");
        for (piece, fact) in SIZED {
            let bytes = self.facts.get(*fact).copied().unwrap_or(0);
            ensure!(
                bytes > 0 || !self.given.iter().any(|name| name == piece),
                "p1bridge {piece} is imported, but the facts do not say {fact}"
            );
        }
        ensure!(!self.exports.is_empty(), "nothing is exported");
        for name in self.exports.keys() {
            let plain = |text: &str| {
                !text.is_empty()
                    && text
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
            };
            // What is other in some programs: the word says in which.
            let whole = name
                .strip_prefix("weak:")
                .and_then(|name| name.split_once('-'))
                .filter(|(word, name)| plain(word) && name.contains('#'))
                .map_or(name.as_str(), |(_, name)| name);
            let snake = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let whole = whole
                .strip_prefix("[async-lower]")
                .or_else(|| whole.strip_prefix("[pending]"))
                .unwrap_or(whole);
            let known = match whole.split_once('#') {
                None if self.facts.contains_key("tasks-fixed") && !whole.starts_with("weak:") => {
                    snake(whole)
                }
                None if whole.starts_with("io:") => plain(&whole[3..]),
                None => {
                    whole.strip_prefix("weak:").is_some_and(plain)
                        || whole.strip_prefix("at-end ").is_some_and(snake)
                }
                // The functions of Preview 1 are checked by the linker, which knows them.
                Some(("wasi_snapshot_preview1" | "wasi_unstable" | "without", function)) => {
                    function
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || "_0123456789".contains(c))
                }
                Some((interface, function)) => {
                    let interface = interface
                        .strip_suffix("@0.2")
                        .or_else(|| interface.strip_suffix("@0.3"))
                        .and_then(|rest| rest.strip_prefix("wasi:"))
                        .or_else(|| {
                            let name = interface.strip_suffix("@0.1")?;
                            let of_wsi = name.strip_prefix("wsi:");
                            of_wsi
                                .filter(|name| name.starts_with("sys/"))
                                .or_else(|| name.strip_prefix("p1bridge:"))
                        });
                    let function = ["[method]", "[static]", "[constructor]", "[resource-drop]"]
                        .iter()
                        .find_map(|kind| function.strip_prefix(kind))
                        .unwrap_or(function);
                    interface.is_some_and(|text| {
                        text.split('/').count() == 2 && text.split('/').all(plain)
                    }) && plain(function)
                }
            };
            ensure!(
                known,
                "the export {name} is not named as the linker expects"
            );
        }
        for (name, ty) in &self.weak {
            let Some(&export) = self.exports.get(name) else {
                bail!("the weak import {name} is not exported");
            };
            let of_export = self.functions[export as usize];
            ensure!(
                self.types[*ty as usize] == self.types[of_export as usize],
                "the weak import {name} has another type than the export"
            );
        }
        Ok(())
    }
}

/// Whether a module name is that of an interface of WASI with a whole version.
fn is_versioned(module: &str) -> bool {
    let Some((name, version)) = module.split_once('@') else {
        return false;
    };
    name.starts_with("wasi:") && name.contains('/') && version.split('.').count() == 3
}

#[cfg(test)]
mod tests {
    use super::finish;

    const FACTS: &str = r#"(@custom "p1bridge.library" "state-fixed 16\nstate-per-poll 80\nseed 32\nzeroes 256\nscratch 4112\nframe 0\n")"#;
    const EXPORT: &str = r#"(func (export "wasi:io/poll@0.2#[method]pollable.block") (param i32))"#;

    /// What becomes of a library with these fields beside the usual ones.
    fn finished(fields: &str) -> Result<Vec<u8>, String> {
        let text =
            format!(r#"(module (import "env" "memory" (memory 0)) {fields} {EXPORT} {FACTS})"#);
        finish(&wat::parse_str(&text).unwrap()).map_err(|error| format!("{error:#}"))
    }

    fn refusal(fields: &str) -> String {
        finished(fields).expect_err("refused")
    }

    #[test]
    fn what_the_linker_has_no_use_for_is_removed() {
        let plain = finished("").unwrap();
        let more = finished(
            r#"(table 1 1 funcref) (global (export "__data_end") i32 (i32.const 1))
            (@producers (language "Rust" "1"))"#,
        );
        assert_eq!(more.unwrap(), plain);
    }

    #[test]
    fn code_only() {
        assert!(refusal(r#"(data (i32.const 0) "x")"#).contains("data"));
        assert!(refusal("(func $f) (start $f)").contains("start"));
        assert!(refusal("(table 1 funcref) (func $f) (elem (i32.const 0) $f)").contains("table"));
    }

    #[test]
    fn no_frames() {
        let stack = "(global $sp (mut i32) (i32.const 0)) (func (global.set $sp (i32.const 1)))";
        assert!(refusal(stack).contains("unknown global"));
    }

    #[test]
    fn what_is_given_has_its_size_in_the_facts() {
        let import = |name| format!(r#"(import "p1bridge" "{name}" (func (result i32)))"#);
        finished(&import("state")).unwrap();
        assert!(refusal(&import("frame")).contains("the facts do not say frame"));
        assert!(refusal(&import("frame_polls")).contains("the facts do not say frame-polls"));
    }

    #[test]
    fn features_of_the_mvp_only() {
        assert!(
            refusal("(func (param i32) (result i32) (i32.extend8_s (local.get 0)))")
                .contains("sign extension")
        );
        assert!(
            refusal("(func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))")
                .contains("bulk memory")
        );
        assert!(refusal("(func (result i32 i32) unreachable)").contains("multi-value"));
    }

    #[test]
    fn imports_that_the_linker_binds() {
        for fields in [
            r#"(import "env" "malloc" (func))"#,
            r#"(import "p1bridge" "sbrk" (func))"#,
            r#"(import "env" "table" (table 1 funcref))"#,
        ] {
            let refusal = refusal(fields);
            assert!(
                refusal.contains("import") || refusal.contains("provides no"),
                "{refusal}"
            );
        }
        let known = r#"(import "p1bridge" "state" (func (result i32)))
            (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))"#;
        finished(known).unwrap();
    }

    #[test]
    fn names_that_the_linker_knows() {
        for name in [
            "helper",
            "wasi:io/poll#poll",
            "wasi:io/poll@0.2.0#poll",
            "wasi:io@0.2#poll",
            "wasi:io/poll@0.2#[m]x",
            "wsi:sys/io@0.1.0#read",
            "wsi:io@0.1#read",
            "weak:wasi:io/poll@0.2#poll",
            "weak:x-wasi:io/poll@0.2.0#poll",
            "weak:x-helper#x",
        ] {
            let refusal = refusal(&format!(r#"(func (export "{name}"))"#));
            assert!(refusal.contains(name), "{refusal}");
        }
        for name in [
            "weak:helper",
            "weak:x-wasi:io/poll@0.2#[method]pollable.ready",
        ] {
            finished(&format!(r#"(func (export "{name}"))"#)).unwrap();
        }
    }

    #[test]
    fn weak_imports_are_exports_of_the_same_type() {
        let import = r#"(import "if wasi:filesystem/types" "weak:close" (func (param i32)))"#;
        assert!(refusal(import).contains("is not exported"));
        let export = |ty| format!(r#"{import} (func (export "weak:close") {ty})"#);
        assert!(refusal(&export("(param i64)")).contains("another type"));
        finished(&export("(param i32)")).unwrap();
    }

    #[test]
    fn facts_are_complete() {
        let library = |facts: &str| {
            let text = format!(r#"(module {EXPORT} (@custom "p1bridge.library" "{facts}"))"#);
            finish(&wat::parse_str(&text).unwrap()).map_err(|error| format!("{error:#}"))
        };
        assert!(
            library("state-fixed 1\\nheap 16\\n")
                .unwrap_err()
                .contains("unknown facts")
        );
        assert!(
            library("frame much\\n")
                .unwrap_err()
                .contains("unknown facts")
        );
        let bare = wat::parse_str(format!("(module {EXPORT})")).unwrap();
        assert!(format!("{:#}", finish(&bare).unwrap_err()).contains("p1bridge.library"));
    }
}
