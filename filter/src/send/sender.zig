// SPDX-License-Identifier: Apache-2.0
//! From a record to the backend: documents are written into one buffer, the queue of all streams of a
//! worker, and leave it in one call: each by itself, or many together where the format allows.

const std = @import("std");
const limits = @import("../limits.zig");
const formats = @import("../formats/formats.zig");
const grpc = @import("../capture/grpc.zig");
const json = @import("../formats/json.zig");
const json_reader = @import("../config/json_reader.zig");
const partial_success = @import("partial_success.zig");
const request_id = @import("../capture/request_id.zig");
const Calls = @import("calls.zig").Calls;
const Kept = @import("kept.zig").Kept;
const Meter = @import("../metrics/meter.zig").Meter;
const Metric = @import("../metrics/metrics.zig").Metric;
const PluginContext = @import("../config/plugin_contexts.zig").PluginContext;
const texts = @import("../text.zig");
const Walker = @import("../formats/template.zig").Walker;
const Record = @import("../capture/record.zig").Record;

/// In seconds: what the backend asks for beyond that is not waited for.
const retry_after_max = 60;

pub fn Sender(comptime host: type) type {
    const meter = Meter(host);
    return struct {
        var output: [limits.output_bytes]u8 linksection(limits.large) = @splat(0);
        var writer = json.Writer{ .buffer = output[0 .. output.len - limits.close_bytes_max] };
        /// Whose documents are in the buffer, if there are any.
        var owner: *PluginContext = undefined;
        var documents: u32 = 0;
        /// Length of what comes before the first document.
        var open_length: usize = 0;
        /// Where the document ends that was the first to reach into the second half, and which it was.
        var half_length: usize = 0;
        var half_documents: u32 = 0;
        pub var calls: Calls linksection(limits.large) = std.mem.zeroes(Calls);
        /// Of formats whose batches are sent again. What waits begins behind them.
        var kept: Kept linksection(limits.large) = std.mem.zeroes(Kept);

        /// One document more. What can't be kept is dropped and counted, the oldest first.
        pub fn add(plugin: *PluginContext, record: *const Record) void {
            release(plugin);
            const batched = plugin.traits().batched();
            // Not worth writing what can't be sent.
            if (!batched) {
                const reason = obstacle(plugin, 0, .sent);
                if (reason != .sent) return meter.count(plugin, reason, 1);
            }
            while (!write(plugin, record)) {
                // A copy of what is under way is given up before anything that is nowhere else.
                if (dropKept(0)) continue;
                if (documents == 0) return meter.count(plugin, .dropped_memory, 1);
                if (!flush(plugin)) dropOldest();
            }
            const configuration = &plugin.configuration;
            if (batched and documents < configuration.batch_count and writer.length < configuration.batch_bytes) return;
            if (!flush(plugin) and !batched) drop(.dropped_memory);
        }

        /// Sends what waits of this plugin. False when it has to wait on.
        pub fn flush(plugin: *PluginContext) bool {
            if (documents == 0 or owner != plugin) return true;
            const traits = plugin.traits();
            // Of what stands between documents only the line feed stays behind the last one.
            var end_at = writer.length - (traits.between.len -| 1);
            const start = kept.bytes;
            if (obstacle(plugin, end_at - start, .sent) != .sent) return false;
            texts.copy(output[end_at..].ptr, traits.close);
            end_at += traits.close.len;
            const count = documents;
            documents = 0;
            const is_kept = traits.partial and kept.hasRoom();
            const token = call(plugin, output[start..end_at], count);
            if (is_kept) {
                kept.add(.{ .plugin = plugin, .token = token, .in_flight = token != host.none, .bytes = @intCast(end_at - start), .documents = count });
            } else if (token == host.none) meter.count(plugin, .failed, count);
            return true;
        }

        fn call(plugin: *PluginContext, body: []const u8, count: u32) u32 {
            const configuration = &plugin.configuration;
            const token = host.httpCall(configuration.backend_cluster, plugin.call_head, body, configuration.backend_timeout_ms);
            if (token == host.none) {
                failed(plugin, json_reader.none, 0);
            } else {
                calls.add(.{ .root = plugin.root, .token = token, .bytes = @intCast(body.len), .documents = count });
            }
            return token;
        }

        /// What could not be brought to the backend goes first, as it is older.
        pub fn tick(plugin: *PluginContext) void {
            resend(plugin);
            _ = flush(plugin);
        }

        fn resend(plugin: *PluginContext) void {
            for (kept.items[0..kept.count], 0..) |*batch, at| {
                if (batch.plugin != plugin or batch.in_flight) continue;
                if (obstacle(plugin, batch.bytes, .sent) != .sent) return;
                meter.count(plugin, .resent, batch.documents);
                batch.token = call(plugin, output[kept.startOf(at)..][0..batch.bytes], batch.documents);
                batch.in_flight = batch.token != host.none;
            }
        }

        /// False when there is none. What is under way may still arrive.
        fn dropKept(index: usize) bool {
            if (index >= kept.count) return false;
            const batch = kept.items[index];
            const plugin = batch.plugin orelse return false;
            if (!batch.in_flight) meter.count(plugin, obstacle(plugin, batch.bytes, .dropped_memory), batch.documents);
            releaseKept(index);
            return true;
        }

        fn releaseKept(index: usize) void {
            const start = kept.startOf(index);
            const size = kept.items[index].bytes;
            const end_at = if (documents > 0) writer.length else kept.bytes;
            @memmove(output[start .. end_at - size], output[start + size .. end_at]);
            kept.remove(index);
            writer.length = end_at - size;
            open_length -|= size;
            half_length -|= size;
        }

        /// The backend's answer to a call of ours; no answer is no number: the largest.
        pub fn answered(plugin: *PluginContext, token: u32, http_status: u64, body_size: usize) void {
            const made = calls.remove(plugin.root, token) orelse return;
            const partial = plugin.traits().partial;
            const status = if (partial) statusOf(http_status) else http_status;
            const accepted = status -% 200 < 100;
            if (kept.find(plugin, token)) |at| {
                if (isTemporary(status)) {
                    kept.items[at].in_flight = false;
                    return failed(plugin, status, json_reader.unsigned(host.headerValue(.call_response, "retry-after"), 10));
                }
                releaseKept(at);
            }
            if (!accepted) {
                meter.count(plugin, .failed, made.documents);
                return failed(plugin, status, 0);
            }
            const rejected = if (partial) @min(rejectedOf(body_size), made.documents) else 0;
            meter.count(plugin, .bytes, made.bytes);
            meter.count(plugin, .failed, rejected);
            meter.count(plugin, .sent, made.documents - rejected);
            plugin.backoff.succeeded();
        }

        /// Of OTLP: what another attempt may bring there. No answer is the largest.
        fn isTemporary(status: u64) bool {
            return switch (status) {
                429, 502, 503, 504, json_reader.none => true,
                else => false,
            };
        }

        /// A port for gRPC may answer 200 and mean something else.
        fn statusOf(http_status: u64) u64 {
            if (http_status != 200) return http_status;
            const status = grpc.read(host.headerValue(.call_response, "grpc-status"));
            return json_reader.unsigned(grpc.statusForRules(status, "200"), 10);
        }

        fn rejectedOf(body_size: usize) u32 {
            if (body_size == 0 or body_size > limits.answer_bytes_max) return 0;
            return partial_success.rejected(host.bufferBytes(.call_body, 0, body_size));
        }

        /// A call has not brought its traces to the backend.
        fn failed(plugin: *PluginContext, status: u64, retry_after: u64) void {
            const backoff = &plugin.backoff;
            const ill = status >= 500 or status == 429;
            if (!ill and backoff.forgives()) return;
            const was_down = backoff.isDown();
            const now = host.nowNanoseconds();
            backoff.failed(now, request_id.mix(now +% plugin.root));
            if (retry_after -% 1 < retry_after_max) backoff.pause(now +| retry_after * std.time.ns_per_s);
            if (!was_down and backoff.isDown()) tell(status);
        }

        /// Once in an outage. No text of the backend's is in it.
        fn tell(status: u64) void {
            var buffer: [64]u8 = undefined;
            var line = json.Writer{ .buffer = &buffer };
            line.raw("the backend is down: ");
            if (status == json_reader.none) {
                line.raw("no answer");
            } else {
                line.raw("it answers ");
                line.number(status);
            }
            host.warn(line.written());
        }

        /// Makes the buffer free for this plugin. The call is made in the owner's name, as Envoy hands its
        /// answer to whom the call belongs to.
        pub fn release(plugin: *const PluginContext) void {
            if (documents == 0 or owner == plugin) return;
            host.actFor(owner.root);
            if (!flush(owner)) drop(.dropped_memory);
            host.actFor(0);
        }

        /// The plugin's configuration ends. False when an answer is still to come for it.
        pub fn end(plugin: *PluginContext) bool {
            resend(plugin);
            if (!flush(plugin)) drop(.dropped_ended);
            // Nobody will send it again.
            var at = kept.count;
            while (at > 0) {
                at -= 1;
                if (kept.items[at].plugin == plugin) _ = dropKept(at);
            }
            return calls.countOf(plugin.root) == 0;
        }

        /// Why nothing can be sent now, or else this.
        fn obstacle(plugin: *const PluginContext, bytes: usize, otherwise: Metric) Metric {
            if (!calls.hasRoom(bytes)) return .dropped_busy;
            if (!plugin.backoff.isDown()) return otherwise;
            return if (plugin.backoff.allows(host.nowNanoseconds(), calls.countOf(plugin.root))) otherwise else .dropped_backend_down;
        }

        fn write(plugin: *PluginContext, record: *const Record) bool {
            const traits = plugin.traits();
            const walker = Walker{ .record = record, .writer = &writer, .header_objects = traits.header_objects };
            if (documents == 0) {
                owner = plugin;
                writer.length = kept.bytes;
                writer.overflow = false;
                walker.walk(traits.open);
                open_length = writer.length;
            }
            const before = writer.length;
            walker.walk(traits.document);
            writer.raw(traits.between);
            if (writer.overflow) {
                writer.length = before;
                writer.overflow = false;
                return false;
            }
            documents += 1;
            if (before - kept.bytes < output.len / 2) {
                half_length = writer.length;
                half_documents = documents;
            }
            return true;
        }

        /// The older half: moving the rest for each document would cost more than that is worth.
        fn dropOldest() void {
            const rest = documents - half_documents;
            documents = half_documents;
            drop(.dropped_memory);
            documents = rest;
            @memmove(output[open_length..][0 .. writer.length - half_length], output[half_length..writer.length]);
            writer.length -= half_length - open_length;
            half_length = writer.length;
            half_documents = documents;
        }

        fn drop(otherwise: Metric) void {
            meter.count(owner, obstacle(owner, writer.length - kept.bytes, otherwise), documents);
            documents = 0;
        }

        /// Bytes of documents that wait, or may have to be sent again.
        pub fn waiting() usize {
            return if (documents > 0) writer.length else kept.bytes;
        }
    };
}

comptime {
    for (std.enums.values(formats.Format)) |format| {
        std.debug.assert(formats.traits(format).close.len <= limits.close_bytes_max);
    }
}
