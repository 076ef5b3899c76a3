//! Checks of WASI 0.2, function by function: each prints one line, `NAME: WHAT IT SAW`, and judges
//! nothing. The suite `wasi_checks` compares the lines between hosts.
//!
//! The first argument names a group; the others are the group's own. `sNN-` in a name is a scenario
//! that the suite knows by its number.

#[path = "../../arena.rs"]
mod arena;
mod bindings {
    include!(env!("GUEST_BINDINGS"));
}
mod cli;
mod clocks;
mod faults;
mod files;
mod listing;
mod names;
mod opening;
mod polls;
mod say;
mod streams;
mod traps;

use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::environment::get_arguments;

struct Program;
bindings::export!(Program with_types_in bindings);

impl Guest for Program {
    fn run() -> Result<(), ()> {
        let arguments = get_arguments();
        let group = arguments.get(1).map_or("", String::as_str);
        let rest: Vec<&str> = arguments.iter().skip(2).map(String::as_str).collect();
        match group {
            "cli" => cli::all(&rest),
            "exit" => return cli::leave(&rest),
            "clocks" => clocks::all(),
            "polls" => polls::all(),
            "stdin" => polls::idle_stdin(),
            "eof" => streams::at_the_end(),
            "streams" => streams::all(),
            "opening" => opening::all(),
            "files" => files::all(),
            "listing" => listing::all(),
            "names" => names::all(),
            "trap" => traps::one(rest[0]),
            "fault" => faults::one(rest[0]),
            other => {
                say::line("group", format!("there is no {other:?}"));
                return Err(());
            }
        }
        say::line("end", "reached");
        Ok(())
    }
}
