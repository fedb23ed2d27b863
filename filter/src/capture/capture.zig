// SPDX-License-Identifier: Apache-2.0
//! From the host's bytes to what a stream keeps: headers redacted and compact, bodies up to a limit.

const std = @import("std");
const limits = @import("../limits.zig");
const headers = @import("headers.zig");
const redaction = @import("redaction.zig");
const block_list = @import("block_list.zig");
const Head = @import("known_headers.zig").Head;
const streams = @import("streams.zig");
const texts = @import("../text.zig");
const Arena = @import("../host/scratch.zig").Arena;
const NameCache = @import("name_cache.zig").NameCache;
const NamesOf = @import("name_cache.zig").NamesOf;
const scan = @import("../scan.zig");

/// Stores a header block, redacted. Called a second time (a local reply after all) the newer one counts.
pub fn storeHeaders(
    side: *streams.HalfStream,
    pool: *block_list.Pool,
    arena: *Arena,
    head: *const Head,
    query: *const NamesOf,
    pairs_bytes: []const u8,
) void {
    side.blocks.clear(pool);
    // Zeros are what it begins with, and cheaper than a copy of what that is.
    @memset(std.mem.asBytes(side), 0);
    side.headers_seen = true;
    // Nothing else is put there until a header is stored.
    const space = arena.rest();
    var pairs = headers.Pairs.init(pairs_bytes);
    var number: usize = 0;
    while (pairs.next()) : (number += 1) {
        var header = headers.Header{ .name = pairs.name, .value = pairs.value, .facts = head.factsOf(number, pairs.name) };
        const room = @min(limits.headers_bytes_max - side.blocks.length, space.len);
        if (!redact(&header, query, space) or headers.entrySize(&header) > room or !append(side, pool, &header)) {
            side.headers_truncated = true;
        }
    }
    side.blocks.alignToGroup(pool);
    side.headers_bytes = side.blocks.length;
    if (pairs_bytes.len == 0) side.headers_truncated = true;
}

/// False when what has to be written anew does not fit.
fn redact(header: *headers.Header, query: *const NamesOf, space: []u8) bool {
    const value = header.value;
    if (header.facts.hidden) {
        header.value = redaction.placeholder;
        return true;
    }
    const is_host = header.facts.isHost();
    // Most have nothing to look for.
    if (!is_host and (value.len == 0 or value[0] != '/') and scan.isPlain(value)) return true;
    if (!is_host or scan.beforeUrl(value) < value.len) {
        const length = redaction.redactUrls(value, query, is_host, space) orelse return false;
        header.value = space[0..length];
    }
    if (scan.plainJson(header.value) < header.value.len) header.facts.plain = false;
    return true;
}

/// An entry is stored as a whole or not at all: half of one would make the rest unreadable.
fn append(side: *streams.HalfStream, pool: *block_list.Pool, header: *const headers.Header) bool {
    const size = headers.entrySize(header);
    if (side.blocks.extend(pool, size)) |place| {
        headers.writeEntry(header, place);
        return true;
    }
    if (pool.available < pool.withheld + size / (limits.block_bytes - 4) + 1) return false;
    for ([_][]const u8{ &headers.entryHead(header), header.name, header.value }) |part| _ = side.blocks.append(pool, part, 0);
    return true;
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
    return buffer[0..headers.encodePairs(&.{list}, buffer)];
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
    const pairs = pairsOf(&list, &wire);
    var cache: NameCache = undefined;
    cache.clear();
    const names = NamesOf.of(&cache, 0, .headers, &.{});
    const query = NamesOf.of(&cache, 0, .query, &.{});
    var head = Head{};
    head.read(pairs, &names);
    storeHeaders(&side, &pool, &arena, &head, &query, pairs);
    try std.testing.expect(head.has(.marker) and head.has(.forwarded_for) and !side.headers_truncated);
    var stored: [512]u8 = undefined;
    var reader = side.blocks.reader(&pool);
    try std.testing.expect(reader.copy(stored[0..side.headers_bytes]));
    const kept = headers.List{ .bytes = stored[0..side.headers_bytes] };
    try std.testing.expectEqualStrings("/a?token=[redacted]", kept.find(.path));
    var cookie = kept.iterator();
    try std.testing.expect(cookie.seek("cookie") and cookie.facts.hidden);
    try std.testing.expectEqualStrings("[redacted]", cookie.value);
    for (pool.blocks[1..2]) |block| {
        try std.testing.expect(std.mem.indexOf(u8, block.data[0..block.length], "secret") == null);
    }
    // A second block replaces the first.
    const rest = pairsOf(list[6..], &wire);
    head.read(rest, &names);
    storeHeaders(&side, &pool, &arena, &head, &query, rest);
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
    var cache: NameCache = undefined;
    cache.clear();
    const pairs = pairsOf(&list, &wire);
    const names = NamesOf.of(&cache, 0, .headers, &.{});
    var head = Head{};
    head.read(pairs, &names);
    storeHeaders(&side, &pool, &arena, &head, &names, pairs);
    try std.testing.expect(side.headers_truncated);
    try std.testing.expect(!storeBody(&side, &pool, long));
    try std.testing.expect(side.headers_bytes <= limits.block_bytes);
}
