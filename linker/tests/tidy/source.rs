//! Which file of a crate takes something from which other one, by the paths that are written in it.
//!
//! A path counts wherever it stands: in a `use`, in code, through a name that a `use` has brought in,
//! and through what another file uses or passes on (`pub use`), which is followed to where it is
//! defined. Tests inside of files do not count, nor do methods: they have no path.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A file of the crate, by its path below `src` with `/` between the names.
pub type File = String;

/// The path of a module or of an item, from the root of the crate.
type Item = Vec<String>;

/// What the files of a crate take from each other.
pub struct Crate {
    /// For each file the files that it takes from, with what it takes.
    pub arrows: BTreeMap<File, BTreeMap<File, BTreeSet<String>>>,
}

/// What is known of a file before paths are followed.
struct Module {
    file: File,
    /// What each name means that a `use` brings in.
    names: BTreeMap<String, Item>,
    /// Everything that is named, not yet followed.
    paths: BTreeSet<Vec<String>>,
}

impl Crate {
    /// Reads all files below `src` of the crate whose root is `src/root`.
    pub fn read(src: &Path, root: &str) -> Crate {
        let mut files = Vec::new();
        list(src, "", &mut files);
        let mut modules: BTreeMap<Item, Module> = BTreeMap::new();
        let mut texts = Vec::new();
        for file in files {
            if ["lib.rs", "main.rs"].contains(&file.as_str()) && file != root {
                continue;
            }
            let path = match file == root {
                true => Vec::new(),
                false => module_path(&file),
            };
            let text = fs::read_to_string(src.join(&file)).expect("a source file is UTF-8");
            texts.push((path.clone(), tokens(&text)));
            let (names, paths) = (BTreeMap::new(), BTreeSet::new());
            modules.insert(path, Module { file, names, paths });
        }
        let known: BTreeSet<Item> = modules.keys().cloned().collect();
        for (path, tokens) in texts {
            let module = modules.get_mut(&path).expect("it was just added");
            look_at(&tokens, &path, &known, module);
        }
        let mut arrows: BTreeMap<File, BTreeMap<File, BTreeSet<String>>> = BTreeMap::new();
        for module in modules.values() {
            let from = arrows.entry(module.file.clone()).or_default();
            for path in &module.paths {
                let (to, what) = follow(&modules, path.clone());
                if to != module.file {
                    from.entry(to).or_default().insert(what);
                }
            }
        }
        Crate { arrows }
    }

    /// The circles of files, each sorted: a file in one can be reached from itself.
    pub fn circles(&self) -> Vec<Vec<&File>> {
        let reached: BTreeMap<&File, BTreeSet<&File>> = self
            .arrows
            .keys()
            .map(|file| (file, self.reach(file)))
            .collect();
        let mut circles = BTreeSet::new();
        for (file, all) in &reached {
            let circle: Vec<&File> = all
                .iter()
                .filter(|other| reached.get(*other).is_some_and(|back| back.contains(file)))
                .copied()
                .collect();
            if circle.contains(file) {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }

    fn reach(&self, file: &File) -> BTreeSet<&File> {
        let mut seen = BTreeSet::new();
        let mut work = vec![file];
        while let Some(at) = work.pop() {
            for next in self.arrows.get(at).into_iter().flat_map(BTreeMap::keys) {
                if seen.insert(next) {
                    work.push(next);
                }
            }
        }
        seen
    }
}

fn list(src: &Path, below: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(src.join(below)).expect("a folder of sources") {
        let name = entry.expect("a folder of sources").file_name();
        let name = name.to_str().expect("names of sources are UTF-8");
        let path = match below {
            "" => name.to_string(),
            below => format!("{below}/{name}"),
        };
        if src.join(&path).is_dir() {
            list(src, &path, files);
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
    files.sort();
}

fn module_path(file: &str) -> Item {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_string).collect()
}

/// The identifiers and signs of a file, without comments, literals and what is compiled for tests.
fn tokens(text: &str) -> Vec<String> {
    let text = match text.find("#[cfg(test)]\nmod ") {
        Some(tests) => &text[..tests],
        None => text,
    };
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&char) = chars.get(at) {
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        match char {
            '/' if next == '/' => at = skip_to(&chars, at, '\n'),
            '/' if next == '*' => {
                at += 2;
                while at < chars.len() && !(chars[at] == '*' && chars.get(at + 1) == Some(&'/')) {
                    at += 1;
                }
                at += 2;
            }
            'r' if next == '"' || next == '#' && chars.get(at + 2) == Some(&'"') => {
                let hash = next == '#';
                at += 2 + usize::from(hash);
                while at < chars.len()
                    && !(chars[at] == '"' && (!hash || chars.get(at + 1) == Some(&'#')))
                {
                    at += 1;
                }
                at += 1 + usize::from(hash);
            }
            '"' => at = after_literal(&chars, at, '"'),
            // A character, and not a lifetime.
            '\'' if next == '\\' || chars.get(at + 2) == Some(&'\'') => {
                at = after_literal(&chars, at, '\'');
            }
            ':' if next == ':' => {
                tokens.push("::".to_string());
                at += 2;
            }
            _ if char.is_alphanumeric() || char == '_' => {
                let start = at;
                while chars
                    .get(at)
                    .is_some_and(|c| c.is_alphanumeric() || *c == '_')
                {
                    at += 1;
                }
                tokens.push(chars[start..at].iter().collect());
            }
            _ => {
                if !char.is_whitespace() {
                    tokens.push(char.to_string());
                }
                at += 1;
            }
        }
    }
    tokens
}

fn skip_to(chars: &[char], mut at: usize, end: char) -> usize {
    while at < chars.len() && chars[at] != end {
        at += 1;
    }
    at
}

fn after_literal(chars: &[char], mut at: usize, quote: char) -> usize {
    at += 1;
    while at < chars.len() && chars[at] != quote {
        at += 1 + usize::from(chars[at] == '\\');
    }
    at + 1
}

/// Collects the names and paths of a file.
fn look_at(tokens: &[String], path: &Item, known: &BTreeSet<Item>, module: &mut Module) {
    let mut at = 0;
    let mut plain: Vec<Vec<String>> = Vec::new();
    while at < tokens.len() {
        let token = &tokens[at];
        if token == "use" {
            let end = at
                + tokens[at..]
                    .iter()
                    .position(|t| t == ";")
                    .expect("a use ends");
            let mut leaves = Vec::new();
            tree(&tokens[at + 1..end], &[], &mut leaves);
            for (leaf, name) in leaves {
                if let Some(item) = absolute(&leaf, path, known) {
                    module.names.insert(name, item.clone());
                    module.paths.insert(item);
                }
            }
            at = end;
        } else if is_name(token) && (at == 0 || tokens[at - 1] != "::") {
            let mut parts = vec![token.clone()];
            while tokens.get(at + 1).is_some_and(|t| t == "::")
                && tokens.get(at + 2).is_some_and(|t| is_name(t))
            {
                parts.push(tokens[at + 2].clone());
                at += 2;
            }
            if parts.len() > 1 {
                plain.push(parts);
            }
        }
        at += 1;
    }
    for parts in plain {
        let item = match module.names.get(&parts[0]) {
            Some(item) => Some(item.iter().chain(&parts[1..]).cloned().collect()),
            None => absolute(&parts, path, known),
        };
        module.paths.extend(item);
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The paths of a tree of a `use`, with the names that they bring in.
fn tree(tokens: &[String], before: &[String], leaves: &mut Vec<(Vec<String>, String)>) {
    let mut path = before.to_vec();
    let mut at = 0;
    let mut name = None;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "::" => {}
            "as" => {
                name = tokens.get(at + 1).cloned();
                break;
            }
            "{" => {
                let inner = &tokens[at + 1..tokens.len() - 1];
                let mut depth = 0;
                for part in inner.split(|token| {
                    depth += i32::from(token == "{") - i32::from(token == "}");
                    token == "," && depth == 0
                }) {
                    if !part.is_empty() {
                        tree(part, &path, leaves);
                    }
                }
                return;
            }
            "self" if !path.is_empty() => {}
            part => path.push(part.to_string()),
        }
        at += 1;
    }
    if let Some(last) = path.last().cloned() {
        leaves.push((path, name.unwrap_or(last)));
    }
}

/// A path of the crate from its root; none for one of another crate.
fn absolute(parts: &[String], module: &Item, known: &BTreeSet<Item>) -> Option<Item> {
    let mut base = module.clone();
    let mut rest = parts;
    match parts[0].as_str() {
        "crate" => return Some(parts[1..].to_vec()),
        "self" => rest = &parts[1..],
        "super" => {
            while rest.first().is_some_and(|part| part == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        child => {
            base.push(child.to_string());
            if !known.contains(&base) {
                return None;
            }
            rest = &parts[1..];
        }
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

/// The file where an item is defined, and the item in it.
fn follow(modules: &BTreeMap<Item, Module>, mut item: Item) -> (File, String) {
    // A chain that is longer runs in a circle, which does not compile.
    for _ in 0..20 {
        let (module, rest) = split(modules, &item);
        let Some(next) = rest.first().and_then(|name| module.names.get(name)) else {
            break;
        };
        let next: Item = next.iter().chain(&rest[1..]).cloned().collect();
        if next == item {
            break;
        }
        item = next;
    }
    let (module, rest) = split(modules, &item);
    (
        module.file.clone(),
        rest.first().cloned().unwrap_or_default(),
    )
}

fn split<'m, 'i>(
    modules: &'m BTreeMap<Item, Module>,
    item: &'i [String],
) -> (&'m Module, &'i [String]) {
    let at = (0..=item.len())
        .rev()
        .find(|&at| modules.contains_key(&item[..at]));
    let at = at.expect("the root of the crate is a module");
    (&modules[&item[..at]], &item[at..])
}
