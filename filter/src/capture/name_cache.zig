// SPDX-License-Identifier: Apache-2.0
//! Which names of headers are hidden, as it was found out before: the same names come with every exchange, and holding
//! each against two lists of patterns costs more than all else that is done with a header.

const std = @import("std");
const limits = @import("../limits.zig");
const texts = @import("../text.zig");

const words_count = limits.cached_name_bytes_max / 8;
/// A name, with zeros behind it.
const Key = [words_count]u64;

const Entry = struct {
    key: Key,
    /// 0: empty.
    length: u8,
    /// Whose names are hidden like this.
    plugin: u8,
    hidden: bool,

    fn isOf(entry: *const Entry, other: *const Entry) bool {
        return entry.length == other.length and entry.plugin == other.plugin and std.meta.eql(entry.key, other.key);
    }
};

/// Of all configurations. Two names share a place; a newer one takes that of the older.
pub const NameCache = struct {
    places: [limits.names_cached / 2][2]Entry,

    /// For a configuration that is new.
    pub fn clear(cache: *NameCache) void {
        @memset(std.mem.asBytes(cache), 0);
    }

    /// Asks `hidden.has` about a name that is new.
    pub fn isHidden(cache: *NameCache, plugin: u8, hidden: anytype, name: []const u8) bool {
        if (name.len -% 1 >= limits.cached_name_bytes_max) return hidden.has(name);
        var key: Key = @splat(0);
        texts.copy(std.mem.asBytes(&key), name);
        var mixed: u64 = name.len | @as(u64, plugin) << 8;
        for (key) |word| mixed = (mixed ^ word) *% 0x9e3779b97f4a7c15;
        const wanted = Entry{ .key = key, .length = @intCast(name.len), .plugin = plugin, .hidden = false };
        const place = &cache.places[@intCast(mixed >> (63 - bits + 1))];
        const first, const second = .{ &place[0], &place[1] };
        if (first.isOf(&wanted)) return first.hidden;
        if (second.isOf(&wanted)) return second.hidden;
        second.* = first.*;
        first.* = wanted;
        first.hidden = hidden.has(name);
        return first.hidden;
    }
};

const bits: u6 = std.math.log2_int(usize, limits.names_cached / 2);

comptime {
    std.debug.assert(std.math.isPowerOfTwo(limits.names_cached));
}

const Model = struct {
    asked: usize = 0,

    fn has(model: *Model, name: []const u8) bool {
        model.asked += 1;
        return name[0] == 's';
    }
};

const Other = struct {
    fn has(_: *Other, _: []const u8) bool {
        return false;
    }
};

test "says what is asked once, whatever else comes" {
    var cache: NameCache = undefined;
    cache.clear();
    var model = Model{};
    const names = [_][]const u8{ "s", "a", "s\x00", "secret", "x-request-id", "secret-" ++ "x" ** 25, "secret-" ++ "y" ** 25 };
    for (0..3) |_| for (names) |name| try std.testing.expectEqual(name[0] == 's', cache.isHidden(0, &model, name));
    try std.testing.expectEqual(names.len, model.asked);
    // Of another configuration.
    var other = Other{};
    for (0..2) |_| for (names) |name| try std.testing.expect(!cache.isHidden(1, &other, name));
    for (names) |name| try std.testing.expectEqual(name[0] == 's', cache.isHidden(0, &model, name));
    try std.testing.expectEqual(names.len, model.asked);
    // Too long for it.
    for (0..2) |_| try std.testing.expect(cache.isHidden(0, &model, "secret-" ++ "z" ** 26));
    try std.testing.expectEqual(names.len + 2, model.asked);
    cache.clear();
    var random = std.Random.DefaultPrng.init(3);
    for (0..10_000) |_| {
        var name: [2]u8 = undefined;
        random.random().bytes(&name);
        try std.testing.expectEqual(name[0] == 's', cache.isHidden(0, &model, &name));
    }
}
