// SPDX-License-Identifier: Apache-2.0
//! `otlp`: OTLP/HTTP logs in JSON, for any OpenTelemetry collector. A record is one exchange, by the
//! semantic conventions for HTTP; what they have no name for is under `http.exchange`.

const Traits = @import("formats.zig").Traits;
const f = @import("template.zig").field;
const Field = @import("../capture/record.zig").Field;

fn attribute(comptime key: []const u8, comptime which: Field) []const u8 {
    return f(.attribute) ++ key ++ f(which);
}

fn own(comptime key: []const u8, comptime which: Field) []const u8 {
    return f(.own_attribute) ++ key ++ f(which);
}

pub const traits = Traits{
    .content_type = "application/json",
    .times = true,
    .namespace = true,
    .resource = true,
    .partial = true,
    .open = "{\"resourceLogs\":[{\"resource\":{\"attributes\":[" ++
        attribute("service.name", .own_service) ++ attribute("k8s.namespace.name", .own_namespace) ++
        attribute("k8s.pod.name", .own_pod) ++
        "]},\"scopeLogs\":[{\"scope\":{\"name\":\"openclarity.wasm_filters\"},\"logRecords\":[\n",
    .document = "{\"timeUnixNano\":\"" ++ f(.request_ns) ++ "\",\"observedTimeUnixNano\":\"" ++ f(.end_ns) ++
        "\",\"severityNumber\":9,\"eventName\":\"http.exchange\"" ++
        f(.unless_empty) ++ f(.trace_id) ++ ",\"traceId\":" ++ f(.trace_id) ++
        f(.unless_empty) ++ f(.span_id) ++ ",\"spanId\":" ++ f(.span_id) ++
        ",\"attributes\":[" ++
        attribute("http.request.method", .method) ++ attribute("url.scheme", .scheme) ++
        attribute("url.path", .url_path) ++ attribute("url.query", .url_query) ++
        attribute("server.address", .server_address) ++ attribute("server.port", .server_port) ++
        attribute("client.address", .client_address) ++ attribute("client.port", .client_port) ++
        attribute("network.peer.address", .peer_address) ++ attribute("network.peer.port", .peer_port) ++
        attribute("network.protocol.version", .protocol_version) ++
        attribute("user_agent.original", .user_agent) ++
        attribute("http.response.status_code", .response_status) ++ attribute("error.type", .error_type) ++
        attribute("rpc.system.name", .rpc_system) ++ attribute("rpc.method", .rpc_method) ++
        attribute("rpc.status_code", .rpc_status) ++
        attribute("http.request.body.size", .request_bytes) ++ attribute("http.response.body.size", .response_bytes) ++
        own("id", .request_id) ++ own("destination", .destination_address) ++
        own("destination_namespace", .namespace) ++
        own("duration_ns", .duration_ns) ++
        attribute("http.request.body.content", .request_body) ++ own("request.body_coded", .request_coded) ++
        own("request.body_truncated", .request_truncated) ++
        attribute("http.response.body.content", .response_body) ++ own("response.body_coded", .response_coded) ++
        own("response.body_truncated", .response_truncated) ++
        f(.request_attributes) ++ f(.response_attributes) ++ "]}",
    .between = "\n,",
    .close = "]}]}]}",
};
