// SPDX-License-Identifier: Apache-2.0
//! What stays the same on a downstream connection is asked for once: fetching properties costs more
//! than all the rest of a trace but its POST.

const std = @import("std");
const limits = @import("../limits.zig");
const texts = @import("../text.zig");

/// Where the connection comes from and goes to, and the protocol it speaks.
pub const facts_count = 3;
pub const Facts = [facts_count][]const u8;

pub const Connection = struct {
    /// 0: empty.
    id: u64,
    lengths: [3]u8,
    bytes: [3][limits.address_bytes_cached_max]u8,
};

/// Direct-mapped: a newer connection takes the place of an older one.
pub const Cache = struct {
    entries: [limits.connections_cached]Connection,

    fn entryOf(cache: *Cache, id: u64) *Connection {
        return &cache.entries[@intCast(id % limits.connections_cached)];
    }

    /// False for a connection that is not known.
    pub fn get(cache: *Cache, id: u64, facts: *Facts) bool {
        const entry = cache.entryOf(id);
        if (id == 0 or entry.id != id) return false;
        for (facts, &entry.bytes, &entry.lengths) |*fact, *bytes, *length| fact.* = bytes[0..length.*];
        return true;
    }

    pub fn put(cache: *Cache, id: u64, facts: *const Facts) void {
        const entry = cache.entryOf(id);
        entry.id = 0;
        for (facts, &entry.bytes, &entry.lengths) |fact, *bytes, *length| {
            // What is missing now may be there next time.
            if (fact.len == 0 or fact.len > bytes.len) return;
            texts.copy(bytes, fact);
            length.* = @intCast(fact.len);
        }
        entry.id = id;
    }
};

test "remembers what fits, and the newest of a place" {
    var cache: Cache = undefined;
    for (&cache.entries) |*entry| entry.id = 0;
    const facts = Facts{ "[::1]:5", "10.0.0.1:80", "HTTP/2" };
    var found: Facts = undefined;
    try std.testing.expect(!cache.get(0, &found));
    cache.put(3, &facts);
    try std.testing.expect(cache.get(3, &found));
    for (facts, found) |expected, value| try std.testing.expectEqualStrings(expected, value);
    try std.testing.expect(!cache.get(3 + limits.connections_cached, &found));
    cache.put(3 + limits.connections_cached, &facts);
    try std.testing.expect(!cache.get(3, &found));
    cache.put(3, &.{ "x" ** 63, "y", "z" });
    try std.testing.expect(!cache.get(3, &found));
    cache.put(4, &.{ "x", "", "z" });
    try std.testing.expect(!cache.get(4, &found));
}
