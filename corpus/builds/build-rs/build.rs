use p1bridge_build::{Flatten, Slot};

fn main() {
    // A component becomes a module, and OUT_DIR/guest.rs has it as GUEST.
    let guest = Flatten::new("../../prebuilt/tiny-p2-c.wasm").profile("device.toml");
    guest.clone().emit("GUEST");
    // The same in a slot that `p1bridge retrofit` finds in the program.
    guest
        .slot(Slot::new().reserve(32 << 10).section(".wasm_slot"))
        .emit("GUEST_SLOT");
}
