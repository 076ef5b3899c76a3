//! Memory of the linker's own, right above the pages of the module.
//!
//! The module does not see it: `memory.size` is without it, and when the module grows, the block
//! slides up. It is what the arena ([`super::arena`]) and lowered tables ([`super::tables`]) lie in.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

/// The number of bytes in a page.
pub const PAGE: u64 = 65536;

/// The block and the memory below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Bytes, a multiple of 16.
    pub size: u32,
    /// The pages of the module at the start.
    pub guest_pages: u32,
    /// The most pages that the module may grow to.
    pub limit: u32,
    /// The global with the module's pages, when it can grow.
    pub pages: Option<u32>,
}

const DOUBLE_WORD: MemArg = MemArg {
    offset: 0,
    align: 3,
    target: MemArgTarget::Memory(0),
    ordering: None,
};

impl Block {
    /// The pages that a block of `size` bytes takes.
    pub fn pages_for(size: u32) -> u32 {
        u64::from(size).div_ceil(PAGE) as u32
    }

    /// The address of the block at the start.
    pub fn first_base(&self) -> u32 {
        self.guest_pages << 16
    }

    /// Leaves the address of what is `offset` bytes into the block on the stack.
    pub fn address(&self, offset: u32, code: &mut InstructionSink<'_>) {
        match self.pages {
            Some(pages) => {
                code.global_get(pages).i32_const(16).i32_shl();
                if offset > 0 {
                    code.i32_const(offset as i32).i32_add();
                }
            }
            None => {
                code.i32_const((self.first_base() + offset) as i32);
            }
        }
    }

    /// `memory.size` as the module sees it.
    pub fn memory_size(&self, code: &mut InstructionSink<'_>) {
        match self.pages {
            Some(pages) => code.global_get(pages),
            None => code.i32_const(self.guest_pages as i32),
        };
    }

    /// `memory.grow` as the module sees it, `(func (param i32) (result i32))`: the block moves up by
    /// what is asked for, and where it lay is zero. A growth over the limit, or one that the host
    /// refuses, gives -1 and changes nothing.
    pub fn memory_grow(&self, pages: u32) -> Function {
        let (delta, from, to, at) = (0, 1, 2, 3);
        let mut body = Function::new([(3, ValType::I32)]);
        let mut code = body.instructions();
        let fail = |code: &mut InstructionSink<'_>| {
            code.if_(BlockType::Empty).i32_const(-1).return_().end();
        };
        // delta > limit - pages
        code.local_get(delta)
            .i32_const(self.limit as i32)
            .global_get(pages)
            .i32_sub()
            .i32_gt_u();
        fail(&mut code);
        // Nothing moves when nothing is asked for.
        code.local_get(delta)
            .i32_eqz()
            .if_(BlockType::Empty)
            .global_get(pages)
            .return_()
            .end();
        code.local_get(delta).memory_grow(0).i32_const(-1).i32_eq();
        fail(&mut code);
        code.global_get(pages)
            .i32_const(16)
            .i32_shl()
            .local_tee(from)
            .local_get(delta)
            .i32_const(16)
            .i32_shl()
            .i32_add()
            .local_set(to);
        code.i32_const(self.size as i32).local_set(at);
        // From the top down: the block may be longer than the step.
        code.loop_(BlockType::Empty)
            .local_get(to)
            .local_get(at)
            .i32_const(8)
            .i32_sub()
            .local_tee(at)
            .i32_add()
            .local_get(from)
            .local_get(at)
            .i32_add()
            .i64_load(DOUBLE_WORD)
            .i64_store(DOUBLE_WORD)
            .local_get(from)
            .local_get(at)
            .i32_add()
            .i64_const(0)
            .i64_store(DOUBLE_WORD)
            .local_get(at)
            .br_if(0)
            .end();
        code.global_get(pages)
            .global_get(pages)
            .local_get(delta)
            .i32_add()
            .global_set(pages)
            .end();
        body
    }
}
