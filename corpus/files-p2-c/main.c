// Every function of wasi:filesystem, below the first preopened directory.
//
// files-p2-c content | streams | lifetimes | tree | many | escape | stat | same | fixture | missing
#include "files.h"

out_t out;
error_t error;

const char *error_name(error_t code) {
    static const char *const names[] = {
        "access", "would-block", "already", "bad-descriptor", "busy", "deadlock", "quota", "exist",
        "file-too-large", "illegal-byte-sequence", "in-progress", "interrupted", "invalid", "io", "is-directory",
        "loop", "too-many-links", "message-size", "name-too-long", "no-device", "no-entry", "no-lock",
        "insufficient-memory", "insufficient-space", "not-directory", "not-empty", "not-recoverable", "unsupported",
        "no-tty", "no-such-device", "overflow", "not-permitted", "pipe", "read-only", "invalid-seek",
        "text-file-busy", "cross-device",
    };
    return code < sizeof names / sizeof *names ? names[code] : "no such error";
}

const char *type_name(TYPES(descriptor_type_t) type) {
    static const char *const names[] = {"unknown", "block-device",  "character-device", "directory",
                                        "fifo",    "symbolic-link", "regular-file",     "socket"};
    return type < sizeof names / sizeof *names ? names[type] : "no such type";
}

bool report(const char *what, bool ok) {
    print(out, "%s: %s\n", what, ok ? "ok" : error_name(error));
    return ok;
}

own_fd_t must_open(fd_t dir, const char *path, int open_flags, int flags) {
    guest_string_t name = string(path);
    own_fd_t fd;
    if (!FD(open_at)(dir, FOLLOW, &name, (uint8_t)open_flags, (uint8_t)flags, &fd, &error)) {
        print(out, "cannot open %s: %s\n", path, error_name(error));
        __builtin_trap();
    }
    return fd;
}

void drop(own_fd_t fd) { TYPES(descriptor_drop_own)(fd); }
fd_t borrow(own_fd_t fd) { return TYPES(borrow_descriptor)(fd); }

void put(fd_t fd, uint64_t offset, const char *text) {
    guest_list_u8_t bytes = {(uint8_t *)text, strlen(text)};
    uint64_t written;
    if (!FD(write)(fd, &bytes, offset, &written, &error) || written != bytes.len) __builtin_trap();
}

void make(fd_t dir, const char *path, const char *text) {
    own_fd_t fd = must_open(dir, path, CREATE | TRUNCATE, WRITE);
    put(borrow(fd), 0, text);
    drop(fd);
}

void show(fd_t dir, const char *path) {
    guest_string_t name = string(path);
    own_fd_t fd;
    if (!FD(open_at)(dir, FOLLOW, &name, 0, READ, &fd, &error)) {
        report(path, false);
        return;
    }
    guest_tuple2_list_u8_bool_t got;
    if (FD(read)(borrow(fd), 200, 0, &got, &error)) {
        guest_string_t text = {got.f0.ptr, got.f0.len};
        print(out, "%s: %u bytes [%S]\n", path, (uint64_t)text.len, &text);
        guest_list_u8_free(&got.f0);
    } else {
        report(path, false);
    }
    drop(fd);
}

static bool is(const guest_string_t *s, const char *text) {
    return s->len == strlen(text) && memcmp(s->ptr, text, s->len) == 0;
}

bool exports_wasi_cli_run_run(void) {
    out = wasi_io_streams_borrow_output_stream(wasi_cli_stdout_get_stdout());
    wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t preopens;
    wasi_filesystem_preopens_get_directories(&preopens);
    guest_list_string_t args;
    wasi_cli_environment_get_arguments(&args);
    if (preopens.len != 1 || args.len != 2) return false;
    print(out, "preopened: [%S]\n", &preopens.ptr[0].f1);
    fd_t root = borrow(preopens.ptr[0].f0);

    static const struct {
        const char *name;
        void (*run)(fd_t root);
    } modes[] = {
        {"content", content}, {"streams", streams}, {"lifetimes", lifetimes}, {"tree", tree},
        {"many", many},       {"escape", escape},   {"stat", stats},          {"same", same},
    };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (is(&args.ptr[1], modes[i].name)) modes[i].run(root);
    }
    if (is(&args.ptr[1], "fixture")) {
        show(root, "greeting.txt");
        show(root, "nested/deeper/number.txt");
        show(root, "empty.txt");
    }
    guest_string_t absent = string("not-there.txt");
    own_fd_t fd;
    if (is(&args.ptr[1], "missing")) return report("not-there.txt", FD(open_at)(root, 0, &absent, 0, READ, &fd, &error));
    return true;
}
