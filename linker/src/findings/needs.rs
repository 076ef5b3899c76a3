//! What is to be lowered in a module for a target.

use wasmparser::WasmFeatures;

use super::allocator;
use super::survey::Survey;
use super::wrapper::{Wrapper, called};
use crate::features::FeatureSet;
use crate::parse::module::Module;
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
    /// Exceptions, before everything else.
    pub exceptions: bool,
    /// Vectors, before what is left.
    pub simd: bool,
    /// Relaxed instructions on vectors, where others stay.
    pub relaxed: bool,
    /// Atomic instructions, on a memory that is not shared.
    pub atomics: bool,
    /// References as values, and tables that are written.
    pub references: bool,
    /// `select` with a type.
    pub typed_select: bool,
    /// Several tables that nobody writes become one.
    pub joined: bool,
    /// Element segments that are not active: nothing that is left reads them.
    pub elements: bool,
    /// Several memories.
    pub memories: bool,
    /// An arena of the linker's own lies above the memory.
    pub arena: bool,
    /// The host gets it.
    pub host_arena: bool,
    /// Whether the module grows a table: nothing to be lowered by itself.
    pub table_grow: bool,
}

impl Needs {
    /// What is to be lowered in `module` for `profile`; `arena` says whether it exports one.
    pub fn of(module: &Module<'_>, profile: &Profile, survey: &Survey, arena: bool) -> Needs {
        let lacks = |feature: WasmFeatures| !profile.has(feature);
        let tables = module.imported_tables.len() + module.tables.len();
        let most = match lacks(WasmFeatures::REFERENCE_TYPES) {
            true => Some(1),
            false => profile.limits.tables,
        };
        let several = most.is_some_and(|most| tables > most);
        let references = survey.references && lacks(WasmFeatures::REFERENCE_TYPES)
            || survey.table_bulk && lacks(WasmFeatures::BULK_MEMORY)
            || survey.table_access && several;
        let called = called(module);
        let imports = |name: &str| called.contains(&name);
        let memories = module.memories.len() + module.imported_memories.len();
        // A memory that is imported has no room for an arena, which only wrappers cannot do without. One
        // is made where tables become numbers and there is none.
        let own_memory = !module.memories.is_empty() || references && memories == 0;
        let host_arena = !arena && own_memory && allocator::lacks(module, profile);
        let arena = host_arena || !arena && memories > 0 && profile.wants_scratch(imports);
        let wrapped = called
            .iter()
            .any(|name| Wrapper::of(name, profile.quirks).is_some());
        let uses = |feature| module.features.contains(FeatureSet::of(feature));
        let multi_value = lacks(WasmFeatures::MULTI_VALUE) && uses(WasmFeatures::MULTI_VALUE);
        let tail_call = lacks(WasmFeatures::TAIL_CALL) && uses(WasmFeatures::TAIL_CALL);
        // Blocks that catch are not nested anew: they go where others are.
        let vectors = uses(WasmFeatures::SIMD) || uses(WasmFeatures::RELAXED_SIMD);
        let simd = lacks(WasmFeatures::SIMD) && vectors;
        let relaxed =
            !simd && lacks(WasmFeatures::RELAXED_SIMD) && uses(WasmFeatures::RELAXED_SIMD);
        let anew = references || multi_value || tail_call || simd;
        let legacy = uses(WasmFeatures::LEGACY_EXCEPTIONS);
        // Tags and `throw` are of both proposals.
        let newer = uses(WasmFeatures::EXCEPTIONS) && (!legacy || survey.new_exceptions);
        let exceptions = legacy && (anew || lacks(WasmFeatures::LEGACY_EXCEPTIONS))
            || newer && (anew || lacks(WasmFeatures::EXCEPTIONS));
        // What is the linker's own lies above all of them, and wrappers know only the first.
        let joins =
            memories > 1 && (lacks(WasmFeatures::MULTI_MEMORY) || arena || references || wrapped);
        // They cannot be checked as they are.
        let atomics = survey.atomic.is_some() && (joins || lacks(WasmFeatures::THREADS));
        Needs {
            sign_ext: lacks(WasmFeatures::SIGN_EXTENSION),
            sat_float: lacks(WasmFeatures::SATURATING_FLOAT_TO_INT),
            memory_copy: lacks(WasmFeatures::BULK_MEMORY_OPT),
            segments: lacks(WasmFeatures::BULK_MEMORY),
            multi_value,
            tail_call,
            exceptions,
            simd,
            relaxed,
            atomics,
            references,
            typed_select: references || lacks(WasmFeatures::REFERENCE_TYPES),
            joined: several && !references,
            elements: lacks(WasmFeatures::REFERENCE_TYPES) || lacks(WasmFeatures::BULK_MEMORY),
            memories: joins,
            arena,
            host_arena,
            table_grow: survey.table_grow,
        }
    }

    /// Whether the nesting of blocks has to be followed.
    pub fn structure(self) -> bool {
        self.multi_value || self.tail_call
    }

    /// Whether something of the linker's own lies above the memory.
    pub fn room(self) -> bool {
        self.arena || self.references
    }
}
