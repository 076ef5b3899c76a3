//! Async imports: streams that are written and read at the same time, and calls that wait beside each other.

use futures::future::join_all;
use futures::join;
use wit_bindgen::{StreamWriter, spawn_local};

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::corpus::flows::workshop::{embroider, measure, sum, ticks};
use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::{environment, stdout};
use bindings::wit_stream;

struct Program;
bindings::export!(Program with_types_in bindings);

async fn say(out: &mut StreamWriter<u8>, text: String) {
    let left = out.write_all(text.into_bytes()).await;
    assert!(left.is_empty(), "standard output is open");
}

async fn words(out: &mut StreamWriter<u8>) {
    let (mut writer, reader) = wit_stream::new();
    let mut longer = embroider(reader).await;
    spawn_local(async move {
        for word in ["one", "zwei", "größer", "☃", ""] {
            let left = writer.write_one(word.to_string()).await;
            assert!(left.is_none(), "somebody reads");
        }
    });
    while let Some(word) = longer.next().await {
        say(out, format!("{word}\n")).await;
    }
}

async fn numbers(out: &mut StreamWriter<u8>) {
    let (mut writer, reader) = wit_stream::new();
    let (mut sums, last) = sum(reader).await;
    let written = async {
        for numbers in [1..5, 5..5, 5..101] {
            let left = writer.write_all(numbers.collect()).await;
            assert!(left.is_empty(), "all are summed");
        }
        drop(writer);
    };
    let ((), all) = join!(written, async {
        let mut all = Vec::new();
        while let Some(sum) = sums.next().await {
            all.push(sum);
        }
        all
    });
    say(
        out,
        format!(
            "{} sums, {:?} first, the last {:?}\n",
            all.len(),
            &all[..5],
            all.last()
        ),
    )
    .await;
    say(out, format!("told at the end: {}\n", last.await)).await;
}

async fn others(out: &mut StreamWriter<u8>) {
    // One by one, some would be lost: a read of nothing takes as many elements as there are.
    let count = ticks(7).await.collect().await.len();
    say(out, format!("{count} ticks\n")).await;
    // One that is not listened to.
    drop(ticks(3).await);
    let texts = ["four", "größer", "", "☃☃"].map(|text| measure(text.to_string()));
    for length in join_all(texts).await {
        say(out, format!("{length:?}\n")).await;
    }
}

impl Guest for Program {
    async fn run() -> Result<(), ()> {
        let (mut out, reader) = wit_stream::new();
        let written = stdout::write_via_stream(reader);
        match environment::get_arguments().get(1).map(String::as_str) {
            Some("words") => words(&mut out).await,
            Some("numbers") => numbers(&mut out).await,
            _ => others(&mut out).await,
        }
        drop(out);
        written.await.map_err(drop)
    }
}
