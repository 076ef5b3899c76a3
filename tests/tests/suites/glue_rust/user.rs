// The host's side of the world user. Written by `p1bridge host`: do not change it, make it again.
#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(dead_code, non_camel_case_types, unused_variables, clippy::all, clippy::pedantic)]

/// The world user.
#[derive(Clone, Copy, Debug)]
pub struct User;

impl<H: corpus::linked::words::HostBag + corpus::linked::words::Host> p1b::World<H> for User {
    const IMPORTS: &'static [p1b::Function] = &[
        p1b::Function { module: "corpus:linked/words@1.2.0", name: "[constructor]bag", params: "ii", result: "i" },
        p1b::Function { module: "corpus:linked/words@1.2.0", name: "[method]bag.add", params: "iiii", result: "" },
        p1b::Function { module: "corpus:linked/words@1.2.0", name: "[method]bag.words", params: "iiiii", result: "" },
        p1b::Function { module: "corpus:linked/words@1.2.0", name: "[static]bag.merge", params: "ii", result: "i" },
        p1b::Function { module: "corpus:linked/words@1.2.0", name: "shout", params: "iii", result: "" },
        p1b::Function { module: "corpus:linked/words@1.2.0", name: "bags", params: "", result: "i" },
        p1b::Function { module: "corpus:linked/words@1.2.0", name: "[resource-drop]bag", params: "i", result: "" },
    ];
    const EXPORTS: &'static [p1b::Function] = &[
        p1b::Function { module: "", name: "cabi_realloc", params: "iiii", result: "i" },
        p1b::Function { module: "", name: "_initialize", params: "", result: "" },
    ];

    fn import<G: p1b::Guest<Host = H>>(index: usize, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
        match index {
            0 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0,), area) = p1b::arguments::<(p1b::String,), p1b::Own<corpus::linked::words::Bag>>(from, slots)?;
                let result = <H as corpus::linked::words::HostBag>::new(parts.host, p0)?;
                p1b::reply(guest, slots, area, &result)
            }
            1 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0, p1), area) = p1b::arguments::<(p1b::Borrow<corpus::linked::words::Bag>, p1b::String), Result<u32, p1b::String>>(from, slots)?;
                let result = <H as corpus::linked::words::HostBag>::add(parts.host, p0, p1)?;
                p1b::reply(guest, slots, area, &result)
            }
            2 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0, p1), area) = p1b::arguments::<(p1b::Borrow<corpus::linked::words::Bag>, corpus::linked::words::Order), p1b::Vec<corpus::linked::words::Word>>(from, slots)?;
                let result = <H as corpus::linked::words::HostBag>::words(parts.host, p0, p1)?;
                p1b::reply(guest, slots, area, &result)
            }
            3 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0, p1), area) = p1b::arguments::<(p1b::Borrow<corpus::linked::words::Bag>, p1b::Own<corpus::linked::words::Bag>), u32>(from, slots)?;
                let result = <H as corpus::linked::words::HostBag>::merge(parts.host, p0, p1)?;
                p1b::reply(guest, slots, area, &result)
            }
            4 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0,), area) = p1b::arguments::<(p1b::String,), p1b::String>(from, slots)?;
                let result = <H as corpus::linked::words::Host>::shout(parts.host, p0)?;
                p1b::reply(guest, slots, area, &result)
            }
            5 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((), area) = p1b::arguments::<(), u32>(from, slots)?;
                let result = <H as corpus::linked::words::Host>::bags(parts.host)?;
                p1b::reply(guest, slots, area, &result)
            }
            6 => {
                let parts = guest.parts();
                match parts.handles.drop_handle::<corpus::linked::words::Bag>(slots)? {
                    Some(own) => <H as corpus::linked::words::HostBag>::drop(parts.host, own),
                    None => Ok(()),
                }
            }
            _ => Err(p1b::Error::Missing("of another world")),
        }
    }
}
use ::p1bridge_host as p1b;



pub mod corpus {

    pub mod linked {

        pub mod words {
            use ::p1bridge_host as p1b;

            /// A resource of the host: what its handles are of.
            #[derive(Clone, Copy, Debug)]
            pub enum Bag {}

            impl p1b::Resource for Bag {
                const KIND: u16 = 1;
            }

            #[derive(Clone, Debug, PartialEq)]
            pub enum Order {
                ByName,
                ByCount,
                Beginning(p1b::String),
            }

            impl p1b::Layout for Order {
                const SIZE: u32 = 12;
                const ALIGN: u32 = 4;
                const FLAT: usize = 3;
            }

            impl<'m> p1b::Lift<'m> for Order {
                fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                    Ok(match p1b::glue::load_case(from, at, 1)? {
                        0 => Order::ByName,
                        1 => Order::ByCount,
                        2 => Order::Beginning(p1b::Lift::load(from, p1b::glue::after(at, 4))?),
                        _ => return Err(p1b::Error::Case),
                    })
                }

                fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                    Ok(match p1b::glue::first(slots) as u32 {
                        0 => Order::ByName,
                        1 => Order::ByCount,
                        2 => Order::Beginning(p1b::Lift::lift(from, p1b::glue::from(slots, 1))?),
                        _ => return Err(p1b::Error::Case),
                    })
                }
            }

            impl p1b::Lower for Order {
                fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                    match self {
                        Order::ByName => {
                            p1b::glue::store_case(guest, at, 1, 0)?;
                            Ok(())
                        }
                        Order::ByCount => {
                            p1b::glue::store_case(guest, at, 1, 1)?;
                            Ok(())
                        }
                        Order::Beginning(value) => {
                            p1b::glue::store_case(guest, at, 1, 2)?;
                            p1b::Lower::store(value, guest, p1b::glue::after(at, 4))
                        }
                    }
                }

                fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                    p1b::glue::clear(slots, 3);
                    match self {
                        Order::ByName => {
                            p1b::glue::put_first(slots, 0);
                            Ok(())
                        }
                        Order::ByCount => {
                            p1b::glue::put_first(slots, 1);
                            Ok(())
                        }
                        Order::Beginning(value) => {
                            p1b::glue::put_first(slots, 2);
                            p1b::Lower::lower(value, guest, p1b::glue::from_mut(slots, 1))
                        }
                    }
                }
            }

            #[derive(Clone, Debug, PartialEq)]
            pub struct Word {
                pub text: p1b::String,
                pub count: u32,
            }

            impl p1b::Layout for Word {
                const SIZE: u32 = 12;
                const ALIGN: u32 = 4;
                const FLAT: usize = 3;
            }

            impl<'m> p1b::Lift<'m> for Word {
                fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                    Ok(Word {
                        text: p1b::Lift::load(from, p1b::glue::after(at, 0))?,
                        count: p1b::Lift::load(from, p1b::glue::after(at, 8))?,
                    })
                }

                fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                    Ok(Word {
                        text: p1b::Lift::lift(from, p1b::glue::from(slots, 0))?,
                        count: p1b::Lift::lift(from, p1b::glue::from(slots, 2))?,
                    })
                }
            }

            impl p1b::Lower for Word {
                fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                    p1b::Lower::store(&self.text, guest, p1b::glue::after(at, 0))?;
                    p1b::Lower::store(&self.count, guest, p1b::glue::after(at, 8))?;
                    Ok(())
                }

                fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                    p1b::Lower::lower(&self.text, guest, p1b::glue::from_mut(slots, 0))?;
                    p1b::Lower::lower(&self.count, guest, p1b::glue::from_mut(slots, 2))?;
                    Ok(())
                }
            }

            /// What the host has.
            pub trait Host {
                fn shout(&mut self, text: p1b::String) -> p1b::Result<p1b::String>;
                fn bags(&mut self) -> p1b::Result<u32>;
            }

            /// What the host has.
            pub trait HostBag {
                fn new(&mut self, label: p1b::String) -> p1b::Result<p1b::Own<Bag>>;
                fn add(&mut self, this: p1b::Borrow<Bag>, text: p1b::String) -> p1b::Result<Result<u32, p1b::String>>;
                fn words(&mut self, this: p1b::Borrow<Bag>, how: Order) -> p1b::Result<p1b::Vec<Word>>;
                fn merge(&mut self, into: p1b::Borrow<Bag>, other: p1b::Own<Bag>) -> p1b::Result<u32>;
                /// The guest has dropped its handle of one that was its own.
                fn drop(&mut self, this: p1b::Own<Bag>) -> p1b::Result<()>;
            }
        }
    }
}
