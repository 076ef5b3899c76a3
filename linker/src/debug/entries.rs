//! The tree of entries: what is kept of it, and the attributes that have addresses.

use anyhow::Result;
use gimli::read::UnitRef;
use gimli::write::{
    Address, AttributeValue, ConvertResult, ConvertUnit, ConvertUnitEntry, Expression,
    FilterUnitEntry, Location, LocationList, Range, RangeList, UnitEntryId,
};
use gimli::{AttributeValue as Read, DebuggingInformationEntry, DwAt, Operation};

use super::guest::{Guest, Slice};

type Entry<'a> = DebuggingInformationEntry<Slice<'a>>;

/// Whether an entry is needed for its own sake: a function with code, or a variable outside of
/// functions. What they refer to is kept with them.
pub fn is_needed(guest: &Guest<'_, '_>, entry: &FilterUnitEntry<'_, Slice<'_>>) -> Result<bool> {
    Ok(match entry.tag {
        gimli::DW_TAG_variable => {
            let outside = matches!(
                entry.parent_tag,
                None | Some(
                    gimli::DW_TAG_namespace
                        | gimli::DW_TAG_module
                        | gimli::DW_TAG_structure_type
                        | gimli::DW_TAG_class_type
                )
            );
            outside && guest.keeps_memory && entry.attr(gimli::DW_AT_location).is_some()
        }
        gimli::DW_TAG_subprogram => {
            !code_ranges(guest, entry.read_unit, &entry.read_entry)?.is_empty()
        }
        _ => false,
    })
}

/// Where the code of an entry is in the output.
fn code_ranges<'a>(
    guest: &Guest<'_, '_>,
    unit: UnitRef<'_, Slice<'a>>,
    entry: &Entry<'a>,
) -> Result<Vec<std::ops::Range<u64>>, gimli::Error> {
    let mut new = Vec::new();
    let mut ranges = unit.die_ranges(entry)?;
    while let Some(range) = ranges.next()? {
        new.extend(guest.addresses.ranges(range.begin..range.end));
    }
    Ok(new)
}

/// Converts the entries of a unit; gives the number of those below its root.
pub fn convert<'u, 'a>(
    guest: &Guest<'_, '_>,
    unit: &mut ConvertUnit<'u, Slice<'a>>,
    root: ConvertUnitEntry<'u, Slice<'a>>,
) -> ConvertResult<usize> {
    attributes(guest, unit, unit.unit.root(), &root)?;
    let mut count = 0;
    let mut entry = root;
    while let Some(id) = unit.read_entry(&mut entry)? {
        if id.is_some() {
            let id = unit.add_entry(id, &entry);
            attributes(guest, unit, id, &entry)?;
            count += 1;
        }
    }
    Ok(count)
}

fn attributes<'u, 'a>(
    guest: &Guest<'_, '_>,
    unit: &mut ConvertUnit<'u, Slice<'a>>,
    id: UnitEntryId,
    entry: &ConvertUnitEntry<'u, Slice<'a>>,
) -> ConvertResult<()> {
    let has_range = entry.has_attr(gimli::DW_AT_high_pc) || entry.has_attr(gimli::DW_AT_ranges);
    if has_range {
        let ranges = code_ranges(guest, entry.read_unit, &entry.read_entry)?;
        set_ranges(unit, id, &ranges);
    }
    for attr in &entry.attrs {
        let value = match (attr.name(), attr.value()) {
            (gimli::DW_AT_low_pc, _) if has_range => None,
            (gimli::DW_AT_high_pc | gimli::DW_AT_ranges, _) => None,
            // Counted from the start of the function, over code that may have grown.
            (gimli::DW_AT_entry_pc, value) if !is_address(&value) => None,
            // Sections that are not kept.
            (gimli::DW_AT_GNU_locviews, _)
            | (
                _,
                Read::DebugMacinfoRef(_)
                | Read::DebugMacroRef(_)
                | Read::DebugTypesRef(_)
                | Read::DebugInfoRefSup(_)
                | Read::DebugStrRefSup(_),
            ) => None,
            (name, Read::Exprloc(expr)) => {
                expression(guest, unit, entry.read_unit, name, expr).map(AttributeValue::Exprloc)
            }
            (name, value @ (Read::LocationListsRef(_) | Read::DebugLocListsIndex(_))) => {
                locations(guest, unit, entry.read_unit, name, value)?
            }
            _ => unit
                .convert_attribute_value(entry.read_unit, attr, &|address| {
                    let (_, new) = guest.addresses.find(address)?;
                    Some(Address::Constant(new))
                })
                .ok(),
        };
        if let Some(value) = value {
            unit.unit.get_mut(id).set(attr.name(), value);
        }
    }
    Ok(())
}

fn is_address(value: &Read<Slice<'_>>) -> bool {
    matches!(value, Read::Addr(_) | Read::DebugAddrIndex(_))
}

fn set_ranges(
    unit: &mut ConvertUnit<'_, Slice<'_>>,
    id: UnitEntryId,
    ranges: &[std::ops::Range<u64>],
) {
    let version = unit.unit.version();
    let is_root = id == unit.unit.root();
    let (low, other) = match ranges {
        [] => return,
        [range] => {
            let high = match version {
                0..=3 => AttributeValue::Address(Address::Constant(range.end)),
                _ => AttributeValue::Data4((range.end - range.start) as u32),
            };
            (Some(range.start), (gimli::DW_AT_high_pc, high))
        }
        ranges => {
            let mut list = Vec::with_capacity(ranges.len() + 1);
            // Entries of older versions count from the start of the unit otherwise.
            if version < 5 {
                let address = Address::Constant(0);
                list.push(Range::BaseAddress { address });
            }
            list.extend(ranges.iter().map(|range| Range::StartLength {
                begin: Address::Constant(range.start),
                length: range.end - range.start,
            }));
            let list = unit.unit.ranges.add(RangeList(list));
            let list = AttributeValue::RangeListRef(list);
            (is_root.then_some(0), (gimli::DW_AT_ranges, list))
        }
    };
    let entry = unit.unit.get_mut(id);
    if let Some(low) = low {
        let low = AttributeValue::Address(Address::Constant(low));
        entry.set(gimli::DW_AT_low_pc, low);
    }
    entry.set(other.0, other.1);
}

/// A list of locations, with what is still right of it.
fn locations<'u, 'a>(
    guest: &Guest<'_, '_>,
    unit: &mut ConvertUnit<'u, Slice<'a>>,
    read: UnitRef<'u, Slice<'a>>,
    name: DwAt,
    value: Read<Slice<'a>>,
) -> ConvertResult<Option<AttributeValue>> {
    let mut list = Vec::new();
    if unit.unit.version() < 5 {
        let address = Address::Constant(0);
        list.push(Location::BaseAddress { address });
    }
    let without = list.len();
    if let Some(mut locations) = read.attr_locations(value)? {
        while let Some(location) = locations.next()? {
            if location.range.end == u64::MAX {
                continue;
            }
            let Some(data) = expression(guest, unit, read, name, location.data) else {
                continue;
            };
            let ranges = location.range.begin..location.range.end;
            list.extend(
                guest
                    .addresses
                    .ranges(ranges)
                    .map(|range| Location::StartLength {
                        begin: Address::Constant(range.start),
                        length: range.end - range.start,
                        data: data.clone(),
                    }),
            );
        }
    }
    Ok((list.len() > without).then(|| {
        let id = unit.unit.locations.add(LocationList(list));
        AttributeValue::LocationListRef(id)
    }))
}

/// An expression, unless it would be wrong or nothing is known of it.
fn expression<'u, 'a>(
    guest: &Guest<'_, '_>,
    unit: &ConvertUnit<'u, Slice<'a>>,
    read: UnitRef<'u, Slice<'a>>,
    name: DwAt,
    expr: gimli::Expression<Slice<'a>>,
) -> Option<Expression> {
    let mut ops = Vec::new();
    let mut iter = expr.operations(read.encoding());
    while let Some(op) = iter.next().ok()? {
        ops.push(op);
    }
    if let [Operation::WasmGlobal { index }, rest @ ..] = &ops[..]
        && (rest.is_empty() || matches!(rest, [Operation::StackValue]))
        && guest.keeps_memory
    {
        let mut new = Expression::new();
        new.op_wasm_global((guest.global)(*index)?);
        if !rest.is_empty() {
            new.op(gimli::DW_OP_stack_value);
        }
        return Some(new);
    }
    let value = matches!(ops.last(), Some(Operation::StackValue));
    let location = matches!(name, gimli::DW_AT_location | gimli::DW_AT_frame_base);
    // In a memory that has moved only what is in locals is where it was.
    if !guest.keeps_memory && (name == gimli::DW_AT_frame_base || location && !value) {
        return None;
    }
    let right = ops.iter().all(|op| match op {
        Operation::WasmLocal { .. } => guest.keeps_locals,
        Operation::WasmGlobal { index } => (guest.global)(*index) == Some(*index),
        Operation::EntryValue { .. } => false,
        Operation::Deref { .. }
        | Operation::Address { .. }
        | Operation::AddressIndex { .. }
        | Operation::FrameOffset { .. }
        | Operation::CallFrameCFA => guest.keeps_memory,
        _ => true,
    });
    if !right {
        return None;
    }
    // Addresses in expressions are of data.
    let same = |address| Some(Address::Constant(address));
    unit.convert_expression(read, expr, &same).ok()
}
