//! The library of tasks, which has the records of streams and futures.

#[link(wasm_import_module = "p1bridge:tasks")]
unsafe extern "C" {
    /// A stream that the host writes.
    pub safe fn host_source(kind: u32, object: u32, offset: u64) -> u32;
    /// A future that the host will write.
    pub safe fn host_future() -> u32;
    /// A future gets the result of a source.
    pub safe fn source_result(source: u32, future: u32, kind: u32);
    /// The host takes the readable end of a stream; gives the future of its result.
    pub safe fn host_sink(stream: u32, kind: u32, object: u32, offset: u64) -> u32;
    /// A future that has a result.
    pub safe fn resolved_future(kind: u32, code: u32) -> u32;
    /// The readable end of a stream that nobody reads any more.
    pub safe fn host_drop(stream: u32);
    /// Gives a string of UTF-8 that is so far into the state block to the guest that reads at a port, as its own strings
    /// are: its pointer and length go to a pointer of the guest. The state block moves.
    pub safe fn host_text(port: u32, place: u32, bytes: u32, pointer: u32);
    /// Where the memory of a port begins.
    pub safe fn host_base(port: u32) -> u32;
    /// A call that ends at a moment of the monotonic clock.
    pub safe fn timer(deadline: u64) -> u32;
    /// Waits for such a moment.
    pub safe fn timer_sync(deadline: u64);
    /// Waits until a read of this kind would go on.
    pub safe fn host_wait(kind: u32, object: u32);
    /// Whether a call that can be left pending was tried before.
    pub safe fn call_stage(call: u32) -> u32;
    /// It waits until a read of this kind would go on; then it is tried again, and one use of the object is given back.
    pub safe fn call_waits(call: u32, kind: u32, object: u32);
    /// It is over.
    pub safe fn call_done(call: u32);
}

/// Writes a stream and the future of its result.
pub fn source(out: p1bridge_shim::Out, kind: u32, object: u32, offset: u64) {
    let stream = host_source(kind, object, offset);
    let future = host_future();
    source_result(stream, future, kind);
    out.u32(0, stream);
    out.u32(4, future);
}

/// Writes a stream that ends at once and the future that says why, as that of a kind.
#[inline(never)]
pub fn failed_source(out: p1bridge_shim::Out, kind: u32, errno: u32) {
    out.u32(0, host_source(kind::FAILED, errno, 0));
    out.u32(4, resolved_future(kind, errno));
}

/// What an end of a stream is at the host.
pub mod kind {
    /// Standard input: the object is a descriptor of the host.
    pub const INPUT: u32 = 1;
    /// Standard output or error.
    pub const OUTPUT: u32 = 2;
    /// A file: the object is the slot of its descriptor.
    pub const READ: u32 = 3;
    pub const WRITE: u32 = 4;
    pub const APPEND: u32 = 5;
    /// The entries of a directory.
    pub const ENTRIES: u32 = 6;
    /// Nothing: it ends at once with the error that is its object.
    pub const FAILED: u32 = 7;
    /// The connections that a socket is given; as of all kinds below, the object is the slot of a socket.
    pub const ACCEPT: u32 = 8;
    /// What a socket receives, and sends.
    pub const RECEIVE: u32 = 9;
    pub const SEND: u32 = 10;
    /// Nothing passes: a read goes on as soon as the socket could be read, or written.
    pub const READABLE: u32 = 11;
    pub const WRITABLE: u32 = 12;
}
