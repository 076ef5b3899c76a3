//! What `wrap` and the linker say to each other. The names by which a library that does Preview 1 with WASI of components gets
//! at what the component around it has; and what is said of the component when it is made: which of its core modules is the
//! program, and which functions of it are those of Preview 1. A custom section of the component has that.

use anyhow::{Context, Result, bail};

use crate::preview1;

/// The module name of what is done to the memory of the program where the host puts something there.
pub const MEMORY: &str = "p1bridge:memory";
/// The module name of what gets at a memory of the library's own.
pub const STATE: &str = "p1bridge:state";
/// How module names begin of functions that the library has lowered: on the memory of the program, and on its own.
pub const ON_PROGRAM: &str = "own ";
pub const ON_STATE: &str = "state ";

/// The module name of functions that belong to no interface: what is done with waitables.
pub const ROOT: &str = "$root";

/// How the name begins of what a library exports to be called when the program has returned. A function of Preview 1 is behind
/// it: it is there in programs that import that.
pub const AT_END: &str = "at-end ";
/// What that is exported as by a program that has it.
pub const ENDING: &str = "p1bridge:at-end";

/// What weak imports and constants ask about, beside names of functions of Preview 1: whether the program can have
/// descriptors that are not standard streams, or cannot; whether exit codes pass, or only whether there was an error; whether the
/// host can be within the program's `cabi_realloc`; whether something is called when the program has returned; whether the host
/// is one of `wasi:http/proxy`, which has no files, no arguments and no terminals.
pub const FILES: &str = "files";
pub const NO_FILES: &str = "no_files";
pub const EXIT_CODES: &str = "exit_codes";
pub const NO_EXIT_CODES: &str = "no_exit_codes";
pub const INSIDE: &str = "inside";
pub const ENDS: &str = "ends";
pub const PROXY: &str = "proxy";

/// How names begin of what a library has in place of functions of Preview 1 for such hosts.
pub const WITHOUT: &str = "without#";

/// What the program imports its memory as, from a module of the component that has nothing else for it. Names of functions
/// that it imports are letters.
pub const PROGRAM_MEMORY: &str = "0";

/// What calls the program's `cabi_realloc` by way of a table, in the same module.
pub const PROGRAM_REALLOC: &str = "p";

/// The custom section.
pub const SECTION: &str = "p1bridge.wrap";

/// The first byte of its content.
const VERSION: u8 = 1;
/// The bit of a function's number that says that it is of the preview before.
const UNSTABLE: u8 = 0x80;

/// What the section says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Woven {
    /// The core module that is the program, by its place in the component.
    pub main: u32,
    /// A hash of that module: what another tool has changed is not taken apart.
    pub hash: u64,
    /// What `wasi:cli/run` calls.
    pub start: Option<u32>,
    /// How many of its functions and globals it had before: the first of those that it defines.
    pub own_functions: u32,
    pub own_globals: u32,
    /// Module and name of what is Preview 1, and its index in the program.
    pub functions: Vec<(&'static str, &'static str, u32)>,
}

impl Woven {
    /// What is to be said of a component whose core module `main` has this [`hash`]. `functions` are module, name and index of
    /// what is Preview 1 in it.
    ///
    /// # Errors
    ///
    /// When one of the functions is not known.
    pub fn new(
        main: u32,
        hash: u64,
        start: Option<u32>,
        (own_functions, own_globals): (u32, u32),
        functions: &[(String, String, u32)],
    ) -> Result<Woven> {
        let functions = functions.iter().map(|(module, name, index)| {
            let known = preview1::number(name).and_then(preview1::numbered);
            let known = known.with_context(|| format!("Preview 1 has no function {name}"))?;
            let module = match &**module {
                preview1::UNSTABLE => preview1::UNSTABLE,
                _ => preview1::MODULE,
            };
            Ok((module, known, *index))
        });
        Ok(Woven {
            main,
            hash,
            start,
            own_functions,
            own_globals,
            functions: functions.collect::<Result<_>>()?,
        })
    }

    /// Writes the section.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        leb(&mut bytes, self.main);
        bytes.extend_from_slice(&self.hash.to_le_bytes());
        leb(&mut bytes, self.start.map_or(0, |start| start + 1));
        leb(&mut bytes, self.own_functions);
        leb(&mut bytes, self.own_globals);
        leb(&mut bytes, self.functions.len() as u32);
        for (module, name, index) in &self.functions {
            let before = match *module {
                preview1::UNSTABLE => UNSTABLE,
                _ => 0,
            };
            bytes.push(before | preview1::number(name).unwrap_or_default());
            leb(&mut bytes, *index);
        }
        bytes
    }

    /// Reads the section.
    ///
    /// # Errors
    ///
    /// When another version has written it, or it is broken.
    pub fn decode(bytes: &[u8]) -> Result<Woven> {
        let mut rest = bytes;
        let version = byte(&mut rest)?;
        if version != VERSION {
            bail!("its version {version} is not known");
        }
        let main = unleb(&mut rest)?;
        let (hash, mut rest) = rest.split_first_chunk().context("it ends too early")?;
        let start = unleb(&mut rest)?.checked_sub(1);
        let own_functions = unleb(&mut rest)?;
        let own_globals = unleb(&mut rest)?;
        let count = unleb(&mut rest)?;
        let mut functions = Vec::new();
        for _ in 0..count {
            let number = byte(&mut rest)?;
            let name = preview1::numbered(number & !UNSTABLE);
            let name = name.with_context(|| format!("function {number} is not known"))?;
            let module = match number & UNSTABLE {
                0 => preview1::MODULE,
                _ => preview1::UNSTABLE,
            };
            functions.push((module, name, unleb(&mut rest)?));
        }
        if !rest.is_empty() {
            bail!("{} bytes too many", rest.len());
        }
        Ok(Woven {
            main,
            hash: u64::from_le_bytes(*hash),
            start,
            own_functions,
            own_globals,
            functions,
        })
    }
}

/// 64 bits of the bytes of all parts, wherever one ends: a change that nobody makes on purpose gives others.
pub fn hash<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> u64 {
    const WORD: usize = 8;
    // Odd numbers of many bits.
    const FIRST: u64 = 0xcbf2_9ce4_8422_2325;
    const TIMES: u64 = 0x9e37_79b9_7f4a_7c15;
    let add = |hash: u64, word: [u8; WORD]| {
        let product = u128::from(hash ^ u64::from_le_bytes(word)) * u128::from(TIMES);
        product as u64 ^ (product >> 64) as u64
    };
    let (mut hash, mut bytes) = (FIRST, 0);
    // The bytes of a word that has none of the next part yet.
    let (mut begun, mut length) = ([0; WORD], 0);
    for part in parts {
        let mut part = part.as_ref();
        bytes += part.len() as u64;
        if length > 0 {
            let (rest, after) = part.split_at(part.len().min(WORD - length));
            begun[length..length + rest.len()].copy_from_slice(rest);
            (length, part) = (length + rest.len(), after);
            if length < WORD {
                continue;
            }
            hash = add(hash, begun);
        }
        let (words, rest) = part.as_chunks();
        hash = words.iter().fold(hash, |hash, word| add(hash, *word));
        begun = [0; WORD];
        begun[..rest.len()].copy_from_slice(rest);
        length = rest.len();
    }
    add(add(hash, begun), bytes.to_le_bytes())
}

fn leb(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn byte(rest: &mut &[u8]) -> Result<u8> {
    let (first, after) = rest.split_first().context("it ends too early")?;
    *rest = after;
    Ok(*first)
}

fn unleb(rest: &mut &[u8]) -> Result<u32> {
    let mut value = 0u64;
    for shift in (0..35).step_by(7) {
        let next = byte(rest)?;
        value |= u64::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return u32::try_from(value).context("a number is too large");
        }
    }
    bail!("a number is too long")
}

#[cfg(test)]
mod tests {
    use super::{Woven, hash};

    #[test]
    fn a_hash_is_of_the_bytes_and_not_of_the_parts() {
        let bytes: Vec<u8> = (0..41).collect();
        let whole = hash([&bytes]);
        for first in 0..bytes.len() {
            for second in first..bytes.len() {
                let parts = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(hash(parts), whole, "{first} {second}");
            }
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[first] ^= 1 << bit;
                assert_ne!(hash([&other]), whole, "bit {bit} of {first}");
            }
            assert_ne!(hash([&bytes[..first]]), whole);
        }
        assert_ne!(hash([&[0; 8]]), hash([&[0; 9]]));
    }

    #[test]
    fn what_is_written_is_read() {
        let function = |module: &str, name: &str, index| (module.into(), name.into(), index);
        let functions = [
            function("wasi_snapshot_preview1", "fd_write", 300),
            function("wasi_unstable", "fd_seek", 1),
            function("wasi_snapshot_preview1", "sock_open", 70_000),
        ];
        let woven = Woven::new(2, 0x0123_4567_89ab_cdef, Some(0), (5, 6), &functions).unwrap();
        let bytes = woven.encode();
        assert_eq!(Woven::decode(&bytes).unwrap(), woven);
        assert!((0..bytes.len()).all(|end| Woven::decode(&bytes[..end]).is_err()));
        assert!(
            Woven::new(
                2,
                0x0123_4567_89ab_cdef,
                None,
                (0, 0),
                &[function("x", "fd_none", 0)]
            )
            .is_err()
        );
    }
}
