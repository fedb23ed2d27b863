// SPDX-License-Identifier: Apache-2.0
//! What happens at each event. It reaches the host through the `host` it is given and nothing else, so
//! that native tests run it against a host of their own. No event can fail: whatever the host answers,
//! the exchange goes on, and what could not be traced is counted.

const std = @import("std");
const json_reader = @import("config/json_reader.zig");
const limits = @import("limits.zig");
const capture = @import("capture/capture.zig");
const block_list = @import("capture/block_list.zig");
const body_kind = @import("capture/body_kind.zig");
const body_redaction = @import("capture/body_redaction.zig");
const grpc = @import("capture/grpc.zig");
const plugin_contexts = @import("config/plugin_contexts.zig");
const selection = @import("select/selection.zig");
const streams = @import("capture/streams.zig");
const texts = @import("text.zig");
const Exchange = @import("capture/exchange.zig").Exchange;
const Head = @import("capture/known_headers.zig").Head;
const Meter = @import("metrics/meter.zig").Meter;
const Polling = @import("select/polling.zig").Polling;
const record = @import("capture/record.zig");
const name_cache = @import("capture/name_cache.zig");
const PluginContext = plugin_contexts.PluginContext;
const Sampler = @import("select/sampling.zig").Sampler;
const Sender = @import("send/sender.zig").Sender;

const nothing_traced = "nothing is traced: no backend.cluster, or too many configurations";

pub const Direction = enum(u32) { request, response };

pub fn Filter(comptime host: type) type {
    const exchange = Exchange(host);
    const meter = Meter(host);
    const sender = Sender(host);
    const polling = Polling(host);
    return struct {
        // Of zeros, which take no room in the binary.
        var blocks: [limits.blocks_count + 1]block_list.Block linksection(limits.large) = @splat(std.mem.zeroes(block_list.Block));
        var stream_slots: [limits.streams_max + 1]streams.Stream linksection(limits.large) = @splat(std.mem.zeroes(streams.Stream));
        var stream_buckets: [limits.stream_buckets]u16 linksection(limits.large) = @splat(0);
        var hidden_names: name_cache.NameCache linksection(limits.large) = std.mem.zeroes(name_cache.NameCache);
        var plugins: plugin_contexts.PluginContexts linksection(limits.large) = .{};

        var pool = block_list.Pool.init(&blocks);
        var table = streams.Table{ .slots = &stream_slots, .buckets = &stream_buckets };

        pub fn onContextCreate(id: u32, root: u32) void {
            if (root == 0) return; // A root context: it starts with its configuration.
            const found = plugins.find(root);
            if (found) |plugin| if (plugin.traces()) {
                if (!plugin.served) {
                    plugin.served = true;
                    beat(plugin);
                }
                if (table.add(id, plugins.indexOf(plugin)) == null) meter.count(plugin, .dropped_streams, 1);
                return;
            };
            meter.count(found orelse anyPlugin(), .dropped_no_backend, 1);
        }

        /// Counts what happens where there is no plugin.
        fn anyPlugin() *PluginContext {
            return &plugins.items()[0];
        }

        pub fn onConfigure(root: u32, size: usize) void {
            host.scratch.reset();
            const plugin = plugins.claim(root) orelse {
                meter.count(anyPlugin(), .configuration_errors, 1);
                return host.warn(nothing_traced);
            };
            _ = sender.end(plugin);
            const text = if (size <= plugin.text.len) host.bufferBytes(.plugin_configuration, 0, size) else "";
            const length = @min(text.len, plugin.text.len);
            texts.copy(&plugin.text, text[0..length]);
            plugin.configure(root, length);
            hidden_names.clear();
            pool.withheld = @intCast((limits.memory_mib_max - plugin.configuration.memory_mib) * (1024 * 1024 / limits.block_bytes));
            meter.define(plugin);
            const configuration = &plugin.configuration;
            showRevision(plugin);
            if (configuration.errors > 0) {
                meter.count(plugin, .configuration_errors, configuration.errors);
                // No values and no names from the configuration: a token may stand anywhere in it.
                host.warn("bad entries keep their defaults, or let less be traced");
            }
            if (!plugin.traces()) host.warn(nothing_traced);
            host.setTickPeriod(plugin.tickMilliseconds());
        }

        /// Envoy tries a configuration on its main thread before any worker has it. So a new revision takes
        /// the heartbeat of the old one away: only a tick of a machine that runs the new one brings it back.
        fn showRevision(plugin: *const PluginContext) void {
            const revision = plugin.configuration.revision;
            if (meter.shown(plugin, .revision) != revision) meter.show(plugin, .heartbeat, 0);
            meter.show(plugin, .revision, revision);
        }

        pub fn onTick(root: u32) void {
            const plugin = plugins.find(root) orelse return;
            host.scratch.reset();
            sender.tick(plugin);
            polling.tick(plugin);
            showLevels(plugin);
            beat(plugin);
        }

        /// The heartbeat tells that this machine is alive. It beats for the revision that the gauge shows:
        /// an older configuration that still drains must not answer for a newer one that has died. Nor may
        /// Envoy's main thread, whose machine ticks but never has a request, answer for a worker that has
        /// died: an odd second says that the machine has had requests, and then only such machines beat.
        noinline fn beat(plugin: *PluginContext) void {
            if (meter.shown(plugin, .revision) != plugin.configuration.revision) return;
            const served = @intFromBool(plugin.served);
            if (meter.shown(plugin, .heartbeat) & 1 > served) return;
            const now_s = host.nowNanoseconds() / std.time.ns_per_s;
            meter.show(plugin, .heartbeat, now_s & ~@as(u64, 1) | served);
            if (served == 0) return;
            // All machines that serve add to it: one that has died does not any more.
            if (plugin.counted_s > 0) meter.count(plugin, .serving_seconds, @truncate(now_s -| plugin.counted_s));
            plugin.counted_s = now_s;
        }

        /// At ticks, as a gauge that followed each request would cost each request a call of the host.
        fn showLevels(plugin: *const PluginContext) void {
            var down: usize = 0;
            for (plugins.items()) |*one| down += @intFromBool(one.root != 0 and !one.ending and one.backoff.isDown());
            meter.level(plugin, .backend_down, down);
            // The machine may end with the configuration: nobody would then take these out of the gauge.
            const leaving = if (plugin.ending) sender.calls.countOf(plugin.root) else 0;
            meter.level(plugin, .in_flight, sender.calls.count - leaving);
            const used: usize = limits.blocks_count - pool.available;
            meter.level(plugin, .memory_bytes, used * limits.block_bytes + sender.waiting());
        }

        pub fn onHeaders(id: u32, direction: Direction) void {
            const stream = table.find(id) orelse return;
            if (stream.ignored) return;
            const plugin = &plugins.items()[stream.plugin];
            host.scratch.reset();
            const pairs = host.headerPairs(if (direction == .request) .request else .response);
            const names = name_cache.NamesOf.of(&hidden_names, stream.plugin, .headers, plugin.configuration.redact_headers);
            var head: Head = undefined;
            head.read(pairs, &names);
            // Decided before anything is kept: what is left out costs no more than this.
            if (direction == .request and decline(plugin, stream, &head)) return;
            if (grpc.isGrpc(head.get(.content_type))) stream.is_grpc = true;
            if (direction == .response) {
                stream.grpc_status = grpc.read(head.get(.grpc_status));
                const status = head.get(.status);
                stream.status = if (status.len == 3) status[0..3].* else @splat(0);
                if (isSettled(plugin, stream) and isLeftOut(plugin, stream)) return skip(plugin, stream);
            } else {
                stream.source_is_forwarded = head.has(.forwarded_for);
            }
            keepHeaders(plugin, stream, direction, &head, pairs);
        }

        fn keepHeaders(plugin: *const PluginContext, stream: *streams.Stream, direction: Direction, head: *const Head, pairs: []const u8) void {
            const configuration = &plugin.configuration;
            const side = if (direction == .request) &stream.request else &stream.response;
            const query = name_cache.NamesOf.of(&hidden_names, stream.plugin, .query, configuration.redact_query);
            capture.storeHeaders(side, &pool, &host.scratch, head, &query, pairs);
            const is_timed = stream.provisional and configuration.sample_always_slower_ms > 0;
            if (is_timed or plugin.traits().timesOf(direction == .request)) side.time_ns = host.nowNanoseconds();
            if (selection.isStreaming(head)) stream.streaming = true;
            // What the client now sends is no body of its request any more.
            if (selection.isSwitch(head)) stream.request.body_taken = false;
            if (configuration.bodies == .off or stream.streaming or stream.provisional) return;
            if (!selection.takesBodyOf(configuration.body_content_types, head.get(.content_type))) return;
            side.body_kind = body_kind.of(head.get(.content_type), head.get(.content_encoding));
            side.body_taken = body_redaction.takes(side.body_kind, configuration.redact_body_fields);
        }

        /// True for an exchange that is not to be traced; it is counted.
        fn decline(plugin: *const PluginContext, stream: *streams.Stream, head: *const Head) bool {
            const configuration = &plugin.configuration;
            if (!head.has(.marker)) {
                const wanted = selection.wantsRequest(configuration, head) and isHostWanted(plugin, head);
                const sampler = Sampler{ .by = configuration.sample_by, .rate = configuration.sample_rate };
                const sampled = wanted and (sampler.decide(head) orelse sampler.takes(host.nowNanoseconds() +% stream.id));
                stream.provisional = wanted and !sampled and selection.hasAlways(configuration);
                if (sampled or stream.provisional) return false;
                meter.count(plugin, .skipped, 1);
            }
            ignore(stream);
            return true;
        }

        /// Whether the headers of a response decide: then neither they nor those of the request are kept any longer.
        fn isSettled(plugin: *const PluginContext, stream: *const streams.Stream) bool {
            return stream.provisional and !stream.is_grpc and plugin.configuration.sample_always_slower_ms == 0;
        }

        /// Whether a provisional exchange stays left out, by what is known of it now.
        fn isLeftOut(plugin: *const PluginContext, stream: *const streams.Stream) bool {
            const configuration = &plugin.configuration;
            const for_rules = grpc.statusForRules(if (stream.is_grpc) stream.grpc_status else 0, record.statusOf(&stream.status));
            // It is 0 for a request that came while nobody asked for it.
            const began = stream.request.time_ns;
            const took = if (configuration.sample_always_slower_ms > 0 and began > 0) host.nowNanoseconds() -| began else 0;
            return !selection.isAlways(configuration, for_rules, took);
        }

        fn isHostWanted(plugin: *const PluginContext, head: *const Head) bool {
            if (plugin.configuration.hosts_from_cluster.len == 0) return true;
            return plugin.hosts.has(head.hostname(), head.get(.scheme), exchange.ownNamespace());
        }

        pub fn onBody(id: u32, direction: Direction, size: usize) void {
            const stream = table.find(id) orelse return;
            if (stream.ignored or size == 0) return;
            const plugin = &plugins.items()[stream.plugin];
            const side = if (direction == .request) &stream.request else &stream.response;
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
        fn takeBody(side: *streams.HalfStream, direction: Direction, size: usize) bool {
            var at: usize = 0;
            while (at < size) {
                host.scratch.reset();
                const wanted = @min(size - at, limits.body_piece_bytes);
                const piece = host.bufferBytes(if (direction == .request) .request_body else .response_body, at, wanted);
                if (piece.len == 0 or piece.len > wanted) return false;
                if (!capture.storeBody(side, &pool, piece)) return false;
                at += piece.len;
            }
            return true;
        }

        /// Of all that comes behind a response's body only the status of a gRPC call is kept.
        pub fn onTrailers(id: u32) void {
            const stream = table.find(id) orelse return;
            if (stream.ignored or !stream.is_grpc) return;
            host.scratch.reset();
            const status = grpc.read(host.headerValue(.response_trailers, "grpc-status"));
            if (status == 0) return;
            stream.grpc_status = status;
            stream.grpc_in_trailers = true;
        }

        /// A context is over. True when nothing is left to do for it.
        pub fn onDone(id: u32) bool {
            if (plugins.find(id)) |plugin| {
                const over = sender.end(plugin);
                plugin.ending = true;
                showLevels(plugin);
                if (over) plugin.root = 0;
                return over;
            }
            if (table.find(id)) |stream| {
                trace(stream);
                ignore(stream);
                table.remove(id);
            }
            return true;
        }

        /// The one place where a trace is made and sent.
        fn trace(stream: *streams.Stream) void {
            const plugin = &plugins.items()[stream.plugin];
            if (stream.ignored or !stream.request.headers_seen or plugin.ending) return;
            host.scratch.reset();
            if (stream.provisional and isLeftOut(plugin, stream)) return skip(plugin, stream);
            // Clusters of the inbound side are called inbound|...: never the backend's. (The property that
            // was once called cluster_name is answered by none of Envoy 1.36 to 1.40.)
            const cluster = if (plugin.configuration.context == .inbound) "" else host.property("xds\x00cluster_name");
            if (texts.equal(cluster, plugin.configuration.backend_cluster)) return;
            const limits_of = [_]u32{ plugin.configuration.request_body_bytes_max, plugin.configuration.response_body_bytes_max };
            for ([_]*streams.HalfStream{ &stream.request, &stream.response }, limits_of) |side, most| {
                body_redaction.redact(side, &pool, &hidden_names, stream.plugin, plugin.configuration.redact_body_fields, most);
            }
            var found: record.Record = undefined;
            if (!exchange.describe(&found, plugin, stream, &pool, cluster)) return meter.count(plugin, .dropped_memory, 1);
            const status = grpc.statusForRules(if (stream.is_grpc) stream.grpc_status else 0, found.text(.status));
            if (!selection.wants(&plugin.configuration, .statuses, status)) return skip(plugin, stream);
            if (stream.request.isTruncated() or stream.response.isTruncated()) meter.count(plugin, .truncated, 1);
            sender.add(plugin, &found);
        }

        pub fn onHttpCallResponse(root: u32, token: u32, headers_count: u32, body_size: usize) void {
            const plugin = plugins.find(root) orelse return;
            host.scratch.reset();
            const status = json_reader.unsigned(if (headers_count > 0) host.headerValue(.call_response, ":status") else "", 10);
            if (polling.answered(plugin, token, status, body_size)) return;
            sender.answered(plugin, token, status, body_size);
            if (!plugin.ending or sender.calls.countOf(root) > 0) return;
            plugin.root = 0;
            host.done();
        }

        fn skip(plugin: *const PluginContext, stream: *streams.Stream) void {
            meter.count(plugin, .skipped, 1);
            ignore(stream);
        }

        fn ignore(stream: *streams.Stream) void {
            stream.request.blocks.clear(&pool);
            stream.response.blocks.clear(&pool);
            stream.ignored = true;
        }

        /// For tests: what is in use now.
        pub fn usage() struct { blocks: usize, calls: usize } {
            return .{ .blocks = limits.blocks_count - pool.available, .calls = sender.calls.count };
        }
    };
}
