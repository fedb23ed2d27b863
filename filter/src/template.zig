//! Writes a document by its template: text that is copied, and in it a byte of 0x80 and above for each
//! thing to fill in. So a format is data: one walker costs less code than four encoders.

const std = @import("std");
const address = @import("address.zig");
const headers = @import("headers.zig");
const json = @import("json.zig");
const limits = @import("limits.zig");
const record_file = @import("record.zig");
const texts = @import("text.zig");
const Record = record_file.Record;

pub const Field = enum(u8) {
    /// Texts, written as JSON strings.
    request_id = 0x80,
    scheme,
    destination_address,
    source_address,
    method,
    path,
    host,
    protocol,
    status,
    namespace,
    /// The addresses with the one colon that APIClarity's server wants.
    destination_one_colon,
    source_one_colon,
    url_path,
    url_query,
    server_address,
    client_address,
    protocol_version,
    user_agent,
    trace_id,
    span_id,
    error_type,
    service_name,
    own_namespace,
    pod_name,
    /// Whole numbers: as an attribute they are written as OTLP's intValue.
    response_status,
    server_port,
    client_port,
    /// Not texts: each is written in its own way.
    request_ms,
    response_ms,
    request_ns,
    end_ns,
    duration_ns,
    request_bytes,
    response_bytes,
    request_headers,
    response_headers,
    request_body,
    response_body,
    request_truncated,
    response_truncated,
    /// The next byte is a field, and then comes text: all that is left out if the field is empty.
    unless_empty,
    /// A key up to the next field: an attribute of OTLP, left out if the field is empty.
    attribute,
    request_attributes,
    response_attributes,
};

pub fn field(comptime which: Field) []const u8 {
    return &[_]u8{@intFromEnum(which)};
}

/// How a format writes headers: around the name and value of each.
pub const HeaderStyle = struct { open: []const u8 = "", middle: []const u8 = "", close: []const u8 = "" };

pub const Walker = struct {
    record: *const Record,
    writer: *json.Writer,
    style: *const HeaderStyle,

    pub fn walk(walker: *const Walker, template: []const u8) void {
        var rest = template;
        while (rest.len > 0) {
            const text = plain(rest);
            walker.writer.raw(text);
            if (text.len == rest.len) return;
            const which: Field = @enumFromInt(rest[text.len]);
            rest = rest[text.len + 1 ..];
            switch (which) {
                .attribute => {
                    const key = plain(rest);
                    walker.attribute(key, @enumFromInt(rest[key.len]));
                    rest = rest[key.len + 1 ..];
                },
                .unless_empty => {
                    const value = walker.textOf(@enumFromInt(rest[0]));
                    rest = rest[1..];
                    if (value.len == 0) rest = rest[plain(rest).len + 1 ..];
                },
                else => walker.fill(which),
            }
        }
    }

    fn fill(walker: *const Walker, which: Field) void {
        const record = walker.record;
        const writer = walker.writer;
        switch (which) {
            .request_ms => writer.number(record.request.time_ns / std.time.ns_per_ms),
            .response_ms => writer.number(record.response.time_ns / std.time.ns_per_ms),
            .request_ns => writer.number(record.request.time_ns),
            .end_ns => writer.number(record.end_ns),
            .request_headers => walker.headerList(&record.request, record.host()),
            .response_headers => walker.headerList(&record.response, ""),
            .request_attributes => walker.headerAttributes(&record.request, "http.request.header."),
            .response_attributes => walker.headerAttributes(&record.response, "http.response.header."),
            .request_body => writer.base64String(record.request.body),
            .response_body => writer.base64String(record.response.body),
            .request_truncated => writer.boolean(record.request.body_truncated),
            .response_truncated => writer.boolean(record.response.body_truncated),
            .destination_one_colon => oneColon(writer, record.destination_address),
            .source_one_colon => oneColon(writer, record.source_address),
            else => writer.string(walker.textOf(which)),
        }
    }

    fn textOf(walker: *const Walker, which: Field) []const u8 {
        const record = walker.record;
        return switch (which) {
            .request_id => record.request_id,
            .scheme => record.request.find(":scheme"),
            .destination_address => record.destination_address,
            .source_address => record.source_address,
            .method => record.request.find(":method"),
            .path => record.request.find(":path"),
            .host => record.host(),
            .protocol => record.protocol,
            .status => record.status(),
            .namespace => record.namespace,
            .url_path => before(record.request.find(":path"), '?'),
            .url_query => after(record.request.find(":path"), '?'),
            .server_address => address.hostOf(record.host()),
            .server_port => address.portOf(record.host()),
            .client_address => address.hostOf(record.source_address),
            .client_port => address.portOf(record.source_address),
            .protocol_version => after(record.protocol, '/'),
            .user_agent => record.request.find("user-agent"),
            .trace_id => record.traceId(),
            .span_id => record.spanId(),
            .response_status => if (record.status().len == 3) record.status() else "",
            .error_type => record.errorType(),
            // OpenTelemetry's word for a service whose name is not known.
            .service_name => if (record.own.service.len > 0) record.own.service else "unknown_service:envoy",
            .own_namespace => record.own.namespace,
            .pod_name => record.own.pod,
            else => "",
        };
    }

    /// Envoy turns a request's host header into a pseudo header; `host` puts it back where the client
    /// had it, as the old filter did.
    fn headerList(walker: *const Walker, message: *const record_file.Message, host: []const u8) void {
        var first = true;
        if (host.len > 0) walker.header(&first, .{ .name = "host", .value = host });
        var all = message.headers.iterator();
        while (all.next()) |entry| {
            if (isPseudo(entry.name) or host.len > 0 and texts.equal(entry.name, "host")) continue;
            walker.header(&first, entry);
        }
    }

    fn header(walker: *const Walker, first: *bool, entry: headers.Header) void {
        if (!first.*) walker.writer.raw(",");
        first.* = false;
        walker.writer.raw(walker.style.open);
        walker.writer.string(entry.name);
        walker.writer.raw(walker.style.middle);
        walker.writer.string(entry.value);
        walker.writer.raw(walker.style.close);
    }

    fn openAttribute(walker: *const Walker, prefix: []const u8, name: []const u8) void {
        if (!walker.writer.endsWith('[')) walker.writer.raw(",");
        walker.writer.raw("{\"key\":\"");
        walker.writer.raw(prefix);
        walker.writer.escaped(name);
        walker.writer.raw("\",\"value\":{\"");
    }

    fn attribute(walker: *const Walker, key: []const u8, which: Field) void {
        const writer = walker.writer;
        switch (which) {
            .request_bytes, .response_bytes, .duration_ns => {
                walker.openAttribute("", key);
                writer.raw("intValue\":\"");
                writer.number(switch (which) {
                    .request_bytes => walker.record.request.body_bytes,
                    .response_bytes => walker.record.response.body_bytes,
                    else => walker.record.end_ns -| walker.record.request.time_ns,
                });
                writer.raw("\"");
            },
            .request_body, .response_body => {
                const message = if (which == .request_body) &walker.record.request else &walker.record.response;
                var body = message.body;
                if (body.next() == null) return;
                walker.openAttribute("", key);
                writer.raw("bytesValue\":");
                writer.base64String(message.body);
            },
            .request_truncated, .response_truncated => {
                const message = if (which == .request_truncated) &walker.record.request else &walker.record.response;
                if (!message.body_truncated) return;
                walker.openAttribute("", key);
                writer.raw("boolValue\":true");
            },
            else => {
                const value = walker.textOf(which);
                if (value.len == 0) return;
                walker.openAttribute("", key);
                const whole = @intFromEnum(which) >= @intFromEnum(Field.response_status);
                writer.raw(if (whole) "intValue\":" else "stringValue\":");
                writer.string(value);
            },
        }
        writer.raw("}}");
    }

    /// A key may be there once only, so that all values of a name go into one attribute. Comparing each
    /// name with all others has to be bounded: what comes after the first hundred headers is left out.
    fn headerAttributes(walker: *const Walker, message: *const record_file.Message, prefix: []const u8) void {
        const writer = walker.writer;
        const bytes = message.headers.bytes;
        var all = message.headers.iterator();
        for (0..limits.header_attributes_max) |_| {
            const earlier = headers.List{ .bytes = bytes[0 .. bytes.len - all.rest.len] };
            const entry = all.next() orelse return;
            if (isPseudo(entry.name) or earlier.find(entry.name) != null) continue;
            walker.openAttribute(prefix, entry.name);
            writer.raw("arrayValue\":{\"values\":[{\"stringValue\":");
            writer.string(entry.value);
            var later = all;
            while (later.next()) |other| {
                if (!texts.equal(entry.name, other.name)) continue;
                writer.raw("},{\"stringValue\":");
                writer.string(other.value);
            }
            writer.raw("}]}}}");
        }
    }
};

fn isPseudo(name: []const u8) bool {
    return name.len > 0 and name[0] == ':';
}

/// The text before the next field.
fn plain(template: []const u8) []const u8 {
    for (template, 0..) |byte, at| if (byte >= 0x80) return template[0..at];
    return template;
}

fn before(text: []const u8, byte: u8) []const u8 {
    return text[0 .. texts.indexOf(text, byte) orelse text.len];
}

fn after(text: []const u8, byte: u8) []const u8 {
    return text[if (texts.indexOf(text, byte)) |at| at + 1 else text.len..];
}

/// APIClarity's server cuts addresses at colons and refuses what does not give two parts. So the colons
/// of an IPv6 address become dashes, as in names of ipv6-literal.net, and a port that is missing is 0.
fn oneColon(writer: *json.Writer, of: []const u8) void {
    var buffer: [limits.property_bytes_max]u8 = undefined;
    const host = address.hostOf(of);
    const size = @min(host.len, buffer.len);
    for (buffer[0..size], host[0..size]) |*to, byte| to.* = if (byte == ':') '-' else byte;
    const port = address.portOf(of);
    writer.raw("\"");
    writer.escaped(buffer[0..size]);
    writer.raw(":");
    writer.raw(if (port.len > 0) port else "0");
    writer.raw("\"");
}

test "addresses with one colon" {
    const cases = [_][2][]const u8{
        .{ "10.0.0.1:80", "\"10.0.0.1:80\"" }, .{ "[fe80::1]:80", "\"fe80--1:80\"" }, .{ "[::1]", "\"--1:0\"" },
        .{ "shop", "\"shop:0\"" },             .{ "", "\":0\"" },                     .{ "/run/a", "\"/run/a:0\"" },
    };
    for (cases) |case| {
        var buffer: [64]u8 = undefined;
        var writer = json.Writer{ .buffer = &buffer };
        oneColon(&writer, case[0]);
        try std.testing.expectEqualStrings(case[1], writer.written());
    }
}
