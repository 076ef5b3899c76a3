//! Runs the command line in a folder of its own.
#![allow(dead_code)]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A temporary folder with the files of a test.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, assembling it when its name ends in `.wasm` and `content` is text.
    pub fn add(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let content = content.as_ref();
        let path = self.path().join(name);
        let text = std::str::from_utf8(content).is_ok_and(|text| text.starts_with('('));
        if name.ends_with(".wasm") && text {
            fs::write(&path, wat::parse_bytes(content).unwrap()).unwrap();
        } else {
            fs::write(&path, content).unwrap();
        }
        path
    }

    /// The names of all files, sorted.
    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Runs `p1bridge` here.
    pub fn run(&self, args: &[&str]) -> Ended {
        self.run_with_stdin(args, b"")
    }

    pub fn run_with_stdin(&self, args: &[&str], stdin: &[u8]) -> Ended {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The command may end before it has read everything.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        Ended::new(child.wait_with_output().unwrap())
    }

    /// Runs `p1bridge` with a terminal as its standard streams. Returns what the terminal got.
    #[cfg(target_os = "linux")]
    pub fn run_on_terminal(&self, args: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String) {
        let (mut terminal, end) = pseudo_terminal();
        let mut command = self.command(args);
        // Each of them decides about colours, `CI` even on a terminal that has none.
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
            command.env_remove(name);
        }
        command
            .env("TERM", "xterm")
            .envs(env.iter().copied())
            .stdin(end.try_clone().unwrap())
            .stdout(end.try_clone().unwrap())
            .stderr(end);
        let mut child = command.spawn().unwrap();
        // It holds the other end: without it the terminal ends when the child does.
        drop(command);
        let mut got = Vec::new();
        // A terminal that nobody holds any more is an error of the device, not an end.
        let _ = terminal.read_to_end(&mut got);
        let code = child.wait().unwrap().code();
        (code, String::from_utf8(got).unwrap().replace("\r\n", "\n"))
    }

    /// The same with a file that comes after so many milliseconds. Returns what the terminal got, and what was left of it when
    /// lines of progress were taken away.
    #[cfg(target_os = "linux")]
    pub fn run_on_terminal_with_late(
        &self,
        (name, bytes): (&str, &[u8]),
        late: u64,
        args: &[&str],
    ) -> (String, String) {
        const AWAY: &str = "\r\x1b[K";
        let pipe = self.path().join(name);
        let made = Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let (writer, bytes) = (pipe.clone(), bytes.to_vec());
        let writer = std::thread::spawn(move || {
            let mut end = fs::OpenOptions::new().write(true).open(writer).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(late));
            end.write_all(&bytes).unwrap();
        });
        let (code, screen) = self.run_on_terminal(args, &[]);
        writer.join().unwrap();
        fs::remove_file(&pipe).unwrap();
        assert_eq!(code, Some(0), "{screen}");
        assert!(!screen.replace(AWAY, "").contains('\x1b'), "{screen:?}");
        let left = screen.rsplit(AWAY).next().unwrap().to_string();
        (screen, left)
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_p1bridge"));
        command.args(args).current_dir(self.path());
        command
    }
}

/// A new terminal: the side of the screen, and that of the program.
#[cfg(target_os = "linux")]
fn pseudo_terminal() -> (fs::File, fs::File) {
    use std::os::fd::FromRawFd;
    let (mut screen, mut program) = (-1, -1);
    let size = libc::winsize {
        ws_row: 50,
        ws_col: 120,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the first two pointers are to integers, no name is asked for, and the descriptors are
    // nobody else's.
    unsafe {
        let name = std::ptr::null_mut();
        let opened = libc::openpty(&mut screen, &mut program, name, std::ptr::null(), &size);
        assert_eq!(opened, 0, "{}", std::io::Error::last_os_error());
        // The child is not to hold the screen.
        libc::fcntl(screen, libc::F_SETFD, libc::FD_CLOEXEC);
        libc::fcntl(program, libc::F_SETFD, libc::FD_CLOEXEC);
        (
            fs::File::from_raw_fd(screen),
            fs::File::from_raw_fd(program),
        )
    }
}

/// What a run of the command line left behind.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ended {
    fn new(output: Output) -> Ended {
        Ended {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Asserts success and that nothing but `stderr_has` was complained about.
    #[track_caller]
    pub fn succeeded(self) -> Ended {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Asserts exit code 1 and one message on standard error that contains all of `parts`.
    #[track_caller]
    pub fn failed_with(&self, parts: &[&str]) {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(self.stdout.is_empty(), "{self:?}");
        assert!(self.stderr.starts_with("error: "), "{self:?}");
        assert_eq!(self.stderr.matches("error: ").count(), 1, "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        for part in parts {
            assert!(self.stderr.contains(part), "no {part:?} in {self:?}");
        }
    }
}

/// Lets a module carry the only world of `wit`, in the section that wit-component writes.
pub fn carry(module: &mut Vec<u8>, wit: &str) {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("app.wit", wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    wit_component::embed_component_metadata(module, &resolve, world, Default::default(), false)
        .unwrap();
}
