//! The functions that WAMR has for sockets.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::Timeout;
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, Shutdown, SocketType, sockopt};
use wasmi::Linker;

use super::{
    Answer, Call, Host, MODULE, address, answer, bytes, gather, keep, put, put_address, put_u32,
    room, scatter, socket, u32_at, wamr_address,
};

/// An address that the program may bind to, connect to or send to: those of `--addr-pool=127.0.0.1/32`.
fn allowed(c: &Call<'_>, at: i32) -> Result<SocketAddr, Errno> {
    let address = address(c, at)?;
    match address.ip() == Ipv4Addr::LOCALHOST {
        true => Ok(address),
        false => Err(Errno::ACCESS),
    }
}

/// The functions of WAMR.
pub fn add(linker: &mut Linker<Host>) -> Result<(), wasmi::errors::LinkerError> {
    linker.func_wrap(
        MODULE,
        "sock_open",
        |mut c: Call<'_>, _pool: i32, family: i32, ty: i32, result: i32| {
            let family = match family {
                0 => AddressFamily::INET,
                _ => AddressFamily::INET6,
            };
            let ty = match ty {
                0 => SocketType::DGRAM,
                _ => SocketType::STREAM,
            };
            let made = net::socket(family, ty, None);
            answer(made.and_then(|socket| keep(&mut c, socket, ty, result)))
        },
    )?;
    linker.func_wrap(MODULE, "sock_bind", |c: Call<'_>, fd: i32, at: i32| {
        let bind = || {
            let address = allowed(&c, at)?;
            let socket = socket(&c, fd)?;
            sockopt::set_socket_linger(socket, Some(Duration::ZERO))?;
            net::bind(socket, &address)
        };
        answer(bind())
    })?;
    linker.func_wrap(MODULE, "sock_connect", |c: Call<'_>, fd: i32, at: i32| {
        answer(socket(&c, fd).and_then(|s| net::connect(s, &allowed(&c, at)?)))
    })?;
    linker.func_wrap(
        MODULE,
        "sock_listen",
        |c: Call<'_>, fd: i32, backlog: i32| {
            answer(socket(&c, fd).and_then(|s| net::listen(s, backlog)))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "sock_accept",
        |mut c: Call<'_>, fd: i32, _flags: i32, result: i32| {
            let accepted = socket(&c, fd).and_then(net::accept);
            answer(accepted.and_then(|socket| keep(&mut c, socket, SocketType::STREAM, result)))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "sock_addr_local",
        |mut c: Call<'_>, fd: i32, at: i32| {
            let name = socket(&c, fd).and_then(net::getsockname);
            answer(name.and_then(|name| put_address(&mut c, at, name.try_into().ok())))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "sock_addr_remote",
        |mut c: Call<'_>, fd: i32, at: i32| {
            let name = socket(&c, fd).and_then(net::getpeername);
            answer(name.and_then(|name| {
                put_address(&mut c, at, name.and_then(|name| name.try_into().ok()))
            }))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "sock_recv",
        |mut c: Call<'_>, fd: i32, at: i32, count: i32, _flags: i32, length: i32, out: i32| {
            let mut receive = || {
                let mut buffer = room(&c, at, count)?;
                let (got, _) = net::recv(socket(&c, fd)?, &mut buffer[..], RecvFlags::empty())?;
                scatter(&mut c, at, count, &buffer[..got])?;
                put(&mut c, out, &[0, 0])?;
                put_u32(&mut c, length, got as u32)
            };
            answer(receive())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "sock_recv_from",
        |mut c: Call<'_>, fd: i32, at: i32, count: i32, _flags: i32, from: i32, length: i32| {
            let mut receive = || {
                let mut buffer = room(&c, at, count)?;
                let socket = socket(&c, fd)?;
                let (got, _, sender) = net::recvfrom(socket, &mut buffer[..], RecvFlags::empty())?;
                scatter(&mut c, at, count, &buffer[..got])?;
                put_address(&mut c, from, sender.and_then(|name| name.try_into().ok()))?;
                put_u32(&mut c, length, got as u32)
            };
            answer(receive())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "sock_send",
        |mut c: Call<'_>, fd: i32, iovs: i32, count: i32, _flags: i32, sent: i32| {
            let data = gather(&c, iovs, count);
            let length =
                data.and_then(|data| net::send(socket(&c, fd)?, &data, SendFlags::NOSIGNAL));
            answer(length.and_then(|length| put_u32(&mut c, sent, length as u32)))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "sock_send_to",
        |mut c: Call<'_>, fd: i32, at: i32, count: i32, _flags: i32, to: i32, length: i32| {
            let mut send = || {
                let data = gather(&c, at, count)?;
                if data.is_empty() {
                    return Err(Errno::INVAL);
                }
                let to = allowed(&c, to)?;
                let sent = net::sendto(socket(&c, fd)?, &data, SendFlags::NOSIGNAL, &to)?;
                put_u32(&mut c, length, sent as u32)
            };
            answer(send())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "sock_shutdown",
        |c: Call<'_>, fd: i32, _how: i32| {
            answer(socket(&c, fd).and_then(|s| net::shutdown(s, Shutdown::Both)))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "sock_addr_resolve",
        |mut c: Call<'_>,
         host: i32,
         service: i32,
         hints: i32,
         infos: i32,
         most: i32,
         found: i32| {
            answer(resolve(&mut c, [host, service, hints, infos, most, found]))
        },
    )?;
    options(linker)
}

fn resolve(c: &mut Call<'_>, args: [i32; 6]) -> Answer {
    let [host, service, hints, infos, most, found] = args;
    let text = |at: i32| {
        let mut text = Vec::new();
        loop {
            match bytes(c, at + text.len() as i32, 1)?[0] {
                0 => break,
                byte => text.push(byte),
            }
        }
        String::from_utf8(text).map_err(|_| Errno::INVAL)
    };
    let (host, service) = (text(host)?, text(service)?);
    assert_eq!(service, "");
    let hints = bytes(c, hints, 12)?;
    assert_eq!((u32_at(&hints, 0), u32_at(&hints, 4), hints[8]), (1, 2, 1));
    let addresses = (host.as_str(), 0)
        .to_socket_addrs()
        .map_err(|_| Errno::INVAL)?;
    let mut count = 0;
    for address in addresses {
        if count < most {
            let raw = [&wamr_address(address)[..], &1u32.to_le_bytes()].concat();
            put(c, infos + 28 * count, &raw)?;
        }
        count += 1;
    }
    put_u32(c, found, count as u32)
}

/// The options of sockets, each of which is got and set.
fn options(linker: &mut Linker<Host>) -> Result<(), wasmi::errors::LinkerError> {
    macro_rules! option {
        ($get:literal, $set:literal, $width:literal, |$got:ident| $out:expr, |$s:ident, $v:ident| $in:expr) => {
            linker.func_wrap(MODULE, $get, |mut c: Call<'_>, fd: i32, result: i32| {
                let value = socket(&c, fd).and_then(|$got| Ok($out));
                answer(
                    value
                        .and_then(|value: u64| put(&mut c, result, &value.to_le_bytes()[..$width])),
                )
            })?;
            linker.func_wrap(MODULE, $set, |c: Call<'_>, fd: i32, $v: i32| {
                answer(socket(&c, fd).and_then(|$s| $in))
            })?;
        };
    }
    fn seconds(value: i32) -> Duration {
        Duration::from_secs(value as u64)
    }
    option!(
        "sock_get_reuse_addr",
        "sock_set_reuse_addr",
        1,
        |s| sockopt::socket_reuseaddr(s)?.into(),
        |s, v| sockopt::set_socket_reuseaddr(s, v != 0)
    );
    option!(
        "sock_get_keep_alive",
        "sock_set_keep_alive",
        1,
        |s| sockopt::socket_keepalive(s)?.into(),
        |s, v| sockopt::set_socket_keepalive(s, v != 0)
    );
    option!(
        "sock_get_ipv6_only",
        "sock_set_ipv6_only",
        1,
        |s| sockopt::ipv6_v6only(s)?.into(),
        |s, v| sockopt::set_ipv6_v6only(s, v != 0)
    );
    option!(
        "sock_get_ip_ttl",
        "sock_set_ip_ttl",
        1,
        |s| sockopt::ip_ttl(s)?.into(),
        |s, v| sockopt::set_ip_ttl(s, v as u32)
    );
    option!(
        "sock_get_tcp_keep_idle",
        "sock_set_tcp_keep_idle",
        4,
        |s| sockopt::tcp_keepidle(s)?.as_secs(),
        |s, v| sockopt::set_tcp_keepidle(s, seconds(v))
    );
    option!(
        "sock_get_tcp_keep_intvl",
        "sock_set_tcp_keep_intvl",
        4,
        |s| sockopt::tcp_keepintvl(s)?.as_secs(),
        |s, v| sockopt::set_tcp_keepintvl(s, seconds(v))
    );
    option!(
        "sock_get_broadcast",
        "sock_set_broadcast",
        1,
        |s| sockopt::socket_broadcast(s)?.into(),
        |s, v| sockopt::set_socket_broadcast(s, v != 0)
    );
    option!(
        "sock_get_tcp_no_delay",
        "sock_set_tcp_no_delay",
        1,
        |s| sockopt::tcp_nodelay(s)?.into(),
        |s, v| sockopt::set_tcp_nodelay(s, v != 0)
    );
    option!(
        "sock_get_ip_multicast_ttl",
        "sock_set_ip_multicast_ttl",
        1,
        |s| sockopt::ip_multicast_ttl(s)?.into(),
        |s, v| sockopt::set_ip_multicast_ttl(s, v as u32)
    );
    for (name, kind) in [("recv", Timeout::Recv), ("send", Timeout::Send)] {
        linker.func_wrap(
            MODULE,
            &format!("sock_get_{name}_timeout"),
            move |mut c: Call<'_>, fd: i32, result: i32| {
                let time = socket(&c, fd).and_then(|s| sockopt::socket_timeout(s, kind));
                let micros = |time: Option<Duration>| time.unwrap_or_default().as_micros() as u64;
                answer(time.and_then(|time| put(&mut c, result, &micros(time).to_le_bytes())))
            },
        )?;
        linker.func_wrap(
            MODULE,
            &format!("sock_set_{name}_timeout"),
            move |c: Call<'_>, fd: i32, micros: i64| {
                let time = (micros != 0).then(|| Duration::from_micros(micros as u64));
                let set = |s| sockopt::set_socket_timeout(s, kind, time);
                answer(socket(&c, fd).and_then(set))
            },
        )?;
    }
    linker.func_wrap(
        MODULE,
        "sock_get_ip_multicast_loop",
        |mut c: Call<'_>, fd: i32, _v6: i32, result: i32| {
            let on = socket(&c, fd).and_then(sockopt::ip_multicast_loop);
            answer(on.and_then(|on| put(&mut c, result, &[on.into()])))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "sock_set_ip_multicast_loop",
        |c: Call<'_>, fd: i32, _v6: i32, on: i32| {
            answer(socket(&c, fd).and_then(|s| sockopt::set_ip_multicast_loop(s, on != 0)))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "sock_get_linger",
        |mut c: Call<'_>, fd: i32, enabled: i32, seconds: i32| {
            let mut get = || {
                let time = sockopt::socket_linger(socket(&c, fd)?)?;
                put(&mut c, enabled, &[time.is_some().into()])?;
                put_u32(&mut c, seconds, time.unwrap_or_default().as_secs() as u32)
            };
            answer(get())
        },
    )?;
    // These write a `size_t` of the host.
    option!(
        "sock_get_recv_buf_size",
        "sock_set_recv_buf_size",
        8,
        |s| sockopt::socket_recv_buffer_size(s)? as u64,
        |s, v| sockopt::set_socket_recv_buffer_size(s, v as usize)
    );
    option!(
        "sock_get_send_buf_size",
        "sock_set_send_buf_size",
        8,
        |s| sockopt::socket_send_buffer_size(s)? as u64,
        |s, v| sockopt::set_socket_send_buffer_size(s, v as usize)
    );
    linker.func_wrap(
        MODULE,
        "sock_set_linger",
        |c: Call<'_>, fd: i32, enabled: i32, time: i32| {
            let value = (enabled != 0).then(|| Duration::from_secs(time as u64));
            answer(socket(&c, fd).and_then(|s| sockopt::set_socket_linger(s, value)))
        },
    )?;
    Ok(())
}
