// SPDX-License-Identifier: Apache-2.0
//! Bodies, cut into pieces wherever they can be. Random ones are tested against Python's own reader in tests/filter.

const std = @import("std");
const block_list = @import("block_list.zig");
const NameCache = @import("name_cache.zig").NameCache;
const body_redaction = @import("body_redaction.zig");
const Kind = @import("body_kind.zig").Kind;
const redaction = @import("redaction.zig");
const streams = @import("streams.zig");
const limits = @import("../limits.zig");

var blocks: [12]block_list.Block = undefined;
var room: [8000]u8 = undefined;

/// What is left of `before` behind so many headers, which decide where a block ends.
fn left(kind: Kind, given: redaction.Names, headers: usize, body: []const u8, most: u32, cut: *bool) ![]const u8 {
    var pool = block_list.Pool.init(&blocks);
    var side = streams.HalfStream{ .body_kind = kind };
    for (0..headers) |_| _ = side.blocks.append(&pool, "h", 0);
    side.headers_bytes = @intCast(headers);
    try std.testing.expectEqual(body.len, side.blocks.append(&pool, body, 0));
    var names: NameCache = undefined;
    names.clear();
    body_redaction.redact(&side, &pool, &names, 0, given, most);
    cut.* = side.body_truncated;
    var reader = side.blocks.reader(&pool);
    try std.testing.expect(reader.copy(room[0..side.blocks.length]));
    for (room[0..headers]) |byte| try std.testing.expectEqual('h', byte);
    const length = side.blocks.length;
    side.blocks.clear(&pool);
    try std.testing.expectEqual(blocks.len - 1, pool.available);
    return room[headers..length];
}

fn expectLeft(expected: []const u8, kind: Kind, given: redaction.Names, body: []const u8, is_cut: bool) !void {
    errdefer std.debug.print("{s}\n", .{body});
    var cut: bool = undefined;
    // A block ends at each byte of the body once.
    for (0..body.len + 1) |at| {
        try std.testing.expectEqualStrings(expected, try left(kind, given, limits.block_bytes - 4 - at, body, 5000, &cut));
        try std.testing.expectEqual(is_cut, cut);
    }
}

fn expectJson(expected: []const u8, body: []const u8) !void {
    try expectLeft(expected, .json, &.{ "x.y", "*.deep", "-pwd", "-a.pin" }, body, false);
}

test "fields of JSON" {
    try expectJson("{\"a\":1}", "{\"a\":1}");
    try expectJson("{\"password\":\"[redacted]\"}", "{\"password\":\"s\"}");
    try expectJson("{\":password\":\"[redacted]\"}", "{\":password\":\"s\"}");
    try expectJson("{\"PIN\" : \"[redacted]\" , \"b\":2}", "{\"PIN\" : 1234 , \"b\":2}");
    try expectJson("{\"pin\":\"[redacted]\"}", "{\"pin\":-1e5}");
    try expectJson("[{\"token\":\"[redacted]\"},{\"b\":[]}]", "[{\"token\":{\"pwd\":[1,\"}\"]}},{\"b\":[]}]");
    try expectJson("{\"otp\":\"[redacted]\",\"otp\":\"[redacted]\"}", "{\"otp\":[[],{}],\"otp\":null}");
    try expectJson("{\"\\u0070in\":\"[redacted]\",\"b\":\"pin\"}", "{\"\\u0070in\":\"a\\\"b\\\\\",\"b\":\"pin\"}");
    try expectJson("{\"pin\\n\":1,\"\\u20acpin\":2,\"p\\u0069\\u006E\":\"[redacted]\"}", "{\"pin\\n\":1,\"\\u20acpin\":2,\"p\\u0069\\u006E\":3}");
    try expectJson("{\"pwd\":1,\"a\":{\"pin\":2},\"b\":{\"pin\":\"[redacted]\"}}", "{\"pwd\":1,\"a\":{\"pin\":2},\"b\":{\"pin\":3}}");
    try expectJson("{\"x\":[{\"y\":\"[redacted]\",\"z\":{\"y\":1}}],\"y\":2}", "{\"x\":[{\"y\":1,\"z\":{\"y\":1}}],\"y\":2}");
    try expectJson("{\"a\":{\"b\":{\"deep\":\"[redacted]\"}},\"deep\":2}", "{\"a\":{\"b\":{\"deep\":1}},\"deep\":2}");
    try expectJson("{\"pin\":\"[redacted]\"}\n{\"pin\":\"[redacted]\"}\x1e[1]", "{\"pin\":1}\n{\"pin\":2}\x1e[1]");
    try expectJson("\xef\xbb\xbf{\"\":{\"pin\":\"[redacted]\"}}", "\xef\xbb\xbf{\"\":{\"pin\":\"1\"}}");
    try expectJson("12 \"pin\" true", "12 \"pin\" true");
    // Half of a body.
    try expectJson("{\"pin\":\"[redacted]\"", "{\"pin\":\"s3cr");
    try expectJson("{\"pin\":\"[redacted]\"", "{\"pin\":[{\"a\":\"s3cr");
    try expectJson("{\"pi", "{\"pi");
    try expectJson("{\"pin\": ", "{\"pin\": ");
}

test "fields of JSON where nothing is given" {
    for ([_][2][]const u8{
        .{ "{\"a\": 1, \"b\" : \"pin\" , \"c\":[\"x\", {}] }", "{\"a\": 1, \"b\" : \"pin\" , \"c\":[\"x\", {}] }" },
        .{ "{\"pin\": \"[redacted]\", \"b\": 2}", "{\"pin\": \"s\", \"b\": 2}" },
        .{ "{\"pin\": \"[redacted]\" , \"b\": 2} ", "{\"pin\": [1, {\"a\": 2} ] , \"b\": 2} " },
        .{ "[{\"pin\":\"[redacted]\" }, 5 ]", "[{\"pin\":{\"otp\": \"x\"} }, 5 ]" },
        .{ "{\"\\u0070in\": \"[redacted]\", \"otp\" : \"[redacted]\"}", "{\"\\u0070in\": 1, \"otp\" : \"a\\\"b\"}" },
        .{ "{\"a\":{\"b\\n\":{\"pin\":\"[redacted]\"},\"c\":-1.5e3}}", "{\"a\":{\"b\\n\":{\"pin\":true},\"c\":-1.5e3}}" },
    }) |case| try expectLeft(case[0], .json, &.{}, case[1], false);
}

test "what is not JSON ends it" {
    const cases = [_][2][]const u8{
        .{ "{", "{'pin':'s'}" },                 .{ "{", "{pin:1}" },                           .{ "{\"a\":1,", "{\"a\":1,}" },
        .{ "{\"a\" ", "{\"a\" 1}" },             .{ "{\"a\":", "{\"a\":;\"s\"}" },              .{ "{\"a\":1", "{\"a\":1]" },
        .{ "{\"a\":", "{\"a\":/**/1}" },         .{ "", ")]}',\n{\"pin\":1}" },                 .{ "[1", "[1}" },
        .{ "{\"a\":\"b\"", "{\"a\":\"b\"c\"}" }, .{ "{\"pin\":\"[redacted]\"", "{\"pin\":[}" }, .{ "{}", "{},{\"pin\":1}" },
        .{ "{\"\\u00", "{\"\\u00zz\":1}" },      .{ "{\"a\":1", "{\"a\":1:2}" },                .{ "[" ** 64, "[" ** 65 ++ "{\"pin\":1}" },
    };
    for (cases) |case| {
        try expectLeft(case[0], .json, &.{}, case[1], true);
    }
}

test "fields of forms" {
    const given: redaction.Names = &.{ "x.y", "-pwd" };
    const cases = [_][2][]const u8{
        .{ "a=1&password=[redacted]&b=2", "a=1&password=s;t=u&b=2" },
        .{ "PIN=[redacted]", "PIN=1" },
        .{ "pin=&pin&pin=[redacted]", "pin=&pin&pin==" },
        .{ "a=1;pin=[redacted]", "a=1;pin=2" },
        .{ "%70in=[redacted]&p%69%6E=[redacted]&p%6in=3", "%70in=1&p%69%6E=2&p%6in=3" },
        .{ "user[pin]=[redacted]&user.pin=[redacted]&pins[]=1&pin[]=[redacted]", "user[pin]=1&user.pin=2&pins[]=1&pin[]=3" },
        .{ "x[y]=[redacted]&y=2&pwd=3&my%5Bpin%5D=[redacted]", "x[y]=1&y=2&pwd=3&my%5Bpin%5D=4" },
    };
    for (cases) |case| {
        try expectLeft(case[0], .form, given, case[1], false);
        try expectLeft(case[0], .unknown, given, case[1], false);
    }
}

test "what looks like JSON is, and other text is left alone" {
    try expectLeft(" {\"pin\":\"[redacted]\"}", .text, &.{}, " {\"pin\":1}", false);
    try expectLeft("[pin", .form, &.{}, "[pin=1]", true);
    try expectLeft("pin=1", .text, &.{}, "pin=1", false);
    try expectLeft("{\"pin\":1}", .other, &.{}, "{\"pin\":1}", false);
    try expectLeft("{\"pin\":1}", .json, &.{"-*"}, "{\"pin\":1}", false);
    try expectLeft("{\"pin\":1,\"a\":\"[redacted]\"}", .json, &.{ "-*", "a" }, "{\"pin\":1,\"a\":2}", false);
}

test "names that are too long are hidden" {
    const long = "x" ** (limits.path_bytes_max + 1);
    var cut: bool = undefined;
    try std.testing.expectEqualStrings("{\"" ++ long ++ "\":\"[redacted]\"}", try left(.json, &.{}, 3, "{\"" ++ long ++ "\":1}", 5000, &cut));
    try std.testing.expectEqualStrings(long ++ "=[redacted]", try left(.form, &.{}, 3, long ++ "=1", 5000, &cut));
}

test "what can't be looked into is left out" {
    for ([_]Kind{ .coded, .multipart }) |kind| {
        try expectLeft("", kind, &.{}, "pin=1", true);
        try expectLeft("pin=1", kind, &.{"-*"}, "pin=1", false);
    }
}

test "a body that gets longer stays within its limit" {
    var cut: bool = undefined;
    const body = "{\"pin\":1,\"pin\":2,\"pin\":3}";
    try std.testing.expectEqualStrings("{\"pin\":\"[redacted]\",\"pin\"", try left(.json, &.{}, 3, body, body.len, &cut));
    try std.testing.expect(cut);
}
