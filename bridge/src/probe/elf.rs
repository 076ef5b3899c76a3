//! ELF: programs by their segments, which are there in stripped files too, objects by sections.

use std::ops::Range;

use anyhow::{Context, Result};
use goblin::container::Ctx;
use goblin::elf::dynamic::Dynamic;
use goblin::elf::header::{ET_REL, machine_to_str};
use goblin::elf::program_header::{PF_X, PT_LOAD};
use goblin::elf::reloc::RelocSection;
use goblin::elf::section_header::{
    SHF_ALLOC, SHF_EXECINSTR, SHN_LORESERVE, SHN_UNDEF, SHT_NOBITS, SHT_REL, SHT_RELA, SHT_SYMTAB,
};
use goblin::elf::sym::{STT_FUNC, Symtab};
use goblin::elf::{Elf, Header, ProgramHeader, SectionHeader};

use super::image::Image;

pub fn image<'a>(
    bytes: &'a [u8],
    range: Range<usize>,
    keep: &dyn Fn(&[u8]) -> bool,
) -> Result<Image<'a>> {
    let start = range.start as u64;
    let file = &bytes[range.clone()];
    let damaged = "the ELF file is cut off or damaged";
    let header: Header = Elf::parse_header(file).context(damaged)?;
    let container = header.container().context(damaged)?;
    let endian = header.endianness().context(damaged)?;
    let ctx = Ctx::new(container, endian);
    let segments = ProgramHeader::parse(file, header.e_phoff as usize, header.e_phnum.into(), ctx)
        .context("the ELF file is cut off or damaged: its program headers cannot be read")?;
    // Not needed to run a program, and cut off in some firmware.
    let linked = header.e_type != ET_REL;
    let sections = SectionHeader::parse(file, header.e_shoff as usize, header.e_shnum.into(), ctx);
    let sections = match linked {
        true => sections.unwrap_or_default(),
        false => sections
            .context("the ELF file is cut off or damaged: its section headers cannot be read")?,
    };

    let bits = if container.is_big() { 64 } else { 32 };
    let machine = machine_to_str(header.e_machine);
    let format = format!("ELF {bits}-bit {}", machine.trim_start_matches("EM_"));
    let mut image = Image::new(bytes, range, format, bits / 8);
    image.linked = linked;
    image.big_endian = !endian.is_little();
    if linked {
        for segment in segments.iter().filter(|segment| segment.p_type == PT_LOAD) {
            image.region(
                start.saturating_add(segment.p_offset),
                segment.p_filesz,
                segment.p_vaddr,
                segment.p_flags & PF_X != 0,
            );
        }
        dynamic(&mut image, file, &segments, start, ctx);
    } else {
        for section in &sections {
            if section.sh_flags & u64::from(SHF_ALLOC) != 0 && section.sh_type != SHT_NOBITS {
                let at = start.saturating_add(section.sh_offset);
                let code = section.sh_flags & u64::from(SHF_EXECINSTR) != 0;
                image.region(at, section.sh_size, at, code);
            }
        }
        relocated_by_linker(&mut image, file, &sections, start, ctx);
    }
    // There is at most one.
    let table = sections
        .iter()
        .find(|section| section.sh_type == SHT_SYMTAB)
        .and_then(|section| symbols(file, &sections, section, ctx));
    if let Some((symbols, names)) = table {
        for symbol in symbols.iter() {
            let defined = symbol.st_shndx != SHN_UNDEF as usize;
            if defined && symbol.st_type() == STT_FUNC {
                image.stripped = false;
            }
            let address = match (defined, linked) {
                (false, _) => None,
                (true, true) => Some(symbol.st_value),
                (true, false) => of_section(&sections, symbol.st_shndx, start)
                    .map(|at| at.wrapping_add(symbol.st_value)),
            };
            let name = start
                .saturating_add(names)
                .saturating_add(symbol.st_name as u64);
            image.symbol(name as usize, address, keep);
        }
    }
    image.done()
}

/// The symbols of a section, and where their names start.
fn symbols<'a>(
    file: &'a [u8],
    sections: &[SectionHeader],
    section: &SectionHeader,
    ctx: Ctx,
) -> Option<(Symtab<'a>, u64)> {
    let names = sections.get(section.sh_link as usize)?;
    let size = goblin::elf::Sym::size(ctx.container) as u64;
    let count = section.sh_size / size;
    section.check_size(file.len()).ok()?;
    let symbols = Symtab::parse(file, section.sh_offset as usize, count as usize, ctx).ok()?;
    Some((symbols, names.sh_offset))
}

/// The address that an object's section has here.
fn of_section(sections: &[SectionHeader], index: usize, start: u64) -> Option<u64> {
    let usual = index < SHN_LORESERVE as usize;
    let section = sections.get(index).filter(|_| usual)?;
    Some(start.saturating_add(section.sh_offset))
}

/// Pointers of a program that is loaded anywhere: their values are in a table with addends;
/// relocations without addends leave the value in its place. The names of its symbols are loaded
/// too, but they are no strings of the program.
fn dynamic(image: &mut Image, file: &[u8], segments: &[ProgramHeader], start: u64, ctx: Ctx) {
    let Ok(Some(dynamic)) = Dynamic::parse(file, segments, ctx) else {
        return;
    };
    // goblin has turned the addresses into offsets of the file.
    let info = &dynamic.info;
    let names = (start as usize).saturating_add(info.strtab);
    image.names = names..names.saturating_add(info.strsz);
    let relocations = (start as usize).saturating_add(info.rela);
    image.relocations = relocations..relocations.saturating_add(info.relasz);
    let Ok(table) = RelocSection::parse(file, info.rela, info.relasz, true, ctx) else {
        return;
    };
    image.pointers = table
        .iter()
        .filter(|entry| entry.r_sym == 0)
        .filter_map(|entry| Some((entry.r_offset, entry.r_addend? as u64)))
        .collect();
}

/// Pointers of an object file.
fn relocated_by_linker(
    image: &mut Image,
    file: &[u8],
    sections: &[SectionHeader],
    start: u64,
    ctx: Ctx,
) {
    for section in sections {
        let addends = match section.sh_type {
            SHT_RELA => true,
            SHT_REL => false,
            _ => continue,
        };
        let (offset, size) = (section.sh_offset as usize, section.sh_size as usize);
        let patched = sections.get(section.sh_info as usize);
        // Code points at strings too, but not from tables.
        let Some(patched) = patched.filter(|patched| {
            patched.sh_flags & u64::from(SHF_EXECINSTR | SHF_ALLOC) == u64::from(SHF_ALLOC)
        }) else {
            continue;
        };
        if !image.takes(section.sh_size) {
            return;
        }
        let table = sections
            .get(section.sh_link as usize)
            .and_then(|table| symbols(file, sections, table, ctx));
        let (Some((table, _)), Ok(entries)) =
            (table, RelocSection::parse(file, offset, size, addends, ctx))
        else {
            continue;
        };
        for entry in entries.iter() {
            let slot = start
                .saturating_add(patched.sh_offset)
                .saturating_add(entry.r_offset);
            let Some(symbol) = table.get(entry.r_sym) else {
                continue;
            };
            let target = match of_section(sections, symbol.st_shndx, start) {
                _ if symbol.st_shndx == SHN_UNDEF as usize => continue,
                Some(target) => target.wrapping_add(symbol.st_value),
                None => continue,
            };
            let addend = match entry.r_addend {
                Some(addend) => addend as u64,
                None => image.word(slot as usize).unwrap_or(0),
            };
            image.pointers.push((slot, target.wrapping_add(addend)));
        }
    }
}
