// SPDX-License-Identifier: Apache-2.0
//! The hosts that the backend wants to be traced, as it last said: {"hosts": ["cart.pay:80", ...]}, or
//! ["*"] for all. An answer that can't be used changes nothing.

const std = @import("std");
const address = @import("../capture/address.zig");
const limits = @import("../limits.zig");
const texts = @import("../text.zig");
const configuration = @import("../config/configuration.zig");
const Names = configuration.Names;
const json_reader = @import("../config/json_reader.zig");
const Reader = json_reader.Reader;

const List = struct {
    names: Names,
    items: [limits.hosts_max][]const u8,
    text: [limits.hosts_bytes_max]u8,

    /// Takes `{"hosts": [...]}`. False when it is anything else.
    fn read(list: *List, answer: []const u8) bool {
        if (answer.len > list.text.len) return false;
        texts.copy(&list.text, answer);
        var reader = Reader{ .text = list.text[0..answer.len] };
        if (reader.next() != '{') return false;
        var found = false;
        while (true) switch (reader.next()) {
            json_reader.string_token => {
                const is_hosts = texts.equal(reader.value, "hosts");
                const token = reader.next();
                if (is_hosts) {
                    if (token != '[') return false;
                    var lists = configuration.Lists{ .items = &list.items };
                    if (!configuration.names(&reader, &lists, &configuration.words, list.items.len, &list.names)) return false;
                    found = true;
                } else reader.skip(token);
            },
            '}' => return found and reader.next() == json_reader.end_token and !reader.failed,
            else => return false,
        };
    }
};

pub const Hosts = struct {
    /// The list in use, and the one that the next answer is read into: a bad one changes nothing.
    lists: [2]List,
    current: u1,
    /// Before the first answer nothing is known, and nothing is traced.
    known: bool,

    pub fn clear(hosts: *Hosts) void {
        hosts.known = false;
        hosts.lists[hosts.current].names = &.{};
    }

    /// False for an answer that can't be used.
    pub fn read(hosts: *Hosts, answer: []const u8) bool {
        if (!hosts.lists[hosts.current ^ 1].read(answer)) return false;
        hosts.current ^= 1;
        hosts.known = true;
        return true;
    }

    /// `namespace` is the pod's own: `cart` is cart.pay to those in pay.
    pub fn has(hosts: *const Hosts, authority: []const u8, scheme: []const u8, namespace: []const u8) bool {
        const port = address.portAt(authority, scheme);
        const host = address.hostOf(authority);
        for (hosts.lists[hosts.current].names) |item| {
            if (texts.equal(item, "*")) return true;
            const wanted = address.portOf(item);
            if (wanted.len > 0 and !texts.equal(wanted, port)) continue;
            if (means(address.hostOf(item), host, namespace)) return true;
        }
        return false;
    }
};

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

fn read(text: []const u8) bool {
    return tested.read(text);
}

test "what an entry means" {
    tested.current = 0;
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
    try std.testing.expect(read("{\"hosts\": [\"a\"], \"more\": [1]}"));
    for ([_][]const u8{ "", "[]", "{}", "{\"hosts\": \"a\"}", "{\"hosts\": [1]}", "{\"hosts\": [\"b\"]", "{\"hosts\": [\"b\"]} x" }) |bad| {
        try std.testing.expect(!read(bad));
        try std.testing.expect(tested.has("a", "http", "") and !tested.has("b", "http", ""));
    }
    try std.testing.expect(read("{\"hosts\": []}") and !tested.has("a", "http", ""));
    try std.testing.expect(read("{\"hosts\": [\"*\"]}") and tested.has("any", "http", ""));
}
