//! Counts and shows: the metrics of a configured filter, through the host.

const metrics = @import("metrics.zig");
const Metric = metrics.Metric;
const Plugin = @import("plugins.zig").Plugin;

pub fn Meter(comptime host: type) type {
    return struct {
        /// What this machine has added to gauges that all workers share.
        var levels: [metrics.count]i64 = @splat(0);

        pub fn define(plugin: *Plugin) void {
            var name: metrics.Name = undefined;
            name.start(plugin.configuration.name);
            const start = name.length;
            var metric: u8 = 0;
            for (metrics.names) |byte| {
                if (byte != ' ') {
                    name.bytes[name.length] = byte;
                    name.length += 1;
                    continue;
                }
                const kind = @as(Metric, @enumFromInt(metric)).kind();
                plugin.metric_ids[metric] = host.defineMetric(kind, name.bytes[0..name.length]);
                metric += 1;
                name.length = start;
            }
        }

        fn idOf(plugin: *const Plugin, metric: Metric) ?u32 {
            return plugin.metric_ids[@intFromEnum(metric)];
        }

        pub noinline fn count(plugin: *const Plugin, metric: Metric, by: u32) void {
            if (by == 0) return;
            if (idOf(plugin, metric)) |id| host.incrementMetric(id, by);
            if (metric.isReason()) count(plugin, .dropped, by);
        }

        pub noinline fn show(plugin: *const Plugin, metric: Metric, value: u64) void {
            if (idOf(plugin, metric)) |id| host.recordMetric(id, value);
        }

        pub fn shown(plugin: *const Plugin, metric: Metric) ?u64 {
            return host.metricValue(idOf(plugin, metric) orelse return null);
        }

        /// Brings this machine's part of a gauge to `value`.
        pub noinline fn level(plugin: *const Plugin, metric: Metric, value: usize) void {
            const wanted: i64 = @intCast(value);
            const change = wanted - levels[@intFromEnum(metric)];
            if (change == 0) return;
            levels[@intFromEnum(metric)] = wanted;
            if (idOf(plugin, metric)) |id| host.incrementMetric(id, change);
        }
    };
}
