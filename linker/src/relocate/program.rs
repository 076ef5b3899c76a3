//! Where the stack and the data of a linked program are.

use super::image::{Global, Image};
use super::symbols::{Symbol, Symbols};

/// Where a stack pointer points to must be a multiple of this.
pub const STACK_ALIGNMENT: u32 = 16;

/// The global with the pointer of the stack, or one that nobody writes, with what a task finds in its context at first.
pub fn stack_pointer<'i>(image: &'i Image, symbols: &Symbols<'_>) -> Option<&'i Global> {
    let (index, mutable) = match symbols.stack_pointer {
        Some(index) => (index, true),
        None => (symbols.first_stack?, false),
    };
    let mut globals = image.globals.iter();
    globals.find(|global| global.index == index && global.mutable == mutable)
}

/// Where the stack begins: at 0, or above the data where that lies below it.
pub fn lowest(image: &Image, symbols: &Symbols<'_>, high: u32) -> u32 {
    let named = symbols.all.iter().find_map(|symbol| match symbol {
        Symbol::Absolute {
            name: "__stack_low",
            address,
            ..
        } => Some(*address),
        _ => None,
    });
    let below = image.segments.iter().flatten().filter_map(|segment| {
        let end = segment.offset.value.saturating_add(segment.bytes);
        (end <= high).then_some(end)
    });
    let low = named.or_else(|| below.max()).unwrap_or(0);
    rounded(low).min(high)
}

/// The next address that a stack can begin at.
pub fn rounded(address: u32) -> u32 {
    let most = u32::MAX - (STACK_ALIGNMENT - 1);
    address.min(most).next_multiple_of(STACK_ALIGNMENT)
}

/// Where the data, the stack and what is between them and the heap end.
pub fn used(image: &Image, symbols: &Symbols<'_>, high: u32) -> u64 {
    let data = image.segments.iter().flatten();
    let data = data.map(|segment| u64::from(segment.offset.value) + u64::from(segment.bytes));
    let base = symbols.all.iter().filter_map(|symbol| match symbol {
        Symbol::Absolute {
            name: "__heap_base",
            address,
            ..
        } => Some(u64::from(*address)),
        _ => None,
    });
    let used = data.chain(base).chain([u64::from(high)]).max();
    used.unwrap_or_default()
}
