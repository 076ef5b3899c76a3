//! Runtimes that are crates of Rust: panic messages have the path of the source, and with it the
//! version.

use super::findings::{Finding, HostModule, Runtime, Sure, preview1_by_name, version_behind};
use super::hits::Hits;
use super::image::Image;

struct Known {
    kind: &'static str,
    /// What is before the version in the path of a source.
    path: &'static str,
    /// The same of the crates that have its WASI.
    wasi: &'static [&'static str],
    /// The release that the built-in profile is of.
    profiled: u32,
    /// Proposals that came later than the oldest release that is still about, with the first
    /// release that has them without being asked.
    since: &'static [(&'static str, u32)],
}

const CRATES: &[Known] = &[
    Known {
        kind: "wasmtime",
        path: "/wasmtime-",
        wasi: &["/wasmtime-wasi-", "/wasi-common-"],
        profiled: 48,
        since: &[
            ("relaxed-simd", 15),
            ("multi-memory", 15),
            ("tail-call", 22),
            ("extended-const", 25),
            ("memory64", 30),
        ],
    },
    Known {
        kind: "wasmi",
        path: "/wasmi-",
        wasi: &["/wasmi_wasi-", "/wasi-common-"],
        profiled: 2,
        since: &[
            ("tail-call", 1),
            ("extended-const", 1),
            ("multi-memory", 1),
            ("simd128", 1),
            ("relaxed-simd", 1),
            ("memory64", 1),
        ],
    },
];

const COMMON: &[&str] = &[
    "mutable-globals",
    "sign-ext",
    "nontrapping-fptoint",
    "multivalue",
    "bulk-memory",
    "reference-types",
];

pub fn strings() -> impl Iterator<Item = &'static str> {
    CRATES
        .iter()
        .flat_map(|known| known.wasi.iter().copied().chain([known.path]))
}

pub fn recognise(images: &[Image], hits: &Hits) -> Vec<Runtime> {
    CRATES
        .iter()
        .filter_map(|known| one(known, images, hits))
        .collect()
}

fn one(known: &Known, images: &[Image], hits: &Hits) -> Option<Runtime> {
    let (version, shown) = version_behind(images, hits, known.path)?;
    let major: u32 = version.split('.').next()?.parse().ok()?;
    let sure = match major == known.profiled {
        true => Sure::Likely,
        false => Sure::Guess,
    };
    let since = |name: &&str| {
        let later = known.since.iter().find(|(later, _)| later == name);
        (later.map_or(0, |(_, since)| *since), name.to_string())
    };
    let mut features: Vec<Finding> = Vec::new();
    for name in COMMON
        .iter()
        .chain(known.since.iter().map(|(name, _)| name))
    {
        let (since, what) = since(name);
        features.push(Finding {
            what,
            has: major >= since,
            sure,
            evidence: vec![shown.clone()],
        });
    }
    // SIMD is as old as the releases of wasmtime that are about, a part of wasmi that can be left
    // out.
    if known.kind == "wasmtime" {
        features.push(Finding {
            what: "simd128".to_string(),
            has: true,
            sure,
            evidence: vec![shown.clone()],
        });
    }
    let wasi = known
        .wasi
        .iter()
        .find_map(|path| version_behind(images, hits, path));
    let mut notes = vec![
        "how the program uses the crate cannot be seen: the features that it switches off, and \
         functions of its own"
            .to_string(),
    ];
    let functions = match wasi {
        Some(_) => preview1_by_name(hits, false),
        None => {
            notes.push("no crate with WASI for it was found".to_string());
            Vec::new()
        }
    };
    Some(Runtime {
        kind: known.kind,
        version,
        version_sure: Sure::Certain,
        sure: Sure::Certain,
        evidence: std::iter::once(shown)
            .chain(wasi.map(|(_, shown)| shown))
            .collect(),
        base: known.kind,
        features,
        build: Vec::new(),
        hosts: vec![HostModule::preview1(functions)],
        notes,
        profile: String::new(),
    })
}
