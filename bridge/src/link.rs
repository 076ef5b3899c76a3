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

use crate::flatten::{Allow, FlattenOptions, Flattened, flatten, has_sockets};
use crate::http::Http;
use crate::validate::validate;
use crate::weave::{self, WeaveOptions};
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
    let mut nodes = nodes.collect::<Result<Vec<_>>>()?;
    let mut choices = choices.clone();
    let mut notes = Vec::new();
    if let Some(http) = choices.http {
        let main = &nodes[wiring::MAIN];
        let (resolve, world) = main.world();
        let front = Input {
            name: http.option().to_string(),
            wasm: crate::http::front(http, &main.name, resolve, world)?,
            world: None,
        };
        let others = crate::http::left_out(resolve, world);
        if !others.is_empty() {
            notes.push(format!(
                "the program answers requests, and exports nothing else of {}: {} is left out",
                main.name,
                others.join(", ")
            ));
        }
        choices
            .chains
            .push(vec![front.name.clone(), main.name.clone()]);
        nodes.insert(wiring::MAIN, Node::read(&front, &[])?);
    }
    let mut wiring = wiring::wire(&nodes, &choices)?;
    wiring.notes.splice(0..0, notes);
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
    if choices.http == Some(Http::Server) && !has_sockets(options) {
        bail!(
            "--http server listens on a socket, and the host has no functions for that: add --sockets wamr if it has those \
             of WAMR, or a profile that says so"
        );
    }
    let (woven, notes) = on_preview1(inputs, options)?;
    let mut linked = compose(&woven, raws, choices)?;
    linked.notes.extend(notes);
    let mut options = FlattenOptions {
        names: linked.names.clone(),
        ..options.clone()
    };
    options
        .allow
        .retain(|allow| !is_about_core_of_wsi(inputs, allow));
    let flat = flatten(&linked.component, &options)
        .context("offsets are those of the composition, which `--component` writes")?;
    Ok((linked, flat))
}

/// Makes a program of one component that answers requests, and flattens it.
///
/// # Errors
///
/// When it has no handler of WASI 0.2, and those of [`flatten`].
pub fn serve(
    component: &[u8],
    name: &str,
    http: Http,
    options: &FlattenOptions,
) -> Result<Flattened> {
    let input = Input {
        name: name.to_string(),
        wasm: component.to_vec(),
        world: None,
    };
    if !wasmparser::Parser::is_component(component) {
        // Says what it is instead.
        return flatten(component, options);
    }
    let choices = Choices {
        http: Some(http),
        ..Choices::default()
    };
    let (linked, mut flat) = link(&[input], &[], &choices, options)?;
    flat.report.notes.splice(0..0, linked.notes);
    Ok(flat)
}

/// The files with calls of Preview 1 in the place of those of WSI, and what differs then.
fn on_preview1(inputs: &[Input], options: &FlattenOptions) -> Result<(Vec<Input>, Vec<String>)> {
    let (of_wsi, others): (Vec<Allow>, Vec<Allow>) =
        { options.allow.iter().cloned() }.partition(|allow| is_about_core_of_wsi(inputs, allow));
    // A component may import what it is about, which is seen later.
    if !{ inputs.iter() }.any(|input| wasmparser::Parser::is_component(&input.wasm))
        && let Some(allow) = others
            .iter()
            .find(|allow| allow.interface.starts_with("wsi:"))
    {
        bail!("--allow {allow}: no core module imports such a function");
    }
    let mut notes = Vec::new();
    let mut woven = inputs.to_vec();
    for input in &mut woven {
        let mut choices = WeaveOptions {
            deny_approximations: options.deny_approximations,
            allow: of_wsi.clone(),
            ..WeaveOptions::default()
        };
        choices
            .allow
            .retain(|allow| weave::imports(&input.wasm, allow));
        if let Some(most) = options.max_poll {
            choices.max_poll = most;
        }
        let made = weave::weave(&input.wasm, &choices);
        if let Some(made) = made.with_context(|| input.name.clone())? {
            let said = weave::differs(&made);
            notes.extend(
                said.into_iter()
                    .map(|note| format!("{}: {note}", input.name)),
            );
            input.wasm = made.wasm;
        }
    }
    Ok((woven, notes))
}

/// Whether it is about a function of WSI that some core module imports: those of components are for [`flatten`].
fn is_about_core_of_wsi(inputs: &[Input], allow: &Allow) -> bool {
    allow.interface.starts_with("wsi:")
        && inputs
            .iter()
            .any(|input| weave::imports(&input.wasm, allow))
}

/// Whether `wasm` is a core module that carries no world of its own.
pub fn needs_world(wasm: &[u8]) -> bool {
    !wasmparser::Parser::is_component(wasm)
        && crate::wrap::survey_of(wasm).is_ok_and(|survey| survey.worlds.is_empty())
}
