#!/usr/bin/env python3
"""Breaks lines of the kernels one at a time and asks the spec matrix whether it notices.

    mutants.py build OUT [--level avx2] [--only TEXT,…] one library for each mutant, and OUT/list.tsv
    mutants.py build OUT --level cuda [--only TEXT,…]   the same of the CUDA sources, emulated
    mutants.py report OUT                               survivors, from what the tests wrote

In between, from the folder kernels, the matrix runs on each library:

    mvn -o -pl kernels -am test -Dtest=MutantsTest -Dsurefire.failIfNoSpecifiedTests=false \
        -Dnacelle.kernels.mutants=OUT

A mutant is a file, a text that stands in it, what takes its place, and the operators whose matrix must
notice; where a fifth field stands, it says why none can. A text that is not found any more is an error: change it with the kernel.
"""

import pathlib
import subprocess
import sys

NATIVE = pathlib.Path(__file__).resolve().parents[1].parent / "main" / "native"

FLAGS = {
    "generic": [],
    "avx2": ["-mavx2", "-mfma", "-mf16c"],
    "avx512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx2", "-mfma", "-mf16c"],
}

N = "neuron/neuron_math.h"
NC = "neuron/neuron.c"
A = "attention/attention.h"
F = "attention/forward.c"
B = "attention/backward.c"
G = "geglu/geglu_math.h"
Q = "quantize_activation/quantize_activation"
D = "dora_linear/dora_linear.c"
H = "hydra_linear/hydra_linear.c"

MUTANTS = [
    # Spiking: charge, fire, reset, adaptation, surrogates, the chain.
    (N, "v - nk_neuron_leak(p, multiply, above) + x", "v + nk_neuron_leak(p, multiply, above) + x", "lif"),
    (N, "float above = v - p->v_reset;", "float above = v;", "lif"),
    (N, "return p->v_threshold + p->beta * b;", "return p->v_threshold - p->beta * b;", "alif"),
    (N, "p->strict ? h > threshold : h >= threshold", "h > threshold", "lif"),
    (N, "p->strict ? h > threshold : h >= threshold", "h >= threshold", "lif"),
    (N, "soft ? h - s * threshold", "soft ? h - s", "lif"),
    (N, "(1.0f - s) * h + s * p->v_reset", "(1.0f - s) * h", "lif"),
    (N, "p->rho * b + (1.0f - p->rho) * s", "p->rho * b + s", "alif"),
    (N, "return 0.5f * a / (1.0f + z * z);", "return 0.5f * a / (1.0f + z);", "lif"),
    (N, "return a * e / ((1.0f + e) * (1.0f + e));", "return e / ((1.0f + e) * (1.0f + e));", "lif"),
    (N, "<= 1.0f / a ? 0.5f * a", "<= 1.0f / a ? a", "lif"),
    (N, "nk_exp(-z * z)", "nk_exp(-z)", "lif"),
    (NC, "if (adaptive) ds += (1.0f - p->rho) * db[i];", "", "alif"),
    (NC, "if (!detach) ds +=", "ds +=", "lif"),
    (NC, "float lift = soft ? -through - dv[i] * s : -through;", "float lift = -through;", "alif"),
    (NC, "db[i] = p->rho * db[i] + p->beta * lift;", "db[i] = p->rho * db[i];", "alif"),
    (NC, "dv[i] * (1.0f - s));\n    float lift", "dv[i]);\n    float lift", "lif"),
    ("leaky_integrate/leaky_integrate.c", "dv[i] = g[i] + dv[i] * stay;", "dv[i] = g[i] + dv[i];", "leaky_integrate"),
    ("leaky_integrate/leaky_integrate.c", "to_x = decay_input ? inverse : 1.0f", "to_x = inverse", "leaky_integrate"),
    ("spike_pack/spike_pack.c", "(s[at + i] != 0.0f) << i", "(s[at + i] > 0.0f) << i", "spike_pack"),
    ("spike_pack/spike_pack.c", ">> ((from + i) % 32) & 1u", ">> ((from + i) % 31) & 1u", "spike_unpack"),
    ("spike_linear/spike_linear.c", "if (w == columns / 32) word &=", "if (w == columns / 32 + 1) word &=", "spike_linear",
     "unused bits are 0 by the operator's contract"),
    ("spike_linear/spike_linear.c", "total[i] += (double)g[i];", "total[i] = (double)g[i];", "spike_linear"),
    ("fourier_filter/spectrum.c", "im[i] = nk_fourier_gain_im(g[i], h[i], a, b);", "im[i] = nk_fourier_gain_im(g[i], -h[i], a, b);", "fourier_filter"),
    ("fourier_filter/spectrum.c", "to_re[i] += weight * nk_fourier", "to_re[i] += nk_fourier", "fourier_filter"),
    ("fourier_filter/spectrum.c", "im[i] = nk_fourier_grad_im(a, b, g[i], h[i]);", "im[i] = -nk_fourier_grad_im(a, b, g[i], h[i]);", "fourier_filter"),
    # Norm, rope, gated units.
    ("rms_norm/rms_norm_math.h", "sqrt(squares / columns + (double)eps)", "sqrt(squares / columns)", "rms_norm"),
    ("rms_norm/rms_norm_math.h", "rstd * nk_fma(-n, pull, g)", "rstd * nk_fma(n, pull, g)", "rms_norm"),
    ("rms_norm/rms_norm.c", "(double)grad_rstd * (double)r", "(double)grad_rstd", "rms_norm"),
    ("rope/rope.c", "two[i] = nk_fma(b[i], cosine[i], a[i] * sine[i]);", "two[i] = nk_fma(b[i], cosine[i], -(a[i] * sine[i]));", "rope"),
    ("rope/rope.c", "sine[j] = turn.sine * direction;", "sine[j] = turn.sine;", "rope"),
    ("rope/rope_math.h", "quarter >= 2.0f ? -second", "quarter > 2.0f ? -second", "rope"),
    ("swiglu/swiglu_math.h", "sigmoid * nk_fma(gate, 1.0f - sigmoid, 1.0f)", "sigmoid * nk_fma(gate, sigmoid, 1.0f)", "swiglu"),
    ("common/nk_gated.h", "row * up_stride + from, n);", "row * gate_stride + from, n);", "swiglu"),
    (G, "nk_fma(3.0f * NK_GELU_CUBE * gate, gate, 1.0f)", "nk_fma(NK_GELU_CUBE * gate, gate, 1.0f)", "geglu"),
    (G, "e < 1.0f ? e * sigmoid : 1.0f - sigmoid", "1.0f - sigmoid * sigmoid", "geglu"),
    (G, "#define NK_GELU_CUBE 0.044715f", "#define NK_GELU_CUBE 0.044f", "geglu"),
    # Attention.
    (A, "seen->lows[i] - seen->key", "seen->lows[i] - seen->key + 1", "attention"),
    (A, "nk_min(seen->keys, seen->first + i + 1)", "nk_min(seen->keys, seen->first + i)", "attention"),
    (A, "softcap * nk_tanh(s[j] / softcap)", "softcap * nk_tanh(s[j])", "attention"),
    (A, "if (softcap != 0.0f) {\n#pragma omp simd\n    for (int64_t j = *begin; j < *end; j++) s[j] = softcap", "if (softcap > 1.0f) {\n#pragma omp simd\n    for (int64_t j = *begin; j < *end; j++) s[j] = softcap", "attention"),
    (F, "int64_t seen_end = f->causal ? position + n : end - start;", "int64_t seen_end = position + n;", "attention"),
    (F, "max[g * NK_TILE + i] + logf(sum)", "max[g * NK_TILE + i]", "attention"),
    (F, "key = lows ? lows[0] : 0;", "key = lows ? lows[0] + 1 : 0;", "attention"),
    (B, "slope[j] = nk_fma(-capped, capped, 1.0f);", "slope[j] = 1.0f;", "attention"),
    (B, "less = nk_v_set1(-dots[i])", "less = nk_v_set1(dots[i])", "attention"),
    (B, "return spread == NK_ALL ? 0 : nk_run_start(length, run, spread);", "return nk_run_start(length, run, spread);", "attention"),
    (B, "if (b->lows && b->lows[start + at] >= key + keys) break;", "if (b->lows && b->lows[start + at] >= key) break;", "attention"),
    (B, "sum[j] *= b->scale;", "sum[j] *= 1.0f;", "attention"),
    (B, "(size_t)(2 * NK_TILE * width)", "(size_t)(NK_TILE * width)", "attention"),
    (B, "run < nk_runs(length) && nk_run_query", "run + 1 < nk_runs(length) && nk_run_query", "attention"),
    (B, "for (int64_t at = b->causal ? key : 0;", "for (int64_t at = key;", "attention"),
    (F, "denominator[i] += nk_v_sum(sum);", "denominator[i] = nk_v_sum(sum);", "attention"),
    (F, "if (factor[i] != 1.0f) {", "if (factor[i] > 1.0f) {", "attention"),
    (A, "nk_max(0, j - seen->first) : 0;", "nk_max(0, j - seen->first + 1) : 0;", "attention"),
    (A, "for (int64_t j = *begin; j < from && j < *end; j++) s[j] = -INFINITY;", "", "attention"),
    # Head and loss.
    ("cross_entropy/cross_entropy_math.h", "return nk_fma(-t, t, 1.0f);", "return 1.0f;", "cross_entropy"),
    ("cross_entropy/cross_entropy.c", "sum[row] * (double)change + part", "sum[row] + part", "cross_entropy"),
    ("cross_entropy/cross_entropy.c", "to[at + i] * share - slope * w[i]", "to[at + i] * share - w[i]", "cross_entropy"),
    ("cross_entropy/cross_entropy.c", "target >= 0 && target < columns) wanted", "target > 0 && target < columns) wanted", "cross_entropy"),
    # Low-rank layers.
    (H, "to_hidden[r] = nk_fma(weight, g[r], to_hidden[r]);", "to_hidden[r] += g[r];", "hydra_linear"),
    (H, "if (!weighed) nk_hydra_softmax(own, heads);", "nk_hydra_softmax(own, heads);", "hydra_linear"),
    ("hydra_linear/hydra_linear_math.h", "omega[f], grad_omega[e] - grad_omega[f], sum", "omega[f], grad_omega[e], sum", "hydra_linear"),
    (H, "to_omega[e] += sum;", "to_omega[e] += weight * sum;", "hydra_linear"),
    (H, "memset(to_hidden, 0, (size_t)rank * sizeof(float));", "", "hydra_linear"),
    (D, "end = nk_min(rows, (chunk + 1) * chunk_rows);", "end = nk_min(rows, (chunk + 1) * chunk_rows - 1);", "dora_linear"),
    (D, "float factor = nk_dora_factor(magnitude[row], norms[row]);", "float factor = magnitude[row];", "dora_linear"),
    (D, "a_stride, tile + j, NK_DORA_RUN, scale,", "a_stride, tile + j, NK_DORA_RUN, 1.0f,", "dora_linear"),
    (D, "total / (double)norms[column]", "total", "dora_linear"),
    ("dora_linear/dora_linear_math.h", "return magnitude / norm;", "return magnitude / (norm + 1e-3f);", "dora_linear"),
    ("elementwise/elementwise.c", "draw[i] >= bound ? b[i] * keep", "draw[i] >= bound ? b[i]", "lora_linear"),
    ("elementwise/elementwise.c", "i++) a[i] += b[i];", "i++) a[i] -= b[i];", "lora_linear"),
    ("elementwise/elementwise.c", "(uint64_t)offset + (uint64_t)from, count", "(uint64_t)from, count", "lora_linear"),
    ("elementwise/elementwise.c", "accumulate ? a[i] + kept : kept", "kept", "lora_linear"),
    ("common/nk_random.h", "draw[i] = nk_mix32(nk_mix32((base + (uint32_t)i) ^ low) + high);", "draw[i] = nk_mix32(nk_mix32((base + (uint32_t)i) ^ low));", "lora_linear,quantize_activation"),
    # Blocks.
    ("blocks/blocks.c", "memcpy(to, whole + skipped, (size_t)part * 4);", "memcpy(to, whole, (size_t)part * 4);", "dequantize,quantized_linear"),
    ("blocks/blocks.c", "((first + i) / 64 + 1) * 64 - first", "((first + i) / 64 + 1) * 64", "dequantize"),
    ("quantized_linear/quantized_linear.c", "sum = nk_fma(x[r * k + t], w[t], sum);", "sum = nk_fma(x[t], w[t], sum);", "quantized_linear"),
    # Activations and optimiser.
    (Q + "_math.h", "q -= (float)q > t ? 1 : 0;", "", "quantize_activation"),
    (Q + "_math.h", "q > steps ? steps : q < -steps ? -steps : q", "q", "quantize_activation",
     "a scale rounded down lets one draw in 100,000 past the last step"),
    (Q + ".c", "float scale = (wild == 0.0f ? largest : NAN)", "float scale = largest", "quantize_activation"),
    (Q + "_math.h", "(float)(draw >> 8) * 0x1p-24f", "(float)(draw >> 9) * 0x1p-24f", "quantize_activation"),
    (Q + ".c", "*scales = (wild == 0.0f ? largest : NAN)", "*scales = largest", "quantize_activation"),
    (Q + ".c", "(uint64_t)(number + from), count);", "(uint64_t)number, count);", "quantize_activation"),
    (Q + ".c", "if (!(scale > 0.0f)) {", "if (scale == 0.0f) {", "quantize_activation"),
    (Q + ".c", "number = row * columns + begin;", "number = begin;", "quantize_activation"),
    (Q + ".c", "byte >> (j * bits) & mask, scale", "byte >> (j * bits), scale", "dequantize_activation"),
    (Q + ".c", "for (int64_t i = count; i < block; i++) q[from + i] = 0;", "", "quantize_activation"),
    ("adamw/adamw_math.h", "nk_sqrt(v) / f.root + f.eps", "nk_sqrt(v) / f.root", "adamw"),
    ("adamw/adamw_math.h", "p * f.keep - f.step_size", "p - f.step_size", "adamw"),
    ("adamw/adamw_math.h", "f.weight1 < 0.5f ?", "f.weight1 < 2.0f ?", "adamw"),
    ("adamw/adamw_codes.h", "return k > top ? top : k;", "return k;", "adamw",
     "a scale rounded down lets one draw in 1,000,000 past the last code"),
    ("adamw/adamw_codes.h", "return k < 8 ? (float)k * unit.value : word.value;", "return word.value;", "adamw"),
    ("adamw/adamw.c", "m_unit = (m_largest + wild)", "m_unit = m_largest", "adamw",
     "codes under a scale that is NaN are any: EightBitAdamWTest holds the scales"),
    ("adamw/adamw.c", "(m[i] < 0.0f ? 128 - k : 128 + k)", "(128 + k)", "adamw"),
    ("adamw/adamw.c", "*v_scale = (float *)(uintptr_t)slot[5] + at / NK_RUN;", "*v_scale = (float *)(uintptr_t)slot[5];", "adamw"),
    ("adamw/adamw.c", "float first = nk_adamw_first(k < 0 ? -size : size, gg[i], f);", "float first = nk_adamw_first(size, gg[i], f);", "adamw"),
    ("adamw/adamw_codes.h", "int k = scaled < 8.0f ? small : large;", "int k = scaled < 4.0f ? small : large;", "adamw"),
    ("adamw/adamw.c", "nk_draw_run(draw, (int64_t)(seed + 1), (uint64_t)at, n);", "", "adamw",
     "another draw is another rounding, which the tolerance of one code allows"),
    ("clip_grad_norm/clip_grad_norm_math.h", "return factor > 1.0 ? 1.0 : factor;", "return factor;", "clip_grad_norm"),
    ("sum_of_squares/sum_of_squares.c", "end = nk_min(n, (block + 1) * NK_SQUARES_BLOCK)", "end = nk_min(n, (block + 1) * NK_SQUARES_BLOCK - 1)", "sum_of_squares"),
    ("sum_of_squares/sum_of_squares_math.h", "return 2.0f * x * grad_sum;", "return x * grad_sum;", "sum_of_squares"),
]

E = "elementwise/elementwise.cu"

# The CUDA sources, which the emulation runs.
CUDA_MUTANTS = [
    (E, "int64_t each = (columns + NK_V - 1) / NK_V;\n  if", "int64_t each = columns / NK_V;\n  if", "lora_linear"),
    (E, "int64_t k = p.row % n2, ij = p.row / n2, j = ij % n1, i = ij / n1;", "int64_t k = p.row % n2, ij = p.row / n2, j = ij, i = 0;", "attention,lora_linear",
     "no operator's tensors keep four dimensions apart: LargeShapesTest converts some that do"),
    (E, "nk_read_as<NK_V>(bias, bias_type, p.column, wide, left)", "nk_read_as<NK_V>(bias, bias_type, at, wide, left)", "lora_linear"),
    (E, "a.at[e] += b.at[e];", "a.at[e] -= b.at[e];", "lora_linear"),
    (E, "if (e > 0 && (uint32_t)own == 0) key = nk_draw_key((uint64_t)seed, own);", "", "lora_linear"),
    (E, "nk_draw(key, (uint32_t)own) >= (uint32_t)bound", "(int)nk_draw(key, (uint32_t)own) >= bound", "lora_linear"),
    (E, "accumulate ? a.at[e] + kept : kept;", "kept;", "lora_linear"),
    (E, "to += i * y0 + j * y1 + k * y2;", "to += i * y0 + j * y1 + k * y1;", "attention,lora_linear"),
    ("adamw/adamw.cu", "(float *)(uintptr_t)slot[5] + at / NK_SCALED;", "(float *)(uintptr_t)slot[5];", "adamw"),
    ("adamw/adamw.cu", "m_unit = (m_largest + wild)", "m_unit = m_largest", "adamw",
     "codes under a scale that is NaN are any: EightBitAdamWTest holds the scales"),
    ("quantize_activation/quantize_activation.cu", "for (int step = lanes / 2; step > 0; step /= 2) {", "for (int step = lanes / 2; step > 1; step /= 2) {", "quantize_activation"),
    ("quantize_activation/quantize_activation.cu", "(wild == 0.0f ? largest : wild)", "largest", "quantize_activation"),
    ("attention/attention.cu", "sums[i][j] * factor[i]", "sums[i][j]", "attention"),
]


def sources():
    return sorted(p for p in NATIVE.glob("*/*.c") if p.parent.name not in ("library", "bench"))


def dependents(name, level):
    """The sources that a changed file reaches."""
    if name.endswith(".c"):
        return [NATIVE / name]
    found = []
    for source in sources():
        needed = subprocess.run(
            ["cc", "-MM", "-I", NATIVE / "common", "-I", NATIVE, *FLAGS[level], source],
            capture_output=True, text=True, check=True).stdout
        if f"/{name}" in needed.replace("common/../", ""):
            found.append(source)
    return found


def compile_to(target, source, root, level):
    subprocess.run(
        ["cc", "-std=gnu11", "-O1", "-fPIC", "-fopenmp", "-w", "-ffp-contract=off", "-fno-math-errno",
         "-fno-trapping-math", "-fvisibility=hidden", "-I", root / "common", "-I", root, *FLAGS[level],
         f"-DNK_LEVEL={level}", f"-DNK_LEVEL_{level.upper()}=1", "-c", source, "-o", target],
        check=True)


EMULATION = NATIVE.parents[1] / "test" / "native" / "emulation"

# As its CMakeLists has them.
EMULATED = ["g++", "-std=gnu++17", "-O1", "-march=native", "-fPIC", "-w", "-ffp-contract=off",
            "-fno-strict-aliasing", "-fvisibility=hidden", "-DNK_EMULATION", "-x", "c++"]


def compile_emulated(target, source, root):
    includes = [f"-I{p}" for p in (EMULATION, root / "cuda", root / "common", root)]
    subprocess.run([*EMULATED, *includes, "-c", source, "-o", target], check=True)


def build(out, level, only):
    cuda = level == "cuda"
    gone = [f"{m[0]}: {m[1].splitlines()[0]}" for m in (CUDA_MUTANTS if cuda else MUTANTS)
            if m[1] not in (NATIVE / m[0]).read_text()]
    if gone:
        sys.exit("these texts are no more:\n" + "\n".join(gone))
    work = out / "source"
    subprocess.run(["rm", "-rf", out], check=True)
    out.mkdir(parents=True)
    subprocess.run(["cp", "-r", NATIVE, work], check=True)
    objects = {}
    all_sources = ([EMULATION / "emulation.cpp", *sorted(NATIVE.glob("*/*.cu"))] if cuda
                   else [NATIVE / "library" / "library.c", *sources()])

    def compile_one(target, source):
        if not cuda:
            compile_to(target, work / source.relative_to(NATIVE), work, level)
        elif source.parent == EMULATION:
            compile_emulated(target, source, work)
        else:
            compile_emulated(target, work / source.relative_to(NATIVE), work)

    for source in all_sources:
        objects[source] = out / (source.parent.name + "_" + source.stem + ".o")
        compile_one(objects[source], source)
    rows = []
    for number, (name, old, new, operators, *why) in enumerate(CUDA_MUTANTS if cuda else MUTANTS):
        if only and not any(text in name for text in only.split(",")):
            continue
        file = work / name
        text = file.read_text()
        if old not in text:
            sys.exit(f"{name} holds no more: {old}")
        file.write_text(text.replace(old, new, 1))
        mutant = dict(objects)
        try:
            for source in [NATIVE / name] if cuda else dependents(name, level):
                mutant[source] = out / f"m{number}_{objects[source].name}"
                compile_one(mutant[source], source)
        finally:
            file.write_text(text)
        library = out / f"mutant{number}.so"
        subprocess.run(["g++" if cuda else "cc", "-shared", "-fopenmp", "-o", library,
                        *mutant.values(), "-lm"], check=True)
        rows.append("\t".join([str(number), operators, name, old.splitlines()[0], *why]))
    (out / "list.tsv").write_text("".join(row + "\n" for row in rows))
    (out / "level").write_text(level)
    print(f"{len(rows)} mutants at {level} in {out}")


def report(out):
    rows = [row.split("\t") for row in (out / "list.tsv").read_text().splitlines()]
    verdicts = dict(
        row.split("\t")[:2] for row in (out / "verdicts.tsv").read_text().splitlines())
    survivors = [row for row in rows if verdicts.get(row[0]) == "survived"]
    unexplained = [row for row in survivors if len(row) < 5]
    missing = [row for row in rows if row[0] not in verdicts]
    print(f"{len(rows)} mutants, {len(rows) - len(survivors) - len(missing)} noticed, "
          f"{len(survivors)} survived, {len(unexplained)} of them without a reason, "
          f"{len(missing)} not run")
    for row in survivors + missing:
        print("  " + "  ".join(row))
    sys.exit(1 if unexplained or missing else 0)


def main():
    arguments = sys.argv[1:]
    if len(arguments) < 2 or arguments[0] not in ("build", "report"):
        sys.exit(__doc__)
    out = pathlib.Path(arguments[1]).resolve()
    options = dict(zip(arguments[2::2], arguments[3::2]))
    if arguments[0] == "report":
        report(out)
    else:
        build(out, options.get("--level", "avx2"), options.get("--only"))


if __name__ == "__main__":
    main()
