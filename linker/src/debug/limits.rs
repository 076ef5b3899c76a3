//! Refuses sections whose conversion would run away: a few bytes can refer to many, many times.

use anyhow::{Result, bail};
use gimli::{AttributeValue, Dwarf, Section};

use super::guest::{Guest, Slice, is_debug};

/// Deeper than any real nesting of scopes.
const MAX_DEPTH: isize = 1000;

/// How often the sections may be read over, on the whole.
const PASSES: usize = 64;

/// Walks all entries, without converting any.
///
/// # Errors
///
/// Fails for sections that are broken, nested too deep or many times as large as they look.
pub fn check(guest: &Guest<'_, '_>, dwarf: &Dwarf<Slice<'_>>) -> Result<()> {
    let customs = guest.module.customs.iter();
    let size: usize = customs
        .filter(|custom| is_debug(custom.name))
        .map(|custom| custom.bytes.len())
        .sum();
    let mut left = (1 << 16) + PASSES * size;
    let mut spend = |amount: usize| {
        left = match left.checked_sub(amount) {
            Some(left) => left,
            None => bail!("it is many times as large as its sections"),
        };
        Ok(())
    };
    // Units share tables of abbreviations, and each would have the line table read anew.
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
