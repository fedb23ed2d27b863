// SPDX-License-Identifier: Apache-2.0
//! The headers that decide something, found in one walk over a block of headers.

const std = @import("std");
const headers = @import("headers.zig");
const Facts = @import("name_cache.zig").Facts;
const NamesOf = @import("name_cache.zig").NamesOf;
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

const names = ":method :path :authority host :scheme :status content-type x-request-id traceparent x-forwarded-for " ++
    marker_name ++ " user-agent grpc-status tracestate content-encoding ";
pub const count = std.meta.fieldNames(Name).len;

/// One more than the place of the name among the known ones, or 0. Names come in lower case.
pub fn numberOf(name: []const u8) u5 {
    return @intCast(texts.numberOfWord(names, name));
}

/// Of several values the first counts, and one without text is none.
pub inline fn note(values: *[count][]const u8, number: u5, value: []const u8) void {
    if (number > 0 and values[number - 1].len == 0) values[number - 1] = value;
}

/// What is known of the first headers at hand, so that they are looked up once; no other headers are, meanwhile.
var noted: [128]Facts = undefined;

pub const Head = struct {
    values: [count][]const u8 = @splat(""),
    looked_up: *const NamesOf = undefined,

    /// Of the host's wire form. What it points to is as it came.
    pub fn read(head: *Head, pairs_bytes: []const u8, known: *const NamesOf) void {
        // Zeros are empty texts, and cheaper than a copy of what that is.
        @memset(std.mem.asBytes(head), 0);
        var pairs = headers.Pairs.init(pairs_bytes);
        head.looked_up = known;
        var number: usize = 0;
        while (pairs.next()) : (number += 1) {
            const facts = known.facts(pairs.name);
            if (number < noted.len) noted[number] = facts;
            note(&head.values, facts.known, pairs.value);
        }
    }

    /// Of the header of this number and name.
    pub fn factsOf(head: *const Head, number: usize, name: []const u8) Facts {
        return if (number < noted.len) noted[number] else head.looked_up.facts(name);
    }

    /// For tests.
    pub fn set(head: *Head, name: []const u8, value: []const u8) void {
        note(&head.values, numberOf(name), value);
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
    std.debug.assert(std.mem.count(u8, names, " ") == count);
}

test "the first of a name counts" {
    var head = Head{};
    head.set(":path", "/a");
    head.set(":path", "/b");
    head.set("x", "y");
    head.set("host", "shop");
    try std.testing.expectEqualStrings("/a", head.get(.path));
    try std.testing.expectEqualStrings("shop", head.hostname());
    try std.testing.expect(!head.has(.marker));
}
