//! Mach-O: programs and objects of macOS and iOS.

use std::ops::Range;

use anyhow::{Context, Result};
use goblin::mach::constants::{S_ATTR_PURE_INSTRUCTIONS, S_ATTR_SOME_INSTRUCTIONS, cputype};
use goblin::mach::header::MH_OBJECT;
use goblin::mach::load_command::CommandVariant;
use goblin::mach::{MachO, MultiArch, parse_magic_and_ctx};

use super::image::Image;

const DAMAGED: &str = "the Mach-O file is cut off or damaged";

/// Where the program for the most usual machine of several in one file is.
pub fn fat(bytes: &[u8], range: Range<usize>) -> Result<Range<usize>> {
    let file = &bytes[range.clone()];
    let arches = MultiArch::new(file)
        .and_then(|file| file.arches())
        .context("this is neither a Mach-O file for several machines nor another native program")?;
    let wanted = |machine: u32| arches.iter().find(|arch| arch.cputype == machine);
    let arch = wanted(cputype::CPU_TYPE_ARM64)
        .or_else(|| wanted(cputype::CPU_TYPE_X86_64))
        .or(arches.first())
        .context("the Mach-O file is for no machine")?;
    let start = range.start.saturating_add(arch.offset as usize);
    let end = start.saturating_add(arch.size as usize);
    if end > range.end {
        anyhow::bail!("{DAMAGED}: the part for one machine ends behind the file");
    }
    Ok(start..end)
}

pub fn image<'a>(
    bytes: &'a [u8],
    range: Range<usize>,
    keep: &dyn Fn(&[u8]) -> bool,
) -> Result<Image<'a>> {
    let file = &bytes[range.clone()];
    let start = range.start as u64;
    let macho = MachO::parse(file, 0).context(DAMAGED)?;
    let width = if macho.is_64 { 8 } else { 4 };
    let machine = cputype::get_arch_name_from_types(macho.header.cputype, macho.header.cpusubtype)
        .unwrap_or("unknown machine");
    let format = format!("Mach-O {}-bit {machine}", width * 8);
    let mut image = Image::new(bytes, range, format, width);
    image.big_endian = !macho.little_endian;
    image.linked = macho.header.filetype != MH_OBJECT;
    for segment in &macho.segments {
        if image.linked && segment.fileoff == 0 && segment.filesize > 0 {
            image.base = Some(segment.vmaddr);
        }
        for (section, _) in segment.sections().context(DAMAGED)? {
            // Those that are all zeros have no place in the file.
            if section.offset != 0 {
                let code = section.flags & (S_ATTR_PURE_INSTRUCTIONS | S_ATTR_SOME_INSTRUCTIONS);
                image.region(
                    start.saturating_add(section.offset.into()),
                    section.size,
                    section.addr,
                    code != 0,
                );
            }
        }
    }
    if !image.linked {
        relocated_by_linker(&mut image, &macho, file);
    }
    let names = macho
        .load_commands
        .iter()
        .find_map(|command| match command.command {
            CommandVariant::Symtab(table) => Some(u64::from(table.stroff)),
            _ => None,
        });
    if let Some(names) = names {
        for symbol in macho.symbols() {
            let Ok((_, symbol)) = symbol else {
                break;
            };
            if symbol.is_stab() {
                continue;
            }
            let address = (!symbol.is_undefined()).then_some(symbol.n_value);
            if address.is_some() && !symbol.is_global() {
                image.stripped = false;
            }
            let name = start
                .saturating_add(names)
                .saturating_add(symbol.n_strx as u64);
            // The compiler puts an underscore before every name of C.
            let skip = u64::from(bytes.get(name as usize) == Some(&b'_'));
            image.symbol((name + skip) as usize, address, keep);
        }
    }
    image.done()
}

/// Pointers of an object file.
fn relocated_by_linker(image: &mut Image, macho: &MachO, file: &[u8]) {
    let (Some(symbols), Ok((_, Some(ctx)))) = (&macho.symbols, parse_magic_and_ctx(file, 0)) else {
        return;
    };
    image.sort();
    let sections = macho.segments.sections().flatten().flatten();
    for (section, _) in sections {
        let code = section.flags & (S_ATTR_PURE_INSTRUCTIONS | S_ATTR_SOME_INSTRUCTIONS);
        if code != 0 || !image.takes(u64::from(section.nreloc) * 8) {
            continue;
        }
        for entry in section.iter_relocations(file, ctx) {
            let Ok(entry) = entry else {
                break;
            };
            let slot = section.addr.wrapping_add(entry.r_address as u64);
            let Some(value) = image.offset_of(slot).and_then(|at| image.word(at)) else {
                continue;
            };
            // In place is an address in the file, or what is added to that of a symbol.
            let base = match entry.is_extern() {
                true => match symbols.get(entry.r_symbolnum()) {
                    Ok((_, symbol)) if !symbol.is_undefined() => symbol.n_value,
                    _ => continue,
                },
                false => 0,
            };
            image.pointers.push((slot, base.wrapping_add(value)));
        }
    }
}
