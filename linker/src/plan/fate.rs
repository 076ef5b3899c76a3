//! What becomes of each function of WASI that a component imports.

use anyhow::Result;
use serde::Serialize;

use super::allowed::{self, codes};
use crate::options::Options;
use crate::parse;
use crate::resolve::{self, ImportedFunc};
use crate::wasi::{self, Allow, Class};

/// What becomes of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A library has it, exactly.
    Linked,
    /// A library has it with this difference.
    Approximated(&'static str),
    Stub(Stub),
    Refused(Refusal),
}

/// Why a function cannot be linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub why: String,
    /// The error that it could be allowed to return instead, or `trap`; none where nothing can be
    /// allowed.
    pub code: Option<&'static str>,
}

/// A reason that no option takes away.
impl From<String> for Refusal {
    fn from(why: String) -> Refusal {
        Refusal { why, code: None }
    }
}

impl From<&str> for Refusal {
    fn from(why: &str) -> Refusal {
        why.to_string().into()
    }
}

impl Refusal {
    /// The reason, and the option that makes the function one that only fails. `interface` may have a
    /// version.
    pub fn says(&self, interface: &str, function: &str) -> String {
        let Some(code) = self.code else {
            return self.why.clone();
        };
        let allow = Allow::new(interface, function, code);
        let what = match code {
            "trap" => "traps",
            _ => "returns that error",
        };
        format!(
            "{}; --allow {allow} makes it a function that {what}",
            self.why
        )
    }
}

/// A function that only returns an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stub {
    /// The name of the error, or `trap`.
    pub code: String,
    /// The case of the error type; none for a trap.
    pub case: Option<u32>,
}

/// Whether the target has functions for sockets.
pub fn has_sockets(options: &Options) -> bool {
    options.profile.host.sockets
}

/// The class of a function on the target; none for one that is not known. `interface` is as
/// [`wasi::keyed`] gives it.
pub fn class(options: &Options, interface: &str, function: &str) -> Option<Class> {
    let known = wasi::known(interface, function)?;
    Some(match has_sockets(options) {
        true => known.sockets,
        false => known.plain,
    })
}

/// What becomes of an import of `interface` (without its version).
pub fn fate(options: &Options, interface: &str, import: &ImportedFunc) -> Fate {
    let function = import.name.as_str();
    let key = wasi::keyed(import.interface.as_deref().unwrap_or(interface));
    let newest = match key.ends_with("@0.3") {
        true => wasi::NEWEST_0_3,
        false => wasi::NEWEST,
    };
    let Some(known) = wasi::known(&key, function) else {
        let why = match wasi::knows_interface(&key) {
            _ if interface.starts_with("wsi:") => "WSI 0.1 has no such function".to_string(),
            true => format!(
                "{interface} has no such function up to {}, the newest release that is known",
                newest
            ),
            false => format!(
                "WASI has no such interface up to {}, the newest release that is known",
                newest
            ),
        };
        return stub_or(options, interface, import, why);
    };
    if known.shape != import.shape {
        let of = match interface.starts_with("wsi:") {
            true => "WSI 0.1",
            false if key.ends_with("@0.3") => "WASI 0.3",
            false => "WASI 0.2",
        };
        return Fate::Refused(format!("the component's type for it is not that of {of}").into());
    }
    match class(options, &key, function) {
        Some(Class::Impossible) => {
            stub_or(options, interface, import, impossible(interface, known))
        }
        Some(Class::Approximated) if options.deny_approximations => {
            Fate::Refused(format!("it would be approximated: {}", known.note).into())
        }
        Some(Class::Approximated) => Fate::Approximated(known.note),
        _ => Fate::Linked,
    }
}

/// Why a function is impossible on the target.
fn impossible(interface: &str, known: wasi::Function) -> String {
    let sockets = known.sockets != Class::Impossible;
    match interface {
        _ if sockets => {
            "Preview 1 has no sockets that a program can open (--sockets=wamr for a host \
                         with the functions of WAMR for them)"
                .to_string()
        }
        "wsi:sys/sockets" | "wsi:sys/devices" => "only a host of WSI has it".to_string(),
        i if i.starts_with("wasi:http/") => "Preview 1 has no HTTP".to_string(),
        _ => "the host has nothing for it".to_string(),
    }
}

/// The stub that the user allows, or the error that says so.
fn stub_or(options: &Options, interface: &str, import: &ImportedFunc, why: String) -> Fate {
    let function = import.name.as_str();
    let allow = Allow::most_specific(&options.allow, interface, function);
    let codes = codes(import);
    let Some(allow) = allow else {
        let code = [
            "not-supported",
            "permanent-resolver-failure",
            "internal-error",
        ]
        .into_iter()
        .filter(|code| interface.contains("lookup") == code.contains("resolver"))
        .find(|code| codes.iter().any(|(known, _)| known == code))
        .unwrap_or("trap");
        let code = Some(code);
        return Fate::Refused(Refusal { why, code });
    };
    if allow.code == "trap" {
        let code = allow.code.clone();
        return Fate::Stub(Stub { code, case: None });
    }
    match codes.into_iter().find(|(code, _)| *code == allow.code) {
        Some((code, case)) => Fate::Stub(Stub {
            code,
            case: Some(case),
        }),
        // What is said of many functions is not meant to be about one that has no such error.
        None if !allow.is_exact() => Fate::Stub(Stub {
            code: "trap".to_string(),
            case: None,
        }),
        None => Fate::Refused(
            format!(
                "--allow {allow}: the function has no such error{}",
                match import.errors.is_empty() {
                    true => "; `trap` is all that it can be made to do".to_string(),
                    false => format!(": it has {}", import.errors.join(", ")),
                }
            )
            .into(),
        ),
    }
}

/// A function of WASI that a component imports.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Row {
    /// `interface@version#function`
    pub function: String,
    /// The letter of its class on the target ([`Class`]); none for a function that is not known.
    pub class: Option<char>,
    /// What a call of it becomes, in words.
    pub becomes: String,
}

/// What becomes of every function of WASI that a component imports, whether it is reached or not.
///
/// # Errors
///
/// Fails for what is not a valid component, and for components that cannot be evaluated.
pub fn table(component: &[u8], options: &Options) -> Result<Vec<Row>> {
    let input = parse::component(component)?;
    let program = resolve::program(&input)?;
    allowed::check(options, &program)?;
    let mut rows = Vec::new();
    for import in &program.imports {
        let Some(full) = import.interface.as_deref() else {
            continue;
        };
        if !wasi::is_system(full) {
            continue;
        }
        let interface = full.split('@').next().unwrap_or(full);
        let class = class(options, &wasi::keyed(full), &import.name);
        let becomes = match fate(options, interface, import) {
            Fate::Linked => match class {
                Some(Class::Local) => "linked, without the host".to_string(),
                _ => "linked".to_string(),
            },
            Fate::Approximated(note) => format!("approximated: {note}"),
            Fate::Stub(Stub { case: None, .. }) => "traps when it is called".to_string(),
            Fate::Stub(stub) => format!("returns {}", stub.code),
            Fate::Refused(refusal) => {
                let says = refusal.says(interface, &import.name);
                format!("refused if it is reached: {says}")
            }
        };
        rows.push(Row {
            function: format!("{full}#{}", import.name),
            class: class.map(Class::letter),
            becomes,
        });
    }
    rows.sort_by(|a, b| a.function.cmp(&b.function));
    Ok(rows)
}
