//! Interfaces as text.
#![no_std]
#![warn(missing_docs)]

/// What `flatten --http` puts in front of a component that answers requests, in WIT.
pub const EXCHANGE: &str = include_str!("../http/exchange.wit");

/// The functions of WSI for core modules, one in a line.
pub const WSI: &str = include_str!("../wsi/wsi.txt");

/// A file by its path, with its text.
macro_rules! file {
    ($path:literal) => {
        ($path, include_str!(concat!("../", $path)))
    };
}

/// The packages of WASI 0.2 that programs of the command line use, in WIT: the name and text of each file, packages after those
/// that they refer to.
pub const WASI_0_2: &[&[(&str, &str)]] = &[
    &[
        file!("wasi-0.2/io/error.wit"),
        file!("wasi-0.2/io/poll.wit"),
        file!("wasi-0.2/io/streams.wit"),
        file!("wasi-0.2/io/world.wit"),
    ],
    &[
        file!("wasi-0.2/clocks/monotonic-clock.wit"),
        file!("wasi-0.2/clocks/timezone.wit"),
        file!("wasi-0.2/clocks/wall-clock.wit"),
        file!("wasi-0.2/clocks/world.wit"),
    ],
    &[
        file!("wasi-0.2/filesystem/preopens.wit"),
        file!("wasi-0.2/filesystem/types.wit"),
        file!("wasi-0.2/filesystem/world.wit"),
    ],
    &[
        file!("wasi-0.2/random/insecure-seed.wit"),
        file!("wasi-0.2/random/insecure.wit"),
        file!("wasi-0.2/random/random.wit"),
        file!("wasi-0.2/random/world.wit"),
    ],
    &[
        file!("wasi-0.2/sockets/instance-network.wit"),
        file!("wasi-0.2/sockets/ip-name-lookup.wit"),
        file!("wasi-0.2/sockets/network.wit"),
        file!("wasi-0.2/sockets/tcp-create-socket.wit"),
        file!("wasi-0.2/sockets/tcp.wit"),
        file!("wasi-0.2/sockets/udp-create-socket.wit"),
        file!("wasi-0.2/sockets/udp.wit"),
        file!("wasi-0.2/sockets/world.wit"),
    ],
    &[
        file!("wasi-0.2/cli/environment.wit"),
        file!("wasi-0.2/cli/exit.wit"),
        file!("wasi-0.2/cli/imports.wit"),
        file!("wasi-0.2/cli/stdio.wit"),
        file!("wasi-0.2/cli/terminal.wit"),
    ],
];

/// The same of WASI 0.3, but for `http`.
pub const WASI_0_3: &[&[(&str, &str)]] = &[
    &[file!("wasi-0.3/clocks/package.wit")],
    &[file!("wasi-0.3/filesystem/package.wit")],
    &[file!("wasi-0.3/random/package.wit")],
    &[file!("wasi-0.3/sockets/package.wit")],
    &[file!("wasi-0.3/cli/package.wit")],
];
