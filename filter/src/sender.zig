//! From a record to the backend: documents are written into one buffer, the queue of all streams of a
//! worker, and leave it in one call: each by itself, or many together where the format allows.

const std = @import("std");
const limits = @import("limits.zig");
const encoders = @import("encoders.zig");
const json = @import("json.zig");
const request_id = @import("request_id.zig");
const Calls = @import("calls.zig").Calls;
const Meter = @import("meter.zig").Meter;
const Metric = @import("metrics.zig").Metric;
const Plugin = @import("plugins.zig").Plugin;
const texts = @import("text.zig");
const Record = @import("record.zig").Record;

pub fn Sender(comptime host: type) type {
    const meter = Meter(host);
    return struct {
        var output: [limits.output_bytes]u8 = @splat(0);
        var writer = json.Writer{ .buffer = output[0 .. output.len - limits.close_bytes_max] };
        /// Whose documents are in the buffer, if there are any.
        var owner: *Plugin = undefined;
        var documents: u32 = 0;
        /// Length of what comes before the first document.
        var open_length: usize = 0;
        pub var calls: Calls = std.mem.zeroes(Calls);

        /// One document more. What can't be kept is dropped and counted, the oldest first.
        pub fn add(plugin: *Plugin, record: *const Record) void {
            release(plugin);
            const batched = plugin.traits().batched();
            // Not worth writing what can't be sent.
            if (!batched) if (obstacle(plugin, 0)) |reason| return meter.count(plugin, reason, 1);
            while (!write(plugin, record)) {
                if (documents == 0) return meter.count(plugin, .dropped_memory, 1);
                if (!flush(plugin)) dropOldest(plugin, .dropped_memory);
            }
            const configuration = &plugin.configuration;
            if (batched and documents < configuration.batch_count and writer.length < configuration.batch_bytes) return;
            if (!flush(plugin) and !batched) drop(.dropped_memory);
        }

        /// Sends what waits of this plugin. False when it has to wait on.
        pub fn flush(plugin: *Plugin) bool {
            if (documents == 0 or owner != plugin) return true;
            const traits = plugin.traits();
            // Of what stands between documents only the line feed stays behind the last one.
            var length = writer.length - (traits.between.len -| 1);
            if (obstacle(plugin, length) != null) return false;
            texts.copy(output[length..].ptr, traits.close);
            length += traits.close.len;
            const configuration = &plugin.configuration;
            const token = host.httpCall(configuration.cluster, plugin.call_head, output[0..length], configuration.timeout_ms);
            if (token) |known| {
                calls.add(.{ .root = plugin.root, .token = known, .bytes = @intCast(length), .documents = documents });
            } else {
                settle(plugin, .failed, documents, true);
            }
            documents = 0;
            return true;
        }

        /// The backend's answer to a call of ours.
        pub fn answered(plugin: *Plugin, token: u32, status: []const u8) void {
            const call = calls.remove(plugin.root, token) orelse return;
            const accepted = status.len == 3 and status[0] == '2';
            // Any answer but an error of its own shows that somebody is there.
            const down = status.len != 3 or status[0] == '5' or texts.equal(status, "429");
            if (accepted) meter.count(plugin, .bytes, call.bytes);
            settle(plugin, if (accepted) .sent else .failed, call.documents, down);
        }

        fn settle(plugin: *Plugin, metric: Metric, count: u32, down: bool) void {
            meter.count(plugin, metric, count);
            if (!down) return plugin.backoff.succeeded();
            const now = host.nowNanoseconds();
            plugin.backoff.failed(now, request_id.mix(now +% plugin.root));
        }

        /// Makes the buffer free for this plugin. The call is made in the owner's name, as Envoy hands its
        /// answer to whom the call belongs to.
        pub fn release(plugin: *const Plugin) void {
            if (documents == 0 or owner == plugin) return;
            host.actFor(owner.root);
            if (!flush(owner)) drop(.dropped_memory);
            host.actFor(0);
        }

        /// The plugin's configuration ends. False when an answer is still to come for it.
        pub fn end(plugin: *Plugin) bool {
            if (!flush(plugin)) drop(.dropped_ended);
            return calls.countOf(plugin.root) == 0;
        }

        /// Why nothing can be sent now, if so.
        fn obstacle(plugin: *const Plugin, bytes: usize) ?Metric {
            if (!calls.hasRoom(bytes)) return .dropped_busy;
            if (!plugin.backoff.isDown()) return null;
            return if (plugin.backoff.allows(host.nowNanoseconds(), calls.countOf(plugin.root))) null else .dropped_backend_down;
        }

        fn write(plugin: *Plugin, record: *const Record) bool {
            const traits = plugin.traits();
            if (documents == 0) {
                owner = plugin;
                writer.length = 0;
                writer.overflow = false;
                encoders.write(traits, traits.open, record, &writer);
                open_length = writer.length;
            }
            const before = writer.length;
            encoders.write(traits, traits.document, record, &writer);
            writer.raw(traits.between);
            if (writer.overflow) {
                writer.length = before;
                writer.overflow = false;
                return false;
            }
            documents += 1;
            return true;
        }

        /// The older half: moving the rest for each document would cost more than that is worth.
        fn dropOldest(plugin: *Plugin, otherwise: Metric) void {
            const reason = obstacle(plugin, writer.length) orelse otherwise;
            var at = open_length + (writer.length - open_length) / 2;
            while (at < writer.length and output[at] != '\n') at += 1;
            at = @min(at + plugin.traits().between.len, writer.length);
            var dropped: u32 = 0;
            for (output[open_length..at]) |byte| dropped += @intFromBool(byte == '\n');
            std.mem.copyForwards(u8, output[open_length..], output[at..writer.length]);
            writer.length -= at - open_length;
            documents -= dropped;
            meter.count(plugin, reason, dropped);
        }

        fn drop(otherwise: Metric) void {
            meter.count(owner, obstacle(owner, writer.length) orelse otherwise, documents);
            documents = 0;
        }

        /// Bytes of documents that wait.
        pub fn waiting() usize {
            return if (documents > 0) writer.length else 0;
        }
    };
}

comptime {
    for (std.enums.values(encoders.Format)) |format| {
        std.debug.assert(encoders.traits(format).close.len <= limits.close_bytes_max);
    }
}
