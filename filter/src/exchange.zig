//! From a stream to its record: what is asked of the host when an exchange is over.

const std = @import("std");
const limits = @import("limits.zig");
const chain = @import("chain.zig");
const connections = @import("connections.zig");
const headers = @import("headers.zig");
const request_id = @import("request_id.zig");
const streams = @import("streams.zig");
const texts = @import("text.zig");
const Configuration = @import("configuration.zig").Configuration;
const Plugin = @import("plugins.zig").Plugin;
const Own = @import("record.zig").Own;
const Record = @import("record.zig").Record;

pub fn Exchange(comptime host: type) type {
    return struct {
        var cache: connections.Cache = undefined;
        var own: Own = .{};
        var own_known = false;
        var own_bytes: [3][limits.property_bytes_max]u8 = undefined;
        var serial: u64 = 0;
        var made_id: [request_id.length]u8 = undefined;

        pub fn start() void {
            cache.clear();
        }

        /// What it points to lives as long as the scratch space. False when that is short.
        pub fn describe(record: *Record, plugin: *const Plugin, stream: *const streams.Stream, pool: *const chain.Pool, cluster: []const u8) bool {
            const configuration = &plugin.configuration;
            const traits = plugin.traits();
            var request_body = stream.request.chain.reader(pool);
            var response_body = stream.response.chain.reader(pool);
            const request_headers = linear(&request_body, &stream.request) orelse return false;
            const response_headers = linear(&response_body, &stream.response) orelse return false;
            const facts = factsOf(configuration, stream);
            record.* = .{
                .request_id = request_headers.find("x-request-id") orelse makeRequestId(stream, facts),
                .source_address = facts.source,
                .destination_address = facts.destination,
                .protocol = facts.protocol,
                .namespace = if (traits.namespace) namespaceOf(configuration, cluster) else "",
                .own = if (traits.resource) ownFacts() else .{},
                .end_ns = if (traits.times) host.nowNanoseconds() else 0,
                .request = .{
                    .headers = request_headers,
                    .body = request_body,
                    .body_bytes = stream.request.body_seen_bytes,
                    .body_truncated = stream.request.body_truncated,
                    .time_ns = stream.request.time_ns,
                },
                .response = .{
                    .headers = response_headers,
                    .body = response_body,
                    .body_bytes = stream.response.body_seen_bytes,
                    .body_truncated = stream.response.body_truncated,
                    .time_ns = stream.response.time_ns,
                },
            };
            return true;
        }

        /// The headers in one piece; the reader is left at the start of the body.
        fn linear(reader: *chain.Reader, side: *const streams.Side) ?headers.List {
            const bytes = host.scratch.allocate(side.headers_bytes) orelse return null;
            return if (reader.copy(bytes)) .{ .bytes = bytes } else null;
        }

        /// The proxy's own names stay what they are: they are asked for once.
        fn ownFacts() Own {
            if (!own_known) {
                own_known = true;
                own = .{
                    .service = keep(0, property("node\x00metadata\x00WORKLOAD_NAME")),
                    .namespace = keep(1, property("node\x00metadata\x00NAMESPACE")),
                    .pod = keep(2, property("node\x00metadata\x00NAME")),
                };
            }
            return own;
        }

        fn keep(place: usize, value: []const u8) []const u8 {
            @memcpy(own_bytes[place][0..value.len], value);
            return own_bytes[place][0..value.len];
        }

        fn factsOf(configuration: *const Configuration, stream: *const streams.Stream) connections.Facts {
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

        pub noinline fn property(path: []const u8) []const u8 {
            const value = host.property(path) orelse return "";
            return value[0..@min(value.len, limits.property_bytes_max)];
        }

        /// What a pod receives is for its own namespace; what it sends goes where the cluster's name says,
        /// outbound|80||shop.pay.svc.cluster.local, or the endpoint: workload;namespace;...
        fn namespaceOf(configuration: *const Configuration, cluster: []const u8) []const u8 {
            if (configuration.context == .inbound) return property("node\x00metadata\x00NAMESPACE");
            var at: usize = 0;
            while (at < cluster.len) : (at += 1) {
                if (!texts.startsWith(cluster[at..], ".svc.")) continue;
                const dot = texts.lastIndexOf(cluster[0..at], '.') orelse return "";
                return cluster[dot + 1 .. at];
            }
            const workload = property("xds\x00upstream_host_metadata\x00filter_metadata\x00istio\x00workload");
            const rest = workload[(texts.indexOf(workload, ';') orelse return "") + 1 ..];
            return rest[0 .. texts.indexOf(rest, ';') orelse return ""];
        }

        fn makeRequestId(stream: *const streams.Stream, facts: connections.Facts) []const u8 {
            serial +%= 1;
            return request_id.make(&.{
                host.nowNanoseconds(),
                serial << 32 | stream.id,
                request_id.seedOf(facts.source),
                request_id.seedOf(facts.destination),
            }, &made_id);
        }
    };
}
