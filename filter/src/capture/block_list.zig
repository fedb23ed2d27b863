// SPDX-License-Identifier: Apache-2.0
//! Byte storage of streams: lists of equal blocks out of one pool. Memory is bounded by the pool,
//! and as all blocks have one size it can't fragment however streams interleave.

const std = @import("std");
const limits = @import("../limits.zig");
const texts = @import("../text.zig");

/// Ends a list. The first block is never used, so that storage of zeros is storage that is free.
const none: u16 = 0;

pub const Block = extern struct {
    next: u16,
    length: u16,
    data: [limits.block_bytes - 4]u8,
};

/// Of which a full block holds a multiple, for base64.
const group_bytes = 3;

comptime {
    std.debug.assert((limits.block_bytes - 4) % group_bytes == 0);
}

pub const Pool = struct {
    blocks: []Block,
    free: u16 = none,
    /// Up to here blocks have been used: the pages of those above cost no memory yet.
    used: u16 = 0,
    available: u16,
    /// So many are left alone, for a smaller budget than the machine has.
    withheld: u16 = 0,

    pub fn init(blocks: []Block) Pool {
        return .{ .blocks = blocks, .available = @intCast(blocks.len - 1) };
    }

    /// Bodies leave this to the headers of other streams: when memory is short, bodies are cut first and
    /// requests are dropped last.
    pub fn reserve(pool: *const Pool) u16 {
        return @intCast((pool.blocks.len - pool.withheld) / 4);
    }

    fn take(pool: *Pool, kept: u16) ?u16 {
        if (pool.available <= pool.withheld + kept) return null;
        pool.available -= 1;
        var index = pool.free;
        if (index != none) {
            pool.free = pool.blocks[index].next;
        } else {
            pool.used += 1;
            index = pool.used;
        }
        pool.blocks[index].next = none;
        pool.blocks[index].length = 0;
        return index;
    }

    fn give(pool: *Pool, index: u16) void {
        pool.blocks[index].next = pool.free;
        pool.free = index;
        pool.available += 1;
    }
};

pub const BlockList = struct {
    first: u16 = none,
    last: u16 = none,
    length: u32 = 0,

    /// Appends what fits and returns how much that was; leaves `reserve` blocks in the pool.
    pub fn append(list: *BlockList, pool: *Pool, bytes: []const u8, reserve: u16) usize {
        var rest = bytes;
        while (rest.len > 0) {
            const block = list.tail(pool, reserve) orelse break;
            const size = @min(rest.len, block.data.len - block.length);
            texts.copy(block.data[block.length..].ptr, rest[0..size]);
            block.length += @intCast(size);
            rest = rest[size..];
        }
        const taken = bytes.len - rest.len;
        list.length += @intCast(taken);
        return taken;
    }

    /// Where so many bytes more are to be put, if they are in one piece with those before.
    pub inline fn extend(list: *BlockList, pool: *Pool, size: usize) ?[*]u8 {
        if (list.last == none) return null;
        const block = &pool.blocks[list.last];
        if (size > block.data.len - block.length) return null;
        const place = block.data[block.length..].ptr;
        block.length += @intCast(size);
        list.length += @intCast(size);
        return place;
    }

    /// The last block, or a new one when it is full.
    fn tail(list: *BlockList, pool: *Pool, reserve: u16) ?*Block {
        if (list.last != none) {
            const block = &pool.blocks[list.last];
            if (block.length < block.data.len) return block;
        }
        const index = pool.take(reserve) orelse return null;
        if (list.last == none) list.first = index else pool.blocks[list.last].next = index;
        list.last = index;
        return &pool.blocks[index];
    }

    /// What comes next starts a group of three bytes. The last block always has room for that.
    pub fn alignToGroup(list: *BlockList, pool: *Pool) void {
        const over = list.length % group_bytes;
        if (over > 0) _ = list.append(pool, "\x00\x00"[over - 1 ..], 0);
    }

    /// All of it, to be read once: each block goes back when it is read, so that what is read can be written again.
    pub fn take(list: *BlockList, pool: *Pool, bytes: *Bytes) Taken {
        const first = list.first;
        list.* = .{};
        return .{ .pool = pool, .block = first, .bytes = bytes };
    }

    pub fn clear(list: *BlockList, pool: *Pool) void {
        var index = list.first;
        while (index != none) {
            const next = pool.blocks[index].next;
            pool.give(index);
            index = next;
        }
        list.* = .{};
    }

    pub fn reader(list: *const BlockList, pool: *const Pool) Reader {
        return .{ .pool = pool, .block = list.first };
    }
};

pub const Bytes = [limits.block_bytes - 4]u8;

/// More than what is written while one block is read.
const enough_blocks = 4;

pub const Taken = struct {
    pool: *Pool,
    block: u16,
    /// Is read now, where it is.
    held: u16 = none,
    bytes: *Bytes,

    /// The next piece; the one before is gone then.
    pub fn next(taken: *Taken) ?[]const u8 {
        const pool = taken.pool;
        if (taken.held != none) pool.give(taken.held);
        taken.held = none;
        const index = taken.block;
        if (index == none) return null;
        const block = &pool.blocks[index];
        const piece = block.data[0..block.length];
        taken.block = block.next;
        if (pool.available > pool.withheld + enough_blocks) {
            taken.held = index;
            return piece;
        }
        texts.copy(taken.bytes, piece);
        pool.give(index);
        return taken.bytes[0..piece.len];
    }
};

/// Walks the bytes of a list in the pieces they are stored in.
pub const Reader = struct {
    pool: *const Pool,
    block: u16 = none,
    offset: u16 = 0,

    /// The next piece, at most as long as this; null at the end.
    pub fn next(reader: *Reader, most: usize) ?[]const u8 {
        while (reader.block != none) {
            const block = &reader.pool.blocks[reader.block];
            const rest = block.data[reader.offset..block.length];
            const piece = rest[0..@min(rest.len, most)];
            reader.offset += @intCast(piece.len);
            if (piece.len > 0) return piece;
            if (rest.len > 0) return null;
            reader.block = block.next;
            reader.offset = 0;
        }
        return null;
    }

    /// So many bytes where they are, if they are in one piece; the reader is left behind them.
    pub fn take(reader: *Reader, size: usize) ?[]const u8 {
        if (reader.block == none) return null;
        const block = &reader.pool.blocks[reader.block];
        if (size > block.length - reader.offset) return null;
        defer reader.offset += @intCast(size);
        return block.data[reader.offset..][0..size];
    }

    /// Copies bytes into `target` and leaves the reader behind them. False when there are too few.
    pub fn copy(reader: *Reader, target: []u8) bool {
        var filled: usize = 0;
        while (filled < target.len) {
            const piece = reader.next(target.len - filled) orelse return false;
            texts.copy(target[filled..].ptr, piece);
            filled += piece.len;
        }
        return true;
    }
};

test "what goes in comes out, in order, and every block returns" {
    var blocks: [9]Block = undefined;
    var pool = Pool.init(&blocks);
    var list = BlockList{};
    var bytes: [3000]u8 = undefined;
    for (&bytes, 0..) |*byte, index| byte.* = @truncate(index *% 7);
    try std.testing.expectEqual(@as(usize, 7), list.append(&pool, bytes[0..7], 0));
    try std.testing.expectEqual(@as(usize, 2993), list.append(&pool, bytes[7..], 0));

    var reader = list.reader(&pool);
    var head: [1500]u8 = undefined;
    try std.testing.expect(reader.copy(&head));
    try std.testing.expectEqualSlices(u8, bytes[0..1500], &head);
    try std.testing.expectEqualSlices(u8, bytes[1500..1600], reader.take(100).?);
    try std.testing.expectEqual(null, reader.take(500));
    try std.testing.expect(reader.copy(head[0..500]));
    try std.testing.expectEqualSlices(u8, bytes[1600..2100], head[0..500]);
    var at: usize = 2100;
    while (reader.next(9999)) |piece| : (at += piece.len) {
        try std.testing.expectEqualSlices(u8, bytes[at..][0..piece.len], piece);
    }
    try std.testing.expectEqual(@as(usize, 3000), at);

    list.clear(&pool);
    try std.testing.expectEqual(@as(u16, 8), pool.available);
    var again = list.reader(&pool);
    try std.testing.expect(!again.copy(head[0..1]));
}

test "pieces that follow an alignment are whole groups, but for the last" {
    var blocks: [5]Block = undefined;
    for (0..7) |before| {
        var pool = Pool.init(&blocks);
        var list = BlockList{};
        var head: [9]u8 = undefined;
        try std.testing.expectEqual(before, list.append(&pool, "abcdefgh"[0..before], 0));
        list.alignToGroup(&pool);
        const length = list.length;
        try std.testing.expect(length % group_bytes == 0 and length - before < group_bytes);
        for (0..1500) |_| _ = list.append(&pool, "x", 0);
        var reader = list.reader(&pool);
        try std.testing.expect(reader.copy(head[0..length]));
        var seen: usize = 0;
        while (reader.next(9999)) |piece| {
            try std.testing.expectEqual(0, seen % group_bytes);
            seen += piece.len;
        }
        try std.testing.expectEqual(1500, seen);
    }
}

test "a full pool cuts, and the reserve is left to others" {
    var blocks: [5]Block = undefined;
    var pool = Pool.init(&blocks);
    var body = BlockList{};
    const bytes = [_]u8{1} ** 5000;
    const size = limits.block_bytes - 4;
    try std.testing.expectEqual(@as(usize, 2 * size), body.append(&pool, &bytes, 2));
    var head = BlockList{};
    try std.testing.expectEqual(@as(usize, 2 * size), head.append(&pool, &bytes, 0));
    try std.testing.expectEqual(@as(usize, 0), body.append(&pool, &bytes, 0));
    body.clear(&pool);
    head.clear(&pool);
    try std.testing.expectEqual(@as(u16, 4), pool.available);
}

test "a list that is read once can be written again while that goes on, in a pool that is full or not" {
    var blocks: [12]Block = undefined;
    var bytes: Bytes = undefined;
    for (5..blocks.len + 1) |count| {
        var pool = Pool.init(blocks[0..count]);
        var list = BlockList{};
        for (0..4 * 1020) |at| _ = list.append(&pool, &.{@truncate(at *% 7)}, 0);
        var taken = list.take(&pool, &bytes);
        while (taken.next()) |piece| try std.testing.expectEqual(piece.len, list.append(&pool, piece, 0));
        try std.testing.expectEqual(count - 5, pool.available);
        var reader = list.reader(&pool);
        for (0..4 * 1020) |at| try std.testing.expectEqual(@as(u8, @truncate(at *% 7)), (reader.next(1).?)[0]);
        list.clear(&pool);
        try std.testing.expectEqual(count - 1, pool.available);
    }
}
