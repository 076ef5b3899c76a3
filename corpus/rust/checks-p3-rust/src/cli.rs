//! `wasi:cli`.

use futures::join;
use wit_bindgen::StreamResult;

use crate::bindings::wasi::cli::environment::{get_arguments, get_environment, get_initial_cwd};
use crate::bindings::wasi::cli::{exit, stderr, stdin, stdout};
use crate::bindings::wasi::cli::{terminal_stderr, terminal_stdin, terminal_stdout};
use crate::bindings::wit_stream;
use crate::say::{line, text, word};

pub async fn all(rest: &[&str]) {
    line("environment.get-arguments", format!("{rest:?}")).await;
    line(
        "environment.get-arguments again",
        get_arguments()[2..] == *rest,
    )
    .await;
    let mut environment = get_environment();
    environment.sort();
    line("environment.get-environment", format!("{environment:?}")).await;
    let mut again = get_environment();
    again.sort();
    line("environment.get-environment again", again == environment).await;
    line(
        "environment.get-initial-cwd",
        format!("{:?}", get_initial_cwd()),
    )
    .await;
    line(
        "terminal-stdin.get-terminal-stdin",
        terminal_stdin::get_terminal_stdin().is_some(),
    )
    .await;
    line(
        "terminal-stdout.get-terminal-stdout",
        terminal_stdout::get_terminal_stdout().is_some(),
    )
    .await;
    line(
        "terminal-stderr.get-terminal-stderr",
        terminal_stderr::get_terminal_stderr().is_some(),
    )
    .await;
    outputs().await;
    input().await;
}

async fn outputs() {
    let (mut one, reader) = wit_stream::new();
    let first = stdout::write_via_stream(reader);
    let (mut two, reader) = wit_stream::new();
    let second = stdout::write_via_stream(reader);
    let left = one.write_all(b"by the first stream\n".to_vec()).await;
    line("stdout.write-via-stream first", left.len()).await;
    let left = two.write_all(b"by the second stream\n".to_vec()).await;
    line("stdout.write-via-stream second", left.len()).await;
    drop(one);
    line("stdout.write-via-stream first result", word(first.await)).await;
    drop(two);
    line("stdout.write-via-stream second result", word(second.await)).await;

    let (writer, reader) = wit_stream::new();
    let written = stdout::write_via_stream(reader);
    drop(writer);
    line("stdout.write-via-stream nothing", word(written.await)).await;
    let (mut writer, reader) = wit_stream::new();
    let written = stdout::write_via_stream(reader);
    let (status, _) = writer.write(Vec::new()).await;
    line("stdout.write-via-stream zero bytes", format!("{status:?}")).await;
    drop(writer);
    line(
        "stdout.write-via-stream zero bytes result",
        word(written.await),
    )
    .await;
    let (mut writer, reader) = wit_stream::new();
    drop(stdout::write_via_stream(reader));
    let left = writer.write_all(b"without a result\n".to_vec()).await;
    drop(writer);
    line("stdout.write-via-stream without its future", left.len()).await;

    let (mut one, reader) = wit_stream::new();
    let first = stderr::write_via_stream(reader);
    let left = one.write_all(b"to stderr\n".to_vec()).await;
    line("stderr.write-via-stream", left.len()).await;
    let left = one.write_all("über stderr\n".as_bytes().to_vec()).await;
    line("stderr.write-via-stream more", left.len()).await;
    drop(one);
    line("stderr.write-via-stream result", word(first.await)).await;
}

async fn input() {
    let (mut one, first) = stdin::read_via_stream();
    let (status, bytes) = one.read(Vec::with_capacity(3)).await;
    line(
        "stdin.read-via-stream first",
        format!("{status:?} {:?}", text(&bytes)),
    )
    .await;
    drop(one);
    line("stdin.read-via-stream dropped", word(first.await)).await;
}

/// Standard input to its end: in turns, then again.
pub async fn to_the_end() {
    let (mut input, result) = stdin::read_via_stream();
    let mut all = Vec::new();
    loop {
        let (status, bytes) = input.read(Vec::with_capacity(4)).await;
        all.extend(bytes);
        if matches!(status, StreamResult::Dropped) {
            break;
        }
    }
    line("stdin.read-via-stream all", format!("{:?}", text(&all))).await;
    line("stdin.read-via-stream result", word(result.await)).await;
    let (input, result) = stdin::read_via_stream();
    let (bytes, result) = join!(input.collect(), result.into_future());
    line(
        "stdin.read-via-stream at the end",
        format!("{} {}", bytes.len(), word(result)),
    )
    .await;
}

/// Ends in one of the ways there are.
pub async fn leave(rest: &[&str]) -> Result<(), ()> {
    let function = match rest[0] {
        "ok" | "error" => "exit.exit",
        "return" | "return-error" => "run",
        _ => "exit.exit-with-code",
    };
    line(function, rest[0]).await;
    match rest[0] {
        "ok" => exit::exit(Ok(())),
        "error" => exit::exit(Err(())),
        "return-error" => return Err(()),
        "return" => return Ok(()),
        code => exit::exit_with_code(code.parse().expect("a code")),
    }
    line("exit.exit", "was not possible").await;
    Ok(())
}
