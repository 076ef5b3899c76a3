/* WSI 0.1 for C99 and C++, without a libc. docs/wsi.md explains the conventions, ../wsi.txt has every function.
 *
 * Results are a value of at least 0, or a negative error number: -WSI_ENOENT. With WSI_ON_P1 defined, the same names are
 * functions on Preview 1 (wsi-on-p1.h), for builds without p1bridge. */
#ifndef WSI_H
#define WSI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define WSI_ASSERT(what) static_assert(what, #what)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define WSI_ASSERT(what) _Static_assert(what, #what)
#else
#define WSI_ASSERT(what) __extension__ _Static_assert(what, #what)
#endif

typedef struct wsi_iov {
    void *buf;
    uint32_t len;
} wsi_iov;

typedef struct wsi_sub {
    int32_t fd;
    uint16_t want;
    uint16_t got;
    int64_t at;
} wsi_sub;

typedef struct wsi_stat {
    uint64_t dev;
    uint64_t ino;
    uint8_t kind;
    uint64_t nlink;
    uint64_t size;
    uint64_t atime;
    uint64_t mtime;
    uint64_t ctime;
} wsi_stat;

/* The name follows. */
typedef struct wsi_dirent {
    uint64_t next;
    uint64_t ino;
    uint32_t name_len;
    uint8_t kind;
} wsi_dirent;

/* `bytes` in network order, the first 4 for inet4; `port` a number. */
typedef struct wsi_addr {
    uint16_t family;
    uint16_t port;
    uint32_t scope;
    uint8_t bytes[16];
} wsi_addr;

typedef struct wsi_config {
    uint16_t kind;
    union {
        struct {
            uint32_t baud;
            uint8_t data, stop, parity, flow;
            uint16_t mode, unused, rows, columns;
        } serial;
        struct {
            uint32_t hz;
            uint16_t target;
        } i2c;
        struct {
            uint32_t hz;
            uint8_t mode, bits, lsb;
        } spi;
        struct {
            uint32_t out, up, down, drain, rise, fall, lines;
        } gpio;
        struct {
            uint32_t rate, data_rate;
            uint8_t flags;
        } can;
    } as;
} wsi_config;

typedef struct wsi_seg {
    void *buf;
    uint32_t len;
    uint16_t flags;
    uint16_t target;
    uint32_t pause;
} wsi_seg;

#ifdef __wasm32__
WSI_ASSERT(sizeof(wsi_iov) == 8 && offsetof(wsi_iov, len) == 4);
WSI_ASSERT(sizeof(wsi_sub) == 16 && offsetof(wsi_sub, want) == 4 && offsetof(wsi_sub, got) == 6);
WSI_ASSERT(offsetof(wsi_sub, at) == 8);
WSI_ASSERT(sizeof(wsi_stat) == 64 && offsetof(wsi_stat, kind) == 16 && offsetof(wsi_stat, nlink) == 24);
WSI_ASSERT(offsetof(wsi_stat, size) == 32 && offsetof(wsi_stat, mtime) == 48);
WSI_ASSERT(sizeof(wsi_dirent) == 24 && offsetof(wsi_dirent, name_len) == 16 && offsetof(wsi_dirent, kind) == 20);
WSI_ASSERT(sizeof(wsi_addr) == 24 && offsetof(wsi_addr, scope) == 4 && offsetof(wsi_addr, bytes) == 8);
WSI_ASSERT(sizeof(wsi_config) == 32 && offsetof(wsi_config, as.serial.mode) == 12);
WSI_ASSERT(offsetof(wsi_config, as.serial.rows) == 16 && offsetof(wsi_config, as.i2c.target) == 8);
WSI_ASSERT(offsetof(wsi_config, as.spi.bits) == 9 && offsetof(wsi_config, as.gpio.lines) == 28);
WSI_ASSERT(offsetof(wsi_config, as.can.flags) == 12);
WSI_ASSERT(sizeof(wsi_seg) == 16 && offsetof(wsi_seg, flags) == 8 && offsetof(wsi_seg, pause) == 12);
#endif

/* want and got of wsi_sub; fd of one that is no descriptor; the deadline for ever */
enum { WSI_IN = 1, WSI_OUT = 2, WSI_HUP = 4, WSI_ERR = 8, WSI_DUE = 16 };
enum { WSI_TIMER = -1, WSI_WORD = -2 };
#define WSI_FOREVER ((int64_t)-1)
/* `at` of a WSI_WORD: ready when the u32 at the address is not `expected` */
#define WSI_WATCH(address, expected) \
    ((int64_t)((uint64_t)(uintptr_t)(address) | (uint64_t)(uint32_t)(expected) << 32))

/* how of wsi_fs_open; WSI_FLAGS(…) of it are set on the descriptor */
enum {
    WSI_CREATE = 1, WSI_DIRECTORY = 2, WSI_EXCLUSIVE = 4, WSI_TRUNCATE = 8,
    WSI_READ = 16, WSI_WRITE = 32, WSI_FOLLOW = 64
};
#define WSI_FLAGS(flags) ((flags) << 8)
/* mask and value of wsi_io_flags, whose result is these and WSI_KIND_… << 8 */
enum { WSI_APPEND = 1, WSI_DSYNC = 2, WSI_NONBLOCK = 4, WSI_RSYNC = 8, WSI_SYNC = 16 };
enum {
    WSI_KIND_UNKNOWN, WSI_KIND_BLOCK, WSI_KIND_CHARACTER, WSI_KIND_DIRECTORY, WSI_KIND_REGULAR,
    WSI_KIND_DGRAM, WSI_KIND_STREAM, WSI_KIND_LINK
};
enum { WSI_SET = 0, WSI_HERE = 1, WSI_END = 2 };
enum { WSI_REALTIME = 0, WSI_MONOTONIC = 1, WSI_PROCESS_CPU = 2, WSI_THREAD_CPU = 3 };
/* which of wsi_fs_set_times */
enum { WSI_ATIME = 1, WSI_ATIME_NOW = 2, WSI_MTIME = 4, WSI_MTIME_NOW = 8 };
/* sockets */
enum { WSI_INET4 = 1, WSI_INET6 = 2 };
enum { WSI_STREAM = 1, WSI_DGRAM = 2 };
enum { WSI_PEEK = 1, WSI_WAITALL = 2 };
enum { WSI_SHUT_READ = 1, WSI_SHUT_WRITE = 2, WSI_SHUT_BOTH = 3 };
enum {
    WSI_OPTION_ERROR = 1, WSI_OPTION_TYPE, WSI_OPTION_REUSE, WSI_OPTION_BROADCAST, WSI_OPTION_KEEP_ALIVE,
    WSI_OPTION_KEEP_IDLE, WSI_OPTION_KEEP_INTERVAL, WSI_OPTION_KEEP_COUNT, WSI_OPTION_NO_DELAY,
    WSI_OPTION_RECV_BUFFER, WSI_OPTION_SEND_BUFFER, WSI_OPTION_RECV_TIMEOUT, WSI_OPTION_SEND_TIMEOUT,
    WSI_OPTION_LINGER, WSI_OPTION_HOPS, WSI_OPTION_MULTICAST_HOPS, WSI_OPTION_MULTICAST_LOOP, WSI_OPTION_V6_ONLY
};
/* devices */
enum { WSI_SERIAL = 1, WSI_I2C, WSI_SPI, WSI_GPIO, WSI_CAN };
enum { WSI_SEG_IN = 1, WSI_SEG_OUT = 2, WSI_SEG_STOP = 4 };

/* error numbers, those of Preview 1 */
enum {
    WSI_E2BIG = 1, WSI_EACCES, WSI_EADDRINUSE, WSI_EADDRNOTAVAIL, WSI_EAFNOSUPPORT, WSI_EAGAIN, WSI_EALREADY,
    WSI_EBADF, WSI_EBADMSG, WSI_EBUSY, WSI_ECANCELED, WSI_ECHILD, WSI_ECONNABORTED, WSI_ECONNREFUSED,
    WSI_ECONNRESET, WSI_EDEADLK, WSI_EDESTADDRREQ, WSI_EDOM, WSI_EDQUOT, WSI_EEXIST, WSI_EFAULT, WSI_EFBIG,
    WSI_EHOSTUNREACH, WSI_EIDRM, WSI_EILSEQ, WSI_EINPROGRESS, WSI_EINTR, WSI_EINVAL, WSI_EIO, WSI_EISCONN,
    WSI_EISDIR, WSI_ELOOP, WSI_EMFILE, WSI_EMLINK, WSI_EMSGSIZE, WSI_EMULTIHOP, WSI_ENAMETOOLONG, WSI_ENETDOWN,
    WSI_ENETRESET, WSI_ENETUNREACH, WSI_ENFILE, WSI_ENOBUFS, WSI_ENODEV, WSI_ENOENT, WSI_ENOEXEC, WSI_ENOLCK,
    WSI_ENOLINK, WSI_ENOMEM, WSI_ENOMSG, WSI_ENOPROTOOPT, WSI_ENOSPC, WSI_ENOSYS, WSI_ENOTCONN, WSI_ENOTDIR,
    WSI_ENOTEMPTY, WSI_ENOTRECOVERABLE, WSI_ENOTSOCK, WSI_ENOTSUP, WSI_ENOTTY, WSI_ENXIO, WSI_EOVERFLOW,
    WSI_EOWNERDEAD, WSI_EPERM, WSI_EPIPE, WSI_EPROTO, WSI_EPROTONOSUPPORT, WSI_EPROTOTYPE, WSI_ERANGE, WSI_EROFS,
    WSI_ESPIPE, WSI_ESRCH, WSI_ESTALE, WSI_ETIMEDOUT, WSI_ETXTBSY, WSI_EXDEV, WSI_ENOTCAPABLE
};

#ifdef WSI_ON_P1
#include "wsi-on-p1.h"
#else

#define WSI_F(module, name) \
    __attribute__((__import_module__("wsi:sys/" module "@0.1.0"), __import_name__(name)))

WSI_F("io", "read") int32_t wsi_io_read(int32_t fd, const wsi_iov *iov, uint32_t n);
WSI_F("io", "write") int32_t wsi_io_write(int32_t fd, const wsi_iov *iov, uint32_t n);
WSI_F("io", "pread") int32_t wsi_io_pread(int32_t fd, const wsi_iov *iov, uint32_t n, int64_t at);
WSI_F("io", "pwrite") int32_t wsi_io_pwrite(int32_t fd, const wsi_iov *iov, uint32_t n, int64_t at);
WSI_F("io", "seek") int64_t wsi_io_seek(int32_t fd, int64_t by, uint32_t from);
WSI_F("io", "close") int32_t wsi_io_close(int32_t fd);
WSI_F("io", "flags") int32_t wsi_io_flags(int32_t fd, uint32_t mask, uint32_t value);
WSI_F("io", "sync") int32_t wsi_io_sync(int32_t fd, uint32_t data_only);
WSI_F("io", "poll") int32_t wsi_io_poll(wsi_sub *subs, uint32_t n, int64_t deadline);

WSI_F("fs", "preopen") int32_t wsi_fs_preopen(int32_t fd, char *buf, uint32_t len);
WSI_F("fs", "open") int32_t wsi_fs_open(int32_t dir, const char *path, uint32_t len, uint32_t how);
WSI_F("fs", "stat") int32_t wsi_fs_stat(int32_t fd, const char *path, uint32_t len, uint32_t follow, wsi_stat *out);
WSI_F("fs", "readdir") int32_t wsi_fs_readdir(int32_t dir, void *buf, uint32_t len, int64_t cookie);
WSI_F("fs", "mkdir") int32_t wsi_fs_mkdir(int32_t dir, const char *path, uint32_t len);
WSI_F("fs", "unlink") int32_t wsi_fs_unlink(int32_t dir, const char *path, uint32_t len, uint32_t directory);
WSI_F("fs", "rename") int32_t wsi_fs_rename(int32_t dir, const char *path, uint32_t len, int32_t to_dir,
    const char *to, uint32_t to_len);
WSI_F("fs", "link") int32_t wsi_fs_link(int32_t dir, const char *path, uint32_t len, int32_t to_dir,
    const char *to, uint32_t to_len, uint32_t follow);
WSI_F("fs", "symlink") int32_t wsi_fs_symlink(const char *text, uint32_t text_len, int32_t dir,
    const char *path, uint32_t len);
WSI_F("fs", "readlink") int32_t wsi_fs_readlink(int32_t dir, const char *path, uint32_t len, char *buf,
    uint32_t size);
WSI_F("fs", "set-times") int32_t wsi_fs_set_times(int32_t fd, const char *path, uint32_t len, uint32_t follow,
    int64_t atime, int64_t mtime, uint32_t which);
WSI_F("fs", "truncate") int32_t wsi_fs_truncate(int32_t fd, int64_t size);

WSI_F("time", "now") int64_t wsi_time_now(uint32_t clock);
WSI_F("time", "resolution") int64_t wsi_time_resolution(uint32_t clock);
WSI_F("random", "fill") int32_t wsi_random_fill(void *buf, uint32_t len);

WSI_F("proc", "args-sizes") int64_t wsi_proc_args_sizes(void);
WSI_F("proc", "args") int32_t wsi_proc_args(char **argv, char *buf);
WSI_F("proc", "env-sizes") int64_t wsi_proc_env_sizes(void);
WSI_F("proc", "env") int32_t wsi_proc_env(char **envp, char *buf);
WSI_F("proc", "exit") void wsi_proc_exit(uint32_t code);
WSI_F("proc", "signals") int32_t wsi_proc_signals(int64_t mask);

WSI_F("net", "socket") int32_t wsi_net_socket(uint32_t family, uint32_t kind);
WSI_F("net", "bind") int32_t wsi_net_bind(int32_t fd, const wsi_addr *addr);
WSI_F("net", "connect") int32_t wsi_net_connect(int32_t fd, const wsi_addr *addr);
WSI_F("net", "listen") int32_t wsi_net_listen(int32_t fd, uint32_t backlog);
WSI_F("net", "accept") int32_t wsi_net_accept(int32_t fd, uint32_t flags, wsi_addr *addr);
WSI_F("net", "send") int32_t wsi_net_send(int32_t fd, const wsi_iov *iov, uint32_t n, uint32_t flags,
    const wsi_addr *addr);
WSI_F("net", "recv") int32_t wsi_net_recv(int32_t fd, const wsi_iov *iov, uint32_t n, uint32_t flags,
    wsi_addr *addr);
WSI_F("net", "shutdown") int32_t wsi_net_shutdown(int32_t fd, uint32_t how);
WSI_F("net", "name") int32_t wsi_net_name(int32_t fd, uint32_t peer, wsi_addr *addr);
WSI_F("net", "get-option") int64_t wsi_net_get_option(int32_t fd, uint32_t option);
WSI_F("net", "set-option") int32_t wsi_net_set_option(int32_t fd, uint32_t option, int64_t value);
WSI_F("net", "group") int32_t wsi_net_group(int32_t fd, const wsi_addr *addr, uint32_t join);
WSI_F("net", "resolve") int32_t wsi_net_resolve(const char *name, uint32_t len, wsi_addr *addrs, uint32_t n);

WSI_F("thread", "spawn") int32_t wsi_thread_spawn(void *arg);
WSI_F("thread", "yield") int32_t wsi_thread_yield(void);
WSI_F("thread", "priority") int32_t wsi_thread_priority(uint32_t tid, uint32_t priority);
WSI_F("thread", "wake") int32_t wsi_thread_wake(uint32_t *addr, uint32_t n);
WSI_F("thread", "lock") int32_t wsi_thread_lock(uint32_t *addr, int64_t deadline);
WSI_F("thread", "unlock") int32_t wsi_thread_unlock(uint32_t *addr);

WSI_F("device", "query") int32_t wsi_device_query(int32_t fd, wsi_config *config);
WSI_F("device", "configure") int32_t wsi_device_configure(int32_t fd, const wsi_config *config);
WSI_F("device", "transfer") int32_t wsi_device_transfer(int32_t fd, const wsi_seg *segs, uint32_t n);

WSI_F("mem", "map") int64_t wsi_mem_map(int32_t fd, int64_t at, uint32_t len, uint32_t prot);
WSI_F("mem", "unmap") int32_t wsi_mem_unmap(uint32_t addr, uint32_t len);
WSI_F("mem", "sync") int32_t wsi_mem_sync(uint32_t addr, uint32_t len, uint32_t direction);

/* WSI_HAS(net, "bind", has_bind) declares int32_t has_bind(void): whether the target has net.bind, known when the module
 * is linked. A program that asks gets -WSI_ENOSYS from what is not there of net, instead of an error of the linker. */
#define WSI_HAS(module, name, function) \
    __attribute__((__import_module__("wsi:sys/has@0.1.0"), __import_name__(#module "." name))) int32_t function(void);

#endif /* WSI_ON_P1 */

#ifdef __cplusplus
}
#endif
#endif
