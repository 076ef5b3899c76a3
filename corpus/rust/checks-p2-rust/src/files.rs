//! What is done with one open file: reading, writing, sizes, times, identity.

use crate::bindings::wasi::clocks::wall_clock::{self, Datetime};
use crate::bindings::wasi::filesystem::types::{
    Advice, Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
};
use crate::say::{self, file, line, open};

const READ: DescriptorFlags = DescriptorFlags::READ;
const WRITE: DescriptorFlags = DescriptorFlags::WRITE;
const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;

pub fn all() {
    let base = say::root();
    say::directory(&base, "dir");
    reads(&base);
    writes(&base);
    sizes(&base);
    hints(&base);
    stats(&base);
    times(&base);
    late_times(&base);
    identity(&base);
    far(&base);
}

fn show(result: Result<(Vec<u8>, bool), ErrorCode>) -> String {
    say::word(result.map(|(bytes, end)| (say::text(&bytes), end)))
}

fn reads(base: &Descriptor) {
    let it = say::make(base, "read", b"0123456789");
    for (length, offset) in [
        (4, 0),
        (4, 4),
        (4, 8),
        (10, 0),
        (11, 0),
        (1, 9),
        (1, 10),
        (5, 100),
        (0, 0),
        (0, 10),
    ] {
        line(
            &format!("read {length} at {offset}"),
            show(it.read(length, offset)),
        );
    }
    line("read at 2^63-1", show(it.read(1, i64::MAX as u64)));
    line("read at 2^63", show(it.read(1, 1 << 63)));
    line(
        "read 2^63",
        say::word(it.read(1 << 63, 0).map(|(b, _)| b.len() >= 10)),
    );
    let write_only = open(base, "read", OpenFlags::empty(), WRITE).expect("it is there");
    line("read write-only", show(write_only.read(1, 0)));
    line("read a directory", show(base.read(1, 0)));
    let big = vec![b'b'; 100_000];
    let it = say::make(base, "big", &big);
    let (bytes, _) = it.read(100_000, 0).expect("a file");
    line(
        "read 100000 gives some",
        !bytes.is_empty() && bytes.iter().all(|b| *b == b'b'),
    );
    line("read in turns", say::content(&it).len());
}

fn writes(base: &Descriptor) {
    let it = say::make(base, "write", b"");
    file("write", it.write(b"hello", 0));
    file("write over", it.write(b"J", 0));
    file("write at the end", it.write(b" there", 5));
    line("written", say::text(&say::content(&it)));
    file("write nothing", it.write(b"", 3));
    file("write nothing far away", it.write(b"", 1000));
    line("size after nothing", say::word(it.stat().map(|s| s.size)));
    file("write behind the end", it.write(b"x", 20));
    line("hole", format!("{:?}", &say::content(&it)[11..]));
    let read_only = open(base, "write", OpenFlags::empty(), READ).expect("it is there");
    file("write read-only", read_only.write(b"x", 0));
    file("write nothing read-only", read_only.write(b"", 0));
    file("write to a directory", base.write(b"x", 0));
    file("write at 2^63", it.write(b"x", 1 << 63));
    let long: Vec<u8> = (0..1_000_000u32).map(|i| (i % 251) as u8).collect();
    let it = say::make(base, "long", &long);
    line("a million bytes", say::content(&it) == long);
}

fn sizes(base: &Descriptor) {
    let it = say::make(base, "sized", b"0123456789");
    file("set-size less", it.set_size(4));
    line("cut", say::text(&say::content(&it)));
    file("set-size more", it.set_size(8));
    line("grown", format!("{:?}", say::content(&it)));
    file("set-size same", it.set_size(8));
    file("set-size zero", it.set_size(0));
    line("empty", say::content(&it).len());
    let read_only = open(base, "sized", OpenFlags::empty(), READ).expect("it is there");
    file("set-size read-only", read_only.set_size(1));
    file("set-size of a directory", base.set_size(1));
    file("set-size 2^63", it.set_size(1 << 63));
}

fn hints(base: &Descriptor) {
    let it = say::make(base, "hints", b"0123456789");
    for (name, advice) in [
        ("normal", Advice::Normal),
        ("sequential", Advice::Sequential),
        ("random", Advice::Random),
        ("will-need", Advice::WillNeed),
        ("dont-need", Advice::DontNeed),
        ("no-reuse", Advice::NoReuse),
    ] {
        file(&format!("advise {name}"), it.advise(0, 10, advice));
    }
    file("advise a directory", base.advise(0, 10, Advice::Normal));
    file("sync", it.sync());
    file("sync-data", it.sync_data());
    let read_only = open(base, "hints", OpenFlags::empty(), READ).expect("it is there");
    file("s12-sync-data read-only", read_only.sync_data());
    file("sync read-only", read_only.sync());
    let dir = open(base, "dir", OpenFlags::DIRECTORY, READ).expect("it is there");
    file("sync a directory", dir.sync());
    file("sync-data a directory", dir.sync_data());
}

fn stats(base: &Descriptor) {
    let it = say::make(base, "stat", b"0123456789");
    let stat = it.stat().expect("a file");
    line(
        "stat",
        format!("{:?} {} {}", stat.type_, stat.size, stat.link_count),
    );
    let has = [
        stat.data_access_timestamp,
        stat.data_modification_timestamp,
        stat.status_change_timestamp,
    ];
    line("stat has times", has.iter().all(Option::is_some));
    let now = wall_clock::now().seconds;
    line(
        "stat is of now",
        has.iter()
            .flatten()
            .all(|t| t.seconds + 100 > now && t.seconds < now + 100),
    );
    base.link_at(PathFlags::empty(), "stat", base, "stat-too")
        .expect("a new name");
    line("link-count", say::word(it.stat().map(|s| s.link_count)));
    file(
        "stat-at",
        base.stat_at(FOLLOW, "stat").map(|s| (s.type_, s.size)),
    );
    file(
        "stat-at a directory",
        base.stat_at(FOLLOW, "dir").map(|s| s.type_),
    );
    file("stat a directory", base.stat().map(|s| s.type_));
    file("stat-at dot", base.stat_at(FOLLOW, ".").map(|s| s.type_));
    file(
        "stat-at missing",
        base.stat_at(FOLLOW, "missing").map(|s| s.type_),
    );
    file("stat-at empty", base.stat_at(FOLLOW, "").map(|s| s.type_));
    file(
        "stat-at parent",
        base.stat_at(FOLLOW, "..").map(|s| s.type_),
    );
    file(
        "stat-at absolute",
        base.stat_at(FOLLOW, "/etc").map(|s| s.type_),
    );
    file(
        "stat-at of a file",
        it.stat_at(FOLLOW, "x").map(|s| s.type_),
    );
    base.symlink_at("stat", "stat-link").expect("a new name");
    file(
        "stat-at a link",
        base.stat_at(PathFlags::empty(), "stat-link")
            .map(|s| (s.type_, s.size)),
    );
    file(
        "stat-at through a link",
        base.stat_at(FOLLOW, "stat-link").map(|s| (s.type_, s.size)),
    );
    base.symlink_at("nowhere", "stat-dangling")
        .expect("a new name");
    file(
        "stat-at dangling",
        base.stat_at(FOLLOW, "stat-dangling").map(|s| s.type_),
    );
    file(
        "stat-at dangling itself",
        base.stat_at(PathFlags::empty(), "stat-dangling")
            .map(|s| s.type_),
    );
}

fn at(seconds: u64, nanoseconds: u32) -> NewTimestamp {
    NewTimestamp::Timestamp(Datetime {
        seconds,
        nanoseconds,
    })
}

fn shown(time: Option<Datetime>) -> String {
    time.map_or("none".to_owned(), |t| {
        format!("{}.{:09}", t.seconds, t.nanoseconds)
    })
}

fn times(base: &Descriptor) {
    let it = say::make(base, "times", b"0123456789");
    let both = |it: &Descriptor| {
        let stat = it.stat().expect("a file");
        format!(
            "{} {}",
            shown(stat.data_access_timestamp),
            shown(stat.data_modification_timestamp)
        )
    };
    file(
        "set-times",
        it.set_times(at(1_000_000_000, 123_456_789), at(1_200_000_000, 1)),
    );
    line("times", both(&it));
    file(
        "set-times nothing",
        it.set_times(NewTimestamp::NoChange, NewTimestamp::NoChange),
    );
    line("times as before", both(&it));
    file(
        "set-times one",
        it.set_times(at(5, 6), NewTimestamp::NoChange),
    );
    line("one time", both(&it));
    file(
        "set-times now",
        it.set_times(NewTimestamp::NoChange, NewTimestamp::Now),
    );
    let stat = it.stat().expect("a file");
    let modified = stat.data_modification_timestamp.expect("a time").seconds;
    line(
        "modified now",
        modified.abs_diff(wall_clock::now().seconds) < 100,
    );
    file(
        "set-times-at",
        base.set_times_at(FOLLOW, "times", at(7, 8), at(9, 10)),
    );
    line("times by path", both(&it));
    file(
        "set-times-at missing",
        base.set_times_at(FOLLOW, "missing", at(7, 8), at(9, 10)),
    );
    file(
        "set-times-at parent",
        base.set_times_at(FOLLOW, "..", at(7, 8), at(9, 10)),
    );
    base.symlink_at("times", "times-link").expect("a new name");
    file(
        "set-times-at through a link",
        base.set_times_at(FOLLOW, "times-link", at(70, 0), at(90, 0)),
    );
    line("times by link", both(&it));
    file(
        "set-times-at a link",
        base.set_times_at(PathFlags::empty(), "times-link", at(11, 0), at(12, 0)),
    );
    line("times of the target", both(&it));
    let link = base
        .stat_at(PathFlags::empty(), "times-link")
        .expect("it is there");
    line("times of the link", shown(link.data_modification_timestamp));
    let dir = open(
        base,
        "dir",
        OpenFlags::DIRECTORY,
        READ | DescriptorFlags::MUTATE_DIRECTORY,
    );
    let dir = dir.expect("it is there");
    file(
        "set-times of a directory",
        dir.set_times(at(21, 0), at(22, 0)),
    );
    line("times of a directory", both(&dir));
    let read_only = open(base, "times", OpenFlags::empty(), READ).expect("it is there");
    file(
        "set-times read-only",
        read_only.set_times(at(31, 0), at(32, 0)),
    );
}

fn late_times(base: &Descriptor) {
    let it = say::make(base, "late", b"");
    file(
        "set-times beyond",
        it.set_times(at(u64::MAX, 0), NewTimestamp::NoChange),
    );
    file(
        "set-times in 2200",
        it.set_times(at(7_258_118_400, 0), at(7_258_118_400, 5)),
    );
    line(
        "late time",
        shown(it.stat().expect("a file").data_modification_timestamp),
    );
}

fn identity(base: &Descriptor) {
    let one = say::make(base, "one", b"1");
    let two = say::make(base, "two", b"2");
    let again = open(base, "one", OpenFlags::empty(), READ).expect("it is there");
    line("same as itself", one.is_same_object(&one));
    line("same, opened twice", one.is_same_object(&again));
    line("another file", one.is_same_object(&two));
    line("a directory", one.is_same_object(base));
    base.link_at(PathFlags::empty(), "one", base, "one-linked")
        .expect("a new name");
    let linked = open(base, "one-linked", OpenFlags::empty(), READ).expect("it is there");
    line("hard link", one.is_same_object(&linked));
    let hash = |d: &Descriptor| d.metadata_hash().map(|h| (h.lower, h.upper));
    let first = hash(&one).expect("a file");
    line("hash stays", hash(&one).expect("a file") == first);
    line("hash, opened twice", hash(&again).expect("a file") == first);
    line("hash differs", hash(&two).expect("a file") != first);
    let by_path = |flags, path| {
        base.metadata_hash_at(flags, path)
            .map(|h| (h.lower, h.upper))
    };
    line(
        "hash by path",
        by_path(FOLLOW, "one").expect("a file") == first,
    );
    line(
        "hash by another",
        by_path(FOLLOW, "two").expect("a file") != first,
    );
    file("hash missing", by_path(FOLLOW, "missing"));
    base.symlink_at("one", "one-link").expect("a new name");
    line(
        "hash through a link",
        by_path(FOLLOW, "one-link").expect("a file") == first,
    );
    line(
        "hash of a link",
        by_path(PathFlags::empty(), "one-link").expect("a link") != first,
    );
    one.write(b"changed", 0).expect("a file");
    line("hash after a change", hash(&one).expect("a file") != first);
}

/// Beyond what 32 bits can say.
fn far(base: &Descriptor) {
    const GIB: u64 = 1 << 30;
    let it = say::make(base, "far", b"");
    file("write at 5 GiB", it.write(b"five", 5 * GIB));
    file("size of 5 GiB", it.stat().map(|s| s.size));
    line("read at 5 GiB", show(it.read(10, 5 * GIB)));
    line("read at 1 GiB", show(it.read(3, GIB)));
    let input = it.read_via_stream(5 * GIB + 1).expect("a file");
    say::stream(
        "stream from 5 GiB",
        input.blocking_read(10).map(|b| say::text(&b)),
    );
    say::stream("stream at its end", input.blocking_read(10));
    let output = it.write_via_stream(4 * GIB - 2).expect("a file");
    say::stream(
        "stream over 4 GiB",
        output.blocking_write_and_flush(b"abcd"),
    );
    line("read over 4 GiB", show(it.read(4, 4 * GIB - 2)));
    let input = it.read_via_stream(4 * GIB - 1).expect("a file");
    say::stream("skip over 4 GiB", input.blocking_skip(2));
    say::stream(
        "read after 4 GiB",
        input.blocking_read(1).map(|b| say::text(&b)),
    );
    let end = it.append_via_stream().expect("a file");
    say::stream("append at 5 GiB", end.blocking_write_and_flush(b"!"));
    file("size after append", it.stat().map(|s| s.size));
    file("set-size 6 GiB", it.set_size(6 * GIB));
    file("stat-at 6 GiB", base.stat_at(FOLLOW, "far").map(|s| s.size));
    file("advise at 5 GiB", it.advise(5 * GIB, GIB, Advice::WillNeed));
    file("set-size back", it.set_size(0));
}
