const std = @import("std");
const limits = @import("src/limits.zig");

pub fn build(b: *std.Build) void {
    const optimize = b.option(
        std.builtin.OptimizeMode,
        "optimize",
        "ReleaseSmall (what is released); ReleaseSafe traps on a slip, for tests",
    ) orelse .ReleaseSmall;

    const filter = b.addExecutable(.{
        .name = "http-trace-filter",
        .root_module = b.createModule(.{
            .root_source_file = b.path("src/main.zig"),
            .target = wasmTarget(b),
            .optimize = optimize,
            .strip = true,
        }),
    });
    filter.entry = .disabled;
    // Without it the linker drops every export, silently.
    filter.rdynamic = true;
    filter.stack_size = limits.stack_bytes;
    // All memory there is, from the start: it never grows. Pages that are not touched cost nothing.
    filter.initial_memory = limits.memory_bytes;
    filter.max_memory = limits.memory_bytes;
    b.installArtifact(filter);

    b.step("dist", "build and put the result into dist/, with its digest").dependOn(release(b, filter));

    const tests = b.addTest(.{
        .root_module = b.createModule(.{
            .root_source_file = b.path("src/tests.zig"),
            .target = b.graph.host,
            .optimize = .Debug,
        }),
    });
    b.step("test", "run the native tests").dependOn(&b.addRunArtifact(tests).step);
}

fn release(b: *std.Build, filter: *std.Build.Step.Compile) *std.Build.Step {
    const tool = b.addRunArtifact(b.addExecutable(.{
        .name = "release",
        .root_module = b.createModule(.{
            .root_source_file = b.path("tools/release.zig"),
            .target = b.graph.host,
        }),
    }));
    const name = "http-trace-filter.wasm";
    tool.addFileArg(filter.getEmittedBin());
    tool.addArg(name);
    const files = b.addUpdateSourceFiles();
    files.addCopyFileToSource(tool.addOutputFileArg(name), "dist/" ++ name);
    files.addCopyFileToSource(tool.addOutputFileArg(name ++ ".sha256"), "dist/" ++ name ++ ".sha256");
    return &files.step;
}

/// Freestanding, as the filter needs nothing of WASI: what it does not import needs no permission. The
/// features are those of Zig's default for wasm, named so that no release changes them unnoticed.
fn wasmTarget(b: *std.Build) std.Build.ResolvedTarget {
    return b.resolveTargetQuery(.{
        .cpu_arch = .wasm32,
        .os_tag = .freestanding,
        .cpu_model = .{ .explicit = &std.Target.wasm.cpu.mvp },
        .cpu_features_add = std.Target.wasm.featureSet(&.{
            .bulk_memory,
            .mutable_globals,
            .nontrapping_fptoint,
            .sign_ext,
        }),
    });
}
