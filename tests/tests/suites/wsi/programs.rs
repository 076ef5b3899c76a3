//! The same source for WSI and for Preview 1 does the same on every engine.

use p1bridge::lower::lower;
use p1bridge::profiles::named;
use p1bridge_tests::engines::available;
use p1bridge_tests::link::profile_name;
use p1bridge_tests::{Engine, Outcome, RunSpec};

use super::{both, prebuilt};

pub fn run(engine: &dyn Engine, wasm: &[u8], args: &[&str], stdin: &[u8]) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let spec = RunSpec {
        argv: ["guest"]
            .iter()
            .chain(args)
            .map(|arg| (*arg).to_owned())
            .collect(),
        stdin: stdin.to_vec(),
        dir: Some(directory.path().to_path_buf()),
        ..RunSpec::default()
    };
    engine.run(wasm, &spec).unwrap()
}

/// What both forms of a guest print, which is the same.
fn printed(engine: &dyn Engine, guest: &str, args: &[&str], stdin: &[u8]) -> String {
    let [linked, preview1] = both(engine, guest).map(|wasm| run(engine, &wasm, args, stdin));
    let text = |outcome: &Outcome| String::from_utf8(outcome.stdout.clone()).unwrap();
    assert_eq!(
        text(&linked),
        text(&preview1),
        "{guest} {args:?} on {}",
        engine.name()
    );
    assert_eq!(
        linked.exit,
        preview1.exit,
        "{guest} {args:?} on {}",
        engine.name()
    );
    text(&linked)
}

#[test]
fn files_are_those_of_preview_1() {
    for engine in available() {
        let text = printed(&*engine, "files", &[], b"");
        for line in [
            "open missing: -44",
            "open with a bit that is not known: -58",
            "write none: 0",
            "read 1: fil",
            "stat moved: kind 4, size 11",
            "a clock that is not there: -28",
            "wake nobody: 0",
        ] {
            assert!(
                text.lines().any(|l| l == line),
                "{line} on {}: {text}",
                engine.name()
            );
        }
    }
}

#[test]
fn a_program_on_the_crate_for_guests_runs() {
    for engine in available() {
        let profile = named(profile_name(&*engine)).unwrap();
        let module = lower(&prebuilt("wsi-rust"), &profile).unwrap().wasm;
        let text = String::from_utf8(run(&*engine, &module, &[], b"").stdout).unwrap();
        let expected = "offset: 5\nbytes: 5\nsize: 10\nclosed: 1\nmissing: 44\nno second directory: 8\nready: 1\n\
                        the second: 1\ncan write: 2\nwaited: 1\n";
        assert_eq!(text, expected, "{}", engine.name());
    }
}

#[test]
fn a_line_editor_edits() {
    let keys = b"world\x01hello \x05!\n\x10\x7f?\nabc\x02\x02\x04\x0bx\n\x10\x10\x0e\nlast\x15end";
    for engine in available() {
        let text = printed(&*engine, "line", &[], keys);
        let lines = "terminal: no\n1: [hello world!] 12\n2: [hello world?] 12\n3: [ax] 2\n4: [ax] 2\n5: [end] 3\n5 lines\n";
        assert_eq!(text, lines, "{}", engine.name());
    }
}

#[test]
fn poll_gives_what_is_ready_in_the_callers_order() {
    for engine in available() {
        let text = printed(&*engine, "timers", &["order"], b"");
        assert_eq!(text, "ready: 3, at 5=16 11=16 17=16\n", "{}", engine.name());
    }
}

#[test]
fn deadlines_are_past_never_and_none() {
    for engine in available() {
        // On node, a look of a millisecond may miss what is ready, and a bad descriptor among several is a fault.
        let args: &[&str] = if engine.name() == "node" {
            &["edges"]
        } else {
            &["edges", "looks"]
        };
        let text = printed(&*engine, "timers", args, b"");
        for line in [
            "nothing, now: 0",
            "nothing, past: 0",
            "nothing, for ever: -28",
            "slept: 1",
            "skipped, now: 0, got 0",
            "skipped, for ever: -28",
            "can write, for ever: 1, got 2",
        ] {
            assert!(
                text.lines().any(|l| l == line),
                "{line} on {}: {text}",
                engine.name()
            );
        }
    }
}

/// Timers of 7, 11 and 50 ms for a second: 142, 90 and 20 times.
#[test]
fn timers_beside_an_idle_input_do_not_drift() {
    for engine in available() {
        for wasm in both(&*engine, "timers") {
            // Standard input stays open and empty for longer than that.
            let spec = RunSpec {
                shell: Some("sleep 1.5 | \"$@\"".to_owned()),
                ..RunSpec::default()
            };
            let outcome = engine.run(&wasm, &spec).unwrap();
            let text = String::from_utf8(outcome.stdout).unwrap();
            assert_eq!(
                text,
                "ticks: 142 90 20, all 252\ntook a second: 1\nnever too late: 1\n",
                "{}",
                engine.name()
            );
        }
    }
}
