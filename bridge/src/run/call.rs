//! `--invoke`: what is called, and with which values.

use anyhow::{Context, Result, anyhow, bail};
use p1bridge_linker::nearest::{did_you_mean, nearest};
use wasmparser::FuncType;

use super::{Args, Call, values, wave};
use crate::signatures::types::{self, FunctionType};
use crate::signatures::{Direction, full_name, functions, world};
use crate::wrap::survey_of;

/// Reads a call: `text` is a name, whose arguments are `args`, or a whole call such as
/// `greet("x")`. `file` is the program as it was given, `module` what it is flattened to; both are
/// the same for a core module.
///
/// Functions of a world take values in WAVE, one for each parameter. Other exports take numbers.
///
/// # Errors
///
/// When there is no such function or several, or an argument is missing, too many or of another
/// type.
pub fn parse_call(file: &[u8], module: &[u8], text: &str, args: &[String]) -> Result<Call> {
    let (name, in_brackets) = match text.split_once('(') {
        Some((name, _)) if text.trim_end().ends_with(')') => {
            if !args.is_empty() {
                bail!(
                    "`{text}` has its arguments in brackets, but more follow: {}",
                    args.join(" ")
                );
            }
            (name.trim(), Some(text[name.len()..].trim()))
        }
        Some((name, _)) => bail!("the call of `{name}` has no closing bracket"),
        None => (text, None),
    };
    let survey = survey_of(module)?;
    let core: Vec<(&str, &FuncType)> = survey.exported_funcs().collect();
    let names = core.iter().map(|(name, _)| *name);
    let export = find(name, &names.collect::<Vec<_>>())?;
    if let Some(ty) = lifted(file, export)? {
        let fits = core
            .iter()
            .any(|(name, core)| *name == export && **core == ty.abi.lifted());
        if !fits {
            bail!("`{export}` has another type in the module than in its world");
        }
        let values = match in_brackets {
            Some(text) => wave::parse_arguments(text, &ty.params, export)?,
            None => separate(args, &ty, export)?,
        };
        return Ok(Call {
            export: export.to_string(),
            args: Args::Lifted(ty, values),
        });
    }
    let numbers: Vec<String> = match in_brackets.map(|text| text[1..text.len() - 1].trim()) {
        Some("") => Vec::new(),
        Some(inside) => inside
            .split(',')
            .map(|one| one.trim().to_string())
            .collect(),
        None => args.to_vec(),
    };
    Ok(Call {
        args: Args::Core(values::parse_args(module, export, &numbers)?),
        export: export.to_string(),
    })
}

fn separate(args: &[String], ty: &FunctionType, export: &str) -> Result<Vec<wave::Data>> {
    wave::expect(&ty.params, args.len(), export)?;
    let each = args.iter().zip(&ty.params);
    each.map(|(arg, (param, ty))| {
        wave::parse(arg, ty).with_context(|| format!("argument `{param}` of `{export}`"))
    })
    .collect()
}

/// The type of an export in the world of the program, if it has one there.
fn lifted(file: &[u8], export: &str) -> Result<Option<FunctionType>> {
    // Without a world there are numbers.
    let Ok(Some(world)) = world(file) else {
        return Ok(None);
    };
    for (interface, function) in functions(&world, Direction::Export) {
        if full_name(interface.as_deref(), &function.name) == export {
            let ty = types::function(world.parts().0, function);
            return ty
                .map(Some)
                .with_context(|| format!("`{export}` cannot be called"));
        }
    }
    Ok(None)
}

/// The export that `name` means: its name, or the end of it after a `/` or a `#`, with or without
/// the version.
fn find<'a>(name: &str, exports: &[&'a str]) -> Result<&'a str> {
    if let Some(export) = exports.iter().find(|export| **export == name) {
        return Ok(export);
    }
    // What belongs to another export is not meant.
    let own = exports
        .iter()
        .filter(|export| !export.starts_with("cabi_post_"));
    let short: Vec<&str> = own
        .clone()
        .copied()
        .filter(|export| shorter(export).any(|short| short == name))
        .collect();
    match short[..] {
        [one] => return Ok(one),
        [] => {}
        _ => bail!("`{name}` could be any of {}", quoted(&short)),
    }
    let mut all: Vec<String> = own.clone().flat_map(|export| shorter(export)).collect();
    all.extend(own.clone().map(|export| export.to_string()));
    let near = nearest(name, all.iter().map(String::as_str));
    let has = match exports.is_empty() {
        true => "it exports no function".to_string(),
        false => format!("it exports {}", quoted(&own.copied().collect::<Vec<_>>())),
    };
    Err(anyhow!(
        "the program exports no function `{name}`; {has}{}",
        did_you_mean(near)
    ))
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The ways to write `a:b/c@1.0.0#d` shorter: `d`, `c#d`, `c@1.0.0#d`, `a:b/c#d`.
fn shorter(export: &str) -> impl Iterator<Item = String> {
    let parts = export.split_once('#').map(|(interface, function)| {
        let bare = interface.split('@').next().unwrap_or(interface);
        let last = |name: &str| name.rsplit('/').next().unwrap_or(name).to_string();
        let version = &interface[bare.len()..];
        [
            function.to_string(),
            format!("{}#{function}", last(bare)),
            format!("{}{version}#{function}", last(bare)),
            format!("{bare}#{function}"),
        ]
    });
    parts.into_iter().flatten()
}
