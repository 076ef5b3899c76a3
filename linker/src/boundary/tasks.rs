//! Tasks of the component that is made of a flat module.
//!
//! What a module asks it for has the names that `wit-component` gives it, and so have the functions that it lifts:
//! `[task-return]f` of the module `[export]INTERFACE`, `[waitable-set-new]` of `$root`, the export `[async-lift]f` with
//! `[callback][async-lift]f`. The numbers of streams and futures are their places in the type of a function that has them.

use crate::abi::Type;
use crate::resolve::{
    AsyncBuiltin, CanonId, CanonKind, CanonOptions, ComponentFunc, ComponentInstanceId, EndType,
    ExportItem, InstanceId, Lift, Program, StringEncoding,
};
use crate::wasi;

/// A function by which types are known: where it is, its name, and its type.
struct Known {
    module: String,
    name: String,
    params: Type,
    result: Option<Type>,
}

/// What the canonical functions become: the module, the name, and the memory that they work on.
type Asked = Vec<(CanonId, String, String, Option<(InstanceId, u32)>)>;

/// Leaves the tasks of a program to the component that is made of the output, if one such component can have them. Gives
/// the reason otherwise: its async functions are then functions that block.
pub fn hand_over(program: &mut Program) -> Result<(), String> {
    if !has_tasks(program) {
        return Ok(());
    }
    let asked = asked(program)?;
    for (id, module, name, memory) in asked {
        program.canons[id.0 as usize].kind = CanonKind::Asked {
            module,
            name,
            memory,
        };
    }
    program.hands_over = true;
    Ok(())
}

/// Whether a program exports an async function, or imports one that is called without waiting.
fn has_tasks(program: &Program) -> bool {
    let canons = program.canons.iter().any(|canon| match &canon.kind {
        CanonKind::Async(_) => true,
        CanonKind::Lower { options, .. } => options.is_async,
        _ => false,
    });
    canons || program.lifts.iter().any(|lift| lift.options.is_async)
}

fn has_ends(params: &Type, result: Option<&Type>) -> bool {
    params.has_ends() || result.is_some_and(Type::has_ends)
}

fn asked(program: &Program) -> Result<Asked, String> {
    let exported = exported(program);
    let known = known(program, &exported);
    let is_run = |(module, _, _): &&(String, String, &Lift)| module.contains("wasi:cli/run@0.3");
    if exported.iter().any(|export| is_run(&export)) {
        return Err("wasi:cli/run is the start of the module".to_string());
    }
    let mut asked: Asked = Vec::new();
    let mut instance: Option<ComponentInstanceId> = None;
    let mut one = |id: ComponentInstanceId| match instance.replace(id) {
        Some(other) if other != id => Err("two components have tasks".to_string()),
        _ => Ok(()),
    };
    for lift in &program.lifts {
        if lift.is_async || has_ends(&lift.ty.params, lift.ty.result.as_ref()) {
            one(lift.instance)?;
        }
    }
    for (canon, at) in program.canons.iter().zip(0..) {
        let id = CanonId(at);
        match &canon.kind {
            CanonKind::Async(builtin) => {
                one(canon.instance)?;
                let (module, name) = name(builtin, &known, &exported)?;
                asked.push((id, module, name, memory(builtin)));
            }
            CanonKind::Lower {
                callee: ComponentFunc::Import(import),
                options,
            } => {
                let import = &program.imports[*import as usize];
                let interface = import.interface.as_deref();
                let passes = import.has_ends();
                if interface.is_some_and(wasi::is_0_3) {
                    return Err(format!(
                        "{} is linked with the module",
                        interface.unwrap_or_default()
                    ));
                }
                if options.is_async || passes {
                    one(canon.instance)?;
                    let prefix = if options.is_async {
                        "[async-lower]"
                    } else {
                        ""
                    };
                    let module = interface.unwrap_or("$root").to_string();
                    let name = format!("{prefix}{}", import.name);
                    asked.push((id, module, name, options.memory));
                }
            }
            CanonKind::Lower {
                callee: ComponentFunc::Lift(lift),
                options,
            } => {
                let lift = &program.lifts[lift.0 as usize];
                let passes = has_ends(&lift.ty.params, lift.ty.result.as_ref());
                if options.is_async || lift.is_async || passes {
                    return Err("components in it call each other's async functions".to_string());
                }
            }
            _ => {}
        }
    }
    Ok(asked)
}

/// The lifted functions that the root exports, with the modules of their built-ins and their names.
fn exported(program: &Program) -> Vec<(String, String, &Lift)> {
    let mut found = Vec::new();
    let mut add = |module: String, name: &str, item: &ExportItem| {
        if let ExportItem::Func(ComponentFunc::Lift(id)) = item {
            found.push((module, name.to_string(), &program.lifts[id.0 as usize]));
        }
    };
    for export in &program.exports {
        match &export.item {
            ExportItem::Instance(items) => {
                for (name, item) in items {
                    add(format!("[export]{}", export.name), name, item);
                }
            }
            item => add("[export]$root".to_string(), &export.name, item),
        }
    }
    found
}

/// All functions by which types can be known.
fn known(program: &Program, exported: &[(String, String, &Lift)]) -> Vec<Known> {
    let imports = program.imports.iter().map(|import| Known {
        module: import.interface.clone().unwrap_or("$root".to_string()),
        name: import.name.clone(),
        params: import.ty.params.clone(),
        result: import.ty.result.clone(),
    });
    let exports = exported.iter().map(|(module, name, lift)| Known {
        module: module.clone(),
        name: name.clone(),
        params: lift.ty.params.clone(),
        result: lift.ty.result.clone(),
    });
    imports.chain(exports).collect()
}

fn memory(builtin: &AsyncBuiltin) -> Option<(InstanceId, u32)> {
    match builtin {
        AsyncBuiltin::SetWait(memory) | AsyncBuiltin::SetPoll(memory) => Some(*memory),
        other => other.options().and_then(|options| options.memory),
    }
}

/// The module and the name of a built-in.
fn name(
    builtin: &AsyncBuiltin,
    known: &[Known],
    exported: &[(String, String, &Lift)],
) -> Result<(String, String), String> {
    let root = |name: String| Ok(("$root".to_string(), name));
    let maybe = |is_async: bool| if is_async { "[async-lower]" } else { "" };
    match builtin {
        AsyncBuiltin::TaskReturn(result, options) => {
            let same = |lift: &&Lift| {
                lift.options.is_async
                    && lift.ty.result.as_ref() == result.as_ref()
                    && is_same(&lift.options, options)
            };
            let of = exported.iter().find(|(_, _, lift)| same(lift));
            let of = of.ok_or("a `task.return` has a type that no exported function returns")?;
            Ok((of.0.clone(), format!("[task-return]{}", of.1)))
        }
        AsyncBuiltin::TaskCancel => Ok(("[export]$root".to_string(), "[task-cancel]".to_string())),
        AsyncBuiltin::BackpressureInc => root("[backpressure-inc]".into()),
        AsyncBuiltin::BackpressureDec => root("[backpressure-dec]".into()),
        AsyncBuiltin::ContextGet(slot) => root(format!("[context-get-{slot}]")),
        AsyncBuiltin::ContextSet(slot) => root(format!("[context-set-{slot}]")),
        AsyncBuiltin::Yield => root("[thread-yield]".into()),
        AsyncBuiltin::SubtaskCancel(is_async) => {
            root(format!("{}[subtask-cancel]", maybe(*is_async)))
        }
        AsyncBuiltin::SubtaskDrop => root("[subtask-drop]".into()),
        AsyncBuiltin::SetNew => root("[waitable-set-new]".into()),
        AsyncBuiltin::SetWait(_) => root("[waitable-set-wait]".into()),
        AsyncBuiltin::SetPoll(_) => root("[waitable-set-poll]".into()),
        AsyncBuiltin::SetDrop => root("[waitable-set-drop]".into()),
        AsyncBuiltin::Join => root("[waitable-join]".into()),
        AsyncBuiltin::ErrorContextNew(options) => {
            root(format!("[error-context-new-{}]", encoding(options)))
        }
        AsyncBuiltin::ErrorContextDebugMessage(options) => root(format!(
            "[error-context-debug-message-{}]",
            encoding(options)
        )),
        AsyncBuiltin::ErrorContextDrop => root("[error-context-drop]".into()),
        AsyncBuiltin::New(end) => of_end(known, end, "", "new"),
        AsyncBuiltin::Read(end, options) => of_end(known, end, maybe(options.is_async), "read"),
        AsyncBuiltin::Write(end, options) => of_end(known, end, maybe(options.is_async), "write"),
        AsyncBuiltin::CancelRead(end, is_async) => {
            of_end(known, end, maybe(*is_async), "cancel-read")
        }
        AsyncBuiltin::CancelWrite(end, is_async) => {
            of_end(known, end, maybe(*is_async), "cancel-write")
        }
        AsyncBuiltin::DropReadable(end) => of_end(known, end, "", "drop-readable"),
        AsyncBuiltin::DropWritable(end) => of_end(known, end, "", "drop-writable"),
        other => Err(format!("{} has no name there", other.name())),
    }
}

/// Whether a result is lifted in the same way.
fn is_same(of: &CanonOptions, options: &CanonOptions) -> bool {
    of.encoding == options.encoding && (options.memory.is_none() || of.memory == options.memory)
}

fn encoding(options: &CanonOptions) -> &'static str {
    match options.encoding {
        StringEncoding::Utf8 => "utf8",
        StringEncoding::Utf16 => "utf16",
        StringEncoding::Latin1Utf16 => "latin1+utf16",
    }
}

/// The name of a built-in of a stream or future: by the first function that has its type.
fn of_end(
    known: &[Known],
    end: &EndType,
    prefix: &str,
    what: &str,
) -> Result<(String, String), String> {
    let kind = if end.is_future { "future" } else { "stream" };
    for function in known {
        let mut ends = Vec::new();
        collect(&function.params, &mut ends);
        function.result.iter().for_each(|ty| collect(ty, &mut ends));
        if let Some(at) = ends.iter().position(|other| other == end) {
            let name = format!("{prefix}[{kind}-{what}-{at}]{}", function.name);
            return Ok((function.module.clone(), name));
        }
    }
    if end.element.is_none() {
        return Ok(("$root".to_string(), format!("{prefix}[{kind}-{what}-unit]")));
    }
    Err(format!(
        "no function that is imported or exported has the type of one of its {kind}s"
    ))
}

/// The streams and futures in a type, what is in them first.
fn collect(ty: &Type, found: &mut Vec<EndType>) {
    match ty {
        Type::Record(fields) => fields.iter().for_each(|field| collect(field, found)),
        Type::Variant(cases) => cases.iter().flatten().for_each(|case| collect(case, found)),
        Type::List(element) | Type::FixedList(element, _) => collect(element, found),
        Type::Stream(element) | Type::Future(element) => {
            element.iter().for_each(|element| collect(element, found));
            found.extend(EndType::of(ty));
        }
        _ => {}
    }
}
