//! Whether the adapters have room for their stack and their state.

use std::collections::HashSet;

use anyhow::{Result, bail};
use wasmparser::{ExternalKind, FunctionBody, Operator, Parser, Payload, TypeRef};

use super::check::Facts;
use super::survey::Survey;
use crate::validate::located;

/// What an adapter allocates at once, for its stack and for its state.
const CHUNK: u64 = 64 << 10;

/// Refuses a component that traps because an adapter cannot grow the program's memory.
///
/// An adapter takes its stack and its state from the program's `cabi_realloc`; for programs
/// without one the encoder has put a function into the adapter that grows the memory instead, and
/// that traps when it cannot.
pub fn check(facts: &Facts<'_>, survey: &Survey<'_>) -> Result<()> {
    let Some(memory) = survey.memory else {
        return Ok(());
    };
    let Some(maximum) = memory.maximum else {
        return Ok(());
    };
    let page = 1u64 << memory.page_size_log2.unwrap_or(16);
    let room = maximum.saturating_sub(memory.initial).saturating_mul(page);
    let mut growth = Growth::default();
    for (name, adapter) in &facts.adapters {
        growth.add(adapter, &survey.imported_funcs(name))?;
    }
    let needed = (growth.at_start + growth.later) * CHUNK;
    if room >= needed {
        return Ok(());
    }
    let when = match room < growth.at_start * CHUNK {
        true => "as soon as it starts",
        false => "at the first WASI call that needs it",
    };
    let size = memory.initial.saturating_mul(page);
    let limit = match room {
        0 => format!("is fixed at {} KiB", size >> 10),
        room => format!(
            "can only grow from {} KiB to {} KiB",
            size >> 10,
            size.saturating_add(room) >> 10
        ),
    };
    bail!(
        "the adapter needs {} KiB of memory of its own, but the module's memory {limit}, so the component would trap {when}; \
         link the program with a larger maximum (wasm-ld: `--max-memory={}` or more), or let it export `cabi_realloc`",
        needed >> 10,
        size.saturating_add(needed),
    );
}

/// How often adapters grow the memory.
#[derive(Default)]
struct Growth {
    /// In the start function, for the stack.
    at_start: u64,
    /// When one of the functions that the program imports is called first, for the state.
    later: u64,
}

impl Growth {
    fn add(&mut self, adapter: &[u8], used: &[&str]) -> Result<()> {
        let module = CallGraph::read(adapter)?;
        if let Some(start) = module.start {
            self.at_start += u64::from(module.grows_from(start));
        }
        // The realloc that the adapter exports is only called during one of these.
        self.later += u64::from(
            module
                .exports
                .iter()
                .filter(|(name, _)| used.contains(name) || name.contains('#'))
                .any(|(_, func)| module.grows_from(*func)),
        );
        Ok(())
    }
}

/// Which functions of a module call which. Adapters have no tables, so these are all calls.
#[derive(Default)]
struct CallGraph<'a> {
    imported: u32,
    start: Option<u32>,
    exports: Vec<(&'a str, u32)>,
    /// Of the functions that are not imported: what they call, and whether they grow the memory.
    bodies: Vec<(Vec<u32>, bool)>,
}

impl<'a> CallGraph<'a> {
    fn read(module: &'a [u8]) -> Result<CallGraph<'a>> {
        let mut graph = CallGraph::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload.map_err(located)? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(located)?;
                        graph.imported += u32::from(matches!(import.ty, TypeRef::Func(_)));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.map_err(located)?;
                        if export.kind == ExternalKind::Func {
                            graph.exports.push((export.name, export.index));
                        }
                    }
                }
                Payload::StartSection { func, .. } => graph.start = Some(func),
                Payload::CodeSectionEntry(body) => graph.bodies.push(operators(&body)?),
                _ => {}
            }
        }
        Ok(graph)
    }

    /// Whether `func` or anything that it calls grows the memory.
    fn grows_from(&self, func: u32) -> bool {
        let mut seen = HashSet::from([func]);
        let mut left = vec![func];
        while let Some(func) = left.pop() {
            let defined = func.checked_sub(self.imported).map(|index| index as usize);
            let Some((callees, grows)) = defined.and_then(|index| self.bodies.get(index)) else {
                continue;
            };
            if *grows {
                return true;
            }
            left.extend(
                callees
                    .iter()
                    .copied()
                    .filter(|callee| seen.insert(*callee)),
            );
        }
        false
    }
}

/// What a function calls, and whether it grows memory itself.
fn operators(body: &FunctionBody<'_>) -> Result<(Vec<u32>, bool)> {
    let (mut callees, mut grows) = (Vec::new(), false);
    for operator in body.get_operators_reader().map_err(located)? {
        match operator.map_err(located)? {
            Operator::MemoryGrow { .. } => grows = true,
            Operator::Call { function_index } => callees.push(function_index),
            _ => {}
        }
    }
    Ok((callees, grows))
}
