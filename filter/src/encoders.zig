//! The wire formats. A new one is a file in encoders/ with the same declarations and a line here; the
//! configuration then knows its name. (configuration.schema.json lists the names too; a test compares.)

const std = @import("std");
const json = @import("json.zig");
const Record = @import("record.zig").Record;

const formats = struct {
    pub const publish = @import("encoders/publish.zig");
};

pub const Format = std.meta.DeclEnum(formats);

/// What the filter has to know of a format besides how to write it.
pub const Traits = struct {
    /// Where the backend expects it, unless configured otherwise.
    path: []const u8,
    content_type: []const u8,
    /// Whether bodies are taken when the configuration does not say.
    bodies: bool,
};

pub fn traits(format: Format) Traits {
    return switch (format) {
        inline else => |known| @field(formats, @tagName(known)).traits,
    };
}

pub fn encode(format: Format, record: *const Record, writer: *json.Writer) void {
    switch (format) {
        inline else => |known| @field(formats, @tagName(known)).encode(record, writer),
    }
}
