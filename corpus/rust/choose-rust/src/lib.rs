//! Passes on some of the records of a stream, and tells at the end how many they were, with a future.

use wit_bindgen::{FutureReader, StreamReader, spawn_local};

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::corpus::flows::goods::{self, Item};
use bindings::exports::corpus::flows::chosen::Guest;
use bindings::{wit_future, wit_stream};

struct Program;
bindings::export!(Program with_types_in bindings);

impl Guest for Program {
    async fn choose(
        count: u32,
        least: u32,
    ) -> (StreamReader<Item>, FutureReader<Result<u32, String>>) {
        let (mut writer, reader) = wit_stream::new();
        let (result, how_many) = wit_future::new(|| Err("not reached".to_string()));
        let mut items = goods::all(count).await;
        spawn_local(async move {
            let mut passed = 0;
            while let Some(mut item) = items.next().await {
                if item.size < least {
                    continue;
                }
                item.name = item.name.to_uppercase();
                item.tags.reverse();
                item.tags.push(format!("number {passed}"));
                if writer.write_one(item).await.is_some() {
                    let text = format!("the reader went after {passed}");
                    let _ = result.write(Err(text)).await;
                    return;
                }
                passed += 1;
            }
            drop(writer);
            let _ = result.write(Ok(passed)).await;
        });
        (reader, how_many)
    }
}
