//! What the linker gives: `docs/async.md` has the contract.

#[link(wasm_import_module = "p1bridge")]
unsafe extern "C" {
    /// Where the records are. They move when a guest runs or memory grows.
    pub safe fn tasks() -> u32;
    pub safe fn max_tasks() -> u32;
    pub safe fn max_streams() -> u32;
    pub safe fn instances() -> u32;
    /// Whether anything of the host can be waited for. What would have to wait without that is tried again at once.
    pub safe fn waits() -> u32;
    /// The table of handles of an instance.
    pub safe fn table(instance: u32) -> u32;
    pub safe fn handle_add(table: u32, rep: u32, ty: u32, own: u32) -> u32;
    /// Gives the entry, which is free and still has what was in it.
    pub safe fn handle_remove(table: u32, handle: u32, ty: u32) -> u32;
    /// Begins a call whose arguments were kept.
    pub safe fn start(site: u32, task: u32);
    pub safe fn callback(lift: u32, event: u32, first: u32, second: u32) -> u32;
    /// Moves elements from a writer to a reader.
    pub safe fn copy(writer: u32, reader: u32, source: u32, target: u32, count: u32);
    /// The bytes of an element.
    pub safe fn size(port: u32) -> u32;
    /// Where the memory of a port begins.
    pub safe fn base(port: u32) -> u32;
    /// Gives a string to the guest that reads at a port: so many bytes of UTF-8, so far into the state block, go to a
    /// place of its own and are told at a pointer, as its strings are. Everything moves.
    pub safe fn text(port: u32, place: u32, bytes: u32, pointer: u32);
    /// Gives back what was lent in a call.
    pub safe fn unlend(instance: u32, last: u32);
    /// How many slots of contexts a guest can see.
    pub safe fn contexts() -> u32;
    /// Keeps those of a thread at an address, and brings those of another from one.
    pub safe fn switch_context(keep: u32, bring: u32);
    /// Says why, and traps.
    pub safe fn trap(reason: u32);
    /// Comes back when what the running thread waits for is there: [`crate::step::nested`], or its frames are
    /// taken off the stack meanwhile.
    pub safe fn pause();
    /// Whether the frames of a thread that was just entered were taken off the stack: it is not over then.
    pub safe fn unwound(thread: u32) -> u32;
    /// Lets the next call of what a stack begins with put its frames back.
    pub safe fn rewind(thread: u32);
    /// Begins a thread: the site that made it, the function and its argument.
    pub safe fn thread(site: u32, function: u32, argument: u32);
    /// The bytes that are kept of a stack at most.
    pub safe fn thread_stack() -> u32;

    // The host, through the library that has its streams.
    pub safe fn io_read(
        kind: u32,
        object: u32,
        offset: u64,
        address: u32,
        count: u32,
        port: u32,
        pointer: u32,
    ) -> i64;
    pub safe fn io_write(kind: u32, object: u32, offset: u64, address: u32, count: u32) -> i64;
    pub safe fn io_close(kind: u32, object: u32);
    pub safe fn io_result(kind: u32, code: u32, address: u32);
    pub safe fn io_subscribe(kind: u32, object: u32, writes: u32);
    pub safe fn io_poll(has_deadline: u32, deadline: u64);
    pub safe fn io_now() -> u64;
}

/// What only some programs reach: the linker binds these to the exports of the same names in programs in which there is
/// what the module is named after.
pub mod weak {
    // A call of the host that may go on when it has returned, or a stream or future that the host writes.
    #[link(wasm_import_module = "if waits")]
    unsafe extern "C" {
        #[link_name = "weak:ask"]
        pub safe fn ask(now: u32) -> u32;
        #[link_name = "weak:look"]
        pub safe fn look();
    }
    // An end of a stream or future that the host has.
    #[link(wasm_import_module = "if host")]
    unsafe extern "C" {
        #[link_name = "weak:host-transfer"]
        pub safe fn host_transfer(end: u32) -> u32;
        #[link_name = "weak:other-gone"]
        pub safe fn other_gone(end: u32);
    }
    // Calls of the host that are left pending.
    #[link(wasm_import_module = "if pending")]
    unsafe extern "C" {
        #[link_name = "weak:again"]
        pub safe fn again(call: u32);
        #[link_name = "weak:cancel-pending"]
        pub safe fn cancel_pending(call: u32);
    }
    // A guest that reads a future of the host.
    #[link(wasm_import_module = "if results")]
    unsafe extern "C" {
        #[link_name = "weak:give-result"]
        pub safe fn give_result(end: u32) -> u32;
    }
    // Streams that the host writes, and others that it reads.
    #[link(wasm_import_module = "if pump")]
    unsafe extern "C" {
        #[link_name = "weak:pump-begin"]
        pub safe fn pump_begin(source: u32, kind: u32, object: u32, offset: u64, future: u32);
        #[link_name = "weak:pump-subscribe"]
        pub safe fn pump_subscribe(shared: u32);
        #[link_name = "weak:pump-go-on"]
        pub safe fn pump_go_on(shared: u32);
    }
    // Guests that read and guests that write streams or futures of one type.
    #[link(wasm_import_module = "if pairs")]
    unsafe extern "C" {
        #[link_name = "weak:meet"]
        pub safe fn meet(end: u32, flags: u32);
    }
}

/// Why the library traps.
pub mod reason {
    pub const DEADLOCK: u32 = 0;
    pub const SEVERAL_STACKS: u32 = 1;
    pub const TASKS: u32 = 2;
    pub const STREAMS: u32 = 3;
    pub const MAY_NOT_BLOCK: u32 = 4;
    pub const BORROWS: u32 = 5;
    pub const CANNOT_ENTER: u32 = 6;
}

/// Says why, and traps.
pub fn fail(why: u32) -> ! {
    trap(why);
    p1bridge_shim::trap()
}

/// Traps if the program breaks the rules of the canonical ABI.
#[inline(always)]
pub fn trap_if(broken: bool) {
    p1bridge_shim::trap_if(broken)
}
