// SPDX-License-Identifier: Apache-2.0
//! Which share of the exchanges is traced, so that every proxy on a request's way decides alike; and, where that is
//! asked for, as OpenTelemetry's samplers do.

const std = @import("std");
const known_headers = @import("../capture/known_headers.zig");
const request_id = @import("../capture/request_id.zig");
const trace_context = @import("../capture/trace_context.zig");
const texts = @import("../text.zig");
const unsigned = @import("../config/json_reader.zig").unsigned;
const none = @import("../config/json_reader.zig").none;
const Head = known_headers.Head;
const SampleBy = @import("../config/settings.zig").SampleBy;

/// A rate of one.
pub const whole = 1_000_000_000;

pub const Sampler = struct {
    by: SampleBy,
    /// Of `whole`.
    rate: u32,

    /// Null for a request without an id of any kind: chance decides.
    pub fn decide(sampler: Sampler, head: *const Head) ?bool {
        if (sampler.by == .hash and sampler.rate == whole) return true;
        const traceparent = head.get(.traceparent);
        const trace_id = trace_context.traceId(traceparent);
        if (trace_id.len > 0) switch (sampler.by) {
            .parent => return isSampledByParent(traceparent),
            .trace_id => return randomness(head.get(.tracestate), trace_id) >= threshold(sampler.rate),
            .hash => {},
        };
        if (sampler.rate == whole) return true;
        return sampler.takes(seedOf(trace_id, head.get(.request_id)) orelse return null);
    }

    pub fn takes(sampler: Sampler, seed: u64) bool {
        return request_id.mix(seed) >> 32 < @as(u64, sampler.rate) * std.math.maxInt(u32) / whole;
    }
};

/// In a request id that is a UUID Envoy changes the version digit on the way: it does not count.
fn seedOf(trace_id: []const u8, id: []const u8) ?u64 {
    const version_digit = 14;
    if (trace_id.len > 0) return request_id.seedOf(trace_id);
    if (id.len != request_id.length) return if (id.len > 0) request_id.seedOf(id) else null;
    return request_id.seedOf(id[0..version_digit]) ^ request_id.mix(request_id.seedOf(id[version_digit + 1 ..]));
}

/// Of a valid traceparent: the last bit of its flags.
fn isSampledByParent(traceparent: []const u8) bool {
    return unsigned(traceparent[53..55], 16) & 1 == 1;
}

const random_bits = 56;
const random_digits = random_bits / 4;

/// The 56 bits that OpenTelemetry compares with a threshold: `rv` in its part of the trace state, or else the last of the
/// trace id.
fn randomness(tracestate: []const u8, trace_id: []const u8) u64 {
    for ([_][]const u8{ explicit(tracestate), trace_id[trace_id.len - random_digits ..] }) |digits| {
        if (bitsOf(digits)) |bits| return bits;
    }
    return 0;
}

/// Of 14 hexadecimal digits, in halves, as `unsigned` takes no more than 48 bits.
fn bitsOf(digits: []const u8) ?u64 {
    if (digits.len != random_digits) return null;
    const half = random_digits / 2;
    const upper, const lower = .{ unsigned(digits[0..half], 16), unsigned(digits[half..], 16) };
    return if (@max(upper, lower) == none) null else upper << 4 * half | lower;
}

/// tracestate: other=x,ot=th:8;rv:9b8233f7e3a151
fn explicit(tracestate: []const u8) []const u8 {
    const vendors = valueOf(tracestate, ',', "ot=");
    return valueOf(vendors, ';', "rv:");
}

/// What follows a key in a list; nothing if it is not there.
noinline fn valueOf(list: []const u8, separator: u8, key: []const u8) []const u8 {
    var rest = list;
    while (rest.len > 0) : (rest = texts.after(rest, separator)) {
        const item = bare(texts.before(rest, separator));
        if (texts.startsWith(item, key)) return item[key.len..];
    }
    return "";
}

/// Without white space around it.
fn bare(member: []const u8) []const u8 {
    var text = member;
    while (text.len > 0 and text[0] <= ' ') text = text[1..];
    while (text.len > 0 and text[text.len - 1] <= 32) text.len -= 1;
    return text;
}

/// The share that is rejected, of 2^56, in four significant hexadecimal digits, as SDKs and the collector have it by
/// default: as many more as there are leading digits 0 or f.
fn threshold(rate: u32) u64 {
    const all = @as(u64, 1) << random_bits;
    // rate * 2^56 / 10^9, rounded: in two steps, as a word does not hold it.
    const upper = @as(u64, rate) << 28;
    const lower = (upper % whole << 28) + whole / 2;
    const accepted = (upper / whole << 28) + lower / whole;
    const rejected = all - accepted;
    if (rate == 0 or rejected == 0) return rejected;
    const unused = @bitSizeOf(u64) - random_bits;
    const leading = @max(@clz(accepted) - unused, @clz(rejected) - unused) / 4;
    const dropped: u6 = @intCast(4 * (random_digits - 4 -| leading));
    const half = @as(u64, 1) << dropped >> 1;
    return (rejected + half) >> dropped << dropped;
}

fn headOf(comptime pairs: []const [2][]const u8) Head {
    var head = Head{};
    for (pairs) |pair| head.set(pair[0], pair[1]);
    return head;
}

test "thresholds as the specification's table has them" {
    const cases = [_]struct { u32, u64 }{
        .{ 1_000_000_000, 0 },              .{ 500_000_000, 0x80000000000000 }, .{ 333_333_333, 0xaaab0000000000 },
        .{ 250_000_000, 0xc0000000000000 }, .{ 200_000_000, 0xcccd0000000000 }, .{ 100_000_000, 0xe6660000000000 },
        .{ 10_000_000, 0xfd70a000000000 },  .{ 1_000_000, 0xffbe7700000000 },   .{ 100_000, 0xfff97240000000 },
        .{ 10_000, 0xffff583a000000 },      .{ 1_000, 0xffffef39000000 },       .{ 0, 1 << 56 },
        .{ 999_000_000, 0x00418900000000 },
    };
    for (cases) |case| try std.testing.expectEqual(case[1], threshold(case[0]));
}

const parent = "-00f067aa0ba902b7-01";

test "by the trace id" {
    const sampler = Sampler{ .by = .trace_id, .rate = 100_000_000 };
    const taken = headOf(&.{.{ "traceparent", "00-000000000000000000e6660000000000" ++ parent }});
    try std.testing.expectEqual(true, sampler.decide(&taken));
    const below = headOf(&.{.{ "traceparent", "00-ffffffffffffffffffe665ffffffffff" ++ parent }});
    try std.testing.expectEqual(false, sampler.decide(&below));
    try std.testing.expectEqual(null, sampler.decide(&headOf(&.{})));
    try std.testing.expectEqual(null, sampler.decide(&headOf(&.{.{ "traceparent", "00-0" }})));
    // Explicit randomness goes before.
    for ([_][]const u8{ "ot=rv:e6660000000000", "a=b, ot=th:0;rv:ffffffffffffff ,c=d", "ot=x:y;rv:f0000000000000;z:1" }) |state| {
        var head = below;
        head.set("tracestate", state);
        try std.testing.expectEqual(true, sampler.decide(&head));
    }
    for ([_][]const u8{ "ot=rv:ffffffffffffff0", "ot=rv:fffffffffffffg", "xot=rv:ffffffffffffff", "a=ot=rv:ffffffffffffff", "ot=th:0", "ot=" }) |state| {
        var head = below;
        head.set("tracestate", state);
        try std.testing.expectEqual(false, sampler.decide(&head));
    }
}

test "by the parent's flag, whatever the rate" {
    for ([_]u32{ 0, whole }) |rate| {
        const sampler = Sampler{ .by = .parent, .rate = rate };
        for ([_][]const u8{ "00", "01", "02", "03", "0a", "0b", "ff" }, [_]bool{ false, true, false, true, false, true, true }) |flags, expected| {
            var head = Head{};
            var text: [55]u8 = undefined;
            const traceparent = try std.fmt.bufPrint(&text, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{s}", .{flags});
            head.set("traceparent", traceparent);
            try std.testing.expectEqual(expected, sampler.decide(&head));
        }
        const other = headOf(&.{.{ "x-request-id", "7" }});
        try std.testing.expectEqual(rate == whole, sampler.decide(&other));
    }
}

test "the rate is kept, and an id is decided upon alike wherever it is seen" {
    const sampler = Sampler{ .by = .hash, .rate = whole / 4 };
    var taken: usize = 0;
    for (0..20_000) |number| {
        var buffer: [request_id.length]u8 = undefined;
        const id = request_id.make(number, &buffer);
        var head = Head{};
        head.set("x-request-id", id);
        const first = sampler.decide(&head).?;
        taken += @intFromBool(first);
        buffer[14] = 'a';
        try std.testing.expectEqual(first, sampler.decide(&head));
    }
    try std.testing.expect(taken > 4600 and taken < 5400);
    try std.testing.expect((Sampler{ .by = .hash, .rate = whole }).takes(1) and !(Sampler{ .by = .hash, .rate = 0 }).takes(1));
}
