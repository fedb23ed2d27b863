//! The plugin configuration. It never fails, as a failure would make Envoy reject the listener: what
//! can't be used keeps its safe default and is counted. configuration.schema.json says what is right.

const std = @import("std");
const encoders = @import("encoders.zig");
const marker_name = @import("head.zig").marker_name;
const json_reader = @import("json_reader.zig");
const limits = @import("limits.zig");
const table = @import("configuration_table.zig");
const redaction = @import("redaction.zig");
const texts = @import("text.zig");
const Reader = json_reader.Reader;

pub const Context = enum(u32) { outbound, inbound, gateway };
pub const Bodies = enum(u32) { off, on, by_format };
pub const Names = []const []const u8;

pub const Configuration = struct {
    /// The revision's ten hexadecimal digits as a number: exact in a gauge, as it is below 2^53.
    revision: u64 = 0,
    name: []const u8 = "trace",
    format: encoders.Format = .publish,
    context: Context = .outbound,
    cluster: []const u8 = "",
    authority: []const u8 = "",
    path: []const u8 = "",
    timeout_ms: u32 = 5000,
    /// Names and values in turn.
    backend_headers: Names = &.{},
    bodies: Bodies = .by_format,
    request_body_bytes_max: u32 = limits.body_bytes_max,
    response_body_bytes_max: u32 = limits.body_bytes_max,
    redact_headers: Names = &redaction.header_names_default,
    redact_query: Names = &redaction.query_names_default,
    heartbeat_seconds: u32 = 5,
    /// Of 2^32 - 1.
    sample_rate: u32 = std.math.maxInt(u32),
    include_methods: Names = &.{},
    include_paths: Names = &.{},
    include_hosts: Names = &.{},
    include_statuses: Names = &.{},
    exclude_methods: Names = &.{},
    exclude_paths: Names = &.{},
    exclude_hosts: Names = &.{},
    exclude_statuses: Names = &.{},
    body_content_types: Names = &.{},
    hosts_from_cluster: []const u8 = "",
    hosts_from_authority: []const u8 = "",
    hosts_from_path: []const u8 = "/api/hostsToTrace",
    hosts_from_seconds: u32 = 30,
    batch_count: u32 = 100,
    batch_bytes: u32 = limits.batch_bytes_max,
    batch_milliseconds: u32 = 1000,
    /// How many entries could not be used.
    errors: u32 = 0,

    /// `text` is changed (strings are unescaped in place); it and `lists` must live as long as the result.
    pub fn parse(configuration: *Configuration, text: []u8, lists: *Lists) void {
        configuration.reset();
        lists.used = 0;
        var reader = Reader{ .text = text };
        if (!reader.atEnd()) {
            configuration.object(&reader, lists, .top);
            if (!reader.atEnd()) {
                // Half of a configuration may be the wrong half: then none of it counts.
                configuration.reset();
                configuration.errors = 1;
            }
        }
        const traits = encoders.traits(configuration.format);
        if (configuration.path.len == 0) configuration.path = traits.path;
        if (configuration.authority.len == 0) configuration.authority = configuration.cluster;
        if (configuration.hosts_from_authority.len == 0) configuration.hosts_from_authority = configuration.hosts_from_cluster;
        if (configuration.bodies == .by_format) configuration.bodies = if (traits.bodies) .on else .off;
        if (configuration.cluster.len == 0) configuration.errors += 1;
    }

    noinline fn reset(configuration: *Configuration) void {
        configuration.* = .{};
    }

    fn object(configuration: *Configuration, reader: *Reader, lists: *Lists, group: table.Group) void {
        if (!reader.enter(.object)) {
            configuration.errors += 1;
            return reader.skip();
        }
        var first = true;
        while (reader.more(&first, '}')) {
            const key = reader.key() orelse return;
            const value_at = reader.mark();
            if (configuration.member(reader, lists, group, key)) continue;
            configuration.errors += 1;
            reader.skipUnlessPast(value_at);
        }
    }

    /// False when the member could not be used.
    fn member(configuration: *Configuration, reader: *Reader, lists: *Lists, group: table.Group, key: []const u8) bool {
        for (&table.entries) |*entry| {
            if (entry.group != group or !texts.equal(entry.name, key)) continue;
            const place: [*]align(4) u8 = @alignCast(@as([*]u8, @ptrCast(configuration)) + entry.offset);
            switch (entry.kind) {
                .group => configuration.object(reader, lists, @enumFromInt(entry.most)),
                .revision => configuration.revision = revision(reader) orelse return false,
                .name, .word, .path => |kind| {
                    const value = word(reader, kind) orelse return false;
                    @as(*[]const u8, @ptrCast(@alignCast(place))).* = value;
                },
                .number => @as(*u32, @ptrCast(place)).* = number(reader, entry.least, entry.most) orelse return false,
                .fraction => @as(*u32, @ptrCast(place)).* = fraction(reader) orelse return false,
                .choice => {
                    const value = word(reader, .word) orelse return false;
                    @as(*u32, @ptrCast(place)).* = indexOf(table.choices[entry.most], value) orelse return false;
                },
                .names => {
                    const list = names(reader, lists) orelse return false;
                    @as(*Names, @ptrCast(@alignCast(place))).* = list;
                },
                .headers => return configuration.readCallHeaders(reader, lists),
            }
            return true;
        }
        return false;
    }

    /// Entries that can be used are, whatever the others are like.
    fn readCallHeaders(configuration: *Configuration, reader: *Reader, lists: *Lists) bool {
        if (!reader.enter(.array)) return false;
        const start = lists.used;
        const most = start + 2 * limits.call_headers_max;
        var first = true;
        var good = true;
        while (reader.more(&first, ']')) {
            if (!pair(reader, lists) or lists.used > most) good = false;
            if (lists.used > most) lists.used = most;
        }
        configuration.backend_headers = lists.items[start..lists.used];
        return good;
    }
};

/// Room for the lists of one configuration, one after the other.
pub const Lists = struct {
    items: [limits.list_items_max][]const u8 = undefined,
    used: usize = 0,

    fn add(lists: *Lists, item: []const u8) bool {
        if (lists.used == lists.items.len) return false;
        lists.items[lists.used] = item;
        lists.used += 1;
        return true;
    }
};

fn indexOf(list: Names, name: []const u8) ?u32 {
    for (list, 0..) |item, at| if (texts.equal(item, name)) return @intCast(at);
    return null;
}

fn word(reader: *Reader, kind: table.Kind) ?[]const u8 {
    if (reader.peek() != .string) return null;
    const value = reader.string() orelse return null;
    const good = switch (kind) {
        .name => isName(value),
        .path => isVisible(value, 0x21) and value[0] == '/',
        .headers => value.len == 0 or isVisible(value, 0x20),
        else => isVisible(value, 0x21),
    };
    return if (good) value else null;
}

fn number(reader: *Reader, least: u32, most: u32) ?u32 {
    const value = reader.number() orelse return null;
    if (value != @trunc(value)) return null;
    return if (value >= @as(f64, @floatFromInt(least)) and value <= @as(f64, @floatFromInt(most))) @intFromFloat(value) else null;
}

fn fraction(reader: *Reader) ?u32 {
    const value = reader.number() orelse return null;
    return if (value <= 1) @intFromFloat(value * std.math.maxInt(u32)) else null;
}

fn revision(reader: *Reader) ?u64 {
    const digits = word(reader, .word) orelse return null;
    if (digits.len != 10) return null;
    // One spelling only: the same revision reads the same wherever it is shown.
    for (digits) |digit| if (std.ascii.isUpper(digit)) return null;
    return json_reader.unsigned(digits, 16);
}

/// A list replaces the defaults, but only when all of it can be used: a slip must not open what the
/// defaults keep closed.
fn names(reader: *Reader, lists: *Lists) ?Names {
    if (!reader.enter(.array)) return null;
    const start = lists.used;
    var good = true;
    var first = true;
    while (reader.more(&first, ']')) {
        const value_at = reader.mark();
        const name = word(reader, .word);
        reader.skipUnlessPast(value_at);
        if (name == null or lists.used - start == limits.list_names_max or !lists.add(name.?)) good = false;
    }
    if (good and !reader.failed) return lists.items[start..lists.used];
    lists.used = start;
    return null;
}

/// ["name", "value"], fit to be sent as a header: two more items, or none.
fn pair(reader: *Reader, lists: *Lists) bool {
    if (!reader.enter(.array)) {
        reader.skip();
        return false;
    }
    const start = lists.used;
    var good = true;
    var first = true;
    while (reader.more(&first, ']')) {
        const value_at = reader.mark();
        const part = word(reader, .headers);
        reader.skipUnlessPast(value_at);
        if (part == null or lists.used - start == 2 or !lists.add(part.?)) good = false;
    }
    if (good and !reader.failed and lists.used - start == 2 and isHeaderName(lists.items[start])) return true;
    lists.used = start;
    return false;
}

fn isName(value: []const u8) bool {
    if (value.len == 0 or value.len > limits.name_bytes_max) return false;
    for (value) |byte| switch (byte) {
        'a'...'z', '0'...'9', '-' => {},
        else => return false,
    };
    return value[0] != '-' and value[value.len - 1] != '-';
}

fn isVisible(value: []const u8, lowest: u8) bool {
    if (value.len == 0 or value.len > 1024) return false;
    for (value) |byte| if (byte < lowest or byte >= 0x7f) return false;
    return true;
}

/// Lower case, as Envoy sends it; names that the call itself sets are not for the configuration.
fn isHeaderName(value: []const u8) bool {
    if (value.len == 0 or value.len > 256) return false;
    for (value) |byte| switch (byte) {
        'a'...'z', '0'...'9', '-', '_', '.' => {},
        else => return false,
    };
    const own = [_][]const u8{ "content-type", "content-length", "transfer-encoding", "host", "connection", marker_name };
    return indexOf(&own, value) == null;
}

test {
    _ = @import("configuration_test.zig");
}
