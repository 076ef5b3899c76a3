//! The libraries that p1bridge links into flat modules, as WebAssembly: code without data or a memory of its own.
//!
//! They are made for the linker of the same version, which knows what state they keep where.
#![no_std]
#![warn(missing_docs)]

/// WASI 0.2 on Preview 1.
pub const P2_ON_P1: &[u8] = include_bytes!("../prebuilt/p2-on-p1.wasm");

/// Preview 1 on Preview 1, for guests whose memory is not the host's.
pub const P1_ON_P1: &[u8] = include_bytes!("../prebuilt/p1-on-p1.wasm");

/// WSI on Preview 1.
pub const WSI_ON_P1: &[u8] = include_bytes!("../prebuilt/wsi-on-p1.wasm");

/// WASI 0.3 on Preview 1.
pub const P3_ON_P1: &[u8] = include_bytes!("../prebuilt/p3-on-p1.wasm");

/// The async canonical ABI: tasks, streams and futures.
pub const TASKS: &[u8] = include_bytes!("../prebuilt/tasks.wasm");

/// The same for programs with one task at a time.
pub const TASKS_ALONE: &[u8] = include_bytes!("../prebuilt/tasks-alone.wasm");

/// Preview 1 on WSI.
pub const P1_ON_WSI: &[u8] = include_bytes!("../prebuilt/p1-on-wsi.wasm");

/// Preview 1 on WASI 0.2, for core modules that become components.
pub const P1_ON_P2: &[u8] = include_bytes!("../prebuilt/p1-on-p2.wasm");

/// Preview 1 on WASI 0.3, for core modules that become components.
pub const P1_ON_P3: &[u8] = include_bytes!("../prebuilt/p1-on-p3.wasm");
