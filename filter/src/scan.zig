// SPDX-License-Identifier: Apache-2.0
//! Looking for the first byte of a kind, eight bytes at a time: what is looked through is mostly without any.

const std = @import("std");

const high_bits = spread(0x80);

/// Eight times the same byte.
inline fn spread(comptime byte: u8) u64 {
    return @as(u64, byte) * 0x0101010101010101;
}

/// The high bit of the first byte that is zero. It may be set in bytes of 0x80 and more, which the callers see to, and
/// in those behind the first, as a borrow goes up.
inline fn zeros(word: u64) u64 {
    return word -% spread(1);
}

/// Bits that mark bytes of interest in eight bytes; only the lowest counts.
const Marks = fn (word: u64) callconv(.@"inline") u64;

/// How many bytes come before the first that is marked.
inline fn before(text: []const u8, comptime marks: Marks) usize {
    var at: usize = 0;
    while (at < text.len) : (at += 8) {
        const found = marks(if (text.len - at >= 8) wordAt(text, at) else lastWord(text, at));
        if (found != 0) return @min(at + @ctz(found) / 8, text.len);
    }
    return text.len;
}

inline fn wordAt(text: []const u8, at: usize) u64 {
    return std.mem.readInt(u64, text[at..][0..8], .little);
}

/// With zeros behind the last bytes, which may be marked.
noinline fn lastWord(text: []const u8, at: usize) u64 {
    const missing: u6 = @intCast(8 - (text.len - at));
    if (text.len >= 8) return wordAt(text, text.len - 8) >> 8 * missing;
    var word: u64 = 0;
    for (0..text.len) |index| word = word << 8 | text[text.len - 1 - index];
    return word;
}

inline fn escapedMarks(word: u64) u64 {
    const quotes = zeros(word ^ spread('"')) | zeros(word ^ spread('\\'));
    return (quotes | word -% spread(0x20) | word) & high_bits;
}

/// How many bytes at the start stand in a JSON string as they are: ASCII, no control, quote or backslash.
pub noinline fn plainJson(text: []const u8) usize {
    return before(text, escapedMarks);
}

/// The high bit of each byte between these, if the word has no byte of 0x80 or more.
inline fn between(word: u64, comptime first: u8, comptime last: u8) u64 {
    return (word | high_bits) -% spread(first) & ~((word | high_bits) -% spread(last + 1));
}

inline fn urlMarks(word: u64) u64 {
    const slashes = zeros(word ^ spread('/')) | zeros(word ^ spread('\\'));
    return (slashes | between(word, '#', '&') | between(word, ';', '@')) & ~word & high_bits;
}

/// How many bytes at the start are none of `/ \`, `# $ % &` and `; < = > ? @`: these may stand for something in a URL.
pub noinline fn beforeUrl(text: []const u8) usize {
    return before(text, urlMarks);
}

inline fn quoteMarks(word: u64) u64 {
    return (zeros(word ^ spread('"')) & ~(word ^ spread('"')) | zeros(word ^ spread('\\')) & ~(word ^ spread('\\'))) & high_bits;
}

/// How many bytes at the start are neither a quote nor a backslash.
pub noinline fn beforeQuote(text: []const u8) usize {
    return before(text, quoteMarks);
}

inline fn highMarks(word: u64) u64 {
    return word & high_bits;
}

/// How many bytes at the start are ASCII.
pub noinline fn beforeHigh(text: []const u8) usize {
    return before(text, highMarks);
}

test "the first byte that is looked for, wherever it stands and whatever is around it" {
    const Look = struct { *const fn ([]const u8) usize, *const fn (u8) bool };
    const looks = [_]Look{ .{ &plainJson, &isEscaped }, .{ &beforeUrl, &isOfUrl }, .{ &beforeHigh, &isHigh }, .{ &beforeQuote, &isQuote } };
    var random = std.Random.DefaultPrng.init(8);
    for (0..100_000) |_| {
        var bytes: [24]u8 = undefined;
        random.random().bytes(&bytes);
        // Most are plain, so that the words of eight are walked.
        for (&bytes) |*byte| if (random.random().uintLessThan(u8, 16) > 0) {
            byte.* = 'a' + byte.* % 26;
        };
        const text = bytes[0..random.random().uintAtMost(usize, bytes.len)];
        for (looks) |look| {
            var expected: usize = 0;
            while (expected < text.len and !look[1](text[expected])) expected += 1;
            try std.testing.expectEqual(expected, look[0](text));
        }
    }
}

test "each byte by itself" {
    for (0..256) |value| {
        const byte: u8 = @intCast(value);
        for ([_][]const u8{ &.{byte}, &(.{'x'} ** 7 ++ .{byte}), &(.{byte} ++ .{'x'} ** 8) }) |text| {
            const at = std.mem.indexOfScalar(u8, text, byte).?;
            try std.testing.expectEqual(if (isEscaped(byte)) at else text.len, plainJson(text));
            try std.testing.expectEqual(if (isOfUrl(byte)) at else text.len, beforeUrl(text));
            try std.testing.expectEqual(if (isHigh(byte)) at else text.len, beforeHigh(text));
            try std.testing.expectEqual(if (isQuote(byte)) at else text.len, beforeQuote(text));
        }
    }
}

fn isEscaped(byte: u8) bool {
    return byte < 0x20 or byte == '"' or byte == '\\' or byte >= 0x80;
}

fn isOfUrl(byte: u8) bool {
    return std.mem.indexOfScalar(u8, "/\\#$%&;<=>?@", byte) != null;
}

fn isQuote(byte: u8) bool {
    return byte == '"' or byte == '\\';
}

fn isHigh(byte: u8) bool {
    return byte >= 0x80;
}
