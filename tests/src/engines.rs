//! The engines, one file each.

pub mod hosts;
mod node;
pub mod process;
pub mod wamr;
mod wasm3;
mod wasmi;
pub mod wasmtime;

use std::sync::{Arc, OnceLock};

pub use self::node::Node;
pub use self::wamr::Wamr;
pub use self::wasm3::Wasm3;
pub use self::wasmi::Wasmi;
pub use self::wasmtime::Wasmtime;

use crate::Engine;

/// Every engine that the suites know, present on this machine or not.
pub fn all() -> Vec<Arc<dyn Engine>> {
    let mut engines: Vec<Arc<dyn Engine>> = vec![
        oracle(),
        Arc::new(Wasmi),
        Arc::new(Wamr),
        Arc::new(Node::new()),
    ];
    engines.extend(hosts::named());
    engines
}

/// What `P1BRIDGE_REQUIRE_ENGINES` may name although it runs no modules: the suite `firmware` runs images on `qemu`, `npm` needs the
/// program of that name, and `cmake`, `clang`, `rust` (for WebAssembly) and `wasm-component-ld` build what others run.
const BESIDE: [&str; 6] = ["qemu", "npm", "cmake", "clang", "rust", "wasm-component-ld"];

/// Those that are present, and wasm3, which is only asked what it loads.
pub fn loaders() -> Vec<Arc<dyn Engine>> {
    let mut engines = available();
    match Wasm3.available() {
        Ok(()) => engines.push(Arc::new(Wasm3)),
        Err(why) => eprintln!("skipped: wasm3 is not available: {why}"),
    }
    engines
}

/// wasmtime, which says what is right. There is one, so that every file is compiled once.
pub fn oracle() -> Arc<dyn Engine> {
    static ORACLE: OnceLock<Arc<Wasmtime>> = OnceLock::new();
    ORACLE.get_or_init(Arc::default).clone()
}

/// Whether `asked`, given by a person, means `engine`: its name, or the first word of it.
pub fn is_called(engine: &dyn Engine, asked: &str) -> bool {
    engine.name() == asked || engine.name().split('-').next() == Some(asked)
}

/// The engines that are present. The others are named on stderr, each with its reason.
///
/// # Panics
///
/// When one is missing that `P1BRIDGE_REQUIRE_ENGINES` lists, names separated by commas, or when
/// there is no engine of such a name.
pub fn available() -> Vec<Arc<dyn Engine>> {
    let required = std::env::var("P1BRIDGE_REQUIRE_ENGINES").unwrap_or_default();
    let required: Vec<_> = required
        .split(',')
        .map(str::trim)
        .filter(|n| !n.is_empty())
        .collect();
    let mut all = all();
    for name in &required {
        assert!(
            BESIDE.contains(name) || all.iter().any(|engine| is_called(&**engine, name)),
            "P1BRIDGE_REQUIRE_ENGINES names `{name}`, which is no engine"
        );
    }
    all.retain(|engine| match engine.available() {
        Ok(()) => true,
        Err(why) => {
            assert!(
                !required.iter().any(|name| is_called(&**engine, name)),
                "the engine {} is required but not available: {why}",
                engine.name()
            );
            eprintln!("skipped: {} is not available: {why}", engine.name());
            false
        }
    });
    all
}
