//! Validates function bodies and, in the same pass, notes what each one refers to.
//!
//! Bodies are independent of each other once the rest of the file has been validated, so they
//! are shared out over the cores of the machine.

use std::sync::atomic::{AtomicUsize, Ordering};

use wasmparser::{
    BlockType, FrameKind, FrameStack, FuncToValidate, FuncValidatorAllocations, FunctionBody,
    HeapType, MemArgTarget, Operator, ValidatorResources, VisitOperator, VisitSimdOperator,
    WasmFeatures,
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
        kind << 28 | index
    }

    fn unpack(packed: u32) -> Ref {
        let index = packed & ((1 << 28) - 1);
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

/// What the bodies of one module refer to: a range of a pool for each function.
#[derive(Debug, Default)]
pub struct Refs {
    pool: Vec<u32>,
    /// For each defined function, the range of `pool`.
    ranges: Vec<(u32, u32)>,
    /// For each defined function, what it uses beyond the MVP.
    features: Vec<FeatureSet>,
}

impl Refs {
    /// What the `defined`th function of the code section refers to, each thing once.
    pub fn of(&self, defined: usize) -> impl Iterator<Item = Ref> + '_ {
        let (start, end) = self.ranges[defined];
        self.pool[start as usize..end as usize]
            .iter()
            .map(|&packed| Ref::unpack(packed))
    }

    /// The proposals that the `defined`th function of the code section uses.
    pub fn features(&self, defined: usize) -> FeatureSet {
        self.features[defined]
    }
}

/// A function body that is still to be validated.
pub struct Job<'a> {
    /// The module, by its place in the list of modules.
    pub module: usize,
    /// The function, by its place in the code section.
    pub defined: usize,
    pub func: FuncToValidate<ValidatorResources>,
    pub body: FunctionBody<'a>,
}

struct Done {
    module: usize,
    defined: usize,
    start: usize,
    end: usize,
    features: FeatureSet,
}

#[derive(Default)]
struct Worker {
    pool: Vec<u32>,
    done: Vec<Done>,
}

/// Validates the bodies and collects what they refer to and which features they use.
///
/// `modules` has the number of defined functions for each module; the results are per module, in
/// the same order. The error is that of the first invalid body in the file.
pub fn scan(
    jobs: Vec<Job<'_>>,
    modules: &[usize],
) -> Result<Vec<(Refs, FeatureSet)>, wasmparser::Error> {
    const CHUNK: usize = 64;
    let total: u64 = jobs
        .iter()
        .map(|job| job.body.as_bytes().len() as u64)
        .sum();
    let threads = if total < 128 * 1024 {
        1
    } else {
        std::thread::available_parallelism().map_or(1, |n| n.get().min(8))
    };

    let slots = jobs.len();
    let chunks: Vec<std::sync::Mutex<Vec<Job<'_>>>> = {
        let mut chunks = Vec::with_capacity(slots.div_ceil(CHUNK));
        let mut jobs = jobs.into_iter();
        loop {
            let chunk: Vec<Job<'_>> = jobs.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                break chunks;
            }
            chunks.push(std::sync::Mutex::new(chunk));
        }
    };
    let next = AtomicUsize::new(0);
    let work = || -> Result<Worker, wasmparser::Error> {
        let mut worker = Worker::default();
        let mut allocations = FuncValidatorAllocations::default();
        while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let chunk = std::mem::take(&mut *chunk.lock().expect("no worker panics"));
            for job in chunk {
                allocations = worker.run(job, allocations)?;
            }
        }
        Ok(worker)
    };
    let results: Vec<Result<Worker, wasmparser::Error>> = if threads == 1 {
        vec![work()]
    } else {
        std::thread::scope(|scope| {
            let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            handles
                .into_iter()
                .map(|handle| handle.join().expect("no worker panics"))
                .collect()
        })
    };

    let mut workers = Vec::with_capacity(results.len());
    let mut first_error: Option<wasmparser::Error> = None;
    for result in results {
        match result {
            Ok(worker) => workers.push(worker),
            Err(error) => {
                if first_error
                    .as_ref()
                    .is_none_or(|first| error.offset() < first.offset())
                {
                    first_error = Some(error);
                }
            }
        }
    }
    if let Some(error) = first_error {
        return Err(error);
    }

    let mut out: Vec<(Refs, FeatureSet)> = modules
        .iter()
        .map(|&functions| {
            let refs = Refs {
                pool: Vec::new(),
                ranges: vec![(0, 0); functions],
                features: vec![FeatureSet::MVP; functions],
            };
            (refs, FeatureSet::MVP)
        })
        .collect();
    for worker in workers {
        for done in worker.done {
            let (refs, all) = &mut out[done.module];
            all.insert(done.features);
            refs.features[done.defined] = done.features;
            let start = refs.pool.len() as u32;
            refs.pool
                .extend_from_slice(&worker.pool[done.start..done.end]);
            refs.ranges[done.defined] = (start, refs.pool.len() as u32);
        }
    }
    Ok(out)
}

impl Worker {
    fn run(
        &mut self,
        job: Job<'_>,
        allocations: FuncValidatorAllocations,
    ) -> Result<FuncValidatorAllocations, wasmparser::Error> {
        let start = self.pool.len();
        let mut features = FeatureSet::MVP;
        let mut validator = job.func.into_validator(allocations);
        let mut reader = job.body.get_binary_reader();
        for locals in job.body.get_locals_reader()? {
            let (_, ty) = locals?;
            features.insert(value_type_features(ty));
        }
        validator.read_locals(&mut reader)?;
        reader.set_features(*validator.features());
        while !reader.eof() {
            let before = reader.current_position();
            let mut overlong_candidate = false;
            let mut names_memory = false;
            let offset = reader.original_position();
            reader.visit_operator(&mut Noting {
                validator: validator.visitor(offset),
                refs: &mut self.pool,
                features: &mut features,
                overlong_candidate: &mut overlong_candidate,
                names_memory: &mut names_memory,
            })??;
            if names_memory {
                let end = reader.current_position();
                features.insert(overlong(&job.body.as_bytes()[before..end]));
            }
            if overlong_candidate {
                // The table index of `call_indirect` is 0: is it one byte, as in the MVP?
                let end = reader.current_position();
                let bytes = job.body.as_bytes();
                if end - before > 2 && bytes[end - 2] & 0x80 != 0 {
                    features.insert(FeatureSet::of(WasmFeatures::CALL_INDIRECT_OVERLONG));
                }
            }
        }
        reader.finish_expression(&validator.visitor(reader.original_position()))?;
        let mut unique = self.pool.split_off(start);
        unique.sort_unstable();
        unique.dedup();
        self.pool.append(&mut unique);
        self.done.push(Done {
            module: job.module,
            defined: job.defined,
            start,
            end: self.pool.len(),
            features,
        });
        Ok(validator.into_allocations())
    }
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

/// Passes every operator on to the validator after noting what it refers to.
struct Noting<'p, V> {
    validator: V,
    refs: &'p mut Vec<u32>,
    features: &'p mut FeatureSet,
    overlong_candidate: &'p mut bool,
    /// Whether the operator has the index of the first memory.
    names_memory: &'p mut bool,
}

impl<V> Noting<'_, V> {
    fn add(&mut self, reference: Ref) {
        self.refs.push(reference.pack());
    }

    fn feature(&mut self, features: WasmFeatures) {
        self.features.insert(FeatureSet::of(features));
    }

    fn block(&mut self, ty: BlockType) {
        match ty {
            BlockType::Empty => {}
            BlockType::Type(ty) => self.features.insert(value_type_features(ty)),
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
            Operator::TypedSelect { ty } => self.features.insert(value_type_features(ty)),
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
                    *self.overlong_candidate = true;
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
                *self.names_memory = true;
                self.add(Ref::Memory(mem));
                self.add(Ref::MemorySize(mem));
            }
            Operator::MemoryGrow { mem } => {
                *self.names_memory = true;
                self.add(Ref::Memory(mem));
                self.add(Ref::MemoryGrow(mem));
            }
            Operator::MemoryCopy { dst_mem, src_mem } => {
                *self.names_memory = true;
                for mem in [dst_mem, src_mem] {
                    self.add(Ref::Memory(mem));
                    self.add(Ref::MemoryCopy(mem));
                }
            }
            Operator::MemoryFill { mem } => {
                *self.names_memory = true;
                self.add(Ref::Memory(mem));
                self.add(Ref::MemoryFill(mem));
            }
            Operator::MemoryInit { data_index, mem } => {
                *self.names_memory = true;
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

    fn memory(&mut self, arg: wasmparser::MemArg) {
        match arg.target {
            MemArgTarget::Memory(memory) => {
                *self.names_memory = true;
                self.add(Ref::Memory(memory));
                if memory != 0 {
                    self.feature(WasmFeatures::MULTI_MEMORY);
                }
            }
            MemArgTarget::Array(_) => self.feature(WasmFeatures::MULTIBYTE_ARRAY_ACCESS),
        }
    }
}

/// Notes the memory of an operator that has a `memarg`; every other argument is passed over.
macro_rules! note_memarg {
    ($noting:ident memarg $value:ident) => {
        $noting.memory($value)
    };
    ($noting:ident $other:ident $value:ident) => {};
}

macro_rules! define_visit {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(
            #[inline]
            fn $visit(&mut self $($(, $arg: $argty)*)?) -> Self::Output {
                self.note(
                    proposal!($proposal),
                    &Operator::$op $({ $($arg: $arg.clone()),* })?,
                );
                $($(note_memarg!(self $arg $arg);)*)?
                self.validator.$visit($($($arg),*)?)
            }
        )*
    };
}

macro_rules! define_visit_simd {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(
            fn $visit(&mut self $($(, $arg: $argty)*)?) -> Self::Output {
                self.feature(proposal!($proposal));
                $($(note_memarg!(self $arg $arg);)*)?
                self.validator
                    .simd_visitor()
                    .expect("the validator visits SIMD")
                    .$visit($($($arg),*)?)
            }
        )*
    };
}

type Validity = Result<(), wasmparser::Error>;

#[allow(clippy::clone_on_copy)]
impl<'a, V: VisitOperator<'a, Output = Validity>> VisitOperator<'a> for Noting<'_, V> {
    type Output = Validity;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Validity>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(define_visit);
}

impl<'a, V: VisitOperator<'a, Output = Validity>> VisitSimdOperator<'a> for Noting<'_, V> {
    wasmparser::for_each_visit_simd_operator!(define_visit_simd);
}

impl<V: FrameStack> FrameStack for Noting<'_, V> {
    fn current_frame(&self) -> Option<FrameKind> {
        self.validator.current_frame()
    }
}
