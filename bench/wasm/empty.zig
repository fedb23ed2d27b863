// SPDX-License-Identifier: Apache-2.0
//! A filter that exports what a tracing filter needs, and does nothing: what Envoy's calls alone cost.

const proceed: u32 = 0;

/// The host may ask for room though nothing is ever fetched: for the plugin configuration.
var room: [1024]u8 = undefined;

export fn proxy_abi_version_0_2_1() void {}

export fn proxy_on_memory_allocate(size: usize) ?[*]u8 {
    return if (size <= room.len) &room else null;
}

export fn proxy_on_context_create(_: u32, _: u32) void {}

export fn proxy_on_request_headers(_: u32, _: u32, _: u32) u32 {
    return proceed;
}

export fn proxy_on_request_body(_: u32, _: u32, _: u32) u32 {
    return proceed;
}

export fn proxy_on_response_headers(_: u32, _: u32, _: u32) u32 {
    return proceed;
}

export fn proxy_on_response_body(_: u32, _: u32, _: u32) u32 {
    return proceed;
}

export fn proxy_on_log(_: u32) void {}

export fn proxy_on_delete(_: u32) void {}
