//! Which exceptions come out of which functions, and which get to which handler: the least solution
//! over the call graph.
//!
//! A clause stops what it catches. `throw_ref` throws what the clauses of its function have made
//! references of, or anything if references come from elsewhere. An indirect call throws what any
//! function of its type does that something refers to. Functions of the host never throw.

use std::collections::HashMap;

use wasmparser::{FuncType, Operator};

use super::scan::Scan;
use super::tags::TagSet;
use crate::parse::module::{Items, Module};

/// Which exceptions come out of which functions.
pub struct Escapes {
    /// Of each function of the index space.
    funcs: Vec<TagSet>,
    /// Of indirect calls, by type; equal types have the same.
    types: Vec<TagSet>,
    /// Everything that is thrown anywhere.
    any: TagSet,
}

impl Escapes {
    pub fn new(module: &Module<'_>, scans: &[Scan]) -> Escapes {
        let mut any = TagSet::NONE;
        for region in scans.iter().flat_map(|scan| &scan.regions) {
            any |= region.throws;
        }
        let mut first: HashMap<&FuncType, usize> = HashMap::new();
        let canonical: Vec<usize> = module
            .types
            .iter()
            .enumerate()
            .map(|(index, ty)| *first.entry(ty).or_insert(index))
            .collect();
        let mut escapes = Escapes {
            funcs: vec![TagSet::NONE; module.func_types.len()],
            types: vec![TagSet::NONE; module.types.len()],
            any,
        };
        if any.is_empty() {
            return escapes;
        }

        let imported = module.imported_func_count();
        let mut callers: Vec<Vec<u32>> = vec![Vec::new(); module.func_types.len()];
        let mut users: Vec<Vec<u32>> = vec![Vec::new(); module.types.len()];
        for (defined, scan) in (0..).zip(scans) {
            for region in &scan.regions {
                for &callee in &region.calls {
                    callers[callee as usize].push(defined);
                }
                for &ty in &region.types {
                    users[canonical[ty as usize]].push(defined);
                }
            }
        }
        let taken = referred(module, scans);
        let mut left: Vec<u32> = (0..scans.len() as u32).collect();
        let mut waits = vec![true; scans.len()];
        while let Some(defined) = left.pop() {
            waits[defined as usize] = false;
            let func = (imported + defined) as usize;
            let out = escapes.of_regions(&scans[defined as usize])[0];
            if out == escapes.funcs[func] {
                continue;
            }
            escapes.funcs[func] = out;
            let mut wake = |callers: &[u32]| {
                for &caller in callers {
                    if !std::mem::replace(&mut waits[caller as usize], true) {
                        left.push(caller);
                    }
                }
            };
            wake(&callers[func]);
            if taken[func] {
                let ty = canonical[module.func_types[func] as usize];
                let more = escapes.types[ty] | out;
                if more != escapes.types[ty] {
                    escapes.types[ty] = more;
                    for (at, set) in escapes.types.iter_mut().enumerate() {
                        if canonical[at] == ty {
                            *set = more;
                        }
                    }
                    wake(&users[ty]);
                }
            }
        }
        escapes
    }

    /// What comes out of a call of a function.
    pub fn of(&self, func: u32) -> TagSet {
        self.funcs[func as usize]
    }

    /// What comes out of an indirect call of a type.
    pub fn of_type(&self, ty: u32) -> TagSet {
        self.types[ty as usize]
    }

    /// Whether anything that a table may have throws.
    pub fn come_through_tables(&self) -> bool {
        self.types.iter().any(|set| !set.is_empty())
    }

    /// What each region of a body gives its handler; the first is what comes out of the function.
    pub fn of_regions(&self, scan: &Scan) -> Vec<TagSet> {
        let mut sets: Vec<TagSet> = scan
            .regions
            .iter()
            .map(|region| {
                let mut set = region.throws;
                for &callee in &region.calls {
                    set |= self.of(callee);
                }
                for &ty in &region.types {
                    set |= self.of_type(ty);
                }
                set
            })
            .collect();
        loop {
            let before = sets.clone();
            let thrown = self.thrown_refs(scan, &sets);
            for at in (0..sets.len()).rev() {
                let region = &scan.regions[at];
                if region.throws_ref {
                    sets[at] |= thrown;
                }
                for &(from, clause) in &region.rethrows {
                    let again = caught(scan, &sets, from, clause);
                    sets[at] |= again;
                }
                if at > 0 {
                    let mut rest = sets[at];
                    for clause in &region.clauses {
                        rest = rest.after(clause.tag);
                    }
                    sets[region.outer as usize] |= rest;
                }
            }
            if sets == before {
                return sets;
            }
        }
    }

    /// What `throw_ref` may throw in a body.
    pub fn thrown_refs(&self, scan: &Scan, sets: &[TagSet]) -> TagSet {
        if scan.takes_ref {
            return self.any;
        }
        let mut thrown = TagSet::NONE;
        for (region, set) in scan.regions.iter().zip(sets) {
            let mut rest = *set;
            for clause in &region.clauses {
                if clause.reference {
                    thrown |= rest.caught(clause.tag);
                }
                rest = rest.after(clause.tag);
            }
        }
        thrown
    }
}

/// What a clause of a region catches.
fn caught(scan: &Scan, sets: &[TagSet], region: u32, clause: usize) -> TagSet {
    let mut rest = sets[region as usize];
    let clauses = &scan.regions[region as usize].clauses;
    for earlier in &clauses[..clause] {
        rest = rest.after(earlier.tag);
    }
    rest.caught(clauses[clause].tag)
}

/// Which functions something refers to other than by calling them.
fn referred(module: &Module<'_>, scans: &[Scan]) -> Vec<bool> {
    let mut taken = vec![false; module.func_types.len()];
    for scan in scans {
        for &func in &scan.refs {
            taken[func as usize] = true;
        }
    }
    let mut expression = |expr: &wasmparser::ConstExpr<'_>| {
        for op in expr.get_operators_reader().into_iter().flatten() {
            if let Operator::RefFunc { function_index } = op {
                taken[function_index as usize] = true;
            }
        }
    };
    for global in &module.globals {
        expression(&global.init);
    }
    for table in &module.tables {
        table.init.iter().for_each(&mut expression);
    }
    for element in &module.elements {
        if let Items::Expressions(_, expressions) = &element.items {
            expressions.iter().for_each(&mut expression);
        }
    }
    for element in &module.elements {
        if let Items::Functions(functions) = &element.items {
            for &func in functions {
                taken[func as usize] = true;
            }
        }
    }
    taken
}
