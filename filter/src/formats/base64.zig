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
    if (pairs[0] == 0) fill();
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
    const bits: u32 = std.mem.readInt(u24, bytes, .big);
    std.mem.writeInt(u16, target[0..2], pairs[bits >> 12], .little);
    std.mem.writeInt(u16, target[2..4], pairs[bits & 0xfff], .little);
}

/// The two letters of each twelve bits; made when first asked for, as it is larger than all of the code that uses it.
var pairs: [4096]u16 = @splat(0);

noinline fn fill() void {
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
