//! The socket extension of WAMR: functions that it has in `wasi_snapshot_preview1` beside those of Preview 1.

#[link(wasm_import_module = "p1bridge")]
unsafe extern "C" {
    /// Whether the host has them.
    #[link_name = "sockets"]
    pub safe fn has_sockets() -> u32;
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    pub safe fn sock_addr_local(fd: u32, address: u32) -> u32;
    pub safe fn sock_addr_remote(fd: u32, address: u32) -> u32;
    pub safe fn sock_addr_resolve(
        host: u32,
        service: u32,
        hints: u32,
        infos: u32,
        count: u32,
        found: u32,
    ) -> u32;
    pub safe fn sock_bind(fd: u32, address: u32) -> u32;
    pub safe fn sock_connect(fd: u32, address: u32) -> u32;
    pub safe fn sock_get_broadcast(fd: u32, result: u32) -> u32;
    pub safe fn sock_get_ip_multicast_loop(fd: u32, ipv6: u32, result: u32) -> u32;
    pub safe fn sock_get_ip_multicast_ttl(fd: u32, result: u32) -> u32;
    pub safe fn sock_get_ip_ttl(fd: u32, result: u32) -> u32;
    pub safe fn sock_get_ipv6_only(fd: u32, result: u32) -> u32;
    pub safe fn sock_get_keep_alive(fd: u32, result: u32) -> u32;
    pub safe fn sock_get_linger(fd: u32, enabled: u32, seconds: u32) -> u32;
    pub safe fn sock_get_recv_buf_size(fd: u32, result: u32) -> u32;
    pub safe fn sock_get_recv_timeout(fd: u32, result: u32) -> u32;
    pub safe fn sock_get_reuse_addr(fd: u32, result: u32) -> u32;
    pub safe fn sock_get_send_buf_size(fd: u32, result: u32) -> u32;
    pub safe fn sock_get_send_timeout(fd: u32, result: u32) -> u32;
    pub safe fn sock_get_tcp_keep_idle(fd: u32, result: u32) -> u32;
    pub safe fn sock_get_tcp_keep_intvl(fd: u32, result: u32) -> u32;
    pub safe fn sock_get_tcp_no_delay(fd: u32, result: u32) -> u32;
    pub safe fn sock_listen(fd: u32, backlog: u32) -> u32;
    pub safe fn sock_open(pool: u32, family: u32, kind: u32, result: u32) -> u32;
    pub safe fn sock_recv_from(
        fd: u32,
        iovs: u32,
        count: u32,
        flags: u32,
        address: u32,
        length: u32,
    ) -> u32;
    pub safe fn sock_send_to(
        fd: u32,
        iovs: u32,
        count: u32,
        flags: u32,
        address: u32,
        length: u32,
    ) -> u32;
    pub safe fn sock_set_broadcast(fd: u32, value: u32) -> u32;
    pub safe fn sock_set_ip_add_membership(fd: u32, group: u32, interface: u32) -> u32;
    pub safe fn sock_set_ip_drop_membership(fd: u32, group: u32, interface: u32) -> u32;
    pub safe fn sock_set_ip_multicast_loop(fd: u32, ipv6: u32, value: u32) -> u32;
    pub safe fn sock_set_ip_multicast_ttl(fd: u32, value: u32) -> u32;
    pub safe fn sock_set_ip_ttl(fd: u32, value: u32) -> u32;
    pub safe fn sock_set_ipv6_only(fd: u32, value: u32) -> u32;
    pub safe fn sock_set_keep_alive(fd: u32, value: u32) -> u32;
    pub safe fn sock_set_linger(fd: u32, enabled: u32, seconds: u32) -> u32;
    pub safe fn sock_set_recv_buf_size(fd: u32, value: u32) -> u32;
    pub safe fn sock_set_recv_timeout(fd: u32, value: u64) -> u32;
    pub safe fn sock_set_reuse_addr(fd: u32, value: u32) -> u32;
    pub safe fn sock_set_send_buf_size(fd: u32, value: u32) -> u32;
    pub safe fn sock_set_send_timeout(fd: u32, value: u64) -> u32;
    pub safe fn sock_set_tcp_keep_idle(fd: u32, value: u32) -> u32;
    pub safe fn sock_set_tcp_keep_intvl(fd: u32, value: u32) -> u32;
    pub safe fn sock_set_tcp_no_delay(fd: u32, value: u32) -> u32;
}

/// What `sock_open` takes for a pool of addresses: any.
pub const ANY_POOL: u32 = u32::MAX;
/// `sock_type`
pub const DATAGRAM: u32 = 0;
pub const STREAM: u32 = 1;
/// `address_family`: 0 is IPv4, 1 is IPv6.
pub const ANY_FAMILY: u32 = 2;
/// Bytes of an address found by `sock_addr_resolve`.
pub const INFO: u32 = 28;
