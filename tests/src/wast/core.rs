//! `.wast` files of the core specification through `lower`: each script runs twice on wasmi, with its
//! modules as they are and lowered for a profile, and every assertion has to end alike. Where wasmi does
//! not take a module as it is, what the script says is right.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::vectors;
use anyhow::{Context, Result, anyhow};
use p1bridge_linker::{Profile, lower};
use wasmi::{
    Config, Engine, Extern, Func, Global, Instance, Linker, Memory, Module, Mutability, Nullable,
    Ref, Store, Table, Val, ValType,
};
use wast::core::{HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::parser::{self, ParseBuffer};
use wast::token::{Id, Span};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

/// What became of the scripts of one profile.
#[derive(Default)]
pub struct Figures {
    pub modules: u32,
    /// Modules that were lowered.
    pub lowered: u32,
    /// Modules that were refused, by the reason without what is particular.
    pub refused: BTreeMap<String, u32>,
    /// Modules that wasmi does not take as they are.
    pub beyond_engine: u32,
    /// Assertions that ended alike.
    pub agree: u32,
    /// Assertions on modules that were refused, or that the engine does not take, and on exports that
    /// are left out, which the lowering says.
    pub skipped: u32,
    /// What differs where a module was refused before that writes memories and tables of others.
    pub spoiled: u32,
    /// What differs: file, line, how.
    pub differ: Vec<String>,
}

/// Why there is no instance.
#[derive(Clone, Copy, PartialEq)]
enum Without {
    Refused,
    /// The engine does not take it, or it is not linked.
    Failed,
}

type Slot = Result<Instance, Without>;

/// One of the two runs of a script.
struct World {
    store: Store<()>,
    linker: Linker<()>,
    named: HashMap<String, Slot>,
    current: Slot,
    /// Names of instances that there are not.
    missing: Vec<String>,
}

fn engine() -> Engine {
    let mut config = Config::default();
    config
        .wasm_tail_call(true)
        .wasm_extended_const(true)
        .wasm_multi_memory(true)
        .wasm_memory64(true)
        .wasm_custom_page_sizes(true)
        .wasm_wide_arithmetic(true);
    Engine::new(&config)
}

impl World {
    fn new(engine: &Engine) -> Result<World> {
        let mut store = Store::new(engine, ());
        let mut linker = Linker::new(engine);
        spectest(&mut store, &mut linker).map_err(|error| anyhow!("{error}"))?;
        Ok(World {
            store,
            linker,
            named: HashMap::new(),
            current: Err(Without::Failed),
            missing: Vec::new(),
        })
    }

    /// Instantiates a module; the outcome is what a trap or a failure was, without its words.
    fn instantiate(&mut self, engine: &Engine, wasm: &[u8]) -> (Slot, String) {
        let Ok(module) = Module::new(engine, wasm) else {
            return (Err(Without::Failed), "not taken".to_owned());
        };
        if module
            .imports()
            .any(|i| self.missing.iter().any(|m| m == i.module()))
        {
            return (Err(Without::Refused), "not linked".to_owned());
        }
        // Where functions are found in `env` only, that is where they are then.
        for import in module.imports().filter(|import| import.module() == "env") {
            let Some((from, name)) = import.name().split_once('#') else {
                continue;
            };
            if let Some(item) = self.linker.get(&self.store, from, name) {
                // It may be there already.
                let _ = self.linker.define("env", import.name(), item);
            }
        }
        match self.linker.instantiate_and_start(&mut self.store, &module) {
            Ok(instance) => (Ok(instance), "instance".to_owned()),
            Err(error) => {
                let trap = error.as_trap_code().is_some() || error.to_string().contains("fit");
                let what = if trap { "trap" } else { "not linked" };
                (Err(Without::Failed), what.to_owned())
            }
        }
    }

    fn define(&mut self, name: Option<Id<'_>>, slot: Slot) {
        if let Some(name) = name {
            self.named.insert(name.name().to_owned(), slot);
        }
        self.current = slot;
    }

    fn instance(&self, id: Option<Id<'_>>) -> Slot {
        match id {
            Some(id) => self
                .named
                .get(id.name())
                .copied()
                .unwrap_or(Err(Without::Failed)),
            None => self.current,
        }
    }

    fn register(&mut self, name: &str, slot: Slot) {
        let Ok(instance) = slot else {
            self.missing.push(name.to_owned());
            return;
        };
        self.missing.retain(|missing| missing != name);
        let exports: Vec<(String, Extern)> = instance
            .exports(&self.store)
            .map(|export| (export.name().to_owned(), export.into_extern()))
            .collect();
        for (field, export) in exports {
            // A name that is taken again belongs to the newer module; that happens in no file.
            let _ = self.linker.define(name, &field, export);
        }
    }

    /// What a call gives; nothing for arguments that the engine has no values for.
    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Option<String> {
        Some(match self.call(invoke)? {
            Ok(results) => shown(&results),
            Err(trap) => trap,
        })
    }

    /// The same as values, or how it trapped.
    fn call(&mut self, invoke: &WastInvoke<'_>) -> Option<Result<Vec<Val>, String>> {
        let instance = self.instance(invoke.module).ok()?;
        let func = instance.get_func(&self.store, invoke.name)?;
        let ty = func.ty(&self.store);
        let args: Option<Vec<Val>> = invoke
            .args
            .iter()
            .map(|arg| argument(&mut self.store, arg))
            .collect();
        let mut args = args?;
        if args.len() != ty.params().len() {
            // It is wrapped.
            args = args.into_iter().flat_map(halves).collect();
        }
        let mut results: Vec<Val> = ty
            .results()
            .iter()
            .map(|ty| Val::default_for_ty(*ty))
            .collect();
        if let Err(error) = func.call(&mut self.store, &args, &mut results) {
            return Some(Err(match error.as_trap_code() {
                Some(wasmi::TrapCode::StackOverflow) => "exhausted".to_owned(),
                _ => "trap".to_owned(),
            }));
        }
        while let Some(result) = self.result(&instance, invoke.name, results.len()) {
            results.push(result);
        }
        Some(Ok(results))
    }

    /// A result of an export that is wrapped.
    fn result(&mut self, instance: &Instance, export: &str, at: usize) -> Option<Val> {
        let mut ask = |half: &str| {
            let name = vectors::result(export, at, half);
            let func = instance.get_func(&self.store, &name)?;
            let mut result = [Val::default_for_ty(
                *func.ty(&self.store).results().first()?,
            )];
            func.call(&mut self.store, &[], &mut result).ok()?;
            let [result] = result;
            Some(result)
        };
        match (ask("l"), ask("h")) {
            (Some(Val::I64(low)), Some(Val::I64(high))) => {
                let bits = u128::from(low as u64) | u128::from(high as u64) << 64;
                Some(Val::V128(bits.into()))
            }
            _ => ask(""),
        }
    }

    fn get(&mut self, module: Option<Id<'_>>, global: &str) -> Option<String> {
        let instance = self.instance(module).ok()?;
        let global = instance.get_global(&self.store, global)?;
        Some(show(&global.get(&self.store)))
    }
}

fn spectest(store: &mut Store<()>, linker: &mut Linker<()>) -> Result<(), wasmi::Error> {
    let mut define = |store: &mut Store<()>, name: &str, item: Extern| {
        let _ = &store;
        linker.define("spectest", name, item).map(drop)
    };
    use ValType::{F32, F64, I32, I64};
    let prints: [(&str, &[ValType]); 7] = [
        ("print", &[]),
        ("print_i32", &[I32]),
        ("print_i64", &[I64]),
        ("print_f32", &[F32]),
        ("print_f64", &[F64]),
        ("print_i32_f32", &[I32, F32]),
        ("print_f64_f64", &[F64, F64]),
    ];
    for (name, params) in prints {
        let ty = wasmi::FuncType::new(params.iter().copied(), []);
        let func = Func::new(&mut *store, ty, |_, _, _| Ok(()));
        define(store, name, func.into())?;
    }
    let globals = [
        ("global_i32", Val::I32(666)),
        ("global_i64", Val::I64(666)),
        ("global_f32", Val::F32(666.6f32.into())),
        ("global_f64", Val::F64(666.6f64.into())),
    ];
    for (name, value) in globals {
        let global = Global::new(&mut *store, value, Mutability::Const);
        define(store, name, global.into())?;
    }
    let null = || Ref::from(Nullable::<Func>::Null);
    let element = wasmi::RefType::Func;
    let table = Table::new(
        &mut *store,
        wasmi::TableType::new(element, 10, Some(20)),
        null(),
    )?;
    define(store, "table", table.into())?;
    let table = Table::new(
        &mut *store,
        wasmi::TableType::new64(element, 10, Some(20)),
        null(),
    )?;
    define(store, "table64", table.into())?;
    let memory = Memory::new(&mut *store, wasmi::MemoryType::new(1, Some(2)))?;
    define(store, "memory", memory.into())?;
    Ok(())
}

fn shown(values: &[Val]) -> String {
    format!("{:?}", values.iter().map(show).collect::<Vec<_>>())
}

/// Vectors as two numbers.
fn halves(value: Val) -> Vec<Val> {
    match value {
        Val::V128(bits) => {
            let bits = bits.as_u128();
            vec![Val::I64(bits as i64), Val::I64((bits >> 64) as i64)]
        }
        value => vec![value],
    }
}

fn argument(store: &mut Store<()>, arg: &WastArg<'_>) -> Option<Val> {
    let WastArg::Core(arg) = arg else {
        return None;
    };
    Some(match arg {
        WastArgCore::I32(n) => Val::I32(*n),
        WastArgCore::I64(n) => Val::I64(*n),
        WastArgCore::F32(n) => Val::F32(wasmi::F32::from_bits(n.bits)),
        WastArgCore::F64(n) => Val::F64(wasmi::F64::from_bits(n.bits)),
        WastArgCore::V128(n) => Val::V128(u128::from_le_bytes(n.to_le_bytes()).into()),
        WastArgCore::RefNull(HeapType::Abstract { ty, .. }) => match ty {
            wast::core::AbstractHeapType::Func => Val::default_for_ty(ValType::FuncRef),
            wast::core::AbstractHeapType::Extern => Val::default_for_ty(ValType::ExternRef),
            _ => return None,
        },
        WastArgCore::RefExtern(n) => wasmi::ExternRef::new(store, *n).into(),
        _ => return None,
    })
}

/// A value in words; which NaN it is may differ.
fn show(value: &Val) -> String {
    match value {
        Val::I32(n) => format!("i32 {n}"),
        Val::I64(n) => format!("i64 {n}"),
        Val::F32(n) if n.to_float().is_nan() => "f32 nan".to_owned(),
        Val::F32(n) => format!("f32 {:#x}", n.to_bits()),
        Val::F64(n) if n.to_float().is_nan() => "f64 nan".to_owned(),
        Val::F64(n) => format!("f64 {:#x}", n.to_bits()),
        Val::V128(n) => format!("v128 {:#x}", n.as_u128()),
        Val::FuncRef(func) => format!("function {}", !func.is_null()),
        Val::ExternRef(value) => format!("extern {}", !value.is_null()),
    }
}

/// Both runs of one script.
struct Script<'s> {
    text: &'s str,
    path: &'s Path,
    profile: &'s Profile,
    engine: Engine,
    original: World,
    lowered: World,
    definitions: HashMap<String, Vec<u8>>,
    last: Vec<u8>,
    /// Whether a module was refused that shares something with others.
    spoiled: bool,
    /// The exports that were left out.
    left_out: Vec<String>,
    figures: &'s mut Figures,
}

/// Runs the file at `path` and adds to `figures`.
///
/// # Errors
///
/// When it cannot be read or is not in the format.
pub fn run(path: &Path, profile: &Profile, figures: &mut Figures) -> Result<()> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lexer = wast::lexer::Lexer::new(&text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(|error| anyhow!("{error}"))?;
    let wast: Wast<'_> = parser::parse(&buffer).map_err(|error| anyhow!("{error}"))?;
    let engine = engine();
    let mut script = Script {
        text: &text,
        path,
        profile,
        original: World::new(&engine)?,
        lowered: World::new(&engine)?,
        engine,
        definitions: HashMap::new(),
        last: Vec::new(),
        spoiled: false,
        left_out: Vec::new(),
        figures,
    };
    for directive in wast.directives {
        script.directive(directive);
    }
    Ok(())
}

impl Script<'_> {
    fn directive(&mut self, directive: WastDirective<'_>) {
        let span = directive.span();
        match directive {
            WastDirective::Module(mut quoted) => {
                let name = quoted.name();
                match encode(&mut quoted) {
                    Some(wasm) => self.module(name, &wasm, span),
                    None => {
                        self.original.define(name, Err(Without::Failed));
                        self.lowered.define(name, Err(Without::Failed));
                    }
                }
            }
            WastDirective::ModuleDefinition(mut quoted) => {
                let name = quoted.name();
                self.last = encode(&mut quoted).unwrap_or_default();
                if let Some(name) = name {
                    self.definitions
                        .insert(name.name().to_owned(), self.last.clone());
                }
            }
            WastDirective::ModuleInstance {
                instance, module, ..
            } => {
                let wasm = match module {
                    Some(id) => self.definitions.get(id.name()).cloned().unwrap_or_default(),
                    None => self.last.clone(),
                };
                self.module(instance, &wasm, span);
            }
            WastDirective::Register { name, module, .. } => {
                let slot = self.original.instance(module);
                self.original.register(name, slot);
                let slot = self.lowered.instance(module);
                self.lowered.register(name, slot);
            }
            WastDirective::Invoke(invoke) => self.invoke(&invoke, None, span),
            WastDirective::AssertTrap { exec, .. }
            | WastDirective::AssertException { exec, .. } => {
                self.execute(exec, Some("trap".to_owned()), span);
            }
            WastDirective::AssertReturn {
                exec: WastExecute::Invoke(invoke),
                results,
                ..
            } if results.iter().any(has_vector) => self.vectors(&invoke, &results, span),
            WastDirective::AssertReturn { exec, results, .. } => {
                self.execute(exec, expected(&results), span);
            }
            WastDirective::AssertExhaustion { call, .. } => {
                self.invoke(&call, Some("exhausted".to_owned()), span);
            }
            WastDirective::AssertUnlinkable { module, .. } => self.ends(module, None, span),
            _ => {}
        }
    }

    /// `said` is what the script expects.
    fn execute(&mut self, exec: WastExecute<'_>, said: Option<String>, span: Span) {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke, said, span),
            WastExecute::Get { module, global, .. } => {
                let right = self.original.get(module, global);
                let found = self.lowered.get(module, global);
                let refused = self.lowered.instance(module).err() == Some(Without::Refused);
                self.compare(global, right, found, refused, span);
            }
            WastExecute::Wat(wat) => self.ends(wat, said, span),
        }
    }

    /// Of vectors the script says which NaN there may be.
    fn vectors(&mut self, invoke: &WastInvoke<'_>, results: &[WastRet<'_>], span: Span) {
        if self.lowered.instance(invoke.module).is_err() {
            self.figures.skipped += 1;
            return;
        }
        match self.lowered.call(invoke) {
            Some(Ok(found)) => {
                let fits = found.len() == results.len()
                    && found
                        .iter()
                        .zip(results)
                        .all(|(found, result)| match result {
                            WastRet::Core(result) => fits(found, result),
                            _ => false,
                        });
                match fits {
                    true => self.figures.agree += 1,
                    false => self.differ(span, format!("{} instead of {results:?}", shown(&found))),
                }
            }
            found => self.differ(span, format!("{found:?} instead of {results:?}")),
        }
    }

    /// Lowers a module, and makes an instance of it and one of the module as it is.
    fn module(&mut self, name: Option<Id<'_>>, wasm: &[u8], span: Span) {
        self.figures.modules += 1;
        let wrapped = vectors::wrap(wasm).ok().flatten();
        let wasm = wrapped.as_deref().unwrap_or(wasm);
        let (right, what) = self.original.instantiate(&self.engine, wasm);
        self.original.define(name, right);
        if what == "not taken" {
            self.figures.beyond_engine += 1;
        }
        let found = match self.lower(wasm) {
            None => Err(Without::Refused),
            // What the script says is right then.
            Some(_) if right.is_err() && what != "not taken" => right,
            Some(lowered) => {
                let (found, how) = self.lowered.instantiate(&self.engine, &lowered);
                if what == "not taken" && how == what {
                    // Nothing was lowered of what the engine lacks.
                    self.lowered.define(name, Err(Without::Refused));
                    return;
                }
                if found.err() == Some(Without::Failed) {
                    self.differ(span, format!("the module: {how} instead of {what}"));
                }
                found
            }
        };
        self.lowered.define(name, found);
    }

    fn lower(&mut self, wasm: &[u8]) -> Option<Vec<u8>> {
        match lower::module(wasm, self.profile) {
            Ok(lowered) => {
                self.figures.lowered += 1;
                let names = lowered.done.iter().filter_map(|line| {
                    let (_, line) = line.split_once("the export ")?;
                    let (name, _) = line.split_once(" is left out")?;
                    Some(name.to_owned())
                });
                self.left_out.extend(names);
                Some(lowered.wasm)
            }
            Err(error) => {
                let reason = general(&format!("{error:#}"));
                *self.figures.refused.entry(reason).or_default() += 1;
                self.spoiled |= shares(wasm);
                None
            }
        }
    }

    /// A module that traps at its start or is not linked.
    fn ends(&mut self, wat: Wat<'_>, said: Option<String>, span: Span) {
        let Some(wasm) = encode(&mut QuoteWat::Wat(wat)) else {
            return;
        };
        self.figures.modules += 1;
        let (_, mut right) = self.original.instantiate(&self.engine, &wasm);
        if let Some(said) = said.filter(|_| right == "not taken") {
            right = said;
        }
        let found = self.lower(&wasm);
        let found = found.map(|lowered| self.lowered.instantiate(&self.engine, &lowered));
        let refused = match &found {
            Some((slot, _)) => slot.as_ref().err() == Some(&Without::Refused),
            None => true,
        };
        let found = found.map(|(_, how)| how);
        self.compare("", Some(right), found, refused, span);
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>, said: Option<String>, span: Span) {
        let right = match self.original.instance(invoke.module) {
            Ok(_) => self.original.invoke(invoke),
            Err(_) => said,
        };
        let refused = self.lowered.instance(invoke.module).err() == Some(Without::Refused);
        // What changes nothing that could be compared may change memory.
        let found = match right.is_some() || self.original.instance(invoke.module).is_err() {
            true => self.lowered.invoke(invoke),
            false => None,
        };
        self.compare(invoke.name, right, found, refused, span);
    }

    /// Compares what an export, if it is one, did in both runs.
    fn compare(
        &mut self,
        export: &str,
        right: Option<String>,
        found: Option<String>,
        refused: bool,
        span: Span,
    ) {
        let Some(right) = right.filter(|_| !refused) else {
            self.figures.skipped += 1;
            return;
        };
        match found {
            Some(found) if right == found => self.figures.agree += 1,
            None if self.left_out.iter().any(|name| name == export) => self.figures.skipped += 1,
            _ if self.spoiled => self.figures.spoiled += 1,
            found => self.differ(span, format!("{found:?} instead of {right}")),
        }
    }

    fn differ(&mut self, span: Span, what: String) {
        let line = span.linecol_in(self.text).0 + 1;
        let path = self.path.display();
        self.figures.differ.push(format!("{path}:{line}: {what}"));
    }
}

fn has_vector(result: &WastRet<'_>) -> bool {
    match result {
        WastRet::Core(WastRetCore::V128(_)) => true,
        WastRet::Core(WastRetCore::Either(all)) => {
            all.iter().any(|one| matches!(one, WastRetCore::V128(_)))
        }
        _ => false,
    }
}

/// Whether a value is what a script expects.
fn fits(found: &Val, expected: &WastRetCore<'_>) -> bool {
    match (found, expected) {
        (found, WastRetCore::Either(all)) => all.iter().any(|one| fits(found, one)),
        (Val::V128(bits), WastRetCore::V128(pattern)) => {
            let bytes = bits.as_u128().to_le_bytes();
            lanes_fit(&bytes, pattern)
        }
        (Val::I32(found), WastRetCore::I32(n)) => found == n,
        (Val::I64(found), WastRetCore::I64(n)) => found == n,
        (Val::F32(found), WastRetCore::F32(n)) => f32_fits(found.to_bits(), n),
        (Val::F64(found), WastRetCore::F64(n)) => f64_fits(found.to_bits(), n),
        _ => false,
    }
}

fn lanes_fit(bytes: &[u8; 16], pattern: &V128Pattern) -> bool {
    /// The `at`th lane.
    macro_rules! lane {
        ($ty:ty, $at:expr) => {{
            let size = size_of::<$ty>();
            let lane = &bytes[$at * size..][..size];
            <$ty>::from_le_bytes(lane.try_into().unwrap_or_default())
        }};
    }
    match pattern {
        V128Pattern::I8x16(lanes) => (0..16).all(|at| lane!(i8, at) == lanes[at]),
        V128Pattern::I16x8(lanes) => (0..8).all(|at| lane!(i16, at) == lanes[at]),
        V128Pattern::I32x4(lanes) => (0..4).all(|at| lane!(i32, at) == lanes[at]),
        V128Pattern::I64x2(lanes) => (0..2).all(|at| lane!(i64, at) == lanes[at]),
        V128Pattern::F32x4(lanes) => (0..4).all(|at| f32_fits(lane!(u32, at), &lanes[at])),
        V128Pattern::F64x2(lanes) => (0..2).all(|at| f64_fits(lane!(u64, at), &lanes[at])),
    }
}

fn f32_fits(bits: u32, pattern: &NanPattern<wast::token::F32>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn f64_fits(bits: u64, pattern: &NanPattern<wast::token::F64>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & (u64::MAX >> 1) == 0x7ff8 << 48,
        NanPattern::ArithmeticNan => bits & (0x7ff8 << 48) == 0x7ff8 << 48,
        NanPattern::Value(value) => bits == value.bits,
    }
}

/// What an assertion expects, where all of it are numbers.
fn expected(results: &[WastRet<'_>]) -> Option<String> {
    let shown: Option<Vec<String>> = results
        .iter()
        .map(|result| {
            let WastRet::Core(result) = result else {
                return None;
            };
            Some(match result {
                WastRetCore::I32(n) => show(&Val::I32(*n)),
                WastRetCore::I64(n) => show(&Val::I64(*n)),
                WastRetCore::F32(NanPattern::Value(n)) => {
                    show(&Val::F32(wasmi::F32::from_bits(n.bits)))
                }
                WastRetCore::F64(NanPattern::Value(n)) => {
                    show(&Val::F64(wasmi::F64::from_bits(n.bits)))
                }
                _ => return None,
            })
        })
        .collect();
    shown.map(|shown| format!("{shown:?}"))
}

fn encode(quoted: &mut QuoteWat<'_>) -> Option<Vec<u8>> {
    quoted.encode().ok()
}

/// Whether a module imports what others have.
fn shares(wasm: &[u8]) -> bool {
    let payloads = wasmparser::Parser::new(0).parse_all(wasm).flatten();
    let mut imports = payloads
        .filter_map(|payload| match payload {
            wasmparser::Payload::ImportSection(section) => Some(section.into_imports()),
            _ => None,
        })
        .flatten()
        .flatten();
    imports.any(|import| import.module != "spectest")
}

/// A reason without numbers and names: the first line of it.
fn general(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = line.split(" (").next().unwrap_or_default();
    // How many instructions of a proposal there are says nothing.
    let line = match line.split_once(": ") {
        Some((feature, rest)) if rest.contains(" instruction") => feature,
        _ => line,
    };
    line.split([',', ':', '('])
        .take(2)
        .collect::<Vec<_>>()
        .join(":")
        .split(' ')
        .map(
            |word| match word.starts_with("0x") || word.contains(['.', '"']) {
                true => "_",
                false => word,
            },
        )
        .collect::<Vec<_>>()
        .join(" ")
}
