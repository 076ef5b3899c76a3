//! Child processes with a time limit.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What a child process left.
pub struct Ended {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub status: ExitStatus,
}

/// Runs `command` with `stdin` and collects its output; kills it and all that it started after
/// `timeout` and then fails.
pub fn run(command: &mut Command, stdin: &[u8], timeout: Duration) -> Result<Ended> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let mut to_stdin = child.stdin.take().expect("piped");
    let mut from_stdout = child.stdout.take().expect("piped");
    let mut from_stderr = child.stderr.take().expect("piped");
    thread::scope(|scope| {
        // A child that ends without reading all of its stdin is no failure of ours.
        scope.spawn(move || drop(to_stdin.write_all(stdin)));
        let stdout = scope.spawn(move || collect(&mut from_stdout));
        let stderr = scope.spawn(move || collect(&mut from_stderr));
        let started = Instant::now();
        let mut pause = Duration::from_micros(200);
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if started.elapsed() > timeout {
                // SAFETY: the group is the child's own.
                unsafe { libc::kill(-(child.id() as libc::pid_t), libc::SIGKILL) };
                child.wait()?;
                bail!("out of time after {} s", timeout.as_secs());
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        Ok(Ended {
            stdout: stdout.join().expect("no panic")?,
            stderr: stderr.join().expect("no panic")?,
            status,
        })
    })
}

fn collect(from: &mut impl Read) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    from.read_to_end(&mut all)?;
    Ok(all)
}
