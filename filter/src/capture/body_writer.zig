// SPDX-License-Identifier: Apache-2.0
//! Where a body goes that is looked through piece by piece: what may be shown is kept, a value that may not is replaced.

const std = @import("std");
const block_list = @import("block_list.zig");
const limits = @import("../limits.zig");
const texts = @import("../text.zig");
const NamesOf = @import("name_cache.zig").NamesOf;

pub const Writer = struct {
    list: *block_list.BlockList,
    pool: *block_list.Pool,
    names: NamesOf,
    /// How long the list may get.
    length_max: u32,
    /// Nothing more is taken: there is no room, or what came can't be understood.
    ended: bool = false,
    /// The names that lead to a value, with dots between them: `user.password`.
    path: [limits.path_bytes_max]u8 = undefined,
    path_length: usize = 0,

    pub noinline fn add(writer: *Writer, bytes: []const u8) void {
        if (writer.ended) return;
        const wanted = bytes[0..@min(bytes.len, writer.length_max -| writer.list.length)];
        // Nothing is left for others: they get it back before they can ask.
        const taken = writer.list.append(writer.pool, wanted, 0);
        if (taken < bytes.len) writer.ended = true;
    }

    /// More names than there is room for are counted and not kept.
    pub noinline fn addToPath(writer: *Writer, byte: u8) void {
        if (writer.path_length < writer.path.len) writer.path[writer.path_length] = byte;
        writer.path_length +|= 1;
    }

    pub fn addAllToPath(writer: *Writer, bytes: []const u8) void {
        const room = writer.path[@min(writer.path_length, writer.path.len)..];
        texts.copy(room.ptr, bytes[0..@min(bytes.len, room.len)]);
        writer.path_length +|= bytes.len;
    }

    /// Whether it is by more than its name that a field can be listed.
    pub fn needsPath(writer: *const Writer) bool {
        return writer.names.hidden.given.len > 0;
    }

    /// The end of the path, which may be longer than what is kept of it.
    pub fn pathFrom(writer: *const Writer, start: usize) []const u8 {
        const end = @min(writer.path_length, writer.path.len);
        return writer.path[@min(start, end)..end];
    }

    /// Whether the value must not be shown that the path leads to, whose last name is this. A path that is longer than
    /// any that can be known is hidden.
    pub noinline fn isHidden(writer: *const Writer, name: []const u8) bool {
        if (writer.path_length > writer.path.len) return true;
        const by_name = writer.names.facts(name).hidden;
        // Where nothing is given the path decides nothing.
        return if (writer.needsPath()) writer.names.hidden.hasPath(by_name, name, writer.pathFrom(0)) else by_name;
    }
};
