//! Work that is shared out over the cores and put together in order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

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

/// Calls `work` for each of `0..count`, on all cores, and gives what it gave to `take` in order, while others are
/// still at work: not all of it has to be kept at once.
///
/// # Errors
///
/// The first one, in order.
pub fn in_order<T: Send, E: Send>(
    count: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
    mut take: impl FnMut(T),
) -> Result<(), E> {
    /// How many results of each worker may wait to be taken.
    const WAITING: usize = 4;
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
    if count < 2 || threads < 2 {
        for at in 0..count {
            take(work(at)?);
        }
        return Ok(());
    }
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::sync_channel(threads * WAITING);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(count) {
            let send = send.clone();
            let (work, next) = (&work, &next);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    // Nobody receives any more after an error.
                    if at >= count || send.send((at, work(at))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut early = BTreeMap::new();
        let mut wanted = 0;
        for (at, result) in receive {
            early.insert(at, result);
            while let Some(result) = early.remove(&wanted) {
                take(result?);
                wanted += 1;
            }
        }
        Ok(())
    })
}
