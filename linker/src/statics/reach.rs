//! What a function can come to call or read, as far as its code and the segments of tables say.

use std::collections::BTreeSet;

use super::canon::calls;
use crate::parse::Input;
use crate::parse::module::{ElementMode, Items};
use crate::parse::scan::Ref;
use crate::resolve::{CanonId, Const, FuncDef, HostId, InstanceId, Program, constant};

/// Something that is met on the way.
#[derive(Clone, Copy, Debug)]
pub enum Reached {
    Canon(CanonId),
    /// A table that is read or written: its instance and index.
    Table((InstanceId, u32)),
    /// A function, by its place in the code section.
    Body(InstanceId, usize),
    /// A function of the host that a core module imports itself.
    Host(HostId),
}

/// Whether functions can come to what `found` is looking for. `through` gives the functions that a
/// function of the canonical ABI calls, where the way goes on through it.
pub fn reaches(
    input: &Input<'_>,
    program: &Program,
    defs: impl IntoIterator<Item = FuncDef>,
    mut found: impl FnMut(Reached) -> bool,
    through: impl Fn(CanonId) -> Vec<FuncDef>,
) -> bool {
    let mut seen = BTreeSet::new();
    let mut tables = BTreeSet::new();
    let mut work: Vec<FuncDef> = defs.into_iter().collect();
    while let Some(def) = work.pop() {
        let (id, index) = match program.func(input, def) {
            FuncDef::Core(id, index) => (id, index),
            FuncDef::Canon(canon) => {
                if found(Reached::Canon(canon)) {
                    return true;
                }
                work.extend(through(canon));
                continue;
            }
            FuncDef::Host(host) => {
                if found(Reached::Host(host)) {
                    return true;
                }
                continue;
            }
            FuncDef::Builtin(_) => continue,
        };
        if !seen.insert((id, index)) {
            continue;
        }
        let module = program.module(input, id);
        let defined = (index - module.imported_func_count()) as usize;
        if found(Reached::Body(id, defined)) {
            return true;
        }
        for reference in module.refs.of(defined) {
            match reference {
                Ref::Func(func) | Ref::FuncRef(func) => work.push(FuncDef::Core(id, func)),
                Ref::Table(table) | Ref::TableWrite(table) => {
                    let slot = program.table(input, id, table);
                    if found(Reached::Table(slot)) {
                        return true;
                    }
                    if tables.insert(slot) {
                        work.extend(elements_of(input, program, slot));
                    }
                }
                _ => {}
            }
        }
    }
    false
}

/// The functions that can come to be in a table: those of segments and, where something writes it,
/// all that are references somewhere.
fn elements_of(input: &Input<'_>, program: &Program, slot: (InstanceId, u32)) -> Vec<FuncDef> {
    let mut functions = Vec::new();
    let written = program.ids().any(|id| {
        let refs = &program.module(input, id).refs;
        (0..program.module(input, id).bodies.len()).any(|at| {
            refs.of(at).any(|reference| match reference {
                Ref::TableWrite(table) => program.table(input, id, table) == slot,
                _ => false,
            })
        })
    });
    let constant = |id, expr| match constant(input, program, id, expr) {
        Some(Const::Func(def)) => Some(def),
        _ => None,
    };
    for id in program.ids() {
        let module = program.module(input, id);
        for element in &module.elements {
            let applies = match element.mode {
                ElementMode::Active { table, .. } => {
                    // What is in another table can be copied from there.
                    written || program.table(input, id, table) == slot
                }
                ElementMode::Passive | ElementMode::Declared => written,
            };
            match &element.items {
                _ if !applies => {}
                Items::Functions(indices) => {
                    functions.extend(indices.iter().map(|&func| FuncDef::Core(id, func)));
                }
                Items::Expressions(_, exprs) => {
                    functions.extend(exprs.iter().filter_map(|expr| constant(id, expr)));
                }
            }
        }
        if !written {
            continue;
        }
        for at in 0..module.bodies.len() {
            functions.extend(module.refs.of(at).filter_map(|reference| match reference {
                Ref::FuncRef(func) => Some(FuncDef::Core(id, func)),
                _ => None,
            }));
        }
        let globals = module.globals.iter();
        functions.extend(globals.filter_map(|global| constant(id, &global.init)));
    }
    functions
}

/// Whether a function can come to read a table.
pub fn sees_table(
    input: &Input<'_>,
    program: &Program,
    def: FuncDef,
    wanted: (InstanceId, u32),
) -> bool {
    let found = |reached| matches!(reached, Reached::Table(slot) if slot == wanted);
    reaches(input, program, [def], found, |canon| calls(program, canon))
}
