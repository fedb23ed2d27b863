//! Prints a file's digest as sha256sum does, under the name it is given: no tool of the system is needed.

const std = @import("std");

pub fn main() !void {
    var arena = std.heap.ArenaAllocator.init(std.heap.page_allocator);
    defer arena.deinit();
    const arguments = try std.process.argsAlloc(arena.allocator());
    const bytes = try std.fs.cwd().readFileAlloc(arena.allocator(), arguments[1], 64 * 1024 * 1024);
    var digest: [32]u8 = undefined;
    std.crypto.hash.sha2.Sha256.hash(bytes, &digest, .{});
    var buffer: [256]u8 = undefined;
    const line = try std.fmt.bufPrint(&buffer, "{x}  {s}\n", .{ &digest, arguments[2] });
    try std.fs.File.stdout().writeAll(line);
}
