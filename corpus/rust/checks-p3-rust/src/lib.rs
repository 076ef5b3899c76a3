//! Checks of WASI 0.3, function by function: each prints one line, `NAME: WHAT IT SAW`, and judges
//! nothing. A name begins with the function, as in `descriptor.open-at missing`. The suite `wasi_checks`
//! compares the lines between hosts, and wants one for each function.
//!
//! The first argument names a group; the others are the group's own.

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}
mod at;
mod cli;
mod clocks;
mod faults;
mod files;
mod listing;
mod say;
mod streams;

use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::environment::get_arguments;

struct Program;
bindings::export!(Program with_types_in bindings);

impl Guest for Program {
    async fn run() -> Result<(), ()> {
        let arguments = get_arguments();
        let group = arguments.get(1).map_or("", String::as_str);
        let rest: Vec<&str> = arguments.iter().skip(2).map(String::as_str).collect();
        match group {
            "cli" => cli::all(&rest).await,
            "exit" => return cli::leave(&rest).await,
            "clocks" => clocks::all().await,
            "streams" => streams::all().await,
            "files" => files::all().await,
            "at" => at::all().await,
            "listing" => listing::all().await,
            "fault" => faults::one(rest[0]).await,
            other => {
                say::line("group", format!("there is no {other:?}")).await;
                return Err(());
            }
        }
        say::line("end", "reached").await;
        Ok(())
    }
}
