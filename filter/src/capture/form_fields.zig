// SPDX-License-Identifier: Apache-2.0
//! The values of a form (application/x-www-form-urlencoded), in pieces of any size. `user[password]` and `user.password`
//! are the same path.

const std = @import("std");
const texts = @import("../text.zig");
const redaction = @import("redaction.zig");
const unsigned = @import("../config/json_reader.zig").unsigned;
const Writer = @import("body_writer.zig").Writer;

/// Of zeros at the begin.
pub const FormFields = struct {
    place: enum { name, value, hidden_begin, hidden },
    /// Of a byte that is percent-encoded: how many digits are there, and which.
    encoded: u8,
    digits: [2]u8,

    pub fn feed(form: *FormFields, writer: *Writer, bytes: []const u8) void {
        var shown: usize = 0;
        for (bytes, 0..) |byte, at| switch (form.place) {
            .name => form.inName(writer, byte),
            // An old separator; in a hidden value it is a part of that.
            .value => if (byte == '&' or byte == ';') form.restart(writer),
            .hidden_begin, .hidden => {
                if (form.place == .hidden_begin) {
                    writer.add(bytes[shown..at]);
                    if (byte != '&') writer.add(redaction.placeholder);
                    form.place = .hidden;
                }
                shown = at + 1;
                if (byte != '&') continue;
                shown = at;
                form.restart(writer);
            },
        };
        if (form.place != .hidden) writer.add(bytes[shown..]);
    }

    noinline fn restart(form: *FormFields, writer: *Writer) void {
        form.place = .name;
        form.encoded = 0;
        writer.path_length = 0;
    }

    fn inName(form: *FormFields, writer: *Writer, byte: u8) void {
        if (form.encoded > 0) {
            form.digits[form.encoded - 1] = byte;
            const good = unsigned(form.digits[0..form.encoded], 16);
            if (good <= 0xff) {
                form.encoded = if (form.encoded == 1) 2 else 0;
                if (form.encoded == 0) addToName(writer, @intCast(good));
                return;
            }
            // It was a percent sign and no more.
            addToName(writer, '%');
            if (form.encoded == 2) addToName(writer, form.digits[0]);
            form.encoded = 0;
        }
        switch (byte) {
            '%' => form.encoded = 1,
            '+' => addToName(writer, ' '),
            '=' => form.place = if (isHidden(writer)) .hidden_begin else .value,
            '&', ';' => form.restart(writer),
            else => addToName(writer, byte),
        }
    }

    noinline fn addToName(writer: *Writer, byte: u8) void {
        if (byte != ']') writer.addToPath(if (byte == '[') '.' else byte);
    }

    fn isHidden(writer: *Writer) bool {
        if (writer.path_length > writer.path.len) return true;
        // Of `tokens[]` the name is in front.
        while (writer.path_length > 0 and writer.path[writer.path_length - 1] == '.') writer.path_length -= 1;
        const path = writer.path[0..writer.path_length];
        const dot = texts.lastIndexOf(path, '.');
        return writer.isHidden(writer.pathFrom(if (dot == path.len) 0 else dot + 1));
    }
};
