// SPDX-License-Identifier: Apache-2.0
//! A filter that looks at nothing and sends one fixed POST per request: what a trace costs at the least.
//! The body is its plugin configuration, so that it can be a trace that was recorded.

const cluster = "backend";
const head = [_][2][]const u8{
    .{ ":method", "POST" },
    .{ ":path", "/publish" },
    .{ ":authority", "collector:9000" },
    .{ "content-type", "application/json" },
    .{ "x-wasm-filter-trace", "trace" },
};
const wire = encoded();
const no_trailers = [_]u8{0} ** 4;
const timeout_ms = 5000;
const plugin_configuration: u32 = 7;

var body: [64 * 1024]u8 = undefined;
var body_size: usize = 0;

extern "env" fn proxy_get_buffer_bytes(kind: u32, start: usize, size: usize, data: *usize, data_size: *usize) u32;
extern "env" fn proxy_http_call(
    upstream: [*]const u8,
    upstream_size: usize,
    head: [*]const u8,
    head_size: usize,
    body: [*]const u8,
    body_size: usize,
    trailers: [*]const u8,
    trailers_size: usize,
    timeout_ms: u32,
    token: *u32,
) u32;

export fn proxy_abi_version_0_2_1() void {}

export fn proxy_on_memory_allocate(size: usize) ?[*]u8 {
    return if (size <= body.len) &body else null;
}

export fn proxy_on_configure(_: u32, size: usize) u32 {
    var at: usize = 0;
    _ = proxy_get_buffer_bytes(plugin_configuration, 0, size, &at, &body_size);
    return 1;
}

export fn proxy_on_context_create(_: u32, _: u32) void {}

export fn proxy_on_log(_: u32) void {
    var token: u32 = 0;
    _ = proxy_http_call(cluster, cluster.len, &wire, wire.len, &body, body_size, &no_trailers, no_trailers.len, timeout_ms, &token);
}

fn wireSize() usize {
    var size: usize = 4;
    for (head) |pair| size += 8 + pair[0].len + 1 + pair[1].len + 1;
    return size;
}

/// A header map as the host reads it: the number of pairs, all lengths, then the texts, each with a NUL behind it.
fn encoded() [wireSize()]u8 {
    const std = @import("std");
    var bytes = [_]u8{0} ** wireSize();
    std.mem.writeInt(u32, bytes[0..4], head.len, .little);
    var lengths: usize = 4;
    var texts: usize = 4 + 8 * head.len;
    for (head) |pair| {
        for (pair) |text| {
            std.mem.writeInt(u32, bytes[lengths..][0..4], text.len, .little);
            @memcpy(bytes[texts..][0..text.len], text);
            lengths += 4;
            texts += text.len + 1;
        }
    }
    return bytes;
}
