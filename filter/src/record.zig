//! One exchange as every format sees it. It knows nothing of Envoy, and all that is in it is already
//! redacted and within its limits.

const std = @import("std");
const chain = @import("chain.zig");
const headers = @import("headers.zig");

pub const Message = struct {
    /// Includes the pseudo headers (`:path` and so on); most formats leave them out.
    headers: headers.List = .{},
    body: chain.Reader,
    /// The body is longer than what is in `body`.
    body_truncated: bool = false,
};

pub const Record = struct {
    request_id: []const u8,
    source_address: []const u8,
    destination_address: []const u8,
    /// `HTTP/1.1`, `HTTP/2` ...: the protocol that the client speaks.
    protocol: []const u8,
    request: Message,
    response: Message,

    pub fn method(record: *const Record) []const u8 {
        return record.request.headers.find(":method") orelse "";
    }

    pub fn path(record: *const Record) []const u8 {
        return record.request.headers.find(":path") orelse "";
    }

    pub fn scheme(record: *const Record) []const u8 {
        return record.request.headers.find(":scheme") orelse "";
    }

    pub fn host(record: *const Record) []const u8 {
        return record.request.headers.find(":authority") orelse record.request.headers.find("host") orelse "";
    }

    /// Three digits, or "0" for an exchange that ended without an answer.
    pub fn status(record: *const Record) []const u8 {
        const text = record.response.headers.find(":status") orelse return "0";
        if (text.len != 3) return "0";
        for (text) |digit| {
            if (!std.ascii.isDigit(digit)) return "0";
        }
        return text;
    }
};

test "a status is always a number" {
    var pool = chain.Pool.init(&.{});
    const reader = (chain.Chain{}).reader(&pool);
    var buffer: [32]u8 = undefined;
    const cases = [_][2][]const u8{ .{ "200", "200" }, .{ "20", "0" }, .{ "2e2", "0" }, .{ "", "0" } };
    for (cases) |case| {
        const entry = headers.writeEntry(.{ .name = ":status", .value = case[0] }, &buffer).?;
        const record = Record{
            .request_id = "",
            .source_address = "",
            .destination_address = "",
            .protocol = "",
            .request = .{ .body = reader },
            .response = .{ .headers = .{ .bytes = entry }, .body = reader },
        };
        try std.testing.expectEqualStrings(case[1], record.status());
        try std.testing.expectEqualStrings("", record.path());
    }
}
