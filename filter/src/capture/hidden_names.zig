// SPDX-License-Identifier: Apache-2.0
//! Whose values are hidden: the names of headers, query parameters and fields of bodies, by a default list and what was
//! given beside it.

const std = @import("std");
const pattern = @import("../select/pattern.zig");
const settings = @import("../config/settings.zig");
const texts = @import("../text.zig");

pub const Names = settings.Names;

/// What is hidden: the default list, but for names that `-name` takes away, and what is given beside it.
pub const Hidden = struct {
    given: Names,
    default: *const Default,
    /// Among headers `*` does not mean those that are none (`:path`): these are hidden only where they are named.
    of_headers: bool = false,

    pub fn has(hidden: *const Hidden, name: []const u8) bool {
        return hidden.hasField(name, name);
    }

    /// Of a field that can be called by its name or by all names that lead to it.
    pub fn hasField(hidden: *const Hidden, name: []const u8, path: []const u8) bool {
        if (hidden.isGiven(name, false) or hidden.isGiven(path, false)) return true;
        return hidden.default.has(name, hidden.of_headers) and !hidden.isGiven(name, true) and !hidden.isGiven(path, true);
    }

    fn isGiven(hidden: *const Hidden, name: []const u8, taken_away: bool) bool {
        return any(hidden.given, name, taken_away, hidden.of_headers);
    }
};

/// A default list as one text: of each entry its length, which bytes have to be in a name that it matches, and itself.
/// Hardly any name has those of any, and all are asked for every header of every exchange.
const Default = struct {
    text: []const u8,

    fn of(comptime entries: Names) Default {
        comptime {
            @setEvalBranchQuota(10_000);
            var text: []const u8 = "";
            for (entries) |entry| text = text ++ .{entry.len} ++ std.mem.toBytes(std.mem.nativeToLittle(u16, bytesOf(entry))) ++ entry;
            return .{ .text = text };
        }
    }

    noinline fn has(default: *const Default, name: []const u8, of_headers: bool) bool {
        const there = bytesOf(name);
        var rest = default.text;
        while (next(&rest)) |entry| {
            if (entry.needed & ~there == 0 and any(&.{entry.name}, name, false, of_headers)) return true;
        }
        return false;
    }
};

const Entry = struct { needed: u16, name: []const u8 };

fn next(rest: *[]const u8) ?Entry {
    const text = rest.*;
    if (text.len == 0) return null;
    const end = 3 + @as(usize, text[0]);
    rest.* = text[end..];
    return .{ .needed = std.mem.readInt(u16, text[1..3], .little), .name = text[3..end] };
}

/// A bit for each byte that is there, of which some share one.
fn bytesOf(text: []const u8) u16 {
    var found: u16 = 0;
    for (text) |byte| if (byte != '*') {
        found |= @as(u16, 1) << @intCast(byte & 15);
    };
    return found;
}

const default_headers = Default.of(&settings.redact_headers_default);
const default_query = Default.of(&settings.redact_query_default);
const default_fields = Default.of(&settings.redact_body_fields_default);

pub fn ofHeaders(given: Names) Hidden {
    return .{ .given = given, .default = &default_headers, .of_headers = true };
}

pub fn ofQuery(given: Names) Hidden {
    return .{ .given = given, .default = &default_query };
}

pub fn ofFields(given: Names) Hidden {
    return .{ .given = given, .default = &default_fields };
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

/// The list without what the default list has anyway, unless it takes something of that away: the role writes the
/// default out.
pub noinline fn trimmed(hidden: Hidden) Names {
    const given = hidden.given;
    for (given) |entry| if (entry[0] == '-') return given;
    var rest = hidden.default.text;
    for (given, 0..) |entry, at| {
        const known = next(&rest) orelse return given[at..];
        if (!texts.equal(entry, known.name)) return given[at..];
    }
    return &.{};
}

noinline fn any(names: Names, name: []const u8, taken_away: bool, of_headers: bool) bool {
    const first = if (name.len > 0) std.ascii.toLower(name[0]) else 0;
    for (names) |entry| {
        const item = if (taken_away) entry[@min(1, entry.len)..] else entry;
        if (entry.len == 0 or (entry[0] == '-') != taken_away or item.len == 0) continue;
        // Most differ at once.
        if (if (item[0] == '*') of_headers and first == ':' else std.ascii.toLower(item[0]) != first) continue;
        if (pattern.matches(item, name, .{})) return true;
    }
    return false;
}

test "header names, patterns, and what is taken away" {
    const defaults = ofHeaders(&.{});
    for ([_][]const u8{ "authorization", "Set-Cookie", "x-vault-token", "X-Hub-Signature-256", "Ocp-Apim-Subscription-Key" }) |name| {
        try std.testing.expect(defaults.has(name));
    }
    for ([_][]const u8{ "", "set-cookie3", "content-type", "x-request-id", "traceparent", ":path", "idempotency-key" }) |name| {
        try std.testing.expect(!defaults.has(name));
    }
    const more = ofHeaders(&.{ "x-*", "-cookie", "-x-auth-token", "-no" });
    for ([_][]const u8{ "authorization", "X-Mine", "x-auth-token" }) |name| try std.testing.expect(more.has(name));
    for ([_][]const u8{ "cookie", "accept" }) |name| try std.testing.expect(!more.has(name));
    const all = ofHeaders(&.{"*"});
    try std.testing.expect(all.has("accept") and !all.has(":path") and ofHeaders(&.{":path"}).has(":path"));
    const mine = ofHeaders(&.{ "-*", "x-mine" });
    try std.testing.expect(mine.has("x-mine") and !mine.has("authorization"));
}

test "a default that is written out is not asked twice" {
    const default: Names = &settings.redact_headers_default;
    try std.testing.expectEqual(0, trimmed(ofHeaders(default)).len);
    try std.testing.expectEqual(1, trimmed(ofHeaders(&(settings.redact_headers_default ++ .{"x"}))).len);
    try std.testing.expectEqual(1, trimmed(ofHeaders(&.{ default[0], "x" })).len);
    try std.testing.expectEqual(2, trimmed(ofHeaders(&.{ default[0], "-*" })).len);
    try std.testing.expectEqual(0, trimmed(ofHeaders(&.{})).len);
}
