// SPDX-License-Identifier: Apache-2.0
//! The arena of one callback. The host asks it for space (proxy_on_memory_allocate) and our own code
//! uses it for short-lived copies; nothing in it outlives the callback.

const std = @import("std");

pub const Arena = struct {
    buffer: []u8,
    used: usize = 0,

    /// Null when full: the host then reports a failed call, which is a value and no trap.
    pub fn allocate(arena: *Arena, size: usize) ?[*]u8 {
        const start = std.mem.alignForward(usize, arena.used, 8);
        if (start > arena.buffer.len or size > arena.buffer.len - start) return null;
        arena.used = start + size;
        return arena.buffer[start..].ptr;
    }

    /// What is left; it is not taken by this.
    pub fn rest(arena: *Arena) []u8 {
        return arena.buffer[arena.used..];
    }

    pub noinline fn reset(arena: *Arena) void {
        arena.used = 0;
    }

    /// Whether `size` bytes at `address` are ours. What the host returns is not believed unseen.
    pub fn contains(arena: *const Arena, address: usize, size: usize) bool {
        const start = @intFromPtr(arena.buffer.ptr);
        if (address < start) return false;
        const offset = address - start;
        return offset <= arena.buffer.len and size <= arena.buffer.len - offset;
    }
};

test "allocates until full, then says so" {
    var buffer: [32]u8 align(8) = undefined;
    var arena = Arena{ .buffer = &buffer };
    try std.testing.expectEqual(&buffer[0], &arena.allocate(5).?[0]);
    try std.testing.expectEqual(&buffer[8], &arena.allocate(24).?[0]);
    try std.testing.expectEqual(null, arena.allocate(1));
    try std.testing.expectEqual(null, arena.allocate(std.math.maxInt(usize)));
    arena.reset();
    try std.testing.expect(arena.allocate(32) != null);
}

test "knows its own bytes only" {
    var buffer: [16]u8 = undefined;
    const arena = Arena{ .buffer = &buffer };
    const start = @intFromPtr(&buffer);
    try std.testing.expect(arena.contains(start, 16));
    try std.testing.expect(!arena.contains(start, 17));
    try std.testing.expect(!arena.contains(start - 1, 1));
    try std.testing.expect(!arena.contains(start + 8, std.math.maxInt(usize)));
}
