// SPDX-License-Identifier: Apache-2.0
//! Every bound of the filter in one place. The whole linear memory is laid out when the module is
//! linked and never grows, so that 16 MiB per worker is a fact of the binary and no matter of luck.

const std = @import("std");
const builtin = @import("builtin");
const settings = @import("config/settings.zig");

/// Where large storage lies: behind all else, as low addresses take fewer bytes in the code.
pub const large = if (builtin.target.cpu.arch.isWasm()) ".bss_large" else ".bss";

/// What one virtual machine (one worker thread) can ever use; build.zig links exactly this much.
pub const memory_mib_max = settings.memory_mib.most;
pub const memory_bytes = memory_mib_max * 1024 * 1024;
/// The least that can be configured: what is not storage of streams (the queue first of all) takes six.
pub const memory_mib_min = settings.memory_mib.least;
/// At the bottom of the memory, so that an overflow is a trap; and small, as addresses below 8 KiB, where the
/// constants then are, take two bytes instead of three. A test sees how much of it is ever used.
pub const stack_bytes = 3072;

/// Bodies: what one direction of one exchange may carry. The old filter's limit.
pub const body_bytes_max = settings.request_body_bytes_max.most;
/// A body is fetched from the host in pieces of this size, so that one huge chunk needs no huge buffer.
pub const body_piece_bytes = 64 * 1024;

/// Headers of one direction as they are kept; Envoy's own default limit is 60 KiB.
pub const headers_bytes_max = 64 * 1024;

/// Bytes that the host hands over and what is assembled from them, within one callback.
pub const scratch_bytes = 256 * 1024;

/// The document being built. There is one per machine, as a callback is never interrupted.
pub const output_bytes = 4 * 1024 * 1024;

/// Storage of all streams together, in blocks of one size: nothing fragments.
pub const block_bytes = 1024;
pub const blocks_count = 10_290;

pub const streams_max = 10_240;
/// A power of two.
pub const stream_buckets = 16_384;

/// Calls to the backend that have no answer yet, and what Envoy holds of them outside of our memory.
pub const calls_in_flight_max = 256;
pub const call_bytes_in_flight_max = 16 * 1024 * 1024;

/// PluginContext configurations in one machine: the running one, those of draining listeners, other listeners.
pub const plugins_max = 8;
/// The list of hosts to trace, as the backend sends it.
pub const hosts_max = 512;
pub const hosts_bytes_max = 16 * 1024;
/// A backend's answer that is read.
pub const answer_bytes_max = 16 * 1024;
pub const configuration_bytes_max = 16 * 1024;
pub const call_head_bytes_max = 8 * 1024;
/// All lists of one configuration together.
pub const list_items_max = 1024;
pub const name_bytes_max = 40;
/// An entry of a list.
pub const entry_bytes_max = 1024;
/// The names that lead to a field of a body.
pub const path_bytes_max = entry_bytes_max;
/// As long as a configured one can be.
pub const query_name_bytes_max = entry_bytes_max;

/// Names of headers of which is remembered whether they are hidden, a power of two.
pub const names_cached = 512;
pub const cached_name_bytes_max = 32;

/// Addresses remembered per downstream connection.
pub const connections_cached = 256;
pub const address_bytes_cached_max = 62;
pub const property_bytes_max = 256;

/// A body as text of JSON: what its base64 takes at most.
pub const text_bytes_max = 4 * ((body_bytes_max + 2) / 3);

/// Headers of one direction that become attributes of their own (OTLP).
pub const header_attributes_max = 100;

/// What a format writes behind a batch.
pub const close_bytes_max = 16;

comptime {
    // The largest document: both bodies in base64, every byte of the headers as \u00XX, and once more
    // the request's, as path, host and method appear beside them.
    const bodies = 2 * text_bytes_max;
    const escaped = 6 * 3 * headers_bytes_max;
    const properties = 6 * 9 * property_bytes_max;
    std.debug.assert(bodies + escaped + properties + 1024 <= output_bytes);
    std.debug.assert(std.math.isPowerOfTwo(stream_buckets));
    std.debug.assert(blocks_count < std.math.maxInt(u16));
    // Something is left for streams with the smallest budget.
    std.debug.assert(blocks_count * block_bytes > (memory_mib_max - memory_mib_min + 1) * 1024 * 1024);
    std.debug.assert(2 * headers_bytes_max + 16 * property_bytes_max <= scratch_bytes);
    std.debug.assert(headers_bytes_max <= std.math.maxInt(u16) + 1);
}
