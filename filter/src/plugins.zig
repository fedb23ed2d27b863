//! The configured instances (root contexts) of one machine. There are several when listeners have
//! different configurations, and while an old one drains beside the new.

const std = @import("std");
const limits = @import("limits.zig");
const headers = @import("headers.zig");
const encoders = @import("encoders.zig");
const configuration_file = @import("configuration.zig");
const metrics = @import("metrics.zig");
const Backoff = @import("backoff.zig").Backoff;
const Configuration = configuration_file.Configuration;

pub const Plugin = struct {
    /// 0: free.
    root: u32 = 0,
    configuration: Configuration = .{},
    /// The headers of every call to the backend, in the form that the host takes.
    call_head: []const u8 = "",
    call_head_buffer: [limits.call_head_bytes_max]u8 = undefined,
    metric_ids: [metrics.count]?u32 = undefined,
    backoff: Backoff = .{},
    lists: configuration_file.Lists = undefined,
    text: [limits.configuration_bytes_max]u8 = undefined,

    /// Reads the configuration out of `text[0..length]`.
    pub fn configure(plugin: *Plugin, root: u32, length: usize) void {
        plugin.root = root;
        plugin.backoff = .{};
        plugin.configuration.parse(plugin.text[0..length], &plugin.lists);
        plugin.buildCallHead();
    }

    pub fn traits(plugin: *const Plugin) *const encoders.Traits {
        return encoders.traits(plugin.configuration.format);
    }

    pub fn traces(plugin: *const Plugin) bool {
        return plugin.configuration.cluster.len > 0;
    }

    /// A document waits in the queue for a tick at most.
    pub fn tickMilliseconds(plugin: *const Plugin) u32 {
        const configuration = &plugin.configuration;
        const heartbeat = configuration.heartbeat_seconds * 1000;
        return if (plugin.traits().batched()) @min(heartbeat, configuration.batch_milliseconds) else heartbeat;
    }

    fn buildCallHead(plugin: *Plugin) void {
        const configuration = &plugin.configuration;
        const own = [_]headers.Header{
            .{ .name = ":method", .value = "POST" },
            .{ .name = ":scheme", .value = "http" },
            .{ .name = ":path", .value = configuration.path },
            .{ .name = ":authority", .value = configuration.authority },
            .{ .name = "content-type", .value = plugin.traits().content_type },
            .{ .name = @import("head.zig").marker_name, .value = configuration.name },
        };
        var all: [own.len + limits.call_headers_max]headers.Header = undefined;
        @memcpy(all[0..own.len], &own);
        var count = own.len;
        var at: usize = 0;
        while (at < configuration.backend_headers.len) : (at += 2) {
            all[count] = .{ .name = configuration.backend_headers[at], .value = configuration.backend_headers[at + 1] };
            count += 1;
        }
        if (headers.encodePairs(all[0..count], &plugin.call_head_buffer)) |head| {
            plugin.call_head = head;
        } else {
            // Too long together: the call without the configured headers is still a call.
            configuration.errors += 1;
            plugin.call_head = headers.encodePairs(&own, &plugin.call_head_buffer) orelse "";
        }
    }
};

pub const Plugins = struct {
    items: []Plugin,

    pub fn find(plugins: Plugins, root: u32) ?*Plugin {
        if (root == 0) return null;
        for (plugins.items) |*plugin| if (plugin.root == root) return plugin;
        return null;
    }

    /// The place of this root, old or new. Null when there are too many.
    pub fn claim(plugins: Plugins, root: u32) ?*Plugin {
        if (root == 0) return null;
        if (plugins.find(root)) |plugin| return plugin;
        for (plugins.items) |*plugin| if (plugin.root == 0) return plugin;
        return null;
    }
};

comptime {
    // Six headers of our own always fit: three configured texts of at most 1,024 bytes.
    std.debug.assert(limits.call_head_bytes_max >= 4 * 1024);
}
