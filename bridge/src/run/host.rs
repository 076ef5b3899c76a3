//! The host side: Preview 1 with a counter per function.

use anyhow::{Context, Result, anyhow};
use wasmi::{Caller, Linker};
use wasmi_wasi::sync::snapshots::preview_1::wrapped;
use wasmi_wasi::wasi_common::WasiCtx;
use wasmi_wasi::wasi_common::sync::{Dir, WasiCtxBuilder, ambient_authority};

use super::stdio::{Captured, Reader, Writer};
use super::{RunOptions, Stats};

/// The module name of Preview 1.
const PREVIEW1: &str = "wasi_snapshot_preview1";

/// What host functions work on.
pub struct Host {
    wasi: WasiCtx,
    /// One counter for each of [`NAMES`].
    calls: [u64; NAMES.len()],
    pub stdout: Captured,
    pub stderr: Captured,
}

impl Host {
    /// Opens the streams and directories of `options`.
    pub fn new(options: &RunOptions) -> Result<Host> {
        let (out, stdout) =
            Writer::open(options.stdout, std::os::fd::AsFd::as_fd(&std::io::stdout()))?;
        let (err, stderr) =
            Writer::open(options.stderr, std::os::fd::AsFd::as_fd(&std::io::stderr()))?;
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdin(Box::new(Reader::open(&options.stdin)?))
            .stdout(Box::new(out))
            .stderr(Box::new(err));
        for arg in &options.args {
            wasi.arg(arg)
                .map_err(|e| anyhow!("argument {arg:?}: {e}"))?;
        }
        for (name, value) in &options.env {
            wasi.env(name, value)
                .map_err(|e| anyhow!("environment variable {name:?}: {e}"))?;
        }
        for dir in &options.dirs {
            let open = Dir::open_ambient_dir(&dir.host, ambient_authority())
                .with_context(|| format!("cannot open the directory {}", dir.host.display()))?;
            wasi.preopened_dir(open, &dir.guest)
                .map_err(|e| anyhow!("directory {}: {e}", dir.host.display()))?;
        }
        Ok(Host {
            wasi: wasi.build(),
            calls: [0; NAMES.len()],
            stdout,
            stderr,
        })
    }

    /// Writes how often each function was called into `stats`.
    pub fn count_calls(&self, stats: &mut Stats) {
        stats.host_calls = NAMES
            .iter()
            .zip(self.calls)
            .filter(|(_, calls)| *calls > 0)
            .map(|(name, calls)| (name.to_string(), calls))
            .collect();
    }

    fn counted(&mut self, index: usize) -> &mut WasiCtx {
        self.calls[index] += 1;
        &mut self.wasi
    }
}

/// `proc_exit` comes first because it has its own implementation.
const PROC_EXIT: usize = 0;

macro_rules! host_functions {
    ($($name:ident)*) => {
        /// The functions of Preview 1.
        pub const NAMES: &[&str] = &["proc_exit", $(stringify!($name)),*];

        /// Defines Preview 1.
        pub fn add_to(linker: &mut Linker<Host>) -> Result<(), wasmi::errors::LinkerError> {
            let mut index = PROC_EXIT;
            linker.func_wrap(PREVIEW1, NAMES[PROC_EXIT], proc_exit)?;
            $(
                index += 1;
                linker.func_wrap(
                    PREVIEW1,
                    stringify!($name),
                    wrapped::$name(move |host: &mut Host| host.counted(index)),
                )?;
            )*
            debug_assert_eq!(index + 1, NAMES.len());
            Ok(())
        }
    };
}

host_functions! {
    args_get args_sizes_get environ_get environ_sizes_get
    clock_res_get clock_time_get
    fd_advise fd_allocate fd_close fd_datasync fd_fdstat_get fd_fdstat_set_flags
    fd_fdstat_set_rights fd_filestat_get fd_filestat_set_size fd_filestat_set_times
    fd_pread fd_prestat_get fd_prestat_dir_name fd_pwrite fd_read fd_readdir fd_renumber
    fd_seek fd_sync fd_tell fd_write
    path_create_directory path_filestat_get path_filestat_set_times path_link path_open
    path_readlink path_remove_directory path_rename path_symlink path_unlink_file
    poll_oneoff proc_raise sched_yield random_get
    sock_accept sock_recv sock_send sock_shutdown
}

/// Devices pass every code on; the implementation of wasmi traps from 126 on.
fn proc_exit(mut caller: Caller<'_, Host>, code: i32) -> Result<(), wasmi::Error> {
    caller.data_mut().counted(PROC_EXIT);
    Err(wasmi::Error::i32_exit(code))
}
