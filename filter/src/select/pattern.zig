// SPDX-License-Identifier: Apache-2.0
//! The one language of patterns that a configuration has: `*` stands for any text, also for none.

const std = @import("std");

pub const Way = struct {
    /// The text only has to begin like this.
    start: bool = false,
    ignore_case: bool = true,
};

/// At worst each byte of the text is compared with each of the pattern, which is the operator's own.
pub noinline fn matches(pattern: []const u8, text: []const u8, way: Way) bool {
    var at: usize = 0;
    var text_at: usize = 0;
    // Where to go on after a mismatch: behind the last star, with a byte more for the star.
    var resume_at: usize = 0;
    var resume_text: usize = text.len + 1;
    while (true) {
        if (at < pattern.len and pattern[at] == '*') {
            at += 1;
            resume_at = at;
            resume_text = text_at;
        } else if (at == pattern.len and (way.start or text_at == text.len)) {
            return true;
        } else if (at < pattern.len and text_at < text.len and same(pattern[at], text[text_at], way.ignore_case)) {
            at += 1;
            text_at += 1;
        } else {
            if (resume_text >= text.len) return false;
            resume_text += 1;
            at = resume_at;
            text_at = resume_text;
        }
    }
}

inline fn same(a: u8, b: u8, ignore_case: bool) bool {
    return a == b or ignore_case and std.ascii.toLower(a) == std.ascii.toLower(b);
}

test "a star stands for any text" {
    for ([_][2][]const u8{
        .{ "", "" },            .{ "*", "" },   .{ "*", "a" },     .{ "x-*", "X-Secret" }, .{ "*-token", "a-b-token" },
        .{ "a*b*c", "abbcbc" }, .{ "**", "a" }, .{ "*a*", "bab" }, .{ "aB", "Ab" },
    }) |case| try std.testing.expect(matches(case[0], case[1], .{}));
    for ([_][2][]const u8{
        .{ "", "a" }, .{ "a", "" }, .{ "x-*", "x" }, .{ "*-token", "token" }, .{ "a*b", "ac" }, .{ "*a", "ab" }, .{ "a", "ab" },
    }) |case| try std.testing.expect(!matches(case[0], case[1], .{}));
}

test "how a text begins, in its letter case" {
    const way = Way{ .start = true, .ignore_case = false };
    for ([_][2][]const u8{ .{ "/login", "/login/a" }, .{ "/login*", "/login" }, .{ "/a/*/x", "/a/b/xy" }, .{ "*x", "/a/x/y" } }) |case| {
        try std.testing.expect(matches(case[0], case[1], way));
    }
    for ([_][2][]const u8{ .{ "/login", "/Login" }, .{ "/login", "/log" }, .{ "/a/*/x", "/a/x" } }) |case| {
        try std.testing.expect(!matches(case[0], case[1], way));
    }
}
