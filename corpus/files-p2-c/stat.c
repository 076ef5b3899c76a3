// What is known about files: kinds, sizes, times, identity.
#include "files.h"

static const TYPES(new_timestamp_t) UNCHANGED = {.tag = WASI_FILESYSTEM_TYPES_NEW_TIMESTAMP_NO_CHANGE};
static const TYPES(new_timestamp_t) NOW = {.tag = WASI_FILESYSTEM_TYPES_NEW_TIMESTAMP_NOW};

static TYPES(new_timestamp_t) time_of(uint64_t seconds) {
    return (TYPES(new_timestamp_t)){.tag = WASI_FILESYSTEM_TYPES_NEW_TIMESTAMP_TIMESTAMP, .val.timestamp = {seconds, 0}};
}

static uint64_t seconds(TYPES(option_datetime_t) time) { return time.is_some ? time.val.seconds : 0; }

static void describe(fd_t dir, const char *path, int path_flags) {
    guest_string_t name = string(path);
    TYPES(descriptor_stat_t) s;
    if (!FD(stat_at)(dir, (uint8_t)path_flags, &name, &s, &error)) {
        report(path, false);
        return;
    }
    print(out, "%s: %s", path, type_name(s.type));
    if (s.type == WASI_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_REGULAR_FILE) print(out, ", %u bytes, links %u", s.size, s.link_count);
    print(out, ", modified after 2020 %y\n", seconds(s.data_modification_timestamp) > 1577836800);
}

static void show_times(fd_t fd) {
    TYPES(descriptor_stat_t) s;
    if (report("stat", FD(stat)(fd, &s, &error)))
        print(out, "read at %u, modified at %u\n", seconds(s.data_access_timestamp), seconds(s.data_modification_timestamp));
}

void stats(fd_t root) {
    own_fd_t own = must_open(root, "sized", CREATE, READ | WRITE);
    fd_t fd = borrow(own);
    report("set-size", FD(set_size)(fd, 123456, &error));
    guest_string_t sized = string("sized"), hard = string("hard"), folder = string("folder"), link = string("link");
    report("link-at", FD(link_at)(root, 0, &sized, root, &hard, &error));
    FD(create_directory_at)(root, &folder, &error);
    FD(symlink_at)(root, &sized, &link, &error);
    describe(root, "sized", 0);
    describe(root, "folder", 0);
    describe(root, "link", 0);
    describe(root, "link", FOLLOW);
    describe(root, "absent", 0);
    describe(root, ".", 0);

    TYPES(new_timestamp_t) a = time_of(1000000000), m = time_of(1600000000);
    report("set-times", FD(set_times)(fd, &a, &m, &error));
    show_times(fd);
    a = UNCHANGED;
    m = time_of(1234567890);
    report("set-times-at", FD(set_times_at)(root, 0, &sized, &a, &m, &error));
    show_times(fd);
    m = NOW;
    report("set-times to now", FD(set_times)(fd, &a, &m, &error));
    describe(root, "sized", 0);
    drop(own);
}

static bool equal(TYPES(metadata_hash_value_t) a, TYPES(metadata_hash_value_t) b) {
    return a.lower == b.lower && a.upper == b.upper;
}

void same(fd_t root) {
    make(root, "one", "1");
    make(root, "two", "22");
    own_fd_t one = must_open(root, "one", 0, READ), again = must_open(root, "one", 0, READ), two = must_open(root, "two", 0, READ);
    print(out, "one is one: %y\n", TYPES(method_descriptor_is_same_object)(borrow(one), borrow(one)));
    print(out, "one is one, opened again: %y\n", TYPES(method_descriptor_is_same_object)(borrow(one), borrow(again)));
    print(out, "one is two: %y\n", TYPES(method_descriptor_is_same_object)(borrow(one), borrow(two)));

    TYPES(metadata_hash_value_t) h1, h2, at;
    guest_string_t name = string("one"), absent = string("absent");
    report("metadata-hash", FD(metadata_hash)(borrow(one), &h1, &error));
    report("metadata-hash of the other", FD(metadata_hash)(borrow(two), &h2, &error));
    report("metadata-hash-at", FD(metadata_hash_at)(root, 0, &name, &at, &error));
    print(out, "by name the same: %y, of two files: %y\n", equal(h1, at), equal(h1, h2));
    report("metadata-hash-at of nothing", FD(metadata_hash_at)(root, 0, &absent, &at, &error));

    TYPES(descriptor_type_t) type;
    report("get-type", FD(get_type)(root, &type, &error));
    print(out, "the root is a %s\n", type_name(type));
    TYPES(descriptor_flags_t) flags;
    report("get-flags", FD(get_flags)(root, &flags, &error));
    print(out, "read %y, mutate-directory %y\n", !!(flags & READ), !!(flags & MUTATE));
    wasi_io_streams_own_input_stream_t stream;
    report("a stream of a directory", FD(read_via_stream)(root, 0, &stream, &error));
    drop(one);
    drop(again);
    drop(two);
}
