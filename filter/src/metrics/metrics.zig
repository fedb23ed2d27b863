// SPDX-License-Identifier: Apache-2.0
//! The metrics' names. Envoy puts `wasmcustom.` before each custom name, and its Prometheus page takes
//! that one prefix off again: `wasmcustom.trace_sent` reads `wasmcustom_trace_sent` there. `trace` is
//! the filter's configured name, so that two filters in a proxy do not write to each other's gauges.

const std = @import("std");
const limits = @import("../limits.zig");

pub const Kind = enum(u32) { counter = 0, gauge = 1 };

pub const Metric = enum(u32) {
    revision,
    heartbeat,
    in_flight,
    memory_bytes,
    backend_down,
    sent,
    failed,
    skipped,
    truncated,
    resent,
    serving_seconds,
    bytes,
    configuration_errors,
    polls_failed,
    dropped,
    /// Why: each is counted in `dropped` as well.
    dropped_no_backend,
    dropped_streams,
    dropped_memory,
    dropped_busy,
    dropped_backend_down,
    dropped_ended,

    pub fn kind(metric: Metric) Kind {
        return if (@intFromEnum(metric) <= @intFromEnum(Metric.backend_down)) .gauge else .counter;
    }

    pub fn isReason(metric: Metric) bool {
        return @intFromEnum(metric) > @intFromEnum(Metric.dropped);
    }
};

pub const count = std.meta.fieldNames(Metric).len;

/// All names in their order, each with a space behind it: @tagName would be a function with a branch for each.
pub const names = all: {
    var text: []const u8 = "";
    for (std.meta.fieldNames(Metric)) |name| text = text ++ name ++ " ";
    break :all text;
};

pub const prefix = "wasmcustom.";
pub const name_bytes_max = prefix.len + limits.name_bytes_max + 1 + suffix_bytes_max;
const suffix_bytes_max = 32;

comptime {
    for (std.meta.fieldNames(Metric)) |name| std.debug.assert(name.len < suffix_bytes_max);
}
