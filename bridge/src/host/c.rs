//! Glue in C: a header with the types, the functions that the host has and those that it calls, and a source that lifts and
//! lowers on `p1b_abi.h`.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use anyhow::{Result, bail};
use wit_parser::abi::AbiVariant;
use wit_parser::{FlagsRepr, Function, Handle, Resolve, Type, TypeDefKind, TypeId};

use super::functions::{self, check, only_exported, resources};
use super::names::{Names, constant, local, snake};
use super::types::{Layout, element, plain, resource};
use super::values::Values;
use super::{File, HostOptions, Input};

macro_rules! put {
    ($to:expr, $($arg:tt)*) => { writeln!($to, $($arg)*).expect("a string takes everything") };
}
pub(super) use put;

/// A function of the world, and what its name in C begins with.
struct Item<'r> {
    of: functions::Item<'r>,
    base: String,
}

/// Everything about one world.
pub struct Glue<'r> {
    pub names: Names<'r>,
    pub layout: Layout<'r>,
    /// The names of types by their structure, and the other way round.
    by_key: HashMap<String, String>,
    taken: HashSet<String>,
    declared: HashSet<String>,
    /// Declarations of types, in the order in which they need each other.
    types: String,
    /// The resources of the host, by their numbers.
    kinds: Vec<TypeId>,
    /// What functions of the host give goes to an arena.
    arena: bool,
}

/// Writes the files.
///
/// # Errors
///
/// For types that no host can have, by name.
pub fn generate(input: &Input, options: &HostOptions) -> Result<Vec<File>> {
    let (resolve, world_id) = input.world.parts();
    let world = &resolve.worlds[world_id];
    let exported = only_exported(resolve, &world.imports, &world.exports)?;
    let mut glue = Glue {
        names: Names {
            resolve,
            entries: &input.entries,
            world: options.world.clone().unwrap_or_else(|| world.name.clone()),
            prefix: options
                .prefix
                .clone()
                .map(|p| format!("{p}_"))
                .unwrap_or_default(),
            exported,
        },
        layout: Layout::new(resolve)?,
        by_key: HashMap::new(),
        taken: HashSet::new(),
        declared: HashSet::new(),
        types: String::new(),
        kinds: Vec::new(),
        arena: input.arena,
    };
    let imports = glue.items(&world.imports, input, true);
    let exports = glue.items(&world.exports, input, false);
    check(&glue.layout, imports.iter().map(|item| &item.of))?;
    check(&glue.layout, exports.iter().map(|item| &item.of))?;
    let host_resources = resources(resolve, &world.imports);
    let guest_resources = resources(resolve, &world.exports);
    glue.kinds = host_resources.iter().map(|dropped| dropped.id).collect();
    for dropped in host_resources.iter().chain(&guest_resources) {
        glue.declare(&Type::Id(dropped.id))?;
    }

    let stem = format!("{}_host", glue.names.of_world());
    let mut values = Values::default();
    let (mut implemented, mut called) = (String::new(), String::new());
    let (mut functions, mut import_table, mut export_table) =
        (String::new(), String::new(), String::new());
    let mut count = 0;
    for item in &imports {
        implemented += &glue.prototype_of_import(item)?;
        functions += &glue.import(&mut values, item, count)?;
        import_table += &table_entry(
            &item.of.module,
            &item.of.func.name,
            &glue.core_type(item.of.func, true),
            count,
        );
        count += 1;
    }
    for dropped in &host_resources {
        let base = glue.base(dropped.id);
        put!(
            implemented,
            "/* The guest drops its handle. */\nvoid {base}_drop(p1b_host *host, {base}_t *self);"
        );
        put!(
            functions,
            "static p1b_status import_{count}(p1b_host *host, uint64_t *s) {{
    void *rep;
    TRY(p1b_handle_drop(host, {}, (uint32_t)s[0], &rep));
    if (rep) {base}_drop(host, ({base}_t *)rep);
    return P1B_OK;
}}",
            glue.kind(dropped.id)
        );
        let name = format!(
            "[resource-drop]{}",
            resolve.types[dropped.id].name.clone().unwrap_or_default()
        );
        import_table += &table_entry(&dropped.module, &name, "(i)", count);
        count += 1;
    }
    // The first places of the table of exports are for what a module may have.
    put!(export_table, "    {{\"cabi_realloc\", \"?(iiii)i\"}},");
    put!(export_table, "    {{\"_initialize\", \"?()\"}},");
    let mut places = 2;
    put!(
        called,
        "/* Call it first, once: the constructors of the module run. Nothing happens if it has none. */
p1b_status {}_initialize(p1b_host *host);",
        glue.names.of_world()
    );
    put!(
        functions,
        "p1b_status {}_initialize(p1b_host *host) {{
    uint64_t s[1];
    p1b_status status = p1b_call(host, 1, s);
    return status == P1B_MISSING ? P1B_OK : status;
}}",
        glue.names.of_world()
    );
    for item in &exports {
        let core = item.of.exported();
        put!(
            export_table,
            "    {{\"{core}\", \"{}\"}},",
            glue.core_type(item.of.func, false)
        );
        let index = places;
        places += 1;
        let post = match &item.of.func.result {
            Some(ty) if glue.layout.has_views(ty) || glue.layout.flat(ty) > 1 => {
                let flat = if glue.layout.flat(ty) > 1 {
                    "i".into()
                } else {
                    glue.layout.flat_types(ty).iter().collect::<String>()
                };
                put!(export_table, "    {{\"cabi_post_{core}\", \"?({flat})\"}},");
                places += 1;
                Some(index + 1)
            }
            _ => None,
        };
        called += &glue.prototype_of_export(item)?;
        functions += &glue.export(&mut values, item, index, post)?;
    }
    for dropped in &guest_resources {
        let base = glue.base(dropped.id);
        let name = resolve.types[dropped.id].name.clone().unwrap_or_default();
        put!(
            export_table,
            "    {{\"{}#[resource-drop]{name}\", \"?(i)\"}},",
            dropped.module
        );
        put!(
            called,
            "p1b_status {base}_drop(p1b_host *host, {base}_t self);"
        );
        put!(
            functions,
            "p1b_status {base}_drop(p1b_host *host, {base}_t self) {{
    uint64_t s[1];
    s[0] = self.handle;
    return p1b_call(host, {places}, s);
}}"
        );
        places += 1;
    }
    values.finish(&mut glue)?;
    let world_name = glue.names.of_world();
    let upper = constant(&world_name);
    let guard = format!("{}_H", constant(&stem));
    let header = format!(
        "/* The host's side of the world {}. Written by `p1bridge host`: do not change it, make it again. */
#ifndef {guard}
#define {guard}

#include \"p1b_abi.h\"

#ifdef __cplusplus
extern \"C\" {{
#endif

/* How many functions the module may import and export: room for what a binding needs. */
#define {upper}_IMPORTS {count}
#define {upper}_EXPORTS {places}

extern const p1b_world {world_name}_world;

{}
/* Functions of the host. What they get is valid until they return or call the guest. What they give may lie in memory of
   their own that stays, or in p1b_scratch; it is copied when they have returned. */

{implemented}
/* Functions of the guest. A result with strings or lists lies in its memory until p1b_done, which has to be called. */

{called}
#ifdef __cplusplus
}}
#endif

#endif
",
        glue.names.world, glue.types
    );
    let table = match import_table.is_empty() {
        true => "NULL".to_string(),
        false => "imports".to_string(),
    };
    let arena = input.arena;
    let imports_text = match import_table.is_empty() {
        true => String::new(),
        false => format!("static const p1b_import imports[] = {{\n{import_table}}};\n"),
    };
    let source = format!(
        "/* Written by `p1bridge host`: do not change it, make it again. */
#include \"{stem}.h\"

#define TRY(call) \\
    do {{ \\
        p1b_status try_ = (call); \\
        if (try_) return try_; \\
    }} while (0)

{}
{functions}
{imports_text}static const p1b_export exports[] = {{
{export_table}}};

const p1b_world {world_name}_world = {{{table}, {count}, exports, {places}, {arena}}};
",
        values.text
    );
    Ok(vec![
        File {
            name: format!("{stem}.h"),
            text: header,
        },
        File {
            name: format!("{stem}.c"),
            text: source,
        },
    ])
}

fn table_entry(module: &str, field: &str, ty: &str, count: usize) -> String {
    format!(
        "    {{\"{module}\", \"{module}#{field}\", {}, \"{ty}\", import_{count}}},\n",
        module.len() + 1
    )
}

impl<'r> Glue<'r> {
    fn resolve(&self) -> &'r Resolve {
        self.names.resolve
    }

    /// The functions of imports or exports that are not the runtime's, as far as the module has them.
    fn items(&self, items: &'r functions::Items, input: &Input, import: bool) -> Vec<Item<'r>> {
        let named = |of: functions::Item<'r>| {
            let base = match (of.interface, import) {
                (None, true) => self.names.of_world(),
                (None, false) => {
                    format!("{}exports_{}", self.names.prefix, snake(&self.names.world))
                }
                (Some(id), _) => {
                    let base = self.names.interface(id);
                    match (import, self.names.exported.contains(&id)) {
                        (false, false) => format!("exports_{base}"),
                        _ => base,
                    }
                }
            };
            Item { of, base }
        };
        let found = functions::functions(self.resolve(), items, input, import);
        found.into_iter().map(named).collect()
    }

    /// The number of a resource of the host.
    pub fn kind(&self, id: TypeId) -> usize {
        let id = resource(self.resolve(), id);
        self.kinds
            .iter()
            .position(|kind| *kind == id)
            .map_or(0, |at| at + 1)
    }

    /// Whether a resource is the guest's.
    pub fn is_of_guest(&self, id: TypeId) -> bool {
        functions::is_of_guest(self.resolve(), &self.names.exported, id)
    }

    /// What tells types with the same name apart.
    fn key(&self, ty: &Type) -> String {
        let id = match plain(self.resolve(), *ty) {
            Type::Id(id) => id,
            other => return format!("{other:?}"),
        };
        if let Some(name) = self.names.named(id) {
            return name;
        }
        let inner: Vec<String> = element(self.resolve(), id)
            .iter()
            .map(|ty| self.key(ty))
            .collect();
        if self.names.entries.contains_key(&id) {
            return format!("entry<{}>", inner.join(","));
        }
        let kind = match &self.resolve().types[id].kind {
            TypeDefKind::Result(result) => {
                format!("result{}{}", result.ok.is_some(), result.err.is_some())
            }
            TypeDefKind::FixedLengthList(_, n) => format!("list{n}"),
            other => other.as_str().to_string(),
        };
        format!("{kind}<{}>", inner.join(","))
    }

    /// The name of a type without its `_t`.
    pub fn base(&mut self, id: TypeId) -> String {
        let id = match plain(self.resolve(), Type::Id(id)) {
            Type::Id(id) => id,
            _ => id,
        };
        let key = self.key(&Type::Id(id));
        if let Some(base) = self.by_key.get(&key) {
            return base.clone();
        }
        let wanted = self.names.base(id);
        let mut base = wanted.clone();
        let mut n = 2;
        while !self.taken.insert(base.clone()) {
            base = format!("{wanted}_{n}");
            n += 1;
        }
        self.by_key.insert(key, base.clone());
        base
    }

    /// A type in C.
    pub fn c_type(&mut self, ty: &Type) -> String {
        let id = match plain(self.resolve(), *ty) {
            Type::Bool => return "bool".into(),
            Type::U8 => return "uint8_t".into(),
            Type::S8 => return "int8_t".into(),
            Type::U16 => return "uint16_t".into(),
            Type::S16 => return "int16_t".into(),
            Type::U32 | Type::Char | Type::ErrorContext => return "uint32_t".into(),
            Type::S32 => return "int32_t".into(),
            Type::U64 => return "uint64_t".into(),
            Type::S64 => return "int64_t".into(),
            Type::F32 => return "float".into(),
            Type::F64 => return "double".into(),
            Type::String => return "p1b_string".into(),
            Type::Id(id) => id,
        };
        match &self.resolve().types[id].kind {
            TypeDefKind::Handle(Handle::Own(of) | Handle::Borrow(of)) => {
                let of = resource(self.resolve(), *of);
                match self.is_of_guest(of) {
                    true => format!("{}_t", self.base(of)),
                    false => format!("{}_t *", self.base(of)),
                }
            }
            _ => format!("{}_t", self.base(id)),
        }
    }

    /// A declaration of something of a type.
    pub fn variable(&mut self, ty: &Type, name: &str) -> String {
        let ty = self.c_type(ty);
        match ty.ends_with('*') {
            true => format!("{ty}{name}"),
            false => format!("{ty} {name}"),
        }
    }

    /// Whether values of a type are passed to functions as they are.
    fn by_value(&self, ty: &Type) -> bool {
        match plain(self.resolve(), *ty) {
            Type::Id(id) => {
                matches!(
                    self.resolve().types[id].kind,
                    TypeDefKind::Handle(_) | TypeDefKind::Enum(_)
                ) || matches!(&self.resolve().types[id].kind, TypeDefKind::Flags(flags)
                if !matches!(flags.repr(), FlagsRepr::U32(2..)))
            }
            _ => true,
        }
    }

    /// The name of a part of a tuple, or of an entry of a map.
    pub fn part(&self, id: TypeId, at: usize) -> String {
        match (self.names.entries.contains_key(&id), at) {
            (true, 0) => "key".into(),
            (true, _) => "value".into(),
            _ => format!("f{at}"),
        }
    }

    /// Declares a type and all that it needs.
    pub fn declare(&mut self, ty: &Type) -> Result<()> {
        let Type::Id(id) = plain(self.resolve(), *ty) else {
            return Ok(());
        };
        let resolve = self.resolve();
        let kind = &resolve.types[id].kind;
        if let TypeDefKind::Handle(Handle::Own(of) | Handle::Borrow(of)) = kind {
            return self.declare(&Type::Id(resource(resolve, *of)));
        }
        let base = self.base(id);
        if !self.declared.insert(base.clone()) {
            return Ok(());
        }
        for ty in element(resolve, id) {
            self.declare(&ty)?;
        }
        let upper = constant(&base);
        let mut text = String::new();
        let constants = |text: &mut String, names: Vec<&str>| {
            for (at, name) in names.iter().enumerate() {
                put!(text, "#define {upper}_{} {at}", constant(name));
            }
        };
        match kind {
            TypeDefKind::Record(record) => {
                put!(text, "typedef struct {base}_t {{");
                for field in &record.fields {
                    put!(
                        text,
                        "    {};",
                        self.variable(&field.ty, &local(&field.name))
                    );
                }
                put!(text, "}} {base}_t;\n");
            }
            TypeDefKind::Tuple(tuple) => {
                put!(text, "typedef struct {base}_t {{");
                for (at, ty) in tuple.types.iter().enumerate() {
                    let name = self.part(id, at);
                    put!(text, "    {};", self.variable(ty, &name));
                }
                put!(text, "}} {base}_t;\n");
            }
            TypeDefKind::Flags(flags) => {
                let words = match flags.repr() {
                    FlagsRepr::U8 => "uint8_t",
                    FlagsRepr::U16 => "uint16_t",
                    FlagsRepr::U32(0..=1) => "uint32_t",
                    FlagsRepr::U32(words) => {
                        put!(
                            text,
                            "typedef struct {base}_t {{\n    uint32_t words[{words}];\n}} {base}_t;"
                        );
                        ""
                    }
                };
                if !words.is_empty() {
                    put!(text, "typedef {words} {base}_t;");
                }
                for (at, flag) in flags.flags.iter().enumerate() {
                    let word = match words.is_empty() {
                        true => format!(" /* of words[{}] */", at / 32),
                        false => String::new(),
                    };
                    put!(
                        text,
                        "#define {upper}_{} (1u << {}){word}",
                        constant(&flag.name),
                        at % 32
                    );
                }
                text.push('\n');
            }
            TypeDefKind::Enum(of) => {
                let tag = super::types::tag_type(of.tag());
                put!(text, "typedef {tag} {base}_t;");
                constants(
                    &mut text,
                    of.cases.iter().map(|case| case.name.as_str()).collect(),
                );
                text.push('\n');
            }
            TypeDefKind::Variant(variant) => {
                let tag = super::types::tag_type(variant.tag());
                put!(text, "typedef struct {base}_t {{\n    {tag} tag;");
                if variant.cases.iter().any(|case| case.ty.is_some()) {
                    put!(text, "    union {{");
                    for case in &variant.cases {
                        if let Some(ty) = &case.ty {
                            put!(text, "        {};", self.variable(ty, &local(&case.name)));
                        }
                    }
                    put!(text, "    }} val;");
                }
                put!(text, "}} {base}_t;");
                constants(
                    &mut text,
                    variant
                        .cases
                        .iter()
                        .map(|case| case.name.as_str())
                        .collect(),
                );
                text.push('\n');
            }
            TypeDefKind::Option(ty) => {
                put!(
                    text,
                    "typedef struct {base}_t {{\n    bool is_some;\n    {};\n}} {base}_t;\n",
                    self.variable(ty, "val")
                );
            }
            TypeDefKind::Result(result) => {
                put!(text, "typedef struct {base}_t {{\n    bool is_err;");
                if result.ok.is_some() || result.err.is_some() {
                    put!(text, "    union {{");
                    for (ty, name) in [(&result.ok, "ok"), (&result.err, "err")] {
                        if let Some(ty) = ty {
                            put!(text, "        {};", self.variable(ty, name));
                        }
                    }
                    put!(text, "    }} val;");
                }
                put!(text, "}} {base}_t;\n");
            }
            TypeDefKind::List(ty) => {
                let of = self.c_type(ty);
                let (star, of) = match of.strip_suffix(" *") {
                    Some(of) => (format!("{of}_t *const *ptr").replace("_t_t", "_t"), ""),
                    None => (format!("const {of} *ptr"), ""),
                };
                put!(
                    text,
                    "typedef struct {base}_t {{\n    {star}{of};\n    size_t len;\n}} {base}_t;\n"
                );
            }
            TypeDefKind::FixedLengthList(ty, length) => {
                put!(
                    text,
                    "typedef struct {base}_t {{\n    {};\n}} {base}_t;\n",
                    self.variable(ty, &format!("items[{length}]"))
                );
            }
            TypeDefKind::Resource => match self.is_of_guest(id) {
                true => put!(
                    text,
                    "/* A resource of the guest, by its handle. */\ntypedef struct {base}_t {{\n    uint32_t handle;\n}} {base}_t;\n"
                ),
                false if self.kind(id) == 0 => {
                    bail!("{base} is a resource of the runtime, which has its handles")
                }
                false => put!(
                    text,
                    "/* A resource of the host: define struct {base}_t. */\ntypedef struct {base}_t {base}_t;\n"
                ),
            },
            other => bail!("{base}: {} is not supported", other.as_str()),
        }
        self.types += &text;
        Ok(())
    }

    /// The core type of a function, as bindings write it.
    fn core_type(&self, func: &Function, import: bool) -> String {
        let (params, results) = functions::core_type(self.resolve(), func, import);
        format!("({params}){results}")
    }

    /// The two sides of a result that a function has on its own.
    fn sides(&self, ty: Option<&Type>) -> Option<(Option<Type>, Option<Type>)> {
        let Type::Id(id) = plain(self.resolve(), *ty?) else {
            return None;
        };
        match &self.resolve().types[id].kind {
            TypeDefKind::Result(result) => Some((result.ok, result.err)),
            _ => None,
        }
    }

    /// The parameters of a function, under their names in the header. In the source, they are numbered: the code there has names
    /// of its own.
    fn parameters(&mut self, func: &Function, numbered: bool) -> Result<Vec<String>> {
        let mut all = vec!["p1b_host *host".to_string()];
        let mut taken = HashSet::new();
        for (at, param) in func.params.iter().enumerate() {
            self.declare(&param.ty)?;
            let mut name = match numbered {
                true => format!("p{at}"),
                false => local(&param.name),
            };
            while !taken.insert(name.clone()) {
                name.push('_');
            }
            all.push(match self.by_value(&param.ty) {
                true => self.variable(&param.ty, &name),
                false => format!("const {} *{name}", self.c_type(&param.ty)),
            });
        }
        Ok(all)
    }

    /// The head of a function that the host has.
    fn head_of_import(&mut self, item: &Item<'_>) -> Result<String> {
        let mut all = self.parameters(item.of.func, false)?;
        let mut returns = "void".to_string();
        if let Some(ty) = &item.of.func.result {
            self.declare(ty)?;
            if let Some((ok, err)) = self.sides(Some(ty)) {
                returns = "bool".into();
                for (ty, name) in [(ok, "ret"), (err, "err")] {
                    if let Some(ty) = ty {
                        all.push(self.variable(&ty, &format!("*{name}")));
                    }
                }
            } else if self.by_value(ty) {
                returns = self.c_type(ty);
            } else {
                all.push(self.variable(ty, "*ret"));
            }
        }
        let name = self.names.function(&item.base, &item.of.func.name);
        let space = if returns.ends_with('*') { "" } else { " " };
        Ok(format!("{returns}{space}{name}({})", all.join(", ")))
    }

    fn prototype_of_import(&mut self, item: &Item<'_>) -> Result<String> {
        let note = match self.sides(item.of.func.result.as_ref()) {
            Some((_, Some(_))) => "/* Whether it succeeds, with `ret`; otherwise with `err`. */\n",
            Some(_) => "/* Whether it succeeds. */\n",
            None => "",
        };
        let note = match self.sides(item.of.func.result.as_ref()) {
            Some((None, Some(_))) => "/* Whether it succeeds; otherwise with `err`. */\n",
            Some((Some(_), None)) => "/* Whether it succeeds, with `ret`. */\n",
            _ => note,
        };
        Ok(format!("{note}{};\n", self.head_of_import(item)?))
    }

    fn head_of_export(&mut self, item: &Item<'_>, numbered: bool) -> Result<String> {
        let mut all = self.parameters(item.of.func, numbered)?;
        if let Some(ty) = &item.of.func.result {
            self.declare(ty)?;
            all.push(self.variable(ty, "*ret"));
            if self.layout.has_views(ty) {
                all.push("p1b_held *held".into());
            }
        }
        let name = self.names.function(&item.base, &item.of.func.name);
        Ok(format!("p1b_status {name}({})", all.join(", ")))
    }

    fn prototype_of_export(&mut self, item: &Item<'_>) -> Result<String> {
        Ok(format!("{};\n", self.head_of_export(item, false)?))
    }

    /// The function that the binding calls for an import.
    fn import(&mut self, values: &mut Values, item: &Item<'_>, count: usize) -> Result<String> {
        let func = item.of.func;
        let types: Vec<Type> = func.params.iter().map(|param| param.ty).collect();
        let signature = self.resolve().wasm_signature(AbiVariant::GuestImport, func);
        let mut text = String::new();
        put!(
            text,
            "static p1b_status import_{count}(p1b_host *host, uint64_t *s) {{"
        );
        for (at, ty) in types.iter().enumerate() {
            put!(text, "    {};", self.variable(ty, &format!("p{at}")));
        }
        let sides = self.sides(func.result.as_ref());
        if let Some((ok, err)) = &sides {
            put!(text, "    bool ok;");
            for (ty, name) in [(ok, "ret"), (err, "err")] {
                if let Some(ty) = ty {
                    put!(text, "    {};", self.variable(ty, name));
                }
            }
        } else if let Some(ty) = &func.result {
            put!(text, "    {};", self.variable(ty, "ret"));
        }
        // The area for the result, if it is not a core value.
        let area = signature.retptr.then(|| signature.params.len() - 1);
        if area.is_some() {
            put!(text, "    uint32_t area;\n    uint8_t *checked;");
        }
        if signature.indirect_params {
            let (size, align) = self.layout.record(&types);
            put!(
                text,
                "    uint8_t *at;\n    TRY(p1b_list(host, (uint32_t)s[0], 1, {size}, {align}, &at));"
            );
            for ((n, ty), offset) in types.iter().enumerate().zip(self.layout.fields(&types)) {
                text += &values.load(self, ty, &offset_of("at", offset), &format!("p{n}"));
            }
        } else {
            let mut slot = 0;
            for (n, ty) in types.iter().enumerate() {
                text += &values.lift(self, ty, slot, &format!("p{n}"));
                slot += self.layout.flat(ty);
            }
        }
        // Looked at when the function has returned: the slots are the engine's, which may put others there meanwhile.
        if let Some(at) = area {
            put!(text, "    area = (uint32_t)s[{at}];");
        }
        let mut arguments = vec!["host".to_string()];
        for (n, ty) in types.iter().enumerate() {
            arguments.push(if self.by_value(ty) {
                format!("p{n}")
            } else {
                format!("&p{n}")
            });
        }
        let name = self.names.function(&item.base, &func.name);
        match (&sides, &func.result) {
            (Some((ok, err)), Some(ty)) => {
                for (ty, name) in [(ok, "ret"), (err, "err")] {
                    if ty.is_some() {
                        put!(text, "    p1b_zero(&{name}, sizeof {name});");
                        arguments.push(format!("&{name}"));
                    }
                }
                put!(
                    text,
                    "    ok = {name}({});\n    if (host->message) return P1B_ASKED;",
                    arguments.join(", ")
                );
                match area {
                    None => put!(text, "    s[0] = ok ? 0 : 1;"),
                    Some(_) => {
                        let cases = vec![*ok, *err];
                        let (_, payload) = self.layout.variant(&cases);
                        text += &self.area(ty);
                        put!(text, "    *checked = ok ? 0 : 1;\n    if (ok) {{");
                        if let Some(ty) = ok {
                            text += &values.fill(self, ty, payload, "ret");
                        }
                        put!(text, "    }} else {{");
                        if let Some(ty) = err {
                            text += &values.fill(self, ty, payload, "err");
                        }
                        put!(text, "    }}");
                    }
                }
            }
            (_, Some(ty)) => {
                if self.by_value(ty) {
                    put!(text, "    ret = {name}({});", arguments.join(", "));
                } else {
                    arguments.push("&ret".into());
                    put!(
                        text,
                        "    p1b_zero(&ret, sizeof ret);\n    {name}({});",
                        arguments.join(", ")
                    );
                }
                put!(text, "    if (host->message) return P1B_ASKED;");
                text += &match area {
                    Some(_) => self.area(ty) + &values.fill(self, ty, 0, "ret"),
                    // One core value: never a string or a list.
                    None => values.lower(self, ty, 0, "ret"),
                };
            }
            (_, None) => put!(
                text,
                "    {name}({});\n    if (host->message) return P1B_ASKED;",
                arguments.join(", ")
            ),
        }
        if !text.contains("s[") {
            put!(text, "    (void)s;");
        }
        put!(text, "    return P1B_OK;\n}}");
        Ok(text)
    }

    /// Checks the area for a result, when the function of the host has returned and the guest may have run.
    fn area(&self, ty: &Type) -> String {
        let (size, align) = (self.layout.size(ty), self.layout.align(ty));
        let before = match (self.layout.has_views(ty), self.arena) {
            (true, true) => "TRY(p1b_lowering_at(host, area))",
            (true, false) => "p1b_lowering(host)",
            (false, _) => "p1b_moved(host)",
        };
        format!("    {before};\n    TRY(p1b_list(host, area, 1, {size}, {align}, &checked));\n")
    }

    /// The function that the host calls for an export.
    fn export(
        &mut self,
        values: &mut Values,
        item: &Item<'_>,
        index: usize,
        post: Option<usize>,
    ) -> Result<String> {
        let func = item.of.func;
        let types: Vec<Type> = func.params.iter().map(|param| param.ty).collect();
        let signature = self.resolve().wasm_signature(AbiVariant::GuestExport, func);
        let held = func
            .result
            .as_ref()
            .is_some_and(|ty| self.layout.has_views(ty));
        let mut text = String::new();
        put!(text, "{} {{", self.head_of_export(item, true)?);
        put!(text, "    uint64_t s[{}];", signature.params.len().max(1));
        if held {
            put!(
                text,
                "    held->scratch_used = host->scratch_used;\n    held->post = 0;\n    held->area = 0;"
            );
        }
        if types.iter().any(|ty| self.layout.has_views(ty)) {
            put!(text, "    p1b_lowering(host);");
        }
        let given = |glue: &Glue<'_>, n: usize| -> String {
            match glue.by_value(&func.params[n].ty) {
                true => format!("p{n}"),
                false => format!("(*p{n})"),
            }
        };
        if signature.indirect_params {
            let (size, align) = self.layout.record(&types);
            put!(
                text,
                "    uint32_t area;\n    TRY(p1b_room(host, {align}, {size}, &area));\n    s[0] = area;"
            );
            let offsets = self.layout.fields(&types).into_iter().enumerate();
            let all: Vec<_> = offsets
                .map(|(n, offset)| (types[n], offset, given(self, n)))
                .collect();
            text += &values.store_all(self, "area", &all);
        } else {
            let mut slot = 0;
            for (n, ty) in types.iter().enumerate() {
                let given = given(self, n);
                text += &values.lower(self, ty, slot, &given);
                slot += self.layout.flat(ty);
            }
        }
        put!(text, "    TRY(p1b_call(host, {index}, s));");
        // What was lent is not the guest's any more.
        for (n, ty) in types.iter().enumerate() {
            if let Type::Id(id) = plain(self.resolve(), *ty)
                && let TypeDefKind::Handle(Handle::Borrow(of)) = &self.resolve().types[id].kind
                && !self.is_of_guest(*of)
            {
                put!(text, "    p1b_handle_return(host, (void *)p{n});");
            }
        }
        if let Some(ty) = &func.result {
            if signature.retptr {
                let (size, align) = (self.layout.size(ty), self.layout.align(ty));
                if held {
                    put!(
                        text,
                        "    held->area = s[0];\n    held->post = {};",
                        post.unwrap_or(0)
                    );
                }
                put!(
                    text,
                    "    {{\n    uint8_t *at;\n    uint64_t kept = s[0];\n    TRY(p1b_list(host, (uint32_t)s[0], 1, {size}, {align}, &at));"
                );
                text += &values.load(self, ty, "at", "(*ret)");
                match post {
                    Some(post) if !held => put!(
                        text,
                        "    s[0] = kept;\n    {{\n        p1b_status status = p1b_call(host, {post}, s);\n        if (status && status != P1B_MISSING) return status;\n    }}"
                    ),
                    _ => put!(text, "    (void)kept;"),
                }
                put!(text, "    }}");
            } else {
                text += &values.lift(self, ty, 0, "(*ret)");
            }
        }
        put!(text, "    return P1B_OK;\n}}");
        Ok(text)
    }
}

/// `at + offset`, without a sum of nothing.
pub fn offset_of(at: &str, offset: u32) -> String {
    match offset {
        0 => at.to_string(),
        n => format!("{at} + {n}"),
    }
}
