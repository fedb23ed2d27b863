// SPDX-License-Identifier: Apache-2.0
//! What a body is, as its headers say: who reads a trace takes text for text, and nothing else.

const std = @import("std");
const pattern = @import("../select/pattern.zig");
const texts = @import("../text.zig");

pub const Kind = enum(u8) {
    /// Bytes of whatever kind.
    other,
    /// Nothing is said of it.
    unknown,
    /// Also XML: by what OpenTelemetry's conventions take for text.
    text,
    json,
    /// Of parameters.
    form,
    /// Several bodies in one.
    multipart,
    /// Compressed: it is never decoded here.
    coded,

    /// Whether OTLP has it as a string.
    pub fn isText(kind: Kind) bool {
        return kind == .text or kind == .json or kind == .form;
    }
};

const textual = [_][]const u8{ "text/*", "*/xml", "*+xml", "*/yaml", "*+yaml" };

pub fn of(content_type: []const u8, content_encoding: []const u8) Kind {
    if (content_encoding.len > 0 and !texts.equalIgnoreCase(content_encoding, "identity")) return .coded;
    // Most are.
    if (texts.startsWith(content_type, "application/json")) return .json;
    const media = texts.before(texts.before(content_type, ';'), ' ');
    if (texts.equalIgnoreCase(media, "application/x-www-form-urlencoded")) return .form;
    if (texts.startsWithIgnoreCase(media, "multipart/")) return .multipart;
    if (pattern.matches("*json*", media, .{})) return .json;
    for (textual) |item| if (pattern.matches(item, media, .{})) return .text;
    if (pattern.matches("*;*charset=*", content_type, .{})) return .text;
    return if (media.len == 0) .unknown else .other;
}

test "kinds of bodies" {
    const cases = [_]struct { []const u8, []const u8, Kind }{
        .{ "application/json", "", .json },                  .{ "Application/Vnd.api+JSON; a=b", "identity", .json },
        .{ "text/plain", "gzip", .coded },                   .{ "image/svg+xml", "", .text },
        .{ "application/octet-stream", "", .other },         .{ "application/x; Charset=utf-8", "", .text },
        .{ "", "", .unknown },                               .{ "", "br", .coded },
        .{ "APPLICATION/x-www-form-urlencoded", "", .form }, .{ "multipart/form-data; boundary=x", "", .multipart },
        .{ "application/x-ndjson", "Identity", .json },      .{ "image/png", "", .other },
    };
    for (cases) |case| try std.testing.expectEqual(case[2], of(case[0], case[1]));
}
