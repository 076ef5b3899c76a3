//! The adapter of a command that imports no WASI: `wasi:cli/run` is its `_start`, and that is all.
//!
//! The full adapter would do too, but its messages for failed assertions make the component import
//! `wasi:cli/stderr`, which such a program has no need of.

use anyhow::{Context, Result};
use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    Module, TypeSection, ValType,
};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Hosts look for any 0.2; the first one is understood by all of them.
const WIT: &str = "
    package wasi:cli@0.2.0;
    interface run { run: func() -> result; }
    world start { export run; }
";

/// The name that the adapter has in the component. No module imports from it.
pub const NAME: &str = "start";

/// Makes the adapter.
pub fn adapter() -> Result<Vec<u8>> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function([], [ValType::I32]);
    let mut imports = ImportSection::new();
    imports.import("__main_module__", "_start", EntityType::Function(0));
    let mut functions = FunctionSection::new();
    functions.function(1);
    let mut exports = ExportSection::new();
    exports.export("wasi:cli/run@0.2.0#run", ExportKind::Func, 1);
    let mut run = Function::new([]);
    // A program that returns has succeeded: 0 is `ok`.
    run.instructions().call(0).i32_const(0).end();
    let mut code = CodeSection::new();
    code.function(&run);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&exports)
        .section(&code);
    let mut wasm = module.finish();

    let mut resolve = Resolve::default();
    let package = resolve.push_str("start.wit", WIT)?;
    let world = resolve.select_world(&[package], None)?;
    embed_component_metadata(&mut wasm, &resolve, world, StringEncoding::UTF8, false)
        .context("cannot encode the world of commands")?;
    Ok(wasm)
}
