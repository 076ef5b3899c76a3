fn main() -> std::process::ExitCode {
    p1bridge::cli::main()
}
