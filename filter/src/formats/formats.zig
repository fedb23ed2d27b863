// SPDX-License-Identifier: Apache-2.0
//! The wire formats. A new one is its name, path and whether it has bodies in configuration.schema.json, a file in
//! formats/ with its traits, and a line here.

const std = @import("std");
const settings = @import("../config/settings.zig");

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
    /// Whether it wants to know when headers came, the destination's namespace, and who sends it.
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

    pub fn batched(traits_of: *const Traits) bool {
        return traits_of.between.len > 0;
    }
};

const all_traits = all: {
    const names = std.meta.fieldNames(Format);
    var all: [names.len]Traits = undefined;
    for (names, &all, settings.backend_path_by_format, settings.bodies_by_format) |name, *one, path, bodies| {
        one.* = @field(formats, name).traits;
        one.path = path;
        one.bodies = bodies == .on;
    }
    break :all all;
};

comptime {
    for (all_traits, 0..) |of, index| {
        const is_batched = std.mem.indexOfScalar(Format, &settings.batch_formats, @enumFromInt(index)) != null;
        std.debug.assert(of.batched() == is_batched);
    }
}

pub noinline fn traits(format: Format) *const Traits {
    return &all_traits[@intFromEnum(format)];
}
