//! Programs of components that `wrap` has made: the functions of Preview 1 that are woven into them are the host's again.
//!
//! On the conditions of adapters, but for their code, which is known by the hash of the program: what the functions import is
//! the component's own WASI, and no other guest is beside the program, unless guests are trusted.

use std::collections::BTreeSet;

use wasmparser::ExternalKind;

use super::adapter::{Adapted, Adapter};
use crate::parse::Input;
use crate::preview1;
use crate::resolve::{
    AsyncBuiltin, Canon, CanonId, CanonKind, ComponentFunc, CoreDef, FuncDef, HOST, InstanceId,
    Program, Resource,
};
use crate::statics::Forwarders;
use crate::wasi::is_system;
use crate::wrapped::PROGRAM_REALLOC;

/// Whether an instance is such a program.
pub fn is_woven(input: &Input<'_>, program: &Program, id: InstanceId) -> bool {
    program.module(input, id).woven.is_some()
}

/// The instances that belong to the program: those with its memory and the library's, and itself.
pub fn family(program: &Program, id: InstanceId) -> BTreeSet<InstanceId> {
    let args = program.instances[id.0 as usize].args.iter();
    let of = args.filter_map(|arg| match *arg {
        CoreDef::Func(FuncDef::Core(of, _)) | CoreDef::Memory(of, _) => Some(of),
        _ => None,
    });
    let memories = program.memory_of.iter();
    let memory = memories.filter(|(_, of)| **of == id).map(|(from, _)| *from);
    of.chain([id]).chain(memory).collect()
}

/// Checks that the functions call nothing but the WASI of the component, or says what they call.
pub fn why_not_plain(
    input: &Input<'_>,
    program: &Program,
    forwarders: &Forwarders,
    id: InstanceId,
) -> Result<(), String> {
    let module = program.module(input, id);
    for (import, arg) in { module.imports.iter() }.zip(&program.instances[id.0 as usize].args) {
        // What is imported for the library has a name in capitals.
        if !import.name.starts_with(|c: char| c.is_ascii_uppercase()) {
            continue;
        }
        let CoreDef::Func(def) = *arg else { continue };
        let FuncDef::Canon(canon) = forwarders.func(input, program, def) else {
            continue;
        };
        let canon = &program.canons[canon.0 as usize];
        let is_system = match &canon.kind {
            CanonKind::Lower {
                callee: ComponentFunc::Import(import),
                options,
            } => {
                let import = &program.imports[*import as usize];
                options.unsupported.is_none() && import.interface.as_deref().is_some_and(is_system)
            }
            CanonKind::ResourceDrop(resource) => matches!(
                &program.resources[resource.0 as usize],
                Resource::Imported { interface: Some(interface), .. } if is_system(interface)
            ),
            // What has ends of streams and waits for them: no other code of the program has any of these.
            CanonKind::Async(built_in) => is_of_streams(built_in),
            _ => false,
        };
        if !is_system {
            return Err(format!(
                "its import {} is not an import of WASI of the component",
                import.name
            ));
        }
    }
    for (of, name, index) in module.woven.iter().flat_map(|woven| &woven.functions) {
        let ty = preview1::signature(name).or_else(|| preview1::socket(name));
        let is_there =
            (module.imported_func_count()..module.func_types.len() as u32).contains(index);
        if !is_there || ty.is_none_or(|ty| ty != *module.func_type(*index)) {
            return Err(format!("{of} {name} is not what it should be"));
        }
    }
    Ok(())
}

/// The functions that an instance has of Preview 1, as it is listed.
pub fn described(input: &Input<'_>, program: &Program, id: InstanceId) -> Adapter {
    let module = program.module(input, id);
    let functions = module.woven.iter().flat_map(|woven| &woven.functions);
    Adapter {
        instance: None,
        path: module.path.clone(),
        bytes: 0,
        functions: functions.map(|(_, name, _)| (*name).to_string()).collect(),
        kept: None,
    }
}

/// Binds the functions to the host: straight, or through the library that moves pointers.
pub fn take_out(input: &Input<'_>, adapted: &mut Adapted, id: InstanceId, calls_host: bool) {
    let Some(woven) = &adapted.program.module(input, id).woven else {
        return;
    };
    let module = adapted.program.module(input, id);
    let has_memory = module.memories.len() + module.imported_memories.len() > 0;
    let memory = has_memory.then(|| adapted.program.memory(input, id, 0));
    let owner = { adapted.program.instances[id.0 as usize].args.iter() }
        .find_map(|arg| match *arg {
            CoreDef::Func(FuncDef::Canon(canon)) => {
                Some(adapted.program.canons[canon.0 as usize].instance)
            }
            _ => None,
        })
        .unwrap_or(HOST);
    let mut beside = family(&adapted.program, id);
    beside.remove(&id);
    adapted.beside.extend(beside);
    for (of, name, index) in &woven.functions {
        let program = &mut adapted.program;
        let ty = module.func_type(*index).clone();
        let def = match memory.filter(|_| !calls_host) {
            None => FuncDef::Host(program.host(of, name, &ty)),
            Some(memory) => {
                program.canons.push(Canon {
                    kind: CanonKind::Preview1((*name).to_string(), memory),
                    ty,
                    instance: owner,
                    offset: module.range.start as u64,
                    path: module.path.clone(),
                });
                FuncDef::Canon(CanonId(program.canons.len() as u32 - 1))
            }
        };
        program.replaced.insert((id, *index), def);
    }
    // Its `cabi_realloc` is there from the start.
    let owners = adapted.program.memory_of.iter();
    let owner = owners
        .filter(|(_, of)| **of == id)
        .map(|(from, _)| *from)
        .next();
    let function = |id: InstanceId, name: &str| {
        let module = adapted.program.module(input, id);
        match module.exports.get(name) {
            Some(&(ExternalKind::Func, index)) => Some((id, index)),
            _ => None,
        }
    };
    let through = owner.and_then(|owner| function(owner, PROGRAM_REALLOC));
    if let (Some(through), Some((of, index))) = (through, function(id, "cabi_realloc")) {
        adapted
            .program
            .replaced
            .insert(through, FuncDef::Core(of, index));
    }
    // The function that runs a command calls its `_start`.
    if let Some(start) = woven.start {
        for (at, lift) in adapted.program.lifts.iter().enumerate() {
            if let FuncDef::Core(of, index) = lift.func
                && of == id
                && runs(input, &adapted.program, id, index, start)
            {
                adapted.starts.push(crate::resolve::LiftId(at as u32));
            }
        }
        for lift in &adapted.starts {
            let lift = &mut adapted.program.lifts[lift.0 as usize];
            if matches!(lift.func, FuncDef::Core(of, _) if of == id) {
                lift.func = FuncDef::Core(id, start);
                // Nothing waits for it any more.
                lift.is_async = false;
            }
        }
    }
}

/// Whether a built-in is about ends of streams and futures, or waits for them.
fn is_of_streams(built_in: &AsyncBuiltin) -> bool {
    use AsyncBuiltin as B;
    matches!(
        built_in,
        B::New(_)
            | B::Read(..)
            | B::Write(..)
            | B::CancelRead(..)
            | B::DropReadable(_)
            | B::DropWritable(_)
            | B::SetNew
            | B::SetWait(_)
            | B::SetPoll(_)
            | B::SetDrop
            | B::Join
            | B::SubtaskCancel(_)
            | B::SubtaskDrop
    )
}

/// Whether a function does nothing but call `_start`, then perhaps what is to be done at the end, and say that it has succeeded.
fn runs(input: &Input<'_>, program: &Program, id: InstanceId, index: u32, start: u32) -> bool {
    use wasmparser::Operator::{Call, End, I32Const};
    let module = program.module(input, id);
    let Some(defined) = index.checked_sub(module.imported_func_count()) else {
        return false;
    };
    let operators = module.body(defined as usize).get_operators_reader();
    let operators: Vec<_> = operators.into_iter().flatten().take(5).collect();
    matches!(operators[..], [
        Ok(Call { function_index }),
        Ok(I32Const { value: 0 }),
        Ok(End),
    ] | [
        Ok(Call { function_index }),
        Ok(Call { .. }),
        Ok(I32Const { value: 0 }),
        Ok(End),
    ] if function_index == start)
}
