//! Where addresses of a program go when what lies below the end of its stack, and what lies above, move.

use anyhow::{Result, bail};

use super::image::{Global, Image, number, write};
use super::sites::{Form, Site, address};
use super::symbols::{Symbol, Symbols};
use crate::memory::layout::PAGE;

/// What moves. Differences wrap.
pub struct Move {
    /// Where the stack ends.
    pub high: u32,
    /// Where it ends afterwards.
    pub top: u32,
    /// What is added to addresses below that.
    pub below: u32,
    /// What is added to all others.
    pub above: u32,
    /// The pages that the program starts with afterwards; none where it must not ask for them.
    pub pages: Option<u32>,
}

/// The names that `wasm-ld` gives to addresses of its own.
fn is_known(name: &str) -> bool {
    [
        "__heap_base",
        "__heap_end",
        "__data_end",
        "__global_base",
        "__stack_high",
        "__stack_low",
        "__dso_handle",
    ]
    .contains(&name)
}

impl Move {
    /// What is added to an address of data.
    pub fn delta(&self, address: u32) -> u32 {
        match address < self.high {
            true => self.below,
            false => self.above,
        }
    }

    /// Where one of the linker's own addresses will be.
    fn absolute(&self, name: &str, address: u32) -> Result<u32> {
        let moved = address.wrapping_add(self.delta(address));
        match (name, self.pages) {
            ("__stack_high", _) if address == self.high => Ok(self.top),
            // Where the memory ends at the start, which is the end of a page.
            ("__heap_end", Some(pages)) if pages <= address / PAGE => Ok(pages * PAGE),
            ("__heap_end", None) => bail!("it has the address of the end of its memory"),
            // Below, nothing but the stack has a name.
            _ if address < self.high && self.below == 0 => Ok(address),
            ("__heap_end", _) => bail!("the address {name:?} of the linker is not known"),
            _ if is_known(name) => Ok(moved),
            _ => bail!("the address {name:?} of the linker is not known"),
        }
    }

    /// Writes what will be at all sites; nothing if that of one of them is not known.
    pub fn apply(
        &self,
        wasm: &mut [u8],
        image: &Image,
        symbols: &Symbols<'_>,
        sites: &[Site],
    ) -> Result<()> {
        let mut values = Vec::with_capacity(sites.len());
        for site in sites {
            let moved = match &symbols.all[site.symbol] {
                Symbol::Absolute { name, address, .. } => {
                    self.absolute(name, *address)?.wrapping_sub(*address)
                }
                // Nothing is there, and nothing must come there.
                Symbol::Undefined => 0,
                symbol => address(symbol, image).map_or(0, |address| self.delta(address)),
            };
            values.push(site.value.wrapping_add(moved));
        }
        for (site, value) in sites.iter().zip(values) {
            match site.form {
                Form::Leb => write(wasm, &site.at, value, false),
                Form::SignedLeb => write(wasm, &site.at, value, true),
                Form::FourBytes => wasm[site.at.clone()].copy_from_slice(&value.to_le_bytes()),
            }
        }
        Ok(())
    }

    /// Writes where the addresses that the linker has made up have moved to, none of which is larger than it was,
    /// among the symbols: the program can be moved once more.
    pub fn rename(&self, wasm: &mut [u8], symbols: &Symbols<'_>) -> Result<()> {
        for symbol in &symbols.all {
            if let Symbol::Absolute { name, address, at } = symbol
                && let Ok(to) = self.absolute(name, *address)
            {
                write(wasm, &number(wasm, *at, false)?.at, to, false);
            }
        }
        Ok(())
    }

    /// The globals that are addresses, and what they will be.
    pub fn globals<'i>(
        &self,
        image: &'i Image,
        symbols: &Symbols<'_>,
        pointer: &Global,
    ) -> Result<Vec<(&'i Global, u32)>> {
        let pages = image.pages.as_ref().map_or(0, |pages| pages.value);
        let mut moved = Vec::new();
        for global in &image.globals {
            let value = global.initial.value;
            let mut names = image.exported.iter();
            let exported = names.find(|(index, _)| *index == global.index);
            let to = match exported {
                _ if global.index == pointer.index => self.top,
                Some((_, name)) if is_known(name) => self.absolute(name, value)?,
                _ if symbols.of_thread.contains(&global.index) => match value {
                    // It has none.
                    0 => continue,
                    _ => value.wrapping_add(self.delta(value)),
                },
                _ if self.delta(value) == 0 || value > pages.saturating_mul(PAGE) => continue,
                _ if value < image.lowest_data().min(self.high) => continue,
                _ => bail!(
                    "global {} may be an address, of which nothing is known",
                    global.index
                ),
            };
            moved.push((global, to));
        }
        Ok(moved)
    }
}
