//! How the code of a guest takes more memory.
//!
//! A guest may expect that its memory grows where it ended: most do, and do not look at what
//! `memory.grow` answers but for an error. Others take what they are given, wherever it is, as POSIX
//! has it of `sbrk`. Only the latter can be given pages that lie beyond something else.

use wasmparser::{Operator, ValType};

use crate::parse::module::Module;
use crate::parse::scan::Ref;

/// Allocators that take what `memory.grow` answers for the address, in whatever function it is: that
/// of Rust, on targets without a libc, and those of zig.
const NAMES: [&str; 5] = [
    "dlmalloc8dlmalloc",
    "dlmalloc::dlmalloc",
    "heap.WasmAllocator",
    "heap.BrkAllocator",
    "heap.WasmPageAllocator",
];

/// Whether all code of `module` that grows a memory takes what it is given for the place.
pub fn takes_any_place(module: &Module<'_>) -> bool {
    (0..module.bodies.len()).all(|defined| {
        let mut refs = module.refs.of(defined);
        !refs.any(|r| matches!(r, Ref::MemoryGrow(_)))
            || is_named(module, defined)
            || is_sbrk(module, defined)
    })
}

fn is_named(module: &Module<'_>, defined: usize) -> bool {
    let name = module.function_name(module.imported_func_count() + defined as u32);
    name.is_some_and(|name| NAMES.iter().any(|known| name.contains(known)))
}

/// Whether a function is the `sbrk` of wasi-libc, by what it does: it takes a number of bytes, refuses
/// what is not a multiple of a page, grows the memory once, and returns where that begins.
fn is_sbrk(module: &Module<'_>, defined: usize) -> bool {
    let ty = module.func_type(module.imported_func_count() + defined as u32);
    if ty.params() != [ValType::I32] || ty.results() != [ValType::I32] {
        return false;
    }
    let Ok(ops) = module.body(defined).get_operators_reader() else {
        return false;
    };
    let Ok(ops) = ops.into_iter().collect::<Result<Vec<_>, _>>() else {
        return false;
    };
    let mut grown = ops.iter().enumerate().filter_map(|(at, op)| match op {
        Operator::MemoryGrow { .. } => Some(at),
        _ => None,
    });
    let (Some(grows), None) = (grown.next(), grown.next()) else {
        return false;
    };
    let checks_multiple = ops.windows(2).any(|pair| {
        matches!(
            pair,
            [Operator::I32Const { value: 0xffff }, Operator::I32And]
        )
    });
    let asks = matches!(
        ops[..grows],
        [
            ..,
            Operator::LocalGet { local_index: 0 },
            Operator::I32Const { value: 16 },
            Operator::I32ShrU | Operator::I32ShrS,
        ]
    );
    // Where it is kept, and that the place of it is what is returned.
    let Some(
        &(Operator::LocalTee { local_index: kept } | Operator::LocalSet { local_index: kept }),
    ) = ops.get(grows + 1)
    else {
        return false;
    };
    let answers = ops[grows..].windows(3).any(|three| {
        matches!(three, [Operator::LocalGet { local_index }, Operator::I32Const { value: 16 }, Operator::I32Shl]
            if *local_index == kept)
    });
    checks_multiple && asks && answers
}
