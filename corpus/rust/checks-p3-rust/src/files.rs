//! What is done with one open file: sizes, times, identity.

use crate::bindings::wasi::clocks::system_clock::{self, Instant};
use crate::bindings::wasi::filesystem::types::{
    Advice, Descriptor, DescriptorFlags, NewTimestamp, OpenFlags, PathFlags,
};
use crate::say::{self, file, line, reopen};

const READ: DescriptorFlags = DescriptorFlags::READ;
const WRITE: DescriptorFlags = DescriptorFlags::WRITE;
const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;

pub async fn all() {
    let base = say::root();
    let dir = say::directory(&base, "dir").await;
    sizes(&base).await;
    hints(&base, &dir).await;
    stats(&base).await;
    times(&base, &dir).await;
    identity(&base).await;
}

async fn sizes(base: &Descriptor) {
    let it = say::make(base, "sized", b"0123456789").await;
    file("descriptor.set-size less", it.set_size(4).await).await;
    line("descriptor.set-size cut", say::content(&it).await).await;
    file("descriptor.set-size more", it.set_size(8).await).await;
    line(
        "descriptor.set-size grown",
        format!("{:?}", say::content(&it).await),
    )
    .await;
    file("descriptor.set-size zero", it.set_size(0).await).await;
    line("descriptor.set-size empty", say::content(&it).await.len()).await;
    let closed = reopen(base, "sized", READ).await;
    file("descriptor.set-size read-only", closed.set_size(1).await).await;
    file("descriptor.set-size of a directory", base.set_size(1).await).await;
    file("descriptor.set-size 2^63", it.set_size(1 << 63).await).await;
}

async fn hints(base: &Descriptor, dir: &Descriptor) {
    let it = say::make(base, "hints", b"0123456789").await;
    for (name, advice) in [
        ("normal", Advice::Normal),
        ("sequential", Advice::Sequential),
        ("random", Advice::Random),
        ("will-need", Advice::WillNeed),
        ("dont-need", Advice::DontNeed),
        ("no-reuse", Advice::NoReuse),
    ] {
        file(
            &format!("descriptor.advise {name}"),
            it.advise(0, 5, advice).await,
        )
        .await;
    }
    file(
        "descriptor.advise of a directory",
        base.advise(0, 5, Advice::Normal).await,
    )
    .await;
    file("descriptor.sync", it.sync().await).await;
    file("descriptor.sync-data", it.sync_data().await).await;
    let closed = reopen(base, "hints", READ).await;
    file("descriptor.sync read-only", closed.sync().await).await;
    file("descriptor.sync-data read-only", closed.sync_data().await).await;
    file("descriptor.sync a directory", dir.sync().await).await;
    file("descriptor.sync-data a directory", dir.sync_data().await).await;
    for (name, flags) in [("read", READ), ("write", WRITE), ("both", READ | WRITE)] {
        let it = reopen(base, "hints", flags).await;
        file(
            &format!("descriptor.get-flags {name}"),
            it.get_flags().await,
        )
        .await;
        file(&format!("descriptor.get-type {name}"), it.get_type().await).await;
    }
    file("descriptor.get-type of a directory", dir.get_type().await).await;
}

async fn stats(base: &Descriptor) {
    let it = say::make(base, "stat", b"0123456789").await;
    let stat = it.stat().await.expect("a file");
    let shown = format!("{:?} {} {}", stat.type_, stat.size, stat.link_count);
    line("descriptor.stat", shown).await;
    let has = [
        stat.data_access_timestamp,
        stat.data_modification_timestamp,
        stat.status_change_timestamp,
    ];
    line("descriptor.stat has times", has.iter().all(Option::is_some)).await;
    let now = system_clock::now().seconds;
    let of_now = has.iter().flatten().all(|t| (t.seconds - now).abs() < 100);
    line("descriptor.stat is of now", of_now).await;
    file(
        "descriptor.stat a directory",
        base.stat().await.map(|s| s.type_),
    )
    .await;
    base.link_at(PathFlags::empty(), "stat".into(), base, "stat-too".into())
        .await
        .expect("a new name");
    file(
        "descriptor.stat link-count",
        it.stat().await.map(|s| s.link_count),
    )
    .await;
    base.symlink_at("stat".into(), "stat-link".into())
        .await
        .expect("a new name");
    base.symlink_at("nowhere".into(), "stat-dangling".into())
        .await
        .expect("a new name");
    for path in [
        "stat",
        "dir",
        ".",
        "missing",
        "",
        "..",
        "/etc",
        "stat-link",
        "stat-dangling",
        "stat/x",
    ] {
        for (how, flags) in [("", PathFlags::empty()), ("followed", FOLLOW)] {
            let stat = base.stat_at(flags, path.into()).await;
            let is_file = stat
                .as_ref()
                .is_ok_and(|s| format!("{:?}", s.type_).contains("File"));
            let seen = stat.map(|s| (s.type_, if is_file { s.size } else { 0 }));
            file(&format!("descriptor.stat-at {path:?} {how}"), seen).await;
        }
    }
    let seen = it.stat_at(FOLLOW, "x".into()).await.map(|s| s.type_);
    file("descriptor.stat-at of a file", seen).await;
}

fn at(seconds: i64, nanoseconds: u32) -> NewTimestamp {
    NewTimestamp::Timestamp(Instant {
        seconds,
        nanoseconds,
    })
}

fn shown(time: Option<Instant>) -> String {
    time.map_or("none".to_owned(), |t| {
        format!("{}.{:09}", t.seconds, t.nanoseconds)
    })
}

async fn both(it: &Descriptor) -> String {
    let stat = it.stat().await.expect("a file");
    let (access, modified) = (stat.data_access_timestamp, stat.data_modification_timestamp);
    format!("{} {}", shown(access), shown(modified))
}

async fn times(base: &Descriptor, dir: &Descriptor) {
    let it = say::make(base, "times", b"0123456789").await;
    let set = it
        .set_times(at(1_000_000_000, 123_456_789), at(1_200_000_000, 1))
        .await;
    file("descriptor.set-times", set).await;
    line("descriptor.set-times set", both(&it).await).await;
    let set = it
        .set_times(NewTimestamp::NoChange, NewTimestamp::NoChange)
        .await;
    file("descriptor.set-times nothing", set).await;
    line("descriptor.set-times as before", both(&it).await).await;
    file(
        "descriptor.set-times one",
        it.set_times(at(5, 6), NewTimestamp::NoChange).await,
    )
    .await;
    line("descriptor.set-times one set", both(&it).await).await;
    file(
        "descriptor.set-times now",
        it.set_times(NewTimestamp::NoChange, NewTimestamp::Now)
            .await,
    )
    .await;
    let stat = it.stat().await.expect("a file");
    let modified = stat.data_modification_timestamp.expect("a time").seconds;
    let of_now = modified.abs_diff(system_clock::now().seconds) < 100;
    line("descriptor.set-times of now", of_now).await;
    file(
        "descriptor.set-times beyond",
        it.set_times(at(i64::MAX, 0), NewTimestamp::NoChange).await,
    )
    .await;
    file(
        "descriptor.set-times in 2200",
        it.set_times(at(7_258_118_400, 0), at(7_258_118_400, 5))
            .await,
    )
    .await;
    line("descriptor.set-times late", both(&it).await).await;
    file(
        "descriptor.set-times of a directory",
        dir.set_times(at(21, 0), at(22, 0)).await,
    )
    .await;
    line("descriptor.set-times of a directory, set", both(dir).await).await;
    let closed = reopen(base, "times", READ).await;
    file(
        "descriptor.set-times read-only",
        closed.set_times(at(31, 0), at(32, 0)).await,
    )
    .await;

    let set = async |name: &str, flags, path: &str, seconds| {
        let set = base
            .set_times_at(flags, path.into(), at(seconds, 0), at(seconds + 1, 0))
            .await;
        file(&format!("descriptor.set-times-at {name}"), set).await;
    };
    set("a file", FOLLOW, "times", 7).await;
    line("descriptor.set-times-at set", both(&it).await).await;
    set("missing", FOLLOW, "missing", 7).await;
    set("the parent", FOLLOW, "..", 7).await;
    set("nothing", FOLLOW, "", 7).await;
    base.symlink_at("times".into(), "times-link".into())
        .await
        .expect("a new name");
    set("through a link", FOLLOW, "times-link", 70).await;
    line("descriptor.set-times-at by link", both(&it).await).await;
    set("a link", PathFlags::empty(), "times-link", 11).await;
    line("descriptor.set-times-at target", both(&it).await).await;
    let early = base
        .set_times_at(
            FOLLOW,
            "times".into(),
            at(i64::MAX, 0),
            NewTimestamp::NoChange,
        )
        .await;
    file("descriptor.set-times-at beyond", early).await;
}

async fn identity(base: &Descriptor) {
    let one = say::make(base, "one", b"1").await;
    let two = say::make(base, "two", b"2").await;
    let again = reopen(base, "one", READ).await;
    line(
        "descriptor.is-same-object itself",
        one.is_same_object(&one).await,
    )
    .await;
    line(
        "descriptor.is-same-object opened twice",
        one.is_same_object(&again).await,
    )
    .await;
    line(
        "descriptor.is-same-object another",
        one.is_same_object(&two).await,
    )
    .await;
    line(
        "descriptor.is-same-object a directory",
        one.is_same_object(base).await,
    )
    .await;
    base.link_at(PathFlags::empty(), "one".into(), base, "one-linked".into())
        .await
        .expect("a new name");
    let linked = reopen(base, "one-linked", READ).await;
    line(
        "descriptor.is-same-object hard link",
        one.is_same_object(&linked).await,
    )
    .await;
    let hash = async |d: &Descriptor| {
        d.metadata_hash()
            .await
            .map(|h| (h.lower, h.upper))
            .expect("a file")
    };
    let first = hash(&one).await;
    line("descriptor.metadata-hash stays", hash(&one).await == first).await;
    line(
        "descriptor.metadata-hash opened twice",
        hash(&again).await == first,
    )
    .await;
    line(
        "descriptor.metadata-hash another",
        hash(&two).await == first,
    )
    .await;
    let by_path = async |flags, path: &str| {
        base.metadata_hash_at(flags, path.into())
            .await
            .map(|h| (h.lower, h.upper) == first)
    };
    file(
        "descriptor.metadata-hash-at the same",
        by_path(FOLLOW, "one").await,
    )
    .await;
    file(
        "descriptor.metadata-hash-at another",
        by_path(FOLLOW, "two").await,
    )
    .await;
    file(
        "descriptor.metadata-hash-at missing",
        by_path(FOLLOW, "missing").await,
    )
    .await;
    base.symlink_at("one".into(), "one-link".into())
        .await
        .expect("a new name");
    file(
        "descriptor.metadata-hash-at through a link",
        by_path(FOLLOW, "one-link").await,
    )
    .await;
    file(
        "descriptor.metadata-hash-at a link",
        by_path(PathFlags::empty(), "one-link").await,
    )
    .await;
    let missing = say::open(base, "missing", OpenFlags::empty(), READ)
        .await
        .map(drop);
    file("descriptor.open-at missing", missing).await;
}
