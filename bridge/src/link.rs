//! `link`: core modules and components become one core module, or one component.
//!
//! Every file is a component first: a core module is wrapped, with an adapter for its Preview 1 calls.
//! The components are composed, and the composition is flattened, which takes the adapters out again.
//!
//! | step | decides |
//! |---|---|
//! | [`node`] | what each file imports and exports |
//! | [`wiring`] | which export fills which import; [`version`] and [`types`] say what fits |
//! | [`compose`] | the composition of that, as a component |

mod compose;
mod node;
mod raw;
mod show;
mod types;
mod version;
mod wiring;

use anyhow::{Context, Result, bail};

use crate::flatten::{FlattenOptions, Flattened, flatten};
use crate::validate::validate;
use crate::wrap::World;

use node::Node;
pub use raw::Raw;
pub use wiring::{Choices, Plug};

/// A file that is linked.
#[derive(Clone, Debug)]
pub struct Input {
    /// How messages and options call it: the path as it was given.
    pub name: String,
    /// A component or a core module.
    pub wasm: Vec<u8>,
    /// The world of a core module that carries none.
    pub world: Option<World>,
}

/// What is linked, and to what.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The composition: a component.
    pub component: Vec<u8>,
    /// What the components inside of it are called, in their order.
    pub names: Vec<String>,
    /// Which export fills which import, and what is left to the host, one line each.
    pub plan: Vec<String>,
    /// What may not be as it was meant, one sentence each.
    pub notes: Vec<String>,
}

/// Composes `inputs`, of which the first is the program, and the others are libraries for it and for
/// each other.
///
/// # Errors
///
/// When a file is not what can be linked, when it is open which export is meant or the types differ,
/// and when files need each other in a circle. The message lists what there is and the option to write.
pub fn compose(inputs: &[Input], raws: &[Raw], choices: &Choices) -> Result<Linked> {
    if let Some(input) = inputs
        .iter()
        .find(|input| crate::wrap::has_threads(&input.wasm))
    {
        bail!(
            "{}: it is a program with threads (its memory is shared), and every thread is a new instance of it: it cannot be \
             linked with others; `p1bridge lower` takes it for a runtime with threads",
            input.name
        );
    }
    let nodes = inputs.iter().map(|input| Node::read(input, raws));
    let nodes = nodes.collect::<Result<Vec<_>>>()?;
    let mut wiring = wiring::wire(&nodes, choices)?;
    for instance in &wiring.instances {
        for note in &nodes[instance.node].notes {
            if !wiring.notes.contains(note) {
                wiring.notes.push(note.clone());
            }
        }
    }
    for raw in raws {
        let used = inputs.iter().any(|input| {
            !wasmparser::Parser::is_component(&input.wasm)
                && crate::wrap::survey_of(&input.wasm)
                    .is_ok_and(|survey| survey.imports_from(&raw.name))
        });
        if !used {
            bail!(
                "--raw {}={}: no core module imports from {}",
                raw.name,
                raw.file,
                raw.name
            );
        }
    }
    let (component, inside) = compose::encode(&nodes, &wiring)?;
    if let Err(error) = validate(&component) {
        bail!(
            "the parts do not make a valid component: {error:#}\n{}",
            show::plan(&nodes, &wiring).join("\n")
        );
    }
    Ok(Linked {
        names: inside
            .iter()
            .map(|&at| nodes[at].shown(&nodes).to_string())
            .collect(),
        plan: show::plan(&nodes, &wiring),
        notes: wiring.notes,
        component,
    })
}

/// Composes `inputs` and flattens the composition.
///
/// # Errors
///
/// Those of [`compose`] and of [`flatten`].
pub fn link(
    inputs: &[Input],
    raws: &[Raw],
    choices: &Choices,
    options: &FlattenOptions,
) -> Result<(Linked, Flattened)> {
    let linked = compose(inputs, raws, choices)?;
    let options = FlattenOptions {
        names: linked.names.clone(),
        ..options.clone()
    };
    let flat = flatten(&linked.component, &options)
        .context("offsets are those of the composition, which `--component` writes")?;
    Ok((linked, flat))
}

/// Whether `wasm` is a core module that carries no world of its own.
pub fn needs_world(wasm: &[u8]) -> bool {
    !wasmparser::Parser::is_component(wasm)
        && crate::wrap::survey_of(wasm).is_ok_and(|survey| survey.worlds.is_empty())
}
