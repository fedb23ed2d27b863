//! Headers: the host's wire form in, our compact form out. The compact form is what a stream keeps;
//! it holds redacted values only, so that no later step can leak what was never stored.

const std = @import("std");
const texts = @import("text.zig");

pub const Header = struct { name: []const u8, value: []const u8 };

/// The proxy-wasm form: u32 count, count x (u32 name length, u32 value length), then each name and
/// value followed by a NUL. Whatever does not add up ends the list; nothing is read outside of it.
pub const Pairs = struct {
    bytes: []const u8,
    remaining: u32,
    lengths_at: usize,
    text_at: usize,

    pub fn init(bytes: []const u8) Pairs {
        const empty = Pairs{ .bytes = bytes, .remaining = 0, .lengths_at = 0, .text_at = 0 };
        if (bytes.len < 4) return empty;
        const count = std.mem.readInt(u32, bytes[0..4], .little);
        if (count > (bytes.len - 4) / 8) return empty;
        return .{ .bytes = bytes, .remaining = count, .lengths_at = 4, .text_at = 4 + 8 * @as(usize, count) };
    }

    pub fn next(pairs: *Pairs) ?Header {
        if (pairs.remaining == 0) return null;
        pairs.remaining -= 1;
        const lengths = pairs.bytes[pairs.lengths_at..][0..8];
        pairs.lengths_at += 8;
        const name = pairs.text(std.mem.readInt(u32, lengths[0..4], .little)) orelse return null;
        const value = pairs.text(std.mem.readInt(u32, lengths[4..8], .little)) orelse return null;
        return .{ .name = name, .value = value };
    }

    fn text(pairs: *Pairs, length: usize) ?[]const u8 {
        const left = pairs.bytes.len - pairs.text_at;
        if (length >= left) {
            pairs.remaining = 0;
            return null;
        }
        const start = pairs.text_at;
        pairs.text_at += length + 1;
        return pairs.bytes[start..][0..length];
    }
};

/// Writes the proxy-wasm form, for the calls that we make, of lists of names and values in turn.
pub fn encodePairs(lists: []const []const []const u8, buffer: []u8) ?[]const u8 {
    var count: usize = 0;
    for (lists) |list| count += list.len;
    const lengths_at = 4;
    var at: usize = lengths_at + 4 * count;
    if (at > buffer.len) return null;
    std.mem.writeInt(u32, buffer[0..4], @intCast(count / 2), .little);
    var index: usize = 0;
    for (lists) |list| for (list) |text| {
        if (text.len >= buffer.len - at) return null;
        std.mem.writeInt(u32, buffer[lengths_at + 4 * index ..][0..4], @intCast(text.len), .little);
        @memcpy(buffer[at..][0..text.len], text);
        buffer[at + text.len] = 0;
        at += text.len + 1;
        index += 1;
    };
    return buffer[0..at];
}

/// The compact form of one header: u16 name length, u16 value length, name, value.
pub const entry_overhead_bytes = 4;

pub fn writeEntry(header: Header, buffer: []u8) ?[]const u8 {
    const place = valuePlace(header.name, buffer);
    if (place.len < header.value.len) return null;
    @memcpy(place[0..header.value.len], header.value);
    return sealEntry(header.name, header.value.len, buffer);
}

/// Where in `buffer` the value of an entry goes, and how much room there is; none at all if it is short.
pub fn valuePlace(name: []const u8, buffer: []u8) []u8 {
    return buffer[@min(entry_overhead_bytes + name.len, buffer.len)..];
}

/// Puts the lengths and the name before a value that is in its place.
pub fn sealEntry(name: []const u8, value_length: usize, buffer: []u8) ?[]const u8 {
    const size = entry_overhead_bytes + name.len + value_length;
    if (size > buffer.len or name.len | value_length > std.math.maxInt(u16)) return null;
    std.mem.writeInt(u16, buffer[0..2], @intCast(name.len), .little);
    std.mem.writeInt(u16, buffer[2..4], @intCast(value_length), .little);
    @memcpy(buffer[entry_overhead_bytes..][0..name.len], name);
    return buffer[0..size];
}

/// A list in the compact form.
pub const List = struct {
    bytes: []const u8 = "",

    pub fn iterator(list: List) Iterator {
        return .{ .rest = list.bytes };
    }

    pub fn find(list: List, name: []const u8) ?[]const u8 {
        var headers = list.iterator();
        while (headers.next()) |header| {
            if (header.name.len == name.len and texts.equal(header.name, name)) return header.value;
        }
        return null;
    }
};

pub const Iterator = struct {
    rest: []const u8,

    pub fn next(iterator: *Iterator) ?Header {
        if (iterator.rest.len < entry_overhead_bytes) return null;
        const name_length = std.mem.readInt(u16, iterator.rest[0..2], .little);
        const value_length = std.mem.readInt(u16, iterator.rest[2..4], .little);
        const text = iterator.rest[entry_overhead_bytes..];
        const size = @as(usize, name_length) + value_length;
        if (size > text.len) return null;
        iterator.rest = text[size..];
        return .{ .name = text[0..name_length], .value = text[name_length..size] };
    }
};

test "pairs survive a round trip, and any cut of them is safe" {
    var buffer: [64]u8 = undefined;
    const bytes = encodePairs(&.{ &.{ ":path", "/a" }, &.{}, &.{ "x", "" } }, &buffer).?;
    var pairs = Pairs.init(bytes);
    for ([_][2][]const u8{ .{ ":path", "/a" }, .{ "x", "" } }) |expected| {
        const header = pairs.next().?;
        try std.testing.expectEqualStrings(expected[0], header.name);
        try std.testing.expectEqualStrings(expected[1], header.value);
    }
    for (0..bytes.len) |length| try std.testing.expectEqual(null, encodePairs(&.{&.{ ":path", "/a", "x", "" }}, buffer[0..length]));
    try std.testing.expectEqual(null, pairs.next());
    for (0..bytes.len) |length| {
        var cut = Pairs.init(bytes[0..length]);
        while (cut.next()) |_| {}
    }
}

test "lengths that lie end the list" {
    var bytes = [_]u8{0xff} ** 40;
    var many = Pairs.init(&bytes);
    try std.testing.expectEqual(null, many.next());
    std.mem.writeInt(u32, bytes[0..4], 1, .little);
    var long = Pairs.init(&bytes);
    try std.testing.expectEqual(null, long.next());
}

test "compact entries" {
    var buffer: [32]u8 = undefined;
    const entry = writeEntry(.{ .name = "host", .value = "shop" }, &buffer).?;
    const list = List{ .bytes = entry };
    try std.testing.expectEqualStrings("shop", list.find("host").?);
    try std.testing.expectEqual(null, list.find("hos"));
    try std.testing.expectEqual(null, writeEntry(.{ .name = "host", .value = "shop" }, buffer[0..11]));
    var cut = Iterator{ .rest = entry[0 .. entry.len - 1] };
    try std.testing.expectEqual(null, cut.next());
}
