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
    while (from < piece.len) : (from += 3) {
        var bits = @as(u32, piece[from]) << 16;
        if (from + 1 < piece.len) bits |= @as(u32, piece[from + 1]) << 8;
        if (from + 2 < piece.len) bits |= piece[from + 2];
        target[to] = alphabet[bits >> 18];
        target[to + 1] = alphabet[bits >> 12 & 63];
        target[to + 2] = if (from + 1 < piece.len) alphabet[bits >> 6 & 63] else '=';
        target[to + 3] = if (from + 2 < piece.len) alphabet[bits & 63] else '=';
        to += 4;
    }
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
