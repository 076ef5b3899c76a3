//! A core module as it stands in the file: its index spaces with the byte offsets of everything.

use std::collections::HashMap;
use std::ops::Range;

use anyhow::{Context, Result, anyhow, bail};
use wasmparser::{
    BinaryReader, CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind,
    FuncType, GlobalType, Imports, KnownCustom, MemoryType, Name, Operator, OperatorsReader,
    OperatorsReaderAllocations, Payload, RefType, TableInit, TableType, TypeRef, WasmFeatures,
};

use super::notes::Ref;
use super::refs::Refs;
use super::scan::value_type_features;
use crate::features::FeatureSet;
use crate::wrapped::Woven;

/// A core module of the input.
#[derive(Debug, Default)]
pub struct Module<'a> {
    /// Where it is, for messages: `component > core module 2 "shim"`.
    pub path: String,
    /// The name of the `name` section.
    pub name: Option<&'a str>,
    /// The file that it is in; every range is one of these bytes.
    pub bytes: &'a [u8],
    /// The bytes of the file that it covers.
    pub range: Range<usize>,
    pub types: Vec<FuncType>,
    pub imports: Vec<Import<'a>>,
    /// The type index of every function, imported ones first.
    pub func_types: Vec<u32>,
    pub imported_funcs: Vec<usize>,
    /// Where the content of the code section begins in the file: addresses of DWARF count from here.
    pub code_start: usize,
    /// The code section: the range of each body in the file, locals included.
    pub bodies: Vec<Range<usize>>,
    pub refs: Refs<'a>,
    pub tables: Vec<Table<'a>>,
    pub imported_tables: Vec<usize>,
    pub memories: Vec<MemoryType>,
    pub imported_memories: Vec<usize>,
    pub globals: Vec<Global<'a>>,
    pub imported_globals: Vec<usize>,
    /// The type index of every tag that the module defines.
    pub tags: Vec<u32>,
    pub imported_tags: Vec<usize>,
    pub exports: HashMap<&'a str, (ExternalKind, u32)>,
    pub start: Option<u32>,
    pub elements: Vec<Element<'a>>,
    pub data: Vec<Data<'a>>,
    /// Where the types of the gc proposal are: those that are no functions, and functions that are
    /// in groups or have supertypes. The former stand in `types` as functions without values.
    pub gc_types: Vec<u64>,
    /// Where the DataCount section is.
    pub data_count: Option<u64>,
    /// Function names of the `name` section, by function index.
    pub func_names: Vec<(u32, &'a str)>,
    pub global_names: Vec<(u32, &'a str)>,
    pub customs: Vec<Custom<'a>>,
    /// What `wrap` has woven into it, if it is the program of a component that `wrap` has made.
    pub woven: Option<Woven>,
    /// The module that has the memory of such a program, by its place in the input. The program counts as the one that defines it,
    /// as it did before.
    pub memory_from: Option<usize>,
    /// The proposals that the module uses.
    pub features: FeatureSet,
}

#[derive(Debug)]
pub struct Import<'a> {
    pub module: &'a str,
    pub name: &'a str,
    pub ty: TypeRef,
    pub offset: u64,
}

/// A table that the module defines.
#[derive(Debug)]
pub struct Table<'a> {
    pub ty: TableType,
    pub init: Option<ConstExpr<'a>>,
    pub offset: u64,
}

/// A global that the module defines.
#[derive(Debug)]
pub struct Global<'a> {
    pub ty: GlobalType,
    pub init: ConstExpr<'a>,
}

#[derive(Debug)]
pub struct Element<'a> {
    pub mode: ElementMode<'a>,
    pub items: Items<'a>,
    pub offset: u64,
}

impl Element<'_> {
    /// Whether it is none of the MVP: an active one with functions for the first table.
    pub fn has_bulk_memory(&self) -> bool {
        !matches!(
            (&self.mode, &self.items),
            (ElementMode::Active { table: 0, .. }, Items::Functions(_))
        )
    }
}

#[derive(Debug)]
pub enum ElementMode<'a> {
    Passive,
    Declared,
    Active { table: u32, offset: ConstExpr<'a> },
}

#[derive(Debug)]
pub enum Items<'a> {
    Functions(Vec<u32>),
    Expressions(RefType, Vec<ConstExpr<'a>>),
}

impl Items<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Items::Functions(functions) => functions.len(),
            Items::Expressions(_, expressions) => expressions.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[derive(Debug)]
pub struct Data<'a> {
    /// The memory and the offset of an active segment.
    pub active: Option<(u32, ConstExpr<'a>)>,
    pub bytes: &'a [u8],
    pub offset: u64,
}

#[derive(Debug)]
pub struct Custom<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
}

impl<'a> Module<'a> {
    /// The body of a function of the code section, with its locals.
    pub fn body(&self, defined: usize) -> wasmparser::FunctionBody<'a> {
        let range = self.bodies[defined].clone();
        wasmparser::FunctionBody::new(wasmparser::BinaryReader::new(
            &self.bytes[range.clone()],
            range.start as u64,
        ))
    }

    /// Those instructions of a body that may be written anew ([`super::sites`]), each with where it is in the
    /// file. Of exceptions that nest as blocks do there must be none.
    pub fn at_sites(
        &self,
        defined: usize,
    ) -> impl Iterator<Item = wasmparser::Result<(Range<usize>, Operator<'a>)>> {
        let Range { start, end } = self.bodies[defined];
        let mut allocations = OperatorsReaderAllocations::default();
        self.refs.sites(defined).map(move |site| {
            let at = start + site;
            let reader = BinaryReader::new(&self.bytes[at..end], at as u64);
            let mut ops =
                OperatorsReader::new_with_allocs(reader, std::mem::take(&mut allocations));
            let op = ops.read()?;
            let range = at..ops.original_position() as usize;
            allocations = ops.into_allocations();
            Ok((range, op))
        })
    }

    /// The addresses of a body as DWARF counts them.
    pub fn code_address(&self, defined: usize) -> Range<u64> {
        let Range { start, end } = self.bodies[defined];
        (start - self.code_start) as u64..(end - self.code_start) as u64
    }

    /// How many of the function index space are imports.
    pub fn imported_func_count(&self) -> u32 {
        self.imported_funcs.len() as u32
    }

    /// Whether what a body refers to is there.
    pub(super) fn has(&self, reference: Ref) -> bool {
        let (index, count) = match reference {
            Ref::Func(at) | Ref::FuncRef(at) => (at, self.func_types.len()),
            Ref::Type(at) => (at, self.types.len()),
            Ref::Global(at) => (at, self.imported_globals.len() + self.globals.len()),
            Ref::Table(at) | Ref::TableWrite(at) => {
                (at, self.imported_tables.len() + self.tables.len())
            }
            Ref::Memory(at)
            | Ref::MemorySize(at)
            | Ref::MemoryGrow(at)
            | Ref::MemoryCopy(at)
            | Ref::MemoryFill(at) => (at, self.imported_memories.len() + self.memories.len()),
            Ref::Data(at) => (at, self.data.len()),
            Ref::Elem(at) => (at, self.elements.len()),
            Ref::Tag(at) => (at, self.imported_tags.len() + self.tags.len()),
        };
        (index as usize) < count
    }

    /// The type of a function of the index space.
    pub fn func_type(&self, index: u32) -> &FuncType {
        &self.types[self.func_types[index as usize] as usize]
    }

    /// The name that the `name` section gives a function.
    pub fn function_name(&self, index: u32) -> Option<&'a str> {
        self.func_names
            .iter()
            .find(|(named, _)| *named == index)
            .map(|(_, name)| *name)
    }

    /// The custom section of this name, the first one.
    pub fn custom(&self, name: &str) -> Option<&'a [u8]> {
        self.customs
            .iter()
            .find(|custom| custom.name == name)
            .map(|custom| custom.bytes)
    }

    /// The sum of the sizes of the function bodies, in bytes.
    pub fn code_size(&self) -> usize {
        self.bodies.iter().map(ExactSizeIterator::len).sum()
    }

    /// Refuses types that only [`crate::check`] knows how to read.
    ///
    /// # Errors
    ///
    /// Names the first one.
    pub fn refuse_gc_types(&self) -> Result<()> {
        match self.gc_types.first() {
            None => Ok(()),
            Some(offset) => bail!(
                "GC types are not supported: compile without the gc proposal (at offset {offset:#x}, in {})",
                self.path
            ),
        }
    }

    /// Makes the memory that it imports under this name one of its own.
    pub(super) fn own_memory(&mut self, name: &str) -> bool {
        let is_it = |import: &Import<'_>| import.name == name && import.module.is_empty();
        let Some(at) = self.imports.iter().position(is_it) else {
            return false;
        };
        let TypeRef::Memory(ty) = self.imports[at].ty else {
            return false;
        };
        self.imports.remove(at);
        self.imported_memories.clear();
        self.memories.push(ty);
        for places in [
            &mut self.imported_funcs,
            &mut self.imported_tables,
            &mut self.imported_globals,
            &mut self.imported_tags,
        ] {
            for place in places {
                *place -= usize::from(*place > at);
            }
        }
        true
    }

    /// Takes in one payload of the module; function bodies are collected by the caller.
    pub(super) fn payload(&mut self, payload: Payload<'a>) -> Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    let group = group?;
                    let explicit = group.is_explicit_rec_group();
                    for (offset, ty) in group.into_types_and_offsets() {
                        match ty.composite_type.inner {
                            CompositeInnerType::Func(func)
                                if !explicit
                                    && ty.is_final
                                    && ty.supertype_idxs.is_empty()
                                    && !ty.composite_type.shared =>
                            {
                                if func.results().len() > 1 {
                                    self.feature(WasmFeatures::MULTI_VALUE);
                                }
                                for ty in func.params().iter().chain(func.results()) {
                                    self.features.insert(value_type_features(*ty));
                                }
                                self.types.push(func);
                            }
                            inner => {
                                self.feature(WasmFeatures::GC);
                                self.gc_types.push(offset);
                                self.types.push(match inner {
                                    CompositeInnerType::Func(func) => func,
                                    _ => FuncType::new([], []),
                                });
                            }
                        }
                    }
                }
            }
            Payload::ImportSection(section) => {
                for imports in section.into_iter_with_offsets() {
                    let (offset, imports) = imports?;
                    if !matches!(imports, Imports::Single(..)) {
                        self.feature(WasmFeatures::COMPACT_IMPORTS);
                    }
                    self.imports(offset, imports)?;
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.func_types.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for table in section.into_iter_with_offsets() {
                    let (offset, table) = table?;
                    self.table_features(&table.ty);
                    let init = match table.init {
                        TableInit::RefNull => None,
                        TableInit::Expr(init) => Some(init),
                    };
                    if init.is_some() {
                        self.feature(WasmFeatures::FUNCTION_REFERENCES);
                    }
                    self.tables.push(Table {
                        ty: table.ty,
                        init,
                        offset,
                    });
                }
                if self.tables.len() + self.imported_tables.len() > 1 {
                    self.feature(WasmFeatures::REFERENCE_TYPES);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    let memory = memory?;
                    self.memory_features(&memory);
                    self.memories.push(memory);
                }
                if self.memories.len() + self.imported_memories.len() > 1 {
                    self.feature(WasmFeatures::MULTI_MEMORY);
                }
            }
            Payload::TagSection(section) => {
                self.feature(WasmFeatures::EXCEPTIONS);
                for tag in section {
                    self.tags.push(tag?.func_type_idx);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global?;
                    self.features
                        .insert(value_type_features(global.ty.content_type));
                    self.const_features(&global.init_expr)?;
                    self.globals.push(Global {
                        ty: global.ty,
                        init: global.init_expr,
                    });
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == ExternalKind::Global
                        && self
                            .globals
                            .get((export.index as usize).wrapping_sub(self.imported_globals.len()))
                            .is_some_and(|global| global.ty.mutable)
                    {
                        self.feature(WasmFeatures::MUTABLE_GLOBAL);
                    }
                    self.exports
                        .insert(export.name, (export.kind, export.index));
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::CodeSectionStart {
                unchecked_range, ..
            } => self.code_start = unchecked_range.start as usize,
            Payload::ElementSection(section) => {
                for element in section.into_iter_with_offsets() {
                    let (offset, element) = element?;
                    self.element(offset, element)?;
                }
            }
            Payload::DataCountSection { range, .. } => {
                self.data_count = Some(range.start);
                self.feature(WasmFeatures::BULK_MEMORY);
            }
            Payload::DataSection(section) => {
                for data in section.into_iter_with_offsets() {
                    let (offset, data) = data?;
                    let active = match data.kind {
                        DataKind::Passive => {
                            self.feature(WasmFeatures::BULK_MEMORY);
                            None
                        }
                        DataKind::Active {
                            memory_index,
                            offset_expr,
                        } => {
                            self.const_features(&offset_expr)?;
                            Some((memory_index, offset_expr))
                        }
                    };
                    self.data.push(Data {
                        active,
                        bytes: data.data,
                        offset,
                    });
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    // A name section is a convenience: one that is broken is left out.
                    let _ = self.names(names);
                }
                self.customs.push(Custom {
                    name: section.name(),
                    bytes: section.data(),
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn feature(&mut self, features: WasmFeatures) {
        self.features.insert(FeatureSet::of(features));
    }

    fn imports(&mut self, offset: u64, imports: Imports<'a>) -> Result<()> {
        let mut add = |module, name, ty, offset| {
            self.import(Import {
                module,
                name,
                ty,
                offset,
            })
        };
        match imports {
            Imports::Single(offset, import) => {
                add(import.module, import.name, import.ty, offset);
            }
            Imports::Compact1 { module, items } => {
                for item in items {
                    let item = item?;
                    add(module, item.name, item.ty, offset);
                }
            }
            Imports::Compact2 { module, ty, names } => {
                for name in names {
                    add(module, name?, ty, offset);
                }
            }
        }
        Ok(())
    }

    fn import(&mut self, import: Import<'a>) {
        let index = self.imports.len();
        match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                if matches!(import.ty, TypeRef::FuncExact(_)) {
                    self.feature(WasmFeatures::CUSTOM_DESCRIPTORS);
                }
                self.func_types.push(ty);
                self.imported_funcs.push(index);
            }
            TypeRef::Table(ty) => {
                self.table_features(&ty);
                self.imported_tables.push(index);
                if self.imported_tables.len() > 1 {
                    self.feature(WasmFeatures::REFERENCE_TYPES);
                }
            }
            TypeRef::Memory(ty) => {
                self.memory_features(&ty);
                self.imported_memories.push(index);
                if self.imported_memories.len() > 1 {
                    self.feature(WasmFeatures::MULTI_MEMORY);
                }
            }
            TypeRef::Global(ty) => {
                self.features.insert(value_type_features(ty.content_type));
                if ty.mutable {
                    self.feature(WasmFeatures::MUTABLE_GLOBAL);
                }
                self.imported_globals.push(index);
            }
            TypeRef::Tag(_) => {
                self.feature(WasmFeatures::EXCEPTIONS);
                self.imported_tags.push(index);
            }
        }
        self.imports.push(import);
    }

    fn table_features(&mut self, ty: &TableType) {
        if ty.element_type != RefType::FUNCREF {
            self.features
                .insert(value_type_features(ty.element_type.into()));
        }
        if ty.table64 {
            self.feature(WasmFeatures::MEMORY64);
        }
        if ty.shared {
            self.feature(WasmFeatures::SHARED_EVERYTHING_THREADS);
        }
    }

    fn memory_features(&mut self, ty: &MemoryType) {
        if ty.memory64 {
            self.feature(WasmFeatures::MEMORY64);
        }
        if ty.shared {
            self.feature(WasmFeatures::THREADS);
        }
        if ty.page_size_log2.is_some() {
            self.feature(WasmFeatures::CUSTOM_PAGE_SIZES);
        }
    }

    fn const_features(&mut self, expr: &ConstExpr<'a>) -> Result<()> {
        for op in expr.get_operators_reader() {
            match op? {
                Operator::I32Add
                | Operator::I32Sub
                | Operator::I32Mul
                | Operator::I64Add
                | Operator::I64Sub
                | Operator::I64Mul => self.feature(WasmFeatures::EXTENDED_CONST),
                Operator::RefFunc { .. } | Operator::RefNull { .. } => {
                    self.feature(WasmFeatures::REFERENCE_TYPES);
                }
                Operator::V128Const { .. } => self.feature(WasmFeatures::SIMD),
                // Its value is known, as that of a sum: both are written as constants.
                Operator::GlobalGet { global_index }
                    if global_index as usize >= self.imported_globals.len() =>
                {
                    self.feature(WasmFeatures::EXTENDED_CONST);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn element(&mut self, offset: u64, element: wasmparser::Element<'a>) -> Result<()> {
        let mode = match element.kind {
            ElementKind::Passive => {
                self.feature(WasmFeatures::BULK_MEMORY);
                ElementMode::Passive
            }
            ElementKind::Declared => {
                self.feature(WasmFeatures::REFERENCE_TYPES);
                ElementMode::Declared
            }
            ElementKind::Active {
                table_index,
                offset_expr,
            } => {
                if table_index.is_some() {
                    self.feature(WasmFeatures::BULK_MEMORY);
                }
                self.const_features(&offset_expr)?;
                ElementMode::Active {
                    table: table_index.unwrap_or(0),
                    offset: offset_expr,
                }
            }
        };
        let items = match element.items {
            ElementItems::Functions(functions) => {
                Items::Functions(functions.into_iter().collect::<Result<_, _>>()?)
            }
            ElementItems::Expressions(ty, expressions) => {
                self.feature(WasmFeatures::BULK_MEMORY);
                if ty != RefType::FUNCREF {
                    self.features.insert(value_type_features(ty.into()));
                }
                let expressions: Vec<_> = expressions.into_iter().collect::<Result<_, _>>()?;
                for expr in &expressions {
                    self.const_features(expr)?;
                }
                Items::Expressions(ty, expressions)
            }
        };
        self.elements.push(Element {
            mode,
            items,
            offset,
        });
        Ok(())
    }

    fn names(&mut self, section: wasmparser::NameSectionReader<'a>) -> Result<()> {
        for subsection in section {
            match subsection? {
                Name::Module { name, .. } => self.name = Some(name),
                Name::Function(names) => self.func_names = name_map(names)?,
                Name::Global(names) => self.global_names = name_map(names)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Checks at the end of the module; `what` is its place in the file.
    pub(super) fn finish(&mut self, what: &str) -> Result<()> {
        self.path = match self.name {
            Some(name) => format!("{what} {name:?}"),
            None => what.to_string(),
        };
        let defined = self.func_types.len() - self.imported_funcs.len();
        if defined != self.bodies.len() {
            return Err(anyhow!("functions and bodies differ in number"))
                .with_context(|| self.path.clone());
        }
        Ok(())
    }
}

fn name_map<'a>(names: wasmparser::NameMap<'a>) -> Result<Vec<(u32, &'a str)>> {
    let mut map = Vec::new();
    for naming in names {
        let naming = naming?;
        map.push((naming.index, naming.name));
    }
    Ok(map)
}
