// SPDX-License-Identifier: Apache-2.0
//! Headers: the host's wire form in, our compact form out. The compact form is what a stream keeps;
//! it holds redacted values only, so that no later step can leak what was never stored.

const std = @import("std");
const known_headers = @import("known_headers.zig");
const texts = @import("../text.zig");
const Facts = @import("name_cache.zig").Facts;

pub const Header = struct { name: []const u8, value: []const u8, facts: Facts = .{} };

/// The proxy-wasm form: u32 count, count x (u32 name length, u32 value length), then each name and
/// value followed by a NUL. Whatever does not add up ends the list; nothing is read outside of it.
pub const Pairs = struct {
    bytes: []const u8,
    remaining: u32,
    lengths_at: usize,
    text_at: usize,
    /// Of the header that `next` stepped to.
    name: []const u8 = undefined,
    value: []const u8 = undefined,

    pub fn init(bytes: []const u8) Pairs {
        const empty = Pairs{ .bytes = bytes, .remaining = 0, .lengths_at = 0, .text_at = 0 };
        if (bytes.len < 4) return empty;
        const count = std.mem.readInt(u32, bytes[0..4], .little);
        if (count > (bytes.len - 4) / 8) return empty;
        return .{ .bytes = bytes, .remaining = count, .lengths_at = 4, .text_at = 4 + 8 * @as(usize, count) };
    }

    pub inline fn next(pairs: *Pairs) bool {
        if (pairs.remaining == 0) return false;
        pairs.remaining -= 1;
        return pairs.text(&pairs.name) and pairs.text(&pairs.value);
    }

    inline fn text(pairs: *Pairs, place: *[]const u8) bool {
        const length = std.mem.readInt(u32, pairs.bytes[pairs.lengths_at..][0..4], .little);
        pairs.lengths_at += 4;
        if (length >= pairs.bytes.len - pairs.text_at) {
            pairs.remaining = 0;
            return false;
        }
        place.* = pairs.bytes[pairs.text_at..][0..length];
        pairs.text_at += length + 1;
        return true;
    }
};

/// Writes the proxy-wasm form, for the calls that we make, of lists of names and values in turn; gives how long it is, 0
/// if there is no room for it.
pub fn encodePairs(lists: []const []const []const u8, buffer: []u8) usize {
    var count: usize = 0;
    for (lists) |list| count += list.len;
    const lengths_at = 4;
    var at: usize = lengths_at + 4 * count;
    if (at > buffer.len) return 0;
    std.mem.writeInt(u32, buffer[0..4], @intCast(count / 2), .little);
    var index: usize = 0;
    for (lists) |list| for (list) |text| {
        if (text.len >= buffer.len - at) return 0;
        std.mem.writeInt(u32, buffer[lengths_at + 4 * index ..][0..4], @intCast(text.len), .little);
        texts.copy(buffer[at..].ptr, text);
        buffer[at + text.len] = 0;
        at += text.len + 1;
        index += 1;
    };
    return at;
}

/// The compact form of one header: u16 name length, u16 value length, what is known of it, name, value.
pub const entry_overhead_bytes = 5;

pub fn entrySize(header: *const Header) usize {
    return entry_overhead_bytes + header.name.len + header.value.len;
}

/// What stands before name and value; they have no more than 64 KiB together.
pub inline fn entryHead(header: *const Header) [entry_overhead_bytes]u8 {
    var bytes: [entry_overhead_bytes]u8 = undefined;
    std.mem.writeInt(u16, bytes[0..2], @intCast(header.name.len), .little);
    std.mem.writeInt(u16, bytes[2..4], @intCast(header.value.len), .little);
    bytes[4] = @bitCast(header.facts);
    return bytes;
}

/// There must be room for it.
pub fn writeEntry(header: *const Header, target: [*]u8) void {
    target[0..entry_overhead_bytes].* = entryHead(header);
    texts.copy(target + entry_overhead_bytes, header.name);
    texts.copy(target + entry_overhead_bytes + header.name.len, header.value);
}

/// A list in the compact form.
pub const List = struct {
    bytes: []const u8 = "",

    pub fn iterator(list: List) Iterator {
        return .{ .rest = list.bytes };
    }

    /// Nothing when there is none.
    pub fn find(list: List, name: known_headers.Name) []const u8 {
        var headers = list.iterator();
        while (headers.next()) if (headers.facts.isOf(name)) return headers.value;
        return "";
    }
};

pub const Iterator = struct {
    rest: []const u8,
    /// Of the header that `next` stepped to.
    name: []const u8 = undefined,
    value: []const u8 = undefined,
    facts: Facts = undefined,

    pub noinline fn next(iterator: *Iterator) bool {
        if (iterator.rest.len < entry_overhead_bytes) return false;
        const name_length = std.mem.readInt(u16, iterator.rest[0..2], .little);
        const value_length = std.mem.readInt(u16, iterator.rest[2..4], .little);
        const text = iterator.rest[entry_overhead_bytes..];
        const size = @as(usize, name_length) + value_length;
        if (size > text.len) return false;
        iterator.facts = @bitCast(iterator.rest[4]);
        iterator.rest = text[size..];
        iterator.name = text[0..name_length];
        iterator.value = text[name_length..size];
        return true;
    }

    /// Steps to the next header of this name.
    pub fn seek(iterator: *Iterator, name: []const u8) bool {
        while (iterator.next()) if (texts.equal(iterator.name, name)) return true;
        return false;
    }
};

test "pairs survive a round trip, and any cut of them is safe" {
    var buffer: [64]u8 = undefined;
    const bytes = buffer[0..encodePairs(&.{ &.{ ":path", "/a" }, &.{}, &.{ "x", "" } }, &buffer)];
    var pairs = Pairs.init(bytes);
    for ([_][2][]const u8{ .{ ":path", "/a" }, .{ "x", "" } }) |expected| {
        try std.testing.expect(pairs.next());
        try std.testing.expectEqualStrings(expected[0], pairs.name);
        try std.testing.expectEqualStrings(expected[1], pairs.value);
    }
    for (0..bytes.len) |length| try std.testing.expectEqual(0, encodePairs(&.{&.{ ":path", "/a", "x", "" }}, buffer[0..length]));
    try std.testing.expect(!pairs.next());
    for (0..bytes.len) |length| {
        var cut = Pairs.init(bytes[0..length]);
        while (cut.next()) {}
    }
}

test "lengths that lie end the list" {
    var bytes = [_]u8{0xff} ** 40;
    var many = Pairs.init(&bytes);
    try std.testing.expect(!many.next());
    std.mem.writeInt(u32, bytes[0..4], 1, .little);
    var long = Pairs.init(&bytes);
    try std.testing.expect(!long.next());
}

test "compact entries" {
    var buffer: [32]u8 = undefined;
    const header = Header{ .name = "host", .value = "shop", .facts = .{ .known = known_headers.numberOf("host") } };
    writeEntry(&header, &buffer);
    const entry = buffer[0..entrySize(&header)];
    const list = List{ .bytes = entry };
    try std.testing.expectEqualStrings("shop", list.find(.host));
    try std.testing.expectEqualStrings("", list.find(.path));
    var cut = Iterator{ .rest = entry[0 .. entry.len - 1] };
    try std.testing.expect(!cut.next());
}
