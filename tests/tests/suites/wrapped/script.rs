//! A guest that does what a script says: it calls functions of Preview 1 and logs what they return and write.

use std::fmt::Write as _;

use p1bridge_linker::preview1::{self, signature};
use wasmparser::ValType;

/// All functions of Preview 1 that a script may call.
pub const ALL: [&str; 46] = [
    "args_get",
    "args_sizes_get",
    "clock_res_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_advise",
    "fd_allocate",
    "fd_close",
    "fd_datasync",
    "fd_fdstat_get",
    "fd_fdstat_set_flags",
    "fd_fdstat_set_rights",
    "fd_filestat_get",
    "fd_filestat_set_size",
    "fd_filestat_set_times",
    "fd_pread",
    "fd_prestat_dir_name",
    "fd_prestat_get",
    "fd_pwrite",
    "fd_read",
    "fd_readdir",
    "fd_renumber",
    "fd_seek",
    "fd_sync",
    "fd_tell",
    "fd_write",
    "path_create_directory",
    "path_filestat_get",
    "path_filestat_set_times",
    "path_link",
    "path_open",
    "path_readlink",
    "path_remove_directory",
    "path_rename",
    "path_symlink",
    "path_unlink_file",
    "poll_oneoff",
    "proc_exit",
    "proc_raise",
    "random_get",
    "sched_yield",
    "sock_accept",
    "sock_recv",
    "sock_send",
    "sock_shutdown",
];

/// All functions of the guest: those, and those for sockets that WAMR adds.
fn known() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().chain(preview1::socket_names())
}

/// The most parameters that a function has, and the bytes of a call in a script.
const PARAMS: usize = 9;
const CALL: usize = 1 + PARAMS * 9;

/// Steps that are no calls.
const SAY: u8 = 251;
const DUMP_COUNTED: u8 = 252;
const POKE: u8 = 253;
const DUMP: u8 = 254;
const END: u8 = 255;

/// Where the guest has the script, its log, and how much memory; a script has what is below for itself.
const SCRIPT: u32 = 0x2_0000;
const LOG: u32 = 0x10_0000;
const PAGES: u32 = 48;
/// Where its memory ends.
pub const MEMORY: u32 = PAGES << 16;

/// An argument: a number, or a number of four bytes that is in memory when the call is made.
#[derive(Clone, Copy, Debug)]
pub enum Arg {
    Is(i64),
    At(u32),
}

impl From<i64> for Arg {
    fn from(value: i64) -> Arg {
        Arg::Is(value)
    }
}

/// The steps of a guest, and what each is for.
#[derive(Clone, Debug, Default)]
pub struct Script {
    bytes: Vec<u8>,
    logged: Vec<(String, Logged)>,
}

/// What a step adds to the log.
#[derive(Clone, Copy, Debug)]
enum Logged {
    Errno,
    Bytes(u32),
    Counted,
}

impl Script {
    /// Calls a function, and logs what it returns.
    pub fn call(&mut self, name: &str, args: &[Arg]) -> &mut Script {
        let index = known().position(|known| known == name);
        let start = self.bytes.len();
        self.bytes
            .push(index.expect("a function of Preview 1") as u8);
        for arg in args {
            let (kind, value) = match *arg {
                Arg::Is(value) => (0, value),
                Arg::At(at) => (1, i64::from(at)),
            };
            self.bytes.push(kind);
            self.bytes.extend(value.to_le_bytes());
        }
        self.bytes.resize(start + CALL, 0);
        if name != "proc_exit" {
            self.logged.push((format!("{name}{args:?}"), Logged::Errno));
        }
        self
    }

    /// Puts bytes into memory.
    pub fn poke(&mut self, at: u32, bytes: &[u8]) -> &mut Script {
        self.bytes.push(POKE);
        self.bytes.extend(at.to_le_bytes());
        self.bytes.extend((bytes.len() as u32).to_le_bytes());
        self.bytes.extend(bytes);
        self
    }

    /// Logs memory.
    pub fn dump(&mut self, at: u32, length: u32) -> &mut Script {
        self.bytes.push(DUMP);
        self.bytes.extend(at.to_le_bytes());
        self.bytes.extend(length.to_le_bytes());
        self.logged
            .push((format!("memory at {at:#x}"), Logged::Bytes(length)));
        self
    }

    /// Logs as many bytes of memory as a number in memory says.
    pub fn dump_counted(&mut self, at: u32, count: u32) -> &mut Script {
        self.bytes.push(DUMP_COUNTED);
        self.bytes.extend(at.to_le_bytes());
        self.bytes.extend(count.to_le_bytes());
        self.logged
            .push((format!("memory at {at:#x}"), Logged::Counted));
        self
    }

    /// Writes the log out, before the program ends itself.
    pub fn say(&mut self) -> &mut Script {
        self.bytes.push(SAY);
        self
    }

    /// The functions that it calls and that return.
    pub fn functions(&self) -> Vec<&'static str> {
        known()
            .filter(|name| {
                let mut calls = self.logged.iter().map(|(what, _)| what.split('[').next());
                calls.any(|call| call == Some(name))
            })
            .collect()
    }

    /// The guest with these functions, which has the script in it. It writes its log to descriptor `log`.
    pub fn guest(&self, functions: &[&str], log: u32) -> Vec<u8> {
        self.guest_of(preview1::MODULE, functions, log)
    }

    /// The same for functions of another module name.
    pub fn guest_of(&self, module: &str, functions: &[&str], log: u32) -> Vec<u8> {
        let mut script = self.bytes.clone();
        script.push(END);
        let mut text = String::new();
        for byte in &script {
            write!(text, "\\{byte:02x}").unwrap();
        }
        let read = format!(r#"(data (i32.const {SCRIPT}) "{text}")"#);
        wat::parse_str(guest(module, functions, log, &read, "")).unwrap()
    }

    /// What [`reader`] takes from standard input, with what is left there for the calls.
    pub fn input(&self, rest: &[u8]) -> Vec<u8> {
        let mut input = ((self.bytes.len() + 1) as u32).to_le_bytes().to_vec();
        input.extend(&self.bytes);
        input.push(END);
        input.extend(rest);
        input
    }

    /// What a log says, a line for each step.
    pub fn lines(&self, log: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut left = log;
        let number = |left: &mut &[u8]| {
            let (number, rest) = left.split_first_chunk::<4>()?;
            *left = rest;
            Some(u32::from_le_bytes(*number))
        };
        for (what, logged) in &self.logged {
            let line = match logged {
                Logged::Errno => number(&mut left).map(|errno| format!("{what} = {errno}")),
                Logged::Bytes(length) => {
                    left.split_at_checked(*length as usize)
                        .map(|(bytes, rest)| {
                            left = rest;
                            format!("{what}: {}", bytes.escape_ascii())
                        })
                }
                Logged::Counted => number(&mut left).and_then(|length| {
                    let (bytes, rest) = left.split_at_checked(length as usize)?;
                    left = rest;
                    Some(format!("{what}: {}", bytes.escape_ascii()))
                }),
            };
            match line {
                Some(line) => lines.push(line),
                None => break,
            }
        }
        lines
    }
}

/// The guest with all functions that reads its script from standard input and writes its log to standard errors.
pub fn reader() -> Vec<u8> {
    let read = format!(
        r"
        (call $take (i32.const {LENGTH}) (i32.const 4))
        (call $take (i32.const {SCRIPT}) (i32.load (i32.const {LENGTH})))",
        LENGTH = LOG - 4,
    );
    let fields = r"
        (func $take (param $to i32) (param $length i32)
          (loop $more
            (i32.store (i32.const 0x1fff0) (local.get $to))
            (i32.store (i32.const 0x1fff4) (local.get $length))
            (if (call $fd_read (i32.const 0) (i32.const 0x1fff0) (i32.const 1) (i32.const 0x1fff8))
              (then unreachable))
            (local.set $to (i32.add (local.get $to) (i32.load (i32.const 0x1fff8))))
            (local.set $length (i32.sub (local.get $length) (i32.load (i32.const 0x1fff8))))
            (br_if $more (local.get $length))))";
    wat::parse_str(guest(preview1::MODULE, &ALL, 2, fields, &read)).unwrap()
}

/// The text of a guest.
fn guest(module: &str, functions: &[&str], log: u32, fields: &str, begin: &str) -> String {
    let mut imports = String::new();
    let mut cases = String::new();
    let mut labels = String::new();
    for (index, name) in known().enumerate() {
        write!(labels, " $s{index}").unwrap();
        let ty = signature(name).or(preview1::socket(name)).unwrap();
        let mut call = "unreachable".to_owned();
        if functions.contains(&name) {
            let params: String = ty.params().iter().map(|ty| format!(" {ty}")).collect();
            let result = if ty.results().is_empty() {
                ""
            } else {
                "(result i32)"
            };
            writeln!(
                imports,
                r#"(import "{module}" "{name}" (func ${name} (param{params}) {result}))"#
            )
            .unwrap();
            call = format!("(call ${name}");
            for (at, param) in ty.params().iter().enumerate() {
                let arg = format!("(call $arg (i32.const {at}))");
                match param {
                    ValType::I64 => write!(call, " {arg}").unwrap(),
                    _ => write!(call, " (i32.wrap_i64 {arg})").unwrap(),
                }
            }
            call.push(')');
            if !result.is_empty() {
                call = format!("(call $log32 {call})");
            }
        }
        // Each block ends where its case begins.
        cases = format!(
            "(block $s{index}\n{cases})\n{call} (global.set $pc (i32.add (global.get $pc) (i32.const {CALL}))) (br $next)\n"
        );
        if index == 0 {
            cases = format!(
                "(block $s0 @TABLE@)\n{call} (global.set $pc (i32.add (global.get $pc) (i32.const {CALL}))) (br $next)\n"
            );
        }
    }
    let table = format!("(br_table{labels} (i32.load8_u (global.get $pc)))");
    let cases = cases.replace("@TABLE@", &table);
    format!(
        r"(module
        {imports}
        (memory (export {q}memory{q}) {PAGES})
        (global $pc (mut i32) (i32.const {SCRIPT}))
        (global $end (mut i32) (i32.const {LOG}))
        {fields}
        (func $arg (param $i i32) (result i64)
          (local.set $i (i32.add (global.get $pc) (i32.mul (local.get $i) (i32.const 9))))
          (if (result i64) (i32.load8_u offset=1 (local.get $i))
            (then (i64.extend_i32_s (i32.load (i32.wrap_i64 (i64.load offset=2 (local.get $i))))))
            (else (i64.load offset=2 (local.get $i)))))
        (func $log32 (param i32)
          (i32.store (global.get $end) (local.get 0))
          (global.set $end (i32.add (global.get $end) (i32.const 4))))
        (func $copy (param $to i32) (param $from i32) (param $length i32)
          (loop $more
            (if (local.get $length) (then
              (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
              (local.set $to (i32.add (local.get $to) (i32.const 1)))
              (local.set $from (i32.add (local.get $from) (i32.const 1)))
              (local.set $length (i32.sub (local.get $length) (i32.const 1)))
              (br $more)))))
        (func $dump (param $at i32) (param $length i32)
          (call $copy (global.get $end) (local.get $at) (local.get $length))
          (global.set $end (i32.add (global.get $end) (local.get $length))))
        (func $say (local $from i32)
          (local.set $from (i32.const {LOG}))
          (loop $more
            (if (i32.ne (local.get $from) (global.get $end)) (then
              (i32.store (i32.const 0x1fff0) (local.get $from))
              (i32.store (i32.const 0x1fff4) (i32.sub (global.get $end) (local.get $from)))
              (if (call $fd_write (i32.const {log}) (i32.const 0x1fff0) (i32.const 1) (i32.const 0x1fff8))
                (then unreachable))
              (local.set $from (i32.add (local.get $from) (i32.load (i32.const 0x1fff8))))
              (br $more))))
          (global.set $end (i32.const {LOG})))
        (func (export {q}_start{q}) (local $op i32) (local $at i32) (local $length i32)
          {begin}
          (loop $next
            (local.set $op (i32.load8_u (global.get $pc)))
            (local.set $at (i32.load offset=1 (global.get $pc)))
            (local.set $length (i32.load offset=5 (global.get $pc)))
            (if (i32.eq (local.get $op) (i32.const {SAY})) (then
              (call $say)
              (global.set $pc (i32.add (global.get $pc) (i32.const 1)))
              (br $next)))
            (if (i32.eq (local.get $op) (i32.const {POKE})) (then
              (call $copy (local.get $at) (i32.add (global.get $pc) (i32.const 9)) (local.get $length))
              (global.set $pc (i32.add (global.get $pc) (i32.add (i32.const 9) (local.get $length))))
              (br $next)))
            (if (i32.eq (local.get $op) (i32.const {DUMP})) (then
              (call $dump (local.get $at) (local.get $length))
              (global.set $pc (i32.add (global.get $pc) (i32.const 9)))
              (br $next)))
            (if (i32.eq (local.get $op) (i32.const {DUMP_COUNTED})) (then
              (call $log32 (i32.load (local.get $length)))
              (call $dump (local.get $at) (i32.load (local.get $length)))
              (global.set $pc (i32.add (global.get $pc) (i32.const 9)))
              (br $next)))
            (if (i32.ne (local.get $op) (i32.const {END})) (then
              {cases}))
          )
          (call $say)))",
        q = '"',
    )
}
