//! WAMR: its loaders say in error messages what they were built with.

use p1bridge_linker::preview1;

use super::findings::{Finding, HostFunction, HostModule, Runtime, Sure, preview1_by_name};
use super::hits::{Evidence, EvidenceKind, Hits, evidence, missing};
use super::image::Image;
use super::natives::{self, Native};

/// Any two of these make it a WAMR.
const KNOWN: &[&str] = &[
    "WASM module load failed: %s",
    "AOT module load failed: %s",
    "%s module load failed: %s",
    "WASM module instantiate failed: %s",
    "AOT module instantiate failed: %s",
    "%s module instantiate failed: %s",
    "failed to link import function (%s, %s)",
    "failed to call unlinked import function (%s, %s)",
    "wasm_runtime_init",
    "wasm_runtime_load",
    "wasm_runtime_instantiate",
    "wasm_exec_env_create",
    "wasm_native_init",
];

pub const SYMBOLS: &[&str] = &[
    "wasm_runtime_init",
    "wasm_runtime_load",
    "wasm_runtime_instantiate",
    "wasm_exec_env_create",
    "wasm_native_init",
    "wasm_runtime_get_version",
    "wasm_loader_load",
    "wasm_interp_call_wasm",
    "aot_load_from_aot_file",
    "wasm_runtime_load_from_sections",
];

/// The loader that checks everything; the mini loader trusts the file and has none of these.
const FULL_LOADER: &[&str] = &[
    "opcode else found without matched opcode if",
    "type mismatch: br_table targets must all use same result type",
    "too many locals",
];

const INTERPRETER: &[&str] = &[
    "unsupported opcode",
    "wasm_loader_load",
    "wasm_interp_call_wasm",
];
const CLASSIC: &str = "find block address failed";
const AOT: &[&str] = &[
    "AOT module load failed: %s",
    "Load relocation section failed: invalid relocation type %d.",
    "aot_load_from_aot_file",
];

/// Messages that came with a release: the first release that has them, and the profile for it.
const RELEASES: &[(&str, &str, &[&str])] = &[
    (
        "2.3 or later",
        "wamr-2",
        &["section size mismatch: function body END opcode expected"],
    ),
    (
        "2.2",
        "wamr-1",
        &[
            "%s module load failed: %s",
            "invalid limits flags(table64 flag was found, please enable memory64)",
            "failed to link import memory (%s, %s)",
        ],
    ),
    (
        "2.0 or 2.1",
        "wamr-1",
        &[
            "type mismatch: const expr stack underflow",
            "type mismatch: illegal constant opcode sequence",
            "Found aux __heap_base global, value: %lu",
        ],
    ),
    (
        "1.3",
        "wamr-1",
        &[
            "the builtin _start function can not be an import function",
            "error inserting preopen fd %u (directory %s) into fd table",
            "failed to allocate instance context key",
        ],
    ),
    (
        "1.2",
        "wamr-1",
        &[
            "failed to link import global (%s, %s)",
            "set instance running mode failed",
        ],
    ),
    (
        "1.1",
        "wamr-1",
        &[
            "code section size mismatch",
            "label stack depth limit exceeded",
            "sock_get_keep_alive",
        ],
    ),
    (
        "1.0",
        "wamr-1.0",
        &[
            "function and code section have inconsistent lengths or unexpected end",
            "illegal opcode or constant expression required or type mismatch",
            "app heap corrupted",
            "lookup the entry point symbol (like _start, main, _main, __main_argc_argv) failed",
        ],
    ),
];

/// Proposals, and what the loader that checks everything says only when it knows them.
const FEATURES: &[(&str, &[&str])] = &[
    (
        "bulk-memory",
        &[
            "data count section required",
            "data count and data section have inconsistent lengths",
        ],
    ),
    (
        "reference-types",
        &["undeclared function reference", "unknown elem segment %u"],
    ),
    ("tail-call", &[" return values but got other"]),
    ("threads", &["alignment isn't equal to natural"]),
    (
        "memory64",
        &["memory size must be at most 4,294,967,295 pages (274 Terabyte)"],
    ),
    (
        "gc",
        &[
            "recursive type count too large",
            "super type count too large",
        ],
    ),
    ("legacy-exception-handling", &["unknown tag attribute"]),
];

/// Said by every loader with one memory from 2.2 on.
const ONE_MEMORY: &str = "multiple memories";

/// The part that starts threads.
pub const WASI_THREADS: &str = "WASI threads (wasi.thread-spawn)";

/// Built in or not, and what shows it.
const PARTS: &[(&str, &[&str])] = &[
    (
        "several modules (multi-module)",
        &["found circular dependency on %s"],
    ),
    ("sockets (sock_open and others)", &["sock_open"]),
    (WASI_THREADS, &["thread-spawn"]),
    ("WASI-NN", &["wasi_nn", "wasi_ephemeral_nn"]),
    (
        "libraries of natives loaded at run time",
        &["get_native_lib"],
    ),
];

/// Parts that are tables of functions, and one that only they have.
const TABLES: &[(&str, &str)] = &[
    ("libc-builtin (env.printf and others)", "putchar"),
    (
        "lib-pthread (env.pthread_create and others)",
        "pthread_create",
    ),
    ("libc-emcc", "invoke_viiii"),
    (
        "names for the specification's tests (spectest)",
        "print_i32",
    ),
];

pub fn strings() -> impl Iterator<Item = &'static str> {
    KNOWN
        .iter()
        .chain(FULL_LOADER)
        .chain(INTERPRETER)
        .chain(AOT)
        .chain(RELEASES.iter().flat_map(|(_, _, strings)| *strings))
        .chain(FEATURES.iter().flat_map(|(_, strings)| *strings))
        .chain(PARTS.iter().flat_map(|(_, strings)| *strings))
        .copied()
        .chain([CLASSIC, ONE_MEMORY])
}

pub fn recognise(images: &[Image], hits: &Hits) -> Option<Runtime> {
    let known: Vec<Evidence> = KNOWN.iter().filter_map(|name| hits.any(&[name])).collect();
    if known.len() < 2 {
        return None;
    }
    let natives: Vec<Native> = natives::all(images);
    let (version, base, release, exact) = release(images, hits, &natives);
    let mut build = Vec::new();
    let full = hits.any(FULL_LOADER);
    let interpreter = full.clone().or_else(|| hits.any(INTERPRETER));
    let mut notes = Vec::new();
    add(
        &mut build,
        "interpreter",
        interpreter.clone(),
        INTERPRETER[0],
    );
    if interpreter.is_some() {
        match (hits.whole(CLASSIC), &full) {
            (Some(classic), _) => build.push(yes("classic interpreter", Sure::Likely, classic)),
            // The interpreter is an object of its own, which an archive may be without.
            (None, Some(_)) if images.iter().all(|image| image.linked) => {
                build.push(yes("fast interpreter", Sure::Likely, missing(CLASSIC)))
            }
            (None, _) => {}
        }
        if full.is_none() {
            build.push(yes("mini loader", Sure::Likely, missing(FULL_LOADER[0])));
            notes.push(
                "the mini loader trusts its files and refuses nothing; what it was built with \
                 cannot be seen, so the profile has the minimum"
                    .to_string(),
            );
        }
    } else {
        notes.push(
            "there is no interpreter: it loads what `wamrc` has compiled, but no WebAssembly; the \
             features are those of its release, the functions those of this file"
                .to_string(),
        );
    }
    add(
        &mut build,
        "ahead-of-time code (AOT)",
        hits.any(AOT),
        AOT[0],
    );
    for (what, strings) in PARTS {
        add(&mut build, what, hits.any(strings), strings[0]);
    }
    for (what, name) in TABLES {
        let entry = natives.iter().find(|native| native.name == *name);
        let entry = entry.map(|native| evidence(EvidenceKind::Table, *name, native.offset));
        let looked_for = format!("{name} in a table of functions");
        add(&mut build, what, entry, &looked_for);
    }
    if base == "wamr-2020" {
        notes.push(
            "its structs are taken for those before Preview 1 (`filestat-56`, `subscription-56`); \
             builds from October 2021 on, before release 1.0, have the new filestat already, and \
             from January 2022 on the new subscription"
                .to_string(),
        );
    }

    let features = features(hits, &full, base, &known);
    let hosts = hosts(images, hits, &natives);
    Some(Runtime {
        kind: "wamr",
        version,
        version_sure: if exact { Sure::Certain } else { Sure::Likely },
        sure: match known.len() {
            2 => Sure::Likely,
            _ => Sure::Certain,
        },
        evidence: release
            .into_iter()
            .chain(known.into_iter().take(2))
            .collect(),
        base,
        features,
        build,
        hosts,
        notes,
        profile: String::new(),
    })
}

/// The release, its profile, and what shows it; and whether that is the number itself.
fn release(
    images: &[Image],
    hits: &Hits,
    natives: &[Native],
) -> (String, &'static str, Option<Evidence>, bool) {
    if let Some(([major, minor, patch], found)) = images.iter().find_map(version_function) {
        let base = match (major, minor) {
            (0, _) => "wamr-2020",
            (1, 0) => "wamr-1.0",
            (1, _) | (2, 0..=2) => "wamr-1",
            _ => "wamr-2",
        };
        return (format!("{major}.{minor}.{patch}"), base, Some(found), true);
    }
    for (release, base, strings) in RELEASES {
        if let Some(found) = hits.any(strings) {
            return (release.to_string(), base, Some(found), false);
        }
    }
    // What is built without the loader that checks everything has its functions left.
    if let Some(native) = natives.iter().find(|native| native.name == "sock_open") {
        let found = evidence(EvidenceKind::Table, "sock_open", native.offset);
        return ("1.0".to_string(), "wamr-1.0", Some(found), false);
    }
    if let Some(found) = hits.symbol("wasm_runtime_get_version") {
        return ("1.0 or later".to_string(), "wamr-1.0", Some(found), false);
    }
    let none = missing(RELEASES.last().map_or("", |(_, _, strings)| strings[0]));
    ("before 1.0".to_string(), "wamr-2020", Some(none), false)
}

/// The machine code of `wasm_runtime_get_version`, which stores three small numbers and returns.
fn version_function(image: &Image) -> Option<([u8; 3], Evidence)> {
    // x86-64, System V: mov dword [rdi], major; [rsi], minor; [rdx], patch; ret.
    // Windows passes them in rcx, rdx and r8.
    const FORMS: [[&[u8]; 3]; 2] = [
        [&[0xc7, 0x07], &[0xc7, 0x06], &[0xc7, 0x02]],
        [&[0xc7, 0x01], &[0xc7, 0x02], &[0x41, 0xc7, 0x00]],
    ];
    for region in image.regions.iter().filter(|region| region.code) {
        let code = &image.bytes[region.range.clone()];
        for at in 0..code.len().saturating_sub(19) {
            if code[at] != 0xc7 {
                continue;
            }
            for form in FORMS {
                if let Some(version) = stores(&code[at..], form) {
                    let found = evidence(
                        EvidenceKind::Code,
                        "wasm_runtime_get_version",
                        region.range.start + at,
                    );
                    return Some((version, found));
                }
            }
        }
    }
    None
}

fn stores(mut code: &[u8], form: [&[u8]; 3]) -> Option<[u8; 3]> {
    let mut version = [0; 3];
    for (store, number) in form.into_iter().zip(&mut version) {
        code = code.strip_prefix(store)?;
        match code {
            [value, 0, 0, 0, rest @ ..] if *value < 100 => {
                *number = *value;
                code = rest;
            }
            _ => return None,
        }
    }
    code.starts_with(&[0xc3]).then_some(version)
}

fn features(
    hits: &Hits,
    full: &Option<Evidence>,
    base: &'static str,
    known: &[Evidence],
) -> Vec<Finding> {
    // Every release has these, whatever it is built with.
    let mut found: Vec<Finding> = [
        "mutable-globals",
        "sign-ext",
        "nontrapping-fptoint",
        "multivalue",
    ]
    .into_iter()
    .map(|name| Finding {
        what: name.to_string(),
        has: true,
        sure: Sure::Likely,
        evidence: known.first().cloned().into_iter().collect(),
    })
    .collect();
    for (name, strings) in FEATURES {
        let evidence = hits.any(strings);
        found.push(Finding {
            what: name.to_string(),
            has: evidence.is_some(),
            sure: match (&evidence, full) {
                (_, Some(_)) => Sure::Certain,
                (Some(_), None) => Sure::Likely,
                (None, None) => Sure::Guess,
            },
            evidence: vec![evidence.unwrap_or_else(|| missing(strings[0]))],
        });
    }
    let one = hits.whole(ONE_MEMORY);
    found.push(Finding {
        what: "multi-memory".to_string(),
        has: full.is_some() && one.is_none() && base == "wamr-2",
        sure: if full.is_some() {
            Sure::Likely
        } else {
            Sure::Guess
        },
        evidence: vec![one.unwrap_or_else(|| missing(ONE_MEMORY))],
    });
    // No message shows these; they came with 2.3, and have to be asked for.
    for name in ["simd128", "extended-const"] {
        found.push(Finding {
            what: name.to_string(),
            has: false,
            sure: match base {
                "wamr-2" => Sure::Guess,
                _ => Sure::Likely,
            },
            evidence: known.first().cloned().into_iter().collect(),
        });
    }
    found
}

/// What programs can import: by the tables, and where those cannot be read by names.
fn hosts(images: &[Image], hits: &Hits, natives: &[Native]) -> Vec<HostModule> {
    let mut wasi = Vec::new();
    let mut others: Vec<HostModule> = Vec::new();
    for native in natives {
        let function = HostFunction {
            name: native.name.clone(),
            signature: native
                .signature
                .as_deref()
                .and_then(natives::profile_signature),
            evidence: evidence(EvidenceKind::Table, &native.name, native.offset),
        };
        let module = match native.name.as_str() {
            // Sockets that are not of Preview 1 are there beside it.
            name if preview1::signature(name).is_some() || name.starts_with("sock_") => {
                wasi.push(function);
                continue;
            }
            "thread-spawn" => "wasi",
            "print_i32" | "print_f32" | "print_i32_f32" => "spectest",
            _ => "env",
        };
        let at = others.iter().position(|host| host.name == module);
        let at = at.unwrap_or_else(|| {
            others.push(HostModule {
                name: module.to_string(),
                complete: false,
                sure: Sure::Likely,
                functions: Vec::new(),
            });
            others.len() - 1
        });
        others[at].functions.push(function);
    }
    let sure = match wasi.is_empty() {
        false => Sure::Certain,
        true => Sure::Likely,
    };
    if wasi.is_empty() {
        wasi = preview1_by_name(hits, true);
    }
    // Everything is in a linked program, unless it loads more.
    let complete =
        images.iter().any(|image| image.linked) && hits.whole("get_native_lib").is_none();
    for host in &mut others {
        host.complete = complete && host.name == "env";
    }
    let mut hosts = vec![HostModule {
        name: preview1::MODULE.to_string(),
        complete: true,
        sure,
        functions: wasi,
    }];
    hosts.append(&mut others);
    hosts
}

fn add(build: &mut Vec<Finding>, what: &str, evidence: Option<Evidence>, looked_for: &str) {
    build.push(Finding {
        what: what.to_string(),
        has: evidence.is_some(),
        sure: match evidence {
            Some(_) => Sure::Certain,
            None => Sure::Likely,
        },
        evidence: vec![evidence.unwrap_or_else(|| missing(looked_for))],
    });
}

fn yes(what: &str, sure: Sure, evidence: Evidence) -> Finding {
    Finding {
        what: what.to_string(),
        has: true,
        sure,
        evidence: vec![evidence],
    }
}
