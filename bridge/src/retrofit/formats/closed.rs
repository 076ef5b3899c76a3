//! What is known, and written by the vendor's programs alone: modules that can be seen in it are listed, and not replaced.

use anyhow::{Result, bail};

use crate::retrofit::container::{Format, How, Inside, Put, be32, le16, le32};

pub struct Closed {
    name: &'static str,
    is: fn(&[u8]) -> bool,
    /// Why, and what to do.
    why: &'static str,
}

impl Format for Closed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        Ok((self.is)(file).then(|| Inside::closed(file, self.why)))
    }

    fn put(&self, _: &[u8], _: usize, _: &[u8], _: How) -> Result<Put> {
        bail!("{}", self.why)
    }
}

pub const XZ: Closed = Closed {
    name: "xz",
    is: |file| file.starts_with(b"\xfd7zXZ\0"),
    why: "it is compressed: unpack it with `xz -d`, replace the module there, and pack it with `xz`; `xz -lvv` shows which check it has",
};

pub const ZSTD: Closed = Closed {
    name: "zstd",
    is: |file| file.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]),
    why: "it is compressed: unpack it with `zstd -d`, replace the module there, and pack it with `zstd`",
};

pub const BZIP2: Closed = Closed {
    name: "bzip2",
    is: |file| file.starts_with(b"BZh") && file.get(4..10) == Some(b"1AY&SY"),
    why: "it is compressed: unpack it with `bunzip2`, replace the module there, and pack it with `bzip2`",
};

pub const LZ4: Closed = Closed {
    name: "lz4",
    is: |file| matches!(le32(file, 0), Some(0x184d_2204 | 0x184c_2102)),
    why: "it is compressed: unpack it with `lz4 -d`, replace the module there, and pack it with `lz4`, with `-l` for Linux",
};

pub const LZMA: Closed = Closed {
    name: "lzma",
    // Nothing marks it but what everybody writes: the parameters, a power of two for the dictionary, and a size that is
    // not said, or is one that files have.
    is: |file| {
        let dictionary = le32(file, 1).is_some_and(|size| size >= 4096 && size.is_power_of_two());
        let (low, high) = (le32(file, 5), le32(file, 9));
        let sized = high == Some(0) || (low, high) == (Some(u32::MAX), Some(u32::MAX));
        file.first() == Some(&0x5d) && dictionary && sized && file.get(13) == Some(&0)
    },
    why: "it is compressed: unpack it with `unlzma`, replace the module there, and pack it with `lzma`",
};

pub const OPENSSL: Closed = Closed {
    name: "file that OpenSSL has encrypted",
    is: |file| file.starts_with(b"Salted__"),
    why: "it is encrypted: replace the module in the file before it is encrypted, with `openssl enc`",
};

pub const LITTLEFS: Closed = Closed {
    name: "littlefs",
    // The second block of the pair may be the newer one; blocks have any power of two.
    is: |file| {
        let begins = |at: usize| {
            file.get(at + 8..)
                .is_some_and(|rest| rest.starts_with(b"littlefs"))
        };
        begins(0) || (7..=17).any(|power| begins(1 << power))
    },
    why: "littlefs sums up what lies in its blocks, and spreads files over them: take the files out with `littlefs-python extract` or \
          `mklittlefs -u`, replace the module there, and make the image with `littlefs-python create` or `mklittlefs -c`, with the \
          same sizes of blocks",
};

pub const SPIFFS: Closed = Closed {
    name: "SPIFFS",
    is: is_spiffs,
    why: "SPIFFS spreads files over its pages: take the files out with `mkspiffs -u`, replace the module there, and make the image with \
          `mkspiffs -c` or `spiffsgen.py`, with the same sizes of pages and blocks",
};

/// A word in the last but one place of the list at the head of each block, made of the size of pages and, as most have it,
/// the number of blocks up to the end.
fn is_spiffs(file: &[u8]) -> bool {
    const MAGIC: u16 = 0x0529;
    [256usize, 512, 1024].into_iter().any(|page| {
        (12..=16).map(|power| 1usize << power).any(|block| {
            let blocks = file.len() / block;
            let list = (block / page * 2).next_multiple_of(page);
            let all = |counted: bool| {
                (0..blocks).all(|number| {
                    let left = if counted { (blocks - number) as u16 } else { 0 };
                    le16(file, number * block + list - 4) == Some(MAGIC ^ page as u16 ^ left)
                })
            };
            blocks >= 2 && blocks * block == file.len() && (all(true) || all(false))
        })
    })
}

pub const UBI: Closed = Closed {
    name: "UBI",
    is: |file| file.starts_with(b"UBI#"),
    why: "UBI and the file system in it have sums and compress files: take them out with `ubireader_extract_files`, replace the module \
          there, and make the image with `mkfs.ubifs` and `ubinize`",
};

pub const UBIFS: Closed = Closed {
    name: "UBIFS",
    is: |file| le32(file, 0) == Some(0x0610_1831),
    why: "UBIFS has sums and compresses files: take them out with `ubireader_extract_files`, replace the module there, and make the \
          image with `mkfs.ubifs`",
};

pub const JFFS2: Closed = Closed {
    name: "JFFS2",
    is: |file| {
        let kinds = [0xe001, 0xe002, 0x2003, 0x2004, 0x2006, 0xe008, 0xe009];
        let node = |magic: u16, kind: u16, length: u32| {
            magic == 0x1985 && kinds.contains(&kind) && (12..=0x10_0000).contains(&length)
        };
        let (Some(magic), Some(kind), Some(length)) = (le16(file, 0), le16(file, 2), le32(file, 4))
        else {
            return false;
        };
        node(magic, kind, length)
            || node(magic.swap_bytes(), kind.swap_bytes(), length.swap_bytes())
    },
    why: "JFFS2 sums up and compresses pieces of files: take the files out with `jefferson`, replace the module there, and make the \
          image with `mkfs.jffs2`, with the same size of erase blocks",
};

pub const CRAMFS: Closed = Closed {
    name: "cramfs",
    is: |file| {
        let marked = |at: usize| {
            let magic = le32(file, at);
            magic == Some(0x28cd_3d45) || magic.map(u32::swap_bytes) == Some(0x28cd_3d45)
        };
        marked(0) || marked(512)
    },
    why: "cramfs compresses files: take them out with `fsck.cramfs --extract=FOLDER`, replace the module there, and make the image with \
          `mkfs.cramfs`",
};

pub const EROFS: Closed = Closed {
    name: "EROFS",
    is: |file| le32(file, 1024) == Some(0xe0f5_e1e2),
    why: "EROFS may compress files and share bytes between them: take them out with `fsck.erofs --extract=FOLDER`, replace the module \
          there, and make the image with `mkfs.erofs`",
};

pub const RAUC: Closed = Closed {
    name: "RAUC bundle",
    is: |file| {
        // A signature and its length are behind the file system.
        let signature = || {
            let end = file.len().checked_sub(8)?;
            let length = u64::from_be_bytes(*file[end..].first_chunk()?);
            let begin = end.checked_sub(usize::try_from(length).ok()?)?;
            (length > 0 && begin > 96).then(|| file[begin] == 0x30)
        };
        super::squashfs::is_one(file) && signature() == Some(true)
    },
    why: "a bundle for RAUC is signed, and has the SHA-256 of its files in a manifest: take it out with `rauc extract`, replace the \
          module there, and make it again with `rauc bundle --cert CERT --key KEY`",
};

pub const WEAR_LEVELLED: Closed = Closed {
    name: "FAT with wear levelling of ESP-IDF",
    // A sector that is not in use is before it.
    is: |file| {
        const SECTOR: usize = 4096;
        file.len() > 2 * SECTOR
            && file[..SECTOR].iter().all(|byte| *byte == 0xff)
            && super::fat::is_boot_sector(&file[SECTOR..])
    },
    why: "its sectors have been moved about: take the files out with `fatfsparse.py --wl-layer enabled`, replace the module there, and \
          make the image with `wl_fatfsgen.py`",
};

pub const ANDROID_BOOT: Closed = Closed {
    name: "Android boot image",
    is: |file| file.starts_with(b"ANDROID!") || file.starts_with(b"VNDRBOOT"),
    why: "a boot image has a hash of its parts, and is signed: take them out with `unpack_bootimg`, replace the module there, make it \
          with `mkbootimg` and sign it with `avbtool add_hash_footer`",
};

pub const ANDROID_SPARSE: Closed = Closed {
    name: "Android sparse image",
    is: |file| le32(file, 0) == Some(0xed26_ff3a),
    why: "pieces of it are left out: make it whole with `simg2img`, replace the module there, and make it sparse with `img2simg`",
};

pub const ANDROID_PAYLOAD: Closed = Closed {
    name: "Android update payload",
    is: |file| file.starts_with(b"CrAU") && matches!(be32(file, 8), Some(1..=2)),
    why: "an update has hashes of all partitions and a signature: replace the module in the partition's image before `ota_from_target_files` \
          makes it",
};

pub const ESP8266: Closed = Closed {
    name: "ESP8266 image",
    is: is_esp8266,
    why: "an image for the ESP8266 has a checksum, and for updates more: replace the module in the ELF file, and make the image with \
          `esptool --chip esp8266 elf2image`",
};

/// The head has 8 bytes, and not the 24 of later chips. It is one if the chain of its segments ends at a checksum that is right,
/// and it begins to run where that chip has its code; or if it is one for the boot loader that loads code in place.
fn is_esp8266(file: &[u8]) -> bool {
    const CODE: std::ops::Range<u32> = 0x4010_0000..0x4030_0000;
    let (Some(magic), Some(count), Some(start)) = (file.first(), file.get(1), le32(file, 4)) else {
        return false;
    };
    if !CODE.contains(&start) {
        return false;
    }
    if *magic == 0xea {
        return *count == 4;
    }
    if *magic != 0xe9 || !(1..=16).contains(count) {
        return false;
    }
    let mut at = 8usize;
    let mut sum = 0xef;
    for _ in 0..*count {
        let Some(length) = le32(file, at + 4) else {
            return false;
        };
        let Some(data) = file
            .get(at + 8..)
            .and_then(|rest| rest.get(..length as usize))
        else {
            return false;
        };
        sum = data.iter().fold(sum, |sum, byte| sum ^ byte);
        at += 8 + data.len();
    }
    file.get((at + 1).next_multiple_of(16) - 1) == Some(&sum)
}

#[cfg(test)]
mod tests {
    use super::super::FORMATS;
    use crate::retrofit::container::Locked;

    fn with(length: usize, at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut file = vec![0; length];
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    }

    fn esp8266() -> Vec<u8> {
        let mut file = vec![0xe9, 1, 0, 0];
        file.extend(0x4010_0004u32.to_le_bytes());
        file.extend(0x4010_0000u32.to_le_bytes());
        file.extend(20u32.to_le_bytes());
        file.extend([0; 19]);
        file.push(1);
        file.resize(47, 0);
        file.push(0xef ^ 1);
        file
    }

    fn spiffs() -> Vec<u8> {
        let mut file = vec![0xff; 4 * 4096];
        for block in 0..4 {
            let magic = 0x0529 ^ 256 ^ (4 - block as u16);
            file[block * 4096 + 252..][..2].copy_from_slice(&magic.to_le_bytes());
        }
        file
    }

    #[test]
    fn each_is_known_by_name_and_says_what_to_do() {
        let rauc = [
            &b"hsqs"[..],
            &[0; 4096],
            &[0x30; 100],
            &100u64.to_be_bytes(),
        ]
        .concat();
        let files = [
            ("xz", b"\xfd7zXZ\0\0\x04".to_vec()),
            ("zstd", vec![0x28, 0xb5, 0x2f, 0xfd, 0]),
            ("bzip2", b"BZh91AY&SY".to_vec()),
            ("lz4", vec![4, 0x22, 0x4d, 0x18]),
            (
                "lzma",
                [&[0x5d, 0, 0, 0x80, 0][..], &[0xff; 8], &[0; 9]].concat(),
            ),
            (
                "file that OpenSSL has encrypted",
                b"Salted__12345678".to_vec(),
            ),
            ("littlefs", with(8192, 8, b"littlefs")),
            ("littlefs", with(8192, 4096 + 8, b"littlefs")),
            ("SPIFFS", spiffs()),
            ("UBI", b"UBI#\x01".to_vec()),
            ("UBIFS", vec![0x31, 0x18, 0x10, 0x06]),
            ("JFFS2", vec![0x85, 0x19, 0x03, 0x20, 12, 0, 0, 0]),
            ("JFFS2", vec![0x19, 0x85, 0xe0, 0x01, 0, 0, 0, 50]),
            ("cramfs", vec![0x45, 0x3d, 0xcd, 0x28]),
            ("cramfs", with(1024, 512, &[0x28, 0xcd, 0x3d, 0x45])),
            ("EROFS", with(2048, 1024, &[0xe2, 0xe1, 0xf5, 0xe0])),
            ("RAUC bundle", rauc),
            ("squashfs", with(4096, 0, b"hsqs")),
            ("squashfs", with(4096, 0, b"sqsh")),
            ("Android boot image", b"ANDROID!".to_vec()),
            ("Android sparse image", vec![0x3a, 0xff, 0x26, 0xed]),
            ("Android update payload", b"CrAU\0\0\0\0\0\0\0\x02".to_vec()),
            ("ESP8266 image", esp8266()),
        ];
        for (name, file) in files {
            let found = FORMATS.iter().find_map(|format| {
                let inside = format.open(&file).unwrap()?;
                Some((format.name(), inside))
            });
            let (found, inside) = found.unwrap_or_else(|| panic!("{name} is not known"));
            assert_eq!(found, name);
            let Some(Locked::Closed { why }) = inside.locked else {
                panic!("{name} is not closed");
            };
            assert!(why.contains('`'), "{name}: {why}");
            assert_eq!(inside.members[0].bytes.len(), file.len());
        }
    }
}
