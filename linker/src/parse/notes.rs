//! What a body refers to, and which proposals its instructions are of.

use wasmparser::{
    BinaryReader, BlockType, FrameKind, FrameStack, HeapType, MemArgTarget, Operator,
    VisitOperator, VisitSimdOperator, WasmFeatures,
};

use crate::features::{FeatureSet, is_exception, proposal};

/// One thing that a function body refers to, as an index of the module that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ref {
    /// A direct call.
    Func(u32),
    /// `ref.func`.
    FuncRef(u32),
    /// A function type: of a block or an indirect call.
    Type(u32),
    Global(u32),
    /// The table of an indirect call, or one that is only read.
    Table(u32),
    /// A table that is written: `table.set`, `table.grow`, `table.fill`, `table.copy`, `table.init`.
    TableWrite(u32),
    /// A memory that is accessed in any way.
    Memory(u32),
    MemorySize(u32),
    MemoryGrow(u32),
    MemoryCopy(u32),
    MemoryFill(u32),
    Data(u32),
    Elem(u32),
    Tag(u32),
}

/// The greatest index of a packed reference.
const MOST: u32 = (1 << 28) - 1;

impl Ref {
    fn pack(self) -> u32 {
        let (kind, index) = match self {
            Ref::Func(i) => (0, i),
            Ref::FuncRef(i) => (1, i),
            Ref::Type(i) => (2, i),
            Ref::Global(i) => (3, i),
            Ref::Table(i) => (4, i),
            Ref::TableWrite(i) => (5, i),
            Ref::Memory(i) => (6, i),
            Ref::MemorySize(i) => (7, i),
            Ref::MemoryGrow(i) => (8, i),
            Ref::MemoryCopy(i) => (9, i),
            Ref::MemoryFill(i) => (13, i),
            Ref::Data(i) => (10, i),
            Ref::Elem(i) => (11, i),
            Ref::Tag(i) => (12, i),
        };
        // There is nothing that has a greater one.
        kind << 28 | index.min(MOST)
    }

    pub fn unpack(packed: u32) -> Ref {
        let index = packed & MOST;
        match packed >> 28 {
            0 => Ref::Func(index),
            1 => Ref::FuncRef(index),
            2 => Ref::Type(index),
            3 => Ref::Global(index),
            4 => Ref::Table(index),
            5 => Ref::TableWrite(index),
            6 => Ref::Memory(index),
            7 => Ref::MemorySize(index),
            8 => Ref::MemoryGrow(index),
            9 => Ref::MemoryCopy(index),
            10 => Ref::Data(index),
            11 => Ref::Elem(index),
            12 => Ref::Tag(index),
            _ => Ref::MemoryFill(index),
        }
    }
}

/// Whether this is the opcode of a load or store of the MVP.
pub fn is_access(opcode: u8) -> bool {
    matches!(opcode, 0x28..=0x3e)
}

/// What only the encoding of an instruction needs that names memories: the multi-memory proposal has
/// indices of any length, and one in front of the offset of an access; memory64 has longer offsets.
pub fn overlong(instruction: &[u8]) -> FeatureSet {
    // A valid instruction does not end too early.
    FeatureSet::of(long_parts(instruction).unwrap_or_default())
}

fn long_parts(instruction: &[u8]) -> Option<WasmFeatures> {
    const MEMORY_SIZE: u8 = 0x3f;
    const MEMORY_GROW: u8 = 0x40;
    const BULK: u8 = 0xfc;
    const MEMORY_INIT: u8 = 8;
    /// The bit of the alignment that says that a memory index follows.
    const EXPLICIT: u8 = 0x40;
    const LONGEST_OFFSET: usize = 5;

    /// Takes one LEB128 and gives its length.
    fn leb(rest: &mut &[u8]) -> Option<usize> {
        let length = rest.iter().position(|byte| byte & 0x80 == 0)? + 1;
        *rest = &rest[length..];
        Some(length)
    }

    let (&opcode, mut rest) = instruction.split_first()?;
    let first = *rest.first()?;
    if opcode >= BULK {
        leb(&mut rest)?;
    }
    let mut needs = WasmFeatures::empty();
    if matches!(opcode, MEMORY_SIZE | MEMORY_GROW | BULK) {
        if opcode == BULK && first == MEMORY_INIT {
            leb(&mut rest)?;
        }
        while !rest.is_empty() {
            if leb(&mut rest)? > 1 {
                needs = WasmFeatures::MULTI_MEMORY;
            }
        }
        return Some(needs);
    }
    let align = *rest.first()?;
    leb(&mut rest)?;
    if align & EXPLICIT != 0 {
        needs |= WasmFeatures::MULTI_MEMORY;
        leb(&mut rest)?;
    }
    if leb(&mut rest)? > LONGEST_OFFSET {
        needs |= WasmFeatures::MEMORY64;
    }
    Some(needs)
}

/// The features that a value of this type needs.
pub fn value_type_features(ty: wasmparser::ValType) -> FeatureSet {
    use wasmparser::{RefType, ValType};
    FeatureSet::of(match ty {
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 => WasmFeatures::empty(),
        ValType::V128 => WasmFeatures::SIMD,
        ValType::Ref(RefType::FUNCREF | RefType::EXTERNREF) => WasmFeatures::REFERENCE_TYPES,
        ValType::Ref(ty) if is_exception(ty.heap_type()) => WasmFeatures::EXCEPTIONS,
        ValType::Ref(ty) => {
            WasmFeatures::REFERENCE_TYPES
                | match ty.heap_type() {
                    HeapType::Concrete(_)
                    | HeapType::Exact(_)
                    | HeapType::FUNC
                    | HeapType::EXTERN => WasmFeatures::FUNCTION_REFERENCES,
                    _ => WasmFeatures::FUNCTION_REFERENCES | WasmFeatures::GC,
                }
        }
    })
}

/// What is noted of one body.
pub struct Notes {
    refs: Vec<u32>,
    /// What was noted last under some bits of it, so that most is not noted twice.
    seen: [u32; SEEN],
    /// Whether the first memory is used.
    pub first_memory: bool,
    pub features: FeatureSet,
    /// Whether the last operator is an indirect call through the first table.
    first_table: bool,
    /// Whether it has the index of a memory and is no access of the MVP.
    names_memory: bool,
}

/// How many references are remembered.
const SEEN: usize = 64;

impl Default for Notes {
    fn default() -> Notes {
        Notes {
            refs: Vec::new(),
            seen: [NOTHING; SEEN],
            first_memory: false,
            features: FeatureSet::MVP,
            first_table: false,
            names_memory: false,
        }
    }
}

/// No reference has this number.
const NOTHING: u32 = u32::MAX;

impl Notes {
    pub fn begin(&mut self) {
        self.refs.clear();
        self.seen.fill(NOTHING);
        self.first_memory = false;
        self.features = FeatureSet::MVP;
        self.first_table = false;
        self.names_memory = false;
    }

    /// Puts what was noted into a pool, each thing once.
    pub fn end(&mut self, pool: &mut Vec<u32>) {
        if self.first_memory {
            self.refs.push(Ref::Memory(0).pack());
        }
        self.refs.sort_unstable();
        self.refs.dedup();
        pool.extend_from_slice(&self.refs);
    }

    /// Notes one of them.
    pub fn add(&mut self, reference: Ref) {
        let packed = reference.pack();
        let seen = &mut self.seen[(packed ^ packed >> 26) as usize % SEEN];
        if *seen != packed {
            *seen = packed;
            self.refs.push(packed);
        }
    }

    /// Notes what the instruction of a site refers to. The most frequent ones are read here.
    pub fn site(&mut self, instruction: &[u8]) -> Result<(), wasmparser::Error> {
        let [opcode, rest @ ..] = instruction else {
            return Ok(());
        };
        let features = match (opcode, rest) {
            // `call`, `global.get`, `global.set`
            (0x10, rest) => {
                self.add(Ref::Func(index(rest)));
                return Ok(());
            }
            (0x23 | 0x24, rest) => {
                self.add(Ref::Global(index(rest)));
                return Ok(());
            }
            // Blocks with a number, locals and labels, `br_table`, constants.
            (0x02..=0x04, [0x7c..=0x7f]) | (0x20..=0x22 | 0x0c..=0x0e | 0x41 | 0x42, _) => {
                return Ok(());
            }
            (0xc0..=0xc4, []) => WasmFeatures::SIGN_EXTENSION,
            // Those in which the earlier exceptions go on have to be read after those that begin them.
            (0x07, rest) => {
                self.add(Ref::Tag(index(rest)));
                WasmFeatures::LEGACY_EXCEPTIONS
            }
            (0x18 | 0x19, _) => WasmFeatures::LEGACY_EXCEPTIONS,
            _ => return self.decoded(instruction),
        };
        self.features.insert(FeatureSet::of(features));
        Ok(())
    }

    /// Notes what any other instruction refers to.
    fn decoded(&mut self, instruction: &[u8]) -> Result<(), wasmparser::Error> {
        BinaryReader::new(instruction, 0).visit_operator(&mut Noting { notes: self })?;
        if std::mem::take(&mut self.names_memory) || is_access(instruction[0]) {
            self.features.insert(overlong(instruction));
        }
        if std::mem::take(&mut self.first_table) {
            // The table index of `call_indirect` is 0: is it one byte, as in the MVP?
            let length = instruction.len();
            if length > 2 && instruction[length - 2] & 0x80 != 0 {
                self.features
                    .insert(FeatureSet::of(WasmFeatures::CALL_INDIRECT_OVERLONG));
            }
        }
        Ok(())
    }
}

/// The index that valid bytes are.
fn index(bytes: &[u8]) -> u32 {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate() {
        value |= u32::from(byte & 0x7f) << (7 * at);
    }
    value
}

/// Notes what an operator refers to.
struct Noting<'p> {
    notes: &'p mut Notes,
}

impl Noting<'_> {
    fn add(&mut self, reference: Ref) {
        self.notes.add(reference);
    }

    fn feature(&mut self, features: WasmFeatures) {
        self.notes.features.insert(FeatureSet::of(features));
    }

    fn block(&mut self, ty: BlockType) {
        match ty {
            BlockType::Empty => {}
            BlockType::Type(ty) => self.notes.features.insert(value_type_features(ty)),
            BlockType::FuncType(index) => {
                self.feature(WasmFeatures::MULTI_VALUE);
                self.add(Ref::Type(index));
            }
        }
    }

    /// Called with a literal variant, so that everything but its own arm is compiled away.
    #[inline(always)]
    fn note(&mut self, proposal: WasmFeatures, op: &Operator<'_>) {
        match *op {
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                self.block(blockty);
            }
            Operator::TryTable { ref try_table } => {
                self.block(try_table.ty);
                for catch in &try_table.catches {
                    if let wasmparser::Catch::One { tag, .. }
                    | wasmparser::Catch::OneRef { tag, .. } = *catch
                    {
                        self.add(Ref::Tag(tag));
                    }
                }
            }
            Operator::Try { blockty } => self.block(blockty),
            Operator::Catch { tag_index } | Operator::Throw { tag_index } => {
                self.add(Ref::Tag(tag_index));
            }
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                self.add(Ref::Func(function_index));
            }
            Operator::RefFunc { function_index } => self.add(Ref::FuncRef(function_index)),
            Operator::RefNull { hty } if is_exception(hty) => {
                self.feature(WasmFeatures::EXCEPTIONS);
                return;
            }
            Operator::RefNull {
                hty: wasmparser::HeapType::Concrete(_) | wasmparser::HeapType::Exact(_),
            } => self.feature(WasmFeatures::FUNCTION_REFERENCES),
            Operator::TypedSelect { ty } => self.notes.features.insert(value_type_features(ty)),
            Operator::CallIndirect {
                type_index,
                table_index,
            }
            | Operator::ReturnCallIndirect {
                type_index,
                table_index,
            } => {
                self.add(Ref::Type(type_index));
                self.add(Ref::Table(table_index));
                if table_index == 0 {
                    self.notes.first_table = true;
                } else {
                    self.feature(WasmFeatures::REFERENCE_TYPES);
                }
            }
            Operator::GlobalGet { global_index } | Operator::GlobalSet { global_index } => {
                self.add(Ref::Global(global_index));
            }
            Operator::TableGet { table } | Operator::TableSize { table } => {
                self.add(Ref::Table(table));
            }
            Operator::TableSet { table }
            | Operator::TableGrow { table }
            | Operator::TableFill { table } => self.add(Ref::TableWrite(table)),
            Operator::TableCopy {
                dst_table,
                src_table,
            } => {
                self.add(Ref::TableWrite(dst_table));
                self.add(Ref::Table(src_table));
            }
            Operator::TableInit { elem_index, table } => {
                self.add(Ref::TableWrite(table));
                self.add(Ref::Elem(elem_index));
            }
            Operator::ElemDrop { elem_index } => self.add(Ref::Elem(elem_index)),
            Operator::MemorySize { mem } => {
                self.notes.names_memory = true;
                self.add(Ref::Memory(mem));
                self.add(Ref::MemorySize(mem));
            }
            Operator::MemoryGrow { mem } => {
                self.notes.names_memory = true;
                self.add(Ref::Memory(mem));
                self.add(Ref::MemoryGrow(mem));
            }
            Operator::MemoryCopy { dst_mem, src_mem } => {
                self.notes.names_memory = true;
                for mem in [dst_mem, src_mem] {
                    self.add(Ref::Memory(mem));
                    self.add(Ref::MemoryCopy(mem));
                }
            }
            Operator::MemoryFill { mem } => {
                self.notes.names_memory = true;
                self.add(Ref::Memory(mem));
                self.add(Ref::MemoryFill(mem));
            }
            Operator::MemoryInit { data_index, mem } => {
                self.notes.names_memory = true;
                self.add(Ref::Memory(mem));
                self.add(Ref::Data(data_index));
            }
            Operator::DataDrop { data_index } => self.add(Ref::Data(data_index)),
            _ => {}
        }
        match op {
            Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } => {
                self.feature(WasmFeatures::BULK_MEMORY_OPT);
            }
            _ if !proposal.is_empty() => self.feature(proposal),
            _ => {}
        }
    }

    /// The memory of an access. How those of the MVP are encoded is seen without being told.
    #[inline(always)]
    fn memory(&mut self, proposal: WasmFeatures, arg: wasmparser::MemArg) {
        match arg.target {
            MemArgTarget::Memory(memory) => {
                if !proposal.is_empty() {
                    self.notes.names_memory = true;
                }
                if memory == 0 {
                    self.notes.first_memory = true;
                } else {
                    self.add(Ref::Memory(memory));
                    self.feature(WasmFeatures::MULTI_MEMORY);
                }
            }
            MemArgTarget::Array(_) => self.feature(WasmFeatures::MULTIBYTE_ARRAY_ACCESS),
        }
    }
}

/// Notes the memory of an operator that has a `memarg`; every other argument is passed over.
macro_rules! note_memarg {
    ($noting:ident $proposal:ident memarg $value:ident) => {
        $noting.memory(proposal!($proposal), $value)
    };
    ($noting:ident $proposal:ident $other:ident $value:ident) => {};
}

macro_rules! define_visit {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(
            fn $visit(&mut self $($(, $arg: $argty)*)?) {
                self.note(
                    proposal!($proposal),
                    &Operator::$op $({ $($arg: $arg.clone()),* })?,
                );
                $($(note_memarg!(self $proposal $arg $arg);)*)?
            }
        )*
    };
}

macro_rules! define_visit_simd {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(
            #[allow(unused_variables)]
            fn $visit(&mut self $($(, $arg: $argty)*)?) {
                self.feature(proposal!($proposal));
                $($(note_memarg!(self $proposal $arg $arg);)*)?
            }
        )*
    };
}

#[allow(clippy::clone_on_copy)]
impl<'a> VisitOperator<'a> for Noting<'_> {
    type Output = ();

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = ()>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(define_visit);
}

impl VisitSimdOperator<'_> for Noting<'_> {
    wasmparser::for_each_visit_simd_operator!(define_visit_simd);
}

impl FrameStack for Noting<'_> {
    /// Of the operators that are read alone, none minds which.
    fn current_frame(&self) -> Option<FrameKind> {
        Some(FrameKind::Block)
    }
}
