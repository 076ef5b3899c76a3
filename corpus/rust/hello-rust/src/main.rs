//! The standard library on Preview 1: arguments, environment, stdin, hash maps with their random
//! seeds, time, exit codes and a panic.
//!
//! `hello-rust [words|sleep|exit N|panic] …`

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, Write};
use std::time::{Duration, Instant, SystemTime};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    println!("hello from Rust, {} arguments {args:?}", args.len());
    for (key, value) in std::env::vars().collect::<BTreeMap<_, _>>() {
        println!("env {key:?} = {value:?}");
    }
    match args.first().map(String::as_str) {
        Some("words") => words(),
        Some("sleep") => sleep(),
        Some("exit") => {
            eprintln!("leaving");
            std::process::exit(args[1].parse().expect("a number"))
        }
        Some("panic") => panic!("as asked"),
        _ => {}
    }
}

fn words() {
    let mut counts = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        for word in line.expect("UTF-8").split_whitespace() {
            *counts.entry(word.to_lowercase()).or_insert(0u32) += 1;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut out = std::io::stdout().lock();
    for (word, count) in counts {
        writeln!(out, "{count:>3} {word}").expect("stdout");
    }
}

fn sleep() {
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(25));
    let slept = start.elapsed();
    println!("slept >= 24ms: {}", slept >= Duration::from_millis(24));
    println!("slept < 10s: {}", slept < Duration::from_secs(10));
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("after 1970");
    println!("after 2020: {}", now.as_secs() > 1_577_836_800);
}
