//! WAMR of December 2020, the oldest runtime that flat modules are made for.
//!
//! It runs in a child process, the binary of this package, because it writes to the process's own
//! stdout, knows directories only by their host names (the child's working directory stands for
//! `.`) and takes the process down with it when it crashes.

use anyhow::Result;

use super::process::{self, Order};
use crate::{Engine, Exit, Outcome, RunSpec};

/// The name of the engine.
pub const NAME: &str = "wamr-2020";

/// The stack of iwasm is 16 KiB unless it is told otherwise, which is about a hundred calls deep.
/// Programs of the standard library of Rust need more, so everybody gives more.
const STACK_SIZE: u32 = 256 * 1024;

/// What iwasm gives a program that exports no `malloc` of its own. With 0 its `fd_write` fails.
const HEAP_SIZE: u32 = 16 * 1024;

pub struct Wamr;

impl Engine for Wamr {
    fn name(&self) -> &'static str {
        NAME
    }

    fn available(&self) -> Result<(), String> {
        if let Some(why) = option_env!("WAMR_2020_MISSING") {
            return Err(why.to_owned());
        }
        process::this_binary().map(drop).map_err(|e| e.to_string())
    }

    fn run(&self, wasm: &[u8], spec: &RunSpec) -> Result<Outcome> {
        process::run(wasm, spec, |folder| process::child_of(NAME, folder))
    }
}

/// Runs a module in this process, on its standard streams.
pub fn run_here(wasm: Vec<u8>, order: &Order) -> Result<(Exit, Vec<Option<i32>>)> {
    host::run(wasm, order)
}

#[cfg(not(wamr_2020))]
mod host {
    use super::{Exit, Order};

    pub fn run(_: Vec<u8>, _: &Order) -> anyhow::Result<(Exit, Vec<Option<i32>>)> {
        anyhow::bail!("WAMR is not built in")
    }
}

#[cfg(wamr_2020)]
mod host {
    use std::ffi::{CStr, CString, c_char, c_int, c_void};
    use std::ptr::{null, null_mut};

    use anyhow::{Context, Result, bail, ensure};

    use super::{Exit, HEAP_SIZE, Order, STACK_SIZE};

    // `wasm_export.h`.
    unsafe extern "C" {
        fn wasm_runtime_init() -> bool;
        fn wasm_runtime_register_natives(
            module: *const c_char,
            natives: *mut NativeSymbol,
            count: u32,
        ) -> bool;
        fn wasm_runtime_load(
            code: *mut u8,
            size: u32,
            error: *mut c_char,
            error_size: u32,
        ) -> *mut c_void;
        fn wasm_runtime_set_wasi_args(
            module: *mut c_void,
            dirs: *const *const c_char,
            dir_count: u32,
            mapped_dirs: *const *const c_char,
            mapped_dir_count: u32,
            env: *const *const c_char,
            env_count: u32,
            argv: *const *const c_char,
            argc: c_int,
        );
        fn wasm_runtime_instantiate(
            module: *mut c_void,
            stack_size: u32,
            heap_size: u32,
            error: *mut c_char,
            error_size: u32,
        ) -> *mut c_void;
        fn wasm_runtime_lookup_function(
            instance: *mut c_void,
            name: *const c_char,
            signature: *const c_char,
        ) -> *mut c_void;
        fn wasm_runtime_create_exec_env(instance: *mut c_void, stack_size: u32) -> *mut c_void;
        fn wasm_runtime_call_wasm(
            exec_env: *mut c_void,
            function: *mut c_void,
            argc: u32,
            argv: *mut u32,
        ) -> bool;
        fn wasm_runtime_get_exception(instance: *mut c_void) -> *const c_char;
        fn wasm_application_execute_main(
            instance: *mut c_void,
            argc: i32,
            argv: *const *const c_char,
        ) -> bool;
    }

    /// `NativeSymbol` of `lib_export.h`.
    #[repr(C)]
    struct NativeSymbol {
        symbol: *const c_char,
        function: *mut c_void,
        signature: *const c_char,
        attachment: *mut c_void,
    }

    /// A function of the host outside of Preview 1: this WAMR looks for it in `env` only.
    extern "C" fn twice(_: *mut c_void, value: i32) -> i32 {
        value.wrapping_mul(2)
    }

    /// Strings of C, kept alive as long as the pointers.
    struct Strings {
        _owned: Vec<CString>,
        pointers: Vec<*const c_char>,
    }

    impl Strings {
        fn new(strings: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Result<Strings> {
            let owned = strings
                .into_iter()
                .map(CString::new)
                .collect::<Result<Vec<_>, _>>()?;
            let pointers = owned.iter().map(|s| s.as_ptr()).collect();
            Ok(Strings {
                _owned: owned,
                pointers,
            })
        }
    }

    /// Runs `wasm` once; the process ends soon after, so nothing is released.
    pub fn run(wasm: Vec<u8>, order: &Order) -> Result<(Exit, Vec<Option<i32>>)> {
        let words = order.argv.iter().map(|arg| arg.as_bytes().to_vec());
        let argv = Strings::new(words.chain(order.raw_argument.clone()))?;
        let env = Strings::new(order.env.iter().map(|(k, v)| format!("{k}={v}")))?;
        let dirs = Strings::new(order.preopens.iter().map(|(_, name)| name.as_str()))?;
        // How many values each function returns: WAMR does not say.
        let results = exported_results(&wasm)?;
        let mut error = [0 as c_char; 128];
        let size = u32::try_from(wasm.len())?;
        // WAMR writes into the bytes and keeps pointers to them.
        let code = wasm.leak().as_mut_ptr();
        // SAFETY: the pointers come from live vectors with the given lengths, and the calls are in
        // the order that `wasm_export.h` asks for.
        unsafe {
            ensure!(wasm_runtime_init(), "WAMR does not start");
            let natives = Box::leak(Box::new([NativeSymbol {
                symbol: c"device:math/numbers@1.0.0#twice".as_ptr(),
                function: twice as *mut c_void,
                signature: c"(i)i".as_ptr(),
                attachment: null_mut(),
            }]));
            wasm_runtime_register_natives(c"env".as_ptr(), natives.as_mut_ptr(), 1);
            let module = wasm_runtime_load(code, size, error.as_mut_ptr(), error.len() as u32);
            if module.is_null() {
                bail!("{}", text(error.as_ptr()));
            }
            wasm_runtime_set_wasi_args(
                module,
                dirs.pointers.as_ptr(),
                dirs.pointers.len() as u32,
                null(),
                0,
                env.pointers.as_ptr(),
                env.pointers.len() as u32,
                argv.pointers.as_ptr(),
                argv.pointers.len() as c_int,
            );
            let stack = order.stack.unwrap_or(STACK_SIZE);
            let instance = wasm_runtime_instantiate(
                module,
                stack,
                HEAP_SIZE,
                error.as_mut_ptr(),
                error.len() as u32,
            );
            if instance.is_null() {
                bail!("{}", text(error.as_ptr()));
            }
            if order.calls.is_empty() {
                wasm_application_execute_main(
                    instance,
                    argv.pointers.len() as i32,
                    argv.pointers.as_ptr(),
                );
                return Ok((exit(instance), Vec::new()));
            }
            let exec_env = wasm_runtime_create_exec_env(instance, stack);
            ensure!(!exec_env.is_null(), "no execution environment");
            let mut returned = Vec::new();
            for call in &order.calls {
                let name = CString::new(call.export.as_str())?;
                let function = wasm_runtime_lookup_function(instance, name.as_ptr(), null_mut());
                ensure!(
                    !function.is_null(),
                    "the module has no export `{}`",
                    call.export
                );
                let returns = *results.get(&call.export).context("a function")?;
                let mut cells: Vec<u32> = call.args.iter().map(|&n| n as u32).collect();
                cells.resize(cells.len().max(1), 0);
                let argc = call.args.len() as u32;
                if !wasm_runtime_call_wasm(exec_env, function, argc, cells.as_mut_ptr()) {
                    break;
                }
                returned.push((returns > 0).then(|| cells[0] as i32));
            }
            Ok((exit(instance), returned))
        }
    }

    /// # Safety
    ///
    /// `instance` is a live module instance.
    unsafe fn exit(instance: *mut c_void) -> Exit {
        let exception = unsafe { wasm_runtime_get_exception(instance) };
        if exception.is_null() {
            return Exit::Unknown;
        }
        match unsafe { text(exception) } {
            exited if exited.contains("wasi proc exit") => Exit::Unknown,
            trap => Exit::Trap(trap),
        }
    }

    /// # Safety
    ///
    /// `string` ends with a zero byte.
    unsafe fn text(string: *const c_char) -> String {
        unsafe { CStr::from_ptr(string) }
            .to_string_lossy()
            .into_owned()
    }

    fn exported_results(wasm: &[u8]) -> Result<std::collections::HashMap<String, usize>> {
        let types = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
            .validate_all(wasm)?;
        let types = types.as_ref();
        let mut found = std::collections::HashMap::new();
        let exports = types.core_exports();
        for (name, ty) in exports.context("this is a component, and WAMR takes core modules")? {
            use wasmparser::types::EntityType::{Func, FuncExact};
            if let Func(id) | FuncExact(id) = ty {
                found.insert(name.to_owned(), types[id].unwrap_func().results().len());
            }
        }
        Ok(found)
    }
}
