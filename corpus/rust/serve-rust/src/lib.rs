//! A service whose requests take their time, beside each other. One that is given up says so.

use std::cell::Cell;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::corpus::flows::service::{Guest, Refusal, Request};
use bindings::wasi::clocks::monotonic_clock::wait_for;

struct Program;
bindings::export!(Program with_types_in bindings);

const MILLISECOND: u64 = 1_000_000;

thread_local! {
    static BEGUN: Cell<u32> = const { Cell::new(0) };
    static DONE: Cell<u32> = const { Cell::new(0) };
    static GIVEN_UP: Cell<u32> = const { Cell::new(0) };
}

fn one_more(count: &'static std::thread::LocalKey<Cell<u32>>) {
    count.set(count.get() + 1);
}

/// A request that is under way. Dropping it before it is done gives it up.
struct UnderWay {
    done: bool,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        one_more(if self.done { &DONE } else { &GIVEN_UP });
    }
}

impl Guest for Program {
    async fn handle(what: Request) -> Result<String, Refusal> {
        one_more(&BEGUN);
        let mut request = UnderWay { done: false };
        // In several waits, each of which can be the last one.
        for _ in 0..what.time {
            wait_for(MILLISECOND).await;
        }
        request.done = true;
        if what.body.is_empty() {
            return Err(Refusal::Empty);
        }
        let sum: u32 = what.body.iter().map(|&byte| u32::from(byte)).sum();
        match what.who.as_str() {
            "" => Err(Refusal::Busy(BEGUN.get() - DONE.get() - GIVEN_UP.get())),
            "nobody" => Err(Refusal::Other(format!("not for {}", what.who))),
            who => Ok(format!("{who}: {sum} in {} bytes", what.body.len())),
        }
    }

    fn handled() -> (u32, u32, u32) {
        (BEGUN.get(), DONE.get(), GIVEN_UP.get())
    }
}
