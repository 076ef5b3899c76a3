//! `wasi:cli`.

use crate::bindings::wasi::cli::environment::{get_arguments, get_environment, initial_cwd};
use crate::bindings::wasi::cli::{exit, stderr, stdin, stdout};
use crate::bindings::wasi::cli::{terminal_stderr, terminal_stdin, terminal_stdout};
use crate::say;

pub fn all(rest: &[&str]) {
    say::line("arguments", format!("{rest:?}"));
    say::line("arguments-again", get_arguments()[2..] == *rest);
    say::line(
        "argument-sizes",
        format!("{:?}", rest.iter().map(|a| a.len()).collect::<Vec<_>>()),
    );
    // A replacement character is what becomes of bytes that are not UTF-8.
    say::line(
        "s01-arguments-are-utf8",
        rest.iter().filter(|a| a.contains('\u{fffd}')).count(),
    );
    let mut environment = get_environment();
    environment.sort();
    say::line("environment", format!("{environment:?}"));
    let mut again = get_environment();
    again.sort();
    say::line("environment-again", again == environment);
    say::line("initial-cwd", format!("{:?}", initial_cwd()));
    say::line(
        "terminal-stdin",
        terminal_stdin::get_terminal_stdin().is_some(),
    );
    say::line(
        "terminal-stdout",
        terminal_stdout::get_terminal_stdout().is_some(),
    );
    say::line(
        "terminal-stderr",
        terminal_stderr::get_terminal_stderr().is_some(),
    );

    let first = stdout::get_stdout();
    let second = stdout::get_stdout();
    drop(first);
    say::stream(
        "s02-second-stdout",
        second.blocking_write_and_flush(b"by the second handle\n"),
    );
    drop(second);
    say::stream(
        "stdout-after-both",
        stdout::get_stdout().blocking_write_and_flush(b"by a third\n"),
    );
    say::stream(
        "stderr",
        stderr::get_stderr().blocking_write_and_flush(b"to stderr\n"),
    );
    say::stream(
        "stderr-again",
        stderr::get_stderr().blocking_write_and_flush("über stderr\n".as_bytes()),
    );
    let (one, two) = (stdin::get_stdin(), stdin::get_stdin());
    say::stream(
        "stdin-first-handle",
        one.blocking_read(3).map(|b| say::text(&b)),
    );
    drop(one);
    say::stream(
        "stdin-second-handle",
        two.blocking_read(3).map(|b| say::text(&b)),
    );
    drop(two);
    say::stream(
        "stdin-third-handle",
        stdin::get_stdin().blocking_read(3).map(|b| say::text(&b)),
    );
}

/// Ends in one of the ways there are.
pub fn leave(rest: &[&str]) -> Result<(), ()> {
    say::line("leaving", format!("{rest:?}"));
    match rest[0] {
        "ok" => exit::exit(Ok(())),
        "error" => exit::exit(Err(())),
        "return-error" => return Err(()),
        "return" => return Ok(()),
        code => exit::exit_with_code(code.parse().expect("a code")),
    }
    say::line("leaving", "was not possible");
    Ok(())
}
