// SPDX-License-Identifier: Apache-2.0
//! Comparing texts. The standard library's versions are made for speed on long ones and cost three times
//! the code; what is compared here is mostly unequal at its length or its first byte.

const std = @import("std");
const scan = @import("scan.zig");

pub noinline fn equal(a: []const u8, b: []const u8) bool {
    return a.len == b.len and startsWith(a, b);
}

pub noinline fn startsWith(text: []const u8, start: []const u8) bool {
    if (text.len < start.len) return false;
    for (start, text[0..start.len]) |x, y| if (x != y) return false;
    return true;
}

pub noinline fn equalIgnoreCase(a: []const u8, b: []const u8) bool {
    return a.len == b.len and startsWithIgnoreCase(a, b);
}

pub noinline fn startsWithIgnoreCase(text: []const u8, start: []const u8) bool {
    if (text.len < start.len) return false;
    for (start, text[0..start.len]) |x, y| if (std.ascii.toLower(x) != std.ascii.toLower(y)) return false;
    return true;
}

/// A call of its own costs a third of what an inlined copy does. Most texts are short, and to copy memory is a call out
/// of the module: up to sixteen bytes are two words, which may overlap.
pub noinline fn copy(target: [*]u8, source: []const u8) void {
    const length = source.len;
    if (length > 16) {
        @memcpy(target[0..length], source);
    } else if (length >= 8) {
        ends(u64, target[0..length], source);
    } else if (length >= 4) {
        ends(u32, target[0..length], source);
    } else if (length > 0) {
        const first, const middle, const last = .{ source[0], source[length / 2], source[length - 1] };
        target[0] = first;
        target[length / 2] = middle;
        target[length - 1] = last;
    }
}

inline fn ends(comptime Word: type, target: []u8, source: []const u8) void {
    const size = @sizeOf(Word);
    const first = std.mem.readInt(Word, source[0..size], .little);
    const last = std.mem.readInt(Word, source[source.len - size ..][0..size], .little);
    std.mem.writeInt(Word, target[0..size], first, .little);
    std.mem.writeInt(Word, target[target.len - size ..][0..size], last, .little);
}

/// The length of the text when it is not there.
pub noinline fn indexOf(text: []const u8, byte: u8) usize {
    return scan.before(text, byte);
}

/// The length of the text when it is not there.
pub noinline fn lastIndexOf(text: []const u8, byte: u8) usize {
    var at = text.len;
    while (at > 0) {
        at -= 1;
        if (text[at] == byte) return at;
    }
    return text.len;
}

pub inline fn before(text: []const u8, byte: u8) []const u8 {
    return text[0..indexOf(text, byte)];
}

/// Nothing when the byte is not there.
pub inline fn after(text: []const u8, byte: u8) []const u8 {
    return text[behind(text, byte)..];
}

noinline fn behind(text: []const u8, byte: u8) usize {
    return @min(indexOf(text, byte) + 1, text.len);
}

/// Which of the words with spaces behind them, the first is 1; 0 for none.
pub noinline fn numberOfWord(words: []const u8, word: []const u8) u32 {
    var rest = words;
    var number: u32 = 1;
    while (rest.len > 0) : (number += 1) {
        if (equal(before(rest, ' '), word)) return number;
        rest = after(rest, ' ');
    }
    return 0;
}

test "copies of any length" {
    const text = "abcdefghijklmnopqrstuvwxyz";
    for (0..text.len + 1) |length| {
        var target = [_]u8{'#'} ** (text.len + 1);
        copy(&target, text[0..length]);
        try std.testing.expectEqualStrings(text[0..length], target[0..length]);
        for (target[length..]) |byte| try std.testing.expectEqual('#', byte);
    }
}

test "texts" {
    try std.testing.expect(equal("ab", "ab") and !equal("ab", "aB") and !equal("ab", "abc"));
    try std.testing.expect(equalIgnoreCase("aB", "Ab") and !equalIgnoreCase("ab", "ac"));
    try std.testing.expect(startsWith("abc", "ab") and startsWith("a", "") and !startsWith("a", "ab"));
    try std.testing.expect(startsWithIgnoreCase("Text/plain", "text/") and !startsWithIgnoreCase("tex", "text/"));
    try std.testing.expectEqual(@as(usize, 1), indexOf("a:b:", ':'));
    try std.testing.expectEqual(@as(usize, 3), lastIndexOf("a:b:", ':'));
    try std.testing.expect(indexOf("ab", ':') == 2 and lastIndexOf("ab", ':') == 2);
    try std.testing.expectEqualStrings("a", before("a:b:", ':'));
    try std.testing.expectEqualStrings("b:", after("a:b:", ':'));
    try std.testing.expectEqual(2, numberOfWord("a bc ", "bc"));
    try std.testing.expectEqual(0, numberOfWord("a bc ", "b"));
    try std.testing.expect(before("ab", ':').len == 2 and after("ab", ':').len == 0);
}
