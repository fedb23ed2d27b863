//! `publish`: the document of the seed's README (SCNTelemetry), one per exchange.

const std = @import("std");
const json = @import("../json.zig");
const record = @import("../record.zig");
const Traits = @import("../encoders.zig").Traits;

pub const traits = Traits{ .path = "/publish", .content_type = "application/json", .bodies = true };

pub fn encode(exchange: *const record.Record, writer: *json.Writer) void {
    field(writer, "{\"request_id\":", exchange.request_id);
    field(writer, ",\"scheme\":", exchange.scheme());
    field(writer, ",\"destination_address\":", exchange.destination_address);
    field(writer, ",\"source_address\":", exchange.source_address);

    field(writer, ",\"scnt_request\":{\"method\":", exchange.method());
    field(writer, ",\"path\":", exchange.path());
    field(writer, ",\"host\":", exchange.host());
    message(writer, exchange, &exchange.request, exchange.host());

    field(writer, "},\"scnt_response\":{\"status_code\":", exchange.status());
    message(writer, exchange, &exchange.response, "");
    writer.raw("}}");
}

fn field(writer: *json.Writer, key: []const u8, value: []const u8) void {
    writer.raw(key);
    writer.string(value);
}

/// The fields that request and response share. Envoy turns a request's host header into a pseudo header;
/// `host` puts it back where the client had it, as the old filter did.
fn message(writer: *json.Writer, exchange: *const record.Record, part: *const record.Message, host: []const u8) void {
    field(writer, ",\"version\":", exchange.protocol);
    writer.raw(",\"headers\":[");
    var first = true;
    if (host.len > 0) header(writer, &first, "host", host);
    var headers = part.headers.iterator();
    while (headers.next()) |entry| {
        if (entry.name.len > 0 and entry.name[0] == ':') continue;
        if (host.len > 0 and std.mem.eql(u8, entry.name, "host")) continue;
        header(writer, &first, entry.name, entry.value);
    }
    writer.raw("],\"body\":");
    writer.base64String(part.body);
    writer.raw(",\"truncated_body\":");
    writer.boolean(part.body_truncated);
}

fn header(writer: *json.Writer, first: *bool, name: []const u8, value: []const u8) void {
    writer.raw(if (first.*) "[" else ",[");
    first.* = false;
    writer.string(name);
    writer.raw(",");
    writer.string(value);
    writer.raw("]");
}

test "the document of the seed" {
    const chain = @import("../chain.zig");
    const headers = @import("../headers.zig");
    var blocks: [1]chain.Block = undefined;
    var pool = chain.Pool.init(&blocks);
    var body = chain.Chain{};
    _ = body.append(&pool, "hello", 0);
    var head: [256]u8 = undefined;
    var at: usize = 0;
    const request_headers = [_]headers.Header{
        .{ .name = ":method", .value = "POST" }, .{ .name = ":authority", .value = "shop" },
        .{ .name = ":scheme", .value = "http" }, .{ .name = ":path", .value = "/a\"" },
        .{ .name = "x-a", .value = "1" },
    };
    for (request_headers) |entry| at += headers.writeEntry(entry, head[at..]).?.len;
    const exchange = record.Record{
        .request_id = "id",
        .source_address = "[::1]:80",
        .destination_address = "10.0.0.1:80",
        .protocol = "HTTP/1.1",
        .request = .{ .headers = .{ .bytes = head[0..at] }, .body = body.reader(&pool) },
        .response = .{ .body = (chain.Chain{}).reader(&pool), .body_truncated = true },
    };
    var buffer: [1024]u8 = undefined;
    var writer = json.Writer{ .buffer = &buffer };
    encode(&exchange, &writer);
    try std.testing.expectEqualStrings(
        "{\"request_id\":\"id\",\"scheme\":\"http\",\"destination_address\":\"10.0.0.1:80\"," ++
            "\"source_address\":\"[::1]:80\",\"scnt_request\":{\"method\":\"POST\",\"path\":\"/a\\\"\"," ++
            "\"host\":\"shop\",\"version\":\"HTTP/1.1\",\"headers\":[[\"host\",\"shop\"],[\"x-a\",\"1\"]]," ++
            "\"body\":\"aGVsbG8=\",\"truncated_body\":false},\"scnt_response\":{\"status_code\":\"0\"," ++
            "\"version\":\"HTTP/1.1\",\"headers\":[],\"body\":\"\",\"truncated_body\":true}}",
        writer.written(),
    );
}
