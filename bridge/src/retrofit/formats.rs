//! The formats, one module each.

mod esp;
mod hex;
mod mcuboot;
mod text;

use super::container::Format;

/// All of them; the first that knows a file has it.
pub const FORMATS: &[&dyn Format] = &[&mcuboot::Mcuboot, &esp::App, &esp::Flash, &hex::IntelHex];
