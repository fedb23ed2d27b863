//! The exchanges in progress, found by their context id. A fixed number of them; open addressing over
//! 16-bit slots, which the steadily counted ids of Envoy fill almost without a collision.

const std = @import("std");
const limits = @import("limits.zig");
const Chain = @import("chain.zig").Chain;

const none: u16 = std.math.maxInt(u16);

/// One direction of an exchange: its headers, then its body, in one chain.
pub const Side = struct {
    chain: Chain = .{},
    headers_bytes: u32 = 0,
    headers_seen: bool = false,
    headers_truncated: bool = false,
    /// Whether the body is wanted.
    body_taken: bool = true,
    body_truncated: bool = false,
    /// All of the body, whatever of it was taken.
    body_seen_bytes: u32 = 0,
    /// When the headers came, where the format wants it.
    time_ns: u64 = 0,

    pub fn bodyBytes(side: *const Side) u32 {
        return side.chain.length - side.headers_bytes;
    }
};

pub const Stream = struct {
    id: u32,
    /// The root context that it belongs to.
    root: u32,
    /// Not to be traced: our own call, or by choice.
    ignored: bool = false,
    /// The request came without x-forwarded-for, so that its source is that of the connection.
    source_is_peer: bool = true,
    /// No bodies in the ordinary sense: neither side's is taken.
    streaming: bool = false,
    request: Side = .{},
    response: Side = .{},
};

pub const Table = struct {
    slots: []Stream,
    index: []u16,
    free: u16 = none,
    fresh: u16 = 0,

    pub fn init(slots: []Stream, index: []u16) Table {
        @memset(index, none);
        return .{ .slots = slots, .index = index };
    }

    pub fn find(table: *Table, id: u32) ?*Stream {
        const at = table.position(id);
        return if (table.index[at] == none) null else &table.slots[table.index[at]];
    }

    /// Null when full. An id that is already there is handed out as it is.
    pub fn add(table: *Table, id: u32, root: u32) ?*Stream {
        const at = table.position(id);
        if (table.index[at] != none) return &table.slots[table.index[at]];
        var slot = table.free;
        if (slot != none) {
            table.free = @intCast(table.slots[slot].id);
        } else {
            if (table.fresh == table.slots.len) return null;
            slot = table.fresh;
            table.fresh += 1;
        }
        table.index[at] = slot;
        table.slots[slot] = .{ .id = id, .root = root };
        return &table.slots[slot];
    }

    pub fn remove(table: *Table, id: u32) void {
        var hole = table.position(id);
        const slot = table.index[hole];
        if (slot == none) return;
        table.slots[slot].id = table.free;
        table.free = slot;
        table.index[hole] = none;
        // Pull later entries of the run into the hole, so that no search ends too early.
        var at = table.after(hole);
        while (table.index[at] != none) : (at = table.after(at)) {
            const wanted = table.slots[table.index[at]].id & table.mask();
            const distance_wanted = (at -% wanted) & table.mask();
            const distance_hole = (at -% hole) & table.mask();
            if (distance_wanted < distance_hole) continue;
            table.index[hole] = table.index[at];
            table.index[at] = none;
            hole = at;
        }
    }

    /// Where `id` is, or the empty place where it would be. There is always an empty one.
    fn position(table: *const Table, id: u32) u32 {
        var at = id & table.mask();
        while (table.index[at] != none and table.slots[table.index[at]].id != id) at = table.after(at);
        return at;
    }

    fn after(table: *const Table, at: u32) u32 {
        return (at + 1) & table.mask();
    }

    fn mask(table: *const Table) u32 {
        return @intCast(table.index.len - 1);
    }
};

test "behaves as a map, under collisions and when full" {
    var slots: [40]Stream = undefined;
    var index: [64]u16 = undefined;
    var table = Table.init(&slots, &index);
    var model = std.AutoHashMap(u32, u32).init(std.testing.allocator);
    defer model.deinit();
    var random = std.Random.DefaultPrng.init(1);
    for (0..100_000) |round| {
        const id = random.random().uintLessThan(u32, 16) * 64 + random.random().uintLessThan(u32, 6);
        if (random.random().boolean()) {
            const root: u32 = @intCast(round);
            if (table.add(id, root)) |stream| {
                const known = try model.getOrPutValue(id, root);
                try std.testing.expectEqual(known.value_ptr.*, stream.root);
            } else try std.testing.expectEqual(@as(u32, 40), model.count());
        } else {
            table.remove(id);
            _ = model.remove(id);
        }
        const probe = random.random().uintLessThan(u32, 16) * 64 + random.random().uintLessThan(u32, 6);
        const expected = model.get(probe);
        const found = table.find(probe);
        try std.testing.expectEqual(expected == null, found == null);
        if (found) |stream| try std.testing.expectEqual(expected.?, stream.root);
    }
}
