//! The types of the functions of WASI 0.2, to tell a component that imports them under other
//! types.
//!
//! No host links such a component, and a flat module would be wrong without a word: the core
//! signatures of `list<u8>` and `string`, or of two enums whose cases are in another order, are
//! the same. So each function is known by a hash of its type, in which names of fields, cases and
//! resources stand and versions and names of parameters do not. `wasi-0.2.txt` has the hashes,
//! made from `wit/` by a test.

use wasmparser::component_types::{
    ComponentDefinedType, ComponentFuncTypeId, ComponentValType, ResourceId,
};
use wasmparser::types::Types;

/// One line for each function: `interface#function hash`.
const KNOWN: &str = include_str!("wasi-0.2.txt");

/// The shape of a function of WASI 0.2; nothing for one that is not known. `interface` has no
/// version.
pub fn known(interface: &str, function: &str) -> Option<u64> {
    KNOWN.lines().find_map(|line| {
        let (name, hash) = line.split_once(' ')?;
        let (known_interface, known_function) = name.split_once('#')?;
        (known_interface == interface && known_function == function)
            .then(|| u64::from_str_radix(hash, 16).ok())?
    })
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
            // Nothing that a function of WASI 0.2 has in it.
            ComponentDefinedType::FixedLengthList { .. }
            | ComponentDefinedType::Map { .. }
            | ComponentDefinedType::Future { .. }
            | ComponentDefinedType::Stream { .. } => self.text("other"),
        }
    }
}
