//! What was done to make a flat module, for people and for programs.

mod emitted;
mod parts;
mod picture;
mod tasks;

use std::fmt;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::entity::InstanceId;
use crate::findings::allocator;
use crate::memory::layout::MemoryPlan;
use crate::merge::Merged;
use crate::options::{FIRST_HANDLES, Growth, Isolation};
use crate::parse;
use crate::plan::{Allocating, Exported, LinkedLibrary, Plan, Target};
use emitted::Emitted;
pub use parts::Parts;

/// Everything that a user may want to know about an output. Serialised, it is the file of
/// `--report`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The version of p1bridge.
    pub version: String,
    /// The profile that the output is for.
    pub profile: String,
    /// Adapters of Preview 1 that were found in the component.
    pub adapters: Vec<AdapterReport>,
    /// Libraries that were linked.
    pub libraries: Vec<LibraryReport>,
    /// Core modules of the component of which nothing is left.
    pub dropped: Vec<DroppedModule>,
    pub imports: Vec<ImportReport>,
    pub exports: Vec<String>,
    pub memory: Option<MemoryReport>,
    /// The proposals that the output may use.
    pub features: Vec<String>,
    pub sizes: Sizes,
    /// What there is of debug information, if there was any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debug: Option<DebugReport>,
    /// The functions of WASI that are approximated: what a program can notice.
    pub approximations: Vec<Approximation>,
    /// The functions of WASI that only return an error, because the user allowed it.
    pub stubs: Vec<Stub>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    pub warnings: Vec<String>,
}

/// DWARF in the output.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DebugReport {
    /// Compilation units that have code or data in the output.
    pub units: usize,
    pub bytes: usize,
    /// What was left out, and why.
    pub left_out: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Approximation {
    pub function: String,
    pub how: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stub {
    pub function: String,
    /// The case of its error type that it returns, or `trap`.
    pub code: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AdapterReport {
    pub module: String,
    pub bytes: usize,
    /// Whether its guest's imports are bound to the host again.
    pub un_adapted: bool,
    /// Why it was linked as ordinary code instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_because: Option<String>,
    /// The functions that the guest uses.
    pub functions: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LibraryReport {
    pub name: String,
    /// Bytes of code that were linked.
    pub bytes: usize,
    pub functions: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DroppedModule {
    pub module: String,
    pub bytes: usize,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ImportReport {
    pub module: String,
    pub name: String,
}

/// Where things lie in the memory of the output when it starts.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MemoryReport {
    pub pages: u32,
    /// Where everything ends: what a runtime needs that can cut the last page.
    pub bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_pages: Option<u32>,
    /// What keeps the guests apart.
    pub isolation: String,
    /// What happens when a guest grows.
    pub growth: String,
    /// What `cabi_realloc` allocates in, if it is exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_realloc: Option<String>,
    pub regions: Vec<Region>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Region {
    pub what: String,
    /// The index of the memory.
    pub memory: u32,
    pub address: u32,
    pub bytes: u32,
    /// Whether it moves when the guest's memory grows.
    pub slides: bool,
    /// Whether it is the memory of a guest.
    pub is_guest: bool,
    /// Where guests with relocations were to be moved: how pointers of this one become addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<String>,
    /// What a guest has there, by addresses of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<Parts>,
}

/// Bytes of the output by where they come from: as they are in the file, after lowering.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sizes {
    pub input: usize,
    pub output: usize,
    /// Code of the component's own core modules.
    pub guest_code: usize,
    pub library_code: usize,
    /// Functions that the linker wrote, with those that lowering added.
    pub linker_code: usize,
    pub data: usize,
}

impl Report {
    /// # Errors
    ///
    /// Fails for an output that is not a core module.
    pub(crate) fn new(plan: &Plan<'_, '_>, merged: &Merged) -> Result<Report> {
        let emitted = Emitted::read(&merged.wasm)?;
        let profile = &plan.options.profile;
        let memory = memory(plan, merged, &emitted);
        let notes = memory.as_ref().map_or(Vec::new(), |memory| {
            let mut notes = stacks(plan, memory);
            notes.extend(growing_tables(plan, memory));
            notes.extend(not_moved(plan));
            notes.extend(tasks::notes(plan, merged));
            notes
        });
        let mut warnings = plan.warnings.clone();
        warnings.extend(emitted.not_provided(profile));
        warnings.extend(merged.warnings.iter().cloned());
        let program = &plan.program;
        // What is behind the functions of instances is the linker's.
        let (owned, linker) = emitted.bodies.split_at(merged.owners.len());
        let code = |counts: &dyn Fn(InstanceId) -> bool| -> usize {
            let bodies = merged.owners.iter().zip(owned);
            bodies
                .filter(|(id, _)| counts(**id))
                .map(|(_, size)| size)
                .sum()
        };
        let live_modules: Vec<usize> = program
            .ids()
            .filter(|&id| {
                let live = plan.live.instance(id);
                [
                    &live.funcs,
                    &live.globals,
                    &live.tables,
                    &live.memories,
                    &live.data,
                ]
                .iter()
                .any(|items| items.contains(&true))
            })
            .map(|id| program.instances[id.0 as usize].module)
            .collect();
        let own = plan.input.modules.len() - plan.input.libraries.len();
        let dropped = plan.input.modules[..own]
            .iter()
            .enumerate()
            .filter(|(at, _)| !live_modules.contains(at))
            .map(|(_, module)| DroppedModule {
                module: module.path.clone(),
                bytes: module.range.len(),
            })
            .collect();
        Ok(Report {
            version: env!("CARGO_PKG_VERSION").to_string(),
            profile: profile.name().to_string(),
            adapters: plan
                .adapters
                .iter()
                .map(|adapter| AdapterReport {
                    module: adapter.path.clone(),
                    bytes: adapter.bytes,
                    un_adapted: adapter.kept.is_none(),
                    kept_because: adapter.kept.clone(),
                    functions: adapter.functions.clone(),
                })
                .collect(),
            libraries: plan
                .libraries
                .iter()
                .map(|library| LibraryReport {
                    name: library.name.clone(),
                    bytes: code(&|id| id == library.instance),
                    functions: linked_functions(plan, library),
                })
                .collect(),
            dropped,
            imports: emitted
                .imports
                .iter()
                .map(|(module, name)| ImportReport {
                    module: module.to_string(),
                    name: name.to_string(),
                })
                .collect(),
            exports: emitted.exports.iter().map(ToString::to_string).collect(),
            memory,
            features: profile
                .allowed(plan.features())
                .names()
                .into_iter()
                .map(str::to_string)
                .collect(),
            sizes: Sizes {
                input: plan.input.bytes.len(),
                output: merged.wasm.len(),
                guest_code: code(&|id| !plan.is_library(id)),
                library_code: code(&|id| plan.is_library(id)),
                linker_code: linker.iter().sum(),
                data: emitted.data,
            },
            debug: debug(merged),
            approximations: plan
                .approximations
                .iter()
                .map(|(function, how)| Approximation {
                    function: function.clone(),
                    how: how.to_string(),
                })
                .collect(),
            stubs: plan
                .stubs
                .iter()
                .map(|(function, code)| Stub {
                    function: function.clone(),
                    code: code.clone(),
                })
                .collect(),
            notes,
            warnings,
        })
    }
}

/// Guests whose stack takes most of their memory, where memory is scarce: what changes it.
fn stacks(plan: &Plan<'_, '_>, report: &MemoryReport) -> Vec<String> {
    let scarce = plan.options.profile.ends_anywhere() || plan.options.growth != Growth::Free;
    let takes_most = |region: &&Region| {
        let stack = region.parts.map_or(0, |parts| parts.stack);
        u64::from(stack) * 2 > u64::from(region.bytes) && stack >= LARGE_STACK
    };
    let regions = report.regions.iter().filter(|_| scarce).filter(takes_most);
    regions
        .map(|region| {
            format!(
                "the stack of {} takes {} of its {} bytes: -z stack-size=N changes that when it is linked \
                 (rustc: -C link-arg=-zstack-size=N; clang: -Wl,-z,stack-size=N), and --stack-size does it \
                 afterwards if it was linked with --emit-relocs",
                region.what.trim_start_matches("component > "),
                region.parts.map_or(0, |parts| parts.stack),
                region.bytes
            )
        })
        .collect()
}

/// Tables of handles that keep the host from cutting the memory, and what it would be without their growth.
fn growing_tables(plan: &Plan<'_, '_>, report: &MemoryReport) -> Option<String> {
    let memory = plan.memory.as_ref()?;
    memory.whole_for_tables.then(|| {
        // Where it is cut, the host has its own heap behind everything.
        let arena = memory.block.filter(|block| block.of_host);
        let bytes = end(&report.regions) - arena.map_or(0, |block| block.arena.into());
        format!(
            "the tables of handles grow, so the runtime cannot cut the memory: with --max-handles {FIRST_HANDLES} \
             it takes {bytes} bytes instead of {} (--no-grow and --ram SIZE keep the tables from growing, too)",
            report.bytes
        )
    })
}

/// Where the regions of the first memory end.
fn end(regions: &[Region]) -> u64 {
    let first = regions.iter().filter(|region| region.memory == 0);
    let ends = first.map(|region| u64::from(region.address) + u64::from(region.bytes));
    ends.max().unwrap_or_default()
}

fn debug(merged: &Merged) -> Option<DebugReport> {
    let debug = &merged.debug;
    (debug.units > 0 || !debug.left_out.is_empty()).then(|| DebugReport {
        units: debug.units,
        bytes: debug.bytes,
        left_out: debug.left_out.clone(),
    })
}

/// The memory of the output; none where it has none.
fn memory(plan: &Plan<'_, '_>, merged: &Merged, emitted: &Emitted<'_>) -> Option<MemoryReport> {
    let pages = emitted
        .memories
        .iter()
        .map(|(pages, _)| *pages)
        .sum::<u64>();
    let most = emitted
        .memories
        .iter()
        .map(|(_, most)| *most)
        .sum::<Option<u64>>();
    let added = merged.added.iter().map(|region| Region {
        what: region.what.to_string(),
        memory: 0,
        address: region.address,
        bytes: region.bytes,
        slides: region.slides,
        is_guest: false,
        addresses: None,
        parts: None,
    });
    let mut report = MemoryReport {
        pages: u32::try_from(pages).unwrap_or(u32::MAX),
        bytes: pages.saturating_mul(65536),
        maximum_pages: most.map(|most| u32::try_from(most).unwrap_or(u32::MAX)),
        isolation: "no guest has a memory".to_string(),
        growth: "nothing grows".to_string(),
        host_realloc: None,
        regions: Vec::new(),
    };
    if let Some(memory) = &plan.memory {
        report.isolation = isolation(plan, memory).to_string();
        report.growth = growth(memory).to_string();
        report.host_realloc = host_realloc(plan);
        report.regions = regions(plan, memory);
    }
    report.regions.extend(added);
    if let Some(memory) = plan.memory.as_ref().filter(|memory| memory.is_still()) {
        let own = memory.own.iter().map(|own| u64::from(own.pages) * 65536);
        report.bytes = end(&report.regions) + own.sum::<u64>();
    }
    (!emitted.memories.is_empty()).then_some(report)
}

/// What was planned to lie there.
fn regions(plan: &Plan<'_, '_>, memory: &MemoryPlan) -> Vec<Region> {
    let mut regions: Vec<Region> = memory
        .regions
        .iter()
        .map(|region| Region {
            what: match region.memory {
                Some((id, _)) if memory.is_shared() || !memory.own.is_empty() => {
                    plan.program.module(plan.input, id).path.clone()
                }
                None if memory.host.is_some() => "values of the host".to_string(),
                _ => "guest".to_string(),
            },
            address: region.base,
            memory: 0,
            bytes: u32::try_from(region.room).unwrap_or(u32::MAX),
            slides: region.slides,
            is_guest: region.memory.is_some(),
            addresses: region.memory.and_then(|(id, _)| addresses(plan, id)),
            parts: region.memory.map(|(id, index)| {
                let parts = Parts::of(plan.program.module(plan.input, id), index);
                match plan.placed(id) {
                    Some(placed) => parts.without_stack(placed.stack),
                    None => parts,
                }
            }),
        })
        .collect();
    if memory.stacks > 0 {
        regions.insert(0, shared_stacks(memory.stacks));
    }
    if let Some(block) = memory.block {
        let mut address = memory.block_base();
        let arena = match block.of_host {
            true => "arena of the runtime",
            false => "scratch of wrappers",
        };
        for (what, bytes) in [
            ("library state", block.state),
            (arena, block.arena),
            ("handle tables", block.handles),
        ] {
            if bytes > 0 {
                regions.push(Region {
                    what: what.to_string(),
                    memory: 0,
                    address,
                    bytes,
                    slides: block.slides,
                    is_guest: false,
                    addresses: None,
                    parts: None,
                });
                address += bytes;
            }
        }
    }
    regions.extend(memory.own.iter().zip(1..).map(|(own, index)| Region {
        what: plan.program.module(plan.input, own.memory.0).path.clone(),
        memory: index,
        address: 0,
        bytes: own.pages.saturating_mul(65536),
        slides: false,
        is_guest: true,
        addresses: None,
        parts: Some(Parts::of(
            plan.program.module(plan.input, own.memory.0),
            own.memory.1,
        )),
    }));
    regions
}

/// How pointers of a guest become addresses, where it has or could have been moved.
fn addresses(plan: &Plan<'_, '_>, id: InstanceId) -> Option<String> {
    let module = plan.program.instances[id.0 as usize].module;
    let places = &plan.input.places;
    match places.not.get(&module) {
        Some(why) => Some(format!("moved at each access: {why}")),
        None => places
            .of(module)
            .map(|_| "moved when linking, by its relocations".to_string()),
    }
}

/// The guests whose addresses could not be moved when linking.
fn not_moved<'p>(plan: &'p Plan<'_, '_>) -> impl Iterator<Item = String> + 'p {
    plan.input.places.not.iter().map(|(module, why)| {
        let path = &plan.input.modules[*module].path;
        let path = path.trim_start_matches("component > ");
        format!("the addresses of {path} are moved at each access, not when linking: {why}")
    })
}

/// The stacks that guests share.
fn shared_stacks(bytes: u32) -> Region {
    Region {
        what: "stacks of the guests".to_string(),
        memory: 0,
        address: 0,
        bytes,
        slides: false,
        is_guest: false,
        addresses: None,
        parts: None,
    }
}

/// What keeps the guests apart.
fn isolation(plan: &Plan<'_, '_>, memory: &MemoryPlan) -> &'static str {
    if memory.guarded && !memory.own.is_empty() {
        return "multi: every guest has a memory of its own; accesses of the first, whose memory has what \
                the linker keeps for the others, are checked";
    }
    if !memory.own.is_empty() {
        return "multi: every guest has a memory of its own, which costs no checks";
    }
    match (memory.is_shared(), plan.options.isolation) {
        (false, _) => "one guest, whose accesses stay as they are",
        (true, Isolation::Checked) => "checked: every access against the end of its guest's memory",
        (true, Isolation::Trusted) => "trusted: accesses are not checked",
    }
}

/// What happens when a guest grows.
fn growth(memory: &MemoryPlan) -> &'static str {
    let slides = memory.regions.iter().any(|region| region.slides)
        || memory.block.is_some_and(|block| block.slides);
    match (memory.fixed, slides) {
        (true, _) => "fixed: all of the memory is there from the start",
        (false, false) if memory.is_still() => "nothing grows",
        (false, true) => "sliding: what lies above a guest that grows moves up",
        (false, false) if memory.tables_grow() => "only the tables of handles grow",
        (false, false) => "nothing lies above what grows",
    }
}

/// What allocates for the host.
fn host_realloc(plan: &Plan<'_, '_>) -> Option<String> {
    let export = plan
        .exports
        .iter()
        .find(|export| export.name == "cabi_realloc")?;
    Some(match export.what {
        Exported::Func(Target::Core(id, _))
        | Exported::Realloc(Target::Core(id, _))
        | Exported::Allocating(
            Allocating {
                target: Target::Core(id, _),
                ..
            },
            _,
        )
        | Exported::NotLeaving(Target::Core(id, _), _) => {
            plan.program.module(plan.input, id).path.clone()
        }
        _ => "the linker's arena, from which values are copied".to_string(),
    })
}

/// Bytes of a stack that is worth a word.
const LARGE_STACK: u32 = 32 << 10;

impl MemoryReport {
    /// What can be said of a core module by itself: its stack, its data and where its memory ends.
    ///
    /// # Errors
    ///
    /// Fails for what is not a valid core module, and for one without a memory of its own.
    pub fn of_module(wasm: &[u8]) -> Result<MemoryReport> {
        let input = parse::module(wasm)?;
        let module = &input.modules[0];
        let Some(memory) = module.memories.first() else {
            bail!("the module has no memory of its own");
        };
        let pages = u32::try_from(memory.initial).unwrap_or(u32::MAX);
        let all = u64::from(pages) << 16;
        let cut = allocator::end(module).filter(|_| !allocator::asks_size(module));
        let bytes = cut.map_or(all, |end| all.min(end.into()));
        Ok(MemoryReport {
            pages,
            bytes,
            maximum_pages: memory
                .maximum
                .map(|most| u32::try_from(most).unwrap_or(u32::MAX)),
            isolation: "one program".to_string(),
            growth: match allocator::grows(module) {
                true => "it grows its memory".to_string(),
                false => "nothing grows".to_string(),
            },
            host_realloc: None,
            regions: vec![Region {
                what: "program".to_string(),
                memory: 0,
                address: 0,
                bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
                slides: false,
                is_guest: true,
                addresses: None,
                parts: Some(Parts::of(module, 0)),
            }],
        })
    }
}

/// How many regions are named in the short form.
const REGIONS: usize = 8;

/// Pages, what keeps several guests apart, and what the bytes are for.
impl fmt::Display for MemoryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", plural(self.pages as usize, "page"))?;
        let guests = self.regions.iter().filter(|region| region.is_guest).count();
        if guests > 1 {
            let isolation = self.isolation.split(':').next().unwrap_or_default();
            let growth = self.growth.split(':').next().unwrap_or_default();
            write!(f, ", {guests} guests, {isolation}, {growth}")?;
        }
        let mut regions = self.regions.iter().filter(|region| region.bytes > 0);
        for (at, region) in regions.by_ref().take(REGIONS).enumerate() {
            let before = if at == 0 { ": " } else { ", " };
            let what = region.what.trim_start_matches("component > ");
            write!(f, "{before}{what} {}", region.bytes)?;
        }
        match regions.count() {
            0 => Ok(()),
            n => write!(f, " and {n} more regions"),
        }
    }
}

/// The short form.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for adapter in &self.adapters {
            match &adapter.kept_because {
                None if adapter.bytes == 0 => writeln!(
                    f,
                    "un-adapted: what was woven into {} is gone, {} functions are the host's again",
                    adapter.module,
                    adapter.functions.len()
                )?,
                None => writeln!(
                    f,
                    "un-adapted: {} ({} bytes) is gone, {} functions are the host's again",
                    adapter.module,
                    adapter.bytes,
                    adapter.functions.len()
                )?,
                Some(why) => writeln!(f, "kept: {}, because {why}", adapter.module)?,
            }
        }
        for library in &self.libraries {
            writeln!(
                f,
                "linked: {} of {} ({} bytes)",
                plural(library.functions.len(), "function"),
                library.name,
                library.bytes
            )?;
        }
        let mut modules: Vec<(&str, usize)> = Vec::new();
        for import in &self.imports {
            match modules.iter_mut().find(|(name, _)| *name == import.module) {
                Some((_, count)) => *count += 1,
                None => modules.push((&import.module, 1)),
            }
        }
        let modules: Vec<String> = modules
            .iter()
            .map(|(name, count)| format!("{count} of {name}"))
            .collect();
        let imports = match modules.is_empty() {
            true => "nothing".to_string(),
            false => modules.join(", "),
        };
        writeln!(
            f,
            "imports: {imports}; exports: {}",
            self.exports.join(", ")
        )?;
        if let Some(memory) = &self.memory {
            writeln!(f, "memory: {memory}")?;
        }
        if let Some(debug) = &self.debug {
            writeln!(
                f,
                "debug information: {} ({} bytes)",
                plural(debug.units, "unit"),
                debug.bytes
            )?;
            for note in &debug.left_out {
                writeln!(f, "note: {note}")?;
            }
        }
        let names = |functions: Vec<&str>| functions.join(", ");
        if !self.approximations.is_empty() {
            let functions = self.approximations.iter().map(|a| &*a.function).collect();
            writeln!(f, "warning: approximated: {}", names(functions))?;
        }
        let (trap, fail): (Vec<&Stub>, Vec<&Stub>) =
            self.stubs.iter().partition(|stub| stub.code == "trap");
        for (what, stubs) in [("return an error", fail), ("trap", trap)] {
            if !stubs.is_empty() {
                let functions = stubs.iter().map(|stub| &*stub.function).collect();
                writeln!(f, "warning: only {what}: {}", names(functions))?;
            }
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        write!(
            f,
            "size: {} -> {} bytes (code: {} guest, {} libraries, {} linker; data: {})",
            self.sizes.input,
            self.sizes.output,
            self.sizes.guest_code,
            self.sizes.library_code,
            self.sizes.linker_code,
            self.sizes.data
        )
    }
}

fn plural(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

/// The exports of a library that are linked: of that of tasks, those that the linker and other libraries call.
fn linked_functions(plan: &Plan<'_, '_>, library: &LinkedLibrary) -> Vec<String> {
    match &plan.program.tasks {
        Some(tasks) if tasks.instance == library.instance => {
            let live = &plan.live.instance(library.instance).funcs;
            let functions = tasks.functions.iter();
            let linked = functions.filter(|(_, index)| live[**index as usize]);
            linked.map(|(name, _)| name.clone()).collect()
        }
        _ => library.functions.clone(),
    }
}
