//! Glue in JavaScript: a module that describes the types and functions of the world to `p1b.mjs`, which lifts and lowers, and its
//! declarations for TypeScript. Names are those of jco, so that a component that it transpiles and a flat module look alike.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use anyhow::{Context, Result, bail};
use wit_parser::{
    Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner,
    WorldItem, WorldKey,
};

use super::c::put;
use super::functions::{
    Dropped, Item, Items, check, functions, is_of_guest, only_exported, resources,
};
use super::names::{camel, names, scalar, unique};
use super::ts::Declarations;
use super::types::{Layout, plain, resource};
use super::{File, HostOptions, Input};

/// What generated modules stand on.
const SHIM: &str = p1bridge_host_js::SHIM;

/// A name for a function or a field.
pub fn lower_camel(name: &str) -> String {
    let name = camel(name);
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// A name as a literal; none has a quote.
pub fn quoted(text: &str) -> String {
    format!("'{text}'")
}

/// A key of an object.
pub fn key(name: &str) -> String {
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match is_word {
        true => name.to_string(),
        false => quoted(name),
    }
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

/// What a type consists of, in brackets, in lines of its own where it is much.
fn bracketed([open, close]: [&str; 2], items: &[String]) -> String {
    let length: usize = items.iter().map(|item| item.len() + 2).sum();
    match (items, length) {
        ([], _) => format!("{open}{close}"),
        (_, 0..=80) if open == "{" => format!("{{ {} }}", items.join(", ")),
        (_, 0..=80) => format!("{open}{}{close}", items.join(", ")),
        _ => format!("{open}\n  {},\n{close}", items.join(",\n  ")),
    }
}

/// What an interface, or the world itself, has of imports or exports.
pub struct Interface {
    /// As [`Item::module`] has it.
    pub module: String,
    /// None for the world itself.
    pub id: Option<InterfaceId>,
    /// Under which names JavaScript has it.
    pub names: Vec<String>,
    /// By core name: the description of the function.
    functions: Vec<(String, String)>,
}

struct Glue<'r> {
    resolve: &'r Resolve,
    /// The interfaces that only the module has.
    exported: Vec<InterfaceId>,
    /// The names of the interfaces that the host may have.
    provided: HashMap<InterfaceId, Vec<String>>,
    named: HashMap<TypeId, String>,
    /// The names of constants, and of functions and methods by what they are of.
    taken: HashMap<String, HashSet<String>>,
    constants: String,
    /// Constants that are resources.
    resources: Vec<String>,
    /// The interfaces that have those of the host.
    hosts: Vec<InterfaceId>,
    declarations: Declarations<'r>,
}

/// Writes the files.
///
/// # Errors
///
/// For types that no host can have, by name.
pub fn generate(input: &Input, options: &HostOptions) -> Result<Vec<File>> {
    let (resolve, id) = input.world.parts();
    let world = &resolve.worlds[id];
    if options.prefix.is_some() {
        bail!("--prefix is for C: names in JavaScript lie in objects");
    }
    let layout = Layout::new(resolve)?;
    let mut glue = Glue {
        resolve,
        exported: only_exported(resolve, &world.imports, &world.exports)?,
        provided: provided(resolve, &world.imports),
        named: HashMap::new(),
        taken: HashMap::new(),
        constants: String::new(),
        resources: Vec::new(),
        hosts: Vec::new(),
        declarations: Declarations::new(resolve, world),
    };
    let mut sides = Vec::new();
    for (items, import) in [(&world.imports, true), (&world.exports, false)] {
        let found = functions(resolve, items, input, import);
        let dropped = resources(resolve, items);
        let dropped = dropped.into_iter().filter(|dropped| {
            let name = resolve.types[dropped.id].name.as_deref();
            let name = format!("[resource-drop]{}", name.unwrap_or_default());
            input.has(&dropped.module, &name, import)
        });
        check(&layout, &found)?;
        sides.push(glue.side(items, &found, &dropped.collect::<Vec<_>>(), import)?);
    }
    let (exports, imports) = (sides.pop(), sides.pop());
    let (mut imports, exports) = (imports.unwrap_or_default(), exports.unwrap_or_default());
    // The class of what an export takes is needed even if the module imports nothing of its interface.
    for id in &glue.hosts {
        if let Some([module, ..]) = glue.provided.get(id).map(Vec::as_slice) {
            place(&mut imports, module, Some(*id)).names = glue.provided[id].clone();
        }
    }

    let name = options.world.as_deref().unwrap_or(&world.name);
    // It may be the name of a file.
    let name: String = name
        .chars()
        .map(|c| match c.is_ascii_alphanumeric() || c == '_' {
            true => c,
            false => '-',
        })
        .collect();
    let mut text = format!(
        "// The host's side of the world {name}. Written by `p1bridge host`: do not change it, make it again.
import * as p1b from './p1b.mjs';

export {{ ComponentError }} from './p1b.mjs';

{}",
        glue.constants
    );
    put!(
        text,
        "const world = {{\n  resources: {},",
        list(&glue.resources)
    );
    for (what, side) in [("imports", &imports), ("exports", &exports)] {
        let all: String = side.iter().map(Interface::text).collect();
        match all.as_str() {
            "" => put!(text, "  {what}: [],"),
            _ => put!(text, "  {what}: [\n{all}  ],"),
        }
    }
    put!(
        text,
        "}};

/** An instance of the module, by its bytes or compiled, with what it imports: what it exports. */
export const instantiate = (source, imports, instantiateCore) => p1b.instantiate(world, source, imports, instantiateCore);"
    );
    Ok(vec![
        File {
            name: format!("{name}.js"),
            text,
        },
        File {
            name: format!("{name}.d.ts"),
            text: glue.declarations.finish(&name, &imports, &exports),
        },
        File {
            name: "p1b.mjs".into(),
            text: SHIM.into(),
        },
    ])
}

/// The names of imported interfaces: with their versions, and without where that is one.
fn provided(resolve: &Resolve, imports: &Items) -> HashMap<InterfaceId, Vec<String>> {
    let interfaces = imports.iter().filter_map(|(key, item)| match item {
        WorldItem::Interface { id, .. } => Some((*id, resolve.name_world_key(key))),
        _ => None,
    });
    let plain_of = |name: &str| name.split('@').next().unwrap_or_default().to_string();
    let interfaces: Vec<(InterfaceId, String)> = interfaces.collect();
    let mut all = HashMap::new();
    for (id, name) in &interfaces {
        let plain = plain_of(name);
        let same = interfaces
            .iter()
            .filter(|(_, name)| plain_of(name) == plain);
        let mut names = vec![name.clone()];
        if plain != *name && same.count() == 1 {
            names.push(plain);
        }
        all.insert(*id, names);
    }
    all
}

impl Interface {
    fn text(&self) -> String {
        let names: Vec<String> = self.names.iter().map(|name| quoted(name)).collect();
        let mut text = format!(
            "    {{\n      module: {},\n      names: {},\n      functions: {{\n",
            quoted(&self.module),
            list(&names)
        );
        for (name, described) in &self.functions {
            put!(text, "        {}: {described},", key(name));
        }
        text + "      },\n    },\n"
    }
}

impl<'r> Glue<'r> {
    fn unique(&mut self, scope: &str, wanted: String) -> String {
        unique(self.taken.entry(scope.to_string()).or_default(), wanted)
    }

    /// All that the module imports, or exports.
    fn side(
        &mut self,
        items: &Items,
        found: &[Item<'r>],
        dropped: &[Dropped],
        import: bool,
    ) -> Result<Vec<Interface>> {
        let mut all: Vec<Interface> = Vec::new();
        for item in found {
            let context = || format!("{}#{}", item.module, item.func.name);
            let described = self.function(item, import).with_context(context)?;
            place(&mut all, &item.module, item.interface)
                .functions
                .push((item.func.name.clone(), described));
        }
        for drop in dropped {
            let name = self.resolve.types[drop.id].name.as_deref();
            let name = format!("[resource-drop]{}", name.unwrap_or_default());
            let described = format!("p1b.drops({})", self.constant(drop.id)?);
            self.declarations.resource(drop.id);
            let TypeOwner::Interface(id) = self.resolve.types[drop.id].owner else {
                continue;
            };
            place(&mut all, &drop.module, Some(id))
                .functions
                .push((name, described));
        }
        // A function of the world comes before an interface with its name.
        let mut taken: HashSet<String> = found
            .iter()
            .filter(|item| item.interface.is_none())
            .map(|item| lower_camel(&item.func.name))
            .collect();
        for interface in &mut all {
            let Some(id) = interface.id else { continue };
            interface.names = match (import, items.get(&WorldKey::Interface(id))) {
                (true, Some(_)) => self.provided.get(&id).cloned().unwrap_or_default(),
                (true, None) => vec![interface.module.clone()],
                (false, Some(_)) => {
                    let short = self.resolve.interfaces[id].name.as_deref();
                    let short = lower_camel(short.unwrap_or_default());
                    let is_free = taken.insert(short.clone());
                    let names = [interface.module.clone(), short];
                    names.into_iter().take(1 + usize::from(is_free)).collect()
                }
                (false, None) => vec![lower_camel(&interface.module)],
            };
        }
        Ok(all)
    }

    fn function(&mut self, item: &Item<'r>, import: bool) -> Result<String> {
        let func: &Function = item.func;
        let (maker, of) = match func.kind {
            FunctionKind::Freestanding | FunctionKind::AsyncFreestanding => ("func", None),
            FunctionKind::Method(of) | FunctionKind::AsyncMethod(of) => ("method", Some(of)),
            FunctionKind::Static(of) | FunctionKind::AsyncStatic(of) => ("statics", Some(of)),
            FunctionKind::Constructor(of) => ("constructs", Some(of)),
            _ => bail!("a getter or a setter is not supported"),
        };
        let mut given = Vec::new();
        let mut scope = format!("{import} {}", item.module);
        if let Some(of) = of {
            let constant = self.constant(of)?;
            scope = format!("{scope} {constant} {maker}");
            given.push(constant);
        }
        // What every class has.
        let own = self.taken.entry(scope.clone()).or_default();
        match maker {
            "method" => own.extend(["constructor".to_string()]),
            "statics" => own.extend(["prototype".to_string()]),
            _ => {}
        }
        let name = self.unique(&scope, lower_camel(func.item_name()));
        if maker != "constructs" {
            given.push(quoted(&name));
        }
        let mut params = Vec::new();
        for param in func.params.iter().skip(usize::from(maker == "method")) {
            params.push(self.expression(&param.ty)?);
        }
        given.push(list(&params));
        if let Some(ty) = &func.result {
            given.push(self.expression(ty)?);
        }
        self.declarations.function(item, of, &name, import);
        Ok(format!("p1b.{maker}({})", given.join(", ")))
    }

    /// A type as the module describes it.
    fn expression(&mut self, ty: &Type) -> Result<String> {
        let id = match plain(self.resolve, *ty) {
            Type::Id(id) => id,
            other => return Ok(format!("p1b.{}", scalar(&other))),
        };
        match self.resolve.types[id].name {
            Some(_) => self.constant(id),
            None => self.description(id),
        }
    }

    /// The constant of a type that has a name.
    fn constant(&mut self, id: TypeId) -> Result<String> {
        let id = resource(self.resolve, id);
        if let Some(name) = self.named.get(&id) {
            return Ok(name.clone());
        }
        let described = self.description(id)?;
        let name = self.resolve.types[id].name.as_deref().unwrap_or_default();
        let name = self.unique("", camel(name));
        put!(self.constants, "const {name} = {described};");
        if matches!(self.resolve.types[id].kind, TypeDefKind::Resource) {
            self.resources.push(name.clone());
        }
        self.named.insert(id, name.clone());
        Ok(name)
    }

    fn description(&mut self, id: TypeId) -> Result<String> {
        let resolve = self.resolve;
        let optional = |glue: &mut Self, ty: &Option<Type>| match ty {
            Some(ty) => glue.expression(ty),
            None => Ok("null".into()),
        };
        Ok(match &resolve.types[id].kind {
            TypeDefKind::Record(record) => {
                let keys = names(record.fields.iter().map(|f| f.name.as_str()), lower_camel);
                let mut fields = Vec::new();
                for (key, field) in keys.iter().zip(&record.fields) {
                    fields.push(format!("{key}: {}", self.expression(&field.ty)?));
                }
                format!("p1b.record({})", bracketed(["{", "}"], &fields))
            }
            TypeDefKind::Variant(variant) => {
                let mut cases = Vec::new();
                for case in &variant.cases {
                    let ty = optional(self, &case.ty)?;
                    cases.push(format!("{}: {ty}", key(&case.name)));
                }
                format!("p1b.variant({})", bracketed(["{", "}"], &cases))
            }
            TypeDefKind::Enum(of) => {
                let cases: Vec<String> = of.cases.iter().map(|case| quoted(&case.name)).collect();
                format!("p1b.enumeration({})", bracketed(["[", "]"], &cases))
            }
            TypeDefKind::Flags(flags) => {
                let labels = names(flags.flags.iter().map(|f| f.name.as_str()), lower_camel);
                let labels: Vec<String> = labels.iter().map(|label| quoted(label)).collect();
                format!("p1b.flags({})", bracketed(["[", "]"], &labels))
            }
            TypeDefKind::Tuple(tuple) => {
                let mut types = Vec::new();
                for ty in &tuple.types {
                    types.push(self.expression(ty)?);
                }
                format!("p1b.tuple({})", list(&types))
            }
            TypeDefKind::List(ty) => format!("p1b.list({})", self.expression(ty)?),
            TypeDefKind::FixedLengthList(ty, length) => {
                format!("p1b.fixed({}, {length})", self.expression(ty)?)
            }
            TypeDefKind::Option(ty) => format!("p1b.option({})", self.expression(ty)?),
            TypeDefKind::Result(result) => {
                let (ok, err) = (optional(self, &result.ok)?, optional(self, &result.err)?);
                format!("p1b.result({ok}, {err})")
            }
            TypeDefKind::Handle(Handle::Own(of)) => format!("p1b.own({})", self.constant(*of)?),
            TypeDefKind::Handle(Handle::Borrow(of)) => {
                format!("p1b.borrow({})", self.constant(*of)?)
            }
            TypeDefKind::Resource => self.described_resource(id)?,
            other => bail!("{} is not supported", other.as_str()),
        })
    }

    fn described_resource(&mut self, id: TypeId) -> Result<String> {
        let name = self.resolve.types[id].name.as_deref().unwrap_or_default();
        let class = quoted(&camel(name));
        if is_of_guest(self.resolve, &self.exported, id) {
            return Ok(format!("p1b.resource({class})"));
        }
        let TypeOwner::Interface(interface) = self.resolve.types[id].owner else {
            bail!(
                "the resource {name} is the world's, which is not supported; put it into an interface"
            );
        };
        let from = self.provided.get(&interface);
        let from = from.filter(|names| !names[0].starts_with("wasi:"));
        let from = from.with_context(|| {
            format!("the resource {name} is of an interface that the host does not provide")
        })?;
        let from: Vec<String> = from.iter().map(|name| quoted(name)).collect();
        self.hosts.push(interface);
        Ok(format!("p1b.resource({class}, {})", list(&from)))
    }
}

/// The interface of that name, which is added if there is none.
fn place<'a>(
    all: &'a mut Vec<Interface>,
    module: &str,
    id: Option<InterfaceId>,
) -> &'a mut Interface {
    let at = all.iter().position(|one| one.module == module);
    let at = at.unwrap_or(all.len());
    if at == all.len() {
        all.push(Interface {
            module: module.to_string(),
            id,
            names: Vec::new(),
            functions: Vec::new(),
        });
    }
    &mut all[at]
}
