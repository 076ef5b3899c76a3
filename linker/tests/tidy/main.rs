//! The stairs of the house only go down.
//!
//! The order of the stages is written once, in the tables at the head of `linker/src/lib.rs`. Every
//! stage takes only from those above it in the tables, and inside of a stage no file is in a circle.
//! `docs/architecture.md` has a drawing of that, made here: `BLESS=1 cargo test -p p1bridge-linker
//! --test tidy` draws it anew.

mod source;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use source::Crate;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn linker() -> Crate {
    Crate::read(&repository().join("linker/src"), "lib.rs")
}

fn essay() -> String {
    fs::read_to_string(repository().join("linker/src/lib.rs")).expect("the root of the linker")
}

/// The stages in order, from the tables of the essay.
fn stages(essay: &str) -> Vec<String> {
    let rows = essay
        .lines()
        .filter_map(|line| line.strip_prefix("//! | [`"));
    rows.filter_map(|row| Some(row.split_once("`]")?.0.to_string()))
        .collect()
}

/// The stage that a file is of; the root is of none.
fn stage_of(file: &str) -> Option<&str> {
    let stage = file.split('/').next()?.trim_end_matches(".rs");
    (stage != "lib").then_some(stage)
}

#[test]
fn every_stage_has_its_place_in_the_order() {
    let essay = essay();
    let mut listed = stages(&essay);
    let mut modules: Vec<String> = essay
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "))
        .map(|name| name.trim_end_matches(';').to_string())
        .collect();
    listed.sort();
    modules.sort();
    assert_eq!(
        listed, modules,
        "the tables of lib.rs list every module once"
    );
}

#[test]
fn stages_take_only_from_those_before_them() {
    let order = stages(&essay());
    let place = |stage: &str| order.iter().position(|known| known == stage);
    let mut up = String::new();
    for (file, arrows) in linker().arrows {
        let Some(stage) = stage_of(&file) else {
            continue;
        };
        for (to, what) in arrows {
            // What comes from lib.rs is above all stages.
            let above = stage_of(&to).is_none_or(|to| place(to) > place(stage));
            if above {
                let what: Vec<String> = what.into_iter().collect();
                writeln!(up, "{file} takes {} from {to}", what.join(", ")).expect("a string");
            }
        }
    }
    assert!(
        up.is_empty(),
        "these arrows run up the order in lib.rs:\n{up}"
    );
}

#[test]
fn no_file_is_in_a_circle() {
    let repository = repository();
    for (src, root) in [
        ("linker/src", "lib.rs"),
        ("adapters/p2-on-p1/src", "lib.rs"),
        ("bridge/src", "lib.rs"),
    ] {
        let files = Crate::read(&repository.join(src), root);
        let mut found = String::new();
        for circle in files.circles() {
            // Of the command, the probe so far.
            if src == "bridge/src" && !circle.iter().any(|file| file.starts_with("probe")) {
                continue;
            }
            writeln!(found, "{} files:", circle.len()).expect("a string");
            for from in &circle {
                for (to, what) in &files.arrows[*from] {
                    if circle.contains(&to) {
                        writeln!(found, "  {from} takes {what:?} from {to}").expect("a string");
                    }
                }
            }
        }
        assert!(found.is_empty(), "circles in {src}:\n{found}");
    }
}

const BEGIN: &str = "<!-- Drawn by linker/tests/tidy: do not edit. -->\n";
const END: &str = "<!-- The end of the drawing. -->\n";

/// The stages that `flatten` calls, in order.
fn pipeline(essay: &str, order: &[String]) -> Vec<String> {
    let body = essay.split("pub fn flatten(").nth(1).expect("flatten");
    let mut called: Vec<String> = Vec::new();
    for line in body.lines() {
        let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        for word in words {
            if let Some((stage, _)) = word.split_once("::")
                && order.iter().any(|known| known == stage)
                && !called.iter().any(|known| known == stage)
            {
                called.push(stage.to_string());
            }
        }
    }
    called
}

/// The pipeline, and the stairs: a row for each stage, with a mark for every stage that it takes from.
fn draw() -> String {
    let (essay, linker) = (essay(), linker());
    let order = stages(&essay);
    let mut text = String::from("```text\ncomponent");
    for (at, stage) in pipeline(&essay, &order).iter().enumerate() {
        let wrap = if at % 6 == 5 { "\n          " } else { "" };
        write!(text, "{wrap} -> {stage}").expect("a string");
    }
    text.push_str(" -> module\n\n");
    let number = |at: usize| format!("{:>2}", at + 1);
    for (at, stage) in order.iter().enumerate() {
        let takes = |other: &str| {
            linker.arrows.iter().any(|(file, arrows)| {
                stage_of(file) == Some(stage) && arrows.keys().any(|to| stage_of(to) == Some(other))
            })
        };
        let marks: String = order[..at]
            .iter()
            .map(|other| if takes(other) { "  #" } else { "  ." })
            .collect();
        writeln!(text, "{} {stage:<14}{marks} {}", number(at), number(at)).expect("a string");
    }
    text.push_str("```\n");
    text
}

#[test]
fn the_drawing_is_that_of_the_code() {
    let path = repository().join("docs/architecture.md");
    let page = fs::read_to_string(&path).expect("docs/architecture.md");
    let (before, rest) = page.split_once(BEGIN).expect("where the drawing begins");
    let (_, after) = rest.split_once(END).expect("where the drawing ends");
    let drawn = format!("{before}{BEGIN}\n{}\n{END}{after}", draw());
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, drawn).expect("docs/architecture.md is writable");
        return;
    }
    assert!(
        page == drawn,
        "the drawing in docs/architecture.md is not that of the code: draw it anew with BLESS=1"
    );
}
