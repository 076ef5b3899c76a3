//! How long the stages take, how many bytes they begin with and how much memory there was, if somebody asks.
//!
//! Work says with [`stage`] what it begins; the one before ends there. Nobody keeps that unless [`begin`] was called, and nobody is
//! told unless with [`tell`].

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What was recorded, and what goes on; none while nobody asks.
static RECORD: Mutex<Option<Record>> = Mutex::new(None);

/// Who is told of each stage when it begins.
type Listener = Box<dyn Fn(&'static str) + Send>;

static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);

/// Tells `listener` the name of each stage that begins from now on, instead of whoever was told until now.
pub fn tell(listener: Option<Listener>) {
    *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = listener;
}

#[derive(Default)]
struct Record {
    taken: Vec<Taken>,
    open: Option<(&'static str, usize, Instant)>,
}

/// A stage that has ended.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Its name.
    pub stage: &'static str,
    /// The time from its beginning to that of the next one.
    pub time: Duration,
    /// The bytes that it had to do with: those of the file that it read or went on with.
    pub bytes: usize,
    /// The most memory that the process has had so far, in bytes, where the system says it.
    pub peak: Option<u64>,
}

impl Record {
    fn close(&mut self) {
        if let Some((stage, bytes, began)) = self.open.take() {
            self.taken.push(Taken {
                stage,
                time: began.elapsed(),
                bytes,
                peak: peak(),
            });
        }
    }
}

/// Records stages from now on.
pub fn begin() {
    *RECORD.lock().unwrap_or_else(PoisonError::into_inner) = Some(Record::default());
}

/// Says that a stage begins, with so many bytes.
pub fn stage(stage: &'static str, bytes: usize) {
    if let Some(listener) = &*LISTENER.lock().unwrap_or_else(PoisonError::into_inner) {
        listener(stage);
    }
    let mut record = RECORD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(record) = record.as_mut() {
        record.close();
        record.open = Some((stage, bytes, Instant::now()));
    }
}

/// Ends the last stage, and gives all that were recorded, in order.
pub fn end() -> Vec<Taken> {
    let record = RECORD.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut record) = record else {
        return Vec::new();
    };
    record.close();
    record.taken
}

/// The line `VmHWM:  1234 kB` of Linux.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mut lines = status.lines();
    let most = lines.find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = most.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_recorded_only_for_who_asks() {
        stage("nobody", 1);
        assert!(end().is_empty());
        begin();
        stage("one", 2);
        stage("two", 3);
        let taken: Vec<_> = end()
            .iter()
            .map(|taken| (taken.stage, taken.bytes))
            .collect();
        assert_eq!(taken, [("one", 2), ("two", 3)]);
        assert!(end().is_empty());
    }

    #[test]
    fn who_listens_is_told_of_stages_until_somebody_else_does() {
        use std::sync::mpsc::channel;
        let (sender, told) = channel();
        tell(Some(Box::new(move |stage| sender.send(stage).unwrap())));
        stage("heard", 1);
        tell(None);
        stage("unheard", 1);
        let told: Vec<_> = told.iter().collect();
        assert!(
            told.contains(&"heard") && !told.contains(&"unheard"),
            "{told:?}"
        );
    }
}
