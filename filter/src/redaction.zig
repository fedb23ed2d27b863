// SPDX-License-Identifier: Apache-2.0
//! What must not leave: values of named headers and of named query parameters. It happens when headers
//! are captured, before anything is stored, so that no encoder can forget it.

const std = @import("std");
const limits = @import("limits.zig");
const settings = @import("settings.zig");
const texts = @import("text.zig");
const none = @import("json_reader.zig").none;
const unsigned = @import("json_reader.zig").unsigned;

pub const placeholder = "[redacted]";

pub const Names = settings.Names;

pub noinline fn has(names: Names, name: []const u8) bool {
    for (names) |item| {
        if (item.len == name.len and texts.equalIgnoreCase(item, name)) return true;
    }
    return false;
}

var decoded: [limits.query_name_bytes_max]u8 = undefined;

/// The same for a query parameter's name, in which %XX stands for a byte: a server decodes it too.
noinline fn hasEncoded(names: Names, name: []const u8) bool {
    var length: usize = 0;
    var at: usize = 0;
    while (at < name.len and length < decoded.len) : (length += 1) {
        decoded[length] = name[at];
        at += 1;
        if (name[at - 1] != '%' or name.len - at < 2) continue;
        const byte = unsigned(name[at..][0..2], 16);
        if (byte == none) continue;
        decoded[length] = @intCast(byte);
        at += 2;
    }
    return has(names, decoded[0..length]);
}

noinline fn isSeparator(byte: u8) bool {
    return switch (byte) {
        '?', '&', ';', '#' => true,
        else => false,
    };
}

/// Copies `text` into `target` with the values of named parameters replaced, and gives the new length. It is
/// used on the path and on every header value: URLs travel in `referer`, `location`, `x-envoy-original-path`
/// and many more. Null when it does not fit.
pub fn redactQuery(text: []const u8, names: Names, target: []u8) ?usize {
    // Most values have no query: they are copied as a whole.
    var length: usize = 0;
    while (length < text.len and text[length] != '?' and text[length] != '#') length += 1;
    if (length > target.len) return null;
    texts.copy(target.ptr, text[0..length]);
    var hidden = false;
    // 0: there is no name that may still get a value.
    var name_at: usize = 0;
    for (text[length..], length..) |byte, at| {
        if (isSeparator(byte)) {
            hidden = false;
            name_at = at + 1;
        }
        if (hidden) continue;
        if (length == target.len) return null;
        target[length] = byte;
        length += 1;
        if (byte != '=' or name_at == 0) continue;
        const name = text[name_at..at];
        name_at = 0;
        // An empty value has nothing to hide.
        if (at + 1 == text.len or isSeparator(text[at + 1]) or !hasEncoded(names, name)) continue;
        hidden = true;
        if (placeholder.len > target.len - length) return null;
        texts.copy(target[length..].ptr, placeholder);
        length += placeholder.len;
    }
    return length;
}

test "header names match whatever their case" {
    const names: Names = &settings.redact_headers_default;
    try std.testing.expect(has(names, "authorization"));
    try std.testing.expect(has(names, "Set-Cookie"));
    try std.testing.expect(!has(names, "set-cookie2"));
    try std.testing.expect(!has(names, ""));
}

fn expectQuery(expected: []const u8, text: []const u8) !void {
    const names: Names = &settings.redact_query_default;
    var target: [128]u8 = undefined;
    try std.testing.expectEqualStrings(expected, target[0..redactQuery(text, names, &target).?]);
}

test "query parameters" {
    try expectQuery("/", "/");
    try expectQuery("/a?b=c&d", "/a?b=c&d");
    try expectQuery("/a?token=[redacted]", "/a?token=x");
    try expectQuery("/a?b=1&TOKEN=[redacted]&c=2", "/a?b=1&TOKEN=a=b&c=2");
    try expectQuery("/a?%74oken=[redacted];code=[redacted]", "/a?%74oken=x;code=y");
    try expectQuery("https://b/cb#access_token=[redacted]&x=1", "https://b/cb#access_token=s&x=1");
    try expectQuery("/a?token=&tokens=1&%7", "/a?token=&tokens=1&%7");
    try expectQuery("/token=1", "/token=1");
    try expectQuery("/a??sig=[redacted]?password=[redacted]", "/a??sig=1?password=2");
}

test "too little room is an answer, never a leak" {
    const names: Names = &settings.redact_query_default;
    const text = "/a?token=secret&x=1";
    for (0..64) |size| {
        var target: [64]u8 = undefined;
        const result = redactQuery(text, names, target[0..size]);
        if (result) |length| try std.testing.expect(std.mem.indexOf(u8, target[0..length], "secret") == null);
        try std.testing.expectEqual(size < text.len + 4, result == null);
    }
}
