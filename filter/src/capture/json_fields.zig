// SPDX-License-Identifier: Apache-2.0
//! The fields of JSON, in pieces of any size: one value, or several one after the other. It is read as strictly as it
//! takes to know what is a name and what a value; at the first byte that can't be either it ends, so that nothing leaves
//! that was not understood.

const std = @import("std");
const redaction = @import("redaction.zig");
const scan = @import("../scan.zig");
const unsigned = @import("../config/json_reader.zig").unsigned;
const Writer = @import("body_writer.zig").Writer;

const depth_max = 64;
/// Stands for what no name has that can be listed.
const no_character = 0xff;
const Place = enum { value, first_value, name, first_name, in_name, colon, in_text, in_word, behind };

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
        var shown: usize = 0;
        var at: usize = 0;
        while (!json.writer.ended) {
            at += json.run(bytes[at..]);
            if (at == bytes.len) break;
            // What ends a word is none of it.
            if (json.place == .in_word) {
                json.place = .behind;
                if (json.reveals()) shown = at;
                continue;
            }
            const byte = bytes[at];
            if (json.hides and json.place == .value) {
                json.writer.add(bytes[shown..at]);
                json.writer.add("\"" ++ redaction.placeholder ++ "\"");
                json.hides = false;
                json.hidden = true;
                json.hidden_depth = json.depth;
            }
            if (!json.step(byte)) {
                if (!json.hidden) json.writer.add(bytes[shown..at]);
                json.writer.ended = true;
                return;
            }
            at += 1;
            if (json.place == .behind and json.reveals()) shown = at;
        }
        if (!json.hidden) json.writer.add(bytes[shown..]);
    }

    /// How many bytes at the start change nothing of where it is: most of a body is in such runs.
    fn run(json: *JsonFields, bytes: []const u8) usize {
        if (json.place == .in_word) return wordLength(bytes);
        if (json.place != .in_text and json.place != .in_name) return spaceLength(bytes);
        if (json.escaped > 0) return 0;
        const plain = scan.beforeQuote(bytes);
        if (json.place == .in_name) json.writer.addAllToPath(bytes[0..plain]);
        return plain;
    }

    /// Whether a value that was hidden has just ended.
    fn reveals(json: *JsonFields) bool {
        if (!json.hidden or json.depth != json.hidden_depth) return false;
        json.hidden = false;
        return true;
    }

    /// Also what begins a text of UTF-8, and a record of a JSON text sequence (RFC 7464).
    fn isSpace(byte: u8) bool {
        return switch (byte) {
            ' ', '\t', '\n', '\r', 0x1e, 0xef, 0xbb, 0xbf => true,
            else => false,
        };
    }

    /// False for a byte that is not JSON here.
    noinline fn step(json: *JsonFields, byte: u8) bool {
        switch (json.place) {
            .in_text => return json.inText(byte, false),
            .in_name => return json.inText(byte, true),
            else => {},
        }
        switch (json.place) {
            .first_value => if (byte == ']') return json.close(false) else return json.begin(byte),
            .value => return json.begin(byte),
            .name, .first_name => {
                if (byte == '}' and json.place == .first_name) return json.close(true);
                json.writer.path_length = json.paths[json.depth];
                if (json.writer.path_length > 0) json.writer.addToPath('.');
                json.name_at = json.writer.path_length;
                json.place = .in_name;
                return byte == '"';
            },
            .colon => {
                json.place = .value;
                return byte == ':';
            },
            else => switch (byte) {
                ',' => {
                    json.place = if (json.isObject()) .name else .value;
                    return json.depth > 0;
                },
                '}', ']' => return json.close(byte == '}'),
                // One value behind another, as in JSON lines.
                else => return json.depth == 0 and json.begin(byte),
            },
        }
    }

    noinline fn begin(json: *JsonFields, byte: u8) bool {
        switch (byte) {
            '"' => json.place = .in_text,
            '{', '[' => {
                if (json.depth == depth_max) return false;
                const inner = if (json.depth == 0) 0 else if (json.isObject()) json.writer.path_length else json.paths[json.depth];
                json.objects = json.objects << 1 | @intFromBool(byte == '{');
                json.depth += 1;
                json.paths[json.depth] = inner;
                json.place = if (byte == '{') .first_name else .first_value;
            },
            else => {
                json.place = .in_word;
                return isWord(byte);
            },
        }
        return true;
    }

    noinline fn close(json: *JsonFields, is_object: bool) bool {
        if (json.depth == 0 or json.isObject() != is_object) return false;
        json.objects >>= 1;
        json.depth -= 1;
        json.place = .behind;
        return true;
    }

    noinline fn isObject(json: *const JsonFields) bool {
        return json.depth > 0 and json.objects & 1 == 1;
    }

    noinline fn inText(json: *JsonFields, byte: u8, is_name: bool) bool {
        if (json.escaped > 0) return json.inEscape(byte, is_name);
        switch (byte) {
            '\\' => json.escaped = 1,
            '"' => {
                json.place = if (is_name) .colon else .behind;
                if (is_name and !json.hidden) json.hides = json.writer.isHidden(json.name_at);
            },
            else => {},
        }
        return true;
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

fn wordLength(bytes: []const u8) usize {
    for (bytes, 0..) |byte, at| if (!isWord(byte)) return at;
    return bytes.len;
}

/// Numbers, true, false, null, and what else writers make of them: NaN, -Infinity.
fn isWord(byte: u8) bool {
    return switch (byte) {
        '0'...'9', 'a'...'z', 'A'...'Z', '+', '-', '.' => true,
        else => false,
    };
}
