// SPDX-License-Identifier: Apache-2.0
//! Calls to the backend without an answer yet. Envoy holds their bodies, so number and bytes are bounded.

const std = @import("std");
const limits = @import("../limits.zig");

pub const Call = struct { root: u32, token: u32, bytes: u32, documents: u32 };

pub const Calls = struct {
    items: [limits.calls_in_flight_max]Call,
    count: usize = 0,
    bytes: usize = 0,

    pub fn hasRoom(calls: *const Calls, bytes: usize) bool {
        return calls.count < calls.items.len and calls.bytes + bytes <= limits.call_bytes_in_flight_max;
    }

    /// There has to be room.
    pub fn add(calls: *Calls, call: Call) void {
        calls.items[calls.count] = call;
        calls.count += 1;
        calls.bytes += call.bytes;
    }

    pub fn countOf(calls: *const Calls, root: u32) usize {
        var found: usize = 0;
        for (calls.items[0..calls.count]) |call| found += @intFromBool(call.root == root);
        return found;
    }

    /// Null for a call that we do not know: its failure was already counted.
    pub fn remove(calls: *Calls, root: u32, token: u32) ?Call {
        for (calls.items[0..calls.count], 0..) |call, at| {
            if (call.root != root or call.token != token) continue;
            calls.bytes -= call.bytes;
            calls.count -= 1;
            calls.items[at] = calls.items[calls.count];
            return call;
        }
        return null;
    }
};

test "bounded in number and bytes, and tokens belong to a root" {
    var calls = Calls{ .items = undefined };
    try std.testing.expect(!calls.hasRoom(limits.call_bytes_in_flight_max + 1));
    for (0..limits.calls_in_flight_max) |token| {
        try std.testing.expect(calls.hasRoom(10));
        calls.add(.{ .root = 1, .token = @intCast(token), .bytes = 10, .documents = 1 });
    }
    try std.testing.expect(!calls.hasRoom(0));
    try std.testing.expectEqual(null, calls.remove(2, 3));
    try std.testing.expectEqual(10, calls.remove(1, 3).?.bytes);
    try std.testing.expectEqual(null, calls.remove(1, 3));
    calls.add(.{ .root = 2, .token = 3, .bytes = 5, .documents = 2 });
    try std.testing.expectEqual(@as(usize, 1), calls.countOf(2));
    try std.testing.expectEqual(@as(usize, 5), calls.remove(2, 3).?.bytes);
    try std.testing.expectEqual(@as(usize, 0), calls.countOf(2));
}
