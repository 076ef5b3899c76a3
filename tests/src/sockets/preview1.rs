//! The functions of Preview 1 that a program with sockets needs.

use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{self, SendFlags, SocketType};
use wasmi::Linker;

use super::{
    Answer, Call, Host, MODULE, answer, bytes, gather, number, put, put_u32, room, scatter, socket,
    u32_at, u64_at,
};

/// What of Preview 1 a program with sockets needs.
pub fn add(linker: &mut Linker<Host>) -> Result<(), wasmi::errors::LinkerError> {
    linker.func_wrap(MODULE, "proc_exit", |_: Call<'_>, code: i32| {
        Err::<(), _>(wasmi::Error::i32_exit(code))
    })?;
    linker.func_wrap(
        MODULE,
        "args_sizes_get",
        |mut c: Call<'_>, count: i32, size: i32| {
            let args = &c.data().args;
            let bytes: usize = args.iter().map(|arg| arg.len() + 1).sum();
            let number = args.len() as u32;
            answer(
                put_u32(&mut c, count, number).and_then(|()| put_u32(&mut c, size, bytes as u32)),
            )
        },
    )?;
    linker.func_wrap(
        MODULE,
        "args_get",
        |mut c: Call<'_>, list: i32, mut at: i32| {
            for (index, arg) in c.data().args.clone().into_iter().enumerate() {
                let text = [arg.as_bytes(), &[0]].concat();
                let done = put_u32(&mut c, list + 4 * index as i32, at as u32)
                    .and_then(|()| put(&mut c, at, &text));
                if let Err(error) = done {
                    return number(error);
                }
                at += text.len() as i32;
            }
            0
        },
    )?;
    linker.func_wrap(
        MODULE,
        "clock_time_get",
        |mut c: Call<'_>, _clock: i32, _precision: i64, result: i32| {
            let now = c.data().started.elapsed().as_nanos() as u64;
            answer(put(&mut c, result, &now.to_le_bytes()))
        },
    )?;
    linker.func_wrap(MODULE, "fd_close", |mut c: Call<'_>, fd: i32| {
        let socket = c.data_mut().sockets.remove(&fd);
        answer(socket.map(drop).ok_or(Errno::BADF))
    })?;
    linker.func_wrap(
        MODULE,
        "fd_fdstat_get",
        |mut c: Call<'_>, fd: i32, result: i32| {
            // Standard streams are pipes, whose type Preview 1 cannot say.
            let file_type = match c.data().sockets.get(&fd) {
                Some((_, ty)) if *ty == SocketType::DGRAM => 5,
                Some(_) => 6,
                None => 0,
            };
            let mut stat = [0; 24];
            stat[0] = file_type;
            answer(put(&mut c, result, &stat))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "fd_fdstat_set_flags",
        |c: Call<'_>, fd: i32, flags: i32| {
            answer(socket(&c, fd).and_then(|s| rustix::io::ioctl_fionbio(s, flags & 4 != 0)))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "fd_read",
        |mut c: Call<'_>, fd: i32, at: i32, count: i32, result: i32| {
            let mut read = || {
                let mut buffer = room(&c, at, count)?;
                let length = rustix::io::read(socket(&c, fd)?, &mut buffer)?;
                scatter(&mut c, at, count, &buffer[..length])?;
                put_u32(&mut c, result, length as u32)
            };
            answer(read())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "fd_write",
        |mut c: Call<'_>, fd: i32, at: i32, count: i32, result: i32| {
            let mut write = || {
                let data = gather(&c, at, count)?;
                let length = match fd {
                    1 | 2 => {
                        c.data_mut().written[fd as usize - 1].extend(&data);
                        data.len()
                    }
                    _ => net::send(socket(&c, fd)?, &data, SendFlags::NOSIGNAL)?,
                };
                put_u32(&mut c, result, length as u32)
            };
            answer(write())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "poll_oneoff",
        |mut c: Call<'_>, subscriptions: i32, events: i32, count: i32, result: i32| {
            answer(poll_oneoff(&mut c, subscriptions, events, count, result))
        },
    )?;
    Ok(())
}

/// As WAMR has it: at most one clock, which is relative; a clock alone or with descriptors.
fn poll_oneoff(c: &mut Call<'_>, list: i32, events: i32, count: i32, result: i32) -> Answer {
    if count == 0 {
        return Err(Errno::INVAL);
    }
    let list = bytes(c, list, count as u32 * 48)?;
    let subscriptions: Vec<&[u8]> = list.chunks(48).collect();
    let mut timeout = None;
    let mut waiting = Vec::new();
    for subscription in &subscriptions {
        match subscription[8] {
            0 => {
                assert!(timeout.is_none(), "a second clock");
                assert_eq!(subscription[40], 0, "an absolute clock");
                timeout = Some((u64_at(subscription, 0), u64_at(subscription, 24)));
            }
            tag => waiting.push((
                u64_at(subscription, 0),
                tag,
                u32_at(subscription, 16) as i32,
            )),
        }
    }
    let mut fired: Vec<(u64, u8)> = Vec::new();
    let spec = timeout.map(|(_, nanoseconds)| {
        // Hosts round to milliseconds.
        Timespec::try_from(Duration::from_millis(nanoseconds / 1_000_000)).expect("a short time")
    });
    let ready: Vec<bool> = {
        let fds = waiting
            .iter()
            .map(|(_, tag, fd)| {
                let flags = if *tag == 1 {
                    PollFlags::IN
                } else {
                    PollFlags::OUT
                };
                Ok(PollFd::new(socket(c, *fd)?, flags))
            })
            .collect::<Result<Vec<_>, Errno>>();
        let mut fds = fds?;
        poll(&mut fds, spec.as_ref())?;
        fds.iter().map(|fd| !fd.revents().is_empty()).collect()
    };
    for ((key, tag, _), ready) in waiting.iter().zip(ready) {
        if ready {
            fired.push((*key, *tag));
        }
    }
    if let (true, Some((key, _))) = (fired.is_empty(), timeout) {
        fired.push((key, 0));
    }
    for (index, (key, tag)) in fired.iter().enumerate() {
        let mut event = [0; 32];
        event[..8].copy_from_slice(&key.to_le_bytes());
        event[10] = *tag;
        put(c, events + 32 * index as i32, &event)?;
    }
    put_u32(c, result, fired.len() as u32)
}
