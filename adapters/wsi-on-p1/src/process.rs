//! `time`, `random`, `proc` and what `thread` is without threads.

use crate::frame::{done, negative, wide};
use crate::{exports, p1};

exports! {
    // Some hosts trap if they do not know a clock.
    "wsi:sys/time@0.1#now"
    fn now(clock: u32) -> i64 {
        wide(|at| match clock <= p1::LAST_CLOCK {
            true => p1::clock_time_get(clock, 1, at),
            false => p1::INVAL,
        })
    }

    "wsi:sys/time@0.1#resolution"
    fn resolution(clock: u32) -> i64 {
        wide(|at| match clock <= p1::LAST_CLOCK {
            true => p1::clock_res_get(clock, at),
            false => p1::INVAL,
        })
    }

    "wsi:sys/random@0.1#fill"
    fn fill(buf: u32, len: u32) -> i32 {
        done(|| p1::random_get(buf, len))
    }

    "wsi:sys/proc@0.1#args-sizes"
    fn args_sizes() -> i64 {
        wide(|at| p1::args_sizes_get(at, at + 4))
    }

    "wsi:sys/proc@0.1#args"
    fn args(argv: u32, buf: u32) -> i32 {
        negative(p1::args_get(argv, buf))
    }

    "wsi:sys/proc@0.1#env-sizes"
    fn env_sizes() -> i64 {
        wide(|at| p1::environ_sizes_get(at, at + 4))
    }

    "wsi:sys/proc@0.1#env"
    fn env(envp: u32, buf: u32) -> i32 {
        negative(p1::environ_get(envp, buf))
    }

    "wsi:sys/proc@0.1#exit"
    fn exit(code: u32) {
        p1::proc_exit(code);
    }

    "wsi:sys/thread@0.1#yield"
    fn yield_() -> i32 {
        negative(p1::sched_yield())
    }

    // Nobody waits.
    "wsi:sys/thread@0.1#wake"
    fn wake(_addr: u32, _n: u32) -> i32 {
        0
    }
}
