//! The plugin configuration. It never fails, as a failure would make Envoy reject the listener: what
//! can't be used keeps its safe default and is counted. configuration.schema.json says what is right.

const std = @import("std");
const encoders = @import("encoders.zig");
const json_reader = @import("json_reader.zig");
const limits = @import("limits.zig");
const redaction = @import("redaction.zig");
const Header = @import("headers.zig").Header;
const Reader = json_reader.Reader;
const enumOf = json_reader.enumOf;

pub const Context = enum { outbound, inbound, gateway };

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
    call_headers: []const Header = &.{},
    bodies: ?bool = null,
    request_body_bytes_max: u32 = limits.body_bytes_max,
    response_body_bytes_max: u32 = limits.body_bytes_max,
    redact_headers: redaction.Names = &redaction.header_names_default,
    redact_query: redaction.Names = &redaction.query_names_default,
    heartbeat_seconds: u32 = 5,
    /// How many entries could not be used.
    errors: u32 = 0,

    /// `text` is changed (strings are unescaped in place); it and `lists` must live as long as the result.
    pub fn parse(configuration: *Configuration, text: []u8, lists: *Lists) void {
        configuration.* = .{};
        var reader = Reader{ .text = text };
        if (!reader.atEnd()) {
            configuration.object(&reader, lists, Configuration.member);
            if (!reader.atEnd()) {
                // Half of a configuration may be the wrong half: then none of it counts.
                configuration.* = .{ .errors = 1 };
            }
        }
        if (configuration.path.len == 0) configuration.path = encoders.traits(configuration.format).path;
        if (configuration.authority.len == 0) configuration.authority = configuration.cluster;
        if (configuration.cluster.len == 0) configuration.errors += 1;
    }

    pub fn bodiesTaken(configuration: *const Configuration) bool {
        return configuration.bodies orelse encoders.traits(configuration.format).bodies;
    }

    const Member = fn (*Configuration, *Reader, *Lists, []const u8) bool;

    /// Hands each member to `member`, which answers whether it could use it.
    fn object(configuration: *Configuration, reader: *Reader, lists: *Lists, comptime member_of: Member) void {
        if (!reader.enter(.object)) {
            configuration.errors += 1;
            return reader.skip();
        }
        var first = true;
        while (reader.more(&first, '}')) {
            const key = reader.key() orelse return;
            const value_at = reader.mark();
            if (member_of(configuration, reader, lists, key)) continue;
            configuration.errors += 1;
            reader.skipUnlessPast(value_at);
        }
    }

    fn member(configuration: *Configuration, reader: *Reader, lists: *Lists, key: []const u8) bool {
        const Key = enum {
            revision,
            name,
            format,
            context,
            backend,
            bodies,
            request_body_bytes_max,
            response_body_bytes_max,
            redact_headers,
            redact_query,
            heartbeat_seconds,
        };
        switch (enumOf(Key, key) orelse return false) {
            .revision => configuration.revision = revision(reader) orelse return false,
            .name => configuration.name = wordOf(reader, isName) orelse return false,
            .format => configuration.format = choice(encoders.Format, reader) orelse return false,
            .context => configuration.context = choice(Context, reader) orelse return false,
            .bodies => configuration.bodies = (choice(enum { off, on }, reader) orelse return false) == .on,
            .request_body_bytes_max => {
                configuration.request_body_bytes_max = number(reader, 0, limits.body_bytes_max) orelse return false;
            },
            .response_body_bytes_max => {
                configuration.response_body_bytes_max = number(reader, 0, limits.body_bytes_max) orelse return false;
            },
            .heartbeat_seconds => {
                configuration.heartbeat_seconds = number(reader, 1, limits.heartbeat_seconds_max) orelse return false;
            },
            .redact_headers => configuration.redact_headers = names(reader, &lists.redact_headers) orelse return false,
            .redact_query => configuration.redact_query = names(reader, &lists.redact_query) orelse return false,
            .backend => configuration.object(reader, lists, backendMember),
        }
        return true;
    }

    fn backendMember(configuration: *Configuration, reader: *Reader, lists: *Lists, key: []const u8) bool {
        const Key = enum { cluster, authority, path, timeout_ms, headers };
        switch (enumOf(Key, key) orelse return false) {
            .cluster => configuration.cluster = wordOf(reader, isVisible) orelse return false,
            .authority => configuration.authority = wordOf(reader, isVisible) orelse return false,
            .path => configuration.path = wordOf(reader, isPath) orelse return false,
            .timeout_ms => configuration.timeout_ms = number(reader, 1, limits.timeout_ms_max) orelse return false,
            .headers => return configuration.readCallHeaders(reader, &lists.call_headers),
        }
        return true;
    }

    /// Entries that can be used are, whatever the others are like.
    fn readCallHeaders(configuration: *Configuration, reader: *Reader, list: []Header) bool {
        if (!reader.enter(.array)) return false;
        var count: usize = 0;
        var first = true;
        var good = true;
        while (reader.more(&first, ']')) {
            const header = pair(reader);
            if (header == null or count == list.len) {
                good = false;
                continue;
            }
            list[count] = header.?;
            count += 1;
        }
        configuration.call_headers = list[0..count];
        return good;
    }
};

/// Room for the lists of one configuration.
pub const Lists = struct {
    redact_headers: [limits.redact_names_max][]const u8,
    redact_query: [limits.redact_names_max][]const u8,
    call_headers: [limits.call_headers_max]Header,
};

fn wordOf(reader: *Reader, comptime accepts: fn ([]const u8) bool) ?[]const u8 {
    if (reader.peek() != .string) return null;
    const value = reader.string() orelse return null;
    return if (accepts(value)) value else null;
}

fn choice(comptime Enum: type, reader: *Reader) ?Enum {
    return enumOf(Enum, wordOf(reader, isVisible) orelse return null);
}

fn number(reader: *Reader, least: u32, most: u32) ?u32 {
    const value = reader.integer() orelse return null;
    return if (value >= least and value <= most) @intCast(value) else null;
}

fn revision(reader: *Reader) ?u64 {
    const digits = wordOf(reader, isVisible) orelse return null;
    if (digits.len != 10) return null;
    // One spelling only: the same revision reads the same wherever it is shown.
    for (digits) |digit| if (std.ascii.isUpper(digit)) return null;
    return json_reader.unsigned(digits, 16);
}

/// A list replaces the defaults, but only when all of it can be used: a slip must not open what the
/// defaults keep closed.
fn names(reader: *Reader, list: [][]const u8) ?redaction.Names {
    if (!reader.enter(.array)) return null;
    var count: usize = 0;
    var good = true;
    var first = true;
    while (reader.more(&first, ']')) {
        const value_at = reader.mark();
        const name = wordOf(reader, isVisible);
        reader.skipUnlessPast(value_at);
        if (name == null or count == list.len) {
            good = false;
            continue;
        }
        list[count] = name.?;
        count += 1;
    }
    return if (good and !reader.failed) list[0..count] else null;
}

/// ["name", "value"], fit to be sent as a header.
fn pair(reader: *Reader) ?Header {
    if (!reader.enter(.array)) {
        reader.skip();
        return null;
    }
    var parts: [2]?[]const u8 = .{ null, null };
    var count: usize = 0;
    var first = true;
    while (reader.more(&first, ']')) : (count += 1) {
        const value_at = reader.mark();
        const part = wordOf(reader, isHeaderValue);
        reader.skipUnlessPast(value_at);
        if (count < 2) parts[count] = part;
    }
    const name = parts[0] orelse return null;
    const value = parts[1] orelse return null;
    if (count != 2 or reader.failed or !isHeaderName(name)) return null;
    return .{ .name = name, .value = value };
}

fn isName(value: []const u8) bool {
    if (value.len == 0 or value.len > limits.name_bytes_max) return false;
    for (value) |byte| switch (byte) {
        'a'...'z', '0'...'9', '-' => {},
        else => return false,
    };
    return value[0] != '-' and value[value.len - 1] != '-';
}

fn isVisible(value: []const u8) bool {
    if (value.len == 0 or value.len > 1024) return false;
    for (value) |byte| if (byte <= 0x20 or byte >= 0x7f) return false;
    return true;
}

fn isPath(value: []const u8) bool {
    return isVisible(value) and value[0] == '/';
}

/// Lower case, as Envoy sends it; names that the call itself sets are not for the configuration.
fn isHeaderName(value: []const u8) bool {
    if (value.len == 0 or value.len > 256) return false;
    for (value) |byte| switch (byte) {
        'a'...'z', '0'...'9', '-', '_', '.' => {},
        else => return false,
    };
    for ([_][]const u8{ "content-type", "content-length", "transfer-encoding", "host", "connection" }) |own| {
        if (std.mem.eql(u8, value, own)) return false;
    }
    return !std.mem.eql(u8, value, marker_name);
}

fn isHeaderValue(value: []const u8) bool {
    if (value.len > 1024) return false;
    for (value) |byte| if (byte < 0x20 or byte >= 0x7f) return false;
    return true;
}

/// Marks our own calls, so that tracing the tracer never loops.
pub const marker_name = "x-wasm-filter-trace";

test {
    _ = @import("configuration_test.zig");
}
