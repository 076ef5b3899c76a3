//! A host with the functions of WAMR for sockets, over the sockets of this machine.
//!
//! The interpreter is wasmi; what it offers of Preview 1 is what a program needs that talks to a
//! peer. It behaves as WAMR 2.4 does where that is other than expected: `sock_bind` makes a socket
//! forget what it has not sent when it is closed, `sock_shutdown` shuts down both directions, and
//! `sock_send_to` sends no empty datagram. Its pool of addresses is 127.0.0.1.

mod preview1;
mod wamr;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Instant;

use anyhow::Result;
use rustix::io::Errno;
use rustix::net::SocketType;
use wasmi::{Caller, Engine, Linker, Memory, Module, Store};

const MODULE: &str = "wasi_snapshot_preview1";

/// What became of a program.
#[derive(Debug)]
pub struct Ended {
    pub stdout: String,
    pub stderr: String,
    /// The exit code, or the message of a trap.
    pub exit: Result<i32, String>,
}

/// Runs the command `wasm` with arguments and standard input, which is nothing unless it is given.
///
/// # Errors
///
/// Fails for a module that imports what this host does not have.
pub fn run(wasm: &[u8], args: &[&str], stdin: Option<OwnedFd>) -> Result<Ended> {
    let engine = Engine::default();
    let module = Module::new(&engine, wasm)?;
    let host = Host {
        args: args.iter().map(|arg| arg.to_string()).collect(),
        started: Instant::now(),
        sockets: HashMap::new(),
        stdin,
        // WAMR's numbers are of no order.
        next: 77,
        written: [Vec::new(), Vec::new()],
    };
    let mut store = Store::new(&engine, host);
    let mut linker = Linker::new(&engine);
    preview1::add(&mut linker)?;
    wamr::add(&mut linker)?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let start = instance.get_typed_func::<(), ()>(&store, "_start")?;
    let exit = match start.call(&mut store, ()) {
        Ok(()) => Ok(0),
        Err(error) => match error.i32_exit_status() {
            Some(code) => Ok(code),
            None => Err(error.to_string()),
        },
    };
    let [stdout, stderr] = &store.data().written;
    Ok(Ended {
        stdout: String::from_utf8_lossy(stdout).into_owned(),
        stderr: String::from_utf8_lossy(stderr).into_owned(),
        exit,
    })
}

struct Host {
    args: Vec<String>,
    started: Instant,
    sockets: HashMap<i32, (OwnedFd, SocketType)>,
    stdin: Option<OwnedFd>,
    next: i32,
    /// Standard output and standard error.
    written: [Vec<u8>; 2],
}

type Call<'c> = Caller<'c, Host>;
type Answer = Result<(), Errno>;

/// The number of Preview 1 for an error of this machine.
fn number(error: Errno) -> i32 {
    let pairs = [
        (Errno::ACCESS, 2),
        (Errno::ADDRINUSE, 3),
        (Errno::ADDRNOTAVAIL, 4),
        (Errno::AFNOSUPPORT, 5),
        (Errno::AGAIN, 6),
        (Errno::ALREADY, 7),
        (Errno::BADF, 8),
        (Errno::CONNABORTED, 13),
        (Errno::CONNREFUSED, 14),
        (Errno::CONNRESET, 15),
        (Errno::INPROGRESS, 26),
        (Errno::INTR, 27),
        (Errno::INVAL, 28),
        (Errno::ISCONN, 30),
        (Errno::MSGSIZE, 35),
        (Errno::NOTCONN, 53),
        (Errno::PIPE, 64),
        (Errno::TIMEDOUT, 73),
    ];
    let known = pairs.iter().find(|(known, _)| *known == error);
    known.map_or(29, |(_, number)| *number)
}

fn answer(answer: Answer) -> i32 {
    answer.map_or_else(number, |()| 0)
}

fn memory(caller: &Call<'_>) -> Memory {
    let export = caller.get_export("memory");
    export
        .and_then(wasmi::Extern::into_memory)
        .expect("flat modules export their memory")
}

/// Bytes of the program's memory; an address outside is an error of the program.
fn bytes(caller: &Call<'_>, at: i32, length: u32) -> Result<Vec<u8>, Errno> {
    let mut bytes = vec![0; length as usize];
    memory(caller)
        .read(caller, at as u32 as usize, &mut bytes)
        .map_err(|_| Errno::FAULT)?;
    Ok(bytes)
}

fn put(caller: &mut Call<'_>, at: i32, bytes: &[u8]) -> Answer {
    let memory = memory(caller);
    memory
        .write(caller, at as u32 as usize, bytes)
        .map_err(|_| Errno::FAULT)
}

fn put_u32(caller: &mut Call<'_>, at: i32, value: u32) -> Answer {
    put(caller, at, &value.to_le_bytes())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// Addresses and lengths of the buffers of a call.
fn vectors(caller: &Call<'_>, at: i32, count: i32) -> Result<Vec<(i32, u32)>, Errno> {
    if count == 0 {
        return Err(Errno::INVAL);
    }
    let list = bytes(caller, at, count as u32 * 8)?;
    let vectors = list.chunks(8).map(|v| (u32_at(v, 0) as i32, u32_at(v, 4)));
    Ok(vectors.collect())
}

fn gather(caller: &Call<'_>, at: i32, count: i32) -> Result<Vec<u8>, Errno> {
    let mut all = Vec::new();
    for (at, length) in vectors(caller, at, count)? {
        all.extend(bytes(caller, at, length)?);
    }
    Ok(all)
}

fn scatter(caller: &mut Call<'_>, at: i32, count: i32, mut data: &[u8]) -> Answer {
    for (at, length) in vectors(caller, at, count)? {
        let (part, rest) = data.split_at(data.len().min(length as usize));
        put(caller, at, part)?;
        data = rest;
    }
    Ok(())
}

fn room(caller: &Call<'_>, at: i32, count: i32) -> Result<Vec<u8>, Errno> {
    let vectors = vectors(caller, at, count)?;
    Ok(vec![0; vectors.iter().map(|v| v.1 as usize).sum()])
}

/// A socket, or standard input.
fn socket<'c>(caller: &'c Call<'_>, fd: i32) -> Result<&'c OwnedFd, Errno> {
    let host = caller.data();
    match fd {
        0 => host.stdin.as_ref(),
        _ => host.sockets.get(&fd).map(|(socket, _)| socket),
    }
    .ok_or(Errno::BADF)
}

fn keep(caller: &mut Call<'_>, socket: OwnedFd, ty: SocketType, result: i32) -> Answer {
    let host = caller.data_mut();
    let fd = host.next;
    host.next += 1000;
    host.sockets.insert(fd, (socket, ty));
    put_u32(caller, result, fd as u32)
}

/// Reads an address of WAMR: 24 bytes.
fn address(caller: &Call<'_>, at: i32) -> Result<SocketAddr, Errno> {
    let raw = bytes(caller, at, 24)?;
    let word = |at: usize| u16::from_le_bytes([raw[at], raw[at + 1]]);
    Ok(match u32_at(&raw, 0) {
        0 => (Ipv4Addr::new(raw[4], raw[5], raw[6], raw[7]), word(8)).into(),
        1 => {
            let words = std::array::from_fn(|index| word(4 + 2 * index));
            (Ipv6Addr::from(words), word(20)).into()
        }
        _ => return Err(Errno::PROTONOSUPPORT),
    })
}

fn wamr_address(address: SocketAddr) -> [u8; 24] {
    let mut raw = [0; 24];
    match address.ip() {
        IpAddr::V4(ip) => {
            raw[4..8].copy_from_slice(&ip.octets());
            raw[8..10].copy_from_slice(&address.port().to_le_bytes());
        }
        IpAddr::V6(ip) => {
            raw[0] = 1;
            for (index, word) in ip.segments().into_iter().enumerate() {
                raw[4 + 2 * index..6 + 2 * index].copy_from_slice(&word.to_le_bytes());
            }
            raw[20..22].copy_from_slice(&address.port().to_le_bytes());
        }
    }
    raw
}

fn put_address(caller: &mut Call<'_>, at: i32, address: Option<SocketAddr>) -> Answer {
    put(
        caller,
        at,
        &wamr_address(address.ok_or(Errno::AFNOSUPPORT)?),
    )
}
