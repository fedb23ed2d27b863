//! What stays the same on a downstream connection is asked for once: fetching properties costs more
//! than all the rest of a trace but its POST.

const std = @import("std");
const limits = @import("limits.zig");

pub const Text = struct {
    bytes: [limits.address_bytes_cached_max]u8 = undefined,
    length: u8 = 0,

    pub fn get(text: *const Text) []const u8 {
        return text.bytes[0..text.length];
    }

    fn set(text: *Text, value: []const u8) bool {
        if (value.len > text.bytes.len) return false;
        @memcpy(text.bytes[0..value.len], value);
        text.length = @intCast(value.len);
        return true;
    }
};

pub const Connection = struct {
    /// 0: empty.
    id: u64 = 0,
    source: Text = .{},
    destination: Text = .{},
    protocol: Text = .{},
};

pub const Facts = struct {
    source: []const u8 = "",
    destination: []const u8 = "",
    protocol: []const u8 = "",
};

/// Direct-mapped: a newer connection takes the place of an older one.
pub const Cache = struct {
    entries: [limits.connections_cached]Connection,

    pub fn clear(cache: *Cache) void {
        for (&cache.entries) |*entry| entry.id = 0;
    }

    pub fn get(cache: *const Cache, id: u64) ?Facts {
        const entry = &cache.entries[@intCast(id % limits.connections_cached)];
        if (id == 0 or entry.id != id) return null;
        return .{ .source = entry.source.get(), .destination = entry.destination.get(), .protocol = entry.protocol.get() };
    }

    pub fn put(cache: *Cache, id: u64, facts: Facts) void {
        // What is missing now may be there next time.
        if (facts.source.len == 0 or facts.destination.len == 0 or facts.protocol.len == 0) return;
        const entry = &cache.entries[@intCast(id % limits.connections_cached)];
        entry.id = 0;
        if (!entry.source.set(facts.source)) return;
        if (!entry.destination.set(facts.destination)) return;
        if (!entry.protocol.set(facts.protocol)) return;
        entry.id = id;
    }
};

test "remembers what fits, and the newest of a place" {
    var cache: Cache = undefined;
    cache.clear();
    const facts = Facts{ .source = "[::1]:5", .destination = "10.0.0.1:80", .protocol = "HTTP/2" };
    try std.testing.expectEqual(null, cache.get(0));
    cache.put(3, facts);
    try std.testing.expectEqualStrings("[::1]:5", cache.get(3).?.source);
    try std.testing.expectEqual(null, cache.get(3 + limits.connections_cached));
    cache.put(3 + limits.connections_cached, facts);
    try std.testing.expectEqual(null, cache.get(3));
    cache.put(3, .{ .source = "x" ** 63, .destination = "y", .protocol = "z" });
    try std.testing.expectEqual(null, cache.get(3));
    cache.put(4, .{ .source = "x", .destination = "", .protocol = "z" });
    try std.testing.expectEqual(null, cache.get(4));
}
