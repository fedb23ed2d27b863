//! The metrics' names. Envoy puts `wasmcustom.` before each custom name, and its Prometheus page takes
//! that one prefix off again: `wasmcustom.trace_sent` reads `wasmcustom_trace_sent` there.

pub const Kind = enum(u32) { counter = 0, gauge = 1 };

pub const Metric = enum {
    trace_revision,
    trace_heartbeat,
    trace_sent,
    trace_failed,
    trace_dropped,
    trace_truncated,
    trace_configuration_errors,

    pub fn kind(metric: Metric) Kind {
        return switch (metric) {
            .trace_revision, .trace_heartbeat => .gauge,
            else => .counter,
        };
    }

    pub fn name(metric: Metric) []const u8 {
        return switch (metric) {
            inline else => |known| "wasmcustom." ++ @tagName(known),
        };
    }
};

pub const count = @typeInfo(Metric).@"enum".fields.len;
