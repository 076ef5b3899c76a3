//! What says of a component how it was made, so that `flatten` finds the program in it.

use std::borrow::Cow;

use anyhow::Result;
use p1bridge_linker::unadapt::woven::{NAME, encode};
use p1bridge_linker::weave::Upward;
use wasm_encoder::CustomSection;

/// The section for a component with the program in its core module `main`.
pub fn section(main: u32, woven: &Upward) -> Result<CustomSection<'static>> {
    Ok(CustomSection {
        name: Cow::Borrowed(NAME),
        data: Cow::Owned(encode(main, &woven.functions)?),
    })
}
