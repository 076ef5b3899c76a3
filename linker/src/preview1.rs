//! The 46 functions of WASI Preview 1 and their core signatures, from its witx.

use wasmparser::{FuncType, ValType};

/// The module name under which hosts provide Preview 1.
pub const MODULE: &str = "wasi_snapshot_preview1";

/// The module name of the preview before it, of which some functions are otherwise.
pub const UNSTABLE: &str = "wasi_unstable";

/// Name, parameters and result: `i` is i32, `I` is i64; all but `proc_exit` return an errno.
const FUNCTIONS: &[(&str, &str)] = &[
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "iIi"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("fd_advise", "iIIi"),
    ("fd_allocate", "iII"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "iII"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "iI"),
    ("fd_filestat_set_times", "iIIi"),
    ("fd_pread", "iiiIi"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiiIi"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiiIi"),
    ("fd_renumber", "ii"),
    ("fd_seek", "iIii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiiIIi"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiiIIii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_exit", "i"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

/// The signature of a function of Preview 1; none when there is no function of that name.
pub fn signature(name: &str) -> Option<FuncType> {
    find(FUNCTIONS, name)
}

fn find(functions: &[(&str, &str)], name: &str) -> Option<FuncType> {
    let (_, params) = functions.iter().find(|(known, _)| *known == name)?;
    let params = params.chars().map(|c| match c {
        'i' => ValType::I32,
        _ => ValType::I64,
    });
    let results = (name != "proc_exit").then_some(ValType::I32);
    Some(FuncType::new(params, results))
}

/// The functions for sockets that WAMR adds, as in [`FUNCTIONS`].
const SOCKETS: &[(&str, &str)] = &[
    ("sock_addr_local", "ii"),
    ("sock_addr_remote", "ii"),
    ("sock_addr_resolve", "iiiiii"),
    ("sock_bind", "ii"),
    ("sock_close", "i"),
    ("sock_connect", "ii"),
    ("sock_get_broadcast", "ii"),
    ("sock_get_ip_multicast_loop", "iii"),
    ("sock_get_ip_multicast_ttl", "ii"),
    ("sock_get_ip_ttl", "ii"),
    ("sock_get_ipv6_only", "ii"),
    ("sock_get_keep_alive", "ii"),
    ("sock_get_linger", "iii"),
    ("sock_get_recv_buf_size", "ii"),
    ("sock_get_recv_timeout", "ii"),
    ("sock_get_reuse_addr", "ii"),
    ("sock_get_reuse_port", "ii"),
    ("sock_get_send_buf_size", "ii"),
    ("sock_get_send_timeout", "ii"),
    ("sock_get_tcp_fastopen_connect", "ii"),
    ("sock_get_tcp_keep_idle", "ii"),
    ("sock_get_tcp_keep_intvl", "ii"),
    ("sock_get_tcp_no_delay", "ii"),
    ("sock_get_tcp_quick_ack", "ii"),
    ("sock_listen", "ii"),
    ("sock_open", "iiii"),
    ("sock_recv_from", "iiiiii"),
    ("sock_send_to", "iiiiii"),
    ("sock_set_broadcast", "ii"),
    ("sock_set_ip_add_membership", "iii"),
    ("sock_set_ip_drop_membership", "iii"),
    ("sock_set_ip_multicast_loop", "iii"),
    ("sock_set_ip_multicast_ttl", "ii"),
    ("sock_set_ip_ttl", "ii"),
    ("sock_set_ipv6_only", "ii"),
    ("sock_set_keep_alive", "ii"),
    ("sock_set_linger", "iii"),
    ("sock_set_recv_buf_size", "ii"),
    ("sock_set_recv_timeout", "iI"),
    ("sock_set_reuse_addr", "ii"),
    ("sock_set_reuse_port", "ii"),
    ("sock_set_send_buf_size", "ii"),
    ("sock_set_send_timeout", "iI"),
    ("sock_set_tcp_fastopen_connect", "ii"),
    ("sock_set_tcp_keep_idle", "ii"),
    ("sock_set_tcp_keep_intvl", "ii"),
    ("sock_set_tcp_no_delay", "ii"),
    ("sock_set_tcp_quick_ack", "ii"),
];

/// The signature of a function for sockets that WAMR adds to Preview 1; none when there is no
/// function of that name.
pub fn socket(name: &str) -> Option<FuncType> {
    find(SOCKETS, name)
}

/// The names of all functions for sockets that WAMR adds to Preview 1.
pub fn socket_names() -> impl Iterator<Item = &'static str> {
    SOCKETS.iter().map(|(name, _)| *name)
}

/// Where the numbers of functions for sockets begin.
const FIRST_SOCKET: u8 = 64;

/// The number of a function of Preview 1, or of those for sockets that WAMR adds, in what is written down about components.
pub fn number(name: &str) -> Option<u8> {
    let at = |functions: &[(&str, &str)]| functions.iter().position(|(known, _)| *known == name);
    let socket = || Some(FIRST_SOCKET + at(SOCKETS)? as u8);
    at(FUNCTIONS).map(|at| at as u8).or_else(socket)
}

/// The function with this number.
pub fn numbered(number: u8) -> Option<&'static str> {
    let (name, _) = match number.checked_sub(FIRST_SOCKET) {
        Some(at) => SOCKETS.get(usize::from(at)),
        None => FUNCTIONS.get(usize::from(number)),
    }?;
    Some(name)
}

/// The names of all functions of Preview 1.
pub fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, _)| *name)
}
