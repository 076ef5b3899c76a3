//! Which functions can be on the stack when a task waits.

use anyhow::{Result, bail};
use wasmparser::Operator;

use crate::merge::Stacks;
use crate::parse::module::{ElementMode, Items, Module};
use crate::parse::scan::Ref;

/// Which functions, and indirect calls of which tables and types, can come to the pause.
pub struct Reach {
    imported: usize,
    /// By function.
    funcs: Vec<bool>,
    roots: Vec<u32>,
    pause: u32,
    /// For each table the types of what it may have that reaches the pause.
    types: Vec<Vec<u32>>,
}

/// What a body calls.
#[derive(Default)]
struct Calls {
    funcs: Vec<u32>,
    /// Tables and types.
    indirect: Vec<(u32, u32)>,
}

impl Reach {
    /// Looks at all bodies.
    ///
    /// # Errors
    ///
    /// Fails for a body that cannot be read.
    pub fn of(module: &Module<'_>, parts: &Stacks) -> Result<Reach> {
        let imported = module.imported_func_count() as usize;
        let mut calls = Vec::with_capacity(module.bodies.len());
        for defined in 0..module.bodies.len() {
            calls.push(of_body(module, defined)?);
        }
        let mut reach = Reach {
            imported,
            funcs: vec![false; module.func_types.len()],
            roots: parts.roots.clone(),
            pause: parts.pause,
            types: vec![Vec::new(); module.tables.len() + module.imported_tables.len()],
        };
        let members = members(module, reach.types.len());
        loop {
            let mut changed = false;
            for (defined, calls) in calls.iter().enumerate() {
                let func = (imported + defined) as u32;
                if reach.funcs[func as usize] || func == parts.pause {
                    continue;
                }
                let reaches = calls.funcs.iter().any(|callee| reach.is_call(*callee))
                    || calls
                        .indirect
                        .iter()
                        .any(|(table, ty)| reach.is_indirect(module, *table, *ty));
                if reaches {
                    reach.funcs[func as usize] = true;
                    changed = true;
                    let ty = module.func_types[func as usize];
                    for (members, types) in members.iter().zip(&mut reach.types) {
                        if members.contains(&func) {
                            types.push(ty);
                        }
                    }
                }
            }
            if !changed {
                return Ok(reach);
            }
        }
    }

    /// Whether the body of the `defined`th function of the code section is changed.
    pub fn of_body(&self, defined: usize) -> bool {
        self.funcs[self.imported + defined]
    }

    /// Whether a direct call can come to the pause without a root between.
    pub fn is_call(&self, callee: u32) -> bool {
        callee == self.pause || self.funcs[callee as usize] && !self.roots.contains(&callee)
    }

    /// Whether an indirect call can.
    pub fn is_indirect(&self, module: &Module<'_>, table: u32, ty: u32) -> bool {
        let wanted = &module.types[ty as usize];
        let mut types = self.types[table as usize].iter();
        types.any(|ty| &module.types[*ty as usize] == wanted)
    }
}

/// What may be in each table.
fn members(module: &Module<'_>, tables: usize) -> Vec<std::collections::HashSet<u32>> {
    let mut members = vec![std::collections::HashSet::new(); tables];
    for element in &module.elements {
        let functions: Vec<u32> = match &element.items {
            Items::Functions(functions) => functions.clone(),
            Items::Expressions(_, expressions) => expressions
                .iter()
                .filter_map(|expr| {
                    let mut ops = expr.get_operators_reader();
                    match ops.read() {
                        Ok(Operator::RefFunc { function_index }) => Some(function_index),
                        _ => None,
                    }
                })
                .collect(),
        };
        match element.mode {
            ElementMode::Active { table, .. } => members[table as usize].extend(functions),
            // It may be brought to any table later.
            ElementMode::Passive | ElementMode::Declared => {
                for members in &mut members {
                    members.extend(functions.iter().copied());
                }
            }
        }
    }
    let written = (0..module.bodies.len()).any(|defined| {
        let mut refs = module.refs.of(defined);
        refs.any(|reference| matches!(reference, Ref::TableWrite(_) | Ref::FuncRef(_)))
    });
    if written {
        let all: Vec<u32> = members.iter().flatten().copied().collect();
        for members in &mut members {
            members.extend(all.iter().copied());
        }
    }
    members
}

fn of_body(module: &Module<'_>, defined: usize) -> Result<Calls> {
    let mut calls = Calls::default();
    let mut ops = module.body(defined).get_operators_reader()?;
    while !ops.eof() {
        match ops.read()? {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                calls.funcs.push(function_index);
            }
            Operator::CallIndirect {
                type_index,
                table_index,
            }
            | Operator::ReturnCallIndirect {
                type_index,
                table_index,
            } => calls.indirect.push((table_index, type_index)),
            Operator::CallRef { .. } | Operator::ReturnCallRef { .. } => bail!(
                "--stacks switch: calls of typed references are not supported (in the function at offset {:#x}): leave \
                 the option out",
                module.bodies[defined].start
            ),
            _ => {}
        }
    }
    calls.funcs.sort_unstable();
    calls.funcs.dedup();
    calls.indirect.sort_unstable();
    calls.indirect.dedup();
    Ok(calls)
}
