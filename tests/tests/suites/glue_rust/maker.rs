// The host's side of the world maker. Written by `p1bridge host`: do not change it, make it again.
#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(dead_code, non_camel_case_types, unused_variables, clippy::all, clippy::pedantic)]

/// The world maker.
#[derive(Clone, Copy, Debug)]
pub struct Maker;

impl<H> p1b::World<H> for Maker {
    const IMPORTS: &'static [p1b::Function] = &[
    ];
    const EXPORTS: &'static [p1b::Function] = &[
        p1b::Function { module: "", name: "cabi_realloc", params: "iiii", result: "i" },
        p1b::Function { module: "", name: "_initialize", params: "", result: "" },
        p1b::Function { module: "", name: "corpus:linked/words@1.2.0#[constructor]bag", params: "ii", result: "i" },
        p1b::Function { module: "", name: "corpus:linked/words@1.2.0#[method]bag.add", params: "iii", result: "i" },
        p1b::Function { module: "", name: "cabi_post_corpus:linked/words@1.2.0#[method]bag.add", params: "i", result: "" },
        p1b::Function { module: "", name: "corpus:linked/words@1.2.0#[method]bag.words", params: "iiii", result: "i" },
        p1b::Function { module: "", name: "cabi_post_corpus:linked/words@1.2.0#[method]bag.words", params: "i", result: "" },
        p1b::Function { module: "", name: "corpus:linked/words@1.2.0#[static]bag.merge", params: "ii", result: "i" },
        p1b::Function { module: "", name: "corpus:linked/words@1.2.0#shout", params: "ii", result: "i" },
        p1b::Function { module: "", name: "cabi_post_corpus:linked/words@1.2.0#shout", params: "i", result: "" },
        p1b::Function { module: "", name: "corpus:linked/words@1.2.0#bags", params: "", result: "i" },
        p1b::Function { module: "", name: "corpus:linked/words@1.2.0#[resource-drop]bag", params: "i", result: "" },
    ];

    fn import<G: p1b::Guest<Host = H>>(index: usize, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
        match index {
            _ => Err(p1b::Error::Missing("of another world")),
        }
    }
}
use ::p1bridge_host as p1b;



pub mod exports {

    pub mod corpus {

        pub mod linked {

            pub mod words {
                use ::p1bridge_host as p1b;

                /// A resource of the guest, by its handle. `drop` says that it is not needed any more.
                #[derive(Debug, PartialEq)]
                pub struct Bag(u32);

                /// The same, lent for the time of a call.
                #[derive(Clone, Copy, Debug, PartialEq)]
                pub struct BagBorrow(u32);

                impl p1b::Layout for Bag {
                    const SIZE: u32 = 4;
                    const ALIGN: u32 = 4;
                    const FLAT: usize = 1;
                }

                impl<'m> p1b::Lift<'m> for Bag {
                    fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                        Ok(Self(p1b::Lift::load(from, at)?))
                    }

                    fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                        Ok(Self(p1b::Lift::lift(from, slots)?))
                    }
                }

                impl p1b::Lower for Bag {
                    fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                        p1b::Lower::store(&self.0, guest, at)
                    }

                    fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                        p1b::Lower::lower(&self.0, guest, slots)
                    }
                }

                impl p1b::Layout for BagBorrow {
                    const SIZE: u32 = 4;
                    const ALIGN: u32 = 4;
                    const FLAT: usize = 1;
                }

                impl<'m> p1b::Lift<'m> for BagBorrow {
                    fn load(from: &mut p1b::Source<'m, '_>, at: u32) -> p1b::Result<Self> {
                        Ok(Self(p1b::Lift::load(from, at)?))
                    }

                    fn lift(from: &mut p1b::Source<'m, '_>, slots: &[u64]) -> p1b::Result<Self> {
                        Ok(Self(p1b::Lift::lift(from, slots)?))
                    }
                }

                impl p1b::Lower for BagBorrow {
                    fn store<G: p1b::Guest>(&self, guest: &mut G, at: u32) -> p1b::Result<()> {
                        p1b::Lower::store(&self.0, guest, at)
                    }

                    fn lower<G: p1b::Guest>(&self, guest: &mut G, slots: &mut [u64]) -> p1b::Result<()> {
                        p1b::Lower::lower(&self.0, guest, slots)
                    }
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

                /// Calls `shout` of the guest.
                ///
                /// # Errors
                ///
                /// When the guest has no room for the arguments, gives what is wrong, or traps.
                pub fn shout<G: p1b::Guest>(guest: &mut G, text: &str) -> p1b::Result<p1b::String> {
                    p1b::export(guest, 8, Some(9), &(text,))
                }
                /// Calls `bags` of the guest.
                ///
                /// # Errors
                ///
                /// When the guest has no room for the arguments, gives what is wrong, or traps.
                pub fn bags<G: p1b::Guest>(guest: &mut G) -> p1b::Result<u32> {
                    p1b::export(guest, 10, None, &())
                }

                impl Bag {
                    /// Lends it.
                    pub fn borrow(&self) -> BagBorrow {
                        BagBorrow(self.0)
                    }

                    /// Calls `[constructor]bag` of the guest.
                    ///
                    /// # Errors
                    ///
                    /// When the guest has no room for the arguments, gives what is wrong, or traps.
                    pub fn new<G: p1b::Guest>(guest: &mut G, label: &str) -> p1b::Result<Bag> {
                        p1b::export(guest, 2, None, &(label,))
                    }
                    /// Calls `[method]bag.add` of the guest.
                    ///
                    /// # Errors
                    ///
                    /// When the guest has no room for the arguments, gives what is wrong, or traps.
                    pub fn add<G: p1b::Guest>(&self, guest: &mut G, text: &str) -> p1b::Result<Result<u32, p1b::String>> {
                        p1b::export(guest, 3, Some(4), &(p1b::lent(self), text))
                    }
                    /// Calls `[method]bag.words` of the guest.
                    ///
                    /// # Errors
                    ///
                    /// When the guest has no room for the arguments, gives what is wrong, or traps.
                    pub fn words<G: p1b::Guest>(&self, guest: &mut G, how: &Order) -> p1b::Result<p1b::Vec<Word>> {
                        p1b::export(guest, 5, Some(6), &(p1b::lent(self), p1b::lent(how)))
                    }
                    /// Calls `[static]bag.merge` of the guest.
                    ///
                    /// # Errors
                    ///
                    /// When the guest has no room for the arguments, gives what is wrong, or traps.
                    pub fn merge<G: p1b::Guest>(guest: &mut G, into: &Bag, other: Bag) -> p1b::Result<u32> {
                        p1b::export(guest, 7, None, &(p1b::lent(into), other))
                    }
                    /// Drops it: the guest does not hear of it any more.
                    ///
                    /// # Errors
                    ///
                    /// When the guest traps.
                    pub fn drop<G: p1b::Guest>(self, guest: &mut G) -> p1b::Result<()> {
                        p1b::export(guest, 11, None, &(self,))
                    }
                }
            }
        }
    }
}
