// Names: directories, renaming, links, and the borders of the sandbox.
#include "files.h"

static bool at(bool (*call)(fd_t, guest_string_t *, error_t *), fd_t dir, const char *path) {
    guest_string_t name = string(path);
    return call(dir, &name, &error);
}

static bool rename_to(fd_t from, const char *old, fd_t to, const char *new) {
    guest_string_t a = string(old), b = string(new);
    return FD(rename_at)(from, &a, to, &b, &error);
}

static bool symlink_to(fd_t dir, const char *target, const char *name) {
    guest_string_t a = string(target), b = string(name);
    return FD(symlink_at)(dir, &a, &b, &error);
}

static bool open_only(fd_t dir, const char *path, int open_flags, int flags) {
    guest_string_t name = string(path);
    own_fd_t fd;
    bool ok = FD(open_at)(dir, FOLLOW, &name, (uint8_t)open_flags, (uint8_t)flags, &fd, &error);
    if (ok) drop(fd);
    return ok;
}

static void read_link(fd_t dir, const char *path) {
    guest_string_t name = string(path), target;
    if (report("readlink-at", FD(readlink_at)(dir, &name, &target, &error))) {
        print(out, "%s -> %u bytes [%S]\n", path, (uint64_t)target.len, &target);
        guest_string_free(&target);
    }
}

void tree(fd_t root) {
    report("create-directory-at", at(FD(create_directory_at), root, "dir"));
    report("create it again", at(FD(create_directory_at), root, "dir"));
    report("create below nothing", at(FD(create_directory_at), root, "none/dir"));
    own_fd_t own = must_open(root, "dir", DIRECTORY, READ | MUTATE);
    fd_t dir = borrow(own);
    make(dir, "inner.txt", "made below a directory");
    show(root, "dir/inner.txt");
    report("remove a full directory", at(FD(remove_directory_at), root, "dir"));
    report("open a file as a directory", open_only(root, "dir/inner.txt", DIRECTORY, READ));
    report("open below a file", open_only(root, "dir/inner.txt/x", 0, READ));
    report("open a directory to write", open_only(root, "dir", 0, WRITE));

    report("rename-at", rename_to(dir, "inner.txt", root, "outer.txt"));
    report("rename what is gone", rename_to(dir, "inner.txt", root, "outer.txt"));
    show(root, "outer.txt");
    guest_string_t outer = string("outer.txt"), hard = string("hard.txt");
    report("link-at", FD(link_at)(root, 0, &outer, dir, &hard, &error));
    report("unlink-file-at", at(FD(unlink_file_at), root, "outer.txt"));
    report("unlink it again", at(FD(unlink_file_at), root, "outer.txt"));
    show(dir, "hard.txt");
    report("rename over a file", (make(root, "other.txt", "new"), rename_to(root, "other.txt", dir, "hard.txt")));
    show(dir, "hard.txt");

    report("symlink-at", symlink_to(root, "dir/hard.txt", "link"));
    read_link(root, "link");
    show(root, "link");
    char target[400];
    memset(target, 'y', sizeof target - 1);
    for (int i = 99; i < 399; i += 100) target[i] = '/';
    target[sizeof target - 1] = 0;
    report("a long link", symlink_to(root, target, "long-link"));
    guest_string_t long_link = string("long-link"), got;
    if (FD(readlink_at)(root, &long_link, &got, &error)) {
        print(out, "long-link -> %u bytes, intact %y\n", (uint64_t)got.len, got.len == 399 && memcmp(got.ptr, target, 399) == 0);
        guest_string_free(&got);
    }
    read_link(dir, "hard.txt");
    report("unlink the link", at(FD(unlink_file_at), root, "link"));
    report("unlink the long link", at(FD(unlink_file_at), root, "long-link"));
    report("unlink the file", at(FD(unlink_file_at), dir, "hard.txt"));
    drop(own);
    report("remove-directory-at", at(FD(remove_directory_at), root, "dir"));
    report("open it", open_only(root, "dir", DIRECTORY, READ));
    make(root, "left.txt", "left behind");
}

// 300 names of 200 bytes: every one comes once, the dots never do.
void many(fd_t root) {
    enum { COUNT = 300, LENGTH = 200 };
    static bool seen[COUNT];
    char name[LENGTH + 1];
    memset(name, 'n', LENGTH);
    name[LENGTH] = 0;
    report("create-directory-at", at(FD(create_directory_at), root, "many"));
    own_fd_t own = must_open(root, "many", DIRECTORY, READ | MUTATE);
    for (uint32_t i = 0; i < COUNT; i++) {
        put_number(name, i * 137 % COUNT, 10, 3);
        drop(must_open(borrow(own), name, CREATE, WRITE));
    }
    TYPES(own_directory_entry_stream_t) stream;
    report("read-directory", FD(read_directory)(borrow(own), &stream, &error));
    int entries = 0, twice = 0, strange = 0, files = 0;
    wasi_filesystem_types_option_directory_entry_t entry;
    while (TYPES(method_directory_entry_stream_read_directory_entry)(TYPES(borrow_directory_entry_stream)(stream), &entry, &error) &&
           entry.is_some) {
        guest_string_t *found = &entry.val.name;
        uint32_t n = 0;
        for (int i = 0; i < 3; i++) n = n * 10 + (found->ptr[i] - '0');
        if (found->len != LENGTH || n >= COUNT || memcmp(found->ptr + 3, name + 3, LENGTH - 3) != 0)
            strange++;
        else if (seen[n])
            twice++;
        else
            seen[n] = true;
        files += entry.val.type == WASI_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_REGULAR_FILE;
        entries++;
        guest_string_free(found);
    }
    TYPES(directory_entry_stream_drop_own)(stream);
    print(out, "%d entries, %d files, %d twice, %d strange\n", entries, files, twice, strange);

    // Two streams on one directory do not disturb each other.
    TYPES(own_directory_entry_stream_t) other;
    FD(read_directory)(borrow(own), &stream, &error);
    FD(read_directory)(borrow(own), &other, &error);
    int both[2] = {0, 0};
    for (int i = 0; i < 2 * (COUNT + 1); i++) {
        TYPES(method_directory_entry_stream_read_directory_entry)(TYPES(borrow_directory_entry_stream)(i % 2 ? stream : other), &entry, &error);
        both[i % 2] += entry.is_some;
        if (entry.is_some) guest_string_free(&entry.val.name);
    }
    print(out, "two streams: %d and %d\n", both[0], both[1]);
    TYPES(directory_entry_stream_drop_own)(stream);
    TYPES(directory_entry_stream_drop_own)(other);
    for (uint32_t i = 0; i < COUNT; i++) {
        put_number(name, i, 10, 3);
        at(FD(unlink_file_at), borrow(own), name);
    }
    drop(own);
    report("remove-directory-at", at(FD(remove_directory_at), root, "many"));
    make(root, "file.txt", "no directory");
    own = must_open(root, "file.txt", 0, READ);
    report("read-directory of a file", FD(read_directory)(borrow(own), &stream, &error));
    drop(own);
}

static void refused(const char *what, bool ok) { print(out, "%s: %s\n", what, ok ? "ALLOWED" : "refused"); }

void escape(fd_t root) {
    report("open ../outside.txt", open_only(root, "../outside.txt", 0, READ));
    report("create ../outside.txt", open_only(root, "../outside.txt", CREATE, WRITE));
    report("open nested/../../outside.txt", open_only(root, "nested/../../outside.txt", 0, READ));
    report("open /etc/passwd", open_only(root, "/etc/passwd", 0, READ));
    report("make ../outside", at(FD(create_directory_at), root, "../outside"));
    report("an absolute link", symlink_to(root, "/etc/passwd", "absolute"));
    refused("read it", open_only(root, "absolute", 0, READ));
    symlink_to(root, "../..", "nested/out"); // some hosts refuse to make it, the others must refuse to follow it
    refused("open nested/out/outside.txt", open_only(root, "nested/out/outside.txt", 0, READ));
    at(FD(unlink_file_at), root, "nested/out");
    refused("rename to outside", rename_to(root, "greeting.txt", root, "../greeting.txt"));
    refused("remove ..", at(FD(remove_directory_at), root, ".."));
    show(root, "nested/../inside.txt");
    show(root, "greeting.txt");
}
