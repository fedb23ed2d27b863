//! The plugin configuration. It never fails, as a failure would make Envoy reject the listener: what
//! can't be used keeps its safe default and is counted. configuration.schema.json says what is right.

const std = @import("std");
const encoders = @import("encoders.zig");
const json_reader = @import("json_reader.zig");
const limits = @import("limits.zig");
const redaction = @import("redaction.zig");
const Header = @import("headers.zig").Header;
const Reader = json_reader.Reader;

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
    call_headers: [limits.call_headers_max]Header = undefined,
    call_headers_count: usize = 0,
    bodies: ?bool = null,
    request_body_bytes_max: u32 = limits.body_bytes_max,
    response_body_bytes_max: u32 = limits.body_bytes_max,
    redact_headers: redaction.Names = redaction.Names.of(&redaction.header_names_default),
    redact_query: redaction.Names = redaction.Names.of(&redaction.query_names_default),
    heartbeat_seconds: u32 = 5,
    /// How many entries could not be used.
    errors: u32 = 0,

    /// `text` is changed (strings are unescaped in place) and must live as long as the result.
    pub fn parse(text: []u8) Configuration {
        var configuration = Configuration{};
        var reader = Reader{ .text = text };
        if (!reader.atEnd()) {
            configuration.object(&reader, Configuration.member);
            if (!reader.atEnd()) {
                // Half of a configuration may be the wrong half: then none of it counts.
                configuration = .{ .errors = 1 };
            }
        }
        if (configuration.path.len == 0) configuration.path = encoders.traits(configuration.format).path;
        if (configuration.authority.len == 0) configuration.authority = configuration.cluster;
        if (configuration.cluster.len == 0) configuration.errors += 1;
        return configuration;
    }

    pub fn callHeaders(configuration: *const Configuration) []const Header {
        return configuration.call_headers[0..configuration.call_headers_count];
    }

    pub fn bodiesTaken(configuration: *const Configuration) bool {
        return configuration.bodies orelse encoders.traits(configuration.format).bodies;
    }

    const Member = fn (*Configuration, *Reader, []const u8) bool;

    /// Hands each member to `member`, which answers whether it could use it.
    fn object(configuration: *Configuration, reader: *Reader, comptime member_of: Member) void {
        if (!reader.enter(.object)) {
            configuration.errors += 1;
            return reader.skip();
        }
        var first = true;
        while (reader.more(&first, '}')) {
            const key = reader.key() orelse return;
            const value_at = reader.at;
            const used = member_of(configuration, reader, key);
            if (used) continue;
            configuration.errors += 1;
            // A value that was not touched is stepped over; one that was read is already behind us.
            if (reader.at == value_at or untouched(reader, value_at)) reader.skip();
        }
    }

    fn member(configuration: *Configuration, reader: *Reader, key: []const u8) bool {
        const Key = std.meta.FieldEnum(struct {
            revision: u0,
            name: u0,
            format: u0,
            context: u0,
            backend: u0,
            bodies: u0,
            request_body_bytes_max: u0,
            response_body_bytes_max: u0,
            redact_headers: u0,
            redact_query: u0,
            heartbeat_seconds: u0,
        });
        switch (std.meta.stringToEnum(Key, key) orelse return false) {
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
            .redact_headers => return names(reader, &configuration.redact_headers),
            .redact_query => return names(reader, &configuration.redact_query),
            .backend => configuration.object(reader, backendMember),
        }
        return true;
    }

    fn backendMember(configuration: *Configuration, reader: *Reader, key: []const u8) bool {
        const Key = enum { cluster, authority, path, timeout_ms, headers };
        switch (std.meta.stringToEnum(Key, key) orelse return false) {
            .cluster => configuration.cluster = wordOf(reader, isVisible) orelse return false,
            .authority => configuration.authority = wordOf(reader, isVisible) orelse return false,
            .path => configuration.path = wordOf(reader, isPath) orelse return false,
            .timeout_ms => configuration.timeout_ms = number(reader, 1, limits.timeout_ms_max) orelse return false,
            .headers => return configuration.readCallHeaders(reader),
        }
        return true;
    }

    fn readCallHeaders(configuration: *Configuration, reader: *Reader) bool {
        configuration.call_headers_count = 0;
        if (!reader.enter(.array)) return false;
        var first = true;
        var good = true;
        while (reader.more(&first, ']')) {
            const header = pair(reader);
            if (header == null or configuration.call_headers_count == limits.call_headers_max) {
                good = false;
                continue;
            }
            configuration.call_headers[configuration.call_headers_count] = header.?;
            configuration.call_headers_count += 1;
        }
        return good;
    }
};

fn untouched(reader: *const Reader, value_at: usize) bool {
    // Only space was skipped while looking at it.
    return std.mem.trim(u8, reader.text[value_at..reader.at], " \t\r\n").len == 0;
}

fn wordOf(reader: *Reader, comptime accepts: fn ([]const u8) bool) ?[]const u8 {
    if (reader.peek() != .string) return null;
    const value = reader.string() orelse return null;
    return if (accepts(value)) value else null;
}

fn choice(comptime Enum: type, reader: *Reader) ?Enum {
    return std.meta.stringToEnum(Enum, wordOf(reader, isVisible) orelse return null);
}

fn number(reader: *Reader, least: u32, most: u32) ?u32 {
    const value = reader.integer() orelse return null;
    return if (value >= least and value <= most) @intCast(value) else null;
}

fn revision(reader: *Reader) ?u64 {
    const digits = wordOf(reader, isVisible) orelse return null;
    if (digits.len != 10) return null;
    for (digits) |digit| switch (digit) {
        '0'...'9', 'a'...'f' => {},
        else => return null,
    };
    return std.fmt.parseInt(u64, digits, 16) catch null;
}

/// A list replaces the defaults, but only when all of it can be used: a slip must not open what the
/// defaults keep closed.
fn names(reader: *Reader, target: *redaction.Names) bool {
    if (!reader.enter(.array)) return false;
    var list = redaction.Names{};
    var good = true;
    var first = true;
    while (reader.more(&first, ']')) {
        if (reader.peek() != .string) {
            good = false;
            reader.skip();
            continue;
        }
        const name = reader.string() orelse return false;
        if (!isVisible(name) or !list.add(name)) good = false;
    }
    if (good and !reader.failed) target.* = list;
    return good;
}

/// ["name", "value"], fit to be sent as a header.
fn pair(reader: *Reader) ?Header {
    if (reader.peek() != .array) {
        reader.skip();
        return null;
    }
    _ = reader.enter(.array);
    var parts: [2][]const u8 = undefined;
    var count: usize = 0;
    var first = true;
    while (reader.more(&first, ']')) {
        if (reader.peek() != .string) {
            reader.skip();
            count = 3;
            continue;
        }
        const part = reader.string() orelse return null;
        if (count < 2) parts[count] = part;
        count += 1;
    }
    if (count != 2 or reader.failed) return null;
    if (!isHeaderName(parts[0]) or !isHeaderValue(parts[1])) return null;
    return .{ .name = parts[0], .value = parts[1] };
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
