// SPDX-License-Identifier: Apache-2.0
//! Addresses and hosts with a port behind them: `10.0.0.1:80`, `[::1]:80`, `shop`.

const std = @import("std");
const texts = @import("text.zig");
const none = @import("json_reader.zig").none;
const unsigned = @import("json_reader.zig").unsigned;

/// Where the colon before the port is: behind the brackets of an IPv6 address, if there are any.
fn portColon(address: []const u8) usize {
    const colon = texts.lastIndexOf(address, ':');
    const bracket = texts.lastIndexOf(address, ']');
    return if (bracket == address.len or bracket < colon) colon else address.len;
}

/// Without the brackets of an IPv6 address.
pub fn hostOf(address: []const u8) []const u8 {
    const host = address[0..portColon(address)];
    return if (host.len > 1 and host[0] == '[') host[1 .. host.len - 1] else host;
}

/// Nothing, if there is none or it is no number.
pub fn portOf(address: []const u8) []const u8 {
    const colon = portColon(address);
    const port = address[@min(colon + 1, address.len)..];
    return if (port.len <= 5 and unsigned(port, 10) != none) port else "";
}

/// Whether a host that a request names is meant by an entry of a list, such as `shop`, `shop:8080`,
/// `*.example.com` or `*`. Without a port the entry means every port.
pub fn matches(entry: []const u8, host: []const u8) bool {
    const wanted = portOf(entry);
    if (wanted.len > 0 and !texts.equal(wanted, portOf(host))) return false;
    const pattern = hostOf(entry);
    const name = hostOf(host);
    if (texts.startsWith(pattern, "*")) {
        const end = pattern[1..];
        return name.len >= end.len and texts.equalIgnoreCase(name[name.len - end.len ..], end);
    }
    return texts.equalIgnoreCase(pattern, name);
}

test "hosts and ports" {
    const cases = [_][3][]const u8{
        .{ "10.0.0.1:80", "10.0.0.1", "80" }, .{ "[fe80::1]:80", "fe80::1", "80" }, .{ "[::1]", "::1", "" },
        .{ "shop", "shop", "" },              .{ "", "", "" },                      .{ "a:b", "a", "" },
        .{ "[", "[", "" },                    .{ ":1", "", "1" },
    };
    for (cases) |case| {
        try std.testing.expectEqualStrings(case[1], hostOf(case[0]));
        try std.testing.expectEqualStrings(case[2], portOf(case[0]));
    }
}

test "entries of a list" {
    for ([_][2][]const u8{ .{ "shop", "Shop:8080" }, .{ "shop:80", "shop:80" }, .{ "*.a.b", "x.a.b:1" }, .{ "*", "" } }) |case| {
        try std.testing.expect(matches(case[0], case[1]));
    }
    for ([_][2][]const u8{ .{ "shop", "shop2" }, .{ "shop:80", "shop:81" }, .{ "shop:80", "shop" }, .{ "*.a.b", "a.b" } }) |case| {
        try std.testing.expect(!matches(case[0], case[1]));
    }
}
