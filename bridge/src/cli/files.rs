//! Input and output files; `-` stands for standard input and output.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::sniff::{SNIFF_LEN, sniff};

/// Reads a WebAssembly binary. Any other file is refused after its first bytes, however long it is.
pub fn read_binary(path: &Path) -> Result<Vec<u8>> {
    let read = |source: &mut dyn Read, length: usize| -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(length.max(SNIFF_LEN));
        source.take(SNIFF_LEN as u64).read_to_end(&mut bytes)?;
        sniff(&bytes)?;
        source.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    if is_dash(path) {
        return read(&mut io::stdin().lock(), 0).context("standard input");
    }
    let name = || path.display().to_string();
    let mut file = File::open(path).with_context(name)?;
    let meta = file.metadata().with_context(name)?;
    if meta.is_dir() {
        bail!("{}: is a directory", path.display());
    }
    read(&mut file, usize::try_from(meta.len()).unwrap_or(0)).with_context(name)
}

/// Reads any file, unless it is larger than any program.
pub fn read_any(path: &Path) -> Result<Vec<u8>> {
    const MOST: u64 = 4 << 30;
    let name = || shown(path);
    let mut bytes = Vec::new();
    let read = match is_dash(path) {
        true => io::stdin().lock().take(MOST).read_to_end(&mut bytes),
        false => {
            let file = File::open(path).with_context(name)?;
            if file.metadata().with_context(name)?.is_dir() {
                bail!("{}: is a directory", path.display());
            }
            file.take(MOST).read_to_end(&mut bytes)
        }
    };
    read.with_context(name)?;
    if bytes.len() as u64 == MOST {
        bail!("{}: is larger than {} GiB", name(), MOST >> 30);
    }
    Ok(bytes)
}

/// Quotes a word, so that a shell takes it as one.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./+,:=@".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// The name of an input in messages.
pub fn shown(path: &Path) -> String {
    match is_dash(path) {
        true => "standard input".to_string(),
        false => path.display().to_string(),
    }
}

/// The default output for `input`: `dir/app.wasm` gives `dir/app.<kind>.wasm`, standard input gives
/// standard output.
pub fn output_for(input: &Path, output: Option<&Path>, kind: &str) -> Result<PathBuf> {
    if let Some(output) = output {
        return Ok(output.to_path_buf());
    }
    if is_dash(input) {
        return Ok(input.to_path_buf());
    }
    let Some(stem) = input.file_stem() else {
        bail!(
            "{}: no file name to derive the output's from; use `-o FILE`",
            input.display()
        );
    };
    let mut name = OsString::from(stem);
    name.push(format!(".{kind}.wasm"));
    Ok(input.with_file_name(name))
}

/// Writes a whole file or nothing: the bytes go to a temporary file in the same folder, which is then
/// renamed. Returns the name of the file in messages.
pub fn write_output(path: &Path, bytes: &[u8]) -> Result<String> {
    if is_dash(path) {
        if io::stdout().is_terminal() {
            bail!(
                "the output is binary and standard output is a terminal; use `-o FILE` or a pipe"
            );
        }
        write_stdout(bytes).context("cannot write to standard output")?;
        return Ok("standard output".to_string());
    }
    // A link stays a link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    write_file(&target, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path.display().to_string())
}

/// Writes a text file; in a terminal, too.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    match is_dash(path) {
        true => ignoring_closed_pipe(write_stdout(text.as_bytes())),
        false => write_output(path, text.as_bytes()).map(drop),
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
        // A device or pipe cannot be replaced; a directory gives the error it should.
        return Ok(fs::write(path, bytes)?);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut temporary = new_file_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.persist(path)?;
    Ok(())
}

/// A temporary file with the permissions of an ordinary new file.
fn new_file_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".p1bridge-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

pub fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

pub fn ignoring_closed_pipe(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to standard output"),
    }
}

fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}
