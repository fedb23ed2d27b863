//! From a stream to its record: what is asked of the host when an exchange is over.

const std = @import("std");
const limits = @import("limits.zig");
const chain = @import("chain.zig");
const connections = @import("connections.zig");
const request_id = @import("request_id.zig");
const streams = @import("streams.zig");
const texts = @import("text.zig");
const Configuration = @import("configuration.zig").Configuration;
const Plugin = @import("plugins.zig").Plugin;
const Field = @import("record.zig").Field;
const Record = @import("record.zig").Record;

pub fn Exchange(comptime host: type) type {
    return struct {
        // Empty from the start: all of its bytes are zero.
        var cache: connections.Cache = std.mem.zeroes(connections.Cache);
        var own_known = false;
        var own_lengths: [own_paths.len]usize = undefined;
        var own_bytes: [own_paths.len][limits.property_bytes_max]u8 = undefined;
        var serial: u64 = 0;
        var made_id: [request_id.length]u8 = undefined;

        /// What it points to lives as long as the scratch space. False when that is short.
        pub fn describe(record: *Record, plugin: *const Plugin, stream: *const streams.Stream, pool: *const chain.Pool, cluster: []const u8) bool {
            const traits = plugin.traits();
            for (&record.messages, [_]*const streams.Side{ &stream.request, &stream.response }) |*message, side| {
                message.side = side;
                message.body = side.chain.reader(pool);
                // In one piece; the reader is left at the start of the body.
                const bytes = host.scratch.allocate(side.headers_bytes) orelse return false;
                if (!message.body.copy(bytes)) return false;
                message.headers = .{ .bytes = bytes };
            }
            record.noteHeaders();
            const facts = connectionFacts(&plugin.configuration, stream);
            record.set(.source_address, facts[0]);
            record.set(.destination_address, facts[1]);
            record.set(.protocol, facts[2]);
            if (record.text(.request_id).len == 0) record.set(.request_id, makeRequestId(stream, &facts));
            if (traits.namespace) record.set(.namespace, namespaceOf(&plugin.configuration, cluster));
            if (traits.resource) setOwn(record);
            record.end_ns = if (traits.times) host.nowNanoseconds() else 0;
            return true;
        }

        const own_paths = [_][]const u8{ "node\x00metadata\x00WORKLOAD_NAME", own_namespace, "node\x00metadata\x00NAME" };
        pub const own_namespace = "node\x00metadata\x00NAMESPACE";

        /// The proxy's own names stay what they are: they are asked for once.
        fn setOwn(record: *Record) void {
            for (own_paths, &own_lengths, &own_bytes, [_]Field{ .own_service, .own_namespace, .own_pod }) |path, *length, *bytes, field| {
                if (!own_known) {
                    const value = property(path);
                    texts.copy(bytes, value);
                    length.* = value.len;
                }
                record.set(field, bytes[0..length.*]);
            }
            own_known = true;
            // OpenTelemetry's word for a service whose name is not known.
            if (own_lengths[0] == 0) record.set(.own_service, "unknown_service:envoy");
        }

        fn connectionFacts(configuration: *const Configuration, stream: *const streams.Stream) connections.Facts {
            const is_gateway = configuration.context == .gateway;
            // A gateway's own address is nobody's destination; a source named by x-forwarded-for is the
            // request's and not the connection's: neither is kept.
            const connection = if (!stream.source_is_forwarded and !is_gateway) connectionId() else 0;
            var facts: connections.Facts = undefined;
            if (cache.get(connection, &facts)) return facts;
            facts[0] = property("source\x00address");
            facts[1] = if (is_gateway) property("upstream\x00address") else "";
            if (facts[1].len == 0) facts[1] = property("destination\x00address");
            facts[2] = property("request\x00protocol");
            cache.put(connection, &facts);
            return facts;
        }

        fn connectionId() u64 {
            const bytes = host.property("connection_id");
            return if (bytes.len == 8) std.mem.readInt(u64, bytes[0..8], .little) else 0;
        }

        pub noinline fn property(path: []const u8) []const u8 {
            const value = host.property(path);
            return value[0..@min(value.len, limits.property_bytes_max)];
        }

        /// What a pod receives is for its own namespace; what it sends goes where the cluster's name says,
        /// outbound|80||shop.pay.svc.cluster.local, or the endpoint: workload;namespace;...
        fn namespaceOf(configuration: *const Configuration, cluster: []const u8) []const u8 {
            if (configuration.context == .inbound) return property(own_namespace);
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

        fn makeRequestId(stream: *const streams.Stream, facts: *const connections.Facts) []const u8 {
            serial +%= 1;
            return request_id.make(&.{
                host.nowNanoseconds(),
                serial << 32 | stream.id,
                request_id.seedOf(facts[0]),
                request_id.seedOf(facts[1]),
            }, &made_id);
        }
    };
}
