// SPDX-License-Identifier: Apache-2.0
//! The wire formats. A new one is its name, path and whether it has bodies in configuration.schema.json, a file in
//! formats/ with its traits, and a line here.

const std = @import("std");
const settings = @import("../config/settings.zig");
const template = @import("template.zig");
const Field = @import("../capture/record.zig").Field;

const formats = struct {
    pub const publish = @import("publish.zig");
    pub const apiclarity = @import("apiclarity.zig");
    pub const ndjson = @import("ndjson.zig");
    pub const otlp = @import("otlp.zig");
};

pub const Format = settings.Format;

/// All that the filter has to know of a format.
pub const Traits = struct {
    /// Where the backend expects it, unless configured otherwise; of settings.zig.
    path: []const u8 = "",
    content_type: []const u8,
    /// Whether bodies are taken when the configuration does not say; of settings.zig.
    bodies: bool = false,
    /// Whether it has times, the destination's namespace, and who sends it.
    times: bool = false,
    namespace: bool = false,
    resource: bool = false,
    /// Whether the backend may take a part of a batch and say so in its answer.
    partial: bool = false,
    /// Headers as {"key", "value"} instead of pairs.
    header_objects: bool = false,
    /// The template of one document, and what stands before, between and after those of a batch.
    /// Documents hold no line feed: the first one in `between` shows where one ends.
    document: []const u8,
    open: []const u8 = "",
    between: []const u8 = "",
    close: []const u8 = "",

    /// Which of the times the document has; of its template.
    request_time: bool = false,
    response_time: bool = false,
    end_time: bool = false,

    /// Whether the time is asked for when the headers of a direction come.
    pub fn timesOf(traits_of: *const Traits, is_request: bool) bool {
        return if (is_request) traits_of.request_time else traits_of.response_time;
    }

    pub fn batched(traits_of: *const Traits) bool {
        return traits_of.between.len > 0;
    }
};

const all_traits = all: {
    const names = std.meta.fieldNames(Format);
    @setEvalBranchQuota(100_000);
    var all: [names.len]Traits = undefined;
    for (names, &all, settings.backend_path_by_format, settings.bodies_by_format) |name, *one, path, bodies| {
        one.* = @field(formats, name).traits;
        one.path = path;
        one.bodies = bodies == .on;
        one.request_time = has(one.document, .request_ms) or has(one.document, .request_ns) or has(one.document, .duration_ns);
        one.response_time = has(one.document, .response_ms);
        one.end_time = has(one.document, .end_ns) or has(one.document, .duration_ns);
        std.debug.assert(one.times == one.request_time);
        one.document = template.measured(one.document);
        one.open = template.measured(one.open);
    }
    break :all all;
};

fn has(comptime text: []const u8, comptime field: Field) bool {
    return std.mem.indexOfScalar(u8, text, @intFromEnum(field)) != null;
}

comptime {
    for (all_traits, 0..) |of, index| {
        const is_batched = std.mem.indexOfScalar(Format, &settings.batch_formats, @enumFromInt(index)) != null;
        std.debug.assert(of.batched() == is_batched);
    }
}

pub noinline fn traits(format: Format) *const Traits {
    return &all_traits[@intFromEnum(format)];
}
