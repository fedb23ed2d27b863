// SPDX-License-Identifier: Apache-2.0
//! Writes a document by its template: text that is copied, and in it a byte of 0x80 and above for each
//! thing to fill in. So a format is data: one walker costs less code than four formats.

const std = @import("std");
const address = @import("../capture/address.zig");
const headers = @import("../capture/headers.zig");
const json = @import("json.zig");
const limits = @import("../limits.zig");
const record_file = @import("../capture/record.zig");
const scan = @import("../scan.zig");
const texts = @import("../text.zig");
const Field = record_file.Field;
const Message = record_file.Message;
const Record = record_file.Record;

pub fn field(comptime which: Field) []const u8 {
    return &[_]u8{@intFromEnum(which)};
}

/// Of attributes that the semantic conventions have no name for.
const own_prefix = "http.exchange.";

pub const Walker = struct {
    record: *const Record,
    writer: *json.Writer,
    /// Whether a header is written as {"key", "value"}, or else as a pair.
    header_objects: bool,

    pub noinline fn walk(walker: *const Walker, template: []const u8) void {
        var rest = template;
        while (rest.len > 0) {
            const text = plain(rest);
            walker.writer.raw(text);
            if (text.len == rest.len) return;
            const which: Field = @enumFromInt(rest[text.len]);
            rest = rest[text.len + 1 ..];
            switch (which) {
                .attribute, .own_attribute => {
                    const key = plain(rest);
                    const prefix = if (which == .own_attribute) own_prefix else "";
                    walker.attribute(prefix, key, @enumFromInt(rest[key.len]));
                    rest = rest[key.len + 1 ..];
                },
                .unless_empty => {
                    const value = walker.record.text(@enumFromInt(rest[0]));
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
            .request_headers, .response_headers => walker.headerList(record.message(which), which == .request_headers),
            .request_attributes => walker.headerAttributes(record.message(which), "http.request.header."),
            .response_attributes => walker.headerAttributes(record.message(which), "http.response.header."),
            .request_body, .response_body => writer.base64String(record.message(which).body),
            .request_truncated, .response_truncated => writer.raw(if (record.message(which).side.body_truncated) "true" else "false"),
            .destination_one_colon => oneColon(writer, record.text(.destination_address)),
            .source_one_colon => oneColon(writer, record.text(.source_address)),
            else => if (which.isAtLeast(.request_ms)) writer.number(record.number(which)) else writer.string(record.text(which)),
        }
    }

    /// Envoy turns a request's host header into a pseudo header; the first entry puts it back where the
    /// client had it, as the old filter did.
    fn headerList(walker: *const Walker, message: *const Message, is_request: bool) void {
        const host = if (is_request) walker.record.text(.authority) else "";
        if (host.len > 0) walker.header("host", host);
        var all = message.headers.iterator();
        while (all.next()) {
            if (isPseudo(all.name) or host.len > 0 and texts.equal(all.name, "host")) continue;
            walker.header(all.name, all.value);
        }
        const trailer = if (is_request) "" else walker.record.text(.grpc_trailer);
        if (trailer.len > 0) walker.header("grpc-status", trailer);
    }

    fn header(walker: *const Walker, name: []const u8, value: []const u8) void {
        const writer = walker.writer;
        const objects = walker.header_objects;
        writer.element(if (objects) ",{\"key\":\"" else ",[\"");
        writer.escaped(name);
        writer.raw(if (objects) "\",\"value\":\"" else "\",\"");
        writer.escaped(value);
        writer.raw(if (objects) "\"}" else "\"]");
    }

    fn openAttribute(walker: *const Walker, prefix: []const u8, name: []const u8, kind: []const u8) void {
        walker.writer.element(",{\"key\":\"");
        walker.writer.raw(prefix);
        walker.writer.escaped(name);
        walker.writer.raw("\",\"value\":{\"");
        walker.writer.raw(kind);
        walker.writer.raw("Value\":");
    }

    fn attribute(walker: *const Walker, prefix: []const u8, key: []const u8, which: Field) void {
        const record = walker.record;
        const writer = walker.writer;
        switch (which) {
            .request_body, .response_body, .request_coded, .response_coded => {
                const message = record.message(which);
                const is_coded = message.side.body_kind == .coded;
                var body = message.body;
                if (is_coded != which.isAtLeast(.request_coded) or body.next(1) == null) return;
                const start = writer.length;
                if (message.side.body_kind.isText()) {
                    walker.openAttribute(prefix, key, "string");
                    if (writer.textString(message.body, message.side.body_truncated)) return writer.raw("}}");
                    writer.length = start;
                }
                walker.openAttribute(prefix, key, "bytes");
                writer.base64String(message.body);
            },
            .request_truncated, .response_truncated => {
                if (!record.message(which).side.body_truncated) return;
                walker.openAttribute(prefix, key, "bool");
                writer.raw("true");
            },
            else => if (which.isAtLeast(.request_ms)) {
                walker.openAttribute(prefix, key, "int");
                writer.raw("\"");
                writer.number(record.number(which));
                writer.raw("\"");
            } else {
                const value = record.text(which);
                if (value.len == 0) return;
                walker.openAttribute(prefix, key, if (which.isAtLeast(.response_status)) "int" else "string");
                writer.string(value);
            },
        }
        writer.raw("}}");
    }

    /// A key may be there once only, so that all values of a name go into one attribute. Comparing each
    /// name with all others has to be bounded: what comes after the first hundred headers is left out.
    fn headerAttributes(walker: *const Walker, message: *const Message, prefix: []const u8) void {
        const writer = walker.writer;
        const bytes = message.headers.bytes;
        // A bit for each name, and those that more than one has: most names are there once, and need no comparing.
        var seen: u64 = 0;
        var shared: u64 = 0;
        var all = message.headers.iterator();
        while (all.next()) {
            shared |= seen & bitOf(all.name);
            seen |= bitOf(all.name);
        }
        all = message.headers.iterator();
        for (0..limits.header_attributes_max) |_| {
            const at = bytes.len - all.rest.len;
            if (!all.next()) return;
            if (isPseudo(all.name)) continue;
            const is_alone = shared & bitOf(all.name) == 0;
            var earlier = headers.Iterator{ .rest = bytes[0..at] };
            if (!is_alone and earlier.seek(all.name)) continue;
            walker.openAttribute(prefix, all.name, "array");
            writer.raw("{\"values\":[");
            var same = headers.Iterator{ .rest = bytes[at..] };
            while (same.seek(all.name)) {
                defer if (is_alone) {
                    same.rest = "";
                };
                writer.element(",{\"stringValue\":\"");
                writer.escaped(same.value);
                writer.raw("\"}");
            }
            writer.raw("]}}}");
        }
    }
};

fn bitOf(name: []const u8) u64 {
    if (name.len == 0) return 1;
    const mixed = (@as(u32, name[0]) << 16 | @as(u32, name[name.len - 1]) << 8 | @as(u8, @truncate(name.len))) *% 0x9e3779b1;
    return @as(u64, 1) << @intCast(mixed >> 26);
}

fn isPseudo(name: []const u8) bool {
    return name.len > 0 and name[0] == ':';
}

comptime {
    std.debug.assert(Field.first == 0x80);
}

/// The text before the next field.
fn plain(template: []const u8) []const u8 {
    return template[0..scan.beforeHigh(template)];
}

/// APIClarity's server cuts addresses at colons and refuses what does not give two parts. So the colons
/// of an IPv6 address become dashes, as in names of ipv6-literal.net, and a port that is missing is 0.
fn oneColon(writer: *json.Writer, of: []const u8) void {
    const port = address.portOf(of);
    writer.raw("\"");
    for (address.hostOf(of)) |byte| writer.escaped(&.{if (byte == ':') '-' else byte});
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
