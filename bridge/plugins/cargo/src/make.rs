//! What makes modules, one type for each way.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use p1bridge::flatten::{Descriptors, FlattenOptions, Flattened, flatten};
use p1bridge::link::{Choices, Input, link};
use p1bridge::lower::lower;
use p1bridge::profiles::{self, Profile};
use p1bridge::wrap::{World, WrapOptions, wrap};

use crate::emit::{Slot, emit, tell};

/// Bytes, and what to say of them.
pub(crate) struct Made {
    pub wasm: Vec<u8>,
    pub warnings: Vec<String>,
}

impl From<Flattened> for Made {
    fn from(flat: Flattened) -> Made {
        Made {
            wasm: flat.wasm,
            warnings: flat.report.warnings,
        }
    }
}

/// What all of them end with.
macro_rules! ends {
    ($($name:ident)*) => {$(
        impl $name {
            /// Makes the static a marked slot: an array with a head, which `p1bridge retrofit` finds.
            pub fn slot(mut self, slot: Slot) -> $name {
                self.slot = Some(slot);
                self
            }

            /// Writes `OUT_DIR/name.rs`, its name in small letters, with `pub static NAME: &[u8]`, or an array if it is a slot.
            ///
            /// # Panics
            ///
            /// When it cannot be made or written: the message is that of p1bridge.
            #[track_caller]
            pub fn emit(self, name: &str) {
                let made = self.make();
                if let Err(error) = made.and_then(|made| emit(name, self.slot.as_ref(), made)) {
                    panic!("\n\nerror: {error:#}\n");
                }
            }

            /// The bytes, for a script that has other things to do with them.
            ///
            /// # Errors
            ///
            /// When it cannot be made: the message is that of p1bridge.
            pub fn bytes(self) -> Result<Vec<u8>> {
                let made = self.make()?;
                tell(&made.warnings);
                Ok(made.wasm)
            }
        }
    )*};
}

ends!(Flatten Lower Wrap Link Embed);

/// A file, of which Cargo is told.
fn read(path: &Path) -> Result<Vec<u8>> {
    watch(path);
    fs::read(path).with_context(|| path.display().to_string())
}

/// Cargo runs the script again when this file, or something in this folder, has changed.
fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

/// The profile of this name, or in this file.
fn profile(named: Option<&Path>) -> Result<Profile> {
    let Some(path) = named else {
        return Ok(Profile::default());
    };
    let name = path.to_str().unwrap_or_default();
    if let Some(profile) = Profile::named(name) {
        return Ok(profile);
    }
    watch(path);
    if !path.is_file() {
        anyhow::bail!("there is no such file, and {}", profiles::unknown(name));
    }
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Profile::parse(&text).with_context(|| path.display().to_string())
}

/// `p1bridge flatten`: a component becomes one Preview 1 module.
#[derive(Clone, Debug)]
pub struct Flatten {
    input: PathBuf,
    profile: Option<PathBuf>,
    options: FlattenOptions,
    slot: Option<Slot>,
}

impl Flatten {
    /// Flattens the component in this file, for the profile `portable`.
    pub fn new(component: impl AsRef<Path>) -> Flatten {
        Flatten {
            input: component.as_ref().to_path_buf(),
            profile: None,
            options: FlattenOptions::default(),
            slot: None,
        }
    }

    /// The runtime that the module is for: the name of a built-in profile, or a file.
    pub fn profile(mut self, name_or_file: impl AsRef<Path>) -> Flatten {
        self.profile = Some(name_or_file.as_ref().to_path_buf());
        self
    }

    /// Changes the options of the command; the profile is that of [`Flatten::profile`].
    pub fn options(mut self, change: impl FnOnce(&mut FlattenOptions)) -> Flatten {
        change(&mut self.options);
        self
    }

    fn make(&self) -> Result<Made> {
        let component = read(&self.input)?;
        let options = FlattenOptions {
            profile: profile(self.profile.as_deref())?,
            ..self.options.clone()
        };
        let flat = flatten(&component, &options);
        Ok(flat
            .with_context(|| self.input.display().to_string())?
            .into())
    }
}

/// `p1bridge lower`: a core module becomes one that runs on a runtime with fewer features.
#[derive(Clone, Debug)]
pub struct Lower {
    input: PathBuf,
    profile: Option<PathBuf>,
    slot: Option<Slot>,
}

impl Lower {
    /// Lowers the module in this file, for the profile `portable`.
    pub fn new(module: impl AsRef<Path>) -> Lower {
        Lower {
            input: module.as_ref().to_path_buf(),
            profile: None,
            slot: None,
        }
    }

    /// The runtime that the module is for: the name of a built-in profile, or a file.
    pub fn profile(mut self, name_or_file: impl AsRef<Path>) -> Lower {
        self.profile = Some(name_or_file.as_ref().to_path_buf());
        self
    }

    fn make(&self) -> Result<Made> {
        let module = read(&self.input)?;
        let lowered = lower(&module, &profile(self.profile.as_deref())?);
        let lowered = lowered.with_context(|| self.input.display().to_string())?;
        Ok(Made {
            wasm: lowered.wasm,
            warnings: lowered.warnings,
        })
    }
}

/// `p1bridge wrap`: a Preview 1 module becomes a component.
#[derive(Clone, Debug)]
pub struct Wrap {
    input: PathBuf,
    wit: Option<(PathBuf, Option<String>)>,
    options: WrapOptions,
    slot: Option<Slot>,
}

impl Wrap {
    /// Wraps the module in this file.
    pub fn new(module: impl AsRef<Path>) -> Wrap {
        Wrap {
            input: module.as_ref().to_path_buf(),
            wit: None,
            options: WrapOptions::default(),
            slot: None,
        }
    }

    /// The WIT that the module was written for, a folder or a file, and the world in it if there are several.
    pub fn wit(mut self, path: impl AsRef<Path>, world: Option<&str>) -> Wrap {
        self.wit = Some((path.as_ref().to_path_buf(), world.map(str::to_string)));
        self
    }

    /// Changes the options of the command; the world is that of [`Wrap::wit`].
    pub fn options(mut self, change: impl FnOnce(&mut WrapOptions)) -> Wrap {
        change(&mut self.options);
        self
    }

    fn make(&self) -> Result<Made> {
        let module = read(&self.input)?;
        let mut options = self.options.clone();
        if let Some((path, world)) = &self.wit {
            watch(path);
            options.world = Some(World::read(path, world.as_deref())?);
        }
        let wrapped = wrap(&module, &options);
        let wrapped = wrapped.with_context(|| self.input.display().to_string())?;
        Ok(Made {
            wasm: wrapped.component,
            warnings: wrapped.notes,
        })
    }
}

/// `p1bridge link`: a program and libraries, core modules or components, become one Preview 1 module.
#[derive(Clone, Debug)]
pub struct Link {
    inputs: Vec<PathBuf>,
    profile: Option<PathBuf>,
    choices: Choices,
    options: FlattenOptions,
    slot: Option<Slot>,
}

impl Link {
    /// Links the program in this file, for the profile `portable`.
    pub fn new(program: impl AsRef<Path>) -> Link {
        Link {
            inputs: vec![program.as_ref().to_path_buf()],
            profile: None,
            choices: Choices::default(),
            options: FlattenOptions {
                // As the command does.
                descriptors: Descriptors::Shared,
                ..FlattenOptions::default()
            },
            slot: None,
        }
    }

    /// A library for the program and for other libraries.
    pub fn library(mut self, library: impl AsRef<Path>) -> Link {
        self.inputs.push(library.as_ref().to_path_buf());
        self
    }

    /// The runtime that the module is for: the name of a built-in profile, or a file.
    pub fn profile(mut self, name_or_file: impl AsRef<Path>) -> Link {
        self.profile = Some(name_or_file.as_ref().to_path_buf());
        self
    }

    /// Changes what fills what, where that is open.
    pub fn choices(mut self, change: impl FnOnce(&mut Choices)) -> Link {
        change(&mut self.choices);
        self
    }

    /// Changes the options of the command; the profile is that of [`Link::profile`].
    pub fn options(mut self, change: impl FnOnce(&mut FlattenOptions)) -> Link {
        change(&mut self.options);
        self
    }

    fn make(&self) -> Result<Made> {
        let inputs = self.inputs.iter().map(|path| {
            Ok(Input {
                name: path.display().to_string(),
                wasm: read(path)?,
                world: None,
            })
        });
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let options = FlattenOptions {
            profile: profile(self.profile.as_deref())?,
            ..self.options.clone()
        };
        let (linked, flat) = link(&inputs, &[], &self.choices, &options)?;
        let mut made = Made::from(flat);
        made.warnings.extend(linked.notes);
        Ok(made)
    }
}

/// A module as it is, for [`Embed::slot`].
#[derive(Clone, Debug)]
pub struct Embed {
    input: PathBuf,
    slot: Option<Slot>,
}

impl Embed {
    /// Takes the module in this file.
    pub fn new(module: impl AsRef<Path>) -> Embed {
        Embed {
            input: module.as_ref().to_path_buf(),
            slot: None,
        }
    }

    fn make(&self) -> Result<Made> {
        let wasm = read(&self.input)?;
        let checked = p1bridge::embed::Slot::new(&wasm, 0);
        checked.with_context(|| self.input.display().to_string())?;
        Ok(Made {
            wasm,
            warnings: Vec::new(),
        })
    }
}
