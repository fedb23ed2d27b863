// SPDX-License-Identifier: Apache-2.0
//! The exports: what Envoy calls. Each hands on to the filter and lets the exchange go on. Callbacks that
//! would do nothing (vm_start, trailers of requests, log, delete) are not exported, as every one costs a crossing.

const abi = @import("host/abi.zig");
const filter = @import("filter.zig").Filter(abi);

/// "Continue" for headers and bodies; it is the only answer there is.
const proceed: u32 = 0;

/// Its name declares the ABI version; it is never called.
export fn proxy_abi_version_0_2_1() void {}

export fn proxy_on_memory_allocate(size: usize) ?[*]u8 {
    return abi.scratch.allocate(size);
}

export fn proxy_on_context_create(id: u32, root: u32) void {
    filter.onContextCreate(id, root);
}

export fn proxy_on_configure(root: u32, size: usize) u32 {
    filter.onConfigure(root, size);
    return 1; // True, always: false would make Envoy reject the listener.
}

export fn proxy_on_tick(root: u32) void {
    filter.onTick(root);
}

export fn proxy_on_request_headers(id: u32, _: u32, _: u32) u32 {
    filter.onHeaders(id, .request);
    return proceed;
}

export fn proxy_on_request_body(id: u32, size: usize, _: u32) u32 {
    filter.onBody(id, .request, size);
    return proceed;
}

export fn proxy_on_response_headers(id: u32, _: u32, _: u32) u32 {
    filter.onHeaders(id, .response);
    return proceed;
}

export fn proxy_on_response_body(id: u32, size: usize, _: u32) u32 {
    filter.onBody(id, .response, size);
    return proceed;
}

export fn proxy_on_response_trailers(id: u32, _: u32) u32 {
    filter.onTrailers(id);
    return proceed;
}

/// Directly before Envoy deletes a context, and after it has logged: log and delete need no callback too.
export fn proxy_on_done(id: u32) u32 {
    return @intFromBool(filter.onDone(id));
}

export fn proxy_on_http_call_response(root: u32, token: u32, headers: u32, body: u32, _: u32) void {
    filter.onHttpCallResponse(root, token, headers, body);
}
