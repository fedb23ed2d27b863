//! The headers that decide something, found in one walk over a block of headers.

const std = @import("std");
const texts = @import("text.zig");

pub const Name = enum {
    method,
    path,
    authority,
    host,
    scheme,
    status,
    content_type,
    upgrade,
    request_id,
    traceparent,
    forwarded_for,
    marker,
};

/// Marks our own calls, so that tracing the tracer never loops.
pub const marker_name = "x-wasm-filter-trace";

const names = [_][]const u8{
    ":method",      ":path",   ":authority",   "host",        ":scheme",         ":status",
    "content-type", "upgrade", "x-request-id", "traceparent", "x-forwarded-for", marker_name,
};

pub const Head = struct {
    values: [names.len]?[]const u8 = @splat(null),

    /// Names come in lower case; of several values the first counts.
    pub fn note(head: *Head, name: []const u8, value: []const u8) void {
        for (names, &head.values) |known, *place| {
            // The length first, as this is asked for every header of every exchange.
            if (known.len == name.len and texts.equal(known, name)) {
                if (place.* == null) place.* = value;
                return;
            }
        }
    }

    pub fn has(head: *const Head, name: Name) bool {
        return head.values[@intFromEnum(name)] != null;
    }

    pub fn get(head: *const Head, name: Name) []const u8 {
        return head.values[@intFromEnum(name)] orelse "";
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
    head.note(":path", "/a");
    head.note(":path", "/b");
    head.note("x", "y");
    head.note("host", "shop");
    try std.testing.expectEqualStrings("/a", head.get(.path));
    try std.testing.expectEqualStrings("shop", head.hostname());
    try std.testing.expect(!head.has(.marker));
}
