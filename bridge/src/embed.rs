//! `embed`: a module in a marked slot, as a source for the build of a firmware.
//!
//! The slot is the one of `runtime-shim/host/p1bridge_slot.h`, so [`retrofit`](crate::retrofit) finds it in the image and
//! replaces the module by any other one up to the room.

use anyhow::{Context, Result, bail};

use crate::host::is_reserved_in_c;
use crate::retrofit::{HEAD, head};
use crate::sniff::{Binary, sniff};
use crate::validate::validate;

/// A module with the head of its slot, and what else there is room for.
#[derive(Clone, Debug)]
pub struct Slot {
    head: Vec<u8>,
    module: Vec<u8>,
    /// The bytes behind the head.
    pub capacity: u32,
}

/// The most bytes of a line of source.
const PER_LINE: usize = 32;

impl Slot {
    /// A slot with `module`, a core module, and room for `reserve` bytes more.
    ///
    /// # Errors
    ///
    /// For what is not a valid core module, and when the slot would have 4 GiB or more.
    pub fn new(module: &[u8], reserve: u32) -> Result<Slot> {
        if sniff(module)? == Binary::Component {
            bail!(
                "this is a component, and a slot is for core modules: `p1bridge flatten` makes one of it"
            );
        }
        validate(module)?;
        let capacity = u32::try_from(module.len() as u64 + u64::from(reserve));
        let capacity = capacity
            .ok()
            .filter(|capacity| capacity.checked_add(HEAD as u32).is_some());
        let capacity = capacity.context("the module and the reserve are 4 GiB or more")?;
        Ok(Slot {
            head: head(capacity, module),
            module: module.to_vec(),
            capacity,
        })
    }

    /// The bytes of the slot, head and all.
    pub fn size(&self) -> u32 {
        HEAD as u32 + self.capacity
    }

    /// The slot as it is in the flash of a device: what is left is erased.
    pub fn binary(&self) -> Vec<u8> {
        let mut bytes = [&self.head[..], &self.module].concat();
        bytes.resize(self.size() as usize, 0xff);
        bytes
    }

    /// A definition in C99, which is C++, too: `const uint8_t SYMBOL[]`. For GCC, Clang, armclang and IAR.
    pub fn c(&self, place: &Place) -> String {
        let Place { symbol, section } = place;
        let (size, about) = (self.size(), self.about());
        let section = match section {
            Some(section) => format!(", section(\"{section}\")"),
            None => String::new(),
        };
        let mut text = format!(
            "/* {about} */
#include <stdint.h>

#ifdef __cplusplus
extern \"C\" {{
#endif
extern const uint8_t {symbol}[{size}];
#ifdef __cplusplus
}}
#endif

__attribute__((used, aligned(8){section})) const uint8_t {symbol}[{size}] = {{
"
        );
        self.lines("    ", "", &mut text);
        text + "};\n"
    }

    /// The same for the assembler of GCC and Clang, which takes it in a tenth of the time; for ELF files.
    pub fn assembler(&self, place: &Place) -> String {
        let symbol = &place.symbol;
        let section = match &place.section {
            Some(section) => section.clone(),
            None => format!(".rodata.{symbol}"),
        };
        let about = self.about();
        let mut text = format!(
            "/* {about} */
#ifndef __ELF__
#error this slot is for ELF files; let p1bridge embed write C instead
#endif
    .section \"{section}\",\"a\",%progbits
    .balign 8
    .globl {symbol}
    .type {symbol}, %object
{symbol}:
"
        );
        self.lines("    .byte ", "\n", &mut text);
        let room = self.capacity as usize - self.module.len();
        text + &format!(
            "    .skip {room}
    .size {symbol}, {}
    .section .note.GNU-stack,\"\",%progbits
",
            self.size()
        )
    }

    fn about(&self) -> String {
        format!(
            "Written by p1bridge embed: a marked slot with a module of {} bytes, and room for {}.",
            self.module.len(),
            self.capacity
        )
    }

    /// The bytes as numbers, in lines that begin with `before`; where they do not end in a comma, with `between`.
    fn lines(&self, before: &str, between: &str, text: &mut String) {
        let bytes = [&self.head[..], &self.module].concat();
        for line in bytes.chunks(PER_LINE) {
            text.push_str(before);
            let numbers: Vec<String> = line.iter().map(u8::to_string).collect();
            text.push_str(&numbers.join(","));
            text.push_str(if between.is_empty() { ",\n" } else { between });
        }
    }
}

/// Where a slot is to be.
#[derive(Clone, Debug)]
pub struct Place {
    symbol: String,
    section: Option<String>,
}

impl Place {
    /// The name of the array, and the section of the object file that it goes to, if not the usual one.
    ///
    /// # Errors
    ///
    /// When one of them cannot be written in C.
    pub fn new(symbol: &str, section: Option<&str>) -> Result<Place> {
        let is_name = symbol.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && symbol
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name || is_reserved_in_c(symbol) {
            bail!("{symbol:?} is no name for an array in C and C++");
        }
        let fits = |name: &str| {
            !name.is_empty()
                && name.chars().all(|c| c.is_ascii_graphic())
                && !name.contains(['"', '\\'])
        };
        if let Some(section) = section
            && !fits(section)
        {
            bail!("{section:?} is no name for a section");
        }
        Ok(Place {
            symbol: symbol.to_string(),
            section: section.map(str::to_string),
        })
    }

    /// A header that declares the array and has what reads it.
    pub fn header(&self) -> String {
        let symbol = &self.symbol;
        format!(
            "/* Written by p1bridge embed: `p1b_slot_module({symbol}, &length)` is the module. */
#ifndef P1B_SLOT_OF_{symbol}
#define P1B_SLOT_OF_{symbol}

#include \"p1bridge_slot.h\"

#ifdef __cplusplus
extern \"C\" {{
#endif
extern const uint8_t {symbol}[];
#ifdef __cplusplus
}}
#endif

#endif
"
        )
    }
}
