//! The debug information of one module, and what is said of it.

use gimli::{EndianSlice, LittleEndian};

use super::address::AddressMap;
use crate::parse::module::Module;

/// A section of the input.
pub type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// Code of the output that comes from one module, and what became of it.
pub struct Guest<'g, 'a> {
    pub module: &'g Module<'a>,
    pub addresses: AddressMap,
    /// Whether its memory begins at address 0, as it did.
    pub keeps_memory: bool,
    /// Whether its locals have the indices that they had.
    pub keeps_locals: bool,
    /// The index of a global in the output.
    pub global: &'g dyn Fn(u32) -> Option<u32>,
}

/// What became of debug information.
#[derive(Clone, Debug, Default)]
pub struct DebugNotes {
    /// The units that are in the output, and the bytes of their sections.
    pub units: usize,
    pub bytes: usize,
    /// What was left out, and why.
    pub left_out: Vec<String>,
}

/// Whether a module has debug information to convert.
pub fn has_dwarf(module: &Module<'_>) -> bool {
    module.customs.iter().any(|custom| is_debug(custom.name))
}

/// Whether a custom section is about places in the code.
pub fn is_debug(section: &str) -> bool {
    section.starts_with(".debug_")
}

/// Whether a custom section of another kind would be wrong where code has moved.
pub fn is_stale(section: &str) -> bool {
    section.starts_with("metadata.code.")
        || section.starts_with("reloc.")
        || matches!(
            section,
            "sourceMappingURL" | "external_debug_info" | "build_id" | "linking"
        )
}
