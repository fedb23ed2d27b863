// SPDX-License-Identifier: Apache-2.0
const std = @import("std");
const limits = @import("src/limits.zig");

const file_name = "http-trace-filter.wasm";

pub fn build(b: *std.Build) void {
    const optimize = b.option(
        std.builtin.OptimizeMode,
        "optimize",
        "ReleaseSmall (what is released); ReleaseSafe traps on a slip, for tests",
    ) orelse .ReleaseSmall;
    const names = b.option(bool, "names", "keep the names of functions, for tests/filter/profile.py") orelse false;

    const object = b.addObject(.{
        .name = "filter",
        .root_module = b.createModule(.{
            .root_source_file = b.path("src/main.zig"),
            .target = wasmTarget(b),
            .optimize = optimize,
            .strip = !names,
        }),
    });
    // Multiplications that are checked call it; without checks nothing of it is linked.
    object.bundle_compiler_rt = true;
    // Checks take room on the stack as well.
    const wasm = link(b, object, names, if (optimize == .ReleaseSmall) limits.stack_bytes else 64 * 1024);
    b.getInstallStep().dependOn(&b.addInstallBinFile(wasm, file_name).step);

    b.step("dist", "build and put the result into dist/, with its digest").dependOn(release(b, wasm));

    const tests = b.addTest(.{
        .root_module = b.createModule(.{
            .root_source_file = b.path("src/tests.zig"),
            .target = b.graph.host,
            .optimize = .Debug,
        }),
    });
    b.step("test", "run the native tests").dependOn(&b.addRunArtifact(tests).step);
}

/// By the linker itself, as the build system has no word for --compress-relocations: without it every
/// address and call takes five bytes, a twelfth of the whole.
fn link(b: *std.Build, object: *std.Build.Step.Compile, names: bool, stack_bytes: usize) std.Build.LazyPath {
    const linker = b.addSystemCommand(&.{ b.graph.zig_exe, "wasm-ld", "--no-entry", "--export-dynamic" });
    linker.addArg(if (names) "--strip-debug" else "--strip-all");
    linker.addArgs(&.{ "--compress-relocations", "--stack-first" });
    linker.addArgs(&.{ "-z", b.fmt("stack-size={d}", .{stack_bytes}) });
    // All memory there is, from the start: it never grows. Pages that are not touched cost nothing.
    linker.addArg(b.fmt("--initial-memory={d}", .{limits.memory_bytes}));
    linker.addArg(b.fmt("--max-memory={d}", .{limits.memory_bytes}));
    linker.addArtifactArg(object);
    linker.addArg("-o");
    return linker.addOutputFileArg(file_name);
}

fn release(b: *std.Build, wasm: std.Build.LazyPath) *std.Build.Step {
    const tool = b.addRunArtifact(b.addExecutable(.{
        .name = "release",
        .root_module = b.createModule(.{
            .root_source_file = b.path("tools/release.zig"),
            .target = b.graph.host,
        }),
    }));
    tool.addFileArg(wasm);
    tool.addArg(file_name);
    const files = b.addUpdateSourceFiles();
    files.addCopyFileToSource(tool.addOutputFileArg(file_name), "dist/" ++ file_name);
    files.addCopyFileToSource(tool.addOutputFileArg(file_name ++ ".sha256"), "dist/" ++ file_name ++ ".sha256");
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
