//! The `name` section of the output.

use std::collections::BTreeMap;

use anyhow::Result;
use wasm_encoder::{Encode, IndirectNameMap, NameMap, NameSection, SectionId};
use wasmparser::{BinaryReader, FunctionBody, Name, NameSectionReader, Operator};

use super::code::Traced;
use crate::debug::address::moved;
use crate::maps::Glue;
use crate::maps::index::{Maps, Space};
use crate::parse::module::Module;
use crate::plan::{Plan, Target};
use crate::resolve::InstanceId;
use crate::sections;

/// The names of things in functions.
type IndirectNames<'a> = wasmparser::IndirectNameMap<'a>;

/// Whether a module names labels: where they are is known only from where the code went.
pub fn names_labels(module: &Module<'_>) -> bool {
    let bytes = module.custom("name").unwrap_or_default();
    NameSectionReader::new(BinaryReader::new(bytes, 0))
        .into_iter()
        .any(|subsection| matches!(subsection, Ok(Name::Label(_))))
}

/// Tells the index and the name of each function that has one, in the order of the indexes.
fn functions(plan: &Plan<'_, '_>, glue: &Glue, maps: &Maps, mut tell: impl FnMut(u32, &str)) {
    for &host in &plan.hosts {
        let name = &plan.program.hosts[host.0 as usize].name;
        tell(maps.hosts[&host], name);
    }
    let mut index = maps.first_func;
    let mut current = None;
    let mut by_index: Vec<Option<&str>> = Vec::new();
    for &(id, defined) in &maps.sources {
        let module = plan.program.module(plan.input, id);
        if current != Some(id) {
            current = Some(id);
            by_index.clear();
            by_index.resize(module.func_types.len(), None);
            for &(named, name) in &module.func_names {
                if let Some(slot) = by_index.get_mut(named as usize) {
                    *slot = Some(name);
                }
            }
        }
        let old = module.imported_func_count() as usize + defined;
        debug_assert_eq!(
            maps.target(Target::Core(id, old as u32)),
            Some(index),
            "functions are named in the order in which they are encoded"
        );
        if let Some(name) = by_index[old] {
            tell(index, name);
        }
        index += 1;
    }
    for function in &glue.functions {
        tell(index, &function.name);
        index += 1;
    }
}

/// How many bytes the names of functions take, and how many there are.
#[derive(Clone, Copy, Default)]
struct Size {
    bytes: usize,
    count: u32,
}

/// Names everything that is left of what had a name, and what the linker has added. The content of the code section of
/// `wasm` begins at `code`.
///
/// The names of functions are most of it: they are measured, and written where they stay.
pub fn append(
    plan: &Plan<'_, '_>,
    glue: &Glue,
    maps: &Maps,
    traces: &[Traced],
    code: usize,
    wasm: &mut Vec<u8>,
) {
    let (first, rest) = others(plan, maps, traces, &wasm[code..]);
    let mut size = Size::default();
    functions(plan, glue, maps, |index, name| {
        size.bytes += length(index) + length(name.len() as u32) + name.len();
        size.count += 1;
    });
    let of_functions = length(size.count) + size.bytes;
    let subsection = 1 + length(of_functions as u32) + of_functions;
    let whole = 1 + NAME.len() + first.len() + subsection + rest.len();
    wasm.push(SectionId::Custom as u8);
    whole.encode(wasm);
    NAME.encode(wasm);
    wasm.extend_from_slice(&first);
    wasm.push(FUNCTIONS);
    of_functions.encode(wasm);
    size.count.encode(wasm);
    functions(plan, glue, maps, |index, name| {
        index.encode(wasm);
        name.encode(wasm);
    });
    wasm.extend_from_slice(&rest);
}

/// The name of the section.
const NAME: &str = "name";

/// The number of the subsection of functions.
const FUNCTIONS: u8 = 1;

/// How many bytes a number takes.
fn length(number: u32) -> usize {
    (1.max(32 - number.leading_zeros()) as usize).div_ceil(7)
}

/// The subsections before that of functions, and those behind.
fn others(plan: &Plan<'_, '_>, maps: &Maps, traces: &[Traced], code: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut globals: Vec<(u32, &str)> = Vec::new();
    for id in plan.program.ids().filter(|&id| !plan.is_library(id)) {
        let live = &plan.live.instance(id).globals;
        for &(old, name) in &plan.program.module(plan.input, id).global_names {
            if live.get(old as usize) == Some(&true) {
                globals.push((maps.instance(id).global(old), name));
            }
        }
    }
    let own = &maps.globals;
    for (index, name) in [
        (own.bytes.first().copied().flatten(), "p1bridge:bytes"),
        (own.block, "p1bridge:block"),
        (own.top, "p1bridge:top"),
        (own.room, "p1bridge:max-handles"),
        (own.initialised, "p1bridge:initialized"),
        (own.applied, "p1bridge:applied"),
        (own.end.map(|_| 0), "p1bridge:first"),
        (own.end, "p1bridge:end"),
    ] {
        globals.extend(index.map(|index| (index, name)));
    }
    globals.extend(own.all_tables().map(|index| (*index, "p1bridge:handles")));
    let reserved = own.reserved.iter().flatten();
    globals.extend(reserved.map(|index| (*index, "p1bridge:reserved")));
    globals.extend(
        own.contexts
            .values()
            .map(|index| (*index, "p1bridge:context")),
    );
    globals.extend(own.words.values().map(|index| (*index, "p1bridge:word")));
    globals.sort_unstable_by_key(|(index, _)| *index);
    globals.dedup_by_key(|(index, _)| *index);
    let mut global_map = NameMap::new();
    for (index, name) in &globals {
        global_map.append(*index, name);
    }

    let mut others = Others::default();
    for id in plan.program.ids().filter(|&id| !plan.is_library(id)) {
        if plan.live.instance(id).funcs.contains(&true) {
            let bytes = plan.program.module(plan.input, id).custom("name");
            let mut guest = Guest {
                id,
                plan,
                maps,
                traces,
                code,
                into: &mut others,
            };
            // Names are a convenience: what follows something broken is left out.
            let _ = guest.collect(bytes.unwrap_or_default());
        }
    }

    let mut module = NameSection::new();
    if let [name] = others.modules[..] {
        module.module(name);
    }
    let mut section = NameSection::new();
    let indirect = |names: &Indirect<'_>| {
        let mut map = IndirectNameMap::new();
        for (func, names) in names {
            map.append(*func, &name_map(names));
        }
        map
    };
    if !others.locals.is_empty() {
        section.locals(&indirect(&others.locals));
    }
    if !others.labels.is_empty() {
        section.labels(&indirect(&others.labels));
    }
    if !others.types.is_empty() {
        section.types(&name_map(&others.types));
    }
    if !others.tables.is_empty() {
        section.tables(&name_map(&others.tables));
    }
    if !others.memories.is_empty() {
        section.memories(&name_map(&others.memories));
    }
    if !globals.is_empty() {
        section.globals(&global_map);
    }
    if !others.elements.is_empty() {
        section.elements(&name_map(&others.elements));
    }
    if !others.data.is_empty() {
        section.data(&name_map(&others.data));
    }
    if !others.tags.is_empty() {
        section.tags(&name_map(&others.tags));
    }
    (content(&module), content(&section))
}

/// The subsections of a section, without its own size and name.
fn content(section: &NameSection) -> Vec<u8> {
    let mut content = sections::content(section);
    content.split_off(1 + NAME.len())
}

type Names<'a> = BTreeMap<u32, &'a str>;
type Indirect<'a> = BTreeMap<u32, Names<'a>>;

fn name_map(names: &Names<'_>) -> NameMap {
    let mut map = NameMap::new();
    for (index, name) in names {
        map.append(*index, name);
    }
    map
}

/// The names of what is neither a function nor a global, by the indices of the output.
#[derive(Default)]
struct Others<'a> {
    modules: Vec<&'a str>,
    locals: Indirect<'a>,
    labels: Indirect<'a>,
    types: Names<'a>,
    tables: Names<'a>,
    memories: Names<'a>,
    elements: Names<'a>,
    data: Names<'a>,
    tags: Names<'a>,
}

/// One guest whose names are collected.
struct Guest<'g, 'i, 'a> {
    id: InstanceId,
    plan: &'g Plan<'i, 'a>,
    maps: &'g Maps,
    traces: &'g [Traced],
    code: &'g [u8],
    into: &'g mut Others<'a>,
}

impl<'a> Guest<'_, '_, 'a> {
    fn collect(&mut self, section: &'a [u8]) -> Result<()> {
        for subsection in NameSectionReader::new(BinaryReader::new(section, 0)) {
            let (space, names, into) = match subsection? {
                Name::Module { name, .. } => {
                    self.into.modules.push(name);
                    continue;
                }
                Name::Local(names) => {
                    self.locals(names)?;
                    continue;
                }
                Name::Label(names) => {
                    self.labels(names)?;
                    continue;
                }
                Name::Memory(names) => {
                    self.memories(names)?;
                    continue;
                }
                Name::Type(names) => (Space::Type, names, &mut self.into.types),
                Name::Table(names) => (Space::Table, names, &mut self.into.tables),
                Name::Element(names) => (Space::Element, names, &mut self.into.elements),
                Name::Data(names) => (Space::Data, names, &mut self.into.data),
                Name::Tag(names) => (Space::Tag, names, &mut self.into.tags),
                _ => continue,
            };
            for naming in names {
                let naming = naming?;
                if let Some(new) = self.maps.instance(self.id).kept(space, naming.index) {
                    into.entry(new).or_insert(naming.name);
                }
            }
        }
        Ok(())
    }

    fn function(&self, index: u32) -> Option<u32> {
        self.maps.target(Target::Core(self.id, index))
    }

    /// Locals keep their indices: those that are added come behind them.
    fn locals(&mut self, names: IndirectNames<'a>) -> Result<()> {
        for function in names {
            let function = function?;
            let Some(new) = self.function(function.index) else {
                continue;
            };
            let into = self.into.locals.entry(new).or_default();
            for naming in function.names {
                let naming = naming?;
                into.insert(naming.index, naming.name);
            }
        }
        Ok(())
    }

    /// Labels are counted over all blocks of a body, those that the linker has added too.
    fn labels(&mut self, names: IndirectNames<'a>) -> Result<()> {
        let module = self.plan.program.module(self.plan.input, self.id);
        let traced: BTreeMap<usize, &Traced> = self
            .traces
            .iter()
            .filter(|trace| trace.source.0 == self.id)
            .map(|trace| (trace.source.1, trace))
            .collect();
        for function in names {
            let function = function?;
            let defined = function.index.checked_sub(module.imported_func_count());
            let Some((trace, new)) = defined
                .and_then(|defined| traced.get(&(defined as usize)))
                .zip(self.function(function.index))
            else {
                continue;
            };
            let body = BinaryReader::new(&self.code[trace.range.clone()], 0);
            let after = blocks(&FunctionBody::new(body))?;
            let body = module.body(trace.source.1);
            let start = body.range().start;
            let before = blocks(&body)?;
            let into = self.into.labels.entry(new).or_default();
            for naming in function.names {
                let naming = naming?;
                let Some(&old) = before.get(naming.index as usize) else {
                    continue;
                };
                let place = moved(&trace.points, (old - start) as u32);
                if let Ok(label) = after.binary_search(&u64::from(place)) {
                    into.insert(label as u32, naming.name);
                }
            }
        }
        Ok(())
    }

    /// A memory of the input that became a region has no name of its own.
    fn memories(&mut self, names: wasmparser::NameMap<'a>) -> Result<()> {
        for naming in names {
            let naming = naming?;
            let slot = self
                .plan
                .program
                .memory(self.plan.input, self.id, naming.index);
            let memory = self.plan.memory.as_ref();
            let whole = memory.filter(|memory| !memory.is_shared());
            if let Some((index, None | Some(0))) = whole.and_then(|memory| memory.place(slot)) {
                self.into.memories.entry(index).or_insert(naming.name);
            }
        }
        Ok(())
    }
}

/// Where the instructions of a body are that open a block.
fn blocks(body: &FunctionBody<'_>) -> Result<Vec<u64>> {
    let mut places = Vec::new();
    for op in body.get_operators_reader()?.into_iter_with_offsets() {
        if let (
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Try { .. }
            | Operator::TryTable { .. },
            offset,
        ) = op?
        {
            places.push(offset);
        }
    }
    Ok(places)
}
