//! Uses the words of `linked/words.wit`, as `linked/user-c` does: a Preview 1 program with the standard
//! library.

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

include!("tour.rs");

fn main() -> std::process::ExitCode {
    tour(&mut |line| println!("{line}"));
    // What only Preview 1 gives a program: its arguments, and an exit code of its own.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    for argument in &arguments {
        println!("argument {argument}");
    }
    match arguments.len() {
        0 => std::process::ExitCode::SUCCESS,
        count => std::process::ExitCode::from(41 + count as u8),
    }
}
