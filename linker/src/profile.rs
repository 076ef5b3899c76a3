//! What a runtime takes, as a TOML file.
//!
//! ```toml
//! name = "my-device"
//! about = "One line for people"
//!
//! [wasm]
//! features = ["sign-ext", "multivalue"]   # proposals beyond the MVP, as compilers call them
//!                                         # (reference-types counts beside bulk-memory only)
//!
//! [limits]                                # each may be absent: no limit
//! memory-pages = 256                      # of 64 KiB
//! tables = 1
//! table-elements = 1000
//! locals = 1995                           # of one function, parameters included
//! empty-local-groups = false              # whether a function may declare groups of no locals
//! stack = 16384                           # bytes for locals and operands, as it is by default
//!
//! [host]
//! missing = "refused"                     # a function that it lacks: or "fails-when-called"
//! start = true                            # whether a start section is taken
//! start-calls-wasi = true                 # whether one may call the host
//! imported-globals = false
//! needs-memory-export = true              # whether `memory` must be exported
//! start-needs-memory = false              # whether only programs with one can be started
//! initialize-beside-start = true          # whether `_initialize` and `_start` may be exported together
//! exit-code = true                        # whether the exit code is passed on
//! exit-codes-below = 126
//! sockets = true                          # whether `wasi_snapshot_preview1` has WAMR's functions for them
//! threads = true                          # whether `wasi.thread-spawn` starts threads
//! never-export = ["__heap_base"]          # exports that are left out
//! shrinks-memory = true                   # whether `__heap_base` and `__data_end` say where memory ends
//! cuts-memory = false                     # whether an embedder can cut the memory at any byte
//! arena = 4096                            # bytes for what the host allocates, where it gets an arena
//!
//! [quirks]                                # see `Quirks`
//! filestat-56 = true
//!
//! [wsi]                                   # what the host has of WSI
//! functions = "all"                       # or a list of names: ["device.query"]
//!
//! [[module]]                              # what can be imported
//! name = "wasi_snapshot_preview1"         # "*": any module that no other entry names
//! functions = "preview1"                  # all 46; "any"; or a list of names
//! except = ["sock_accept"]
//!
//! [[module]]
//! name = "env"
//! functions = { led = "(i32, i32) -> i32", now = "() -> i64" }
//!
//! [[note]]                                # what differs when a function is called
//! function = "proc_exit"
//! text = "the exit code is always 0"
//! ```

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use wasmparser::{FuncType, ValType, WasmFeatures};

use crate::features::FeatureSet;
use crate::nearest::{did_you_mean, nearest};
use crate::preview1;
use crate::wsi::{self, Asked, Own};

/// Proposals that every output is free of, because all of it is encoded anew.
pub const ENCODED_AWAY: FeatureSet = FeatureSet::of(
    WasmFeatures::CALL_INDIRECT_OVERLONG
        .union(WasmFeatures::EXTENDED_CONST)
        .union(WasmFeatures::COMPACT_IMPORTS),
);

/// The proposals that lowering takes away.
pub const LOWERED: FeatureSet = FeatureSet::of(
    WasmFeatures::MUTABLE_GLOBAL
        .union(WasmFeatures::SIGN_EXTENSION)
        .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
        .union(WasmFeatures::MULTI_VALUE)
        .union(WasmFeatures::BULK_MEMORY)
        .union(WasmFeatures::BULK_MEMORY_OPT)
        .union(WasmFeatures::REFERENCE_TYPES)
        .union(WasmFeatures::TAIL_CALL)
        .union(WasmFeatures::MULTI_MEMORY)
        .union(WasmFeatures::SIMD)
        .union(WasmFeatures::RELAXED_SIMD)
        .union(WasmFeatures::EXCEPTIONS)
        .union(WasmFeatures::LEGACY_EXCEPTIONS)
        .union(WasmFeatures::THREADS),
);

/// The profile that takes whatever the input uses.
const AS_IS: &str = "as-is";
/// The profile of who asks for none.
const DEFAULT: &str = "portable";

/// The files of the built-in profiles.
const BUILT_IN: &[(&str, &str)] = &[
    ("mvp", include_str!("../profiles/mvp.toml")),
    ("portable", include_str!("../profiles/portable.toml")),
    ("wamr-2020", include_str!("../profiles/wamr-2020.toml")),
    ("wamr-1.0", include_str!("../profiles/wamr-1.0.toml")),
    ("wamr-1", include_str!("../profiles/wamr-1.toml")),
    ("wamr-2", include_str!("../profiles/wamr-2.toml")),
    (
        "wamr-2-threads",
        include_str!("../profiles/wamr-2-threads.toml"),
    ),
    ("wasm3", include_str!("../profiles/wasm3.toml")),
    ("wasm3-0.5", include_str!("../profiles/wasm3-0.5.toml")),
    ("wasmi", include_str!("../profiles/wasmi.toml")),
    ("wasmer", include_str!("../profiles/wasmer.toml")),
    ("wasmer-js", include_str!("../profiles/wasmer-js.toml")),
    ("wazero", include_str!("../profiles/wazero.toml")),
    ("node", include_str!("../profiles/node.toml")),
    ("wasmtime", include_str!("../profiles/wasmtime.toml")),
];

/// What a runtime takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    name: String,
    /// One line for people.
    pub about: String,
    /// The proposals that the engine knows; none when it takes whatever the input uses.
    pub features: Option<FeatureSet>,
    pub limits: Limits,
    pub host: Host,
    pub quirks: Quirks,
    /// The functions of WSI that the host has.
    pub wsi: Own,
    /// What can be imported; empty when nothing is known about that.
    modules: Vec<ModuleEntry>,
    notes: Vec<Note>,
}

/// The most that an engine takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Limits {
    /// Pages of 64 KiB.
    pub memory_pages: Option<u64>,
    pub tables: Option<usize>,
    pub table_elements: Option<u64>,
    /// Of one function, parameters included.
    pub locals: Option<u32>,
    /// Whether a function may declare groups of no locals.
    pub empty_local_groups: Option<bool>,
    /// Bytes for the locals and operands of all functions that are running, unless the runtime is
    /// told otherwise.
    pub stack: Option<u32>,
}

/// What becomes of a call to a function that the host lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// The module is not loaded.
    Refused,
    /// The module is loaded, and traps when it calls.
    FailsWhenCalled,
}

/// How the host treats a module.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Host {
    pub missing: Missing,
    pub start: bool,
    pub start_calls_wasi: bool,
    pub imported_globals: bool,
    pub needs_memory_export: bool,
    pub start_needs_memory: bool,
    pub initialize_beside_start: bool,
    pub exit_code: bool,
    pub exit_codes_below: Option<u32>,
    pub sockets: bool,
    /// Whether `wasi.thread-spawn` starts threads (the proposal wasi-threads).
    pub threads: bool,
    pub never_export: Vec<String>,
    /// Whether the host reads the exports `__heap_base` and `__data_end`: it cuts the memory there when
    /// no code asks for its size, and puts a heap of its own there otherwise.
    pub shrinks_memory: bool,
    /// Whether the embedder can tell the host to cut the memory at any byte.
    pub cuts_memory: bool,
    /// Bytes of the arena that the host is given to allocate in, where it gets one.
    pub arena: u32,
}

impl Default for Host {
    fn default() -> Host {
        Host {
            missing: Missing::Refused,
            start: true,
            start_calls_wasi: true,
            imported_globals: false,
            needs_memory_export: false,
            start_needs_memory: false,
            initialize_beside_start: true,
            exit_code: true,
            exit_codes_below: None,
            sockets: false,
            threads: false,
            never_export: Vec::new(),
            shrinks_memory: false,
            cuts_memory: false,
            arena: 4096,
        }
    }
}

/// Where a host is not as Preview 1 says, and calls go through wrappers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Quirks {
    /// The runtime puts a heap of its own into the memory, unless it can ask the module.
    pub app_heap: bool,
    /// It asks the functions `__retain` and `__release` of AssemblyScript, and not those that came after
    /// them, `__pin` and `__unpin`.
    pub retain_before_pin: bool,
    /// `*_filestat_get` write the 56 bytes of `wasi_unstable`.
    pub filestat_56: bool,
    /// `poll_oneoff` reads the 56-byte subscriptions of `wasi_unstable`.
    pub subscription_56: bool,
    /// `poll_oneoff` takes at most one clock, and a relative one.
    pub one_relative_clock: bool,
    /// `poll_oneoff` without subscriptions never returns.
    pub poll_of_nothing_hangs: bool,
    /// `fd_renumber` of a descriptor to itself crashes.
    pub renumber_self_crashes: bool,
    /// `path_open` fails when it asks for rights that the parent does not pass on.
    pub rights_within_parent: bool,
    /// Imports are found in the module `env` only: `module#field`.
    pub imports_through_env: bool,
}

impl Quirks {
    /// Those that the wrappers of a function of Preview 1 see to.
    pub fn of(self, function: &str) -> Quirks {
        let none = Quirks::default();
        match function {
            "fd_filestat_get" | "path_filestat_get" => Quirks {
                filestat_56: self.filestat_56,
                ..none
            },
            "fd_renumber" => Quirks {
                renumber_self_crashes: self.renumber_self_crashes,
                ..none
            },
            "path_open" => Quirks {
                rights_within_parent: self.rights_within_parent,
                ..none
            },
            "poll_oneoff" => Quirks {
                subscription_56: self.subscription_56,
                one_relative_clock: self.one_relative_clock,
                poll_of_nothing_hangs: self.poll_of_nothing_hangs,
                ..none
            },
            _ => none,
        }
    }

    /// Those that wrappers see to, with their names in profiles.
    pub(crate) fn wrapped(&mut self) -> [(&'static str, &mut bool); 6] {
        [
            ("filestat-56", &mut self.filestat_56),
            ("subscription-56", &mut self.subscription_56),
            ("one-relative-clock", &mut self.one_relative_clock),
            ("poll-of-nothing-hangs", &mut self.poll_of_nothing_hangs),
            ("renumber-self-crashes", &mut self.renumber_self_crashes),
            ("rights-within-parent", &mut self.rights_within_parent),
        ]
    }

    /// Whether `poll_oneoff` is wrapped.
    pub fn poll(self) -> bool {
        self.subscription_56 || self.one_relative_clock || self.poll_of_nothing_hangs
    }

    /// The functions of Preview 1 whose wrappers may need memory of their own.
    pub const SCRATCH: [&'static str; 2] = ["poll_oneoff", "path_open"];
    /// Bytes of the time that the wrapper of `poll_oneoff` asks for, before its subscriptions.
    pub const TIME: u32 = 16;
    /// Bytes of the `fdstat` that the wrapper of `path_open` asks for.
    pub const FDSTAT: u32 = 24;

    /// Bytes of a subscription as the host reads it.
    pub fn subscription(self) -> u32 {
        match self.subscription_56 {
            true => 56,
            false => 48,
        }
    }

    /// The bytes that the wrapper of a function of Preview 1 takes during a call, with so many subscriptions
    /// at most.
    pub fn scratch(self, function: &str, subscriptions: u32) -> u32 {
        match function {
            "poll_oneoff" => subscriptions
                .saturating_mul(self.subscription())
                .saturating_add(Quirks::TIME),
            _ => Quirks::FDSTAT,
        }
    }

    /// Whether the wrapper of a function of Preview 1 needs memory of its own.
    pub fn needs_scratch(self, function: &str) -> bool {
        match function {
            "poll_oneoff" => self.subscription_56 || self.one_relative_clock,
            "path_open" => self.rights_within_parent,
            _ => false,
        }
    }
}

/// What can be imported from one module.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ModuleEntry {
    name: String,
    functions: Functions,
    except: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Functions {
    Preview1,
    Any,
    /// With signatures, where they are known.
    These(BTreeMap<String, Option<FuncType>>),
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Note {
    function: String,
    text: String,
}

/// Whether a host has a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Import {
    Provided,
    Missing,
    /// It has one of another type.
    OtherType(FuncType),
    /// It is there under another name: `env` and `module#field`.
    ThroughEnv,
}

/// The file as it stands.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    about: String,
    wasm: Wasm,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    host: Host,
    #[serde(default)]
    quirks: Quirks,
    wsi: Option<WsiFile>,
    #[serde(default)]
    module: Vec<ModuleFile>,
    #[serde(default)]
    note: Vec<Note>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct WsiFile {
    functions: FunctionsFile,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Wasm {
    features: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ModuleFile {
    name: String,
    functions: FunctionsFile,
    #[serde(default)]
    except: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FunctionsFile {
    Word(String),
    Names(Vec<String>),
    Signatures(BTreeMap<String, String>),
}

impl Default for Profile {
    /// `portable`.
    fn default() -> Profile {
        Profile::named(DEFAULT).expect("it is built in")
    }
}

/// The exports that say where the memory of a program ends: names of `wasm-ld`, which WAMR knows.
pub const ENDS: [&str; 2] = ["__heap_base", "__data_end"];

impl Profile {
    /// Whether the host cuts the memory where the exports [`ENDS`] say, and they may be there.
    pub fn may_shrink(&self) -> bool {
        let ruled_out = |name: &String| ENDS.contains(&name.as_str());
        self.host.shrinks_memory && !self.host.never_export.iter().any(ruled_out)
    }

    /// Whether it matters to the host if code asks for the size of the memory: one that cuts memory, or has
    /// a heap of its own in it.
    pub fn minds_size(&self) -> bool {
        self.host.shrinks_memory || self.host.cuts_memory || self.quirks.app_heap
    }

    /// Whether memory can end in the midst of a page: the host cuts it there, or can be told to.
    pub fn ends_anywhere(&self) -> bool {
        self.may_shrink() || self.host.cuts_memory
    }

    /// Takes whatever the input uses: nothing is lowered.
    fn as_is() -> Profile {
        Profile {
            name: AS_IS.to_string(),
            about: "Whatever WebAssembly features the input uses; nothing is lowered".to_string(),
            features: None,
            limits: Limits::default(),
            host: Host::default(),
            quirks: Quirks::default(),
            wsi: Own::None,
            modules: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl Profile {
    /// The names of the built-in profiles.
    pub const NAMES: &'static [&'static str] = &[
        AS_IS,
        "mvp",
        "portable",
        "wamr-2020",
        "wamr-1.0",
        "wamr-1",
        "wamr-2",
        "wasm3",
        "wasm3-0.5",
        "wasmi",
        "wasmer",
        "wasmer-js",
        "wazero",
        "node",
        "wasmtime",
    ];

    /// The built-in profile of this name.
    ///
    /// # Panics
    ///
    /// Panics when the file of a built-in profile is broken, which a test excludes.
    pub fn named(name: &str) -> Option<Profile> {
        if name == AS_IS {
            return Some(Profile::as_is());
        }
        let text = Profile::source(name)?;
        Some(Profile::parse(text).expect("the built-in profiles are tested"))
    }

    /// The file of a built-in profile; `as-is` has none.
    pub fn source(name: &str) -> Option<&'static str> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Some(text)
    }

    /// Reads the text of a profile.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with its line; features, words and signatures that are not known are
    /// named.
    pub fn parse(text: &str) -> Result<Profile> {
        let mut file: File = toml::from_str(text).context("this is not a profile")?;
        file.host.arena = arena_size(file.host.arena).context("arena in [host]")?;
        let mut features = FeatureSet::MVP;
        for name in &file.wasm.features {
            features.insert(FeatureSet::named(name).with_context(|| {
                let known: Vec<&str> = FeatureSet::all_names().collect();
                format!(
                    "no feature is called {name:?}; there are {}",
                    known.join(", ")
                )
            })?);
        }
        // Segments that the proposal has for tables are encoded as bulk memory has them.
        if !features.contains(FeatureSet::of(WasmFeatures::BULK_MEMORY)) {
            features = features.without_any(FeatureSet::of(WasmFeatures::REFERENCE_TYPES));
        }
        let modules = file
            .module
            .into_iter()
            .map(module_entry)
            .collect::<Result<_>>()?;
        Ok(Profile {
            name: file.name,
            about: file.about,
            features: Some(features),
            limits: file.limits,
            host: file.host,
            quirks: file.quirks,
            wsi: file.wsi.map_or(Ok(Own::None), wsi_functions)?,
            modules,
            notes: file.note,
        })
    }

    /// The names of the built-in profiles that have all of `features`, apart from the one that takes
    /// everything.
    pub fn names_with(features: FeatureSet) -> Vec<&'static str> {
        Profile::NAMES
            .iter()
            .copied()
            .filter(|name| {
                let has = Profile::named(name).and_then(|profile| profile.features);
                has.is_some_and(|has| has.contains(features))
            })
            .collect()
    }

    /// Where `features` are to be had: the end of a message about a profile that lacks them.
    pub fn who_has(features: FeatureSet) -> String {
        match Profile::names_with(features)[..] {
            [] => "`as-is` only".to_string(),
            [name] => format!("{name} has it"),
            ref names => format!("{} have it", names.join(", ")),
        }
    }

    /// The name of the profile.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the engine has all of `features`.
    pub fn has(&self, features: WasmFeatures) -> bool {
        self.features
            .is_none_or(|has| has.contains(FeatureSet::of(features)))
    }

    /// Whether `memory.copy` and `memory.fill` become calls.
    pub fn lowers_bulk_memory(&self) -> bool {
        !self.has(WasmFeatures::BULK_MEMORY_OPT)
    }

    /// Whether a wrapper of what it `imports` needs memory of its own.
    pub fn wants_scratch(&self, imports: impl Fn(&str) -> bool) -> bool {
        Quirks::SCRATCH
            .iter()
            .any(|name| self.quirks.needs_scratch(name) && imports(name))
    }

    /// What the output may use when the input uses `input`.
    pub fn allowed(&self, input: FeatureSet) -> FeatureSet {
        let mut allowed = match self.features {
            Some(features) => features.intersection(input),
            None => input.without(ENCODED_AWAY),
        };
        // Segments that declare what `ref.func` names are of both proposals.
        if allowed.contains(FeatureSet::of(WasmFeatures::REFERENCE_TYPES))
            && self.has(WasmFeatures::BULK_MEMORY)
        {
            allowed.insert(FeatureSet::of(WasmFeatures::BULK_MEMORY));
        }
        allowed
    }

    /// Whether a name in a `target_features` section still holds for the output.
    pub fn names_feature(&self, name: &str) -> bool {
        match self.features {
            None => name != "call-indirect-overlong",
            Some(features) => features.names().contains(&name),
        }
    }

    fn module(&self, name: &str) -> Option<&ModuleEntry> {
        let named = |wanted: &str| self.modules.iter().find(|entry| entry.name == wanted);
        named(name).or_else(|| named("*"))
    }

    /// Whether anything can be imported from `module`.
    pub fn has_module(&self, module: &str) -> bool {
        self.modules.is_empty() || self.module(module).is_some()
    }

    /// Whether the host has a function of this type.
    pub fn import(&self, module: &str, name: &str, ty: &FuncType) -> Import {
        if self.modules.is_empty() {
            return Import::Provided;
        }
        if let Ok(Asked::Call(function)) = wsi::asked(module, name)
            && wsi::is_wsi(module)
            && self.wsi.has(function)
        {
            return match function.ty() == *ty {
                true => Import::Provided,
                false => Import::OtherType(function.ty()),
            };
        }
        let Some(entry) = self.module(module) else {
            return match self.quirks.imports_through_env {
                true => Import::ThroughEnv,
                false => Import::Missing,
            };
        };
        if entry.except.iter().any(|except| except == name) {
            return Import::Missing;
        }
        let expected = match &entry.functions {
            Functions::Any => return Import::Provided,
            Functions::Preview1 if self.host.sockets => preview1::signature(name)
                .or_else(|| preview1::socket(name))
                .map(Some),
            Functions::Preview1 => preview1::signature(name).map(Some),
            Functions::These(functions) => functions.get(name).cloned(),
        };
        match expected {
            None => Import::Missing,
            Some(Some(expected)) if expected != *ty => Import::OtherType(expected),
            Some(_) => Import::Provided,
        }
    }

    /// Whether the profile says of a function that the host has it, and not only that it may have any.
    pub fn names_function(&self, module: &str, name: &str) -> bool {
        let Some(entry) = self.module(module) else {
            return false;
        };
        let is_named = match &entry.functions {
            Functions::Any => false,
            Functions::Preview1 => {
                let socket = || self.host.sockets && preview1::socket(name).is_some();
                preview1::signature(name).is_some() || socket()
            }
            Functions::These(functions) => functions.contains_key(name),
        };
        is_named && entry.except.iter().all(|except| except != name)
    }

    /// What is to be known about a function of Preview 1 on this host.
    pub fn notes_on<'p>(&'p self, function: &'p str) -> impl Iterator<Item = &'p str> {
        self.notes
            .iter()
            .filter(move |note| note.function == function)
            .map(|note| note.text.as_str())
    }
}

/// The bytes of an arena for the host of `bytes`, which somebody has asked for.
///
/// # Errors
///
/// Fails for what is too small for anything, or too large.
pub fn arena_size(bytes: u32) -> Result<u32> {
    const SIZES: std::ops::RangeInclusive<u32> = 128..=1 << 28;
    if !SIZES.contains(&bytes) {
        bail!("an arena has 128 bytes to 256 MiB, not {bytes}");
    }
    Ok(bytes.next_multiple_of(16))
}

fn wsi_functions(file: WsiFile) -> Result<Own> {
    let names = match file.functions {
        FunctionsFile::Word(word) if word == "all" => return Ok(Own::All),
        FunctionsFile::Names(names) => names,
        _ => bail!("functions in [wsi] is \"all\" or a list of names"),
    };
    for name in &names {
        let known = || wsi::functions().iter().map(wsi::Function::full);
        if !known().any(|known| known == *name) {
            let all: Vec<String> = known().collect();
            let near = nearest(name, all.iter().map(String::as_str));
            bail!(
                "[wsi]: WSI 0.1 has no function {name}{}",
                did_you_mean(near)
            );
        }
    }
    Ok(Own::These(names.into_iter().collect()))
}

fn module_entry(file: ModuleFile) -> Result<ModuleEntry> {
    let functions = match file.functions {
        FunctionsFile::Word(word) if word == "preview1" => Functions::Preview1,
        FunctionsFile::Word(word) if word == "any" => Functions::Any,
        FunctionsFile::Word(word) => bail!(
            "functions = {word:?} of the module {:?}: it is \"preview1\", \"any\", a list of names \
             or a table of signatures",
            file.name
        ),
        FunctionsFile::Names(names) => Functions::These(
            names
                .into_iter()
                .map(|name| {
                    let known = (file.name == preview1::MODULE)
                        .then(|| preview1::signature(&name))
                        .flatten();
                    (name, known)
                })
                .collect(),
        ),
        FunctionsFile::Signatures(signatures) => Functions::These(
            signatures
                .into_iter()
                .map(|(name, text)| {
                    let ty = signature(&text)
                        .with_context(|| format!("the signature of {name:?} is {text:?}"))?;
                    Ok((name, Some(ty)))
                })
                .collect::<Result<_>>()?,
        ),
    };
    Ok(ModuleEntry {
        name: file.name,
        functions,
        except: file.except,
    })
}

/// `(i32, i64) -> f32`, `() -> ()`.
fn signature(text: &str) -> Result<FuncType> {
    let (params, results) = text
        .split_once("->")
        .context("it should look like \"(i32, i64) -> i32\" or \"(i32) -> ()\"")?;
    Ok(FuncType::new(types(params)?, types(results)?))
}

fn types(text: &str) -> Result<Vec<ValType>> {
    text.trim()
        .trim_start_matches('(')
        .trim_end_matches(')')
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(|word| match word {
            "i32" => Ok(ValType::I32),
            "i64" => Ok(ValType::I64),
            "f32" => Ok(ValType::F32),
            "f64" => Ok(ValType::F64),
            other => bail!("{other:?} is none of i32, i64, f32, f64"),
        })
        .collect()
}
