# SPDX-License-Identifier: Apache-2.0
"""Calls into a wasm module and out of it again, by wasmtime's C API for values that need no checking.

The calls of wasmtime's Python package ask for a function's type and convert each value every time, which takes
twenty times as long; a fuzzer makes millions. Numbers go both ways as unsigned 64-bit ones.
"""

import ctypes
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import wasmtime
from wasmtime import _ffi

# A wasmtime_val_raw_t has 16 bytes, of which numbers take the first.
VALUE_BYTES = 16
# More than any test burns.
FUEL = 1 << 62
_call_raw = ctypes.CFUNCTYPE(
    ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
)(("wasmtime_func_call_unchecked", _ffi.dll))
_Callback = ctypes.CFUNCTYPE(
    ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint64), ctypes.c_size_t
)
_Finalizer = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_FORMATS = [struct.Struct("<" + "Q8x" * count) for count in range(9)]
MASKS = {"i": 0xFFFF_FFFF, "I": 0xFFFF_FFFF_FFFF_FFFF}

Host = Callable[[str, list[int]], int]


class _Running:
    """Which instance runs: wasm is entered from one thread, and a call of the host belongs to it."""

    instance: "Instance | None" = None


def _import(name: str, parameters: str) -> Any:
    """A function that the module imports: i and I are integers of 32 and 64 bits; it returns 32."""
    places = [(2 * at, MASKS[kind]) for at, kind in enumerate(parameters)]

    def callback(_environment: int, _caller: int, values: Any, _count: int) -> int:
        instance = _Running.instance
        assert instance is not None and instance.host is not None
        try:
            values[0] = instance.host(name, [values[at] & mask for at, mask in places])
            return 0
        except BaseException as error:  # It goes on in Python when the module has been left.
            instance.error = error
            return ctypes.cast(wasmtime.Trap("the host gave up")._consume(), ctypes.c_void_p).value or 0

    return _Callback(callback)


class Program:
    """A compiled module whose imports, all of `env`, are known."""

    def __init__(self, wasm: Path, imports: Mapping[str, str], *, counted: bool = False) -> None:
        """`counted`: each instruction burns fuel, which makes it slower."""
        config = wasmtime.Config()
        config.consume_fuel = counted
        self.counted = counted
        self.engine = wasmtime.Engine(config)
        module = wasmtime.Module.from_file(self.engine, str(wasm))
        self.linker = wasmtime.Linker(self.engine)
        self._callbacks = [self._define(name, parameters) for name, parameters in imports.items()]
        self.prepared = self.linker.instantiate_pre(module)
        functions = [entry for entry in module.exports if isinstance(entry.type, wasmtime.FuncType)]
        self.exports = {entry.name: (len(entry.type.params), len(entry.type.results)) for entry in functions}

    def _define(self, name: str, parameters: str) -> Any:
        kinds = {"i": wasmtime.ValType.i32(), "I": wasmtime.ValType.i64()}
        kind = wasmtime.FuncType([kinds[one] for one in parameters], [wasmtime.ValType.i32()])
        callback = _import(name, parameters)
        error = _ffi.dll.wasmtime_linker_define_func_unchecked(
            self.linker.ptr(), b"env", 3, name.encode(), len(name), kind.ptr(),
            ctypes.cast(callback, _ffi.wasmtime_func_unchecked_callback_t), None, _Finalizer(0),
        )  # fmt: skip
        assert not error
        return callback


class Instance:
    def __init__(self, program: Program) -> None:
        self._program = program
        self.store = wasmtime.Store(program.engine)
        if program.counted:
            self.store.set_fuel(FUEL)
        self._context = ctypes.cast(self.store._context(), ctypes.c_void_p).value
        exports = program.prepared.instantiate(self.store).exports(self.store)
        self._exported = exports["memory"]
        self.memory = memoryview(self._exported.get_buffer_ptr(self.store)).cast("B")
        """All of it. The filter's memory can't grow, so it stays where it is; `memory_bytes` sees if it does."""
        self._functions = {}
        for name, (parameters, results) in program.exports.items():
            values = ctypes.create_string_buffer(VALUE_BYTES * max(parameters, 1))
            function = exports[name]._func
            self._functions[name] = (function, ctypes.addressof(function), values, ctypes.addressof(values), results)
        self._trap = ctypes.c_void_p()
        self._trap_at = ctypes.addressof(self._trap)
        self.host: Host | None = None
        self.error: BaseException | None = None

    @property
    def instructions(self) -> int:
        """Those that ran, where they are counted."""
        return FUEL - self.store.get_fuel()

    @property
    def memory_bytes(self) -> int:
        return int(self._exported.data_len(self.store))

    def call(self, host: Host, export: str, arguments: tuple[int, ...]) -> int | None:
        """Raises what `host` raised, or wasmtime.Trap."""
        _, function_at, values, values_at, results = self._functions[export]
        _FORMATS[len(arguments)].pack_into(values, 0, *arguments)
        outer, _Running.instance, self.host = (_Running.instance, self.host), self, host
        error = _call_raw(self._context, function_at, values_at, len(values) // VALUE_BYTES, self._trap_at)
        _Running.instance, self.host = outer
        if error or self._trap.value:
            self._raise(error)
        return int.from_bytes(values.raw[:4], "little") if results else None

    def _raise(self, error: int | None) -> None:
        trap = ctypes.cast(self._trap, ctypes.POINTER(_ffi.wasm_trap_t))
        self._trap = ctypes.c_void_p()
        self._trap_at = ctypes.addressof(self._trap)
        raised, self.error = self.error, None
        if raised is not None:
            raise raised
        if error:
            raise wasmtime.WasmtimeError._from_ptr(ctypes.cast(error, ctypes.POINTER(_ffi.wasmtime_error_t)))
        raise wasmtime.Trap._from_ptr(trap)
