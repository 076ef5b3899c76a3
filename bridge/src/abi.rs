//! What a host has to know of every function of a flat module: its type in WIT, its core type, how parameters and the result
//! are passed, and what is called around it. All of it is computed from the module, and checked against it.

use anyhow::{Result, bail};
use p1bridge_linker::plan::exports::HOST_ARENA;
use serde::Serialize;
use wit_parser::{Function, Type};

use crate::host::types::Layout;
use crate::signatures::{Core, Direction, Signature, functions, signatures, world};
use crate::sniff::{Binary, sniff};
use crate::wrap::survey_of;

/// The most core parameters and results that are passed as they are (`CanonicalABI.md`, "Flattening").
const MAX_FLAT_PARAMS: usize = 16;
const MAX_FLAT_RESULTS: usize = 1;

/// A function of an interface, as a host sees it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AbiFunction {
    /// Which way it goes through the boundary.
    pub direction: Direction,
    /// `INTERFACE#FUNCTION`, or `FUNCTION` alone.
    pub name: String,
    /// Its type in WIT.
    pub wit: String,
    /// The type of the core function; none where the module does not have it.
    pub core: Option<Core>,
    /// How its parameters are passed.
    pub params: Passed,
    /// None for a function without a result.
    pub result: Option<Passed>,
    /// The memory that addresses are of.
    pub memory: Option<&'static str>,
    /// The export that gives room for what goes into the guest: arguments of exports, results of imports.
    /// That of the host's arena says how large it is: what is free stands before the place for a result.
    pub realloc: Option<&'static str>,
    /// The export to call with the result when it has been read.
    pub post_return: Option<String>,
}

/// How values are passed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "as")]
pub enum Passed {
    /// As core values, so many for each.
    Flat {
        /// How many core values each value takes.
        values: Vec<usize>,
    },
    /// By the address of an area of the memory. Of an import, the address for the result is the last parameter.
    Area {
        /// Its size, in bytes.
        size: u32,
        /// What its address is a multiple of.
        alignment: u32,
        /// Where in it each value is, in bytes.
        offsets: Vec<u32>,
    },
}

/// The functions of the world of a file.
///
/// # Errors
///
/// When it has no world, and when a function of a module is not of the type that its world says.
pub fn manifest(file: &[u8]) -> Result<Vec<AbiFunction>> {
    let Some(world) = world(file)? else {
        bail!("it carries no world: it has no interfaces but WASI, or it was stripped");
    };
    let found = signatures(file)?.functions;
    let (resolve, _) = world.parts();
    let layout = Layout::new(resolve)?;
    let arena = sniff(file)? == Binary::Module && survey_of(file)?.exports_func(HOST_ARENA);
    let mut all = Vec::new();
    for direction in [Direction::Import, Direction::Export] {
        for (interface, function) in functions(&world, direction) {
            let is_it = |signature: &&Signature| {
                signature.direction == direction
                    && signature.interface == interface
                    && signature.function == function.name
            };
            let Some(signature) = found.iter().find(is_it) else {
                continue;
            };
            let mut one = of_function(&layout, signature, function, direction);
            if arena && direction == Direction::Import && one.realloc.is_some() {
                one.realloc = Some(HOST_ARENA);
            }
            check(&one, &layout, function)?;
            all.push(one);
        }
    }
    Ok(all)
}

fn of_function(
    layout: &Layout<'_>,
    signature: &Signature,
    function: &Function,
    direction: Direction,
) -> AbiFunction {
    let types: Vec<Type> = function.params.iter().map(|param| param.ty).collect();
    let flat: Vec<usize> = types.iter().map(|ty| layout.flat(ty)).collect();
    let params = match flat.iter().sum::<usize>() <= MAX_FLAT_PARAMS {
        true => Passed::Flat { values: flat },
        false => {
            let (size, alignment) = layout.record(&types);
            Passed::Area {
                size,
                alignment,
                offsets: layout.fields(&types),
            }
        }
    };
    let result = function.result.as_ref().map(|ty| match layout.flat(ty) {
        values if values <= MAX_FLAT_RESULTS => Passed::Flat {
            values: vec![values],
        },
        _ => Passed::Area {
            size: layout.size(ty),
            alignment: layout.align(ty),
            offsets: vec![0],
        },
    });
    let views = |ty: &Type| layout.has_views(ty);
    let in_area = |passed: &Passed| matches!(passed, Passed::Area { .. });
    let into_guest = match direction {
        Direction::Export => types.iter().any(views) || in_area(&params),
        Direction::Import => function.result.as_ref().is_some_and(views),
    };
    let memory = types.iter().chain(&function.result).any(views)
        || in_area(&params)
        || result.as_ref().is_some_and(in_area);
    AbiFunction {
        direction,
        name: signature.name(),
        wit: signature.wit.clone().unwrap_or_default(),
        core: signature.core.clone(),
        memory: memory.then_some("memory"),
        realloc: into_guest.then_some("cabi_realloc"),
        post_return: signature.post_return.clone(),
        params,
        result,
    }
}

/// Holds the core function of a module to what the world says of it.
fn check(one: &AbiFunction, layout: &Layout<'_>, function: &Function) -> Result<()> {
    let Some(core) = &one.core else { return Ok(()) };
    let name = |letter: char| match letter {
        'i' => "i32",
        'I' => "i64",
        'f' => "f32",
        _ => "f64",
    };
    let mut params: Vec<&str> = match &one.params {
        Passed::Area { .. } => vec!["i32"],
        Passed::Flat { .. } => {
            let flat = function
                .params
                .iter()
                .flat_map(|param| layout.flat_types(&param.ty));
            flat.map(name).collect()
        }
    };
    let mut results: Vec<&str> = Vec::new();
    match (&one.result, &function.result, one.direction) {
        (Some(Passed::Flat { .. }), Some(ty), _) => {
            results.extend(layout.flat_types(ty).into_iter().map(name));
        }
        (Some(Passed::Area { .. }), _, Direction::Import) => params.push("i32"),
        (Some(Passed::Area { .. }), _, Direction::Export) => results.push("i32"),
        _ => {}
    }
    let right = Core {
        params: params.into_iter().map(str::to_string).collect(),
        results: results.into_iter().map(str::to_string).collect(),
    };
    if *core != right {
        bail!(
            "{} is {}, but the module's function is {core} and not {right}: the module is not of the world that it carries",
            one.name,
            one.wit
        );
    }
    Ok(())
}

impl std::fmt::Display for Passed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list =
            |numbers: &mut dyn Iterator<Item = String>| numbers.collect::<Vec<_>>().join(", ");
        match self {
            Passed::Flat { values } if values.is_empty() => write!(f, "none"),
            Passed::Flat { values } => write!(
                f,
                "as core values: {}",
                list(&mut values.iter().map(ToString::to_string))
            ),
            Passed::Area {
                size,
                alignment,
                offsets,
            } => {
                write!(f, "in {size} bytes aligned to {alignment}")?;
                match offsets.len() {
                    0 | 1 => Ok(()),
                    _ => write!(
                        f,
                        ", at {}",
                        list(&mut offsets.iter().map(ToString::to_string))
                    ),
                }
            }
        }
    }
}

impl std::fmt::Display for AbiFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let direction = match self.direction {
            Direction::Import => "import",
            Direction::Export => "export",
        };
        writeln!(f, "{direction} {}: {}", self.name, self.wit)?;
        match &self.core {
            Some(core) => writeln!(f, "  core: {core}")?,
            None => writeln!(f, "  core: the module does not have it")?,
        }
        writeln!(f, "  parameters: {}", self.params)?;
        if let Some(result) = &self.result {
            writeln!(f, "  result: {result}")?;
        }
        if let Some(realloc) = self.realloc {
            writeln!(f, "  room: {realloc}")?;
        }
        if let Some(post) = &self.post_return {
            writeln!(f, "  afterwards: {post}")?;
        }
        Ok(())
    }
}
