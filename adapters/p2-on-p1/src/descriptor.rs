pub const PREOPEN: u8 = 1 << 6;
