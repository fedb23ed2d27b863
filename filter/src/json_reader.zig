//! Reads JSON in place, value by value, with no allocation and no recursion. Strings are unescaped into
//! the text itself, which only ever gets shorter. After a syntax error every answer is "nothing".

const std = @import("std");
const limits = @import("limits.zig");

pub const Kind = enum { object, array, string, number, boolean, null, invalid };

pub const Reader = struct {
    text: []u8,
    at: usize = 0,
    failed: bool = false,

    /// What the next value is, judged by its first character.
    pub fn peek(reader: *Reader) Kind {
        reader.skipSpace();
        if (reader.failed or reader.at == reader.text.len) return .invalid;
        return switch (reader.text[reader.at]) {
            '{' => .object,
            '[' => .array,
            '"' => .string,
            '-', '0'...'9' => .number,
            't', 'f' => .boolean,
            'n' => .null,
            else => .invalid,
        };
    }

    /// Steps into an object or array. False when the next value is something else.
    pub fn enter(reader: *Reader, kind: Kind) bool {
        if (reader.peek() != kind) return false;
        reader.at += 1;
        return true;
    }

    /// Steps to the next member: true when there is one, false at the end. `first` is kept by the caller.
    pub fn more(reader: *Reader, first: *bool, close: u8) bool {
        reader.skipSpace();
        if (reader.failed) return false;
        if (reader.accept(close)) return false;
        if (!first.* and !reader.accept(',')) return reader.fail();
        first.* = false;
        reader.skipSpace();
        if (reader.at == reader.text.len or reader.text[reader.at] == close) return reader.fail();
        return true;
    }

    /// The key of a member and the colon behind it.
    pub fn key(reader: *Reader) ?[]const u8 {
        const name = reader.string() orelse return null;
        reader.skipSpace();
        if (!reader.accept(':')) {
            _ = reader.fail();
            return null;
        }
        return name;
    }

    pub fn boolean(reader: *Reader) ?bool {
        if (reader.word("true")) return true;
        if (reader.word("false")) return false;
        return null;
    }

    /// A number in any spelling (5, 5.0, 5e0): protobuf writes its numbers in its own way.
    pub fn number(reader: *Reader) ?f64 {
        if (reader.peek() != .number) return null;
        const start = reader.at;
        while (reader.at < reader.text.len) : (reader.at += 1) {
            switch (reader.text[reader.at]) {
                '0'...'9', '+', '-', '.', 'e', 'E' => {},
                else => break,
            }
        }
        return decimal(reader.text[start..reader.at]);
    }

    pub fn string(reader: *Reader) ?[]u8 {
        if (reader.peek() != .string) {
            _ = reader.fail();
            return null;
        }
        reader.at += 1;
        const start = reader.at;
        var end = start;
        while (reader.at < reader.text.len) {
            const byte = reader.text[reader.at];
            reader.at += 1;
            if (byte == '"') return reader.text[start..end];
            if (byte < 0x20) break;
            if (byte != '\\') {
                reader.text[end] = byte;
                end += 1;
            } else {
                end += reader.unescape(end) orelse break;
            }
        }
        _ = reader.fail();
        return null;
    }

    /// Decodes what follows a backslash to `target`, at most six bytes of source to three of result.
    fn unescape(reader: *Reader, target: usize) ?usize {
        if (reader.at == reader.text.len) return null;
        const byte = reader.text[reader.at];
        reader.at += 1;
        reader.text[target] = switch (byte) {
            '"', '\\', '/' => byte,
            'b' => 8,
            'f' => 12,
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return reader.unescapeCodePoint(target),
            else => return null,
        };
        return 1;
    }

    fn unescapeCodePoint(reader: *Reader, target: usize) ?usize {
        var code: u21 = reader.hexadecimal() orelse return null;
        if (code >= 0xd800 and code < 0xdc00) {
            if (!reader.accept('\\') or !reader.accept('u')) return null;
            const low = reader.hexadecimal() orelse return null;
            if (low < 0xdc00 or low > 0xdfff) return null;
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        // The escape was at least as long as its UTF-8, so this stays behind the reading position.
        const to = reader.text[target..];
        if (code < 0x80) {
            to[0] = @intCast(code);
            return 1;
        }
        const length: usize = if (code < 0x800) 2 else if (code < 0x10000) 3 else 4;
        var rest = code;
        var at = length - 1;
        while (at > 0) : (at -= 1) {
            to[at] = 0x80 | @as(u8, @intCast(rest & 0x3f));
            rest >>= 6;
        }
        // A lone half of a pair is no character.
        if (code >= 0xd800 and code < 0xe000) return null;
        to[0] = (@as(u8, 0xf0) << @intCast(4 - length)) | @as(u8, @intCast(rest));
        return length;
    }

    fn hexadecimal(reader: *Reader) ?u16 {
        if (reader.text.len - reader.at < 4) return null;
        const value = unsigned(reader.text[reader.at..][0..4], 16) orelse return null;
        reader.at += 4;
        return @intCast(value);
    }

    /// Where the next value starts, for `skipUnlessPast`.
    pub fn mark(reader: *Reader) usize {
        reader.skipSpace();
        return reader.at;
    }

    /// Steps over the value at `value_at`, unless an attempt to read it has done so.
    pub fn skipUnlessPast(reader: *Reader, value_at: usize) void {
        if (reader.at == value_at) reader.skip();
    }

    /// Steps over one value of any kind.
    pub fn skip(reader: *Reader) void {
        var depth: usize = 0;
        while (true) {
            switch (reader.peek()) {
                .object, .array => {
                    depth += 1;
                    reader.at += 1;
                },
                .string => _ = reader.string(),
                .number => _ = reader.number(),
                .boolean => if (reader.boolean() == null) return reader.failAndReturn(),
                .null => if (!reader.word("null")) return reader.failAndReturn(),
                .invalid => if (depth == 0 or !reader.acceptAny(",:]}")) return reader.failAndReturn(),
            }
            if (reader.failed) return;
            // Brackets inside a skipped value are only counted: nobody uses what is in it.
            while (depth > 0 and reader.acceptAny("]}")) depth -= 1;
            if (depth == 0) return;
            _ = reader.acceptAny(",:");
        }
    }

    /// Nothing but space may follow the last value.
    pub fn atEnd(reader: *Reader) bool {
        reader.skipSpace();
        return !reader.failed and reader.at == reader.text.len;
    }

    fn word(reader: *Reader, text: []const u8) bool {
        reader.skipSpace();
        if (!@import("text.zig").startsWith(reader.text[reader.at..], text)) return false;
        reader.at += text.len;
        return true;
    }

    fn accept(reader: *Reader, byte: u8) bool {
        if (reader.failed or reader.at == reader.text.len or reader.text[reader.at] != byte) return false;
        reader.at += 1;
        return true;
    }

    fn acceptAny(reader: *Reader, bytes: []const u8) bool {
        reader.skipSpace();
        for (bytes) |byte| if (reader.accept(byte)) return true;
        return false;
    }

    fn skipSpace(reader: *Reader) void {
        while (reader.at < reader.text.len) : (reader.at += 1) {
            switch (reader.text[reader.at]) {
                ' ', '\t', '\n', '\r' => {},
                else => return,
            }
        }
    }

    fn fail(reader: *Reader) bool {
        reader.failed = true;
        return false;
    }

    fn failAndReturn(reader: *Reader) void {
        reader.failed = true;
    }
};

/// Digits and nothing else; std.fmt.parseInt takes signs and underscores, and ten times the code.
pub fn unsigned(digits: []const u8, base: u8) ?u64 {
    if (digits.len == 0) return null;
    var value: u64 = 0;
    for (digits) |character| {
        const digit = std.fmt.charToDigit(character, base) catch return null;
        // A limit or a revision is far below this; what is longer is none.
        if (value > 1 << 48) return null;
        value = value * base + digit;
    }
    return value;
}

/// No sign: nothing in a configuration is below zero. A double is exact for all that a limit can be.
fn decimal(text: []const u8) ?f64 {
    var value: f64 = 0;
    var exponent: i32 = 0;
    var digits: usize = 0;
    var point = false;
    for (text, 0..) |character, at| switch (character) {
        '0'...'9' => {
            value = value * 10 + @as(f64, @floatFromInt(character - '0'));
            digits += 1;
            if (point) exponent -= 1;
        },
        '.' => {
            if (point) return null;
            point = true;
        },
        'e', 'E' => {
            exponent += exponentOf(text[at + 1 ..]) orelse return null;
            break;
        },
        else => return null,
    };
    if (digits == 0 or digits > 32) return null;
    while (exponent > 0) : (exponent -= 1) value *= 10;
    while (exponent < 0) : (exponent += 1) value /= 10;
    return value;
}

fn exponentOf(text: []const u8) ?i32 {
    const signed = text.len > 0 and (text[0] == '+' or text[0] == '-');
    const value = unsigned(if (signed) text[1..] else text, 10) orelse return null;
    if (value > 99) return null;
    const exponent: i32 = @intCast(value);
    return if (text[0] == '-') -exponent else exponent;
}

fn expectSkipped(expected: bool, comptime text: []const u8) !void {
    var buffer = text[0..text.len].*;
    var reader = Reader{ .text = &buffer };
    reader.skip();
    try std.testing.expectEqual(expected, reader.atEnd());
}

test "skips any value" {
    try expectSkipped(true, " {\"a\": [1, 2, {\"b\": null}], \"c\": \"]}\", \"d\": {}} ");
    try expectSkipped(true, "[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]");
    try expectSkipped(true, "true");
    try expectSkipped(false, "[");
    try expectSkipped(false, "\"abc");
    try expectSkipped(false, "tru");
    try expectSkipped(false, "");
    try expectSkipped(false, "1 2");
}

test "numbers in any spelling" {
    try std.testing.expectEqual(@as(?f64, 5), decimal("5"));
    try std.testing.expectEqual(@as(?f64, 1000000), decimal("1e+06"));
    try std.testing.expectEqual(@as(?f64, 1500), decimal("1.5E3"));
    try std.testing.expectEqual(@as(?f64, 5), decimal("5.0"));
    try std.testing.expectEqual(@as(?f64, 5), decimal("50e-1"));
    try std.testing.expectEqual(@as(?f64, 0.25), decimal("0.25"));
    try std.testing.expectEqual(@as(?f64, 0), decimal("0.0e99"));
    for ([_][]const u8{ "-1", "1e400", "", "1.2.3", "1e+", ".", "e", "1e" }) |text| {
        try std.testing.expectEqual(null, decimal(text));
    }
}

test "strings are unescaped in place" {
    var text = "\"a\\\"\\u00e9\\u20ac\\uffff\\u0041\\ud83d\\ude00\\n\" \"\\ud800\"".*;
    var reader = Reader{ .text = &text };
    try std.testing.expectEqualStrings("a\"é€\u{ffff}A😀\n", reader.string().?);
    try std.testing.expectEqual(null, reader.string());
    try std.testing.expect(reader.failed);
}
