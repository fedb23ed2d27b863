// SPDX-License-Identifier: Apache-2.0
//! Base64 (RFC 4648, padded) of a text that comes in pieces. All but the last are a multiple of three
//! bytes long (block_list.zig sees to it), so that nothing is carried from one to the next.

const std = @import("std");

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn encodedLength(size: usize) usize {
    return (size + 2) / 3 * 4;
}

/// Fills `target`, which has the encoded length.
pub fn encode(piece: []const u8, target: []u8) void {
    var from: usize = 0;
    var to: usize = 0;
    while (piece.len - from >= 3) : (from += 3) {
        group(piece[from..][0..3], target[to..][0..4]);
        to += 4;
    }
    const rest = piece[from..];
    if (rest.len == 0) return;
    group(&.{ rest[0], if (rest.len > 1) rest[1] else 0, 0 }, target[to..][0..4]);
    target[to + 3] = '=';
    if (rest.len == 1) target[to + 2] = '=';
}

/// Four letters, written at once.
inline fn group(bytes: *const [3]u8, target: *[4]u8) void {
    const bits = std.mem.readInt(u24, bytes, .big);
    const word = @as(u32, letter(bits, 18)) | @as(u32, letter(bits, 12)) << 8 |
        @as(u32, letter(bits, 6)) << 16 | @as(u32, letter(bits, 0)) << 24;
    std.mem.writeInt(u32, target, word, .little);
}

inline fn letter(bits: u32, comptime shift: u5) u8 {
    return alphabet[bits >> shift & 63];
}

test "what the standard library gives" {
    const text = "\x00\xffany carnal pleas\x80";
    for (0..text.len + 1) |length| {
        var expected: [64]u8 = undefined;
        var target: [64]u8 = undefined;
        encode(text[0..length], target[0..encodedLength(length)]);
        const whole = std.base64.standard.Encoder.encode(&expected, text[0..length]);
        try std.testing.expectEqualStrings(whole, target[0..encodedLength(length)]);
    }
}
