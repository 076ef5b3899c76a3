//! Interfaces as text.
#![no_std]
#![warn(missing_docs)]

/// What `flatten --http` puts in front of a component that answers requests, in WIT.
pub const EXCHANGE: &str = include_str!("../http/exchange.wit");

/// The functions of WSI for core modules, one in a line.
pub const WSI: &str = include_str!("../wsi/wsi.txt");
