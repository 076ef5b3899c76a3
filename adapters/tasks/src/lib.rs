//! The async canonical ABI: the library `tasks`.
//!
//! Everything of "Concurrency" in `CanonicalABI.md` that does not depend on types: tasks and subtasks,
//! waitable sets, streams and futures, and the loop that runs while a task waits. The linker writes stubs
//! that call these functions with numbers for instances, calls and types, and moves typed values itself.
//! `docs/async.md` has the contract.
//!
//! | module | what is in it |
//! |---|---|
//! | [`import`] | what the linker gives |
//! | [`record`] | the records in the state block |
//! | [`alone`] | calls where there is one task at a time |
//! | [`call`] | calls: tasks, and subtasks until they are resolved |
//! | [`subtask`] | what a caller can do with a subtask |
//! | [`set`] | waitable sets |
//! | [`ends`] | streams and futures |
//! | [`host`] | those of which the host has an end |
//! | [`pending`] | calls of the host that wait for such |
//! | [`pump`] | those of which it has both |
//! | [`timer`] | calls of the host that end at a deadline |
//! | [`step`] | the loop |
//! | [`thread`] | threads of one task, and stacks that are taken away and put back |

#![no_std]

mod alone;
mod call;
mod ends;
mod host;
mod import;
mod pending;
mod pump;
mod record;
mod set;
mod step;
mod subtask;
mod thread;
mod timer;

/// What the linker must know: the bytes of the records.
#[unsafe(link_section = "p1bridge.library")]
pub static LIBRARY: [u8; 86] =
    *b"tasks-fixed 128\ntasks-per-instance 16\ntasks-per-task 144\ntasks-per-stream 128\nframe 0\n";

const _: () = assert!(
    record::head::BYTES == 128
        && record::instance::BYTES == 16
        && record::call::BYTES == 144
        && record::stream::BYTES == 128
);

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    p1bridge_shim::trap()
}
