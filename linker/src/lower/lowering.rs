//! Everything about one lowering, and the index spaces of its output.

use std::collections::HashMap;

use anyhow::{Context, Result, anyhow, bail};
use wasm_encoder::{BlockType, FuncType, ValType};
use wasmparser::ExternalKind;

use super::helper::Helper;
use super::memories::Memories;
use super::multi_value::MultiValue;
use super::table_layout::{self, Tables};
use super::types::Types;
use crate::debug::{self, DebugNotes};
use crate::findings::allocator::{self, Allocator};
use crate::findings::needs::Needs;
use crate::findings::survey::{is_number, memory_types, reaches_host, used_imports};
use crate::findings::wrapper::{Wrapper, of_preview1};
use crate::memory::arena;
use crate::memory::bulk::Bounds;
use crate::memory::layout::WhileLent;
use crate::merge::AddedRegion;
use crate::parse::constant;
use crate::parse::module::{Import, Module};
use crate::preview1;
use crate::profile::{Import as Provided, Profile};
use crate::statics::stack_pointer;

use super::{memories, order};

/// An import of the output.
#[derive(Clone)]
pub struct HostFunction {
    pub module: String,
    pub name: String,
    pub ty: u32,
}

/// A global that is added: all are mutable, but for the mark.
#[derive(Clone, Copy)]
pub struct NewGlobal {
    pub what: GlobalUse,
    pub ty: ValType,
    pub start: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GlobalUse {
    /// The bytes of a region of the memory, its first address, and that of the block above.
    RegionBytes(u32),
    RegionBase(u32),
    BlockBase,
    /// Whether the start function has run.
    Started,
    /// The constant whose name as an export says which quirks there are wrappers for.
    Mark,
    /// The `n`th result of this type that goes through globals.
    Result(ValType, u32),
    SegmentLength(u32),
    TableSize(u32),
    ElementLength(u32),
}

/// Where the memory ends, for a host that cuts it there.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// The exported globals that say so.
    pub globals: [u32; 2],
    pub end: u32,
}

/// How many of the functions that were added are named.
const NAMED: usize = 12;

/// Everything about one lowering.
#[derive(Clone)]
pub struct Lowering<'p, 'm, 'a> {
    pub module: &'m Module<'a>,
    pub profile: &'p Profile,
    pub needs: Needs,
    /// The types of the output; those of the input keep their indices.
    pub types: Types,
    pub multi: MultiValue,
    pub imports: Vec<HostFunction>,
    /// The functions of Preview 1 that are imported: for the wrappers.
    pub hosts: Vec<(String, u32)>,
    /// What a call of each function of the input goes to.
    pub funcs: Vec<u32>,
    pub first_defined: u32,
    pub first_helper: u32,
    pub helpers: Vec<Helper>,
    pub helper_indices: HashMap<Helper, u32>,
    pub first_global: u32,
    pub globals: Vec<NewGlobal>,
    pub global_indices: HashMap<GlobalUse, u32>,
    /// The layout of the memory, where it is not the module's own alone.
    pub memories: Option<Memories>,
    pub tables: Option<Tables>,
    /// The exported globals that say where the memory ends, and where that is, if the host cuts it there.
    pub cut: Option<Cut>,
    /// Whether no code may ask for the size of the memory.
    pub unasked: bool,
    /// The bases of tables that are joined.
    pub joined: Option<Vec<u32>>,
    /// The stack pointer of a module with threads: what wrappers need for a call lies below it.
    pub frames: Option<u32>,
    /// `malloc` and `free` of the arena, when flatten has made them.
    pub arena: Option<(u32, u32)>,
    /// The bytes of an arena at the start of the block, if there is none yet and one is needed.
    pub arena_bytes: u32,
    /// Whether the host gets that arena.
    pub own_arena: bool,
    /// What the host can allocate with otherwise.
    pub allocator: Allocator,
    /// Whether the exports are those that flatten has decided.
    pub flat: bool,
    /// How many tail calls became calls.
    pub tail_calls: u32,
    /// Whether there is debug information that has to follow the code.
    pub has_dwarf: bool,
    pub debug: DebugNotes,
    pub notes: Vec<String>,
    /// What is not exported any more.
    pub left_out: Vec<String>,
}

impl<'p, 'm, 'a> Lowering<'p, 'm, 'a> {
    pub fn new(
        module: &'m Module<'a>,
        profile: &'p Profile,
        needs: Needs,
        order: &order::Order<'_>,
        flat: bool,
        arena_made: bool,
    ) -> Result<Self> {
        let mut lowering = Lowering {
            module,
            profile,
            needs,
            types: Types::default(),
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
            cut: None,
            unasked: false,
            joined: None,
            frames: None,
            arena: None,
            arena_bytes: 0,
            own_arena: false,
            allocator: Allocator::None,
            flat,
            tail_calls: 0,
            has_dwarf: debug::has_dwarf(module),
            debug: DebugNotes::default(),
            notes: Vec::new(),
            left_out: Vec::new(),
        };
        lowering.lower_types()?;
        lowering.number_functions()?;
        if arena_made {
            let made = |[malloc, free]: [&str; 2]| {
                let malloc = order.exported_function(malloc)?;
                Some((malloc, order.exported_function(free)?))
            };
            let made = made(arena::SCRATCH_NAMES).or_else(|| made(["malloc", "free"]));
            lowering.arena = made.map(|(malloc, free)| {
                let new = |old: u32| lowering.funcs[old as usize];
                (new(malloc), new(free))
            });
        }
        lowering.lay_out()?;
        lowering.wrap_hosts();
        Ok(lowering)
    }

    pub fn lower_types(&mut self) -> Result<()> {
        let mut types = Vec::with_capacity(self.module.types.len());
        for ty in &self.module.types {
            let ty = FuncType::new(self.values(ty.params())?, self.values(ty.results())?);
            types.push(ty);
        }
        if self.needs.multi_value || self.needs.references {
            let several = self.needs.multi_value;
            self.multi = MultiValue::new(&self.module.types, &mut types, several);
        }
        self.types = Types::new(types);
        Ok(())
    }

    /// Decides the imports, and with them the indices of all functions.
    pub fn number_functions(&mut self) -> Result<()> {
        let module = self.module;
        let used = used_imports(module);
        let mut in_env: HashMap<String, &Import<'_>> = HashMap::new();
        for (index, &import) in module.imported_funcs.iter().enumerate() {
            let import = &module.imports[import];
            let ty = module.func_type(index as u32);
            let provided = self.profile.import(import.module, import.name, ty);
            if !used[index] && provided != Provided::Provided {
                self.notes.push(format!(
                    "nothing uses the import {}.{}: it is left out",
                    import.module, import.name
                ));
                self.funcs.push(u32::MAX);
                continue;
            }
            let (mut to, mut name) = (import.module.to_string(), import.name.to_string());
            if provided == Provided::ThroughEnv {
                name = format!("{to}#{name}");
                to = "env".to_string();
            }
            if to == "env" {
                let other = in_env.entry(name.clone()).or_insert(import);
                if (other.module, other.name) != (import.module, import.name) {
                    bail!(
                        "the imports {}.{} and {}.{} would both be {to}.{name} for the profile {}, \
                         which finds functions in {to} only: rename one of them (at offset {:#x})",
                        other.module,
                        other.name,
                        import.module,
                        import.name,
                        self.profile.name(),
                        import.offset
                    );
                }
            }
            let new = self.imports.len() as u32;
            if to == preview1::MODULE && of_preview1(module, index as u32).is_some() {
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
            if let Some(wrapper) = self.wrapper(name) {
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
    pub fn lay_out(&mut self) -> Result<()> {
        let module = self.module;
        self.unasked = allocator::stays_unasked(module, self.profile);
        self.cut = allocator::cut(module, self.profile).map(|(globals, end)| Cut { globals, end });
        let mut size = 0;
        let has_memory = !module.memories.is_empty() || self.needs.references;
        let asks = self.profile.quirks.app_heap && has_memory;
        let asks = asks && !self.flat && !allocator::shrinks(module, self.profile);
        self.allocator = match allocator::find(module, self.profile) {
            Err(error) if asks => return Err(error),
            found => found.unwrap_or(Allocator::None),
        };
        if has_threads(module) {
            return self.lay_out_for_threads();
        }
        if self.needs.arena && self.arena.is_none() {
            self.own_arena = self.needs.host_arena;
            self.arena_bytes = match self.own_arena {
                true => self.profile.host.arena,
                false => arena::SCRATCH,
            };
            size += self.arena_bytes;
        }
        if self.needs.references {
            let tables = Tables::new(module, size, self.needs.table_grow)?;
            // Even without entries there are addresses.
            size += (tables.contents.len() as u32).max(16);
            self.tables = Some(tables);
            for table in 0..module.tables.len() as u32 {
                self.table_size(table);
            }
        } else if self.needs.joined {
            self.joined = Some(table_layout::join(module)?);
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
        let most = self.profile.limits.memory_pages;
        let joined = self.needs.memories;
        // Of another program nobody knows whether it keeps to that.
        self.cut = self.cut.take().filter(|_| self.flat);
        self.unasked &= self.flat;
        let end = self.cut.map(|cut| cut.end);
        let mut memories = Memories::new(module, (size, end), self.own_arena, most, joined)?;
        let slides = memories.plan.block.is_some_and(|block| block.slides);
        for (at, region) in memories.plan.regions.iter().enumerate() {
            let name = at as u32;
            let bytes = region.bytes as i64;
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

    /// What lies in a memory that threads share cannot be one thread's: what wrappers need for the time
    /// of a call is below the stack pointer of the thread, and nothing else is added ([`crate::findings`] has
    /// refused what would have to be).
    fn lay_out_for_threads(&mut self) -> Result<()> {
        if self.needs.joined {
            self.joined = Some(table_layout::join(self.module)?);
        }
        if self.needs.arena {
            let stack = stack_pointer(self.module);
            self.frames = Some(stack.context("the stack pointer is gone")?);
        }
        Ok(())
    }

    /// How it is known whether a range lies in a memory of the module that is all of one of the output.
    pub fn bounds(&self, memory: u32) -> Bounds<'static> {
        let bytes = self.unasked.then(|| match self.cut {
            Some(cut) => cut.end.into(),
            None => self.module.memories[memory as usize].initial * memories::PAGE,
        });
        // Of another program than ours nobody knows whether it keeps to the end that it exports, where the
        // host does not cut the memory there.
        let is_known = self.flat || self.cut.is_none();
        let is_command = self.module.exports.contains_key("_start");
        Bounds::of_all(bytes, is_command && is_known)
    }

    /// A segment that does not fit its memory traps at the start; in what lies above it would fit.
    pub fn refuse_segments_beyond(&self) -> Result<()> {
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
                _ => bail!(
                    "the place of the data segment at offset {:#x} depends on an import, so nobody \
                     knows whether it lies in its memory or in what the profile {} needs above it",
                    data.offset,
                    self.profile.name()
                ),
            }
        }
        Ok(())
    }

    /// The wrapper of a function of Preview 1. Without a memory there is nothing that one could change.
    fn wrapper(&self, name: &str) -> Option<Wrapper> {
        let quirks = self.profile.quirks;
        let has_memory = self.module.memories.len() + self.module.imported_memories.len() > 0;
        Wrapper::of(name, quirks).filter(|wrapper| has_memory || !wrapper.needs_memory(quirks))
    }

    pub fn wrap_hosts(&mut self) {
        let hosts = self.hosts.clone();
        for (name, new) in hosts {
            if let Some(wrapper) = self.wrapper(&name) {
                for index in 0..self.module.imported_funcs.len() {
                    if self.funcs[index] == new {
                        self.funcs[index] = self.helper(Helper::Wrapper(wrapper));
                    }
                }
            }
        }
    }

    /// The type of the output for one of the input.
    pub fn value(&self, ty: wasmparser::ValType) -> Result<ValType> {
        match ty {
            wasmparser::ValType::Ref(ty) if self.needs.references && is_number(ty) => {
                Ok(ValType::I32)
            }
            ty => ValType::try_from(ty).map_err(|_| anyhow!("the type {ty} is not supported")),
        }
    }

    pub fn values(&self, types: &[wasmparser::ValType]) -> Result<Vec<ValType>> {
        types.iter().map(|&ty| self.value(ty)).collect()
    }

    /// The index of a type of the output.
    pub fn type_index(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        let ty = FuncType::new(params.iter().copied(), results.iter().copied());
        self.types.index(ty)
    }

    /// The type of a block that has a type of the input by its index: a function of it may have
    /// parameters that a block does not.
    pub fn block_type(&mut self, index: u32) -> Result<BlockType> {
        if self.multi.added_params(index) == 0 {
            return Ok(BlockType::FunctionType(index));
        }
        let ty = &self.module.types[index as usize];
        let (params, results) = (self.values(ty.params())?, self.values(ty.results())?);
        Ok(BlockType::FunctionType(self.type_index(&params, &results)))
    }

    /// The index of a helper, which is added if need be.
    pub fn helper(&mut self, helper: Helper) -> u32 {
        if let Some(&index) = self.helper_indices.get(&helper) {
            return index;
        }
        let index = self.first_helper + self.helpers.len() as u32;
        self.helpers.push(helper);
        self.helper_indices.insert(helper, index);
        index
    }

    pub fn global(&mut self, what: GlobalUse, ty: ValType, start: i64) -> u32 {
        if let Some(&index) = self.global_indices.get(&what) {
            return index;
        }
        let index = self.first_global + self.globals.len() as u32;
        self.globals.push(NewGlobal { what, ty, start });
        self.global_indices.insert(what, index);
        index
    }

    pub fn started_global(&mut self) -> u32 {
        self.global(GlobalUse::Started, ValType::I32, 0)
    }

    /// The globals for all results but the first of a type of the input.
    pub fn result_globals(&mut self, ty: u32) -> Vec<u32> {
        let others = self.multi.others(ty).to_vec();
        others
            .into_iter()
            .map(|(ty, n)| self.global(GlobalUse::Result(ty, n), ty, 0))
            .collect()
    }

    /// The global with the length of a passive data segment; active ones count as dropped.
    pub fn segment_length(&mut self, segment: u32) -> u32 {
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

    pub fn table_size(&mut self, table: u32) -> u32 {
        let size = self
            .tables
            .as_ref()
            .map_or(0, |tables| tables.initial(table));
        self.global(GlobalUse::TableSize(table), ValType::I32, size.into())
    }

    pub fn element_length(&mut self, element: u32) -> u32 {
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
    pub fn reference(&mut self, func: u32) -> i32 {
        self.tables.as_mut().map_or(0, |tables| tables.number(func))
    }

    /// The table of the output.
    pub fn table(&self, table: u32) -> u32 {
        match self.joined.is_some() || self.tables.is_some() {
            true => 0,
            false => table,
        }
    }

    /// The index of a data segment that is left.
    pub fn data_index(&self, segment: u32) -> Option<u32> {
        if !self.needs.segments {
            return Some(segment);
        }
        let before = self.module.data.get(..=segment as usize)?;
        let active = before.iter().filter(|data| data.active.is_some()).count();
        before.last()?.active.as_ref()?;
        Some(active as u32 - 1)
    }

    pub fn memories(&self) -> Result<&Memories> {
        self.memories
            .as_ref()
            .ok_or_else(|| anyhow!("no memory was laid out for what lies in it"))
    }

    /// The layout where the module has one memory, with something above it.
    pub fn only_memory(&self) -> Option<&Memories> {
        self.memories
            .as_ref()
            .filter(|memories| !memories.is_shared())
    }

    pub fn tables(&self) -> Result<&Tables> {
        self.tables
            .as_ref()
            .ok_or_else(|| anyhow!("no tables were laid out"))
    }

    pub fn host(&self, name: &str) -> Result<u32> {
        host(&self.hosts, name)
    }

    pub fn function_name(&self, func: u32) -> Option<&'a str> {
        self.module.function_name(func)
    }

    /// Whether the start function runs before the exports instead.
    pub fn moves_start(&self) -> bool {
        let host = &self.profile.host;
        self.module.start.is_some()
            && (!host.start || !host.start_calls_wasi && reaches_host(self.module))
    }

    pub fn done(&self) -> Vec<String> {
        let mut done = self.notes.clone();
        if !self.helpers.is_empty() {
            let names: Vec<String> = self
                .helpers
                .iter()
                .take(NAMED)
                .map(|helper| helper.name(self))
                .collect();
            let more = match self.helpers.len().saturating_sub(NAMED) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            done.push(format!("functions added: {}{more}", names.join(", ")));
        }
        done
    }

    /// What lies in the memory beside what was there.
    pub fn added(&self) -> Vec<AddedRegion> {
        let plan = self.memories.as_ref().map(|memories| &memories.plan);
        let Some((plan, block)) = plan.and_then(|plan| Some((plan, plan.block?))) else {
            return Vec::new();
        };
        let arena = match self.own_arena {
            true => "arena of the runtime",
            false => "scratch of wrappers",
        };
        let tables = block.size() - self.arena_bytes;
        let mut address = plan.block_base();
        let mut added = Vec::new();
        for (what, bytes) in [(arena, self.arena_bytes), ("tables as numbers", tables)] {
            if bytes > 0 {
                added.push(AddedRegion {
                    what,
                    address,
                    bytes,
                    slides: block.slides,
                });
                address += bytes;
            }
        }
        added
    }

    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.left_out.clone();
        warnings.extend(self.arena_warning());
        if self.tail_calls > 0 {
            warnings.push(format!(
                "{} tail calls of other functions became calls: they use stack",
                self.tail_calls
            ));
        }
        warnings
    }
}

/// Whether several threads may run in a module.
fn has_threads(module: &Module<'_>) -> bool {
    memory_types(module).any(|memory| memory.shared)
}

/// The index of a function of Preview 1 among the imports of the output.
fn host(hosts: &[(String, u32)], name: &str) -> Result<u32> {
    hosts
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, index)| *index)
        .with_context(|| format!("{name} is called by a wrapper but not imported"))
}

impl Lowering<'_, '_, '_> {
    /// What whoever calls the exports of a reactor has to know of the arena.
    fn arena_warning(&self) -> Option<String> {
        let exports = &self.module.exports;
        let called = exports
            .iter()
            .any(|(name, (kind, _))| *kind == ExternalKind::Func && *name != "_initialize");
        if !self.own_arena || !called || exports.contains_key("_start") {
            return None;
        }
        let block = self.memories.as_ref().and_then(|all| all.plan.block);
        let grows = match block.and_then(|block| block.lent) {
            Some(WhileLent::Refused) => {
                "; while it has anything there, memory.grow of the program gives -1"
            }
            _ => "",
        };
        Some(format!(
            "the host allocates in an arena of {} bytes{grows}: let the program export its own malloc \
             and free (clang: -Wl,--export=malloc -Wl,--export=free), or give a size with --arena",
            self.arena_bytes
        ))
    }
}
