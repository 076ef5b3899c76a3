//! The functions of WASI 0.2 and 0.3: their types, to tell a component that imports them under others, and
//! what Preview 1 can do of each.
//!
//! No host links such a component, and a flat module would be wrong without a word: the core
//! signatures of `list<u8>` and `string`, or of two enums whose cases are in another order, are
//! the same. So each function is known by a hash of its type, in which names of fields, cases and
//! resources stand and versions and names of parameters do not. `wasi-0.2.txt` has all of it; the
//! hashes are made from `wit/` by a test.

use anyhow::{Result, bail};
use wasmparser::component_types::{
    ComponentDefinedType, ComponentFuncTypeId, ComponentValType, ResourceId,
};
use wasmparser::types::Types;

/// One line for each function: `interface#function hash plain sockets note`.
const KNOWN: &str = include_str!("wasi-0.2.txt");

/// The same for WASI 0.3, whose interfaces have `@0.3` behind their names.
const KNOWN_0_3: &str = include_str!("wasi-0.3.txt");

/// The same for the component side of WSI 0.1, `wit/wsi/wsi.wit`.
const KNOWN_WSI: &str = include_str!("wsi-0.1.txt");

/// And for what `flatten --http` puts in front of a handler, `wit/http/exchange.wit`.
const KNOWN_EXCHANGE: &str = include_str!("exchange-0.1.txt");

/// The package of that.
const EXCHANGE: &str = "p1bridge:http/";

fn lines() -> impl Iterator<Item = &'static str> {
    KNOWN
        .lines()
        .chain(KNOWN_0_3.lines())
        .chain(KNOWN_WSI.lines())
        .chain(KNOWN_EXCHANGE.lines())
}

/// Packages of WASI that no release has and Preview 1 has nothing for: a host provides them under their own names, as it
/// provides an interface of the component's own.
const OF_HOSTS: [&str; 1] = ["wasi:nn/"];

/// Whether an interface is the linker's own, between a handler of HTTP and the library.
pub fn is_exchange(interface: &str) -> bool {
    interface.starts_with(EXCHANGE)
}

/// Whether an interface, with a version or without, is one of WASI, of the component side of WSI or the linker's own: what a
/// flat module has instead is Preview 1.
pub fn is_system(interface: &str) -> bool {
    let of_host = OF_HOSTS
        .iter()
        .any(|package| interface.starts_with(package));
    (interface.starts_with("wasi:") && !of_host)
        || interface.starts_with("wsi:sys/")
        || is_exchange(interface)
}

/// The newest release that is known, of 0.2.
pub const NEWEST: &str = "0.2.12";

/// And of 0.3.
pub const NEWEST_0_3: &str = "0.3.0";

/// What can be done of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Exactly.
    Exact,
    /// Exactly, without the host.
    Local,
    /// With a difference that a program can notice.
    Approximated,
    /// Nothing without functions for sockets; exactly with them.
    Sockets,
    /// Nothing.
    Impossible,
}

impl Class {
    fn new(letter: &str) -> Class {
        match letter {
            "E" => Class::Exact,
            "L" => Class::Local,
            "A" => Class::Approximated,
            "W" => Class::Sockets,
            "X" => Class::Impossible,
            _ => panic!("{letter:?} is no class"),
        }
    }

    /// The letter of the class, as in `wasi-0.2.txt`.
    pub fn letter(self) -> char {
        match self {
            Class::Exact => 'E',
            Class::Local => 'L',
            Class::Approximated => 'A',
            Class::Sockets => 'W',
            Class::Impossible => 'X',
        }
    }
}

/// A function of WASI.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The shape of its type.
    pub shape: u64,
    /// On a host that has Preview 1 alone.
    pub plain: Class,
    /// On a host that has functions for sockets as well.
    pub sockets: Class,
    /// How it is approximated.
    pub note: &'static str,
}

/// What an interface is called in the tables: without its version, but for `@0.3`.
pub fn keyed(interface: &str) -> String {
    let (base, version) = interface.split_once('@').unwrap_or((interface, ""));
    match version.starts_with("0.3.") || version == "0.3" {
        true => format!("{base}@0.3"),
        false => base.to_string(),
    }
}

/// Whether an interface with its version is one of WASI 0.3.
pub fn is_0_3(interface: &str) -> bool {
    interface.starts_with("wasi:") && keyed(interface).ends_with("@0.3")
}

/// A function by its name; nothing for one that is not known. `interface` is as [`keyed`] gives it.
///
/// # Panics
///
/// Panics when a line of the table is broken, which a test excludes.
pub fn known(interface: &str, function: &str) -> Option<Function> {
    lines().find_map(|line| {
        let (name, rest) = line.split_once(' ')?;
        if name.split_once('#')? != (interface, function) {
            return None;
        }
        let mut words = rest.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default();
        Some(Function {
            shape: u64::from_str_radix(word(), 16).expect("a hash"),
            plain: Class::new(word()),
            sockets: Class::new(word()),
            note: word(),
        })
    })
}

/// Whether any function of an interface is known.
pub fn knows_interface(interface: &str) -> bool {
    lines().any(|line| line.split('#').next() == Some(interface))
}

/// The functions that are known, as `interface#function`.
pub fn names() -> impl Iterator<Item = &'static str> {
    lines().filter_map(|line| line.split(' ').next())
}

/// Leave to put a function that returns an error in the place of one that Preview 1 cannot
/// provide: `interface#function=code`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// Without a version; `package/*` is every interface of a package.
    pub interface: String,
    /// `*` is every function of the interface.
    pub function: String,
    /// A case of the function's error type, or `trap`.
    pub code: String,
}

impl Allow {
    /// Of an `interface`, whose version says nothing.
    pub fn new(interface: &str, function: &str, code: &str) -> Allow {
        Allow {
            interface: interface.split('@').next().unwrap_or(interface).to_string(),
            function: function.to_string(),
            code: code.to_string(),
        }
    }

    /// Reads `wasi:sockets/tcp-create-socket#create-tcp-socket=not-supported`. The interface may
    /// have a version, which says nothing; the function `*` is every function, and `*#*` every
    /// function of a package.
    ///
    /// # Errors
    ///
    /// Fails for a text of another form.
    pub fn parse(text: &str) -> Result<Allow> {
        let parts = text.rsplit_once('=').and_then(|(name, code)| {
            let (interface, function) = name.split_once('#')?;
            let interface = interface.split('@').next()?;
            let (package, name) = interface.split_once('/')?;
            let stars = !package.contains('*')
                && match name {
                    "*" => function == "*",
                    name => !name.contains('*'),
                };
            let empty = [package, name, function, code].contains(&"");
            (stars && !empty).then(|| Allow::new(interface, function, code))
        });
        match parts {
            Some(allow) => Ok(allow),
            None => bail!(
                "{text:?} is not of the form INTERFACE#FUNCTION=CODE, as in \
                 wasi:sockets/tcp-create-socket#create-tcp-socket=not-supported; \
                 wasi:sockets/tcp#* is every function of an interface, and wasi:sockets/*#* of a package"
            ),
        }
    }

    /// Whether it is about a function. `interface` has no version.
    pub fn is_for(&self, interface: &str, function: &str) -> bool {
        let interfaces = match self.interface.strip_suffix('*') {
            Some(package) => interface.starts_with(package),
            None => self.interface == interface,
        };
        interfaces && (self.function == "*" || self.function == function)
    }

    /// Whether it is about one function, rather than whatever there is.
    pub fn is_exact(&self) -> bool {
        self.function != "*"
    }

    /// The one of several that counts for a function: the most specific one, whatever their order.
    pub fn most_specific<'a>(
        several: &'a [Allow],
        interface: &str,
        function: &str,
    ) -> Option<&'a Allow> {
        several
            .iter()
            .filter(|allow| allow.is_for(interface, function))
            .max_by_key(|allow| (allow.is_exact(), !allow.interface.ends_with('*')))
    }
}

impl std::fmt::Display for Allow {
    /// As it is written on a command line: brackets and stars mean something to a shell.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}#{}={}", self.interface, self.function, self.code);
        match text.contains(['*', '[']) {
            true => write!(f, "'{text}'"),
            false => write!(f, "{text}"),
        }
    }
}

/// The names of the cases of a function's error type; none for a function without errors.
pub fn errors(types: &Types, id: ComponentFuncTypeId) -> Vec<String> {
    let defined = |ty: ComponentValType| match ty {
        ComponentValType::Type(id) => Some(&types[id]),
        ComponentValType::Primitive(_) => None,
    };
    let Some(ComponentDefinedType::Result { err: Some(err), .. }) =
        types[id].result.and_then(defined)
    else {
        return Vec::new();
    };
    match defined(*err) {
        Some(ComponentDefinedType::Enum(names)) => names.iter().map(|n| n.to_string()).collect(),
        Some(ComponentDefinedType::Variant(variant)) => {
            variant.cases.keys().map(|name| name.to_string()).collect()
        }
        _ => Vec::new(),
    }
}

/// The shape of a function type. `resource` names a resource type: `interface/name` for an
/// imported one.
pub fn shape(
    types: &Types,
    resource: &dyn Fn(ResourceId) -> String,
    id: ComponentFuncTypeId,
) -> u64 {
    let mut shape = Shape {
        types,
        resource,
        hash: 0xcbf2_9ce4_8422_2325,
    };
    let ty = &types[id];
    shape.text(if ty.async_ { "async func" } else { "func" });
    shape.values(ty.params.iter().map(|(_, ty)| *ty));
    shape.option(ty.result);
    shape.hash
}

/// Writes a type as text into a hash (FNV-1a, 64 bits). The resolver of types has made sure that
/// the type is of a reasonable size.
struct Shape<'t> {
    types: &'t Types,
    resource: &'t dyn Fn(ResourceId) -> String,
    hash: u64,
}

impl Shape<'_> {
    fn text(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn values(&mut self, types: impl Iterator<Item = ComponentValType>) {
        self.text("(");
        for ty in types {
            self.value(ty);
        }
        self.text(")");
    }

    fn option(&mut self, ty: Option<ComponentValType>) {
        match ty {
            Some(ty) => self.value(ty),
            None => self.text("_"),
        }
    }

    fn names<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        self.text("(");
        for name in names {
            self.text(name);
        }
        self.text(")");
    }

    fn value(&mut self, ty: ComponentValType) {
        let types = self.types;
        let id = match ty {
            ComponentValType::Primitive(primitive) => return self.text(&primitive.to_string()),
            ComponentValType::Type(id) => id,
        };
        match &types[id] {
            ComponentDefinedType::Primitive(primitive) => self.text(&primitive.to_string()),
            ComponentDefinedType::Record(record) => {
                self.text("record");
                for (name, ty) in &record.fields {
                    self.text(name);
                    self.value(*ty);
                }
                self.text(")");
            }
            ComponentDefinedType::Variant(variant) => {
                self.text("variant");
                for (name, case) in &variant.cases {
                    self.text(name);
                    self.option(case.ty);
                }
                self.text(")");
            }
            ComponentDefinedType::Tuple(tuple) => {
                self.text("tuple");
                self.values(tuple.types.iter().copied());
            }
            ComponentDefinedType::Flags(names) => {
                self.text("flags");
                self.names(names.iter().map(|name| name.as_str()));
            }
            ComponentDefinedType::Enum(names) => {
                self.text("enum");
                self.names(names.iter().map(|name| name.as_str()));
            }
            ComponentDefinedType::List { element, .. } => {
                self.text("list");
                self.value(*element);
            }
            ComponentDefinedType::Option { ty, .. } => {
                self.text("option");
                self.value(*ty);
            }
            ComponentDefinedType::Result { ok, err, .. } => {
                self.text("result");
                self.option(*ok);
                self.option(*err);
            }
            ComponentDefinedType::Own(id) => {
                self.text("own");
                self.text(&(self.resource)(id.resource()));
            }
            ComponentDefinedType::Borrow(id) => {
                self.text("borrow");
                self.text(&(self.resource)(id.resource()));
            }
            ComponentDefinedType::Future { ty, .. } => {
                self.text("future");
                self.option(*ty);
            }
            ComponentDefinedType::Stream { ty, .. } => {
                self.text("stream");
                self.option(*ty);
            }
            // Nothing that a function of WASI has in it.
            ComponentDefinedType::FixedLengthList { .. } | ComponentDefinedType::Map { .. } => {
                self.text("other");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(texts: &[&str]) -> Vec<Allow> {
        let parsed = texts.iter().map(|text| Allow::parse(text));
        parsed.collect::<Result<_>>().expect("well-formed")
    }

    #[test]
    fn the_more_specific_wins_in_any_order() {
        let mut several = allows(&[
            "wasi:sockets/*#*=not-supported",
            "wasi:sockets/udp@0.2.3#*=access-denied",
            "wasi:sockets/udp#[method]udp-socket.subscribe=trap",
        ]);
        for _ in 0..3 {
            several.rotate_left(1);
            let code = |interface, function| {
                Allow::most_specific(&several, interface, function).map(|allow| &*allow.code)
            };
            let subscribe = "[method]udp-socket.subscribe";
            assert_eq!(code("wasi:sockets/udp", subscribe), Some("trap"));
            assert_eq!(code("wasi:sockets/udp", "other"), Some("access-denied"));
            assert_eq!(code("wasi:sockets/tcp", subscribe), Some("not-supported"));
            assert_eq!(code("wasi:socketsx/tcp", subscribe), None);
        }
    }

    #[test]
    fn a_star_stands_for_whole_names() {
        for text in [
            "wasi:sockets/u*#*=trap",
            "wasi:*/udp#*=trap",
            "wasi:sockets/*#f=trap",
            "wasi:sockets/#*=trap",
            "wasi:sockets/udp#*",
        ] {
            assert!(Allow::parse(text).is_err(), "{text}");
        }
    }
}
