// SPDX-License-Identifier: Apache-2.0
//! `apiclarity`: what APIClarity's server takes at POST /api/telemetry, one document per exchange.

const Traits = @import("formats.zig").Traits;
const f = @import("template.zig").field;

pub const traits = Traits{
    .content_type = "application/json",
    .times = true,
    .namespace = true,
    .header_objects = true,
    .document = "{\"requestID\":" ++ f(.request_id) ++ ",\"scheme\":" ++ f(.scheme) ++
        ",\"destinationAddress\":" ++ f(.destination_one_colon) ++ ",\"destinationNamespace\":" ++ f(.namespace) ++
        ",\"sourceAddress\":" ++ f(.source_one_colon) ++
        ",\"request\":{\"method\":" ++ f(.method) ++ ",\"path\":" ++ f(.path) ++ ",\"host\":" ++ f(.authority) ++
        ",\"common\":{\"version\":" ++ f(.protocol) ++ ",\"headers\":[" ++ f(.request_headers) ++
        "],\"body\":" ++ f(.request_body) ++ ",\"TruncatedBody\":" ++ f(.request_truncated) ++
        ",\"time\":" ++ f(.request_ms) ++ "}},\"response\":{\"statusCode\":" ++ f(.status) ++
        ",\"common\":{\"version\":" ++ f(.protocol) ++ ",\"headers\":[" ++ f(.response_headers) ++
        "],\"body\":" ++ f(.response_body) ++ ",\"TruncatedBody\":" ++ f(.response_truncated) ++
        ",\"time\":" ++ f(.response_ms) ++ "}}}",
};
