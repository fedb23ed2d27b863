// SPDX-License-Identifier: Apache-2.0
//! Addresses and hosts with a port behind them: `10.0.0.1:80`, `[::1]:80`, `shop`.

const std = @import("std");
const pattern = @import("../select/pattern.zig");
const texts = @import("../text.zig");
const unsigned = @import("../config/json_reader.zig").unsigned;

/// Without the user info in front, which no address has.
inline fn bare(address: []const u8) []const u8 {
    return address[userInfoLength(address)..];
}

noinline fn userInfoLength(address: []const u8) usize {
    var at: usize = 0;
    while (true) {
        const found = at + texts.indexOf(address[at..], '@');
        if (found == address.len) return at;
        at = found + 1;
    }
}

/// How long the host is: up to the colon before the port, behind the brackets of an IPv6 address. What has more colons
/// is such an address without brackets, and has no port.
fn hostLength(address: []const u8) usize {
    const from = if (address.len > 0 and address[0] == '[') texts.indexOf(address, ']') else 0;
    if (from == address.len) return from;
    const colon = from + texts.indexOf(address[from..], ':');
    return if (texts.lastIndexOf(address, ':') > colon and colon < address.len) address.len else colon;
}

/// Without the brackets of an IPv6 address.
pub fn hostOf(address: []const u8) []const u8 {
    const all = bare(address);
    const host = all[0..hostLength(all)];
    const is_ip = texts.startsWith(host, "[") and host[host.len - 1] == ']' and texts.indexOf(host, ':') < host.len;
    return if (is_ip) host[1 .. host.len - 1] else host;
}

/// Nothing, if there is none or it is no port's number.
pub inline fn portOf(address: []const u8) []const u8 {
    return address[portStart(address)..];
}

noinline fn portStart(address: []const u8) usize {
    const all = bare(address);
    const port = all[@min(hostLength(all) + 1, all.len)..];
    const good = port.len <= 5 and unsigned(port, 10) <= std.math.maxInt(u16) and port[0] != '0';
    return address.len - if (good) port.len else 0;
}

/// A port that a request does not name is its scheme's.
pub fn portAt(authority: []const u8, scheme: []const u8) []const u8 {
    const port = portOf(authority);
    if (port.len > 0) return port;
    return if (texts.equal(scheme, "https")) "443" else "80";
}

/// The host of a request, or nothing if it can be none.
pub fn serverOf(authority: []const u8) []const u8 {
    const host = hostOf(authority);
    const is_ip = texts.indexOf(host, ':') < host.len;
    for (host) |byte| switch (byte) {
        '0'...'9', 'a'...'f', 'A'...'F', '.', ':' => {},
        'g'...'z', 'G'...'Z', '-', '_' => if (is_ip) return "",
        else => return "",
    };
    return host;
}

/// Whether a host that a request names is meant by an entry of a list, such as `shop`, `shop:8080`,
/// `*.example.com` or `*`. Without a port the entry means every port.
pub fn matches(entry: []const u8, host: []const u8, port: []const u8) bool {
    const wanted = portOf(entry);
    if (wanted.len > 0 and !texts.equal(wanted, port)) return false;
    const name = hostOf(host);
    // A dot at the end says that it is the whole of a name.
    const rooted = name.len > 1 and name[name.len - 1] == '.';
    return pattern.matches(hostOf(entry), name[0 .. name.len - @intFromBool(rooted)], .{});
}

test "hosts and ports" {
    const cases = [_][3][]const u8{
        .{ "10.0.0.1:80", "10.0.0.1", "80" }, .{ "[fe80::1]:80", "fe80::1", "80" },  .{ "[::1]", "::1", "" },
        .{ "shop", "shop", "" },              .{ "", "", "" },                       .{ "a:b", "a", "" },
        .{ "[", "[", "" },                    .{ ":1", "", "1" },                    .{ "::1", "::1", "" },
        .{ "shop:99999", "shop", "" },        .{ "shop:0", "shop", "" },             .{ "shop:", "shop", "" },
        .{ "al:pw@shop:80", "shop", "80" },   .{ "[redacted]@[::1]:1", "::1", "1" }, .{ "[::1", "[::1", "" },
        .{ "shop:65535", "shop", "65535" },   .{ "shop:080", "shop", "" },           .{ "fe80::1:80", "fe80::1:80", "" },
    };
    for (cases) |case| {
        errdefer std.debug.print("{s}\n", .{case[0]});
        try std.testing.expectEqualStrings(case[1], hostOf(case[0]));
        try std.testing.expectEqualStrings(case[2], portOf(case[0]));
    }
}

test "what a server can be called" {
    for ([_][2][]const u8{
        .{ "shop:99999", "shop" }, .{ "::1", "::1" }, .{ "[::1]:80", "::1" }, .{ "a_b.c", "a_b.c" }, .{ "[", "" }, .{ "[::1", "" },
        .{ "a b", "" },            .{ ":80", "" },    .{ "[redacted]", "" },  .{ "x::y", "" },       .{ "", "" },  .{ "é", "" },
    }) |case| try std.testing.expectEqualStrings(case[1], serverOf(case[0]));
}

test "entries of a list" {
    for ([_][2][]const u8{
        .{ "shop", "Shop:8080" }, .{ "shop:80", "shop:80" }, .{ "shop:80", "shop" }, .{ "*.a.b", "x.a.b:1" }, .{ "*", "" }, .{ "a.*", "a.b" }, .{ "a.b", "a.b.:80" }, .{ "[::1]", "[::1]:80" }, .{ "shop", "al:pw@shop" },
    }) |case| try std.testing.expect(matches(case[0], case[1], portAt(case[1], "http")));
    for ([_][2][]const u8{
        .{ "shop", "shop2" }, .{ "shop:80", "shop:81" }, .{ "shop:443", "shop" }, .{ "*.a.b", "a.b" }, .{ "[::1]", "[::2]" },
    }) |case| try std.testing.expect(!matches(case[0], case[1], portAt(case[1], "http")));
    try std.testing.expect(matches("shop:443", "shop", portAt("shop", "https")));
}
