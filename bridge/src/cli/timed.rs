//! `--timings`: what the stages of a command took, on standard error when it ends; and on a terminal what takes long, while it does.

use std::path::Path;

use p1bridge_linker::timings;

use super::files;
use crate::progress;

/// The option, for commands that read modules.
#[derive(clap::Args)]
pub struct Timings {
    /// Print the stages with their time, bytes and memory, on standard error
    #[arg(long)]
    timings: bool,
}

/// Ends the line with what is done when it is dropped, and prints what was recorded: also for what failed.
pub struct Timed {
    asked: bool,
    _watch: Option<progress::Watch>,
}

impl Timings {
    /// Shows what is done with `file` from now on, unless that is to be `quiet`, and records it if asked for.
    pub fn begin(&self, file: &Path, quiet: bool) -> Timed {
        begin(self.timings, file, quiet)
    }
}

/// The same for an option that is elsewhere.
pub fn begin(asked: bool, file: &Path, quiet: bool) -> Timed {
    if asked {
        timings::begin();
    }
    let file = files::shown(file);
    let watch = (!quiet).then(|| progress::watch(format!("{file}: read")));
    timings::tell(Some(Box::new(move |stage| {
        progress::step(|| format!("{file}: {stage}"));
    })));
    Timed {
        asked,
        _watch: watch,
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        timings::tell(None);
        if !self.asked {
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
