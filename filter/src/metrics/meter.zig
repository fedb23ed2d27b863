// SPDX-License-Identifier: Apache-2.0
//! Counts and shows: the metrics of a configured filter, through the host.

const json = @import("../formats/json.zig");
const texts = @import("../text.zig");
const metrics = @import("metrics.zig");
const Metric = metrics.Metric;
const PluginContext = @import("../config/plugin_contexts.zig").PluginContext;

pub fn Meter(comptime host: type) type {
    return struct {
        /// What this machine has added to gauges that all workers share.
        var levels: [metrics.count]i32 = @splat(0);

        pub fn define(plugin: *PluginContext) void {
            var buffer: [metrics.name_bytes_max]u8 = undefined;
            var rest: []const u8 = metrics.names;
            for (&plugin.metric_ids, 0..) |*id, at| {
                var name = json.Writer{ .buffer = &buffer };
                name.raw(metrics.prefix);
                name.raw(plugin.configuration.name);
                name.raw("_");
                name.raw(texts.before(rest, ' '));
                rest = texts.after(rest, ' ');
                const metric: Metric = @enumFromInt(at);
                id.* = host.defineMetric(metric.kind(), name.written());
            }
        }

        noinline fn idOf(plugin: *const PluginContext, metric: Metric) u32 {
            return plugin.metric_ids[@intFromEnum(metric)];
        }

        pub noinline fn count(plugin: *const PluginContext, metric: Metric, by: u32) void {
            if (by == 0) return;
            host.incrementMetric(idOf(plugin, metric), by);
            if (metric.isReason()) host.incrementMetric(idOf(plugin, .dropped), by);
        }

        pub noinline fn show(plugin: *const PluginContext, metric: Metric, value: u64) void {
            host.recordMetric(idOf(plugin, metric), value);
        }

        pub fn shown(plugin: *const PluginContext, metric: Metric) u64 {
            return host.metricValue(idOf(plugin, metric));
        }

        /// Brings this machine's part of a gauge to `value`.
        pub noinline fn level(plugin: *const PluginContext, metric: Metric, value: usize) void {
            const wanted: i32 = @intCast(value);
            const change = wanted - levels[@intFromEnum(metric)];
            if (change == 0) return;
            levels[@intFromEnum(metric)] = wanted;
            host.incrementMetric(idOf(plugin, metric), change);
        }
    };
}
