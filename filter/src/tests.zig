// SPDX-License-Identifier: Apache-2.0
//! Every file with tests; tests/filter/test_zig.py fails for one that is missing here.

test {
    _ = @import("capture/address.zig");
    _ = @import("send/backoff.zig");
    _ = @import("formats/base64.zig");
    _ = @import("send/calls.zig");
    _ = @import("capture/capture.zig");
    _ = @import("capture/block_list.zig");
    _ = @import("capture/body_kind.zig");
    _ = @import("capture/body_redaction.zig");
    _ = @import("capture/body_redaction_test.zig");
    _ = @import("capture/body_writer.zig");
    _ = @import("capture/form_fields.zig");
    _ = @import("capture/json_fields.zig");
    _ = @import("config/configuration.zig");
    _ = @import("config/configuration_table.zig");
    _ = @import("capture/connections.zig");
    _ = @import("filter_test.zig");
    _ = @import("config/forms.zig");
    _ = @import("capture/grpc.zig");
    _ = @import("capture/known_headers.zig");
    _ = @import("capture/headers.zig");
    _ = @import("capture/hidden_names.zig");
    _ = @import("select/hosts.zig");
    _ = @import("capture/name_cache.zig");
    _ = @import("formats/json.zig");
    _ = @import("config/json_reader.zig");
    _ = @import("send/kept.zig");
    _ = @import("send/partial_success.zig");
    _ = @import("select/pattern.zig");
    _ = @import("config/plugin_contexts.zig");
    _ = @import("capture/record.zig");
    _ = @import("capture/redaction.zig");
    _ = @import("capture/request_id.zig");
    _ = @import("host/scratch.zig");
    _ = @import("select/sampling.zig");
    _ = @import("scan.zig");
    _ = @import("select/selection.zig");
    _ = @import("capture/streams.zig");
    _ = @import("formats/template.zig");
    _ = @import("formats/template_test.zig");
    _ = @import("text.zig");
    _ = @import("capture/trace_context.zig");
    _ = @import("capture/urls.zig");
}
