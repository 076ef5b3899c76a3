"""The command p1bridge, which is p1bridge.wasm beside this file, on wasmtime. All files of the machine are its files."""

import os
import pathlib
import sys

import wasmtime


def main():
    """Does what the command line of this process says, and exits with the code of the command."""
    config = wasmtime.Config()
    # Compiling takes seconds. A cache that cannot be written is none.
    try:
        config.cache = True
    except wasmtime.WasmtimeError:
        pass
    engine = wasmtime.Engine(config)
    module = wasmtime.Module.from_file(engine, str(pathlib.Path(__file__).with_name("p1bridge.wasm")))
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    store = wasmtime.Store(engine)
    store.set_wasi(_wasi(sys.argv[1:]))
    start = linker.instantiate(store, module).exports(store)["_start"]
    try:
        start(store)
    except wasmtime.ExitTrap as exit:
        sys.exit(exit.code)


def _wasi(args):
    wasi = wasmtime.WasiConfig()
    wasi.argv = ["p1bridge", *args]
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    drive, folder = os.path.splitdrive(os.getcwd())
    wasi.preopen_dir(drive + os.sep, "/")
    # Preview 1 has no working folder.
    wasi.env = [("PWD", folder.replace(os.sep, "/"))]
    return wasi
