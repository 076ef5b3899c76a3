//! What a function can come to call or read, as far as its code and the segments of tables say.

use std::collections::BTreeSet;

use super::canon::calls;
use crate::parse::Input;
use crate::parse::module::{ElementMode, Items};
use crate::parse::scan::Ref;
use crate::resolve::{CanonId, FuncDef, InstanceId, Program};

/// Something that is met on the way.
#[derive(Clone, Copy, Debug)]
pub enum Reached {
    Canon(CanonId),
    /// A table that is read or written: its instance and index.
    Table((InstanceId, u32)),
}

/// Whether a function can come to what `found` is looking for. `through` gives the functions that a
/// function of the canonical ABI calls, where the way goes on through it.
pub fn reaches(
    input: &Input<'_>,
    program: &Program,
    def: FuncDef,
    mut found: impl FnMut(Reached) -> bool,
    through: impl Fn(CanonId) -> Vec<FuncDef>,
) -> bool {
    let mut seen = BTreeSet::new();
    let mut work = vec![def];
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
            _ => continue,
        };
        if !seen.insert((id, index)) {
            continue;
        }
        let module = program.module(input, id);
        let defined = (index - module.imported_func_count()) as usize;
        for reference in module.refs.of(defined) {
            match reference {
                Ref::Func(func) | Ref::FuncRef(func) => work.push(FuncDef::Core(id, func)),
                Ref::Table(table) | Ref::TableWrite(table) => {
                    let slot = program.table(input, id, table);
                    if found(Reached::Table(slot)) {
                        return true;
                    }
                    work.extend(elements_of(input, program, slot));
                }
                _ => {}
            }
        }
    }
    false
}

/// The functions that any segment can put into a table.
fn elements_of(input: &Input<'_>, program: &Program, slot: (InstanceId, u32)) -> Vec<FuncDef> {
    let mut functions = Vec::new();
    for id in program.ids() {
        for element in &program.module(input, id).elements {
            let applies = match element.mode {
                ElementMode::Active { table, .. } => program.table(input, id, table) == slot,
                ElementMode::Passive => true,
                ElementMode::Declared => false,
            };
            if let (true, Items::Functions(indices)) = (applies, &element.items) {
                functions.extend(indices.iter().map(|&func| FuncDef::Core(id, func)));
            }
        }
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
    reaches(input, program, def, found, |canon| calls(program, canon))
}
