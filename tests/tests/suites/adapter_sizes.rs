//! How large the library `p2-on-p1` is, function by function, and that nothing grows past its budget.
//!
//! `adapters/sizes.txt` has for every function the bytes of code that a program gets which calls it
//! alone; `BLESS=1 cargo test --release -p p1bridge-tests --test suites adapter_sizes` writes it
//! anew. `adapters/budget.txt` has the limits, which people set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use wasmparser::{ExternalKind, Operator, Parser, Payload, TypeRef};

/// Where the functions of a library lead.
#[derive(Default)]
struct Library {
    exports: BTreeMap<String, u32>,
    /// For each import: the interfaces and the export of a weak one.
    imports: Vec<Option<(Vec<String>, String)>>,
    /// Bytes and callees of each function of its own.
    functions: Vec<(usize, Vec<u32>)>,
}

fn adapters() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters")
}

fn library() -> Library {
    let wasm = std::fs::read(adapters().join("prebuilt/p2-on-p1.wasm")).unwrap();
    let mut library = Library::default();
    for payload in Parser::new(0).parse_all(&wasm) {
        match payload.unwrap() {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.unwrap();
                    if matches!(import.ty, TypeRef::Func(_)) {
                        library
                            .imports
                            .push(import.module.strip_prefix("if ").map(|names| {
                                let names = names.split(' ').map(str::to_string).collect();
                                (names, import.name.to_string())
                            }));
                    }
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export.unwrap();
                    assert_eq!(export.kind, ExternalKind::Func);
                    library
                        .exports
                        .insert(export.name.to_string(), export.index);
                }
            }
            Payload::CodeSectionEntry(body) => {
                let calls = body
                    .get_operators_reader()
                    .unwrap()
                    .into_iter()
                    .filter_map(|op| match op.unwrap() {
                        Operator::Call { function_index } => Some(function_index),
                        _ => None,
                    })
                    .collect();
                let range = body.range();
                let bytes = (range.end - range.start) as usize;
                library.functions.push((bytes, calls));
            }
            _ => {}
        }
    }
    library
}

impl Library {
    /// The bytes of all that these exports reach, in a program that has nothing else.
    fn reached(&self, exports: &BTreeSet<&str>) -> usize {
        let interfaces: BTreeSet<&str> = exports
            .iter()
            .filter(|name| !name.contains("[resource-drop]"))
            .map(|name| name.split('@').next().unwrap())
            .chain(["p1bridge:sockets"])
            .collect();
        let mut seen = BTreeSet::new();
        let mut work: Vec<u32> = exports
            .iter()
            .map(|name| {
                let other = self.other(name, &interfaces);
                other.unwrap_or(self.exports[*name])
            })
            .collect();
        let mut bytes = 0;
        while let Some(index) = work.pop() {
            if !seen.insert(index) {
                continue;
            }
            match self.imports.get(index as usize) {
                Some(Some((asked, name))) => {
                    if asked.iter().any(|name| interfaces.contains(name.as_str())) {
                        work.push(self.part(name, &interfaces));
                    }
                }
                Some(None) => {}
                None => {
                    let (size, calls) = &self.functions[index as usize - self.imports.len()];
                    bytes += size;
                    work.extend(calls);
                }
            }
        }
        bytes
    }

    /// The export that a weak import means, as the linker binds it.
    fn part(&self, name: &str, interfaces: &BTreeSet<&str>) -> u32 {
        let plain = name.strip_prefix("weak:").unwrap();
        self.other(plain, interfaces).unwrap_or(self.exports[name])
    }

    /// What the linker takes instead in programs of these interfaces.
    fn other(&self, name: &str, interfaces: &BTreeSet<&str>) -> Option<u32> {
        [
            ("wasi:http/outgoing-handler", "weak:sending-"),
            ("p1bridge:http/server", "weak:server-"),
            ("p1bridge:http/exchange", "weak:asked-"),
        ]
        .iter()
        .filter(|(of, _)| interfaces.contains(of))
        .find_map(|(_, part)| self.exports.get(&format!("{part}{name}")).copied())
    }

    /// The exports whose names begin with one of these, `wasi:` left out; `$` is the end of a name.
    fn matching<'l>(&'l self, prefixes: &str) -> BTreeSet<&'l str> {
        let mut found = BTreeSet::new();
        for prefix in prefixes.split(' ') {
            let before = found.len();
            found.extend(self.exports.keys().map(String::as_str).filter(|name| {
                let name = name.strip_prefix("wasi:").unwrap_or(name);
                format!("{name}$").starts_with(prefix)
            }));
            assert!(found.len() > before, "nothing is called {prefix}");
        }
        found
    }
}

#[test]
fn the_table_of_sizes_is_that_of_the_library() {
    let library = library();
    let mut text = String::new();
    for name in library
        .exports
        .keys()
        .filter(|name| name.starts_with("wasi:"))
    {
        let bytes = library.reached(&BTreeSet::from([name.as_str()]));
        text += &format!("{bytes:6} {name}\n");
    }
    let file = adapters().join("sizes.txt");
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&file, &text).unwrap();
    }
    let known = std::fs::read_to_string(&file).unwrap();
    let other: Vec<&str> = text.lines().filter(|line| !known.contains(line)).collect();
    assert!(
        known == text,
        "sizes changed; BLESS=1 writes the table: {other:#?}"
    );
}

#[test]
fn nothing_is_over_its_budget() {
    let library = library();
    let budget = std::fs::read_to_string(adapters().join("budget.txt")).unwrap();
    let mut lines = 0;
    for line in budget.lines().filter(|line| !line.starts_with('#')) {
        let (what, rest) = line.split_once(": ").unwrap();
        let (limit, rest) = rest.split_once(' ').unwrap();
        let limit: usize = limit.parse().unwrap();
        let (exports, beside) = rest.split_once(" beside ").unwrap_or((rest, ""));
        let mut all = library.matching(exports);
        let mut base = 0;
        if !beside.is_empty() {
            let beside = library.matching(beside);
            base = library.reached(&beside);
            all.extend(beside);
        }
        let bytes = library.reached(&all) - base;
        println!("{what}: {bytes} of {limit} bytes");
        assert!(bytes <= limit, "{what}: {bytes} bytes, more than {limit}");
        lines += 1;
    }
    assert_eq!(lines, 9);
}
