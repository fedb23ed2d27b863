//! Asks the backend which hosts to trace, again and again.

const std = @import("std");
const limits = @import("limits.zig");
const request_id = @import("request_id.zig");
const Meter = @import("meter.zig").Meter;
const Plugin = @import("plugins.zig").Plugin;

pub fn Polling(comptime host: type) type {
    const meter = Meter(host);
    return struct {
        /// A quarter of the time between two polls is left to chance, either way, so that proxies which
        /// started together do not ask together. Without a list the next poll is soon.
        pub fn tick(plugin: *Plugin) void {
            const configuration = &plugin.configuration;
            if (configuration.hosts_from_cluster.len == 0 or plugin.poll_token != null) return;
            const now = host.nowNanoseconds();
            if (now < plugin.poll_at_ns) return;
            const seconds: u64 = if (plugin.hosts.known) configuration.hosts_from_seconds else 1;
            const period = seconds * std.time.ns_per_s;
            plugin.poll_at_ns = now +| period / 4 * 3 + request_id.mix(now +% plugin.root) % (period / 2);
            plugin.poll_token = host.httpCall(configuration.hosts_from_cluster, plugin.poll_head, "", configuration.timeout_ms);
            if (plugin.poll_token == null) meter.count(plugin, .polls_failed, 1);
        }

        /// False for an answer to another call.
        pub fn answered(plugin: *Plugin, token: u32, status: []const u8, size: usize) bool {
            if (plugin.poll_token == null or plugin.poll_token.? != token) return false;
            plugin.poll_token = null;
            if (!take(plugin, status, size)) meter.count(plugin, .polls_failed, 1);
            return true;
        }

        fn take(plugin: *Plugin, status: []const u8, size: usize) bool {
            if (status.len != 3 or status[0] != '2' or size == 0 or size > limits.hosts_bytes_max) return false;
            const body = host.bufferBytes(.call_body, 0, size);
            const answer = host.scratch.allocate(body.len) orelse return false;
            @memcpy(answer, body);
            return plugin.hosts.read(answer);
        }
    };
}
