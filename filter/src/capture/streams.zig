// SPDX-License-Identifier: Apache-2.0
//! The exchanges in progress, found by their context id. A fixed number of them, in buckets that the
//! steadily counted ids of Envoy fill almost without a collision.

const std = @import("std");
const BlockList = @import("block_list.zig").BlockList;
const Kind = @import("body_kind.zig").Kind;

/// Ends a list. The first place is never used, so that storage of zeros is storage that is free.
const none: u16 = 0;

/// One direction of an exchange: its headers, then its body, in one list of blocks.
pub const HalfStream = struct {
    blocks: BlockList = .{},
    headers_bytes: u32 = 0,
    headers_seen: bool = false,
    headers_truncated: bool = false,
    /// Whether the body is wanted.
    body_taken: bool = false,
    body_truncated: bool = false,
    body_kind: Kind = .other,
    /// All of the body, whatever of it was taken.
    body_seen_bytes: u32 = 0,
    /// When the headers came, where the format wants it.
    time_ns: u64 = 0,

    /// Bodies that are not wanted are absent by wish, not for want of room.
    pub fn isTruncated(side: *const HalfStream) bool {
        return side.headers_truncated or side.body_truncated and side.body_taken;
    }

    pub fn bodyBytes(side: *const HalfStream) u32 {
        return side.blocks.length - side.headers_bytes;
    }
};

pub const Stream = struct {
    id: u32,
    next: u16 = none,
    /// Which of the plugins it belongs to.
    plugin: u8,
    /// Not to be traced: our own call, or by choice.
    ignored: bool = false,
    /// The request came with x-forwarded-for, so that its source is not that of the connection.
    source_is_forwarded: bool = false,
    /// Left out of the share, unless its end says otherwise: no body of it is kept.
    provisional: bool = false,
    /// Of the response, as it came; zeros before.
    status: [3]u8 = @splat(0),
    /// No bodies in the ordinary sense: neither side's is taken.
    streaming: bool = false,
    is_grpc: bool = false,
    /// Of grpc.Known.
    grpc_status: u8 = 0,
    /// It came behind the body.
    grpc_in_trailers: bool = false,
    request: HalfStream = .{},
    response: HalfStream = .{},
};

pub const Table = struct {
    slots: []Stream,
    /// The first stream of each bucket; the others follow by `next`.
    buckets: []u16,
    free: u16 = none,
    used: u16 = 0,

    pub fn find(table: *Table, id: u32) ?*Stream {
        const slot = table.link(id).*;
        return if (slot == none) null else &table.slots[slot];
    }

    /// Null when full. An id that is already there is handed out as it is.
    pub fn add(table: *Table, id: u32, plugin: u8) ?*Stream {
        const place = table.link(id);
        if (place.* == none) {
            var slot = table.free;
            if (slot != none) {
                table.free = table.slots[slot].next;
            } else {
                if (table.used + 1 == table.slots.len) return null;
                table.used += 1;
                slot = table.used;
            }
            const stream = &table.slots[slot];
            @memset(std.mem.asBytes(stream), 0);
            stream.id = id;
            stream.plugin = plugin;
            place.* = slot;
        }
        return &table.slots[place.*];
    }

    pub fn remove(table: *Table, id: u32) void {
        const place = table.link(id);
        const slot = place.*;
        if (slot == none) return;
        place.* = table.slots[slot].next;
        table.slots[slot].next = table.free;
        table.free = slot;
    }

    /// What names the stream of this id, or would.
    fn link(table: *Table, id: u32) *u16 {
        var place = &table.buckets[id & (table.buckets.len - 1)];
        while (place.* != none and table.slots[place.*].id != id) place = &table.slots[place.*].next;
        return place;
    }
};

test "behaves as a map, under collisions and when full" {
    var slots: [41]Stream = undefined;
    var buckets: [64]u16 = @splat(0);
    var table = Table{ .slots = &slots, .buckets = &buckets };
    var model = std.AutoHashMap(u32, u32).init(std.testing.allocator);
    defer model.deinit();
    var random = std.Random.DefaultPrng.init(1);
    for (0..100_000) |round| {
        const id = random.random().uintLessThan(u32, 16) * 64 + random.random().uintLessThan(u32, 6);
        if (random.random().boolean()) {
            const plugin: u8 = @truncate(round);
            if (table.add(id, plugin)) |stream| {
                const known = try model.getOrPutValue(id, plugin);
                try std.testing.expectEqual(known.value_ptr.*, stream.plugin);
            } else try std.testing.expectEqual(@as(u32, 40), model.count());
        } else {
            table.remove(id);
            _ = model.remove(id);
        }
        const probe = random.random().uintLessThan(u32, 16) * 64 + random.random().uintLessThan(u32, 6);
        const expected = model.get(probe);
        const found = table.find(probe);
        try std.testing.expectEqual(expected == null, found == null);
        if (found) |stream| try std.testing.expectEqual(expected.?, stream.plugin);
    }
}
