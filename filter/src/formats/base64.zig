// SPDX-License-Identifier: Apache-2.0
//! Base64 (RFC 4648, padded) of a text that comes in pieces. All but the last are a multiple of three
//! bytes long (block_list.zig sees to it), so that nothing is carried from one to the next.

const std = @import("std");
const limits = @import("../limits.zig");
const scan = @import("../scan.zig");

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn encodedLength(size: usize) usize {
    return (size + 2) / 3 * 4;
}

/// Fills `target`, which has the encoded length.
pub fn encode(piece: []const u8, target: []u8) void {
    if (pairs[0] == 0) fill();
    var rest = piece;
    var to = target.ptr;
    // Six bytes at once, of eight that are read.
    while (rest.len >= 8) {
        const bytes = std.mem.readInt(u64, rest[0..8], .little);
        const letters = four(@truncate(bytes)) | @as(u64, four(@truncate(bytes >> 24))) << 32;
        std.mem.writeInt(u64, to[0..8], letters, .little);
        rest = rest[6..];
        to += 8;
    }
    var bytes = scan.shortWord(rest);
    while (rest.len > 0) {
        std.mem.writeInt(u32, to[0..4], four(@truncate(bytes)), .little);
        bytes >>= 24;
        if (rest.len < 3) to[3] = '=';
        if (rest.len < 2) to[2] = '=';
        rest = rest[@min(rest.len, 3)..];
        to += 4;
    }
}

/// The letters of the three lowest bytes, of which the lowest comes first.
inline fn four(bytes: u32) u32 {
    const first = pairs[(bytes << 4 & 0xff0) | (bytes >> 12 & 0xf)];
    const second = pairs[(bytes & 0xf00) | (bytes >> 16 & 0xff)];
    return first | @as(u32, second) << 16;
}

/// The two letters of each twelve bits; made when first asked for, as it is larger than all of the code that uses it.
var pairs: [4096]u16 linksection(limits.large) = @splat(0);

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
