fn main() -> std::process::ExitCode {
    p1bridge::cli::ld::main(std::env::args_os())
}
