//! The plugins in `corpus/plugins`: hosts on flat modules print what the component does on wasmtime.

mod inference;
mod parser;
