// The host's side of the world v2. Written by `p1bridge host`: do not change it, make it again.
#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(dead_code, non_camel_case_types, unused_variables, clippy::all, clippy::pedantic)]

/// The world v2.
#[derive(Clone, Copy, Debug)]
pub struct V2;

impl<H: chip::parser::byte_source::Host> p1b::World<H> for V2 {
    const IMPORTS: &'static [p1b::Function] = &[
        p1b::Function { module: "chip:parser/byte-source@0.2.0", name: "size", params: "", result: "I" },
        p1b::Function { module: "chip:parser/byte-source@0.2.0", name: "read", params: "Iii", result: "" },
    ];
    const EXPORTS: &'static [p1b::Function] = &[
        p1b::Function { module: "", name: "cabi_realloc", params: "iiii", result: "i" },
        p1b::Function { module: "", name: "_initialize", params: "", result: "" },
        p1b::Function { module: "", name: "chip:parser/parser@0.2.0#version", params: "", result: "i" },
        p1b::Function { module: "", name: "cabi_post_chip:parser/parser@0.2.0#version", params: "i", result: "" },
        p1b::Function { module: "", name: "chip:parser/parser@0.2.0#parse", params: "ii", result: "i" },
        p1b::Function { module: "", name: "cabi_post_chip:parser/parser@0.2.0#parse", params: "i", result: "" },
        p1b::Function { module: "", name: "chip:parser/parser@0.2.0#tally", params: "", result: "i" },
        p1b::Function { module: "", name: "cabi_post_chip:parser/parser@0.2.0#tally", params: "i", result: "" },
        p1b::Function { module: "", name: "chip:parser/parser@0.2.0#parse-source", params: "", result: "i" },
        p1b::Function { module: "", name: "cabi_post_chip:parser/parser@0.2.0#parse-source", params: "i", result: "" },
    ];

    fn import<G: p1b::Guest<Host = H>>(index: usize, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
        match index {
            0 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((), area) = p1b::arguments::<(), u64>(from, slots)?;
                let result = <H as chip::parser::byte_source::Host>::size(parts.host)?;
                p1b::reply(guest, slots, area, &result)
            }
            1 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0, p1), area) = p1b::arguments::<(u64, u32), p1b::Vec<u8>>(from, slots)?;
                let result = <H as chip::parser::byte_source::Host>::read(parts.host, p0, p1)?;
                p1b::reply(guest, slots, area, &result)
            }
            _ => Err(p1b::Error::Missing("of another world")),
        }
    }
}
use ::p1bridge_host as p1b;



pub mod chip {

    pub mod parser {

        pub mod byte_source {
            use ::p1bridge_host as p1b;



            /// What the host has.
            pub trait Host {
                fn size(&mut self) -> p1b::Result<u64>;
                fn read(&mut self, offset: u64, length: u32) -> p1b::Result<p1b::Vec<u8>>;
            }
        }
    }
}

pub mod exports {

    pub mod chip {

        pub mod parser {

            pub mod parser {
                use ::p1bridge_host as p1b;

                #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
                pub enum Level {
                    Trace,
                    Debug,
                    Info,
                    Warn,
                    Error,
                }

                impl Level {
                    /// All cases.
                    pub const ALL: [Level; 5] = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error];

                    fn of(case: u32) -> p1b::Result<Level> {
                        Self::ALL.get(case as usize).copied().ok_or(p1b::Error::Case)
                    }
                }

                impl p1b::Layout for Level {
                    const SIZE: u32 = 1;
                    const ALIGN: u32 = 1;
                    const FLAT: usize = 1;
                }

                impl<'m> p1b::Lift<'m> for Level {
                    fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                        Self::of(p1b::glue::load_case(from, at, 1)?)
                    }

                    fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                        Self::of(p1b::glue::first(slots) as u32)
                    }
                }

                impl p1b::Lower for Level {
                    fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                        p1b::glue::store_case(guest, at, 1, *self as u32)
                    }

                    fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                        p1b::glue::put_first(slots, *self as u64);
                        Ok(())
                    }
                }

                #[derive(Clone, Debug, PartialEq)]
                pub struct Message {
                    pub time: u64,
                    pub level: Level,
                    pub source: Option<p1b::String>,
                    pub thread: Option<u32>,
                    pub text: p1b::String,
                }

                impl p1b::Layout for Message {
                    const SIZE: u32 = 40;
                    const ALIGN: u32 = 8;
                    const FLAT: usize = 9;
                }

                impl<'m> p1b::Lift<'m> for Message {
                    fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                        Ok(Message {
                            time: p1b::Lift::load(from, p1b::glue::after(at, 0))?,
                            level: p1b::Lift::load(from, p1b::glue::after(at, 8))?,
                            source: p1b::Lift::load(from, p1b::glue::after(at, 12))?,
                            thread: p1b::Lift::load(from, p1b::glue::after(at, 24))?,
                            text: p1b::Lift::load(from, p1b::glue::after(at, 32))?,
                        })
                    }

                    fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                        Ok(Message {
                            time: p1b::Lift::lift(from, p1b::glue::from(slots, 0))?,
                            level: p1b::Lift::lift(from, p1b::glue::from(slots, 1))?,
                            source: p1b::Lift::lift(from, p1b::glue::from(slots, 2))?,
                            thread: p1b::Lift::lift(from, p1b::glue::from(slots, 5))?,
                            text: p1b::Lift::lift(from, p1b::glue::from(slots, 7))?,
                        })
                    }
                }

                impl p1b::Lower for Message {
                    fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                        p1b::Lower::store(&self.time, guest, p1b::glue::after(at, 0))?;
                        p1b::Lower::store(&self.level, guest, p1b::glue::after(at, 8))?;
                        p1b::Lower::store(&self.source, guest, p1b::glue::after(at, 12))?;
                        p1b::Lower::store(&self.thread, guest, p1b::glue::after(at, 24))?;
                        p1b::Lower::store(&self.text, guest, p1b::glue::after(at, 32))?;
                        Ok(())
                    }

                    fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                        p1b::Lower::lower(&self.time, guest, p1b::glue::from_mut(slots, 0))?;
                        p1b::Lower::lower(&self.level, guest, p1b::glue::from_mut(slots, 1))?;
                        p1b::Lower::lower(&self.source, guest, p1b::glue::from_mut(slots, 2))?;
                        p1b::Lower::lower(&self.thread, guest, p1b::glue::from_mut(slots, 5))?;
                        p1b::Lower::lower(&self.text, guest, p1b::glue::from_mut(slots, 7))?;
                        Ok(())
                    }
                }

                #[derive(Clone, Debug, PartialEq)]
                pub enum Failure {
                    Empty,
                    Line(u32),
                    Text(u32),
                }

                impl p1b::Layout for Failure {
                    const SIZE: u32 = 8;
                    const ALIGN: u32 = 4;
                    const FLAT: usize = 2;
                }

                impl<'m> p1b::Lift<'m> for Failure {
                    fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                        Ok(match p1b::glue::load_case(from, at, 1)? {
                            0 => Failure::Empty,
                            1 => Failure::Line(p1b::Lift::load(from, p1b::glue::after(at, 4))?),
                            2 => Failure::Text(p1b::Lift::load(from, p1b::glue::after(at, 4))?),
                            _ => return Err(p1b::Error::Case),
                        })
                    }

                    fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                        Ok(match p1b::glue::first(slots) as u32 {
                            0 => Failure::Empty,
                            1 => Failure::Line(p1b::Lift::lift(from, p1b::glue::from(slots, 1))?),
                            2 => Failure::Text(p1b::Lift::lift(from, p1b::glue::from(slots, 1))?),
                            _ => return Err(p1b::Error::Case),
                        })
                    }
                }

                impl p1b::Lower for Failure {
                    fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                        match self {
                            Failure::Empty => {
                                p1b::glue::store_case(guest, at, 1, 0)?;
                                Ok(())
                            }
                            Failure::Line(value) => {
                                p1b::glue::store_case(guest, at, 1, 1)?;
                                p1b::Lower::store(value, guest, p1b::glue::after(at, 4))
                            }
                            Failure::Text(value) => {
                                p1b::glue::store_case(guest, at, 1, 2)?;
                                p1b::Lower::store(value, guest, p1b::glue::after(at, 4))
                            }
                        }
                    }

                    fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                        p1b::glue::clear(slots, 2);
                        match self {
                            Failure::Empty => {
                                p1b::glue::put_first(slots, 0);
                                Ok(())
                            }
                            Failure::Line(value) => {
                                p1b::glue::put_first(slots, 1);
                                p1b::Lower::lower(value, guest, p1b::glue::from_mut(slots, 1))
                            }
                            Failure::Text(value) => {
                                p1b::glue::put_first(slots, 2);
                                p1b::Lower::lower(value, guest, p1b::glue::from_mut(slots, 1))
                            }
                        }
                    }
                }

                /// Calls `version` of the guest.
                ///
                /// # Errors
                ///
                /// When the guest has no room for the arguments, gives what is wrong, or traps.
                pub fn version<G: p1b::Guest>(guest: &mut G) -> p1b::Result<p1b::String> {
                    p1b::export(guest, 2, Some(3), &())
                }
                /// Calls `parse` of the guest.
                ///
                /// # Errors
                ///
                /// When the guest has no room for the arguments, gives what is wrong, or traps.
                pub fn parse<G: p1b::Guest>(guest: &mut G, bytes: &[u8]) -> p1b::Result<Result<p1b::Vec<Message>, Failure>> {
                    p1b::export(guest, 4, Some(5), &(bytes,))
                }
                /// Calls `tally` of the guest.
                ///
                /// # Errors
                ///
                /// When the guest has no room for the arguments, gives what is wrong, or traps.
                pub fn tally<G: p1b::Guest>(guest: &mut G) -> p1b::Result<p1b::Vec<(Level, u32)>> {
                    p1b::export(guest, 6, Some(7), &())
                }
                /// Calls `parse-source` of the guest.
                ///
                /// # Errors
                ///
                /// When the guest has no room for the arguments, gives what is wrong, or traps.
                pub fn parse_source<G: p1b::Guest>(guest: &mut G) -> p1b::Result<Result<p1b::Vec<Message>, Failure>> {
                    p1b::export(guest, 8, Some(9), &())
                }
            }
        }
    }
}
