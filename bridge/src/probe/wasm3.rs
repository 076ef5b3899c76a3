//! wasm3: its error messages, which changed between its releases.

use super::findings::{Finding, HostModule, Runtime, Sure, preview1_by_name};
use super::hits::{Evidence, Hits, missing};

/// Any three of these make it a wasm3.
const KNOWN: &[&str] = &[
    "malformed Wasm binary",
    "no operation found for opcode",
    "compiling function overran its stack height limit",
    "function is missing compiled m3 code",
    "memory allocation failed when acquiring a new M3 code page",
    "m3_NewEnvironment",
    "m3_LoadModule",
];

pub const SYMBOLS: &[&str] = &["m3_NewEnvironment", "m3_LoadModule", "m3_LinkWASI"];

/// Messages of 0.5 that 0.4.7 did not have.
const NEW: &[&str] = &[
    "malformed signature; return count overflow",
    "linear memory limitation exceeded",
    "only one memory per module is supported",
];
/// One of 0.4.7 that went.
const OLD: &str = "malformed function signature; too many return types";

pub fn strings() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().chain(NEW).copied().chain([OLD])
}

pub fn recognise(hits: &Hits) -> Option<Runtime> {
    let known: Vec<Evidence> = KNOWN.iter().filter_map(|name| hits.any(&[name])).collect();
    if known.len() < 3 {
        return None;
    }
    let new = hits.any(NEW);
    let old = hits.whole(OLD);
    let (version, base) = match (&new, &old) {
        (Some(_), None) => ("0.5", "wasm3-0.5"),
        (None, Some(_)) => ("0.4.7 or before", "wasm3"),
        _ => ("unknown, taken for 0.4.7", "wasm3"),
    };
    let sure = match new.is_some() == old.is_some() {
        true => Sure::Guess,
        false => Sure::Likely,
    };
    let shown = new.clone().or(old).unwrap_or_else(|| missing(OLD));
    let known_proposal = |name: &str| Finding {
        what: name.to_string(),
        has: true,
        sure,
        evidence: vec![shown.clone()],
    };
    let mut features: Vec<Finding> = ["mutable-globals", "sign-ext", "nontrapping-fptoint"]
        .into_iter()
        .map(known_proposal)
        .collect();
    for name in ["multivalue", "bulk-memory-opt"] {
        features.push(Finding {
            what: name.to_string(),
            has: base == "wasm3-0.5",
            sure,
            evidence: vec![shown.clone()],
        });
    }
    for name in ["bulk-memory", "reference-types", "simd128", "threads"] {
        features.push(Finding {
            what: name.to_string(),
            has: false,
            sure,
            evidence: vec![shown.clone()],
        });
    }
    Some(Runtime {
        kind: "wasm3",
        version: version.to_string(),
        version_sure: sure,
        sure: Sure::Certain,
        evidence: known.into_iter().take(3).collect(),
        base,
        features,
        build: Vec::new(),
        hosts: vec![HostModule::preview1(preview1_by_name(hits, true))],
        notes: Vec::new(),
        profile: String::new(),
    })
}
