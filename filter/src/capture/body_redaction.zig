// SPDX-License-Identifier: Apache-2.0
//! Bodies without the values of listed fields: looked through once, when the exchange is over, before anything of them
//! is written.

const std = @import("std");
const block_list = @import("block_list.zig");
const limits = @import("../limits.zig");
const redaction = @import("redaction.zig");
const streams = @import("streams.zig");
const texts = @import("../text.zig");
const FormFields = @import("form_fields.zig").FormFields;
const json_fields = @import("json_fields.zig");
const JsonFields = json_fields.JsonFields;
const spaceLength = json_fields.spaceLength;
const Kind = @import("body_kind.zig").Kind;
const NameCache = @import("name_cache.zig").NameCache;
const NamesOf = @import("name_cache.zig").NamesOf;
const Writer = @import("body_writer.zig").Writer;

/// Here, as the stack is small; no body is looked through while another one is.
var writer: Writer linksection(limits.large) = undefined;
var json: JsonFields = undefined;
var form: FormFields = undefined;
var piece_bytes: block_list.Bytes linksection(limits.large) = undefined;

/// Whether a body can be looked through, or has nothing to be looked for.
pub fn takes(kind: Kind, given: redaction.Names) bool {
    return (kind != .coded and kind != .multipart) or redaction.hidesNoField(given);
}

/// Of the body of `side` only what may leave stays. What it may get longer by is bounded.
pub fn redact(side: *streams.HalfStream, pool: *block_list.Pool, names: *NameCache, plugin: u8, given: redaction.Names, most: u32) void {
    if (side.body_kind == .other or side.bodyBytes() == 0 or redaction.hidesNoField(given)) return;
    var taken = side.blocks.take(pool, &piece_bytes);
    var headers_left = side.headers_bytes;
    writer.list = &side.blocks;
    writer.pool = pool;
    writer.names = NamesOf.of(names, plugin, .fields, given);
    writer.length_max = side.headers_bytes + most;
    // The configuration may be another one than when the body was taken.
    writer.ended = !takes(side.body_kind, given);
    writer.path_length = 0;
    @memset(std.mem.asBytes(&json), 0);
    @memset(std.mem.asBytes(&form), 0);
    var reads: enum { unknown, json, form, nothing } = .unknown;
    while (taken.next()) |bytes| {
        const piece = bytes[@min(headers_left, bytes.len)..];
        headers_left -= @intCast(side.blocks.append(pool, bytes[0 .. bytes.len - piece.len], 0));
        // Space tells nothing; a block may end in it.
        if (reads == .unknown and spaceLength(piece) == piece.len) {
            writer.add(piece);
            continue;
        }
        if (reads == .unknown) reads = if (looksLikeJson(side.body_kind, piece)) .json else if (side.body_kind == .text) .nothing else .form;
        switch (reads) {
            .json => json.feed(&writer, piece),
            .form => form.feed(&writer, piece),
            else => writer.add(piece),
        }
    }
    if (writer.ended) side.body_truncated = true;
}

/// Much that is JSON is sent as something else.
fn looksLikeJson(kind: Kind, piece: []const u8) bool {
    const first = piece[spaceLength(piece)];
    return kind == .json or first == '{' or first == '[';
}

test {
    _ = @import("body_redaction_test.zig");
}
