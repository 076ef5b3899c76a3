//! What is known about a program before it runs.
//!
//! | file | what it has |
//! |---|---|
//! | [`canon`] | what functions of the canonical ABI are, call and are called |
//! | [`reach`] | what functions can come to call or read |
//! | [`forwarders`] | functions that do nothing but pass on to another one |
//! | [`tasks`] | which functions of the library of tasks are called |
//! | [`stack`] | where a module has its stack pointer |

pub mod canon;
mod forwarders;
pub mod reach;
mod stack;
pub mod tasks;

pub use forwarders::Forwarders;
pub use stack::stack_pointer;
