//! The entries of a configuration: where each stands, of what kind it is, and which field it sets.

const std = @import("std");
const encoders = @import("encoders.zig");
const limits = @import("limits.zig");
const configuration_file = @import("configuration.zig");
const Bodies = configuration_file.Bodies;
const Configuration = configuration_file.Configuration;
const Context = configuration_file.Context;
const Names = configuration_file.Names;

pub const Group = enum(u8) { top, backend, batch, include, exclude, hosts_from };

pub const Kind = enum(u8) { group, revision, name, word, path, number, fraction, choice, names, headers };

const Entry = struct {
    group: Group = .top,
    kind: Kind,
    least: u8 = 0,
    offset: u16 = 0,
    most: u32 = 0,
    name: []const u8,
};

/// The field of a group's member is called after both, unless it is there by the member's name alone.
fn entryOf(comptime group: Group, kind: Kind, comptime name: []const u8) Entry {
    const full = @tagName(group) ++ "_" ++ name;
    const field = if (@hasField(Configuration, full)) full else name;
    return .{ .group = group, .kind = kind, .name = name, .offset = @offsetOf(Configuration, field) };
}

fn numberOf(comptime group: Group, comptime name: []const u8, least: u8, most: u32) Entry {
    var entry = entryOf(group, .number, name);
    entry.least = least;
    entry.most = most;
    return entry;
}

/// What a choice has to be one of. `by_format` can't be asked for.
pub const choices = [_]Names{ std.meta.fieldNames(encoders.Format), std.meta.fieldNames(Context), std.meta.fieldNames(Bodies)[0..2] };

fn choiceOf(comptime name: []const u8, comptime which: u32) Entry {
    var entry = entryOf(.top, .choice, name);
    entry.most = which;
    return entry;
}

fn groupOf(comptime group: Group) Entry {
    return .{ .kind = .group, .name = @tagName(group), .most = @intFromEnum(group) };
}

/// A table and one loop over it: a branch for each entry is four times the code.
pub const entries = [_]Entry{
    entryOf(.top, .revision, "revision"),
    entryOf(.top, .name, "name"),
    choiceOf("format", 0),
    choiceOf("context", 1),
    choiceOf("bodies", 2),
    numberOf(.top, "request_body_bytes_max", 0, limits.body_bytes_max),
    numberOf(.top, "response_body_bytes_max", 0, limits.body_bytes_max),
    numberOf(.top, "heartbeat_seconds", 1, limits.heartbeat_seconds_max),
    entryOf(.top, .names, "redact_headers"),
    entryOf(.top, .names, "redact_query"),
    groupOf(.backend),
    entryOf(.backend, .word, "cluster"),
    entryOf(.backend, .word, "authority"),
    entryOf(.backend, .path, "path"),
    numberOf(.backend, "timeout_ms", 1, limits.timeout_ms_max),
    entryOf(.backend, .headers, "headers"),
    entryOf(.top, .fraction, "sample_rate"),
    entryOf(.top, .names, "body_content_types"),
    groupOf(.include),
    entryOf(.include, .names, "methods"),
    entryOf(.include, .names, "paths"),
    entryOf(.include, .names, "hosts"),
    entryOf(.include, .names, "statuses"),
    groupOf(.exclude),
    entryOf(.exclude, .names, "methods"),
    entryOf(.exclude, .names, "paths"),
    entryOf(.exclude, .names, "hosts"),
    entryOf(.exclude, .names, "statuses"),
    groupOf(.hosts_from),
    entryOf(.hosts_from, .word, "cluster"),
    entryOf(.hosts_from, .word, "authority"),
    entryOf(.hosts_from, .path, "path"),
    numberOf(.hosts_from, "seconds", 1, 3600),
    groupOf(.batch),
    numberOf(.batch, "count", 1, limits.batch_count_max),
    numberOf(.batch, "bytes", 1, limits.batch_bytes_max),
    numberOf(.batch, "milliseconds", 100, 60_000),
};
