//! Letters as a stream: a spawned task writes them after the stream was given.

use wit_bindgen::{StreamReader, spawn_local};

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::corpus::flows::letters::Guest;
use bindings::wit_stream;

struct Program;
bindings::export!(Program with_types_in bindings);

/// A line is so long, with its end.
const LINE: u32 = 64;

fn letter(from: u32, at: u32) -> u8 {
    match at % LINE {
        last if last == LINE - 1 => b'\n',
        place => b'a' + ((place + from + at / LINE) % 26) as u8,
    }
}

impl Guest for Program {
    async fn spell(from: u32, size: u32) -> StreamReader<u8> {
        let (mut writer, reader) = wit_stream::new();
        spawn_local(async move {
            let mut at = 0;
            while at < size {
                // Pieces of different sizes.
                let end = size.min(at + 1 + at % 777);
                let piece = (at..end).map(|at| letter(from, at)).collect();
                if !writer.write_all(piece).await.is_empty() {
                    // The reader has gone.
                    return;
                }
                at = end;
            }
        });
        reader
    }
}
