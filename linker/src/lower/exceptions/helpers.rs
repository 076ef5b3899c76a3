//! The functions that are added.

use wasm_encoder::{BlockType, Function};

use super::layout::{Helper, Layout};

impl Helper {
    /// For the name section.
    pub fn name(self, layout: &Layout<'_, '_>) -> String {
        match self {
            Helper::Take => "p1bridge:exception caught".to_string(),
            Helper::Raise => "p1bridge:exception thrown".to_string(),
            Helper::Border(func) => match layout.module.function_name(func) {
                Some(name) => format!("p1bridge:uncaught {name}"),
                None => format!("p1bridge:uncaught {func}"),
            },
        }
    }

    pub fn function(self, layout: &Layout<'_, '_>) -> Function {
        match self {
            Helper::Take => take(layout),
            Helper::Raise => raise(layout),
            Helper::Border(func) => border(layout, func),
        }
    }
}

/// `(func (result reference))`: a reference to the exception on its way, which is caught by that.
fn take(layout: &Layout<'_, '_>) -> Function {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    code.global_get(layout.pending);
    if layout.narrow {
        code.i64_extend_i32_u().i64_const(32).i64_shl();
        if !layout.payload.is_empty() {
            code.global_get(layout.pending + 1)
                .i64_extend_i32_u()
                .i64_or();
        }
    } else {
        for place in 0..layout.payload.len() as u32 {
            code.global_get(layout.pending + 1 + place);
        }
    }
    code.i32_const(0).global_set(layout.pending).end();
    body
}

/// `(func (param reference))`: the exception is on its way. Traps for null.
fn raise(layout: &Layout<'_, '_>) -> Function {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    code.local_get(0);
    match layout.narrow {
        true => code.i64_eqz(),
        false => code.i32_eqz(),
    };
    code.if_(BlockType::Empty).unreachable().end();
    if layout.narrow {
        if !layout.payload.is_empty() {
            code.local_get(0)
                .i32_wrap_i64()
                .global_set(layout.pending + 1);
        }
        code.local_get(0).i64_const(32).i64_shr_u().i32_wrap_i64();
    } else {
        for place in 0..layout.payload.len() as u32 {
            code.local_get(1 + place)
                .global_set(layout.pending + 1 + place);
        }
        code.local_get(0);
    }
    code.global_set(layout.pending).end();
    body
}

/// Like the function `func` for the host, which knows no exceptions: one that comes out of it traps, as
/// one that nobody catches does. After that nothing is on its way any more, for the next call.
fn border(layout: &Layout<'_, '_>, func: u32) -> Function {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    if layout.open_table {
        // What the host has called through the table may have left one.
        code.i32_const(0).global_set(layout.pending);
    }
    for param in 0..layout.module.func_type(func).params().len() as u32 {
        code.local_get(param);
    }
    code.call(func)
        .global_get(layout.pending)
        .if_(BlockType::Empty)
        .i32_const(0)
        .global_set(layout.pending)
        .unreachable()
        .end()
        .end();
    body
}
