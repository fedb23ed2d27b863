// SPDX-License-Identifier: Apache-2.0
//! The entries of a configuration: where each stands, of what kind it is, and which field it sets.

const std = @import("std");
const settings = @import("settings.zig");
const json_reader = @import("json_reader.zig");
const texts = @import("../text.zig");
const Configuration = settings.Configuration;

pub const Group = settings.Group;

pub const Kind = enum(u8) {
    group,
    names,
    headers,
    number,
    fraction,
    choice,
    revision,
    name,
    word,
    path,
    /// A header's value; no entry by itself.
    header,

    /// What its value begins with.
    pub fn token(kind: Kind) u8 {
        return switch (kind) {
            .group => '{',
            .names, .headers => '[',
            .number, .fraction => json_reader.number_token,
            else => json_reader.string_token,
        };
    }
};

/// What a choice has to be one of.
pub const choices = words: {
    var all: [settings.choices.len][]const u8 = undefined;
    for (settings.choices, &all) |Choice, *one| one.* = wordsOf(Choice);
    break :words all;
};

/// With spaces between them. `by_format` comes last and can't be asked for. `++ ""` ends a part of a text with a
/// zero, as all texts end, so that the linker puts them together.
fn wordsOf(comptime Choice: type) []const u8 {
    var words: []const u8 = "";
    for (std.meta.fieldNames(Choice)) |name| {
        if (std.mem.eql(u8, name, "by_format")) return words[0 .. words.len - 1] ++ "";
        words = words ++ name ++ " ";
    }
    return words;
}

const ranges = settings.ranges;
/// Apart, as a pair of both would take three bytes more.
pub const least: [ranges.len]u8 = partOf("least");
pub const most: [ranges.len]u32 = partOf("most");

fn partOf(comptime name: []const u8) [ranges.len]@FieldType(settings.Range, name) {
    var all: [ranges.len]@FieldType(settings.Range, name) = undefined;
    for (ranges, &all) |range, *one| one.* = @field(range, name);
    return all;
}

/// An entry as it lies in `entries`, before its name: of forty of them every byte counts.
pub const Entry = extern struct {
    group: Group,
    kind: Kind,
    offset_words: u8 = 0,
    /// A group, an index into `choices` or `ranges`, of names which form.
    more: u8 = 0,
    name_length: u8,

    pub fn offset(of: *const Entry) usize {
        return @as(usize, of.offset_words) * 4;
    }
};

fn bytesOf(comptime one: *const settings.Entry) []const u8 {
    const start: usize = if (one.field.len > 0) @offsetOf(Configuration, one.field) else 0;
    const is_rule = one.kind == .names and @FieldType(Configuration, one.field) != settings.Names;
    const offset = start + if (is_rule) @as(usize, one.more) * @sizeOf(settings.Names) else 0;
    std.debug.assert(offset % 4 == 0);
    const head = Entry{
        .group = one.group,
        .kind = one.kind,
        .offset_words = offset / 4,
        .more = if (one.form) |form| @intFromEnum(form) else one.more,
        .name_length = one.name.len,
    };
    return std.mem.asBytes(&head) ++ one.name;
}

/// One text and one loop over it: a branch for each entry is four times the code.
const entries = text: {
    @setEvalBranchQuota(10_000);
    var all: []const u8 = "";
    for (&settings.entries) |*one| all = all ++ bytesOf(one);
    break :text all[0..all.len].*;
};

pub fn find(group: Group, name: []const u8) ?*const Entry {
    var at: usize = 0;
    while (at < entries.len) {
        const one: *const Entry = @ptrCast(entries[at..]);
        at += @sizeOf(Entry) + one.name_length;
        if (one.group == group and texts.equal(entries[at - one.name_length .. at], name)) return one;
    }
    return null;
}

test "every entry is found in its group" {
    try std.testing.expectEqual(.path, find(.backend, "path").?.kind);
    try std.testing.expectEqual(@offsetOf(Configuration, "batch_milliseconds"), find(.batch, "milliseconds").?.offset());
    try std.testing.expectEqual(@offsetOf(Configuration, "hosts_from_path"), find(.hosts_from, "path").?.offset());
    for ([_][]const u8{ "", "paths", "names" }) |name| try std.testing.expectEqual(null, find(.backend, name));
}
