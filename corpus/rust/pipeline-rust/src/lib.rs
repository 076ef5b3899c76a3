//! The middle of the pipeline of `plugins/polyglot`: keeps records, sorted, with names in capitals.
#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::corpus::pipeline::records::DataRecord;
use bindings::corpus::pipeline::source;
use bindings::exports::corpus::pipeline::transform::Guest;

struct Transform;
bindings::export!(Transform with_types_in bindings);

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

impl Guest for Transform {
    fn run(least: f64) -> Result<Vec<DataRecord>, String> {
        let mut kept: Vec<DataRecord> = source::read();
        kept.retain(|record| record.value >= least);
        if kept.is_empty() {
            return Err(format!("nothing is at least {least}"));
        }
        kept.sort_by(|a, b| b.value.total_cmp(&a.value));
        for record in &mut kept {
            record.name = record.name.to_uppercase();
            record.tags.sort();
        }
        Ok(kept)
    }
}
