//! A program on the crate `wsi`: a file, an error, a timer beside standard output.
#![no_std]

use wsi::{DUE, Errno, FOREVER, Fd, IN, OUT, Result, STDIN, STDOUT, Sub, how, now, poll, preopen};

fn line(text: &str, number: u64) -> Result<()> {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    for part in [text.as_bytes(), b": ", &digits[at..], b"\n"] {
        STDOUT.write_all(part)?;
    }
    Ok(())
}

fn file() -> Result<()> {
    let dir = preopen(0)?;
    let file = dir.open("file", how::CREATE | how::READ | how::WRITE)?;
    file.write_all(b"some bytes")?;
    line("offset", file.seek(-5, 2)?)?;
    let mut bytes = [0; 8];
    let count = file.read(&mut bytes)? as usize;
    STDOUT.write_all(&bytes[..count])?;
    line("", count as u64)?;
    line("size", file.stat()?.size)?;
    let raw = file.raw();
    drop(file);
    // The number is nobody's now: a descriptor that is made of it is forgotten, as closing it would fail.
    let gone = core::mem::ManuallyDrop::new(unsafe { Fd::from_raw(raw) });
    line("closed", (gone.stat().err() == Some(Errno::BADF)).into())?;
    dir.unlink("file")?;
    line("missing", dir.open("file", how::READ).unwrap_err().0.into())?;
    line("no second directory", preopen(1).unwrap_err().0.into())
}

fn wait() -> Result<()> {
    let start = now(1)?;
    let mut subs = [Sub::timer(start + 20_000_000), Sub::timer(start)];
    line("ready", poll(&mut subs, FOREVER)?.into())?;
    line(
        "the second",
        (subs[1].got() == DUE && subs[0].got() == 0).into(),
    )?;
    let mut subs = [Sub::fd(&STDOUT, OUT)];
    poll(&mut subs, FOREVER)?;
    line("can write", (subs[0].got() & OUT).into())?;
    let mut subs = [Sub::fd(&STDIN, IN), Sub::timer(start)];
    subs[1].set(start + 20_000_000);
    line(
        "waited",
        (poll(&mut subs[1..], FOREVER)? == 1 && now(1)? >= start + 20_000_000).into(),
    )
}

#[unsafe(no_mangle)]
extern "C" fn _start() {
    let result = file().and_then(|()| wait());
    if let Err(error) = result {
        wsi::exit(error.0.into());
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
