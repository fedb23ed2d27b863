// SPDX-License-Identifier: Apache-2.0
//! The fields of JSON, in pieces of any size: one value, or several one after the other. It is read as strictly as it
//! takes to know what is a name and what a value; at the first byte that can't be either it ends, so that nothing leaves
//! that was not understood.

const std = @import("std");
const redaction = @import("redaction.zig");
const scan = @import("../scan.zig");
const isWord = @import("../config/json_reader.zig").isWord;
const unsigned = @import("../config/json_reader.zig").unsigned;
const Writer = @import("body_writer.zig").Writer;

const depth_max = 64;
/// Stands for what no name has that can be listed.
const no_character = 0xff;
const Place = enum(u32) {
    value,
    first_value,
    name,
    first_name,
    colon,
    behind,
    /// Behind a value that is hidden, or a part of it.
    behind_hidden,
    in_name,
    in_text,
    in_word,
    wrong,

    fn hasSpaceBefore(place: Place) bool {
        return @intFromEnum(place) < @intFromEnum(Place.behind_hidden);
    }
};

/// Of zeros at the begin.
pub const JsonFields = struct {
    place: Place,
    depth: u8,
    /// A bit for each level: whether it is an object.
    objects: u64,
    /// How long the path is that leads to each level.
    paths: [depth_max + 1]usize,
    name_at: usize,
    /// Behind a backslash: how many bytes of the escape there are, and what it says.
    escaped: u8,
    code: u16,
    /// The next value is hidden; and it has begun, on this level.
    hides: bool,
    hidden: bool,
    hidden_depth: u8,

    pub fn feed(json: *JsonFields, writer: *Writer, bytes: []const u8) void {
        if (writer.ended) return;
        var shown: usize = 0;
        var at: usize = 0;
        // Of what is gone through for each byte all is here.
        var place = json.place;
        while (at < bytes.len) {
            const byte = bytes[at];
            if (isSpace(byte) and place.hasSpaceBefore()) {
                at += 1;
                continue;
            }
            switch (place) {
                .value, .first_value => {
                    if (place == .value and json.hides) {
                        writer.add(bytes[shown..at]);
                        json.hide(writer);
                    }
                    place = if (byte == ']' and place == .first_value) json.close(byte) else json.begin(writer, byte);
                    if (place == .in_text) {
                        // Most texts are in one piece.
                        const end = quoteBehind(bytes, at + 1);
                        if (end > 0) place = json.behind();
                        at = @max(at, end);
                    }
                },
                .name, .first_name => {
                    if (byte == '"') {
                        const end = json.name(writer, bytes, at + 1);
                        place = if (end > 0) .colon else .in_name;
                        at = @max(at, end);
                    } else place = if (byte == '}' and place == .first_name) json.close(byte) else .wrong;
                },
                .colon => place = if (byte == ':') .value else .wrong,
                .behind => switch (byte) {
                    ',' => place = if (json.depth == 0) .wrong else if (json.isObject()) .name else .value,
                    '}', ']' => place = json.close(byte),
                    else => {
                        // One value behind another, as in JSON lines.
                        place = if (json.depth == 0) .value else .wrong;
                        continue;
                    },
                },
                .behind_hidden => {
                    place = .behind;
                    if (json.depth != json.hidden_depth) continue;
                    json.hidden = false;
                    shown = at;
                    continue;
                },
                .in_word => if (!isWord(byte)) {
                    // What ends a word is none of it.
                    place = json.behind();
                    continue;
                },
                .in_name, .in_text => {
                    json.place = place;
                    at = json.inText(writer, bytes, at);
                    place = json.place;
                    continue;
                },
                .wrong => break,
            }
            if (place != .wrong) at += 1;
        }
        json.place = place;
        if (!json.hidden) writer.add(bytes[shown..at]);
        if (place == .wrong) writer.ended = true;
    }

    /// What stands for the value that begins.
    inline fn hide(json: *JsonFields, writer: *Writer) void {
        writer.add("\"" ++ redaction.placeholder ++ "\"");
        json.hides = false;
        json.hidden = true;
        json.hidden_depth = json.depth;
    }

    /// Also what begins a text of UTF-8, and a record of a JSON text sequence (RFC 7464).
    inline fn isSpace(byte: u8) bool {
        return (byte <= ' ' or byte >= 0x80) and switch (byte) {
            ' ', '\t', '\n', '\r', 0x1e, 0xef, 0xbb, 0xbf => true,
            else => false,
        };
    }

    /// A value.
    fn begin(json: *JsonFields, writer: *Writer, byte: u8) Place {
        if (byte == '"') return .in_text;
        if (byte != '{' and byte != '[') return if (isWord(byte)) .in_word else .wrong;
        if (json.depth == depth_max) return .wrong;
        const inner = if (json.depth == 0) 0 else if (json.isObject()) writer.path_length else json.paths[json.depth];
        json.objects = json.objects << 1 | @intFromBool(byte == '{');
        json.depth += 1;
        json.paths[json.depth] = inner;
        return if (byte == '{') .first_name else .first_value;
    }

    noinline fn close(json: *JsonFields, byte: u8) Place {
        if (json.depth == 0 or json.isObject() != (byte == '}')) return .wrong;
        json.objects >>= 1;
        json.depth -= 1;
        return json.behind();
    }

    fn behind(json: *const JsonFields) Place {
        return if (json.hidden) .behind_hidden else .behind;
    }

    fn isObject(json: *const JsonFields) bool {
        return json.depth > 0 and json.objects & 1 == 1;
    }

    /// Most names are in one piece, and need no copy: gives where the quote is behind it. 0 for one that is not.
    fn name(json: *JsonFields, writer: *Writer, bytes: []const u8, at: usize) usize {
        const outer = json.paths[json.depth];
        const name_at = outer + @intFromBool(outer > 0);
        const end = if (writer.needsPath()) 0 else quoteBehind(bytes, at);
        if (end > 0) {
            writer.path_length = name_at + end - at;
            json.endName(writer, bytes[at..end]);
        } else {
            writer.path_length = outer;
            if (outer > 0) writer.addToPath('.');
            json.name_at = name_at;
        }
        return end;
    }

    /// Where the quote is that ends a text, or 0 unless it is here and nothing in the text is escaped.
    inline fn quoteBehind(bytes: []const u8, start: usize) usize {
        const end = start + scan.beforeQuote(bytes[start..]);
        return if (end < bytes.len and bytes[end] == '"') end else 0;
    }

    noinline fn endName(json: *JsonFields, writer: *Writer, of: []const u8) void {
        if (!json.hidden) json.hides = writer.isHidden(of);
    }

    fn inText(json: *JsonFields, writer: *Writer, bytes: []const u8, from: usize) usize {
        const is_name = json.place == .in_name;
        if (json.escaped > 0) {
            if (json.inEscape(writer, bytes[from], is_name)) return from + 1;
            json.place = .wrong;
            return from;
        }
        const at = from + scan.beforeQuote(bytes[from..]);
        if (is_name) writer.addAllToPath(bytes[from..at]);
        if (at == bytes.len) return at;
        if (bytes[at] == '\\') {
            json.escaped = 1;
        } else if (is_name) {
            json.endName(writer, writer.pathFrom(json.name_at));
            json.place = .colon;
        } else {
            json.place = json.behind();
        }
        return at + 1;
    }

    /// Only names have to be understood.
    fn inEscape(json: *JsonFields, writer: *Writer, byte: u8, is_name: bool) bool {
        if (json.escaped == 1) {
            json.escaped = if (byte == 'u' and is_name) 2 else 0;
            switch (byte) {
                'u' => {},
                '"', '\\', '/' => if (is_name) writer.addToPath(byte),
                // Controls are in no name that is known.
                else => if (is_name) writer.addToPath(no_character),
            }
            return true;
        }
        const digit = unsigned(&.{byte}, 16);
        if (digit > 15) return false;
        json.code = json.code << 4 | @as(u16, @intCast(digit));
        json.escaped += 1;
        if (json.escaped < 6) return true;
        json.escaped = 0;
        // A character that is not ASCII is in no name that is known, either.
        writer.addToPath(if (json.code < 0x80) @intCast(json.code) else no_character);
        return true;
    }
};

pub fn spaceLength(bytes: []const u8) usize {
    for (bytes, 0..) |byte, at| if (!JsonFields.isSpace(byte)) return at;
    return bytes.len;
}
