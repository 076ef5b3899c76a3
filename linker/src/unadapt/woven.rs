//! Components that `wrap` has made: the functions of Preview 1 that are woven into the program become imports again.
//!
//! A custom section of the component names them: which of its core modules is the program, and which functions of it are
//! those of Preview 1.

use anyhow::{Context, Result, bail};

use crate::preview1;

/// The custom section.
pub const NAME: &str = "p1bridge.wrap";

/// The first byte of its content.
const VERSION: u8 = 1;
/// The bit of a function's number that says that it is of the preview before.
const UNSTABLE: u8 = 0x80;

/// What the section says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Woven {
    /// The core module that is the program, by its place in the component.
    pub main: u32,
    /// Module and name of what is Preview 1, and its index in the program.
    pub functions: Vec<(&'static str, &'static str, u32)>,
}

/// Writes the section.
///
/// # Errors
///
/// When one of the functions is not known.
pub fn encode(main: u32, functions: &[(String, String, u32)]) -> Result<Vec<u8>> {
    let mut bytes = vec![VERSION];
    leb(&mut bytes, main);
    leb(&mut bytes, functions.len() as u32);
    for (module, name, index) in functions {
        let number = preview1::number(name);
        let number = number.with_context(|| format!("Preview 1 has no function {name}"))?;
        let before = if module == preview1::UNSTABLE {
            UNSTABLE
        } else {
            0
        };
        bytes.push(number | before);
        leb(&mut bytes, *index);
    }
    Ok(bytes)
}

/// Reads the section.
///
/// # Errors
///
/// When another version has written it, or it is broken.
pub fn decode(bytes: &[u8]) -> Result<Woven> {
    let mut rest = bytes;
    match byte(&mut rest)? {
        VERSION => {}
        version => {
            bail!("version {version} is not known: it was made by another release of p1bridge")
        }
    }
    let main = unleb(&mut rest)?;
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
    Ok(Woven { main, functions })
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
    use super::{decode, encode};

    #[test]
    fn what_is_written_is_read() {
        let functions = [
            (
                "wasi_snapshot_preview1".to_string(),
                "fd_write".to_string(),
                300,
            ),
            ("wasi_unstable".to_string(), "fd_seek".to_string(), 1),
            (
                "wasi_snapshot_preview1".to_string(),
                "sock_open".to_string(),
                70_000,
            ),
        ];
        let bytes = encode(2, &functions).unwrap();
        let read = decode(&bytes).unwrap();
        assert_eq!(read.main, 2);
        let read: Vec<_> = { read.functions.iter() }
            .map(|(module, name, index)| (module.to_string(), name.to_string(), *index))
            .collect();
        assert_eq!(read, functions);
        assert!((0..bytes.len()).all(|end| decode(&bytes[..end]).is_err()));
    }
}
