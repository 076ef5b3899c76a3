//! Hosts that do not do what Preview 1 says: calls of them go through wrappers.
//!
//! The layouts are those of `wasi_snapshot_preview1.witx` and of its predecessor `wasi_unstable`,
//! in whose structs some fields are narrower or come after an additional one.

use anyhow::Result;
use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

use super::helper::Helper;
use super::lowering::Lowering;
use crate::findings::applied;
use crate::findings::wrapper::Wrapper;
use crate::profile::Quirks;

const EBADF: i32 = 8;
const EINVAL: i32 = 28;
const ENOMEM: i32 = 48;

fn at(offset: u64, align: u32) -> MemArg {
    MemArg {
        offset,
        align,
        target: MemArgTarget::Memory(0),
        ordering: None,
    }
}

/// The body of a wrapper.
pub fn function(ctx: &mut Lowering<'_, '_, '_>, wrapper: Wrapper) -> Result<Function> {
    let original = ctx.host(wrapper.function())?;
    Ok(match wrapper {
        Wrapper::FdFilestatGet | Wrapper::PathFilestatGet => {
            filestat(original, wrapper.ty().params().len() as u32)
        }
        Wrapper::FdRenumber => renumber(original, ctx.host("fd_advise")?),
        Wrapper::PathOpen => {
            let calls = Scratch::new(ctx);
            path_open(original, ctx.host("fd_fdstat_get")?, calls)
        }
        Wrapper::PollOneoff => {
            let quirks = ctx.profile.quirks;
            if quirks.needs_scratch("poll_oneoff") {
                let clock = quirks
                    .one_relative_clock
                    .then(|| ctx.host("clock_time_get"))
                    .transpose()?;
                let calls = Scratch::new(ctx);
                poll(original, clock, quirks, calls)
            } else {
                poll_of_something(original)
            }
        }
    })
}

/// The functions of the arena.
#[derive(Clone, Copy)]
struct Scratch {
    malloc: u32,
    free: u32,
}

impl Scratch {
    fn new(ctx: &mut Lowering<'_, '_, '_>) -> Scratch {
        let (malloc, free) = ctx
            .arena
            .unwrap_or_else(|| (ctx.helper(Helper::Malloc), ctx.helper(Helper::Free)));
        Scratch { malloc, free }
    }
}

/// The last of `params` is where the filestat goes. The fields behind the link count, which is
/// narrower in `wasi_unstable`, move up by 8 bytes.
fn filestat(original: u32, params: u32) -> Function {
    let (buffer, errno) = (params - 1, params);
    let mut body = Function::new([(1, ValType::I32)]);
    let mut code = body.instructions();
    for param in 0..params {
        code.local_get(param);
    }
    code.call(original)
        .local_tee(errno)
        .if_(BlockType::Empty)
        .local_get(errno)
        .return_()
        .end();
    // ctim, mtim, atim, size: from the top down.
    for from in [48, 40, 32, 24] {
        code.local_get(buffer)
            .local_get(buffer)
            .i64_load(at(from, 0))
            .i64_store(at(from + 8, 0));
    }
    code.local_get(buffer)
        .local_get(buffer)
        .i64_load32_u(at(20, 0))
        .i64_store(at(24, 0));
    code.local_get(buffer)
        .local_get(buffer)
        .i64_load8_u(at(16, 0))
        .i64_store(at(16, 0));
    code.i32_const(0).end();
    body
}

/// A descriptor is left where it is; whether there is one is asked with `fd_advise`.
fn renumber(original: u32, advise: u32) -> Function {
    let (from, to) = (0, 1);
    let mut body = Function::new([]);
    body.instructions()
        .local_get(from)
        .local_get(to)
        .i32_eq()
        .if_(BlockType::Empty)
        .i32_const(EBADF)
        .i32_const(0)
        .local_get(from)
        .i64_const(0)
        .i64_const(0)
        .i32_const(0)
        .call(advise)
        .i32_const(EBADF)
        .i32_eq()
        .select()
        .return_()
        .end()
        .local_get(from)
        .local_get(to)
        .call(original)
        .end();
    body
}

/// Asks for no more than the parent passes on.
fn path_open(original: u32, fdstat: u32, scratch: Scratch) -> Function {
    let (parent, base, inheriting) = (0, 5, 6);
    let (stat, passed_on) = (9, 10);
    let mut body = Function::new([(1, ValType::I32), (1, ValType::I64)]);
    let mut code = body.instructions();
    code.i32_const(Quirks::FDSTAT as i32)
        .call(scratch.malloc)
        .local_tee(stat)
        .if_(BlockType::Empty)
        .local_get(parent)
        .local_get(stat)
        .call(fdstat)
        .i32_eqz()
        .if_(BlockType::Empty)
        .local_get(stat)
        .i64_load(at(16, 0))
        .local_set(passed_on);
    for rights in [base, inheriting] {
        code.local_get(rights)
            .local_get(passed_on)
            .i64_and()
            .local_set(rights);
    }
    code.end().local_get(stat).call(scratch.free).end();
    for param in 0..9 {
        code.local_get(param);
    }
    code.call(original).end();
    body
}

/// Leaves `errno` when there is nothing to wait for.
fn refuse_nothing(code: &mut InstructionSink<'_>) {
    code.local_get(2)
        .i32_eqz()
        .if_(BlockType::Empty)
        .i32_const(EINVAL)
        .return_()
        .end();
}

fn poll_of_something(original: u32) -> Function {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    refuse_nothing(&mut code);
    for param in 0..4 {
        code.local_get(param);
    }
    code.call(original).end();
    body
}

/// Copies the subscriptions into the layout that the host reads. With `clock`, which is
/// `clock_time_get`, only the clock that is due first goes along, as a relative one: a caller
/// that waits for more asks again.
fn poll(original: u32, clock: Option<u32>, quirks: Quirks, scratch: Scratch) -> Function {
    let (input, output, count, stored) = (0, 1, 2, 3);
    let (copy, from, to, left, errno, id, due) = (4, 5, 6, 7, 8, 9, 10);
    let (timeout, least, userdata) = (11, 12, 13);
    let (size, time) = (quirks.subscription() as i32, Quirks::TIME as i32);
    // Behind the tag, a subscription of `wasi_unstable` has the userdata of the clock once more.
    let shift = if quirks.subscription_56 { 8 } else { 0 };
    let mut body = Function::new([(7, ValType::I32), (3, ValType::I64)]);
    let mut code = body.instructions();
    refuse_nothing(&mut code);
    // More than the arena holds is refused by `malloc`, but the size must not overflow.
    code.local_get(count)
        .i32_const(1 << 16)
        .i32_gt_u()
        .if_(BlockType::Empty)
        .i32_const(ENOMEM)
        .return_()
        .end();
    code.local_get(count)
        .i32_const(size)
        .i32_mul()
        .i32_const(time)
        .i32_add()
        .call(scratch.malloc)
        .local_tee(copy)
        .i32_eqz()
        .if_(BlockType::Empty)
        .i32_const(ENOMEM)
        .return_()
        .end();
    // The first bytes are for the time.
    code.local_get(copy)
        .i32_const(time)
        .i32_add()
        .local_set(to)
        .local_get(input)
        .local_set(from)
        .local_get(count)
        .local_set(left);
    code.loop_(BlockType::Empty);
    code.local_get(from)
        .i32_load8_u(at(8, 0))
        .i32_eqz()
        .if_(BlockType::Empty);
    code.local_get(from).i64_load(at(24, 0)).local_set(timeout);
    if let Some(clock) = clock {
        code.local_get(from)
            .i32_load16_u(at(40, 0))
            .i32_const(1)
            .i32_and()
            .if_(BlockType::Empty)
            .local_get(from)
            .i32_load(at(16, 0))
            .i64_const(0)
            .local_get(copy)
            .call(clock)
            .local_tee(errno)
            .if_(BlockType::Empty)
            .local_get(copy)
            .call(scratch.free)
            .local_get(errno)
            .return_()
            .end();
        // What is past is due at once.
        code.local_get(timeout)
            .local_get(copy)
            .i64_load(at(0, 0))
            .i64_sub()
            .i64_const(0)
            .local_get(timeout)
            .local_get(copy)
            .i64_load(at(0, 0))
            .i64_gt_u()
            .select()
            .local_set(timeout)
            .end();
        code.local_get(due)
            .i32_eqz()
            .local_get(timeout)
            .local_get(least)
            .i64_lt_u()
            .i32_or()
            .if_(BlockType::Empty)
            .i32_const(1)
            .local_set(due)
            .local_get(timeout)
            .local_set(least)
            .local_get(from)
            .i32_load(at(16, 0))
            .local_set(id)
            .local_get(from)
            .i64_load(at(0, 0))
            .local_set(userdata)
            .end();
    } else {
        copy_words(
            &mut code,
            &[(0, 0), (8, 8), (16, 16 + shift), (24, 24 + shift)],
        );
        copy_words(&mut code, &[(32, 32 + shift), (40, 40 + shift)]);
        next(&mut code, to, size);
    }
    code.else_();
    copy_words(&mut code, &[(0, 0), (8, 8), (16, 16)]);
    next(&mut code, to, size);
    code.end();
    next(&mut code, from, 48);
    code.local_get(left)
        .i32_const(1)
        .i32_sub()
        .local_tee(left)
        .br_if(0)
        .end();
    if clock.is_some() {
        code.local_get(due).if_(BlockType::Empty);
        let store = |code: &mut InstructionSink<'_>, offset: u64, local: Option<u32>| {
            code.local_get(to);
            match local {
                Some(local) => code.local_get(local),
                None => code.i64_const(0),
            };
            code.i64_store(at(offset, 0));
        };
        store(&mut code, 0, Some(userdata));
        for zero in [8, 16] {
            store(&mut code, zero, None);
        }
        code.local_get(to)
            .local_get(id)
            .i64_extend_i32_u()
            .i64_store(at(16 + shift, 0));
        store(&mut code, 24 + shift, Some(least));
        for zero in [32, 40] {
            store(&mut code, zero + shift, None);
        }
        next(&mut code, to, size);
        code.end();
    }
    code.local_get(copy)
        .i32_const(time)
        .i32_add()
        .local_get(output)
        .local_get(to)
        .local_get(copy)
        .i32_sub()
        .i32_const(time)
        .i32_sub()
        .i32_const(size)
        .i32_div_u()
        .local_get(stored)
        .call(original)
        .local_get(copy)
        .call(scratch.free)
        .end();
    body
}

/// Copies words of the subscription at local 5 to that at local 6.
fn copy_words(code: &mut InstructionSink<'_>, words: &[(u64, u64)]) {
    for &(from, to) in words {
        code.local_get(6)
            .local_get(5)
            .i64_load(at(from, 0))
            .i64_store(at(to, 0));
    }
}

fn next(code: &mut InstructionSink<'_>, local: u32, size: i32) {
    code.local_get(local)
        .i32_const(size)
        .i32_add()
        .local_set(local);
}

impl Lowering<'_, '_, '_> {
    /// The quirks that the output has wrappers for.
    pub fn applied(&self) -> Quirks {
        let mut all = applied::read(self.module);
        for (name, _) in &self.hosts {
            applied::add(&mut all, self.profile.quirks.of(name));
        }
        all
    }
}
