// SPDX-License-Identifier: Apache-2.0
//! `ndjson`: documents of the format publish, many to a POST, one per line.

const Traits = @import("formats.zig").Traits;
const publish = @import("publish.zig").traits;

pub const traits = Traits{
    .content_type = "application/x-ndjson",
    .document = publish.document,
    .between = "\n",
};
