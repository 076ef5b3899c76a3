//! Does what `pairs/tour.wit` says, as `pairs/provider-c` does.
#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::corpus::pairs::tour::{
    Color, Counter, CounterBorrow, Guest, GuestCounter, Large, Person, Point, Shape, Small,
};

struct Provider;
bindings::export!(Provider with_types_in bindings);

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

static LIVE: AtomicU32 = AtomicU32::new(0);

struct Counting(Cell<u32>);

impl Counting {
    fn counter(value: u32) -> Counter {
        LIVE.fetch_add(1, Relaxed);
        Counter::new(Counting(Cell::new(value)))
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Relaxed);
    }
}

fn value(counter: CounterBorrow<'_>) -> u32 {
    counter.get::<Counting>().0.get()
}

impl GuestCounter for Counting {
    fn new(start: u32) -> Self {
        LIVE.fetch_add(1, Relaxed);
        Counting(Cell::new(start))
    }

    fn add(&self, by: u32) -> u32 {
        self.0.set(self.0.get() + by);
        self.0.get()
    }

    fn copy(&self) -> Counter {
        Counting::counter(self.0.get())
    }

    fn largest(x: CounterBorrow<'_>, y: CounterBorrow<'_>) -> u32 {
        value(x).max(value(y))
    }
}

fn older(mut person: Person) -> Person {
    person.age = person.age.wrapping_add(1);
    person.home = match person.home {
        Some(_) => None,
        None => Some(Point {
            x: person.age.into(),
            y: -i32::from(person.age),
        }),
    };
    person.name.push('+');
    person
}

impl Guest for Provider {
    type Counter = Counting;

    fn negate(x: bool) -> bool {
        !x
    }
    fn bytes(x: u8, y: i8) -> i16 {
        i16::from(x) * 2 + i16::from(y)
    }
    fn shorts(x: u16, y: i16) -> i32 {
        i32::from(x) * 2 + i32::from(y)
    }
    fn words(x: u32, y: i32) -> i64 {
        i64::from(x) * 2 + i64::from(y)
    }
    fn longs(x: u64, y: i64) -> u64 {
        x ^ y as u64
    }
    fn halve(x: f32) -> f32 {
        x / 2.0
    }
    fn scale(x: f64, y: f32) -> f64 {
        x * f64::from(y)
    }
    fn next_char(x: char) -> char {
        char::from_u32(x as u32 + 1).unwrap_or('?')
    }
    fn greet(name: String) -> String {
        format!("hello, {name}")
    }
    fn repeat(what: String, times: u32) -> String {
        what.repeat(times as usize)
    }
    fn reverse(mut x: Vec<u8>) -> Vec<u8> {
        x.reverse();
        x
    }
    fn sums(x: Vec<u32>) -> Vec<u64> {
        let mut sum = 0;
        x.into_iter()
            .map(|x| {
                sum += u64::from(x);
                sum
            })
            .collect()
    }
    fn join(x: Vec<String>) -> String {
        x.join(",")
    }
    fn split(x: String) -> Vec<String> {
        x.split(',').map(ToString::to_string).collect()
    }
    fn flatten(x: Vec<Vec<u16>>) -> Vec<u16> {
        x.concat()
    }
    fn mirror(x: Point) -> Point {
        Point { x: x.y, y: x.x }
    }
    fn birthday(x: Person) -> Person {
        older(x)
    }
    fn swap(x: (String, u32)) -> (u32, String) {
        (x.1, x.0)
    }
    fn toggle(x: Small) -> Small {
        Small::all() ^ x
    }
    fn shift(x: Large) -> Large {
        Large::from_bits_truncate(x.bits() << 1)
    }
    fn next_color(x: Color) -> Color {
        match x {
            Color::Red => Color::Green,
            Color::Green => Color::Blue,
            Color::Blue => Color::Red,
        }
    }
    fn describe(x: Shape) -> String {
        match x {
            Shape::Nothing => "nothing".to_string(),
            Shape::Circle(r) => format!("circle of {}", (r * 100.0) as i64),
            Shape::Line((a, b)) => format!("line of {} {} {} {}", a.x, a.y, b.x, b.y),
            Shape::Named(name) => format!("named {name}"),
        }
    }
    fn grow(x: Shape) -> Shape {
        match x {
            Shape::Nothing => Shape::Nothing,
            Shape::Circle(r) => Shape::Circle(r * 2.0),
            Shape::Line((a, b)) => Shape::Line((a, Point { x: b.x * 2, y: b.y })),
            Shape::Named(name) => Shape::Named(name + " the Great"),
        }
    }
    fn maybe(x: Option<String>) -> Option<u32> {
        x.map(|x| x.chars().count() as u32)
    }
    fn deep(x: Option<Option<u32>>) -> Option<Option<u32>> {
        match x {
            None => Some(None),
            Some(None) => None,
            Some(Some(x)) => Some(Some(x + 1)),
        }
    }
    fn parse(x: String) -> Result<u32, String> {
        x.parse().map_err(|_| format!("no number: {x}"))
    }
    fn check(x: u32) -> Result<(), ()> {
        if x % 2 == 0 { Ok(()) } else { Err(()) }
    }
    #[allow(clippy::too_many_arguments, clippy::many_single_char_names)]
    fn many(
        a: u8,
        b: u16,
        c: u32,
        d: u64,
        e: f32,
        f: f64,
        g: char,
        h: bool,
        i: String,
        j: Vec<u8>,
        k: i8,
        l: i16,
        m: i32,
        n: i64,
    ) -> String {
        let (e, f, g, h) = (e as i64, f as i64, g as u32, u8::from(h));
        let j = j.first().map_or(-1, |j| i32::from(*j));
        format!("{a} {b} {c} {d} {e} {f} {g} {h} {j} {k} {l} {m} {n} {i}")
    }
    fn people(x: Vec<Person>) -> Vec<Person> {
        x.into_iter().map(older).collect()
    }
    fn shapes(x: Vec<Shape>) -> Vec<Option<f64>> {
        let half = |shape| match shape {
            Shape::Circle(r) => Some(r / 2.0),
            _ => None,
        };
        x.into_iter().map(half).collect()
    }
    fn read(x: CounterBorrow<'_>) -> u32 {
        value(x)
    }
    fn take(x: Counter) -> u32 {
        x.get::<Counting>().0.get()
    }
    fn make(x: Vec<u32>) -> Vec<Counter> {
        x.into_iter().map(Counting::counter).collect()
    }
    fn find(x: Vec<Counter>, value: u32) -> Option<Counter> {
        x.into_iter()
            .find(|counter| counter.get::<Counting>().0.get() == value)
    }
    fn attempt(x: bool) -> Result<Counter, String> {
        match x {
            true => Ok(Counting::counter(99)),
            false => Err("not today".to_string()),
        }
    }
    fn alive() -> u32 {
        LIVE.load(Relaxed)
    }
}
