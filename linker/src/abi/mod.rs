//! Component types as the canonical ABI sees them: sizes, alignments and flattening.
//!
//! Pure functions after `CanonicalABI.md`, "Alignment", "Element Size" and "Flattening". Types are
//! despecialised on the way in: tuples are records, enums, options and results are variants.

mod resolve;
mod types;

pub use resolve::{Resolver, ResourceMap};
pub use types::{
    FuncType, MAX_FLAT_ASYNC_PARAMS, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Type, discriminant_size,
    field_offsets, payload_offset,
};
