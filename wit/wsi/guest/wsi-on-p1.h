/* WSI 0.1 on Preview 1: what wsi.h declares as imports, as functions, for builds without p1bridge. A poll takes at most 16
 * directions of descriptors. Sockets that Preview 1 does not have, threads, devices and maps are -WSI_ENOSYS. */
#ifndef WSI_ON_P1_H
#define WSI_ON_P1_H

#define WSI_P1(name) __attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__(#name))) int32_t wsi_p1_##name

WSI_P1(args_get)(void *argv, void *buf);
WSI_P1(args_sizes_get)(uint32_t *count, uint32_t *bytes);
WSI_P1(clock_res_get)(uint32_t clock, int64_t *out);
WSI_P1(clock_time_get)(uint32_t clock, int64_t precision, int64_t *out);
WSI_P1(environ_get)(void *envp, void *buf);
WSI_P1(environ_sizes_get)(uint32_t *count, uint32_t *bytes);
WSI_P1(fd_close)(int32_t fd);
WSI_P1(fd_datasync)(int32_t fd);
WSI_P1(fd_fdstat_get)(int32_t fd, void *out);
WSI_P1(fd_fdstat_set_flags)(int32_t fd, uint32_t flags);
WSI_P1(fd_filestat_get)(int32_t fd, wsi_stat *out);
WSI_P1(fd_filestat_set_size)(int32_t fd, int64_t size);
WSI_P1(fd_filestat_set_times)(int32_t fd, int64_t atime, int64_t mtime, uint32_t which);
WSI_P1(fd_pread)(int32_t fd, const wsi_iov *iov, uint32_t n, int64_t at, uint32_t *out);
WSI_P1(fd_prestat_dir_name)(int32_t fd, char *buf, uint32_t len);
WSI_P1(fd_prestat_get)(int32_t fd, void *out);
WSI_P1(fd_pwrite)(int32_t fd, const wsi_iov *iov, uint32_t n, int64_t at, uint32_t *out);
WSI_P1(fd_read)(int32_t fd, const wsi_iov *iov, uint32_t n, uint32_t *out);
WSI_P1(fd_readdir)(int32_t fd, void *buf, uint32_t len, int64_t cookie, uint32_t *out);
WSI_P1(fd_seek)(int32_t fd, int64_t by, uint32_t from, int64_t *out);
WSI_P1(fd_sync)(int32_t fd);
WSI_P1(fd_write)(int32_t fd, const wsi_iov *iov, uint32_t n, uint32_t *out);
WSI_P1(path_create_directory)(int32_t fd, const char *path, uint32_t len);
WSI_P1(path_filestat_get)(int32_t fd, uint32_t follow, const char *path, uint32_t len, wsi_stat *out);
WSI_P1(path_filestat_set_times)(int32_t fd, uint32_t follow, const char *path, uint32_t len, int64_t atime,
    int64_t mtime, uint32_t which);
WSI_P1(path_link)(int32_t fd, uint32_t follow, const char *path, uint32_t len, int32_t to_fd, const char *to,
    uint32_t to_len);
WSI_P1(path_open)(int32_t fd, uint32_t follow, const char *path, uint32_t len, uint32_t oflags, uint64_t rights,
    uint64_t inheriting, uint32_t fdflags, int32_t *out);
WSI_P1(path_readlink)(int32_t fd, const char *path, uint32_t len, char *buf, uint32_t size, uint32_t *out);
WSI_P1(path_remove_directory)(int32_t fd, const char *path, uint32_t len);
WSI_P1(path_rename)(int32_t fd, const char *path, uint32_t len, int32_t to_fd, const char *to, uint32_t to_len);
WSI_P1(path_symlink)(const char *text, uint32_t text_len, int32_t fd, const char *path, uint32_t len);
WSI_P1(path_unlink_file)(int32_t fd, const char *path, uint32_t len);
WSI_P1(poll_oneoff)(const void *subs, void *events, uint32_t n, uint32_t *out);
WSI_P1(random_get)(void *buf, uint32_t len);
WSI_P1(sched_yield)(void);
WSI_P1(sock_accept)(int32_t fd, uint32_t flags, int32_t *out);
WSI_P1(sock_recv)(int32_t fd, const wsi_iov *iov, uint32_t n, uint32_t flags, uint32_t *out, uint16_t *out_flags);
WSI_P1(sock_send)(int32_t fd, const wsi_iov *iov, uint32_t n, uint32_t flags, uint32_t *out);
WSI_P1(sock_shutdown)(int32_t fd, uint32_t how);
__attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__("proc_exit"))) void wsi_p1_proc_exit(
    uint32_t code);

typedef struct wsi_p1_fdstat {
    uint8_t kind;
    uint16_t flags;
    uint64_t rights, inheriting;
} wsi_p1_fdstat;

/* RESULT = CALL, again where a signal came in between. */
#define WSI_P1_AGAIN(result, call) \
    do \
        (result) = (call); \
    while ((result) == WSI_EINTR)

static inline int32_t wsi_p1_number(int32_t errno_, uint32_t number) { return errno_ ? -errno_ : (int32_t)number; }

#define WSI_P1_MOVES(name, ...) \
    { \
        uint32_t moved = 0; \
        int32_t e; \
        if (n == 0) return 0; \
        WSI_P1_AGAIN(e, wsi_p1_##name(__VA_ARGS__, &moved)); \
        return wsi_p1_number(e, moved); \
    }

static inline int32_t wsi_io_read(int32_t fd, const wsi_iov *iov, uint32_t n) WSI_P1_MOVES(fd_read, fd, iov, n)
static inline int32_t wsi_io_write(int32_t fd, const wsi_iov *iov, uint32_t n) WSI_P1_MOVES(fd_write, fd, iov, n)
static inline int32_t wsi_io_pread(int32_t fd, const wsi_iov *iov, uint32_t n, int64_t at)
    WSI_P1_MOVES(fd_pread, fd, iov, n, at)
static inline int32_t wsi_io_pwrite(int32_t fd, const wsi_iov *iov, uint32_t n, int64_t at)
    WSI_P1_MOVES(fd_pwrite, fd, iov, n, at)

static inline int64_t wsi_io_seek(int32_t fd, int64_t by, uint32_t from) {
    int64_t at = 0;
    int32_t e = wsi_p1_fd_seek(fd, by, from, &at);
    return e ? -e : at;
}
static inline int32_t wsi_io_close(int32_t fd) { return -wsi_p1_fd_close(fd); }

static inline int32_t wsi_io_flags(int32_t fd, uint32_t mask, uint32_t value) {
    wsi_p1_fdstat stat;
    uint32_t old, flags;
    int32_t e;
    if (mask & ~31u) return -WSI_ENOTSUP;
    if ((e = wsi_p1_fd_fdstat_get(fd, &stat))) return -e;
    old = stat.flags & 31u;
    flags = (old & ~mask) | (value & mask);
    if (flags != old && (e = wsi_p1_fd_fdstat_set_flags(fd, flags))) return -e;
    return (int32_t)(flags | (uint32_t)stat.kind << 8);
}
static inline int32_t wsi_io_sync(int32_t fd, uint32_t data_only) {
    int32_t e;
    WSI_P1_AGAIN(e, data_only ? wsi_p1_fd_datasync(fd) : wsi_p1_fd_sync(fd));
    return e == WSI_ENOTCAPABLE ? 0 : -e;
}

typedef struct wsi_p1_subscription {
    uint64_t userdata;
    uint8_t tag;
    union {
        struct {
            uint32_t id;
            uint64_t timeout, precision;
            uint16_t flags;
        } clock;
        int32_t fd;
    } of;
} wsi_p1_subscription;

typedef struct wsi_p1_event {
    uint64_t userdata;
    uint16_t error;
    uint8_t type;
    uint64_t bytes;
    uint16_t flags;
} wsi_p1_event;

enum { WSI_P1_POLLS = 16 };

static inline int64_t wsi_time_now(uint32_t clock) {
    int64_t now = 0;
    int32_t e = clock > 3 ? WSI_EINVAL : wsi_p1_clock_time_get(clock, 1, &now);
    return e ? -e : now;
}
static inline int64_t wsi_time_resolution(uint32_t clock) {
    int64_t out = 0;
    int32_t e = clock > 3 ? WSI_EINVAL : wsi_p1_clock_res_get(clock, &out);
    return e ? -e : out;
}

static inline void wsi_p1_clock(wsi_p1_subscription *sub, uint64_t timeout) {
    uint64_t const day = 86400000000000u, most = timeout < day ? timeout : day, ms = (most + 999999) / 1000000;
    sub->userdata = 0;
    sub->tag = 0;
    sub->of.clock.id = WSI_MONOTONIC;
    sub->of.clock.timeout = (ms ? ms : 1) * 1000000;
    sub->of.clock.precision = 0;
    sub->of.clock.flags = 0;
}

static inline int32_t wsi_p1_ask(wsi_sub *subs, wsi_p1_subscription *ask, uint32_t n) {
    wsi_p1_event events[WSI_P1_POLLS + 1];
    uint32_t count = 0, i;
    int32_t e = wsi_p1_poll_oneoff(ask, events, n, &count);
    for (i = 0; !e && i < count; i++) {
        wsi_sub *sub = &subs[events[i].userdata];
        if (!events[i].type) continue;
        if (events[i].error) sub->got |= WSI_ERR;
        else sub->got |= (uint16_t)(events[i].type | (events[i].flags & 1u ? WSI_HUP : 0));
    }
    return e;
}

static inline int32_t wsi_io_poll(wsi_sub *subs, uint32_t n, int64_t deadline) {
    wsi_p1_subscription ask[WSI_P1_POLLS + 1];
    for (;;) {
        uint64_t until = (uint64_t)deadline, now = 0;
        uint32_t count = 0, ready = 0, all, i;
        int once, timed;
        for (i = 0; i < n; i++)
            if (subs[i].fd == WSI_TIMER && (uint64_t)subs[i].at < until) until = (uint64_t)subs[i].at;
        timed = until != UINT64_MAX && until != 0;
        if (timed) now = (uint64_t)wsi_time_now(WSI_MONOTONIC);
        for (i = 0; i < n; i++) {
            wsi_sub *sub = &subs[i];
            uint8_t direction;
            sub->got = 0;
            if (sub->fd == WSI_WORD && *(uint32_t *)(uintptr_t)sub->at != (uint32_t)(sub->at >> 32)) sub->got = WSI_DUE;
            if (sub->fd == WSI_TIMER && (uint64_t)sub->at <= now) sub->got = WSI_DUE;
            ready += sub->got != 0;
            for (direction = WSI_IN; sub->fd >= 0 && direction <= WSI_OUT; direction++)
                if (sub->want & direction) {
                    if (count == WSI_P1_POLLS) return -WSI_EINVAL;
                    ask[count].userdata = i;
                    ask[count].tag = direction;
                    ask[count++].of.fd = sub->fd;
                }
        }
        once = until <= now || ready;
        if (!count && !once && !timed) return -WSI_EINVAL;
        if (count || !once) {
            int32_t e;
            all = count;
            if (once || timed) wsi_p1_clock(&ask[all++], once ? 0 : until - now);
            e = wsi_p1_ask(subs, ask, all);
            if (e && e != WSI_EINTR) {
                if (!count) return -e;
                for (i = 0; i < count; i++) {
                    wsi_p1_subscription two[2];
                    two[0].userdata = ask[i].userdata;
                    two[0].tag = ask[i].tag;
                    two[0].of.fd = ask[i].of.fd;
                    wsi_p1_clock(&two[1], 0);
                    e = wsi_p1_ask(subs, two, 2);
                    if (e && e != WSI_EINTR) subs[two[0].userdata].got |= e == WSI_EBADF ? WSI_ERR : two[0].tag;
                }
            }
            if (timed) now = (uint64_t)wsi_time_now(WSI_MONOTONIC);
        }
        for (ready = 0, i = 0; i < n; i++) {
            if (subs[i].fd == WSI_TIMER && (uint64_t)subs[i].at <= now) subs[i].got = WSI_DUE;
            ready += subs[i].got != 0;
        }
        if (ready || (uint64_t)deadline <= now) return (int32_t)ready;
    }
}

static inline int32_t wsi_fs_preopen(int32_t fd, char *buf, uint32_t len) {
    struct {
        uint8_t tag;
        uint32_t len;
    } stat;
    int32_t e = wsi_p1_fd_prestat_get(fd, &stat);
    if (e) return -e;
    if (stat.tag) return -WSI_ENOTSUP;
    if (stat.len <= len && (e = wsi_p1_fd_prestat_dir_name(fd, buf, stat.len))) return -e;
    return (int32_t)stat.len;
}
static inline int32_t wsi_fs_open(int32_t dir, const char *path, uint32_t len, uint32_t how) {
    uint64_t const reading = 1u << 1 | 1u << 14, writing = 1u | 1u << 6 | 1u << 8 | 1u << 22;
    wsi_p1_fdstat stat;
    int32_t fd = 0, e;
    if (how & ~0x1f7fu) return -WSI_ENOTSUP;
    if ((e = wsi_p1_fd_fdstat_get(dir, &stat))) return -e;
    stat.rights = stat.inheriting;
    if (!(how & WSI_READ)) stat.rights &= ~reading;
    if (!(how & WSI_WRITE)) stat.rights &= ~writing;
    WSI_P1_AGAIN(e, wsi_p1_path_open(dir, how / WSI_FOLLOW & 1, path, len, how & 15, stat.rights, stat.inheriting,
                        how >> 8, &fd));
    return e ? -e : fd;
}
static inline int32_t wsi_fs_stat(int32_t fd, const char *path, uint32_t len, uint32_t follow, wsi_stat *out) {
    return -(len ? wsi_p1_path_filestat_get(fd, follow != 0, path, len, out) : wsi_p1_fd_filestat_get(fd, out));
}
static inline int32_t wsi_fs_readdir(int32_t dir, void *buf, uint32_t len, int64_t cookie) {
    uint32_t used = 0;
    int32_t e = wsi_p1_fd_readdir(dir, buf, len, cookie, &used);
    return wsi_p1_number(e, used);
}
static inline int32_t wsi_fs_mkdir(int32_t dir, const char *path, uint32_t len) {
    return -wsi_p1_path_create_directory(dir, path, len);
}
static inline int32_t wsi_fs_unlink(int32_t dir, const char *path, uint32_t len, uint32_t directory) {
    return -(directory ? wsi_p1_path_remove_directory(dir, path, len) : wsi_p1_path_unlink_file(dir, path, len));
}
static inline int32_t wsi_fs_rename(int32_t dir, const char *path, uint32_t len, int32_t to_dir, const char *to,
    uint32_t to_len) {
    return -wsi_p1_path_rename(dir, path, len, to_dir, to, to_len);
}
static inline int32_t wsi_fs_link(int32_t dir, const char *path, uint32_t len, int32_t to_dir, const char *to,
    uint32_t to_len, uint32_t follow) {
    return -wsi_p1_path_link(dir, follow != 0, path, len, to_dir, to, to_len);
}
static inline int32_t wsi_fs_symlink(const char *text, uint32_t text_len, int32_t dir, const char *path, uint32_t len) {
    return -wsi_p1_path_symlink(text, text_len, dir, path, len);
}
static inline int32_t wsi_fs_readlink(int32_t dir, const char *path, uint32_t len, char *buf, uint32_t size) {
    uint32_t used = 0;
    int32_t e = wsi_p1_path_readlink(dir, path, len, buf, size, &used);
    return wsi_p1_number(e, used);
}
static inline int32_t wsi_fs_set_times(int32_t fd, const char *path, uint32_t len, uint32_t follow, int64_t atime,
    int64_t mtime, uint32_t which) {
    return -(len ? wsi_p1_path_filestat_set_times(fd, follow != 0, path, len, atime, mtime, which)
                 : wsi_p1_fd_filestat_set_times(fd, atime, mtime, which));
}
static inline int32_t wsi_fs_truncate(int32_t fd, int64_t size) { return -wsi_p1_fd_filestat_set_size(fd, size); }

static inline int32_t wsi_random_fill(void *buf, uint32_t len) { return -wsi_p1_random_get(buf, len); }

static inline int64_t wsi_proc_args_sizes(void) {
    uint32_t count = 0, bytes = 0;
    int32_t e = wsi_p1_args_sizes_get(&count, &bytes);
    return e ? -e : (int64_t)((uint64_t)bytes << 32 | count);
}
static inline int32_t wsi_proc_args(char **argv, char *buf) { return -wsi_p1_args_get(argv, buf); }
static inline int64_t wsi_proc_env_sizes(void) {
    uint32_t count = 0, bytes = 0;
    int32_t e = wsi_p1_environ_sizes_get(&count, &bytes);
    return e ? -e : (int64_t)((uint64_t)bytes << 32 | count);
}
static inline int32_t wsi_proc_env(char **envp, char *buf) { return -wsi_p1_environ_get(envp, buf); }
static inline void wsi_proc_exit(uint32_t code) { wsi_p1_proc_exit(code); }

static inline int32_t wsi_net_accept(int32_t fd, uint32_t flags, wsi_addr *addr) {
    int32_t out = 0, e;
    if (addr) return -WSI_ENOTSUP;
    WSI_P1_AGAIN(e, wsi_p1_sock_accept(fd, flags, &out));
    return e ? -e : out;
}
static inline int32_t wsi_net_send(int32_t fd, const wsi_iov *iov, uint32_t n, uint32_t flags, const wsi_addr *addr) {
    uint32_t sent = 0;
    int32_t e;
    if (flags || addr) return -WSI_ENOTSUP;
    WSI_P1_AGAIN(e, wsi_p1_sock_send(fd, iov, n, 0, &sent));
    return wsi_p1_number(e, sent);
}
static inline int32_t wsi_net_recv(int32_t fd, const wsi_iov *iov, uint32_t n, uint32_t flags, wsi_addr *addr) {
    uint32_t got = 0;
    uint16_t out_flags = 0;
    int32_t e;
    if (addr) return -WSI_ENOTSUP;
    WSI_P1_AGAIN(e, wsi_p1_sock_recv(fd, iov, n, flags, &got, &out_flags));
    return wsi_p1_number(e, got);
}
static inline int32_t wsi_net_shutdown(int32_t fd, uint32_t how) {
    return -(how - 1 < 3 ? wsi_p1_sock_shutdown(fd, how) : WSI_EINVAL);
}

static inline int32_t wsi_thread_yield(void) { return -wsi_p1_sched_yield(); }
static inline int32_t wsi_thread_wake(uint32_t *addr, uint32_t n) {
    (void)addr, (void)n;
    return 0;
}

/* Whether a function is one of those above. */
static inline int32_t wsi_p1_has(const char *name) {
    static const char absent[] = "device.query device.configure device.transfer mem.map mem.unmap mem.sync "
        "net.socket net.bind net.connect net.listen net.name net.get-option net.set-option net.group net.resolve "
        "proc.signals thread.spawn thread.priority thread.lock thread.unlock ";
    const char *at = absent;
    while (*at) {
        const char *left = name;
        while (*at == *left) at++, left++;
        if (!*left && *at == ' ') return 0;
        while (*at++ != ' ') {}
    }
    return 1;
}
#define WSI_HAS(module, name, function) \
    static inline int32_t function(void) { return wsi_p1_has(#module "." name); }

#endif
