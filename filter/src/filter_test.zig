// SPDX-License-Identifier: Apache-2.0
//! The events, natively, against a host that is a handful of variables. What the built binary does is
//! tested in tests/filter; here it is the seam that counts: the filter knows its host by this interface.

const std = @import("std");
const headers = @import("capture/headers.zig");
const Arena = @import("host/scratch.zig").Arena;
const MetricKind = @import("metrics/metrics.zig").Kind;

const FakeHost = struct {
    var space: [256 * 1024]u8 = undefined;
    pub var scratch = Arena{ .buffer = &space };
    pub const none = 0xffff_ffff;
    var configuration: []const u8 = "";
    var pairs: []const u8 = "";
    var body: []const u8 = "";
    var metrics: [64]u64 = @splat(0);
    var defined: u32 = 0;
    var ended = false;
    var sent: [4096]u8 = undefined;
    var sent_length: usize = 0;

    pub fn warn(_: []const u8) void {}

    pub fn bufferBytes(buffer: enum { request_body, response_body, call_body, plugin_configuration }, start: usize, size: usize) []u8 {
        const bytes = if (buffer == .plugin_configuration) configuration else body[start..][0..size];
        const copy = scratch.allocate(bytes.len).?;
        @memcpy(copy, bytes);
        return copy[0..bytes.len];
    }

    pub fn headerPairs(_: enum { request, response }) []const u8 {
        return pairs;
    }

    pub fn headerValue(_: enum { call_response }, _: []const u8) []const u8 {
        return "200";
    }

    pub fn property(path: []const u8) []const u8 {
        return if (std.mem.eql(u8, path, "source\x00address")) "[::1]:5" else "";
    }

    pub fn httpCall(_: []const u8, _: []const u8, document: []const u8, _: u32) u32 {
        sent_length = document.len;
        @memcpy(sent[0..document.len], document);
        return 1;
    }

    pub fn defineMetric(_: MetricKind, _: []const u8) u32 {
        defined += 1;
        return defined - 1;
    }

    pub fn incrementMetric(id: u32, by: i64) void {
        metrics[id] = @intCast(@as(i64, @intCast(metrics[id])) + by);
    }

    pub fn recordMetric(id: u32, value: u64) void {
        metrics[id] = value;
    }

    pub fn metricValue(id: u32) u64 {
        return metrics[id];
    }

    pub fn actFor(_: u32) void {}

    pub fn done() void {
        ended = true;
    }

    pub fn setTickPeriod(_: u32) void {}

    pub fn nowNanoseconds() u64 {
        return 7 * std.time.ns_per_s;
    }
};

const filter = @import("filter.zig").Filter(FakeHost);

test "an exchange becomes a document, and nothing of it stays" {
    // Events before there is any configuration are no events.
    try std.testing.expect(filter.onDone(2));
    filter.onTick(1);
    FakeHost.configuration = "{\"backend\": {\"cluster\": \"c\"}}";
    filter.onContextCreate(1, 0);
    filter.onConfigure(1, FakeHost.configuration.len);

    var wire: [256]u8 = undefined;
    filter.onContextCreate(2, 1);
    FakeHost.pairs = wire[0..headers.encodePairs(&.{&.{ ":method", "PUT", "x-request-id", "r" }}, &wire)];
    filter.onHeaders(2, .request);
    FakeHost.body = "abc";
    filter.onBody(2, .request, 3);
    try std.testing.expect(filter.onDone(2));
    try std.testing.expectEqualStrings(
        "{\"request_id\":\"r\",\"scheme\":\"\",\"destination_address\":\"\",\"source_address\":\"[::1]:5\"," ++
            "\"scnt_request\":{\"method\":\"PUT\",\"path\":\"\",\"host\":\"\",\"version\":\"\"," ++
            "\"headers\":[[\"x-request-id\",\"r\"]],\"body\":\"YWJj\",\"truncated_body\":false}," ++
            "\"scnt_response\":{\"status_code\":\"0\",\"version\":\"\",\"headers\":[],\"body\":\"\",\"truncated_body\":false}}",
        FakeHost.sent[0..FakeHost.sent_length],
    );
    try std.testing.expectEqual(0, filter.usage().blocks);
    try std.testing.expectEqual(1, filter.usage().calls);
    filter.onHttpCallResponse(1, 1, 1, 0);
    filter.onTick(1);
    try std.testing.expectEqual(0, filter.usage().calls);
    try std.testing.expectEqual(1, FakeHost.metrics[@intFromEnum(@import("metrics/metrics.zig").Metric.sent)]);
    try std.testing.expectEqual(7, FakeHost.metrics[@intFromEnum(@import("metrics/metrics.zig").Metric.heartbeat)]);
}
