//! Input and output files; `-` stands for standard input and output.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use p1bridge_linker::timings;

use crate::progress;
use crate::sniff::{SNIFF_LEN, sniff};

/// Reads a WebAssembly binary. Any other file is refused after its first bytes, however long it is.
pub fn read_binary(path: &Path) -> Result<Vec<u8>> {
    let known = path.metadata().map_or(0, |meta| meta.len());
    timings::stage("read", usize::try_from(known).unwrap_or(0));
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
    timings::stage("read", 0);
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

/// Standard output, as the value of an option.
pub const STDOUT: &str = "-";

/// Where a binary goes that is made of `input`: `output` if one is named. Otherwise `dir/app.wasm` gives
/// `dir/app.<kind>.wasm`, and standard input gives standard output.
///
/// # Errors
///
/// Fails for a terminal: nothing has been written yet.
pub fn output_for(input: &Path, output: Option<&Path>, kind: &str) -> Result<PathBuf> {
    let named = output.or_else(|| is_dash(input).then_some(input));
    if let Some(output) = named {
        if is_dash(output) && io::stdout().is_terminal() {
            bail!(
                "the output is binary and standard output is a terminal; use `-o FILE` or a pipe"
            );
        }
        return Ok(output.to_path_buf());
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

/// Refuses one place for two things, each with its name in messages.
pub fn apart(a: (&str, Option<&Path>), b: (&str, Option<&Path>)) -> Result<()> {
    let ((a, Some(first)), (b, Some(second))) = (a, b) else {
        return Ok(());
    };
    match (is_dash(first), is_dash(second)) {
        (true, true) => {
            bail!("{a} and {b} both go to standard output: give one of them a file")
        }
        (false, false) if same_file(first, second) => bail!(
            "{a} and {b} are both {}: give one of them another name",
            second.display()
        ),
        _ => Ok(()),
    }
}

/// The place of what `--json` prints, if it does.
pub fn of_json(json: bool) -> (&'static str, Option<&'static Path>) {
    ("--json", json.then_some(Path::new(STDOUT)))
}

/// The place of a binary, for [`apart`].
pub fn of_output(output: &Path) -> (&'static str, Option<&Path>) {
    ("the output", Some(output))
}

/// Whether both name one file, which need not be there yet.
fn same_file(a: &Path, b: &Path) -> bool {
    let whole = |path: &Path| match fs::canonicalize(path) {
        Ok(path) => path,
        Err(_) => {
            let folder = folder_of(path);
            let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
            folder.join(path.file_name().unwrap_or_default())
        }
    };
    whole(a) == whole(b)
}

/// An output that has everything but its name.
pub struct Staged<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    /// The file that takes the name; none for what is no ordinary file.
    file: Option<(PathBuf, tempfile::NamedTempFile)>,
}

/// Writes `bytes` to a temporary file in the folder of `path`, which is to take that name.
pub fn stage<'a>(path: &'a Path, bytes: &'a [u8]) -> Result<Staged<'a>> {
    let mut file = None;
    // A device or pipe cannot be replaced; a directory gives the error it should.
    if !is_dash(path) && !fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
        // A link stays a link.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let filled = new_file_in(folder_of(&target)).and_then(|mut temporary| {
            temporary.write_all(bytes)?;
            Ok(temporary)
        });
        let filled = filled.with_context(|| format!("cannot write {}", path.display()))?;
        file = Some((target, filled));
    }
    Ok(Staged { path, bytes, file })
}

impl Staged<'_> {
    /// Lets it take its name. Returns what to call it in messages.
    pub fn commit(self) -> Result<String> {
        if is_dash(self.path) {
            write_stdout(self.bytes).context("cannot write to standard output")?;
            return Ok("standard output".to_string());
        }
        let name = self.path.display().to_string();
        let written = match self.file {
            Some((target, file)) => file.persist(target).map(drop).map_err(io::Error::from),
            None => fs::write(self.path, self.bytes),
        };
        written.with_context(|| format!("cannot write {name}"))?;
        Ok(name)
    }
}

/// Writes a whole file or nothing. Returns what to call it in messages.
pub fn write_output(path: &Path, bytes: &[u8]) -> Result<String> {
    timings::stage("write", bytes.len());
    stage(path, bytes)?.commit()
}

/// Writes a text file; in a terminal, too.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    match is_dash(path) {
        true => ignoring_closed_pipe(write_stdout(text.as_bytes())),
        false => write_output(path, text.as_bytes()).map(drop),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
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
    progress::clear();
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
