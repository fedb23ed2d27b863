// SPDX-License-Identifier: Apache-2.0
//! What must not leave: values of named headers and of named query parameters, and who logs in by a URL. It happens
//! when headers are captured, before anything is stored, so that no format can forget it.

const std = @import("std");
const hidden_names = @import("hidden_names.zig");
const limits = @import("../limits.zig");
const scan = @import("../scan.zig");
const settings = @import("../config/settings.zig");
const texts = @import("../text.zig");
const urls = @import("urls.zig");
const NameCache = @import("name_cache.zig").NameCache;
const NamesOf = @import("name_cache.zig").NamesOf;

pub const placeholder = "[redacted]";

pub const Names = settings.Names;

pub const Hidden = hidden_names.Hidden;
pub const ofHeaders = hidden_names.ofHeaders;
pub const ofQuery = hidden_names.ofQuery;
pub const ofFields = hidden_names.ofFields;
pub const hidesNoField = hidden_names.hidesNoField;
pub const trim = hidden_names.trim;

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

    /// Behind a first byte.
    fn addAll(name: *Name, bytes: []const u8) void {
        const room = name_bytes.len - @min(name.length, name_bytes.len);
        texts.copy(name_bytes[name_bytes.len - room ..].ptr, bytes[0..@min(bytes.len, room)]);
        name.length += bytes.len;
    }

    fn isIn(name: *const Name, hidden: *const NamesOf) bool {
        return name.length > name_bytes.len or hidden.facts(name_bytes[0..name.length]).hidden;
    }
};

/// Copies `text` into `target` with the values of hidden parameters replaced, and the user info of URLs; gives the
/// new length. It is used on the path and on every header value: URLs travel in `referer`, `location`, `link` and many
/// more, and in the values of parameters, percent-encoded once or more. `is_host`: what a URL has behind its slashes.
/// Null when it does not fit.
pub fn redactUrls(text: []const u8, hidden: *const NamesOf, is_host: bool, target: []u8) ?usize {
    var copy = Copy{ .target = target };
    var name = Name{};
    var slashes = urls.Slashes{ .count = if (is_host) 2 else 0 };
    // What a semicolon separates are parameters of a URL only if there is one before it.
    var is_url = texts.startsWith(text, "/");
    // Most values have nothing of all this.
    var at: usize = if (is_host) 0 else plainLength(text);
    // Up to here it is copied, or replaced.
    var done: usize = 0;
    while (at < text.len) {
        const unit = urls.unitAt(text, at);
        if (slashes.end(unit)) |depth| {
            is_url = true;
            const user_end = urls.userInfoEnd(text, at, depth);
            if (user_end > at) {
                copy.add(text[done..at]);
                copy.add(placeholder);
                at = user_end;
                done = at;
                name.open = false;
                continue;
            }
        }
        at += unit.length;
        if (urls.isSeparator(unit.byte)) {
            is_url = is_url or unit.byte == '?' or unit.byte == '#';
            if (is_url) name.start();
        } else if (unit.byte != '=') {
            name.add(unit.byte);
            if (slashes.count > 0) continue;
            // What follows up to the next byte that may stand for something is no more than that.
            const run = scan.beforeUrl(text[at..]);
            name.addAll(text[at..][0..run]);
            at += run;
        } else if (name.open) {
            const is_hidden = name.isIn(hidden);
            // The value may be a list of parameters itself.
            name.start();
            if (!is_hidden) continue;
            const value_end = urls.valueEnd(text, at, unit.depth);
            copy.add(text[done..at]);
            // An empty value has nothing to hide.
            if (value_end > at) copy.add(placeholder);
            at = value_end;
            done = at;
            slashes.count = 0;
        }
    }
    copy.add(text[done..]);
    return if (copy.full) null else copy.length;
}

/// How much of a text begins no parameter and no host.
fn plainLength(text: []const u8) usize {
    var at: usize = 0;
    while (true) : (at += 1) {
        at += scan.beforeUrl(text[at..]);
        if (at == text.len) return at;
        switch (text[at]) {
            '?', '#', '%' => return at,
            // Of a URL there is only what it begins with.
            ';' => if (text[0] == '/') return at,
            '/', '\\' => if (at > 0 and (text[at - 1] == '/' or text[at - 1] == '\\')) return at - 1,
            else => {},
        }
    }
}

fn redactForTest(text: []const u8, is_host: bool, target: []u8) ?usize {
    const Here = struct {
        var cache: NameCache = std.mem.zeroes(NameCache);
    };
    return redactUrls(text, &NamesOf.of(&Here.cache, 0, .query, &.{}), is_host, target);
}

fn expectUrl(expected: []const u8, text: []const u8) !void {
    var target: [256]u8 = undefined;
    try std.testing.expectEqualStrings(expected, target[0..redactForTest(text, false, &target).?]);
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
    try expectUrl("/a?:token=[redacted]", "/a?:token=1");
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
    const length = redactForTest("al:pw@shop:80", true, &target).?;
    try std.testing.expectEqualStrings("[redacted]@shop:80", target[0..length]);
}

test "a name that is longer than any that is known is hidden" {
    var target: [4096]u8 = undefined;
    const text = "/?" ++ "a" ** (limits.query_name_bytes_max + 1) ++ "=secret";
    const length = redactForTest(text, false, &target).?;
    try std.testing.expect(std.mem.endsWith(u8, target[0..length], "=[redacted]"));
}

test "too little room is an answer, never a leak" {
    const text = "http://secret@a?token=secret&x=1";
    for (0..64) |size| {
        var target: [64]u8 = undefined;
        const result = redactForTest(text, false, target[0..size]);
        if (result) |length| try std.testing.expect(std.mem.indexOf(u8, target[0..length], "secret") == null);
        try std.testing.expectEqual(size < text.len + 8, result == null);
    }
}
