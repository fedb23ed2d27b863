// SPDX-License-Identifier: Apache-2.0
//! What a gRPC call came to: its status is in `grpc-status`, in the trailers or, without a message, among the headers.
//! The HTTP status is 200 whatever it is.

const std = @import("std");
const json_reader = @import("../config/json_reader.zig");
const texts = @import("../text.zig");

/// A status and one more; 0: none.
pub const Known = u8;

const codes_count = 17;

/// The HTTP status of each is that of google.rpc.Code.
const codes =
    "0 200 OK " ++
    "1 499 CANCELLED " ++
    "2 500 UNKNOWN " ++
    "3 400 INVALID_ARGUMENT " ++
    "4 504 DEADLINE_EXCEEDED " ++
    "5 404 NOT_FOUND " ++
    "6 409 ALREADY_EXISTS " ++
    "7 403 PERMISSION_DENIED " ++
    "8 429 RESOURCE_EXHAUSTED " ++
    "9 400 FAILED_PRECONDITION " ++
    "10 409 ABORTED " ++
    "11 400 OUT_OF_RANGE " ++
    "12 501 UNIMPLEMENTED " ++
    "13 500 INTERNAL " ++
    "14 503 UNAVAILABLE " ++
    "15 500 DATA_LOSS " ++
    "16 401 UNAUTHENTICATED ";

/// OpenTelemetry's failures of a server.
const failures = bits: {
    var all: u32 = 0;
    for (.{ 2, 4, 12, 13, 14, 15 }) |code| all |= 1 << code;
    break :bits all;
};

pub fn isGrpc(content_type: []const u8) bool {
    const name = "application/grpc";
    // What other applications have is told by a single letter.
    return content_type.len >= name.len and content_type[12] | 0x20 == name[12] and texts.startsWithIgnoreCase(content_type, name);
}

pub fn read(text: []const u8) Known {
    const status = json_reader.unsigned(text, 10);
    return if (status < codes_count) @intCast(status + 1) else 0;
}

const Word = enum { number, http, name };

inline fn wordOf(status: Known, word: Word) []const u8 {
    return texts.before(codes[wordAt(status, word)..], ' ');
}

noinline fn wordAt(status: Known, word: Word) usize {
    var at: usize = 0;
    if (status == 0) at = codes.len else for (0..(status - 1) * @as(usize, 3) + @intFromEnum(word)) |_| {
        at += texts.indexOf(codes[at..], ' ') + 1;
    }
    return at;
}

pub fn number(status: Known) []const u8 {
    return wordOf(status, .number);
}

/// By which status a rule takes the exchange: an answer 200 of HTTP says nothing of the call.
pub fn statusForRules(status: Known, http: []const u8) []const u8 {
    return if (status > 0 and texts.equal(http, "200")) wordOf(status, .http) else http;
}

/// To a client every status but OK is one.
pub fn isFailure(status: []const u8, is_client: bool) bool {
    const known = read(status);
    return if (is_client) known > 1 else known > 0 and failures >> @intCast(known - 1) & 1 == 1;
}

/// As OpenTelemetry's rpc.status_code has it: NOT_FOUND.
pub fn nameOf(status: []const u8) []const u8 {
    return wordOf(read(status), .name);
}

/// Of the path `/shop.Cart/Get`: shop.Cart/Get. Nothing if it is none of a call.
pub fn methodOf(path: []const u8) []const u8 {
    const name = texts.before(path, '?');
    const slash = texts.lastIndexOf(name, '/');
    return if (slash == name.len or slash == 0) "" else name[1..];
}

test "a status and what it means" {
    try std.testing.expectEqualStrings("13", number(read("13")));
    try std.testing.expectEqualStrings("0", number(read("0")));
    for ([_][]const u8{ "", "17", "-1", "x", "999999999999" }) |bad| try std.testing.expectEqualStrings("", number(read(bad)));
    try std.testing.expectEqualStrings("500", statusForRules(read("13"), "200"));
    try std.testing.expectEqualStrings("503", statusForRules(read("13"), "503"));
    try std.testing.expectEqualStrings("200", statusForRules(read("0"), "200"));
    try std.testing.expectEqualStrings("200", statusForRules(read(""), "200"));
    try std.testing.expect(isFailure("13", false) and !isFailure("5", false) and isFailure("5", true));
    try std.testing.expect(!isFailure("0", true) and !isFailure("", true));
    try std.testing.expectEqualStrings("UNAUTHENTICATED", nameOf("16"));
    try std.testing.expectEqualStrings("", nameOf("17"));
    for (0..codes_count) |at| {
        var digits: [2]u8 = undefined;
        try std.testing.expectEqualStrings(try std.fmt.bufPrint(&digits, "{d}", .{at}), number(@intCast(at + 1)));
    }
}

test "methods" {
    const cases = [_][2][]const u8{ .{ "/shop.Cart/Get", "shop.Cart/Get" }, .{ "/a/b/c?d/e", "a/b/c" }, .{ "/x", "" }, .{ "", "" }, .{ "x", "" } };
    for (cases) |case| try std.testing.expectEqualStrings(case[1], methodOf(case[0]));
}
