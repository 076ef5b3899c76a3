//! Work that is shared out over the cores and put together in order.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls `work` for `0..count` in pieces of `size`, on all cores when there are several pieces, and
/// returns what it gave in order.
pub fn in_pieces<T: Send>(
    count: usize,
    size: usize,
    work: impl Fn(Range<usize>) -> T + Sync,
) -> Vec<T> {
    let pieces = count.div_ceil(size);
    let piece = |at: usize| work(at * size..count.min((at + 1) * size));
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
    if pieces < 2 || threads < 2 {
        return (0..pieces).map(piece).collect();
    }
    let results: Vec<Mutex<Option<T>>> = (0..pieces).map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(pieces) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(slot) = results.get(at) else { break };
                    *slot.lock().expect("no worker panics") = Some(piece(at));
                }
            });
        }
    });
    results
        .into_iter()
        .filter_map(|slot| slot.into_inner().expect("no worker panics"))
        .collect()
}
