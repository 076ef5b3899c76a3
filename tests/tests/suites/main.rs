//! The suites that need no harness or allocator of their own, in one binary: an engine is linked
//! once. `cargo test --release -p p1bridge-tests --test suites -- lower::` runs one of them.

mod accesses;
mod adapter_sizes;
mod beyond_preview1;
mod boundary;
mod checked;
mod cost;
mod custom_import;
mod debug;
mod exceptions;
mod exported_resource;
mod fixed_memory;
mod guest;
mod host_boundary;
mod host_resources;
mod http;
mod kept_adapter;
mod lower;
mod output;
mod pass_through;
mod preview1_beside;
mod probe;
mod profiles;
mod quirks;
mod random_config;
mod random_modules;
mod random_pairs;
mod realloc;
mod references;
mod run_away;
mod several_memories;
mod sockets;
mod unadapt;
mod wasi_checks;
mod wasi_types;
mod wast;
