//! A serial terminal over a device that is a file: a pseudo-terminal, of which the test is the other end.

use std::ffi::CStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use p1bridge_tests::engines::available;
use p1bridge_tests::{Engine, RunSpec};

use super::both;

/// A pseudo-terminal: the end of the device, and the name of the other one among the terminals of the system.
fn terminal() -> (File, String) {
    // Nothing here is shared with another thread.
    unsafe {
        let device = libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY);
        assert!(device >= 0 && libc::grantpt(device) == 0 && libc::unlockpt(device) == 0);
        let mut raw = std::mem::zeroed();
        assert_eq!(libc::tcgetattr(device, &raw mut raw), 0);
        libc::cfmakeraw(&raw mut raw);
        assert_eq!(libc::tcsetattr(device, libc::TCSANOW, &raw const raw), 0);
        let name = CStr::from_ptr(libc::ptsname(device)).to_str().unwrap();
        let name = name.strip_prefix("/dev/pts/").unwrap().to_owned();
        (File::from(OwnedFd::from_raw_fd(device)), name)
    }
}

fn talk(engine: &dyn Engine, wasm: &[u8]) -> String {
    let (device, name) = terminal();
    let mut device_end = device.try_clone().unwrap();
    // It says what it hears, louder, until the other end is closed.
    thread::spawn(move || {
        let mut bytes = [0; 64];
        while let Ok(count @ 1..) = device_end.read(&mut bytes) {
            bytes[..count].make_ascii_uppercase();
            device_end.write_all(&bytes[..count]).unwrap();
            if bytes[..count].contains(&b'\n') {
                break;
            }
        }
    });
    let spec = RunSpec {
        argv: vec!["guest".to_owned(), name],
        stdin: b"hello device\n".to_vec(),
        dir: Some(PathBuf::from("/dev/pts")),
        timeout: Duration::from_secs(20),
        ..RunSpec::default()
    };
    let outcome = engine.run(wasm, &spec).unwrap();
    String::from_utf8(outcome.stdout).unwrap()
}

#[test]
fn a_serial_terminal_talks_to_its_device() {
    for engine in available() {
        // wasmtime reads what was opened by name at offsets, which a terminal does not have, and wasmi waits for it for
        // ever; both do the same to the program for Preview 1.
        if ["wasmtime", "wasmi"].contains(&engine.name()) {
            continue;
        }
        for wasm in both(&*engine, "serial") {
            let text = talk(&*engine, &wasm);
            assert_eq!(
                text,
                "terminal: yes\nHELLO DEVICE\nclosed\n",
                "{}",
                engine.name()
            );
        }
    }
}
