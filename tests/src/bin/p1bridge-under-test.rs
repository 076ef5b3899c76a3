//! The command line of p1bridge, in a place where the suites find it.

fn main() -> std::process::ExitCode {
    p1bridge::cli::main()
}
