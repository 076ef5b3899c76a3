//! Generated glue of a world with every type, `world/every.wit`, without an engine: what a guest gets it gives back, and one that
//! gives anything makes nothing panic. A suite of the repository keeps `world/every.rs` as `p1bridge host` writes it.

#[path = "world/every.rs"]
mod world;

use std::collections::BTreeSet;

use p1bridge_host::{
    Borrow, Entry, Error, Guest, Handles, Kept, Layout, Lift, List, Own, Parts, SLOTS, Source,
    World,
};
use world::Every;
use world::every::types::types::{
    All, Host as Types, HostThing, Owner, Point, Rights, Shape, Size, Thing,
};
use world::exports;
use world::exports::every::types::back::{self, Mine};

/// Gives back what it gets.
#[derive(Default)]
struct Echo {
    things: Kept<u32>,
    last: Option<All>,
    /// How often it has logged.
    logged: usize,
}

impl world::Host for Echo {
    fn log(&mut self, text: String) -> Result<String, Error> {
        self.logged += 1;
        Ok(text)
    }
}

impl Types for Echo {
    fn numbers(
        &mut self,
        a: u8,
        b: i8,
        c: u16,
        d: i16,
        e: u32,
        f: i32,
        g: u64,
        h: i64,
        i: f32,
        j: f64,
        k: char,
        l: bool,
    ) -> Result<u64, Error> {
        let small = u64::from(a) ^ b as u64 ^ u64::from(c) ^ d as u64 ^ u64::from(e) ^ f as u64;
        let large = g ^ h as u64 ^ u64::from(i.to_bits()) ^ j.to_bits();
        Ok(small ^ large ^ u64::from(u32::from(k)) ^ u64::from(l))
    }

    fn echo(&mut self, x: All) -> Result<All, Error> {
        self.last = Some(x.clone());
        Ok(x)
    }

    fn shapes(&mut self, x: Shape, y: Option<Shape>) -> Result<Result<Shape, Point>, Error> {
        Ok(match y {
            Some(y) if x == y => Ok(y),
            _ => Err(point()),
        })
    }

    fn sizes(&mut self, x: Size, y: Rights) -> Result<(Size, Rights), Error> {
        Ok((x, y))
    }

    fn numbers_of(&mut self, x: Vec<u64>, y: Vec<f32>, z: Vec<u8>) -> Result<Vec<i16>, Error> {
        let lengths = [x.len(), y.len(), z.len()];
        Ok(lengths.map(|length| length as i16).to_vec())
    }

    fn things(
        &mut self,
        x: Owner,
        y: Borrow<Thing>,
        z: Option<Own<Thing>>,
    ) -> Result<Vec<Own<Thing>>, Error> {
        self.things.get(y)?;
        let mut all = x.others;
        all.push(x.it);
        all.extend(z);
        all.push(self.things.add(7));
        Ok(all)
    }

    fn nothing(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

impl HostThing for Echo {
    fn get(&mut self, this: Borrow<Thing>) -> Result<u32, Error> {
        self.things.get(this).copied()
    }

    fn drop_2(&mut self, this: Borrow<Thing>) -> Result<(), Error> {
        self.things.get(this).map(|_| ())
    }

    fn drop(&mut self, this: Own<Thing>) -> Result<(), Error> {
        self.things.take(this).map(|_| ())
    }
}

fn point() -> Point {
    Point {
        x: -128,
        y: u64::MAX,
        type_: -0.5,
    }
}

fn all() -> All {
    All {
        a: true,
        b: 255,
        c: i16::MIN,
        d: u16::MAX,
        e: i32::MIN,
        f: u32::MAX,
        g: i64::MIN,
        h: u64::MAX,
        i: f32::MIN_POSITIVE,
        j: f64::INFINITY,
        k: '\u{10ffff}',
        l: "grüße".into(),
        m: Size::Self_,
        n: Rights::READ | Rights::ALL_2,
        o: point(),
        p: Shape::Both((9, i64::MIN)),
        q: Some(Shape::Circle(1.5)),
        r: Err("no".into()),
        s: Err(()),
        t: vec![
            Shape::None,
            Shape::Path(vec![point(), point()]),
            Shape::Named(String::new()),
        ],
        u: ('\0', Some(1)),
        v: vec![vec![1, 2, 3], Vec::new(), vec![u16::MAX]],
        w: Err(Size::Large),
        x: Ok(2.5),
    }
}

/// A guest whose exports call the imports of the same names with what they get.
struct Through {
    memory: Vec<u8>,
    next: u32,
    handles: Handles,
    host: Echo,
    /// How many results were given back to it.
    given_back: usize,
    /// Whether the room that it gives is not aligned.
    odd: bool,
}

impl Default for Through {
    fn default() -> Through {
        Through {
            memory: vec![0xaa; 4096],
            next: 1024,
            handles: Handles::default(),
            host: Echo::default(),
            given_back: 0,
            odd: false,
        }
    }
}

impl Guest for Through {
    type Host = Echo;

    fn parts(&mut self) -> Parts<'_, Echo> {
        Parts {
            memory: &mut self.memory,
            handles: &mut self.handles,
            host: &mut self.host,
        }
    }

    fn call(&mut self, export: usize, slots: &mut [u64]) -> Result<(), Error> {
        let exports = <Every as World<Echo>>::EXPORTS;
        let name = exports[export].name;
        if name == "cabi_realloc" {
            // The memory moves with every allocation.
            self.memory = self.memory.clone();
            let at = self.next.next_multiple_of(slots[2] as u32);
            self.next = at + slots[3] as u32;
            slots[0] = u64::from(at) + u64::from(self.odd);
            return Ok(());
        }
        if name.starts_with("cabi_post_") {
            self.given_back += 1;
            return Ok(());
        }
        let (_, name) = name.split_once('#').unwrap_or(("", name));
        let name = match name {
            "show" => "[method]thing.get",
            name => name,
        };
        let imports = <Every as World<Echo>>::IMPORTS;
        let Some(import) = imports.iter().position(|import| import.name == name) else {
            return Err(Error::Missing("an import"));
        };
        let taken = exports[export].params.len();
        assert!(slots[taken..].iter().all(|slot| *slot == 0), "{name}");
        let area = imports[import].params.len() > taken;
        if area {
            slots[taken] = 256;
        }
        Every::import(import, self, slots)?;
        if area {
            slots[0] = 256;
        }
        Ok(())
    }
}

#[test]
fn what_a_guest_gives_back_is_what_it_was_given() -> Result<(), Error> {
    let guest = &mut Through::default();
    let given = all();
    assert_eq!(back::echo(guest, &given)?, given);
    assert_eq!(guest.given_back, 1);
    for shape in [Shape::None, Shape::Circle(0.25), Shape::Both((1, -1))]
        .into_iter()
        .chain(given.t.clone())
    {
        let same = Some(shape.clone());
        assert_eq!(back::shapes(guest, &shape, &same)?, Ok(shape.clone()));
        assert_eq!(back::shapes(guest, &shape, &None)?, Err(point()));
    }
    for size in Size::ALL {
        let rights = Rights::from_bits(0xfe);
        assert_eq!(back::sizes(guest, size, rights)?, (size, rights));
        assert!(!rights.contains(Rights::READ) && rights.contains(Rights::WRITE));
    }
    Ok(())
}

/// The layouts of generic types are the crate's, those of named ones are written by `host`, from another source.
#[test]
fn layouts_are_those_that_wit_has() {
    type Fields = (
        bool,
        u8,
        i16,
        u16,
        i32,
        u32,
        i64,
        u64,
        f32,
        f64,
        char,
        String,
        Size,
        Rights,
        Point,
        Shape,
        Option<Shape>,
        Result<u8, String>,
        Result<(), ()>,
        Vec<Shape>,
        (char, Option<u64>),
        Vec<Vec<u16>>,
        Result<(), Size>,
        Result<f32, ()>,
    );
    assert_eq!(Fields::SIZE, All::SIZE);
    assert_eq!(Fields::ALIGN, All::ALIGN);
    assert_eq!(Fields::FLAT, All::FLAT);
}

/// Numbers at random.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }
}

/// A guest whose memory, results and calls are numbers at random.
struct Hostile {
    random: Random,
    memory: Vec<u8>,
    handles: Handles,
    host: Echo,
}

impl Hostile {
    /// A number that is likely to mean something: small, at the end of the memory, or the largest.
    fn number(&mut self) -> u64 {
        let size = self.memory.len() as u64;
        match self.random.below(9) {
            0..=3 => self.random.below(4),
            4 => 8 * self.random.below(64),
            5 => size.wrapping_sub(self.random.below(16)),
            6 => u64::from(u32::MAX) - self.random.below(16),
            7 => u64::MAX - self.random.below(16),
            _ => self.random.bits(),
        }
    }

    fn change(&mut self) {
        let size = 256 + self.random.below(512) as usize;
        self.memory = vec![0; size];
        for at in (0..size - 8).step_by(4) {
            let word = self.number() as u32;
            self.memory[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
    }
}

impl Guest for Hostile {
    type Host = Echo;

    fn parts(&mut self) -> Parts<'_, Echo> {
        Parts {
            memory: &mut self.memory,
            handles: &mut self.handles,
            host: &mut self.host,
        }
    }

    fn call(&mut self, export: usize, slots: &mut [u64]) -> Result<(), Error> {
        if self.random.below(5) == 0 {
            self.change();
        }
        // Most of the time there is room.
        let fair = export == 0 && self.random.below(5) != 0;
        slots[0] = match fair {
            true => 8 * self.random.below(16),
            false => self.number(),
        };
        match self.random.below(50) {
            0 => Err(Error::Host("no")),
            _ => Ok(()),
        }
    }
}

/// How calls have ended: well, or by the names of their errors.
#[derive(Default)]
struct Ends {
    well: usize,
    kinds: BTreeSet<String>,
}

impl Ends {
    fn count<T>(&mut self, ended: Result<T, Error>) {
        match ended {
            Ok(_) => self.well += 1,
            Err(error) => {
                self.kinds.insert(format!("{error:?}"));
            }
        }
    }
}

#[test]
fn a_guest_that_gives_anything_makes_nothing_panic() {
    let mut ends = Ends::default();
    for seed in 1..=4 {
        let guest = &mut Hostile {
            random: Random(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(seed)),
            memory: Vec::new(),
            handles: Handles::default(),
            host: Echo::default(),
        };
        for _ in 0..2000 {
            attack(guest, &mut ends);
        }
    }
    assert!(ends.well > 1000, "{}", ends.well);
    for kind in [
        "Bounds",
        "Alignment",
        "Utf8",
        "Char",
        "Case",
        "Handle",
        "Realloc",
    ] {
        assert!(ends.kinds.contains(kind), "never {kind}: {:?}", ends.kinds);
    }
}

/// Calls everything in both directions.
fn attack(guest: &mut Hostile, ends: &mut Ends) {
    for import in 0..=<Every as World<Echo>>::IMPORTS.len() {
        guest.change();
        let mut slots: [u64; SLOTS] = std::array::from_fn(|_| guest.number());
        ends.count(Every::import(import, guest, &mut slots));
        // Fewer than there should be.
        ends.count(Every::import(import, guest, &mut []));
    }
    guest.change();
    let words = ["a".to_string(), String::new()];
    ends.count(exports::run(guest, &words));
    ends.count(back::maybe(guest, &Some(3)));
    ends.count(back::show(guest, Borrow::new(0)));
    ends.count(back::sizes(guest, Size::Large, Rights::ALL));
    let path = Shape::Path(vec![point()]);
    ends.count(back::shapes(guest, &path, &Some(path.clone())));
    let t = "text";
    ends.count(back::lots(guest, t, t, t, t, t, t, t, t, 1));
    ends.count(back::echo(guest, &all()));
    if let Some(last) = guest.host.last.take() {
        ends.count(back::echo(guest, &last));
    }
    match Mine::new(guest, &words) {
        Ok(mine) => {
            let lent = [mine.borrow(), mine.borrow()];
            ends.count(mine.use_all(guest, &lent));
            ends.count(Mine::give(guest, &Some(mine)));
        }
        Err(error) => ends.count(Err::<(), _>(error)),
    }
}

#[test]
fn a_handle_is_taken_once_and_not_while_it_is_lent() -> Result<(), Error> {
    let guest = &mut Through::default();
    let first = guest.host.things.add(1);
    let second = guest.host.things.add(2);
    let mut slots = [0; SLOTS];
    let lower = |guest: &mut Through, own: &Own<Thing>| {
        let mut slots = [0; SLOTS];
        p1bridge_host::Lower::lower(own, guest, &mut slots)?;
        Ok::<u64, Error>(slots[0])
    };
    let (a, b) = (lower(guest, &first)?, lower(guest, &second)?);
    assert_eq!((a, b), (1, 2));
    let imports = <Every as World<Echo>>::IMPORTS;
    let drop = imports
        .iter()
        .position(|import| import.name == "[resource-drop]thing");
    let drop = drop.expect("things are dropped");
    slots[0] = a;
    Every::import(drop, guest, &mut slots)?;
    assert_eq!(guest.host.things.len(), 1);
    slots[0] = a;
    let again = Every::import(drop, guest, &mut slots);
    assert!(matches!(again, Err(Error::Handle)), "{again:?}");
    // The place is used again.
    let third = guest.host.things.add(3);
    assert_eq!(lower(guest, &third)?, a);
    // What is lent cannot be kept.
    let lent = second.borrow();
    p1bridge_host::Lower::lower(&lent, guest, &mut slots)?;
    let parts = guest.parts();
    let from = &mut Source {
        memory: parts.memory,
        handles: parts.handles,
    };
    assert_eq!(Borrow::<Thing>::lift(from, &slots)?, lent);
    let taken = Own::<Thing>::lift(from, &slots);
    assert!(matches!(taken, Err(Error::Handle)), "{taken:?}");
    Ok(())
}

#[test]
fn a_table_of_a_fixed_size_is_full_when_it_is_full() {
    let guest = &mut Through {
        handles: Handles::fixed(Box::leak(Box::new([Entry::default(); 2]))),
        ..Through::default()
    };
    let mut slots = [0; 1];
    for end in [true, true, false] {
        let made = p1bridge_host::Lower::lower(&Own::<Thing>::new(5), guest, &mut slots);
        assert_eq!(made.is_ok(), end);
    }
}

#[test]
fn views_are_checked_as_values_are() -> Result<(), Error> {
    let guest = &mut Through::default();
    guest.memory[8..18].copy_from_slice(b"ab\xff\0\x01\0\x02\0\x03\0");
    let parts = guest.parts();
    let from = &mut Source {
        memory: parts.memory,
        handles: parts.handles,
    };
    assert_eq!(<&str>::lift(from, &[8, 2])?, "ab");
    assert!(matches!(<&str>::lift(from, &[8, 3]), Err(Error::Utf8)));
    let end = 4096;
    assert_eq!(<&str>::lift(from, &[end, 0])?, "");
    assert!(matches!(<&str>::lift(from, &[end, 1]), Err(Error::Bounds)));
    let list = List::<u16>::lift(from, &[12, 3])?;
    let numbers: Result<Vec<u16>, Error> = list.iter().collect();
    assert_eq!(numbers?, [1, 2, 3]);
    assert!(list.get(3).is_none());
    let odd = List::<u16>::lift(from, &[13, 1]);
    assert!(matches!(odd, Err(Error::Alignment)));
    let long = List::<u64>::lift(from, &[8, u64::from(u32::MAX)]);
    assert!(matches!(long, Err(Error::Bounds)));
    Ok(())
}

#[test]
fn what_is_lent_to_a_call_is_gone_after_it() -> Result<(), Error> {
    let guest = &mut Through::default();
    let thing = guest.host.things.add(42);
    assert_eq!(back::show(guest, thing.borrow())?, 42);
    let from = &mut Source {
        memory: &[],
        handles: &mut guest.handles,
    };
    let kept = Borrow::<Thing>::lift(from, &[1]);
    assert!(matches!(kept, Err(Error::Handle)), "{kept:?}");
    Ok(())
}

#[test]
fn a_handle_of_another_resource_is_none() -> Result<(), Error> {
    enum Other {}
    impl p1bridge_host::Resource for Other {
        const KIND: u16 = 2;
    }
    let guest = &mut Through::default();
    p1bridge_host::Lower::lower(&Own::<Thing>::new(0), guest, &mut [0])?;
    let from = &mut Source {
        memory: &[],
        handles: &mut guest.handles,
    };
    let other = Borrow::<Other>::lift(from, &[1]);
    assert!(matches!(other, Err(Error::Handle)));
    assert!(Borrow::<Thing>::lift(from, &[1]).is_ok());
    Ok(())
}

#[test]
fn a_place_for_a_result_is_checked_before_the_host_is_called() {
    let guest = &mut Through::default();
    let imports = <Every as World<Echo>>::IMPORTS;
    let log = imports.iter().position(|import| import.name == "log");
    let log = log.expect("it logs");
    for (area, wanted) in [(4095, "Alignment"), (4092, "Bounds"), (4096, "Bounds")] {
        let ended = Every::import(log, guest, &mut [0, 0, area]);
        assert_eq!(format!("{ended:?}"), format!("Err({wanted})"));
    }
    assert_eq!(guest.host.logged, 0);
    assert!(Every::import(log, guest, &mut [0, 0, 4088]).is_ok());
    assert_eq!(guest.host.logged, 1);
}

#[test]
fn room_that_is_not_aligned_is_refused() {
    let guest = &mut Through {
        odd: true,
        ..Through::default()
    };
    let ended = back::echo(guest, &all());
    assert!(matches!(ended, Err(Error::Realloc)), "{ended:?}");
}

#[test]
fn there_are_no_other_cases_in_memory_or_in_core_values() {
    let mut handles = Handles::default();
    let from = &mut Source {
        memory: &[2, 0, 0, 0],
        handles: &mut handles,
    };
    assert!(matches!(Result::<u8, u8>::load(from, 0), Err(Error::Case)));
    assert!(matches!(
        Result::<u8, u8>::lift(from, &[2, 0]),
        Err(Error::Case)
    ));
    assert!(matches!(Option::<u8>::load(from, 0), Err(Error::Case)));
    assert!(matches!(
        Option::<u8>::lift(from, &[2, 0]),
        Err(Error::Case)
    ));
    let true_ = bool::load(from, 0);
    assert!(matches!(true_, Ok(true)), "every number but 0 is true");
}

#[test]
fn core_values_that_a_case_does_not_have_are_zero() -> Result<(), Error> {
    let guest = &mut Through::default();
    let mut slots = [9; 4];
    p1bridge_host::Lower::lower(&None::<(u32, u64)>, guest, &mut slots)?;
    assert_eq!(slots, [0, 0, 0, 9]);
    let mut slots = [9; 4];
    p1bridge_host::Lower::lower(&Ok::<u8, (u32, u64)>(1), guest, &mut slots)?;
    assert_eq!(slots, [0, 1, 0, 9]);
    let mut slots = [9; 7];
    p1bridge_host::Lower::lower(&Shape::Circle(0.0), guest, &mut slots)?;
    assert_eq!(slots, [1, 0, 0, 9, 9, 9, 9]);
    Ok(())
}
