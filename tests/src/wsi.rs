//! Core modules that import WSI, linked.

use anyhow::{Result, bail};
use p1bridge::flatten::LIBRARIES;
use p1bridge_linker::plan::Plan;
use p1bridge_linker::resolve::{CoreDef, FuncDef, Instance, Program};
use p1bridge_linker::{Isolation, Options, emit, lower, merge, parse, plan, unadapt};
use wasmparser::{ExternalKind, TypeRef};

/// A linked module, and what was linked.
pub struct Linked {
    pub wasm: Vec<u8>,
    pub approximations: Vec<String>,
    pub stubs: Vec<String>,
    /// The bytes of state that libraries have.
    pub state: u32,
}

/// Links a module that imports nothing but functions, alone and at base 0.
///
/// # Errors
///
/// For everything that the linker refuses.
pub fn link(module: &[u8], options: &Options) -> Result<Linked> {
    let mut input = parse::module(module)?;
    input.add_libraries(LIBRARIES)?;
    let mut program = Program::default();
    program.component_instances.push(None);
    let module = &input.modules[0];
    let mut args = Vec::new();
    for import in &module.imports {
        let TypeRef::Func(ty) = import.ty else {
            bail!("{} is no function", import.name)
        };
        let host = program.host(import.module, import.name, &module.types[ty as usize]);
        args.push(CoreDef::Func(FuncDef::Host(host)));
    }
    let id = program.add_instance(&input, Instance { module: 0, args });
    for (name, (kind, index)) in &module.exports {
        if *kind == ExternalKind::Func {
            let func = FuncDef::Core(id, *index);
            program.destructors.push((name.to_string(), func));
        }
    }
    program.destructors.sort_by(|a, b| a.0.cmp(&b.0));
    let adapted = unadapt::unadapt(&input, program, Isolation::Checked);
    let mut plan = plan::plan(&input, &adapted, options)?;
    plan.exports.retain(|export| export.name != "_initialize");
    finish(&plan)
}

fn finish(plan: &Plan<'_, '_>) -> Result<Linked> {
    let merged = merge::merge(plan)?;
    let lowered = lower::merged(plan, merged)?;
    let output = emit::emit(plan, lowered)?;
    let block = plan.memory.as_ref().and_then(|memory| memory.block);
    Ok(Linked {
        wasm: output.wasm,
        approximations: plan.approximations.keys().cloned().collect(),
        stubs: plan.stubs.keys().cloned().collect(),
        state: block.map_or(0, |block| block.state),
    })
}
