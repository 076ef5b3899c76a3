//! Tables that only active segments write, and functions that do nothing but pass on to another one.
//!
//! The shim of a wrapped component is such a function: it calls through a table that nothing but
//! the fixup module fills. Following it statically makes the shim, its table and the fixup module
//! dead.

use std::collections::{BTreeMap, HashMap, HashSet};

use wasmparser::{FuncType, Operator};

use super::reach::sees_table;
use crate::parse::Input;
use crate::parse::module::{ElementMode, Items};
use crate::parse::scan::Ref;
use crate::resolve::{Const, FuncDef, InstanceId, Program, constant};

type TableSlot = (InstanceId, u32);

/// The tables whose contents are fixed once all instances have been made.
#[derive(Debug, Default)]
struct StaticTables {
    slots: HashMap<TableSlot, HashMap<u32, FuncDef>>,
}

impl StaticTables {
    /// Only those of `wanted` are looked at.
    fn new(
        input: &Input<'_>,
        program: &Program,
        exact: bool,
        wanted: &HashSet<TableSlot>,
    ) -> StaticTables {
        let mut slots: HashMap<TableSlot, HashMap<u32, FuncDef>> = HashMap::new();
        let mut dynamic = Vec::new();
        if wanted.is_empty() {
            return StaticTables { slots };
        }
        let starts: Vec<(InstanceId, FuncDef)> = program
            .ids()
            .filter(|_| exact)
            .filter_map(|id| Some((id, FuncDef::Core(id, program.module(input, id).start?))))
            .collect();
        for id in program.ids() {
            let module = program.module(input, id);
            for (defined, table) in module.tables.iter().enumerate() {
                if table.init.is_some() {
                    dynamic.push((id, (module.imported_tables.len() + defined) as u32));
                }
            }
            for body in 0..module.bodies.len() {
                for reference in module.refs.of(body) {
                    if let Ref::TableWrite(table) = reference {
                        dynamic.push(program.table(input, id, table));
                    }
                }
            }
            for element in &module.elements {
                let ElementMode::Active { table, offset } = &element.mode else {
                    continue;
                };
                let slot = program.table(input, id, *table);
                if !wanted.contains(&slot) {
                    continue;
                }
                // A start function that runs before finds less in the table.
                let mut before = starts.iter().filter(|(at, _)| slot.0 <= *at && *at < id);
                if before.any(|(_, def)| sees_table(input, program, *def, slot)) {
                    dynamic.push(slot);
                }
                let Some(Const::I32(start)) = constant(input, program, id, offset) else {
                    dynamic.push(slot);
                    continue;
                };
                let contents = slots.entry(slot).or_default();
                let funcs: Vec<Option<FuncDef>> = match &element.items {
                    Items::Functions(funcs) => funcs
                        .iter()
                        .map(|&func| Some(FuncDef::Core(id, func)))
                        .collect(),
                    Items::Expressions(_, exprs) => exprs
                        .iter()
                        .map(|expr| match constant(input, program, id, expr) {
                            Some(Const::Func(func)) => Some(func),
                            _ => None,
                        })
                        .collect(),
                };
                for (at, func) in funcs.into_iter().enumerate() {
                    let index = (start as u32).wrapping_add(at as u32);
                    let before = match func {
                        Some(func) => contents.insert(index, func),
                        None => contents.remove(&index),
                    };
                    // A start function may have seen what was there before.
                    if before.is_some() && before != func {
                        dynamic.push(slot);
                    }
                }
            }
        }
        for slot in dynamic {
            slots.remove(&slot);
        }
        StaticTables { slots }
    }
}

/// Functions that only pass their parameters on.
#[derive(Debug, Default)]
pub struct Forwarders {
    /// Few of all functions: they are looked for without a hash.
    map: BTreeMap<(InstanceId, u32), FuncDef>,
}

impl Forwarders {
    /// Finds the forwarders of a program: those that call through a static table (shims), and with
    /// `direct` also those that call another function. `exact` leaves out shims that a start function may
    /// call too early; without it such a call is taken for one that never happens.
    pub fn new(input: &Input<'_>, program: &Program, direct: bool, exact: bool) -> Forwarders {
        let mut found = Vec::new();
        let mut wanted = HashSet::new();
        for id in program.ids() {
            let module = program.module(input, id);
            for (defined, body) in module.bodies.iter().enumerate() {
                // The longest: 16 parameters, a constant and a call with over-long indices.
                if body.len() > 64 || !may_pass_on(&module.bytes[body.clone()]) {
                    continue;
                }
                let index = module.imported_func_count() + defined as u32;
                let ty = module.func_type(index);
                let Some(passes) = passes_on_to(&module.bytes[body.clone()], ty) else {
                    continue;
                };
                if let Passes::Indirect { table, .. } = passes {
                    wanted.insert(program.table(input, id, table));
                }
                found.push((id, index, passes));
            }
        }
        let tables = StaticTables::new(input, program, exact, &wanted);
        let mut map = BTreeMap::new();
        for (id, index, passes) in found {
            let module = program.module(input, id);
            let ty = module.func_type(index);
            let target = match passes {
                Passes::Call(callee) if direct => {
                    (module.func_type(callee) == ty).then_some(FuncDef::Core(id, callee))
                }
                Passes::Indirect {
                    table,
                    slot,
                    ty: called,
                } if module.types[called as usize] == *ty => tables
                    .slots
                    .get(&program.table(input, id, table))
                    .and_then(|slots| slots.get(&slot))
                    .copied()
                    .filter(|&func| program.func_ty(input, func) == ty),
                _ => None,
            };
            if let Some(target) = target {
                map.insert((id, index), target);
            }
        }
        Forwarders { map }
    }

    /// Whether every function of the module of this instance only passes on.
    pub fn is_shim(&self, input: &Input<'_>, program: &Program, id: InstanceId) -> bool {
        let module = program.module(input, id);
        let first = module.imported_func_count();
        (0..module.bodies.len() as u32).all(|defined| self.map.contains_key(&(id, first + defined)))
    }

    /// The function that is really called: imports and forwarders followed.
    pub fn func(&self, input: &Input<'_>, program: &Program, def: FuncDef) -> FuncDef {
        let start = program.func(input, def);
        let mut at = start;
        // A chain that is longer than this runs in a circle: it is left as it stands.
        for _ in 0..64 {
            let FuncDef::Core(id, index) = at else {
                return at;
            };
            match self.map.get(&(id, index)) {
                Some(&next) => at = program.func(input, next),
                None => return at,
            }
        }
        start
    }
}

enum Passes {
    Call(u32),
    Indirect { table: u32, slot: u32, ty: u32 },
}

/// Whether a body begins like one that only passes on: most do not.
fn may_pass_on(body: &[u8]) -> bool {
    // No locals (or that in more bytes than needed), then `local.get`, `call` or `i32.const`.
    match body {
        [0, first, ..] => matches!(first, 0x20 | 0x10 | 0x41),
        [first, ..] => *first >= 0x80,
        [] => false,
    }
}

/// What a body passes on to, when it does nothing else with its parameters.
fn passes_on_to(body: &[u8], ty: &FuncType) -> Option<Passes> {
    let body = wasmparser::FunctionBody::new(wasmparser::BinaryReader::new(body, 0));
    if body.get_locals_reader().ok()?.get_count() != 0 {
        return None;
    }
    let mut ops = body.get_operators_reader().ok()?;
    for param in 0..ty.params().len() as u32 {
        match ops.read().ok()? {
            Operator::LocalGet { local_index } if local_index == param => {}
            _ => return None,
        }
    }
    let passes = match ops.read().ok()? {
        Operator::Call { function_index } => Passes::Call(function_index),
        Operator::I32Const { value } => match ops.read().ok()? {
            Operator::CallIndirect {
                type_index,
                table_index,
            } => Passes::Indirect {
                table: table_index,
                slot: value as u32,
                ty: type_index,
            },
            _ => return None,
        },
        _ => return None,
    };
    matches!(ops.read().ok()?, Operator::End).then_some(passes)
}
