//! Runs the command line in a folder of its own.
#![allow(dead_code)]

use std::fs;
use std::io::Write;
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

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_p1bridge"));
        command.args(args).current_dir(self.path());
        command
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
