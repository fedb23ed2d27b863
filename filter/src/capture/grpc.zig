// SPDX-License-Identifier: Apache-2.0
//! What a gRPC call came to: its status is in `grpc-status`, in the trailers or, without a message, among the headers.
//! The HTTP status is 200 whatever it is.

const std = @import("std");
const json_reader = @import("../config/json_reader.zig");
const texts = @import("../text.zig");

/// A status and one more; 0: none.
pub const Known = u8;

const Code = struct { number: []const u8, name: []const u8, http: []const u8, failure: bool = false };

/// The HTTP status for each is that of google.rpc.Code; a failure is what OpenTelemetry has for one of a server.
const codes = [_]Code{
    .{ .number = "0", .name = "OK", .http = "200" },
    .{ .number = "1", .name = "CANCELLED", .http = "499" },
    .{ .number = "2", .name = "UNKNOWN", .http = "500", .failure = true },
    .{ .number = "3", .name = "INVALID_ARGUMENT", .http = "400" },
    .{ .number = "4", .name = "DEADLINE_EXCEEDED", .http = "504", .failure = true },
    .{ .number = "5", .name = "NOT_FOUND", .http = "404" },
    .{ .number = "6", .name = "ALREADY_EXISTS", .http = "409" },
    .{ .number = "7", .name = "PERMISSION_DENIED", .http = "403" },
    .{ .number = "8", .name = "RESOURCE_EXHAUSTED", .http = "429" },
    .{ .number = "9", .name = "FAILED_PRECONDITION", .http = "400" },
    .{ .number = "10", .name = "ABORTED", .http = "409" },
    .{ .number = "11", .name = "OUT_OF_RANGE", .http = "400" },
    .{ .number = "12", .name = "UNIMPLEMENTED", .http = "501", .failure = true },
    .{ .number = "13", .name = "INTERNAL", .http = "500", .failure = true },
    .{ .number = "14", .name = "UNAVAILABLE", .http = "503", .failure = true },
    .{ .number = "15", .name = "DATA_LOSS", .http = "500", .failure = true },
    .{ .number = "16", .name = "UNAUTHENTICATED", .http = "401" },
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

/// To a client every status but OK is one.
pub fn isFailure(status: []const u8, is_client: bool) bool {
    const code = codeOf(read(status)) orelse return false;
    return code.failure or is_client and code != &codes[0];
}

/// As OpenTelemetry's rpc.status_code has it: NOT_FOUND.
pub fn nameOf(status: []const u8) []const u8 {
    return if (codeOf(read(status))) |code| code.name else "";
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
    for (codes, 0..) |code, at| try std.testing.expectEqual(at, json_reader.unsigned(code.number, 10));
}

test "methods" {
    const cases = [_][2][]const u8{ .{ "/shop.Cart/Get", "shop.Cart/Get" }, .{ "/a/b/c?d/e", "a/b/c" }, .{ "/x", "" }, .{ "", "" }, .{ "x", "" } };
    for (cases) |case| try std.testing.expectEqualStrings(case[1], methodOf(case[0]));
}
