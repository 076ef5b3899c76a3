//! PE programs of Windows, and the COFF objects that they are linked of.

use std::ops::Range;

use anyhow::{Context, Result};
use goblin::pe::header::{
    COFF_MACHINE_ARM, COFF_MACHINE_ARM64, COFF_MACHINE_ARMNT, COFF_MACHINE_X86,
    COFF_MACHINE_X86_64, CoffHeader, Header, SIZEOF_COFF_HEADER, SIZEOF_PE_MAGIC, machine_to_str,
};
use goblin::pe::section_table::{IMAGE_SCN_MEM_EXECUTE, SectionTable};
use goblin::pe::symbol::COFF_SYMBOL_SIZE;

use super::image::Image;

/// Whether it starts like an object of a machine that is known: COFF has no magic.
pub fn is_object(head: &[u8]) -> bool {
    let Some(&[a, b]) = head.first_chunk::<2>() else {
        return false;
    };
    head.len() >= SIZEOF_COFF_HEADER && pointer(u16::from_le_bytes([a, b])).is_some()
}

fn pointer(machine: u16) -> Option<usize> {
    match machine {
        COFF_MACHINE_X86_64 | COFF_MACHINE_ARM64 => Some(8),
        COFF_MACHINE_X86 | COFF_MACHINE_ARM | COFF_MACHINE_ARMNT => Some(4),
        _ => None,
    }
}

pub fn program<'a>(
    bytes: &'a [u8],
    range: Range<usize>,
    keep: &dyn Fn(&[u8]) -> bool,
) -> Result<Image<'a>> {
    let file = &bytes[range.clone()];
    let damaged = "the PE file is cut off or damaged";
    let header = Header::parse(file).context(damaged)?;
    let optional = header.optional_header.as_ref().context(damaged)?;
    let base = optional.windows_fields.image_base;
    let coff = &header.coff_header;
    let mut at = header.dos_header.pe_pointer as usize
        + SIZEOF_PE_MAGIC
        + SIZEOF_COFF_HEADER
        + usize::from(coff.size_of_optional_header);
    let sections = coff.sections(file, &mut at).context(damaged)?;
    let width = if optional.container()?.is_big() { 8 } else { 4 };
    let format = format!("PE {}-bit {}", width * 8, machine_to_str(coff.machine));
    let mut image = Image::new(bytes, range.clone(), format, width);
    for section in &sections {
        image.region(
            range.start as u64 + u64::from(section.pointer_to_raw_data),
            section.size_of_raw_data.into(),
            base.wrapping_add(section.virtual_address.into()),
            section.characteristics & IMAGE_SCN_MEM_EXECUTE != 0,
        );
    }
    symbols(
        &mut image,
        coff,
        &sections,
        file,
        range.start,
        keep,
        |section, value| base.wrapping_add(u64::from(section.virtual_address) + u64::from(value)),
    );
    image.done()
}

pub fn object<'a>(
    bytes: &'a [u8],
    range: Range<usize>,
    keep: &dyn Fn(&[u8]) -> bool,
) -> Result<Image<'a>> {
    let file = &bytes[range.clone()];
    let start = range.start as u64;
    let damaged = "the COFF object is cut off or damaged";
    let mut at = 0;
    let coff = CoffHeader::parse(file, &mut at).context(damaged)?;
    at += usize::from(coff.size_of_optional_header);
    let sections = coff.sections(file, &mut at).context(damaged)?;
    let width = pointer(coff.machine).unwrap_or(8);
    let format = format!("COFF {}-bit {}", width * 8, machine_to_str(coff.machine));
    let mut image = Image::new(bytes, range.clone(), format, width);
    image.linked = false;
    let address = |section: &SectionTable| start + u64::from(section.pointer_to_raw_data);
    for section in sections
        .iter()
        .filter(|section| section.pointer_to_raw_data != 0)
    {
        image.region(
            address(section),
            section.size_of_raw_data.into(),
            address(section),
            section.characteristics & IMAGE_SCN_MEM_EXECUTE != 0,
        );
    }
    symbols(
        &mut image,
        &coff,
        &sections,
        file,
        range.start,
        keep,
        |section, value| address(section) + u64::from(value),
    );
    let Some(table) = coff.symbols(file).ok().flatten() else {
        return image.done();
    };
    for section in &sections {
        if section.characteristics & IMAGE_SCN_MEM_EXECUTE != 0 {
            continue;
        }
        let Ok(entries) = section.relocations(file) else {
            continue;
        };
        if !image.takes(u64::from(section.number_of_relocations) * 10) {
            break;
        }
        for entry in entries {
            let slot = address(section) + u64::from(entry.virtual_address);
            let Some((_, symbol)) = table.get(entry.symbol_table_index as usize) else {
                continue;
            };
            let target = usize::try_from(symbol.section_number)
                .ok()
                .and_then(|number| sections.get(number.checked_sub(1)?));
            if let Some(target) = target {
                let addend = image.word(slot as usize).unwrap_or(0);
                let target = address(target) + u64::from(symbol.value);
                image.pointers.push((slot, target.wrapping_add(addend)));
            }
        }
    }
    image.done()
}

fn symbols(
    image: &mut Image,
    coff: &CoffHeader,
    sections: &[SectionTable],
    file: &[u8],
    start: usize,
    keep: &dyn Fn(&[u8]) -> bool,
    address: impl Fn(&SectionTable, u32) -> u64,
) {
    let Some(table) = coff.symbols(file).ok().flatten() else {
        return;
    };
    let first = start.saturating_add(coff.pointer_to_symbol_table as usize);
    let names = first.saturating_add(coff.number_of_symbol_table as usize * COFF_SYMBOL_SIZE);
    for (index, _, symbol) in table.iter() {
        let section = usize::try_from(symbol.section_number)
            .ok()
            .and_then(|number| sections.get(number.checked_sub(1)?));
        if section.is_some() && symbol.is_function_definition() {
            image.stripped = false;
        }
        let address = section.map(|section| address(section, symbol.value));
        match symbol.name {
            // The offset counts from the start of the table, its length included.
            [0, 0, 0, 0, a, b, c, d] => {
                let offset = u32::from_le_bytes([a, b, c, d]);
                image.symbol(names.saturating_add(offset as usize), address, keep);
            }
            _ => image.short_symbol(first + index * COFF_SYMBOL_SIZE, 8, address, keep),
        }
    }
}
