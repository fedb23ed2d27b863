// SPDX-License-Identifier: Apache-2.0
//! Documents by their templates; whether they are what backends want is judged in tests/filter.

const std = @import("std");
const block_list = @import("../capture/block_list.zig");
const formats = @import("formats.zig");
const headers = @import("../capture/headers.zig");
const json = @import("json.zig");
const known_headers = @import("../capture/known_headers.zig");
const scan = @import("../scan.zig");
const streams = @import("../capture/streams.zig");
const Facts = @import("../capture/name_cache.zig").Facts;
const Walker = @import("template.zig").Walker;
const Record = @import("../capture/record.zig").Record;

const request_headers = [_]headers.Header{
    .{ .name = ":method", .value = "POST" }, .{ .name = ":authority", .value = "shop:81" },
    .{ .name = ":scheme", .value = "http" }, .{ .name = ":path", .value = "/a\"?b" },
    .{ .name = "x-a", .value = "1" },        .{ .name = "x-b", .value = "2" },
    .{ .name = "x-a", .value = "3" },        .{ .name = "traceparent", .value = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
};

fn expectDocument(format: formats.Format, expected: []const u8) !void {
    var blocks: [2]block_list.Block = undefined;
    var pool = block_list.Pool.init(&blocks);
    var body = block_list.BlockList{};
    _ = body.append(&pool, "hello", 0);
    var head: [256]u8 = undefined;
    var at: usize = 0;
    for (request_headers) |plain| {
        const facts = Facts{ .known = known_headers.numberOf(plain.name), .plain = scan.plainJson(plain.value) == plain.value.len };
        const entry = headers.Header{ .name = plain.name, .value = plain.value, .facts = facts };
        headers.writeEntry(&entry, head[at..].ptr);
        at += headers.entrySize(&entry);
    }
    const request = streams.HalfStream{ .body_seen_bytes = 5, .body_kind = .text, .time_ns = 5_000_000 };
    const response = streams.HalfStream{ .body_truncated = true };
    var record: Record = undefined;
    record.messages = .{
        .{ .side = &request, .headers = .{ .bytes = head[0..at] }, .body = body.reader(&pool) },
        .{ .side = &response, .headers = .{}, .body = (block_list.BlockList{}).reader(&pool) },
    };
    record.end_ns = 7_000_000;
    record.noteHeaders();
    record.is_client = true;
    record.set(.request_id, "id");
    record.set(.peer, "10.0.0.1:80");
    record.set(.source_address, "[::1]:80");
    record.set(.destination_address, "10.0.0.1:80");
    record.set(.protocol, "HTTP/1.1");
    var buffer: [4096]u8 = undefined;
    var writer = json.Writer{ .buffer = &buffer };
    const traits = formats.traits(format);
    const walker = Walker{ .record = &record, .writer = &writer, .header_objects = traits.header_objects };
    walker.walk(traits.document);
    try std.testing.expectEqualStrings(expected, writer.written());
}

test "publish" {
    try expectDocument(.publish, "{\"request_id\":\"id\",\"scheme\":\"http\",\"destination_address\":\"10.0.0.1:80\"," ++
        "\"source_address\":\"[::1]:80\",\"scnt_request\":{\"method\":\"POST\",\"path\":\"/a\\\"?b\"," ++
        "\"host\":\"shop:81\",\"version\":\"HTTP/1.1\",\"headers\":[[\"host\",\"shop:81\"],[\"x-a\",\"1\"],[\"x-b\",\"2\"],[\"x-a\",\"3\"]," ++
        "[\"traceparent\",\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"]]," ++
        "\"body\":\"aGVsbG8=\",\"truncated_body\":false},\"scnt_response\":{\"status_code\":\"0\"," ++
        "\"version\":\"HTTP/1.1\",\"headers\":[],\"body\":\"\",\"truncated_body\":true}}");
}

test "otlp: empty attributes are left out, and values of one header go together" {
    try expectDocument(.otlp, comptime "{\"timeUnixNano\":\"5000000\",\"observedTimeUnixNano\":\"7000000\",\"severityNumber\":9," ++
        "\"eventName\":\"http.exchange\",\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"spanId\":\"00f067aa0ba902b7\",\"attributes\":[" ++
        string("http.request.method", "POST") ++ string("url.scheme", "http") ++ string("url.path", "/a\\\"") ++ string("url.query", "b") ++
        string("server.address", "shop") ++ whole("server.port", "81") ++ string("client.address", "::1") ++ whole("client.port", "80") ++
        string("network.peer.address", "10.0.0.1") ++ whole("network.peer.port", "80") ++
        string("network.protocol.version", "1.1") ++ string("error.type", "_OTHER") ++
        whole("http.request.body.size", "5") ++ whole("http.response.body.size", "0") ++ string("http.exchange.id", "id") ++
        string("http.exchange.destination", "10.0.0.1:80") ++ whole("http.exchange.duration_ns", "2000000") ++
        string("http.request.body.content", "hello") ++
        "{\"key\":\"http.exchange.response.body_truncated\",\"value\":{\"boolValue\":true}}," ++
        "{\"key\":\"http.request.header.x-a\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"1\"},{\"stringValue\":\"3\"}]}}}," ++
        "{\"key\":\"http.request.header.x-b\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"2\"}]}}}," ++
        "{\"key\":\"http.request.header.traceparent\",\"value\":{\"arrayValue\":{\"values\":[" ++
        "{\"stringValue\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"}]}}}]}");
}

fn string(comptime key: []const u8, comptime value: []const u8) []const u8 {
    return "{\"key\":\"" ++ key ++ "\",\"value\":{\"stringValue\":\"" ++ value ++ "\"}},";
}

fn whole(comptime key: []const u8, comptime value: []const u8) []const u8 {
    return "{\"key\":\"" ++ key ++ "\",\"value\":{\"intValue\":\"" ++ value ++ "\"}},";
}
