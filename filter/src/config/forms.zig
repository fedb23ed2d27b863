// SPDX-License-Identifier: Apache-2.0
//! What an entry of a list may look like, as configuration.schema.json has it. An entry that could never match,
//! or is of another language of patterns, is none: who wrote it meant something else.

const std = @import("std");
const limits = @import("../limits.zig");
const settings = @import("settings.zig");
const texts = @import("../text.zig");
const unsigned = @import("json_reader.zig").unsigned;

pub fn fits(form: settings.Form, value: []const u8) bool {
    if (value.len -% 1 >= limits.entry_bytes_max) return false;
    return switch (form) {
        .header => isName(past(past(value, '-'), ':'), "_*-."),
        .body_field => isName(past(past(value, '-'), '$'), "_*-.:@~"),
        .parameter => isParameter(past(past(value, '-'), '$')),
        .method => isJoined(value, "_-", 1),
        .path_start => isPathStart(value),
        .host => isHost(value),
        .status => isStatus(value),
        .media_type => isMediaType(value),
    };
}

/// Without this byte at its start.
inline fn past(value: []const u8, byte: u8) []const u8 {
    return value[@intFromBool(value.len > 0 and value[0] == byte)..];
}

/// Of letters, digits and these.
noinline fn consistsOf(value: []const u8, others: []const u8) bool {
    for (value) |byte| {
        if (!std.ascii.isAlphanumeric(byte) and texts.indexOf(others, byte) == others.len) return false;
    }
    return true;
}

/// Of letters, digits and `all`, of which the last so many are separators: none of these stands first or last.
noinline fn isJoined(value: []const u8, all: []const u8, separators: usize) bool {
    const others = all[0 .. all.len - separators];
    return value.len > 0 and consistsOf(value[0..1], others) and consistsOf(value[value.len - 1 ..], others) and consistsOf(value, all);
}

/// Not with what a regular expression has for any text.
noinline fn isName(value: []const u8, all: []const u8) bool {
    return isJoined(value, all, all.len - 2) and !hasPair(value, '.', "*");
}

/// Whether one of these follows the byte anywhere.
noinline fn hasPair(value: []const u8, byte: u8, followers: []const u8) bool {
    for (value, 1..) |one, next| {
        if (one == byte and next < value.len and texts.indexOf(followers, value[next]) < followers.len) return true;
    }
    return false;
}

/// Such as `token`, `$skip`, `user[password]`.
fn isParameter(value: []const u8) bool {
    const name = texts.before(value, '[');
    const brackets = value[name.len..];
    return isName(name, "_*-.:@~") and consistsOf(brackets, "_*.[]-") and !hasPair(brackets, '.', "*") and
        (brackets.len == 0 or brackets[brackets.len - 1] == ']');
}

fn isPathStart(value: []const u8) bool {
    if (!consistsOf(value, "!$%&'()*+,-./:;=?@_~")) return false;
    return (value[0] == '/' or value[0] == '*') and value[value.len - 1] != '$' and !hasPair(value, '.', "*+");
}

fn isHost(value: []const u8) bool {
    const end = if (value[0] == '[') texts.indexOf(value, ']') + 1 else texts.indexOf(value, ':');
    if (end > value.len) return false;
    const rest = value[end..];
    if (rest.len > 0) {
        const port = rest[1..];
        if (rest[0] != ':' or port.len -% 1 > 4 or port[0] == '0' or unsigned(port, 10) > std.math.maxInt(u16)) return false;
    }
    if (value[0] != '[') return isJoined(value[0..end], "_*-.", 2);
    for (value[1 .. end - 1]) |byte| switch (byte) {
        '0'...'9', 'a'...'f', 'A'...'F', ':', '.' => {},
        else => return false,
    };
    return end > 2;
}

fn isStatus(value: []const u8) bool {
    if (value.len == 1) return value[0] == '0';
    for (value) |byte| if (byte -% '0' > 9 and byte | 0x20 != 'x') return false;
    return value.len == 3 and value[0] != '0';
}

fn isMediaType(value: []const u8) bool {
    const main = texts.before(value, '/');
    if (main.len == value.len) return texts.equal(value, "*");
    return isJoined(main, "*-_", 2) and isJoined(value[main.len + 1 ..], "*._+-", 4);
}

fn expectForm(form: settings.Form, good: []const []const u8, bad: []const []const u8) !void {
    for (good) |value| if (!fits(form, value)) {
        std.debug.print("{s} should fit\n", .{value});
        return error.TestUnexpectedResult;
    };
    for (bad) |value| if (fits(form, value)) {
        std.debug.print("{s} should not fit\n", .{value});
        return error.TestUnexpectedResult;
    };
}

test "names" {
    try expectForm(.header, &.{ "X-Secret", "x-*", "*", "-*", ":path", "-cookie", "*-token", "a.b" }, &.{
        "", "-", ":", "x-", "x-.*", ".x", "authorization:", "^x", "x-[a]", "x$", "a b", "x-.+", "x?", "é",
    });
    try expectForm(.parameter, &.{ "token", "$skip", "user[password]", "tokens[]", "a:b", "-code", "x-amz-*" }, &.{
        "token=", "?token", "tok[a]en", "[tT]oken", "token$", "a&b", "%74oken", "$", "a]", "a[.*]", "to.*",
    });
    try expectForm(.method, &.{ "get", "M-SEARCH" }, &.{ "GET|POST", "*", "^GET", "GET,PUT", "", "-" });
}

test "rules" {
    try expectForm(.path_start, &.{ "/", "/login*", "/api/*/x", "*.php", "/a?b=1", "/a(1)", "/%2f;v=1" }, &.{
        "", "login", "^/login", "/login$", "/login.*", "/a.+", "/v[0-9]", "/{id}", "/a|b", "https://x/", "/a#b", "/\\d", "/\x7f",
    });
    try expectForm(.host, &.{ "shop", "shop:80", "*.example.com", "*", "*:1", "[::1]", "[fe80::1]:65535", "api.*" }, &.{
        "", "https://x", "x/", ".x", "x.", "::1", "x:0", "x:65536", "x:080", "x:http", "x:", ":80", "[", "[]", "[x]", "[::1", "[::1]80", "a\\.b", "^a",
    });
    try expectForm(.status, &.{ "404", "5xx", "2XX", "xxx", "40x", "0" }, &.{ "", "x", "2", "2**", "4..", "000", "0xx", "400-499", "4x" });
    try expectForm(.media_type, &.{ "application/*+json", "*/json", "text/*", "*/*", "*", "application/vnd.*" }, &.{
        "", "json", "text/", "/json", "application/.*", "a/b;c=d", "application/json+", "*+json", "text/html|a/b", "a/b/c",
    });
}

test "no entry is longer than its bound" {
    const long = "a" ** (limits.entry_bytes_max + 1);
    try expectForm(.header, &.{long[1..]}, &.{long});
}
