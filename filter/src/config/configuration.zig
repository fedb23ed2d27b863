// SPDX-License-Identifier: Apache-2.0
//! The plugin configuration. It never fails, as a failure would make Envoy reject the listener: what
//! can't be used is counted, and keeps its default or lets less leave than was asked for. configuration.schema.json says what is right.

const std = @import("std");
const formats = @import("../formats/formats.zig");
const forms = @import("forms.zig");
const marker_name = @import("../capture/known_headers.zig").marker_name;
const json_reader = @import("json_reader.zig");
const limits = @import("../limits.zig");
const table = @import("configuration_table.zig");
const redaction = @import("../capture/redaction.zig");
const settings = @import("settings.zig");
const texts = @import("../text.zig");
const Reader = json_reader.Reader;

pub const Configuration = settings.Configuration;
pub const Names = settings.Names;
pub const Rule = settings.Rule;

/// `text` is changed (strings are unescaped in place); it and `lists` must live as long as the result.
pub noinline fn parse(configuration: *Configuration, text: []u8, lists: *Lists) void {
    reset(configuration);
    lists.used = 0;
    var reader = Reader{ .text = text };
    switch (reader.next()) {
        '{' => object(configuration, &reader, lists, .top),
        json_reader.end_token => {},
        else => reader.drop(),
    }
    if (reader.next() != json_reader.end_token or reader.failed) {
        // Half of a configuration may be the wrong half: then none of it counts.
        reset(configuration);
        configuration.errors = 1;
    }
    const traits = formats.traits(configuration.format);
    if (configuration.backend_path.len == 0) configuration.backend_path = traits.path;
    if (configuration.backend_authority.len == 0) configuration.backend_authority = configuration.backend_cluster;
    if (configuration.hosts_from_authority.len == 0) configuration.hosts_from_authority = configuration.hosts_from_cluster;
    redaction.trim(&configuration.redact_headers, .headers);
    redaction.trim(&configuration.redact_query, .query);
    redaction.trim(&configuration.redact_body_fields, .fields);
    if (configuration.bodies == .by_format) configuration.bodies = if (traits.bodies) .on else .off;
    if (configuration.backend_cluster.len == 0) configuration.errors += 1;
}

noinline fn reset(configuration: *Configuration) void {
    @memset(std.mem.asBytes(configuration), 0);
    // Most defaults are zeros or empty; a copy of them all would be twice as long in the binary.
    inline for (std.meta.fields(Configuration)) |field| {
        const value = comptime field.defaultValue().?;
        if (comptime !isZero(value)) @field(configuration, field.name) = value;
    }
}

fn isZero(comptime value: anytype) bool {
    return switch (@typeInfo(@TypeOf(value))) {
        .pointer => value.len == 0,
        .@"enum" => @intFromEnum(value) == 0,
        .array => isZero(value[0]),
        else => value == 0,
    };
}

fn object(configuration: *Configuration, reader: *Reader, lists: *Lists, group: table.Group) void {
    while (true) switch (reader.next()) {
        json_reader.string_token => {
            const entry = table.find(group, reader.value);
            const token = reader.next();
            const known = entry orelse {
                configuration.errors += 1;
                if (isRules(group)) configuration.closed = 1;
                reader.skip(token);
                continue;
            };
            if (token == known.kind.token()) {
                if (!member(configuration, reader, lists, known)) shut(configuration, known);
            } else {
                shut(configuration, known);
                reader.skip(token);
            }
        },
        '}' => return,
        else => return reader.drop(),
    };
}

fn isRules(group: table.Group) bool {
    return group == .include or group == .exclude;
}

/// An entry that can't be used keeps its default, but not where it decides what leaves: then less does than was asked
/// for, never more.
fn shut(configuration: *Configuration, entry: *const table.Entry) void {
    configuration.errors += 1;
    const group: table.Group = if (entry.kind == .group) @enumFromInt(entry.more) else entry.group;
    if (isRules(group)) configuration.closed = 1;
    if (group == .hosts_from and (entry.kind == .group or entry.kind == .word)) configuration.closed = 1;
    if (entry.kind == .group) return;
    const offset = entry.offset();
    switch (entry.kind) {
        .fraction => fieldOf(u32, configuration, entry).* = 0,
        .number => if (offset == @offsetOf(Configuration, "request_body_bytes_max") or offset == @offsetOf(Configuration, "response_body_bytes_max")) {
            fieldOf(u32, configuration, entry).* = 0;
        },
        .names => switch (@as(settings.Form, @enumFromInt(entry.more))) {
            .header, .parameter, .body_field => fieldOf(Names, configuration, entry).* = &.{"*"},
            // No media type has a line break in it.
            .media_type => configuration.body_content_types = &.{"\n"},
            else => {},
        },
        .choice => {
            // It may be the stricter one that is misspelt.
            if (offset == @offsetOf(Configuration, "sample_by")) configuration.closed = 1;
            if (offset == @offsetOf(Configuration, "bodies")) configuration.bodies = .off;
        },
        else => {},
    }
}

fn fieldOf(comptime Field: type, configuration: *Configuration, entry: *const table.Entry) *Field {
    return @ptrCast(@alignCast(@as([*]u8, @ptrCast(configuration)) + entry.offset()));
}

/// Reads a value that is of the right kind. False when it can't be used all the same.
fn member(configuration: *Configuration, reader: *Reader, lists: *Lists, entry: *const table.Entry) bool {
    switch (entry.kind) {
        .group => object(configuration, reader, lists, @enumFromInt(entry.more)),
        .names => return names(reader, lists, entry, settings.names_max, fieldOf(Names, configuration, entry)),
        .headers => return readCallHeaders(configuration, reader, lists),
        .number, .fraction => fieldOf(u32, configuration, entry).* = number(reader.value, entry) orelse return false,
        .choice => {
            const which = texts.numberOfWord(table.choices[entry.more], reader.value);
            if (which == 0) return false;
            fieldOf(u32, configuration, entry).* = which - 1;
        },
        .revision => {
            const value = revision(reader.value);
            if (value == json_reader.none) return false;
            configuration.revision = value;
        },
        .name, .word, .path, .header => {
            if (!isUsable(reader.value, entry)) return false;
            fieldOf([]const u8, configuration, entry).* = reader.value;
        },
    }
    return true;
}

/// Entries that can be used are, whatever the others are like.
fn readCallHeaders(configuration: *Configuration, reader: *Reader, lists: *Lists) bool {
    const start = lists.used;
    const most = start + 2 * settings.backend_headers_max;
    var good = true;
    while (true) switch (reader.next()) {
        ']' => {
            configuration.backend_headers = lists.items[start..lists.used];
            return good;
        },
        '[' => {
            const before = lists.used;
            var pair: Names = &.{};
            _ = names(reader, lists, &header_texts, 2, &pair);
            if (pair.len == 2 and isHeaderName(pair[0]) and lists.used <= most) continue;
            lists.used = before;
            good = false;
        },
        json_reader.end_token => return false,
        else => |token| {
            reader.skip(token);
            good = false;
        },
    };
}

/// Room for the lists of one configuration, one after the other.
pub const Lists = struct {
    items: [][]const u8,
    used: usize = 0,

    fn add(lists: *Lists, item: []const u8) bool {
        if (lists.used == lists.items.len) return false;
        lists.items[lists.used] = item;
        lists.used += 1;
        return true;
    }
};

fn number(text: []const u8, entry: *const table.Entry) ?u32 {
    if (entry.kind == .fraction) {
        const places = 9;
        const value = json_reader.decimal(text, places);
        return if (value <= comptime std.math.pow(u64, 10, places)) @intCast(value) else null;
    }
    const value = json_reader.decimal(text, 0);
    return if (value >= table.least[entry.more] and value <= table.most[entry.more]) @intCast(value) else null;
}

fn revision(digits: []const u8) u64 {
    // One spelling only: the same revision reads the same wherever it is shown.
    return if (digits.len == 10 and consistsOf(digits, 10, "")) json_reader.unsigned(digits, 16) else json_reader.none;
}

const header_texts = table.Entry{ .group = .backend, .kind = .header, .name_length = 0 };
/// Texts that may be anything.
pub const words = table.Entry{ .group = .hosts_from, .kind = .word, .name_length = 0 };

/// Puts all of a list into `place`, or nothing of it: half of one is not what was meant. False when it can't be used.
pub fn names(reader: *Reader, lists: *Lists, of: *const table.Entry, most: usize, place: *Names) bool {
    const start = lists.used;
    var good = true;
    while (true) switch (reader.next()) {
        ']' => {
            if (good) place.* = lists.items[start..lists.used] else lists.used = start;
            return good;
        },
        json_reader.string_token => {
            if (!isUsable(reader.value, of) or lists.used - start == most or !lists.add(reader.value)) good = false;
        },
        json_reader.end_token => return false,
        else => |token| {
            reader.skip(token);
            good = false;
        },
    };
}

fn isUsable(value: []const u8, entry: *const table.Entry) bool {
    return switch (entry.kind) {
        .names => forms.fits(@enumFromInt(entry.more), value),
        .name => isName(value),
        .path => isVisible(value, '!') and value[0] == '/',
        .header => value.len == 0 or isVisible(value, ' '),
        else => isVisible(value, '!'),
    };
}

/// Of lower case letters, digits and these, between one and so many.
fn consistsOf(value: []const u8, most: usize, others: []const u8) bool {
    for (value) |byte| switch (byte) {
        'a'...'z', '0'...'9' => {},
        else => if (texts.indexOf(others, byte) == others.len) return false,
    };
    return value.len -% 1 < most;
}

fn isName(value: []const u8) bool {
    return consistsOf(value, limits.name_bytes_max, "-") and value[0] != '-' and value[value.len - 1] != '-';
}

fn isVisible(value: []const u8, lowest: u8) bool {
    for (value) |byte| if (byte < lowest or byte >= 0x7f) return false;
    return value.len -% 1 < limits.entry_bytes_max;
}

/// Lower case, as Envoy sends it; names that the call itself sets are not for the configuration.
fn isHeaderName(value: []const u8) bool {
    return consistsOf(value, 256, "-_.") and
        texts.numberOfWord("content-type content-length transfer-encoding host connection " ++ marker_name, value) == 0;
}

test {
    _ = @import("configuration_test.zig");
}
