// SPDX-License-Identifier: Apache-2.0
//! When to leave a backend alone that does not answer, or never takes what it gets. The time and the chance come as
//! arguments.

const std = @import("std");

/// One failure is no outage; this many in a row are.
const failures_until_down = 5;
/// Who has taken a trace may refuse so many others before a refusal counts as a failure: one that it can't read says
/// nothing of the rest. Who has never taken one may refuse none.
const refusals_allowed = 100;
const delay_ns_least = 500 * std.time.ns_per_ms;
const doublings_max = 6;

pub const Backoff = struct {
    failures: u32 = 0,
    refusals_left: u32 = 0,
    doublings: u6 = 0,
    retry_at_ns: u64 = 0,

    pub fn isDown(backoff: *const Backoff) bool {
        return backoff.failures >= failures_until_down;
    }

    /// While it is down, one call at a time finds out whether it still is.
    pub fn allows(backoff: *const Backoff, now_ns: u64, calls_in_flight: usize) bool {
        return !backoff.isDown() or now_ns >= backoff.retry_at_ns and calls_in_flight == 0;
    }

    pub fn succeeded(backoff: *Backoff) void {
        backoff.* = .{ .refusals_left = refusals_allowed };
    }

    /// It has asked to be left alone until then.
    pub fn pause(backoff: *Backoff, until_ns: u64) void {
        backoff.failures = @max(backoff.failures, failures_until_down);
        backoff.retry_at_ns = @max(backoff.retry_at_ns, until_ns);
    }

    /// It has answered, and does not want this one. False when that is a failure.
    pub fn forgives(backoff: *Backoff) bool {
        if (backoff.refusals_left == 0) return false;
        backoff.* = .{ .refusals_left = backoff.refusals_left - 1 };
        return true;
    }

    /// The delay doubles with each attempt, up to 32 s, and half of it is left to chance, so that proxies
    /// that lost their backend together do not return together.
    pub fn failed(backoff: *Backoff, now_ns: u64, chance: u64) void {
        backoff.failures +|= 1;
        // Calls that were in flight when it went down fail together: that is one attempt.
        if (!backoff.isDown() or now_ns < backoff.retry_at_ns) return;
        const half = (@as(u64, delay_ns_least) << backoff.doublings) / 2;
        backoff.retry_at_ns = now_ns +| half + chance % half;
        if (backoff.doublings < doublings_max) backoff.doublings += 1;
    }
};

test "down after some failures in a row, then one attempt at a time, later and later" {
    var backoff = Backoff{};
    for (0..failures_until_down - 1) |_| backoff.failed(1000, 0);
    try std.testing.expect(backoff.allows(1000, 200));
    backoff.succeeded();
    for (0..failures_until_down) |_| backoff.failed(1000, 0);
    try std.testing.expect(backoff.isDown() and !backoff.allows(1001, 0));
    var now: u64 = 1000;
    var last: u64 = 0;
    for (0..20) |chance| {
        const wait = backoff.retry_at_ns - now;
        try std.testing.expect(wait >= delay_ns_least / 2 and wait <= 32 * std.time.ns_per_s);
        if (last <= 16 * std.time.ns_per_s) try std.testing.expect(wait * 2 > last);
        backoff.failed(now + 1, chance); // one that was still in flight
        try std.testing.expectEqual(now + wait, backoff.retry_at_ns);
        now = backoff.retry_at_ns;
        try std.testing.expect(backoff.allows(now, 0) and !backoff.allows(now, 1) and !backoff.allows(now - 1, 0));
        last = wait;
        backoff.failed(now, chance *% 0x9e3779b97f4a7c15);
    }
    backoff.succeeded();
    try std.testing.expect(backoff.allows(now, 5));
}

test "who asks for time gets it" {
    var backoff = Backoff{};
    backoff.failed(1000, 0);
    backoff.pause(5000);
    try std.testing.expect(backoff.isDown() and !backoff.allows(4999, 0) and backoff.allows(5000, 0));
}

test "who never takes a trace has failed, who took one may refuse others" {
    var backoff = Backoff{};
    try std.testing.expect(!backoff.forgives());
    backoff.succeeded();
    for (0..refusals_allowed) |_| {
        backoff.failed(1000, 0);
        try std.testing.expect(backoff.forgives() and backoff.failures == 0);
    }
    try std.testing.expect(!backoff.forgives());
    backoff.succeeded();
    try std.testing.expect(backoff.forgives());
}
