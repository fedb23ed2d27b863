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
const Place = enum { value, first_value, name, first_name, in_name, colon, in_text, in_word, behind, wrong };

/// Of zeros at the begin, but for the writer.
pub const JsonFields = struct {
    writer: *Writer,
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

    pub noinline fn feed(json: *JsonFields, bytes: []const u8) void {
        const writer = json.writer;
        if (writer.ended) return;
        var shown: usize = 0;
        var at: usize = 0;
        while (at < bytes.len) {
            switch (json.place) {
                .in_text, .in_name => at = json.inText(bytes, at),
                .in_word => at = json.inWord(bytes, at),
                else => {
                    if (isSpace(bytes[at])) {
                        at += 1;
                        continue;
                    }
                    if (json.hides and json.place == .value) {
                        writer.add(bytes[shown..at]);
                        writer.add("\"" ++ redaction.placeholder ++ "\"");
                        json.hides = false;
                        json.hidden = true;
                        json.hidden_depth = json.depth;
                    }
                    at = json.step(bytes, at);
                },
            }
            if (json.place == .wrong) {
                if (!json.hidden) writer.add(bytes[shown..at]);
                writer.ended = true;
                return;
            }
            if (json.hidden and json.place == .behind and json.depth == json.hidden_depth) {
                json.hidden = false;
                shown = at;
            }
        }
        if (!json.hidden) writer.add(bytes[shown..]);
    }

    /// Also what begins a text of UTF-8, and a record of a JSON text sequence (RFC 7464).
    inline fn isSpace(byte: u8) bool {
        return (byte <= ' ' or byte >= 0x80) and switch (byte) {
            ' ', '\t', '\n', '\r', 0x1e, 0xef, 0xbb, 0xbf => true,
            else => false,
        };
    }

    /// Of one byte, with what mostly stands behind it, or of a text as a whole; gives where it goes on.
    fn step(json: *JsonFields, bytes: []const u8, at: usize) usize {
        const byte = bytes[at];
        const next = at + 1;
        const place = json.place;
        // Unless it is seen to be right.
        json.place = .wrong;
        switch (place) {
            .name, .first_name => {
                if (byte == '"') return json.beginName(bytes, next);
                if (byte == '}' and place == .first_name) json.close(byte);
            },
            .colon => if (byte == ':') {
                json.place = .value;
                return afterSpace(bytes, next);
            },
            .behind => switch (byte) {
                ',' => if (json.depth > 0) return json.comma(bytes, at),
                '}', ']' => json.close(byte),
                // One value behind another, as in JSON lines.
                else => if (json.depth == 0) return json.begin(bytes, at),
            },
            else => if (byte == ']' and place == .first_value) json.close(byte) else return json.begin(bytes, at),
        }
        return if (json.place == .wrong) at else next;
    }

    /// With the comma behind it, unless what was hidden ends with the value.
    noinline fn endValue(json: *JsonFields, bytes: []const u8, at: usize) usize {
        json.place = .behind;
        return if (json.hidden or json.depth == 0 or at == bytes.len or bytes[at] != ',') at else json.comma(bytes, at);
    }

    fn comma(json: *JsonFields, bytes: []const u8, at: usize) usize {
        json.place = if (json.isObject()) .name else .value;
        return afterSpace(bytes, at + 1);
    }

    inline fn afterSpace(bytes: []const u8, at: usize) usize {
        return if (at < bytes.len and bytes[at] == ' ') at + 1 else at;
    }

    noinline fn begin(json: *JsonFields, bytes: []const u8, at: usize) usize {
        const byte = bytes[at];
        switch (byte) {
            '"' => {
                // Most texts are in one piece.
                const end = quoteBehind(bytes, at + 1);
                if (end > 0) return json.endValue(bytes, end + 1);
                json.place = .in_text;
            },
            '{', '[' => {
                if (json.depth == depth_max) return at;
                const inner = if (json.depth == 0) 0 else if (json.isObject()) json.writer.path_length else json.paths[json.depth];
                json.objects = json.objects << 1 | @intFromBool(byte == '{');
                json.depth += 1;
                json.paths[json.depth] = inner;
                json.place = if (byte == '{') .first_name else .first_value;
            },
            else => if (isWord(byte)) return json.inWord(bytes, at + 1),
        }
        return if (json.place == .wrong) at else at + 1;
    }

    /// What ends a word is none of it.
    noinline fn inWord(json: *JsonFields, bytes: []const u8, from: usize) usize {
        json.place = .in_word;
        var at = from;
        while (at < bytes.len and isWord(bytes[at])) at += 1;
        return if (at < bytes.len) json.endValue(bytes, at) else at;
    }

    noinline fn close(json: *JsonFields, byte: u8) void {
        if (json.depth == 0 or json.isObject() != (byte == '}')) return;
        json.objects >>= 1;
        json.depth -= 1;
        json.place = .behind;
    }

    fn isObject(json: *const JsonFields) bool {
        return json.depth > 0 and json.objects & 1 == 1;
    }

    /// Most names are in one piece, with a colon and a space behind them, and need no copy.
    fn beginName(json: *JsonFields, bytes: []const u8, at: usize) usize {
        const writer = json.writer;
        const outer = json.paths[json.depth];
        const name_at = outer + @intFromBool(outer > 0);
        const end = if (writer.needsPath()) 0 else quoteBehind(bytes, at);
        if (end == 0) {
            writer.path_length = outer;
            if (outer > 0) writer.addToPath('.');
            json.name_at = name_at;
            json.place = .in_name;
            return at;
        }
        writer.path_length = name_at + end - at;
        json.endName(bytes[at..end]);
        if (end + 1 == bytes.len or bytes[end + 1] != ':') return end + 1;
        json.place = .value;
        const next = afterSpace(bytes, end + 2);
        return if (next < bytes.len and bytes[next] == '"' and !json.hides) json.begin(bytes, next) else next;
    }

    /// Where the quote is that ends a text, or 0 unless it is here and nothing in the text is escaped.
    inline fn quoteBehind(bytes: []const u8, start: usize) usize {
        const end = start + scan.beforeQuote(bytes[start..]);
        return if (end < bytes.len and bytes[end] == '"') end else 0;
    }

    fn endName(json: *JsonFields, name: []const u8) void {
        json.place = .colon;
        if (!json.hidden) json.hides = json.writer.isHidden(name);
    }

    fn inText(json: *JsonFields, bytes: []const u8, from: usize) usize {
        const writer = json.writer;
        const is_name = json.place == .in_name;
        if (json.escaped > 0) {
            if (json.inEscape(bytes[from], is_name)) return from + 1;
            json.place = .wrong;
            return from;
        }
        const at = from + scan.beforeQuote(bytes[from..]);
        if (is_name) writer.addAllToPath(bytes[from..at]);
        if (at == bytes.len) return at;
        if (bytes[at] == '\\') {
            json.escaped = 1;
        } else if (is_name) {
            json.endName(writer.pathFrom(json.name_at));
        } else {
            json.place = .behind;
        }
        return at + 1;
    }

    /// Only names have to be understood.
    fn inEscape(json: *JsonFields, byte: u8, is_name: bool) bool {
        if (json.escaped == 1) {
            json.escaped = if (byte == 'u' and is_name) 2 else 0;
            switch (byte) {
                'u' => {},
                '"', '\\', '/' => if (is_name) json.writer.addToPath(byte),
                // Controls are in no name that is known.
                else => if (is_name) json.writer.addToPath(no_character),
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
        json.writer.addToPath(if (json.code < 0x80) @intCast(json.code) else no_character);
        return true;
    }
};

pub fn spaceLength(bytes: []const u8) usize {
    for (bytes, 0..) |byte, at| if (!JsonFields.isSpace(byte)) return at;
    return bytes.len;
}
