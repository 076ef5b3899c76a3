//! `--http`: a component that answers requests of HTTP becomes a program.
//!
//! What does it is a small module, made here for the component: it exports `wasi:cli/run`, imports the
//! component's handler, and has `p1bridge:http/exchange` of `wit/http/` give it the request and take the
//! answer. For requests on a socket it does so again and again, with `p1bridge:http/server`. It is linked in front of the component like any other file, and the linker finds the functions
//! of that interface in its library.

use anyhow::{Context, Result, bail};
use wasm_encoder::{
    BlockType, CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, Module, TypeSection, ValType,
};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId, WorldKey};

use crate::guarded::guarded;

/// Who brings requests, and takes the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http {
    /// A CGI server: a process for each request.
    Cgi,
    /// Clients, on a socket: one request after the other.
    Server,
}

impl Http {
    /// What messages and options call the module in front.
    pub fn option(self) -> &'static str {
        match self {
            Http::Cgi => "--http cgi",
            Http::Server => "--http server",
        }
    }
}

/// What answers requests.
const HANDLER: &str = "wasi:http/incoming-handler@";
/// What answers them in WASI 0.3.
const HANDLER_03: &str = "wasi:http/handler@";

const WIT: &str = p1bridge_wit::EXCHANGE;
/// The version that the WIT has for everything of WASI.
const WRITTEN: &str = "@0.2.12";

/// Makes the module in front of a component with this world.
///
/// # Errors
///
/// When the world has no handler of WASI 0.2, and when its types are not those of WASI.
pub fn front(http: Http, name: &str, resolve: &Resolve, world: WorldId) -> Result<Vec<u8>> {
    let option = http.option();
    let exports = resolve.worlds[world].exports.keys();
    let names: Vec<String> = exports.map(|key| resolve.name_world_key(key)).collect();
    let version = names
        .iter()
        .find_map(|name| name.strip_prefix(HANDLER))
        .filter(|version| version.starts_with("0.2."));
    let Some(version) = version else {
        let of_03 = names.iter().find(|name| name.starts_with(HANDLER_03));
        match (of_03, names.as_slice()) {
            (Some(handler), _) => bail!(
                "{option}: {name} exports {handler}; only wasi:http/incoming-handler of WASI 0.2 is supported yet: build the \
                 component for wasi:http/proxy 0.2"
            ),
            (None, []) => bail!(
                "{option}: {name} exports nothing: a component that answers requests exports wasi:http/incoming-handler"
            ),
            (None, _) => bail!(
                "{option}: {name} does not export wasi:http/incoming-handler of WASI 0.2, but {}: leave --http out",
                names.join(", ")
            ),
        }
    };
    let run = free_version(resolve);
    let mut resolve = resolve.clone();
    let text = WIT
        .replace("wasi:cli/run@0.2.12", &format!("wasi:cli/run@{run}"))
        .replace(WRITTEN, &format!("@{version}"));
    let text = format!(
        "{text}\npackage wasi:cli@{run} {{ interface run {{ run: func() -> result; }} }}\n"
    );
    guarded("its types are not those of WASI", || {
        let package = resolve.push_str("exchange.wit", &text)?;
        let (world, mut module) = match http {
            Http::Cgi => ("program", program(version, &run)),
            Http::Server => ("programs", server(version, &run)),
        };
        let world = resolve.select_world(&[package], Some(world))?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
        Ok(module)
    })
    .with_context(|| format!("{option}: {name} cannot be called as a handler of wasi:http"))
}

/// A release of `wasi:cli` that the component does not know: the front has its own.
fn free_version(resolve: &Resolve) -> String {
    let is_known = |version: &str| {
        resolve.package_names.keys().any(|package| {
            package.namespace == "wasi"
                && package.name == "cli"
                && package
                    .version
                    .as_ref()
                    .is_some_and(|known| known.to_string() == version)
        })
    };
    let mut versions = (0..).map(|patch| format!("0.2.{patch}"));
    let free = versions.find(|version| !is_known(version));
    free.expect("there is no end of versions")
}

/// What else the world exports: the program does not.
pub fn left_out(resolve: &Resolve, world: WorldId) -> Vec<String> {
    let exports = resolve.worlds[world].exports.keys();
    let name = |key: &WorldKey| resolve.name_world_key(key);
    exports.map(name).filter(|name| !is_handler(name)).collect()
}

/// Whether an export of a component or a flat module is of a handler of WASI 0.2.
pub fn is_handler(export: &str) -> bool {
    export.starts_with(HANDLER)
}

const EXCHANGE: &str = "p1bridge:http/exchange@0.1.0";
const SERVER: &str = "p1bridge:http/server@0.1.0";

/// The code for one request: it is read, handled and finished.
fn program(handler: &str, run: &str) -> Vec<u8> {
    let names = ["begin", "request", "outparam", "finish"];
    let [begin, request, outparam, finish, handle] = [0, 1, 2, 3, 4];
    let mut body = Function::new([]);
    body.instructions()
        .call(begin)
        .if_(BlockType::Result(ValType::I32))
        .call(request)
        .call(outparam)
        .call(handle)
        .call(finish)
        .else_()
        // The library has answered.
        .i32_const(1)
        .end()
        .end();
    module(&names.map(|name| (EXCHANGE, name, 0)), handler, run, &body)
}

/// The code for requests without an end.
fn server(handler: &str, run: &str) -> Vec<u8> {
    let imports = [
        (SERVER, "open", 2),
        (SERVER, "begin", 0),
        (EXCHANGE, "request", 0),
        (EXCHANGE, "outparam", 0),
        (SERVER, "finish", 2),
    ];
    let [open, begin, request, outparam, finish, handle] = [0, 1, 2, 3, 4, 5];
    let mut body = Function::new([]);
    body.instructions()
        .call(open)
        .loop_(BlockType::Empty)
        .call(begin)
        .if_(BlockType::Empty)
        .call(request)
        .call(outparam)
        .call(handle)
        .end()
        .call(finish)
        .br(0)
        .end()
        .unreachable()
        .end();
    module(&imports, handler, run, &body)
}

/// A module with these imports, by interface, name and type, and the handler behind them, that runs `body`.
fn module(calls: &[(&str, &str, u32)], handler: &str, run: &str, body: &Function) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    types.ty().function([ValType::I32, ValType::I32], []);
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    for (interface, name, ty) in calls {
        imports.import(interface, name, EntityType::Function(*ty));
    }
    imports.import(
        &format!("{HANDLER}{handler}"),
        "handle",
        EntityType::Function(1),
    );
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut exports = ExportSection::new();
    exports.export(
        &format!("wasi:cli/run@{run}#run"),
        ExportKind::Func,
        calls.len() as u32 + 1,
    );
    let mut code = CodeSection::new();
    code.function(body);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&exports)
        .section(&code);
    module.finish()
}
