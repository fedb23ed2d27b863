// SPDX-License-Identifier: Apache-2.0
//! From a stream to its record: what is asked of the host when an exchange is over.

const std = @import("std");
const limits = @import("../limits.zig");
const block_list = @import("block_list.zig");
const connections = @import("connections.zig");
const grpc = @import("grpc.zig");
const redaction = @import("redaction.zig");
const request_id = @import("request_id.zig");
const streams = @import("streams.zig");
const texts = @import("../text.zig");
const Configuration = @import("../config/configuration.zig").Configuration;
const PluginContext = @import("../config/plugin_contexts.zig").PluginContext;
const Record = @import("record.zig").Record;

pub fn Exchange(comptime host: type) type {
    return struct {
        // Empty from the start: all of its bytes are zero.
        var cache: connections.Cache linksection(limits.large) = std.mem.zeroes(connections.Cache);
        var own_known = false;
        var own: [own_paths.len][]const u8 = undefined;
        var own_bytes: [own_paths.len][limits.property_bytes_max]u8 linksection(limits.large) = undefined;
        var serial: u64 = 0;
        var made_id: [request_id.length]u8 = undefined;

        /// What it points to lives as long as the scratch space. False when that is short.
        pub fn describe(record: *Record, plugin: *const PluginContext, stream: *const streams.Stream, pool: *const block_list.Pool, cluster: []const u8) bool {
            const traits = plugin.traits();
            for (&record.messages, [_]*const streams.HalfStream{ &stream.request, &stream.response }) |*message, side| {
                message.side = side;
                message.body = side.blocks.reader(pool);
                // In one piece, which they mostly are; the reader is left at the start of the body.
                message.headers.bytes = message.body.take(side.headers_bytes) orelse copied: {
                    const space = host.scratch.allocate(side.headers_bytes) orelse return false;
                    const bytes = space[0..side.headers_bytes];
                    break :copied if (message.body.copy(bytes)) bytes else return false;
                };
                // Nobody can read half of what is compressed.
                if (side.body_kind == .coded and side.body_truncated) message.body.block = 0;
            }
            record.noteHeaders();
            setGrpc(record, &plugin.configuration, stream);
            connectionFacts(record.range(.source_address, connections.facts_count), &plugin.configuration, stream);
            record.is_client = plugin.configuration.context == .outbound;
            // Who is behind the peer is not the peer.
            record.set(.peer, if (record.is_client) record.text(.destination_address) else if (stream.source_is_forwarded) "" else record.text(.source_address));
            if (record.text(.request_id).len == 0) record.set(.request_id, makeRequestId(record));
            if (traits.namespace) record.set(.namespace, namespaceOf(&plugin.configuration, cluster));
            if (traits.resource) setOwn(record);
            record.end_ns = if (traits.end_time) host.nowNanoseconds() else 0;
            return true;
        }

        fn setGrpc(record: *Record, configuration: *const Configuration, stream: *const streams.Stream) void {
            // A request may have a header of this name.
            record.set(.grpc_status, "");
            if (!stream.is_grpc) return;
            const status = grpc.number(stream.grpc_status);
            record.set(.rpc_system, "grpc");
            record.set(.rpc_method, grpc.methodOf(record.text(.path)));
            record.set(.grpc_status, status);
            if (!stream.grpc_in_trailers) return;
            const hidden = redaction.ofHeaders(configuration.redact_headers).has("grpc-status");
            record.set(.grpc_trailer, if (hidden) redaction.placeholder else status);
        }

        const own_namespace = "xds\x00node\x00metadata\x00NAMESPACE";
        const own_paths = [_][]const u8{ "xds\x00node\x00metadata\x00WORKLOAD_NAME", own_namespace, "xds\x00node\x00metadata\x00NAME" };

        /// The proxy's own names stay what they are: they are asked for once.
        fn setOwn(record: *Record) void {
            if (!own_known) {
                own_known = true;
                for (own_paths, &own, &own_bytes) |path, *text, *bytes| {
                    const value = ownProperty(path);
                    texts.copy(bytes, value);
                    text.* = bytes[0..value.len];
                }
                // OpenTelemetry's word for a service whose name is not known.
                if (own[0].len == 0) own[0] = "unknown_service:envoy";
            }
            record.range(.own_service, own.len).* = own;
        }

        fn connectionFacts(facts: *connections.Facts, configuration: *const Configuration, stream: *const streams.Stream) void {
            const is_gateway = configuration.context == .gateway;
            // A gateway's own address is nobody's destination; a source named by x-forwarded-for is the
            // request's and not the connection's: neither is kept.
            const connection = if (stream.source_is_forwarded or is_gateway) 0 else connectionId();
            if (cache.get(connection, facts)) return;
            for ([_][]const u8{ "source\x00address", "destination\x00address", "request\x00protocol" }, facts) |path, *fact| fact.* = property(path);
            if (is_gateway) {
                const endpoint = property("upstream\x00address");
                if (endpoint.len > 0) facts[1] = endpoint;
            }
            cache.put(connection, facts);
        }

        fn connectionId() u64 {
            const bytes = host.property("connection_id");
            return if (bytes.len == 8) std.mem.readInt(u64, bytes[0..8], .little) else 0;
        }

        pub noinline fn ownNamespace() []const u8 {
            return ownProperty(own_namespace);
        }

        /// Older proxies have what they tell of themselves directly under `node`.
        fn ownProperty(path: []const u8) []const u8 {
            const value = property(path);
            return if (value.len > 0) value else property(path["xds\x00".len..]);
        }

        inline fn property(path: []const u8) []const u8 {
            const value = host.property(path);
            return value[0..@min(value.len, limits.property_bytes_max)];
        }

        /// What a pod receives is for its own namespace; what it sends goes where the cluster's name says,
        /// outbound|80||shop.pay.svc.cluster.local, or the endpoint: workload;namespace;...
        fn namespaceOf(configuration: *const Configuration, cluster: []const u8) []const u8 {
            if (configuration.context == .inbound) return ownNamespace();
            const rest = texts.after(cluster, '.');
            if (texts.startsWith(texts.after(rest, '.'), "svc.")) return texts.before(rest, '.');
            const workload = property("xds\x00upstream_host_metadata\x00filter_metadata\x00istio\x00workload");
            return texts.before(texts.after(workload, ';'), ';');
        }

        fn makeRequestId(record: *const Record) []const u8 {
            serial +%= 1;
            const seed = request_id.mix(host.nowNanoseconds()) +% serial;
            return request_id.make(request_id.seedOf(record.text(.source_address)) ^ seed, &made_id);
        }
    };
}
