//! What wasmi 2.0.0 does wrong, written in another way before it sees the module.
//!
//! Where a `select` looks at whether a local is zero, its translator drops the comparison, and lets the `select` look at the register
//! instead of the local (`try_fuse_select`, for `I32Eq_Rsi` and `I32NotEq_Rsi`). Comparisons of other kinds are not dropped.

use std::borrow::Cow;
use std::ops::Range;

use wasm_encoder::{CodeSection, Module, RawSection};
use wasmparser::{BinaryReaderError, FunctionBody, Operator, Parser, Payload};

/// `i32.const 1`, `i32.lt_u`: what `i32.eqz` gives.
const IS_ZERO: &[u8] = &[0x41, 1, 0x49];
/// `i32.sub` and that: what `i32.eq` gives.
const IS_EQUAL: &[u8] = &[0x6b, 0x41, 1, 0x49];
/// `i32.sub`, `i32.const 0`, `i32.gt_u`: what `i32.ne` gives.
const IS_OTHER: &[u8] = &[0x6b, 0x41, 0, 0x4b];

/// The same module without comparisons of integers with zero right before a `select`. What cannot be parsed stays as it is: wasmi says
/// what is wrong with it.
pub fn without_comparisons_before_select(wasm: &[u8]) -> Cow<'_, [u8]> {
    match rewritten(wasm) {
        Ok(Some(wasm)) => Cow::Owned(wasm),
        Ok(None) | Err(_) => Cow::Borrowed(wasm),
    }
}

/// The module with such comparisons replaced, if it has any.
fn rewritten(wasm: &[u8]) -> Result<Option<Vec<u8>>, BinaryReaderError> {
    let mut module = Module::new();
    let mut code = CodeSection::new();
    let mut any = false;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let Payload::CodeSectionEntry(body) = &payload {
            let replaced = body_with_others(wasm, body)?;
            any |= replaced.is_some();
            code.raw(replaced.as_deref().unwrap_or(body.as_bytes()));
        } else {
            // All bodies have been read when something else comes.
            if !code.is_empty() {
                module.section(&std::mem::take(&mut code));
            }
            if let Some((id, range)) = payload.as_section()
                && !matches!(payload, Payload::CodeSectionStart { .. })
            {
                let data = &wasm[as_range(range)];
                module.section(&RawSection { id, data });
            }
        }
    }
    Ok(any.then(|| module.finish()))
}

/// The bytes of a body with such comparisons replaced, if it has any.
fn body_with_others(
    wasm: &[u8],
    body: &FunctionBody<'_>,
) -> Result<Option<Vec<u8>>, BinaryReaderError> {
    let mut out = Vec::new();
    let mut copied = body.range().start;
    // The last operator that does anything, if it is such a comparison: where it begins, and what to write.
    let mut compared: Option<(_, &[u8])> = None;
    for operator in body.get_operators_reader()?.into_iter_with_offsets() {
        let (operator, at) = operator?;
        match operator {
            Operator::I32Eqz => compared = Some((at, IS_ZERO)),
            Operator::I32Eq => compared = Some((at, IS_EQUAL)),
            Operator::I32Ne => compared = Some((at, IS_OTHER)),
            Operator::Nop | Operator::Block { .. } | Operator::End => {}
            Operator::Select | Operator::TypedSelect { .. } | Operator::TypedSelectMulti { .. } => {
                if let Some((start, instead)) = compared.take() {
                    out.extend_from_slice(&wasm[as_range(copied..start)]);
                    out.extend_from_slice(instead);
                    // These comparisons are one byte.
                    copied = start + 1;
                }
            }
            _ => compared = None,
        }
    }
    if out.is_empty() {
        return Ok(None);
    }
    out.extend_from_slice(&wasm[as_range(copied..body.range().end)]);
    Ok(Some(out))
}

fn as_range(range: Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}
