//! The functions of hosts that do not do what Preview 1 says: calls of them go through wrappers.

use wasm_encoder::{FuncType, ValType};

use super::survey::used_imports;
use crate::parse::module::Module;
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

    /// Whether it works on the memory of the module.
    pub fn needs_memory(self, quirks: Quirks) -> bool {
        match self {
            Wrapper::FdFilestatGet | Wrapper::PathFilestatGet | Wrapper::PathOpen => true,
            Wrapper::FdRenumber => false,
            Wrapper::PollOneoff => quirks.needs_scratch("poll_oneoff"),
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

/// The functions of Preview 1 that a module imports and refers to, with the type that they have there:
/// no others are wrapped.
pub fn called<'a>(module: &Module<'a>) -> Vec<&'a str> {
    let used = used_imports(module);
    (0..module.imported_func_count())
        .filter(|&func| used[func as usize])
        .filter_map(|func| of_preview1(module, func))
        .collect()
}

/// The name of an imported function that is one of Preview 1, by its type too.
pub fn of_preview1<'a>(module: &Module<'a>, func: u32) -> Option<&'a str> {
    let import = &module.imports[module.imported_funcs[func as usize]];
    let known = (import.module == preview1::MODULE)
        .then(|| preview1::signature(import.name))
        .flatten()?;
    (known == *module.func_type(func)).then_some(import.name)
}
