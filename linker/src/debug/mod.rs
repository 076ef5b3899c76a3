//! DWARF: the `.debug_*` sections of guests, with the addresses that their code has in the output.
//!
//! Sections are read and written with `gimli`. What speaks of functions that are gone is left out,
//! and so is everything that could be wrong: location expressions of guests whose memory has moved,
//! macros, indices for lookups. A guest whose sections cannot be read loses them; stale debug
//! information is worse than none.
//!
//! | module | converts |
//! |---|---|
//! | [`address`] | addresses of code |
//! | [`lines`] | line tables |
//! | [`entries`] | the tree of entries: functions, variables, types |
//! | [`guest`] | nothing: what they all take |
//! | [`limits`] | refuses sections that would run away |

pub mod address;
mod entries;
mod guest;
mod limits;
mod lines;

use anyhow::{Result, anyhow};
use gimli::write::{EndianVec, FilterUnitSection, Sections, Writer};
use gimli::{AbbreviationsCacheStrategy, EndianSlice, LittleEndian, SectionId};
use wasm_encoder::{CustomSection, Section};

pub use guest::{DebugNotes, Guest, has_dwarf, is_debug, is_stale};

use guest::Slice;

/// Appends the debug information of all guests to a module. Nothing fails: what cannot be converted
/// is left out and noted.
pub fn append(guests: &[Guest<'_, '_>], wasm: &mut Vec<u8>) -> DebugNotes {
    let mut notes = DebugNotes::default();
    let mut left: Vec<&Guest<'_, '_>> = guests.iter().collect();
    // One that fails leaves its traces in what is being written, so all is done again without it.
    loop {
        match write(&left) {
            Ok((sections, units)) => {
                notes.units = units;
                for (name, data) in sections {
                    notes.bytes += data.len();
                    CustomSection {
                        name: name.into(),
                        data: data.into(),
                    }
                    .append_to(wasm);
                }
                return notes;
            }
            Err(failed) => {
                let path = match failed.guest {
                    Some(guest) => left.remove(guest).module.path.clone(),
                    None => {
                        left.clear();
                        "all guests".to_string()
                    }
                };
                notes.left_out.push(format!(
                    "the debug information of {path} is left out: {}",
                    failed.error
                ));
            }
        }
    }
}

struct Failed {
    /// Its place; none when nothing can be written at all.
    guest: Option<usize>,
    error: anyhow::Error,
}

type Written = (Vec<(&'static str, Vec<u8>)>, usize);

fn write(guests: &[&Guest<'_, '_>]) -> Result<Written, Failed> {
    let mut dwarf = gimli::write::Dwarf::default();
    let mut units = 0;
    for (at, guest) in guests.iter().enumerate() {
        units += convert_guest(&mut dwarf, guest).map_err(|error| Failed {
            guest: Some(at),
            error,
        })?;
    }
    let mut sections = Vec::new();
    if units > 0 {
        let mut out = Sections::new(EndianVec::new(LittleEndian));
        dwarf.write(&mut out).map_err(|error| Failed {
            guest: None,
            error: anyhow!("{error}"),
        })?;
        let _ = out.for_each(|id, bytes| -> Result<(), ()> {
            if bytes.len() > 0 {
                sections.push((id.name(), bytes.slice().to_vec()));
            }
            Ok(())
        });
    }
    Ok((sections, units))
}

fn convert_guest(dwarf: &mut gimli::write::Dwarf, guest: &Guest<'_, '_>) -> Result<usize> {
    let section = |id: SectionId| -> Result<Slice<'_>, gimli::Error> {
        let bytes = guest.module.custom(id.name()).unwrap_or_default();
        Ok(EndianSlice::new(bytes, LittleEndian))
    };
    let mut read = gimli::read::Dwarf::load(section)?;
    let mut budget = limits::Budget::new(guest);
    limits::check_abbreviations(&read, &mut budget)?;
    read.populate_abbreviations_cache(AbbreviationsCacheStrategy::Duplicates);
    limits::check(&read, &mut budget)?;
    let convert_error = |error: gimli::write::ConvertError| anyhow!("{error}");

    let mut filter = FilterUnitSection::new(&read).map_err(convert_error)?;
    while let Some(mut unit) = filter.read_unit().map_err(convert_error)? {
        let mut entry = unit.null_entry();
        while unit.read_entry(&mut entry).map_err(convert_error)? {
            if entries::is_needed(guest, &entry)? {
                unit.require_entry(entry.offset);
            }
        }
    }
    let mut kept = 0;
    let mut convert = dwarf.convert_with_filter(filter).map_err(convert_error)?;
    while let Some((mut unit, root)) = convert.read_unit().map_err(convert_error)? {
        let rows = lines::convert(guest, &mut unit).map_err(convert_error)?;
        let entries = entries::convert(guest, &mut unit, root).map_err(convert_error)?;
        if rows == 0 && entries == 0 {
            unit.skip();
        } else {
            kept += 1;
        }
    }
    Ok(kept)
}
