// SPDX-License-Identifier: Apache-2.0
//! Base64 (RFC 4648, padded) of a text that comes in pieces. All but the last are a multiple of three
//! bytes long (block_list.zig sees to it), so that nothing is carried from one to the next.

const std = @import("std");
const limits = @import("../limits.zig");

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn encodedLength(size: usize) usize {
    return (size + 2) / 3 * 4;
}

/// Fills `target`, which has the encoded length.
pub fn encode(piece: []const u8, target: []u8) void {
    if (pairs[0] == 0) fill();
    var from = piece.ptr;
    var to = target.ptr;
    const end = from + piece.len / 3 * 3;
    while (from != end) : (from += 3) {
        write(to, @as(u32, from[0]) << 16 | @as(u32, from[1]) << 8 | from[2]);
        to += 4;
    }
    const rest = piece.len % 3;
    if (rest == 0) return;
    const second: u32 = if (rest == 2) from[1] else 0;
    write(to, @as(u32, from[0]) << 16 | second << 8);
    to[3] = '=';
    if (rest == 1) to[2] = '=';
}

/// The letters of three bytes.
inline fn write(to: [*]u8, bytes: u32) void {
    std.mem.writeInt(u16, to[0..2], pairs[bytes >> 12], .little);
    std.mem.writeInt(u16, to[2..4], pairs[bytes & 0xfff], .little);
}

/// The two letters of each twelve bits; made when first asked for, as it is larger than all of the code that uses it.
var pairs: [4096]u16 linksection(limits.large) = @splat(0);

fn fill() void {
    for (&pairs, 0..) |*pair, twelve| pair.* = alphabet[twelve >> 6] | @as(u16, alphabet[twelve & 63]) << 8;
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
