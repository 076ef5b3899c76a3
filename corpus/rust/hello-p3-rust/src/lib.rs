//! WASI 0.3 in Rust: arguments, streams, clocks, tasks that run beside each other, exit codes.
//!
//! `hello-p3-rust [upper|sleep|race|fail|exit CODE|panic] …`

use futures::join;
use wit_bindgen::StreamResult;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::{environment, exit, stderr, stdin, stdout};
use bindings::wasi::clocks::monotonic_clock;
use bindings::wit_stream;

struct Program;
bindings::export!(Program with_types_in bindings);

const MILLISECOND: u64 = 1_000_000;

async fn write(text: String) {
    let (mut writer, reader) = wit_stream::new();
    let written = stdout::write_via_stream(reader);
    let left = writer.write_all(text.into_bytes()).await;
    assert!(left.is_empty(), "standard output is open");
    drop(writer);
    written.await.expect("standard output is open");
}

impl Guest for Program {
    async fn run() -> Result<(), ()> {
        let args = environment::get_arguments();
        write(format!("hello from WASI 0.3 in Rust, arguments {:?}\n", &args[1..])).await;
        match args.get(1).map(String::as_str) {
            Some("upper") => upper().await,
            Some("sleep") => {
                let before = monotonic_clock::now();
                monotonic_clock::wait_for(20 * MILLISECOND).await;
                assert!(monotonic_clock::now() - before >= 20 * MILLISECOND);
                write("slept\n".into()).await;
            }
            Some("race") => race().await,
            Some("fail") => return Err(()),
            Some("exit") => exit::exit_with_code(args[2].parse().expect("a number")),
            Some("panic") => panic!("as asked"),
            _ => {
                let (mut writer, reader) = wit_stream::new();
                let written = stderr::write_via_stream(reader);
                writer.write_all(b"nothing to do\n".to_vec()).await;
                drop(writer);
                written.await.expect("standard error is open");
            }
        }
        Ok(())
    }
}

/// Copies standard input in capitals, and prints how much it was.
async fn upper() {
    let (mut input, result) = stdin::read_via_stream();
    let mut total = 0;
    loop {
        let (status, bytes) = input.read(Vec::with_capacity(1000)).await;
        total += bytes.len();
        let text = String::from_utf8_lossy(&bytes).to_uppercase();
        if !bytes.is_empty() {
            write(text).await;
        }
        if matches!(status, StreamResult::Dropped) {
            break;
        }
    }
    result.await.expect("standard input can be read");
    write(format!("{total} bytes in all\n")).await;
}

/// Waits for two clocks at once: the shorter one is first.
async fn race() {
    let slow = async {
        monotonic_clock::wait_for(60 * MILLISECOND).await;
        write("slow\n".into()).await;
    };
    let fast = async {
        monotonic_clock::wait_for(10 * MILLISECOND).await;
        write("fast\n".into()).await;
    };
    join!(slow, fast);
}
