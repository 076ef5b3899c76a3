//! Core module → core module without what a target lacks.
//!
//! The stage knows nothing of components: it is the last one of `flatten`, and the whole of
//! `p1bridge lower`. [`module`] parses and validates, [`Needs`] decides what is to be done, the
//! bodies are streamed once ([`body`]), and what they turned out to call is added behind them
//! ([`helpers`]). One file for each feature:
//!
//! | file | what it lowers |
//! |---|---|
//! | [`sign_ext`], [`sat_float`] | the operators of those proposals |
//! | [`bulk`](crate::memory::bulk), [`segments`] | `memory.copy`, `memory.fill`; passive data, `memory.init`, `data.drop` |
//! | [`exceptions`] | exceptions, before everything else |
//! | [`simd`] | vectors, before what is left |
//! | [`relaxed`] | relaxed instructions on vectors, where there are others |
//! | [`pass`], [`flow`] | what those two share |
//! | [`atomics`] | atomic instructions on a memory that is not shared |
//! | [`types`] | the types of the output, each once, and how those that change stay different |
//! | [`structure`], [`multi_value`] | blocks and functions with several values |
//! | [`body`] | tail calls |
//! | [`memories`] | several memories, and room above them for what the linker adds |
//! | [`tables`] | several tables, tables that are written, references to functions as values |
//! | [`constant`](crate::parse::constant) | extended constant expressions |
//! | [`start`] | a start function where none is taken |
//! | [`quirks`], [`applied`] | hosts that are not as Preview 1 says |
//! | [`allocator`](crate::findings::allocator) | hosts that allocate in the memory of the module |
//!
//! Over-long LEB128, flags of segments and the DataCount section go because all sections are
//! written anew.

mod atomics;
mod bodies;
mod body;
mod control;
mod elements;
mod exceptions;
mod flow;
mod helper;
mod helpers;
mod locals;
mod lowering;
mod memories;
mod multi_value;
mod names;
mod order;
mod output;
mod pass;
mod quirks;
mod relaxed;
mod sat_float;
mod sections;
mod segments;
mod several;
mod sign_ext;
mod simd;
mod stacks;
mod start;
mod structure;
mod table_layout;
mod tables;
mod types;

use std::borrow::Cow;

use anyhow::{Context, Result, bail};
use wasmparser::WasmFeatures;

use crate::debug::DebugNotes;
use crate::features::FeatureSet;
use crate::findings::needs::Needs;
use crate::findings::survey::{Survey, is_linked, survey};
use crate::findings::wrapper::Wrapper;
use crate::findings::{Effect, applied, findings, refused};
use crate::merge::{AddedRegion, Merged};
use crate::parse;
use crate::parse::module::Module;
use crate::plan::Plan;
use crate::preview1;
use crate::profile::{Import, Profile};
use crate::timings::stage;
use crate::validate::validate;
use lowering::Lowering;
use order::Order;
use pass::Passed;

/// A module for a target.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// The core module, validated under what the profile has.
    pub wasm: Vec<u8>,
    /// What was done, one line each.
    pub done: Vec<String>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// What became of debug information.
    pub debug: DebugNotes,
    /// What lies in the memory beside what was there.
    pub added: Vec<AddedRegion>,
}

/// Rewrites what `profile` lacks in the core module `wasm`.
///
/// # Errors
///
/// Fails for anything that is not a valid core module, and for what cannot be lowered: all of it is
/// named, with places.
pub fn module(wasm: &[u8], profile: &Profile) -> Result<Lowered> {
    stage("parse", wasm.len());
    lower(wasm.into(), profile, false, false)
}

/// The last stage of `flatten`: what [`crate::merge`] has not lowered yet.
///
/// # Errors
///
/// Like [`module`].
pub fn merged(plan: &Plan<'_, '_>, mut merged: Merged) -> Result<Merged> {
    if let Some(parts) = &merged.stacks {
        match parts.unwinding {
            Some(globals) => {
                let unwound = stacks::unwinding(&merged.wasm, parts, globals)?;
                merged.wasm = unwound.wasm;
                merged.debug.left_out.extend(unwound.left_out);
                merged.unwinds = Some(unwound.done);
            }
            None => merged.deep = stacks::deep(&merged.wasm, parts)?,
        }
    }
    let tables: usize = plan
        .program
        .ids()
        .map(|id| {
            plan.live
                .instance(id)
                .tables
                .iter()
                .filter(|live| **live)
                .count()
        })
        .sum();
    let mut profile = plan.options.profile.clone();
    let references = FeatureSet::of(WasmFeatures::REFERENCE_TYPES);
    let several = tables > 1 && !plan.features().contains(references);
    if several {
        // Several tables would be a feature that the input does not use.
        profile.features = Some(match profile.features {
            Some(features) => features.without(references),
            None => plan.features(),
        });
    }
    let profile = &profile;
    let mut used = plan.features().without(crate::profile::ENCODED_AWAY);
    if profile.lowers_bulk_memory() && !plan.live.data_count {
        used = used.without(FeatureSet::of(WasmFeatures::BULK_MEMORY_OPT));
    }
    if !plan.has_bulk_memory() {
        used = used.without(FeatureSet::of(WasmFeatures::BULK_MEMORY));
    }
    let wrapped = plan.hosts.iter().any(|host| {
        let host = &plan.program.hosts[host.0 as usize];
        match host.module == preview1::MODULE {
            true => Wrapper::of(&host.name, profile.quirks).is_some(),
            false => profile.import(&host.module, &host.name, &host.ty) == Import::ThroughEnv,
        }
    });
    let start = plan.start.is_some() && !(profile.host.start && profile.host.start_calls_wasi);
    let lacks = profile
        .features
        .is_some_and(|features| !used.without(features).is_empty());
    if lacks || several || wrapped || start {
        let arena = plan
            .memory
            .as_ref()
            .and_then(|memory| memory.block)
            .is_some_and(|block| block.arena > 0);
        let unlowered = std::mem::take(&mut merged.wasm);
        let lowered = lower(unlowered.into(), profile, true, arena)
            .context("the flat module cannot be lowered")?;
        merged.wasm = lowered.wasm;
        merged.debug.units = lowered.debug.units;
        merged.debug.bytes = lowered.debug.bytes;
        merged.debug.left_out.extend(lowered.debug.left_out);
        merged.added = lowered.added;
        merged.warnings = lowered.warnings;
    }
    Ok(merged)
}

/// A module with types that nothing here can write, which nothing has to where the target takes all
/// that it uses.
fn as_it_is(
    module: &Module<'_>,
    profile: &Profile,
    survey: &Survey,
    needs: &Needs,
) -> Result<Lowered> {
    let mut found = findings(module, profile, survey, needs).into_iter();
    if found.any(|finding| finding.effect != Effect::Note) {
        module.refuse_gc_types()?;
    }
    Ok(Lowered {
        wasm: module.bytes.to_vec(),
        done: Vec::new(),
        warnings: Vec::new(),
        debug: DebugNotes::default(),
        added: Vec::new(),
    })
}

/// What an earlier pass made of a module, lowered further: that may use several values, references and
/// memories as the rest.
fn after(
    passed: Passed,
    module: &Module<'_>,
    what: &str,
    profile: &Profile,
    flat: bool,
    arena: bool,
) -> Result<Lowered> {
    let mut profile = profile.clone();
    let several = FeatureSet::of(WasmFeatures::MULTI_VALUE);
    if !module.features.contains(several) || profile.quirks.app_heap {
        // Several values would be a feature that the input does not use; and the interpreter of WAMR
        // up to 1.2 does not find the ends of some of the blocks with several values ("find block
        // address failed").
        profile.features = profile.features.map(|features| features.without(several));
    }
    let mut lowered = lower(passed.wasm.into(), &profile, flat, arena)
        .with_context(|| format!("what is left without {what} cannot be lowered"))?;
    lowered.done.splice(0..0, passed.done);
    lowered.warnings.splice(0..0, passed.warnings);
    lowered.debug.left_out.splice(0..0, passed.left_out);
    Ok(lowered)
}

/// `flat`: the module is one that flatten has made, and that it validates in the end; `arena`: and it has an arena. One that is given away is
/// changed where it is.
fn lower(wasm: Cow<'_, [u8]>, profile: &Profile, flat: bool, arena: bool) -> Result<Lowered> {
    let input = match flat {
        true => parse::unfinished(&wasm)?,
        false => parse::module(&wasm)?,
    };
    let module = &input.modules[0];
    is_linked(module)?;
    applied::is_native(profile, module)?;
    let profile = &applied::left(profile, module);
    if !flat {
        stage("lower", wasm.len());
    }
    let survey = survey(module)?;
    let needs = Needs::of(module, profile, &survey, arena);
    let refused = refused(module, profile, &survey, &needs);
    if !refused.is_empty() {
        bail!("{}", refused.join("\n  "));
    }
    if !module.gc_types.is_empty() {
        return as_it_is(module, profile, &survey, &needs);
    }
    if needs.exceptions {
        let passed = exceptions::lower(module)?;
        return after(passed, module, "exceptions", profile, flat, arena);
    }
    if needs.simd {
        let passed = simd::lower(module)?;
        return after(passed, module, "vectors", profile, flat, arena);
    }
    let order = Order::read(&wasm)?;
    let mut lowering = Lowering::new(module, profile, needs, &order, flat, arena)?;
    let output = lowering.encode(&order)?;
    let mut lowered = Lowered {
        wasm: Vec::new(),
        done: lowering.done(),
        warnings: lowering.warnings(),
        added: lowering.added(),
        debug: lowering.debug,
    };
    lowered.wasm = match wasm {
        Cow::Borrowed(wasm) => output.copied(wasm),
        Cow::Owned(wasm) => output.in_place(wasm),
    };
    let allowed = match profile.features {
        Some(features) => features.validator_flags(),
        None => parse::accepted(),
    };
    if !flat {
        stage("validate", lowered.wasm.len());
        validate(&lowered.wasm, allowed).context(
            "the lowered module is not valid: this is a bug of p1bridge, please report it with the input",
        )?;
    }
    Ok(lowered)
}
