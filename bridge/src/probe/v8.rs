//! V8, in Node.js: its version, and the defaults of its flags where symbols say where they are.

use super::findings::{Finding, HostModule, Runtime, Sure, preview1_by_name, version_behind};
use super::hits::{Evidence, EvidenceKind, Hits, evidence};
use super::image::Image;

/// Behind the number of V8, as Node.js builds it: `11.3.244.8-node.38`.
const SUFFIX: &str = "-node.";
/// In the address of its own source, `https://nodejs.org/download/release/v20.20.2/…`.
const RELEASE: &str = "nodejs.org/download/release/v";

/// Proposals, the V8 (major, minor) that has them without a flag, and the flag until then.
const FEATURES: &[(&str, (u32, u32), &str)] = &[
    ("mutable-globals", (7, 4), ""),
    ("sign-ext", (7, 4), ""),
    ("nontrapping-fptoint", (7, 5), ""),
    ("bulk-memory", (7, 5), ""),
    ("multivalue", (8, 5), ""),
    ("threads", (8, 3), ""),
    ("simd128", (9, 1), ""),
    ("legacy-exception-handling", (9, 5), ""),
    ("reference-types", (9, 6), "reftypes"),
    ("tail-call", (11, 2), "return_call"),
    ("relaxed-simd", (11, 4), "relaxed_simd"),
    ("extended-const", (11, 4), "extended_const"),
    ("function-references", (11, 9), "typed_funcref"),
    ("gc", (11, 9), "gc"),
    ("multi-memory", (12, 0), "multi_memory"),
    ("memory64", (13, 3), "memory64"),
    ("exception-handling", (13, 7), "exnref"),
];

pub fn strings() -> impl Iterator<Item = &'static str> {
    [SUFFIX, RELEASE].into_iter()
}

/// Whether it is the default of a flag for a proposal: `v8::internal::FLAGDEFAULT_…`.
pub fn is_symbol(name: &str) -> bool {
    name.starts_with("_ZN2v88internalL") && name.contains("FLAGDEFAULT_experimental_wasm_")
}

pub fn recognise(images: &[Image], hits: &Hits) -> Option<Runtime> {
    let bytes = images.first()?.bytes;
    let (v8, found) = hits
        .offsets(SUFFIX)
        .find_map(|offset| engine_version(bytes, offset))?;
    let node = version_behind(images, hits, RELEASE);
    let version = match &node {
        Some((version, _)) => format!("{version}, V8 {}.{}", v8.0, v8.1),
        None => format!("V8 {}.{}", v8.0, v8.1),
    };
    let features = FEATURES
        .iter()
        .map(
            |&(name, since, flag)| match default_of(images, hits, flag) {
                Some((on, shown)) => Finding {
                    what: name.to_string(),
                    has: on,
                    sure: Sure::Certain,
                    evidence: vec![shown],
                },
                None => Finding {
                    what: name.to_string(),
                    has: v8 >= since,
                    sure: Sure::Likely,
                    evidence: vec![found.clone()],
                },
            },
        )
        .collect();
    let mut evidence = vec![found.clone()];
    evidence.extend(node.map(|(_, shown)| shown));
    Some(Runtime {
        kind: "node",
        version,
        version_sure: Sure::Certain,
        sure: Sure::Certain,
        evidence,
        base: "node",
        features,
        build: Vec::new(),
        hosts: vec![HostModule::preview1(preview1_by_name(hits, true))],
        notes: vec![
            "the binary does not show what a JavaScript program provides beside WASI".to_string(),
        ],
        profile: String::new(),
    })
}

/// The four numbers before the suffix, the first two of them.
fn engine_version(bytes: &[u8], offset: usize) -> Option<((u32, u32), Evidence)> {
    let before = &bytes[offset.saturating_sub(24)..offset];
    let start = before
        .iter()
        .rposition(|byte| !byte.is_ascii_digit() && *byte != b'.')
        .map_or(0, |at| at + 1);
    let text = std::str::from_utf8(&before[start..]).ok()?;
    let numbers: Vec<u32> = text
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    let &[major, minor, _, _] = &numbers[..] else {
        return None;
    };
    let at = offset - text.len();
    let shown = evidence(EvidenceKind::String, format!("{text}{SUFFIX}"), at);
    Some(((major, minor), shown))
}

/// The default of a flag, read where its symbol says that it is.
fn default_of(images: &[Image], hits: &Hits, flag: &str) -> Option<(bool, Evidence)> {
    if flag.is_empty() {
        return None;
    }
    let plain = format!("FLAGDEFAULT_experimental_wasm_{flag}");
    let symbol = format!("_ZN2v88internalL{}{plain}E", plain.len());
    let defined = hits.defined(&symbol)?;
    let image = images.get(defined.image)?;
    let offset = image.offset_of(defined.address?)?;
    let on = match image.bytes[offset] {
        0 => false,
        1 => true,
        _ => return None,
    };
    let text = format!("v8::internal::{plain} is {on}");
    Some((on, evidence(EvidenceKind::Code, text, offset)))
}
