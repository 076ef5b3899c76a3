//! Whether the pointer of the stack is where it was when a function returns.
//!
//! Compilers make a frame by lowering the pointer and keep the new value in a local; before the function
//! returns they add what they have taken off. Values on the stack of an export that has returned are nobody's
//! then, and others may write there. What unwinds a program to go on later leaves its frames where they are.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use wasmparser::{FunctionBody, Operator, Parser, Payload};

use crate::features::throws_or_catches;

/// Checks every function of a module, of which `pointer` is the global.
///
/// # Errors
///
/// Names the first one that may return with another value than it was called with.
pub fn check(wasm: &[u8], pointer: u32) -> Result<()> {
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CodeSectionEntry(body) = payload? else {
            continue;
        };
        if !restores(&body, pointer)? {
            bail!(
                "the function at offset {:#x} may return without giving its frame back",
                body.range().start
            );
        }
    }
    Ok(())
}

/// A block that is open.
struct Frame {
    /// Whether the pointer is where it was at the end of the block, as far as anything comes there.
    end: Option<bool>,
    /// Of a loop: whether it is when an iteration begins.
    iteration: Option<bool>,
    /// Of an `if`: whether it is in the other case, if that is reached.
    other: Option<bool>,
}

/// Follows the code of a function.
struct Walk {
    /// Whether the pointer is where it was when the function was called; none where nothing comes.
    now: Option<bool>,
    frames: Vec<Frame>,
    /// Whether nothing was found that speaks against it.
    holds: bool,
}

impl Walk {
    fn open(&mut self, iteration: Option<bool>, other: Option<bool>) {
        self.frames.push(Frame {
            end: None,
            iteration,
            other,
        });
    }

    /// A branch.
    fn to(&mut self, depth: u32) {
        let Some(now) = self.now else { return };
        let at = self.frames.len().checked_sub(1 + depth as usize);
        let Some(frame) = at.map(|at| &mut self.frames[at]) else {
            self.holds = false;
            return;
        };
        match frame.iteration {
            // What an iteration begins with must be the same each time.
            Some(first) => self.holds &= first == now,
            None => frame.end = Some(frame.end.unwrap_or(true) && now),
        }
    }

    fn end(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let ways = [self.now, frame.end, frame.other];
        self.now = ways.into_iter().flatten().reduce(|all, way| all && way);
        if self.frames.is_empty() {
            self.holds &= self.now != Some(false);
        }
    }
}

/// Whether a function leaves the pointer as it was.
fn restores(body: &FunctionBody<'_>, pointer: u32) -> Result<bool> {
    let mut ops = Vec::new();
    for op in body.get_operators_reader()? {
        ops.push(op?);
    }
    let is_set = |op: &Operator<'_>| matches!(op, Operator::GlobalSet { global_index } if *global_index == pointer);
    if !ops.iter().any(is_set) {
        return Ok(true);
    }
    let kept = kept(&ops, pointer);
    let mut walk = Walk {
        now: Some(true),
        frames: Vec::new(),
        holds: true,
    };
    walk.open(None, None);
    for (at, op) in ops.iter().enumerate() {
        match op {
            Operator::Block { .. } => walk.open(None, None),
            Operator::Loop { .. } => walk.open(walk.now.or(Some(true)), None),
            Operator::If { .. } => walk.open(None, walk.now),
            Operator::Else => {
                walk.to(0);
                let frame = walk.frames.last_mut();
                walk.now = frame.and_then(|frame| frame.other.take());
            }
            Operator::End => walk.end(),
            Operator::Br { relative_depth } => {
                walk.to(*relative_depth);
                walk.now = None;
            }
            Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth } => walk.to(*relative_depth),
            Operator::BrTable { targets } => {
                for target in targets.targets() {
                    walk.to(target?);
                }
                walk.to(targets.default());
                walk.now = None;
            }
            Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => {
                walk.holds &= walk.now != Some(false);
                walk.now = None;
            }
            Operator::Unreachable => walk.now = None,
            // Where exceptions are caught, nothing is known of the frames between.
            op if throws_or_catches(op) => return Ok(false),
            op if is_set(op) && walk.now.is_some() => {
                walk.now = Some(gives_back(&ops[..at], &kept));
            }
            _ => {}
        }
    }
    Ok(walk.holds)
}

/// The locals that are set once, before anything branches, to the pointer as it was at the call and so much more.
fn kept(ops: &[Operator<'_>], pointer: u32) -> BTreeMap<u32, i32> {
    /// What is on the stack.
    #[derive(Clone, Copy)]
    enum Value {
        Pointer(i32),
        Number(i32),
    }
    use Value::{Number, Pointer};
    let mut stack = Vec::new();
    let mut kept = BTreeMap::new();
    let mut now = 0;
    for op in ops {
        match *op {
            Operator::Block { .. } => {}
            Operator::GlobalGet { global_index } if global_index == pointer => {
                stack.push(Pointer(now));
            }
            Operator::LocalGet { local_index } if kept.contains_key(&local_index) => {
                stack.push(Pointer(kept[&local_index]));
            }
            Operator::I32Const { value } => stack.push(Number(value)),
            Operator::I32Add | Operator::I32Sub => {
                let (Some(Number(by)), Some(Pointer(at))) = (stack.pop(), stack.pop()) else {
                    break;
                };
                stack.push(Pointer(match op {
                    Operator::I32Add => at.wrapping_add(by),
                    _ => at.wrapping_sub(by),
                }));
            }
            Operator::LocalTee { local_index } | Operator::LocalSet { local_index } => {
                let Some(value) = stack.pop() else { break };
                if let Pointer(at) = value {
                    kept.insert(local_index, at);
                }
                if let Operator::LocalTee { .. } = op {
                    stack.push(value);
                }
            }
            Operator::GlobalSet { global_index } if global_index == pointer => {
                let Some(Pointer(at)) = stack.pop() else {
                    break;
                };
                now = at;
            }
            _ => break,
        }
    }
    let writes = |local: u32| {
        let is_write = |op: &&Operator<'_>| {
            matches!(op, Operator::LocalSet { local_index } | Operator::LocalTee { local_index }
                if *local_index == local)
        };
        ops.iter().filter(is_write).count()
    };
    kept.retain(|local, _| writes(*local) == 1);
    kept
}

/// Whether what comes last before the pointer is set is its value at the call.
fn gives_back(before: &[Operator<'_>], kept: &BTreeMap<u32, i32>) -> bool {
    let is = |local: &u32, by: i32| {
        kept.get(local)
            .is_some_and(|more| more.wrapping_add(by) == 0)
    };
    match before {
        [
            ..,
            Operator::LocalGet { local_index },
            Operator::I32Const { value },
            Operator::I32Add,
        ] => is(local_index, *value),
        [.., Operator::LocalGet { local_index }] => is(local_index, 0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    /// Whether a function with this body passes. Local 0 is its parameter, global 0 the pointer.
    fn passes(body: &str) -> bool {
        let text = format!(
            r#"(module
                (memory 1)
                (global $sp (mut i32) (i32.const 1024))
                (func $f (param i32) (result i32) (local $frame i32) (local $old i32) {body})
                (func $other (result i32) (global.get $sp)))"#
        );
        check(&wat::parse_str(text).unwrap(), 0).is_ok()
    }

    const MAKE: &str =
        "(global.set $sp (local.tee $frame (i32.sub (global.get $sp) (i32.const 32))))";
    const GIVE: &str = "(global.set $sp (i32.add (local.get $frame) (i32.const 32)))";

    #[test]
    fn a_frame_that_is_given_back_on_every_way_passes() {
        for body in [
            "(local.get 0)".to_string(),
            format!("{MAKE} {GIVE} (local.get 0)"),
            format!(
                "{MAKE} (if (local.get 0) (then {GIVE} (return (i32.const 1)))) {GIVE} (i32.const 2)"
            ),
            format!("{MAKE} (if (local.get 0) (then {GIVE}) (else {GIVE})) (i32.const 2)"),
            format!("{MAKE} (if (local.get 0) (then unreachable)) {GIVE} (i32.const 2)"),
            format!("{MAKE} (block (br_if 0 (local.get 0)) {GIVE} (return (i32.const 1))) {GIVE} (i32.const 2)"),
            format!("{MAKE} (loop (br_if 0 (local.get 0))) {GIVE} (i32.const 2)"),
            // The block begins before the frame does.
            format!("(block {MAKE} (br_if 0 (local.get 0)) (i32.store (local.get $frame) (i32.const 1))) {GIVE} (i32.const 2)"),
            // A frame of a size that is not known.
            "(local.set $old (local.tee $frame (global.get $sp)))
             (block (br_if 0 (local.get 0)) (global.set $sp (i32.sub (local.get $frame) (local.get 0))))
             (global.set $sp (local.get $old)) (i32.const 2)"
                .to_string(),
        ] {
            assert!(passes(&body), "{body}");
        }
    }

    #[test]
    fn a_frame_that_may_be_kept_is_found() {
        for body in [
            format!("{MAKE} (local.get 0)"),
            format!(
                "{MAKE} (global.set $sp (i32.add (local.get $frame) (i32.const 16))) (local.get 0)"
            ),
            format!("{MAKE} (if (local.get 0) (then {GIVE})) (i32.const 2)"),
            format!("{MAKE} (if (local.get 0) (then (return (i32.const 1)))) {GIVE} (i32.const 2)"),
            format!("{MAKE} (block (br_if 0 (local.get 0)) {GIVE}) (i32.const 2)"),
            format!("{MAKE} (local.set $frame (local.get 0)) {GIVE} (i32.const 2)"),
            // Made in a loop that may go round.
            format!("(loop {MAKE} (br_if 0 (local.get 0))) {GIVE} (i32.const 2)"),
            format!("(block (br_if 0 (local.get 0)) {MAKE}) {GIVE} (i32.const 2)"),
            "(global.set $sp (local.get 0)) (i32.const 2)".to_string(),
            format!("{MAKE} (br_table 0 0 (i32.const 3) (local.get 0))"),
        ] {
            assert!(!passes(&body), "{body}");
        }
    }
}
