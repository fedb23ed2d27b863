// SPDX-License-Identifier: Apache-2.0
//! Writes the released file and its digest, as sha256sum does: no tool of the system is needed, and the
//! file gets an ordinary mode (the linker's output is executable, which would show as a change in git).
//! Arguments: the built file, the released name, where the copy goes, where the digest goes.

const std = @import("std");

pub fn main() !void {
    var arena = std.heap.ArenaAllocator.init(std.heap.page_allocator);
    defer arena.deinit();
    const arguments = try std.process.argsAlloc(arena.allocator());
    const folder = std.fs.cwd();
    const bytes = try folder.readFileAlloc(arena.allocator(), arguments[1], 64 * 1024 * 1024);
    var digest: [32]u8 = undefined;
    std.crypto.hash.sha2.Sha256.hash(bytes, &digest, .{});
    const line = try std.fmt.allocPrint(arena.allocator(), "{x}  {s}\n", .{ &digest, arguments[2] });
    try folder.writeFile(.{ .sub_path = arguments[3], .data = bytes });
    try folder.writeFile(.{ .sub_path = arguments[4], .data = line });
}
