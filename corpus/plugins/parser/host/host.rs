//! A host on wasmi with plugins of two versions of one interface side by side. It has glue of both. Which one a plugin is of,
//! its exports say.

use std::fmt::Write;

use p1bridge_host::wasmi::{State, bind, link};
use p1bridge_host::{Error, Guest, initialize};
use wasmi::{Engine, Linker, Module, Store};

#[path = "v1.rs"]
pub mod v1;
#[path = "v2.rs"]
pub mod v2;

use v1::exports::chip::parser::parser as first;
use v2::exports::chip::parser::parser as second;

/// What plugins read, from the byte source.
#[derive(Debug)]
pub struct Source(pub Vec<u8>);

impl Source {
    fn part(&self, offset: u64, length: u32) -> Vec<u8> {
        let behind = usize::try_from(offset).ok().and_then(|at| self.0.get(at..));
        let behind = behind.unwrap_or_default();
        behind[..behind.len().min(length as usize)].to_vec()
    }
}

impl v1::chip::parser::byte_source::Host for Source {
    fn size(&mut self) -> Result<u64, Error> {
        Ok(self.0.len() as u64)
    }

    fn read(&mut self, offset: u64, length: u32) -> Result<Vec<u8>, Error> {
        Ok(self.part(offset, length))
    }
}

impl v2::chip::parser::byte_source::Host for Source {
    fn size(&mut self) -> Result<u64, Error> {
        Ok(self.0.len() as u64)
    }

    fn read(&mut self, offset: u64, length: u32) -> Result<Vec<u8>, Error> {
        Ok(self.part(offset, length))
    }
}

pub const LEVELS: [&str; 5] = ["trace", "debug", "info", "warn", "error"];

pub const LOGS: [&[u8]; 4] = [
    "0 trace boot\n1500 warn [net] link is down\n1750 info [net:7] link is up, größer\n9000000000 error [disk:x] full\n".as_bytes(),
    b"12 info ok\nno number\n",
    b"12 info \xff\n",
    b"",
];

/// What the byte source has.
pub fn job() -> Vec<u8> {
    let line = |i: usize| {
        let (level, thread) = (LEVELS[i % 5], i % 3);
        format!("{} {level} [job:{thread}] step {} of 150\n", i * 40, i + 1)
    };
    (0..150).map(line).collect::<String>().into_bytes()
}

/// What the messages of both versions have.
#[derive(Debug)]
pub struct Message {
    pub time: u64,
    pub level: usize,
    pub source: Option<String>,
    pub thread: Option<u32>,
    pub text: String,
}

/// The same of the failures.
#[derive(Debug)]
pub enum Failure {
    Empty,
    Line(u32),
    Text(u32),
}

/// Prints a result: all of it, or how many messages it has and the last one.
pub fn show(out: &mut String, result: Result<Vec<Message>, Failure>, all: bool) -> std::fmt::Result {
    let messages = match result {
        Ok(messages) => messages,
        Err(Failure::Empty) => return writeln!(out, "  nothing"),
        Err(Failure::Line(line)) => return writeln!(out, "  line {line} is none of a log"),
        Err(Failure::Text(line)) => return writeln!(out, "  line {line} is not UTF-8"),
    };
    if !all {
        writeln!(out, "  {} messages, the last one:", messages.len())?;
    }
    let begin = if all { 0 } else { messages.len() - 1 };
    for one in &messages[begin..] {
        write!(out, "  {} {} ", one.time, LEVELS[one.level])?;
        if let Some(source) = &one.source {
            write!(out, "from {source} ")?;
        }
        if let Some(thread) = one.thread {
            write!(out, "thread {thread} ")?;
        }
        writeln!(out, "\"{}\"", one.text)?;
    }
    Ok(())
}

fn of_first(result: Result<Vec<first::Message>, first::Failure>) -> Result<Vec<Message>, Failure> {
    let message = |one: first::Message| Message {
        time: one.time,
        level: one.level as usize,
        source: one.source,
        thread: None,
        text: one.text,
    };
    match result {
        Ok(all) => Ok(all.into_iter().map(message).collect()),
        Err(first::Failure::Empty) => Err(Failure::Empty),
        Err(first::Failure::Line(line)) => Err(Failure::Line(line)),
        Err(first::Failure::Text(line)) => Err(Failure::Text(line)),
    }
}

fn of_second(result: Result<Vec<second::Message>, second::Failure>) -> Result<Vec<Message>, Failure> {
    let message = |one: second::Message| Message {
        time: one.time,
        level: one.level as usize,
        source: one.source,
        thread: one.thread,
        text: one.text,
    };
    match result {
        Ok(all) => Ok(all.into_iter().map(message).collect()),
        Err(second::Failure::Empty) => Err(Failure::Empty),
        Err(second::Failure::Line(line)) => Err(Failure::Line(line)),
        Err(second::Failure::Text(line)) => Err(Failure::Text(line)),
    }
}

fn use_first(guest: &mut impl Guest<Host = Source>) -> anyhow::Result<String> {
    let mut out = first::version(guest)? + "\n";
    for log in LOGS {
        show(&mut out, of_first(first::parse(guest, log)?), true)?;
    }
    show(&mut out, of_first(first::parse_source(guest)?), false)?;
    Ok(out)
}

fn use_second(guest: &mut impl Guest<Host = Source>) -> anyhow::Result<String> {
    let mut out = second::version(guest)? + "\n";
    for log in LOGS {
        show(&mut out, of_second(second::parse(guest, log)?), true)?;
    }
    show(&mut out, of_second(second::parse_source(guest)?), false)?;
    for (level, count) in second::tally(guest)? {
        writeln!(out, "  {}: {count}", LEVELS[level as usize])?;
    }
    Ok(out)
}

/// Uses plugins one after the other; what was printed.
pub fn run(plugins: &[Vec<u8>]) -> anyhow::Result<String> {
    let engine = Engine::default();
    // The names of functions have the version, so that neither takes the other's.
    let mut linker = Linker::new(&engine);
    link::<v1::V1, _>(&mut linker)?;
    link::<v2::V2, _>(&mut linker)?;
    let mut out = String::new();
    for plugin in plugins {
        let module = Module::new(&engine, plugin)?;
        let mut store = Store::new(&engine, State::new(Source(job())));
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        out += &match module.get_export("chip:parser/parser@0.1.0#parse") {
            Some(_) => {
                let mut guest = bind::<v1::V1, _>(&mut store, &instance);
                initialize(&mut guest)?;
                use_first(&mut guest)?
            }
            None => {
                let mut guest = bind::<v2::V2, _>(&mut store, &instance);
                initialize(&mut guest)?;
                use_second(&mut guest)?
            }
        };
    }
    Ok(out)
}
