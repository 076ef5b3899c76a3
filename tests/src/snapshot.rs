//! All that is in a folder, to compare what guests leave behind.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use crate::manifest::show;

/// Paths relative to the folder.
pub type Files = BTreeMap<PathBuf, Entry>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Directory,
    File(Vec<u8>),
    /// With its target.
    Symlink(PathBuf),
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Directory => f.write_str("a directory"),
            Entry::File(bytes) => f.write_str(&show(bytes)),
            Entry::Symlink(target) => write!(f, "a link to {}", target.display()),
        }
    }
}

/// Everything below `folder`.
pub fn read(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut left = vec![PathBuf::new()];
    while let Some(relative) = left.pop() {
        let here = folder.join(&relative);
        for entry in fs::read_dir(&here).with_context(|| here.display().to_string())? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            let ty = entry.file_type()?;
            let found = if ty.is_symlink() {
                Entry::Symlink(fs::read_link(entry.path())?)
            } else if ty.is_dir() {
                left.push(path.clone());
                Entry::Directory
            } else {
                Entry::File(fs::read(entry.path())?)
            };
            files.insert(path, found);
        }
    }
    Ok(files)
}

/// Copies everything below `from` into the existing folder `to`.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    for (path, entry) in read(from)? {
        let to = to.join(path);
        match entry {
            Entry::Directory => fs::create_dir(&to)?,
            Entry::File(bytes) => fs::write(&to, bytes)?,
            Entry::Symlink(target) => std::os::unix::fs::symlink(target, &to)?,
        }
    }
    Ok(())
}

/// `path` with `..` taken out by name.
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}
