//! Calls to the backend without an answer yet. Envoy holds their bodies, so number and bytes are bounded.

const std = @import("std");
const limits = @import("limits.zig");

const Call = struct { root: u32, token: u32, bytes: u32 };

pub const Calls = struct {
    items: [limits.calls_in_flight_max]Call = undefined,
    count: usize = 0,
    bytes: usize = 0,

    pub fn clear(calls: *Calls) void {
        calls.count = 0;
        calls.bytes = 0;
    }

    pub fn hasRoom(calls: *const Calls, bytes: usize) bool {
        return calls.count < calls.items.len and calls.bytes + bytes <= limits.call_bytes_in_flight_max;
    }

    pub fn add(calls: *Calls, root: u32, token: u32, bytes: usize) void {
        if (calls.count == calls.items.len) return;
        calls.items[calls.count] = .{ .root = root, .token = token, .bytes = @intCast(bytes) };
        calls.count += 1;
        calls.bytes += bytes;
    }

    /// False for a call that we do not know: its failure was already counted.
    pub fn remove(calls: *Calls, root: u32, token: u32) bool {
        for (calls.items[0..calls.count], 0..) |call, at| {
            if (call.root != root or call.token != token) continue;
            calls.removeAt(at);
            return true;
        }
        return false;
    }

    /// Envoy cancels the calls of a root context that it deletes.
    pub fn removeRoot(calls: *Calls, root: u32) void {
        var at: usize = 0;
        while (at < calls.count) {
            if (calls.items[at].root == root) calls.removeAt(at) else at += 1;
        }
    }

    fn removeAt(calls: *Calls, at: usize) void {
        calls.bytes -= calls.items[at].bytes;
        calls.count -= 1;
        calls.items[at] = calls.items[calls.count];
    }
};

test "bounded in number and bytes, and tokens belong to a root" {
    var calls = Calls{};
    try std.testing.expect(!calls.hasRoom(limits.call_bytes_in_flight_max + 1));
    for (0..limits.calls_in_flight_max) |token| {
        try std.testing.expect(calls.hasRoom(10));
        calls.add(1, @intCast(token), 10);
    }
    try std.testing.expect(!calls.hasRoom(0));
    calls.add(1, 9999, 10);
    try std.testing.expect(!calls.remove(1, 9999));
    try std.testing.expect(!calls.remove(2, 3));
    try std.testing.expect(calls.remove(1, 3));
    try std.testing.expect(!calls.remove(1, 3));
    calls.add(2, 3, 5);
    calls.removeRoot(1);
    try std.testing.expectEqual(@as(usize, 1), calls.count);
    try std.testing.expectEqual(@as(usize, 5), calls.bytes);
}
