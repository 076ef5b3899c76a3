//! WAMR's functions for sockets in a component, on the network of this machine: what each answers, with its errors. Both ends of
//! a connection are in the program, which has one thread: the system takes connections before the program does.

use super::script::Script;
use super::steps::{BUF, FD, IOV, OUT};
use super::{Arg, Guest, Setting, at, component, n, run};

/// Where addresses are, of 24 bytes each, and lists of subscriptions and events.
const LOCAL: u32 = 0x300;
const OTHER: u32 = 0x320;
const SUBSCRIPTIONS: u32 = 0x400;
const EVENTS: u32 = 0x500;

/// Where the numbers of descriptors are, which are 3, 4 and 5: of what listens, of a client, of what is accepted.
const LISTENER: u32 = FD;
const CLIENT: u32 = FD + 4;
const SERVER: u32 = FD + 8;

/// What is waited for.
const READ: u8 = 1;
const WRITE: u8 = 2;

const NONBLOCK: i64 = 4;

impl Script {
    /// Calls a function that takes a descriptor first.
    fn on(&mut self, fd: u32, name: &str, args: &[i64]) -> &mut Script {
        let args = args.iter().map(|arg| n(*arg));
        let args: Vec<Arg> = [at(fd)].into_iter().chain(args).collect();
        self.call(name, &args)
    }

    fn socket(&mut self, kind: i64, fd: u32) -> &mut Script {
        self.call("sock_open", &[n(-1), n(0), n(kind), n(fd.into())])
    }

    /// Binds to any port of this machine, and has the address at `address`.
    fn bound(&mut self, fd: u32, address: u32) -> &mut Script {
        self.poke(address, &[0, 0, 0, 0, 127, 0, 0, 1, 0, 0])
            .on(fd, "sock_bind", &[address.into()])
            .on(fd, "sock_addr_local", &[address.into()])
            .dump(address, 8)
    }

    /// A connection: [`LISTENER`], [`CLIENT`] and [`SERVER`].
    fn connected(&mut self) -> &mut Script {
        self.socket(1, LISTENER)
            .bound(LISTENER, LOCAL)
            .on(LISTENER, "sock_listen", &[8])
            .socket(1, CLIENT)
            .on(CLIENT, "sock_connect", &[LOCAL.into()])
            .on(LISTENER, "sock_accept", &[0, SERVER.into()])
    }

    fn send(&mut self, fd: u32, text: &str) -> &mut Script {
        self.vectors(&[text.len() as u32])
            .poke(BUF, text.as_bytes())
            .poke(OUT, &[0; 4])
            .on(fd, "sock_send", &[IOV.into(), 1, 0, OUT.into()])
            .dump(OUT, 1)
    }

    /// Receives into buffers, and logs what came, and the flags of it.
    fn receive(&mut self, fd: u32, lengths: &[u32], flags: i64) -> &mut Script {
        let (count, out) = (lengths.len() as i64, i64::from(OUT));
        self.vectors(lengths)
            .poke(OUT, &[0, 0, 0, 0, 9, 9])
            .on(fd, "sock_recv", &[IOV.into(), count, flags, out, out + 4])
            .dump_counted(BUF, OUT)
            .dump(OUT + 4, 2)
    }

    fn flags(&mut self, fd: u32, flags: i64) -> &mut Script {
        self.on(fd, "fd_fdstat_set_flags", &[flags])
    }

    /// Waits until a descriptor can be read or written; logs the first event.
    fn wait(&mut self, fd: u32, tag: u8) -> &mut Script {
        self.wait_or(fd, tag, 20_000_000_000)
    }

    /// The same, for some milliseconds, where that is not to be expected.
    fn wait_in_vain(&mut self, fd: u32, tag: u8) -> &mut Script {
        self.wait_or(fd, tag, 20_000_000)
    }

    fn wait_or(&mut self, fd: u32, tag: u8, nanoseconds: u64) -> &mut Script {
        let mut list = [0; 96];
        list[0] = b's';
        list[8] = tag;
        list[16] = 3 + (fd - FD) as u8 / 4;
        list[48] = b'c';
        list[64] = 1;
        list[72..80].copy_from_slice(&nanoseconds.to_le_bytes());
        let args = [SUBSCRIPTIONS, EVENTS, 2, OUT].map(|arg| n(arg.into()));
        self.poke(SUBSCRIPTIONS, &list)
            .call("poll_oneoff", &args)
            .dump(EVENTS, 1)
            .dump(EVENTS + 8, 12)
    }

    /// Runs it as a component, and looks at a line for each step: the function, and what it returns.
    #[track_caller]
    fn answers(&self, expected: &str) {
        let mut functions = self.functions();
        functions.push("fd_write");
        let mut setting = Setting::default();
        setting.spec.network = true;
        let guest = Guest {
            wasm: component(&self.guest(&functions, 2)),
            reads_script: false,
        };
        let did = run(&guest, self, &setting);
        let mut answers = String::new();
        for line in &did.lines {
            match line.strip_prefix("memory at 0x") {
                Some(bytes) => {
                    let (_, bytes) = bytes.split_once(": ").expect("bytes");
                    answers += &format!(" `{bytes}`");
                }
                None => {
                    let (name, rest) = line.split_once('[').expect("arguments");
                    let (_, errno) = rest.rsplit_once(" = ").expect("a result");
                    answers += &format!("\n{name} {errno}");
                }
            }
        }
        assert_eq!(answers.trim(), expected.trim(), "{}", did.exit);
        assert_eq!(did.exit, "exit 0");
    }
}

#[test]
fn both_ends_of_a_connection() {
    let mut script = Script::default();
    script.connected();
    for fd in [LISTENER, CLIENT, SERVER] {
        script
            .on(fd, "fd_fdstat_get", &[OUT.into()])
            .dump(OUT, 4)
            .dump(OUT + 8, 4);
    }
    script
        .on(CLIENT, "fd_filestat_get", &[BUF.into()])
        .dump(BUF + 16, 1);
    script.on(CLIENT, "fd_seek", &[0, 0, OUT.into()]);
    script.on(CLIENT, "fd_pread", &[IOV.into(), 1, 0, OUT.into()]);
    script.on(CLIENT, "fd_sync", &[]);
    script
        .on(CLIENT, "sock_addr_remote", &[OTHER.into()])
        .dump(OTHER, 8);
    script.on(CLIENT, "sock_connect", &[LOCAL.into()]);
    script.on(CLIENT, "sock_bind", &[LOCAL.into()]);
    script
        .send(CLIENT, "hello wide world")
        .receive(SERVER, &[5, 0, 4, 100], 0)
        .write(SERVER, "answer")
        .read(CLIENT, 3)
        .read(CLIENT, 30);
    // All that there is room for.
    script
        .send(SERVER, "one")
        .send(SERVER, "two")
        .receive(CLIENT, &[4, 2], 2)
        .receive(CLIENT, &[4], 1);
    script
        .flags(SERVER, NONBLOCK)
        .receive(SERVER, &[4], 0)
        .wait_in_vain(SERVER, READ)
        .wait(SERVER, WRITE);
    script
        .send(CLIENT, "now")
        .wait(SERVER, READ)
        .receive(SERVER, &[40], 0)
        .flags(SERVER, 0);
    script
        .on(CLIENT, "sock_set_recv_timeout", &[20_000])
        .on(CLIENT, "sock_get_recv_timeout", &[BUF.into()])
        .dump(BUF, 8)
        .receive(CLIENT, &[4], 0)
        .on(CLIENT, "sock_set_recv_timeout", &[0]);
    // One direction ends, and then the other.
    script
        .on(CLIENT, "sock_shutdown", &[2])
        .receive(SERVER, &[4], 0)
        .send(CLIENT, "no")
        .send(SERVER, "last")
        .close(SERVER)
        .receive(CLIENT, &[9], 0)
        .receive(CLIENT, &[9], 0);
    script.close(SERVER).receive(SERVER, &[4], 0);
    script
        .on(CLIENT, "sock_close", &[])
        .on(CLIENT, "sock_close", &[]);
    script.answers(
        r"
sock_open 0
sock_bind 0
sock_addr_local 0 `\x00\x00\x00\x00\x7f\x00\x00\x01`
sock_listen 0
sock_open 0
sock_connect 0
sock_accept 0
fd_fdstat_get 0 `\x06\x00\x00\x00` `J\x00 8`
fd_fdstat_get 0 `\x06\x00\x00\x00` `J\x00 8`
fd_fdstat_get 0 `\x06\x00\x00\x00` `J\x00 8`
fd_filestat_get 0 `\x06`
fd_seek 76
fd_pread 76
fd_sync 76
sock_addr_remote 0 `\x00\x00\x00\x00\x7f\x00\x00\x01`
sock_connect 30
sock_bind 28
sock_send 0 `\x10`
sock_recv 0 `hello wide world` `\x00\x00`
fd_write 0 `\x06\x00\x00\x00`
fd_read 0 `ans`
fd_read 0 `wer`
sock_send 0 `\x03`
sock_send 0 `\x03`
sock_recv 0 `onetwo` `\x00\x00`
sock_recv 58 `` `\t\t`
fd_fdstat_set_flags 0
sock_recv 6 `` `\x00\x00`
poll_oneoff 0 `c` `\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00`
poll_oneoff 0 `s` `\x00\x00\x02\x00\x00\x00\x00\x00\x01\x00\x00\x00`
sock_send 0 `\x03`
poll_oneoff 0 `s` `\x00\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00`
sock_recv 0 `now` `\x00\x00`
fd_fdstat_set_flags 0
sock_set_recv_timeout 0
sock_get_recv_timeout 0 ` N\x00\x00\x00\x00\x00\x00`
sock_recv 6 `` `\x00\x00`
sock_set_recv_timeout 0
sock_shutdown 0
sock_recv 0 `` `\x00\x00`
sock_send 64 `\x00`
sock_send 0 `\x04`
fd_close 0
sock_recv 0 `last` `\x00\x00`
sock_recv 0 `` `\x00\x00`
fd_close 8
sock_recv 8 `` `\t\t`
sock_close 0
sock_close 8
",
    );
}

#[test]
fn what_cannot_be_done_with_a_socket() {
    let mut script = Script::default();
    script.socket(1, LISTENER).socket(2, SERVER);
    script.call("sock_open", &[n(-1), n(2), n(1), n(SERVER.into())]);
    script
        .on(LISTENER, "sock_addr_local", &[LOCAL.into()])
        .dump(LOCAL, 24)
        .on(LISTENER, "sock_addr_remote", &[LOCAL.into()])
        .on(LISTENER, "sock_accept", &[0, SERVER.into()])
        .on(LISTENER, "sock_shutdown", &[3])
        .send(LISTENER, "x")
        .receive(LISTENER, &[1], 0);
    // An address of no family, one of another, and nobody's.
    script
        .poke(LOCAL, &[2])
        .on(LISTENER, "sock_bind", &[LOCAL.into()])
        .on(LISTENER, "sock_connect", &[LOCAL.into()])
        .poke(LOCAL, &[1])
        .on(LISTENER, "sock_bind", &[LOCAL.into()])
        .poke(LOCAL, &[0])
        .on(LISTENER, "sock_connect", &[LOCAL.into()]);
    // A port of datagrams is not one of connections.
    script
        .socket(0, CLIENT)
        .bound(CLIENT, LOCAL)
        .on(LISTENER, "sock_connect", &[LOCAL.into()])
        .on(LISTENER, "sock_addr_remote", &[LOCAL.into()])
        .receive(LISTENER, &[1], 0)
        .on(CLIENT, "sock_listen", &[1])
        .on(CLIENT, "sock_shutdown", &[3])
        .on(CLIENT, "sock_bind", &[LOCAL.into()])
        .wait(LISTENER, READ);
    // Bound by listening, which can be said again.
    script
        .socket(1, SERVER)
        .on(SERVER, "sock_listen", &[0])
        .on(SERVER, "sock_listen", &[5])
        .flags(SERVER, NONBLOCK)
        .on(SERVER, "sock_accept", &[0, OUT.into()])
        .wait_in_vain(SERVER, READ)
        .on(SERVER, "sock_set_recv_timeout", &[1000])
        .flags(SERVER, 0)
        .on(SERVER, "sock_accept", &[0, OUT.into()]);
    for fd in [1, 99] {
        script
            .call("sock_bind", &[n(fd), n(LOCAL.into())])
            .call("sock_listen", &[n(fd), n(1)])
            .call("sock_close", &[n(fd)])
            .call("sock_set_broadcast", &[n(fd), n(1)])
            .call("sock_set_ip_multicast_ttl", &[n(fd), n(1)])
            .call("sock_accept", &[n(fd), n(0), n(OUT.into())]);
    }
    script.answers(
        r"
sock_open 0
sock_open 28
sock_open 5
sock_addr_local 0 `\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00`
sock_addr_remote 53
sock_accept 28
sock_shutdown 53
sock_send 53 `\x00`
sock_recv 53 `` `\x00\x00`
sock_bind 5
sock_connect 5
sock_bind 28
sock_connect 28
sock_open 0
sock_bind 0
sock_addr_local 0 `\x00\x00\x00\x00\x7f\x00\x00\x01`
sock_connect 14
sock_addr_remote 53
sock_recv 53 `` `\x00\x00`
sock_listen 58
sock_shutdown 58
sock_bind 28
poll_oneoff 0 `s` `\x00\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00`
sock_open 0
sock_listen 0
sock_listen 0
fd_fdstat_set_flags 0
sock_accept 6
poll_oneoff 0 `c` `\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00`
sock_set_recv_timeout 0
fd_fdstat_set_flags 0
sock_accept 6
sock_bind 57
sock_listen 57
sock_close 57
sock_set_broadcast 57
sock_set_ip_multicast_ttl 57
sock_accept 57
sock_bind 8
sock_listen 8
sock_close 8
sock_set_broadcast 8
sock_set_ip_multicast_ttl 8
sock_accept 8
",
    );
}

#[test]
fn datagrams() {
    // Of these two, the first is bound by what it sends.
    const FIRST: u32 = LISTENER;
    const SECOND: u32 = CLIENT;
    let to = |script: &mut Script, fd: u32, length: u32, address: u32| {
        script.vectors(&[length - length / 2, length / 2]).on(
            fd,
            "sock_send_to",
            &[IOV.into(), 2, 0, address.into(), OUT.into()],
        );
    };
    let from = |script: &mut Script, fd: u32| {
        script
            .vectors(&[3, 100])
            .poke(OUT, &[0; 4])
            .poke(LOCAL, &[9; 8])
            .on(
                fd,
                "sock_recv_from",
                &[IOV.into(), 2, 0, LOCAL.into(), OUT.into()],
            )
            .dump_counted(BUF, OUT)
            .dump(LOCAL, 8);
    };
    let mut script = Script::default();
    script
        .socket(0, FIRST)
        .socket(0, SECOND)
        .bound(SECOND, OTHER)
        .on(FIRST, "fd_fdstat_get", &[OUT.into()])
        .dump(OUT, 1);
    script.send(FIRST, "to whom?");
    script.poke(BUF, b"ping");
    to(&mut script, FIRST, 4, OTHER);
    script.dump(OUT, 1);
    from(&mut script, SECOND);
    // It has one peer from now on.
    script
        .on(SECOND, "sock_addr_remote", &[OTHER.into()])
        .on(SECOND, "sock_connect", &[LOCAL.into()])
        .on(SECOND, "sock_addr_remote", &[OTHER.into()])
        .dump(OTHER, 8)
        .send(SECOND, "pong")
        .wait(FIRST, READ)
        .receive(FIRST, &[2], 0)
        .send(SECOND, "")
        .receive(FIRST, &[2], 0)
        .write(SECOND, "written")
        .read(FIRST, 10);
    script.wait_in_vain(FIRST, READ).wait(FIRST, WRITE);
    script.flags(FIRST, NONBLOCK);
    from(&mut script, FIRST);
    script
        .flags(FIRST, 0)
        .on(FIRST, "sock_set_recv_timeout", &[5000]);
    from(&mut script, FIRST);
    script.on(SECOND, "sock_addr_local", &[OTHER.into()]);
    for length in [65507, 65508, 70000] {
        to(&mut script, FIRST, length, OTHER);
    }
    script.answers(
        r"
sock_open 0
sock_open 0
sock_bind 0
sock_addr_local 0 `\x00\x00\x00\x00\x7f\x00\x00\x01`
fd_fdstat_get 0 `\x05`
sock_send 17 `\x00`
sock_send_to 0 `\x04`
sock_recv_from 0 `ping` `\x00\x00\x00\x00\x7f\x00\x00\x01`
sock_addr_remote 53
sock_connect 0
sock_addr_remote 0 `\x00\x00\x00\x00\x7f\x00\x00\x01`
sock_send 0 `\x04`
poll_oneoff 0 `s` `\x00\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00`
sock_recv 0 `po` `\x01\x00`
sock_send 0 `\x00`
sock_recv 0 `` `\x00\x00`
fd_write 0 `\x07\x00\x00\x00`
fd_read 0 `written`
poll_oneoff 0 `c` `\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00`
poll_oneoff 0 `s` `\x00\x00\x02\x00\x00\x00\x00\x00\x01\x00\x00\x00`
fd_fdstat_set_flags 0
sock_recv_from 6 `` `\t\t\t\t\t\t\t\t`
fd_fdstat_set_flags 0
sock_set_recv_timeout 0
sock_recv_from 6 `` `\t\t\t\t\t\t\t\t`
sock_addr_local 0
sock_send_to 0
sock_send_to 35
sock_send_to 35
",
    );
}

#[test]
fn options() {
    let mut script = Script::default();
    script.socket(1, LISTENER).socket(0, CLIENT);
    for fd in [LISTENER, CLIENT] {
        for (option, value) in [
            ("reuse_addr", 1),
            ("reuse_port", 1),
            ("broadcast", 1),
            ("tcp_no_delay", 1),
            ("tcp_quick_ack", 1),
            ("tcp_fastopen_connect", 1),
            ("keep_alive", 1),
            ("tcp_keep_idle", 5),
            ("tcp_keep_idle", 0),
            ("tcp_keep_intvl", 7),
            ("ip_ttl", 9),
            ("ip_ttl", 0),
            ("ipv6_only", 1),
            ("ip_multicast_ttl", 1),
            ("recv_buf_size", 0),
            ("send_buf_size", 0),
        ] {
            script
                .on(fd, &format!("sock_set_{option}"), &[value])
                .poke(BUF, &[0xee; 4])
                .on(fd, &format!("sock_get_{option}"), &[BUF.into()]);
            if !option.ends_with("_size") {
                script.dump(BUF, 4);
            }
        }
        script
            .on(fd, "sock_set_linger", &[1, 3])
            .on(fd, "sock_get_linger", &[OUT.into(), BUF.into()])
            .dump(OUT, 1)
            .dump(BUF, 1)
            .on(fd, "sock_set_send_timeout", &[1 << 40])
            .on(fd, "sock_get_send_timeout", &[BUF.into()])
            .dump(BUF, 8)
            .on(fd, "sock_set_ip_multicast_loop", &[0, 1])
            .on(fd, "sock_get_ip_multicast_loop", &[0, BUF.into()])
            .on(fd, "sock_set_ip_add_membership", &[LOCAL.into(), 0])
            .on(fd, "sock_set_ip_drop_membership", &[LOCAL.into(), 0]);
    }
    script.call("sock_open", &[n(-1), n(1), n(1), n(SERVER.into())]);
    script
        .on(SERVER, "sock_get_ipv6_only", &[BUF.into()])
        .dump(BUF, 1)
        .on(SERVER, "sock_set_ipv6_only", &[1])
        .on(SERVER, "sock_set_ipv6_only", &[0]);
    script.answers(
        r"
sock_open 0
sock_open 0
sock_set_reuse_addr 0
sock_get_reuse_addr 0 `\x01\xee\xee\xee`
sock_set_reuse_port 0
sock_get_reuse_port 0 `\x01\xee\xee\xee`
sock_set_broadcast 0
sock_get_broadcast 0 `\x01\xee\xee\xee`
sock_set_tcp_no_delay 0
sock_get_tcp_no_delay 0 `\x01\xee\xee\xee`
sock_set_tcp_quick_ack 0
sock_get_tcp_quick_ack 0 `\x01\xee\xee\xee`
sock_set_tcp_fastopen_connect 0
sock_get_tcp_fastopen_connect 0 `\x01\xee\xee\xee`
sock_set_keep_alive 0
sock_get_keep_alive 0 `\x01\xee\xee\xee`
sock_set_tcp_keep_idle 0
sock_get_tcp_keep_idle 0 `\x05\x00\x00\x00`
sock_set_tcp_keep_idle 28
sock_get_tcp_keep_idle 0 `\x05\x00\x00\x00`
sock_set_tcp_keep_intvl 0
sock_get_tcp_keep_intvl 0 `\x07\x00\x00\x00`
sock_set_ip_ttl 0
sock_get_ip_ttl 0 `\t\xee\xee\xee`
sock_set_ip_ttl 28
sock_get_ip_ttl 0 `\t\xee\xee\xee`
sock_set_ipv6_only 50
sock_get_ipv6_only 50 `\xee\xee\xee\xee`
sock_set_ip_multicast_ttl 58
sock_get_ip_multicast_ttl 58 `\xee\xee\xee\xee`
sock_set_recv_buf_size 28
sock_get_recv_buf_size 0
sock_set_send_buf_size 28
sock_get_send_buf_size 0
sock_set_linger 0
sock_get_linger 0 `\x01` `\x03`
sock_set_send_timeout 0
sock_get_send_timeout 0 `\x00\x00\x00\x00\x00\x01\x00\x00`
sock_set_ip_multicast_loop 58
sock_get_ip_multicast_loop 58
sock_set_ip_add_membership 58
sock_set_ip_drop_membership 58
sock_set_reuse_addr 0
sock_get_reuse_addr 0 `\x01\xee\xee\xee`
sock_set_reuse_port 0
sock_get_reuse_port 0 `\x01\xee\xee\xee`
sock_set_broadcast 0
sock_get_broadcast 0 `\x01\xee\xee\xee`
sock_set_tcp_no_delay 0
sock_get_tcp_no_delay 0 `\x01\xee\xee\xee`
sock_set_tcp_quick_ack 0
sock_get_tcp_quick_ack 0 `\x01\xee\xee\xee`
sock_set_tcp_fastopen_connect 0
sock_get_tcp_fastopen_connect 0 `\x01\xee\xee\xee`
sock_set_keep_alive 50
sock_get_keep_alive 50 `\xee\xee\xee\xee`
sock_set_tcp_keep_idle 50
sock_get_tcp_keep_idle 50 `\xee\xee\xee\xee`
sock_set_tcp_keep_idle 50
sock_get_tcp_keep_idle 50 `\xee\xee\xee\xee`
sock_set_tcp_keep_intvl 50
sock_get_tcp_keep_intvl 50 `\xee\xee\xee\xee`
sock_set_ip_ttl 0
sock_get_ip_ttl 0 `\t\xee\xee\xee`
sock_set_ip_ttl 28
sock_get_ip_ttl 0 `\t\xee\xee\xee`
sock_set_ipv6_only 50
sock_get_ipv6_only 50 `\xee\xee\xee\xee`
sock_set_ip_multicast_ttl 58
sock_get_ip_multicast_ttl 58 `\xee\xee\xee\xee`
sock_set_recv_buf_size 28
sock_get_recv_buf_size 0
sock_set_send_buf_size 28
sock_get_send_buf_size 0
sock_set_linger 0
sock_get_linger 0 `\x01` `\x03`
sock_set_send_timeout 0
sock_get_send_timeout 0 `\x00\x00\x00\x00\x00\x01\x00\x00`
sock_set_ip_multicast_loop 58
sock_get_ip_multicast_loop 58
sock_set_ip_add_membership 58
sock_set_ip_drop_membership 58
sock_open 0
sock_get_ipv6_only 0 `\x01`
sock_set_ipv6_only 0
sock_set_ipv6_only 58
",
    );
}

#[test]
fn names_are_looked_up() {
    const HINTS: u32 = 0x380;
    let mut script = Script::default();
    let mut look = |name: &[u8], service: &str, hints: [u8; 9], most: i64| {
        script
            .poke(LOCAL, &[name, b"\0"].concat())
            .poke(OTHER, &[service.as_bytes(), b"\0"].concat())
            .poke(HINTS, &hints)
            .poke(BUF, &[0xee; 28])
            .call(
                "sock_addr_resolve",
                &[
                    n(LOCAL.into()),
                    n(OTHER.into()),
                    n(HINTS.into()),
                    n(BUF.into()),
                    n(most),
                    n(OUT.into()),
                ],
            )
            .dump(OUT, 1)
            .dump(BUF, 28);
    };
    let any = [0; 9];
    let (datagrams, of_v6) = ([0, 0, 0, 0, 2, 0, 0, 0, 1], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
    look(b"127.0.0.1", "80", any, 1);
    look(b"127.0.0.1", "", datagrams, 1);
    look(b"127.0.0.1", "", of_v6, 1);
    look(b"2001:db8::7:1", "65535", of_v6, 1);
    look(b"127.0.0.1", "80", any, 0);
    look(b"127.0.0.1", "http", any, 1);
    look(b"127.0.0.1", "65536", any, 1);
    look(b"no name", "", any, 1);
    look(b"\xff", "", any, 1);
    script.answers(
        r"
sock_addr_resolve 0 `\x01` `\x00\x00\x00\x00\x7f\x00\x00\x01P\x00\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\x01\x00\x00\x00`
sock_addr_resolve 0 `\x01` `\x00\x00\x00\x00\x7f\x00\x00\x01\x00\x00\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\x00\x00\x00\x00`
sock_addr_resolve 0 `\x00` `\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee`
sock_addr_resolve 0 `\x01` `\x01\x00\x00\x00\x01 \xb8\r\x00\x00\x00\x00\x00\x00\x00\x00\x07\x00\x01\x00\xff\xff\xee\xee\x01\x00\x00\x00`
sock_addr_resolve 0 `\x01` `\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee`
sock_addr_resolve 28 `\x01` `\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee`
sock_addr_resolve 28 `\x01` `\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee`
sock_addr_resolve 28 `\x01` `\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee`
sock_addr_resolve 25 `\x01` `\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee\xee`
",
    );
}

#[test]
fn numbers_and_blocks_of_sockets_are_used_again() {
    let mut script = Script::default();
    for _ in 0..3 {
        script.socket(1, LISTENER).dump(LISTENER, 1).close(LISTENER);
    }
    // One takes the place of another.
    script
        .connected()
        .call("fd_renumber", &[n(4), n(3)])
        .send(LISTENER, "moved")
        .receive(SERVER, &[9], 0)
        .send(CLIENT, "gone");
    script.answers(
        r"
sock_open 0 `\x03`
fd_close 0
sock_open 0 `\x03`
fd_close 0
sock_open 0 `\x03`
fd_close 0
sock_open 0
sock_bind 0
sock_addr_local 0 `\x00\x00\x00\x00\x7f\x00\x00\x01`
sock_listen 0
sock_open 0
sock_connect 0
sock_accept 0
fd_renumber 0
sock_send 0 `\x05`
sock_recv 0 `moved` `\x00\x00`
sock_send 8 `\x00`
",
    );
}
