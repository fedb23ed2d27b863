// SPDX-License-Identifier: Apache-2.0
//! The host's functions (proxy-wasm ABI 0.2.1). No other file names them. A status other than Ok is
//! "nothing": the filter has no use for the reason. What the host returns lies in `scratch`, which is
//! checked, and lives until the scratch space is reset at the next event.

const std = @import("std");
const limits = @import("../limits.zig");
const MetricKind = @import("../metrics/metrics.zig").Kind;
const Arena = @import("scratch.zig").Arena;

const Status = enum(u32) { ok = 0, _ };

pub const HeaderMap = enum(u32) { request = 0, response = 2, response_trailers = 3, call_response = 6 };

pub const Buffer = enum(u32) { request_body = 0, response_body = 1, call_body = 4, plugin_configuration = 7 };

const warn_level: u32 = 3;

var scratch_space: [limits.scratch_bytes]u8 align(16) linksection(limits.large) = undefined;
pub var scratch = Arena{ .buffer = &scratch_space };

extern "env" fn proxy_log(level: u32, text: [*]const u8, text_size: usize) Status;
extern "env" fn proxy_get_buffer_bytes(kind: u32, start: usize, most: usize, data: *usize, data_size: *usize) Status;
extern "env" fn proxy_get_header_map_pairs(kind: u32, data: *usize, data_size: *usize) Status;
extern "env" fn proxy_get_header_map_value(kind: u32, key: [*]const u8, key_size: usize, data: *usize, data_size: *usize) Status;
extern "env" fn proxy_get_property(path: [*]const u8, path_size: usize, data: *usize, data_size: *usize) Status;
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
) Status;
extern "env" fn proxy_set_effective_context(context: u32) Status;
extern "env" fn proxy_done() Status;
extern "env" fn proxy_define_metric(kind: u32, name: [*]const u8, name_size: usize, id: *u32) Status;
extern "env" fn proxy_increment_metric(id: u32, by: i64) Status;
extern "env" fn proxy_record_metric(id: u32, value: u64) Status;
extern "env" fn proxy_get_metric(id: u32, value: *u64) Status;
extern "env" fn proxy_set_tick_period_milliseconds(period: u32) Status;
extern "env" fn proxy_get_current_time_nanoseconds(time: *u64) Status;

/// Where the host writes what it returns: here instead of on the stack, as a stack frame costs more.
var returned_address: usize = 0;
var returned_size: usize = 0;
var returned_number: u64 = 0;
var returned_id: u32 = 0;

/// What the host returned, if that is so many bytes (see `size`).
inline fn returned(length: usize) []u8 {
    const data: [*]u8 = @ptrFromInt(returned_address);
    return data[0..length];
}

/// Nothing, unless it is within what we gave the host to put it into: that is not believed unseen.
noinline fn size(status: Status) usize {
    if (status == .ok and returned_size > 0 and scratch.contains(returned_address, returned_size)) return returned_size;
    returned_address = @intFromPtr(&scratch_space);
    return 0;
}

/// No token, no metric.
pub const none = std.math.maxInt(u32);

pub fn warn(text: []const u8) void {
    _ = proxy_log(warn_level, text.ptr, text.len);
}

pub inline fn bufferBytes(buffer: Buffer, start: usize, most: usize) []u8 {
    return returned(bufferSize(buffer, start, most));
}

noinline fn bufferSize(buffer: Buffer, start: usize, most: usize) usize {
    return size(proxy_get_buffer_bytes(@intFromEnum(buffer), start, most, &returned_address, &returned_size));
}

pub inline fn headerPairs(map: HeaderMap) []const u8 {
    return returned(size(proxy_get_header_map_pairs(@intFromEnum(map), &returned_address, &returned_size)));
}

pub inline fn headerValue(map: HeaderMap, name: []const u8) []const u8 {
    return returned(headerSize(map, name));
}

noinline fn headerSize(map: HeaderMap, name: []const u8) usize {
    return size(proxy_get_header_map_value(@intFromEnum(map), name.ptr, name.len, &returned_address, &returned_size));
}

/// The parts of a path are separated by NUL.
pub inline fn property(path: []const u8) []const u8 {
    return returned(propertySize(path));
}

noinline fn propertySize(path: []const u8) usize {
    return size(proxy_get_property(path.ptr, path.len, &returned_address, &returned_size));
}

/// Calls that follow are made in the name of this context, until it is 0 again.
pub fn actFor(context: u32) void {
    _ = proxy_set_effective_context(context);
}

/// The current context has nothing left to do, after its `done` said that it had.
pub fn done() void {
    _ = proxy_done();
}

noinline fn idIf(status: Status) u32 {
    return if (status == .ok) returned_id else none;
}

/// The token of the call, or `none` when it could not be made. The host copies `body`.
pub fn httpCall(cluster: []const u8, head: []const u8, body: []const u8, timeout_ms: u32) u32 {
    // An empty header map in the wire form: no trailers.
    const trailers = [_]u8{0} ** 4;
    const status = proxy_http_call(
        cluster.ptr,
        cluster.len,
        head.ptr,
        head.len,
        body.ptr,
        body.len,
        &trailers,
        trailers.len,
        timeout_ms,
        &returned_id,
    );
    return idIf(status);
}

/// `none` when it can't be had: the host then refuses what is done with it.
pub fn defineMetric(kind: MetricKind, name: []const u8) u32 {
    return idIf(proxy_define_metric(@intFromEnum(kind), name.ptr, name.len, &returned_id));
}

/// Less than nothing is for gauges only.
pub fn incrementMetric(id: u32, by: i64) void {
    _ = proxy_increment_metric(id, by);
}

pub fn recordMetric(id: u32, value: u64) void {
    _ = proxy_record_metric(id, value);
}

pub fn metricValue(id: u32) u64 {
    returned_number = 0;
    _ = proxy_get_metric(id, &returned_number);
    return returned_number;
}

pub fn setTickPeriod(milliseconds: u32) void {
    _ = proxy_set_tick_period_milliseconds(milliseconds);
}

pub fn nowNanoseconds() u64 {
    _ = proxy_get_current_time_nanoseconds(&returned_number);
    return returned_number;
}
