// SPDX-License-Identifier: Apache-2.0
//! Reads JSON in place, token by token, with no allocation and no recursion. Strings are unescaped into the
//! text itself, which only ever gets shorter. Commas and colons count as space: it is by its brackets that
//! half of a text is told from the whole.

const std = @import("std");

/// What `next` answers besides the brackets themselves.
pub const string_token = '"';
pub const number_token = '0';
pub const word_token = 'w';
pub const end_token = 0;

/// No number.
pub const none = std.math.maxInt(u64);

/// Stands for a character that nothing we read may hold: not ASCII, or a control.
const unusable = 0x7f;

pub const Reader = struct {
    text: []u8,
    at: usize = 0,
    /// After an error there are no tokens any more.
    failed: bool = false,
    /// The string (unescaped), number or word that was the last token.
    value: []const u8 = undefined,

    pub fn next(reader: *Reader) u32 {
        while (reader.at < reader.text.len) {
            const start = reader.at;
            const byte = reader.text[start];
            reader.at += 1;
            switch (byte) {
                ' ', '\t', '\n', '\r', ',', ':' => {},
                '{', '}', '[', ']' => return byte,
                '"' => return reader.string(),
                else => {
                    if (!isWord(byte)) return reader.fail();
                    while (reader.at < reader.text.len and isWord(reader.text[reader.at])) reader.at += 1;
                    reader.value = reader.text[start..reader.at];
                    return if (byte <= '9') number_token else word_token;
                },
            }
        }
        return end_token;
    }

    /// Steps over the value that began with this token.
    pub fn skip(reader: *Reader, first: u32) void {
        var token = first;
        var depth: usize = 0;
        while (true) {
            switch (token) {
                '{', '[' => depth += 1,
                // Brackets inside a skipped value are only counted: nobody uses what is in it.
                '}', ']' => {
                    if (depth == 0) return reader.drop();
                    depth -= 1;
                },
                end_token => return,
                else => {},
            }
            if (depth == 0) return;
            token = reader.next();
        }
    }

    pub fn drop(reader: *Reader) void {
        _ = reader.fail();
    }

    noinline fn fail(reader: *Reader) u32 {
        reader.failed = true;
        reader.at = reader.text.len;
        return end_token;
    }

    fn string(reader: *Reader) u32 {
        const start = reader.at;
        var end = start;
        while (reader.at < reader.text.len) {
            var byte = reader.text[reader.at];
            reader.at += 1;
            if (byte == '"') {
                reader.value = reader.text[start..end];
                return string_token;
            }
            if (byte == '\\') byte = reader.escaped();
            reader.text[end] = byte;
            end += 1;
        }
        return reader.fail();
    }

    fn escaped(reader: *Reader) u8 {
        const rest = reader.text[reader.at..];
        if (rest.len == 0) return unusable;
        reader.at += 1;
        switch (rest[0]) {
            '"', '\\', '/' => return rest[0],
            'u' => {
                if (rest.len < 5) return unusable;
                const code = unsigned(rest[1..5], 16);
                if (code == none) return unusable;
                reader.at += 4;
                return if (code < unusable) @intCast(code) else unusable;
            },
            else => return unusable,
        }
    }
};

/// Numbers, true, false, null, and what else writers make of them: NaN, -Infinity.
pub noinline fn isWord(byte: u8) bool {
    return switch (byte) {
        '0'...'9', 'a'...'z', 'A'...'Z', '+', '-', '.' => true,
        else => false,
    };
}

/// Digits and nothing else; std.fmt.parseInt takes signs and underscores, and ten times the code.
pub fn unsigned(digits: []const u8, base: u8) u64 {
    if (digits.len == 0) return none;
    var value: u64 = 0;
    for (digits) |character| {
        const letter = (character | 0x20) -% 'a';
        const digit = if (letter < 6) letter + 10 else character -% '0';
        // Between the digits and the letters stand others.
        if (digit > 9 and letter >= 6) return none;
        // A limit or a revision is far below 2^48; what is longer is none.
        if (digit >= base or value > 1 << 48) return none;
        value = value * base + digit;
    }
    return value;
}

/// A number without sign in any spelling (5, 5.0, 5e0), times 10^places. What then still stands behind the
/// point is cut off, but a whole number (no places) may have nothing there.
pub fn decimal(text: []const u8, places: i32) u64 {
    if (text.len == 0 or text[0] -% '0' > 9) return none;
    var value: u64 = 0;
    var exponent = places;
    var behind_point: i32 = 0;
    for (text, 0..) |character, at| {
        const digit = character -% '0';
        if (digit < 10) {
            // More digits than a double has; a JSON writer has no reason for them.
            if (value > 1 << 58) return none;
            value = value * 10 + digit;
            exponent -= behind_point;
        } else if (character == '.' and behind_point == 0) {
            behind_point = 1;
        } else {
            if (character | 0x20 != 'e' or at + 1 == text.len) return none;
            const sign = text[at + 1];
            const power = unsigned(text[at + 1 + @as(usize, @intFromBool(sign < '0')) ..], 10);
            if (power > 999) return none;
            exponent += if (sign == '-') -@as(i32, @intCast(power)) else @as(i32, @intCast(power));
            break;
        }
    }
    while (exponent != 0 and value > 0) {
        if (exponent > 0) {
            if (value > 1 << 48) return none;
            value *= 10;
            exponent -= 1;
        } else {
            if (places == 0 and value % 10 != 0) return none;
            value /= 10;
            exponent += 1;
        }
    }
    return value;
}

fn expectTokens(expected: []const u8, comptime text: []const u8) !void {
    var buffer = text[0..text.len].*;
    var reader = Reader{ .text = &buffer };
    for (expected) |token| try std.testing.expectEqual(@as(u32, token), reader.next());
    try std.testing.expectEqual(@as(u32, end_token), reader.next());
}

test "tokens" {
    try expectTokens("{\"[0w]\"{}}", " {\"a\": [1.5e3, null], \"c\\\"\":\t{}}\n");
    try expectTokens("00w", "-1 1 true");
    try expectTokens("", "\"abc");
    try expectTokens("", "'a'");
    try expectTokens("[", "[\"\\");
}

fn expectSkipped(expected: usize, comptime text: []const u8) !void {
    var buffer = text[0..text.len].*;
    var reader = Reader{ .text = &buffer };
    reader.skip(reader.next());
    try std.testing.expectEqual(expected, reader.at);
}

test "skips one value of any kind" {
    try expectSkipped(37, "{\"a\": [1, 2, {\"b\": null}], \"c\": \"]}\"} 7");
    try expectSkipped(1, "1 2");
    try expectSkipped(4, "[[]]]");
    var half = "[1".*;
    var reader = Reader{ .text = &half };
    reader.skip(reader.next());
    try std.testing.expectEqual(@as(u32, end_token), reader.next());
}

test "numbers in any spelling" {
    const cases = [_]struct { []const u8, u64 }{
        .{ "5", 5 }, .{ "1e+06", 1000000 }, .{ "1.5E3", 1500 }, .{ "5.0", 5 }, .{ "50e-1", 5 }, .{ "5e00", 5 }, .{ "0.0e99", 0 }, .{ "1000000.0", 1000000 },
    };
    for (cases) |case| try std.testing.expectEqual(case[1], decimal(case[0], 0));
    for ([_][]const u8{ "-1", "1e400", "", "1.2.3", "1e+", ".", "e", "1e", "1.5", "5e-1", "9" ** 20, "1e0x" }) |text| {
        try std.testing.expectEqual(none, decimal(text, 0));
    }
    try std.testing.expectEqual(250_000_000, decimal("0.25", 9));
    try std.testing.expectEqual(300_000_000, decimal("0.30000000000000004", 9));
    try std.testing.expectEqual(10, decimal("1e-08", 9));
    try std.testing.expectEqual(0, decimal("1e-300", 9));
}

test "strings are unescaped in place" {
    var text = "\"a\\\"\\u0041\\/\\u20ac\\n\" \"\\ud800\"".*;
    var reader = Reader{ .text = &text };
    try std.testing.expectEqual(@as(u32, string_token), reader.next());
    try std.testing.expectEqualStrings("a\"A/\x7f\x7f", reader.value);
    try std.testing.expectEqual(@as(u32, string_token), reader.next());
    try std.testing.expectEqualStrings("\x7f", reader.value);
}

test "digits" {
    try std.testing.expectEqual(0xaf09, unsigned("aF09", 16));
    for ([_][]const u8{ "", "a", "1_0", "/", ":", "`", "9" ** 20 }) |text| try std.testing.expectEqual(none, unsigned(text, 10));
    for ([_][]const u8{ "g", "@", "G", ":", ";", "?", "1:" }) |text| try std.testing.expectEqual(none, unsigned(text, 16));
}
