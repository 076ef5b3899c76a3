//! p1bridge: WASI Preview 1 modules and components, each where only the other runs.
//!
//! | command | in → out |
//! |---|---|
//! | [`wrap`] | Preview 1 core module → component |
//! | [`flatten`] | component → one Preview 1 core module |
//! | [`http`] | a component that answers requests → a program in front of it |
//! | [`link`] | core modules and components → one core module, or one component |
//! | [`abi`] | any file with a world → how its functions are called |
//! | [`host`] | a flat module or WIT → glue for its host |
//! | [`check`] | any file and a profile → why it would not run there |
//! | [`lower`] | core module and a profile → core module that runs there |
//! | [`probe`] | the binary of a runtime → what it takes, as a profile |
//! | [`embed`] | core module → source with a slot for a firmware |
//! | [`weave`] | core module that imports WSI → Preview 1 core module, for the others |
//! | [`inspect`] | any file → what it is |
//! | [`run`] | either → its output, on a built-in interpreter |
//!
//! Every function here takes bytes and gives bytes or data; files are the command line's business.
//!
//! ```
//! use p1bridge::flatten::{FlattenOptions, flatten};
//!
//! fn for_the_device(component: &[u8]) -> anyhow::Result<Vec<u8>> {
//!     let options = FlattenOptions {
//!         profile: p1bridge::profiles::named("wamr-2020")?,
//!         ..FlattenOptions::default()
//!     };
//!     Ok(flatten(component, &options)?.wasm)
//! }
//! assert!(for_the_device(b"no component").is_err());
//! ```
//!
//! # What is stable
//!
//! The functions and types of this crate follow semantic versioning, those it re-exports too; `p1bridge-linker` is a part of it and
//! nothing to depend on by itself. Structs of options get new fields in minor versions: end them with `..Default::default()`.
#![warn(missing_docs)]
// Tables at the head of modules have what is inside of them, too.
#![allow(rustdoc::private_intra_doc_links)]

pub mod abi;
pub mod check;
/// The command line, for the programs of this crate.
#[doc(hidden)]
pub mod cli;
pub mod embed;
pub mod flatten;
mod guarded;
pub mod host;
mod hosts;
pub mod http;
pub mod inspect;
pub mod link;
pub mod lower;
pub mod probe;
pub mod profiles;
pub mod progress;
pub mod retrofit;
#[cfg(feature = "run")]
pub mod run;
pub mod signatures;
pub mod sniff;
mod validate;
pub mod weave;
pub mod wrap;
