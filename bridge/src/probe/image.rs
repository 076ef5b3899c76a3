//! What of a native program is loaded: contents with addresses, pointers, symbols; the same for
//! all formats.

use std::ops::Range;

use anyhow::{Result, bail};

/// One program, library or object file.
pub struct Image<'a> {
    /// The whole file; offsets are those in it.
    pub bytes: &'a [u8],
    /// Where the image is in it.
    range: Range<usize>,
    /// Bytes of tables that may still be read: they overlap in no file of a linker's.
    budget: usize,
    /// For people: `ELF 64-bit x86-64`.
    pub format: String,
    /// Whether it is an object of an archive.
    pub in_archive: bool,
    /// Whether it is linked: a program or a shared library, no object file.
    pub linked: bool,
    /// Whether it carries no symbols of functions of its own.
    pub stripped: bool,
    pub big_endian: bool,
    /// Bytes of a pointer: 4 or 8.
    pub pointer: usize,
    pub regions: Vec<Region>,
    /// Pointers that relocations put in, sorted: the address of the slot, and what it points at.
    pub pointers: Vec<(u64, u64)>,
    /// Of a Mach-O program, whose pointers may be offsets from here, with links of a chain in the
    /// upper bits.
    pub base: Option<u64>,
    /// Where the table that `pointers` are from is, when it is loaded: what is in it are addresses,
    /// but no pointers of the program.
    pub relocations: Range<usize>,
    /// Where the names of symbols are, when they are loaded.
    pub names: Range<usize>,
    /// Those that were asked for.
    pub symbols: Vec<Symbol<'a>>,
}

/// Contents that are loaded. Those of object files have their file offset as address.
pub struct Region {
    pub range: Range<usize>,
    pub address: u64,
    pub code: bool,
}

pub struct Symbol<'a> {
    pub name: &'a [u8],
    /// Where the name is in the file.
    pub offset: usize,
    /// Its address, when it is defined here.
    pub address: Option<u64>,
}

impl<'a> Image<'a> {
    pub fn new(bytes: &'a [u8], range: Range<usize>, format: String, pointer: usize) -> Image<'a> {
        Image {
            bytes,
            budget: range.len(),
            range,
            format,
            in_archive: false,
            linked: true,
            stripped: true,
            big_endian: false,
            pointer,
            regions: Vec::new(),
            pointers: Vec::new(),
            base: None,
            relocations: 0..0,
            names: 0..0,
            symbols: Vec::new(),
        }
    }

    /// Adds what the file has of `start..start + length`, which is loaded at `address`.
    pub fn region(&mut self, start: u64, length: u64, address: u64, code: bool) {
        let end = start.saturating_add(length).min(self.range.end as u64);
        if start < end {
            self.regions.push(Region {
                range: start as usize..end as usize,
                address,
                code,
            });
        }
    }

    /// Whether another table of so many bytes can be one of this file.
    pub fn takes(&mut self, bytes: u64) -> bool {
        match (self.budget as u64).checked_sub(bytes) {
            Some(left) => {
                self.budget = left as usize;
                true
            }
            None => false,
        }
    }

    /// Sorts what look-ups need; to be called once everything is there.
    ///
    /// # Errors
    ///
    /// When the same bytes are loaded over and over.
    pub fn done(mut self) -> Result<Image<'a>> {
        let loaded: u64 = self.regions.iter().map(|one| one.range.len() as u64).sum();
        if loaded > 2 * self.range.len() as u64 {
            bail!("the file is damaged: its sections or segments overlap");
        }
        self.pointers.sort_unstable();
        self.pointers.dedup_by_key(|(slot, _)| *slot);
        self.sort();
        Ok(self)
    }

    /// Sorts the regions; to be called before an address is looked up.
    pub fn sort(&mut self) {
        self.regions.sort_by_key(|region| region.address);
    }

    /// Where in the file the byte with this address is.
    pub fn offset_of(&self, address: u64) -> Option<usize> {
        let after = self
            .regions
            .partition_point(|region| region.address <= address);
        // Regions rarely overlap; where they do, the nearest start is the more precise one.
        let region = self.regions[..after].last()?;
        let within = usize::try_from(address - region.address).ok()?;
        (within < region.range.len()).then(|| region.range.start + within)
    }

    /// What the pointer at this address points at.
    pub fn pointer_at(&self, slot: u64) -> Option<u64> {
        if let Ok(at) = self.pointers.binary_search_by_key(&slot, |(slot, _)| *slot) {
            return Some(self.pointers[at].1);
        }
        self.resolve(self.word(self.offset_of(slot)?)?)
    }

    /// The word of a pointer's size at an offset of the file.
    pub fn word(&self, offset: usize) -> Option<u64> {
        let bytes = self.bytes.get(offset..offset.checked_add(self.pointer)?)?;
        Some(match (bytes, self.big_endian) {
            (&[a, b, c, d], false) => u32::from_le_bytes([a, b, c, d]).into(),
            (&[a, b, c, d], true) => u32::from_be_bytes([a, b, c, d]).into(),
            (eight, false) => u64::from_le_bytes(eight.try_into().ok()?),
            (eight, true) => u64::from_be_bytes(eight.try_into().ok()?),
        })
    }

    /// The address that a word stands for; none when it is nothing that is loaded.
    pub fn resolve(&self, word: u64) -> Option<u64> {
        /// The target of a chained fix-up of Mach-O.
        const TARGET: u64 = (1 << 36) - 1;
        let loaded = |address: &u64| self.offset_of(*address).is_some();
        if word == 0 {
            return None;
        }
        match self.base {
            _ if loaded(&word) => Some(word),
            None => None,
            Some(base) => [word & TARGET, base.wrapping_add(word & TARGET)]
                .into_iter()
                .find(loaded),
        }
    }

    /// The string of C at an offset of the file, at most 4 KiB of it.
    pub fn c_string(&self, offset: usize) -> Option<&'a [u8]> {
        c_string(self.bytes, offset)
    }

    /// Adds a symbol if it is wanted.
    pub fn symbol(&mut self, offset: usize, address: Option<u64>, keep: &dyn Fn(&[u8]) -> bool) {
        if let Some(name) = self.c_string(offset)
            && keep(name)
        {
            self.symbols.push(Symbol {
                name,
                offset,
                address,
            });
        }
    }
}

impl<'a> Image<'a> {
    /// Adds a symbol of at most `longest` bytes, which need not end with a zero, if it is wanted.
    pub fn short_symbol(
        &mut self,
        offset: usize,
        longest: usize,
        address: Option<u64>,
        keep: &dyn Fn(&[u8]) -> bool,
    ) {
        let Some(name) = self.bytes.get(offset..offset.saturating_add(longest)) else {
            return;
        };
        let end = name.iter().position(|byte| *byte == 0);
        let name = &name[..end.unwrap_or(name.len())];
        if keep(name) {
            self.symbols.push(Symbol {
                name,
                offset,
                address,
            });
        }
    }
}

/// The string of C at an offset, at most 4 KiB of it.
pub fn c_string(bytes: &[u8], offset: usize) -> Option<&[u8]> {
    let rest = bytes.get(offset..)?;
    let rest = &rest[..rest.len().min(4096)];
    let end = rest.iter().position(|byte| *byte == 0)?;
    Some(&rest[..end])
}
