//! Random pairs of components: an interface of any types, a callee that logs what it gets and
//! returns values, a caller that passes values and logs what comes back, composed into one
//! component that imports nothing but `log` and exports `run`.
//!
//! | module | |
//! |---|---|
//! | [`numbers`] | random numbers that are the same every time |
//! | [`types`] | interfaces |
//! | [`values`] | values as a guest has them in memory, right and wrong |
//! | [`walk`] | code that logs a received value |
//! | [`guest`] | the text of one component |
//! | [`run`] | the pair on wasmtime, and flattened on wasmi |
//! | [`tasks`] | programs with async functions, streams and futures |
//!
//! A pair may have a third component that defines resources, one in between that passes all calls
//! on, and the callee twice. The two sides and the one in between each have their own string
//! encoding.

pub mod expressions;
pub mod guest;
pub mod numbers;
pub mod run;
pub mod tasks;
pub mod types;
pub mod values;
pub mod walk;

use std::fmt::Write;

use guest::{BadRealloc, Guest, MEMORY, put, slot_text};
use numbers::Random;
use types::{Definer, Interface, Type};
use values::{Encoding, Image, Slot, Values};
use walk::{Local, Mode, Walker, core_name};

/// A generated component.
pub struct Pair {
    /// Its text.
    pub text: String,
    /// Its parts, each a file for `link`: the caller first.
    pub parts: Vec<Part>,
    /// Whether the caller uses two instances of the callee.
    pub twice: bool,
    /// How many things are wrong in it that a call could come across.
    pub faults: usize,
}

/// One component of a pair, in a file of its own.
pub struct Part {
    pub name: &'static str,
    /// The text of a component that imports and exports interfaces with names that WIT has.
    pub text: String,
}

/// Puts a guest into a file. What it exports is the interface `exports`; the caller exports `run`.
fn part(name: &'static str, (text, imports): &(String, String), exports: Option<&str>) -> Part {
    let mut with = String::new();
    for import in ["third", "a", "b"] {
        if imports.contains(&format!("(import \"{import}\"")) {
            with += &format!(" (with \"{import}\" (instance ${import}))");
        }
    }
    let mut imports = imports.clone();
    for import in ["third", "a", "b"] {
        let from = format!("(import \"{import}\"");
        imports = imports.replace(&from, &format!("(import \"t:t/{import}\""));
    }
    let export = match exports {
        Some(interface) => format!("(export \"t:t/{interface}\" (instance $it))"),
        None => "(export \"run\" (func $it \"run\"))".to_owned(),
    };
    Part {
        name,
        text: format!(
            "(component ${name}\n  (import \"log\" (func $log (param \"x\" u64)))\n{imports}{text}\
             \n  (instance $it (instantiate ${name} (with \"log\" (func $log)){with}))\n  {export})"
        ),
    }
}

/// Of a hundred things that could be wrong in a faulty pair so many are.
const WRONG: usize = 7;

/// What one pair is about.
struct Plan<'a> {
    interface: &'a Interface,
    /// Of a hundred things that could be wrong so many are.
    wrong: usize,
    /// Whether calls of `realloc` are logged: for strings, which are made is not specified.
    reallocs: bool,
    faults: usize,
}

/// The pair of a seed.
pub fn pair(seed: u64) -> Pair {
    let random = &mut Random::new(seed);
    let interface = Interface::random(random);
    let mut plan = Plan {
        interface: &interface,
        wrong: if random.percent(35) { WRONG } else { 0 },
        reallocs: !interface.uses(&|ty| matches!(ty, Type::String)),
        faults: 0,
    };
    let between = random.percent(25);
    let twice = random.percent(12);
    let mut text = "(component\n  (import \"log\" (func $log (param \"x\" u64)))\n".to_owned();
    let third = (interface.resources.iter()).any(|r| r.definer == Definer::Third);
    let mut parts = Vec::new();
    if third {
        let mut guest = plan.guest(random, "Third");
        guest.define_resources(Definer::Third);
        let guest = guest.finish(random);
        text += &guest.0;
        parts.push(part("Third", &guest, Some("third")));
    }
    let callee = plan.callee(random);
    text += &callee.0;
    parts.push(part("Callee", &callee, Some("a")));
    if between {
        let between = plan.between(random);
        text += &between.0;
        parts.push(part("Between", &between, Some("a")));
    }
    let targets: &[&str] = if twice { &["a", "b"] } else { &["a"] };
    let caller = plan.caller(random, targets);
    text += &caller.0;
    parts.push(part("Caller", &caller, None));
    parts.reverse();

    let mut with = "(with \"log\" (func $log))".to_owned();
    if third {
        put!(text, "  (instance $third (instantiate $Third {with}))");
        with += " (with \"third\" (instance $third))";
    }
    put!(text, "  (instance $a (instantiate $Callee {with}))");
    let mut a = "$a";
    if between {
        put!(
            text,
            "  (instance $between (instantiate $Between {with} (with \"a\" (instance $a))))"
        );
        a = "$between";
    }
    let mut arguments = format!("{with} (with \"a\" (instance {a}))");
    if twice {
        put!(text, "  (instance $b (instantiate $Callee {with}))");
        arguments += " (with \"b\" (instance $b))";
    }
    put!(
        text,
        "  (instance $caller (instantiate $Caller {arguments}))\n  (export \"run\" (func $caller \"run\")))"
    );
    Pair {
        text,
        parts,
        twice,
        faults: plan.faults,
    }
}

impl<'a> Plan<'a> {
    fn guest(&mut self, random: &mut Random, name: &'static str) -> Guest<'a> {
        let mut guest = Guest::new(name, self.interface, random.pick(&Encoding::ALL));
        guest.full = random.percent(15);
        if self.wrong > 0 && random.percent(8) && name != "Third" {
            let bad = random.pick(&[
                BadRealloc::Misaligned,
                BadRealloc::OutOfBounds,
                BadRealloc::Traps,
            ]);
            // Where UTF-16 becomes Latin-1, wasmtime asks for an alignment of 2 and the specification for 1.
            let compact = guest.encoding == Encoding::Compact && !self.reallocs;
            let bad = match bad {
                BadRealloc::Misaligned if compact => BadRealloc::OutOfBounds,
                bad => bad,
            };
            guest.bad_realloc = Some((random.below(4) as u32, bad));
            self.faults += 1;
        }
        guest
    }

    fn values<'v>(
        &self,
        random: &'v mut Random,
        guest: &Guest<'_>,
        image: &'v mut Image,
    ) -> Values<'v>
    where
        'a: 'v,
    {
        Values {
            interface: self.interface,
            random,
            encoding: guest.encoding,
            wrong: self.wrong,
            image,
            memory: MEMORY,
        }
    }

    fn post_return(&self, guest: &mut Guest<'_>, i: usize) {
        let function = &self.interface.functions[i];
        if !function.post_return {
            return;
        }
        let result = match &function.result {
            Some(_) if self.interface.spills_result(function) => "(param i32)".to_owned(),
            Some(ty) => format!("(param {})", core_name(self.interface.flat(ty)[0])),
            None => String::new(),
        };
        put!(
            guest.module,
            "      (func (export \"post{i}\") {result}
        (global.set $posts (i64.add (i64.mul (global.get $posts) (i64.const 31)) (i64.const {}))))",
            i + 1
        );
    }

    fn finish_function(&self, guest: &mut Guest<'_>, then: &str) {
        let sum = if self.reallocs {
            "(call $log (call $sum))"
        } else {
            ""
        };
        put!(
            guest.module,
            "      (func (export \"finish\") (call $log (global.get $posts)) {sum} {then})"
        );
        put!(
            guest.tail,
            "    (func (export \"finish\") (canon lift (core func $main \"finish\")))"
        );
    }

    /// The parameters of the core function that a function of the interface is lifted from.
    fn core_params(&self, i: usize) -> Vec<Local> {
        let function = &self.interface.functions[i];
        let cores = match self.interface.spills_params(function) {
            true => vec![crate::wast::layout::Core::I32],
            false => self.interface.flat(&self.interface.params(function)),
        };
        let named = cores.into_iter().enumerate();
        named
            .map(|(i, core)| Local {
                name: format!("$p{i}"),
                core,
            })
            .collect()
    }

    /// The head of that core function.
    fn core_head(&self, i: usize) -> String {
        let function = &self.interface.functions[i];
        let mut head = format!("(func (export \"f{i}\")");
        for local in self.core_params(i) {
            head += &format!(" (param {} {})", local.name, core_name(local.core));
        }
        match &function.result {
            Some(_) if self.interface.spills_result(function) => head += " (result i32)",
            Some(ty) => {
                head += &format!(" (result {})", core_name(self.interface.flat(ty)[0]));
            }
            None => {}
        }
        head
    }

    fn walk_params(&self, walker: &mut Walker<'_>, i: usize) {
        let function = &self.interface.functions[i];
        let params = self.core_params(i);
        let record = self.interface.params(function);
        match self.interface.spills_params(function) {
            true => walker.memory(&record, &params[0], 0),
            false => walker.flat(&record, &params),
        }
    }

    fn callee(&mut self, random: &mut Random) -> (String, String) {
        let mut guest = self.guest(random, "Callee");
        guest.import_third();
        guest.define_resources(Definer::Callee);
        guest.export_types(None);
        let interface = self.interface;
        for (i, function) in interface.functions.iter().enumerate() {
            let resource = |i: usize| i.to_string();
            let defines = |i: usize| interface.resources[i].definer == Definer::Callee;
            let mut walker = Walker {
                interface,
                random,
                encoding: guest.encoding,
                mode: Mode::All,
                wrong: self.wrong,
                resource: &resource,
                defines: &defines,
                locals: String::new(),
                code: String::new(),
                count: 0,
                faults: 0,
            };
            walker.line(&format!("(call $log (i64.const {}))", 0xca11_0000 + i));
            self.walk_params(&mut walker, i);
            self.faults += walker.faults;
            let (locals, mut code) = (walker.locals, walker.code);
            let mut image = std::mem::take(&mut guest.image);
            let mut slots = Vec::new();
            if let Some(result) = &function.result {
                let mut values = self.values(random, &guest, &mut image);
                if interface.spills_result(function) {
                    let at = values.in_memory(result);
                    let (size, alignment) = (interface.size(result), interface.alignment(result));
                    let pointer = values.pointer(at, size, alignment);
                    slots.push(Slot::Bits(crate::wast::layout::Core::I32, pointer.into()));
                } else {
                    slots = values.flat(result);
                }
            }
            guest.make_handles(&image, "", &mut code);
            put!(
                guest.module,
                "      {}{locals}{}\n{code}      {})",
                self.core_head(i),
                Guest::handle_locals(&image),
                slots.iter().map(slot_text).collect::<String>()
            );
            image.handles.clear();
            guest.image = image;
            self.post_return(&mut guest, i);
            guest.lift(i);
        }
        self.finish_function(&mut guest, "");
        self.faults += guest.image.faults;
        guest.finish(random)
    }

    fn between(&mut self, random: &mut Random) -> (String, String) {
        let mut guest = self.guest(random, "Between");
        guest.import_third();
        guest.import_interface("a", "a");
        let interface = self.interface;
        for (i, resource) in interface.resources.iter().enumerate() {
            if resource.definer == Definer::Callee {
                put!(guest.head, "    (export $r{i} \"r{i}\" (type $r{i}a))");
                for what in ["make", "peek"] {
                    put!(
                        guest.tail,
                        "    (export \"{what}-r{i}\" (func $a \"{what}-r{i}\"))"
                    );
                }
            }
        }
        guest.export_types(Some("a"));
        for (i, function) in interface.functions.iter().enumerate() {
            let resource = |i: usize| Guest::resource_name(interface, i, "a");
            let mut walker = Walker {
                interface,
                random,
                encoding: guest.encoding,
                mode: Mode::DropBorrowed,
                wrong: self.wrong,
                resource: &resource,
                defines: &|_| false,
                locals: String::new(),
                code: String::new(),
                count: 0,
                faults: 0,
            };
            self.walk_params(&mut walker, i);
            self.faults += walker.faults;
            let (locals, drops) = (walker.locals, walker.code);
            let mut pass: String = self
                .core_params(i)
                .iter()
                .map(|local| format!("(local.get {}) ", local.name))
                .collect();
            let mut result = String::new();
            if let (Some(ty), true) = (&function.result, interface.spills_result(function)) {
                let (size, alignment) = (interface.size(ty), interface.alignment(ty));
                let room = guest.image.allocate(random, size, alignment);
                pass += &format!("(i32.const {room})");
                result = format!("(i32.const {room})");
            }
            put!(
                guest.module,
                "      {}{locals}\n      {pass} (call $f{i}a)\n{drops}      {result})",
                self.core_head(i)
            );
            self.post_return(&mut guest, i);
            guest.lift(i);
        }
        self.finish_function(&mut guest, "(call $finisha)");
        guest.finish(random)
    }

    fn caller(&mut self, random: &mut Random, targets: &[&'static str]) -> (String, String) {
        let mut guest = self.guest(random, "Caller");
        guest.import_third();
        for target in targets {
            guest.import_interface(target, target);
        }
        let functions = self.interface.functions.len();
        let mut run = String::new();
        for call in 0..functions + random.below(3) {
            let i = if call < functions {
                call
            } else {
                random.below(functions)
            };
            let target = random.pick(targets);
            self.call(random, &mut guest, call, i, target);
            run += &format!("(call $call{call})");
        }
        for target in targets {
            run += &format!("(call $finish{target})");
        }
        let sum = if self.reallocs {
            "(call $log (call $sum))"
        } else {
            ""
        };
        put!(guest.module, "      (func (export \"run\") {run} {sum})");
        put!(
            guest.tail,
            "    (func (export \"run\") (canon lift (core func $main \"run\")))"
        );
        self.faults += guest.image.faults;
        guest.finish(random)
    }

    /// One call of the function `i` of `target`.
    fn call(
        &mut self,
        random: &mut Random,
        guest: &mut Guest<'_>,
        call: usize,
        i: usize,
        target: &str,
    ) {
        let interface = self.interface;
        let function = &interface.functions[i];
        let mut image = std::mem::take(&mut guest.image);
        let mut values = self.values(random, guest, &mut image);
        let record = interface.params(function);
        let core = crate::wast::layout::Core::I32;
        let mut slots = Vec::new();
        if interface.spills_params(function) {
            let at = values.in_memory(&record);
            let (size, alignment) = (interface.size(&record), interface.alignment(&record));
            let pointer = values.pointer(at, size, alignment);
            slots.push(Slot::Bits(core, pointer.into()));
        } else {
            for ty in &function.params {
                slots.extend(values.flat(ty));
            }
        }
        let mut code = String::new();
        guest.make_handles(&image, target, &mut code);
        let mut room = 0;
        if let (Some(ty), true) = (&function.result, interface.spills_result(function)) {
            let (size, alignment) = (interface.size(ty), interface.alignment(ty));
            room = image.allocate(random, size, alignment);
            let mut values = self.values(random, guest, &mut image);
            let pointer = values.pointer(room, size, alignment);
            slots.push(Slot::Bits(core, pointer.into()));
        }
        put!(
            code,
            "      {} (call $f{i}{target})",
            slots.iter().map(slot_text).collect::<Vec<_>>().join(" ")
        );
        let resource = |i: usize| Guest::resource_name(interface, i, target);
        let mut walker = Walker {
            interface,
            random,
            encoding: guest.encoding,
            mode: Mode::All,
            wrong: 0,
            resource: &resource,
            defines: &|_| false,
            locals: String::new(),
            code,
            count: 0,
            faults: 0,
        };
        if let Some(ty) = &function.result {
            if interface.spills_result(function) {
                let pointer = walker.local(core);
                walker.line(&format!("(local.set {} (i32.const {room}))", pointer.name));
                walker.line(&format!("(call $log (i64.const {}))", 0xbac_0000 + call));
                walker.memory(ty, &pointer, 0);
            } else {
                let slot = walker.local(interface.flat(ty)[0]);
                walker.line(&format!("(local.set {})", slot.name));
                walker.line(&format!("(call $log (i64.const {}))", 0xbac_0000 + call));
                walker.flat(ty, &[slot]);
            }
        }
        let (locals, mut code) = (walker.locals, walker.code);
        for (n, handle) in image.handles.iter().enumerate() {
            let name = resource(handle.resource);
            let lent = !handle.own && matches!(handle.from, values::From::New(_));
            if lent && random.percent(85) {
                put!(code, "      (call $drop{name} (local.get $h{n}))");
            } else if handle.own && random.percent(self.wrong) {
                self.faults += 1;
                put!(code, "      (drop (call $peek{name} (local.get $h{n})))");
            }
        }
        put!(
            guest.module,
            "      (func $call{call}{locals}{}\n{code}      )",
            Guest::handle_locals(&image)
        );
        image.handles.clear();
        guest.image = image;
    }
}
