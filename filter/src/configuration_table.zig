//! The entries of a configuration: where each stands, of what kind it is, and which field it sets.

const std = @import("std");
const encoders = @import("encoders.zig");
const limits = @import("limits.zig");
const json_reader = @import("json_reader.zig");
const texts = @import("text.zig");
const configuration_file = @import("configuration.zig");
const Bodies = configuration_file.Bodies;
const Configuration = configuration_file.Configuration;
const Context = configuration_file.Context;
const Rule = configuration_file.Rule;
const Names = configuration_file.Names;

pub const Group = enum(u8) { top, backend, batch, include, exclude, hosts_from };

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

/// What a choice has to be one of. `by_format` can't be asked for.
pub const choices = [_][]const u8{ wordsOf(encoders.Format), wordsOf(Context), "off on" };

fn wordsOf(comptime Choice: type) []const u8 {
    var words: []const u8 = "";
    for (std.meta.fieldNames(Choice)) |name| words = words ++ name ++ " ";
    return words;
}

comptime {
    std.debug.assert(@intFromEnum(Bodies.off) == 0 and @intFromEnum(Bodies.on) == 1);
}

const Range = struct { least: u8, most: u32 };
const ranges = [_]Range{
    .{ .least = 0, .most = limits.body_bytes_max },
    .{ .least = 1, .most = limits.heartbeat_seconds_max },
    .{ .least = 1, .most = limits.timeout_ms_max },
    .{ .least = 1, .most = limits.poll_seconds_max },
    .{ .least = 1, .most = limits.batch_count_max },
    .{ .least = 1, .most = limits.batch_bytes_max },
    .{ .least = 100, .most = 60_000 },
    .{ .least = limits.memory_mib_min, .most = limits.memory_mib_max },
};
/// Apart, as a pair of both would take three bytes more.
pub const least: [ranges.len]u8 = partOf("least");
pub const most: [ranges.len]u32 = partOf("most");

fn partOf(comptime name: []const u8) [ranges.len]@FieldType(Range, name) {
    var all: [ranges.len]@FieldType(Range, name) = undefined;
    for (ranges, &all) |range, *one| one.* = @field(range, name);
    return all;
}

/// An entry as it lies in `entries`, before its name: of forty of them every byte counts.
pub const Entry = extern struct {
    group: Group,
    kind: Kind,
    offset_words: u8 = 0,
    /// A group, an index into `choices` or `ranges`.
    more: u8 = 0,
    name_length: u8,

    pub fn offset(of: *const Entry) usize {
        return @as(usize, of.offset_words) * 4;
    }
};

fn entryAt(comptime offset: usize, group: Group, kind: Kind, more: u8, comptime name: []const u8) []const u8 {
    std.debug.assert(offset % 4 == 0);
    const head = Entry{ .group = group, .kind = kind, .more = more, .offset_words = offset / 4, .name_length = name.len };
    return std.mem.asBytes(&head) ++ name;
}

/// The field is called after group and member, unless it has the member's name alone.
fn entry(comptime group: Group, kind: Kind, more: u8, comptime name: []const u8) []const u8 {
    const full = @tagName(group) ++ "_" ++ name;
    const field = if (@hasField(Configuration, full)) full else name;
    return entryAt(@offsetOf(Configuration, field), group, kind, more, name);
}

fn groupOf(comptime group: Group) []const u8 {
    return entryAt(0, .top, .group, @intFromEnum(group), @tagName(group));
}

fn rulesOf(comptime group: Group) []const u8 {
    var all: []const u8 = groupOf(group);
    for (std.meta.fieldNames(Rule), 0..) |name, index| {
        all = all ++ entryAt(@offsetOf(Configuration, @tagName(group)) + index * @sizeOf(Names), group, .names, 0, name);
    }
    return all;
}

/// One text and one loop over it: a branch for each entry is four times the code.
const entries = entry(.top, .revision, 0, "revision") ++
    entry(.top, .name, 0, "name") ++
    entry(.top, .choice, 0, "format") ++
    entry(.top, .choice, 1, "context") ++
    entry(.top, .choice, 2, "bodies") ++
    entry(.top, .number, 0, "request_body_bytes_max") ++
    entry(.top, .number, 0, "response_body_bytes_max") ++
    entry(.top, .number, 1, "heartbeat_seconds") ++
    entry(.top, .number, 7, "memory_mib") ++
    entry(.top, .names, 0, "redact_headers") ++
    entry(.top, .names, 0, "redact_query") ++
    entry(.top, .fraction, 0, "sample_rate") ++
    entry(.top, .names, 0, "body_content_types") ++
    groupOf(.backend) ++
    entry(.backend, .word, 0, "cluster") ++
    entry(.backend, .word, 0, "authority") ++
    entry(.backend, .path, 0, "path") ++
    entry(.backend, .number, 2, "timeout_ms") ++
    entry(.backend, .headers, 0, "headers") ++
    rulesOf(.include) ++
    rulesOf(.exclude) ++
    groupOf(.hosts_from) ++
    entry(.hosts_from, .word, 0, "cluster") ++
    entry(.hosts_from, .word, 0, "authority") ++
    entry(.hosts_from, .path, 0, "path") ++
    entry(.hosts_from, .number, 3, "seconds") ++
    groupOf(.batch) ++
    entry(.batch, .number, 4, "count") ++
    entry(.batch, .number, 5, "bytes") ++
    entry(.batch, .number, 6, "milliseconds");

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
