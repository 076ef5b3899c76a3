//! Line tables: a row for each row of the input whose code is still there.

use gimli::write::{Address, ConvertLineRow, ConvertResult, ConvertUnit};

use super::guest::{Guest, Slice};

/// A sequence of the output that is being written: rows of one body.
struct Sequence {
    body: usize,
    start: u64,
    /// The offset of the last row.
    last: u64,
}

/// Converts the line table of a unit; gives the number of rows.
pub fn convert<'a>(
    guest: &Guest<'_, '_>,
    unit: &mut ConvertUnit<'_, Slice<'a>>,
) -> ConvertResult<usize> {
    let Some(mut program) = unit.read_line_program(None, None)? else {
        return Ok(0);
    };
    let map = &guest.addresses;
    let mut rows = 0;
    let mut base = 0u64;
    let mut open: Option<Sequence> = None;
    while let Some(row) = program.read_row()? {
        match row {
            ConvertLineRow::SetAddress(address) => base = address,
            ConvertLineRow::Row(mut row) => {
                let place = map.find(base.wrapping_add(row.address_offset));
                // A sequence may go over many bodies, of which some are gone, and others elsewhere.
                if let Some(sequence) = &open
                    && place.is_none_or(|(body, new)| {
                        body != sequence.body || new < sequence.start + sequence.last
                    })
                {
                    program.end_sequence(map.end_in(sequence.body, u64::MAX) - sequence.start);
                    open = None;
                }
                let Some((body, new)) = place else {
                    continue;
                };
                let sequence = open.get_or_insert_with(|| {
                    program.begin_sequence(Some(Address::Constant(new)));
                    Sequence {
                        body,
                        start: new,
                        last: 0,
                    }
                });
                sequence.last = new - sequence.start;
                row.address_offset = sequence.last;
                program.generate_row(row);
                rows += 1;
            }
            ConvertLineRow::EndSequence(length) => {
                if let Some(sequence) = open.take() {
                    let end = map.end_in(sequence.body, base.wrapping_add(length));
                    let end = end.saturating_sub(sequence.start);
                    program.end_sequence(end.max(sequence.last));
                }
                base = 0;
            }
        }
    }
    if let Some(sequence) = open {
        program.end_sequence(map.end_in(sequence.body, u64::MAX) - sequence.start);
    }
    let (program, files) = program.program();
    unit.set_line_program(program, files);
    Ok(rows)
}
