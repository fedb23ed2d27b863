// SPDX-License-Identifier: Apache-2.0
//! What must not leave: values of named headers and of named query parameters, and who logs in by a URL. It happens
//! when headers are captured, before anything is stored, so that no format can forget it.

const std = @import("std");
const limits = @import("../limits.zig");
const pattern = @import("../select/pattern.zig");
const settings = @import("../config/settings.zig");
const texts = @import("../text.zig");
const urls = @import("urls.zig");

pub const placeholder = "[redacted]";

pub const Names = settings.Names;

/// What is hidden: the default list, but for names that `-name` takes away, and what is given beside it.
pub const Hidden = struct {
    given: Names,
    default: *const Default,

    pub fn has(hidden: *const Hidden, name: []const u8) bool {
        return hidden.hasField(name, name);
    }

    /// Of a field that can be called by its name or by all names that lead to it.
    pub fn hasField(hidden: *const Hidden, name: []const u8, path: []const u8) bool {
        if (any(hidden.given, name, false) or any(hidden.given, path, false)) return true;
        return hidden.default.has(name) and !any(hidden.given, name, true) and !any(hidden.given, path, true);
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

    noinline fn has(default: *const Default, name: []const u8) bool {
        const there = bytesOf(name);
        var rest = default.text;
        while (next(&rest)) |entry| {
            if (entry.needed & ~there == 0 and any(&.{entry.name}, name, false)) return true;
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
    return .{ .given = given, .default = &default_headers };
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

/// `*` means headers: a pseudo header (:path) is one only where it is named.
noinline fn any(names: Names, name: []const u8, taken_away: bool) bool {
    const first = if (name.len > 0) std.ascii.toLower(name[0]) else 0;
    for (names) |entry| {
        const item = if (taken_away) entry[@min(1, entry.len)..] else entry;
        if (entry.len == 0 or (entry[0] == '-') != taken_away or item.len == 0) continue;
        // Most differ at once.
        if (if (item[0] == '*') first == ':' else std.ascii.toLower(item[0]) != first) continue;
        if (pattern.matches(item, name, .{})) return true;
    }
    return false;
}

/// Where a text goes that is copied in part. `full` once something did not fit.
const Copy = struct {
    target: []u8,
    length: usize = 0,
    full: bool = false,

    noinline fn add(copy: *Copy, text: []const u8) void {
        if (text.len > copy.target.len - copy.length) copy.full = true;
        if (copy.full) return;
        texts.copy(copy.target[copy.length..].ptr, text);
        copy.length += text.len;
    }
};

var name_bytes: [limits.query_name_bytes_max]u8 = undefined;

/// The name that may get a value, decoded. One that is longer than any that is configured is hidden.
const Name = struct {
    length: usize = 0,
    /// There are names only behind a separator.
    open: bool = false,

    fn start(name: *Name) void {
        name.* = .{ .open = true };
    }

    fn add(name: *Name, byte: u8) void {
        // A header's own parameters stand behind a space: `text/plain; charset=utf-8`.
        if (name.length == 0 and byte == ' ') name.open = false;
        if (name.length < name_bytes.len) name_bytes[name.length] = byte;
        name.length += 1;
    }

    fn isIn(name: *const Name, hidden: *const Hidden) bool {
        return name.length > name_bytes.len or hidden.has(name_bytes[0..name.length]);
    }
};

/// Copies `text` into `target` with the values of hidden parameters replaced, and the user info of URLs; gives the
/// new length. It is used on the path and on every header value: URLs travel in `referer`, `location`, `link` and many
/// more, and in the values of parameters, percent-encoded once or more. `is_host`: what a URL has behind its slashes.
/// Null when it does not fit.
pub fn redactUrls(text: []const u8, hidden: *const Hidden, is_host: bool, target: []u8) ?usize {
    var copy = Copy{ .target = target };
    var name = Name{};
    var slashes = urls.Slashes{ .count = if (is_host) 2 else 0 };
    // What a semicolon separates are parameters of a URL only if there is one before it.
    var is_url = texts.startsWith(text, "/");
    // Most values have nothing of all this: they are copied as a whole.
    var at: usize = if (is_host) 0 else plainLength(text);
    copy.add(text[0..at]);
    while (at < text.len) {
        const unit = urls.unitAt(text, at);
        if (slashes.end(unit)) |depth| {
            is_url = true;
            const user_end = urls.userInfoEnd(text, at, depth);
            if (user_end > at) {
                copy.add(placeholder);
                at = user_end;
                name.open = false;
                continue;
            }
        }
        const end = at + unit.length;
        copy.add(text[at..end]);
        at = end;
        if (urls.isSeparator(unit.byte)) {
            is_url = is_url or unit.byte == '?' or unit.byte == '#';
            if (is_url) name.start();
        } else if (unit.byte != '=') {
            name.add(unit.byte);
        } else if (name.open) {
            const is_hidden = name.isIn(hidden);
            // The value may be a list of parameters itself.
            name.start();
            if (!is_hidden) continue;
            const value_end = urls.valueEnd(text, at, unit.depth);
            // An empty value has nothing to hide.
            if (value_end > at) copy.add(placeholder);
            at = value_end;
            slashes.count = 0;
        }
    }
    return if (copy.full) null else copy.length;
}

fn plainLength(text: []const u8) usize {
    var previous: u8 = 0;
    for (text, 0..) |byte, at| {
        switch (byte) {
            '?', '#', ';', '%' => return at,
            '/', '\\' => if (previous == '/' or previous == '\\') return at - 1,
            else => {},
        }
        previous = byte;
    }
    return text.len;
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

fn expectUrl(expected: []const u8, text: []const u8) !void {
    var target: [256]u8 = undefined;
    try std.testing.expectEqualStrings(expected, target[0..redactUrls(text, &ofQuery(&.{}), false, &target).?]);
}

test "query parameters" {
    try expectUrl("/", "/");
    try expectUrl("/a?b=c&d", "/a?b=c&d");
    try expectUrl("/a?token=[redacted]", "/a?token=x");
    try expectUrl("/a?b=1&TOKEN=[redacted]&c=2", "/a?b=1&TOKEN=a=b&c=2");
    try expectUrl("/a?%74oken=[redacted];code=[redacted]", "/a?%74oken=x;code=y");
    try expectUrl("https://b/cb#access_token=[redacted]&x=1", "https://b/cb#access_token=s&x=1");
    try expectUrl("/a?token=&tokenize=1&%7", "/a?token=&tokenize=1&%7");
    try expectUrl("/token=1", "/token=1");
    try expectUrl("/a;jsessionid=[redacted]?x=1", "/a;jsessionid=s?x=1");
    try expectUrl("text/plain;code=1; sig=2", "text/plain;code=1; sig=2");
    try expectUrl("<https://a/;sid=[redacted]; code=1", "<https://a/;sid=s>; code=1");
    try expectUrl("/a??sig=[redacted]?password=[redacted]", "/a??sig=1?password=2");
    try expectUrl("/a?" ++ "x" ** 8 ++ "%26=1", "/a?" ++ "x" ** 8 ++ "%26=1");
}

test "a URL within a value, percent-encoded however often" {
    try expectUrl("/?redirect=https%3A%2F%2Fx%3Ftoken%3D[redacted]", "/?redirect=https%3A%2F%2Fx%3Ftoken%3Ds");
    try expectUrl("/?r=x%3Fa%3D1%26token%3D[redacted]%26b%3D2&c=3", "/?r=x%3Fa%3D1%26token%3Ds%26b%3D2&c=3");
    try expectUrl("/?r=x%253ftoken%253d[redacted]%2526b&c=3", "/?r=x%253ftoken%253ds%2526b&c=3");
    try expectUrl("/?r=%2525253Ftoken%2525253D[redacted]&c=3", "/?r=%2525253Ftoken%2525253Ds&c=3");
    try expectUrl("/?state=token%3D[redacted]%26b%3D2", "/?state=token%3Ds%26b%3D2");
    // The inner one is encoded carelessly.
    try expectUrl("/?r=https://x?a=1&token=[redacted]&b=2", "/?r=https://x?a=1&token=s&b=2");
    try expectUrl("/?r=x%3Ftoken=[redacted]&b=2", "/?r=x%3Ftoken=s%26b=1&b=2");
    // Of a hidden value nothing is looked into.
    try expectUrl("/?token=[redacted]&b=2", "/?token=x%3Fa%3D1%26b%3D2&b=2");
}

test "user info of URLs" {
    try expectUrl("https://[redacted]@intra/x", "https://alice:pw@intra/x");
    try expectUrl("//[redacted]@intra", "//alice@intra");
    try expectUrl("<https://[redacted]@a/>; rel=next, <https://b/>", "<https://al:p@w@a/>; rel=next, <https://b/>");
    try expectUrl("https://a/b@c https://d?e@f", "https://a/b@c https://d?e@f");
    try expectUrl("/?u=https%3A%2F%2F[redacted]%40a%2F&mail=b@c", "/?u=https%3A%2F%2Fal%3Ap%252Fw%40a%2F&mail=b@c");
    try expectUrl("https:\\\\[redacted]@a", "https:\\\\al:pw@a");
    try expectUrl("https:///[redacted]@a", "https:///al:pw@a");
    try expectUrl("http://a//[redacted]@b?token=[redacted]", "http://a//c@b?token=s");
    try expectUrl("https://@a http://", "https://@a http://");
    var target: [64]u8 = undefined;
    const length = redactUrls("al:pw@shop:80", &ofQuery(&.{}), true, &target).?;
    try std.testing.expectEqualStrings("[redacted]@shop:80", target[0..length]);
}

test "a name that is longer than any that is known is hidden" {
    var target: [4096]u8 = undefined;
    const text = "/?" ++ "a" ** (limits.query_name_bytes_max + 1) ++ "=secret";
    const length = redactUrls(text, &ofQuery(&.{}), false, &target).?;
    try std.testing.expect(std.mem.endsWith(u8, target[0..length], "=[redacted]"));
}

test "too little room is an answer, never a leak" {
    const text = "http://secret@a?token=secret&x=1";
    for (0..64) |size| {
        var target: [64]u8 = undefined;
        const result = redactUrls(text, &ofQuery(&.{}), false, target[0..size]);
        if (result) |length| try std.testing.expect(std.mem.indexOf(u8, target[0..length], "secret") == null);
        try std.testing.expectEqual(size < text.len + 8, result == null);
    }
}
