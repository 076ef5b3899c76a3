// The host's side of the world every. Written by `p1bridge host`: do not change it, make it again.
#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(dead_code, non_camel_case_types, unused_variables, clippy::all, clippy::pedantic)]

/// The world every.
#[derive(Clone, Copy, Debug)]
pub struct Every;

impl<H: every::types::types::HostThing + every::types::types::Host + Host> p1b::World<H> for Every {
    const IMPORTS: &'static [p1b::Function] = &[
        p1b::Function { module: "every:types/types@0.1.0", name: "[method]thing.get", params: "i", result: "i" },
        p1b::Function { module: "every:types/types@0.1.0", name: "[method]thing.drop", params: "i", result: "" },
        p1b::Function { module: "every:types/types@0.1.0", name: "numbers", params: "iiiiiiIIfFii", result: "I" },
        p1b::Function { module: "every:types/types@0.1.0", name: "echo", params: "ii", result: "" },
        p1b::Function { module: "every:types/types@0.1.0", name: "shapes", params: "iIIiiIIi", result: "" },
        p1b::Function { module: "every:types/types@0.1.0", name: "sizes", params: "iii", result: "" },
        p1b::Function { module: "every:types/types@0.1.0", name: "numbers-of", params: "iiiiiii", result: "" },
        p1b::Function { module: "every:types/types@0.1.0", name: "things", params: "iiiiiii", result: "" },
        p1b::Function { module: "every:types/types@0.1.0", name: "nothing", params: "", result: "" },
        p1b::Function { module: "$root", name: "log", params: "iii", result: "" },
        p1b::Function { module: "every:types/types@0.1.0", name: "[resource-drop]thing", params: "i", result: "" },
    ];
    const EXPORTS: &'static [p1b::Function] = &[
        p1b::Function { module: "", name: "cabi_realloc", params: "iiii", result: "i" },
        p1b::Function { module: "", name: "_initialize", params: "", result: "" },
        p1b::Function { module: "", name: "run", params: "ii", result: "i" },
        p1b::Function { module: "", name: "every:types/back@0.1.0#[constructor]mine", params: "ii", result: "i" },
        p1b::Function { module: "", name: "every:types/back@0.1.0#[method]mine.use-all", params: "iii", result: "i" },
        p1b::Function { module: "", name: "cabi_post_every:types/back@0.1.0#[method]mine.use-all", params: "i", result: "" },
        p1b::Function { module: "", name: "every:types/back@0.1.0#[static]mine.give", params: "ii", result: "i" },
        p1b::Function { module: "", name: "cabi_post_every:types/back@0.1.0#[static]mine.give", params: "i", result: "" },
        p1b::Function { module: "", name: "every:types/back@0.1.0#echo", params: "i", result: "i" },
        p1b::Function { module: "", name: "cabi_post_every:types/back@0.1.0#echo", params: "i", result: "" },
        p1b::Function { module: "", name: "every:types/back@0.1.0#shapes", params: "iIIiiII", result: "i" },
        p1b::Function { module: "", name: "cabi_post_every:types/back@0.1.0#shapes", params: "i", result: "" },
        p1b::Function { module: "", name: "every:types/back@0.1.0#sizes", params: "ii", result: "i" },
        p1b::Function { module: "", name: "cabi_post_every:types/back@0.1.0#sizes", params: "i", result: "" },
        p1b::Function { module: "", name: "every:types/back@0.1.0#lots", params: "i", result: "i" },
        p1b::Function { module: "", name: "cabi_post_every:types/back@0.1.0#lots", params: "i", result: "" },
        p1b::Function { module: "", name: "every:types/back@0.1.0#show", params: "i", result: "i" },
        p1b::Function { module: "", name: "every:types/back@0.1.0#maybe", params: "ii", result: "i" },
        p1b::Function { module: "", name: "cabi_post_every:types/back@0.1.0#maybe", params: "i", result: "" },
        p1b::Function { module: "", name: "every:types/back@0.1.0#[resource-drop]mine", params: "i", result: "" },
    ];

    fn import<G: p1b::Guest<Host = H>>(index: usize, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
        match index {
            0 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0,), area) = p1b::arguments::<(p1b::Borrow<every::types::types::Thing>,), u32>(from, slots)?;
                let result = <H as every::types::types::HostThing>::get(parts.host, p0)?;
                p1b::reply(guest, slots, area, &result)
            }
            1 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0,), area) = p1b::arguments::<(p1b::Borrow<every::types::types::Thing>,), ()>(from, slots)?;
                let result = <H as every::types::types::HostThing>::drop_2(parts.host, p0)?;
                p1b::reply(guest, slots, area, &result)
            }
            2 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11), area) = p1b::arguments::<(u8, i8, u16, i16, u32, i32, u64, i64, f32, f64, char, bool), u64>(from, slots)?;
                let result = <H as every::types::types::Host>::numbers(parts.host, p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11)?;
                p1b::reply(guest, slots, area, &result)
            }
            3 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0,), area) = p1b::arguments::<(every::types::types::All,), every::types::types::All>(from, slots)?;
                let result = <H as every::types::types::Host>::echo(parts.host, p0)?;
                p1b::reply(guest, slots, area, &result)
            }
            4 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0, p1), area) = p1b::arguments::<(every::types::types::Shape, Option<every::types::types::Shape>), Result<every::types::types::Shape, every::types::types::Point>>(from, slots)?;
                let result = <H as every::types::types::Host>::shapes(parts.host, p0, p1)?;
                p1b::reply(guest, slots, area, &result)
            }
            5 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0, p1), area) = p1b::arguments::<(every::types::types::Size, every::types::types::Rights), (every::types::types::Size, every::types::types::Rights)>(from, slots)?;
                let result = <H as every::types::types::Host>::sizes(parts.host, p0, p1)?;
                p1b::reply(guest, slots, area, &result)
            }
            6 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0, p1, p2), area) = p1b::arguments::<(p1b::Vec<u64>, p1b::Vec<f32>, p1b::Vec<u8>), p1b::Vec<i16>>(from, slots)?;
                let result = <H as every::types::types::Host>::numbers_of(parts.host, p0, p1, p2)?;
                p1b::reply(guest, slots, area, &result)
            }
            7 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0, p1, p2), area) = p1b::arguments::<(every::types::types::Owner, p1b::Borrow<every::types::types::Thing>, Option<p1b::Own<every::types::types::Thing>>), p1b::Vec<p1b::Own<every::types::types::Thing>>>(from, slots)?;
                let result = <H as every::types::types::Host>::things(parts.host, p0, p1, p2)?;
                p1b::reply(guest, slots, area, &result)
            }
            8 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((), area) = p1b::arguments::<(), ()>(from, slots)?;
                let result = <H as every::types::types::Host>::nothing(parts.host)?;
                p1b::reply(guest, slots, area, &result)
            }
            9 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0,), area) = p1b::arguments::<(p1b::String,), p1b::String>(from, slots)?;
                let result = <H as Host>::log(parts.host, p0)?;
                p1b::reply(guest, slots, area, &result)
            }
            10 => {
                let parts = guest.parts();
                match parts.handles.drop_handle::<every::types::types::Thing>(slots)? {
                    Some(own) => <H as every::types::types::HostThing>::drop(parts.host, own),
                    None => Ok(()),
                }
            }
            _ => Err(p1b::Error::Missing("of another world")),
        }
    }
}
use ::p1bridge_host as p1b;



/// What the host has.
pub trait Host {
    fn log(&mut self, match_: p1b::String) -> p1b::Result<p1b::String>;
}

pub mod every {

    pub mod types {

        pub mod types {
            use ::p1bridge_host as p1b;

            /// A resource of the host: what its handles are of.
            #[derive(Clone, Copy, Debug)]
            pub enum Thing {}

            impl p1b::Resource for Thing {
                const KIND: u16 = 1;
            }

            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub enum Size {
                Small,
                Self_,
                Large,
            }

            impl Size {
                /// All cases.
                pub const ALL: [Size; 3] = [Size::Small, Size::Self_, Size::Large];

                fn of(case: u32) -> p1b::Result<Size> {
                    Self::ALL.get(case as usize).copied().ok_or(p1b::Error::Case)
                }
            }

            impl p1b::Layout for Size {
                const SIZE: u32 = 1;
                const ALIGN: u32 = 1;
                const FLAT: usize = 1;
            }

            impl<'m> p1b::Lift<'m> for Size {
                fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                    Self::of(p1b::glue::load_case(from, at, 1)?)
                }

                fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                    Self::of(p1b::glue::first(slots) as u32)
                }
            }

            impl p1b::Lower for Size {
                fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                    p1b::glue::store_case(guest, at, 1, *self as u32)
                }

                fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                    p1b::glue::put_first(slots, *self as u64);
                    Ok(())
                }
            }

            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            pub struct Rights(u8);

            impl Rights {
                pub const READ: Rights = Rights(1 << 0);
                pub const WRITE: Rights = Rights(1 << 1);
                pub const ALL_2: Rights = Rights(1 << 2);
                /// All of them.
                pub const ALL: Rights = Rights(0x7);

                /// Those of the bits that are flags.
                pub fn from_bits(bits: u8) -> Rights {
                    Rights(bits & Self::ALL.0)
                }

                /// Them as bits, the first the lowest.
                pub fn bits(self) -> u8 {
                    self.0
                }

                /// Whether it has all of the others.
                pub fn contains(self, other: Rights) -> bool {
                    self.0 & other.0 == other.0
                }
            }

            impl ::core::ops::BitOr for Rights {
                type Output = Rights;

                fn bitor(self, other: Rights) -> Rights {
                    Rights(self.0 | other.0)
                }
            }

            impl p1b::Layout for Rights {
                const SIZE: u32 = 1;
                const ALIGN: u32 = 1;
                const FLAT: usize = 1;
            }

            impl<'m> p1b::Lift<'m> for Rights {
                fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                    Ok(Self::from_bits(p1b::Lift::load(from, at)?))
                }

                fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                    Ok(Self::from_bits(p1b::Lift::lift(from, slots)?))
                }
            }

            impl p1b::Lower for Rights {
                fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                    p1b::Lower::store(&self.0, guest, at)
                }

                fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                    p1b::Lower::lower(&self.0, guest, slots)
                }
            }

            #[derive(Clone, Debug, PartialEq)]
            pub struct Point {
                pub x: i8,
                pub y: u64,
                pub type_: f32,
            }

            impl p1b::Layout for Point {
                const SIZE: u32 = 24;
                const ALIGN: u32 = 8;
                const FLAT: usize = 3;
            }

            impl<'m> p1b::Lift<'m> for Point {
                fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                    Ok(Point {
                        x: p1b::Lift::load(from, p1b::glue::after(at, 0))?,
                        y: p1b::Lift::load(from, p1b::glue::after(at, 8))?,
                        type_: p1b::Lift::load(from, p1b::glue::after(at, 16))?,
                    })
                }

                fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                    Ok(Point {
                        x: p1b::Lift::lift(from, p1b::glue::from(slots, 0))?,
                        y: p1b::Lift::lift(from, p1b::glue::from(slots, 1))?,
                        type_: p1b::Lift::lift(from, p1b::glue::from(slots, 2))?,
                    })
                }
            }

            impl p1b::Lower for Point {
                fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                    p1b::Lower::store(&self.x, guest, p1b::glue::after(at, 0))?;
                    p1b::Lower::store(&self.y, guest, p1b::glue::after(at, 8))?;
                    p1b::Lower::store(&self.type_, guest, p1b::glue::after(at, 16))?;
                    Ok(())
                }

                fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                    p1b::Lower::lower(&self.x, guest, p1b::glue::from_mut(slots, 0))?;
                    p1b::Lower::lower(&self.y, guest, p1b::glue::from_mut(slots, 1))?;
                    p1b::Lower::lower(&self.type_, guest, p1b::glue::from_mut(slots, 2))?;
                    Ok(())
                }
            }

            #[derive(Clone, Debug, PartialEq)]
            pub enum Shape {
                None,
                Circle(f64),
                Path(p1b::Vec<Point>),
                Named(p1b::String),
                Both((u8, i64)),
            }

            impl p1b::Layout for Shape {
                const SIZE: u32 = 24;
                const ALIGN: u32 = 8;
                const FLAT: usize = 3;
            }

            impl<'m> p1b::Lift<'m> for Shape {
                fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                    Ok(match p1b::glue::load_case(from, at, 1)? {
                        0 => Shape::None,
                        1 => Shape::Circle(p1b::Lift::load(from, p1b::glue::after(at, 8))?),
                        2 => Shape::Path(p1b::Lift::load(from, p1b::glue::after(at, 8))?),
                        3 => Shape::Named(p1b::Lift::load(from, p1b::glue::after(at, 8))?),
                        4 => Shape::Both(p1b::Lift::load(from, p1b::glue::after(at, 8))?),
                        _ => return Err(p1b::Error::Case),
                    })
                }

                fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                    Ok(match p1b::glue::first(slots) as u32 {
                        0 => Shape::None,
                        1 => Shape::Circle(p1b::Lift::lift(from, p1b::glue::from(slots, 1))?),
                        2 => Shape::Path(p1b::Lift::lift(from, p1b::glue::from(slots, 1))?),
                        3 => Shape::Named(p1b::Lift::lift(from, p1b::glue::from(slots, 1))?),
                        4 => Shape::Both(p1b::Lift::lift(from, p1b::glue::from(slots, 1))?),
                        _ => return Err(p1b::Error::Case),
                    })
                }
            }

            impl p1b::Lower for Shape {
                fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                    match self {
                        Shape::None => {
                            p1b::glue::store_case(guest, at, 1, 0)?;
                            Ok(())
                        }
                        Shape::Circle(value) => {
                            p1b::glue::store_case(guest, at, 1, 1)?;
                            p1b::Lower::store(value, guest, p1b::glue::after(at, 8))
                        }
                        Shape::Path(value) => {
                            p1b::glue::store_case(guest, at, 1, 2)?;
                            p1b::Lower::store(value, guest, p1b::glue::after(at, 8))
                        }
                        Shape::Named(value) => {
                            p1b::glue::store_case(guest, at, 1, 3)?;
                            p1b::Lower::store(value, guest, p1b::glue::after(at, 8))
                        }
                        Shape::Both(value) => {
                            p1b::glue::store_case(guest, at, 1, 4)?;
                            p1b::Lower::store(value, guest, p1b::glue::after(at, 8))
                        }
                    }
                }

                fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                    p1b::glue::clear(slots, 3);
                    match self {
                        Shape::None => {
                            p1b::glue::put_first(slots, 0);
                            Ok(())
                        }
                        Shape::Circle(value) => {
                            p1b::glue::put_first(slots, 1);
                            p1b::Lower::lower(value, guest, p1b::glue::from_mut(slots, 1))
                        }
                        Shape::Path(value) => {
                            p1b::glue::put_first(slots, 2);
                            p1b::Lower::lower(value, guest, p1b::glue::from_mut(slots, 1))
                        }
                        Shape::Named(value) => {
                            p1b::glue::put_first(slots, 3);
                            p1b::Lower::lower(value, guest, p1b::glue::from_mut(slots, 1))
                        }
                        Shape::Both(value) => {
                            p1b::glue::put_first(slots, 4);
                            p1b::Lower::lower(value, guest, p1b::glue::from_mut(slots, 1))
                        }
                    }
                }
            }

            #[derive(Clone, Debug, PartialEq)]
            pub struct All {
                pub a: bool,
                pub b: u8,
                pub c: i16,
                pub d: u16,
                pub e: i32,
                pub f: u32,
                pub g: i64,
                pub h: u64,
                pub i: f32,
                pub j: f64,
                pub k: char,
                pub l: p1b::String,
                pub m: Size,
                pub n: Rights,
                pub o: Point,
                pub p: Shape,
                pub q: Option<Shape>,
                pub r: Result<u8, p1b::String>,
                pub s: Result<(), ()>,
                pub t: p1b::Vec<Shape>,
                pub u: (char, Option<u64>),
                pub v: p1b::Vec<p1b::Vec<u16>>,
                pub w: Result<(), Size>,
                pub x: Result<f32, ()>,
            }

            impl p1b::Layout for All {
                const SIZE: u32 = 216;
                const ALIGN: u32 = 8;
                const FLAT: usize = 40;
            }

            impl<'m> p1b::Lift<'m> for All {
                fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                    Ok(All {
                        a: p1b::Lift::load(from, p1b::glue::after(at, 0))?,
                        b: p1b::Lift::load(from, p1b::glue::after(at, 1))?,
                        c: p1b::Lift::load(from, p1b::glue::after(at, 2))?,
                        d: p1b::Lift::load(from, p1b::glue::after(at, 4))?,
                        e: p1b::Lift::load(from, p1b::glue::after(at, 8))?,
                        f: p1b::Lift::load(from, p1b::glue::after(at, 12))?,
                        g: p1b::Lift::load(from, p1b::glue::after(at, 16))?,
                        h: p1b::Lift::load(from, p1b::glue::after(at, 24))?,
                        i: p1b::Lift::load(from, p1b::glue::after(at, 32))?,
                        j: p1b::Lift::load(from, p1b::glue::after(at, 40))?,
                        k: p1b::Lift::load(from, p1b::glue::after(at, 48))?,
                        l: p1b::Lift::load(from, p1b::glue::after(at, 52))?,
                        m: p1b::Lift::load(from, p1b::glue::after(at, 60))?,
                        n: p1b::Lift::load(from, p1b::glue::after(at, 61))?,
                        o: p1b::Lift::load(from, p1b::glue::after(at, 64))?,
                        p: p1b::Lift::load(from, p1b::glue::after(at, 88))?,
                        q: p1b::Lift::load(from, p1b::glue::after(at, 112))?,
                        r: p1b::Lift::load(from, p1b::glue::after(at, 144))?,
                        s: p1b::Lift::load(from, p1b::glue::after(at, 156))?,
                        t: p1b::Lift::load(from, p1b::glue::after(at, 160))?,
                        u: p1b::Lift::load(from, p1b::glue::after(at, 168))?,
                        v: p1b::Lift::load(from, p1b::glue::after(at, 192))?,
                        w: p1b::Lift::load(from, p1b::glue::after(at, 200))?,
                        x: p1b::Lift::load(from, p1b::glue::after(at, 204))?,
                    })
                }

                fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                    Ok(All {
                        a: p1b::Lift::lift(from, p1b::glue::from(slots, 0))?,
                        b: p1b::Lift::lift(from, p1b::glue::from(slots, 1))?,
                        c: p1b::Lift::lift(from, p1b::glue::from(slots, 2))?,
                        d: p1b::Lift::lift(from, p1b::glue::from(slots, 3))?,
                        e: p1b::Lift::lift(from, p1b::glue::from(slots, 4))?,
                        f: p1b::Lift::lift(from, p1b::glue::from(slots, 5))?,
                        g: p1b::Lift::lift(from, p1b::glue::from(slots, 6))?,
                        h: p1b::Lift::lift(from, p1b::glue::from(slots, 7))?,
                        i: p1b::Lift::lift(from, p1b::glue::from(slots, 8))?,
                        j: p1b::Lift::lift(from, p1b::glue::from(slots, 9))?,
                        k: p1b::Lift::lift(from, p1b::glue::from(slots, 10))?,
                        l: p1b::Lift::lift(from, p1b::glue::from(slots, 11))?,
                        m: p1b::Lift::lift(from, p1b::glue::from(slots, 13))?,
                        n: p1b::Lift::lift(from, p1b::glue::from(slots, 14))?,
                        o: p1b::Lift::lift(from, p1b::glue::from(slots, 15))?,
                        p: p1b::Lift::lift(from, p1b::glue::from(slots, 18))?,
                        q: p1b::Lift::lift(from, p1b::glue::from(slots, 21))?,
                        r: p1b::Lift::lift(from, p1b::glue::from(slots, 25))?,
                        s: p1b::Lift::lift(from, p1b::glue::from(slots, 28))?,
                        t: p1b::Lift::lift(from, p1b::glue::from(slots, 29))?,
                        u: p1b::Lift::lift(from, p1b::glue::from(slots, 31))?,
                        v: p1b::Lift::lift(from, p1b::glue::from(slots, 34))?,
                        w: p1b::Lift::lift(from, p1b::glue::from(slots, 36))?,
                        x: p1b::Lift::lift(from, p1b::glue::from(slots, 38))?,
                    })
                }
            }

            impl p1b::Lower for All {
                fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                    p1b::Lower::store(&self.a, guest, p1b::glue::after(at, 0))?;
                    p1b::Lower::store(&self.b, guest, p1b::glue::after(at, 1))?;
                    p1b::Lower::store(&self.c, guest, p1b::glue::after(at, 2))?;
                    p1b::Lower::store(&self.d, guest, p1b::glue::after(at, 4))?;
                    p1b::Lower::store(&self.e, guest, p1b::glue::after(at, 8))?;
                    p1b::Lower::store(&self.f, guest, p1b::glue::after(at, 12))?;
                    p1b::Lower::store(&self.g, guest, p1b::glue::after(at, 16))?;
                    p1b::Lower::store(&self.h, guest, p1b::glue::after(at, 24))?;
                    p1b::Lower::store(&self.i, guest, p1b::glue::after(at, 32))?;
                    p1b::Lower::store(&self.j, guest, p1b::glue::after(at, 40))?;
                    p1b::Lower::store(&self.k, guest, p1b::glue::after(at, 48))?;
                    p1b::Lower::store(&self.l, guest, p1b::glue::after(at, 52))?;
                    p1b::Lower::store(&self.m, guest, p1b::glue::after(at, 60))?;
                    p1b::Lower::store(&self.n, guest, p1b::glue::after(at, 61))?;
                    p1b::Lower::store(&self.o, guest, p1b::glue::after(at, 64))?;
                    p1b::Lower::store(&self.p, guest, p1b::glue::after(at, 88))?;
                    p1b::Lower::store(&self.q, guest, p1b::glue::after(at, 112))?;
                    p1b::Lower::store(&self.r, guest, p1b::glue::after(at, 144))?;
                    p1b::Lower::store(&self.s, guest, p1b::glue::after(at, 156))?;
                    p1b::Lower::store(&self.t, guest, p1b::glue::after(at, 160))?;
                    p1b::Lower::store(&self.u, guest, p1b::glue::after(at, 168))?;
                    p1b::Lower::store(&self.v, guest, p1b::glue::after(at, 192))?;
                    p1b::Lower::store(&self.w, guest, p1b::glue::after(at, 200))?;
                    p1b::Lower::store(&self.x, guest, p1b::glue::after(at, 204))?;
                    Ok(())
                }

                fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                    p1b::Lower::lower(&self.a, guest, p1b::glue::from_mut(slots, 0))?;
                    p1b::Lower::lower(&self.b, guest, p1b::glue::from_mut(slots, 1))?;
                    p1b::Lower::lower(&self.c, guest, p1b::glue::from_mut(slots, 2))?;
                    p1b::Lower::lower(&self.d, guest, p1b::glue::from_mut(slots, 3))?;
                    p1b::Lower::lower(&self.e, guest, p1b::glue::from_mut(slots, 4))?;
                    p1b::Lower::lower(&self.f, guest, p1b::glue::from_mut(slots, 5))?;
                    p1b::Lower::lower(&self.g, guest, p1b::glue::from_mut(slots, 6))?;
                    p1b::Lower::lower(&self.h, guest, p1b::glue::from_mut(slots, 7))?;
                    p1b::Lower::lower(&self.i, guest, p1b::glue::from_mut(slots, 8))?;
                    p1b::Lower::lower(&self.j, guest, p1b::glue::from_mut(slots, 9))?;
                    p1b::Lower::lower(&self.k, guest, p1b::glue::from_mut(slots, 10))?;
                    p1b::Lower::lower(&self.l, guest, p1b::glue::from_mut(slots, 11))?;
                    p1b::Lower::lower(&self.m, guest, p1b::glue::from_mut(slots, 13))?;
                    p1b::Lower::lower(&self.n, guest, p1b::glue::from_mut(slots, 14))?;
                    p1b::Lower::lower(&self.o, guest, p1b::glue::from_mut(slots, 15))?;
                    p1b::Lower::lower(&self.p, guest, p1b::glue::from_mut(slots, 18))?;
                    p1b::Lower::lower(&self.q, guest, p1b::glue::from_mut(slots, 21))?;
                    p1b::Lower::lower(&self.r, guest, p1b::glue::from_mut(slots, 25))?;
                    p1b::Lower::lower(&self.s, guest, p1b::glue::from_mut(slots, 28))?;
                    p1b::Lower::lower(&self.t, guest, p1b::glue::from_mut(slots, 29))?;
                    p1b::Lower::lower(&self.u, guest, p1b::glue::from_mut(slots, 31))?;
                    p1b::Lower::lower(&self.v, guest, p1b::glue::from_mut(slots, 34))?;
                    p1b::Lower::lower(&self.w, guest, p1b::glue::from_mut(slots, 36))?;
                    p1b::Lower::lower(&self.x, guest, p1b::glue::from_mut(slots, 38))?;
                    Ok(())
                }
            }

            #[derive(Debug, PartialEq)]
            pub struct Owner {
                pub it: p1b::Own<Thing>,
                pub others: p1b::Vec<p1b::Own<Thing>>,
            }

            impl p1b::Layout for Owner {
                const SIZE: u32 = 12;
                const ALIGN: u32 = 4;
                const FLAT: usize = 3;
            }

            impl<'m> p1b::Lift<'m> for Owner {
                fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                    Ok(Owner {
                        it: p1b::Lift::load(from, p1b::glue::after(at, 0))?,
                        others: p1b::Lift::load(from, p1b::glue::after(at, 4))?,
                    })
                }

                fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                    Ok(Owner {
                        it: p1b::Lift::lift(from, p1b::glue::from(slots, 0))?,
                        others: p1b::Lift::lift(from, p1b::glue::from(slots, 1))?,
                    })
                }
            }

            impl p1b::Lower for Owner {
                fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                    p1b::Lower::store(&self.it, guest, p1b::glue::after(at, 0))?;
                    p1b::Lower::store(&self.others, guest, p1b::glue::after(at, 4))?;
                    Ok(())
                }

                fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                    p1b::Lower::lower(&self.it, guest, p1b::glue::from_mut(slots, 0))?;
                    p1b::Lower::lower(&self.others, guest, p1b::glue::from_mut(slots, 1))?;
                    Ok(())
                }
            }

            /// What the host has.
            pub trait Host {
                fn numbers(&mut self, a: u8, b: i8, c: u16, d: i16, e: u32, f: i32, g: u64, h: i64, i: f32, j: f64, k: char, l: bool) -> p1b::Result<u64>;
                fn echo(&mut self, x: All) -> p1b::Result<All>;
                fn shapes(&mut self, x: Shape, y: Option<Shape>) -> p1b::Result<Result<Shape, Point>>;
                fn sizes(&mut self, x: Size, y: Rights) -> p1b::Result<(Size, Rights)>;
                fn numbers_of(&mut self, x: p1b::Vec<u64>, y: p1b::Vec<f32>, z: p1b::Vec<u8>) -> p1b::Result<p1b::Vec<i16>>;
                fn things(&mut self, x: Owner, y: p1b::Borrow<Thing>, z: Option<p1b::Own<Thing>>) -> p1b::Result<p1b::Vec<p1b::Own<Thing>>>;
                fn nothing(&mut self) -> p1b::Result<()>;
            }

            /// What the host has.
            pub trait HostThing {
                fn get(&mut self, this: p1b::Borrow<Thing>) -> p1b::Result<u32>;
                fn drop_2(&mut self, this: p1b::Borrow<Thing>) -> p1b::Result<()>;
                /// The guest has dropped its handle of one that was its own.
                fn drop(&mut self, this: p1b::Own<Thing>) -> p1b::Result<()>;
            }
        }
    }
}

pub mod exports {
    use ::p1bridge_host as p1b;

    /// Calls `run` of the guest.
    ///
    /// # Errors
    ///
    /// When the guest has no room for the arguments, gives what is wrong, or traps.
    pub fn run<G: p1b::Guest>(guest: &mut G, x: &[p1b::String]) -> p1b::Result<u32> {
        p1b::export(guest, 2, None, &(x,))
    }

    pub mod every {

        pub mod types {

            pub mod back {
                use ::p1bridge_host as p1b;

                /// A resource of the guest, by its handle. `drop` says that it is not needed any more.
                #[derive(Debug, PartialEq)]
                pub struct Mine(u32);

                /// The same, lent for the time of a call.
                #[derive(Clone, Copy, Debug, PartialEq)]
                pub struct MineBorrow(u32);

                impl p1b::Layout for Mine {
                    const SIZE: u32 = 4;
                    const ALIGN: u32 = 4;
                    const FLAT: usize = 1;
                }

                impl<'m> p1b::Lift<'m> for Mine {
                    fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                        Ok(Self(p1b::Lift::load(from, at)?))
                    }

                    fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                        Ok(Self(p1b::Lift::lift(from, slots)?))
                    }
                }

                impl p1b::Lower for Mine {
                    fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                        p1b::Lower::store(&self.0, guest, at)
                    }

                    fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                        p1b::Lower::lower(&self.0, guest, slots)
                    }
                }

                impl p1b::Layout for MineBorrow {
                    const SIZE: u32 = 4;
                    const ALIGN: u32 = 4;
                    const FLAT: usize = 1;
                }

                impl<'m> p1b::Lift<'m> for MineBorrow {
                    fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                        Ok(Self(p1b::Lift::load(from, at)?))
                    }

                    fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                        Ok(Self(p1b::Lift::lift(from, slots)?))
                    }
                }

                impl p1b::Lower for MineBorrow {
                    fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                        p1b::Lower::store(&self.0, guest, at)
                    }

                    fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                        p1b::Lower::lower(&self.0, guest, slots)
                    }
                }

                pub type Size = super::super::super::super::every::types::types::Size;

                pub type All = super::super::super::super::every::types::types::All;

                pub type Shape = super::super::super::super::every::types::types::Shape;

                pub type Point = super::super::super::super::every::types::types::Point;

                pub type Rights = super::super::super::super::every::types::types::Rights;

                pub type Thing = super::super::super::super::every::types::types::Thing;

                /// Calls `echo` of the guest.
                ///
                /// # Errors
                ///
                /// When the guest has no room for the arguments, gives what is wrong, or traps.
                pub fn echo<G: p1b::Guest>(guest: &mut G, x: &All) -> p1b::Result<All> {
                    p1b::export(guest, 8, Some(9), &(p1b::lent(x),))
                }
                /// Calls `shapes` of the guest.
                ///
                /// # Errors
                ///
                /// When the guest has no room for the arguments, gives what is wrong, or traps.
                pub fn shapes<G: p1b::Guest>(guest: &mut G, x: &Shape, y: &Option<Shape>) -> p1b::Result<Result<Shape, Point>> {
                    p1b::export(guest, 10, Some(11), &(p1b::lent(x), p1b::lent(y)))
                }
                /// Calls `sizes` of the guest.
                ///
                /// # Errors
                ///
                /// When the guest has no room for the arguments, gives what is wrong, or traps.
                pub fn sizes<G: p1b::Guest>(guest: &mut G, x: Size, y: Rights) -> p1b::Result<(Size, Rights)> {
                    p1b::export(guest, 12, Some(13), &(x, y))
                }
                /// Calls `lots` of the guest.
                ///
                /// # Errors
                ///
                /// When the guest has no room for the arguments, gives what is wrong, or traps.
                pub fn lots<G: p1b::Guest>(guest: &mut G, a: &str, b: &str, c: &str, d: &str, e: &str, f: &str, g: &str, h: &str, i: u8) -> p1b::Result<p1b::String> {
                    p1b::export(guest, 14, Some(15), &(a, b, c, d, e, f, g, h, i))
                }
                /// Calls `show` of the guest.
                ///
                /// # Errors
                ///
                /// When the guest has no room for the arguments, gives what is wrong, or traps.
                pub fn show<G: p1b::Guest>(guest: &mut G, x: p1b::Borrow<super::super::super::super::every::types::types::Thing>) -> p1b::Result<u32> {
                    p1b::export(guest, 16, None, &(x,))
                }
                /// Calls `maybe` of the guest.
                ///
                /// # Errors
                ///
                /// When the guest has no room for the arguments, gives what is wrong, or traps.
                pub fn maybe<G: p1b::Guest>(guest: &mut G, x: &Option<u32>) -> p1b::Result<Option<u32>> {
                    p1b::export(guest, 17, Some(18), &(p1b::lent(x),))
                }

                impl Mine {
                    /// Lends it.
                    pub fn borrow(&self) -> MineBorrow {
                        MineBorrow(self.0)
                    }

                    /// Calls `[constructor]mine` of the guest.
                    ///
                    /// # Errors
                    ///
                    /// When the guest has no room for the arguments, gives what is wrong, or traps.
                    pub fn new<G: p1b::Guest>(guest: &mut G, x: &[p1b::String]) -> p1b::Result<Mine> {
                        p1b::export(guest, 3, None, &(x,))
                    }
                    /// Calls `[method]mine.use-all` of the guest.
                    ///
                    /// # Errors
                    ///
                    /// When the guest has no room for the arguments, gives what is wrong, or traps.
                    pub fn use_all<G: p1b::Guest>(&self, guest: &mut G, x: &[MineBorrow]) -> p1b::Result<p1b::String> {
                        p1b::export(guest, 4, Some(5), &(p1b::lent(self), x))
                    }
                    /// Calls `[static]mine.give` of the guest.
                    ///
                    /// # Errors
                    ///
                    /// When the guest has no room for the arguments, gives what is wrong, or traps.
                    pub fn give<G: p1b::Guest>(guest: &mut G, x: &Option<Mine>) -> p1b::Result<Result<Mine, Size>> {
                        p1b::export(guest, 6, Some(7), &(p1b::lent(x),))
                    }
                    /// Drops it: the guest does not hear of it any more.
                    ///
                    /// # Errors
                    ///
                    /// When the guest traps.
                    pub fn drop<G: p1b::Guest>(self, guest: &mut G) -> p1b::Result<()> {
                        p1b::export(guest, 19, None, &(self,))
                    }
                }
            }
        }
    }
}
