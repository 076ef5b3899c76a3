//! The command line and the library of p1bridge, a file for each command.

mod bad_input;
#[cfg(feature = "run")]
mod cgi;
mod cli;
mod common;
mod flatten;
mod host;
mod inspect;
mod ld;
mod link;
mod lower;
mod retrofit;
mod retrofit_formats;
mod room;
#[cfg(feature = "run")]
mod run;
mod schemas;
mod wrap;
