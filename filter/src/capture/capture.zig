// SPDX-License-Identifier: Apache-2.0
//! From the host's bytes to what a stream keeps: headers redacted and compact, bodies up to a limit.

const std = @import("std");
const limits = @import("../limits.zig");
const headers = @import("headers.zig");
const redaction = @import("redaction.zig");
const block_list = @import("block_list.zig");
const body_kind = @import("body_kind.zig");
const known_headers = @import("known_headers.zig");
const Head = known_headers.Head;
const streams = @import("streams.zig");
const texts = @import("../text.zig");
const Arena = @import("../host/scratch.zig").Arena;
const Configuration = @import("../config/configuration.zig").Configuration;

/// Stores a header block, and hands out what of it decides something, as it came. Called a second time (a local reply after all) the newer one counts.
pub fn storeHeaders(
    side: *streams.HalfStream,
    pool: *block_list.Pool,
    arena: *Arena,
    configuration: *const Configuration,
    pairs_bytes: []const u8,
) Head {
    side.blocks.clear(pool);
    // Zeros are what both begin with, and cheaper than a copy of what that is.
    @memset(std.mem.asBytes(side), 0);
    side.headers_seen = true;
    var head: Head = undefined;
    @memset(std.mem.asBytes(&head), 0);
    var pairs = headers.Pairs.init(pairs_bytes);
    while (pairs.next()) {
        known_headers.note(&head.values, pairs.name, pairs.value);
        // Nothing else is put there until the entry is stored.
        const entry = redactedEntry(arena.rest(), configuration, pairs.name, pairs.value) orelse {
            side.headers_truncated = true;
            continue;
        };
        const room = limits.headers_bytes_max - side.blocks.length;
        if (entry.len > room or !appendWhole(side, pool, entry)) side.headers_truncated = true;
    }
    side.body_kind = body_kind.of(head.get(.content_type), head.get(.content_encoding));
    side.blocks.alignToGroup(pool);
    side.headers_bytes = side.blocks.length;
    return head;
}

fn redactedEntry(buffer: []u8, configuration: *const Configuration, name: []const u8, value: []const u8) ?[]const u8 {
    const is_host = texts.equal(name, ":authority") or texts.equal(name, "host");
    const hidden = redaction.ofHeaders(configuration.redact_headers);
    if (hidden.has(name) or is_host and hidden.has("host")) {
        return headers.writeEntry(.{ .name = name, .value = redaction.placeholder }, buffer);
    }
    const place = headers.valuePlace(name, buffer);
    const length = redaction.redactUrls(value, &redaction.ofQuery(configuration.redact_query), is_host, place) orelse return null;
    return headers.sealEntry(name, length, buffer);
}

/// An entry is stored as a whole or not at all: half of one would make the rest unreadable.
fn appendWhole(side: *streams.HalfStream, pool: *block_list.Pool, entry: []const u8) bool {
    const blocks = entry.len / (limits.block_bytes - 4) + 1;
    if (pool.available < pool.withheld + blocks) return false;
    return side.blocks.append(pool, entry, 0) == entry.len;
}

/// How much of a piece of body is wanted.
pub fn bodyRoom(side: *const streams.HalfStream, body_bytes_max: u32) u32 {
    return body_bytes_max -| side.bodyBytes();
}

/// False when the body has to end here.
pub fn storeBody(side: *streams.HalfStream, pool: *block_list.Pool, piece: []const u8) bool {
    const taken = side.blocks.append(pool, piece, pool.reserve());
    return taken == piece.len;
}

fn pairsOf(list: []const []const u8, buffer: []u8) []const u8 {
    return headers.encodePairs(&.{list}, buffer) orelse unreachable;
}

test "headers are redacted before they are stored" {
    var blocks: [5]block_list.Block = undefined;
    var pool = block_list.Pool.init(&blocks);
    var space: [4096]u8 = undefined;
    var arena = Arena{ .buffer = &space };
    var side = streams.HalfStream{};
    var wire: [512]u8 = undefined;
    const list = [_][]const u8{
        ":path",               "/a?token=secret", "cookie",          "secret",
        "x-wasm-filter-trace", "t",               "x-forwarded-for", "1.2.3.4",
    };
    const configuration = Configuration{};
    const head = storeHeaders(&side, &pool, &arena, &configuration, pairsOf(&list, &wire));
    try std.testing.expect(head.has(.marker) and head.has(.forwarded_for) and !side.headers_truncated);
    var stored: [512]u8 = undefined;
    var reader = side.blocks.reader(&pool);
    try std.testing.expect(reader.copy(stored[0..side.headers_bytes]));
    const kept = headers.List{ .bytes = stored[0..side.headers_bytes] };
    try std.testing.expectEqualStrings("/a?token=[redacted]", kept.find(":path"));
    try std.testing.expectEqualStrings("[redacted]", kept.find("cookie"));
    for (pool.blocks[1..2]) |block| {
        try std.testing.expect(std.mem.indexOf(u8, block.data[0..block.length], "secret") == null);
    }
    // A second block replaces the first.
    _ = storeHeaders(&side, &pool, &arena, &configuration, pairsOf(list[6..], &wire));
    try std.testing.expectEqual(@as(u16, 3), pool.available);
}

test "a pool that is full cuts headers at whole entries" {
    var blocks: [2]block_list.Block = undefined;
    var pool = block_list.Pool.init(&blocks);
    var space: [8192]u8 = undefined;
    var arena = Arena{ .buffer = &space };
    var side = streams.HalfStream{};
    var wire: [4096]u8 = undefined;
    const long = "x" ** 900;
    const list = [_][]const u8{ "a", long, "b", long, "c", "1" };
    _ = storeHeaders(&side, &pool, &arena, &.{}, pairsOf(&list, &wire));
    try std.testing.expect(side.headers_truncated);
    try std.testing.expect(!storeBody(&side, &pool, long));
    try std.testing.expect(side.headers_bytes <= limits.block_bytes);
}
