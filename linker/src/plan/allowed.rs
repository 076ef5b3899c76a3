//! Whether each `--allow` is about something, and what can be allowed.

use anyhow::{Result, bail};

use crate::abi::Type;
use crate::nearest::{did_you_mean, nearest};
use crate::options::Options;
use crate::resolve::{ImportedFunc, Program};
use crate::wasi::{self, Allow};
use crate::wsi;

/// Refuses what is allowed and matches no function that the component imports, is said twice in two
/// ways, or names an error that no function of an interface has: nobody would be told that it is
/// misspelt.
///
/// # Errors
///
/// Names all of them, with the nearest name of what there is.
pub fn check(options: &Options, program: &Program) -> Result<()> {
    let imports: Vec<(&str, &ImportedFunc)> = program
        .imports
        .iter()
        .filter_map(|import| Some((without_version(import.interface.as_deref()?), import)))
        .collect();
    let complaints: Vec<String> = (0..options.allow.len())
        .filter_map(|at| {
            let allow = &options.allow[at];
            // Of its core form: the component side is asked for as the rest of WASI is.
            let of_component =
                |(interface, import): &(&str, &ImportedFunc)| allow.is_for(interface, &import.name);
            let of_wsi =
                allow.interface.starts_with(wsi::PREFIX) && !imports.iter().any(of_component);
            twice(&options.allow[..at], allow)
                .or_else(|| match of_wsi {
                    true => not_of_wsi(allow, program),
                    false => unmatched(allow, &imports).or_else(|| no_code(allow, &imports)),
                })
                .map(|why| format!("--allow {allow}: {why}"))
        })
        .collect();
    match complaints.is_empty() {
        true => Ok(()),
        false => bail!("{}", complaints.join("\n  ")),
    }
}

/// What is wrong with one about WSI: those functions only have one error that says that they are not there.
fn not_of_wsi(allow: &Allow, program: &Program) -> Option<String> {
    let mut hosts = program.hosts.iter();
    if !hosts.any(|host| allow.is_for(without_version(&host.module), &host.name)) {
        return Some("no core module imports such a function".to_string());
    }
    (allow.code != "nosys")
        .then(|| "a function of WSI can be made to return nosys only".to_string())
}

fn without_version(interface: &str) -> &str {
    interface.split('@').next().unwrap_or(interface)
}

fn twice(before: &[Allow], allow: &Allow) -> Option<String> {
    let same = |other: &&Allow| {
        (&other.interface, &other.function) == (&allow.interface, &allow.function)
            && other.code != allow.code
    };
    let other = before.iter().find(same)?;
    Some(format!(
        "it is allowed with the error {} as well; only one of them can be returned",
        other.code
    ))
}

fn unmatched(allow: &Allow, imports: &[(&str, &ImportedFunc)]) -> Option<String> {
    let is_wasi = wasi::is_system;
    let mut of_it = imports
        .iter()
        .filter(|(interface, import)| allow.is_for(interface, &import.name));
    match of_it.next() {
        Some((interface, _)) if is_wasi(interface) => return None,
        Some((interface, _)) => {
            return Some(format!(
                "{interface} is an interface of the component's own, whose functions stay imports; \
                 only functions of WASI can be allowed to fail"
            ));
        }
        None => {}
    }
    // Of the same form, so that the answer can be typed.
    let form = |interface: &str, function: &str| match (&*allow.interface, &*allow.function) {
        (all, _) if all.ends_with('*') => {
            let package = interface.split('/').next().unwrap_or(interface);
            format!("{package}/*#*")
        }
        (_, "*") => format!("{interface}#*"),
        _ => format!("{interface}#{function}"),
    };
    let imported: Vec<String> = imports
        .iter()
        .filter(|(interface, _)| is_wasi(interface))
        .map(|(interface, import)| form(interface, &import.name))
        .collect();
    let known: Vec<String> = wasi::names()
        .filter_map(|name| name.split_once('#'))
        .map(|(interface, function)| form(interface, function))
        .collect();
    let name = format!("{}#{}", allow.interface, allow.function);
    let near =
        |names: &[String]| nearest(&name, names.iter().map(String::as_str)).map(str::to_owned);
    Some(match (near(&imported), known.contains(&name)) {
        (None, true) => {
            "the component imports no such function, so there is nothing to allow: leave it out"
                .to_string()
        }
        (found, _) => format!(
            "the component imports no such function{}",
            did_you_mean(found.or_else(|| near(&known)).as_deref())
        ),
    })
}

/// An error for many functions, of which those without errors trap, is one that some of them have.
fn no_code(allow: &Allow, imports: &[(&str, &ImportedFunc)]) -> Option<String> {
    if allow.is_exact() || allow.code == "trap" {
        return None;
    }
    let has: Vec<String> = imports
        .iter()
        .filter(|(interface, import)| allow.is_for(interface, &import.name))
        .flat_map(|(_, import)| codes(import))
        .map(|(code, _)| code)
        .collect();
    if has.is_empty() || has.contains(&allow.code) {
        return None;
    }
    Some(format!(
        "none of these functions has such an error{}",
        did_you_mean(nearest(&allow.code, has.iter().map(String::as_str)))
    ))
}

/// The errors that a stub can return, with their cases: those without a payload, or with one that
/// may be absent.
pub fn codes(import: &ImportedFunc) -> Vec<(String, u32)> {
    let Some(Type::Variant(result)) = &import.ty.result else {
        return Vec::new();
    };
    let Some(Some(Type::Variant(cases))) = result.get(1) else {
        return Vec::new();
    };
    import
        .errors
        .iter()
        .zip(cases.iter().zip(0..))
        .filter(|(_, (payload, _))| match payload {
            None => true,
            Some(Type::Variant(option)) => option.len() == 2 && option[0].is_none(),
            Some(_) => false,
        })
        .map(|(name, (_, case))| (name.clone(), case))
        .collect()
}
