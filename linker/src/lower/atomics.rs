//! Atomic instructions on a memory that is not shared: nothing comes in between, so they are plain
//! accesses. An address that is not a multiple of the size still traps, and so does what waits, because
//! nobody else could ever wake it.

use anyhow::{Result, anyhow};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{BlockType, Encode, ValType};
use wasmparser::{MemArg, Operator};

use super::body::Body;

/// What is done with what is in memory.
#[derive(Clone, Copy)]
enum Change {
    Add,
    Sub,
    And,
    Or,
    Xor,
    Exchange,
}

/// An atomic instruction: how it accesses memory, and what it does there.
enum Atomic {
    Load(Width),
    Store(Width),
    Change(Width, Change),
    CompareExchange(Width),
    Wait(u32, MemArg),
    Notify(MemArg),
    Fence,
}

/// The type of the value on the stack, the bytes of it in memory, and where.
#[derive(Clone, Copy)]
struct Width {
    wide: bool,
    bytes: u32,
    arg: MemArg,
}

fn atomic(op: &Operator<'_>) -> Option<Atomic> {
    /// One arm for each instruction of a family that is there for all widths.
    macro_rules! families {
        ($($full:ident $half:ident $byte:ident $wfull:ident $wword:ident $whalf:ident $wbyte:ident => $made:expr;)*) => {
            match *op {
                $(Operator::$full { memarg } => $made(Width { wide: false, bytes: 4, arg: memarg }),
                Operator::$half { memarg } => $made(Width { wide: false, bytes: 2, arg: memarg }),
                Operator::$byte { memarg } => $made(Width { wide: false, bytes: 1, arg: memarg }),
                Operator::$wfull { memarg } => $made(Width { wide: true, bytes: 8, arg: memarg }),
                Operator::$wword { memarg } => $made(Width { wide: true, bytes: 4, arg: memarg }),
                Operator::$whalf { memarg } => $made(Width { wide: true, bytes: 2, arg: memarg }),
                Operator::$wbyte { memarg } => $made(Width { wide: true, bytes: 1, arg: memarg }),)*
                Operator::MemoryAtomicWait32 { memarg } => Atomic::Wait(4, memarg),
                Operator::MemoryAtomicWait64 { memarg } => Atomic::Wait(8, memarg),
                Operator::MemoryAtomicNotify { memarg } => Atomic::Notify(memarg),
                Operator::AtomicFence { .. } => Atomic::Fence,
                _ => return None,
            }
        };
    }
    Some(families! {
        I32AtomicLoad I32AtomicLoad16U I32AtomicLoad8U
        I64AtomicLoad I64AtomicLoad32U I64AtomicLoad16U I64AtomicLoad8U => Atomic::Load;
        I32AtomicStore I32AtomicStore16 I32AtomicStore8
        I64AtomicStore I64AtomicStore32 I64AtomicStore16 I64AtomicStore8 => Atomic::Store;
        I32AtomicRmwAdd I32AtomicRmw16AddU I32AtomicRmw8AddU
        I64AtomicRmwAdd I64AtomicRmw32AddU I64AtomicRmw16AddU I64AtomicRmw8AddU
            => |width| Atomic::Change(width, Change::Add);
        I32AtomicRmwSub I32AtomicRmw16SubU I32AtomicRmw8SubU
        I64AtomicRmwSub I64AtomicRmw32SubU I64AtomicRmw16SubU I64AtomicRmw8SubU
            => |width| Atomic::Change(width, Change::Sub);
        I32AtomicRmwAnd I32AtomicRmw16AndU I32AtomicRmw8AndU
        I64AtomicRmwAnd I64AtomicRmw32AndU I64AtomicRmw16AndU I64AtomicRmw8AndU
            => |width| Atomic::Change(width, Change::And);
        I32AtomicRmwOr I32AtomicRmw16OrU I32AtomicRmw8OrU
        I64AtomicRmwOr I64AtomicRmw32OrU I64AtomicRmw16OrU I64AtomicRmw8OrU
            => |width| Atomic::Change(width, Change::Or);
        I32AtomicRmwXor I32AtomicRmw16XorU I32AtomicRmw8XorU
        I64AtomicRmwXor I64AtomicRmw32XorU I64AtomicRmw16XorU I64AtomicRmw8XorU
            => |width| Atomic::Change(width, Change::Xor);
        I32AtomicRmwXchg I32AtomicRmw16XchgU I32AtomicRmw8XchgU
        I64AtomicRmwXchg I64AtomicRmw32XchgU I64AtomicRmw16XchgU I64AtomicRmw8XchgU
            => |width| Atomic::Change(width, Change::Exchange);
        I32AtomicRmwCmpxchg I32AtomicRmw16CmpxchgU I32AtomicRmw8CmpxchgU
        I64AtomicRmwCmpxchg I64AtomicRmw32CmpxchgU I64AtomicRmw16CmpxchgU I64AtomicRmw8CmpxchgU
            => Atomic::CompareExchange;
    })
}

impl Width {
    fn ty(self) -> ValType {
        match self.wide {
            true => ValType::I64,
            false => ValType::I32,
        }
    }

    fn load<'a>(self) -> Operator<'a> {
        let memarg = self.arg;
        match (self.wide, self.bytes) {
            (false, 1) => Operator::I32Load8U { memarg },
            (false, 2) => Operator::I32Load16U { memarg },
            (false, _) => Operator::I32Load { memarg },
            (true, 1) => Operator::I64Load8U { memarg },
            (true, 2) => Operator::I64Load16U { memarg },
            (true, 4) => Operator::I64Load32U { memarg },
            (true, _) => Operator::I64Load { memarg },
        }
    }

    fn store<'a>(self) -> Operator<'a> {
        let memarg = self.arg;
        match (self.wide, self.bytes) {
            (false, 1) => Operator::I32Store8 { memarg },
            (false, 2) => Operator::I32Store16 { memarg },
            (false, _) => Operator::I32Store { memarg },
            (true, 1) => Operator::I64Store8 { memarg },
            (true, 2) => Operator::I64Store16 { memarg },
            (true, 4) => Operator::I64Store32 { memarg },
            (true, _) => Operator::I64Store { memarg },
        }
    }
}

impl<'a> Body<'_, '_, '_, 'a> {
    /// Writes plain accesses for an atomic instruction; false for all others.
    pub fn atomic(&mut self, op: &Operator<'a>) -> Result<bool> {
        let Some(atomic) = atomic(op) else {
            return Ok(false);
        };
        match atomic {
            Atomic::Fence => {}
            Atomic::Load(width) => {
                let address = self.aligned(width.bytes, width.arg);
                self.sink().local_get(address);
                self.plain(width.load())?;
                self.locals.give_back(&[address]);
            }
            Atomic::Store(width) => {
                let value = self.locals.take(width.ty());
                self.sink().local_set(value);
                let address = self.aligned(width.bytes, width.arg);
                self.sink().local_get(address).local_get(value);
                self.plain(width.store())?;
                self.locals.give_back(&[address, value]);
            }
            Atomic::Change(width, change) => {
                let value = self.locals.take(width.ty());
                let old = self.locals.take(width.ty());
                self.sink().local_set(value);
                let address = self.aligned(width.bytes, width.arg);
                self.sink().local_get(address).local_get(address);
                self.plain(width.load())?;
                self.sink().local_tee(old).local_get(value);
                self.change(width, change, value);
                self.plain(width.store())?;
                self.sink().local_get(old);
                self.locals.give_back(&[address, value, old]);
            }
            Atomic::CompareExchange(width) => self.compare_exchange(width)?,
            Atomic::Wait(bytes, arg) => {
                self.sink().drop().drop();
                let address = self.aligned(bytes, arg);
                self.locals.give_back(&[address]);
                // As on any memory that is not shared.
                self.sink().unreachable();
            }
            Atomic::Notify(arg) => {
                self.sink().drop();
                let address = self.aligned(4, arg);
                self.sink().local_get(address);
                self.plain(Operator::I32Load { memarg: arg })?;
                self.sink().drop().i32_const(0);
                self.locals.give_back(&[address]);
            }
        }
        Ok(true)
    }

    /// Takes the address from the stack into a local; traps where it is no multiple of the size.
    fn aligned(&mut self, bytes: u32, arg: MemArg) -> u32 {
        let address = self.locals.take(ValType::I32);
        if bytes == 1 {
            self.sink().local_set(address);
            return address;
        }
        let mask = bytes as i32 - 1;
        let odd = arg.offset as i32 & mask;
        self.sink().local_tee(address);
        if odd != 0 {
            self.sink().i32_const(odd).i32_add();
        }
        self.sink()
            .i32_const(mask)
            .i32_and()
            .if_(BlockType::Empty)
            .unreachable()
            .end();
        address
    }

    /// What is stored, from what there was and the operand.
    fn change(&mut self, width: Width, change: Change, value: u32) {
        let mut code = self.sink();
        match (change, width.wide) {
            (Change::Add, false) => code.i32_add(),
            (Change::Sub, false) => code.i32_sub(),
            (Change::And, false) => code.i32_and(),
            (Change::Or, false) => code.i32_or(),
            (Change::Xor, false) => code.i32_xor(),
            (Change::Add, true) => code.i64_add(),
            (Change::Sub, true) => code.i64_sub(),
            (Change::And, true) => code.i64_and(),
            (Change::Or, true) => code.i64_or(),
            (Change::Xor, true) => code.i64_xor(),
            (Change::Exchange, _) => code.drop().drop().local_get(value),
        };
    }

    fn compare_exchange(&mut self, width: Width) -> Result<()> {
        let new = self.locals.take(width.ty());
        let expected = self.locals.take(width.ty());
        let old = self.locals.take(width.ty());
        self.sink().local_set(new).local_set(expected);
        let address = self.aligned(width.bytes, width.arg);
        self.sink().local_get(address);
        self.plain(width.load())?;
        self.sink().local_tee(old).local_get(expected);
        // Only as many bits are compared as there are in memory.
        match (width.wide, width.bytes) {
            (true, 8) => self.sink().i64_eq(),
            (false, 4) => self.sink().i32_eq(),
            (true, bytes) => self
                .sink()
                .i64_const((1 << (8 * bytes)) - 1)
                .i64_and()
                .i64_eq(),
            (false, bytes) => self
                .sink()
                .i32_const((1 << (8 * bytes)) - 1)
                .i32_and()
                .i32_eq(),
        };
        self.sink()
            .if_(BlockType::Empty)
            .local_get(address)
            .local_get(new);
        self.plain(width.store())?;
        self.sink().end().local_get(old);
        self.locals.give_back(&[address, new, expected, old]);
        Ok(())
    }

    /// Writes a plain access, in one of several memories if need be.
    fn plain(&mut self, op: Operator<'a>) -> Result<()> {
        if self.ctx.needs.memories && self.in_one_of_several(&op)? {
            return Ok(());
        }
        RoundtripReencoder
            .instruction(op)
            .map_err(|error| anyhow!("{error}"))?
            .encode(&mut self.code);
        Ok(())
    }
}
