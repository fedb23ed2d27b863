// SPDX-License-Identifier: Apache-2.0
//! Reading URLs where they stand: plain, or percent-encoded within another one. A byte that is encoded twice is
//! one byte of depth two (%253F is `?`); so a text is walked once, however deep it goes.

const std = @import("std");
const unsigned = @import("../config/json_reader.zig").unsigned;
const none = @import("../config/json_reader.zig").none;

pub const Unit = struct {
    /// What it stands for.
    byte: u8,
    /// How often it is encoded.
    depth: u32 = 0,
    /// How many bytes of the text it is.
    length: usize = 1,
};

pub fn unitAt(text: []const u8, at: usize) Unit {
    return if (text[at] == '%') encoded(text[at..]) else .{ .byte = text[at] };
}

fn encoded(text: []const u8) Unit {
    var unit = Unit{ .byte = '%' };
    while (unit.byte == '%' and text.len - unit.length >= 2) {
        const byte = unsigned(text[unit.length..][0..2], 16);
        if (byte == none) break;
        unit.byte = @intCast(byte);
        unit.depth += 1;
        unit.length += 2;
    }
    return unit;
}

pub fn isSeparator(byte: u8) bool {
    return switch (byte) {
        '?', '&', ';', '#' => true,
        else => false,
    };
}

/// Where the value of a parameter ends that begins here, behind a `=` of this depth.
pub fn valueEnd(text: []const u8, start: usize, depth: u32) usize {
    var at = start;
    while (at < text.len) {
        const unit = unitAt(text, at);
        if (unit.depth <= depth and isSeparator(unit.byte)) break;
        at += unit.length;
    }
    return at;
}

/// Two slashes or more, behind which a host stands.
pub const Slashes = struct {
    count: u8 = 0,
    depth: u32 = 0,

    /// The depth of the slashes, at the unit behind them.
    pub fn end(slashes: *Slashes, unit: Unit) ?u32 {
        if (unit.byte == '/' or unit.byte == '\\') {
            slashes.depth = if (slashes.count > 0) @max(slashes.depth, unit.depth) else unit.depth;
            slashes.count +|= 1;
            return null;
        }
        defer slashes.count = 0;
        return if (slashes.count >= 2) slashes.depth else null;
    }
};

/// Where the `@` is that ends the user info that begins here; `start` if there is none. A password may have every byte
/// in it but those that end a host.
pub fn userInfoEnd(text: []const u8, start: usize, depth: u32) usize {
    var found = start;
    var at = start;
    while (at < text.len) {
        const unit = unitAt(text, at);
        const ends = switch (unit.byte) {
            '/', '\\', '?', '#', ' ', '\t', '"', '<', '>' => unit.depth <= depth,
            '&', ';' => unit.depth < depth,
            '@' => {
                found = at;
                at += unit.length;
                continue;
            },
            else => false,
        };
        if (ends) break;
        at += unit.length;
    }
    return found;
}

test "units" {
    const cases = [_]struct { []const u8, u8, u32, usize }{
        .{ "a", 'a', 0, 1 },         .{ "%3F", '?', 1, 3 }, .{ "%253f", '?', 2, 5 },
        .{ "%2525253d", '=', 4, 9 }, .{ "%", '%', 0, 1 },   .{ "%3", '%', 0, 1 },
        .{ "%zz", '%', 0, 1 },       .{ "%25", '%', 1, 3 }, .{ "%2525", '%', 2, 5 },
        .{ "%25zz", '%', 1, 3 },     .{ "%00", 0, 1, 3 },
    };
    for (cases) |case| try std.testing.expectEqual(Unit{ .byte = case[1], .depth = case[2], .length = case[3] }, unitAt(case[0], 0));
}

test "a value ends at a separator that is no deeper than it" {
    try std.testing.expectEqual(3, valueEnd("a=b&c", 2, 0));
    try std.testing.expectEqual(6, valueEnd("=a%26b&c", 1, 0));
    try std.testing.expectEqual(2, valueEnd("=a%26b&c", 1, 1));
    try std.testing.expectEqual(0, valueEnd("", 0, 0));
}

test "user info" {
    try std.testing.expectEqual(2, userInfoEnd("al@b/c@d", 0, 0));
    try std.testing.expectEqual(0, userInfoEnd("b/c@d", 0, 0));
    try std.testing.expectEqual(8, userInfoEnd("al%2Fb@c@d", 0, 0));
    try std.testing.expectEqual(0, userInfoEnd("al%2Fb@c", 0, 1));
    try std.testing.expectEqual(0, userInfoEnd("", 0, 0));
}
