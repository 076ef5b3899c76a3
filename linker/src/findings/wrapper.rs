//! The functions of hosts that do not do what Preview 1 says: calls of them go through wrappers.

use wasm_encoder::{FuncType, ValType};

use crate::preview1;
use crate::profile::Quirks;

/// A function of Preview 1 that is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wrapper {
    FdFilestatGet,
    PathFilestatGet,
    FdRenumber,
    PathOpen,
    PollOneoff,
}

impl Wrapper {
    /// The wrapper that calls of `function` go through on a host with these quirks.
    pub fn of(function: &str, quirks: Quirks) -> Option<Wrapper> {
        let (wrapper, wanted) = match function {
            "fd_filestat_get" => (Wrapper::FdFilestatGet, quirks.filestat_56),
            "path_filestat_get" => (Wrapper::PathFilestatGet, quirks.filestat_56),
            "fd_renumber" => (Wrapper::FdRenumber, quirks.renumber_self_crashes),
            "path_open" => (Wrapper::PathOpen, quirks.rights_within_parent),
            "poll_oneoff" => (Wrapper::PollOneoff, quirks.poll()),
            _ => return None,
        };
        wanted.then_some(wrapper)
    }

    /// The function that is wrapped.
    pub fn function(self) -> &'static str {
        match self {
            Wrapper::FdFilestatGet => "fd_filestat_get",
            Wrapper::PathFilestatGet => "path_filestat_get",
            Wrapper::FdRenumber => "fd_renumber",
            Wrapper::PathOpen => "path_open",
            Wrapper::PollOneoff => "poll_oneoff",
        }
    }

    /// What the host does otherwise.
    pub fn why(self) -> &'static str {
        match self {
            Wrapper::FdFilestatGet | Wrapper::PathFilestatGet => {
                "the host writes the 56-byte filestat of wasi_unstable, so sizes are wrong"
            }
            Wrapper::FdRenumber => "a descriptor that is renumbered to itself crashes the host",
            Wrapper::PathOpen => "the host refuses rights that the directory does not pass on",
            Wrapper::PollOneoff => {
                "the host takes one relative clock at most, or the subscriptions of wasi_unstable: \
                 sleeping fails or never ends"
            }
        }
    }

    /// What else of the host the wrapper calls.
    pub fn also_calls(self, quirks: Quirks) -> &'static [&'static str] {
        match self {
            Wrapper::FdFilestatGet | Wrapper::PathFilestatGet => &[],
            Wrapper::FdRenumber => &["fd_advise"],
            Wrapper::PathOpen => &["fd_fdstat_get"],
            Wrapper::PollOneoff if quirks.one_relative_clock => &["clock_time_get"],
            Wrapper::PollOneoff => &[],
        }
    }

    pub fn ty(self) -> FuncType {
        let ty = preview1::signature(self.function()).expect("a function of Preview 1");
        let plain = |types: &[wasmparser::ValType]| -> Vec<ValType> {
            types
                .iter()
                .map(|ty| match ty {
                    wasmparser::ValType::I64 => ValType::I64,
                    _ => ValType::I32,
                })
                .collect()
        };
        FuncType::new(plain(ty.params()), plain(ty.results()))
    }
}
