// SPDX-License-Identifier: Apache-2.0
//! One exchange as every format sees it. It knows nothing of Envoy, and all that is in it is already
//! redacted and within its limits.

const std = @import("std");
const address = @import("address.zig");
const block_list = @import("block_list.zig");
const grpc = @import("grpc.zig");
const head = @import("known_headers.zig");
const headers = @import("headers.zig");
const redaction = @import("redaction.zig");
const streams = @import("streams.zig");
const texts = @import("../text.zig");
const trace_context = @import("trace_context.zig");

/// What a template can name, each by a byte that no text of a template has.
pub const Field = enum(u8) {
    /// Texts that a record keeps: headers of the request, in the order of head.Name ...
    method = first,
    path,
    authority,
    host,
    scheme,
    status,
    content_type,
    request_id,
    traceparent,
    forwarded_for,
    marker,
    user_agent,
    grpc_status,
    tracestate,
    content_encoding,
    /// ... and what was asked for.
    source_address,
    destination_address,
    protocol,
    namespace,
    own_service,
    own_namespace,
    own_pod,
    peer,
    rpc_system,
    rpc_method,
    /// As it stands among the headers of the response, where it came behind the body.
    grpc_trailer,
    /// Texts that are made of these.
    url_path,
    url_query,
    server_address,
    client_address,
    peer_address,
    protocol_version,
    trace_id,
    span_id,
    error_type,
    rpc_status,
    /// As an attribute they are written as OTLP's intValue, like the numbers.
    response_status,
    server_port,
    client_port,
    peer_port,
    /// Numbers.
    request_ms,
    response_ms,
    request_ns,
    end_ns,
    duration_ns,
    request_bytes,
    response_bytes,
    /// Each is written in its own way.
    destination_one_colon,
    source_one_colon,
    request_headers,
    response_headers,
    request_body,
    response_body,
    /// The same, of a body that is compressed.
    request_coded,
    response_coded,
    request_truncated,
    response_truncated,
    request_attributes,
    response_attributes,
    /// The next byte is a field, and then comes text: all that is left out if the field is empty.
    unless_empty,
    /// A key up to the next field: an attribute of OTLP, left out if the field is empty.
    attribute,
    /// The same, with a prefix of ours before the key.
    own_attribute,

    pub const first = 0x80;

    fn index(field: Field) usize {
        return @intFromEnum(field) - first;
    }

    pub fn isAtLeast(field: Field, other: Field) bool {
        return @intFromEnum(field) >= @intFromEnum(other);
    }
};

const texts_count = Field.url_path.index();

/// What stands before or after the first of these bytes in a text, or what else is made of it.
const Derived = struct { from: Field, byte: u8 = 0, how: enum(u8) { before, after, host, server, port, code, status, failure } };

const derived = [_]Derived{
    .{ .from = .path, .how = .before, .byte = '?' },
    .{ .from = .path, .how = .after, .byte = '?' },
    .{ .from = .authority, .how = .server },
    .{ .from = .source_address, .how = .host },
    .{ .from = .peer, .how = .host },
    .{ .from = .protocol, .how = .after, .byte = '/' },
    .{ .from = .traceparent, .how = .before, .byte = '-' },
    .{ .from = .traceparent, .how = .after, .byte = '-' },
    .{ .from = .status, .how = .failure },
    .{ .from = .grpc_status, .how = .code },
    .{ .from = .status, .how = .status },
    .{ .from = .authority, .how = .port },
    .{ .from = .source_address, .how = .port },
    .{ .from = .peer, .how = .port },
};

comptime {
    for (derived) |one| std.debug.assert(one.from.index() < texts_count);
    for (std.meta.fieldNames(head.Name), 0..) |name, at| std.debug.assert(@field(Field, name).index() == at);
    std.debug.assert(derived.len == Field.request_ms.index() - texts_count);
}

/// One direction.
pub const Message = struct {
    side: *const streams.HalfStream,
    /// Includes the pseudo headers (`:path` and so on); most formats leave them out.
    headers: headers.List,
    body: block_list.Reader,
};

pub const Record = struct {
    texts: [texts_count][]const u8,
    /// The request's and the response's.
    messages: [2]Message,
    /// When the exchange was over; 0 where the format does not want it.
    end_ns: u64,
    /// Whether it is seen from where it was asked for, and not where it was answered.
    is_client: bool,

    pub fn set(record: *Record, comptime field: Field, value: []const u8) void {
        record.texts[field.index()] = value;
    }

    /// So many texts from this one on, to be set.
    pub fn range(record: *Record, comptime field: Field, comptime count: usize) *[count][]const u8 {
        return record.texts[comptime field.index()..][0..count];
    }

    /// Takes from both lists of headers what a record keeps of them.
    pub fn noteHeaders(record: *Record) void {
        // Zeros are empty texts, and cheaper than a copy of a hundred addresses.
        @memset(std.mem.asBytes(&record.texts), 0);
        var all = record.messages[0].headers.iterator();
        while (all.next()) {
            if (all.facts.known == 0) continue;
            // An id that is redacted is none.
            if (texts.equal(all.value, redaction.placeholder) and all.name[0] != ':') continue;
            head.note(record.texts[0..head.count], all.facts.known, all.value);
        }
        if (record.text(.authority).len == 0) record.set(.authority, record.text(.host));
        record.set(.traceparent, trace_context.idsOf(record.text(.traceparent)));
        record.set(.status, statusOf(record.messages[1].headers.find(.status)));
    }

    /// Of a field that is not made of others.
    pub inline fn text(record: *const Record, comptime field: Field) []const u8 {
        return record.texts[comptime field.index()];
    }

    /// Of any field that is a text.
    pub noinline fn textOf(record: *const Record, field: Field) []const u8 {
        const at = field.index();
        return if (at < texts_count) (&record.texts)[at] else record.derivedText(&derived[at - texts_count]);
    }

    fn derivedText(record: *const Record, how: *const Derived) []const u8 {
        // These are made of none that is made itself. By its address: the whole list would be copied.
        const from = (&record.texts)[how.from.index()];
        return switch (how.how) {
            .before => texts.before(from, how.byte),
            .after => texts.after(from, how.byte),
            .host => address.hostOf(from),
            .server => address.serverOf(from),
            .port => address.portOf(from),
            .code => grpc.nameOf(from),
            .status => if (from.len == 3) from else "",
            .failure => record.failure(from),
        };
    }

    /// OpenTelemetry's error.type: the status of an error, of gRPC or HTTP, or that there was no answer. What a client
    /// did wrong is no error of the server.
    fn failure(record: *const Record, status: []const u8) []const u8 {
        const grpc_status = record.text(.grpc_status);
        if (grpc.isFailure(grpc_status, record.is_client)) return grpc.nameOf(grpc_status);
        if (status.len != 3) return "_OTHER";
        return if (status[0] >= @as(u8, if (record.is_client) '4' else '5')) status else "";
    }

    /// The message of a field that there is for both directions.
    pub noinline fn message(record: *const Record, field: Field) *const Message {
        return &record.messages[field.index() - Field.request_headers.index() & 1];
    }

    pub fn number(record: *const Record, field: Field) u64 {
        const request = record.messages[0].side;
        const response = record.messages[1].side;
        return switch (field) {
            .request_ms => request.time_ns / std.time.ns_per_ms,
            .response_ms => response.time_ns / std.time.ns_per_ms,
            .request_ns => request.time_ns,
            .duration_ns => record.end_ns -| request.time_ns,
            .request_bytes => request.body_seen_bytes,
            .response_bytes => response.body_seen_bytes,
            else => record.end_ns,
        };
    }
};

/// Three digits, or "0" for an exchange that ended without an answer.
pub fn statusOf(text: []const u8) []const u8 {
    if (text.len != 3) return "0";
    for (text) |digit| if (digit < '0' or digit > '9') return "0";
    return text;
}

test "a status is always a number" {
    const cases = [_][3][]const u8{
        .{ "200", "200", "" }, .{ "503", "503", "503" }, .{ "20", "0", "_OTHER" }, .{ "2e2", "0", "_OTHER" }, .{ "", "0", "_OTHER" },
    };
    for (cases) |case| {
        var buffer: [32]u8 = undefined;
        var record: Record = undefined;
        const header = headers.Header{ .name = ":status", .value = case[0], .facts = .{ .known = head.numberOf(":status") } };
        headers.writeEntry(&header, &buffer);
        record.messages[0].headers = .{};
        record.is_client = false;
        record.messages[1].headers = .{ .bytes = buffer[0..headers.entrySize(&header)] };
        record.noteHeaders();
        try std.testing.expectEqualStrings(case[1], record.text(.status));
        try std.testing.expectEqualStrings(case[2], record.textOf(.error_type));
        try std.testing.expectEqualStrings("", record.text(.path));
    }
}

test "whose error it is" {
    var record: Record = undefined;
    @memset(std.mem.asBytes(&record.texts), 0);
    const cases = [_]struct { bool, []const u8, []const u8, []const u8 }{
        .{ true, "404", "", "404" }, .{ false, "404", "", "" },           .{ true, "200", "5", "NOT_FOUND" },
        .{ false, "200", "5", "" },  .{ false, "200", "13", "INTERNAL" }, .{ true, "302", "0", "" },
    };
    for (cases) |case| {
        record.is_client = case[0];
        record.set(.status, case[1]);
        record.set(.grpc_status, case[2]);
        try std.testing.expectEqualStrings(case[3], record.textOf(.error_type));
    }
}
