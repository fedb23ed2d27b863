// SPDX-License-Identifier: Apache-2.0
//! Batches that may have to be sent again. They lie at the start of the queue's buffer, the oldest first and one behind
//! the other; what was not sent yet comes behind them.

const std = @import("std");
const limits = @import("../limits.zig");
const PluginContext = @import("../config/plugin_contexts.zig").PluginContext;

pub const Batch = struct {
    plugin: ?*const PluginContext,
    /// Of the call that has it, if one has.
    token: u32,
    in_flight: bool,
    bytes: u32,
    documents: u32,
};

pub const Kept = struct {
    items: [limits.calls_in_flight_max]Batch,
    count: usize = 0,
    /// All of them together.
    bytes: usize = 0,

    pub fn hasRoom(kept: *const Kept) bool {
        return kept.count < kept.items.len;
    }

    /// There has to be room.
    pub fn add(kept: *Kept, batch: Batch) void {
        kept.items[kept.count] = batch;
        kept.count += 1;
        kept.bytes += batch.bytes;
    }

    pub fn find(kept: *const Kept, plugin: *const PluginContext, token: u32) ?usize {
        for (kept.items[0..kept.count], 0..) |*batch, at| {
            if (batch.plugin == plugin and batch.in_flight and batch.token == token) return at;
        }
        return null;
    }

    pub fn startOf(kept: *const Kept, index: usize) usize {
        var start: usize = 0;
        for (kept.items[0..index]) |*batch| start += batch.bytes;
        return start;
    }

    pub fn remove(kept: *Kept, index: usize) void {
        kept.bytes -= kept.items[index].bytes;
        kept.count -= 1;
        @memmove(kept.items[index..kept.count], kept.items[index + 1 .. kept.count + 1]);
    }
};

test "in their order, found by who sent them and the call" {
    var kept = Kept{ .items = undefined };
    const one: *const PluginContext = @ptrFromInt(@alignOf(PluginContext));
    const other: *const PluginContext = @ptrFromInt(2 * @alignOf(PluginContext));
    for (0..limits.calls_in_flight_max) |at| {
        try std.testing.expect(kept.hasRoom());
        kept.add(.{ .plugin = if (at % 2 == 0) one else other, .token = @intCast(at / 2), .in_flight = at != 6, .bytes = 10, .documents = 1 });
    }
    try std.testing.expect(!kept.hasRoom());
    try std.testing.expectEqual(4, kept.find(one, 2));
    try std.testing.expectEqual(5, kept.find(other, 2));
    try std.testing.expectEqual(null, kept.find(one, 3));
    kept.remove(4);
    try std.testing.expectEqual(40, kept.startOf(kept.find(other, 2).?));
    try std.testing.expectEqual(2550, kept.bytes);
}
