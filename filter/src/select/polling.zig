// SPDX-License-Identifier: Apache-2.0
//! Asks the backend which hosts to trace, again and again.

const std = @import("std");
const limits = @import("../limits.zig");
const request_id = @import("../capture/request_id.zig");
const Meter = @import("../metrics/meter.zig").Meter;
const PluginContext = @import("../config/plugin_contexts.zig").PluginContext;

pub fn Polling(comptime host: type) type {
    const meter = Meter(host);
    return struct {
        /// A quarter of the time between two polls is left to chance, either way, so that proxies which
        /// started together do not ask together. Without a list the next poll is soon.
        pub fn tick(plugin: *PluginContext) void {
            const configuration = &plugin.configuration;
            if (configuration.hosts_from_cluster.len == 0 or plugin.polling) return;
            const now = host.nowNanoseconds();
            if (now < plugin.poll_at_ns) return;
            const seconds: u64 = if (plugin.hosts.known) configuration.hosts_from_seconds else 1;
            const share = request_id.mix(now +% plugin.root) % (std.time.ns_per_s / 2);
            plugin.poll_at_ns = now +| seconds * (std.time.ns_per_s / 4 * 3 + share);
            plugin.poll_token = host.httpCall(configuration.hosts_from_cluster, plugin.poll_head, "", configuration.backend_timeout_ms);
            plugin.polling = plugin.poll_token != host.none;
            if (!plugin.polling) meter.count(plugin, .polls_failed, 1);
        }

        /// False for an answer to another call.
        pub fn answered(plugin: *PluginContext, token: u32, status: u64, size: usize) bool {
            if (!plugin.polling or plugin.poll_token != token) return false;
            plugin.polling = false;
            const good = status -% 200 < 100 and size <= limits.hosts_bytes_max and plugin.hosts.read(host.bufferBytes(.call_body, 0, size));
            if (!good) meter.count(plugin, .polls_failed, 1);
            return true;
        }
    };
}
