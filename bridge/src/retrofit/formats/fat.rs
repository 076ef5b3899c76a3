//! FAT with 12, 16 and 32 bits. Nothing guards what is in a file; its clusters, which may lie anywhere, stay its own.

use std::ops::Range;

use anyhow::{Context, Result, bail};

use crate::retrofit::container::{Format, How, Inside, Member, Put, le16, le32};

pub struct Fat;

/// A row of a folder, and the bits that say what it is.
const ROW: usize = 32;
const LABEL: u8 = 0x08;
const FOLDER: u8 = 0x10;
/// A piece of a long name has these bits together.
const LONG: u8 = 0x0f;
const LONG_MASK: u8 = 0x3f;
/// The first byte of rows that are not in use: from there on, or that one.
const FREE: u8 = 0x00;
const ERASED: u8 = 0xe5;
/// How long a path may be; folders could lie in themselves.
const DEEPEST: usize = 1024;

/// Whether a boot sector begins here.
pub fn is_boot_sector(file: &[u8]) -> bool {
    geometry(file).is_some()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    Twelve,
    Sixteen,
    ThirtyTwo,
}

struct Geometry {
    width: Width,
    /// Of a cluster, in bytes.
    cluster: usize,
    clusters: usize,
    /// Where the first table is, how long it is, and how many there are.
    table: usize,
    table_size: usize,
    tables: usize,
    /// The folder of the first two widths; empty for the third, which has it in clusters.
    root: Range<usize>,
    root_cluster: usize,
    data: usize,
}

fn geometry(file: &[u8]) -> Option<Geometry> {
    if le16(file, 510)? != 0xaa55 || !matches!(file[..3], [0xeb, _, 0x90] | [0xe9, _, _]) {
        return None;
    }
    let (sector, per_cluster) = (usize::from(le16(file, 11)?), usize::from(file[13]));
    let (reserved, tables, rows) = (le16(file, 14)?, file[16], le16(file, 17)?);
    let media = file[21];
    if !matches!(sector, 512 | 1024 | 2048 | 4096)
        || !per_cluster.is_power_of_two()
        || reserved == 0
        || !matches!(tables, 1 | 2)
        || media != 0xf0 && media < 0xf8
    {
        return None;
    }
    let either = |short: u16, long: u32| {
        if short == 0 {
            long as usize
        } else {
            usize::from(short)
        }
    };
    let sectors = either(le16(file, 19)?, le32(file, 32)?);
    let table_sectors = either(le16(file, 22)?, le32(file, 36)?);
    let tables = usize::from(tables);
    let table = usize::from(reserved) * sector;
    let table_size = table_sectors.checked_mul(sector)?;
    let root = table.checked_add(table_size.checked_mul(tables)?)?;
    let root_size = (usize::from(rows) * ROW).next_multiple_of(sector);
    let data = root.checked_add(root_size)?;
    let clusters = sectors.checked_mul(sector)?.checked_sub(data)? / (sector * per_cluster);
    let width = match clusters {
        0..4085 => Width::Twelve,
        4085..65525 => Width::Sixteen,
        _ => Width::ThirtyTwo,
    };
    if data > file.len() || clusters == 0 || (width == Width::ThirtyTwo) != (rows == 0) {
        return None;
    }
    Some(Geometry {
        width,
        cluster: sector * per_cluster,
        clusters,
        table,
        table_size,
        tables,
        root: root..data,
        root_cluster: if rows == 0 {
            le32(file, 44)? as usize
        } else {
            0
        },
        data,
    })
}

impl Geometry {
    /// What comes behind a cluster; none at the end.
    fn next(&self, file: &[u8], cluster: usize) -> Result<Option<usize>> {
        let table = &file[self.table..self.table + self.table_size];
        let entry = match self.width {
            Width::Twelve => le16(table, cluster + cluster / 2).map(|both| match cluster % 2 {
                0 => u32::from(both & 0xfff),
                _ => u32::from(both >> 4),
            }),
            Width::Sixteen => le16(table, cluster * 2).map(u32::from),
            Width::ThirtyTwo => le32(table, cluster * 4).map(|entry| entry & 0x0fff_ffff),
        };
        let entry = entry.with_context(|| format!("the table has no cluster {cluster}"))?;
        let last = match self.width {
            Width::Twelve => 0xff8,
            Width::Sixteen => 0xfff8,
            Width::ThirtyTwo => 0x0fff_fff8,
        };
        Ok((entry < last).then_some(entry as usize))
    }

    fn place(&self, file: &[u8], cluster: usize) -> Result<Range<usize>> {
        let number = cluster
            .checked_sub(2)
            .filter(|number| *number < self.clusters);
        let Some(number) = number else {
            bail!("there is no cluster {cluster}");
        };
        let begin = self.data + number * self.cluster;
        let end = begin + self.cluster;
        if end > file.len() {
            bail!("the cluster {cluster} lies behind the end of the file");
        }
        Ok(begin..end)
    }
}

struct File {
    path: String,
    /// Where its bytes are, those that follow each other together.
    runs: Vec<Range<usize>>,
}

struct Reader<'a> {
    file: &'a [u8],
    geometry: Geometry,
    /// Clusters that something has.
    taken: Vec<bool>,
}

impl Reader<'_> {
    /// Where the first `size` bytes of a chain of clusters are, or all of them.
    fn runs(&mut self, first: usize, size: Option<usize>) -> Result<Vec<Range<usize>>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        let mut left = size.unwrap_or(usize::MAX);
        let mut next = Some(first);
        while left > 0 {
            let Some(cluster) = next else {
                match size {
                    Some(size) => bail!("it has {size} bytes, and its clusters end before"),
                    None => break,
                }
            };
            let mut place = self.geometry.place(self.file, cluster)?;
            let taken = self
                .taken
                .get_mut(cluster)
                .context("the cluster is there")?;
            if std::mem::replace(taken, true) {
                bail!("the cluster {cluster} is in it, and in something else or twice");
            }
            place.end = place.start + place.len().min(left);
            left -= place.len();
            match runs.last_mut() {
                Some(last) if last.end == place.start => last.end = place.end,
                _ => runs.push(place),
            }
            if left > 0 {
                next = self.geometry.next(self.file, cluster)?;
            }
        }
        Ok(runs)
    }

    fn folder(&mut self, path: &str, rows: &[u8], files: &mut Vec<File>) -> Result<()> {
        if path.len() > DEEPEST {
            bail!("the path of the folder {path} is too long");
        }
        let mut long: Vec<u16> = Vec::new();
        for row in rows.chunks_exact(ROW) {
            let kind = row[11];
            match row[0] {
                FREE => break,
                ERASED => {
                    long.clear();
                    continue;
                }
                _ => {}
            }
            if kind & LONG_MASK == LONG {
                // The last piece comes first.
                let mut piece: Vec<u16> = [1..11, 14..26, 28..32]
                    .into_iter()
                    .flat_map(|range| row[range].chunks_exact(2).filter_map(|two| le16(two, 0)))
                    .take_while(|unit| *unit != 0)
                    .collect();
                piece.append(&mut long);
                long = piece;
                continue;
            }
            let name = match std::mem::take(&mut long) {
                empty if empty.is_empty() => short_name(row),
                units => String::from_utf16_lossy(&units),
            };
            if kind & LABEL != 0 || row[0] == b'.' {
                continue;
            }
            let high = match self.geometry.width {
                Width::ThirtyTwo => usize::from(le16(row, 20).unwrap_or_default()) << 16,
                _ => 0,
            };
            let first = high | usize::from(le16(row, 26).unwrap_or_default());
            let size = le32(row, 28).unwrap_or_default() as usize;
            let path = format!("{path}{name}");
            if kind & FOLDER != 0 {
                let runs = self.runs(first, None).with_context(|| path.clone())?;
                let rows = gathered(self.file, &runs);
                self.folder(&format!("{path}/"), &rows, files)?;
            } else if size > 0 {
                let runs = self.runs(first, Some(size)).with_context(|| path.clone())?;
                files.push(File { path, runs });
            }
        }
        Ok(())
    }
}

fn short_name(row: &[u8]) -> String {
    let part = |range: Range<usize>, small: bool| {
        let text = String::from_utf8_lossy(&row[range]).trim_end().to_string();
        if small {
            text.to_ascii_lowercase()
        } else {
            text
        }
    };
    let (name, ending) = (
        part(0..8, row[12] & 0x08 != 0),
        part(8..11, row[12] & 0x10 != 0),
    );
    if ending.is_empty() {
        name
    } else {
        format!("{name}.{ending}")
    }
}

fn gathered(file: &[u8], runs: &[Range<usize>]) -> Vec<u8> {
    let parts: Vec<&[u8]> = runs.iter().map(|run| &file[run.clone()]).collect();
    parts.concat()
}

fn files(file: &[u8]) -> Result<Option<(Geometry, Vec<File>)>> {
    let Some(geometry) = geometry(file) else {
        return Ok(None);
    };
    let (root, root_cluster) = (geometry.root.clone(), geometry.root_cluster);
    // An image without its last clusters has fewer than it says.
    let clusters = geometry.clusters.min(file.len() / geometry.cluster + 1);
    let mut reader = Reader {
        file,
        geometry,
        taken: vec![false; clusters + 2],
    };
    let rows = match root.is_empty() {
        true => {
            let runs = reader.runs(root_cluster, None).context("the root")?;
            gathered(file, &runs)
        }
        false => file[root].to_vec(),
    };
    let mut files = Vec::new();
    reader.folder("", &rows, &mut files)?;
    files.sort_by_key(|one| one.runs.first().map(|run| run.start));
    Ok(Some((reader.geometry, files)))
}

impl Format for Fat {
    fn name(&self) -> &'static str {
        "FAT file system"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let Some((geometry, files)) = files(file)? else {
            return Ok(None);
        };
        let mut inside = Inside::default();
        let tables = &file[geometry.table..geometry.root.start];
        let mut copies = tables.chunks(geometry.table_size.max(1));
        let first = copies.next();
        if geometry.tables > 1 && copies.any(|copy| Some(copy) != first) {
            inside.notes.push(
                "its two tables of clusters differ: the first one is used, and both stay"
                    .to_string(),
            );
        }
        for one in files {
            inside.members.push(match &one.runs[..] {
                [only] => Member::part(one.path, file, only.clone()),
                runs => Member::made(one.path, gathered(file, runs)),
            });
        }
        Ok(Some(inside))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], _: How) -> Result<Put> {
        let (_, files) = files(file)?.context("it is a FAT file system")?;
        let one = files.get(member).context("the member is there")?;
        let mut put = Put {
            file: file.to_vec(),
            fields: Vec::new(),
            rebuilt: false,
        };
        let mut rest = new;
        for run in &one.runs {
            let (now, after) = rest
                .split_at_checked(run.len())
                .with_context(|| format!("{} would get another length", one.path))?;
            put.write("", run.start, now);
            rest = after;
        }
        if !rest.is_empty() {
            bail!("{} would get another length", one.path);
        }
        Ok(put)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flipped_and_cut, replaced};
    use super::*;

    fn row(name: &[u8; 11], kind: u8, first: u16, size: u32) -> Vec<u8> {
        let mut row = name.to_vec();
        row.push(kind);
        row.resize(26, 0);
        row.extend(first.to_le_bytes());
        row.extend(size.to_le_bytes());
        row
    }

    /// 12 bits: one table, a root of 16 rows, clusters of a sector. `A.BIN` is in clusters 2, 4 and 3, `D/long name` in 6.
    fn image() -> Vec<u8> {
        let mut file = vec![0; 512 * 20];
        file[..3].copy_from_slice(&[0xeb, 0x3c, 0x90]);
        file[11..13].copy_from_slice(&512u16.to_le_bytes());
        file[13] = 1;
        file[14] = 1;
        file[16] = 1;
        file[17] = 16;
        file[19] = 20;
        file[21] = 0xf8;
        file[22] = 1;
        file[510..512].copy_from_slice(&[0x55, 0xaa]);
        let next = [0xff8, 0xfff, 4, 0xfff, 3, 0xfff, 0xfff];
        for (cluster, next) in next.into_iter().enumerate() {
            let at = 512 + cluster + cluster / 2;
            let both = le16(&file, at).unwrap();
            let both = if cluster % 2 == 0 {
                both | next
            } else {
                both | next << 4
            };
            file[at..at + 2].copy_from_slice(&both.to_le_bytes());
        }
        let place = |cluster: usize| 512 * (3 + cluster - 2);
        let root = [
            row(b"VOLUME     ", LABEL, 0, 0),
            row(b"A       BIN", 0, 2, 1300),
            row(b"D          ", FOLDER, 5, 0),
        ]
        .concat();
        file[1024..1024 + root.len()].copy_from_slice(&root);
        let mut long = vec![0x41];
        let units: Vec<u8> = "long name\0"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        long.extend(&units[..10]);
        long.extend([LONG, 0, 0]);
        long.extend(&units[10..]);
        long.resize(ROW, 0xff);
        let folder = [
            row(b".          ", FOLDER, 5, 0),
            long,
            row(b"LONGNA~1   ", 0, 6, 100),
        ]
        .concat();
        file[place(5)..place(5) + folder.len()].copy_from_slice(&folder);
        for cluster in [2, 3, 4, 6] {
            file[place(cluster)..place(cluster) + 512].fill(cluster as u8);
        }
        file
    }

    #[test]
    fn files_are_replaced_wherever_their_clusters_are() {
        let file = image();
        let inside = Fat.open(&file).unwrap().unwrap();
        let names: Vec<&str> = inside
            .members
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        assert_eq!(names, ["A.BIN", "D/long name"]);
        let whole = [[2; 512].as_slice(), &[4; 512], &[3; 276]].concat();
        assert_eq!(inside.members[0].bytes[..], whole);
        assert_eq!(inside.members[1].place, Some(512 * 7));
        replaced(&Fat, &file, 0);
        replaced(&Fat, &file, 1);
        assert!(Fat.put(&file, 1, &[0; 99], How::default()).is_err());
    }

    #[test]
    fn clusters_of_two_files_are_an_error() {
        let mut file = image();
        // The first cluster of `D/long name`.
        file[512 * 6 + 64 + 26] = 3;
        let error = format!("{:#}", Fat.open(&file).err().unwrap());
        assert!(error.contains("twice"), "{error}");
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        flipped_and_cut(&Fat, &image());
    }
}
