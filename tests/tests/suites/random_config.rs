//! What random modules are made of, before a suite allows more.

use wasm_smith::Config;

/// Modules of the MVP with a memory and a table, whose functions are all exported.
pub fn mvp() -> Config {
    Config {
        export_everything: true,
        max_imports: 0,
        min_funcs: 3,
        max_memories: 1,
        min_memories: 1,
        max_tables: 1,
        max_memory32_bytes: 4 << 16,
        memory_max_size_required: true,
        max_instructions: 200,
        bulk_memory_enabled: false,
        reference_types_enabled: false,
        multi_value_enabled: false,
        saturating_float_to_int_enabled: false,
        sign_extension_ops_enabled: false,
        simd_enabled: false,
        relaxed_simd_enabled: false,
        threads_enabled: false,
        shared_everything_threads_enabled: false,
        memory64_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        tail_call_enabled: false,
        extended_const_enabled: false,
        wide_arithmetic_enabled: false,
        custom_page_sizes_enabled: false,
        compact_imports_enabled: false,
        custom_descriptors_enabled: false,
        allow_start_export: true,
        ..Config::default()
    }
}
