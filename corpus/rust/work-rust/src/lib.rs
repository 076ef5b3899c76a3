//! Async exports that take streams and give streams, and go on after they have returned.

use wit_bindgen::{FutureReader, StreamReader, StreamResult, spawn_local};

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::corpus::flows::workshop::Guest;
use bindings::wasi::clocks::monotonic_clock::wait_for;
use bindings::{wit_future, wit_stream};

struct Program;
bindings::export!(Program with_types_in bindings);

const MILLISECOND: u64 = 1_000_000;

impl Guest for Program {
    async fn embroider(mut words: StreamReader<String>) -> StreamReader<String> {
        let (mut writer, reader) = wit_stream::new();
        spawn_local(async move {
            let mut number = 0;
            while let Some(word) = words.next().await {
                number += 1;
                let longer = format!("{number}: ~{word}~");
                if writer.write_one(longer).await.is_some() {
                    break;
                }
            }
        });
        reader
    }

    async fn sum(mut numbers: StreamReader<u32>) -> (StreamReader<u64>, FutureReader<u64>) {
        let (mut writer, sums) = wit_stream::new();
        let (last, result) = wit_future::new(|| 0);
        spawn_local(async move {
            let mut sum = 0;
            loop {
                let (status, some) = numbers.read(Vec::with_capacity(3)).await;
                let next = some.into_iter().map(|number| {
                    sum += u64::from(number);
                    sum
                });
                writer.write_all(next.collect()).await;
                if matches!(status, StreamResult::Dropped) {
                    break;
                }
            }
            drop(writer);
            let _ = last.write(sum).await;
        });
        (sums, result)
    }

    async fn ticks(count: u32) -> StreamReader<()> {
        let (mut writer, reader) = wit_stream::new();
        let ticking = spawn_local(async move {
            for _ in 0..count {
                wait_for(MILLISECOND).await;
                writer.write_all(vec![()]).await;
            }
        });
        drop(ticking);
        reader
    }

    async fn measure(text: String) -> Result<u32, String> {
        // A task that is waited for before the call returns.
        let counted = spawn_local(async move {
            wait_for(MILLISECOND).await;
            text.chars().count() as u32
        });
        match counted.await {
            Some(0) => Err("nothing to measure".to_string()),
            Some(count) => Ok(count),
            None => Err("the task has gone".to_string()),
        }
    }
}
