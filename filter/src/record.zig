//! One exchange as every format sees it. It knows nothing of Envoy, and all that is in it is already
//! redacted and within its limits.

const std = @import("std");
const chain = @import("chain.zig");
const headers = @import("headers.zig");

pub const Message = struct {
    /// Includes the pseudo headers (`:path` and so on); most formats leave them out.
    headers: headers.List = .{},
    body: chain.Reader,
    /// How much body there was, whatever of it is in `body`.
    body_bytes: u32 = 0,
    /// The body is longer than what is in `body`.
    body_truncated: bool = false,
    /// When its headers came, since the epoch; 0 where the format does not want it.
    time_ns: u64 = 0,

    pub fn find(message: *const Message, name: []const u8) []const u8 {
        return message.headers.find(name) orelse "";
    }
};

pub const Own = struct { service: []const u8 = "", namespace: []const u8 = "", pod: []const u8 = "" };

pub const Record = struct {
    request_id: []const u8 = "",
    source_address: []const u8 = "",
    destination_address: []const u8 = "",
    /// The Kubernetes namespace of the destination, where the format wants it and it is known.
    namespace: []const u8 = "",
    /// `HTTP/1.1`, `HTTP/2` ...: the protocol that the client speaks.
    protocol: []const u8 = "",
    /// Who sends it, where the format wants it.
    own: Own = .{},
    /// When the exchange was over; 0 where the format does not want it.
    end_ns: u64 = 0,
    request: Message,
    response: Message,

    pub fn host(record: *const Record) []const u8 {
        return record.request.headers.find(":authority") orelse record.request.find("host");
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

    /// OpenTelemetry's error.type: the status of a server's error, or that there was no answer.
    pub fn errorType(record: *const Record) []const u8 {
        const text = record.status();
        if (text.len != 3) return "_OTHER";
        return if (text[0] >= '5') text else "";
    }

    pub fn traceId(record: *const Record) []const u8 {
        return traceParentPart(record.request.find("traceparent"), 3, 32);
    }

    pub fn spanId(record: *const Record) []const u8 {
        if (record.traceId().len == 0) return "";
        return traceParentPart(record.request.find("traceparent"), 36, 16);
    }
};

/// A part of W3C's traceparent (00-<trace id>-<span id>-<flags>), or nothing if all is not well with it.
pub fn traceParentPart(value: []const u8, start: usize, length: usize) []const u8 {
    if (value.len < 55 or value[2] != '-' or value[35] != '-' or value[52] != '-') return "";
    const part = value[start..][0..length];
    var any: u8 = 0;
    for (part) |digit| switch (digit) {
        '0'...'9', 'a'...'f' => any |= digit ^ '0',
        else => return "",
    };
    return if (any == 0) "" else part;
}

fn statusOf(text: []const u8, buffer: []u8) Record {
    var pool = chain.Pool.init(&.{});
    const reader = (chain.Chain{}).reader(&pool);
    const entry = headers.writeEntry(.{ .name = ":status", .value = text }, buffer).?;
    return .{ .request = .{ .body = reader }, .response = .{ .headers = .{ .bytes = entry }, .body = reader } };
}

test "a status is always a number" {
    const cases = [_][3][]const u8{
        .{ "200", "200", "" }, .{ "503", "503", "503" }, .{ "20", "0", "_OTHER" }, .{ "2e2", "0", "_OTHER" }, .{ "", "0", "_OTHER" },
    };
    for (cases) |case| {
        var buffer: [32]u8 = undefined;
        const record = statusOf(case[0], &buffer);
        try std.testing.expectEqualStrings(case[1], record.status());
        try std.testing.expectEqualStrings(case[2], record.errorType());
        try std.testing.expectEqualStrings("", record.request.find(":path"));
    }
}

test "traceparent" {
    const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    try std.testing.expectEqualStrings("4bf92f3577b34da6a3ce929d0e0e4736", traceParentPart(good, 3, 32));
    try std.testing.expectEqualStrings("00f067aa0ba902b7", traceParentPart(good, 36, 16));
    for ([_][]const u8{ "", good[0..54], "00-4BF92F3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-" ++ "0" ** 32 ++ "-00f067aa0ba902b7-01" }) |bad| {
        try std.testing.expectEqualStrings("", traceParentPart(bad, 3, 32));
    }
}
