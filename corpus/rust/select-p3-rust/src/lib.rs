//! `select` over a clock and a stream: what loses is dropped, which cancels it.
//!
//! `select-p3-rust own`: streams of its own. `select-p3-rust stdin`: standard input.

use std::pin::pin;

use futures::future::{Either, select};
use wit_bindgen::{StreamResult, spawn_local};

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::{environment, stdin, stdout};
use bindings::wasi::clocks::monotonic_clock::{now, wait_for, wait_until};
use bindings::wit_stream;
use wit_bindgen::{StreamReader, StreamWriter};

struct Program;
bindings::export!(Program with_types_in bindings);

const MILLISECOND: u64 = 1_000_000;
const LONG: u64 = 20_000 * MILLISECOND;

impl Guest for Program {
    async fn run() -> Result<(), ()> {
        let (out, reader) = wit_stream::new();
        let written = stdout::write_via_stream(reader);
        let out = match environment::get_arguments().get(1).map(String::as_str) {
            Some("stdin") => input(out).await,
            _ => own(out).await,
        };
        drop(out);
        written.await.map_err(drop)
    }
}

async fn say(out: &mut StreamWriter<u8>, text: &str) {
    let left = out.write_all(text.as_bytes().to_vec()).await;
    assert!(left.is_empty(), "standard output is open");
}

/// Reads once, but gives up after so many nanoseconds.
async fn read_within(reader: &mut StreamReader<u8>, time: u64) -> Option<(StreamResult, Vec<u8>)> {
    match select(
        pin!(reader.read(Vec::with_capacity(100))),
        pin!(wait_for(time)),
    )
    .await
    {
        Either::Left((read, _)) => Some(read),
        Either::Right(_) => None,
    }
}

/// Streams that nobody writes for a while, then one word, then the end.
async fn own(mut out: StreamWriter<u8>) -> StreamWriter<u8> {
    for round in 0..3 {
        let (mut writer, mut reader) = wit_stream::new();
        let read = read_within(&mut reader, 5 * MILLISECOND).await;
        assert!(read.is_none(), "nobody writes yet");
        say(&mut out, "the clock\n").await;
        spawn_local(async move {
            wait_for(2 * MILLISECOND).await;
            let left = writer.write_all(format!("word {round}").into_bytes()).await;
            assert!(left.is_empty(), "somebody reads");
        });
        let (_, bytes) = read_within(&mut reader, LONG).await.expect("long enough");
        say(
            &mut out,
            &format!("the stream: {}\n", String::from_utf8_lossy(&bytes)),
        )
        .await;
        let (status, bytes) = read_within(&mut reader, LONG).await.expect("an end");
        assert!(
            matches!(status, StreamResult::Dropped) && bytes.is_empty(),
            "the end"
        );
    }

    // The loser of this one is a clock that is over much later.
    let when = now() + 5 * MILLISECOND;
    match select(pin!(wait_until(when)), pin!(wait_until(when + LONG))).await {
        Either::Left(_) => say(&mut out, "the earlier clock\n").await,
        Either::Right(_) => say(&mut out, "the later clock\n").await,
    }
    // A write that nobody takes is cancelled, and its bytes come back.
    let (mut writer, reader) = wit_stream::new();
    let mut write = pin!(writer.write(b"never taken".to_vec()));
    if let Either::Right(_) = select(write.as_mut(), pin!(wait_for(MILLISECOND))).await {
        let (status, left) = write.as_mut().cancel();
        assert!(
            matches!(status, StreamResult::Cancelled),
            "it was cancelled"
        );
        say(&mut out, &format!("{} bytes came back\n", left.remaining())).await;
    }
    drop(reader);
    out
}

/// Standard input against a clock: everything is read, and then only the clock is left.
async fn input(mut out: StreamWriter<u8>) -> StreamWriter<u8> {
    let (mut reader, result) = stdin::read_via_stream();
    let mut bytes = Vec::new();
    while let Some((status, part)) = read_within(&mut reader, LONG).await {
        bytes.extend_from_slice(&part);
        if matches!(status, StreamResult::Dropped) {
            break;
        }
    }
    drop(reader);
    result.await.expect("standard input can be read");
    bytes.reverse();
    say(
        &mut out,
        &format!(
            "{} bytes, backwards: {}\n",
            bytes.len(),
            String::from_utf8_lossy(&bytes)
        ),
    )
    .await;
    out
}
