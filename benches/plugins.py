#!/usr/bin/env python3
"""Compares two plugins of XLA for the CPU: what became faster, slower or wrong.

    benches/plugins.py [--dev] [OLD NEW]

Each is the path of a plugin, or the name of a wheel that is pinned in xla-backend/src/plugin/cpu.rs. Without
names: the one that is pinned behind the first, and the first. To change the plugin, put the new wheel before
the others there, run this, and look at the last column. Exits with 1 if the new plugin is wrong where the
old one is right.

Builds what it runs with `cargo build --release` (minutes, the first time), then takes about ten minutes on two
cores. Times are the best of several runs in turn (TURNS, by default 3), so that a busy machine disturbs both alike.
With --dev it is built as `cargo test` builds it, where that is there: the programs that are timed are the same.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "xla-backend/tests/fixtures/burn_ops_sample.cases"
TURNS = int(os.environ.get("TURNS", "3"))
# Of two runs of one plugin, what differs by less is not told apart.
NOISE = 0.05


DEV = "--dev" in sys.argv


def run(command, plugin=None, check=True, errors=True):
    env = os.environ | {"BURN_XLA_PROGRAM_CACHE": "off", "VIT22B_DEVICE": "xla"}
    if plugin:
        env["BURN_XLA_CPU_PLUGIN"] = str(plugin)
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    if check and done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout + (done.stderr if errors else "")


def cargo(*arguments):
    """Builds, and returns the binaries by package and name."""
    profile = [] if DEV else ["--release"]
    command = ["cargo", *arguments, "--workspace", *profile, "--message-format=json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed")
    messages = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    built = (m for m in messages if m.get("reason") == "compiler-artifact" and m.get("executable"))
    folders = {".": "vit22b", "benches": "vit22b-benches", "xla-backend": "burn-xla", "cli": "vit22b-cli",
               "xla-backend/cli": "burn-xla-cli"}
    package = lambda m: folders[str(Path(m["manifest_path"]).parent.relative_to(ROOT))]
    return {f"{package(m)}/{m['target']['name']}": m["executable"] for m in built}


def plugin(name, tool):
    if Path(name).is_file():
        return Path(name).resolve()
    return Path(run([tool, "install", "cpu", "--pin", name], errors=False).split(": ")[-1].strip())


def pins():
    text = (ROOT / "xla-backend/src/plugin/cpu.rs").read_text()
    return re.findall(r'project: "(.+)"', text)


def counted(text):
    """The answers of recorded operations, or of the test harness."""
    summed = re.findall(r"^\{.*\}$", text, re.MULTILINE)
    if summed:
        counts = json.loads(summed[-1])
        return counts["agree"], counts["disagree"] + counts["unsupported"]
    tests = re.findall(r"(\d+) passed; (\d+) failed", text)
    return (sum(int(a) for a, _ in tests), sum(int(b) for _, b in tests)) if tests else (0, 1)


def row(name, old, new, judgement):
    print(f"{name:44} {old:>20} {new:>20}  {judgement}".rstrip(), flush=True)


def main():
    names = [name for name in sys.argv[1:] if name != "--dev"] or [pins()[1], pins()[0]]
    if len(names) != 2:
        sys.exit(__doc__)
    built = cargo("build", "--bin", "burn-xla", "--example", "replay_ops")
    built |= cargo("test", "--no-run", "--test", "parity", "--test", "op_by_op", "--test", "rolled")
    built |= cargo("build", "--bench", "vit")
    tool = built["burn-xla-cli/burn-xla"]
    plugins = [plugin(name, tool) for name in names]

    row("", "old", "new", "")
    row("plugin", *(Path(name).stem[-20:] for name in names), "")
    for line in ("C API", "StableHLO", "cost"):
        told = [re.search(rf"{line} +(.*)", run([tool, "doctor", "cpu"], p)) for p in plugins]
        # "0.115, ours 0.81", "estimated by the compiler"
        old, new = (re.split(", ours| by the", t.group(1))[0] if t else "not told" for t in told)
        row(line, old, new, "")
    wrong = []

    def right(name, command):
        (old, old_wrong), (new, new_wrong) = (counted(run(command, p, check=False)) for p in plugins)
        worse = new_wrong > old_wrong or new < old
        if worse:
            wrong.append(name)
        row(f"{name}, right / wrong", f"{old} / {old_wrong}", f"{new} / {new_wrong}", "WRONG" if worse else "")

    right("recorded operations", [built["burn-xla/replay_ops"], SAMPLE])
    right("recorded operations, eager", [built["burn-xla/replay_ops"], "--eager", SAMPLE])
    right("all operations", [built["burn-xla/op_by_op"]])
    right("rolled loops", [built["burn-xla/rolled"]])
    right("rolled training steps", [built["vit22b/rolled"]])
    right("parity with published code", [built["vit22b/parity"]])

    for precision in ("f32", "bf16"):
        for variant, batch, reps in (("S/16", 8, 5), ("S/16", 1, 9), ("B/16", 8, 3)):
            size = ["--variant", variant, "--batch", str(batch), "--precision", precision]
            command = [built["vit22b-benches/vit"], *size, "--device", "xla:cpu", "--reps", str(reps), "--json"]
            best = [{}, {}]
            for _ in range(TURNS):
                for times, path in zip(best, plugins):
                    for name, value in json.loads(run(command, path).splitlines()[0]).items():
                        if name in ("forward_s", "train_step_s", "compile_s"):
                            times[name] = min(value, times.get(name, value))
            for name, old in best[0].items():
                new = best[1][name]
                ratio = new / old
                word = "faster" if ratio < 1 - NOISE else "slower" if ratio > 1 + NOISE else ""
                what = f"{variant}, batch {batch}, {precision}: {name}"
                row(what, f"{old:.3f}", f"{new:.3f}", f"{ratio:.2f} {word}")
    if wrong:
        sys.exit(f"the new plugin is wrong where the old one is right: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
