//! The functions of WSI 0.1 in the core form: signatures, what each argument is, and what the kinds of hosts can do of
//! each. `wit/wsi/wsi.txt` has all of it and explains itself; `docs/wsi.md` has the conventions.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use wasmparser::{FuncType, ValType};

use crate::nearest;

/// How the names of all modules begin that the core form is imported from.
pub const PREFIX: &str = "wsi:sys/";
/// The module of the constants that say which functions the target has.
pub const HAS: &str = "has";
/// `errno` of a function that is not there.
pub const NOSYS: i32 = 52;

/// What can be done of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Exactly.
    Exact,
    /// Exactly, without the host.
    Local,
    /// With a difference that a program can notice.
    Approximated,
    /// Nothing.
    Impossible,
    /// Nothing, unless the host is one of WSI itself.
    Native,
    /// A host of WSI may have it.
    Optional,
}

impl Class {
    fn new(letter: &str) -> Class {
        match letter {
            "E" => Class::Exact,
            "L" => Class::Local,
            "A" => Class::Approximated,
            "X" => Class::Impossible,
            "N" => Class::Native,
            "O" => Class::Optional,
            _ => panic!("{letter:?} is no class"),
        }
    }

    /// The letter of the class, as in the table.
    pub fn letter(self) -> char {
        match self {
            Class::Exact => 'E',
            Class::Local => 'L',
            Class::Approximated => 'A',
            Class::Impossible => 'X',
            Class::Native => 'N',
            Class::Optional => 'O',
        }
    }

    /// Whether a program can call it.
    pub fn is_there(self) -> bool {
        !matches!(self, Class::Impossible | Class::Native)
    }
}

/// Where a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    Preview1,
    /// Preview 1 with the functions of WAMR for sockets.
    Sockets,
    Wasi02,
    Native,
}

/// The functions of WSI that a host has itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Own {
    #[default]
    None,
    /// By their names, `device.query`.
    These(BTreeSet<String>),
    All,
}

impl Own {
    /// Whether a function is among them.
    pub fn has(&self, function: &Function) -> bool {
        match self {
            Own::None => false,
            Own::These(names) => names.contains(&function.full()),
            Own::All => true,
        }
    }
}

/// An argument of a function.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    pub name: &'static str,
    pub ty: ValType,
    /// Of an address: what is there, as the head of the table says.
    pub place: Option<&'static str>,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// `io`
    pub module: &'static str,
    pub name: &'static str,
    pub arguments: Vec<Argument>,
    pub result: Option<ValType>,
    /// Whether a call may block.
    pub waits: bool,
    classes: [Class; 4],
    /// The names of the errors that are its own, and not only those of the host.
    pub errors: Vec<&'static str>,
}

impl Function {
    /// The signature.
    pub fn ty(&self) -> FuncType {
        FuncType::new(
            self.arguments.iter().map(|argument| argument.ty),
            self.result,
        )
    }

    /// `io.read`
    pub fn full(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }

    /// What a host can do of it.
    pub fn class(&self, host: Host) -> Class {
        self.classes[host as usize]
    }
}

/// All functions, in the order of the table.
pub fn functions() -> &'static [Function] {
    static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
        let lines = p1bridge_wit::WSI.lines();
        lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(function)
            .collect()
    });
    &FUNCTIONS
}

fn function(line: &'static str) -> Function {
    let columns: Vec<&str> = line.split('|').map(str::trim).collect();
    let [name, signature, waits, classes, errors] = columns[..] else {
        panic!("five columns: {line}")
    };
    let (module, name) = name.split_once('.').expect("module.name");
    let (arguments, result) = signature.split_once("->").expect("arguments -> result");
    let mut classes = classes.split(' ').map(Class::new);
    Function {
        module,
        name,
        arguments: arguments.split_whitespace().map(argument).collect(),
        result: match result.trim() {
            "" => None,
            "i32" => Some(ValType::I32),
            "i64" => Some(ValType::I64),
            other => panic!("{other:?} is no result"),
        },
        waits: waits == "waits",
        classes: std::array::from_fn(|_| classes.next().expect("four classes")),
        errors: errors.split_whitespace().collect(),
    }
}

fn argument(text: &'static str) -> Argument {
    if let Some((name, place)) = text.split_once('@') {
        return Argument {
            name,
            ty: ValType::I32,
            place: Some(place),
        };
    }
    match text.strip_suffix(":i64") {
        Some(name) => Argument {
            name,
            ty: ValType::I64,
            place: None,
        },
        None => Argument {
            name: text,
            ty: ValType::I32,
            place: None,
        },
    }
}

/// What an import of a core module asks of WSI.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// A function.
    Call(&'static Function),
    /// Whether the target has one.
    Has(&'static Function),
}

impl Asked {
    /// The signature.
    pub fn ty(self) -> FuncType {
        match self {
            Asked::Call(function) => function.ty(),
            Asked::Has(_) => FuncType::new([], [ValType::I32]),
        }
    }
}

/// Whether an import of a module of this name is one of the core form of WSI.
pub fn is_wsi(module: &str) -> bool {
    let interface = module
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split('@').next());
    interface
        .is_some_and(|name| name == HAS || functions().iter().any(|known| known.module == name))
}

/// What an import asks for; `module` is one for which [`is_wsi`] says yes. The error says what is wrong with its name.
///
/// # Errors
///
/// For a version that is not known, and for a name that no function has.
pub fn asked(module: &str, name: &str) -> Result<Asked, String> {
    let rest = module.strip_prefix(PREFIX).unwrap_or(module);
    let (interface, version) = rest.split_once('@').unwrap_or((rest, ""));
    let patch = version.strip_prefix("0.1.");
    if patch.is_none_or(|patch| patch.parse::<u32>().is_err()) {
        return Err(format!(
            "WSI is known as 0.1: import it from \"{PREFIX}{interface}@0.1.0\""
        ));
    }
    let of = |full: &str| {
        let (module, name) = full.split_once('.')?;
        functions()
            .iter()
            .find(|known| known.module == module && known.name == name)
    };
    let (full, found) = match interface {
        HAS => (name.to_string(), of(name).map(Asked::Has)),
        _ => {
            let full = format!("{interface}.{name}");
            let found = of(&full).map(Asked::Call);
            (full, found)
        }
    };
    found.ok_or_else(|| {
        let names: Vec<String> = functions().iter().map(Function::full).collect();
        let near = nearest::nearest(&full, names.iter().map(String::as_str));
        format!(
            "WSI 0.1 has no function {full}{}",
            nearest::did_you_mean(near)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_can_be_read() {
        assert_eq!(functions().len(), 55);
        for function in functions() {
            let import = format!("{PREFIX}{}@0.1.0", function.module);
            assert!(is_wsi(&import));
            let Asked::Call(found) = asked(&import, function.name).unwrap() else {
                panic!("a call");
            };
            assert_eq!(found.name, function.name);
            // What the address is of has its length among the arguments.
            for argument in &function.arguments {
                if let Some(length) = argument.place.and_then(|place| place.split_once('[')) {
                    let length = length.1.trim_end_matches(']');
                    assert!(
                        function.arguments.iter().any(|other| other.name == length),
                        "{length}"
                    );
                }
            }
        }
    }

    #[test]
    fn names_that_wsi_does_not_have_are_said() {
        let why = asked("wsi:sys/io@0.1.0", "raed").unwrap_err();
        assert!(why.contains("io.read"), "{why}");
        let why = asked("wsi:sys/io@0.2.0", "read").unwrap_err();
        assert!(why.contains("wsi:sys/io@0.1.0"), "{why}");
        assert!(matches!(
            asked("wsi:sys/has@0.1.4", "net.bind"),
            Ok(Asked::Has(_))
        ));
        // The component side has other names.
        assert!(!is_wsi("wsi:sys/descriptors@0.1.0"));
    }
}
