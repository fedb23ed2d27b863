// SPDX-License-Identifier: Apache-2.0
//! An id for a request that came without x-request-id, in the form that Envoy gives its own (a UUID).
//! It has to be unlikely to repeat, not unpredictable.

const std = @import("std");

pub const length = 36;

pub fn make(seed: u64, target: *[length]u8) []const u8 {
    const digits = "0123456789abcdef";
    var bits = mix(seed);
    for (target, 0..) |*character, at| {
        if (at == 16 or at == 32) bits = mix(bits +% seed);
        // The fourth group begins with the variant: 8, 9, a or b.
        const digit: u8 = @intCast(if (at == 19) bits & 3 | 8 else bits & 15);
        character.* = switch (at) {
            8, 13, 18, 23 => '-',
            14 => '4',
            else => digits[digit],
        };
        bits >>= 4;
    }
    return target;
}

/// splitmix64
pub fn mix(value: u64) u64 {
    var bits = value +% 0x9e3779b97f4a7c15;
    bits = (bits ^ (bits >> 30)) *% 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) *% 0x94d049bb133111eb;
    return bits ^ (bits >> 31);
}

pub fn seedOf(text: []const u8) u64 {
    var state: u64 = text.len;
    for (text) |byte| state = (state ^ byte) *% 0x100000001b3;
    return state;
}

test "looks like a UUID, and differs with any seed" {
    var first: [length]u8 = undefined;
    var second: [length]u8 = undefined;
    _ = make(1, &first);
    _ = make(2, &second);
    try std.testing.expect(!std.mem.eql(u8, &first, &second));
    for (first, 0..) |character, at| switch (at) {
        8, 13, 18, 23 => try std.testing.expectEqual('-', character),
        else => try std.testing.expect(std.ascii.isHex(character)),
    };
    _ = make(1, &second);
    try std.testing.expectEqualStrings(&first, &second);
    try std.testing.expect(seedOf("a") != seedOf("b"));
}
