//! What a slow command is doing, for whoever waits before a terminal.
//!
//! Work says with [`step`] what it does, wherever it is done. Nobody keeps that unless a command has begun to [`watch`]: then the
//! last step is on standard error after a second, if that is a terminal, and is taken away in the end.

use std::io::{IsTerminal, Write, stderr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The last step; none while nobody watches.
static STEP: Mutex<Option<Step>> = Mutex::new(None);

struct Step {
    what: String,
    /// Whether a line of it or an earlier one is on the terminal.
    shown: bool,
}

/// Nothing is said of what takes less.
const PATIENCE: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_millis(250);
/// Narrow terminals would break a longer line, and then it cannot be taken away.
const WIDEST: usize = 78;

/// Says what is done from now on: `looking for modules in app.bin`.
pub fn step(what: impl FnOnce() -> String) {
    let mut step = STEP.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(step) = step.as_mut() {
        step.what = what();
    }
}

/// Takes the line away that is shown, and shows no other until somebody watches again: what is printed now has the terminal.
pub fn clear() {
    let mut step = STEP.lock().unwrap_or_else(PoisonError::into_inner);
    if step.take().is_some_and(|step| step.shown) {
        show("");
    }
}

/// Shows steps until it is dropped.
pub struct Watch(Option<(Sender<()>, JoinHandle<()>)>);

/// Begins to show steps, of which `first` is the one that is done now. One at a time: only the last one that began is of use.
pub fn watch(first: String) -> Watch {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if dumb || !stderr().is_terminal() {
        return Watch(None);
    }
    *STEP.lock().unwrap_or_else(PoisonError::into_inner) = Some(Step {
        what: first,
        shown: false,
    });
    let (end, ended) = channel();
    let begin = Instant::now();
    let shown = thread::Builder::new().spawn(move || {
        let mut wait = PATIENCE;
        while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
            wait = AGAIN;
            let mut step = STEP.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(step) = step.as_mut() {
                step.shown = true;
                show(&line(&step.what, begin.elapsed()));
            }
        }
    });
    // As WebAssembly there are no threads: nothing is shown then.
    match shown {
        Ok(shown) => Watch(Some((end, shown))),
        Err(_) => Watch(None),
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some((end, shown)) = self.0.take() {
            drop(end);
            // It has nothing to say that matters.
            let _ = shown.join();
            clear();
        }
    }
}

/// The names of files may have anything in them.
fn line(step: &str, since: Duration) -> String {
    let time = format!(" ({} s)", since.as_secs());
    let safe = step.chars().map(|c| if c.is_control() { '?' } else { c });
    let mut line: String = safe.take(WIDEST - time.len() + 1).collect();
    if line.chars().count() + time.len() > WIDEST {
        line.pop();
        line.pop();
        line.push('…');
    }
    line + &time
}

/// In place of the line that is there.
fn show(line: &str) {
    let mut terminal = stderr().lock();
    // Nobody is left to be told that it failed.
    let _ = write!(terminal, "\r\x1b[K{line}").and_then(|()| terminal.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_never_wider_than_a_terminal_and_has_no_orders_for_it() {
        let second = Duration::from_millis(1700);
        assert_eq!(line("reading a", second), "reading a (1 s)");
        assert_eq!(line("a\x1b[2J\nb", second), "a?[2J?b (1 s)");
        for length in 60..100 {
            let shown = line(&"ä".repeat(length), second);
            assert_eq!(shown.chars().count(), (length + 6).min(WIDEST));
            assert_eq!(shown.contains('…'), length + 6 > WIDEST);
        }
    }
}
