//! The sections of the output.

use anyhow::{Result, anyhow, bail};
use wasm_encoder::reencode::{Error, Reencode, RoundtripReencoder};
use wasm_encoder::{
    ConstExpr, CustomSection, DataCountSection, DataSection, Encode, EntityType, ExportKind,
    ExportSection, FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection,
    MemoryType, Module, RefType, Section, SectionId, StartSection, TableSection, TableType,
    TagKind, TagSection, TagType, TypeSection, ValType,
};
use wasmparser::{ExternalKind, Operator, TypeRef, WasmFeatures};

use super::helper::Helper;
use super::lowering::{GlobalUse, Lowering};
use super::order::Order;
use super::output::Output;
use super::{bodies, names};
use crate::debug::address::AddressMap;
use crate::debug::{self, Guest};
use crate::findings::allocator::{self, Allocator};
use crate::findings::{applied, host};
use crate::memory::arena;
use crate::parse::constant::{self, Value};

impl Lowering<'_, '_, '_> {
    /// Writes the module. Bodies come first: what they need is known only then.
    pub fn encode(&mut self, order: &Order<'_>) -> Result<Output> {
        let exports = self.exports(order)?;
        let start = match self.moves_start() {
            true => None,
            false => self.module.start.map(|start| self.funcs[start as usize]),
        };
        let elements = self.elements()?;
        let global_inits = self.global_inits()?;

        let mut code = bodies::encode(self)?;
        let mut moved = std::mem::take(&mut code.moved);
        // Helpers may call for more helpers.
        let mut helper_types = Vec::new();
        let mut at = 0;
        while at < self.helpers.len() {
            let helper = self.helpers[at];
            let ty = helper.ty(self);
            helper_types.push(self.type_index(ty.params(), ty.results()));
            let function = helper.function(self)?;
            code.written(|bytes| function.encode(bytes));
            at += 1;
        }
        let elements = match self.tables {
            Some(_) => self.numbered_elements(),
            None => elements,
        };

        let mut module = Module::new();
        module.section(&self.type_section());
        let imports = self.import_section()?;
        if !imports.is_empty() {
            module.section(&imports);
        }
        let mut functions = FunctionSection::new();
        let imported = self.module.imported_funcs.len();
        for &ty in self.module.func_types[imported..]
            .iter()
            .chain(&helper_types)
        {
            functions.function(ty);
        }
        if !functions.is_empty() {
            module.section(&functions);
        }
        let tables = self.table_section()?;
        if !tables.is_empty() {
            module.section(&tables);
        }
        let memories = self.memory_section();
        if !memories.is_empty() {
            module.section(&memories);
        }
        let mut tags = TagSection::new();
        for &func_type_idx in &self.module.tags {
            tags.tag(TagType {
                kind: TagKind::Exception,
                func_type_idx,
            });
        }
        if !tags.is_empty() {
            module.section(&tags);
        }
        let globals = self.global_section(&global_inits)?;
        if !globals.is_empty() {
            module.section(&globals);
        }
        if !exports.is_empty() {
            module.section(&exports);
        }
        if let Some(function_index) = start {
            module.section(&StartSection { function_index });
        }
        if !elements.is_empty() {
            module.section(&elements);
        }
        let data = self.data_section()?;
        if order.data_count && self.profile.has(WasmFeatures::BULK_MEMORY) {
            module.section(&DataCountSection { count: data.len() });
        }
        let mut before = module.finish();
        let count = functions.len();
        let mut header = Vec::new();
        count.encode(&mut header);
        if count > 0 {
            before.push(SectionId::Code as u8);
            (header.len() + code.len()).encode(&mut before);
            before.extend_from_slice(&header);
        }
        let mut after = Vec::new();
        if !data.is_empty() {
            data.append_to(&mut after);
        }
        self.customs(&mut after);
        if self.has_dwarf {
            for body in &mut moved {
                let at = header.len() as u64;
                body.new = body.new.start + at..body.new.end + at;
            }
            let guest = Guest {
                module: self.module,
                addresses: AddressMap::new(moved),
                keeps_memory: true,
                // Parameters that were added move them.
                keeps_locals: !self.needs.multi_value && !self.needs.references,
                global: &Some,
            };
            self.debug = debug::append(&[guest], &mut after);
            if self.debug.units == 0 && self.debug.left_out.is_empty() {
                let why = "the debug information is left out: it describes no code of the module";
                self.debug.left_out.push(why.to_string());
            }
        }
        Ok(Output {
            before,
            code: code.parts,
            after,
        })
    }

    fn type_section(&self) -> TypeSection {
        let mut section = TypeSection::new();
        for ty in self.types.iter() {
            section
                .ty()
                .function(ty.params().iter().copied(), ty.results().iter().copied());
        }
        section
    }

    fn import_section(&self) -> Result<ImportSection> {
        let mut section = ImportSection::new();
        for import in &self.imports {
            section.import(
                &import.module,
                &import.name,
                EntityType::Function(import.ty),
            );
        }
        for import in &self.module.imports {
            if !matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)) {
                let ty = RoundtripReencoder
                    .entity_type(import.ty)
                    .map_err(|error| anyhow!("{error}"))?;
                section.import(import.module, import.name, ty);
            }
        }
        Ok(section)
    }

    fn table_section(&self) -> Result<TableSection> {
        let mut section = TableSection::new();
        let only = |entries: u64| -> Result<TableType> {
            if let Some(most) = self
                .profile
                .limits
                .table_elements
                .filter(|most| entries > *most)
            {
                bail!(
                    "joined, the tables have {entries} elements; the runtime allows at most {most}"
                );
            }
            Ok(TableType {
                element_type: RefType::FUNCREF,
                table64: false,
                minimum: entries,
                maximum: Some(entries),
                shared: false,
            })
        };
        if let Some(tables) = &self.tables {
            section.table(only(tables.functions.len() as u64 + 1)?);
        } else if self.joined.is_some() {
            section.table(only(self.module.tables.iter().map(|t| t.ty.initial).sum())?);
        } else {
            for table in &self.module.tables {
                let ty = RoundtripReencoder
                    .table_type(table.ty)
                    .map_err(|error| anyhow!("{error}"))?;
                match &table.init {
                    Some(init) => section.table_with_init(ty, &self.expression(init)?),
                    None => section.table(ty),
                };
            }
        }
        Ok(section)
    }

    fn memory_section(&self) -> MemorySection {
        let mut section = MemorySection::new();
        let limit = self.profile.limits.memory_pages;
        let limited = |maximum: Option<u64>| match (maximum, limit) {
            (Some(maximum), Some(limit)) => Some(maximum.min(limit)),
            (maximum, limit) => maximum.or(limit),
        };
        if let Some(memories) = &self.memories {
            let maximum = memories.plan.maximum().map(u64::from);
            section.memory(plain_memory(memories.plan.pages().into(), limited(maximum)));
        }
        for (at, memory) in (0..).zip(&self.module.memories) {
            if self
                .memories
                .as_ref()
                .is_some_and(|memories| memories.has(at))
            {
                continue;
            }
            section.memory(MemoryType {
                memory64: memory.memory64,
                shared: memory.shared,
                page_size_log2: memory.page_size_log2,
                ..plain_memory(memory.initial, limited(memory.maximum))
            });
        }
        section
    }

    /// The initial values of the module's own globals. This is where functions get their numbers.
    fn global_inits(&mut self) -> Result<Vec<ConstExpr>> {
        let module = self.module;
        let imported = module.imported_globals.len();
        let end = self.memories.as_ref().map(|memories| memories.plan.end());
        (imported as u32..)
            .zip(&module.globals)
            .map(
                |(index, global)| match constant::of_module(module, &global.init) {
                    Some(_)
                        if self.cut.is_some_and(|cut| cut.globals.contains(&index))
                            && end.is_some() =>
                    {
                        Ok(ConstExpr::i32_const(end.unwrap_or_default() as i32))
                    }
                    Some(value) => self.value_expr(value),
                    None => self.expression(&global.init),
                },
            )
            .collect()
    }

    fn value_expr(&mut self, value: Value) -> Result<ConstExpr> {
        match value {
            Value::Func(func) if self.needs.references => {
                Ok(ConstExpr::i32_const(self.reference(func)))
            }
            Value::Null(_) if self.needs.references => Ok(ConstExpr::i32_const(0)),
            value => value.encode(|func| Ok(self.funcs[func as usize])),
        }
    }

    fn global_section(&self, inits: &[ConstExpr]) -> Result<GlobalSection> {
        let mut section = GlobalSection::new();
        for (global, init) in self.module.globals.iter().zip(inits) {
            let ty = GlobalType {
                val_type: self.value(global.ty.content_type)?,
                mutable: global.ty.mutable,
                shared: global.ty.shared,
            };
            section.global(ty, init);
        }
        for global in &self.globals {
            let init = match global.ty {
                ValType::I32 => ConstExpr::i32_const(global.start as i32),
                ValType::I64 => ConstExpr::i64_const(global.start),
                ValType::F32 => ConstExpr::f32_const(wasm_encoder::Ieee32::new(0)),
                ValType::F64 => ConstExpr::f64_const(wasm_encoder::Ieee64::new(0)),
                ValType::V128 => ConstExpr::v128_const(0),
                ValType::Ref(ty) => ConstExpr::ref_null(ty.heap_type),
            };
            let ty = GlobalType {
                val_type: global.ty,
                mutable: global.what != GlobalUse::Mark,
                shared: false,
            };
            section.global(ty, &init);
        }
        Ok(section)
    }

    fn exports(&mut self, order: &Order<'_>) -> Result<ExportSection> {
        let mut section = ExportSection::new();
        let moves_start = self.moves_start();
        let mut has_memory = false;
        for export in &order.exports {
            if applied::is_mark(export.name)
                || self.flat && arena::SCRATCH_NAMES.contains(&export.name)
            {
                continue;
            }
            let never = &self.profile.host.never_export;
            if never.iter().any(|name| name == export.name) && !self.flat {
                self.leave_out(export.name, "the profile says so");
                continue;
            }
            if allocator::says_end(export.name) && !self.keeps_end() {
                self.leave_out(
                    export.name,
                    "the host would take the memory above it for its own",
                );
                continue;
            }
            let index = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => {
                    if moves_start {
                        self.helper(Helper::Started(export.index))
                    } else {
                        self.funcs[export.index as usize]
                    }
                }
                ExternalKind::Global
                    if !self.profile.has(WasmFeatures::MUTABLE_GLOBAL)
                        && self.is_mutable(export.index) =>
                {
                    self.leave_out(export.name, "it is a mutable global");
                    continue;
                }
                // The others are not exported: that is refused.
                ExternalKind::Memory
                    if (self.memories.as_ref())
                        .is_some_and(|memories| memories.has(export.index)) =>
                {
                    0
                }
                _ => export.index,
            };
            has_memory |= export.kind == ExternalKind::Memory && export.name == "memory";
            section.export(export.name, export_kind(export.kind), index);
        }
        let exportable = self.memories.is_some()
            || !self.module.memories.is_empty()
            || !self.module.imported_memories.is_empty();
        let free = !order.exports.iter().any(|export| export.name == "memory");
        let wanted = host::wants_memory(self.module, &self.profile.host);
        if wanted && !has_memory && exportable && free {
            section.export("memory", ExportKind::Memory, 0);
        }
        if self.own_arena {
            for (name, helper) in [("malloc", Helper::Malloc), ("free", Helper::Free)] {
                let index = self.helper(helper);
                section.export(name, ExportKind::Func, index);
            }
        }
        if let Allocator::OlderNames { retain, release } = self.allocator {
            for (name, func) in [("__retain", retain), ("__release", release)] {
                let index = match moves_start {
                    true => self.helper(Helper::Started(func)),
                    false => self.funcs[func as usize],
                };
                section.export(name, ExportKind::Func, index);
            }
        }
        if let Some(mark) = applied::mark(self.applied()) {
            let old = order.exports.iter().find(|export| {
                applied::is_mark(export.name) && export.kind == ExternalKind::Global
            });
            let index = match old {
                Some(export) => export.index,
                None => self.global(GlobalUse::Mark, ValType::I32, 0),
            };
            section.export(&mark, ExportKind::Global, index);
        }
        Ok(section)
    }

    fn leave_out(&mut self, export: &str, why: &str) {
        self.left_out
            .push(format!("the export {export} is left out: {why}"));
    }

    /// Whether the exports that say where the memory of the program ends can stay. A host that reads
    /// them cuts the memory there where no code asks for its size, and else has a heap of its own
    /// there, unless it can ask for what it needs.
    fn keeps_end(&self) -> bool {
        if !self.profile.host.shrinks_memory || self.flat {
            return true;
        }
        let asked = self.own_arena || self.allocator != Allocator::None;
        match &self.memories {
            Some(_) => asked && allocator::grows(self.module),
            None => asked || !allocator::asks_size(self.module),
        }
    }

    fn is_mutable(&self, global: u32) -> bool {
        let imported = self.module.imported_globals.len();
        self.module
            .globals
            .get((global as usize).wrapping_sub(imported))
            .is_some_and(|global| global.ty.mutable)
    }

    fn data_section(&self) -> Result<DataSection> {
        let mut section = DataSection::new();
        for data in &self.module.data {
            let bytes = data.bytes.iter().copied();
            match &data.active {
                None if self.needs.segments => {}
                None => {
                    section.passive(bytes);
                }
                Some((memory, offset)) => {
                    let (memory, base) = match &self.memories {
                        Some(memories) if memories.has(*memory) => {
                            (0, memories.plan.regions[memories.region(*memory)].base)
                        }
                        _ => (*memory, 0),
                    };
                    let offset = match constant::of_module(self.module, offset) {
                        Some(Value::I32(start)) => {
                            ConstExpr::i32_const((start as u32).wrapping_add(base) as i32)
                        }
                        _ => self.expression(offset)?,
                    };
                    section.active(memory, &offset, bytes);
                }
            }
        }
        if let (Some(tables), Some(memories)) = (&self.tables, &self.memories)
            && tables.contents.iter().any(|&byte| byte != 0)
        {
            let at = (memories.plan.block_base() + tables.offset) as i32;
            section.active(
                0,
                &ConstExpr::i32_const(at),
                tables.contents.iter().copied(),
            );
        }
        Ok(section)
    }

    /// An expression that is no number: its value, or else what computes it.
    ///
    /// # Errors
    ///
    /// Fails for one that computes with an imported global, where the profile has no such expressions.
    pub fn expression(&self, expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr> {
        if let Some(value) = constant::of_module(self.module, expr) {
            return value.encode(|func| Ok(self.funcs[func as usize]));
        }
        let mut bytes = Vec::new();
        self.expand(expr, 0, &mut bytes)?;
        Ok(ConstExpr::raw(bytes))
    }

    /// Writes what computes `expr`, with that of the module's own globals in place of them.
    fn expand(
        &self,
        expr: &wasmparser::ConstExpr<'_>,
        depth: u32,
        bytes: &mut Vec<u8>,
    ) -> Result<()> {
        let imported = self.module.imported_globals.len();
        let offset = expr.get_binary_reader().original_position();
        for op in expr.get_operators_reader() {
            let op = op?;
            let own = match op {
                Operator::End => continue,
                Operator::GlobalGet { global_index } => self
                    .module
                    .globals
                    .get((global_index as usize).wrapping_sub(imported)),
                Operator::I32Add
                | Operator::I32Sub
                | Operator::I32Mul
                | Operator::I64Add
                | Operator::I64Sub
                | Operator::I64Mul
                    if !self.profile.has(WasmFeatures::EXTENDED_CONST) =>
                {
                    bail!(
                        "extended-const: the expression at offset {offset:#x} computes with an \
                         imported global, whose value is not known here, and the profile {} takes \
                         no such expressions",
                        self.profile.name()
                    );
                }
                _ => None,
            };
            match own {
                Some(global) => self.expand(&global.init, depth + 1, bytes)?,
                None => Indices(&self.funcs)
                    .instruction(op)
                    .map_err(|error| anyhow!("{error}"))?
                    .encode(bytes),
            }
            if bytes.len() > LONGEST_EXPRESSION || depth > constant::DEEPEST {
                bail!("the expression at offset {offset:#x} takes too long to compute");
            }
        }
        Ok(())
    }

    fn customs(&self, wasm: &mut Vec<u8>) {
        for custom in &self.module.customs {
            match custom.name {
                "name" => names::append(self, custom.bytes, wasm),
                "target_features" => {
                    if let Some(bytes) = names::target_features(custom.bytes, self.profile) {
                        append(custom.name, &bytes, wasm);
                    }
                }
                // Debug information is converted all together.
                name if debug::is_debug(name) || debug::is_stale(name) => {}
                name => append(name, custom.bytes, wasm),
            }
        }
    }
}

/// The most bytes of an expression.
const LONGEST_EXPRESSION: usize = 1 << 16;

/// Writes an instruction with the functions where they are now.
struct Indices<'l>(&'l [u32]);

impl Reencode for Indices<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, func: u32) -> Result<u32, Error<Self::Error>> {
        Ok(self.0[func as usize])
    }
}

fn append(name: &str, data: &[u8], wasm: &mut Vec<u8>) {
    CustomSection {
        name: name.into(),
        data: data.into(),
    }
    .append_to(wasm);
}

fn export_kind(kind: ExternalKind) -> ExportKind {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
    }
}

fn plain_memory(minimum: u64, maximum: Option<u64>) -> MemoryType {
    MemoryType {
        minimum,
        maximum,
        memory64: false,
        shared: false,
        page_size_log2: None,
    }
}
