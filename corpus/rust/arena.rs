//! The heap of guests that have to run in a memory that never grows: blocks of powers of two, in an
//! arena that is there from the start. A block that is freed is used again for its size only.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;

const SIZE: usize = 8 << 20;
const SMALLEST: usize = 16;

#[repr(align(4096))]
struct Bytes(UnsafeCell<[u8; SIZE]>);
// There is one thread.
unsafe impl Sync for Bytes {}
static BYTES: Bytes = Bytes(UnsafeCell::new([0; SIZE]));

/// How much of the arena was ever given out, and the first free block of each size, each of which
/// begins with the address of the next.
struct State {
    used: usize,
    free: [*mut u8; 32],
}

struct Arena(UnsafeCell<State>);
unsafe impl Sync for Arena {}

#[global_allocator]
static ARENA: Arena = Arena(UnsafeCell::new(State { used: 0, free: [std::ptr::null_mut(); 32] }));

/// The size of the block for a layout.
fn block(layout: Layout) -> usize {
    layout.size().max(layout.align()).max(SMALLEST).next_power_of_two()
}

unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let state = unsafe { &mut *self.0.get() };
        let size = block(layout);
        let free = &mut state.free[size.trailing_zeros() as usize];
        if !free.is_null() {
            let taken = *free;
            *free = unsafe { taken.cast::<*mut u8>().read() };
            return taken;
        }
        let start = state.used.next_multiple_of(layout.align());
        if start + size > SIZE {
            return std::ptr::null_mut();
        }
        state.used = start + size;
        unsafe { BYTES.0.get().cast::<u8>().add(start) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let state = unsafe { &mut *self.0.get() };
        let free = &mut state.free[block(layout).trailing_zeros() as usize];
        unsafe { pointer.cast::<*mut u8>().write(*free) };
        *free = pointer;
    }
}
