//! Bytes → [`Output`]: the last check, and the report.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use crate::merge::Merged;
use crate::options::Growth;
use crate::plan::Plan;
use crate::report::Report;
use crate::timings::stage;
use crate::validate;

/// Validates the output under no more features than the input and the profile have.
///
/// # Errors
///
/// An invalid output is a bug of the linker; it is never handed out.
pub fn emit(plan: &Plan<'_, '_>, merged: Merged) -> Result<Output> {
    stage("validate", merged.wasm.len());
    let allowed = plan.options.profile.allowed(plan.features());
    validate::validate(&merged.wasm, allowed.validator_flags()).context(
        "the flat module is not valid: this is a bug of p1bridge, please report it with the input",
    )?;
    stage("report", merged.wasm.len());
    let report = Report::new(plan, &merged)?;
    if let (Growth::Ram(most), Some(memory)) = (plan.options.growth, &report.memory) {
        let bytes = match plan.options.profile.ends_anywhere() {
            true => memory.bytes,
            false => u64::from(memory.pages) << 16,
        };
        // What lowering adds is known now.
        if bytes > most.into() {
            bail!("--ram {most} is too small for {bytes} bytes: {memory}");
        }
    }
    Ok(Output {
        wasm: merged.wasm,
        report,
        obstacle: plan.obstacle,
        imports: plan
            .hosts
            .iter()
            .map(|host| plan.program.hosts[host.0 as usize].module.clone())
            .collect(),
    })
}

/// A finished flat module.
#[derive(Clone, Debug)]
pub struct Output {
    /// The core module, validated.
    pub wasm: Vec<u8>,
    /// What was done to make it.
    pub report: Report,
    /// Why a component that is made of the module would not work, if it would not.
    pub obstacle: Option<&'static str>,
    /// The modules that the program imports from, by the names that its component has for them. In the
    /// bytes they have others where the target finds functions in one module only.
    pub imports: BTreeSet<String>,
}
