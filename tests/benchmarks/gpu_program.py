"""What the programs for an H100 do, seen without a card: `python tests/benchmarks/gpu_program.py [--json]`.

JAX compiles for a card that is not there. The packages that it needs for that are installed beside the environment:

    pip install --no-deps --target build/cuda jax-cuda13-plugin==VERSION jax-cuda13-pjrt==VERSION

where VERSION is that of jax, and `build/cuda` any folder, given as `--packages`; `--install` does it. Columns:

    launches    kernels, library calls and copies, those in a loop times its passes, if their number is known
    temporary   memory beside arguments and results, MB
    moved       bytes read and written by them, GB, each operand counted once or as much of it as is sliced out
    products    arithmetic of the matrix products, GFLOP
    reckoned    milliseconds: 4 µs a launch, and the longer of 3 TB/s and 50 TFLOP/s for each
    registers   of a thread, the most that a kernel takes, by ptxas, which PyTorch for CUDA brings; – without it
    spilled     bytes that a thread of these kernels moves from registers to memory, and back, for lack of them, in all
    compile     seconds it took here

A row is LASI's value and gradient of four images (`LASI(shape, N).compute_distances_to`), its distance of a pair, the
engine's step, given both metrics' values and gradients, or one pass of the compiled loop of LASI and MSE. It exits with
1 if a program exceeds the bounds of `PROGRAMS`.
"""

import argparse
import atexit
import functools
import importlib.util
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

H100 = """
gpu_device_info {
  core_count: 132 fpus_per_core: 128 threads_per_warp: 32 threads_per_block_limit: 1024 threads_per_core_limit: 2048
  shared_memory_per_block: 49152 shared_memory_per_core: 233472 shared_memory_per_block_optin: 232448
  registers_per_core_limit: 65536 registers_per_block_limit: 65536
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
  memory_bandwidth: 3352320000000 l2_cache_size: 52428800 device_memory_size: 84929347584 clock_rate_ghz: 1.98
  cuda_compute_capability { major: 9 }
}
platform_name: "CUDA"
dnn_version_info { major: 9 minor: 7 }
runtime_version { major: 13 minor: 0 }
"""
BATCH = 4
LAUNCH_SECONDS, BYTES_PER_SECOND, FLOPS_PER_SECOND = 4e-6, 3e12, 50e12
Row = dict[str, Any]
Kind = Literal["gradient of 4", "pair", "step of the engine", "loop of LASI and MSE"]
Traceable = tuple[Any, Sequence[Any]]
"""A function, and trees of the shapes of its arguments."""


@dataclass(frozen=True)
class Program:
    """One program and its bounds."""

    height: int
    width: int
    neighborhood_size: int = 10
    kind: Kind = "gradient of 4"
    memory_budget: float = 4e9
    most_launches: float = math.inf
    most_megabytes: float = math.inf
    most_spilled: float = math.inf


PROGRAMS = [
    Program(64, 64, most_launches=80, most_spilled=0),
    Program(128, 128, most_launches=80, most_spilled=0),
    Program(256, 256, most_launches=80, most_megabytes=1200, most_spilled=0),
    Program(512, 512, most_launches=80, most_megabytes=4000, most_spilled=0),
    Program(512, 512, memory_budget=1e9, most_megabytes=1000),
    Program(2160, 3840, kind="pair", most_megabytes=8000),
    *[Program(size, size, n) for n in (5, 20) for size in (64, 128, 256, 512)],
    *[Program(512, 512, n) for n in (1, 50)],
    Program(128, 128, kind="step of the engine", most_launches=80),
    Program(128, 128, kind="loop of LASI and MSE", most_launches=180),
]


def main(arguments: Sequence[str] | None = None) -> None:
    """Compile every program and print what it does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")
    parser.add_argument("--packages", type=Path, default=ROOT / "build" / "cuda", help="the folder of the packages")
    parser.add_argument("--install", action="store_true", help="install the packages there first if they are missing")
    parser.add_argument("--neighborhoods", type=int, nargs="+", default=[1, 5, 10, 20, 50])
    chosen = parser.parse_args(arguments)
    _prepare(chosen.packages, install=chosen.install)
    rows = [_row(program) for program in PROGRAMS if program.neighborhood_size in chosen.neighborhoods]
    print(json.dumps(rows, indent=1) if chosen.json else _table(rows))
    exceeded = [row for row in rows if row["exceeds"]]
    for row in exceeded:
        print(f"{row['program']}, N = {row['N']}: more {row['exceeds']} than allowed", file=sys.stderr)
    sys.exit(1 if exceeded else 0)


def _prepare(packages: Path, *, install: bool) -> None:
    """Make JAX able to compile for CUDA: the packages, and settings that it reads when it starts."""
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(packages)]
    command += [f"{name}=={version('jax')}" for name in ("jax-cuda13-plugin", "jax-cuda13-pjrt")]
    if not (packages / "jax_plugins").is_dir():
        if not install:
            sys.exit(f"Packages to compile for CUDA are missing; run with --install, or run\n    {' '.join(command)}")
        subprocess.run(command, check=True, stdout=sys.stderr)
    sys.path.insert(0, str(packages))
    os.environ["JAX_SKIP_CUDA_CONSTRAINTS_CHECK"] = "1"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    flags = f"--xla_gpu_autotune_level=0 --xla_gpu_enable_triton_gemm=false --xla_dump_to={_dump()}"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}"

    from jax._src import xla_bridge

    answer = xla_bridge.canonicalize_platform
    # Without a device JAX does not know which platform "gpu" is (jax issue 23971).
    xla_bridge.canonicalize_platform = lambda platform: "cuda" if platform == "gpu" else answer(platform)


def _row(program: Program) -> Row:
    began = time.perf_counter()
    compiled = _compiled(program)
    seconds = time.perf_counter() - began
    kernels = list(Hlo(compiled.as_text()).kernels())
    launches = sum(kernel.times for kernel in kernels)
    megabytes = compiled.memory_analysis().temp_size_in_bytes / 1e6
    registers, spilled = _assembled()
    exceeds = [
        name
        for name, value, most in (
            ("launches", launches, program.most_launches),
            ("temporary memory", megabytes, program.most_megabytes),
            ("spilled registers", spilled or 0, program.most_spilled),
        )
        if value > most
    ]
    return {
        "program": f"{program.width}×{program.height}, {program.kind}",
        "N": program.neighborhood_size,
        "budget": program.memory_budget / 1e9,
        "launches": launches,
        "temporary": megabytes,
        "moved": sum(kernel.times * kernel.bytes for kernel in kernels) / 1e9,
        "products": sum(kernel.times * kernel.flops for kernel in kernels) / 1e9,
        "reckoned": 1e3 * sum(kernel.times * kernel.seconds for kernel in kernels),
        "registers": registers,
        "spilled": spilled,
        "compile": seconds,
        "exceeds": " and ".join(exceeds),
    }


@functools.cache
def _dump() -> Path:
    """The folder into which XLA writes the kernels of each program."""
    folder = Path(tempfile.mkdtemp(prefix="gpu_program_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _assembled() -> tuple[int | None, int | None]:
    """The registers of a thread and the bytes spilled, of the kernels that were written since the last call."""
    triton = importlib.util.find_spec("triton")
    beside = [str(Path(triton.origin).parent / "backends/nvidia/bin")] if triton and triton.origin else []
    ptxas = shutil.which("ptxas", path=os.pathsep.join([os.environ.get("PATH", ""), *beside]))
    registers, spilled = [0], 0
    for kernels in _dump().glob("*.ptx"):
        if ptxas:
            command = [ptxas, "-v", "-arch=sm_90a", str(kernels), "-o", os.devnull]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
            registers += map(int, re.findall(r"Used (\d+) registers", told))
            spilled += sum(map(int, re.findall(r"(\d+) bytes spill", told)))
        kernels.unlink()
    return (max(registers), spilled) if ptxas else (None, None)


def _compiled(program: Program) -> Any:
    import jax
    from jax.experimental import topologies

    card = topologies.get_topology_desc(platform="cuda", target_config=H100, topology="1x1x1")
    whole = jax.sharding.NamedSharding(topologies.make_mesh(card, (1,), ("x",)), jax.sharding.PartitionSpec())
    function, arguments = _of_lasi(program) if program.kind in ("gradient of 4", "pair") else _of_the_engine(program)
    on_card = jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=whole), arguments)
    return jax.jit(function).trace(*on_card).lower(lowering_platforms=("cuda",)).compile()


def _of_lasi(program: Program) -> Traceable:
    import jax

    from lasi import LASI

    shape = (program.height, program.width, 3)
    lasi = LASI(shape, program.neighborhood_size, memory_budget=program.memory_budget)

    def value_and_gradient(images: jax.Array, embedding: jax.Array) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        def total(images: jax.Array) -> tuple[jax.Array, jax.Array]:
            distances = lasi.compute_distances_to(embedding, images)
            return distances.sum(), distances

        return jax.value_and_grad(total, has_aux=True)(images)

    if program.kind == "pair":
        return lasi.compute_distance, [_floats(*shape), _floats(*shape)]
    return value_and_gradient, [_floats(BATCH, *shape), _floats(*shape, program.neighborhood_size)]


def _of_the_engine(program: Program) -> Traceable:
    import jax
    import numpy as np

    from mad_app.competition import Settings, SolverOptions, loop
    from mad_app.competition.constraints import parametrization
    from mad_app.competition.problem import Constants
    from mad_app.competition.solver import init
    from mad_app.metrics import JaxMetric, get_metric

    gray = np.full((program.height, program.width, 3), 0.5, np.float32)
    to = parametrization(gray, Settings(), None, solver=SolverOptions())
    constants = Constants(levels=_floats(BATCH), steps=_floats(), parametrization=to, solver=SolverOptions())
    images = _floats(BATCH, *gray.shape)
    state = jax.eval_shape(init, images)
    if program.kind == "step of the engine":
        values = _floats(BATCH), images
        return loop.take_step, [state, values, values, constants]
    metrics = [metric for metric in map(get_metric, ("lasi", "mse")) if isinstance(metric, JaxMetric)]
    prepared = tuple(jax.eval_shape(metric.prepare, gray) for metric in metrics)
    compiled = loop._program(tuple(metric.distances_to for metric in metrics), ((0,), (1,)))
    run = functools.partial(compiled, room=loop.STEPS_PER_CALL)
    restore, count = jax.ShapeDtypeStruct((), "bool"), jax.ShapeDtypeStruct((), "int32")
    return run, [(prepared, (None, None)), state, constants, restore, count]


def _floats(*shape: int) -> Any:
    import jax

    return jax.ShapeDtypeStruct(shape, "float32")


@dataclass(frozen=True)
class Kernel:
    """A launch, how many times it happens, the bytes it moves and the arithmetic of a matrix product."""

    times: int
    bytes: int
    flops: float

    @property
    def seconds(self) -> float:
        """Of one."""
        return LAUNCH_SECONDS + max(self.bytes / BYTES_PER_SECOND, self.flops / FLOPS_PER_SECOND)


@dataclass(frozen=True)
class Instruction:
    """One line of a program."""

    name: str
    type: str
    operation: str
    operands: list[str]
    line: str


NO_LAUNCH = {"parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all", "partition-id"}
PARTS = {"slice", "dynamic-slice", "gather"}
"""Operations that read only what they return."""
WIDTHS = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "f64": 8, "s64": 8, "u64": 8}
"""Bytes of an element; of other types, 4."""


class Hlo:
    """An optimized program, read from its text."""

    def __init__(self, text: str) -> None:
        self._computations: dict[str, list[Instruction]] = {}
        self._entry = ""
        current: list[Instruction] = []
        for line in text.splitlines():
            head = re.match(r"(ENTRY )?%?([\w.\-]+) \(.*\{$", line)
            found = re.match(r"\s+(?:ROOT )?%?([\w.\-]+) = (\(.*?\)|\S+) ([\w\-]+)\((.*?)\)", line)
            if head:
                current = self._computations[head[2]] = []
                self._entry = head[2] if head[1] else self._entry
            elif found:
                operands = re.findall(r"%([\w.\-]+)", found[4])
                current.append(Instruction(found[1], found[2], found[3], operands, line))

    def kernels(self, computation: str = "", times: int = 1) -> Iterator[Kernel]:
        """Every launch of a computation, by default of the whole program."""
        instructions = self._computations[computation or self._entry]
        types = {instruction.name: instruction.type for instruction in instructions}
        for instruction in instructions:
            if instruction.operation == "while":
                passes = re.search(r'"known_trip_count":\{"n":"(\d+)"', instruction.line)
                body = _attribute(instruction, "body")
                yield from self.kernels(body, times * int(passes[1] if passes else 1))
            elif instruction.operation == "call":
                yield from self.kernels(_attribute(instruction, "to_apply"), times)
            elif instruction.operation == "conditional":
                yield from max((list(self.kernels(branch, times)) for branch in _branches(instruction)), key=len)
            elif instruction.operation not in NO_LAUNCH and not instruction.operation.endswith("-done"):
                yield Kernel(times, self._bytes(instruction, types), _flops(instruction, types))

    def _bytes(self, instruction: Instruction, types: dict[str, str]) -> int:
        """Read and written by one launch."""
        if instruction.operation != "fusion":
            return sum(_size(types.get(name, "")) for name in instruction.operands) + _size(instruction.type)
        fused = self._computations[_attribute(instruction, "calls")]
        by_name = {inner.name: inner for inner in fused}
        read = sum(_read(inner, fused) for inner in fused if inner.operation == "parameter")
        root = next(inner for inner in fused if inner.line.lstrip().startswith("ROOT"))
        results = [by_name[name] for name in root.operands] if root.operation == "tuple" else [root]
        return read + sum(
            _size(by_name[result.operands[1]].type if result.operation == "dynamic-update-slice" else result.type)
            for result in results
        )


def _read(parameter: Instruction, fused: list[Instruction]) -> int:
    """Bytes that a fusion reads of a parameter: of one that is only sliced, or written into, not all."""
    whole, read = _size(parameter.type), 0
    for user in fused:
        if parameter.name in user.operands:
            written_into = user.operation == "dynamic-update-slice" and user.operands[0] == parameter.name
            sliced = user.operation in PARTS and user.operands[0] == parameter.name
            read += 0 if written_into else _size(user.type) if sliced else whole
    return min(read, whole)


def _flops(instruction: Instruction, types: dict[str, str]) -> float:
    """Arithmetic of a matrix product, 0 for anything else."""
    contracted = re.search(r'"lhs_contracting_dimensions":\[([^\]]*)\]', instruction.line)
    if not contracted:
        return 0
    left = _dimensions(types[instruction.operands[0]])[0]
    depth = math.prod(left[int(axis)] for axis in re.findall(r"\d+", contracted[1]))
    return 2.0 * depth * math.prod(_dimensions(instruction.type)[0])


def _attribute(instruction: Instruction, name: str) -> str:
    found = re.search(rf"{name}=%?([\w.\-]+)", instruction.line)
    if not found:
        raise ValueError(f"no {name} in {instruction.line}")
    return found[1]


def _branches(instruction: Instruction) -> list[str]:
    """The computations of a conditional, of which one is run."""
    several = re.search(r"branch_computations=\{([^}]*)\}", instruction.line)
    if several:
        return re.findall(r"[\w.\-]+", several[1])
    return [_attribute(instruction, f"{name}_computation") for name in ("true", "false")]


def _dimensions(types: str) -> list[list[int]]:
    return [[int(size) for size in found.split(",") if size] for found in re.findall(r"\w+\[([\d,]*)\]", types)]


def _size(types: str) -> int:
    """Bytes of an array or of a tuple's arrays, without the workspace of a library call."""
    arrays = [(kind, sizes) for kind, sizes in re.findall(r"(\w+)\[([\d,]*)\]", types) if kind != "s8"]
    return sum(
        WIDTHS.get(kind, 4) * math.prod(int(size) for size in sizes.split(",") if size) for kind, sizes in arrays
    )


def _table(rows: Sequence[Row]) -> str:
    columns = [name for name in rows[0] if name != "exceeds"]
    lines = [columns, *([_cell(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def _cell(value: object) -> str:
    return (
        f"{value:.3g}"
        if isinstance(value, float) and abs(value) < 1000
        else f"{value:.0f}"
        if isinstance(value, float)
        else "–"
        if value is None
        else str(value)
    )


if __name__ == "__main__":
    main()
