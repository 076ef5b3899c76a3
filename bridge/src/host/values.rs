//! Code in C that lifts and lowers values (`CanonicalABI.md`, "Loading", "Storing", "Flat Lifting", "Flat Lowering").
//!
//! A type that is not a scalar has up to four functions, each written when it is first needed.

use std::collections::HashSet;
use std::fmt::Write;

use anyhow::Result;
use wit_parser::{FlagsRepr, Handle, Type, TypeDefKind, TypeId};

use super::c::{Glue, offset_of, put};
use super::names::local;
use super::types::{Cases, plain, resource};

/// What a function does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Way {
    /// From memory.
    Load,
    /// Into memory that is checked, a value without strings and lists: nothing that could move the memory.
    Put,
    /// Into memory, by its address, a value with strings or lists.
    Store,
    /// From core values.
    Lift,
    /// To core values.
    Lower,
    /// The elements of a list, from an address and to one.
    LiftList,
    LowerList,
}

/// Functions that are needed, and the text of those that are written.
#[derive(Default)]
pub struct Values {
    wanted: Vec<(Way, TypeId)>,
    known: HashSet<(Way, String)>,
    prototypes: String,
    pub text: String,
}

impl Values {
    /// Writes the functions that are needed, and those that they need.
    pub fn finish(&mut self, glue: &mut Glue<'_>) -> Result<()> {
        let mut bodies = String::new();
        while let Some((way, id)) = self.wanted.pop() {
            let base = glue.base(id);
            let head = head(way, &base);
            put!(self.prototypes, "{head};");
            let body = self.body(glue, way, id);
            put!(bodies, "{head} {{\n{body}    return P1B_OK;\n}}");
        }
        self.text = format!("{}\n{bodies}", self.prototypes);
        Ok(())
    }

    fn need(&mut self, glue: &mut Glue<'_>, way: Way, id: TypeId) -> String {
        let base = glue.base(id);
        if self.known.insert((way, base.clone())) {
            self.wanted.push((way, id));
        }
        base
    }

    /// Statements that read a value at the pointer `at` into `out`.
    pub fn load(&mut self, glue: &mut Glue<'_>, ty: &Type, at: &str, out: &str) -> String {
        let id = match plain(glue.layout.resolve, *ty) {
            Type::Bool => return format!("    {out} = *({at}) != 0;\n"),
            Type::U8 => return format!("    {out} = *({at});\n"),
            Type::S8 => return format!("    {out} = (int8_t)*({at});\n"),
            Type::U16 => return format!("    {out} = (uint16_t)p1b_load16({at});\n"),
            Type::S16 => return format!("    {out} = (int16_t)p1b_load16({at});\n"),
            Type::U32 => return format!("    {out} = p1b_load32({at});\n"),
            Type::S32 => return format!("    {out} = (int32_t)p1b_load32({at});\n"),
            Type::U64 => return format!("    {out} = p1b_load64({at});\n"),
            Type::S64 => return format!("    {out} = (int64_t)p1b_load64({at});\n"),
            Type::F32 => return format!("    {out} = p1b_f32(p1b_load32({at}));\n"),
            Type::F64 => return format!("    {out} = p1b_f64(p1b_load64({at}));\n"),
            Type::Char => {
                return format!(
                    "    {out} = p1b_load32({at});\n    if (!p1b_is_char({out})) return P1B_CHAR;\n"
                );
            }
            Type::String => {
                return format!(
                    "    TRY(p1b_lift_string(host, p1b_load32({at}), p1b_load32({at} + 4), &{out}));\n"
                );
            }
            Type::ErrorContext => return String::new(),
            Type::Id(id) => id,
        };
        let c_type = glue.c_type(ty);
        match &glue.layout.resolve.types[id].kind {
            TypeDefKind::Enum(of) => {
                let (count, read) = (of.cases.len(), read_tag(of.cases.len(), at));
                // As many as the number has values: all are right.
                match count {
                    0x100 | 0x1_0000 => format!("    {out} = ({c_type})({read});\n"),
                    _ => format!(
                        "    {out} = ({c_type})({read});\n    if ({out} >= {count}) return P1B_CASE;\n"
                    ),
                }
            }
            TypeDefKind::Flags(flags) => {
                let count = flags.flags.len();
                match flags.repr() {
                    FlagsRepr::U8 => {
                        format!("    {out} = ({c_type})(*({at}) & {:#x}u);\n", mask(count))
                    }
                    FlagsRepr::U16 => format!(
                        "    {out} = ({c_type})(p1b_load16({at}) & {:#x}u);\n",
                        mask(count)
                    ),
                    FlagsRepr::U32(0..=1) => {
                        format!("    {out} = p1b_load32({at}) & {:#x}u;\n", mask(count))
                    }
                    FlagsRepr::U32(words) => (0..words)
                        .map(|word| {
                            let at = offset_of(at, 4 * word as u32);
                            format!(
                                "    {out}.words[{word}] = p1b_load32({at}) & {:#x}u;\n",
                                mask(count - 32 * word)
                            )
                        })
                        .collect(),
                }
            }
            TypeDefKind::Handle(handle) => {
                lift_handle(glue, handle, &format!("p1b_load32({at})"), out)
            }
            _ => {
                let base = self.need(glue, Way::Load, id);
                format!("    TRY(load_{base}(host, {at}, &{out}));\n")
            }
        }
    }

    /// Statements that make a value of core values, from `s[slot]` on.
    pub fn lift(&mut self, glue: &mut Glue<'_>, ty: &Type, slot: usize, out: &str) -> String {
        let s = format!("s[{slot}]");
        let id = match plain(glue.layout.resolve, *ty) {
            Type::Bool => return format!("    {out} = (uint32_t){s} != 0;\n"),
            Type::F32 => return format!("    {out} = p1b_f32({s});\n"),
            Type::F64 => return format!("    {out} = p1b_f64({s});\n"),
            Type::Char => {
                return format!(
                    "    {out} = (uint32_t){s};\n    if (!p1b_is_char({out})) return P1B_CHAR;\n"
                );
            }
            Type::String => {
                return format!(
                    "    TRY(p1b_lift_string(host, (uint32_t){s}, (uint32_t)s[{}], &{out}));\n",
                    slot + 1
                );
            }
            Type::ErrorContext => return String::new(),
            Type::Id(id) => id,
            Type::U64 => return format!("    {out} = {s};\n"),
            number => {
                let c_type = glue.c_type(&number);
                return format!("    {out} = ({c_type}){s};\n");
            }
        };
        let c_type = glue.c_type(ty);
        match &glue.layout.resolve.types[id].kind {
            TypeDefKind::Enum(of) => {
                let count = of.cases.len();
                format!(
                    "    if ((uint32_t){s} >= {count}) return P1B_CASE;\n    {out} = ({c_type}){s};\n"
                )
            }
            TypeDefKind::Flags(flags) => {
                let count = flags.flags.len();
                match flags.repr() {
                    FlagsRepr::U32(words @ 2..) => (0..words)
                        .map(|word| {
                            format!(
                                "    {out}.words[{word}] = (uint32_t)s[{}] & {:#x}u;\n",
                                slot + word,
                                mask(count - 32 * word)
                            )
                        })
                        .collect(),
                    _ => format!(
                        "    {out} = ({c_type})((uint32_t){s} & {:#x}u);\n",
                        mask(count)
                    ),
                }
            }
            TypeDefKind::Handle(handle) => {
                lift_handle(glue, handle, &format!("(uint32_t){s}"), out)
            }
            _ => {
                let base = self.need(glue, Way::Lift, id);
                format!("    TRY(lift_{base}(host, &{s}, &{out}));\n")
            }
        }
    }

    /// Statements that write a value at the pointer `at`, which is checked. The value has no strings and no lists.
    fn put(&mut self, glue: &mut Glue<'_>, ty: &Type, at: &str, value: &str) -> String {
        let number = |width: u32, value: &str| match width {
            8 => format!("    *({at}) = (uint8_t)({value});\n"),
            width => format!("    p1b_store{width}({at}, {value});\n"),
        };
        let id = match plain(glue.layout.resolve, *ty) {
            Type::Bool => return number(8, &format!("{value} ? 1 : 0")),
            Type::U8 | Type::S8 => return number(8, value),
            Type::U16 => return number(16, value),
            Type::S16 => return number(16, &format!("(uint16_t){value}")),
            Type::U32 => return number(32, value),
            Type::S32 => return number(32, &format!("(uint32_t){value}")),
            Type::U64 => return number(64, value),
            Type::S64 => return number(64, &format!("(uint64_t){value}")),
            Type::F32 => return number(32, &format!("(uint32_t)p1b_of_f32({value})")),
            Type::F64 => return number(64, &format!("p1b_of_f64({value})")),
            Type::Char => {
                return format!(
                    "    if (!p1b_is_char({value})) return P1B_CHAR;\n{}",
                    number(32, value)
                );
            }
            Type::String | Type::ErrorContext => return String::new(),
            Type::Id(id) => id,
        };
        match &glue.layout.resolve.types[id].kind {
            TypeDefKind::Enum(of) => {
                let count = of.cases.len();
                let check = match count {
                    0x100 | 0x1_0000 => String::new(),
                    _ => format!("    if ({value} >= {count}) return P1B_CASE;\n"),
                };
                format!("{check}{}", number(tag_width(count), value))
            }
            TypeDefKind::Flags(flags) => match flags.repr() {
                FlagsRepr::U8 => number(8, value),
                FlagsRepr::U16 => number(16, value),
                FlagsRepr::U32(0..=1) => number(32, value),
                FlagsRepr::U32(words) => (0..words)
                    .map(|word| {
                        let at = offset_of(at, 4 * word as u32);
                        format!("    p1b_store32({at}, {value}.words[{word}]);\n")
                    })
                    .collect(),
            },
            TypeDefKind::Handle(handle) => {
                let (code, number_of) = lower_handle(glue, handle, value);
                format!("    {{\n{code}        p1b_store32({at}, {number_of});\n    }}\n")
            }
            _ => {
                let base = self.need(glue, Way::Put, id);
                format!("    TRY(put_{base}(host, {at}, &{value}));\n")
            }
        }
    }

    /// Statements that write values next to each other from the address `at` of the guest on, each at its offset. Those with
    /// strings and lists come first: when the guest makes room for them, its memory moves.
    pub fn store_all(
        &mut self,
        glue: &mut Glue<'_>,
        at: &str,
        values: &[(Type, u32, String)],
    ) -> String {
        let mut text = String::new();
        let mut rest = Vec::new();
        for (ty, offset, value) in values {
            match glue.layout.has_views(ty) {
                true => text += &self.store_one(glue, ty, &offset_of(at, *offset), value),
                false => rest.push((ty, *offset, value)),
            }
        }
        let end = rest
            .iter()
            .map(|(ty, offset, _)| offset + glue.layout.size(ty));
        if let (Some(end), Some(begin)) = (end.max(), rest.iter().map(|one| one.1).min()) {
            put!(
                text,
                "    {{\n    uint8_t *to = p1b_at(host, {}, {});\n    if (!to) return P1B_BOUNDS;",
                offset_of(at, begin),
                end - begin
            );
            for (ty, offset, value) in rest {
                text += &self.put(glue, ty, &offset_of("to", offset - begin), value);
            }
            text += "    }\n";
        }
        text
    }

    /// Statements that write a value at the address `at` of the guest.
    pub fn store(&mut self, glue: &mut Glue<'_>, ty: &Type, at: &str, value: &str) -> String {
        self.store_all(glue, at, &[(*ty, 0, value.to_string())])
    }

    /// Statements that write a value into the area for a result, which is at the address `area` and the pointer `checked`.
    pub fn fill(&mut self, glue: &mut Glue<'_>, ty: &Type, offset: u32, value: &str) -> String {
        match glue.layout.has_views(ty) {
            true => self.store_one(glue, ty, &offset_of("area", offset), value),
            false => self.put(glue, ty, &offset_of("checked", offset), value),
        }
    }

    /// Statements that write a value with strings or lists at the address `at` of the guest.
    fn store_one(&mut self, glue: &mut Glue<'_>, ty: &Type, at: &str, value: &str) -> String {
        match plain(glue.layout.resolve, *ty) {
            Type::Id(id) => {
                let base = self.need(glue, Way::Store, id);
                format!("    TRY(store_{base}(host, {at}, &{value}));\n")
            }
            _ => format!(
                "    {{\n        uint32_t to;\n        TRY(p1b_lower_string(host, {value}, &to));\n        TRY(p1b_put_pair(host, {at}, to, {value}.len));\n    }}\n"
            ),
        }
    }

    /// Statements that make core values of a value, from `s[slot]` on.
    pub fn lower(&mut self, glue: &mut Glue<'_>, ty: &Type, slot: usize, value: &str) -> String {
        let s = format!("s[{slot}]");
        let id = match plain(glue.layout.resolve, *ty) {
            Type::Bool => return format!("    {s} = {value} ? 1 : 0;\n"),
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => return format!("    {s} = {value};\n"),
            Type::S8 | Type::S16 | Type::S32 => {
                return format!("    {s} = (uint64_t)(uint32_t)(int32_t){value};\n");
            }
            Type::S64 => return format!("    {s} = (uint64_t){value};\n"),
            Type::F32 => return format!("    {s} = p1b_of_f32({value});\n"),
            Type::F64 => return format!("    {s} = p1b_of_f64({value});\n"),
            Type::Char => {
                return format!(
                    "    if (!p1b_is_char({value})) return P1B_CHAR;\n    {s} = {value};\n"
                );
            }
            Type::String => {
                return format!(
                    "    {{\n        uint32_t to;\n        TRY(p1b_lower_string(host, {value}, &to));\n        {s} = to;\n        s[{}] = (uint32_t){value}.len;\n    }}\n",
                    slot + 1
                );
            }
            Type::ErrorContext => return String::new(),
            Type::Id(id) => id,
        };
        match &glue.layout.resolve.types[id].kind {
            TypeDefKind::Enum(of) => {
                let count = of.cases.len();
                let check = match count {
                    0x100 | 0x1_0000 => String::new(),
                    _ => format!("    if ({value} >= {count}) return P1B_CASE;\n"),
                };
                format!("{check}    {s} = {value};\n")
            }
            TypeDefKind::Flags(flags) => match flags.repr() {
                FlagsRepr::U32(words @ 2..) => (0..words)
                    .map(|word| format!("    s[{}] = {value}.words[{word}];\n", slot + word))
                    .collect(),
                _ => format!("    {s} = {value};\n"),
            },
            TypeDefKind::Handle(handle) => {
                let (code, number) = lower_handle(glue, handle, value);
                format!("    {{\n{code}        {s} = {number};\n    }}\n")
            }
            _ => {
                let base = self.need(glue, Way::Lower, id);
                format!("    TRY(lower_{base}(host, &{value}, &{s}));\n")
            }
        }
    }

    /// What a function does, up to its `return`.
    fn body(&mut self, glue: &mut Glue<'_>, way: Way, id: TypeId) -> String {
        let kind = &glue.layout.resolve.types[id].kind;
        match kind {
            TypeDefKind::Record(record) => {
                let fields: Vec<(String, Type)> = record
                    .fields
                    .iter()
                    .map(|field| (local(&field.name), field.ty))
                    .collect();
                self.fields(glue, way, &fields)
            }
            TypeDefKind::Tuple(tuple) => {
                let types = tuple.types.iter().enumerate();
                let fields: Vec<(String, Type)> =
                    types.map(|(at, ty)| (glue.part(id, at), *ty)).collect();
                self.fields(glue, way, &fields)
            }
            TypeDefKind::FixedLengthList(ty, length) => {
                let fields: Vec<(String, Type)> = (0..*length)
                    .map(|at| (format!("items[{at}]"), *ty))
                    .collect();
                self.fields(glue, way, &fields)
            }
            TypeDefKind::List(ty) => self.list(glue, way, id, ty),
            TypeDefKind::Variant(variant) => {
                let names: Vec<String> = variant
                    .cases
                    .iter()
                    .map(|case| format!("val.{}", local(&case.name)))
                    .collect();
                let cases = variant.cases.iter().map(|case| case.ty).collect();
                self.variant(
                    glue,
                    way,
                    &cases,
                    &names,
                    ("tag", tag_type(variant.cases.len())),
                )
            }
            TypeDefKind::Option(ty) => {
                let names = ["none".to_string(), "val".to_string()];
                self.variant(
                    glue,
                    way,
                    &vec![None, Some(*ty)],
                    &names,
                    ("is_some", "bool"),
                )
            }
            TypeDefKind::Result(result) => {
                let names = ["val.ok".to_string(), "val.err".to_string()];
                self.variant(
                    glue,
                    way,
                    &vec![result.ok, result.err],
                    &names,
                    ("is_err", "bool"),
                )
            }
            _ => String::new(),
        }
    }

    fn fields(&mut self, glue: &mut Glue<'_>, way: Way, fields: &[(String, Type)]) -> String {
        let types: Vec<Type> = fields.iter().map(|(_, ty)| *ty).collect();
        let offsets = glue.layout.fields(&types);
        let (mut text, mut slot) = (String::new(), 0);
        if way == Way::Store {
            let given = fields.iter().zip(&offsets);
            let given = given.map(|((name, ty), offset)| (*ty, *offset, format!("in->{name}")));
            text += &self.store_all(glue, "at", &given.collect::<Vec<_>>());
        }
        for ((name, ty), offset) in fields.iter().zip(offsets) {
            text += &match way {
                Way::Load => self.load(glue, ty, &offset_of("at", offset), &format!("out->{name}")),
                Way::Put => self.put(glue, ty, &offset_of("at", offset), &format!("in->{name}")),
                Way::Lift => self.lift(glue, ty, slot, &format!("out->{name}")),
                Way::Lower => self.lower(glue, ty, slot, &format!("in->{name}")),
                _ => String::new(),
            };
            slot += glue.layout.flat(ty);
        }
        if fields.is_empty() {
            text += match way {
                Way::Load => "    (void)at, (void)out;\n",
                Way::Lift => "    (void)s, (void)out;\n",
                Way::Lower => "    (void)in, (void)s;\n",
                _ => "    (void)at, (void)in;\n",
            };
        }
        if !text.contains("host") {
            text.insert_str(0, "    (void)host;\n");
        }
        text
    }

    fn variant(
        &mut self,
        glue: &mut Glue<'_>,
        way: Way,
        cases: &Cases,
        names: &[String],
        (tag, tag_type): (&str, &str),
    ) -> String {
        let (bytes, payload) = glue.layout.variant(cases);
        let flat = 1 + cases
            .iter()
            .flatten()
            .map(|ty| glue.layout.flat(ty))
            .max()
            .unwrap_or(0);
        let count = cases.len();
        let mut text = String::new();
        let read = match way {
            Way::Load => read_tag(count, "at"),
            _ => "(uint32_t)s[0]".to_string(),
        };
        match way {
            Way::Load | Way::Lift => {
                put!(
                    text,
                    "    uint32_t number = {read};\n    if (number >= {count}) return P1B_CASE;"
                );
                match tag_type {
                    "bool" => put!(text, "    out->{tag} = number != 0;"),
                    _ => put!(text, "    out->{tag} = ({tag_type})number;"),
                }
            }
            Way::Store | Way::Put => {
                match tag_type {
                    "bool" => put!(text, "    uint32_t number = in->{tag} ? 1 : 0;"),
                    _ => put!(
                        text,
                        "    uint32_t number = in->{tag};\n    if (number >= {count}) return P1B_CASE;"
                    ),
                }
                match (way, bytes) {
                    (Way::Store, bytes) => {
                        put!(text, "    TRY(p1b_put{}(host, at, number));", 8 * bytes);
                    }
                    (_, 1) => put!(text, "    *at = (uint8_t)number;"),
                    (_, bytes) => put!(text, "    p1b_store{}(at, number);", 8 * bytes),
                }
            }
            _ => {
                match tag_type {
                    "bool" => put!(text, "    uint32_t number = in->{tag} ? 1 : 0;"),
                    _ => put!(
                        text,
                        "    uint32_t number = in->{tag};\n    if (number >= {count}) return P1B_CASE;"
                    ),
                }
                put!(text, "    s[0] = number;");
                for slot in 1..flat {
                    put!(text, "    s[{slot}] = 0;");
                }
            }
        }
        let mut arms = String::new();
        for (at, (ty, name)) in cases.iter().zip(names).enumerate() {
            let Some(ty) = ty else { continue };
            let code = match way {
                Way::Load => {
                    self.load(glue, ty, &offset_of("at", payload), &format!("out->{name}"))
                }
                Way::Store => {
                    self.store(glue, ty, &offset_of("at", payload), &format!("in->{name}"))
                }
                Way::Put => self.put(glue, ty, &offset_of("at", payload), &format!("in->{name}")),
                Way::Lift => self.lift(glue, ty, 1, &format!("out->{name}")),
                _ => self.lower(glue, ty, 1, &format!("in->{name}")),
            };
            put!(arms, "    case {at}:\n{code}    break;");
        }
        if !arms.is_empty() {
            put!(
                text,
                "    switch (number) {{\n{arms}    default: break;\n    }}"
            );
        }
        if !text.contains("host") {
            text.insert_str(0, "    (void)host;\n");
        }
        text
    }

    fn list(&mut self, glue: &mut Glue<'_>, way: Way, id: TypeId, ty: &Type) -> String {
        let base = glue.base(id);
        match way {
            Way::Load => {
                self.need(glue, Way::LiftList, id);
                format!(
                    "    TRY(lift_list_{base}(host, p1b_load32(at), p1b_load32(at + 4), out));\n"
                )
            }
            Way::Lift => {
                self.need(glue, Way::LiftList, id);
                format!("    TRY(lift_list_{base}(host, (uint32_t)s[0], (uint32_t)s[1], out));\n")
            }
            Way::Store => {
                self.need(glue, Way::LowerList, id);
                format!(
                    "    uint32_t to;\n    TRY(lower_list_{base}(host, in, &to));\n    TRY(p1b_put_pair(host, at, to, in->len));\n"
                )
            }
            // Only what has no list is written so.
            Way::Put => String::new(),
            Way::Lower => {
                self.need(glue, Way::LowerList, id);
                format!(
                    "    uint32_t to;\n    TRY(lower_list_{base}(host, in, &to));\n    s[0] = to;\n    s[1] = (uint32_t)in->len;\n"
                )
            }
            Way::LiftList | Way::LowerList => self.elements(glue, way, ty),
        }
    }

    fn elements(&mut self, glue: &mut Glue<'_>, way: Way, ty: &Type) -> String {
        let (size, align) = (glue.layout.size(ty), glue.layout.align(ty));
        let c_type = glue.c_type(ty);
        let number = matches!(
            plain(glue.layout.resolve, *ty),
            Type::U8
                | Type::S8
                | Type::U16
                | Type::S16
                | Type::U32
                | Type::S32
                | Type::U64
                | Type::S64
                | Type::F32
                | Type::F64
        );
        let star = if c_type.ends_with('*') { "*" } else { " *" };
        match (way, number) {
            (Way::LiftList, true) => format!(
                "    const void *numbers;\n    TRY(p1b_lift_numbers(host, address, length, {size}, &numbers));\n    out->ptr = (const {c_type} *)numbers;\n    out->len = length;\n"
            ),
            (_, true) => {
                format!("    TRY(p1b_lower_numbers(host, in->ptr, in->len, {size}, to));\n")
            }
            (Way::LiftList, false) => {
                let load = self.load(glue, ty, "at", "items[i]");
                format!(
                    "    uint8_t *at;\n    {c_type}{star}items = NULL;\n    uint32_t i;\n    TRY(p1b_list(host, address, length, {size}, {align}, &at));\n    if (length) {{\n        items = ({c_type}{star})p1b_scratch_items(host, length, sizeof *items);\n        if (!items) return P1B_SCRATCH;\n    }}\n    for (i = 0; i < length; i++, at += {size}) {{\n{load}    }}\n    out->ptr = items;\n    out->len = length;\n"
                )
            }
            _ if !glue.layout.has_views(ty) => {
                let put = self.put(glue, ty, "at", "in->ptr[i]");
                format!(
                    "    uint8_t *at;\n    size_t i;\n    *to = {align};\n    if (!in->len) return P1B_OK;\n    if (in->len > UINT32_MAX / {size}) return P1B_REALLOC;\n    TRY(p1b_room(host, {align}, (uint64_t)in->len * {size}, to));\n    at = p1b_at(host, *to, (uint64_t)in->len * {size});\n    if (!at) return P1B_REALLOC;\n    for (i = 0; i < in->len; i++, at += {size}) {{\n{put}    }}\n"
                )
            }
            _ => {
                let store = self.store(glue, ty, "at", "in->ptr[i]");
                format!(
                    "    uint32_t at;\n    size_t i;\n    *to = {align};\n    if (!in->len) return P1B_OK;\n    if (in->len > UINT32_MAX / {size}) return P1B_REALLOC;\n    TRY(p1b_room(host, {align}, (uint64_t)in->len * {size}, to));\n    at = *to;\n    for (i = 0; i < in->len; i++, at += {size}) {{\n{store}    }}\n"
                )
            }
        }
    }
}

fn head(way: Way, base: &str) -> String {
    match way {
        Way::Load => format!(
            "static p1b_status load_{base}(p1b_host *host, const uint8_t *at, {base}_t *out)"
        ),
        Way::Put => {
            format!("static p1b_status put_{base}(p1b_host *host, uint8_t *at, const {base}_t *in)")
        }
        Way::Store => format!(
            "static p1b_status store_{base}(p1b_host *host, uint32_t at, const {base}_t *in)"
        ),
        Way::Lift => format!(
            "static p1b_status lift_{base}(p1b_host *host, const uint64_t *s, {base}_t *out)"
        ),
        Way::Lower => format!(
            "static p1b_status lower_{base}(p1b_host *host, const {base}_t *in, uint64_t *s)"
        ),
        Way::LiftList => format!(
            "static p1b_status lift_list_{base}(p1b_host *host, uint32_t address, uint32_t length, {base}_t *out)"
        ),
        Way::LowerList => format!(
            "static p1b_status lower_list_{base}(p1b_host *host, const {base}_t *in, uint32_t *to)"
        ),
    }
}

/// The number of a case in memory.
fn read_tag(cases: usize, at: &str) -> String {
    match cases {
        0..=0x100 => format!("*({at})"),
        0x101..=0x1_0000 => format!("p1b_load16({at})"),
        _ => format!("p1b_load32({at})"),
    }
}

/// The bits of the number of a case.
fn tag_width(cases: usize) -> u32 {
    match cases {
        0..=0x100 => 8,
        0x101..=0x1_0000 => 16,
        _ => 32,
    }
}

fn tag_type(cases: usize) -> &'static str {
    match cases {
        0..=0x100 => "uint8_t",
        0x101..=0x1_0000 => "uint16_t",
        _ => "uint32_t",
    }
}

/// The bits of so many flags, of one word.
fn mask(flags: usize) -> u32 {
    match flags {
        0..32 => (1 << flags) - 1,
        _ => u32::MAX,
    }
}

fn lift_handle(glue: &mut Glue<'_>, handle: &Handle, number: &str, out: &str) -> String {
    let (of, what) = match handle {
        Handle::Own(of) => (*of, "take"),
        Handle::Borrow(of) => (*of, "rep"),
    };
    let of = resource(glue.layout.resolve, of);
    if glue.is_of_guest(of) {
        return format!("    {out}.handle = {number};\n");
    }
    let (kind, base) = (glue.kind(of), glue.base(of));
    format!(
        "    {{\n        void *rep;\n        TRY(p1b_handle_{what}(host, {kind}, {number}, &rep));\n        {out} = ({base}_t *)rep;\n    }}\n"
    )
}

/// Code that makes a handle for the guest, and the handle.
fn lower_handle(glue: &mut Glue<'_>, handle: &Handle, value: &str) -> (String, String) {
    let (of, lent) = match handle {
        Handle::Own(of) => (*of, "false"),
        Handle::Borrow(of) => (*of, "true"),
    };
    let of = resource(glue.layout.resolve, of);
    if glue.is_of_guest(of) {
        return (String::new(), format!("{value}.handle"));
    }
    let kind = glue.kind(of);
    (
        format!(
            "        uint32_t handle;\n        TRY(p1b_handle_new(host, {kind}, (void *){value}, {lent}, &handle));\n"
        ),
        "handle".to_string(),
    )
}
