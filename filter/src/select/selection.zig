// SPDX-License-Identifier: Apache-2.0
//! What is traced, and of what the bodies are taken.

const std = @import("std");
const address = @import("../capture/address.zig");
const grpc = @import("../capture/grpc.zig");
const pattern = @import("pattern.zig");
const texts = @import("../text.zig");
const Configuration = @import("../config/configuration.zig").Configuration;
const known_headers = @import("../capture/known_headers.zig");
const Head = known_headers.Head;
const Rule = @import("../config/configuration.zig").Rule;
const Names = @import("../config/configuration.zig").Names;

/// By the rules, whatever share is traced.
pub fn wantsRequest(configuration: *const Configuration, head: *const Head) bool {
    return configuration.closed == 0 and
        wants(configuration, .methods, head.get(.method)) and
        wants(configuration, .paths, head.get(.path)) and
        wantsAt(configuration, .hosts, head.hostname(), address.portAt(head.hostname(), head.get(.scheme)));
}

pub fn wants(configuration: *const Configuration, rule: Rule, value: []const u8) bool {
    return wantsAt(configuration, rule, value, "");
}

fn wantsAt(configuration: *const Configuration, rule: Rule, value: []const u8, port: []const u8) bool {
    const include = configuration.include[@intFromEnum(rule)];
    const exclude = configuration.exclude[@intFromEnum(rule)];
    return (include.len == 0 or any(include, value, rule, port)) and !any(exclude, value, rule, port);
}

fn any(list: Names, value: []const u8, rule: Rule, port: []const u8) bool {
    for (list) |item| {
        const found = switch (rule) {
            .methods => texts.equalIgnoreCase(item, value),
            .paths => pattern.matches(item, value, .{ .start = true, .ignore_case = false }),
            .hosts => address.matches(item, value, port),
            .statuses => matchesStatus(item, value),
        };
        if (found) return true;
    }
    return false;
}

/// `404`, `5xx`, or `0` for no answer.
fn matchesStatus(item: []const u8, status: []const u8) bool {
    if (item.len != status.len) return false;
    for (item, status) |wanted, digit| if (wanted | 0x20 != 'x' and wanted != digit) return false;
    return true;
}

/// Whether an exchange is traced though its share is left out.
pub fn isAlways(configuration: *const Configuration, status: []const u8, took_ns: u64) bool {
    const slower_ms = configuration.sample_always_slower_ms;
    return any(configuration.sample_always_statuses, status, .statuses, "") or
        slower_ms > 0 and took_ns > @as(u64, slower_ms) * std.time.ns_per_ms;
}

pub fn hasAlways(configuration: *const Configuration) bool {
    return configuration.sample_always_statuses.len > 0 or configuration.sample_always_slower_ms > 0;
}

/// Whether an exchange has bodies in the ordinary sense. What streams for long, either way, has none.
pub fn isStreaming(head: *const Head) bool {
    return isSwitch(head) or texts.equal(head.get(.method), "CONNECT") or
        grpc.isGrpc(head.get(.content_type)) or
        texts.startsWithIgnoreCase(head.get(.content_type), "text/event-stream");
}

/// Whether the connection now speaks another protocol (a websocket). Who only offers that, or asks for it, still speaks
/// HTTP; and Envoy shows an extended CONNECT of HTTP/2 like this, too.
pub fn isSwitch(head: *const Head) bool {
    return texts.equal(head.get(.status), "101");
}

/// By the media type, whatever parameters follow it.
pub fn takesBodyOf(content_types: Names, content_type: []const u8) bool {
    if (content_types.len == 0) return true;
    const media = texts.before(texts.before(content_type, ';'), ' ');
    for (content_types) |item| {
        if (pattern.matches(item, media, .{})) return true;
    }
    return false;
}

fn headOf(comptime pairs: []const [2][]const u8) Head {
    var head = Head{};
    for (pairs) |pair| head.set(pair[0], pair[1]);
    return head;
}

test "include and exclude" {
    const head = headOf(&.{ .{ ":method", "GET" }, .{ ":path", "/api/x" }, .{ ":authority", "shop:80" } });
    var configuration = Configuration{};
    try std.testing.expect(wantsRequest(&configuration, &head));
    configuration.include[@intFromEnum(Rule.paths)] = &.{ "/other", "/api" };
    configuration.include[@intFromEnum(Rule.hosts)] = &.{"shop"};
    try std.testing.expect(wantsRequest(&configuration, &head));
    configuration.exclude[@intFromEnum(Rule.methods)] = &.{"get"};
    try std.testing.expect(!wantsRequest(&configuration, &head));
    configuration = .{};
    configuration.include[@intFromEnum(Rule.methods)] = &.{"POST"};
    try std.testing.expect(!wantsRequest(&configuration, &head));
    configuration = .{};
    configuration.exclude[@intFromEnum(Rule.paths)] = &.{"/ap*/x"};
    try std.testing.expect(!wantsRequest(&configuration, &head));
    configuration = .{ .closed = 1 };
    try std.testing.expect(!wantsRequest(&configuration, &head));
    configuration = .{};
    configuration.exclude[@intFromEnum(Rule.statuses)] = &.{ "2XX", "404" };
    configuration.include[@intFromEnum(Rule.statuses)] = &.{ "xxx", "0" };
    for ([_][]const u8{ "500", "0", "403" }) |status| try std.testing.expect(wants(&configuration, .statuses, status));
    for ([_][]const u8{ "200", "404" }) |status| try std.testing.expect(!wants(&configuration, .statuses, status));
}

test "what is traced though its share is left out" {
    var configuration = Configuration{};
    try std.testing.expect(!hasAlways(&configuration) and !isAlways(&configuration, "500", 1 << 60));
    configuration.sample_always_statuses = &.{ "5xx", "0" };
    try std.testing.expect(hasAlways(&configuration) and isAlways(&configuration, "503", 0) and isAlways(&configuration, "0", 0));
    try std.testing.expect(!isAlways(&configuration, "404", 1 << 60));
    configuration.sample_always_slower_ms = 500;
    try std.testing.expect(isAlways(&configuration, "200", 500 * std.time.ns_per_ms + 1));
    try std.testing.expect(!isAlways(&configuration, "200", 500 * std.time.ns_per_ms));
}

test "bodies" {
    const list = &[_][]const u8{ "application/json", "text/*" };
    for ([_][]const u8{ "application/json", "Application/JSON ; charset=utf-8", "text/html" }) |good| {
        try std.testing.expect(takesBodyOf(list, good) and takesBodyOf(&.{}, good));
    }
    for ([_][]const u8{ "application/json5", "image/png", "", "text" }) |bad| try std.testing.expect(!takesBodyOf(list, bad));
    const suffixes = &[_][]const u8{ "application/*+json", "*/xml" };
    for ([_][]const u8{ "application/vnd.api+json", "Application/Problem+JSON;a=b", "text/xml" }) |good| try std.testing.expect(takesBodyOf(suffixes, good));
    for ([_][]const u8{ "application/json", "application/octet-stream", "image/png", "image/svg+xml" }) |bad| try std.testing.expect(!takesBodyOf(suffixes, bad));
    try std.testing.expect(takesBodyOf(&.{}, ""));
    const streaming = [_]Head{
        headOf(&.{.{ ":status", "101" }}),                                  headOf(&.{.{ ":method", "CONNECT" }}),
        headOf(&.{.{ "content-type", "application/grpc-web+proto; a=b" }}), headOf(&.{.{ "content-type", "text/event-stream" }}),
    };
    for (&streaming) |*head| try std.testing.expect(isStreaming(head));
    const ordinary = [_]Head{
        headOf(&.{ .{ ":method", "POST" }, .{ "content-type", "application/json" }, .{ "upgrade", "h2c" } }),
        headOf(&.{ .{ ":status", "200" }, .{ "connection", "Upgrade" }, .{ "upgrade", "h2,h2c" } }),
    };
    for (&ordinary) |*head| try std.testing.expect(!isStreaming(head));
}
