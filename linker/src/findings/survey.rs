//! What a module uses beyond the MVP, and what of it is to be seen from outside.

use anyhow::{Result, bail};
use wasmparser::{
    BinaryReader, BlockType, ExternalKind, MemArgTarget, MemoryType, Operator, OperatorsReader,
    RefType, TableType, TypeRef, ValType, WasmFeatures,
};

use crate::features::{FeatureSet, is_exception, of_operator};
use crate::memory::access::memarg;
use crate::parallel::in_pieces;
use crate::parse::module::{ElementMode, Items, Module};
use crate::parse::scan::{Ref, overlong};

/// Instructions of one feature in one function.
#[derive(Clone, Debug)]
pub struct Use {
    pub features: FeatureSet,
    pub func: u32,
    /// The first one.
    pub offset: u64,
    pub count: u32,
}

/// What the bodies of a module use beyond the MVP.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    pub uses: Vec<Use>,
    /// The references that cannot be numbers, each with the function and the first place that has it.
    pub foreign: Vec<(RefType, u32, u64)>,
    /// References as values, or instructions that read or write tables.
    pub references: bool,
    /// Instructions that read or write tables.
    pub table_access: bool,
    /// Whether memories have to be looked at.
    pub several_memories: bool,
    /// Whether there is anything of the exceptions that the earlier proposal has not: `throw` and tags
    /// are of both.
    pub new_exceptions: bool,
    /// The first atomic instruction.
    pub atomic: Option<(u32, u64)>,
    /// `table.copy` or `table.init`.
    pub table_bulk: bool,
    pub table_grow: bool,
}

/// How many bodies are looked at together.
const PIECE: usize = 256;

/// Looks at every instruction.
pub fn survey(module: &Module<'_>) -> Result<Survey> {
    let mut survey = Survey {
        several_memories: module.memories.len() + module.imported_memories.len() > 1,
        ..Survey::default()
    };
    let plain = FeatureSet::of(WasmFeatures::MUTABLE_GLOBAL);
    survey.references = module
        .types
        .iter()
        .any(|ty| ty.params().iter().chain(ty.results()).any(is_kept))
        || global_types(module).any(|ty| is_kept(&ty))
        || table_types(module).any(|ty| ty.element_type != RefType::FUNCREF);
    if module.features.without(plain).is_empty() {
        return Ok(survey);
    }
    let pieces = in_pieces(module.bodies.len(), PIECE, |bodies| {
        let mut piece = Survey {
            several_memories: survey.several_memories,
            ..Survey::default()
        };
        for defined in bodies {
            piece.look_at(module, defined)?;
        }
        anyhow::Ok(piece)
    });
    for piece in pieces {
        survey.append(piece?);
    }
    Ok(survey)
}

impl Survey {
    /// Adds what one body uses.
    fn look_at(&mut self, module: &Module<'_>, defined: usize) -> Result<()> {
        // Of the MVP alone; only accesses of another memory have to be looked for.
        if !self.several_memories && module.refs.features(defined).is_empty() {
            return Ok(());
        }
        let func = module.imported_func_count() + defined as u32;
        let first = self.uses.len();
        let body = module.body(defined);
        let mut locals = body.get_locals_reader()?;
        for _ in 0..locals.get_count() {
            let at = locals.original_position();
            let ty = locals.read()?.1;
            self.references |= is_kept(&ty);
            self.note_foreign(foreign(&ty), func, at);
        }
        // Only accesses of another memory are not at sites, and those exceptions nest.
        let legacy = FeatureSet::of(WasmFeatures::LEGACY_EXCEPTIONS);
        if !self.several_memories && !module.refs.features(defined).has_any(legacy) {
            for found in module.at_sites(defined) {
                let (range, op) = found?;
                self.look(
                    &op,
                    func,
                    first,
                    &module.bytes[range.clone()],
                    range.start as u64,
                );
            }
            return Ok(());
        }
        let mut ops = OperatorsReader::new(locals.get_binary_reader());
        while !ops.eof() {
            let offset = ops.original_position();
            let op = ops.read()?;
            let bytes = &module.bytes[offset as usize..ops.original_position() as usize];
            self.look(&op, func, first, bytes, offset);
        }
        Ok(())
    }

    /// Adds what one instruction of a function uses, whose uses begin with the `first`.
    fn look(&mut self, op: &Operator<'_>, func: u32, first: usize, bytes: &[u8], offset: u64) {
        self.note_foreign(foreign_of(op), func, offset);
        self.new_exceptions |= matches!(op, Operator::TryTable { .. } | Operator::ThrowRef);
        let features = self.features(op, bytes);
        // Also where it is counted as one on another memory.
        if of_operator(op).contains(FeatureSet::of(WasmFeatures::THREADS)) {
            self.atomic.get_or_insert((func, offset));
        }
        if features.is_empty() {
            return;
        }
        match self.uses[first..]
            .iter_mut()
            .find(|known| known.features == features)
        {
            Some(known) => known.count += 1,
            None => self.uses.push(Use {
                features,
                func,
                offset,
                count: 1,
            }),
        }
    }

    fn note_foreign(&mut self, ty: Option<RefType>, func: u32, at: u64) {
        self.new_exceptions |= ty.is_some_and(|ty| is_exception(ty.heap_type()));
        if let Some(ty) = ty
            && !self.foreign.iter().any(|(known, ..)| *known == ty)
        {
            self.foreign.push((ty, func, at));
        }
    }

    /// Adds what the bodies behind use.
    fn append(&mut self, mut behind: Survey) {
        self.uses.append(&mut behind.uses);
        for (ty, func, at) in behind.foreign {
            self.note_foreign(Some(ty), func, at);
        }
        self.new_exceptions |= behind.new_exceptions;
        self.atomic = self.atomic.or(behind.atomic);
        self.references |= behind.references;
        self.table_access |= behind.table_access;
        self.table_bulk |= behind.table_bulk;
        self.table_grow |= behind.table_grow;
    }

    /// The features of an instruction that is encoded as `bytes`.
    fn features(&mut self, op: &Operator<'_>, bytes: &[u8]) -> FeatureSet {
        match op {
            Operator::RefNull { hty } if is_exception(*hty) => {}
            Operator::RefFunc { .. } | Operator::RefNull { .. } | Operator::RefIsNull => {
                self.references = true;
            }
            // It may give one that is never there.
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                self.references |= block_value(op).is_some_and(is_kept);
            }
            // Dropping alone does nothing that could be seen.
            Operator::TableGet { .. }
            | Operator::TableSet { .. }
            | Operator::TableSize { .. }
            | Operator::TableFill { .. }
            | Operator::TableGrow { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. } => {
                self.references = true;
                self.table_access = true;
                self.table_grow |= matches!(op, Operator::TableGrow { .. });
                self.table_bulk |=
                    matches!(op, Operator::TableCopy { .. } | Operator::TableInit { .. });
            }
            Operator::CallIndirect {
                type_index,
                table_index: 0,
            } if bytes.len()
                > 2 + ((32 - (type_index | 1).leading_zeros()) as usize).div_ceil(7) =>
            {
                return FeatureSet::of(WasmFeatures::CALL_INDIRECT_OVERLONG);
            }
            _ => {}
        }
        if self.several_memories && in_another_memory(op) {
            return FeatureSet::of(WasmFeatures::MULTI_MEMORY);
        }
        if names_memory(op) {
            let features = overlong(bytes);
            if !features.is_empty() {
                return features;
            }
        }
        of_operator(op)
    }
}

/// Which imported functions anything refers to.
pub fn used_imports(module: &Module<'_>) -> Vec<bool> {
    let mut used = vec![false; module.imported_funcs.len()];
    let mut mark = |func: u32| {
        if let Some(slot) = used.get_mut(func as usize) {
            *slot = true;
        }
    };
    for defined in 0..module.bodies.len() {
        for reference in module.refs.of(defined) {
            if let Ref::Func(func) | Ref::FuncRef(func) = reference {
                mark(func);
            }
        }
    }
    for (kind, index) in module.exports.values() {
        if *kind == ExternalKind::Func {
            mark(*index);
        }
    }
    module.start.into_iter().for_each(&mut mark);
    let mut expression = |expr: &wasmparser::ConstExpr<'_>| {
        let mut reader = expr.get_operators_reader();
        while let Ok(op) = reader.read() {
            if let Operator::RefFunc { function_index } = op {
                mark(function_index);
            }
            if reader.eof() {
                break;
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
        if let Items::Expressions(_, exprs) = &element.items {
            exprs.iter().for_each(&mut expression);
        }
    }
    for element in &module.elements {
        if let Items::Functions(funcs) = &element.items {
            for &func in funcs {
                if let Some(slot) = used.get_mut(func as usize) {
                    *slot = true;
                }
            }
        }
    }
    used
}

/// Whether an element segment is of the one form of the MVP: active, of table 0, with indices.
pub fn is_plain(module: &Module<'_>, element: &crate::parse::module::Element<'_>) -> bool {
    // The flags are the first byte of the segment.
    let flags =
        BinaryReader::new(&module.bytes[element.offset as usize..], element.offset).read_var_u32();
    matches!(flags, Ok(0)) && matches!(element.mode, ElementMode::Active { .. })
}

/// The types of all globals.
pub fn global_types(module: &Module<'_>) -> impl Iterator<Item = ValType> {
    let imported =
        module
            .imported_globals
            .iter()
            .filter_map(|&import| match module.imports[import].ty {
                TypeRef::Global(ty) => Some(ty.content_type),
                _ => None,
            });
    imported.chain(module.globals.iter().map(|global| global.ty.content_type))
}

/// The types of all tables.
pub fn table_types(module: &Module<'_>) -> impl Iterator<Item = TableType> {
    let imported =
        module
            .imported_tables
            .iter()
            .filter_map(|&import| match module.imports[import].ty {
                TypeRef::Table(ty) => Some(ty),
                _ => None,
            });
    imported.chain(module.tables.iter().map(|table| table.ty))
}

/// The types of all memories.
pub fn memory_types(module: &Module<'_>) -> impl Iterator<Item = MemoryType> {
    let imported =
        module
            .imported_memories
            .iter()
            .filter_map(|&import| match module.imports[import].ty {
                TypeRef::Memory(ty) => Some(ty),
                _ => None,
            });
    imported.chain(module.memories.iter().copied())
}

/// Whether a type is a reference.
pub fn is_reference(ty: &ValType) -> bool {
    matches!(ty, ValType::Ref(_))
}

/// Whether a type is a reference other than those of exceptions, which are looked at on their own.
fn is_kept(ty: &ValType) -> bool {
    matches!(ty, ValType::Ref(ty) if !is_exception(ty.heap_type()))
}

/// The [`foreign`] type that an instruction names.
fn foreign_of(op: &Operator<'_>) -> Option<RefType> {
    match op {
        Operator::RefNull { hty } => foreign(&ValType::Ref(RefType::new(true, *hty)?)),
        Operator::TypedSelect { ty } => foreign(ty),
        _ => block_value(op).and_then(foreign),
    }
}

/// The type of the one value that a block gives, where an instruction opens such a block.
fn block_value<'o>(op: &'o Operator<'_>) -> Option<&'o ValType> {
    match op {
        Operator::Block {
            blockty: BlockType::Type(ty),
        }
        | Operator::Loop {
            blockty: BlockType::Type(ty),
        }
        | Operator::If {
            blockty: BlockType::Type(ty),
        } => Some(ty),
        _ => None,
    }
}

/// The reference type that a type is, if it cannot be a number: anything but a nullable function, and one of
/// the host's, which is null where the host passes none.
pub fn foreign(ty: &ValType) -> Option<RefType> {
    match ty {
        ValType::Ref(ty) if !is_number(*ty) => Some(*ty),
        _ => None,
    }
}

/// Whether a reference can be a number.
pub fn is_number(ty: RefType) -> bool {
    ty == RefType::FUNCREF || ty == RefType::EXTERNREF
}

/// Whether an instruction has the index of a memory.
pub fn names_memory(op: &Operator<'_>) -> bool {
    matches!(
        op,
        Operator::MemorySize { .. }
            | Operator::MemoryGrow { .. }
            | Operator::MemoryFill { .. }
            | Operator::MemoryInit { .. }
            | Operator::MemoryCopy { .. }
    ) || memarg(op).is_some()
}

/// Whether an instruction works on another memory than the first one.
fn in_another_memory(op: &Operator<'_>) -> bool {
    match *op {
        Operator::MemorySize { mem }
        | Operator::MemoryGrow { mem }
        | Operator::MemoryFill { mem }
        | Operator::MemoryInit { mem, .. } => mem > 0,
        Operator::MemoryCopy { dst_mem, src_mem } => dst_mem > 0 || src_mem > 0,
        _ => memarg(op).is_some_and(|arg| arg.target != MemArgTarget::Memory(0)),
    }
}

/// Whether the start function may call the host.
pub fn reaches_host(module: &Module<'_>) -> bool {
    let Some(start) = module.start else {
        return false;
    };
    let imported = module.imported_func_count();
    let mut seen = vec![false; module.func_types.len()];
    let mut left = vec![start];
    while let Some(func) = left.pop() {
        if std::mem::replace(&mut seen[func as usize], true) {
            continue;
        }
        let Some(defined) = func.checked_sub(imported) else {
            return true;
        };
        for reference in module.refs.of(defined as usize) {
            match reference {
                Ref::Func(callee) => left.push(callee),
                // Whatever is in the table may be called.
                Ref::Table(_) if imported > 0 || !module.imported_tables.is_empty() => return true,
                _ => {}
            }
        }
    }
    false
}

/// The memory that the host gets: the one that is exported as `memory`, or else the first that is
/// exported.
pub fn host_memory(module: &Module<'_>) -> u32 {
    let memories = || {
        module
            .exports
            .iter()
            .filter(|(_, (kind, _))| *kind == ExternalKind::Memory)
    };
    let named = memories().find(|(name, _)| **name == "memory");
    named.map_or_else(
        || memories().map(|(_, (_, index))| *index).min().unwrap_or(0),
        |(_, (_, index))| *index,
    )
}

/// Refuses object files, which nothing can load. A program that still has its relocations has such a section
/// too, but also exports.
pub fn is_linked(module: &Module<'_>) -> Result<()> {
    let for_linkers = module.custom("linking").is_some();
    if for_linkers && module.exports.is_empty() {
        bail!("this is an object file: link it first");
    }
    Ok(())
}

/// What a type reference of an import is, for messages.
pub fn import_kind(ty: TypeRef) -> &'static str {
    match ty {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => "function",
        TypeRef::Table(_) => "table",
        TypeRef::Memory(_) => "memory",
        TypeRef::Global(_) => "global",
        TypeRef::Tag(_) => "tag",
    }
}
