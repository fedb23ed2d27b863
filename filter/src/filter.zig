//! What happens at each event. It reaches the host through the `host` it is given and nothing else, so
//! that native tests run it against a host of their own. No event can fail: whatever the host answers,
//! the exchange goes on, and what could not be traced is counted.

const std = @import("std");
const limits = @import("limits.zig");
const calls_file = @import("calls.zig");
const capture = @import("capture.zig");
const chain = @import("chain.zig");
const connections = @import("connections.zig");
const encoders = @import("encoders.zig");
const headers = @import("headers.zig");
const json = @import("json.zig");
const metrics = @import("metrics.zig");
const plugins_file = @import("plugins.zig");
const request_id = @import("request_id.zig");
const streams = @import("streams.zig");
const Metric = metrics.Metric;
const Record = @import("record.zig").Record;

pub const Direction = enum { request, response };

pub fn Filter(comptime host: type) type {
    return struct {
        var blocks: [limits.blocks_count]chain.Block = undefined;
        var output: [limits.output_bytes]u8 = undefined;
        var stream_slots: [limits.streams_max]streams.Stream = undefined;
        var stream_index: [limits.stream_index_slots]u16 = undefined;
        // Set in start(): initial values other than zero would be stored in the binary, byte by byte.
        var plugin_slots: [limits.plugins_max]plugins_file.Plugin = undefined;

        var pool: chain.Pool = undefined;
        var table: streams.Table = undefined;
        var calls: calls_file.Calls = undefined;
        var cache: connections.Cache = undefined;
        var metric_ids: [metrics.count]?u32 = @splat(null);
        var started = false;
        var serial: u64 = 0;

        const plugins = plugins_file.Plugins{ .items = &plugin_slots };

        fn start() void {
            if (started) return;
            started = true;
            pool = chain.Pool.init(&blocks);
            table = streams.Table.init(&stream_slots, &stream_index);
            calls.clear();
            cache.clear();
            for (&plugin_slots) |*plugin| plugin.root = 0;
            for (&metric_ids, 0..) |*id, at| {
                const metric: Metric = @enumFromInt(at);
                id.* = host.defineMetric(metric.kind(), metric.name());
            }
        }

        pub fn onContextCreate(id: u32, root: u32) void {
            if (root == 0) return; // A root context: it starts with its configuration.
            start();
            const plugin = plugins.find(root) orelse return count(.trace_dropped, 1);
            if (!plugin.traces()) return count(.trace_dropped, 1);
            if (table.add(id, root) == null) count(.trace_dropped, 1);
        }

        pub fn onConfigure(root: u32, size: usize) void {
            host.scratch.reset();
            start();
            const plugin = plugins.claim(root) orelse {
                count(.trace_configuration_errors, 1);
                return host.warn("wasm-filter: too many configurations in one machine: this one traces nothing");
            };
            var length: usize = 0;
            if (size > 0 and size <= plugin.text.len) {
                if (host.bufferBytes(.plugin_configuration, 0, size)) |text| {
                    length = @min(text.len, plugin.text.len);
                    @memcpy(plugin.text[0..length], text[0..length]);
                }
            }
            plugin.configure(root, length);
            const configuration = &plugin.configuration;
            showRevision(configuration.revision);
            if (configuration.errors > 0) {
                count(.trace_configuration_errors, configuration.errors);
                // No values and no names from the configuration: a token may stand anywhere in it.
                host.warn("wasm-filter: configuration entries that can't be used keep their defaults " ++
                    "(trace_configuration_errors counts them)");
            }
            if (!plugin.traces()) host.warn("wasm-filter: no backend.cluster: nothing is traced");
            host.setTickPeriod(configuration.heartbeat_seconds * 1000);
        }

        /// Envoy tries a configuration on its main thread before any worker has it. So a new revision takes
        /// the heartbeat of the old one away: only a tick of a machine that runs the new one brings it back.
        fn showRevision(revision: u64) void {
            if (shownRevision() != revision) record(.trace_heartbeat, 0);
            record(.trace_revision, revision);
        }

        fn shownRevision() ?u64 {
            return host.metricValue(metric_ids[@intFromEnum(Metric.trace_revision)] orelse return null);
        }

        /// The heartbeat tells that this machine is alive. It beats for the revision that the gauge shows:
        /// an older configuration that still drains must not answer for a newer one that has died.
        pub fn onTick(root: u32) void {
            if (!started) return;
            const plugin = plugins.find(root) orelse return;
            if (shownRevision() != plugin.configuration.revision) return;
            record(.trace_heartbeat, host.nowNanoseconds() / std.time.ns_per_s);
        }

        pub fn onHeaders(id: u32, comptime direction: Direction) void {
            if (!started) return;
            const stream = table.find(id) orelse return;
            if (stream.ignored) return;
            const plugin = plugins.find(stream.root) orelse return;
            host.scratch.reset();
            const pairs = host.headerPairs(if (direction == .request) .request else .response);
            const side = &@field(stream, @tagName(direction));
            const seen = capture.storeHeaders(side, &pool, &host.scratch, &plugin.configuration, pairs orelse "");
            if (pairs == null) side.headers_truncated = true;
            if (direction == .request) {
                stream.source_is_peer = !seen.forwarded and plugin.configuration.context != .gateway;
                if (seen.marked) ignore(stream);
            }
        }

        pub fn onBody(id: u32, comptime direction: Direction, size: usize) void {
            if (!started) return;
            const stream = table.find(id) orelse return;
            if (stream.ignored or size == 0) return;
            const plugin = plugins.find(stream.root) orelse return;
            const side = &@field(stream, @tagName(direction));
            if (side.body_truncated) return;
            const configuration = &plugin.configuration;
            const most = switch (direction) {
                .request => configuration.request_body_bytes_max,
                .response => configuration.response_body_bytes_max,
            };
            const room: usize = if (configuration.bodiesTaken()) capture.bodyRoom(side, most) else 0;
            if (size > room) side.body_truncated = true;
            if (!takeBody(side, direction, @min(size, room))) side.body_truncated = true;
        }

        /// Each callback sees its own chunk only, from offset 0.
        fn takeBody(side: *streams.Side, comptime direction: Direction, size: usize) bool {
            var at: usize = 0;
            while (at < size) {
                host.scratch.reset();
                const wanted = @min(size - at, limits.body_piece_bytes);
                const buffer = if (direction == .request) .request_body else .response_body;
                const piece = host.bufferBytes(buffer, at, wanted) orelse return false;
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
            if (goesToBackend(&plugin.configuration)) return;
            send(plugin, stream);
        }

        pub fn onDelete(id: u32) void {
            if (!started) return;
            if (plugins.find(id)) |plugin| {
                plugin.root = 0;
                calls.removeRoot(id);
            } else if (table.find(id)) |stream| {
                // Envoy logs before it deletes; a stream that is still here was never logged.
                if (stream.request.headers_seen and !stream.ignored) count(.trace_dropped, 1);
                forget(stream);
            }
        }

        pub fn onHttpCallResponse(root: u32, token: u32, headers_count: u32) void {
            if (!started or !calls.remove(root, token)) return;
            host.scratch.reset();
            const status = if (headers_count > 0) host.headerValue(.call_response, ":status") else null;
            const accepted = if (status) |text| text.len == 3 and text[0] == '2' else false;
            count(if (accepted) .trace_sent else .trace_failed, 1);
        }

        fn goesToBackend(configuration: *const @import("configuration.zig").Configuration) bool {
            // Clusters of the inbound side are called inbound|...: never the backend's. (The property that
            // was once called cluster_name is answered by none of Envoy 1.36 to 1.40.)
            if (configuration.context == .inbound) return false;
            const cluster = host.property("xds\x00cluster_name") orelse return false;
            return std.mem.eql(u8, cluster, configuration.cluster);
        }

        fn send(plugin: *plugins_file.Plugin, stream: *streams.Stream) void {
            if (!calls.hasRoom(0)) return count(.trace_dropped, 1);
            var writer = json.Writer{ .buffer = &output };
            if (!encode(plugin, stream, &writer)) return count(.trace_dropped, 1);
            const document = writer.written();
            if (!calls.hasRoom(document.len)) return count(.trace_dropped, 1);
            if (isTruncated(plugin, stream)) count(.trace_truncated, 1);
            const configuration = &plugin.configuration;
            const token = host.httpCall(configuration.cluster, plugin.call_head, document, configuration.timeout_ms);
            if (token) |known| calls.add(plugin.root, known, document.len) else count(.trace_failed, 1);
        }

        fn encode(plugin: *const plugins_file.Plugin, stream: *streams.Stream, writer: *json.Writer) bool {
            var request_body = stream.request.chain.reader(&pool);
            var response_body = stream.response.chain.reader(&pool);
            const request_headers = linear(&request_body, &stream.request) orelse return false;
            const response_headers = linear(&response_body, &stream.response) orelse return false;
            const facts = factsOf(&plugin.configuration, stream);
            var made: [request_id.length]u8 = undefined;
            const exchange = Record{
                .request_id = request_headers.find("x-request-id") orelse makeRequestId(stream, facts, &made),
                .source_address = facts.source,
                .destination_address = facts.destination,
                .protocol = facts.protocol,
                .request = .{
                    .headers = request_headers,
                    .body = request_body,
                    .body_truncated = stream.request.body_truncated,
                },
                .response = .{
                    .headers = response_headers,
                    .body = response_body,
                    .body_truncated = stream.response.body_truncated,
                },
            };
            encoders.encode(plugin.configuration.format, &exchange, writer);
            return !writer.overflow;
        }

        /// The headers in one piece; the reader is left at the start of the body.
        fn linear(reader: *chain.Reader, side: *const streams.Side) ?headers.List {
            const bytes = host.scratch.allocate(side.headers_bytes) orelse return null;
            return if (reader.copy(bytes)) .{ .bytes = bytes } else null;
        }

        fn factsOf(configuration: *const @import("configuration.zig").Configuration, stream: *const streams.Stream) connections.Facts {
            // A gateway's own address is nobody's destination; a source named by x-forwarded-for is the
            // request's and not the connection's: neither is kept.
            const cacheable = stream.source_is_peer and configuration.context != .gateway;
            const connection = if (cacheable) connectionId() else 0;
            if (cache.get(connection)) |facts| return facts;
            var facts = connections.Facts{
                .source = property("source\x00address"),
                .protocol = property("request\x00protocol"),
            };
            if (configuration.context == .gateway) facts.destination = property("upstream\x00address");
            if (facts.destination.len == 0) facts.destination = property("destination\x00address");
            cache.put(connection, facts);
            return facts;
        }

        fn connectionId() u64 {
            const bytes = host.property("connection_id") orelse return 0;
            return if (bytes.len == 8) std.mem.readInt(u64, bytes[0..8], .little) else 0;
        }

        fn property(path: []const u8) []const u8 {
            const value = host.property(path) orelse return "";
            return value[0..@min(value.len, limits.property_bytes_max)];
        }

        fn makeRequestId(stream: *const streams.Stream, facts: connections.Facts, target: *[request_id.length]u8) []const u8 {
            serial +%= 1;
            return request_id.make(&.{
                host.nowNanoseconds(),
                serial << 32 | stream.id,
                request_id.seedOf(facts.source),
                request_id.seedOf(facts.destination),
            }, target);
        }

        fn isTruncated(plugin: *const plugins_file.Plugin, stream: *const streams.Stream) bool {
            if (stream.request.headers_truncated or stream.response.headers_truncated) return true;
            // Bodies that are switched off are absent by wish, not for want of room.
            if (!plugin.configuration.bodiesTaken()) return false;
            return stream.request.body_truncated or stream.response.body_truncated;
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

        fn count(metric: Metric, by: u32) void {
            if (metric_ids[@intFromEnum(metric)]) |id| host.incrementMetric(id, by);
        }

        fn record(metric: Metric, value: u64) void {
            if (metric_ids[@intFromEnum(metric)]) |id| host.recordMetric(id, value);
        }

        /// For tests: what is in use now.
        pub fn usage() struct { blocks: usize, calls: usize } {
            if (!started) return .{ .blocks = 0, .calls = 0 };
            return .{ .blocks = pool.blocks.len - pool.available, .calls = calls.count };
        }
    };
}
