//! The hosts that the backend wants to be traced, as it last said: {"hosts": ["cart.pay:80", ...]}, or
//! ["*"] for all. An answer that can't be used changes nothing.

const std = @import("std");
const address = @import("address.zig");
const limits = @import("limits.zig");
const texts = @import("text.zig");
const json_reader = @import("json_reader.zig");
const Reader = json_reader.Reader;

pub const Hosts = struct {
    /// Before the first answer nothing is known, and nothing is traced.
    known: bool,
    count: usize,
    items: [limits.hosts_max][]const u8,
    text: [limits.hosts_bytes_max]u8,

    pub fn clear(hosts: *Hosts) void {
        hosts.known = false;
        hosts.count = 0;
    }

    /// False for an answer that can't be used. It is changed: strings are unescaped in place.
    pub fn read(hosts: *Hosts, answer: []u8) bool {
        var found: [limits.hosts_max][]const u8 = undefined;
        const count = list(answer, &found) orelse return false;
        var at: usize = 0;
        for (found[0..count], 0..) |item, index| {
            // All of them together were in an answer that fits.
            @memcpy(hosts.text[at..][0..item.len], item);
            hosts.items[index] = hosts.text[at..][0..item.len];
            at += item.len;
        }
        hosts.count = count;
        hosts.known = true;
        return true;
    }

    /// `namespace` is the pod's own: `cart` is cart.pay to those in pay.
    pub fn has(hosts: *const Hosts, authority: []const u8, scheme: []const u8, namespace: []const u8) bool {
        var port = address.portOf(authority);
        if (port.len == 0) port = if (texts.equal(scheme, "https")) "443" else "80";
        const host = address.hostOf(authority);
        for (hosts.items[0..hosts.count]) |item| {
            if (texts.equal(item, "*")) return true;
            const wanted = address.portOf(item);
            if (wanted.len > 0 and !texts.equal(wanted, port)) continue;
            if (means(address.hostOf(item), host, namespace)) return true;
        }
        return false;
    }
};

fn list(answer: []u8, found: *[limits.hosts_max][]const u8) ?usize {
    if (answer.len > limits.hosts_bytes_max) return null;
    var reader = Reader{ .text = answer };
    var count: ?usize = null;
    if (reader.next() != '{') return null;
    while (true) switch (reader.next()) {
        json_reader.string_token => {
            const is_hosts = texts.equal(reader.value, "hosts");
            const token = reader.next();
            if (!is_hosts) {
                reader.skip(token);
                continue;
            }
            if (token != '[') return null;
            count = 0;
            while (true) switch (reader.next()) {
                ']' => break,
                json_reader.string_token => {
                    if (count.? == found.len) return null;
                    found[count.?] = reader.value;
                    count.? += 1;
                },
                else => return null,
            };
        },
        '}' => break,
        else => return null,
    };
    return if (reader.next() == json_reader.end_token and !reader.failed) count else null;
}

/// Whether `name`, service.namespace, is what a request calls `host`: the same, the name that Kubernetes
/// makes of it (cart.pay.svc.cluster.local), or the service alone from its own namespace.
fn means(name: []const u8, host: []const u8, namespace: []const u8) bool {
    if (host.len >= name.len) {
        const rest = host[name.len..];
        return texts.startsWithIgnoreCase(host, name) and (rest.len == 0 or texts.startsWith(rest, ".svc"));
    }
    return texts.startsWithIgnoreCase(name, host) and name[host.len] == '.' and texts.equal(name[host.len + 1 ..], namespace);
}

var tested: Hosts = undefined;

fn read(comptime text: []const u8) bool {
    var answer = text[0..text.len].*;
    return tested.read(&answer);
}

test "what an entry means" {
    tested.clear();
    try std.testing.expect(!tested.has("cart.pay", "http", ""));
    try std.testing.expect(read("{\"x\": [{}], \"hosts\": [\"cart.pay:80\", \"other\", \"tls.pay:443\"]}"));
    for ([_][2][]const u8{
        .{ "cart.pay", "http" }, .{ "Cart.pay:80", "https" },                  .{ "other:99", "http" },
        .{ "tls.pay", "https" }, .{ "cart.pay.svc.cluster.local:80", "http" }, .{ "cart", "http" },
    }) |case| try std.testing.expect(tested.has(case[0], case[1], "pay"));
    for ([_][2][]const u8{
        .{ "cart.pay", "https" }, .{ "cart.pay:81", "http" }, .{ "cart.payment", "http" }, .{ "car", "http" }, .{ "", "http" },
    }) |case| try std.testing.expect(!tested.has(case[0], case[1], "pay"));
    try std.testing.expect(!tested.has("cart", "http", "shop"));
}

test "the last good list is kept" {
    try std.testing.expect(read("{\"hosts\": [\"a\"]}"));
    for ([_][]const u8{ "", "[]", "{}", "{\"hosts\": \"a\"}", "{\"hosts\": [1]}", "{\"hosts\": [\"b\"]", "{\"hosts\": [\"b\"]} x" }) |bad| {
        var answer: [32]u8 = undefined;
        @memcpy(answer[0..bad.len], bad);
        try std.testing.expect(!tested.read(answer[0..bad.len]));
        try std.testing.expect(tested.has("a", "http", "") and !tested.has("b", "http", ""));
    }
    try std.testing.expect(read("{\"hosts\": []}") and !tested.has("a", "http", ""));
    try std.testing.expect(read("{\"hosts\": [\"*\"]}") and tested.has("any", "http", ""));
}
