// SPDX-License-Identifier: Apache-2.0
//! Whose values are hidden: the names of headers, query parameters and fields of bodies, by a default list and what was
//! given beside it.

const std = @import("std");
const pattern = @import("../select/pattern.zig");
const settings = @import("../config/settings.zig");
const texts = @import("../text.zig");

pub const Names = settings.Names;

/// Whose names, as bits: of a default entry they say which lists it is in.
pub const List = enum(u8) { headers = 0x20, query = 0x40, fields = 0x80 };

/// What is hidden: the default list, but for names that `-name` takes away, and what is given beside it.
pub const Hidden = struct {
    given: Names,
    list: List,

    pub fn has(hidden: *const Hidden, name: []const u8) bool {
        return hidden.isGiven(name, false) or isDefault(hidden.list, name) and !hidden.isGiven(name, true);
    }

    /// Of a field that can be called by its name or by all names that lead to it. `by_name`: whether the name has it
    /// hidden.
    pub fn hasPath(hidden: *const Hidden, by_name: bool, name: []const u8, path: []const u8) bool {
        if (hidden.isGiven(path, false)) return true;
        return by_name and (!hidden.isGiven(path, true) or hidden.isGiven(name, false));
    }

    fn isGiven(hidden: *const Hidden, name: []const u8, taken_away: bool) bool {
        for (hidden.given) |entry| if (isHiddenBy(hidden.list, entry, name, taken_away)) return true;
        return false;
    }
};

/// The default lists as one text: of each entry its length and which lists it is in, which bytes have to be in a name
/// that it matches, and itself. Hardly any name has those of any.
const defaults = text: {
    @setEvalBranchQuota(100_000);
    var entries: []const []const u8 = &.{};
    var lists: []const u8 = &.{};
    for (default_lists) |default| {
        // An entry of several lists is there once, if it stands in their order.
        var at: usize = 0;
        for (default.names) |name| {
            var found = at;
            while (found < entries.len and !std.mem.eql(u8, entries[found], name)) found += 1;
            const is_known = found < entries.len;
            const in = @intFromEnum(default.list) | if (is_known) lists[found] else 0;
            if (!is_known) found = at;
            const rest = found + @intFromBool(is_known);
            entries = entries[0..found] ++ .{name} ++ entries[rest..];
            lists = lists[0..found] ++ .{in} ++ lists[rest..];
            at = found + 1;
        }
    }
    var text: []const u8 = "";
    for (entries, lists) |entry, in| {
        std.debug.assert(entry.len <= length_mask);
        text = text ++ .{in | entry.len} ++ std.mem.toBytes(std.mem.nativeToLittle(u16, bytesOf(entry))) ++ entry;
    }
    break :text text;
};

const default_lists = [_]struct { list: List, names: Names }{
    .{ .list = .headers, .names = &settings.redact_headers_default },
    .{ .list = .query, .names = &settings.redact_query_default },
    .{ .list = .fields, .names = &settings.redact_body_fields_default },
};

const length_mask = 0x1f;

const Entries = struct {
    list: List,
    rest: []const u8 = defaults,
    /// Of the entry that `next` stepped to.
    needed: u16 = undefined,
    name: []const u8 = undefined,

    /// To the next one of the list.
    noinline fn next(entries: *Entries) bool {
        while (entries.rest.len > 0) {
            const text = entries.rest;
            const end = 3 + @as(usize, text[0] & length_mask);
            entries.rest = text[end..];
            if (text[0] & @intFromEnum(entries.list) == 0) continue;
            entries.needed = std.mem.readInt(u16, text[1..3], .little);
            entries.name = text[3..end];
            return true;
        }
        return false;
    }
};

/// A bit for each byte that is there, of which some share one.
fn bytesOf(text: []const u8) u16 {
    var found: u16 = 0;
    for (text) |byte| if (byte != '*') {
        found |= @as(u16, 1) << @intCast(byte & 15);
    };
    return found;
}

fn isDefault(list: List, name: []const u8) bool {
    const there = bytesOf(name);
    var entries = Entries{ .list = list };
    while (entries.next()) {
        if (entries.needed & ~there == 0 and isHiddenBy(list, entries.name, name, false)) return true;
    }
    return false;
}

pub fn ofHeaders(given: Names) Hidden {
    return .{ .given = given, .list = .headers };
}

pub fn ofQuery(given: Names) Hidden {
    return .{ .given = given, .list = .query };
}

pub fn ofFields(given: Names) Hidden {
    return .{ .given = given, .list = .fields };
}

/// Whether the default list is taken away, and nothing given in its place.
pub noinline fn hidesNoField(given: Names) bool {
    var all = false;
    for (given) |entry| {
        if (entry[0] != '-') return false;
        all = all or texts.equal(entry, "-*");
    }
    return all;
}

/// Takes out of what is given what the default list has anyway, unless something of that is taken away: the role writes
/// the default out.
pub noinline fn trim(given: *Names, list: List) void {
    var rest = given.*;
    for (rest) |entry| if (entry[0] == '-') return;
    var entries = Entries{ .list = list };
    while (rest.len > 0 and entries.next() and texts.equal(rest[0], entries.name)) rest = rest[1..];
    given.* = rest;
}

/// Among headers `*` does not mean those that are none (`:path`): these are hidden only where they are named.
noinline fn isHiddenBy(list: List, entry: []const u8, name: []const u8, taken_away: bool) bool {
    if (entry.len == 0 or (entry[0] == '-') != taken_away) return false;
    const item = entry[@intFromBool(taken_away)..];
    const first = if (name.len > 0) name[0] else 0;
    // Most differ at once.
    if (item.len == 0) return false;
    if (if (item[0] == '*') list == .headers and first == ':' else std.ascii.toLower(item[0]) != std.ascii.toLower(first)) return false;
    return pattern.matches(item, name, .{});
}

test "header names, patterns, and what is taken away" {
    const by_default = ofHeaders(&.{});
    for ([_][]const u8{ "authorization", "Set-Cookie", "x-vault-token", "X-Hub-Signature-256", "Ocp-Apim-Subscription-Key" }) |name| {
        try std.testing.expect(by_default.has(name));
    }
    for ([_][]const u8{ "", "set-cookie3", "content-type", "x-request-id", "traceparent", ":path", "idempotency-key" }) |name| {
        try std.testing.expect(!by_default.has(name));
    }
    const more = ofHeaders(&.{ "x-*", "-cookie", "-x-auth-token", "-no" });
    for ([_][]const u8{ "authorization", "X-Mine", "x-auth-token" }) |name| try std.testing.expect(more.has(name));
    for ([_][]const u8{ "cookie", "accept" }) |name| try std.testing.expect(!more.has(name));
    const all = ofHeaders(&.{"*"});
    try std.testing.expect(all.has("accept") and !all.has(":path") and ofHeaders(&.{":path"}).has(":path"));
    const mine = ofHeaders(&.{ "-*", "x-mine" });
    try std.testing.expect(mine.has("x-mine") and !mine.has("authorization"));
}

fn leftOf(given: Names) usize {
    var left = given;
    trim(&left, .headers);
    return left.len;
}

test "a default that is written out is not asked twice" {
    const default: Names = &settings.redact_headers_default;
    try std.testing.expectEqual(0, leftOf(default));
    try std.testing.expectEqual(1, leftOf(&(settings.redact_headers_default ++ .{"x"})));
    try std.testing.expectEqual(1, leftOf(&.{ default[0], "x" }));
    try std.testing.expectEqual(2, leftOf(&.{ default[0], "-*" }));
    try std.testing.expectEqual(0, leftOf(&.{}));
}
