// SPDX-License-Identifier: Apache-2.0
//! The configured instances (root contexts) of one machine. There are several when listeners have
//! different configurations, and while an old one drains beside the new.

const std = @import("std");
const limits = @import("../limits.zig");
const headers = @import("../capture/headers.zig");
const formats = @import("../formats/formats.zig");
const configuration_file = @import("configuration.zig");
const metrics = @import("../metrics/metrics.zig");
const marker_name = @import("../capture/known_headers.zig").marker_name;
const Hosts = @import("../select/hosts.zig").Hosts;
const Backoff = @import("../send/backoff.zig").Backoff;
const Configuration = configuration_file.Configuration;

pub const PluginContext = struct {
    /// 0: free.
    root: u32,
    /// Nothing more is to come but the answers to its calls.
    ending: bool,
    /// It has had requests.
    served: bool,
    /// Up to when that is in `serving_seconds`; 0: not at all yet.
    counted_s: u64,
    configuration: Configuration,
    /// The headers of every call to the backend, in the form that the host takes.
    call_head: []const u8,
    call_head_buffer: [limits.call_head_bytes_max]u8,
    poll_head: []const u8,
    poll_head_buffer: [limits.call_head_bytes_max]u8,
    /// Whether a poll is without an answer yet, and which.
    polling: bool,
    poll_token: u32,
    poll_at_ns: u64,
    hosts: Hosts,
    metric_ids: [metrics.count]u32,
    backoff: Backoff,
    list_items: [limits.list_items_max][]const u8,
    text: [limits.configuration_bytes_max]u8,

    /// Reads the configuration out of `text[0..length]`.
    pub fn configure(plugin: *PluginContext, root: u32, length: usize) void {
        plugin.root = root;
        plugin.ending = false;
        plugin.served = false;
        plugin.counted_s = 0;
        plugin.backoff = .{};
        var lists = configuration_file.Lists{ .items = &plugin.list_items };
        plugin.configuration.parse(plugin.text[0..length], &lists);
        plugin.buildHeads();
        plugin.hosts.clear();
        plugin.polling = false;
        plugin.poll_at_ns = 0;
    }

    pub fn traits(plugin: *const PluginContext) *const formats.Traits {
        return formats.traits(plugin.configuration.format);
    }

    pub fn traces(plugin: *const PluginContext) bool {
        return plugin.configuration.backend_cluster.len > 0;
    }

    /// A document waits in the queue for a tick at most.
    pub fn tickMilliseconds(plugin: *const PluginContext) u32 {
        const configuration = &plugin.configuration;
        const heartbeat = configuration.heartbeat_seconds * 1000;
        const polled = if (configuration.hosts_from_cluster.len > 0) @min(heartbeat, 1000) else heartbeat;
        return if (plugin.traits().batched()) @min(polled, configuration.batch_milliseconds) else polled;
    }

    fn buildHeads(plugin: *PluginContext) void {
        const configuration = &plugin.configuration;
        const content_type = plugin.traits().content_type;
        plugin.call_head = plugin.headOf("POST", configuration.backend_path, configuration.backend_authority, content_type, &plugin.call_head_buffer);
        if (configuration.hosts_from_cluster.len == 0) return;
        plugin.poll_head = plugin.headOf("GET", configuration.hosts_from_path, configuration.hosts_from_authority, "", &plugin.poll_head_buffer);
    }

    /// Configured headers, such as a token, are for both kinds of call; without a content type there is none.
    noinline fn headOf(plugin: *PluginContext, method: []const u8, path: []const u8, authority: []const u8, content_type: []const u8, buffer: []u8) []const u8 {
        const configuration = &plugin.configuration;
        const all = [_][]const u8{
            ":method", method, ":path",     path,               ":authority",   authority,
            ":scheme", "http", marker_name, configuration.name, "content-type", content_type,
        };
        const own = all[0 .. all.len - if (content_type.len == 0) @as(usize, 2) else 0];
        var length = headers.encodePairs(&.{ own, configuration.backend_headers }, buffer);
        if (length == 0) {
            // Too long together: the call without the configured headers is still a call.
            configuration.errors += 1;
            length = headers.encodePairs(&.{own}, buffer);
        }
        return buffer[0..length];
    }
};

pub const PluginContexts = struct {
    /// Storage of zeros: all places are free, and nothing of it is in the binary.
    bytes: [limits.plugins_max * @sizeOf(PluginContext)]u8 align(@alignOf(PluginContext)) = @splat(0),

    pub fn items(plugins: *PluginContexts) *[limits.plugins_max]PluginContext {
        return @ptrCast(&plugins.bytes);
    }

    pub fn find(plugins: *PluginContexts, root: u32) ?*PluginContext {
        return if (root == 0) null else plugins.seek(root);
    }

    noinline fn seek(plugins: *PluginContexts, root: u32) ?*PluginContext {
        for (plugins.items()) |*plugin| if (plugin.root == root) return plugin;
        return null;
    }

    pub fn indexOf(plugins: *PluginContexts, plugin: *const PluginContext) u8 {
        return @intCast((@intFromPtr(plugin) - @intFromPtr(plugins)) / @sizeOf(PluginContext));
    }

    /// The place of this root, old or new. Null when there are too many.
    pub fn claim(plugins: *PluginContexts, root: u32) ?*PluginContext {
        if (root == 0) return null;
        return plugins.seek(root) orelse plugins.seek(0);
    }
};

comptime {
    // Six headers of our own always fit: three configured texts of at most 1,024 bytes.
    std.debug.assert(limits.call_head_bytes_max >= 4 * 1024);
}
