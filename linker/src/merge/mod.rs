//! `Plan` → bytes: the sections of the output, in order.

mod coalesce;
mod code;
mod customs;
mod data;
mod debug;
mod facts;
mod names;
mod pointers;
mod shape;
mod step;
mod values;

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    ConstExpr, DataCountSection, ElementSection, Elements, Encode, EntityType, ExportKind,
    ExportSection, FunctionSection, GlobalSection, GlobalType, Ieee32, Ieee64, ImportSection,
    MemorySection, MemoryType, Module, StartSection, TableSection, TagKind, TagSection, TagType,
    TypeSection, ValType,
};

use crate::debug::DebugNotes;
use crate::glue;
use crate::limits::Room;
use crate::maps::{Glue, Maps};
use crate::parse::module::{ElementMode, Items};
use crate::plan::tasks::Site;
use crate::plan::{Exported, Plan, Step, Target, late};
use crate::resolve::{CanonId, CanonKind, FuncDef, Given, InstanceId};
use crate::resolve::{Const, constant};
use code::{InPlace, Traced};
use data::Segments;

/// The encoded output, not yet validated.
pub struct Merged {
    pub wasm: Vec<u8>,
    /// The instance that each of the first functions with a body comes from, in order. All that follow
    /// are the linker's own, and those that lowering adds come last.
    pub owners: Vec<InstanceId>,
    /// The names of the linker's own functions.
    pub glue: Vec<String>,
    /// What was done with debug information.
    pub debug: DebugNotes,
    /// What [`crate::lower`] has put into the memory, and what the user should know of it.
    pub added: Vec<AddedRegion>,
    pub warnings: Vec<String>,
    /// What takes part where tasks wait, if any can.
    pub stacks: Option<Stacks>,
    /// What was done so that stacks can be taken away.
    pub unwinds: Option<Unwinds>,
    /// Where stacks stay: the calls that may wait while their callers could go on.
    pub deep: Vec<CanonId>,
    /// The functions that imports of Preview 1 became, by module and name, where the module goes into a component.
    pub upward: BTreeMap<(String, String), u32>,
}

/// Functions whose frames can be taken off the stack.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwinds {
    /// How many there are, of how many.
    pub functions: usize,
    pub all: usize,
    /// Their bytes before and after that was made possible.
    pub before: usize,
    pub after: usize,
}

/// What takes part where tasks wait, by the indexes of the module.
#[derive(Clone, Debug)]
pub struct Stacks {
    /// Where stacks are taken away.
    pub unwinding: Option<Unwinding>,
    /// What begins calls that are lowered with `async`.
    pub starts: Vec<(CanonId, u32)>,
    /// The function that is called where a task waits.
    pub pause: u32,
    /// The functions from which the stack of a task begins.
    pub roots: Vec<u32>,
}

/// The globals with which stacks are taken away: what happens, the address where the next frame goes, and the end of
/// the room for frames; and the function that traps when there is none left.
#[derive(Clone, Copy, Debug)]
pub struct Unwinding {
    pub state: u32,
    pub top: u32,
    pub limit: u32,
    pub full: u32,
}

/// A part of the memory that was added when the module was lowered.
#[derive(Clone, Debug)]
pub struct AddedRegion {
    pub what: &'static str,
    pub address: u32,
    pub bytes: u32,
    /// Whether it moves when what lies below grows.
    pub slides: bool,
}

/// Indices that are longer than those of the input make code longer: for one byte in so many there is room.
const SLACK: usize = 32;
/// And for so many in any case: the sections that are appended when the module is finished, too.
const LEAST_SLACK: usize = 64 << 10;

/// Encodes the output.
pub fn merge(plan: &Plan<'_, '_>) -> Result<Merged> {
    let glue = Glue::new(plan);
    let mut maps = Maps::new(plan, &glue);
    let mut module = Module::new();

    let funcs = function_section(plan, &glue, &mut maps);
    module.section(&type_section(&maps)?);
    if !plan.hosts.is_empty() {
        module.section(&import_section(plan, &mut maps));
    }
    if !funcs.is_empty() {
        module.section(&funcs);
    }
    let tables = table_section(plan)?;
    if !tables.is_empty() {
        module.section(&tables);
    }
    if let Some(memory) = &plan.memory {
        let mut section = MemorySection::new();
        let first = (memory.pages(), memory.maximum());
        let own = memory.own.iter().map(|own| (own.pages, own.maximum));
        for (pages, maximum) in std::iter::once(first).chain(own) {
            section.memory(MemoryType {
                minimum: pages.into(),
                maximum: maximum.map(Into::into),
                memory64: false,
                shared: false,
                page_size_log2: None,
            });
        }
        module.section(&section);
    }
    let tags = tag_section(plan, &mut maps);
    if !tags.is_empty() {
        module.section(&tags);
    }
    let globals = global_section(plan, &maps)?;
    if !globals.is_empty() {
        module.section(&globals);
    }
    let exports = export_section(plan, &glue, &maps)?;
    if !exports.is_empty() {
        module.section(&exports);
    }
    if let Some(start) = plan.start {
        module.section(&StartSection {
            function_index: final_index(&maps, start)?,
        });
    }
    let elements = element_section(plan, &glue, &maps)?;
    if !elements.is_empty() {
        module.section(&elements);
    }
    let data = Segments::of(plan)?;
    if plan.live.data_count {
        module.section(&DataCountSection {
            count: data.count(),
        });
    }

    // The bodies are moved into the module one chunk after the other, as they are made: a large program is not
    // kept twice.
    let room = Room::of(plan.input.bytes.len());
    let traced = debug::traced(plan);
    let mut wasm = module.finish();
    let sizes = maps.sources.iter().map(|&(id, defined)| {
        let module = plan.program.module(plan.input, id);
        module.bodies[defined].len() + 3
    });
    let (around, code) = (
        wasm.len() + data.size() + customs::size(plan),
        sizes.sum::<usize>(),
    );
    wasm.reserve_exact(around + code + code / SLACK + LEAST_SLACK);
    let code = InPlace::new(&mut wasm, maps.sources.len() + glue.functions.len());
    let mut traces: Vec<Traced> = Vec::new();
    code::bodies(plan, &maps, &maps.sources, &traced, &room, |chunk| {
        let at = code.bytes();
        code.wasm.extend_from_slice(&chunk.bytes);
        traces.extend(chunk.traced.into_iter().map(|mut body| {
            body.range = body.range.start + at..body.range.end + at;
            body
        }));
    })?;
    for at in 0..glue.functions.len() {
        let body = glue::encode(&glue, at, plan, &maps)?;
        room.spend(body.byte_len())?;
        body.encode(code.wasm);
    }
    let code_start = code.finish();
    data.append(&mut wasm);
    let mut debug = DebugNotes::default();
    if !plan.options.strip {
        customs::append(plan, &glue, &maps, &traces, code_start, &mut wasm)?;
        debug = debug::append(plan, &maps, traces, &mut wasm);
    }
    let stacks = stacks(plan, &glue, &maps);
    Ok(Merged {
        wasm,
        stacks,
        unwinds: None,
        deep: Vec::new(),
        owners: maps.sources.iter().map(|(id, _)| *id).collect(),
        glue: glue.functions.into_iter().map(|f| f.name).collect(),
        debug,
        added: Vec::new(),
        warnings: Vec::new(),
        upward: {
            let functions = plan.upward.iter();
            let index = |def: FuncDef| final_index(&maps, plan.target(def));
            functions
                .map(|(name, def)| Ok((name.clone(), index(*def)?)))
                .collect::<Result<_>>()?
        },
    })
}

/// What takes part where tasks wait, if something can wait at all.
fn stacks(plan: &Plan<'_, '_>, glue: &Glue, maps: &Maps) -> Option<Stacks> {
    let given = |wanted: Given| {
        let mut canons = glue.canons.iter();
        let found = canons.find(|(id, _)| {
            let kind = &plan.program.canons[id.0 as usize].kind;
            matches!(kind, CanonKind::Given(given) if *given == wanted)
        });
        found.map(|(_, at)| maps.first_glue + at)
    };
    let roots = [Given::Start, Given::Callback, Given::Thread];
    let starts = glue.task_starts.iter().filter_map(|(site, at)| match site {
        Site::Lower(id) => Some((*id, maps.first_glue + at)),
        Site::Export(_) | Site::Host(_) => None,
    });
    Some(Stacks {
        unwinding: maps.globals.stacks.map(|[state, top, limit]| Unwinding {
            state,
            top,
            limit,
            full: maps.first_glue + glue.full_stack.unwrap_or_default(),
        }),
        starts: starts.collect(),
        pause: given(Given::Pause)?,
        roots: roots.into_iter().filter_map(given).collect(),
    })
}

fn final_index(maps: &Maps, target: Target) -> Result<u32> {
    maps.target(target)
        .ok_or_else(|| anyhow!("{target:?} is used as a function, but it is none of the output"))
}

fn function_section(plan: &Plan<'_, '_>, glue: &Glue, maps: &mut Maps) -> FunctionSection {
    let mut section = FunctionSection::new();
    // Instances come one after the other: the numbers of the types of the last one.
    let mut known = (None, Vec::new());
    for &(id, defined) in &maps.sources {
        let module = plan.program.module(plan.input, id);
        if known.0 != Some(id) {
            known = (Some(id), vec![None; module.types.len()]);
        }
        let index = module.imported_func_count() as usize + defined;
        let ty = module.func_types[index] as usize;
        let number = known.1[ty].get_or_insert_with(|| maps.types.index(&module.types[ty]));
        section.function(*number);
    }
    for function in &glue.functions {
        section.function(maps.types.index(&function.ty));
    }
    section
}

fn type_section(maps: &Maps) -> Result<TypeSection> {
    let mut section = TypeSection::new();
    for ty in &maps.types.list {
        let convert = |types: &[wasmparser::ValType]| {
            types
                .iter()
                .map(|&ty| RoundtripReencoder.val_type(ty))
                .collect::<Result<Vec<ValType>, _>>()
                .map_err(|error| anyhow!("{error}"))
        };
        section
            .ty()
            .function(convert(ty.params())?, convert(ty.results())?);
    }
    Ok(section)
}

fn import_section(plan: &Plan<'_, '_>, maps: &mut Maps) -> ImportSection {
    let mut section = ImportSection::new();
    for &host in &plan.hosts {
        let host = &plan.program.hosts[host.0 as usize];
        let ty = maps.types.index(&host.ty);
        section.import(&host.module, &host.name, EntityType::Function(ty));
    }
    section
}

fn table_section(plan: &Plan<'_, '_>) -> Result<TableSection> {
    let mut section = TableSection::new();
    for id in plan.program.ids() {
        let module = plan.program.module(plan.input, id);
        let live = &plan.live.instance(id).tables;
        for (defined, table) in module.tables.iter().enumerate() {
            if !live[module.imported_tables.len() + defined] {
                continue;
            }
            let ty = RoundtripReencoder
                .table_type(table.ty)
                .map_err(|error| anyhow!("{error}"))?;
            if table.init.is_some() {
                bail!(
                    "a table with an initial value is not supported yet (at offset {:#x}, in {})",
                    table.offset,
                    module.path
                );
            }
            section.table(ty);
        }
    }
    Ok(section)
}

fn tag_section(plan: &Plan<'_, '_>, maps: &mut Maps) -> TagSection {
    let mut section = TagSection::new();
    for id in plan.program.ids() {
        let module = plan.program.module(plan.input, id);
        let live = &plan.live.instance(id).tags;
        for (defined, &ty) in module.tags.iter().enumerate() {
            if live[module.imported_tags.len() + defined] {
                section.tag(TagType {
                    kind: TagKind::Exception,
                    func_type_idx: maps.types.index(&module.types[ty as usize]),
                });
            }
        }
    }
    section
}

fn global_section(plan: &Plan<'_, '_>, maps: &Maps) -> Result<GlobalSection> {
    let mut section = GlobalSection::new();
    if maps.globals.end.is_some() {
        // A host that cuts memory takes the first mutable global for the pointer of a stack, and checks
        // what is stored there, unless it begins as 0.
        section.global(mutable_i32(), &ConstExpr::i32_const(0));
    }
    for id in plan.program.ids() {
        let module = plan.program.module(plan.input, id);
        let live = &plan.live.instance(id).globals;
        for (defined, global) in module.globals.iter().enumerate() {
            if !live[module.imported_globals.len() + defined] {
                continue;
            }
            let value = constant(plan.input, &plan.program, id, &global.init).ok_or_else(|| {
                anyhow!(
                    "the initial value of global {defined} is not a constant that is \
                         supported, in {}",
                    module.path
                )
            })?;
            let ty = RoundtripReencoder
                .global_type(global.ty)
                .map_err(|error| anyhow!("{error}"))?;
            let index = (module.imported_globals.len() + defined) as u32;
            let value = match plan
                .placed(id)
                .and_then(|placed| placed.globals.get(&index))
            {
                Some(moved) => Const::I32(*moved as i32),
                None => value,
            };
            section.global(ty, &const_expr(plan, maps, value)?);
        }
    }
    let mut own = |index: Option<u32>, value: u32| {
        if let Some(index) = index {
            debug_assert_eq!(index, section.len());
            section.global(mutable_i32(), &ConstExpr::i32_const(value as i32));
        }
    };
    if let Some(memory) = &plan.memory {
        for (at, region) in memory.regions.iter().enumerate() {
            own(maps.globals.bytes[at], region.bytes as u32);
        }
        for (at, region) in memory.regions.iter().enumerate() {
            own(maps.globals.bases[at], region.base);
        }
        own(maps.globals.block, memory.block_base());
        if let Some(block) = memory.block {
            let at = |offset| memory.block_base() + offset;
            own(maps.globals.handles, at(block.before_tables()));
            own(maps.globals.room, block.max_handles);
            let tables = plan.fusion.tables.values().chain(&plan.fusion.loans);
            for (global, offset) in maps.globals.tables.iter().zip(tables) {
                own(Some(*global), at(block.before_instances() + offset));
            }
            own(maps.globals.top, memory.end() as u32);
        }
    }
    own(maps.globals.arena, 0);
    own(maps.globals.initialised, 0);
    own(maps.globals.applied, 0);
    let flags = [
        &maps.globals.entered,
        &maps.globals.borrows,
        &maps.globals.may_not_leave,
    ];
    for global in flags.into_iter().flat_map(|flags| flags.values()) {
        own(Some(*global), 0);
    }
    for global in maps.globals.contexts.values() {
        own(Some(*global), 0);
    }
    let words = maps.globals.words.keys().map(|word| word.ty());
    words.for_each(|ty| zero(&mut section, ty));
    for _ in maps.globals.stacks.into_iter().flatten() {
        zero(&mut section, wasmparser::ValType::I32);
    }
    let reserved = maps.globals.reserved.into_iter().flatten();
    let reserved = reserved.map(|_| wasmparser::ValType::I64);
    let passing = maps.globals.passing.iter().map(|(ty, _)| *ty);
    for ty in reserved.chain(passing) {
        zero(&mut section, ty);
    }
    if let (Some(_), Some(memory)) = (maps.globals.end, &plan.memory) {
        let ty = GlobalType {
            mutable: false,
            ..mutable_i32()
        };
        section.global(ty, &ConstExpr::i32_const(memory.end() as i32));
    }
    Ok(section)
}

/// Adds a global that is 0 at first.
fn zero(section: &mut GlobalSection, ty: wasmparser::ValType) {
    let (val_type, zero) = match ty {
        wasmparser::ValType::I64 => (ValType::I64, ConstExpr::i64_const(0)),
        wasmparser::ValType::F32 => (ValType::F32, ConstExpr::f32_const(Ieee32::new(0))),
        wasmparser::ValType::F64 => (ValType::F64, ConstExpr::f64_const(Ieee64::new(0))),
        _ => (ValType::I32, ConstExpr::i32_const(0)),
    };
    let ty = GlobalType {
        val_type,
        ..mutable_i32()
    };
    section.global(ty, &zero);
}

fn mutable_i32() -> GlobalType {
    GlobalType {
        val_type: ValType::I32,
        mutable: true,
        shared: false,
    }
}

fn const_expr(plan: &Plan<'_, '_>, maps: &Maps, value: Const) -> Result<ConstExpr> {
    value.encode(|def| final_index(maps, plan.target(def)))
}

fn export_section(plan: &Plan<'_, '_>, glue: &Glue, maps: &Maps) -> Result<ExportSection> {
    let mut section = ExportSection::new();
    for (export, made) in plan.exports.iter().zip(&glue.exports) {
        match (&export.what, made) {
            (Exported::Memory, _) => section.export(&export.name, ExportKind::Memory, 0),
            (Exported::End, _) => {
                let end = maps
                    .globals
                    .end
                    .context("the end of the memory has no global")?;
                section.export(&export.name, ExportKind::Global, end)
            }
            (Exported::Global(id, index), _) => {
                let index = maps.instance(*id).global(*index);
                section.export(&export.name, ExportKind::Global, index)
            }
            (Exported::Table(id, index), _) => {
                let index = maps.instance(*id).table(*index);
                section.export(&export.name, ExportKind::Table, index)
            }
            (_, Some(at)) => section.export(&export.name, ExportKind::Func, maps.first_glue + at),
            (Exported::Func(target), None) => {
                let index = match maps.entry(*target).filter(|_| plan.has_border(*target)) {
                    Some(border) => border,
                    None => final_index(maps, *target)?,
                };
                section.export(&export.name, ExportKind::Func, index)
            }
            _ => bail!("no function was made for the export {:?}", export.name),
        };
    }
    Ok(section)
}

fn offset_of(
    plan: &Plan<'_, '_>,
    id: InstanceId,
    expr: &wasmparser::ConstExpr<'_>,
    at: u64,
) -> Result<ConstExpr> {
    match constant(plan.input, &plan.program, id, expr) {
        Some(Const::I32(value)) => Ok(ConstExpr::i32_const(value)),
        _ => bail!("the offset of the segment at {at:#x} is not a constant that is supported"),
    }
}

fn element_section(plan: &Plan<'_, '_>, glue: &Glue, maps: &Maps) -> Result<ElementSection> {
    let mut section = ElementSection::new();
    let index = |def: FuncDef| final_index(maps, plan.target(def));
    for id in plan.program.ids() {
        let module = plan.program.module(plan.input, id);
        let live = &plan.live.instance(id).elements;
        for (at, element) in module.elements.iter().enumerate() {
            if !live[at] {
                continue;
            }
            let mut functions = Vec::new();
            let mut expressions = Vec::new();
            let mut ty = wasmparser::RefType::FUNCREF;
            match &element.items {
                Items::Functions(_) if plan.is_late(Step::Applied(id, at)) => {
                    let places = late::functions(plan, id, at).into_iter();
                    functions.extend(places.map(|(place, _)| maps.first_glue + glue.late[&place]));
                }
                Items::Functions(funcs) => {
                    for &func in funcs {
                        functions.push(index(FuncDef::Core(id, func))?);
                    }
                }
                Items::Expressions(element_type, exprs) => {
                    ty = *element_type;
                    for expr in exprs {
                        let value = constant(plan.input, &plan.program, id, expr);
                        let value = value.ok_or_else(|| {
                            anyhow!(
                                "an element of the segment at {:#x} is not supported",
                                element.offset
                            )
                        })?;
                        if let Const::Func(def) = value {
                            functions.push(index(def)?);
                        }
                        expressions.push(const_expr(plan, maps, value)?);
                    }
                }
            }
            // Function indices are the plainer encoding; only null needs expressions.
            let plain = functions.len() >= expressions.len() && ty == wasmparser::RefType::FUNCREF;
            let items = if plain {
                Elements::Functions(functions.into())
            } else {
                let ty = RoundtripReencoder
                    .ref_type(ty)
                    .map_err(|error| anyhow!("{error}"))?;
                Elements::Expressions(ty, expressions.into())
            };
            match &element.mode {
                ElementMode::Passive => section.passive(items),
                ElementMode::Declared => section.declared(items),
                ElementMode::Active { .. } if plan.is_late(Step::Elements(id, at)) => {
                    section.passive(items)
                }
                ElementMode::Active { table, offset } => {
                    let offset = offset_of(plan, id, offset, element.offset)?;
                    let table = maps.instance(id).table(*table);
                    section.active((table != 0).then_some(table), &offset, items)
                }
            };
        }
    }
    // What `ref.func` names in a body has to be declared somewhere outside of the bodies.
    let mut declared = Vec::new();
    for &def in &plan.live.func_refs {
        declared.push(index(def)?);
    }
    declared.sort_unstable();
    declared.dedup();
    if !declared.is_empty() {
        section.declared(Elements::Functions(declared.into()));
    }
    Ok(section)
}
