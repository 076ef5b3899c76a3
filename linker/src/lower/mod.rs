//! Core module → core module without what a target lacks.
//!
//! The stage knows nothing of components: it is the last one of `flatten`, and the whole of
//! `p1bridge lower`. [`module`] parses and validates, [`needs`] decides what is to be done, the
//! bodies are streamed once ([`body`]), and what they turned out to call is added behind them
//! ([`helpers`]). One file for each feature:
//!
//! | file | what it lowers |
//! |---|---|
//! | [`sign_ext`], [`sat_float`] | the operators of those proposals |
//! | [`bulk`](crate::memory::bulk), [`segments`] | `memory.copy`, `memory.fill`; passive data, `memory.init`, `data.drop` |
//! | [`control`], [`multi_value`] | blocks and functions with several values |
//! | [`body`] | tail calls |
//! | [`memories`] | several memories, and room above them for what the linker adds |
//! | [`tables`] | several tables, tables that are written, references to functions as values |
//! | [`constant`](crate::parse::constant) | extended constant expressions |
//! | [`start`] | a start function where none is taken |
//! | [`quirks`], [`arena`](crate::memory::arena), [`applied`](crate::findings::applied) | hosts that are not as Preview 1 says |
//!
//! Over-long LEB128, flags of segments and the DataCount section go because all sections are
//! written anew.

mod bodies;
mod body;
mod control;
mod elements;
mod helpers;
mod memories;
mod multi_value;
mod names;
mod needs;
mod quirks;
mod sat_float;
mod sections;
mod segments;
mod sign_ext;
mod start;
mod tables;

use std::collections::HashMap;

use anyhow::{Context, Result, anyhow, bail};
use wasm_encoder::{FuncType, ValType};
use wasmparser::RefType;

pub use needs::Needs;

use crate::debug::{self, DebugNotes};
use crate::findings::applied;
use crate::findings::survey::{is_linked, reaches_host, survey, used_imports};
use crate::findings::wrapper::Wrapper;
use crate::memory::arena;
use crate::merge::Merged;
use crate::parse;
use crate::parse::constant;
use crate::parse::module::Module;
use crate::plan::Plan;
use crate::preview1;
use crate::profile::{Import, Profile};
use crate::validate::validate;
use helpers::Helper;
use memories::Memories;
use multi_value::MultiValue;
use tables::Tables;

/// A module for a target.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// The core module, validated under what the profile has.
    pub wasm: Vec<u8>,
    /// What was done, one line each.
    pub done: Vec<String>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// What became of debug information.
    pub debug: DebugNotes,
}

/// Rewrites what `profile` lacks in the core module `wasm`.
///
/// # Errors
///
/// Fails for anything that is not a valid core module, and for what cannot be lowered: all of it is
/// named, with places.
pub fn module(wasm: &[u8], profile: &Profile) -> Result<Lowered> {
    lower(wasm, profile, false, false)
}

/// The last stage of `flatten`: what [`crate::merge`] has not lowered yet.
///
/// # Errors
///
/// Like [`module`].
pub fn merged(plan: &Plan<'_, '_>, mut merged: Merged) -> Result<Merged> {
    let tables: usize = plan
        .program
        .ids()
        .map(|id| {
            plan.live
                .instance(id)
                .tables
                .iter()
                .filter(|live| **live)
                .count()
        })
        .sum();
    let mut profile = plan.options.profile.clone();
    let references = crate::features::FeatureSet::of(wasmparser::WasmFeatures::REFERENCE_TYPES);
    let several = tables > 1 && !plan.features().contains(references);
    if several {
        // Several tables would be a feature that the input does not use.
        profile.features = Some(match profile.features {
            Some(features) => features.without(references),
            None => plan.features(),
        });
    }
    let profile = &profile;
    let mut used = plan.features().without(crate::profile::ENCODED_AWAY);
    if profile.lowers_bulk_memory() && !plan.live.data_count {
        used = used.without(crate::features::FeatureSet::of(
            wasmparser::WasmFeatures::BULK_MEMORY_OPT,
        ));
    }
    let wrapped = plan.hosts.iter().any(|host| {
        let host = &plan.program.hosts[host.0 as usize];
        match host.module == preview1::MODULE {
            true => Wrapper::of(&host.name, profile.quirks).is_some(),
            false => profile.import(&host.module, &host.name, &host.ty) == Import::ThroughEnv,
        }
    });
    let start = plan.start.is_some() && !(profile.host.start && profile.host.start_calls_wasi);
    let lacks = profile
        .features
        .is_some_and(|features| !used.without(features).is_empty());
    if lacks || several || wrapped || start {
        let arena = plan
            .memory
            .as_ref()
            .and_then(|memory| memory.block)
            .is_some_and(|block| block.arena > 0);
        let lowered = lower(&merged.wasm, profile, true, arena)
            .context("the flat module cannot be lowered")?;
        merged.wasm = lowered.wasm;
        merged.debug.units = lowered.debug.units;
        merged.debug.bytes = lowered.debug.bytes;
        merged.debug.left_out.extend(lowered.debug.left_out);
    }
    Ok(merged)
}

/// `flat`: the module is one that flatten has made, `arena`: and it exports an arena.
fn lower(wasm: &[u8], profile: &Profile, flat: bool, arena: bool) -> Result<Lowered> {
    let input = parse::module(wasm)?;
    let module = &input.modules[0];
    is_linked(module)?;
    applied::is_native(profile, module)?;
    let profile = &applied::left(profile, module);
    let arena = arena || arena::is_exported(module);
    let survey = survey(module)?;
    let refused = needs::refused(module, profile, &survey);
    if !refused.is_empty() {
        bail!("{}", refused.join("\n  "));
    }
    let order = sections::Order::read(wasm)?;
    let needs = needs::needs(module, profile, &survey);
    let mut lowering = Lowering::new(module, profile, needs, &order, flat, arena)?;
    let wasm = lowering.encode(&order)?;
    let mut allowed = profile.allowed(module.features);
    if profile.features.is_none() {
        allowed = module.features;
    }
    validate(&wasm, allowed.validator_flags()).context(
        "the lowered module is not valid: this is a bug of p1bridge, please report it with the input",
    )?;
    Ok(Lowered {
        wasm,
        done: lowering.done(),
        warnings: lowering.warnings(),
        debug: lowering.debug,
    })
}

/// An import of the output.
#[derive(Clone)]
struct HostFunction {
    module: String,
    name: String,
    ty: u32,
}

/// A global that is added: all are mutable.
#[derive(Clone, Copy)]
struct NewGlobal {
    what: GlobalUse,
    ty: ValType,
    start: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum GlobalUse {
    /// The bytes of a region of the memory, its first address, and that of the block above.
    RegionBytes(u32),
    RegionBase(u32),
    BlockBase,
    /// Whether the start function has run.
    Started,
    /// The `n`th result of this type that goes through globals.
    Result(ValType, u32),
    SegmentLength(u32),
    TableSize(u32),
    ElementLength(u32),
}

/// Everything about one lowering.
#[derive(Clone)]
pub(crate) struct Lowering<'p, 'm, 'a> {
    module: &'m Module<'a>,
    profile: &'p Profile,
    needs: Needs,
    /// The types of the output; those of the input keep their indices.
    types: Vec<FuncType>,
    type_indices: HashMap<FuncType, u32>,
    multi: MultiValue,
    imports: Vec<HostFunction>,
    /// The functions of Preview 1 that are imported: for the wrappers.
    hosts: Vec<(String, u32)>,
    /// What a call of each function of the input goes to.
    funcs: Vec<u32>,
    first_defined: u32,
    first_helper: u32,
    helpers: Vec<Helper>,
    helper_indices: HashMap<Helper, u32>,
    first_global: u32,
    globals: Vec<NewGlobal>,
    global_indices: HashMap<GlobalUse, u32>,
    /// The layout of the memory, where it is not the module's own alone.
    memories: Option<Memories>,
    tables: Option<Tables>,
    /// The bases of tables that are joined.
    joined: Option<Vec<u32>>,
    /// `malloc` and `free` of the arena, when flatten has made them.
    arena: Option<(u32, u32)>,
    /// Whether the arena lies at the start of the block instead.
    own_arena: bool,
    /// Whether the exports are those that flatten has decided.
    flat: bool,
    /// How many tail calls became calls.
    tail_calls: u32,
    /// Whether there is debug information that has to follow the code.
    has_dwarf: bool,
    debug: DebugNotes,
    notes: Vec<String>,
}

impl<'p, 'm, 'a> Lowering<'p, 'm, 'a> {
    fn new(
        module: &'m Module<'a>,
        profile: &'p Profile,
        needs: Needs,
        order: &sections::Order<'_>,
        flat: bool,
        arena_made: bool,
    ) -> Result<Self> {
        let mut lowering = Lowering {
            module,
            profile,
            needs,
            types: Vec::new(),
            type_indices: HashMap::new(),
            multi: MultiValue::default(),
            imports: Vec::new(),
            hosts: Vec::new(),
            funcs: Vec::new(),
            first_defined: 0,
            first_helper: 0,
            helpers: Vec::new(),
            helper_indices: HashMap::new(),
            first_global: (module.imported_globals.len() + module.globals.len()) as u32,
            globals: Vec::new(),
            global_indices: HashMap::new(),
            memories: None,
            tables: None,
            joined: None,
            arena: None,
            own_arena: false,
            flat,
            tail_calls: 0,
            has_dwarf: debug::has_dwarf(module),
            debug: DebugNotes::default(),
            notes: Vec::new(),
        };
        lowering.lower_types()?;
        lowering.number_functions()?;
        if arena_made {
            let made = |name: &str| order.exported_function(name);
            lowering.arena = made("malloc").zip(made("free")).map(|(malloc, free)| {
                let new = |old: u32| lowering.funcs[old as usize];
                (new(malloc), new(free))
            });
        }
        lowering.lay_out()?;
        lowering.wrap_hosts();
        Ok(lowering)
    }

    fn lower_types(&mut self) -> Result<()> {
        for ty in &self.module.types {
            let ty = FuncType::new(self.values(ty.params())?, self.values(ty.results())?);
            self.types.push(ty);
        }
        if self.needs.multi_value {
            self.multi = MultiValue::new(&mut self.types);
        }
        for (index, ty) in self.types.iter().enumerate().rev() {
            self.type_indices.insert(ty.clone(), index as u32);
        }
        Ok(())
    }

    /// Decides the imports, and with them the indices of all functions.
    fn number_functions(&mut self) -> Result<()> {
        let module = self.module;
        let used = used_imports(module);
        for (index, &import) in module.imported_funcs.iter().enumerate() {
            let import = &module.imports[import];
            if !used[index] {
                self.notes.push(format!(
                    "the import {}.{} is used by nothing and left out",
                    import.module, import.name
                ));
                self.funcs.push(u32::MAX);
                continue;
            }
            let (mut to, mut name) = (import.module.to_string(), import.name.to_string());
            let ty = module.func_type(index as u32);
            if self.profile.import(&to, &name, ty) == Import::ThroughEnv {
                name = format!("{to}#{name}");
                to = "env".to_string();
            }
            let new = self.imports.len() as u32;
            if to == preview1::MODULE {
                self.hosts.push((name.clone(), new));
            }
            self.funcs.push(new);
            self.imports.push(HostFunction {
                module: to,
                name,
                ty: module.func_types[index],
            });
        }
        let mut more: Vec<&str> = Vec::new();
        for (name, _) in &self.hosts {
            if let Some(wrapper) = Wrapper::of(name, self.profile.quirks) {
                more.extend(wrapper.also_calls(self.profile.quirks));
            }
        }
        for name in more {
            if self.hosts.iter().any(|(known, _)| known == name) {
                continue;
            }
            let ty = preview1::signature(name)
                .ok_or_else(|| anyhow!("{name} is no function of Preview 1"))?;
            let ty = self.type_index(&self.values(ty.params())?, &self.values(ty.results())?);
            self.hosts
                .push((name.to_string(), self.imports.len() as u32));
            self.imports.push(HostFunction {
                module: preview1::MODULE.to_string(),
                name: name.to_string(),
                ty,
            });
        }
        self.first_defined = self.imports.len() as u32;
        self.first_helper = self.first_defined + module.bodies.len() as u32;
        self.funcs.extend(self.first_defined..self.first_helper);
        Ok(())
    }

    /// The memory of the linker's own, and what lies in it.
    fn lay_out(&mut self) -> Result<()> {
        let module = self.module;
        let hosts = &self.hosts;
        let mut size = 0;
        let imports = |name: &str| hosts.iter().any(|(known, _)| known == name);
        // A memory that is imported has no room for it, which only wrappers cannot do without.
        let wanted = match module.memories.is_empty() {
            true => self.profile.wants_scratch(imports),
            false => self.profile.wants_arena(imports),
        };
        if self.arena.is_none() && wanted {
            size += arena::SIZE;
            self.own_arena = true;
        }
        if self.needs.references {
            let tables = Tables::new(module, size, self.needs.table_grow)?;
            // Even without entries there are addresses.
            size += (tables.contents.len() as u32).max(16);
            self.tables = Some(tables);
            for table in 0..module.tables.len() as u32 {
                self.table_size(table);
            }
        } else if module.tables.len() > 1 && self.needs.tables {
            self.joined = Some(tables::join(module)?);
        }
        if size == 0 && !self.needs.memories {
            return Ok(());
        }
        if !module.imported_memories.is_empty() {
            bail!(
                "the memory is imported, so there is no room for what the profile {} needs: link \
                 the program with a memory of its own",
                self.profile.name()
            );
        }
        let mut memories = Memories::new(module, size, self.profile.limits.memory_pages)?;
        let slides = memories.plan.block.is_some_and(|block| block.slides);
        for (at, region) in memories.plan.regions.iter().enumerate() {
            let name = at as u32;
            let bytes = i64::from(region.pages) << 16;
            let global = |this: &mut Self, wanted: bool, what, start| {
                wanted.then(|| this.global(what, ValType::I32, start))
            };
            let base = i64::from(region.base);
            let bytes = global(self, region.grows, GlobalUse::RegionBytes(name), bytes);
            let base = global(self, region.slides, GlobalUse::RegionBase(name), base);
            memories.globals.bytes.push(bytes);
            memories.globals.bases.push(base);
        }
        if slides {
            let base = memories.plan.block_base();
            memories.globals.block =
                Some(self.global(GlobalUse::BlockBase, ValType::I32, base.into()));
        }
        self.memories = Some(memories);
        self.refuse_segments_beyond()
    }

    /// A segment that does not fit its memory traps at the start; in what lies above it would fit.
    fn refuse_segments_beyond(&self) -> Result<()> {
        for data in &self.module.data {
            let Some((memory, offset)) = &data.active else {
                continue;
            };
            match constant::of_module(self.module, offset) {
                Some(constant::Value::I32(start)) => {
                    let end = u64::from(start as u32) + data.bytes.len() as u64;
                    if end > self.module.memories[*memory as usize].initial * memories::PAGE {
                        bail!(
                            "the data segment at offset {:#x} does not fit the memory: the module \
                             traps at once",
                            data.offset
                        );
                    }
                }
                _ if self.needs.memories => bail!(
                    "the place of the data segment at offset {:#x} depends on an import, so it \
                     cannot be moved to where its memory is",
                    data.offset
                ),
                _ => {}
            }
        }
        Ok(())
    }

    fn wrap_hosts(&mut self) {
        for index in 0..self.module.imported_funcs.len() {
            let import = &self.module.imports[self.module.imported_funcs[index]];
            if self.funcs[index] == u32::MAX || import.module != preview1::MODULE {
                continue;
            }
            let wrapper = Wrapper::of(import.name, self.profile.quirks);
            if let Some(wrapper) = wrapper {
                self.funcs[index] = self.helper(Helper::Wrapper(wrapper));
            }
        }
    }

    /// The type of the output for one of the input.
    fn value(&self, ty: wasmparser::ValType) -> Result<ValType> {
        match ty {
            wasmparser::ValType::Ref(RefType::FUNCREF) if self.needs.references => Ok(ValType::I32),
            ty => ValType::try_from(ty).map_err(|_| anyhow!("the type {ty} is not supported")),
        }
    }

    fn values(&self, types: &[wasmparser::ValType]) -> Result<Vec<ValType>> {
        types.iter().map(|&ty| self.value(ty)).collect()
    }

    /// The index of a type of the output.
    fn type_index(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        let ty = FuncType::new(params.iter().copied(), results.iter().copied());
        if let Some(&index) = self.type_indices.get(&ty) {
            return index;
        }
        let index = self.types.len() as u32;
        self.type_indices.insert(ty.clone(), index);
        self.types.push(ty);
        index
    }

    /// The index of a helper, which is added if need be.
    fn helper(&mut self, helper: Helper) -> u32 {
        if let Some(&index) = self.helper_indices.get(&helper) {
            return index;
        }
        let index = self.first_helper + self.helpers.len() as u32;
        self.helpers.push(helper);
        self.helper_indices.insert(helper, index);
        index
    }

    fn global(&mut self, what: GlobalUse, ty: ValType, start: i64) -> u32 {
        if let Some(&index) = self.global_indices.get(&what) {
            return index;
        }
        let index = self.first_global + self.globals.len() as u32;
        self.globals.push(NewGlobal { what, ty, start });
        self.global_indices.insert(what, index);
        index
    }

    fn started_global(&mut self) -> u32 {
        self.global(GlobalUse::Started, ValType::I32, 0)
    }

    /// The globals for all results but the first of a type of the input.
    fn result_globals(&mut self, ty: u32) -> Vec<u32> {
        let others = self.multi.others(ty).to_vec();
        others
            .into_iter()
            .map(|(ty, n)| self.global(GlobalUse::Result(ty, n), ty, 0))
            .collect()
    }

    /// The global with the length of a passive data segment; active ones count as dropped.
    fn segment_length(&mut self, segment: u32) -> u32 {
        let data = &self.module.data[segment as usize];
        let length = match data.active {
            Some(_) => 0,
            None => data.bytes.len(),
        };
        self.global(
            GlobalUse::SegmentLength(segment),
            ValType::I32,
            length as i64,
        )
    }

    fn table_size(&mut self, table: u32) -> u32 {
        let size = self
            .tables
            .as_ref()
            .map_or(0, |tables| tables.initial(table));
        self.global(GlobalUse::TableSize(table), ValType::I32, size.into())
    }

    fn element_length(&mut self, element: u32) -> u32 {
        let length = self
            .tables
            .as_ref()
            .map_or(0, |tables| tables.element_entries(element));
        self.global(
            GlobalUse::ElementLength(element),
            ValType::I32,
            length.into(),
        )
    }

    /// The number that stands for a reference to a function.
    fn reference(&mut self, func: u32) -> i32 {
        self.tables.as_mut().map_or(0, |tables| tables.number(func))
    }

    /// The table of the output.
    fn table(&self, table: u32) -> u32 {
        match self.joined.is_some() || self.tables.is_some() {
            true => 0,
            false => table,
        }
    }

    /// The index of a data segment that is left.
    fn data_index(&self, segment: u32) -> Option<u32> {
        if !self.needs.segments {
            return Some(segment);
        }
        let before = self.module.data.get(..=segment as usize)?;
        let active = before.iter().filter(|data| data.active.is_some()).count();
        before.last()?.active.as_ref()?;
        Some(active as u32 - 1)
    }

    fn memories(&self) -> Result<&Memories> {
        self.memories
            .as_ref()
            .ok_or_else(|| anyhow!("no memory was laid out for what lies in it"))
    }

    /// The layout where the module has one memory, with something above it.
    fn only_memory(&self) -> Option<&Memories> {
        self.memories
            .as_ref()
            .filter(|memories| !memories.is_shared())
    }

    fn tables(&self) -> Result<&Tables> {
        self.tables
            .as_ref()
            .ok_or_else(|| anyhow!("no tables were laid out"))
    }

    fn host(&self, name: &str) -> Result<u32> {
        quirks::host(&self.hosts, name)
    }

    fn function_name(&self, func: u32) -> Option<&'a str> {
        self.module.function_name(func)
    }

    /// Whether the start function runs before the exports instead.
    fn moves_start(&self) -> bool {
        let host = &self.profile.host;
        self.module.start.is_some()
            && (!host.start || !host.start_calls_wasi && reaches_host(self.module))
    }

    fn done(&self) -> Vec<String> {
        let mut done = self.notes.clone();
        if !self.helpers.is_empty() {
            let names: Vec<String> = self
                .helpers
                .iter()
                .map(|helper| helper.name(self))
                .collect();
            done.push(format!("functions added: {}", names.join(", ")));
        }
        done
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.tail_calls > 0 {
            warnings.push(format!(
                "{} tail calls of other functions became calls: they use stack",
                self.tail_calls
            ));
        }
        warnings
    }
}
