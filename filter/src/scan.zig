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

/// With zeros behind the last bytes, which may be marked.
noinline fn lastWord(text: []const u8, at: usize) u64 {
    return if (text.len < 8) shortWord(text) else wordAt(text, text.len - 8) >> @intCast(8 * (8 - (text.len - at)));
}

/// Of the first eight bytes, or with zeros behind less.
pub inline fn firstWord(text: []const u8) u64 {
    return if (text.len < 8) shortWord(text) else wordAt(text, 0);
}

pub inline fn wordAt(text: []const u8, at: usize) u64 {
    return std.mem.readInt(u64, text[at..][0..8], .little);
}

/// Of less than eight bytes: with zeros behind them. They are read twice where that takes fewer steps.
pub noinline fn shortWord(text: []const u8) u64 {
    const length = text.len;
    if (length >= 4) {
        const last: u64 = std.mem.readInt(u32, text[length - 4 ..][0..4], .little);
        return std.mem.readInt(u32, text[0..4], .little) | last << @intCast(8 * (length - 4));
    }
    if (length == 0) return 0;
    const middle = length / 2;
    return text[0] | @as(u64, text[middle]) << @intCast(8 * middle) | @as(u64, text[length - 1]) << @intCast(8 * (length - 1));
}

/// Whether it stands in a JSON string as it is: ASCII, no control, quote or backslash.
pub inline fn isPlainByte(byte: u8) bool {
    return byte -% 0x20 < 0x60 and byte != '"' and byte != '\\';
}

/// How many of eight bytes come before the first that is none.
pub inline fn plainOf(word: u64) usize {
    const quotes = zeros(word ^ spread('"')) | zeros(word ^ spread('\\'));
    return @ctz((quotes | word -% spread(0x20) | word) & high_bits) / 8;
}

pub noinline fn plainJson(text: []const u8) usize {
    for (text, 0..) |byte, at| if (!isPlainByte(byte)) return at;
    return text.len;
}

/// The high bit of each byte between these, if the word has no byte of 0x80 or more.
inline fn between(word: u64, comptime first: u8, comptime last: u8) u64 {
    return (word | high_bits) -% spread(first) & ~((word | high_bits) -% spread(last + 1));
}

/// How many bytes at the start are none of `/ \`, `# $ % &` and `; < = > ? @`: these may stand for something in a URL.
pub noinline fn beforeUrl(text: []const u8) usize {
    const marked = comptime bits: {
        var all: u64 = 0;
        for ("/#$%&;<=>?") |byte| all |= 1 << byte;
        break :bits all;
    };
    for (text, 0..) |byte, at| {
        if (byte < 0x40 and marked >> @intCast(byte) & 1 == 1 or byte == '@' or byte == '\\') return at;
    }
    return text.len;
}

/// How many bytes at the start are neither a quote nor a backslash.
pub fn beforeQuote(text: []const u8) usize {
    return beforeEither(text, '"', '\\');
}

/// How many bytes come before the first of this kind.
pub fn before(text: []const u8, byte: u8) usize {
    return beforeEither(text, byte, byte);
}

noinline fn beforeEither(text: []const u8, one: u8, other: u8) usize {
    var at: usize = 0;
    while (at < text.len) : (at += 8) {
        const word = if (text.len - at >= 8) wordAt(text, at) else lastWord(text, at);
        const from_one, const from_other = .{ word ^ one * spread(1), word ^ other * spread(1) };
        const marks = (zeros(from_one) & ~from_one | zeros(from_other) & ~from_other) & high_bits;
        if (marks != 0) return @min(at + @ctz(marks) / 8, text.len);
    }
    return text.len;
}

/// Of a text that begins with no slash: whether it stands in a JSON string as it is, and has nothing in it that a URL
/// could begin with (`? # %`, two slashes). Some others are taken for such as well: it is the short way for most texts.
pub fn isPlain(text: []const u8) bool {
    var at: usize = 0;
    // Zeros would be marked.
    var word = firstWord(text);
    if (text.len < 8) word |= spread('a') << @intCast(8 * text.len);
    var slashes: u64 = 0;
    while (true) {
        const marks = plainMarks(word, slashes);
        if (marks.all != 0) return false;
        at += 8;
        if (at >= text.len) return true;
        // The last word may begin with bytes of the one before.
        slashes = if (text.len - at >= 8) marks.slashes else 0;
        word = wordAt(text, @min(at, text.len - 8));
    }
}

const PlainMarks = struct { all: u64, slashes: u64 };

/// `earlier`: the slashes of the word before.
inline fn plainMarks(word: u64, earlier: u64) PlainMarks {
    const slashes = zeros(word ^ spread('/')) & high_bits;
    const twice = slashes & (slashes << 8 | earlier >> 56);
    const of_url = between(word, '"', '%') | between(word, '?', '@');
    const others = of_url | zeros(word ^ spread('\\')) | word -% spread(0x20) | word;
    return .{ .all = others & high_bits | twice, .slashes = slashes };
}

test "the first byte that is looked for, wherever it stands and whatever is around it" {
    const Look = struct { *const fn ([]const u8) usize, *const fn (u8) bool };
    const looks = [_]Look{ .{ &plainJson, &isEscaped }, .{ &beforeUrl, &isOfUrl }, .{ &beforeQuote, &isQuote } };
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
            try std.testing.expectEqual(if (isQuote(byte)) at else text.len, beforeQuote(text));
        }
    }
}

test "what is plain has nothing of a URL in it" {
    for ([_][]const u8{ "", "a", "x/y", "gzip, deflate, br", "Mozilla/5.0 (X11; Linux x86_64) a/b/c", "a=b; c=d&e", "x" ** 33 }) |text| {
        try std.testing.expect(isPlain(text));
    }
    for ("?#%\"\\\x00\x1f\x80\xff\n") |byte| for (0..20) |before_it| for (0..20) |behind| {
        var text = ("x" ** 42).*;
        text[before_it] = byte;
        try std.testing.expect(!isPlain(text[0 .. before_it + 1 + behind]));
    };
    for (0..20) |before_it| for (0..20) |behind| for ([_][]const u8{ "//", "x/" }) |slashes| {
        var text = ("x" ** 42).*;
        @memcpy(text[before_it..][0..2], slashes);
        try std.testing.expectEqual(slashes[0] == 'x', isPlain(text[0 .. before_it + 2 + behind]));
    };
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
