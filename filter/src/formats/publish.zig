// SPDX-License-Identifier: Apache-2.0
//! `publish`: the document of the seed's README (SCNTelemetry), one per exchange.

const Traits = @import("formats.zig").Traits;
const f = @import("template.zig").field;

pub const traits = Traits{
    .content_type = "application/json",
    .document = "{\"request_id\":" ++ f(.request_id) ++ ",\"scheme\":" ++ f(.scheme) ++
        ",\"destination_address\":" ++ f(.destination_address) ++ ",\"source_address\":" ++ f(.source_address) ++
        ",\"scnt_request\":{\"method\":" ++ f(.method) ++ ",\"path\":" ++ f(.path) ++ ",\"host\":" ++ f(.authority) ++
        ",\"version\":" ++ f(.protocol) ++ ",\"headers\":[" ++ f(.request_headers) ++
        "],\"body\":" ++ f(.request_body) ++ ",\"truncated_body\":" ++ f(.request_truncated) ++
        "},\"scnt_response\":{\"status_code\":" ++ f(.status) ++
        ",\"version\":" ++ f(.protocol) ++ ",\"headers\":[" ++ f(.response_headers) ++
        "],\"body\":" ++ f(.response_body) ++ ",\"truncated_body\":" ++ f(.response_truncated) ++ "}}",
};
