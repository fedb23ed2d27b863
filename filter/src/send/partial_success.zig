// SPDX-License-Identifier: Apache-2.0
//! What an OTLP backend says of a batch that it took: {"partialSuccess": {"rejectedLogRecords": "3"}}.

const std = @import("std");
const json_reader = @import("../config/json_reader.zig");
const texts = @import("../text.zig");
const Reader = json_reader.Reader;

/// How many records were not taken; none, unless the answer says so. `answer` is changed.
pub fn rejected(answer: []u8) u32 {
    var reader = Reader{ .text = answer };
    if (reader.next() != '{' or !seek(&reader, "partialSuccess")) return 0;
    if (reader.next() != '{' or !seek(&reader, "rejectedLogRecords")) return 0;
    return switch (reader.next()) {
        // JSON of protobuf has 64 bits as text, and takes numbers.
        json_reader.string_token, json_reader.number_token => @intCast(@min(json_reader.unsigned(reader.value, 10) +% 1, limit) -| 1),
        else => 0,
    };
}

const limit = 1 << 31;

/// To the value of this name within an object.
fn seek(reader: *Reader, name: []const u8) bool {
    while (reader.next() == json_reader.string_token) {
        if (texts.equal(reader.value, name)) return true;
        reader.skip(reader.next());
    }
    return false;
}

test "what was not taken" {
    const cases = [_]struct { []const u8, u32 }{
        .{ "{\"partialSuccess\":{\"rejectedLogRecords\":\"3\"}}", 3 },
        .{ "{\"x\": [{}], \"partialSuccess\": {\"errorMessage\": \"}\", \"rejectedLogRecords\": 7}}", 7 },
        .{ "{\"partialSuccess\":{\"rejectedLogRecords\":\"281474976710656\"}}", limit - 1 },
        .{ "{\"partialSuccess\":{}}", 0 },
        .{ "{\"partialSuccess\":{\"rejectedLogRecords\":\"-3\"}}", 0 },
        .{ "{\"partialSuccess\":{\"rejectedLogRecords\":null}}", 0 },
        .{ "{\"partialSuccess\":null}", 0 },
        .{ "{\"rejectedLogRecords\":\"3\"}", 0 },
        .{ "[", 0 },
        .{ "", 0 },
        .{ "{\"partialSuccess\"", 0 },
    };
    for (cases) |case| {
        var text: [128]u8 = undefined;
        @memcpy(text[0..case[0].len], case[0]);
        try std.testing.expectEqual(case[1], rejected(text[0..case[0].len]));
    }
}
