// SPDX-License-Identifier: Apache-2.0
//! Writes a document by its template: text that is copied, and in it a byte of 0x80 and above for each
//! thing to fill in. So a format is data: one walker costs less code than four formats.

const std = @import("std");
const address = @import("../capture/address.zig");
const headers = @import("../capture/headers.zig");
const json = @import("json.zig");
const limits = @import("../limits.zig");
const record_file = @import("../capture/record.zig");
const texts = @import("../text.zig");
const Field = record_file.Field;
const Message = record_file.Message;
const Record = record_file.Record;

pub fn field(comptime which: Field) []const u8 {
    return &[_]u8{@intFromEnum(which)};
}

const behind_string = [_][]const u8{ "\",\"value\":{\"stringValue\":\"", "\"}}" };
const behind_int = [_][]const u8{ "\",\"value\":{\"intValue\":\"", "\"}}" };

/// How an attribute begins, and one that the semantic conventions have no name for.
const begin = ",{\"key\":\"";
const own_begin = begin ++ "http.exchange.";

pub const Walker = struct {
    record: *const Record,
    writer: *json.Writer,
    /// Whether a header is written as {"key", "value"}, or else as a pair.
    header_objects: bool,

    pub noinline fn walk(walker: *const Walker, template: []const u8) void {
        var rest = template;
        while (rest.len > 0) {
            const first = rest[0];
            rest = rest[1..];
            if (first < Field.first) {
                walker.writer.raw(rest[0..first]);
                rest = rest[first..];
                continue;
            }
            const which: Field = @enumFromInt(first);
            switch (which) {
                .attribute, .own_attribute => {
                    const key = rest[1..][0..rest[0]];
                    walker.attribute(if (which == .own_attribute) own_begin else begin, key, @enumFromInt(rest[1 + key.len]));
                    rest = rest[2 + key.len ..];
                },
                .unless_empty => {
                    const value = walker.record.textOf(@enumFromInt(rest[0]));
                    // With the field behind the text.
                    rest = rest[if (value.len > 0) 1 else 3 + @as(usize, rest[1])..];
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
            .request_attributes => walker.headerAttributes(record.message(which), begin ++ "http.request.header."),
            .response_attributes => walker.headerAttributes(record.message(which), begin ++ "http.response.header."),
            .request_body, .response_body => writer.base64String(record.message(which).body),
            .request_truncated, .response_truncated => writer.raw(if (record.message(which).side.body_truncated) "true" else "false"),
            .destination_one_colon => oneColon(writer, record.text(.destination_address)),
            .source_one_colon => oneColon(writer, record.text(.source_address)),
            else => if (which.isAtLeast(.request_ms)) writer.number(record.number(which)) else writer.string(record.textOf(which)),
        }
    }

    /// Envoy turns a request's host header into a pseudo header; the first entry puts it back where the
    /// client had it, as the old filter did.
    fn headerList(walker: *const Walker, message: *const Message, is_request: bool) void {
        const host = if (is_request) walker.record.text(.authority) else "";
        if (host.len > 0) walker.header("host", host, false);
        var all = message.headers.iterator();
        while (all.next()) {
            if (isPseudo(all.name) or host.len > 0 and all.facts.isOf(.host)) continue;
            walker.header(all.name, all.value, all.facts.plain);
        }
        const trailer = if (is_request) "" else walker.record.text(.grpc_trailer);
        if (trailer.len > 0) walker.header("grpc-status", trailer, true);
    }

    noinline fn header(walker: *const Walker, name: []const u8, value: []const u8, is_plain: bool) void {
        const objects = walker.header_objects;
        const behind = if (objects) &[_][]const u8{ "\",\"value\":\"", "\"}" } else &[_][]const u8{ "\",\"", "\"]" };
        walker.writer.pair(if (objects) ",{\"key\":\"" else ",[\"", name, value, behind, is_plain);
    }

    /// One whose value is not a text.
    noinline fn open(walker: *const Walker, key_begin: []const u8, key: []const u8, kind: []const u8) void {
        const writer = walker.writer;
        writer.element(key_begin);
        for ([_][]const u8{ key, "\",\"value\":{\"", kind, "Value\":" }) |text| writer.raw(text);
    }

    fn attribute(walker: *const Walker, key_begin: []const u8, key: []const u8, which: Field) void {
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
                    walker.open(key_begin, key, "string");
                    if (writer.textString(message.body, message.side.body_truncated)) return writer.raw("}}");
                    writer.length = start;
                }
                walker.open(key_begin, key, "bytes");
                writer.base64String(message.body);
                writer.raw("}}");
            },
            .request_truncated, .response_truncated => {
                if (!record.message(which).side.body_truncated) return;
                walker.open(key_begin, key, "bool");
                writer.raw("true}}");
            },
            else => {
                var digits: json.Digits = undefined;
                const is_number = which.isAtLeast(.request_ms);
                const value = if (is_number) json.numberIn(&digits, record.number(which)) else record.textOf(which);
                if (value.len == 0) return;
                const is_int = which.isAtLeast(.response_status);
                writer.pair(key_begin, key, value, if (is_int) &behind_int else &behind_string, is_int);
            },
        }
    }

    /// A key may be there once only, so that all values of a name go into one attribute. Comparing each
    /// name with all others has to be bounded: what comes after the first hundred headers is left out.
    fn headerAttributes(walker: *const Walker, message: *const Message, key_begin: []const u8) void {
        const writer = walker.writer;
        const bytes = message.headers.bytes;
        const middle = "\",\"value\":{\"arrayValue\":{\"values\":[";
        const value_begin = ",{\"stringValue\":\"";
        // How often each name is there: most are there once, and need no comparing.
        var all_counts: [marks_count]u8 = @splat(0);
        // By its address: all of them would be copied for each header.
        const counts = &all_counts;
        var all = message.headers.iterator();
        while (all.next()) counts[markOf(all.name)] +|= 1;
        all = message.headers.iterator();
        for (0..limits.header_attributes_max) |_| {
            const at = bytes.len - all.rest.len;
            if (!all.next()) return;
            if (isPseudo(all.name)) continue;
            if (counts[markOf(all.name)] == 1) {
                writer.pair(key_begin, all.name, all.value, &.{ middle ++ value_begin[1..], "\"}]}}}" }, all.facts.plain);
                continue;
            }
            var earlier = headers.Iterator{ .rest = bytes[0..at] };
            if (earlier.seek(all.name)) continue;
            writer.pair(key_begin, all.name, "", &.{ middle, "" }, false);
            var same = headers.Iterator{ .rest = bytes[at..] };
            while (same.seek(all.name)) writer.pair(value_begin, "", same.value, &.{ "", "\"}" }, same.facts.plain);
            writer.raw("]}}}");
        }
    }
};

const marks_count = 256;

/// A number for each name, of which some share one.
inline fn markOf(name: []const u8) usize {
    if (name.len == 0) return 0;
    const mixed = (@as(u32, name[0]) << 16 | @as(u32, name[name.len - 1]) << 8 | @as(u8, @truncate(name.len))) *% 0x9e3779b1;
    return mixed >> 24;
}

fn isPseudo(name: []const u8) bool {
    return name.len > 0 and name[0] == ':';
}

comptime {
    std.debug.assert(Field.first == 0x80);
}

/// Each run of text gets its length in front.
pub fn measured(comptime template: []const u8) []const u8 {
    comptime {
        @setEvalBranchQuota(20_000);
        var all: []const u8 = "";
        var start = 0;
        for (template ++ .{Field.first}, 0..) |byte, at| {
            if (byte < Field.first) continue;
            if (at > start) all = all ++ .{at - start} ++ template[start..at];
            if (at < template.len) all = all ++ .{byte};
            start = at + 1;
        }
        return all;
    }
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
