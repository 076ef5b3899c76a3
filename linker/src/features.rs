//! Which proposals a file uses, and their names.

use std::fmt;

use wasmparser::{AbstractHeapType, BlockType, HeapType, Operator, WasmFeatures};

/// The proposal that an operator group of `wasmparser::for_each_operator!` belongs to.
macro_rules! proposal {
    (mvp) => {
        wasmparser::WasmFeatures::empty()
    };
    (sign_extension) => {
        wasmparser::WasmFeatures::SIGN_EXTENSION
    };
    (saturating_float_to_int) => {
        wasmparser::WasmFeatures::SATURATING_FLOAT_TO_INT
    };
    (bulk_memory) => {
        wasmparser::WasmFeatures::BULK_MEMORY
    };
    (reference_types) => {
        wasmparser::WasmFeatures::REFERENCE_TYPES
    };
    (tail_call) => {
        wasmparser::WasmFeatures::TAIL_CALL
    };
    (simd) => {
        wasmparser::WasmFeatures::SIMD
    };
    (relaxed_simd) => {
        wasmparser::WasmFeatures::RELAXED_SIMD
    };
    (threads) => {
        wasmparser::WasmFeatures::THREADS
    };
    (exceptions) => {
        wasmparser::WasmFeatures::EXCEPTIONS
    };
    (legacy_exceptions) => {
        wasmparser::WasmFeatures::LEGACY_EXCEPTIONS
    };
    (function_references) => {
        wasmparser::WasmFeatures::FUNCTION_REFERENCES
    };
    (gc) => {
        wasmparser::WasmFeatures::GC
    };
    (stack_switching) => {
        wasmparser::WasmFeatures::STACK_SWITCHING
    };
    (wide_arithmetic) => {
        wasmparser::WasmFeatures::WIDE_ARITHMETIC
    };
    (memory_control) => {
        wasmparser::WasmFeatures::MEMORY_CONTROL
    };
    (custom_descriptors) => {
        wasmparser::WasmFeatures::CUSTOM_DESCRIPTORS
    };
    (shared_everything_threads) => {
        wasmparser::WasmFeatures::SHARED_EVERYTHING_THREADS
    };
    (acquire_release_atomics) => {
        wasmparser::WasmFeatures::ACQUIRE_RELEASE_ATOMICS
    };
}
pub(crate) use proposal;

/// A set of WebAssembly proposals beyond the MVP.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FeatureSet(WasmFeatures);

impl Default for FeatureSet {
    fn default() -> FeatureSet {
        FeatureSet::MVP
    }
}

/// Names as they are used by compilers (`-m…`, `-C target-feature=…`) where they have one.
///
/// A feature that includes another comes first, so that the smaller one is only named on its own.
const NAMES: &[(WasmFeatures, &str)] = &[
    (WasmFeatures::MUTABLE_GLOBAL, "mutable-globals"),
    (WasmFeatures::SATURATING_FLOAT_TO_INT, "nontrapping-fptoint"),
    (WasmFeatures::SIGN_EXTENSION, "sign-ext"),
    (WasmFeatures::REFERENCE_TYPES, "reference-types"),
    (
        WasmFeatures::CALL_INDIRECT_OVERLONG,
        "call-indirect-overlong",
    ),
    (WasmFeatures::MULTI_VALUE, "multivalue"),
    (WasmFeatures::BULK_MEMORY, "bulk-memory"),
    (WasmFeatures::BULK_MEMORY_OPT, "bulk-memory-opt"),
    (WasmFeatures::SIMD, "simd128"),
    (WasmFeatures::RELAXED_SIMD, "relaxed-simd"),
    (WasmFeatures::THREADS, "threads"),
    (
        WasmFeatures::SHARED_EVERYTHING_THREADS,
        "shared-everything-threads",
    ),
    (WasmFeatures::TAIL_CALL, "tail-call"),
    (WasmFeatures::MULTI_MEMORY, "multi-memory"),
    (WasmFeatures::EXCEPTIONS, "exception-handling"),
    (WasmFeatures::LEGACY_EXCEPTIONS, "legacy-exception-handling"),
    (WasmFeatures::MEMORY64, "memory64"),
    (WasmFeatures::EXTENDED_CONST, "extended-const"),
    (WasmFeatures::FUNCTION_REFERENCES, "function-references"),
    (WasmFeatures::GC, "gc"),
    (WasmFeatures::STACK_SWITCHING, "stack-switching"),
    (WasmFeatures::WIDE_ARITHMETIC, "wide-arithmetic"),
    (WasmFeatures::CUSTOM_PAGE_SIZES, "custom-page-sizes"),
    (WasmFeatures::MEMORY_CONTROL, "memory-control"),
    (WasmFeatures::CUSTOM_DESCRIPTORS, "custom-descriptors"),
    (
        WasmFeatures::ACQUIRE_RELEASE_ATOMICS,
        "acquire-release-atomics",
    ),
    (WasmFeatures::COMPACT_IMPORTS, "compact-imports"),
];

impl FeatureSet {
    /// Nothing beyond the first version of WebAssembly.
    pub const MVP: FeatureSet = FeatureSet(WasmFeatures::empty());

    /// The set of one flag of `wasmparser`.
    pub const fn of(features: WasmFeatures) -> FeatureSet {
        FeatureSet(features)
    }

    /// Adds everything in `other`.
    pub fn insert(&mut self, other: FeatureSet) {
        self.0 |= other.0;
    }

    /// Whether all of `other` is in this set.
    pub fn contains(self, other: FeatureSet) -> bool {
        self.0.contains(other.0)
    }

    /// Whether anything of `other` is in this set.
    pub fn has_any(self, other: FeatureSet) -> bool {
        self.0.intersects(other.0)
    }

    /// What is in this set and not in `other`. A proposal of which `other` has only a part that was
    /// split off stays whole: without the part its flag would mean nothing.
    pub fn without(self, other: FeatureSet) -> FeatureSet {
        let mut left = self.0.difference(other.0);
        for whole in [WasmFeatures::REFERENCE_TYPES, WasmFeatures::BULK_MEMORY] {
            if self.0.contains(whole) && !other.0.contains(whole) {
                left |= whole;
            }
        }
        FeatureSet(left)
    }

    /// What is in this set and not in `other`, flag by flag.
    pub fn without_any(self, other: FeatureSet) -> FeatureSet {
        FeatureSet(self.0.difference(other.0))
    }

    /// What is in both sets.
    pub fn intersection(self, other: FeatureSet) -> FeatureSet {
        FeatureSet(self.0.intersection(other.0))
    }

    /// Whether nothing beyond the MVP is in this set.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The flags for a validator that accepts this set and the MVP, and nothing else.
    pub fn validator_flags(self) -> WasmFeatures {
        let mut flags = WasmFeatures::MVP | self.0;
        // Tags and `throw` are of both proposals, and it asks for the later one.
        if flags.contains(WasmFeatures::LEGACY_EXCEPTIONS) {
            flags |= WasmFeatures::EXCEPTIONS;
        }
        // It takes the references of exceptions for those of the other proposal as well.
        if flags.contains(WasmFeatures::EXCEPTIONS) {
            flags |= WasmFeatures::REFERENCE_TYPES;
        }
        flags
    }

    /// The set of one name, as [`FeatureSet::names`] gives it.
    pub fn named(name: &str) -> Option<FeatureSet> {
        let (flag, _) = NAMES.iter().find(|(_, known)| *known == name)?;
        Some(FeatureSet(*flag))
    }

    /// The names that [`FeatureSet::named`] knows.
    pub fn all_names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(_, name)| *name)
    }

    /// The names of the proposals, in a fixed order.
    pub fn names(self) -> Vec<&'static str> {
        let mut left = self.0;
        let mut names = Vec::new();
        for &(flag, name) in NAMES {
            if left.contains(flag) {
                left = left.difference(flag);
                names.push(name);
            }
        }
        names
    }
}

impl fmt::Debug for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// The proposals that an instruction needs, apart from the types and index spaces it names.
pub fn of_operator(op: &Operator<'_>) -> FeatureSet {
    FeatureSet(match op {
        Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } => WasmFeatures::BULK_MEMORY_OPT,
        Operator::RefNull { hty } if is_exception(*hty) => WasmFeatures::EXCEPTIONS,
        Operator::CallIndirect { table_index, .. } if *table_index != 0 => {
            WasmFeatures::REFERENCE_TYPES
        }
        Operator::Block {
            blockty: BlockType::FuncType(_),
        }
        | Operator::Loop {
            blockty: BlockType::FuncType(_),
        }
        | Operator::If {
            blockty: BlockType::FuncType(_),
        } => WasmFeatures::MULTI_VALUE,
        _ => of_group(op),
    })
}

/// Whether references to this are those of exceptions, which need no other proposal.
pub fn is_exception(ty: HeapType) -> bool {
    matches!(
        ty,
        HeapType::Abstract {
            ty: AbstractHeapType::Exn | AbstractHeapType::NoExn,
            ..
        }
    )
}

/// Whether an instruction throws or catches, in either form of exceptions.
pub fn throws_or_catches(op: &Operator<'_>) -> bool {
    matches!(
        op,
        Operator::Try { .. }
            | Operator::TryTable { .. }
            | Operator::Catch { .. }
            | Operator::CatchAll
            | Operator::Delegate { .. }
            | Operator::Rethrow { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef
    )
}

/// The proposal of the group that `wasmparser` has an operator in.
fn of_group(op: &Operator<'_>) -> WasmFeatures {
    macro_rules! define {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match op {
                $(Operator::$op { .. } => proposal!($proposal),)*
                _ => WasmFeatures::empty(),
            }
        };
    }
    wasmparser::for_each_operator!(define)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_stays_whole_when_a_part_of_it_is_taken_away() {
        let all = FeatureSet::of(WasmFeatures::REFERENCE_TYPES | WasmFeatures::SIMD);
        let left = all.without(FeatureSet::of(WasmFeatures::CALL_INDIRECT_OVERLONG));
        assert_eq!(left.names(), ["reference-types", "simd128"]);
        let left = left.without(FeatureSet::of(WasmFeatures::REFERENCE_TYPES));
        assert_eq!(left.names(), ["simd128"]);
    }

    #[test]
    fn a_part_alone_can_be_taken_away() {
        let part = FeatureSet::of(WasmFeatures::BULK_MEMORY_OPT);
        assert!(part.without(part).is_empty());
    }
}
