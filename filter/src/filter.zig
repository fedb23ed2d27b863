//! What happens at each event. It reaches the host through the `host` it is given and nothing else, so
//! that native tests run it against a host of their own. No event can fail: whatever the host answers,
//! the exchange goes on, and what could not be traced is counted.

const std = @import("std");
const limits = @import("limits.zig");
const capture = @import("capture.zig");
const chain = @import("chain.zig");
const plugins_file = @import("plugins.zig");
const selection = @import("selection.zig");
const streams = @import("streams.zig");
const texts = @import("text.zig");
const Exchange = @import("exchange.zig").Exchange;
const Head = @import("head.zig").Head;
const Meter = @import("meter.zig").Meter;
const Polling = @import("polling.zig").Polling;
const Record = @import("record.zig").Record;
const Plugin = plugins_file.Plugin;
const Sender = @import("sender.zig").Sender;

pub const Direction = enum { request, response };

pub fn Filter(comptime host: type) type {
    const exchange = Exchange(host);
    const meter = Meter(host);
    const sender = Sender(host);
    const polling = Polling(host);
    return struct {
        var blocks: [limits.blocks_count]chain.Block = undefined;
        var stream_slots: [limits.streams_max]streams.Stream = undefined;
        var stream_buckets: [limits.stream_buckets]u16 = undefined;
        // Set in start(): initial values other than zero would be stored in the binary, byte by byte.
        var plugin_slots: [limits.plugins_max]Plugin = undefined;

        var pool: chain.Pool = undefined;
        var table: streams.Table = undefined;
        var started = false;

        const plugins = plugins_file.Plugins{ .items = &plugin_slots };
        /// Counts what happens where there is no plugin.
        const any_plugin = &plugin_slots[0];

        fn start() void {
            if (started) return;
            started = true;
            pool = chain.Pool.init(&blocks);
            table = streams.Table.init(&stream_slots, &stream_buckets);
            sender.start();
            for (&plugin_slots) |*plugin| {
                plugin.root = 0;
                for (&plugin.metric_ids) |*id| id.* = null;
            }
        }

        pub fn onContextCreate(id: u32, root: u32) void {
            if (root == 0) return; // A root context: it starts with its configuration.
            start();
            const plugin = plugins.find(root) orelse return meter.count(any_plugin, .dropped_no_backend, 1);
            if (!plugin.traces()) return meter.count(plugin, .dropped_no_backend, 1);
            if (table.add(id, root) == null) meter.count(plugin, .dropped_streams, 1);
        }

        pub fn onConfigure(root: u32, size: usize) void {
            host.scratch.reset();
            start();
            const plugin = plugins.claim(root) orelse {
                meter.count(any_plugin, .configuration_errors, 1);
                return host.warn("wasm-filter: too many configurations in one machine: this one traces nothing");
            };
            sender.release(plugins);
            var length: usize = 0;
            if (size > 0 and size <= plugin.text.len) {
                if (host.bufferBytes(.plugin_configuration, 0, size)) |text| {
                    length = @min(text.len, plugin.text.len);
                    @memcpy(plugin.text[0..length], text[0..length]);
                }
            }
            plugin.configure(root, length);
            meter.define(plugin);
            const configuration = &plugin.configuration;
            showRevision(plugin);
            if (configuration.errors > 0) {
                meter.count(plugin, .configuration_errors, configuration.errors);
                // No values and no names from the configuration: a token may stand anywhere in it.
                host.warn("wasm-filter: configuration entries that can't be used keep their defaults " ++
                    "(the metric configuration_errors counts them)");
            }
            if (!plugin.traces()) host.warn("wasm-filter: no backend.cluster: nothing is traced");
            host.setTickPeriod(plugin.tickMilliseconds());
        }

        /// Envoy tries a configuration on its main thread before any worker has it. So a new revision takes
        /// the heartbeat of the old one away: only a tick of a machine that runs the new one brings it back.
        fn showRevision(plugin: *const Plugin) void {
            const revision = plugin.configuration.revision;
            if (meter.shown(plugin, .revision) != revision) meter.show(plugin, .heartbeat, 0);
            meter.show(plugin, .revision, revision);
        }

        /// The heartbeat tells that this machine is alive. It beats for the revision that the gauge shows:
        /// an older configuration that still drains must not answer for a newer one that has died.
        pub fn onTick(root: u32) void {
            if (!started) return;
            const plugin = plugins.find(root) orelse return;
            host.scratch.reset();
            _ = sender.flush(plugin);
            polling.tick(plugin);
            showLevels(plugin);
            if (meter.shown(plugin, .revision) != plugin.configuration.revision) return;
            meter.show(plugin, .heartbeat, host.nowNanoseconds() / std.time.ns_per_s);
        }

        /// At ticks, as a gauge that followed each request would cost each request a call of the host.
        fn showLevels(plugin: *const Plugin) void {
            var down: usize = 0;
            for (&plugin_slots) |*one| down += @intFromBool(one.root != 0 and one.backoff.isDown());
            meter.level(plugin, .backend_down, down);
            meter.level(plugin, .in_flight, sender.calls.count);
            const used = pool.blocks.len - pool.available;
            meter.level(plugin, .memory_bytes, used * limits.block_bytes + sender.waiting());
        }

        pub fn onHeaders(id: u32, direction: Direction) void {
            if (!started) return;
            const stream = table.find(id) orelse return;
            if (stream.ignored) return;
            const plugin = plugins.find(stream.root) orelse return;
            host.scratch.reset();
            const pairs = host.headerPairs(if (direction == .request) .request else .response);
            const side = sideOf(stream, direction);
            const head = capture.storeHeaders(side, &pool, &host.scratch, &plugin.configuration, pairs orelse "");
            if (pairs == null) side.headers_truncated = true;
            if (plugin.traits().times) side.time_ns = host.nowNanoseconds();
            const configuration = &plugin.configuration;
            if (selection.isStreaming(&head)) stream.streaming = true;
            side.body_taken = configuration.bodies == .on and !stream.streaming and
                selection.takesBodyOf(configuration.body_content_types, head.get(.content_type));
            if (direction == .response) return;
            stream.source_is_peer = !head.has(.forwarded_for) and configuration.context != .gateway;
            if (head.has(.marker)) return ignore(stream);
            const id_missing = configuration.sample_rate != std.math.maxInt(u32) and !head.has(.request_id);
            const chance = if (id_missing) host.nowNanoseconds() +% id else 0;
            if (!selection.wantsRequest(configuration, &head, chance) or !isHostWanted(plugin, &head)) skip(plugin, stream);
        }

        fn isHostWanted(plugin: *const Plugin, head: *const Head) bool {
            if (plugin.configuration.hosts_from_cluster.len == 0) return true;
            return plugin.hosts.has(head.hostname(), head.get(.scheme), exchange.property(exchange.own_namespace));
        }

        fn sideOf(stream: *streams.Stream, direction: Direction) *streams.Side {
            return if (direction == .request) &stream.request else &stream.response;
        }

        pub fn onBody(id: u32, direction: Direction, size: usize) void {
            if (!started) return;
            const stream = table.find(id) orelse return;
            if (stream.ignored or size == 0) return;
            const plugin = plugins.find(stream.root) orelse return;
            const side = sideOf(stream, direction);
            side.body_seen_bytes +|= @intCast(@min(size, std.math.maxInt(u32)));
            if (side.body_truncated) return;
            const configuration = &plugin.configuration;
            const most = switch (direction) {
                .request => configuration.request_body_bytes_max,
                .response => configuration.response_body_bytes_max,
            };
            const room: usize = if (side.body_taken) capture.bodyRoom(side, most) else 0;
            if (size > room) side.body_truncated = true;
            if (!takeBody(side, direction, @min(size, room))) side.body_truncated = true;
        }

        /// Each callback sees its own chunk only, from offset 0.
        fn takeBody(side: *streams.Side, direction: Direction, size: usize) bool {
            var at: usize = 0;
            while (at < size) {
                host.scratch.reset();
                const wanted = @min(size - at, limits.body_piece_bytes);
                const piece = host.bufferBytes(if (direction == .request) .request_body else .response_body, at, wanted) orelse return false;
                if (piece.len == 0 or piece.len > wanted) return false;
                if (!capture.storeBody(side, &pool, piece)) return false;
                at += piece.len;
            }
            return true;
        }

        /// The exchange is over: the one place where a trace is made and sent.
        pub fn onLog(id: u32) void {
            if (!started) return;
            const stream = table.find(id) orelse return;
            defer forget(stream);
            const plugin = plugins.find(stream.root) orelse return;
            if (stream.ignored or !stream.request.headers_seen) return;
            host.scratch.reset();
            // Clusters of the inbound side are called inbound|...: never the backend's. (The property that
            // was once called cluster_name is answered by none of Envoy 1.36 to 1.40.)
            const inbound = plugin.configuration.context == .inbound;
            const cluster = if (inbound) "" else host.property("xds\x00cluster_name") orelse "";
            if (texts.equal(cluster, plugin.configuration.cluster)) return;
            var record: Record = undefined;
            if (!exchange.describe(&record, plugin, stream, &pool, cluster)) return meter.count(plugin, .dropped_memory, 1);
            if (!selection.wantsStatus(&plugin.configuration, record.text(.status))) return skip(plugin, stream);
            if (isTruncated(stream)) meter.count(plugin, .truncated, 1);
            sender.add(plugins, plugin, &record);
        }

        pub fn onDelete(id: u32) void {
            if (!started) return;
            if (plugins.find(id)) |plugin| {
                sender.forget(plugin);
                plugin.root = 0;
                showLevels(plugin);
            } else if (table.find(id)) |stream| {
                // Envoy logs before it deletes; a stream that is still here was never logged.
                const plugin = plugins.find(stream.root) orelse any_plugin;
                if (stream.request.headers_seen and !stream.ignored) meter.count(plugin, .dropped_ended, 1);
                forget(stream);
            }
        }

        pub fn onHttpCallResponse(root: u32, token: u32, headers_count: u32, body_size: usize) void {
            if (!started) return;
            const plugin = plugins.find(root) orelse return;
            host.scratch.reset();
            const status = if (headers_count > 0) host.headerValue(.call_response, ":status") else null;
            if (polling.answered(plugin, token, status orelse "", body_size)) return;
            _ = sender.answered(plugin, token, status orelse "");
        }

        fn isTruncated(stream: *const streams.Stream) bool {
            if (stream.request.headers_truncated or stream.response.headers_truncated) return true;
            // Bodies that are not wanted are absent by wish, not for want of room.
            if (stream.request.body_truncated and stream.request.body_taken) return true;
            return stream.response.body_truncated and stream.response.body_taken;
        }

        fn skip(plugin: *const Plugin, stream: *streams.Stream) void {
            meter.count(plugin, .skipped, 1);
            ignore(stream);
        }

        fn ignore(stream: *streams.Stream) void {
            stream.request.chain.clear(&pool);
            stream.response.chain.clear(&pool);
            stream.ignored = true;
        }

        fn forget(stream: *streams.Stream) void {
            ignore(stream);
            table.remove(stream.id);
        }

        /// For tests: what is in use now.
        pub fn usage() struct { blocks: usize, calls: usize } {
            if (!started) return .{ .blocks = 0, .calls = 0 };
            return .{ .blocks = pool.blocks.len - pool.available, .calls = sender.calls.count };
        }
    };
}
