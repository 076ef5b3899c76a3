const std = @import("std");

pub fn main(init: std.process.Init) !void {
    const io = init.io;
    const cwd = std.Io.Dir.cwd();
    var sum: f64 = 0;
    for (1..1000) |n| sum += 1.0 / @as(f64, @floatFromInt(n));
    var buffer: [128]u8 = undefined;
    const text = try std.fmt.bufPrint(&buffer, "written by zig {d:.6}\n", .{sum});
    try cwd.writeFile(io, .{ .sub_path = "zig.txt", .data = text });
    var back: [128]u8 = undefined;
    const read = try cwd.readFile(io, "zig.txt", &back);
    var out: [256]u8 = undefined;
    var writer = std.Io.File.stdout().writer(io, &out);
    try writer.interface.print("hello from zig, {d} bytes: {s}", .{ read.len, read });
    try writer.interface.flush();
}
