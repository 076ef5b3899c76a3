//! gzip: one file, compressed. It is compressed again, to as many bytes as before where that can be; its head stays.

use std::ops::Range;

use anyhow::{Context, Result, bail};

use crate::retrofit::container::{Format, Guard, How, Inside, Member, Put, crc32, le16, le32};

use super::deflate::{self, MOST};

pub struct Gzip;

const MAGIC: &[u8] = &[0x1f, 0x8b, 8];
const HEAD: usize = 10;
/// Flags: a sum of the head, more fields, a name, a remark; the others are not in use.
const HEAD_SUM: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const REMARK: u8 = 16;
const UNUSED: u8 = 0xe0;
/// The CRC-32 and the length.
const TAIL: usize = 8;

struct Layout {
    name: String,
    packed: Range<usize>,
    bytes: Vec<u8>,
    /// Whether the CRC-32 and the length are right.
    right: [bool; 2],
}

fn layout(file: &[u8]) -> Result<Option<Layout>> {
    let (true, Some(flags)) = (file.starts_with(MAGIC), file.get(3)) else {
        return Ok(None);
    };
    if flags & UNUSED != 0 {
        return Ok(None);
    }
    let mut at = HEAD;
    if flags & EXTRA != 0 {
        at += 2 + usize::from(le16(file, at).context("it is cut off in its head")?);
    }
    let mut name = "content".to_string();
    for field in [NAME, REMARK] {
        if flags & field != 0 {
            let rest = file.get(at..).unwrap_or_default();
            let length = rest.iter().position(|byte| *byte == 0);
            let length = length.context("it is cut off in its head")?;
            if field == NAME && length > 0 {
                name = String::from_utf8_lossy(&rest[..length]).into_owned();
            }
            at += length + 1;
        }
    }
    if flags & HEAD_SUM != 0 {
        at += 2;
    }
    let rest = file.get(at..).context("it is cut off in its head")?;
    let (bytes, length) = deflate::unpack(rest, MOST)?;
    let end = at + length;
    let (Some(sum), Some(size)) = (le32(file, end), le32(file, end + 4)) else {
        bail!("it is cut off at its CRC-32");
    };
    Ok(Some(Layout {
        name,
        packed: at..end,
        right: [sum == crc32(&bytes), size == bytes.len() as u32],
        bytes,
    }))
}

impl Format for Gzip {
    fn name(&self) -> &'static str {
        "gzip"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let Some(layout) = layout(file)? else {
            return Ok(None);
        };
        let [sum, size] = layout.right;
        let end = layout.packed.end + TAIL;
        let mut inside = Inside {
            guards: vec![
                Guard::new("CRC-32 of the content", sum),
                Guard::new("length of the content", size),
            ],
            members: vec![Member::made(layout.name, layout.bytes)],
            ..Inside::default()
        };
        // More files, what fills a partition, or what a vendor has put behind it.
        if file[end..].iter().any(|byte| *byte != 0) {
            inside
                .members
                .push(Member::part(format!("{end:#x}"), file, end..file.len()));
        }
        Ok(Some(inside))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], _: How) -> Result<Put> {
        let layout = layout(file)?.context("it is of gzip")?;
        let Range { start, end } = layout.packed;
        if member > 0 {
            let tail = Member::part("", file, end + TAIL..file.len());
            return Put::in_place(file, &tail, new);
        }
        let mut made = file[..start].to_vec();
        made.extend(deflate::pack(new, end - start)?);
        let tail = made.len();
        made.extend(crc32(new).to_le_bytes());
        made.extend((new.len() as u32).to_le_bytes());
        made.extend_from_slice(&file[end + TAIL..]);
        Ok(Put {
            fields: vec![
                ("compressed again".to_string(), start..tail),
                (
                    "CRC-32 and length of the content".to_string(),
                    tail..tail + TAIL,
                ),
            ],
            file: made,
            rebuilt: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flipped_and_cut, resized};
    use super::*;

    /// With all fields.
    fn image(data: &[u8]) -> Vec<u8> {
        let mut file = vec![
            0x1f,
            0x8b,
            8,
            HEAD_SUM | EXTRA | NAME | REMARK,
            1,
            2,
            3,
            4,
            2,
            3,
        ];
        file.extend(b"\x03\0abcapp.bin\0a remark\0");
        let sum = crc32(&file) as u16;
        file.extend(sum.to_le_bytes());
        file.extend(deflate::pack(data, 0).unwrap());
        file.extend(crc32(data).to_le_bytes());
        file.extend((data.len() as u32).to_le_bytes());
        file
    }

    #[test]
    fn the_head_stays_and_the_size_where_there_is_room() {
        let data: Vec<u8> = (0..3000u32).map(|at| ((at * at) >> 5) as u8).collect();
        let mut file = image(&data);
        file.extend(b"behind");
        let inside = Gzip.open(&file).unwrap().unwrap();
        assert_eq!(inside.members[0].name, "app.bin");
        assert!(inside.guards.iter().all(|guard| guard.right));
        resized(&Gzip, &file, 0);
        let mut new = data.clone();
        new[..1000].fill(0);
        let put = Gzip.put(&file, 0, &new, How::default()).unwrap();
        assert_eq!(put.file.len(), file.len());
        assert_eq!(put.file[..34], file[..34]);
        let inside = Gzip.open(&put.file).unwrap().unwrap();
        assert_eq!(inside.members[0].bytes, new);
        assert_eq!(inside.members[1].bytes[..], *b"behind");
    }

    #[test]
    fn a_wrong_sum_and_a_wrong_length_are_said() {
        let file = image(&[3; 500]);
        for (back, right) in [(8, [false, true]), (4, [true, false])] {
            let mut file = file.clone();
            let at = file.len() - back;
            file[at] ^= 1;
            let inside = Gzip.open(&file).unwrap().unwrap();
            let found: Vec<bool> = inside.guards.iter().map(|guard| guard.right).collect();
            assert_eq!(found, right);
        }
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        flipped_and_cut(&Gzip, &image(&[3; 500]));
    }
}
