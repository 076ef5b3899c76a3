//! The outermost layer of a component that was just encoded.

use std::ops::Range;

use anyhow::{Result, bail};
use wasmparser::{Chunk, Parser, Payload};

use crate::validate::located;

/// Gives `look` what is in the outermost layer of `component`, each with the bytes of the section that it is; those of a module or
/// a component inside are all that is given of it.
///
/// # Errors
///
/// When the component is malformed, and those of `look`.
pub fn each<'a>(
    component: &'a [u8],
    mut look: impl FnMut(Payload<'a>, &'a [u8]) -> Result<()>,
) -> Result<()> {
    let mut parser = Parser::new(0);
    let mut rest = component;
    loop {
        let (consumed, payload) = match parser.parse(rest, true).map_err(located)? {
            Chunk::Parsed { consumed, payload } => (consumed, payload),
            Chunk::NeedMoreData(_) => bail!("the encoded component is cut off, which is a bug"),
        };
        rest = &rest[consumed..];
        let content = match &payload {
            // What is nested is stepped over.
            Payload::ModuleSection {
                unchecked_range, ..
            }
            | Payload::ComponentSection {
                unchecked_range, ..
            } => {
                let (inside, after) = rest.split_at(length(unchecked_range));
                rest = after;
                inside
            }
            Payload::End(_) => return Ok(()),
            other => match other.as_section() {
                Some((_, range)) => &component[range.start as usize..range.end as usize],
                None => &[],
            },
        };
        look(payload, content)?;
    }
}

/// Of something inside a slice, so it fits.
fn length(range: &Range<u64>) -> usize {
    (range.end - range.start) as usize
}
