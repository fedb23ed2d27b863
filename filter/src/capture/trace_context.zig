// SPDX-License-Identifier: Apache-2.0
//! W3C's traceparent: the ids by which exchanges of one trace are known.

const std = @import("std");
const texts = @import("../text.zig");

/// Trace and parent id of W3C's traceparent (00-<trace id>-<parent id>-<flags>) with the dash between them, or
/// nothing if all is not well with it. A later version than 00 may have more behind another dash; there is no ff.
pub inline fn idsOf(value: []const u8) []const u8 {
    return if (isValid(value)) value[3..52] else "";
}

noinline fn isValid(value: []const u8) bool {
    const length = 55;
    if (value.len < length or texts.startsWith(value, "ff")) return false;
    if (value.len > length and (texts.startsWith(value, "00") or value[length] != '-')) return false;
    // Of the ids none is of zeros.
    for ([_][2]u8{ .{ 0, 2 }, .{ 3, 35 }, .{ 36, 52 }, .{ 53, 55 } }) |part| {
        const start, const end = part;
        const digits = digitsOf(value[start..end]);
        if (digits == .others or digits == .zeros and end - start > 2 or end < length and value[end] != '-') return false;
    }
    return true;
}

/// Whether all are hexadecimal digits of lower case, and some are not zero.
fn digitsOf(text: []const u8) enum { zeros, some, others } {
    var any: u8 = 0;
    for (text) |digit| {
        if (digit -% '0' > 9 and digit -% 'a' > 5) return .others;
        any |= digit ^ '0';
    }
    return if (any == 0) .zeros else .some;
}

/// The trace id alone: it is the same in every proxy on a request's way.
pub fn traceId(value: []const u8) []const u8 {
    return texts.before(idsOf(value), '-');
}

test "traceparent" {
    const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    try std.testing.expectEqualStrings("4bf92f3577b34da6a3ce929d0e0e4736", traceId(good));
    try std.testing.expectEqualStrings("4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", idsOf(good));
    for ([_][]const u8{ "01" ++ good[2..], "fe" ++ good[2..] ++ "-more", good[0..53] ++ "00" }) |later| {
        try std.testing.expectEqualStrings(good[3..52], idsOf(later));
    }
    for ([_][]const u8{
        "",
        good[0..54],
        "00-4BF92F3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-" ++ "0" ** 32 ++ "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" ++ "0" ** 16 ++ "-01",
        "00-4bf92f3577b34da6-3ce929d0e0e4736-00f067aa0ba902b7-01",
        "ff" ++ good[2..],
        "FF" ++ good[2..],
        "0x" ++ good[2..],
        good ++ "-more",
        good[0..53] ++ "0g",
        "01" ++ good[2..] ++ "more",
    }) |bad| try std.testing.expectEqualStrings("", idsOf(bad));
}
