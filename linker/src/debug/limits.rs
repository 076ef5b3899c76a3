//! Refuses sections whose conversion would run away: a few bytes can refer to many, many times.

use std::collections::HashSet;

use anyhow::{Result, bail};
use gimli::{AttributeValue, Dwarf, EndianSlice, LittleEndian, Reader, Section};

use super::guest::{Guest, Slice, is_debug};

/// Deeper than any real nesting of scopes.
const MAX_DEPTH: isize = 1000;

/// How often the sections may be read over, on the whole.
const PASSES: usize = 64;

/// What may still be read.
pub struct Budget(usize);

impl Budget {
    pub fn new(guest: &Guest<'_, '_>) -> Budget {
        let customs = guest.module.customs.iter();
        let size: usize = customs
            .filter(|custom| is_debug(custom.name))
            .map(|custom| custom.bytes.len())
            .sum();
        Budget((1 << 16) + PASSES * size)
    }

    fn spend(&mut self, amount: usize) -> Result<()> {
        match self.0.checked_sub(amount) {
            Some(left) => self.0 = left,
            None => bail!("it is many times as large as its sections"),
        }
        Ok(())
    }
}

/// Walks the tables of abbreviations that units have: those that begin at different places overlap.
///
/// # Errors
///
/// Fails for tables that are many times as large as they look.
pub fn check_abbreviations(dwarf: &Dwarf<Slice<'_>>, budget: &mut Budget) -> Result<()> {
    let mut known = HashSet::new();
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let offset = header.debug_abbrev_offset().0;
        if !known.insert(offset) {
            continue;
        }
        let all = dwarf.debug_abbrev.reader();
        let Some(table) = all.get(offset..) else {
            continue;
        };
        let mut rest = EndianSlice::new(table, LittleEndian);
        while rest.read_uleb128()? != 0 {
            let before = rest.len();
            // The tag, and whether there are children; then names with forms.
            rest.read_uleb128()?;
            rest.read_u8()?;
            loop {
                let (name, form) = (rest.read_uleb128()?, rest.read_uleb128()?);
                if (name, form) == (0, 0) {
                    break;
                }
                if form == u64::from(gimli::DW_FORM_implicit_const.0) {
                    rest.read_sleb128()?;
                }
            }
            budget.spend(1 + before - rest.len())?;
        }
    }
    Ok(())
}

/// Walks all entries, without converting any. Tables of abbreviations that units share have to be
/// in the cache of `dwarf`.
///
/// # Errors
///
/// Fails for sections that are broken, nested too deep or many times as large as they look.
pub fn check(dwarf: &Dwarf<Slice<'_>>, budget: &mut Budget) -> Result<()> {
    let mut spend = |amount| budget.spend(amount);
    // Each unit would have the line table read anew.
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let abbreviations = dwarf.abbreviations(&header)?;
        let mut entries = header.entries_raw(&abbreviations, None)?;
        let mut root = gimli::DebuggingInformationEntry::null();
        if entries.read_entry(&mut root)?
            && let Some(AttributeValue::DebugLineRef(offset)) =
                root.attr_value(gimli::DW_AT_stmt_list)
        {
            let rest = dwarf.debug_line.reader();
            let length = rest.get(offset.0..offset.0 + 4).unwrap_or_default();
            let length = length.try_into().map_or(0, u32::from_le_bytes) as usize;
            spend(length.min(rest.len()))?;
        }
        let unit = dwarf.unit(header)?;
        let unit = unit.unit_ref(dwarf);
        let mut entries = unit.entries_raw(None)?;
        let mut entry = gimli::DebuggingInformationEntry::null();
        while !entries.is_empty() {
            if !entries.read_entry(&mut entry)? {
                continue;
            }
            if entry.depth > MAX_DEPTH {
                bail!("its entries are nested more than {MAX_DEPTH} deep");
            }
            // Attributes whose value is in the abbreviation have no bytes here.
            spend(entry.attrs.len())?;
            for attr in &entry.attrs {
                let value = attr.value();
                if let Some(offset) = unit.attr_locations_offset(value)? {
                    let mut list = unit.raw_locations(offset)?;
                    while list.next()?.is_some() {
                        spend(8)?;
                    }
                }
                if let Some(offset) = unit.attr_ranges_offset(value)? {
                    let mut list = unit.raw_ranges(offset)?;
                    while list.next()?.is_some() {
                        spend(8)?;
                    }
                }
            }
        }
    }
    Ok(())
}
