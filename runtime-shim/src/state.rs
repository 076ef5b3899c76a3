//! The state block, and the table of handles in it.
//!
//! ```text
//! 0      F    what the library keeps besides
//! ...    u32  the slot to use next, counted from 0
//! ```
//!
//! The table is elsewhere: 16 bytes in place of a slot for handle 0, of no kind, and 16 bytes for each slot.
//! Where the memory may grow, it gets longer when it is full, and then it moves. So what makes a handle
//! takes the [`State`] by `&mut`.
//!
//! All resource types share one index space, as in a component instance. A freed slot is the
//! first to be used again. The `word` of a free slot says how much further than the slot behind it
//! the next free one is, so that a block of zeroes is a table with all its slots in order.

use core::cell::Cell;
use core::marker::PhantomData;
use core::mem::size_of;

use crate::trap_if;

mod import {
    #[link(wasm_import_module = "p1bridge")]
    unsafe extern "C" {
        pub safe fn state() -> u32;
        /// Where the table is.
        pub safe fn handles() -> u32;
        /// How many slots it has.
        pub safe fn max_handles() -> u32;
        /// Makes more of them, and says whether it did: `handles` and `max_handles` are others then.
        pub safe fn more_handles() -> u32;
    }
}

/// The state block, with the library's own part `F`.
#[repr(C, align(16))]
pub struct Block<F> {
    fixed: F,
    next: Cell<u32>,
}

/// One slot of the table of handles. What the fields mean is up to the resource type.
#[repr(C, align(8))]
pub struct Entry {
    /// The resource type; 0 is a free slot.
    pub kind: Cell<u8>,
    pub small: Cell<u8>,
    pub flags: Cell<u8>,
    spare: Cell<u8>,
    pub word: Cell<u32>,
    pub low: Cell<u32>,
    pub high: Cell<u32>,
}

impl Entry {
    /// `kind` and `small` as one number, `kind` below.
    #[inline(always)]
    pub fn nature(&self) -> u32 {
        unsafe { u32::from(*(self.kind.as_ptr() as *const u16)) }
    }

    /// `kind`, `small` and `flags` as one number, from the lowest byte up.
    #[inline(always)]
    pub fn head(&self) -> u32 {
        unsafe { *(self.kind.as_ptr() as *const u32) }
    }

    /// Sets `kind`, `small` and `flags` together.
    #[inline(always)]
    pub fn set_head(&self, value: u32) {
        unsafe { *(self.kind.as_ptr() as *mut u32) = value }
    }

    /// `low` and `high` as one number.
    #[inline(always)]
    pub fn wide(&self) -> u64 {
        unsafe { *(self.low.as_ptr() as *const u64) }
    }

    /// Sets `low` and `high` together.
    #[inline(always)]
    pub fn set_wide(&self, value: u64) {
        unsafe { *(self.low.as_ptr() as *mut u64) = value }
    }
}

/// The right to use the state block for the time of one call of the library. References into the
/// block borrow it; see the crate's documentation for why.
pub struct State<F>(PhantomData<F>);

/// A place in memory that survives a move of the state block.
#[derive(Clone, Copy)]
pub struct Place {
    address: u32,
    in_block: bool,
}

impl<F> State<F> {
    /// Bytes of the block.
    pub const FIXED: u32 = size_of::<Block<F>>() as u32;

    /// Bytes of one slot.
    pub const SLOT: u32 = size_of::<Entry>() as u32;

    /// Starts a call of the library.
    ///
    /// # Safety
    ///
    /// Once in each exported function, and nowhere else: a second one would let references
    /// outlive a call of `cabi_realloc`.
    #[inline(always)]
    pub unsafe fn enter() -> Self {
        State(PhantomData)
    }

    #[inline(always)]
    fn block(&self) -> &Block<F> {
        unsafe { &*(import::state() as *const Block<F>) }
    }

    /// Where the block is now.
    #[inline(always)]
    pub fn base(&self) -> u32 {
        import::state()
    }

    /// The library's own part of the block.
    #[inline(always)]
    pub fn fixed(&self) -> &F {
        &self.block().fixed
    }

    /// The slot of a live index that the library itself has kept.
    #[inline(never)]
    pub fn slot(&self, index: u32) -> &Entry {
        self.slot_here(index)
    }

    /// The same in line, where speed matters more than size.
    #[inline(always)]
    pub fn slot_here(&self, index: u32) -> &Entry {
        unsafe { &*((import::handles() + index * Self::SLOT) as *const Entry) }
    }

    /// The resource behind a handle that the guest passes. Traps when there is none, or when it
    /// is of another type.
    #[inline(never)]
    pub fn get(&self, handle: u32, kind: u8) -> &Entry {
        self.get_here(handle, kind)
    }

    /// The same in line, where speed matters more than size.
    #[inline(always)]
    pub fn get_here(&self, handle: u32, kind: u8) -> &Entry {
        // A slot that was never used is of no kind.
        trap_if(handle > import::max_handles());
        let entry = self.slot_here(handle);
        trap_if(entry.kind.get() != kind);
        entry
    }

    /// The slot of a handle that the guest passes, of whatever kind it may be.
    #[inline(always)]
    pub fn find_here(&self, handle: u32) -> Option<&Entry> {
        (handle <= import::max_handles()).then(|| self.slot_here(handle))
    }

    /// Whether [`State::insert`] would find a slot so many times.
    #[inline(never)]
    pub fn has_room(&mut self, count: u32) -> bool {
        let mut next = self.block().next.get();
        let mut left = count;
        while left != 0 && (next < import::max_handles() || import::more_handles() != 0) {
            let word = self.slot_here(next + 1).word.get();
            next = (next + 1).wrapping_add(word);
            left -= 1;
        }
        left == 0
    }

    /// The handle that [`State::insert`] gives next, if there is one.
    #[inline(always)]
    pub fn vacant(&mut self) -> Option<u32> {
        let handle = self.block().next.get() + 1;
        (handle <= import::max_handles() || import::more_handles() != 0).then_some(handle)
    }

    /// Takes the slot of [`State::vacant`]. All its fields are for the caller to set.
    #[inline(always)]
    pub fn occupy(&self, vacant: u32) -> &Entry {
        let next = &self.block().next;
        let entry = self.slot_here(vacant);
        next.set(vacant.wrapping_add(entry.word.get()));
        entry
    }

    /// A new handle, or 0 when the table is full. The slot's other fields are for the caller to
    /// set.
    #[inline(never)]
    pub fn insert(&mut self, kind: u8) -> u32 {
        let Some(handle) = self.vacant() else {
            return 0;
        };
        self.occupy(handle).kind.set(kind);
        handle
    }

    /// Frees the slot of a live index.
    #[inline(never)]
    pub fn remove(&self, index: u32) {
        self.remove_here(index, self.slot_here(index));
    }

    /// The same in line, where speed matters more than size.
    #[inline(always)]
    pub fn remove_here(&self, index: u32, entry: &Entry) {
        entry.kind.set(0);
        entry.word.set(self.block().next.get().wrapping_sub(index));
        self.block().next.set(index - 1);
    }

    /// Drops a handle whose resource holds nothing.
    pub fn drop(&self, handle: u32, kind: u8) {
        self.get(handle, kind);
        self.remove(handle);
    }

    /// The place of an address now, for [`State::find`] after memory was allocated.
    #[inline(always)]
    pub(crate) fn locate(&self, address: u32) -> Place {
        // The block lies above the memory of every guest.
        if address >= import::state() {
            Place {
                address: address - import::state(),
                in_block: true,
            }
        } else {
            Place {
                address,
                in_block: false,
            }
        }
    }

    /// The address of a place.
    #[inline(always)]
    pub(crate) fn find(&self, place: Place) -> u32 {
        if place.in_block {
            place.address + import::state()
        } else {
            place.address
        }
    }
}
