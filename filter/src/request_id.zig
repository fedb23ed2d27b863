//! An id for a request that came without x-request-id, in the form that Envoy gives its own (a UUID).
//! It has to be unlikely to repeat, not unpredictable.

const std = @import("std");

pub const length = 36;

pub fn make(seeds: []const u64, target: *[length]u8) []const u8 {
    const digits = "0123456789abcdef";
    var state: u64 = 0;
    for (seeds) |seed| state = mix(state ^ seed);
    var bits = state;
    for (target, 0..) |*character, at| {
        if (at % 16 == 0) {
            state +%= 0x9e3779b97f4a7c15;
            bits = mix(state);
        }
        character.* = switch (at) {
            8, 13, 18, 23 => '-',
            14 => '4',
            19 => digits[@intCast(8 + (bits & 3))],
            else => digits[@intCast(bits & 15)],
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
    _ = make(&.{ 1, 2 }, &first);
    _ = make(&.{ 1, 3 }, &second);
    try std.testing.expect(!std.mem.eql(u8, &first, &second));
    for (first, 0..) |character, at| switch (at) {
        8, 13, 18, 23 => try std.testing.expectEqual('-', character),
        else => try std.testing.expect(std.ascii.isHex(character)),
    };
    _ = make(&.{ 1, 2 }, &second);
    try std.testing.expectEqualStrings(&first, &second);
    try std.testing.expect(seedOf("a") != seedOf("b"));
}
