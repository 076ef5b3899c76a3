//! `wasi:cli`: environment, exit, the standard streams and terminals.

use p1bridge_shim::Out;

use crate::cli;
use crate::tasks::{self, host_sink, kind};

provides! {
    "wasi:cli/environment@0.3#get-environment"
    fn get_environment(state, out: u32) {
        cli::get_environment(out);
    }

    "wasi:cli/environment@0.3#get-arguments"
    fn get_arguments(state, out: u32) {
        cli::get_arguments(out);
    }

    "wasi:cli/environment@0.3#get-initial-cwd"
    fn get_initial_cwd(state, out: u32) {
        cli::initial_cwd(out);
    }

    "wasi:cli/exit@0.3#exit"
    fn exit(state, status: u32) {
        cli::exit(status);
    }

    "wasi:cli/exit@0.3#exit-with-code"
    fn exit_with_code(state, code: u32) {
        cli::exit_with_code(code);
    }

    "wasi:cli/stdin@0.3#read-via-stream"
    fn stdin(state, out: u32) {
        tasks::source(Out::new(out, 8, 4), kind::INPUT, 0, 0);
    }

    "wasi:cli/stdout@0.3#write-via-stream"
    fn stdout(state, data: u32) -> u32 {
        host_sink(data, kind::OUTPUT, 1, 0)
    }

    "wasi:cli/stderr@0.3#write-via-stream"
    fn stderr(state, data: u32) -> u32 {
        host_sink(data, kind::OUTPUT, 2, 0)
    }

    "wasi:cli/terminal-stdin@0.3#get-terminal-stdin"
    fn get_terminal_stdin(state, out: u32) {
        cli::get_terminal_stdin(out);
    }

    "wasi:cli/terminal-stdout@0.3#get-terminal-stdout"
    fn get_terminal_stdout(state, out: u32) {
        cli::get_terminal_stdout(out);
    }

    "wasi:cli/terminal-stderr@0.3#get-terminal-stderr"
    fn get_terminal_stderr(state, out: u32) {
        cli::get_terminal_stderr(out);
    }

    "wasi:cli/terminal-input@0.3#[resource-drop]terminal-input"
    fn drop_terminal_input(state, handle: u32) {
        cli::drop_terminal_input(handle);
    }

    "wasi:cli/terminal-output@0.3#[resource-drop]terminal-output"
    fn drop_terminal_output(state, handle: u32) {
        cli::drop_terminal_output(handle);
    }
}
