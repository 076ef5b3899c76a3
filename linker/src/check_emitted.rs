//! A second look at each finished module, from the bytes: index spaces, memory, segments, imports
//! and exports, and what the bodies call and use are read anew and compared with the plan.
//!
//! It shares nothing with [`crate::merge`] and [`crate::glue`] but the plan that they were given;
//! numbers are counted anew. What it finds is a bug of the linker, so it runs where those are
//! looked for: in debug builds, in the tests, and with `--verify`.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result, bail, ensure};
use wasmparser::{ExternalKind, FuncType, Operator, TypeRef, ValType};

use crate::abi;
use crate::findings::applied;
use crate::memory::arena;
use crate::memory::layout::MemoryPlan;
use crate::parse;
use crate::parse::module::{Data, ElementMode, Items, Module};
use crate::plan::{Exported, Plan, Step, Target, zeroes};
use crate::preview1;
use crate::resolve::{Builtin, FuncDef, InstanceId};

/// Bytes of a page.
const PAGE: u64 = 65536;

/// Checks what the stage `merge` has made, before anything is lowered.
///
/// # Errors
///
/// Names the first thing that is not as planned.
pub fn merged(plan: &Plan<'_, '_>, wasm: &[u8]) -> Result<()> {
    let input = parse::module(wasm)?;
    let check = Check {
        plan,
        module: &input.modules[0],
        numbers: Numbers::new(plan),
    };
    check.imports()?;
    check.exports().context("exports")?;
    check.memory().context("memory")?;
    check.data().context("data segments")?;
    check.elements().context("element segments")?;
    check.bodies()
}

/// Checks the boundary of the finished module: lowering may add to what was planned only what it
/// says it needs.
///
/// # Errors
///
/// Like [`merged`].
pub fn finished(plan: &Plan<'_, '_>, wasm: &[u8]) -> Result<()> {
    let input = parse::module(wasm)?;
    let module = &input.modules[0];
    let planned: BTreeSet<(String, String)> = plan
        .hosts
        .iter()
        .map(|host| &plan.program.hosts[host.0 as usize])
        .flat_map(|host| {
            let through_env = ("env".to_string(), format!("{}#{}", host.module, host.name));
            [(host.module.clone(), host.name.clone()), through_env]
        })
        .collect();
    for import in &module.imports {
        ensure!(
            import.module == preview1::MODULE
                || planned.contains(&(import.module.to_string(), import.name.to_string())),
            "the import {}.{} is left over",
            import.module,
            import.name
        );
    }
    let is_left = |name: &str| !arena::SCRATCH_NAMES.contains(&name);
    for export in plan.exports.iter().filter(|export| is_left(&export.name)) {
        let kind = match export.what {
            Exported::Memory => ExternalKind::Memory,
            Exported::End | Exported::Global(..) => ExternalKind::Global,
            Exported::Table(..) => ExternalKind::Table,
            _ => ExternalKind::Func,
        };
        let found = module.exports.get(export.name.as_str());
        ensure!(
            found.is_some_and(|(found, _)| *found == kind),
            "the export {:?} is missing",
            export.name
        );
    }
    for name in module.exports.keys() {
        ensure!(
            plan.exports
                .iter()
                .any(|export| export.name == *name && is_left(name))
                || applied::is_mark(name)
                // Of the memory that tables were lowered into.
                || plan.memory.is_none() && ["memory", "malloc", "free"].contains(name),
            "the export {name:?} was not planned"
        );
    }
    for data in &module.data {
        if let Some((memory, offset)) = &data.active
            && let Some(start) = constant(offset)
            && !plan.init.contains(&Step::Trap)
        {
            let pages = memory_pages(module, *memory).context("a segment of no memory")?;
            ensure!(
                u64::from(start) + data.bytes.len() as u64 <= pages * PAGE,
                "the data segment at {start:#x} does not fit the memory"
            );
        }
    }
    Ok(())
}

/// The core type of a lifted function: `CanonicalABI.md`, "Flattening".
fn lifted(ty: &abi::FuncType) -> FuncType {
    let mut params = ty.params.flat();
    if params.len() > abi::MAX_FLAT_PARAMS {
        params = vec![ValType::I32];
    }
    let mut results = ty.result.as_ref().map(abi::Type::flat).unwrap_or_default();
    if results.len() > abi::MAX_FLAT_RESULTS {
        results = vec![ValType::I32];
    }
    FuncType::new(params, results)
}

fn memory_pages(module: &Module<'_>, memory: u32) -> Option<u64> {
    let defined = (memory as usize).checked_sub(module.imported_memories.len())?;
    module.memories.get(defined).map(|memory| memory.initial)
}

/// The value of an expression that is an `i32.const`.
fn constant(expr: &wasmparser::ConstExpr<'_>) -> Option<u32> {
    match expr.get_operators_reader().read() {
        Ok(Operator::I32Const { value }) => Some(value as u32),
        _ => None,
    }
}

/// The index spaces as they have to be: what is imported, then what is live of each instance in
/// order, then what the linker has added.
struct Numbers {
    functions: HashMap<Target, u32>,
    /// The function of the input that each body is.
    sources: Vec<(InstanceId, usize)>,
    first_body: u32,
    globals: HashMap<(InstanceId, u32), u32>,
}

impl Numbers {
    fn new(plan: &Plan<'_, '_>) -> Numbers {
        let mut functions = HashMap::new();
        for host in &plan.hosts {
            functions.insert(Target::Host(*host), functions.len() as u32);
        }
        let first_body = functions.len() as u32;
        let mut sources = Vec::new();
        let mut globals = HashMap::new();
        let memory = plan.memory.as_ref();
        let before = memory.map_or(0, MemoryPlan::globals_before);
        for id in plan.program.ids() {
            let imported = plan.program.module(plan.input, id).imported_funcs.len();
            let live = plan.live.instance(id);
            for (index, _) in live.funcs.iter().enumerate().filter(|(_, live)| **live) {
                functions.insert(Target::Core(id, index as u32), functions.len() as u32);
                sources.push((id, index - imported));
            }
            for (index, _) in live.globals.iter().enumerate().filter(|(_, live)| **live) {
                globals.insert((id, index as u32), before + globals.len() as u32);
            }
        }
        Numbers {
            functions,
            sources,
            first_body,
            globals,
        }
    }

    /// The first function that the linker has written itself.
    fn first_own(&self) -> u32 {
        self.functions.len() as u32
    }
}

struct Check<'c, 'i, 'a> {
    plan: &'c Plan<'i, 'a>,
    module: &'c Module<'c>,
    numbers: Numbers,
}

impl Check<'_, '_, '_> {
    fn imports(&self) -> Result<()> {
        let (program, module) = (&self.plan.program, self.module);
        ensure!(
            module.imports.len() == self.plan.hosts.len(),
            "{} imports where {} are planned",
            module.imports.len(),
            self.plan.hosts.len()
        );
        for (import, host) in module.imports.iter().zip(&self.plan.hosts) {
            let host = &program.hosts[host.0 as usize];
            let TypeRef::Func(ty) = import.ty else {
                bail!(
                    "the import {}.{} is no function",
                    import.module,
                    import.name
                );
            };
            ensure!(
                (import.module, import.name) == (&host.module, &host.name)
                    && module.types[ty as usize] == host.ty,
                "the import {}.{} stands where {}.{} is planned",
                import.module,
                import.name,
                host.module,
                host.name
            );
        }
        Ok(())
    }

    fn exports(&self) -> Result<()> {
        let module = self.module;
        ensure!(
            module.exports.len() == self.plan.exports.len(),
            "{} where {} are planned",
            module.exports.len(),
            self.plan.exports.len()
        );
        let nothing = FuncType::new([], []);
        for export in &self.plan.exports {
            let name = &export.name;
            let (kind, index) = *module
                .exports
                .get(name.as_str())
                .with_context(|| format!("{name:?} is missing"))?;
            let ty = match &export.what {
                Exported::Table(..) => {
                    ensure!(kind == ExternalKind::Table, "{name:?} is no table");
                    continue;
                }
                Exported::End | Exported::Global(..) => {
                    ensure!(kind == ExternalKind::Global, "{name:?} is no global");
                    continue;
                }
                Exported::Memory => {
                    ensure!(
                        (kind, index) == (ExternalKind::Memory, 0),
                        "{name:?} is not the memory"
                    );
                    continue;
                }
                Exported::Func(target) => {
                    let planned = self.numbers.functions.get(target).copied();
                    let planned = planned.filter(|_| !self.plan.has_border(*target));
                    ensure!(
                        planned.unwrap_or(index) == index,
                        "{name:?} is another function than planned"
                    );
                    self.plan.target_type(*target).clone()
                }
                Exported::Initialised(target)
                | Exported::Realloc(target)
                | Exported::NotLeaving(target, _) => self.plan.target_type(*target).clone(),
                Exported::Copied(lift, _) | Exported::Passed(lift, _) => {
                    let lift = &self.plan.program.lifts[lift.0 as usize];
                    lifted(&lift.ty)
                }
                Exported::CopiedPost(_) | Exported::Free => FuncType::new([ValType::I32], []),
                Exported::Arena | Exported::Allocating(..) => {
                    FuncType::new([ValType::I32; 4], [ValType::I32])
                }
                Exported::Run(..) | Exported::TaskRun(_) | Exported::Initialize => nothing.clone(),
                Exported::HostArena(_) => FuncType::new([], [ValType::I32]),
                Exported::Malloc => FuncType::new([ValType::I32], [ValType::I32]),
            };
            ensure!(
                kind == ExternalKind::Func && *module.func_type(index) == ty,
                "{name:?} is not of the type of its function"
            );
        }
        Ok(())
    }

    /// The regions lie one above the other, and the block above them all.
    fn memory(&self) -> Result<()> {
        let Some(memory) = &self.plan.memory else {
            ensure!(self.module.memories.is_empty(), "one that is not planned");
            return Ok(());
        };
        let Some((found, others)) = self.module.memories.split_first() else {
            bail!("none of them");
        };
        let own = memory
            .own
            .iter()
            .map(|own| (u64::from(own.pages), own.maximum.map(u64::from)));
        let others = others.iter().map(|other| (other.initial, other.maximum));
        ensure!(
            own.eq(others),
            "{} of them, or other sizes than planned",
            self.module.memories.len()
        );
        let mut end = u64::from(memory.stacks);
        for (at, region) in memory.regions.iter().enumerate() {
            ensure!(
                u64::from(region.base) >= end,
                "region {at} begins inside the one below"
            );
            end = u64::from(region.base) + region.bytes;
        }
        if let Some(block) = memory.block {
            ensure!(
                u64::from(memory.block_base()) >= end,
                "the block lies inside a region"
            );
            end = u64::from(memory.block_base()) + u64::from(block.size());
        }
        ensure!(
            end <= found.initial * PAGE && found.initial <= PAGE,
            "{} pages for {end} bytes",
            found.initial
        );
        Ok(())
    }

    /// Each is that of the input, in the region of its own guest.
    fn data(&self) -> Result<()> {
        let (plan, program) = (self.plan, &self.plan.program);
        let mut found = self.module.data.iter();
        let trimmed = zeroes::trimmed(plan);
        for id in program.ids() {
            let module = program.module(plan.input, id);
            let live = &plan.live.instance(id).data;
            for (at, data) in module.data.iter().enumerate().filter(|(at, _)| live[*at]) {
                let new = found.next().context("one is missing")?;
                // The function that writes it has its bytes.
                if plan.is_late(Step::Data(id, at)) {
                    ensure!(new.bytes.is_empty(), "one that is written late has bytes");
                    continue;
                }
                let kept = trimmed.get(&(id, at));
                let kept = kept.cloned().unwrap_or(0..data.bytes.len());
                self.segment(id, data, kept, new).with_context(|| {
                    format!("that at offset {:#x} of {}", data.offset, module.path)
                })?;
            }
        }
        ensure!(found.next().is_none(), "one that is not planned");
        Ok(())
    }

    fn segment(
        &self,
        id: InstanceId,
        old: &Data<'_>,
        kept: std::ops::Range<usize>,
        new: &Data<'_>,
    ) -> Result<()> {
        let from = kept.start as u32;
        let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
        ensure!(
            is_zero(&old.bytes[..kept.start]) && is_zero(&old.bytes[kept.end..]),
            "bytes that are not zero were left out"
        );
        ensure!(old.bytes[kept] == *new.bytes, "it has other bytes");
        let (Some((memory, offset)), Some((new_memory, new_offset))) = (&old.active, &new.active)
        else {
            ensure!(
                old.active.is_some() == new.active.is_some(),
                "it became active or passive"
            );
            return Ok(());
        };
        let slot = self.plan.program.memory(self.plan.input, id, *memory);
        let plan = self.plan.memory.as_ref().context("there is no memory")?;
        let (index, region) = plan.place(slot).context("its memory is not planned")?;
        ensure!(
            *new_memory == index,
            "it is in memory {new_memory} instead of {index}"
        );
        let (base, bytes, added) = match region.map(|at| plan.regions[at]) {
            Some(region) => (region.base, region.bytes, region.data()),
            None => (0, u64::from(plan.own[index as usize - 1].pages) * PAGE, 0),
        };
        let start = constant(new_offset).context("its offset is no constant")?;
        // The component is not instantiated, and what lies where does not matter.
        let traps = self.plan.init.contains(&Step::Trap);
        ensure!(
            traps
                || start >= base
                    && u64::from(start) + new.bytes.len() as u64 <= u64::from(base) + bytes,
            "it lies at {start:#x}, outside of the region of its guest"
        );
        if let Some(old) = constant(offset) {
            ensure!(
                start.wrapping_sub(added).wrapping_sub(from) == old,
                "it lies at {start:#x} instead of {old:#x} of its region"
            );
        }
        Ok(())
    }

    /// Each has the functions of the input, and fits its table.
    fn elements(&self) -> Result<()> {
        let (plan, program) = (self.plan, &self.plan.program);
        let mut found = self.module.elements.iter();
        for id in program.ids() {
            let module = program.module(plan.input, id);
            let live = &plan.live.instance(id).elements;
            let all = module.elements.iter().zip(live).enumerate();
            for (at, (old, _)) in all.filter(|(_, (_, live))| **live) {
                let new = found.next().context("one is missing")?;
                let place = || format!("that at offset {:#x} of {}", old.offset, module.path);
                ensure!(
                    new.items.len() == old.items.len(),
                    "{}: its length",
                    place()
                );
                if let (Items::Functions(old), Items::Functions(new)) = (&old.items, &new.items)
                    && !plan.is_late(Step::Applied(id, at))
                {
                    for (&old, &new) in old.iter().zip(new) {
                        let planned = self.function(FuncDef::Core(id, old));
                        ensure!(
                            planned.unwrap_or(new) == new,
                            "{}: {new} stands for function {old}",
                            place()
                        );
                    }
                }
                if let ElementMode::Active { table, offset } = &new.mode {
                    let start = constant(offset).with_context(place)?;
                    let table = self
                        .module
                        .tables
                        .get(*table as usize)
                        .with_context(place)?;
                    let traps = plan.init.contains(&Step::Trap);
                    ensure!(
                        traps || u64::from(start) + new.items.len() as u64 <= table.ty.initial,
                        "{}: it does not fit its table",
                        place()
                    );
                }
            }
        }
        // At most one more, which declares what `ref.func` names.
        let rest: Vec<_> = found.collect();
        ensure!(
            rest.len() <= 1 && rest.iter().all(|e| matches!(e.mode, ElementMode::Declared)),
            "{} that are not planned",
            rest.len()
        );
        Ok(())
    }

    /// The function of the output, unless the linker writes it itself.
    fn function(&self, def: FuncDef) -> Option<u32> {
        let target = self.plan.try_target(def)?;
        self.numbers.functions.get(&target).copied()
    }

    /// The use of a global, unless it is gone.
    fn global(&self, id: InstanceId, index: u32) -> Option<Use> {
        let slot = self.plan.program.global(self.plan.input, id, index);
        self.numbers.globals.get(&slot).copied().map(Use::Global)
    }

    /// Whether a function is written out where an instance calls it.
    fn is_inlined(&self, id: InstanceId, func: u32) -> bool {
        let imported = self
            .plan
            .program
            .module(self.plan.input, id)
            .imported_func_count();
        match self.plan.try_target(FuncDef::Core(id, func)) {
            Some(Target::Core(other, index)) => {
                func < imported && self.plan.inlined.contains(&(other, index))
            }
            _ => false,
        }
    }

    /// Guests call and use what they did, in the same order, and nothing else of the input.
    fn bodies(&self) -> Result<()> {
        let (plan, module) = (self.plan, self.module);
        let own = self.numbers.first_own();
        let guarded: BTreeSet<(InstanceId, u32)> = plan
            .guarded_reallocs()
            .iter()
            .map(|(id, import, ..)| (*id, *import))
            .collect();
        ensure!(
            module.func_types.len() as u32 >= own,
            "{} functions where at least {own} are planned",
            module.func_types.len()
        );
        for (at, &(id, defined)) in self.numbers.sources.iter().enumerate() {
            let source = plan.program.module(plan.input, id);
            let index = source.imported_func_count() + defined as u32;
            let what = || {
                format!(
                    "the function at {:#x} of {}",
                    source.bodies[defined].start, source.path
                )
            };
            let new = self.numbers.first_body + at as u32;
            ensure!(
                module.func_type(new) == source.func_type(index),
                "{} has another type",
                what()
            );
            let old = uses(source, defined, |def| match def {
                Use::Call(func) | Use::TailCall(func) | Use::Reference(func)
                    if guarded.contains(&(id, func)) =>
                {
                    None
                }
                Use::Call(func)
                    if plan.is_library(id)
                        && (plan.try_target(FuncDef::Core(id, func)))
                            .is_some_and(|target| plan.has_border(target)) =>
                {
                    None
                }
                // Only a call can be written out.
                Use::Call(func) if self.is_inlined(id, func) => None,
                Use::TailCall(func) => self.function(FuncDef::Core(id, func)).map(Use::TailCall),
                Use::Reference(func) => self.function(FuncDef::Core(id, func)).map(Use::Reference),
                // A library that asks for the stack pointer of its guest reads it.
                Use::Call(func)
                    if let Some(Target::Builtin(Builtin::StackPointer(id, global))) =
                        plan.try_target(FuncDef::Core(id, func)) =>
                {
                    self.global(id, global)
                }
                Use::Call(func) => self.function(FuncDef::Core(id, func)).map(Use::Call),
                Use::Global(global) => self.global(id, global),
            })?;
            let memory = plan.memory.as_ref();
            let before = memory.map_or(0, MemoryPlan::globals_before);
            let globals = before + self.numbers.globals.len() as u32;
            let new = uses(module, at, |used| match used {
                Use::Call(func) | Use::TailCall(func) | Use::Reference(func) => {
                    (func < own).then_some(used)
                }
                Use::Global(global) => (global < globals).then_some(used),
            })?;
            // Of a library, some is left out.
            let mut rest = old.iter();
            let is_part = new.iter().all(|used| rest.any(|planned| planned == used));
            ensure!(
                old == new || plan.is_library(id) && is_part,
                "{} uses {new:?} where {old:?} is planned",
                what()
            );
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Call(u32),
    TailCall(u32),
    /// `ref.func`.
    Reference(u32),
    Global(u32),
}

/// What a body calls and uses, as far as `map` knows it.
fn uses(module: &Module<'_>, defined: usize, map: impl Fn(Use) -> Option<Use>) -> Result<Vec<Use>> {
    let mut used = Vec::new();
    for op in module.body(defined).get_operators_reader()? {
        let one = match op? {
            Operator::Call { function_index } => Use::Call(function_index),
            Operator::ReturnCall { function_index } => Use::TailCall(function_index),
            Operator::RefFunc { function_index } => Use::Reference(function_index),
            Operator::GlobalGet { global_index } | Operator::GlobalSet { global_index } => {
                Use::Global(global_index)
            }
            _ => continue,
        };
        used.extend(map(one));
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, merge, plan, resolve, unadapt};

    const COMPONENT: &str = r#"(component
        (import "log" (func $log (param "n" u32)))
        (core func $log (canon lower (func $log)))
        (core module $m
            (import "host" "log" (func $log (param i32)))
            (memory (export "memory") 1)
            (table 2 funcref)
            (global $calls (mut i32) (i32.const 0))
            (elem (i32.const 0) $run $other)
            (data (i32.const 16) "text")
            (func $run (export "run") (call $other) (call $log (i32.const 1)))
            (func $other
                (global.set $calls (i32.load8_u (i32.const 16)))
                (call_indirect (i32.const 0))))
        (core instance $i (instantiate $m
            (with "host" (instance (export "log" (func $log))))))
        (func (export "run") (canon lift (core func $i "run"))))"#;

    /// Checks the module made of the component against a plan that was changed afterwards.
    fn check_changed(change: impl FnOnce(&mut Plan<'_, '_>)) -> Result<()> {
        let component = wat::parse_str(COMPONENT)?;
        let input = parse::component(&component)?;
        let options = Options::default();
        let adapted = unadapt::unadapt(&input, resolve::program(&input)?, &options);
        let mut plan = plan::plan(&input, &adapted, &options)?;
        let wasm = merge::merge(&plan)?.wasm;
        change(&mut plan);
        merged(&plan, &wasm)?;
        finished(&plan, &wasm)
    }

    fn found(change: impl FnOnce(&mut Plan<'_, '_>)) -> String {
        match check_changed(change) {
            Ok(()) => panic!("nothing was found"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn a_tail_call_of_a_function_that_is_written_out_elsewhere_is_as_planned() -> Result<()> {
        let component = wat::parse_str(
            r#"(component
                (core module $a
                    (func (export "twice") (param i32) (result i32)
                        (i32.mul (local.get 0) (i32.const 2))))
                (core instance $a (instantiate $a))
                (core module $b
                    (import "a" "twice" (func $twice (param i32) (result i32)))
                    (func (export "run") (param i32) (result i32)
                        (return_call $twice (call $twice (local.get 0)))))
                (core instance $b (instantiate $b (with "a" (instance $a))))
                (func (export "run") (param "n" u32) (result u32)
                    (canon lift (core func $b "run"))))"#,
        )?;
        for profile in ["as-is", "mvp"] {
            let options = Options {
                verify: true,
                profile: crate::Profile::named(profile).expect("it is built in"),
                ..Options::default()
            };
            crate::flatten(&component, &[], &options)?;
        }
        Ok(())
    }

    #[test]
    fn what_is_not_as_planned_is_found() -> Result<()> {
        check_changed(|_| {})?;
        type Change = fn(&mut Plan<'_, '_>);
        let cases: [(&str, Change); 5] = [
            ("1 imports where 0", |plan| plan.hosts.clear()),
            ("\"other\" is missing", |plan| {
                plan.exports[0].name = "other".into()
            }),
            ("where 2 are planned", |plan| drop(plan.exports.pop())),
            ("one that is not planned", |plan| plan.memory = None),
            ("pages for", |plan| {
                plan.memory.as_mut().expect("a memory").regions[0].base = 65536;
            }),
        ];
        for (what, change) in cases {
            let message = found(change);
            assert!(message.contains(what), "{message}");
        }
        Ok(())
    }
}
