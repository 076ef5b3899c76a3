//! Branches on constants in what libraries have: gone.
//!
//! A library asks the linker about the program, and gets constants ([`crate::plan::libraries`]). What is computed of constants
//! is one, what is only reached by a branch that is never taken is left out, and so are the blocks that nothing branches to any
//! more.

use std::borrow::Cow;
use std::collections::BTreeSet;

use anyhow::Result;
use wasm_encoder::{BlockType, Encode, Instruction};
use wasmparser::{BinaryReader, Operator, OperatorsReader};

/// An instruction, and how it is encoded.
#[derive(Clone)]
struct Token<'a> {
    kind: Kind,
    bytes: Cow<'a, [u8]>,
}

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Const(i32),
    IsZero,
    /// Two numbers become one.
    Compute(Compute),
    Drop,
    /// One more value.
    Push,
    /// Whether it has no parameters and no results.
    Block(bool),
    Loop,
    If,
    Else,
    End,
    Branch(u32),
    BranchIf(u32),
    BranchTable(Vec<u32>),
    /// The code after it is not reached.
    Leave,
    Unreachable,
    Call(u32),
    Global(u32),
    Other,
}

/// What is computed of two numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compute {
    Add,
    Subtract,
    Multiply,
    And,
    Or,
    Left,
    Right,
}

impl Compute {
    fn of(self, first: i32, second: i32) -> i32 {
        match self {
            Compute::Add => first.wrapping_add(second),
            Compute::Subtract => first.wrapping_sub(second),
            Compute::Multiply => first.wrapping_mul(second),
            Compute::And => first & second,
            Compute::Or => first | second,
            Compute::Left => first.wrapping_shl(second as u32),
            Compute::Right => (first as u32).wrapping_shr(second as u32) as i32,
        }
    }
}

/// Folds the instructions of a body, of which `code` is all behind the locals. Nothing if they are to stay as they are.
///
/// # Errors
///
/// Fails where instructions cannot be read.
pub fn fold(code: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some(tokens) = read(code, |_| None)? else {
        return Ok(None);
    };
    let before = tokens.len();
    let tokens = folded(tokens);
    Ok((tokens.len() != before).then(|| {
        let bytes = tokens.iter().flat_map(|token| token.bytes.iter());
        bytes.copied().collect()
    }))
}

/// What a body still uses when it is folded.
#[derive(Default)]
pub struct Used {
    pub functions: BTreeSet<u32>,
    pub globals: BTreeSet<u32>,
}

/// What a body will use, where `constant` says which functions are constants. Nothing if it stays as it is.
///
/// # Errors
///
/// Fails where instructions cannot be read.
pub fn used(code: &[u8], constant: impl Fn(u32) -> Option<i32>) -> Result<Option<Used>> {
    let Some(tokens) = read(code, constant)? else {
        return Ok(None);
    };
    let mut used = Used::default();
    for token in folded(tokens) {
        match token.kind {
            Kind::Call(function) => drop(used.functions.insert(function)),
            Kind::Global(global) => drop(used.globals.insert(global)),
            _ => {}
        }
    }
    Ok(Some(used))
}

fn folded(mut tokens: Vec<Token<'_>>) -> Vec<Token<'_>> {
    loop {
        let count = tokens.len();
        tokens = without_blocks(without_branches(tokens));
        if tokens.len() == count {
            return tokens;
        }
    }
}

/// The instructions; nothing if one of them branches in a way that libraries do not.
fn read(code: &[u8], constant: impl Fn(u32) -> Option<i32>) -> Result<Option<Vec<Token<'_>>>> {
    let mut tokens = Vec::new();
    let mut reader = OperatorsReader::new(BinaryReader::new(code, 0));
    while !reader.eof() {
        let start = reader.original_position() as usize;
        let kind = match reader.read()? {
            Operator::I32Const { value } => Kind::Const(value),
            Operator::I32Eqz => Kind::IsZero,
            Operator::I32Add => Kind::Compute(Compute::Add),
            Operator::I32Sub => Kind::Compute(Compute::Subtract),
            Operator::I32Mul => Kind::Compute(Compute::Multiply),
            Operator::I32And => Kind::Compute(Compute::And),
            Operator::I32Or => Kind::Compute(Compute::Or),
            Operator::I32Shl => Kind::Compute(Compute::Left),
            Operator::I32ShrU => Kind::Compute(Compute::Right),
            Operator::Drop => Kind::Drop,
            Operator::LocalGet { .. } | Operator::I64Const { .. } => Kind::Push,
            Operator::Block { blockty } => Kind::Block(blockty == wasmparser::BlockType::Empty),
            Operator::Loop { .. } => Kind::Loop,
            Operator::If { .. } => Kind::If,
            Operator::Else => Kind::Else,
            Operator::End => Kind::End,
            Operator::Br { relative_depth } => Kind::Branch(relative_depth),
            Operator::BrIf { relative_depth } => Kind::BranchIf(relative_depth),
            Operator::BrTable { targets } => {
                let mut depths = targets.targets().collect::<Result<Vec<u32>, _>>()?;
                depths.push(targets.default());
                Kind::BranchTable(depths)
            }
            Operator::Return => Kind::Leave,
            Operator::Unreachable => Kind::Unreachable,
            Operator::Call { function_index } => match constant(function_index) {
                Some(value) => Kind::Const(value),
                None => Kind::Call(function_index),
            },
            Operator::GlobalGet { global_index } | Operator::GlobalSet { global_index } => {
                Kind::Global(global_index)
            }
            Operator::Try { .. }
            | Operator::TryTable { .. }
            | Operator::Delegate { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. } => return Ok(None),
            _ => Kind::Other,
        };
        let end = reader.original_position() as usize;
        tokens.push(Token {
            kind,
            bytes: Cow::Borrowed(&code[start..end]),
        });
    }
    Ok(Some(tokens))
}

impl Token<'_> {
    fn new(kind: Kind, instruction: &Instruction<'_>) -> Self {
        let mut bytes = Vec::new();
        instruction.encode(&mut bytes);
        Token {
            kind,
            bytes: Cow::Owned(bytes),
        }
    }

    fn constant(value: i32) -> Self {
        Token::new(Kind::Const(value), &Instruction::I32Const(value))
    }

    /// Whether all that it does is to give a value.
    fn only_pushes(&self) -> bool {
        matches!(self.kind, Kind::Const(_) | Kind::Push)
    }

    fn opens(&self) -> bool {
        matches!(self.kind, Kind::Block(_) | Kind::Loop | Kind::If)
    }
}

/// Where the `else` or `end` is that belongs to what `from` is in.
fn end_of(tokens: &[Token<'_>], from: usize) -> usize {
    let mut depth = 0;
    let mut at = from;
    loop {
        match &tokens[at] {
            token if token.opens() => depth += 1,
            token if depth == 0 && matches!(token.kind, Kind::Else | Kind::End) => return at,
            Token {
                kind: Kind::End, ..
            } => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

/// Leaves out what constants decide, and what comes after a branch that is always taken.
fn without_branches(tokens: Vec<Token<'_>>) -> Vec<Token<'_>> {
    let mut out: Vec<Token<'_>> = Vec::with_capacity(tokens.len());
    // For every block whether its `else` is not reached.
    let mut decided = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        let constant = match out.last() {
            Some(&Token {
                kind: Kind::Const(value),
                ..
            }) => Some(value),
            _ => None,
        };
        at += 1;
        match (&token.kind, constant) {
            (Kind::IsZero, Some(value)) => {
                out.pop();
                out.push(Token::constant(i32::from(value == 0)));
            }
            (&Kind::Compute(how), Some(second)) => {
                out.pop();
                match &out[..] {
                    [
                        ..,
                        Token {
                            kind: Kind::Const(first),
                            ..
                        },
                    ] => {
                        let value = how.of(*first, second);
                        out.pop();
                        out.push(Token::constant(value));
                    }
                    // What is added to something, and then more.
                    [
                        ..,
                        Token {
                            kind: Kind::Const(first),
                            ..
                        },
                        Token {
                            kind: Kind::Compute(Compute::Add),
                            ..
                        },
                    ] if how == Compute::Add => {
                        let value = first.wrapping_add(second);
                        let add = out.pop();
                        out.pop();
                        out.push(Token::constant(value));
                        out.extend(add);
                    }
                    _ if how == Compute::Add && second == 0 => {}
                    _ => {
                        out.push(Token::constant(second));
                        out.push(token.clone());
                    }
                }
            }
            // The constant goes behind what it is added to, where more can be added to it.
            (Kind::Compute(Compute::Add), None) => match &out[..] {
                [
                    ..,
                    Token {
                        kind: Kind::Const(first),
                        ..
                    },
                    Token {
                        kind: Kind::Push, ..
                    },
                ] => {
                    let first = *first;
                    let local = out.pop();
                    out.pop();
                    out.extend(local);
                    if first != 0 {
                        out.push(Token::constant(first));
                        out.push(token.clone());
                    }
                }
                _ => out.push(token.clone()),
            },
            (Kind::Drop, Some(_)) => {
                out.pop();
            }
            (&Kind::BranchIf(depth), Some(value)) => {
                out.pop();
                if value != 0 {
                    out.push(Token::new(Kind::Branch(depth), &Instruction::Br(depth)));
                    at = end_of(&tokens, at);
                }
            }
            (Kind::If, Some(value)) => {
                out.pop();
                if value == 0 {
                    let end = end_of(&tokens, at);
                    at = end + 1;
                    if tokens[end].kind == Kind::End {
                        continue;
                    }
                }
                // The same with another opcode.
                let mut block =
                    Token::new(Kind::Block(false), &Instruction::Block(BlockType::Empty));
                block.bytes.to_mut().truncate(1);
                block.bytes.to_mut().extend_from_slice(&token.bytes[1..]);
                block.kind = Kind::Block(token.bytes[1..] == [EMPTY]);
                out.push(block);
                decided.push(true);
            }
            (Kind::Else, _) if decided.last() == Some(&true) => at = end_of(&tokens, at),
            (Kind::End, _) => {
                decided.pop();
                let is_nothing = match &out[..] {
                    [
                        ..,
                        Token {
                            kind: Kind::Block(true),
                            ..
                        },
                    ] => 1,
                    [
                        ..,
                        Token {
                            kind: Kind::Block(true),
                            ..
                        },
                        Token {
                            kind: Kind::Branch(0),
                            ..
                        },
                    ] => 2,
                    _ => 0,
                };
                match is_nothing {
                    0 => out.push(token.clone()),
                    count => out.truncate(out.len() - count),
                }
            }
            _ => {
                if token.opens() {
                    decided.push(false);
                }
                while token.kind == Kind::Unreachable
                    && matches!(out.last(), Some(last) if last.only_pushes())
                {
                    out.pop();
                }
                out.push(token.clone());
                if matches!(
                    token.kind,
                    Kind::Branch(_) | Kind::BranchTable(_) | Kind::Leave | Kind::Unreachable
                ) {
                    at = end_of(&tokens, at);
                }
            }
        }
    }
    out
}

/// The block type of nothing.
const EMPTY: u8 = 0x40;

/// Leaves out the blocks that nothing branches to.
fn without_blocks(tokens: Vec<Token<'_>>) -> Vec<Token<'_>> {
    let mut is_target = vec![false; tokens.len()];
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match &token.kind {
            _ if token.opens() => open.push(at),
            Kind::End => {
                open.pop();
            }
            Kind::Branch(depth) | Kind::BranchIf(depth) => mark(&open, *depth, &mut is_target),
            Kind::BranchTable(depths) => {
                for &depth in depths {
                    mark(&open, depth, &mut is_target);
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::with_capacity(tokens.len());
    // Whether what is open is left out.
    let mut open: Vec<bool> = Vec::new();
    for (at, mut token) in tokens.into_iter().enumerate() {
        let moved = |depth: u32, open: &[bool]| {
            let inner = open.iter().rev().take(depth as usize);
            depth - inner.filter(|gone| **gone).count() as u32
        };
        match &token.kind {
            _ if token.opens() => {
                let gone = matches!(token.kind, Kind::Block(_)) && !is_target[at];
                open.push(gone);
                if gone {
                    continue;
                }
            }
            Kind::End => {
                let gone = open.pop() == Some(true);
                if gone {
                    continue;
                }
            }
            &Kind::Branch(depth) => {
                let depth = moved(depth, &open);
                token = Token::new(Kind::Branch(depth), &Instruction::Br(depth));
            }
            &Kind::BranchIf(depth) => {
                let depth = moved(depth, &open);
                token = Token::new(Kind::BranchIf(depth), &Instruction::BrIf(depth));
            }
            Kind::BranchTable(depths) => {
                let depths: Vec<u32> = depths.iter().map(|&depth| moved(depth, &open)).collect();
                let (default, targets) = depths.split_last().expect("it has a default");
                let table = Instruction::BrTable(targets.into(), *default);
                token = Token::new(Kind::BranchTable(depths.clone()), &table);
            }
            _ => {}
        }
        out.push(token);
    }
    out
}

/// Marks what a branch goes to, unless that is the end of the function.
fn mark(open: &[usize], depth: u32, is_target: &mut [bool]) {
    let block = open.len().checked_sub(depth as usize + 1);
    if let Some(block) = block {
        is_target[open[block]] = true;
    }
}

#[cfg(test)]
mod tests {
    use wasmparser::{Parser, Payload};

    use super::*;

    /// The instructions of a function that has one parameter and one result.
    fn code(body: &str) -> Vec<u8> {
        let wasm = wat::parse_str(format!(
            r#"(module
                (import "" "f" (func $f (param i32)))
                (func (param i32) (result i32) {body}))"#
        ))
        .unwrap();
        for payload in Parser::new(0).parse_all(&wasm) {
            if let Payload::CodeSectionEntry(body) = payload.unwrap() {
                let start = body.get_operators_reader().unwrap().original_position();
                return wasm[start as usize..body.range().end as usize].to_vec();
            }
        }
        unreachable!("there is a function")
    }

    #[track_caller]
    fn becomes(before: &str, after: &str) {
        let before = code(before);
        let folded = fold(&before).unwrap().unwrap_or(before);
        assert_eq!(folded, code(after));
    }

    #[test]
    fn what_is_jumped_over_is_left_out() {
        becomes(
            "(block (br_if 0 (i32.eqz (i32.const 0))) (call $f (i32.const 7))) (i32.const 3)",
            "(i32.const 3)",
        );
        becomes(
            "(block (br_if 0 (i32.const 0)) (call $f (i32.const 7))) (i32.const 3)",
            "(call $f (i32.const 7)) (i32.const 3)",
        );
    }

    #[test]
    fn one_side_of_a_decided_if_is_left() {
        let body = |condition: u32| {
            format!(
                "(if (result i32) (i32.const {condition})
                    (then (if (local.get 0) (then (return (i32.const 1)))) (i32.const 2))
                    (else (call $f (local.get 0)) (i32.const 4)))"
            )
        };
        becomes(
            &body(5),
            "(if (local.get 0) (then (return (i32.const 1)))) (i32.const 2)",
        );
        becomes(&body(0), "(call $f (local.get 0)) (i32.const 4)");
        becomes(
            "(if (i32.const 0) (then (call $f (i32.const 1)))) (i32.const 2)",
            "(i32.const 2)",
        );
    }

    #[test]
    fn branches_go_where_they_went_when_blocks_around_them_are_gone() {
        becomes(
            "(block $out
                (block $gone
                    (block $in
                        (br_table $in $out (local.get 0)))
                    (br_if $out (local.get 0))
                    (br_if $gone (i32.const 0)))
                (call $f (i32.const 1)))
            (loop $more (br_if $more (local.get 0)))
            (i32.const 2)",
            "(block $out
                (block $in
                    (br_table $in $out (local.get 0)))
                (br_if $out (local.get 0))
                (call $f (i32.const 1)))
            (loop $more (br_if $more (local.get 0)))
            (i32.const 2)",
        );
    }

    #[test]
    fn what_is_computed_of_constants_is_one() {
        becomes(
            "(i32.shl (i32.sub (i32.mul (i32.const 3) (i32.const 5)) (i32.const 7)) (i32.const 33))",
            "(i32.const 16)",
        );
        becomes(
            "(i32.or (i32.shr_u (i32.const -1) (i32.const 28)) (i32.and (i32.const 0x30) (i32.const 0x11)))",
            "(i32.const 0x1f)",
        );
        becomes(
            "(i32.add (i32.add (i32.mul (local.get 0) (i32.const 8)) (i32.const 16)) (i32.const -4))",
            "(i32.add (i32.mul (local.get 0) (i32.const 8)) (i32.const 12))",
        );
        becomes(
            "(i32.add (i32.add (i32.const 4) (local.get 0)) (i32.add (i32.const 2) (i32.const -2)))",
            "(i32.add (local.get 0) (i32.const 4))",
        );
        becomes(
            "(i32.add (i32.add (i32.const 4) (local.get 0)) (i32.const 2))",
            "(i32.add (local.get 0) (i32.const 6))",
        );
        becomes("(i32.add (i32.const 0) (local.get 0))", "(local.get 0)");
    }

    #[test]
    fn what_a_trap_would_have_got_is_left_out() {
        becomes(
            "(call $f (i32.const 1)) (i64.const 1) (i32.const 2) (local.get 0) (unreachable)",
            "(call $f (i32.const 1)) (unreachable)",
        );
        // Not what is computed across the end of a block.
        let across = "(i32.add (i32.const 1) (block (result i32) (br_if 0 (i32.const 5) (local.get 0)) (drop) (i32.const 2)))";
        becomes(across, across);
    }

    #[test]
    fn nothing_is_left_behind_a_branch_that_is_always_taken() {
        becomes(
            "(block $out
                (call $f (i32.const 1))
                (br_if $out (i32.const 1))
                (block (loop (br 0)))
                (call $f (i32.const 2)))
            (i32.const 3)",
            "(block $out (call $f (i32.const 1)) (br $out)) (i32.const 3)",
        );
        becomes(
            "(if (i32.const 1) (then (return (i32.const 4)))) (call $f (i32.const 2)) (i32.const 3)",
            "(return (i32.const 4))",
        );
    }

    #[test]
    fn what_a_body_uses_depends_on_its_constants() {
        let code = code("(if (i32.const 1) (then (call $f (i32.const 2)))) (i32.const 3)");
        let uses = |code: &[u8]| used(code, |_| None).unwrap().unwrap().functions;
        assert_eq!(uses(&code), BTreeSet::from([0]));
        let never = code.iter().map(|&byte| if byte == 1 { 0 } else { byte });
        assert_eq!(uses(&never.collect::<Vec<_>>()), BTreeSet::new());
    }
}
