// The host's side of the world views. Written by `p1bridge host`: do not change it, make it again.
#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(dead_code, non_camel_case_types, unused_variables, clippy::all, clippy::pedantic)]

/// The world views.
#[derive(Clone, Copy, Debug)]
pub struct Views;

impl<H: every::views::words::Host> p1b::World<H> for Views {
    const IMPORTS: &'static [p1b::Function] = &[
        p1b::Function { module: "every:views/words@0.1.0", name: "count", params: "iiiii", result: "i" },
        p1b::Function { module: "every:views/words@0.1.0", name: "sum", params: "ii", result: "I" },
        p1b::Function { module: "every:views/words@0.1.0", name: "title", params: "ii", result: "" },
        p1b::Function { module: "every:views/words@0.1.0", name: "primes", params: "i", result: "" },
    ];
    const EXPORTS: &'static [p1b::Function] = &[
        p1b::Function { module: "", name: "cabi_realloc", params: "iiii", result: "i" },
        p1b::Function { module: "", name: "_initialize", params: "", result: "" },
        p1b::Function { module: "", name: "back#words", params: "iiiii", result: "i" },
        p1b::Function { module: "", name: "cabi_post_back#words", params: "i", result: "" },
        p1b::Function { module: "", name: "back#shout", params: "ii", result: "i" },
        p1b::Function { module: "", name: "cabi_post_back#shout", params: "i", result: "" },
    ];

    fn import<G: p1b::Guest<Host = H>>(index: usize, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
        match index {
            0 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0, p1), area) = p1b::arguments::<(p1b::List<'_, every::views::words::Word<'_>>, Option<&'_ str>), u32>(from, slots)?;
                let result = <H as every::views::words::Host>::count(parts.host, p0, p1)?;
                p1b::reply(guest, slots, area, &result)
            }
            1 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0,), area) = p1b::arguments::<(p1b::List<'_, u16>,), u64>(from, slots)?;
                let result = <H as every::views::words::Host>::sum(parts.host, p0)?;
                p1b::reply(guest, slots, area, &result)
            }
            2 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((p0,), area) = p1b::arguments::<(u8,), &'static str>(from, slots)?;
                let result = <H as every::views::words::Host>::title(parts.host, p0)?;
                p1b::reply(guest, slots, area, &result)
            }
            3 => {
                let parts = guest.parts();
                let from = &mut p1b::Source { memory: parts.memory, handles: parts.handles };
                let ((), area) = p1b::arguments::<(), &'static [u16]>(from, slots)?;
                let result = <H as every::views::words::Host>::primes(parts.host)?;
                p1b::reply(guest, slots, area, &result)
            }
            _ => Err(p1b::Error::Missing("of another world")),
        }
    }
}
use ::p1bridge_host as p1b;



pub mod every {

    pub mod views {

        pub mod words {
            use ::p1bridge_host as p1b;

            #[derive(Clone, Debug, PartialEq)]
            pub struct Word<'a> {
                pub text: &'a str,
                pub count: u32,
            }

            impl p1b::Layout for Word<'_> {
                const SIZE: u32 = 12;
                const ALIGN: u32 = 4;
                const FLAT: usize = 3;
            }

            impl<'m> p1b::Lift<'m> for Word<'m> {
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

            impl p1b::Lower for Word<'_> {
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
                fn count(&mut self, x: p1b::List<'_, Word<'_>>, begin: Option<&'_ str>) -> p1b::Result<u32>;
                fn sum(&mut self, x: p1b::List<'_, u16>) -> p1b::Result<u64>;
                fn title(&mut self, x: u8) -> p1b::Result<&'static str>;
                fn primes(&mut self) -> p1b::Result<&'static [u16]>;
            }
        }
    }
}

pub mod exports {

    pub mod back {
        use ::p1bridge_host as p1b;

        /// Calls `words` of the guest.
        ///
        /// # Errors
        ///
        /// When the guest has no room for the arguments, gives what is wrong, or traps.
        pub fn words<G: p1b::Guest, Out>(guest: &mut G, x: &super::super::every::views::words::Word<'_>, y: &[&'_ str], then: impl FnOnce(p1b::List<'_, super::super::every::views::words::Word<'_>>) -> Out) -> p1b::Result<Out> {
            p1b::export_with(guest, 2, Some(3), &(p1b::lent(x), y), |from, given| p1b::result(from, given).map(then))
        }
        /// Calls `shout` of the guest.
        ///
        /// # Errors
        ///
        /// When the guest has no room for the arguments, gives what is wrong, or traps.
        pub fn shout<G: p1b::Guest, Out>(guest: &mut G, x: &str, then: impl FnOnce(Result<&'_ str, u8>) -> Out) -> p1b::Result<Out> {
            p1b::export_with(guest, 4, Some(5), &(x,), |from, given| p1b::result(from, given).map(then))
        }
    }
}
