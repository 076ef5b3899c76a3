//! What a call from one guest to another costs in fuel, next to what it has cost.

use anyhow::{Context, Result, ensure};
use p1bridge_linker::{Options, Profile, flatten};

use super::Figure;
use crate::speed::{CALLS, VALUES, calls, fuel, values};

/// By how much a call may cost more than it did: two of a hundred.
const MORE: f64 = 1.02;

/// The fuel of a call of each row with the loop around it, in a module for every runtime and in one for a runtime
/// that has vectors and moves bytes by an instruction.
const WERE: &[(&str, [u64; 2])] = &[
    ("number", [13, 13]),
    ("text16", [107, 107]),
    ("text4096", [5075, 3218]),
    ("bytes", [67_701, 1091]),
    ("record", [37, 37]),
    ("own", [203, 203]),
    ("borrow", [85, 85]),
    ("utf8-utf16", [634, 548]),
    ("utf8-utf16-long", [37_840, 11_183]),
    ("utf16-utf8", [399, 343]),
    ("utf16-utf8-long", [31_509, 9013]),
    ("utf16-long", [39_433, 10_601]),
    ("latin1-utf8-long", [14_059, 7172]),
    ("utf8-latin1-long", [17_796, 9051]),
    ("latin1-utf16-long", [20_763, 3365]),
    ("utf16-latin1-long", [31_518, 9022]),
    ("words-utf8", [33_377, 14_407]),
    ("words-utf8-utf16", [87_285, 72_590]),
    ("words-utf16-utf8", [81_404, 70_808]),
    ("strings", [2334, 2334]),
    ("bools", [1261, 1261]),
    ("chars", [4804, 4804]),
    ("enums", [1330, 1330]),
    ("options", [8478, 8478]),
    ("option", [71, 71]),
    ("variant", [51, 51]),
    ("result", [82, 82]),
    ("given", [182, 182]),
    ("many", [154, 154]),
];

/// Each row of the calls that the benchmark measures, for both profiles.
///
/// # Errors
///
/// When a component cannot be flattened, or has an export of which nothing is known here.
pub fn between() -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (component, rows) in [(calls()?, CALLS), (values()?, VALUES)] {
        let make = |profile: &str| -> Result<Vec<u8>> {
            let options = Options {
                profile: Profile::named(profile).context("a built-in profile")?,
                ..Options::default()
            };
            Ok(flatten(&component, &[], &options)?.wasm)
        };
        let modules = [make("portable")?, make("wasmi")?];
        for (export, what) in rows {
            let (_, were) = WERE
                .iter()
                .find(|(name, _)| name == export)
                .with_context(|| format!("what {export} has cost is not known"))?;
            let mut results = Vec::new();
            for ((module, were), profile) in modules.iter().zip(were).zip(["", ", for wasmi"]) {
                let (one, _) = fuel(module, export, 1)?;
                let (three, result) = fuel(module, export, 3)?;
                results.push(result);
                figures.push(Figure {
                    what: format!("fuel of a call, {what}{profile}"),
                    value: (three - one) as f64 / 2.0,
                    goal: (*were as f64 * MORE).floor(),
                });
            }
            ensure!(results[0] == results[1], "{export} gives {results:?}");
        }
    }
    Ok(figures)
}
