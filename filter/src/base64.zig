//! Base64 (RFC 4648, padded) of a text that comes in pieces: between pieces 0 to 2 bytes are carried.

const std = @import("std");

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub const Encoder = struct {
    carry: [2]u8 = undefined,
    carried: u8 = 0,

    /// Room that `add` or `finish` needs for a piece of this size.
    pub fn room(size: usize) usize {
        return (size + 4) / 3 * 4;
    }

    /// Encodes all whole groups of three into `target` (at least `room` bytes); returns the length.
    pub fn add(encoder: *Encoder, piece: []const u8, target: []u8) usize {
        var input = piece;
        var at: usize = 0;
        while (encoder.carried > 0 and input.len > 0) {
            if (encoder.carried == 2) {
                group(target[0..4], encoder.carry[0], encoder.carry[1], input[0]);
                encoder.carried = 0;
                at = 4;
            } else {
                encoder.carry[1] = input[0];
                encoder.carried = 2;
            }
            input = input[1..];
        }
        while (input.len >= 3) : (input = input[3..]) {
            group(target[at..][0..4], input[0], input[1], input[2]);
            at += 4;
        }
        for (input) |byte| {
            encoder.carry[encoder.carried] = byte;
            encoder.carried += 1;
        }
        return at;
    }

    /// The last group with its padding.
    pub fn finish(encoder: *Encoder, target: []u8) usize {
        if (encoder.carried == 0) return 0;
        const second = if (encoder.carried == 2) encoder.carry[1] else 0;
        group(target[0..4], encoder.carry[0], second, 0);
        target[3] = '=';
        if (encoder.carried == 1) target[2] = '=';
        encoder.carried = 0;
        return 4;
    }
};

inline fn group(target: *[4]u8, a: u8, b: u8, c: u8) void {
    const bits = @as(u32, a) << 16 | @as(u32, b) << 8 | c;
    target[0] = alphabet[bits >> 18];
    target[1] = alphabet[bits >> 12 & 63];
    target[2] = alphabet[bits >> 6 & 63];
    target[3] = alphabet[bits & 63];
}

test "any cut of a text gives what the standard library gives for the whole" {
    const text = "\x00\xffany carnal pleas\x80";
    var expected: [64]u8 = undefined;
    for (0..text.len + 1) |length| {
        const whole = std.base64.standard.Encoder.encode(&expected, text[0..length]);
        for (0..length + 1) |cut| {
            var encoder = Encoder{};
            var target: [64]u8 = undefined;
            var at = encoder.add(text[0..cut], &target);
            at += encoder.add(text[cut..length], target[at..]);
            at += encoder.finish(target[at..]);
            try std.testing.expectEqualStrings(whole, target[0..at]);
            try std.testing.expect(at <= Encoder.room(length));
        }
    }
    for (0..length_of_bytes) |length| {
        var encoder = Encoder{};
        var target: [64]u8 = undefined;
        var at: usize = 0;
        for (text[0..length]) |byte| at += encoder.add(&.{byte}, target[at..]);
        at += encoder.finish(target[at..]);
        try std.testing.expectEqualStrings(std.base64.standard.Encoder.encode(&expected, text[0..length]), target[0..at]);
    }
}

const length_of_bytes = 12;
