//! The wire formats. A new one is a file in encoders/ with its traits and a line here; the configuration
//! then knows its name. (configuration.schema.json lists the names too; a test compares.)

const std = @import("std");

const formats = struct {
    pub const publish = @import("encoders/publish.zig");
    pub const apiclarity = @import("encoders/apiclarity.zig");
    pub const ndjson = @import("encoders/ndjson.zig");
    pub const otlp = @import("encoders/otlp.zig");
};

/// With a tag as wide as the configuration's table stores it.
pub const Format = @Type(.{ .@"enum" = .{
    .tag_type = u32,
    .fields = @typeInfo(std.meta.DeclEnum(formats)).@"enum".fields,
    .decls = &.{},
    .is_exhaustive = true,
} });

/// All that the filter has to know of a format.
pub const Traits = struct {
    /// Where the backend expects it, unless configured otherwise.
    path: []const u8,
    content_type: []const u8,
    /// Whether bodies are taken when the configuration does not say.
    bodies: bool,
    /// Whether it wants to know when headers came, the destination's namespace, and who sends it.
    times: bool = false,
    namespace: bool = false,
    resource: bool = false,
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
    for (names, &all) |name, *one| one.* = @field(formats, name).traits;
    break :all all;
};

pub noinline fn traits(format: Format) *const Traits {
    return &all_traits[@intFromEnum(format)];
}
