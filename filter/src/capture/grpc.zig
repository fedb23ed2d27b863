// SPDX-License-Identifier: Apache-2.0
//! What a gRPC call came to: its status is in `grpc-status`, in the trailers or, without a message, among the headers.
//! The HTTP status is 200 whatever it is.

const std = @import("std");
const json_reader = @import("../config/json_reader.zig");
const texts = @import("../text.zig");

/// A status and one more; 0: none.
pub const Known = u8;

const Code = struct { number: []const u8, http: []const u8, failure: bool = false };

/// The HTTP status for each is that of google.rpc.Code; a failure is what OpenTelemetry has for one of a server.
const codes = [_]Code{
    .{ .number = "0", .http = "200" },
    .{ .number = "1", .http = "499" },
    .{ .number = "2", .http = "500", .failure = true },
    .{ .number = "3", .http = "400" },
    .{ .number = "4", .http = "504", .failure = true },
    .{ .number = "5", .http = "404" },
    .{ .number = "6", .http = "409" },
    .{ .number = "7", .http = "403" },
    .{ .number = "8", .http = "429" },
    .{ .number = "9", .http = "400" },
    .{ .number = "10", .http = "409" },
    .{ .number = "11", .http = "400" },
    .{ .number = "12", .http = "501", .failure = true },
    .{ .number = "13", .http = "500", .failure = true },
    .{ .number = "14", .http = "503", .failure = true },
    .{ .number = "15", .http = "500", .failure = true },
    .{ .number = "16", .http = "401" },
};

pub fn isGrpc(content_type: []const u8) bool {
    return texts.startsWithIgnoreCase(content_type, "application/grpc");
}

pub fn read(text: []const u8) Known {
    const status = json_reader.unsigned(text, 10);
    return if (status < codes.len) @intCast(status + 1) else 0;
}

fn codeOf(status: Known) ?*const Code {
    return if (status > 0) &codes[status - 1] else null;
}

pub fn number(status: Known) []const u8 {
    return if (codeOf(status)) |code| code.number else "";
}

/// By which status a rule takes the exchange: an answer 200 of HTTP says nothing of the call.
pub fn statusForRules(status: Known, http: []const u8) []const u8 {
    const code = codeOf(status) orelse return http;
    return if (texts.equal(http, "200")) code.http else http;
}

pub fn isFailure(status: []const u8) bool {
    const code = codeOf(read(status)) orelse return false;
    return code.failure;
}

/// `/shop.Cart/Get`: service and method.
pub fn split(path: []const u8) [2][]const u8 {
    const name = texts.before(path, '?');
    const slash = texts.lastIndexOf(name, '/');
    if (slash == name.len or slash == 0) return .{ "", "" };
    return .{ name[1..slash], name[slash + 1 ..] };
}

test "a status and what it means" {
    try std.testing.expectEqualStrings("13", number(read("13")));
    try std.testing.expectEqualStrings("0", number(read("0")));
    for ([_][]const u8{ "", "17", "-1", "x", "999999999999" }) |bad| try std.testing.expectEqualStrings("", number(read(bad)));
    try std.testing.expectEqualStrings("500", statusForRules(read("13"), "200"));
    try std.testing.expectEqualStrings("503", statusForRules(read("13"), "503"));
    try std.testing.expectEqualStrings("200", statusForRules(read("0"), "200"));
    try std.testing.expectEqualStrings("200", statusForRules(read(""), "200"));
    try std.testing.expect(isFailure("13") and isFailure("14") and !isFailure("5") and !isFailure("0") and !isFailure(""));
    for (codes, 0..) |code, at| try std.testing.expectEqual(at, json_reader.unsigned(code.number, 10));
}

test "service and method" {
    const cases = [_][3][]const u8{
        .{ "/shop.Cart/Get", "shop.Cart", "Get" }, .{ "/a/b/c?d/e", "a/b", "c" }, .{ "/x", "", "" }, .{ "", "", "" }, .{ "x", "", "" },
    };
    for (cases) |case| {
        const found = split(case[0]);
        try std.testing.expectEqualStrings(case[1], found[0]);
        try std.testing.expectEqualStrings(case[2], found[1]);
    }
}
