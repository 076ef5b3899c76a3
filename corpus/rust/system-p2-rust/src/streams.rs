//! Every function of wasi:io/streams, on stdin and stdout; stdin holds at least 20,000 bytes of the manifest's pattern.

use crate::bindings::wasi::cli::{stdin, stdout};
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};
use crate::line;

pub(crate) fn all() {
    let input = stdin::get_stdin();
    let out = stdout::get_stdout();
    let mut reader = Reader {
        input: &input,
        position: 0,
    };
    reader.reads();
    reader.skips();
    writes(&out);
    zeroes(&out);
    reader.splices(&out);
    reader.rest();
}

/// Byte `i` of the pattern on stdin.
fn pattern(i: u64) -> u8 {
    ((i * 31 + 7) % 251) as u8
}

struct Reader<'a> {
    input: &'a InputStream,
    position: u64,
}

impl Reader<'_> {
    fn check(&mut self, bytes: &[u8]) -> bool {
        let start = self.position;
        self.position += bytes.len() as u64;
        bytes
            .iter()
            .zip(start..)
            .all(|(byte, i)| *byte == pattern(i))
    }

    fn reads(&mut self) {
        line(format!(
            "read of nothing: {} bytes",
            self.input.read(0).expect("open").len()
        ));
        let mut intact = true;
        while self.position < 3000 {
            self.input.subscribe().block();
            let bytes = self
                .input
                .read(3000 - self.position)
                .expect("not at the end");
            intact &= self.check(&bytes);
        }
        line(format!("read: up to {}, intact {intact}", self.position));
        while self.position < 9001 {
            let bytes = self
                .input
                .blocking_read(9001 - self.position)
                .expect("not at the end");
            intact &= !bytes.is_empty() && self.check(&bytes);
        }
        line(format!(
            "blocking-read: up to {}, intact {intact}",
            self.position
        ));
    }

    fn skips(&mut self) {
        while self.position < 10_000 {
            self.input.subscribe().block();
            self.position += self
                .input
                .skip(10_000 - self.position)
                .expect("not at the end");
        }
        line(format!("skip: up to {}", self.position));
        while self.position < 12_000 {
            self.position += self
                .input
                .blocking_skip(12_000 - self.position)
                .expect("not at the end");
        }
        line(format!("blocking-skip: up to {}", self.position));
    }

    fn splices(&mut self, out: &OutputStream) {
        let start = self.position;
        while self.position < start + 100 {
            self.input.subscribe().block();
            out.subscribe().block();
            self.position += out
                .splice(self.input, start + 100 - self.position)
                .expect("both open");
        }
        out.blocking_flush().expect("stdout is open");
        line(format!("\nsplice: up to {}", self.position));
        while self.position < start + 6000 {
            self.position += out
                .blocking_splice(self.input, start + 6000 - self.position)
                .expect("both open");
        }
        out.blocking_flush().expect("stdout is open");
        line(format!("\nblocking-splice: up to {}", self.position));
    }

    /// What is left must still be the pattern: no splice has taken more than it said.
    fn rest(&mut self) {
        let mut intact = true;
        loop {
            match self.input.blocking_read(1 << 20) {
                Ok(bytes) => intact &= self.check(&bytes),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(error)) => {
                    panic!("{}", error.to_debug_string())
                }
            }
        }
        line(format!("end at {}, intact {intact}", self.position));
        line(format!(
            "after the end: {:?}",
            self.input
                .read(1)
                .map_err(|e| matches!(e, StreamError::Closed))
        ));
    }
}

fn writes(out: &OutputStream) {
    let text: String = (0..900).map(|i| format!("{i:03} written\n")).collect();
    let mut left = text.as_bytes();
    while !left.is_empty() {
        out.subscribe().block();
        let permit = out
            .check_write()
            .expect("stdout is open")
            .min(left.len() as u64) as usize;
        out.write(&left[..permit]).expect("within the permit");
        out.flush().expect("stdout is open");
        left = &left[permit..];
    }
    out.blocking_flush().expect("stdout is open");
    out.blocking_write_and_flush(&[b'='; 4096])
        .expect("stdout is open");
    out.blocking_write_and_flush(b"").expect("stdout is open");
    out.blocking_write_and_flush(b"\n").expect("stdout is open");
    line(format!(
        "a permit is given: {}",
        out.check_write().expect("stdout is open") > 0
    ));
}

fn zeroes(out: &OutputStream) {
    out.subscribe().block();
    let permit = out.check_write().expect("stdout is open");
    out.write_zeroes(permit.min(700))
        .expect("within the permit");
    out.blocking_flush().expect("stdout is open");
    out.blocking_write_zeroes_and_flush(4096)
        .expect("stdout is open");
    line("\nzeroes are out");
}
