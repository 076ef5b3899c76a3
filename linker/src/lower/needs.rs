//! What a module uses that a target lacks, and what is done about it.

use anyhow::Result;
use wasmparser::{
    BinaryReader, BlockType, ExternalKind, HeapType, MemArgTarget, Operator, OperatorsReader,
    RefType, ValType, WasmFeatures,
};

use super::memories;
use crate::check::{self, Effect};
use crate::features::{FeatureSet, of_operator};
use crate::memory::access::memarg;
use crate::parallel::in_pieces;
use crate::parse::module::{ElementMode, Items, Module};
use crate::parse::scan::Ref;
use crate::profile::Profile;

/// What is lowered in a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub sign_ext: bool,
    pub sat_float: bool,
    /// `memory.copy` and `memory.fill`.
    pub memory_copy: bool,
    /// Passive data segments.
    pub segments: bool,
    pub multi_value: bool,
    pub tail_call: bool,
    /// References as values, and tables that are written.
    pub references: bool,
    /// `select` with a type.
    pub typed_select: bool,
    /// Several tables, and element segments other than active ones of function indices.
    pub tables: bool,
    /// Several memories.
    pub memories: bool,
    /// Whether the module grows a table: nothing to be lowered by itself.
    pub table_grow: bool,
}

impl Needs {
    /// Whether the nesting of blocks has to be followed.
    pub fn structure(self) -> bool {
        self.multi_value || self.tail_call
    }
}

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
    /// The first place in a body that has references other than to functions.
    pub foreign: Option<(u32, u64)>,
    /// References as values, or tables that are written.
    references: bool,
    /// Whether memories have to be looked at.
    several_memories: bool,
    /// The first atomic instruction.
    pub atomic: Option<(u32, u64)>,
    /// `table.copy` or `table.init`.
    table_bulk: bool,
    table_grow: bool,
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
        .any(|ty| ty.params().iter().chain(ty.results()).any(is_reference))
        || module
            .globals
            .iter()
            .any(|global| is_reference(&global.ty.content_type));
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
            self.references |= is_reference(&ty);
            if is_foreign(&ty) {
                self.foreign.get_or_insert((func, at));
            }
        }
        let mut ops = OperatorsReader::new(locals.get_binary_reader());
        while !ops.eof() {
            let offset = ops.original_position();
            let op = ops.read()?;
            let length = ops.original_position() - offset;
            if has_foreign(&op) {
                self.foreign.get_or_insert((func, offset));
            }
            let features = self.features(&op, length);
            if features.contains(FeatureSet::of(WasmFeatures::THREADS)) {
                self.atomic.get_or_insert((func, offset));
            }
            if features.is_empty() {
                continue;
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
        Ok(())
    }

    /// Adds what the bodies behind use.
    fn append(&mut self, mut behind: Survey) {
        self.uses.append(&mut behind.uses);
        self.foreign = self.foreign.or(behind.foreign);
        self.atomic = self.atomic.or(behind.atomic);
        self.references |= behind.references;
        self.table_bulk |= behind.table_bulk;
        self.table_grow |= behind.table_grow;
    }

    /// The features of an instruction that takes `length` bytes.
    fn features(&mut self, op: &Operator<'_>, length: u64) -> FeatureSet {
        match op {
            Operator::RefFunc { .. }
            | Operator::RefNull { .. }
            | Operator::RefIsNull
            | Operator::TableGet { .. }
            | Operator::TableSet { .. }
            | Operator::TableSize { .. }
            | Operator::TableFill { .. } => self.references = true,
            Operator::TableGrow { .. } => {
                self.references = true;
                self.table_grow = true;
            }
            // Dropping alone does nothing that could be seen.
            Operator::TableCopy { .. } | Operator::TableInit { .. } => {
                self.references = true;
                self.table_bulk = true;
            }
            Operator::CallIndirect {
                type_index,
                table_index: 0,
            } if length > 2 + u64::from((32 - (type_index | 1).leading_zeros()).div_ceil(7)) => {
                return FeatureSet::of(WasmFeatures::CALL_INDIRECT_OVERLONG);
            }
            _ => {}
        }
        if self.several_memories && in_another_memory(op) {
            return FeatureSet::of(WasmFeatures::MULTI_MEMORY);
        }
        of_operator(op)
    }
}

/// What is to be lowered in `module` for `profile`.
pub fn needs(module: &Module<'_>, profile: &Profile, survey: &Survey) -> Needs {
    let lacks = |feature: WasmFeatures| !profile.has(feature);
    let several = profile
        .limits
        .tables
        .is_some_and(|most| module.tables.len() > most);
    Needs {
        sign_ext: lacks(WasmFeatures::SIGN_EXTENSION),
        sat_float: lacks(WasmFeatures::SATURATING_FLOAT_TO_INT),
        memory_copy: lacks(WasmFeatures::BULK_MEMORY_OPT),
        segments: lacks(WasmFeatures::BULK_MEMORY),
        multi_value: lacks(WasmFeatures::MULTI_VALUE)
            && module
                .features
                .contains(FeatureSet::of(WasmFeatures::MULTI_VALUE)),
        tail_call: lacks(WasmFeatures::TAIL_CALL)
            && module
                .features
                .contains(FeatureSet::of(WasmFeatures::TAIL_CALL)),
        references: survey.references && lacks(WasmFeatures::REFERENCE_TYPES)
            || survey.table_bulk && lacks(WasmFeatures::BULK_MEMORY),
        typed_select: lacks(WasmFeatures::REFERENCE_TYPES),
        tables: lacks(WasmFeatures::REFERENCE_TYPES) || several,
        memories: memories::several(module, |feature| profile.has(feature)),
        table_grow: survey.table_grow,
    }
}

/// What stands in the way of lowering, for messages.
pub fn refused(module: &Module<'_>, profile: &Profile, survey: &Survey) -> Vec<String> {
    check::findings(module, profile, survey)
        .into_iter()
        .filter(|finding| finding.effect == Effect::Refused && finding.fix.is_none())
        .filter(|finding| finding.kind != check::Kind::Import)
        .map(|finding| finding.one_line())
        .collect()
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

fn is_reference(ty: &ValType) -> bool {
    matches!(ty, ValType::Ref(_))
}

/// Whether an instruction names such a type.
fn has_foreign(op: &Operator<'_>) -> bool {
    match op {
        Operator::RefNull { hty } => *hty != HeapType::FUNC,
        Operator::TypedSelect { ty } => is_foreign(ty),
        Operator::Block {
            blockty: BlockType::Type(ty),
        }
        | Operator::Loop {
            blockty: BlockType::Type(ty),
        }
        | Operator::If {
            blockty: BlockType::Type(ty),
        } => is_foreign(ty),
        _ => false,
    }
}

/// Whether a type is a reference that cannot be a number: anything but a nullable function.
pub fn is_foreign(ty: &ValType) -> bool {
    matches!(ty, ValType::Ref(ty) if *ty != RefType::FUNCREF)
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
