// SPDX-License-Identifier: Apache-2.0
const std = @import("std");
const limits = @import("../limits.zig");
const redaction = @import("../capture/redaction.zig");
const selection = @import("../select/selection.zig");
const Configuration = @import("configuration.zig").Configuration;
const Lists = @import("configuration.zig").Lists;

var items: [limits.list_items_max][]const u8 = undefined;
var lists = Lists{ .items = &items };
var buffer: [limits.configuration_bytes_max]u8 = undefined;

fn parse(text: []const u8) Configuration {
    @memcpy(buffer[0..text.len], text);
    var configuration: Configuration = undefined;
    configuration.parse(buffer[0..text.len], &lists);
    return configuration;
}

test "everything set" {
    const configuration = parse(
        \\{"revision": "0a1b2c3d4e", "name": "shop", "format": "publish", "context": "inbound",
        \\ "backend": {"cluster": "c", "authority": "a:1", "path": "/p", "timeout_ms": 7,
        \\             "headers": [["x-token", "t t"]]},
        \\ "bodies": "off", "request_body_bytes_max": 1, "response_body_bytes_max": 1e3,
        \\ "redact_headers": ["x-secret"], "redact_query": []}
    );
    try std.testing.expectEqual(@as(u32, 0), configuration.errors);
    try std.testing.expectEqual(@as(u64, 0x0a1b2c3d4e), configuration.revision);
    try std.testing.expectEqualStrings("shop", configuration.name);
    try std.testing.expectEqual(.inbound, configuration.context);
    try std.testing.expectEqualStrings("c", configuration.backend_cluster);
    try std.testing.expectEqualStrings("a:1", configuration.backend_authority);
    try std.testing.expectEqualStrings("/p", configuration.backend_path);
    try std.testing.expectEqual(@as(u32, 7), configuration.backend_timeout_ms);
    try std.testing.expectEqualStrings("t t", configuration.backend_headers[1]);
    try std.testing.expectEqual(.off, configuration.bodies);
    try std.testing.expectEqual(@as(u32, 1000), configuration.response_body_bytes_max);
    try std.testing.expect(redaction.ofHeaders(configuration.redact_headers).has("x-secret"));
    try std.testing.expect(redaction.ofHeaders(configuration.redact_headers).has("cookie"));
    try std.testing.expectEqual(@as(usize, 0), configuration.redact_query.len);
}

test "nothing set: only the backend is missed" {
    for ([_][]const u8{ "", " ", "{}" }) |text| {
        const configuration = parse(text);
        try std.testing.expectEqual(@as(u32, 1), configuration.errors);
        try std.testing.expectEqualStrings("/publish", configuration.backend_path);
        try std.testing.expectEqual(.on, configuration.bodies);
        try std.testing.expect(redaction.ofHeaders(configuration.redact_headers).has("authorization"));
    }
}

test "an authority that is not given is the cluster" {
    try std.testing.expectEqualStrings("c", parse("{\"backend\":{\"cluster\":\"c\"}}").backend_authority);
}

test "what can't be used is counted once and keeps its default" {
    const cases = [_]struct { u32, []const u8 }{
        .{ 1, "\"revision\": \"0A1B2C3D4E\"" },                                    .{ 1, "\"revision\": 7" },
        .{ 1, "\"name\": \"-a\"" },                                                .{ 1, "\"format\": \"xml\"" },
        .{ 1, "\"context\": {\"a\": [1]}" },                                       .{ 1, "\"bodies\": true" },
        .{ 1, "\"request_body_bytes_max\": 1000001" },                             .{ 1, "\"request_body_bytes_max\": -1" },
        .{ 1, "\"backend\": {\"timeout_ms\": \"5\"}" },                            .{ 1, "\"backend\": {\"timeout_ms\": 1.5}" },
        .{ 1, "\"redact_headers\": [\"x\", 1, [2]]" },                             .{ 1, "\"redact_query\": \"x\"" },
        .{ 1, "\"unknown\": {\"a\": {\"b\": [1, \"]\"]}}" },                       .{ 2, "\"backend\": {\"timeout_ms\": 0, \"x\": null}" },
        .{ 1, "\"backend\": {\"path\": \"p\"}" },                                  .{ 1, "\"backend\": [1]" },
        .{ 1, "\"backend\": {\"headers\": [[\"a\"]]}" },                           .{ 1, "\"backend\": {\"headers\": [[\"A\", \"b\"], 1]}" },
        .{ 1, "\"backend\": {\"headers\": [[\"a\", \"\\n\"]]}" },                  .{ 1, "\"backend\": {\"headers\": [[\"host\", \"b\"]]}" },
        .{ 1, "\"backend\": {\"headers\": [[\"a\", \"b\", \"c\"], [\"a\", 1]]}" },
    };
    for (cases) |case| {
        var text: [256]u8 = undefined;
        const both = try std.fmt.bufPrint(&text, "{{{s}, \"backend\": {{\"cluster\": \"c\"}}}}", .{case[1]});
        const configuration = parse(both);
        errdefer std.debug.print("{s}\n", .{case[1]});
        try std.testing.expectEqual(case[0], configuration.errors);
        try std.testing.expectEqualStrings("c", configuration.backend_cluster);
        try std.testing.expectEqualStrings("trace", configuration.name);
        try std.testing.expectEqual(@as(u32, 5000), configuration.backend_timeout_ms);
        try std.testing.expectEqual(@as(u32, limits.body_bytes_max), configuration.response_body_bytes_max);
        try std.testing.expect(redaction.ofHeaders(configuration.redact_headers).has("cookie"));
        try std.testing.expect(redaction.ofQuery(configuration.redact_query).has("token"));
        try std.testing.expectEqual(@as(usize, 0), configuration.backend_headers.len);
    }
}

test "what decides what leaves lets less out when it can't be used" {
    const rules = [_][]const u8{
        "\"exclude\": {\"paths\": [\"/a\", \"^/login\"]}", "\"include\": {\"path\": [\"/a\"]}", "\"exclude\": []",
        "\"include\": {\"methods\": \"GET\"}",             "\"hosts_from\": 1",                 "\"hosts_from\": {\"cluster\": \"\"}",
    };
    for (rules) |entry| {
        const configuration = parseBeside(entry);
        try std.testing.expectEqual(1, configuration.errors);
        try std.testing.expectEqual(1, configuration.closed);
    }
    try std.testing.expectEqual(0, parseBeside("\"exclude\": {\"methods\": [\"get\"], \"statuses\": [\"2XX\"]}").closed);
    try std.testing.expectEqual(0, parseBeside("\"hosts_from\": {\"seconds\": 0}").closed);
    for ([_][]const u8{ "[\"x-.*\"]", "\"x\"", "[\"authorization:\"]", "[1]" }) |list| {
        var text: [99]u8 = undefined;
        const headers = parseBeside(try std.fmt.bufPrint(&text, "\"redact_headers\": {s}", .{list}));
        try std.testing.expect(redaction.ofHeaders(headers.redact_headers).has("accept"));
        const query = parseBeside(try std.fmt.bufPrint(&text, "\"redact_query\": {s}", .{list}));
        try std.testing.expect(redaction.ofQuery(query.redact_query).has("any"));
    }
    try std.testing.expectEqual(.off, parseBeside("\"bodies\": \"On\"").bodies);
    try std.testing.expectEqual(0, parseBeside("\"sample_rate\": 2").sample_rate);
    try std.testing.expectEqual(123_456_789, parseBeside("\"sample_rate\": 0.1234567899").sample_rate);
    try std.testing.expectEqual(1, parseBeside("\"sample_by\": \"traceid\"").closed);
    const always = parseBeside("\"sample_by\": \"parent\", \"sample_always\": {\"statuses\": [\"5**\"], \"slower_ms\": -1}");
    try std.testing.expect(always.errors == 2 and always.closed == 0 and !selection.hasAlways(&always));
    try std.testing.expectEqual(0, parseBeside("\"request_body_bytes_max\": \"9\"").request_body_bytes_max);
    const types = parseBeside("\"body_content_types\": [\"application/json;charset=utf-8\"]").body_content_types;
    try std.testing.expect(!selection.takesBodyOf(types, "application/json") and !selection.takesBodyOf(types, ""));
}

fn parseBeside(entry: []const u8) Configuration {
    var text: [256]u8 = undefined;
    return parse(std.fmt.bufPrint(&text, "{{{s}, \"backend\": {{\"cluster\": \"c\"}}}}", .{entry}) catch unreachable);
}

test "a syntax error anywhere leaves every default" {
    const whole = "{\"backend\": {\"cluster\": \"c\"}, \"redact_headers\": [], \"name\": \"x\"}";
    for (1..whole.len) |length| {
        const configuration = parse(whole[0..length]);
        try std.testing.expectEqual(@as(u32, 2), configuration.errors);
        try std.testing.expectEqualStrings("", configuration.backend_cluster);
        try std.testing.expect(redaction.ofHeaders(configuration.redact_headers).has("cookie"));
    }
}

test "any bytes" {
    var random = std.Random.DefaultPrng.init(7);
    const alphabet = "{}[]\",:\\u0e1-. \"backend\"";
    for (0..50_000) |_| {
        var text: [48]u8 = undefined;
        const length = random.random().uintLessThan(usize, text.len);
        for (text[0..length]) |*byte| byte.* = alphabet[random.random().uintLessThan(usize, alphabet.len)];
        _ = parse(text[0..length]);
    }
}
