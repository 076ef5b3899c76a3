//! A start function where none is taken: every exported function sees to it instead.

use anyhow::{Result, anyhow};
use wasm_encoder::{BlockType, Function};

use super::helper::Helper;
use super::lowering::Lowering;

/// `(func)`: runs the start function unless it has run.
pub fn start(ctx: &mut Lowering<'_, '_, '_>) -> Result<Function> {
    let start = ctx
        .module
        .start
        .ok_or_else(|| anyhow!("there is no start function"))?;
    let start = ctx.funcs[start as usize];
    let done = ctx.started_global();
    let mut body = Function::new([]);
    body.instructions()
        .global_get(done)
        .i32_eqz()
        .if_(BlockType::Empty)
        .i32_const(1)
        .global_set(done)
        .call(start)
        .end()
        .end();
    Ok(body)
}

/// Like the function `func` of the input, after the start function.
pub fn started(ctx: &mut Lowering<'_, '_, '_>, func: u32) -> Function {
    let start = ctx.helper(Helper::Start);
    let params = ctx.module.func_type(func).params().len() as u32;
    let mut body = Function::new([]);
    let mut code = body.instructions();
    code.call(start);
    for param in 0..params {
        code.local_get(param);
    }
    code.call(ctx.funcs[func as usize]).end();
    body
}
