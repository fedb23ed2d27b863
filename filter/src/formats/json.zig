// SPDX-License-Identifier: Apache-2.0
//! Writes JSON into a fixed buffer. The result is valid JSON in valid UTF-8 whatever bytes come in: a
//! byte that is no part of a valid UTF-8 sequence is read as Latin-1, the historic charset of header
//! fields (RFC 9110, 5.5), and written as \u00XX. So 0xE9 reads as "é", and no information is lost
//! that a reader could want.

const std = @import("std");
const base64 = @import("base64.zig");
const block_list = @import("../capture/block_list.zig");
const limits = @import("../limits.zig");
const scan = @import("../scan.zig");
const texts = @import("../text.zig");

pub const Writer = struct {
    buffer: []u8,
    length: usize = 0,
    /// Set when something did not fit. The document is then useless and nothing more is written.
    overflow: bool = false,

    pub noinline fn raw(writer: *Writer, text: []const u8) void {
        if (writer.overflow or text.len > writer.buffer.len - writer.length) {
            writer.overflow = true;
            return;
        }
        texts.copy(writer.buffer[writer.length..].ptr, text);
        writer.length += text.len;
    }

    pub fn written(writer: *const Writer) []const u8 {
        return writer.buffer[0..writer.length];
    }

    pub fn number(writer: *Writer, value: u64) void {
        var digits: Digits = undefined;
        writer.raw(numberIn(&digits, value));
    }

    /// How an element of an array begins, given with the comma before it, which the first one has not.
    pub noinline fn element(writer: *Writer, begin: []const u8) void {
        const is_first = writer.length == 0 or writer.buffer[writer.length - 1] == '[';
        writer.raw(begin[@intFromBool(is_first)..]);
    }

    pub fn string(writer: *Writer, bytes: []const u8) void {
        writer.raw("\"");
        writer.escaped(bytes);
        writer.raw("\"");
    }

    /// An element of an array: a name and a value, what begins it (see `element`), and what stands behind both.
    /// `is_plain`: nothing in them has to be escaped.
    pub noinline fn pair(writer: *Writer, begin: []const u8, name: []const u8, value: []const u8, behind: *const [2][]const u8, is_plain: bool) void {
        writer.element(begin);
        if (is_plain) return writer.all(.{ name, behind[0], value, behind[1] });
        writer.escaped(name);
        writer.raw(behind[0]);
        writer.escaped(value);
        writer.raw(behind[1]);
    }

    /// Several texts in a row: whether there is room is asked once.
    inline fn all(writer: *Writer, parts: anytype) void {
        var size: usize = 0;
        inline for (parts) |part| size += part.len;
        if (writer.overflow or size > writer.buffer.len - writer.length) {
            writer.overflow = true;
            return;
        }
        var to = writer.buffer[writer.length..].ptr;
        writer.length += size;
        inline for (parts) |part| {
            texts.copy(to, part);
            to += part.len;
        }
    }

    /// The inside of a string: eight bytes at once, of which those count that stand as they are, where there is room for
    /// the most that it can become.
    pub noinline fn escaped(writer: *Writer, bytes: []const u8) void {
        var rest = bytes;
        if (!writer.overflow and 6 * bytes.len + 8 <= writer.buffer.len - writer.length) {
            var to = writer.buffer[writer.length..].ptr;
            while (rest.len > 0) {
                const word = scan.firstWord(rest);
                std.mem.writeInt(u64, to[0..8], word, .little);
                // Zeros behind the last bytes are not plain.
                const plain = scan.plainOf(word);
                to += plain;
                rest = rest[plain..];
                if (plain == 8 or rest.len == 0) continue;
                if (rest[0] == '"' or rest[0] == '\\') {
                    to[0..2].* = .{ '\\', rest[0] };
                    to += 2;
                    rest = rest[1..];
                } else {
                    writer.length = to - writer.buffer.ptr;
                    rest = rest[writer.character(rest)..];
                    to = writer.buffer[writer.length..].ptr;
                }
            }
            writer.length = to - writer.buffer.ptr;
        }
        while (rest.len > 0 and !writer.overflow) rest = rest[writer.character(rest)..];
    }

    /// One, whatever it is; gives how many bytes it had.
    noinline fn character(writer: *Writer, bytes: []const u8) usize {
        const digits = "0123456789abcdef";
        const byte = bytes[0];
        var length: usize = if (scan.isPlainByte(byte)) 1 else sequenceLength(bytes);
        if (length == 0) {
            length = 1;
            if (byte != '"' and byte != '\\') {
                writer.raw("\\u00");
                writer.raw(digits[byte >> 4 ..][0..1]);
                writer.raw(digits[byte & 15 ..][0..1]);
                return length;
            }
            writer.raw("\\");
        }
        writer.raw(bytes[0..length]);
        return length;
    }

    /// A string of the text that a list of blocks still holds; of a text that is cut, up to the last whole character.
    /// False when there is too much to escape: base64 is shorter then.
    pub fn textString(writer: *Writer, from: block_list.Reader, is_cut: bool) bool {
        const start = writer.length;
        var pieces = from;
        // What may be the begin of a character waits for the rest of it.
        var held: usize = 0;
        writer.raw("\"");
        while (pieces.next(staged.len - held)) |piece| {
            texts.copy(staged[held..].ptr, piece);
            const size = held + piece.len;
            if (writer.length - start + 6 * size > limits.text_bytes_max) return false;
            const whole = size - begunLength(staged[0..size]);
            writer.escaped(staged[0..whole]);
            held = size - whole;
            @memmove(staged[0..held], staged[whole..size]);
        }
        if (!is_cut) writer.escaped(staged[0..held]);
        writer.raw("\"");
        return true;
    }

    /// A string of the base64 of what a list of blocks still holds.
    pub fn base64String(writer: *Writer, from: block_list.Reader) void {
        var pieces = from;
        writer.raw("\"");
        while (pieces.next(limits.block_bytes)) |piece| {
            const size = base64.encodedLength(piece.len);
            if (writer.overflow or size > writer.buffer.len - writer.length) {
                writer.overflow = true;
                return;
            }
            base64.encode(piece, writer.buffer[writer.length..][0..size]);
            writer.length += size;
        }
        writer.raw("\"");
    }
};

pub const Digits = [20]u8;

pub noinline fn numberIn(digits: *Digits, value: u64) []const u8 {
    var at = digits.len;
    var rest = value;
    while (at == digits.len or rest > 0) : (rest /= 10) {
        at -= 1;
        digits[at] = '0' + @as(u8, @intCast(rest % 10));
    }
    return digits[at..];
}

var staged: [512]u8 = undefined;

/// How many bytes at the end are the first of a character, if others follow.
fn begunLength(bytes: []const u8) usize {
    for (1..@as(usize, @min(bytes.len, 3)) + 1) |length| {
        const byte = bytes[bytes.len - length];
        if (byte & 0xc0 == 0x80) continue;
        const least: u8 = switch (length) {
            1 => 0xc2,
            2 => 0xe0,
            else => 0xf0,
        };
        return if (byte >= least and byte <= 0xf4) length else 0;
    }
    return 0;
}

/// Length of the well-formed UTF-8 sequence of two to four bytes (RFC 3629) at the start, or 0.
fn sequenceLength(bytes: []const u8) usize {
    const first = bytes[0];
    if (first < 0xc2 or first > 0xf4) return 0;
    const length: u5 = if (first < 0xe0) 2 else if (first < 0xf0) 3 else 4;
    if (bytes.len < length) return 0;
    var code: u32 = first & (@as(u8, 0x7f) >> @intCast(length));
    for (bytes[1..length]) |byte| {
        if (byte & 0xc0 != 0x80) return 0;
        code = code << 6 | (byte & 0x3f);
    }
    // Overlong forms, surrogates and what lies beyond the last code point.
    const least = @as(u32, 1) << (5 * length - 4);
    return if (code < least or code >> 11 == 0x1b or code > 0x10ffff) 0 else length;
}

fn expectString(expected: []const u8, bytes: []const u8) !void {
    var buffer: [256]u8 = undefined;
    var writer = Writer{ .buffer = &buffer };
    writer.string(bytes);
    try std.testing.expect(!writer.overflow);
    try std.testing.expectEqualStrings(expected, writer.written());
}

test "strings" {
    try expectString("\"\"", "");
    try expectString("\"/a?b=c\"", "/a?b=c");
    try expectString("\"a\\\"b\\\\\\u000a\\u0000\\u001f\x7f\"", "a\"b\\\n\x00\x1f\x7f");
    try expectString("\"é€😀\"", "é€😀");
    try expectString("\"\\u00e9x\"", "\xe9x");
    // Cut short, overlong, a surrogate, beyond the last code point, a lone continuation byte.
    try expectString("\"\\u00e2\\u0082\"", "\xe2\x82");
    try expectString("\"\\u00c0\\u0080\"", "\xc0\x80");
    try expectString("\"\\u00ed\\u00a0\\u0080\"", "\xed\xa0\x80");
    try expectString("\"\\u00f4\\u0090\\u0080\\u0080\"", "\xf4\x90\x80\x80");
    try expectString("\"\\u0080\"", "\x80");
}

test "numbers" {
    for ([_]struct { u64, []const u8 }{ .{ 0, "0" }, .{ 10, "10" }, .{ std.math.maxInt(u64), "18446744073709551615" } }) |case| {
        var buffer: [20]u8 = undefined;
        var writer = Writer{ .buffer = &buffer };
        writer.number(case[0]);
        try std.testing.expectEqualStrings(case[1], writer.written());
    }
}

test "agrees with the standard library on which sequences are valid" {
    var random = std.Random.DefaultPrng.init(4);
    for (0..100_000) |_| {
        var bytes: [4]u8 = undefined;
        random.random().bytes(&bytes);
        bytes[0] |= 0x80;
        const length = sequenceLength(&bytes);
        const expected = std.unicode.utf8ByteSequenceLength(bytes[0]) catch 0;
        const valid = expected > 1 and std.unicode.utf8ValidateSlice(bytes[0..expected]);
        try std.testing.expectEqual(if (valid) expected else 0, length);
    }
}

test "an overflow is noticed at every size, and nothing is written outside" {
    for (0..12) |size| {
        var buffer = [_]u8{'#'} ** 16;
        var writer = Writer{ .buffer = buffer[0..size] };
        writer.string("abc\x01d");
        try std.testing.expectEqual(size < 12, writer.overflow);
        for (buffer[size..]) |byte| try std.testing.expectEqual('#', byte);
    }
}

test "a text in pieces, cut or not" {
    var blocks: [4]block_list.Block = undefined;
    var buffer: [8000]u8 = undefined;
    for ([_][]const u8{ "é", "€", "😀" }) |character| for (500..515) |before| for (1..character.len + 1) |size| {
        var pool = block_list.Pool.init(&blocks);
        var list = block_list.BlockList{};
        for (0..before) |_| _ = list.append(&pool, "x", 0);
        _ = list.append(&pool, character[0..size], 0);
        for ([_]bool{ false, true }) |is_cut| {
            var writer = Writer{ .buffer = &buffer };
            try std.testing.expect(writer.textString(list.reader(&pool), is_cut));
            const whole = before + 2 + if (size == character.len) size else if (is_cut) 0 else 6 * size;
            try std.testing.expectEqual(whole, writer.length);
        }
    };
}

test "text that would take too much room" {
    var blocks: [260]block_list.Block = undefined;
    var pool = block_list.Pool.init(&blocks);
    var list = block_list.BlockList{};
    for (0..limits.text_bytes_max / 6 + 1) |_| _ = list.append(&pool, "\x01", 0);
    const buffer = try std.testing.allocator.alloc(u8, limits.text_bytes_max + 10);
    defer std.testing.allocator.free(buffer);
    var writer = Writer{ .buffer = buffer };
    try std.testing.expect(!writer.textString(list.reader(&pool), false) and !writer.overflow);
}
