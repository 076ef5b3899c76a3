//! A folder for one build, with the command p1bridge in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// A new folder, whose name has a space in it.
pub struct Place {
    _folder: TempDir,
    pub root: PathBuf,
}

/// The top folder of this repository.
pub fn top() -> PathBuf {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    top.canonicalize().expect("it is there")
}

/// The sources of wasm3 0.4.7; none where it is not built.
pub fn wasm3() -> Option<&'static str> {
    option_env!("WASM3_SOURCES")
}

/// Whether there are these programs, of which `what` in `P1BRIDGE_REQUIRE_ENGINES` requires all; says which one is missing.
pub fn has(what: &str, programs: &[&str]) -> bool {
    let works = |program: &&&str| {
        let ran = Command::new(program).arg("--version").output();
        !ran.is_ok_and(|ran| ran.status.success())
    };
    let Some(missing) = programs.iter().find(works) else {
        return true;
    };
    let required = std::env::var("P1BRIDGE_REQUIRE_ENGINES").unwrap_or_default();
    assert!(
        !required.split(',').any(|one| one == what),
        "{what} is required, and there is no {missing}"
    );
    eprintln!("skipped: there is no {missing}");
    false
}

/// What a command has said, if it has not failed.
pub fn said(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let text = text(&output);
    ensure!(
        output.status.success(),
        "{command:?}: {}\n{text}",
        output.status
    );
    Ok(text)
}

/// What a command has said, if it has failed.
pub fn refused(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let text = text(&output);
    ensure!(!output.status.success(), "{command:?} has worked:\n{text}");
    Ok(text)
}

fn text(output: &Output) -> String {
    [&output.stdout[..], &output.stderr[..]]
        .map(String::from_utf8_lossy)
        .concat()
}

impl Place {
    /// An empty one, with `bin/p1bridge`, which writes its first argument to a log.
    pub fn new() -> Result<Place> {
        let folder = tempfile::tempdir()?;
        let root = folder.path().canonicalize()?.join("a place");
        let place = Place {
            _folder: folder,
            root,
        };
        let tests = env!("CARGO_BIN_EXE_p1bridge-tests");
        let log = place.root.join("log");
        place.write("log", "")?;
        place.write(
            "bin/p1bridge",
            format!(
                "#!/bin/sh\ncase $1 in --version) ;; *) echo \"$1\" >>'{}' ;; esac\nexec '{tests}' p1bridge \"$@\"\n",
                log.display()
            ),
        )?;
        said(Command::new("chmod").arg("+x").arg(place.command()))?;
        Ok(place)
    }

    /// The command p1bridge.
    pub fn command(&self) -> PathBuf {
        self.root.join("bin/p1bridge")
    }

    /// Which commands have run since the last time, sorted.
    pub fn ran(&self) -> Result<Vec<String>> {
        let log = self.root.join("log");
        let text = std::fs::read_to_string(&log)?;
        std::fs::write(log, "")?;
        let mut ran: Vec<String> = text.lines().map(str::to_string).collect();
        ran.sort();
        Ok(ran)
    }

    /// Copies a folder or a file of this repository.
    pub fn copy(&self, from: &str, to: &str) -> Result<PathBuf> {
        let to = self.root.join(to);
        if let Some(folder) = to.parent() {
            std::fs::create_dir_all(folder)?;
        }
        said(Command::new("cp").arg("-r").arg(top().join(from)).arg(&to))?;
        Ok(to)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<PathBuf> {
        let file = self.root.join(name);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&file, text)?;
        Ok(file)
    }

    /// Puts a text in the place of another one.
    pub fn change(&self, name: &str, from: &str, to: &str) -> Result<()> {
        let file = self.root.join(name);
        let text = std::fs::read_to_string(&file)?;
        ensure!(text.contains(from), "{name} has no {from}");
        self.write(name, text.replace(from, to))?;
        Ok(())
    }

    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        let file = self.root.join(name);
        std::fs::read(&file).with_context(|| file.display().to_string())
    }

    /// What p1bridge makes with these arguments and `-o FILE`, without a build around it.
    pub fn made(&self, args: &[&str]) -> Result<Vec<u8>> {
        let made = self.root.join("made.wasm");
        let mut command = Command::new(env!("CARGO_BIN_EXE_p1bridge-tests"));
        command.arg("p1bridge").args(args).arg("-q");
        said(command.arg("-o").arg(&made).current_dir(&self.root))?;
        Ok(std::fs::read(made)?)
    }
}
