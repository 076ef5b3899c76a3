//! p1bridge in other builds: the examples in `corpus/builds/`, each in a new folder and with the real tools, and what goes into
//! such a build.

mod build_rs;
mod cmake;
mod embed;
mod place;

use std::collections::HashSet;
use std::path::Path;

use place::top;

/// All lines of the files below a folder.
fn lines(folder: &Path, found: &mut HashSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => lines(&path, found),
            false => {
                let text = std::fs::read_to_string(&path).unwrap();
                found.extend(text.lines().map(|line| line.trim().to_string()));
            }
        }
    }
}

#[test]
fn the_page_about_builds_shows_lines_of_the_examples() {
    let page = std::fs::read_to_string(top().join("docs/build.md")).unwrap();
    let (_, rest) = page.split_once("\n## CMake\n").unwrap();
    let (sections, _) = rest.split_once("\n## JavaScript\n").unwrap();
    let mut known = HashSet::new();
    for example in ["cmake", "esp-idf", "zephyr", "build-rs"] {
        lines(&top().join("corpus/builds").join(example), &mut known);
    }
    let mut seen = 0;
    for block in sections.split("\n```").skip(1).step_by(2) {
        let (language, code) = block.split_once('\n').unwrap();
        if language == "sh" {
            continue;
        }
        for line in code.lines().map(str::trim) {
            assert!(
                line.is_empty() || known.contains(line),
                "{language}: {line}"
            );
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen}");
}
