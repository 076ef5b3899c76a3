//! Facts about the functions of the canonical ABI.

use crate::resolve::{
    AsyncBuiltin, CanonId, CanonKind, ComponentFunc, FuncDef, InstanceId, Program, Resource,
    Service,
};

/// Whether the linker writes a function of the canonical ABI itself.
pub fn is_glue(program: &Program, id: CanonId) -> bool {
    match &program.canons[id.0 as usize].kind {
        CanonKind::Lower { callee, .. } => matches!(callee, ComponentFunc::Lift(_)),
        CanonKind::ResourceNew(resource)
        | CanonKind::ResourceRep(resource)
        | CanonKind::ResourceDrop(resource) => matches!(
            program.resources[resource.0 as usize],
            Resource::Defined { .. }
        ),
        CanonKind::Service(_) | CanonKind::Async(_) | CanonKind::Given(_) => true,
        CanonKind::Preview1(..)
        | CanonKind::Io(_)
        | CanonKind::Asked { .. }
        | CanonKind::Unsupported(_) => false,
    }
}

/// The core functions that such a function calls.
pub fn calls(program: &Program, id: CanonId) -> Vec<FuncDef> {
    let mut found: Vec<FuncDef> = match &program.canons[id.0 as usize].kind {
        CanonKind::Lower {
            callee: ComponentFunc::Lift(lift),
            options,
        } => {
            let lift = &program.lifts[lift.0 as usize];
            [
                Some(lift.func),
                lift.options.realloc,
                lift.options.post_return,
                lift.options.callback,
                options.realloc,
            ]
            .into_iter()
            .flatten()
            .collect()
        }
        CanonKind::ResourceDrop(resource) => match &program.resources[resource.0 as usize] {
            Resource::Defined { destructor, .. } => destructor.iter().copied().collect(),
            Resource::Imported { .. } => Vec::new(),
        },
        CanonKind::Async(builtin) => {
            let realloc = builtin.options().and_then(|options| options.realloc);
            realloc.into_iter().collect()
        }
        _ => Vec::new(),
    };
    if let Some(tasks) = &program.tasks {
        let names = super::tasks::functions(program, id);
        found.extend(names.into_iter().map(|name| tasks.function(name)));
    }
    found
}

/// The table whose functions it calls.
pub fn table(program: &Program, id: CanonId) -> Option<(InstanceId, u32)> {
    match program.canons[id.0 as usize].kind {
        CanonKind::Async(AsyncBuiltin::ThreadNewIndirect(table)) => Some(table),
        _ => None,
    }
}

/// The memories that it works on.
pub fn memories(program: &Program, id: CanonId) -> Vec<(InstanceId, u32)> {
    match &program.canons[id.0 as usize].kind {
        CanonKind::Lower {
            callee: ComponentFunc::Lift(lift),
            options,
        } => {
            let lift = &program.lifts[lift.0 as usize];
            [lift.options.memory, options.memory]
                .into_iter()
                .flatten()
                .collect()
        }
        CanonKind::Service(Service::ReserveDescriptor(memory)) => vec![*memory],
        CanonKind::Async(AsyncBuiltin::SetWait(memory) | AsyncBuiltin::SetPoll(memory)) => {
            vec![*memory]
        }
        CanonKind::Async(builtin) => {
            let memory = builtin.options().and_then(|options| options.memory);
            memory.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The name of a function of the canonical ABI, for messages.
pub(crate) fn canon_name(program: &Program, id: CanonId) -> String {
    let resource = |id: crate::resolve::ResourceId| match &program.resources[id.0 as usize] {
        crate::resolve::Resource::Imported { interface, name } => match interface {
            Some(interface) => format!("{interface}#{name}"),
            None => name.clone(),
        },
        crate::resolve::Resource::Defined { .. } => "a resource of the component".to_string(),
    };
    match &program.canons[id.0 as usize].kind {
        CanonKind::Lower {
            callee: crate::resolve::ComponentFunc::Import(import),
            ..
        } => {
            let import = &program.imports[*import as usize];
            match &import.interface {
                Some(interface) => format!("{interface}#{}", import.name),
                None => import.name.clone(),
            }
        }
        CanonKind::Lower { .. } => "a function of another component".to_string(),
        CanonKind::ResourceNew(id) => format!("resource.new of {}", resource(*id)),
        CanonKind::ResourceRep(id) => format!("resource.rep of {}", resource(*id)),
        CanonKind::ResourceDrop(id) => format!("resource.drop of {}", resource(*id)),
        CanonKind::Preview1(name, _) => format!("wasi_snapshot_preview1#{name}"),
        CanonKind::Service(service) => service.name().to_string(),
        CanonKind::Async(builtin) => builtin.name().to_string(),
        CanonKind::Given(given) => format!("tasks-{}", given.name()),
        CanonKind::Asked { module, name, .. } => format!("{module}#{name}"),
        CanonKind::Io(name) | CanonKind::Unsupported(name) => (*name).to_string(),
    }
}
