//! `--timings`: what the stages of a command took, on standard error when it ends.

use p1bridge_linker::timings;

/// The option, for commands that read modules.
#[derive(clap::Args)]
pub struct Timings {
    /// Print the stages with their time, bytes and memory, on standard error
    #[arg(long)]
    timings: bool,
}

/// Prints what was recorded when it is dropped: also for what failed.
pub struct Timed(bool);

impl Timings {
    /// Records from now on, if asked for.
    pub fn begin(&self) -> Timed {
        begin(self.timings)
    }
}

/// The same for an option that is elsewhere.
pub fn begin(asked: bool) -> Timed {
    if asked {
        timings::begin();
    }
    Timed(asked)
}

impl Drop for Timed {
    fn drop(&mut self) {
        if !self.0 {
            return;
        }
        let taken = timings::end();
        super::say("stage             time        bytes   peak memory");
        for stage in &taken {
            super::say(&row(stage.stage, stage.time, Some(stage.bytes), stage.peak));
        }
        let all = taken.iter().map(|stage| stage.time).sum();
        let peak = taken.iter().filter_map(|stage| stage.peak).max();
        super::say(&row("all", all, None, peak));
    }
}

fn row(stage: &str, time: std::time::Duration, bytes: Option<usize>, peak: Option<u64>) -> String {
    let bytes = bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
    let peak = match peak {
        Some(peak) => format!("{:.1} MiB", peak as f64 / f64::from(1 << 20)),
        None => "unknown".to_string(),
    };
    format!(
        "{stage:<12} {:>6.1} ms {bytes:>12} {peak:>13}",
        time.as_secs_f64() * 1e3
    )
}
