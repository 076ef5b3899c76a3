//! What scripts do in several steps, and where they have what is passed and returned.

use super::script::Script;
use super::{at, n};

/// Where paths, buffers, vectors and results are.
pub const PATH: u32 = 0x100;
pub const TO: u32 = 0x200;
pub const FD: u32 = 0x80;
pub const OUT: u32 = 0x90;
pub const IOV: u32 = 0xc0;
pub const BUF: u32 = 0x1000;

pub const READ: i64 = 1 << 1;
pub const WRITE: i64 = 1 << 6;
/// All rights of files and directories.
pub const RIGHTS: i64 = (1 << 28) - 1;

impl Script {
    /// Opens a path below descriptor 3.
    pub fn open(&mut self, path: &str, how: i64, rights: i64, flags: i64, fd: u32) -> &mut Script {
        self.poke(fd, &[0xff; 4]).poke(PATH, path.as_bytes()).call(
            "path_open",
            &[
                n(3),
                n(1),
                n(PATH.into()),
                n(path.len() as i64),
                n(how),
                n(rights),
                n(RIGHTS),
                n(flags),
                n(fd.into()),
            ],
        )
    }

    /// Makes vectors of buffers that follow each other from [`BUF`] on.
    pub fn vectors(&mut self, lengths: &[u32]) -> &mut Script {
        let mut at = BUF;
        let mut bytes = Vec::new();
        for length in lengths {
            bytes.extend(at.to_le_bytes());
            bytes.extend(length.to_le_bytes());
            at += length;
        }
        self.poke(IOV, &bytes)
    }

    pub fn read(&mut self, fd: u32, length: u32) -> &mut Script {
        self.vectors(&[length])
            .poke(BUF, &vec![b'-'; length as usize])
            .poke(OUT, &[0; 4])
            .call("fd_read", &[at(fd), n(IOV.into()), n(1), n(OUT.into())])
            .dump_counted(BUF, OUT)
    }

    pub fn write(&mut self, fd: u32, text: &str) -> &mut Script {
        self.vectors(&[text.len() as u32])
            .poke(BUF, text.as_bytes())
            .poke(OUT, &[0; 4])
            .call("fd_write", &[at(fd), n(IOV.into()), n(1), n(OUT.into())])
            .dump(OUT, 4)
    }

    pub fn seek(&mut self, fd: u32, by: i64, whence: i64) -> &mut Script {
        self.call("fd_seek", &[at(fd), n(by), n(whence), n(OUT.into())])
            .dump(OUT, 8)
    }

    pub fn tell(&mut self, fd: u32) -> &mut Script {
        self.call("fd_tell", &[at(fd), n(OUT.into())]).dump(OUT, 8)
    }

    /// Calls a function that takes a descriptor and a path first.
    pub fn on_path(&mut self, name: &str, path: &str) -> &mut Script {
        self.poke(PATH, path.as_bytes())
            .call(name, &[n(3), n(PATH.into()), n(path.len() as i64)])
    }

    pub fn two_paths(&mut self, name: &str, from: &str, to: &str) -> &mut Script {
        self.poke(PATH, from.as_bytes())
            .poke(TO, to.as_bytes())
            .call(
                name,
                &[
                    n(3),
                    n(PATH.into()),
                    n(from.len() as i64),
                    n(3),
                    n(TO.into()),
                    n(to.len() as i64),
                ],
            )
    }

    pub fn close(&mut self, fd: u32) -> &mut Script {
        self.call("fd_close", &[at(fd)])
    }

    /// The parts of a `filestat` that are the same for every copy of a file.
    pub fn dump_stat(&mut self, out: u32) -> &mut Script {
        self.dump(out, 8).dump(out + 16, 1).dump(out + 24, 16)
    }
}
