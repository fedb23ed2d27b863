// SPDX-License-Identifier: Apache-2.0
//! What is known of names, of headers and of fields, as it was found out before: the same names come with every exchange,
//! and holding each against lists of patterns costs more than all else that is done with a header.

const std = @import("std");
const hidden_names = @import("hidden_names.zig");
const known_headers = @import("known_headers.zig");
const limits = @import("../limits.zig");
const scan = @import("../scan.zig");

/// A byte, as each header that is kept has it in front.
pub const Facts = packed struct(u8) {
    /// Of known_headers.zig: one more than its place there, or 0.
    known: u5 = 0,
    hidden: bool = false,
    /// It stands in a JSON string as it is; of a header that is kept: so does its value.
    plain: bool = false,
    _: u1 = 0,

    pub fn isOf(facts: Facts, name: known_headers.Name) bool {
        return facts.known == 1 + @as(u5, @intFromEnum(name));
    }

    /// A host is called by either name.
    pub fn isHost(facts: Facts) bool {
        return facts.isOf(.authority) or facts.isOf(.host);
    }
};

comptime {
    // In the cache, names of headers, parameters and fields are not the same.
    std.debug.assert(limits.plugins_max <= @intFromEnum(hidden_names.List.headers));
}

/// The names of one list, for one configuration.
pub const NamesOf = struct {
    cache: *NameCache,
    /// The configuration, and which list.
    owner: u8 = 0,
    hidden: hidden_names.Hidden,

    pub fn of(cache: *NameCache, plugin: u8, list: hidden_names.List, given: hidden_names.Names) NamesOf {
        return .{ .cache = cache, .owner = plugin | @intFromEnum(list), .hidden = .{ .given = given, .list = list } };
    }

    pub inline fn facts(names: *const NamesOf, name: []const u8) Facts {
        return names.cache.facts(names.owner, names, name);
    }

    pub noinline fn find(names: *const NamesOf, name: []const u8) Facts {
        const hidden = &names.hidden;
        var found = Facts{ .hidden = hidden.has(name), .plain = scan.plainJson(name) == name.len };
        if (hidden.list == .headers) found.known = known_headers.numberOf(name);
        if (found.isHost() and hidden.has("host")) found.hidden = true;
        return found;
    }
};

const Key = struct {
    /// The first and the last eight bytes; less are in the first.
    first: u64,
    last: u64,
    /// The length, and whose name it is; 0: empty.
    tag: u16,
};

const Entry = struct {
    key: Key,
    /// Of a name of more than sixteen bytes: those behind the first eight, and before the last eight.
    inside: [2]u64,
    facts: Facts,

    inline fn isOf(entry: *const Entry, key: Key) bool {
        return entry.key.first == key.first and entry.key.last == key.last and entry.key.tag == key.tag;
    }

    inline fn hasInside(entry: *const Entry, name: []const u8) bool {
        return entry.inside[0] == scan.wordAt(name, 8) and entry.inside[1] == scan.wordAt(name, name.len - 16);
    }
};

fn insideOf(name: []const u8) [2]u64 {
    return .{ scan.wordAt(name, 8), scan.wordAt(name, name.len - 16) };
}

/// Of all configurations. Two names share a place; a newer one takes that of the older.
pub const NameCache = struct {
    places: [limits.names_cached / 2][2]Entry,

    /// For a configuration that is new.
    pub fn clear(cache: *NameCache) void {
        @memset(std.mem.asBytes(cache), 0);
    }

    /// Asks `names.find` about a name that is new.
    pub noinline fn facts(cache: *NameCache, owner: u8, names: anytype, name: []const u8) Facts {
        const length = name.len;
        if (length -% 1 >= limits.cached_name_bytes_max) return names.find(name);
        const tag = @as(u16, @intCast(length)) | @as(u16, owner) << 8;
        const first = if (length < 8) scan.shortWord(name) else scan.wordAt(name, 0);
        const last = if (length < 8) 0 else scan.wordAt(name, length - 8);
        const mixed = ((first ^ std.math.rotl(u64, last, 29)) +% tag) *% 0x9e3779b97f4a7c15;
        const place = &cache.places[@intCast(mixed >> (63 - bits + 1))];
        const key = Key{ .first = first, .last = last, .tag = tag };
        const entry = if (place[0].isOf(key)) &place[0] else &place[1];
        if (!entry.isOf(key) or length > 16 and !entry.hasInside(name)) return learn(place, first, last, tag, names, name);
        return entry.facts;
    }

    /// The key in its parts, as in one piece it would go through memory each time.
    fn learn(place: *[2]Entry, first: u64, last: u64, tag: u16, names: anytype, name: []const u8) Facts {
        const found = names.find(name);
        place[1] = place[0];
        place[0] = .{ .key = .{ .first = first, .last = last, .tag = tag }, .inside = if (name.len > 16) insideOf(name) else .{ 0, 0 }, .facts = found };
        return found;
    }
};

const bits: u6 = std.math.log2_int(usize, limits.names_cached / 2);

comptime {
    std.debug.assert(std.math.isPowerOfTwo(limits.names_cached));
    // Four words are all of a name.
    std.debug.assert(limits.cached_name_bytes_max == 4 * 8);
}

const Model = struct {
    asked: usize = 0,

    fn find(model: *Model, name: []const u8) Facts {
        model.asked += 1;
        return .{ .hidden = name[0] == 's' };
    }
};

const Other = struct {
    fn find(_: *Other, _: []const u8) Facts {
        return .{};
    }
};

test "says what is asked once, whatever else comes" {
    var cache: NameCache = undefined;
    cache.clear();
    var model = Model{};
    const names = [_][]const u8{ "s", "a", "s\x00", "secret", "x-request-id", "secret-" ++ "x" ** 25, "secret-" ++ "y" ** 25 };
    for (0..3) |_| for (names) |name| try std.testing.expectEqual(name[0] == 's', cache.facts(0, &model, name).hidden);
    try std.testing.expectEqual(names.len, model.asked);
    // Of another configuration.
    var other = Other{};
    for (0..2) |_| for (names) |name| try std.testing.expect(!cache.facts(1, &other, name).hidden);
    for (names) |name| try std.testing.expectEqual(name[0] == 's', cache.facts(0, &model, name).hidden);
    try std.testing.expectEqual(names.len, model.asked);
    // Too long for it.
    for (0..2) |_| try std.testing.expect(cache.facts(0, &model, "secret-" ++ "z" ** 26).hidden);
    try std.testing.expectEqual(names.len + 2, model.asked);
    cache.clear();
    var random = std.Random.DefaultPrng.init(3);
    for (0..10_000) |_| {
        var name: [2]u8 = undefined;
        random.random().bytes(&name);
        try std.testing.expectEqual(name[0] == 's', cache.facts(0, &model, &name).hidden);
    }
}

test "a byte that differs anywhere is another name" {
    var cache: NameCache = undefined;
    cache.clear();
    var model = Model{};
    var name = ("s" ** limits.cached_name_bytes_max).*;
    for (1..name.len + 1) |length| {
        _ = cache.facts(0, &model, name[0..length]);
        for (name[0..length]) |*byte| {
            byte.* = 'a';
            const asked = model.asked;
            try std.testing.expectEqual(name[0] == 's', cache.facts(0, &model, name[0..length]).hidden);
            try std.testing.expectEqual(asked + 1, model.asked);
            byte.* = 's';
        }
    }
}

test "names of headers" {
    var cache: NameCache = undefined;
    cache.clear();
    const names = NamesOf.of(&cache, 0, .headers, &.{"Host"});
    for (0..2) |_| {
        try std.testing.expect(names.facts(":authority").hidden and names.facts("host").isHost());
        try std.testing.expect(names.facts("tracestate").isOf(.tracestate) and !names.facts("tracestate").hidden);
        try std.testing.expect(names.facts("cookie").hidden and names.facts("cookie").known == 0 and names.facts("cookie").plain);
        try std.testing.expect(!names.facts("a\"b").plain);
    }
}
