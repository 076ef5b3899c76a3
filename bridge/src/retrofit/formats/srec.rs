//! S-records: lines of an S, a digit, and bytes in digits, each with its checksum. Lines, their order and their ends stay as
//! they are.

use anyhow::{Result, bail};

use crate::retrofit::container::{Format, Guard, How, Inside, Put};

use super::text::{self, Record};

pub struct SRecord;

struct Lines {
    data: Vec<Record>,
    /// Whether the lines that count the others are right; none without such a line.
    counted: Option<bool>,
}

fn lines(file: &[u8]) -> Result<Option<Lines>> {
    if !text::is_lines_of(file, b'S') || !file[1].is_ascii_digit() {
        return Ok(None);
    }
    let mut found = Lines {
        data: Vec::new(),
        counted: None,
    };
    for line in text::lines(file) {
        let at = line.start;
        if file[at] != b'S' || line.len() < 4 {
            bail!("the line at {at:#x} is no S-record");
        }
        let kind = file[at + 1];
        let bytes = text::digits(file, at + 2..line.end)?;
        let [length, rest @ ..] = &bytes[..] else {
            bail!("the line at {at:#x} is too short");
        };
        if rest.len() != usize::from(*length) {
            bail!("the line at {at:#x} has not the {length} bytes that it says");
        }
        // The bytes of the address.
        let wide = match kind {
            b'0' | b'1' | b'5' | b'9' => 2,
            b'2' | b'6' | b'8' => 3,
            b'3' | b'7' => 4,
            other => bail!(
                "the line at {at:#x} is of kind {:?}, which there is none of",
                char::from(other)
            ),
        };
        if rest.len() < wide + 1 {
            bail!("the line at {at:#x} is too short");
        }
        let right = checksum(&bytes[..bytes.len() - 1]) == bytes[bytes.len() - 1];
        let number = rest[..wide]
            .iter()
            .fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        if matches!(kind, b'1'..=b'3') {
            found.data.push(Record {
                address: number,
                digits: at + 4 + 2 * wide..line.end - 2,
                checked: at + 2..line.end - 2,
                right,
            });
            continue;
        }
        if !right {
            bail!("the checksum of the line at {at:#x} is wrong");
        }
        match kind {
            b'5' | b'6' => {
                let counted = number == found.data.len() as u64;
                found.counted = Some(found.counted.unwrap_or(true) && counted);
            }
            b'7'..=b'9' => break,
            _ => {}
        }
    }
    Ok(Some(found))
}

/// The sum of all bytes, with all bits turned.
fn checksum(bytes: &[u8]) -> u8 {
    !bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte))
}

impl Format for SRecord {
    fn name(&self) -> &'static str {
        "S-record"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let Some(lines) = lines(file)? else {
            return Ok(None);
        };
        let mut inside = text::inside(file, &lines.data)?;
        if let Some(right) = lines.counted {
            inside.guards.push(Guard::new("count of lines", right));
        }
        Ok(Some(inside))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], _: How) -> Result<Put> {
        let records = lines(file)?.map(|lines| lines.data).unwrap_or_default();
        text::put(file, &records, member, new, checksum)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flipped_and_cut, replaced};
    use super::*;

    /// A head, 40 bytes of each width of address, a count and an end.
    fn image() -> Vec<u8> {
        let line = |kind: u8, bytes: Vec<u8>| {
            let mut whole = vec![bytes.len() as u8 + 1];
            whole.extend(bytes);
            whole.push(checksum(&whole));
            let digits: String = whole.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("S{kind}{digits}\r\n")
        };
        let data = |address: &[u8], from: u8| [address, &[from; 20]].concat();
        let lines = [
            line(0, b"\0\0retrofit".to_vec()),
            line(1, data(&[0x10, 0x00], 1)),
            line(1, data(&[0x10, 0x14], 2)),
            line(2, data(&[0x02, 0x00, 0x14], 4)),
            line(2, data(&[0x02, 0x00, 0x00], 3)),
            line(3, data(&[0x08, 0, 0, 0], 5)),
            line(5, vec![0, 5]),
            line(7, vec![0, 0, 0, 0]),
        ];
        lines.concat().into_bytes()
    }

    #[test]
    fn data_of_every_width_is_replaced_where_its_lines_are() {
        let file = image();
        let inside = SRecord.open(&file).unwrap().unwrap();
        let bases: Vec<u64> = inside.members.iter().map(|member| member.base).collect();
        assert_eq!(bases, [0x1000, 0x20000, 0x0800_0000]);
        assert!(inside.guards.iter().all(|guard| guard.right));
        assert_eq!(inside.members[1].bytes[..], [[3; 20], [4; 20]].concat());
        for member in 0..3 {
            replaced(&SRecord, &file, member);
        }
    }

    #[test]
    fn a_wrong_checksum_and_a_wrong_count_are_said() {
        let mut file = image();
        let at = file.windows(4).position(|four| four == b"S117").unwrap();
        file[at + 9] = b'F';
        let inside = SRecord.open(&file).unwrap().unwrap();
        assert!(!inside.guards[0].right);

        let text = String::from_utf8(image()).unwrap();
        let file = text.replace("S5030005F7", "S5030006F6").into_bytes();
        let inside = SRecord.open(&file).unwrap().unwrap();
        assert!(!inside.guards[1].right);

        let file = text.replace("S5030005F7", "S5030006F7").into_bytes();
        let error = SRecord.open(&file).err().unwrap().to_string();
        assert!(error.contains("checksum"), "{error}");
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        flipped_and_cut(&SRecord, &image());
    }
}
