//! Where the memory of a guest ends, if that is before the end of its last page.
//!
//! Memory is declared in pages of 64 KiB, and small programs use little of one. `wasm-ld` says where the
//! data and the stack of a program end: `__heap_base`. What lies above is for its allocator, which asks
//! for the size of the memory. So a guest whose live code never asks, and never looks at that address
//! either, uses nothing above it.

use anyhow::{Result, bail};
use wasmparser::{ExternalKind, Operator, ValType};

use super::LinkedLibrary;
use super::live::Live;
use crate::memory::access::memarg;
use crate::memory::layout::in_bytes;
use crate::parse::Input;
use crate::parse::module::Module;
use crate::parse::scan::Ref;
use crate::relocate;
use crate::resolve::{Const, CoreDef, InstanceId, Program, constant};

/// What `wasm-ld` and AssemblyScript call the global with the address.
const NAMES: [&str; 2] = ["__heap_base", "~lib/memory/__heap_base"];

type Slot = (InstanceId, u32);

/// Everything that the end of a memory depends on.
pub struct Ends<'e, 'a> {
    pub input: &'e Input<'a>,
    pub program: &'e Program,
    pub live: &'e Live,
    pub linked: &'e [LinkedLibrary],
}

/// How far behind the end an address still counts as that of the end.
const NEAR: u32 = 256;

/// Whether a number may be the address of an end, or that with what is added before it is rounded up: up
/// to a page.
fn is_near(end: u32, value: u32) -> bool {
    let over = value.wrapping_sub(end);
    over <= NEAR || over <= 0xffff && (over + 1).is_power_of_two()
}

impl Ends<'_, '_> {
    /// The bytes that the guest of a memory uses, a multiple of 16, where the toolchain says so and
    /// nothing speaks against it.
    pub fn known(&self, slot: Slot) -> Option<u64> {
        let (id, index) = slot;
        let module = self.program.module(self.input, id);
        if module.imported_memories.len() + module.memories.len() != 1 {
            // The address is of one of them.
            return None;
        }
        let (global, end) = heap_base(module)?;
        let pages = module.memories[index as usize - module.imported_memories.len()].initial;
        let declared = in_bytes(u32::try_from(pages).ok()?);
        let bytes = u64::from(end).next_multiple_of(16);
        let fits = bytes > 0 && bytes <= declared && self.data_end(slot)? <= u64::from(end);
        let others = !self.asks(slot) && !self.is_shared(slot);
        // A stack of its own, or another pointer into what lies above.
        let points_above = module.globals.iter().any(|global| {
            global.ty.mutable
                && matches!(constant(self.input, self.program, id, &global.init),
                    Some(Const::I32(value)) if value as u32 > end && u64::from(value as u32) <= declared)
        });
        let safe = fits && others && !points_above;
        (safe && !self.looks_above(slot, global, end)).then_some(bytes)
    }

    /// The same where the user says it.
    ///
    /// # Errors
    ///
    /// Fails for a size that cannot be right.
    pub fn said(&self, slot: Slot, said: u32, name: &str) -> Result<u64> {
        let (id, index) = slot;
        let module = self.program.module(self.input, id);
        let pages = module.memories[index as usize - module.imported_memories.len()].initial;
        let bytes = u64::from(said).next_multiple_of(16);
        if self.asks(slot) {
            bail!(
                "--guest-memory {name}={said}: this guest asks for the size of its memory or grows it, so \
                 it uses whole pages of 64 KiB: leave the option out, or link the guest without an \
                 allocator"
            );
        }
        if bytes > pages << 16 {
            bail!(
                "--guest-memory {name}={said}: the guest declares {} bytes of memory, and cannot have \
                 more",
                pages << 16
            );
        }
        match self.data_end(slot) {
            Some(end) if end <= bytes => Ok(bytes),
            Some(end) => bail!(
                "--guest-memory {name}={said} is too small: the guest's data ends at {end}, and its stack \
                 may lie above"
            ),
            None => bail!(
                "--guest-memory {name}={said}: the place of a data segment of the guest is not known when \
                 linking, so its memory keeps its size"
            ),
        }
    }

    /// Whether a live function asks for the size of a memory, or grows it.
    pub fn asks(&self, slot: Slot) -> bool {
        self.live.growing.contains(&slot) || self.live.sized.contains(&slot)
    }

    /// Whether another guest's module works on this memory too.
    pub fn is_shared(&self, slot: Slot) -> bool {
        self.program.ids().any(|id| {
            let library = self.linked.iter().any(|library| library.instance == id);
            let dead = !self.live.instance(id).funcs.contains(&true);
            let args = &self.program.instances[id.0 as usize].args;
            let mut memories = args.iter().filter_map(|arg| match arg {
                CoreDef::Memory(id, index) => Some(self.program.memory(self.input, *id, *index)),
                _ => None,
            });
            id != slot.0 && !library && !dead && memories.any(|memory| memory == slot)
        })
    }

    /// Where the last active data segment ends; nothing where that is not known.
    fn data_end(&self, slot: Slot) -> Option<u64> {
        let mut end = 0;
        for id in self.program.ids() {
            for data in &self.program.module(self.input, id).data {
                let Some((memory, offset)) = &data.active else {
                    continue;
                };
                if self.program.memory(self.input, id, *memory) != slot {
                    continue;
                }
                match constant(self.input, self.program, id, offset) {
                    Some(Const::I32(start)) => {
                        end = end.max(u64::from(start as u32) + data.bytes.len() as u64);
                    }
                    _ => return None,
                }
            }
        }
        Some(end)
    }

    /// Whether live code or data has the address of the end, or one behind it: an allocator that does
    /// not ask how much there is. Where a module has its relocations, other addresses are known to be no
    /// such one.
    fn looks_above(&self, slot: Slot, global: u32, end: u32) -> bool {
        let (id, _) = slot;
        let module = self.program.module(self.input, id);
        let known = relocate::addresses(&self.input.bytes[module.range.clone()]);
        if known.as_ref().is_some_and(|known| known.of_end) {
            return true;
        }
        // Whether the bytes that begin here in the file are an address of something.
        let is_other = |at: usize| {
            let place = at.wrapping_sub(module.range.start);
            known
                .as_ref()
                .is_some_and(|known| known.places.contains(&place))
        };
        let is_end = |value: u32| is_near(end, value);
        let in_data = end > 0
            && module.data.iter().any(|data| {
                let start = data.bytes.as_ptr() as usize - self.input.bytes.as_ptr() as usize;
                has_word(data.bytes, |at, value| {
                    is_end(value) && !is_other(start.wrapping_add(at))
                })
            });
        let live = &self.live.instance(id).funcs;
        let first = module.imported_func_count() as usize;
        in_data
            || (0..module.bodies.len())
                .filter(|defined| live[first + defined])
                .any(|defined| {
                    let mut refs = module.refs.of(defined);
                    if refs.any(|r| r == Ref::Global(global)) {
                        return true;
                    }
                    let Ok(mut ops) = module.body(defined).get_operators_reader() else {
                        return true;
                    };
                    while !ops.eof() {
                        let Ok(op) = ops.read() else { return true };
                        let looks = match op {
                            // Optimisers subtract the negative number where that is shorter.
                            Operator::I32Const { value } => {
                                is_end(value as u32) || is_end(value.wrapping_neg() as u32)
                            }
                            op => memarg(&op).is_some_and(|arg| arg.offset >= u64::from(end)),
                        };
                        // An address comes last, with room for any.
                        if looks && !is_other((ops.original_position() as usize).wrapping_sub(5)) {
                            return true;
                        }
                    }
                    false
                })
    }
}

/// Whether there is a word in some bytes of which `is_it` holds, with how far into them it begins. Segments may
/// begin and end in the midst of one, where its other bytes are zero, and anywhere.
fn has_word(bytes: &[u8], is_it: impl Fn(usize, u32) -> bool) -> bool {
    let zeroes = [0; 3];
    let all = zeroes.iter().chain(bytes).chain(&zeroes);
    let mut word = 0u32;
    all.enumerate().any(|(at, byte)| {
        word = word >> 8 | u32::from(*byte) << 24;
        at >= 3 && is_it(at.wrapping_sub(6), word)
    })
}

/// The immutable global that says where the data and the stack of a module end.
fn heap_base(module: &Module<'_>) -> Option<(u32, u32)> {
    let exported = match module.exports.get(NAMES[0]) {
        Some((ExternalKind::Global, index)) => Some(*index),
        _ => None,
    };
    let mut named = module.global_names.iter();
    let index = exported.or_else(|| {
        named
            .find(|(_, name)| NAMES.contains(name))
            .map(|(index, _)| *index)
    })?;
    let defined = (index as usize).checked_sub(module.imported_globals.len())?;
    let global = module.globals.get(defined)?;
    if global.ty.mutable || global.ty.content_type != ValType::I32 {
        return None;
    }
    let mut ops = global.init.get_operators_reader();
    match ops.read() {
        Ok(Operator::I32Const { value }) => Some((index, value as u32)),
        _ => None,
    }
}
