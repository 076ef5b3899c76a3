//! Which export fills which import.
//!
//! An import is filled by the export of the same interface of another file: of the same version if there
//! is one, else of the newest compatible one. Where several files have it, the user chooses; where none
//! has it, it stays an import.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use p1bridge_linker::nearest::nearest;
use p1bridge_linker::wasi::is_exchange;
use wit_parser::WorldItem;

use super::node::{Item, Node, What};
use super::types::{self, Side};
use super::version::{Fit, Name};
use crate::http::Http;

/// What the user chooses.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// Which file fills an interface.
    pub plugs: Vec<Plug>,
    /// Lists of files, each of which fills the imports of the one before it.
    pub chains: Vec<Vec<String>>,
    /// Interfaces that stay imports.
    pub keep: Vec<String>,
    /// Files of which each user gets an instance of its own.
    pub fresh: Vec<String>,
    /// Interfaces and functions of libraries that are exported beside those of the program.
    pub exports: Vec<String>,
    /// Nothing but WASI may stay an import.
    pub no_unresolved: bool,
    /// Make a program of the first file, which answers requests of HTTP.
    pub http: Option<Http>,
}

/// `IFACE=FILE[#IFACE]`.
#[derive(Clone, Debug)]
pub struct Plug {
    /// The interface that is imported, with its version or without.
    pub import: String,
    /// The file that has it.
    pub file: String,
    /// The interface of the file, where it is another.
    pub export: Option<String>,
}

/// The file that is the program, by its place among the inputs.
pub const MAIN: usize = 0;

/// An instance of a file.
#[derive(Debug)]
pub struct Instance {
    /// The file, by its place among the inputs.
    pub node: usize,
    /// What fills each import of the file, in their order.
    pub sources: Vec<Source>,
}

/// What fills an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It stays an import.
    Host,
    /// An export of an instance before.
    Export { instance: usize, name: String },
}

/// Everything that is decided.
pub struct Wiring {
    /// In the order in which they are made.
    pub instances: Vec<Instance>,
    /// The exports of the composition: the instance and the name.
    pub exports: Vec<(usize, String)>,
    pub notes: Vec<String>,
}

/// Decides what fills the imports of every file that the first one needs.
///
/// # Errors
///
/// Everything that is open or cannot be, all at once, each with the option to write.
pub fn wire(nodes: &[Node], choices: &Choices) -> Result<Wiring> {
    let options = Chosen::read(nodes, choices)?;
    let mut wirer = Wirer {
        nodes,
        options: &options,
        wiring: Wiring {
            instances: Vec::new(),
            exports: Vec::new(),
            notes: Vec::new(),
        },
        shared: BTreeMap::new(),
        under_way: Vec::new(),
        problems: Vec::new(),
        used_plugs: BTreeSet::new(),
        asked: BTreeSet::new(),
    };
    let main = wirer.instance(MAIN)?;
    let mut exports: Vec<(usize, String)> = nodes[MAIN]
        .exports
        .iter()
        .filter(|item| item.what != What::Type)
        .map(|item| (main, item.name.clone()))
        .collect();
    for wanted in &choices.exports {
        let Some((node, name)) = wirer.exporter(wanted) else {
            continue;
        };
        let instance = wirer.instance(node)?;
        if exports.iter().any(|(_, known)| *known == name) {
            wirer.problems.push(format!(
                "--export {wanted}: {} exports {name} already",
                nodes[MAIN].name
            ));
        } else {
            exports.push((instance, name));
        }
    }
    wirer.finish(choices);
    let Wirer {
        mut wiring,
        problems,
        ..
    } = wirer;
    match problems.as_slice() {
        [] => {}
        [only] => bail!("{only}"),
        all => bail!("{} things are open:\n{}", all.len(), all.join("\n")),
    }
    wiring.exports = exports;
    Ok(wiring)
}

/// What the user chose, with files by their places.
struct Chosen {
    plugs: Vec<ChosenPlug>,
    /// For each file of a chain those behind it, the nearest first, and those before it.
    behind: BTreeMap<usize, Vec<usize>>,
    before: BTreeMap<usize, Vec<usize>>,
    keep: Vec<String>,
    fresh: BTreeSet<usize>,
}

struct ChosenPlug {
    import: String,
    node: usize,
    /// The name of the export; an interface of the same name if there is none.
    export: Option<String>,
}

impl Chosen {
    fn read(nodes: &[Node], choices: &Choices) -> Result<Chosen> {
        let mut chosen = Chosen {
            plugs: Vec::new(),
            behind: BTreeMap::new(),
            before: BTreeMap::new(),
            keep: choices.keep.clone(),
            fresh: BTreeSet::new(),
        };
        for plug in &choices.plugs {
            let node = file(nodes, "--plug", &plug.file)?;
            let export = match &plug.export {
                Some(name) => Some(find_export(&nodes[node], name)?),
                None => None,
            };
            chosen.plugs.push(ChosenPlug {
                import: plug.import.clone(),
                node,
                export,
            });
        }
        for chain in &choices.chains {
            let files = chain.iter().map(|name| file(nodes, "--chain", name));
            let files = files.collect::<Result<Vec<_>>>()?;
            for (at, &node) in files.iter().enumerate() {
                if files[..at].contains(&node) {
                    bail!(
                        "--chain {}: {} is in it twice",
                        chain.join(","),
                        nodes[node].name
                    );
                }
                chosen
                    .behind
                    .entry(node)
                    .or_default()
                    .extend(&files[at + 1..]);
                chosen.before.entry(node).or_default().extend(&files[..at]);
            }
        }
        for name in &choices.fresh {
            let node = file(nodes, "--fresh", name)?;
            if node == MAIN {
                bail!("--fresh {name}: it is the program, which nothing else uses");
            }
            chosen.fresh.insert(node);
        }
        Ok(chosen)
    }
}

/// The file that an option names: by its path or its last part.
fn file(nodes: &[Node], option: &str, name: &str) -> Result<usize> {
    let by_path = nodes.iter().position(|node| node.name == name);
    if let Some(at) = by_path {
        return Ok(at);
    }
    let by_name: Vec<usize> = (0..nodes.len())
        .filter(|&at| nodes[at].file_name() == name)
        .collect();
    let names = || {
        let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        names.join(", ")
    };
    match by_name.as_slice() {
        [only] => Ok(*only),
        [] => bail!(
            "{option} {name}: no such file is linked; there are {}",
            names()
        ),
        _ => bail!(
            "{option} {name}: several files have this name; write one as it was given: {}",
            names()
        ),
    }
}

/// The name of an export of a file, which may be written without its version.
fn find_export(node: &Node, name: &str) -> Result<String> {
    let found = node.exports.iter().filter(|item| names(name, &item.name));
    match found.collect::<Vec<_>>().as_slice() {
        [only] => Ok(only.name.clone()),
        [] => bail!(
            "{} does not export {name}{}",
            node.name,
            instead(node, name)
        ),
        several => bail!(
            "{} exports several versions of {name}; write one of {}",
            node.name,
            listed(several)
        ),
    }
}

/// What a file exports instead of what was asked for.
fn instead(node: &Node, name: &str) -> String {
    let exports: Vec<&Item> = node.exports.iter().collect();
    match near(name, exports.iter().map(|item| item.name.as_str())) {
        Some(near) => format!("; is {near} meant?"),
        None if exports.is_empty() => "; it exports nothing".into(),
        None => format!("; it exports {}", listed(&exports)),
    }
}

fn listed(items: &[&Item]) -> String {
    let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    names.join(", ")
}

/// Whether `written`, an interface with or without its version, is `name`.
fn names(written: &str, name: &str) -> bool {
    written == name || (!written.contains('@') && Name::of(name).base == written)
}

/// The nearest of some names to what was written, which may be without a version.
fn near<'a>(written: &str, names: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let base = |name: &'a str| match written.contains('@') {
        true => name,
        false => Name::of(name).base,
    };
    let found = nearest(written, names.clone().map(base))?;
    names.into_iter().find(|name| base(name) == found)
}

/// An export that may fill an import.
struct Candidate {
    node: usize,
    name: String,
    fit: Fit,
}

struct Wirer<'n> {
    nodes: &'n [Node],
    options: &'n Chosen,
    wiring: Wiring,
    /// The instances that all users of a file share.
    shared: BTreeMap<usize, usize>,
    /// The files that are being instantiated, each with the import through which it is.
    under_way: Vec<(usize, String)>,
    problems: Vec<String>,
    used_plugs: BTreeSet<usize>,
    /// The imports that have been decided, so that each problem is said once.
    asked: BTreeSet<(usize, String)>,
}

impl Wirer<'_> {
    /// An instance of a file, with its imports filled.
    fn instance(&mut self, node: usize) -> Result<usize> {
        if let Some(&known) = self.shared.get(&node)
            && !self.options.fresh.contains(&node)
        {
            return Ok(known);
        }
        /// More than any real composition has.
        const MOST: usize = 1_000;
        if self.wiring.instances.len() + self.under_way.len() >= MOST {
            bail!("more than {MOST} instances are made: use --fresh for fewer files");
        }
        let nodes = self.nodes;
        let mut sources = Vec::with_capacity(nodes[node].imports.len());
        for item in &nodes[node].imports {
            let source = match item.what {
                // A type of the world comes from where its interface comes from.
                What::Type => Source::Host,
                What::Interface(_) | What::Function => self.source(node, item)?,
            };
            sources.push(source);
        }
        let id = self.wiring.instances.len();
        self.wiring.instances.push(Instance { node, sources });
        self.shared.insert(node, id);
        Ok(id)
    }

    fn source(&mut self, node: usize, item: &Item) -> Result<Source> {
        let first = self.asked.insert((node, item.name.clone()));
        let (provider, name) = match self.choose(node, item, first) {
            None => return Ok(Source::Host),
            Some(found) => found,
        };
        self.under_way.push((node, item.name.clone()));
        let ring = self.under_way.iter().position(|(at, _)| *at == provider);
        if let Some(begin) = ring {
            let mut steps: Vec<String> = self.under_way[begin..]
                .iter()
                .map(|(at, import)| format!("{} (imports {import})", self.nodes[*at].name))
                .collect();
            steps.push(self.nodes[provider].name.clone());
            bail!(
                "these need each other to be there first: {}; `--keep` leaves one of the imports to the host",
                steps.join(" -> ")
            );
        }
        let instance = self.instance(provider)?;
        self.under_way.pop();
        Ok(Source::Export { instance, name })
    }

    /// Which export fills an import; none leaves it to the host. `first`: nothing has been said about
    /// it yet.
    fn choose(&mut self, node: usize, item: &Item, first: bool) -> Option<(usize, String)> {
        let importer = &self.nodes[node].name;
        if self.options.keep.iter().any(|keep| names(keep, &item.name)) {
            return None;
        }
        let plug = self
            .options
            .plugs
            .iter()
            .position(|plug| plug.node != node && names(&plug.import, &item.name));
        if let Some(at) = plug {
            self.used_plugs.insert(at);
            let plug = &self.options.plugs[at];
            let name = match &plug.export {
                Some(name) => Ok(name.clone()),
                None => self.plugged(plug.node, item),
            };
            return match name {
                Ok(name) => {
                    self.check(node, item, plug.node, &name, first);
                    Some((plug.node, name))
                }
                Err(problem) => {
                    self.problem(first, problem);
                    None
                }
            };
        }
        let before = self.options.before.get(&node);
        let eligible =
            |other: usize| other != node && !before.is_some_and(|before| before.contains(&other));
        let all = self.candidates(item, &eligible);
        // The next one of a chain comes first.
        let behind = self.options.behind.get(&node);
        let next = behind.into_iter().flatten().find_map(|&next| {
            all.iter()
                .filter(|candidate| candidate.node == next)
                .max_by_key(|candidate| candidate.fit)
        });
        let best = match next {
            Some(next) => vec![next],
            None => best(&all),
        };
        match best.as_slice() {
            [] => None,
            [only] => {
                let (provider, name, fit) = (only.node, only.name.clone(), only.fit);
                if fit == Fit::Older && first {
                    self.wiring.notes.push(format!(
                        "{importer} imports {}, and {} fills it with {name}, which is older: a program may use what came later",
                        item.name, self.nodes[provider].name
                    ));
                }
                self.check(node, item, provider, &name, first);
                Some((provider, name))
            }
            several => {
                let list: Vec<String> = several
                    .iter()
                    .map(|c| format!("  --plug {}={}", item.name, self.nodes[c.node].name))
                    .collect();
                self.problem(
                    first,
                    format!(
                        "{importer} imports {}, which several files export; write one of\n{}\n  --keep {}",
                        item.name,
                        list.join("\n"),
                        item.name
                    ),
                );
                None
            }
        }
    }

    /// The export of a plugged file that has the name of the import.
    fn plugged(&self, provider: usize, item: &Item) -> Result<String, String> {
        let all = self.candidates(item, &|other| other == provider);
        match best(&all).as_slice() {
            [only, ..] => Ok(only.name.clone()),
            [] => {
                let node = &self.nodes[provider];
                let base = Name::of(&item.name).base;
                let other = node.exports.iter().find(|e| Name::of(&e.name).base == base);
                Err(match other {
                    Some(other) => format!(
                        "--plug {}: {} exports {}, which is not compatible by its version; write --plug {}={}#{} if it is meant all the same",
                        item.name, node.name, other.name, item.name, node.name, other.name
                    ),
                    None => format!(
                        "--plug {}: {} does not export it{}",
                        item.name,
                        node.name,
                        instead(node, &item.name)
                    ),
                })
            }
        }
    }

    /// The exports that fit an import, of the files that are eligible.
    fn candidates(&self, item: &Item, eligible: &dyn Fn(usize) -> bool) -> Vec<Candidate> {
        let wanted = Name::of(&item.name);
        let mut found = Vec::new();
        for (at, node) in self
            .nodes
            .iter()
            .enumerate()
            .filter(|(at, _)| eligible(*at))
        {
            for export in &node.exports {
                if kind_of(&export.what) == kind_of(&item.what)
                    && let Some(fit) = Name::of(&export.name).fits(&wanted)
                {
                    found.push(Candidate {
                        node: at,
                        name: export.name.clone(),
                        fit,
                    });
                }
            }
        }
        found
    }

    /// Compares the types of what is used.
    fn check(&mut self, node: usize, item: &Item, provider: usize, name: &str, first: bool) {
        let (importer, exporter) = (&self.nodes[node], &self.nodes[provider]);
        let (wanted, found) = (functions(importer, item, true), {
            let export = exporter.exports.iter().find(|export| export.name == name);
            export
                .map(|export| functions(exporter, export, false))
                .unwrap_or_default()
        });
        let mut problems = Vec::new();
        for ty in named_types(importer, item) {
            let export = exporter.exports.iter().find(|export| export.name == name);
            if !export.is_some_and(|export| named_types(exporter, export).contains(&ty)) {
                problems.push(format!(
                    "{} imports the type {ty} of {}, but {} has no such type in {name}",
                    importer.name, item.name, exporter.name
                ));
            }
        }
        for side in wanted {
            let what = match item.what {
                What::Function => side.func.name.clone(),
                _ => format!("{}#{}", item.name, side.func.name),
            };
            let other = match item.what {
                What::Function => found.first(),
                _ => found.iter().find(|other| other.func.name == side.func.name),
            };
            match other {
                None => problems.push(format!(
                    "{} imports {what}, but {} has no such function in {name}",
                    importer.name, exporter.name
                )),
                Some(other) => {
                    if let Err(difference) = types::compare(side, *other) {
                        problems.push(format!(
                            "{} imports {what}, whose type is not that of {} in {}, {difference}",
                            importer.name, name, exporter.name
                        ));
                    }
                }
            }
        }
        for problem in problems {
            self.problem(first, problem);
        }
    }

    fn problem(&mut self, first: bool, problem: String) {
        if first && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// The library that has an interface which is to be exported.
    fn exporter(&mut self, wanted: &str) -> Option<(usize, String)> {
        let mut found = Vec::new();
        for (at, node) in self.nodes.iter().enumerate().skip(MAIN + 1) {
            let exports = node.exports.iter().filter(|item| names(wanted, &item.name));
            found.extend(exports.map(|item| (at, item.name.clone())));
        }
        match found.as_slice() {
            [only] => return Some(only.clone()),
            [] => {
                let all = self
                    .nodes
                    .iter()
                    .skip(MAIN + 1)
                    .flat_map(|node| &node.exports);
                let near = near(wanted, all.map(|item| item.name.as_str()));
                let near = near.map_or(String::new(), |near| format!("; is {near} meant?"));
                self.problems
                    .push(format!("--export {wanted}: no library exports it{near}"));
            }
            several => {
                let list: Vec<String> = several
                    .iter()
                    .map(|(at, name)| format!("{} of {}", name, self.nodes[*at].name))
                    .collect();
                self.problems.push(format!(
                    "--export {wanted}: there are several, {}; leave out the files that are not meant, or write the version",
                    list.join(", ")
                ));
            }
        }
        None
    }

    /// Says what is left over and what is left open.
    fn finish(&mut self, choices: &Choices) {
        let used: BTreeSet<usize> = self.wiring.instances.iter().map(|i| i.node).collect();
        for (at, node) in self.nodes.iter().enumerate() {
            if !used.contains(&at) {
                let miss = self.near_miss(node, &used);
                self.wiring
                    .notes
                    .push(format!("nothing uses {}, it is left out{miss}", node.name));
            }
        }
        for (at, plug) in self.options.plugs.iter().enumerate() {
            if !self.used_plugs.contains(&at) {
                let imports = used.iter().flat_map(|&at| &self.nodes[at].imports);
                let near = near(&plug.import, imports.map(|item| item.name.as_str()));
                let near = near.map_or(String::new(), |near| format!("; is {near} meant?"));
                self.problems
                    .push(format!("--plug {}: nothing imports it{near}", plug.import));
            }
        }
        for keep in &choices.keep {
            let mut imports = used.iter().flat_map(|&at| &self.nodes[at].imports);
            if !imports.any(|item| names(keep, &item.name)) {
                self.problems
                    .push(format!("--keep {keep}: nothing imports it"));
            }
        }
        let mut open = BTreeSet::new();
        for instance in &self.wiring.instances {
            let node = &self.nodes[instance.node];
            for (item, source) in node.imports.iter().zip(&instance.sources) {
                let kept = choices.keep.iter().any(|keep| names(keep, &item.name));
                if *source == Source::Host
                    && item.what != What::Type
                    && !item.name.starts_with("wasi:")
                    && !is_exchange(&item.name)
                    && !kept
                    && has_functions(node, item)
                {
                    open.insert((node.name.clone(), item.name.clone()));
                }
            }
        }
        if choices.no_unresolved {
            for (file, import) in open {
                self.problems.push(format!(
                    "{file} imports {import}, which no file exports: give one that does, or write --keep {import}"
                ));
            }
        }
        self.past_virtual();
    }

    /// What the exports of a file that nothing uses would nearly fill.
    fn near_miss(&self, node: &Node, used: &BTreeSet<usize>) -> String {
        for export in &node.exports {
            let base = Name::of(&export.name).base;
            for &at in used {
                let imports = self.nodes[at].imports.iter();
                let wanted = imports.filter(|item| item.what != What::Type);
                for item in wanted {
                    if Name::of(&item.name).base == base && item.name != export.name {
                        return format!(
                            ": it exports {}, and wanted is {} (by {})",
                            export.name, item.name, self.nodes[at].name
                        );
                    }
                    let last = |name: &str| {
                        let base = Name::of(name).base;
                        base.rsplit('/').next().unwrap_or(base).to_string()
                    };
                    if item.name.contains('/')
                        && !item.name.starts_with("wasi:")
                        && last(&item.name) == last(&export.name)
                        && item.name != export.name
                    {
                        return format!(
                            ": it exports {}, and wanted is {} (by {})",
                            export.name, item.name, self.nodes[at].name
                        );
                    }
                }
            }
        }
        let mut names: Vec<&str> = node.exports.iter().map(|item| item.name.as_str()).collect();
        names.truncate(5);
        match names.is_empty() {
            true => ": it exports nothing".into(),
            false => format!(": it exports {}", names.join(", ")),
        }
    }

    /// Says which imports of WASI go to the host although a file stands for others of their package.
    fn past_virtual(&mut self) {
        let package = |name: &str| {
            let base = Name::of(name).base.to_string();
            base.split('/').next().unwrap_or_default().to_string()
        };
        let mut notes = BTreeSet::new();
        for instance in &self.wiring.instances {
            let node = &self.nodes[instance.node];
            let filled = node.imports.iter().zip(&instance.sources);
            let virtuals: BTreeMap<String, usize> = filled
                .filter_map(|(item, source)| match source {
                    // Whoever handles requests takes them apart by the types of the host.
                    Source::Export { .. } if Name::of(&item.name).base.ends_with("-handler") => {
                        None
                    }
                    Source::Export { instance, .. } if item.name.starts_with("wasi:") => {
                        Some((package(&item.name), self.wiring.instances[*instance].node))
                    }
                    _ => None,
                })
                .collect();
            for (item, source) in node.imports.iter().zip(&instance.sources) {
                if *source == Source::Host
                    && item.what != What::Type
                    && has_functions(node, item)
                    && let Some(&provider) = virtuals.get(&package(&item.name))
                {
                    notes.insert(format!(
                        "{} of {} goes to the host, past {}, which does not export it",
                        item.name, node.name, self.nodes[provider].name
                    ));
                }
            }
        }
        self.wiring.notes.extend(notes);
    }
}

/// The candidates that fit best: exact, else the newest, else the newest of the older ones.
fn best(all: &[Candidate]) -> Vec<&Candidate> {
    let rank = |candidate: &Candidate| (candidate.fit, Name::of(&candidate.name).version);
    let Some(most) = all.iter().map(rank).max() else {
        return Vec::new();
    };
    all.iter()
        .filter(|candidate| rank(candidate) == most)
        .collect()
}

fn kind_of(what: &What) -> u8 {
    match what {
        What::Interface(_) => 0,
        What::Function => 1,
        What::Type => 2,
    }
}

/// The functions of an import or an export.
fn functions<'n>(node: &'n Node, item: &Item, import: bool) -> Vec<Side<'n>> {
    let (resolve, world) = node.world();
    let interface = match item.what {
        What::Interface(id) => Some(id),
        _ => None,
    };
    let side = |func| Side {
        resolve,
        func,
        interface,
    };
    match item.what {
        What::Interface(id) => resolve.interfaces[id]
            .functions
            .values()
            .map(side)
            .collect(),
        What::Function => {
            let world = &resolve.worlds[world];
            let items = if import {
                &world.imports
            } else {
                &world.exports
            };
            items
                .values()
                .filter_map(|found| match found {
                    WorldItem::Function(func) if func.name == item.name => Some(side(func)),
                    _ => None,
                })
                .collect()
        }
        What::Type => Vec::new(),
    }
}

/// The names of the types of an interface.
fn named_types<'n>(node: &'n Node, item: &Item) -> Vec<&'n str> {
    match item.what {
        What::Interface(id) => {
            let interface = &node.world().0.interfaces[id];
            interface.types.keys().map(String::as_str).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether anything of an import can be called: an interface of types only is nobody's business.
fn has_functions(node: &Node, item: &Item) -> bool {
    match item.what {
        What::Interface(id) => !node.world().0.interfaces[id].functions.is_empty(),
        What::Function => true,
        What::Type => false,
    }
}
