// SPDX-License-Identifier: Apache-2.0
//! The headers that decide something, found in one walk over a block of headers.

const std = @import("std");
const headers = @import("headers.zig");
const texts = @import("../text.zig");

pub const Name = enum {
    method,
    path,
    authority,
    host,
    scheme,
    status,
    content_type,
    request_id,
    traceparent,
    forwarded_for,
    marker,
    user_agent,
    grpc_status,
    tracestate,
    content_encoding,
};

/// Marks our own calls, so that tracing the tracer never loops.
pub const marker_name = "x-wasm-filter-trace";

pub const names = [_][]const u8{
    ":method",      ":path",        ":authority",       "host",            ":scheme",   ":status",
    "content-type", "x-request-id", "traceparent",      "x-forwarded-for", marker_name, "user-agent",
    "grpc-status",  "tracestate",   "content-encoding",
};

const length_max = 31;
/// A bit for each length that one of them has.
const lengths: u32 = all: {
    var bits: u32 = 0;
    for (names) |name| bits |= 1 << name.len;
    break :all bits;
};

/// Names come in lower case; of several values the first counts, and one without text is none.
pub fn note(values: *[names.len][]const u8, name: []const u8, value: []const u8) void {
    if (name.len > length_max or lengths >> @intCast(name.len) & 1 == 0) return;
    for (names, values) |known, *place| {
        // The length first, as this is asked for every header of every exchange.
        if (known.len == name.len and texts.equal(known, name)) {
            if (place.len == 0) place.* = value;
            return;
        }
    }
}

pub const Head = struct {
    values: [names.len][]const u8 = @splat(""),

    /// Of the host's wire form. What it points to is as it came.
    pub fn of(pairs_bytes: []const u8) Head {
        var head: Head = undefined;
        // Zeros are empty texts, and cheaper than a copy of what that is.
        @memset(std.mem.asBytes(&head), 0);
        var pairs = headers.Pairs.init(pairs_bytes);
        while (pairs.next()) note(&head.values, pairs.name, pairs.value);
        return head;
    }

    pub fn get(head: *const Head, name: Name) []const u8 {
        return head.values[@intFromEnum(name)];
    }

    pub fn has(head: *const Head, name: Name) bool {
        return head.get(name).len > 0;
    }

    pub fn hostname(head: *const Head) []const u8 {
        return if (head.has(.authority)) head.get(.authority) else head.get(.host);
    }
};

comptime {
    std.debug.assert(names.len == std.meta.fieldNames(Name).len);
}

test "the first of a name counts" {
    var head = Head{};
    note(&head.values, ":path", "/a");
    note(&head.values, ":path", "/b");
    note(&head.values, "x", "y");
    note(&head.values, "host", "shop");
    try std.testing.expectEqualStrings("/a", head.get(.path));
    try std.testing.expectEqualStrings("shop", head.hostname());
    try std.testing.expect(!head.has(.marker));
}
