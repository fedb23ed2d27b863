// SPDX-License-Identifier: Apache-2.0
//! Every file with tests; tests/filter/test_zig.py fails for one that is missing here.

test {
    _ = @import("address.zig");
    _ = @import("backoff.zig");
    _ = @import("base64.zig");
    _ = @import("calls.zig");
    _ = @import("capture.zig");
    _ = @import("chain.zig");
    _ = @import("configuration.zig");
    _ = @import("configuration_table.zig");
    _ = @import("connections.zig");
    _ = @import("filter_test.zig");
    _ = @import("forms.zig");
    _ = @import("grpc.zig");
    _ = @import("head.zig");
    _ = @import("headers.zig");
    _ = @import("hosts.zig");
    _ = @import("json.zig");
    _ = @import("json_reader.zig");
    _ = @import("partial_success.zig");
    _ = @import("pattern.zig");
    _ = @import("plugins.zig");
    _ = @import("record.zig");
    _ = @import("redaction.zig");
    _ = @import("request_id.zig");
    _ = @import("scratch.zig");
    _ = @import("selection.zig");
    _ = @import("streams.zig");
    _ = @import("template.zig");
    _ = @import("template_test.zig");
    _ = @import("text.zig");
    _ = @import("urls.zig");
}
